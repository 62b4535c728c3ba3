"""Wrong and right variants of the exercises in ``source/03_gru/gru.ipynb``."""

# --- the step -----------------------------------------------------------------------------------
GATES = "gates = sigmoid(x @ W_x[:, : 2 * H] + h_prev @ W_h[:, : 2 * H] + b[: 2 * H])"
SPLIT = "r, z = gates[:, :H], gates[:, H:]"
NEW = "n = np.tanh(x @ W_x[:, 2 * H :] + (r * h_prev) @ W_h[:, 2 * H :] + b[2 * H :])"
MIX = "h = (1 - z) * h_prev + z * n"
STEP_RETURN = "return h, (x, h_prev, W_x, W_h, r, z, n)"

STEP_WRONG = {
    "z and 1 - z are swapped: here z is the share that is rewritten (PyTorch's z is the share that is kept).": [
        (MIX, "h = (1 - z) * n + z * h_prev")
    ],
    "The reset gate acts after the product: write (r * h_prev) @ W_hn, not r * (h_prev @ W_hn).": [
        ("(r * h_prev) @ W_h[:, 2 * H :]", "r * (h_prev @ W_h[:, 2 * H :])")
    ],
    "This is PyTorch's cell: there z keeps and r acts after the product. Here z rewrites, and r acts on h_prev first.": [
        ("(r * h_prev) @ W_h[:, 2 * H :]", "r * (h_prev @ W_h[:, 2 * H :])"),
        (MIX, "h = (1 - z) * n + z * h_prev"),
    ],
    "The blocks r and z are exchanged: the order is r, z, n.": [
        (SPLIT, "z, r = gates[:, :H], gates[:, H:]")
    ],
    "The blocks seem to be read as n, r, z: the order is r, z, n.": [
        (
            "    H = h_prev.shape[1]\n",
            "    H = h_prev.shape[1]\n    W_x, W_h, b = (np.roll(v, -h_prev.shape[1], axis=-1) for v in (W_x, W_h, b))\n",
        )
    ],
    "The bias b is missing: each of the three blocks has its part of it.": [
        (" + b[: 2 * H]", ""),
        (" + b[2 * H :]", ""),
    ],
    "The bias is missing in the proposal n.": [(" + b[2 * H :]", "")],
    "The bias is added twice in every block: once is enough.": [
        ("+ b[: 2 * H]", "+ 2 * b[: 2 * H]"),
        ("+ b[2 * H :]", "+ 2 * b[2 * H :]"),
    ],
    "The reset gate r is not used: it scales h_prev inside the proposal.": [
        ("(r * h_prev)", "h_prev")
    ],
    "The reset gate belongs to the state's part of the proposal alone, not to x's part or the bias.": [
        (NEW, "n = np.tanh(r * (x @ W_x[:, 2 * H :] + h_prev @ W_h[:, 2 * H :] + b[2 * H :]))")
    ],
    "The proposal has no tanh: its sum must be squashed into (-1, 1).": [("np.tanh(", "(")],
    "The proposal uses the sigmoid; it needs tanh, which reaches -1.": [("np.tanh(", "sigmoid(")],
    "The gates have no sigmoid: r and z must lie between 0 and 1.": [
        ("gates = sigmoid(", "gates = (")
    ],
    "The old state is not kept: h_prev has a share 1 - z.": [(MIX, "h = z * n")],
    "This is the proposal n alone: the mix with h_prev is missing.": [(MIX, "h = n")],
    "The gates do not see h_prev: they need its product with the blocks r and z of W_h.": [
        (" + h_prev @ W_h[:, : 2 * H]", "")
    ],
    "The gates multiply h_prev by W_h's blocks transposed: W_h needs no .T here, it is (H, 3H).": [
        ("@ W_h[:, : 2 * H]", "@ np.hstack([W_h[:, :H].T, W_h[:, H : 2 * H].T])")
    ],
    "The gates share one averaged bias: every unit of every gate has a number of its own in b.": [
        ("b[: 2 * H]", "b[: 2 * H].mean()")
    ],
    "h_prev is overwritten by the new state: build h as a new array, without *= and +=.": [
        (MIX, "h_prev *= 1 - z; h_prev += z * n; h = h_prev")
    ],
    "The biases grow with every call: b is changed in place. Leave the weights as they are.": [
        (GATES, "W_x *= 1.0; b += 0.5; b -= 0.25; " + GATES)
    ],
    "The new state is turned into float64: keep the dtype of the input, leave out astype.": [
        (MIX, "h = ((1 - z) * h_prev + z * n).astype(np.float64)")
    ],
    "The returned values are in the wrong order: first h, then the cache.": [
        (STEP_RETURN, "return (x, h_prev, W_x, W_h, r, z, n), h")
    ],
    "Only h is returned: return the cache as well, the backward pass needs it.": [
        (STEP_RETURN, "return h")
    ],
    "Only the first row comes back: every row of the batch has a state of its own.": [
        (MIX, "h = ((1 - z) * h_prev + z * n)[:1]")
    ],
    "h is squashed once more: the mix of h_prev and n needs no further tanh.": [
        (MIX, "h = np.tanh((1 - z) * h_prev + z * n)")
    ],
    "h is clipped to [-1, 1]: the mix needs no clipping, and h_prev may lie outside.": [
        (MIX, "h = np.clip((1 - z) * h_prev + z * n, -1, 1)")
    ],
    "The cache holds h where h_prev belongs: the backward pass needs the state before the step.": [
        (STEP_RETURN, "return h, (x, h, W_x, W_h, r, z, n)")
    ],
    "z is averaged over the batch: every row has gates of its own.": [
        (SPLIT, SPLIT + "; z = z.mean(axis=0, keepdims=True) + 0 * z")
    ],
    "The result of an earlier call of the same shape comes back: compute it anew each time.": [
        ("def gru_step(", "_kept = {}\n\n\ndef gru_step("),
        (STEP_RETURN, "h = _kept.setdefault(x.shape, h)\n    " + STEP_RETURN),
    ],
    "An axis of length 1 is squeezed away: h keeps its two axes, (N, H).": [
        (STEP_RETURN, STEP_RETURN.replace("return h", "return h.squeeze()"))
    ],
    "np.exp overflows for large inputs, and inf / inf is nan: use the sigmoid from above.": [
        ("gates = sigmoid(", "e = lambda a: np.exp(a) / (1 + np.exp(a)); gates = e(")
    ],
    "A tanh made of np.exp overflows for large inputs, and inf / inf is nan: np.tanh does not.": [
        (
            "n = np.tanh(",
            "e = np.exp; n = (lambda a: (e(a) - e(-a)) / (e(a) + e(-a)))(",
        )
    ],
}

STEP_RIGHT = {
    "as a correction": [(MIX, "h = h_prev + z * (n - h_prev)")],
    "concatenated input": """
def gru_step(x, h_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    W = np.vstack([W_x, W_h])
    both = np.hstack([x, h_prev])
    r = sigmoid(both @ W[:, :H] + b[:H])
    z = sigmoid(both @ W[:, H : 2 * H] + b[H : 2 * H])
    n = np.tanh(np.hstack([x, r * h_prev]) @ W[:, 2 * H :] + b[2 * H :])
    h = (1 - z) * h_prev + z * n
    return h, (x, h_prev, W_x, W_h, r, z, n)
""",
    "einsum and split": """
def gru_step(x, h_prev, W_x, W_h, b):
    xr, xz, xn = np.split(np.einsum("nd,dg->ng", x, W_x) + b, 3, axis=1)
    Wr, Wz, Wn = np.split(W_h, 3, axis=1)
    r = 1 / (1 + np.exp(-(xr + np.einsum("nh,hk->nk", h_prev, Wr))))
    z = 1 / (1 + np.exp(-(xz + np.einsum("nh,hk->nk", h_prev, Wz))))
    n = np.tanh(xn + np.einsum("nh,hk->nk", r * h_prev, Wn))
    return z * n + (1 - z) * h_prev, (x, h_prev, W_x, W_h, r, z, n)
""",
    "row by row, preallocated": """
def gru_step(x, h_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    h, r, z, n = (np.empty_like(h_prev) for _ in range(4))
    for i in range(len(x)):
        a = x[i] @ W_x + b
        r[i] = sigmoid(a[:H] + h_prev[i] @ W_h[:, :H])
        z[i] = sigmoid(a[H : 2 * H] + h_prev[i] @ W_h[:, H : 2 * H])
        n[i] = np.tanh(a[2 * H :] + (r[i] * h_prev[i]) @ W_h[:, 2 * H :])
        h[i] = (1 - z[i]) * h_prev[i] + z[i] * n[i]
    return h, (x, h_prev, W_x, W_h, r, z, n)
""",
    "result as a list": [(STEP_RETURN, "return [h, (x, h_prev, W_x, W_h, r, z, n)]")],
    "in place on fresh arrays": [(MIX, "h = h_prev * (1 - z); h += z * n")],
    "tanh instead of a sigmoid": [
        (
            GATES,
            "gates = (np.tanh((x @ W_x[:, : 2 * H] + h_prev @ W_h[:, : 2 * H] + b[: 2 * H]) / 2) + 1) / 2",
        )
    ],
}

# --- the sequence -------------------------------------------------------------------------------
FORWARD_WRONG = {
    "The state is not carried: every step starts from h0.": [
        ("state, cache = gru_step(x[:, t], state,", "state, cache = gru_step(x[:, t], h0,")
    ],
    "h0 is not used: the first step starts from zeros.": [
        ("state, states, caches = h0, [], []", "state, states, caches = np.zeros_like(h0), [], []")
    ],
    "The states are one step late: h[:, t] is the state after step t.": [
        ("        states.append(state)\n", ""),
        ("        state, cache =", "        states.append(state)\n        state, cache ="),
    ],
    "Time runs backwards: begin with x[:, 0].": [
        ("range(x.shape[1])", "reversed(range(x.shape[1]))")
    ],
    "The axes are (T, N, H): batch first, so put the steps along axis 1.": [
        ("np.stack(states, axis=1)", "np.stack(states, axis=0)")
    ],
    "Only the last state comes back: collect the state after every step.": [
        ("np.stack(states, axis=1)", "states[-1]")
    ],
    "Every step shows the last state: keep each step's own.": [
        ("np.stack(states, axis=1)", "np.stack([state] * len(states), axis=1)")
    ],
    "The last step is missing: the loop must run over all T steps.": [
        ("range(x.shape[1])", "range(x.shape[1] - 1)")
    ],
    "h0 stands before the states: h holds only the T states after the steps.": [
        ("h0, [], []", "h0, [h0], []")
    ],
    "The states are turned into float64: keep the dtype of the input.": [
        ("np.stack(states, axis=1)", "np.stack(states, axis=1).astype(float)")
    ],
    "The states are joined along the units, (N, T * H): stack them along a new axis 1.": [
        ("np.stack(states, axis=1)", "np.concatenate(states, axis=1)")
    ],
    "h0 is overwritten in the loop: give the state a name of its own, the caller still needs h0.": [
        ("        states.append(state)\n", "        h0[:] = state\n        states.append(state)\n")
    ],
    "Batch and time are mixed up: reshape does not swap axes. Stack the states along axis 1.": [
        (
            "return np.stack(states, axis=1)",
            "return np.stack(states, axis=0).reshape(x.shape[0], x.shape[1], -1)",
        )
    ],
    "The returned values are in the wrong order: first h, then the cache.": [
        ("return np.stack(states, axis=1), caches", "return caches, np.stack(states, axis=1)")
    ],
    "squeeze() drops every axis of length 1: h is (N, T, H) for one sequence or one step as well.": [
        ("np.stack(states, axis=1)", "np.stack(states, axis=1).squeeze()")
    ],
    "Every entry of the cache is the last step's: keep each step's own.": [
        (
            "return np.stack(states, axis=1), caches",
            "return np.stack(states, axis=1), [cache] * len(caches)",
        )
    ],
    "Only the first twenty steps are run: the loop must run over all T steps.": [
        ("range(x.shape[1])", "range(min(x.shape[1], 20))")
    ],
    "The reset gate acts after the product, as in PyTorch: let your gru_step make every step.": """
def gru_forward(x, h0, W_x, W_h, b):
    H = h0.shape[1]
    h, states, caches = h0, [], []
    for t in range(x.shape[1]):
        _, cache = gru_step(x[:, t], h, W_x, W_h, b)
        u, v = x[:, t] @ W_x + b, h @ W_h
        r, z = sigmoid(u[:, :H] + v[:, :H]), sigmoid(u[:, H : 2 * H] + v[:, H : 2 * H])
        h = (1 - z) * h + z * np.tanh(u[:, 2 * H :] + r * v[:, 2 * H :])
        states.append(h)
        caches.append(cache)
    return np.stack(states, axis=1), caches
""",
}

