"""Figures and findings of ``06_comparison``: each figure returns the data that it drew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.axes import Axes
from sklearn.decomposition import PCA
from torch import nn

from course import measuring, plots

CHANCE = 1 / 8
"""What guessing earns in the copy task of eight symbols."""
ADDING_CHANCE = 1 / 6
"""The mean squared error of always answering 1 in the adding problem."""
CELL_NAMES = {"rnn": "vanilla RNN", "gru": "GRU", "lstm": "LSTM"}
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
    medians = table.groupby("start")["accuracy"].median()
    ax.set(
        title=plots.true_title(
            "One LSTM, four starts: biases decide before training does",
            medians["both"] > medians.drop("both").max() + 0.3,
            "One LSTM, four starts",
        ),
        xlabel="biases set for a memory of 100 steps",
        ylabel="accuracy at length 100",
        ylim=(0, 1.04),
    )
    return table


def symbol_and_noise(starts: Mapping[str, tuple[float, float]], T: int = 100) -> pd.DataFrame:
    """Draw what is left of a symbol in an LSTM's cell, and the noise that was written meanwhile.

    The input gate has opened for the symbol; afterwards both gates stand at their biases, and the
    noise to be written is standard normal at every step.

    Parameters
    ----------
    starts : mapping of str to (float, float)
        The biases of the forget gate (keep) and of the input gate (write).
    T : int
        Steps after the symbol.

    Returns
    -------
    pandas.DataFrame
        A row for each start: ``symbol`` and standard deviation of the ``noise`` after T steps.
    """
    steps = np.arange(T + 1)
    width = 2.2 + 1.9 * max(len(starts), 2)
    _, axes = plots.new_figure(
        columns=len(starts), width=width, height=2.6, sharey=True, squeeze=False
    )
    rows = {}
    for ax, (name, biases) in zip(axes[0], starts.items(), strict=True):
        kept, written = (1 / (1 + np.exp(-bias)) for bias in biases)
        symbol = kept**steps
        noise = written * np.sqrt(np.concatenate([[0.0], np.cumsum(kept ** (2 * steps[:-1]))]))
        ax.plot(steps, symbol, color=plots.CELL_COLORS["lstm"], label="symbol")
        ax.plot(steps[1:], noise[1:], color="0.4", ls="--", label="noise")
        ax.set(yscale="log", ylim=(1e-3, 12), xlabel="steps t")
        ax.set_title(f"{name}\nkeep {biases[0]:.1f}, write {biases[1]:.1f}", fontsize=10)
        rows[name] = {"symbol": symbol[-1], "noise": noise[-1]}
    axes[0, 0].set_ylabel("size in the cell")
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return pd.DataFrame.from_dict(rows, orient="index")


def four_starts(both: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Both biases of an LSTM's start, each alone, and neither, as (keep, write)."""
    keep, write = both["keep"], both["write"]
    return {
        "neither": (0.0, 0.0),
        "keep alone": (keep, 0.0),
        "write alone": (0.0, write),
        "both": (keep, write),
    }


