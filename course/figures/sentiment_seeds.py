"""Figures of ``04_bidirectional/sentiment`` over several seeds: the stored runs, and one's own.

``experiments/sentiment.py`` makes what is stored, with the functions of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from course import data, plots, training
from course.data import Parts
from course.figures.sentiment import BLUE, LOOK, ORANGE, hits_of, say

KNOBS = {
    "hidden_size": "units per direction",
    "num_layers": "layers",
    "dropout": "dropout rate",
    "rate": "learning rate",
    "first": "std of first embeddings",
}
"""What the axis of each knob is called."""


Run = tuple[np.ndarray, np.ndarray]
"""One training: curves (rounds, 3) of training loss, validation loss and accuracy; answers (N,)."""


class Frozen(NamedTuple):
    """First embeddings that training leaves as they are."""

    vectors: np.ndarray


def start_embeddings(network: nn.Module, first: float | np.ndarray | Frozen | None) -> None:
    """Put the first embeddings of a network in place.

    Parameters
    ----------
    network : torch.nn.Module
        Its first ``nn.Embedding`` is meant.
    first : float, numpy.ndarray, Frozen or None
        A standard deviation to bring them to, or vectors, or ``None``: as they are.
    """
    table = next(m for m in network.modules() if isinstance(m, nn.Embedding)).weight
    with torch.no_grad():
        if isinstance(first, float):
            table.mul_(first / table[1:].std())
        elif first is not None:
            table.copy_(torch.as_tensor(getattr(first, "vectors", first)))
    if isinstance(
        first, Frozen
    ):  # as requires_grad_(False), but a loop that clips by hand finds a gradient: zero
        table.register_hook(torch.zeros_like)


def over_seeds(
    fit: Callable[..., Run], kinds: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]
) -> dict[str, list[Run]]:
    """Call ``fit(seed, **settings)`` for each kind and seed."""
    return {
        name: [fit(seed, **settings) for seed in training.progress(seeds, name)]
        for name, settings in kinds.items()
    }


# --- what is stored -------------------------------------------------------------------------------
STEPS = 1000
"""A stored probability is the number of its thousandth, from 0 to 999."""


def rows_of(runs: Mapping[str, Sequence[Run]], seed: int) -> Iterator[dict[str, Any]]:
    """Make a row to store of each kind's only run."""
    for name, (run,) in runs.items():
        curve, says = run
        thousandths = (STEPS * says.astype(float)).astype(int).clip(0, STEPS - 1)
        yield {"kind": name, "seed": seed, "curve": curve.tolist(), "says": thousandths.tolist()}


def runs_of(rows: pd.DataFrame) -> dict[str, list[Run]]:
    """Turn stored rows into runs again; a probability is the middle of its thousandth."""
    runs: dict[str, list[Run]] = {}
    for row in rows.itertuples():
        says = (np.array(row.says) + 0.5) / STEPS
        runs.setdefault(row.kind, []).append((np.array(row.curve), says))
    return runs


def stored(study: str, corpus: Parts, otherwise: Callable[[], Any]) -> Any:
    """Read what a study gave from five seeds, if it was made with these reviews.

    Parameters
    ----------
    study : str
        ``"kinds"``, ``"knobs"`` or ``"starts"``.
    corpus : Parts
        The reviews of the notebook.
    otherwise : callable
        Makes the same from other reviews, such as IMDB's, for which nothing is stored.

    Returns
    -------
    dict or pandas.DataFrame
        Runs by kind for ``"kinds"``, else a row for each run.
    """
    if corpus.source != data.source("reviews"):
        return otherwise()
    rows = data.measured("sentiment")[study]
    return runs_of(rows) if study == "kinds" else rows


