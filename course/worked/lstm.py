"""Worked examples of ``02_lstm/lstm.ipynb``: 2 rows, 4 steps, 5 inputs, 3 units."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks
from course.weights import load_torch_weights

N, T, D, H = 2, 4, 5, 3
MOST_INSTRUCTIONS = 3_000
"""Of Python's, for a scan over 4,096 steps; a loop over them takes twenty times as many."""


def _numbers(*shape, start):
    """Make numbers between -1 and 1 without a pattern, the same on every machine."""
    return np.round(np.sin(np.arange(np.prod(shape)) ** 2 + start), 1).reshape(shape) + 0.0


_WEIGHTS = {
    "W_x": _numbers(D, 4 * H, start=0.3),
    "W_h": _numbers(H, 4 * H, start=1.9),
    "b": _numbers(4 * H, start=4.0),
}
_H0, _C0 = _numbers(N, H, start=2.2), 2 * _numbers(N, H, start=5.5)
_STEP = {"x": _numbers(N, D, start=2.6), "h_prev": _H0, "c_prev": _C0, **_WEIGHTS}
"""Arguments of one step."""
_SEQUENCE = {"x": _numbers(N, T, D, start=5.2), "h0": _H0, "c0": _C0, **_WEIGHTS}
"""Arguments of two sequences of four steps."""
_DH, _DC = 2 * _numbers(N, T, H, start=1.4), 2 * _numbers(N, T, H, start=0.8)
"""Gradients that arrive at the hidden states and cells of the sequences."""
_OTHERS = {name: 0.8 * np.flip(value) for name, value in _WEIGHTS.items()}
"""Weights of the same shapes, for a second call that must not return what the first one did."""
_ONE = {
    "W_x": _numbers(2, 4, start=0.9),
    "W_h": _numbers(1, 4, start=3.1),
    "b": _numbers(4, start=1.7),
}
"""Weights of a single unit that has two inputs."""


def _float32(*arrays):
    return [array.astype(np.float32) for array in arrays]


def _keeps_float32(label, values):
    """Hold named arrays, made from float32 ones, to their dtype."""
    for name, value in values.items():
        checks.require(
            value.dtype == np.float32,
            f"{label}: {name} has dtype {value.dtype} for float32 input. Keep the input's dtype: "
            "create arrays with np.zeros_like(...) or dtype=x.dtype.",
        )


def _require_all(rules):
    """Hold each sentence's condition, in order."""
    for sentence, holds in rules.items():
        checks.require(holds, sentence)


def lstm_step(t, lstm_step):
    t.check(lstm_step, _STEP, "h, c, cache", ignore="cache", float32=False)
    large = {**_STEP, "x": 1e4 * _STEP["x"], "c_prev": 50 * _C0}
    t.check(lstm_step, large, "h, c, cache", ignore="cache", quiet=True)
    t.check(lstm_step, _one_step(), "h, c, cache", ignore="cache", quiet=True)


def _one_step():
    """One step of one sequence, for a single unit."""
    return {
        "x": np.array([[0.7, -0.2]]),
        "h_prev": np.array([[0.4]]),
        "c_prev": np.array([[-1.3]]),
    } | _ONE


def lstm_forward(t, lstm_forward):
    t.check(lstm_forward, _SEQUENCE, "h, c, cache", ignore="cache", float32=False)
    t.check(lstm_forward, _SEQUENCE | _OTHERS, "h, c, cache", ignore="cache", quiet=True)
    t.check(lstm_forward, _one_sequence(), "h, c, cache", ignore="cache", quiet=True)


def _one_sequence():
    """One sequence of one step, for a single unit."""
    return {
        "x": np.array([[[0.7, -0.2]]]),
        "h0": np.array([[0.4]]),
        "c0": np.array([[-1.3]]),
    } | _ONE


def lstm_gates(t, lstm_gates):
    for args in (_SEQUENCE, _SEQUENCE | _OTHERS, _one_sequence()):
        t.check(lstm_gates, args, "gates", quiet=True)
    _keeps_float32("lstm_gates", lstm_gates(*_float32(*_SEQUENCE.values())))
    t.say(f"lstm_gates: i, f, g, o, each {N, T, H}")


