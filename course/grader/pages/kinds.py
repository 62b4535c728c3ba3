"""What became of an exercise, in one of a few words, and what the class gets wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from course.grader.ground.text import one_line
from course.grader.judging.verdict import BORROWED, MISSING, NOT_WRITTEN, Verdict
from course.grader.notebooks.rebuild import UNREADABLE

KINDS = {
    "right": "●",
    "partly right": "◐",
    "wrong": "○",
    "no answer": "!",
    "too slow": "◷",
    "crashed": "✕",
    "borrowed": "◇",
    "not written": "·",
    "unreadable": "?",
    "not handed in": "–",
}
"""What can become of an exercise, and a sign for each, the best first."""

UNWRITTEN = ("borrowed", "not written", "unreadable", "not handed in")


def kind_of(verdict: Verdict) -> str:
    """Name what became of an exercise: a key of :data:`KINDS`.

    ``no answer`` is code that raised an error, ``unreadable`` a file that is no notebook;
    ``too slow`` was stopped by the clock; ``crashed`` brought its kernel down, or was stopped for
    what it used or printed; ``borrowed`` is the lesson's own version, which ``rescue`` lends.
    """
    cause = verdict.cause
    if verdict.full:
        return "right"
    if cause.startswith(NOT_WRITTEN):
        return "not written"
    if cause == BORROWED:
        return "borrowed"
    if cause.startswith(MISSING):
        return "not handed in"
    if UNREADABLE in cause:
        return "unreadable"
    if cause.startswith(("stopped after", "stopped: the submission took", "not run: the sub")):
        return "too slow"
    if cause.startswith(("stopped", "its kernel died", "not run")):
        return "crashed"
    if verdict.points:
        return "partly right"
    return "no answer" if cause else "wrong"


def mistakes(verdicts: Sequence[Verdict], most: int = 5) -> list[tuple[int, str]]:
    """Count what answers to one exercise get wrong, the most frequent first.

    Only what somebody wrote counts: what is not written, cannot be read or was not handed in is
    no mistake.

    Returns
    -------
    list of (count, sentence)
        Mistakes that the course recognises, then other remarks.
    """
    lost = [v for v in verdicts if not v.full and kind_of(v) not in UNWRITTEN]
    named = Counter(v.misconception for v in lost if v.misconception)
    counted = [(count, sentence) for sentence, count in named.most_common()]
    counted += _alike([one_line(v.summary, 200) for v in lost if not v.misconception])
    return counted[:most]


def _alike(remarks: Sequence[str]) -> list[tuple[int, str]]:
    """Count remarks together that differ in their numbers alone."""
    groups: dict[str, Counter[str]] = {}
    for remark in remarks:
        groups.setdefault(re.sub(r"\d[\d.e+-]*", "#", remark), Counter())[remark] += 1
    found = [
        (group.total(), group.most_common(1)[0][0] + (" (and the like)" if len(group) > 1 else ""))
        for group in groups.values()
    ]
    return sorted(found, key=lambda one: -one[0])
