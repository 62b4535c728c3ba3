"""Wrong and right variants of the functions of ``02_lstm/lstm.ipynb``."""

import itertools

SPLIT = "i, f, g, o = np.split(x @ W_x + h_prev @ W_h + b, 4, axis=1)"
STEP_SIGNATURE = "def lstm_step(x, h_prev, c_prev, W_x, W_h, b):\n"
SEQUENCE = "for t in range(x.shape[1]):"
NUDGED = "np.testing.assert_allclose(found, nudged, rtol=1e-4, atol=1e-6, err_msg=block)"
LENGTHS = "for T in (1, 4):"
BOTH_WAYS = "figures.gradients_both_ways(found_forward, backward, numerical_gradient, T)"
BLOCKS = "for block, (found, nudged) in both.items():"
OWN_NUDGES = """def test_lstm_gradients(backward):
    rng = np.random.default_rng(1)
    for T in (1, 3, 5):
        x, up = rng.normal(size=(2, T, 3)), rng.normal(size=(2, T, 2))
        W = {gate: rng.normal(size=(5, 2)) for gate in "ifgo"}
        b = {gate: rng.normal(size=2) for gate in "ifgo"}
        dW, db = backward(up, found_forward(x, W, b)[1], W)
        for gate in "ifgo":
            of_W = lambda w: (up * found_forward(x, W | {gate: w}, b)[0]).sum()
            of_b = lambda v: (up * found_forward(x, W, b | {gate: v})[0]).sum()
            assert np.allclose(dW[gate], numerical_gradient(of_W, W[gate]), atol=1e-6)
            assert np.allclose(db[gate], numerical_gradient(of_b, b[gate]), atol=1e-6)
"""

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

_RENEWED = "        f = np.concatenate([f[:, :reach], later * f[:, :-reach]], axis=1)\n"
_SWEEPS = """    c = u.copy()
    c[:, 0] += f[:, 0] * c0
    reach = 1
    while reach < u.shape[1]:
        later = f[:, reach:]
        c = np.concatenate([c[:, :reach], later * c[:, :-reach] + c[:, reach:]], axis=1)
        f = np.concatenate([f[:, :reach], later * f[:, :-reach]], axis=1)
        reach *= 2
"""
_SCAN_LOOP = """def scan_cell(f, u, c0):
    c, states = c0, []
    for t in range(f.shape[1]):
        c = f[:, t] * c + u[:, t]
        states.append(c)
    return np.stack(states, axis=1)
"""
_SCAN_HALVES = """def scan_cell(f, u, c0):
    def spans(f, u):
        T = f.shape[1]
        if T == 1:
            return f, u
        width = T - T % 2
        f2, u2 = spans(
            f[:, 1:width:2] * f[:, 0:width:2], f[:, 1:width:2] * u[:, 0:width:2] + u[:, 1:width:2]
        )
        F, U = f.copy(), u.copy()
        F[:, 1:width:2], U[:, 1:width:2] = f2, u2
        before = (T - 1) // 2
        F[:, 2::2] = f[:, 2::2] * f2[:, :before]
        U[:, 2::2] = f[:, 2::2] * u2[:, :before] + u[:, 2::2]
        return F, U

    F, U = spans(f, u)
    return F * c0[:, None] + U
"""
_SCAN_PAIRS = """def scan_cell(f, u, c0):
    pairs = [(f, u)]
    while pairs[-1][0].shape[1] > 1:
        f, u = pairs[-1]
        if f.shape[1] % 2:
            f = np.concatenate([f, np.ones_like(f[:, :1])], axis=1)
            u = np.concatenate([u, np.zeros_like(u[:, :1])], axis=1)
        pairs.append((f[:, 1::2] * f[:, ::2], f[:, 1::2] * u[:, ::2] + u[:, 1::2]))
    c = c0[:, None]  # cell before each pair
    for f, u in reversed(pairs):
        c = np.repeat(c, 2, axis=1)[:, : f.shape[1]]
        after = f * c + u
        c[:, 1::2] = after[:, ::2][:, : c[:, 1::2].shape[1]]
    return f * c + u
"""

