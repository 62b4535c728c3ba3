"""Find and read what a student handed in, whatever it is called and wherever it lies.

Nothing outside the student's own folder is read: no link is followed, on the way or at the end.
What was seen and not used is named in a note.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from course.grader.ground.text import one_line
from course.grader.notebooks.archive import BadArchive, looks_zipped, unpack
from course.grader.notebooks.lent import LENT, holds_loans, lent_statements
from course.grader.notebooks.lesson import Lesson, defined_names
from course.grader.notebooks.rebuild import rebuild
from course.grader.notebooks.slim import read_notebook

MAX_TIMESTAMP = 200
MAX_FILES = 100
MAX_BESIDE = 16 * 2**20
"""Bytes of all files together that a kernel finds beside its notebook."""
MAX_DEPTH = 3
"""Folders below the lesson's that are looked into."""
MAX_SEEN = 1_000
"""Files that are looked at."""
MAX_NOTES = 12
SET_ASIDE = ".set-aside"
STAMP = "timestamp.txt"
DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", re.ASCII)
CHECKPOINTS = ".ipynb_checkpoints"
PLACEHOLDER = f"elsewhere{SET_ASIDE}.ipynb"
"""An empty file of the grader's: by it nbgrader sees a folder whose notebook has another name."""
SAME_TIME = 60.0
"""Seconds between two files that were copied at once; of such, the names tell which is newer."""

NOTEBOOK_NAME = re.compile(r"\.ipynb(?![a-z])", re.IGNORECASE)
MAYBE_NOTEBOOK = {"", ".txt", ".json"}
"""Endings of files that are looked into: a browser or a mail program may have renamed them."""
OTHER_ARCHIVES = {".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zip"}
GRADE_ID = re.compile(rb'"grade_id"\s*:\s*"([^"\\]{1,200})"')
DEFINITION = re.compile(rb"\b(?:def|class)\s+(\w{1,100})")

Elsewhere = Callable[[frozenset[str]], tuple[str, int]]
"""Says which other notebook of the course has most of the given cells, and how many."""


@dataclass(frozen=True)
class Found:
    """What was found for one notebook.

    Attributes
    ----------
    text : bytes or None
        The notebook's content; ``None`` when there is none.
    notes : tuple of str
        What was taken for what, and what was not used, in words.
    files : tuple of (str, bytes)
        What was handed in with it, for its kernel's folder: relative paths and contents.
    """

    text: bytes | None = None
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class _File:
    """An ordinary file that was handed in: its name in the lesson's folder, and where it is."""

    name: str
    path: Path
    modified: float


@dataclass
class _Candidate:
    """A file that holds, or claims to hold, a notebook."""

    file: _File
    text: bytes
    note: str
    filled: int = field(default=-1)

    @property
    def name(self) -> str:
        return one_line(self.file.name, 80)

    @property
    def stem(self) -> str:
        return NOTEBOOK_NAME.split(PurePosixPath(self.file.name).name, maxsplit=1)[0]

    @property
    def number(self) -> int:
        """The number that a browser or Jupyter gave a copy; 0 without one."""
        name = PurePosixPath(self.file.name).name
        found = re.findall(r"\((\d{1,4})\)|-copy(\d{1,4})", name, re.IGNORECASE)
        return int("".join(found[-1])) if found else 0


def collect(
    here: Path,
    lessons: Sequence[Lesson],
    starters: Mapping[str, NotebookNode | None],
    elsewhere: Elsewhere = lambda ids: ("", 0),
) -> dict[str, Found]:
    """Find a lesson's notebooks in a student's folder, by their cells, their names and their fill.

    Parameters
    ----------
    here : pathlib.Path
        ``submitted/<student>/<lesson>``; a zip in its place is looked into as well.
    lessons : sequence of Lesson
        The lesson's notebooks.
    starters : mapping of str to nbformat.NotebookNode or None
        What students got, by notebook.
    elsewhere : callable, optional
        Knows the notebooks of the course's other lessons.

    Returns
    -------
    dict of str to Found
        By notebook, for every one of the lesson's.

    Raises
    ------
    OSError
        When something is there that cannot be read: nobody's work is taken for missing then.
    """
    refused = link_on_the_way(here)
    if refused:
        return {lesson.notebook: Found(notes=(refused,)) for lesson in lessons}
    notes: list[str] = []
    with ExitStack() as stack:
        candidates, files = _sorted_out(_all_files(here, stack, notes), notes)
        groups: dict[str, list[_Candidate]] = {lesson.notebook: [] for lesson in lessons}
        for candidate in candidates:
            notebook, reason = _meant(candidate, lessons, elsewhere)
            if notebook:
                groups[notebook].append(candidate)
            else:
                notes.append(f"not used: {candidate.name!r} ({reason})")
        found: dict[str, Found] = {}
        for lesson in lessons:
            chosen, about = _choose(groups[lesson.notebook], lesson, starters.get(lesson.notebook))
            beside, left_out = _beside(files, chosen.file.name) if chosen else ((), [])
            left_out += [
                f"the file {one_line(name, 80)!r} {LENT}"
                for name, data in beside
                if name.endswith(".py") and lent_statements(lesson, data.decode(errors="replace"))
            ]
            text = chosen.text if chosen else None
            found[lesson.notebook] = Found(text, tuple(about + left_out), beside)
        missing = [name for name, what in found.items() if what.text is None]
        notes += _printed(files, missing, nothing=not any(groups.values()))
        notes += _hidden(here, missing)
    return _with_common_notes(found, notes)


