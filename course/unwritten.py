"""What a cell says that needs an exercise which is not written yet: one sentence, no traceback.

A stub raises ``NotImplementedError``, and a cell that calls it makes none of its names and entries,
so that cells below fail with ``NameError`` and ``KeyError``. All of them say which exercise to
write, as visible tests do.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Collection
from types import TracebackType
from typing import Any

from course.checks import CheckFailed
from course.emission import grading

ERRORS = NotImplementedError, NameError, KeyError
"""What a cell ends in that needs an exercise which is not written."""
STUCK = 'Stuck for good? from course import rescue; {0} = rescue("{0}")'
"""Ends the message on a stub: how to go on without it."""


_exercises: set[str] = set()
_unmade: dict[str, str] = {}
"""Names and keys that cells would have made, with the exercise that they wait for."""


def explain_unwritten(exercises: Collection[str]) -> None:
    """Let the cells of this notebook say which exercise they need; nothing outside of IPython.

    Where work is graded everything stays as it is.

    Parameters
    ----------
    exercises : collection of str
        Names of the notebook's exercises.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None or grading():
        return
    _exercises.update(exercises)

    def show(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: Any = None) -> None:
        explain(error)
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell.set_custom_exc(ERRORS, show)


def explain(error: BaseException) -> None:
    """Give an error the sentence that is shown for it, if an exercise that is missing is its cause.

    Figures that were being drawn are closed: a half of one would be shown below the sentence.
    """
    sentence = sentence_on(error, _exercises, _unmade)
    if sentence:
        error._render_traceback_ = CheckFailed(sentence)._render_traceback_
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")


def sentence_on(
    error: BaseException, exercises: Collection[str], unmade: dict[str, str]
) -> str | None:
    """Say what a cell lacks that has ended in an error.

    Parameters
    ----------
    error : BaseException
    exercises : collection of str
    unmade : dict of str to str
        Names and keys (quoted) that cells above would have made, with the exercise that they wait
        for; those of this cell are added.

    Returns
    -------
    str or None
        ``None`` when the error has another reason than an exercise that is not written.
    """
    if isinstance(error, NotImplementedError):
        exercise = (raised_in(error) or [""])[-1]
        if error.args or exercise not in exercises:
            return None
        sentence = f"This cell needs {exercise}, which is not written yet. {STUCK.format(exercise)}"
    else:
        name = _missed(error)
        if name in exercises:
            return f"This cell needs {name}, which is not defined yet: run the cells above first."
        exercise = unmade.get(name)
        if exercise is None:
            return None
        sentence = (
            f"This cell needs {name}, made by a cell above that waits for {exercise}: "
            f"write {exercise}, run that cell, then this one."
        )
    unmade.update(dict.fromkeys(_made_by_the_cell(error.__traceback__), exercise))
    return sentence


def raised_in(error: BaseException) -> list[str]:
    """Names of the functions and classes in which an error was raised, the innermost last."""
    names, traceback = [], error.__traceback__
    while traceback is not None:
        own = traceback.tb_frame.f_code.co_qualname.rpartition("<locals>.")[2]
        names.append(own.partition(".")[0])
        traceback = traceback.tb_next
    return names


def _missed(error: BaseException) -> str | None:
    """Name what a cell did not find: a name, or a key that it looks up itself, in quotes."""
    if isinstance(error, NameError):
        return getattr(error, "name", None)
    if isinstance(error, KeyError) and error.args and raised_in(error)[-1:] == ["<module>"]:
        return repr(error.args[0])
    return None


def _made_by_the_cell(trace: TracebackType | None) -> set[str]:
    """What a cell that failed would have made: names, and keys among the texts in it.

    IPython keeps its source where tracebacks look.
    """
    while trace is not None and trace.tb_frame.f_code.co_name != "<module>":
        trace = trace.tb_next
    if trace is None:
        return set()
    source = "".join(linecache.getlines(trace.tb_frame.f_code.co_filename))
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_stored(n)}
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return stored | defined | {repr(text) for text in texts if isinstance(text, str)}


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