FORWARD_RIGHT = {
    "preallocated": """
def gru_forward(x, h0, W_x, W_h, b):
    N, T, _ = x.shape
    h = np.empty((N, T, h0.shape[1]), dtype=h0.dtype)
    caches = []
    previous = h0
    for t in range(T):
        h[:, t], cache = gru_step(x[:, t, :], previous, W_x, W_h, b)
        previous = h[:, t]
        caches.append(cache)
    return h, caches
""",
    "without gru_step": """
def gru_forward(x, h0, W_x, W_h, b):
    H = h0.shape[1]
    from_x = x @ W_x + b
    h, states, caches = h0, [], []
    for t in range(x.shape[1]):
        r = sigmoid(from_x[:, t, :H] + h @ W_h[:, :H])
        z = sigmoid(from_x[:, t, H : 2 * H] + h @ W_h[:, H : 2 * H])
        n = np.tanh(from_x[:, t, 2 * H :] + (r * h) @ W_h[:, 2 * H :])
        caches.append((x[:, t], h, W_x, W_h, r, z, n))
        h = h + z * (n - h)
        states.append(h)
    return np.stack(states, axis=1), caches
""",
    "swapaxes": [("np.stack(states, axis=1)", "np.swapaxes(np.array(states), 0, 1)")],
    "moved axis": [("range(x.shape[1])", "range(len(x.transpose(1, 0, 2)))")],
    "copied h0, tuple of caches": [
        ("h0, [], []", "h0.copy(), [], []"),
        (", caches\n", ", tuple(caches)\n"),
    ],
}

# --- one step backwards -------------------------------------------------------------------------
BACK_WRONG = {
    "Road A is missing: dh * (1 - z).": [("dh * (1 - z) + d_gated * r", "d_gated * r")],
    "Road A carries z; it must carry 1 - z.": [("dh_prev = dh * (1 - z)", "dh_prev = dh * z")],
    "Road B is missing: through the proposal, times r.": [("+ d_gated * r +", "+")],
    "Road B lacks its factor r.": [("+ d_gated * r +", "+ d_gated +")],
    "Roads C and D, through the two gates, are missing.": [(" + da_rz @ W_h[:, : 2 * H].T", "")],
    "Road C is missing: through the reset gate.": [
        ("da_rz @ W_h[:, : 2 * H].T", "da_z @ W_h[:, H : 2 * H].T")
    ],
    "Road D is missing: through the update gate.": [
        ("da_rz @ W_h[:, : 2 * H].T", "da_r @ W_h[:, :H].T")
    ],
    "Road A alone arrives: B (proposal), C (reset gate) and D (update gate) are missing.": [
        (" + d_gated * r + da_rz @ W_h[:, : 2 * H].T", "")
    ],
    "The sign of the update gate is flipped: dz = dh * (n - h_prev).": [
        ("dh * (n - h_prev)", "dh * (h_prev - n)")
    ],
    "z's upstream is n alone; it is n - h_prev, for h_prev loses what n gains.": [
        ("dh * (n - h_prev)", "dh * n")
    ],
    "z and 1 - z are swapped in the mix: da_n takes the factor z.": [
        ("da_n = dh * z *", "da_n = dh * (1 - z) *")
    ],
    "tanh' is missing: multiply by 1 - n**2.": [(" * (1 - n**2)", "")],
    "tanh' lacks its square: it is 1 - n**2.": [("(1 - n**2)", "(1 - n)")],
    "The sigmoids' derivatives r(1 - r), z(1 - z) are missing.": [
        (" * z * (1 - z)\n", "\n"),
        (" * r * (1 - r)", ""),
    ],
    "The derivative of r's sigmoid is missing: a factor r(1 - r).": [(" * r * (1 - r)", "")],
    "The reset gate's part is missing: x also enters through r.": [
        ("da_r = d_gated * h_prev * r * (1 - r)", "da_r = 0 * r")
    ],
    "The update gate's part is missing: x also enters through z.": [
        ("da_z = dh * (n - h_prev) * z * (1 - z)", "da_z = 0 * z")
    ],
    "The block n multiplied r * h_prev, not h_prev.": [
        ("(r * h_prev).T @ da_n", "h_prev.T @ da_n")
    ],
    "r's gradient is that of PyTorch's form. Here r stands before W_hn: go back through W_hn, then times h_prev.": [
        ("da_r = d_gated * h_prev", "da_r = da_n * (h_prev @ W_h[:, 2 * H :])")
    ],
    "db is averaged over the batch; gradients add up over the batch.": [
        ("da.sum(axis=0)", "da.mean(axis=0)")
    ],
    "db is summed along the wrong axis: add up the rows of the batch, axis 0.": [
        ("da.sum(axis=0)", "np.resize(da.sum(axis=1), 3 * H)")
    ],
    "The batch is averaged; gradients add up over the batch.": [
        ("da.sum(axis=0)", "da.mean(axis=0)"),
        ("x.T @ da,", "x.T @ da / len(x),"),
    ],
    "The blocks r and z of the gradients are exchanged: the order is r, z, n.": [
        ("[da_r, da_z], axis=1", "[da_z, da_r], axis=1")
    ],
    "dx comes from the proposal alone: x enters both gates as well.": [
        ("dx, dW_x, db = da @ W_x.T", "dx, dW_x, db = da_n @ W_x[:, 2 * H :].T")
    ],
    "dh is changed in place (*=, +=): the caller still needs it.": [
        (
            "    da_z = dh *",
            "    dh *= 2\n    dh /= 2\n    dh += 1\n    dh = dh - 1\n    da_z = dh *",
        )
    ],
    "An array of the cache is changed in place: += writes into the cache, make a new array.": [
        (
            "    H = h_prev",
            "    dh_old = h_prev.copy()\n    h_prev += 0.5\n    h_prev = dh_old\n    H = h_prev",
        )
    ],
    "The gradients are turned into float64: keep the dtype of the input.": [
        (
            "return dx, dh_prev",
            "dx, dh_prev, dW_x, dW_h, db = (v.astype(float) for v in (dx, dh_prev, dW_x, dW_h, db))\n    return dx, dh_prev",
        )
    ],
    "dx and dh_prev are exchanged: the order is dx, dh_prev, dW_x, dW_h, db.": [
        ("return dx, dh_prev, dW_x, dW_h, db", "return dh_prev, dx, dW_x, dW_h, db")
    ],
    "db is missing: return all five gradients.": [
        ("return dx, dh_prev, dW_x, dW_h, db", "return dx, dh_prev, dW_x, dW_h")
    ],
    "dh is clipped: a backward pass hands every gradient on as it is, however large.": [
        ("    da_z = dh *", "    dh = np.clip(dh, -5, 5)\n    da_z = dh *")
    ],
    "W_hn is not transposed on the way back from da_n: forwards @ W_hn, backwards @ W_hn.T.": [
        ("d_gated = da_n @ W_h[:, 2 * H :].T", "d_gated = da_n @ W_h[:, 2 * H :]")
    ],
}

BACK_RIGHT = {
    "gate by gate": """
def gru_step_backward(dh, cache):
    x, h_prev, W_x, W_h, r, z, n = cache
    (Wxr, Wxz, Wxn), (Whr, Whz, Whn) = np.split(W_x, 3, axis=1), np.split(W_h, 3, axis=1)
    dn = dh * z
    dz = dh * n - dh * h_prev
    dan = dn - dn * n * n
    dgated = dan @ Whn.T
    dar = dgated * h_prev * (r - r * r)
    daz = dz * (z - z * z)
    dx = dar @ Wxr.T + daz @ Wxz.T + dan @ Wxn.T
    dh_prev = dh - dh * z + r * dgated
    dh_prev += dar @ Whr.T
    dh_prev += daz @ Whz.T
    dW_x = np.hstack([x.T @ dar, x.T @ daz, x.T @ dan])
    dW_h = np.hstack([h_prev.T @ dar, h_prev.T @ daz, (h_prev * r).T @ dan])
    return dx, dh_prev, dW_x, dW_h, np.hstack([dar, daz, dan]).sum(0)
""",
    "row by row": """
def gru_step_backward(dh, cache):
    x, h_prev, W_x, W_h, r, z, n = cache
    H = h_prev.shape[1]
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_x[0])
    for i in range(len(x)):
        a_n = dh[i] * z[i] * (1 - n[i] ** 2)
        g = W_h[:, 2 * H :] @ a_n
        a = np.concatenate([g * h_prev[i] * r[i] * (1 - r[i]), dh[i] * (n[i] - h_prev[i]) * z[i] * (1 - z[i]), a_n])
        dx[i] = W_x @ a
        dh_prev[i] = dh[i] * (1 - z[i]) + g * r[i] + W_h[:, : 2 * H] @ a[: 2 * H]
        dW_x += np.outer(x[i], a)
        dW_h[:, : 2 * H] += np.outer(h_prev[i], a[: 2 * H])
        dW_h[:, 2 * H :] += np.outer(r[i] * h_prev[i], a[2 * H :])
        db += a
    return dx, dh_prev, dW_x, dW_h, db
""",
    "einsum": [
        (
            "da @ W_x.T, x.T @ da, da.sum(axis=0)",
            'np.einsum("ng,dg->nd", da, W_x), np.einsum("nd,ng->dg", x, da), np.einsum("ng->g", da)',
        )
    ],
    "squared tanh": [("(1 - n**2)", "(1 - n) * (1 + n)")],
    "as a list": [("return dx, dh_prev, dW_x, dW_h, db", "return [dx, dh_prev, dW_x, dW_h, db]")],
    "three road sums": [
        (
            "dh_prev = dh * (1 - z) + d_gated * r + da_rz @ W_h[:, : 2 * H].T",
            "dh_prev = sum([dh * (1 - z), d_gated * r, da_r @ W_h[:, :H].T, da_z @ W_h[:, H : 2 * H].T])",
        )
    ],
}

