"""The mutation bar: every wrong variant loses points on its exercise alone, no right one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SOURCES
from tests.support import points
from tests.support.mutation import (
    TYPICAL_KINDS,
    answers_for,
    lesson_at,
    missed_words,
    outcomes_of,
)

pytestmark = pytest.mark.slow
IDS = [path.stem for path in SOURCES]


def variants(kind: str) -> list:
    """Every variant of a kind: a parameter of its own, judged with its notebook's others."""
    found = []
    for path in SOURCES:
        for exercise, names in getattr(answers_for(path), kind).items():
            if exercise in lesson_at(path).optional:
                continue  # no hidden test: tests/lessons/test_optional.py
            for name in names:
                id_ = f"{path.stem}/{exercise}/{name}"
                found.append(pytest.param(path, exercise, name, id=id_))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_every_exercise_has_variants(path: Path):
    bank = answers_for(path)
    for exercise in lesson_at(path).exercises:
        assert bank.wrong.get(exercise), f"no wrong variant of {exercise}"
        assert bank.right.get(exercise), f"no right variant of {exercise}"
        kinds = set(bank.typical.get(exercise, {}))
        assert kinds == TYPICAL_KINDS, f"typical answers of {exercise}"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_solution_earns_everything(path: Path):
    outcomes = outcomes_of(path)
    for exercise in lesson_at(path).exercises:
        assert not outcomes["solution", exercise, ""].problem


@pytest.mark.parametrize(("path", "exercise", "name"), variants("wrong"))
def test_wrong_variant_loses_points_on_its_exercise_alone(path: Path, exercise: str, name: str):
    assert not outcomes_of(path)["wrong", exercise, name].problem


@pytest.mark.parametrize(("path", "exercise", "name"), variants("right"))
def test_right_variant_keeps_every_point(path: Path, exercise: str, name: str):
    assert not outcomes_of(path)["right", exercise, name].problem


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_right_variants_together_keep_every_point(path: Path):
    """One right answer to every exercise at once, trainings included."""
    teams = {key: o.problem for key, o in outcomes_of(path).items() if key[0] == "team"}
    assert not {key: problem for key, problem in teams.items() if problem}


@pytest.mark.parametrize(("path", "exercise", "name"), variants("typical"))
def test_typical_answer_earns_its_share(path: Path, exercise: str, name: str):
    assert not outcomes_of(path)["typical", exercise, name].problem


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_the_guide_says_how_points_are_made(path: Path):
    found, guide = points.section(path, outcomes_of(path)), points.stored(path)
    assert points.alike(found, guide), "run python -m tests.support.points"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_visible_tests_name_the_misconceptions_that_they_can_tell_apart(path: Path):
    assert not missed_words(path, outcomes_of(path))
