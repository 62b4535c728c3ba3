"""What a cell leaves behind that later cells could see: a digest of each thing, to be compared.

Two forks of one process ran the same cells but one. Where their digests are the same, later cells
do in the one what they do in the other. A difference that is none costs a run, never a verdict:
what cannot be read counts as the object that it is.

The state of random generators is left out: hidden tests and trainings seed their own. It can be
put back.
"""

from __future__ import annotations

import copyreg
import dis
import io
import marshal
import operator
import os
import pickle
import random
import re
import signal
import sys
import threading
import types
import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import TMonitor

LIBRARIES = (
    *("builtins", "copy", "math", "random", "time", "numpy", "numpy.linalg", "numpy.random"),
    *("torch", "torch.autograd", "torch.linalg", "torch.random", "torch.nn", "torch.nn.functional"),
    *("torch.nn.init", "torch.nn.utils", "torch.nn.utils.rnn", "torch.nn.modules.module"),
    *("torch.nn.modules.rnn", "torch.nn.modules.linear", "torch.nn.modules.sparse"),
    *("torch.nn.modules.dropout", "torch.nn.modules.loss", "torch.nn.parameter", "torch.optim"),
)
"""Modules that a student's code might patch, beside the course's own."""

NOTED = frozenset({"__slotnames__"})
"""What a class notes about itself when a thing of it is pickled for the first time."""

OWN = "__main__"
STORES = frozenset({"STORE_NAME", "STORE_GLOBAL"})
LONG = 200
"""Items of a list that is worth a try."""
READS = re.compile(r"LOAD_.*(NAME|GLOBALS?)$")


def names_read(sources: Iterable[str]) -> set[str]:
    """Every variable that the code reads, inside of functions too; attributes are none."""
    return set().union(*map(_names_read, sources))


