"""What is left of a gradient after so many steps: a vanilla RNN at several spectral radii."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.measure import gradient_by_lag, set_radius
from course.plots import COLORS

RADII = (0.5, 0.9, 1.0, 1.1, 1.5)
STEPS, UNITS = 60, 64
LOUDNESS = {"quiet input (0.01)": 0.01, "loud input (1.0)": 1.0}


def draw() -> tuple[Figure, dict]:
    """Measure and draw gradient against distance, with quiet and with loud input.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``(loudness, radius)`` to the length at every lag, ``(T,)``.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
    data = {}
    for axis, (title, loudness) in zip(axes, LOUDNESS.items(), strict=True):
        for color, radius in zip(COLORS, RADII, strict=False):
            torch.manual_seed(0)
            cell = nn.RNNCell(UNITS, UNITS).double()
            nn.init.normal_(cell.weight_hh)
            nn.init.normal_(cell.weight_ih, std=UNITS**-0.5)
            for bias in (cell.bias_ih, cell.bias_hh):
                nn.init.zeros_(bias)
            set_radius(cell.weight_hh, radius)
            x = loudness * torch.randn(4, STEPS, UNITS, dtype=torch.float64)
            data[loudness, radius] = gradient_by_lag(cell, x).numpy()
            axis.semilogy(data[loudness, radius], color=color, lw=2, label=f"{radius:g}")
        axis.axhline(1, color="0.8", lw=1, zorder=0)
        axis.set(title=title, xlabel="steps back", xlim=(0, STEPS - 1))
    axes[0].set_ylabel("length of the gradient")
    axes[0].set_ylim(1e-12, 1e6)
    axes[1].legend(title="spectral radius of $W_h$", ncols=2, loc="upper right")
    return figure, {key: np.asarray(values) for key, values in data.items()}
