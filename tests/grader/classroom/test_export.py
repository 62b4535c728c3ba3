"""Scores come from the gradebook, in files that an LMS reads; nothing that counts is lost."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from course.grader.__main__ import main
from course.grader.authoring.generate import generate_release
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.export import export
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.roster import import_roster
from course.grader.classroom.run import Options, grade_class
from course.grader.ground.text import for_spreadsheet
from tests.conftest import ROOT, small_notebook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]
LESSON, OTHER = "00_small", "01_small"
ROSTER = (
    "id,first_name,last_name,email,lms_user_id\nada,Ada,Lovelace,ada@x.org,11\n"
    "bob,Bob,Ray,bob@x.org,12\nlate,Lotte,Late,l@x.org,13\nnone,Nora,Nobody,n@x.org,14\n"
)


def hand_in(folder: CourseFolder, student: str, lesson: str = LESSON, **sources: str) -> Path:
    notebook = nbformat.read(folder.release / lesson / "small.ipynb", as_version=4)
    solved = {c.id: c.source for c in small_notebook().cells}
    for cell in notebook.cells:
        if cell.id in {"double", "quadruple"}:
            cell.source = sources.get(cell.id, solved[cell.id])
        elif cell.id == "why":
            cell.source = sources.get("why", cell.source)
    path = folder.submitted / student / lesson / "small.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> CourseFolder:
    """Two lessons: full marks, half, late with the zero policy, a roster, one who did nothing."""
    root = tmp_path_factory.mktemp("export") / "course"
    for lesson in (LESSON, OTHER):
        (root / "source" / lesson).mkdir(parents=True)
        nbformat.write(small_notebook(), root / "source" / lesson / "small.ipynb")
    config = (ROOT / "nbgrader_config.py").read_text()
    config += '\nc.LateSubmissionPlugin.penalty_method = "zero"\n'
    (root / "nbgrader_config.py").write_text(config)
    folder = CourseFolder(root)
    roster = root / "students.csv"
    roster.write_text(ROSTER)
    for lesson in (LESSON, OTHER):
        generate_release(folder, lesson)
    import_roster(folder, roster)
    for lesson in (LESSON, OTHER):
        hand_in(folder, "ada", lesson, why="Because it is so.")
    hand_in(folder, "bob", double="def double(x):\n    return x")
    hand_in(folder, "late")
    (folder.submitted / "late" / LESSON / "timestamp.txt").write_text("2026-12-02 12:00:00 UTC")
    hand_in(folder, "＝cmd()")
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate=datetime(2026, 12, 1))
    for lesson in (LESSON, OTHER):
        grade_class(folder, lesson, Options(workers=1, quiet=True))
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        answer = gradebook.find_grade("why", "small", LESSON, "ada")
        answer.manual_score, answer.needs_manual_grade = 0.5, False
        answer.extra_credit = 0.25
        gradebook.find_grade("double_hidden", "small", LESSON, "bob").manual_score = 1.5
        gradebook.db.commit()
    return folder


def table(text: str) -> dict[str, dict[str, str]]:
    rows = csv.DictReader(io.StringIO(text))
    return {row.get("student") or row.get("SIS Login ID") or row["ID number"]: row for row in rows}


def test_everything_that_counts_is_in_it(graded):
    rows = table(export(graded, [LESSON], each=True))
    assert rows["ada"]["score"] == rows["ada"]["raw"] == "4.75"  # by hand and extra credit
    assert rows["ada"]["small/why"] == "0.75" and rows["ada"]["status"] == "graded"
    assert rows["bob"]["small/double"] == "1.5"  # an override
    assert (rows["late"]["raw"], rows["late"]["penalty"], rows["late"]["score"]) == ("4", "4", "0")
    assert (rows["none"]["score"], rows["none"]["status"]) == ("0", "missing")
    assert {row["maximum"] for row in rows.values()} == {"5"}


def test_it_says_when_a_written_answer_waits(graded, caplog):
    export(graded, [OTHER], "canvas")
    assert "1 of 1 submissions have a written answer that waits" in caplog.text
    caplog.clear()
    export(graded, [LESSON], "canvas")
    assert "waits" not in caplog.text


def test_it_agrees_with_nbgraders_own_export(graded, tmp_path):
    nbgrader(graded, "export", "--to", str(tmp_path / "grades.csv"))
    with (tmp_path / "grades.csv").open() as file:
        theirs = {(r["assignment"], r["student_id"]): r for r in csv.DictReader(file)}
    ours = [
        (row["lesson"], row["student"].removeprefix("'"), row)
        for row in csv.DictReader(io.StringIO(export(graded, [LESSON, OTHER])))
    ]
    assert len(ours) == len(theirs)
    for lesson, student, row in ours:
        other = theirs[lesson, student]
        assert float(row["score"]) == float(other["score"])
        assert float(row["raw"]) == float(other["raw_score"])
        assert float(row["penalty"]) == float(other["late_submission_penalty"] or 0)
        assert float(row["maximum"]) == float(other["max_score"])


def test_canvas_finds_students_and_points_possible(graded):
    rows = list(csv.reader(io.StringIO(export(graded, [LESSON, OTHER], "canvas"))))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LESSON, OTHER]
    assert rows[1] == ["Points Possible", "", "", "", "", "5", "5"]
    assert ["Lovelace, Ada", "11", "", "ada", "", "4.75", "4"] in rows
    assert ["Nobody, Nora", "14", "", "none", "", "0", "0"] in rows
    each = list(csv.reader(io.StringIO(export(graded, [LESSON], "canvas", each=True))))
    assert each[0][5:] == [LESSON, *(f"{LESSON}/small/{n}" for n in ("double", "quadruple", "why"))]
    assert each[1][5:] == ["5", "2", "2", "1"]


def test_moodle_finds_students_by_id_and_address(graded):
    rows = list(csv.reader(io.StringIO(export(graded, [LESSON], "moodle"))))
    assert rows[0] == ["ID number", "Email address", LESSON]
    assert ["ada", "ada@x.org", "4.75"] in rows


@pytest.mark.parametrize("layout", ["plain", "canvas", "moodle"])
def test_no_cell_begins_a_formula(graded, layout):
    text = export(graded, [LESSON], layout)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'＝cmd()" in cells
    assert not [
        c for c in cells if c[:1] in "=+-@＝＋－＠" and c[:1] and not c.lstrip("-").isdigit()
    ]


@pytest.mark.parametrize("name", ["=1", "+x", "-x", "@x", "\t=x", "\r\n=x", " +1x", "＋x", "＠x"])
def test_names_that_a_spreadsheet_would_run(name):
    assert for_spreadsheet(name) == f"'{name.strip()}"


@pytest.fixture
def copied(graded, tmp_path) -> CourseFolder:
    shutil.copytree(graded.root, tmp_path / "course")
    return CourseFolder(tmp_path / "course")


def test_a_blank_after_grading_costs_nothing(copied):
    path = copied.submitted / "ada" / LESSON / "small.ipynb"
    path.write_text(path.read_text() + " \n")
    assert table(export(copied, [LESSON]))["ada"]["score"] == "4.75"


def test_what_changed_since_is_named_and_refused(copied, capsys, monkeypatch):
    hand_in(copied, "bob", double="def double(x):\n    return 2 * x")
    with pytest.raises(FolderError, match=r"not what was graded: bob \(00_small\)"):
        export(copied, [LESSON, OTHER])
    rows = table(export(copied, [LESSON], stale=True))
    assert rows["bob"]["status"] == "stale" and rows["bob"]["score"] == "3.5"
    monkeypatch.chdir(copied.root)
    assert main(["export", LESSON]) == 2
    assert capsys.readouterr().err.startswith("error: what was handed in is not what was graded")
    assert main(["export", LESSON, "--stale"]) == 0


def test_a_lesson_that_is_released_again_keeps_its_columns(copied):
    generate_release(copied, LESSON)
    rows = table(export(copied, [LESSON], each=True))
    assert rows["ada"]["small/quadruple"] == "2" and rows["ada"]["score"] == "4.75"


def test_what_is_not_graded_is_said(copied, tmp_path):
    with pytest.raises(FolderError, match="make autograde LESSON=02_small"):
        (copied.source / "02_small").mkdir()
        nbformat.write(small_notebook(), copied.source / "02_small" / "small.ipynb")
        export(copied, ["02_small"])
