"""Scores by hand: what did not change keeps its score and waits for nobody; what did, asks again."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook

from course.grader.classroom import gradebook as book
from course.grader.classroom.by_hand import digests_of, record_of, unchanged_answers
from course.grader.judging.outcome import Outcome
from tests.conftest import small_notebook

LESSON = "00_small"


def graded(answer: str = "Because.", double: str = "2 * x", score: float = 2.0, *own):
    """A graded notebook of the small lesson, with the student's own cells at its end."""
    notebook = small_notebook()
    for cell in notebook.cells:
        if cell.id == "why":
            cell.source = answer
        elif cell.id == "double":
            cell.source = f"def double(x):\n    return {double}"
        elif cell.id.endswith("_hidden"):
            points = score if cell.id == "double_hidden" else 2.0
            cell.outputs = [
                new_output("execute_result", {"text/plain": repr(points)}, execution_count=1)
            ]
    notebook.cells += own
    return notebook


@pytest.fixture
def grade(small_course, small_gradebook):
    """Save a graded notebook, and return whether each cell waits for somebody."""

    def save(*about, **changes) -> dict[str, bool]:
        outcome = Outcome("ada", LESSON, "small", "1")
        outcome.graded = nbformat.writes(graded(*about, **changes))
        book.save(small_course, small_gradebook, outcome)
        row = small_gradebook.find_submission_notebook("small", LESSON, "ada")
        return {grade.name: grade.needs_manual_grade for grade in row.grades}

    return save


def by_hand(gradebook: Gradebook, cell: str, score: float) -> None:
    """What formgrader does when somebody types a score."""
    row = gradebook.find_grade(cell, "small", LESSON, "ada")
    row.manual_score, row.needs_manual_grade = score, False
    gradebook.db.commit()


def test_an_answer_that_did_not_change_waits_for_nobody(grade, small_gradebook):
    assert grade()["why"]
    by_hand(small_gradebook, "why", 0.5)
    assert not grade()["why"]
    assert small_gradebook.find_grade("why", "small", LESSON, "ada").score == 0.5


def test_an_answer_that_changed_waits_until_somebody_looks(grade, small_gradebook):
    grade()
    by_hand(small_gradebook, "why", 0.5)
    assert grade("Because of two.")["why"]
    assert grade("Because of two.")["why"], "nobody has looked"
    by_hand(small_gradebook, "why", 0.5)
    assert not grade("Because of two.")["why"]
    assert small_gradebook.find_grade("why", "small", LESSON, "ada").score == 0.5


def test_an_answer_that_nobody_graded_keeps_waiting(grade):
    assert grade()["why"] and grade()["why"]


def test_a_score_by_hand_for_code_waits_when_the_code_or_its_points_change(grade, small_gradebook):
    grade()
    by_hand(small_gradebook, "double_hidden", 1.5)
    assert not grade()["double_hidden"]
    assert not grade("Other words.")["double_hidden"]
    assert grade(double="x + x")["double_hidden"]
    by_hand(small_gradebook, "double_hidden", 1.5)
    assert grade(double="x + x", score=1.0)["double_hidden"]


def test_without_a_record_it_asks_as_nbgrader_does(grade, small_gradebook, small_course):
    grade()
    by_hand(small_gradebook, "why", 0.5)
    record = record_of(small_course, "ada", LESSON, "small")
    for content in (None, "", "[1]", "null"):
        record.unlink()
        if content is not None:
            record.write_text(content)
        assert grade()["why"], content
        by_hand(small_gradebook, "why", 0.5)


def test_an_own_cell_belongs_to_the_answers_of_its_kind():
    def changed(cell) -> set[str]:
        before, now = digests_of(graded()), digests_of(graded("Because.", "2 * x", 2.0, cell))
        return {id_ for id_ in now if now[id_] != before[id_]}

    assert changed(new_markdown_cell("More.", id="extra-9")) == {"why"}
    assert changed(new_code_cell("y = 1", id="extra-9")) == {"double_hidden", "quadruple_hidden"}
    assert changed(new_code_cell("y = 1", id="course")) == set()


def test_a_record_of_another_notebook_is_never_read(tmp_path):
    assert unchanged_answers(tmp_path / "none.json", graded()) == frozenset()
