"""The syllabus: what the course teaches, where, and which cell checks it, written from data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.authoring.catalogue import RULE, time_for
from course.grader.authoring.tour import NOTEBOOK as TOUR
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.notebooks.lesson import Lesson

GUIDES = Path("course") / "guides"
DATA, PAGE = GUIDES / "syllabus.toml", GUIDES / "syllabus.md"
OPEN, TOUR_HOME, GUIDE_HOME = "open", "tour", "guide:"
HEADING = re.compile(r"^#{1,4} +(?!BEGIN|END)(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One objective and its home.

    Attributes
    ----------
    teach : str
        What a reader will be able to do.
    home : str
        ``lesson/notebook``, ``tour``, ``guide:NAME.md``, or ``open`` when nothing teaches it yet.
    at : str
        Heading under which it is taught; empty when ``check`` says where.
    check : str
        Id of the graded exercise or written question, or empty.
    says : str
        A word that the home must contain, or empty.
    """

    teach: str
    home: str
    at: str = ""
    check: str = ""
    says: str = ""


@dataclass(frozen=True)
class Home:
    """A page on which something is taught.

    Attributes
    ----------
    name : str
        As it is shown to a reader.
    link : str
        Relative to the guides.
    text : str
        All that it says, code included.
    headings : tuple of str
    checks : dict of str to str
        Heading by id of a graded cell.
    written : frozenset of str
        Ids of the graded cells that are answered in writing.
    """

    name: str
    link: str
    text: str
    headings: tuple[str, ...]
    checks: dict[str, str]
    written: frozenset[str] = frozenset()


def read_topics(folder: CourseFolder) -> dict[str, list[Row]]:
    """Read the syllabus' data: rows by topic, in order."""
    with (folder.root / DATA).open("rb") as file:
        topics = tomllib.load(file)["topic"]
    return {topic["title"]: [Row(**row) for row in topic["rows"]] for topic in topics}


def homes(folder: CourseFolder) -> dict[str, Home]:
    """Every page that may be a home: notebooks, the tour, the guides."""
    found = {
        f"{lesson.assignment}/{lesson.notebook}": _home_of(lesson) for lesson in _lessons(folder)
    }
    tour = nbformat.read(folder.root / TOUR, as_version=4)
    prose = _prose(tour)
    found[TOUR_HOME] = Home("the tour", f"../{TOUR.name}", prose, _headings(prose), {})
    for path in sorted((folder.root / GUIDES).glob("*.md")):
        text = path.read_text()
        if path.name != PAGE.name:
            found[f"{GUIDE_HOME}{path.name}"] = Home(
                path.stem.replace("_", " "), path.name, text, _headings(text), {}
            )
    return found


def problems(rows: list[Row], known: dict[str, Home]) -> Iterator[str]:
    """Say of every row what its home lacks; nothing for a row whose home is as it says."""
    for row in rows:
        if row.home == OPEN:
            if row.at or row.check or row.says:
                yield f"{row.teach!r} is open and yet names a place"
            continue
        home = known.get(row.home)
        if home is None:
            yield f"{row.teach!r}: there is no {row.home!r}"
        elif not (row.at or row.check):
            yield f"{row.teach!r}: names neither a heading nor a graded cell of {row.home}"
        elif row.at and row.at not in home.headings:
            yield f"{row.teach!r}: {row.home} has no heading {row.at!r}"
        elif row.check and row.check not in home.checks:
            yield f"{row.teach!r}: {row.home} has no graded cell {row.check!r}"
        elif row.says not in home.text:
            yield f"{row.teach!r}: {row.home} does not say {row.says!r}"


def syllabus_page(folder: CourseFolder) -> str:
    """Return the syllabus, in Markdown."""
    topics, known = read_topics(folder), homes(folder)
    rows = [row for topic in topics.values() for row in topic]
    taught = [row for row in rows if row.home != OPEN]
    graded = sum(bool(row.check) for row in taught)
    lines = [
        "# What the course teaches, where, and which cell checks it",
        "",
        "This page is written by `make syllabus` from `syllabus.toml`; change it there.",
        "",
        f"It lists {len(rows)} objectives. The course teaches {len(taught)} of them; {graded} are "
        "checked by a graded cell: code at once and again with fresh inputs when it is handed in, "
        "answers in writing by a person. The others are shown and measured in the text. What is "
        "not taught yet stands [at the end](#not-yet-taught).",
        "",
        "## Time",
        "",
        RULE,
        "",
        "| notebook | exercises and questions | reading | together, about |",
        "|---|---|---|---|",
        *(_time_row(folder, lesson) for lesson in _lessons(folder)),
    ]
    for title, topic in topics.items():
        if shown := [row for row in topic if row.home != OPEN]:
            lines += [
                "",
                f"## {title}",
                "",
                "| you can | taught in | checked by |",
                "|---|---|---|",
            ]
            lines += [_line(row, known[row.home]) for row in shown]
    lines += ["", "## Not yet taught", ""]
    missing = [(title, row) for title, topic in topics.items() for row in topic if row.home == OPEN]
    lines += [f"- *{title}:* {row.teach}" for title, row in missing] or ["Nothing is missing."]
    return "\n".join(lines) + "\n"


def write_syllabus(folder: CourseFolder) -> tuple[Path, bool]:
    """Write the syllabus; return its path and whether it changed.

    Raises
    ------
    FolderError
        When a row's home is not there; the message names every such row.
    """
    rows = [row for topic in read_topics(folder).values() for row in topic]
    if wrong := list(problems(rows, homes(folder))):
        raise FolderError("\n".join(wrong))
    path, page = folder.root / PAGE, syllabus_page(folder)
    if path.is_file() and path.read_text() == page:
        return path, False
    path.write_text(page)
    return path, True


def _lessons(folder: CourseFolder) -> list[Lesson]:
    return [lesson for name in folder.lesson_names for lesson in folder.lessons(name)]


def _home_of(lesson: Lesson) -> Home:
    """A notebook as a home; a graded cell stands under the last heading before it."""
    heading, checks = lesson.title, {}
    for cell in lesson.cells:
        if cell.role in {"solution", "answer"}:
            checks[cell.id] = heading
        elif cell.node.cell_type == "markdown":
            heading = (_headings(cell.node.source) or (heading,))[-1]
    prose = _prose(lesson.source)
    text = "\n".join(cell.source for cell in lesson.source.cells)
    name = f"{lesson.assignment}/{lesson.notebook}"
    link = f"../../release/{name}.ipynb"
    return Home(name, link, text, _headings(prose), checks, frozenset(lesson.answers))


def _prose(notebook: NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def _headings(text: str) -> tuple[str, ...]:
    return tuple(HEADING.findall(text))


def _line(row: Row, home: Home) -> str:
    where = row.at or re.sub(r"^(Exercise|Question) · `\w+`: ", "", home.checks[row.check])
    by = f"`{row.check}`" + (" (in writing)" if row.check in home.written else "")
    return f"| {row.teach} | [{home.name}]({home.link}): {where} | {by if row.check else ''} |"


def _time_row(folder: CourseFolder, lesson: Lesson) -> str:
    name, time = f"{lesson.assignment}/{lesson.notebook}", time_for(folder, lesson)
    parts = f"{time.exercises:.0f} min | {time.reading:.0f} min | {time.minutes} min"
    return f"| [{name}](../../release/{name}.ipynb) | {parts} |"
