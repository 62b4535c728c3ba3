"""The graded notebook: the course's cells, verdicts for outputs, no hidden test in plain sight."""

from __future__ import annotations

import json

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_output
from nbgrader.server_extensions.formgrader.handlers import template_path
from nbgrader.utils import determine_grade

from course.grader.judging.grade import Graded
from course.grader.judging.verdict import Part, Verdict
from course.grader.kernel.steps import StepResult
from course.grader.notebooks.rebuild import rebuild, solution_submission
from course.grader.pages.render import (
    NOTES,
    discreet,
    graded_notebook,
    rebuilt_notebook,
    secret_lines,
    verdict_html,
    verdict_text,
)

RIGHT = Verdict("double", 2.0, 2.0, (Part("y", True),))
WRONG = Verdict(
    "quadruple", 0.67, 2.0, (Part("y", False, "<b>bad</b>"), Part("x", True)), follow_through=True
)
SECRET = 'case.call(double, case.normal("N D"), returns="y")'


@pytest.fixture
def graded(small_lesson) -> Graded:
    results = {cell.id: StepResult("ok") for cell in small_lesson.cells}
    return Graded({"double": RIGHT, "quadruple": WRONG}, results, ["a note", "a note"])


def notebook_of(lesson, graded, text=None):
    submission = solution_submission(lesson) if text is None else rebuild(lesson, None, text)
    notebook = graded_notebook(lesson, submission, graded)
    nbformat.validate(notebook)
    return {cell.id: cell for cell in notebook.cells}, notebook


def test_nbgrader_reads_the_points_that_the_verdict_gave(small_lesson, graded):
    cells, _ = notebook_of(small_lesson, graded)
    assert determine_grade(cells["double_hidden"]) == (2.0, 2.0)
    assert determine_grade(cells["quadruple_hidden"]) == (0.67, 2.0)


@pytest.mark.parametrize("key", ["imports", "double", "double_visible"])
def test_a_students_outputs_are_shown_clean_and_are_no_grade(small_lesson, graded, key):
    outputs = [
        new_output("execute_result", {"text/plain": "1000.0"}),
        new_output("display_data", {"text/html": "<script>1</script>ok"}),
        new_output("stream", name="stdout", text=f"look: {SECRET}"),
        new_output("error", ename="E", evalue=SECRET, traceback=["x"]),
    ]
    graded.results[key] = StepResult("ok", outputs=outputs)
    cells, notebook = notebook_of(small_lesson, graded)
    assert [o.output_type for o in cells[key].outputs] == ["display_data"] * 2
    shown = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    assert "script" not in shown and "case.call" not in shown


def test_outputs_of_the_hidden_test_are_never_shown(small_lesson, graded):
    out = [new_output("stream", name="stdout", text="printed inside")]
    graded.results["double_hidden"] = StepResult("ok", outputs=out)
    cells, _ = notebook_of(small_lesson, graded)
    assert "printed inside" not in str(cells["double_hidden"].outputs)


def test_messages_that_quote_a_hidden_test_are_withheld(small_lesson, graded):
    message = f"the call failed with ValueError: {SECRET}"
    graded.verdicts["double"] = Verdict("double", 0, 2, (Part("y", False, message),))
    graded.verdicts["quadruple"] = Verdict("quadruple", 0, 2, cause=f"E: {SECRET}")
    cells, _ = notebook_of(small_lesson, graded)
    for key in ("double_hidden", "quadruple_hidden"):
        assert "case.normal" not in str(cells[key].outputs)
        assert "withheld" in str(cells[key].outputs)
    assert discreet(RIGHT, secret_lines(small_lesson)) == RIGHT


def test_a_stopped_cell_says_so(small_lesson, graded):
    graded.results["double"] = StepResult("stopped", cause="stopped after 30 s")
    cells, _ = notebook_of(small_lesson, graded)
    assert cells["double"].outputs[-1].text == "stopped after 30 s\n"


def test_cells_metadata_and_notes_are_the_courses(small_lesson, graded):
    theirs = {
        "cells": [
            {"cell_type": "markdown", "source": "<script>", "metadata": {"tags": ["x"]}},
            {"cell_type": "code", "source": "1", "metadata": {"nbgrader": {"points": 9}}},
            {"cell_type": "markdown", "source": "Because.", "metadata": {}, "id": "why"},
        ],
        "metadata": {"kernelspec": {"name": "evil"}},
    }
    cells, notebook = notebook_of(small_lesson, graded, json.dumps(theirs))
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata[NOTES] == ["a note"]
    assert cells["extra-0"].source == "< script>"
    assert not cells["extra-0"].metadata and not cells["extra-1"].metadata


