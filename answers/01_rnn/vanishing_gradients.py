"""Wrong and right variants of the functions of ``source/01_rnn/vanishing_gradients.ipynb``."""

_STEP = "step = W_h * (1 - h[:, t] ** 2)[:, None, :]"
_NORM = "np.linalg.norm(product, ord=2, axis=(1, 2)).mean()"
_SCALE = "min(1.0, max_norm / (total_norm + 1e-6))"
_LOOP = "for start in range(0, T, k):"
_BPTT = "def truncated_bptt(x, targets, h0, params, k):\n"
_ROOT = "float(np.sqrt(sum(np.sum(grad**2) for grad in grads)))"
_CLIPPED = "clipped, _ = clip_grad_norm(list(grads.values()), max_norm)"
_UPDATE = "params[name] = params[name] - learning_rate * grad"
_STREAM = "def train_on_stream(x, targets, h0, params, k, learning_rate, max_norm):\n"
_CLIP = "def clip_grad_norm(grads, max_norm):\n"
_NORMS = "def gradient_norms(W_h, h):\n"
_RADIUS = "def scale_spectral_radius(W, radius):\n"

WRONG = {
    "gradient_norms": {
        "slope forgotten": [(_STEP, "step = W_h * np.ones_like(h[:, t])[:, None, :]")],
        "slope 1 - h": [(_STEP, "step = W_h * (1 - h[:, t])[:, None, :]")],
        "slope of a sigmoid": [(_STEP, "step = W_h * (h[:, t] * (1 - h[:, t]))[:, None, :]")],
        "slope of the state before": [("h[:, t] ** 2", "h[:, t - 1] ** 2")],
        "tanh applied again": [("h[:, t] ** 2", "np.tanh(h[:, t]) ** 2")],
        "slope on the wrong axis": [("[:, None, :]", "[:, :, None]")],
        "weights transposed": [("step = W_h *", "step = W_h.T *")],
        "order of the product": [("step @ product", "product @ step")],
        "elementwise product": [("step @ product", "step * product")],
        "product of the norms": [
            (
                "product = step @ product",
                "product = product * np.linalg.norm(step, 2, (1, 2))[:, None, None]",
            ),
        ],
        "one step only": [("product = step @ product", "product = step")],
        "Frobenius norm": [("ord=2, ", "")],
        "spectral radius": [(_NORM, "np.abs(np.linalg.eigvals(product)).max(axis=1).mean()")],
        "smallest singular value": [("ord=2", "ord=-2")],
        "largest row sum": [("ord=2", "ord=np.inf")],
        "norm of the mean": [(_NORM, "np.linalg.norm(product.mean(axis=0), ord=2)")],
        "sum over the batch": [(").mean()", ").sum()")],
        "largest of the batch": [(").mean()", ").max()")],
        "first sequence only": [(").mean()", ")[0]")],
        "reversed": [("return norms", "return norms[::-1].copy()")],
        "one factor too many": [
            ("range(T - 1, 0, -1)", "range(T - 1, -1, -1)"),
            ("norms[t - 1]", "norms[t]"),
        ],
        "last entry zero": [("np.ones(T", "np.zeros(T")],
        "one entry too few": [("return norms", "return norms[:-1]")],
        "from the first state": [
            ("range(T - 1, 0, -1)", "range(1, T)"),
            ("norms[t - 1]", "norms[t]"),
            ("step @ product", "product @ step"),
        ],
        "normalised": [("return norms", "return norms / norms.max()")],
        "logarithm": [("return norms", "return np.log(norms)")],
        "float64 forced": [("np.ones(T, dtype=h.dtype)", "np.ones(T)")],
        "changes h": [
            ("N, T, H = h.shape", "N, T, H = h.shape\n    h *= h"),
            ("h[:, t] ** 2", "h[:, t]"),
        ],
        "one column per sequence": [("return norms", "return np.tile(norms, (N, 1))")],
    },
    "scale_spectral_radius": {
        "spectral norm": [("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.norm(W, 2)")],
        "Frobenius norm": [("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.norm(W)")],
        "largest row sum": [("np.abs(np.linalg.eigvals(W)).max()", "np.abs(W).sum(axis=1).max()")],
        "largest entry": [("np.linalg.eigvals(W)", "W")],
        "symmetric eigenvalues": [("eigvals(W)", "eigvalsh(W)")],
        "symmetric part": [("eigvals(W)", "eigvalsh((W + W.T) / 2)")],
        "largest real part": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.eigvals(W).real.max()")
        ],
        "absolute real part": [
            ("np.abs(np.linalg.eigvals(W))", "np.abs(np.linalg.eigvals(W).real)")
        ],
        "no absolute value": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.real(np.linalg.eigvals(W).max())")
        ],
        "first eigenvalue": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.abs(np.linalg.eigvals(W))[0]")
        ],
        "smallest eigenvalue": [(".max()", ".min()")],
        "mean eigenvalue": [(".max()", ".mean()")],
        "square of the radius": [("eigvals(W)", "eigvals(W @ W)")],
        "not divided": [("(radius / now).astype(W.dtype)", "radius")],
        "upside down": [("(radius / now)", "(now / max(radius, 1e-9))")],
        "divided only": [("(radius / now)", "(1 / now)")],
        "square root": [("(radius / now)", "np.sqrt(radius / now)")],
        "only when larger": [("(radius / now)", "np.minimum(1, radius / now)")],
        "complex result": [(".astype(W.dtype)", "+ 0j")],
        "float64 forced": [
            ("W * (radius / now).astype(W.dtype)", "W.astype(float) * (radius / now)")
        ],
        "in place": _RADIUS
        + "    W *= radius / np.abs(np.linalg.eigvals(W)).max()\n    return W\n",
        "diagonal of eigenvalues": [
            (
                "return W * (radius / now)",
                "return np.diag(np.abs(np.linalg.eigvals(W)) * radius / now)",
            )
        ],
        "transposed": [("return W *", "return W.T *")],
    },
    "clip_grad_norm": {
        "every array by itself": _CLIP
        + "    norms = [float(np.linalg.norm(g)) for g in grads]\n"
        + "    clipped = [g * min(1.0, max_norm / (n + 1e-6)) for g, n in zip(grads, norms)]\n"
        + "    return clipped, float(np.sqrt(sum(n**2 for n in norms)))\n",
        "every entry by itself": [
            (
                "[grad * scale for grad in grads]",
                "[np.clip(grad, -max_norm, max_norm) for grad in grads]",
            )
        ],
        "sum of the norms": [
            (
                _ROOT,
                "float(sum(np.linalg.norm(grad) for grad in grads))",
            )
        ],
        "spectral norms": [
            (
                "np.sum(grad**2)",
                "np.linalg.norm(grad.reshape(grad.shape[0], -1), 2) ** 2",
            )
        ],
        "no square root": [
            (
                "np.sqrt(sum(np.sum(grad**2) for grad in grads))",
                "sum(np.sum(grad**2) for grad in grads)",
            )
        ],
        "mean of the squares": [("np.sum(grad**2)", "np.mean(grad**2)")],
        "sum of absolute values": [
            (
                "np.sqrt(sum(np.sum(grad**2) for grad in grads))",
                "sum(np.abs(grad).sum() for grad in grads)",
            )
        ],
        "largest array": [
            (
                _ROOT,
                "float(max(np.linalg.norm(grad) for grad in grads))",
            )
        ],
        "largest entry": [
            (
                _ROOT,
                "float(max(np.abs(grad).max() for grad in grads))",
            )
        ],
        "first array only": [("for grad in grads)))", "for grad in grads[:1])))")],
        "last array only": [("for grad in grads)))", "for grad in grads[-1:])))")],
        "lengthens short gradients": [(_SCALE, "max_norm / (total_norm + 1e-6)")],
        "clips the short, not the long": [("min(1.0", "max(1.0")],
        "always to the unit norm": [(_SCALE, "1 / (total_norm + 1e-6)")],
        "norm without clipping": [("grad * scale for", "grad * 1.0 for")],
        "squared coefficient": [("grad * scale", "grad * scale**2")],
        "divided by max_norm": [(_SCALE, "min(1.0, 1 / max_norm)")],
        "norm after clipping": [("], total_norm", "], total_norm * scale")],
        "coefficient returned": [("], total_norm", "], scale")],
        "values swapped": [
            (
                "return [grad * scale for grad in grads], total_norm",
                "return total_norm, [grad * scale for grad in grads]",
            )
        ],
        "gradients only": [("], total_norm", "]")],
        "divides by zero": [(_SCALE, "min(1.0, max_norm / total_norm)")],
        "in place": _CLIP
        + "    total = float(np.sqrt(sum(np.sum(g**2) for g in grads)))\n"
        + "    for g in grads:\n"
        + "        g *= min(1.0, max_norm / (total + 1e-6))\n"
        + "    return grads, total\n",
        "same arrays when short": [
            (
                "    return [grad",
                "    if scale == 1.0:\n        return grads, total_norm\n    return [grad",
            )
        ],
        "same arrays in a new list": [
            (
                "    return [grad",
                "    if scale == 1.0:\n        return list(grads), total_norm\n    return [grad",
            )
        ],
        "flattened": [("grad * scale for", "grad.ravel() * scale for")],
        "one long vector": [
            (
                "[grad * scale for grad in grads]",
                "np.concatenate([g.ravel() * scale for g in grads])",
            )
        ],
        "order reversed": [("for grad in grads], ", "for grad in grads[::-1]], ")],
        "float64 forced": [("grad * scale for", "grad * np.float64(scale) for")],
        "float32 forced": [("grad * scale for", "(grad * scale).astype(np.float32) for")],
    },
    "truncated_bptt": {
        "not truncated": [(_LOOP, "for start in range(0, T, T):"), ("start + k)", "start + T)")],
        "state lost at the cut": [("targets[:, part], h, params", "targets[:, part], h0, params")],
        "state zero at the cut": [("h = states[:, -1]", "h = np.zeros_like(h0)")],
        "start state ignored": [("loss, h = 0.0, h0", "loss, h = 0.0, np.zeros_like(h0)")],
        "first state carried": [("h = states[:, -1]", "h = states[:, 0]")],
        "state before the last carried": [
            ("h = states[:, -1]", "h = states[:, max(states.shape[1] - 2, 0)]")
        ],
        "mean of the means": [("share = states.shape[1] / T", "share = 1 / -(-T // k)")],
        "sum of the means": [("share = states.shape[1] / T", "share = 1.0")],
        "share of a whole part": [("share = states.shape[1] / T", "share = k / T")],
        "share for the loss only": [("+= share * part_grads", "+= part_grads")],
        "share for the gradients only": [("+= share * part_loss", "+= part_loss")],
        "mean of the loss, sum of the gradients": [
            ("+= share * part_grads[name]", "+= states.shape[1] * part_grads[name]")
        ],
        "last part dropped": [(_LOOP, "for start in range(0, T - k + 1, k):")],
        "last part dropped unless alone": [(_LOOP, "for start in range(0, T // k * k or T, k):")],
        "first part only": [(_LOOP, "for start in range(0, min(T, k), k):")],
        "last k steps only": [
            (_LOOP, "for start in [max(0, T - k)]:"),
            ("share = states.shape[1] / T", "share = 1.0"),
        ],
        "gradient of the last part": [
            ("grads[name] += share * part_grads[name]", "grads[name] = part_grads[name]")
        ],
        "gradient of the first part": [
            (
                "        for name in grads:\n            ",
                "        for name in grads if start == 0 else ():\n            ",
            )
        ],
        "loss of the last part": [("loss += share * part_loss", "loss = part_loss")],
        "parts overlap": [("slice(start, start + k)", "slice(start, start + k + 1)")],
        "every window": [(_LOOP, "for start in range(0, T - k + 1, 1):")],
        "k parts instead of k steps": [
            ("    loss, h = 0.0", "    k = -(-T // k)\n    loss, h = 0.0"),
        ],
        "short part first": [
            (_LOOP, "for start in range(T % k - k if T % k else 0, T, k):"),
            ("slice(start, start + k)", "slice(max(start, 0), start + k)"),
        ],
        "recurrent gradient forgotten": [
            ("for name in grads:", "for name in set(grads) - {'W_h'}:")
        ],
        "read-out gradient of the last part": [
            (
                "+= share * part_grads[name]",
                "+= share * part_grads[name] * (name[-1] != 'y' or start + k >= T)",
            )
        ],
        "updates on the way": [
            (
                "h = states[:, -1]",
                "h = states[:, -1]\n"
                "        params = {n: p - 0.01 * part_grads[n] for n, p in params.items()}",
            )
        ],
        "gradients swapped with loss": [("return loss, grads", "return grads, loss")],
        "list of gradients": [("return loss, grads", "return loss, list(grads.values())")],
        "losses of the parts": [
            ("loss, h = 0.0, h0", "loss, h = np.zeros(0), h0"),
            ("loss += share * part_loss", "loss = np.append(loss, part_loss)"),
        ],
        "float64 forced": [("np.zeros_like(value)", "np.zeros(value.shape)")],
        "adds into the parameters": [("np.zeros_like(value)", "value")],
        "keeps no read-out": [
            ("return loss, grads", "return loss, {n: grads[n] for n in ('W_x', 'W_h', 'b')}")
        ],
        "time axis confused": [("T = x.shape[1]", "T = x.shape[0]")],
    },
    "train_on_stream": {
        "the loop as shown": _STREAM
        + "    params, losses = dict(params), []\n"
        + "    for start in range(0, x.shape[1], k):\n"
        + "        part = slice(start, start + k)\n"
        + "        loss, grads, _ = loss_and_gradients(x[:, part], targets[:, part], h0, params)\n"
        + "        for name, grad in grads.items():\n"
        + "            clipped, norm = clip_grad_norm([grad], max_norm)\n"
        + "            params[name] = params[name] - learning_rate * clipped[0]\n"
        + "        losses.append(loss)\n"
        + "    return params, np.array(losses)\n",
        "state lost at the cut": [("targets[:, part], h, params", "targets[:, part], h0, params")],
        "state zero at the cut": [("h = states[:, -1]", "h = np.zeros_like(h0)")],
        "start state ignored": [
            ("losses, h = dict(params), [], h0", "losses, h = dict(params), [], 0 * h0")
        ],
        "first state carried": [("h = states[:, -1]", "h = states[:, 0]")],
        "clips every array": [
            (
                _CLIPPED,
                "clipped = [clip_grad_norm([g], max_norm)[0][0] for g in grads.values()]",
            )
        ],
        "clips every entry": [
            (
                _CLIPPED,
                "clipped = [np.clip(g, -max_norm, max_norm) for g in grads.values()]",
            )
        ],
        "does not clip": [
            ("params[name] - learning_rate * grad", "params[name] - learning_rate * grads[name]")
        ],
        "clips the recurrent weights only": [
            (
                _CLIPPED,
                "clipped = list(grads.values())\n"
                "        clipped[1] = clip_grad_norm([grads['W_h']], max_norm)[0][0]",
            )
        ],
        "clips the parameters": [
            ("clip_grad_norm(list(grads.values())", "clip_grad_norm(list(params.values())")
        ],
        "climbs": [("- learning_rate", "+ learning_rate")],
        "learning rate forgotten": [("learning_rate * grad", "grad")],
        "one update at the end": [
            ("        for name, grad", "        for name, grad"),
            (
                "loss_and_gradients(x[:, part], targets[:, part], h, params)",
                "loss_and_gradients(x[:, part], targets[:, part], h, first)",
            ),
            (
                "params, losses, h = dict(params), [], h0",
                "first = params\n    params, losses, h = dict(params), [], h0",
            ),
        ],
        "updates from the first parameters": [
            (
                "params, losses, h = dict(params), [], h0",
                "first = params\n    params, losses, h = dict(params), [], h0",
            ),
            ("params[name] = params[name] -", "params[name] = first[name] -"),
        ],
        "one loss only": [("np.array(losses)", "losses[-1]")],
        "a list of losses": [("np.array(losses)", "losses")],
        "sum of the losses": [("np.array(losses)", "np.array(losses).sum()")],
        "loss after the update": [
            (
                "losses.append(loss)",
                "losses.append(loss_and_gradients(x[:, part], targets[:, part], h, params)[0])",
            )
        ],
        "state computed again": [
            ("h = states[:, -1]", "h = rnn_forward(x[:, part], h, params)[:, -1]")
        ],
        "not cut": [("slice(start, start + k)", "slice(start, None)")],
        "last part dropped": [("range(0, x.shape[1], k)", "range(0, x.shape[1] // k * k, k)")],
        "reads from the start each time": [("slice(start, start + k)", "slice(0, start + k)")],
        "changes params": [("dict(params), [], h0", "params, [], h0")],
        "changes the arrays": [
            (
                _UPDATE,
                "params[name] -= learning_rate * grad",
            )
        ],
        "values swapped": [("return params, np.array(losses)", "return np.array(losses), params")],
        "float64 forced": [("- learning_rate * grad", "- np.float64(learning_rate) * grad")],
        "old gradients add up": [
            (
                "params, losses, h = dict(params), [], h0",
                "kept = 0\n    params, losses, h = dict(params), [], h0",
            ),
            (
                "clipped, _ = clip",
                "grads = {n: g + (kept[n] if kept else 0) for n, g in grads.items()}\n"
                "        kept = grads\n        clipped, _ = clip",
            ),
        ],
    },
}

