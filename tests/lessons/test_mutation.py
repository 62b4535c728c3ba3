"""The mutation bar: every wrong variant loses points on its exercise alone, no right one does."""

from __future__ import annotations

import pytest

from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import SOURCES
from tests.support.mutation import (
    grade_inprocess,
    lesson_at,
    misjudged,
    mutants_of,
    visible_message,
)

pytestmark = pytest.mark.slow
IDS = [path.stem for path in SOURCES]


def variants(kind: int) -> list:
    found = []
    for path in SOURCES:
        for exercise, changes in mutants_of(path.stem)[kind].items():
            for name, change in changes.items():
                found.append(
                    pytest.param(path, exercise, name, change, id=f"{path.stem}/{exercise}/{name}")
                )
    return found


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_every_exercise_has_variants(path):
    wrong, right, _ = mutants_of(path.stem)
    for exercise in lesson_at(path).exercises:
        assert wrong.get(exercise), f"no wrong variant of {exercise}"
        assert right.get(exercise), f"no right variant of {exercise}"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_solution_earns_everything(path):
    graded = grade_inprocess(path, solution_submission(lesson_at(path)))
    assert graded.points == graded.maximum


@pytest.mark.parametrize(("path", "exercise", "name", "change"), variants(0))
def test_wrong_variant_loses_points_on_its_exercise_alone(path, exercise, name, change):
    assert not misjudged(path, exercise, change, wrong=True)


@pytest.mark.parametrize(("path", "exercise", "name", "change"), variants(1))
def test_right_variant_keeps_every_point(path, exercise, name, change):
    assert not misjudged(path, exercise, change, wrong=False)


def said() -> list:
    found = []
    for path in SOURCES:
        wrong, _, says = mutants_of(path.stem)
        for exercise, words in says.items():
            for name, word in words.items():
                found.append(
                    pytest.param(
                        path,
                        exercise,
                        wrong[exercise][name],
                        word,
                        id=f"{path.stem}/{exercise}/{name}",
                    )
                )
    return found


@pytest.mark.parametrize(("path", "exercise", "change", "word"), said())
def test_visible_test_names_the_misconception(path, exercise, change, word):
    assert word in visible_message(path, exercise, change)
