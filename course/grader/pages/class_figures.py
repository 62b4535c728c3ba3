"""The figures of a class report, each with the numbers behind it as a file for a spreadsheet."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course.grader.ground.quiet import no_warnings
from course.grader.ground.text import for_spreadsheet
from course.grader.pages.kinds import KINDS
from course.grader.pages.similarity import Likeness
from course.grader.pages.states import LATE, NOT_THERE, ON_TIME, UNGRADED
from course.plots import COLORS, set_style

SHARPNESS, SHOWN = 192, 96
"""Dots per inch in the file and on the page: twice as many, sharp on every screen."""
WIDTH = 5.9
LOOK = {
    "right": (COLORS[2], ""),
    "partly right": (COLORS[9], "//"),
    "wrong": (COLORS[1], "\\\\"),
    "no answer": (COLORS[3], "xx"),
    "too slow": (COLORS[4], ".."),
    "crashed": (COLORS[5], "++"),
    "borrowed": ("#d9d9d9", "**"),
    "not written": ("#d9d9d9", ""),
    "unreadable": ("#d9d9d9", "oo"),
    "not handed in": ("#ffffff", ""),
}
"""Colour and hatching of each kind: nobody needs the colours to tell them apart."""
WHEN = {ON_TIME: (COLORS[2], ""), LATE: (COLORS[1], "//"), NOT_THERE: ("#d9d9d9", ".."),
        UNGRADED: ("#ffffff", "")}  # fmt: skip
EDGE = "#444444"


@dataclass(frozen=True)
class Picture:
    """A figure, ready for a page.

    Attributes
    ----------
    name : str
        Name of its file of numbers, without ``.csv``.
    title, alt : str
        Its message, and what it shows in words.
    source : str
        The picture as a ``data:`` address.
    width, height : int
        Its size on the page, in pixels.
    table : str
        The numbers behind it, as CSV.
    """

    name: str
    title: str
    alt: str
    source: str
    width: int
    height: int
    table: str


def csv_of(frame: pd.DataFrame) -> str:
    """Write a table as CSV in which no cell is a formula; numbers have four digits."""

    def safe(value: object) -> object:
        return for_spreadsheet(value) if isinstance(value, str) else value

    plain = frame.map(safe).rename(columns=safe)
    return plain.to_csv(index=False, lineterminator="\n", float_format="%.4g")


def score_picture(students: pd.DataFrame) -> Picture | None:
    """Draw how points are distributed over the class.

    Parameters
    ----------
    students : pandas.DataFrame
        From :func:`course.grader.pages.class_numbers.student_frame`.

    Returns
    -------
    Picture or None
        ``None`` when nobody handed in.
    """
    points = students["points"].dropna()
    if points.empty:
        return None
    most = float(students["maximum"].max()) or 1.0
    middle = float(points.median())
    edges = np.linspace(0, most, min(21, max(6, round(most) + 1)))

    def draw(axes: Axes) -> None:
        sns.histplot(x=points, bins=edges, color=COLORS[0], edgecolor="white", ax=axes)
        axes.axvline(middle, color=EDGE, linestyle="--", linewidth=1.5)
        axes.annotate(
            f"median {middle:g}",
            (middle, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if middle > most / 2 else 4, -4),
            textcoords="offset points",
            ha="right" if middle > most / 2 else "left",
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
        axes.set(xlabel=f"points (of {most:g})", ylabel="students", xlim=(0, most))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))

    low, high = np.percentile(points, [25, 75])
    counts, _ = np.histogram(points, edges)
    table = pd.DataFrame({"from_points": edges[:-1], "to_points": edges[1:], "students": counts})
    return _picture(
        "scores",
        f"Half of the class has {middle:g} points or more",
        f"Histogram of the points of {len(points)} students, of {most:g} possible. The median is "
        f"{middle:g}; the middle half lies between {low:.3g} and {high:.3g}.",
        draw,
        3.0,
        table,
    )


def outcome_picture(exercises: pd.DataFrame) -> Picture | None:
    """Draw what became of every exercise: one bar each, in the lesson's order."""
    if exercises.empty or not exercises["written"].any():
        return None
    hardest = exercises.loc[exercises["success"].idxmin()]

    def draw(axes: Axes) -> None:
        _stacked(axes, exercises, exercises["exercise"].tolist(), LOOK)
        axes.set(xlabel="students", ylabel="")

    return _picture(
        "exercises",
        f"Hardest: {hardest['exercise']}, right in {hardest['success']:.0%} of the answers",
        f"Stacked bars, one for each of {len(exercises)} exercises: how many students were right, "
        "partly right or wrong, got no answer, were stopped, or wrote nothing. The table below "
        "has the numbers.",
        draw,
        1.3 + 0.27 * len(exercises),
        exercises[["notebook", "exercise", *KINDS]],
    )


def discrimination_picture(exercises: pd.DataFrame) -> Picture | None:
    """Draw how well each exercise tells strong work from weak, where that can be said."""
    told = exercises.dropna(subset=["discrimination"])
    if len(told) < 2:
        return None
    values = told["discrimination"].astype(float)
    weak = told.loc[values < 0.2, "exercise"].tolist()

    def draw(axes: Axes) -> None:
        axes.axvspan(min(-0.1, values.min() - 0.05), 0.2, color="#eeeeee", zorder=0)
        axes.axvline(0, color=EDGE, linewidth=1)
        sns.scatterplot(
            x=values.to_numpy(), y=told["exercise"].to_numpy(), s=60, color=COLORS[0], ax=axes
        )
        axes.set(
            xlabel="item-rest correlation (-1 to 1; below 0.2 shaded)",
            ylabel="",
            xlim=(min(-0.1, values.min() - 0.05), 1),
        )

    best = told.loc[values.idxmax(), "exercise"]
    return _picture(
        "discrimination",
        f"{best} tells strong work from weak best",
        f"One dot for each of {len(told)} exercises: the correlation of its points with the points "
        f"for all others. Below 0.2: {', '.join(weak) if weak else 'none'}.",
        draw,
        1.2 + 0.27 * len(told),
        told[["notebook", "exercise", "discrimination"]],
    )


