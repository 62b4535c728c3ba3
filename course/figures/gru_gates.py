"""The GRU's four equations, each with its own path lit in the drawing of the cell."""

from __future__ import annotations

from matplotlib.figure import Figure

from course.figures import gru_cell, parts


def draw() -> tuple[Figure, dict]:
    """Draw one panel an equation; return which paths each of them lights."""
    figure, axes = parts.canvas(gru_cell.WIDTH, gru_cell.HEIGHT, 2, 2, 0.42, title_height=0.9)
    lit = {}
    for axis, (equation, title) in zip(axes, gru_cell.EQUATIONS.items(), strict=True):
        states = gru_cell.paint(axis, equation, size=9)
        lit[equation] = [name for name, on in states.items() if on]
        axis.set_title(title, x=0.02, fontweight="normal", fontsize=10)
    return figure, {"lit": lit}
