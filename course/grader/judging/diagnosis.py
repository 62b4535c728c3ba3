"""Name the mistake: a lost exercise hears the sentence of the wrong answer that emits the same."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from course.grader.judging.compare import compare
from course.grader.judging.payload import Answer, Payload

Key = tuple[int, str]
"""Case and name of an emitted answer."""
Wrong = dict[Key, Answer | str | None]
"""Where a wrong answer differs from the solution, and what it emits there: how it fails, in words
(:func:`_failure`), where an error came in place of an answer."""

BY_VALUE = frozenset({"close", "exact", "unchanged"})
"""Ways to compare that look at the values themselves; the others give scores."""
LOOSE = {"rtol": 1e-4}
"""Values are stored with the digits of float32."""
PERHAPS = "Perhaps: "
"""Begins a sentence for which truth values alone speak: other mistakes give the same ones."""
COUNTED = "must return "
"""Begins what the course itself says of a result of the wrong length."""


def differences(payload: Payload, reference: Payload) -> Wrong:
    """Where an emission differs from the solution's, and what it holds there."""
    return {
        key: payload.answers.get(key) or _failure(payload, key)
        for key, want in reference.answers.items()
        if _counts(want) and compare(payload.answers.get(key), want) is not None
    }


def misconception(
    payload: Payload, reference: Payload, known: Mapping[str, Wrong], device: str = "cpu"
) -> str:
    """Name the first of the known wrong answers that emits all that an answer emits.

    Parameters
    ----------
    payload : Payload
        What the student's answer emitted.
    reference : Payload
        What the solution emitted under the same seed.
    known : mapping
        By sentence: where wrong answers differ from the solution, the most general first.
    device : str
        Device of the grading run.

    Returns
    -------
    str
        The sentence; empty when none agrees in every case. It begins with :data:`PERHAPS` where
        what is wrong are yes and no alone: which mistakes a test does not notice, whether every
        symbol is as likely.
    """
    for sentence, wrong in known.items():
        if wrong and all(
            _agrees(payload, want, key, wrong, device)
            for key, want in reference.answers.items()
            if _counts(want)
        ):
            return sentence if _is_told_by_values(wrong) else PERHAPS + sentence
    return ""


def _is_told_by_values(wrong: Wrong) -> bool:
    """Tell whether a wrong answer differs in more than truth values."""
    return any(
        not isinstance(theirs, Answer) or theirs.array is None or theirs.array.dtype.kind != "b"
        for theirs in wrong.values()
    )


def _counts(want: Answer) -> bool:
    return _rule(want).get("compare") != "evidence"


def _rule(want: Answer) -> dict:
    return want.detail.get("rule") or {}


def _failure(payload: Payload, key: Key) -> str | None:
    """How the call behind a missing answer fails: two answers that fail alike need not be alike.

    Told are the kind of the error and, of a result of the wrong length, what was asked for; other
    messages hold names of the student's own.
    """
    errors = payload.failed.get(key), payload.errors.get(key[0]), payload.errors.get(-1)
    text = next(filter(None, errors), "").partition(" (line ")[0]
    kind, _, message = text.partition(": ")
    return (text if message.startswith(COUNTED) else kind) or None


def _agrees(payload: Payload, want: Answer, key: Key, wrong: Wrong, device: str) -> bool:
    answer = payload.answers.get(key)
    if key not in wrong:
        return compare(answer, want, device) is None
    theirs = wrong[key]
    if answer is None:
        return theirs == _failure(payload, key)
    if not isinstance(theirs, Answer):
        return False
    if _rule(want).get("compare", "close") not in BY_VALUE:
        return compare(answer, want, device) is not None
    detail = {**theirs.detail, "rule": {**_rule(want), **LOOSE, "compare": "close"}}
    return compare(answer, replace(theirs, detail=detail), device) is None


def packed(known: Mapping[str, Mapping[str, Wrong]]) -> bytes:
    """Pack wrong answers, by exercise and sentence, into bytes that travel and are stored."""
    body = {
        exercise: {
            sentence: [[*key, _plain(answer)] for key, answer in wrong.items()]
            for sentence, wrong in sentences.items()
        }
        for exercise, sentences in known.items()
    }
    return zlib.compress(json.dumps(body).encode())


def unpacked(data: bytes) -> dict[str, dict[str, Wrong]]:
    """Unpack what :func:`packed` made."""
    body = json.loads(zlib.decompress(data)) if data else {}
    return {
        exercise: {
            sentence: {(case, name): _answer(plain) for case, name, plain in answers}
            for sentence, answers in sentences.items()
        }
        for exercise, sentences in body.items()
    }


def _plain(answer: Answer | str | None) -> dict | str | None:
    if not isinstance(answer, Answer):
        return answer
    detail = {key: value for key, value in answer.detail.items() if key != "rule"}
    found = {"kind": answer.kind, "device": answer.device, "detail": detail}
    if answer.array is not None:
        array = np.asarray(answer.array)
        if array.dtype == np.float64:
            with np.errstate(over="ignore"):
                array = array.astype(np.float32)
            found["wide"] = True
        found |= {"dtype": array.dtype.str, "shape": list(array.shape)}
        found["bytes"] = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return found


def _answer(plain: dict | str | None) -> Answer | str | None:
    if not isinstance(plain, dict):
        return plain
    array = None
    if "bytes" in plain:
        flat = np.frombuffer(base64.b64decode(plain["bytes"]), dtype=plain["dtype"])
        array = flat.reshape(plain["shape"])
        if plain.get("wide"):
            array = array.astype(np.float64)
    return Answer(plain["kind"], array, plain["device"], plain["detail"])
