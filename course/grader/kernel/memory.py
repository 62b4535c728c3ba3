"""Bound the memory of a kernel and of all its processes: a control group where there is one.

Limits of a process alone do not hold for its children together. Linux bounds them in a control
group, if this process may make one: as root, or in a session that systemd has delegated.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "rnn-course-"
_number = itertools.count()


class MemoryGroup:
    """A control group that bounds memory, of either version of the interface."""

    def __init__(self, path: Path, limit: int) -> None:
        path.mkdir()
        self.path = path
        try:
            names = ("memory.max", "memory.limit_in_bytes")
            file = next(path / name for name in names if (path / name).exists())
            file.write_text(str(limit))
        except (OSError, StopIteration) as error:
            self.close()
            raise OSError(f"{path} bounds no memory") from error
        for name in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
            with contextlib.suppress(OSError):
                if (path / name).exists():
                    (path / name).write_text("0" if "swap.max" in name else str(limit))

        with contextlib.suppress(OSError):
            if (path / "memory.oom.group").exists():
                (path / "memory.oom.group").write_text("1")

    def add(self, pid: int) -> None:
        """Put a process, and all that it will start, into the group."""
        (self.path / "cgroup.procs").write_text(str(pid))

    def exceeded(self) -> bool:
        """Tell whether a process of the group was killed for its memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError, ValueError):
                for line in (self.path / name).read_text().splitlines():
                    key, value = line.split()
                    if key == "oom_kill" and int(value):
                        return True
        return False

    def close(self) -> None:
        """Remove the group; its processes are dead or dying."""
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)


def memory_group(limit: int) -> MemoryGroup | None:
    """Make a group with a limit in bytes, or return ``None`` where this process may not."""
    base = _base()
    if base is None:
        return None
    try:
        return MemoryGroup(base / f"{PREFIX}{os.getpid()}-{next(_number)}", limit)
    except OSError:
        return None


def groups_work() -> bool:
    """Tell whether :func:`memory_group` makes groups here."""
    return _base() is not None


@functools.cache
def _base() -> Path | None:
    """The folder of control groups in which a group that bounds memory can be made, if any."""
    for folder in _candidates():
        for old in folder.glob(f"{PREFIX}*"):  # of a grader that was killed; only empty ones go
            with contextlib.suppress(OSError):
                old.rmdir()
        try:
            MemoryGroup(folder / f"{PREFIX}{os.getpid()}-trial", 2**30).close()
        except OSError:
            continue
        return folder
    return None


def _candidates() -> Iterator[Path]:
    """Folders of this process's own group and of the one around it, where they are mounted."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        own = {}
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own["memory" if "memory" in controllers.split(",") else controllers] = path
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            root, point = before.split()[3:5]
            kind, _, options = after.split()[:3]
            controller = {"cgroup": "memory", "cgroup2": ""}.get(kind)
            if controller not in own or (controller and controller not in options.split(",")):
                continue
            inside = own[controller].removeprefix(root if root != "/" else "").strip("/")
            folder = Path(point) / inside
            yield folder
            if inside:
                yield folder.parent


IDLE_MEMORY = 300 * 2**20
"""Bytes that this process may hold between two submissions."""


def bound_own_memory(limit: int) -> None:
    """Bound the data of this process: past the limit an allocation fails, and not the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or soft > limit:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def give_memory_back() -> None:
    """Return freed memory to the system when this process has grown."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # Linux with glibc alone
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        if pages * os.sysconf("SC_PAGE_SIZE") > IDLE_MEMORY:
            ctypes.CDLL(None).malloc_trim(0)
