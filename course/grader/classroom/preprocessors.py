"""The grader as nbgrader sees it: an exporter and preprocessors, set in ``nbgrader_config.py``.

``nbgrader autograde``, formgrader's buttons and the fast path all go through these functions, so
they give the same scores.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from course.grader.classroom.course_folder import CourseFolder, course_of
from course.grader.classroom.results import drop_older, mark_applied, results_of, store, unmark
from course.grader.classroom.run import kits_of
from course.grader.classroom.work import Task, opened, outcome_of
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.submitted import PLACEHOLDER, link_on_the_way, set_aside
from course.grader.pages.render import rebuilt_notebook

SUBMITTED_TEXT = "course_submitted_text"
SUBMITTED_NOTES = "course_submitted_notes"


def show_every_submission(root: Path) -> None:
    """Let nbgrader see the students whose notebook it would not find, before it looks for them.

    It takes a folder without an ``.ipynb`` for one without work, be there a zip in it or in its
    place, a folder, or ``rnn.ipynb.txt``. Such a folder gets an empty file, which
    :func:`recognise_names` removes. A linked folder makes room for an empty one.

    Parameters
    ----------
    root : pathlib.Path
        The course folder.
    """
    folder = CourseFolder(root)
    for assignment in folder.lesson_names:
        for student in folder.students(assignment):
            here = folder.submitted / student / assignment
            with contextlib.suppress(OSError):  # a folder that cannot be written is skipped
                if link_on_the_way(here):
                    set_aside(here)
                here.mkdir(exist_ok=True)  # a zip may lie in its place
                if not any(here.glob("[!.]*.ipynb")):
                    (here / PLACEHOLDER).touch()


def recognise_names(assignment: str, student: str, notebooks: list[str]) -> None:
    """Hook before nbgrader converts a submission: expect the lesson's notebooks by their names.

    :class:`SubmissionExporter` finds what was handed in for each, whatever its name and place.
    The list is changed in place; of files, links and the like alone get another name.
    """
    here = Path(notebooks[0]).absolute().parent
    folder = CourseFolder(here.parents[2])
    set_aside(here)
    (here / PLACEHOLDER).unlink(missing_ok=True)
    unmark(folder, here.parent.name, here.name)
    lessons = folder.lessons(assignment)
    notebooks[:] = [str(here / f"{lesson.notebook}.ipynb") for lesson in lessons]


class SubmissionExporter(NotebookExporter):
    """Open a submitted file whatever is in it: the text is kept for rebuilding."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Export a file; one that is no notebook is exported as an empty one."""
        resources = dict(resources or {})
        path, about = Path(filename), resources["nbgrader"]
        folder = course_of(self.config)
        here = folder.submitted / about["student"] / about["assignment"]
        if path.parent.resolve() == here.resolve():
            found = folder.handed_in(about["student"], folder.lessons(about["assignment"]))
            resources[SUBMITTED_TEXT] = found[path.stem].text
            resources[SUBMITTED_NOTES] = found[path.stem].notes
        return self.from_notebook_node(new_notebook(), resources=resources, **kwargs)


class RebuildSubmission(NbGraderPreprocessor):
    """Sanitizing step of ``nbgrader autograde``: rebuild the submission from the source."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook by the rebuilt one."""
        folder, lesson = _lesson(self.config, resources)
        text, notes = resources.pop(SUBMITTED_TEXT), resources.pop(SUBMITTED_NOTES)
        submission = opened(lesson, folder.starter(lesson), text, notes)
        return rebuilt_notebook(lesson, submission), resources


class GradeSubmission(NbGraderPreprocessor):
    """Grading step of ``nbgrader autograde``: what the command does, and the same result is kept.

    It grades what was handed in, as the sanitizing step did before it: what is in ``submitted/``.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook by the graded one."""
        folder, lesson = _lesson(self.config, resources)
        student = resources["nbgrader"]["student"]
        [kit] = kits_of(folder, lesson.assignment, notebook=lesson.notebook)
        found = folder.handed_in(student, folder.lessons(lesson.assignment))[lesson.notebook]
        outcome = outcome_of(Task(student, kit, found.text, found.notes, found.files))
        store(folder, outcome)
        drop_older(folder, outcome)
        for line in outcome.notes:
            self.log.warning("%s: %s", student, line)
        return nbformat.v4.reads(outcome.graded), resources


def keep_results(assignment: str, student: str, notebooks: list[str]) -> None:
    """Hook after nbgrader has converted a submission: its results count as applied from now on.

    A run that ends before leaves results that the command applies without grading again.
    """
    here = Path(notebooks[0]).absolute().parent
    for path in results_of(CourseFolder(here.parents[2]), here.parent.name, here.name):
        mark_applied(path)


def _lesson(config: Config, resources: dict[str, Any]) -> tuple[CourseFolder, Lesson]:
    about = resources["nbgrader"]
    folder = course_of(config)
    return folder, folder.lesson(about["assignment"], about["notebook"])
