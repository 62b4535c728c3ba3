"""Follow-through: a mistake costs the exercise that made it, and no later one.

An exercise that lost points after an earlier one did is judged a second time, with the earlier
exercises taken from the solution. In that run the student's cell of an exercise, and its hidden
test where it is still to be judged, come *before* the solution of that exercise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from course.grader.ground.quiet import no_warnings
from course.grader.judging.verdict import CACHE, Part, Verdict, scored
from course.grader.kernel.steps import Step, StepResult
from course.grader.notebooks.lesson import Lesson, defined_names
from course.grader.notebooks.rebuild import Submission

GIVEN = "given:"
"""Prefix of the steps that bring the solution of an earlier exercise."""


def pairs_of(lesson: Lesson) -> dict[str, str]:
    """Exercises that read a cache, and the exercise that makes it."""
    return {id_: exercise.pair for id_, exercise in lesson.exercises.items() if exercise.pair}


def to_follow(
    lesson: Lesson, submission: Submission, verdicts: Mapping[str, Verdict], unwritten: set[str]
) -> set[str]:
    """Exercises that another run may judge better: attempted, lost, and built on what is not right.

    A backward whose forward is right is among them: the forward's cache may be at fault.
    """
    lost: set[str] = set()
    found = set()
    pairs = pairs_of(lesson)
    for id_, verdict in verdicts.items():
        if verdict.full:
            continue
        if id_ not in unwritten:
            doubted = lost | ({pairs[id_]} if id_ in pairs else set())
            if doubted and _reaches(lesson, submission, id_, doubted):
                found.add(id_)
        lost.add(id_)
    return found


def _reaches(lesson: Lesson, submission: Submission, id_: str, doubted: set[str]) -> bool:
    """Tell whether an exercise's code, and what it uses, mentions anything that is in doubt.

    Words are compared, not meanings: text counts as code, and a cell that is not an exercise is
    taken to change whatever it mentions.
    """
    doubtful = set()
    makes: list[tuple[frozenset[str], frozenset[str]]] = []
    words = _words(lesson.exercises[id_].hidden)
    for cell in submission.cells:
        if cell.node.cell_type != "code" or cell.role in {"demo", "visible", "hidden"}:
            continue
        mentioned = _words(cell.source)
        made = _made(cell.source) if cell.role == "solution" else mentioned
        if cell.exercise in doubted:
            doubtful |= made | defined_names(cell.node.source) | {cell.exercise}
        if cell.exercise == id_:
            words |= mentioned
        makes.append((made, mentioned))
    reached: set[str] = set()
    while words - reached:
        reached |= words
        words = frozenset().union(*(said for made, said in makes if made & reached))
    return bool(reached & doubtful)


def _words(source: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d]\w*", source))


def _made(source: str) -> frozenset[str]:
    """Names that a cell binds at its top level; all its words where it cannot be parsed."""
    try:
        with no_warnings():
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _words(source)
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        else:  # whatever a statement touches, it may have changed
            names |= _words(ast.unparse(node))
    return frozenset(names)


def with_solutions(
    lesson: Lesson,
    steps: Iterable[Step],
    results: Mapping[str, StepResult],
    second: set[str],
) -> list[Step]:
    """The steps of the second run: the first's, each exercise followed by its solution.

    Hidden tests run for the exercises that are judged again, and nothing after the last of them.
    Visible tests judge nothing; what was stopped in the first run stays out.
    """
    solutions = {c.exercise: c.node.source for c in lesson.cells if c.role == "solution"}
    visible = {cell.id for cell in lesson.cells if cell.role == "visible"}
    forwards = set(pairs_of(lesson).values())
    chosen, left = [], set(second)
    for step in steps:
        if step.key in visible:
            continue
        if results[step.key].status != "stopped" and (not step.hidden or step.exercise in second):
            chosen.append(step)
        if not step.hidden:
            continue
        left.discard(step.exercise)
        if not left:
            break
        chosen.append(given(step.exercise, solutions[step.exercise], step.exercise in forwards))
    return chosen


def given(exercise: str, solution: str, keep: bool = False) -> Step:
    """The step that brings a solution; with ``keep``, the student's function stays at hand."""
    line = f"__import__('course.pairs').pairs.keep(globals(), {exercise!r})\n" if keep else ""
    return Step(GIVEN + exercise, line + solution)


def charge_caches(lesson: Lesson, verdicts: dict[str, Verdict]) -> None:
    """Give every forward a part for its cache, lost when a backward is right without it.

    A forward that lost points already is charged no second time.
    """
    for backward, forward in pairs_of(lesson).items():
        reader, maker = verdicts[backward], verdicts[forward]
        if not maker.parts:
            continue
        at_fault = maker.full and reader.own_points is not None
        right = not (at_fault and reader.points > reader.own_points)
        message = f"{backward} is right with a right cache, and is not with this one"
        parts = [*maker.parts, Part(CACHE, right, "" if right else message)]
        judged = scored(forward, maker.maximum, parts)
        verdicts[forward] = replace(maker, points=judged.points, parts=judged.parts)
