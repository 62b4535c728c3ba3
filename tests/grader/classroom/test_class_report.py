"""Reports are written from what is on disk, and never stop a grading run."""

from __future__ import annotations

import contextlib
import csv
import json
import re
from datetime import datetime

import pytest

from course.grader.__main__ import main
from course.grader.classroom.class_report import (
    report_path,
    roll_of,
    write_course_report,
    write_lesson_report,
)
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.results import result_path
from course.grader.classroom.roster import import_roster
from course.grader.judging.outcome import Outcome, Run
from course.grader.judging.verdict import Verdict
from course.grader.pages import lesson_page
from tests.support.made_up_class import notebook

LESSON = "00_small"


def outcome(student: str, points: float = 2.0, mark: str = "f") -> Outcome:
    verdicts = [Verdict("double", points, 2.0), Verdict("quadruple", 1.0, 2.0)]
    graded = notebook({"double": "def double(x):\n    return 2 * x"})
    return Outcome(student, LESSON, "small", mark, graded, verdicts)


def store(folder: CourseFolder, *outcomes: Outcome) -> None:
    """Keep results as a run does that has applied them."""
    for one in outcomes:
        path = result_path(folder, one)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.to_bytes())
        path.with_suffix(".applied").touch()


@pytest.fixture
def folder(small_course, tmp_path) -> CourseFolder:
    """A class of five, of which four were graded and one was late."""
    roster = tmp_path / "students.csv"
    roster.write_text("id,first_name,last_name\nana,Ana,A\nbo,,\ncy,,\ndi,,\ngone,Gus,Gone\n")
    import_roster(small_course, roster)
    with contextlib.closing(open_gradebook(small_course)) as gradebook:
        gradebook.add_assignment(LESSON, duedate=datetime(2026, 12, 1, 12))
        for student, hour in (("ana", 11), ("bo", 14)):
            gradebook.add_submission(LESSON, student, timestamp=datetime(2026, 12, 1, hour))
    store(small_course, *(outcome(s, p) for s, p in zip(("ana", "bo", "cy", "di"), (2, 1, 0, 2))))  # noqa: B905
    return small_course


def names_in(html: str, part: str = "") -> set[str]:
    return set(re.findall(r'class="name">(.*?)<', html[html.index(part) :]))


def test_the_gradebook_says_who_is_there_and_who_was_late(folder):
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        roll = roll_of(gradebook, LESSON)
    assert roll.names["ana"] == "Ana A"
    assert roll.names["bo"] == "bo"
    assert roll.due == datetime(2026, 12, 1, 12)
    assert roll.late == {"bo": 7200.0}


def test_a_lesson_that_the_gradebook_does_not_know_has_a_class_all_the_same(folder):
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        roll = roll_of(gradebook, "unknown")
    assert set(roll.names) == {"ana", "bo", "cy", "di", "gone"}
    assert roll.due is None


def test_a_run_over_one_student_reports_on_the_whole_class(folder):
    path = write_lesson_report(folder, Run(LESSON, "isolated", graded=[outcome("ana", 2, "g")]))
    html = path.read_text()
    assert path == report_path(folder, LESSON)
    assert names_in(html, 'id="students"') == {"Ana A", "bo", "cy", "di", "Gus Gone"}
    assert "✕ Missing: 1" in re.sub("<[^>]+>", "", html)
    with (path.with_suffix("") / "students.csv").open() as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["bo"]["status"] == "late"
    assert rows["bo"]["points"] == "2"
    assert rows["gone"]["points"] == ""


def test_who_handed_in_and_has_no_result_is_not_called_missing(folder):
    (folder.submitted / "gone" / LESSON).mkdir(parents=True)
    text = re.sub("<[^>]+>", "", write_lesson_report(folder, Run(LESSON, "")).read_text())
    assert "… Handed in, not graded: 1" in text
    assert "Missing: " not in text


def test_the_next_report_says_what_changed(folder):
    assert "What changed" not in write_lesson_report(folder, Run(LESSON, "")).read_text()
    store(folder, outcome("di", 0))
    html = write_lesson_report(folder, Run(LESSON, "")).read_text()
    assert "What changed since" in html
    assert ">-2</td>" in html
    assert "What changed since" in write_lesson_report(folder, Run(LESSON, "")).read_text()


def test_a_report_that_cannot_be_drawn_stops_nothing(folder, monkeypatch, caplog):
    def fails(*arguments, **options):
        raise RuntimeError("no\nfont <b>")

    monkeypatch.setattr(lesson_page, "lesson_page", fails)
    run = Run(LESSON, "isolated", graded=[outcome("ana")])
    html = write_lesson_report(folder, run).read_text()
    assert "<table>" in html
    assert "ana" in html
    (record,) = caplog.records
    assert "no font" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_disk_that_is_full_stops_nothing(folder, monkeypatch, caplog):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course.grader.classroom.class_report.write_atomically", full)
    write_lesson_report(folder, Run(LESSON, "isolated", graded=[outcome("ana")]))
    assert len(caplog.records) == 2
    assert "No space left" in caplog.text


def test_what_cannot_be_read_is_named_and_left_out(folder, caplog):
    path = result_path(folder, outcome("bo"))
    path.write_text("{")
    html = write_lesson_report(folder, Run(LESSON, "")).read_text()
    assert str(path) in caplog.text
    assert "✕ Missing: 2" in re.sub("<[^>]+>", "", html)


def test_what_is_not_in_the_gradebook_yet_is_not_reported(folder):
    result_path(folder, outcome("di")).with_suffix(".applied").unlink()
    html = write_lesson_report(folder, Run(LESSON, "")).read_text()
    assert "✕ Missing: 2" in re.sub("<[^>]+>", "", html)


def test_the_course_has_a_page_that_leads_to_every_lesson_and_back(folder):
    path, lessons = write_course_report(folder)
    assert lessons == [report_path(folder, LESSON)]
    assert f'href="{lessons[0].name}"' in path.read_text()
    assert f'href="{path.name}"' in lessons[0].read_text()
    for page in (path, *lessons):
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            assert (page.parent / link).is_file(), link


def test_tables_of_an_earlier_report_go(folder):
    path = write_lesson_report(folder, Run(LESSON, ""))
    (path.with_suffix("") / "old.csv").write_text("x")
    write_lesson_report(folder, Run(LESSON, ""))
    assert not (path.with_suffix("") / "old.csv").exists()
    assert json.loads((path.with_suffix("") / "before.json").read_text())["now"]


class TestCommand:
    """``python -m course.grader report``."""

    @pytest.fixture(autouse=True)
    def inside(self, folder, monkeypatch):
        monkeypatch.chdir(folder.root)
        monkeypatch.delenv("COURSE_ROOT", raising=False)

    def test_it_names_what_it_wrote(self, folder, capsys):
        assert main(["report"]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said == [f"report: {report_path(folder, n)}" for n in (LESSON, "course")]

    def test_nothing_graded_is_one_line(self, folder, capsys):
        for path in folder.private.glob("results/**/*.json"):
            path.unlink()
        assert main(["report"]) != 0
        error = capsys.readouterr().err.strip()
        assert error.startswith("error: ")
        assert "make autograde" in error
        assert "\n" not in error
        assert not report_path(folder, "course").exists()

    def test_a_folder_that_cannot_be_written_is_one_line(self, folder):
        (folder.private / "report-00_small").write_text("a file where a folder should be")
        with pytest.raises(FolderError, match="cannot write the report"):
            write_course_report(folder)