# --- the sequence backwards ---------------------------------------------------------------------
LOOP_WRONG = {
    "The state's gradient is not carried from step to step.": [("dh[:, t] + dstate", "dh[:, t]")],
    "Only the last step's dh is used; every step has an output of its own, and the two gradients add up.": [
        ("np.zeros_like(dh[:, 0]), [0, 0, 0]", "dh[:, -1], [0, 0, 0]"),
        ("gru_step_backward(dh[:, t] + dstate,", "gru_step_backward(dstate,"),
    ],
    "The steps are in reverse order: dx[:, t] belongs to x[:, t].": [("dxs[::-1]", "dxs")],
    "The loop runs forwards in time: begin with the last step.": [
        ("in reversed(range(dh.shape[1]))", "in range(dh.shape[1])"),
        ("dxs[::-1]", "dxs"),
    ],
    "Only the first step's weight gradient is kept; they add up over all steps.": [
        ("total + dweight for", "dweight for")
    ],
    "Only the last step's weight gradient is kept; they add up over all steps.": [
        ("        totals = [", "        totals = totals if t < dh.shape[1] - 1 else [")
    ],
    "The weight gradients are averaged over the steps; they add up.": [
        ("return np.stack", "totals = [v / dh.shape[1] for v in totals]\n    return np.stack")
    ],
    "dh0 is zero: return what the first step sends back.": [
        (", dstate, *totals", ", np.zeros_like(dstate), *totals")
    ],
    "dh0 is the gradient before the first step, not of h[:, 0].": [
        ("        dx, dstate,", "        upstream = dh[:, t] + dstate\n        dx, dstate,"),
        (", dstate, *totals", ", upstream, *totals"),
    ],
    "The first step is left out: the loop must go down to t = 0.": [
        ("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))"),
        ("dxs[::-1]", "[*dxs, np.zeros_like(cache[0][0])][::-1]"),
    ],
    "The carried gradient piles up: every step's dh_prev replaces it and is not added to it.": [
        (
            "        dx, dstate, *dweights = gru_step_backward(dh[:, t] + dstate, cache[t])",
            "        dx, back, *dweights = gru_step_backward(dh[:, t] + dstate, cache[t])\n        dstate = dstate + back",
        )
    ],
    "The carried gradient is added into dh itself: keep it in a variable of its own, or copy dh first.": [
        ("gru_step_backward(dh[:, t] + dstate,", "gru_step_backward(dh[:, t],"),
        (
            "        dxs.append(dx)",
            "        if t:\n            dh[:, t - 1] += dstate\n        dxs.append(dx)",
        ),
    ],
    "dx has the axes (T, N, D): batch first, so put the steps along axis 1.": [
        ("axis=1), dstate", "axis=0), dstate")
    ],
    "The carried gradient starts as float64 zeros: begin with np.zeros_like(dh[:, 0]).": [
        ("np.zeros_like(dh[:, 0])", "np.zeros(dh[:, 0].shape)")
    ],
    "The weight gradients are summed in float64: begin their sums with 0 or np.zeros_like.": [
        ("[0, 0, 0]", "[np.zeros(1)] * 3")
    ],
    "Every step uses the last step's cache: each has its own.": [("cache[t])", "cache[-1])")],
    "dx and dh0 are exchanged: the order is dx, dh0, dW_x, dW_h, db.": [
        (
            "return np.stack(dxs[::-1], axis=1), dstate, *totals",
            "return dstate, np.stack(dxs[::-1], axis=1), *totals",
        )
    ],
    "The carried gradient is cut at every second step: carry it through all of them.": [
        ("dh[:, t] + dstate", "dh[:, t] + (dstate if t % 2 else 0 * dstate)")
    ],
    "The gradient is clipped to [-1, 1]: hand it on as it is.": [
        ("dh[:, t] + dstate", "np.clip(dh[:, t] + dstate, -1, 1)")
    ],
    "The gradient is clipped at 50: hand it on as it is, however large.": [
        ("dh[:, t] + dstate", "np.clip(dh[:, t] + dstate, -50, 50)")
    ],
    "Steps without a gradient of their own are cut off: what later steps send back passes through.": [
        ("dh[:, t] + dstate", "dh[:, t] + (dstate if dh[:, t].any() else 0)")
    ],
    "pop() empties the caller's cache: read its entries and leave them there.": [
        ("cache[t])", "cache.pop())")
    ],
    "The gradient ends after the last twenty steps: carry it through all of them.": [
        ("dh[:, t] + dstate", "dh[:, t] + (dstate if t >= dh.shape[1] - 20 else 0 * dstate)")
    ],
}

LOOP_RIGHT = {
    "preallocated": """
def gru_backward(dh, cache):
    N, T, H = dh.shape
    x, _, W_x, W_h, *_ = cache[0]
    dx = np.zeros((N, T, x.shape[1]), dtype=dh.dtype)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(W_x.shape[1], dtype=dh.dtype)
    carried = np.zeros((N, H), dtype=dh.dtype)
    for t in range(T - 1, -1, -1):
        dx[:, t], carried, a, b, c = gru_step_backward(carried + dh[:, t], cache[t])
        dW_x += a
        dW_h += b
        db += c
    return dx, carried, dW_x, dW_h, db
""",
    "all steps kept, then summed": """
def gru_backward(dh, cache):
    results, back = [], 0
    for t in range(len(cache))[::-1]:
        results.insert(0, gru_step_backward(dh[:, t] + back, cache[t]))
        back = results[0][1]
    dxs, _, a, b, c = zip(*results)
    return np.stack(dxs, axis=1), back, np.sum(a, axis=0), np.sum(b, axis=0), np.sum(c, axis=0)
""",
    "recursive": """
def gru_backward(dh, cache):
    def walk(t, back):
        dx, back, *weights = gru_step_backward(dh[:, t] + back, cache[t])
        if t == 0:
            return [dx], back, weights
        dxs, dh0, rest = walk(t - 1, back)
        return [*dxs, dx], dh0, [p + q for p, q in zip(weights, rest)]

    dxs, dh0, weights = walk(dh.shape[1] - 1, np.zeros_like(dh[:, 0]))
    return (np.stack(dxs, axis=1), dh0, *weights)
""",
    "a copy changed in place": [
        ("    dxs, dstate,", "    dh = dh.copy()\n    dxs, dstate,"),
        ("gru_step_backward(dh[:, t] + dstate,", "gru_step_backward(dh[:, t],"),
        (
            "        dxs.append(dx)",
            "        if t:\n            dh[:, t - 1] += dstate\n        dxs.append(dx)",
        ),
    ],
    "without gru_step_backward": """
def gru_backward(dh, cache):
    back, dxs, total = np.zeros_like(dh[:, 0]), [], None
    for t in reversed(range(dh.shape[1])):
        x, h_prev, W_x, W_h, r, z, n = cache[t]
        H = h_prev.shape[1]
        up = dh[:, t] + back
        an = up * z * (1 - n * n)
        g = an @ W_h[:, 2 * H :].T
        a = np.hstack([g * h_prev * r * (1 - r), up * (n - h_prev) * z * (1 - z), an])
        back = up * (1 - z) + g * r + a[:, : 2 * H] @ W_h[:, : 2 * H].T
        dxs = [a @ W_x.T, *dxs]
        new = [x.T @ a, np.hstack([h_prev.T @ a[:, : 2 * H], (r * h_prev).T @ an]), a.sum(0)]
        total = new if total is None else [p + q for p, q in zip(total, new)]
    return np.stack(dxs, 1), back, *total
""",
}

# --- conventions --------------------------------------------------------------------------------
CONVERT = "return 1 - z"
CONVERT_WRONG = {
    "This is z itself: a gate that rewrites a quarter keeps three.": [(CONVERT, "return z")],
    "A share is never negative: kept and rewritten add up to 1, not to 0.": [
        (CONVERT, "return -z")
    ],
    "z is a gate already (a sigmoid's result): no second sigmoid.": [
        (CONVERT, "return sigmoid(-z)")
    ],
    "This is 1 / z: the two shares add up to 1, they do not multiply to 1.": [
        (CONVERT, "return 1 / z")
    ],
    "No share is negative: it is the other way round, what is missing from z to 1.": [
        (CONVERT, "return z - 1")
    ],
    "z is overwritten: return a new array, the caller still needs z.": [
        (CONVERT, "z *= -1; z += 1; return z")
    ],
    "z is rounded to 0 or 1: a gate may be half open.": [(CONVERT, "return 1 - np.round(z)")],
    "The result is turned into float64: keep the dtype of z.": [
        (CONVERT, "return (1 - z).astype(np.float64)")
    ],
    "A list is returned: return an array, as z is one.": [(CONVERT, "return (1 - z).tolist()")],
    "The units stand in reverse order: each keeps its place, only its share changes.": [
        (CONVERT, "return z[..., ::-1]")
    ],
    "The shares are divided by their sum over the units: each unit's kept and rewritten share add up to 1.": [
        (CONVERT, "return (1 - z) / np.sum(1 - z, axis=-1, keepdims=True)")
    ],
    "Only two axes are provided for: z may have any shape.": [
        (CONVERT, "N, H = z.shape; return 1 - z")
    ],
}
CONVERT_RIGHT = {
    "np.subtract": [(CONVERT, "return np.subtract(1, z)")],
    "ones_like": [(CONVERT, "return np.ones_like(z) - z")],
    "negative plus one": [(CONVERT, "return -z + 1")],
    "a copy in place": [(CONVERT, "other = z.copy(); other *= -1; other += 1; return other")],
    "float constant": [(CONVERT, "return 1.0 - z")],
}