def lstm_step_backward(t, lstm_step_backward, lstm_step):
    dh, dc, names = _DH[:, 0], _DC[:, 1], "dx, dh_prev, dc_prev, dW_x, dW_h, db"
    args = {"dh": dh, "dc": dc, "cache": lstm_step(*_STEP.values())[-1]}
    t.check(lstm_step_backward, args, names, float32=False)
    for step in ({**_STEP, **_OTHERS}, _one_step()):
        up = [-dh, 2 * dc] if len(step["x"]) > 1 else [np.array([[0.6]]), np.array([[-0.9]])]
        args = {"dh": up[0], "dc": up[1], "cache": lstm_step(*step.values())[-1]}
        t.check(lstm_step_backward, args, names, float32=False, quiet=True)
    cache = lstm_step(*_float32(*_STEP.values()))[-1]
    gradients = lstm_step_backward(*_float32(dh, dc), cache)
    _keeps_float32("lstm_step_backward", dict(zip(names.split(", "), gradients, strict=True)))


def lstm_backward(t, lstm_backward, lstm_forward):
    names = "dx, dh0, dc0, dW_x, dW_h, db"
    args = {"dh": _DH, "dc": _DC, "cache": lstm_forward(*_SEQUENCE.values())[-1]}
    t.check(lstm_backward, args, names, float32=False)
    for sequence in (_SEQUENCE | _OTHERS, _one_sequence()):
        up = (
            [-_DH, 2 * _DC]
            if len(sequence["x"]) > 1
            else [np.full((1, 1, 1), v) for v in (0.6, -0.9)]
        )
        args = {"dh": up[0], "dc": up[1], "cache": lstm_forward(*sequence.values())[-1]}
        t.check(lstm_backward, args, names, float32=False, quiet=True)
    cache = lstm_forward(*_float32(*_SEQUENCE.values()))[-1]
    gradients = lstm_backward(*_float32(_DH, _DC), cache)
    _keeps_float32("lstm_backward", dict(zip(names.split(", "), gradients, strict=True)))


def init_lstm(t, init_lstm):
    args = {"D": 3, "H": 2, "rng": np.random.default_rng(0), "forget_bias": 2.5}
    names = "W_x, W_h, b"
    t.check(init_lstm, args, names, ignore="W_x, W_h", float32=False, quiet=True)
    W_x, W_h, b = init_lstm(120, 40, np.random.default_rng(0))
    matrices = {"W_x": W_x, "W_h": W_h}
    for (name, W), shape in zip(matrices.items(), ((120, 160), (40, 160)), strict=True):
        checks.require(
            isinstance(W, np.ndarray) and W.shape == shape,
            f"init_lstm: {name} must be an array of shape {shape}; "
            f"yours is {checks.type_name(W)} of shape {np.shape(W)}.",
        )
    for name, W in matrices.items():
        label = f"init_lstm: the standard deviation of {name}, rounded,"
        t.compare(label, round(float(W.std()), 3), rtol=0.04)
        checks.require(
            abs(W.mean()) < 0.01,
            f"init_lstm: the mean of {name} must be about 0; it is {W.mean():.4f}.",
        )
        checks.require(
            W.dtype == np.float64, f"init_lstm: {name} is {W.dtype}; it must be float64."
        )
    again, other = (init_lstm(120, 40, np.random.default_rng(k)) for k in (0, 1))
    block = W_h[:, :40]
    _require_all(
        {
            "The weights are drawn uniformly; Glorot-normal weights come from rng.normal.": (
                np.abs(W_x).max() > 2.5 * W_x.std()
            ),
            "The blocks of W_h are orthogonal matrices; here they are normal draws.": (
                not np.allclose(block.T @ block, np.eye(40))
            ),
            "The default of forget_bias must be 1.": (b[40:80] == 1).all(),
            "forget_bias may be 0 or negative, too: take it as it is.": all(
                (init_lstm(3, 2, np.random.default_rng(0), bias)[2][2:4] == bias).all()
                for bias in (0.0, -1.0)
            ),
            "Two gates have the same weights: draw every block afresh.": (
                not np.array_equal(W_x[:, :40], W_x[:, 40:80])
                and not np.array_equal(block, W_h[:, 40:80])
            ),
            "The same rng must give the same weights: draw from rng alone.": (
                np.array_equal(W_x, again[0]) and np.array_equal(W_h, again[1])
            ),
            "Another rng must give other weights: rng is not used.": (
                not np.array_equal(W_x, other[0]) and not np.array_equal(W_h, other[1])
            ),
        }
    )
    t.say("init_lstm: W_x (120, 160), W_h (40, 160), b (160,)")


