"""Feedback pages: what the gradebook knows is on them, and only what changed is written again."""

from __future__ import annotations

import os

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook

from course.grader.__main__ import main
from course.grader.classroom import gradebook as book
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import FolderError
from course.grader.classroom.feedback import generate_feedback
from course.grader.judging.grade import Graded
from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import Part, Verdict
from course.grader.kernel.steps import StepResult
from course.grader.notebooks.rebuild import rebuild
from course.grader.pages.render import graded_notebook
from tests.grader.pages.test_feedback_page import section, words, written

LESSON = "00_small"
WRONG = Verdict("double", 0.0, 2.0, (Part("y", False, "3 of 6 values are not right"),))
RIGHT = Verdict("double", 2.0, 2.0, (Part("y", True),))
FULL = Verdict("quadruple", 2.0, 2.0, (Part("y", True),))


@pytest.fixture
def grade(small_course, small_gradebook):
    """Save a student's graded notebook."""
    lesson = small_course.lesson(LESSON, "small")

    def save(student: str, first: Verdict = RIGHT) -> None:
        submission = rebuild(lesson, None, written())
        ran = {cell.id: StepResult("ok") for cell in lesson.cells}
        graded = Graded({"double": first, "quadruple": FULL}, ran)
        outcome = Outcome(student, LESSON, "small", "1")
        outcome.graded = nbformat.writes(graded_notebook(lesson, submission, graded))
        book.save(small_course, small_gradebook, outcome)

    return save


@pytest.fixture
def look(small_course):
    """Read a student's page."""

    def read(student: str) -> BeautifulSoup:
        path = small_course.feedback / student / LESSON / "small.html"
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    return read


def by_hand(gradebook: Gradebook, student: str, cell: str, score: float, comment: str) -> None:
    """What formgrader does when somebody types a score and a comment."""
    row = gradebook.find_grade(cell, "small", LESSON, student)
    row.manual_score, row.needs_manual_grade = score, False
    solution = cell.removesuffix("_hidden")
    gradebook.find_comment(solution, "small", LESSON, student).manual_comment = comment
    gradebook.db.commit()


class TestWhatIsOnAPage:
    def test_a_written_answer_waits_until_somebody_has_read_it(
        self, small_course, grade, small_gradebook, look
    ):
        grade("ada")
        generate_feedback(small_course, LESSON)
        assert "4 of 4 points so far" in words(section(look("ada"), "in-short"))
        assert "not graded yet" in words(section(look("ada"), "question-why"))
        by_hand(small_gradebook, "ada", "why", 0.5, "Say **why**.")
        generate_feedback(small_course, LESSON)
        assert "4.5 of 5 points" in words(section(look("ada"), "in-short"))
        question = section(look("ada"), "question-why")
        assert "0.5 of 1 point" in words(question)
        assert question.select_one(".comment strong").string == "why"

    def test_points_and_a_comment_by_hand_are_an_exercises_too(
        self, small_course, grade, small_gradebook, look
    ):
        grade("ada", WRONG)
        by_hand(small_gradebook, "ada", "double_hidden", 1.5, "I let it pass.")
        generate_feedback(small_course, LESSON)
        exercise = words(section(look("ada"), "exercise-double"))
        assert "1.5 of 2 points" in exercise and "I let it pass." in exercise

    def test_late_work_says_what_it_cost(self, small_course, grade, small_gradebook, look):
        grade("ada")
        row = small_gradebook.find_submission_notebook("small", LESSON, "ada")
        row.late_submission_penalty = 1.5
        small_gradebook.db.commit()
        generate_feedback(small_course, LESSON)
        first = words(section(look("ada"), "in-short"))
        assert "2.5 of 4 points" in first and "1.5 points are taken off" in first

    def test_one_student_sees_nothing_of_anothers(self, small_course, grade, small_gradebook, look):
        grade("ada", WRONG)
        grade("bob")
        by_hand(small_gradebook, "ada", "why", 0.5, "For Ada alone.")
        generate_feedback(small_course, LESSON)
        assert "For Ada alone." in look("ada").get_text()
        assert "For Ada alone." not in look("bob").get_text()
        assert "ada" not in words(look("bob"))


