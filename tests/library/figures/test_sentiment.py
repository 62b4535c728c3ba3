"""Titles of `sentiment`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from course.figures import (
    sentiment,
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
    sentiment.curves_by_seed(runs)


def votes(both: int, draw: Callable[..., Any]) -> None:
    voters = {
        "LSTM, forwards": [answers(4)],
        "vote: two forwards": [answers(7)],
        "vote: both ways": [answers(both)],
    }
    draw(voters)


def gains(voters: dict) -> None:
    sentiment.accuracy_and_gain(voters, LABELS, over="LSTM, forwards")


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
        "Much the same",
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(2)}, LABELS),
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(9)}, LABELS),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