def LSTM(t, LSTM):
    layer = nn.LSTM(6, 3, num_layers=2, batch_first=True).double()
    with torch.no_grad():
        for k, p in enumerate(layer.parameters()):
            p.copy_(torch.tensor(_numbers(*p.shape, start=0.7 * k)))
    x, h0, c0 = (
        torch.tensor(_numbers(*shape, start=start))
        for shape, start in (((4, 5, 6), 0.5), ((2, 4, 3), 1.5), ((2, 4, 3), 2.5))
    )
    model = LSTM(6, 3, num_layers=2).double()
    try:
        load_torch_weights(model, layer)
    except ValueError as error:
        raise checks.CheckFailed(f"LSTM: {error}. Is each an nn.Parameter?") from None

    def run(x, h0, c0):
        return _flat(model(x, (h0, c0)))

    run.__name__ = "LSTM"
    once, twice = (run(x.clone(), h0.clone(), c0.clone())[0] for _ in range(2))
    checks.require(
        torch.equal(once, twice),
        "Two calls with the same input differ: leave out dropout, or whatever else is random.",
    )
    args = {"x": x, "h0": h0, "c0": c0}
    found = t.check(run, args, "output, h_n, c_n", float32=False, quiet=True)
    output, (h_n, c_n) = layer(x, (h0, c0))
    for (name, got), want in zip(found.items(), (output, h_n, c_n), strict=True):
        gap = float((got - want).detach().abs().max())
        checks.require(gap < 1e-10, f"LSTM: {name} is off by {gap:.1e} from that of nn.LSTM.")
    for label in ("LSTM without a state", "LSTM without a state, called again"):
        t.compare(f"{label}: output", _without_state(model, x)[0])
    x.requires_grad_(True)
    output, (h_n, c_n) = model(x, (h0, c0))
    checks.require(
        output.requires_grad, "LSTM: no gradient flows back: was a tensor detached or rebuilt?"
    )
    (output[:, -1] + h_n[0] * c_n[1]).sum().backward()
    t.compare("LSTM: the gradient of x", x.grad)
    for name, parameter in model.named_parameters():
        checks.require(
            parameter.grad is not None and bool(parameter.grad.any()),
            f"LSTM: no gradient reaches {name}, so it would never learn: leave out detach(), "
            ".data, torch.no_grad() and requires_grad=False.",
        )
    single = _without_state(LSTM(6, 3), x.detach().float())
    checks.require(
        all(value.dtype == torch.float32 for value in single),
        "LSTM: float32 in, float32 out; create zeros with x.new_zeros(...).",
    )
    try:
        LSTM(6, 3).to("meta")(x.detach().float().to("meta"))
    except RuntimeError as error:
        raise checks.CheckFailed(
            f"LSTM fails on a device other than the CPU ({error}): create zeros with "
            "x.new_zeros(...)."
        ) from None
    t.say("LSTM: output (4, 5, 3), h_n (2, 4, 3), c_n (2, 4, 3), equal to nn.LSTM")


def _flat(result):
    """Turn ``output, (h_n, c_n)`` into three values."""
    checks.require(
        isinstance(result, tuple | list)
        and len(result) == 2
        and isinstance(result[1], tuple | list)
        and len(result[1]) == 2,
        "LSTM: forward must return output, (h_n, c_n), as nn.LSTM does.",
    )
    return result[0], *result[1]


def _without_state(model, x):
    try:
        return _flat(model(x))
    except (TypeError, RuntimeError) as error:
        raise checks.CheckFailed(
            f"LSTM fails when no state is passed ({error}): None means zeros, of the dtype and "
            "device of x; create them with x.new_zeros(...)."
        ) from None


def peephole_lstm_step(t, peephole_lstm_step):
    peepholes = {
        "p_i": np.array([0.9, -0.6, 1.4]),
        "p_f": np.array([-1.1, 0.5, 0.8]),
        "p_o": np.array([0.7, 1.3, -1.2]),
    }
    t.check(peephole_lstm_step, {**_STEP, **peepholes}, "h, c")
    t.check(peephole_lstm_step, {**_STEP, **_OTHERS, **peepholes}, "h, c", quiet=True)
    one = {name: weights[:1] for name, weights in peepholes.items()}
    t.check(peephole_lstm_step, {**_one_step(), **one}, "h, c", quiet=True)


