"""Worked examples of the exercises of ``01_rnn/vanilla_rnn.ipynb``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks
from course.weights import load_torch_weights

_STEP = {"x": (2, 3), "h_prev": (2, 4), "W_x": (3, 4), "W_h": (4, 4), "b": (4,)}
"""Shapes of a step with N = 2, D = 3, H = 4."""
_SEQUENCE = {"x": (2, 4, 3), "h0": (2, 5), "W_x": (3, 5), "W_h": (5, 5), "b": (5,)}
"""Shapes of sequences with N = 2, T = 4, D = 3, H = 5."""


_ONE_STEP = {"x": (1, 2), "h_prev": (1, 1), "W_x": (2, 1), "W_h": (1, 1), "b": (1,)}
"""Shapes of a step of one sequence, for a single unit that has two inputs."""
_ONE_SEQUENCE = {"x": (1, 1, 2), "h0": (1, 1), "W_x": (2, 1), "W_h": (1, 1), "b": (1,)}
"""Shapes of one sequence of one step, for a single unit that has two inputs."""


def _numbers(start: float, *shape: int) -> np.ndarray:
    """Numbers from -1 to 1 with one digit and no pattern; another start gives others."""
    order = np.arange(np.prod(shape))
    return np.sin(start + 1.7 * order**1.5).round(1).reshape(shape) + 0  # no -0


def _arrays(shapes: dict[str, tuple[int, ...]], start: float = 1) -> dict[str, np.ndarray]:
    return {name: _numbers(start + i, *shape) for i, (name, shape) in enumerate(shapes.items())}


def rnn_step(t, rnn_step):
    for args in (_arrays(_STEP), _arrays(_ONE_STEP)):
        t.check(rnn_step, args, "h, cache", ignore="cache", float32=False, quiet=True)
    t.check(rnn_step, _arrays(_STEP, start=11), "h, cache", ignore="cache")


def rnn_forward(t, rnn_forward):
    one = _SEQUENCE | {"x": (1, 1, 3), "h0": (1, 5)}
    for args in (_arrays(_SEQUENCE), _arrays(one)):
        t.check(rnn_forward, args, "h, cache", ignore="cache", float32=False, quiet=True)
    t.check(rnn_forward, _arrays(_SEQUENCE, start=11), "h, cache", ignore="cache")


def count_rnn_parameters(t, count_rnn_parameters):
    got = t.check(count_rnn_parameters, {"D": 7, "H": 4, "C": 9}, "count", quiet=True)
    t.check(count_rnn_parameters, {"D": 2, "H": 3, "C": 4}, "count", quiet=True)
    checks.require(
        isinstance(got["count"], int | np.integer),
        "count_rnn_parameters must return an int: numbers are counted.",
    )
    t.say("count_rnn_parameters: count, an int")


def softmax_cross_entropy(t, softmax_cross_entropy):
    args = {
        "logits": 3 * _numbers(1, 2, 3, 4),
        "targets": np.array([[1, 3, 0], [2, 0, 3]]),
        "mask": np.array([[True, True, True], [True, True, False]]),
    }
    large = {
        "logits": np.array([[[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]]),
        "targets": np.array([[1, 2]]),
        "mask": np.array([[True, True]]),
    }
    padding = args | {"mask": np.zeros((2, 3), dtype=bool)}
    names = "loss, dlogits"
    t.check(softmax_cross_entropy, args, names, float32=False, quiet=True)
    with np.errstate(all="ignore"):
        t.check(softmax_cross_entropy, large, names, float32=False, quiet=True)
        try:
            t.check(softmax_cross_entropy, padding, names, quiet=True)
        except ZeroDivisionError:
            raise checks.CheckFailed(
                "A batch without a real step divides by 0: its loss is 0.0 and its gradient zero, "
                "so divide by at least 1."
            ) from None
    t.say("softmax_cross_entropy: loss, dlogits (2, 3, 4)")
    t.say("also for logits of 10,000, and for a batch without a real step")


class _Cubic:
    """Cubes, added up, and a product of two entries."""

    def __call__(self, x: np.ndarray) -> float:
        return float((x**3).sum() + x.flat[0] * x.flat[-1])

    def __str__(self) -> str:
        return "lambda x: (x**3).sum() + x.flat[0] * x.flat[-1]"


def numerical_gradient(t, numerical_gradient):
    args = {"f": _Cubic(), "x": np.array([[1.0, -2.0, 0.5], [0.7, -0.3, 1.5]]), "eps": 0.1}
    got = _nudged(t, numerical_gradient, args)
    _nudged(t, numerical_gradient, {"f": _Cubic(), "x": np.array([0.4, -1.1, 0.6, 2.0])})
    checks.require(
        got["gradient"].dtype == np.float64,
        f"numerical_gradient: the gradient has dtype {got['gradient'].dtype}. It must be float64, "
        "or a check has too few digits.",
    )
    shapes = set()

    def noted(x):
        shapes.add(x.shape)
        return _Cubic()(x)

    turned = numerical_gradient(noted, args["x"].copy().T)
    checks.require(
        shapes == {(3, 2)},
        f"numerical_gradient: for an x of shape (3, 2), f is called with {shapes}. Give it an "
        "array like x.",
    )
    checks.require(
        np.allclose(turned, numerical_gradient(_Cubic(), args["x"].copy()).T),
        "numerical_gradient: the gradient at x.T is wrong, though that at x is right. What "
        "x.ravel() gives of a transposed array is a copy: f never sees what you write there.",
    )
    far = []
    x = np.array([0.4, -1.1])
    numerical_gradient(lambda v: far.append(np.abs(v - x).max()) or 0.0, x.copy())
    checks.require(
        np.isclose(max(far), 1e-5, rtol=1e-4),
        f"numerical_gradient: without eps an entry is moved by {max(far):.2g}; it must be 1e-05 "
        "unless the caller says otherwise.",
    )
    t.say("numerical_gradient: gradient (2, 3), and (4,) with the eps that is preset")


def _nudged(t, numerical_gradient: Callable[..., Any], args: dict[str, Any]) -> dict[str, Any]:
    try:
        return t.check(numerical_gradient, args, "gradient", float32=False, quiet=True)
    except IndexError as error:
        raise checks.CheckFailed(
            f"For an x of shape {args['x'].shape} an index does not fit ({error}). Walk through "
            "all indices, whatever the number of axes: for i in np.ndindex(x.shape)."
        ) from None


def rnn_step_backward(t, rnn_step_backward, rnn_step):
    args, dh = [*_arrays(_STEP).values()], 2 * _numbers(7, 2, 4)
    h, cache = rnn_step(*args)
    t.compare("rnn_step, which makes the cache: h", h)
    names = "dx, dh_prev, dW_x, dW_h, db"
    t.check(rnn_step_backward, {"dh": dh, "cache": cache}, names, float32=False)
    for shapes in (_STEP, _ONE_STEP):
        h, cache = rnn_step(*_arrays(shapes, start=11).values())
        other = {"dh": _numbers(3, *h.shape), "cache": cache}
        t.check(rnn_step_backward, other, names, float32=False, quiet=True)
    _leaves_the_cache(rnn_step_backward, dh, rnn_step(*args)[1])
    _keeps_float32(rnn_step, rnn_step_backward, args, dh)


def rnn_backward(t, rnn_backward, rnn_forward):
    args, dh = [*_arrays(_SEQUENCE).values()], 2 * _numbers(7, 2, 4, 5)
    h, cache = rnn_forward(*args)
    t.compare("rnn_forward, which makes the cache: h", h)
    names = "dx, dh0, dW_x, dW_h, db"
    t.check(rnn_backward, {"dh": dh, "cache": cache}, names, float32=False)
    for shapes in (_SEQUENCE, _ONE_SEQUENCE):
        h, cache = rnn_forward(*_arrays(shapes, start=11).values())
        other = {"dh": _numbers(3, *h.shape), "cache": cache}
        t.check(rnn_backward, other, names, float32=False, quiet=True)
    _leaves_the_cache(rnn_backward, dh, rnn_forward(*args)[1])
    _keeps_float32(rnn_forward, rnn_backward, args, dh)


def _leaves_the_cache(backward: Callable[..., Any], dh: np.ndarray, cache: Any) -> None:
    """Require the same gradients of a second call, whatever a student's cache looks like."""
    first = [gradient.copy() for gradient in backward(dh.copy(), cache)]
    try:
        again = backward(dh.copy(), cache)
    except Exception:
        again = None
    checks.require(
        again is not None and all(map(np.allclose, first, again)),
        "A second call gives other values: the first one changed the cache. Leave it as it is.",
    )


