"""Worked examples of the exercises of ``01_rnn/vanilla_rnn.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import checks
from course.weights import load_torch_weights


def rnn_step(t, rnn_step):
    t.check(
        rnn_step,
        {
            "x": np.array([[1.0, 0.5, -0.4], [-0.6, 0.2, 0.9]]),
            "h_prev": np.array([[0.5, -0.7], [0.3, 0.8]]),
            "W_x": np.array([[0.4, -0.2], [0.6, 0.8], [-0.5, 0.3]]),
            "W_h": np.array([[0.5, 0.9], [-0.3, 0.2]]),
            "b": np.array([0.1, -0.3]),
        },
        "h, cache",
        ignore="cache",
    )


def rnn_forward(t, rnn_forward):
    t.check(
        rnn_forward,
        {
            "x": np.array([[[1.0], [-0.5], [0.8]], [[0.3], [0.9], [-1.2]]]),
            "h0": np.array([[0.6, -0.4], [-0.2, 0.7]]),
            "W_x": np.array([[0.7, -0.3]]),
            "W_h": np.array([[0.4, 0.8], [-0.6, 0.3]]),
            "b": np.array([0.1, -0.2]),
        },
        "h, cache",
        ignore="cache",
    )


def count_rnn_parameters(t, count_rnn_parameters):
    t.check(count_rnn_parameters, {"D": 2, "H": 3, "C": 4}, "count")
    checks.require(
        isinstance(count_rnn_parameters(2, 3, 4), int | np.integer),
        "count_rnn_parameters must return an int: numbers are counted.",
    )


def softmax_cross_entropy(t, softmax_cross_entropy):
    t.check(
        softmax_cross_entropy,
        {
            "logits": np.array(
                [[[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]], [[1.0, -0.5, 0.2], [4.0, -2.0, 1.0]]]
            ),
            "targets": np.array([[1, 2], [0, 2]]),
            "mask": np.array([[True, True], [True, False]]),
        },
        "loss, dlogits",
        float32=False,
    )
    loss, dlogits = softmax_cross_entropy(
        np.array([[[1e4, -1e4, 0.0]]]), np.array([[1]]), np.array([[True]])
    )
    checks.require(
        np.isfinite(loss) and np.isfinite(dlogits).all(),
        "The result is not finite for logits of 10,000: subtract the largest logit before np.exp, "
        "and do not take the logarithm of a probability that was rounded to 0.",
    )
    checks.require(
        np.isclose(loss, 20_000),
        f"For logits (10000, -10000, 0) and target 1 the loss must be 20000; yours is {loss:.6g}. "
        "Take log p in one piece (shifted - log of the sum) instead of log(p + tiny) or np.clip.",
    )
    loss, dlogits = softmax_cross_entropy(
        np.ones((2, 1, 3)), np.zeros((2, 1), dtype=int), np.zeros((2, 1), dtype=bool)
    )
    checks.require(
        loss == 0 and not np.any(dlogits) and np.isfinite(dlogits).all(),
        "A batch that is all padding must give loss 0.0 and a zero gradient: divide by at least 1.",
    )
    _, dlogits = softmax_cross_entropy(
        np.ones((2, 1, 3), dtype="float32"),
        np.zeros((2, 1), dtype=int),
        np.ones((2, 1), dtype=bool),
    )
    checks.require(
        dlogits.dtype == np.float32,
        f"dlogits has dtype {dlogits.dtype} for float32 logits: keep the dtype of the logits.",
    )


def numerical_gradient(t, numerical_gradient):
    t.check(
        numerical_gradient,
        {
            "f": lambda x: (x**3).sum() + x[0, 0] * x[1, 2],
            "x": np.array([[1.0, -2.0, 0.5], [0.7, -0.3, 1.5]]),
            "eps": 0.1,
        },
        "gradient",
        float32=False,
    )


def rnn_step_backward(t, rnn_step_backward, rnn_step):
    args = (
        np.array([[1.0, 0.5, -0.4], [-0.6, 0.2, 0.9]]),
        np.array([[0.5, -0.7], [0.3, 0.8]]),
        np.array([[0.4, -0.2], [0.6, 0.8], [-0.5, 0.3]]),
        np.array([[0.5, 0.9], [-0.3, 0.2]]),
        np.array([0.1, -0.3]),
    )
    dh = np.array([[1.0, -0.5], [0.4, 2.0]])
    dx = np.array([[0.176882, -0.280246, -0.245901], [-0.141328, 1.218238, 0.241671]])
    t.check(
        rnn_step_backward,
        {"dh": dh, "cache": rnn_step(*args)[1]},
        "dx, dh_prev, dW_x, dW_h, db",
        float32=False,
    )
    cache = rnn_step(*args)[1]
    rnn_step_backward(dh.copy(), cache)
    checks.require(
        np.allclose(rnn_step_backward(dh.copy(), cache)[0], dx, atol=1e-5),
        "A second call gives other values: the first one changed the cache. Leave it as it is.",
    )
    grads = rnn_step_backward(
        dh.astype("float32"), rnn_step(*(a.astype("float32") for a in args))[1]
    )
    checks.require(
        all(g.dtype == np.float32 for g in grads),
        "For float32 input every gradient must be float32: use np.zeros_like or dtype=dh.dtype.",
    )


def rnn_backward(t, rnn_backward, rnn_forward):
    args = (
        np.array([[[1.0], [-0.5], [0.8]], [[0.3], [0.9], [-1.2]]]),
        np.array([[0.6, -0.4], [-0.2, 0.7]]),
        np.array([[0.7, -0.3]]),
        np.array([[0.4, 0.8], [-0.6, 0.3]]),
        np.array([0.1, -0.2]),
    )
    dh = np.array([[[1.0, -0.5], [0.3, 0.8], [-0.6, 0.4]], [[0.2, 0.9], [-1.0, 0.5], [0.7, -0.3]]])
    dx = np.array([[[0.486853], [0.015316], [-0.474191]], [[-0.340673], [-0.361192], [0.553577]]])
    t.check(
        rnn_backward,
        {"dh": dh, "cache": rnn_forward(*args)[1]},
        "dx, dh0, dW_x, dW_h, db",
        float32=False,
    )
    cache = rnn_forward(*args)[1]
    rnn_backward(dh.copy(), cache)
    try:
        again = rnn_backward(dh.copy(), cache)[0]
    except Exception:
        again = np.full_like(dx, np.nan)
    checks.require(
        np.allclose(again, dx, atol=1e-5),
        "A second call gives other values: the first one changed the cache. Leave it as it is.",
    )
    grads = rnn_backward(dh.astype("float32"), rnn_forward(*(a.astype("float32") for a in args))[1])
    checks.require(
        all(g.dtype == np.float32 for g in grads),
        "For float32 input every gradient must be float32: use np.zeros_like or dtype=dh.dtype.",
    )


def VanillaRNN(t, VanillaRNN):
    layer = nn.RNN(3, 5, batch_first=True).double()
    with torch.no_grad():
        for i, p in enumerate(layer.parameters()):
            p.copy_(torch.sin(1.7 * torch.arange(p.numel()) + i).view_as(p))
    x = 1.5 * torch.cos(1.3 * torch.arange(24, dtype=torch.float64)).view(2, 4, 3)
    h0 = torch.sin(0.9 * torch.arange(10, dtype=torch.float64)).view(2, 5)

    def torch_states(h0=h0, **changes):
        """States of PyTorch's own layer, with some of its weights replaced."""
        state = {k: v.clone() for k, v in layer.state_dict().items()}
        for name, change in changes.items():
            state[name] = change(state[name])
        return torch.func.functional_call(layer, state, (x, h0[None]))[0].detach()

    passed, passed_h0 = x.clone(), h0.clone()
    try:
        model = VanillaRNN(3, 5)
        model(x.float())
    except NotImplementedError:
        raise checks.CheckFailed(
            "VanillaRNN is not written yet: replace both TODOs above."
        ) from None
    checks.require(
        all((p != p.flatten()[0]).any() for p in model.parameters() if p.ndim == 2),
        "The weights start with all entries equal: draw them at random, or all units stay the same.",
    )
    try:
        load_torch_weights(model, layer)
    except ValueError as error:
        raise checks.CheckFailed(f"VanillaRNN: {error}. Are all four an nn.Parameter?") from None
    result = model.double()(passed, passed_h0)
    checks.require(
        isinstance(result, tuple | list) and len(result) == 2,
        f"VanillaRNN must return two values (h, h_n); yours returned {checks.type_name(result)}.",
    )
    zero = torch.zeros_like
    checks.compare("VanillaRNN: h", result[0], torch_states())
    checks.require(
        result[0].dtype == torch.float64,
        f"VanillaRNN: h has dtype {result[0].dtype} for float64 input: keep the input's dtype.",
    )
    checks.require(
        result[1].ndim == 2,
        f"VanillaRNN: h_n has shape {tuple(result[1].shape)}; it must be (N, H): no axis for layers.",
    )
    checks.compare("VanillaRNN: h_n", result[1], torch_states()[:, -1])
    checks.require(
        torch.equal(passed, x) and torch.equal(passed_h0, h0),
        "VanillaRNN changed x or h0 in place: make a new tensor at each step instead.",
    )
    checks.compare("VanillaRNN without h0: h", model(x)[0], torch_states(torch.zeros_like(h0)))
    x32 = x.float()
    checks.require(
        model.float()(x32)[0].dtype == torch.float32,
        "VanillaRNN: float32 input must give float32 states (x.new_zeros keeps dtype and device).",
    )
    x32.requires_grad_()
    model(x32)[0][:, -1].sum().backward()
    checks.require(
        x32.grad is not None and bool((x32.grad[:, 0] != 0).any()),
        "No gradient reaches the first step: leave out detach(), .data and torch.no_grad().",
    )
    t.say("VanillaRNN: h (2, 4, 5), h_n (2, 5), equal to nn.RNN")


def character_rnn_gradients(t, character_rnn_gradients):
    t.check(
        character_rnn_gradients,
        {
            "ids": np.array([[0, 2, 1], [0, 1, 0]]),
            "targets": np.array([[2, 1, 0], [1, 0, 2]]),
            "mask": np.array([[True, True, True], [True, True, False]]),
            "params": {
                "W_x": np.array([[0.5, -0.4], [0.9, 0.3], [-0.7, 0.6]]),
                "W_h": np.array([[0.6, -0.8], [0.5, 0.4]]),
                "b": np.array([0.1, -0.2]),
                "W_y": np.array([[0.7, -0.5, 0.3], [-0.9, 0.4, 0.8]]),
                "b_y": np.array([0.2, 0.0, -0.1]),
            },
        },
        "loss, grads",
    )
