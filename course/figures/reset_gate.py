"""Where the reset gate stands: before the matrix in the papers, after it in PyTorch."""

from __future__ import annotations

from matplotlib.figure import Figure

from course.figures import parts

ROWS = {
    "papers: reset, then the matrix": ("reset", "matrix"),
    "PyTorch: the matrix, then reset": ("matrix", "reset"),
}


def draw() -> tuple[Figure, dict]:
    """Draw the way of ``h_prev`` into the proposal, in both orders; return the orders."""
    figure, (axis,) = parts.canvas(16.0, 5.9, unit=0.62)
    for bottom, (title, order) in zip((3.1, 0.1), ROWS.items(), strict=True):
        y = bottom + 1.1
        parts.label(axis, 0.3, bottom + 2.3, title, ha="left", size=12)
        parts.path(
            axis, [(0.4, y), (3.15 if order[0] == "reset" else 2.35, y)], "hidden", width=2.6
        )
        parts.label(axis, 0.4, y + 0.4, "$h_{t-1}$", "hidden", ha="left", size=13)
        for x, part in zip((3.5, 6.8), order, strict=True):
            if part == "reset":
                parts.path(axis, [(x, y - 0.95), (x, y - 0.35)], "lit")
                parts.operator(axis, x, y, "×", True)
                parts.label(axis, x + 0.2, y - 0.8, "$r_t$", "lit", ha="left", size=13)
            else:
                bias = "" if order[0] == "reset" else " + b_{hn}"
                parts.box(axis, x, y, f"$W_{{hn}}{bias}$", width=2.2 if bias else 1.7, size=12)
        start = 3.85 if order[0] == "reset" else 4.65
        parts.path(
            axis, [(start, y), (5.9 if order[1] == "matrix" else 6.45, y)], "hidden", width=2.6
        )
        parts.path(
            axis, [(7.7 if order[1] == "matrix" else 7.15, y), (9.2, y)], "hidden", width=2.6
        )
        parts.operator(axis, 9.55, y, "+")
        parts.path(axis, [(9.55, y - 0.95), (9.55, y - 0.35)], "input")
        name = "b_n" if order[0] == "reset" else "b_{in}"
        parts.label(axis, 9.8, y - 0.8, f"$x_t W_{{xn}} + {name}$", "input", ha="left", size=12)
        parts.path(axis, [(9.9, y), (11.35, y)])
        parts.gate(axis, 12.1, y, "", "tanh", width=1.4, size=12)
        parts.path(axis, [(12.85, y), (14.3, y)])
        parts.label(axis, 14.5, y, "$n_t$", ha="left", size=14)
    return figure, {"orders": list(ROWS.values())}
