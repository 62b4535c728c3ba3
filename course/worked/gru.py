"""Worked examples of the exercises of ``03_gru/gru.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import checks
from course.weights import load_torch_weights


def gru_step(t, gru_step, EXAMPLE):
    t.check(gru_step, EXAMPLE, "h, cache", ignore="cache")
    far = gru_step(
        *[EXAMPLE[k] * (1000 if k == "b" else 1) for k in ("x", "h_prev", "W_x", "W_h", "b")]
    )[0]
    checks.require(
        np.abs(far).max() <= 1 + 1e-9,
        "gru_step: with |h_prev| <= 1 the state has left [-1, 1]; h must lie between h_prev and n.",
    )


def gru_forward(t, gru_forward, SEQUENCE):
    t.check(gru_forward, SEQUENCE, "h, cache", ignore="cache")


def gru_step_backward(t, gru_step_backward, gru_step, EXAMPLE, compare_with_numerical):
    t.check(
        gru_step_backward,
        {"dh": np.array([[-0.8, 0.9], [1.6, 0.3]]), "cache": gru_step(*EXAMPLE.values())[1]},
        "dx, dh_prev, dW_x, dW_h, db",
        float32=False,
    )
    small = [array.astype(np.float32) for array in EXAMPLE.values()]
    for name, array in zip(
        ("dx", "dh_prev", "dW_x", "dW_h", "db"),
        gru_step_backward(small[1], gru_step(*small)[1]),
        strict=True,
    ):
        checks.require(
            array.dtype == np.float32,
            f"gru_step_backward: {name} has dtype {array.dtype} for float32 input. Keep the dtype.",
        )
    rng = np.random.default_rng(11)
    arrays = [rng.normal(size=s) for s in ((3, 4), (3, 2), (4, 6), (2, 6), (6,))]
    compare_with_numerical(
        gru_step,
        gru_step_backward,
        ("x", "h_prev", "W_x", "W_h", "b"),
        arrays,
        rng.normal(size=(3, 2)),
    )


def gru_backward(t, gru_backward, gru_forward, SEQUENCE, compare_with_numerical):
    t.check(
        gru_backward,
        {
            "dh": np.array(
                [
                    [[-1.5, -0.6], [-0.2, -1.6], [-0.1, -1.3]],
                    [[0.8, 0.7], [-0.1, -1.3], [0.3, -0.6]],
                ]
            ),
            "cache": gru_forward(*SEQUENCE.values())[1],
        },
        "dx, dh0, dW_x, dW_h, db",
        float32=False,
    )
    small = [array.astype(np.float32) for array in SEQUENCE.values()]
    states, cache = gru_forward(*small)
    for name, array in zip(
        ("dx", "dh0", "dW_x", "dW_h", "db"), gru_backward(states, cache), strict=True
    ):
        checks.require(
            array.dtype == np.float32,
            f"gru_backward: {name} has dtype {array.dtype} for float32 input. Keep the dtype.",
        )
    rng = np.random.default_rng(12)
    arrays = [rng.normal(size=s) for s in ((2, 4, 3), (2, 2), (3, 6), (2, 6), (6,))]
    compare_with_numerical(
        gru_forward,
        gru_backward,
        ("x", "h0", "W_x", "W_h", "b"),
        arrays,
        rng.normal(size=(2, 4, 2)),
    )


def convert_gru_convention(t, convert_gru_convention):
    t.check(
        convert_gru_convention,
        {"z": np.array([[0.25, 1.0, 0.0], [0.9, 0.5, 0.01]])},
        "z of the other convention",
    )


def from_torch_weights(t, from_torch_weights, TORCH_WEIGHTS):
    t.check(from_torch_weights, TORCH_WEIGHTS, "W_x, W_h, b")


def GRU(t, GRU, TORCH_WEIGHTS, SEQUENCE):
    def gru(x, h0, dtype=torch.float64):
        """Run a fresh GRU(3, 2) with the worked example's weights."""
        layer, model = nn.GRU(3, 2, batch_first=True), GRU(3, 2)
        checks.require(
            not any(isinstance(m, nn.RNNBase | nn.RNNCellBase) for m in model.modules()),
            "GRU: there is a PyTorch recurrent layer inside; build the step from matrix products.",
        )
        checks.require(
            all(float(p.detach().std()) > 0 for p in model.parameters() if p.ndim == 2),
            "GRU: a weight matrix starts constant (all zeros?); draw the initial weights at random.",
        )
        layer.load_state_dict(
            {f"{name}_l0": torch.tensor(value) for name, value in TORCH_WEIGHTS.items()}
        )
        try:
            load_torch_weights(model, layer)
        except ValueError as error:
            checks.require(False, f"GRU: PyTorch's weights do not load, {error}.")
        return model.to(dtype)(x.to(dtype), None if h0 is None else h0.to(dtype))

    gru.__name__ = "GRU"
    t.check(
        gru,
        {
            "x": torch.tensor(SEQUENCE["x"]),
            "h0": torch.tensor(SEQUENCE["h0"])[None],
        },
        "output, h_n",
        float32=False,
    )
    x = torch.tensor(SEQUENCE["x"], requires_grad=True)
    output, h_n = gru(x, None)
    checks.compare("GRU: output without h0", output, gru(x, torch.zeros(1, 2, 2))[0])
    checks.require(
        output.grad_fn is not None, "GRU: no gradient flows back: was a tensor detached or rebuilt?"
    )
    checks.require(
        gru(x, None, torch.float32)[0].dtype == torch.float32,
        "GRU: float32 input gives another dtype. Make zeros with x.new_zeros(...).",
    )


def count_parameters(t, count_parameters):
    for cell, right, wrong in [
        ("rnn", 18, {21: "two", 15: "none", 9: "no W_h", 12: "no W_x"}),
        ("gru", 54, {63: "two", 45: "none", 36: "gates", 18: "blocks", 72: "lstm", 27: "no W_h"}),
        ("lstm", 72, {84: "two", 60: "none", 54: "gates", 18: "blocks", 36: "no W_h"}),
    ]:
        says = {
            "two": "You count two biases per block, as PyTorch has; here there is one.",
            "none": "The biases are missing.",
            "gates": "The proposal has weights too: it is a block of its own beside the gates.",
            "blocks": "Every gate and the proposal have weights of their own.",
            "lstm": "A GRU has three blocks, not four.",
            "no W_h": "W_h is missing: H * H numbers per block.",
            "no W_x": "W_x is missing: D * H numbers per block.",
        }
        t.check(
            count_parameters, {"cell": cell, "D": 2, "H": 3}, "f'count for {cell!r}'", quiet=True
        )
        count = count_parameters(cell, 2, 3)
        checks.require(isinstance(count, int | np.integer), "count_parameters must return an int.")
    t.say("count_parameters")


def ported_gru_step(t, ported_gru_step, EXAMPLE, TORCH_WEIGHTS):
    t.check(ported_gru_step, {"x": EXAMPLE["x"], "h_prev": EXAMPLE["h_prev"], **TORCH_WEIGHTS}, "h")
