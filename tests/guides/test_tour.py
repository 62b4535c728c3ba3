"""The tour runs, claims what it shows, and stays short; the README's picture is one of its own."""

from __future__ import annotations

import base64
import inspect
import json
import re

import nbformat
import pytest

from course.figures import tour, tour_cells
from course.grader.authoring.student import make_student_edition
from course.grader.authoring.tour import (
    NOTEBOOK,
    PICTURE,
    PICTURED_CELL,
    WIDGET,
    executed,
    picture_of,
)
from course.grader.classroom.course_folder import CourseFolder
from tests.conftest import ROOT

TOUR = nbformat.read(ROOT / NOTEBOOK, as_version=4)
CODE = [cell for cell in TOUR.cells if cell.cell_type == "code"]
PROSE = "\n".join(cell.source for cell in TOUR.cells if cell.cell_type == "markdown")
DRAWING = [cell for cell in CODE if "tour." in cell.source]


def pictures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Every output with a PNG."""
    outputs = (o for cell in notebook.cells for o in cell.get("outputs", []))
    return [output for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.slow
def test_it_runs_and_every_claim_holds():
    again = executed(ROOT / NOTEBOOK)
    assert len(pictures(again)) == len(pictures(TOUR))


def test_it_is_committed_executed_and_without_what_needs_a_kernel():
    assert all(cell.execution_count for cell in CODE)
    assert WIDGET not in json.dumps(TOUR)
    assert not any(o.output_type == "error" for cell in CODE for o in cell.outputs)


def test_there_is_nothing_to_fill_in():
    assert not any("nbgrader" in cell.metadata for cell in TOUR.cells)
    assert not re.search(r"TODO|NotImplementedError", json.dumps([c.source for c in TOUR.cells]))


@pytest.mark.parametrize("cell", CODE, ids=lambda cell: cell.id)
def test_code_cells_are_short(cell):
    assert len(cell.source.splitlines()) <= 6


@pytest.mark.parametrize("cell", DRAWING, ids=lambda cell: cell.id)
def test_every_picture_is_followed_by_a_claim(cell):
    assert re.search(r"^assert ", cell.source, re.MULTILINE)


def test_every_picture_is_small_and_says_in_words_what_it_shows():
    assert len(pictures(TOUR)) == len(DRAWING)
    for output in pictures(TOUR):
        assert len(output.data["image/png"]) * 3 / 4 <= 150_000
        assert len(output.metadata["image/png"]["alt"]) >= 40


def test_a_slider_stands_under_a_still_picture():
    sliders = [cell for cell in CODE if "tour.slider(" in cell.source]
    assert len(sliders) >= 2
    for cell in sliders:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_its_work_is_bounded():
    """Sixty updates of three small cells from five seeds, a few hundred thousand letters."""
    learning = inspect.signature(tour_cells.learn_recall).parameters
    assert len(tour_cells.SEEDS) == 5
    assert learning["updates"].default * learning["T"].default <= 60 * 50
    assert learning["H"].default <= 16
    assert inspect.signature(tour.surprise_by_memory).parameters["letters"].default <= 400_000


def test_the_readme_shows_a_picture_of_it():
    readme = (ROOT / "README.md").read_text()
    assert re.search(
        rf"!\[[^\]]{{40,}}\]\({PICTURE.as_posix()}\)\]\({NOTEBOOK.as_posix()}\)", readme
    )
    assert (ROOT / PICTURE).read_bytes() == picture_of(TOUR, PICTURED_CELL), (
        "run `make tour-picture`"
    )


def test_it_leads_to_every_lesson():
    linked = set(re.findall(r"\]\(\.\./release/([\w/]+)\.ipynb\)", PROSE))
    assert linked == {f"{p.parent.name}/{p.stem}" for p in (ROOT / "release").glob("*/*.ipynb")}


def test_links_of_the_tour_lead_to_files():
    for target in re.findall(r"\]\(([^)#:]+)\)", PROSE):
        assert (ROOT / "course" / target).exists(), target


def test_its_links_lead_to_files_in_the_students_edition_too(tmp_path):
    make_student_edition(CourseFolder(ROOT), tmp_path)
    text = (tmp_path / NOTEBOOK).read_text()
    targets = re.findall(r"\]\(([^)#:]+\.ipynb)\)", text)
    assert targets
    for target in targets:
        assert (tmp_path / "course" / target).exists(), target


def test_make_opens_it():
    recipe = (ROOT / "Makefile").read_text().split("\ntour:")[1].split("\n\n")[0]
    assert f"jupyter lab {NOTEBOOK.as_posix()}" in recipe


def test_pictures_are_pictures():
    for output in pictures(TOUR):
        assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
