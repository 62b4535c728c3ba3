"""Confine a forked kernel process on Linux, without root: namespaces, Landlock, limits.

This module runs inside the nursery and its forks. It imports nothing heavy, starts no thread and
keeps to system calls that exist; what the machine refuses is reported, never assumed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 0x1000, 0x4000, 0x40000
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
PR_CAPBSET_DROP, CAPABILITY_VERSION_3 = 24, 0x20080522
NOBODY = 65534
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
"""Number of the system call by processor: the C library has no function for it."""
JOIN_SESSION_KEYRING = 1
MAX_FILES = 50_000
"""Files in a private folder: an empty one takes a kilobyte of the system's memory."""


@dataclass(frozen=True)
class Limits:
    """What one kernel may use.

    Attributes
    ----------
    memory : int
        Bytes of data memory.
    cpu : int
        Seconds of processor time for each process.
    processes : int
        Processes and threads.
    file : int
        Bytes of the largest file, and of the private temporary folder twice over.
    """

    memory: int = 2 * 2**30
    cpu: int = 900
    processes: int = 128
    file: int = 128 * 2**20


_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    if getattr(_libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def drop_root() -> None:
    """Become ``nobody`` for good when running as root, so that every limit binds."""
    if os.getuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # Without this the process could not write its own uid map below.
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)


def enter_namespaces() -> None:
    """Move into new user, mount, process, IPC, host-name and network namespaces.

    The next fork is pid 1. The network is every kernel's own, without any interface: in a shared
    one a closed connection is seen for a minute, by kernels that start later too.
    """
    uid, gid = os.getuid(), os.getgid()
    own = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET
    _call("unshare", own)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def fresh_keyring() -> None:
    """Leave the keys of the session that the grader runs in: later kernels would see them too."""
    number = KEYCTL.get(platform.machine())
    if number is not None:  # where the system refuses, it refuses a student's code as well
        _libc.syscall(number, JOIN_SESSION_KEYRING, None)


def private_folders(size: int, folders: list[str]) -> None:
    """Mount fresh, bounded, empty folders that no other kernel has seen or will see."""
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    options = f"size={size},nr_inodes={MAX_FILES},mode=1777".encode()
    for folder in folders:
        _call("mount", b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options)


def hide_siblings(spool: str, own: str) -> None:
    """Cover the folder of all kernels' sockets, and let only this kernel's own show through."""
    handle = os.open(own, os.O_PATH | os.O_DIRECTORY)
    _call("mount", b"tmpfs", spool.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=1m,mode=755")
    os.mkdir(own)
    source = f"/proc/self/fd/{handle}".encode()
    _call("mount", source, own.encode(), None, MS_BIND, None)
    os.close(handle)


def landlock_rules(writable: list[str]) -> None:
    """Allow writing below ``writable``; read what can be seen.

    Raises
    ------
    OSError
        When the kernel has no Landlock.
    """
    from landlock import FSAccess, Ruleset

    read = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
    rules = Ruleset()
    rules.allow("/", rules=read)
    for path in writable:
        if os.path.isdir(path):
            rules.allow(path, rules=FSAccess.all())
        elif os.path.exists(path):
            rules.allow(path, rules=FSAccess.all_file())
    rules.apply()


def drop_capabilities() -> None:
    """Give up the powers that the new user namespace came with, for good."""
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one that this kernel knows
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def set_limits(limits: Limits) -> None:
    """Set the process's resource limits for good."""
    for name, value in (
        ("RLIMIT_DATA", limits.memory + 2**29),  # the warm parent's own half gigabyte is shared
        ("RLIMIT_CPU", limits.cpu),
        ("RLIMIT_NPROC", limits.processes),
        ("RLIMIT_FSIZE", limits.file),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 1024),
    ):
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(number, (bound, bound))
    with contextlib.suppress(OSError):
        _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
