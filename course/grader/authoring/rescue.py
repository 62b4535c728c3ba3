"""Put beside each starter the file of what ``rescue`` lends in it (:mod:`course.lending`)."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from course.grader.notebooks.lent import what_is_lent
from course.grader.notebooks.lesson import Lesson, parse_lesson
from course.lending import OFF, SUFFIX, seal


class LendSolutions(NbGraderPreprocessor):
    """A step of making starters: while the notebook is still the source, write what it lends."""

    lend = Bool(True, help="False: rescue(...) says that it is switched off").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Leave the notebook as it is, and give nbgrader one more file to write."""
        about = resources["nbgrader"]
        lesson = parse_lesson(nb, about["assignment"], about["notebook"])
        outputs = resources.setdefault("outputs", {})
        outputs[f"{lesson.notebook}{SUFFIX}"] = rescue_file(lesson, self.lend)
        return nb, resources


def rescue_file(lesson: Lesson, lend: bool = True) -> bytes:
    """Make the file of what a notebook lends.

    Parameters
    ----------
    lesson : Lesson
    lend : bool
        False makes a file that holds nothing but that it is switched off.
    """
    return seal({"exercises": what_is_lent(lesson)} if lend else {OFF: True})
