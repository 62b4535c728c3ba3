"""The pictures of the guided tour, one message each; every function returns what it drew."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course import data, plots
from course.figures import tour_cells
from course.figures.tour_cells import SEEDS
from course.sliders import slider as slider  # the tour's cells call it by this module

LINE = "to be, or not to be: that is the question"
NAMES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
GATES = {"input gate": plots.COLORS[1], "forget gate": plots.COLORS[4]}
GREY, MARK = "0.55", plots.COLORS[3]


def surprise_by_memory(letters: int = 400_000) -> dict[str, np.ndarray]:
    """Draw how surprising the next letter is to a table that has seen the last few.

    Parameters
    ----------
    letters : int
        How much of Shakespeare is counted.

    Returns
    -------
    dict of str to numpy.ndarray
        ``seen``: letters in view; ``counted`` and ``new``: mean surprise in bits on the text that
        was counted, and on plays that were not.
    """
    plays = data.shakespeare()
    seen = np.arange(7)
    counted, new = plays["train"][:letters].lower(), plays["valid"][:100_000].lower()
    bits = tour_cells.surprise(counted, new, seen)
    figure, ax = plots.new_figure(width=7.6, height=3.4)
    for name, color, label in (
        ("new", plots.COLORS[0], "plays it has never read"),
        ("counted", GREY, "the plays it was counted on"),
    ):
        ax.plot(seen, bits[name], "o-", color=color, lw=2.4)
        ax.annotate(
            label,
            (seen[-1], bits[name][-1]),
            textcoords="offset points",
            xytext=(-6, 9),
            ha="right",
            color=color,
        )
    ax.set(
        title=plots.true_title(
            "More memory helps, until a table of memories runs out of text",
            turns := 0 < bits["new"].argmin() < len(seen) - 1
            and bits["counted"][-1] < bits["new"].min(),
            "Surprise, by how many letters of the past are in view",
        ),
        xlabel="letters of the past in view",
        ylabel="surprise (bits per letter)",
        ylim=(0, None),
    )
    sns.despine(ax=ax, left=True)
    show(
        figure,
        "Two curves of surprise against letters in view"
        + plots.true_title(
            ": on plays that were counted it falls and stays low, on unread plays it falls for the"
            f" first {bits['new'].argmin()} letters and then rises again.",
            turns,
            ", on plays that were counted and on unread ones.",
        ),
    )
    return {"seen": seen, **bits}


def one_line_three_cells(text: str = LINE, units: int = 16) -> dict[str, np.ndarray]:
    """Draw the states of an untrained RNN, GRU and LSTM that read the same line.

    Returns
    -------
    dict of str to numpy.ndarray
        ``rnn``, ``gru`` and ``lstm``: states ``(T, units)``, each scaled to a largest value of 1.
    """
    states = {kind: tour_cells.states_over_text(kind, text, units) for kind in NAMES}
    states = {kind: values / np.abs(values).max() for kind, values in states.items()}
    figure, axes = plots.new_figure(rows=3, width=9.2, height=5.2, sharex=True)
    for ax, (kind, values) in zip(axes, states.items(), strict=True):
        image = ax.imshow(values.T, aspect="auto", cmap="vlag", vmin=-1, vmax=1)
        ax.set(yticks=[0, units - 1], yticklabels=["1", str(units)], ylabel="unit")
        ax.set_title(NAMES[kind], color=plots.CELL_COLORS[kind], loc="left")
        ax.grid(visible=False)
    axes[-1].set_xticks(range(len(text)), [c if c != " " else "·" for c in text])
    axes[-1].set_xlabel("step: one letter each")
    figure.colorbar(image, ax=axes, label="state (1 = its largest)", shrink=0.6, pad=0.01)
    moves = {kind: np.abs(np.diff(values, axis=0)).mean() for kind, values in states.items()}
    calm = moves["rnn"] > 3 * max(moves["gru"], moves["lstm"])
    claim = plots.true_title(
        ": the RNN rewrites its state, the gated cells carry theirs along", calm, ""
    )
    heading(figure, f"One line, three cells{claim}")
    show(
        figure,
        f"Three heat maps of {units} units over the letters of a line"
        + plots.true_title(
            ": the RNN's columns change from letter to letter, those of the GRU and the LSTM"
            " change smoothly.",
            calm,
            ": the states of the RNN, the GRU and the LSTM.",
        ),
    )
    return states


def gates_at_work(bias: float = 8.0) -> dict[str, np.ndarray]:
    """Draw one hand-set LSTM unit that keeps the last marked number.

    Returns
    -------
    dict of str to numpy.ndarray
        ``values``, ``marks``, ``input gate``, ``forget gate`` and ``cell``, each ``(T,)``.
    """
    values, marks = marked_numbers()
    traces = tour_cells.latch(values, marks, bias)
    steps, marked = np.arange(len(values)), np.flatnonzero(marks)
    figure, axes = plots.new_figure(
        rows=4, width=8.6, height=5.4, sharex=True, height_ratios=[1.2, 0.45, 0.45, 1.2]
    )
    axes[0].vlines(steps, 0, values, color="0.8", lw=2)
    axes[0].plot(steps, values, "o", color="0.7", ms=4)
    axes[0].set(ylabel="input", ylim=(-1.1, 1.1))
    axes[0].annotate("keep this one", (3, 0.75), (4, 0.72), color=MARK)
    for ax, (name, color) in zip(axes[1:3], GATES.items(), strict=True):
        ax.fill_between(steps, traces[name], step="mid", color=color, alpha=0.6, lw=0)
        ax.set(yticks=[0, 1], yticklabels=["shut", "open"], ylim=(-0.08, 1.08))
        ax.set_ylabel(name.replace(" ", "\n"), color=color, rotation=0, ha="right", va="center")
    axes[3].step(steps, traces["cell"], where="mid", color=plots.CELL_COLORS["lstm"], lw=2.6)
    axes[3].set(ylabel="cell", xlabel="step", ylim=(-1.1, 1.1))
    for ax in axes:
        ax.grid(visible=False, axis="x")
        for step in marked:
            ax.axvline(step, color=MARK, lw=1, ls=":", zorder=0)
    for ax in (axes[0], axes[3]):
        ax.plot(marked, values[marked], "o", color=MARK, ms=8)
    title = plots.true_title(
        "The gates move at the marks; in between, the cell holds what it was given",
        holds := _lost_by(traces, values, marked) < 0.1,
        "One unit of an LSTM, set by hand: what it reads, its gates and its cell",
    )
    heading(figure, title)
    show(
        figure,
        "Four panels over forty steps: random inputs with four marked ones; an input gate that"
        " opens at the marks; a forget gate that shuts there; a cell that jumps to each marked"
        + plots.true_title(" number and holds it.", holds, " number and loses some of it."),
    )
    return {"values": values, "marks": marks, **traces}


def hold_with(bias: float = 3.0) -> dict[str, np.ndarray]:
    """Draw how the unit of :func:`gates_at_work` holds for one bias of its forget gate.

    Returns
    -------
    dict of str to numpy.ndarray
        As in :func:`gates_at_work`.
    """
    return hold_for([bias])[0]


def hold_for(biases: Sequence[float] = (0.0, 2.0, 4.0, 8.0)) -> list[dict[str, np.ndarray]]:
    """Draw the cell of :func:`gates_at_work` for several biases of the forget gate, side by side.

    Returns
    -------
    list of dict
        As in :func:`gates_at_work`, one for each bias.
    """
    values, marks = marked_numbers()
    drawn = [tour_cells.latch(values, marks, bias) for bias in biases]
    figure, axes = _row(len(biases))
    steps, marked = np.arange(len(values)), np.flatnonzero(marks)
    for ax, bias, traces in zip(axes, biases, drawn, strict=True):
        lost = 1 / (1 + np.exp(bias))
        ax.fill_between(
            steps, traces["cell"], step="mid", color=plots.CELL_COLORS["lstm"], alpha=0.45
        )
        ax.plot(marked, values[marked], "o", color=MARK, ms=6)
        ax.set_title(f"bias {bias:g}: loses {100 * lost:.2g} %", fontsize=10)
        ax.set(xlabel="step", ylim=(-1.1, 1.1))
    axes[0].set_ylabel("cell")
    if len(biases) > 1:
        lost = [_lost_by(drawn[k], values, marked) for k in np.argsort(biases)]
        title = plots.true_title(
            "The wider the forget gate stands open, the longer the cell holds",
            (np.diff(lost) < 0).all(),
            "The cell, for some biases of its forget gate",
        )
        heading(figure, title)
    described = ", ".join(f"{bias:g}" for bias in biases)
    show(figure, f"The cell's value over forty steps for a forget-gate bias of {described}.")
    return [{"values": values, "marks": marks, **traces} for traces in drawn]


def gradients_fading(T: int = 60, units: int = 32) -> dict[str, np.ndarray]:
    """Draw how much of the gradient is left after so many steps back, for each cell.

    Random weights and inputs, five seeds.

    Returns
    -------
    dict of str to numpy.ndarray, shape (5, T)
        ``rnn`` (orthogonal matrix), ``gru`` and ``lstm`` (gates set to hold), ``default`` (the
        LSTM as PyTorch initialises it): gradient norm, 1 at distance 0.
    """
    left = {
        kind: np.array([_influence(kind, T, units, seed, 4.0) for seed in SEEDS]) for kind in NAMES
    }
    left["default"] = np.array([_influence("lstm", T, units, seed, None) for seed in SEEDS])
    figure, ax = plots.new_figure(width=8.2, height=4.0)
    labels = {  # what it is, and where that is written
        "gru": ("GRU, gates set to hold", 44, 9),
        "lstm": ("LSTM, gates set to hold", 44, -19),
        "rnn": ("orthogonal RNN", 30, 9),
        "default": ("LSTM, gates half open", 27, 9),
    }
    for kind, (label, place, above) in labels.items():
        color = plots.CELL_COLORS["lstm" if kind == "default" else kind]
        _band(ax, left[kind], color, "--" if kind == "default" else "-")
        at = (place, np.median(left[kind], axis=0)[place])
        ax.annotate(label, at, textcoords="offset points", xytext=(0, above), color=color)
    ax.set(
        yscale="log",
        ylim=(1e-12, 100),
        xlabel="distance (steps back in time)",
        ylabel="gradient left (1 = none lost)",
        title=plots.true_title(
            "Gates that hold carry the gradient fifty steps back; half-open gates lose it",
            far := T > 50
            and min(np.median(left[kind][:, 50]) for kind in ("gru", "lstm")) > 0.1
            and np.median(left["rnn"][:, 50]) < 1e-3
            and np.median(left["default"][:, 50]) < 1e-6,
            "How much of the gradient is left, by the distance",
        ),
    )
    sns.despine(ax=ax, left=True)
    show(
        figure,
        "Gradient norm against distance on a logarithmic axis, five seeds: "
        + plots.true_title(
            "after fifty steps the GRU and the LSTM with gates set to hold are left with more than"
            " a tenth, the RNN with less than a thousandth, and an LSTM with half-open gates with"
            " less than a millionth.",
            far,
            "a GRU and an LSTM with gates set to hold, an RNN, and an LSTM with half-open gates.",
        ),
    )
    return left


def fade_with(factor: float = 1.0) -> np.ndarray:
    """Draw the gradient of a vanilla RNN whose recurrent matrix is scaled by one number.

    Returns
    -------
    numpy.ndarray, shape (5, 60)
        Gradient norm by distance, five seeds.
    """
    return fade_for([factor])[0]


def fade_for(factors: Sequence[float] = (0.7, 1.0, 1.3, 1.8)) -> list[np.ndarray]:
    """Draw :func:`fade_with` for several factors, side by side.

    Returns
    -------
    list of numpy.ndarray, shape (5, 60)
    """
    drawn = [
        np.array(
            [
                tour_cells.influence(tour_cells.rnn_of_radius(factor, 8, 32, seed), 60, 0.1, seed)
                for seed in SEEDS
            ]
        )
        for factor in factors
    ]
    figure, axes = _row(len(factors))
    for ax, factor, left in zip(axes, factors, drawn, strict=True):
        ax.axhline(1, color=GREY, lw=1)
        _band(ax, left, plots.CELL_COLORS["rnn"], "-")
        ax.set_title(f"matrix times {factor:g}", fontsize=10)
        ax.set(yscale="log", ylim=(1e-9, 1e5), xlabel="distance (steps)")
    axes[0].set_ylabel("gradient left")
    if len(factors) > 1:
        ends = [np.median(left[:, -1]) for left in drawn]
        title = plots.true_title(
            "Without gates, one number decides whether the gradient fades or grows",
            min(ends) < 0.1 and max(ends) > 10,
            "How much of the gradient is left without gates, by the distance",
        )
        heading(figure, title)
    described = ", ".join(f"{factor:g}" for factor in factors)
    show(
        figure,
        f"Gradient norm against distance for recurrent matrices scaled by {described},"
        " on a logarithmic axis.",
    )
    return drawn


def learning_to_recall(T: int = 50) -> dict[str, np.ndarray]:
    """Train the three cells to name the first of ``T`` symbols, and draw their accuracy.

    Returns
    -------
    dict of str to numpy.ndarray, shape (5, 7)
        Accuracy on fresh sequences after 0, 10, ..., 60 updates, five seeds.
    """
    learned = {
        kind: np.array([tour_cells.learn_recall(kind, seed, T) for seed in SEEDS]) for kind in NAMES
    }
    figure, axes = plots.new_figure(columns=3, width=8.6, height=3.3, sharey=True)
    for ax, (kind, accuracy) in zip(axes, learned.items(), strict=True):
        updates = 10 * np.arange(accuracy.shape[1])
        ax.axhline(25, color=GREY, lw=1.2, ls="--")
        ax.plot(updates, 100 * accuracy.T, color=plots.CELL_COLORS[kind], lw=1.6, alpha=0.7)
        ax.set(xlabel="updates", ylim=(0, 104), title=NAMES[kind])
    axes[0].set_ylabel("right answers (%)")
    axes[0].annotate("guessing", (60, 25), (60, 10), ha="right", color=GREY)
    gated = min(learned[kind][:, -1].min() for kind in ("gru", "lstm"))
    apart = gated > 0.9 and learned["rnn"][:, -1].max() < 0.4
    claim = plots.true_title(": gated cells learn it, the RNN goes on guessing", apart, "")
    heading(figure, f"Name the first of {T} symbols{claim}")
    show(
        figure,
        "Three panels of five learning curves each: "
        + plots.true_title(
            f"the RNN stays at about 25%, every GRU and every LSTM reaches {gated:.0%} or more"
            " within sixty updates.",
            apart,
            "an RNN, a GRU and an LSTM over sixty updates.",
        ),
    )
    return learned


def marked_numbers(T: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return random numbers and the marks of four of them, each ``(T,)``."""
    values = np.random.default_rng(7).uniform(-0.8, 0.8, T)
    marks = np.zeros(T)
    marks[[3, 13, 20, 31]] = 1
    values[[3, 13, 20, 31]] = [0.75, -0.6, 0.4, -0.75]
    return values, marks


