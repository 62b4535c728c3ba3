"""Titles of `tour`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

import numpy as np
import pytest

from course.figures import (
    tour,
)
from tests.library.figures.support import Case, draws_both_ways, titles

CASES = [
    Case(
        "The gates move at the marks; in between, the cell holds what it was given",
        lambda: tour.gates_at_work(),
        lambda: tour.gates_at_work(bias=0.0),
    ),
    Case(
        " number and holds it",
        lambda: tour.gates_at_work(),
        lambda: tour.gates_at_work(bias=0.0),
    ),
    Case(
        "The wider the forget gate stands open, the longer the cell holds",
        lambda: tour.hold_for((0.0, 4.0)),
        lambda: tour.hold_for((4.0, 4.0)),
    ),
    Case(
        "Without gates, one number decides whether the gradient fades or grows",
        lambda: tour.fade_for((0.7, 1.8)),
        lambda: tour.fade_for((0.7, 0.8)),
    ),
]


def measured_tour(monkeypatch: pytest.MonkeyPatch, holds: bool) -> None:
    """What the tour measures for minutes, made up."""
    steps = np.arange(60)

    def surprise(counted: str, new: str, seen: np.ndarray) -> dict[str, np.ndarray]:
        falls = 4.0 - 0.4 * np.arange(7)
        return {"counted": falls, "new": np.abs(np.arange(7) - 3) + 2.0 if holds else falls}

    def states(kind: str, text: str, units: int) -> np.ndarray:
        wild = (-1.0) ** np.arange(len(text))
        calm = np.linspace(0, 1, len(text))
        return np.tile((wild if kind == "rnn" or not holds else calm)[:, None], units)

    def influence(kind: str, T: int, units: int, seed: int, hold: float | None) -> np.ndarray:
        return {"rnn": 0.8}.get(kind, 0.99) ** steps if hold and holds else 0.6**steps

    def recall(kind: str, seed: int, T: int) -> np.ndarray:
        return np.full(7, 0.25 if kind == "rnn" or not holds else 1.0)

    monkeypatch.setattr(tour.tour_cells, "surprise", surprise)
    monkeypatch.setattr(tour.tour_cells, "states_over_text", states)
    monkeypatch.setattr(tour, "_influence", influence)
    monkeypatch.setattr(tour.tour_cells, "learn_recall", recall)


MEASURED = [
    (tour.surprise_by_memory, "More memory helps, until a table of memories runs out of text"),
    (tour.one_line_three_cells, "the gated cells carry theirs along"),
    (tour.gradients_fading, "Gates that hold carry the gradient fifty steps back"),
    (tour.learning_to_recall, "gated cells learn it, the RNN goes on guessing"),
    (tour.surprise_by_memory, "stays low, on unread plays it falls"),
    (tour.one_line_three_cells, "those of the GRU and the LSTM change smoothly"),
    (tour.gradients_fading, "half-open gates with less than a millionth"),
    (tour.learning_to_recall, "every GRU and every LSTM reaches"),
]
OTHERS = tuple(claim for _, claim in MEASURED)


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize(("draw", "claim"), MEASURED)
def test_the_tour_claims_what_it_measures(draw, claim, holds, monkeypatch):
    measured_tour(monkeypatch, holds)
    draw()
    assert (claim in titles()) == holds
    assert titles().strip()


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