def _printed(files: Iterable[_File], missing: Sequence[str], nothing: bool) -> list[str]:
    """Name what may have been meant for a notebook that is missing: a page, its code, its name."""
    wanted = [_plain(name) for name in missing]
    return [
        f"not used: {one_line(file.name, 80)!r} (no notebook)"
        for file in files
        if nothing or any(name in _plain(PurePosixPath(file.name).stem) for name in wanted)
    ]


def _hidden(here: Path, missing: Sequence[str]) -> list[str]:
    """Name the notebooks in hidden places of the lesson's folder that are missing elsewhere."""
    paths = sorted(here.glob(".[!_]*.ipynb"))
    if not (here / CHECKPOINTS).is_symlink():
        paths += sorted((here / CHECKPOINTS).glob("*.ipynb"))
    return [
        f"not used: {one_line(path.relative_to(here), 80)!r} (hidden, for instance a checkpoint)"
        for path in paths[:MAX_NOTES]
        if any(_plain(name) in _plain(path.stem) for name in missing)
    ]


def link_on_the_way(here: Path) -> str:
    """Say that a student's folder, or the lesson's in it, is a link; nothing when neither is.

    A link that :func:`set_aside` has moved out of the way counts as well.
    """
    for path, what in ((here.parent, "student's"), (here, "lesson's")):
        if path.is_symlink() or _aside(path).is_symlink():
            return f"the {what} folder is a link to another place, which is not followed"
    return ""


def packed_lesson(here: Path) -> list[Path]:
    """Files that lie where the lesson's folder should: ``<student>/01_rnn.zip``, or ``01_rnn``.

    A browser's or student's addition to the name is allowed (``01_rnn (1).zip``).
    """
    name = re.compile(re.escape(here.name) + r"(?![A-Za-z0-9]).*\.zip", re.IGNORECASE | re.DOTALL)
    try:
        entries = sorted(os.scandir(here.parent), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        Path(entry.path)
        for entry in entries
        if not entry.is_dir(follow_symlinks=False)
        and (name.fullmatch(entry.name) or (entry.name == here.name and not entry.is_symlink()))
    ]


def timestamp_of(here: Path) -> datetime | None:
    """Read when a submission was collected (``timestamp.txt``), or ``None``: it may be anything."""
    from nbgrader.utils import parse_utc

    path = here / STAMP
    try:
        if link_on_the_way(here) or not stat.S_ISREG(path.lstat().st_mode):
            return None
        if path.stat().st_size > MAX_TIMESTAMP:
            return None
        text = path.read_text().strip()
        # A parser of dates would make today of "18:00", and January of "01.12.2026".
        return parse_utc(text) if DATE_AND_TIME.match(text) else None
    except Exception:  # whatever a date parser makes of a student's file
        return None


def set_aside(here: Path) -> list[str]:
    """Rename what nbgrader must not copy or cannot read; nothing is deleted.

    Links (nbgrader would copy what they point to), devices, pipes and sockets, and a
    ``timestamp.txt`` that is none get the ending ``.set-aside``, which the configuration ignores.
    A student's or lesson's folder that is a link leaves an empty folder in its place.

    Returns
    -------
    list of str
        Names of what was renamed.
    """
    renamed = []
    for folder in (here.parent, here):
        if folder.is_symlink():
            if not os.path.lexists(_aside(folder)):
                folder.rename(_aside(folder))
            renamed.append(folder.name)
            here.mkdir(parents=True, exist_ok=True)
    for path in sorted(here.rglob("*")):
        odd = path.is_symlink() or not (path.is_file() or path.is_dir())
        stamp = path == here / STAMP and not odd and timestamp_of(here) is None
        target = path.with_name(f"{path.name}{SET_ASIDE}")
        if (odd or stamp) and path.suffix != SET_ASIDE and not os.path.lexists(target):
            path.rename(target)
            renamed.append(path.name)
    return renamed


