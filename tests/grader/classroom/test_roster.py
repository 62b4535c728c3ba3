"""The class comes from a file as it is; a file that is not right changes nothing."""

from __future__ import annotations

import contextlib
from datetime import datetime

import pytest

from course.grader.__main__ import main
from course.grader.classroom.course_folder import FolderError
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.roster import (
    Member,
    import_roster,
    members_of,
    read_roster,
    set_due_date,
)

OWN = "id,first_name,last_name,email,lms_user_id\nada,Ada,Lovelace,ada@x.org,11\nbob,Bob,,,\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
    '"Lovelace, Ada",11,u1,ada,A\n"Ray, Bob",12,u2,bob,A\n'
)
MOODLE = "First name,Last name,ID number,Email address\nAda,Lovelace,ada,ada@x.org\nBob,Ray,bob,\n"
SEMICOLONS = "id;first_name\nada;Ada\nbob;Bob\n"


def written(tmp_path, text: str, name: str = "students.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("text", [OWN, CANVAS, MOODLE, SEMICOLONS, OWN.replace(",", "\t")])
def test_every_kind_of_table_is_read(tmp_path, text):
    members = read_roster(written(tmp_path, text))
    assert [member.id for member in members] == ["ada", "bob"]


def test_numbers_of_canvas_are_kept(tmp_path):
    assert [m.lms_user_id for m in read_roster(written(tmp_path, CANVAS))] == ["11", "12"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nada\n", "has no column of ids"),
        ("", "has no column of ids"),
        ("id\n", "names no student"),
        ('id,first_name\n"ada,A\nbob,B\n', "is a quotation mark left open?"),
        ("id\na\0da\n", "cannot be a folder's name"),
        (f"id\n{'a' * 300}\n", "at most 100 characters"),
        pytest.param(f"id,email\nada,{'x' * 200_000}\n", "cannot be read as CSV", id="huge"),
        ("id,first_name\nada,A\nbob,B\nada,C\n", "line 2 and in line 4"),
        ("id\n../x\n", "line 2: '../x' cannot be a folder's name"),
        ("id\n.x\n", "begins with no dot"),
        ("id,email\n,a@x\n", "names no student"),
    ],
)
def test_a_bad_roster_is_one_line_and_changes_nothing(small_course, tmp_path, text, says):
    import_roster(small_course, written(tmp_path, OWN, "good.csv"))
    with pytest.raises(FolderError) as error:
        import_roster(small_course, written(tmp_path, text))
    assert says in str(error.value) and "\n" not in str(error.value)
    with contextlib.closing(open_gradebook(small_course)) as gradebook:
        assert [member.id for member in members_of(gradebook)] == ["ada", "bob"]


def test_a_file_that_is_no_text_is_named(small_course, tmp_path):
    path = tmp_path / "students.csv"
    path.write_bytes(b"id\n\xff\xfe\x00")
    with pytest.raises(FolderError, match=r"students\.csv cannot be read .*save it again"):
        import_roster(small_course, path)
    with pytest.raises(FolderError, match=r"missing\.csv cannot be read"):
        import_roster(small_course, tmp_path / "missing.csv")


def test_a_second_roster_adds_and_changes_and_removes_nobody(small_course, tmp_path):
    assert import_roster(small_course, written(tmp_path, OWN)) == (2, 0)
    assert import_roster(small_course, written(tmp_path, OWN)) == (0, 0)
    later = written(tmp_path, "id,first_name,lms_user_id\nada,Augusta,\ncy,Cy,13\n")
    assert import_roster(small_course, later) == (1, 1)
    with contextlib.closing(open_gradebook(small_course)) as gradebook:
        assert members_of(gradebook) == [
            Member("ada", "Augusta", "Lovelace", "ada@x.org", "11"),
            Member("bob", "Bob"),
            Member("cy", "Cy", lms_user_id="13"),
        ]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-12-01 18:00 Europe/Berlin", datetime(2026, 12, 1, 17)),
        ("2026-12-01 18:00", datetime(2026, 12, 1, 18)),
        ("2026-12-01 18:00:30 UTC", datetime(2026, 12, 1, 18, 0, 30)),
        ("2026-12-01 18:00 +0200", datetime(2026, 12, 1, 16)),
    ],
)
def test_a_due_date_is_kept_in_utc(small_course, text, due):
    assert set_due_date(small_course, "00_small", text) == due
    with contextlib.closing(open_gradebook(small_course)) as gradebook:
        assert gradebook.find_assignment("00_small").duedate == due


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "", "2026-13-01 18:00", "2026-12-01", "01.12.2026 18:00", "2026-12-01 25:00"],
)
def test_a_date_that_cannot_be_read_is_one_line(small_course, text):
    with pytest.raises(FolderError, match="write it like '2026-12-01 18:00 Europe/Berlin'"):
        set_due_date(small_course, "00_small", text)


def test_a_zone_that_is_none_is_named(small_course):
    with pytest.raises(FolderError, match="'Nowhere/Land' is no time zone"):
        set_due_date(small_course, "00_small", "2026-12-01 18:00 Nowhere/Land")


def test_the_commands_say_what_they_did(small_course, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(small_course.root)
    assert main(["roster", str(written(tmp_path, OWN))]) == 0
    assert main(["due", "00_small", "2026-12-01 18:00"]) == 0
    assert capsys.readouterr().out == (
        "roster: 2 added, 0 changed\n00_small is due 2026-12-01 18:00 UTC\n"
    )
    assert main(["due", "99_none", "2026-12-01 18:00"]) == 2
    assert main(["roster", "missing.csv"]) == 2
    assert all(line.startswith("error: ") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-12-01 18:00 Mars/X", "is no time zone"),
        ("2026-12-01 18:00 +99:99", "is no time zone"),
        ("2026-12-01 18:00 -24:00", "is no time zone"),
        ("2026-12-01 18:00 /etc/passwd", "is no time zone"),
        ("2026-12-01 18:00 ../../etc/passwd", "is no time zone"),
        ("9999-12-31 23:59 America/New_York", "beyond what a calendar has"),
        ("0001-01-01 00:00 Asia/Tokyo", "beyond what a calendar has"),
    ],
)
def test_a_zone_or_a_year_that_is_none_is_one_line(small_course, text, says):
    with pytest.raises(FolderError, match=says):
        set_due_date(small_course, "00_small", text)
