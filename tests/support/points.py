"""The guide's table of points: the parts of every exercise, and what typical answers earn.

``python -m tests.support.points [source/<lesson>/<notebook>.ipynb ...]`` writes it, of all notebooks
without a name; a test compares it with what was judged.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
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


def page(tables: Mapping[Path, str]) -> str:
    """The whole guide: the tables that are given, and those of other notebooks as they are."""
    paths = sorted((ROOT / "source").glob("*/*.ipynb"))
    found = (tables.get(path) or stored(path) for path in paths)
    return "\n".join([HEAD, *filter(None, found)])


def main(paths: Sequence[Path]) -> int:
    """Judge notebooks, write their tables, and return the number of variants misjudged."""
    chosen = [path.resolve() for path in paths] or sorted((ROOT / "source").glob("*/*.ipynb"))
    tables, bad = {}, 0
    for path, outcomes in judge_all(chosen, SAMPLE, 2):
        tables[path] = section(path, outcomes)
        bad += report(path, outcomes)
    GUIDE.write_text(page(tables))
    return bad


if __name__ == "__main__":
    sys.exit(bool(main([Path(name) for name in sys.argv[1:]])))
