"""Write verdicts into a notebook: the instructor's copy of a graded submission."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import replace
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from course.grader.judging.grade import Graded
from course.grader.judging.verdict import Part, Verdict
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import Submission, copy_of
from course.grader.notebooks.sanitize import clean_markdown, clean_outputs, hide_lines, quotes

NOTES = "course_notes"
"""Key of the notebook metadata that holds a submission's notes."""
AFTER_TEST = "course_after_test"
"""Key of a cell's metadata: it ran in a kernel that knew a hidden test, so that its outputs are for
the instructor alone. The value is what the student is told in their place."""
WHOLE = "course_whole"
"""Key of a cell's metadata: a digest of its source, of which only the beginning is there."""

MISTAKE = "course_mistake"
"""Key of the metadata of an exercise's cell: the sentence on its mistake, where one is known."""
VERDICT = "course_verdict"
"""Key of the metadata of a hidden test's cell: its verdict as plain data, for the student to read;
:func:`verdict_in` reads it."""

PAGE_TEXT = 300_000
"""Characters of a student's that one page shows, sources and outputs together."""
PAGE_PICTURES = 12 * 2**20
"""Characters of pictures on one page."""
CELL_SOURCE = {"code": 30_000, "markdown": 10_000}
"""Characters of one cell that are shown; the time for Markdown grows with the square of them."""
CELL_LINKS = 300
"""Opening brackets in a Markdown cell that is shown: nbconvert looks from each for its end."""
CELL_COST = 200
"""Characters that a cell or an output costs besides its text."""
CUT = "[... cut: the notebook that was handed in has all of it]"


def graded_notebook(lesson: Lesson, submission: Submission, graded: Graded) -> NotebookNode:
    """Build the notebook that the grader writes: the student's cells, and verdicts for outputs.

    Parameters
    ----------
    lesson : Lesson
    submission : Submission
    graded : Graded

    Returns
    -------
    nbformat.NotebookNode
        Cells and metadata are the course's; of the student there are sources and clean outputs.
    """
    notebook = rebuilt_notebook(lesson, submission)
    secret, room = secret_lines(lesson), Room()
    for cell, node in zip(submission.cells, notebook.cells, strict=True):
        if cell.own:
            whole, node.source = node.source, room.source(node)
            if node.source != whole:
                node.metadata[WHOLE] = hashlib.sha256(whole.encode()).hexdigest()[:16]
        if node.cell_type != "code":
            continue
        verdict = graded.verdicts.get(cell.exercise) if cell.role == "solution" else None
        if verdict is not None and verdict.misconception:
            node.metadata[MISTAKE] = verdict.misconception
        if cell.role == "hidden":
            told = discreet(graded.verdicts[cell.exercise], secret)
            node.outputs, node.metadata[VERDICT] = verdict_outputs(told), _plain(told)
        elif cell.key in graded.results:
            result = graded.results[cell.key]
            node.outputs = hide_lines(room.outputs(result.outputs), secret)
            if result.status in {"stopped", "skipped"} and result.cause:
                node.outputs.append(new_output("stream", name="stderr", text=f"{result.cause}\n"))
            if result.knowing:
                node.metadata[AFTER_TEST] = result.cause
    notebook.metadata[NOTES] = list(dict.fromkeys(graded.notes))
    return notebook


class Room:
    """What is left of a page for a student's text and pictures.

    A page of 15 MB takes a minute and a half to render, and no browser is glad of it.
    """

    def __init__(self) -> None:
        self._text, self._pictures = PAGE_TEXT, PAGE_PICTURES

    def source(self, cell: NotebookNode) -> str:
        """Return a cell's source, or its beginning where there is no room for all of it."""
        allowed = max(0, min(CELL_SOURCE.get(cell.cell_type, 0), self._text - CELL_COST))
        if cell.cell_type == "markdown":
            allowed = min(allowed, len("[".join(cell.source.split("[")[:CELL_LINKS])))
        self._text -= CELL_COST + min(len(cell.source), allowed)
        if len(cell.source) <= allowed:
            return cell.source
        mark = f"# {CUT}" if cell.cell_type == "code" else CUT
        return f"{cell.source[:allowed]}\n{mark}" if allowed else ""

    def outputs(self, outputs: list[Any]) -> list[NotebookNode]:
        """Return the outputs that there is room for, cleaned."""
        kept = []
        for output in clean_outputs(outputs) if self._text > 0 else []:
            data = output.get("data", {})
            pictures = sum(len(v) for kind, v in data.items() if kind.startswith("image/"))
            text = CELL_COST + len(json.dumps(output)) - pictures
            if text <= self._text and pictures <= self._pictures:
                self._text -= text
                self._pictures -= pictures
                kept.append(output)
        return kept


