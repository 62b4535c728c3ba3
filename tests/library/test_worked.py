"""Visible tests of one line: they find the exercise, name misconceptions, and leave nothing."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
import torch

from course import worked
from course.checks import CheckFailed, require
from course.worked.trial import AGAIN, Recording, Showing, Shown, Trial, decoded, encoded

X = np.array([[1.0, -2.0], [0.5, 3.0]])


def step(t, step):
    t.check(step, {"x": X}, "y, cache", ignore="cache")


def sequence(t, sequence, step):
    require(step(X)[0].shape == (2, 2), "step is not right")
    t.compare("sequence: y", sequence(X))


def _helper(t):
    raise AssertionError("a helper is no example")


def right(x):
    return 2 * x + 1, None


WRONG = {
    "The 1 is missing.": lambda x: (2 * x, None),
    "The factor is missing.": lambda x: (x + 1, None),
    "The factor is not there.": lambda x: (x + np.ones_like(x), None),
}


def recorded(function):
    trial = Recording("step")
    step(trial, function)
    return trial.returned


@pytest.fixture
def stored():
    """What is stored of `step`, and of `sequence`, which is `step` without a cache."""
    truth = recorded(right)
    wrong = {name: recorded(function) for name, function in WRONG.items()}
    again = {"right": {"1 sequence: y": truth["1 y"]}, "wrong": {}}
    return {"step": {"right": truth, "wrong": wrong}, "sequence": again}


@pytest.fixture
def notebook(monkeypatch, stored):
    """A module of examples named ``course.worked.small`` and its stored data."""
    module = types.ModuleType("course.worked.small")
    for function in (step, sequence, _helper):
        own = types.FunctionType(function.__code__, globals(), function.__name__)
        own.__module__ = module.__name__
        setattr(module, function.__name__, own)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(worked, "load", lambda name: stored)
    return "small"


def heard(notebook, answer, **names) -> str:
    """What ``check(answer)`` says; names are the notebook's."""
    try:
        worked.of(notebook, names)(answer)
    except CheckFailed as error:
        return str(error)
    return ""


def test_a_right_answer_is_told_so(notebook, capsys):
    assert heard(notebook, right, step=right) == ""
    assert capsys.readouterr().out == "✓ right: y (2, 2)\n"


def test_a_misconception_is_named(notebook):
    function = WRONG["The 1 is missing."]
    assert heard(notebook, function, step=function).endswith("differ). The 1 is missing.")


def test_misconceptions_that_return_the_same_are_both_named(notebook):
    function = WRONG["The factor is missing."]
    said = heard(notebook, function, step=function)
    assert said.endswith("Either: The factor is missing. Or: The factor is not there.")


def test_what_nobody_knows_is_told_by_its_values(notebook):
    said = heard(notebook, lambda x: (7 * x + 2, None), step=None)
    assert "is no exercise of this notebook" in said

    def unknown(x):
        return (7 * x + 2, None)

    said = heard(notebook, unknown, step=unknown)
    assert "differs first at [0, 0]" in said and "missing" not in said


def test_what_the_second_call_does_not_repeat_is_called_random_or_kept(notebook):
    calls = []

    def kept(x):
        calls.append(x)
        return x + len(calls), None

    assert heard(notebook, kept, step=kept).endswith(AGAIN)
    assert AGAIN not in heard(notebook, WRONG["The 1 is missing."], step=None)


def test_it_remembers_which_answers_have_passed(notebook, capsys):
    check = worked.of(notebook, {"step": right})
    assert not check.passed(right)
    assert capsys.readouterr().out == "○ right is optional, and has not passed its check yet.\n"
    with pytest.raises(CheckFailed):
        worked.of(notebook, {"step": unwritten})(unwritten)
    check(right)
    capsys.readouterr()
    assert check.passed(right) and capsys.readouterr().out == ""
    assert not check.passed(unwritten)


@pytest.mark.parametrize("name", ["step", "other"])
def test_an_answer_is_found_by_the_name_that_it_has_in_the_notebook(notebook, name):
    def step(x):
        return right(x)

    assert heard(notebook, step, **{name: step}) == ""


@pytest.mark.parametrize("thing", [None, 5, "step"])
def test_what_is_no_exercise_is_said(notebook, thing):
    assert "is no exercise of this notebook. There are: step, sequence." in heard(notebook, thing)


