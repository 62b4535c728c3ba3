"""IPython's shell for graded cells: the same answers, without work that nobody sees."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
import warnings
from collections.abc import Mapping, Set
from types import TracebackType
from typing import Any

from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.inputtransformer2 import TransformerManager
from traitlets import Instance

from course.grader.kernel.steps import FORGOTTEN, cell_file

SHELLS_OWN = frozenset({"In", "Out", "get_ipython", "__name__", "__builtins__"})
"""Names that IPython keeps in the namespace: no cell deletes them on purpose."""
MANY = 8
"""Names that one statement may delete before it can be taken for one that deletes all."""
MAX_FRAMES = 20
"""Frames that are shown at each end of a long traceback."""


class PlainFirst(TransformerManager):
    """IPython's changes to a cell, without reading plain Python token by token.

    Magics, ``!`` and ``?`` are never valid Python, so what compiles has none of them.
    """

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Change what is not plain Python."""
        return lines if _is_python("".join(lines)) else super().do_token_transforms(lines)


@functools.lru_cache(maxsize=2)
def _is_python(code: str) -> bool:
    return _compiled(code, ast.PyCF_ONLY_AST) is not None


@functools.lru_cache(maxsize=2)
def _awaits(code: str) -> bool:
    """Tell whether code awaits at its top level."""
    if "await" not in code and "async" not in code:
        return False
    compiled = _compiled(code, 0)
    return compiled is not None and bool(compiled.co_flags & inspect.CO_COROUTINE)


def _compiled(code: str, flags: int) -> Any:
    """Compile code that may await at its top level; ``None`` when it is not valid Python."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(code, "<cell>", "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None


class QuickNames(XCachingCompiler):
    """Names of cells from a digest; ipykernel computes its own hash in Python, byte by byte."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the file name that a cell's tracebacks carry."""
        return f"{get_tmp_directory()}/{cell_file(raw_code)}"


class OneThreadShell(ZMQInteractiveShell):
    """IPython's shell; what it learns about a cell's text it learns once."""

    input_transformer_manager = Instance(PlainFirst, ())
    _transformed = ("", "")

    def init_magics(self) -> None:
        """Take the sting out of the magics that forget everything; see :meth:`reset`."""
        super().init_magics()
        for name in ("reset", "reset_selective"):
            self.register_magic_function(_forget_nothing, "line", name)

    def reset(self, *args: Any, **kwargs: Any) -> None:
        """Keep every name: a student's ``%reset`` must not cost the exercises above it.

        People clear a notebook that they work in; a graded one runs from the top, once.
        """

    async def run_code(self, *args: Any, **kwargs: Any) -> bool:
        """Run one statement of a cell; when it empties the notebook's names, put them back.

        ``globals().clear()`` is the same wish as ``%reset``, said in Python.
        """
        before = dict(self.user_ns)
        try:
            return await super().run_code(*args, **kwargs)
        finally:
            gone = before.keys() - self.user_ns.keys()
            if _emptied(before, gone):
                self.user_ns.update({name: before[name] for name in gone})
                with contextlib.suppress(Exception):  # a cell may have closed the stream
                    sys.stderr.write(f"{FORGOTTEN}\n")

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as Python; the kernel asks twice in a row."""
        if self._transformed[0] != raw_cell:
            self._transformed = (raw_cell, super().transform_cell(raw_cell))
        return self._transformed[1]

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """Show an error; of a recursion without end, where it begins and where it ends."""
        with contextlib.suppress(ValueError):  # there is no error to show
            kind, error, trace = self._get_exc_info(exc_tuple)
            exc_tuple = kind, error, _shortened(trace)
        super().showtraceback(exc_tuple, *args, **kwargs)

    def _format_exception_for_storage(self, exception: BaseException, *args: Any) -> dict[str, Any]:
        """Note an error in the history that nobody reads, without looking up its lines again."""
        return {"ename": type(exception).__name__, "evalue": "", "traceback": []}

    def should_run_async(
        self, raw_cell: str, *, transformed_cell: Any = None, preprocessing_exc_tuple: Any = None
    ) -> bool:
        """Tell whether a cell awaits at its top level."""
        if not self.autoawait or preprocessing_exc_tuple is not None:
            return False
        return _awaits(transformed_cell)


def _emptied(before: Mapping[str, Any], gone: Set[str]) -> bool:
    """Tell whether a statement deleted the notebook's names at large, not just some of them."""
    own = {name for name in before if not name.startswith("_")}
    return not gone.isdisjoint(SHELLS_OWN) or (len(gone) >= MANY and 2 * len(gone & own) > len(own))


def _forget_nothing(line: str) -> None:
    """Stand for ``%reset`` and ``%reset_selective``."""


def _shortened(trace: TracebackType | None) -> TracebackType | None:
    """Keep the outer and the inner frames: to look up the source of each takes milliseconds."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if len(frames) > 2 * MAX_FRAMES:
        frames[MAX_FRAMES:-MAX_FRAMES] = []
    for frame in reversed(frames):
        trace = TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return trace
