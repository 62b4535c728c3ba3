"""Formgrader: its buttons grade as the command does, and its pages say what is still to be read."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
from pathlib import Path

import nbformat
import pytest

from course.grader.classroom import gradebook as book
from course.grader.classroom.class_report import stored_outcomes
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.run import Options, grade_class
from course.grader.kernel.isolation import isolation_in_force
from course.grader.pages.class_numbers import student_frame, verdict_frame
from course.grader.pages.roll import Roll
from tests.conftest import ROOT, small_notebook
from tests.pages_in_a_browser.conftest import TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]
LESSON = "00_small"
MODEL = """### BEGIN SOLUTION
**Model answer.** Twice two: $x_2^2$.

**Marking scheme (1 point).**
- 1 point: a reason, such as $\\frac{1}{2}$.
### END SOLUTION"""
ANSWER = "Because of two, and\n\n$$a < \\sum_t b_t^2$$"


def hand_in(folder: CourseFolder, student: str, answer: str, double: str) -> None:
    """Put a notebook into ``submitted/``, all right but for what is given."""
    notebook = nbformat.read(folder.source / LESSON / "small.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = {"why": answer, "double": double}.get(cell.id, cell.source)
    path = folder.submitted / student / LESSON / "small.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def looks_around(folder: CourseFolder, port: int) -> str:
    """A right cell that says which of an instructor's files it sees, and whether anybody answers."""
    paths = {
        "source": folder.source / LESSON / "small.ipynb",
        "starter": folder.release / LESSON / "small.ipynb",
        "gradebook": folder.root / "gradebook.db",
        "work": folder.submitted / "bob" / LESSON / "small.ipynb",
        **{f"home/{path.name}": path for path in Path.home().iterdir() if path.is_file()},
    }
    there = {name: str(path) for name, path in paths.items()}
    return f"""import os, socket
seen = [name for name, path in {there!r}.items() if os.path.exists(path)]
try:
    socket.create_connection(("127.0.0.1", {port}), 5)
    seen.append("network")
except OSError:
    pass
print("found:", *seen or ["nothing"])
def double(x):
    return 2 * x"""


@pytest.fixture
def ear():
    """A socket on this machine that hears whoever calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def folder(tmp_path: Path, ear: socket.socket) -> CourseFolder:
    """A released lesson; Ada has answered and is right, Bob is wrong and has not begun to answer."""
    folder = CourseFolder(tmp_path / "course")
    (folder.source / LESSON).mkdir(parents=True)
    notebook = small_notebook()
    notebook.cells[-1].source = MODEL
    nbformat.write(notebook, folder.source / LESSON / "small.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", folder.root)
    nbgrader(folder, "generate_assignment", LESSON)
    folder.seed(LESSON)
    hand_in(folder, "ada", ANSWER, looks_around(folder, ear.getsockname()[1]))
    hand_in(folder, "bob", "YOUR ANSWER HERE", "def double(x):\n    return 3 * x")
    return folder


def rows_of(folder: CourseFolder) -> dict:
    """Scores and what is to be read, from the gradebook."""
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        return {
            (submission.student.id, grade.name): (grade.auto_score, grade.needs_manual_grade)
            for submission in gradebook.assignment_submissions(LESSON)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def page_of(folder: CourseFolder, student: str) -> str:
    """Where formgrader shows a student's notebook."""
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        row = gradebook.find_submission_notebook("small", LESSON, student)
        return f"formgrader/submissions/{row.id}/"


def autograde(page, address: str, student: str) -> tuple[str, str]:
    """Press the button in a student's row; return the score and the status that it shows then."""
    page.goto(f"{address}formgrader/manage_submissions/{LESSON}")
    row = page.locator("#main-table tr", has=page.locator(".student-id", has_text=student))
    with page.expect_response(lambda response: response.url.endswith("/autograde")) as answer:
        row.locator(".autograde a").click()
    result = json.loads(answer.value.text())
    assert result["success"], result
    page.locator("#success-modal").wait_for()
    row.locator(".status .label").wait_for()
    return row.locator(".score").inner_text(), row.locator(".status").inner_text()


def found_by(folder: CourseFolder, student: str) -> list[str]:
    """What a student's cell said that it found."""
    notebook = nbformat.read(folder.autograded / student / LESSON / "small.ipynb", as_version=4)
    texts = [
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    return re.findall("^found: (.+)$", "\n".join(texts), re.MULTILINE)


def test_an_instructor_grades_a_small_class(page, lab, folder, ear, tmp_path):
    elsewhere = []
    page.on("requestfailed", lambda request: elsewhere.append(request.url))
    shutil.copytree(folder.root, tmp_path / "command")
    address = lab(folder.root)
    # Formgrader's own pages would keep the cookie to themselves, without its programs.
    page.goto(f"{address}api/status?token={TOKEN}")

    # The button gives what the command gives, in isolation.
    waits = "4 / 5 so far\nwritten answers not graded yet"
    assert autograde(page, address, "ada") == (waits, "needs manual grading")
    assert autograde(page, address, "bob") == ("2 / 5", "graded")
    command = CourseFolder(tmp_path / "command")
    hand_in(command, "ada", ANSWER, looks_around(command, ear.getsockname()[1]))
    assert not grade_class(command, LESSON, Options(workers=1, quiet=True)).failed
    assert rows_of(folder) == rows_of(command)
    assert found_by(folder, "ada") == found_by(command, "ada")
    if isolation_in_force().complete:
        assert found_by(folder, "ada") == ["nothing"]
        with pytest.raises(BlockingIOError):
            ear.accept()

    # The command takes it as it is, and the class report has it.
    again = grade_class(folder, LESSON, Options(workers=1, quiet=True))
    assert (len(again.graded), len(again.kept)) == (0, 2)
    outcomes = stored_outcomes(folder, LESSON)
    students = student_frame(verdict_frame(outcomes), Roll(handed_in=frozenset({"ada", "bob"})))
    assert dict(students["status"]) == {"ada": "on time", "bob": "on time"}
    assert rows_of(folder) == rows_of(command)

    # No list says 0 where an answer waits; bob, who left it empty, has his 0.
    for place, row, scores in WAITS:
        assert scores_in(page, f"{address}formgrader/{place}", row) == scores, place
        page.screenshot(path=tmp_path / f"{place.replace('/', '-')}.png")

    # What was not answered is zero already, and says why.
    page.goto(address + page_of(folder, "bob"))
    page.locator("#why[placeholder='0']:not(.needs_manual_grade)").wait_for()
    page.locator("#why-comment[placeholder='No response.']").wait_for()

    # What was answered waits; the scheme is in view above it, the model answer is folded.
    page.goto(address + page_of(folder, "ada"))
    page.locator("#why.needs_manual_grade").wait_for()
    page.locator(".nbgrader_cell.not-graded-yet", has=page.locator("#why")).wait_for()
    page.locator("#why").focus()
    page.wait_for_function(IN_VIEW)
    page.screenshot(path=tmp_path / "answer.png")
    scheme = page.locator(".alert-info")
    assert "1 point: a reason, such as" in scheme.inner_text()
    assert not page.get_by_text("Twice two").is_visible()
    scheme.locator("summary").click()
    assert page.get_by_text("Twice two").is_visible()

    # Formulas are drawn, and nothing was asked of another machine.
    answer = page.locator(".nbgrader_cell", has=page.locator("#why"))
    for formula, least in ((scheme.locator("mfrac"), 8), (answer.locator("math munder, msub"), 5)):
        assert formula.first.bounding_box()["height"] > least
    assert "$" not in scheme.inner_text() + answer.inner_text()
    assert not elsewhere
    page.screenshot(path=tmp_path / "formulas.png")
    with page.expect_response("**/formgrader/api/grade/*"):
        page.locator("#why").fill("0.5")
        page.locator("#why").blur()
    page.locator("#why:not(.needs_manual_grade)").wait_for()
    page.locator(".nbgrader_cell:not(.not-graded-yet)", has=page.locator("#why")).wait_for()

    # Grading again keeps the score, and asks for another look only when the answer has changed.
    assert autograde(page, address, "ada") == ("4.5 / 5", "graded")
    hand_in(folder, "ada", "Because of three.", looks_around(folder, ear.getsockname()[1]))
    waits = "4.5 / 5 so far\nnot all answers graded yet"
    assert autograde(page, address, "ada") == (waits, "needs manual grading")
    place, row, _ = WAITS[-1]
    assert scores_in(page, f"{address}formgrader/{place}", row)[1] == "0.5 / 1 so far"
    page.goto(address + page_of(folder, "ada"))
    page.locator("#why.needs_manual_grade").wait_for()
    with page.expect_response("**/formgrader/api/grade/*"):
        page.locator(".nbgrader_cell", has=page.locator("#why")).locator(".mark-graded").click()
    page.locator("#why:not(.needs_manual_grade)").wait_for()
    assert autograde(page, address, "ada") == ("4.5 / 5", "graded")


def scores_in(page, address: str, row: str) -> list[str]:
    """What a list says in a row: the total, then what is written by hand, if it says that."""
    page.goto(address)
    found = page.locator("#main-table tr", has_text=row)
    found.wait_for()
    columns = ".score, .avg-score, .written-score, .avg-written-score"
    return found.locator(columns).all_inner_texts()


NOTE = "\nwritten answers not graded yet"
WAITS = (
    (f"manage_submissions/{LESSON}", "bob", ["2 / 5"]),
    (f"manage_submissions/{LESSON}", "ada", ["4 / 5 so far" + NOTE]),
    ("gradebook", LESSON, ["3 / 5 so far" + NOTE]),
    (f"gradebook/{LESSON}", "small", ["3 / 5 so far", "not graded yet"]),
    (f"gradebook/{LESSON}/small", "4 / 5", ["4 / 5 so far", "not graded yet"]),
    (f"gradebook/{LESSON}/small", "2 / 5", ["2 / 5", "0 / 1"]),
    ("manage_students", "ada", ["4 / 5 so far\nnot all answers graded yet"]),
    ("manage_students", "bob", ["2 / 5"]),
    ("manage_students/bob", LESSON, ["2 / 5", "0 / 1"]),
    (f"manage_students/bob/{LESSON}", "small", ["2 / 5", "0 / 1"]),
    ("manage_students/ada", LESSON, ["4 / 5 so far", "not graded yet"]),
    (f"manage_students/ada/{LESSON}", "small", ["4 / 5 so far", "not graded yet"]),
)
"""Formgrader's lists, a row of each, and the scores in it while Ada's answer waits."""
IN_VIEW = """() => {
  const box = document.querySelector(".alert-info").getBoundingClientRect();
  const bar = document.querySelector(".navbar").getBoundingClientRect();
  return box.top >= bar.bottom && box.bottom <= window.innerHeight;
}"""
