"""Worked examples of the exercises of ``02_lstm/lstm.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import checks


def lstm_step(t, lstm_step, ONE_STEP):
    # What each order of the four blocks would give for h on the worked example.
    orders = {
        "i f o g": [0.277082, -0.463436],
        "i g f o": [0.343230, -0.118844],
        "i g o f": [0.338226, -0.167253],
        "i o f g": [0.314619, -0.396082],
        "i o g f": [0.304559, 0.023040],
        "f i g o": [0.239223, -0.130820],
        "f i o g": [0.250734, -0.460190],
        "f g i o": [0.356098, -0.156799],
        "f g o i": [0.352229, -0.370468],
        "f o i g": [0.302162, -0.394173],
        "f o g i": [0.286944, -0.284070],
        "g i f o": [0.104759, 0.003537],
        "g i o f": [0.105898, 0.154138],
        "g f i o": [0.177314, 0.042071],
        "g f o i": [0.172757, -0.081234],
        "g o i f": [0.165963, 0.167761],
        "g o f i": [0.160230, -0.101777],
        "o i f g": [0.225025, -0.653126],
        "o i g f": [0.214230, -0.065798],
        "o f i g": [0.239244, -0.654869],
        "o f g i": [0.231285, -0.292633],
        "o g i f": [0.303092, -0.238827],
        "o g f i": [0.304253, -0.424243],
    }
    wrong_order = {
        f"Wrong gate order: you cut {order.replace(' ', ', ')}; it is i, f, g, o.": np.array(
            [value]
        )
        for order, value in orders.items()
    }
    t.check(lstm_step, ONE_STEP, "h, c, cache", ignore="cache")


def lstm_forward(t, lstm_forward, SEQUENCE):
    t.check(lstm_forward, SEQUENCE, "h, c, cache", ignore="cache")


def lstm_gates(t, lstm_gates, SEQUENCE):
    i = np.array([[[0.841576], [0.612868], [0.279678]], [[0.287000], [0.693572], [0.760789]]])
    f = np.array([[[0.425557], [0.762966], [0.874983]], [[0.883911], [0.595100], [0.650379]]])
    g = np.array([[[-0.652707], [0.970766], [-0.440648]], [[0.254296], [-0.293842], [0.839605]]])
    o = np.array([[[0.899348], [0.444672], [0.323800]], [[0.272892], [0.771859], [0.658076]]])
    t.check(lstm_gates, SEQUENCE, "gates")


def lstm_step_backward(t, lstm_step_backward, lstm_step, ONE_STEP):
    dh, dc = np.array([[0.6, -1.0]]), np.array([[0.3, 0.7]])
    t.check(
        lstm_step_backward,
        {"dh": dh, "dc": dc, "cache": lstm_step(*ONE_STEP.values())[-1]},
        "dx, dh_prev, dc_prev, dW_x, dW_h, db",
        float32=False,
    )
    f32 = lambda *arrays: [a.astype(np.float32) for a in arrays]
    grads = lstm_step_backward(*f32(dh, dc), lstm_step(*f32(*ONE_STEP.values()))[-1])
    checks.require(
        all(g.dtype == np.float32 for g in grads),
        "float32 in, float32 out: a gradient became float64.",
    )


def lstm_backward(t, lstm_backward, UPSTREAM_H, UPSTREAM_C, lstm_forward, SEQUENCE):
    t.check(
        lstm_backward,
        {"dh": UPSTREAM_H, "dc": UPSTREAM_C, "cache": lstm_forward(*SEQUENCE.values())[-1]},
        "dx, dh0, dc0, dW_x, dW_h, db",
        float32=False,
    )
    f32 = lambda *arrays: [a.astype(np.float32) for a in arrays]
    grads = lstm_backward(*f32(UPSTREAM_H, UPSTREAM_C), lstm_forward(*f32(*SEQUENCE.values()))[-1])
    checks.require(
        all(g.dtype == np.float32 for g in grads),
        "float32 in, float32 out: a gradient became float64.",
    )


def init_lstm(t, init_lstm):
    W_x, W_h, b = t.check(
        init_lstm,
        {"D": 100, "H": 50, "rng": np.random.default_rng(0), "forget_bias": 2.5},
        "W_x, W_h, b",
        ignore="W_x, W_h",
        float32=False,
        quiet=True,
    ).values()
    for name, W, shape, std in [
        ("W_x", W_x, (100, 200), 0.1155),
        ("W_h", W_h, (50, 200), 0.1414),
    ]:
        checks.require(
            isinstance(W, np.ndarray) and W.shape == shape,
            f"init_lstm: {name} must be an array of shape {shape}.",
        )
        got = W.std()
        joint = (2 / (shape[0] + 200)) ** 0.5
        hint = (
            " That is the value for the four blocks taken as one; each gate's own fan_out is H."
            if abs(got / joint - 1) < 0.05
            else ""
        )
        hint = hint or (
            " That is the variance: the scale of rng.normal is a standard deviation."
            if abs(got / std**2 - 1) < 0.1
            else ""
        )
        checks.require(
            abs(got / std - 1) < 0.05,
            f"init_lstm: the std of {name} is {got:.4f}; here it must be about {std}.{hint}",
        )
        checks.require(
            abs(W.mean()) < 0.01,
            f"init_lstm: the mean of {name} must be about 0; it is {W.mean():.4f}.",
        )
    checks.require(
        W_x.dtype == W_h.dtype == np.float64,
        f"init_lstm: the weights must be float64; yours are {W_x.dtype}.",
    )
    checks.require(
        init_lstm(3, 2, np.random.default_rng(0))[2][2] == 1.0,
        "init_lstm: without forget_bias the forget gate's bias must be 1.",
    )
    checks.require(
        not np.array_equal(W_x[:, :50], W_x[:, 50:100]),
        "init_lstm: two gates have the same weights; draw every block afresh.",
    )
    again = init_lstm(100, 50, np.random.default_rng(0))[0]
    checks.require(
        np.array_equal(W_x, again),
        "init_lstm: the same rng must give the same weights: draw from rng alone.",
    )
    checks.require(
        not np.array_equal(W_x, init_lstm(100, 50, np.random.default_rng(1))[0]),
        "init_lstm: another rng must give other weights: rng is not used.",
    )
    t.say("init_lstm: W_x (100, 200), W_h (50, 200), b (200,)")


def LSTM(t, LSTM):
    import copy
    import itertools

    from course.weights import load_torch_weights

    torch.manual_seed(4)
    theirs = nn.LSTM(3, 2, num_layers=2, batch_first=True).double()
    mine = LSTM(3, 2, num_layers=2).double()
    load_torch_weights(mine, theirs)
    x, h0, c0 = (torch.randn(*s, dtype=torch.float64) for s in [(4, 5, 3), (2, 4, 2), (2, 4, 2)])

    def run(x, h0, c0):
        try:
            result = mine(x) if h0 is None else mine(x, (h0, c0))
        except (TypeError, RuntimeError) as error:
            if h0 is not None:
                raise
            raise checks.CheckFailed(
                f"LSTM fails when no state is passed ({error}): "
                "None means zeros; create them with x.new_zeros(...)."
            ) from None
        checks.require(
            isinstance(result, tuple)
            and len(result) == 2
            and isinstance(result[1], tuple | list)
            and len(result[1]) == 2,
            "LSTM: forward must return output, (h_n, c_n), as nn.LSTM does.",
        )
        return result[0], *result[1]

    def reordered(order):  # what a module that cuts the blocks in another order computes
        layer = copy.deepcopy(theirs)
        layer.load_state_dict(
            {
                k: torch.cat([v.chunk(4)[order.index(gate)] for gate in "ifgo"])
                for k, v in theirs.state_dict().items()
            }
        )
        return layer(x, (h0, c0))[0].detach()

    def without(*names):  # what a module that leaves out some parameters computes
        layer = copy.deepcopy(theirs)
        layer.load_state_dict(
            {k: v * (not k.startswith(names)) for k, v in theirs.state_dict().items()}
        )
        return layer(x, (h0, c0))[0].detach()

    run.__name__ = "LSTM"
    want, (h_n, c_n) = theirs(x, (h0, c0))
    t.check(run, {"x": x, "h0": h0, "c0": c0}, "output, h_n, c_n", atol=1e-10, float32=False)
    checks.compare("LSTM without a state: output", run(x, None, None)[0], theirs(x)[0])
    single = LSTM(3, 2)(x.float())
    checks.require(
        single[0].dtype == single[1][1].dtype == torch.float32,
        "LSTM: float32 in, float32 out; create zeros with x.new_zeros(...).",
    )


def peephole_lstm_step(t, peephole_lstm_step, ONE_STEP):
    t.check(
        peephole_lstm_step,
        {
            **ONE_STEP,
            "p_i": np.array([0.9, -0.6]),
            "p_f": np.array([-1.1, 0.5]),
            "p_o": np.array([0.7, 1.3]),
        },
        "h, c",
    )


def variational_dropout(t, variational_dropout):
    ones = np.ones((40, 6, 50))
    out = t.check(
        variational_dropout,
        {"x": ones, "rate": 0.2, "rng": np.random.default_rng(0)},
        "dropped",
        ignore="dropped",
        float32=False,
        quiet=True,
    )["dropped"]
    checks.require(
        isinstance(out, np.ndarray) and out.shape == (40, 6, 50),
        "variational_dropout must return an array of the shape of x.",
    )
    checks.require(
        not np.array_equal(out, ones), "variational_dropout: nothing is dropped at rate 0.2."
    )
    share = (out != 0).mean()
    steps = (out != 0) != (out != 0)[:, :1]
    checks.require(
        not steps.any(),
        "variational_dropout: the mask changes from step to step: its time axis must have length 1.",
    )
    checks.require(
        abs(share - 0.2) > 0.06,
        "variational_dropout: rate is the share that is dropped; you keep that share.",
    )
    checks.require(
        abs(share - 0.8) < 0.06,
        f"variational_dropout: a share of {share:.2f} is kept at rate 0.2; it must be about 0.8.",
    )
    checks.require(
        ((out != 0)[0] != (out != 0)).any(),
        "variational_dropout: all sequences share one mask; each needs its own.",
    )
    checks.require(
        ((out != 0)[..., :1] != (out != 0)).any(),
        "variational_dropout: whole sequences are dropped; the mask is per feature.",
    )
    kept = out[out != 0]
    checks.require(
        not np.allclose(kept, 1.0),
        "variational_dropout: the scaling is missing: divide what is kept by 1 - rate.",
    )
    checks.require(
        np.allclose(kept, 1.25),
        f"variational_dropout: a kept 1 became {kept[0]:.3f} at rate 0.2; "
        "inverted scaling makes it 1 / (1 - 0.2) = 1.25.",
    )
    checks.require(
        np.array_equal(variational_dropout(ones, 0.0, np.random.default_rng(0)), ones),
        "variational_dropout: at rate 0 nothing may change.",
    )
    checks.require(
        np.array_equal(variational_dropout(ones, 0.2, np.random.default_rng(0)), out),
        "variational_dropout: the same rng must give the same masks: draw from rng alone.",
    )
    checks.require(
        not np.array_equal(variational_dropout(ones, 0.2, np.random.default_rng(1)), out),
        "variational_dropout: another rng must give other masks: rng is not used.",
    )
    checks.require(
        np.allclose(variational_dropout(3 * ones, 0.2, np.random.default_rng(0)), 3 * out),
        "variational_dropout: the result must be x times the mask, not the mask.",
    )
    checks.require(
        variational_dropout(ones.astype(np.float32), 0.2, np.random.default_rng(0)).dtype
        == np.float32,
        "variational_dropout: float32 in, float32 out.",
    )
    t.say("variational_dropout: dropped (40, 6, 50)")


def repaired_backward(t, repaired_backward, UPSTREAM_H, found_forward):
    W = {
        g: np.array(w)[:, None]
        for g, w in {"i": [0.9, 0.7], "f": [-0.4, -0.5], "g": [1.2, -1.3], "o": [0.3, 0.9]}.items()
    }
    b = {"i": np.array([0.2]), "f": np.array([1.0]), "g": np.array([-0.1]), "o": np.array([0.4])}
    rows = np.array([[[0.5], [1.0], [-0.7]], [[-0.4], [0.2], [1.1]]])
    good = {
        "W": {
            "i": [[0.129347], [-0.058561]],
            "f": [[-0.042665], [0.044345]],
            "g": [[0.103668], [0.026071]],
            "o": [[-0.137253], [0.002178]],
        },
        "b": {"i": [-0.123875], "f": [0.096137], "g": [0.542066], "o": [-0.085189]},
    }
    only_biases = {"i": [-0.140231], "f": [0.054294], "g": [0.325216], "o": [-0.063995]}
    only_cell = {"i": [0.096137], "f": [0.096137], "g": [0.096137], "o": [0.096137]}
    neither = {"i": [0.054294], "f": [0.054294], "g": [0.054294], "o": [0.054294]}
    asarrays = lambda table: {g: np.array(v) for g, v in table.items()}
    dw, db = t.check(
        repaired_backward,
        {"dh": UPSTREAM_H, "record": found_forward(rows, W, b)[1], "W": W},
        "dW, db",
        ignore="dW",
        float32=False,
        quiet=True,
    ).values()
    checks.compare("repaired_backward: dW", dw, asarrays(good["W"]))
    t.say("repaired_backward: dW, db")
