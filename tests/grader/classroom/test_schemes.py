"""Formgrader's pages show how to mark a written answer, and nothing else of the course does."""

from __future__ import annotations

import re

import pytest
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course.grader.classroom.feedback import FeedbackExporter
from course.grader.classroom.schemes import ShowMarkingSchemes, model_answers, scheme_box
from course.grader.pages.grading_page import markdown2html
from tests.conftest import ROOT, small_notebook

ABOUT = {"assignment_id": "00_small", "notebook_id": "small", "submission_id": "1"}


@pytest.fixture
def in_course(small_course, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(small_course.root))


def answered():
    notebook = small_notebook()
    notebook.cells[-1].source = "For two."
    return notebook


def test_the_scheme_stands_above_the_answer(in_course):
    notebook, _ = ShowMarkingSchemes().preprocess(answered(), ABOUT)
    scheme, answer = (cell.source for cell in notebook.cells[-2:])
    assert "Because." in scheme and "SOLUTION" not in scheme
    assert answer == "For two."
    assert len(notebook.cells) == len(small_notebook().cells) + 1


def test_formgrader_may_have_been_started_elsewhere(small_course, monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    config = Config(CourseDirectory={"root": str(small_course.root)})
    notebook, _ = ShowMarkingSchemes(config=config).preprocess(answered(), ABOUT)
    assert "Because." in notebook.cells[-2].source


def test_the_scheme_is_in_view_and_the_model_answer_folded():
    box = scheme_box("**Model answer.** Long.\n\n**Marking scheme (1 point).**\n- 1 point: short.")
    shown, folded = box.split("<details>")
    assert "**Marking scheme (1 point).**" in shown
    assert "1 point: short." in shown and "Long." not in shown and "Long." in folded
    assert "<details>" not in scheme_box("Because.")
    assert "<details>" not in scheme_box("**Marking scheme.** 1 point: short.")


@pytest.mark.parametrize("missing", ["assignment_id", "notebook_id"])
def test_a_source_that_is_not_there_shows_none(in_course, missing):
    notebook, _ = ShowMarkingSchemes().preprocess(answered(), ABOUT | {missing: "gone"})
    assert notebook == answered()


def test_pages_of_students_hold_none(in_course):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    about = {"nbgrader": {"student": "ada", "assignment": "00_small", "notebook": "small"}}
    for exporter in (HTMLExporter, FeedbackExporter):
        page, _ = exporter(config=config).from_notebook_node(answered(), resources=about)
        assert "For two." in page and "Because." not in page
    page, _ = HTMLExporter(config=config).from_notebook_node(answered(), resources=dict(ABOUT))
    assert "Because." in page


def test_a_formula_of_the_course_is_mathml_on_the_grading_page(repository):
    """All of them: what the converter does not know would show as the TeX that it is."""
    for assignment in repository.lesson_names:
        for lesson in repository.lessons(assignment):
            for cell in lesson.source.cells:
                if cell.cell_type == "markdown":
                    html = markdown2html({"cell": cell}, scheme_box(cell.source))
                    assert not re.search(r"<code>[^<]*\\[a-z]+[{_ ]", html), cell.source
                    assert html.count("<math") >= cell.source.count("$$") // 2


def test_every_written_question_of_the_course_has_a_scheme(repository):
    for assignment in repository.lesson_names:
        for lesson in repository.lessons(assignment):
            for id_, answer in model_answers(lesson).items():
                assert "**Marking scheme" in answer, f"{assignment}/{lesson.notebook}: {id_}"