@cache
def _names_read(source: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = [compile(source, "<cell>", "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        found |= {i.argval for i in dis.get_instructions(code) if READS.match(i.opname)}
        waiting += [item for item in code.co_consts if isinstance(item, types.CodeType)]
    return frozenset(found)


@cache
def names_stored(source: str) -> set[str]:
    """Names that a cell binds at its top level."""
    code = compile(source, "<cell>", "exec", dont_inherit=True)
    return {i.argval for i in dis.get_instructions(code) if i.opname in STORES}


def snapshot(namespace: dict[str, Any], names: Iterable[str]) -> dict[str, int]:
    """Digests of the variables of these names, and of the settings of the process."""
    found = {name: digest(namespace[name], namespace) for name in names if name in namespace}
    return found | {f"the process's {name}": digest(v) for name, v in _settings().items()}


def library_things() -> dict[str, int]:
    """Digests of what the course's modules hold beside functions: examples are made of such arrays.

    An answer that changes its arguments changes these, too.
    """
    return {name: digest(_held_by(module)) for name, module in _lesson_modules().items()}


def _lesson_modules() -> dict[str, types.ModuleType]:
    found = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "course"}
    return {n: m for n, m in found.items() if not n.startswith("course.grader")}


def _held_by(module: types.ModuleType) -> dict[str, Any]:
    def holds(name: str, value: Any) -> bool:
        return not (name.startswith("__") or callable(value) or isinstance(value, types.ModuleType))

    return {name: value for name, value in vars(module).items() if holds(name, value)}


def _settings() -> dict[str, Any]:
    return {
        "working folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "search path": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
        # A progress bar's own watches bars, and a fork of who had one has none.
        "threads": sum(type(one) is not TMonitor for one in threading.enumerate()),
        "alarm": repr(signal.getsignal(signal.SIGALRM)),
        "tracing": repr(sys.gettrace()),
        "warnings": [repr(entry) for entry in warnings.filters],
        "NumPy errors": np.geterr(),
        "NumPy printing": repr(np.get_printoptions()),
        "default dtype": str(torch.get_default_dtype()),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "PyTorch threads": torch.get_num_threads(),
        "determinism": torch.are_deterministic_algorithms_enabled(),
        "hooks": {
            k: v for k, v in vars(torch.nn.modules.module).items() if k.startswith("_global")
        },
    }


def generators() -> tuple[Any, ...]:
    """The state of the libraries' random generators."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def set_generators(states: tuple[Any, ...]) -> None:
    """Put the random generators back."""
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])


@dataclass(frozen=True)
class Attributes:
    """A module's or class's attributes as they were: ``live`` is what they are."""

    owner: str
    live: Mapping[str, Any]
    names: tuple[str, ...]
    values: tuple[Any, ...]


def library_attributes() -> list[Attributes]:
    """Every attribute of the libraries' modules and classes."""
    found = {}
    course = [name for name in sys.modules if name.partition(".")[0] == "course"]
    for name in (*LIBRARIES, *course):
        if name not in sys.modules:
            continue
        live = {name: vars(sys.modules[name])}
        for value in vars(sys.modules[name]).values():
            if issubclass(type(value), type) and value.__module__ in {name, "torch"}:
                live[f"{name}.{value.__qualname__}"] = vars(value)
        found |= {
            owner: Attributes(owner, a, tuple(a), tuple(a.values())) for owner, a in live.items()
        }
    return list(found.values())


def patched(before: Iterable[Attributes]) -> set[str]:
    """Attributes of the libraries that are not what they were.

    A class that another has replaced is an attribute of its module.
    """
    changed = set()
    for a in before:
        if isinstance(a.live, dict) and vars(sys.modules.get(a.owner, a)) is not a.live:
            changed.add(a.owner)  # another module, or none
        if tuple(a.live) == a.names and all(map(operator.is_, a.live.values(), a.values)):
            continue
        old = dict(zip(a.names, a.values, strict=True))
        names = (old.keys() | a.live.keys()) - NOTED
        changed |= {f"{a.owner}.{n}" for n in names if old.get(n) is not a.live.get(n)}
    return changed


def digest(value: Any, namespace: dict[str, Any] | None = None) -> int:
    """Reduce a value to a number: arrays by their bytes, functions by their code.

    What holds a namespace (the visible tests do) holds none of its variables.
    """
    sink = _Sink()
    reader = _Reader(sink, protocol=5)
    if namespace is not None:
        reader.memo = {id(namespace): (0, namespace)}  # as if it had been written already
    try:
        reader.dump(_plain(value))
    except RecursionError:  # too deep: the object itself then
        return id(value)
    return sink.sum


class _Sink(io.RawIOBase):
    """A file that keeps a checksum of what is written to it."""

    sum = 0

    def write(self, data: Any) -> int:
        self.sum = zlib.crc32(data, self.sum)
        return len(data)


def _mark(*parts: Any) -> None:
    """Stand in pickles for what pickle cannot write; nothing reads them."""


class _Reader(pickle.Pickler):
    """Writes functions, classes and tensors by content, what it cannot read by identity."""

    def reducer_override(self, value: Any) -> Any:
        if value is _mark or type(value) in copyreg.dispatch_table:
            return NotImplemented
        if isinstance(value, types.FunctionType) and value.__module__ == OWN:
            cells = [_content(cell) for cell in value.__closure__ or ()]
            content = (value.__defaults__, value.__kwdefaults__, cells, vars(value))
            return _mark, ("function", value.__qualname__, _code(value.__code__)), content
        if isinstance(value, type) and value.__module__ == OWN:
            members = {k: v for k, v in vars(value).items() if k not in {"__dict__", "__weakref__"}}
            return _mark, ("class", value.__qualname__), (value.__bases__, members)
        if isinstance(value, property):
            return _mark, ("property",), (value.fget, value.fset, value.fdel)
        if isinstance(value, staticmethod | classmethod):
            return _mark, (type(value).__name__,), value.__func__
        if isinstance(value, torch.Tensor):
            return _tensor(value)
        if isinstance(value, torch.Generator):
            return _mark, ("generator", value.get_state().numpy().tobytes())
        if isinstance(
            value, type | types.FunctionType | types.ModuleType | types.BuiltinFunctionType
        ):
            return _mark, ("thing", getattr(value, "__qualname__", value.__name__), id(value))
        try:
            reduced = value.__reduce_ex__(5)
        except Exception:  # a lock, a generator, a file
            return _mark, ("unreadable", type(value).__qualname__, id(value))
        if isinstance(reduced, str):
            return _mark, ("constant", reduced, id(value))
        function, arguments, *rest = reduced
        if rest and type(rest[0]) is dict:
            rest[0] = {name: _plain(item) for name, item in rest[0].items()}
        return function, tuple(map(_plain, arguments)), *rest


def _plain(value: Any) -> Any:
    """Put a checksum in the place of a long list of plain things, as data sets are.

    Marshal reads them without counting references: each count would be a page for a fork to copy.
    """
    if type(value) not in {list, tuple, dict} or len(value) < LONG:
        return value
    try:
        return "plain", type(value).__name__, zlib.crc32(marshal.dumps(value, 2))
    except ValueError:  # an array, a thing of a class, or a list that holds itself
        return value


def _tensor(value: torch.Tensor) -> tuple:
    plain = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    about = (type(value).__name__, str(value.dtype), tuple(value.shape), value.stride())
    grad = value.grad if value.is_leaf else None
    return _mark, (*about, value.requires_grad, str(value.device), plain.tobytes()), grad


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None


def _code(code: types.CodeType) -> tuple:
    constants = [_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return (
        code.co_code,
        constants,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_kwonlyargcount,
        code.co_posonlyargcount,
    )
