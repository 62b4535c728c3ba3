"""Titles of `lstm`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from course.figures import (
    lstm,
    lstm_seeds,
)
from tests.library.figures.support import Case, draws_both_ways, titles


def shares(*biases: float) -> None:
    lines = {b: (1 / (1 + np.exp(-b))) ** np.arange(200) for b in biases}
    lstm.share_left(lines, 20)


def latch(accuracy: float) -> None:
    lstm.latch_curves({"both": [[accuracy] * 30]}, "Latch, length 100: both biases solve it")


def roads(whole: float) -> None:
    cell = {b: (1 / (1 + np.exp(-b))) ** np.arange(101.0) for b in (0, 1, 3, 5)}
    both = {b: sizes * whole for b, sizes in cell.items()}
    lstm.two_roads(cell, both, np.ones(101))


def three_days(f: float, i: float, jump: float, window: int = 0) -> None:
    """Gates that stand at f and i at midnight, and a cell that jumps then."""
    hour = np.arange(72)
    weather = SimpleNamespace(
        celsius=np.zeros(9000),
        at_midnight=np.zeros(9000),
        hours=72,
        held_out=np.array([0, 267 * 24]),
        rows=lambda starts: starts[:, None] + hour,
    )
    gates = {
        "f": np.tile(np.where(hour % 24 == 0, f, 0.9)[:, None], (2, 1, 1)),
        "i": np.tile(np.where(hour % 24 == 0, i, 0.1)[:, None], (2, 1, 1)),
    }
    cell = np.tile((hour // 24 * jump + 0.001 * hour)[:, None], (2, 1, 1))
    lstm.leak_and_replace(gates, cell, weather, 0, window=window)


def gates_of_five(at_midnight: float) -> pd.DataFrame:
    left = np.linspace(0.1, 0.5, 5)
    gates = dict(zip(lstm_seeds.GATES, (at_midnight, 0.9, 0.6, 0.1, left), strict=True))
    others = {"seed": range(5), "error": 0.3, "correlation": 0.9}
    return lstm_seeds.gates_by_seed(pd.DataFrame(others | gates))


CASES = [
    Case(
        "The forget gate's bias sets the half-life", lambda: shares(0, 1, 3), lambda: shares(1, 1.0)
    ),
    Case(": both biases solve it", lambda: latch(1.0), lambda: latch(0.5)),
    Case(
        "Every seed closes f at midnight and holds by day; what is left differs",
        lambda: gates_of_five(0.2),
        lambda: gates_of_five(0.8),
    ),
    Case(
        "The forget gate rules the cell's road, not the whole gradient",
        lambda: roads(50.0),
        lambda: roads(1.0),
    ),
    Case(
        "The memory unit replaces at midnight; by day it leaks and refills",
        lambda: three_days(0.1, 0.9, 0.3),
        lambda: three_days(0.9, 0.9, 0.3),
    ),
    Case(
        "Its cell: a new level each midnight",
        lambda: three_days(0.1, 0.9, 0.3),
        lambda: three_days(0.1, 0.9, 0.0),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()


@pytest.mark.parametrize(("window", "when"), [(0, "early January"), (1, "late September")])
def test_three_days_are_named_by_their_time_of_the_year(window, when):
    three_days(0.1, 0.9, 0.3, window)
    assert f"Three days in {when}" in titles()


def test_stored_rows_become_curves_and_scores_again():
    rows = pd.DataFrame({"start": ["both"] * 2, "right": [[8, 64], [16]]})
    assert lstm_seeds.curves_of(rows) == {"both": [[0.125, 1.0], [0.25]]}
    cells = {"cell": ["rnn"] * 4, "mask": ["some", "none"] * 2, "seed": [0, 0, 1, 1]}
    scores = lstm_seeds.scores_of(pd.DataFrame({**cells, "accuracy": [0.1, 0.2, 0.3, 0.4]}))
    assert scores["rnn"].tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_a_run_of_ones_own_is_drawn_over_the_stored_ones():
    stored = {"both": [[1.0] * 30, [0.5] * 30]}
    last = lstm.latch_curves(stored, "Latch", own={"both": [0.25] * 30})
    assert last == {"both": [1.0, 0.5]}
    *pale, strong, _ = plt.gca().lines  # the last is what guessing gets
    assert len(pale) == 2 and strong.get_linewidth() > pale[0].get_linewidth()
    assert strong.get_ydata()[-1] == pytest.approx(0.25)
