"""Grade one rebuilt submission: run it, judge what it emitted, and follow errors through.

Follow-through: an exercise that builds on earlier ones (a sequence on its step) is judged a
second time with the earlier exercises taken from the solution when one of those lost points, and
keeps the better verdict. So a mistake costs the exercise that made it and no other: see
:mod:`course.grader.judging.follow`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from course.grader.ground.text import one_line
from course.grader.judging.causes import EMPTIED, idle_exercises, true_cause
from course.grader.judging.diagnosis import Wrong
from course.grader.judging.flags import flags_of
from course.grader.judging.follow import charge_caches, given, to_follow, with_solutions
from course.grader.judging.payload import Payload
from course.grader.judging.verdict import BORROWED, NOT_WRITTEN, Verdict, judge
from course.grader.kernel.steps import FORGOTTEN, Runner, Settings, Step, StepResult
from course.grader.notebooks.lesson import NOT_RUN, OPTIONAL_VISIBLE, Lesson
from course.grader.notebooks.rebuild import UNREADABLE, Submission

SHORTEST_LIMIT = 10.0
"""Seconds that every cell may take."""

Known = dict[str, dict[str, Wrong]]
"""What known wrong answers emit, by exercise and sentence."""

IS_BORROWED = " is borrowed"
"""Ends the error of what stands for a function that was borrowed (:mod:`course.lending`)."""

ALONE_SECONDS = 120.0
"""Seconds for judging stopped exercises a second time, each alone."""

MAX_REMARKS, MAX_REMARK = 30, 120
"""Remarks on one exercise, or on all cells of the student's own, and characters of each."""


@dataclass
class Graded:
    """A graded submission.

    Attributes
    ----------
    verdicts : dict of str to Verdict
        By exercise, in the lesson's order.
    results : dict of str to StepResult
        What every cell gave in the first run.
    notes : list of str
        What was repaired, set aside or stopped, in words.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    results: dict[str, StepResult] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Sum of the points earned."""
        return round(sum(verdict.points for verdict in self.verdicts.values()), 2)

    @property
    def maximum(self) -> float:
        """Sum of the points that could be earned."""
        return sum(verdict.maximum for verdict in self.verdicts.values())


def steps_of(
    lesson: Lesson, submission: Submission, blind: bool = False, optional: bool = False
) -> list[Step]:
    """List the code that runs, in order: everything but demos and reading without code.

    With ``blind``, hidden tests come without what only the reference needs; with ``optional``, the
    exercises that are worth no points run too, which they do not when work is graded.
    """
    left_out = NOT_RUN - {"optional", OPTIONAL_VISIBLE} if optional else NOT_RUN
    steps = []
    for cell in submission.cells:
        if cell.node.cell_type != "code" or cell.role in left_out:
            continue
        if cell.role == "hidden":
            exercise = lesson.exercises[cell.exercise]
            hidden = exercise.blind if blind else exercise.hidden
            steps.append(Step(cell.key, hidden, exercise.id, True, exercise.seconds))
        elif cell.source.strip():
            seconds = float((cell.node.metadata.get("exercise") or {}).get("seconds", 0))
            extra = cell.role == "extra"
            limit = {"seconds": seconds} if seconds and not extra else {}
            steps.append(Step(cell.key, cell.source, cell.exercise, extra=extra, **limit))
    return steps


def grade(
    lesson: Lesson,
    submission: Submission,
    references: dict[str, Payload],
    run: Runner,
    settings: Settings,
    seconds: dict[str, float] | None = None,
    known: Known | None = None,
) -> Graded:
    """Grade a rebuilt submission.

    Parameters
    ----------
    lesson : Lesson
    submission : Submission
    references : dict of str to Payload
        What the solution emitted under the same seed, by exercise.
    run : callable
        Runs steps in one kernel and returns a result for each.
    settings : Settings
        Seed and device of the grading run.
    seconds : dict of str to float, optional
        What each cell took in the solution; a cell's time limit follows it.
    known : dict, optional
        What known wrong answers emit under the same seed, by exercise and sentence.

    Returns
    -------
    Graded
    """
    known = known or {}
    steps = [_with_limit(step, seconds or {}) for step in steps_of(lesson, submission, True)]
    results = run(steps, settings)
    graded = Graded(results=results, notes=list(submission.notes))
    graded.verdicts = _judge_all(lesson, references, results, settings, known)
    idle = idle_exercises(lesson, submission)
    graded.notes += [result.cause for result in results.values() if result.status == "stopped"]
    if any(_said(result, FORGOTTEN) for result in results.values()):
        graded.notes.append(f"a cell {EMPTIED}; they were put back")
    if not submission.readable:
        cause = next((n for n in submission.notes if UNREADABLE in n), UNREADABLE)
        graded.verdicts = {
            id_: replace(verdict, points=0.0, parts=(), cause=cause)
            for id_, verdict in graded.verdicts.items()
        }
        return graded
    stopped = [id_ for id_ in _stopped(steps, results) if id_ not in idle]
    deadline = time.monotonic() + ALONE_SECONDS
    for id_ in stopped:
        if time.monotonic() < deadline:
            alone = _alone(lesson, id_, references, steps, results, run, settings)
            if alone.points > graded.verdicts[id_].points:
                graded.verdicts[id_] = replace(alone, follow_through=True)
    second = to_follow(lesson, submission, graded.verdicts, set(idle)) - set(stopped)
    if second:
        again = run(with_solutions(lesson, steps, results, second), settings)
        for id_, verdict in _judge_all(lesson, references, again, settings, known).items():
            if id_ not in second:
                continue
            first = graded.verdicts[id_]
            blames_a_loan = IS_BORROWED in first.summary and verdict.points == first.points
            if verdict.points > first.points or blames_a_loan:
                graded.verdicts[id_] = replace(verdict, follow_through=True)
            else:
                named = first.misconception or verdict.misconception
                graded.verdicts[id_] = replace(
                    first, own_points=verdict.own_points, misconception=named
                )
    for id_, verdict in graded.verdicts.items():
        cause = true_cause(lesson, submission, results, idle, verdict)
        parts = () if cause in {NOT_WRITTEN, BORROWED} else verdict.parts
        graded.verdicts[id_] = replace(verdict, cause=cause, parts=parts)
    charge_caches(lesson, graded.verdicts)
    found, elsewhere = flags_of(lesson, submission)
    graded.notes += _shortened(elsewhere)
    for id_, flags in found.items():
        seen = graded.verdicts[id_].flags
        remarks = (*_shortened(flags), *seen)
        graded.verdicts[id_] = replace(graded.verdicts[id_], flags=remarks)
    return graded