RIGHT = {
    "gradient_norms": {
        "explicit loops": _NORMS
        + "    N, T, H = h.shape\n"
        + "    norms = np.zeros((N, T), dtype=h.dtype)\n"
        + "    for n in range(N):\n"
        + "        J = np.eye(H, dtype=h.dtype)\n"
        + "        norms[n, T - 1] = 1\n"
        + "        for t in reversed(range(T - 1)):\n"
        + "            J = J @ np.diag(1 - h[n, t + 1] ** 2) @ W_h.T\n"
        + "            norms[n, t] = np.linalg.svd(J, compute_uv=False)[0]\n"
        + "    return norms.mean(axis=0)\n",
        "einsum": [("step @ product", "np.einsum('nij,njk->nik', step, product)")],
        "list, joined at the end": _NORMS
        + "    P = np.stack([np.eye(h.shape[2], dtype=h.dtype)] * len(h))\n"
        + "    out = [np.linalg.norm(P, 2, (1, 2)).mean()]\n"
        + "    for t in range(h.shape[1] - 1, 0, -1):\n"
        + "        P = np.matmul(W_h[None] * (1 - h[:, t, None, :] ** 2), P)\n"
        + "        out.insert(0, np.linalg.norm(P, 2, (1, 2)).mean())\n"
        + "    return np.array(out, dtype=h.dtype)\n",
        "singular values": [(_NORM, "np.linalg.svd(product, compute_uv=False)[:, 0].mean()")],
        "root of the largest eigenvalue": [
            (
                _NORM,
                "np.sqrt(np.linalg.eigvalsh(product @ product.transpose(0, 2, 1))[:, -1]).mean()",
            )
        ],
        "float64 inside": [
            (
                "    N, T, H",
                "    dtype, h, W_h = h.dtype, h.astype(float), W_h.astype(float)\n    N, T, H",
            ),
            ("return norms", "return norms.astype(dtype)"),
        ],
        "through torch": _NORMS
        + "    W, s = torch.tensor(W_h), torch.tensor(h)\n"
        + "    P = torch.eye(W.shape[0], dtype=W.dtype).repeat(len(s), 1, 1)\n"
        + "    norms = torch.ones(s.shape[1], dtype=W.dtype)\n"
        + "    for t in range(s.shape[1] - 2, -1, -1):\n"
        + "        P = P @ torch.diag_embed(1 - s[:, t + 1] ** 2) @ W.T\n"
        + "        norms[t] = torch.linalg.matrix_norm(P, 2).mean()\n"
        + "    return norms.numpy()\n",
        "all steps at once": _NORMS
        + "    steps = W_h * (1 - h**2)[:, :, None, :]\n"
        + "    P = np.zeros_like(steps)\n"
        + "    P[:, -1] = np.eye(h.shape[2])\n"
        + "    for t in range(h.shape[1] - 2, -1, -1):\n"
        + "        P[:, t] = steps[:, t + 1] @ P[:, t + 1]\n"
        + "    return np.linalg.norm(P, ord=2, axis=(2, 3)).mean(axis=0)\n",
    },
    "scale_spectral_radius": {
        "eig": [("np.linalg.eigvals(W)", "np.linalg.eig(W)[0]")],
        "divide first": [
            ("W * (radius / now).astype(W.dtype)", "(W / now * radius).astype(W.dtype)")
        ],
        "of the transposed matrix": [("eigvals(W)", "eigvals(W.T)")],
        "root of real and imaginary part": [
            (
                "np.abs(np.linalg.eigvals(W)).max()",
                "max(np.hypot(v.real, v.imag) for v in np.linalg.eigvals(W))",
            )
        ],
        "through torch": _RADIUS
        + "    now = torch.linalg.eigvals(torch.tensor(W)).abs().max().item()\n"
        + "    return W * (radius / now)\n",
        "on a copy in place": _RADIUS
        + "    scaled = W.copy()\n"
        + "    scaled *= radius / np.abs(np.linalg.eigvals(W)).max()\n"
        + "    return scaled\n",
        "float64 inside": _RADIUS
        + "    now = max(abs(np.linalg.eigvals(W.astype(np.float64))))\n"
        + "    return (W * radius / now).astype(W.dtype)\n",
    },
    "clip_grad_norm": {
        "one long vector": [
            (
                _ROOT,
                "float(np.linalg.norm(np.concatenate([g.ravel() for g in grads])))",
            )
        ],
        "norm of norms": [
            (
                _ROOT,
                "float(np.linalg.norm([np.linalg.norm(g) for g in grads]))",
            )
        ],
        "with an if": _CLIP
        + "    total = 0.0\n"
        + "    for g in grads:\n"
        + "        total += float((g * g).sum())\n"
        + "    total = total**0.5\n"
        + "    clipped = [g.copy() for g in grads]\n"
        + "    if total > max_norm:\n"
        + "        for g in clipped:\n"
        + "            g *= max_norm / (total + 1e-6)\n"
        + "    return clipped, total\n",
        "if, without the constant": _CLIP
        + "    total = np.sqrt(sum((g**2).sum() for g in grads))\n"
        + "    if total <= max_norm:\n"
        + "        return [np.array(g) for g in grads], total\n"
        + "    return [(g / total * max_norm).astype(g.dtype) for g in grads], total\n",
        "numpy number": [
            (
                _ROOT,
                "np.sqrt(sum(np.sum(grad**2) for grad in grads))",
            ),
            ("grad * scale", "(grad * scale).astype(grad.dtype)"),
        ],
        "vdot": [("np.sum(grad**2)", "np.vdot(grad, grad)")],
        "einsum": [("np.sum(grad**2)", "np.einsum('i,i->', grad.ravel(), grad.ravel())")],
        "a tuple back": [
            (
                "return [grad * scale for grad in grads], total_norm",
                "return tuple(np.multiply(grad, scale) for grad in grads), total_norm",
            )
        ],
        "through torch": _CLIP
        + "    ps = [torch.nn.Parameter(torch.zeros_like(torch.tensor(g))) for g in grads]\n"
        + "    for p, g in zip(ps, grads):\n"
        + "        p.grad = torch.tensor(g)\n"
        + "    norm = torch.nn.utils.clip_grad_norm_(ps, max_norm)\n"
        + "    return [p.grad.numpy() for p in ps], norm.item()\n",
    },
    "truncated_bptt": {
        "forward in one piece": _BPTT
        + "    T = x.shape[1]\n"
        + "    states = rnn_forward(x, h0, params)\n"
        + "    loss = float(np.mean((states @ params['W_y'] + params['b_y'] - targets) ** 2))\n"
        + "    grads = {n: np.zeros_like(p) for n, p in params.items()}\n"
        + "    for s in range(0, T, k):\n"
        + "        e = min(s + k, T)\n"
        + "        start = states[:, s - 1] if s else h0\n"
        + "        _, g, _ = loss_and_gradients(x[:, s:e], targets[:, s:e], start, params)\n"
        + "        grads = {n: grads[n] + g[n] * ((e - s) / T) for n in grads}\n"
        + "    return loss, grads\n",
        "torch and detach": _BPTT
        + "    p = {n: torch.tensor(v, requires_grad=True) for n, v in params.items()}\n"
        + "    h, xs, errors = torch.tensor(h0), torch.tensor(x), []\n"
        + "    for t in range(x.shape[1]):\n"
        + "        h = h.detach() if t % k == 0 else h\n"
        + "        h = torch.tanh(xs[:, t] @ p['W_x'] + h @ p['W_h'] + p['b'])\n"
        + "        errors.append(h @ p['W_y'] + p['b_y'] - torch.tensor(targets[:, t]))\n"
        + "    loss = (torch.stack(errors) ** 2).mean()\n"
        + "    loss.backward()\n"
        + "    return loss.item(), {n: v.grad.numpy() for n, v in p.items()}\n",
        "by hand": _BPTT
        + "    h = rnn_forward(x, h0, params)\n"
        + "    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)\n"
        + "    error = h @ params['W_y'] + params['b_y'] - targets\n"
        + "    dy = 2 * error / error.size\n"
        + "    grads = {n: np.zeros_like(p) for n, p in params.items()}\n"
        + "    dnext = np.zeros_like(h0)\n"
        + "    for t in reversed(range(x.shape[1])):\n"
        + "        if (t + 1) % k == 0:\n"
        + "            dnext = np.zeros_like(h0)\n"
        + "        da = (dy[:, t] @ params['W_y'].T + dnext) * (1 - h[:, t] ** 2)\n"
        + "        grads['W_x'] += x[:, t].T @ da\n"
        + "        grads['W_h'] += before[:, t].T @ da\n"
        + "        grads['b'] += da.sum(axis=0)\n"
        + "        grads['W_y'] += h[:, t].T @ dy[:, t]\n"
        + "        grads['b_y'] += dy[:, t].sum(axis=0)\n"
        + "        dnext = da @ params['W_h'].T\n"
        + "    return np.mean(error**2), grads\n",
        "sums, divided at the end": _BPTT
        + "    total, h, count = 0.0, h0, 0\n"
        + "    sums = {n: 0 for n in params}\n"
        + "    for s in range(0, x.shape[1], k):\n"
        + "        piece = targets[:, s : s + k]\n"
        + "        loss, g, states = loss_and_gradients(x[:, s : s + k], piece, h, params)\n"
        + "        total += loss * piece.size\n"
        + "        sums = {n: sums[n] + g[n] * piece.size for n in sums}\n"
        + "        count += piece.size\n"
        + "        h = states[:, -1].copy()\n"
        + "    return total / count, {n: v / count for n, v in sums.items()}\n",
        "while, keys sorted": _BPTT
        + "    s, loss, h, grads = 0, 0.0, h0, {}\n"
        + "    while s < x.shape[1]:\n"
        + "        e = s + k\n"
        + "        l, g, states = loss_and_gradients(x[:, s:e], targets[:, s:e], h, params)\n"
        + "        w = states.shape[1] / x.shape[1]\n"
        + "        loss, h, s = loss + w * l, states[:, -1, :], s + k\n"
        + "        for n in sorted(g):\n"
        + "            grads[n] = grads.get(n, 0) + w * g[n]\n"
        + "    return np.float64(loss), grads\n",
        "recursive": _BPTT
        + "    T = x.shape[1]\n"
        + "    first, g, states = loss_and_gradients(x[:, :k], targets[:, :k], h0, params)\n"
        + "    if T <= k:\n"
        + "        return first, g\n"
        + "    rest, g2 = truncated_bptt(x[:, k:], targets[:, k:], states[:, -1], params, k)\n"
        + "    a = k / T\n"
        + "    return a * first + (1 - a) * rest, {n: a * g[n] + (1 - a) * g2[n] for n in g}\n",
        "state from a second forward pass": [
            ("h = states[:, -1]", "h = rnn_forward(x[:, part], h, params)[:, -1]")
        ],
    },
    "train_on_stream": {
        "new dict every time": [
            (
                "        for name, grad in zip(grads, clipped, strict=True):\n            "
                + _UPDATE,
                "        pairs = zip(grads, clipped)\n"
                "        params = {n: params[n] - learning_rate * g for n, g in pairs}",
            )
        ],
        "copies, in place": [
            ("dict(params), [], h0", "{n: p.copy() for n, p in params.items()}, [], h0"),
            (
                _UPDATE,
                "params[name] -= learning_rate * grad",
            ),
        ],
        "sorted names": [
            ("list(grads.values())", "[grads[n] for n in sorted(grads)]"),
            ("zip(grads, clipped", "zip(sorted(grads), clipped"),
        ],
        "scale by hand": [
            (
                _CLIPPED,
                "norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))\n"
                "        scale = min(1.0, max_norm / (norm + 1e-6))\n"
                "        clipped = [g * scale for g in grads.values()]",
            )
        ],
        "truncated_bptt on each part": [
            (
                "loss, grads, states = loss_and_gradients(x[:, part], targets[:, part], h, params)",
                "states = rnn_forward(x[:, part], h, params)\n"
                "        loss, grads = truncated_bptt(x[:, part], targets[:, part], h, params, k)",
            )
        ],
        "losses preallocated": [
            (
                "params, losses, h = dict(params), [], h0",
                "params, losses, h = dict(params), np.zeros(-(-x.shape[1] // k)), h0",
            ),
            ("losses.append(loss)", "losses[start // k] = loss"),
        ],
        "explicit end": [("slice(start, start + k)", "slice(start, min(start + k, x.shape[1]))")],
    },
}

