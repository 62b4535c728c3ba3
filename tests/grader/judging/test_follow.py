"""A second run happens only where it can change a verdict, and only for what it can change."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.grader.judging.follow import GIVEN, to_follow, with_solutions
from course.grader.judging.grade import steps_of
from course.grader.judging.verdict import Verdict
from course.grader.kernel.steps import StepResult
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import exercise_cells

HIDDEN = "from course.emission import cases\n\n@cases({{}})\ndef hidden(case):\n    {0}(1)\n"

FIRST = "def first(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"


def second(body: str, between: str = "pass"):
    """A lesson of two exercises; the last is lost, and so is the first."""
    source = f"def last(x):\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"
    cells = [
        new_code_cell("import numpy as np\nfrom math import tau", id="imports"),
        *exercise_cells("first", FIRST, HIDDEN.format("first")),
        new_code_cell(between, id="between"),
        *exercise_cells("last", source, HIDDEN.format("last")),
    ]
    lesson = parse_lesson(
        new_notebook(cells=cells, metadata=nbformat.from_dict({})), "00_small", "small"
    )
    verdicts = {id_: Verdict(id_, 0.0, 1.0) for id_ in ("first", "last")}
    return to_follow(lesson, solution_submission(lesson), verdicts, set())


@pytest.mark.parametrize(
    ("body", "between"),
    [
        ("return first(x)", "pass"),
        ("return helper(x)", "def helper(x):\n    return first(x)"),
        ("return table", "table = first(3)"),
        ("return table[0]", "table = []\ntable.append(first(3))"),
        ("return model", "model = [0]\n\ndef train(m):\n    m[0] = first(1)\ntrain(model)"),
        ("return eval('fir' + 'st(x)') or 'first'", "pass"),
        ("return x", "%time first(1)\nlast = 1"),
    ],
)
def test_what_is_built_on_a_lost_exercise_is_judged_again(body, between):
    assert second(body, between) == {"last"}


@pytest.mark.parametrize(
    ("body", "between"),
    [
        ("return x", "pass"),
        ("return np.sum(x) + tau", "y = first(np.ones(3)) * tau"),
        ("y = x\n    return y", "y = first(2)"),
        ("return len(range(x))", "print(len(range(first(2))))"),
        ("first = x.eval()\n    return first", "y = first(2)"),  # a method looks nothing up
    ],
)
def test_what_is_not_is_not(body, between):
    assert second(body, between) == set()


def trained_again(body: str, training: str, seconds: float = 90) -> bool:
    """Whether a cell between two exercises that were lost runs when the last is judged again."""
    source = f"def last(x):\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"
    cell = new_code_cell(training, id="training")
    cell.metadata["exercise"] = {"seconds": seconds} if seconds else {}
    cells = [
        *exercise_cells("first", FIRST, HIDDEN.format("first")),
        new_code_cell("model = [0]", id="begun"),
        cell,
        *exercise_cells("last", source, HIDDEN.format("last")),
    ]
    lesson = parse_lesson(
        new_notebook(cells=cells, metadata=nbformat.from_dict({})), "00_small", "small"
    )
    steps = steps_of(lesson, solution_submission(lesson), True)
    results = {step.key: StepResult("ok") for step in steps}
    keys = [step.key for step in with_solutions(lesson, steps, results, {"last"})]
    others = [key for key in keys if key != "training"]
    assert others == ["first", GIVEN + "first", "begun", "last", "last_hidden"]
    return "training" in keys


@pytest.mark.parametrize(
    ("body", "training"),
    [
        ("return trained", "trained = first(1)"),
        ("return model", "model.append(first(1))"),  # no new name, but another meaning
        ("return helper(x)", "trained = first(1)\n\ndef helper(x):\n    return trained"),
        ("return eval('train' + 'ed') or 'trained'", "trained = first(1)"),
    ],
)
def test_a_training_runs_again_for_what_it_makes(body, training):
    assert trained_again(body, training)


def test_a_training_does_not_run_again_for_nothing():
    assert not trained_again("return first(x)", "trained = first(1)")


def test_a_quick_cell_always_runs_again():
    assert trained_again("return first(x)", "trained = first(1)", seconds=0)
