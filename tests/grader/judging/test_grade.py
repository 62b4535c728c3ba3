"""Grading as a whole: a mistake costs the exercise that made it, and nothing else does."""

from __future__ import annotations

import matplotlib  # noqa: F401  (each forked run would import it again)
import pytest

from course.grader.judging.causes import unwritten
from course.grader.judging.flags import flags_of
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.kernel.steps import Settings, StepResult
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import Submission, rebuild, solution_submission
from tests.conftest import exercise_cells, small_notebook

STUB = "def {name}(x):\n    # TODO: write your code here\n    raise NotImplementedError"
SETTINGS = Settings(11)
DOUBLE, QUADRUPLE = "def double(x):\n    return 2 * x", "def quadruple(x):\n    return 4 * x"
BUILT = "def quadruple(x):\n    return double(double(x))"


def references_of(lesson):
    steps = steps_of(lesson, solution_submission(lesson))
    results = run_inprocess(steps, Settings(11, reference=True))
    return {s.exercise: read(results[s.key].emissions[0]) for s in steps if s.hidden}


@pytest.fixture(scope="module")
def lesson():
    return parse_lesson(small_notebook(), "00_small", "small")


@pytest.fixture(scope="module")
def references(lesson):
    return references_of(lesson)


def submission_of(lesson, **sources: str) -> Submission:
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role == "solution" and cell.exercise in sources:
            cell.source = cell.node.source = sources[cell.exercise]
    return submission


class Recorder:
    """The in-process runner, which counts its runs and keeps their steps."""

    def __init__(self):
        self.runs = []

    def __call__(self, steps, settings):
        self.runs.append(list(steps))
        return run_inprocess(steps, settings)


def graded(lesson, references, run=run_inprocess, **sources):
    return grade(lesson, submission_of(lesson, **sources), references, run, SETTINGS)


@pytest.mark.parametrize(
    ("double", "quadruple", "points", "followed", "runs"),
    [
        (DOUBLE, BUILT, (2, 2), False, 1),
        (DOUBLE, QUADRUPLE, (2, 2), False, 1),
        ("def double(x):\n    return 3 * x", BUILT, (0, 2), True, 2),
        (
            "def double(x):\n    return 3 * x",
            "def quadruple(x):\n    return 5 * x",
            (0, 0),
            False,
            1,
        ),
        (
            "def double(x):\n    return 3 * x",
            "def quadruple(x):\n    return 5 * double(x)",
            (0, 0),
            False,
            2,
        ),
        (STUB.format(name="double"), BUILT, (0, 2), True, 2),
        (STUB.format(name="double"), STUB.format(name="quadruple"), (0, 0), False, 1),
        (DOUBLE, STUB.format(name="quadruple"), (2, 0), False, 1),
        ("", "", (0, 0), False, 1),
        ("def double(", BUILT, (0, 2), True, 2),
        ("1 / 0", BUILT, (0, 2), True, 2),
        ("def double(x):\n    raise SystemExit", BUILT, (0, 2), True, 2),
        (
            STUB.format(name="double"),
            BUILT + "\n    raise NotImplementedError",
            (0, 2),
            True,
            2,
        ),
    ],
)
def test_a_mistake_costs_its_own_exercise(
    lesson, references, double, quadruple, points, followed, runs
):
    recorder = Recorder()
    result = graded(lesson, references, recorder, double=double, quadruple=quadruple)
    assert tuple(v.points for v in result.verdicts.values()) == points
    assert result.verdicts["quadruple"].follow_through == followed
    assert not result.verdicts["double"].follow_through
    assert len(recorder.runs) == runs
    assert result.points == sum(points)
    assert result.maximum == 4


def test_no_solution_is_in_the_kernel_before_its_exercise_is_judged(lesson, references):
    recorder = Recorder()
    graded(lesson, references, recorder, double="def double(x):\n    return x", quadruple=BUILT)
    keys = [step.key for step in recorder.runs[1]]
    assert keys == ["imports", "double", "given:double", "quadruple", "quadruple_hidden"]
    assert not any(key.startswith("given:") for key in [s.key for s in recorder.runs[0]])