def rebuilt_notebook(lesson: Lesson, submission: Submission) -> NotebookNode:
    """Build the notebook of a rebuilt submission, before anything has run."""
    notebook = new_notebook(metadata=copy_of(lesson.source.metadata))
    for cell in submission.cells:
        node = copy_of(cell.node)
        node.source = cell.source
        if cell.own and node.cell_type == "markdown":
            node.source = clean_markdown(cell.source)
        node.metadata.pop("tags", None)
        notebook.cells.append(node)
    notebook.metadata[NOTES] = list(submission.notes)
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    return notebook


def verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    """Outputs of a hidden test's cell: the points (nbgrader reads them), then the reasons."""
    return [
        NotebookNode(
            output_type="execute_result",
            data={"text/plain": repr(float(verdict.points))},
            metadata={},
            execution_count=1,
        ),
        NotebookNode(
            output_type="display_data",
            data={"text/plain": verdict_text(verdict), "text/html": verdict_html(verdict)},
            metadata={},
        ),
    ]


def _plain(verdict: Verdict) -> dict[str, Any]:
    """What a student may know of a verdict, as data; flags are the instructor's."""
    return {
        "exercise": verdict.exercise,
        "points": verdict.points,
        "maximum": verdict.maximum,
        "cause": verdict.cause,
        "follow_through": verdict.follow_through,
        "parts": [[p.label, p.right, p.message, p.weight, list(p.needs)] for p in verdict.parts],
    }


def verdict_in(cell: NotebookNode) -> Verdict | None:
    """Read the verdict that a graded hidden test's cell holds.

    Returns
    -------
    Verdict or None
        Without flags and misconception (:data:`MISTAKE` has that); ``None`` when nothing was judged
        or the notebook is an earlier grader's.
    """
    about = cell.metadata.get(VERDICT)
    if about is None:
        return None
    parts = tuple(Part(*part[:4], tuple(*part[4:])) for part in about["parts"])
    return Verdict(**{**about, "parts": parts})


def discreet(verdict: Verdict, secret: set[str]) -> Verdict:
    """Withhold messages that quote a hidden test: a student's exception may say anything."""

    def told(message: str) -> str:
        return "(withheld: it quotes the hidden test)" if quotes(message, secret) else message

    parts = tuple(replace(part, message=told(part.message)) for part in verdict.parts)
    return replace(verdict, cause=told(verdict.cause), parts=parts)


def verdict_text(verdict: Verdict) -> str:
    """A verdict in lines of text."""
    lines = [f"{verdict.exercise}: {verdict.points:g} of {verdict.maximum:g} points"]
    if verdict.misconception:
        lines.append(f"→ {verdict.misconception}")
    if verdict.cause:
        lines.append(f"✗ {verdict.cause}")
    lines += [_part_line(part.label, part.right, part.message) for part in verdict.parts]
    if verdict.follow_through:
        lines.append("Judged with right versions of the earlier exercises, which lost points.")
    return "\n".join(lines)


def verdict_html(verdict: Verdict) -> str:
    """The same as a small table, with every word escaped."""
    head, *rest = verdict_text(verdict).split("\n")
    rows = "".join(f"<li>{html.escape(line)}</li>" for line in rest)
    return f"<p><b>{html.escape(head)}</b></p><ul>{rows}</ul>"


def secret_lines(lesson: Lesson) -> set[str]:
    """Lines of the hidden tests long enough to betray one, and found nowhere else in the lesson."""
    lines = set()
    public = "\n".join(cell.node.source for cell in lesson.cells if cell.role != "hidden")
    for exercise in lesson.exercises.values():
        for line in exercise.hidden.splitlines():
            stripped = line.strip()
            if stripped in public:
                continue
            if len(stripped) >= 16 and not re.match(r"^(#|from |import |with torch\.)", stripped):
                lines.add(stripped)
    return lines


def _part_line(label: str, right: bool, message: str) -> str:
    return f"✓ {label}" if right else f"✗ {label}: {message}"