LOAD_RETURN = "return weight_ih.T * sign, weight_hh.T * sign, (bias_ih + bias_hh) * sign"
LOAD_WRONG = {
    "The update gate has kept PyTorch's meaning: its block must change sign.": [
        ("sign[H : 2 * H] = -1", "pass")
    ],
    "The sign of the block r is changed; it is z that means something else.": [
        ("sign[H : 2 * H] = -1", "sign[:H] = -1")
    ],
    "The sign of the block n is changed; it is z that means something else.": [
        ("sign[H : 2 * H] = -1", "sign[2 * H :] = -1")
    ],
    "All signs are changed; only the update gate means something else.": [
        ("sign[H : 2 * H] = -1", "sign[:] = -1")
    ],
    "The blocks r and z are exchanged: both sides have the order r, z, n.": [
        (
            LOAD_RETURN,
            "o = np.r_[H : 2 * H, :H, 2 * H : 3 * H]\n    return weight_ih[o].T * sign, weight_hh[o].T * sign, (bias_ih + bias_hh)[o] * sign",
        )
    ],
    "reshape does not transpose: use .T.": [
        ("weight_ih.T * sign", "weight_ih.reshape(-1, 3 * H) * sign"),
        ("weight_hh.T * sign", "weight_hh.reshape(-1, 3 * H) * sign"),
    ],
    "The matrices are not transposed: W_x is (D, 3H), W_h is (H, 3H).": [
        (
            LOAD_RETURN,
            "return (weight_ih.T * sign).T, (weight_hh.T * sign).T, (bias_ih + bias_hh) * sign",
        )
    ],
    "bias_hh is missing: add the two biases.": [("(bias_ih + bias_hh)", "bias_ih")],
    "bias_ih is missing: add the two biases.": [("(bias_ih + bias_hh)", "bias_hh")],
    "The biases are averaged; they must be added.": [
        ("(bias_ih + bias_hh)", "(bias_ih + bias_hh) / 2")
    ],
    "The update gate's biases must change sign too: a_z becomes -a_z.": [
        ("(bias_ih + bias_hh) * sign", "bias_ih + bias_hh")
    ],
    "The update gate's block of W_h must change sign too: a_z becomes -a_z.": [
        ("weight_hh.T * sign", "weight_hh.T.copy()")
    ],
    "The update gate's block of W_x must change sign too: a_z becomes -a_z.": [
        ("weight_ih.T * sign", "weight_ih.T.copy()")
    ],
    "The block z holds 1 - w: it is the gate that becomes 1 - z; its weights change sign.": [
        (
            LOAD_RETURN,
            "W_x, W_h, b = weight_ih.T.copy(), weight_hh.T.copy(), bias_ih + bias_hh\n    for v in (W_x, W_h, b):\n        v[..., H : 2 * H] = 1 - v[..., H : 2 * H]\n    return W_x, W_h, b",
        )
    ],
    "PyTorch's own weights are changed: .T is a view, so copy first or make a new array.": [
        (
            LOAD_RETURN,
            "weight_ih[H : 2 * H] *= -1\n    weight_hh[H : 2 * H] *= -1\n    return weight_ih.T, weight_hh.T, (bias_ih + bias_hh) * sign",
        )
    ],
    "Float64 signs make float64 weights: give the signs the dtype of the weights.": [
        ("np.ones_like(bias_ih)", "np.ones(3 * H)")
    ],
    "W_x and W_h are exchanged: the order is W_x, W_h, b.": [
        (LOAD_RETURN, "return weight_hh.T * sign, weight_ih.T * sign, (bias_ih + bias_hh) * sign")
    ],
    "bias_hh is missing in the block n: add the two biases in all three blocks.": [
        (
            "(bias_ih + bias_hh) * sign",
            "(bias_ih + bias_hh * np.repeat([1, 1, 0], H).astype(bias_hh.dtype)) * sign",
        )
    ],
    "The same arrays come back from every call, with other numbers in them: make new ones.": [
        ("def from_torch_weights(", "_kept = {}\n\n\ndef from_torch_weights("),
        (
            "return weight_ih.T * sign, weight_hh.T * sign, (bias_ih + bias_hh) * sign",
            "new = weight_ih.T * sign, weight_hh.T * sign, (bias_ih + bias_hh) * sign\n"
            "    key = weight_ih.shape, weight_ih.dtype\n"
            "    for old, array in zip(_kept.setdefault(key, new), new):\n"
            "        old[...] = array\n"
            "    return _kept[key]",
        ),
    ],
}
LOAD_RIGHT = {
    "copies, then the block": """
def from_torch_weights(weight_ih, weight_hh, bias_ih, bias_hh):
    H = bias_ih.size // 3
    W_x, W_h, b = weight_ih.T.copy(), weight_hh.T.copy(), bias_ih + bias_hh
    W_x[:, H : 2 * H] *= -1
    W_h[:, H : 2 * H] *= -1
    b[H : 2 * H] *= -1
    return W_x, W_h, b
""",
    "split and concatenate": """
def from_torch_weights(weight_ih, weight_hh, bias_ih, bias_hh):
    def turn(w):
        r, z, n = np.split(w, 3, axis=0)
        return np.concatenate([r, -z, n], axis=0).T

    return turn(weight_ih), turn(weight_hh), turn(bias_ih + bias_hh)
""",
    "a diagonal matrix": """
def from_torch_weights(weight_ih, weight_hh, bias_ih, bias_hh):
    H = weight_hh.shape[1]
    S = np.diag(np.repeat([1, -1, 1], H)).astype(weight_ih.dtype)
    return weight_ih.T @ S, weight_hh.T @ S, bias_ih @ S + bias_hh @ S
""",
    "contiguous, as a list": [
        (
            LOAD_RETURN,
            "return [np.ascontiguousarray(weight_ih.T) * sign, np.transpose(weight_hh) * sign, np.add(bias_ih, bias_hh) * sign]",
        )
    ],
}

# --- the module ---------------------------------------------------------------------------------
_WITH_A_LAYER = """
class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.layer = nn.GRU(input_size, hidden_size, batch_first=True)

    def forward(self, x, h0=None):
        return self.layer(x, h0)
"""
_WITH_A_CELL = """
class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)

    def forward(self, x, h0=None):
        h = x.new_zeros(len(x), self.cell.hidden_size) if h0 is None else h0[0]
        states = []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            states.append(h)
        return torch.stack(states, 1), h[None]
"""
_IN_A_CELL = """
class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)

    def forward(self, x, h0=None):
        cell, states = self.cell, []
        h = x.new_zeros(len(x), cell.hidden_size) if h0 is None else h0[0]
        for x_t in x.unbind(1):
            u = (x_t @ cell.weight_ih.T + cell.bias_ih).chunk(3, 1)
            v = (h @ cell.weight_hh.T + cell.bias_hh).chunk(3, 1)
            r, z = torch.sigmoid(u[0] + v[0]), torch.sigmoid(u[1] + v[1])
            h = (1 - z) * torch.tanh(u[2] + r * v[2]) + z * h
            states.append(h)
        return torch.stack(states, 1), h[None]
"""
_WITH_A_FUNCTION = [
    (
        """            from_x = x_t @ self.weight_ih_l0.T + self.bias_ih_l0
            from_h = h @ self.weight_hh_l0.T + self.bias_hh_l0
            r, z = torch.sigmoid(from_x[:, : 2 * H] + from_h[:, : 2 * H]).chunk(2, dim=1)
            n = torch.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
            h = (1 - z) * n + z * h
""",
        "            h = torch.gru_cell(x_t, h, *self.parameters())\n",
    )
]
_WITH_AN_OPERATOR = [
    (
        "        output = []\n",
        "        layer, parameters = torch.ops.aten.gru.input, list(self.parameters())\n"
        "        return layer(x, h[None], parameters, True, 1, 0.0, False, False, True)\n",
    )
]
MODULE_WRONG = {
    "z and 1 - z are swapped: in PyTorch z is the share that is kept.": [
        ("(1 - z) * n + z * h\n", "(1 - z) * h + z * n\n")
    ],
    "The reset gate acts before the product; PyTorch applies it after: r * (W_hn h + b_hn).": [
        (
            "r * from_h[:, 2 * H :]",
            "(r * h) @ self.weight_hh_l0[2 * H :].T + self.bias_hh_l0[2 * H :]",
        )
    ],
    "Reset before the product and z swapped: this is the papers' GRU, not PyTorch's.": [
        (
            "r * from_h[:, 2 * H :]",
            "(r * h) @ self.weight_hh_l0[2 * H :].T + self.bias_hh_l0[2 * H :]",
        ),
        ("(1 - z) * n + z * h\n", "(1 - z) * h + z * n\n"),
    ],
    "b_hn stands outside the reset gate; it belongs inside: r * (W_hn h + b_hn).": [
        (
            "r * from_h[:, 2 * H :]",
            "r * (from_h - self.bias_hh_l0)[:, 2 * H :] + self.bias_hh_l0[2 * H :]",
        )
    ],
    "The weights are read in the wrong order: PyTorch's row blocks are r, z, n; yours look like z, r, n.": [
        ("r, z = torch.sigmoid", "z, r = torch.sigmoid")
    ],
    "The weights are read in the wrong order: PyTorch's row blocks are r, z, n; yours look like n, r, z.": [
        (
            "            r, z = torch.sigmoid",
            "            from_x, from_h = from_x.roll(-H, 1), from_h.roll(-H, 1)\n            r, z = torch.sigmoid",
        )
    ],
    "bias_hh_l0 is not used: it is added to the product with h.": [
        ("h @ self.weight_hh_l0.T + self.bias_hh_l0", "h @ self.weight_hh_l0.T")
    ],
    "bias_ih_l0 is not used: it is added to the product with x.": [
        ("x_t @ self.weight_ih_l0.T + self.bias_ih_l0", "x_t @ self.weight_ih_l0.T")
    ],
    "There is one bias only: PyTorch's GRU has two, and in n they cannot be merged.": [
        ("        self.bias_hh_l0 = nn.Parameter(torch.empty(rows).uniform_(-bound, bound))\n", ""),
        ("h @ self.weight_hh_l0.T + self.bias_hh_l0", "h @ self.weight_hh_l0.T"),
    ],
    "The reset gate belongs to the state's part of n alone, W_hn h + b_hn, not to x's.": [
        ("from_x[:, 2 * H :] + r * from_h[:, 2 * H :]", "r * (from_x + from_h)[:, 2 * H :]")
    ],
    "h0 is not used: start from it when it is given.": [
        (
            "x.new_zeros(x.shape[0], H) if h0 is None else h0.reshape(-1, H)",
            "x.new_zeros(x.shape[0], H)",
        )
    ],
    "Without h0 it fails: the state starts from zeros when h0 is None.": [
        ("x.new_zeros(x.shape[0], H) if h0 is None else h0.reshape(-1, H)", "h0.reshape(-1, H)")
    ],
    "Without h0 the state starts from ones: it must start from zeros.": [
        ("x.new_zeros(x.shape[0], H)", "x.new_ones(x.shape[0], H)")
    ],
    "The state is not carried from step to step.": [
        (
            "            h = (1 - z) * n + z * h\n            output.append(h)",
            "            state = (1 - z) * n + z * h\n            output.append(state)",
        ),
        ("h[None]", "state[None]"),
    ],
    "h_n lacks its first axis of length 1: it is (1, N, H), as nn.GRU's.": [("h[None]", "h")],
    "h_n has the axes (N, 1, H): it is (1, N, H), even with batch_first=True.": [
        ("h[None]", "h[:, None]")
    ],
    "output has the axes (T, N, H): batch first, so put the steps along dim 1.": [
        ("torch.stack(output, dim=1)", "torch.stack(output, dim=0)")
    ],
    "x is read as (T, N, D): batch first, so the steps lie along dim 1.": [
        ("x.unbind(dim=1)", "x.unbind(dim=0)"),
        ("x.new_zeros(x.shape[0], H)", "x.new_zeros(x.shape[1], H)"),
    ],
    "h_n is the state after the first step: it must be the last one.": [
        ("h[None]", "output[0][None]")
    ],
    "The returned values are in the wrong order: first output, then h_n.": [
        ("return torch.stack(output, dim=1), h[None]", "return h[None], torch.stack(output, dim=1)")
    ],
    "Only output is returned: return h_n as well.": [
        ("return torch.stack(output, dim=1), h[None]", "return torch.stack(output, dim=1)")
    ],
    "The state is detached at every step: no gradient can flow back.": [
        ("            output.append(h)", "            h = h.detach()\n            output.append(h)")
    ],
    "The state is detached in its product with weight_hh_l0: its gradient is lost there.": [
        ("from_h = h @", "from_h = h.detach() @")
    ],
    "x is detached: no gradient reaches the inputs.": [
        (
            "        H = self.weight_hh_l0.shape[1]\n",
            "        H = self.weight_hh_l0.shape[1]\n        x = x.detach()\n",
        )
    ],
    "The zeros without h0 are float32 always: make them with x.new_zeros(...).": [
        ("x.new_zeros(x.shape[0], H)", "torch.zeros(x.shape[0], H)")
    ],
    "The result is turned into float32: keep the dtype of x.": [
        (
            "return torch.stack(output, dim=1), h[None]",
            "return torch.stack(output, dim=1).float(), h[None].float()",
        )
    ],
    "The result is turned into float64: keep the dtype of x.": [
        (
            "return torch.stack(output, dim=1), h[None]",
            "return torch.stack(output, dim=1).double(), h[None].double()",
        )
    ],
    "The weights of a new layer are not new random numbers: all are equal, or the same each time.": [
        (".uniform_(-bound, bound)", ".zero_()")
    ],
    "All weights start with the same value: draw them at random, or all units learn the same.": [
        (".uniform_(-bound, bound)", ".fill_(0.1)")
    ],
    "The weights are counted up, not drawn: every new GRU starts with the same numbers.": [
        (
            "torch.empty(rows, input_size).uniform_(-bound, bound)",
            "torch.tensor(np.arange(rows * input_size).reshape(rows, -1) / 100).float()",
        ),
        (
            "torch.empty(rows, hidden_size).uniform_(-bound, bound)",
            "torch.tensor(np.arange(rows * hidden_size).reshape(rows, -1) / 100).float()",
        ),
    ],
    "The seed is set in the constructor: every new GRU starts with the same numbers.": [
        ("bound = hidden_size**-0.5", "torch.manual_seed(0)\n        bound = hidden_size**-0.5")
    ],
    "nn.GRU does the work: the step must be your own.": _WITH_A_LAYER,
    "nn.GRUCell does the work: the step must be your own.": _WITH_A_CELL,
    "The weights lie in an nn.GRUCell: make them yourself.": _IN_A_CELL,
    "torch.gru_cell does the work: the step must be your own.": _WITH_A_FUNCTION,
    "An operator of torch.ops does the work: the step must be your own.": _WITH_AN_OPERATOR,
    "A layer of PyTorch's, made in forward, does the work: the step must be your own.": [
        (
            "        H = self.weight_hh_l0.shape[1]\n",
            "        H = self.weight_hh_l0.shape[1]\n"
            "        layer = nn.GRU(x.shape[2], H, batch_first=True, device=x.device, dtype=x.dtype)\n"
            "        return torch.func.functional_call(layer, dict(self.named_parameters()), (x, h0))\n",
        )
    ],
    "weight_ih_l0 is a plain tensor: wrap it in nn.Parameter, or it is never trained.": [
        (
            "nn.Parameter(torch.empty(rows, input_size).uniform_(-bound, bound))",
            "torch.empty(rows, input_size).uniform_(-bound, bound)",
        )
    ],
    "h0 is changed in place: the caller still needs it.": [
        (
            "h0.reshape(-1, H)\n",
            "h0.reshape(-1, H)\n        if h0 is not None:\n            with torch.no_grad():\n                h0 += 0.5\n            h = h - 0.5\n",
        )
    ],
    "The proposal uses the sigmoid; it needs tanh, which reaches -1.": [
        ("torch.tanh(", "torch.sigmoid(")
    ],
    "bias_hh_l0 is detached: it gets no gradient and is never trained.": [
        (
            "h @ self.weight_hh_l0.T + self.bias_hh_l0",
            "h @ self.weight_hh_l0.T + self.bias_hh_l0.detach()",
        )
    ],
    "weight_ih_l0 is detached: it gets no gradient and is never trained.": [
        ("x_t @ self.weight_ih_l0.T", "x_t @ self.weight_ih_l0.detach().T")
    ],
    "A call without h0 goes on where the last one ended: it must start from zeros again.": [
        (
            "        output = []\n",
            "        if h0 is None and getattr(self, 'kept', h).shape == h.shape:\n"
            "            h = getattr(self, 'kept', h)\n        output = []\n",
        ),
        (
            "        return torch.stack",
            "        self.kept = h.detach()\n        return torch.stack",
        ),
    ],
    "Only the first sequence of the batch is run: every row has a state of its own.": [
        ("x.unbind(dim=1)", "x[:1].unbind(dim=1)")
    ],
    "The gates do not see the state: add W_hr h + b_hr and W_hz h + b_hz.": [
        ("from_x[:, : 2 * H] + from_h[:, : 2 * H]", "from_x[:, : 2 * H]")
    ],
    "The zeros without h0 lie on the CPU, whatever the device of x: make them with x.new_zeros(...).": [
        ("x.new_zeros(x.shape[0], H)", "torch.zeros(x.shape[0], H, dtype=x.dtype)")
    ],
    "exp(a) / (1 + exp(a)) is not a number for large a: use torch.sigmoid.": [
        (
            "torch.sigmoid(from_x[:, : 2 * H] + from_h[:, : 2 * H])",
            "(lambda a: torch.exp(a) / (1 + torch.exp(a)))(from_x[:, : 2 * H] + from_h[:, : 2 * H])",
        )
    ],
}

