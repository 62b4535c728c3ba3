"""Write feedback pages for what was graded, and let nbgrader's own command write the same."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry, SubmittedNotebook
from sqlalchemy import select
from traitlets import default

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import course_directory, open_gradebook
from course.grader.ground.files import write_atomically
from course.grader.ground.text import one_line
from course.grader.pages.feedback_page import Mark, Marks, page

STAMPS = ("timestamp.txt", "submission_secret.txt")
"""Files beside a submission that `nbgrader release_feedback` looks for beside its pages."""
NO_RESPONSE = "No response."
"""nbgrader's comment on a written answer that is as the starter has it."""


@dataclass
class Pages:
    """What :func:`generate_feedback` did.

    Attributes
    ----------
    written, unchanged : list of pathlib.Path
        Pages that are new or other than before, and those that are as they were.
    problems : list of str
        Notebooks without a page, and why.
    """

    written: list[Path] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        """Every page, sorted."""
        return sorted(self.written + self.unchanged)


def generate_feedback(folder: CourseFolder, assignment: str, students: Sequence[str] = ()) -> Pages:
    """Write a page for every graded notebook of a lesson; one that is as before stays as it is.

    Parameters
    ----------
    folder : CourseFolder
    assignment : str
        The lesson.
    students : sequence of str
        Only these; everybody when empty.

    Returns
    -------
    Pages

    Raises
    ------
    LessonError, FolderError
        When there is no such lesson, nothing of it (or of a student that is named) is graded, or
        the gradebook cannot be used.
    """
    notebooks = {lesson.notebook for lesson in folder.lessons(assignment)}
    graded = [
        path
        for path in sorted(folder.autograded.glob(f"*/{assignment}/*.ipynb"))
        if path.stem in notebooks
    ]
    if not graded:
        raise FolderError(
            f"no submission of {assignment} is graded yet: run `make autograde LESSON={assignment}`"
        )
    there = {path.parts[-3] for path in graded}
    if missing := [student for student in students if student not in there]:
        raise FolderError(
            f"nothing of {', '.join(missing)} is graded for {assignment}: names are those of the "
            f"folders in {folder.autograded}"
        )
    mode = 0o664 if course_directory(folder).groupshared else 0o644
    pages = Pages()
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        for path in graded:
            student = path.parts[-3]
            if students and student not in students:
                continue
            try:
                notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
                marks = marks_of(gradebook, student, assignment, path.stem)
                html = page(notebook, marks)
            except (MissingEntry, OSError, ValueError, KeyError, AttributeError) as error:
                reason = one_line(f"{type(error).__name__}: {error}", 200)
                pages.problems.append(f"{student}/{path.stem}: no page ({reason}); grade it again")
                continue
            target = folder.feedback / student / assignment / f"{path.stem}.html"
            kept = target.is_file() and target.read_bytes() == html.encode()
            if not kept:
                write_atomically(target, html.encode())
                target.chmod(mode)
            (pages.unchanged if kept else pages.written).append(target)
            _bring_stamps(folder, student, assignment, mode)
    return pages


def marks_of(gradebook: Gradebook, student: str, assignment: str, notebook: str) -> Marks:
    """Read what the gradebook has for one notebook of a student's.

    Raises
    ------
    nbgrader.api.MissingEntry
        When it has nothing.
    """
    row = gradebook.find_submission_notebook(notebook, assignment, student)
    grades, late = _marks(gradebook, row), row.late_submission_penalty or 0.0
    rows = row.assignment.notebooks
    whole = None
    if len(rows) > 1:
        every = [mark for one in rows for mark in _marks(gradebook, one).values()]
        counted = [mark for mark in every if not mark.waiting]
        penalties = sum(one.late_submission_penalty or 0.0 for one in rows)
        whole = Mark(
            max(0.0, sum(mark.points for mark in counted) - penalties),
            sum(mark.maximum for mark in counted),
            waiting=len(counted) < len(every),
        )
    return Marks(
        student, assignment, notebook, grades, _comments(gradebook, row, set(grades)), late, whole
    )


def _marks(gradebook: Gradebook, row: SubmittedNotebook) -> dict[str, Mark]:
    """Every graded cell's mark; a written answer that nobody has read yet waits."""
    query = (
        select(BaseCell.name, Grade)
        .join(Grade, Grade.cell_id == BaseCell.id)
        .where(Grade.notebook_id == row.id)
    )
    marks = {}
    for name, grade in gradebook.db.execute(query):
        looked = grade.manual_score is not None
        marks[name] = Mark(
            float(grade.score or 0.0),
            float(grade.cell.max_score or 0.0),
            waiting=bool(grade.needs_manual_grade) and not looked and grade.auto_score is None,
            again=bool(grade.needs_manual_grade) and looked,
            by_hand=looked or bool(grade.extra_credit),
        )
    return marks


def _comments(gradebook: Gradebook, row: SubmittedNotebook, graded: set[str]) -> dict[str, str]:
    """Comments by cell; on an exercise an instructor's alone, for the page has the grader's."""
    query = (
        select(BaseCell.name, Comment.manual_comment, Comment.auto_comment)
        .join(Comment, Comment.cell_id == BaseCell.id)
        .where(Comment.notebook_id == row.id)
    )
    found = {}
    for name, by_hand, automatic in gradebook.db.execute(query):
        said = by_hand or (automatic if name in graded else "") or ""
        if said.strip() and said != NO_RESPONSE:
            found[name] = said
    return found


def _bring_stamps(folder: CourseFolder, student: str, assignment: str, mode: int) -> None:
    """Copy what `nbgrader release_feedback` needs beside the pages; links are not followed."""
    for name in STAMPS:
        target = folder.feedback / student / assignment / name
        for room in (folder.autograded, folder.submitted):
            here = room / student / assignment
            source = here / name
            if any(path.is_symlink() for path in (source, here, here.parent)):
                continue
            if source.is_file():
                data = source.read_bytes()
                if not (target.is_file() and target.read_bytes() == data):
                    write_atomically(target, data)
                    target.chmod(mode)
                break


class FeedbackExporter(Exporter):
    """The same pages by nbgrader's own command and formgrader's button."""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("output_mimetype")
    def _output_mimetype_default(self) -> str:
        return "text/html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Build a page; ``resources["nbgrader"]`` says whose notebook it is, and the gradebook."""
        notebook, resources = super().from_notebook_node(nb, resources, **kwargs)
        about = resources.get("nbgrader") or {}
        marks = Marks(*(str(about.get(key, "")) for key in ("student", "assignment", "notebook")))
        if "db_url" in about:
            with Gradebook(about["db_url"]) as gradebook:
                marks = marks_of(gradebook, marks.student, marks.lesson, marks.notebook)
        return page(notebook, marks), resources