def _keeps_float32(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    args: list[np.ndarray],
    dh: np.ndarray,
) -> None:
    _, cache = forward(*(array.astype("float32") for array in args))
    checks.require(
        all(g.dtype == np.float32 for g in backward(dh.astype("float32"), cache)),
        "For float32 input every gradient must be float32: use np.zeros_like or dtype=dh.dtype.",
    )


def VanillaRNN(t, VanillaRNN):
    layer = nn.RNN(3, 5, batch_first=True).double()
    with torch.no_grad():
        for i, parameter in enumerate(layer.parameters()):
            parameter.copy_(torch.from_numpy(_numbers(i, *parameter.shape)))
    x, h0 = torch.from_numpy(2 * _numbers(4, 2, 4, 3)), torch.from_numpy(_numbers(5, 2, 5))
    model = _with_weights(VanillaRNN(3, 5), layer)
    checks.require(
        not any(isinstance(m, nn.RNNBase | nn.RNNCellBase) for m in model.modules()),
        "VanillaRNN: a layer of PyTorch's does the work inside. Write the step yourself, with "
        "torch.tanh: neither nn.RNN nor nn.RNNCell.",
    )
    names = "h, h_n"
    try:
        got = t.check(model, {"x": x, "h0": h0}, names, float32=False, quiet=True)
    except RuntimeError as error:
        if "must match the size" not in str(error):
            raise
        raise checks.CheckFailed(
            "Tensors of different sizes meet. Is each x_t one step of all sequences, x[:, t] of "
            f"shape (N, D)? PyTorch says: {error}"
        ) from None
    checks.require(
        got["h"].dtype == torch.float64,
        f"VanillaRNN: h has dtype {got['h'].dtype} for float64 input: keep the input's dtype.",
    )
    try:
        first, again = (model(x.clone())[0] for _ in range(2))
    except (TypeError, AttributeError, RuntimeError) as error:
        raise checks.CheckFailed(
            "Without h0, for x of dtype float64, this fails: start from zeros that have the dtype "
            f"and the device of x. Python says: {error}"
        ) from None
    checks.require(
        torch.equal(first, again),
        "Two calls without h0 give different states: start from zeros, not from random numbers.",
    )
    t.check(model, {"x": x}, names, float32=False, quiet=True)
    x = x.float().requires_grad_()
    last = model.float()(x)[0][:, -1]
    checks.require(
        last.dtype == torch.float32,
        "VanillaRNN: float32 input must give float32 states (x.new_zeros keeps dtype and device).",
    )
    checks.require(
        last.requires_grad, "No gradient reaches anything: is the state made a constant on its way?"
    )
    last.sum().backward()
    checks.require(
        x.grad is not None and bool((x.grad[:, 0] != 0).any()),
        "No gradient reaches the first step: leave out detach(), .data and torch.no_grad().",
    )
    for name, parameter in model.named_parameters():
        checks.require(
            parameter.grad is not None and bool((parameter.grad != 0).any()),
            f"No gradient reaches {name}: use it as it is, without detach() or .data.",
        )
    start = h0.float().requires_grad_()
    model(x.detach(), start)[0].sum().backward()
    checks.require(
        start.grad is not None and bool((start.grad != 0).any()),
        "No gradient reaches h0: use it as it is, without detach() or .data.",
    )
    one, other = (list(VanillaRNN(3, 5).parameters()) for _ in range(2))
    checks.require(
        not all(map(torch.equal, one, other)),
        "VanillaRNN: two modules start from the same numbers: leave the seed to the caller.",
    )
    _runs_on_any_device(VanillaRNN(3, 5))
    t.say("VanillaRNN: h (2, 4, 5), h_n (2, 5), equal to nn.RNN with the same weights")


