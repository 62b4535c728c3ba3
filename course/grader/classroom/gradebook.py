"""Write outcomes into nbgrader's gradebook and into ``autograded/``, as nbgrader itself would."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course.grader.classroom.by_hand import (
    SaveScoresInRows,
    record_of,
    remember_answers,
    unchanged_answers,
)
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.ground.files import write_read_only
from course.grader.ground.quiet import no_warnings
from course.grader.ground.text import one_line
from course.grader.judging.outcome import Outcome
from course.grader.notebooks.lesson import HIDDEN_SUFFIX
from course.grader.notebooks.submitted import timestamp_of

log = logging.getLogger(__name__)

Scores = Mapping[tuple[str, str], Mapping[str, float | None]]
"""The grader's scores by student and notebook, then by cell."""

REMEDIES = {
    "locked": "another program writes to it: wait until that is done, then start this again",
    "readonly": "make it and its folder writable",
    "unable to open": "make it and its folder readable and writable",
    "disk is full": "free some space, then start this again",
    "malformed|not a database": (
        "put a backup in its place, or move it away: `make autograde` fills a new one with what "
        "was graded, but not with scores by hand"
    ),
}
"""What mends a gradebook, by what SQLite says of it."""
UPGRADE = "back it up, then run `nbgrader db upgrade`, or check that the folder is writable"


class Rows:
    """The grades and comments of one submitted notebook, read at once.

    nbgrader's own step asks a gradebook for each cell's rows, and commits after each cell.
    """

    def __init__(self, gradebook: Gradebook, notebook: SubmittedNotebook) -> None:
        def rows(table: type) -> dict[str, Any]:
            named = gradebook.db.query(BaseCell.name, table).join(
                table, table.cell_id == BaseCell.id
            )
            return dict(named.filter(table.notebook_id == notebook.id).tuples())

        self._grades, self._comments = rows(Grade), rows(Comment)
        self.db = self

    def find_grade(self, cell: str, *about: str) -> Grade:
        """Return a cell's grade."""
        return _found(self._grades, cell, "grade")

    def find_comment(self, cell: str, *about: str) -> Comment:
        """Return the comment on a cell."""
        return _found(self._comments, cell, "comment")

    def commit(self) -> None:
        """Commit nothing: :func:`save` does, when all is written."""


def _found(rows: dict[str, Any], cell: str, what: str) -> Any:
    if cell not in rows:
        raise MissingEntry(f"the gradebook has no {what} for the cell {cell}; run `make release`")
    return rows[cell]


def load_config(folder: CourseFolder) -> Config:
    """Read ``nbgrader_config.py``.

    Raises
    ------
    FolderError
        When it cannot be read.
    """
    try:
        return PyFileConfigLoader("nbgrader_config.py", path=str(folder.root)).load_config()
    except Exception as error:  # the file is Python: it may raise anything
        path = folder.root / "nbgrader_config.py"
        raise FolderError(f"{path} cannot be read: {error}") from error


def course_directory(folder: CourseFolder) -> CourseDirectory:
    """nbgrader's view of the course folder, from the configuration."""
    return CourseDirectory(config=load_config(folder))


def open_gradebook(folder: CourseFolder) -> Gradebook:
    """Open (or create) the gradebook that ``nbgrader_config.py`` names.

    Raises
    ------
    FolderError
        When it is of another version, damaged, or cannot be written.
    """
    directory = course_directory(folder)
    url = directory.db_url
    try:
        gradebook = Gradebook(url, directory.course_id)
        gradebook.assignments  # noqa: B018  (the first query fails on another version's tables)
        _ = gradebook.db.execute(_probe(gradebook)).all()
    except SQLAlchemyError as error:
        raise FolderError(trouble(error, url)) from error
    return gradebook


def trouble(error: Exception, url: str = "") -> str:
    """Say in one line why the gradebook could not be used, and what mends it.

    Returns
    -------
    str
        Nothing when the error is not the gradebook's.
    """
    if not isinstance(error, SQLAlchemyError | InvalidEntry):
        return ""
    return unusable(str(getattr(error, "orig", None) or error).splitlines()[0], url)


