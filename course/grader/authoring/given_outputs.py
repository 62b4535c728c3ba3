"""Show in a starter what its cells draw without the learner's code.

The outputs are those of the executed solution. A cell has them when nothing that it uses comes from
an exercise, directly or through another cell, and when no guess is open that it would answer.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

GUESS = "guess"
"""Tag of a cell in which the learner writes down what they expect."""
IPYTHON = re.compile(r"^([%!].*|[\w.]+\?+)$", re.MULTILINE)
"""Lines that are IPython's own: magics, the shell, help."""


class ShowGivenOutputs(NbGraderPreprocessor):
    """Give a starter's cells the outputs that need no code of the learner's."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Look for the executed solution beside the source; without one nothing is shown."""
        about, folder = resources["nbgrader"], Path(resources["metadata"]["path"])
        solution = folder.parent.parent / "solution" / folder.name / f"{about['notebook']}.ipynb"
        if solution.is_file():
            show_given_outputs(nb, nbformat.read(solution, as_version=4))
        return nb, resources


def show_given_outputs(starter: NotebookNode, solution: NotebookNode) -> list[str]:
    """Copy into a starter, in place, the outputs of a solution that need no code of the learner's.

    Parameters
    ----------
    starter, solution : nbformat.NotebookNode
        Of the same source.

    Returns
    -------
    list of str
        Ids of the cells that have outputs now.
    """
    executed = {cell.id: cell for cell in solution.cells if cell.cell_type == "code"}
    shown = []
    for cell in given_cells(starter.cells):
        twin = executed.get(cell.id)
        if twin is not None and twin.outputs and twin.source == cell.source:
            cell.outputs = [_without_count(output) for output in twin.outputs]
            shown.append(cell.id)
    return shown


def given_cells(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Pick the code cells whose outputs do not depend on the learner's code and answer no guess."""
    cells = list(cells)
    guessing = open_guesses(cells)
    theirs: set[str] = set()  # names that hold, or may hold, something of the learner's
    given = []
    for cell in cells:
        if cell.cell_type != "code":
            continue
        used, bound, changed = _names(cell.source)
        if is_solution(cell) or used & theirs:
            theirs |= bound | changed
        elif cell.id not in guessing and not is_grade(cell) and "nbgrader" not in cell.metadata:
            given.append(cell)
    return given


def open_guesses(cells: Iterable[NotebookNode]) -> set[str]:
    """Find the code cells whose outputs may answer a guess that is still open.

    Parameters
    ----------
    cells : iterable of nbformat.NotebookNode
        In the order of the notebook, with their tags.

    Returns
    -------
    set of str
        Ids of the cells from each that asks for a guess to the first that uses it, both included.
    """
    guesses: set[str] = set()  # names of guesses that no cell has answered yet
    found = set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        used, bound, _ = _names(cell.source)
        if GUESS in cell.metadata.get("tags", ()):
            guesses |= bound
            found.add(cell.id)
        elif guesses:
            guesses -= used
            found.add(cell.id)
    return found


def _names(source: str) -> tuple[set[str], set[str], set[str]]:
    """Names that a cell reads, binds, and may change in place; modules are not changed."""
    used: set[str] = set()
    bound: set[str] = set()
    changed: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(ast.parse(IPYTHON.sub("pass", source))):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                modules |= {(n.asname or n.name).partition(".")[0] for n in names}
            case ast.Attribute(value=ast.Name(id=name)) | ast.Subscript(value=ast.Name(id=name)):
                changed.add(name)
    return used, bound, changed - modules


def _without_count(output: NotebookNode) -> NotebookNode:
    """Copy an output; that of another run has no number here."""
    output = copy.deepcopy(output)
    if "execution_count" in output:
        output.execution_count = None
    return output
