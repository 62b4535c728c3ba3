"""Turn an emission and its reference into points and sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from course.grader.ground.wire import BadPayload
from course.grader.judging.compare import compare
from course.grader.judging.payload import Answer, Payload, read
from course.grader.kernel.steps import StepResult

ARGUMENTS = "arguments unchanged"
NOT_WRITTEN = "not written yet"


@dataclass(frozen=True)
class Part:
    """One part of an exercise: an answer over all its cases, or a property of them."""

    label: str
    right: bool
    message: str = ""


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
    """

    exercise: str
    points: float
    maximum: float
    parts: tuple[Part, ...] = ()
    cause: str = ""
    follow_through: bool = False
    flags: tuple[str, ...] = field(default=())

    @property
    def full(self) -> bool:
        """True when every point was earned."""
        return self.points == self.maximum

    @property
    def summary(self) -> str:
        """One line: the cause, or the first part that is wrong, or ``right``."""
        if self.cause:
            return self.cause
        wrong = [part for part in self.parts if not part.right]
        if not wrong:
            return "right"
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return f"{wrong[0].label}: {wrong[0].message}{more}"


def judge(
    exercise: str, maximum: float, result: StepResult, reference: Payload, device: str = "cpu"
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
        payload = read(result.emissions[0])
    except BadPayload as error:
        return Verdict(exercise, 0.0, maximum, cause=str(error))
    if payload.exercise != exercise:
        return Verdict(exercise, 0.0, maximum, cause="the answer belongs to another exercise")
    if cause := _unwritten(payload):
        return Verdict(exercise, 0.0, maximum, cause=cause)
    parts = _parts(payload, reference, device)
    if not parts:
        return Verdict(exercise, 0.0, maximum, cause="the reference holds no answer")
    answered = any(part.right for part in parts if part.label != ARGUMENTS)
    right = sum(part.right for part in parts) if answered else 0
    if right == len(parts):
        return Verdict(exercise, maximum, maximum, tuple(parts))
    points = max(0.0, min(round(maximum * right / len(parts), 2), maximum - 0.01))
    return Verdict(exercise, points, maximum, tuple(parts))


def _unwritten(payload: Payload) -> str:
    if payload.answers:
        return ""
    if any(message.startswith("NotImplementedError") for message in payload.errors.values()):
        return NOT_WRITTEN
    return next(iter(payload.errors.values()), "the test gave no answer")


def _parts(payload: Payload, reference: Payload, device: str) -> list[Part]:
    """Judge every answer and gather the judgements into parts, in order of appearance."""
    findings: dict[str, list[str]] = {}
    for (case, name), want in reference.answers.items():
        answer = payload.answers.get((case, name))
        message = compare(answer, want, device)
        if answer is None and message:
            error = payload.errors.get(case) or payload.errors.get(-1)
            message = f"the call failed with {error}" if error else message
        elif answer is not None and _changed_later(answer) and not _changed_later(want):
            message = message or "it changed after it was returned: one buffer is used twice"
        findings.setdefault(_label(name, want), []).append(message or "")
    parts = []
    for label, messages in findings.items():
        wrong = [message for message in messages if message]
        count = f" (in {len(wrong)} of {len(messages)} checks)" if len(messages) > 1 else ""
        parts.append(Part(label, not wrong, f"{wrong[0]}{count}" if wrong else ""))
    return parts


def _changed_later(answer: Answer) -> bool:
    return answer.detail.get("changed_later") is True


def _label(name: str, reference: Answer) -> str:
    rule = reference.detail.get("rule") or {}
    if rule.get("compare") == "unchanged":
        return ARGUMENTS
    if rule.get("part"):
        return str(rule["part"])
    if rule.get("dtype", "float64") != "float64":
        return f"kept {rule['dtype']}"
    return re.split(r"[\[.]", name, maxsplit=1)[0]
