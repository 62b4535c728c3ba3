"""What a worker does: bytes in, bytes out. It needs neither the course folder nor a database."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from course import __version__
from course.grader.ground.text import one_line
from course.grader.judging.grade import Graded, grade
from course.grader.judging.outcome import Outcome
from course.grader.judging.references import References
from course.grader.judging.verdict import MISSING, Verdict
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.kernels import Budget, run_in_kernels
from course.grader.kernel.memory import bound_own_memory, give_memory_back
from course.grader.kernel.steps import Files, Settings, Turn
from course.grader.notebooks.lesson import Lesson, parse_lesson
from course.grader.notebooks.rebuild import UNREADABLE, Submission, rebuild
from course.grader.pages.render import graded_notebook

FORMAT = 5
"""Raised when what is stored of a graded submission changes its form."""


BUDGET_SECONDS, BUDGET_TIMES = 120.0, 12.0
"""All runs of a submission together may take so long, and so many times the solution's run."""
WORKER_MEMORY = 4 * 2**30
"""Bytes of data that a worker may have; an honest class needs a tenth."""


@dataclass(frozen=True)
class Kit:
    """What all submissions of one notebook share.

    Attributes
    ----------
    assignment, notebook : str
    source : str
        The source notebook's JSON.
    starter : str
        The starter's JSON; empty when it was not generated.
    references : bytes
        Packed references.
    seed : int
    device : str
    """

    assignment: str
    notebook: str
    source: str
    starter: str
    references: bytes
    seed: int
    device: str = "cpu"

    @property
    def digest(self) -> str:
        """Digest of everything here and of the grader's version."""
        text = json.dumps(
            [
                *(FORMAT, __version__, self.assignment, self.notebook, self.source, self.starter),
                *(self.seed, self.device, self.references.decode()),
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Task:
    """One submitted notebook and the files beside it; ``text`` is ``None`` when it is missing.

    ``unread`` says why what was handed in could not be read; such a task is not graded.
    """

    student: str
    kit: Kit
    text: bytes | None
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    unread: str = ""

    @property
    def fingerprint(self) -> str:
        """Digest that changes when the submission, its source, the seed or the grader does."""
        digest = hashlib.sha256(self.kit.digest.encode())
        digest.update(b"none" if self.text is None else b"text" + self.text)
        digest.update(repr(self.notes).encode())
        for name, data in self.files:
            digest.update(repr((name, hashlib.sha256(data).hexdigest())).encode())
        return digest.hexdigest()[:24]


def do(task: Task, turn: Turn | None = None) -> bytes:
    """Grade one submission in a worker and return its packed outcome.

    Parameters
    ----------
    task : Task
    turn : context manager, optional
        Held while a kernel runs cells, so that threads of one process take turns at that alone.

    Returns
    -------
    bytes
        An :class:`Outcome`.
    """
    bound_own_memory(WORKER_MEMORY)
    packed = outcome_of(task, turn).to_bytes()
    give_memory_back()
    return packed


def outcome_of(task: Task, turn: Turn | None = None) -> Outcome:
    """Grade one submission in this process, which is left as it is."""
    started = time.monotonic()
    kit = task.kit
    lesson, starter, references = _unpacked(kit)
    outcome = Outcome(task.student, kit.assignment, kit.notebook, task.fingerprint)
    outcome.isolation = isolation_in_force().describe()
    submission = opened(lesson, starter, task.text, task.notes)
    settings = Settings(kit.seed, device=kit.device)
    graded = grade_submission(lesson, submission, references, settings, task.files, turn)
    notebook = finished_notebook(lesson, submission, graded)
    nbformat.validate(notebook)
    # nbformat would lay it out for people, which takes ten times as long.
    outcome.graded = json.dumps(notebook, ensure_ascii=False, sort_keys=True)
    outcome.verdicts = list(graded.verdicts.values())
    outcome.notes = list(dict.fromkeys(graded.notes))
    outcome.seconds = time.monotonic() - started
    return outcome


def grade_submission(
    lesson: Lesson,
    submission: Submission,
    references: References,
    settings: Settings,
    files: Files = (),
    turn: Turn | None = None,
) -> Graded:
    """Grade a rebuilt submission in kernels, with time limits that follow the solution's times.

    A submission of which nothing could be read runs nothing.
    """
    if not submission.readable:
        return _nothing_earned(lesson, submission)
    budget = Budget(BUDGET_SECONDS + BUDGET_TIMES * sum(references.seconds.values()))
    graded = grade(
        lesson,
        submission,
        references.payloads,
        functools.partial(run_in_kernels, files=files, turn=turn, budget=budget),
        settings,
        seconds=references.seconds,
        known=references.known,
    )
    if budget.spent:
        graded.notes.append(f"stopped: {budget.spent}")
    return graded


def opened(
    lesson: Lesson, starter: NotebookNode | None, text: bytes | None, notes: Sequence[str] = ()
) -> Submission:
    """Rebuild what was found for a notebook, which may be nothing; notes of the finding come first.

    Parameters
    ----------
    lesson : Lesson
    starter : nbformat.NotebookNode or None
    text : bytes or None
        The notebook's content; ``None`` when none was found.
    notes : sequence of str
        What the search had to say.
    """
    submission = rebuild(lesson, starter, text)
    if text is None:
        submission.notes = [MISSING]
    submission.notes = [*notes, *submission.notes]
    return submission


def finished_notebook(lesson: Lesson, submission: Submission, graded: Graded) -> NotebookNode:
    """Build the graded notebook, in which nbgrader sees which written answers are untouched.

    It takes a cell with the checksum that it was released with for one without an answer: it
    scores zero, says "No response.", and waits for nobody.
    """
    from nbgrader.utils import compute_checksum

    notebook = graded_notebook(lesson, submission, graded)
    for cell, node in zip(submission.cells, notebook.cells, strict=True):
        if cell.role == "answer" and cell.untouched:
            node.metadata.nbgrader["checksum"] = compute_checksum(node)
    return notebook


def _nothing_earned(lesson: Lesson, submission: Submission) -> Graded:
    """No points, and for each exercise the reason why."""
    reasons = [note for note in submission.notes if UNREADABLE in note or note == MISSING]
    others = [note for note in submission.notes if note not in reasons]
    cause = one_line("; ".join([*reasons, *others]), 400)
    return Graded(
        {
            id_: Verdict(id_, 0.0, exercise.points, cause=cause)
            for id_, exercise in lesson.exercises.items()
        },
        notes=list(submission.notes),
    )


@functools.lru_cache(maxsize=8)
def _unpacked(kit: Kit) -> tuple[Lesson, NotebookNode | None, References]:
    source = nbformat.reads(kit.source, as_version=4)
    lesson = parse_lesson(source, kit.assignment, kit.notebook)
    starter = nbformat.reads(kit.starter, as_version=4) if kit.starter else None
    return lesson, starter, References.from_bytes(kit.references)
