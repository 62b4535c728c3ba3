"""Run steps in kernels that may hang or die; keep what the rest earned.

A step that hangs or kills its kernel is stopped from outside by a kill. A fresh kernel then runs
everything but the offending cell (and the other cells of its exercise), so that it costs its own
exercise and nothing else.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.session import KernelDied, KernelLost, KernelStartError, Session
from course.grader.kernel.steps import Files, Settings, Step, StepResult, Turn, cell_file

MAX_RESTARTS = 8
MAX_LOST_EXTRAS = 3
"""Once so many of a student's own cells had to be stopped, the others are left out."""
EXTRA_SECONDS = 120.0
"""Seconds for all of a student's own cells together."""
AHEAD = 32
"""Steps that a kernel has at hand: it does not wait while the grader reads what came of one."""


@dataclass
class Budget:
    """Seconds that all runs of one submission may take together.

    Attributes
    ----------
    seconds : float
        What there was.
    left : float
        What is left.
    """

    seconds: float = math.inf
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.seconds

    @property
    def spent(self) -> str:
        """Say that nothing is left; empty while there is."""
        if self.left > 0:
            return ""
        return f"the submission took more than {self.seconds:.0f} s in all"

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Take the time that passes off what is left."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.left -= time.monotonic() - started


def run_in_kernels(
    steps: Sequence[Step],
    settings: Settings,
    limits: Limits | None = None,
    files: Files = (),
    turn: Turn | None = None,
    budget: Budget | None = None,
) -> dict[str, StepResult]:
    """Run steps in order, restarting after a lost kernel without the cell that lost it.

    Parameters
    ----------
    steps : sequence of Step
    settings : Settings
        Seed, device, and whether the reference is being made.
    limits : Limits, optional
        What each kernel may use.
    files : sequence of (str, bytes), optional
        What lies beside the notebook in the kernel's folder.
    turn : context manager, optional
        Held while a kernel runs cells, and not while one starts or ends.
    budget : Budget, optional
        What the submission's runs may take together; what this one takes comes off.

    Returns
    -------
    dict of str to StepResult
        A result for every step.
    """
    progress, limits = _Progress(budget or Budget()), limits or Limits()
    results, ahead = progress.results, AHEAD
    for _ in range(1 + MAX_RESTARTS):
        session = open_session(limits, settings.reference, files)
        with contextlib.closing(session), turn or contextlib.nullcontext():
            lost = _run_once(session, steps, settings, progress, ahead)
        if lost is None:
            break
        step, cause = lost
        if isinstance(cause, KernelDied) and ahead > 1:
            ahead = 1  # it may have been in a later step than was heard: see in which it dies
            continue
        results[step.key] = StepResult("stopped", cause=f"{cause} in {_name(step)}")
        if step.exercise:
            progress.lost_exercises.setdefault(step.exercise, results[step.key].cause)
        progress.extras_lost += step.extra
    for step in steps:
        results.setdefault(step.key, StepResult(cause="not run: too many cells had to be stopped"))
    return results


@dataclass
class _Progress:
    """What one submission's kernels have come to so far."""

    budget: Budget
    results: dict[str, StepResult] = field(default_factory=dict)
    lost_exercises: dict[str, str] = field(default_factory=dict)
    extras_lost: int = 0
    extra_seconds: float = field(default_factory=lambda: EXTRA_SECONDS)

    def refuses(self, step: Step) -> str:
        """Say why a step is left out, if it is."""
        if self.budget.spent:
            return f"not run: {self.budget.spent}"
        if not step.extra:
            return ""
        if self.extras_lost >= MAX_LOST_EXTRAS:
            return f"not run: {MAX_LOST_EXTRAS} cells of the student's own had to be stopped"
        if self.extra_seconds <= 0:
            return f"not run: the student's own cells took more than {EXTRA_SECONDS:.0f} s together"
        return ""


_standby: Session | None = None
_standby_lock = threading.Lock()