def test_every_cell_has_its_verdict_even_when_nothing_was_read(small_lesson, graded):
    cells, notebook = notebook_of(small_lesson, graded, b"\x00")
    assert cells["double_hidden"].outputs
    assert nbformat.writes(notebook)


def test_verdicts_as_text_and_html():
    text = verdict_text(WRONG)
    assert text.splitlines() == [
        "quadruple: 0.67 of 2 points",
        "✗ y: <b>bad</b>",
        "✓ x",
        "Judged with right versions of the earlier exercises, which lost points.",
    ]
    assert "<b>bad</b>" not in verdict_html(WRONG)
    assert "&lt;b&gt;bad" in verdict_html(WRONG)
    assert "✗ not run" in verdict_text(Verdict("f", 0, 1, cause="not run"))


def test_secret_lines_are_those_that_only_a_hidden_test_has(small_lesson):
    assert SECRET in secret_lines(small_lesson)
    small_lesson.cells[1].node.source += f"\n{SECRET}"
    assert SECRET not in secret_lines(small_lesson)


def test_rebuilt_notebook_drops_tags_and_is_valid(small_lesson):
    small_lesson.cells[1].node.metadata["tags"] = ["demo"]
    notebook = rebuilt_notebook(small_lesson, solution_submission(small_lesson))
    assert all("tags" not in cell.metadata for cell in notebook.cells)


HOSTILE = "<script>evil()</script><svg onload=evil()><img src=x onerror=evil()><iframe src=//evil>"
LINK = "[x](javascript:evil()) ![x](//evil/p.png) $\\href{javascript:evil()}{x}$"


def formgrader_page(notebook: nbformat.NotebookNode) -> BeautifulSoup:
    """The page on which formgrader shows a submission, made by its own template."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[template_path])
    about = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "student"), "x")
    about |= {"base_url": "/", "last_name": "x", "first_name": "x", "notebook_path": "x"}
    page, _ = exporter.from_notebook_node(notebook, resources=about | {"index": 0, "total": 1})
    return BeautifulSoup(page, "html.parser")


def active_parts(page: BeautifulSoup) -> list[str]:
    """Everything in a page that a browser runs or fetches by itself."""
    found = [
        f"{tag.name} {tag.get('src') or tag.get('data')}"
        for tag in page.find_all(["script", "iframe", "object", "embed", "img", "link", "svg"])
    ]
    for tag in page.find_all(True):
        for name, value in tag.attrs.items():
            if name.startswith("on") or "script:" in str(value).lower():
                found.append(f"{name}={value}")
    return sorted(found)


def test_formgrader_runs_nothing_of_a_students(small_lesson, graded):
    honest = active_parts(formgrader_page(notebook_of(small_lesson, graded)[1]))
    theirs = {
        "cells": [
            {"cell_type": "markdown", "source": f"{HOSTILE}\n\n{LINK}", "metadata": {}},
            {"cell_type": "markdown", "source": f"{HOSTILE} {LINK}", "metadata": {}, "id": "why"},
            {"cell_type": "code", "source": f"# {HOSTILE}</code></pre>", "metadata": {}},
            {
                "cell_type": "code",
                "source": f"def double(x):\n    '''{HOSTILE}'''",
                "metadata": {},
                "id": "double",
            },
        ],
        "metadata": {"widgets": {"x": {"state": HOSTILE}}, "title": HOSTILE},
    }
    kinds = ("text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex")
    outputs = [new_output("display_data", {kind: f"{HOSTILE}{LINK}"}) for kind in kinds]
    outputs += [new_output("stream", name="stdout", text=f"\x1b[31m{HOSTILE}")]
    outputs += [new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE])]
    graded.results["double"] = StepResult("ok", outputs=outputs)
    graded.notes.append(HOSTILE)
    graded.verdicts["double"] = Verdict("double", 0, 2, cause=HOSTILE, flags=(HOSTILE,))
    page = formgrader_page(notebook_of(small_lesson, graded, json.dumps(theirs))[1])
    assert "evil()" in page.get_text()
    assert active_parts(page) == honest


def test_what_is_cut_is_said_and_the_course_s_cells_stay(small_lesson, graded):
    theirs = {"cells": [{"cell_type": "code", "source": "y = 2\n" * 20_000, "metadata": {}}]}
    honest, _ = notebook_of(small_lesson, graded)
    cells, _ = notebook_of(small_lesson, graded, json.dumps(theirs))
    assert cells["extra-0"].source.endswith("has all of it]")
    assert len(cells["extra-0"].source) < 40_000
    assert cells["double_hidden"].source == honest["double_hidden"].source
    assert cells["title"].source == honest["title"].source
