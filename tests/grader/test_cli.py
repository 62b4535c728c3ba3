"""Bad input: one clear line, a non-zero exit, and nothing lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import nbformat
import pytest

from course.grader.__main__ import main
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]


@pytest.fixture
def inside(small_course, monkeypatch):
    monkeypatch.chdir(small_course.root)
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    return small_course


def error_of(capsys, *arguments: str) -> str:
    status = main(list(arguments))
    error = capsys.readouterr().err.strip()
    assert status != 0
    assert error.startswith("error: ")
    assert "\n" not in error, error
    return error


@pytest.mark.parametrize("command", ["autograde", "feedback", "export", "release", "solution"])
def test_an_unknown_lesson_lists_those_there_are(inside, capsys, command):
    error = error_of(capsys, command, "07_transformers")
    assert "07_transformers" in error
    assert "00_small" in error


def test_no_submissions_says_where_they_belong(inside, capsys):
    error = error_of(capsys, "autograde", "00_small")
    assert "submitted/<student>/00_small" in error


def test_nothing_graded_yet(inside, capsys):
    assert "make autograde" in error_of(capsys, "feedback", "00_small")
    assert "make autograde" in error_of(capsys, "export", "00_small")


def test_a_missing_package_says_how_to_install_it(inside, capsys, monkeypatch):
    submit(inside)
    monkeypatch.setitem(sys.modules, "course.grader.classroom.run", None)
    monkeypatch.delitem(sys.modules, "course.grader.classroom.run")
    monkeypatch.setitem(sys.modules, "nbgrader.api", None)
    monkeypatch.delitem(sys.modules, "course.grader.classroom.gradebook", raising=False)
    monkeypatch.delattr("course.grader.classroom.gradebook", raising=False)
    error = error_of(capsys, "autograde", "00_small")
    assert "nbgrader.api" in error
    assert "pip install" in error


def test_outside_of_a_course(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    assert "nbgrader_config.py" in error_of(capsys, "autograde", "00_small")


def submit(folder, student="ann"):
    here = folder.submitted / student / "00_small"
    here.mkdir(parents=True)
    text = (folder.source / "00_small" / "small.ipynb").read_text()
    (here / "small.ipynb").write_text(text)
    return here / "small.ipynb"


@pytest.mark.parametrize("content", [b"not a database", b""])
def test_a_damaged_or_empty_gradebook(inside, capsys, content):
    submit(inside)
    path = inside.root / "gradebook.db"
    path.write_bytes(content)
    if content:
        assert "gradebook" in error_of(capsys, "autograde", "00_small")
        assert path.read_bytes() == content
    else:
        assert main(["autograde", "00_small", "--quiet"]) == 0


def test_a_gradebook_of_another_version(inside, capsys):
    submit(inside)
    with sqlite3.connect(inside.root / "gradebook.db") as database:
        database.execute("create table assignment (id varchar(32), name varchar(128))")
        database.execute("create table grade (id varchar(32))")
        database.execute("insert into assignment values ('1', 'old')")
    before = (inside.root / "gradebook.db").read_bytes()
    error = error_of(capsys, "autograde", "00_small")
    assert "nbgrader db upgrade" in error
    assert b"old" in before


def test_a_configuration_that_raises(inside, capsys):
    submit(inside)
    (inside.root / "nbgrader_config.py").write_text("raise ValueError('oops')")
    assert "nbgrader_config.py" in error_of(capsys, "autograde", "00_small")


def test_a_folder_that_cannot_be_written(inside, capsys):
    submit(inside)
    inside.autograded.write_text("a file where a folder should be")
    assert "cannot write" in error_of(capsys, "autograde", "00_small")
    assert inside.autograded.read_text().startswith("a file")


def test_export_overwrites_nothing(inside, capsys):
    submit(inside)
    assert main(["autograde", "00_small", "--quiet"]) == 0
    target = inside.root / "scores.csv"
    target.write_text("mine")
    assert "exists already" in error_of(capsys, "export", "00_small", "--output", str(target))
    assert target.read_text() == "mine"


def test_a_source_that_breaks_the_rules_is_named(inside, capsys):
    path = inside.source / "00_small" / "small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.id == "double_hidden":
            cell.source = "assert double(1) == 2"
    nbformat.write(notebook, path)
    error = error_of(capsys, "release", "00_small")
    assert "double_hidden" in error


def test_a_solution_that_raises_fails_the_build_with_its_cell(inside, capsys):
    path = inside.source / "00_small" / "small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = "import numpy as np\n1 / 0"
    nbformat.write(notebook, path)
    error = error_of(capsys, "solution", "00_small")
    assert "imports" in error
    assert "ZeroDivisionError" in error


def test_a_solution_without_full_marks_fails_the_build(inside, capsys):
    path = inside.source / "00_small" / "small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.id == "double":
            cell.source = (
                "import random\ncount = [0]\n"
                "def double(x):\n    count[0] += 1\n    x += random.SystemRandom().random()\n    return x"
            )
    nbformat.write(notebook, path)
    error = error_of(capsys, "solution", "00_small")
    assert "double" in error
    assert "of 2" in error


def test_dry_run_writes_nothing(inside, capsys):
    submit(inside)
    assert main(["autograde", "00_small", "--dry-run"]) == 0
    assert "to grade   ann/small" in capsys.readouterr().out
    assert not inside.autograded.exists() or not list(inside.autograded.iterdir())
    assert not (inside.root / "gradebook.db").exists()


def test_demo_refuses_a_folder_that_holds_something(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "thesis.txt").write_text("mine")
    assert "not empty" in error_of(capsys, "demo", "--keep", str(tmp_path))


def test_an_unknown_command_says_which_there_are():
    result = subprocess.run(
        [sys.executable, "-m", "course.grader", "gradeall"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode != 0
    assert "autograde" in result.stderr


def test_a_regrade_says_who_changed_and_by_how_much(inside, capsys):
    submit(inside)
    assert main(["autograde", "00_small", "--quiet"]) == 0
    assert "changed:" not in capsys.readouterr().out
    assert main(["autograde", "00_small", "--quiet", "--force"]) == 0
    assert "changed:" not in capsys.readouterr().out
    (path,) = inside.submitted.glob("*/00_small/small.ipynb")
    path.write_text(path.read_text().replace("return 2 * x", "return 3 * x"))
    assert main(["autograde", "00_small", "--quiet"]) == 0
    assert f"changed: {path.parent.parent.name}/small: 4 -> 2 (-2)" in capsys.readouterr().out
