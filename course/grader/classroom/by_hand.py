"""Scores by hand: an answer that has not changed since keeps its score, and asks nobody again.

nbgrader marks every score by hand for another look whenever a submission is graded again. What an
answer was when it was graded last is kept as a digest beside the gradebook, and compared.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades

from course.grader.classroom.course_folder import CourseFolder, course_of
from course.grader.ground.files import write_atomically
from course.grader.notebooks.lesson import HIDDEN_SUFFIX
from course.grader.notebooks.rebuild import EXTRA
from course.grader.pages.render import MISTAKE, WHOLE


class SaveScores(SaveAutoGrades):
    """nbgrader's own step that saves scores; it asks for another look only at what changed."""

    unchanged: frozenset[str] = frozenset()
    """Cells whose answer is what it was when it was graded last."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Save every cell's score, and remember the answers that they belong to."""
        about, folder = resources["nbgrader"], course_of(self.config)
        student, assignment, notebook = (
            about[key] for key in ("student", "assignment", "notebook")
        )
        record = record_of(folder, student, assignment, notebook)
        # Where no file has the notebook's own name, `nbgrader autograde` has reset the rows by now.
        if (folder.submitted / student / assignment / f"{notebook}.ipynb").is_file():
            self.unchanged = unchanged_answers(record, nb)
        nb, resources = super().preprocess(nb, resources)
        remember_answers(record, nb)
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        """Save a score; a look that somebody has taken counts while nothing changes."""
        id_ = cell.metadata.nbgrader["grade_id"]
        grade = self.gradebook.find_grade(
            id_, self.notebook_id, self.assignment_id, self.student_id
        )
        looked_at = grade.manual_score is not None and not grade.needs_manual_grade
        before = grade.auto_score
        super()._add_score(cell, resources)
        if looked_at and id_ in self.unchanged and grade.auto_score == before:
            grade.needs_manual_grade = False
            self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        """Comment an answer with its mistake, when that was recognised."""
        super()._add_comment(cell, resources)
        if MISTAKE in cell.metadata:
            id_ = cell.metadata.nbgrader["grade_id"]
            about = self.notebook_id, self.assignment_id, self.student_id
            self.gradebook.find_comment(id_, *about).auto_comment = str(cell.metadata[MISTAKE])
            self.gradebook.db.commit()


class SaveScoresInRows(SaveScores):
    """The same over rows that were read already; ``unchanged`` is the caller's to find."""

    def __init__(self, rows: Any, unchanged: frozenset[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gradebook, self.unchanged = rows, unchanged

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Save every cell's score without connecting again."""
        about = resources["nbgrader"]
        self.notebook_id, self.assignment_id = about["notebook"], about["assignment"]
        self.student_id, self.db_url = about["student"], about["db_url"]
        return NbGraderPreprocessor.preprocess(self, nb, resources)


def record_of(folder: CourseFolder, student: str, assignment: str, notebook: str) -> Path:
    """Where the digests of a notebook's answers are kept."""
    return folder.private / "answers" / assignment / student / f"{notebook}.json"


def unchanged_answers(record: Path, notebook: NotebookNode) -> frozenset[str]:
    """Cells with a score whose answer has the digest that was kept; none without a record.

    Parameters
    ----------
    record : pathlib.Path
        As :func:`record_of` gives it.
    notebook : nbformat.NotebookNode
        The graded notebook.
    """
    try:
        before = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return frozenset()
    if not isinstance(before, dict):
        return frozenset()
    now = digests_of(notebook)
    return frozenset(id_ for id_, digest in now.items() if before.get(id_) == digest)


def remember_answers(record: Path, notebook: NotebookNode) -> None:
    """Keep the digests of a notebook's answers, after its scores have been saved.

    In this order a run that was killed between the two asks once too often, never too seldom.
    """
    write_atomically(record, json.dumps(digests_of(notebook), sort_keys=True).encode())


def digests_of(notebook: NotebookNode) -> dict[str, str]:
    """Digests of what was answered, by the cell that has the score.

    A student's own cells of the same kind belong to every answer: any may hold a part of it.
    """
    texts: dict[str, str] = {}
    extras: dict[str, list[str]] = {"code": [], "markdown": []}
    scored: list[NotebookNode] = []
    for cell in notebook.cells:
        text = str(cell.metadata.get(WHOLE, cell.source))
        about = cell.metadata.get("nbgrader")
        if about is not None:
            texts[about["grade_id"]] = text
            scored += [cell] if about.get("grade") else []
        elif str(cell.get("id", "")).startswith(EXTRA):
            extras.setdefault(cell.cell_type, []).append(text)
    digests = {}
    for cell in scored:
        id_ = cell.metadata.nbgrader["grade_id"]
        own = texts.get(id_.removesuffix(HIDDEN_SUFFIX), "")
        answer = json.dumps([own, *extras.get(cell.cell_type, [])])
        digests[id_] = hashlib.sha256(answer.encode()).hexdigest()[:16]
    return digests
