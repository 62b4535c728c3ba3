"""Find the bug: tests of tests, and suspected lines."""

from __future__ import annotations

import functools

import pytest

from course import bug_hunt
from course.bug_hunt import compare_suspicion, fails, mark, require_green, require_red
from course.checks import CheckFailed


def double(x):
    # doubles, says its author
    x = x + 0
    return x * 3  # a slip


def right(x):
    return 2 * x


def test_double(function):
    assert function(2) == 4, "twice two"


test_double.__test__ = False  # it is on trial here, and no test of pytest's


def always_red(_):
    raise ValueError("something\nelse  entirely")


def returns_false(_):
    return False


def unwritten(_):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("test", "candidate", "red"),
    [
        (test_double, double, True),
        (test_double, right, False),
        (always_red, right, True),
        (returns_false, double, False),
        (test_double, None, True),  # whatever is raised in it counts
    ],
)
def test_a_test_fails_by_raising(test, candidate, red):
    assert fails(test, candidate) is red


@pytest.mark.parametrize("look", [fails, functools.partial(require_red, what="it")])
def test_a_stub_is_no_test(look):
    with pytest.raises(NotImplementedError):
        look(unwritten, double)


def test_a_stub_is_not_green_either():
    with pytest.raises(NotImplementedError):
        require_green(unwritten, right, "it")


def test_red_where_something_is_wrong():
    require_red(test_double, double, "what triples")
    with pytest.raises(CheckFailed, match="returns_false passes on what triples"):
        require_red(returns_false, double, "what triples")


def test_green_where_nothing_is_wrong():
    require_green(test_double, right, "what doubles")
    with pytest.raises(CheckFailed) as failed:
        require_green(always_red, right, "what doubles")
    assert "fails on what doubles" in str(failed.value)
    assert "ValueError: something else entirely" in str(failed.value)


@pytest.mark.parametrize(
    ("suspected", "said"),
    [
        (4, "4. That is 1 of 1."),
        ([2, 4], "2, 4. That is 1 of 1."),
        (3, "3. That is 0 of 1."),
        (None, "none yet"),
    ],
)
def test_a_suspected_line_beside_the_wrong_one(capsys, suspected, said):
    compare_suspicion(suspected, double, mark("return x * 3")[:4])
    shown = capsys.readouterr().out
    assert "line 4: return x * 3" in shown
    assert said in shown


def test_a_mark_is_of_one_line_alone():
    with pytest.raises(ValueError, match="0 lines"):
        compare_suspicion(None, double, mark("return x * 4"))
    with pytest.raises(ValueError, match="4 lines"):
        compare_suspicion(None, double, "")


def test_a_mark_does_not_depend_on_blanks_or_comments():
    assert mark("    return x * 3  # a slip\n") == mark("return x * 3")
    assert mark("return x * 3") != mark("return x * 2")


@functools.cache
def decorated(x):
    return x


def test_decorators_are_not_counted():
    assert bug_hunt._lines(decorated)[0].startswith("def decorated")
