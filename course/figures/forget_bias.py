"""How long a fresh cell remembers: the share that a forget gate at sigmoid(b) leaves."""

from __future__ import annotations

import math

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from course.plots import COLORS

BIASES = (0.0, 1.0, 3.0, math.log(99))


def draw() -> tuple[Figure, dict]:
    """Draw the share of a cell's content that is left after every step, for four biases.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``steps (T,)`` and ``share``, bias to ``(T,)``.
    """
    figure, axis = plt.subplots(figsize=(8.5, 3.4), layout="constrained")
    steps = np.arange(0, 101)
    share = {bias: (1 / (1 + math.exp(-bias))) ** steps for bias in BIASES}
    for color, (bias, values) in zip(COLORS, share.items(), strict=False):
        name = "ln(T − 1), T = 100" if bias == BIASES[-1] else f"{bias:g}"
        axis.semilogy(steps, values, color=color, lw=2.2)
        place = min(97, int(-10.6 / min(-0.11, math.log(values[1]))))
        axis.annotate(
            f"b = {name}", (place, values[place]), (4, 6), textcoords="offset points", color=color
        )
    axis.set(xlabel="steps without a write", ylabel="share left", ylim=(1e-6, 3), xlim=(0, 118))
    axis.set_title("The forget gate's bias sets how long a fresh cell remembers")
    return figure, {"steps": steps, "share": share}
