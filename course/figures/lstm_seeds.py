"""What ``02_lstm/lstm`` draws over five seeds; ``experiments/lstm.py`` makes what is stored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from course import plots
from course.figures import lstm

GATES = ["f at midnight", "f by day", "i at midnight", "i by day", "left at 23:00"]
"""What is measured of the gates of a unit that holds the midnight temperature."""


def curves_of(rows: pd.DataFrame) -> dict[str, list[list[float]]]:
    """Turn stored rows of the latch task into accuracies again: by start, a list for each seed."""
    curves: dict[str, list[list[float]]] = {}
    for row in rows.itertuples():
        curves.setdefault(row.start, []).append([n / lstm.BATCH for n in row.right])
    return curves


def gates_by_seed(found: pd.DataFrame) -> pd.DataFrame:
    """Draw what each seed's unit does with its gates, a dot a seed.

    Parameters
    ----------
    found : pandas.DataFrame
        A row a seed: its ``error``, the ``correlation`` of its unit, and the columns of ``GATES``.

    Returns
    -------
    pandas.DataFrame
        The same, by seed.
    """
    whole = found.set_index("seed")[["error", "correlation", *GATES]]
    table = whole[GATES]
    _, ax = plots.new_figure(width=7.5, height=2.9)
    for at, (name, values) in enumerate(table.items()):
        color = {"f": plots.COLORS[0], "i": plots.COLORS[3]}.get(name[0], "0.3")
        shift = np.linspace(-0.12, 0.12, len(values))
        ax.plot(at + shift, values, "o", color=color, alpha=0.75, markersize=7)
    ax.set(
        xticks=range(len(GATES)),
        xticklabels=[name.replace(" ", "\n", 1) for name in GATES],
        ylabel="share",
        ylim=(0, 1.03),
        title=plots.true_title(
            "Every seed closes f at midnight and holds by day; what is left differs",
            (table["f at midnight"] < 0.6).all()
            and (table["f by day"] > table["f at midnight"] + 0.2).all()
            and np.ptp(table["left at 23:00"]) > 0.2,
            "The gates of the memory unit, a dot for each of five seeds",
        ),
    )
    ax.grid(False, axis="x")
    return whole


def scores_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Turn stored rows of the runs with dropped h into accuracies, ``(seeds, masks)`` by cell.

    Cells and masks keep the order in which they are stored.
    """
    scores = {}
    for cell, of_cell in rows.groupby("cell", sort=False):
        masks = list(dict.fromkeys(of_cell["mask"]))
        table = of_cell.pivot(index="seed", columns="mask", values="accuracy")
        scores[cell] = table[masks].to_numpy()
    return scores
