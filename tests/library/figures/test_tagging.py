"""Titles of `tagging`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

import numpy as np
import pytest

from course.figures import (
    tagging,
)
from tests.library.figures.support import Case, draws_both_ways, titles


def labels(most: int) -> None:
    tags = [["B-A"] * most, *[[f"B-{name}"] for name in "BCDEFGHIJ"]]
    tagging.words_per_label(tags)


def neighbours(monkeypatch: pytest.MonkeyPatch, before: float) -> None:
    lost = np.zeros((12, 12))
    for distance, value in ((-1, before), (0, 0.3), (1, 0.1), (2, 0.05)):
        lost += value * np.eye(12, k=distance)
    monkeypatch.setattr(tagging, "occlusion", lambda *_: (lost, None))
    tagging.loss_by_distance(None, [["word"] * 12] * 20, None)


CASES = [
    Case("A few labels have most of the words", lambda: labels(90), lambda: labels(1)),
    Case(
        "The same scores: the price of one move decides about another word",
        lambda: tagging.paths_by_price((0, 3)),
        lambda: tagging.paths_by_price((0, 0.5)),
    ),
]


NEIGHBOURS = "Neighbours decide: the word before most, the word after too"
OTHERS = (NEIGHBOURS,)


@pytest.mark.parametrize(("before", "holds"), [(0.2, True), (0.01, False)])
def test_neighbours_decide(before, holds, monkeypatch):
    neighbours(monkeypatch, before)
    assert (NEIGHBOURS in titles()) == holds
    assert titles().strip()


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
