"""What came of grading: one notebook's outcome, and a whole run's."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from course.grader.judging.verdict import Part, Verdict


@dataclass
class Outcome:
    """What came of one task; it travels and is stored as JSON.

    Attributes
    ----------
    student, assignment, notebook, fingerprint : str
    graded : str
        The graded notebook's JSON; empty when there was no submission to grade.
    verdicts : list of Verdict
    notes : list of str
    seconds : float
        Wall time in the worker.
    isolation : str
        What was in force.
    """

    student: str
    assignment: str
    notebook: str
    fingerprint: str
    graded: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    isolation: str = ""

    @property
    def points(self) -> float:
        """Points earned."""
        return round(sum(v.points for v in self.verdicts), 2)

    @property
    def maximum(self) -> float:
        """Points that could be earned."""
        return sum(v.maximum for v in self.verdicts)

    def to_bytes(self) -> bytes:
        """Pack into JSON bytes."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Outcome:
        """Unpack what :meth:`to_bytes` packed."""
        content = json.loads(data)
        verdicts = []
        for verdict in content.pop("verdicts"):
            parts = tuple(
                Part(**{**part, "needs": tuple(part["needs"])}) for part in verdict.pop("parts")
            )
            flags = tuple(verdict.pop("flags"))
            verdicts.append(Verdict(**verdict, parts=parts, flags=flags))
        return Outcome(**content, verdicts=verdicts)


@dataclass
class Run:
    """What a grading run did.

    Attributes
    ----------
    assignment, isolation : str
    graded, kept : list of Outcome
        Graded now, and unchanged since an earlier run.
    failed : dict of str to str
        What was not graded, by ``student/notebook``, and why.
    changed : dict of str to (float, float)
        Points before and after, by ``student/notebook``, where an earlier result was replaced.
    """

    assignment: str
    isolation: str
    graded: list[Outcome] = field(default_factory=list)
    kept: list[Outcome] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    changed: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def outcomes(self) -> list[Outcome]:
        """Every outcome, by student and notebook."""
        return sorted(self.graded + self.kept, key=lambda o: (o.student, o.notebook))
