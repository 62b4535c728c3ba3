"""Folders for the sockets of kernels, one for each warm parent, locked for as long as it is used.

A grader that is killed cannot remove its folder: the next one does, when nobody holds the lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PLACE = Path("/var/tmp")
"""Short paths, outside of ``/tmp``, which is private to each kernel."""
PREFIX = "rck-"
REST_SECONDS = 3600.0
"""A folder that changed later is left alone: it may be about to be locked."""


class Spool:
    """A folder of this process's own.

    Attributes
    ----------
    path : pathlib.Path
        Others may pass through it and not list it.
    """

    def __init__(self, place: Path | None = None) -> None:
        place = place or PLACE
        place = place if os.access(place, os.W_OK) else Path(tempfile.gettempdir())
        sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self.path.chmod(0o711)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Remove the folder and let go of its lock; a second time is none."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(place: Path) -> None:
    """Remove this account's folders that nobody holds any more."""
    for path in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < REST_SECONDS:
                continue
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
