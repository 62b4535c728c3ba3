"""Compare one emitted answer with its reference: the only place where right and wrong are decided.

A rule travels in the reference's manifest (never in the student's). Its key ``compare`` names one
of the functions in :data:`COMPARISONS`; the other keys are its settings:

``close`` (default)
    exact type, shape, dtype, device, then values within a tolerance that follows the dtype;
    ``rtol`` and ``atol`` override it.
``exact``
    as ``close``, bit for bit (integers, booleans, text, plain lists).
``moments``
    for random results: mean and standard deviation (over ``axis`` if given) within ``tolerance``
    standard deviations; shape, type and dtype as in ``close``.
``unchanged``
    an argument as it is after the call; must equal the reference's bit for bit.
``accuracy``, ``macro_f1``, ``mean_squared_error``, ``mean_absolute_error``, ``skill``, ``value``
    a score of predictions against the true answers that only the reference holds; ``bar`` is the
    score that earns the part (``value`` takes the emitted number itself as the score).
``bits_per_symbol``
    log-probabilities ``(N, V)`` of what comes next, against the ``(N,)`` symbols that came: the
    mean of -log2 p must be at most ``bar``; rows that do not sum to one are worth nothing.
``span_f1``
    a list of BIO tags for each sentence: F1 of exact typed spans over all sentences must be at
    least ``bar``; an ``I-`` that continues nothing begins a span, as in CoNLL's script.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from nervaluate.loaders import ListLoader

from course.grader.ground.quiet import no_warnings
from course.grader.ground.text import one_line
from course.grader.judging.payload import Answer

MUCH = 100.0
"""How far off an answer is is told up to so many times the reference's size."""
LARGE = 1e6
"""Scores from here on are told by their size alone."""

Verdict = str | None
"""``None`` when right, else one sentence that says what is wrong without the reference's values."""

TOLERANCE = {"float64": (1e-7, 1e-9), "float32": (1e-3, 1e-4), "float16": (1e-2, 1e-2)}
"""Relative and absolute tolerance by dtype; the absolute one is scaled by the reference's size."""

LARGEST_SCALE = 100.0
"""A few huge values (a mask's -1e9) must not make the tolerance of the small ones huge."""

TYPE_NAMES = {
    "ndarray": "a NumPy array",
    "tensor": "a PyTorch tensor",
    "sequence": "a list of arrays",
    "NoneType": "None",
    "other": "an object of another type",
}


def compare(
    answer: Answer | None, reference: Answer, device: str = "cpu", any_dtype: bool = False
) -> Verdict:
    """Judge one answer.

    Parameters
    ----------
    answer : Answer or None
        What the student's function returned; ``None`` when nothing was emitted.
    reference : Answer
        What the solution returned; its ``detail["rule"]`` says how to compare.
    device : str
        Device of the grading run: tensors must lie there when the reference's do.
    any_dtype : bool
        Let a dtype of the same kind pass that is not the one asked for.

    Returns
    -------
    str or None
        ``None`` when the answer is right, else what is wrong with it.
    """
    if answer is None:
        return "nothing came back"
    rule = dict(reference.detail.get("rule") or {})
    how = rule.pop("compare", "close")
    rule["any_dtype"] = any_dtype
    try:
        with np.errstate(all="ignore"), no_warnings():
            return COMPARISONS[how](answer, reference, rule, device)
    except Exception:  # ragged lists, text for numbers, bytes that are not what their kind says
        return "it cannot be compared with what is asked for"


