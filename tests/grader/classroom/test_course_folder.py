"""The course folder: who handed in what, whatever lies there, and no wrong name becomes a lesson."""

from __future__ import annotations

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
