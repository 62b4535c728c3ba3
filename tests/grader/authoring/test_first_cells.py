"""What a learner reads first: every exercise in one table, and its text right above its cell."""

from __future__ import annotations

import itertools
import re

import pytest

from course.grader.notebooks.lesson import read_lesson
from tests.conftest import SOURCES

HEAD = "| exercise | what you write | points | difficulty | minutes |"
BETWEEN = {"test_evaluation"}
"""Exercises with a cell of the lesson between their text and their own: a helper for a test."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_table_of_exercises_agrees_with_their_metadata(path):
    lesson = read_lesson(path)
    table = next(cell.node.source for cell in lesson.cells if HEAD in cell.node.source)
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\S+) \| (\d)/5 \| (\d+) \|$", table, re.MULTILINE)
    exercises = [
        (e.id, f"{e.points:g}", str(e.difficulty), str(e.minutes))
        for e in lesson.exercises.values()
    ]
    assert [row for row in rows if row[0] in lesson.exercises] == exercises


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_text_of_an_exercise_stands_right_above_its_cell(path):
    cells = [
        cell for cell in read_lesson(path).cells if cell.role in {"solution", "demo", "reading"}
    ]
    for above, cell in itertools.pairwise(cells):
        if cell.role == "solution" and cell.id not in BETWEEN:
            assert f"### Exercise · `{cell.id}`" in above.node.source, cell.id
