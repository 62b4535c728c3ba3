"""A class comes out of Canvas' and Moodle's archives as they are: ids, names, times, nothing lost."""

from __future__ import annotations

import os
import time
import zipfile

import pytest

from course.grader.__main__ import main
from course.grader.classroom.bulk_download import collect_download
from course.grader.classroom.course_folder import FolderError
from course.grader.classroom.roster import import_roster
from course.grader.notebooks.submitted import timestamp_of

LESSON = "00_small"
ROSTER = (
    "id,first_name,last_name,email,lms_user_id\n"
    "ada,Ada,Lovelace,ada@x.org,11\n"
    "jose,José,Núñez,jose@x.org,12\n"
    "max1,Max,Müller,max1@x.org,\n"
    "max2,Max,Müller,max2@x.org,\n"
)
CANVAS = {
    "lovelaceada_11_900_small.ipynb": b"{1}",
    "nunezjose_LATE_12_901_small-2.ipynb": b"{2}",
    "nunezjose_LATE_12_902_helper_module.py": b"x = 1",
}
MOODLE = {
    "Ada Lovelace_7001_assignsubmission_file_/small.ipynb": b"{1}",
    "José Núñez_7002_assignsubmission_file_/small.ipynb": b"{2}",
    "José Núñez_7002_assignsubmission_file_/helper_module.py": b"x = 1",
}
MOODLE_FLAT = {name.replace("_/", "_"): data for name, data in MOODLE.items()}
FOLDERS = {"ada/small.ipynb": b"{1}", "jose/small.ipynb": b"{2}", "jose/helper_module.py": b"x = 1"}
WHEN = (2026, 11, 20, 10, 15, 30)


@pytest.fixture
def course(small_course, tmp_path):
    path = tmp_path / "students.csv"
    path.write_text(ROSTER)
    import_roster(small_course, path)
    return small_course


def archive(tmp_path, files: dict[str, bytes], when=WHEN, name: str = "submissions.zip"):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as packed:
        for file, data in files.items():
            packed.writestr(zipfile.ZipInfo(file, when), data)
    return path


def seen(course) -> dict[str, bytes]:
    return {
        path.relative_to(course.submitted).as_posix(): path.read_bytes()
        for path in sorted(course.submitted.rglob("*"))
        if path.is_file() and path.name != "timestamp.txt"
    }


EXPECTED = {
    f"ada/{LESSON}/small.ipynb": b"{1}",
    f"jose/{LESSON}/helper_module.py": b"x = 1",
    f"jose/{LESSON}/small.ipynb": b"{2}",
}


@pytest.mark.parametrize("files", [CANVAS, MOODLE, MOODLE_FLAT, FOLDERS])
def test_an_archive_is_taken_as_it_is(course, tmp_path, files):
    run = collect_download(course, LESSON, archive(tmp_path, files))
    assert not run.problems
    assert seen(course) == EXPECTED
    stamp = timestamp_of(course.submitted / "ada" / LESSON)
    assert time.mktime((*WHEN, 0, 0, -1)) == pytest.approx(
        (stamp - stamp.__class__(1970, 1, 1)).total_seconds()
    )


@pytest.mark.parametrize("files", [CANVAS, MOODLE])
def test_a_folder_that_was_unpacked_is_as_good(course, tmp_path, files):
    with zipfile.ZipFile(archive(tmp_path, files)) as packed:
        packed.extractall(tmp_path / "unpacked")
    for path in (tmp_path / "unpacked").rglob("*"):
        os.utime(path, (1_790_000_000, 1_790_000_000))
    collect_download(course, LESSON, tmp_path / "unpacked")
    assert seen(course) == EXPECTED


def test_twice_is_as_good_as_once(course, tmp_path):
    collect_download(course, LESSON, archive(tmp_path, CANVAS))
    run = collect_download(course, LESSON, archive(tmp_path, CANVAS))
    assert not run.taken and len(run.unchanged) == 3
    assert seen(course) == EXPECTED


def test_what_is_newer_is_taken_and_what_was_there_is_kept(course, tmp_path):
    collect_download(course, LESSON, archive(tmp_path, CANVAS))
    later = {"lovelaceada_11_905_small-1.ipynb": b"{3}"}
    run = collect_download(course, LESSON, archive(tmp_path, later, (2026, 11, 21, 9, 0, 0)))
    assert run.taken == ["ada/small.ipynb"]
    found = seen(course)
    assert found[f"ada/{LESSON}/small.ipynb"] == b"{3}"
    (aside,) = [name for name in found if name.endswith(".set-aside")]
    assert found[aside] == b"{1}" and aside.startswith(f"ada/{LESSON}/small.ipynb.20261120T")


