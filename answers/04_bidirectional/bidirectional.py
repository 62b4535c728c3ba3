"""Wrong and right variants of the functions of ``04_bidirectional/bidirectional``."""

from __future__ import annotations

from textwrap import dedent, indent

# -- length_mask ---------------------------------------------------------------------------------

MASK = "return np.arange(T) < lengths[:, None]"

# -- reverse_padded ------------------------------------------------------------------------------

SOURCE = "source = np.where(steps <= last, last - steps, steps)"
TAKE = "return np.take_along_axis(x, source[:, :, None], axis=1)"
REVERSE = f"steps, last = np.arange(x.shape[1]), lengths[:, None] - 1\n    {SOURCE}\n    {TAKE}"

# -- bidirectional -------------------------------------------------------------------------------

BWD = "reverse_padded(backward_fn(reverse_padded(x, lengths)), lengths)"
BOTH = "np.concatenate([h_fwd, h_bwd], axis=2)"
ZERO = "return np.where(mask[:, :, None], both, np.zeros_like(both))"

# -- final_states --------------------------------------------------------------------------------

FINAL = "np.concatenate([h_fwd[rows, lengths - 1], h_bwd[:, 0]], axis=1)"

# -- modules -------------------------------------------------------------------------------------


def module(name: str, init: str, forward: str, extra: str = "") -> str:
    """Build the source of a module from the lines of its two methods."""
    return "\n".join(
        [
            extra,
            f"class {name}(nn.Module):",
            "    def __init__(self, input_size, hidden_size):",
            "        super().__init__()",
            indent(dedent(init), " " * 8),
            "    def forward(self, x, lengths):",
            indent(dedent(forward), " " * 8),
        ]
    )


def two_way(name: str, forward: str, kind: str = "") -> str:
    """A module around one two-way layer ``self.rnn``."""
    kind = kind or ("nn.LSTM" if name == "BiLSTM" else "nn.GRU")
    layer = f"self.rnn = {kind}(input_size, hidden_size, batch_first=True, bidirectional=True)"
    return module(name, f"{layer}\nself.H = hidden_size", forward)


def one_way(name: str, forward: str, fwd: str = "fwd", bwd: str = "bwd") -> str:
    """A module around two one-way layers."""
    kind = "nn.LSTM" if name == "BiLSTM" else "nn.GRU"
    layers = [f"self.{k} = {kind}(input_size, hidden_size, batch_first=True)" for k in (fwd, bwd)]
    return module(name, "\n".join(layers), forward)


def state(name: str) -> str:
    """How a module of this name unpacks the layer's final state."""
    return "(h_n, _)" if name == "BiLSTM" else "h_n"


def packed(name: str) -> str:
    return f"""
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, {state(name)} = self.rnn(packed)
        output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    """


BACK = "torch.take_along_dim(self.bwd(torch.take_along_dim(x, source, 1))[0], source, 1)"
TURN = """
    steps = torch.arange(x.shape[1], device=x.device)
    real = steps < lengths[:, None]
    source = torch.where(real, lengths[:, None] - 1 - steps, steps)[:, :, None]
    h_fwd = self.fwd(x)[0]
    h_bwd = torch.take_along_dim(self.bwd(torch.take_along_dim(x, source, 1))[0], source, 1)
    output = torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)
    rows = torch.arange(len(x), device=x.device)
    h_n = torch.cat([h_fwd[rows, lengths - 1], h_bwd[:, 0]], 1)
    return output, h_n
"""


def turned(*changes: tuple[str, str]) -> str:
    text = TURN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


MIXED = "return output, h_n.transpose(0, 1).reshape(len(x), -1)"
ROWS = "rows = torch.arange(len(x), device=x.device)"


KEPT = """
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    if getattr(self, "size", 0) != len(x):
        self.size, self.kept = len(x), None
    packed, last = self.rnn(packed, self.kept)
    self.kept = tuple(s.detach() for s in last) if isinstance(last, tuple) else last.detach()
    output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    h_n = last[0] if isinstance(last, tuple) else last
    return output, torch.cat([h_n[0], h_n[1]], 1)
"""