WRONG = {
    "lstm_step": {
        **{
            f"The blocks are cut as {', '.join(p)}; the order is i, f, g, o.": [
                (SPLIT, SPLIT.replace("i, f, g, o", ", ".join(p)))
            ]
            for p in itertools.permutations("ifgo")
            if p != tuple("ifgo")
        },
        "The gates are interleaved; each is a block of H columns side by side.": [
            (SPLIT, "a = x @ W_x + h_prev @ W_h + b; i, f, g, o = (a[:, k::4] for k in range(4))")
        ],
        "The output gate must multiply tanh(c), not c itself.": [("h = o * tanh_c", "h = o * c")],
        "The candidate g goes through tanh; a sigmoid cannot write a negative note.": [
            ("np.tanh(g)", "sigmoid(g)")
        ],
        "h_prev is not used: the gates see it through W_h.": [(" + h_prev @ W_h", "")],
        "The bias b is missing.": [(" @ W_h + b", " @ W_h")],
        "The bias b is added twice: this cell has one bias, not two.": [
            (" @ W_h + b", " @ W_h + 2 * b")
        ],
        "c_prev is not used: the cell must be carried.": [("f * c_prev + ", "")],
        "The forget gate is upside down: f is the share that is kept, not 1 - f.": [
            ("f * c_prev", "(1 - f) * c_prev")
        ],
        "The input gate is not 1 - f: it has weights of its own.": [("+ i * g", "+ (1 - f) * g")],
        "The input gate is missing: i says how much of g is written.": [("+ i * g", "+ g")],
        "The cell that is handed on went through tanh: only h sees tanh(c).": [
            ("c = f * c_prev + i * g", "c = np.tanh(f * c_prev + i * g)")
        ],
        "h shows the cell from before the step: use the new c.": [
            ("tanh_c = np.tanh(c)", "tanh_c = np.tanh(c_prev)")
        ],
        "h and c are returned in the wrong order.": [("return h, c,", "return c, h,")],
        "float32 input comes back as float64: keep the dtype of the input.": [
            ("c = f * c_prev", "c = f.astype(np.float64) * c_prev")
        ],
        "The new cell is written into c_prev, which the caller still needs: build a new array.": [
            ("c = f * c_prev + i * g", "c = c_prev; c *= f; c += i * g")
        ],
        "np.exp overflows for large inputs, and inf / inf is nan: use the sigmoid from above.": [
            (
                "i, f, g, o = sigmoid(i),",
                "e = lambda z: np.exp(z) / (1 + np.exp(z)); i, f, g, o = e(i),",
            )
        ],
        "The result of an earlier call of the same shape comes back: compute it anew each time.": [
            (
                "    i, f, g, o = np.split",
                "    kept = lstm_step.__dict__\n    if x.shape in kept:\n        return kept[x.shape]\n    i, f, g, o = np.split",
            ),
            ("return h, c, (x", "kept[x.shape] = h, c, (x"),
            ("i, f, g, o, tanh_c)", "i, f, g, o, tanh_c)\n    return kept[x.shape]"),
        ],
        "The cache is missing: return h, c and whatever your backward pass will need.": [
            ("return h, c, (x, h_prev, c_prev, W_x, W_h, i, f, g, o, tanh_c)", "return h, c")
        ],
        "The cell is clipped: it may hold a number of any size.": [
            ("c = f * c_prev + i * g", "c = np.clip(f * c_prev + i * g, -10, 10)")
        ],
    },
    "lstm_forward": {
        "h is not carried: every step starts from h0.": [("x[:, t], h, c,", "x[:, t], h0, c,")],
        "The cell is not carried: every step starts from c0.": [
            ("x[:, t], h, c,", "x[:, t], h, c0,")
        ],
        "No state is carried: every step starts from h0 and c0.": [
            ("x[:, t], h, c,", "x[:, t], h0, c0,")
        ],
        "h0 is ignored: the first step starts from it, not from zeros.": [
            ("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = 0 * h0, c0,")
        ],
        "c0 is ignored: the first cell starts from it, not from zeros.": [
            ("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = h0, 0 * c0,")
        ],
        "h0 and c0 are ignored: the first step starts from them, not from zeros.": [
            ("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = 0 * h0, 0 * c0,")
        ],
        "The first step takes c0 for its hidden state and h0 for its cell: swap them.": [
            ("h, c, hs, cs, cache = h0, c0,", "h, c, hs, cs, cache = c0, h0,")
        ],
        "The states are stacked with time first; they must be (N, T, H).": [("axis=1)", "axis=0)")],
        "Only the last states come back: return those of all steps, (N, T, H).": [
            ("return np.stack(hs, axis=1), np.stack(cs, axis=1)", "return h, c")
        ],
        "The sequence runs backwards in time.": [
            (SEQUENCE, "for t in reversed(range(x.shape[1])):")
        ],
        "The last step is missing: the loop ends one step early.": [
            (SEQUENCE, "for t in range(x.shape[1] - 1):")
        ],
        "The loop counts sequences instead of steps: T is x.shape[1].": [
            (SEQUENCE, "for t in range(x.shape[0]):")
        ],
        "h and c are returned in the wrong order.": [
            (
                "np.stack(hs, axis=1), np.stack(cs, axis=1)",
                "np.stack(cs, axis=1), np.stack(hs, axis=1)",
            )
        ],
        "The states are one step late: h0 and c0 stand in front, and the last step's are lost.": [
            ("[], [], []", "[h0], [c0], []"),
            (
                "np.stack(hs, axis=1), np.stack(cs, axis=1)",
                "np.stack(hs[:-1], axis=1), np.stack(cs[:-1], axis=1)",
            ),
        ],
        "The last cell stands at every step: keep the cell of each.": [
            ("np.stack(cs, axis=1)", "np.stack([c] * len(cs), axis=1)")
        ],
        "float32 input comes back as float64: keep the dtype of the input.": [
            ("np.stack(hs, axis=1)", "np.stack(hs, axis=1).astype(float)")
        ],
        "h0 is changed on the way, and the caller still needs it: build new arrays.": [
            ("hs.append(h)", "hs.append(h); h0 *= 0.5")
        ],
        "A call goes on from the cell where the last one ended: start from h0 and c0 each time.": [
            ("def lstm_forward(", "_last = {}\n\n\ndef lstm_forward("),
            (
                "h, c, hs, cs, cache = h0, c0, [], [], []",
                "h, c, hs, cs, cache = h0, _last.get(c0.shape, c0), [], [], []",
            ),
            ("    return np", "    _last[c0.shape] = c\n    return np"),
        ],
        "An axis of length 1 is squeezed away: h and c keep three axes, (N, T, H).": [
            (
                "np.stack(hs, axis=1), np.stack(cs, axis=1)",
                "np.stack(hs, axis=1).squeeze(), np.stack(cs, axis=1).squeeze()",
            )
        ],
        "Long sequences are cut off: read all T steps, however many.": [
            ("range(x.shape[1])", "range(min(x.shape[1], 20))")
        ],
        "The cell is clipped on the way: it may hold a number of any size.": [
            ("hs.append(h)", "hs.append(h); c = np.clip(c, -50, 50)")
        ],
        "The cell is squashed on the way: hand on c itself, h alone sees tanh(c).": [
            ("cs.append(c)", "cs.append(c); c = np.tanh(c)")
        ],
        "The cell of each step is a step late: c[:, t] is the cell after step t.": [
            ("    for t in", "    befores = [c0]\n    for t in"),
            ("cs.append(c)", "cs.append(befores[-1]); befores.append(c)"),
        ],
        "The states of the first sequence start all of them: each has its own.": [
            ("= h0, c0, [], [], []", "= h0[:1] + 0 * h0, c0[:1] + 0 * c0, [], [], []")
        ],
    },
    "lstm_gates": {
        "These are pre-activations: i, f and o take the sigmoid, g takes tanh.": [
            ("sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)", "i, f, g, o")
        ],
        "g went through the sigmoid; the candidate takes tanh.": [("np.tanh(g)", "sigmoid(g)")],
        "g is still a pre-activation: it takes tanh.": [("np.tanh(g)", "g")],
        'The key "i" holds the forget gate and "f" the input gate: swap them.': [
            ('enumerate("ifgo")', 'enumerate("figo")')
        ],
        'The key "g" holds the output gate and "o" the candidate: swap them.': [
            ('enumerate("ifgo")', 'enumerate("ifog")')
        ],
        **{
            f"The blocks are cut as {', '.join(p)}; the order is i, f, g, o.": [
                ("i, f, g, o = np.split", f"{', '.join(p)} = np.split")
            ]
            for p in itertools.permutations("ifgo")
            if p != tuple("ifgo")
        },
        "h is not carried: every step starts from h0.": [
            ("h, c, _ = lstm_step(x[:, t], h, c,", "_, c, _ = lstm_step(x[:, t], h, c,")
        ],
        "The cell is not carried: every step starts from c0.": [
            ("h, c, _ = lstm_step(x[:, t], h, c,", "h, _, _ = lstm_step(x[:, t], h, c,")
        ],
        "h0 is ignored: the gates of the first step see it.": [
            ("h, c, steps = h0, c0, []", "h, c, steps = 0 * h0, c0, []")
        ],
        "c0 is ignored: h of the first step depends on it, and so do all later gates.": [
            ("h, c, steps = h0, c0, []", "h, c, steps = h0, 0 * c0, []")
        ],
        "The gates are computed after h is updated: those of step t see h of step t - 1.": [
            (
                "        i, f, g, o = np.split(x[:, t] @ W_x + h @ W_h + b, 4, axis=1)\n        steps.append((sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)))\n        h, c, _ = lstm_step(x[:, t], h, c, W_x, W_h, b)",
                "        h, c, _ = lstm_step(x[:, t], h, c, W_x, W_h, b)\n        i, f, g, o = np.split(x[:, t] @ W_x + h @ W_h + b, 4, axis=1)\n        steps.append((sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)))",
            )
        ],
        "The gates are stacked with time first; each must be (N, T, H).": [
            ("axis=1) for k", "axis=0) for k")
        ],
        'The gates come back without names: return a dict with the keys "i", "f", "g", "o".': [
            ("return {gate: ", "return tuple({gate: "),
            ('enumerate("ifgo")}', 'enumerate("ifgo")}.values())'),
        ],
        'The keys are other words: they must be "i", "f", "g", "o".': [
            ('enumerate("ifgo")', 'enumerate(["input", "forget", "cell", "output"])')
        ],
        "The bias b is missing.": [("h @ W_h + b, 4", "h @ W_h, 4")],
        "Only the last step's gates come back: each must be (N, T, H).": [
            ("np.stack([step[k] for step in steps], axis=1)", "steps[-1][k]")
        ],
        "float32 input comes back as float64: keep the dtype of the input.": [
            (
                "np.stack([step[k] for step in steps], axis=1)",
                "np.stack([step[k] for step in steps], axis=1).astype(float)",
            )
        ],
    },
    "lstm_step_backward": {
        "dc is not used: the gradient from the next step's cell is missing.": [
            ("d_cell = dc + dh", "d_cell = dh")
        ],
        "The way from h through tanh(c) into the cell is missing.": [
            ("d_cell = dc + dh * o * (1 - tanh_c**2)", "d_cell = dc")
        ],
        "The derivative of tanh(c), 1 - tanh(c)**2, is missing.": [
            ("dh * o * (1 - tanh_c**2)", "dh * o")
        ],
        "The output gate receives dh * tanh(c), not dh * c.": [
            ("dh * tanh_c * o * (1 - o)", "dh * (f * c_prev + i * g) * o * (1 - o)")
        ],
        "The output gate acts on h alone: it receives dh, not the gradient of the cell.": [
            ("dh * tanh_c * o", "d_cell * tanh_c * o")
        ],
        "The forget gate multiplied c_prev, not c.": [
            ("d_cell * c_prev * f", "d_cell * (f * c_prev + i * g) * f")
        ],
        "The candidate is a tanh: its derivative is 1 - g**2.": [("(1 - g**2)", "g * (1 - g)")],
        "The derivatives of the sigmoid gates, s * (1 - s), are missing.": [
            (" * i * (1 - i)", ""),
            (" * f * (1 - f)", ""),
            (" * o * (1 - o)", ""),
        ],
        "dc_prev must be multiplied by the forget gate.": [("d_cell * f, x.T", "d_cell, x.T")],
        "dc_prev takes only dc back; what came into the cell through h goes back with it.": [
            ("d_cell * f, x.T", "dc * f, x.T")
        ],
        "The blocks of i and f are swapped in the gradient; the order is i, f, g, o.": [
            ("d_cell * g * i * (1 - i)", "SWAP"),
            ("d_cell * c_prev * f * (1 - f)", "d_cell * g * i * (1 - i)"),
            ("SWAP", "d_cell * c_prev * f * (1 - f)"),
        ],
        "The gate order of the gradient is i, f, o, g; it must be i, f, g, o.": [
            ("d_cell * i * (1 - g**2)", "SWAP"),
            ("dh * tanh_c * o * (1 - o)", "d_cell * i * (1 - g**2)"),
            ("SWAP", "dh * tanh_c * o * (1 - o)"),
        ],
        "db is the mean over the batch; it must be the sum.": [
            ("da.sum(axis=0)", "da.mean(axis=0)")
        ],
        "db still has a row for every sequence: sum over the batch.": [("da.sum(axis=0)", "da")],
        "dW_x and dW_h are means over the batch; they must be sums.": [
            ("x.T @ da, h_prev.T @ da", "x.T @ da / len(x), h_prev.T @ da / len(x)")
        ],
        "h_prev is missing in dW_h: it is what W_h was multiplied by.": [
            ("h_prev.T @ da", "(h_prev * 0 + 1).T @ da")
        ],
        "dh_prev and dc_prev are returned in the wrong order.": [
            ("da @ W_h.T, d_cell * f,", "d_cell * f, da @ W_h.T,")
        ],
        "All blocks of db hold the forget gate's gradient: each gate has its own.": [
            ("da.sum(axis=0)", "np.tile(da[:, f.shape[1]:2 * f.shape[1]].sum(axis=0), 4)")
        ],
        "The gradient is added into dc itself, and the caller still needs it: build a new array.": [
            (
                "d_cell = dc + dh * o * (1 - tanh_c**2)",
                "dc += dh * o * (1 - tanh_c**2); d_cell = dc",
            )
        ],
        "The cache is changed on the way, so a second backward pass would go wrong.": [
            ("return da @ W_x.T", "f *= d_cell; return da @ W_x.T"),
            ("d_cell * f, x.T", "f.copy(), x.T"),
        ],
        "The gradient is clipped here: return it as it is, clipping comes later.": [
            ("axis=1,\n    )", "axis=1,\n    ).clip(-5, 5)")
        ],
        "float32 input comes back as float64: keep the dtype of the input.": [
            ("axis=1,\n    )", "axis=1,\n    ).astype(np.float64)")
        ],
    },
    "lstm_backward": {
        "dh_next is not carried back: the hidden road is cut at every step.": [
            ("dh[:, t] + dh_next", "dh[:, t]")
        ],
        "dc_next is not carried back: the cell's line is cut at every step.": [
            ("dc[:, t] + dc_next", "dc[:, t]")
        ],
        "Neither dh_next nor dc_next is carried back.": [
            ("dh[:, t] + dh_next", "dh[:, t]"),
            ("dc[:, t] + dc_next", "dc[:, t]"),
        ],
        "dc is not used: each step's cell has a gradient of its own.": [
            ("dc[:, t] + dc_next", "dc_next")
        ],
        "dc is used at the last step only; every step has its own.": [
            ("dc[:, t] + dc_next", "(dc[:, t] if t == dh.shape[1] - 1 else 0) + dc_next")
        ],
        "dh is used at the last step only; every step has its own.": [
            ("dh[:, t] + dh_next", "(dh[:, t] if t == dh.shape[1] - 1 else 0) + dh_next")
        ],
        "The weights' gradients are not summed: only the first step's are left.": [
            ("[a + b for a, b in zip(totals, weights, strict=True)]", "weights")
        ],
        "The weights' gradients are averaged over the steps; they must be summed.": [
            ("dc_next, *totals", "dc_next, *[w / dh.shape[1] for w in totals]")
        ],
        "The steps are walked from first to last: a gradient travels from the end to the start.": [
            ("reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
            ("dxs[::-1]", "dxs"),
        ],
        "dx is in reversed order of time.": [("dxs[::-1]", "dxs")],
        "Only the last step is walked: go back through all of them.": [
            *LAST_STEP,
            (
                "np.stack(dxs[::-1], axis=1)",
                "np.repeat(np.stack(dxs, axis=1), dh.shape[1], axis=1)",
            ),
        ],
        "dh0 and dc0 are returned in the wrong order.": [
            ("dh_next, dc_next, *totals", "dc_next, dh_next, *totals")
        ],
        "dh0 is zero: it is what the first step sends back along the hidden road.": [
            ("axis=1), dh_next, dc_next", "axis=1), 0 * dh_next, dc_next")
        ],
        "The first step is left out: the walk must end at step 0.": [
            ("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))")
        ],
        "dh_next is added into dh itself, and the caller still needs it: build a new array.": [
            ("dh[:, t] + dh_next,", "dh[:, t],"),
            (
                "dx, dh_next, dc_next, *weights",
                "dh[:, t] += dh_next; dx, dh_next, dc_next, *weights",
            ),
        ],
        "dx is stacked with time first; it must be (N, T, D).": [
            ("np.stack(dxs[::-1], axis=1)", "np.stack(dxs[::-1])")
        ],
        "dh_next starts as float64 zeros, so float32 does not stay float32: use np.zeros_like.": [
            ("np.zeros_like(dh[:, 0])", "np.zeros(dh[:, 0].shape)")
        ],
        "The gradient is clipped on the way back: hand it on as it is.": [
            ("dh[:, t] + dh_next", "np.clip(dh[:, t] + dh_next, -5, 5)")
        ],
        "Steps without a gradient of their own are cut off: what later steps send back passes through.": [
            (
                "dh[:, t] + dh_next, dc[:, t] + dc_next,",
                "dh[:, t] + dh_next * dh[:, t].any(), dc[:, t] + dc_next * dc[:, t].any(),",
            )
        ],
        "The cache is emptied on the way: only read it, it may be needed again.": [
            ("dc_next, cache[t]", "dc_next, cache.pop()")
        ],
        "The gradients come back from an earlier call of the same shape: compute them anew.": """_kept = {}


def lstm_backward(dh, dc, cache):
    if dh.shape not in _kept:
        dh_next, dc_next, dxs, totals = np.zeros_like(dh[:, 0]), np.zeros_like(dc[:, 0]), [], None
        for t in reversed(range(dh.shape[1])):
            dx, dh_next, dc_next, *weights = lstm_step_backward(
                dh[:, t] + dh_next, dc[:, t] + dc_next, cache[t]
            )
            dxs.append(dx)
            totals = weights if totals is None else [a + b for a, b in zip(totals, weights)]
        _kept[dh.shape] = (np.stack(dxs[::-1], axis=1), dh_next, dc_next, *totals)
    return _kept[dh.shape]
""",
    },
    "init_lstm": {
        "`forget_bias or 1.0` makes 1 of a given 0: take the argument as it is.": [
            ("= forget_bias", "= forget_bias or 1.0")
        ],
        "The sign of forget_bias is lost: take the argument as it is.": [
            ("= forget_bias", "= abs(forget_bias)")
        ],
        "That is the value for the four blocks taken as one; each gate's own fan_out is H.": [
            ("(D + H)", "(D + 4 * H)"),
            ("(H + H)", "(H + 4 * H)"),
        ],
        "W_h has the fans of W_x: both of its fans are H.": [("(H + H)", "(D + H)")],
        "W_x has the fans of W_h: its fan_in is D.": [("(D + H)", "(H + H)")],
        "The fan_in is that of the joined [x, h]; W_x and W_h have one each.": [
            ("2 / (D + H)", "2 / (D + H + H)"),
            ("2 / (H + H)", "2 / (D + H + H)"),
        ],
        "The scale is He's, from fan_in alone; Glorot's takes fan_out as well.": [
            ("2 / (D + H)", "2 / D"),
            ("2 / (H + H)", "2 / H"),
        ],
        "The scale is LeCun's, sqrt(1 / fan_in); Glorot's is sqrt(2 / (fan_in + fan_out)).": [
            ("2 / (D + H)", "1 / D")
        ],
        "That is the variance: the scale of rng.normal is a standard deviation.": [
            ("np.sqrt(2 / (D + H))", "2 / (D + H)"),
            ("np.sqrt(2 / (H + H))", "2 / (H + H)"),
        ],
        "The weights are standard normal: scale them by Glorot's standard deviation.": [
            ("np.sqrt(2 / (D + H))", "1.0"),
            ("np.sqrt(2 / (H + H))", "1.0"),
        ],
        "The weights are drawn uniformly; Glorot-normal weights come from rng.normal.": [
            (
                "rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, 4 * H))",
                "rng.uniform(-1, 1, size=(D, 4 * H)) * np.sqrt(6 / (D + H))",
            ),
            (
                "rng.normal(scale=np.sqrt(2 / (H + H)), size=(H, 4 * H))",
                "rng.uniform(-1, 1, size=(H, 4 * H)) * np.sqrt(6 / (H + H))",
            ),
        ],
        "The blocks of W_h are orthogonal matrices; here they are normal draws.": [
            (
                "rng.normal(scale=np.sqrt(2 / (H + H)), size=(H, 4 * H))",
                "np.concatenate([np.linalg.qr(rng.normal(size=(H, H)))[0] for _ in range(4)], axis=1)",
            )
        ],
        "The forget gate is the second block; this is the input gate's.": [
            ("b[H : 2 * H]", "b[:H]")
        ],
        "The forget gate is the second block; this is the candidate's.": [
            ("b[H : 2 * H]", "b[2 * H : 3 * H]")
        ],
        "The forget gate is the second block; this is the output gate's.": [
            ("b[H : 2 * H]", "b[3 * H :]")
        ],
        "Only the forget gate has a bias; the other blocks are zero.": [("b[H : 2 * H]", "b[:]")],
        "The forget gate's bias is not set.": [("b[H : 2 * H] = forget_bias", "pass")],
        "forget_bias is not used: the value is fixed at 1.": [("= forget_bias", "= 1.0")],
        "The default of forget_bias must be 1.": [
            ("forget_bias: float = 1.0", "forget_bias: float = 0.0")
        ],
        "The biases are drawn at random: all are zero, but the forget gate's.": [
            ("b = np.zeros(4 * H)", "b = rng.normal(size=4 * H)")
        ],
        "The same rng must give the same weights: draw from rng alone.": [
            ("rng.normal(", "np.random.normal(")
        ],
        "Another rng must give other weights: rng is not used.": [
            ("W_x = rng", "rng = np.random.default_rng(0); W_x = rng")
        ],
        "Two gates have the same weights: draw every block afresh.": [
            (
                "rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, 4 * H))",
                "np.tile(rng.normal(scale=np.sqrt(2 / (D + H)), size=(D, H)), 4)",
            )
        ],
        "The shapes are PyTorch's, (4H, D) and (4H, H): here they are (D, 4H) and (H, 4H).": [
            ("return W_x, W_h, b", "return W_x.T, W_h.T, b")
        ],
        "W_x is float32; it must be float64.": [
            ("return W_x, W_h, b", "return W_x.astype(np.float32), W_h.astype(np.float32), b")
        ],
        "b holds integers, so that a bias of 2.5 becomes 2: make it an array of floats.": [
            ("b = np.zeros(4 * H)", "b = np.zeros(4 * H, dtype=int)")
        ],
    },
    "LSTM": {
        **{
            f"The blocks are cut as {', '.join(p)}; the order is i, f, g, o.": [
                ("i, f, g, o = (x", f"{', '.join(p)} = (x")
            ]
            for p in itertools.permutations("ifgo")
            if p != tuple("ifgo")
        },
        "bias_hh is left out: PyTorch adds both biases.": [
            (' + getattr(self, f"bias_hh_l{k}")', "")
        ],
        "bias_ih is left out: PyTorch adds both biases.": [
            ('getattr(self, f"bias_ih_l{k}") + ', "")
        ],
        "Both biases are left out.": [(" + h @ W_hh.T + b", " + h @ W_hh.T")],
        "The state that is passed in is ignored.": [("if state is None:", "if True:")],
        "The module fails when no state is passed: None means zeros.": [
            ("if state is None:", "if False:")
        ],
        "c0 is ignored: the cell starts from state[1], not from zeros.": [
            ("state[0][k], state[1][k], []", "state[0][k], 0 * state[1][k], []")
        ],
        "The two states are swapped: state is (h0, c0).": [
            ("state[0][k], state[1][k], []", "state[1][k], state[0][k], []")
        ],
        "All layers start from the first layer's state: each has its own row of h0 and c0.": [
            ("state[0][k], state[1][k], []", "state[0][0], state[1][0], []")
        ],
        "h_n and c_n are swapped.": [
            (
                "(torch.stack(last_h), torch.stack(last_c))",
                "(torch.stack(last_c), torch.stack(last_h))",
            )
        ],
        "h_n and c_n hold the last layer only: stack those of every layer.": [
            ("(torch.stack(last_h), torch.stack(last_c))", "(last_h[-1][None], last_c[-1][None])")
        ],
        "h_n and c_n have no axis for the layers: stack those of every layer.": [
            ("(torch.stack(last_h), torch.stack(last_c))", "(last_h[-1], last_c[-1])")
        ],
        "Three values come back: nn.LSTM returns output, (h_n, c_n).": [
            (
                "return x, (torch.stack(last_h), torch.stack(last_c))",
                "return x, torch.stack(last_h), torch.stack(last_c)",
            )
        ],
        "Only the first layer runs: its outputs are the inputs of the next.": [
            (
                "for k in range(self.num_layers):\n            W_ih",
                "for k in range(1):\n            W_ih",
            )
        ],
        "All layers use the first layer's weight_hh: each has its own.": [
            ('f"weight_hh_l{k}")', 'f"weight_hh_l0")')
        ],
        "The loop reads x with time first; x is (N, T, D).": [
            ("range(x.shape[1])", "range(x.shape[0])"),
            ("x[:, t]", "x[t]"),
            ("dim=1)\n        return", "dim=0)\n        return"),
        ],
        "The zeros are float32 whatever the dtype of x: create them with x.new_zeros(...).": [
            ("x.new_zeros(", "torch.zeros(")
        ],
        "The zeros lie on the CPU whatever the device of x: create them with x.new_zeros(...).": [
            (
                "x.new_zeros(self.num_layers, x.shape[0], self.hidden_size)",
                "torch.zeros(self.num_layers, x.shape[0], self.hidden_size, dtype=x.dtype)",
            )
        ],
        "A layer starts from the last state of the layer below: each has a state of its own.": [
            (
                "h, c, outputs = state[0][k], state[1][k], []",
                "h, c, outputs = (state[0][0], state[1][0], []) if k == 0 else (h, c, [])",
            )
        ],
        "The output gate must multiply tanh(c), not c itself.": [
            ("torch.sigmoid(o) * torch.tanh(c)", "torch.sigmoid(o) * c")
        ],
        "weight_hh is detached: it gets no gradient and never learns.": [
            ('getattr(self, f"weight_hh_l{k}")', 'getattr(self, f"weight_hh_l{k}").detach()')
        ],
        "bias_hh is read through .data: it gets no gradient and never learns.": [
            ('getattr(self, f"bias_hh_l{k}")', 'getattr(self, f"bias_hh_l{k}").data')
        ],
        "The parameters have requires_grad=False: they never learn.": [
            ("nn.Parameter(start)", "nn.Parameter(start, requires_grad=False)")
        ],
        "The cell is detached at every step: no gradient travels along it.": [
            ("outputs.append(h)", "outputs.append(h); c = c.detach()")
        ],
        "Two calls with the same input differ: leave out dropout, or whatever else is random.": [
            ("outputs.append(h)", "outputs.append(nn.functional.dropout(h, 0.1))")
        ],
        "The state of the call before is kept: without a state, start from zeros.": [
            (
                "if state is None:",
                "if state is None and hasattr(self, 'kept'):\n            state = self.kept\n        if state is None:",
            ),
            (
                "return x, (",
                "self.kept = (torch.stack(last_h).detach(), torch.stack(last_c).detach())\n        return x, (",
            ),
        ],
        "The state that was passed in is overwritten, and the caller still needs it.": [
            ("last_h.append(h)", "last_h.append(h); state[0][k].copy_(h.detach())")
        ],
        "The cell is clamped: it may hold a number of any size.": [
            ("outputs.append(h)", "outputs.append(h); c = c.clamp(-3, 3)")
        ],
        "exp(a) / (1 + exp(a)) is not a number for large a: use torch.sigmoid.": [
            ("torch.sigmoid(f)", "(torch.exp(f) / (1 + torch.exp(f)))")
        ],
        "The last hidden states are detached: the gradient must flow through h_n too.": [
            ("torch.stack(last_h)", "torch.stack(last_h).detach()")
        ],
    },
    "peephole_lstm_step": {
        "The output gate must see the new cell c, not c_prev.": [("p_o * c)", "p_o * c_prev)")],
        "The output gate sees c itself, not tanh(c).": [("p_o * c)", "p_o * np.tanh(c))")],
        "p_i and p_f are swapped.": [
            ("p_i * c_prev", "SWAP"),
            ("p_f * c_prev", "p_i * c_prev"),
            ("SWAP", "p_f * c_prev"),
        ],
        "p_i and p_o are swapped.": [("p_i * c_prev", "p_o * c_prev"), ("p_o * c)", "p_i * c)")],
        "p_f and p_o are swapped.": [("p_f * c_prev", "p_o * c_prev"), ("p_o * c)", "p_f * c)")],
        "The peepholes are not used: this is the plain LSTM.": [
            (" + p_i * c_prev", ""),
            (" + p_f * c_prev", ""),
            (" + p_o * c)", ")"),
        ],
        "The output gate's peephole p_o is missing.": [(" + p_o * c)", ")")],
        "The forget gate's peephole p_f is missing.": [(" + p_f * c_prev", "")],
        "The input gate's peephole p_i is missing.": [(" + p_i * c_prev", "")],
        "The peepholes of the input and forget gates are missing.": [
            (" + p_i * c_prev", ""),
            (" + p_f * c_prev", ""),
        ],
        "The input and forget gates see c_prev: the new cell does not exist yet.": [
            (
                "i, f, g = sigmoid(i + p_i * c_prev), sigmoid(f + p_f * c_prev), np.tanh(g)",
                "g = np.tanh(g); c = sigmoid(f) * c_prev + sigmoid(i) * g; i, f = sigmoid(i + p_i * c), sigmoid(f + p_f * c)",
            )
        ],
        "The peepholes look at the cell, not at h_prev.": [
            ("p_i * c_prev", "p_i * h_prev"),
            ("p_f * c_prev", "p_f * h_prev"),
        ],
        "The candidate g has no peephole: only the three gates see the cell.": [
            ("np.tanh(g)", "np.tanh(g + p_i * c_prev)")
        ],
        "p_f * c_prev is added after the sigmoid; it belongs to the pre-activation.": [
            ("sigmoid(f + p_f * c_prev)", "sigmoid(f) + p_f * c_prev")
        ],
        "p_o is summed over the units like a matrix: each unit sees its own cell alone.": [
            ("p_o * c)", "(c @ p_o)[:, None])")
        ],
        "The blocks are cut as i, f, o, g; the order is i, f, g, o.": [
            ("i, f, g, o = np.split", "i, f, o, g = np.split")
        ],
        "The output gate must multiply tanh(c), not c itself.": [("* np.tanh(c)", "* c")],
        "h and c are returned in the wrong order.": [("return h, c", "return c, h")],
        "The new cell is written into c_prev, which the caller still needs: build a new array.": [
            ("c = f * c_prev + i * g", "c_prev *= f; c_prev += i * g; c = c_prev")
        ],
        "float32 input comes back as float64: keep the dtype of the input.": [
            ("c = f * c_prev", "c = f.astype(float) * c_prev")
        ],
        "Only the first sequence's states come back: return those of the whole batch.": [
            ("return h, c", "return h[:1], c[:1]")
        ],
        "The cell is clipped: it may hold a number of any size.": [
            ("c = f * c_prev + i * g", "c = np.clip(f * c_prev + i * g, -10, 10)")
        ],
        "An axis of length 1 is squeezed away: h and c keep their two axes, (N, H).": [
            ("return h, c", "return h.squeeze(), c.squeeze()")
        ],
    },
    "variational_dropout": {
        "The mask changes from step to step: its time axis must have length 1.": [
            ("x.shape[0], 1, x.shape[2]", "x.shape[0], x.shape[1], x.shape[2]")
        ],
        "All sequences share one mask; each needs its own.": [
            ("(x.shape[0], 1, x.shape[2])", "(1, 1, x.shape[2])")
        ],
        "Whole sequences are dropped; the mask is per feature.": [
            ("(x.shape[0], 1, x.shape[2])", "(x.shape[0], 1, 1)")
        ],
        "Whole steps are dropped; the mask is per feature and the same at every step.": [
            ("(x.shape[0], 1, x.shape[2])", "(x.shape[0], x.shape[1], 1)")
        ],
        "rate is the share that is dropped; you keep that share.": [(">= rate", "< rate")],
        "rate is the share that is dropped; you keep that share and divide by it.": [
            (">= rate", "< rate"),
            ("(1 - rate)", "max(rate, 1e-9)"),
        ],
        "The scaling is missing: divide what is kept by 1 - rate.": [
            ("(kept / (1 - rate))", "kept")
        ],
        "What is kept is divided by rate; the divisor is the share kept, 1 - rate.": [
            ("(kept / (1 - rate))", "(kept / max(rate, 1e-9) if rate else kept)")
        ],
        "What is kept is multiplied by 1 - rate; inverted scaling divides by it.": [
            ("(kept / (1 - rate))", "(kept * (1 - rate))")
        ],
        "The divisor is the share that happened to be kept; it must be 1 - rate itself.": [
            ("(kept / (1 - rate))", "(kept / kept.mean())")
        ],
        "The same rng must give the same masks: draw from rng alone.": [
            ("rng.random(", "np.random.random_sample(")
        ],
        "Another rng must give other masks: rng is not used.": [
            ("kept = rng", "kept = np.random.default_rng(0)")
        ],
        "The mask is applied to x in place, and the caller still needs x: build a new array.": [
            (
                "return x * (kept / (1 - rate)).astype(x.dtype)",
                "x *= (kept / (1 - rate)).astype(x.dtype); return x",
            )
        ],
        "float32 input comes back as float64: keep the dtype of the input.": [
            (".astype(x.dtype)", "")
        ],
        "The result is the mask; it must be x times the mask.": [
            ("return x * (kept", "return np.ones_like(x) * (kept")
        ],
        "No value is 0 at rate 0.2: a mask drops some and keeps the others.": [
            (
                "kept = rng.random((x.shape[0], 1, x.shape[2])) >= rate",
                "kept = 2 * (1 - rate) * rng.random((x.shape[0], 1, x.shape[2]))",
            )
        ],
        "Nothing is dropped: x comes back as it was.": [
            ("return x * (kept / (1 - rate)).astype(x.dtype)", "return x.copy()")
        ],
    },
    "test_lstm_gradients": {
        "It never fails: nothing is asserted.": [(NUDGED, "largest_error(found, nudged)")],
        "It always fails, on right gradients too.": [(NUDGED, "assert False")],
        "It returns False: a test speaks by raising an AssertionError.": [
            (NUDGED, "if largest_error(found, nudged) > 1e-4:\n                return False")
        ],
        "It prints that something is wrong: a test speaks by raising an AssertionError.": [
            (NUDGED, "print(block, 'right' if largest_error(found, nudged) < 1e-4 else 'wrong')")
        ],
        "It looks at shapes alone: wrong gradients have the right shapes.": [
            (NUDGED, "assert found.shape == nudged.shape")
        ],
        "The tolerance is so wide that nearly everything passes.": [("atol=1e-6", "atol=100")],
        "Nudging is exact to some digits alone: compare with a tolerance, not with ==.": [
            (NUDGED, "assert np.array_equal(found, nudged)")
        ],
        "The tolerance is narrower than nudging is exact.": [
            ("rtol=1e-4, atol=1e-6", "rtol=0, atol=1e-15")
        ],
        "There is one step alone: what comes back from later steps goes unseen.": [
            (LENGTHS, "for T in (1,):")
        ],
        "The weights alone are compared: the biases can be wrong, too.": [
            (BLOCKS, "for block, (found, nudged) in list(both.items())[:4]:")
        ],
        "The biases alone are compared: the weights can be wrong, too.": [
            (BLOCKS, "for block, (found, nudged) in list(both.items())[4:]:")
        ],
        "The forget gate alone is compared: there are four gates.": [
            (BLOCKS, "for block in ('W_f', 'b_f'):\n            found, nudged = both[block]")
        ],
        "The gates i, f and g are compared: the output gate can be wrong, too.": [
            (NUDGED, NUDGED.replace("np.", "'o' in block or np."))
        ],
        "The first entry of each gradient is compared: look at all of them.": [
            ("(found, nudged, ", "(found.flat[0], nudged.flat[0], ")
        ],
        "The sums are compared: entries can be wrong and cancel.": [
            ("(found, nudged, ", "(found.sum(), nudged.sum(), "),
            (LENGTHS, "for T in (1,):"),
        ],
        "The means are compared: entries can be wrong and cancel.": [
            (
                NUDGED,
                "assert np.isclose(found.mean(), nudged.mean(), rtol=1e-4, atol=1e-6), block",
            )
        ],
        "The entries are sorted before they are compared: each has its place.": [
            (
                NUDGED,
                "assert np.allclose(np.sort(found, axis=None), np.sort(nudged, axis=None), 1e-4, 1e-6)",
            )
        ],
        "The gates f, g and o are compared: the input gate can be wrong, too.": [
            (NUDGED, NUDGED.replace("np.", "'i' in block or np."))
        ],
        "The last column of each gradient is compared: look at all of them.": [
            (
                NUDGED,
                "assert np.allclose(found[..., -1], nudged[..., -1], rtol=1e-4, atol=1e-6), block",
            )
        ],
        "The signs are compared: a gradient has a size.": [
            (NUDGED, "assert (np.sign(found) == np.sign(nudged)).all(), block")
        ],
        "The difference has no abs: a gradient that is too small goes unseen.": [
            (NUDGED, "assert (found - nudged).max() < 1e-4, block")
        ],
        "It returns at the first block that is right: look at all eight.": [
            (
                NUDGED,
                "if np.allclose(found, nudged, rtol=1e-4, atol=1e-6):\n                return\n            raise AssertionError(block)",
            )
        ],
        "It steps along the gradient and asks for a lower loss: a wrong gradient lowers it, too.": """
def test_lstm_gradients(backward):
    rng = np.random.default_rng(0)
    W = {gate: rng.normal(size=(4, 2)) for gate in "ifgo"}
    b = {gate: rng.normal(size=2) for gate in "ifgo"}
    x, up = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4, 2))
    h, record = found_forward(x, W, b)
    dW, db = backward(up, record, W)
    W, b = ({g: v[g] - 1e-4 * d[g] for g in "ifgo"} for v, d in ((W, dW), (b, db)))
    assert np.sum(up * found_forward(x, W, b)[0]) < np.sum(up * h)
""",
        "The sizes are compared: a gradient has a sign.": [
            ("(found, nudged, ", "(abs(found), abs(nudged), ")
        ],
        "There is one sequence: means over sequences pass for sums.": [
            ("figures.", "one_sequence."),
            (
                "    " + LENGTHS,
                """    class one_sequence:
        def gradients_both_ways(forward, backward, nudge, T):
            rng = np.random.default_rng(8)
            x, up = rng.normal(size=(1, T, 2)), rng.normal(size=(1, T, 2))
            W = {gate: rng.normal(size=(4, 2)) for gate in "ifgo"}
            b = {gate: rng.normal(size=2) for gate in "ifgo"}
            dW, db = backward(up, forward(x, W, b)[1], W)
            both = {}
            for g in "ifgo":
                of_W = lambda w: np.sum(up * forward(x, W | {g: w}, b)[0])
                of_b = lambda v: np.sum(up * forward(x, W, b | {g: v})[0])
                both["W_" + g] = dW[g], nudge(of_W, W[g])
                both["b_" + g] = db[g], nudge(of_b, b[g])
            return both

    """
                + LENGTHS,
            ),
        ],
        "The name of found_backward is written in it: call the function that is handed in.": [
            ("found_forward, backward, ", "found_forward, found_backward, ")
        ],
    },
    "repaired_backward": {
        "One of the two mistakes is still there: nudge the weights at T = 2.": BUG_CUT,
        "One of the two mistakes is still there: nudge the biases at T = 1.": BUG_COPY,
        "Both mistakes are still there: nudge at T = 1 and at T = 2.": BUG_COPY + BUG_CUT,
        "Steps without a gradient of their own are cut off: what later steps send back passes through.": [
            ("dh_t = dh[:, t] + dh_next", "dh_t = dh[:, t] + dh_next * dh[:, t].any()")
        ],
        "dc_next is not multiplied by the forget gate.": [
            ('dc_next = dc * s["f"]', "dc_next = dc")
        ],
        "dc_next is multiplied by the input gate; on the cell's road lies the forget gate.": [
            ('dc_next = dc * s["f"]', 'dc_next = dc * s["i"]')
        ],
        "dc_next replaces what comes through h; the two must be added.": [
            (
                'dc = dc_next + dh_t * s["o"] * (1 - np.tanh(s["c"]) ** 2)',
                'dc = dh_t * s["o"] * (1 - np.tanh(s["c"]) ** 2) if t == dh.shape[1] - 1 else dc_next',
            )
        ],
        "dh_next is no longer added to dh: the hidden road is cut.": [
            ("dh_t = dh[:, t] + dh_next", "dh_t = dh[:, t]")
        ],
        "The biases' gradients are means over the batch; they must be sums.": [
            ("da[gate].sum(axis=0)", "da[gate].mean(axis=0)")
        ],
        "db is overwritten at every step: add the steps up.": [("db[gate] +=", "db[gate] =")],
        "dW is overwritten at every step: add the steps up.": [("dW[gate] +=", "dW[gate] =")],
        "dh_next takes the columns of x from dz; those of h_prev are the last H.": [
            ("dz[:, -dh.shape[2] :]", "dz[:, : dh.shape[2]]")
        ],
        "All biases get the input gate's gradient: each gate has its own.": [
            ("da[gate].sum(axis=0)", "da['i'].sum(axis=0)")
        ],
        "The first step is left out: the loop must go down to step 0.": [
            ("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))")
        ],
        "dW and db are returned in the wrong order.": [("return dW, db", "return db, dW")],
        "dh_next is added into dh itself, and the caller still needs it: build a new array.": [
            ("dh_t = dh[:, t] + dh_next", "dh[:, t] += dh_next; dh_t = dh[:, t]")
        ],
        "The record is emptied on the way: only read it, the caller still needs it.": [
            ("s = record[t]", "s = record.pop()")
        ],
        "W gets another entry on the way: leave it as it is.": [
            (
                "    return dW, db",
                '    W["all"] = np.concatenate([W[gate] for gate in "ifgo"], axis=1)\n    return dW, db',
            )
        ],
        "The gradient is clipped on the way back: hand it on as it is.": [
            ("dc_next = dc * ", "dc_next = np.clip(dc, -5, 5) * ")
        ],
    },
    "scan_cell": {
        "Do not walk from step to step: sweep over all steps at once.": _SCAN_LOOP,
        "A product of gates may be 0: do not divide by it.": [
            (
                _SWEEPS,
                "    P = np.cumprod(f, axis=1)\n    with np.errstate(all='ignore'):\n"
                "        c = P * (c0[:, None] + np.cumsum(u / P, axis=1))\n",
            )
        ],
        "The earlier u is multiplied by the later f, not the later u by the earlier f.": [
            ("later * c[:, :-reach] + c[:, reach:]", "f[:, :-reach] * c[:, reach:] + c[:, :-reach]")
        ],
        "A pair that spans more steps has the product of their gates: renew f, too.": [
            (_RENEWED, "")
        ],
        "f is renewed too early: c still needs the gates from before the sweep.": [
            (_RENEWED, ""),
            ("        later = f[:, reach:]\n", "        later = f[:, reach:] * f[:, :-reach]\n"),
            (
                "        reach *= 2",
                "        f = np.concatenate([f[:, :reach], later], axis=1)\n        reach *= 2",
            ),
        ],
        "The cell begins with c0, not with zeros.": [("    c[:, 0] += f[:, 0] * c0\n", "")],
        "The first step forgets, too: c0 is multiplied by f.": [("f[:, 0] * c0", "c0")],
        "c0 is a part of every step: give it to the first one alone.": [
            ("c[:, 0] += f[:, 0] * c0", "c += f * c0[:, None]")
        ],
        "After a sweep with reach r, pairs span 2 r steps: double the reach.": [
            ("reach *= 2", "reach += 1")
        ],
        "The last sweep is missing: go on while the reach is less than T.": [
            ("while reach < u.shape[1]", "while 2 * reach < u.shape[1]")
        ],
        "One sweep is not enough: repeat it with twice the reach.": [
            ("        reach *= 2", "        break")
        ],
        "The last steps come round to the first ones: these are finished, leave them as they are.": [
            (
                "np.concatenate([c[:, :reach], later * c[:, :-reach] + c[:, reach:]], axis=1)",
                "f * np.roll(c, reach, axis=1) + c",
            ),
            (
                "np.concatenate([f[:, :reach], later * f[:, :-reach]], axis=1)",
                "f * np.roll(f, reach, axis=1)",
            ),
        ],
        "The sweeps run backwards: a step takes in the one before it.": [
            ("    c = u.copy()", "    f, u = f[:, ::-1], u[:, ::-1]\n    c = u.copy()"),
            ("return c", "return c[:, ::-1].copy()"),
        ],
        "Do not work in u itself: make a copy.": [("u.copy()", "u")],
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
        "a sigmoid of its own, in place of the lesson's": [
            (
                "def lstm_step(",
                "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n\n\ndef lstm_step(",
            )
        ],
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
    "test_lstm_gradients": {
        "own nudges": OWN_NUDGES,
        "random directions": """
def test_lstm_gradients(backward):
    rng = np.random.default_rng(0)
    for N, T in ((1, 2), (3, 1), (3, 5)):
        W = {gate: rng.normal(size=(5, 2)) for gate in "ifgo"}
        b = {gate: rng.normal(size=2) for gate in "ifgo"}
        x, up = rng.normal(size=(N, T, 3)), rng.normal(size=(N, T, 2))
        dW, db = backward(up, found_forward(x, W, b)[1], W)
        for k in "ifgo" * 12:
            v, w = rng.normal(size=(5, 2)), rng.normal(size=2)
            there, back = (
                np.sum(up * found_forward(x, W | {k: W[k] + e * v}, b | {k: b[k] + e * w})[0])
                for e in (1e-5, -1e-5)
            )
            slope = (there - back) / 2e-5
            assert abs(slope - np.sum(dW[k] * v) - np.sum(db[k] * w)) < 1e-5 * (1 + abs(slope))
""",
        "largest_error": [(NUDGED, "assert largest_error(found, nudged) < 1e-5, block")],
        "own error": [
            (
                NUDGED,
                "if not np.allclose(found, nudged, atol=1e-7):\n                raise ValueError(block)",
            )
        ],
        "all complaints at once": [
            (LENGTHS, "bad = []\n    " + LENGTHS),
            (
                NUDGED,
                "bad += [] if largest_error(found, nudged) < 1e-4 else [(T, block)]\n    assert not bad, bad",
            ),
        ],
        "against nn.LSTM": """def test_lstm_gradients(backward):
    rng = np.random.default_rng(4)
    for T in (1, 4):
        x, up = rng.normal(size=(3, T, 2)), rng.normal(size=(3, T, 3))
        layer = nn.LSTM(2, 3, batch_first=True).double()
        h, _ = layer(torch.tensor(x))
        (h * torch.tensor(up)).sum().backward()
        both = [layer.weight_ih_l0, layer.weight_hh_l0]
        W, dW = (torch.cat([get(p) for p in both], 1).T for get in (lambda p: p.detach(), lambda p: p.grad))
        W, dW = (dict(zip("ifgo", np.split(v.numpy(), 4, axis=1))) for v in (W, dW))
        b = (layer.bias_ih_l0 + layer.bias_hh_l0).detach().numpy()
        b, db = (dict(zip("ifgo", np.split(v, 4))) for v in (b, layer.bias_ih_l0.grad.numpy()))
        found_W, found_b = backward(up, found_forward(x, W, b)[1], W)
        for gate in "ifgo":
            np.testing.assert_allclose(found_W[gate], dW[gate], rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(found_b[gate], db[gate], rtol=1e-6, atol=1e-9)
""",
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
    "scan_cell": {
        "in place, on copies": [
            (
                _SWEEPS,
                """    f, c = f.copy(), u.copy()
    c[:, 0] += f[:, 0] * c0
    reach = 1
    while reach < c.shape[1]:
        c[:, reach:] += f[:, reach:] * c[:, :-reach].copy()
        f[:, reach:] *= f[:, :-reach].copy()
        reach *= 2
""",
            )
        ],
        "two halves, each by itself": _SCAN_HALVES,
        "pairs of neighbours, then every second step": _SCAN_PAIRS,
        "with c0 as a step of its own": [
            (
                "    c = u.copy()\n    c[:, 0] += f[:, 0] * c0\n",
                "    f = np.concatenate([np.zeros_like(f[:, :1]), f], axis=1)\n"
                "    u = c = np.concatenate([c0[:, None], u], axis=1)\n",
            ),
            ("return c", "return c[:, 1:]"),
        ],
    },
}

_FLOAT64 = "float32 input comes back as float64: keep the dtype of the input."
_WRITTEN = "The new cell is written into c_prev, which the caller still needs: build a new array."
_ADDED = "dh_next is added into dh itself, and the caller still needs it: build a new array."

SAYS = {
    "lstm_step": {
        _FLOAT64: "float32",
        _WRITTEN: "in place",
        "The cache is missing: return h, c and whatever your backward pass will need.": "must return 3 values",
    },
    "lstm_forward": {
        _FLOAT64: "float32",
        "h0 is changed on the way, and the caller still needs it: build new arrays.": "in place",
    },
    "lstm_gates": {_FLOAT64: "float32"},
    "lstm_step_backward": {
        "The gradient is added into dc itself, and the caller still needs it: build a new array.": "in place",
        "The cache is changed on the way, so a second backward pass would go wrong.": "argument cache",
        _FLOAT64: "float32",
    },
    "lstm_backward": {
        _ADDED: "in place",
        "dh_next starts as float64 zeros, so float32 does not stay float32: use np.zeros_like.": "float32",
        "The cache is emptied on the way: only read it, it may be needed again.": "argument cache",
    },
    "init_lstm": {
        "`forget_bias or 1.0` makes 1 of a given 0: take the argument as it is.": "take it as it is",
        "The sign of forget_bias is lost: take the argument as it is.": "take it as it is",
        "The shapes are PyTorch's, (4H, D) and (4H, H): here they are (D, 4H) and (H, 4H).": "shape",
    },
    "LSTM": {
        "The module fails when no state is passed: None means zeros.": "None means zeros",
        "Three values come back: nn.LSTM returns output, (h_n, c_n).": "output, (h_n, c_n)",
        "The loop reads x with time first; x is (N, T, D).": "must match the size",
        "The zeros are float32 whatever the dtype of x: create them with x.new_zeros(...).": "new_zeros",
        "The zeros lie on the CPU whatever the device of x: create them with x.new_zeros(...).": "a device other than the CPU",
        "weight_hh is detached: it gets no gradient and never learns.": "no gradient reaches weight_hh_l0",
        "bias_hh is read through .data: it gets no gradient and never learns.": "no gradient reaches bias_hh_l0",
        "The parameters have requires_grad=False: they never learn.": "no gradient reaches",
        "The state that was passed in is overwritten, and the caller still needs it.": "in place",
    },
    "peephole_lstm_step": {_WRITTEN: "in place", _FLOAT64: "float32"},
    "variational_dropout": {
        "rate is the share that is dropped; you keep that share and divide by it.": "you keep that share",
        "The mask is applied to x in place, and the caller still needs x: build a new array.": "argument x in place",
        _FLOAT64: "float32",
    },
    "test_lstm_gradients": {
        "It never fails: nothing is asserted.": "passes on found_backward",
        "It always fails, on right gradients too.": "fails on gradients that PyTorch finds",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Nudging is exact to some digits alone: compare with a tolerance, not with ==.": "and should pass (AssertionError",
        "There is one step alone: what comes back from later steps goes unseen.": "right at T = 1 alone",
        "The weights alone are compared: the biases can be wrong, too.": "the biases alone are wrong",
        "The gates i, f and g are compared: the output gate can be wrong, too.": "a gradient of W_o whose last entries",
        "There is one sequence: means over sequences pass for sums.": "means over the sequences",
        "The gates f, g and o are compared: the input gate can be wrong, too.": "a gradient of W_i whose last entries",
        "The entries are sorted before they are compared: each has its place.": "rows stand in reverse order",
        "The last column of each gradient is compared: look at all of them.": "W_i whose first entry",
    },
    "repaired_backward": {
        _ADDED: "in place",
        "The record is emptied on the way: only read it, the caller still needs it.": "argument record",
    },
    "scan_cell": {
        "Do not walk from step to step: sweep over all steps at once.": "Twelve sweeps over whole arrays",
        "Do not work in u itself: make a copy.": "changed its argument u",
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
        "one slip": (
            WRONG["lstm_step"]["The output gate must multiply tanh(c), not c itself."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["lstm_step"]["c_prev is not used: the cell must be carried."],
            0,
            0.49,
        ),
    },
    "lstm_forward": {
        "nothing": (COPIES, 0, 0),
        "one slip": (
            WRONG["lstm_forward"]["h0 is ignored: the first step starts from it, not from zeros."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["lstm_forward"]["The cell is not carried: every step starts from c0."],
            0,
            0.49,
        ),
    },
    "lstm_gates": {
        "nothing": (
            "def lstm_gates(x, h0, c0, W_x, W_h, b):\n"
            "    return {k: np.zeros((*x.shape[:2], h0.shape[1]), dtype=x.dtype) for k in 'ifgo'}\n",
            0,
            0,
        ),
        "one slip": (
            WRONG["lstm_gates"]["g went through the sigmoid; the candidate takes tanh."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["lstm_gates"][
                "These are pre-activations: i, f and o take the sigmoid, g takes tanh."
            ],
            0,
            0.49,
        ),
    },
    "lstm_step_backward": {
        "nothing": (NOTHING_BACKWARD, 0, 0),
        "one slip": (
            [("dh * tanh_c * o * (1 - o)", "dh * tanh_c * (1 - o)")],  # in one of four gates
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["lstm_step_backward"][
                "dc is not used: the gradient from the next step's cell is missing."
            ],
            0,
            0.49,
        ),
    },
    "lstm_backward": {
        "nothing": (NOTHING_THROUGH_TIME, 0, 0),
        "one slip": (WRONG["lstm_backward"]["dx is in reversed order of time."], 0.5, 0.99),
        "point missed": (
            WRONG["lstm_backward"]["Neither dh_next nor dc_next is carried back."],
            0,
            0.49,
        ),
    },
    "init_lstm": {
        "nothing": (
            "def init_lstm(D, H, rng, forget_bias=1.0):\n"
            "    return np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros(4 * H)\n",
            0,
            0,
        ),
        "one slip": (
            WRONG["init_lstm"][
                "The weights are drawn uniformly; Glorot-normal weights come from rng.normal."
            ],
            0.7,
            0.99,
        ),
        "point missed": (
            WRONG["init_lstm"][
                "That is the value for the four blocks taken as one; each gate's own fan_out is H."
            ],
            0,
            0.49,
        ),
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
        "one slip": (WRONG["LSTM"]["h_n and c_n are swapped."], 0.5, 0.99),
        "point missed": (
            WRONG["LSTM"]["Only the first layer runs: its outputs are the inputs of the next."],
            0,
            0.49,
        ),
    },
    "peephole_lstm_step": {
        "nothing": (
            WRONG["peephole_lstm_step"]["The peepholes are not used: this is the plain LSTM."],
            0,
            0,
        ),
        "one slip": (
            WRONG["peephole_lstm_step"]["The output gate must see the new cell c, not c_prev."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["peephole_lstm_step"]["The peepholes look at the cell, not at h_prev."],
            0,
            0.49,
        ),
    },
    "variational_dropout": {
        "nothing": (
            WRONG["variational_dropout"]["Nothing is dropped: x comes back as it was."],
            0,
            0,
        ),
        "one slip": (
            WRONG["variational_dropout"][
                "The scaling is missing: divide what is kept by 1 - rate."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["variational_dropout"][
                "The mask changes from step to step: its time axis must have length 1."
            ],
            0,
            0.49,
        ),
    },
    "test_lstm_gradients": {
        "nothing": ([(NUDGED, "largest_error(found, nudged)")], 0, 0),
        "one slip": (
            WRONG["test_lstm_gradients"][
                "There is one sequence: means over sequences pass for sums."
            ],
            0.6,
            0.95,
        ),
        "point missed": (
            WRONG["test_lstm_gradients"]["The tolerance is so wide that nearly everything passes."],
            0,
            0.49,
        ),
    },
    "repaired_backward": {
        "nothing": (
            WRONG["repaired_backward"][
                "Both mistakes are still there: nudge at T = 1 and at T = 2."
            ],
            0,
            0,
        ),
        "one slip": (
            WRONG["repaired_backward"][
                "One of the two mistakes is still there: nudge the biases at T = 1."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["repaired_backward"]["dW and db are returned in the wrong order."],
            0,
            0.49,
        ),
    },
}
