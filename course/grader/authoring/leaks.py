"""What no published page may show: lines of solutions, of hidden tests and of model answers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.notebooks.lesson import WRITTEN, Lesson
from course.grader.pages.render import secret_lines

SHORTEST = 16
"""Characters of the shortest line that betrays something."""
SHORTEST_IN_GUIDE = 24
"""The same in a guide, whose own examples have short lines such as ``def hidden(case):``."""
TEXTS = {".html", ".js", ".json", ".ipynb", ".txt", ".md", ".rst", ".xml", ".inv"}
LIBRARIES = {"mathjax", "scripts", "styles"}
"""Folders of what comes with Sphinx, its theme and MathJax."""


def solution_of(folder: CourseFolder, lesson: Lesson) -> NotebookNode:
    """Read the executed solution of a lesson.

    Raises
    ------
    FolderError
        When it is not generated.
    """
    path = folder.root / "solution" / lesson.assignment / f"{lesson.notebook}.ipynb"
    if not path.is_file():
        raise FolderError(
            f"there is no solution of {lesson.assignment}/{lesson.notebook}: "
            f"run `make solution LESSON={lesson.assignment}`"
        )
    return nbformat.read(path, as_version=4)


def secrets_of(folder: CourseFolder, lessons: Iterable[Lesson]) -> dict[str, str]:
    """Lines that a student must not see, each with the cell that it comes from.

    Parameters
    ----------
    folder : CourseFolder
        Starters and solutions must be generated.
    lessons : iterable of Lesson
        All lessons that are published together: what one of them shows is no secret of another.

    Returns
    -------
    dict of str to str
        ``lesson/notebook: cell`` by line, without the spaces around it.
    """
    lessons = list(lessons)
    starters = [folder.starter(lesson) for lesson in lessons]
    shown = "\n".join(cell.source for nb in starters if nb for cell in nb.cells)
    guides = "\n".join(path.read_text() for path in folder.root.glob("course/guides/*.md"))
    secrets = {}
    for lesson in lessons:
        name = f"{lesson.assignment}/{lesson.notebook}"
        owned = {cell.id for cell in lesson.cells if cell.role in {*WRITTEN, "answer"}}
        for cell in solution_of(folder, lesson).cells:
            id_ = cell.metadata.get("nbgrader", {}).get("grade_id", cell.get("id"))
            if id_ in owned:
                secrets |= dict.fromkeys(_telling(cell.source), f"{name}: {id_}")
        secrets |= dict.fromkeys(secret_lines(lesson), f"{name}: hidden test")
    common = {n for n in secrets if n in shown or (len(n) < SHORTEST_IN_GUIDE and n in guides)}
    return {line: where for line, where in secrets.items() if line not in common}


def leaks(built: Path, secrets: dict[str, str]) -> Iterator[str]:
    """Say where files show a secret: in pages as a reader sees them, and in everything else as is.

    Parameters
    ----------
    built : pathlib.Path
        A folder.
    secrets : dict of str to str
        As :func:`secrets_of` returns them.

    Yields
    ------
    str
        One line for each secret in each file.
    """
    for path in sorted(built.rglob("*")):
        name = path.relative_to(built)
        if not path.is_file() or path.suffix not in TEXTS or LIBRARIES & set(name.parts):
            continue
        text = path.read_text(errors="replace")
        if path.suffix == ".html":
            text = plain(text)
        elif path.suffix == ".ipynb":
            text = "\n".join(_strings(nbformat.reads(text, as_version=4)))
        for line, where in secrets.items():
            if line in text:
                yield f"{name} shows a line of {where}"


def plain(page: str) -> str:
    """The text of an HTML page, as a reader sees it: without tags, with characters for entities."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def _telling(source: str) -> Iterator[str]:
    """Lines long enough to betray a solution, stripped."""
    for line in map(str.strip, source.splitlines()):
        if len(line) >= SHORTEST and not re.match(r"#|from |import |\.\. |:param", line):
            yield line


def _strings(node: object) -> Iterator[str]:
    """Every string in a notebook, wherever it stands."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
