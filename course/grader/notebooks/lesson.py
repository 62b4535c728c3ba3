"""Read a source notebook as a lesson: which cell is a solution, a test, a question, or reading."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.ground.quiet import no_warnings
from course.grader.ground.text import one_line
from course.grader.ground.times import TIME_LIMIT

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
VISIBLE_SUFFIX, HIDDEN_SUFFIX = "_visible", "_hidden"
DEMO_TAG = "demo"
OPTIONAL_VISIBLE = "optional test"
"""Role of the visible test of an optional exercise."""
WRITTEN = frozenset({"solution", "optional"})
"""Roles of the cells of code that a student writes."""
TRIED = frozenset({"visible", OPTIONAL_VISIBLE})
"""Roles of the cells that are visible tests."""
NOT_RUN = frozenset({"demo", "answer", "text", "optional", OPTIONAL_VISIBLE})
"""Roles of the cells that do not run when work is graded."""


class LessonError(ValueError):
    """A source notebook breaks the rules of an exercise; the message says where and how to mend."""


@dataclass(frozen=True)
class Exercise:
    """One exercise; an optional one is worth no points and has no hidden test.

    Attributes
    ----------
    id : str
        ``grade_id`` of its solution cell and stem of its test cells' ids.
    points : float
        Points of its hidden test (or of its written answer).
    difficulty, minutes : int
        As its header says.
    hidden : str
        Python source of the hidden test; empty for an optional exercise.
    seconds : float
        Time limit of the hidden test.
    pair : str
        The exercise whose cache this one reads (a backward's forward), or nothing.
    """

    id: str
    points: float
    difficulty: int
    minutes: int
    hidden: str
    seconds: float
    pair: str = ""

    @property
    def blind(self) -> str:
        """The hidden test without what only the reference needs: the truth behind predictions."""
        return blinded(self.hidden)


@dataclass(frozen=True)
class LessonCell:
    """One cell of the source and its part in grading.

    ``role`` is ``solution``, ``visible``, ``hidden``, ``answer`` (graded by hand), ``demo`` (not
    run when graded) or ``reading`` (everything else). The solution of an optional exercise and its
    visible test are ``optional`` and ``optional test``; they are not run when graded either.
    """

    id: str
    role: str
    exercise: str | None
    node: NotebookNode


@dataclass(frozen=True)
class Lesson:
    """A source notebook, parsed.

    Attributes
    ----------
    assignment, notebook : str
        Folder and file name without suffix: ``01_rnn``, ``vanilla_rnn``.
    source : nbformat.NotebookNode
        The source notebook.
    cells : list of LessonCell
    exercises : dict of str to Exercise
        Auto-graded exercises by id, in order.
    answers : dict of str to float
        Points of the questions graded by hand, by ``grade_id``.
    optional : dict of str to Exercise
        Exercises that are worth no points, whose visible test is all.
    """

    assignment: str
    notebook: str
    source: NotebookNode
    cells: list[LessonCell] = field(default_factory=list)
    exercises: dict[str, Exercise] = field(default_factory=dict)
    answers: dict[str, float] = field(default_factory=dict)
    optional: dict[str, Exercise] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The first heading of the notebook."""
        for cell in self.source.cells:
            if match := re.search(r"^# (.+)$", cell.source, re.MULTILINE):
                return match[1].strip()
        return self.notebook


def read_lesson(path: Path) -> Lesson:
    """Parse a source notebook.

    Parameters
    ----------
    path : pathlib.Path
        ``source/<assignment>/<notebook>.ipynb``.

    Returns
    -------
    Lesson

    Raises
    ------
    LessonError
        When it is no notebook, or a cell breaks the rules of an exercise.
    """
    return parse_lesson(read_source(path), path.parent.name, path.stem)


def read_source(path: Path) -> NotebookNode:
    """Open a source notebook.

    Raises
    ------
    LessonError
        When the file is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        why = one_line(error, 80)
        raise LessonError(f"{path} is no notebook ({why}); mend it or move it away") from error


def parse_lesson(source: NotebookNode, assignment: str, notebook: str) -> Lesson:
    """Parse an opened source notebook; see :func:`read_lesson`."""
    lesson = Lesson(assignment, notebook, source)
    seen: set[str] = set()
    optional = {node.metadata.nbgrader["grade_id"] for node in source.cells if is_optional(node)}
    for node in source.cells:
        cell = _classify(node, f"{assignment}/{notebook}", optional)
        if cell.id in seen:
            raise LessonError(f"{assignment}/{notebook}: the id {cell.id!r} is used twice")
        seen.add(cell.id)
        lesson.cells.append(cell)
        if cell.role == "answer":
            lesson.answers[cell.id] = float(node.metadata.nbgrader["points"])
        elif cell.role == "hidden":
            exercise = _exercise(cell, f"{assignment}/{notebook}")
            if exercise.pair and exercise.pair not in lesson.exercises:
                raise LessonError(
                    f"{assignment}/{notebook}: {exercise.id!r} names {exercise.pair!r} as its "
                    "pair, which is no earlier exercise"
                )
            lesson.exercises[cell.exercise] = exercise
        elif cell.role == "optional":
            lesson.optional[cell.id] = _optional(cell, f"{assignment}/{notebook}")
    tests = {cell.exercise for cell in lesson.cells if cell.role == OPTIONAL_VISIBLE}
    for id_ in set(lesson.optional) - tests:
        raise LessonError(
            f"{assignment}/{notebook}: {id_!r} is optional, so its visible test is all: add the "
            f"cell {id_ + VISIBLE_SUFFIX!r}"
        )
    solutions = {cell.exercise for cell in lesson.cells if cell.role == "solution"}
    for id_ in solutions ^ set(lesson.exercises):
        raise LessonError(
            f"{assignment}/{notebook}: {id_!r} needs both a solution cell {id_!r} "
            f"and a test cell {id_ + HIDDEN_SUFFIX!r}"
        )
    return lesson


def is_optional(node: NotebookNode) -> bool:
    """Tell whether a cell is the stub of an exercise that is worth no points."""
    about = node.metadata.get("nbgrader") or {}
    exercise = node.metadata.get("exercise") or {}
    return bool(about.get("solution") and not about.get("grade") and exercise.get("optional"))


def lessons_of(source: Path, assignment: str) -> list[Lesson]:
    """Parse every notebook of an assignment.

    Raises
    ------
    LessonError
        When there is no such assignment; the message lists those that exist.
    """
    # "01_rnn/" is the same folder, but another name: the gradebook would have a lesson too many.
    plain = assignment == Path(assignment).name != ""
    paths = sorted((source / assignment).glob("*.ipynb")) if plain else []
    if not paths:
        known = ", ".join(sorted({p.parent.name for p in source.glob("*/*.ipynb")})) or "none"
        raise LessonError(f"no lesson named {assignment!r} in {source} (there is: {known})")
    return [read_lesson(path) for path in paths]


def hidden_source(text: str) -> str:
    """Return the region between the hidden-test markers of a cell."""
    match = re.search(rf"{BEGIN_HIDDEN}\n(.*?)^{END_HIDDEN}", text, re.DOTALL | re.MULTILINE)
    return match[1] if match else ""


def blinded(hidden: str) -> str:
    """Cut from a hidden test everything that runs for the reference alone.

    A student's function could walk the stack to the test that calls it. What is not in the kernel
    cannot be found there: the ``truth`` of ``case.predict`` (a lambda, or a function of the test
    that serves nothing else) and the branches of ``if case.reference``.
    """
    if not re.search(r"\.(predict|reference)\b", hidden):
        return hidden
    blinder = _Blinder()
    tree = blinder.visit(ast.parse(hidden))
    truths = blinder.cut - {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in truths:
            node.body = [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree))


class _Blinder(ast.NodeTransformer):
    """Replace what runs for the reference alone by ``None`` or nothing; keep the names it used."""

    def __init__(self) -> None:
        self.cut: set[str] = set()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "predict":
            for keyword in node.keywords:
                if keyword.arg == "truth":
                    keyword.value = self._nothing(keyword.value)
            if len(node.args) > 2:
                node.args[2] = self._nothing(node.args[2])
        return node

    def _nothing(self, truth: ast.expr) -> ast.Constant:
        self.cut |= {node.id for node in ast.walk(truth) if isinstance(node, ast.Name)}
        return ast.Constant(None)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.test, ast.Attribute) and node.test.attr == "reference":
            node.test, node.body = ast.Constant(False), [ast.Pass()]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.test, ast.Attribute) and node.test.attr == "reference":
            return node.orelse
        return node


@functools.lru_cache(maxsize=256)
def defined_names(source: str) -> frozenset[str]:
    """Names of the functions and classes that a cell defines at its top level.

    Source that does not parse (a student's, with magics or errors) is searched line by line.
    """
    try:
        with no_warnings():
            return frozenset(_definitions(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(re.findall(r"^(?:def|class)\s+(\w+)", source, re.MULTILINE))


@functools.lru_cache(maxsize=256)
def bound_names(source: str) -> frozenset[str]:
    """Names that a cell gives a meaning to at its top level: definitions, imports, assignments."""
    names = set(defined_names(source))
    for node in _parsed(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            stored = (name for target in targets for name in ast.walk(target))
            names |= {name.id for name in stored if isinstance(name, ast.Name)}
    return frozenset(names)


@functools.lru_cache(maxsize=256)
def names_read(source: str) -> frozenset[str]:
    """Names that a cell mentions anywhere."""
    nodes = ast.walk(_parsed(source))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


def syntax_problem(source: str) -> str:
    """Say why a cell does not compile and in which line; nothing when it does.

    Lines of IPython's own (``%time``, ``!ls``) count as empty.
    """
    plain = re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE)
    try:
        with no_warnings():
            ast.parse(plain)
    except SyntaxError as error:
        line = (error.text or "").strip()
        where = f", line {error.lineno}" if error.lineno else ""
        return one_line(f"{type(error).__name__}: {error.msg}{where}: {line}", 200).rstrip(": ")
    except (ValueError, RecursionError, MemoryError) as error:
        return one_line(f"{type(error).__name__}: {error}", 200)
    return ""


def _parsed(source: str) -> ast.Module:
    """Parse a cell; one that does not parse (magics, errors) has no statements."""
    try:
        with no_warnings():
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _definitions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _classify(node: NotebookNode, where: str, optional: set[str]) -> LessonCell:
    grader = node.metadata.get("nbgrader")
    if not grader:
        demo = DEMO_TAG in node.metadata.get("tags", [])
        return LessonCell(node.id, "demo" if demo else "reading", None, node)
    id_ = grader["grade_id"]
    if grader.get("grade") and grader.get("solution"):
        return LessonCell(id_, "answer", None, node)
    if grader.get("solution"):
        return LessonCell(id_, "optional" if id_ in optional else "solution", id_, node)
    if grader.get("grade"):
        if not id_.endswith(HIDDEN_SUFFIX):
            raise LessonError(f"{where}: the test cell {id_!r} must end in {HIDDEN_SUFFIX!r}")
        if id_.removesuffix(HIDDEN_SUFFIX) in optional:
            raise LessonError(f"{where}: {id_!r} tests an optional exercise, which has no points")
        return LessonCell(id_, "hidden", id_.removesuffix(HIDDEN_SUFFIX), node)
    if id_.endswith(VISIBLE_SUFFIX):
        exercise = id_.removesuffix(VISIBLE_SUFFIX)
        role = OPTIONAL_VISIBLE if exercise in optional else "visible"
        return LessonCell(id_, role, exercise, node)
    return LessonCell(id_, "reading", None, node)


def _exercise(cell: LessonCell, where: str) -> Exercise:
    about = cell.node.metadata.get("exercise") or {}
    hidden = hidden_source(cell.node.source)
    if not hidden.strip():
        raise LessonError(f"{where}: the test cell {cell.id!r} has no hidden tests")
    _require_effort(cell, where)
    return Exercise(
        cell.exercise,
        float(cell.node.metadata.nbgrader["points"]),
        int(about["difficulty"]),
        int(about["minutes"]),
        hidden,
        float(about.get("seconds", TIME_LIMIT)),
        str(about.get("pair", "")),
    )


def _optional(cell: LessonCell, where: str) -> Exercise:
    _require_effort(cell, where)
    about = cell.node.metadata.exercise
    return Exercise(cell.id, 0.0, int(about["difficulty"]), int(about["minutes"]), "", TIME_LIMIT)


def _require_effort(cell: LessonCell, where: str) -> None:
    about = cell.node.metadata.get("exercise") or {}
    missing = [key for key in ("difficulty", "minutes") if key not in about]
    if missing:
        raise LessonError(f"{where}: {cell.id!r} lacks metadata exercise.{missing[0]}")
