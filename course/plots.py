"""One look for every figure of the course: seaborn, a colour-blind-safe palette, small files."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

COLORS = sns.color_palette("colorblind")
"""The colour-blind-safe palette, in order."""

CELL_COLORS = {"rnn": COLORS[3], "gru": COLORS[2], "lstm": COLORS[0]}
"""One colour per cell type, the same in every lesson."""


def set_style() -> None:
    """Set the course's style: call it once, in a notebook's first code cell."""
    # Choosing the backend makes figures appear by themselves. A first figure inside an rc_context
    # would have that choice undone with its style, and no later figure would be shown.
    plt.switch_backend(plt.get_backend())
    sns.set_theme(style="whitegrid", palette="colorblind", context="notebook", font_scale=0.9)
    plt.rcParams.update(
        {
            "figure.figsize": (7, 3.2),
            "figure.dpi": 80,
            "savefig.dpi": 80,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "figure.constrained_layout.use": True,
        }
    )


def true_title(claim: str, holds: object, otherwise: str) -> str:
    """Word a figure's title: what the figure shows where it does, and else only what is drawn.

    A figure is drawn from what a learner's functions return and from what this machine measures,
    so its title is decided when it is drawn.

    Parameters
    ----------
    claim : str
        What can be seen in the figure.
    holds
        Anything with a truth value; what is compared with NaN does not hold.
    otherwise : str
        The name of what is drawn, which claims nothing.
    """
    return claim if bool(holds) else otherwise


def heading(figure: Figure, title: str) -> None:
    """Put one title over all panels of a figure, at its left edge."""
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=11)


def new_figure(
    columns: int = 1, rows: int = 1, width: float = 7.0, height: float = 3.2, **options: object
) -> tuple[Figure, Axes]:
    """Open a figure in the course's style.

    Parameters
    ----------
    columns, rows : int
        Grid of axes.
    width, height : float
        Size of the whole figure in inches.
    **options
        Passed to :func:`matplotlib.pyplot.subplots`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes or numpy.ndarray of them
    """
    return plt.subplots(rows, columns, figsize=(width, height), **options)


def in_few_colors(picture: Image.Image) -> Image.Image:
    """Bring a picture to 256 colours of its own: to the eye the same, as a PNG a third as large."""
    # Of the ways to choose them, this one changes no pixel by more than eight steps of 255.
    return picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)


def small_png(figure: Figure, dpi: int) -> bytes:
    """Save a figure as a PNG of few colours.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dpi : int
        Pixels an inch.

    Returns
    -------
    bytes
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    in_few_colors(Image.open(drawn).convert("RGB")).save(small, format="png", optimize=True)
    return small.getvalue()
