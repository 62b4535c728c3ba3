"""What the grader asks a kernel to run, and what it gets back."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.grader.ground.times import TIME_LIMIT

FORGOTTEN = "This deletes the notebook's names, as globals().clear() does: they were put back."
"""What a kernel says below a cell that emptied its namespace."""


@dataclass(frozen=True)
class Step:
    """One cell to run.

    Attributes
    ----------
    key : str
        Unique name of the step in its run.
    source : str
        Code of the cell; for a hidden test, the test's own source.
    exercise : str or None
        The exercise that pays when this step hangs or kills its kernel.
    hidden : bool
        True for a hidden test, whose emission is collected.
    seconds : float
        Time limit.
    extra : bool
        True for a cell of the student's own, beside those of the lesson.
    secret : bool
        True for what the student must not see: the solution of an earlier exercise.
    """

    key: str
    source: str
    exercise: str | None = None
    hidden: bool = False
    seconds: float = TIME_LIMIT
    extra: bool = False
    secret: bool = False

    @property
    def withheld(self) -> bool:
        """True when a kernel must not hold the step before all earlier ones are heard."""
        return self.hidden or self.secret


@dataclass
class StepResult:
    """What came of one step.

    Attributes
    ----------
    status : str
        ``ok``, ``error``, ``stopped`` (it hung or killed its kernel) or ``skipped``.
    outputs : list
        Notebook outputs, in nbformat's form, without emissions.
    emissions : list of bytes
        What the step emitted, undecoded from ``.npz``.
    cause : str
        Why it was stopped or skipped, in words.
    seconds : float
        Wall time that the step took.
    knowing : bool
        True when the kernel had been sent a hidden test or a solution: what it shows may hold
        anything of these, in any disguise, and is not for the student.
    sources : dict of str to str
        For a hidden test: the student's cells of its run, by the file name of their tracebacks.
    """

    status: str = "skipped"
    outputs: list[Any] = field(default_factory=list)
    emissions: list[bytes] = field(default_factory=list)
    cause: str = ""
    seconds: float = 0.0
    knowing: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What the whole class shares in one grading run."""

    seed: int
    reference: bool = False
    device: str = "cpu"


Runner = Callable[[Sequence[Step], Settings], dict[str, StepResult]]
"""Runs steps in order, in one namespace, and returns a result for every key."""

Turn = contextlib.AbstractContextManager[Any]
"""What a thread holds while its kernel runs cells, a lock for example: then threads take turns."""

Files = Sequence[tuple[str, bytes]]
"""Files that a kernel finds in its folder: relative paths and contents."""


def cell_file(source: str) -> str:
    """Name of the file that a cell's tracebacks carry, from the cell's text."""
    return f"{hashlib.sha256(source.encode(errors='replace')).hexdigest()[:12]}.py"
