"""Copy the weights of a PyTorch recurrent layer into a module that a student wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import nn

BACKWARD = frozenset(
    {
        "backward",
        "backwards",
        "back",
        "bwd",
        "bw",
        "reverse",
        "reversed",
        "rev",
        "rtl",
        "r2l",
        "right",
    }
)
FORWARD = frozenset({"forward", "forwards", "fwd", "fw", "ltr", "l2r", "left"})
INPUT = frozenset({"ih", "i2h", "x2h", "xh", "input", "x", "in", "wx"})
HIDDEN = frozenset({"hh", "h2h", "hidden", "recurrent", "rec", "h", "wh"})


@dataclass(eq=False)
class _Own:
    """One of the student's parameters, with what its name and its module tell."""

    name: str
    value: nn.Parameter
    owner: nn.Module

    @property
    def tokens(self) -> set[str]:
        split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()
        return set(re.split(r"[^a-z0-9]+", split)) | set(re.split(r"[^a-z]+", split))

    @property
    def kind(self) -> str:
        """``ih`` or ``hh`` when the name says so, else an empty string."""
        if found := re.search(r"(?:^|[._])(?:weight|bias)_(ih|hh)", self.name):
            return found[1]
        x, h = bool(self.tokens & INPUT), bool(self.tokens & HIDDEN)
        return "" if x == h else "ih" if x else "hh"

    @property
    def stored_by_torch(self) -> bool:
        """True when PyTorch chose the orientation: outputs are rows."""
        kinds = (nn.Linear, nn.RNNBase, nn.RNNCellBase)
        return isinstance(self.owner, kinds) or "weight_" in self.name


def load_torch_weights(module: nn.Module, layer: nn.RNNBase) -> None:
    """Load ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` weights into ``module``, in place.

    Parameters that bear PyTorch's names, at any depth (``rnn.weight_ih_l0_reverse``), are matched
    by name. Otherwise the two directions are told apart by words such as ``fwd`` / ``bwd`` or by
    order, and parameters are matched by shape, by what their names say, and by the order in which
    they were registered. ``nn.Linear`` pairs, cells, one-way layers, ``W_x (D, G*H)`` /
    ``W_h (H, G*H)`` matrices, one bias or two, and one matrix over the concatenated ``[x, h]`` are
    all recognised.

    Parameters
    ----------
    module : torch.nn.Module
        The student's module.
    layer : torch.nn.RNNBase
        The layer whose weights it should have; any number of layers, one direction or two.

    Raises
    ------
    ValueError
        When a parameter has no counterpart; the message lists the shapes on both sides.
    """
    state = layer.state_dict()
    own = [
        _Own(name, value, module.get_submodule(name.rpartition(".")[0]))
        for name, value in module.named_parameters()
    ]
    problem = _mismatch(own, state)
    with torch.no_grad():
        if _load_by_name(own, state):
            return
        ways = [""] if not layer.bidirectional else ["", "_reverse"]
        pools = _by_direction(own) if layer.bidirectional else None
        left = pools or [list(own)] * len(ways)
        for depth in range(layer.num_layers):
            for pool, way in zip(left, ways, strict=True):
                suffix = f"_l{depth}{way}"
                part = {k.removesuffix(suffix): v for k, v in state.items() if k.endswith(suffix)}
                if not _load_one(pool, part):
                    raise ValueError(problem)
    if any(left):
        raise ValueError(problem)


def _load_by_name(own: list[_Own], state: dict[str, torch.Tensor]) -> bool:
    """Load parameters whose names end in PyTorch's; False when any does not."""
    if len(own) != len(state):
        return False
    found = {}
    for key, value in state.items():
        named = [p for p in own if p.name == key or p.name.endswith(f".{key}")]
        if len(named) != 1 or named[0].value.shape != value.shape:
            return False
        found[key] = named[0]
    for key, parameter in found.items():
        parameter.value.copy_(state[key])
    return True


