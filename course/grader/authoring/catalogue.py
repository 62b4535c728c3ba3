"""The README's table of lessons, computed from the sources and the executed solutions."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from course.grader.classroom.course_folder import CourseFolder
from course.grader.notebooks.lesson import Lesson

BEGIN, END = "<!-- lessons:begin -->", "<!-- lessons:end -->"
HEAD = (
    "| notebook | what it is about | exercises | points | difficulty | minutes | CPU seconds |\n"
    "|---|---|---|---|---|---|---|"
)


def lesson_table(folder: CourseFolder) -> str:
    """Return the table of all notebooks, in Markdown.

    Minutes are those of the exercises; CPU seconds were measured when the solution was executed.
    """
    rows = [HEAD]
    for assignment in folder.lesson_names:
        for lesson in folder.lessons(assignment):
            rows.append(_row(folder, lesson))
    return "\n".join(rows)


def write_table(folder: CourseFolder) -> bool:
    """Put the table into the README; return whether it changed."""
    path = folder.root / "README.md"
    text = path.read_text()
    table = f"{BEGIN}\n{lesson_table(folder)}\n{END}"
    new = re.sub(f"{BEGIN}.*?{END}", lambda _: table, text, flags=re.DOTALL)
    if new == text:
        return False
    path.write_text(new)
    return True


def measured_cpu(path: Path) -> str:
    """CPU seconds that a solution printed in its last cell, or a dash."""
    if not path.is_file():
        return "–"
    outputs = nbformat.read(path, as_version=4).cells[-1].get("outputs", [])
    text = "".join(output.get("text", "") for output in outputs)
    found = re.search(r"([\d.]+) s\b", text)
    return f"{float(found[1]):.0f}" if found else "–"


def _row(folder: CourseFolder, lesson: Lesson) -> str:
    exercises = list(lesson.exercises.values())
    points = sum(e.points for e in exercises) + sum(lesson.answers.values())
    levels = [e.difficulty for e in exercises]
    name = f"{lesson.assignment}/{lesson.notebook}"
    solution = folder.root / "solution" / lesson.assignment / f"{lesson.notebook}.ipynb"
    cells = [
        f"[{name}](release/{name}.ipynb)",
        lesson.title,
        str(len(exercises)),
        f"{points:g}",
        f"{min(levels)}–{max(levels)}",
        str(sum(e.minutes for e in exercises)),
        measured_cpu(solution),
    ]
    return f"| {' | '.join(cells)} |"
