"""Generate starters and solutions with nbgrader, and refuse a solution that is not right."""

from __future__ import annotations

import contextlib
import copy
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from course.claims import STRICT
from course.grader.authoring.pictures import shrink_pictures
from course.grader.classroom.command import GenerationError, nbgrader
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.work import grade_submission
from course.grader.judging.grade import Graded
from course.grader.judging.references import SolutionError, references_for
from course.grader.kernel.attentive import AttentiveManager
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.steps import Settings
from course.grader.notebooks.lesson import Lesson, parse_lesson, read_source
from course.grader.notebooks.rebuild import solution_submission

MARKER = re.compile(r"^\s*#+ *(BEGIN|END) (SOLUTION|HIDDEN TESTS) *#*\s*$")
SECONDS = 600


class ClearMarkers(NbGraderPreprocessor):
    """Remove the lines that mark solutions; what they enclose stays."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Remove the marker lines of one cell."""
        lines = [line for line in cell.source.split("\n") if not MARKER.match(line)]
        cell.source = "\n".join(lines).strip("\n")
        return cell, resources


class ExecuteSolution(ExecutePreprocessor):
    """Execute a solution in a fresh kernel; the first cell that raises fails the build by name."""

    enabled = Bool(True).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, km: Any = None
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Execute, keep what nbval can compare, and drop what changes from run to run."""
        self.timeout, self.allow_errors, self.record_timing = SECONDS, False, False
        self.kernel_manager_class = AttentiveManager
        os.environ[STRICT] = "strict"  # a claim that is not true fails the build
        name = (resources or {}).get("nbgrader", {}).get("notebook", "the notebook")
        try:
            nb, resources = super().preprocess(nb, resources, km)
        except CellExecutionError as error:
            cell = _first_failed(nb)
            raise GenerationError(
                f"{name}: the solution's cell {cell!r} raises {error.ename}: {error.evalue}"
            ) from error
        nb.metadata.pop("widgets", None)
        return nb, resources


def generate_release(folder: CourseFolder, assignment: str) -> list[Path]:
    """Generate a lesson's starters into ``release/`` and register it in the gradebook.

    Parameters
    ----------
    folder : CourseFolder
    assignment : str
        The lesson.

    Returns
    -------
    list of pathlib.Path
        The starters.

    Raises
    ------
    LessonError
        When there is no such lesson.
    GenerationError
        When nbgrader refuses.
    """
    folder.lessons(assignment)
    with kept_on_failure(folder.release / assignment):
        nbgrader(folder, "generate_assignment", assignment, "--force")
    return sorted((folder.release / assignment).glob("*.ipynb"))


def generate_solution(folder: CourseFolder, assignment: str) -> list[Graded]:
    """Generate a lesson's executed solutions and grade them; both must succeed.

    Returns
    -------
    list of Graded
        One for each notebook, with full marks.

    Raises
    ------
    GenerationError, SolutionError
        When a cell raises or the solution does not earn every point; the message names it.
    """
    graded = [check_solution(folder, lesson) for lesson in folder.lessons(assignment)]
    if not (folder.release / assignment).is_dir() or not _registered(folder, assignment):
        generate_release(folder, assignment)
    with kept_on_failure(folder.root / "solution" / assignment):
        nbgrader(folder, "generate_solution", assignment, "--force")
    for path in sorted((folder.root / "solution" / assignment).glob("*.ipynb")):
        shrink_pictures(path)
    generate_release(folder, assignment)  # starters show outputs of the solution's
    return graded


@contextlib.contextmanager
def kept_on_failure(path: Path) -> Iterator[None]:
    """Put a folder back as it was when what is made in its place fails or is interrupted.

    nbgrader removes a lesson's products before it makes new ones.
    """
    with tempfile.TemporaryDirectory(prefix="rnn-kept-") as kept:
        copy_of_it = Path(kept) / path.name
        if path.is_dir():
            shutil.copytree(path, copy_of_it)
        try:
            yield
        except BaseException:
            if copy_of_it.is_dir():
                shutil.rmtree(path, ignore_errors=True)
                shutil.copytree(copy_of_it, path)
            raise


def check_solution(folder: CourseFolder, lesson: Lesson, seed: int = 1) -> Graded:
    """Grade a lesson's own solution as a submission.

    Raises
    ------
    SolutionError
        Unless it earns every point.
    """
    references = references_for(lesson, seed, folder.references, run_in_kernels)
    graded = grade_submission(lesson, solution_submission(lesson), references, Settings(seed))
    for verdict in graded.verdicts.values():
        if not verdict.full:
            raise SolutionError(
                f"{lesson.assignment}/{lesson.notebook}: the solution earns "
                f"{verdict.points:g} of {verdict.maximum:g} on {verdict.exercise} "
                f"({verdict.summary})"
            )
    return graded


def tidy(path: Path) -> bool:
    """Clear a source notebook's outputs and give its cells stable ids; say whether it changed."""
    notebook = read_source(path)
    before = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    taken: set[str] = set()
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        for key in ("lines_to_next_cell", "execution", "collapsed", "editable", "deletable"):
            cell.metadata.pop(key, None)
        cell.id = _stable_id(cell, position, taken)
        taken.add(cell.id)
        cell.pop("attachments", None)
    parse_lesson(notebook, path.parent.name, path.stem)
    if notebook == before:
        return False
    nbformat.write(notebook, path)
    return True


def _stable_id(cell: NotebookNode, position: int, taken: set[str]) -> str:
    grader = cell.metadata.get("nbgrader")
    if grader:
        return re.sub(r"[^\w-]", "-", grader["grade_id"])[:64]
    id_ = cell.get("id") or f"cell-{position}"
    return id_ if id_ not in taken else f"{id_[:50]}-{position}"


def _registered(folder: CourseFolder, assignment: str) -> bool:
    """Tell whether the gradebook knows a lesson and all of its notebooks."""
    from course.grader.classroom.gradebook import is_registered, open_gradebook

    with contextlib.closing(open_gradebook(folder)) as gradebook:
        return is_registered(
            gradebook, assignment, [n.notebook for n in folder.lessons(assignment)]
        )


def _first_failed(nb: NotebookNode) -> str:
    for cell in nb.cells:
        if cell.cell_type == "code" and any(o.output_type == "error" for o in cell.outputs):
            grader = cell.metadata.get("nbgrader") or {}
            return grader.get("grade_id") or cell.get("id", "?")
    return "?"