def wrong_modules(name: str) -> dict[str, str]:
    """What students write wrong, for either module."""
    p, s = packed(name), state(name)
    plain = f"output, {s} = self.rnn(x)\n"
    cat = "return output, torch.cat([h_n[0], h_n[1]], dim=1)"
    masked = "real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]\n"
    zeroed = "output = torch.where(real[:, :, None], output, 0.0)\n"
    kind = "nn.LSTM" if name == "BiLSTM" else "nn.GRU"
    other = "nn.GRU" if name == "BiLSTM" else "nn.LSTM"
    return {
        "kept from call to call": two_way(name, KEPT),
        "a bias without a gradient": two_way(
            name, f"self.rnn.bias_hh_l0_reverse.requires_grad_(False)\n{dedent(p)}{cat}"
        ),
        "lengths ignored": two_way(name, f"{plain}{cat}"),
        "masked afterwards only": two_way(name, f"{plain}{masked}{zeroed}{cat}"),
        "input masked, chain reads zeros": two_way(
            name, f"{masked}x = torch.where(real[:, :, None], x, 0.0)\n{plain}{zeroed}{cat}"
        ),
        "last column as final state": two_way(name, dedent(p) + "return output, output[:, -1]"),
        "last real step for both": two_way(
            name, dedent(p) + f"{ROWS}\nreturn output, output[rows, lengths - 1]"
        ),
        "h_n reshaped": two_way(name, dedent(p) + "return output, h_n.reshape(len(x), -1)"),
        "h_n swapped": two_way(name, dedent(p) + "return output, torch.cat([h_n[1], h_n[0]], 1)"),
        "h_n summed": two_way(name, dedent(p) + "return output, h_n.sum(0)"),
        "h_n of the forward chain twice": two_way(
            name, dedent(p) + "return output, torch.cat([h_n[0], h_n[0]], 1)"
        ),
        "width of the longest": two_way(
            name, dedent(p).replace(", total_length=x.shape[1]", "") + cat
        ),
        "sorted and not put back": two_way(
            name, "lengths, order = lengths.sort(descending=True)\nx = x[order]\n" + dedent(p) + cat
        ),
        "sorted batches only": two_way(
            name, dedent(p).replace("enforce_sorted=False", "enforce_sorted=True") + cat
        ),
        "time first": one_way(name, TURN).replace(", batch_first=True", ""),
        "time-first output": two_way(
            name, dedent(p) + "return output.transpose(0, 1), torch.cat([h_n[0], h_n[1]], 1)"
        ),
        "padded with nan": two_way(
            name,
            dedent(p).replace("total_length", "padding_value=float('nan'), total_length") + cat,
        ),
        "directions summed": two_way(
            name, dedent(p) + "return output[..., :self.H] + output[..., self.H:], h_n.sum(0)"
        ),
        "one direction": module(
            name,
            f"self.rnn = {kind}(input_size, hidden_size, batch_first=True)",
            dedent(p) + "return output, h_n[0]",
        ),
        "forced to float32": two_way(name, "x = x.float()\n" + dedent(p) + cat),
        "answer forced to float64": two_way(
            name, dedent(p) + "return output.double(), torch.cat([h_n[0], h_n[1]], 1).double()"
        ),
        "the other cell": two_way(
            name,
            dedent(packed("BiLSTM" if name == "BiGRU" else "BiGRU")) + cat,
            other,
        ),
        "one chain for both": module(
            name,
            f"self.fwd = {kind}(input_size, hidden_size, batch_first=True)\nself.bwd = self.fwd",
            TURN,
        ),
        "whole row flipped": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(x.flip(1))[0].flip(1)",
                )
            ),
        ),
        "not turned back": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(torch.take_along_dim(x, source, 1))[0]",
                )
            ),
        ),
        "turned back by a flip": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(torch.take_along_dim(x, source, 1))[0].flip(1)",
                )
            ),
        ),
        "never turned": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(x)[0]",
                )
            ),
        ),
        "chains exchanged": one_way(
            name,
            turned(
                ("self.fwd(", "self.one("), ("self.bwd(", "self.fwd("), ("self.one(", "self.bwd(")
            ),
        ),
        "halves swapped": one_way(
            name, turned(("torch.cat([h_fwd, h_bwd], 2)", "torch.cat([h_bwd, h_fwd], 2)"))
        ),
        "padding not zeroed": one_way(
            name,
            turned(
                (
                    "torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)",
                    "torch.cat([h_fwd, h_bwd], 2)",
                )
            ),
        ),
        "only the forward half zeroed": one_way(
            name,
            turned(
                (
                    "torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)",
                    "torch.cat([torch.where(real[:, :, None], h_fwd, 0.0), h_bwd], 2)",
                )
            ),
        ),
        "one step too many": one_way(name, turned(("steps < lengths", "steps <= lengths"))),
        "final state one too early": one_way(
            name, turned(("h_fwd[rows, lengths - 1]", "h_fwd[rows, lengths - 2]"))
        ),
        "final state of the padded row": one_way(
            name, turned(("h_fwd[rows, lengths - 1]", "h_fwd[:, -1]"))
        ),
        "no gradient to the backward chain": one_way(
            name,
            turned(
                (
                    "self.bwd(torch.take_along_dim(x, source, 1))",
                    "self.bwd(torch.take_along_dim(x, source, 1).detach())",
                )
            ),
        ),
        "through NumPy": one_way(
            name,
            turned(
                (
                    "h_fwd = self.fwd(x)[0]",
                    "x = torch.as_tensor(x.detach().cpu().numpy(), device=x.device)\n"
                    "    h_fwd = self.fwd(x)[0]",
                )
            ),
        ),
        "only for one sentence": two_way(
            name,
            f"output, {s} = self.rnn(x[:, :int(lengths[0])])\n"
            "output = torch.cat([output, output.new_zeros(len(x), x.shape[1] - output.shape[1], "
            f"output.shape[2])], 1)\n{cat}",
        ),
        "padding of x overwritten": one_way(
            name,
            "for n in range(len(x)):\n    x[n, int(lengths[n]):] = 0\n" + dedent(TURN),
        ),
    }


CELLS = {
    "BiLSTM": """
        def run(cell, rows):
            h = rows.new_zeros(1, self.H); c = h; states = []
            for row in rows:
                h, c = cell(row[None], (h, c))
                states.append(h)
            return torch.cat(states)
    """,
    "BiGRU": """
        def run(cell, rows):
            h = rows.new_zeros(1, self.H); states = []
            for row in rows:
                h = cell(row[None], h)
                states.append(h)
            return torch.cat(states)
    """,
}

FLAT = {
    "BiLSTM": """
        def step(x, state, w_ih, w_hh, b_ih, b_hh):
            h, c = state
            i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            return o.sigmoid() * c.tanh(), c
    """,
    "BiGRU": """
        def step(x, state, w_ih, w_hh, b_ih, b_hh):
            h, c = state
            xr, xz, xn = (x @ w_ih.T + b_ih).chunk(3, 1)
            hr, hz, hn = (h @ w_hh.T + b_hh).chunk(3, 1)
            z = (xz + hz).sigmoid()
            n = (xn + (xr + hr).sigmoid() * hn).tanh()
            return (1 - z) * n + z * h, c
    """,
}


