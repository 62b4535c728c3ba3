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
_AGREE = "agree = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)"
_UNCUT = "    agree(np.dot(losses, [3, 3, 1]) / 7, loss)\n"
_ONE_UPDATE = """        for name, grad in grads.items():
            agree(after[name], params[name] - 0.1 * min(1, max_norm / length) * grad)
"""
_TWO_PARTS = """    for name in params:
        agree(at_once[name], second[name])
"""
_LENGTHS = "for max_norm in (length / 3, 3 * length):"

_CARRIED = 'M = np.einsum("li,nljk->nijk", params["W_h"], M)'
_THREE_INFLUENCES = """def rtrl_gradients(stream, h0, params):
    names = "W_x", "W_h", "b"
    N, H = h0.shape
    h, eye = h0, np.eye(H, dtype=h0.dtype)
    M = {name: np.zeros((N, H, *params[name].shape), h0.dtype) for name in names}
    grads = {name: np.zeros_like(params[name]) for name in names}
    for x, target in stream:
        now = {
            "W_x": np.einsum("nj,ik->nijk", x, eye),
            "W_h": np.einsum("nj,ik->nijk", h, eye),
            "b": np.broadcast_to(eye, (N, H, H)),
        }
        h = np.tanh(x @ params["W_x"] + h @ params["W_h"] + params["b"])
        J = (1 - h**2)[:, :, None] * params["W_h"].T
        dh = 2 * (h @ params["W_y"] + params["b_y"] - target) @ params["W_y"].T / target.size
        for name in names:
            slope = (1 - h**2).reshape(N, H, *[1] * params[name].ndim)
            M[name] = np.einsum("nil,nl...->ni...", J, M[name]) + slope * now[name]
            grads[name] += np.einsum("ni,ni...->...", dh, M[name])
    return grads
"""
_ONE_BY_ONE = """def rtrl_gradients(stream, h0, params):
    W_x, W_h, b = params["W_x"], params["W_h"], params["b"]
    D, H = W_x.shape
    W = np.vstack([W_x, W_h, b])
    states = [h.copy() for h in h0]
    M = [np.zeros((H, W.size), h0.dtype) for _ in states]
    grad = np.zeros(W.size, h0.dtype)
    for x, target in stream:
        for n in range(len(states)):
            z = np.hstack([x[n], states[n], 1])
            h = np.tanh(z @ W).astype(h0.dtype)
            now = np.zeros((H, *W.shape), h0.dtype)
            for i in range(H):
                now[i, :, i] = z
            M[n] = (1 - h[:, None] ** 2) * (W_h.T @ M[n] + now.reshape(H, -1))
            error = h @ params["W_y"] + params["b_y"] - target[n]
            grad += (2 / target.size * (params["W_y"] @ error)) @ M[n]
            states[n] = h
    grad = grad.reshape(W.shape)
    return {"W_x": grad[:D], "W_h": grad[D : D + H], "b": grad[D + H]}
"""

