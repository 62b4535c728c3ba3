"""Memory of the grader while it grades a class."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from course.grader.kernel.warm import memory_of


@dataclass
class Watch:
    """Memory of the workers while a class is graded.

    Attributes
    ----------
    peak : int
        Largest memory in bytes of one worker with its warm parent and kernels.
    alone : int
        Largest memory of one worker alone, which is this process where there is no other.
    samples : list of (float, int)
        Time and memory of all of this process's descendants.
    """

    peak: int = 0
    alone: int = 0
    samples: list[tuple[float, int]] = field(default_factory=list)


WATCH = Watch()


@contextlib.contextmanager
def watched_memory(interval: float = 2.0) -> Iterator[None]:
    """Sample the memory of this process and its descendants, worker by worker.

    Parameters
    ----------
    interval : float
        Seconds between two samples.
    """
    stop, turns = threading.Event(), 0

    def look() -> None:
        nonlocal turns
        while not stop.wait(interval):
            this = psutil.Process()
            sizes = [this.memory_info().rss, *map(_size, this.children())]
            WATCH.alone = max(WATCH.alone, *sizes)
            turns += 1
            if turns % max(1, round(2.0 / interval)) == 0:  # all descendants' take a while
                workers = [memory_of(child.pid) for child in this.children()]
                WATCH.peak = max(WATCH.peak, *workers, 0)
                WATCH.samples.append((time.time(), sum(workers)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _size(process: psutil.Process) -> int:
    """Resident memory of a worker; a warm parent in its sandbox is none."""
    with contextlib.suppress(psutil.Error):
        if "nursery" not in " ".join(process.cmdline()):
            return process.memory_info().rss
    return 0
