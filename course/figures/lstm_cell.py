"""The LSTM cell with its two roads: the cell state above, the hidden state below."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import parts

WIDTH, HEIGHT = 12.6, 7.6
GATES = {"f": (2.8, "forget"), "i": (4.9, "input"), "g": (7.0, "candidate"), "o": (9.2, "output")}
PATHS = {  # equations that light a path, its role, its corners
    "h in": ("figo", "hidden", [(0.15, 1.0), (1.4, 1.0)]),
    "x in": ("figo", "input", [(1.4, 0.05), (1.4, 0.9)]),
    "to f": ("f", "", [(1.5, 1.0), (2.8, 1.0), (2.8, 1.95)]),
    "to i": ("i", "", [(1.5, 1.0), (4.9, 1.0), (4.9, 1.95)]),
    "to g": ("g", "", [(1.5, 1.0), (7.0, 1.0), (7.0, 1.95)]),
    "to o": ("o", "", [(1.5, 1.0), (9.2, 1.0), (9.2, 1.95)]),
    "f up": ("c", "", [(2.8, 3.05), (2.8, 6.05)]),
    "i up": ("c", "", [(4.9, 3.05), (4.9, 4.5), (6.65, 4.5)]),
    "g up": ("c", "", [(7.0, 3.05), (7.0, 4.15)]),
    "write": ("c", "", [(7.0, 4.8), (7.0, 6.05)]),
    "c in": ("c", "cell", [(0.15, 6.4), (2.45, 6.4)]),
    "c kept": ("c", "cell", [(3.1, 6.4), (6.65, 6.4)]),
    "c out": ("c", "cell", [(7.3, 6.4), (12.45, 6.4)]),
    "c down": ("h", "cell", [(10.9, 6.4), (10.9, 5.65)]),
    "tanh down": ("h", "", [(10.9, 4.95), (10.9, 4.25)]),
    "o up": ("h", "", [(9.2, 3.05), (9.2, 3.9), (10.55, 3.9)]),
    "h out": ("h", "hidden", [(10.9, 3.6), (10.9, 1.0), (12.45, 1.0)]),
}
ROADS = {"c in", "c kept", "c out", "h in", "h out"}


def paint(axis: Axes, equation: str | None = None, size: float = 11) -> dict[str, bool | None]:
    """Draw the cell into a panel of ``WIDTH`` by ``HEIGHT`` units.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    equation : {"f", "i", "g", "c", "o", "h"}, optional
        Light what this equation uses; without it, nothing is lit and nothing steps back.
    size : float
        Font size.

    Returns
    -------
    lit : dict
        Every path with its ``lit``.
    """
    parts.frame(axis, 0.95, 0.4, 11.75, 7.3)
    # "h in" ends where the input joins it
    lit = parts.paths(axis, PATHS, equation, roads=ROADS, no_head={"h in"})
    parts.dot(axis, 1.4, 1.0, "", lit["h in"])
    for letter, (x, name) in GATES.items():
        function = "tanh" if letter == "g" else "σ"
        on = None if equation is None else equation == letter
        parts.gate(axis, x, 2.5, name, function, on, 1.75, size - 1)
    for x, y, sign, used in (
        (2.8, 6.4, "×", "c"),
        (7.0, 6.4, "+", "c"),
        (7.0, 4.5, "×", "c"),
        (10.9, 3.9, "×", "h"),
    ):
        parts.operator(axis, x, y, sign, None if equation is None else equation == used, size + 1)
    parts.gate(axis, 10.9, 5.3, "", "tanh", lit["c down"], 1.1, size - 1)
    for x, y, text, role, name in (
        (0.12, 6.85, "$c_{t-1}$", "cell", "c in"),
        (12.48, 6.85, "$c_t$", "cell", "c out"),
        (0.12, 1.5, "$h_{t-1}$", "hidden", "h in"),
        (12.48, 1.5, "$h_t$", "hidden", "h out"),
    ):
        align = "left" if x < 1 else "right"
        parts.label(axis, x, y, text, role, lit[name], align, size=size + 2)
    parts.label(axis, 1.6, 0.28, "$x_t$", "input", lit["x in"], "left", size=size + 2)
    for x, y, text, name in (
        (2.95, 3.6, "$f_t$", "f up"),
        (5.05, 3.6, "$i_t$", "i up"),
        (7.15, 3.6, "$g_t$", "g up"),
        (9.05, 3.5, "$o_t$", "o up"),
    ):
        align = "right" if text == "$o_t$" else "left"
        parts.label(axis, x, y, text, "", lit[name], align, size=size + 1)
    return lit


def draw() -> tuple[Figure, dict]:
    """Draw the whole cell; what is returned says which paths bear no matrix and no function."""
    figure, (axis,) = parts.canvas(WIDTH, HEIGHT, unit=0.72)
    paint(axis, size=13)
    parts.label(axis, 4.9, 6.85, "the cell's road: × and + only", "cell", size=12)
    parts.label(
        axis, 5.4, 0.66, "the hidden road: every gate reads $[h_{t-1}, x_t]$", "hidden", size=12
    )
    return figure, {"gates": list(GATES), "paths": list(PATHS)}
