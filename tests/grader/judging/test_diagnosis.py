"""A lost exercise that emits what a known wrong answer emits hears that answer's sentence."""

from __future__ import annotations

import logging
import subprocess
import sys

import matplotlib  # noqa: F401  (each forked run would import it again)
import numpy as np
import pytest

from course.grader.judging import wrong_answers
from course.grader.judging.diagnosis import (
    PERHAPS,
    differences,
    misconception,
    packed,
    unpacked,
)
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.misconceptions import with_misconceptions
from course.grader.judging.payload import Answer, Payload
from course.grader.judging.references import References
from course.grader.judging.wrong_answers import emissions_of_wrong_answers
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import forked, run_inprocess
from course.grader.notebooks.answers import Answers
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import small_notebook

SEED = 11
THREE = "It is multiplied by 3."
ADDED = "2 is added: multiply by 2."
IN_PLACE = "The argument is changed: build a new array."
FAILS = "It fails when there is one row."
NEVER = "Nothing is returned."
WRONG = {
    "double": {
        THREE: [("2 * x", "3 * x")],
        ADDED: "def double(x):\n    return x + 2",
        IN_PLACE: "def double(x):\n    x *= 2\n    return x",
        FAILS: "def double(x):\n    return 2 * x if len(x) > 1 else x[5]",
        NEVER: "def double(x):\n    2 * x",
    },
    "quadruple": {"It is doubled once.": "def quadruple(x):\n    return double(x)"},
}


@pytest.fixture(scope="module")
def lesson():
    return parse_lesson(small_notebook(), "00_small", "small")


@pytest.fixture(scope="module")
def references(lesson) -> References:
    steps = steps_of(lesson, solution_submission(lesson))
    results = run_inprocess(steps, Settings(SEED, reference=True))
    made = {s.exercise: results[s.key].emissions[0] for s in steps if s.hidden}
    known = forked(
        lambda: packed(emissions_of_wrong_answers(lesson, Answers(WRONG), References(made), SEED))
    )
    return References(made, {}, known)


def heard(lesson, references, **sources: str) -> dict[str, str]:
    """The sentence that each exercise of a submission hears."""
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role == "solution" and cell.exercise in sources:
            cell.source = sources[cell.exercise]
    result = grade(
        lesson,
        submission,
        references.payloads,
        run_inprocess,
        Settings(SEED),
        known=references.known,
    )
    return {id_: verdict.misconception for id_, verdict in result.verdicts.items()}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return x + x + x", THREE),
        ("return np.einsum('nd->nd', x) * 3", THREE),
        ("return x + 2", ADDED),
        ("x += x\n    return x", IN_PLACE),
        ("return [2 * x][len(x) == 1]", FAILS),
        ("return 2 * x if len(x) > 1 else 2 * y", ""),  # it fails there too, for another reason
        ("pass", NEVER),
        ("return 2 * x", ""),
        ("return 5 * x", ""),
        ("return 3 * x if len(x) > 1 else 2 * x", ""),
        ("return 3 * x if len(x) > 1 else x + 2", ""),
        ("y = x * 3\n    x += 1\n    return y", ""),
    ],
)
def test_the_sentence_is_that_of_the_same_results_in_every_case(lesson, references, body, sentence):
    found = heard(lesson, references, double=f"def double(x):\n    {body}")
    assert found["double"] == sentence
    assert found["quadruple"] == ""


def test_a_later_exercise_hears_its_own_mistake_when_an_earlier_one_is_wrong(lesson, references):
    found = heard(
        lesson,
        references,
        double="def double(x):\n    return 3 * x",
        quadruple="def quadruple(x):\n    return double(x)",
    )
    assert found == {"double": THREE, "quadruple": "It is doubled once."}


def test_the_sentence_leads_the_summary(lesson, references):
    submission = solution_submission(lesson)
    next(
        c for c in submission.cells if c.exercise == "double"
    ).source = "def double(x):\n    return 3 * x"
    result = grade(
        lesson,
        submission,
        references.payloads,
        run_inprocess,
        Settings(SEED),
        None,
        references.known,
    )
    assert result.verdicts["double"].summary == THREE
    assert result.verdicts["quadruple"].full


def test_results_of_another_length_fail_in_another_way():
    want = Answer("ndarray", np.ones(2), "cpu", {})
    reference = Payload("e", {(0, "y"): want, (1, "z"): want})

    def failing(case: str) -> Payload:
        return Payload("e", {(1, "z"): want}, {0: f"TypeError: {case} (line 3: return y)"})

    known = {
        "A value is missing.": differences(failing("must return 2 values (h, c), not 1"), reference)
    }
    for text, sentence in (
        ("must return 2 values (h, c), not 1", "A value is missing."),
        ("must return 2 values (h, c), not 3", ""),
        ("'NoneType' object is not subscriptable", ""),
    ):
        assert misconception(failing(text), reference, known) == sentence


