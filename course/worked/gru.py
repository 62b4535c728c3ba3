"""Worked examples of the exercises of ``03_gru/gru.ipynb``: 3 rows, 4 steps, 5 inputs, 2 units."""

from __future__ import annotations

import contextlib

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks, measuring
from course.watch_calls import noted
from course.weights import load_torch_weights

D, H = 5, 2


def _numbers(*shape, start):
    """Make numbers between -1.2 and 1.2 without a pattern, the same on every machine."""
    return np.round(1.2 * np.sin(np.arange(np.prod(shape)) ** 2 + start), 1).reshape(shape) + 0.0


WEIGHTS = {
    "W_x": _numbers(D, 3 * H, start=5.6),
    "W_h": np.array([[-0.4, -2.1, 0.7, -0.7, -0.1, 0.4], [0.3, -1.2, 1.4, 0.7, 0.5, -0.6]]),
    "b": np.array([-1.1, -1.1, -0.1, 0.1, -0.5, 1.3]),
}
STATE = np.array([[-0.1, 0.9], [0.5, 0.6], [-1.4, 0.8]])
STEP = {"x": _numbers(3, D, start=2.0), "h_prev": STATE, **WEIGHTS}
SEQUENCE = {"x": _numbers(3, 4, D, start=1.0), "h0": STATE, **WEIGHTS}
OTHERS = {name: 0.8 * np.flip(value) for name, value in WEIGHTS.items()}
"""Weights of the same shapes, for a second call that must not return what the first one did."""
ONE = {
    "W_x": _numbers(2, 3, start=0.9),
    "W_h": _numbers(1, 3, start=3.1),
    "b": _numbers(3, start=1.7),
}
"""Weights of a single unit that has two inputs."""
ONE_STEP = {"x": np.array([[0.7, -0.2]]), "h_prev": np.array([[0.4]]), **ONE}
ONE_SEQUENCE = {"x": np.array([[[0.7, -0.2]]]), "h0": np.array([[0.4]]), **ONE}
TORCH_WEIGHTS = {
    "weight_ih": WEIGHTS["W_x"].T.copy(),
    "weight_hh": WEIGHTS["W_h"].T.copy(),
    "bias_ih": WEIGHTS["b"],
    "bias_hh": np.array([-0.5, 0.8, -0.5, -1.0, 0.6, 1.2]),
}


def _agrees_with_numerical(trial, numerical_gradient, forward, backward, inputs, dh):
    """Hold every gradient of sum(h * dh) against the numerical one."""
    analytic = backward(dh, forward(*inputs.values())[1])
    for (name, value), gradient in zip(inputs.items(), analytic, strict=True):

        def loss(value, name=name):
            return float((forward(*(inputs | {name: value}).values())[0] * dh).sum())

        checks.require(
            gradient.shape == value.shape,
            f"d{name} has shape {gradient.shape}; it must have {name}'s, {value.shape}.",
        )
        gap = np.abs(gradient - numerical_gradient(loss, value)).max()
        checks.require(gap < 1e-7, f"d{name} is off by {gap:.1e} from the numerical gradient.")
        trial.say(f"d{name} {gradient.shape} agrees with the numerical gradient to 1e-7")


def _keeps_float32(label, names, gradients):
    for name, gradient in zip(names, gradients, strict=True):
        checks.require(
            gradient.dtype == np.float32,
            f"{label}: {name} has dtype {gradient.dtype} for float32 input. Keep the dtype.",
        )


def gru_step(t, gru_step):
    t.check(gru_step, STEP, "h, cache", ignore="cache", float32=False)
    for args in (STEP | OTHERS, ONE_STEP):
        t.check(gru_step, args, "h, cache", ignore="cache", quiet=True)
    inside = np.clip(STATE, -1, 1)
    large = 1000 * WEIGHTS["b"]
    weights = WEIGHTS["W_x"], WEIGHTS["W_h"]
    far = np.stack([gru_step(STEP["x"], inside, *weights, b)[0] for b in (large, -large)])
    checks.require(
        np.isfinite(far).all(),
        "gru_step: h is nan where the sums are large: there np.exp overflows. Use the sigmoid from "
        "above, and np.tanh.",
    )
    checks.require(
        np.abs(far).max() <= 1 + 1e-9,
        "gru_step: with |h_prev| <= 1 the state has left [-1, 1]; h must lie between h_prev and n.",
    )


def gru_forward(t, gru_forward):
    t.check(gru_forward, SEQUENCE, "h, cache", ignore="cache", float32=False)
    for args in (SEQUENCE | OTHERS, ONE_SEQUENCE):
        t.check(gru_forward, args, "h, cache", ignore="cache", quiet=True)


