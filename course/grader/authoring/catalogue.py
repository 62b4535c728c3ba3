"""The README's table of lessons, and the one rule by which a notebook's time is stated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.classroom.course_folder import CourseFolder
from course.grader.notebooks.lesson import Lesson

BEGIN, END = "<!-- lessons:begin -->", "<!-- lessons:end -->"
WORDS_A_MINUTE, MINUTES_A_PICTURE, MINUTES_A_QUESTION = 180, 0.5, 10
OPTIONAL = re.compile(r"^## (\S+ )?Optional\b", re.MULTILINE)
"""The heading of the part of a notebook that is optional; it ends at the next heading like it."""
RULE = (
    "Minutes are those of the exercises and written questions, as each of them says "
    f"({MINUTES_A_QUESTION} for a question that says nothing), plus reading: {WORDS_A_MINUTE} "
    "words a minute, closed hints left out, and half a minute for every picture. What is optional "
    "does not count. The sum is rounded to five."
)
"""How the time for a notebook is stated, everywhere."""

HEAD = (
    "| notebook | what it is about | exercises | points | difficulty | minutes | CPU seconds |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Time:
    """How long a notebook takes.

    Attributes
    ----------
    exercises, reading : float
        Minutes.
    """

    exercises: float
    reading: float

    @property
    def minutes(self) -> int:
        """Both together, rounded to five."""
        return 5 * round((self.exercises + self.reading) / 5)


def time_for(folder: CourseFolder, lesson: Lesson) -> Time:
    """State a notebook's time by the one rule, :data:`RULE`.

    Words are those of the source's Markdown without model answers, so of the starter; pictures are
    those of the executed solution.
    """
    path = folder.root / "solution" / lesson.assignment / f"{lesson.notebook}.ipynb"
    executed = nbformat.read(path, as_version=4).cells if path.is_file() else []
    pictures = _pictures(_required(executed))
    answers = {cell.node.id for cell in lesson.cells if cell.role == "answer"}
    words = sum(_words(cell) for cell in _required(lesson.source.cells) if cell.id not in answers)
    exercises = sum(exercise.minutes for exercise in lesson.exercises.values())
    return Time(
        exercises + _question_minutes(lesson),
        words / WORDS_A_MINUTE + pictures * MINUTES_A_PICTURE,
    )


def lesson_table(folder: CourseFolder) -> str:
    """Return the table of all notebooks, in Markdown.

    CPU seconds were measured when the solution was executed.
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
        str(time_for(folder, lesson).minutes),
        measured_cpu(solution),
    ]
    return f"| {' | '.join(cells)} |"


def _words(cell: NotebookNode) -> int:
    """Words of a Markdown cell, without closed hints and the line that names what is optional."""
    if cell.cell_type != "markdown":
        return 0
    shown = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
    shown = re.sub(r"^\*Optional\*.*$", "", shown, flags=re.MULTILINE)
    return len(re.findall(r"\w+", shown))


def _required(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The cells of a notebook without its optional part."""
    kept, optional = [], False
    for cell in cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.MULTILINE):
            optional = bool(OPTIONAL.search(cell.source))
        if not optional:
            kept.append(cell)
    return kept


def _pictures(cells: Iterable[NotebookNode]) -> int:
    """Pictures that the outputs of cells show."""
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    return sum("image/png" in output.get("data", {}) for output in outputs)


def _question_minutes(lesson: Lesson) -> int:
    """Minutes of the questions answered in writing, as the cell before each of them says."""
    said = 0
    for before, cell in zip(lesson.cells, lesson.cells[1:], strict=False):
        if cell.role == "answer":
            found = re.findall(r"(\d+) minutes", before.node.source)
            said += int(found[-1]) if found else MINUTES_A_QUESTION
    return said
