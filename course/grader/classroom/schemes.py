"""What formgrader shows above a written answer: how to mark it, and the model answer."""

from __future__ import annotations

import re
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from traitlets import Bool

from course.grader.classroom.course_folder import FolderError, course_of
from course.grader.notebooks.lesson import Lesson, LessonError

MARKER = re.compile(r"^### (BEGIN|END) SOLUTION *\n?", re.MULTILINE)
SCHEME = "**Marking scheme"
BOX = '<div class="alert alert-info">\n\n{scheme}\n\n{answer}</div>'
FOLDED = (
    '<details><summary style="cursor: pointer">▸ Model answer (press to open)</summary>\n\n{answer}'
    "\n\n</details>\n"
)


class ShowMarkingSchemes(Preprocessor):
    """Put each question's marking scheme above the answer on formgrader's pages.

    It comes from the source as the page is made: what is graded, and what students get back, holds
    none of it. Of all who export pages, formgrader alone names a submission.
    """

    enabled = Bool(True).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Insert a cell before each written answer; a source that cannot be read has none."""
        if "submission_id" not in resources:
            return nb, resources
        try:
            folder = course_of(self.config)
            lesson = folder.lesson(resources["assignment_id"], resources["notebook_id"])
        except (FolderError, LessonError, OSError, ValueError) as error:
            self.log.warning("no marking schemes: %s", error)
            return nb, resources
        boxes = {id_: scheme_box(source) for id_, source in model_answers(lesson).items()}
        cells = []
        for cell in nb.cells:
            id_ = (cell.metadata.get("nbgrader") or {}).get("grade_id")
            if id_ in boxes:
                cells.append(new_markdown_cell(boxes[id_]))
            cells.append(cell)
        nb.cells = cells
        return nb, resources


def model_answers(lesson: Lesson) -> dict[str, str]:
    """What the source says to each written question, by its id, without nbgrader's markers."""
    return {
        cell.id: MARKER.sub("", cell.node.source).strip()
        for cell in lesson.cells
        if cell.role == "answer"
    }


def scheme_box(source: str) -> str:
    """Lay out a model answer with its marking scheme: the scheme in view, the answer folded.

    Parameters
    ----------
    source : str
        Markdown; the scheme begins with ``**Marking scheme``. Without one, all is in view.
    """
    answer, mark, scheme = source.partition(SCHEME)
    if not mark:
        return BOX.format(scheme=answer.strip(), answer="")
    folded = FOLDED.format(answer=answer.strip()) if answer.strip() else ""
    return BOX.format(scheme=mark + scheme.rstrip(), answer=folded)
