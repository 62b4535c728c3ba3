"""What answers return on the worked examples is recorded, and compared with what is stored."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course.grader.authoring import worked
from course.grader.authoring.worked import alike, collisions, record, store_examples
from course.grader.classroom.command import GenerationError
from course.grader.kernel.trusted import forked
from course.grader.notebooks.answers import Answers, LessonError, changed, read_answers
from course.grader.notebooks.lesson import parse_lesson
from course.worked.trial import decoded
from tests.conftest import small_notebook

WRONG = {
    "double": {
        "It is multiplied by 3.": [("2 * x", "3 * x")],
        "The argument is added to itself thrice.": "def double(x):\n    return x + x + x",
        "It raises.": "def double(x):\n    return undefined",
        "It dies.": "import os\ndef double(x):\n    os._exit(3)",
        "It is right here.": "def double(x):\n    return 2 * x if x.size < 9 else 0 * x",
        "It is random.": "def double(x):\n    return 2 * x + np.random.normal(size=x.shape)",
        "A list is returned.": "def double(x):\n    return (2 * x).tolist()",
        "A thing is returned that nobody can store.": "def double(x):\n    return object()",
    }
}


def double(t, double):
    t.check(double, {"x": np.array([1.0, -2.0])}, "y", float32=False)


@pytest.fixture
def examples(monkeypatch):
    monkeypatch.setattr(worked, "examples_of", lambda notebook: {"double": double})


@pytest.fixture
def lesson():
    return parse_lesson(small_notebook(), "00_small", "small")


def test_wrong_answers_are_recorded_where_they_differ(lesson, examples):
    found = forked(record, lesson, Answers(WRONG))
    assert list(found) == ["double"]
    stored = decoded(found["double"])
    np.testing.assert_array_equal(stored["right"]["1 y"], [2.0, -4.0])
    assert list(stored["wrong"]) == [
        "It is multiplied by 3.",
        "The argument is added to itself thrice.",
        "A list is returned.",
    ]
    np.testing.assert_array_equal(stored["wrong"]["It is multiplied by 3."]["1 y"], [3.0, -6.0])
    assert collisions(found) == [
        "double: the same for It is multiplied by 3. | The argument is added to itself thrice."
    ]


def test_a_solution_that_fails_is_named(examples):
    notebook = small_notebook()
    notebook.cells[1].source = "import numpy as np\n1 / 0"
    broken = parse_lesson(notebook, "00_small", "small")

    def message() -> str:
        try:
            record(broken, Answers())
        except GenerationError as error:
            return str(error)
        return ""

    assert "the solution's cell 'imports' fails: ZeroDivisionError" in forked(message)


def test_a_notebook_without_examples_is_one_clear_line(small_course):
    with pytest.raises(GenerationError, match=r"^00_small/small: .*course\.worked\.small"):
        store_examples(small_course, "00_small")


@pytest.mark.parametrize(
    ("found", "stored", "same"),
    [
        (1.0, 1.0 + 1e-9, True),
        (1.0, 1.1, False),
        (np.ones(2), np.ones(3), False),
        ({"a": {"b": 1.0}}, {"a": {"b": 1.0}}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        ({"a": 1.0, "b": 1.0}, {"b": 1.0, "a": 1.0}, False),
        ("text", "other", False),
    ],
)
def test_rounding_alone_is_no_difference(found, stored, same):
    assert alike(found, stored) is same


def test_what_is_stored_is_json(lesson, examples):
    json.dumps(forked(record, lesson, Answers(WRONG)))


def test_a_bank_that_does_not_run_is_named(tmp_path):
    path = tmp_path / "bank.py"
    assert read_answers(path) == Answers()
    path.write_text("1 / 0")
    with pytest.raises(LessonError, match=r"bank\.py does not run: ZeroDivisionError"):
        read_answers(path)


def test_a_change_of_what_is_not_there_is_an_error(lesson):
    with pytest.raises(ValueError, match="double: '5' is not in the solution"):
        changed(lesson, {"double": [("5", "6")]})
    whole = changed(lesson, {"double": "double = abs"}).cells
    assert [c.source for c in whole if c.key == "double"] == ["double = abs"]