def test_an_example_that_was_never_stored_or_has_changed_says_what_to_run(notebook, stored):
    del stored["step"]["right"]["1 y"]
    with pytest.raises(LookupError, match=r"step: '1 y' is not stored yet: run `make worked`"):
        worked.of(notebook, {"step": right})(right)
    del stored["step"]
    with pytest.raises(LookupError, match="run `make worked`"):
        worked.of(notebook, {"step": right})(right)


def unwritten(x):
    raise NotImplementedError


def test_an_exercise_that_is_not_written_says_so(notebook):
    assert heard(notebook, unwritten, step=unwritten) == (
        "step is not written yet: replace the TODO above. "
        'Stuck for good? from course import rescue; step = rescue("step")'
    )


def test_an_exercise_that_builds_on_one_that_is_not_written_says_which(notebook):
    def step(x):
        raise NotImplementedError

    def sequence(x):
        return step(x)[0]

    said = heard(notebook, sequence, step=step, sequence=sequence)
    assert said == (
        "sequence builds on step, which is not written yet. "
        'Stuck for good? from course import rescue; step = rescue("step")'
    )
    said = heard(notebook, sequence, sequence=sequence)
    assert "tried together with step, which is not defined yet" in said


def test_a_changed_argument_and_a_lost_dtype_are_seen(notebook):
    def changes(x):
        result = 2 * x + 1
        x += 1
        return result, None

    assert "changed its argument x" in heard(notebook, changes, step=changes)

    def wide(x):
        return (2 * x.astype(float) + 1, None)

    assert "dtype float64 for float32" in heard(notebook, wide, step=wide)

    def narrow(x):
        return (2 * x + 1).astype(np.float32), None

    assert "dtype float32; on this example it must be float64" in heard(
        notebook, narrow, step=narrow
    )


def test_an_array_that_all_calls_share_is_seen():
    shared = np.zeros(2)

    def f(x):
        shared[:] = 2 * x
        return shared

    trial = Trial("f", {"right": {"1 y": np.array([2.0, 4.0]), "2 y": np.array([6.0, 8.0])}})
    trial.check(f, {"x": np.array([1.0, 2.0])}, "y", float32=False)
    with pytest.raises(CheckFailed, match="Make a new one in each call"):
        trial.check(f, {"x": np.array([3.0, 4.0])}, "y", float32=False)


def test_the_example_is_shown_without_a_call(notebook, capsys):
    check = worked.of(notebook, {"step": unwritten})
    check.example(unwritten)
    shown = capsys.readouterr().out
    assert "unwritten(x)" in shown and "must return y" in shown and "-3." in shown


@pytest.mark.parametrize("value", [np.array([[True], [False]]), 5, torch.ones(2), ["a"], None])
def test_arguments_of_every_kind_are_shown(value, capsys):
    with pytest.raises(Shown):
        Showing("f", {}).check(unwritten, {"mask": value}, "y")
    assert "mask = " in capsys.readouterr().out


def test_a_check_leaves_the_notebook_as_it_is(notebook):
    names = {"step": right}
    worked.of(notebook, names)(right)
    assert names == {"step": right}


@pytest.mark.parametrize(
    "value",
    [
        *(1, 2.5, True, None, "text", float("inf"), float("nan"), np.float32(1.5), np.int64(3)),
        *(np.arange(6).reshape(2, 3), np.array([True, False]), np.array([1.5, np.nan])),
        *(torch.arange(3), torch.ones(2, 2).double(), [1.0, [2.0]], (1, "a"), {"a": np.ones(1)}),
        np.zeros((0, 2)),
    ],
    ids=repr,
)
def test_stored_values_come_back(value):
    back = decoded(json.loads(json.dumps(encoded(value))))
    assert type(back) is type(value)
    if isinstance(value, np.ndarray | torch.Tensor):
        assert back.dtype == value.dtype and back.shape == value.shape
        np.testing.assert_array_equal(np.asarray(back), np.asarray(value))
    elif value == value:
        assert back == value


@pytest.mark.parametrize("value", [object(), np.array(["a"]), np.array([1j]), {1}])
def test_what_cannot_be_stored_is_refused(value):
    with pytest.raises(TypeError):
        encoded(value)


def test_values_are_compared_in_order_and_each_call_has_its_own():
    trial = Recording("f")
    trial.compare("f: a", 1.0)
    trial.compare("f: a", 2.0)
    again = Trial("f", {"right": trial.returned})
    again.compare("f: a", 1.0)
    with pytest.raises(CheckFailed, match="is 1; on this example it must be 2"):
        again.compare("f: a", 1.0)
