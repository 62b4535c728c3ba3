"""Every row of the table of symptoms is reproduced by its cell."""

from __future__ import annotations

import re

import pytest
import torch

from tests.guides.support import GUIDES, anchors, cells

PAGE = GUIDES / "debugging.md"
CELLS = cells(PAGE)
SETUP, ROWS = CELLS[0][1], CELLS[1:]
TABLE = re.search(r"^## Symptom.*?(?=^## )", PAGE.read_text(), re.DOTALL | re.MULTILINE)[0]
LINKED = re.findall(r"^\| \[.*?\]\(#([\w-]+)\)", TABLE, re.MULTILINE)


@pytest.mark.parametrize(("heading", "cell"), ROWS, ids=[heading for heading, _ in ROWS])
def test_a_cell_shows_what_its_row_claims(heading, cell):
    assert "assert " in cell
    threads = torch.get_num_threads()
    namespace: dict = {}
    try:
        exec(SETUP, namespace)
        exec(cell, namespace)
    finally:
        torch.set_num_threads(threads)


def test_cells_are_short():
    for heading, cell in ROWS:
        lines = [line for line in cell.splitlines() if line.strip()]
        assert len(lines) <= 15, heading


def test_every_row_has_a_cell_and_every_cell_a_row():
    headings = anchors("\n".join(f"# {heading}" for heading, _ in ROWS))
    assert headings == LINKED or sorted(LINKED) == sorted(headings)
    assert len(LINKED) == len(set(LINKED)) > 15
