"""Find and read what a student handed in, whatever it is called and whatever it is."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from course.grader.ground.text import one_line

MAX_TIMESTAMP = 200
MAX_FILES = 100
MAX_BESIDE = 16 * 2**20
"""Bytes of all files together that a kernel finds beside its notebook."""
MAX_FILE = 20 * 2**20
"""A submitted notebook larger than this is not opened."""


def find_notebooks(here: Path, expected: Sequence[str]) -> dict[str, tuple[Path, str]]:
    """Match a student's files to the notebooks that are expected, by name or by plain intent.

    Returns
    -------
    dict
        ``{notebook: (path, note)}``; the note says which odd name was taken for it.
    """
    names: dict[str, Path] = {}
    with contextlib.suppress(OSError):
        for path in sorted(here.iterdir()):
            if path.suffix.lower() == ".ipynb" and not path.name.startswith("."):
                names[path.name] = path
    found = {
        stem: (names.pop(f"{stem}.ipynb"), "") for stem in expected if f"{stem}.ipynb" in names
    }
    for stem in expected:
        if stem in found:
            continue
        similar = [p for n, p in names.items() if _plain(stem) in _plain(n)]
        if len(similar) == 1:
            found[stem] = (similar[0], f"the file {similar[0].name!r} was taken for {stem}.ipynb")
            names.pop(similar[0].name)
    return found


def read_submission(path: Path) -> tuple[bytes | None, str]:
    """Read a submitted file without following links; return its bytes and what is odd about it."""
    if path.is_symlink():
        return b"", "the notebook is a link to another file, which is not followed"
    if not path.is_file():
        return b"", "the notebook is not a file"
    try:
        if path.stat().st_size > MAX_FILE:
            return b"", f"the notebook is larger than {MAX_FILE // 2**20} MB"
        return path.read_bytes(), ""
    except OSError as error:
        return b"", f"the notebook cannot be opened ({error.strerror})"


def files_beside(here: Path) -> tuple[tuple[tuple[str, bytes], ...], list[str]]:
    """Read what a student handed in beside the notebooks, for the folder of their kernel.

    Links, devices, hidden files and what is too large or too much are left out.

    Returns
    -------
    files : tuple of (str, bytes)
        Paths relative to ``here`` and contents.
    notes : list of str
        What was left out for its size, in words.
    """
    files, notes, total = [], [], 0
    for path in _regular_files(here):
        name = path.relative_to(here).as_posix()
        try:
            size = path.stat().st_size
            if size > MAX_BESIDE or total + size > MAX_BESIDE or len(files) >= MAX_FILES:
                notes.append(f"the file {one_line(name, 80)!r} is too much for the kernel's folder")
                continue
            files.append((name, path.read_bytes()))
            total += size
        except (OSError, UnicodeError):
            continue
    return tuple(files), notes[:5]


def _regular_files(here: Path) -> Iterator[Path]:
    """Ordinary files below a folder, three levels deep, in order, without following a link."""
    for folder, folders, names in os.walk(here):
        depth = len(Path(folder).relative_to(here).parts)
        folders[:] = sorted(f for f in folders if not f.startswith("."))[:MAX_FILES]
        if depth >= 3:
            folders.clear()
        for name in sorted(names):
            path = Path(folder) / name
            odd = name.startswith(".") or name == "timestamp.txt"
            odd |= path.suffix.lower() in {".ipynb", ".set-aside"} or path.is_symlink()
            try:
                name.encode()
                if not odd and stat.S_ISREG(path.lstat().st_mode):
                    yield path
            except (OSError, UnicodeError):
                continue


def timestamp_of(here: Path) -> datetime | None:
    """Read when a submission was collected (``timestamp.txt``), or ``None``: it may be anything."""
    from nbgrader.utils import parse_utc

    path = here / "timestamp.txt"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_TIMESTAMP:
        return None
    try:
        return parse_utc(path.read_text().strip())
    except Exception:  # whatever a date parser makes of a student's file
        return None


def set_aside(here: Path) -> list[str]:
    """Rename what nbgrader must not copy or cannot read; nothing is deleted.

    Links (nbgrader would copy what they point to), devices, pipes and sockets, and a
    ``timestamp.txt`` that is none get the ending ``.set-aside``, which the configuration ignores.

    Returns
    -------
    list of str
        Names of what was renamed.
    """
    renamed = []
    for path in sorted(here.rglob("*")):
        odd = path.is_symlink() or not (path.is_file() or path.is_dir())
        stamp = path == here / "timestamp.txt" and not odd and timestamp_of(here) is None
        target = path.with_name(f"{path.name}.set-aside")
        if (odd or stamp) and path.suffix != ".set-aside" and not os.path.lexists(target):
            path.rename(target)
            renamed.append(path.name)
    return renamed


def _plain(name: str) -> str:
    return "".join(ch for ch in Path(name).stem.casefold() if ch.isalnum())
