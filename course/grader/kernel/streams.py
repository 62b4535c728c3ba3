"""What a graded kernel prints and broadcasts, sent from the thread that runs its cells."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq
from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream

MAX_PRINTED = 64 * 2**20
"""Bytes of what compiled code and child processes printed that are read after a cell."""
MAX_UNSENT = 2**18
"""Characters that a stream keeps before it sends them."""


class DirectPublisher(IOPubThread):
    """Send the kernel's broadcasts from the thread that has them, one at a time."""

    def __init__(self, session: Any) -> None:
        self.socket, self.session = None, session
        self.io_loop = None
        self.thread = threading.Thread(name="IOPub")  # never started: then all is sent at once
        self.background_socket = BackgroundSocket(self)
        self._lock = threading.RLock()
        self._due: deque[Callable[[], None]] = deque()
        self._sending = False
        self.streams: list[DirectStream] = []
        self.next_flush = 0.0

    def open(self, socket: zmq.Socket) -> None:
        """Send from here on, in this process."""
        self.socket, self._master_pid = socket, os.getpid()

    def flush_now_and_then(self) -> None:
        """Send what all streams have, standard output first, if the last time is a while ago."""
        if time.monotonic() > self.next_flush:
            for stream in self.streams:
                stream.flush()
            self.next_flush = time.monotonic() + OutStream.flush_interval

    def schedule(self, f: Callable[[], None]) -> None:
        """Call a function now; a forked child shares the socket and must not touch it."""
        if self.socket is None or not self._is_master_process():
            return
        with self._lock:
            self._due.append(f)
            if self._sending:
                return  # a signal's handler prints while a message is half sent: it comes next
            self._sending = True
            try:
                while self._due:
                    self._due.popleft()()
            finally:
                self._sending = False

    def _really_send(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        self.socket.send_multipart(msg, *args, **kwargs)


class DirectStream(OutStream):
    """Standard output or error that sends what it has five times a second, and after each cell."""

    def __init__(self, session: Any, publisher: DirectPublisher, name: str) -> None:
        super().__init__(session, publisher, name, watchfd=False)
        self._original_stdstream_copy = {"stdout": 1, "stderr": 2}[name]  # its `fileno`
        self._read = 0
        self._written = False
        self._unsent = 0
        publisher.streams.append(self)

    def write(self, string: str) -> int | None:
        """Write; a child process writes into the file that is read after the cell."""
        if self._is_master_process() or not isinstance(string, str):
            length = super().write(string)
            self._unsent += length or 0
            if self._unsent > MAX_UNSENT:
                self.flush()
            return length
        with contextlib.suppress(OSError):
            os.write(self._original_stdstream_copy, string.encode(errors="replace"))
        return len(string)

    def _schedule_flush(self) -> None:
        self._written = True
        self.pub_thread.flush_now_and_then()

    def flush(self) -> None:
        """Send what was written, if anything was."""
        if self._written and self._is_master_process():
            self._written, self._unsent = False, 0
            super().flush()

    def take_in(self) -> None:
        """Write what compiled code and child processes have printed since the last time."""
        descriptor = self._original_stdstream_copy
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_size > self._read:
                printed = os.pread(descriptor, MAX_PRINTED, self._read)
                self._read += len(printed)
                self.write(printed.decode(errors="replace"))