def gru_step_backward(t, gru_step_backward, gru_step, numerical_gradient):
    t.check(
        gru_step_backward,
        {
            "dh": np.array([[-0.8, 0.9], [1.6, 0.3], [0.5, -1.1]]),
            "cache": gru_step(*STEP.values())[1],
        },
        "dx, dh_prev, dW_x, dW_h, db",
        float32=False,
    )
    for dh, step in ((-0.7 * STATE, STEP | OTHERS), (np.array([[0.6]]), ONE_STEP)):
        args = {"dh": dh, "cache": gru_step(*step.values())[1]}
        names = "dx, dh_prev, dW_x, dW_h, db"
        t.check(gru_step_backward, args, names, float32=False, quiet=True)
    small = [array.astype(np.float32) for array in STEP.values()]
    gradients = gru_step_backward(small[1], gru_step(*small)[1])
    _keeps_float32("gru_step_backward", ("dx", "dh_prev", "dW_x", "dW_h", "db"), gradients)
    rng = np.random.default_rng(11)
    shapes = {"x": (2, 3), "h_prev": (2, 4), "W_x": (3, 12), "W_h": (4, 12), "b": (12,)}
    inputs = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    dh = rng.normal(size=(2, 4))
    _agrees_with_numerical(t, numerical_gradient, gru_step, gru_step_backward, inputs, dh)


def gru_backward(t, gru_backward, gru_forward, numerical_gradient):
    t.check(
        gru_backward,
        {
            "dh": 1.5 * _numbers(3, 4, H, start=3.0),
            "cache": gru_forward(*SEQUENCE.values())[1],
        },
        "dx, dh0, dW_x, dW_h, db",
        float32=False,
    )
    for start, sequence in ((1.0, SEQUENCE | OTHERS), (2.0, ONE_SEQUENCE)):
        h, cache = gru_forward(*sequence.values())
        args = {"dh": _numbers(*h.shape, start=start), "cache": cache}
        t.check(gru_backward, args, "dx, dh0, dW_x, dW_h, db", float32=False, quiet=True)
    states, cache = gru_forward(*(array.astype(np.float32) for array in SEQUENCE.values()))
    _keeps_float32("gru_backward", ("dx", "dh0", "dW_x", "dW_h", "db"), gru_backward(states, cache))
    rng = np.random.default_rng(12)
    shapes = {"x": (2, 5, 3), "h0": (2, 4), "W_x": (3, 12), "W_h": (4, 12), "b": (12,)}
    inputs = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
    dh = rng.normal(size=(2, 5, 4))
    _agrees_with_numerical(t, numerical_gradient, gru_forward, gru_backward, inputs, dh)


def convert_gru_convention(t, convert_gru_convention):
    z = np.array([[[0.25, 1.0, 0.0], [0.9, 0.5, 0.01]], [[0.3, 0.75, 0.6], [0.2, 0.8, 0.97]]])
    t.check(convert_gru_convention, {"z": z}, "z of the other convention")
    for other in (z[::-1], z[:1, :, :1]):
        t.check(convert_gru_convention, {"z": other}, "z of the other convention", quiet=True)


def from_torch_weights(t, from_torch_weights):
    t.check(from_torch_weights, TORCH_WEIGHTS, "W_x, W_h, b")
    others = {name: 0.8 * np.flip(value) for name, value in TORCH_WEIGHTS.items()}
    one = {name: value[:3, :1] if value.ndim > 1 else value[:3] for name, value in others.items()}
    for args in (others, one):
        t.check(from_torch_weights, args, "W_x, W_h, b", quiet=True)