SAYS = {
    "gradient_norms": {
        "slope forgotten": "slope of tanh is missing",
        "slope 1 - h": "not 1 - h",
        "slope of a sigmoid": "sigmoid",
        "slope of the state before": "not at the state before",
        "tanh applied again": "tanh",
        "slope on the wrong axis": "columns",
        "weights transposed": "transposed",
        "order of the product": "wrong order",
        "elementwise product": "with @",
        "product of the norms": "upper bound",
        "one step only": "Only one step",
        "Frobenius norm": "Frobenius",
        "spectral radius": "spectral radius",
        "smallest singular value": "smallest",
        "norm of the mean": "mean of the norms",
        "sum over the batch": "summed over the batch",
        "largest of the batch": "largest norm of the batch",
        "first sequence only": "first sequence",
        "reversed": "reversed",
        "one factor too many": "too many",
        "last entry zero": "last entry must be 1",
        "one entry too few": "shape",
        "from the first state": "first state",
        "float64 forced": "float32",
        "changes h": "in place",
    },
    "scale_spectral_radius": {
        "spectral norm": "singular value",
        "Frobenius norm": "Frobenius",
        "largest entry": "largest entry",
        "symmetric eigenvalues": "eigvalsh",
        "symmetric part": "symmetric part",
        "largest real part": "imaginary",
        "absolute real part": "imaginary",
        "smallest eigenvalue": "smallest",
        "not divided": "not divided",
        "upside down": "upside down",
        "divided only": "radius 1",
        "transposed": "transposed",
        "float64 forced": "float32",
        "in place": "in place",
    },
    "clip_grad_norm": {
        "every array by itself": "its own norm",
        "every entry by itself": "Every entry",
        "sum of the norms": "sum of the norms",
        "no square root": "square root",
        "mean of the squares": "mean of squares",
        "largest array": "longest array",
        "first array only": "one norm, one coefficient for all",
        "last array only": "last array",
        "spectral norms": "spectral",
        "lengthens short gradients": "lengthen",
        "always to the unit norm": "max_norm as well",
        "norm without clipping": "Nothing was clipped",
        "squared coefficient": "twice",
        "norm after clipping": "before it",
        "coefficient returned": "coefficient",
        "divides by zero": "",
        "in place": "in place",
        "same arrays when short": "new arrays",
        "same arrays in a new list": "new arrays",
        "float64 forced": "float32",
    },
    "truncated_bptt": {
        "not truncated": "Nothing is cut",
        "state lost at the cut": "state is lost",
        "state zero at the cut": "state is lost",
        "start state ignored": "must start from h0",
        "first state carried": "carry the last",
        "mean of the means": "do not average the means",
        "sum of the means": "summed",
        "share of a whole part": "not k / T",
        "share for the loss only": "same share",
        "last part dropped": "shorter part is missing",
        "first part only": "first part",
        "last k steps only": "last k steps",
        "gradient of the last part": "add the parts up",
        "gradient of the first part": "add the parts up",
        "loss of the last part": "last part",
        "parts overlap": "overlap",
        "k parts instead of k steps": "number of parts",
        "short part first": "comes last",
        "recurrent gradient forgotten": "stays zero",
        "updates on the way": "no update",
        "keeps no read-out": "keys",
        "float64 forced": "float32",
    },
    "train_on_stream": {
        "the loop as shown": "Both mistakes",
        "state lost at the cut": "state is lost",
        "state zero at the cut": "state is lost",
        "first state carried": "carry the last",
        "clips every array": "clip them together",
        "clips every entry": "Every entry",
        "does not clip": "unclipped",
        "climbs": "climbs",
        "learning rate forgotten": "learning rate",
        "one update at the end": "update after every part",
        "updates from the first parameters": "start from the latest",
        "loss after the update": "before it",
        "last part dropped": "missing",
        "state computed again": "computed again",
        "changes the arrays": "in place",
        "old gradients add up": "earlier parts",
        "a list of losses": "NumPy array",
    },
}