def test_truth_values_alone_make_no_certain_sentence():
    def emitted(seen: bool, h: float) -> Payload:
        told = {(0, "h"): Answer("ndarray", np.full(3, h), "cpu", {})}
        return Payload("e", told | {(0, "seen"): Answer("bool", np.array(seen), "cpu", {})})

    reference = emitted(True, 1.0)
    known = {
        "The first row alone is compared.": differences(emitted(False, 1.0), reference),
        "h is doubled, and nothing seen.": differences(emitted(False, 2.0), reference),
    }
    found = misconception(emitted(False, 1.0), reference, known)
    assert found == f"{PERHAPS}The first row alone is compared."
    found = misconception(emitted(False, 2.0), reference, known)
    assert found == "h is doubled, and nothing seen."


def test_packed_answers_come_back():
    rich = Answer("ndarray", np.array([[1.5, np.nan]]), "cpu", {"changed_later": False})
    listed = Answer("list", np.arange(3), "cpu", {"length": 3, "rule": {"rtol": 1}})
    known = {"e": {"One.": {(0, "y"): rich, (1, "y"): None}, "Two.": {(0, "z"): listed}}}
    known["e"]["One."][2, "y"] = "IndexError"
    back = unpacked(packed(known))
    assert back["e"]["One."][1, "y"] is None
    assert back["e"]["One."][2, "y"] == "IndexError"
    found = back["e"]["One."][0, "y"]
    assert found.kind == "ndarray" and found.array.dtype == np.float64
    np.testing.assert_array_equal(found.array, rich.array)
    assert back["e"]["Two."][0, "z"].detail == {"length": 3}
    assert unpacked(b"") == {}


BANK = "WRONG = {'double': {'Thrice.': [('2 * x', '3 * x')]}}\n"


def test_a_course_stores_what_its_wrong_answers_emit(small_course, lesson, references, tmp_path):
    bare = References(references.emissions)
    args = bare, lesson, small_course.root, SEED, tmp_path
    assert with_misconceptions(*args) is bare, "a course without a bank names nothing"
    bank = small_course.root / "answers" / "00_small" / "small.py"
    bank.parent.mkdir(parents=True)
    bank.write_text(BANK)
    made = with_misconceptions(*args)
    assert list(made.known["double"]) == ["Thrice."]
    stored = list(tmp_path.glob("*.misconceptions"))
    before = stored[0].stat().st_mtime_ns
    assert with_misconceptions(*args).known["double"].keys() == made.known["double"].keys()
    assert stored[0].stat().st_mtime_ns == before, "it was not made again"
    bank.write_text(BANK.replace("Thrice", "Three times"))
    assert list(with_misconceptions(*args).known["double"]) == ["Three times."]
    again = References.from_bytes(made.to_bytes())
    assert again.known["double"].keys() == made.known["double"].keys()


def test_a_broken_bank_costs_the_sentences_alone(
    small_course, lesson, references, tmp_path, caplog
):
    bank = small_course.root / "answers" / "00_small" / "small.py"
    bank.parent.mkdir(parents=True)
    bank.write_text("WRONG = {")
    bare = References(references.emissions)
    with caplog.at_level(logging.WARNING):
        made = with_misconceptions(bare, lesson, small_course.root, SEED, tmp_path)
    assert made is bare
    assert "does not run" in caplog.text and not list(tmp_path.glob("*.misconceptions"))


def test_there_is_an_end_to_the_time_for_wrong_answers(lesson, references, monkeypatch):
    monkeypatch.setattr(wrong_answers, "BUDGET", -1.0)
    found = forked(
        lambda: emissions_of_wrong_answers(
            lesson, Answers(WRONG), References(references.emissions), 1
        )
    )
    assert found == {}


def test_slow_imports_hide_no_mistake_and_a_slow_cell_hides_its_own(lesson, references):
    """On a busy machine the first cell takes as long as a training."""
    slow = References(references.emissions, {"imports": 9.0, "quadruple": 9.0})
    found = forked(lambda: list(emissions_of_wrong_answers(lesson, Answers(WRONG), slow, SEED)))
    assert found == ["double"]


def test_who_grades_a_class_does_not_load_what_lessons_use():
    """It would take every command, and every click in formgrader, three seconds."""
    code = "import sys, course.grader.classroom.run as run; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
