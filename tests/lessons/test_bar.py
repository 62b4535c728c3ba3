"""The bar's own tools: what a cell leaves is seen, harm is found, a missing device shows."""

from __future__ import annotations

import io
import threading

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell
from torch import nn
from tqdm import tqdm

from course.grader.kernel.trusted import fork
from course.grader.notebooks.answers import Answers
from tests.conftest import HIDDEN_DOUBLE, SOLVE_DOUBLE, exercise_cells, small_notebook
from tests.support import mutation, state
from tests.support.pretend import pretend

DOUBLE = "def double(x):\n    return 2 * x"
WRONG = {
    "double": {
        "three times": "def double(x):\n    return 3 * x",
        "survives": DOUBLE,
        "leaves a patched library": "from course import emission\n"
        "emission.Case.call = lambda *a, **k: None\ndef double(x):\n    return 3 * x",
        "hides a built-in": "def double(x):\n    return 3 * x\n\n"
        "def callable(x):\n    raise ValueError",
        "leaves other names": "mine = 1\ndef double(x):\n    return 3 * x",
    },
    "quadruple": {"twice": "def quadruple(x):\n    return double(x)"},
}
RIGHT = {
    "double": {
        "added": "def double(x):\n    return x + x",
        "false alarm": "def double(x):\n    return 2.001 * x",
        "right until asked again": "calls = []\ndef double(x):\n    calls.append(1)\n"
        "    return 2 * x if len(calls) <= 2 else None",
    },
    "quadruple": {"four times": "def quadruple(x):\n    return 4 * x"},
}
TYPICAL = {
    "double": {
        "nothing": ("def double(x):\n    return x.copy()", 0, 0),
        "one slip": ("def double(x):\n    x *= 2\n    return x", 0.4, 0.9),
        "point missed": ("def double(x):\n    return 3 * x", 0.5, 1),
    }
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict:
    """What the bar says about variants of the small lesson."""
    path = tmp_path_factory.mktemp("bar") / "00_small" / "small.ipynb"
    path.parent.mkdir()
    nbformat.write(small_notebook(), path)
    with pytest.MonkeyPatch.context() as patch:
        bank = Answers(WRONG, RIGHT, {}, TYPICAL)
        patch.setattr(mutation, "answers_for", lambda path: bank)
        _, connection = fork(lambda c: mutation.Notebook(path, [1, 2, 3]).run(c))
        found = {}
        while (message := connection.recv()) is not None:
            found[message[0]] = message[1]
    return found


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (("solution", "double", ""), ""),
        (("solution", "quadruple", ""), ""),
        (("wrong", "double", "three times"), ""),
        (("wrong", "double", "leaves other names"), ""),
        (("wrong", "double", "hides a built-in"), ""),
        (("wrong", "double", "survives"), "SURVIVES"),
        (("wrong", "double", "leaves a patched library"), "HARMS quadruple"),
        (("wrong", "quadruple", "twice"), ""),
        (("right", "double", "added"), ""),
        (("right", "double", "false alarm"), "FALSE ALARM"),
        (("right", "double", "right until asked again"), "HARMS quadruple"),
        (("right", "quadruple", "four times"), ""),
        (("typical", "double", "nothing"), ""),
        (("typical", "double", "one slip"), ""),
        (("typical", "double", "point missed"), "EARNS"),
    ],
    ids="/".join,
)
def test_every_variant_is_judged_rightly(outcomes, key, words):
    problem = outcomes[key].problem
    assert words in problem if words else not problem, problem


LEARN = "def learn(rows):\n    ### BEGIN SOLUTION\n    return [2 * x for x in rows]\n    ### END SOLUTION"
EXAM = """
from course.emission import cases

@cases({})
def hidden(case):
    case.attempt("alone", lambda: learn([3]), part="alone")
    case.attempt("model", lambda: model, part="model")
"""
ASKS_THE_MODEL = HIDDEN_DOUBLE.replace("case.call", "case.emit('model', model[0])\n    case.call")
TOLD_AT_ONCE = "def learn(rows):\n    return [3 * x for x in rows]"
TOLD_BY_THE_EXAM = "def learn(rows):\n    return [2 * x for x in rows[:1]]"