MODULE_RIGHT = {
    "two linear layers": """
class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.from_input = nn.Linear(input_size, 3 * hidden_size)
        self.from_state = nn.Linear(hidden_size, 3 * hidden_size)

    def forward(self, x, h0=None):
        N, T, _ = x.shape
        if h0 is None:
            h = torch.zeros(N, self.hidden_size, dtype=x.dtype, device=x.device)
        else:
            h = h0[0]
        u = self.from_input(x)
        outputs = []
        for t in range(T):
            ur, uz, un = u[:, t].chunk(3, dim=-1)
            vr, vz, vn = self.from_state(h).chunk(3, dim=-1)
            z = torch.sigmoid(uz + vz)
            h = z * h + (1 - z) * torch.tanh(un + torch.sigmoid(ur + vr) * vn)
            outputs.append(h)
        return torch.stack(outputs, 1), h.unsqueeze(0)
""",
    "own names, transposed matrices": """
class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.H = hidden_size
        self.W_x = nn.Parameter(torch.randn(input_size, 3 * hidden_size) * 0.1)
        self.W_h = nn.Parameter(torch.randn(hidden_size, 3 * hidden_size) * 0.1)
        self.b_x = nn.Parameter(torch.zeros(3 * hidden_size))
        self.b_h = nn.Parameter(torch.zeros(3 * hidden_size))

    def step(self, x, h):
        H = self.H
        u, v = x @ self.W_x + self.b_x, h @ self.W_h + self.b_h
        r = (u[:, :H] + v[:, :H]).sigmoid()
        z = (u[:, H : 2 * H] + v[:, H : 2 * H]).sigmoid()
        n = (u[:, 2 * H :] + r * v[:, 2 * H :]).tanh()
        return n + z * (h - n)

    def forward(self, x, h0=None):
        h = x.new_zeros((x.size(0), self.H)) if h0 is None else h0.squeeze(0)
        states = []
        for t in range(x.size(1)):
            h = self.step(x[:, t], h)
            states.append(h.unsqueeze(1))
        return torch.cat(states, dim=1), h.unsqueeze(0)
""",
    "preallocated output": [
        (
            "        output = []\n",
            "        output = []\n        filled = x.new_empty(x.shape[0], x.shape[1], H)\n        t = 0\n",
        ),
        ("            output.append(h)", "            filled[:, t] = h\n            t += 1"),
        ("torch.stack(output, dim=1)", "filled"),
    ],
    "h_n from the output": [
        (
            "torch.stack(output, dim=1), h[None]",
            "torch.stack(output, dim=1), torch.stack(output, dim=1)[:, -1].unsqueeze(0)",
        )
    ],
    "zero biases": [("torch.empty(rows).uniform_(-bound, bound)", "torch.zeros(rows)")],
    "weights that NumPy drew, in float64": [
        (
            f"torch.empty(rows, {size}).uniform_(-bound, bound)",
            f"torch.from_numpy(np.random.uniform(-bound, bound, (rows, {size})))",
        )
        for size in ("input_size", "hidden_size")
    ],
    "initialised by nn.init": """
class GRU(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.Tensor(3 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.Tensor(3 * hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.Tensor(3 * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.Tensor(3 * hidden_size))
        self.hidden_size = hidden_size
        for p in self.parameters():
            nn.init.normal_(p, std=0.2)

    def forward(self, x, h0=None):
        if h0 is None:
            h0 = torch.zeros(1, x.shape[0], self.hidden_size).to(x)
        h, out = h0[0], []
        for t in range(x.shape[1]):
            gi = nn.functional.linear(x[:, t], self.weight_ih_l0, self.bias_ih_l0)
            gh = nn.functional.linear(h, self.weight_hh_l0, self.bias_hh_l0)
            i_r, i_z, i_n = gi.chunk(3, 1)
            h_r, h_z, h_n = gh.chunk(3, 1)
            r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
            n = torch.tanh(i_n + r * h_n)
            h = n + z * (h - n)
            out.append(h)
        return torch.stack(out, dim=1), h.unsqueeze(0)
""",
    "einsum, a list returned": [
        (
            "h @ self.weight_hh_l0.T + self.bias_hh_l0",
            'torch.einsum("nh,gh->ng", h, self.weight_hh_l0) + self.bias_hh_l0',
        ),
        (
            "return torch.stack(output, dim=1), h[None]",
            "return [torch.stack(output, dim=1), h[None]]",
        ),
    ],
}

