"""Bytes from a kernel are read as data, or refused: nothing else ever happens."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import random
import time
import zipfile

import numpy as np
import pytest

from course.emission import MAX_BYTES, collect
from course.grader.ground.text import one_line
from course.grader.ground.wire import BadPayload, decode
from course.grader.judging.payload import MAX_MANIFEST, MAX_RECORDS, read

GOOD = collect(
    "from course.emission import cases\n@cases({})\ndef hidden(case):\n    case.emit('y', f())\n",
    {"f": lambda: np.arange(6.0).reshape(2, 3)},
    exercise="f",
    seed=1,
)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def packed(manifest: object, compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("manifest.npy", npy(np.frombuffer(text, dtype=np.uint8)))
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def manifest(*records: object, errors: object = (), exercise: object = "f") -> dict:
    return {"exercise": exercise, "records": list(records), "errors": list(errors)}


def record(**changes: object) -> dict:
    return {"case": 0, "name": "y", "kind": "ndarray", "member": "a0", "device": "cpu"} | changes


def header(shape: str, descr: str = "'<f8'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_a_good_emission_is_read_as_it_was():
    payload = read(GOOD)
    assert payload.exercise == "f"
    assert np.array_equal(payload.answers[0, "y"].array, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("order", ["C", "F"])
def test_array_order_is_kept(order):
    array = np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    answer = read(packed(manifest(record()), a0=npy(array))).answers[0, "y"]
    assert np.array_equal(answer.array, array)


@pytest.mark.parametrize(
    "data",
    {
        "empty": b"",
        "no zip": b"PK" + b"x" * 100,
        "cut": GOOD[:-40],
        "too long": b"x" * (MAX_BYTES + 1),
        "no manifest": packed(b""),
        "not json": packed(b"{"),
        "not utf-8": packed(b'{"a": "\xff"}'),
        "a list": packed([]),
        "a number": packed(b"1" * 5000),
        "deep": packed(b"[" * 100_000),
        "records a number": packed({"exercise": "f", "records": 1, "errors": []}),
        "record a number": packed(manifest(5)),
        "record text": packed(manifest("y")),
        "record null": packed(manifest(None)),
        "no name": packed(manifest({"case": 0})),
        "case infinite": packed(manifest(record(case=float("inf")))),
        "case nan": packed(manifest(record(case=float("nan")))),
        "case a list": packed(manifest(record(case=[]))),
        "member missing": packed(manifest(record())),
        "twice": packed(manifest(record(), record()), a0=npy(np.zeros(1))),
        "too many": packed(
            manifest(*[record(case=i, member=None) for i in range(MAX_RECORDS + 1)])
        ),
        "too many errors": packed(
            manifest(
                errors=[{"case": i, "type": "E", "message": ""} for i in range(MAX_RECORDS + 1)]
            )
        ),
        "too many arrays": packed(manifest(), **{f"a{i}": b"" for i in range(MAX_RECORDS + 1)}),
        "a long manifest": packed(manifest(record(kind="x" * MAX_MANIFEST))),
        "eight megabytes of manifest": packed(b'{"records": [' + b"0," * (MAX_BYTES // 2 - 3000)),
        "deeper than needed": packed(manifest(record(rule={"a": {"b": {"c": {"d": {"e": {}}}}}}))),
        "error a number": packed(manifest(errors=[1])),
        "error infinite": packed(
            manifest(errors=[{"case": float("inf"), "type": "E", "message": "m"}])
        ),
        "compressed": packed(manifest(), zipfile.ZIP_DEFLATED),
        "pickle": packed(manifest(record()), a0=npy(np.array([print], dtype=object))),
        "structured": packed(manifest(record()), a0=npy(np.zeros(2, dtype=[("a", int)]))),
        "text": packed(manifest(record()), a0=npy(np.array(["abc"]))),
        "claims much": packed(manifest(record()), a0=header("(1000000, 1000000)")),
        "claims less than nothing": packed(manifest(record()), a0=header("(-1, -1)") + b"x" * 8),
        "shape of text": packed(manifest(record()), a0=header("('a',)")),
        "code for a shape": packed(manifest(record()), a0=header("__import__('os')")),
        "long header": packed(manifest(record()), a0=header("(1,)" + " " * 5000)),
        "seven axes": packed(manifest(record()), a0=header(str((1,) * 7)) + b"x" * 8),
        "a long axis of nothing": packed(manifest(record()), a0=header("(0, 31337133713)")),
        "many axes": packed(manifest(record()), a0=header(str((1,) * 100)) + b"x" * 8),
        "version 2": packed(manifest(record()), a0=b"\x93NUMPY\x02\x00" + b"x" * 30),
        "no array": packed(manifest(record()), a0=b"hello"),
    }.items(),
    ids=lambda item: item[0],
)
def test_anything_else_is_refused_in_words(data):
    started = time.process_time()
    with pytest.raises(BadPayload, match="emi"):
        try:
            read(data[1])
        except BadPayload as error:
            raise BadPayload(f"emission: {error}") from error
    assert time.process_time() - started < 2, "a refusal must be quick"


def test_random_damage_is_read_or_refused_and_nothing_else():
    rng = random.Random(0)
    for _ in range(400):
        data = bytearray(GOOD)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with contextlib.suppress(BadPayload):
            read(bytes(data))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"kind": "builtins.generator"}, "builtins.generator"),
        ({"kind": "numpy.float32"}, "numpy.float32"),
        ({"kind": "__main__.SECRET"}, "other"),
        ({"kind": "builtins.SECRET"}, "other"),
        ({"kind": ["SECRET"]}, "other"),
        ({"holds": "torch.bfloat16"}, "torch.bfloat16"),
        ({"holds": "datetime64[D]"}, "not of numbers"),
        ({"holds": "SECRET"}, "not of numbers"),
        ({"holds": "secretsecretsecret12345"}, "not of numbers"),
        ({"device": "SECRET"}, "another device"),
    ],
)
def test_words_of_a_kernels_own_are_not_shown(changes, shown):
    answer = read(packed(manifest(record(member=None, **changes)))).answers[0, "y"]
    said = [answer.kind, answer.detail.get("holds"), answer.device]
    assert shown in said
    assert "SECRET" not in str(said)


@pytest.mark.parametrize("field", ["type", "message", "file", "line"])
def test_an_error_quotes_nothing_but_the_students_cells(field):
    cells = {"a.py": "\n\nx = 1\nraise ValueError('mine')"}
    error = {"case": 0, "type": "ValueError", "message": "mine", "file": "a.py", "line": 2}
    assert read(packed(manifest(errors=[error])), cells).errors[0] == (
        "ValueError: mine (line 4: raise ValueError('mine'))"
    )
    for secret in ("SECRET of a test", 9**99, -1, ["SECRET"], None, True):
        with contextlib.suppress(BadPayload):
            told = read(packed(manifest(errors=[error | {field: secret}])), cells).errors[0]
            assert "SECRET" not in told
            assert told.isprintable()


def test_words_from_a_kernel_can_be_shown_anywhere():
    error = {"case": 0, "type": "E\x1b[31m", "message": "a\ud800\nb\x00\u202ec" + "x" * 9999}
    payload = read(packed(manifest(record(kind="evil\ud800\x07", member=None), errors=[error])))
    for text in (payload.errors[0], payload.answers[0, "y"].kind):
        assert text.isprintable()
        assert len(text) <= 400
        text.encode()


def test_one_line():
    assert one_line(" a\tb\n\n c\x1b ", 50) == "a b c"
    assert one_line("abcdef", 3) == "abc"


@pytest.mark.parametrize("text", ["not base64!", "é", 5, None, ["QQ=="], "Q" * (MAX_BYTES * 2)])
def test_decode_refuses(text):
    with pytest.raises(BadPayload):
        decode(text)


def test_decode_reads():
    assert decode(base64.b64encode(GOOD).decode()) == GOOD
