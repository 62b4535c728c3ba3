"""Follow-through: a mistake costs the exercise that made it, and no later one.

An exercise that lost points after an earlier one did is judged a second time, with the earlier
exercises taken from the solution. In that run the student's cell of an exercise, and its hidden
test where it is still to be judged, come *before* the solution of that exercise.
"""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from types import CodeType

from nbformat import NotebookNode

from course.grader.ground.quiet import no_warnings
from course.grader.judging.verdict import CACHE, Part, Verdict, scored
from course.grader.kernel.steps import Step, StepResult
from course.grader.notebooks.lesson import Lesson, defined_names
from course.grader.notebooks.rebuild import Submission

GIVEN = "given:"
"""Prefix of the steps that bring the solution of an earlier exercise."""

LOOK_UPS = frozenset(
    {
        "eval",
        "exec",
        "globals",
        "getattr",
        "get_ipython",
        "vars",
        "locals",
        "__builtins__",
        "builtins",
    }
)
"""Ways to use a name that the code does not mention; as a method, ``model.eval()``, it is none."""


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
    """Tell whether an exercise's code, and what that uses, needs anything that is in doubt."""
    roles = {"solution", "reading", "extra"}
    code = [c for c in submission.cells if c.node.cell_type == "code" and c.role in roles]
    doubtful = set(doubted)
    wanted = _uses(lesson.exercises[id_].hidden).named
    for cell in code:
        if cell.exercise in doubted:
            doubtful |= _uses(cell.source).bound | defined_names(cell.node.source)
        if cell.exercise == id_:
            wanted |= _uses(cell.source).mentioned
    return bool(_reached(wanted, [_uses(cell.source) for cell in code]) & doubtful)


def _reached(wanted: Set[str], cells: Sequence[_Uses]) -> set[str]:
    """The names that some names need: those that the cells mention that make them, and so on."""
    lasting = _lasting(cells)
    reached: set[str] = set()
    while wanted - reached:
        reached |= wanted
        makers = (cell for cell in cells if _makes(cell, lasting) & reached)
        wanted = frozenset().union(*(cell.mentioned for cell in makers))
    return reached


def _lasting(cells: Sequence[_Uses]) -> frozenset[str]:
    return frozenset().union(*(cell.lasting for cell in cells))


def _makes(cell: _Uses, lasting: Set[str]) -> Set[str]:
    """The names whose meaning a cell may give or change."""
    return cell.bound | (cell.touched - lasting)


@dataclass(frozen=True)
class _Uses:
    """Global names in a cell's code.

    Attributes
    ----------
    mentioned : frozenset of str
        Those that it uses, and every word of it where it looks names up.
    named : frozenset of str
        Those that it uses by name: a hidden test does not look a student's names up.
    bound : frozenset of str
        Those that the cell binds.
    touched : frozenset of str
        Those outside of functions: the cell may have changed what they stand for.
    lasting : frozenset of str
        Functions, classes and imports: what they stand for is changed by nobody who uses them.
    """

    mentioned: frozenset[str]
    named: frozenset[str]
    bound: frozenset[str]
    touched: frozenset[str]
    lasting: frozenset[str]


@functools.lru_cache(maxsize=512)
def _uses(source: str) -> _Uses:
    """Read a cell; one that does not compile, or that looks names up, may use every word in it."""
    words = frozenset(re.findall(r"[^\W\d]\w*", source))
    try:
        with no_warnings():
            tree = ast.parse(source)
            code = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Uses(words, words, words, words, frozenset())
    lasting: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            lasting.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            lasting |= {(a.asname or a.name).partition(".")[0] for a in node.names}
    inner = frozenset().union(*(_names(part) for part in _functions(code)))
    named = _names(code) | inner
    mentioned = words if named & LOOK_UPS else named
    touched = _names(code) - set(dir(builtins))
    return _Uses(mentioned, named, _names(code, "STORE"), touched, frozenset(lasting))


def _names(code: CodeType, how: str = "") -> frozenset[str]:
    """Global names of one code object: what is read, bound or deleted by name."""
    found = (i for i in dis.get_instructions(code) if i.opname.startswith(how))
    return frozenset(i.argval for i in found if i.opname.endswith(("_NAME", "_GLOBAL")))


def _functions(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _functions(constant)


def with_solutions(
    lesson: Lesson,
    steps: Sequence[Step],
    results: Mapping[str, StepResult],
    second: set[str],
) -> list[Step]:
    """The steps of the second run: the first's, each exercise followed by its solution.

    Hidden tests run for the exercises that are judged again, and nothing after the last of them.
    Visible tests judge nothing; what was stopped in the first run stays out, and so does a given
    cell that asks for time of its own, a training, where nothing judged again needs what it makes.
    """
    solutions = {c.exercise: c.node.source for c in lesson.cells if c.role == "solution"}
    visible = {cell.id for cell in lesson.cells if cell.role == "visible"}
    lost = {s.exercise for s in steps if results[s.key].status in {"stopped", "skipped"}}
    forwards = set(pairs_of(lesson).values()) - lost  # what hangs is not called once more
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
    idle = _idle(lesson, chosen, second)
    return [step for step in chosen if step.key not in idle]


def _idle(lesson: Lesson, steps: Sequence[Step], second: set[str]) -> set[str]:
    """The lesson's slow cells that make nothing of what is judged again."""
    slow = {c.id for c in lesson.cells if c.role == "reading" and _asks_for_time(c.node)}
    if not slow & {step.key for step in steps}:
        return set()
    asked = [(_uses(step.source), step.hidden) for step in steps if step.exercise in second]
    wanted = frozenset().union(*(u.named if hidden else u.mentioned for u, hidden in asked))
    cells = {step.key: _uses(step.source) for step in steps if not step.hidden}
    reached, lasting = _reached(wanted, list(cells.values())), _lasting(list(cells.values()))
    return {key for key in slow & cells.keys() if not _makes(cells[key], lasting) & reached}


def _asks_for_time(node: NotebookNode) -> bool:
    return bool((node.metadata.get("exercise") or {}).get("seconds"))


def given(exercise: str, solution: str, keep: bool = False) -> Step:
    """The step that brings a solution; with ``keep``, the student's function stays at hand."""
    line = f"__import__('course.pairs').pairs.keep(globals(), {exercise!r})\n" if keep else ""
    return Step(GIVEN + exercise, line + solution, secret=True)


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