def GRU(t, GRU):
    def loaded(weights, dtype):
        """Make a GRU(5, 2) with PyTorch's weights."""
        layer, model = nn.GRU(D, H, batch_first=True), GRU(D, H)
        checks.require(
            not any(isinstance(m, nn.RNNBase | nn.RNNCellBase) for m in model.modules()),
            "GRU: there is a PyTorch recurrent layer inside; build the step from matrix products.",
        )
        checks.require(
            all((p != p.flatten()[0]).any() for p in model.parameters() if p.ndim == 2),
            "GRU: a weight matrix starts constant (all zeros?); draw its first values at random.",
        )
        other = [p for p in GRU(D, H).parameters() if p.ndim == 2]
        checks.require(
            not any(map(torch.equal, [p for p in model.parameters() if p.ndim == 2], other)),
            "GRU: two new ones start with the same weights; draw them at random.",
        )
        layer.load_state_dict(weights)
        try:
            load_torch_weights(model, layer)
        except ValueError as error:
            raise checks.CheckFailed(f"GRU: PyTorch's weights do not load, {error}.") from None
        return model.to(dtype)

    def gru(x, h0, *weights):
        return loaded(dict(zip(names, weights, strict=True)), torch.float64)(x, h0)

    gru.__name__ = "GRU"
    weights = {f"{name}_l0": torch.tensor(value) for name, value in TORCH_WEIGHTS.items()}
    names = list(weights)
    x, h0 = torch.tensor(SEQUENCE["x"]), torch.tensor(STATE)[None]
    with contextlib.suppress(Exception), noted(all_of_it=True) as used:  # t.check says what failed
        loaded(weights, torch.float64)(x.clone(), h0.clone())
    checks.require(
        not used & {"torch.gru", "torch.gru_cell", "torch.nn.RNN, LSTM or GRU", "torch.ops"},
        "GRU: PyTorch's own GRU does the work; build the step from matrix products.",
    )
    t.check(gru, {"x": x, "h0": h0, **weights}, "output, h_n", float32=False)

    model = loaded(weights, torch.float64)
    try:
        output, _ = model(x)
    except (AttributeError, RuntimeError, TypeError) as error:
        raise checks.CheckFailed(
            f"GRU: without h0 the call fails ({error}). The state must then start from zeros of "
            "x's dtype and device: x.new_zeros(...)."
        ) from None
    t.compare("GRU: output without h0", output)
    t.compare("GRU: output for one sequence of one step", model(x[:1, :1])[0])
    try:
        GRU(D, H).to("meta")(torch.empty(2, 3, D, device="meta"))
    except RuntimeError as error:
        raise checks.CheckFailed(
            f"GRU fails on a device other than the CPU ({error}): create zeros with "
            "x.new_zeros(...)."
        ) from None
    for dtype in (torch.float64, torch.float32):
        found = [value.dtype for value in loaded(weights, dtype)(x.to(dtype))]
        checks.require(
            found == [dtype] * 2,
            f"GRU: {dtype} input gives {found[0]} output and {found[1]} h_n. Keep x's dtype: make "
            "zeros with x.new_zeros(...), leave out .float() and .double().",
        )

    x, h0 = x.requires_grad_(), h0.requires_grad_()
    output, h_n = model(x, h0)
    checks.require(
        output.grad_fn is not None, "GRU: no gradient flows back: was a tensor detached or rebuilt?"
    )
    ((output**2).sum() + h_n.sum()).backward()
    t.compare("GRU: the gradient that reaches x", x.grad)
    t.compare("GRU: the gradient that reaches h0", h0.grad)
    squares = sum(float((p.grad**2).sum()) for p in model.parameters() if p.grad is not None)
    t.compare("GRU: the sum of all squared weight gradients", squares)


def count_parameters(t, count_parameters):
    def of_each(D, H):
        return [count_parameters(cell, D, H) for cell in ("rnn", "gru", "lstm")]

    of_each.__name__ = "count_parameters"
    counts = t.check(of_each, {"D": 2, "H": 3}, "rnn, gru, lstm", quiet=True)
    for count in counts.values():
        checks.require(isinstance(count, int | np.integer), "count_parameters must return an int.")
    t.say("count_parameters: rnn, gru, lstm")


def test_port(t, test_port, shipped_gru_step):
    red = {
        shipped_gru_step: "the step that was shipped",
        "first": "the shipped step with one half of its mistake mended",
        "second": "the shipped step with the other half of its mistake mended",
        "kept": "a step whose z rewrites instead of keeping",
        "swapped": "a step that exchanges the gates r and z",
        "bias": "a step whose gates lack bias_hh",
        "forgetful": "a step whose n does not see h_prev",
        "alone": "a step that gives every row the first row's state",
        "linear": "a step whose n has no tanh",
        "blind": "a step whose z does not see x",
        "no bias_ih": "a step whose n lacks bias_ih",
        "exchanged": "a step that exchanges the two biases in n",
        "rows": "a step that hands the rows back in another order",
        "units": "a step that hands the units back in another order",
        "one row": "a step that leaves the first row as it was",
        "one unit": "a step that leaves the first unit as it was",
        "another unit": "a step that leaves the last unit as it was",
        "down": "a step that rounds down to two decimals",
        "up": "a step that rounds up to two decimals",
    }
    green = {"": "PyTorch's own step", "by hand": "the same step, computed in another order"}
    t.say(bug_hunt.require_red_and_green(test_port, _by_torch, red=red, green=green))


