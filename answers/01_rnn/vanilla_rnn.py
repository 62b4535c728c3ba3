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

TEST = {
    "loop": """    for name, value in params.items():
        loss = lambda v, name=name: gradients(ids, targets, mask, params | {name: v})[0]
        nudged = numerical_gradient(loss, value)
        np.testing.assert_allclose(grads[name], nudged, rtol=1e-4, atol=1e-6, err_msg=name)
""",
    "assert": "np.testing.assert_allclose(grads[name], nudged, rtol=1e-4, atol=1e-6, err_msg=name)",
}

WRONG = {
    "rnn_step": {
        "The nonlinearity is missing: apply np.tanh to the sum.": [
            (STEP, "h = x @ W_x + h_prev @ W_h + b")
        ],
        "The previous state is not used: add h_prev @ W_h.": [(STEP, "h = np.tanh(x @ W_x + b)")],
        "W_h is transposed: it fits, but it must be h_prev @ W_h.": [
            ("h_prev @ W_h", "h_prev @ W_h.T")
        ],
        "The bias is missing: add b, one row for all examples.": [(" + b)", ")")],
        "The bias is added twice: once is enough.": [(" + b)", " + 2 * b)")],
        "The input is not used: add x @ W_x.": [("x @ W_x + ", "")],
        "This is a sigmoid: the vanilla RNN squashes with np.tanh.": [
            (STEP, "h = 1 / (1 + np.exp(-(x @ W_x + h_prev @ W_h + b)))")
        ],
        "Negative sums are cut to 0: the vanilla RNN squashes with np.tanh.": [
            (STEP, "h = np.maximum(x @ W_x + h_prev @ W_h + b, 0)")
        ],
        "Only x @ W_x is inside np.tanh: squash the whole sum.": [
            (STEP, "h = np.tanh(x @ W_x) + h_prev @ W_h + b")
        ],
        "The bias is outside np.tanh: add it before you squash.": [
            (STEP, "h = np.tanh(x @ W_x + h_prev @ W_h) + b")
        ],
        "np.tanh is applied twice: squash the sum once.": [
            (STEP, "h = np.tanh(np.tanh(x @ W_x + h_prev @ W_h + b))")
        ],
        "h_prev is added as it is: multiply it by W_h first.": [("h_prev @ W_h", "h_prev")],
        "The bias runs down the rows: b has one number for each hidden unit, the same for all examples.": [
            (" + b)", " + b[: len(x), None] if len(b) >= len(x) else 0)")
        ],
        "h is transposed: rows are examples, so its shape is (N, H).": [
            ("return h,", "return h.T,")
        ],
        "The new state is written into h_prev: the caller still needs that, so build a new array.": [
            ("    return h,", "    h_prev[:] = h\n    return h,")
        ],
        "The batch's mean is taken off x: use the input as it is, and change no argument.": [
            ("    h = np", "    x -= x.mean(axis=0)\n    h = np")
        ],
        "The state is always float64: keep the dtype of the input.": [
            (STEP, STEP + ".astype(np.float64)")
        ],
        "Only the first example comes back: a step advances all N rows at once.": [
            ("return h,", "return h[:1],")
        ],
        "The cache is missing: return two values, h and what the backward pass will need.": [
            ("return h, (x, h_prev, W_x, W_h, h)", "return h")
        ],
        "The two returned values are swapped: h comes first, then the cache.": [
            ("return h, (x, h_prev, W_x, W_h, h)", "return (x, h_prev, W_x, W_h, h), h")
        ],
        "Nothing is returned: the last line must return h and the cache.": [
            ("return h, (x, h_prev, W_x, W_h, h)", "pass")
        ],
        "The sum is clipped before np.tanh: squash it as it is, however large.": [
            (
                "np.tanh(x @ W_x + h_prev @ W_h + b)",
                "np.tanh(np.clip(x @ W_x + h_prev @ W_h + b, -2, 2))",
            )
        ],
        "The result of an earlier call of the same shape comes back: compute it anew each time.": """_kept = {}


def rnn_step(x, h_prev, W_x, W_h, b):
    key = (x.shape, h_prev.shape)
    if key not in _kept:
        _kept[key] = np.tanh(x @ W_x + h_prev @ W_h + b)
    return _kept[key], (x, h_prev, W_x, W_h, _kept[key])
""",
    },
    "rnn_forward": {
        "The previous state is forgotten, every step starts from h0: hand the new state on.": [
            (LOOP, LOOP.replace("h_t, W_x", "h0, W_x"))
        ],
        "h0 is ignored: the first step must start from it.": [
            ("h_t, states, cache = h0", "h_t, states, cache = np.zeros_like(h0)")
        ],
        "One step late: h[:, 0] is the state after the first step.": [
            ("np.stack(states, axis=1)", "np.stack([h0] + states[:-1], axis=1)")
        ],
        "h0 stands in front of the states: h holds the states after the T steps, h0 is not among them.": [
            ("np.stack(states, axis=1)", "np.stack([h0] + states, axis=1)")
        ],
        "The sequence is read from its end: step 0 comes first.": [
            ("range(x.shape[1])", "reversed(range(x.shape[1]))")
        ],
        "Every step reads x[:, 0]: use x[:, t].": [("x[:, t]", "x[:, 0]")],
        "Time comes first: stack the states along axis 1, so that h is (N, T, H).": [
            ("np.stack(states, axis=1)", "np.stack(states, axis=0)")
        ],
        "Time comes last: stack the states along axis 1, so that h is (N, T, H).": [
            ("np.stack(states, axis=1)", "np.stack(states, axis=2)")
        ],
        "Only the last state comes back: return the states after all T steps.": [
            ("np.stack(states, axis=1)", "h_t")
        ],
        "With fewer sequences than steps the loop ends early: it runs over the T steps, not over the batch.": [
            ("range(x.shape[1])", "range(min(x.shape[:2]))")
        ],
        "One step short: the loop must reach the last input too.": [
            ("range(x.shape[1])", "range(max(x.shape[1] - 1, 1))")
        ],
        "The states are written into h0: the caller still needs it, so build a new array.": [
            ("        states.append(h_t)", "        h0[:] = h_t\n        states.append(h_t)")
        ],
        "The states are always float64: keep the dtype of the input.": [
            ("np.stack(states, axis=1)", "np.stack(states, axis=1).astype(float)")
        ],
        "Every entry is the last state: one array is overwritten at each step. Keep a new one for each.": [
            ("h_t, states, cache = h0, [], []", "h_t, states, cache, one = h0, [], [], h0.copy()"),
            ("        states.append(h_t)", "        one[:] = h_t\n        states.append(one)"),
        ],
        "A sequence goes on from another one's state: row n of the state belongs to row n of x.": [
            ("h_t, W_x", "h_t[::-1], W_x")
        ],
        "h is a list of states: stack them into one array (N, T, H).": [
            ("np.stack(states, axis=1)", "states")
        ],
        "An axis of length 1 is squeezed away: h keeps three axes, (N, T, H), for a single sequence or step too.": [
            ("np.stack(states, axis=1)", "np.stack(states, axis=1).squeeze()")
        ],
        "The state shrinks between two steps: hand it on as it is.": [
            ("h_t, W_x", "0.9 * h_t, W_x")
        ],
        "Long sequences are cut off: read all T steps, however many.": [
            ("range(x.shape[1])", "range(min(x.shape[1], 20))")
        ],
        "A call goes on from the state where the last one ended: start from h0 each time.": """_last = {}


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
        "The recurrent weights W_h (H, H) are missing.": [("H * H + ", "")],
        "The bias b of the step is missing.": [("H * H + H +", "H * H +")],
        "There is one bias in the step here, not two as in PyTorch.": [
            ("H * H + H +", "H * H + 2 * H +")
        ],
        "The read-out is missing: W_y and b_y are learned too.": [(" + H * C + C", "")],
        "The bias of the read-out is missing.": [("H * C + C", "H * C")],
        "Both biases are missing: b and b_y are learned too.": [
            ("H * H + H + H * C + C", "H * H + H * C")
        ],
        "The step's bias is counted per input: b has one number for each hidden unit.": [
            ("H * H + H +", "H * H + D +")
        ],
        "The read-out's bias is counted per hidden unit: b_y has one number for each class.": [
            ("H * C + C", "H * C + H")
        ],
        "W_h is counted as (D, H): it leads from state to state, so it is (H, H).": [
            ("H * H", "D * H")
        ],
        "The read-out's weights are missing: W_y is learned too.": [("H * C + ", "")],
        "W_h is counted as (D, D): it leads from state to state, so it is (H, H).": [
            ("H * H", "D * D")
        ],
        "W_y is counted as (D, C): it reads the state, so it is (H, C).": [("H * C", "D * C")],
        "The count is a float: numbers are counted, so return an int.": [
            ("return ", "return 1.0 * ")
        ],
    },
    "softmax_cross_entropy": {
        "The padded step counts too: use the mask, in the loss and in the gradient.": [
            ("max(int(mask.sum()), 1)", "mask.size"),
            ("picked[mask]", "picked"),
            (" * mask[:, :, None]", ""),
        ],
        "The loss adds up padded steps as well: sum over the real ones, by whose number you divide.": [
            ("picked[mask]", "picked")
        ],
        "The padded step has a gradient: it must be zero there.": [(" * mask[:, :, None]", "")],
        "Divided by N * T: the mean is over the real steps alone.": [
            ("max(int(mask.sum()), 1)", "mask.size")
        ],
        "Divided by N: the mean is over the real steps, not over the sequences.": [
            ("max(int(mask.sum()), 1)", "len(mask)")
        ],
        "This is the sum over the real steps: divide by their number.": [
            ("max(int(mask.sum()), 1)", "1")
        ],
        "This is the gradient of the sum: divide it by the number of real steps too.": [
            (" * mask[:, :, None] / count", " * mask[:, :, None]")
        ],
        "The gradient is a sum, and counts padding too: mask it, and divide it by the number of real steps.": [
            (" * mask[:, :, None] / count", "")
        ],
        "dlogits counts padding, in its entries and in its denominator: use the mask in both.": [
            (" * mask[:, :, None] / count", " / mask.size")
        ],
        "A mean of the sequences' means: every real step counts the same.": [
            (
                "-float(picked[mask].sum()) / count",
                "-float(np.mean([p[m].mean() if m.any() else 0.0 for p, m in zip(picked, mask)]))",
            )
        ],
        "Large logits overflow in np.exp: subtract the largest logit of each step first.": [
            ("logits - logits.max(axis=-1, keepdims=True)", "logits")
        ],
        "A tiny number inside the logarithm caps the loss: take log p in one piece, as part 4 writes it.": [
            ("picked = ", "log_p = np.log(np.exp(log_p) + 1e-12)\n    picked = ")
        ],
        "Clipping the logits caps the loss: subtract the largest logit of each step instead.": [
            ("shifted = logits", "logits = np.clip(logits, -50, 50)\n    shifted = logits")
        ],
        "The log of the sum over the classes is missing: log p is the logit less that.": [
            ("logits.max(axis=-1, keepdims=True)", "logits.max()"),
            ("log_p = shifted -", "log_p = shifted - 0 *"),
        ],
        "One maximum is subtracted for the whole batch: each step needs its own, or quiet steps underflow.": [
            ("logits.max(axis=-1, keepdims=True)", "logits.max()")
        ],
        "The softmax runs over the steps: probabilities add up to 1 over the classes, the last axis.": [
            ("axis=-1, keepdims=True", "axis=1, keepdims=True")
        ],
        "These are the probabilities: subtract 1 at the target.": [
            ("(np.exp(log_p) - truth)", "np.exp(log_p)")
        ],
        "dlogits is what the model said minus what was true, not the other way round.": [
            ("(np.exp(log_p) - truth)", "(truth - np.exp(log_p))")
        ],
        "The loss is minus the log-probability of the target, so it is never negative.": [
            ("-float(", "float(")
        ],
        "This is a logarithm to base 2: use np.log.": [
            ("-float(picked[mask].sum())", "-float(picked[mask].sum()) / np.log(2)")
        ],
        "Probabilities are averaged, not their logarithms: the loss of a step is -log p.": [
            ("picked[mask].sum()", "np.exp(picked[mask]).sum()")
        ],
        "The loss looks up class target - 1: classes count from 0, so use the targets as they are.": [
            ("targets[:, :, None]", "(targets[:, :, None] - 1)")
        ],
        "The logits are changed in place: the caller still needs them, so build a new array.": [
            ("    shifted =", "    logits -= logits.max(axis=-1, keepdims=True)\n    shifted =")
        ],
        "The two returned values are swapped: the loss comes first, then dlogits.": [
            ("return loss, dlogits", "return dlogits, loss")
        ],
        "dlogits is missing: return two values, the loss and its gradient.": [
            ("return loss, dlogits", "return loss")
        ],
        "dlogits is always float64: give the one-hot rows the dtype of the logits.": [
            (", dtype=logits.dtype", "")
        ],
        "A loss for each step comes back: it is one number, the mean over the real steps.": [
            ("-float(picked[mask].sum()) / count", "-picked * mask / count")
        ],
        "1 is subtracted at every class: subtract it at the target alone.": [
            ("(np.exp(log_p) - truth)", "(np.exp(log_p) - 1)")
        ],
        "A batch without a real step is an error: divide by at least 1, then loss and gradient are 0.": [
            ("max(int(mask.sum()), 1)", "int(mask.sum())")
        ],
        "A batch without a real step gives nan: divide by at least 1, then loss and gradient are 0.": [
            ("max(int(mask.sum()), 1)", "mask.sum().astype(float)")
        ],
    },
    "numerical_gradient": {
        "The preset eps is another one: leave eps=1e-5 in the first line.": [
            ("eps: float = 1e-5", "eps: float = 1e-6")
        ],
        "This is the one-sided difference: step to both sides, x + eps and x - eps.": [
            ("(f(above) - f(below)) / (2 * eps)", "(f(above) - f(x)) / eps")
        ],
        "This is the one-sided difference, backwards: step to both sides.": [
            ("(f(above) - f(below)) / (2 * eps)", "(f(x) - f(below)) / eps")
        ],
        "Divided by eps: the two points lie 2 * eps apart.": [("/ (2 * eps)", "/ eps")],
        "Without brackets, / 2 * eps divides by 2 and then multiplies by eps: divide by (2 * eps).": [
            ("/ (2 * eps)", "/ 2 * eps")
        ],
        "f below comes first: the difference is f above minus f below.": [
            ("f(above) - f(below)", "f(below) - f(above)")
        ],
        "x.ravel() of a transposed array is a copy, so f never sees the nudge: write into x[i].": """def numerical_gradient(f, x, eps=1e-5):
    gradient, flat = np.zeros(x.size), x.ravel()
    for k in range(x.size):
        old = flat[k]
        flat[k] = old + eps
        above = f(x)
        flat[k] = old - eps
        gradient[k] = (above - f(x)) / (2 * eps)
        flat[k] = old
    return gradient.reshape(x.shape)
""",
        "f is called with a flat copy of x: give it an array of x's shape.": [
            ("f(above) - f(below)", "f(above.ravel()) - f(below.ravel())")
        ],
        "eps is ignored: use the argument.": [
            ("    gradient = np", "    eps = 1e-5\n    gradient = np")
        ],
        "eps is made smaller than the argument: use it as it is.": [
            ("    gradient = np", "    eps = eps * 1e-7\n    gradient = np")
        ],
        "eps is made larger than the argument: use it as it is.": [
            ("    gradient = np", "    eps = max(eps, 0.03)\n    gradient = np")
        ],
        "x stays nudged: put each entry back, exactly as it was.": [
            ("above, below = x.copy(), x.copy()", "above, below = x, x.copy()")
        ],
        "The nudges pile up in x itself: put each entry back, exactly, or nudge a copy.": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient
""",
        "The nudges pile up: put each entry back before the next one.": """def numerical_gradient(f, x, eps=1e-5):
    gradient, x = np.zeros_like(x), x.copy()
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient
""",
        "x comes back with rounding errors: x + eps - 2 * eps + eps is not quite x. Keep the old number.": """def numerical_gradient(f, x, eps=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
        x[i] += eps
    return gradient
""",
        "All entries are nudged at once: nudge one, and leave the others as they are.": [
            ("gradient[i] =", "gradient[...] ="),
            ("above[i] +=", "above +="),
            ("below[i] -=", "below -="),
        ],
        "Whole rows are nudged: each entry needs a slope of its own.": [
            ("np.ndindex(x.shape)", "range(len(x))")
        ],
        "This works for vectors alone: np.ndindex(x.shape) walks through the indices of any shape.": [
            ("np.ndindex(x.shape)", "range(x.size)")
        ],
        "This works for matrices alone: np.ndindex(x.shape) walks through the indices of any shape.": [
            ("np.ndindex(x.shape)", "np.ndindex(x.shape[0], x.shape[1])")
        ],
        "Only the first row gets a slope: walk through all indices.": [
            ("np.ndindex(x.shape)", "np.ndindex((1,) + x.shape[1:])")
        ],
        "The gradient is flat: it must have the shape of x.": [
            ("return gradient", "return gradient.ravel()")
        ],
        "The gradient is float32: a check needs the digits of float64.": [
            ("np.zeros_like(x)", "np.zeros_like(x, dtype=np.float32)")
        ],
        "The gradient is a list: return an array of the shape of x.": [
            ("return gradient", "return gradient.tolist()")
        ],
    },
    "rnn_step_backward": {
        "The slope of tanh is missing: da = dh * (1 - h**2).": [(DA, "da = dh")],
        "The slope of tanh is 1 - h**2, with h squared.": [(DA, "da = dh * (1 - h)")],
        "This is the slope of a sigmoid, h * (1 - h): for tanh it is 1 - h**2.": [
            (DA, "da = dh * h * (1 - h)")
        ],
        "The slope of tanh is taken at h: it is 1 - h**2, not 1 - np.tanh(h)**2.": [
            (DA, "da = dh * (1 - np.tanh(h) ** 2)")
        ],
        "The slope of tanh is that of the state before the step: use h, the state after it.": [
            (DA, "da = dh * (1 - h_prev**2)")
        ],
        "W_h is not transposed: da @ W_h.T (W_h is square, so both fit).": [
            ("da @ W_h.T", "da @ W_h")
        ],
        "dh_prev lacks the slope of tanh: use da, not dh.": [("da @ W_h.T", "dh @ W_h.T")],
        "dh_prev is da itself: multiply by W_h.T.": [("da @ W_h.T", "da")],
        "dW_h uses h, the state after the step: use h_prev, the state before it.": [
            ("h_prev.T @ da", "h.T @ da")
        ],
        "dW_h is transposed: it is h_prev.T @ da.": [("h_prev.T @ da", "da.T @ h_prev")],
        "dW_x lacks the slope of tanh: use da, not dh.": [("x.T @ da", "x.T @ dh")],
        "dW_h lacks the slope of tanh: use da, not dh.": [("h_prev.T @ da", "h_prev.T @ dh")],
        "The weights' gradients are averaged over the batch: they are sums over the examples.": [
            (
                BACK,
                "n = len(x)\n    "
                + BACK.replace("x.T @ da", "x.T @ da / n")
                .replace("h_prev.T @ da", "h_prev.T @ da / n")
                .replace("da.sum(axis=0)", "da.sum(axis=0) / n"),
            )
        ],
        "db is averaged over the batch: sum over the examples (axis=0).": [
            ("da.sum(axis=0)", "da.mean(axis=0)")
        ],
        "db is summed over the wrong axis: one number per hidden unit is left (axis=0).": [
            ("da.sum(axis=0)", "da.sum(axis=1)")
        ],
        "db is one number for all units: sum over the examples alone (axis=0).": [
            ("da.sum(axis=0)", "da.sum()")
        ],
        "db keeps an axis of length 1: its shape is (H,), so leave out keepdims.": [
            ("da.sum(axis=0)", "da.sum(axis=0, keepdims=True)")
        ],
        "db is not summed: all N rows used the one row b, so add them up (axis=0).": [
            ("da.sum(axis=0)", "da")
        ],
        "db lacks the slope of tanh: use da, not dh.": [("da.sum(axis=0)", "dh.sum(axis=0)")],
        "dx and dh_prev are swapped: the order is dx, dh_prev, dW_x, dW_h, db.": [
            ("da @ W_x.T, da @ W_h.T, x.T", "da @ W_h.T, da @ W_x.T, x.T")
        ],
        "dW_x and dW_h are swapped: the order is dx, dh_prev, dW_x, dW_h, db.": [
            ("x.T @ da, h_prev.T @ da", "h_prev.T @ da, x.T @ da")
        ],
        "dh is changed in place: the caller still needs it, so build a new array.": [
            (DA, "dh *= 1 - h**2\n    da = dh")
        ],
        "The cache is changed in place: it must serve a second call, so build a new array.": [
            (DA, "h *= h\n    da = dh * (1 - h)")
        ],
        "The gradients are always float64: keep the dtype of the input.": [
            (DA, DA + "\n    da = da.astype(np.float64)")
        ],
        "db is missing: return five gradients, one for each argument of the step.": [
            (", da.sum(axis=0)", "")
        ],
    },
    "rnn_backward": {
        "Nothing is carried from the later steps: add dh_next to dh[:, t].": [
            ("dh[:, t] + dh_next", "dh[:, t]")
        ],
        "dh_next is set to zero inside the loop: do that once, before it.": [
            (
                "        dx_t, dh_next",
                "        dh_next = np.zeros_like(dh[:, 0])\n        dx_t, dh_next",
            )
        ],
        "Only the last step's dh is used: add dh[:, t] at every step.": [
            ("dh[:, t] + dh_next", "(dh[:, t] if t == dh.shape[1] - 1 else 0) + dh_next")
        ],
        "dh[:, t] is dropped where something is carried: the two gradients add up.": [
            ("dh[:, t] + dh_next", "(dh_next if t < dh.shape[1] - 1 else dh[:, t])")
        ],
        "What is carried is subtracted: at every state the two gradients add up.": [
            ("dh[:, t] + dh_next", "dh[:, t] - dh_next")
        ],
        "Only the first step's share of the weights' gradients is kept: add up over all steps.": [
            (SUMS, "sums = grads")
        ],
        "Only the last step's share of the weights' gradients is kept: add up over all steps.": [
            (SUMS, "sums = grads if sums is None else sums")
        ],
        "Averaged over time: the shares of the steps add up.": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, *(s / dh.shape[1] for s in sums)")
        ],
        "The order of time is reversed: put dx back into the order of the steps.": [
            ("dx[::-1]", "dx")
        ],
        "The walk goes forwards in time: start at the last step.": [
            ("reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
            ("dx[::-1]", "dx"),
        ],
        "One step short: go back through the first step as well.": [
            (
                "reversed(range(dh.shape[1]))",
                "reversed(range(min(1, dh.shape[1] - 1), dh.shape[1]))",
            )
        ],
        "dh0 is zero: it is what is left of dh_next after the loop.": [
            (FINISH, FINISH.replace("dh_next", "np.zeros_like(dh_next)"))
        ],
        "dh0 is dh[:, 0], which belongs to the state after step 0: return what is left of dh_next.": [
            (FINISH, FINISH.replace("dh_next", "dh[:, 0]"))
        ],
        "dh0 is the gradient at h[:, 0]: take it back through step 0 as well, it is the last dh_next.": [
            (CARRY, "rnn_step_backward((whole := dh[:, t] + dh_next), cache[t])"),
            (FINISH, FINISH.replace("dh_next", "whole")),
        ],
        "dh0 is repeated for every step: only one state comes before the first step, (N, H).": [
            (FINISH, FINISH.replace("dh_next", "np.repeat(dh_next[:, None], dh.shape[1], 1)"))
        ],
        "Only one step's share is kept: add up db over all steps.": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, *sums[:2], grads[2]")
        ],
        "Only one step's share is kept: add up dW_h over all steps.": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, sums[0], grads[1], sums[2]")
        ],
        "The share of the first step is missing in dW_h: its h_prev is h0.": [
            (FINISH, FINISH.replace("*sums", "sums[0], sums[1] - grads[1], sums[2]"))
        ],
        "dx has time first: stack along axis 1, so that it is (N, T, D).": [
            ("np.stack(dx[::-1], axis=1)", "np.stack(dx[::-1], axis=0)")
        ],
        "Only the dx of step 0 comes back: the input of every step has one, (N, T, D).": [
            ("np.stack(dx[::-1], axis=1)", "dx[-1]")
        ],
        "dW_x and dW_h are swapped: the order is dx, dh0, dW_x, dW_h, db.": [
            (FINISH, "return np.stack(dx[::-1], axis=1), dh_next, sums[1], sums[0], sums[2]")
        ],
        "dh is changed in place: the caller still needs it, so build a new array.": [
            (CARRY, "rnn_step_backward(dh[:, t], cache[t])"),
            ("        dx_t,", "        dh[:, t] += dh_next\n        dx_t,"),
        ],
        "The cache is used up: read cache[t] and leave it there, for it must serve a second call.": [
            ("cache[t])", "cache.pop())")
        ],
        "The weights' gradients are always float64: keep the dtype of the input.": [
            (
                "np.stack(dx[::-1], axis=1), dh_next, *sums",
                "np.stack(dx[::-1], axis=1), dh_next, *(s.astype(float) for s in sums)",
            )
        ],
        "The gradient is cut off at every second step: carry dh_next through all of them.": [
            ("dh[:, t] + dh_next", "dh[:, t] + (dh_next if t % 2 == 0 else 0)")
        ],
        "The gradient is clipped on its way back: carry it as it is.": [
            ("dh[:, t] + dh_next", "np.clip(dh[:, t] + dh_next, -1, 1)")
        ],
    },
    "VanillaRNN": {
        "The nonlinearity is missing: apply torch.tanh at every step.": [("torch.tanh(", "(")],
        "Negative sums are cut to 0: squash with torch.tanh.": [("torch.tanh(", "torch.relu(")],
        "This is a sigmoid: squash with torch.tanh.": [("torch.tanh(", "torch.sigmoid(")],
        "Every step starts from h0: hand each new state to the next step.": [
            (
                "states.append(h)",
                "states.append(h)\n            h = h0 if h0 is not None else torch.zeros_like(h)",
            ),
            (
                "return torch.stack(states, dim=1), h",
                "return torch.stack(states, dim=1), states[-1]",
            ),
        ],
        "The previous state is not used: add h @ weight_hh_l0.T.": [
            ("h @ self.weight_hh_l0.T", "0 * h")
        ],
        "h0 is ignored: start from it when it is given.": [
            (START, "h = x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])")
        ],
        "Without h0 it fails: None means that the state before the first step is zero.": [
            (START, "h = h0")
        ],
        "weight_hh_l0 is not transposed (it is square, so both fit).": [
            ("h @ self.weight_hh_l0.T", "h @ self.weight_hh_l0")
        ],
        "bias_hh_l0 is missing: both biases are added, at every step.": [
            (" + self.bias_hh_l0", "")
        ],
        "bias_ih_l0 is missing: both biases are added, at every step.": [
            (" + self.bias_ih_l0", "")
        ],
        "The zeros are always float32: give them the dtype of x.": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "torch.zeros(x.shape[0], self.weight_hh_l0.shape[0])",
            )
        ],
        "Without h0 it starts from random numbers: None means zeros.": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "0.1 * torch.randn_like(x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0]))",
            )
        ],
        "The loop runs over the sequences: x is (N, T, D), so step t is x[:, t].": [
            ("dim=1)", "dim=0)")
        ],
        "Time comes first: stack the states along dim 1, so that h is (N, T, H).": [
            ("torch.stack(states, dim=1)", "torch.stack(states, dim=0)")
        ],
        "h is the last state alone: return the states of all T steps, (N, T, H).": [
            ("torch.stack(states, dim=1), h", "h, h")
        ],
        "h_n is the first state: it must be the last one, h[:, -1].": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1), states[0]")
        ],
        "h_n is h0: it must be the last state, h[:, -1].": [
            (
                "torch.stack(states, dim=1), h",
                "torch.stack(states, dim=1), (h if h0 is None else h0)",
            )
        ],
        "h_n has an axis for layers, as PyTorch's own: here it is (N, H).": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1), h[None]")
        ],
        "The two returned values are swapped: all states h come first, then the last one, h_n.": [
            ("torch.stack(states, dim=1), h", "h, torch.stack(states, dim=1)")
        ],
        "h_n is missing: return two values, all states and the last one.": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1)")
        ],
        "The sequence is read from its end: step 0 comes first.": [
            ("x.unbind(dim=1)", "reversed(x.unbind(dim=1))")
        ],
        "The state is detached between the steps: gradients must reach the first one, so leave detach() out.": [
            ("states.append(h)", "states.append(h)\n            h = h.detach()")
        ],
        "x is detached: gradients must reach what lies before this layer, so leave detach() out.": [
            ("        h = x.new", "        x = x.detach()\n        h = x.new")
        ],
        "The states are written into h0: make a new tensor at each step.": [
            (
                "            states.append(h)",
                "            states.append(h)\n            if h0 is not None:\n                h0.data.copy_(h.data)",
            )
        ],
        "The states are always float32: keep the dtype of x.": [
            ("torch.stack(states, dim=1), h", "torch.stack(states, dim=1).float(), h.float()")
        ],
        "The weights are plain tensors, which nothing trains: make each one an nn.Parameter.": [
            ("nn.Parameter(torch.empty(shape))", "torch.empty(shape)")
        ],
        "One bias is added twice: PyTorch stores two, bias_ih_l0 and bias_hh_l0.": [
            ('            "bias_hh_l0": (hidden_size,),\n', ""),
            (" + self.bias_hh_l0", " + self.bias_ih_l0"),
        ],
        "The zeros always lie on the CPU: give them the device of x, as x.new_zeros does.": [
            (
                "x.new_zeros(x.shape[0], self.weight_hh_l0.shape[0])",
                "torch.zeros(x.shape[0], self.weight_hh_l0.shape[0], dtype=x.dtype)",
            )
        ],
        "PyTorch's own layer does the work: write the step yourself.": """class VanillaRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.layer = nn.RNN(input_size, hidden_size, batch_first=True)

    def forward(self, x, h0=None):
        h, h_n = self.layer(x, None if h0 is None else h0[None])
        return h, h_n[0]
""",
        "The seed is set inside, so every module starts alike: leave that to the caller.": [
            ("        shapes = {", "        torch.manual_seed(0)\n        shapes = {")
        ],
        "h0 is detached: gradients must reach it, so leave detach() out.": [
            ("if h0 is None else h0", "if h0 is None else h0.detach()")
        ],
        "All weights start equal, so all units stay the same: draw them at random.": [
            ("-(hidden_size**-0.5), hidden_size**-0.5", "hidden_size**-0.5, hidden_size**-0.5")
        ],
        "weight_hh_l0 is detached, so nothing trains it: use the parameter as it is.": [
            ("h @ self.weight_hh_l0.T", "h @ self.weight_hh_l0.detach().T")
        ],
        "bias_hh_l0 is detached, so nothing trains it: use the parameter as it is.": [
            ("+ self.bias_hh_l0", "+ self.bias_hh_l0.detach()")
        ],
        "h is a NumPy array: stay with tensors, gradients flow through them alone.": [
            (
                "torch.stack(states, dim=1), h",
                "torch.stack(states, dim=1).detach().cpu().numpy(), h",
            )
        ],
    },
    "test_gradients": {
        "It never fails: nothing is asserted.": [(TEST["loop"], "")],
        "It always fails, on right gradients too.": [(TEST["loop"], "    assert False\n")],
        "It returns False: a test speaks by raising an AssertionError.": [
            (
                TEST["loop"],
                TEST["loop"].replace(
                    TEST["assert"],
                    "if not np.allclose(grads[name], nudged, rtol=1e-4, atol=1e-6):\n            return False",
                )
                + "    return True\n",
            )
        ],
        "It prints that something is wrong: a test speaks by raising an AssertionError.": [
            (
                TEST["assert"],
                "if not np.allclose(grads[name], nudged, rtol=1e-4, atol=1e-6):\n            print(name, 'is wrong')",
            )
        ],
        "It looks at keys and shapes alone: wrong gradients have the right shapes.": [
            (
                TEST["loop"],
                "    assert {k: g.shape for k, g in grads.items()} == {k: p.shape for k, p in params.items()}\n",
            )
        ],
        "It looks at the loss alone: that is right.": [(TEST["loop"], "    assert 0 < _ < 10\n")],
        "The read-out alone is compared: its gradients are right in the colleague's function.": [
            (
                "in params.items():\n        loss",
                "in [(n, params[n]) for n in ('W_y', 'b_y')]:\n        loss",
            )
        ],
        "The recurrent weights alone are compared: the others can be wrong too.": [
            ("in params.items():\n        loss", "in [('W_h', params['W_h'])]:\n        loss")
        ],
        "There is one sequence: two that read the same character at once go unseen.": [
            ("size=(2, 2, 6))", "size=(2, 1, 6))"),
            ("np.array([[6], [4]])", "np.array([[4]])"),
        ],
        "The first entry of each gradient is compared: look at all of them.": [
            ("(grads[name], nudged,", "(grads[name].flat[0], nudged.flat[0],")
        ],
        "The sizes are compared: a gradient has a sign.": [
            ("(grads[name], nudged,", "(abs(grads[name]), abs(nudged),"),
            ("rtol=1e-4, atol=1e-6", "rtol=0.2, atol=0.2"),
        ],
        "The tolerance is so wide that nearly everything passes.": [
            ("rtol=1e-4, atol=1e-6", "rtol=1e-4, atol=1")
        ],
        "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": [
            (TEST["assert"], "assert np.array_equal(grads[name], nudged)")
        ],
        "There is one step alone: with no later step nothing can be lost on the way back.": [
            ("size=(2, 2, 6))", "size=(2, 2, 1))"),
            ("np.arange(6) < np.array([[6], [4]])", "np.ones((2, 1), dtype=bool)"),
        ],
        "All steps are real: what comes out of padded steps goes unseen.": [
            ("np.arange(6) < np.array([[6], [4]])", "np.ones((2, 6), dtype=bool)")
        ],
        "One of the five gradients is not compared: look at all of them.": [
            (
                "in params.items():\n        loss",
                "in [(n, params[n]) for n in params if n != 'b']:\n        loss",
            )
        ],
        "The read-out's weights are not compared: look at all five gradients.": [
            (
                "in params.items():\n        loss",
                "in [(n, params[n]) for n in params if n != 'W_y']:\n        loss",
            )
        ],
        "The lengths of the gradients are compared: they have directions, too.": [
            (
                TEST["assert"],
                "np.testing.assert_allclose(np.linalg.norm(grads[name]), np.linalg.norm(nudged), rtol=1e-4)",
            )
        ],
        "The directions of the gradients are compared: they have lengths, too.": [
            (
                TEST["assert"],
                "g, n = grads[name].ravel(), nudged.ravel()\n"
                "        assert g @ n > 0.9999 * np.linalg.norm(g) * np.linalg.norm(n)",
            )
        ],
        "All weights are zero: so are most gradients, right or wrong.": [
            ("rng.normal(size=shape)", "np.zeros(shape)")
        ],
        "The colleague's name is written in it: call the function that is handed in.": [
            ("_, grads = gradients(", "_, grads = colleagues_gradients("),
            (
                "gradients(ids, targets, mask, params | {name: v})",
                "colleagues_gradients(ids, targets, mask, params | {name: v})",
            ),
        ],
    },
    "character_rnn_gradients": {
        "The bug is still there: nothing is carried back from the later steps.": [
            (ONCE, ""),
            (
                "        dh = dlogits",
                "        dh_next = np.zeros_like(h[:, 0])\n        dh = dlogits",
            ),
        ],
        "dh_next is not added to what comes from the read-out: the future is still forgotten.": [
            (" + dh_next", "")
        ],
        "What is carried goes through W_h untransposed: W_h is square, so both fit.": [
            ("da @ W_h.T", "da @ W_h")
        ],
        "What is carried lacks the slope of tanh: hand back da, not dh, through W_h.T.": [
            ("dh_next = da @ W_h.T", "dh_next = dh @ W_h.T")
        ],
        "Only the read-out's share is carried on: what came from later steps must go further back too.": [
            ("dh_next = da @ W_h.T", "dh_next = (da - (1 - h[:, t + 1] ** 2) * dh_next) @ W_h.T")
        ],
        "The gradient of W_h uses the state after the step: it must be the one before it, h[:, t].": [
            ('grads["W_h"] += h[:, t].T', 'grads["W_h"] += h[:, t + 1].T')
        ],
        "Rows that occur twice must add up: np.add.at, not +=.": [
            ('np.add.at(grads["W_x"], ids[:, t], da)', 'grads["W_x"][ids[:, t]] += da')
        ],
        "Is the slope of tanh, 1 - h**2, missing?": [
            ("da = dh * (1 - h[:, t + 1] ** 2)", "da = dh")
        ],
        "The nonlinearity is missing from the recurrence.": [("np.tanh(", "(")],
        "The way back goes forwards in time: start at the last step.": [
            ("reversed(range(T))", "range(T)")
        ],
        "The padded step counts too: use the mask.": [
            ("targets, mask)", "targets, np.ones_like(mask))")
        ],
        "The gradient of W_h is one step's share alone: add up over the steps, += and not =.": [
            ('grads["W_h"] +=', 'grads["W_h"] =')
        ],
        "W_x gets its gradient in the rows of the targets: ids[:, t] are the rows that were read.": [
            ('np.add.at(grads["W_x"], ids', 'np.add.at(grads["W_x"], targets')
        ],
        "The parameters are updated here: return their gradients, and leave params as they are.": [
            (
                "    return loss, grads",
                "    for name in params:\n        params[name] -= 0.1 * grads[name]\n    return loss, grads",
            )
        ],
        "A gradient is missing: grads must have the keys of params.": [
            ("    return loss, grads", '    del grads["b"]\n    return loss, grads')
        ],
        "The gradients are always float64: keep the dtype of the parameters.": [
            ("dtype=b.dtype", "dtype=float"),
            (
                "for name, value in params.items()}\n    dh",
                "for name, value in params.items()}\n    grads = {k: v.astype(float) for k, v in grads.items()}\n    dh",
            ),
        ],
        "The two returned values are swapped: the loss comes first, then the gradients.": [
            ("return loss, grads", "return grads, loss")
        ],
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
        "a whole 0 without a real step": [
            ("    shifted", "    if not mask.any():\n        return 0, 0 * logits\n    shifted")
        ],
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
    "test_gradients": {
        "np.allclose": [
            (TEST["assert"], "assert np.allclose(grads[name], nudged, rtol=1e-3, atol=1e-7), name")
        ],
        "own error": [
            (
                TEST["assert"],
                "if abs(grads[name] - nudged).max() > 1e-5:\n            raise ValueError(name)",
            )
        ],
        "all complaints at once": [
            (
                TEST["loop"],
                TEST["loop"]
                .replace("    for name", "    bad = []\n    for name")
                .replace(
                    TEST["assert"],
                    "bad += [] if np.allclose(grads[name], nudged, atol=1e-6) else [name]",
                )
                + "    assert not bad, bad\n",
            )
        ],
        "random directions": """def test_gradients(gradients):
    rng = np.random.default_rng(5)
    for _ in range(20):
        shapes = {"W_x": (3, 4), "W_h": (4, 4), "b": (4,), "W_y": (4, 3), "b_y": (3,)}
        params = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
        ids, targets = rng.integers(3, size=(2, 3, 5))
        mask = np.arange(5) < np.array([[5], [3], [4]])
        grads = gradients(ids, targets, mask, params)[1]
        way = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        at = lambda s: gradients(ids, targets, mask, {k: v + s * way[k] for k, v in params.items()})[0]
        slope = (at(1e-5) - at(-1e-5)) / 2e-5
        assert abs(slope - sum((grads[k] * way[k]).sum() for k in grads)) < 1e-6 + 1e-4 * abs(slope)
""",
        "autograd": """def test_gradients(gradients):
    torch.manual_seed(0)
    shapes = {"W_x": (5, 3), "W_h": (3, 3), "b": (3,), "W_y": (3, 5), "b_y": (5,)}
    p = {k: torch.randn(*s, dtype=torch.float64, requires_grad=True) for k, s in shapes.items()}
    ids = np.array([[0, 1, 2, 1, 4], [0, 3, 2, 2, 0], [1, 3, 4, 0, 0]])
    targets, mask = (ids + 1) % 5, np.arange(5)[None] < np.array([[5], [4], [3]])
    h, states = torch.zeros(3, 3, dtype=torch.float64), []
    for t in range(5):
        h = torch.tanh(p["W_x"][ids[:, t]] + h @ p["W_h"] + p["b"])
        states.append(h)
    logits = torch.stack(states, 1) @ p["W_y"] + p["b_y"]
    m = torch.tensor(mask)
    nn.functional.cross_entropy(logits[m], torch.tensor(targets)[m]).backward()
    _, grads = gradients(ids, targets, mask, {k: v.detach().numpy() for k, v in p.items()})
    for k, v in p.items():
        assert np.allclose(v.grad.numpy(), grads[k], atol=1e-8), k
""",
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
        "The new state is written into h_prev: the caller still needs that, so build a new array.": "changed its argument h_prev",
        "The state is always float64: keep the dtype of the input.": "float64 for float32",
        "The cache is missing: return two values, h and what the backward pass will need.": "2 values",
        "Nothing is returned: the last line must return h and the cache.": "None",
    },
    "rnn_forward": {
        "The states are written into h0: the caller still needs it, so build a new array.": "changed its argument h0",
        "The states are always float64: keep the dtype of the input.": "float64 for float32",
    },
    "count_rnn_parameters": {
        "The count is a float: numbers are counted, so return an int.": "an int",
    },
    "softmax_cross_entropy": {
        "The logits are changed in place: the caller still needs them, so build a new array.": "changed its argument logits",
        "dlogits is missing: return two values, the loss and its gradient.": "2 values",
        "dlogits is always float64: give the one-hot rows the dtype of the logits.": "float64 for float32",
        "A batch without a real step is an error: divide by at least 1, then loss and gradient are 0.": "divide by at least 1",
    },
    "numerical_gradient": {
        "The preset eps is another one: leave eps=1e-5 in the first line.": "unless the caller",
        "x.ravel() of a transposed array is a copy, so f never sees the nudge: write into x[i].": "x.T is wrong",
        "f is called with a flat copy of x: give it an array of x's shape.": "array like x",
        "x comes back with rounding errors: x + eps - 2 * eps + eps is not quite x. Keep the old number.": "changed its argument x",
        "This works for vectors alone: np.ndindex(x.shape) walks through the indices of any shape.": "whatever the number of axes",
        "This works for matrices alone: np.ndindex(x.shape) walks through the indices of any shape.": "whatever the number of axes",
        "The gradient is float32: a check needs the digits of float64.": "must be float64",
    },
    "rnn_step_backward": {
        "dh is changed in place: the caller still needs it, so build a new array.": "changed its argument dh",
        "The cache is changed in place: it must serve a second call, so build a new array.": "changed its argument cache",
        "The gradients are always float64: keep the dtype of the input.": "float32",
        "db is missing: return five gradients, one for each argument of the step.": "5 values",
    },
    "rnn_backward": {
        "dh is changed in place: the caller still needs it, so build a new array.": "changed its argument dh",
        "The cache is used up: read cache[t] and leave it there, for it must serve a second call.": "changed its argument cache",
        "The weights' gradients are always float64: keep the dtype of the input.": "float32",
    },
    "VanillaRNN": {
        "PyTorch's own layer does the work: write the step yourself.": "a layer of PyTorch's",
        "The seed is set inside, so every module starts alike: leave that to the caller.": "start from the same numbers",
        "h0 is detached: gradients must reach it, so leave detach() out.": "No gradient reaches h0",
        "Without h0 it fails: None means that the state before the first step is zero.": "Without h0",
        "The zeros are always float32: give them the dtype of x.": "the dtype and the device of x",
        "Without h0 it starts from random numbers: None means zeros.": "not from random numbers",
        "The loop runs over the sequences: x is (N, T, D), so step t is x[:, t].": "one step of all sequences",
        "h_n is missing: return two values, all states and the last one.": "2 values",
        "The state is detached between the steps: gradients must reach the first one, so leave detach() out.": "No gradient reaches the first step",
        "x is detached: gradients must reach what lies before this layer, so leave detach() out.": "No gradient reaches the first step",
        "The states are written into h0: make a new tensor at each step.": "changed its argument h0",
        "The states are always float32: keep the dtype of x.": "dtype",
        "The weights are plain tensors, which nothing trains: make each one an nn.Parameter.": "an nn.Parameter",
        "The zeros always lie on the CPU: give them the device of x, as x.new_zeros does.": "x.new_zeros",
        "All weights start equal, so all units stay the same: draw them at random.": "draw them at random",
        "weight_hh_l0 is detached, so nothing trains it: use the parameter as it is.": "No gradient reaches weight_hh_l0",
        "bias_hh_l0 is detached, so nothing trains it: use the parameter as it is.": "No gradient reaches bias_hh_l0",
    },
    "test_gradients": {
        "It never fails: nothing is asserted.": "passes on the colleague's function",
        "It always fails, on right gradients too.": "fails on gradients that PyTorch finds",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "All steps are real: what comes out of padded steps goes unseen.": "to which padded steps add their share",
        "There is one sequence: two that read the same character at once go unseen.": "two sequences read one character",
        "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": "and should pass (AssertionError",
        "One of the five gradients is not compared: look at all of them.": "twice the gradient of b",
        "The read-out's weights are not compared: look at all five gradients.": "twice the gradient of W_y",
        "The lengths of the gradients are compared: they have directions, too.": "wrong sign",
        "The directions of the gradients are compared: they have lengths, too.": "twice the gradient of W_x",
        "The recurrent weights alone are compared: the others can be wrong too.": "passes on twice the gradient of W_x",
        "There is one step alone: with no later step nothing can be lost on the way back.": "passes on the colleague's function",
    },
    "character_rnn_gradients": {
        "The parameters are updated here: return their gradients, and leave params as they are.": "changed its argument params",
        "The gradients are always float64: keep the dtype of the parameters.": "float64 for float32",
    },
}