def _close(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    wrong = _form(answer, reference, rule, device)
    if wrong or reference.array is None:
        return wrong
    if reference.kind == "str":
        return _exact(answer, reference, rule, device)
    got, want = answer.array, reference.array
    if reference.kind in {"list", "tuple"}:
        rtol, atol = TOLERANCE.get(rule.get("dtype", "float64"), TOLERANCE["float64"])
        rtol, atol = rule.get("rtol", rtol), rule.get("atol", atol)
        right = _alike(_plain(answer), _plain(reference), rtol, atol)
        return None if right else "its content is not right"
    if want.dtype.kind not in "fc":
        return _differs(got, want, np.asarray(got != want))
    rtol, atol = TOLERANCE.get(_expected_dtype(reference, rule), TOLERANCE["float64"])
    rtol, atol = rule.get("rtol", rtol), rule.get("atol", atol)
    finite = np.isfinite(want)
    scale = min(float(np.abs(want[finite]).max(initial=1.0)), LARGEST_SCALE)
    near = np.abs(got - want) <= atol * scale + rtol * np.abs(want)
    same = np.asarray(got == want) | (np.isnan(got) & np.isnan(want))
    bad = np.where(finite, ~(near & np.isfinite(got)), ~same)
    return _differs(got, want, np.asarray(bad))


def _exact(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    wrong = _form(answer, reference, rule, device)
    if wrong or reference.array is None:
        return wrong
    if reference.kind in {"list", "tuple", "str"}:
        return None if _plain(answer) == _plain(reference) else "its content is not right"
    return _differs(answer.array, reference.array, np.asarray(answer.array != reference.array))


def _plain(answer: Answer) -> Any:
    """Text as text; nested lists of numbers with floats rounded to twelve digits."""
    text = answer.array.tobytes().decode(errors="replace")
    if answer.kind == "str":
        return text
    return json.loads(text, parse_float=lambda digits: float(f"{float(digits):.12g}"))


def _alike(got: Any, want: Any, rtol: float, atol: float) -> bool:
    """Compare nested lists: floats within the tolerance, everything else exactly."""
    if isinstance(want, list):
        return (
            isinstance(got, list)
            and len(got) == len(want)
            and all(_alike(a, b, rtol, atol) for a, b in zip(got, want, strict=True))
        )
    if isinstance(want, bool | str | None) or not isinstance(got, float | int):
        return type(got) is type(want) and got == want
    if isinstance(got, bool) or isinstance(want, int):
        return not isinstance(got, bool) and got == want
    return bool(np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True))


def _unchanged(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    message = "an argument was changed in place; work on a copy or on a fresh array"
    if answer.kind == "bool":  # whether a result was kept
        message = "a result changed after it was returned: one buffer is used twice"
    if answer.array is None or answer.array.shape != reference.array.shape:
        return message
    if answer.array.dtype == reference.array.dtype:
        same = np.array_equal(
            answer.array, reference.array, equal_nan=answer.array.dtype.kind == "f"
        )
    else:  # the reference's inputs are in float64, and may have been computed in it
        finite = reference.array[np.isfinite(reference.array)]
        scale = float(np.abs(finite).max(initial=1.0))
        same = np.allclose(answer.array, reference.array, 1e-5, 1e-6 * scale, equal_nan=True)
    return None if same else message


def _moments(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    wrong = _form(answer, reference, rule, device)
    if wrong:
        return wrong
    got, want = (_listed(a).astype(np.float64) for a in (answer, reference))
    if got.shape != want.shape:
        return f"its shape is {got.shape}; it must be {want.shape}"
    if not np.isfinite(got).all():
        return "it has values that are not finite"
    axis, tolerance = rule.get("axis"), rule.get("tolerance", 6.0)
    count = want.size if axis is None else want.shape[axis]
    spread = want.std(axis=axis)
    allowed = tolerance * (spread + 1e-12) / np.sqrt(count)
    if np.any(np.abs(got.mean(axis=axis) - want.mean(axis=axis)) > allowed * np.sqrt(2)):
        return "its mean is not what it should be"
    if np.any(np.abs(got.std(axis=axis) - spread) > allowed):
        return "its standard deviation is not what it should be"
    return None


def _score(
    measure: Callable[[np.ndarray, np.ndarray], float], higher: bool
) -> Callable[..., Verdict]:
    """Make a comparison that scores predictions and holds the score against the rule's bar."""

    def judge(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
        if answer.array is None or answer.kind not in {"ndarray", "tensor", "list", "float", "int"}:
            return f"it must be an array of predictions, not {_type_name(answer.kind)}"
        got, want = (_listed(a).astype(np.float64) for a in (answer, reference))
        if got.shape != want.shape and measure is not _itself:
            return f"its shape is {got.shape}; it must be {want.shape}"
        if not np.isfinite(got).all():
            return "it has values that are not finite"
        score = measure(got, want)
        reached = score >= rule["bar"] if higher else score <= rule["bar"]
        word = "at least" if higher else "at most"
        return None if reached else f"it scores {_told(score)}; the bar is {word} {rule['bar']:g}"

    return judge


def _accuracy(got: np.ndarray, want: np.ndarray) -> float:
    return float(_metrics().accuracy_score(*_labels(want, got)))


def _macro_f1(got: np.ndarray, want: np.ndarray) -> float:
    """Mean over every class that is asked for or given; one that nobody asked for scores zero."""
    return float(_metrics().f1_score(*_labels(want, got), average="macro", zero_division=0.0))


def _labels(*arrays: np.ndarray) -> list[np.ndarray]:
    """Labels by their places among all that occur: a fraction is a label that nobody asked for."""
    every = np.unique(np.concatenate([array.ravel() for array in arrays]))
    return [np.searchsorted(every, array.ravel()) for array in arrays]


def _mean_squared_error(got: np.ndarray, want: np.ndarray) -> float:
    return float(_metrics().mean_squared_error(want.ravel(), got.ravel()))


def _mean_absolute_error(got: np.ndarray, want: np.ndarray) -> float:
    return float(_metrics().mean_absolute_error(want.ravel(), got.ravel()))


def _metrics() -> ModuleType:
    """scikit-learn's measures; their import takes a second, and few lessons score predictions."""
    import sklearn.metrics

    return sklearn.metrics


def _told(score: float) -> str:
    """A score in a few digits: what explodes has hundreds, and a kernel may choose them."""
    return f"{score:.3f}" if abs(score) < LARGE else f"{score:.0e}"


def _itself(got: np.ndarray, want: np.ndarray) -> float:
    return float(got.mean())


def _bits_per_symbol(
    answer: Answer, reference: Answer, rule: dict[str, Any], device: str
) -> Verdict:
    if answer.array is None or answer.kind not in {"ndarray", "tensor", "list"}:
        return f"it must be an array of log-probabilities, not {_type_name(answer.kind)}"
    got, came = _listed(answer).astype(np.float64), _listed(reference)
    if got.ndim != 2 or len(got) != len(came) or got.shape[1] <= came.max():
        return f"its shape is {got.shape}; it must have {len(came)} rows, one column per symbol"
    if not np.all(np.abs(np.exp(got).sum(axis=1) - 1) < 1e-3):
        return "its rows are not distributions: the probabilities of each must sum to 1"
    bits = float(-got[np.arange(len(came)), came].mean() / np.log(2))
    reached = bits <= rule["bar"]
    return None if reached else f"it scores {_told(bits)} bits; the bar is at most {rule['bar']:g}"


def _spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """The spans of one sentence: begin, end (exclusive) and type."""
    (found,) = ListLoader().load([tags])
    return {(span.start, span.end + 1, span.label) for span in found}


def _span_f1(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    if answer.array is None or answer.kind not in {"list", "tuple"}:
        return f"it must be a list of tags for each sentence, not {_type_name(answer.kind)}"
    got, want = _plain(answer), _plain(reference)
    for tags in got:
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            return "it must hold a list of strings for each sentence"
    if [len(tags) for tags in got] != [len(tags) for tags in want]:
        return "it must hold as many tags for each sentence as that has words"
    pairs = [(_spans(mine), _spans(theirs)) for mine, theirs in zip(got, want, strict=True)]
    both, all_ = sum(len(a & b) for a, b in pairs), sum(len(a) + len(b) for a, b in pairs)
    score = 2 * both / all_ if all_ else 0.0
    return None if score >= rule["bar"] else f"it scores {score:.3f}; the bar is {rule['bar']:g}"


COMPARISONS: dict[str, Callable[[Answer, Answer, dict[str, Any], str], Verdict]] = {
    "close": _close,
    "exact": _exact,
    "moments": _moments,
    "unchanged": _unchanged,
    "accuracy": _score(_accuracy, True),
    "macro_f1": _score(_macro_f1, True),
    "mean_squared_error": _score(_mean_squared_error, False),
    "mean_absolute_error": _score(_mean_absolute_error, False),
    "value": _score(_itself, True),
    "value_at_most": _score(_itself, False),
    "bits_per_symbol": _bits_per_symbol,
    "span_f1": _span_f1,
}


def _form(answer: Answer, reference: Answer, rule: dict[str, Any], device: str) -> Verdict:
    """Check exact type, keys, length, shape, dtype and device, in this order."""
    if not _same_family(answer, reference):
        return f"it is {_type_name(answer.kind)}; it must be {_type_name(reference.kind)}"
    if reference.kind == "sequence" and answer.kind in {"list", "tuple"}:
        return f"it is a {answer.kind} without arrays; it must be a list of arrays"
    if reference.kind == "dict" and answer.detail.get("keys") != reference.detail.get("keys"):
        return f"its keys are not {', '.join(reference.detail['keys'])}"
    if reference.kind == "sequence" and answer.detail.get("length") != reference.detail["length"]:
        return f"its length is not {reference.detail['length']}"
    if reference.array is None:
        return None
    if answer.array is None and isinstance(holds := answer.detail.get("holds"), str):
        return f"its dtype is {one_line(holds, 40)}; it must be {_expected_dtype(reference, rule)}"
    if answer.array is None:
        return "it does not hold plain numbers"
    if answer.kind in {"list", "tuple", "str"}:
        return None
    if answer.array.shape != reference.array.shape:
        return f"its shape is {answer.array.shape}; it must be {reference.array.shape}"
    if reference.kind in {"ndarray", "tensor"} and answer.kind == reference.kind:
        want = _expected_dtype(reference, rule)
        free = rule.get("any_dtype") and answer.array.dtype.kind == np.dtype(want).kind
        if str(answer.array.dtype) != want and not free and not _free_integer(answer.array, want):
            return f"its dtype is {answer.array.dtype}; it must be {want}, as the input's"
    if reference.kind == "tensor" and answer.kind == "tensor" and answer.device != device:
        return f"it lies on {answer.device}; it must lie on {device}, as the input"
    return None


def _expected_dtype(reference: Answer, rule: dict[str, Any]) -> str:
    """The reference is computed in float64; where its case asks for float32, so must the answer."""
    if reference.array is None or reference.array.dtype.kind != "f":
        return str(reference.array.dtype)
    return rule.get("dtype", "float64")


def _free_integer(array: np.ndarray, want: str) -> bool:
    return array.dtype.kind in "iu" and np.dtype(want).kind in "iu"


def _same_family(answer: Answer, reference: Answer) -> bool:
    if answer.kind == reference.kind or {answer.kind, reference.kind} <= {"list", "tuple"}:
        return True
    if reference.kind == "sequence" and answer.kind in {"list", "tuple"}:
        return True
    found, wanted = _scalar_family(answer), _scalar_family(reference)
    whole = found == "integer" and wanted == "real"  # 0 is as good a loss as 0.0
    return wanted is not None and (found == wanted or whole)


def _scalar_family(answer: Answer) -> str | None:
    """Scalars of one family are the same answer: ``float``, ``np.float64``, a 0-d array."""
    if answer.array is None or answer.array.ndim or answer.kind in {"str", "list", "tuple"}:
        return None
    return {"f": "real", "i": "integer", "u": "integer", "b": "truth"}.get(answer.array.dtype.kind)


def _type_name(kind: str) -> str:
    return TYPE_NAMES.get(kind, f"of type {kind}")


def _differs(got: np.ndarray, want: np.ndarray, bad: np.ndarray) -> Verdict:
    if not bad.any():
        return None
    if want.ndim == 0:
        return f"its value is not right{_by_how_much(got, want, bad)}"
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    share = f"{int(bad.sum())} of {bad.size} values"
    place = ", ".join(map(str, first))
    return f"{share} are not right, first at [{place}]{_by_how_much(got, want, bad)}"


def _by_how_much(got: np.ndarray, want: np.ndarray, bad: np.ndarray) -> str:
    """Say how far off the answer is in relation to the reference's size; never the values."""
    if want.dtype.kind != "f":
        return ""
    if not np.isfinite(got[bad]).all():
        return " (values that are not finite)"
    scale = float(np.abs(want[np.isfinite(want)]).max(initial=0.0)) or 1.0
    off = float(np.abs(got - want)[bad].max()) / scale
    if off > MUCH:
        return f" (off by more than {MUCH:.0%} of the largest value)"
    return (
        f" (off by {off:.0%} of the largest value)" if off >= 0.005 else " (off by less than 1 %)"
    )


def _listed(answer: Answer) -> np.ndarray:
    if answer.kind == "str":
        raise TypeError("text has no values to score")
    if answer.kind in {"list", "tuple"}:
        return np.asarray(json.loads(answer.array.tobytes().decode()))
    return answer.array
