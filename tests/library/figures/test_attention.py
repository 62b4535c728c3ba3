"""Titles of `attention`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from course.figures import (
    attention,
)
from tests.library.figures.support import Case, draws_both_ways


def spread(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def dot_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return q @ k.transpose(0, 2, 1)


def scaled_dot_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return dot_scores(q, k) / q.shape[-1] ** 0.5


def through_softmax(dweights: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))


def alike(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.full(scores.shape, 1 / scores.shape[-1])


def entropies(softmax: Callable) -> None:
    attention.entropy_against_size([dot_scores, scaled_dot_scores], softmax, (4, 1024))


def gradients(backward: Callable) -> None:
    attention.gradient_against_size(
        [dot_scores, scaled_dot_scores], spread, backward, (1, 64, 1024, 4096)
    )


GENERATOR = torch.Generator().manual_seed(0)
REVIEWS = attention.Reviews(
    [["word"] * 8] * 30, list(torch.randint(2, 9, (30, 8), generator=GENERATOR)), torch.zeros(30)
)


class Looks(nn.Module):
    """Scores of words that are also their attention; a class for each sign of the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.encoder = nn.Embedding(9, 1), lambda x: (x, None)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.linspace(0.1, 4, 9)[:, None])

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> tuple:
        words = self.embedding(ids)[..., 0]
        weights = words.softmax(dim=1)
        return decide_by(words[..., None], weights), weights


def decide_by(states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    total = (states[..., 0] * weights).sum(1)
    return torch.stack([2 - total, total - 2], dim=1)


def opinions(agree: float) -> None:
    def attribute(model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        draw = torch.randn(ids.shape, generator=torch.Generator().manual_seed(3))
        return 1 + agree * model(ids, lengths)[1].detach() / 0.3 + 0.05 * draw

    attention.agreement_of_opinions(REVIEWS, Looks(), attribute)


def other_weights(change: Callable) -> None:
    attention.decisions_under_other_weights(
        REVIEWS, Looks(), lambda h, w: decide_by(h, w).argmax(1), {"changed": change}
    )


def readers(looking: float, remembering: float) -> None:
    attention.accuracy_against_facts([1, 4], [1.0, looking], [1.0, remembering])


def readouts(lead: float) -> None:
    rows = [
        {"readout": name, "seed": seed, "accuracy": 0.8 + gain + 0.01 * (seed % 2)}
        for name, gain in (("attention", lead), ("mean of the states", 0.0))
        for seed in range(5)
    ]
    rows[0]["accuracy"] += 0.02  # the seeds differ in their lead
    attention.readouts_by_seed(pd.DataFrame(rows))


CASES = [
    Case(
        "only the reader that looks back answers",
        lambda: readers(0.99, attention.best_guess(4)),
        lambda: readers(0.99, 0.9),
    ),
    Case(
        "Without scaling, softmax picks one key at random",
        lambda: entropies(spread),
        lambda: entropies(alike),
    ),
    Case(
        "At the scores, unscaled: it fades",
        lambda: gradients(through_softmax),
        lambda: gradients(lambda dweights, weights: dweights),
    ),
    Case(
        "At the query, unscaled: mean up, median down",
        lambda: gradients(through_softmax),
        lambda: gradients(lambda dweights, weights: dweights),
    ),
    Case(
        "Short reviews: a bag of words is hard to beat",
        lambda: attention.accuracy_with_errors({"a bag": 0.8, "ours": 0.805}, REVIEWS),
        lambda: attention.accuracy_with_errors({"a bag": 0.6, "ours": 0.95}, REVIEWS),
    ),
    Case(
        "One network read out in three ways: five seeds show no sure lead",
        lambda: readouts(0.0),
        lambda: readouts(0.05),
    ),
    Case("The two opinions agree, loosely", lambda: opinions(0.1), lambda: opinions(-10.0)),
    Case(
        "Other weights, mostly the same decisions",
        lambda: other_weights(lambda w: w),
        lambda: other_weights(lambda w: (-10 * w).softmax(1)),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()


class TestReadouts:
    """How far attention leads each other way to read the same network, seed by seed."""

    def test_the_leads_are_paired_by_seed(self):
        rows = [
            {"readout": name, "seed": seed, "accuracy": accuracy}
            for name, accuracies in {"attention": [0.8, 0.9], "final states": [0.79, 0.87]}.items()
            for seed, accuracy in enumerate(accuracies)
        ]
        lead = attention.readouts_by_seed(pd.DataFrame(rows)).loc["final states"]
        assert lead["mean"] == pytest.approx(2.0)
        assert lead["ahead"] == 2
        assert lead["low"] < 0 < lead["high"]  # two seeds show nothing


class TestWithoutAWord:
    """What a decision loses with a word, review by review."""

    def test_each_review_has_a_row_and_each_way_a_column(self):
        choose = {
            "highest attention": lambda w, a: w.argmax(1),
            "first": lambda w, a: torch.zeros(len(w), dtype=torch.int64),
        }
        falls = attention.fall_without_a_word(
            REVIEWS, Looks(), lambda model, ids, lengths: model(ids, lengths)[1].detach(), choose
        )
        assert list(falls) == ["a random word", "highest attention", "first"]
        assert len(falls) == len(REVIEWS)
        assert (falls["highest attention"] != falls["first"]).any()


class TestOtherWeights:
    """How far replaced weights move decisions and accuracy."""

    def test_the_same_weights_change_nothing_and_lose_nothing(self):
        shares = attention.decisions_under_other_weights(
            REVIEWS, Looks(), lambda h, w: decide_by(h, w).argmax(1), {"as they are": lambda w: w}
        )
        assert shares.loc["as they are"].tolist() == [0, 0, 0]

    def test_the_error_is_that_of_the_mean_loss(self):
        def always_one(states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(states), dtype=torch.int64)

        shares = attention.decisions_under_other_weights(
            REVIEWS, Looks(), always_one, {"one": lambda w: w}
        )
        changed, lost, error = shares.loc["one"]
        assert lost == pytest.approx(changed)  # every label is 0
        spread = (changed * (1 - changed) / (len(REVIEWS) - 1)) ** 0.5
        assert error == pytest.approx(spread, rel=1e-5)
