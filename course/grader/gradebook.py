"""Write outcomes into nbgrader's gradebook and into ``autograded/``, as nbgrader itself would."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor, SaveAutoGrades
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course.grader.course_folder import CourseFolder, FolderError
from course.grader.render import write_read_only
from course.grader.submitted import timestamp_of
from course.grader.work import Outcome

log = logging.getLogger(__name__)


class OpenSaveAutoGrades(SaveAutoGrades):
    """nbgrader's own step that saves scores, over a gradebook that is open already."""

    def __init__(self, gradebook: Gradebook, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gradebook = gradebook

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Save every cell's score without connecting again."""
        about = resources["nbgrader"]
        self.notebook_id, self.assignment_id = about["notebook"], about["assignment"]
        self.student_id, self.db_url = about["student"], about["db_url"]
        return NbGraderPreprocessor.preprocess(self, nb, resources)


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
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise FolderError(
            f"the gradebook {url} cannot be used ({reason}); back it up, then run "
            "`nbgrader db upgrade`, or check that the folder is writable"
        ) from error
    return gradebook


def _probe(gradebook: Gradebook) -> Any:
    """A query that touches every column of the table that changes most between versions."""
    from nbgrader.api import Grade
    from sqlalchemy import select

    return select(Grade).limit(1)


def is_registered(gradebook: Gradebook, assignment: str, notebooks: list[str]) -> bool:
    """Tell whether a lesson and its notebooks are in the gradebook (``make release`` puts them)."""
    try:
        known = {notebook.name for notebook in gradebook.find_assignment(assignment).notebooks}
    except MissingEntry:
        return False
    return set(notebooks) <= known


def save(folder: CourseFolder, gradebook: Gradebook, outcome: Outcome) -> None:
    """Write one outcome: scores and comments into the gradebook, the notebook into autograded/.

    A manual score that an instructor gave stays; the grade is then marked for another look, as
    nbgrader does.
    """
    student, assignment = outcome.student, outcome.assignment
    gradebook.update_or_create_student(student)
    with warnings.catch_warnings():
        # nbgrader builds a submission row by row, and SQLAlchemy remarks on every row.
        warnings.simplefilter("ignore", SAWarning)
        collected = timestamp_of(folder.submitted / student / assignment)
        known = {"timestamp": collected} if collected else {}
        gradebook.update_or_create_submission(assignment, student, **known)
    if not outcome.graded:
        for grade in gradebook.find_submission_notebook(
            outcome.notebook, assignment, student
        ).grades:
            grade.auto_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()
        return
    notebook = nbformat.reads(outcome.graded, as_version=4)
    resources = {
        "nbgrader": {
            "student": student,
            "assignment": assignment,
            "notebook": outcome.notebook,
            "db_url": str(gradebook.engine.url),
        }
    }
    OpenSaveAutoGrades(gradebook).preprocess(notebook, resources)
    late_penalties(folder, gradebook, outcome)
    path = graded_path(folder, outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_read_only(path, outcome.graded)


def graded_path(folder: CourseFolder, outcome: Outcome) -> Path:
    """Where a graded notebook lies."""
    return folder.autograded / outcome.student / outcome.assignment / f"{outcome.notebook}.ipynb"


def late_penalties(folder: CourseFolder, gradebook: Gradebook, outcome: Outcome) -> None:
    """Apply the late policy of the configuration with nbgrader's own step."""
    step = AssignLatePenalties(config=load_config(folder))
    notebook = nbformat.reads(outcome.graded, as_version=4)
    url = gradebook.engine.url.render_as_string(hide_password=False)
    step.preprocess(
        notebook,
        {
            "nbgrader": {
                "student": outcome.student,
                "assignment": outcome.assignment,
                "notebook": outcome.notebook,
                "db_url": url,
            }
        },
    )
