"""Read an emission outside the kernel: only data, bounded in size, nothing executed."""

from __future__ import annotations

import builtins
import functools
import io
import json
import re
import types
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course.emission import KINDS, MANIFEST, MAX_BYTES
from course.grader.ground.text import one_line
from course.grader.ground.wire import BadPayload
from course.grader.kernel.faults import line_of, told
from course.watch_calls import VOCABULARY

MAX_MANIFEST = 2**17
"""Bytes of a manifest; the largest of the course has 51 000."""
MAX_RECORDS = 1_000
"""Records, errors and arrays of one emission; the largest of the course has 384 records."""
MAX_DEPTH = 6
"""Brackets within brackets in a manifest; an honest one has five at most."""
MAX_NAME = 200
MAX_AXES, MAX_AXIS = 6, 1_000_000
"""A wrong shape is told, and an empty array's could be any numbers."""

PLAIN_KINDS = frozenset(
    {"ndarray", "tensor", "sequence", "bool", "int", "float", "str", "list", "tuple", "dict"}
    | {"NoneType"}
    | {f"numpy.{kind.__name__}" for kind in np.sctypeDict.values()}
    | {f"builtins.{name}" for name, kind in vars(builtins).items() if isinstance(kind, type)}
    | {f"builtins.{kind.__name__}" for kind in vars(types).values() if isinstance(kind, type)}
    | {"builtins.NotImplementedType", "numpy.matrix", "numpy.ma.MaskedArray", "torch.Size"}
)
"""Types that are named to a student; a class can have any name."""
OTHER_KIND = "other"
DTYPES = re.compile(r"(torch\.)?(bfloat16|[a-z]{1,10}\d{1,3}|bool|object|<[MUm]\d{1,3}(\[\w+\])?)")


