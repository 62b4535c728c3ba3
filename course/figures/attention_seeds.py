"""Figures of ``05_attention/attention`` over several seeds: the stored runs, and one's own.

``experiments/attention.py`` makes what is stored, with the functions of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from course import plots
from course.figures import attention
from course.figures.attention import GOOD, GREY, OTHER, Attribute, Reviews

Look = Callable[[Tensor, Tensor], Tensor]


def last_state(states: Tensor, query: Tensor) -> Tensor:
    """Read one vector: the last state, feature by feature times the query."""
    return states[:, -1] * query


def all_states(states: Tensor, query: Tensor) -> Tensor:
    """Look back at every state with PyTorch's attention."""
    return functional.scaled_dot_product_attention(query[:, None], states, states)[:, 0]


LOOKING, LAST, SLOTS = "all states, attention", "last state only", "published step"
READERS: dict[str, tuple[Look, int]] = {LOOKING: (all_states, 32), LAST: (last_state, 128)}
"""How each reader looks, and the numbers of a state that it gets, as in the notebook."""

CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "shuffled": lambda w: w.gather(1, torch.rand(w.shape).argsort(1)),
    "all equal": lambda w: torch.full_like(w, 1 / w.shape[1]),
    "turned round": lambda w: w.sort(descending=True).values.gather(1, w.argsort().argsort()),
}
"""Other weights for those of a model, as in the notebook."""

CHOICES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "highest attention": lambda w, a: w.argmax(1),
    "largest |gradient x embedding|": lambda w, a: a.abs().argmax(1),
    "highest gradient x embedding": lambda w, a: a.argmax(1),
}
"""Ways to choose the word that is removed, as in the notebook."""


def least_and_most(rows: pd.DataFrame, by: str, of: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lowest and highest ``accuracy`` over the seeds: by rows, of columns."""
    seeds = rows.groupby([by, of])["accuracy"]
    return seeds.min().unstack(), seeds.max().unstack()


def opinions_of(model: Any, test: Reviews, attribute: Attribute, seed: int) -> dict[str, float]:
    """What the three tests of section 7 give for one trained model.

    Parameters
    ----------
    model : torch.nn.Module
        With the parts ``embedding``, ``encoder`` and ``output``.
    test : Reviews
    attribute : callable
        ``attribute(model, ids, lengths)`` gives attributions.
    seed : int
        Of the shuffled weights.
    """
    agreement = attention.agreement_of_opinions(test, model, attribute)

    def decide(states: Tensor, weights: Tensor) -> Tensor:
        return model.output((weights[:, None] @ states)[:, 0]).argmax(dim=1)

    torch.manual_seed(seed)
    shares = attention.decisions_under_other_weights(test, model, decide, CHANGES)
    falls = attention.fall_without_a_word(test, model, attribute, CHOICES)
    return {
        "correlation": float(agreement["correlation"].median()),
        "same top word": float(agreement["same top word"].mean()),
        "largest": float(agreement["largest"].median()),
        **{f"changed, {way}": float(shares.loc[way, "changed"]) for way in CHANGES},
        **{f"lost, {way}": float(shares.loc[way, "lost"]) for way in CHANGES},
        **{f"fall, {way}": float(fall) for way, fall in falls.mean().items()},
    }


def opinions_by_seed(
    rows: pd.DataFrame, own: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> tuple[pd.Series, pd.Series]:
    """Draw what the three tests gave for five trained models, a dot each, and for one's own.

    Parameters
    ----------
    rows : pandas.DataFrame
        Stored rows, as :func:`opinions_of` makes them.
    own : tuple of pandas.DataFrame
        What ``agreement_of_opinions``, ``decisions_under_other_weights`` and
        ``fall_without_a_word`` returned here: crosses.

    Returns
    -------
    least, most : pandas.Series
        Of each stored column over the seeds; ``gap`` is what a way to choose the word that is
        removed is ahead of the one before it.
    """
    agreement, shares, falls = own
    yours = {
        "correlation": agreement["correlation"].median(),
        "same top word": agreement["same top word"].mean(),
        **{f"changed, {way}": shares.loc[way, "changed"] for way in CHANGES},
        **{f"fall, {way}": fall for way, fall in falls.mean().items()},
    }
    panels = {
        "agreement": (["correlation", "same top word"], "median; share of the reviews"),
        "other weights": ([f"changed, {way}" for way in CHANGES], "share of decisions that change"),
        "a word less": ([f"fall, {way}" for way in falls], "mean fall of the probability"),
    }
    figure, axes = plots.new_figure(columns=3, width=10.5, height=2.5)
    for ax, (title, (columns, unit)) in zip(axes, panels.items(), strict=True):
        for place, column in enumerate(columns):
            name = column.split(", ")[-1]
            color = OTHER if "gradient" in name else GREY if "random" in name else GOOD
            ax.plot(rows[column], [place] * len(rows), "o", color=color, alpha=0.6)
            ax.plot(yours[column], place, "x", color="0.1", ms=8, mew=2)
        names = [column.split(", ")[-1].replace("gradient", "\ngradient") for column in columns]
        ax.set_yticks(range(len(columns)), names, fontsize=8)
        widest = 1.1 * max(rows[columns].max().max(), *(yours[column] for column in columns))
        ax.set(ylim=(len(columns) - 0.5, -0.5), xlim=(0, widest), xlabel=unit)
        ax.set_title(title, fontsize=10)
        ax.grid(axis="y", visible=False)
    plots.heading(figure, "The three tests on five trained models (dots) and on yours (crosses)")
    gaps = rows.filter(like="fall, ").diff(axis=1).iloc[:, 1:]
    table = rows.assign(gap=gaps.min(axis=1))
    return table.min(), table.max()
