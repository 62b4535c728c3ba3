"""What instructors read: a table and a page, whatever students put into their work."""

from __future__ import annotations

import re

import pytest

from course.grader.judging.outcome import Outcome, Run
from course.grader.judging.verdict import NOT_WRITTEN, Part, Verdict
from course.grader.pages.report import SHORTEST, marks_of, misunderstood, page, remark, table

EVIL = "<script>alert(1)</script>{0}\x1b[31m\u202e&=1+1"


def outcome(student: str, *points: float, notebook: str = "small", note: str = "", **verdict):
    verdicts = [
        Verdict(f"e{i}", p, 2.0, (Part("y", p == 2, "not right"),), **verdict)
        for i, p in enumerate(points)
    ]
    return Outcome(student, "00_small", notebook, "f", "{}", verdicts, [note] if note else [])


@pytest.fixture
def run() -> Run:
    outcomes = [
        outcome("ana", 2, 2),
        outcome("bo", 2, 1),
        outcome("bo", 0, notebook="other"),
        outcome(EVIL, 0, 0, note=EVIL, cause=EVIL, flags=(EVIL,)),
        Outcome("none", "00_small", "small", "f"),
    ]
    return Run("00_small", "NOT ISOLATED: " + EVIL, graded=outcomes, failed={EVIL: EVIL})


def test_the_table_shows_marks_totals_and_the_first_problem(run):
    lines = table(run).splitlines()
    assert len(lines) == 4
    ana = next(line for line in lines if line.startswith("ana"))
    bo = next(line for line in lines if line.startswith("bo"))
    assert "2 2" in ana and "4/4" in ana
    assert "3/6" in bo and "e0: y: not right" in bo
    assert marks_of(outcome("x", 2, 1, 0)) == "●◐○"
    assert remark([outcome("x", 2, note="late")]) == "late"


def test_mistakes_are_counted_and_what_is_not_written_is_none():
    def verdicts(count, **about):
        return [Verdict("e", 0.0, 2.0, **about)] * count

    found = misunderstood(
        [
            *verdicts(3, misconception="The bias is missing."),
            *verdicts(4, misconception="Every step starts from h0."),
            *verdicts(6, cause="it was stopped"),
            *verdicts(9, cause=NOT_WRITTEN),
            Verdict("e", 2.0, 2.0),
        ]
    )
    assert found == [
        "4 of 23: Every step starts from h0.",
        "3 of 23: The bias is missing.",
        "6 of 23: it was stopped",
    ]


@pytest.mark.parametrize("width", [60, 90, 200])
def test_remarks_are_as_long_as_the_terminal_is_wide(width):
    long = outcome("ana", 0, 2, cause="word " * 60)
    (line,) = table(Run("00_small", "", graded=[long]), width).splitlines()
    assert len(line) == max(width, len("ana  0 2  2/4  ") + SHORTEST)
    assert line.endswith("…")
    short = outcome("bo", 0, 2, cause="short")
    assert table(Run("00_small", "", graded=[short]), width).endswith("short")


def test_the_terminal_decides_when_nobody_says_how_wide(monkeypatch):
    long = outcome("ana", 0, 2, cause="word " * 60)
    for columns in (80, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert len(table(Run("00_small", "", graded=[long]))) == columns


def test_nothing_of_a_students_reaches_the_terminal_as_a_command(run):
    assert all(c.isprintable() or c == "\n" for c in table(run))


def test_the_page_escapes_everything(run):
    html = page(run)
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert html.count("<tr>") == html.count("</tr>") == 1 + 3 + 1 + 5
    assert "Not graded" in html
    assert "what is not right" in html
    assert re.search(r"<td>e1</td><td>1 of 3</td><td>0</td><td>1.00 of 2</td>", html)


def test_an_empty_run_has_a_table_and_a_page():
    run = Run("00_small", "isolated")
    assert table(run) == ""
    assert "0 students" in page(run)


def test_outcomes_survive_the_journey():
    before = outcome(EVIL, 1, 2, flags=("uses x",), follow_through=True)
    assert Outcome.from_bytes(before.to_bytes()) == before
