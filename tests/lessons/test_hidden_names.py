"""Hidden tests lean on no name of the notebook's: a student may replace or delete it.

A helper that a lesson gives (``sigmoid``, ``np``) is often written once more, and right; a test
that calls it would charge the exercise for what another cell did.
"""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest

from course.grader.notebooks.lesson import defined_names
from tests.conftest import SOURCES
from tests.support.mutation import lesson_at

EXAMS = {
    "train_language_model",
    "train_forecaster",
    "train_classifier",
    "train_tagger",
    "train_speller",
    "train_memory",
}
"""They judge what a given cell trained, and ask it as the lesson does."""


def names_from_outside(source: str) -> set[str]:
    """Names that code reads and nothing in it binds."""
    tree = ast.parse(source)
    read, bound = set(), set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    return read - bound


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_hidden_test_reads_the_exercise_and_nothing_else_of_the_notebook(path: Path):
    lesson = lesson_at(path)
    solutions = {c.exercise: c.node.source for c in lesson.cells if c.role == "solution"}
    for id_, exercise in lesson.exercises.items():
        if id_ not in EXAMS:
            found = names_from_outside(exercise.hidden)
            assert found <= defined_names(solutions[id_]) | {exercise.pair}, f"{id_}: {found}"