def variational_dropout(t, variational_dropout):
    args = {
        "x": np.arange(1.0, 41.0).reshape(2, 4, 5),
        "rate": 0.5,
        "rng": np.random.default_rng(0),
    }
    t.check(variational_dropout, args, "dropped", ignore="dropped", float32=False, quiet=True)
    x = 1.0 + np.arange(40 * 6 * 50).reshape(40, 6, 50) % 7
    result = variational_dropout(x.copy(), 0.2, np.random.default_rng(0))
    checks.require(
        isinstance(result, np.ndarray) and result.shape == x.shape,
        "variational_dropout must return an array of the shape of x.",
    )
    kept = result != 0
    share = kept.mean()
    _require_all(
        {
            "Nothing is dropped: x comes back as it was.": not np.array_equal(result, x),
            "No value is 0 at rate 0.2: a mask drops some and keeps the others.": not kept.all(),
            "Everything is dropped at rate 0.2: about four fifths must be kept.": kept.any(),
            "Whole steps are dropped; the mask is per feature and the same at every step.": (
                (kept != kept[..., :1]).any() or (kept == kept[:, :1]).all()
            ),
            "The mask changes from step to step: its time axis must have length 1.": (
                (kept == kept[:, :1]).all()
            ),
            "All sequences share one mask; each needs its own.": (kept != kept[:1]).any(),
            "Whole sequences are dropped; the mask is per feature.": (kept != kept[..., :1]).any(),
            "rate is the share that is dropped; you keep that share.": abs(share - 0.2) > 0.06,
            f"A share of {share:.2f} is kept at rate 0.2; it must be about 0.8.": (
                abs(share - 0.8) < 0.06
            ),
            "The result is the mask; it must be x times the mask.": np.unique(result).size > 2,
        }
    )
    factors = (result / x)[kept]
    t.compare("variational_dropout: the factor of what is kept", round(float(factors.mean()), 4))
    same, other = (variational_dropout(x.copy(), 0.2, np.random.default_rng(k)) for k in (0, 1))
    none = variational_dropout(x.copy(), 0.0, np.random.default_rng(0))
    small = variational_dropout(x.astype(np.float32), 0.2, np.random.default_rng(0))
    _require_all(
        {
            "What is kept must have one factor, the same for every value.": (
                np.allclose(factors, factors[0])
            ),
            "At rate 0 nothing may change.": np.array_equal(none, x),
            "The same rng must give the same masks: draw from rng alone.": (
                np.array_equal(same, result)
            ),
            "Another rng must give other masks: rng is not used.": not np.array_equal(
                other, result
            ),
        }
    )
    _keeps_float32("variational_dropout", {"dropped": small})
    t.say("variational_dropout: dropped (40, 6, 50)")


def test_lstm_gradients(t, test_lstm_gradients, found_backward):
    blocks = (f"{name}_{gate}" for name in "Wb" for gate in "ifgo")
    red = {
        found_backward: "found_backward",
        "biases": "gradients of which the biases alone are wrong",
        "cell": "gradients that are right at T = 1 alone",
        **{b: f"a gradient of {b} whose last entries have the wrong sign" for b in blocks},
        "hidden": "a backward pass that brings nothing back through h",
        "gate": "a backward pass that takes one gate for another on the way back",
        "overwritten": "weights whose gradients come from one step alone",
        "means": "biases whose gradients are means over the sequences",
        "turned": "a gradient of W_f whose rows stand in reverse order",
        "first": "a gradient of W_i whose first entry has the wrong sign",
    }
    green = {"": "gradients that PyTorch finds"}
    t.say(bug_hunt.require_red_and_green(test_lstm_gradients, _by_autograd, red=red, green=green))