def right_modules(name: str) -> dict[str, str]:
    """Other ways to be right, for either module."""
    p, s = packed(name), state(name)
    cat = "return output, torch.cat([h_n[0], h_n[1]], dim=1)"
    kind = "nn.LSTM" if name == "BiLSTM" else "nn.GRU"
    G = 4 if name == "BiLSTM" else 3
    # A loop with frozen states: the backward chain walks from the right and skips the padding.
    frozen = """
        {step}
        N, T, _ = x.shape
        halves, finals = [], []
        for way, times in (("{a}", range(T)), ("{b}", range(T - 1, -1, -1))):
            weights = [getattr(self, k + way) for k in ("w_ih", "w_hh", "b_ih", "b_hh")]
            h, c = x.new_zeros(N, self.H), x.new_zeros(N, self.H)
            states = [None] * T
            for t in times:
                real = (t < lengths)[:, None]
                h_new, c_new = step(x[:, t], (h, c), *weights)
                h, c = torch.where(real, h_new, h), torch.where(real, c_new, c)
                states[t] = torch.where(real, h, torch.zeros_like(h))
            halves.append(torch.stack(states, 1))
            finals.append(h)
        return torch.cat(halves, 2), torch.cat(finals, 1)
    """
    parameters = f"""
        self.H, rows = hidden_size, {G} * hidden_size
        for way in ({{ways}}):
            for k, shape in (
                ("w_ih", (rows, input_size)),
                ("w_hh", (rows, hidden_size)),
                ("b_ih", (rows,)),
                ("b_hh", (rows,)),
            ):
                setattr(self, k + way, nn.Parameter(torch.randn(shape) * 0.1))
    """
    step = indent(dedent(FLAT[name]).strip(), " " * 8).strip()
    return {
        "packed": two_way(name, dedent(p) + cat),
        # A packed batch knows its own order of axes.
        "packed, layer time first": two_way(name, dedent(p) + cat).replace(
            "batch_first=True, bi", "bi"
        ),
        "packed, sorted by hand": two_way(
            name,
            f"""
            lengths, order = lengths.sort(descending=True)
            back = order.argsort()
            packed = pack_padded_sequence(x[order], lengths.cpu(), batch_first=True)
            packed, {s} = self.rnn(packed)
            output, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
            return output[back], torch.cat([h_n[0], h_n[1]], 1)[back]
            """,
        ),
        "packed, time first": two_way(
            name,
            f"""
            packed = pack_padded_sequence(x.transpose(0, 1), lengths.cpu(), enforce_sorted=False)
            packed, {s} = self.rnn(packed)
            output, _ = pad_packed_sequence(packed, total_length=x.shape[1])
            return output.transpose(0, 1), h_n.transpose(0, 1).reshape(len(x), -1)
            """,
        ).replace(", batch_first=True, bi", ", bi"),
        "packed, padded again by hand": two_way(
            name,
            dedent(p).replace(", total_length=x.shape[1]", "")
            + "output = nn.functional.pad(output, (0, 0, 0, x.shape[1] - output.shape[1]))\n"
            + cat,
        ),
        "one sentence at a time": two_way(
            name,
            f"""
            N, T, _ = x.shape
            output, final = x.new_zeros(N, T, 2 * self.H), []
            for n, length in enumerate(lengths.tolist()):
                one, {s} = self.rnn(x[n:n + 1, :length])
                output[n, :length] = one[0]
                final.append(h_n.reshape(-1))
            return output, torch.stack(final)
            """,
        ),
        "two one-way layers": one_way(name, TURN),
        "backward layer first": one_way(name, TURN, "bwd", "fwd"),
        "other names": one_way(
            name,
            turned(("self.fwd", "self.left_to_right"), ("self.bwd", "self.right_to_left")),
            "left_to_right",
            "right_to_left",
        ),
        "multiplied by the mask": one_way(
            name,
            turned(
                (
                    "torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)",
                    "torch.cat([h_fwd, h_bwd], 2) * real[:, :, None]",
                )
            ),
        ),
        "rows gathered": one_way(
            name,
            turned(
                (
                    "h_fwd[rows, lengths - 1]",
                    "h_fwd.gather(1, (lengths - 1)[:, None, None].expand_as(h_fwd[:, :1]))[:, 0]",
                )
            ),
        ),
        "two packed one-way layers": one_way(
            name,
            """
            def run(layer, x):
                p = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
                return pad_packed_sequence(layer(p)[0], batch_first=True, total_length=T)[0]
            T = x.shape[1]
            def turn(x):
                out = x.clone()
                for n, k in enumerate(lengths.tolist()):
                    out[n, :k] = x[n, :k].flip(0)
                return out
            h_fwd, h_bwd = run(self.fwd, x), turn(run(self.bwd, turn(x)))
            last = h_fwd[range(len(x)), lengths - 1]
            return torch.cat([h_fwd, h_bwd], -1), torch.cat([last, h_bwd[:, 0]], -1)
            """,
        ),
        "cells in a loop": module(
            name,
            f"""
            self.H = hidden_size
            self.forward_cell = {kind}Cell(input_size, hidden_size)
            self.backward_cell = {kind}Cell(input_size, hidden_size)
            """,
            dedent(CELLS[name])
            + dedent("""
            output, final = x.new_zeros(*x.shape[:2], 2 * self.H), []
            for n, k in enumerate(lengths.tolist()):
                a = run(self.forward_cell, x[n, :k])
                b = run(self.backward_cell, x[n, :k].flip(0)).flip(0)
                output[n, :k] = torch.cat([a, b], 1)
                final.append(torch.cat([a[-1], b[0]]))
            return output, torch.stack(final)
            """),
        ),
        "PyTorch's names, frozen states": module(
            name,
            parameters.replace("{ways}", '"_l0", "_l0_reverse"')
            .replace('"w_', '"weight_')
            .replace('"b_', '"bias_'),
            frozen.replace("{step}", step)
            .replace("{a}", "_l0")
            .replace("{b}", "_l0_reverse")
            .replace('"w_', '"weight_')
            .replace('"b_', '"bias_'),
        ),
        "own names, frozen states": module(
            name,
            parameters.replace("{ways}", '"_bwd", "_fwd"'),
            frozen.replace("{step}", step).replace("{a}", "_fwd").replace("{b}", "_bwd"),
        ),
    }