def one_start(keep: float, write: float) -> pd.DataFrame:
    """Draw :func:`symbol_and_noise` of one pair of biases."""
    return symbol_and_noise({"your start": (keep, write)})


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
    far = table[(table["T"] >= 100) & (table["cell"] != "rnn")]
    ax.set(
        title=plots.true_title(
            "Gates carry the first symbol past 100 steps of noise",
            far.groupby(["cell", "T"])["accuracy"].median().min() > 0.9,
            "The first symbol, asked for at the end: accuracy at each length",
        ),
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
    ends = [np.mean(run["errors"][-10:]) for run, _ in runs if run["cell"] == "rnn"]
    ax.set(
        yscale="log",
        title=plots.true_title(
            "Adding: the vanilla RNN stays where guessing is",
            min(ends, default=0) > 0.75 * ADDING_CHANCE,
            "Adding: the error against training steps",
        ),
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
    medians = table[table["solved"]].groupby(["task", "cell"])[["steps", "seconds"]].median()
    firsts = medians.groupby("task").idxmin()
    apart = len(firsts) == len(tasks) and (firsts["steps"] != firsts["seconds"]).all()
    axes[0].set_title(plots.true_title("Few steps ...", apart, "Training steps"))
    axes[1].set_title(plots.true_title("... are not few seconds", apart, "Processor time"))
    axes[1].scatter([], [], facecolors="none", edgecolors="0.3", label="target not reached")
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
    plots.heading(figure, title)
    return table


def seconds_of_one_lstm(table: pd.DataFrame) -> pd.DataFrame:
    """Time of the same LSTM run in several ways, against length and width."""
    times = table.set_index(["swept", "way", "T", "H"])["milliseconds"]
    wider = times["H"].groupby("way").agg(lambda ms: ms.max() / ms.min()).median()
    ways = times["H"].groupby("H").agg(lambda ms: ms.max() / ms.min()).median()
    title = plots.true_title(
        "The same LSTM: who runs the loop matters more than its width",
        ways > 2 * wider,
        "The same LSTM, run in several ways: time",
    )
    return _against_sizes(table, "milliseconds", "forwards and backwards (ms)", title)


def memory_of_one_lstm(table: pd.DataFrame) -> pd.DataFrame:
    """Peak memory of the same LSTM run in several ways, against length and width."""
    rows = table[table["swept"] == "T"].groupby("way")[["mebibytes", "T"]]
    growth = rows.max() / rows.min()
    growth = growth["mebibytes"] / growth["T"]  # 1: as fast as the sequence
    twice = growth.pop(measuring.TWICE)
    title = plots.true_title(
        "Memory grows with every step, unless states are computed twice",
        twice < 0.6 < growth.min(),
        "The same LSTM, run in several ways: memory",
    )
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
    ratios = table.set_index("cell").loc[["rnn", "gru", "lstm"], ["milliseconds", "weights"]]
    as_expected = np.isclose(ratios / ratios.iloc[0], [[1], [3], [4]], rtol=0.1).all(axis=0)
    clock = plots.true_title("By the clock: no 1 : 3 : 4", not as_expected[0], "By the clock")
    count = plots.true_title("By counting: 1 : 3 : 4", as_expected[1], "By counting")
    axes[0].set_title(clock)
    axes[2].set_title(count)
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
    rnn = table[table["cell"] == "rnn"].groupby("shape")["accuracy"].median()
    ax.set(
        title=plots.true_title(
            "Reading backwards makes the first symbol the last",
            rnn["both ways"] > rnn["forwards"] + 0.2,
            "Three shapes of equal size",
        ),
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
    medians = table.groupby("variant")[["train", "valid"]].median()
    ax.set(
        title=plots.true_title(
            "300 names by heart, and not much more",
            medians["train"].min() > 0.9 and medians["valid"].max() < 0.7,
            "Learned from 300 names",
        ),
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


def ends_beside_their_like(paths: Mapping[str, np.ndarray], symbols: np.ndarray) -> pd.Series:
    """Share of last states (N, H) whose nearest neighbour has the same symbol, for each cell."""
    found = {}
    for cell, states in paths.items():
        ends = states[:, -1]
        apart = np.linalg.norm(ends[:, None] - ends[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        found[cell] = float((symbols[apart.argmin(axis=1)] == symbols).mean())
    return pd.Series(found)


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


def networks_that_are_right(measured: Measured) -> tuple[pd.DataFrame, pd.Series]:
    """Of five networks, how many name the first symbol 99 times in 100, at 100 steps and more.

    Returns
    -------
    right : pandas.DataFrame
        A row for each length, a column for each cell.
    guesses : pandas.Series
        Accuracies of the vanilla RNNs at these lengths.
    """
    far = measured["copy_first"].query("T >= 100")
    right = (far["accuracy"] >= 0.99).groupby([far["T"], far["cell"]]).sum().unstack()
    return right, far[far["cell"] == "rnn"]["accuracy"]


def gru_against_lstm(measured: Measured) -> pd.DataFrame:
    """Steps and seconds that a GRU takes to solve a task, in those of an LSTM: medians."""
    parts = {"copy, T = 100": measured["copy_first"].query("T == 100")}
    parts["adding, T = 30"] = measured["adding"]
    medians = {
        task: rows.groupby("cell")[["steps", "seconds"]].median() for task, rows in parts.items()
    }
    ratios = {task: rows.loc["gru"] / rows.loc["lstm"] for task, rows in medians.items()}
    return pd.DataFrame(ratios).T


def costs_of_an_lstm(lengths: tuple[int, ...], width: int) -> pd.DataFrame:
    """Time and memory of one LSTM layer run in four ways, against length and width."""
    ways = (measuring.BY_HAND, measuring.FUSED, measuring.FUSED_OFF, measuring.TWICE)
    middle = lengths[len(lengths) // 2]
    points = {"T": [(T, width) for T in lengths]}
    points["H"] = [(middle, H) for H in (width // 4, width, 4 * width)]
    return pd.DataFrame(
        measuring.cost("lstm", way, T, H) | {"swept": swept}
        for swept, sizes in points.items()
        for way in ways
        for T, H in sizes
    )


def times_as_long(costs: pd.DataFrame, way: str = measuring.BY_HAND) -> tuple[float, float]:
    """Say how many times as long a layer takes when it reads more steps, and when it is wider.

    Parameters
    ----------
    costs : pandas.DataFrame
        From :func:`costs_of_an_lstm`.
    way : str
        Which way to run the layer.

    Returns
    -------
    longer, wider : float
        The two greatest lengths compared (twice), and the two smallest widths (four times).
    """
    rows = costs[costs["way"] == way].set_index(["swept", "T", "H"])["milliseconds"]
    lengths, widths = rows["T"].sort_index(), rows["H"].sort_index()
    return lengths.iloc[-1] / lengths.iloc[-2], widths.iloc[1] / widths.iloc[0]


def costs_of_three_cells(T: int, H: int) -> pd.DataFrame:
    """Time, memory and parameters of the three cells, with the fused kernel switched off."""
    return pd.DataFrame(measuring.cost(c, measuring.FUSED_OFF, T, H) for c in CELL_NAMES)


def eigenvalues_at_rest(model: nn.Module, steps: int = 1500) -> np.ndarray:
    """Eigenvalues of a network's step without input, where it has come to rest.

    Parameters
    ----------
    model : torch.nn.Module
        With a recurrent layer of PyTorch's as ``rnn``. An LSTM's state is (h, c) in one row.
    steps : int
        How often the step acts on its own result before it counts as resting.
    """
    rnn = model.rnn
    blank = next(rnn.parameters()).new_zeros(1, 1, rnn.input_size)
    lstm = rnn.mode == "LSTM"

    def step(state: torch.Tensor) -> torch.Tensor:
        parts = tuple(part.view(1, 1, -1) for part in state.split(rnn.hidden_size))
        after = rnn(blank, parts if lstm else parts[0])[1]
        return torch.cat([part.flatten() for part in (after if lstm else (after,))])

    state = blank.new_zeros(rnn.hidden_size * (2 if lstm else 1))
    with torch.no_grad():
        for _ in range(steps):
            state = step(state)
    jacobian = torch.autograd.functional.jacobian(step, state)
    return np.linalg.eigvals(jacobian.cpu().double().numpy())


def jacobian_off_by(jacobian: Callable[..., np.ndarray], seed: int = 4) -> dict[str, float]:
    """Compare somebody's Jacobian of a vanilla RNN's step with autograd's on a small network.

    Parameters
    ----------
    jacobian : callable
        ``(h, x, W_x, W_h, b)`` to an array of shape (H, H).
    seed : int
        Of the network's weights and its one input.

    Returns
    -------
    dict
        Gaps by place: of the largest eigenvalue once the state rests, of one step from a fresh
        state, of the product of five steps (both as shares of the largest entry), and the largest
        gap of any entry in twenty steps.
    """
    rng = np.random.default_rng(seed)
    x, W_x = rng.normal(size=3), rng.normal(size=(3, 6))
    W_h, b = 0.4 * rng.normal(size=(6, 6)), rng.normal(size=6)

    def after(h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(torch.tensor(x @ W_x + b) + h @ torch.tensor(W_h))

    def true(h: np.ndarray) -> np.ndarray:
        return torch.autograd.functional.jacobian(after, torch.tensor(h)).numpy()

    def theirs(h: np.ndarray) -> np.ndarray:
        return np.asarray(jacobian(h, x, W_x, W_h, b))

    states = [np.zeros(6)]
    for _ in range(300):
        states.append(np.tanh(x @ W_x + states[-1] @ W_h + b))
    largest = [np.abs(np.linalg.eigvals(f(states[-1]))).max() for f in (theirs, true)]
    products = {}
    for count in (1, 5):
        pair = [
            np.linalg.multi_dot([np.eye(6), *map(f, states[count:0:-1]), np.eye(6)])
            for f in (theirs, true)
        ]
        products[count] = np.abs(pair[0] - pair[1]).max() / np.abs(pair[1]).max()
    return {
        "at rest": abs(largest[0] - largest[1]),
        "one step": products[1],
        "five steps": products[5],
        "worst of 20 steps": max(np.abs(theirs(h) - true(h)).max() for h in states[:20]),
    }


def findings(
    measured: Measured, costs: pd.DataFrame, alike: pd.DataFrame
) -> dict[str, tuple[str, bool]]:
    """The lesson's findings: a sentence made of the measurements, and whether its condition holds.

    Parameters
    ----------
    measured : mapping
        The stored runs.
    costs, alike : pandas.DataFrame
        What :func:`costs_of_an_lstm` and :func:`costs_of_three_cells` measured.
    """
    copy, accuracy = measured["copy_first"], "accuracy"
    right, _ = networks_that_are_right(measured)
    middle = copy.groupby(["T", "cell"])[accuracy].median()
    bias = measured["biases"].groupby("start")[accuracy].median()
    solved = measured["adding"].groupby("cell")["solved"].sum()
    ratio = gru_against_lstm(measured)["seconds"]
    memory = alike.set_index("cell")["mebibytes"]
    peak = costs[costs["swept"] == "T"].set_index(["way", "T"])["mebibytes"]
    longest = int(costs[costs["swept"] == "T"]["T"].max())
    shape = measured["shapes"].groupby(["cell", "shape"])[accuracy].median()
    names = measured["surnames"].groupby(["study", "variant"])["valid"].median()
    norm, drop, deep, few = (
        names[study] for study in ("layer norm", "dropout", "stacking", "overfitting")
    )
    return {
        "memory": (
            f"Copy, networks of five with 99% or more: GRU {right['gru'][100]} at 100 steps, "
            f"{right['gru'][200]} at 200; LSTM {right['lstm'][100]} and {right['lstm'][200]}; "
            f"vanilla RNN {right['rnn'][100]} and {right['rnn'][200]}",
            right["gru"].min() == 5 and right["lstm"].min() >= 4 and right["rnn"].max() == 0,
        ),
        "short": (
            f"Copy, vanilla RNN, median: {middle[10, 'rnn']:.2f} at 10 steps, "
            f"{middle[100, 'rnn']:.2f} at 100; guessing earns 0.125",
            middle[10, "rnn"] > 0.6 and middle[100, "rnn"] < 0.2,
        ),
        "start": (
            f"LSTM at 100 steps, median: {bias['both']:.2f} with both biases set, "
            f"{bias['neither']:.2f} with neither, {bias['keep alone']:.2f} and "
            f"{bias['write alone']:.2f} with one",
            bias["both"] > bias.drop("both").max() + 0.3,
        ),
        "adding": (
            f"Adding, 30 steps, solved of five seeds: GRU {solved['gru']}, LSTM {solved['lstm']}, "
            f"vanilla RNN {solved['rnn']}",
            solved["gru"] + solved["lstm"] > solved["rnn"],
        ),
        "kernel": (
            "Seconds to solve, GRU against LSTM with its fused kernel: "
            f"{ratio.min():.1f} to {ratio.max():.1f} times",
            ratio.min() > 1,
        ),
        "size": (
            "Parameters, GRU : LSTM = 3 : 4; without a fused kernel its memory is less as well",
            memory["gru"] < memory["lstm"],
        ),
        "checkpoint": (
            "Checkpointing takes less than half the memory of the same loop, for more time",
            peak["checkpointed", longest] < 0.5 * peak["by hand", longest],
        ),
        "both": (
            f"Copy, 25 steps, vanilla RNN: {shape['rnn', 'forwards']:.2f} forwards, "
            f"{shape['rnn', 'both ways']:.2f} both ways at equal size",
            shape["rnn", "both ways"] > shape["rnn", "forwards"] + 0.2,
        ),
        "norm": (
            f"Surnames, weights five times too large: plain {norm['plain, weights × 5']:.2f}, "
            f"normalised {norm['normalised, weights × 5']:.2f}",
            norm["normalised, weights × 5"] > norm["plain, weights × 5"],
        ),
        "dropout": (
            f"Dropout 0.5 between layers: {drop['300 names, dropout 0.0']:.2f} to "
            f"{drop['300 names, dropout 0.5']:.2f} with 300 names, "
            f"{drop['4000 names, dropout 0.0']:.2f} to {drop['4000 names, dropout 0.5']:.2f} "
            "with 4,000",
            drop["4000 names, dropout 0.0"] > drop["4000 names, dropout 0.5"],
        ),
        "depth": (
            f"Surnames, equal size: one layer {deep['one layer']:.2f}, "
            f"two layers {deep['two layers']:.2f}",
            deep["one layer"] >= deep["two layers"],
        ),
        "few": (
            f"300 surnames, equal weights, held out: GRU {few['gru']:.2f}, "
            f"LSTM {few['lstm']:.2f}, vanilla RNN {few['rnn']:.2f}",
            few["gru"] > few["lstm"] > few["rnn"],
        ),
    }


CHOICES = (
    ("what matters is a few steps back, and size counts", "vanilla RNN", ("short",)),
    ("it may be far back", "GRU or LSTM, started to remember", ("memory", "start")),
    ("you cannot tune the start", "GRU: one gate keeps and does not write", ("start", "memory")),
    ("weights or memory are scarce", "GRU", ("size",)),
    ("your library has a fused kernel for one cell", "that cell; measure it there", ("kernel",)),
    ("sequences are too long for memory", "checkpointing, with any cell", ("checkpoint",)),
    ("the whole sequence is there before the answer", "both ways", ("both",)),
    ("you would like to go deeper", "first one wide layer", ("depth",)),
    ("the start may be badly scaled", "normalise inside the step", ("norm",)),
    ("there are few examples", "GRU; do not count on dropout alone", ("few", "dropout")),
)
"""When, which cell, and the findings that say so."""


def which_cell_when(found: Mapping[str, tuple[str, bool]]) -> pd.DataFrame:
    """The guide: a row needs a finding, which it names by its number."""
    number = {name: place for place, name in enumerate(found, start=1)}
    rows = [
        (when, choose, ", ".join(str(number[name]) for name in because))
        for when, choose, because in CHOICES
        if all(found[name][1] for name in because)
    ]
    columns = ["when", "choose", "because of findings"]
    return pd.DataFrame(rows, columns=columns).set_index("when")  # no numbers beside theirs
