"""What truncated backpropagation through time cuts: which loss reaches which input."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.measure import set_radius

STEPS, UNITS, CUT, DIRECTIONS = 24, 32, 8, 8


def draw() -> tuple[Figure, dict]:
    """Measure every loss's gradient at every input, uncut and cut.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``full`` and ``cut``, each ``(T, T)``: loss time by input time.
    """
    torch.manual_seed(0)
    cell = nn.RNNCell(4, UNITS).double()
    set_radius(cell.weight_hh, 0.9)
    x = 0.1 * torch.randn(1, STEPS, 4, dtype=torch.float64)
    reach = {"full": _reach(cell, x, STEPS), "cut": _reach(cell, x, CUT)}
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    titles = ("full: every earlier input", f"cut every {CUT} steps")
    for axis, values, title in zip(axes, reach.values(), titles, strict=True):
        shown = np.ma.masked_equal(values, 0)
        picture = axis.imshow(
            np.ma.log10(shown), cmap="viridis", vmin=-1.25, vmax=0, origin="upper"
        )
        axis.set(title=title, xlabel="time of the input", ylabel="time of the loss")
        axis.set_xticks([0, 8, 16, 23], ["1", "9", "17", "24"])
        axis.set_yticks([0, 8, 16, 23], ["1", "9", "17", "24"])
    figure.colorbar(picture, ax=axes, label="log10 of the gradient's length", shrink=0.8)
    return figure, reach


def _reach(cell: nn.Module, x: torch.Tensor, k: int) -> np.ndarray:
    values = np.zeros((STEPS, STEPS))
    x = x.clone().requires_grad_()
    h, states = torch.zeros(1, UNITS, dtype=x.dtype), []
    for t in range(STEPS):
        h = cell(x[:, t], h.detach() if t % k == 0 else h)
        states.append(h)
    directions = torch.randn(DIRECTIONS, 1, UNITS, dtype=x.dtype)
    for t, state in enumerate(states):
        for direction in directions:
            (grad,) = torch.autograd.grad(state, x, direction, retain_graph=True)
            values[t] += (grad**2).sum(dim=2)[0].numpy()
    values = np.sqrt(values)
    return values / values.max()
