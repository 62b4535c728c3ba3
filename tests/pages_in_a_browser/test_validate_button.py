"""JupyterLab's Validate button: one list of what is done, wrong and open, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from course.validation import KILLED, NOT_TRIED
from tests.conftest import ROOT
from tests.library.test_validation import starter, written
from tests.pages_in_a_browser.conftest import TOKEN

pytestmark = pytest.mark.slow

UNTOUCHED = [
    "0 done, 0 wrong, 3 open",
    "○ double: not written yet",
    "○ four: not written yet",
    "○ why: not written yet",
]
HALF = [
    "1 done, 1 wrong, 1 open",
    "✓ double",
    "✗ four: four is not right.",
    "○ why: not written yet",
]

RUNS_OVER = """[...document.querySelectorAll('#validation-message pre')]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"""
"""Boxes of the dialog that a line runs out of."""


def validate(page, address: str, name: str, pictures: Path) -> str:
    """Open a notebook, press Validate, and return what the dialog says; a picture shows it."""
    page.goto(f"{address}lab/tree/{name}.ipynb?token={TOKEN}&reset")
    page.locator(".jp-NotebookPanel-toolbar .validate-button").first.click()
    dialog = page.locator(".jp-Dialog #validation-message")
    dialog.wait_for()
    page.screenshot(path=pictures / f"{name}.png")
    said = dialog.inner_text()
    assert page.evaluate(RUNS_OVER) == []
    page.locator(".jp-Dialog .jp-mod-accept").click()
    return said


def test_it_lists_what_is_done_wrong_and_open(page, lab, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    half = written(answer="YOUR ANSWER HERE", four="def four(x):\n    return 5 * x")
    for name, notebook in (("untouched", starter()), ("half", half), ("done", written())):
        nbformat.write(notebook, folder / f"{name}.ipynb")
    address = lab(folder)
    for name, lines in (("untouched", UNTOUCHED), ("half", HALF)):
        said = validate(page, address, name, tmp_path)
        shown = [line for line in said.splitlines() if line.strip()]
        assert shown[-len(lines) :] == lines
        assert len(shown) <= len(lines) + 3, "a line that says what follows, and the list"
    assert (
        validate(page, address, "done", tmp_path) == "Success! Your notebook passes all the tests."
    )


STOPPED = [
    "1 done, 2 wrong, 8 open",
    "✓ rnn_step",
    "✗ rnn_forward: h must be a NumPy array; yours is a list of 0.",
    "○ count_rnn_parameters: not written yet",
    f"✗ softmax_cross_entropy: {KILLED}",
    f"○ numerical_gradient: {NOT_TRIED}",
    "○ rnn_step_backward: not written yet",
]


def test_a_real_starter_gives_a_list_also_when_its_kernel_dies(page, lab, tmp_path):
    lesson, name = "01_rnn", "vanilla_rnn"
    solution = nbformat.read(ROOT / "solution" / lesson / f"{name}.ipynb", as_version=4)
    sources = {
        "rnn_step": next(cell.source for cell in solution.cells if cell.id == "rnn_step"),
        "rnn_forward": "def rnn_forward(x, h0, W_x, W_h, b):\n    return [], []",
        "softmax_cross_entropy": "import os\nos._exit(1)",
        "numerical_gradient": "numerical_gradient = None",
    }
    notebook = nbformat.read(ROOT / "release" / lesson / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    said = validate(page, lab(folder), name, tmp_path)
    assert "Traceback" not in said
    shown = [line for line in said.splitlines() if line.strip()]
    start = shown.index(STOPPED[0])
    assert shown[start : start + len(STOPPED)] == STOPPED