# --- several ways to read -------------------------------------------------------------------------
def curves_by_seed(
    runs: Mapping[str, Sequence[Run]], own: Mapping[str, Sequence[Run]] | None = None
) -> pd.DataFrame:
    """Draw the losses (means over the seeds) and the validation accuracy of each seed, by round.

    Parameters
    ----------
    runs : dict
        By kind: a run for each seed.
    own : dict, optional
        Runs to draw with strong lines over the others.

    Returns
    -------
    pandas.DataFrame
        A row for each kind, seed and round of ``runs``.
    """
    columns = ["training loss", "validation loss", "accuracy"]
    figure, (left, right) = plots.new_figure(columns=2, width=8.4, height=3.2)
    tables = {}
    for name, of_kind in runs.items():
        color, line, mark = LOOK[name]
        curves = np.array([curve for curve, _ in of_kind])
        rounds = np.arange(1, curves.shape[1] + 1)
        look = {"color": color, "marker": mark, "linestyle": line}
        left.plot(rounds, curves.mean(axis=0)[:, 0], label=name, **look)
        left.plot(rounds, curves.mean(axis=0)[:, 1], alpha=0.35, **look)
        pale = {"alpha": 0.3, "linewidth": 1} if own else {"alpha": 0.7}
        right.plot(rounds, 100 * curves[:, :, 2].T, markersize=4, **look | pale)
        for curve, _ in (own or {}).get(name, ()):
            right.plot(rounds, 100 * curve[:, 2], markersize=6, linewidth=2.2, **look)
        for seed, curve in enumerate(curves):
            tables[name, seed] = pd.DataFrame(curve, index=rounds, columns=columns)
    left.set(
        xlabel="round",
        ylabel="loss per review",
        xticks=rounds,
        title="strong: training, pale: validation (means)",
    )
    right.set(
        xlabel="round",
        ylabel="validation accuracy [%]",
        xticks=rounds,
        title="one line per seed" + ("; thick: yours" if own else ""),
    )
    left.legend(fontsize=8)
    whole = pd.concat(tables, names=["kind", "seed", "round"])
    means = whole.groupby(["kind", "round"])[columns[:2]].mean()
    last = means.groupby("kind").diff().groupby("kind").last()  # what the last round changed
    message = plots.true_title(
        "The training loss keeps falling, the validation loss does not follow",
        (last["training loss"] < 0).all()
        and (last["validation loss"] > 0.2 * last["training loss"]).all(),
        "The losses and the accuracy of each way to read, by round",
    )
    say(figure, message)
    return whole


def last_accuracy(runs: Mapping[str, Sequence[Run]]) -> pd.Series:
    """Validation accuracy after the last round, in percent: the mean of each kind's runs."""
    return pd.Series(
        {name: 100 * np.mean([curve[-1, 2] for curve, _ in of]) for name, of in runs.items()}
    )


