"""Predict, then look: a learner's guess beside what was measured."""

from __future__ import annotations

from numbers import Real
from typing import Any

CLOSE, FAR = 1.15, 1.5
"""Ratios up to which a guess is close, and from which it is named as a factor."""


def compare_guess(guess: Any, measured: Any, unit: str = "") -> None:
    """Print a guess beside the measurement. A wrong guess costs nothing, and none is graded.

    Parameters
    ----------
    guess
        A number or a word; ``None`` as long as there is none.
    measured
        What came out: a number where a number was asked for, a word where a word was.
    unit : str
        What the numbers count, ``"steps"``.
    """
    print(f"measured: {_said(measured, unit)}")
    if guess is None:
        print("your guess: none yet. Write one above, run that cell and this one again.")
    else:
        print(f"your guess: {_said(guess, unit)}, {_verdict(guess, measured)}")


def _verdict(guess: Any, measured: Any) -> str:
    if not isinstance(measured, Real) or isinstance(measured, bool):
        same = str(guess).strip().casefold() == str(measured).strip().casefold()
        return "and so it came out" if same else "and it came out otherwise"
    if not isinstance(guess, Real) or isinstance(guess, bool):
        return "but a number was asked for"
    if guess == measured:
        return "exactly"
    if guess * measured <= 0:
        return f"{abs(guess - measured):.3g} off"
    ratio = abs(guess / measured)
    word, ratio = ("high", ratio) if ratio > 1 else ("low", 1 / ratio)
    if ratio <= CLOSE:
        return "close"
    return f"{ratio:.3g} times too {word}" if ratio >= FAR else f"a little too {word}"


def _said(value: Any, unit: str) -> str:
    number = isinstance(value, Real) and not isinstance(value, bool)
    text = f"{value:.3g}" if number and abs(value) < 1000 else f"{value:,.0f}" if number else ""
    return f"{text} {unit}".strip() if number else str(value).strip()
