"""What changed since a report was written before: the scores of then, in a small file beside it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course.grader.ground.files import write_atomically

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Before:
    """An earlier report: when it was written, and the points of each student then."""

    written: str
    points: Mapping[str, float]


@dataclass(frozen=True)
class Change:
    """A student's points before and after; ``None`` where there were none."""

    student: str
    before: float | None
    after: float | None


def changes(before: Before | None, points: Mapping[str, float]) -> list[Change]:
    """Say whose points changed, the greatest difference first; nothing when nothing was before."""
    if before is None:
        return []
    found = [
        Change(student, before.points.get(student), points.get(student))
        for student in sorted({*before.points, *points})
    ]
    different = [c for c in found if c.before != c.after]
    return sorted(different, key=lambda c: -abs((c.after or 0.0) - (c.before or 0.0)))


def remember(path: Path, points: Mapping[str, float], now: str) -> Before | None:
    """Keep today's points, and return those to compare with.

    A report that is written again with the same points is compared with what the first of them
    was compared with: writing a page twice loses no news.

    Parameters
    ----------
    path : pathlib.Path
        The file; one that cannot be read counts as none.
    points : mapping of str to float
        Points of each student now.
    now : str
        When that is, as it will be shown.

    Returns
    -------
    Before or None
    """
    last, earlier = _read(path)
    if last is not None and last.points == points:
        return earlier
    content = {"now": _packed(Before(now, points)), "before": _packed(last)}
    write_atomically(path, json.dumps(content).encode())
    return last


def _packed(before: Before | None) -> dict | None:
    return None if before is None else {"written": before.written, "points": dict(before.points)}


def _read(path: Path) -> tuple[Before | None, Before | None]:
    try:
        content = json.loads(path.read_bytes())
        return _unpacked(content["now"]), _unpacked(content["before"])
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        log.warning("%s cannot be read: the report compares with nothing this time", path)
        return None, None


def _unpacked(content: dict | None) -> Before | None:
    if content is None:
        return None
    points = {str(student): float(value) for student, value in content["points"].items()}
    return Before(str(content["written"]), points)
