"""Wrong and right variants of the functions of ``02_lstm/lstm.ipynb``."""

import itertools

SPLIT = "i, f, g, o = np.split(x @ W_x + h_prev @ W_h + b, 4, axis=1)"
STEP_SIGNATURE = "def lstm_step(x, h_prev, c_prev, W_x, W_h, b):\n"
SEQUENCE = "for t in range(x.shape[1]):"

LOOP_STEP = (
    STEP_SIGNATURE
    + """
    N, H = h_prev.shape
    h, c = np.empty_like(h_prev), np.empty_like(c_prev)
    gates = np.empty((N, 4 * H), dtype=h_prev.dtype)
    for n in range(N):
        for k in range(4 * H):
            a = x[n] @ W_x[:, k] + h_prev[n] @ W_h[:, k] + b[k]
            gates[n, k] = np.tanh(a) if 2 * H <= k < 3 * H else sigmoid(a)
        for j in range(H):
            c[n, j] = gates[n, H + j] * c_prev[n, j] + gates[n, j] * gates[n, 2 * H + j]
            h[n, j] = gates[n, 3 * H + j] * np.tanh(c[n, j])
    i, f, g, o = np.split(gates, 4, axis=1)
    return h, c, (x, h_prev, c_prev, W_x, W_h, i, f, g, o, np.tanh(c))
"""
)

JOINED_STEP = (
    STEP_SIGNATURE
    + """
    H = h_prev.shape[1]
    z = np.concatenate([x, h_prev], axis=1)
    W = np.concatenate([W_x, W_h], axis=0)
    a = z @ W + b
    s = lambda v: (1 / (1 + np.exp(-v.astype(np.float64)))).astype(v.dtype)
    i, f, o = s(a[:, :H]), s(a[:, H:2 * H]), s(a[:, 3 * H:])
    g = np.tanh(a[:, 2 * H:3 * H])
    c = i * g
    c += f * c_prev
    h = np.tanh(c) * o
    return [h, c, (x, h_prev, c_prev, W_x, W_h, i, f, g, o, np.tanh(c))]
"""
)

EINSUM_STEP = (
    STEP_SIGNATURE
    + """
    a = np.einsum("nd,dk->nk", x, W_x) + np.einsum("nh,hk->nk", h_prev, W_h) + b[None]
    a = a.reshape(len(x), 4, -1)
    i, f, g, o = sigmoid(a[:, 0]), sigmoid(a[:, 1]), np.tanh(a[:, 2]), sigmoid(a[:, 3])
    c = f * c_prev + i * g
    return o * np.tanh(c), c, (x, h_prev, c_prev, W_x, W_h, i, f, g, o, np.tanh(c))
"""
)

PREALLOCATED_FORWARD = """
def lstm_forward(x, h0, c0, W_x, W_h, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h, c = np.zeros((N, T, H), dtype=x.dtype), np.zeros((N, T, H), dtype=x.dtype)
    cache = []
    for t in range(T):
        before = (h0, c0) if t == 0 else (h[:, t - 1], c[:, t - 1])
        h[:, t], c[:, t], one = lstm_step(x[:, t], *before, W_x, W_h, b)
        cache.append(one)
    return h, c, cache
"""

TRANSPOSED_FORWARD = """
def lstm_forward(x, h0, c0, W_x, W_h, b):
    states, cache = [(h0, c0)], []
    for row in x.transpose(1, 0, 2):
        h, c, one = lstm_step(row, *states[-1], W_x, W_h, b)
        states.append((h, c))
        cache.append(one)
    h = np.array([s[0] for s in states[1:]]).transpose(1, 0, 2)
    c = np.array([s[1] for s in states[1:]]).swapaxes(0, 1)
    return h, c, cache
"""

ALONE_GATES = """
def lstm_gates(x, h0, c0, W_x, W_h, b):
    N, T, _ = x.shape
    H = h0.shape[1]
    gates = {k: np.empty((N, T, H), dtype=x.dtype) for k in "ofgi"}
    h, c = h0.copy(), c0.copy()
    for t in range(T):
        a = x[:, t] @ W_x + h @ W_h + b
        for k, name in enumerate("ifgo"):
            part = a[:, k * H : (k + 1) * H]
            gates[name][:, t] = np.tanh(part) if name == "g" else sigmoid(part)
        c = gates["f"][:, t] * c + gates["i"][:, t] * gates["g"][:, t]
        h = gates["o"][:, t] * np.tanh(c)
    return gates
"""

FORWARD_GATES = """
def lstm_gates(x, h0, c0, W_x, W_h, b):
    h, _, _ = lstm_forward(x, h0, c0, W_x, W_h, b)
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    i, f, g, o = np.split(x @ W_x + before @ W_h + b, 4, axis=-1)
    return dict(i=sigmoid(i), f=sigmoid(f), g=np.tanh(g), o=sigmoid(o))
"""

PER_GATE_BACKWARD = """
def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c = cache
    H = dh.shape[1]
    total = dc + dh * o * (1 - tanh_c * tanh_c)
    parts = [total * g * i * (1 - i), total * c_prev * f * (1 - f), total * i * (1 - g * g), dh * tanh_c * o * (1 - o)]
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_x[0])
    for k, da in enumerate(parts):
        cut = slice(k * H, (k + 1) * H)
        dx += da @ W_x[:, cut].T
        dh_prev += da @ W_h[:, cut].T
        dW_x[:, cut], dW_h[:, cut], db[cut] = x.T @ da, h_prev.T @ da, da.sum(axis=0)
    return dx, dh_prev, total * f, dW_x, dW_h, db
"""

EINSUM_BACKWARD = """
def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c = cache
    dc = dc + dh * o * (1 - tanh_c**2)
    da = [dc * g * (i - i**2), dc * c_prev * (f - f**2), dc * i * (1 - g**2), dh * tanh_c * (o - o**2)]
    da = np.hstack(da)
    return (np.einsum("nk,dk->nd", da, W_x), np.einsum("nk,hk->nh", da, W_h), f * dc,
            np.einsum("nd,nk->dk", x, da), np.einsum("nh,nk->hk", h_prev, da), np.ones(len(x), dtype=x.dtype) @ da)
"""