def _aside(folder: Path) -> Path:
    """Where a linked folder goes: out of sight, for nbgrader takes other names for students."""
    return folder.with_name(f".{folder.name}{SET_ASIDE}")


def _all_files(here: Path, stack: ExitStack, notes: list[str]) -> Iterator[_File]:
    """Ordinary files that were handed in, in order, with those inside of a zip."""
    for seen, file in enumerate(chain(_files_in(here, "", notes), _packed(here, notes))):
        if seen >= MAX_SEEN:
            notes.append(f"only the first {MAX_SEEN} files were looked at")
            return
        zipped = file.path.suffix.lower() == ".zip" or NOTEBOOK_NAME.search(file.name)
        if not (zipped or file.path == here) or not looks_zipped(file.path):
            yield file
            continue
        into = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handed-in-")))
        try:
            for name, path, modified in unpack(file.path, into, notes):
                yield _File(f"{file.name}/{name}", path, modified)
        except BadArchive as error:
            notes.append(f"not used: {one_line(file.name, 80)!r} (not opened: {error})")


def _files_in(folder: Path, prefix: str, notes: list[str]) -> Iterator[_File]:
    """Ordinary files below a folder; what else is there makes a note."""
    try:  # files first: a folder of many would use up all that is looked at
        entries = sorted(
            os.scandir(folder), key=lambda e: (e.is_dir(follow_symlinks=False), e.name)
        )
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = _readable(prefix + entry.name.removesuffix(SET_ASIDE))
        if entry.name.startswith((".", "__MACOSX")) or entry.name == PLACEHOLDER:
            continue
        shown = one_line(name, 80)
        if entry.is_symlink():
            notes.append(f"not used: {shown!r} (a link, which is not followed)")
        elif entry.is_dir(follow_symlinks=False):
            if prefix.count("/") < MAX_DEPTH:
                yield from _files_in(Path(entry.path), f"{name}/", notes)
            else:
                notes.append(f"not used: {shown!r} (a folder too deep)")
        elif not entry.is_file(follow_symlinks=False):
            notes.append(f"not used: {shown!r} (not a file)")
        elif name == STAMP:
            if timestamp_of(folder) is None:
                notes.append(f"{STAMP} holds no time that can be read")
        else:
            yield _File(name, Path(entry.path), entry.stat(follow_symlinks=False).st_mtime)


def _packed(here: Path, notes: list[str]) -> Iterator[_File]:
    """What lies in the place of the lesson's folder, if it is an ordinary file."""
    for path in packed_lesson(here):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            yield _File(_readable(path.name), path, status.st_mtime)
        else:
            kind = "a link, which is not followed" if path.is_symlink() else "not a file"
            notes.append(f"not used: {one_line(path.name, 80)!r} ({kind})")


def _readable(name: str) -> str:
    """A file's name as text: an old archive may have written it in another system's letters."""
    return os.fsencode(name).decode("utf-8", "replace")


def _sorted_out(
    all_files: Iterable[_File], notes: list[str]
) -> tuple[list[_Candidate], list[_File]]:
    """Part what holds a notebook from what lies beside it."""
    candidates, files = [], []
    for file in all_files:
        name = PurePosixPath(file.name)
        if NOTEBOOK_NAME.search(name.name) or _holds_notebook(file.path, name.suffix.lower()):
            text, note = read_notebook(file.path)
            candidates.append(_Candidate(file, text, note))
        elif name.suffix.lower() in OTHER_ARCHIVES:
            notes.append(f"not used: {one_line(file.name, 80)!r} (an archive that is not opened)")
        else:
            files.append(file)
    return candidates, files


def _holds_notebook(path: Path, suffix: str) -> bool:
    """Tell whether a file with another ending holds a notebook nevertheless."""
    if suffix not in MAYBE_NOTEBOOK:
        return False
    with path.open("rb") as file:
        if not file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
    text, _ = read_notebook(path)
    return b'"cells"' in text and b'"cell_type"' in text


