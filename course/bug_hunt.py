"""Find the bug: suspect a line, write a test that fails on it, and only then mend it.

A test here is a function of one argument, the function on trial. It raises when that is wrong,
``AssertionError`` as a rule, and returns in silence when it is right.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from course.checks import require

Test = Callable[[Any], None]


def fails(test: Test, candidate: Any) -> bool:
    """Tell whether a test fails on a candidate: whether it raises anything.

    Parameters
    ----------
    test : callable
        Takes the candidate as its only argument.
    candidate
        A function or class that may be right or wrong.

    Returns
    -------
    bool
        What the test returns does not count: one that returns ``False`` has not failed.
    """
    try:
        test(candidate)
    except NotImplementedError:  # a stub is no test
        raise
    except Exception:
        return True
    return False


def require_red(test: Test, wrong: Any, what: str) -> None:
    """Require that a test fails on something wrong.

    Raises
    ------
    CheckFailed
        When it passes: one sentence that says what went unnoticed.
    """
    name = getattr(test, "__name__", "The test")
    require(fails(test, wrong), f"{name} passes on {what}: it must raise an AssertionError there.")


def require_green(test: Test, right: Any, what: str) -> None:
    """Require that a test passes on something right.

    Raises
    ------
    CheckFailed
        When it fails: one sentence with what it complains about.
    """
    name = getattr(test, "__name__", "The test")
    try:
        test(right)
    except NotImplementedError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:120] or "without a word"
        complaint = f"{type(error).__name__}: {said}"
        require(False, f"{name} fails on {what}, and should pass ({complaint}).")


def compare_suspicion(suspected: int | Sequence[int] | None, function: Any, *marks: str) -> None:
    """Print which lines of a function are wrong, beside those that were suspected.

    Parameters
    ----------
    suspected : int or sequence of int or None
        Numbers of lines; the line that begins with ``def`` or ``class`` is line 1.
    function
        The function or class with the mistakes.
    *marks : str
        Of each wrong line the beginning of its :func:`mark`, so that a cell does not show it.

    Raises
    ------
    ValueError
        When no line, or more than one, bears a mark.
    """
    lines = _lines(function)
    wrong = sorted(_line_of(mark, lines) for mark in marks)
    for number in wrong:
        print(f"line {number}: {lines[number - 1].strip()}")
    if suspected is None:
        print("your suspicion: none yet. Write one above, run that cell and this one again.")
        return
    guessed = {suspected} if isinstance(suspected, int) else set(suspected)
    found = len(guessed.intersection(wrong))
    named = ", ".join(map(str, sorted(guessed)))
    print(f"your suspicion: {named}. That is {found} of {len(wrong)}.")


def mark(line: str) -> str:
    """Digits that stand for a line of code, blanks at its ends and its comment aside."""
    code = line.partition("  #")[0].strip()
    return hashlib.sha256(code.encode()).hexdigest()


def _lines(function: Any) -> list[str]:
    lines = inspect.getsource(function).splitlines()
    while not lines[0].lstrip().startswith(("def ", "class ")):  # decorators
        lines.pop(0)
    return lines


def _line_of(beginning: str, lines: list[str]) -> int:
    found = [n for n, line in enumerate(lines, 1) if mark(line).startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} lines bear the mark {beginning!r}; it must be one")
    return found[0]
