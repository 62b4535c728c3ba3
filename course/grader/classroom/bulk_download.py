"""Take in what Canvas or Moodle gives an instructor: all submissions of a lesson in one archive."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.roster import Member, by_name, members_of, plain, read_table
from course.grader.ground.files import write_atomically
from course.grader.ground.text import one_line
from course.grader.notebooks.archive import BadArchive, unpack
from course.grader.notebooks.submitted import SET_ASIDE, STAMP, link_on_the_way, timestamp_of

LAYOUTS = {
    "Moodle, in folders": r"(?P<name>[^/]+)_(?P<number>\d+)_assignsubmission_file_?/(?P<file>.+)",
    "Moodle": r"(?P<name>[^/]+?)_(?P<number>\d+)_assignsubmission_file_(?P<file>[^/]+)",
    "Canvas": r"(?P<name>[^/_]+)(_LATE)?_(?P<user>\d+)_\d+_(?P<file>[^/]+)",
    "folders by id": r"(?P<id>[^/]+)/(?P<file>.+)",
}
"""How a learning management system names the files of a class; the first that fits all is taken."""

MAX_MEMBERS, MAX_BYTES = 20_000, 8 * 2**30
"""Files, and bytes of them together, in the download of a class."""


@dataclass(frozen=True)
class Handed:
    """One file of a student's: its name, its bytes, and when it was handed in."""

    name: str
    data: bytes
    time: datetime


@dataclass
class Collected:
    """What a run did.

    Attributes
    ----------
    layout : str
        What the names looked like.
    taken, unchanged, older : list of str
        ``student/file`` by what became of them; older ones than those that are there stay out.
    problems : list of str
        What was not collected, and how to mend it.
    """

    layout: str
    taken: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def collect_download(
    folder: CourseFolder, assignment: str, source: Path, worksheet: Path | None = None
) -> Collected:
    """Put a bulk download into ``submitted/``, under the ids of the roster.

    Parameters
    ----------
    folder : CourseFolder
    assignment : str
    source : pathlib.Path
        The archive as it was downloaded, or the folder that was unpacked from it.
    worksheet : pathlib.Path, optional
        Moodle's grading worksheet (CSV), which ties its numbers to e-mail addresses: needed where
        two students have one name.

    Returns
    -------
    Collected

    Raises
    ------
    LessonError, FolderError
        When there is no such lesson, the archive cannot be opened, or nothing in it is this
        class's.
    """
    folder.lessons(assignment)
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        members = members_of(gradebook)
    if not members:
        raise FolderError("the roster is empty: run `make roster FILE=students.csv` first")
    emails = _read_worksheet(worksheet) if worksheet else {}
    notes: list[str] = []
    files = list(_files_of(source, notes))
    layout = _layout_of(source, files)
    run = Collected(layout, problems=notes)
    find = _finder(members, emails)
    groups: dict[str, list[Handed]] = {}
    for one in files:
        match = re.fullmatch(LAYOUTS[layout], one.name)
        member, why = find(match.groupdict())
        if member is None:
            run.problems.append(f"not collected: {one_line(one.name, 120)!r} ({why})")
        else:
            name = _own_name(match["file"], {n.notebook for n in folder.lessons(assignment)})
            groups.setdefault(member.id, []).append(Handed(name, one.data, one.time))
    if not groups:
        raise FolderError(
            f"{source}: no file belongs to anybody in the roster ({len(members)} students); "
            "is it the download of another course?"
        )
    for student, handed in sorted(groups.items()):
        here = folder.submitted / student / assignment
        if refused := link_on_the_way(here):
            run.problems.append(f"not collected: {student} ({refused})")
        else:
            _store(here, student, handed, run)
    return run


