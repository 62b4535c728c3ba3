"""Visible tests say one precise thing: the first that a student should mend."""

from __future__ import annotations

import contextlib
import functools
import re
from collections import namedtuple

import numpy as np
import pytest
import torch

from course import beside, checks
from course.checks import CheckFailed, compare, require
from course.worked.trial import Trial

ANYTHING = object()
"""Stands for a returned value that is not compared."""


def check(function, args, returns, **options):
    """Try a function on one example, with these right values."""
    free = ", ".join(key for key, value in returns.items() if value is ANYTHING)
    trial = Trial("f", {"right": {f"1 {key}": value for key, value in returns.items()}})
    return trial.check(function, args, ", ".join(returns), ignore=free, **options)


X = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
WANT = 2 * X + 1


def solution(x):
    return 2 * x + 1


def message(function, returns=None, **options) -> str:
    """What the check says about a function (empty when it is right)."""
    try:
        check(
            function, {"x": X}, {"y": WANT} if returns is None else returns, quiet=True, **options
        )
    except CheckFailed as error:
        return str(error)
    return ""


def no_return(x):
    2 * x + 1


def in_place(x):
    x *= 2
    return x + 1


def forced(x):
    return 2 * x.astype(float) + 1


def with_nan(x):
    return np.where(x > 2, np.nan, 2 * x + 1)


WRONG = {
    "no_return returned None: is there a `return`": no_return,
    "must be a NumPy array; yours is a PyTorch tensor": lambda x: torch.tensor(2 * x + 1),
    "must be a NumPy array; yours is a list of 2": lambda x: (2 * x + 1).tolist(),
    "must be a NumPy array; yours is float": lambda x: float(x.sum()),
    "has shape (3, 2); it must be (2, 3). It looks transposed": lambda x: (2 * x + 1).T,
    "has shape (2, 1, 3); it must be (2, 3). There is an axis of length 1 too many": (
        lambda x: (2 * x + 1)[:, None]
    ),
    "has shape (3,); it must be (2, 3). An axis is missing": lambda x: x.sum(0),
    "has shape (2, 2); it must be (2, 3).": lambda x: x[:, :2],
    "has values that are not finite": with_nan,
    "differs first at [0, 0]: yours is -3, it must be 3 (6 of 6 values differ). The sign": (
        lambda x: -(2 * x + 1)
    ),
    "Every value is 0.5 times what it must be: a constant factor": lambda x: x + 0.5,
    "differs first at [1, 2]: yours is 0, it must be 7 (1 of 6": (
        lambda x: np.where(x > 2, 0, 2 * x + 1)
    ),
    "changed its argument x in place": in_place,
    "y has dtype float64 for float32 input": forced,
    "the right values but dtype int64; it must hold floats": lambda x: (2 * x + 1).astype(int),
    "must hold plain numbers; yours has dtype object": lambda x: (2 * x + 1).astype(object),
    "must take the arguments (x); yours takes (x, h)": lambda x, h: x,
    "must take the arguments (x); yours takes ()": lambda: X,
}


@pytest.mark.parametrize("says", WRONG)
def test_every_kind_of_problem_has_its_sentence(says):
    function, returns = WRONG[says], {"y": WANT}
    if "the right values but" in says:
        returns = {"y": np.round(WANT)}
        function = functools.wraps(solution)(lambda x: np.round(2 * x + 1).astype(int))
    assert says in message(function, returns)


@pytest.mark.parametrize(
    "function",
    [
        solution,
        lambda x: np.add(2 * x, 1),
        lambda x: np.asfortranarray(2 * x + 1),
        lambda x: np.stack([2 * row + 1 for row in x]),
        functools.partial(lambda k, x: k * x + 1, 2),
        np.vectorize(lambda v: 2 * v + 1, signature="()->()"),
        lambda *args: 2 * args[0] + 1,
        lambda x, extra=None: 2 * x + 1,
    ],
)
def test_right_functions_of_every_kind(function):
    assert message(function, float32=not isinstance(function, np.vectorize)) == ""


def test_what_a_function_raises_is_shown_as_it_is():
    with pytest.raises(ZeroDivisionError):
        message(lambda x: 1 / 0)


@pytest.mark.parametrize("thing", [None, 5, X])
def test_what_is_no_function(thing):
    assert "must be a function; it is" in message(thing)