@pytest.mark.parametrize(
    ("visible", "later", "trainings", "harmful"),
    [
        ("assert callable(learn)", HIDDEN_DOUBLE, ["exam"], []),
        ("assert callable(learn)", ASKS_THE_MODEL, ["at once", "exam"], ["at once"]),
        ("assert learn([1]) == [2], 'no'\nassert model, 'none'", HIDDEN_DOUBLE, ["exam"], []),
        ("assert model[1:] != [7], 'none'", HIDDEN_DOUBLE, ["at once", "exam"], []),
    ],
    ids=["nobody asks the model", "a later test asks it", "heard before", "heard of the model"],
)
def test_what_is_refused_before_a_training_is_not_trained(
    visible, later, trainings, harmful, tmp_path, monkeypatch
):
    """Unless an exercise after it, or its own visible test, could meet its model."""
    log, path = tmp_path / "log", tmp_path / "00_small" / "small.ipynb"
    learn = exercise_cells("learn", LEARN, EXAM)
    learn[1].source = visible
    training = new_code_cell(
        f"model = learn([1, 2])\nopen({str(log)!r}, 'a').write(f'{{model}}\\n')",
        id="training",
        metadata={"exercise": {"seconds": 90}},
    )
    notebook = small_notebook()
    double = exercise_cells("double", SOLVE_DOUBLE, later)
    notebook.cells = [notebook.cells[1], learn[0], training, *learn[1:], *double]
    path.parent.mkdir()
    nbformat.write(notebook, path)
    wrong = {"learn": {"at once": TOLD_AT_ONCE, "exam": TOLD_BY_THE_EXAM}}
    right = {"learn": {"list": "def learn(rows):\n    return list(2 * np.array(rows))"}}
    monkeypatch.setattr(mutation, "answers_for", lambda path: Answers(wrong, right, {}, {}))
    _, connection = fork(lambda c: mutation.Notebook(path, [1, 2, 3]).run(c))
    outcomes = dict(iter(connection.recv, None))
    problems = {name: outcome.problem for (_, _, name), outcome in outcomes.items()}
    assert [name for name, problem in problems.items() if problem] == harmful
    assert all("HARMS double" in problems[name] for name in harmful)
    made = {"at once": "[3, 6]", "exam": "[2]"}
    seen = set(log.read_text().splitlines())
    assert [name for name, line in made.items() if line in seen] == trainings


def made(source: str, name: str = "f"):
    namespace = {"__name__": "__main__", "np": np, "torch": torch, "nn": nn}
    exec(source, namespace)
    return namespace[name]


THINGS = {
    "a function": "def f(x): return x + 1",
    "another constant": "def f(x): return x + 2",
    "another default": "def f(x=1): return x + 1",
    "an attribute": "def f(x): return x + 1\nf.calls = 3",
    "a closure": "def g(y):\n    return lambda x: x + y\nf = g(1)",
    "another closure": "def g(y):\n    return lambda x: x + y\nf = g(2)",
    "a class": "class f:\n    a = 1",
    "another class": "class f:\n    a = 2",
    "a method more": "class f:\n    a = 1\n    def b(self): pass",
    "an array": "f = np.arange(3.0)",
    "another array": "f = np.arange(3.0) + [0, 0, 1e-9]",
    "another dtype": "f = np.arange(3)",
    "a tensor": "f = torch.arange(3.0)",
    "another tensor": "f = torch.arange(3.0).requires_grad_()",
    "a module": "torch.manual_seed(0)\nf = nn.Linear(2, 2)",
    "a trained module": "torch.manual_seed(0)\nf = nn.Linear(2, 2)\nf.weight.data += 1e-6",
    "a list": "f = [1, 'a', np.ones(2)]",
    "another list": "f = [1, 'a', np.ones(3)]",
    "a long list": "class F:\n    pass\nf = F()\nf.rows = [[str(i)] for i in range(500)]",
    "another long list": "class F:\n    pass\nf = F()\nf.rows = [[i] for i in range(500)]",
    "a long list of arrays": "f = [np.ones(2)] * 500",
    "another long list of arrays": "f = [np.ones(2)] * 499 + [np.zeros(2)]",
}