def unusable(reason: str, url: str = "") -> str:
    """One line on a gradebook that cannot be used, from what SQLite says of it."""
    fits = (mend for sign, mend in REMEDIES.items() if re.search(sign, reason))
    where = f" {url}" if url else ""
    return f"the gradebook{where} cannot be used ({one_line(reason, 200)}); {next(fits, UPGRADE)}"


def _probe(gradebook: Gradebook) -> Any:
    """A query that touches every column of the table that changes most between versions."""
    return select(Grade).limit(1)


def is_registered(gradebook: Gradebook, assignment: str, notebooks: list[str]) -> bool:
    """Tell whether a lesson and its notebooks are in the gradebook (``make release`` puts them)."""
    try:
        known = {notebook.name for notebook in gradebook.find_assignment(assignment).notebooks}
    except MissingEntry:
        return False
    return set(notebooks) <= known


def scores_of(gradebook: Gradebook, assignment: str) -> Scores:
    """Read the grader's scores of a whole lesson at once."""
    query = (
        gradebook.db.query(SubmittedAssignment.student_id, SubmittedNotebook, BaseCell.name, Grade)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .filter(Assignment.name == assignment)
    )
    scores: dict[tuple[str, str], dict[str, float | None]] = {}
    for student, notebook, cell, grade in query:
        scores.setdefault((student, notebook.name), {})[cell] = grade.auto_score
    return scores


def holds(scores: Scores, outcome: Outcome) -> bool:
    """Tell whether the gradebook has an outcome's scores: it may be a new one, or an old copy."""
    there = scores.get((outcome.student, outcome.notebook), {})
    return all(
        math.isclose(there.get(verdict.exercise + HIDDEN_SUFFIX) or 0.0, verdict.points)
        for verdict in outcome.verdicts
    ) and bool(there)


def save(folder: CourseFolder, gradebook: Gradebook, outcome: Outcome) -> None:
    """Write one outcome: scores and comments into the gradebook, the notebook into autograded/.

    A manual score that an instructor gave stays; the grade is marked for another look if the
    answer has changed since. Late penalties are :func:`settle_lateness`'s.
    """
    student, assignment = outcome.student, outcome.assignment
    gradebook.update_or_create_student(student)
    with no_warnings():  # nbgrader builds a submission row by row; SQLAlchemy remarks on every row
        gradebook.update_or_create_submission(assignment, student)
    row = gradebook.find_submission_notebook(outcome.notebook, assignment, student)
    notebook = nbformat.v4.reads(outcome.graded)  # it was valid when it was written
    about = {
        "student": student,
        "assignment": assignment,
        "notebook": outcome.notebook,
        "db_url": gradebook.engine.url.render_as_string(hide_password=False),
    }
    record = record_of(folder, student, assignment, outcome.notebook)
    step = SaveScoresInRows(Rows(gradebook, row), unchanged_answers(record, notebook))
    step.preprocess(notebook, {"nbgrader": about})
    gradebook.db.commit()
    remember_answers(record, notebook)
    path = graded_path(folder, outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_read_only(path, outcome.graded)


def settle_lateness(
    folder: CourseFolder, gradebook: Gradebook, assignment: str, students: Sequence[str]
) -> None:
    """Note when submissions were collected, and set late penalties by the configured policy.

    Nothing is graded for it: a due date that was moved, a ``timestamp.txt`` that arrived later,
    another policy or a score by hand take effect here.
    """
    step = AssignLatePenalties(config=load_config(folder))
    step.init_plugin()
    wanted = set(students)
    for submission in gradebook.find_assignment(assignment).submissions:
        student = submission.student_id
        if student not in wanted:
            continue
        collected = timestamp_of(folder.submitted / student / assignment)
        if collected and collected != submission.timestamp:
            submission.timestamp = collected
        late = submission.total_seconds_late
        for row in submission.notebooks:
            penalty = None
            if late > 0:
                penalty = step.plugin_inst.late_submission_penalty(student, row.score, late)
            if penalty is not None:
                penalty = step._check_late_penalty(row, penalty)
            if penalty != row.late_submission_penalty:
                row.late_submission_penalty = penalty
    gradebook.db.commit()


def graded_path(folder: CourseFolder, outcome: Outcome) -> Path:
    """Where a graded notebook lies."""
    return folder.autograded / outcome.student / outcome.assignment / f"{outcome.notebook}.ipynb"