def _with_weights(model: nn.Module, layer: nn.RNN) -> nn.Module:
    """Give a student's module the weights of PyTorch's own layer, after a look at its own."""
    checks.require(
        all((p != p.flatten()[0]).any() for p in model.parameters() if p.ndim == 2),
        "All entries of a weight start equal: draw them at random, or all units stay the same.",
    )
    try:
        load_torch_weights(model, layer)
    except ValueError as error:
        raise checks.CheckFailed(f"VanillaRNN: {error}. Are all four an nn.Parameter?") from None
    return model.double()


def _runs_on_any_device(model: nn.Module) -> None:
    """Require states on the device of the input; ``meta`` has shapes alone, on any computer."""
    try:
        there = model.to("meta")(torch.empty(2, 4, 3, device="meta"))[0].device.type == "meta"
    except RuntimeError:
        there = False
    checks.require(
        there,
        "On a device other than the CPU it fails: make the zeros there too, for example with "
        "x.new_zeros, which has dtype and device of x.",
    )


def test_gradients(t, test_gradients, colleagues_gradients):
    names = "W_x", "W_h", "b", "W_y", "b_y"
    red = {
        colleagues_gradients: "the colleague's function",
        **{name: f"twice the gradient of {name}" for name in names},
        "sign": "gradients with the wrong sign",
        "mask": "gradients to which padded steps add their share",
        "rows": "a W_x whose row counts once where two sequences read one character at one step",
    }
    green = {"": "gradients that PyTorch finds"}
    t.say(bug_hunt.require_red_and_green(test_gradients, _by_autograd, red=red, green=green))