def _lost_by(traces: dict[str, np.ndarray], values: np.ndarray, marked: np.ndarray) -> float:
    """How far the cell is from each marked number when the next one comes, at most."""
    held = traces["cell"][[*(marked[1:] - 1), -1]]
    return float(np.abs(held - values[marked]).max())


def heading(figure: Figure, title: str) -> None:
    """Put a title over a whole figure, at its left edge."""
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")


def show(figure: Figure, alt: str) -> None:
    """Show a figure as a sharp picture with a text for those who cannot see it, and close it."""
    png = plots.small_png(figure, dpi=130)
    plt.close(figure)
    width = round(100 * figure.get_size_inches()[0])
    display(Image(png, width=width, alt=alt))


def _influence(kind: str, T: int, units: int, seed: int, hold: float | None) -> np.ndarray:
    cell = tour_cells.make_cell(kind, 8, units, seed, hold)
    return tour_cells.influence(cell, T, 1.0, seed)


def _band(ax: Axes, values: np.ndarray, color: object, style: str) -> None:
    """The median over the rows as a line, their range as a band."""
    steps = np.arange(values.shape[1])
    ax.fill_between(steps, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, lw=0)
    ax.plot(steps, np.median(values, axis=0), style, color=color, lw=2.4)


def _row(columns: int) -> tuple[Figure, np.ndarray]:
    """A row of small axes that share both scales; a single one is wider."""
    width = 5.0 if columns == 1 else 9.2
    figure, axes = plots.new_figure(
        columns=columns, width=width, height=2.7, sharex=True, sharey=True, squeeze=False
    )
    return figure, axes[0]
