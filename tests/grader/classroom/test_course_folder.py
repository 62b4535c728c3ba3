"""The course folder: who handed in what, whatever lies there, and no wrong name becomes a lesson."""

from __future__ import annotations

import os

import nbformat
import pytest

from course.grader.__main__ import main
from course.grader.classroom.course_folder import FolderError
from course.grader.notebooks.lesson import LessonError
from tests.conftest import exercise_cells, small_notebook

SOLVE = "def other_{n}(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"


@pytest.fixture
def two_lessons(small_course):
    """The small course with a second lesson, of which ann handed in a notebook for the first."""
    notebook = small_notebook()
    for n in range(4):
        notebook.cells += exercise_cells(f"other_{n}", SOLVE.format(n=n), "case = 1")
    notebook.cells = [*notebook.cells[:2], *notebook.cells[9:]]
    other = small_course.source / "01_other" / "other.ipynb"
    other.parent.mkdir()
    nbformat.write(notebook, other)
    here = small_course.submitted / "ann" / "00_small"
    here.mkdir(parents=True)
    (here / "small.ipynb").write_bytes(other.read_bytes())
    return small_course


def test_the_notebook_of_another_lesson_is_named_by_the_courses_own_sources(two_lessons):
    found = two_lessons.handed_in("ann", two_lessons.lessons("00_small"))["small"]
    assert found.text is None
    assert found.notes == ("not used: 'small.ipynb' (it holds the cells of 01_other/other)",)


@pytest.mark.parametrize("name", ["00_small/", "./00_small", "../source/00_small", "", ".", ".."])
def test_a_lesson_has_one_name(small_course, name):
    with pytest.raises(LessonError, match="there is: 00_small"):
        small_course.lessons(name)


def test_the_slash_that_a_shell_adds_is_no_part_of_a_lesson(small_course, monkeypatch, capsys):
    monkeypatch.chdir(small_course.root)
    assert main(["due", "00_small/", "2026-12-01 18:00"]) == 0
    assert capsys.readouterr().out.startswith("00_small is due")


def test_a_damaged_starter_says_how_to_make_it_again(small_course):
    (lesson,) = small_course.lessons("00_small")
    path = small_course.release / "00_small" / "small.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text('{"cells": [')
    with pytest.raises(FolderError, match="make release LESSON=00_small"):
        small_course.starter(lesson)


@pytest.mark.parametrize("name", [b"M\xfcller", b"two\nlines"])
def test_a_folder_that_no_student_can_be_called_is_one_line(small_course, name):
    (small_course.submitted / os.fsdecode(name) / "00_small").mkdir(parents=True)
    with pytest.raises(FolderError, match="give it the student's id") as error:
        small_course.students("00_small")
    assert str(error.value).isprintable()


def test_work_that_lies_in_no_lessons_folder_is_named(two_lessons):
    for name in (
        "lost/small.ipynb", "case/00_Small/small.ipynb", "copy/00_small (1)/small.ipynb",
        "stray.ipynb", "00_small/ann/small.ipynb", "fine/01_other/other.ipynb",
        "fine/00_small.zip", "fine/notes.txt", "fine/more/small.ipynb", ".hidden/small.ipynb",
    ):  # fmt: skip
        path = two_lessons.submitted / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert two_lessons.astray("00_small") == [
        "00_small", "case/00_Small", "copy/00_small (1)", "lost/small.ipynb", "stray.ipynb",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [["feedback", "00_small"], ["autograde", "00_small"], ["tidy"]])
@pytest.mark.parametrize("text", ["{", "", "[]", "\xff"])
def test_a_source_that_is_no_notebook_is_named(small_course, monkeypatch, capsys, command, text):
    (small_course.source / "00_small" / "broken.ipynb").write_text(text, encoding="latin-1")
    monkeypatch.chdir(small_course.root)
    assert main(command) == 2
    error = capsys.readouterr().err.strip()
    assert "broken.ipynb is no notebook" in error
    assert "\n" not in error
