"""Open a zip that a student handed in: within bounds, and nothing lands where it should not."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from time import mktime

from course.grader.ground.text import one_line

MAX_MEMBERS = 1_000
MAX_BYTES = 256 * 2**20
"""Bytes of all members together, unpacked."""
MAX_RATIO = 200
"""Unpacked bytes for each packed one, in an archive that unpacks to more than ``HARMLESS``."""
HARMLESS = 32 * 2**20
CHUNK = 2**20


class BadArchive(ValueError):
    """An archive is not opened; the message says why."""


def looks_zipped(path: Path) -> bool:
    """Tell whether a file begins as a zip does."""
    with path.open("rb") as file:
        return file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def unpack(
    path: Path,
    into: Path,
    notes: list[str],
    max_members: int = MAX_MEMBERS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[tuple[str, Path, float]]:
    """Unpack the ordinary files of a zip, each under a name of ours.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    into : pathlib.Path
        An empty folder.
    notes : list of str
        Takes what was left out, in words.
    max_members, max_bytes : int
        Bounds on the number of members and on their bytes together.

    Yields
    ------
    name : str
        The member's path in the archive: relative, without ``..``.
    file : pathlib.Path
        Where its bytes are.
    modified : float
        Seconds since 1970, as the archive says.

    Raises
    ------
    BadArchive
        When it cannot be opened, or would go over a bound.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check(members, max_members, max_bytes)
            left = max_bytes
            for position, member in enumerate(members):
                name = _plain_name(member, notes)
                if not name:
                    continue
                target = into / str(position)
                left -= _copy(archive, member, target, left)
                yield name, target, _modified(member)
    except BadArchive:
        raise
    except Exception as error:  # zipfile raises many kinds on hostile bytes
        raise BadArchive(one_line(error, 80) or "it is damaged") from error


def _check(members: list[zipfile.ZipInfo], max_members: int, max_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > max_members:
        raise BadArchive(f"it has more than {max_members} members")
    if total > max_bytes:
        raise BadArchive(f"it unpacks to more than {max_bytes // 2**20} MB")
    if total > HARMLESS and total > MAX_RATIO * packed:
        raise BadArchive(f"it unpacks to more than {MAX_RATIO} times its size")
    if any(member.flag_bits & 1 for member in members):
        raise BadArchive("it asks for a password")


def _plain_name(member: zipfile.ZipInfo, notes: list[str]) -> str:
    """A member's name when it is an ordinary file at an ordinary place, else nothing."""
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if member.is_dir() or any(part.startswith((".", "__MACOSX")) for part in set(parts) - {".."}):
        return ""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if ".." in parts or name.startswith("/") or ":" in name or not parts:
        notes.append(f"not used: {one_line(name, 80)!r} (it would lie outside the archive)")
    elif kind not in {0, stat.S_IFREG}:
        notes.append(f"not used: {one_line(name, 80)!r} (a link or device)")
    else:
        return "/".join(parts)
    return ""


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write a member to a file, and count what really comes out of it."""
    size = 0
    with archive.open(member) as source, target.open("wb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > left:
                raise BadArchive("it unpacks to more than it says")
            file.write(chunk)
    return size


def _modified(member: zipfile.ZipInfo) -> float:
    try:
        return mktime((*member.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        return 0.0