def _by_direction(own: list[_Own]) -> list[list[_Own]] | None:
    """Split the parameters into forward and backward by their names, when these tell."""
    for words, flip in ((BACKWARD, True), (FORWARD, False)):
        hinted = [p for p in own if p.tokens & words]
        rest = [p for p in own if not p.tokens & words]
        if hinted and len(hinted) == len(rest):
            return [rest, hinted] if flip else [hinted, rest]
    return None


def _load_one(left: list[_Own], part: dict[str, torch.Tensor]) -> bool:
    """Fill one layer and direction from the parameters that are left, and take them off."""
    w_ih, w_hh = part["weight_ih"], part["weight_hh"]
    both = torch.cat([w_ih, w_hh], dim=1)
    near = _best(left, w_ih.shape, "ih")
    far = _best([p for p in left if p is not near], w_hh.shape, "hh", near)
    if near and far:
        pair = ((near, w_ih), (far, w_hh))
        for (mine, theirs), other in zip(pair, pair[::-1], strict=True):
            mine.value.copy_(theirs.T if _transposed(mine, theirs, other) else theirs)
            left.remove(mine)
    elif near := _best(left, both.shape, ""):
        near.value.copy_(both.T if _transposed(near, both) else both)
        left.remove(near)
        far = near
    else:
        return False
    if "bias_ih" not in part:
        return True
    first = _best(left, part["bias_ih"].shape, "ih", near)
    second = _best([p for p in left if p is not first], part["bias_hh"].shape, "hh", far)
    if second and not _two_biases(left, near is far):
        second = None
    if first and second:
        first.value.copy_(part["bias_ih"])
        second.value.copy_(part["bias_hh"])
        left.remove(second)
    elif first:
        first.value.copy_(part["bias_ih"] + part["bias_hh"])
    if first:
        left.remove(first)
    return True


def _two_biases(left: list[_Own], joined: bool) -> bool:
    """Tell whether this part has two biases, or the second one belongs to the part that follows."""
    matrices = sum(p.value.dim() == 2 for p in left)
    parts = 1 + matrices / (1 if joined else 2)
    return sum(p.value.dim() == 1 for p in left) >= 2 * parts


def _best(
    left: list[_Own], shape: torch.Size, kind: str, beside: _Own | None = None
) -> _Own | None:
    """Choose among the parameters of a shape: by its name, then by its place, then by order."""
    fits = [p for p in left if p.value.shape in (shape, shape[::-1])]

    def score(p: _Own) -> tuple[int, int]:
        told = 0 if not (kind and p.kind) else 1 if p.kind == kind else -1
        return told, _shared(p.name, beside.name) if beside else 0

    return max(fits, key=score, default=None)


def _shared(a: str, b: str) -> int:
    """Count the modules that two parameters' paths have in common."""
    count = 0
    for x, y in zip(a.split(".")[:-1], b.split(".")[:-1], strict=False):
        if x != y:
            break
        count += 1
    return count


def _transposed(
    own: _Own, want: torch.Tensor, neighbour: tuple[_Own, torch.Tensor] | None = None
) -> bool:
    """Tell whether a matrix is stored as ``(inputs, outputs)``, as ``x @ W`` needs it."""
    if own.value.shape != want.shape:
        return True
    if want.shape[0] != want.shape[1] or own.stored_by_torch:
        return False
    # A square matrix does not show its orientation: it is stored as its neighbour is.
    if neighbour is not None:
        other, theirs = neighbour
        if theirs.shape[0] != theirs.shape[1]:
            return other.value.shape != theirs.shape
    return True


def _mismatch(own: list[_Own], state: dict[str, torch.Tensor]) -> str:
    mine = ", ".join(f"{p.name} {tuple(p.value.shape)}" for p in own) or "none"
    theirs = ", ".join(f"{k} {tuple(v.shape)}" for k, v in state.items())
    return f"the parameters do not match: yours are {mine}; PyTorch's are {theirs}"
