"""Validate tells the truth: what is done, wrong and open, in a list, and an exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys

import nbformat
import pytest
from jupyter_core.application import JupyterApp
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.utils import compute_checksum
from nbgrader.validator import Validator
from traitlets.config import Config

from course import validation
from course.lending import MARK
from course.validation import ENDLESS, KILLED, NOT_TRIED, TIMEOUT, before_each_cell, seconds_for
from tests.conftest import ROOT

STUB = "def {0}(x):\n    # TODO\n    raise NotImplementedError"
RIGHT = {"double": "def double(x):\n    return 2 * x", "four": "def four(x):\n    return 4 * x"}
HANGS = "import signal, time\ndef double(x):\n    while True:\n        time.sleep(1)"
DEAF = HANGS.replace("while", "signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while")
TEST = "from course.checks import require\nrequire({0}(1) == {1}, '{0} is not right.')"


def metadata(id_: str, **changes) -> dict:
    base = {"grade": False, "solution": False, "locked": True, "task": False}
    return base | {"grade_id": id_, "schema_version": 3, "cell_type": "code"} | changes


def with_checksum(cell, about: dict):
    cell.metadata["nbgrader"] = from_dict(about)
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return cell


def starter():
    """A starter of two exercises and a written answer, as nbgrader releases it."""
    cells = [new_markdown_cell("# Small", id="title")]
    for name, value in (("double", 2), ("four", 4)):
        stub = new_code_cell(STUB.format(name), id=name)
        test = new_code_cell(TEST.format(name, value), id=f"{name}_visible")
        hidden = new_code_cell("# hidden", id=f"{name}_hidden")
        cells += [
            with_checksum(stub, metadata(name, solution=True, locked=False)),
            with_checksum(test, metadata(f"{name}_visible")),
            with_checksum(hidden, metadata(f"{name}_hidden", grade=True, points=2)),
        ]
    answer = new_markdown_cell("YOUR ANSWER HERE", id="why")
    about = metadata("why", grade=True, solution=True, locked=False, points=1)
    cells.append(with_checksum(answer, about | {"cell_type": "markdown"}))
    cells.append(new_code_cell("1 + 1", id="end"))
    return new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
    )


def written(answer: str = "Because.", **sources: str):
    notebook = starter()
    for cell in notebook.cells:
        cell.source = ({**RIGHT, **sources, "why": answer}).get(cell.id, cell.source)
    return notebook


def validated(notebook, **errors: tuple[str, str]) -> list[str]:
    """The list after a run in which some cells raised."""
    for index, cell in enumerate(notebook.cells):
        before_each_cell(cell, index)
        if cell.id in errors:
            name, text = errors[cell.id]
            cell.outputs = [new_output("error", ename=name, evalue=text, traceback=["x"] * 500)]
    place = notebook.cells[0]
    return place.outputs[0].traceback if place.outputs else []


def test_an_untouched_starter_is_open():
    assert validated(starter(), double_visible=("CheckFailed", "no")) == [
        "0 done, 0 wrong, 3 open",
        "○ double: not written yet",
        "○ four: not written yet",
        "○ why: not written yet",
    ]


def with_an_option(notebook, source: str = ""):
    """The notebook with an optional exercise in front of its last cell."""
    stub, test = new_code_cell(STUB.format("six"), id="six"), TEST.format("six", 6)
    with_checksum(stub, metadata("six", solution=True, locked=False))
    stub.metadata["exercise"] = from_dict({"difficulty": 5, "minutes": 40, "optional": True})
    stub.source = source or stub.source
    test = with_checksum(new_code_cell(test, id="six_visible"), metadata("six_visible"))
    notebook.cells[-1:-1] = [stub, test]
    return notebook


class TestWhatIsOptional:
    def test_it_stands_apart_and_does_not_count(self):
        assert validated(with_an_option(starter()), six_visible=("CheckFailed", "no")) == [
            "0 done, 0 wrong, 3 open",
            "○ double: not written yet",
            "○ four: not written yet",
            "○ why: not written yet",
            "optional, worth no points:",
            "○ six: not written yet",
        ]

    def test_what_is_wrong_there_is_said(self):
        notebook = with_an_option(starter(), "def six(x):\n    return 7 * x")
        lines = validated(notebook, six_visible=("CheckFailed", "Seven is one too many."))
        assert lines[-2:] == ["optional, worth no points:", "✗ six: Seven is one too many."]
        assert lines[0] == "0 done, 0 wrong, 3 open"

    @pytest.mark.parametrize("source", ["", "def six(x):\n    return 7 * x"])
    def test_a_notebook_is_done_without_it(self, source):
        assert validated(with_an_option(written(), source), six_visible=("CheckFailed", "")) == []


def test_what_is_all_done_shows_nothing():
    assert validated(written()) == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (("CheckFailed", "W_h is\n transposed."), "✗ four: W_h is transposed."),
        (("AssertionError", "three"), "✗ four: three"),
        (("NameError", "no y"), "✗ four: NameError: no y"),
        (("ValueError", "x" * 5000), "✗ four: ValueError: " + "x" * 288),
        (("NotImplementedError", ""), "○ four: it uses one that is not written"),
    ],
)
def test_a_failing_test_says_its_sentence(error, line):
    lines = validated(written(), four_visible=error)
    assert line in lines
    assert "✓ double" in lines and "✓ why: written, for your instructor to read" in lines
    assert max(map(len, lines)) < 330


def test_a_stub_line_left_behind_is_named():
    left = RIGHT["four"] + "\n    raise NotImplementedError"
    lines = validated(written(four=left), four_visible=("NotImplementedError", ""))
    assert "○ four: the line 'raise NotImplementedError' is still there" in lines


def test_the_exercise_is_named_once():
    lines = validated(written(), four_visible=("CheckFailed", "four: y has shape (1,)."))
    assert "✗ four: y has shape (1,)." in lines


def test_what_does_not_end_is_named():
    at_once = validated(written(), double=(TIMEOUT["ename"], ""))
    assert at_once[1:3] == [f"✗ double: {ENDLESS}", "✓ four"]
    tried = validated(written(), double_visible=(TIMEOUT["ename"], ""))
    assert tried[1:3] == [f"✗ double: {ENDLESS}", "✓ four"]


def test_a_cell_after_one_that_hangs_gets_less_time():
    notebook = starter()
    before_each_cell(notebook.cells[0], 0)
    assert seconds_for(notebook.cells[1]) == 60 and seconds_for(notebook.cells[-1]) == 300
    before_each_cell(notebook.cells[1], 1)
    notebook.cells[1].outputs = [new_output("error", ename=TIMEOUT["ename"], evalue="")]
    before_each_cell(notebook.cells[2], 2)
    assert seconds_for(notebook.cells[2]) == seconds_for(notebook.cells[-1]) == 20


def test_a_missing_answer_hides_nothing():
    lines = validated(written(answer=" "), four_visible=("CheckFailed", "no"))
    assert lines[0] == "1 done, 1 wrong, 1 open"


def test_a_changed_test_is_named():
    notebook = written()
    notebook.cells[2].source = "pass"
    assert "✗ double: its test was changed: get a fresh copy of that cell" in validated(notebook)


def test_one_notebook_after_another():
    assert validated(starter())[0] == "0 done, 0 wrong, 3 open"
    assert validated(written()) == []


def test_a_server_is_not_the_command():
    """JupyterLab's server is a program too, and the button runs within it."""

    class Server(JupyterApp):
        pass

    Server.instance()
    try:
        assert validated(starter())[0] == "0 done, 0 wrong, 3 open"
    finally:
        Server.clear_instance()


