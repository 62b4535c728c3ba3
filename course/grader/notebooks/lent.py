"""The version of a solution that ``rescue`` lends, and how to recognise it in a student's cell.

It is the lesson's own code, without docstrings and comments. The value of every assignment and
return is written ``(value,)[0]``, which changes nothing that it computes, and which nobody writes
by themselves. Such statements are compared without regard to names.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections.abc import Iterator

from course.grader.ground.quiet import no_warnings
from course.grader.notebooks.lesson import WRITTEN, Lesson
from course.lending import SEAL

Statement = ast.Assign | ast.AnnAssign | ast.Return
LENT = "holds code of the version that rescue lends, word for word"
"""A remark on code that was unpacked from rescue's file."""
PERHAPS = re.compile(r",\s*(?:#[^\n]*\n\s*)*\)\s*\[\s*0\s*\]")
"""Where a statement of the lent form may be: most cells have none and are not parsed for it."""
LONGEST = 200_000
"""Characters of code that is looked through."""


@functools.lru_cache(maxsize=256)
def lent_version(source: str) -> str:
    """Write the code that is lent in the place of a solution cell.

    Parameters
    ----------
    source : str
        A solution cell of a source notebook.

    Returns
    -------
    str
    """
    tree = _Marker().visit(ast.parse(source))
    return ast.unparse(ast.fix_missing_locations(tree))


def what_is_lent(lesson: Lesson) -> dict[str, dict[str, str]]:
    """Everything that one notebook lends: code by exercise, and the forward that a backward needs.

    Returns
    -------
    dict of str to dict
        ``{"code": ..., "forward": ...}`` by exercise; ``forward`` is empty for most.
    """
    exercises = lesson.exercises | lesson.optional
    return {
        cell.exercise: {
            "code": lent_version(cell.node.source),
            "forward": exercises[cell.exercise].pair,
        }
        for cell in lesson.cells
        if cell.role in WRITTEN
    }


def lent_statements(lesson: Lesson, source: str) -> int:
    """Count statements in a student's code that are those of a version that the lesson lends.

    Parameters
    ----------
    lesson : Lesson
    source : str
        A cell, or a file beside the notebook.
    """
    if len(source) > LONGEST or not PERHAPS.search(source):
        return 0
    known = {
        form
        for cell in lesson.cells
        if cell.role == "solution"
        for form in _forms(lent_version(cell.node.source))
    }
    return sum(form in known for form in _forms(source))


def holds_loans(data: bytes) -> bool:
    """Tell whether a file is what ``rescue`` lends from, or has it in it, under whatever name."""
    return SEAL.strip() in data


def borrows(source: str) -> frozenset[str]:
    """Names that stand, after a cell has run, for what its top level borrows under the same name.

    Magics beside them do no harm; of a cell that does not parse, nothing is known.
    """
    found: set[str] = set()
    for statement in _parse(source).body if "rescue" in source else ():
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.discard(statement.name)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
            targets = set(_targets(statement))
            found = (found - targets) | (_asked_for(statement.value) & targets)
    return frozenset(found)


class _Marker(ast.NodeTransformer):
    """Take docstrings out, and put the mark around values."""

    def visit(self, node: ast.AST) -> ast.AST:
        super().visit(node)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, Statement) and node.value is not None:
            node.value = ast.Subscript(
                ast.Tuple([node.value], ast.Load()), ast.Constant(0), ast.Load()
            )
        return node


@functools.lru_cache(maxsize=256)
def _forms(source: str) -> tuple[str, ...]:
    """The marked statements of some code, each without its names."""
    forms = []
    for node in ast.walk(_parse(source)):
        if isinstance(node, Statement) and _is_marked(node.value):
            with contextlib.suppress(RecursionError, MemoryError):  # a student nests as they like
                forms.append(_without_names(node))
    return tuple(forms)


def _is_marked(value: ast.expr | None) -> bool:
    match value:
        case ast.Subscript(value=ast.Tuple(elts=[_]), slice=ast.Constant(value=0)):
            return True
    return False


def _without_names(statement: ast.stmt) -> str:
    """Write a statement's tree with its names numbered in order of appearance."""
    tree, numbers = ast.parse(ast.unparse(statement)), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = numbers.setdefault(node.id, str(len(numbers)))
        elif isinstance(node, ast.arg):
            node.arg, node.annotation = numbers.setdefault(node.arg, str(len(numbers))), None
    return ast.dump(tree)


def _targets(statement: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _asked_for(value: ast.expr) -> set[str]:
    """Names for which an expression calls ``rescue``."""
    found = set()
    for node in ast.walk(value):
        match node:
            case ast.Call(
                func=ast.Name(id="rescue") | ast.Attribute(attr="rescue"), args=[argument, *_]
            ):
                match argument:
                    case ast.Constant(value=str(name)) | ast.Name(id=name):
                        found.add(name)
    return found


def _parse(source: str) -> ast.Module:
    """Parse code without its magics; what does not parse has no statements."""
    plain = re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE)
    try:
        with no_warnings():
            return ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
