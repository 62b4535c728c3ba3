"""The GRU cell in the papers' form, whole and with one equation lit at a time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course.figures import parts

WIDTH, HEIGHT = 12.6, 8.0
EQUATIONS = {
    "r": r"reset: $r_t = \sigma(a_r)$, how much past the proposal sees",
    "z": r"update: $z_t = \sigma(a_z)$, how much is rewritten",
    "n": r"proposal: $n_t = \tanh(x_t W_{xn} + (r_t \odot h_{t-1}) W_{hn} + b_n)$",
    "h": r"hidden: $h_t = (1 - z_t) \odot h_{t-1} + z_t \odot n_t$",
}
PATHS = {  # equations that light a path, its role, its corners
    "h in": ("rznh", "hidden", [(0.15, 6.9), (1.5, 6.9)]),
    "h kept": ("h", "hidden", [(1.5, 6.9), (7.55, 6.9)]),
    "h weighed": ("h", "hidden", [(8.2, 6.9), (10.05, 6.9)]),
    "h out": ("h", "hidden", [(10.7, 6.9), (12.45, 6.9)]),
    "h down": ("rzn", "hidden", [(1.5, 6.9), (1.5, 4.7)]),
    "h lower": ("rz", "hidden", [(1.5, 4.7), (1.5, 1.5)]),
    "h to r": ("r", "hidden", [(1.5, 1.5), (3.35, 1.5), (3.35, 2.15)]),
    "h to z": ("z", "hidden", [(1.5, 1.5), (8.15, 1.5), (8.15, 2.15)]),
    "h to reset": ("n", "hidden", [(1.5, 4.7), (2.75, 4.7)]),
    "x to r": ("r", "input", [(0.15, 0.8), (2.75, 0.8), (2.75, 2.15)]),
    "x to n": ("n", "input", [(0.15, 0.8), (5.6, 0.8), (5.6, 4.15)]),
    "x to z": ("z", "input", [(0.15, 0.8), (7.55, 0.8), (7.55, 2.15)]),
    "r up": ("n", "", [(3.05, 3.25), (3.05, 4.35)]),
    "reset to n": ("n", "", [(3.4, 4.7), (4.65, 4.7)]),
    "z up": ("h", "", [(7.85, 3.25), (7.85, 4.1)]),
    "1 - z up": ("h", "", [(7.85, 4.75), (7.85, 6.55)]),
    "z over": ("h", "", [(7.85, 3.6), (10.4, 3.6), (10.4, 5.3)]),
    "n over": ("h", "", [(5.6, 5.25), (5.6, 5.65), (9.4, 5.65), (10.05, 5.65)]),
    "write": ("h", "", [(10.4, 6.0), (10.4, 6.55)]),
}
ROADS = {"h in", "h kept", "h weighed", "h out"}
NO_HEAD = {"h in", "h down", "h lower"}


def paint(axis: Axes, equation: str | None = None, size: float = 11) -> dict[str, bool | None]:
    """Draw the cell into a panel of ``WIDTH`` by ``HEIGHT`` units.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    equation : {"r", "z", "n", "h"}, optional
        Light what this equation uses; without it, nothing is lit and nothing steps back.
    size : float
        Font size.

    Returns
    -------
    lit : dict
        Every path with its ``lit``.
    """
    parts.frame(axis, 0.95, 0.35, 11.75, 7.7)
    lit = parts.paths(axis, PATHS, equation, roads=ROADS, no_head=NO_HEAD, halo={"n over"})

    def on(equations: str) -> bool | None:
        return None if equation is None else equation in equations

    parts.gate(axis, 3.05, 2.7, "reset", "σ", on("r"), 1.75, size - 1)
    parts.gate(axis, 7.85, 2.7, "update", "σ", on("z"), 1.75, size - 1)
    parts.gate(axis, 5.6, 4.7, "proposal", "tanh", on("n"), 1.8, size - 1)
    for x, y, sign, used in (
        (3.05, 4.7, "×", "n"),
        (7.85, 4.42, "1−", "h"),
        (7.85, 6.9, "×", "h"),
        (10.4, 5.65, "×", "h"),
        (10.4, 6.9, "+", "h"),
    ):
        parts.operator(axis, x, y, sign, on(used), size if sign == "1−" else size + 1)
    parts.dot(axis, 1.5, 6.9, "hidden", lit["h in"])
    parts.dot(axis, 7.85, 3.6, "", lit["z over"])
    parts.label(axis, 0.12, 7.4, "$h_{t-1}$", "hidden", lit["h in"], "left", size=size + 2)
    parts.label(axis, 12.48, 7.4, "$h_t$", "hidden", lit["h out"], "right", size=size + 2)
    parts.label(axis, 0.12, 1.25, "$x_t$", "input", on("rzn"), "left", size=size + 2)
    for x, y, text, name in (
        (3.2, 3.75, "$r_t$", "r up"),
        (8.0, 3.85, "$z_t$", "z up"),
        (5.75, 6.05, "$n_t$", "n over"),
    ):
        parts.label(axis, x, y, text, "", lit[name], "left", size=size + 1)
    return lit


def draw() -> tuple[Figure, dict]:
    """Draw the whole cell."""
    figure, (axis,) = parts.canvas(WIDTH, HEIGHT, unit=0.72)
    paint(axis, size=13)
    parts.label(axis, 4.7, 7.3, "the road: kept in the share $1 - z_t$", "hidden", size=12)
    return figure, {"paths": list(PATHS)}
