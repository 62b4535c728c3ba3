"""What a kernel must not share with the next: the keys of the session that the grader runs in."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

import pytest

from course.grader.kernel.confine import JOIN_SESSION_KEYRING, KEYCTL, fresh_keyring

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="keyrings are Linux's")

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


def test_a_kernel_has_no_keys_of_the_graders_session():
    if platform.machine() not in ADD_KEY:
        pytest.skip(f"the number of add_key is not known for {platform.machine()}")
    child = os.fork()
    if child == 0:
        status = 3
        try:
            status = int(_left_a_key())
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 2:
        pytest.skip("this system has no keyrings")
    assert status == 0
