"""The LSTM's six equations, each with its own path lit in the drawing of the cell."""

from __future__ import annotations

from matplotlib.figure import Figure

from course.figures import lstm_cell, parts

EQUATIONS = {
    "f": r"forget: $f_t = \sigma(a_f)$, how much to keep",
    "i": r"input: $i_t = \sigma(a_i)$, how much to write",
    "g": r"candidate: $g_t = \tanh(a_g)$, what to write",
    "c": r"cell: $c_t = f_t \odot c_{t-1} + i_t \odot g_t$",
    "o": r"output: $o_t = \sigma(a_o)$, how much to show",
    "h": r"hidden: $h_t = o_t \odot \tanh(c_t)$",
}


def draw() -> tuple[Figure, dict]:
    """Draw one panel an equation; return which paths each of them lights."""
    figure, axes = parts.canvas(lstm_cell.WIDTH, lstm_cell.HEIGHT, 2, 3, 0.42, title_height=0.9)
    lit = {}
    for axis, (equation, title) in zip(axes, EQUATIONS.items(), strict=True):
        states = lstm_cell.paint(axis, equation, size=9)
        lit[equation] = [name for name, on in states.items() if on]
        axis.set_title(title, x=0.02, fontweight="normal")
    return figure, {"lit": lit}
