"""A vanilla RNN folded, unrolled, and walked back through time."""

from __future__ import annotations

from matplotlib.figure import Figure

from course.figures import parts

STEPS = 4


def draw() -> tuple[Figure, dict]:
    """Draw one network three ways; return the paths that share each weight."""
    figure, (axis,) = parts.canvas(16.4, 8.6, unit=0.62)
    shared = {"W_x": 0, "W_h": 0}
    _folded(axis)
    for row, (bottom, back) in enumerate([(4.7, False), (0.3, True)]):
        _chain(axis, bottom, back, shared if row == 0 else {"W_x": 0, "W_h": 0})
    parts.label(axis, 5.0, 8.35, "unrolled: one copy a step, the same weights", size=12, ha="left")
    parts.label(
        axis,
        5.0,
        3.95,
        "backwards: the gradient walks against the arrows",
        "lit",
        ha="left",
        size=12,
    )
    parts.label(axis, 0.4, 8.35, "folded", ha="left", size=12)
    return figure, {"steps": STEPS, "uses": shared}


def _folded(axis: parts.Axes) -> None:
    parts.box(axis, 2.0, 6.4, "$h$", width=1.2, size=14)
    parts.path(axis, [(2.0, 4.9), (2.0, 5.95)], "input")
    parts.path(axis, [(2.0, 6.85), (2.0, 7.7)], "output")
    loop = [(2.65, 6.4), (3.5, 6.4), (3.5, 5.5), (0.6, 5.5), (0.6, 6.4), (1.35, 6.4)]
    parts.path(axis, loop, "hidden", width=2.6, halo=True)
    parts.label(axis, 2.25, 5.15, "$x_t$", "input", ha="left", size=13)
    parts.label(axis, 2.2, 7.5, "$y_t$", "output", ha="left", size=13)
    parts.label(axis, 3.65, 5.95, "$W_h$", "hidden", ha="left", size=12)


def _chain(axis: parts.Axes, bottom: float, back: bool, uses: dict) -> None:
    middle, quiet = bottom + 1.7, False if back else None
    parts.path(axis, [(4.9, middle), (5.85, middle)], "hidden", quiet, 2.6)
    parts.label(axis, 4.85, middle + 0.45, "$h_0$", "hidden", quiet, size=13)
    if not back:
        parts.label(axis, 5.45, middle + 0.35, "$W_h$", "hidden", size=11)
    for t in range(1, STEPS + 1):
        x = 6.5 + (t - 1) * 2.7
        parts.box(axis, x, middle, f"$h_{t}$", width=1.2, lit=None, size=14)
        parts.path(axis, [(x, bottom + 0.25), (x, middle - 0.45)], "input", quiet)
        parts.path(axis, [(x, middle + 0.45), (x, middle + 1.15)], "output", quiet)
        parts.label(axis, x + 0.2, bottom + 0.4, f"$x_{t}$", "input", quiet, "left", size=13)
        parts.label(axis, x + 0.2, middle + 1.0, f"$y_{t}$", "output", quiet, "left", size=13)
        uses["W_x"] += 1
        if not back:
            parts.label(axis, x - 0.15, bottom + 0.8, "$W_x$", "input", ha="right", size=11)
        if t < STEPS:
            parts.path(axis, [(x + 0.65, middle), (x + 2.05, middle)], "hidden", quiet, 2.6)
            if not back:
                parts.label(axis, x + 1.3, middle + 0.35, "$W_h$", "hidden", size=11)
            uses["W_h"] += 1
        if back:
            parts.path(axis, [(x - 0.3, middle + 1.15), (x - 0.3, middle + 0.45)], "", True, 1.4)
            if t > 1:
                corners = [(x - 0.65, middle - 0.22), (x - 2.05, middle - 0.22)]
                parts.path(axis, corners, "", True, 2.2)
                text = rf"$\partial h_{t} / \partial h_{t - 1}$"
                parts.label(axis, x - 1.35, middle - 0.72, text, "", True, size=11)
    uses["W_h"] += 1  # the first step reads h_0 through W_h as well
