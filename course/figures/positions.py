"""Sinusoidal positions: one vector a place, and a dot product that depends on distance alone."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from course.figures.parts import ROLES

STEPS, FEATURES = 64, 32


def encode(steps: int, features: int) -> np.ndarray:
    """Return the positions of Vaswani et al. (2017), shape ``(steps, features)``."""
    rates = 10_000.0 ** (-np.arange(0, features, 2) / features)
    angles = np.arange(steps)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(steps, features)


def draw() -> tuple[Figure, dict]:
    """Draw the vectors, and the dot products of two places with all the others.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``positions (T, D)`` and ``products (T, T)``.
    """
    positions = encode(STEPS, FEATURES)
    products = positions @ positions.T
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    picture = left.imshow(positions.T, aspect="auto", cmap="cividis", vmin=-1, vmax=1)
    left.set(title="One column a place: clocks, fast to slow", xlabel="place t", ylabel="feature")
    figure.colorbar(picture, ax=left, shrink=0.9)
    for place, role in ((16, "hidden"), (40, "lit")):
        right.plot(products[place], color=ROLES[role], lw=2.2, label=f"place {place}")
        right.axvline(place, color=ROLES[role], lw=1, ls=":")
    right.set(
        title="Near places are alike, wherever they are", xlabel="place t", ylabel="dot product"
    )
    right.legend(loc="lower left", ncols=2)
    right.set_ylim(0, None)
    return figure, {"positions": positions, "products": products}
