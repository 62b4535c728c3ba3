"""Titles of `comparison`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from course import measuring
from course.figures import (
    comparison,
)
from tests.library.figures.support import STORED, Case, draws_both_ways


def stored(study: str, **columns: object) -> dict[str, pd.DataFrame]:
    return {study: STORED[study].assign(**columns)}


def adding(error: float) -> dict[str, pd.DataFrame]:
    table = STORED["adding"]
    ends = [
        [error] * len(row["errors"]) if row["cell"] == "rnn" else row["errors"]
        for _, row in table.iterrows()
    ]
    return {"adding": table.assign(errors=ends)}


def seconds_as_steps() -> dict[str, pd.DataFrame]:
    studies = ("copy_first", "adding")
    return {study: STORED[study].assign(seconds=STORED[study]["steps"]) for study in studies}


def costs_of(milliseconds: Callable, mebibytes: Callable) -> pd.DataFrame:
    ways = (measuring.BY_HAND, measuring.FUSED, measuring.FUSED_OFF, measuring.TWICE)
    sizes = [("T", T, 64) for T in (25, 50, 100)] + [("H", 50, H) for H in (16, 64, 256)]
    return pd.DataFrame(
        {
            "swept": swept,
            "way": way,
            "T": T,
            "H": H,
            "milliseconds": milliseconds(k, H),
            "mebibytes": mebibytes(way, T),
        }
        for k, way in enumerate(ways)
        for swept, T, H in sizes
    )


def memory_of(way: str, T: int) -> float:
    return 1.0 if way == measuring.TWICE else float(T)


def three_cells(milliseconds: list[float], weights: list[float]) -> None:
    table = {"cell": ["rnn", "gru", "lstm"], "mebibytes": 1.0}
    comparison.cells_run_alike(
        pd.DataFrame(table | {"milliseconds": milliseconds, "weights": weights})
    )


CASES = [
    Case(
        "biases decide before training does",
        lambda: comparison.what_each_bias_contributes(STORED),
        lambda: comparison.what_each_bias_contributes(stored("biases", accuracy=0.5)),
    ),
    Case(
        "Gates carry the first symbol past 100 steps of noise",
        lambda: comparison.accuracy_against_length(STORED),
        lambda: comparison.accuracy_against_length(stored("copy_first", accuracy=0.5)),
    ),
    Case(
        "the vanilla RNN stays where guessing is",
        lambda: comparison.adding_learning_curves(STORED),
        lambda: comparison.adding_learning_curves(adding(0.01)),
    ),
    Case(
        "Few steps ...",
        lambda: comparison.steps_and_seconds(STORED),
        lambda: comparison.steps_and_seconds(seconds_as_steps()),
    ),
    Case(
        "... are not few seconds",
        lambda: comparison.steps_and_seconds(STORED),
        lambda: comparison.steps_and_seconds(seconds_as_steps()),
    ),
    Case(
        "who runs the loop matters more than its width",
        lambda: comparison.seconds_of_one_lstm(costs_of(lambda k, H: 4**k, memory_of)),
        lambda: comparison.seconds_of_one_lstm(costs_of(lambda k, H: H, memory_of)),
    ),
    Case(
        "Memory grows with every step, unless states are computed twice",
        lambda: comparison.memory_of_one_lstm(costs_of(lambda k, H: H, memory_of)),
        lambda: comparison.memory_of_one_lstm(costs_of(lambda k, H: H, lambda way, T: T)),
    ),
    Case(
        "no 1 : 3 : 4",
        lambda: three_cells([6, 20, 17], [1, 3, 4]),
        lambda: three_cells([6, 18, 24], [1, 3, 4]),
    ),
    Case(
        "By counting: 1 : 3 : 4",
        lambda: three_cells([6, 20, 17], [1, 3, 4]),
        lambda: three_cells([6, 20, 17], [1, 2, 4]),
    ),
    Case(
        "Reading backwards makes the first symbol the last",
        lambda: comparison.forwards_stacked_both_ways(STORED),
        lambda: comparison.forwards_stacked_both_ways(stored("shapes", accuracy=0.5)),
    ),
    Case(
        "300 names by heart, and not much more",
        lambda: comparison.overfitting_by_cell(STORED),
        lambda: comparison.overfitting_by_cell(stored("surnames", valid=0.95)),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
