"""nbval still compares most of what the solutions print: tags may not hide a lesson from it."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat import NotebookNode

from tests.conftest import ROOT

SOLUTIONS = sorted((ROOT / "solution").glob("*/*.ipynb"))
LEAST_SHARE = 0.6
LEAST = 12
"""Cells of each notebook."""
UNCOMPARED = {"nbval-ignore-output", "nbval-skip"}


def prints(cell: NotebookNode) -> bool:
    """Whether a cell shows text: printed, or the value of its last line."""
    kinds = {output.output_type for output in cell.get("outputs", [])}
    return bool(kinds & {"stream", "execute_result"})


def compared(cell: NotebookNode) -> bool:
    """Whether nbval compares a cell's outputs, by its tags and by the comments that nbval reads."""
    comments = re.findall(r"^\s*#\s*(nbval[_-]\w+(?:[_-]\w+)*)", cell.source, re.M | re.I)
    said = {comment.lower().replace("_", "-") for comment in comments}
    return not UNCOMPARED & (said | set(cell.metadata.get("tags", [])))


@pytest.mark.parametrize("path", SOLUTIONS, ids=[path.stem for path in SOLUTIONS])
def test_most_cells_that_print_are_compared(path):
    cells = nbformat.read(path, as_version=4).cells
    printing = [cell for cell in cells if cell.cell_type == "code" and prints(cell)]
    kept = [cell for cell in printing if compared(cell)]
    assert len(kept) >= LEAST, f"{len(kept)} of {len(printing)} cells are compared"
    assert len(kept) >= LEAST_SHARE * len(printing), f"{len(kept)} of {len(printing)} are compared"


@pytest.mark.parametrize("path", SOLUTIONS, ids=[path.stem for path in SOLUTIONS])
def test_what_a_cell_draws_is_shown(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and re.search(r"^_ = figures\.", cell.source, re.M):
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert "image/png" in kinds, f"{path.stem}: the figure of cell {cell.id} is missing"


@pytest.mark.parametrize(
    ("source", "tags", "kept"),
    [
        ("print(1)", [], True),
        ("print(1)", ["demo"], True),
        ("print(1)", ["nbval-ignore-output"], False),
        ("print(1)", ["nbval-skip"], False),
        ("# NBVAL_IGNORE_OUTPUT\nprint(1)", [], False),
        ("# nbval-skip\nprint(1)", [], False),
        ("print('nbval-skip')", [], True),
    ],
)
def test_tags_and_comments_are_read_as_nbval_does(source, tags, kept):
    assert compared(nbformat.v4.new_code_cell(source, metadata={"tags": tags})) is kept
