"""The guide's table of points: the parts of every exercise, and what typical answers earn.

Run ``python -m tests.support.points`` to write it; a test compares it with what was judged.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.support.mutation import (
    ROOT,
    SAMPLE,
    TYPICAL_KINDS,
    Key,
    Outcome,
    judge_all,
    lesson_at,
    report,
)

GUIDE = ROOT / "course" / "guides" / "points.md"
KINDS = ("nothing", "one slip", "point missed")
HEAD = """# Points

What every exercise is worth, the parts that its points are made of, and what three typical answers
earn: one that does nothing, one with a single slip, and one that misses the point of the exercise.
The answers are those of `TYPICAL` in `answers/`; their shares were measured by the
tests, the least over their seeds. A part that needs another counts beside it alone. After a change
of a hidden test, write this table again with `python -m tests.support.points`.
"""


def section(path: Path, outcomes: dict[Key, Outcome]) -> str:
    """One notebook's table, in Markdown."""
    assert {*KINDS} == TYPICAL_KINDS
    lesson = lesson_at(path)
    lines = [
        f"## {lesson.assignment}/{lesson.notebook}\n",
        f"| exercise | points | parts | {' | '.join(KINDS)} |",
        "|---|---|---|---|---|---|",
    ]
    for id_, exercise in lesson.exercises.items():
        parts = outcomes["solution", id_, ""].said.replace("|", "\\|")
        earned = [f"{outcomes['typical', id_, kind].lowest:.0%}" for kind in KINDS]
        lines.append(f"| `{id_}` | {exercise.points:g} | {parts} | {' | '.join(earned)} |")
    return "\n".join(lines) + "\n"


def stored(path: Path) -> str:
    """A notebook's table as the guide has it; empty when it has none."""
    lesson = lesson_at(path)
    title = re.escape(f"## {lesson.assignment}/{lesson.notebook}\n")
    found = re.search(rf"^{title}.*?(?=^## |\Z)", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    return found[0].rstrip() + "\n" if found else ""


def alike(found: str, guide: str) -> bool:
    """Tell whether two tables agree; shares of trainings differ a little between processors."""
    share = re.compile(r"(\d+)%")
    shares = [[int(number) for number in share.findall(table)] for table in (found, guide)]
    return share.sub("%", found) == share.sub("%", guide) and all(
        abs(a - b) <= 10 for a, b in zip(*shares, strict=True)
    )


def main() -> int:
    """Judge every notebook, write the guide, and return the number of variants misjudged."""
    paths = sorted((ROOT / "source").glob("*/*.ipynb"))
    tables, bad = {}, 0
    for path, outcomes in judge_all(paths, SAMPLE, 2):
        tables[path] = section(path, outcomes)
        bad += report(path, outcomes)
    GUIDE.write_text("\n".join([HEAD, *(tables[path] for path in paths)]))
    return bad


if __name__ == "__main__":
    sys.exit(bool(main()))
