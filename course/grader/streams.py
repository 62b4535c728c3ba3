"""Standard output of a kernel that is not flushed when there is nothing to flush.

A kernel flushes its streams several times a cell, and each flush waits for another thread. Most
cells of a graded notebook print nothing.
"""

from __future__ import annotations

from ipykernel.iostream import OutStream


class LazyStream(OutStream):
    """An output stream whose flush is free while nothing was written."""

    _written = False

    def write(self, string: str) -> int | None:
        """Write, and remember that there is something to flush."""
        self._written = True
        return super().write(string)

    def flush(self) -> None:
        """Send what was written, if anything was."""
        if self._written:
            self._written = False
            super().flush()