def _meant(
    candidate: _Candidate, lessons: Sequence[Lesson], elsewhere: Elsewhere
) -> tuple[str, str]:
    """Say which notebook of the lesson a file is meant for; else nothing, and the reason.

    Its cells tell: by their grade ids, then by what they define. The name decides when they do
    not.
    """
    named = [le.notebook for le in lessons if _plain(le.notebook) in _plain(candidate.stem)]
    by_name = max(named, key=len, default="")
    ids = frozenset(id_.decode("utf-8", "replace") for id_ in GRADE_ID.findall(candidate.text))
    shared = {lesson.notebook: len(ids & _ids_of(lesson)) for lesson in lessons}
    most = max(shared.values(), default=0)
    if 2 * most < len(ids):
        where, count = elsewhere(ids)
        if count > most:
            return "", f"it holds the cells of {where}"
    if not most:
        defined = {name.decode("utf-8", "replace") for name in DEFINITION.findall(candidate.text)}
        shared = {lesson.notebook: len(defined & _names_of(lesson)) for lesson in lessons}
        most = max(shared.values(), default=0)
    if by_name and shared[by_name] == most:
        return by_name, ""
    best = [notebook for notebook, count in shared.items() if count == most > 0]
    if len(best) == 1:
        return best[0], ""
    if by_name:
        return by_name, ""
    return "", "neither its name nor its cells are those of a notebook of this lesson"


def _ids_of(lesson: Lesson) -> set[str]:
    return {cell.id for cell in lesson.cells if cell.node.metadata.get("nbgrader")}


def _names_of(lesson: Lesson) -> set[str]:
    solutions = (cell for cell in lesson.cells if cell.role == "solution")
    return {name for cell in solutions for name in defined_names(cell.node.source)}


def _choose(
    group: list[_Candidate], lesson: Lesson, starter: NotebookNode | None
) -> tuple[_Candidate | None, list[str]]:
    """Take the most filled of the files meant for one notebook; of equal ones, the newest."""
    if not group:
        return None, []
    expected = f"{lesson.notebook}.ipynb"
    if len(group) > 1:
        for candidate in group:
            submission = rebuild(lesson, starter, candidate.text)
            if submission.readable:
                candidate.filled = sum(cell.own and not cell.untouched for cell in submission.cells)
    most = max(candidate.filled for candidate in group)
    best = [candidate for candidate in group if candidate.filled == most]
    newest = max(candidate.file.modified for candidate in best)
    recent = [c for c in best if newest - c.file.modified <= SAME_TIME]
    chosen = max(recent, key=lambda c: (c.number, c.file.modified, c.name == expected))
    notes = []
    if chosen.name != expected:
        notes.append(f"the file {chosen.name!r} was taken for {expected}")
    if chosen.note:
        notes.append(chosen.note)
    for other in group:
        if other is not chosen:
            notes.append(f"not used: {other.name!r} ({_why_not(other, chosen)})")
    return chosen, notes


def _why_not(other: _Candidate, chosen: _Candidate) -> str:
    if other.text == chosen.text:
        return "the same as the one that was taken"
    if other.filled < 0:
        return other.note or "it cannot be read"
    if other.filled == 0 < chosen.filled:
        return "nothing is filled in"
    if other.filled < chosen.filled:
        return f"{other.filled} cells are filled in; {chosen.filled} in the one that was taken"
    return "older than the one that was taken"


def _beside(
    files: Sequence[_File], notebook: str
) -> tuple[tuple[tuple[str, bytes], ...], list[str]]:
    """Read what was handed in beside a notebook; what is too large or too much is left out.

    Paths are relative to the notebook's own folder, for those in it, else to the lesson's.
    """
    folder = notebook.rpartition("/")[0]
    taken: dict[str, bytes] = {}
    notes, total = [], 0
    for file in sorted(files, key=lambda file: not file.name.startswith(f"{folder}/")):
        inside = folder and file.name.startswith(f"{folder}/")
        name = file.name[len(folder) + 1 :] if inside else file.name
        size = file.path.stat().st_size
        if size > MAX_BESIDE or total + size > MAX_BESIDE or len(taken) >= MAX_FILES:
            notes.append(
                f"the file {one_line(file.name, 80)!r} is too much for the kernel's folder"
            )
        elif name not in taken:
            data = file.path.read_bytes()
            if holds_loans(data):
                continue  # what rescue lends is in no kernel; nbgrader hands it in by itself
            taken[name] = data
            total += size
    return tuple(sorted(taken.items())), notes[:5]


def _with_common_notes(found: dict[str, Found], notes: list[str]) -> dict[str, Found]:
    """Say what concerns all notebooks once: at the first that was not found, else at the first."""
    if len(notes) > MAX_NOTES:
        notes = [*notes[:MAX_NOTES], f"and {len(notes) - MAX_NOTES} more"]
    where = next((name for name, what in found.items() if what.text is None), next(iter(found)))
    told = found[where]
    return {**found, where: Found(told.text, (*told.notes, *notes), told.files)}


def _plain(name: str) -> str:
    return "".join(ch for ch in name.casefold() if ch.isalnum())
