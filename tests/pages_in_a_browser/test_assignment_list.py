"""nbgrader's list of assignments in JupyterLab: a student fetches a lesson and hands it in."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from course.grader.authoring.student import CONFIG
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder
from tests.conftest import ROOT, small_notebook
from tests.pages_in_a_browser.conftest import TOKEN

pytestmark = pytest.mark.slow
LESSON, COURSE = "00_small", "rnn-course"


@pytest.fixture
def exchange(tmp_path: Path) -> Path:
    """The exchange of the instructors' guide, with a lesson that they have handed out."""
    folder, exchange = CourseFolder(tmp_path / "course"), tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    (folder.source / LESSON).mkdir(parents=True)
    nbformat.write(small_notebook(), folder.source / LESSON / "small.ipynb")
    line = f'\nc.Exchange.root = "{exchange}"\n'
    config = (ROOT / "nbgrader_config.py").read_text()
    (folder.root / "nbgrader_config.py").write_text(config + line)
    nbgrader(folder, "generate_assignment", LESSON)
    nbgrader(folder, "release_assignment", LESSON)
    student = tmp_path / "student"
    student.mkdir()
    (student / "nbgrader_config.py").write_text(CONFIG.format(course_id=COURSE) + line)
    return exchange


def test_a_student_fetches_and_submits(page, lab, exchange, tmp_path):
    student = tmp_path / "student"
    page.goto(f"{lab(student)}lab?token={TOKEN}&reset")
    page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
    page.get_by_role("menuitem", name="Assignment List").click()
    released = page.locator("#released_assignments_list .list_item", has_text=LESSON)
    released.get_by_role("button", name="Fetch").click()
    fetched = page.locator("#fetched_assignments_list .list_item", has_text=LESSON).first
    submit = fetched.get_by_role("button", name="Submit")
    submit.wait_for()
    starter = student / LESSON / "small.ipynb"
    notebook = nbformat.read(starter, as_version=4)
    notebook.cells[-1].source = "Because."
    nbformat.write(notebook, starter)
    submit.click()
    page.locator("#submitted_assignments_list .list_item", has_text=LESSON).first.wait_for()
    page.screenshot(path=tmp_path / "list.png")
    (handed_in,) = (exchange / COURSE / "inbound").glob(f"*+{LESSON}+*/small.ipynb")
    assert nbformat.read(handed_in, as_version=4).cells[-1].source == "Because."
