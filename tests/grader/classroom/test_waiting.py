"""Formgrader's lists: who has a written answer that waits, and the script that says so."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.server_extensions.formgrader import handlers
from nbgrader.server_extensions.formgrader.base import BaseHandler

from course.grader.classroom.waiting import LISTS, mend_lists, who_waits, with_script


@pytest.fixture
def gradebook(tmp_path):
    """Two assignments; Ada and Bob handed in the first, Bob the second too."""
    with contextlib.closing(Gradebook(f"sqlite:///{tmp_path}/gradebook.db")) as gradebook:
        for assignment in ("01", "02"):
            gradebook.add_assignment(assignment)
            gradebook.add_notebook("small", assignment)
            gradebook.add_grade_cell("why", "small", assignment, max_score=2, cell_type="markdown")
            gradebook.add_solution_cell("why", "small", assignment)
        for student, assignment in (("ada", "01"), ("bob", "01"), ("bob", "02")):
            gradebook.update_or_create_student(student)
            gradebook.add_submission(assignment, student)
        yield gradebook


def mark(gradebook: Gradebook, student: str, assignment: str, waits: bool) -> None:
    grade = gradebook.find_grade("why", "small", assignment, student)
    grade.manual_score, grade.needs_manual_grade = None if waits else 1.0, waits
    gradebook.db.commit()


def test_who_waits_is_who_has_an_answer_without_a_score(gradebook):
    mark(gradebook, "ada", "01", waits=False)
    mark(gradebook, "bob", "01", waits=False)
    mark(gradebook, "bob", "02", waits=True)
    assert who_waits(gradebook) == {"assignments": ["02"], "students": ["bob"]}
    mark(gradebook, "bob", "02", waits=False)
    assert who_waits(gradebook) == {"assignments": [], "students": []}


def test_no_name_ends_the_script():
    name = "</script><script>alert(1)</script>"
    html = with_script("<body>list</body>", {"students": [name], "assignments": []})
    [data] = re.findall(r'<script type="application/json" id="waiting">(.*)</script>', html)
    assert json.loads(data)["students"] == [name]
    assert html.count("</script>") == 2 and html.endswith("</body>")


def test_every_list_is_one_of_nbgraders():
    assert {path.name for path in Path(handlers.template_path).glob("*.tpl")} >= LISTS


def test_lists_are_mended_once(monkeypatch):
    monkeypatch.setattr(BaseHandler, "render", lambda handler, name, **names: name)
    mend_lists()
    once = BaseHandler.render
    mend_lists()
    assert BaseHandler.render is once
    assert once(None, "manage_assignments.tpl") == "manage_assignments.tpl"
