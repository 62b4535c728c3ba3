"""What ``03_gru/gru`` draws over five seeds; ``experiments/gru.py`` makes what is stored."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from course import plots

CELLS = ("RNN", "GRU", "LSTM")
"""PyTorch's names of the networks that are compared."""


def error_by_network(
    stored: pd.DataFrame, own: Mapping[str, float], baselines: Mapping[str, float]
) -> pd.DataFrame:
    """Draw the error of each network, a dot a stored seed and a cross for each of ``own``.

    Parameters
    ----------
    stored : pandas.DataFrame
        A row a run, with its ``network``, its ``seed`` and how many ``hours off`` it is.
    own : mapping
        Errors in hours of runs that are not stored, by network.
    baselines : mapping
        Errors in hours to draw as dotted lines, by name.

    Returns
    -------
    pandas.DataFrame
        Hours off: a row a stored seed, a column a network.
    """
    table = stored.pivot(index="seed", columns="network", values="hours off")[list(CELLS)]
    _, ax = plots.new_figure(width=7.5, height=2.6)
    label = "yours"
    for row, cell in enumerate(CELLS):
        color = plots.CELL_COLORS[cell.lower()]
        ax.plot(table[cell], [row] * len(table), "o", color=color, alpha=0.65, markersize=7)
        if cell in own:
            style = {"color": "0.1", "markersize": 9, "markeredgewidth": 2}
            ax.plot(own[cell], row, "x", label=label, **style)
            label = None
    for name, value in baselines.items():
        ax.axvline(value, color="0.4", ls=":", zorder=0)
        ax.text(value, -0.62, f" {name}", color="0.4", va="bottom", fontsize=9)
    gated = table[["GRU", "LSTM"]].max(axis=None)
    title = plots.true_title(
        "With every seed the gated cells count better than any vanilla RNN",
        gated < table["RNN"].min(),
        "How well each network counts",
    )
    ax.set(
        title=title + "\n",
        xlabel="mean absolute error (hours; a dot for each of five seeds)",
        yticks=range(len(CELLS)),
        yticklabels=CELLS,
        xlim=(0, None),
        ylim=(len(CELLS) - 0.5, -0.6),
    )
    ax.grid(False, axis="y")
    if own:
        ax.legend(loc="lower right")
    return table


def errors_by_way(stored: pd.DataFrame, yours: pd.Series) -> pd.DataFrame:
    """Set the errors of one more GRU below the stored ones, by the way to read the weights.

    Parameters
    ----------
    stored : pandas.DataFrame
        A row a run, with its ``way``, its ``seed`` and how many ``hours off`` it is.
    yours : pandas.Series
        Hours off, by way.

    Returns
    -------
    pandas.DataFrame
        Hours off: a row a GRU, a column for each of the ways in ``yours``.
    """
    table = stored.pivot(index="seed", columns="way", values="hours off")[list(yours.index)]
    return pd.concat([table, yours.to_frame("yours").T])


def with_yours(stored: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Set what the gates of one more GRU do below what is stored of others.

    Parameters
    ----------
    stored : pandas.DataFrame
        A row a GRU: by how much the unit that ``opens`` most is rewritten more in rain, how much
        is ``least rewritten`` in dry hours, and of how many units the ``reset lower`` in rain.
    means : pandas.DataFrame
        Mean of both gates in wet and in dry hours, a row a unit.
    """
    yours = {
        "opens": (means["z, rain"] - means["z, dry"]).max(),
        "least rewritten": means["z, dry"].min(),
        "reset lower": (means["r, rain"] < means["r, dry"]).sum(),
    }
    return pd.concat([stored[list(yours)], pd.DataFrame([yours])])