TWO = {"y": WANT, "cache": ANYTHING}


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda x: solution(x), "must return 2 values (y, cache); yours returned a NumPy array"),
        (lambda x: (solution(x),), "yours returned 1"),
        (lambda x: (solution(x), 1, 2), "yours returned 3"),
        (lambda x: None, "it must return y, cache"),
        (lambda x: ((x, 1), solution(x)), "y must be a NumPy array; yours is a tuple of 2"),
        (lambda x: (solution(x), object()), ""),
        (lambda x: [solution(x), None], ""),
        (lambda x: namedtuple("Out", "y cache")(solution(x), 1), ""),
    ],
)
def test_several_values(returned, says):
    text = message(returned, TWO)
    assert says in text if says else text == ""


def test_time_first_is_recognised():
    x = np.zeros((2, 5, 3))
    with pytest.raises(CheckFailed, match=r"the order is \(N, T, \.\.\.\)"):
        compare("h", x.transpose(1, 0, 2), x)


@pytest.mark.parametrize(
    ("got", "want", "says"),
    [
        (1.0, 1.0, ""),
        (np.float64(1), 1.0, ""),
        (np.array(1.0), 1.0, ""),
        (torch.tensor(1.0), 1.0, ""),
        (1, 1.0, ""),
        (1.5, 1.0, "is 1.5; on this example it must be 1"),
        (np.array([1.0]), 1.0, "must be a single number"),
        (None, 1.0, "must be a single number; yours is None"),
        ("1", 1.0, "must be a single number"),
        (float("nan"), 1.0, "not finite"),
        (1j, 1.0, "must be a single number"),
        (True, True, ""),
        (1, True, "must have dtype bool"),
        (False, True, "it must be True"),
        (np.array([True, True]), np.array([True, False]), "differs first at [1]: yours is True"),
        (np.array([1, 0]), np.array([True, False]), "must have dtype bool"),
        (np.array([1, 3]), np.array([1, 2]), "yours is 3, it must be 2"),
        (np.array([1j, 1]), np.array([1.0, 1.0]), "differs first at [0]"),
        (torch.tensor([1.0]).bfloat16(), torch.tensor([1.0]), ""),
        (torch.eye(2).to_sparse(), torch.eye(2), ""),
        (torch.ones(2, requires_grad=True), torch.ones(2), ""),
        (torch.ones(2), np.ones(2), "must be a NumPy array; yours is a PyTorch tensor"),
        (np.ones(2).view(np.matrix), np.ones(2), "must be a NumPy array; yours is"),
        ("forget", "forget", ""),
        ("input", "forget", "is 'input'; on this example it must be 'forget'"),
        (5, "forget", "must be str; yours is int"),
        (None, None, ""),
        (0, None, "must be None; yours is int"),
        ([1.0, 2.0], [1.0, 2.0], ""),
        ((1.0, 2.0), [1.0, 2.0], ""),
        ([1.0], [1.0, 2.0], "must have 2 entries; yours has 1"),
        ([1.0, 3.0], [1.0, 2.0], "y[1] is 3"),
        (5, [1.0], "must be a list, not int"),
        ({"a": 1.0}, {"a": 1.0}, ""),
        ({"b": 1.0}, {"a": 1.0}, "must have the keys 'a'; yours are 'b'"),
        ({}, {"a": 1.0}, "yours are none"),
        ([1.0], {"a": 1.0}, "must be a dict, not a list of 1"),
        ({"a": np.zeros(2)}, {"a": np.ones(2)}, "y['a'] differs first at [0]"),
        (np.array([np.inf]), np.array([np.inf]), ""),
        (np.zeros((0, 2)), np.zeros((0, 2)), ""),
    ],
)
def test_every_form_of_value(got, want, says):
    try:
        compare("y", got, want)
        text = ""
    except CheckFailed as error:
        text = str(error)
    assert says in text if says else text == ""


@pytest.mark.parametrize("container", [list, tuple, dict])
def test_a_change_inside_a_container_is_seen(container):
    def grow(values):
        for item in values.values() if isinstance(values, dict) else values:
            item += 1
        return 1.0

    arrays = [np.zeros(2), np.ones(2)]
    values = dict(zip("ab", arrays, strict=True)) if container is dict else container(arrays)
    with pytest.raises(CheckFailed, match="changed its argument values in place"):
        check(grow, {"values": values}, {"y": 1.0})
    assert not arrays[0].any()