WRONG = {
    "gradient_norms": {
        "The slope of tanh is missing: multiply by 1 - h².": [
            (_STEP, "step = W_h * np.ones_like(h[:, t])[:, None, :]")
        ],
        "The slope of tanh is 1 - h², not 1 - h.": [
            (_STEP, "step = W_h * (1 - h[:, t])[:, None, :]")
        ],
        "That is the slope of a sigmoid; tanh has 1 - h².": [
            (_STEP, "step = W_h * (h[:, t] * (1 - h[:, t]))[:, None, :]")
        ],
        "The step into t uses the slope at h[:, t], not at the state before it.": [
            ("h[:, t] ** 2", "h[:, t - 1] ** 2")
        ],
        "h is the state already: do not apply tanh to it again.": [
            ("h[:, t] ** 2", "np.tanh(h[:, t]) ** 2")
        ],
        "The slope belongs to the new state: it scales W_h's columns, not its rows.": [
            ("[:, None, :]", "[:, :, None]")
        ],
        "W_h is transposed: entry [j, i] of a step is W_h[j, i] (1 - h_t[i]²).": [
            ("step = W_h *", "step = W_h.T *")
        ],
        "The product is in the wrong order: the earlier step goes on the left.": [
            ("step @ product", "product @ step")
        ],
        "Multiply the matrices with @, not entry by entry.": [("step @ product", "step * product")],
        "That is the product of the norms, an upper bound: multiply matrices first.": [
            (
                "product = step @ product",
                "product = product * np.linalg.norm(step, 2, (1, 2))[:, None, None]",
            ),
        ],
        "Only one step's Jacobian is used: multiply all from t + 1 to the last.": [
            ("product = step @ product", "product = step")
        ],
        "That is the Frobenius norm; the spectral norm is ord=2.": [("ord=2, ", "")],
        "That is the spectral radius; the spectral norm takes singular values.": [
            (_NORM, "np.abs(np.linalg.eigvals(product)).max(axis=1).mean()")
        ],
        "That is the smallest singular value; the spectral norm is the largest.": [
            ("ord=2", "ord=-2")
        ],
        "That is the largest row sum (ord=inf); the spectral norm is ord=2.": [
            ("ord=2", "ord=np.inf")
        ],
        "You took the norm of the mean Jacobian; take the mean of the norms.": [
            (_NORM, "np.linalg.norm(product.mean(axis=0), ord=2)")
        ],
        "The norms are summed over the batch: take their mean.": [(").mean()", ").sum()")],
        "That is the largest norm of the batch: take the mean.": [(").mean()", ").max()")],
        "Only the first sequence is used: take the mean over the batch.": [(").mean()", ")[0]")],
        "The order of time is reversed: the last entry, distance 0, is 1.": [
            ("return norms", "return norms[::-1].copy()")
        ],
        "One factor too many: the last entry is the norm of the identity, 1.": [
            ("range(T - 1, 0, -1)", "range(T - 1, -1, -1)"),
            ("norms[t - 1]", "norms[t]"),
        ],
        "The last entry must be 1, the norm of the identity.": [("np.ones(T", "np.zeros(T")],
        "The last state is missing: there is one norm for each of the T steps.": [
            ("return norms", "return norms[:-1]")
        ],
        "That is dh_t/dh_0, from the first state; take dh_T/dh_t, to the last.": [
            ("range(T - 1, 0, -1)", "range(1, T)"),
            ("norms[t - 1]", "norms[t]"),
            ("step @ product", "product @ step"),
        ],
        "The norms are divided by their largest: return them as they are.": [
            ("return norms", "return norms / norms.max()")
        ],
        "Those are logarithms: return the norms themselves.": [
            ("return norms", "return np.log(norms)")
        ],
        "The result is float64 for float32 input: keep the dtype of h.": [
            ("np.ones(T, dtype=h.dtype)", "np.ones(T)")
        ],
        "h is changed on the way: compute with new arrays.": [
            ("N, T, H = h.shape", "N, T, H = h.shape\n    h *= h"),
            ("h[:, t] ** 2", "h[:, t]"),
        ],
        "There is a row for each sequence: take the mean over the batch, so that (T,) is left.": [
            ("return norms", "return np.tile(norms, (N, 1))")
        ],
    },
    "scale_spectral_radius": {
        "That divides by the largest singular value; take the eigenvalues.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.norm(W, 2)")
        ],
        "That divides by the Frobenius norm; take the eigenvalues.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.norm(W)")
        ],
        "That divides by the largest row sum; take the eigenvalues.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.abs(W).sum(axis=1).max()")
        ],
        "That divides by the largest entry; take the eigenvalues.": [("np.linalg.eigvals(W)", "W")],
        "eigvalsh is for symmetric matrices only: use eigvals.": [("eigvals(W)", "eigvalsh(W)")],
        "Only the symmetric part was used: take the eigenvalues of W itself.": [
            ("eigvals(W)", "eigvalsh((W + W.T) / 2)")
        ],
        "The imaginary parts are lost: what counts is the distance from zero, not the largest real part.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.linalg.eigvals(W).real.max()")
        ],
        "The imaginary parts are lost: the absolute value of a complex number needs both of its parts.": [
            ("np.abs(np.linalg.eigvals(W))", "np.abs(np.linalg.eigvals(W).real)")
        ],
        "max() of complex numbers looks at the real part first: take absolute values before it.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.real(np.linalg.eigvals(W).max())")
        ],
        "That is the first eigenvalue; they are not sorted, so look for the one furthest from zero.": [
            ("np.abs(np.linalg.eigvals(W)).max()", "np.abs(np.linalg.eigvals(W))[0]")
        ],
        "That divides by the smallest eigenvalue; take the largest.": [(".max()", ".min()")],
        "That divides by the mean of the absolute eigenvalues; take the largest.": [
            (".max()", ".mean()")
        ],
        "The eigenvalues are those of W @ W, which are squares: take those of W.": [
            ("eigvals(W)", "eigvals(W @ W)")
        ],
        "W is multiplied by radius but not divided by the radius it has.": [
            ("(radius / now).astype(W.dtype)", "radius")
        ],
        "The factor is upside down: radius wanted / radius now.": [
            ("(radius / now)", "(now / max(radius, 1e-9))")
        ],
        "The result has radius 1: multiply by radius as well.": [("(radius / now)", "(1 / now)")],
        "There is a square root too many: eigenvalues grow in proportion to the factor.": [
            ("(radius / now)", "np.sqrt(radius / now)")
        ],
        "A radius that is too small is left as it is: scale up, too.": [
            ("(radius / now)", "np.minimum(1, radius / now)")
        ],
        "The result is complex: only a distance, which is real, may meet W.": [
            (".astype(W.dtype)", "+ 0j")
        ],
        "The result is float64 for float32 input: keep the dtype of W.": [
            ("W * (radius / now).astype(W.dtype)", "W.astype(float) * (radius / now)")
        ],
        "W is changed in place: return a new array.": _RADIUS
        + "    W *= radius / np.abs(np.linalg.eigvals(W)).max()\n    return W\n",
        "That is a diagonal matrix of eigenvalues: multiply W itself by one number.": [
            (
                "return W * (radius / now)",
                "return np.diag(np.abs(np.linalg.eigvals(W)) * radius / now)",
            )
        ],
        "The result is transposed.": [("return W *", "return W.T *")],
    },
    "clip_grad_norm": {
        "An array is clipped by its own norm: one norm, one coefficient for all.": _CLIP
        + "    norms = [float(np.linalg.norm(g)) for g in grads]\n"
        + "    clipped = [g * min(1.0, max_norm / (n + 1e-6)) for g, n in zip(grads, norms)]\n"
        + "    return clipped, float(np.sqrt(sum(n**2 for n in norms)))\n",
        "Every entry is clipped by itself: scale all by one coefficient.": [
            (
                "[grad * scale for grad in grads]",
                "[np.clip(grad, -max_norm, max_norm) for grad in grads]",
            )
        ],
        "That is the sum of the arrays' norms: sum their squares, and take one root.": [
            (
                _ROOT,
                "float(sum(np.linalg.norm(grad) for grad in grads))",
            )
        ],
        "Those are spectral norms of the matrices: sum the squares of all entries.": [
            (
                "np.sum(grad**2)",
                "np.linalg.norm(grad.reshape(grad.shape[0], -1), 2) ** 2",
            )
        ],
        "The square root is missing.": [
            (
                "np.sqrt(sum(np.sum(grad**2) for grad in grads))",
                "sum(np.sum(grad**2) for grad in grads)",
            )
        ],
        "The squares are averaged: sum them over all entries.": [
            ("np.sum(grad**2)", "np.mean(grad**2)")
        ],
        "That is the sum of absolute values: sum the squares, and take the root.": [
            (
                "np.sqrt(sum(np.sum(grad**2) for grad in grads))",
                "sum(np.abs(grad).sum() for grad in grads)",
            )
        ],
        "That is the norm of the longest array; all arrays are one vector.": [
            (
                _ROOT,
                "float(max(np.linalg.norm(grad) for grad in grads))",
            )
        ],
        "That is the largest entry; take the length of the whole vector.": [
            (
                _ROOT,
                "float(max(np.abs(grad).max() for grad in grads))",
            )
        ],
        "Only the first array is measured; all arrays together are one vector.": [
            ("for grad in grads)))", "for grad in grads[:1])))")
        ],
        "Only the last array is measured; all arrays together are one vector.": [
            ("for grad in grads)))", "for grad in grads[-1:])))")
        ],
        "A gradient that is shorter than max_norm is made longer: the coefficient is at most 1.": [
            (_SCALE, "max_norm / (total_norm + 1e-6)")
        ],
        "The long one is left and the short one made longer: the coefficient is at most 1, not at least.": [
            ("min(1.0", "max(1.0")
        ],
        "The result has length 1: multiply by max_norm as well.": [
            (_SCALE, "1 / (total_norm + 1e-6)")
        ],
        "Nothing was clipped, and the norm is longer than max_norm.": [
            ("grad * scale for", "grad * 1.0 for")
        ],
        "The coefficient is applied twice.": [("grad * scale", "grad * scale**2")],
        "The coefficient does not use the norm of the gradients: put it below the line.": [
            (_SCALE, "min(1.0, 1 / max_norm)")
        ],
        "That is the norm after clipping; return the norm before it.": [
            ("], total_norm", "], total_norm * scale")
        ],
        "That is the coefficient; return the norm.": [("], total_norm", "], scale")],
        "The values are swapped: first the arrays, then the norm.": [
            (
                "return [grad * scale for grad in grads], total_norm",
                "return total_norm, [grad * scale for grad in grads]",
            )
        ],
        "The norm is missing: return the clipped arrays and the norm before clipping.": [
            ("], total_norm", "]")
        ],
        "Gradients that are all zero make a division by zero: add the small constant.": [
            (_SCALE, "min(1.0, max_norm / total_norm)")
        ],
        "The gradients are changed in place: return new arrays.": _CLIP
        + "    total = float(np.sqrt(sum(np.sum(g**2) for g in grads)))\n"
        + "    for g in grads:\n"
        + "        g *= min(1.0, max_norm / (total + 1e-6))\n"
        + "    return grads, total\n",
        "A short gradient comes back as the same list: return new arrays in any case.": [
            (
                "    return [grad",
                "    if scale == 1.0:\n        return grads, total_norm\n    return [grad",
            )
        ],
        "The list is new, but a short gradient's arrays are the old ones: return new arrays.": [
            (
                "    return [grad",
                "    if scale == 1.0:\n        return list(grads), total_norm\n    return [grad",
            )
        ],
        "The arrays come back flat: keep the shape of each.": [
            ("grad * scale for", "grad.ravel() * scale for")
        ],
        "That is one long vector: return a list of arrays in their shapes.": [
            (
                "[grad * scale for grad in grads]",
                "np.concatenate([g.ravel() * scale for g in grads])",
            )
        ],
        "The arrays come back in reversed order: keep the order of grads.": [
            ("for grad in grads], ", "for grad in grads[::-1]], ")
        ],
        "The result is float64 for float32 gradients: the coefficient must be a Python float.": [
            ("grad * scale for", "grad * np.float64(scale) for")
        ],
        "The result is float32 for float64 gradients: keep the dtype of each array.": [
            ("grad * scale for", "(grad * scale).astype(np.float32) for")
        ],
    },
    "truncated_bptt": {
        "Nothing is cut: that is the gradient of full BPTT.": [
            (_LOOP, "for start in range(0, T, T):"),
            ("start + k)", "start + T)"),
        ],
        "Every part starts from h0: carry the last state of the part before.": [
            ("targets[:, part], h, params", "targets[:, part], h0, params")
        ],
        "The state is lost at the cut: every part after the first starts from zeros.": [
            ("h = states[:, -1]", "h = np.zeros_like(h0)")
        ],
        "The first part must start from h0, not from zeros.": [
            ("loss, h = 0.0, h0", "loss, h = 0.0, np.zeros_like(h0)")
        ],
        "The first state of a part is carried; carry the last one.": [
            ("h = states[:, -1]", "h = states[:, 0]")
        ],
        "The state before the last is carried; carry the last one.": [
            ("h = states[:, -1]", "h = states[:, max(states.shape[1] - 2, 0)]")
        ],
        "The last part is shorter: weigh parts by steps, do not average the means.": [
            ("share = states.shape[1] / T", "share = 1 / -(-T // k)")
        ],
        "The parts' means are summed; weigh them by their share of the steps.": [
            ("share = states.shape[1] / T", "share = 1.0")
        ],
        "The last part is shorter: its share is its own steps / T, not k / T.": [
            ("share = states.shape[1] / T", "share = k / T")
        ],
        "Weigh the gradients of a part by the same share as its loss.": [
            ("+= share * part_grads", "+= part_grads")
        ],
        "Weigh the loss of a part by the same share as its gradients.": [
            ("+= share * part_loss", "+= part_loss")
        ],
        "Weigh the gradients by the share of the steps, L / T, not by the steps L.": [
            ("+= share * part_grads[name]", "+= states.shape[1] * part_grads[name]")
        ],
        "The last, shorter part is missing, also when it is the only one.": [
            (_LOOP, "for start in range(0, T - k + 1, k):")
        ],
        "The last, shorter part is missing.": [
            (_LOOP, "for start in range(0, T // k * k or T, k):")
        ],
        "Only the first part is used.": [(_LOOP, "for start in range(0, min(T, k), k):")],
        "Only the last k steps are used; every part counts.": [
            (_LOOP, "for start in [max(0, T - k)]:"),
            ("share = states.shape[1] / T", "share = 1.0"),
        ],
        "Only the last part's gradient is left: add the parts up.": [
            ("grads[name] += share * part_grads[name]", "grads[name] = part_grads[name]")
        ],
        "Only the first part's gradient is used: add the parts up.": [
            (
                "        for name in grads:\n            ",
                "        for name in grads if start == 0 else ():\n            ",
            )
        ],
        "Only the last part's loss is returned: add the parts up.": [
            ("loss += share * part_loss", "loss = part_loss")
        ],
        "The parts overlap: a part has the steps from start to start + k - 1.": [
            ("slice(start, start + k)", "slice(start, start + k + 1)")
        ],
        "The parts start at every step: the next one starts k steps later.": [
            (_LOOP, "for start in range(0, T - k + 1, 1):")
        ],
        "k is the number of steps of a part, not the number of parts.": [
            ("    loss, h = 0.0", "    k = -(-T // k)\n    loss, h = 0.0"),
        ],
        "The short part comes last: cut at k, 2k, 3k from the start.": [
            (_LOOP, "for start in range(T % k - k if T % k else 0, T, k):"),
            ("slice(start, start + k)", "slice(max(start, 0), start + k)"),
        ],
        "The gradient of W_h stays zero.": [
            ("for name in grads:", "for name in set(grads) - {'W_h'}:")
        ],
        "The read-out's gradients come from the last part alone: add the parts up for all names.": [
            (
                "+= share * part_grads[name]",
                "+= share * part_grads[name] * (name[-1] != 'y' or start + k >= T)",
            )
        ],
        "The parameters changed on the way: no update happens here.": [
            (
                "h = states[:, -1]",
                "h = states[:, -1]\n"
                "        params = {n: p - 0.01 * part_grads[n] for n, p in params.items()}",
            )
        ],
        "The values are swapped: first the loss, then the gradients.": [
            ("return loss, grads", "return grads, loss")
        ],
        "The gradients are a list: return a dict with the keys of params.": [
            ("return loss, grads", "return loss, list(grads.values())")
        ],
        "Those are the losses of the parts: return one number, their weighted sum.": [
            ("loss, h = 0.0, h0", "loss, h = np.zeros(0), h0"),
            ("loss += share * part_loss", "loss = np.append(loss, part_loss)"),
        ],
        "The gradients are float64 for float32 parameters: np.zeros_like keeps the dtype.": [
            ("np.zeros_like(value)", "np.zeros(value.shape)")
        ],
        "The gradients are added into the parameters: start from zeros of their shapes.": [
            ("np.zeros_like(value)", "value")
        ],
        "The gradients of W_y and b_y are missing: return all five.": [
            ("return loss, grads", "return loss, {n: grads[n] for n in ('W_x', 'W_h', 'b')}")
        ],
        "Axis 0 is the batch: the number of steps is x.shape[1].": [
            ("T = x.shape[1]", "T = x.shape[0]")
        ],
    },
    "test_training_loop": {
        "It never fails: nothing is asserted.": [(_AGREE, "agree = lambda a, b: None")],
        "It always fails, on a right loop too.": [(_TWO_PARTS, "    assert False\n")],
        "It returns False: a test speaks by raising an AssertionError.": [
            (_AGREE, "results = []\n    agree = lambda a, b: results.append(np.allclose(a, b))"),
            (_TWO_PARTS, _TWO_PARTS + "    return all(results)\n"),
        ],
        "It prints that something is wrong: a test speaks by raising an AssertionError.": [
            (_AGREE, "agree = lambda a, b: np.allclose(a, b) or print(a, 'should be', b)")
        ],
        "It looks at shapes alone: a wrong loop returns the right shapes.": [
            (_AGREE, "agree = lambda a, b: np.testing.assert_equal(np.shape(a), np.shape(b))")
        ],
        "It asks that the loss falls: the colleague's loss falls, too.": [
            (_UNCUT, "    assert len(losses) == 3\n"),
            (_ONE_UPDATE, ""),
            (
                _TWO_PARTS,
                "    after, losses = train(x, targets, h0, params, 7, 0.1, 1.0)\n"
                "    assert loss_and_gradients(x, targets, h0, after)[0] < losses[0]\n",
            ),
        ],
        "The tolerance is so wide that nearly everything passes.": [
            ("rtol=1e-5, atol=1e-6", "rtol=1e-5, atol=2.0")
        ],
        "Two ways to compute differ in the last digits: compare with a tolerance, not with ==.": [
            (_AGREE, "agree = np.testing.assert_array_equal")
        ],
        "Losses without learning alone are compared: wrong updates pass.": [
            (_ONE_UPDATE, ""),
            (_TWO_PARTS, ""),
        ],
        "Single updates alone are compared: what happens at a cut goes unseen.": [
            (_UNCUT, ""),
            (_TWO_PARTS, ""),
        ],
        "The losses are never looked at.": [(_UNCUT, "")],
        "The start state is zero: a loop that does not use it passes.": [
            ("rng.normal(size=(2, 4))", "np.zeros((2, 4))"),
            (_TWO_PARTS, ""),
        ],
        "k divides T: a loop that leaves out the last, shorter part passes.": [
            ("params, 3, 0.0", "params, 1, 0.0"),
            ("[3, 3, 1]", "np.ones(7)"),
        ],
        "The losses are averaged: a shorter part counts less.": [
            ("np.dot(losses, [3, 3, 1]) / 7", "np.mean(losses)")
        ],
        "The length of an update alone is compared: it has a direction.": [
            (
                _ONE_UPDATE,
                "        far = figures.length_of_the_update(params, after)\n"
                "        agree(far, 0.1 * min(max_norm, length))\n",
            ),
        ],
        "It asks only that no update is too long: one that is too short passes, or a backward one.": [
            (
                _ONE_UPDATE,
                "        far = figures.length_of_the_update(params, after)\n"
                "        assert far < 0.1 * max_norm + 1e-6\n",
            ),
        ],
        "No gradient is longer than max_norm: nothing is ever clipped.": [
            (_LENGTHS, "for max_norm in (2 * length, 3 * length):"),
            ("4, 0.1, length / 3", "4, 0.1, length * 9"),
        ],
        "Every gradient is longer than max_norm: short ones must stay as they are.": [
            (_LENGTHS, "for max_norm in (length / 3, length / 9):")
        ],
        "One parameter alone is looked at: the others can be wrong, too.": [
            (_ONE_UPDATE, _ONE_UPDATE.replace("grads.items()", "[('W_y', grads['W_y'])]")),
            (_TWO_PARTS, "    agree(at_once['W_y'], second['W_y'])\n"),
            (_LENGTHS, "for max_norm in (3 * length,):"),
        ],
        "The recurrent weights alone are looked at: the read-out can be wrong, too.": [
            (_ONE_UPDATE, _ONE_UPDATE.replace("grads.items()", "[('W_h', grads['W_h'])]")),
            (_TWO_PARTS, "    agree(at_once['W_h'], second['W_h'])\n"),
        ],
        "It never makes two updates: gradients at outdated parameters pass.": [(_TWO_PARTS, "")],
        "The colleague's name is written in it: call the loop that is handed in.": [
            (_AGREE, _AGREE + "\n    train = train_on_stream_buggy")
        ],
    },
    "train_on_stream": {
        "A short gradient is made longer: one below max_norm stays as it is.": [
            (
                _CLIPPED,
                "size = clip_grad_norm(list(grads.values()), max_norm)[1]\n"
                "        clipped = [grad * (max_norm / size) for grad in grads.values()]",
            )
        ],
        "The losses are weighed by their steps: each is the mean of its own part.": [
            ("losses.append(loss)", "losses.append(loss * states.shape[1] / x.shape[1])")
        ],
        "Both mistakes are still there: try the two symptoms on your loop.": _STREAM
        + "    params, losses = dict(params), []\n"
        + "    for start in range(0, x.shape[1], k):\n"
        + "        part = slice(start, start + k)\n"
        + "        loss, grads, _ = loss_and_gradients(x[:, part], targets[:, part], h0, params)\n"
        + "        for name, grad in grads.items():\n"
        + "            clipped, norm = clip_grad_norm([grad], max_norm)\n"
        + "            params[name] = params[name] - learning_rate * clipped[0]\n"
        + "        losses.append(loss)\n"
        + "    return params, np.array(losses)\n",
        "One of the two mistakes is still there: try symptom 1 on your loop.": [
            ("targets[:, part], h, params", "targets[:, part], h0, params")
        ],
        "The state is lost at the cut: every part after the first starts from zeros.": [
            ("h = states[:, -1]", "h = np.zeros_like(h0)")
        ],
        "The first part must start from h0, not from zeros.": [
            ("losses, h = dict(params), [], h0", "losses, h = dict(params), [], 0 * h0")
        ],
        "The first state of a part is carried; carry the last one.": [
            ("h = states[:, -1]", "h = states[:, 0]")
        ],
        "One of the two mistakes is still there: try symptom 2 on your loop.": [
            (
                _CLIPPED,
                "clipped = [clip_grad_norm([g], max_norm)[0][0] for g in grads.values()]",
            )
        ],
        "Every entry is clipped by itself: clip by the global norm.": [
            (
                _CLIPPED,
                "clipped = [np.clip(g, -max_norm, max_norm) for g in grads.values()]",
            )
        ],
        "The update uses the unclipped gradients.": [
            ("params[name] - learning_rate * grad", "params[name] - learning_rate * grads[name]")
        ],
        "Only the gradient of W_h is clipped: clip all together, one norm for all.": [
            (
                _CLIPPED,
                "clipped = list(grads.values())\n"
                "        clipped[1] = clip_grad_norm([grads['W_h']], max_norm)[0][0]",
            )
        ],
        "The parameters went into the clipping: clip the gradients.": [
            ("clip_grad_norm(list(grads.values())", "clip_grad_norm(list(params.values())")
        ],
        "The update climbs: subtract the gradient.": [("- learning_rate", "+ learning_rate")],
        "The learning rate is not used.": [("learning_rate * grad", "grad")],
        "Gradients are taken at the first parameters: use the updated ones for the next part.": [
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
        "Every update starts from the first parameters; start from the latest.": [
            (
                "params, losses, h = dict(params), [], h0",
                "first = params\n    params, losses, h = dict(params), [], h0",
            ),
            ("params[name] = params[name] -", "params[name] = first[name] -"),
        ],
        "Only the last loss comes back: return an array with one loss for each part.": [
            ("np.array(losses)", "losses[-1]")
        ],
        "The losses are a list: make it a NumPy array.": [("np.array(losses)", "losses")],
        "The losses are summed: return an array with one loss for each part.": [
            ("np.array(losses)", "np.array(losses).sum()")
        ],
        "That is the loss after the update; record the one before it.": [
            (
                "losses.append(loss)",
                "losses.append(loss_and_gradients(x[:, part], targets[:, part], h, params)[0])",
            )
        ],
        "The state is computed again with new parameters; carry the one you have.": [
            ("h = states[:, -1]", "h = rnn_forward(x[:, part], h, params)[:, -1]")
        ],
        "A part reaches to the end of the stream: it has k steps.": [
            ("slice(start, start + k)", "slice(start, None)")
        ],
        "The last, shorter part is missing.": [
            ("range(0, x.shape[1], k)", "range(0, x.shape[1] // k * k, k)")
        ],
        "Every part starts at step 0: it starts where the one before it ended.": [
            ("slice(start, start + k)", "slice(0, start + k)")
        ],
        "params is changed: work on a copy of the dict.": [
            ("dict(params), [], h0", "params, [], h0")
        ],
        "The arrays in params are changed in place: make new ones (no -=).": [
            (
                _UPDATE,
                "params[name] -= learning_rate * grad",
            )
        ],
        "The values are swapped: first the parameters, then the losses.": [
            ("return params, np.array(losses)", "return np.array(losses), params")
        ],
        "The parameters are float64 for float32 input: multiply by the learning rate as a Python float.": [
            ("- learning_rate * grad", "- np.float64(learning_rate) * grad")
        ],
        "Gradients of earlier parts are added: every part has its own.": [
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
    "rtrl_gradients": {
        "The old influence is dropped: M also goes through the old state, with W_h.": [
            (_CARRIED, "M = np.zeros_like(M)")
        ],
        "W_h is transposed: unit i reads the old unit l with W_h[l, i].": [("li,nljk", "il,nljk")],
        "The slope of tanh is missing: all of M is multiplied by 1 - h².": [
            ("        M *= (1 - h**2)[:, :, None, None]\n", "")
        ],
        "The slope belongs to the state after the step, not to the one before it.": [
            ("(1 - h**2)", "(1 - z[:, len(params['W_x']) : -1] ** 2)")
        ],
        "Only what acts now is multiplied by the slope: what comes through the old state is, too.": [
            ("+= z\n", "+= z[:, None].swapaxes(0, 1) * (1 - h**2).T[:, :, None]\n"),
            ("        M *= (1 - h**2)[:, :, None, None]\n", ""),
        ],
        "z holds the state before the step: compute h after it.": [
            ("        h = np.tanh(z @ W)\n", ""),
            (
                "        z = np",
                "        h = np.tanh(np.hstack([x, h, h[:, :1] ** 0]) @ W)\n        z = np",
            ),
        ],
        "A weight acts directly on its own unit alone: add z where i equals k.": [
            ("M[:, unit, :, unit] += z", "M += z[:, None, :, None]")
        ],
        "The loss of a step meets M of the step before: update M first.": [
            (_CARRIED, "old = M\n        " + _CARRIED),
            ('W_y"].T, M)', 'W_y"].T, old)'),
        ],
        "Only the last step's gradient is returned: add up those of all steps.": [
            ("grad += ", "grad = ")
        ],
        "The gradient is that of the sum over the steps, not of their mean.": [
            ("    for x, target in stream", "    T = 0\n    for x, target in stream"),
            ("        error = h", "        T += 1\n        error = h"),
            ("    D = len", "    grad /= T\n    D = len"),
        ],
        "The square's factor 2 is missing.": [("2 / error.size", "1 / error.size")],
        "The loss of a step is the mean over all N * C numbers, not over the batch alone.": [
            ("error.size", "len(error)")
        ],
        "The read-out's bias is missing: y = h W_y + b_y.": [(' + params["b_y"]', "")],
        "The network starts from h0, not from zeros.": [("h, unit = h0", "h, unit = 0 * h0")],
        "Do not keep the steps: go through the stream once.": [
            ("    h, unit", "    stream = list(stream)\n    h, unit")
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
    "test_training_loop": {
        "np.allclose": [
            (
                _AGREE,
                "def agree(a, b):\n        assert np.allclose(a, b, rtol=1e-4, atol=1e-7), (a, b)",
            )
        ],
        "own error": [
            (
                _AGREE,
                "def agree(a, b):\n"
                "        if np.abs(np.asarray(a) - b).max() > 1e-5:\n"
                "            raise ValueError('they differ')",
            )
        ],
        "all complaints at once": [
            (_AGREE, "good = []\n    agree = lambda a, b: good.append(np.allclose(a, b))"),
            (_TWO_PARTS, _TWO_PARTS + "    assert all(good), good\n"),
        ],
        "with the functions of parts 4 and 5": [
            (
                _UNCUT,
                "    agree(np.dot(losses, [3, 3, 1]), 7 * truncated_bptt(x, targets, h0, params, 3)[0])\n",
            ),
            (
                _ONE_UPDATE,
                "        short, _ = clip_grad_norm(list(grads.values()), max_norm)\n"
                "        for name, grad in zip(grads, short):\n"
                "            agree((params[name] - after[name]) / 0.1, grad)\n",
            ),
        ],
        "a right loop beside it": """def test_training_loop(train):
    rng = np.random.default_rng(3)
    for k, rate, limit in [(3, 0.2, 0.1), (3, 0.2, 100.0), (8, 0.05, 0.5), (2, 0.0, 1.0)]:
        x, targets, h0 = (rng.normal(size=s) for s in ((3, 8, 2), (3, 8, 1), (3, 5)))
        params = figures.draw_params(2, 5, 1, rng)
        after, losses = train(x, targets, h0, dict(params), k, rate, limit)
        p, h, n = params, h0, 0
        for a in range(0, 8, k):
            loss, g, states = loss_and_gradients(x[:, a : a + k], targets[:, a : a + k], h, p)
            size = sum((v**2).sum() for v in g.values()) ** 0.5
            p = {name: p[name] - rate * g[name] * min(1, limit / size) for name in p}
            h = states[:, -1]
            assert abs(losses[n] - loss) < 1e-5
            n += 1
        assert n == len(losses)
        assert all(np.allclose(p[name], after[name], atol=1e-5) for name in p)
""",
        "length and angle": [
            (
                _ONE_UPDATE,
                "        way = np.concatenate([(after[n] - params[n]).ravel() for n in grads])\n"
                "        g = np.concatenate([grads[n].ravel() for n in grads])\n"
                "        assert np.isclose(np.linalg.norm(way), 0.1 * min(max_norm, length), rtol=1e-4)\n"
                "        assert way @ g < -0.9999 * np.linalg.norm(way) * length\n",
            )
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
    "rtrl_gradients": {
        "a Jacobian of all weights as one vector": [
            (_CARRIED, "M = (W_h.T @ M.reshape(*h.shape, -1)).reshape(M.shape)"),
            ("    grad = np", "    W_h = params['W_h']\n    grad = np"),
        ],
        "with a product with the identity": [
            (
                "        M[:, unit, :, unit] += z\n",
                "        M = M + np.eye(h.shape[1], dtype=z.dtype)[:, None] * z[:, None, :, None]\n",
            )
        ],
        "each kind of weight by itself": _THREE_INFLUENCES,
        "one sequence after the other": _ONE_BY_ONE,
    },
}

SAYS = {
    "gradient_norms": {
        "The result is float64 for float32 input: keep the dtype of h.": "float32",
        "h is changed on the way: compute with new arrays.": "in place",
    },
    "scale_spectral_radius": {
        "The result is complex: only a distance, which is real, may meet W.": "complex",
        "The result is float64 for float32 input: keep the dtype of W.": "float32",
        "W is changed in place: return a new array.": "in place",
    },
    "clip_grad_norm": {
        "The norm is missing: return the clipped arrays and the norm before clipping.": "2 values",
        "Gradients that are all zero make a division by zero: add the small constant.": "divides by zero",
        "The gradients are changed in place: return new arrays.": "in place",
        "A short gradient comes back as the same list: return new arrays in any case.": "new arrays",
        "The list is new, but a short gradient's arrays are the old ones: return new arrays.": "new arrays",
        "The result is float64 for float32 gradients: the coefficient must be a Python float.": "float64 of float32",
        "The result is float32 for float64 gradients: keep the dtype of each array.": "dtype float32",
    },
    "truncated_bptt": {
        "The gradients are float64 for float32 parameters: np.zeros_like keeps the dtype.": "float32",
    },
    "test_training_loop": {
        "It never fails: nothing is asserted.": "passes on the colleague's loop",
        "It always fails, on a right loop too.": "fails on a right loop",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Two ways to compute differ in the last digits: compare with a tolerance, not with ==.": "and should pass (AssertionError",
        "Losses without learning alone are compared: wrong updates pass.": "symptom 2 alone",
        "Single updates alone are compared: what happens at a cut goes unseen.": "symptom 1 alone",
        "The start state is zero: a loop that does not use it passes.": "starts from zeros",
        "k divides T: a loop that leaves out the last, shorter part passes.": "fewer than k steps",
        "The length of an update alone is compared: it has a direction.": "adds what it should subtract",
        "Every gradient is longer than max_norm: short ones must stay as they are.": "makes short gradients longer",
        "It never makes two updates: gradients at outdated parameters pass.": "belong to the first parameters",
        "The recurrent weights alone are looked at: the read-out can be wrong, too.": "never changes b_y",
    },
    "train_on_stream": {
        "A short gradient is made longer: one below max_norm stays as it is.": "must be left as they are",
        "params is changed: work on a copy of the dict.": "in place",
        "The arrays in params are changed in place: make new ones (no -=).": "in place",
        "The parameters are float64 for float32 input: multiply by the learning rate as a Python float.": "float32",
    },
    "rtrl_gradients": {
        "Do not keep the steps: go through the stream once.": "keeps steps that are over",
    },
}

TYPICAL = {
    "gradient_norms": {
        "nothing": ([("return norms", "return np.ones_like(norms)")], 0.0, 0.0),
        "one slip": (
            WRONG["gradient_norms"]["The norms are summed over the batch: take their mean."],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["gradient_norms"][
                "Only one step's Jacobian is used: multiply all from t + 1 to the last."
            ],
            0.0,
            0.49,
        ),
    },
    "scale_spectral_radius": {
        "nothing": (_RADIUS + "    return W.copy()\n", 0.0, 0.0),
        "one slip": (
            WRONG["scale_spectral_radius"][
                "The imaginary parts are lost: what counts is the distance from zero, not the largest real part."
            ],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["scale_spectral_radius"][
                "That divides by the largest singular value; take the eigenvalues."
            ],
            0.0,
            0.49,
        ),
    },
    "clip_grad_norm": {
        "nothing": (_CLIP + "    return [g.copy() for g in grads], 0.0\n", 0.0, 0.0),
        "one slip": (
            WRONG["clip_grad_norm"][
                "A gradient that is shorter than max_norm is made longer: the coefficient is at most 1."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            WRONG["clip_grad_norm"][
                "An array is clipped by its own norm: one norm, one coefficient for all."
            ],
            0.0,
            0.49,
        ),
    },
    "truncated_bptt": {
        "nothing": (
            _BPTT + "    return 0.0, {n: np.zeros_like(p) for n, p in params.items()}\n",
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["truncated_bptt"][
                "The last part is shorter: weigh parts by steps, do not average the means."
            ],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["truncated_bptt"]["Nothing is cut: that is the gradient of full BPTT."],
            0.0,
            0.49,
        ),
    },
    "test_training_loop": {
        "nothing": ([(_AGREE, "agree = lambda a, b: None")], 0.0, 0.0),
        "one slip": (
            WRONG["test_training_loop"][
                "k divides T: a loop that leaves out the last, shorter part passes."
            ],
            0.6,
            0.95,
        ),
        "point missed": (
            WRONG["test_training_loop"]["The tolerance is so wide that nearly everything passes."],
            0.0,
            0.49,
        ),
    },
    "train_on_stream": {
        "nothing": (
            _STREAM
            + "    copies = {n: p.copy() for n, p in params.items()}\n"
            + "    return copies, np.zeros(-(-x.shape[1] // k))\n",
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["train_on_stream"][
                "One of the two mistakes is still there: try symptom 2 on your loop."
            ],
            0.5,
            0.9,
        ),
        "point missed": (
            WRONG["train_on_stream"][
                "Both mistakes are still there: try the two symptoms on your loop."
            ],
            0.0,
            0.49,
        ),
    },
}
