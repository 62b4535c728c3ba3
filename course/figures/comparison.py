"""Figures of ``06_comparison``: each draws one message and returns the data that it drew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from sklearn.decomposition import PCA

from course import plots

CHANCE = 1 / 8
"""What guessing earns in the copy task of eight symbols."""
ADDING_CHANCE = 1 / 6
"""The mean squared error of always answering 1 in the adding problem."""
CELL_NAMES = {"rnn": "vanilla RNN", "gru": "GRU", "lstm": "LSTM"}
NAMED_COLORS = {CELL_NAMES[cell]: color for cell, color in plots.CELL_COLORS.items()}
Measured = Mapping[str, Any]


def _dots(ax: Axes, table: pd.DataFrame, x: str, y: str, **options: Any) -> None:
    """One dot a seed, and a short bar at the median."""
    sns.stripplot(table, x=x, y=y, ax=ax, jitter=0.16, size=6, alpha=0.75, **options)
    medians = table.groupby(x, sort=False)[y].median()
    for place, median in enumerate(medians):
        ax.plot([place - 0.28, place + 0.28], [median, median], color="0.2", lw=1.5)


def _line_of_chance(ax: Axes, value: float, label: str) -> None:
    ax.axhline(value, color="0.3", ls=":", lw=1.5)
    ax.annotate(
        label,
        (0.99, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
        color="0.3",
    )


def what_each_bias_contributes(measured: Measured) -> pd.DataFrame:
    """Accuracy of the same LSTM under four starts: one dot a seed."""
    table = measured["biases"]
    _, ax = plots.new_figure(width=6.5, height=3)
    _dots(ax, table, "start", "accuracy", color=plots.CELL_COLORS["lstm"])
    _line_of_chance(ax, CHANCE, "guessing: 1/8")
    ax.set(
        title="One LSTM, four starts: biases decide before training does",
        xlabel="biases set for a memory of 100 steps",
        ylabel="accuracy at length 100",
        ylim=(0, 1.04),
    )
    return table


def accuracy_against_length(measured: Measured, live: Iterable[Measured] = ()) -> pd.DataFrame:
    """Copy-first accuracy of the three cells at each length: dots stored, crosses live."""
    table = measured["copy_first"]
    lengths = sorted(table["T"].unique())
    _, ax = plots.new_figure(width=7, height=3.4)
    for shift, (cell, color) in zip((-0.12, 0, 0.12), plots.CELL_COLORS.items(), strict=True):
        rows = table[table["cell"] == cell]
        places = rows["T"].map(lengths.index) + shift
        ax.scatter(places, rows["accuracy"], color=color, s=26, alpha=0.75)
        medians = rows.groupby("T")["accuracy"].median()
        ax.plot(np.arange(len(lengths)) + shift, medians, color=color, label=CELL_NAMES[cell])
        found = [run for run in live if run["cell"] == cell]
        at = [lengths.index(run["T"]) + shift for run in found]
        ax.scatter(at, [run["accuracy"] for run in found], color=color, marker="x", s=60, zorder=3)
    _line_of_chance(ax, CHANCE, "guessing: 1/8")
    ax.set_xticks(range(len(lengths)), lengths)
    ax.set(
        title="Gates carry the first symbol past 100 steps of noise",
        xlabel="length T (steps)",
        ylabel="accuracy on fresh sequences",
        ylim=(0, 1.04),
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return table


def adding_learning_curves(measured: Measured, live: Iterable[Measured] = ()) -> pd.DataFrame:
    """Error in the adding problem against steps: a thin line a stored seed, a thick one live."""
    table = measured["adding"]
    _, ax = plots.new_figure(width=7, height=3.4)
    runs = [(run, 1.0) for run in table.to_dict("records")] + [(run, 2.6) for run in live]
    for run, width in runs:
        smooth = np.convolve(run["errors"], np.ones(10) / 10, mode="valid")
        color = plots.CELL_COLORS[run["cell"]]
        ax.plot(np.arange(10, len(run["errors"]) + 1), smooth, color=color, lw=width, alpha=0.8)
    for cell, color in plots.CELL_COLORS.items():
        ax.plot([], [], color=color, label=CELL_NAMES[cell])
    _line_of_chance(ax, ADDING_CHANCE, "always saying 1: 1/6")
    _line_of_chance(ax, 0.01, "solved: 0.01")
    ax.set(
        yscale="log",
        title="Adding: the vanilla RNN stays where guessing is",
        xlabel="training steps",
        ylabel="mean squared error\n(mean of 10 batches)",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return table


def steps_and_seconds(measured: Measured) -> pd.DataFrame:
    """Steps and processor seconds of every stored run; hollow where the target was not reached."""
    parts = [measured["copy_first"].query("T == 100"), measured["adding"]]
    table = pd.concat(parts, keys=["copy, T = 100", "adding, T = 30"], names=["task", None])
    table = table.reset_index("task")[["task", "cell", "seed", "solved", "steps", "seconds"]]
    _, axes = plots.new_figure(columns=2, width=9, height=3.2)
    tasks = list(table["task"].unique())
    for ax, value, unit in zip(
        axes, ("steps", "seconds"), ("training steps", "processor time (s)"), strict=True
    ):
        for k, (cell, color) in enumerate(plots.CELL_COLORS.items()):
            for solved in (True, False):
                rows = table[(table["cell"] == cell) & (table["solved"] == solved)]
                at = rows["task"].map(tasks.index) + 0.22 * (k - 1) + 0.02 * (rows["seed"] - 2)
                face = color if solved else "none"
                ax.scatter(at, rows[value], facecolors=face, edgecolors=color, s=32)
            ax.scatter([], [], color=color, label=CELL_NAMES[cell])
        ax.set_xticks(range(len(tasks)), tasks)
        ax.set(ylabel=unit, ylim=(0, None), xlim=(-0.5, len(tasks) - 0.5))
    axes[0].set_title("Few steps ...")
    axes[1].set_title("... are not few seconds")
    axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return table


def _against_sizes(table: pd.DataFrame, value: str, unit: str, title: str) -> pd.DataFrame:
    figure, axes = plots.new_figure(columns=2, width=9, height=3.2, sharey=True)
    order = list(dict.fromkeys(table["way"]))
    for ax, size, label in zip(axes, "TH", ("length T (steps)", "width H (units)"), strict=True):
        rows = table[table["swept"] == size]
        for way, color in zip(order, plots.COLORS, strict=False):
            line = rows[rows["way"] == way]
            ax.plot(line[size], line[value], marker="o", ms=4, color=color, label=way)
        ax.set(xlabel=label, ylabel=unit, xscale="log", yscale="log")
        ax.set_xticks(sorted(rows[size].unique()), sorted(rows[size].unique()))
        ax.minorticks_off()
    axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    return table


def seconds_of_one_lstm(table: pd.DataFrame) -> pd.DataFrame:
    """Time of the same LSTM run in several ways, against length and width."""
    title = "The same LSTM: who runs the loop decides, width hardly does"
    return _against_sizes(table, "milliseconds", "forwards and backwards (ms)", title)


def memory_of_one_lstm(table: pd.DataFrame) -> pd.DataFrame:
    """Peak memory of the same LSTM run in several ways, against length and width."""
    title = "Memory grows with every step, unless states are computed twice"
    return _against_sizes(table, "mebibytes", "peak memory (MiB)", title)


def cells_run_alike(table: pd.DataFrame) -> pd.DataFrame:
    """Time, memory and parameters of the three cells, all run by the same kind of code."""
    _, axes = plots.new_figure(columns=3, width=9.5, height=2.8)
    kinds = {
        "milliseconds": "time (ms)",
        "mebibytes": "peak memory (MiB)",
        "weights": "parameters",
    }
    for ax, (value, unit) in zip(axes, kinds.items(), strict=True):
        colors = [plots.CELL_COLORS[cell] for cell in table["cell"]]
        ax.bar([CELL_NAMES[cell] for cell in table["cell"]], table[value], color=colors, width=0.6)
        ax.set(ylabel=unit)
    axes[0].set_title("By the clock: no 1 : 3 : 4")
    axes[2].set_title("By counting: 1 : 3 : 4")
    return table


def forwards_stacked_both_ways(measured: Measured) -> pd.DataFrame:
    """Copy-first accuracy at length 25 of three shapes of equal size, by cell."""
    table = measured["shapes"].assign(name=lambda t: t["cell"].map(CELL_NAMES))
    _, ax = plots.new_figure(width=7, height=3.2)
    shapes = list(dict.fromkeys(table["shape"]))
    for k, (cell, color) in enumerate(plots.CELL_COLORS.items()):
        rows = table[table["cell"] == cell]
        at = rows["shape"].map(shapes.index) + 0.24 * (k - 1) + 0.03 * (rows["seed"] - 2)
        ax.scatter(at, rows["accuracy"], color=color, s=30, alpha=0.8, label=CELL_NAMES[cell])
    _line_of_chance(ax, CHANCE, "guessing: 1/8")
    ax.set_xticks(range(len(shapes)), shapes)
    ax.set(
        title="Reading backwards makes the first symbol the last",
        xlabel="shape of the network, weights equal",
        ylabel="accuracy at length 25",
        ylim=(0, 1.04),
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return table


def _study(measured: Measured, study: str) -> pd.DataFrame:
    table = measured["surnames"]
    return table[table["study"] == study].reset_index(drop=True)


def _halves(ax: Axes, table: pd.DataFrame) -> None:
    """Accuracy in training (hollow) and on held-out names (filled), one pair of dots a seed."""
    variants = list(dict.fromkeys(table["variant"]))
    places = table["variant"].map(variants.index)
    colors = [plots.CELL_COLORS.get(variant, plots.COLORS[0]) for variant in table["variant"]]
    ax.scatter(places - 0.13, table["train"], facecolors="none", edgecolors=colors, s=30)
    ax.scatter(places + 0.13, table["valid"], c=colors, s=30)
    names = [CELL_NAMES.get(variant, variant).replace(", ", ",\n") for variant in variants]
    ax.set_xticks(range(len(variants)), names, fontsize=9)
    ax.set(xlim=(-0.6, len(variants) - 0.4))
    ax.scatter([], [], facecolors="none", edgecolors="0.3", label="in training")
    ax.scatter([], [], color="0.3", label="held out")


def what_stacking_dropout_and_norm_do(measured: Measured) -> dict[str, pd.DataFrame]:
    """Three studies on surnames, each with a control of equal size."""
    titles = {
        "stacking": "Stacking",
        "dropout": "Dropout between two layers",
        "layer norm": "Normalised recurrence",
    }
    widths = {"width_ratios": (2, 4, 4)}
    _, axes = plots.new_figure(columns=3, width=12, height=3.4, sharey=True, gridspec_kw=widths)
    tables = {}
    for ax, (study, title) in zip(axes, titles.items(), strict=True):
        tables[study] = _study(measured, study)
        _halves(ax, tables[study])
        ax.set_title(title)
    axes[0].set(ylabel="accuracy, 11 languages")
    axes[2].legend(loc="lower left", fontsize=9)
    return tables


def overfitting_by_cell(measured: Measured) -> pd.DataFrame:
    """Accuracy in training and on held-out names after learning 300 names, by cell."""
    table = _study(measured, "overfitting")
    _, ax = plots.new_figure(width=6, height=3.2)
    _halves(ax, table)
    ax.set(
        title="300 names by heart, and not much more",
        ylabel="accuracy, 11 languages",
        ylim=(0, 1.04),
    )
    ax.legend(loc="lower left", fontsize=9)
    return table


def paths_by_pca(paths: Mapping[str, np.ndarray], symbols: np.ndarray) -> pd.DataFrame:
    """States (N, T, H) of each cell on their two principal axes, coloured by the first symbol."""
    _, axes = plots.new_figure(columns=len(paths), width=11, height=3.6)
    shares = []
    palette = sns.color_palette("colorblind", int(symbols.max()) + 1)
    for ax, (cell, states) in zip(axes, paths.items(), strict=True):
        N, T, H = states.shape
        pca = PCA(n_components=2).fit(states.reshape(N * T, H))
        plane = pca.transform(states.reshape(N * T, H)).reshape(N, T, 2)
        for path, symbol in zip(plane, symbols, strict=True):
            ax.plot(*path.T, color=palette[symbol], lw=0.7, alpha=0.6)
            ax.scatter(*path[-1], color=palette[symbol], s=22, zorder=3)
        share = float(pca.explained_variance_ratio_.sum())
        shares.append({"cell": cell, "share of variance": share})
        ax.set(title=CELL_NAMES[cell], xlabel=f"first axis (both: {share:.0%} of variance)")
    axes[0].set_ylabel("second axis")
    return pd.DataFrame(shares)


def eigenvalues_on_the_circle(values: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Eigenvalues of each cell's step at its resting point; the slowest mode's time constant."""
    _, axes = plots.new_figure(columns=len(values), width=10, height=3.4)
    around = np.exp(1j * np.linspace(0, 2 * np.pi, 200))
    rows = []
    for ax, (cell, found) in zip(axes, values.items(), strict=True):
        largest = np.abs(found).max()
        ax.plot(around.real, around.imag, color="0.6", lw=1)
        ax.scatter(found.real, found.imag, color=plots.CELL_COLORS[cell], s=18, alpha=0.8)
        steps = -1 / np.log(largest) if largest < 1 else np.inf
        rows.append({"cell": cell, "largest": float(largest), "time constant": float(steps)})
        ax.set(
            title=f"{CELL_NAMES[cell]}: largest {largest:.2f}", xlabel="real part", aspect="equal"
        )
    axes[0].set_ylabel("imaginary part")
    return pd.DataFrame(rows).set_index("cell")


def state_against_the_one_before(paths: Mapping[str, np.ndarray]) -> pd.Series:
    """Every unit's h_t against h_{t-1}: a memory lies on the diagonal."""
    _, axes = plots.new_figure(columns=len(paths), width=10, height=3.4, sharey=True)
    found = {}
    for ax, (cell, states) in zip(axes, paths.items(), strict=True):
        before, after = states[:8, 1:-1].ravel(), states[:8, 2:].ravel()
        found[cell] = float(np.corrcoef(before, after)[0, 1])
        ax.plot([-1, 1], [-1, 1], color="0.5", lw=1)
        color = plots.CELL_COLORS[cell]
        ax.scatter(before[::7], after[::7], s=3, color=color, alpha=0.35, rasterized=True)
        ax.set(title=f"{CELL_NAMES[cell]}: correlation {found[cell]:.2f}", xlabel="$h_{t-1}$")
    axes[0].set_ylabel("$h_t$")
    return pd.Series(found)
