"""The bank of answers: other right and wrong answers to every exercise, never released.

``answers/<lesson>/<notebook>.py`` holds dicts. ``WRONG`` is ``{exercise: {sentence: change}}``:
the sentence is what the author of such an answer should hear. ``RIGHT`` is
``{exercise: {name: change}}``. ``TYPICAL`` is ``{exercise: {kind: (change, low, high)}}``, three
answers with bounds on the share of the points that each must earn. ``SAYS`` holds words that the
visible test says of a wrong answer instead of its sentence. A change is a list of ``(old, new)``
replacements in the solution's cell, or the whole source of the cell.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course.grader.notebooks.lesson import WRITTEN, Lesson, LessonError
from course.grader.notebooks.rebuild import Submission, solution_submission

Change = str | list[tuple[str, str]]
Named = dict[str, dict[str, Change]]


@dataclass(frozen=True)
class Answers:
    """Answers to one notebook's exercises: see the module."""

    wrong: Named = field(default_factory=dict)
    right: Named = field(default_factory=dict)
    says: dict[str, dict[str, str]] = field(default_factory=dict)
    typical: dict[str, dict[str, tuple[Change, float, float]]] = field(default_factory=dict)


def answers_path(root: Path, lesson: Lesson) -> Path:
    """Where a notebook's answers lie in a course folder."""
    return root / "answers" / lesson.assignment / f"{lesson.notebook}.py"


def read_answers(path: Path) -> Answers:
    """Read a notebook's bank of answers; a course without one has none.

    Raises
    ------
    LessonError
        When the file does not run.
    """
    if not path.is_file():
        return Answers()
    try:
        found = runpy.run_path(str(path))
    except Exception as error:
        raise LessonError(f"{path} does not run: {type(error).__name__}: {error}") from error
    tables = (found.get(name, {}) for name in ("WRONG", "RIGHT", "SAYS", "TYPICAL"))
    return Answers(*tables)


def changed(lesson: Lesson, changes: Mapping[str, Change]) -> Submission:
    """The solution with some exercises' cells changed.

    Raises
    ------
    ValueError
        When a replacement's old text is not in the solution.
    """
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role not in WRITTEN or cell.exercise not in changes:
            continue
        change = changes[cell.exercise]
        if isinstance(change, str):
            cell.source = change
            continue
        for old, new in change:
            if old not in cell.source:
                raise ValueError(f"{cell.exercise}: {old!r} is not in the solution")
            cell.source = cell.source.replace(old, new)
    return submission
