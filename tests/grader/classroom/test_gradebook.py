"""The gradebook: what it lost is filled in again, and what is wrong with it is one line."""

from __future__ import annotations

import logging
import sqlite3

import pytest
from nbgrader.api import InvalidEntry, Student
from sqlalchemy.exc import OperationalError

from course.grader.__main__ import main
from course.grader.classroom import run
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.gradebook import graded_path, holds, scores_of, trouble
from course.grader.classroom.results import is_applied, mark_applied, result_path
from course.grader.classroom.work import Kit
from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import Verdict
from course.grader.notebooks import submitted

OUTCOME = Outcome(
    "ann",
    "00_small",
    "small",
    "f",
    verdicts=[Verdict("double", 1 / 3, 2.0), Verdict("quadruple", 0.0, 2.0)],
)


def graded(gradebook, points: float):
    """Put a score of ann's into the gradebook."""
    gradebook.update_or_create_student("ann")
    gradebook.update_or_create_submission("00_small", "ann")
    grade = gradebook.find_grade("double_hidden", "small", "00_small", "ann")
    grade.auto_score = points
    gradebook.db.commit()


@pytest.mark.filterwarnings("ignore")  # SQLAlchemy remarks on nbgrader's way to build rows
def test_a_gradebook_that_is_new_or_older_does_not_hold_a_result(small_gradebook):
    assert not holds(scores_of(small_gradebook, "00_small"), OUTCOME)
    graded(small_gradebook, 2.0)
    assert not holds(scores_of(small_gradebook, "00_small"), OUTCOME)
    graded(small_gradebook, 1 / 3)
    assert holds(scores_of(small_gradebook, "00_small"), OUTCOME)


@pytest.fixture
def kept(small_course, small_gradebook, monkeypatch) -> CourseFolder:
    """The small course, where ann's result is stored and marked as applied; no kernel is needed."""
    (small_course.submitted / "ann" / "00_small").mkdir(parents=True)
    (small_course.submitted / "ann" / "00_small" / "small.ipynb").write_text("{}")
    kits = [Kit("00_small", "small", "", "", b"", 1)]
    monkeypatch.setattr(run, "kits_of", lambda *_: kits)
    monkeypatch.setattr(run, "load_result", lambda *_: OUTCOME)
    monkeypatch.setattr(run, "is_applied", lambda *_: True)
    return small_course


@pytest.mark.filterwarnings("ignore")
def test_a_run_fills_in_what_the_gradebook_lost_and_says_so(
    kept, small_gradebook, monkeypatch, caplog
):
    applied = []
    monkeypatch.setattr(run, "apply", lambda *about: applied.append(about[-1]))
    run.grade_class(kept, "00_small", run.Options(quiet=True))
    assert applied == [OUTCOME]
    assert "lacked the scores of 1" in caplog.text
    graded(small_gradebook, 1 / 3)
    run.grade_class(kept, "00_small", run.Options(quiet=True))
    assert applied == [OUTCOME]


def test_work_that_cannot_be_read_is_not_graded_as_missing(kept, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(submitted, "read_notebook", refuse)
    done = run.grade_class(kept, "00_small", run.Options(quiet=True))
    assert not done.graded and not done.kept
    assert "small.ipynb cannot be read (Permission denied)" in done.failed["ann/small"]


@pytest.mark.parametrize("student", ["nobody", "../ann", ""])
def test_who_handed_in_nothing_cannot_be_graded_by_a_slip(kept, monkeypatch, capsys, student):
    monkeypatch.chdir(kept.root)
    for more in ([], ["--dry-run"]):
        assert main(["autograde", "00_small", "--student", student, *more]) == 2
        assert f"error: nothing of {student!r} is handed in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        ("database is locked", "wait"),
        ("attempt to write a readonly database", "writable"),
        ("unable to open database file", "readable"),
        ("database or disk is full", "free some space"),
        ("database disk image is malformed", "backup"),
        ("file is not a database", "backup"),
        ("no such column: grade.x", "nbgrader db upgrade"),
    ],
)
def test_what_mends_a_gradebook_is_said(reason, mend):
    raised = OperationalError("UPDATE x", {}, sqlite3.OperationalError(reason))
    for error in (raised, InvalidEntry(*raised.args)):
        line = trouble(error)
        assert reason in line
        assert mend in line
        assert "\n" not in line
    assert trouble(ValueError(reason)) == ""


def test_a_gradebook_that_cannot_be_written_is_one_line(kept, monkeypatch, capsys):
    def fail(*_, **__):
        logging.getLogger("tornado.application").error("Rolling back\nTraceback")
        raise InvalidEntry("(sqlite3.OperationalError) attempt to write a readonly database\nmore")

    monkeypatch.setattr("nbgrader.api.Gradebook.update_or_create_assignment", fail)
    monkeypatch.chdir(kept.root)
    assert main(["due", "00_small", "2026-12-01 18:00"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: the gradebook cannot be used")
    assert "\n" not in error


@pytest.mark.parametrize(
    ("number", "mend"), [(13, "readable and writable"), (28, "free some space"), (40, "mend that")]
)
def test_a_file_that_cannot_be_used_is_one_line(kept, monkeypatch, capsys, number, mend):
    def fail(*_):
        raise OSError(number, "Why not", "/there")

    monkeypatch.setattr(CourseFolder, "students", fail)
    monkeypatch.chdir(kept.root)
    assert main(["autograde", "00_small"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: /there: Why not; ")
    assert mend in error
    assert "\n" not in error


def test_a_scheduler_that_does_not_answer_is_one_line(kept, monkeypatch, capsys):
    monkeypatch.setattr(run, "load_result", lambda *_: None)
    monkeypatch.chdir(kept.root)
    assert main(["autograde", "00_small", "--quiet", "--scheduler", "nowhere"]) == 2
    assert "error: no Dask scheduler answers at 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "whole"), [('{"cells": []}', True), ("{}\n", True), ('{"ce', False), ("", False)]
)
def test_a_graded_notebook_that_is_damaged_is_written_again(small_course, text, whole):
    mark_applied(result_path(small_course, OUTCOME))
    assert not is_applied(small_course, OUTCOME)
    path = graded_path(small_course, OUTCOME)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert is_applied(small_course, OUTCOME) == whole


def test_who_stops_a_run_leaves_no_half_of_a_students_scores(kept, small_gradebook, monkeypatch):
    def stopped(folder, gradebook, *_):
        gradebook.db.add(Student(id="half", lms_user_id=""))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "load_result", lambda *_: None)
    monkeypatch.setattr(run, "_grade_all", stopped)
    with pytest.raises(KeyboardInterrupt):
        run.grade_class(kept, "00_small", run.Options(quiet=True))
    small_gradebook.db.expire_all()
    assert [student.id for student in small_gradebook.students] == []
