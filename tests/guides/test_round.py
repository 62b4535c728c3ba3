"""A lesson's whole round, by every way that work comes in: Canvas, Moodle, the exchange.

Two students, one right and one wrong. Work comes in as the way brings it, is graded, and goes back
as the way takes it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import nbformat
import pytest

from course.grader.__main__ import main
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder
from tests.conftest import ROOT, small_notebook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]
LESSON = "00_small"
GUIDE = (ROOT / "course" / "guides" / "instructors.md").read_text()
WHEN = (2026, 11, 20, 10, 15, 30)

CANVAS_ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section\n"
    "    Points Possible,,,,\n"
    '"Lovelace, Ada",11,s-11,ada,Monday\n'
    '"Núñez, José",12,s-12,jose,Monday\n'
)
CANVAS_FILES = {
    "ada": "lovelaceada_11_900_small.ipynb",
    "jose": "nunezjose_LATE_12_901_small-1.ipynb",
}
MOODLE_ROSTER = (
    "First name,Last name,ID number,Email address\n"
    "Ada,Lovelace,ada,ada@x.org\nJosé,Núñez,jose,jose@x.org\n"
)
MOODLE_FILES = {
    "ada": "Ada Lovelace_7001_assignsubmission_file_/small.ipynb",
    "jose": "José Núñez_7002_assignsubmission_file_/small.ipynb",
}


def work(student: str, starter: Path) -> str:
    """What a student makes of the starter: José's first exercise is wrong."""
    notebook = nbformat.read(starter, as_version=4)
    sources = {cell.id: cell.source for cell in small_notebook().cells}
    for cell in notebook.cells:
        if (cell.metadata.get("nbgrader") or {}).get("solution"):
            cell.source = sources[cell.id]
        if cell.id == "double" and student == "jose":
            cell.source = "def double(x):\n    return 3 * x"
    return nbformat.writes(notebook)


@pytest.fixture
def course(small_course, monkeypatch) -> CourseFolder:
    monkeypatch.chdir(small_course.root)
    return small_course


def hand_back(course: CourseFolder) -> dict[str, str]:
    """Grade, and write the pages; they are each student's own."""
    assert main(["autograde", LESSON, "--workers", "1", "--quiet"]) == 0
    assert main(["feedback", LESSON]) == 0
    pages = {}
    for student in ("ada", "jose"):
        (page,) = (course.feedback / student / LESSON).glob("*.html")
        pages[student] = page.read_text()
    assert "3 * x" in pages["jose"] and "3 * x" not in pages["ada"]
    return pages


def exported(layout: str, capsys) -> list[dict[str, str]]:
    capsys.readouterr()
    assert main(["export", LESSON, "--layout", layout]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


@pytest.mark.parametrize(
    ("layout", "roster", "files", "expected"),
    [
        ("canvas", CANVAS_ROSTER, CANVAS_FILES, {"11": "4", "12": "2"}),
        ("moodle", MOODLE_ROSTER, MOODLE_FILES, {"ada@x.org": "4", "jose@x.org": "2"}),
    ],
)
def test_from_a_bulk_download_to_the_import_of_scores(
    course, layout, roster, files, expected, tmp_path, capsys
):
    (tmp_path / "class.csv").write_text(roster)
    assert main(["roster", str(tmp_path / "class.csv")]) == 0
    assert main(["release", LESSON]) == 0
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for student, name in files.items():
            text = work(student, course.release / LESSON / "small.ipynb")
            archive.writestr(zipfile.ZipInfo(name, WHEN), text)
    assert main(["collect", LESSON, str(tmp_path / "submissions.zip")]) == 0
    hand_back(course)
    rows = exported(layout, capsys)
    key = {"canvas": "ID", "moodle": "Email address"}[layout]
    assert {row[key]: row[LESSON] for row in rows if row[key]} == expected


def test_by_the_exchange_with_one_line_of_configuration(course, tmp_path, capsys):
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    line = f'c.Exchange.root = "{exchange}"'
    assert line.split(" = ")[0] in GUIDE
    config = course.root / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\n{line}\n")
    (tmp_path / "class.csv").write_text("id\nada\njose\n")
    assert main(["roster", str(tmp_path / "class.csv")]) == 0
    assert main(["release", LESSON]) == 0
    nbgrader(course, "release_assignment", LESSON)
    for student in ("ada", "jose"):
        desk = Desk(student, tmp_path / student, exchange)
        desk.types("fetch_assignment")
        path = desk.home / LESSON / "small.ipynb"
        path.write_text(work(student, path))
        desk.types("submit")
    # One account of the system is everybody here.
    nbgrader(course, "collect", LESSON, "--ExchangeCollect.check_owner=False")
    pages = hand_back(course)
    nbgrader(course, "release_feedback", LESSON)
    for student in ("ada", "jose"):
        desk = Desk(student, tmp_path / student, exchange)
        desk.types("fetch_feedback")
        (page,) = (desk.home / LESSON / "feedback").rglob("*.html")
        assert page.read_text() == pages[student]
    assert {row["student"]: row["score"] for row in exported("plain", capsys)} == {
        "ada": "4",
        "jose": "2",
    }


class Desk:
    """A student's folder, where nbgrader's commands are typed."""

    def __init__(self, student: str, home: Path, exchange: Path) -> None:
        self.student, self.home = student, home
        home.mkdir(exist_ok=True)
        (home / "nbgrader_config.py").write_text(
            f'c = get_config()\nc.CourseDirectory.course_id = "rnn-course"\n'
            f'c.Exchange.root = "{exchange}"\nc.Exchange.cache = "{home / "cache"}"\n'
            f'c.CourseDirectory.student_id = "{student}"\n'
        )

    def types(self, command: str) -> None:
        nbgrader(CourseFolder(self.home), command, LESSON)