# --- costs --------------------------------------------------------------------------------------
COUNT = "return blocks * (D * H + H * H + H)"
COUNT_WRONG = {
    "You count two biases per block, as PyTorch has; here there is one.": [
        (COUNT, "return blocks * (D * H + H * H + 2 * H)")
    ],
    "One cell is not counted yet: there are three.": [
        (COUNT, "if cell == 'lstm':\n        raise NotImplementedError(cell)\n    " + COUNT)
    ],
    "The biases are missing: H numbers per block.": [(COUNT, "return blocks * (D * H + H * H)")],
    "The biases are counted once: every block has H of its own.": [
        (COUNT, "return blocks * (D * H + H * H) + H")
    ],
    "The proposal has weights too: it is a block of its own beside the gates.": [
        ('"gru": 3, "lstm": 4', '"gru": 2, "lstm": 3')
    ],
    "A GRU has three blocks, not two: two gates and the proposal.": [('"gru": 3', '"gru": 2')],
    "A GRU has three blocks, not four.": [('"gru": 3', '"gru": 4')],
    "W_h is missing: H * H numbers per block.": [(COUNT, "return blocks * (D * H + H)")],
    "W_x is missing: D * H numbers per block.": [(COUNT, "return blocks * (H * H + H)")],
    "W_h is counted as D * D: it goes from H units to H units.": [
        (COUNT, "return blocks * (D * D + D * H + H)")
    ],
    "A float comes back: numbers are counted, so return an int.": [
        (COUNT, "return float(blocks * (D * H + H * H + H))")
    ],
    "Every gate and the proposal have weights of their own: one block, three or four.": [
        ("[cell]", '["rnn"]')
    ],
    "A read-out is counted as well: only W_x, W_h and b are asked for.": [
        (COUNT, "return blocks * (D * H + H * H + H) + H + 1")
    ],
    "A string comes back: return an int.": [(COUNT, "return str(blocks * (D * H + H * H + H))")],
}
COUNT_RIGHT = {
    "factored": [(COUNT, "return blocks * H * (D + H + 1)")],
    "from arrays": [
        (
            COUNT,
            "return int(sum(np.prod(s) for s in ((D, blocks * H), (H, blocks * H), (blocks * H,))))",
        )
    ],
    "from PyTorch's": """
def count_parameters(cell, D, H):
    layer = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](D, H)
    return sum(p.numel() for name, p in layer.named_parameters() if name != "bias_hh_l0")
""",
    "a NumPy integer": [(COUNT, "return np.int64(blocks * (D * H + H * H + H))")],
    "if and elif": """
def count_parameters(cell, D, H):
    if cell == "rnn":
        gates = 1
    elif cell == "gru":
        gates = 3
    else:
        gates = 4
    weights_x, weights_h, biases = D * gates * H, H * gates * H, gates * H
    return weights_x + weights_h + biases
""",
}

# --- the bug ------------------------------------------------------------------------------------
PORT_NEW = "n = np.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])"
PORT_WRONG = {
    "This is what was shipped: your test_port is red on it.": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ weight_hh.T[:, 2 * H :] + bias_hh[2 * H :])",
        )
    ],
    "Half of the repair: the other half shows where b_hn is not zero.": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ weight_hh[2 * H :].T) + bias_hh[2 * H :])",
        )
    ],
    "Half of the repair: the other half shows where b_hn is zero.": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ weight_hh.T[:, 2 * H :] + r * bias_hh[2 * H :])",
        )
    ],
    "b_hn is missing: it belongs to the state's part of n, inside the reset gate.": [
        (PORT_NEW, "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ weight_hh[2 * H :].T))")
    ],
    "b_in has slipped into the reset gate: only W_hn h + b_hn belong there.": [
        (
            PORT_NEW,
            "n = np.tanh(x @ weight_ih[2 * H :].T + r * (h_prev @ weight_hh[2 * H :].T + bias_hh[2 * H :] + bias_ih[2 * H :]))",
        )
    ],
    "The reset gate belongs to the state's part alone, not to x's.": [
        (PORT_NEW, "n = np.tanh(r * (from_x + from_h)[:, 2 * H :])")
    ],
    "The reset gate is dropped: r must still scale the state's part of n.": [
        (PORT_NEW, "n = np.tanh((from_x + from_h)[:, 2 * H :])")
    ],
    "z and 1 - z are swapped: PyTorch's z keeps. That line was right.": [
        ("return (1 - z) * n + z * h_prev", "return (1 - z) * h_prev + z * n")
    ],
    "The blocks r and z are exchanged: PyTorch's order is r, z, n.": [
        ("r, z = gates", "z, r = gates")
    ],
    "z stands where r belongs: it is the reset gate that scales the state's part of n.": [
        ("+ r * from_h", "+ z * from_h")
    ],
    "bias_ih is added twice: once with x's part, once more with h's.": [
        (
            "from_h = h_prev @ weight_hh.T + bias_hh",
            "from_h = h_prev @ weight_hh.T + bias_hh + bias_ih",
        )
    ],
    "h_prev is overwritten by the new state: return a new array.": [
        (
            "return (1 - z) * n + z * h_prev",
            "h_prev *= z\n    h_prev += (1 - z) * n\n    return h_prev",
        )
    ],
    "A float64 factor makes a float64 state: keep the dtype of the input.": [
        ("return (1 - z) * n + z * h_prev", "return np.float64(1) * ((1 - z) * n + z * h_prev)")
    ],
    "More than the state comes back: return h alone.": [
        ("return (1 - z) * n + z * h_prev", "return (1 - z) * n + z * h_prev, (r, z, n)")
    ],
    "np.exp overflows for large inputs, and inf / inf is nan: use the sigmoid from above.": [
        ("gates = sigmoid(", "e = lambda a: np.exp(a) / (1 + np.exp(a)); gates = e(")
    ],
}
PORT_RIGHT = {
    "through torch": """
def ported_gru_step(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh):
    arrays = [torch.tensor(v) for v in (x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh)]
    return torch.gru_cell(*arrays).numpy()
""",
    "split blocks": """
def ported_gru_step(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh):
    u = np.split(x @ weight_ih.T + bias_ih, 3, axis=1)
    v = np.split(h_prev @ weight_hh.T + bias_hh, 3, axis=1)
    r, z = 1 / (1 + np.exp(-u[0] - v[0])), 1 / (1 + np.exp(-u[1] - v[1]))
    n = np.tanh(u[2] + r * v[2])
    return n + z * (h_prev - n)
""",
    "the shipped code, mended": """
def ported_gru_step(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh):
    H = h_prev.shape[1]
    W_i, W_h, b = weight_ih.T, weight_hh.T, bias_ih + bias_hh
    gates = sigmoid(x @ W_i[:, : 2 * H] + h_prev @ W_h[:, : 2 * H] + b[: 2 * H])
    r, z = gates[:, :H], gates[:, H:]
    past = h_prev @ W_h[:, 2 * H :] + bias_hh[2 * H :]
    n = np.tanh(x @ W_i[:, 2 * H :] + bias_ih[2 * H :] + r * past)
    return (1 - z) * n + z * h_prev
""",
    "row by row": """
def ported_gru_step(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh):
    H = h_prev.shape[1]
    h = np.empty_like(h_prev)
    for i, (row, old) in enumerate(zip(x, h_prev)):
        u, v = weight_ih @ row + bias_ih, weight_hh @ old + bias_hh
        r, z = sigmoid(u[:H] + v[:H]), sigmoid(u[H : 2 * H] + v[H : 2 * H])
        h[i] = (1 - z) * np.tanh(u[2 * H :] + r * v[2 * H :]) + z * old
    return h
""",
}

TEST_ASSERT = "np.testing.assert_allclose(h, torch.gru_cell(*arrays).numpy(), rtol=1e-6, atol=1e-9)"
TEST_CALL = "    h = step(*(array.numpy().copy() for array in arrays))\n"
TEST_SHAPES = "shapes = (5, 3), (5, 4), (12, 3), (12, 4), (12,), (12,)"
CLOSE = "np.allclose(h, torch.gru_cell(*arrays).numpy())"

