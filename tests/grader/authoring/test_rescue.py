"""Every exercise of every notebook can be borrowed, from a file that shows nothing."""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course.grader.authoring.generate import generate_release
from course.grader.authoring.leaks import secrets_of
from course.grader.authoring.student import make_student_edition
from course.grader.kernel.attentive import AttentiveManager
from course.grader.kernel.steps import Settings, Step
from course.grader.kernel.trusted import forked, fresh_namespace, run_step
from course.grader.notebooks.lent import what_is_lent
from course.grader.notebooks.lesson import WRITTEN, read_lesson
from course.lending import MARK, OFF, SUFFIX, unseal
from tests.conftest import ROOT, SOURCES

NAMES = [path.stem for path in SOURCES]
LOAN = 'from course import rescue\n{0} = rescue("{0}")'


def released(source: Path) -> Path:
    return (ROOT / "release" / source.parent.name / source.name).with_suffix(SUFFIX)


def test_every_starter_has_its_file_and_none_lies_elsewhere():
    found = {path for path in ROOT.glob(f"*/**/*{SUFFIX}") if ".venv" not in path.parts}
    assert {released(source) for source in SOURCES} == {
        path for path in found if path.is_relative_to(ROOT / "release")
    }
    assert not [path for path in found if path.is_relative_to(ROOT / "course")]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_files_are_what_the_sources_give(source):
    """Trees are compared: versions of Python write the same code with other brackets."""
    stored, fresh = (
        unseal(released(source).read_bytes())["exercises"],
        what_is_lent(read_lesson(source)),
    )
    assert list(stored) == list(fresh), f"run `make release LESSON={source.parent.name}`"
    for name, lent in fresh.items():
        same = ast.dump(ast.parse(stored[name]["code"])) == ast.dump(ast.parse(lent["code"]))
        assert same, f"{name} has drifted: run `make release LESSON={source.parent.name}`"
        assert stored[name]["forward"] == lent["forward"]


def test_what_students_get_has_them_and_no_file_shows_a_line(repository, tmp_path):
    make_student_edition(repository, tmp_path / "edition")
    lessons = [lesson for n in repository.lesson_names for lesson in repository.lessons(n)]
    secrets = secrets_of(repository, lessons)
    for source in SOURCES:
        data = (tmp_path / "edition" / source.parent.name / source.name).with_suffix(SUFFIX)
        text = data.read_text()
        assert text == released(source).read_text()
        assert not [line for line in secrets if line in text] and "def " not in text


def borrow_all(source: Path, folder: Path) -> dict[str, str]:
    """Run a notebook's cells, demos aside, with everything borrowed; say what each cell printed."""
    os.chdir(folder)
    names, said = fresh_namespace(), {}
    for cell in read_lesson(source).cells:
        if cell.node.cell_type != "code" or cell.role in {"demo", "hidden", "answer"}:
            continue
        code = LOAN.format(cell.exercise) if cell.role in WRITTEN else cell.node.source
        result = run_step(Step(cell.id, code), names, Settings(1))
        said[cell.id] = result.outputs[0] if result.status == "ok" else result.cause
    return said


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_everything_that_is_lent_passes_its_visible_test(source, tmp_path):
    shutil.copy(released(source), tmp_path)
    said = forked(borrow_all, source, tmp_path)
    lesson = read_lesson(source)
    for exercise in [*lesson.exercises, *lesson.optional]:
        assert said[exercise].startswith(f"{MARK} Borrowed: {exercise}."), said[exercise]
        visible = said[f"{exercise}_visible"]
        assert visible.startswith(f"{MARK} {exercise} is borrowed"), visible
        assert len(visible.splitlines()) > 1, "what is right is said as well"


OWN_FORWARDS = """
def rnn_step(x, h_prev, W_x, W_h, b):
    h = np.tanh(x @ W_x + h_prev @ W_h + b)
    return h, {"in": (x, h_prev), "weights": (W_x, W_h), "out": h}

def rnn_forward(x, h0, W_x, W_h, b):
    states = []
    for t in range(x.shape[1]):
        h0, _ = rnn_step(x[:, t], h0, W_x, W_h, b)
        states.append(h0)
    return np.stack(states, axis=1), "no cache"

from course import rescue
rnn_step_backward = rescue("rnn_step_backward")
check(rnn_step_backward)
rnn_backward = rescue("rnn_backward")
check(rnn_backward)
"""


def own_forwards(source: Path, folder: Path) -> str:
    """Borrow the backwards beside forwards that keep caches of another form; say how it went."""
    os.chdir(folder)
    cells = read_lesson(source).cells
    imports = next(cell.node.source for cell in cells if cell.node.cell_type == "code")
    result = run_step(Step("own", imports + OWN_FORWARDS), fresh_namespace(), Settings(1))
    return result.cause or result.outputs[0]


@pytest.mark.slow
def test_a_borrowed_backward_works_beside_a_forward_with_a_cache_of_its_own(tmp_path):
    source = next(path for path in SOURCES if path.stem == "vanilla_rnn")
    shutil.copy(released(source), tmp_path)
    said = forked(own_forwards, source, tmp_path)
    assert "rnn_step comes along" in said and "rnn_forward comes along" in said
    assert "✓ rnn_step_backward" in said and "✓ rnn_backward" in said


@pytest.mark.slow
def test_an_evening_of_loans_runs_from_top_to_bottom(tmp_path):
    """In a real kernel, drawings and training runs included."""
    source = next(path for path in SOURCES if path.stem == "vanilla_rnn")
    shutil.copy(released(source), tmp_path)
    notebook = nbformat.read(released(source).with_suffix(".ipynb"), as_version=4)
    lesson = read_lesson(source)
    exercises = lesson.exercises | lesson.optional
    for cell in notebook.cells:
        if cell.id in exercises:
            cell.source = LOAN.format(cell.id)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.kernel_manager_class = AttentiveManager
    client.execute()  # a cell that raises ends it
    shown = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))
    for exercise in exercises:
        assert f"{MARK} Borrowed: {exercise}. Worth no points here" in shown


@pytest.mark.slow
class TestMakingStarters:
    def test_each_gets_its_file(self, small_course):
        generate_release(small_course, "00_small")
        data = (small_course.release / "00_small" / f"small{SUFFIX}").read_bytes()
        assert list(unseal(data)["exercises"]) == ["double", "quadruple"]

    def test_one_setting_switches_it_off(self, small_course):
        config = small_course.root / "nbgrader_config.py"
        on = "c.LendSolutions.lend = True"
        assert on in config.read_text()
        config.write_text(config.read_text().replace(on, on.replace("True", "False")))
        generate_release(small_course, "00_small")
        data = (small_course.release / "00_small" / f"small{SUFFIX}").read_bytes()
        assert unseal(data) == {OFF: True}
