"""A starter shows what needs no code of the learner's, and nothing else."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.grader.authoring.given_outputs import given_cells, show_given_outputs
from tests.conftest import ROOT, SOURCES, grader_metadata

NAMES = [f"{path.parent.name}/{path.stem}" for path in SOURCES]


def cell(source: str, id: str = "", tags: tuple[str, ...] = (), **grader: object):
    made = new_code_cell(source, id=id or f"c{abs(hash(source))}")
    made.metadata = nbformat.from_dict({"tags": list(tags)})
    if grader:
        made.metadata.update(grader_metadata(made.id, **grader))
    return made


EXERCISE = cell("def step(x):\n    raise NotImplementedError", "step", solution=True, locked=False)


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("draw(x)", True),
        ("y = 2", True),
        ("%matplotlib inline\ndraw(x)", True),
        ("step(x)", False),
        ("f = lambda: step(x)", False),
        ("[step(i) for i in x]", False),
        ("figures.draw(step)", False),
    ],
)
def test_a_cell_that_uses_an_exercise_is_not_given(source, given):
    cells = [cell("import figures\nx = 1"), EXERCISE, cell(source)]
    assert (given_cells(cells)[-1] is cells[-1]) == given


@pytest.mark.parametrize(
    "between",
    ["y = step(x)", "y.append(step(x))", "y[0] = step(x)", "def y():\n    return step(x)"],
)
def test_what_comes_from_an_exercise_through_another_cell_is_not_given(between):
    cells = [cell("y = []\nx = 1"), EXERCISE, cell(between), cell("draw(y)"), cell("draw(x)")]
    assert given_cells(cells) == [cells[0], cells[4]]


def test_a_module_stays_given_when_an_exercise_is_drawn_with_it():
    cells = [EXERCISE, cell("import figures\nfigures.draw(step)"), cell("figures.map()")]
    assert given_cells(cells) == [cells[2]]


@pytest.mark.parametrize("written", ["lag = None", "lag = None  # days: what lag is the best?"])
def test_what_answers_an_open_guess_is_not_given(written):
    guess = cell(written, tags=("demo", "guess"))
    answer = cell("compare_guess(lag, found)")
    cells = [cell("found = 3"), guess, cell("draw(found)"), answer, cell("draw(found, 'again')")]
    assert given_cells(cells) == [cells[0], cells[4]]


def test_tests_are_not_given():
    cells = [cell("check(1)", grade=True, points=0), cell("check(2)", grade=False)]
    assert given_cells(cells) == []


def test_outputs_are_those_of_the_same_source():
    def notebook(*sources):
        cells = [cell(source, f"c{i}") for i, source in enumerate(sources)]
        for i, made in enumerate(cells):
            made.outputs = [new_output("execute_result", {"text/plain": str(i)}, execution_count=7)]
        return new_notebook(cells=cells)

    starter, solution = notebook("1", "2"), notebook("1", "3")
    for made in starter.cells:
        made.outputs = []
    assert show_given_outputs(starter, solution) == ["c0"]
    assert starter.cells[0].outputs[0].execution_count is None
    assert solution.cells[0].outputs[0].execution_count == 7
    assert starter.cells[1].outputs == []


def starter_of(name: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "release" / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_shows_what_is_given_and_no_answer(name):
    starter = starter_of(name)
    shown = [c for c in starter.cells if c.get("outputs")]
    assert shown
    assert not [o for c in shown for o in c.outputs if o.output_type == "error"]
    assert {c.id for c in shown} <= {c.id for c in given_cells(starter.cells)}


def test_most_starters_open_with_pictures():
    def pictures(name: str) -> int:
        outputs = [o for c in starter_of(name).cells for o in c.get("outputs", [])]
        return sum("image/png" in output.get("data", {}) for output in outputs)

    assert sum(pictures(name) > 0 for name in NAMES) >= 10