# -- encode_batch --------------------------------------------------------------------------------

REAL = "real = (t < lengths)[:, None]"
FREEZE = "h = np.where(real, step_fn(x[:, t], h), h)"
APPEND = "outputs.append(np.where(real, h, np.zeros_like(h)))"
LAST = "return np.stack(outputs, axis=1), h"


def function(head: str, body: str) -> str:
    return f"def {head}:\n" + indent(dedent(body), "    ")


WRONG = {
    "length_mask": {
        "inverted": [(MASK, "return np.arange(T) >= lengths[:, None]")],
        "one step too many": [(MASK, "return np.arange(T) <= lengths[:, None]")],
        "one step too few": [(MASK, "return np.arange(T) < lengths[:, None] - 1")],
        "counts from one": [(MASK, "return np.arange(1, T + 1) < lengths[:, None]")],
        "padding on the left": [(MASK, "return np.arange(T) >= T - lengths[:, None]")],
        "width of the longest": [(MASK, "return np.arange(lengths.max()) < lengths[:, None]")],
        "floats": [(MASK, "return (np.arange(T) < lengths[:, None]).astype(float)")],
        "integers": [(MASK, "return (np.arange(T) < lengths[:, None]).astype(int)")],
        "transposed": [(MASK, "return np.arange(T)[:, None] < lengths")],
        "same length for all": [
            (MASK, "return np.tile(np.arange(T) < lengths.max(), (len(lengths), 1))")
        ],
        "first length for all": [
            (MASK, "return np.tile(np.arange(T) < lengths[0], (len(lengths), 1))")
        ],
        "last real step only": [(MASK, "return np.arange(T) == lengths[:, None] - 1")],
        "sorted": [(MASK, "return np.arange(T) < np.sort(lengths)[::-1, None]")],
        "extra axis": [(MASK, "return (np.arange(T) < lengths[:, None])[:, :, None]")],
        "a list": [(MASK, "return [[t < n for t in range(T)] for n in lengths.tolist()]")],
        "lengths changed": [(MASK, "lengths -= 1\n    return np.arange(T) <= lengths[:, None]")],
        "not returned": [(MASK, "np.arange(T) < lengths[:, None]")],
    },
    "reverse_padded": {
        "whole row flipped": [(REVERSE, "return x[:, ::-1].copy()")],
        "nothing reversed": [(REVERSE, "return x.copy()")],
        "off by one": [
            (SOURCE, "source = np.where(steps <= last, last + 1 - steps, steps) % x.shape[1]")
        ],
        "one step of padding too many": [
            (SOURCE, "source = np.where(steps <= last + 1, last + 1 - steps, steps) % x.shape[1]")
        ],
        "last word left in place": [
            (SOURCE, "source = np.where(steps < last, last - 1 - steps, steps)")
        ],
        "padding to zero": [
            (
                TAKE,
                "return np.where((steps <= last)[:, :, None], "
                "np.take_along_axis(x, source[:, :, None], axis=1), np.zeros_like(x))",
            )
        ],
        "padding repeats a word": [(SOURCE, "source = np.maximum(last - steps, 0)")],
        "padding reversed too": [
            (SOURCE, "source = np.where(steps <= last, last - steps, x.shape[1] + last - steps)")
        ],
        "length of the first row": [
            (
                REVERSE,
                "n = lengths[0]\n    return np.concatenate([x[:, :n][:, ::-1], x[:, n:]], axis=1)",
            )
        ],
        "length of the longest": [
            (
                REVERSE,
                "n = lengths.max()\n    "
                "return np.concatenate([x[:, :n][:, ::-1], x[:, n:]], axis=1)",
            )
        ],
        "batch reversed": [(REVERSE, "return x[::-1].copy()")],
        "features reversed": [(REVERSE, "return x[:, :, ::-1].copy()")],
        "features reversed as well": [(TAKE, TAKE + "[:, :, ::-1]")],
        "trimmed to the longest": [(TAKE, TAKE + "[:, :lengths.max()]")],
        "rolled": [
            (
                REVERSE,
                "return np.stack([np.roll(r[::-1], -(x.shape[1] - n), axis=0) "
                "for r, n in zip(x, lengths)])[:, ::-1]",
            )
        ],
        "padding first, then reversed": [
            (
                REVERSE,
                "return np.stack([np.concatenate([r[n:], r[:n][::-1]]) "
                "for r, n in zip(x, lengths)])",
            )
        ],
        "in place": [
            (
                REVERSE,
                "for n, k in enumerate(lengths):\n        "
                "x[n, :k] = x[n, :k][::-1].copy()\n    return x",
            )
        ],
        "swap that meets itself": [
            (
                REVERSE,
                "out = x.copy()\n    for n, k in enumerate(lengths):\n        "
                "for t in range(k):\n            out[n, t] = out[n, k - 1 - t]\n    return out",
            )
        ],
        "float64 forced": [(TAKE, TAKE + ".astype(np.float64)")],
        "rows sorted by length": [(TAKE, TAKE + "[np.argsort(lengths)]")],
        "only real steps": [
            (REVERSE, "return np.concatenate([r[:n][::-1] for r, n in zip(x, lengths)])")
        ],
        "a list of arrays": [(REVERSE, "return [r[:n][::-1] for r, n in zip(x, lengths)]")],
    },
    "bidirectional": {
        "whole row flipped": [(BWD, "backward_fn(x[:, ::-1])[:, ::-1]")],
        "flipped in, turned back within the length": [
            (BWD, "reverse_padded(backward_fn(x[:, ::-1]), lengths)")
        ],
        "turned within the length, flipped back": [
            (BWD, "backward_fn(reverse_padded(x, lengths))[:, ::-1]")
        ],
        "not turned back": [(BWD, "backward_fn(reverse_padded(x, lengths))")],
        "input not turned": [(BWD, "reverse_padded(backward_fn(x), lengths)")],
        "never turned": [(BWD, "backward_fn(x)")],
        "forward_fn twice": [("backward_fn(r", "forward_fn(r")],
        "backward_fn twice": [("h_fwd = forward_fn(x)", "h_fwd = backward_fn(x)")],
        "chains exchanged": [
            ("h_fwd = forward_fn(x)", "h_fwd = backward_fn(x)"),
            ("backward_fn(reverse", "forward_fn(reverse"),
        ],
        "halves swapped": [(BOTH, "np.concatenate([h_bwd, h_fwd], axis=2)")],
        "padding not zeroed": [(ZERO, "return both")],
        "only the forward half zeroed": [
            (ZERO, "both[..., : h_fwd.shape[2]] *= mask[:, :, None]\n    return both")
        ],
        "mask inverted": [("mask[:, :, None]", "~mask[:, :, None]")],
        "summed": [(BOTH, "h_fwd + h_bwd")],
        "averaged": [(BOTH, "(h_fwd + h_bwd) / 2")],
        "concatenated in time": [
            (BOTH, "np.concatenate([h_fwd, h_bwd], axis=1)"),
            (ZERO, "return np.where(np.tile(mask, (1, 2))[:, :, None], both, np.zeros_like(both))"),
        ],
        "stacked": [
            (BOTH, "np.stack([h_fwd, h_bwd], axis=2)"),
            (ZERO, "return np.where(mask[:, :, None, None], both, np.zeros_like(both))"),
        ],
        "interleaved": [(BOTH, "np.stack([h_fwd, h_bwd], axis=3).reshape(*h_fwd.shape[:2], -1)")],
        "forward reads backwards": [
            ("h_fwd = forward_fn(x)", "h_fwd = forward_fn(reverse_padded(x, lengths))")
        ],
        "backward reads the forward states": [(BWD, BWD.replace("(x,", "(h_fwd,"))],
        "input masked instead": [
            (
                "h_fwd = forward_fn(x)",
                "x = np.where(length_mask(lengths, x.shape[1])[:, :, None], x, np.zeros_like(x))\n"
                "    h_fwd = forward_fn(x)",
            ),
            (BWD, "backward_fn(x[:, ::-1])[:, ::-1]"),
        ],
        "trimmed to the longest": [(ZERO, ZERO + "[:, : lengths.max()]")],
        "float64 forced": [(ZERO, "return np.where(mask[:, :, None], both, np.zeros(both.shape))")],
        "padding of x overwritten": [
            (
                "h_fwd = forward_fn(x)",
                "x[~length_mask(lengths, x.shape[1])] = 0\n    h_fwd = forward_fn(x)",
            )
        ],
        "two results": [(ZERO, "return h_fwd, h_bwd")],
    },
    "final_states": {
        "last column of both": [(FINAL, "np.concatenate([h_fwd[:, -1], h_bwd[:, -1]], axis=1)")],
        "last column forwards": [("h_fwd[rows, lengths - 1]", "h_fwd[:, -1]")],
        "last real step for both": [("h_bwd[:, 0]", "h_bwd[rows, lengths - 1]")],
        "last column backwards": [("h_bwd[:, 0]", "h_bwd[:, -1]")],
        "off by one": [("lengths - 1", "lengths - 2")],
        "step length": [("lengths - 1", "np.minimum(lengths, h_fwd.shape[1] - 1)")],
        "halves swapped": [
            (FINAL, "np.concatenate([h_bwd[:, 0], h_fwd[rows, lengths - 1]], axis=1)")
        ],
        "ends exchanged": [
            (FINAL, "np.concatenate([h_fwd[:, 0], h_bwd[rows, lengths - 1]], axis=1)")
        ],
        "chains exchanged": [
            (FINAL, "np.concatenate([h_bwd[rows, lengths - 1], h_fwd[:, 0]], axis=1)")
        ],
        "summed": [(FINAL, "h_fwd[rows, lengths - 1] + h_bwd[:, 0]")],
        "stacked": [(FINAL, "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]])")],
        "rows mixed": [
            (FINAL, "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]]).reshape(len(rows), -1)")
        ],
        "interleaved": [
            (
                FINAL,
                "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]], axis=2).reshape(len(rows), -1)",
            )
        ],
        "concatenated below": [(FINAL, "np.concatenate([h_fwd[rows, lengths - 1], h_bwd[:, 0]])")],
        "longest for all": [("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths.max() - 1]")],
        "first length for all": [("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths[0] - 1]")],
        "backward of the first row": [("h_bwd[:, 0]", "np.tile(h_bwd[0, 0], (len(rows), 1))")],
        "mean over time": [(FINAL, "np.concatenate([h_fwd.mean(1), h_bwd.mean(1)], axis=1)")],
        "all columns": [("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths - 1].mean(axis=1)")],
        "time-reversed h_bwd assumed": [
            ("h_bwd[:, 0]", "h_bwd[:, ::-1][rows, h_bwd.shape[1] - lengths]")
        ],
        "float64 forced": [(FINAL, FINAL + ".astype(np.float64)")],
        "time axis kept": [(FINAL, FINAL + "[:, None]")],
        "padding overwritten": [
            (FINAL, "h_fwd"),
            (
                "return h_fwd",
                "for n, k in enumerate(lengths):\n        h_fwd[n, k:] = h_fwd[n, k - 1]\n    "
                "return np.concatenate([h_fwd[:, -1], h_bwd[:, 0]], axis=1)",
            ),
        ],
    },
    "BiLSTM": wrong_modules("BiLSTM"),
    "BiGRU": wrong_modules("BiGRU"),
    "encode_batch": {
        "as it was": [(FREEZE, "h = step_fn(x[:, t], h)"), (APPEND, "outputs.append(h)")],
        "outputs masked, state not": [
            (FREEZE, "h = step_fn(x[:, t], h)"),
        ],
        "state kept, outputs not masked": [(APPEND, "outputs.append(h)")],
        "state set to zero": [
            (FREEZE, "h = np.where(real, step_fn(x[:, t], h), np.zeros_like(h))")
        ],
        "input set to zero": [
            (FREEZE, "h = step_fn(np.where(real, x[:, t], np.zeros_like(x[:, t])), h)")
        ],
        "one step too many": [(REAL, "real = (t <= lengths)[:, None]")],
        "one step too few": [(REAL, "real = (t < lengths - 1)[:, None]")],
        "mask inverted": [(REAL, "real = (t >= lengths)[:, None]")],
        "h0 ignored": [("h, outputs = h0, []", "h, outputs = np.zeros_like(h0), []")],
        "ended sentences go back to h0": [(FREEZE, "h = np.where(real, step_fn(x[:, t], h), h0)")],
        "last column returned": [
            (LAST, "outputs = np.stack(outputs, axis=1)\n    return outputs, outputs[:, -1]")
        ],
        "first state returned": [
            (LAST, "outputs = np.stack(outputs, axis=1)\n    return outputs, outputs[:, 0]")
        ],
        "time first": [(LAST, "return np.stack(outputs), h")],
        "order of the results": [(LAST, "return h, np.stack(outputs, axis=1)")],
        "outputs only": [(LAST, "return np.stack(outputs, axis=1)")],
        "h0 among the outputs": [
            ("h, outputs = h0, []", "h, outputs = h0, [h0]"),
            (LAST, "return np.stack(outputs[:-1], axis=1), h"),
        ],
        "stops at the shortest": [
            ("range(x.shape[1])", "range(lengths.min())"),
            (LAST, "outputs += [np.zeros_like(h)] * (x.shape[1] - len(outputs))\n    " + LAST),
        ],
        "stops at the first length": [
            ("range(x.shape[1])", "range(lengths[0])"),
            (LAST, "outputs += [np.zeros_like(h)] * (x.shape[1] - len(outputs))\n    " + LAST),
        ],
        "trimmed to the longest": [("range(x.shape[1])", "range(lengths.max())")],
        "h0 overwritten": [
            (FREEZE, "h[real[:, 0]] = step_fn(x[:, t], h)[real[:, 0]]"),
            (APPEND, "outputs.append(h * real)"),
        ],
        "one buffer for all outputs": [
            ("h, outputs = h0, []", "h, outputs = h0.copy(), []"),
            (FREEZE, "h[real[:, 0]] = step_fn(x[:, t], h)[real[:, 0]]"),
            (APPEND, "outputs.append(h)"),
            (LAST, "return np.stack(outputs, axis=1), h"),
        ],
        "padding found by its zeros": [(REAL, "real = (x[:, t] != 0).any(axis=1)[:, None]")],
        "float64 forced": [
            (LAST, "return np.stack(outputs, axis=1).astype(float), h.astype(float)")
        ],
        "all sentences as long as the longest": [
            (REAL, "real = np.full((len(x), 1), t < lengths.max())")
        ],
    },
}

