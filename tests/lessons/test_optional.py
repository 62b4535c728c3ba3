"""Optional exercises: no points, so their visible test must see and say everything itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SOURCES
from tests.support.mutation import answers_for, lesson_at
from tests.support.optional import sentences_on
from tests.support.shown import shown

EXERCISES = [(path, exercise) for path in SOURCES for exercise in lesson_at(path).optional]
IDS = [f"{path.stem}/{exercise}" for path, exercise in EXERCISES]
MOST_LINES = 15
"""Lines of the learner's in a model answer."""

each = pytest.mark.parametrize(("path", "exercise"), EXERCISES, ids=IDS)


def answers(kind: str) -> list:
    """Every answer of a kind to every optional exercise."""
    return [
        pytest.param(path, exercise, name, id=f"{path.stem}/{exercise}/{name}")
        for path, exercise in EXERCISES
        for name in getattr(answers_for(path), kind).get(exercise, {})
    ]


@each
def test_it_is_of_the_highest_difficulty_and_alone_in_its_lesson(path: Path, exercise: str):
    assert lesson_at(path).optional[exercise].difficulty == 5
    beside = [p for p in SOURCES if p.parent == path.parent]
    assert [e for p in beside for e in lesson_at(p).optional] == [exercise]


@each
def test_it_is_short(path: Path, exercise: str):
    assert 1 < shown(path).learner[exercise] <= MOST_LINES


@each
def test_the_model_answer_passes(path: Path, exercise: str):
    assert sentences_on(path, exercise)["model", ""] == ""


@each
def test_there_are_wrong_and_right_answers(path: Path, exercise: str):
    bank = answers_for(path)
    assert len(bank.wrong[exercise]) >= 6 and len(bank.right[exercise]) >= 3


@pytest.mark.parametrize(("path", "exercise", "name"), answers("wrong"))
def test_a_wrong_answer_hears_its_sentence(path: Path, exercise: str, name: str):
    said = sentences_on(path, exercise)["wrong", name]
    assert answers_for(path).says.get(exercise, {}).get(name, name) in said


@pytest.mark.parametrize(("path", "exercise", "name"), answers("right"))
def test_a_right_answer_passes(path: Path, exercise: str, name: str):
    assert sentences_on(path, exercise)["right", name] == ""


@each
def test_nothing_that_is_graded_builds_on_it(path: Path, exercise: str):
    cells = lesson_at(path).cells
    others = [c for c in cells if c.role in {"solution", "visible", "hidden", "reading"}]
    using = [c.id for c in others if c.node.cell_type == "code" and exercise in c.node.source]
    assert not using


@each
def test_the_cell_that_uses_it_is_guarded(path: Path, exercise: str):
    """An untouched starter runs on: what uses it asks first whether it has passed its check."""
    using = [
        cell.node.source
        for cell in lesson_at(path).cells
        if cell.role == "demo" and exercise in cell.node.source
    ]
    assert using
    for source in using:
        assert f"check.passed({exercise})" in source
