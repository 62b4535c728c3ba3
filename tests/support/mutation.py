"""Grade wrong and right variants of a lesson's functions, and say which the tests misjudge.

Variants live in ``tests/support/mutants/<notebook>.py`` as two dicts, ``WRONG`` and ``RIGHT``:
``{exercise: {name: change}}``. A change is a list of ``(old, new)`` replacements in the solution
cell's source, or the whole source of the cell as a string. A third dict, ``SAYS``, holds for some
wrong variants a word that the visible test's message must contain.

Run ``python -m tests.support.mutation source/01_rnn/vanilla_rnn.ipynb`` to see a lesson's table.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from course.grader.judging.grade import Graded, grade, steps_of
from course.grader.judging.payload import Payload, read
from course.grader.kernel.nursery import PRELOAD
from course.grader.kernel.steps import Settings, Step, StepResult
from course.grader.notebooks.lesson import Lesson, read_lesson
from course.grader.notebooks.rebuild import Submission, solution_submission
from tests.support.inprocess import run_inprocess

for module in PRELOAD:  # every variant runs in a fork, which then has them
    importlib.import_module(module)

Change = str | list[tuple[str, str]]
SEED = 20_261
LONG = 30.0
"""Seconds: cells that may take longer (a training) run for variants of such exercises alone."""


@cache
def lesson_at(path: Path) -> Lesson:
    """Read a lesson once."""
    return read_lesson(path)


@cache
def references_of(path: Path, seed: int = SEED) -> dict[str, Payload]:
    """Make a lesson's references in process."""
    lesson = lesson_at(path)
    steps = steps_of(lesson, solution_submission(lesson))
    results = run_inprocess(steps, Settings(seed, reference=True))
    for step in steps:
        if results[step.key].status != "ok":
            raise AssertionError(f"{lesson.notebook} / {step.key}: {results[step.key].cause}")
    references = {s.exercise: read(results[s.key].emissions[0]) for s in steps if s.hidden}
    for exercise, reference in references.items():
        if reference.errors:
            raise AssertionError(f"{lesson.notebook} / {exercise}: {reference.errors}")
    return references


def variant(lesson: Lesson, exercise: str, change: Change) -> Submission:
    """The solution with one exercise's cell changed."""
    submission = solution_submission(lesson)
    cell = next(c for c in submission.cells if c.role == "solution" and c.exercise == exercise)
    if isinstance(change, str):
        cell.source = change
        return submission
    for old, new in change:
        if old not in cell.source:
            raise AssertionError(f"{exercise}: {old!r} is not in the solution")
        cell.source = cell.source.replace(old, new)
    return submission


def grade_inprocess(
    path: Path, submission: Submission, seed: int = SEED, longest: float = float("inf")
) -> Graded:
    """Grade a rebuilt submission without a kernel; cells that may take longer are left out."""

    def run(steps: Sequence[Step], settings: Settings) -> dict[str, StepResult]:
        results = run_inprocess([step for step in steps if step.seconds <= longest], settings)
        return {step.key: results.get(step.key, StepResult()) for step in steps}

    return grade(lesson_at(path), submission, references_of(path, seed), run, Settings(seed))


def long_exercises(path: Path) -> set[str]:
    """Exercises whose hidden test may take longer than most."""
    return {id_ for id_, exercise in lesson_at(path).exercises.items() if exercise.seconds > LONG}


def visible_message(path: Path, exercise: str, change: Change) -> str:
    """What the visible test says about a variant (empty when it passes)."""
    lesson = lesson_at(path)
    steps = [s for s in steps_of(lesson, variant(lesson, exercise, change)) if not s.hidden]
    if exercise not in long_exercises(path):
        steps = [s for s in steps if s.seconds <= LONG]
    keys = [s.key for s in steps]
    upto = keys.index(f"{exercise}_visible") + 1
    result = run_inprocess(steps[:upto], Settings(SEED))[f"{exercise}_visible"]
    return result.cause if result.status == "error" else ""


def mutants_of(notebook: str) -> tuple[dict, dict, dict]:
    """The variants of a notebook: wrong ones, right ones, and what the visible test says."""
    module = importlib.import_module(f"tests.support.mutants.{notebook}")
    return module.WRONG, module.RIGHT, getattr(module, "SAYS", {})


def misjudged(path: Path, exercise: str, change: Change, wrong: bool) -> str:
    """Grade one variant; return what the tests got wrong about it, or an empty string."""
    long = long_exercises(path)
    skipped, longest = (set(), float("inf")) if exercise in long else (long, LONG)
    graded = grade_inprocess(path, variant(lesson_at(path), exercise, change), longest=longest)
    own = graded.verdicts[exercise]
    others = {id_: v for id_, v in graded.verdicts.items() if id_ not in {exercise, *skipped}}
    harmed = [f"{v.exercise} ({v.summary})" for v in others.values() if not v.full]
    problems = []
    if wrong and own.full:
        problems.append("SURVIVES")
    if not wrong and not own.full:
        problems.append(f"FALSE ALARM: {own.summary}")
    if harmed:
        problems.append(f"HARMS {', '.join(harmed)}")
    return "; ".join(problems)


def main(path: Path) -> int:
    """Print a table of all variants of a lesson; return the number misjudged."""
    wrong, right, says = mutants_of(path.stem)
    solution = grade_inprocess(path, solution_submission(lesson_at(path)))
    print(f"solution: {solution.points:g} of {solution.maximum:g}")
    bad = int(solution.points != solution.maximum)
    for verdict in solution.verdicts.values():
        if not verdict.full:
            print(f"  {verdict.exercise}: {verdict.summary}")
    for kind, table in (("wrong", wrong), ("right", right)):
        for exercise, changes in table.items():
            for name, change in changes.items():
                problem = misjudged(path, exercise, change, kind == "wrong")
                word = says.get(exercise, {}).get(name)
                if word is not None and word not in (
                    said := visible_message(path, exercise, change)
                ):
                    problem += f"; the visible test says {said!r}, not {word!r}"
                bad += bool(problem)
                print(f"{'✗' if problem else '✓'} {kind:5} {exercise} / {name} {problem}")
    missing = set(lesson_at(path).exercises) - set(wrong) | set(lesson_at(path).exercises) - set(
        right
    )
    print(f"{bad} misjudged; exercises without variants: {', '.join(sorted(missing)) or 'none'}")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]))))