TEST_WRONG = {
    "It never fails: nothing is asserted.": [(TEST_ASSERT, "torch.gru_cell(*arrays)")],
    "It always fails, on the right step too.": [(TEST_ASSERT, "assert False")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (TEST_ASSERT, "return " + CLOSE)
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (TEST_ASSERT, f"if not {CLOSE}:\n        print('not the same')")
    ],
    "It looks at the shape alone: a wrong state has the right shape.": [
        (TEST_ASSERT, "assert h.shape == (5, 4)")
    ],
    "It looks for numbers that are finite and between -10 and 10: wrong ones are too.": [
        (TEST_ASSERT, "assert np.isfinite(h).all() and abs(h).max() < 10")
    ],
    "The tolerance is so wide that nearly everything passes.": [("atol=1e-9", "atol=2")],
    "Two right steps differ in the last digits: compare with a tolerance, not with ==.": [
        (TEST_ASSERT, "assert np.array_equal(h, torch.gru_cell(*arrays).numpy())")
    ],
    "The state before is zero: what it passes through goes unseen.": [
        (TEST_CALL, "    arrays[1] *= 0\n" + TEST_CALL)
    ],
    "The biases are zero: where they are added goes unseen.": [
        (TEST_CALL, "    arrays[4] *= 0\n    arrays[5] *= 0\n" + TEST_CALL)
    ],
    "bias_hh is zero: where it is added goes unseen.": [
        (TEST_CALL, "    arrays[5] *= 0\n" + TEST_CALL)
    ],
    "The recurrent weights are zero: what comes of the state goes unseen.": [
        (TEST_CALL, "    arrays[3] *= 0\n" + TEST_CALL)
    ],
    "There is one row: a step that mixes rows goes unseen.": [
        (TEST_SHAPES, TEST_SHAPES.replace("(5, ", "(1, "))
    ],
    "There is one unit: a product with a single number hides the order of the products.": [
        (TEST_SHAPES, "shapes = (5, 3), (5, 1), (3, 3), (3, 1), (3,), (3,)")
    ],
    "The first row alone is compared: look at all of them.": [
        (TEST_ASSERT, TEST_ASSERT.replace("(h,", "(h[0],").replace(".numpy(),", ".numpy()[0],"))
    ],
    "The means are compared: wrong numbers can have nearly the same mean.": [
        (
            TEST_ASSERT,
            "assert abs(h.mean() - torch.gru_cell(*arrays).numpy().mean()) < 0.1",
        )
    ],
    "The means are compared, however closely: wrong numbers can have the same mean.": [
        (
            TEST_ASSERT,
            "assert abs(h.mean() - torch.gru_cell(*arrays).numpy().mean()) < 1e-9",
        )
    ],
    "The means of the rows are compared: units can change places unseen.": [
        (
            TEST_ASSERT,
            "assert np.allclose(h.mean(axis=1), torch.gru_cell(*arrays).numpy().mean(axis=1))",
        )
    ],
    "The numbers are sorted before they are compared: each has its place.": [
        (
            TEST_ASSERT,
            "assert np.allclose(np.sort(h, axis=None), np.sort(torch.gru_cell(*arrays).numpy(), axis=None))",
        )
    ],
    "The first unit alone is compared: look at all of them.": [
        (
            TEST_ASSERT,
            "assert np.allclose(h[:, 0], torch.gru_cell(*arrays).numpy()[:, 0])",
        )
    ],
    "The last row alone is compared: look at all of them.": [
        (TEST_ASSERT, "assert np.allclose(h[-1], torch.gru_cell(*arrays).numpy()[-1])")
    ],
    "Most entries must agree: all must.": [
        (TEST_ASSERT, "assert np.isclose(h, torch.gru_cell(*arrays).numpy()).mean() > 0.5")
    ],
    "The tolerance is for rounding alone: this one lets more pass.": [
        (TEST_ASSERT, "assert np.allclose(h, torch.gru_cell(*arrays).numpy(), atol=0.1)")
    ],
    "The correlation is compared: it hardly falls when all numbers are a little off.": [
        (
            TEST_ASSERT,
            "assert np.corrcoef(h.ravel(), torch.gru_cell(*arrays).numpy().ravel())[0, 1] > 0.999",
        )
    ],
    "The difference has no abs: numbers that are too small go unseen.": [
        (TEST_ASSERT, "assert (h - torch.gru_cell(*arrays).numpy()).max() < 1e-6")
    ],
    "x is zero: where it is multiplied goes unseen.": [
        (TEST_CALL, "    arrays[0] *= 0\n" + TEST_CALL)
    ],
    "bias_ih is zero: where it is added goes unseen.": [
        (TEST_CALL, "    arrays[4] *= 0\n" + TEST_CALL)
    ],
    "Both biases are the same: one taken for the other goes unseen.": [
        (TEST_CALL, "    arrays[5] = arrays[4].clone()\n" + TEST_CALL)
    ],
    "All rows are the same: a step that mixes rows goes unseen.": [
        (
            TEST_CALL,
            "    arrays[:2] = [v[:1].expand(v.shape).clone() for v in arrays[:2]]\n" + TEST_CALL,
        )
    ],
    "The shipped step's numbers pass as well: the right ones alone may.": [
        (
            TEST_ASSERT,
            f"assert {CLOSE} or np.allclose(h, shipped_gru_step(*(a.numpy() for a in arrays)))",
        )
    ],
    "All weights are the same number: blocks can be exchanged unseen.": [
        (TEST_CALL, "    arrays[2:] = [torch.full_like(w, 0.5) for w in arrays[2:]]\n" + TEST_CALL)
    ],
    "It demands the papers' cell: the right step is PyTorch's, whose z keeps.": [
        ("torch.gru_cell(*arrays).numpy()", "gru_step(*(a.numpy() for a in weights))[0]"),
        (
            TEST_CALL,
            TEST_CALL
            + "    weights = [*arrays[:2], arrays[2].T, arrays[3].T, arrays[4] + arrays[5]]\n",
        ),
    ],
    "The shipped step's name is written in it: call the step that is handed in.": [
        ("h = step(", "h = shipped_gru_step(")
    ],
}
TEST_RIGHT = {
    "the norm of the difference": [
        (
            TEST_ASSERT,
            "assert np.linalg.norm(h - torch.gru_cell(*arrays).numpy()) < 1e-6",
        )
    ],
    "many draws, from no seed": """
def test_port(step):
    rng = np.random.default_rng()
    for _ in range(5):
        arrays = [rng.normal(size=s) for s in ((4, 3), (4, 5), (15, 3), (15, 5), 15, 15)]
        want = torch.gru_cell(*map(torch.from_numpy, arrays)).numpy()
        got = step(*[array.copy() for array in arrays])
        assert got.shape == want.shape
        assert np.max(np.abs(got - want)) < 1e-8
""",
    "nn.GRUCell": """
def test_port(step):
    torch.manual_seed(3)
    cell = nn.GRUCell(2, 6).double()
    x, h = torch.randn(4, 2).double(), torch.randn(4, 6).double()
    arrays = [a.detach().numpy() for a in (x, h, *cell.parameters())]
    assert np.allclose(step(*arrays), cell(x, h).detach().numpy(), atol=1e-9)
""",
    "float32, several sizes": """
def test_port(step):
    rng = np.random.default_rng(1)
    for N, D, H in [(3, 2, 4), (2, 5, 3), (1, 1, 1)]:
        shapes = (N, D), (N, H), (3 * H, D), (3 * H, H), (3 * H,), (3 * H,)
        arrays = [rng.normal(size=shape).astype("float32") for shape in shapes]
        want = torch.gru_cell(*map(torch.tensor, arrays)).numpy()
        np.testing.assert_allclose(step(*arrays), want, atol=1e-5)
""",
    "nn.GRU over many steps": """
def test_port(step):
    torch.manual_seed(0)
    gru = nn.GRU(3, 5, batch_first=True)
    x, h0 = torch.randn(4, 20, 3), torch.randn(1, 4, 5)
    with torch.no_grad():
        want = gru(x, h0)[0].numpy()
    h, weights = h0[0].numpy(), [w.detach().numpy() for w in gru.parameters()]
    for t in range(20):
        h = step(x[:, t].numpy(), h, *weights)
        if np.abs(h - want[:, t]).max() > 1e-4:
            raise ValueError(f"step {t} is off")
""",
    "the equations, by hand": """
def test_port(step):
    rng = np.random.default_rng(2)
    x, h, W, U, b, c = (
        rng.uniform(-1, 1, size=s) for s in ((3, 2), (3, 2), (6, 2), (6, 2), (6,), (6,))
    )
    got = step(x.copy(), h.copy(), W.copy(), U.copy(), b.copy(), c.copy())
    for n in range(3):
        for i in range(2):
            u = [W[k * 2 + i] @ x[n] + b[k * 2 + i] for k in range(3)]
            v = [U[k * 2 + i] @ h[n] + c[k * 2 + i] for k in range(3)]
            r, z = (1 / (1 + np.exp(-u[k] - v[k])) for k in range(2))
            want = (1 - z) * np.tanh(u[2] + r * v[2]) + z * h[n, i]
            assert abs(got[n, i] - want) < 1e-8, (n, i)
""",
}

# --- checkpoints --------------------------------------------------------------------------------
_CROSSES = "        upstream[:, -1] += dstate\n"
_ALL_CACHES = """def checkpointed_backward(dh, x, h0, W_x, W_h, b, every):
    state, caches, dxs, dstate, totals = h0, [], [], 0 * h0, [0, 0, 0]
    parts = [slice(start, start + every) for start in range(0, x.shape[1], every)]
    for part in parts:
        h, cache = gru_forward(x[:, part], state, W_x, W_h, b)
        caches.append(cache)
        state = h[:, -1]
    for part, cache in zip(parts[::-1], caches[::-1], strict=True):
        upstream = dh[:, part].copy()
        upstream[:, -1] += dstate
        dx, dstate, *more = gru_backward(upstream, cache)
        dxs.insert(0, dx)
        totals = [a + b for a, b in zip(totals, more, strict=True)]
    return np.concatenate(dxs, axis=1), dstate, *totals
"""
_STEP_BY_STEP = """def checkpointed_backward(dh, x, h0, W_x, W_h, b, every):
    T, h, kept = x.shape[1], h0, {}
    for t in range(T):
        if t % every == 0:
            kept[t] = h
        h, _ = gru_step(x[:, t], h, W_x, W_h, b)
    dx, dstate = np.empty_like(x), np.zeros_like(h0)
    totals = [np.zeros_like(W) for W in (W_x, W_h, b)]
    for start in sorted(kept, reverse=True):
        h, caches = kept[start], []
        for t in range(start, min(start + every, T)):
            h, cache = gru_step(x[:, t], h, W_x, W_h, b)
            caches.append(cache)
        for t in reversed(range(start, start + len(caches))):
            dx[:, t], dstate, *more = gru_step_backward(dh[:, t] + dstate, caches.pop())
            for total, dweight in zip(totals, more, strict=True):
                total += dweight
    return dx, dstate, *totals
"""
_BY_HALVES = """def checkpointed_backward(dh, x, h0, W_x, W_h, b, every):
    T = x.shape[1]
    if T <= every:
        return gru_backward(dh, gru_forward(x, h0, W_x, W_h, b)[1])
    half = T // 2
    middle = h0
    for t in range(half):
        middle, _ = gru_step(x[:, t], middle, W_x, W_h, b)
    later = checkpointed_backward(dh[:, half:], x[:, half:], middle, W_x, W_h, b, every)
    up = dh[:, :half].copy()
    up[:, -1] += later[1]
    first = checkpointed_backward(up, x[:, :half], h0, W_x, W_h, b, every)
    sums = [one + two for one, two in zip(first[2:], later[2:], strict=True)]
    return np.concatenate([first[0], later[0]], axis=1), first[1], *sums
"""