RIGHT = {
    "length_mask": {
        "loop": [
            (
                MASK,
                "mask = np.zeros((len(lengths), T), dtype=bool)\n    "
                "for n, k in enumerate(lengths):\n        mask[n, :k] = True\n    return mask",
            )
        ],
        "other way round": [(MASK, "return lengths.reshape(-1, 1) > np.arange(T).reshape(1, -1)")],
        "outer": [(MASK, "return np.less.outer(np.arange(T), lengths).T")],
        "list of lists": [(MASK, "return np.array([[t < n for t in range(T)] for n in lengths])")],
        "from an identity": [(MASK, "return np.tri(T + 1, T, -1, dtype=bool)[lengths]")],
        "repeat": [
            (MASK, "return np.stack([np.repeat([True, False], [n, T - n]) for n in lengths])")
        ],
        "cumulative": [
            (MASK, "return np.cumsum(np.ones((len(lengths), T)), 1) <= lengths[:, None]")
        ],
    },
    "reverse_padded": {
        "loop": [
            (
                REVERSE,
                "out = x.copy()\n    for n, k in enumerate(lengths):\n        "
                "out[n, :k] = x[n, :k][::-1]\n    return out",
            )
        ],
        "loop over steps": [
            (
                REVERSE,
                "out = np.empty_like(x)\n    for n in range(x.shape[0]):\n        "
                "for t in range(x.shape[1]):\n            "
                "out[n, t] = x[n, lengths[n] - 1 - t if t < lengths[n] else t]\n    return out",
            )
        ],
        "flip": [
            (
                REVERSE,
                "out = np.array(x)\n    for row, old, k in zip(out, x, lengths):\n        "
                "row[:k] = np.flip(old[:k], axis=0)\n    return out",
            )
        ],
        "concatenated": [
            (
                REVERSE,
                "return np.stack([np.concatenate([r[:k][::-1], r[k:]]) "
                "for r, k in zip(x, lengths)])",
            )
        ],
        "fancy index": [(TAKE, "return x[np.arange(len(x))[:, None], source]")],
        "sorted keys": [
            (
                REVERSE,
                "steps = np.arange(x.shape[1])\n    "
                "keys = np.where(steps < lengths[:, None], -steps - 1, steps)\n    "
                "return np.take_along_axis(x, np.argsort(keys, axis=1)[:, :, None], axis=1)",
            )
        ],
        "flip, then mend": [
            (
                REVERSE,
                "T = x.shape[1]\n    s = (np.arange(T) + T - lengths[:, None]) % T\n    "
                "out = np.take_along_axis(x[:, ::-1], s[:, :, None], axis=1)\n    "
                "return np.where(length_mask(lengths, T)[:, :, None], out, x)",
            )
        ],
        "python reversed": [
            (
                REVERSE,
                "out = x.copy()\n    for n, k in enumerate(lengths):\n        "
                "for new, old in zip(range(k), reversed(range(k))):\n            "
                "out[n, new] = x[n, old]\n    return out",
            )
        ],
    },
    "bidirectional": {
        "one sentence at a time": [
            (
                ZERO,
                """rows = []
    for n, k in enumerate(lengths):
        a = forward_fn(x[n : n + 1, :k])[0]
        b = backward_fn(x[n : n + 1, :k][:, ::-1])[0, ::-1]
        rows.append(np.pad(np.concatenate([a, b], axis=1), [(0, x.shape[1] - k), (0, 0)]))
    return np.stack(rows)""",
            )
        ],
        "multiplied by the mask": [(ZERO, "return both * mask[:, :, None]")],
        "zeros filled": [
            (ZERO, "out = np.zeros_like(both)\n    out[mask] = both[mask]\n    return out")
        ],
        "set to zero": [(ZERO, "both[~mask] = 0\n    return both")],
        "halves masked first": [
            (
                BOTH,
                "np.concatenate([h * length_mask(lengths, x.shape[1])[..., None] "
                "for h in (h_fwd, h_bwd)], axis=-1)",
            ),
            (ZERO, "return both"),
        ],
        "preallocated": [
            (BOTH, "np.empty((*x.shape[:2], 2 * h_fwd.shape[2]), h_fwd.dtype)"),
            (
                "mask = length",
                "both[..., : h_fwd.shape[2]] = h_fwd\n    "
                "both[..., h_fwd.shape[2] :] = h_bwd\n    mask = length",
            ),
        ],
        "input masked as well": [
            (
                "h_fwd = forward_fn(x)",
                "x = np.where(length_mask(lengths, x.shape[1])[:, :, None], x, np.zeros_like(x))\n"
                "    h_fwd = forward_fn(x)",
            )
        ],
        "own reversal": [
            (BWD, "np.take_along_axis(backward_fn(np.take_along_axis(x, turn, 1)), turn, 1)"),
            (
                "h_fwd = forward_fn(x)",
                "h_fwd = forward_fn(x)\n    t = np.arange(x.shape[1])\n    "
                "turn = np.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)[..., None]",
            ),
        ],
    },
    "final_states": {
        "loop": [
            (
                FINAL,
                "np.stack([np.concatenate([h_fwd[n, k - 1], h_bwd[n, 0]]) "
                "for n, k in enumerate(lengths)])",
            )
        ],
        "take_along_axis": [
            (
                "h_fwd[rows, lengths - 1]",
                "np.take_along_axis(h_fwd, lengths[:, None, None] - 1, axis=1)[:, 0]",
            )
        ],
        "hstack": [(FINAL, "np.hstack((h_fwd[range(len(lengths)), lengths - 1], h_bwd[:, 0, :]))")],
        "preallocated": [
            (FINAL, "h_fwd"),
            (
                "return h_fwd",
                "out = np.empty((len(rows), 2 * h_fwd.shape[2]), h_fwd.dtype)\n    "
                "out[:, : h_fwd.shape[2]] = h_fwd[rows, lengths - 1]\n    "
                "out[:, h_fwd.shape[2] :] = h_bwd[:, 0]\n    return out",
            ),
        ],
        "one-hot": [
            (
                "h_fwd[rows, lengths - 1]",
                "np.einsum('nt,nth->nh', "
                "np.eye(h_fwd.shape[1], dtype=h_fwd.dtype)[lengths - 1], h_fwd)",
            )
        ],
        "diagonal": [("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths - 1][rows, rows]")],
    },
    "BiLSTM": right_modules("BiLSTM"),
    "BiGRU": right_modules("BiGRU"),
    "encode_batch": {
        "all steps, then picked": [
            (FREEZE, "h = step_fn(x[:, t], h)"),
            (APPEND, "outputs.append(h)"),
            (
                LAST,
                "outputs = np.stack(outputs, axis=1)\n    "
                "last = outputs[np.arange(len(x)), lengths - 1]\n    "
                "return outputs * (np.arange(x.shape[1]) < lengths[:, None])[:, :, None], last",
            ),
        ],
        "arithmetic mask": [
            (FREEZE, "h = real * step_fn(x[:, t], h) + (1 - real) * h"),
            (REAL, "real = (t < lengths)[:, None].astype(h0.dtype)"),
            (APPEND, "outputs.append(real * h)"),
        ],
        "rows that still run": [
            ("h, outputs = h0, []", "h, outputs = h0.copy(), []"),
            (REAL, "run = t < lengths"),
            (FREEZE, "h[run] = step_fn(x[run, t], h[run])"),
            (APPEND, "outputs.append(h * run[:, None])"),
        ],
        "preallocated": [
            (
                "h, outputs = h0, []",
                "h, outputs = h0, np.zeros((*x.shape[:2], h0.shape[1]), h0.dtype)",
            ),
            (APPEND, "outputs[real[:, 0], t] = h[real[:, 0]]"),
            (LAST, "return outputs, h"),
        ],
        "one sentence at a time": [
            (
                "h, outputs = h0, []",
                """outputs = np.zeros((*x.shape[:2], h0.shape[1]), h0.dtype)
    last = np.zeros_like(h0)
    for n, k in enumerate(lengths):
        h = h0[n : n + 1]
        for t in range(k):
            h = step_fn(x[n : n + 1, t], h)
            outputs[n, t] = h[0]
        last[n] = h[0]
    return outputs, last
    h, outputs = h0, []""",
            )
        ],
        "up to the longest": [
            ("range(x.shape[1])", "range(lengths.max())"),
            (LAST, "outputs += [np.zeros_like(h)] * (x.shape[1] - len(outputs))\n    " + LAST),
        ],
        "input masked as well": [
            (FREEZE, "h = np.where(real, step_fn(np.where(real, x[:, t], 0 * h0[0, 0]), h), h)")
        ],
        "a list of results": [(LAST, "return [np.stack(outputs, axis=1), h]")],
    },
}