def test_a_digest_tells_things_apart_and_knows_them_again():
    first = {name: state.digest(made(source)) for name, source in THINGS.items()}
    again = {name: state.digest(made(source)) for name, source in THINGS.items()}
    assert first == again
    assert len(set(first.values())) == len(THINGS)


def test_a_progress_bar_leaves_nothing_and_a_thread_does():
    before, end = state.snapshot({}, []), threading.Event()
    assert list(tqdm(range(3), file=io.StringIO())) == [0, 1, 2]
    assert state.snapshot({}, []) == before
    waiting = threading.Thread(target=end.wait)
    waiting.start()
    assert state.snapshot({}, []) != before
    end.set()
    waiting.join()


def test_a_patched_library_is_seen(monkeypatch):
    before = state.library_attributes()
    assert not state.patched(before)
    monkeypatch.setattr(nn.functional, "relu", abs)
    monkeypatch.setattr(nn.Linear, "forward", abs)
    assert state.patched(before) == {
        "torch.nn.functional.relu",
        "torch.nn.modules.linear.Linear.forward",
    }


RIGHT_THERE = [
    "return x + torch.zeros(x.shape, device=x.device)",
    "return x + torch.zeros_like(x) + x.new_ones(1)",
    "return x * torch.arange(4).to(x.device)",
    "return x * torch.tensor([1.0, 2.0, 3.0, 4.0], device=x.device)",
    "return x + torch.tensor(2.0)",
    "return x[x > 0].sum() + float(x.sum()) + len(x.tolist())",
    "out = torch.empty_like(x)\n    out[:, 0] = torch.ones(4)\n    return out",
    "return nn.GRU(4, 5).to(x.device)(x)[0]",
    "return nn.LSTM(4, 5, 2, bidirectional=True).to(x.device)(x)[0]",
    "return nn.LSTMCell(4, 5).to(x.device)(x[0])[0]",
    "p = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]), batch_first=True)\n"
    "    return nn.utils.rnn.pad_packed_sequence(p, batch_first=True)[0]",
]
WRONG_THERE = [
    "return x + torch.zeros(2, 3, 4)",
    "return torch.cat([x, torch.zeros(2, 3, 4, dtype=x.dtype)])",
    "return torch.where(torch.ones(2, 3, 4, dtype=torch.bool), x, 0)",
    "return nn.GRU(4, 5)(x)[0]",
    "return nn.LSTMCell(4, 5).to(x.device)(x[0], (torch.zeros(3, 5), torch.zeros(3, 5)))[0]",
    "return torch.from_numpy(x.numpy())",
]


@pytest.mark.parametrize("source", RIGHT_THERE)
def test_right_code_runs_on_a_device_that_is_none(source):
    function = made(f"def f(x):\n    {source}")
    with pretend() as device:
        x = torch.rand(2, 3, 4, device=device).requires_grad_()
        result = function(x)
        assert result.device.type == device
        if result.requires_grad:
            result.sum().backward()
            assert x.grad.cpu().isfinite().all()


@pytest.mark.parametrize("source", WRONG_THERE)
def test_a_missing_device_is_an_error(source):
    function = made(f"def f(x):\n    {source}")
    function(torch.rand(2, 3, 4))
    with pretend() as device, pytest.raises((RuntimeError, TypeError)):
        function(torch.rand(2, 3, 4, device=device))
