"""Remarks for the instructor: where a solution uses a library in place of what is to be written.

The score does not change. A remark is made when a student's cell uses a name from the lists below
and the lesson's own solution of that exercise does not.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from course.grader.ground.quiet import no_warnings
from course.grader.judging.payload import Payload
from course.grader.notebooks.lent import LENT, lent_statements
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import Submission

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
    r"(course\.(emission|grader|lending|weights|worked|bug_hunt|pairs|watch_\w+)"
    r"|ctypes|importlib|inspect|gc|sys\.(_getframe|modules|settrace)"
    r"|builtins|exec|eval|compile|__import__|globals|get_ipython|socket|zmq)(\.[\w.]+)?"
)
"""What no exercise needs: ways to the machinery around the exercise."""

SHORT = 8_000
"""Cells of so many characters are parsed once for a class; trees of longer ones are not kept."""

BUILT_IN = ("exec", "eval", "compile", "__import__", "globals", "get_ipython")
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
    facts = {cell.key: _facts(cell.source) for cell in submission.cells if cell.role != "text"}
    aliases = dict(USUAL)
    for known in facts.values():
        aliases |= known.aliases
    helpers: dict[str, Facts] = {}
    for cell in submission.cells:
        if cell.role == "extra":
            helpers |= _helpers(cell.source)
    solutions = {
        cell.exercise: cell.node.source for cell in lesson.cells if cell.role == "solution"
    }
    flags = {}
    for cell in submission.cells:
        if cell.role != "solution":
            continue
        used = _used(_with_helpers(facts[cell.key], helpers), aliases)
        expected = _last(_used([_facts(solutions[cell.exercise])], aliases))
        found = sorted(name for name in used if _listed(name) and not _last([name]) & expected)
        remarks = [f"uses {name}" for name in found]
        if lent_statements(lesson, cell.source):
            remarks.append(LENT)
        if remarks:
            flags[cell.exercise] = tuple(remarks)
    notes = []
    for cell in submission.cells:
        if cell.role == "extra":
            found = sorted(n for n in _used([facts[cell.key]], aliases) if TRICKS.fullmatch(n))
            notes += [f"an extra cell uses {name}" for name in found]
            if lent_statements(lesson, cell.source):
                notes.append(f"an extra cell {LENT}")
    return flags, list(dict.fromkeys(notes))


def ran(payload: Payload, reference: Payload) -> tuple[str, ...]:
    """Remark on what ran while a hidden test did, and did not run in the lesson's own solution.

    Parameters
    ----------
    payload, reference : Payload
        What the same test emitted for the student and for the solution.
    """
    return tuple(f"runs {name}" for name in sorted(payload.used - reference.used))


def _listed(name: str) -> bool:
    if name.startswith("."):
        return name[1:] in METHODS
    return bool(SHORTCUTS.fullmatch(name) or TRICKS.fullmatch(name))


def _last(names: Iterable[str]) -> set[str]:
    return {name.rpartition(".")[2] for name in names}


@dataclass(frozen=True)
class Facts:
    """What the syntax tree of some code says, without what its names stand for.

    Attributes
    ----------
    imported : frozenset of str
        Modules and members that it imports, in full.
    aliases : dict of str to str
        What its imports call them.
    names : frozenset of str
        Names that it reads or writes.
    chains : frozenset of tuple of str
        Dotted names in parts; the first is empty where a value is not a name (``f(x).softmax``).
    """

    imported: frozenset[str]
    aliases: dict[str, str]
    names: frozenset[str]
    chains: frozenset[tuple[str, ...]]


def _facts(source: str) -> Facts:
    """Read a cell; most of a class's are the same, those that are long are not kept."""
    return _facts_short(source) if len(source) < SHORT else _facts_short.__wrapped__(source)


@functools.lru_cache(maxsize=256)
def _facts_short(source: str) -> Facts:
    return _read(_parse(source))


def _helpers(source: str) -> dict[str, Facts]:
    """Functions and classes that a cell defines at its top level."""
    definitions = (
        node for node in _parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    return {node.name: _read(node) for node in definitions}


def _parse(source: str) -> ast.Module:
    """Parse a cell without its magics; one that does not parse uses nothing."""
    for text in (source, re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)):
        try:
            with no_warnings():
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _read(tree: ast.AST) -> Facts:
    imported: set[str] = set()
    aliases: dict[str, str] = {}
    names: set[str] = set()
    chains: set[tuple[str, ...]] = set()
    inner: set[int] = set()
    for node in ast.walk(tree):  # parents come first
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.add(alias.name)
                root = alias.name.partition(".")[0]
                aliases[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                imported.add(full)
                aliases[alias.asname or alias.name] = full
        elif isinstance(node, ast.Name):
            names.add(node.id)
            if id(node) not in inner:
                chains.add((node.id,))
        elif isinstance(node, ast.Attribute) and id(node) not in inner:
            parts, base = [node.attr], node.value
            inner.add(id(base))
            while isinstance(base, ast.Attribute):
                parts.append(base.attr)
                base = base.value
                inner.add(id(base))
            chains.add((base.id if isinstance(base, ast.Name) else "", *reversed(parts)))
    return Facts(frozenset(imported), aliases, frozenset(names), frozenset(chains))


def _with_helpers(facts: Facts, helpers: dict[str, Facts]) -> list[Facts]:
    """What a cell uses, and the student's functions that it calls, and those that they call."""
    reached, taken = [facts], set()
    for found in reached:  # grows while it is read
        for name in found.names & helpers.keys() - taken:
            taken.add(name)
            reached.append(helpers[name])
    return reached


def _used(facts: Iterable[Facts], aliases: dict[str, str]) -> set[str]:
    """Dotted names of libraries in full that code uses; ``.name`` for a value's method."""
    used: set[str] = set()
    for known in facts:
        used |= known.imported
        for first, *rest in known.chains:
            if first in aliases:
                used.add(".".join([aliases[first], *rest]))
            elif rest:
                used.add(f".{rest[-1]}")
    return used