class TestWhatIsWritten:
    def test_only_what_changed_is_written_again(self, small_course, grade, small_gradebook):
        grade("ada")
        grade("bob")
        first = generate_feedback(small_course, LESSON)
        assert len(first.written) == 2 and not first.unchanged
        for path in first.written:
            os.utime(path, (1, 1))
        by_hand(small_gradebook, "bob", "why", 1.0, "Good.")
        again = generate_feedback(small_course, LESSON)
        assert [path.parts[-3] for path in again.written] == ["bob"]
        assert [path.parts[-3] for path in again.unchanged] == ["ada"]
        assert again.unchanged[0].stat().st_mtime == 1
        assert again.written[0].stat().st_mtime > 1
        assert again.paths == first.paths

    def test_only_the_students_who_are_named(self, small_course, grade):
        grade("ada")
        grade("bob")
        pages = generate_feedback(small_course, LESSON, ["bob"])
        assert [path.parts[-3] for path in pages.paths] == ["bob"]
        assert not (small_course.feedback / "ada").exists()

    @pytest.mark.parametrize("name", ["cleo", "*", "../ada", ""])
    def test_a_student_who_is_not_there_is_named(self, small_course, grade, name):
        grade("ada")
        with pytest.raises(FolderError, match="is graded for 00_small"):
            generate_feedback(small_course, LESSON, [name])

    def test_anybody_may_read_a_page(self, small_course, grade):
        grade("ada")
        (page,) = generate_feedback(small_course, LESSON).written
        assert page.stat().st_mode & 0o777 == 0o644

    def test_a_damaged_notebook_costs_its_own_page_alone(
        self, small_course, grade, capsys, monkeypatch
    ):
        grade("ada")
        grade("bob")
        damaged = small_course.autograded / "ada" / LESSON / "small.ipynb"
        damaged.chmod(0o644)
        damaged.write_text('{"cells": [')
        monkeypatch.setenv("COURSE_ROOT", str(small_course.root))
        assert main(["feedback", LESSON]) == 1
        said = capsys.readouterr()
        assert "1 feedback pages written, 0 unchanged" in said.out
        (line,) = said.err.splitlines()
        assert line.startswith("error: ada/small: no page (") and "grade it again" in line

    def test_a_student_whom_the_gradebook_does_not_know_is_named(self, small_course, grade):
        grade("ada")
        (small_course.autograded / "ada").rename(small_course.autograded / "eve")
        (problem,) = generate_feedback(small_course, LESSON).problems
        assert problem.startswith("eve/small: no page (MissingEntry")

    def test_the_command_takes_students(self, small_course, grade, capsys, monkeypatch):
        grade("ada")
        grade("bob")
        monkeypatch.setenv("COURSE_ROOT", str(small_course.root))
        assert main(["feedback", LESSON, "--student", "ada"]) == 0
        assert "1 feedback pages written, 0 unchanged" in capsys.readouterr().out
        assert main(["feedback", LESSON]) == 0
        assert "1 feedback pages written, 1 unchanged" in capsys.readouterr().out


class TestBesideNbgrader:
    def test_its_own_command_writes_the_same_pages(self, small_course, grade, small_gradebook):
        grade("ada", WRONG)
        by_hand(small_gradebook, "ada", "why", 0.5, "Good.")
        (ours,) = generate_feedback(small_course, LESSON).written
        text = ours.read_bytes()
        ours.unlink()
        nbgrader(small_course, "generate_feedback", LESSON, "--force")
        assert ours.read_bytes() == text
        assert not generate_feedback(small_course, LESSON).written

    def test_release_feedback_finds_all_that_it_needs(self, small_course, grade, tmp_path):
        grade("ada")
        here = small_course.submitted / "ada" / LESSON
        here.mkdir(parents=True)
        (here / "timestamp.txt").write_text("2026-12-01 12:00:00 UTC")
        (here / "submission_secret.txt").write_text("secret")
        generate_feedback(small_course, LESSON)
        exchange = tmp_path / "exchange"
        exchange.mkdir()
        config = small_course.root / "nbgrader_config.py"
        config.write_text(f"{config.read_text()}\nc.Exchange.root = {str(exchange)!r}\n")
        nbgrader(small_course, "release_feedback", LESSON)
        (released,) = (exchange / "rnn-course" / "feedback").glob("*.html")
        page = small_course.feedback / "ada" / LESSON / "small.html"
        assert released.read_bytes() == page.read_bytes()

    def test_a_link_beside_a_submission_is_not_followed(self, small_course, grade, tmp_path):
        grade("ada")
        here = small_course.submitted / "ada" / LESSON
        here.mkdir(parents=True)
        (tmp_path / "private").write_text("private")
        (here / "timestamp.txt").symlink_to(tmp_path / "private")
        generate_feedback(small_course, LESSON)
        assert not (small_course.feedback / "ada" / LESSON / "timestamp.txt").exists()
