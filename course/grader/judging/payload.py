"""Read an emission outside the kernel: only data, bounded in size, nothing executed."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course.emission import KINDS, MANIFEST, MAX_BYTES
from course.grader.ground.text import one_line
from course.grader.ground.wire import BadPayload

MAX_RECORDS = 20_000


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
        What else the manifest says: keys of a dict, length of a sequence, the dtype of an array
        that has no plain form, the reference's rule.
    """

    kind: str
    array: np.ndarray | None
    device: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Payload:
    """One exercise's emission: answers by ``(case, name)``, and the errors of cases and names."""

    exercise: str
    answers: dict[tuple[int, str], Answer] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    failed: dict[tuple[int, str], str] = field(default_factory=dict)


def read(data: bytes) -> Payload:
    """Read the bytes of an ``.npz`` emission without pickle and without trusting its sizes.

    Parameters
    ----------
    data : bytes
        What :func:`course.emission.collect` returned, or what pretends to be it.

    Returns
    -------
    Payload

    Raises
    ------
    BadPayload
        When anything in it is not as :mod:`course.emission` writes it.
    """
    members = _members(data)
    try:
        manifest = json.loads(members.pop(MANIFEST).tobytes().decode())
        records, errors = list(manifest["records"]), list(manifest["errors"])
        exercise = str(manifest["exercise"])
    except Exception as error:  # hostile JSON raises many kinds
        raise BadPayload("the emission has no readable manifest") from error
    if len(records) + len(errors) > MAX_RECORDS:
        raise BadPayload("the emission has too many records")
    answers: dict[tuple[int, str], Answer] = {}
    try:
        for record in records:
            key = (int(record["case"]), str(record["name"]))
            if key in answers:
                raise BadPayload(f"{key[1]} is emitted twice")
            member = record.get("member")
            array = members[member] if isinstance(member, str) else None
            kind, device = one_line(record["kind"], 80), one_line(record.get("device", ""), 10)
            answers[key] = Answer(kind, array, device, dict(record))
        messages: dict[int, str] = {}
        failed: dict[tuple[int, str], str] = {}
        for error in errors:
            text = one_line(f"{error['type']}: {error['message']}", 400)
            if name := one_line(error.get("name", ""), 80):
                failed.setdefault((int(error["case"]), name), text.removesuffix(":"))
            else:
                messages.setdefault(int(error["case"]), text.removesuffix(":"))
    except BadPayload:
        raise
    except Exception as error:  # an Infinity for a case, a list for a name
        raise BadPayload("the emission's manifest is malformed") from error
    return Payload(exercise, answers, messages, failed)


def _members(data: bytes) -> dict[str, np.ndarray]:
    if len(data) > MAX_BYTES:
        raise BadPayload("the emission is larger than allowed")
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
    count = 1
    for size in shape:
        count *= int(size)
    if count * dtype.itemsize != len(body):
        raise BadPayload("an array's size is not what its header says")
    array = np.frombuffer(body, dtype=dtype)
    return array.reshape(shape, order="F" if fortran else "C")
