"""What is kept of every graded submission, so that nothing is graded twice.

A result lies under the fingerprint of everything that it depends on. A marker beside it says that
the gradebook and ``autograded/`` have it. Whichever way a submission was graded, by the command,
by ``nbgrader autograde`` or by formgrader's button, it leaves the same result.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.grader.classroom import gradebook as book
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.work import Task
from course.grader.ground.files import write_atomically
from course.grader.judging.outcome import Outcome

log = logging.getLogger(__name__)

APPLIED = ".applied"


def result_path(folder: CourseFolder, task_or_outcome: Task | Outcome) -> Path:
    """Where a result is stored: its name holds the fingerprint."""
    notebook = getattr(task_or_outcome, "notebook", None) or task_or_outcome.kit.notebook
    assignment = getattr(task_or_outcome, "assignment", None) or task_or_outcome.kit.assignment
    name = f"{notebook}-{task_or_outcome.fingerprint}.json"
    return folder.private / "results" / assignment / task_or_outcome.student / name


def load_result(folder: CourseFolder, task: Task) -> Outcome | None:
    """Return the stored result of a task, or ``None`` when there is none that can be read."""
    try:
        return Outcome.from_bytes(result_path(folder, task).read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        log.warning("a damaged result of %s is graded again", task.student)
        return None


def points_before(folder: CourseFolder, outcome: Outcome) -> float | None:
    """Points of the stored result that this outcome replaces."""
    for path in result_path(folder, outcome).parent.glob(f"{outcome.notebook}-*.json"):
        with contextlib.suppress(ValueError, TypeError, KeyError, OSError):
            return Outcome.from_bytes(path.read_bytes()).points
    return None


def store(folder: CourseFolder, outcome: Outcome) -> None:
    """Keep a result before anything is made of it."""
    write_atomically(result_path(folder, outcome), outcome.to_bytes())


def is_applied(folder: CourseFolder, outcome: Outcome) -> bool:
    """Tell whether a stored result is already in the gradebook and in ``autograded/``."""
    marker = result_path(folder, outcome).with_suffix(APPLIED)
    return marker.is_file() and _is_whole(book.graded_path(folder, outcome))


def _is_whole(path: Path) -> bool:
    """Tell whether a notebook's file is there from its first bracket to its last."""
    try:
        with path.open("rb") as file:
            start = file.read(1)
            file.seek(-min(2, path.stat().st_size), os.SEEK_END)
            return start == b"{" and file.read().rstrip().endswith(b"}")
    except FileNotFoundError:
        return False


def apply(folder: CourseFolder, gradebook: Any, outcome: Outcome) -> None:
    """Write a stored result into the gradebook and ``autograded/``; twice is as good as once."""
    book.save(folder, gradebook, outcome)
    mark_applied(result_path(folder, outcome))
    drop_older(folder, outcome)


def mark_applied(result: Path) -> None:
    """Note that the gradebook and ``autograded/`` have a result."""
    write_atomically(result.with_suffix(APPLIED), b"")


def unmark(folder: CourseFolder, student: str, assignment: str) -> None:
    """Note that a student's submission is being graded again: nothing counts as applied."""
    for path in results_of(folder, student, assignment):
        path.with_suffix(APPLIED).unlink(missing_ok=True)


def drop_older(folder: CourseFolder, outcome: Outcome) -> None:
    """Remove the results that this one replaces."""
    path = result_path(folder, outcome)
    for old in path.parent.glob(f"{outcome.notebook}-*"):
        if old.stem != path.stem:
            old.unlink(missing_ok=True)


def results_of(folder: CourseFolder, student: str, assignment: str) -> list[Path]:
    """The stored results of one student's notebooks of a lesson, applied or not."""
    return sorted((folder.private / "results" / assignment / student).glob("*.json"))


def applied_results(folder: CourseFolder, assignment: str) -> Iterator[Path]:
    """A lesson's results that are in the gradebook, by student."""
    for path in sorted((folder.private / "results" / assignment).glob("*/*.json")):
        if path.with_suffix(APPLIED).is_file():
            yield path
