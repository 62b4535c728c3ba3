"""Rebuild a submission from the source: the student gives the source of cells, nothing else.

Metadata, tags, outputs, attachments, ids and kernel of the submitted notebook have no say. A
solution cell is found by its ``grade_id``, else by its cell id, else by what it defines. Cells
that are not the course's are kept as extra cells where the student put them.
"""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.grader.ground.text import one_line
from course.grader.notebooks.lesson import (
    TRIED,
    WRITTEN,
    Lesson,
    LessonCell,
    bound_names,
    defined_names,
    names_read,
)
from course.grader.notebooks.sanitize import clean_markdown

MAX_SOURCE = 200_000
"""Longest source of one cell, in characters; a longer one is not run."""
MAX_CODE = 1_000_000
"""Longest code of all cells together: reading it is the grader's own time."""
MAX_CELLS = 2_000
STUBS = ("raise NotImplementedError", "YOUR ANSWER HERE")
"""What a starter has in the place of a solution and of a written answer."""
EXTRA = "extra-"
"""Start of the id of a cell that is the student's own."""
UNREADABLE = "the notebook cannot be read"
"""Start of the note on a notebook of which nothing could be read."""


@dataclass
class Cell:
    """One cell of the rebuilt notebook: the course's (with its role) or an extra one.

    ``own`` cells are the student's to write; ``untouched`` ones among them hold nothing of theirs.
    """

    key: str
    role: str
    exercise: str | None
    source: str
    node: NotebookNode
    own: bool = False
    untouched: bool = False


@dataclass
class Submission:
    """A student's notebook, rebuilt.

    Attributes
    ----------
    cells : list of Cell
    notes : list of str
        What was repaired or set aside, in words, for the report.
    readable : bool
        False when nothing of the notebook could be read.
    """

    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    readable: bool = True


def rebuild(lesson: Lesson, release: NotebookNode | None, text: str | bytes | None) -> Submission:
    """Rebuild a submitted notebook from its lesson.

    Parameters
    ----------
    lesson : Lesson
        The source.
    release : nbformat.NotebookNode or None
        The starter that students got; tells an untouched cell from a changed one.
    text : str, bytes or None
        The submitted file's content; ``None`` when there is none.

    Returns
    -------
    Submission
        Always complete: what is missing or unreadable leaves its cells empty and makes a note.
    """
    submission = Submission()
    theirs = _read(text, submission)
    starter = _starter_sources(release)
    placed, extras = _place(lesson, theirs, starter, submission)
    for cell in lesson.cells:
        node = copy_of(cell.node)
        own = cell.role in {*WRITTEN, "answer"}
        if own:
            node.source = placed.get(cell.id, "")
            if cell.id not in placed and submission.readable:
                submission.notes.append(f"the cell {cell.id!r} is missing")
        node.pop("outputs", None)
        if node.cell_type == "code":
            node.outputs, node.execution_count = [], None
        submission.cells.append(Cell(cell.id, cell.role, cell.exercise, node.source, node, own))
        for extra in extras.get(cell.id, []):
            submission.cells.append(extra)
    submission.cells[:0] = extras.get("", [])
    _mark_untouched(lesson, submission, starter)
    _find_definitions(lesson, submission)
    for position, cell in enumerate(submission.cells):
        if cell.role in {"extra", "text"}:  # by its place: rebuilding once more changes nothing
            cell.key = cell.node.id = f"{EXTRA}{position}"
    return submission


def copy_of(node: NotebookNode) -> NotebookNode:
    """Copy a cell or other part of a notebook, much faster than ``copy.deepcopy`` does."""
    return pickle.loads(pickle.dumps(node))


def solution_submission(lesson: Lesson) -> Submission:
    """Rebuild the lesson's own solution, as a student who wrote exactly it would submit."""
    cells = [Cell(c.id, c.role, c.exercise, c.node.source, copy_of(c.node)) for c in lesson.cells]
    return Submission(cells)


def _read(text: str | bytes | None, submission: Submission) -> list[dict[str, Any]]:
    """Read the submitted cells as plain dicts; a problem becomes a note."""
    try:
        return _cells_of(text, submission)
    except Exception as error:  # whatever a submitted file makes a parser raise
        submission.readable = False
        submission.notes.append(f"{UNREADABLE} ({_reason(error)})")
        return []