@pytest.mark.slow
def test_the_button_shows_the_list_alone(tmp_path):
    config = Config({"Execute": {"on_cell_start": before_each_cell}})
    results = {}
    for name, notebook in (("starter", starter()), ("done", written())):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        results[name] = Validator(config=config).validate(str(tmp_path / f"{name}.ipynb"))
    assert results["done"] == {}
    (failed,) = results["starter"]["failed"]
    assert failed["raw_error"].splitlines()[0] == "0 done, 0 wrong, 3 open"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import os\nos._exit(1)", KILLED),
        ("import os\ndef double(x):\n    os._exit(1)", KILLED),
        (HANGS, ENDLESS),
        (DEAF, ENDLESS),
    ],
)
def test_a_cell_that_kills_or_never_ends_is_named(tmp_path, source, fault):
    settings = {"on_cell_start": before_each_cell, "error_on_timeout": TIMEOUT, "timeout": 3}
    nbformat.write(written(double=source), tmp_path / "stops.ipynb")
    results = Validator(config=Config({"Execute": settings})).validate(
        str(tmp_path / "stops.ipynb")
    )
    lines = results["failed"][0]["raw_error"].splitlines()
    assert lines[1] == f"✗ double: {fault}" and len(lines) == 4
    goes_on = fault == ENDLESS and source == HANGS
    assert lines[2] == ("✓ four" if goes_on else f"○ four: {NOT_TRIED}")


@pytest.mark.slow
def test_the_command_exits_by_what_it_found(tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    wrong = written(four="def four(x):\n    return 5 * x")
    (tmp_path / "lesson").mkdir()
    for name, notebook in (("wrong", wrong), ("done", with_an_option(written()))):
        nbformat.write(notebook, tmp_path / "lesson" / f"{name}.ipynb")

    def validate(*names):
        command = [sys.executable, "-m", "nbgrader", "validate", *names]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = validate("lesson/done.ipynb")
    assert done.returncode == 0 and "Success" in done.stdout
    both = validate("lesson/wrong.ipynb", "lesson/done.ipynb")
    assert both.returncode == 1, "what is right at the end hides nothing"
    assert "✗ four: four is not right." in both.stdout
    assert len(both.stdout) < 1000, "a list for each, and no traceback"


def test_it_is_a_hook_of_this_course():
    assert "before_each_cell" in (ROOT / "nbgrader_config.py").read_text()
    assert validation.VISIBLE == "_visible"


def test_a_borrowed_exercise_is_neither_done_nor_open():
    """Whether the loan stands in the exercise's own cell or in one below an untouched stub."""
    for notebook in (written(four='four = rescue("four")'), starter()):
        visible = next(cell for cell in notebook.cells if cell.id == "four_visible")
        said = f"{MARK} four is borrowed: worth no points here.\n✓ four: y (2, 2)\n"
        visible.outputs = [new_output("stream", name="stdout", text=said)]
        lines = validated(notebook)
        assert lines[0].endswith("open, 1 borrowed")
        assert f"{MARK} four: worth no points; write it yourself to earn them" in lines
