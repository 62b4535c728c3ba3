"""What the visible test of an optional exercise says of the bank's answers; it is all there is.

Only the cells that the exercise needs run: imports, functions, and what makes their values. Each
answer is tried in a child of its own.
"""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl

from course.grader.judging.grade import steps_of
from course.grader.kernel.steps import Step
from course.grader.kernel.trusted import forked
from course.grader.notebooks.answers import Change, changed
from course.grader.notebooks.lesson import TRIED
from course.grader.notebooks.rebuild import solution_submission
from course.worked import examples_of
from course.worked.trial import load
from tests.support.mutation import answers_for, lesson_at
from tests.support.said import heard
from tests.support.state import names_read, names_stored

Key = tuple[str, str]
"""Kind of answer (``model``, ``wrong``, ``right``) and its name."""


def steps_needed(path: Path, exercise: str) -> list[Step]:
    """The cells that an optional exercise and its worked example need, in order."""
    lesson = lesson_at(path)
    roles = {cell.id: cell.role for cell in lesson.cells}
    steps = steps_of(lesson, solution_submission(lesson), optional=True)
    steps = [s for s in steps if not s.hidden and roles[s.key] not in TRIED]
    example = examples_of(path.stem)[exercise]
    wanted = {exercise, *example.__code__.co_varnames[: example.__code__.co_argcount]}
    chosen: list[Step] = []
    for step in reversed(steps):
        if names_stored(step.source) & wanted:
            chosen.insert(0, step)
            wanted |= names_read([step.source])
    return chosen


def names_for(path: Path, exercise: str) -> dict[str, Any]:
    """The names of a notebook's solution that an optional exercise needs, its own among them."""
    mpl.use("agg")
    names: dict[str, Any] = {"__name__": "optional"}
    with contextlib.redirect_stdout(io.StringIO()):
        for step in steps_needed(path, exercise):
            exec(compile(step.source, f"<{step.key}>", "exec"), names)
    return names


@cache
def sentences_on(path: Path, exercise: str) -> dict[Key, str]:
    """What the visible test says of the model answer and of every answer in the bank."""
    return forked(_sentences_on, path, exercise)


def _sentences_on(path: Path, exercise: str) -> dict[Key, str]:
    bank, examples = answers_for(path), examples_of(path.stem)
    stored, namespace = load(path.stem)[exercise], names_for(path, exercise)
    found = {}
    for kind, answers in _answers(bank, exercise).items():
        for name, change in answers.items():
            source = _source(path, exercise, change)
            said = forked(heard, examples, exercise, [source], namespace, stored)
            found[kind, name] = said
    return found


def _answers(bank: Any, exercise: str) -> dict[str, dict[str, Change]]:
    wrong, right = bank.wrong.get(exercise, {}), bank.right.get(exercise, {})
    return {"model": {"": []}, "wrong": wrong, "right": right}


def _source(path: Path, exercise: str, change: Change) -> str:
    cells = changed(lesson_at(path), {exercise: change}).cells
    return next(cell.source for cell in cells if cell.key == exercise)
