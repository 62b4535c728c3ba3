"""Numbers of written questions that the guide says may be changed: they are there, and can be."""

from __future__ import annotations

import re

import nbformat
import pytest

from course.grader.authoring.generate import generate_release
from course.grader.classroom.schemes import model_answers
from tests.conftest import ROOT, small_notebook

GUIDE = (ROOT / "course" / "guides" / "instructors.md").read_text()
SECTION = GUIDE.split("### Next year")[1].split("\n## ")[0]
ROWS = re.findall(
    r"^\| `([\w/]+)`, `(\w+)` \|[^|]*\| `([^`]+)` \| `([^`]+)`[^|]*\|$", SECTION, re.MULTILINE
)


def question_and_answer(name: str, id_: str) -> list[nbformat.NotebookNode]:
    """A written question's two cells, in the source."""
    cells = nbformat.read(ROOT / "source" / f"{name}.ipynb", as_version=4).cells
    place = next(i for i, cell in enumerate(cells) if cell.id == id_)
    return cells[place - 1 : place + 1]


def test_the_table_has_rows():
    assert len(ROWS) == SECTION.count("\n| `") > 0


@pytest.mark.parametrize(("name", "id_", "asked", "answered"), ROWS)
def test_the_words_stand_where_the_table_says(name, id_, asked, answered):
    question, answer = question_and_answer(name, id_)
    assert question.source.count(asked) == 1
    assert answer.source.count(answered) == 1
    assert re.search(r"\d", asked) and re.search(r"\d", answered)


@pytest.mark.slow
def test_a_new_number_reaches_the_starter_and_the_marking_scheme(small_course):
    name, id_, asked, answered = ROWS[0]
    question, answer = question_and_answer(name, id_)
    number = re.search(r"\d+", asked)[0]
    question.source = question.source.replace(asked, asked.replace(number, "80"))
    answer.source = answer.source.replace(answered, answered.replace(number, "80"))
    notebook = small_notebook()
    notebook.cells += [question, answer]
    path = small_course.source / "00_small" / "small.ipynb"
    nbformat.write(notebook, path)
    generate_release(small_course, "00_small")
    lesson = small_course.lesson("00_small", "small")
    cells = {cell.id: cell.source for cell in small_course.starter(lesson).cells}
    assert asked.replace(number, "80") in cells[question.id]
    assert cells[id_] == "YOUR ANSWER HERE"
    assert answered.replace(number, "80") in model_answers(lesson)[id_]
    assert lesson.answers[id_] == answer.metadata["nbgrader"]["points"]
