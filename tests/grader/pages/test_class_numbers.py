"""The numbers of a class report, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import MISSING, NOT_WRITTEN, Verdict
from course.grader.pages.class_numbers import (
    discrimination,
    exercise_frame,
    student_frame,
    verdict_frame,
)
from course.grader.pages.roll import Roll

SLOW, DIED = "stopped after 10 s in the cell a", "its kernel died (exit code 1)"


def outcome(student: str, notebook: str = "small", **earned: float | str) -> Outcome:
    """Points of 2 for each exercise, or the cause of none."""
    verdicts = [
        Verdict(name, 0.0, 2.0, cause=value)
        if isinstance(value, str)
        else Verdict(name, float(value), 2.0)
        for name, value in earned.items()
    ]
    return Outcome(student, "00_small", notebook, "f", "{}", verdicts)


def frame(*outcomes: Outcome) -> pd.DataFrame:
    return verdict_frame(list(outcomes))


class TestExercises:
    """Success, means and counts of each exercise."""

    @pytest.fixture
    def rows(self) -> pd.DataFrame:
        found = exercise_frame(
            frame(
                outcome("ana", a=2, b=2),
                outcome("bo", a=1, b=NOT_WRITTEN),
                outcome("cy", a=SLOW, b=NOT_WRITTEN),
                outcome("di", a=DIED, b=MISSING),
            )
        )
        return found.set_index("exercise")

    def test_success_is_a_share_of_those_who_wrote_it(self, rows):
        assert rows.loc["a", "written"] == 4
        assert rows.loc["a", "success"] == 0.25
        assert rows.loc["a", "mean"] == pytest.approx(3 / 8)
        assert rows.loc["b", "written"] == 1
        assert rows.loc["b", "success"] == 1.0

    def test_time_outs_crashes_and_untouched_work_are_counted_apart(self, rows):
        assert rows.loc["a", ["too slow", "crashed", "not written"]].tolist() == [1, 1, 0]
        assert rows.loc["b", ["not written", "not handed in"]].tolist() == [2, 1]

    def test_an_exercise_that_nobody_wrote_has_no_success(self):
        rows = exercise_frame(frame(outcome("ana", a=NOT_WRITTEN)))
        assert math.isnan(rows["success"][0])
        assert math.isnan(rows["mean"][0])

    def test_they_stand_in_the_lessons_order(self):
        rows = exercise_frame(frame(outcome("ana", z=2, a=1), outcome("bo", z=2, a=1)))
        assert rows["exercise"].tolist() == ["z", "a"]

    def test_no_outcome_makes_no_row(self):
        assert exercise_frame(frame()).empty


class TestDiscrimination:
    """The correlation of an exercise with the rest of the lesson."""

    def test_it_is_pearsons_with_the_sum_of_all_others(self):
        rng = np.random.default_rng(0)
        scores = rng.integers(0, 3, size=(30, 3))
        verdicts = frame(
            *(outcome(f"s{i:02d}", a=a, b=b, c=c) for i, (a, b, c) in enumerate(scores.tolist()))
        )
        found = discrimination(verdicts)
        for i, name in enumerate("abc"):
            rest = scores.sum(axis=1) - scores[:, i]
            want = np.corrcoef(scores[:, i], rest)[0, 1]
            assert found["small", name] == pytest.approx(want)

    def test_the_rest_goes_over_both_notebooks(self):
        students = [
            [outcome(s, a=x), outcome(s, "other", b=y)] for s, x, y in
            (("u", 0, 0), ("v", 1, 1), ("w", 2, 2))
        ]  # fmt: skip
        found = discrimination(frame(*(o for both in students for o in both)))
        assert found["small", "a"] == pytest.approx(1.0)
        assert found["other", "b"] == pytest.approx(1.0)

    def test_who_wrote_nothing_does_not_count(self):
        three = [outcome("u", a=0, b=2), outcome("v", a=1, b=1), outcome("w", a=2, b=0)]
        idle = [outcome(f"idle{i}", a=NOT_WRITTEN, b=MISSING) for i in range(20)]
        assert discrimination(frame(*three, *idle))["small", "a"] == pytest.approx(-1.0)

    @pytest.mark.parametrize(
        "outcomes",
        [
            [outcome("u", a=0, b=1), outcome("v", a=2, b=2)],
            [outcome(s, a=2, b=p) for s, p in (("u", 0), ("v", 1), ("w", 2))],
            [outcome(s, a=p) for s, p in (("u", 0), ("v", 1), ("w", 2))],
            [outcome(s, a=NOT_WRITTEN, b=NOT_WRITTEN) for s in "uvw"],
        ],
        ids=["two students", "all the same", "no other exercise", "nothing written"],
    )
    def test_it_is_none_where_it_is_undefined(self, outcomes):
        assert discrimination(frame(*outcomes))["small", "a"] is None


class TestStudents:
    """Who handed in, when, and with how many points."""

    @pytest.fixture
    def rows(self) -> pd.DataFrame:
        roll = Roll(
            {"ana": "Ana A", "bo": "", "gone": "Gone"},
            late={"bo": 90.0, "gone": 5.0},
            waiting=frozenset({"bo"}),
        )
        verdicts = frame(
            outcome("ana", a=2, b=1),
            outcome("bo", a=NOT_WRITTEN, b=NOT_WRITTEN),
            outcome("empty", a=MISSING, b=MISSING),
            outcome("guest", a=2, b=2),
        )
        return student_frame(verdicts, roll)

    def test_a_file_that_cannot_be_read_was_handed_in_but_nothing_is_written(self):
        broken = outcome("ana", a="the notebook cannot be read (line 3)")
        row = student_frame(frame(broken), Roll()).loc["ana"]
        assert (row["status"], row["points"], row["wrote"]) == ("on time", 0, False)
        assert exercise_frame(frame(broken))["written"][0] == 0

    def test_who_handed_in_and_is_not_graded_is_not_missing(self):
        roll = Roll({"ana": "", "bo": ""}, handed_in=frozenset({"ana", "guest"}))
        rows = student_frame(frame(), roll)
        assert rows["status"].to_dict() == {
            **{"ana": "not graded", "bo": "missing", "guest": "not graded"}
        }
        assert rows["points"].isna().all()

    def test_everybody_is_there(self, rows):
        assert rows.index.tolist() == ["ana", "bo", "empty", "gone", "guest"]
        assert rows["name"].tolist() == ["Ana A", "bo", "empty", "Gone", "guest"]

    def test_missing_and_late_are_told_apart(self, rows):
        assert rows["status"].tolist() == ["on time", "late", "missing", "missing", "on time"]
        assert rows["seconds_late"].tolist() == [0, 90, 0, 0, 0]

    def test_who_is_missing_has_no_points_and_who_wrote_nothing_has_zero(self, rows):
        assert rows["points"][["ana", "bo"]].tolist() == [3, 0]
        assert rows["points"][["empty", "gone"]].isna().all()
        assert rows["wrote"].tolist() == [True, False, False, False, True]

    def test_answers_that_wait_are_marked(self, rows):
        assert rows.index[rows["waiting"]].tolist() == ["bo"]
