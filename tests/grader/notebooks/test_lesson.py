"""A source notebook is read as a lesson, or refused with the cell and the reason."""

from __future__ import annotations

import pytest

from course.emission import collect
from course.grader.judging.payload import read
from course.grader.notebooks.lesson import (
    LessonError,
    blinded,
    defined_names,
    hidden_source,
    lessons_of,
    parse_lesson,
)
from tests.conftest import exercise_cells, grader_metadata, notebook_with_an_option, small_notebook


def test_roles_points_and_title(small_lesson):
    roles = {cell.id: cell.role for cell in small_lesson.cells}
    assert roles == {
        "title": "reading",
        "imports": "reading",
        "double": "solution",
        "double_visible": "visible",
        "double_hidden": "hidden",
        "quadruple": "solution",
        "quadruple_visible": "visible",
        "quadruple_hidden": "hidden",
        "why": "answer",
    }
    assert {id_: e.points for id_, e in small_lesson.exercises.items()} == {
        "double": 2,
        "quadruple": 2,
    }
    assert small_lesson.answers == {"why": 1}
    assert small_lesson.title == "Small"
    assert "BEGIN" not in small_lesson.exercises["double"].hidden


def cell(notebook, id_):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == id_)


def break_marker(notebook):
    c = cell(notebook, "double_hidden")
    c.source = c.source.replace("### END HIDDEN TESTS", "")


BREAKS = {
    "used twice": lambda n: n.cells.append(n.cells[2]),
    "has no hidden tests": break_marker,
    "lacks metadata exercise.minutes": lambda n: cell(n, "double_hidden").metadata.exercise.pop(
        "minutes"
    ),
    "lacks metadata exercise.difficulty": lambda n: cell(n, "double_hidden").metadata.pop(
        "exercise"
    ),
    "must end in '_hidden'": lambda n: cell(n, "double_hidden").metadata.nbgrader.update(
        grade_id="double_test"
    ),
    "needs both a solution cell 'double'": lambda n: n.cells.remove(cell(n, "double")),
    "a test cell 'double_hidden'": lambda n: n.cells.remove(cell(n, "double_hidden")),
    "'triple' lacks metadata exercise.minutes": lambda n: cell(n, "triple").metadata.exercise.pop(
        "minutes"
    ),
    "its visible test is all: add the cell 'triple_visible'": lambda n: n.cells.remove(
        cell(n, "triple_visible")
    ),
    "'triple_hidden' tests an optional exercise": lambda n: n.cells.append(
        exercise_cells("triple", "", "")[2]
    ),
}


@pytest.mark.parametrize("says", BREAKS)
def test_a_cell_that_breaks_the_rules_is_named(says):
    notebook = notebook_with_an_option()
    BREAKS[says](notebook)
    with pytest.raises(LessonError, match=r"00_small/small") as error:
        parse_lesson(notebook, "00_small", "small")
    assert says in str(error.value)


def test_an_optional_exercise_is_none_that_is_graded():
    lesson = parse_lesson(notebook_with_an_option(), "00_small", "small")
    assert list(lesson.exercises) == ["double", "quadruple"]
    (exercise,) = lesson.optional.values()
    assert (exercise.id, exercise.points, exercise.hidden) == ("triple", 0.0, "")
    assert (exercise.difficulty, exercise.minutes) == (5, 40)
    roles = {cell.id: cell.role for cell in lesson.cells}
    assert (roles["triple"], roles["triple_visible"]) == ("optional", "optional test")


def test_demo_cells_are_recognised_by_their_tag():
    notebook = small_notebook()
    notebook.cells[1].metadata["tags"] = ["demo"]
    assert parse_lesson(notebook, "a", "b").cells[1].role == "demo"
    notebook.cells[1].metadata = grader_metadata("given")
    assert parse_lesson(notebook, "a", "b").cells[1].role == "reading"


@pytest.mark.parametrize("name", ["99_none", "", "../source"])
def test_an_unknown_lesson_lists_those_there_are(small_course, name):
    with pytest.raises(LessonError, match="00_small"):
        lessons_of(small_course.source, name)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): pass\nclass G: pass\nasync def h(): pass", {"f", "G", "h"}),
        ("if 1:\n    def f(): pass", set()),
        ("%%time\ndef f(: pass\nclass G(", {"f", "G"}),
        ("a\0b", set()),
        ("(" * 5000, set()),
        ("-" * 50_000 + "1", set()),
        ("x = '\\d'", set()),
    ],
)
@pytest.mark.filterwarnings("error")
def test_defined_names_of_whatever_was_submitted(source, names):
    assert defined_names(source) == names


def test_hidden_source_is_the_region_between_the_markers():
    text = "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc"
    assert hidden_source(text) == "b\n"
    assert hidden_source("nothing") == ""


PREDICT = """
from course.emission import cases

def labels():
    return SECRET

class Model:
    def forward(self):
        return 1

@cases({"N": 2})
def hidden(case):
    x = case.normal("N")
    if case.reference:
        print("ANSWER")
    scale = 77 if case.reference else 1
    case.predict("a", f(x), TRUTH, compare="accuracy", bar=0.5)
"""


@pytest.mark.parametrize(
    "truth", ["truth=lambda: SECRET", "truth=labels", "lambda: SECRET", "labels"]
)
def test_a_student_kernel_is_not_given_what_only_the_reference_needs(truth):
    full = PREDICT.replace("TRUTH", truth)
    if "labels" not in truth:
        full = full.replace("    return SECRET\n", "    return 0\n")
    blind = blinded(full)
    for secret in ("SECRET", "ANSWER", "77"):
        assert secret not in blind
    assert "return 1" in blind
    names = {"f": lambda x: x, "SECRET": 3.0}
    assert not read(collect(blind, names, exercise="f", seed=1)).errors
    cheated = read(collect(blind, names, exercise="f", seed=1, reference=True))
    assert not cheated.answers
    made = read(collect(full, names, exercise="f", seed=1, reference=True))
    assert made.answers[0, "a"].array == 3.0


def test_a_function_that_serves_the_test_as_well_is_kept():
    full = PREDICT.replace("TRUTH", "truth=labels").replace("f(x)", "labels()")
    assert "return SECRET" in blinded(full)


def test_other_tests_are_given_as_they_are(small_lesson):
    exercise = small_lesson.exercises["double"]
    assert exercise.blind is exercise.hidden
