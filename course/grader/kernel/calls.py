"""Refuse system calls that reach past the namespaces: a filter in Linux (seccomp), without root.

A network namespace has no say in sockets between a virtual machine and its host (WSL is one);
memory that is shared by number belongs to no process, so that nobody can measure it; and what is
asked for through ``io_uring`` passes no filter.
"""

from __future__ import annotations

import ctypes
import platform
import socket
import struct
from dataclasses import dataclass

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
NUMBER_AT, PROCESSOR_AT, ARGUMENT_AT = 0, 4, 16
OTHER_INTERFACE = 0x40000000
"""From here on: numbers of x86's third interface, another way to the same calls."""
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)
"""Sockets that a namespace covers; 16 asks about the network's own state."""
IO_URING_SETUP = 425
PR_SET_NO_NEW_PRIVS = 38
SET_FILTER, KEEP_SPEED = 1, 4
"""Without the latter some systems slow down whatever has a filter."""


@dataclass(frozen=True)
class Processor:
    """How a kind of processor is marked in a call, and its numbers of calls."""

    mark: int
    seccomp: int
    socket: int
    shmget: int


PROCESSORS = {
    "x86_64": Processor(0xC000003E, 317, 41, 29),
    "aarch64": Processor(0xC00000B7, 277, 198, 194),
}


def refuse_calls() -> bool:
    """Refuse such calls to this process and all that it will start, for good.

    Returns
    -------
    bool
        False where the system, or this module, knows no such filter.
    """
    known = PROCESSORS.get(platform.machine())
    if known is None:
        return False
    code = b"".join(struct.pack("=HBBI", *line) for line in _filter(known))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return libc.syscall(known.seccomp, SET_FILTER, KEEP_SPEED, program) == 0


def _filter(known: Processor) -> list[tuple[int, int, int, int]]:
    """Instructions: what to do, how many to skip when it holds and when not, and a number."""
    allow, refuse = (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)
    lines = [(LOAD, 0, 0, PROCESSOR_AT), (EQUAL, 1, 0, known.mark), refuse]
    lines += [(LOAD, 0, 0, NUMBER_AT), (AT_LEAST, 0, 1, OTHER_INTERFACE), refuse]
    for number in (known.shmget, IO_URING_SETUP):
        lines += [(EQUAL, 0, 1, number), refuse]
    lines += [(EQUAL, 1, 0, known.socket), allow, (LOAD, 0, 0, ARGUMENT_AT)]
    for family in FAMILIES:
        lines += [(EQUAL, 0, 1, int(family)), allow]
    return [*lines, refuse]