def _by_autograd(ids, targets, mask, params, slip=""):
    """Loss and gradients of a character RNN as PyTorch finds them, or with one slip."""
    p = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in params.items()}
    rows = [p["W_x"][step] for step in torch.as_tensor(ids).T]
    h, states = torch.zeros(len(ids), len(p["b"]), dtype=torch.float64), []
    for row in rows:
        row.retain_grad()
        h = torch.tanh(row + h @ p["W_h"] + p["b"])
        states.append(h)
    logits = torch.stack(states, dim=1) @ p["W_y"] + p["b_y"]
    losses = nn.functional.cross_entropy(
        logits.transpose(1, 2), torch.as_tensor(targets), reduction="none"
    )
    real = torch.as_tensor(mask)
    loss = (losses * real).sum() / real.sum()
    (losses.sum() / real.sum() if slip == "mask" else loss).backward()
    factors = {name: 2 if name == slip else -1 if slip == "sign" else 1 for name in p}
    grads = {name: value.grad.numpy() * factors[name] for name, value in p.items()}
    if slip == "rows":
        grads["W_x"] = np.zeros(p["W_x"].shape)
        for step, row in zip(np.asarray(ids).T, rows, strict=True):
            grads["W_x"][step] += row.grad.numpy()
    return loss.item(), grads


def character_rnn_gradients(t, character_rnn_gradients):
    params = _arrays({"W_x": (5, 3), "W_h": (3, 3), "b": (3,), "W_y": (3, 5), "b_y": (5,)})
    args = {
        "ids": np.array([[0, 2, 1, 4], [0, 3, 0, 2]]),
        "targets": np.array([[2, 1, 4, 0], [3, 0, 2, 1]]),
        "mask": np.array([[True, True, True, True], [True, True, True, False]]),
        "params": params,
    }
    t.check(character_rnn_gradients, args, "loss, grads")
    narrow = {name: value.astype("float32") for name, value in params.items()}
    _, grads = character_rnn_gradients(*[*args.values()][:3], narrow)
    for name, gradient in grads.items():
        checks.require(
            gradient.dtype == np.float32,
            f"grads[{name!r}] has dtype {gradient.dtype} for float32 params: keep their dtype.",
        )
