"""Why an exercise earns nothing where its verdict cannot tell: not written, borrowed, undefined.

A hidden test sees consequences: a name that is not there, a call that raises. The cause stands in
the cells.
"""

from __future__ import annotations

import re

from course.grader.judging.verdict import BORROWED, NOT_WRITTEN, Verdict
from course.grader.kernel.steps import StepResult
from course.grader.notebooks.lent import borrows
from course.grader.notebooks.lesson import Lesson, bound_names, defined_names, syntax_problem
from course.grader.notebooks.rebuild import Submission, given_lines

EMPTIES = re.compile(
    r"(globals|locals|vars)\(\)\s*\.\s*(clear|pop|popitem)\b|del\s+globals\(\)|user_ns\s*\.\s*clear\b"
)
EMPTIED = "deletes the notebook's names (globals().clear() or the like)"


def idle_exercises(lesson: Lesson, submission: Submission) -> dict[str, str]:
    """Exercises that the student has not done, each with what to say of it."""
    idle = dict.fromkeys(unwritten(lesson, submission), NOT_WRITTEN)
    return idle | dict.fromkeys(borrowed(lesson, submission), BORROWED)


def true_cause(
    lesson: Lesson,
    submission: Submission,
    results: dict[str, StepResult],
    idle: dict[str, str],
    verdict: Verdict,
) -> str:
    """Say why an exercise could not be judged, where its test knows the consequence alone.

    A cell that fails leaves its function undefined. ``NotImplementedError`` means that an
    exercise is not written, or borrowed, only where that is so (``idle`` says which), and there
    nothing else matters.
    """
    if verdict.exercise in idle and not verdict.points:
        return idle[verdict.exercise]
    undefined = re.match(r"NameError(?:: name '(\w+)')?", verdict.cause)
    if not undefined:
        return verdict.cause
    solution = next(c for c in lesson.cells if c.role == "solution" and c.id == verdict.exercise)
    names = bound_names(solution.node.source)
    for cell in submission.cells:
        if cell.key == verdict.exercise and EMPTIES.search(cell.source):
            return f"it {EMPTIED}: {verdict.cause}"
    if undefined[1] and undefined[1] not in names:
        return verdict.cause
    for cell in submission.cells:
        result = results.get(cell.key, StepResult())
        holds = cell.key == verdict.exercise or names & bound_names(cell.source)
        if holds and result.status == "error":
            return f"the cell does not run: {syntax_problem(cell.source) or result.cause}"
    return verdict.cause


def unwritten(lesson: Lesson, submission: Submission) -> set[str]:
    """Exercises whose cell holds nothing but what the starter gave.

    The verdict alone cannot tell: an exercise that is written fails with ``NotImplementedError``
    too when it calls an earlier one that is not.
    """
    given = {cell.id: given_lines(cell) for cell in lesson.cells}
    elsewhere = {name for c in submission.cells for name in defined_names(c.source) if c.source}
    found = set()
    for cell in submission.cells:
        if cell.role != "solution":
            continue
        lines = {line.strip() for line in cell.source.splitlines()}
        own = {line for line in lines - given[cell.key] if line and not line.startswith("#")}
        if not own and (lines - {""} or cell.exercise not in elsewhere):
            found.add(cell.exercise)
    return found


def borrowed(lesson: Lesson, submission: Submission) -> set[str]:
    """Exercises whose name stands, where their hidden test runs, for what ``rescue`` lends.

    The last cell above the test that gives the name a meaning decides.
    """
    names = {c.exercise: defined_names(c.node.source) for c in lesson.cells if c.role == "solution"}
    lent: set[str] = set()
    found = set()
    for cell in submission.cells:
        if cell.node.cell_type != "code":
            continue
        if cell.role == "hidden" and names[cell.exercise] & lent:
            found.add(cell.exercise)
        lent = (lent - bound_names(cell.source)) | borrows(cell.source)
    return found
