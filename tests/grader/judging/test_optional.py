"""An optional exercise is never run when work is graded, and costs nobody a point."""

from __future__ import annotations

import json

import nbformat
import pytest
from bs4 import BeautifulSoup

from course.grader.authoring.generate import generate_release
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import rebuild, solution_submission
from course.grader.pages.feedback_page import Marks, page
from course.grader.pages.render import graded_notebook
from tests.conftest import notebook_with_an_option

HARM = "def triple(x):\n    return x\nraise SystemExit\ndouble = None"
WRITTEN = {
    "double": "def double(x):\n    return x + x",
    "quadruple": "def quadruple(x):\n    return 4 * x",
    "why": "Because.",
}


@pytest.fixture(scope="module")
def lesson():
    return parse_lesson(notebook_with_an_option(), "00_small", "small")


@pytest.fixture(scope="module")
def references(lesson):
    steps = steps_of(lesson, solution_submission(lesson))
    results = run_inprocess(steps, Settings(3, reference=True))
    return {s.exercise: read(results[s.key].emissions[0]) for s in steps if s.hidden}


def submitted(lesson, **more: str):
    cells = [
        {
            "cell_type": "markdown" if id_ == "why" else "code",
            "source": s,
            "metadata": {},
            "id": id_,
        }
        for id_, s in (WRITTEN | more).items()
    ]
    return rebuild(lesson, None, json.dumps({"cells": cells}))


@pytest.mark.parametrize("source", ["", HARM, "def triple(x):\n    return 3 * x"])
def test_points_are_the_same_with_it_and_without(lesson, references, source):
    submission = submitted(lesson, triple=source)
    graded = grade(lesson, submission, references, run_inprocess, Settings(3))
    assert (graded.points, graded.maximum) == (4, 4)
    assert "triple" not in graded.verdicts and "triple" not in graded.results


def test_its_cells_run_for_authors_alone(lesson):
    graded = [step.key for step in steps_of(lesson, solution_submission(lesson))]
    assert not [key for key in graded if key.startswith("triple")]
    all_of_them = [s.key for s in steps_of(lesson, solution_submission(lesson), optional=True)]
    assert all_of_them == [*graded, "triple", "triple_visible"]


def test_the_students_page_loses_no_word_on_it(lesson, references):
    submission = submitted(lesson, triple=HARM)
    graded = grade(lesson, submission, references, run_inprocess, Settings(3))
    notebook = graded_notebook(lesson, submission, graded)
    kept = next(cell for cell in notebook.cells if cell.id == "triple")
    assert kept.source == HARM and not kept.outputs
    text = BeautifulSoup(page(notebook, Marks()), "html.parser").get_text()
    assert "Every exercise is right" in text
    assert "triple" not in text and "1 more point is not graded yet" in text  # that of the question


@pytest.mark.slow
def test_a_starter_has_its_stub_and_no_answer(small_course):
    path = small_course.source / "00_small" / "small.ipynb"
    nbformat.write(notebook_with_an_option(), path)
    (starter,) = generate_release(small_course, "00_small")
    stub = next(c for c in nbformat.read(starter, as_version=4).cells if c.id == "triple")
    assert "raise NotImplementedError" in stub.source and "3 * x" not in stub.source
    assert stub.metadata.exercise.optional