SAYS = {
    "length_mask": {
        "inverted": "inverted",
        "one step too many": "One step too many",
        "one step too few": "One step too few",
        "counts from one": "One step too few",
        "padding on the left": "on the right",
        "width of the longest": "shape",
        "floats": "bool",
        "transposed": "shape",
        "not returned": "return",
    },
    "reverse_padded": {
        "whole row flipped": "whole row",
        "nothing reversed": "Nothing was reversed",
        "off by one": "Off by one",
        "padding to zero": "stay as it is",
        "padding reversed too": "padding was reversed",
        "length of the first row": "each has its own",
        "batch reversed": "batch",
        "features reversed": "features",
        "in place": "in place",
        "float64 forced": "float32",
    },
    "bidirectional": {
        "whole row flipped": "read the padding",
        "not turned back": "not turned back",
        "input not turned": "Reversing twice",
        "never turned": "read forwards",
        "forward_fn twice": "both directions",
        "chains exchanged": "exchanged",
        "halves swapped": "swapped",
        "padding not zeroed": "must be 0",
        "summed": "shape",
        "padding of x overwritten": "in place",
        "float64 forced": "float32",
    },
    "final_states": {
        "last column of both": "last column",
        "last column forwards": "last column",
        "last real step for both": "begins",
        "last column backwards": "last column",
        "off by one": "Off by one",
        "halves swapped": "swapped",
        "ends exchanged": "exchanged",
        "float64 forced": "float32",
    },
    "BiLSTM": {
        "lengths ignored": "read the padding",
        "masked afterwards only": "read the padding",
        "last column as final state": "h_n",
        "last real step for both": "begins",
        "h_n swapped": "swapped",
        "whole row flipped": "read the padding",
        "not turned back": "not turned back",
        "halves swapped": "swapped",
        "padding not zeroed": "must be 0",
        "final state of the padded row": "last column",
        "one direction": "two chains",
        "one chain for both": "two chains",
        "through NumPy": "gradient",
        "width of the longest": "shape",
    },
    "BiGRU": {
        "lengths ignored": "read the padding",
        "masked afterwards only": "read the padding",
        "h_n reshaped": "mixed up",
        "h_n swapped": "swapped",
        "last real step for both": "begins",
        "width of the longest": "shape",
        "sorted and not put back": "another order",
        "one direction": "two chains",
        "not turned back": "not turned back",
    },
    "encode_batch": {
        "as it was": "padding was read",
        "outputs masked, state not": "after the padding",
        "state kept, outputs not masked": "must be 0",
        "state set to zero": "kept",
        "one step too many": "Off by one",
        "h0 ignored": "h0",
        "time first": "shape",
        "h0 overwritten": "in place",
        "float64 forced": "float32",
    },
}