def likeness_picture(notebook: str, found: Likeness) -> Picture | None:
    """Draw how alike the pairs of a notebook's submissions are, and which stand out."""
    if not len(found.pairs):
        return None
    counts, edges = np.histogram(found.pairs, np.linspace(0, 1, 41))
    out = int((found.pairs >= found.bar).sum())

    def draw(axes: Axes) -> None:
        sns.histplot(x=found.pairs, bins=edges, color=COLORS[0], edgecolor="white", ax=axes)
        if np.isfinite(found.bar):
            axes.axvline(found.bar, color=EDGE, linestyle="--", linewidth=1.5)
        axes.set_yscale("symlog", linthresh=1)
        axes.set(xlabel="similarity of a pair (0 to 1)", ylabel="pairs (log. scale)", xlim=(0, 1))

    title = f"{notebook}: {out} of {len(found.pairs)} pairs stand out"
    if not np.isfinite(found.bar):
        title = f"{notebook}: all are so alike that nobody stands out"
    return _picture(
        f"similarity-{notebook}",
        title,
        f"Histogram of the similarity of {len(found.pairs)} pairs of submissions. The typical pair "
        f"has {found.typical:.2f}; "
        + (f"{out} have {found.bar:.2f} or more." if np.isfinite(found.bar) else "no bar is set."),
        draw,
        2.6,
        pd.DataFrame({"from_similarity": edges[:-1], "to_similarity": edges[1:], "pairs": counts}),
    )


def lesson_picture(scores: pd.DataFrame) -> Picture | None:
    """Draw the scores of every lesson side by side.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns ``lesson`` and ``share`` (0 to 1), a row for each student who handed in.
    """
    if scores.empty:
        return None
    medians = scores.groupby("lesson", sort=False)["share"].median()

    def draw(axes: Axes) -> None:
        sns.boxplot(x="share", y="lesson", data=scores, color="#cfe3f1", width=0.6, whis=(0, 100),
                    linecolor=EDGE, ax=axes)  # fmt: skip
        sns.stripplot(x="share", y="lesson", data=scores, color=COLORS[0], size=3.5, alpha=0.7,
                      jitter=0.2, ax=axes)  # fmt: skip
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set(xlabel="share of the points (%)", ylabel="", xlim=(-0.02, 1.02))

    low = medians.idxmin()
    about = scores.groupby("lesson", sort=False)["share"].describe()
    return _picture(
        "lessons",
        f"Lowest median: {low}, {medians[low]:.0%} of the points",
        "One box for each lesson: the middle half of the shares of points, the median, and a dot "
        "for each student. "
        + "; ".join(f"{lesson}: median {value:.0%}" for lesson, value in medians.items())
        + ".",
        draw,
        1.2 + 0.5 * len(medians),
        about.reset_index(),
    )


def handed_in_picture(counts: pd.DataFrame) -> Picture | None:
    """Draw how many handed in on time, late and not at all, for each lesson.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns ``lesson`` and those of :data:`WHEN`.
    """
    if counts.empty:
        return None
    missing = counts.loc[counts[NOT_THERE].idxmax()]

    def draw(axes: Axes) -> None:
        _stacked(axes, counts, counts["lesson"].tolist(), WHEN)
        axes.set(xlabel="students", ylabel="")

    title = "Everybody handed in every lesson that is graded"
    if missing[NOT_THERE]:
        title = f"Most are missing in {missing['lesson']}: {missing[NOT_THERE]}"
    rows = "; ".join(
        f"{row['lesson']}: {row[ON_TIME]} on time, {row[LATE]} late, {row[NOT_THERE]} missing"
        for _, row in counts.iterrows()
    )
    return _picture("handed-in", title, f"{rows}.", draw, 1.3 + 0.3 * len(counts), counts)


def _stacked(axes: Axes, frame: pd.DataFrame, labels: list[str], look: Mapping[str, tuple]) -> None:
    """Horizontal bars, the first row on top; a kind that nobody has is in no legend."""
    left, rows = np.zeros(len(frame)), np.arange(len(frame))
    for kind, (color, hatch) in look.items():
        values = frame[kind].to_numpy(float)
        if values.any():
            axes.barh(rows, values, left=left, height=0.72, color=color, hatch=hatch,
                      edgecolor=EDGE, linewidth=0.6, label=kind)  # fmt: skip
        left += values
    axes.set_yticks(rows, labels)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, max(left.max(), 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.3, 1.0),
        ncols=4,
        frameon=False,
        fontsize="small",
        handlelength=1.6,
    )


@contextlib.contextmanager
def _repeatable() -> Iterator[None]:
    """Let seaborn scatter dots as it likes, the same way each time."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)


def _picture(
    name: str,
    title: str,
    alt: str,
    draw: Callable[[Axes], None],
    height: float,
    table: pd.DataFrame,
) -> Picture:
    """Draw without a window and without a trace: what a notebook has set stays as it is."""
    with mpl.rc_context(), no_warnings():  # a name may have letters that the font has not
        set_style()
        mpl.rcParams |= {"hatch.linewidth": 0.6, "text.parse_math": False}
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        with _repeatable():
            draw(axes)
        sns.despine(fig=figure, left=True)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=SHARPNESS, metadata={"Software": None})
    size = (round(WIDTH * SHOWN), round(height * SHOWN))
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return Picture(name, title, alt, source, *size, csv_of(table))