def _cells_of(text: str | bytes | None, submission: Submission) -> list[dict[str, Any]]:
    if text is None:
        raise ValueError("there is no notebook of this name")
    if isinstance(text, bytes):
        text = _decode(text, submission)
    if why := _no_json(text):
        raise ValueError(why)
    content = json.loads(text.lstrip("\ufeff"))
    if not isinstance(content, dict):
        raise ValueError("it is not a notebook")
    cells = content.get("cells")
    if not isinstance(cells, list) and isinstance(content.get("worksheets"), list):
        submission.notes.append("an old notebook format was converted")
        cells = [cell for sheet in content["worksheets"] for cell in sheet["cells"]]
    if not isinstance(cells, list):
        raise ValueError("it has no list of cells")
    if len(cells) > MAX_CELLS:
        submission.notes.append(f"only the first {MAX_CELLS} of {len(cells)} cells were read")
        cells = cells[:MAX_CELLS]
    plain = []
    code = 0
    for cell in cells:
        if not isinstance(cell, dict):
            submission.notes.append("a cell that is not one was left out")
            continue
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if not isinstance(source, str):
            source = ""
        text = cell.get("cell_type") in ("markdown", "raw", "heading")
        if len(source) > MAX_SOURCE:
            submission.notes.append(
                "a cell that is too long was " + ("cut" if text else "left out")
            )
            source = source[:MAX_SOURCE] if text else ""
        code += 0 if text else len(source)
        if code > MAX_CODE and not text and source:
            submission.notes.append(
                f"the code after the first {MAX_CODE // 1000:,} KB was left out"
            )
            source = ""
        # A lone surrogate cannot be sent to a kernel or written to a file.
        source = source.encode("utf-8", "replace").decode()
        metadata = cell.get("metadata")
        plain.append(
            {
                "type": "markdown" if text else "code",
                "source": source,
                "metadata": metadata if isinstance(metadata, dict) else {},
                "id": str(cell.get("id", "")),
            }
        )
    return plain


def _decode(text: bytes, submission: Submission) -> str:
    encoding = json.detect_encoding(text)
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        submission.notes.append("the file is not UTF-8; it was read as Latin-1")
        return text.decode("latin-1")
    if not encoding.startswith("utf-8"):
        submission.notes.append(f"the file was read as {encoding}")
    return decoded


def _no_json(text: str) -> str:
    """Say what a file is instead of a notebook, where that is plain to see."""
    start = text[:1000].lstrip("\ufeff \t\r\n")
    if not start:
        return "nothing of it was read"
    if start.startswith("<"):
        return "it is a page for a browser: hand in the .ipynb file itself"
    if "\n<<<<<<< " in text:  # no line of JSON begins so
        return "git left two versions in it: merge them (nbdime does), and hand it in again"
    if not start.startswith(("{", "[")) and "\x00" in start:
        return "it is a file of another kind: hand in the .ipynb file itself"
    return ""


def _starter_sources(release: NotebookNode | None) -> dict[str, str]:
    """Sources of the starter's cells, by grade id or cell id."""
    if release is None:
        return {}
    return {
        _own_id(cell.get("metadata", {}), cell.get("id", "")): cell.source for cell in release.cells
    }


def _own_id(metadata: dict[str, Any], cell_id: str) -> str:
    grader = metadata.get("nbgrader")
    if isinstance(grader, dict) and isinstance(grader.get("grade_id"), str):
        return grader["grade_id"]
    return str(cell_id)