def typical_modules(name: str) -> dict[str, tuple]:
    """Three answers to a module: zeros, one slip, and lengths that are not used."""
    wrong = WRONG[name]
    nothing = (
        f"class {name}(nn.Module):\n"
        "    def __init__(self, input_size, hidden_size):\n"
        "        super().__init__()\n"
        f"        self.rnn = nn.{name[2:]}(input_size, hidden_size, bidirectional=True)\n"
        "    def forward(self, x, lengths):\n"
        "        output = x.new_zeros(*x.shape[:2], 2 * self.rnn.hidden_size)\n"
        "        return output, output[:, 0]\n"
    )
    return {
        "nothing": (nothing, 0.0, 0.0),
        "one slip": (wrong["h_n swapped"], 0.5, 0.95),
        "point missed": (wrong["lengths ignored"], 0.0, 0.45),
    }


TYPICAL = {
    "length_mask": {
        "nothing": ([(MASK, "return np.zeros((len(lengths), T), dtype=bool)")], 0.0, 0.0),
        "one slip": (WRONG["length_mask"]["width of the longest"], 0.5, 0.95),
        "point missed": (WRONG["length_mask"]["inverted"], 0.0, 0.45),
    },
    "reverse_padded": {
        "nothing": ([(REVERSE, "return x.copy()")], 0.0, 0.0),
        "one slip": (WRONG["reverse_padded"]["padding to zero"], 0.5, 0.95),
        "point missed": (WRONG["reverse_padded"]["whole row flipped"], 0.0, 0.45),
    },
    "bidirectional": {
        "nothing": ([(ZERO, "return np.zeros_like(both)")], 0.0, 0.0),
        "one slip": (WRONG["bidirectional"]["padding not zeroed"], 0.5, 0.95),
        "point missed": (WRONG["bidirectional"]["whole row flipped"], 0.0, 0.45),
    },
    "final_states": {
        "nothing": ([(FINAL, "np.zeros_like(np.concatenate([h_fwd, h_bwd], 2)[:, 0])")], 0.0, 0.0),
        "one slip": (WRONG["final_states"]["last column forwards"], 0.5, 0.95),
        "point missed": (WRONG["final_states"]["last column of both"], 0.0, 0.45),
    },
    "BiLSTM": typical_modules("BiLSTM"),
    "BiGRU": typical_modules("BiGRU"),
    "encode_batch": {
        "nothing": (WRONG["encode_batch"]["as it was"], 0.0, 0.0),
        "one slip": (WRONG["encode_batch"]["state kept, outputs not masked"], 0.5, 0.95),
        "point missed": (WRONG["encode_batch"]["outputs masked, state not"], 0.0, 0.45),
    },
}
