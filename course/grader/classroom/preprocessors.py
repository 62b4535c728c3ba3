"""The grader as nbgrader sees it: an exporter and preprocessors, set in ``nbgrader_config.py``.

``nbgrader autograde``, formgrader's buttons and the fast path all go through these functions, so
they give the same scores.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.preprocessors import NbGraderPreprocessor

from course.grader.classroom.course_folder import CourseFolder, find_course
from course.grader.classroom.work import MISSING, finished_notebook, grade_submission, opened
from course.grader.judging.misconceptions import with_misconceptions
from course.grader.judging.references import references_for
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.steps import Settings
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import UNREADABLE
from course.grader.notebooks.submitted import PLACEHOLDER, link_on_the_way, set_aside
from course.grader.pages.render import NOTES, rebuilt_notebook

SUBMITTED_TEXT = "course_submitted_text"
SUBMITTED_NOTES = "course_submitted_notes"


def show_every_submission(root: Path) -> None:
    """Let nbgrader see the students whose notebook it would not find, before it looks for them.

    It takes a folder without an ``.ipynb`` for one without work, be there a zip in it, a folder,
    or ``rnn.ipynb.txt``. Such a folder gets an empty file, which :func:`recognise_names` removes.
    A linked folder makes room for an empty one.

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
                if not any(here.glob("[!.]*.ipynb")):
                    (here / PLACEHOLDER).touch()


def recognise_names(assignment: str, student: str, notebooks: list[str]) -> None:
    """Hook before nbgrader converts a submission: expect the lesson's notebooks by their names.

    :class:`SubmissionExporter` finds what was handed in for each, whatever its name and place.
    The list is changed in place; of files, links and the like alone get another name.
    """
    here = Path(notebooks[0]).parent
    set_aside(here)
    (here / PLACEHOLDER).unlink(missing_ok=True)
    lessons = find_course().lessons(assignment)
    notebooks[:] = [str(here / f"{lesson.notebook}.ipynb") for lesson in lessons]


class SubmissionExporter(NotebookExporter):
    """Open a submitted file whatever is in it: the text is kept for rebuilding."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Export a file; one that is no notebook is exported as an empty one."""
        resources = dict(resources or {})
        path, about = Path(filename), resources["nbgrader"]
        folder = find_course()
        here = folder.submitted / about["student"] / about["assignment"]
        if path.parent.resolve() == here.resolve():
            found = folder.handed_in(about["student"], folder.lessons(about["assignment"]))
            resources[SUBMITTED_TEXT] = found[path.stem].text
            resources[SUBMITTED_NOTES] = found[path.stem].notes
        else:  # the grading step reads what the sanitizing step wrote
            resources[SUBMITTED_TEXT] = path.read_bytes()
        return self.from_notebook_node(new_notebook(), resources=resources, **kwargs)


class RebuildSubmission(NbGraderPreprocessor):
    """Sanitizing step of ``nbgrader autograde``: rebuild the submission from the source."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook by the rebuilt one."""
        folder, lesson = _lesson(resources)
        text, notes = resources.pop(SUBMITTED_TEXT), resources.pop(SUBMITTED_NOTES)
        submission = opened(lesson, folder.starter(lesson), text, notes)
        return rebuilt_notebook(lesson, submission), resources


class GradeSubmission(NbGraderPreprocessor):
    """Grading step of ``nbgrader autograde``: run in a kernel, judge outside, write verdicts."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook by the graded one."""
        folder, lesson = _lesson(resources)
        text = resources.pop(SUBMITTED_TEXT)
        notes = _earlier_notes(text)
        submission = opened(lesson, folder.starter(lesson), text, notes)
        submission.readable &= not any(UNREADABLE in note or note == MISSING for note in notes)
        seed = folder.seed(lesson.assignment)
        references = references_for(lesson, seed, folder.references, run_in_kernels)
        references = with_misconceptions(references, lesson, folder.root, seed, folder.references)
        student = resources["nbgrader"]["student"]
        found = folder.handed_in(student, folder.lessons(lesson.assignment))[lesson.notebook]
        graded = grade_submission(lesson, submission, references, Settings(seed), found.files)
        for line in graded.notes:
            self.log.warning("%s: %s", student, line)
        return finished_notebook(lesson, submission, graded), resources


def _lesson(resources: dict[str, Any]) -> tuple[CourseFolder, Lesson]:
    about = resources["nbgrader"]
    folder = find_course()
    return folder, folder.lesson(about["assignment"], about["notebook"])


def _earlier_notes(text: bytes | None) -> list[str]:
    """Notes that the sanitizing step left in the notebook it wrote."""
    import json

    try:
        return [str(note) for note in json.loads(text or b"{}")["metadata"][NOTES]]
    except (ValueError, KeyError, TypeError):
        return []
