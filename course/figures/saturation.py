"""A tanh that is driven hard is flat, and a flat tanh passes no gradient."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.parts import ROLES

SCALES = {"input of size 1": 1.0, "the same input times 50": 50.0}


def draw() -> tuple[Figure, dict]:
    """Measure how many units are saturated with a standardised and with a raw input.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        For each name in ``SCALES`` the share of states beyond 0.99 and the mean slope.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    a = np.linspace(-4, 4, 201)
    left.plot(a, np.tanh(a), color=ROLES["hidden"], lw=2.4, label="tanh(a)")
    left.plot(a, 1 - np.tanh(a) ** 2, color=ROLES["lit"], lw=2.4, label="its slope, $1 - h^2$")
    left.axhline(0, color="0.8", lw=1, zorder=0)
    left.set(xlabel="pre-activation a", title="Where the curve is flat, nothing comes back")
    left.legend(loc="lower right")
    torch.manual_seed(0)
    layer, x = nn.RNN(4, 64, batch_first=True), torch.randn(16, 40, 4)
    data = {}
    for color, (name, scale) in zip(("cell", "lit"), SCALES.items(), strict=True):
        with torch.no_grad():
            h = layer(scale * x)[0].abs().numpy().ravel()
        data[name] = {"saturated": float((h > 0.99).mean()), "slope": float((1 - h**2).mean())}
        text = f"{name}: mean slope {data[name]['slope']:.2f}"
        right.hist(
            h, np.linspace(0, 1, 26), density=True, color=ROLES[color], alpha=0.75, label=text
        )
    right.set(xlabel="|h|", ylabel="density", title="States of a fresh RNN", yscale="log")
    right.set_ylim(1e-2, 200)
    right.legend(loc="upper center")
    return figure, data
