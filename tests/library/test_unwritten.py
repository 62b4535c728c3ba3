"""Cells that need an exercise which is not written yet: a sentence in place of a traceback."""

from __future__ import annotations

import linecache

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course import worked
from course.grader.kernel.attentive import AttentiveManager
from course.grader.notebooks.lesson import read_lesson
from course.unwritten import sentence_on
from tests.conftest import SOURCES

STUB = "def step(x):\n    raise NotImplementedError\n"
WAITS = 'This cell needs step, which is not written yet. Stuck for good? from course import rescue; step = rescue("step")'
MADE = "This cell needs states, made by a cell above that waits for step: write step, run that cell, then this one."


def ended(cell: str, names: dict) -> BaseException | None:
    """Run a cell as IPython does, with its source where tracebacks look; return its error."""
    file = f"<cell {abs(hash(cell))}>"
    linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
    try:
        exec(compile(cell, file, "exec"), names)
    except Exception as error:
        return error
    return None


class TestSentence:
    def said(self, *cells: str) -> list[str | None]:
        """What the cells that fail say, after a cell with the stub of `step`."""
        names, unmade = {}, {}
        errors = [ended(cell, names) for cell in (STUB, *cells)]
        return [sentence_on(error, ["step", "Net"], unmade) for error in errors if error]

    def test_a_cell_that_calls_a_stub_names_the_exercise(self):
        assert self.said("states = step(1)") == [WAITS]

    def test_so_does_one_that_calls_it_far_down(self):
        assert self.said("def draw(f):\n    return [f(1) for _ in 'ab']\ndraw(step)") == [WAITS]

    def test_a_method_is_named_by_its_class(self):
        net = "class Net:\n    def forward(self):\n        raise NotImplementedError\n"
        assert "needs Net, which is not written" in self.said(f"{net}Net().forward()")[0]

    def test_what_such_a_cell_would_have_made_is_missed_by_name(self):
        assert self.said("states = step(1)", "print(states)") == [WAITS, MADE]

    def test_and_so_is_what_a_third_cell_would_have_made_of_it(self):
        third = self.said("states = step(1)", "a, b = states", "print(a)")[2]
        assert third == MADE.replace("states", "a")

    def test_so_is_an_entry_of_a_dict(self):
        said = self.said("made = {}", "made['net'] = step(1)", "print(made['net'])")
        assert said[1] == MADE.replace("states", "'net'")

    def test_an_exercise_whose_cell_has_not_run_is_missed_by_name(self):
        [said] = self.said("Net()")
        assert said == "This cell needs Net, which is not defined yet: run the cells above first."

    @pytest.mark.parametrize(
        "cell",
        [
            "print(stats)",
            "1 / 0",
            "raise NotImplementedError",
            "{}['net']",
            "try:\n    step('net')\nexcept NotImplementedError:\n    {}['net']",
            "def other(x):\n    raise NotImplementedError\nother(1)",
            "def step(x):\n    raise NotImplementedError('odd sizes')\nstep(1)",
        ],
    )
    def test_any_other_error_is_left_as_it_is(self, cell):
        assert self.said(cell) == [None]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_notebook_knows_its_exercises(path):
    first = next(c for c in nbformat.read(path, 4).cells if c.cell_type == "code")
    assert f'check = worked.of("{path.stem}", globals())' in first.source
    lesson = read_lesson(path)
    assert set(worked.of(path.stem, {}).exercises) >= {*lesson.exercises}


@pytest.mark.slow
def test_a_notebook_shows_the_sentence_and_no_traceback():
    step = STUB.replace("step(x)", "rnn_step(x)")
    cells = [
        'from course import worked\ncheck = worked.of("vanilla_rnn", globals())',
        step,
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nstates = rnn_step(1)",
        "print(states)",
        "print(stats)",
        "from course.sliders import slider\nslider(lambda a: rnn_step(a), a=(1, 5, 1))",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, allow_errors=True, kernel_name="python3", timeout=120)
    client.kernel_manager_class = AttentiveManager
    client.execute()
    waits, made, other, _ = (cell.outputs for cell in notebook.cells[2:])
    assert [waits[0].data["text/plain"][2:], made[0].data["text/plain"][2:]] == [
        WAITS.replace("step", "rnn_step"),
        MADE.replace("step", "rnn_step"),
    ]
    assert (waits[1].ename, made[1].ename, other[0].ename) == (
        *("NotImplementedError", "NameError", "NameError"),
    )
    assert [output.output_type for output in waits] == ["display_data", "error"], "no half a figure"
    assert "rnn_step(1)" not in "".join(waits[1].traceback + made[1].traceback)
    assert "print" in "".join(other[0].traceback)
    widgets = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    [below] = [w["state"]["outputs"] for w in widgets.values() if w["model_name"] == "OutputModel"]
    assert below[0]["data"]["text/plain"] == waits[0].data["text/plain"]