TYPICAL = {
    "gradient_norms": {
        "nothing": ([("return norms", "return np.ones_like(norms)")], 0.0, 0.0),
        "one slip": (WRONG["gradient_norms"]["sum over the batch"], 0.5, 0.9),
        "point missed": (WRONG["gradient_norms"]["one step only"], 0.0, 0.49),
    },
    "scale_spectral_radius": {
        "nothing": (_RADIUS + "    return W.copy()\n", 0.0, 0.0),
        "one slip": (WRONG["scale_spectral_radius"]["largest real part"], 0.5, 0.9),
        "point missed": (WRONG["scale_spectral_radius"]["spectral norm"], 0.0, 0.49),
    },
    "clip_grad_norm": {
        "nothing": (_CLIP + "    return [g.copy() for g in grads], 0.0\n", 0.0, 0.0),
        "one slip": (WRONG["clip_grad_norm"]["lengthens short gradients"], 0.5, 0.95),
        "point missed": (WRONG["clip_grad_norm"]["every array by itself"], 0.0, 0.49),
    },
    "truncated_bptt": {
        "nothing": (
            _BPTT + "    return 0.0, {n: np.zeros_like(p) for n, p in params.items()}\n",
            0.0,
            0.0,
        ),
        "one slip": (WRONG["truncated_bptt"]["mean of the means"], 0.5, 0.9),
        "point missed": (WRONG["truncated_bptt"]["not truncated"], 0.0, 0.49),
    },
    "train_on_stream": {
        "nothing": (
            _STREAM
            + "    copies = {n: p.copy() for n, p in params.items()}\n"
            + "    return copies, np.zeros(-(-x.shape[1] // k))\n",
            0.0,
            0.0,
        ),
        "one slip": (WRONG["train_on_stream"]["clips every array"], 0.5, 0.9),
        "point missed": (WRONG["train_on_stream"]["the loop as shown"], 0.0, 0.49),
    },
}
