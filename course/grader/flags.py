"""Remarks for the instructor: where a solution uses a library in place of what is to be written.

The score does not change. A remark is made when a student's cell uses a name from the lists below
and the lesson's own solution of that exercise does not.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Iterable, Iterator

from course.grader.lesson import Lesson
from course.grader.rebuild import Submission

SHORTCUTS = re.compile(
    r"""torch\.nn\.((RNN|LSTM|GRU)(Cell|Base|CellBase)?|MultiheadAttention|Transformer\w*
               |Softmax|LogSoftmax|functional\.[\w*]+|utils\.rnn\.\w+|utils\.clip_grad\w*)
    |torch\.(softmax|log_softmax|logsumexp|gradient|autograd\.[\w.]+|func\.\w+|_VF\.\w+
            |(rnn_tanh|rnn_relu|lstm|gru)(_cell)?|scaled_dot_product_attention)
    |numpy\.gradient
    |scipy\.special\.(softmax|log_softmax|logsumexp)
    |(sklearn|scipy\.optimize|jax|autograd|tensorflow|keras|mxnet)(\.[\w.]+)?
    """,
    re.VERBOSE,
)
"""Dotted names that do what an exercise may ask a student to write."""

METHODS = frozenset({"backward", "softmax", "log_softmax", "logsumexp"})
"""Methods of tensors that do the same."""

TRICKS = re.compile(
    r"(course\.(emission|grader|weights)|ctypes|importlib|inspect|gc|sys\.(_getframe|modules|settrace)"
    r"|builtins|exec|eval|compile|__import__|globals)(\.[\w.]+)?"
)
"""What no exercise needs: ways to the machinery around the exercise."""

SHORT = 8_000
"""Cells of so many characters are parsed once for a class; trees of longer ones are not kept."""

BUILT_IN = ("exec", "eval", "compile", "__import__", "globals")
USUAL = {"np": "numpy", "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}
USUAL |= {name: name for name in BUILT_IN}


def flags_of(
    lesson: Lesson, submission: Submission
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Remark on the cells of a submission.

    Parameters
    ----------
    lesson : Lesson
    submission : Submission

    Returns
    -------
    flags : dict of str to tuple of str
        By exercise, for those that have any: ``"uses torch.nn.LSTM"``.
    notes : list of str
        Remarks on extra cells.
    """
    trees = {cell.key: _parse(cell.source) for cell in submission.cells if cell.role != "text"}
    aliases = _aliases(trees.values())
    helpers = {
        node.name: node
        for cell in submission.cells
        if cell.role == "extra"
        for node in trees[cell.key].body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    solutions = {
        cell.exercise: cell.node.source for cell in lesson.cells if cell.role == "solution"
    }
    flags = {}
    for cell in submission.cells:
        if cell.role != "solution":
            continue
        used = _used(_with_helpers(trees[cell.key], helpers), aliases)
        expected = _last(_used([_parse(solutions[cell.exercise])], aliases))
        found = sorted(name for name in used if _listed(name) and not _last([name]) & expected)
        if found:
            flags[cell.exercise] = tuple(f"uses {name}" for name in found)
    notes = []
    for cell in submission.cells:
        if cell.role == "extra":
            found = sorted(n for n in _used([trees[cell.key]], aliases) if TRICKS.fullmatch(n))
            notes += [f"an extra cell uses {name}" for name in found]
    return flags, list(dict.fromkeys(notes))


def _listed(name: str) -> bool:
    if name.startswith("."):
        return name[1:] in METHODS
    return bool(SHORTCUTS.fullmatch(name) or TRICKS.fullmatch(name))


def _last(names: Iterable[str]) -> set[str]:
    return {name.rpartition(".")[2] for name in names}


def _parse(source: str) -> ast.Module:
    """Parse a cell without its magics; one that does not parse uses nothing."""
    return _parse_short(source) if len(source) < SHORT else _parse_short.__wrapped__(source)


@functools.lru_cache(maxsize=128)
def _parse_short(source: str) -> ast.Module:
    for text in (source, re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _aliases(trees: Iterable[ast.Module]) -> dict[str, str]:
    """What short names stand for: ``F`` for ``torch.nn.functional``, by all imports there are."""
    aliases = dict(USUAL)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    aliases[alias.asname or root] = alias.name if alias.asname else root
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return aliases


def _with_helpers(tree: ast.Module, helpers: dict[str, ast.AST]) -> list[ast.AST]:
    """A cell's tree and the student's functions that it calls, and those that they call."""
    trees: list[ast.AST] = [tree]
    taken: set[str] = set()
    for reached in trees:  # grows while it is read
        for node in ast.walk(reached):
            if isinstance(node, ast.Name) and node.id in helpers and node.id not in taken:
                taken.add(node.id)
                trees.append(helpers[node.id])
    return trees


def _used(trees: Iterable[ast.AST], aliases: dict[str, str]) -> set[str]:
    """Dotted names of libraries in full that the trees use; ``.name`` for a value's method."""
    return {name for tree in trees for name in _names(tree, aliases)}


def _names(tree: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    inner: set[int] = set()
    for node in ast.walk(tree):  # parents come first
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Name) and id(node) not in inner and node.id in aliases:
            yield aliases[node.id]
        elif isinstance(node, ast.Attribute) and id(node) not in inner:
            parts, base = [node.attr], node.value
            inner.add(id(base))
            while isinstance(base, ast.Attribute):
                parts.append(base.attr)
                base = base.value
                inner.add(id(base))
            if isinstance(base, ast.Name) and base.id in aliases:
                yield ".".join([aliases[base.id], *reversed(parts)])
            else:
                yield f".{node.attr}"
