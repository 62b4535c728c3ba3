"""The states that a student's work can be in, each with its sign and its words, written once.

A report shows a state in the table of students, and offers it to narrow that table to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ON_TIME, LATE, NOT_THERE, UNGRADED = "on time", "late", "missing", "not graded"
SIGNS = {ON_TIME: "✓", LATE: "◷", NOT_THERE: "✕", UNGRADED: "…"}
"""What became of handing in, by the words for it."""
WAITS = "✎ a written answer is not graded yet"


@dataclass(frozen=True)
class Work:
    """What a report knows of a student's work.

    Attributes
    ----------
    status : sequence of str
        Keys of :data:`SIGNS`, one for each lesson of the report.
    kinds : sequence of str
        What became of the exercises (``kinds.KINDS``); empty where a report does not tell.
    waiting : bool
        A written answer waits for a score by hand.
    wrote : bool
        There is at least one exercise with something of the student's own.
    noted : bool
        There are notes for the instructor.
    """

    status: Sequence[str]
    kinds: Sequence[str] = ()
    waiting: bool = False
    wrote: bool = True
    noted: bool = False


@dataclass(frozen=True)
class State:
    """One state: a word for the page's script, words to read, and when it holds."""

    key: str
    words: str
    holds: Callable[[Work], bool]


STATES = (
    State("missing", f"{SIGNS[NOT_THERE]} missing", lambda work: NOT_THERE in work.status),
    State(
        "twice",
        f"{SIGNS[NOT_THERE]} two lessons or more missing",
        lambda work: list(work.status).count(NOT_THERE) > 1,
    ),
    State("late", f"{SIGNS[LATE]} late", lambda work: LATE in work.status),
    State("ungraded", f"{SIGNS[UNGRADED]} not graded", lambda work: UNGRADED in work.status),
    State("waiting", WAITS, lambda work: work.waiting),
    State("slow", "◷ a time-out", lambda work: "too slow" in work.kinds),
    State("crashed", "✕ a crash", lambda work: "crashed" in work.kinds),
    State("noted", "something for your eyes", lambda work: work.noted),
    State(
        "untouched",
        "handed in, wrote nothing",
        lambda work: not work.wrote and bool({ON_TIME, LATE}.intersection(work.status)),
    ),
    State("unreadable", "? cannot be read", lambda work: "unreadable" in work.kinds),
)


def states_of(work: Work) -> str:
    """The states that hold for a student, as words between blanks."""
    return " ".join(state.key for state in STATES if state.holds(work))


def choices(found: Iterable[str]) -> list[tuple[str, str]]:
    """What a table can be narrowed to: the states that hold for somebody in it.

    Parameters
    ----------
    found : iterable of str
        What :func:`states_of` gave for every student.

    Returns
    -------
    list of (str, str)
        Key and words, in the order of :data:`STATES`.
    """
    there = {key for keys in found for key in keys.split()}
    return [(state.key, state.words) for state in STATES if state.key in there]