def _by_torch(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh, slip=""):
    """Advance PyTorch's GRU, or one with a slip: most are the right cell with other weights."""
    arrays = (x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh)
    x, h, *weights = (torch.tensor(array, dtype=torch.float64) for array in arrays)
    W, U, b, c = weights
    H = h.shape[1]
    r, z = slice(H), slice(H, 2 * H)
    n = slice(2 * H, None)
    match slip:
        case "kept":
            for weight in weights:
                weight[z] *= -1
        case "swapped":
            W, U, b, c = (torch.cat([weight[z], weight[r], weight[n]]) for weight in weights)
        case "bias":
            c[: 2 * H] = 0
        case "forgetful":
            U[n], c[n] = 0, 0
        case "alone":
            h = h[:1].expand(h.shape).contiguous()
        case "second":  # the product is right, its bias stands outside
            b[n] += c[n]
            c[n] = 0
        case "first" | "linear" | "by hand":
            gate, keep = torch.sigmoid(x @ W.T + b + h @ U.T + c)[:, : 2 * H].split(H, dim=1)
            past = (gate * h) @ U[n].T if slip == "first" else gate * (h @ U[n].T)
            new = x @ W[n].T + b[n] + past + gate * c[n]
            return ((1 - keep) * (new if slip == "linear" else new.tanh()) + keep * h).numpy()
        case "blind":
            W[z] = 0
        case "no bias_ih":
            b[n] = 0
        case "exchanged":
            b[n], c[n] = c[n].clone(), b[n].clone()
    new = torch.gru_cell(x, h, W, U, b, c).numpy()
    return AFTERWARDS[slip](new, h.numpy()) if slip in AFTERWARDS else new


AFTERWARDS = {  # what a step with a slip does to a right state, from that before
    "rows": lambda new, old: new[::-1],
    "units": lambda new, old: new[:, ::-1],
    "one row": lambda new, old: np.concatenate([old[:1], new[1:]]),
    "one unit": lambda new, old: np.concatenate([old[:, :1], new[:, 1:]], axis=1),
    "another unit": lambda new, old: np.concatenate([new[:, :-1], old[:, -1:]], axis=1),
    "down": lambda new, old: np.floor(100 * new) / 100,
    "up": lambda new, old: np.ceil(100 * new) / 100,
}


def ported_gru_step(t, ported_gru_step):
    t.check(ported_gru_step, {"x": STEP["x"], "h_prev": STATE, **TORCH_WEIGHTS}, "h")
    for rows in (slice(None, None, -1), slice(1)):
        args = {"x": STEP["x"][rows], "h_prev": STATE[rows], **TORCH_WEIGHTS}
        t.check(ported_gru_step, args, "h", quiet=True)
    far = ported_gru_step(5000 * STEP["x"], STATE, *TORCH_WEIGHTS.values())
    checks.require(
        np.isfinite(far).all(),
        "ported_gru_step: h is nan for large inputs: there np.exp overflows. Use the sigmoid from "
        "above, and np.tanh.",
    )


def checkpointed_backward(t, checkpointed_backward, gru_forward, gru_backward):
    names = "dx, dh0, dW_x, dW_h, db"
    sequence = {"x": _numbers(3, 7, D, start=1.0), "h0": STATE, **WEIGHTS}
    args = {"dh": _numbers(3, 7, H, start=2.7), **sequence, "every": 3}
    t.check(checkpointed_backward, args, names)
    for every in (1, 6, 7, 10):
        t.check(checkpointed_backward, args | {"every": every}, names, quiet=True)
    single = {"dh": _numbers(1, 1, 1, start=0.4), **ONE_SEQUENCE, "every": 2}
    t.check(checkpointed_backward, single, names, quiet=True)
    rng = np.random.default_rng(0)
    long = [
        0.3 * rng.normal(size=s)
        for s in ((8, 256, 16), (8, 256, 1), (8, 16), (1, 48), (16, 48), 48)
    ]
    whole = measuring.peak_bytes(lambda: gru_backward(long[0], gru_forward(*long[1:])[1]))
    parts = measuring.peak_bytes(lambda: checkpointed_backward(*long, 16))
    checks.require(
        parts < 0.6 * whole,
        f"checkpointed_backward: over 256 steps with every=16 it takes {parts / whole:.0%} of the "
        "memory that all caches take. Let no cache of another part stay alive.",
    )
    t.say("for parts of several lengths, and in less memory than all caches take")