def _shortened(remarks: Sequence[str]) -> list[str]:
    """The first remarks: one cell can give reason for ten thousand, and each has a line."""
    shown = [one_line(remark, MAX_REMARK) for remark in remarks[:MAX_REMARKS]]
    more = len(remarks) - len(shown)
    return [*shown, f"and {more} more remarks"] if more else shown


def _said(result: StepResult, sentence: str) -> bool:
    """Tell whether a sentence is among what a step printed."""
    outputs = (output for output in result.outputs if isinstance(output, dict))
    return any(sentence in str(output.get("text", "")) for output in outputs)


def _with_limit(step: Step, seconds: dict[str, float]) -> Step:
    """Give a cell twenty times what the solution needs, ten seconds at least; its limit at most."""
    if step.key not in seconds:
        return step
    usual = max(SHORTEST_LIMIT, 20 * seconds[step.key])
    return replace(step, seconds=min(step.seconds, usual))


def _stopped(steps: list[Step], results: dict[str, StepResult]) -> list[str]:
    """Exercises that were stopped where another cell of the student's may be to blame, in order.

    The first of the student's cells that runs has nobody else to blame.
    """
    found, others = [], set()
    for step in steps:
        stopped = step.hidden and results[step.key].status in {"stopped", "skipped"}
        if stopped and others - {step.exercise}:
            found.append(step.exercise)
        others |= {step.exercise} if step.exercise else {step.key} if step.extra else set()
    return found


def _alone(
    lesson: Lesson,
    id_: str,
    references: dict[str, Payload],
    steps: list[Step],
    results: dict[str, StepResult],
    run: Runner,
    settings: Settings,
) -> Verdict:
    """Judge one exercise in a kernel that runs no other exercise of the student's.

    A kernel that was lost in one exercise's cell may have been killed by another's: a timer, a
    thread, memory that was taken earlier. Earlier exercises come from the solution. The student's
    own cells come along unless the kernel is lost again.
    """
    hidden = next(c.id for c in lesson.cells if c.role == "hidden" and c.exercise == id_)
    verdict = None
    for extras in (True, False):
        chosen = _steps_alone(lesson, id_, steps, results, extras)
        result = run(chosen, settings).get(hidden, StepResult())
        exercise = lesson.exercises[id_]
        verdict = judge(id_, exercise.points, result, references[id_], settings.device)
        if result.status == "ok" or not any(step.extra for step in chosen):
            break
    return verdict


def _steps_alone(
    lesson: Lesson, id_: str, steps: list[Step], results: dict[str, StepResult], extras: bool
) -> list[Step]:
    solutions = {c.exercise: c.node.source for c in lesson.cells if c.role == "solution"}
    visible = {cell.id for cell in lesson.cells if cell.role == "visible"}
    chosen, brought = [], set()
    for step in steps:
        if step.key in visible or (step.extra and not extras):
            continue
        if step.exercise is None:
            if results[step.key].status != "stopped":
                chosen.append(step)
        elif step.exercise == id_:
            chosen.append(step)
            if step.hidden:
                break
        elif step.exercise not in brought:
            brought.add(step.exercise)
            chosen.append(given(step.exercise, solutions[step.exercise]))
    return chosen


def _judge_all(
    lesson: Lesson,
    references: dict[str, Payload],
    results: dict[str, StepResult],
    settings: Settings,
    known: Known,
) -> dict[str, Verdict]:
    hidden = {cell.exercise: cell.id for cell in lesson.cells if cell.role == "hidden"}
    return {
        id_: judge(
            id_,
            exercise.points,
            results.get(hidden[id_], StepResult()),
            references[id_],
            settings.device,
            known.get(id_),
        )
        for id_, exercise in lesson.exercises.items()
    }