def _pairs(
    some: Sequence[np.ndarray], others: Sequence[np.ndarray] | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each two of ``some``, or each of ``some`` with each of ``others``."""
    return combinations(some, 2) if others is None else product(some, others)


def vote(
    some: Sequence[np.ndarray], others: Sequence[np.ndarray] | None = None
) -> list[np.ndarray]:
    """Mean the probabilities of each two of ``some``, or of one of ``some`` and of ``others``."""
    return [(one + two) / 2 for one, two in _pairs(some, others)]


def agreement(some: Sequence[np.ndarray], others: Sequence[np.ndarray] | None = None) -> float:
    """On which share of the reviews two of ``some``, or of ``some`` and ``others``, agree."""
    return float(
        np.mean([np.mean((one > 0.5) == (two > 0.5)) for one, two in _pairs(some, others)])
    )


def accuracy_and_gain(
    voters: Mapping[str, Sequence[np.ndarray]], labels: np.ndarray, over: str
) -> pd.DataFrame:
    """Draw the accuracy of each run, and what the mean of the runs gains over another's mean.

    Parameters
    ----------
    voters : dict
        By name: the probabilities (N,) of each run.
    labels : numpy.ndarray, shape (N,)
    over : str
        The voter to which the others are compared, on the same reviews.

    Returns
    -------
    pandas.DataFrame
        ``accuracy``, ``gain`` and its standard ``error`` over the reviews, all in points.
    """
    hits = hits_of(voters, labels)
    paired = {name: 100 * (h.mean(0) - hits[over].mean(0)) for name, h in hits.items()}
    table = pd.DataFrame(
        {
            "accuracy": {name: 100 * h.mean() for name, h in hits.items()},
            "gain": {name: d.mean() for name, d in paired.items()},
            "error": {name: d.std() / np.sqrt(len(labels)) for name, d in paired.items()},
        }
    )
    figure, (left, right) = plots.new_figure(columns=2, width=9, height=3, sharey=True)
    for y, (name, h) in enumerate(hits.items()):
        color = LOOK.get(name, ("0.1",))[0]
        accuracies = 100 * h.mean(axis=1)
        left.plot(accuracies, [y] * len(h), "o", color=color, markersize=6, alpha=0.6)
        left.plot(accuracies.mean(), y, "|", color=color, markersize=16, markeredgewidth=2.5)
        if name != over:
            gain = table.loc[name]
            right.errorbar(gain["gain"], y, xerr=gain["error"], fmt="o", color=color, capsize=3)
    right.axvline(0, color="0.2", linestyle="--")
    left.set(
        yticks=range(len(hits)),
        yticklabels=list(hits),
        xlabel="validation accuracy [%]",
        title="dots: runs or pairs, bar: their mean",
    )
    right.set(xlabel=f"gain over {over} [points]", title="mean gain ± one standard error")
    left.invert_yaxis()
    for ax in (left, right):
        ax.grid(axis="y", visible=False)
    votes = table.reindex(["vote: both ways", "vote: two forwards"])
    message = plots.true_title(
        "A vote of both ways gains about what a vote of two forward networks gains",
        votes["gain"].min() > 0 and np.ptp(votes["gain"]) < votes["error"].max(),
        "The accuracy of each way to read, and what it gains",
    )
    say(figure, message)
    return table


def one_knob_at_a_time(
    fit: Callable[..., Run],
    middle: Mapping[str, float],
    study: Mapping[str, Sequence[float]],
    seeds: Sequence[int],
    **common: Any,
) -> pd.DataFrame:
    """Call ``fit(seed, **settings, **common)`` around a common middle, one knob at a time.

    Returns
    -------
    pandas.DataFrame
        ``knob``, ``value``, ``seed`` and ``accuracy``: validation, last round, in percent.
    """
    points = [(knob, value) for knob, values in study.items() for value in values]
    known, rows = {}, []
    for knob, value in training.progress(points, "study"):
        settings = {**middle, knob: value}
        key = tuple(settings.values())
        if key not in known:
            curves = [fit(seed, **settings, **common)[0] for seed in seeds]
            known[key] = [100 * curve[-1, 2] for curve in curves]
        rows += [(knob, value, *found) for found in zip(seeds, known[key], strict=True)]
    return pd.DataFrame(rows, columns=["knob", "value", "seed", "accuracy"])


def what_each_knob_moves(
    found: pd.DataFrame, middle: Mapping[str, float], own: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Draw the accuracy against each knob, and ``own`` runs of the same kind as crosses.

    Returns
    -------
    pandas.DataFrame
        The step from the knob's first value to its second, in points: a row for each seed, a
        column for each knob.
    """
    knobs = list(dict.fromkeys(found["knob"]))
    figure, axes = plots.new_figure(columns=len(knobs), width=9.4, height=2.8, sharey=True)
    step = {}
    for ax, knob in zip(axes, knobs, strict=True):
        seeds = found[found["knob"] == knob].pivot(index="value", columns="seed", values="accuracy")
        means = seeds.mean(axis=1)
        step[knob], apart = seeds.iloc[1] - seeds.iloc[0], round(np.ptp(means))
        ax.plot(range(len(seeds)), means, "-", color=BLUE)
        ax.plot(range(len(seeds)), seeds, "o", color=BLUE, alpha=0.6, markersize=5)
        at = list(seeds.index).index(middle[knob])
        mark = {"markersize": 9, "markerfacecolor": "none", "markeredgewidth": 2}
        ax.plot(at, means.iloc[at], "s", color=ORANGE, **mark)
        for value, accuracy in _of_knob(own, knob):
            cross = {"color": "0.1", "markersize": 8, "markeredgewidth": 2}
            ax.plot(list(seeds.index).index(value), accuracy, "x", **cross)
        ax.set(
            xticks=range(len(seeds)),
            xticklabels=[f"{value:g}" for value in seeds.index],
            xlabel=KNOBS.get(knob, knob),
            xlim=(-0.4, len(seeds) - 0.6),
            title=f"{apart} point{'s' * (apart != 1)}",
        )
    axes[0].set_ylabel("validation accuracy [%]")
    say(figure, "How far each knob moves the accuracy, one at a time")
    return pd.DataFrame(step)


def _of_knob(own: pd.DataFrame | None, knob: str) -> np.ndarray:
    """Values and accuracies of the runs that turned a knob: (runs, 2)."""
    if own is None:
        return np.empty((0, 2))
    return own.loc[own["knob"] == knob, ["value", "accuracy"]].to_numpy()


def starts_over_seeds(
    fit: Callable[..., Run],
    starts: Mapping[str, float | np.ndarray | Frozen],
    seeds: Sequence[int],
    **common: Any,
) -> pd.DataFrame:
    """Call ``fit(seed, first=..., **common)`` for each start of the embeddings.

    Returns
    -------
    pandas.DataFrame
        ``start``, ``seed`` and ``accuracy``: validation, last round, in percent.
    """
    kinds = {name: {**common, "first": first} for name, first in starts.items()}
    runs = over_seeds(fit, kinds, seeds)
    rows = [
        (name, seed, 100 * curve[-1, 2])
        for name, of_kind in runs.items()
        for seed, (curve, _) in zip(seeds, of_kind, strict=True)
    ]
    return pd.DataFrame(rows, columns=["start", "seed", "accuracy"])


def accuracy_by_start(found: pd.DataFrame, own: pd.DataFrame | None = None) -> pd.DataFrame:
    """Draw the accuracy of each start of the embeddings, a line for each seed.

    Parameters
    ----------
    found, own : pandas.DataFrame
        As from :func:`starts_over_seeds`; ``own`` is drawn as crosses.

    Returns
    -------
    pandas.DataFrame
        Accuracy in percent: a row for each seed of ``found``, a column for each start.
    """
    table = found.pivot(index="seed", columns="start", values="accuracy")
    table = table[list(dict.fromkeys(found["start"]))]
    _, ax = plots.new_figure(width=6.2, height=2.9)
    ax.plot(range(table.shape[1]), table.T, "o-", color=BLUE, alpha=0.45, markersize=6, linewidth=1)
    ax.plot(range(table.shape[1]), table.mean(), "_", color="0.1", markersize=26)
    if own is not None:
        at = [list(table).index(start) for start in own["start"]]
        ax.plot(at, own["accuracy"], "x", color="0.1", markersize=8, markeredgewidth=2)
    ax.set(
        xticks=range(table.shape[1]),
        xticklabels=list(table),
        xlim=(-0.4, table.shape[1] - 0.6),
        xlabel="first embeddings (a line for each seed, bars: means"
        + ("; crosses: yours)" if own is not None else ")"),
        ylabel="validation accuracy [%]",
        title=plots.true_title(
            "Vectors that are trained on win, frozen ones do not",
            (table.iloc[:, -1] > table.iloc[:, :-1].max(axis=1)).all()
            and abs(table.iloc[:, 1].mean() - table.iloc[:, 0].mean()) < 3,
            "The accuracy of each start",
        ),
    )
    return table
