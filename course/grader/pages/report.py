"""Show how a class did: a table for the terminal and a page for the browser."""

from __future__ import annotations

import html
import shutil
from collections import defaultdict

from course.grader.ground.text import one_line
from course.grader.judging.outcome import Outcome, Run
from course.grader.judging.verdict import NOT_WRITTEN, Verdict
from course.grader.pages.kinds import mistakes

SHORTEST = 40
"""Characters of a remark that are shown however narrow the terminal is."""


def table(run: Run, width: int = 0) -> str:
    """A table of students: points for each exercise, the total, and what went wrong first.

    Columns are in the lesson's order, a bar between its notebooks. Remarks end where a line is
    ``width`` characters long (the terminal's width when not given; 160 where there is none); the
    page has all of them.
    """
    width = width or shutil.get_terminal_size((160, 24)).columns
    rows = []
    for student, outcomes in by_student(run.outcomes).items():
        points = [[f"{v.points:g}" for v in outcome.verdicts] for outcome in outcomes]
        total = (
            f"{round(sum(o.points for o in outcomes), 2):g}/{sum(o.maximum for o in outcomes):g}"
        )
        rows.append((one_line(student, 80), points, total, one_line(remark(outcomes), 500)))
    name, last = (max((len(row[i]) for row in rows), default=0) for i in (0, 2))
    widths: dict[tuple[int, int], int] = {}
    for _, points, _, _ in rows:
        for i, group in enumerate(points):
            for j, text in enumerate(group):
                widths[i, j] = max(widths.get((i, j), 0), len(text))
    lines = []
    for student, points, total, what in rows:
        groups = (
            " ".join(f"{text:>{widths[i, j]}}" for j, text in enumerate(group))
            for i, group in enumerate(points)
        )
        line = f"{student:<{name}}  {' | '.join(groups)}  {total:>{last}}  "
        lines.append((line + _cut(what, max(SHORTEST, width - len(line)))).rstrip())
    return "\n".join(lines)


def marks_of(outcome: Outcome) -> str:
    """One character for each exercise."""
    return "".join("●" if v.full else "◐" if v.points else "○" for v in outcome.verdicts)


def remark(outcomes: list[Outcome]) -> str:
    """What went wrong first, in words."""
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            if not verdict.full:
                return f"{verdict.exercise}: {verdict.summary}"
    notes = [note for outcome in outcomes for note in outcome.notes]
    return notes[0] if notes else ""


def by_student(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Group outcomes by student, in order."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.student].append(outcome)
    return dict(groups)


def page(run: Run) -> str:
    """One HTML page for the instructor: students, exercises, notes, flags. Nothing in it runs."""
    outcomes = run.outcomes
    body = [
        f"<h1>{html.escape(run.assignment)}</h1>",
        f"<p>{len(by_student(outcomes))} students, {len(run.graded)} notebooks graded now, "
        f"{len(run.kept)} unchanged. {html.escape(run.isolation)}</p>",
        _exercise_table(outcomes),
        _student_table(outcomes),
    ]
    if run.failed:
        items = "".join(
            f"<li>{html.escape(k)}: {html.escape(v)}</li>" for k, v in run.failed.items()
        )
        body.append(f"<h2>Not graded</h2><ul>{items}</ul>")
    return PAGE.format(title=html.escape(run.assignment), body="\n".join(body))


def _exercise_table(outcomes: list[Outcome]) -> str:
    """How the class did on each exercise, and what it misunderstood."""
    rows = []
    for (notebook, exercise), verdicts in by_exercise(outcomes).items():
        full = sum(v.full for v in verdicts)
        mean = sum(v.points for v in verdicts) / len(verdicts)
        open_ = sum(v.cause == NOT_WRITTEN for v in verdicts)
        cells = [notebook, exercise, f"{full} of {len(verdicts)}", str(open_)]
        cells += [f"{mean:.2f} of {verdicts[0].maximum:g}", "\n".join(misunderstood(verdicts))]
        rows.append(_row(cells))
    titles = [
        "notebook",
        "exercise",
        "full marks",
        "not written",
        "mean points",
        "what is not right",
    ]
    return f"<h2>Exercises</h2><table>{_row(titles, 'th')}{''.join(rows)}</table>"


def by_exercise(outcomes: list[Outcome]) -> dict[tuple[str, str], list[Verdict]]:
    """Group verdicts by notebook and exercise, in order."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            groups[outcome.notebook, verdict.exercise].append(verdict)
    return dict(groups)


def misunderstood(verdicts: list[Verdict], most: int = 5) -> list[str]:
    """Count what the answers to an exercise get wrong, the most frequent first.

    Mistakes that were recognised come first, then other remarks; what was not written is none.
    """
    counted = mistakes(verdicts, most)
    return [f"{count} of {len(verdicts)}: {sentence}" for count, sentence in counted]


def _student_table(outcomes: list[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        flags = [f"{v.exercise}: {flag}" for v in outcome.verdicts for flag in v.flags]
        wrong = [f"{v.exercise}: {v.summary}" for v in outcome.verdicts if not v.full]
        cells = [outcome.student, outcome.notebook, f"{outcome.points:g} of {outcome.maximum:g}"]
        rows.append(
            _row([*cells, marks_of(outcome), "\n".join(wrong), "\n".join([*outcome.notes, *flags])])
        )
    head = _row(["student", "notebook", "points", "exercises", "what is not right", "notes"], "th")
    return f"<h2>Students</h2><table>{head}{''.join(rows)}</table>"


def _row(cells: list[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left;
  vertical-align: top; white-space: pre-line }}
th {{ background: #f4f6f8 }}
</style></head><body>
{body}
</body></html>
"""