def _by_autograd(dh, record, W, slip=""):
    """Gradients of ``found_forward`` as PyTorch finds them, or with one slip."""
    H = np.shape(dh)[2]
    W = {gate: torch.tensor(np.asarray(W[gate]), requires_grad=True) for gate in "ifgo"}
    b = {gate: torch.zeros(H, dtype=W["i"].dtype, requires_grad=True) for gate in "ifgo"}
    h = c = torch.zeros(len(dh), H, dtype=W["i"].dtype)
    states = []
    for step, s in enumerate(record):
        seen = {name: torch.tensor(value) for name, value in s.items()}
        z = torch.cat([seen["z"][:, :-H], h.detach() if slip == "hidden" else h], dim=1)
        gates = {}
        for gate in "ifgo":
            own = W[gate].detach() if slip == "overwritten" and step else W[gate]
            change = z @ own + b[gate]  # in its slope alone: its value is in the record
            slope = 1 - seen[gate] ** 2 if gate == "g" else seen[gate] * (1 - seen[gate])
            gates[gate] = seen[gate] + slope * (change - change.detach())
        kept = gates["f"] * (c.detach() if slip in ("cell", "gate") else c)
        if slip == "gate":
            kept = kept + seen["i"] * (c - c.detach())
        c = kept + gates["i"] * gates["g"]
        h = gates["o"] * torch.tanh(c)
        states.append(h)
    torch.stack(states, dim=1).backward(torch.tensor(np.asarray(dh)))
    dW, db = ({gate: p.grad.numpy() for gate, p in params.items()} for params in (W, b))
    if "_" in slip:
        {"W": dW, "b": db}[slip[0]][slip[-1]][-1] *= -1
    if slip == "turned":
        dW["f"] = dW["f"][::-1]
    elif slip == "first":
        dW["i"][0, 0] *= -1
    elif slip == "biases":
        db = dict.fromkeys("ifgo", db["f"])
    elif slip == "means":
        db = {gate: value / len(dh) for gate, value in db.items()}
    return dW, db


def repaired_backward(t, repaired_backward, found_forward):
    stacked = np.concatenate([_WEIGHTS["W_x"], _WEIGHTS["W_h"]])
    W = dict(zip("ifgo", np.split(stacked, 4, axis=1), strict=True))
    b = dict(zip("ifgo", np.split(_WEIGHTS["b"], 4), strict=True))
    args = {"dh": _DH, "record": found_forward(_SEQUENCE["x"], W, b)[1], "W": W}
    t.check(repaired_backward, args, "dW, db", float32=False)
    args["dh"] = np.flip(_DH, axis=1)
    t.check(repaired_backward, args, "dW, db", float32=False, quiet=True)
    W, b = ({gate: part.astype(np.float32) for gate, part in table.items()} for table in (W, b))
    x, dh = _float32(_SEQUENCE["x"], _DH)
    for name, gradient in zip(
        ("dW", "db"), repaired_backward(dh, found_forward(x, W, b)[1], W), strict=True
    ):
        parts = {f"{name}[{gate!r}]": part for gate, part in gradient.items()}
        _keeps_float32("repaired_backward", parts)


def scan_cell(t, scan_cell):
    rng = np.random.default_rng(8)
    f, u = rng.uniform(0.2, 0.9, size=(2, 7, 3)), rng.normal(size=(2, 7, 3))
    args = {"f": f, "u": u, "c0": rng.normal(size=(2, 3))}
    t.check(scan_cell, args, "c")
    shut = np.where(rng.random(f.shape) < 0.3, 0.0, f)
    t.check(scan_cell, args | {"f": shut}, "c", quiet=True)
    single = {"f": f[:1, :1, :1], "u": u[:1, :1, :1], "c0": args["c0"][:1, :1]}
    t.check(scan_cell, single, "c", quiet=True)
    four = {"f": f[:, :4], "u": u[:, :4], "c0": args["c0"]}
    t.check(scan_cell, four, "c", quiet=True)
    done = _instructions(scan_cell, *(np.full((1, 4096, 1), 0.5),) * 2, np.ones((1, 1)))
    checks.require(
        done < MOST_INSTRUCTIONS,
        f"scan_cell: over 4,096 steps Python itself does {done:,} small things: is there a loop "
        "over the steps? Twelve sweeps over whole arrays are enough.",
    )
    t.say("also where gates are shut; and 4,096 steps without a loop over them")


def _instructions(function: Callable[..., Any], *args: Any) -> int:
    """Count the instructions of Python that run in a notebook's own code while a function does."""
    own, count = getattr(function, "__globals__", None), 0

    def trace(frame: FrameType, event: str, _: Any) -> Callable | None:
        nonlocal count
        if frame.f_globals is not own:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args)
    finally:
        sys.settrace(before)
    return count
