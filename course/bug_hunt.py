"""Find the bug: suspect a line, write a test that fails on it, and only then mend it.

A test here is a function of one argument, the function on trial. It raises when that is wrong,
``AssertionError`` as a rule, and returns in silence when it is right.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course.checks import require

if TYPE_CHECKING:
    from course.emission import Case

Test = Callable[[Any], None]
TELLS = "tells the code with the bug from right code"
"""The part of a test's points without which the others do not count."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def complaint(test: Test, candidate: Any) -> Exception | None:
    """Run a test on a candidate and return what it raises, ``None`` when it passes.

    Parameters
    ----------
    test : callable
        Takes the candidate as its only argument. What it returns does not count: a test that
        returns ``False`` has passed.
    candidate
        A function or class that may be right or wrong.

    Raises
    ------
    NotImplementedError
        When the test does: a stub is no test.
    """
    try:
        test(candidate)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def fails(test: Test, candidate: Any) -> bool:
    """Tell whether a test fails on a candidate: whether it raises anything (:func:`complaint`)."""
    return complaint(test, candidate) is not None


def require_red_and_green(
    test: Test,
    variant: Callable[..., Any],
    *,
    red: Mapping[Any, str],
    green: Mapping[Any, str],
) -> str:
    """Require that a test fails on every wrong candidate and passes on every right one.

    Parameters
    ----------
    test : callable
        The learner's test.
    variant : callable
        A function that takes the keyword ``slip``, and is right or wrong by it.
    red : mapping
        What each wrong candidate is, in words, by the candidate or by its slip; the code with the
        bug comes first.
    green : mapping
        The same of the right candidates.

    Returns
    -------
    str
        One sentence on what the test was tried on.

    Raises
    ------
    CheckFailed
        One sentence that says what went unnoticed, or what the test complains about.
    """
    name = getattr(test, "__name__", "The test")

    def found(key: Any) -> Exception | None:
        if not isinstance(key, str):
            return complaint(test, key)
        slipped = functools.partial(variant, slip=key)
        return complaint(test, functools.update_wrapper(slipped, variant))

    def must_be_red(key: Any) -> None:
        passes = f"{name} passes on {red[key]}: it must raise an AssertionError there."
        require(found(key) is not None, passes)

    bug, *others = red
    must_be_red(bug)
    for key, what in green.items():
        if (error := found(key)) is not None:
            said = " ".join(str(error).split())[:120] or "without a word"
            complains = f"({type(error).__name__}: {said})"
            require(False, f"{name} fails on {what}, and should pass {complains}.")
    for key in others:
        must_be_red(key)
    right = "a right one" if len(green) == 1 else f"{_in_words(len(green))} right ones"
    return f"{name}: red on {red[bug]} and {_in_words(len(others))} others, green on {right}"


def emit_noticed(
    case: Case,
    test: Test,
    candidate: Callable[..., Any],
    *,
    bug: Sequence[str],
    right: Sequence[Any],
    others: Sequence[str],
    alone: Sequence[str] | None = None,
    weight: float,
    weight_alone: float = 1,
) -> None:
    """Emit which candidates a learner's test fails on: the whole of its hidden test.

    Parameters
    ----------
    case : Case
        Its generator puts the mistakes in an order that no test can count on.
    test : callable
        The learner's test.
    candidate : callable
        ``candidate(*slips)`` makes a candidate with some mistakes; without any it is right.
    bug : sequence of str
        Slips that make the mistakes of the code with the bug.
    right : sequence
        Other candidates that are right: each a way to be right that ``candidate`` takes like a
        slip, or the candidate itself.
    others : sequence of str
        Slips that the test is to notice besides.
    alone : sequence of str, optional
        Slips that make one of several mistakes of the bug; those of ``bug`` if it has several.
    weight, weight_alone : float
        Weight of telling the bug from right code, and of each mistake alone; of all else it is 1.
    """

    if alone is None:
        alone = bug if len(bug) > 1 else ()
    # In one drawn order: a test that counts its calls would know which of them are right.
    trials = [("bug", candidate(*bug)), ("right", candidate())]
    trials += [(f"right {n}", way) for n, way in enumerate(right)]
    trials += [(slip, slip) for slip in dict.fromkeys((*alone, *others))]
    found: dict[str, bool | Exception] = {}
    for n in case.rng.permutation(len(trials)):
        key, way = trials[n]
        try:
            found[key] = fails(test, way if callable(way) else candidate(way))
        except Exception as error:
            found[key] = error

    def noticed(*keys: str) -> list[bool]:
        for key in keys:
            if isinstance(found[key], Exception):
                raise found[key]
        return [found[key] for key in keys]

    case.attempt(TELLS, lambda: noticed("bug", "right"), weight=weight)
    rights = [f"right {n}" for n in range(len(right))]
    case.attempt("passes other right code", lambda: noticed(*rights), needs=TELLS)
    for what, slips, share in (
        ("one of the mistakes alone", alone, weight_alone),
        ("another mistake", others, 1),
    ):
        for slip in slips:
            part = f"notices {what}: {slip}"
            case.attempt(part, lambda slip=slip: noticed(slip)[0], needs=TELLS, weight=share)


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


def _in_words(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


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
