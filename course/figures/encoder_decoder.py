"""An encoder-decoder, unrolled: with one vector in between, and with attention."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from course.figures import parts

LETTERS, SOUNDS = ("c", "a", "k", "e"), ("K", "EY", "K", "END")
ASKING = 1
"""The decoder's step whose look back is drawn (0-based)."""
SCORES = np.array([0.4, 2.2, 0.1, 1.0])
"""Made-up scores of that step against the four letters."""


def draw() -> tuple[Figure, dict]:
    """Draw both; the thickness of a line of attention is its weight, the softmax of the scores."""
    weights = np.exp(SCORES) / np.exp(SCORES).sum()
    figure, (axis,) = parts.canvas(18.0, 10.0, unit=0.56)
    _network(axis, 5.6, None)
    _network(axis, 0.2, weights)
    parts.label(axis, 0.3, 9.6, "one vector in between", ha="left", size=12)
    parts.label(axis, 0.3, 4.75, "with attention", ha="left", size=12)
    return figure, {"weights": weights}


def _network(axis: parts.Axes, bottom: float, weights: np.ndarray | None) -> None:
    y = bottom + 1.6
    inputs = ("START", *SOUNDS[:-1])
    for t, letter in enumerate(LETTERS):
        x = 1.2 + 1.9 * t
        parts.label(axis, x, bottom + 0.2, letter, "input", size=14)
        parts.path(axis, [(x, bottom + 0.5), (x, y - 0.45)], "input")
        parts.box(axis, x, y, f"$h_{t + 1}$", size=13)
        if t:
            parts.path(axis, [(x - 1.3, y), (x - 0.6, y)], "hidden", width=2.4)
    neck = [(1.2 + 1.9 * 3 + 0.6, y), (9.65, y)]
    parts.path(
        axis, neck, "lit" if weights is None else "hidden", width=4.2 if weights is None else 2.4
    )
    if weights is None:
        parts.label(axis, 8.55, y - 0.55, "everything must\nfit in here", "lit", va="top", size=10)
    for t, (given, said) in enumerate(zip(inputs, SOUNDS, strict=True)):
        x = 10.3 + 2.1 * t
        parts.label(axis, x, bottom + 0.2, given, "output", size=11)
        parts.path(axis, [(x, bottom + 0.5), (x, y - 0.45)], "output")
        parts.box(axis, x, y, f"$s_{t + 1}$", "cell", size=13)
        parts.path(axis, [(x, y + 0.45), (x, y + 1.35)], "output")
        parts.label(axis, x, y + 1.65, said, "output", size=13)
        if t:
            parts.path(axis, [(x - 1.5, y), (x - 0.6, y)], "cell", width=2.4)
    if weights is not None:
        target = 10.3 + 2.1 * ASKING
        meet = (4.05, y + 1.75)
        for t, weight in enumerate(weights):
            x = 1.2 + 1.9 * t
            corners = [(x, y + 0.45), meet]
            parts.path(axis, corners, "lit", width=9 * weight, head=False)
            text = f"{weight:.2f}"
            side = -0.45 if x < meet[0] else 0.45
            parts.label(axis, x + side, y + 0.85, text, "lit", size=10)
        parts.box(axis, 4.05, y + 2.1, "context", "lit", 1.9, 0.7, size=11)
        parts.path(
            axis,
            [
                (5.05, y + 2.1),
                (target - 0.75, y + 2.1),
                (target - 0.75, y + 0.2),
                (target - 0.58, y + 0.2),
            ],
            "lit",
            width=2.2,
            halo=True,
        )
