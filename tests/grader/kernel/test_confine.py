"""What no namespace covers: keys of the grader's session, sockets to the host, shared memory."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import sys
from collections.abc import Callable

import pytest

from course.grader.kernel.calls import refuse_calls
from course.grader.kernel.confine import JOIN_SESSION_KEYRING, KEYCTL, fresh_keyring

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of it is Linux's")

SEARCH, SESSION = 10, -3
ADD_KEY = {"x86_64": 248, "aarch64": 217, "riscv64": 217}


def _left_a_key() -> bool:
    """Begin a session with a key in it, and leave it: is the key found?"""
    libc = ctypes.CDLL(None)
    number, add = KEYCTL[platform.machine()], ADD_KEY[platform.machine()]

    def found() -> bool:
        return libc.syscall(number, SEARCH, SESSION, b"user", b"secret", 0) > 0

    libc.syscall(number, JOIN_SESSION_KEYRING, None)
    if libc.syscall(add, b"user", b"secret", b"text", 4, SESSION) < 0 or not found():
        os._exit(2)
    fresh_keyring()
    return found()


def in_a_child(function: Callable[[], int]) -> int:
    """Call a function in a forked child; return what it returned."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = int(function())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_kernel_has_no_keys_of_the_graders_session():
    if platform.machine() not in ADD_KEY:
        pytest.skip(f"the number of add_key is not known for {platform.machine()}")
    status = in_a_child(_left_a_key)
    if status == 2:
        pytest.skip("this system has no keyrings")
    assert status == 0


def shared_memory() -> None:
    """Make memory that belongs to no process, and take it away again."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.shmget(0, 4096, 0o1600)
    if number < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    libc.shmctl(number, 0, None)


def ring() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(425, 8, ctypes.create_string_buffer(120))
    raise OSError(ctypes.get_errno(), "io_uring_setup")


CALLS = {
    "a socket to the host": (lambda: socket.socket(40, socket.SOCK_STREAM), True),
    "a socket of the system's ciphers": (lambda: socket.socket(38, socket.SOCK_SEQPACKET), True),
    "memory shared by number": (shared_memory, True),
    "calls that pass no filter": (ring, True),
    "a local socket": (lambda: socket.socket(socket.AF_UNIX), False),
    "a socket of the network": (lambda: socket.socket(socket.AF_INET), False),
    "a pair of sockets": (socket.socketpair, False),
    "a file in memory": (lambda: os.memfd_create("file"), False),
    "a process": (lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0), False),
}


@pytest.mark.parametrize(("call", "refused"), CALLS.values(), ids=CALLS)
def test_calls_that_reach_past_the_namespaces_are_refused_and_no_others(call, refused):
    def outcome() -> int:
        if not refuse_calls():
            return 98
        try:
            call()
        except OSError as error:
            return error.errno
        return 0

    status = in_a_child(outcome)
    if status == 98:
        pytest.skip("this system has no filter of calls")
    assert status == (errno.EPERM if refused else 0)
