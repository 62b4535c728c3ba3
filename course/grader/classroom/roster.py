"""The class: who is in it, and when a lesson is due."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

from dateutil.tz import gettz
from nbgrader.api import Gradebook

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import open_gradebook

COLUMNS = {
    "id": ("id", "student id", "username", "sis login id", "id number", "student"),
    "first_name": ("first_name", "first name", "given name"),
    "last_name": ("last_name", "last name", "surname", "family name"),
    "email": ("email", "email address", "e-mail"),
    "lms_user_id": ("lms_user_id", "lms id", "canvas id"),
}
"""Columns of a roster, and what other programs call them."""

PLAIN_ID = re.compile(r"[^\s/\\+.][^/\\+\x00-\x1f]{0,99}")


@dataclass(frozen=True)
class Member:
    """One student of the class; all but the id may be empty.

    Attributes
    ----------
    id : str
        Name of the student's folder in ``submitted/``.
    first_name, last_name, email : str
    lms_user_id : str
        Number of the student in the learning management system.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


def read_roster(path: Path) -> list[Member]:
    """Read a class from a CSV file: a table of one's own, or what Canvas or Moodle exports.

    Raises
    ------
    FolderError
        When the file cannot be read, has no ids, or an id stands in it twice.
    """
    names, rows = read_table(path)
    columns = _columns(names)
    if "id" not in columns:
        known = ", ".join(COLUMNS["id"])
        raise FolderError(f"{path} has no column of ids; name one of its columns {known}")
    members, lines = [], {}
    for number, row in enumerate(rows, start=2):
        values = {field: (row[name] or "").strip() for field, name in columns.items()}
        if not values["id"]:
            continue  # Canvas writes a row of maximal points
        if not PLAIN_ID.fullmatch(values["id"]):
            raise FolderError(
                f"{path}, line {number}: {values['id']!r} cannot be a folder's name; "
                "an id has no slash and no plus, begins with no dot, and is one line of at most "
                "100 characters (is a quotation mark left open?)"
            )
        if (first := lines.setdefault(values["id"], number)) != number:
            raise FolderError(
                f"{path}: the id {values['id']!r} stands in line {first} and in line {number}; "
                "give each student an id of their own"
            )
        members.append(Member(**values))
    if not members:
        raise FolderError(f"{path} names no student; it needs a line for each, under a header")
    return members


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a CSV file, whatever parts its columns: their names, and the rows below.

    Raises
    ------
    FolderError
        When it is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), dialect=_dialect(text))
        return list(reader.fieldnames or ()), list(reader)
    except UnicodeDecodeError as error:
        raise FolderError(
            f"{path} cannot be read as UTF-8 text; save it again as CSV in UTF-8"
        ) from error
    except csv.Error as error:
        raise FolderError(f"{path} cannot be read as CSV ({error})") from error
    except OSError as error:
        raise FolderError(f"{path} cannot be read ({error.strerror})") from error


def _dialect(text: str) -> type[csv.Dialect]:
    head = text.partition("\n")[0]
    return (
        csv.excel_tab
        if "\t" in head
        else type(
            "Detected",
            (csv.excel,),
            {"delimiter": ";" if head.count(";") > head.count(",") else ","},
        )
    )


def _columns(row: Iterable[str]) -> dict[str, str]:
    """Fields of a member, and the names of the columns that hold them."""
    names = {name.strip().lower(): name for name in row if name}
    if "sis login id" in names and "id" in names:  # Canvas: its own number is the column "ID"
        names["canvas id"] = names.pop("id")
        names.pop("student", None)  # the name
    found = {}
    for column, known in COLUMNS.items():
        for name in known:
            if name in names:
                found[column] = names[name]
                break
    return found


def import_roster(folder: CourseFolder, path: Path) -> tuple[int, int]:
    """Put a class into the gradebook; students who are there already are brought up to date.

    Nobody is removed: a student who left keeps what was graded.

    Returns
    -------
    added, changed : int
    """
    members = read_roster(path)
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        known = {member.id: member for member in members_of(gradebook)}
        added = [member for member in members if member.id not in known]
        changed = [m for m in members if m.id in known and _merged(known[m.id], m) != known[m.id]]
        for member in added + changed:
            about = vars(_merged(known.get(member.id), member)).copy()
            gradebook.update_or_create_student(about.pop("id"), **about)
    return len(added), len(changed)


def _merged(old: Member | None, new: Member) -> Member:
    """What is known of a member; an empty value of the new one takes nothing away."""
    if old is None:
        return new
    return Member(**{key: value or getattr(old, key) for key, value in vars(new).items()})


def members_of(gradebook: Gradebook) -> list[Member]:
    """Everybody in the gradebook, by id."""
    fields = tuple(COLUMNS)
    return sorted(
        (Member(*(getattr(s, name) or "" for name in fields)) for s in gradebook.students),
        key=lambda member: member.id,
    )


def set_due_date(folder: CourseFolder, assignment: str, text: str) -> datetime:
    """Set when a lesson is due; late penalties follow with the next grading run.

    Parameters
    ----------
    folder : CourseFolder
    assignment : str
    text : str
        For example ``2026-12-01 18:00 Europe/Berlin``; without a time zone it is UTC.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    LessonError, FolderError
        When there is no such lesson, or the date cannot be read.
    """
    folder.lessons(assignment)
    due = _in_utc(text.strip())
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        gradebook.update_or_create_assignment(assignment, duedate=due)
    return due


def _in_utc(text: str) -> datetime:
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}(?::\d{2})?)(?: (\S+))?", text)
    try:
        time = datetime.fromisoformat(match[1])
    except (TypeError, ValueError) as error:
        raise FolderError(
            f"{text!r} is no date; write it like '2026-12-01 18:00 Europe/Berlin'"
        ) from error
    name = match[2] or "UTC"
    zone = _zone(name)
    if zone is None:
        raise FolderError(f"{name!r} is no time zone; write one like Europe/Berlin or UTC")
    try:
        return time.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise FolderError(f"{text!r} is beyond what a calendar has; write a nearer date") from error


def _zone(name: str) -> tzinfo | None:
    """The time zone of a name or an offset like +01:00; ``None`` when there is none."""
    if offset := re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return (
            timezone(-ahead if offset[1] == "-" else ahead) if ahead < timedelta(days=1) else None
        )
    # A path would be read as a file of the system's.
    return gettz(name) if re.fullmatch(r"[A-Za-z][\w+-]*(/[\w+-]+)*", name) else None


def by_name(members: Iterable[Member]) -> dict[str, list[Member]]:
    """Members by their name in plain letters, both ways round."""
    found: dict[str, list[Member]] = {}
    for member in members:
        first, last = plain(member.first_name), plain(member.last_name)
        for name in {first + last, last + first} - {""}:
            found.setdefault(name, []).append(member)
    return found


def plain(text: str) -> str:
    """Letters and digits alone, in lower case and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if c.isalnum())