PREALLOCATED_BACKWARD = """
def lstm_backward(dh, dc, cache):
    N, T, H = dh.shape
    dW_x = dW_h = db = 0
    later_h, later_c = np.zeros((N, H), dtype=dh.dtype), np.zeros((N, H), dtype=dh.dtype)
    dx = None
    for t in range(T - 1, -1, -1):
        step = lstm_step_backward(dh[:, t] + later_h, dc[:, t] + later_c, cache[t])
        if dx is None:
            dx = np.zeros((N, T, step[0].shape[1]), dtype=dh.dtype)
        dx[:, t], later_h, later_c = step[:3]
        dW_x, dW_h, db = dW_x + step[3], dW_h + step[4], db + step[5]
    return dx, later_h, later_c, dW_x, dW_h, db
"""

LISTS_BACKWARD = """
def lstm_backward(dh, dc, cache):
    steps, to_h, to_c = [], 0.0, 0.0
    for g_h, g_c, one in zip(dh.swapaxes(0, 1)[::-1], dc.swapaxes(0, 1)[::-1], cache[::-1]):
        steps.insert(0, lstm_step_backward(g_h + to_h, g_c + to_c, one))
        to_h, to_c = steps[0][1], steps[0][2]
    sums = [np.sum([s[k] for s in steps], axis=0) for k in (3, 4, 5)]
    return (np.stack([s[0] for s in steps], axis=1), to_h, to_c, *sums)
"""

BLOCKS_INIT = """
def init_lstm(D, H, rng, forget_bias=1.0):
    def draw(n):
        return np.concatenate([rng.standard_normal((n, H)) * (2 / (n + H)) ** 0.5 for _ in "ifgo"], axis=1)
    W_h, W_x = draw(H), draw(D)
    return W_x, W_h, np.concatenate([np.zeros(H), np.full(H, float(forget_bias)), np.zeros(2 * H)])
"""

EXACT_INIT = """
def init_lstm(D, H, rng, forget_bias=1.0):
    W_x = rng.normal(0, np.sqrt(2.0 / (D + H)), (4 * H, D)).T.copy()
    W_h = rng.normal(0, 1 / np.sqrt(H), (4, H, H)).transpose(1, 0, 2).reshape(H, 4 * H)
    return W_x, W_h, np.repeat(np.array([0.0, forget_bias, 0.0, 0.0]), H)
"""

MODULE_HEAD = """
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.H, self.L = hidden_size, num_layers
"""

LINEAR_MODULE = (
    MODULE_HEAD
    + """
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList([nn.ModuleDict({"from_x": nn.Linear(d, 4 * hidden_size), "from_h": nn.Linear(hidden_size, 4 * hidden_size)}) for d in sizes])

    def forward(self, x, state=None):
        N, T, _ = x.shape
        if state is None:
            state = torch.zeros(2, self.L, N, self.H, dtype=x.dtype, device=x.device)
        h0, c0 = state
        hs, cs = [], []
        for k, cell in enumerate(self.cells):
            h, c, out = h0[k], c0[k], []
            for t in range(T):
                i, f, g, o = torch.split(cell["from_x"](x[:, t]) + cell["from_h"](h), self.H, dim=-1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                out.append(h)
            x = torch.stack(out, 1)
            hs.append(h)
            cs.append(c)
        return x, (torch.stack(hs), torch.stack(cs))
"""
)

CELLS_MODULE = (
    MODULE_HEAD
    + """
        self.cells = nn.ModuleList([OneCell(input_size if k == 0 else hidden_size, hidden_size) for k in range(num_layers)])

    def forward(self, x, state=None):
        if state is None:
            zeros = [x.new_zeros(x.size(0), self.H) for _ in range(self.L)]
            h, c = list(zeros), list(zeros)
        else:
            h, c = list(state[0].unbind(0)), list(state[1].unbind(0))
        out = []
        for row in x.unbind(1):
            for k, cell in enumerate(self.cells):
                h[k], c[k] = cell(row, h[k], c[k])
                row = h[k]
            out.append(row)
        return torch.stack(out, dim=1), (torch.stack(h), torch.stack(c))


class OneCell(nn.Module):
    def __init__(self, D, H):
        super().__init__()
        self.W_x = nn.Parameter(torch.randn(D, 4 * H) * 0.1)
        self.W_h = nn.Parameter(torch.randn(H, 4 * H) * 0.1)
        self.b = nn.Parameter(torch.zeros(4 * H))

    def forward(self, x, h, c):
        i, f, g, o = torch.chunk(x @ self.W_x + h @ self.W_h + self.b, 4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
"""
)

LISTS_MODULE = (
    LINEAR_MODULE.replace(
        'self.cells = nn.ModuleList([nn.ModuleDict({"from_x": nn.Linear(d, 4 * hidden_size), '
        '"from_h": nn.Linear(hidden_size, 4 * hidden_size)}) for d in sizes])',
        "self.ih = nn.ModuleList([nn.Linear(d, 4 * hidden_size) for d in sizes])\n"
        "        self.hh = nn.ModuleList([nn.Linear(hidden_size, 4 * hidden_size) for _ in sizes])",
    )
    .replace("for k, cell in enumerate(self.cells):", "for k in range(self.L):")
    .replace('cell["from_x"]', "self.ih[k]")
    .replace('cell["from_h"]', "self.hh[k]")
)

BUFFER_MODULE = [
    (
        "h, c, outputs = state[0][k], state[1][k], []",
        "h, c, outputs = state[0][k], state[1][k], torch.empty(x.shape[0], x.shape[1], self.hidden_size, dtype=x.dtype, device=x.device)",
    ),
    ("outputs.append(h)", "outputs[:, t] = h"),
    ("x = torch.stack(outputs, dim=1)", "x = outputs"),
]

BUG_COPY = [("da[gate].sum(axis=0)", "da['f'].sum(axis=0)")]
BUG_CUT = [('dc_next = dc * s["f"]', 'dc_prev = dc * s["f"]')]