def _place(
    lesson: Lesson, theirs: list[dict[str, Any]], starter: dict[str, str], submission: Submission
) -> tuple[dict[str, str], dict[str, list[Cell]]]:
    """Assign each submitted cell to a cell of the lesson, or keep it as an extra one."""
    by_id = {cell.id: cell for cell in lesson.cells}
    by_node_id = {cell.node.id: cell for cell in lesson.cells}
    by_text = {source.strip(): id_ for id_, source in starter.items() if source.strip()}
    targets: list[LessonCell | None] = []
    for cell in theirs:
        target = by_id.get(_own_id(cell["metadata"], cell["id"])) or by_node_id.get(cell["id"])
        if target is None:
            target = by_id.get(by_text.get(cell["source"].strip(), ""))
        targets.append(target)
    _find_by_definition(lesson, theirs, targets, starter)
    _find_answers(lesson, theirs, targets)
    winners = _winners(theirs, targets, starter, submission)
    placed: dict[str, str] = {}
    extras: dict[str, list[Cell]] = {}
    after = ""
    for position, (cell, target) in enumerate(zip(theirs, targets, strict=True)):
        if target is not None and winners.get(target.id) == position:
            after = target.id
            if target.role in {*WRITTEN, "answer"}:
                placed[target.id] = cell["source"]
                continue
            unchanged = cell["source"].strip() in {
                starter.get(target.id, target.node.source).strip(),
                target.node.source.strip(),
            }
            if unchanged or cell["type"] != "code":
                continue
            if target.role in {*TRIED, "hidden"}:
                submission.notes.append(f"the edited test cell {target.id!r} was restored")
            elif target.role == "reading":
                submission.notes.append("an edited cell of the lesson runs after the original")
            # A changed test or demo is not run, unless a function of the student's is in it.
            if target.role != "reading" and not _new_names(cell, target):
                continue
        elif target is not None and target.role in {*TRIED, "hidden"}:
            if cell["type"] != "code" or not _new_names(cell, target):
                submission.notes.append(f"a copy of the test cell {target.id!r} was left out")
                continue
        elif target is not None and cell["source"].strip() == starter.get(target.id, "").strip():
            submission.notes.append(f"an untouched copy of {target.id!r} was left out")
            continue
        if cell["source"].strip():
            extras.setdefault(after, []).append(_extra(cell))
    return placed, extras


def _new_names(cell: dict[str, Any], target: LessonCell) -> set[str]:
    return defined_names(cell["source"]) - defined_names(target.node.source)


def _find_by_definition(
    lesson: Lesson,
    theirs: list[dict[str, Any]],
    targets: list[LessonCell | None],
    starter: dict[str, str],
) -> None:
    """Give solution cells that lost their metadata back to the exercise whose names they define.

    What is defined below the hidden test is left to :func:`_find_definitions`.
    """
    found = {target.id for target in targets if target is not None}
    tests = {t.exercise: p for p, t in enumerate(targets) if t is not None and t.role == "hidden"}
    for cell in lesson.cells:
        if cell.role not in WRITTEN or cell.id in found:
            continue
        wanted = defined_names(cell.node.source)
        for position, candidate in enumerate(theirs[: tests.get(cell.id)]):
            if (
                targets[position] is None
                and candidate["type"] == "code"
                and wanted
                and wanted <= defined_names(candidate["source"])
            ):
                targets[position] = cell
                break


def _find_answers(
    lesson: Lesson, theirs: list[dict[str, Any]], targets: list[LessonCell | None]
) -> None:
    """Give a written answer that lost its metadata back: the longest text where it belongs."""
    found = {target.id: p for p, target in enumerate(targets) if target is not None}
    for index, cell in enumerate(lesson.cells):
        if cell.role != "answer" or cell.id in found:
            continue
        before = [found[c.id] for c in lesson.cells[:index] if c.id in found]
        after = [found[c.id] for c in lesson.cells[index:] if c.id in found]
        start, stop = max(before, default=-1) + 1, min(after, default=len(theirs))
        texts = [
            p
            for p in range(start, stop)
            if targets[p] is None
            and theirs[p]["type"] == "markdown"
            and theirs[p]["source"].strip()
        ]
        if texts:
            best = max(texts, key=lambda p: len(theirs[p]["source"]))
            targets[best], found[cell.id] = cell, best


def _winners(
    theirs: list[dict[str, Any]],
    targets: list[LessonCell | None],
    starter: dict[str, str],
    submission: Submission,
) -> dict[str, int]:
    """Choose one position per lesson cell: the last changed one before its test, else the last.

    What stands before the test is what the student saw the test judge; a copy further down may be
    a later experiment. Where nothing differs from the starter the first is taken.
    """
    tests: dict[str, int] = {}
    for position, target in enumerate(targets):
        if target is not None and target.role in {*TRIED, "hidden"}:
            tests.setdefault(target.exercise, position)
    candidates: dict[str, list[int]] = {}
    for position, target in enumerate(targets):
        if target is not None:
            candidates.setdefault(target.id, []).append(position)
    winners = {}
    for id_, positions in candidates.items():
        changed = [
            p for p in positions if theirs[p]["source"].strip() != starter.get(id_, "").strip()
        ]
        changed = [p for p in changed if theirs[p]["source"].strip()]
        early = [p for p in changed if p < tests.get(id_, len(theirs))]
        winners[id_] = (early or changed or positions[:1])[-1]
        if len(positions) > 1:
            submission.notes.append(f"the cell {id_!r} is there {len(positions)} times")
    return winners