def test_a_list_that_grew_is_seen():
    with pytest.raises(CheckFailed, match="in place"):
        check(lambda v: v.append(1.0) or 1.0, {"v": [1.0]}, {"y": 1.0})


def test_tensors_keep_their_gradient_and_precision():
    def double(w):
        assert w.requires_grad
        return 2 * w

    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    check(double, {"w": w}, {"y": 2 * w}, quiet=True)
    with pytest.raises(CheckFailed, match="float32"):
        check(lambda w: 2 * w.double(), {"w": w}, {"y": 2 * w}, quiet=True)


def test_a_right_answer_is_told_in_one_line(capsys):
    check(solution, {"x": X}, {"y": WANT})
    assert capsys.readouterr().out == "✓ solution: y (2, 3)\n"
    check(lambda x: (1.0, x), {"x": X}, {"loss": 1.0, "cache": ANYTHING})
    assert re.fullmatch(r"✓ <lambda>: loss\n", capsys.readouterr().out)


def test_a_failure_shows_its_message_and_no_traceback():
    with pytest.raises(CheckFailed) as error:
        require(False, "Mend this.")
    assert error.value._render_traceback_() == ["✗ Mend this."]
    require(np.bool_(True), "")


def test_a_long_message_is_wrapped():
    lines = CheckFailed("word " * 50)._render_traceback_()
    assert len(lines) == 3 and max(map(len, lines)) <= 100


def test_a_failure_shows_both_arrays_around_the_first_difference():
    want = np.arange(60.0).reshape(3, 4, 5)
    got = want.copy()
    got[1, 2, 3] = -1
    lines = beside.as_text(CheckFailed("Differs.", got, want).table)
    assert lines[0].split() == ["yours", "[1,", "0..,", "0..]", "it", "must", "be"]
    assert "▸\x1b[1m-1\x1b[0m◂" in lines[3] and "▸\x1b[1m33\x1b[0m◂" in lines[3]
    assert sum("▸" in line for line in lines) == 1 and len(lines) == 5


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (1.0, 2.0),
        (np.zeros(2), np.ones(3)),
        (np.ones(2), np.ones(2)),
        (None, np.ones(2)),
        ("a", "b"),
    ],
)
def test_what_cannot_stand_side_by_side_is_not_shown(got, want):
    assert CheckFailed("Differs.", got, want).table is None


def test_one_factor_is_told_only_when_it_says_something():
    want = np.array([1.0, 2.0, 4.0])
    for factor, told in ((3.0, True), (1.0000001, False), (1e9, False)):
        with pytest.raises(CheckFailed) as error:
            compare("y", factor * want, want, atol=0, rtol=1e-9)
        assert ("constant factor" in str(error.value)) == told


def test_atol_follows_the_printed_digits():
    rounded = {"y": np.round(WANT / 3, 2)}
    assert message(lambda x: (2 * x + 1) / 3, rounded)
    assert message(lambda x: (2 * x + 1) / 3, rounded, atol=5e-3) == ""


def test_copies_and_comparisons_of_arguments():
    value = {"a": [np.zeros(1), (torch.ones(1), 5)], "b": "text"}
    copy = checks.copy_of(value)
    assert checks.same(copy, value)
    copy["a"][0][:] = 1
    assert not checks.same(copy, value)
    assert not value["a"][0].any()
    for changed in ({}, {"a": 5, "b": ""}, []):
        assert not checks.same(changed, value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros(2, 3), ""),
        (np.zeros((2, 3)), "must be a PyTorch tensor"),
        (torch.zeros(3, 2), "transposed"),
        (torch.zeros(2, 3).double(), "must have dtype float32"),
    ],
)
def test_form_says_what_a_random_result_must_look_like(value, words):
    expected = pytest.raises(CheckFailed, match=words) if words else contextlib.nullcontext()
    with expected:
        checks.form("x", value, (2, 3), "float32")


def test_hold_says_the_first_rule_that_does_not_hold():
    checks.hold("f", {"one": True, "two": torch.tensor(True)})
    with pytest.raises(CheckFailed, match=r"^f: two\.$"):
        checks.hold("f", {"one": True, "two": False, "three": False})
