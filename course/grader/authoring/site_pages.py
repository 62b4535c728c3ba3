"""The pages of the course's site as Sphinx reads them: lessons, guides, the tour, the landing page.

A page has one place in the repository and one on the site; links are written anew from the one to
the other.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.authoring.given_outputs import open_guesses
from course.grader.authoring.leaks import solution_of
from course.grader.authoring.site_alts import add_alternative_texts, texts_by_picture
from course.grader.authoring.student import ASKED_FOR
from course.grader.authoring.tour import WIDGET
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.notebooks.lesson import Lesson

STUDENTS = {"students": "For students", "syllabus": "Syllabus"}
READERS = {
    "recurrent_networks": "Recurrent networks",
    "lstm_and_gru": "LSTM and GRU",
    "attention": "Attention",
    "debugging": "Debugging",
    "bibliography": "Bibliography",
}
TEACHERS = {
    "instructors": "For instructors",
    "hub": "A hub for hundreds",
    "contributors": "For contributors",
    "adding_an_exercise": "Adding an exercise",
    "adding_a_lesson": "Adding a lesson",
}
GUIDES = STUDENTS | READERS | TEACHERS
"""Guides of the site and their short titles. Points and the threat model stay out: they say how
hidden tests score and what a submission could try."""

TOUR = "course/demo.ipynb"
TEXTS = "alternative_texts.json"
"""What stands for each picture of a notebook's outputs; Sphinx's configuration puts it there."""
SHOWN_ROLES = {"reading", "demo"}
"""Cells whose outputs are shown; those of exercises and of their checks are the student's own."""

CODE = re.compile(r"^ *(```+|~~~+).*?^ *\1|(?<!`)(`+)(?!`)[^\n]+?(?<!`)\2(?!`)", re.DOTALL | re.M)
"""Code in Markdown, where nothing is a link."""
LINK = re.compile(r"(!?)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)")

NOTE = """
:::{{note}}
This is the notebook as you get it, with the figures and numbers of one that is filled in. The
exercises are yours to write: {{download}}`download the notebook <{starter}>`, and read
[how to work through it]({students}).
:::
"""


def write_pages(folder: CourseFolder, lessons: Iterable[Lesson], target: Path) -> list[str]:
    """Write the sources of every page into an empty folder.

    Parameters
    ----------
    folder : CourseFolder
        Starters and executed solutions must be generated.
    lessons : iterable of Lesson
        In reading order.
    target : pathlib.Path

    Returns
    -------
    list of str
        Names of the pages, without suffix.

    Raises
    ------
    FolderError
        When a file is missing, or a starter and its solution are not of the same source.
    """
    lessons = list(lessons)
    places = _places(folder, lessons)
    texts: dict[str, dict[str, str]] = {}  # what stands for pictures: by page and picture
    for lesson in lessons:
        place = _released(lesson)
        starter = _read(folder, place)
        _write(target / "starters" / lesson.assignment / f"{lesson.notebook}.ipynb", starter)
        notebook = with_outputs(lesson, _notebook(starter), solution_of(folder, lesson))
        texts[_page(places[place])] = texts_by_picture(notebook.cells)
        _write_notebook(target, places, place, notebook, _note(lesson))
    tour = _notebook(_read(folder, TOUR))
    texts[_page(places[TOUR])] = texts_by_picture(tour.cells)
    _write_notebook(target, places, TOUR, tour)
    _write(target / TEXTS, json.dumps(texts))
    for place, name in places.items():
        if place.endswith(".md"):
            text = relinked(_read(folder, place), place, places, folder.root)
            if place == "README.md":
                text = f"{text.rstrip()}\n\n{_contents(lessons)}"
            _write(target / name, text)
        elif place.endswith(".png"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((folder.root / place).read_bytes())
    return [_page(name) for name in places.values() if not name.endswith(".png")]


def _page(name: str) -> str:
    return name.rpartition(".")[0]


def with_outputs(lesson: Lesson, starter: NotebookNode, solution: NotebookNode) -> NotebookNode:
    """A starter with the outputs of its solution, in cells that are not the student's.

    Parameters
    ----------
    lesson : Lesson
    starter, solution : nbformat.NotebookNode
        Both generated from the lesson; the starter is changed.

    Returns
    -------
    nbformat.NotebookNode
        The starter. What comes between a guess and its comparison is folded away.

    Raises
    ------
    FolderError
        When the three have not the same cells.
    """
    ids = [cell.node.id for cell in lesson.cells]
    if not ids == [cell.id for cell in starter.cells] == [cell.id for cell in solution.cells]:
        raise FolderError(
            f"release/ and solution/ of {lesson.assignment}/{lesson.notebook} are not of the same "
            f"source: run `make release solution LESSON={lesson.assignment}`"
        )
    guessing = open_guesses(starter.cells)
    for cell, shown, solved in zip(lesson.cells, starter.cells, solution.cells, strict=True):
        shown.metadata = nbformat.from_dict({})
        if shown.cell_type != "code":
            continue
        shown.outputs, shown.execution_count = [], None
        if cell.role not in SHOWN_ROLES or shown.source != solved.source:
            continue
        shown.outputs = [o for o in solved.outputs if WIDGET not in o.get("data", {})]
        if shown.id in guessing:
            shown.metadata.tags = ["hide-output"]
    quoted = [cell.node.id for cell in lesson.cells if cell.role in SHOWN_ROLES]
    add_alternative_texts(starter.cells, lesson.title, quoted)
    return starter


def relinked(text: str, place: str, places: dict[str, str], root: Path) -> str:
    """Markdown with its links led to where things lie on the site.

    Parameters
    ----------
    text : str
    place : str
        Where the text lies in the repository.
    places : dict of str to str
        Where a file of the repository lies on the site, for those that are there.
    root : pathlib.Path
        The repository. A link to a file of it that the site has not becomes plain text.

    Returns
    -------
    str
    """
    code: list[str] = []
    here = posixpath.dirname(places[place])

    def keep(match: re.Match[str]) -> str:
        code.append(match[0])
        return f"\0{len(code) - 1}\0"

    def lead(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        label = LINK.sub(lead, label)
        name, hash_, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place), name))
        if name and "://" not in name and path in places:
            target = posixpath.relpath(places[path], here or ".") + hash_ + anchor
        elif name and "://" not in name and not picture and (root / path).exists():
            return label
        return f"{picture}[{label}]({target})"

    led = LINK.sub(lead, CODE.sub(keep, text))
    return re.sub("\0(\\d+)\0", lambda match: code[int(match[1])], led)


