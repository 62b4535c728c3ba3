"""Turn an emission and its reference into points and sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from course.emission import UNCHANGED
from course.grader.ground.wire import BadPayload
from course.grader.judging.compare import compare
from course.grader.judging.diagnosis import Wrong, misconception
from course.grader.judging.flags import ran
from course.grader.judging.payload import Answer, Payload, read
from course.grader.kernel.steps import StepResult
from course.pairs import MENDED, SLOPES

ARGUMENTS = UNCHANGED
CACHE = "cache"
KEPT = "kept "
KEPT_WIDE = "kept float64"
NOT_WRITTEN = "not written yet"
BORROWED = "borrowed from rescue"
MISSING = "no notebook was handed in"
FAILED = "the call failed with "
MAX_ERRORS = 3
"""Errors of one exercise that are told in full; of others their kind: many are a letter."""
CLOSE = 1e-3
"""Relative error that a slope may have: it is measured by finite differences."""
ALIKE = 0.3
"""Correlation between the slopes of a wrong forward and of the right one; noise has none."""


@dataclass(frozen=True)
class Part:
    """One part of an exercise: an answer over all its cases, or a property of them."""

    label: str
    right: bool
    message: str = ""
    weight: float = 1.0
    needs: tuple[str, ...] = ()

    @property
    def is_property(self) -> bool:
        """True for what only counts beside a right answer: arguments, a cache, a dtype."""
        return self.label in {ARGUMENTS, CACHE} or self.label.startswith(KEPT)


@dataclass(frozen=True)
class Verdict:
    """What an exercise earned and why.

    Attributes
    ----------
    exercise : str
    points, maximum : float
    parts : tuple of Part
    cause : str
        Why nothing could be judged, in words; empty when the parts tell.
    follow_through : bool
        True when the exercise was judged with the earlier ones replaced by right ones.
    flags : tuple of str
        Remarks for the instructor alone.
    own_points : float or None
        For a backward judged with the solution's forward: points on the student's own cache.
    misconception : str
        The sentence of the known wrong answer that emits all that this one emitted.
    """

    exercise: str
    points: float
    maximum: float
    parts: tuple[Part, ...] = ()
    cause: str = ""
    follow_through: bool = False
    flags: tuple[str, ...] = field(default=())
    own_points: float | None = None
    misconception: str = ""

    @property
    def full(self) -> bool:
        """True when every point was earned."""
        return self.points == self.maximum

    @property
    def summary(self) -> str:
        """One line: the misconception, the cause, the first part that is wrong, or ``right``."""
        if self.misconception and not self.full:
            return self.misconception
        if self.cause:
            return self.cause
        wrong = [part for part in self.parts if not part.right]
        if not wrong:
            return "right"
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return f"{wrong[0].label}: {wrong[0].message}{more}"


def judge(
    exercise: str,
    maximum: float,
    result: StepResult,
    reference: Payload,
    device: str = "cpu",
    known: Mapping[str, Wrong] | None = None,
) -> Verdict:
    """Judge one exercise.

    Parameters
    ----------
    exercise : str
        Its id.
    maximum : float
        Its points.
    result : StepResult
        What its hidden test gave in the student's kernel.
    reference : Payload
        What the same test gave on the solution.
    device : str
        Device of the grading run.
    known : mapping, optional
        What known wrong answers emit, by the sentence that their author should hear.

    Returns
    -------
    Verdict
        Points in proportion to the parts that are right.
    """
    if result.status in {"stopped", "skipped"}:
        return Verdict(exercise, 0.0, maximum, cause=result.cause or "not run")
    if len(result.emissions) != 1:
        cause = (
            "the test gave no answer"
            if not result.emissions
            else "the test gave more than one answer, so none counts"
        )
        return Verdict(exercise, 0.0, maximum, cause=cause)
    try:
        names = [name for _, name in reference.answers]
        payload = read(result.emissions[0], result.sources, names)
    except BadPayload as error:
        return Verdict(exercise, 0.0, maximum, cause=str(error))
    verdict = _judged(exercise, maximum, payload, reference, device)
    if known and not verdict.full and payload.answers:
        named = misconception(payload, reference, known, device)
        verdict = replace(verdict, misconception=named)
    return replace(verdict, flags=ran(payload, reference))


def _judged(
    exercise: str, maximum: float, payload: Payload, reference: Payload, device: str
) -> Verdict:
    """Judge an emission that can be read."""
    if payload.exercise != exercise:
        return Verdict(exercise, 0.0, maximum, cause="the answer belongs to another exercise")
    if cause := _unanswered(payload):
        return Verdict(exercise, 0.0, maximum, cause=cause)
    if not reference.answers:
        return Verdict(exercise, 0.0, maximum, cause="the reference holds no answer")
    found = _parts(payload, reference, device)
    verdict = scored(exercise, maximum, found)
    if not any(name.startswith(MENDED) for _, name in (*payload.answers, *payload.failed)):
        return verdict
    mended = _parts(payload, reference, device, MENDED)
    own = [
        scored(exercise, maximum, parts)
        for parts in (mended, _by_slopes(mended, payload, reference))
    ]
    best = max(verdict, *own, key=lambda one: one.points)
    return replace(best, own_points=max(one.points for one in own))


def scored(exercise: str, maximum: float, parts: Sequence[Part]) -> Verdict:
    """Give points in proportion to the weights of the parts that count (:func:`counted`).

    Points have two decimals; what is not all right never rounds up to the maximum.
    """
    earned, total = sum(p.weight for p in counted(parts)), sum(p.weight for p in parts)
    if all(part.right for part in parts):
        return Verdict(exercise, maximum, maximum, tuple(parts))
    points = max(0.0, min(round(maximum * earned / total, 2), maximum - 0.01)) if total else 0.0
    return Verdict(exercise, points, maximum, tuple(parts))


def counted(parts: Sequence[Part]) -> list[Part]:
    """The parts that are right and count.

    A part counts when those that it needs are right too; what is a property of an answer
    (arguments, a cache, a dtype) counts beside a right answer alone.
    """
    right = {part.label for part in parts if part.right}
    found = [part for part in parts if part.right and right.issuperset(part.needs)]
    return found if any(part.weight > 0 and not part.is_property for part in found) else []


def _unanswered(payload: Payload) -> str:
    if payload.answers:
        return ""
    return next(iter(payload.errors.values()), "the test gave no answer")


def _parts(payload: Payload, reference: Payload, device: str, prefix: str = "") -> list[Part]:
    """Judge every answer and gather the judgements into parts, in order of appearance.

    With a prefix, the answers are those that were emitted under it.
    """
    findings: dict[str, list[str]] = {}
    rules: dict[str, dict] = {}
    wrong_elsewhere: set[str] = set()
    narrow = _narrow_cases(payload, reference, device, prefix)
    for (case, name), want in reference.answers.items():
        rule = want.detail.get("rule") or {}
        if rule.get("compare") == "evidence":
            continue
        label, kept = _label(name, want), _kept(rule)
        for key in filter(None, (label, kept)):
            findings.setdefault(key, [])
            rules.setdefault(key, rule if key == label else {})
        key = (case, prefix + name)
        answer = payload.answers.get(key)
        message = compare(answer, want, device)
        if answer is None and label == ARGUMENTS and key not in payload.failed:
            continue  # the call did not come back: that is charged where its answer belongs
        if answer is None:
            error = payload.failed.get(key) or payload.errors.get(case) or payload.errors.get(-1)
            message = f"{FAILED}{error}" if error else message
        elif _changed_later(answer) and not _changed_later(want):
            message = message or "it changed after it was returned: one buffer is used twice"
        if message and kept:
            # What is wrong in its dtype alone, or comes to nothing there alone, costs that alone.
            only_dtype = answer is not None and not compare(answer, want, device, any_dtype=True)
            only_here = answer is None and label not in wrong_elsewhere
            findings[kept].append(message if only_dtype or only_here else "")
            findings[label].append("" if only_dtype or only_here else message)
        elif message and case in narrow and _right_in_float32(answer, want, device):
            # A buffer of float32 in a float64 network: everything that went through it is coarse.
            findings.setdefault(KEPT_WIDE, []).append(message)
            rules.setdefault(KEPT_WIDE, {})
            findings[label].append("")
        else:
            findings[label].append(message or "")
            if message:
                wrong_elsewhere.add(label)
    told: set[str] = set()
    return [_part(label, messages, rules[label], told) for label, messages in findings.items()]


def _briefly(message: str, told: set[str]) -> str:
    """Leave the kind of an error alone when several others have been told."""
    if not message.startswith(FAILED):
        return message
    if message not in told and len(told) >= MAX_ERRORS:
        return FAILED + re.match(r"[\w ]*", message.removeprefix(FAILED))[0].strip()
    told.add(message)
    return message


def _narrow_cases(payload: Payload, reference: Payload, device: str, prefix: str = "") -> set[int]:
    """Cases in float64 with an answer that is right but for being float32."""
    return {
        case
        for (case, name), want in reference.answers.items()
        if not _kept(want.detail.get("rule") or {})
        and _is_float32(answer := payload.answers.get((case, prefix + name)))
        and _right_in_float32(answer, want, device)
    }


def _is_float32(answer: Answer | None) -> bool:
    return answer is not None and answer.array is not None and answer.array.dtype == np.float32


def _right_in_float32(answer: Answer | None, want: Answer, device: str) -> bool:
    rule = {k: v for k, v in (want.detail.get("rule") or {}).items() if k not in {"rtol", "atol"}}
    if answer is None or rule.get("compare", "close") != "close":
        return False
    coarse = replace(want, detail={**want.detail, "rule": {**rule, "dtype": "float32"}})
    return compare(answer, coarse, device, any_dtype=True) is None


def _part(label: str, messages: list[str], rule: dict, told: set[str]) -> Part:
    wrong = [message for message in messages if message]
    count = f" (in {len(wrong)} of {len(messages)} checks)" if len(messages) > 1 else ""
    needs = rule.get("needs") or ()
    return Part(
        label,
        not wrong,
        f"{_briefly(wrong[0], told)}{count}" if wrong else "",
        float(rule.get("weight", 1.0)),
        (needs,) if isinstance(needs, str) else tuple(needs),
    )


def _by_slopes(parts: list[Part], payload: Payload, reference: Payload) -> list[Part]:
    """Judge gradients by the slopes of the student's own forward, which is wrong.

    A forward that has little to do with the right one gives no slopes to judge by. An argument
    that it does not use has no slope: its gradient is right when most others are.
    """
    cases = [case for case, name in reference.answers if name == SLOPES]
    pairs = [(payload.answers.get((case, SLOPES)), case) for case in cases]
    if not pairs or any(answer is None or answer.array is None for answer, _ in pairs):
        return parts
    wanted = np.concatenate([reference.answers[case, SLOPES].array for case in cases])
    shape = 2, len(wanted) // len(cases), wanted.shape[1]
    found = [answer.array for answer, _ in pairs]
    if any(a.shape != shape or a.dtype.kind != "f" for a in found):
        return parts
    measured, claimed = np.concatenate(found, axis=1)
    if not np.isfinite(measured).all() or _correlation(measured, wanted) < ALIKE:
        return parts
    used = np.abs(measured).max(axis=0) > 1e-8 * np.abs(measured).max()
    near = np.abs(measured - claimed) <= CLOSE * np.abs(measured).max(axis=0)
    right = near.all(axis=0) & used
    gradients = [part for part in parts if not part.is_property]
    if len(gradients) != len(right):
        return parts
    right |= ~used & (2 * right.sum() > len(right))
    judged = {p.label: bool(r) for p, r in zip(gradients, right, strict=True)}
    return [
        replace(part, right=True, message="") if judged.get(part.label) else part for part in parts
    ]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of two sets of slopes, each row's and each argument's in units of their own size."""
    for axis in (1, 0):  # a case with large gradients would drown the others
        scale = np.linalg.norm(b, axis=axis, keepdims=True) + 1e-300
        a, b = a / scale, b / scale
    a, b = a.ravel(), b.ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-300))


def _changed_later(answer: Answer) -> bool:
    return answer.detail.get("changed_later") is True


def _label(name: str, reference: Answer) -> str:
    """The part that an answer belongs to."""
    rule = reference.detail.get("rule") or {}
    if rule.get("compare") == "unchanged":
        return ARGUMENTS
    if rule.get("part"):
        return str(rule["part"])
    if rule.get("each"):
        whole = reference.kind == "dict" and reference.detail.get("keys")
        return f"{name}[{whole[0]!r}]" if whole else f"{name}[0]" if _is_list(reference) else name
    return re.split(r"[\[.]", name, maxsplit=1)[0]


def _is_list(reference: Answer) -> bool:
    return reference.kind == "sequence"


def _kept(rule: dict) -> str:
    """The part that a dtype other than float64 belongs to."""
    dtype = rule.get("dtype", "float64")
    return f"{KEPT}{dtype}" if dtype != "float64" else ""