def _files_of(source: Path, notes: list[str]) -> Iterator[Handed]:
    """Every file of an archive or a folder, by its path in there."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                time = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
                yield Handed(path.relative_to(source).as_posix(), path.read_bytes(), time)
        return
    if not source.is_file():
        raise FolderError(f"there is no file {source}")
    with tempfile.TemporaryDirectory(prefix="rnn-course-download-") as aside:
        try:
            members = unpack(source, Path(aside), notes, MAX_MEMBERS, MAX_BYTES)
            for name, path, modified in members:
                time = datetime.fromtimestamp(modified, UTC).replace(tzinfo=None)
                yield Handed(name, path.read_bytes(), time)
                path.unlink()
        except BadArchive as error:
            raise FolderError(f"{source} cannot be opened as a zip: {error}") from error


def _layout_of(source: Path, files: list[Handed]) -> str:
    """Say how the files are named: as one of :data:`LAYOUTS`, all of them."""
    if not files:
        raise FolderError(f"{source} holds no files that can be taken")
    odd = {name: [f for f in files if not _fits(pattern, f)] for name, pattern in LAYOUTS.items()}
    nearest = min(odd, key=lambda name: len(odd[name]))
    if odd[nearest]:
        raise FolderError(
            f"{source} is laid out in no way that is known here ({', '.join(LAYOUTS)}): "
            f"{one_line(odd[nearest][0].name, 80)!r} is named otherwise; give the download as it is"
        )
    return nearest


def _fits(pattern: str, handed: Handed) -> bool:
    return re.fullmatch(pattern, handed.name) is not None


def _finder(members: list[Member], emails: dict[str, str]):
    """A function that finds whose a file is: ``(the member, nothing)`` or ``(None, why not)``."""
    ids = {member.id: member for member in members}
    numbers = {member.lms_user_id: member for member in members if member.lms_user_id}
    addresses = {member.email.casefold(): member for member in members if member.email}
    names = by_name(members)

    def find(found: dict[str, str | None]) -> tuple[Member | None, str]:
        if "id" in found:
            return ids.get(found["id"]), "no such id in the roster"
        if (user := found.get("user")) in numbers:
            return numbers[user], ""
        if (address := emails.get(found.get("number") or "", "").casefold()) in addresses:
            return addresses[address], ""
        same = names.get(plain(found["name"]), [])
        if len(same) == 1:
            return same[0], ""
        if same:
            return (
                None,
                f"{len(same)} students have this name; give their lms_user_id, or a worksheet",
            )
        number = f"; give the student's lms_user_id {user}" if user else ""
        return None, f"nobody in the roster has this name{number}"

    return find


def _read_worksheet(path: Path) -> dict[str, str]:
    """E-mail addresses by Moodle's numbers of participants."""
    names, rows = read_table(path)
    if not {"Identifier", "Email address"} <= set(names):
        raise FolderError(f"{path} has no columns Identifier and Email address: is it a worksheet?")
    found = ((re.search(r"\d+", row["Identifier"] or ""), row["Email address"]) for row in rows)
    return {match[0]: address for match, address in found if match and address}


def _own_name(name: str, notebooks: set[str]) -> str:
    """A file's name as its student knows it: Canvas numbers what is handed in again."""
    stem = re.fullmatch(r"(.+)-\d+\.ipynb", name)
    return f"{stem[1]}.ipynb" if stem and stem[1] in notebooks else name


def _store(here: Path, student: str, handed: list[Handed], run: Collected) -> None:
    """Write a student's files and their time; what is there already is set aside, not replaced."""
    latest = max(one.time for one in handed)
    known = timestamp_of(here)
    if any(one.name == STAMP for one in handed):
        run.problems.append(
            f"not collected: '{student}/{STAMP}' (the download says when it was handed in)"
        )
        handed = [one for one in handed if one.name != STAMP]
    new = [one for one in handed if not _same(here / one.name, one.data)]
    run.unchanged += [f"{student}/{one.name}" for one in handed if one not in new]
    if known is not None and latest < known and any((here / one.name).exists() for one in new):
        run.older += [f"{student}/{one.name}" for one in new]
        return
    for one in new:
        path = here / one.name
        if path.exists():
            stamp = (known or datetime.fromtimestamp(path.stat().st_mtime, UTC)).strftime(
                "%Y%m%dT%H%M%S"
            )
            path.rename(_free(path.with_name(f"{path.name}.{stamp}{SET_ASIDE}")))
        write_atomically(path, one.data)
        run.taken.append(f"{student}/{one.name}")
    if known is None or latest > known:
        write_atomically(here / STAMP, f"{latest:%Y-%m-%d %H:%M:%S} UTC\n".encode())


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _free(path: Path) -> Path:
    """A name like this one that nothing has yet."""
    number, free = 1, path
    while free.exists():
        free, number = path.with_name(f"{path.name}.{number}{SET_ASIDE}"), number + 1
    return free
