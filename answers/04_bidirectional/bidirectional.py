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
        "The state of the last call is kept: each call starts from zero states.": two_way(
            name, KEPT
        ),
        "One bias gets no gradient: every parameter must learn.": two_way(
            name, f"self.rnn.bias_hh_l0_reverse.requires_grad_(False)\n{dedent(p)}{cat}"
        ),
        "The lengths are not used: both chains have read the padding.": two_way(
            name, f"{plain}{cat}"
        ),
        "The backward chain has read the padding: zeroing its outputs afterwards comes too late.": two_way(
            name, f"{plain}{masked}{zeroed}{cat}"
        ),
        "Padding set to zero and then read still moves the state: give the chain the lengths.": two_way(
            name, f"{masked}x = torch.where(real[:, :, None], x, 0.0)\n{plain}{zeroed}{cat}"
        ),
        "h_n is the last column of output: padding, or a state that has read one word.": two_way(
            name, dedent(p) + "return output, output[:, -1]"
        ),
        "The backward half of h_n is where that chain begins: it ends at the first step.": two_way(
            name, dedent(p) + f"{ROWS}\nreturn output, output[rows, lengths - 1]"
        ),
        "The rows of h_n are mixed up: (2, N, H) was reshaped. Concatenate the directions.": two_way(
            name, dedent(p) + "return output, h_n.reshape(len(x), -1)"
        ),
        "The halves of h_n are swapped: forward comes first.": two_way(
            name, dedent(p) + "return output, torch.cat([h_n[1], h_n[0]], 1)"
        ),
        "The two directions of h_n were added: put them side by side, (N, 2H).": two_way(
            name, dedent(p) + "return output, h_n.sum(0)"
        ),
        "h_n holds the forward state twice: its second half is the backward state.": two_way(
            name, dedent(p) + "return output, torch.cat([h_n[0], h_n[0]], 1)"
        ),
        "output is as wide as the longest sentence: it must be as wide as x.": two_way(
            name, dedent(p).replace(", total_length=x.shape[1]", "") + cat
        ),
        "The batch was sorted by length and not put back in its order.": two_way(
            name, "lengths, order = lengths.sort(descending=True)\nx = x[order]\n" + dedent(p) + cat
        ),
        "Only a batch sorted by length is accepted: lengths may come in any order.": two_way(
            name, dedent(p).replace("enforce_sorted=False", "enforce_sorted=True") + cat
        ),
        "The layers take the first axis for time: the batch is first (batch_first).": one_way(
            name, TURN
        ).replace(", batch_first=True", ""),
        "output has time first: it must be (N, T, 2H).": two_way(
            name, dedent(p) + "return output.transpose(0, 1), torch.cat([h_n[0], h_n[1]], 1)"
        ),
        "The padding steps hold nan: they must be 0.": two_way(
            name,
            dedent(p).replace("total_length", "padding_value=float('nan'), total_length") + cat,
        ),
        "The two directions were added: put them side by side.": two_way(
            name, dedent(p) + "return output[..., :self.H] + output[..., self.H:], h_n.sum(0)"
        ),
        "There is one direction only: two chains are needed.": module(
            name,
            f"self.rnn = {kind}(input_size, hidden_size, batch_first=True)",
            dedent(p) + "return output, h_n[0]",
        ),
        "x was turned into float32: keep its dtype.": two_way(
            name, "x = x.float()\n" + dedent(p) + cat
        ),
        "The results are always float64: they must keep the dtype of x.": two_way(
            name, dedent(p) + "return output.double(), torch.cat([h_n[0], h_n[1]], 1).double()"
        ),
        "LSTM and GRU are exchanged: look at the name of the module.": two_way(
            name,
            dedent(packed("BiLSTM" if name == "BiGRU" else "BiGRU")) + cat,
            other,
        ),
        "One chain reads both ways: each direction needs its own weights.": module(
            name,
            f"self.fwd = {kind}(input_size, hidden_size, batch_first=True)\nself.bwd = self.fwd",
            TURN,
        ),
        "The whole row was flipped: the backward chain has read the padding. Reverse within the length.": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(x.flip(1))[0].flip(1)",
                )
            ),
        ),
        "The backward states were not turned back to their positions.": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(torch.take_along_dim(x, source, 1))[0]",
                )
            ),
        ),
        "The backward states were flipped back as whole rows: turn them back within the length.": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(torch.take_along_dim(x, source, 1))[0].flip(1)",
                )
            ),
        ),
        "The backward chain has read forwards: turn its input around.": one_way(
            name,
            turned(
                (
                    BACK,
                    "self.bwd(x)[0]",
                )
            ),
        ),
        "The two layers are exchanged: the one made second reads forwards.": one_way(
            name,
            turned(
                ("self.fwd(", "self.one("), ("self.bwd(", "self.fwd("), ("self.one(", "self.bwd(")
            ),
        ),
        "The halves of output are swapped: forward comes first.": one_way(
            name, turned(("torch.cat([h_fwd, h_bwd], 2)", "torch.cat([h_bwd, h_fwd], 2)"))
        ),
        "The padding steps must be 0.": one_way(
            name,
            turned(
                (
                    "torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)",
                    "torch.cat([h_fwd, h_bwd], 2)",
                )
            ),
        ),
        "The padding steps must be 0 in both halves; the backward half is not.": one_way(
            name,
            turned(
                (
                    "torch.where(real[:, :, None], torch.cat([h_fwd, h_bwd], 2), 0.0)",
                    "torch.cat([torch.where(real[:, :, None], h_fwd, 0.0), h_bwd], 2)",
                )
            ),
        ),
        "One step too many: step number `length` is padding already.": one_way(
            name, turned(("steps < lengths", "steps <= lengths"))
        ),
        "The forward half of h_n is one step too early: the last real step has number length - 1.": one_way(
            name, turned(("h_fwd[rows, lengths - 1]", "h_fwd[rows, lengths - 2]"))
        ),
        "The forward half of h_n is the last column; for a short sentence that is padding.": one_way(
            name, turned(("h_fwd[rows, lengths - 1]", "h_fwd[:, -1]"))
        ),
        "The backward chain gets a detached input: the gradient must reach x through both chains.": one_way(
            name,
            turned(
                (
                    "self.bwd(torch.take_along_dim(x, source, 1))",
                    "self.bwd(torch.take_along_dim(x, source, 1).detach())",
                )
            ),
        ),
        "The input went through NumPy: no gradient comes back from there. Stay in tensors.": one_way(
            name,
            turned(
                (
                    "h_fwd = self.fwd(x)[0]",
                    "x = torch.as_tensor(x.detach().cpu().numpy(), device=x.device)\n"
                    "    h_fwd = self.fwd(x)[0]",
                )
            ),
        ),
        "Every sentence was cut at the length of the first: each has its own.": two_way(
            name,
            f"output, {s} = self.rnn(x[:, :int(lengths[0])])\n"
            "output = torch.cat([output, output.new_zeros(len(x), x.shape[1] - output.shape[1], "
            f"output.shape[2])], 1)\n{cat}",
        ),
        "The padding of x was overwritten: x stays as it is.": one_way(
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

# -- test_encoder --------------------------------------------------------------------------------

EACH = 'np.testing.assert_allclose(h_last[n], h, atol=1e-9, err_msg=f"h_last of sentence {n}")'
ALL = 'np.testing.assert_allclose(outputs, expected, atol=1e-9, err_msg="outputs")'
TRUTH = f"""    expected = np.zeros((3, 6, 2))
    for n, length in enumerate(lengths):
        h = h0[n]
        for t in range(length):
            h = expected[n, t] = step(x[n, t], h)
        {EACH}
    {ALL}
"""
TOLD = "outputs, h_last = encode(step, x, h0, lengths)"
AGREES = "np.allclose(h_last[n], h) and np.allclose(outputs[n], expected[n])"


def in_the_loop(what: str) -> list[tuple[str, str]]:
    """What a test does with each sentence, in the place of both comparisons."""
    return [(EACH, what), (f"    {ALL}\n", "")]


def function(head: str, body: str) -> str:
    return f"def {head}:\n" + indent(dedent(body), "    ")


WRONG = {
    "length_mask": {
        "The mask is inverted: True belongs on the real steps.": [
            (MASK, "return np.arange(T) >= lengths[:, None]")
        ],
        "One step too many: steps count from 0, so step number `length` is padding.": [
            (MASK, "return np.arange(T) <= lengths[:, None]")
        ],
        "One step too few: the last real step has number length - 1.": [
            (MASK, "return np.arange(T) < lengths[:, None] - 1")
        ],
        "Steps count from 0, not from 1: the last real one has number length - 1.": [
            (MASK, "return np.arange(1, T + 1) < lengths[:, None]")
        ],
        "Padding stands on the right of the words, not on the left.": [
            (MASK, "return np.arange(T) >= T - lengths[:, None]")
        ],
        "The mask is as wide as the longest sequence: it must have T columns, as the batch has.": [
            (MASK, "return np.arange(lengths.max()) < lengths[:, None]")
        ],
        "The mask must be a NumPy array of True and False (dtype bool).": [
            (MASK, "return (np.arange(T) < lengths[:, None]).astype(float)")
        ],
        "The mask holds integers: it must hold True and False (dtype bool).": [
            (MASK, "return (np.arange(T) < lengths[:, None]).astype(int)")
        ],
        "The mask is transposed: one row for each sequence, one column for each step.": [
            (MASK, "return np.arange(T)[:, None] < lengths")
        ],
        "Every row has the longest length: each sequence has its own.": [
            (MASK, "return np.tile(np.arange(T) < lengths.max(), (len(lengths), 1))")
        ],
        "Every row has the length of the first sequence: each has its own.": [
            (MASK, "return np.tile(np.arange(T) < lengths[0], (len(lengths), 1))")
        ],
        "Only the last real step is True: all real steps must be.": [
            (MASK, "return np.arange(T) == lengths[:, None] - 1")
        ],
        "The rows are sorted by length: keep the order of lengths.": [
            (MASK, "return np.arange(T) < np.sort(lengths)[::-1, None]")
        ],
        "There is one axis too many: the mask is (N, T).": [
            (MASK, "return (np.arange(T) < lengths[:, None])[:, :, None]")
        ],
        "That is a list of lists: return a NumPy array of bool.": [
            (MASK, "return [[t < n for t in range(T)] for n in lengths.tolist()]")
        ],
        "lengths was changed in place: the caller still needs it.": [
            (MASK, "lengths -= 1\n    return np.arange(T) <= lengths[:, None]")
        ],
        "The mask is computed and then dropped: return it.": [
            (MASK, "np.arange(T) < lengths[:, None]")
        ],
        "The mask of an earlier call of the same shape comes back: compute it anew each time.": """_kept = {}


def length_mask(lengths, T):
    return _kept.setdefault((len(lengths), T), np.arange(T) < lengths[:, None])
""",
    },
    "reverse_padded": {
        "The whole row was flipped: the padding must not come first.": [
            (REVERSE, "return x[:, ::-1].copy()")
        ],
        "Nothing was reversed.": [(REVERSE, "return x.copy()")],
        "Off by one: the new step 0 comes from step length - 1, not from step `length`.": [
            (SOURCE, "source = np.where(steps <= last, last + 1 - steps, steps) % x.shape[1]")
        ],
        "One step of padding was turned around as well: the real steps end at length - 1.": [
            (SOURCE, "source = np.where(steps <= last + 1, last + 1 - steps, steps) % x.shape[1]")
        ],
        "The last word stayed in place: it must come first.": [
            (SOURCE, "source = np.where(steps < last, last - 1 - steps, steps)")
        ],
        "The padding became zero; it must stay as it is.": [
            (
                TAKE,
                "return np.where((steps <= last)[:, :, None], "
                "np.take_along_axis(x, source[:, :, None], axis=1), np.zeros_like(x))",
            )
        ],
        "The padding holds copies of a word now; it must stay as it is.": [
            (SOURCE, "source = np.maximum(last - steps, 0)")
        ],
        "The padding was reversed as well; it must stay as it is.": [
            (SOURCE, "source = np.where(steps <= last, last - steps, x.shape[1] + last - steps)")
        ],
        "Every row was reversed with the length of the first; each has its own.": [
            (
                REVERSE,
                "n = lengths[0]\n    return np.concatenate([x[:, :n][:, ::-1], x[:, n:]], axis=1)",
            )
        ],
        "Every row was reversed with the longest length; each has its own.": [
            (
                REVERSE,
                "n = lengths.max()\n    "
                "return np.concatenate([x[:, :n][:, ::-1], x[:, n:]], axis=1)",
            )
        ],
        "The batch was reversed, not time: time is axis 1.": [(REVERSE, "return x[::-1].copy()")],
        "The features were reversed, not time: time is axis 1.": [
            (REVERSE, "return x[:, :, ::-1].copy()")
        ],
        "Time is right, but the features were reversed as well: they keep their order.": [
            (TAKE, TAKE + "[:, :, ::-1]")
        ],
        "The result is as wide as the longest sequence: it must be as wide as x.": [
            (TAKE, TAKE + "[:, :lengths.max()]")
        ],
        "The padding came to the front and the real steps kept their order: it must be the other way round.": [
            (
                REVERSE,
                "return np.stack([np.roll(r[::-1], -(x.shape[1] - n), axis=0) "
                "for r, n in zip(x, lengths)])[:, ::-1]",
            )
        ],
        "The padding has moved to the front: it must stay behind the real steps.": [
            (
                REVERSE,
                "return np.stack([np.concatenate([r[n:], r[:n][::-1]]) "
                "for r, n in zip(x, lengths)])",
            )
        ],
        "x was changed in place: the caller still needs it. Work on a copy.": [
            (
                REVERSE,
                "for n, k in enumerate(lengths):\n        "
                "x[n, :k] = x[n, :k][::-1].copy()\n    return x",
            )
        ],
        "Steps were read after they had been overwritten: read from x, write to a copy.": [
            (
                REVERSE,
                "out = x.copy()\n    for n, k in enumerate(lengths):\n        "
                "for t in range(k):\n            out[n, t] = out[n, k - 1 - t]\n    return out",
            )
        ],
        "The result is always float64: it must keep the dtype of x, float32 as well.": [
            (TAKE, TAKE + ".astype(np.float64)")
        ],
        "The rows are sorted by length: keep the order of the batch.": [
            (TAKE, TAKE + "[np.argsort(lengths)]")
        ],
        "The sequences were run together without their padding: the shape stays (N, T, D).": [
            (REVERSE, "return np.concatenate([r[:n][::-1] for r, n in zip(x, lengths)])")
        ],
        "That is a list of arrays without padding: return one array (N, T, D).": [
            (REVERSE, "return [r[:n][::-1] for r, n in zip(x, lengths)]")
        ],
        "The same array comes back from every call, with other numbers in it: make a new one.": """_kept = {}


def reverse_padded(x, lengths):
    out = _kept.setdefault((x.shape, x.dtype), np.empty_like(x))
    out[...] = x
    for n, length in enumerate(lengths):
        out[n, :length] = x[n, :length][::-1]
    return out
""",
        "Without padding the result is a view of x: return a new array there too.": [
            (
                "    steps, last",
                "    if (lengths == x.shape[1]).all():\n        return x[:, ::-1]\n    steps, last",
            )
        ],
    },
    "bidirectional": {
        "The backward chain has read the padding: reverse within the length.": [
            (BWD, "backward_fn(x[:, ::-1])[:, ::-1]")
        ],
        "The input was flipped as a whole row: the chain reads the padding first. Reverse it within the length.": [
            (BWD, "reverse_padded(backward_fn(x[:, ::-1]), lengths)")
        ],
        "The states were flipped back as whole rows: turn them back within the length.": [
            (BWD, "backward_fn(reverse_padded(x, lengths))[:, ::-1]")
        ],
        "The backward states were not turned back to the original positions.": [
            (BWD, "backward_fn(reverse_padded(x, lengths))")
        ],
        "Reversing the states only helps if the input of backward_fn was reversed too.": [
            (BWD, "reverse_padded(backward_fn(x), lengths)")
        ],
        "The backward chain has read forwards: turn its input around.": [(BWD, "backward_fn(x)")],
        "forward_fn ran in both directions; the backward chain is backward_fn.": [
            ("backward_fn(r", "forward_fn(r")
        ],
        "backward_fn ran in both directions; the forward chain is forward_fn.": [
            ("h_fwd = forward_fn(x)", "h_fwd = backward_fn(x)")
        ],
        "The chains are exchanged: forward_fn reads forwards.": [
            ("h_fwd = forward_fn(x)", "h_fwd = backward_fn(x)"),
            ("backward_fn(reverse", "forward_fn(reverse"),
        ],
        "The halves are swapped: forward comes first.": [
            (BOTH, "np.concatenate([h_bwd, h_fwd], axis=2)")
        ],
        "The padding steps must be 0.": [(ZERO, "return both")],
        "The padding steps must be 0 in both halves; the backward half is not.": [
            (ZERO, "both[..., : h_fwd.shape[2]] *= mask[:, :, None]\n    return both")
        ],
        "The mask is inverted: the padding steps become 0, not the real ones.": [
            ("mask[:, :, None]", "~mask[:, :, None]")
        ],
        "The two directions were added: put them side by side, (N, T, 2H).": [
            (BOTH, "h_fwd + h_bwd")
        ],
        "The two directions were averaged: put them side by side, (N, T, 2H).": [
            (BOTH, "(h_fwd + h_bwd) / 2")
        ],
        "The halves stand one behind the other in time: they belong side by side, along the last axis.": [
            (BOTH, "np.concatenate([h_fwd, h_bwd], axis=1)"),
            (ZERO, "return np.where(np.tile(mask, (1, 2))[:, :, None], both, np.zeros_like(both))"),
        ],
        "There is one axis too many: put the halves side by side along the last axis, (N, T, 2H).": [
            (BOTH, "np.stack([h_fwd, h_bwd], axis=2)"),
            (ZERO, "return np.where(mask[:, :, None, None], both, np.zeros_like(both))"),
        ],
        "The units of the two directions alternate: first all H forward ones, then all H backward ones.": [
            (BOTH, "np.stack([h_fwd, h_bwd], axis=3).reshape(*h_fwd.shape[:2], -1)")
        ],
        "The forward chain has read backwards: it gets x as it is.": [
            ("h_fwd = forward_fn(x)", "h_fwd = forward_fn(reverse_padded(x, lengths))")
        ],
        "The backward chain has read the forward states: both chains read x.": [
            (BWD, BWD.replace("(x,", "(h_fwd,"))
        ],
        "Padding set to zero and then read first still moves the state: reverse within the length.": [
            (
                "h_fwd = forward_fn(x)",
                "x = np.where(length_mask(lengths, x.shape[1])[:, :, None], x, np.zeros_like(x))\n"
                "    h_fwd = forward_fn(x)",
            ),
            (BWD, "backward_fn(x[:, ::-1])[:, ::-1]"),
        ],
        "The result is as wide as the longest sequence: it must be as wide as x.": [
            (ZERO, ZERO + "[:, : lengths.max()]")
        ],
        "The result is always float64: it must keep the dtype, float32 as well.": [
            (ZERO, "return np.where(mask[:, :, None], both, np.zeros(both.shape))")
        ],
        "The padding of x was overwritten: x stays as it is.": [
            (
                "h_fwd = forward_fn(x)",
                "x[~length_mask(lengths, x.shape[1])] = 0\n    h_fwd = forward_fn(x)",
            )
        ],
        "Two arrays were returned: put them side by side in one, (N, T, 2H).": [
            (ZERO, "return h_fwd, h_bwd")
        ],
    },
    "final_states": {
        "This is the last column: padding, or a state that has read one word.": [
            (FINAL, "np.concatenate([h_fwd[:, -1], h_bwd[:, -1]], axis=1)")
        ],
        "The forward half is the last column; for a short sequence that is padding.": [
            ("h_fwd[rows, lengths - 1]", "h_fwd[:, -1]")
        ],
        "The backward half is where that chain begins: it ends at the first step.": [
            ("h_bwd[:, 0]", "h_bwd[rows, lengths - 1]")
        ],
        "The backward half is the last column; that chain ends at the first step.": [
            ("h_bwd[:, 0]", "h_bwd[:, -1]")
        ],
        "Off by one: the last real step has number length - 1, not length - 2.": [
            ("lengths - 1", "lengths - 2")
        ],
        "Off by one: step number `length` is padding already.": [
            ("lengths - 1", "np.minimum(lengths, h_fwd.shape[1] - 1)")
        ],
        "The halves are swapped: forward comes first.": [
            (FINAL, "np.concatenate([h_bwd[:, 0], h_fwd[rows, lengths - 1]], axis=1)")
        ],
        "The first and the last step are exchanged.": [
            (FINAL, "np.concatenate([h_fwd[:, 0], h_bwd[rows, lengths - 1]], axis=1)")
        ],
        "Each half is from the other chain: first the end of h_fwd, then the end of h_bwd.": [
            (FINAL, "np.concatenate([h_bwd[rows, lengths - 1], h_fwd[:, 0]], axis=1)")
        ],
        "The two states were added: put them side by side, (N, 2H).": [
            (FINAL, "h_fwd[rows, lengths - 1] + h_bwd[:, 0]")
        ],
        "That is (2, N, H): put the two states of each sequence side by side, (N, 2H).": [
            (FINAL, "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]])")
        ],
        "The rows are mixed up: (2, N, H) was reshaped. Concatenate along the last axis.": [
            (FINAL, "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]]).reshape(len(rows), -1)")
        ],
        "The units of the two directions alternate: first all H forward ones, then all H backward ones.": [
            (
                FINAL,
                "np.stack([h_fwd[rows, lengths - 1], h_bwd[:, 0]], axis=2).reshape(len(rows), -1)",
            )
        ],
        "The halves stand one below the other: concatenate along axis 1.": [
            (FINAL, "np.concatenate([h_fwd[rows, lengths - 1], h_bwd[:, 0]])")
        ],
        "Every forward state is from the last step of the longest sequence: each has its own length.": [
            ("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths.max() - 1]")
        ],
        "Every forward state is from the last step of the first sequence: each has its own length.": [
            ("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths[0] - 1]")
        ],
        "Every row has the backward state of the first sequence.": [
            ("h_bwd[:, 0]", "np.tile(h_bwd[0, 0], (len(rows), 1))")
        ],
        "That is a mean over time: pick one state of each direction.": [
            (FINAL, "np.concatenate([h_fwd.mean(1), h_bwd.mean(1)], axis=1)")
        ],
        "h_fwd[:, columns] picks N steps from each row: index rows and columns together.": [
            ("h_fwd[rows, lengths - 1]", "h_fwd[:, lengths - 1].mean(axis=1)")
        ],
        "h_bwd is at the original positions already: do not turn it around again.": [
            ("h_bwd[:, 0]", "h_bwd[:, ::-1][rows, h_bwd.shape[1] - lengths]")
        ],
        "The result is always float64: it must keep the dtype, float32 as well.": [
            (FINAL, FINAL + ".astype(np.float64)")
        ],
        "There is one axis too many: the result is (N, 2H).": [(FINAL, FINAL + "[:, None]")],
        "h_fwd was changed in place: the caller still needs it.": [
            (FINAL, "h_fwd"),
            (
                "return h_fwd",
                "for n, k in enumerate(lengths):\n        h_fwd[n, k:] = h_fwd[n, k - 1]\n    "
                "return np.concatenate([h_fwd[:, -1], h_bwd[:, 0]], axis=1)",
            ),
        ],
        "An axis of length 1 is squeezed away: the result keeps its two axes, (N, 2H).": [
            (
                "return np.concatenate([h_fwd[rows, lengths - 1], h_bwd[:, 0]], axis=1)",
                "return np.concatenate([h_fwd[rows, lengths - 1], h_bwd[:, 0]], axis=1).squeeze()",
            )
        ],
    },
    "BiLSTM": wrong_modules("BiLSTM"),
    "BiGRU": wrong_modules("BiGRU"),
    "test_encoder": {
        "It never fails: nothing is asserted.": [(TRUTH, "")],
        "It always fails, on right encoders too.": [(TRUTH, "    assert False\n")],
        "It returns False: a test speaks by raising an AssertionError.": in_the_loop(
            f"if not ({AGREES}):\n            return False"
        ),
        "It prints that something is wrong: a test speaks by raising an AssertionError.": in_the_loop(
            f"if not ({AGREES}):\n            print(n, 'is wrong')"
        ),
        "It looks at shapes alone: wrong states have the right shapes.": [
            (TRUTH, "    assert outputs.shape == (3, 6, 2) and h_last.shape == (3, 2)\n")
        ],
        "It asks only whether the padding is zero: the states can be wrong as well.": [
            (
                TRUTH,
                "    for n, length in enumerate(lengths):\n        assert not outputs[n, length:].any()\n",
            )
        ],
        "It looks at outputs alone: h_last can be wrong as well.": [(f"        {EACH}\n", "")],
        "It looks at the real steps alone: outputs must be 0 at the others.": in_the_loop(
            "assert np.allclose(h_last[n], h)\n"
            "        assert np.allclose(outputs[n, :length], expected[n, :length])"
        ),
        "It looks at h_last alone: outputs can be wrong as well.": [(f"    {ALL}\n", "")],
        "It compares h_last with the encoder's own outputs: both can be wrong.": [
            (
                TRUTH,
                "    for n, length in enumerate(lengths):\n"
                "        assert np.allclose(h_last[n], outputs[n, length - 1])\n"
                "        assert not outputs[n, length:].any()\n",
            )
        ],
        "It compares the encoder with itself, one sentence at a time: both can start from zeros.": [
            (
                TRUTH,
                "    for n, length in enumerate(lengths):\n"
                "        one, last = encode(step, x[n : n + 1, :length], h0[n : n + 1], lengths[n : n + 1])\n"
                "        assert np.allclose(outputs[n, :length], one[0]) and np.allclose(h_last[n], last[0])\n"
                "        assert not outputs[n, length:].any()\n",
            )
        ],
        "The first sentence alone is compared: look at every row.": in_the_loop(
            f"assert n > 0 or {AGREES}"
        ),
        "The tolerance is so wide that nearly everything passes.": [
            (EACH, EACH.replace("1e-9", "3")),
            (ALL, ALL.replace("1e-9", "3")),
        ],
        "The tolerance is so wide that small mistakes pass.": [
            (EACH, EACH.replace("1e-9", "0.3")),
            (ALL, ALL.replace("1e-9", "0.3")),
        ],
        "The last sentence alone is compared: look at every row.": in_the_loop(
            f"assert n < 2 or {AGREES}"
        ),
        "Sums over the sentences are compared: states in each other's place go unseen.": [
            (EACH, "total = (total if n else 0) + h"),
            (
                ALL,
                "np.testing.assert_allclose(h_last.sum(axis=0), total)\n"
                "    np.testing.assert_allclose(outputs.sum(axis=0), expected.sum(axis=0))",
            ),
        ],
        "Two ways to compute differ in the last digits: compare with a tolerance, not with ==.": in_the_loop(
            "assert (h_last[n] == h).all() and (outputs[n] == expected[n]).all()"
        ),
        "Nothing is padded: a batch with sentences of one length hides the mistake.": [
            ("np.array([3, 5, 1])", "np.array([6, 6, 6])")
        ],
        "There is one sentence alone, without padding: there every encoder works.": [
            ("np.array([3, 5, 1])", "np.array([6])"),
            ("size=(3, 6, 2)", "size=(1, 6, 2)"),
            ("size=(3, 2)", "size=(1, 2)"),
            ("np.zeros((3, 6, 2))", "np.zeros((1, 6, 2))"),
        ],
        "h0 is zero: an encoder that never uses it goes unseen.": [
            ("rng.normal(size=(3, 2))", "np.zeros((3, 2))")
        ],
        "The padding is zero: an encoder that takes zeros for the end of a sentence goes unseen.": [
            (TOLD, "x[np.arange(6) >= lengths[:, None]] = 0\n    " + TOLD)
        ],
        "The colleague's name is written in it: call the encoder that is handed in.": [
            ("= encode(step", "= rewritten(step")
        ],
    },
    "encode_batch": {
        "The padding was read: a sentence ends at its own length.": [
            (FREEZE, "h = step_fn(x[:, t], h)"),
            (APPEND, "outputs.append(h)"),
        ],
        "h_last is the state after the padding: an ended sentence must keep its state.": [
            (FREEZE, "h = step_fn(x[:, t], h)"),
        ],
        "An ended sentence's state shows in the padding; outputs must be 0 there.": [
            (APPEND, "outputs.append(h)")
        ],
        "The state is set to 0 in the padding and then read on: an ended sentence keeps its state.": [
            (FREEZE, "h = step_fn(x[:, t], np.where(real, h, np.zeros_like(h)))"),
            (APPEND, "outputs.append(h)"),
        ],
        "The state of an ended sentence must be kept, not set to 0.": [
            (FREEZE, "h = np.where(real, step_fn(x[:, t], h), np.zeros_like(h))")
        ],
        "A step with a zero input is still a step: an ended sentence must keep its state.": [
            (FREEZE, "h = step_fn(np.where(real, x[:, t], np.zeros_like(x[:, t])), h)")
        ],
        "Off by one: step number `length` is padding already.": [
            (REAL, "real = (t <= lengths)[:, None]")
        ],
        "Off by one: the last real step has number length - 1.": [
            (REAL, "real = (t < lengths - 1)[:, None]")
        ],
        "The mask is inverted: steps count where t < length, the state is kept elsewhere.": [
            (REAL, "real = (t >= lengths)[:, None]")
        ],
        "h0 is not used: the first step starts from it.": [
            ("h, outputs = h0, []", "h, outputs = np.zeros_like(h0), []")
        ],
        "An ended sentence goes back to h0: it must keep its state.": [
            (FREEZE, "h = np.where(real, step_fn(x[:, t], h), h0)")
        ],
        "h_last is the last column of outputs: at padding that is 0.": [
            (LAST, "outputs = np.stack(outputs, axis=1)\n    return outputs, outputs[:, -1]")
        ],
        "h_last is the state after the first step: it is the one after the last real step.": [
            (LAST, "outputs = np.stack(outputs, axis=1)\n    return outputs, outputs[:, 0]")
        ],
        "outputs has time first: it must be (N, T, H).": [(LAST, "return np.stack(outputs), h")],
        "The results are exchanged: outputs first, then h_last.": [
            (LAST, "return h, np.stack(outputs, axis=1)")
        ],
        "h_last is missing: return outputs and h_last.": [
            (LAST, "return np.stack(outputs, axis=1)")
        ],
        "outputs begins with h0: it must begin with the state after the first step.": [
            ("h, outputs = h0, []", "h, outputs = h0, [h0]"),
            (LAST, "return np.stack(outputs[:-1], axis=1), h"),
        ],
        "The loop stops at the shortest sentence: the longer ones go on.": [
            ("range(x.shape[1])", "range(lengths.min())"),
            (LAST, "outputs += [np.zeros_like(h)] * (x.shape[1] - len(outputs))\n    " + LAST),
        ],
        "The loop stops at the length of the first sentence: longer ones go on.": [
            ("range(x.shape[1])", "range(lengths[0])"),
            (LAST, "outputs += [np.zeros_like(h)] * (x.shape[1] - len(outputs))\n    " + LAST),
        ],
        "outputs is as wide as the longest sentence: it must be as wide as x.": [
            ("range(x.shape[1])", "range(lengths.max())")
        ],
        "h0 was changed in place: the caller still needs it.": [
            (FREEZE, "h[real[:, 0]] = step_fn(x[:, t], h)[real[:, 0]]"),
            (APPEND, "outputs.append(h * real)"),
        ],
        "All outputs are the same array, overwritten at each step: append a copy.": [
            ("h, outputs = h0, []", "h, outputs = h0.copy(), []"),
            (FREEZE, "h[real[:, 0]] = step_fn(x[:, t], h)[real[:, 0]]"),
            (APPEND, "outputs.append(h)"),
            (LAST, "return np.stack(outputs, axis=1), h"),
        ],
        "Padding was found by its zeros: a word may be 0 and padding may be anything. Use lengths.": [
            (REAL, "real = (x[:, t] != 0).any(axis=1)[:, None]")
        ],
        "The results are always float64: they must keep the dtype, float32 as well.": [
            (LAST, "return np.stack(outputs, axis=1).astype(float), h.astype(float)")
        ],
        "Every sentence was read up to the longest length: each has its own.": [
            (REAL, "real = np.full((len(x), 1), t < lengths.max())")
        ],
        "The states of an earlier call of the same shape come back: compute them anew.": [
            ("def encode_batch(", "_kept = {}\n\n\ndef encode_batch("),
            (
                "    return np.stack(outputs, axis=1), h",
                "    return _kept.setdefault(x.shape, (np.stack(outputs, axis=1), h))",
            ),
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
    "test_encoder": {
        "np.allclose": in_the_loop(f"assert {AGREES}, n"),
        "own error": in_the_loop(f"if not ({AGREES}):\n            raise ValueError(n)"),
        "all complaints at once": [
            ("    expected = np", "    bad = []\n    expected = np"),
            (EACH, f"bad += [] if {AGREES} else [n]"),
            (ALL, "assert not bad, bad"),
        ],
        "by hand": """def test_encoder(encode):
    x = np.array([[[10, 0], [5, 5]] + 2 * [[9, 9]], [[1, 2], [3, 4], [5, 6], [7, 8]], [[2, 2]] + 3 * [[4, 4]]])
    h0 = np.array([[1, 0], [0, 1], [1, 1]])
    outputs, h_last = encode(lambda x, h: x + h, x, h0, np.array([2, 4, 1]))
    assert outputs[0].tolist() == [[11, 0], [16, 5], [0, 0], [0, 0]]
    assert outputs[1].tolist() == [[1, 3], [4, 7], [9, 13], [16, 21]]
    assert outputs[2].tolist() == [[3, 3], [0, 0], [0, 0], [0, 0]]
    assert h_last.tolist() == [[16, 5], [16, 21], [3, 3]]
""",
        "nan in the padding": [(TOLD, "x[np.arange(6) >= lengths[:, None]] = np.nan\n    " + TOLD)],
        "many batches": """def test_encoder(encode):
    rng = np.random.default_rng()
    for N, T, D, H in [(4, 5, 2, 3), (5, 7, 1, 2), (6, 4, 3, 1)]:
        W, U, b = rng.normal(size=(D, H)), rng.normal(size=(H, H)), rng.normal(size=H)
        step = lambda x, h: np.tanh(x @ W + h @ U + b)
        lengths = rng.permutation(np.r_[1, T, rng.integers(1, T, N - 2)])
        x, h0 = 2 * rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
        outputs, h_last = encode(step, x, h0, lengths)
        for n, length in enumerate(lengths):
            h = h0[n : n + 1]
            for t in range(T):
                h = step(x[n : n + 1, t], h) if t < length else h
                assert np.allclose(outputs[n, t], h if t < length else 0, atol=1e-6)
            assert np.allclose(h_last[n], h, atol=1e-6)
""",
        "PyTorch's packed layer": """def test_encoder(encode):
    torch.manual_seed(0)
    layer, lengths = nn.GRU(3, 4, batch_first=True).double(), torch.tensor([2, 5, 3, 1])
    cell = nn.GRUCell(3, 4).double()
    cell.load_state_dict({name[:-3]: p for name, p in layer.named_parameters()})
    x, h0 = torch.randn(4, 6, 3, dtype=torch.float64), torch.randn(4, 4, dtype=torch.float64)
    with torch.no_grad():
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states, last = layer(packed, h0[None])
        states = pad_packed_sequence(states, batch_first=True, total_length=6)[0]
    found = encode(figures.as_step(cell), x.numpy(), h0.numpy(), lengths.numpy())
    assert np.allclose(found[0], states) and np.allclose(found[1], last[0])
""",
    },
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

MODULES_SAY = {
    "The state of the last call is kept: each call starts from zero states.": "second call",
    "One bias gets no gradient: every parameter must learn.": "no gradient",
    "Only a batch sorted by length is accepted: lengths may come in any order.": "sorted",
    "There is one direction only: two chains are needed.": "chains, each with its own",
    "The results are always float64: they must keep the dtype of x.": "float32",
    "LSTM and GRU are exchanged: look at the name of the module.": "chains, each with its own",
    "One chain reads both ways: each direction needs its own weights.": "chains, each with its own",
    "The backward chain gets a detached input: the gradient must reach x through both chains.": "no gradient",
    "The input went through NumPy: no gradient comes back from there. Stay in tensors.": "no gradient",
    "The padding of x was overwritten: x stays as it is.": "in place",
}

SAYS = {
    "length_mask": {
        "lengths was changed in place: the caller still needs it.": "in place",
        "The mask is computed and then dropped: return it.": "returned None",
    },
    "reverse_padded": {
        "x was changed in place: the caller still needs it. Work on a copy.": "in place",
        "The result is always float64: it must keep the dtype of x, float32 as well.": "float32",
    },
    "bidirectional": {
        "The result is always float64: it must keep the dtype, float32 as well.": "float32",
        "The padding of x was overwritten: x stays as it is.": "in place",
    },
    "final_states": {
        "The result is always float64: it must keep the dtype, float32 as well.": "float32",
        "h_fwd was changed in place: the caller still needs it.": "in place",
    },
    "BiLSTM": MODULES_SAY,
    "BiGRU": MODULES_SAY,
    "test_encoder": {
        "The tolerance is so wide that small mistakes pass.": "nine tenths",
        "The last sentence alone is compared: look at every row.": "each other's states",
        "Sums over the sentences are compared: states in each other's place go unseen.": "each other's states",
        "It never fails: nothing is asserted.": "passes on the colleague's encoder",
        "It always fails, on right encoders too.": "fails on a right encoder",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Two ways to compute differ in the last digits: compare with a tolerance, not with ==.": "adds up the changes",
        "It looks at outputs alone: h_last can be wrong as well.": "last column of outputs as h_last",
        "It looks at h_last alone: outputs can be wrong as well.": "go on with the last state",
        "h0 is zero: an encoder that never uses it goes unseen.": "starts from zeros",
        "The padding is zero: an encoder that takes zeros for the end of a sentence goes unseen.": "whose input is not zero",
        "The first sentence alone is compared: look at every row.": "the length of the first",
        "Nothing is padded: a batch with sentences of one length hides the mistake.": "passes on the colleague's encoder",
    },
    "encode_batch": {
        "h_last is missing: return outputs and h_last.": "2 values",
        "h0 was changed in place: the caller still needs it.": "in place",
        "The results are always float64: they must keep the dtype, float32 as well.": "float32",
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
        "one slip": (wrong["The halves of h_n are swapped: forward comes first."], 0.5, 0.95),
        "point missed": (
            wrong["The lengths are not used: both chains have read the padding."],
            0.0,
            0.45,
        ),
    }


TYPICAL = {
    "length_mask": {
        "nothing": ([(MASK, "return np.zeros((len(lengths), T), dtype=bool)")], 0.0, 0.0),
        "one slip": (
            WRONG["length_mask"][
                "The mask is as wide as the longest sequence: it must have T columns, as the batch has."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            WRONG["length_mask"]["The mask is inverted: True belongs on the real steps."],
            0.0,
            0.45,
        ),
    },
    "reverse_padded": {
        "nothing": ([(REVERSE, "return x.copy()")], 0.0, 0.0),
        "one slip": (
            WRONG["reverse_padded"]["The padding became zero; it must stay as it is."],
            0.5,
            0.95,
        ),
        "point missed": (
            WRONG["reverse_padded"]["The whole row was flipped: the padding must not come first."],
            0.0,
            0.45,
        ),
    },
    "bidirectional": {
        "nothing": ([(ZERO, "return np.zeros_like(both)")], 0.0, 0.0),
        "one slip": (WRONG["bidirectional"]["The padding steps must be 0."], 0.5, 0.95),
        "point missed": (
            WRONG["bidirectional"][
                "The backward chain has read the padding: reverse within the length."
            ],
            0.0,
            0.45,
        ),
    },
    "final_states": {
        "nothing": ([(FINAL, "np.zeros_like(np.concatenate([h_fwd, h_bwd], 2)[:, 0])")], 0.0, 0.0),
        "one slip": (
            WRONG["final_states"][
                "The forward half is the last column; for a short sequence that is padding."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            WRONG["final_states"][
                "This is the last column: padding, or a state that has read one word."
            ],
            0.0,
            0.45,
        ),
    },
    "BiLSTM": typical_modules("BiLSTM"),
    "BiGRU": typical_modules("BiGRU"),
    "test_encoder": {
        "nothing": ([(TRUTH, "")], 0.0, 0.0),
        "one slip": (
            WRONG["test_encoder"]["h0 is zero: an encoder that never uses it goes unseen."],
            0.8,
            0.95,
        ),
        "point missed": (
            WRONG["test_encoder"][
                "Nothing is padded: a batch with sentences of one length hides the mistake."
            ],
            0.0,
            0.49,
        ),
    },
    "encode_batch": {
        "nothing": (
            WRONG["encode_batch"]["The padding was read: a sentence ends at its own length."],
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["encode_batch"][
                "An ended sentence's state shows in the padding; outputs must be 0 there."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            WRONG["encode_batch"][
                "h_last is the state after the padding: an ended sentence must keep its state."
            ],
            0.0,
            0.45,
        ),
    },
}