def test_what_is_older_stays_out(course, tmp_path):
    collect_download(course, LESSON, archive(tmp_path, CANVAS))
    earlier = {"lovelaceada_11_899_small.ipynb": b"{0}"}
    run = collect_download(course, LESSON, archive(tmp_path, earlier, (2026, 11, 19, 9, 0, 0)))
    assert run.older == ["ada/small.ipynb"]
    assert seen(course) == EXPECTED


def test_two_of_one_name_are_told_apart_by_the_worksheet(course, tmp_path):
    files = {
        "Max Müller_7003_assignsubmission_file_/small.ipynb": b"{3}",
        "Max Müller_7004_assignsubmission_file_/small.ipynb": b"{4}",
    }
    with pytest.raises(FolderError, match="belongs to anybody"):
        collect_download(course, LESSON, archive(tmp_path, files))
    worksheet = tmp_path / "grades.csv"
    worksheet.write_text(
        "Identifier,Full name,Email address\nParticipant 7003,Max Müller,max2@x.org\n"
        "Participant 7004,Max Müller,max1@x.org\n"
    )
    collect_download(course, LESSON, archive(tmp_path, files), worksheet)
    assert seen(course) == {
        f"max1/{LESSON}/small.ipynb": b"{4}",
        f"max2/{LESSON}/small.ipynb": b"{3}",
    }


def test_who_is_not_in_the_roster_is_named_and_the_others_go_on(
    course, tmp_path, monkeypatch, capsys
):
    files = CANVAS | {"doejane_99_903_small.ipynb": b"{9}"}
    monkeypatch.chdir(course.root)
    assert main(["collect", LESSON, str(archive(tmp_path, files))]) == 1
    out, err = capsys.readouterr()
    assert "Canvas: 3 files taken" in out
    assert err.splitlines() == [
        "error: not collected: 'doejane_99_903_small.ipynb' (nobody in the roster has this name; "
        "give the student's lms_user_id 99)"
    ]
    assert seen(course) == EXPECTED


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"doejane_99_903_small.ipynb": b"{}"}, "is it the download of another course?"),
        ({"small.ipynb": b"{}"}, "laid out in no way that is known"),
        (CANVAS | {"readme": b""}, "'readme' is named otherwise"),
        ({}, "holds no files"),
        ({"../ada/small.ipynb": b"{}"}, "holds no files"),
    ],
)
def test_another_archive_is_one_line_and_changes_nothing(course, tmp_path, files, says):
    with pytest.raises(FolderError) as error:
        collect_download(course, LESSON, archive(tmp_path, files))
    assert says in str(error.value) and "\n" not in str(error.value)
    assert not seen(course)


@pytest.mark.parametrize("layout", [CANVAS, MOODLE, FOLDERS])
def test_a_student_does_not_say_when_it_was_handed_in(course, tmp_path, layout):
    first = next(iter(layout))
    stamp = first.replace("small.ipynb", "timestamp.txt")
    path = archive(tmp_path, layout | {stamp: b"2020-01-01 00:00:00 UTC"})
    for _ in range(2):  # the same download, and once more
        run = collect_download(course, LESSON, path)
        assert run.problems == [
            "not collected: 'ada/timestamp.txt' (the download says when it was handed in)"
        ]
        assert timestamp_of(course.submitted / "ada" / LESSON).year == WHEN[0]
    assert seen(course) == EXPECTED


def test_nothing_is_written_through_a_link(course, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (course.submitted / "ada").mkdir(parents=True)
    (course.submitted / "ada" / LESSON).symlink_to(tmp_path / "elsewhere")
    run = collect_download(course, LESSON, archive(tmp_path, CANVAS))
    assert "ada (the lesson's folder is a link" in run.problems[0]
    assert not list((tmp_path / "elsewhere").iterdir())
    assert f"jose/{LESSON}/small.ipynb" in seen(course)


def test_what_is_no_archive_is_named(course, tmp_path):
    path = tmp_path / "download.zip"
    path.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(FolderError, match="cannot be opened as a zip"):
        collect_download(course, LESSON, path)
    with pytest.raises(FolderError, match="there is no file"):
        collect_download(course, LESSON, tmp_path / "none.zip")


def test_an_empty_roster_is_named(small_course, tmp_path):
    with pytest.raises(FolderError, match="roster is empty"):
        collect_download(small_course, LESSON, archive(tmp_path, CANVAS))
