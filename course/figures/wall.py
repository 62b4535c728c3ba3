"""The loss of one tanh unit against its bias: plains with a wall between them."""

from __future__ import annotations

import math

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from course.plots import COLORS

LENGTHS = (2, 10, 50)


def draw() -> tuple[Figure, dict]:
    """Draw the loss ``(h_T - 0.9)**2`` for three lengths, with its slope at the wall.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        Length to the steepest slope of the loss on the drawn range.
    """
    figure, axis = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
    bias = np.linspace(-0.3, 0.3, 4001)
    steepest = {}
    for color, length in zip(COLORS, LENGTHS, strict=False):
        h, slope = np.zeros_like(bias), np.zeros_like(bias)
        for _ in range(length):
            h = np.tanh(1.5 * h + bias)
            slope = (1 - h**2) * (1.5 * slope + 1)
        steepest[length] = float(np.abs(2 * (h - 0.9) * slope).max())
        size = f"{steepest[length]:.0f}"
        if len(size) > 4:
            size = f"$10^{{{math.log10(steepest[length]):.0f}}}$"
        text = f"T = {length}: steepest slope about {size}"
        axis.plot(bias, (h - 0.9) ** 2, color=color, lw=2.2, label=text)
    axis.set(xlabel="bias b", ylabel="loss", title="Long sequences put a wall into the loss")
    axis.legend(loc="upper right")
    return figure, steepest