@dataclass(frozen=True)
class Answer:
    """One emitted value.

    Attributes
    ----------
    kind : str
        Exact type that the kernel named, for example ``"ndarray"``.
    array : numpy.ndarray or None
        The value, or ``None`` when it has no plain form.
    device : str
        ``"cpu"`` or ``"cuda"`` for tensors.
    detail : dict
        What else the manifest says: ``keys`` of a dict, ``length`` of a sequence, the dtype that
        an array without plain form ``holds``, ``changed_later``, and the reference's ``rule``.
    """

    kind: str
    array: np.ndarray | None
    device: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Payload:
    """One exercise's emission: answers by ``(case, name)``, and the errors of cases and names.

    ``used`` holds the shortcuts that ran, in the words of :mod:`course.watch_calls`.
    """

    exercise: str
    answers: dict[tuple[int, str], Answer] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    failed: dict[tuple[int, str], str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()


def read(
    data: bytes,
    sources: Mapping[str, str] | None = None,
    names: Iterable[str] = (),
    trusted: bool = False,
) -> Payload:
    """Read the bytes of an ``.npz`` emission without pickle and without trusting its sizes.

    Every word that may be shown is one of this side's own: types and dtypes that are known, kinds
    of errors and messages from a fixed list, lines of the student's cells.

    Parameters
    ----------
    data : bytes
        What :func:`course.emission.collect` returned, or what pretends to be it.
    sources : mapping of str to str, optional
        The student's cells, by the file name of their tracebacks.
    names : iterable of str, optional
        Names of answers that the reference holds, which messages may use.
    trusted : bool
        True for what the solution emitted: errors and types are told in full.

    Returns
    -------
    Payload

    Raises
    ------
    BadPayload
        When anything in it is not as :mod:`course.emission` writes it.
    """
    known = [*(sources or {}).values(), " ".join(names)]
    members = _members(data)
    manifest = _manifest(members)
    try:
        records, errors = list(manifest["records"]), list(manifest["errors"])
        exercise = str(manifest["exercise"])
        used = VOCABULARY.intersection(map(str, manifest.get("used", ())))
    except Exception as error:  # a list, or a number in place of one
        raise BadPayload("the emission has no readable manifest") from error
    if len(records) + len(errors) > MAX_RECORDS:
        raise BadPayload("the emission has too many records")
    answers: dict[tuple[int, str], Answer] = {}
    messages: dict[int, str] = {}
    failed: dict[tuple[int, str], str] = {}
    try:
        for record in records:
            key = (int(record["case"]), str(record["name"])[:MAX_NAME])
            if key in answers:
                raise BadPayload("the emission names two answers alike")
            answers[key] = _answer(record, members, trusted)
        for error in errors:
            text, name = _fault(error, sources or {}, known, trusted), str(error.get("name", ""))
            if name:
                failed.setdefault((int(error["case"]), name[:MAX_NAME]), text)
            else:
                messages.setdefault(int(error["case"]), text)
    except BadPayload:
        raise
    except Exception as error:  # an Infinity for a case, a list for a name
        raise BadPayload("the emission's manifest is malformed") from error
    return Payload(exercise, answers, messages, failed, used)


def _manifest(members: dict[str, np.ndarray]) -> Any:
    """Parse the manifest, if it is small and flat enough to be one."""
    if MANIFEST not in members:
        raise BadPayload("the emission has no readable manifest")
    text = members.pop(MANIFEST).tobytes()
    if len(text) > MAX_MANIFEST:
        raise BadPayload("the emission's manifest is larger than allowed")
    depth = deepest = 0
    for mark in re.findall(rb"[][{}]", text):
        depth += 1 if mark in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise BadPayload("the emission's manifest is deeper than allowed")
    try:
        return json.loads(text)
    except Exception as error:  # hostile JSON raises many kinds
        raise BadPayload("the emission has no readable manifest") from error


def _answer(record: dict[str, Any], members: dict[str, np.ndarray], trusted: bool) -> Answer:
    """Read one record; of what it says beside the array, only what is known is kept."""
    member = record.get("member")
    array = members[member] if isinstance(member, str) else None
    kind = str(record["kind"])
    if kind not in PLAIN_KINDS and not trusted:
        kind = OTHER_KIND
    detail: dict[str, Any] = {"changed_later": record.get("changed_later") is True}
    if isinstance(record.get("keys"), list):
        detail["keys"] = [str(key) for key in record["keys"]]
    if isinstance(record.get("length"), int):
        detail["length"] = record["length"]
    if holds := record.get("holds"):
        detail["holds"] = holds if DTYPES.fullmatch(str(holds)) else "not of numbers"
    if isinstance(record.get("rule"), dict):
        detail["rule"] = record["rule"]
    device = record.get("device")
    return Answer(kind, array, device if device in {"cpu", "cuda"} else "another device", detail)


def _fault(
    error: dict[str, Any], sources: Mapping[str, str], known: list[str], trusted: bool
) -> str:
    """Say what an error was and where in the student's cells it arose."""
    kind, message = str(error["type"]), str(error["message"])
    if trusted:
        return one_line(f"{kind}: {message}", 400).removesuffix(":")
    text = told(kind, message, known)
    line = line_of(sources, error.get("file"), error.get("line"))
    return one_line(f"{text} ({line})" if line else text, 600)


def _members(data: bytes) -> dict[str, np.ndarray]:
    if len(data) > MAX_BYTES:
        raise BadPayload("the emission is larger than allowed")
    if data.count(b"PK\1\2") > MAX_RECORDS:  # before zipfile lists them
        raise BadPayload("the emission has too many arrays")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if not stored or sum(info.file_size for info in infos) > MAX_BYTES:
                raise BadPayload("the emission is compressed or larger than it says")
            return {
                info.filename.removesuffix(".npy"): _array(archive.read(info)) for info in infos
            }
    except BadPayload:
        raise
    except Exception as error:  # zipfile raises many kinds on hostile bytes
        raise BadPayload("the emission is not an .npz file") from error


@functools.lru_cache(maxsize=1024)
def _header(raw: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of a ``.npy`` member; a class's answers share theirs."""
    stream = io.BytesIO(raw)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise BadPayload("an array has an unknown format version")
    return np.lib.format.read_array_header_1_0(stream, max_header_size=2000)


def _array(raw: bytes) -> np.ndarray:
    """Read one ``.npy`` member; its declared size must be the size that is there."""
    start = 10 + int.from_bytes(raw[8:10], "little")  # the length of a version 1 header
    shape, fortran, dtype = _header(raw[:start])
    body = raw[start:]
    if dtype.hasobject or dtype.kind not in KINDS or dtype.names:
        raise BadPayload("an array has a dtype that is not a plain number")
    if len(shape) > MAX_AXES or any(size > MAX_AXIS for size in shape):
        raise BadPayload("an array has more axes, or longer ones, than any answer")
    count = 1
    for size in shape:
        count *= int(size)
    if count * dtype.itemsize != len(body):
        raise BadPayload("an array's size is not what its header says")
    array = np.frombuffer(body, dtype=dtype)
    return array.reshape(shape, order="F" if fortran else "C")