TYPICAL = {
    "rnn_step": {
        "nothing": ([("return h, ", "return h_prev, ")], 0.0, 0.0),
        "one slip": (
            WRONG["rnn_step"]["The bias is missing: add b, one row for all examples."],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["rnn_step"]["The previous state is not used: add h_prev @ W_h."],
            0.0,
            0.49,
        ),
    },
    "rnn_forward": {
        "nothing": ([("np.stack(states, axis=1)", "0 * np.stack(states, axis=1)")], 0.0, 0.0),
        "one slip": (
            WRONG["rnn_forward"]["h0 is ignored: the first step must start from it."],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["rnn_forward"][
                "The previous state is forgotten, every step starts from h0: hand the new state on."
            ],
            0.0,
            0.49,
        ),
    },
    "count_rnn_parameters": {
        "nothing": ([("D * H + H * H + H + H * C + C", "0")], 0.0, 0.0),
        "one slip": (WRONG["count_rnn_parameters"]["The bias b of the step is missing."], 0.5, 0.9),
        "point missed": ([("D * H + H * H + H + H * C + C", "D * H + H * C")], 0.0, 0.49),
    },
    "softmax_cross_entropy": {
        "nothing": ([("return loss, dlogits", "return 0.0, np.zeros_like(logits)")], 0.0, 0.0),
        "one slip": (
            WRONG["softmax_cross_entropy"][
                "The padded step has a gradient: it must be zero there."
            ],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["softmax_cross_entropy"][
                "The padded step counts too: use the mask, in the loss and in the gradient."
            ],
            0.0,
            0.49,
        ),
    },
    "numerical_gradient": {
        "nothing": ([("return gradient", "return 0 * gradient")], 0.0, 0.0),
        "one slip": (WRONG["numerical_gradient"]["eps is ignored: use the argument."], 0.5, 0.9),
        "point missed": (
            WRONG["numerical_gradient"][
                "This is the one-sided difference: step to both sides, x + eps and x - eps."
            ],
            0.0,
            0.49,
        ),
    },
    "rnn_step_backward": {
        "nothing": (
            [(BACK, "return tuple(np.zeros_like(a) for a in (x, h_prev, W_x, W_h, W_h[0]))")],
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["rnn_step_backward"][
                "W_h is not transposed: da @ W_h.T (W_h is square, so both fit)."
            ],
            0.7,
            0.9,
        ),
        "point missed": (
            WRONG["rnn_step_backward"]["The slope of tanh is missing: da = dh * (1 - h**2)."],
            0.0,
            0.49,
        ),
    },
    "rnn_backward": {
        "nothing": (
            [(FINISH, "return 0 * np.stack(dx, axis=1), 0 * dh_next, *(0 * s for s in sums)")],
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["rnn_backward"]["dh0 is zero: it is what is left of dh_next after the loop."],
            0.7,
            0.9,
        ),
        "point missed": (
            WRONG["rnn_backward"][
                "Nothing is carried from the later steps: add dh_next to dh[:, t]."
            ],
            0.0,
            0.49,
        ),
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
        "one slip": (
            WRONG["VanillaRNN"]["bias_hh_l0 is missing: both biases are added, at every step."],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["VanillaRNN"]["The previous state is not used: add h @ weight_hh_l0.T."],
            0.0,
            0.49,
        ),
    },
    "test_gradients": {
        "nothing": ([(TEST["loop"], "")], 0.0, 0.0),
        "one slip": (
            WRONG["test_gradients"][
                "All steps are real: what comes out of padded steps goes unseen."
            ],
            0.8,
            0.95,
        ),
        "point missed": (
            WRONG["test_gradients"][
                "The read-out alone is compared: its gradients are right in the colleague's function."
            ],
            0.0,
            0.49,
        ),
    },
    "character_rnn_gradients": {
        "nothing": (
            [("return loss, grads", "return 0.0, {k: 0 * g for k, g in grads.items()}")],
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["character_rnn_gradients"][
                "Rows that occur twice must add up: np.add.at, not +=."
            ],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["character_rnn_gradients"][
                "The bug is still there: nothing is carried back from the later steps."
            ],
            0.0,
            0.49,
        ),
    },
}