def open_session(limits: Limits, answers: bool = False, files: Files = ()) -> Session:
    """Connect to the kernel that was started ahead, or to a new one.

    A kernel that waits is as fresh as a new one: it has run nothing, and nobody else can reach it.
    """
    if not answers and not files:
        session = _take_standby()
        if session is not None and session.limits == limits and session.responds():
            return session
        if session is not None:
            session.close()
    session = Session(limits, answers, files)
    session.connect()
    return session


def start_ahead(limits: Limits) -> None:
    """Start the kernel of the next submission, if there is none yet, while this one's runs."""

    def start() -> None:
        global _standby
        with _standby_lock, contextlib.suppress(KernelStartError):
            _standby = _standby or Session(limits)

    if isolation_in_force().fork:  # a whole interpreter would take the time that it saves
        threading.Thread(target=start, name="start-ahead", daemon=True).start()


def _take_standby() -> Session | None:
    global _standby
    with _standby_lock:
        session, _standby = _standby, None
    return session


@atexit.register
def close_standby() -> None:
    """Kill the kernel that waits, if there is one."""
    session = _take_standby()
    if session is not None:
        session.close()


def _run_once(
    session: Session,
    steps: Sequence[Step],
    settings: Settings,
    progress: _Progress,
    ahead: int,
) -> tuple[Step, KernelLost] | None:
    """Run in one kernel what is left to run; return the step that lost it, or ``None``."""
    due: Iterator[Step] = _due(steps, progress)
    asked: deque[tuple[Step, str]] = deque()
    following: deque[Step] = deque(maxlen=1)
    sources = {cell_file(s.source): s.source for s in steps if not s.withheld}

    def ask() -> bool:
        """Send steps; one of the student's own is the last until its time is known.

        What is withheld goes out when everything before it has been heard, and not earlier: code
        that runs in the kernel can read what waits there.
        """
        while len(asked) < ahead and not any(step.extra for step, _ in asked):
            if not following:
                following.extend(itertools.islice(due, 1))
            if not following or (asked and following[0].withheld):
                break
            step = following.popleft()
            asked.append((step, session.ask(step, settings)))
        return bool(asked)

    ask()
    if not settings.reference:
        start_ahead(session.limits)
    while ask():
        step, request = asked.popleft()
        started = time.monotonic()
        try:
            result = _hear(session, step, request, progress.budget)
        except KernelLost as lost:
            return step, lost
        finally:
            if step.extra:
                progress.extra_seconds -= time.monotonic() - started
        if step.hidden:
            result.sources = sources
        progress.results.setdefault(step.key, result)
    return None


def _hear(session: Session, step: Step, request: str, budget: Budget) -> StepResult:
    """Hear a step within its own limit and what is left of the budget."""
    try:
        with budget.measured():
            return session.hear(step, request, min(step.seconds, max(0.0, budget.left)))
    except KernelDied:
        raise
    except KernelLost as lost:
        raise KernelLost(f"stopped: {budget.spent}" if budget.spent else str(lost)) from lost


def _due(steps: Sequence[Step], progress: _Progress) -> Iterator[Step]:
    """Yield the steps that are left to run, and say of the others why they are not."""
    tests, results = _test_keys(steps), progress.results
    for step in steps:
        known = results.get(step.key)
        if known is not None and (known.status == "stopped" or step.key in tests):
            continue  # stopped for good, or a test whose result is in
        cause = progress.lost_exercises.get(step.exercise or "") or progress.refuses(step)
        if cause:
            results[step.key] = StepResult("skipped", cause=cause)
        else:
            yield step


def _test_keys(steps: Sequence[Step]) -> set[str]:
    from course.grader.notebooks.lesson import VISIBLE_SUFFIX

    return {s.key for s in steps if s.hidden or (s.exercise and s.key.endswith(VISIBLE_SUFFIX))}


def _name(step: Step) -> str:
    if step.hidden:
        return f"the hidden test of {step.exercise}"
    return f"the cell {step.key}"