MATRIX_REPAIR = """
def repaired_backward(dh, record, W):
    N, T, H = dh.shape
    order = ["o", "g", "f", "i"]
    big = np.concatenate([W[k] for k in order], axis=1)
    dW, db, back_h, back_c = 0, 0, 0, 0
    for t in range(T - 1, -1, -1):
        s, g_h = record[t], dh[:, t] + back_h
        t_c = np.tanh(s["c"])
        g_c = back_c + g_h * s["o"] * (1 - t_c**2)
        da = np.concatenate([g_h * t_c * s["o"] * (1 - s["o"]), g_c * s["i"] * (1 - s["g"] ** 2),
                             g_c * s["c_prev"] * s["f"] * (1 - s["f"]), g_c * s["g"] * s["i"] * (1 - s["i"])], axis=1)
        dW, db = dW + s["z"].T @ da, db + da.sum(0)
        back_h, back_c = (da @ big.T)[:, -H:], g_c * s["f"]
    return dict(zip(order, np.split(dW, 4, axis=1))), dict(zip(order, np.split(db, 4)))
"""

LAST_STEP = [("for t in reversed(range(dh.shape[1])):", "for t in [dh.shape[1] - 1]:")]

WRONG = {
    "lstm_step": {
        **{
            f"order {' '.join(p)}": [(SPLIT, SPLIT.replace("i, f, g, o", ", ".join(p)))]
            for p in itertools.permutations("ifgo")
            if p != tuple("ifgo")
        },
        "gates interleaved": [
            (SPLIT, "a = x @ W_x + h_prev @ W_h + b; i, f, g, o = (a[:, k::4] for k in range(4))")
        ],
        "h without tanh": [("h = o * tanh_c", "h = o * c")],
        "candidate with sigmoid": [("np.tanh(g)", "sigmoid(g)")],
        "h_prev unused": [(" + h_prev @ W_h", "")],
        "bias missing": [(" @ W_h + b", " @ W_h")],
        "bias twice": [(" @ W_h + b", " @ W_h + 2 * b")],
        "c_prev unused": [("f * c_prev + ", "")],
        "forget gate upside down": [("f * c_prev", "(1 - f) * c_prev")],
        "coupled gates": [("+ i * g", "+ (1 - f) * g")],
        "input gate missing": [("+ i * g", "+ g")],
        "tanh of c carried": [("c = f * c_prev + i * g", "c = np.tanh(f * c_prev + i * g)")],
        "output from the old cell": [("tanh_c = np.tanh(c)", "tanh_c = np.tanh(c_prev)")],
        "h and c swapped": [("return h, c,", "return c, h,")],
        "float64 forced": [("c = f * c_prev", "c = f.astype(np.float64) * c_prev")],
        "changes c_prev": [("c = f * c_prev + i * g", "c = c_prev; c *= f; c += i * g")],
        "overflows": [
            (
                "i, f, g, o = sigmoid(i),",
                "e = lambda z: np.exp(z) / (1 + np.exp(z)); i, f, g, o = e(i),",
            )
        ],
        "memory by shape": [
            (
                "    i, f, g, o = np.split",
                "    kept = lstm_step.__dict__\n    if x.shape in kept:\n        return kept[x.shape]\n    i, f, g, o = np.split",
            ),
            ("return h, c, (x", "kept[x.shape] = h, c, (x"),
            ("i, f, g, o, tanh_c)", "i, f, g, o, tanh_c)\n    return kept[x.shape]"),
        ],
        "no cache": [
            ("return h, c, (x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c)", "return h, c")
        ],
    },
    "lstm_forward": {
        "h not carried": [("x[:, t], h, c,", "x[:, t], h0, c,")],
        "c not carried": [("x[:, t], h, c,", "x[:, t], h, c0,")],
        "nothing carried": [("x[:, t], h, c,", "x[:, t], h0, c0,")],
        "h0 ignored": [("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = 0 * h0, c0,")],
        "c0 ignored": [("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = h0, 0 * c0,")],
        "states ignored": [
            ("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = 0 * h0, 0 * c0,")
        ],
        "states swapped": [("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = c0, h0,")],
        "time first": [("axis=1)", "axis=0)")],
        "last step only": [("return np.stack(hs, axis=1), np.stack(cs, axis=1)", "return h, c")],
        "backwards": [(SEQUENCE, "for t in reversed(range(x.shape[1])):")],
        "one step short": [(SEQUENCE, "for t in range(x.shape[1] - 1):")],
        "loops over the batch": [(SEQUENCE, "for t in range(x.shape[0]):")],
        "h and c swapped": [
            (
                "np.stack(hs, axis=1), np.stack(cs, axis=1)",
                "np.stack(cs, axis=1), np.stack(hs, axis=1)",
            )
        ],
        "initial state included": [
            ("[], [], []", "[h0], [c0], []"),
            (
                "np.stack(hs, axis=1), np.stack(cs, axis=1)",
                "np.stack(hs[:-1], axis=1), np.stack(cs[:-1], axis=1)",
            ),
        ],
        "c is the last only, repeated": [
            ("np.stack(cs, axis=1)", "np.stack([c] * len(cs), axis=1)")
        ],
        "float64 forced": [("np.stack(hs, axis=1)", "np.stack(hs, axis=1).astype(float)")],
        "changes h0": [("hs.append(h)", "hs.append(h); h0 *= 0.5")],
    },
    "lstm_gates": {
        "pre-activations": [("sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)", "i, f, g, o")],
        "g with sigmoid": [("np.tanh(g)", "sigmoid(g)")],
        "g without tanh": [("np.tanh(g)", "g")],
        "order f i g o": [('enumerate("ifgo")', 'enumerate("figo")')],
        "order i f o g": [("i, f, g, o = np.split", "i, f, o, g = np.split")],
        "h not carried": [
            ("h, c, _ = lstm_step(x[:, t], h, c,", "_, c, _ = lstm_step(x[:, t], h, c,")
        ],
        "c not carried": [
            ("h, c, _ = lstm_step(x[:, t], h, c,", "h, _, _ = lstm_step(x[:, t], h, c,")
        ],
        "h0 ignored": [("h, c, steps = h0, c0, []", "h, c, steps = 0 * h0, c0, []")],
        "c0 ignored": [("h, c, steps = h0, c0, []", "h, c, steps = h0, 0 * c0, []")],
        "one step late": [
            (
                "        i, f, g, o = np.split(x[:, t] @ W_x + h @ W_h + b, 4, axis=1)\n        steps.append((sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)))\n        h, c, _ = lstm_step(x[:, t], h, c, W_x, W_h, b)",
                "        h, c, _ = lstm_step(x[:, t], h, c, W_x, W_h, b)\n        i, f, g, o = np.split(x[:, t] @ W_x + h @ W_h + b, 4, axis=1)\n        steps.append((sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)))",
            )
        ],
        "time first": [("axis=1) for k", "axis=0) for k")],
        "a tuple": [
            ("return {gate: ", "return tuple({gate: "),
            ('enumerate("ifgo")}', 'enumerate("ifgo")}.values())'),
        ],
        "other keys": [('enumerate("ifgo")', 'enumerate(["input", "forget", "cell", "output"])')],
        "bias missing": [("h @ W_h + b, 4", "h @ W_h, 4")],
        "last step only": [("np.stack([step[k] for step in steps], axis=1)", "steps[-1][k]")],
        "float64 forced": [
            (
                "np.stack([step[k] for step in steps], axis=1)",
                "np.stack([step[k] for step in steps], axis=1).astype(float)",
            )
        ],
    },
    "lstm_step_backward": {
        "dc unused": [("d_cell = dc + dh", "d_cell = dh")],
        "h's way to the cell missing": [("d_cell = dc + dh * o * (1 - tanh_c**2)", "d_cell = dc")],
        "tanh derivative of c missing": [("dh * o * (1 - tanh_c**2)", "dh * o")],
        "output gate gets c": [
            ("dh * tanh_c * o * (1 - o)", "dh * (f * c_prev + i * g) * o * (1 - o)")
        ],
        "output gate gets d_cell": [("dh * tanh_c * o", "d_cell * tanh_c * o")],
        "forget gate gets new c": [("d_cell * c_prev * f", "d_cell * (f * c_prev + i * g) * f")],
        "candidate as sigmoid": [("(1 - g**2)", "g * (1 - g)")],
        "sigmoid derivatives missing": [
            (" * i * (1 - i)", ""),
            (" * f * (1 - f)", ""),
            (" * o * (1 - o)", ""),
        ],
        "dc_prev without f": [("d_cell * f, x.T", "d_cell, x.T")],
        "dc_prev from dc alone": [("d_cell * f, x.T", "dc * f, x.T")],
        "i and f swapped": [
            ("d_cell * g * i * (1 - i)", "SWAP"),
            ("d_cell * c_prev * f * (1 - f)", "d_cell * g * i * (1 - i)"),
            ("SWAP", "d_cell * c_prev * f * (1 - f)"),
        ],
        "g and o swapped": [
            ("d_cell * i * (1 - g**2)", "SWAP"),
            ("dh * tanh_c * o * (1 - o)", "d_cell * i * (1 - g**2)"),
            ("SWAP", "dh * tanh_c * o * (1 - o)"),
        ],
        "bias averaged": [("da.sum(axis=0)", "da.mean(axis=0)")],
        "bias not summed": [("da.sum(axis=0)", "da")],
        "weights averaged": [
            ("x.T @ da, h_prev.T @ da", "x.T @ da / len(x), h_prev.T @ da / len(x)")
        ],
        "dW_h from x": [("h_prev.T @ da", "(h_prev * 0 + 1).T @ da")],
        "order of returns": [("da @ W_h.T, d_cell * f,", "d_cell * f, da @ W_h.T,")],
        "bias from the forget gate": [
            ("da.sum(axis=0)", "np.tile(da[:, f.shape[1]:2 * f.shape[1]].sum(axis=0), 4)")
        ],
        "changes dc": [
            (
                "d_cell = dc + dh * o * (1 - tanh_c**2)",
                "dc += dh * o * (1 - tanh_c**2); d_cell = dc",
            )
        ],
        "changes the cache": [
            ("return da @ W_x.T", "f *= d_cell; return da @ W_x.T"),
            ("d_cell * f, x.T", "f.copy(), x.T"),
        ],
        "gradient clipped at 5": [("axis=1,\n    )", "axis=1,\n    ).clip(-5, 5)")],
        "float64 forced": [("axis=1,\n    )", "axis=1,\n    ).astype(np.float64)")],
    },
    "lstm_backward": {
        "dh_next not carried": [("dh[:, t] + dh_next", "dh[:, t]")],
        "dc_next not carried": [("dc[:, t] + dc_next", "dc[:, t]")],
        "neither carried": [("dh[:, t] + dh_next", "dh[:, t]"), ("dc[:, t] + dc_next", "dc[:, t]")],
        "dc unused": [("dc[:, t] + dc_next", "dc_next")],
        "dc at the last step only": [
            ("dc[:, t] + dc_next", "(dc[:, t] if t == dh.shape[1] - 1 else 0) + dc_next")
        ],
        "dh at the last step only": [
            ("dh[:, t] + dh_next", "(dh[:, t] if t == dh.shape[1] - 1 else 0) + dh_next")
        ],
        "weights not summed": [
            ("[a + b for a, b in zip(totals, weights, strict=True)]", "weights")
        ],
        "weights averaged over time": [
            ("dc_next, *totals", "dc_next, *[w / dh.shape[1] for w in totals]")
        ],
        "forwards in time": [
            ("reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
            ("dxs[::-1]", "dxs"),
        ],
        "dx reversed": [("dxs[::-1]", "dxs")],
        "last step only": [
            *LAST_STEP,
            (
                "np.stack(dxs[::-1], axis=1)",
                "np.repeat(np.stack(dxs, axis=1), dh.shape[1], axis=1)",
            ),
        ],
        "dh0 and dc0 swapped": [("dh_next, dc_next, *totals", "dc_next, dh_next, *totals")],
        "dh0 zero": [("axis=1), dh_next, dc_next", "axis=1), 0 * dh_next, dc_next")],
        "first step skipped": [("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))")],
        "changes dh": [
            ("dh[:, t] + dh_next,", "dh[:, t],"),
            (
                "dx, dh_next, dc_next, *weights",
                "dh[:, t] += dh_next; dx, dh_next, dc_next, *weights",
            ),
        ],
        "time first": [("np.stack(dxs[::-1], axis=1)", "np.stack(dxs[::-1])")],
        "float64 forced": [("np.zeros_like(dh[:, 0])", "np.zeros(dh[:, 0].shape)")],
        "gradient clipped at 5": [("dh[:, t] + dh_next", "np.clip(dh[:, t] + dh_next, -5, 5)")],
        "empties the cache": [("dc_next, cache[t]", "dc_next, cache.pop()")],
    },
    "init_lstm": {
        "fans of the four blocks": [("(D + H)", "(D + 4 * H)"), ("(H + H)", "(H + 4 * H)")],
        "W_h with the fans of W_x": [("(H + H)", "(D + H)")],
        "W_x with the fans of W_h": [("(D + H)", "(H + H)")],
        "fans of the concatenated input": [
            ("2 / (D + H)", "2 / (D + H + H)"),
            ("2 / (H + H)", "2 / (D + H + H)"),
        ],
        "He": [("2 / (D + H)", "2 / D"), ("2 / (H + H)", "2 / H")],
        "LeCun": [("2 / (D + H)", "1 / D")],
        "variance as scale": [
            ("np.sqrt(2 / (D + H))", "2 / (D + H)"),
            ("np.sqrt(2 / (H + H))", "2 / (H + H)"),
        ],
        "standard normal": [("np.sqrt(2 / (D + H))", "1.0"), ("np.sqrt(2 / (H + H))", "1.0")],
        "uniform": [
            (
                "rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, 4 * H))",
                "rng.uniform(-1, 1, size=(D, 4 * H)) * np.sqrt(6 / (D + H))",
            ),
            (
                "rng.normal(scale=np.sqrt(2 / (H + H)), size=(H, 4 * H))",
                "rng.uniform(-1, 1, size=(H, 4 * H)) * np.sqrt(6 / (H + H))",
            ),
        ],
        "orthogonal W_h": [
            (
                "rng.normal(scale=np.sqrt(2 / (H + H)), size=(H, 4 * H))",
                "np.concatenate([np.linalg.qr(rng.normal(size=(H, H)))[0] for _ in range(4)], axis=1)",
            )
        ],
        "forget bias in the first block": [("b[H : 2 * H]", "b[:H]")],
        "forget bias in the third block": [("b[H : 2 * H]", "b[2 * H : 3 * H]")],
        "forget bias everywhere": [("b[H : 2 * H]", "b[:]")],
        "no forget bias": [("b[H : 2 * H] = forget_bias", "pass")],
        "fixed at one": [("= forget_bias", "= 1.0")],
        "wrong default": [("forget_bias: float = 1.0", "forget_bias: float = 0.0")],
        "random biases": [("b = np.zeros(4 * H)", "b = rng.normal(size=4 * H)")],
        "global random state": [("rng.normal(", "np.random.normal(")],
        "seed of its own": [("W_x = rng", "rng = np.random.default_rng(0); W_x = rng")],
        "one block four times": [
            (
                "rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, 4 * H))",
                "np.tile(rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, H)), 4)",
            )
        ],
        "PyTorch's shapes": [("return W_x, W_h, b", "return W_x.T, W_h.T, b")],
        "float32": [
            ("return W_x, W_h, b", "return W_x.astype(np.float32), W_h.astype(np.float32), b")
        ],
        "integer biases": [("b = np.zeros(4 * H)", "b = np.zeros(4 * H, dtype=int)")],
    },
    "LSTM": {
        **{
            f"order {' '.join(p)}": [("i, f, g, o = (x", f"{', '.join(p)} = (x")]
            for p in itertools.permutations("ifgo")
            if p != tuple("ifgo")
        },
        "bias_hh left out": [(' + getattr(self, f"bias_hh_l{k}")', "")],
        "state ignored": [("if state is None:", "if True:")],
        "state needed": [("if state is None:", "if False:")],
        "c ignored": [("state[0][k], state[1][k], []", "state[0][k], 0 * state[1][k], []")],
        "states swapped": [("state[0][k], state[1][k], []", "state[1][k], state[0][k], []")],
        "first layer's state for all": [
            ("state[0][k], state[1][k], []", "state[0][0], state[1][0], []")
        ],
        "last states swapped": [
            (
                "(torch.stack(last_h), torch.stack(last_c))",
                "(torch.stack(last_c), torch.stack(last_h))",
            )
        ],
        "one layer's last state": [
            ("(torch.stack(last_h), torch.stack(last_c))", "(last_h[-1][None], last_c[-1][None])")
        ],
        "no layer axis": [
            ("(torch.stack(last_h), torch.stack(last_c))", "(last_h[-1], last_c[-1])")
        ],
        "flat return": [
            (
                "return x, (torch.stack(last_h), torch.stack(last_c))",
                "return x, torch.stack(last_h), torch.stack(last_c)",
            )
        ],
        "first layer only": [
            (
                "for k in range(self.num_layers):\n            W_ih",
                "for k in range(1):\n            W_ih",
            )
        ],
        "first layer's weights for all": [('f"weight_hh_l{k}")', 'f"weight_hh_l0")')],
        "time first": [
            ("range(x.shape[1])", "range(x.shape[0])"),
            ("x[:, t]", "x[t]"),
            ("dim=1)\n        return", "dim=0)\n        return"),
        ],
        "float32 zeros": [("x.new_zeros(", "torch.zeros(")],
        "state carried between layers": [
            (
                "h, c, outputs = state[0][k], state[1][k], []",
                "h, c, outputs = (state[0][0], state[1][0], []) if k == 0 else (h, c, [])",
            )
        ],
        "no tanh on c": [("torch.sigmoid(o) * torch.tanh(c)", "torch.sigmoid(o) * c")],
        "weights do not learn": [
            ('getattr(self, f"weight_hh_l{k}")', 'getattr(self, f"weight_hh_l{k}").detach()')
        ],
        "bias from .data": [
            ('getattr(self, f"bias_hh_l{k}")', 'getattr(self, f"bias_hh_l{k}").data')
        ],
        "frozen": [("nn.Parameter(start)", "nn.Parameter(start, requires_grad=False)")],
        "detached": [("outputs.append(h)", "outputs.append(h); c = c.detach()")],
        "dropout left on": [("outputs.append(h)", "outputs.append(nn.functional.dropout(h, 0.1))")],
        "remembers between calls": [
            (
                "if state is None:",
                "if state is None and hasattr(self, 'kept'):\n            state = self.kept\n        if state is None:",
            ),
            (
                "return x, (",
                "self.kept = (torch.stack(last_h).detach(), torch.stack(last_c).detach())\n        return x, (",
            ),
        ],
        "changes the state": [
            ("last_h.append(h)", "last_h.append(h); state[0][k].copy_(h.detach())")
        ],
    },
    "peephole_lstm_step": {
        "output sees the old cell": [("p_o * c)", "p_o * c_prev)")],
        "output sees tanh c": [("p_o * c)", "p_o * np.tanh(c))")],
        "i and f swapped": [
            ("p_i * c_prev", "SWAP"),
            ("p_f * c_prev", "p_i * c_prev"),
            ("SWAP", "p_f * c_prev"),
        ],
        "i and o swapped": [("p_i * c_prev", "p_o * c_prev"), ("p_o * c)", "p_i * c)")],
        "f and o swapped": [("p_f * c_prev", "p_o * c_prev"), ("p_o * c)", "p_f * c)")],
        "none": [(" + p_i * c_prev", ""), (" + p_f * c_prev", ""), (" + p_o * c)", ")")],
        "no p_o": [(" + p_o * c)", ")")],
        "no p_f": [(" + p_f * c_prev", "")],
        "no p_i": [(" + p_i * c_prev", "")],
        "sees h_prev": [("p_i * c_prev", "p_i * h_prev"), ("p_f * c_prev", "p_f * h_prev")],
        "candidate sees the cell": [("np.tanh(g)", "np.tanh(g + p_i * c_prev)")],
        "peephole outside the gate": [("sigmoid(f + p_f * c_prev)", "sigmoid(f) + p_f * c_prev")],
        "summed like a matrix": [("p_o * c)", "(c @ p_o)[:, None])")],
        "gate order i f o g": [("i, f, g, o = np.split", "i, f, o, g = np.split")],
        "no tanh": [("* np.tanh(c)", "* c")],
        "h and c swapped": [("return h, c", "return c, h")],
        "changes c_prev": [("c = f * c_prev + i * g", "c_prev *= f; c_prev += i * g; c = c_prev")],
        "float64 forced": [("c = f * c_prev", "c = f.astype(float) * c_prev")],
        "one sequence only": [("return h, c", "return h[:1], c[:1]")],
    },
    "variational_dropout": {
        "new mask every step": [
            ("x.shape[0], 1, x.shape[2]", "x.shape[0], x.shape[1], x.shape[2]")
        ],
        "one mask for all sequences": [("(x.shape[0], 1, x.shape[2])", "(1, 1, x.shape[2])")],
        "whole sequences": [("(x.shape[0], 1, x.shape[2])", "(x.shape[0], 1, 1)")],
        "whole steps": [("(x.shape[0], 1, x.shape[2])", "(x.shape[0], x.shape[1], 1)")],
        "rate kept": [(">= rate", "< rate")],
        "rate kept, scaled by it": [(">= rate", "< rate"), ("(1 - rate)", "max(rate, 1e-9)")],
        "no scaling": [("(kept / (1 - rate))", "kept")],
        "scaled by the rate": [
            ("(kept / (1 - rate))", "(kept / max(rate, 1e-9) if rate else kept)")
        ],
        "scaled down": [("(kept / (1 - rate))", "(kept * (1 - rate))")],
        "scaled by the share drawn": [("(kept / (1 - rate))", "(kept / kept.mean())")],
        "global random state": [("rng.random(", "np.random.random_sample(")],
        "seed of its own": [("kept = rng", "kept = np.random.default_rng(0)")],
        "changes x": [
            (
                "return x * (kept / (1 - rate)).astype(x.dtype)",
                "x *= (kept / (1 - rate)).astype(x.dtype); return x",
            )
        ],
        "float64 forced": [(".astype(x.dtype)", "")],
        "returns the mask": [("return x * (kept", "return np.ones_like(x) * (kept")],
        "noise instead of a mask": [
            (
                "kept = rng.random((x.shape[0], 1, x.shape[2])) >= rate",
                "kept = 2 * (1 - rate) * rng.random((x.shape[0], 1, x.shape[2]))",
            )
        ],
        "identity": [("return x * (kept / (1 - rate)).astype(x.dtype)", "return x.copy()")],
    },
    "repaired_backward": {
        "biases repaired only": BUG_CUT,
        "cell repaired only": BUG_COPY,
        "as found": BUG_COPY + BUG_CUT,
        "dc_next without f": [('dc_next = dc * s["f"]', "dc_next = dc")],
        "dc_next with i": [('dc_next = dc * s["f"]', 'dc_next = dc * s["i"]')],
        "dc_next replaces dc": [
            (
                'dc = dc_next + dh_t * s["o"] * (1 - np.tanh(s["c"]) ** 2)',
                'dc = dh_t * s["o"] * (1 - np.tanh(s["c"]) ** 2) if t == dh.shape[1] - 1 else dc_next',
            )
        ],
        "dh_next lost": [("dh_t = dh[:, t] + dh_next", "dh_t = dh[:, t]")],
        "bias averaged": [("da[gate].sum(axis=0)", "da[gate].mean(axis=0)")],
        "bias not summed over time": [("db[gate] +=", "db[gate] =")],
        "weights not summed over time": [("dW[gate] +=", "dW[gate] =")],
        "wrong columns of dz": [("dz[:, -dh.shape[2] :]", "dz[:, : dh.shape[2]]")],
        "bias from the input gate": [("da[gate].sum(axis=0)", "da['i'].sum(axis=0)")],
        "first step skipped": [("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))")],
        "swapped returns": [("return dW, db", "return db, dW")],
        "changes dh": [("dh_t = dh[:, t] + dh_next", "dh[:, t] += dh_next; dh_t = dh[:, t]")],
        "empties the record": [("s = record[t]", "s = record.pop()")],
    },
}

DICT_CACHE = [
    (
        "(x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c)",
        "(x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c)",
    ),
    ("h = o * tanh_c", "h = np.multiply(o, tanh_c)"),
]

RIGHT = {
    "lstm_step": {
        "explicit loops": LOOP_STEP,
        "concatenated weights": JOINED_STEP,
        "einsum": EINSUM_STEP,
        "multiply": DICT_CACHE,
    },
    "lstm_forward": {"preallocated": PREALLOCATED_FORWARD, "time first inside": TRANSPOSED_FORWARD},
    "lstm_gates": {"on its own": ALONE_GATES, "from all hidden states": FORWARD_GATES},
    "lstm_step_backward": {"gate by gate": PER_GATE_BACKWARD, "einsum": EINSUM_BACKWARD},
    "lstm_backward": {"preallocated": PREALLOCATED_BACKWARD, "lists": LISTS_BACKWARD},
    "init_lstm": {"gate by gate": BLOCKS_INIT, "other layouts": EXACT_INIT},
    "LSTM": {
        "linear layers": LINEAR_MODULE,
        "two lists of linear layers": LISTS_MODULE,
        "cells with NumPy's layout": CELLS_MODULE,
        "written into a buffer": BUFFER_MODULE,
        "functional linear": [
            (
                "x[:, t] @ W_ih.T + h @ W_hh.T + b",
                "nn.functional.linear(x[:, t], W_ih, b) + nn.functional.linear(h, W_hh)",
            )
        ],
        "input product for all steps": [
            (
                "for t in range(x.shape[1]):",
                "all_x = x @ W_ih.T + b\n            for t in range(x.shape[1]):",
            ),
            ("x[:, t] @ W_ih.T + h @ W_hh.T + b", "all_x[:, t] + h @ W_hh.T"),
        ],
        "state as a list": [
            (
                "return x, (torch.stack(last_h), torch.stack(last_c))",
                "return x, tuple([torch.stack(last_h, 0), torch.stack(last_c, 0)])",
            )
        ],
    },
    "peephole_lstm_step": {
        "by slices": [
            (
                "i, f, g, o = np.split(x @ W_x + h_prev @ W_h + b, 4, axis=1)",
                "H = h_prev.shape[1]; a = np.hstack([x, h_prev]) @ np.vstack([W_x, W_h]) + b; i, f, g, o = a[:, :H], a[:, H:2 * H], a[:, 2 * H:3 * H], a[:, 3 * H:]",
            )
        ],
        "diagonal matrices": [
            ("p_i * c_prev", "c_prev @ np.diag(p_i)"),
            ("p_f * c_prev", "c_prev @ np.diag(p_f)"),
            ("p_o * c)", "c @ np.diag(p_o))"),
        ],
        "a list": [("return h, c", "return [h, c]")],
    },
    "variational_dropout": {
        "binomial": [
            (
                "rng.random((x.shape[0], 1, x.shape[2])) >= rate",
                "rng.binomial(1, 1 - rate, size=(x.shape[0], 1, x.shape[2]))",
            )
        ],
        "choice": [
            (
                "rng.random((x.shape[0], 1, x.shape[2])) >= rate",
                "rng.choice([0.0, 1.0], p=[rate, 1 - rate], size=(len(x), x.shape[-1]))[:, None, :]",
            )
        ],
        "upper end kept": [
            (
                "rng.random((x.shape[0], 1, x.shape[2])) >= rate",
                "rng.random((x.shape[0], 1, x.shape[2])) < 1 - rate",
            )
        ],
        "repeated mask": [
            (
                "return x * (kept / (1 - rate)).astype(x.dtype)",
                "return np.where(np.repeat(kept, x.shape[1], axis=1), x / (1 - rate), 0).astype(x.dtype)",
            )
        ],
        "loop": [
            (
                "return x * (kept / (1 - rate)).astype(x.dtype)",
                "out = np.zeros_like(x)\n    for n in range(len(x)):\n        out[n][:, kept[n, 0]] = x[n][:, kept[n, 0]] / (1 - rate)\n    return out",
            )
        ],
        "rate 0 early": [
            ("    kept = rng", "    if rate == 0:\n        return x.copy()\n    kept = rng")
        ],
    },
    "repaired_backward": {
        "one matrix": MATRIX_REPAIR,
        "slice from the front": [("dz[:, -dh.shape[2] :]", "dz[:, len(W['i']) - dh.shape[2] :]")],
        "new dicts": [
            (
                "db[gate] += da[gate].sum(axis=0)",
                "db[gate] = db[gate] + np.ones(len(dh), dtype=dh.dtype) @ da[gate]",
            )
        ],
    },
}

SAYS = {
    "lstm_step": {
        **{name: "gate order" for name in WRONG["lstm_step"] if name.startswith("order")},
        "gates interleaved": "interleaved",
        "h without tanh": "tanh(c)",
        "candidate with sigmoid": "candidate",
        "h_prev unused": "h_prev is not used",
        "bias missing": "bias",
        "c_prev unused": "c_prev is not used",
        "forget gate upside down": "upside down",
        "coupled gates": "1 - f",
        "h and c swapped": "wrong order",
        "float64 forced": "float32",
        "changes c_prev": "in place",
        "no cache": "must return 3 values",
    },
    "lstm_forward": {
        "h not carried": "h is not carried",
        "c not carried": "cell is not carried",
        "nothing carried": "No state",
        "h0 ignored": "h0 is ignored",
        "c0 ignored": "c0 is ignored",
        "states ignored": "h0 and c0 are ignored",
        "time first": "Batch first",
        "last step only": "axis is missing",
        "h and c swapped": "wrong order",
    },
    "lstm_gates": {
        "pre-activations": "pre-activation",
        "order f i g o": "gate order",
        "order i f o g": "gate order",
        "g with sigmoid": "tanh",
        "h not carried": "h is not carried",
        "c not carried": "cell is not carried",
        "h0 ignored": "h0",
        "other keys": "keys",
        "a tuple": "dict",
    },
    "lstm_step_backward": {
        "dc unused": "dc is not used",
        "h's way to the cell missing": "through tanh(c)",
        "tanh derivative of c missing": "1 - tanh(c)**2",
        "output gate gets c": "tanh(c)",
        "forget gate gets new c": "c_prev",
        "candidate as sigmoid": "candidate",
        "sigmoid derivatives missing": "derivatives",
        "dc_prev without f": "forget gate",
        "g and o swapped": "gate order",
        "changes dc": "in place",
        "bias not summed": "shape",
    },
    "lstm_backward": {
        "dh_next not carried": "dh_next",
        "dc_next not carried": "dc_next",
        "neither carried": "Neither",
        "dc unused": "dc is not used",
        "dc at the last step only": "last step only",
        "weights not summed": "not summed",
        "dx reversed": "reversed",
        "changes dh": "in place",
        "float64 forced": "float64",
    },
    "init_lstm": {
        "fans of the four blocks": "four blocks",
        "variance as scale": "variance",
        "forget bias in the first block": "second block",
        "forget bias everywhere": "Only the forget gate",
        "no forget bias": "not set",
        "fixed at one": "fixed at 1",
        "global random state": "same rng",
        "seed of its own": "rng is not used",
        "PyTorch's shapes": "shape",
        "wrong default": "must be 1",
        "float32": "float64",
        "one block four times": "afresh",
    },
    "LSTM": {
        **{name: "gate order" for name in WRONG["LSTM"] if name.startswith("order")},
        "bias_hh left out": "both biases",
        "state ignored": "ignored",
        "states swapped": "swapped",
        "last states swapped": "swapped",
        "one layer's last state": "shape",
        "flat return": "output, (h_n, c_n)",
        "float32 zeros": "new_zeros",
        "state needed": "None means zeros",
    },
    "peephole_lstm_step": {
        "output sees the old cell": "new cell",
        "output sees tanh c": "not tanh(c)",
        "i and f swapped": "p_i and p_f",
        "i and o swapped": "p_i and p_o",
        "f and o swapped": "p_f and p_o",
        "none": "plain LSTM",
        "no p_o": "p_o is missing",
        "no p_f": "p_f is missing",
        "no p_i": "p_i is missing",
        "sees h_prev": "h_prev",
    },
    "variational_dropout": {
        "new mask every step": "from step to step",
        "one mask for all sequences": "one mask",
        "whole sequences": "whole sequences",
        "rate kept": "dropped",
        "no scaling": "scaling",
        "scaled down": "inverted",
        "global random state": "rng alone",
        "changes x": "in place",
        "float64 forced": "float32",
        "identity": "nothing is dropped",
        "seed of its own": "rng is not used",
        "returns the mask": "not the mask",
    },
    "repaired_backward": {
        "biases repaired only": "dc_next",
        "cell repaired only": "forget gate",
        "as found": "Both mistakes",
    },
}

COPIES = """
def lstm_forward(x, h0, c0, W_x, W_h, b):
    states = [np.repeat(s[:, None], x.shape[1], axis=1) for s in (h0, c0)]
    return *states, [None] * x.shape[1]
"""
NOTHING_BACKWARD = """
def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, W_x, W_h, *_ = cache
    return tuple(np.zeros_like(v) for v in (x, h_prev, c_prev, W_x, W_h, W_x[0]))
"""
NOTHING_THROUGH_TIME = """
def lstm_backward(dh, dc, cache):
    x, h_prev, c_prev, W_x, W_h, *_ = cache[0]
    dx = np.zeros((*dh.shape[:2], x.shape[1]), dtype=dh.dtype)
    return (dx, *(np.zeros_like(v) for v in (h_prev, c_prev, W_x, W_h, W_x[0])))
"""

TYPICAL = {
    "lstm_step": {
        "nothing": (STEP_SIGNATURE + "    return h_prev, c_prev, None\n", 0, 0),
        "one slip": (WRONG["lstm_step"]["h without tanh"], 0.5, 0.99),
        "point missed": (WRONG["lstm_step"]["c_prev unused"], 0, 0.49),
    },
    "lstm_forward": {
        "nothing": (COPIES, 0, 0),
        "one slip": (WRONG["lstm_forward"]["h0 ignored"], 0.5, 0.99),
        "point missed": (WRONG["lstm_forward"]["c not carried"], 0, 0.49),
    },
    "lstm_gates": {
        "nothing": (
            "def lstm_gates(x, h0, c0, W_x, W_h, b):\n"
            "    return {k: np.zeros((*x.shape[:2], h0.shape[1]), dtype=x.dtype) for k in 'ifgo'}\n",
            0,
            0,
        ),
        "one slip": (WRONG["lstm_gates"]["g with sigmoid"], 0.5, 0.99),
        "point missed": (WRONG["lstm_gates"]["pre-activations"], 0, 0.49),
    },
    "lstm_step_backward": {
        "nothing": (NOTHING_BACKWARD, 0, 0),
        "one slip": (WRONG["lstm_step_backward"]["bias averaged"], 0.5, 0.99),
        "point missed": (WRONG["lstm_step_backward"]["dc unused"], 0, 0.49),
    },
    "lstm_backward": {
        "nothing": (NOTHING_THROUGH_TIME, 0, 0),
        "one slip": (WRONG["lstm_backward"]["dx reversed"], 0.5, 0.99),
        "point missed": (WRONG["lstm_backward"]["neither carried"], 0, 0.49),
    },
    "init_lstm": {
        "nothing": (
            "def init_lstm(D, H, rng, forget_bias=1.0):\n"
            "    return np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H)\n",
            0,
            0,
        ),
        "one slip": (WRONG["init_lstm"]["forget bias in the third block"], 0.5, 0.99),
        "point missed": (WRONG["init_lstm"]["fans of the four blocks"], 0, 0.49),
    },
    "LSTM": {
        "nothing": (
            [
                ("x = torch.stack(outputs, dim=1)", "x = 0 * torch.stack(outputs, dim=1)"),
                ("(torch.stack(last_h), torch.stack(last_c))", "(0 * state[0], 0 * state[1])"),
            ],
            0,
            0,
        ),
        "one slip": (WRONG["LSTM"]["last states swapped"], 0.5, 0.99),
        "point missed": (WRONG["LSTM"]["first layer only"], 0, 0.49),
    },
    "peephole_lstm_step": {
        "nothing": (WRONG["peephole_lstm_step"]["none"], 0, 0),
        "one slip": (WRONG["peephole_lstm_step"]["output sees the old cell"], 0.5, 0.99),
        "point missed": (WRONG["peephole_lstm_step"]["sees h_prev"], 0, 0.49),
    },
    "variational_dropout": {
        "nothing": (WRONG["variational_dropout"]["identity"], 0, 0),
        "one slip": (WRONG["variational_dropout"]["no scaling"], 0.5, 0.99),
        "point missed": (WRONG["variational_dropout"]["new mask every step"], 0, 0.49),
    },
    "repaired_backward": {
        "nothing": (WRONG["repaired_backward"]["as found"], 0, 0),
        "one slip": (WRONG["repaired_backward"]["cell repaired only"], 0.5, 0.99),
        "point missed": (WRONG["repaired_backward"]["swapped returns"], 0, 0.49),
    },
}