def test_the_first_run_stays_when_the_second_is_worse(lesson, references):
    own = "def double(x):\n    return 3 * x"
    twice = "def quadruple(x):\n    return double(x) * 4 / 3"
    result = graded(lesson, references, double=own, quadruple=twice)
    assert result.verdicts["quadruple"].points == 2
    assert not result.verdicts["quadruple"].follow_through


DOES_NOT_RUN = "the cell does not run: "
RAISES = "def double(x):\n    if len(x):\n        raise NotImplementedError('odd sizes')\n    return 2 * x"
CAUSES = {
    "syntax": (
        {"double": "def double(x):\n    y = 2\n    return (y * x"},
        {"double": DOES_NOT_RUN + "SyntaxError: '(' was never closed, line 3: return (y * x"},
    ),
    "indentation": (
        {"double": "def double(x):\n  y = 2\n    return y"},
        {"double": DOES_NOT_RUN + "IndentationError: unexpected indent, line 3: return y"},
    ),
    "an error before the definition": (
        {"double": "1 / 0\ndef double(x):\n    return x"},
        {"double": DOES_NOT_RUN + "ZeroDivisionError: division by zero"},
    ),
    "a name that is not the exercise's": (
        {"double": "def double(x):\n    return numpi.sum(x)"},
        {"double": "NameError"},
    ),
    "not begun": ({"double": STUB.format(name="double")}, {"double": "not written yet"}),
    "raised by the student's own code": ({"double": RAISES}, {"double": "NotImplementedError"}),
    "both not begun": (
        {name: STUB.format(name=name) for name in ("double", "quadruple")},
        {"double": "not written yet", "quadruple": "not written yet"},
    ),
    "built on an exercise that is wrong": (
        {"double": RAISES, "quadruple": "def quadruple(x):\n    return double(x) + 1"},
        {"double": "NotImplementedError"},
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_true_cause_is_named(lesson, references, name):
    sources, causes = CAUSES[name]
    verdicts = graded(lesson, references, **sources).verdicts
    for exercise, cause in causes.items():
        assert verdicts[exercise].points == 0
        assert verdicts[exercise].cause.startswith(cause)


@pytest.mark.parametrize("text", [None, b"", b"[]", b"\xff\xfe\x00"])
def test_an_unreadable_notebook_earns_nothing_and_says_so(lesson, references, text):
    result = grade(lesson, rebuild(lesson, None, text), references, run_inprocess, SETTINGS)
    assert result.points == 0
    assert all("cannot be read" in v.cause for v in result.verdicts.values())


def test_steps_leave_out_demos_answers_and_empty_cells(lesson):
    submission = solution_submission(lesson)
    submission.cells[1].role = "demo"
    submission.cells[2].source = " \n"
    keys = [step.key for step in steps_of(lesson, submission)]
    assert keys == [
        "double_visible",
        "double_hidden",
        "quadruple",
        "quadruple_visible",
        "quadruple_hidden",
    ]


def test_time_limits_follow_the_solution(lesson, references):
    recorder = Recorder()
    seconds = {"double": 0.01, "double_hidden": 1.0, "quadruple_hidden": 99.0}
    grade(lesson, solution_submission(lesson), references, recorder, SETTINGS, seconds)
    limits = {step.key: step.seconds for step in recorder.runs[0]}
    assert limits["double"] == 10
    assert limits["double_hidden"] == 20
    assert limits["quadruple_hidden"] == 30


def test_a_cell_that_was_stopped_is_left_out_of_the_second_run(lesson, references):
    runs = []

    def run(steps, settings):
        runs.append([step.key for step in steps])
        kept = [s for s in steps if s.exercise != "double"]
        results = run_inprocess(kept, settings)
        for step in steps:
            cause = "stopped after 10 s in the cell double"
            status = "stopped" if step.key == "double" else "skipped"
            results.setdefault(step.key, StepResult(status, cause=cause))
        return results

    result = graded(lesson, references, run, quadruple=BUILT)
    assert "double" not in runs[1]
    assert result.verdicts["double"].cause.startswith("stopped after")
    assert any("stopped" in note for note in result.notes)


WALK = """
def double(x):
    import sys
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if type(value).__name__ in ("Case", "Emission"):
                value.reference = True
        if "_current" in frame.f_globals:
            frame.f_globals["_current"].reference = True
        frame = frame.f_back
    return x
"""
PATCH = """
import numpy, json, course.emission
numpy.savez = lambda *a, **k: 1 / 0
json.dumps = lambda *a, **k: "{}"
def double(x):
    return 2 * x
"""
EARLY = """
import course.emission as e
real = e.collect
e.collect = lambda *a, **k: real("", {}, exercise="double", seed=0)
def double(x):
    return x
"""


@pytest.mark.parametrize("hostile", [WALK, PATCH, EARLY], ids=["frames", "patches", "forged"])
def test_hostile_code_in_one_cell_earns_nothing(lesson, references, hostile):
    result = graded(lesson, references, double=hostile)
    assert result.verdicts["double"].points == 0
    assert result.verdicts["double"].flags


PREDICT = """
from course.emission import cases

@cases({"N": 6})
def hidden(case):
    x = case.normal("N")
    case.predict("label", guess(x), truth=lambda: (x > 0) * 1.0, compare="accuracy", bar=1.0)
"""
SOLVE = "def guess(x):\n    ### BEGIN SOLUTION\n    return (x > 0) * 1.0\n    ### END SOLUTION"


def test_the_truth_of_predictions_cannot_be_had_by_posing_as_the_reference():
    notebook = small_notebook()
    notebook.cells += exercise_cells("guess", SOLVE, PREDICT)
    lesson = parse_lesson(notebook, "00_small", "small")
    references = references_of(lesson)
    walk = WALK.replace("double", "guess")
    result = graded(lesson, references, guess=walk)
    assert result.verdicts["guess"].points == 0
    assert graded(lesson, references).verdicts["guess"].full


FLAGS = {
    "def double(x):\n    return torch.nn.LSTM(1, 1)(x)": {"uses torch.nn.LSTM"},
    "from torch import nn\ndef double(x):\n    return nn.GRUCell(1, 1)(x)": {
        "uses torch.nn.GRUCell"
    },
    "import torch.nn.functional as G\ndef double(x):\n    return G.softmax(x)": {
        "uses torch.nn.functional.softmax"
    },
    "from torch.nn.functional import *\ndef double(x):\n    return 2 * x": {
        "uses torch.nn.functional.*"
    },
    "def double(x):\n    return F.scaled_dot_product_attention(x, x, x)": {
        "uses torch.nn.functional.scaled_dot_product_attention"
    },
    "def double(x):\n    (x * x).sum().backward()\n    return x.grad": {"uses .backward"},
    "def double(x):\n    return torch.autograd.grad(x, x)": {"uses torch.autograd.grad"},
    "import numpy as n\ndef double(x):\n    return n.gradient(x)": {"uses numpy.gradient"},
    "from scipy.special import softmax as s\ndef double(x):\n    return s(x)": {
        "uses scipy.special.softmax"
    },
    "import sklearn.metrics\ndef double(x):\n    return 1": {"uses sklearn.metrics"},
    "import sys\ndef double(x):\n    return sys._getframe()": {"uses sys._getframe"},
    "def double(x):\n    return eval('2 * x')": {"uses eval"},
    "def double(x):\n    return helper(x)": {"uses torch.nn.MultiheadAttention"},
    "stream = get_ipython().kernel.shell_stream": {"uses get_ipython"},
    "import socket\ndef double(x):\n    return socket.socket()": {
        "uses socket",
        "uses socket.socket",
    },
    "from course.worked.tagging import _counted as double": {"uses course.worked.tagging._counted"},
    "def double(x):\n    gc = inspect = x\n    model.eval()\n    return gc": set(),
    "# torch.nn.LSTM\ndef double(x):\n    'F.softmax'\n    return 2 * x": set(),
    "%%time\ndef double(x):\n    return torch.nn.RNN(1, 1)": {"uses torch.nn.RNN"},
    "def double(": set(),
    "a\0": set(),
    "x" + ".a" * 20_000: set(),
}


@pytest.mark.parametrize("source", FLAGS, ids=range(len(FLAGS)))
def test_library_shortcuts_are_flagged(lesson, source):
    submission = submission_of(lesson, double=source)
    helper = "import torch\ndef helper(x):\n    return torch.nn.MultiheadAttention(1, 1)(x)"
    submission.cells[1].role, submission.cells[1].source = "extra", helper
    flags, notes = flags_of(lesson, submission)
    assert set(flags.get("double", ())) == FLAGS[source]
    assert "quadruple" not in flags
    assert notes == []


def test_what_the_solution_uses_itself_is_no_shortcut():
    notebook = small_notebook()
    own = "def double(x):\n    ### BEGIN SOLUTION\n    return x.softmax(-1)\n    ### END SOLUTION"
    next(c for c in notebook.cells if c.id == "double").source = own
    lesson = parse_lesson(notebook, "00_small", "small")
    other = "import torch\ndef double(x):\n    return torch.softmax(x, -1)"
    assert flags_of(lesson, submission_of(lesson, double=other)) == ({}, [])


@pytest.mark.parametrize("own", [True, False])
def test_what_runs_is_remarked_on_unless_the_solution_runs_it_too(own):
    soft = "getattr(torch, 'soft' + 'max')(torch.tensor(x), -1).numpy()"
    plain = "np.exp(x) / np.exp(x).sum(-1, keepdims=True)"
    notebook = small_notebook()
    cell = next(c for c in notebook.cells if c.id == "double")
    solution = f"import torch\ndef double(x):\n    return {soft if own else plain}"
    cell.source = solution.replace("return", "### BEGIN SOLUTION\n    return")
    cell.source += "\n    ### END SOLUTION"
    lesson = parse_lesson(notebook, "00_small", "small")
    hidden = f"import torch\ndef double(x):\n    return {soft}"
    result = graded(lesson, references_of(lesson), double=hidden)
    assert result.verdicts["double"].full
    assert ("runs torch.softmax" in result.verdicts["double"].flags) == (not own)


def test_flags_do_not_change_the_score(lesson, references):
    result = graded(lesson, references, double="import gc\ndef double(x):\n    return 2 * x")
    assert result.verdicts["double"].full
    assert result.verdicts["double"].flags == ("uses gc",)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (STUB.format(name="double"), True),
        (STUB.format(name="double") + "\n\n\n# thinking\n", True),
        ("", True),
        (DOUBLE, False),
        (DOUBLE + "\n    raise NotImplementedError", False),
        ("def double(x):\n    y = 1\n    raise NotImplementedError", False),
    ],
)
def test_an_exercise_that_was_not_begun_is_recognised(lesson, source, expected):
    found = unwritten(lesson, submission_of(lesson, double=source))
    assert ("double" in found) == expected


def test_a_cell_that_gives_reason_for_many_remarks_gets_some_of_them(lesson, references):
    lines = "\n".join(f"    gc.a{i}{'b' * 500}" for i in range(500))
    code = f"import gc\n\ndef double(x):\n    return 2 * x\n\ndef other():\n{lines}"
    flags = graded(lesson, references, double=code).verdicts["double"].flags
    assert flags[0] == "uses gc" and flags[-1] == "and 471 more remarks"
    assert len(flags) == 31 and max(map(len, flags)) <= 120
