"""nbgrader's exchange between accounts of one system, set in ``nbgrader_config.py``.

nbgrader alone takes in a submission that says one name and belongs to another account, with a
warning, and it follows links: a student's folder with a link to the solution, or to another
student's work, would come in as that student's own. One submission with a name that cannot be read
would stop the whole class's.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseAssignment

REFUSED = {"username": "", "timestamp": datetime.min, "filename": ""}
"""What is not collected; nobody has this name, and nothing is older."""

CHUNK = 1 << 20
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # else a pipe would wait for a writer


class CollectOwnWork(ExchangeCollect):
    """Take in what belongs to the account that it is named after, and nothing through a link."""

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """Read a submission's name; one that is refused belongs to nobody and is never chosen."""
        shown = ascii(Path(path).name)
        try:
            record = super()._path_to_record(path)
            status = os.lstat(path)
        except (ExchangeError, ValueError, OverflowError, OSError) as error:
            self.log.error("not collected: %s (its name cannot be read: %s)", shown, error)
            return dict(REFUSED)
        if not stat.S_ISDIR(status.st_mode):
            self.log.error("not collected: %s (not a folder)", shown)
            return dict(REFUSED)
        owner = _account(status.st_uid)
        if self.check_owner and owner != record["username"]:
            self.log.error(
                "not collected: %s says that it is of %r, and the account %r has handed it in",
                shown, record["username"], owner,
            )  # fmt: skip
            return dict(REFUSED)
        return record

    def init_src(self) -> None:
        """Choose one submission of every student."""
        super().init_src()
        self.src_records = [record for record in self.src_records if record["username"]]

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission's ordinary files; one that cannot be copied stops no other's."""
        with tempfile.TemporaryDirectory(prefix="collected-") as folder:
            copy = Path(folder, "submission")
            try:
                for name in copy_own_files(src, copy, most=1000 * self.coursedir.max_dir_size):
                    self.log.error("left out of %s: %s", ascii(Path(src).name), ascii(name))
                super().do_copy(str(copy), dest, log)
            except (OSError, RecursionError) as error:
                self.log.error("not collected: %s (%s)", ascii(Path(src).name), error)


class ReleaseToAll(ExchangeReleaseAssignment):
    """Hand out a lesson, and let nobody rename or remove what another hands in."""

    def init_dest(self) -> None:
        """Make the exchange's folders; the sticky bit is the system's rule for shared ones."""
        super().init_dest()
        inbound = Path(self.inbound_path)
        mode = stat.S_IMODE(inbound.stat().st_mode)
        if not mode & stat.S_ISVTX:
            inbound.chmod(mode | stat.S_ISVTX)


def copy_own_files(source: str | Path, target: Path, most: int) -> list[str]:
    """Copy the ordinary files below a folder that belong to the folder's owner.

    Its owner may change it meanwhile: every file is opened first, without following a link, and
    judged then.

    Parameters
    ----------
    source : str or pathlib.Path
        A student's folder.
    target : pathlib.Path
        The copy; made here.
    most : int
        Bytes that the copy may have.

    Returns
    -------
    list of str
        Files left out, by their names below ``source``: links, pipes, devices, what belongs to
        another account or cannot be read.

    Raises
    ------
    OSError
        When the folder cannot be read, or holds more than ``most`` bytes.
    """
    left_out: list[str] = []
    top = os.open(source, FLAGS | os.O_DIRECTORY)
    try:
        owner = os.fstat(top).st_uid
        target.mkdir()
        unread = lambda error: left_out.append(str(error.filename))  # noqa: E731
        for below, folders, files, here in os.fwalk(".", dir_fd=top, onerror=unread):
            Path(target, below).mkdir(exist_ok=True)
            left_out += [str(Path(below, name)) for name in folders if _is_link(name, here)]
            for name in files:
                size = _copy_own_file(name, here, owner, Path(target, below, name), most)
                if size is None:
                    left_out.append(str(Path(below, name)))
                most -= size or 0
    finally:
        os.close(top)
    return left_out


def _copy_own_file(name: str, folder: int, owner: int, target: Path, most: int) -> int | None:
    """Copy one file and return its size in bytes, or ``None`` when it is left out."""
    try:
        number = os.open(name, FLAGS, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            return None
        size = 0
        with target.open("xb") as copy:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if size > most:
                    raise OSError("too large")
                copy.write(chunk)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return size


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return True


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"number {number}"
