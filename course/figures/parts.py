"""Parts of architecture drawings: boxes, gates, operators and paths in one style for every cell.

A drawing has coordinates in units. Every part takes ``lit``: ``None`` draws it as usual, ``True``
lights it, ``False`` lets it step back, so that one drawing can show one equation at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib.patheffects as effects
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from course.plots import COLORS

ROLES = {
    "input": COLORS[1],
    "hidden": COLORS[0],
    "cell": COLORS[2],
    "output": COLORS[4],
    "gate": (0.45, 0.45, 0.45),
    "lit": COLORS[3],
}
"""What a colour means: inputs, hidden states, cell states, outputs, gates, and what is lit."""

INK, QUIET = (0.15, 0.15, 0.15), (0.8, 0.8, 0.8)
STYLE = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: the same on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 11,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": False,
}
"""Settings under which every figure of the guides is drawn."""

Point = tuple[float, float]


def canvas(
    width: float,
    height: float,
    columns: int = 1,
    rows: int = 1,
    unit: float = 0.55,
    title_height: float = 0.0,
) -> tuple[Figure, list[Axes]]:
    """Open a figure of equal panels without axes, with coordinates in units.

    Parameters
    ----------
    width, height : float
        Size of one panel, in units.
    columns, rows : int
        Grid of panels.
    unit : float
        Inches per unit.
    title_height : float
        Units kept free above each panel, for its title.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        Row by row.
    """
    full = height + title_height
    figure = plt.figure(figsize=(columns * width * unit, rows * full * unit), layout="none")
    axes = []
    for row in range(rows):
        for column in range(columns):
            bottom = (rows - 1 - row) * full / (rows * full)
            place = (column / columns, bottom, 1 / columns, height / (rows * full))
            axis = figure.add_axes(place)
            axis.set(xlim=(0, width), ylim=(0, height))
            axis.axis("off")
            axes.append(axis)
    return figure, axes


def color_of(role: str, lit: bool | None = None) -> tuple[float, float, float]:
    """Return the colour of a role; lit things are all of one colour, quiet ones grey."""
    if lit is None:
        return to_rgb(ROLES.get(role, INK))
    return to_rgb(ROLES["lit"]) if lit else QUIET


def tint(color: tuple[float, float, float], share: float = 0.22) -> tuple[float, float, float]:
    """Mix a colour into white."""
    return tuple(1 - share * (1 - channel) for channel in to_rgb(color))


def frame(axis: Axes, left: float, bottom: float, right: float, top: float, text: str = "") -> None:
    """Draw the pale ground of a cell, with its name in the upper left corner."""
    axis.add_patch(
        FancyBboxPatch(
            (left, bottom),
            right - left,
            top - bottom,
            boxstyle="round,pad=0,rounding_size=0.3",
            fc=(0.965, 0.965, 0.965),
            ec=(0.85, 0.85, 0.85),
            zorder=0,
        )
    )
    if text:
        axis.text(left + 0.2, top - 0.2, text, ha="left", va="top", color="0.4", zorder=1)


def box(
    axis: Axes,
    x: float,
    y: float,
    text: str,
    role: str = "hidden",
    width: float = 1.1,
    height: float = 0.8,
    lit: bool | None = None,
    size: float | None = None,
) -> None:
    """Draw a box with text, its centre at ``(x, y)``."""
    color = color_of(role, lit)
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.14",
            fc=tint(color) if lit is not False else "white",
            ec=color,
            lw=1.6 if lit is not True else 2.4,
            zorder=4,
        )
    )
    ink = INK if lit is not False else (0.6, 0.6, 0.6)
    axis.text(x, y, text, ha="center", va="center", color=ink, fontsize=size, zorder=5)


def gate(
    axis: Axes,
    x: float,
    y: float,
    name: str,
    function: str,
    lit: bool | None = None,
    width: float = 1.5,
    size: float | None = None,
) -> None:
    """Draw a gate: a small layer, named for what it decides, with its function below the name."""
    text = f"{name}\n{function}" if name else function
    box(axis, x, y, text, "gate", width, 1.05 if name else 0.7, lit, size)


def operator(
    axis: Axes, x: float, y: float, sign: str, lit: bool | None = None, size: float = 12
) -> None:
    """Draw an element-by-element operation: a circle with its sign."""
    color = color_of("operator", lit)
    axis.add_patch(Circle((x, y), 0.3, fc="white", ec=color, lw=1.6, zorder=4))
    ink = color if lit is not False else (0.6, 0.6, 0.6)
    axis.text(x, y, sign, ha="center", va="center", color=ink, fontsize=size, zorder=5)


def path(
    axis: Axes,
    corners: Sequence[Point],
    role: str = "",
    lit: bool | None = None,
    width: float = 1.6,
    head: bool = True,
    dashed: bool = False,
    halo: bool = False,
    color: tuple[float, float, float] | None = None,
) -> None:
    """Draw a path from corner to corner; a halo shows that it crosses others without touching."""
    color = color or color_of(role, lit)
    width = width + 0.8 if lit else width
    style = {"color": color, "lw": width, "ls": (0, (4, 2)) if dashed else "-"}
    style["zorder"] = 3 if lit is not False else 2
    if halo:
        style["path_effects"] = [
            effects.Stroke(linewidth=width + 4, foreground="white"),
            effects.Normal(),
        ]
    points = corners[:-1] if head else corners
    if len(points) > 1:
        axis.plot(*zip(*points, strict=True), solid_capstyle="round", **style)
    if head:
        style.pop("path_effects", None)
        axis.add_patch(
            FancyArrowPatch(
                corners[-2],
                corners[-1],
                arrowstyle="-|>",
                mutation_scale=10 + 1.5 * width,
                shrinkA=0,
                shrinkB=0,
                **style,
            )
        )


def paths(
    axis: Axes,
    table: Mapping[str, tuple[str, str, Sequence[Point]]],
    equation: str | None,
    roads: Collection[str] = (),
    no_head: Collection[str] = (),
    halo: Collection[str] = (),
) -> dict[str, bool | None]:
    """Draw a cell's paths: each has the equations that use it, a role and its corners.

    Returns
    -------
    lit : dict
        Every path with its ``lit``: whether ``equation`` uses it, ``None`` without an equation.
    """
    lit = {
        name: None if equation is None else equation in used for name, (used, *_) in table.items()
    }
    for name, (_, role, corners) in table.items():
        style = {"width": 3.2 if name in roads else 1.6, "head": name not in no_head}
        path(axis, corners, role, lit[name], halo=name in halo, **style)
    return lit


def dot(axis: Axes, x: float, y: float, role: str = "", lit: bool | None = None) -> None:
    """Mark a place where a path divides or two paths become one."""
    axis.add_patch(Circle((x, y), 0.09, color=color_of(role, lit), zorder=4))


def label(
    axis: Axes,
    x: float,
    y: float,
    text: str,
    role: str = "",
    lit: bool | None = None,
    ha: str = "center",
    va: str = "center",
    size: float | None = None,
) -> None:
    """Write a label on a white halo, in the colour of its role."""
    ink = color_of(role, lit) if lit is not False else (0.6, 0.6, 0.6)
    axis.text(
        x,
        y,
        text,
        ha=ha,
        va=va,
        color=ink,
        fontsize=size,
        zorder=6,
        path_effects=[effects.withStroke(linewidth=3, foreground="white")],
    )
