"""Generating products: what was there is there again when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.grader.authoring import generate
from course.grader.authoring.generate import kept_on_failure
from course.grader.classroom.command import GenerationError


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """A lesson's folder with an executed solution."""
    folder = tmp_path / "solution" / "01_rnn"
    folder.mkdir(parents=True)
    (folder / "vanilla_rnn.ipynb").write_text("as it was")
    return folder


@pytest.mark.parametrize("error", [GenerationError("a cell raised"), KeyboardInterrupt()])
def test_a_solution_survives_a_run_that_fails(products: Path, error: BaseException):
    with pytest.raises(type(error)), kept_on_failure(products):
        (products / "vanilla_rnn.ipynb").unlink()
        (products / "half.ipynb").write_text("half of a new one")
        raise error
    assert {p.name: p.read_text() for p in products.iterdir()} == {"vanilla_rnn.ipynb": "as it was"}


def test_a_solution_is_replaced_by_a_run_that_succeeds(products: Path):
    with kept_on_failure(products):
        (products / "vanilla_rnn.ipynb").write_text("new")
    assert (products / "vanilla_rnn.ipynb").read_text() == "new"


def test_a_first_run_that_fails_leaves_its_error_alone(tmp_path: Path):
    with pytest.raises(GenerationError), kept_on_failure(tmp_path / "solution" / "07_new"):
        raise GenerationError("a cell raised")
    assert not (tmp_path / "solution").exists()


def test_starters_survive_a_release_that_fails(monkeypatch, small_course):
    old = small_course.release / "00_small" / "small.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("as it was")

    def fails(folder, command, *arguments):
        old.unlink()  # nbgrader removes them first
        raise GenerationError("database is locked")

    monkeypatch.setattr(generate, "nbgrader", fails)
    with pytest.raises(GenerationError, match="locked"):
        generate.generate_release(small_course, "00_small")
    assert old.read_text() == "as it was"


def test_the_command_that_makes_solutions_is_guarded(monkeypatch, small_course, tmp_path):
    """What nbgrader has removed when it fails is there again."""
    old = small_course.root / "solution" / "00_small" / "small.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("as it was")

    def fails(folder, command, *arguments):
        if command == "generate_solution":
            old.unlink()
            raise GenerationError("small / double: a cell raised")
        return ""

    monkeypatch.setattr(generate, "nbgrader", fails)
    monkeypatch.setattr(generate, "generate_release", lambda *_: [])
    monkeypatch.setattr(generate, "check_solution", lambda *_: None)
    with pytest.raises(GenerationError, match="double"):
        generate.generate_solution(small_course, "00_small")
    assert old.read_text() == "as it was"