def _extra(cell: dict[str, Any]) -> Cell:
    make = new_code_cell if cell["type"] == "code" else new_markdown_cell
    role = "extra" if cell["type"] == "code" else "text"
    return Cell("", role, None, cell["source"], make(cell["source"]), own=True)


def _mark_untouched(lesson: Lesson, submission: Submission, starter: dict[str, str]) -> None:
    """Mark the student's cells that hold nothing but what the starter gave."""
    by_id = {cell.id: cell for cell in lesson.cells}
    for position, cell in enumerate(submission.cells):
        if cell.role in WRITTEN:
            own = _lines(cell.source) - given_lines(by_id[cell.key], starter.get(cell.key, ""))
            cell.untouched = all(line.startswith("#") for line in own)
        elif cell.role == "answer":
            given = given_lines(by_id[cell.key], starter.get(cell.key, ""))
            given |= _lines(clean_markdown("\n".join(given)))
            beside = submission.cells[max(position - 1, 0)], *submission.cells[position + 1 :][:1]
            cell.untouched = _lines(cell.source) <= given and not any(
                other.role == "text" for other in beside
            )


def given_lines(cell: LessonCell, starter: str = "") -> set[str]:
    """Lines of a student's cell that the course gave: its starter's, its source's, and the stubs.

    Parameters
    ----------
    cell : LessonCell
        A solution or a written answer.
    starter : str
        The cell's source in the starter, where there is one.

    Returns
    -------
    set of str
        Without the blanks around them; no empty line.
    """
    source = re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "", cell.node.source, flags=re.DOTALL)
    return _lines("\n".join([source, starter, *STUBS]))


def _lines(source: str) -> set[str]:
    return {line.strip() for line in source.splitlines()} - {""}


def _find_definitions(lesson: Lesson, submission: Submission) -> None:
    """Find an exercise's answer where it is, when its own cell does not hold it.

    An untouched stub would replace what an earlier cell defines: it is emptied. What is defined
    only below the hidden test is brought to the exercise's place, with what it needs.
    """
    wanted = {
        c.exercise: defined_names(c.node.source) for c in lesson.cells if c.role == "solution"
    }
    for cell in [cell for cell in submission.cells if cell.role == "solution"]:
        names = wanted[cell.exercise]
        if not names or (not cell.untouched and names & bound_names(cell.source)):
            continue
        order = submission.cells
        hidden = next(
            i for i, c in enumerate(order) if (c.role, c.exercise) == ("hidden", cell.key)
        )
        defining = [
            position
            for position, other in enumerate(order)
            if (other.role == "extra" or (other.role == "solution" and not other.untouched))
            and names <= bound_names(other.source)
        ]
        if any(position < hidden for position in defining):
            if cell.untouched and cell.source.strip():
                cell.source = cell.node.source = ""
                submission.notes.append(f"{cell.key!r} is defined in another cell")
        elif late := [position for position in defining if order[position].role == "extra"]:
            _bring(submission, cell, hidden, late[-1])


def _bring(submission: Submission, cell: Cell, hidden: int, position: int) -> None:
    """Move an extra cell from below a hidden test to its exercise, and what it needs before it."""
    order = submission.cells
    found = order[position]
    moved, needed = [found], names_read(found.source)
    for other in reversed(order[hidden + 1 : position]):  # a helper may need another above it
        if other.role == "extra" and bound_names(other.source) & needed:
            moved.insert(0, other)
            needed |= names_read(other.source)
    submission.cells = [c for c in order if not any(c is m for m in moved)]
    if cell.untouched:
        cell.source = cell.node.source = found.source
        cell.untouched = False
        moved.remove(found)
        place = submission.cells.index(cell)
    else:
        place = submission.cells.index(cell) + 1
    submission.cells[place:place] = moved
    submission.notes.append(f"{cell.key!r} is defined in a cell below its test; it was moved up")


def _reason(error: Exception) -> str:
    return one_line(error, 120) or type(error).__name__
