"""Titles of `sentiment`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from course import data
from course.figures import (
    sentiment,
    sentiment_seeds,
)
from tests.library.figures.support import Case, draws_both_ways


def vocabulary(few: float) -> None:
    """5,000 entries; the first hundred have a share ``few`` of the text."""
    common = int(few * 10_000 / 100)
    text = [f"w{k}" for k in range(100) for _ in range(common)] + [
        f"w{k}" for k in range(100, 5000)
    ]
    part = SimpleNamespace(inputs=[text])
    corpus = SimpleNamespace(train=part, valid=part)
    sentiment.words_known({f"w{k}": k for k in range(5000)}, corpus)


def padding(similar: bool) -> None:
    sequences = [[1] * (1 + k % 20) for k in range(80)]

    def collate(some: list, targets: list) -> tuple:
        lengths = torch.tensor([len(row) for row in some])
        return torch.zeros(len(some), int(lengths.max())), lengths

    def batches(some: list, targets: list, size: int) -> list[tuple]:
        order = sorted(some, key=len) if similar else some
        return [collate(order[k : k + size], []) for k in range(0, len(order), size)]

    sentiment.share_of_padding(sequences, [0] * 80, collate, batches, 8)


LABELS = np.arange(200) % 2


def answers(wrong: int) -> np.ndarray:
    """Probabilities that are right but for every ``wrong``-th review of either label."""
    right = np.where(LABELS == 1, 0.9, 0.1)
    return np.where(np.arange(200) // 2 % wrong == 0, 1 - right, right)


def curves(validation: float) -> None:
    rows = np.array([[0.7, 0.6, 0.6], [0.5, 0.5, 0.7], [0.3, 0.5 - validation, 0.7]])
    runs = {name: [(rows, None)] * 2 for name in ("LSTM, forwards", "BiLSTM")}
    sentiment_seeds.curves_by_seed(runs)


def votes(both: int, draw: Callable[..., Any]) -> None:
    voters = {
        "LSTM, forwards": [answers(4)],
        "vote: two forwards": [answers(7)],
        "vote: both ways": [answers(both)],
    }
    draw(voters)


def gains(voters: dict) -> None:
    sentiment_seeds.accuracy_and_gain(voters, LABELS, over="LSTM, forwards")


def by_group(voters: dict) -> None:
    groups = {
        "length in words": {"short": LABELS >= 0},
        "words that turn": {"neither": np.arange(200) < 100},
    }
    sentiment.voters_by_group(groups, voters, LABELS)


def hard_reviews(least: float) -> None:
    groups = {
        "length in words": {"short": LABELS >= 0},
        "how clear the raters were": {"least": LABELS == 0, "most": LABELS == 1},
    }
    right = np.where(LABELS == 0, np.arange(200) < 200 * least, True)
    sentiment.accuracy_by_group(groups, {"network": right, "bag": right})


def starts(trained_on: float) -> pd.DataFrame:
    levels = {"from scratch": 70.0, "frozen": 70.0, "trained on": trained_on}
    rows = [(name, seed, level + seed) for name, level in levels.items() for seed in range(5)]
    return pd.DataFrame(rows, columns=["start", "seed", "accuracy"])


CASES = [
    Case(
        "A few hundred words cover most of a text",
        lambda: vocabulary(1.0),
        lambda: vocabulary(0.01),
    ),
    Case(
        "Sorting by length removes nearly all of the padding",
        lambda: padding(similar=True),
        lambda: padding(similar=False),
    ),
    Case(
        "Errors of both kinds are frequent",
        lambda: sentiment.errors_and_draws({"network": answers(5), "bag": answers(6)}, LABELS, 50),
        lambda: sentiment.errors_and_draws({"network": answers(50), "bag": answers(6)}, LABELS, 50),
    ),
    Case(
        "The training loss keeps falling, the validation loss does not follow",
        lambda: curves(-0.02),
        lambda: curves(0.2),
    ),
    Case(
        "A vote of both ways gains about what a vote of two forward networks gains",
        lambda: votes(7, gains),
        lambda: votes(90, gains),
    ),
    Case(
        "a vote of both ways is close to one of two forwards",
        lambda: votes(7, by_group),
        lambda: votes(90, by_group),
    ),
    Case(
        "What is hard for the raters is hard for both models",
        lambda: hard_reviews(0.6),
        lambda: hard_reviews(1.0),
    ),
    Case(
        "Vectors that are trained on win, frozen ones do not",
        lambda: sentiment_seeds.accuracy_by_start(starts(76.0)),
        lambda: sentiment_seeds.accuracy_by_start(starts(70.0)),
    ),
    Case(
        "Much the same",
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(2)}, LABELS),
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(9)}, LABELS),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()


class TestStoredRuns:
    """What is kept of a run, and for which reviews it is read."""

    def test_a_run_comes_back_as_it_was_stored(self):
        curve, says = (
            np.array([[0.6, 0.5, 0.7], [0.4, 0.5, 0.8]]),
            np.array([0.0, 0.4999, 0.5, 1.0]),
        )
        rows = pd.DataFrame(sentiment_seeds.rows_of({"BiLSTM": [(curve, says)]}, seed=3))
        assert rows["seed"].tolist() == [3]
        ((found, probabilities),) = sentiment_seeds.runs_of(rows)["BiLSTM"]
        assert (found == curve).all()
        assert np.abs(probabilities - says).max() <= 0.0005 + 1e-12
        assert ((probabilities > 0.5) == [False, False, True, True]).all()

    def test_other_reviews_are_read_anew(self):
        imdb = data.Parts(None, None, None, data.source("imdb"))
        assert sentiment_seeds.stored("kinds", imdb, otherwise=lambda: "made") == "made"

    def test_for_these_reviews_nothing_is_trained(self):
        def otherwise() -> None:
            raise AssertionError("trained")

        valid = data.reviews().valid
        runs = sentiment_seeds.stored("kinds", data.reviews(), otherwise)
        assert {len(of_kind) for of_kind in runs.values()} == {5}
        assert all(len(says) == len(valid) for of_kind in runs.values() for _, says in of_kind)


class TestOwnRuns:
    """Runs that are made in the notebook stand beside the stored ones."""

    def test_a_step_is_a_difference_of_one_seed(self):
        def fit(seed: int, rate: float, size: int) -> tuple:
            return np.array([[0.5, 0.5, rate + size / 10 + seed / 100]]), None

        middle, knobs = {"rate": 0.1, "size": 1}, {"rate": [0.1, 0.3], "size": [1, 2]}
        found = sentiment_seeds.one_knob_at_a_time(fit, middle, knobs, seeds=[0, 1])
        own = sentiment_seeds.one_knob_at_a_time(fit, middle, {"rate": [0.3]}, seeds=[5])
        steps = sentiment_seeds.what_each_knob_moves(found, middle, own)
        assert steps.to_numpy() == pytest.approx(np.array([[20.0, 10.0], [20.0, 10.0]]))

    def test_each_start_has_a_column_and_each_seed_a_row(self):
        table = sentiment_seeds.accuracy_by_start(starts(76.0), own=starts(76.0)[:1])
        assert list(table) == ["from scratch", "frozen", "trained on"]
        assert table.loc[4, "trained on"] == 80.0
