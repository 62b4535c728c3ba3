"""Write verdicts into a notebook: the instructor's copy of a graded submission."""

from __future__ import annotations

import html
import os
import re
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from course.grader.ground.files import write_atomically
from course.grader.judging.grade import Graded
from course.grader.judging.verdict import Verdict
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import Submission, copy_of
from course.grader.notebooks.sanitize import clean_markdown, clean_outputs, hide_lines, quotes

NOTES = "course_notes"
"""Key of the notebook metadata that holds a submission's notes."""


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
    secret = secret_lines(lesson)
    for cell, node in zip(submission.cells, notebook.cells, strict=True):
        if node.cell_type != "code":
            continue
        if cell.role == "hidden":
            node.outputs = verdict_outputs(discreet(graded.verdicts[cell.exercise], secret))
        elif cell.key in graded.results:
            result = graded.results[cell.key]
            node.outputs = hide_lines(clean_outputs(result.outputs), secret)
            if result.status in {"stopped", "skipped"} and result.cause:
                node.outputs.append(new_output("stream", name="stderr", text=f"{result.cause}\n"))
    notebook.metadata[NOTES] = list(dict.fromkeys(graded.notes))
    return notebook


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


def discreet(verdict: Verdict, secret: set[str]) -> Verdict:
    """Withhold messages that quote a hidden test: a student's exception may say anything."""

    def told(message: str) -> str:
        return "(withheld: it quotes the hidden test)" if quotes(message, secret) else message

    parts = tuple(replace(part, message=told(part.message)) for part in verdict.parts)
    return replace(verdict, cause=told(verdict.cause), parts=parts)


def verdict_text(verdict: Verdict) -> str:
    """A verdict in lines of text."""
    lines = [f"{verdict.exercise}: {verdict.points:g} of {verdict.maximum:g} points"]
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
            if len(stripped) >= 16 and not re.match(r"^(#|from course|import )", stripped):
                lines.add(stripped)
    return lines


def write_read_only(path: os.PathLike[str], text: str) -> None:
    """Write a file that nbgrader leaves read-only, replacing an earlier one."""
    target = Path(path)
    write_atomically(target, text.encode())
    target.chmod(0o444)


def _part_line(label: str, right: bool, message: str) -> str:
    return f"✓ {label}" if right else f"✗ {label}: {message}"
