"""Wrong and right variants of the exercises in ``source/03_gru/gru.ipynb``."""

# --- the step -----------------------------------------------------------------------------------
GATES = "gates = sigmoid(x @ W_x[:, : 2 * H] + h_prev @ W_h[:, : 2 * H] + b[: 2 * H])"
SPLIT = "r, z = gates[:, :H], gates[:, H:]"
NEW = "n = np.tanh(x @ W_x[:, 2 * H :] + (r * h_prev) @ W_h[:, 2 * H :] + b[2 * H :])"
MIX = "h = (1 - z) * h_prev + z * n"
STEP_RETURN = "return h, (x, h_prev, W_x, W_h, r, z, n)"

STEP_WRONG = {
    "z and 1 - z swapped": [(MIX, "h = (1 - z) * n + z * h_prev")],
    "reset after the product": [
        ("(r * h_prev) @ W_h[:, 2 * H :]", "r * (h_prev @ W_h[:, 2 * H :])")
    ],
    "PyTorch's form": [
        ("(r * h_prev) @ W_h[:, 2 * H :]", "r * (h_prev @ W_h[:, 2 * H :])"),
        (MIX, "h = (1 - z) * n + z * h_prev"),
    ],
    "r and z exchanged": [(SPLIT, "z, r = gates[:, :H], gates[:, H:]")],
    "blocks read as n, r, z": [
        (
            "    H = h_prev.shape[1]\n",
            "    H = h_prev.shape[1]\n    W_x, W_h, b = (np.roll(v, -h_prev.shape[1], axis=-1) for v in (W_x, W_h, b))\n",
        )
    ],
    "no bias": [(" + b[: 2 * H]", ""), (" + b[2 * H :]", "")],
    "no bias in the proposal": [(" + b[2 * H :]", "")],
    "bias twice": [("+ b[: 2 * H]", "+ 2 * b[: 2 * H]"), ("+ b[2 * H :]", "+ 2 * b[2 * H :]")],
    "reset gate not used": [("(r * h_prev)", "h_prev")],
    "reset on everything": [
        (NEW, "n = np.tanh(r * (x @ W_x[:, 2 * H :] + h_prev @ W_h[:, 2 * H :] + b[2 * H :]))")
    ],
    "no tanh": [("np.tanh(", "(")],
    "sigmoid for the proposal": [("np.tanh(", "sigmoid(")],
    "gates without sigmoid": [("gates = sigmoid(", "gates = (")],
    "old state not kept": [(MIX, "h = z * n")],
    "the proposal alone": [(MIX, "h = n")],
    "gates do not see the state": [(" + h_prev @ W_h[:, : 2 * H]", "")],
    "state transposed weights": [
        ("@ W_h[:, : 2 * H]", "@ np.hstack([W_h[:, :H].T, W_h[:, H : 2 * H].T])")
    ],
    "one bias number for all": [("b[: 2 * H]", "b[: 2 * H].mean()")],
    "state changed in place": [(MIX, "h_prev *= 1 - z; h_prev += z * n; h = h_prev")],
    "weights changed in place": [(GATES, "W_x *= 1.0; b += 0.5; b -= 0.25; " + GATES)],
    "float64 forced": [(MIX, "h = ((1 - z) * h_prev + z * n).astype(np.float64)")],
    "order of the returns": [(STEP_RETURN, "return (x, h_prev, W_x, W_h, r, z, n), h")],
    "no cache": [(STEP_RETURN, "return h")],
    "only one row": [(MIX, "h = ((1 - z) * h_prev + z * n)[:1]")],
    "squashed once more": [(MIX, "h = np.tanh((1 - z) * h_prev + z * n)")],
    "clipped state": [(MIX, "h = np.clip((1 - z) * h_prev + z * n, -1, 1)")],
    "cache holds the new state": [(STEP_RETURN, "return h, (x, h, W_x, W_h, r, z, n)")],
    "gate averaged over the batch": [
        (SPLIT, SPLIT + "; z = z.mean(axis=0, keepdims=True) + 0 * z")
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
    "state not carried": [
        ("state, cache = gru_step(x[:, t], state,", "state, cache = gru_step(x[:, t], h0,")
    ],
    "h0 ignored": [
        ("state, states, caches = h0, [], []", "state, states, caches = np.zeros_like(h0), [], []")
    ],
    "one step late": [
        ("        states.append(state)\n", ""),
        ("        state, cache =", "        states.append(state)\n        state, cache ="),
    ],
    "backwards in time": [("range(x.shape[1])", "reversed(range(x.shape[1]))")],
    "time first": [("np.stack(states, axis=1)", "np.stack(states, axis=0)")],
    "last state only": [("np.stack(states, axis=1)", "states[-1]")],
    "last state everywhere": [
        ("np.stack(states, axis=1)", "np.stack([state] * len(states), axis=1)")
    ],
    "last step forgotten": [("range(x.shape[1])", "range(x.shape[1] - 1)")],
    "h0 among the states": [("h0, [], []", "h0, [h0], []")],
    "float64 forced": [("np.stack(states, axis=1)", "np.stack(states, axis=1).astype(float)")],
    "concatenated instead of stacked": [
        ("np.stack(states, axis=1)", "np.concatenate(states, axis=1)")
    ],
    "h0 overwritten": [
        ("        states.append(state)\n", "        h0[:] = state\n        states.append(state)\n")
    ],
    "batch and time mixed up": [
        (
            "return np.stack(states, axis=1)",
            "return np.stack(states, axis=0).reshape(x.shape[0], x.shape[1], -1)",
        )
    ],
    "order of the returns": [
        ("return np.stack(states, axis=1), caches", "return caches, np.stack(states, axis=1)")
    ],
    "squeezed": [("np.stack(states, axis=1)", "np.stack(states, axis=1).squeeze()")],
    "one cache for all steps": [
        (
            "return np.stack(states, axis=1), caches",
            "return np.stack(states, axis=1), [cache] * len(caches)",
        )
    ],
    "truncated to twenty steps": [("range(x.shape[1])", "range(min(x.shape[1], 20))")],
    "reset after the product": """
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
    "road A missing": [("dh * (1 - z) + d_gated * r", "d_gated * r")],
    "road A carries z": [("dh_prev = dh * (1 - z)", "dh_prev = dh * z")],
    "road B missing": [("+ d_gated * r +", "+")],
    "road B without r": [("+ d_gated * r +", "+ d_gated +")],
    "roads C and D missing": [(" + da_rz @ W_h[:, : 2 * H].T", "")],
    "road C missing": [("da_rz @ W_h[:, : 2 * H].T", "da_z @ W_h[:, H : 2 * H].T")],
    "road D missing": [("da_rz @ W_h[:, : 2 * H].T", "da_r @ W_h[:, :H].T")],
    "only the straight road": [(" + d_gated * r + da_rz @ W_h[:, : 2 * H].T", "")],
    "sign of z": [("dh * (n - h_prev)", "dh * (h_prev - n)")],
    "z's upstream is n alone": [("dh * (n - h_prev)", "dh * n")],
    "z and 1 - z swapped": [("da_n = dh * z *", "da_n = dh * (1 - z) *")],
    "no tanh derivative": [(" * (1 - n**2)", "")],
    "tanh derivative without the square": [("(1 - n**2)", "(1 - n)")],
    "no sigmoid derivative": [(" * z * (1 - z)\n", "\n"), (" * r * (1 - r)", "")],
    "no sigmoid derivative of r": [(" * r * (1 - r)", "")],
    "reset gate forgotten": [("da_r = d_gated * h_prev * r * (1 - r)", "da_r = 0 * r")],
    "W_hn without the reset": [("(r * h_prev).T @ da_n", "h_prev.T @ da_n")],
    "reset after the product": [
        ("da_r = d_gated * h_prev", "da_r = da_n * (h_prev @ W_h[:, 2 * H :])")
    ],
    "bias averaged": [("da.sum(axis=0)", "da.mean(axis=0)")],
    "bias over the wrong axis": [("da.sum(axis=0)", "np.resize(da.sum(axis=1), 3 * H)")],
    "everything averaged over the batch": [
        ("da.sum(axis=0)", "da.mean(axis=0)"),
        ("x.T @ da,", "x.T @ da / len(x),"),
    ],
    "blocks r and z exchanged": [("[da_r, da_z], axis=1", "[da_z, da_r], axis=1")],
    "dx from the proposal alone": [
        ("dx, dW_x, db = da @ W_x.T", "dx, dW_x, db = da_n @ W_x[:, 2 * H :].T")
    ],
    "upstream changed in place": [
        (
            "    da_z = dh *",
            "    dh *= 2\n    dh /= 2\n    dh += 1\n    dh = dh - 1\n    da_z = dh *",
        )
    ],
    "h_prev changed through the cache": [
        (
            "    H = h_prev",
            "    dh_old = h_prev.copy()\n    h_prev += 0.5\n    h_prev = dh_old\n    H = h_prev",
        )
    ],
    "float64 forced": [
        (
            "return dx, dh_prev",
            "dx, dh_prev, dW_x, dW_h, db = (v.astype(float) for v in (dx, dh_prev, dW_x, dW_h, db))\n    return dx, dh_prev",
        )
    ],
    "order of the returns": [
        ("return dx, dh_prev, dW_x, dW_h, db", "return dh_prev, dx, dW_x, dW_h, db")
    ],
    "no bias gradient": [("return dx, dh_prev, dW_x, dW_h, db", "return dx, dh_prev, dW_x, dW_h")],
    "upstream clipped": [("    da_z = dh *", "    dh = np.clip(dh, -5, 5)\n    da_z = dh *")],
    "weights transposed": [
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
    "gradient not carried": [("dh[:, t] + dstate", "dh[:, t]")],
    "outputs ignored but the last": [
        ("np.zeros_like(dh[:, 0]), [0, 0, 0]", "dh[:, -1], [0, 0, 0]"),
        ("gru_step_backward(dh[:, t] + dstate,", "gru_step_backward(dstate,"),
    ],
    "dx in reverse": [("dxs[::-1]", "dxs")],
    "forwards in time": [
        ("in reversed(range(dh.shape[1]))", "in range(dh.shape[1])"),
        ("dxs[::-1]", "dxs"),
    ],
    "weights of the first step": [("total + dweight for", "dweight for")],
    "weights of the last step": [
        ("        totals = [", "        totals = totals if t < dh.shape[1] - 1 else [")
    ],
    "weights averaged over time": [
        ("return np.stack", "totals = [v / dh.shape[1] for v in totals]\n    return np.stack")
    ],
    "dh0 is zero": [(", dstate, *totals", ", np.zeros_like(dstate), *totals")],
    "dh0 is the upstream of the first step": [
        ("        dx, dstate,", "        upstream = dh[:, t] + dstate\n        dx, dstate,"),
        (", dstate, *totals", ", upstream, *totals"),
    ],
    "first step forgotten": [
        ("reversed(range(dh.shape[1]))", "reversed(range(1, dh.shape[1]))"),
        ("dxs[::-1]", "[*dxs, np.zeros_like(cache[0][0])][::-1]"),
    ],
    "carried gradient not replaced": [
        (
            "        dx, dstate, *dweights = gru_step_backward(dh[:, t] + dstate, cache[t])",
            "        dx, back, *dweights = gru_step_backward(dh[:, t] + dstate, cache[t])\n        dstate = dstate + back",
        )
    ],
    "upstream changed in place": [
        ("gru_step_backward(dh[:, t] + dstate,", "gru_step_backward(dh[:, t],"),
        (
            "        dxs.append(dx)",
            "        if t:\n            dh[:, t - 1] += dstate\n        dxs.append(dx)",
        ),
    ],
    "time first": [("axis=1), dstate", "axis=0), dstate")],
    "float64 forced": [("np.zeros_like(dh[:, 0])", "np.zeros(dh[:, 0].shape)")],
    "float64 in the weights": [("[0, 0, 0]", "[np.zeros(1)] * 3")],
    "last cache at every step": [("cache[t])", "cache[-1])")],
    "order of the returns": [
        (
            "return np.stack(dxs[::-1], axis=1), dstate, *totals",
            "return dstate, np.stack(dxs[::-1], axis=1), *totals",
        )
    ],
    "truncated after two steps": [
        ("dh[:, t] + dstate", "dh[:, t] + (dstate if t % 2 else 0 * dstate)")
    ],
    "clipped": [("dh[:, t] + dstate", "np.clip(dh[:, t] + dstate, -1, 1)")],
    "clipped far out": [("dh[:, t] + dstate", "np.clip(dh[:, t] + dstate, -50, 50)")],
    "cache emptied": [("cache[t])", "cache.pop())")],
    "last twenty steps only": [
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
    "unchanged": [(CONVERT, "return z")],
    "negated": [(CONVERT, "return -z")],
    "a second sigmoid": [(CONVERT, "return sigmoid(-z)")],
    "reciprocal": [(CONVERT, "return 1 / z")],
    "z - 1": [(CONVERT, "return z - 1")],
    "in place": [(CONVERT, "z *= -1; z += 1; return z")],
    "rounded": [(CONVERT, "return 1 - np.round(z)")],
    "float64 forced": [(CONVERT, "return (1 - z).astype(np.float64)")],
    "a list": [(CONVERT, "return (1 - z).tolist()")],
    "last axis reversed": [(CONVERT, "return z[..., ::-1]")],
    "softmax-like": [(CONVERT, "return (1 - z) / np.sum(1 - z, axis=-1, keepdims=True)")],
    "two dimensions only": [(CONVERT, "N, H = z.shape; return 1 - z")],
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
    "meaning of z kept": [("sign[H : 2 * H] = -1", "pass")],
    "sign of r": [("sign[H : 2 * H] = -1", "sign[:H] = -1")],
    "sign of n": [("sign[H : 2 * H] = -1", "sign[2 * H :] = -1")],
    "all signs": [("sign[H : 2 * H] = -1", "sign[:] = -1")],
    "read as z, r, n": [
        (
            LOAD_RETURN,
            "o = np.r_[H : 2 * H, :H, 2 * H : 3 * H]\n    return weight_ih[o].T * sign, weight_hh[o].T * sign, (bias_ih + bias_hh)[o] * sign",
        )
    ],
    "reshape instead of transpose": [
        ("weight_ih.T * sign", "weight_ih.reshape(-1, 3 * H) * sign"),
        ("weight_hh.T * sign", "weight_hh.reshape(-1, 3 * H) * sign"),
    ],
    "not transposed": [
        (
            LOAD_RETURN,
            "return (weight_ih.T * sign).T, (weight_hh.T * sign).T, (bias_ih + bias_hh) * sign",
        )
    ],
    "bias_hh forgotten": [("(bias_ih + bias_hh)", "bias_ih")],
    "bias_ih forgotten": [("(bias_ih + bias_hh)", "bias_hh")],
    "biases averaged": [("(bias_ih + bias_hh)", "(bias_ih + bias_hh) / 2")],
    "biases keep their sign": [("(bias_ih + bias_hh) * sign", "bias_ih + bias_hh")],
    "W_h keeps its sign": [("weight_hh.T * sign", "weight_hh.T.copy()")],
    "W_x keeps its sign": [("weight_ih.T * sign", "weight_ih.T.copy()")],
    "one minus the weights": [
        (
            LOAD_RETURN,
            "W_x, W_h, b = weight_ih.T.copy(), weight_hh.T.copy(), bias_ih + bias_hh\n    for v in (W_x, W_h, b):\n        v[..., H : 2 * H] = 1 - v[..., H : 2 * H]\n    return W_x, W_h, b",
        )
    ],
    "changed through the view": [
        (
            LOAD_RETURN,
            "weight_ih[H : 2 * H] *= -1\n    weight_hh[H : 2 * H] *= -1\n    return weight_ih.T, weight_hh.T, (bias_ih + bias_hh) * sign",
        )
    ],
    "float64 forced": [("np.ones_like(bias_ih)", "np.ones(3 * H)")],
    "order of the returns": [
        (LOAD_RETURN, "return weight_hh.T * sign, weight_ih.T * sign, (bias_ih + bias_hh) * sign")
    ],
    "n's bias without bias_hh": [
        (
            "(bias_ih + bias_hh) * sign",
            "(bias_ih + bias_hh * np.repeat([1, 1, 0], H).astype(bias_hh.dtype)) * sign",
        )
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
MODULE_WRONG = {
    "z and 1 - z swapped": [("(1 - z) * n + z * h\n", "(1 - z) * h + z * n\n")],
    "reset before the product": [
        (
            "r * from_h[:, 2 * H :]",
            "(r * h) @ self.weight_hh_l0[2 * H :].T + self.bias_hh_l0[2 * H :]",
        )
    ],
    "the papers' GRU": [
        (
            "r * from_h[:, 2 * H :]",
            "(r * h) @ self.weight_hh_l0[2 * H :].T + self.bias_hh_l0[2 * H :]",
        ),
        ("(1 - z) * n + z * h\n", "(1 - z) * h + z * n\n"),
    ],
    "b_hn outside the reset": [
        (
            "r * from_h[:, 2 * H :]",
            "r * (from_h - self.bias_hh_l0)[:, 2 * H :] + self.bias_hh_l0[2 * H :]",
        )
    ],
    "order z, r, n": [("r, z = torch.sigmoid", "z, r = torch.sigmoid")],
    "order n, r, z": [
        (
            "            r, z = torch.sigmoid",
            "            from_x, from_h = from_x.roll(-H, 1), from_h.roll(-H, 1)\n            r, z = torch.sigmoid",
        )
    ],
    "bias_hh not used": [("h @ self.weight_hh_l0.T + self.bias_hh_l0", "h @ self.weight_hh_l0.T")],
    "bias_ih not used": [
        ("x_t @ self.weight_ih_l0.T + self.bias_ih_l0", "x_t @ self.weight_ih_l0.T")
    ],
    "one bias": [
        ("        self.bias_hh_l0 = nn.Parameter(torch.empty(rows).uniform_(-bound, bound))\n", ""),
        ("h @ self.weight_hh_l0.T + self.bias_hh_l0", "h @ self.weight_hh_l0.T"),
    ],
    "reset on everything": [
        ("from_x[:, 2 * H :] + r * from_h[:, 2 * H :]", "r * (from_x + from_h)[:, 2 * H :]")
    ],
    "h0 ignored": [
        (
            "x.new_zeros(x.shape[0], H) if h0 is None else h0.reshape(-1, H)",
            "x.new_zeros(x.shape[0], H)",
        )
    ],
    "h0 needed": [
        ("x.new_zeros(x.shape[0], H) if h0 is None else h0.reshape(-1, H)", "h0.reshape(-1, H)")
    ],
    "ones as the default state": [("x.new_zeros(x.shape[0], H)", "x.new_ones(x.shape[0], H)")],
    "state not carried": [
        (
            "            h = (1 - z) * n + z * h\n            output.append(h)",
            "            state = (1 - z) * n + z * h\n            output.append(state)",
        ),
        ("h[None]", "state[None]"),
    ],
    "h_n without its first axis": [("h[None]", "h")],
    "h_n batch first": [("h[None]", "h[:, None]")],
    "output time first": [("torch.stack(output, dim=1)", "torch.stack(output, dim=0)")],
    "reads time first": [
        ("x.unbind(dim=1)", "x.unbind(dim=0)"),
        ("x.new_zeros(x.shape[0], H)", "x.new_zeros(x.shape[1], H)"),
    ],
    "h_n is the first state": [("h[None]", "output[0][None]")],
    "order of the returns": [
        ("return torch.stack(output, dim=1), h[None]", "return h[None], torch.stack(output, dim=1)")
    ],
    "output alone": [
        ("return torch.stack(output, dim=1), h[None]", "return torch.stack(output, dim=1)")
    ],
    "detached": [
        ("            output.append(h)", "            h = h.detach()\n            output.append(h)")
    ],
    "gradient cut at the state": [("from_h = h @", "from_h = h.detach() @")],
    "no gradient": [
        (
            "        H = self.weight_hh_l0.shape[1]\n",
            "        H = self.weight_hh_l0.shape[1]\n        x = x.detach()\n",
        )
    ],
    "float32 zeros": [("x.new_zeros(x.shape[0], H)", "torch.zeros(x.shape[0], H)")],
    "float32 result": [
        (
            "return torch.stack(output, dim=1), h[None]",
            "return torch.stack(output, dim=1).float(), h[None].float()",
        )
    ],
    "float64 result": [
        (
            "return torch.stack(output, dim=1), h[None]",
            "return torch.stack(output, dim=1).double(), h[None].double()",
        )
    ],
    "starts with zeros": [(".uniform_(-bound, bound)", ".zero_()")],
    "starts constant": [(".uniform_(-bound, bound)", ".fill_(0.1)")],
    "weights are no parameters": [
        (
            "nn.Parameter(torch.empty(rows, input_size).uniform_(-bound, bound))",
            "torch.empty(rows, input_size).uniform_(-bound, bound)",
        )
    ],
    "h0 changed in place": [
        (
            "h0.reshape(-1, H)\n",
            "h0.reshape(-1, H)\n        if h0 is not None:\n            with torch.no_grad():\n                h0 += 0.5\n            h = h - 0.5\n",
        )
    ],
    "sigmoid for the proposal": [("torch.tanh(", "torch.sigmoid(")],
    "a bias without gradient": [
        (
            "h @ self.weight_hh_l0.T + self.bias_hh_l0",
            "h @ self.weight_hh_l0.T + self.bias_hh_l0.detach()",
        )
    ],
    "a matrix without gradient": [
        ("x_t @ self.weight_ih_l0.T", "x_t @ self.weight_ih_l0.detach().T")
    ],
    "state kept between calls": [
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
    "only one sequence": [("x.unbind(dim=1)", "x[:1].unbind(dim=1)")],
    "gates from x alone": [("from_x[:, : 2 * H] + from_h[:, : 2 * H]", "from_x[:, : 2 * H]")],
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
    "two biases": [(COUNT, "return blocks * (D * H + H * H + 2 * H)")],
    "no bias": [(COUNT, "return blocks * (D * H + H * H)")],
    "one bias number": [(COUNT, "return blocks * (D * H + H * H) + H")],
    "gates without the proposal": [('"gru": 3, "lstm": 4', '"gru": 2, "lstm": 3')],
    "a GRU of two blocks": [('"gru": 3', '"gru": 2')],
    "a GRU of four blocks": [('"gru": 3', '"gru": 4')],
    "no W_h": [(COUNT, "return blocks * (D * H + H)")],
    "no W_x": [(COUNT, "return blocks * (H * H + H)")],
    "D squared": [(COUNT, "return blocks * (D * D + D * H + H)")],
    "a float": [(COUNT, "return float(blocks * (D * H + H * H + H))")],
    "the same for all cells": [("[cell]", '["rnn"]')],
    "with a read-out": [(COUNT, "return blocks * (D * H + H * H + H) + H + 1")],
    "a string": [(COUNT, "return str(blocks * (D * H + H * H + H))")],
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
    "as shipped": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ weight_hh.T[:, 2 * H :] + bias_hh[2 * H :])",
        )
    ],
    "b_hn outside the reset": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ weight_hh[2 * H :].T) + bias_hh[2 * H :])",
        )
    ],
    "bias in, product not": [
        (
            PORT_NEW,
            "n = np.tanh(from_x[:, 2 * H :] + (r * h_prev) @ weight_hh.T[:, 2 * H :] + r * bias_hh[2 * H :])",
        )
    ],
    "b_hn missing": [
        (PORT_NEW, "n = np.tanh(from_x[:, 2 * H :] + r * (h_prev @ weight_hh[2 * H :].T))")
    ],
    "b_in in the reset too": [
        (
            PORT_NEW,
            "n = np.tanh(x @ weight_ih[2 * H :].T + r * (h_prev @ weight_hh[2 * H :].T + bias_hh[2 * H :] + bias_ih[2 * H :]))",
        )
    ],
    "reset on everything": [(PORT_NEW, "n = np.tanh(r * (from_x + from_h)[:, 2 * H :])")],
    "reset dropped": [(PORT_NEW, "n = np.tanh((from_x + from_h)[:, 2 * H :])")],
    "z and 1 - z swapped": [("return (1 - z) * n + z * h_prev", "return (1 - z) * h_prev + z * n")],
    "r and z exchanged": [("r, z = gates", "z, r = gates")],
    "reset by z": [("+ r * from_h", "+ z * from_h")],
    "biases doubled": [
        (
            "from_h = h_prev @ weight_hh.T + bias_hh",
            "from_h = h_prev @ weight_hh.T + bias_hh + bias_ih",
        )
    ],
    "state changed in place": [
        (
            "return (1 - z) * n + z * h_prev",
            "h_prev *= z\n    h_prev += (1 - z) * n\n    return h_prev",
        )
    ],
    "float64 forced": [
        ("return (1 - z) * n + z * h_prev", "return np.float64(1) * ((1 - z) * n + z * h_prev)")
    ],
    "a cache too": [
        ("return (1 - z) * n + z * h_prev", "return (1 - z) * n + z * h_prev, (r, z, n)")
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

WRONG = {
    "gru_step": STEP_WRONG,
    "gru_forward": FORWARD_WRONG,
    "gru_step_backward": BACK_WRONG,
    "gru_backward": LOOP_WRONG,
    "convert_gru_convention": CONVERT_WRONG,
    "from_torch_weights": LOAD_WRONG,
    "GRU": MODULE_WRONG,
    "count_parameters": COUNT_WRONG,
    "ported_gru_step": PORT_WRONG,
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
    "ported_gru_step": PORT_RIGHT,
}
SAYS = {
    "gru_step": {
        "z and 1 - z swapped": "swapped",
        "reset after the product": "after the product",
        "r and z exchanged": "exchanged",
        "blocks read as n, r, z": "n, r, z",
        "no bias": "bias b is missing",
        "no bias in the proposal": "missing in the proposal",
        "reset gate not used": "not used",
        "reset on everything": "not to x's",
        "no tanh": "no tanh",
        "sigmoid for the proposal": "sigmoid",
        "old state not kept": "not kept",
        "the proposal alone": "alone",
        "gates do not see the state": "do not see",
        "state changed in place": "in place",
        "float64 forced": "float32",
        "no cache": "2 values",
    },
    "gru_forward": {
        "state not carried": "not carried",
        "h0 ignored": "zeros",
        "one step late": "late",
        "backwards in time": "backwards",
        "time first": "Batch first",
        "last state only": "axis is missing",
        "last state everywhere": "last state",
        "h0 overwritten": "in place",
        "float64 forced": "float32",
    },
    "gru_step_backward": {
        "road A missing": "Road A",
        "road A carries z": "1 - z",
        "road B missing": "Road B",
        "road B without r": "factor r",
        "roads C and D missing": "C and D",
        "road C missing": "Road C",
        "road D missing": "Road D",
        "sign of z": "sign",
        "z's upstream is n alone": "n - h_prev",
        "z and 1 - z swapped": "swapped",
        "no tanh derivative": "tanh'",
        "no sigmoid derivative": "derivatives",
        "reset gate forgotten": "reset gate's part",
        "W_hn without the reset": "r * h_prev",
        "bias averaged": "averaged",
        "upstream changed in place": "in place",
        "float64 forced": "float32",
    },
    "gru_backward": {
        "gradient not carried": "not carried",
        "outputs ignored but the last": "Only the last step's dh",
        "dx in reverse": "reverse",
        "weights of the first step": "add up",
        "weights of the last step": "add up",
        "weights averaged over time": "averaged",
        "dh0 is zero": "zero",
        "dh0 is the upstream of the first step": "before the first step",
        "upstream changed in place": "in place",
        "float64 forced": "float32",
    },
    "convert_gru_convention": {
        "unchanged": "z itself",
        "negated": "negative",
        "a second sigmoid": "sigmoid",
        "z - 1": "sign",
        "in place": "in place",
    },
    "from_torch_weights": {
        "meaning of z kept": "change sign",
        "sign of r": "block r",
        "sign of n": "block n",
        "all signs": "All signs",
        "read as z, r, n": "exchanged",
        "reshape instead of transpose": "reshape",
        "not transposed": "transposed",
        "bias_hh forgotten": "bias_hh is missing",
        "bias_ih forgotten": "bias_ih is missing",
        "biases averaged": "averaged",
        "biases keep their sign": "biases must change sign",
        "W_h keeps its sign": "W_h must change sign",
        "changed through the view": "in place",
    },
    "GRU": {
        "z and 1 - z swapped": "swapped",
        "reset before the product": "before the product",
        "the papers' GRU": "papers' GRU",
        "b_hn outside the reset": "outside",
        "order z, r, n": "wrong order",
        "order n, r, z": "wrong order",
        "bias_hh not used": "bias_hh_l0 is not used",
        "bias_ih not used": "bias_ih_l0 is not used",
        "h0 ignored": "h0 is not used",
        "state not carried": "not carried",
        "h_n without its first axis": "axis is missing",
        "output time first": "Batch first",
        "detached": "no gradient",
        "starts with zeros": "random",
        "weights are no parameters": "do not load",
    },
    "count_parameters": {
        "two biases": "two biases",
        "no bias": "missing",
        "gates without the proposal": "proposal",
        "a GRU of four blocks": "three blocks",
        "no W_h": "W_h",
        "no W_x": "W_x",
        "a float": "int",
    },
    "ported_gru_step": {
        "as shipped": "shipped",
        "b_hn outside the reset": "Half of the repair",
        "bias in, product not": "Half of the repair",
        "b_hn missing": "b_hn is missing",
        "z and 1 - z swapped": "swapped",
        "r and z exchanged": "exchanged",
        "reset on everything": "not to x's",
        "state changed in place": "in place",
    },
}

ZERO_GRADIENTS = (
    "dx, dh_prev, dW_x, dW_h, db = (0 * v for v in (dx, dh_prev, dW_x, dW_h, db))\n    "
    "return dx, dh_prev"
)
TYPICAL = {
    "gru_step": {
        "nothing": ([(MIX, "h = h_prev.copy()")], 0.0, 0.0),
        "one slip": (STEP_WRONG["no bias in the proposal"], 0.5, 0.95),
        "point missed": (STEP_WRONG["reset after the product"], 0.0, 0.45),
    },
    "gru_forward": {
        "nothing": (
            [("np.stack(states, axis=1)", "np.repeat(h0[:, None], len(states), axis=1)")],
            0.0,
            0.0,
        ),
        "one slip": (FORWARD_WRONG["h0 ignored"], 0.5, 0.95),
        "point missed": (FORWARD_WRONG["state not carried"], 0.0, 0.45),
    },
    "gru_step_backward": {
        "nothing": ([("return dx, dh_prev", ZERO_GRADIENTS)], 0.0, 0.0),
        "one slip": (BACK_WRONG["road B missing"], 0.5, 0.95),
        "point missed": (BACK_WRONG["no sigmoid derivative"], 0.0, 0.45),
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
        "one slip": (LOOP_WRONG["dh0 is zero"], 0.5, 0.95),
        "point missed": (LOOP_WRONG["gradient not carried"], 0.0, 0.45),
    },
    "convert_gru_convention": {
        "nothing": (CONVERT_WRONG["unchanged"], 0.0, 0.0),
        "one slip": (CONVERT_WRONG["in place"], 0.5, 0.95),
        "point missed": (CONVERT_WRONG["negated"], 0.0, 0.45),
    },
    "from_torch_weights": {
        "nothing": ([(LOAD_RETURN, "return weight_ih, weight_hh, bias_ih")], 0.0, 0.0),
        "one slip": (LOAD_WRONG["biases keep their sign"], 0.5, 0.95),
        "point missed": (LOAD_WRONG["meaning of z kept"], 0.0, 0.45),
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
        "one slip": (MODULE_WRONG["h0 ignored"], 0.5, 0.95),
        "point missed": (MODULE_WRONG["the papers' GRU"], 0.0, 0.45),
    },
    "count_parameters": {
        "nothing": ([(COUNT, "return 0")], 0.0, 0.0),
        "one slip": (COUNT_WRONG["two biases"], 0.5, 0.95),
        "point missed": (COUNT_WRONG["the same for all cells"], 0.0, 0.45),
    },
    "ported_gru_step": {
        "nothing": (PORT_WRONG["as shipped"], 0.0, 0.0),
        "one slip": (PORT_WRONG["b_hn outside the reset"], 0.5, 0.95),
        "point missed": (PORT_WRONG["reset dropped"], 0.0, 0.45),
    },
}
