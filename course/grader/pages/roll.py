"""What a class report is told of a class, beside what was graded: who is in it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Roll:
    """Who is in the class, and what the gradebook knows of one lesson.

    Attributes
    ----------
    names : mapping of str to str
        A name to show for every student of the class, by id.
    due : datetime.datetime or None
        When the lesson is due, in UTC.
    late : mapping of str to float
        Seconds past the due date, of those who were late, by id.
    waiting : frozenset of str
        Students with a written answer that waits for a hand.
    handed_in : frozenset of str
        Students with a folder for the lesson, graded or not.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    due: datetime | None = None
    late: Mapping[str, float] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    handed_in: frozenset[str] = frozenset()
