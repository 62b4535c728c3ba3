"""Right and wrong ways to solve the exercises of ``source/01_rnn/vanilla_rnn.ipynb``."""

STEP = "h = np.tanh(x @ W_x + h_prev @ W_h + b)"
DA = "da = dh * (1 - h**2)"
BACK = "return da @ W_x.T, da @ W_h.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)"
LOOP = "h_t, step_cache = rnn_step(x[:, t], h_t, W_x, W_h, b)"
CARRY = "rnn_step_backward(dh[:, t] + dh_next, cache[t])"
SUMS = "sums = grads if sums is None else [s + g for s, g in zip(sums, grads, strict=True)]"
FINISH = "return np.stack(dx[::-1], axis=1), dh_next, *sums"
TORCH_H = "h = torch.tanh(from_input + h @ self.weight_hh_l0.T + self.bias_hh_l0)"
START = "h = x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0]) if h0 is None else h0"
ONCE = "    dh_next = np.zeros_like(h[:, 0])  # once, before the loop: inside it, the future is forgotten\n"

WRONG = {
    "rnn_step": {
        "no nonlinearity": [(STEP, "h = x @ W_x + h_prev @ W_h + b")],
        "previous state forgotten": [(STEP, "h = np.tanh(x @ W_x + b)")],
        "W_h transposed": [("h_prev @ W_h", "h_prev @ W_h.T")],
        "no bias": [(" + b)", ")")],
        "bias twice": [(" + b)", " + 2 * b)")],
        "input forgotten": [("x @ W_x + ", "")],
        "sigmoid": [(STEP, "h = 1 / (1 + np.exp(-(x @ W_x + h_prev @ W_h + b)))")],
        "relu": [(STEP, "h = np.maximum(x @ W_x + h_prev @ W_h + b, 0)")],
        "tanh of the input alone": [(STEP, "h = np.tanh(x @ W_x) + h_prev @ W_h + b")],
        "bias outside of tanh": [(STEP, "h = np.tanh(x @ W_x + h_prev @ W_h) + b")],
        "tanh twice": [(STEP, "h = np.tanh(np.tanh(x @ W_x + h_prev @ W_h + b))")],
        "state added as it is": [("h_prev @ W_h", "h_prev")],
        "bias down the rows": [(" + b)", " + b[: len(x), None] if len(b) >= len(x) else 0)")],
        "features first": [("return h,", "return h.T,")],
        "writes the state into h_prev": [("    return h,", "    h_prev[:] = h\n    return h,")],
        "input centred in place": [("    h = np", "    x -= x.mean(axis=0)\n    h = np")],
        "float64 forced": [(STEP, STEP + ".astype(np.float64)")],
        "only the first example": [("return h,", "return h[:1],")],
        "no cache": [("return h, (x, h_prev, W_x, W_h, h)", "return h")],
        "cache first": [
            ("return h, (x, h_prev, W_x, W_h, h)", "return (x, h_prev, W_x, W_h, h), h")
        ],
        "nothing returned": [("return h, (x, h_prev, W_x, W_h, h)", "pass")],
        "sum clipped": [
            (
                "np.tanh(x @ W_x + h_prev @ W_h + b)",
                "np.tanh(np.clip(x @ W_x + h_prev @ W_h + b, -2, 2))",
            )
        ],
        "answers kept by shape": """_kept = {}


def rnn_step(x, h_prev, W_x, W_h, b):
    key = (x.shape, h_prev.shape)
    if key not in _kept:
        _kept[key] = np.tanh(x @ W_x + h_prev @ W_h + b)
    return _kept[key], (x, h_prev, W_x, W_h, _kept[key])
""",
    },
    "rnn_forward": {
        "every step from h0": [(LOOP, LOOP.replace("h_t, W_x", "h0, W_x"))],
        "h0 ignored": [("h_t, states, cache = h0", "h_t, states, cache = np.zeros_like(h0)")],
        "one step late": [("np.stack(states, axis=1)", "np.stack([h0] + states[:-1], axis=1)")],
        "h0 in front": [("np.stack(states, axis=1)", "np.stack([h0] + states, axis=1)")],
        "from the end": [("range(x.shape[1])", "reversed(range(x.shape[1]))")],
        "always the first input": [("x[:, t]", "x[:, 0]")],
        "time first": [("np.stack(states, axis=1)", "np.stack(states, axis=0)")],
        "hidden units before time": [("np.stack(states, axis=1)", "np.stack(states, axis=2)")],
        "last state only": [("np.stack(states, axis=1)", "h_t")],
        "steps along the batch": [("range(x.shape[1])", "range(min(x.shape[:2]))")],
        "one step short": [("range(x.shape[1])", "range(max(x.shape[1] - 1, 1))")],
        "states written into h0": [
            ("        states.append(h_t)", "        h0[:] = h_t\n        states.append(h_t)")
        ],
        "float64 buffer": [("np.stack(states, axis=1)", "np.stack(states, axis=1).astype(float)")],
        "one buffer for all states": [
            ("h_t, states, cache = h0, [], []", "h_t, states, cache, one = h0, [], [], h0.copy()"),
            ("        states.append(h_t)", "        one[:] = h_t\n        states.append(one)"),
        ],
        "state of another sequence": [("h_t, W_x", "h_t[::-1], W_x")],
        "list of states": [("np.stack(states, axis=1)", "states")],
        "squeezed": [("np.stack(states, axis=1)", "np.stack(states, axis=1).squeeze()")],
        "state decays": [("h_t, W_x", "0.9 * h_t, W_x")],
        "at most twenty steps": [("range(x.shape[1])", "range(min(x.shape[1], 20))")],
        "goes on where the last call ended": """_last = {}


def rnn_forward(x, h0, W_x, W_h, b):
    h_t, states, cache = _last.get((x.shape, h0.shape), h0), [], []
    for t in range(x.shape[1]):
        h_t, step_cache = rnn_step(x[:, t], h_t, W_x, W_h, b)
        states.append(h_t)
        cache.append(step_cache)
    _last[x.shape, h0.shape] = h_t
    return np.stack(states, axis=1), cache
""",
    },
    "count_rnn_parameters": {
        "no recurrent weights": [("H * H + ", "")],
        "no bias": [("H * H + H +", "H * H +")],
        "two biases": [("H * H + H +", "H * H + 2 * H +")],
        "no read-out": [(" + H * C + C", "")],
        "read-out without bias": [("H * C + C", "H * C")],
        "no biases": [("H * H + H + H * C + C", "H * H + H * C")],
        "bias per input": [("H * H + H +", "H * H + D +")],
        "read-out bias per unit": [("H * C + C", "H * C + H")],
        "square of the input": [("H * H", "D * D")],
        "read-out from the input": [("H * C", "D * C")],
        "a float": [("return ", "return 1.0 * ")],
    },
    "softmax_cross_entropy": {
        "mask ignored": [
            ("max(int(mask.sum()), 1)", "mask.size"),
            ("picked[mask]", "picked"),
            (" * mask[:, :, None]", ""),
        ],
        "mask ignored in the loss": [("picked[mask]", "picked")],
        "mask ignored in the gradient": [(" * mask[:, :, None]", "")],
        "divided by N * T": [("max(int(mask.sum()), 1)", "mask.size")],
        "divided by N": [("max(int(mask.sum()), 1)", "len(mask)")],
        "sum": [("max(int(mask.sum()), 1)", "1")],
        "gradient of the sum": [(" * mask[:, :, None] / count", " * mask[:, :, None]")],
        "mean of the sequences' means": [
            (
                "-float(picked[mask].sum()) / count",
                "-float(np.mean([p[m].mean() if m.any() else 0.0 for p, m in zip(picked, mask)]))",
            )
        ],
        "overflow": [("logits - logits.max(axis=-1, keepdims=True)", "logits")],
        "log of p plus tiny": [
            ("picked = ", "log_p = np.log(np.exp(log_p) + 1e-12)\n    picked = ")
        ],
        "clipped logits": [
            ("shifted = logits", "logits = np.clip(logits, -50, 50)\n    shifted = logits")
        ],
        "one maximum for the batch": [
            ("logits.max(axis=-1, keepdims=True)", "logits.max()"),
            ("log_p = shifted -", "log_p = shifted - 0 *"),
        ],
        "softmax over time": [("axis=-1, keepdims=True", "axis=1, keepdims=True")],
        "probabilities as gradient": [("(np.exp(log_p) - truth)", "np.exp(log_p)")],
        "gradient negated": [("(np.exp(log_p) - truth)", "(truth - np.exp(log_p))")],
        "loss negated": [("-float(", "float(")],
        "base 2": [("-float(picked[mask].sum())", "-float(picked[mask].sum()) / np.log(2)")],
        "probability instead of its log": [("picked[mask].sum()", "np.exp(picked[mask]).sum()")],
        "target off by one": [("targets[:, :, None]", "(targets[:, :, None] - 1)")],
        "logits changed": [
            ("    shifted =", "    logits -= logits.max(axis=-1, keepdims=True)\n    shifted =")
        ],
        "order swapped": [("return loss, dlogits", "return dlogits, loss")],
        "loss alone": [("return loss, dlogits", "return loss")],
        "float64 one-hot": [(", dtype=logits.dtype", "")],
        "loss of each step": [("-float(picked[mask].sum()) / count", "-picked * mask / count")],
        "minus one everywhere": [("(np.exp(log_p) - truth)", "(np.exp(log_p) - 1)")],
        "no real step is an error": [("max(int(mask.sum()), 1)", "int(mask.sum())")],
        "no real step is nan": [("max(int(mask.sum()), 1)", "mask.sum().astype(float)")],
    },
    "numerical_gradient": {
        "one-sided": [("(f(above) - f(below)) / (2 * eps)", "(f(above) - f(x)) / eps")],
        "backward difference": [("(f(above) - f(below)) / (2 * eps)", "(f(x) - f(below)) / eps")],
        "divided by eps": [("/ (2 * eps)", "/ eps")],
        "times 2 eps": [("/ (2 * eps)", "/ 2 * eps")],
        "sign flipped": [("f(above) - f(below)", "f(below) - f(above)")],
        "eps ignored": [("    gradient = np", "    eps = 1e-5\n    gradient = np")],
        "eps too small": [("    gradient = np", "    eps = eps * 1e-7\n    gradient = np")],
        "eps too large": [("    gradient = np", "    eps = max(eps, 0.03)\n    gradient = np")],
        "not restored": [("above, below = x.copy(), x.copy()", "above, below = x, x.copy()")],
        "restored with a rounding error": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient
""",
        "nudges pile up": """def numerical_gradient(f, x, eps=1e-5):
    gradient, x = np.zeros_like(x), x.copy()
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient
""",
        "all at once": [
            ("gradient[i] =", "gradient[...] ="),
            ("above[i] +=", "above +="),
            ("below[i] -=", "below -="),
        ],
        "rows only": [("np.ndindex(x.shape)", "range(len(x))")],
        "vectors only": [("np.ndindex(x.shape)", "range(x.size)")],
        "first row only": [("np.ndindex(x.shape)", "np.ndindex((1,) + x.shape[1:])")],
        "flat": [("return gradient", "return gradient.ravel()")],
        "float32": [("np.zeros_like(x)", "np.zeros_like(x, dtype=np.float32)")],
        "list": [("return gradient", "return gradient.tolist()")],
    },
    "rnn_step_backward": {
        "no slope of tanh": [(DA, "da = dh")],
        "1 - h": [(DA, "da = dh * (1 - h)")],
        "slope of a sigmoid": [(DA, "da = dh * h * (1 - h)")],
        "slope at h": [(DA, "da = dh * (1 - np.tanh(h) ** 2)")],
        "slope at h_prev": [(DA, "da = dh * (1 - h_prev**2)")],
        "W_h not transposed": [("da @ W_h.T", "da @ W_h")],
        "dh_prev without the slope": [("da @ W_h.T", "dh @ W_h.T")],
        "dh_prev is da": [("da @ W_h.T", "da")],
        "dW_h from h": [("h_prev.T @ da", "h.T @ da")],
        "dW_h transposed": [("h_prev.T @ da", "da.T @ h_prev")],
        "dW_x from dh": [("x.T @ da", "x.T @ dh")],
        "mean over the batch": [
            (
                BACK,
                "n = len(x)\n    "
                + BACK.replace("x.T @ da", "x.T @ da / n")
                .replace("h_prev.T @ da", "h_prev.T @ da / n")
                .replace("da.sum(axis=0)", "da.sum(axis=0) / n"),
            )
        ],
        "db mean": [("da.sum(axis=0)", "da.mean(axis=0)")],
        "db wrong axis": [("da.sum(axis=0)", "da.sum(axis=1)")],
        "db one number": [("da.sum(axis=0)", "da.sum()")],
        "db with an axis": [("da.sum(axis=0)", "da.sum(axis=0, keepdims=True)")],
        "db not summed": [("da.sum(axis=0)", "da")],
        "db from dh": [("da.sum(axis=0)", "dh.sum(axis=0)")],
        "order of returns": [("da @ W_x.T, da @ W_h.T, x.T", "da @ W_h.T, da @ W_x.T, x.T")],
        "weights swapped": [("x.T @ da, h_prev.T @ da", "h_prev.T @ da, x.T @ da")],
        "dh changed": [(DA, "dh *= 1 - h**2\n    da = dh")],
        "cache changed": [(DA, "h *= h\n    da = dh * (1 - h)")],
        "float64 forced": [(DA, DA + "\n    da = da.astype(np.float64)")],
        "four gradients": [(", da.sum(axis=0)", "")],
    },
    "rnn_backward": {
        "nothing carried": [("dh[:, t] + dh_next", "dh[:, t]")],
        "reset in the loop": [
            (
                "        dx_t, dh_next",
                "        dh_next = np.zeros_like(dh[:, 0])\n        dx_t, dh_next",
            )
        ],
        "last output only": [
            ("dh[:, t] + dh_next", "(dh[:, t] if t == dh.shape[1] - 1 else 0) + dh_next")
        ],
        "outputs forgotten after the last": [
            ("dh[:, t] + dh_next", "(dh_next if t < dh.shape[1] - 1 else dh[:, t])")
        ],
        "carried with a minus": [("dh[:, t] + dh_next", "dh[:, t] - dh_next")],
        "first step's share only": [(SUMS, "sums = grads")],
        "last step's share only": [(SUMS, "sums = grads if sums is None else sums")],
        "mean over time": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, *(s / dh.shape[1] for s in sums)")
        ],
        "dx not turned back": [("dx[::-1]", "dx")],
        "forwards in time": [
            ("reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
            ("dx[::-1]", "dx"),
        ],
        "first step left out": [
            (
                "reversed(range(dh.shape[1]))",
                "reversed(range(min(1, dh.shape[1] - 1), dh.shape[1]))",
            )
        ],
        "dh0 is zero": [(FINISH, FINISH.replace("dh_next", "np.zeros_like(dh_next)"))],
        "dh0 is the gradient at the first state": [(FINISH, FINISH.replace("dh_next", "dh[:, 0]"))],
        "dh0 for every step": [
            (FINISH, FINISH.replace("dh_next", "np.repeat(dh_next[:, None], dh.shape[1], 1)"))
        ],
        "db of one step": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, *sums[:2], grads[2]")
        ],
        "dW_h of one step": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, sums[0], grads[1], sums[2]")
        ],
        "dx time first": [("np.stack(dx[::-1], axis=1)", "np.stack(dx[::-1], axis=0)")],
        "dx of the first step": [("np.stack(dx[::-1], axis=1)", "dx[-1]")],
        "order of returns": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, sums[1], sums[0], sums[2]")
        ],
        "dh changed": [
            (CARRY, "rnn_step_backward(dh[:, t], cache[t])"),
            ("        dx_t,", "        dh[:, t] += dh_next\n        dx_t,"),
        ],
        "cache used up": [("cache[t])", "cache.pop())")],
        "float64 sums": [
            (
                "np.stack(dx[::-1], axis=1), dh_next, *sums",
                "np.stack(dx[::-1], axis=1), dh_next, *(s.astype(float) for s in sums)",
            )
        ],
        "gradient cut after two steps": [
            ("dh[:, t] + dh_next", "dh[:, t] + (dh_next if t % 2 == 0 else 0)")
        ],
        "clipped": [("dh[:, t] + dh_next", "np.clip(dh[:, t] + dh_next, -1, 1)")],
    },
    "VanillaRNN": {
        "no nonlinearity": [("torch.tanh(", "(")],
        "relu": [("torch.tanh(", "torch.relu(")],
        "sigmoid": [("torch.tanh(", "torch.sigmoid(")],
        "every step from h0": [
            (
                "states.append(h)",
                "states.append(h)\n            h = h0 if h0 is not None else torch.zeros_like(h)",
            ),
            (
                "return torch.stack(states, dim=1), h",
                "return torch.stack(states, dim=1), states[-1]",
            ),
        ],
        "previous state not used": [("h @ self.weight_hh_l0.T", "0 * h")],
        "h0 ignored": [(START, "h = x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])")],
        "h0 required": [(START, "h = h0")],
        "weight_hh not transposed": [("h @ self.weight_hh_l0.T", "h @ self.weight_hh_l0")],
        "no hidden bias": [(" + self.bias_hh_l0", "")],
        "no input bias": [(" + self.bias_ih_l0", "")],
        "zeros in float32": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "torch.zeros(x.shape[0], self.weight_hh_l0.shape[0])",
            )
        ],
        "a random start": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "0.1 * torch.randn_like(x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0]))",
            )
        ],
        "time first": [("dim=1)", "dim=0)")],
        "time first in returns": [("torch.stack(states, dim=1)", "torch.stack(states, dim=0)")],
        "last state only": [("torch.stack(states, dim=1), h", "h, h")],
        "first state as h_n": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1), states[0]")
        ],
        "h0 as h_n": [
            (
                "torch.stack(states, dim=1), h",
                "torch.stack(states, dim=1), (h if h0 is None else h0)",
            )
        ],
        "axis for layers": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1), h[None]")
        ],
        "order of returns": [("torch.stack(states, dim=1), h", "h, torch.stack(states, dim=1)")],
        "h alone": [("torch.stack(states, dim=1), h", "torch.stack(states, dim=1)")],
        "from the end": [("x.unbind(dim=1)", "reversed(x.unbind(dim=1))")],
        "detached": [("states.append(h)", "states.append(h)\n            h = h.detach()")],
        "no grad": [("        h = x.new", "        x = x.detach()\n        h = x.new")],
        "h0 changed": [
            (
                "            states.append(h)",
                "            states.append(h)\n            if h0 is not None:\n                h0.data.copy_(h.data)",
            )
        ],
        "float32 forced": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1).float(), h.float()")
        ],
        "plain tensors": [("nn.Parameter(torch.empty(shape))", "torch.empty(shape)")],
        "one bias": [
            ('            "bias_hh_l0": (hidden_size,),\n', ""),
            (" + self.bias_hh_l0", " + self.bias_ih_l0"),
        ],
        "zeros on the CPU": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "torch.zeros(x.shape[0], self.weight_hh_l0.shape[0], dtype=x.dtype)",
            )
        ],
        "all weights equal": [
            ("-(hidden_size**-0.5), hidden_size**-0.5", "hidden_size**-0.5, hidden_size**-0.5")
        ],
        "recurrent weights not trained": [
            ("h @ self.weight_hh_l0.T", "h @ self.weight_hh_l0.detach().T")
        ],
        "bias not trained": [("+ self.bias_hh_l0", "+ self.bias_hh_l0.detach()")],
        "NumPy inside": [
            (
                "torch.stack(states, dim=1), h",
                "torch.stack(states, dim=1).detach().cpu().numpy(), h",
            )
        ],
    },
    "character_rnn_gradients": {
        "the bug left in": [
            (ONCE, ""),
            (
                "        dh = dlogits",
                "        dh_next = np.zeros_like(h[:, 0])\n        dh = dlogits",
            ),
        ],
        "carried gradient not used": [(" + dh_next", "")],
        "carried through W_h untransposed": [("da @ W_h.T", "da @ W_h")],
        "carried without the slope": [("dh_next = da @ W_h.T", "dh_next = dh @ W_h.T")],
        "carried from the output alone": [
            ("dh_next = da @ W_h.T", "dh_next = (da - (1 - h[:, t + 1] ** 2) * dh_next) @ W_h.T")
        ],
        "state after the step": [('grads["W_h"] += h[:, t].T', 'grads["W_h"] += h[:, t + 1].T')],
        "rows that repeat are lost": [
            ('np.add.at(grads["W_x"], ids[:, t], da)', 'grads["W_x"][ids[:, t]] += da')
        ],
        "no slope": [("da = dh * (1 - h[:, t + 1] ** 2)", "da = dh")],
        "no nonlinearity": [("np.tanh(", "(")],
        "forwards in time": [("reversed(range(T))", "range(T)")],
        "mask ignored": [("targets, mask)", "targets, np.ones_like(mask))")],
        "weights not shared": [('grads["W_h"] +=', 'grads["W_h"] =')],
        "targets read": [('np.add.at(grads["W_x"], ids', 'np.add.at(grads["W_x"], targets')],
        "parameters updated": [
            (
                "    return loss, grads",
                "    for name in params:\n        params[name] -= 0.1 * grads[name]\n    return loss, grads",
            )
        ],
        "a key missing": [("    return loss, grads", '    del grads["b"]\n    return loss, grads')],
        "float64 states": [
            ("dtype=b.dtype", "dtype=float"),
            (
                "for name, value in params.items()}\n    dh",
                "for name, value in params.items()}\n    grads = {k: v.astype(float) for k, v in grads.items()}\n    dh",
            ),
        ],
        "order of returns": [("return loss, grads", "return grads, loss")],
    },
}

RIGHT = {
    "rnn_step": {
        "concatenated": [
            (
                STEP,
                "h = np.tanh(np.concatenate([x, h_prev], axis=1) @ np.concatenate([W_x, W_h]) + b)",
            )
        ],
        "einsum": [
            (
                STEP,
                'h = np.tanh(np.einsum("nd,dh->nh", x, W_x) + np.einsum("nk,kh->nh", h_prev, W_h) + b)',
            )
        ],
        "in place on a fresh array": [
            (STEP, "h = x @ W_x\n    h += h_prev @ W_h\n    h += b\n    np.tanh(h, out=h)")
        ],
        "loop over examples": [
            (
                STEP,
                "h = np.stack([np.tanh(x[n] @ W_x + h_prev[n] @ W_h + b) for n in range(len(x))])",
            )
        ],
        "preallocated": [
            (
                STEP,
                "h = np.empty_like(h_prev)\n    for n in range(len(x)):\n        h[n] = np.tanh(W_x.T @ x[n] + W_h.T @ h_prev[n] + b)",
            )
        ],
        "exponentials": [
            (STEP, "a = x @ W_x + h_prev @ W_h + b\n    h = 1 - 2 / (np.exp(2 * a) + 1)")
        ],
        "np.dot and np.add": [
            (STEP, "h = np.tanh(np.add(np.dot(x, W_x) + np.dot(h_prev, W_h), b[None, :]))")
        ],
    },
    "rnn_forward": {
        "preallocated": """def rnn_forward(x, h0, W_x, W_h, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    cache = []
    for t in range(T):
        h[:, t], step_cache = rnn_step(x[:, t, :], h0 if t == 0 else h[:, t - 1], W_x, W_h, b)
        cache.append(step_cache)
    return h, cache
""",
        "projected first": """def rnn_forward(x, h0, W_x, W_h, b):
    a, h, cache = x @ W_x + b, h0, []
    for t in range(x.shape[1]):
        before, h = h, np.tanh(a[:, t] + h @ W_h)
        cache.append((x[:, t], before, W_x, W_h, h))
    return np.stack([c[-1] for c in cache], axis=1), cache
""",
        "time in front, then back": """def rnn_forward(x, h0, W_x, W_h, b):
    h, states, cache = h0.copy(), [], []
    for x_t in x.swapaxes(0, 1):
        h, c = rnn_step(x_t, h, W_x, W_h, b)
        states.append(h)
        cache.append(c)
    return np.array(states).transpose(1, 0, 2), cache
""",
        "recursive": """def rnn_forward(x, h0, W_x, W_h, b):
    first, cache = rnn_step(x[:, 0], h0, W_x, W_h, b)
    if x.shape[1] == 1:
        return first[:, None], [cache]
    rest, caches = rnn_forward(x[:, 1:], first, W_x, W_h, b)
    return np.concatenate([first[:, None], rest], axis=1), [cache] + caches
""",
        "dstack": [("np.stack(states, axis=1)", "np.dstack(states).transpose(0, 2, 1)")],
        "concatenate": [
            ("np.stack(states, axis=1)", "np.concatenate([s[:, None, :] for s in states], axis=1)")
        ],
    },
    "count_rnn_parameters": {
        "factored": [("D * H + H * H + H + H * C + C", "H * (D + H + 1) + C * (H + 1)")],
        "from arrays": [
            (
                "D * H + H * H + H + H * C + C",
                "sum(np.zeros(s).size for s in ((D, H), (H, H), H, (H, C), C))",
            )
        ],
        "from torch": [
            (
                "D * H + H * H + H + H * C + C",
                "sum(p.numel() for m in (nn.RNN(D, H), nn.Linear(H, C)) for p in m.parameters()) - H",
            )
        ],
        "np.prod": [
            (
                "D * H + H * H + H + H * C + C",
                "int(np.prod((D, H)) + np.prod((H, H)) + H + np.prod((H, C)) + C)",
            )
        ],
        "a NumPy integer": [
            ("D * H + H * H + H + H * C + C", "np.sum([D * H, H * H, H, H * C, C])")
        ],
    },
    "softmax_cross_entropy": {
        "one-hot everywhere": [
            (
                "np.take_along_axis(log_p, targets[:, :, None], axis=-1)[:, :, 0]",
                "(log_p * np.eye(logits.shape[-1], dtype=logits.dtype)[targets]).sum(-1)",
            )
        ],
        "flat": """def softmax_cross_entropy(logits, targets, mask):
    z, y, m = logits.reshape(-1, logits.shape[-1]), targets.ravel(), mask.ravel()
    z = z - z.max(1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    rows, count = np.arange(len(y)), max(m.sum(), 1)
    losses = np.log(np.exp(z).sum(1)) - z[rows, y]
    d = p.copy()
    d[rows, y] -= 1
    d[~m] = 0
    return np.where(m, losses, 0).sum() / count, (d / count).astype(logits.dtype).reshape(logits.shape)
""",
        "loops": """def softmax_cross_entropy(logits, targets, mask):
    loss, dlogits, count = 0.0, np.zeros_like(logits), max(1, np.count_nonzero(mask))
    for n, t in zip(*np.nonzero(mask)):
        z = logits[n, t] - logits[n, t].max()
        total = np.exp(z).sum()
        loss += (np.log(total) - z[targets[n, t]]) / count
        dlogits[n, t] = np.exp(z) / total / count
        dlogits[n, t, targets[n, t]] -= 1 / count
    return loss, dlogits
""",
        "real steps picked": """def softmax_cross_entropy(logits, targets, mask):
    dlogits = np.zeros_like(logits)
    if not mask.any():
        return 0.0, dlogits
    z, y = logits[mask], targets[mask]
    log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    d = np.exp(log_p)
    d[np.arange(len(y)), y] -= 1
    dlogits[mask] = d / len(y)
    return -log_p[np.arange(len(y)), y].mean(), dlogits
""",
        "torch": """def softmax_cross_entropy(logits, targets, mask):
    z = torch.tensor(logits, requires_grad=True)
    losses = nn.functional.cross_entropy(z.transpose(1, 2), torch.tensor(targets), reduction="none")
    loss = (losses * torch.tensor(mask)).sum() / max(int(mask.sum()), 1)
    loss.backward()
    return loss.item(), z.grad.numpy()
""",
        "a 0-d array": [("return loss, dlogits", "return np.array(loss), dlogits")],
        "maximum of the denominators": [
            ("max(int(mask.sum()), 1)", "np.maximum(mask.sum(), 1).astype(logits.dtype)")
        ],
    },
    "numerical_gradient": {
        "put back": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        old = x[i]
        x[i] = old + eps
        above = f(x)
        x[i] = old - eps
        below = f(x)
        x[i] = old
        gradient[i] = (above - below) / (2 * eps)
    return gradient
""",
        "nditer": """def numerical_gradient(f, x, eps=1e-5):
    gradient, v = np.empty(x.shape), np.array(x, dtype=float)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        v[i] = x[i] + eps
        gradient[i] = f(v)
        v[i] = x[i] - eps
        gradient[i] -= f(v)
        v[i] = x[i]
        it.iternext()
    return gradient / (2 * eps)
""",
        "unit arrays": """def numerical_gradient(f, x, eps=1e-5):
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + eps * e) - f(x - eps * e)) / (2 * eps) for e in units]).reshape(x.shape)
""",
        "flat indices": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros(x.size)
    for k in range(x.size):
        nudge = np.zeros(x.size)
        nudge[k] = eps
        nudge = nudge.reshape(x.shape)
        gradient[k] = (f(x + nudge) - f(x - nudge)) / 2 / eps
    return gradient.reshape(x.shape)
""",
        "ndenumerate": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros_like(x)
    for i, value in np.ndenumerate(x):
        two = []
        for sign in (1, -1):
            y = x.copy()
            y[i] = value + sign * eps
            two.append(float(f(y)))
        gradient[i] = (two[0] - two[1]) / (2 * eps)
    return gradient
""",
    },
    "rnn_step_backward": {
        "recomputed": [(DA, "da = dh * (1 - np.tanh(np.arctanh(h)) ** 2)")],
        "factored slope": [(DA, "da = dh * (1 - h) * (1 + h)")],
        "einsum": [
            (
                BACK,
                'return np.einsum("nh,dh->nd", da, W_x), np.einsum("nh,kh->nk", da, W_h), np.einsum("nd,nh->dh", x, da), np.einsum("nk,nh->kh", h_prev, da), np.einsum("nh->h", da)',
            )
        ],
        "transposed twice": [("x.T @ da, h_prev.T @ da", "(da.T @ x).T, (da.T @ h_prev).T")],
        "outer products": [
            (
                BACK,
                "dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(da[0])\n    for n in range(len(x)):\n        dW_x += np.outer(x[n], da[n])\n        dW_h += np.outer(h_prev[n], da[n])\n        db += da[n]\n    return da @ W_x.T, da @ W_h.T, dW_x, dW_h, db",
            )
        ],
        "concatenated": [
            (
                BACK,
                "both = da @ np.concatenate([W_x, W_h]).T\n    weights = np.concatenate([x, h_prev], axis=1).T @ da\n    D = x.shape[1]\n    return both[:, :D], both[:, D:], weights[:D], weights[D:], np.ones(len(x), da.dtype) @ da",
            )
        ],
        "a list": [(BACK, BACK.replace("return ", "return [") + "]")],
    },
    "rnn_backward": {
        "named sums": """def rnn_backward(dh, cache):
    x0, h0, W_x, W_h, _ = cache[0]
    dx = np.zeros((*dh.shape[:2], x0.shape[1]), dtype=dh.dtype)
    dW_x, dW_h, db, dh_next = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[0]), np.zeros_like(h0)
    for t in range(dh.shape[1] - 1, -1, -1):
        dx[:, t], dh_next, a, c, d = rnn_step_backward(dh[:, t] + dh_next, cache[t])
        dW_x += a
        dW_h += c
        db += d
    return dx, dh_next, dW_x, dW_h, db
""",
        "own forward with a dict cache": """def rnn_forward(x, h0, W_x, W_h, b):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ W_x + states[-1] @ W_h + b))
    h = np.stack(states, axis=1)
    return h[:, 1:].copy(), {"x": x, "h": h, "W_x": W_x, "W_h": W_h}


def rnn_backward(dh, cache):
    x, h, W_x, W_h = cache["x"], cache["h"], cache["W_x"], cache["W_h"]
    da, carried = np.zeros_like(dh), np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        da[:, t] = (dh[:, t] + carried) * (1 - h[:, t + 1] ** 2)
        carried = da[:, t] @ W_h.T
    dW_x = np.einsum("ntd,nth->dh", x, da)
    return da @ W_x.T, carried, dW_x, np.einsum("ntk,nth->kh", h[:, :-1], da), da.sum(axis=(0, 1))
""",
        "dh copied and added to": [
            ("dh_next, dx, sums", "dh = dh.copy()\n    dh_next, dx, sums"),
            (CARRY, "rnn_step_backward(dh[:, t], cache[t])"),
            (
                "        dx.append(dx_t)",
                "        dx.append(dx_t)\n        if t:\n            dh[:, t - 1] += dh_next",
            ),
        ],
        "inserted in front": [("dx.append(dx_t)", "dx.insert(0, dx_t)"), ("dx[::-1]", "dx")],
        "zip from the end": [
            (
                "for t in reversed(range(dh.shape[1])):",
                "for dh_t, c in zip(dh.swapaxes(0, 1)[::-1], cache[::-1]):",
            ),
            (CARRY, "rnn_step_backward(dh_t + dh_next, c)"),
        ],
        "summed at the end": [
            (SUMS, "sums = [*(sums or []), grads]"),
            ("*sums", "*(np.sum([g[k] for g in sums], axis=0) for k in range(3))"),
        ],
    },
    "VanillaRNN": {
        "linear layers": """class VanillaRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.from_input = nn.Linear(input_size, hidden_size)
        self.from_state = nn.Linear(hidden_size, hidden_size)

    def forward(self, x, h0=None):
        h = torch.zeros(x.size(0), self.from_state.out_features, dtype=x.dtype, device=x.device)
        h = h if h0 is None else h0
        states = []
        for t in range(x.size(1)):
            h = torch.tanh(self.from_input(x[:, t]) + self.from_state(h))
            states.append(h)
        return torch.stack(states, 1), h
""",
        "our names and orientation": """class VanillaRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.H = hidden_size
        self.W_x = nn.Parameter(torch.randn(input_size, hidden_size) / hidden_size**0.5)
        self.W_h = nn.Parameter(torch.randn(hidden_size, hidden_size) / hidden_size**0.5)
        self.b = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x, h0=None):
        states = [x.new_zeros(len(x), self.H) if h0 is None else h0]
        for t in range(x.shape[1]):
            states.append((x[:, t] @ self.W_x + states[-1] @ self.W_h + self.b).tanh())
        return torch.stack(states[1:], dim=1), states[-1]
""",
        "one matrix": """class VanillaRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.both = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, h0=None):
        h, states = h0, []
        if h is None:
            h = x.new_zeros(x.shape[0], self.both.out_features)
        for x_t in x.transpose(0, 1):
            h = torch.tanh(self.both(torch.cat([x_t, h], dim=-1)))
            states.append(h.unsqueeze(1))
        return torch.cat(states, dim=1), h
""",
        "F.linear, projected first": [
            (
                "x.unbind(dim=1)",
                "nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0).unbind(dim=1)",
            ),
            ("            from_input = x_t @ self.weight_ih_l0.T + self.bias_ih_l0\n", ""),
            (
                TORCH_H,
                "h = torch.tanh(x_t + nn.functional.linear(h, self.weight_hh_l0, self.bias_hh_l0))",
            ),
        ],
        "addmm": [
            (
                TORCH_H,
                "h = torch.addmm(from_input + self.bias_hh_l0, h, self.weight_hh_l0.t()).tanh()",
            )
        ],
        "register_parameter": [
            (
                "setattr(self, name, nn.Parameter(torch.empty(shape)))",
                "self.register_parameter(name, nn.Parameter(torch.rand(shape)))",
            )
        ],
        "h_n from h": [
            (
                "return torch.stack(states, dim=1), h",
                "all_h = torch.stack(states, dim=1)\n        return all_h, all_h[:, -1]",
            )
        ],
        "a list": [
            ("return torch.stack(states, dim=1), h", "return [torch.stack(states, dim=1), h]")
        ],
        "preallocated": [
            ("states = []", "states = x.new_empty(x.shape[0], x.shape[1], h.shape[1])"),
            ("for x_t in x.unbind(dim=1)", "for t, x_t in enumerate(x.unbind(dim=1))"),
            ("states.append(h)", "states[:, t] = h"),
            ("torch.stack(states, dim=1)", "states"),
        ],
    },
    "character_rnn_gradients": {
        "from the parts": """def character_rnn_gradients(ids, targets, mask, params):
    W_x, W_h, b, W_y, b_y = (params[k] for k in ("W_x", "W_h", "b", "W_y", "b_y"))
    x, h0 = np.eye(len(W_x), dtype=b.dtype)[ids], np.zeros((len(ids), len(b)), dtype=b.dtype)
    h, cache = rnn_forward(x, h0, W_x, W_h, b)
    loss, dlogits = softmax_cross_entropy(h @ W_y + b_y, targets, mask)
    _, _, dW_x, dW_h, db = rnn_backward(dlogits @ W_y.T, cache)
    dW_y = np.tensordot(h, dlogits, axes=([0, 1], [0, 1]))
    return loss, {"W_x": dW_x, "W_h": dW_h, "b": db, "W_y": dW_y, "b_y": dlogits.sum((0, 1))}
""",
        "one-hot instead of add.at": [
            (
                'np.add.at(grads["W_x"], ids[:, t], da)',
                'grads["W_x"] += np.eye(len(W_x), dtype=da.dtype)[ids[:, t]].T @ da',
            )
        ],
        "carried as da": [
            (ONCE, "    da = np.zeros_like(h[:, 0])\n"),
            (" + dh_next", " + da @ W_h.T"),
            ("        dh_next = da @ W_h.T\n", ""),
        ],
        "a scalar to begin with": [(ONCE, "    dh_next = 0\n")],
        "torch": """def character_rnn_gradients(ids, targets, mask, params):
    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    h, states = torch.zeros(len(ids), len(params["b"]), dtype=p["b"].dtype), []
    for t in range(ids.shape[1]):
        h = torch.tanh(p["W_x"][ids[:, t]] + h @ p["W_h"] + p["b"])
        states.append(h)
    logits = torch.stack(states, 1) @ p["W_y"] + p["b_y"]
    m = torch.tensor(mask)
    loss = nn.functional.cross_entropy(logits[m], torch.tensor(targets)[m])
    loss.backward()
    return loss.item(), {k: v.grad.numpy() for k, v in p.items()}
""",
    },
}

SAYS = {
    "rnn_step": {
        "no nonlinearity": "nonlinearity is missing",
        "previous state forgotten": "previous state is not used",
        "W_h transposed": "transposed",
        "no bias": "bias is missing",
        "bias twice": "twice",
        "input forgotten": "input is not used",
        "sigmoid": "sigmoid",
        "tanh of the input alone": "whole sum",
        "bias outside of tanh": "outside",
        "features first": "it must be",
        "writes the state into h_prev": "changed its argument h_prev",
        "float64 forced": "float64 for float32",
        "only the first example": "shape",
        "no cache": "2 values",
        "cache first": "NumPy array",
        "nothing returned": "None",
    },
    "rnn_forward": {
        "every step from h0": "previous state is forgotten",
        "h0 ignored": "h0 is ignored",
        "one step late": "One step late",
        "from the end": "read from its end",
        "always the first input": "x[:, t]",
        "time first": "Batch first",
        "last state only": "An axis is missing",
        "states written into h0": "changed its argument h0",
        "float64 buffer": "float64 for float32",
        "list of states": "NumPy array",
        "h0 in front": "shape",
    },
    "count_rnn_parameters": {
        "no recurrent weights": "W_h",
        "no bias": "bias b",
        "two biases": "not two",
        "no read-out": "read-out is missing",
        "read-out without bias": "bias of the read-out",
        "no biases": "Both biases",
        "a float": "an int",
    },
    "softmax_cross_entropy": {
        "mask ignored": "use the mask",
        "mask ignored in the gradient": "zero there",
        "divided by N * T": "N * T",
        "divided by N": "not over the sequences",
        "sum": "sum",
        "gradient of the sum": "gradient of the sum",
        "mean of the sequences' means": "sequences' means",
        "overflow": "largest logit",
        "log of p plus tiny": "one piece",
        "clipped logits": "one piece",
        "probabilities as gradient": "subtract 1 at the target",
        "gradient negated": "sign",
        "loss negated": "sign",
        "base 2": "np.log",
        "logits changed": "changed its argument logits",
        "order swapped": "single number",
        "float64 one-hot": "float32",
    },
    "numerical_gradient": {
        "one-sided": "one-sided",
        "backward difference": "backwards",
        "divided by eps": "2 * eps apart",
        "sign flipped": "sign",
        "eps ignored": "eps is ignored",
        "not restored": "put each entry back",
        "nudges pile up": "pile up",
        "all at once": "",
        "flat": "shape",
        "list": "NumPy array",
    },
    "rnn_step_backward": {
        "no slope of tanh": "slope of tanh is missing",
        "1 - h": "h squared",
        "slope of a sigmoid": "sigmoid",
        "slope at h": "taken at h",
        "W_h not transposed": "not transposed",
        "dh_prev without the slope": "use da, not dh",
        "dh_prev is da": "da itself",
        "dW_h from h": "before the step",
        "dW_h transposed": "Transposed",
        "dW_x from dh": "Use da",
        "mean over the batch": "Averaged",
        "db mean": "Averaged",
        "db wrong axis": "axis=0",
        "db one number": "NumPy array",
        "db with an axis": "too many",
        "dh changed": "changed its argument dh",
        "cache changed": "changed",
        "float64 forced": "float32",
        "four gradients": "5 values",
    },
    "rnn_backward": {
        "nothing carried": "Nothing is carried",
        "reset in the loop": "Nothing is carried",
        "last output only": "Only the last step",
        "outputs forgotten after the last": "Only the last step",
        "first step's share only": "Only one step",
        "last step's share only": "Only the last step",
        "mean over time": "Averaged over time",
        "dx not turned back": "reversed",
        "forwards in time": "forwards",
        "dh0 is zero": "dh0 is zero",
        "dx time first": "shape",
        "dh changed": "changed its argument dh",
        "cache used up": "changed",
        "float64 sums": "float32",
        "db of one step": "db over all steps",
        "dW_h of one step": "dW_h over all steps",
    },
    "VanillaRNN": {
        "no nonlinearity": "nonlinearity is missing",
        "every step from h0": "Every step starts from h0",
        "h0 ignored": "h0 is ignored",
        "weight_hh not transposed": "transposed",
        "no hidden bias": "bias_hh_l0 is missing",
        "no input bias": "bias_ih_l0 is missing",
        "axis for layers": "no axis for layers",
        "h alone": "two values",
        "detached": "No gradient",
        "plain tensors": "nn.Parameter",
        "h0 changed": "changed x or h0",
        "float32 forced": "dtype",
        "time first in returns": "Batch first",
        "NumPy inside": "PyTorch tensor",
    },
    "character_rnn_gradients": {
        "the bug left in": "still there",
        "carried gradient not used": "still there",
        "state after the step": "before the step",
        "rows that repeat are lost": "np.add.at",
        "no slope": "slope",
        "no nonlinearity": "nonlinearity",
        "mask ignored": "mask",
        "parameters updated": "changed its argument params",
        "a key missing": "keys",
    },
}

TYPICAL = {
    "rnn_step": {
        "nothing": ([("return h, ", "return h_prev, ")], 0.0, 0.0),
        "one slip": (WRONG["rnn_step"]["no bias"], 0.5, 0.9),
        "point missed": (WRONG["rnn_step"]["previous state forgotten"], 0.0, 0.49),
    },
    "rnn_forward": {
        "nothing": ([("np.stack(states, axis=1)", "0 * np.stack(states, axis=1)")], 0.0, 0.0),
        "one slip": (WRONG["rnn_forward"]["h0 ignored"], 0.5, 0.9),
        "point missed": (WRONG["rnn_forward"]["every step from h0"], 0.0, 0.49),
    },
    "count_rnn_parameters": {
        "nothing": ([("D * H + H * H + H + H * C + C", "0")], 0.0, 0.0),
        "one slip": (WRONG["count_rnn_parameters"]["no bias"], 0.5, 0.9),
        "point missed": ([("D * H + H * H + H + H * C + C", "D * H + H * C")], 0.0, 0.49),
    },
    "softmax_cross_entropy": {
        "nothing": ([("return loss, dlogits", "return 0.0, np.zeros_like(logits)")], 0.0, 0.0),
        "one slip": (WRONG["softmax_cross_entropy"]["mask ignored in the gradient"], 0.5, 0.9),
        "point missed": (WRONG["softmax_cross_entropy"]["mask ignored"], 0.0, 0.49),
    },
    "numerical_gradient": {
        "nothing": ([("return gradient", "return 0 * gradient")], 0.0, 0.0),
        "one slip": (WRONG["numerical_gradient"]["eps ignored"], 0.5, 0.9),
        "point missed": (WRONG["numerical_gradient"]["one-sided"], 0.0, 0.49),
    },
    "rnn_step_backward": {
        "nothing": (
            [(BACK, "return tuple(np.zeros_like(a) for a in (x, h_prev, W_x, W_h, W_h[0]))")],
            0.0,
            0.0,
        ),
        "one slip": (WRONG["rnn_step_backward"]["W_h not transposed"], 0.7, 0.9),
        "point missed": (WRONG["rnn_step_backward"]["no slope of tanh"], 0.0, 0.49),
    },
    "rnn_backward": {
        "nothing": (
            [(FINISH, "return 0 * np.stack(dx, axis=1), 0 * dh_next, *(0 * s for s in sums)")],
            0.0,
            0.0,
        ),
        "one slip": (WRONG["rnn_backward"]["dh0 is zero"], 0.7, 0.9),
        "point missed": (WRONG["rnn_backward"]["nothing carried"], 0.0, 0.49),
    },
    "VanillaRNN": {
        "nothing": (
            [
                (
                    "return torch.stack(states, dim=1), h",
                    "return 0 * torch.stack(states, dim=1), 0 * h",
                )
            ],
            0.0,
            0.0,
        ),
        "one slip": (WRONG["VanillaRNN"]["no hidden bias"], 0.5, 0.9),
        "point missed": (WRONG["VanillaRNN"]["previous state not used"], 0.0, 0.49),
    },
    "character_rnn_gradients": {
        "nothing": (
            [("return loss, grads", "return 0.0, {k: 0 * g for k, g in grads.items()}")],
            0.0,
            0.0,
        ),
        "one slip": (WRONG["character_rnn_gradients"]["rows that repeat are lost"], 0.5, 0.9),
        "point missed": (WRONG["character_rnn_gradients"]["the bug left in"], 0.0, 0.49),
    },
}