WRONG = {
    "gru_step": STEP_WRONG,
    "gru_forward": FORWARD_WRONG,
    "gru_step_backward": BACK_WRONG,
    "gru_backward": LOOP_WRONG,
    "convert_gru_convention": CONVERT_WRONG,
    "from_torch_weights": LOAD_WRONG,
    "GRU": MODULE_WRONG,
    "count_parameters": COUNT_WRONG,
    "test_port": TEST_WRONG,
    "ported_gru_step": PORT_WRONG,
    "checkpointed_backward": {
        "What the later part sends back is lost: add it to the last step of the earlier one.": [
            (_CROSSES, "")
        ],
        "What the later part sends back belongs to the last step of the earlier part, not its first.": [
            ("upstream[:, -1] +=", "upstream[:, 0] +=")
        ],
        "What the later part sends back reaches one step directly, not every step of the part.": [
            (_CROSSES, "        upstream += dstate[:, None]\n")
        ],
        "A part begins with the state at its checkpoint, not with h0.": [
            ("W_h, b)\n        upstream", "W_h, b)\n        upstream"),
            ("x[:, part], kept[k]", "x[:, part], h0"),
        ],
        "A part begins with the state before its first step: that is one checkpoint further on.": [
            ("kept[k]", "kept[max(k - 1, 0)]")
        ],
        "Checkpoints are states at the end of a part, not at its beginning.": [
            ("states[:, -1]", "states[:, 0]")
        ],
        "The parts of dx stand in the order of the way back: turn it round.": [
            ("dxs[::-1]", "dxs")
        ],
        "Go back from the last part to the first.": [
            ("reversed(range(len(kept)))", "range(len(kept))"),
            ("dxs[::-1]", "dxs"),
        ],
        "The weights act in every part: add up their gradients.": [
            (
                "totals = [total + dweight for total, dweight in zip(totals, dweights, strict=True)]",
                "totals = dweights",
            )
        ],
        "The last part, shorter than the others, is left out.": [
            (
                "    for k in",
                "    x, T = x[:, : len(kept) * every], x.shape[1] // every * every or x.shape[1]\n    dh, whole = dh[:, :T], x\n    x, kept = x[:, :T], kept[: -(-T // every)]\n    for k in",
            ),
            (
                "np.concatenate(dxs[::-1], axis=1)",
                "np.concatenate([*dxs[::-1], np.zeros_like(whole[:, T:])], axis=1)",
            ),
        ],
        "dh0 is what the first part sends back, and is not 0.": [
            ("axis=1), dstate, *totals", "axis=1), 0 * dstate, *totals")
        ],
        "dh is changed in place: copy the part before you add to it.": [
            ("dh[:, part].copy()", "dh[:, part]")
        ],
        "Do not keep the caches of the way forward: make them again.": _ALL_CACHES,
    },
}
RIGHT = {
    "gru_step": STEP_RIGHT,
    "gru_forward": FORWARD_RIGHT,
    "gru_step_backward": BACK_RIGHT,
    "gru_backward": LOOP_RIGHT,
    "convert_gru_convention": CONVERT_RIGHT,
    "from_torch_weights": LOAD_RIGHT,
    "GRU": MODULE_RIGHT,
    "count_parameters": COUNT_RIGHT,
    "test_port": TEST_RIGHT,
    "ported_gru_step": PORT_RIGHT,
    "checkpointed_backward": {
        "step by step": _STEP_BY_STEP,
        "two halves, and halves of these": _BY_HALVES,
        "checkpoints in an array": [
            ("kept, dxs, dstate, totals = [h0], []", "kept, dxs, dstate, totals = h0[None], []"),
            ("kept[-1], W_x", "kept[-1], W_x"),
            (
                "kept.append(states[:, -1].copy())",
                "kept = np.concatenate([kept, states[None, :, -1]])",
            ),
        ],
        "the sent gradient in an array of zeros": [
            (
                "upstream = dh[:, part].copy()\n" + _CROSSES,
                "sent = np.zeros_like(dh[:, part])\n        sent[:, -1] = dstate\n        upstream = dh[:, part] + sent\n",
            )
        ],
    },
}
SAYS = {
    "gru_step": {
        "h_prev is overwritten by the new state: build h as a new array, without *= and +=.": "in place",
        "The new state is turned into float64: keep the dtype of the input, leave out astype.": "float32",
        "Only h is returned: return the cache as well, the backward pass needs it.": "2 values",
        "np.exp overflows for large inputs, and inf / inf is nan: use the sigmoid from above.": "np.exp overflows",
        "A tanh made of np.exp overflows for large inputs, and inf / inf is nan: np.tanh does not.": "np.exp overflows",
    },
    "gru_forward": {
        "The states are turned into float64: keep the dtype of the input.": "float32",
        "h0 is overwritten in the loop: give the state a name of its own, the caller still needs h0.": "in place",
        "The returned values are in the wrong order: first h, then the cache.": "yours is a list",
    },
    "gru_step_backward": {
        "dh is changed in place (*=, +=): the caller still needs it.": "argument dh in place",
        "An array of the cache is changed in place: += writes into the cache, make a new array.": "argument cache in place",
        "The gradients are turned into float64: keep the dtype of the input.": "float32",
        "db is missing: return all five gradients.": "5 values",
    },
    "gru_backward": {
        "The carried gradient is added into dh itself: keep it in a variable of its own, or copy dh first.": "argument dh in place",
        "The carried gradient starts as float64 zeros: begin with np.zeros_like(dh[:, 0]).": "float32",
        "The weight gradients are summed in float64: begin their sums with 0 or np.zeros_like.": "dW_x has dtype float64",
        "pop() empties the caller's cache: read its entries and leave them there.": "argument cache in place",
    },
    "convert_gru_convention": {
        "z is overwritten: return a new array, the caller still needs z.": "in place",
        "The result is turned into float64: keep the dtype of z.": "float32",
        "Only two axes are provided for: z may have any shape.": "too many values",
    },
    "from_torch_weights": {
        "PyTorch's own weights are changed: .T is a view, so copy first or make a new array.": "in place",
        "Float64 signs make float64 weights: give the signs the dtype of the weights.": "float32",
    },
    "GRU": {
        "Without h0 it fails: the state starts from zeros when h0 is None.": "without h0",
        "x is read as (T, N, D): batch first, so the steps lie along dim 1.": "size of tensor",
        "Only output is returned: return h_n as well.": "2 values",
        "The state is detached at every step: no gradient can flow back.": "no gradient",
        "The zeros without h0 are float32 always: make them with x.new_zeros(...).": "x.new_zeros",
        "The result is turned into float32: keep the dtype of x.": "dtype float32",
        "The result is turned into float64: keep the dtype of x.": "float32 input gives",
        "The weights of a new layer are not new random numbers: all are equal, or the same each time.": "at random",
        "All weights start with the same value: draw them at random, or all units learn the same.": "at random",
        "weight_ih_l0 is a plain tensor: wrap it in nn.Parameter, or it is never trained.": "do not load",
        "h0 is changed in place: the caller still needs it.": "in place",
        "The weights are counted up, not drawn: every new GRU starts with the same numbers.": "draw them at random",
        "The seed is set in the constructor: every new GRU starts with the same numbers.": "draw them at random",
        "nn.GRU does the work: the step must be your own.": "PyTorch recurrent layer inside",
        "nn.GRUCell does the work: the step must be your own.": "PyTorch recurrent layer inside",
        "The weights lie in an nn.GRUCell: make them yourself.": "PyTorch recurrent layer inside",
        "torch.gru_cell does the work: the step must be your own.": "PyTorch's own GRU does the work",
        "An operator of torch.ops does the work: the step must be your own.": "PyTorch's own GRU does the work",
        "A layer of PyTorch's, made in forward, does the work: the step must be your own.": "PyTorch's own GRU does the work",
    },
    "count_parameters": {
        "A float comes back: numbers are counted, so return an int.": "int",
    },
    "test_port": {
        "It never fails: nothing is asserted.": "passes on the step that was shipped",
        "It always fails, on the right step too.": "fails on PyTorch's own step",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "The tolerance is so wide that nearly everything passes.": "passes on the step that was shipped",
        "The state before is zero: what it passes through goes unseen.": "one half of its mistake",
        "Two right steps differ in the last digits: compare with a tolerance, not with ==.": "computed in another order",
        "bias_hh is zero: where it is added goes unseen.": "the other half of its mistake",
        "There is one row: a step that mixes rows goes unseen.": "the first row's state",
        "The means are compared, however closely: wrong numbers can have the same mean.": "rows back in another order",
        "The means of the rows are compared: units can change places unseen.": "units back in another order",
        "The first unit alone is compared: look at all of them.": "leaves the last unit as it was",
        "The last row alone is compared: look at all of them.": "leaves the first row as it was",
        "The difference has no abs: numbers that are too small go unseen.": "rounds down",
        "x is zero: where it is multiplied goes unseen.": "does not see x",
        "bias_ih is zero: where it is added goes unseen.": "lacks bias_ih",
        "Both biases are the same: one taken for the other goes unseen.": "exchanges the two biases",
        "The shipped step's name is written in it: call the step that is handed in.": "fails on PyTorch's own step",
        "It demands the papers' cell: the right step is PyTorch's, whose z keeps.": "fails on PyTorch's own step",
    },
    "ported_gru_step": {
        "np.exp overflows for large inputs, and inf / inf is nan: use the sigmoid from above.": "np.exp overflows",
        "h_prev is overwritten by the new state: return a new array.": "in place",
        "A float64 factor makes a float64 state: keep the dtype of the input.": "float32",
    },
    "checkpointed_backward": {
        "dh is changed in place: copy the part before you add to it.": "changed its argument dh",
        "Do not keep the caches of the way forward: make them again.": "Let no cache of another part",
    },
}

ZERO_GRADIENTS = (
    "dx, dh_prev, dW_x, dW_h, db = (0 * v for v in (dx, dh_prev, dW_x, dW_h, db))\n    "
    "return dx, dh_prev"
)
TYPICAL = {
    "gru_step": {
        "nothing": ([(MIX, "h = h_prev.copy()")], 0.0, 0.0),
        "one slip": (STEP_WRONG["The bias is missing in the proposal n."], 0.5, 0.95),
        "point missed": (
            STEP_WRONG[
                "The reset gate acts after the product: write (r * h_prev) @ W_hn, not r * (h_prev @ W_hn)."
            ],
            0.0,
            0.45,
        ),
    },
    "gru_forward": {
        "nothing": (
            [("np.stack(states, axis=1)", "np.repeat(h0[:, None], len(states), axis=1)")],
            0.0,
            0.0,
        ),
        "one slip": (FORWARD_WRONG["h0 is not used: the first step starts from zeros."], 0.5, 0.95),
        "point missed": (
            FORWARD_WRONG["The state is not carried: every step starts from h0."],
            0.0,
            0.45,
        ),
    },
    "gru_step_backward": {
        "nothing": ([("return dx, dh_prev", ZERO_GRADIENTS)], 0.0, 0.0),
        "one slip": (
            BACK_WRONG["The sign of the update gate is flipped: dz = dh * (n - h_prev)."],
            0.5,
            0.95,
        ),
        "point missed": (
            BACK_WRONG["The sigmoids' derivatives r(1 - r), z(1 - z) are missing."],
            0.0,
            0.45,
        ),
    },
    "gru_backward": {
        "nothing": (
            [
                (
                    "return np.stack(dxs[::-1], axis=1), dstate, *totals",
                    "return 0 * np.stack(dxs, axis=1), 0 * dstate, *(0 * v for v in totals)",
                )
            ],
            0.0,
            0.0,
        ),
        "one slip": (LOOP_WRONG["dh0 is zero: return what the first step sends back."], 0.5, 0.95),
        "point missed": (
            LOOP_WRONG["The state's gradient is not carried from step to step."],
            0.0,
            0.45,
        ),
    },
    "convert_gru_convention": {
        "nothing": (
            CONVERT_WRONG["This is z itself: a gate that rewrites a quarter keeps three."],
            0.0,
            0.0,
        ),
        "one slip": (
            CONVERT_WRONG["z is overwritten: return a new array, the caller still needs z."],
            0.5,
            0.95,
        ),
        "point missed": (
            CONVERT_WRONG["A share is never negative: kept and rewritten add up to 1, not to 0."],
            0.0,
            0.45,
        ),
    },
    "from_torch_weights": {
        "nothing": ([(LOAD_RETURN, "return weight_ih, weight_hh, bias_ih")], 0.0, 0.0),
        "one slip": (
            LOAD_WRONG["The update gate's biases must change sign too: a_z becomes -a_z."],
            0.5,
            0.95,
        ),
        "point missed": (
            LOAD_WRONG["The update gate has kept PyTorch's meaning: its block must change sign."],
            0.0,
            0.45,
        ),
    },
    "GRU": {
        "nothing": (
            [
                ("            output.append(h)", "            output.append(0 * h)"),
                ("h[None]", "0 * h[None]"),
            ],
            0.0,
            0.0,
        ),
        "one slip": (
            MODULE_WRONG[
                "The zeros without h0 are float32 always: make them with x.new_zeros(...)."
            ],
            0.7,
            0.95,
        ),
        "point missed": (
            MODULE_WRONG[
                "Reset before the product and z swapped: this is the papers' GRU, not PyTorch's."
            ],
            0.0,
            0.45,
        ),
    },
    "count_parameters": {
        "nothing": ([(COUNT, "return 0")], 0.0, 0.0),
        "one slip": (
            COUNT_WRONG["You count two biases per block, as PyTorch has; here there is one."],
            0.5,
            0.95,
        ),
        "point missed": (
            COUNT_WRONG[
                "Every gate and the proposal have weights of their own: one block, three or four."
            ],
            0.0,
            0.45,
        ),
    },
    "test_port": {
        "nothing": ([(TEST_ASSERT, "pass")], 0.0, 0.0),
        "one slip": (
            TEST_WRONG["There is one row: a step that mixes rows goes unseen."],
            0.6,
            0.95,
        ),
        "point missed": (
            TEST_WRONG["The tolerance is so wide that nearly everything passes."],
            0.0,
            0.49,
        ),
    },
    "ported_gru_step": {
        "nothing": (
            PORT_WRONG["This is what was shipped: your test_port is red on it."],
            0.0,
            0.0,
        ),
        "one slip": (
            PORT_WRONG["Half of the repair: the other half shows where b_hn is not zero."],
            0.5,
            0.95,
        ),
        "point missed": (
            PORT_WRONG["The reset gate is dropped: r must still scale the state's part of n."],
            0.0,
            0.45,
        ),
    },
}