def _places(folder: CourseFolder, lessons: list[Lesson]) -> dict[str, str]:
    """Where each file of the repository that the site shows lies on the site."""
    places = {"README.md": "index.md", TOUR: "tour.ipynb"}
    places |= {f"course/guides/{name}.md": f"guides/{name}.md" for name in GUIDES}
    places |= {_released(n): f"lessons/{n.assignment}/{n.notebook}.ipynb" for n in lessons}
    for path in sorted((folder.root / "course" / "guides").rglob("*.png")):
        place = path.relative_to(folder.root).as_posix()
        places[place] = place.removeprefix("course/")
    return places


def _released(lesson: Lesson) -> str:
    return f"release/{lesson.assignment}/{lesson.notebook}.ipynb"


def _note(lesson: Lesson) -> str:
    starter = f"/starters/{lesson.assignment}/{lesson.notebook}.ipynb"
    return NOTE.format(starter=starter, students="../../guides/students.md")


def _contents(lessons: list[Lesson]) -> str:
    """The site's table of contents, which the theme shows beside every page."""
    parts = {
        "Begin here": [
            "The tour <tour>",
            *(f"{t} <guides/{name}>" for name, t in STUDENTS.items()),
        ],
        "Lessons": [f"lessons/{lesson.assignment}/{lesson.notebook}" for lesson in lessons],
        "To read beside them": [f"{t} <guides/{name}>" for name, t in READERS.items()],
        "To teach and to contribute": [f"{t} <guides/{name}>" for name, t in TEACHERS.items()],
    }
    return "\n".join(_toctree(caption, names) for caption, names in parts.items())


def _toctree(caption: str, names: list[str]) -> str:
    lines = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def _write_notebook(
    target: Path, places: dict[str, str], place: str, notebook: NotebookNode, note: str = ""
) -> None:
    """Write a notebook with links for the site, and a note below its title."""
    root = target
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, place, places, root)
    if note:
        notebook.cells[0].source = re.sub(
            r"^# .+$",
            lambda title: f"{title[0]}\n{note}",
            notebook.cells[0].source,
            count=1,
            flags=re.M,
        )
    notebook.metadata.language_info = nbformat.from_dict(
        {"name": "python", "pygments_lexer": "ipython3"}
    )
    _write(target / places[place], nbformat.writes(notebook))


def _notebook(text: str) -> NotebookNode:
    return nbformat.reads(text, as_version=4)


def _read(folder: CourseFolder, place: str) -> str:
    """A file of the repository, without code that an exercise asks for."""
    path = folder.root / place
    if not path.is_file():
        advice = "run `make release`" if place.startswith("release/") else "the site shows it"
        raise FolderError(f"there is no {place}: {advice}")
    return ASKED_FOR.sub("*You write this code yourself, in the notebook.*\n", path.read_text())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
