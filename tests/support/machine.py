"""A machine of its own for one test: real accounts, PAM and ports, and nothing of it stays.

Linux namespaces give it its own processes, network and mounts. ``/etc`` is a copy, ``/home``,
``/srv``, ``/opt`` and the folders of temporary files are empty, so ``adduser`` touches no account
of the machine that runs the tests. It ends with the process that opened it, whatever ends that.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

EMPTY = {
    **dict.fromkeys(("/home", "/srv", "/opt", "/var/log", "/var/mail"), "755"),
    **dict.fromkeys(("/tmp", "/dev/shm"), "1777"),
    "/root": "711",
}
"""Folders that are empty on the machine, with their modes."""
PROGRAMS = ("unshare", "nsenter", "runuser", "adduser", "addgroup", "chpasswd", "ip", "bash")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLONE_NEWNET = 0x40000000

SETUP = """
set -eu
aside=$1 places=$2
mount -t tmpfs -o mode=755 none "$aside"
cp -a /etc "$aside/etc"
mount --bind "$aside/etc" /etc
number=0
while read -r what mode path; do
    [ "$what" = keep ] || continue
    number=$((number + 1)) && mkdir "$aside/$number" && mount --bind "$path" "$aside/$number"
done < "$places"
exec 3< "$places" 4< "$places"
while read -r what mode path <&3; do
    [ "$what" = empty ] && [ -d "$path" ] || continue
    mount -t tmpfs -o "mode=$mode" none "$path"
done
number=0
while read -r what mode path <&4; do
    [ "$what" = keep ] || continue
    number=$((number + 1)) && mkdir -p "$path" && mount --bind "$aside/$number" "$path"
done
umount -l "$aside"
mount -t tmpfs -o mode=1777 none /var/tmp
ip link set lo up
echo ready
while read -r line; do :; done  # until the test closes its end
"""


@dataclass(frozen=True)
class Machine:
    """A running machine.

    Attributes
    ----------
    first : int
        Its first process, as the machine that runs the tests counts.
    """

    first: int
    _network: ThreadPoolExecutor

    def path(self, path: str | Path) -> Path:
        """Where this process, which is root, finds a path of the machine."""
        return Path(f"/proc/{self.first}/root{path}")

    def command(
        self, *command: str | Path, account: str = "root", folder: str | Path = "/"
    ) -> list:
        """A command line that runs there, as one of its accounts."""
        inside = ["nsenter", f"--target={self.first}", "--mount", "--net", "--pid", "--ipc"]
        change = ["env", f"--chdir={folder}"]
        return [*inside, "runuser", "-u", account, "--", *change, *map(str, command)]

    def run(
        self,
        *command: str | Path,
        account: str = "root",
        folder: str | Path = "/",
        environment: Mapping[str, str] | None = None,
        text: str = "",
    ) -> subprocess.CompletedProcess:
        """Run a command to its end, without the environment of the tests.

        Parameters
        ----------
        command : str or pathlib.Path
            The command and its arguments.
        account : str
            Who runs it; its home is ``HOME``.
        folder : str or pathlib.Path
            Where.
        environment : mapping, optional
            Variables beside ``PATH``, ``HOME`` and ``LANG``.
        text : str
            What it reads.
        """
        return subprocess.run(
            self.command(*command, account=account, folder=folder),
            env=plain_environment(account) | dict(environment or {}),
            input=text, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        """What root finds in its environment there."""
        return plain_environment("root")

    def does(self, *command: str | Path, **options) -> str:
        """Run a command that must succeed, and return what it printed."""
        run = self.run(*command, **options)
        assert run.returncode == 0, (command, run.stdout, run.stderr)
        return run.stdout + run.stderr

    def in_its_network(self, function: Callable, *arguments):
        """Call a function that opens connections, in a thread that sees the machine's ports."""
        return self._network.submit(function, *arguments).result()


def plain_environment(account: str) -> dict[str, str]:
    """What a command finds in its environment, whoever runs the tests."""
    home = "/root" if account == "root" else f"/home/{account}"
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": home, "USER": account, "LOGNAME": account}


@functools.cache
def why_no_machine() -> str:
    """Why no machine can be opened here, in a few words; nothing when one can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "accounts need root on Linux"
    if missing := [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]:
        return f"accounts need {', '.join(missing)}"
    tried = subprocess.run(
        [*_unshare(), "mount", "-t", "tmpfs", "none", "/home"], capture_output=True, check=False
    )
    return "accounts need namespaces, which root may not make here" if tried.returncode else ""


@contextmanager
def open_machine(keep: Sequence[Path], hide: Sequence[Path] = ()) -> Iterator[Machine]:
    """Open a machine, and leave nothing of it behind.

    Parameters
    ----------
    keep : sequence of pathlib.Path
        Folders that all its accounts can read, wherever they lie.
    hide : sequence of pathlib.Path
        Folders that nobody sees there, but for what is kept of them.
    """
    empty = dict(EMPTY) | dict.fromkeys(map(str, hide), "755")
    for path in keep:
        closed = [p for p in reversed(path.parents) if not p.stat().st_mode & 0o001]
        for parent in closed[:1]:
            empty.setdefault(str(parent), "711")
    lost = [str(p) for p in keep if any(p.is_relative_to(e) for e in empty)]
    aside = Path(tempfile.mkdtemp(prefix="machine-", dir="/var/tmp"))
    places = aside.with_suffix(".places")
    lines = [f"empty {mode} {path}" for path, mode in sorted(empty.items())]
    places.write_text("\n".join([*lines, *(f"keep 755 {path}" for path in sorted(lost))]) + "\n")
    process = subprocess.Popen(
        [*_unshare(), "bash", "-c", SETUP, "machine", aside, places],
        env=plain_environment("root"), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        try:
            said = process.stdout.readline()
        finally:  # they served to build it, and whatever ends this process shall leave none behind
            places.unlink()
            aside.rmdir()
        assert said == "ready\n", said + process.stdout.read()
        (first,) = psutil.Process(process.pid).children()
        with ThreadPoolExecutor(1, initializer=_enter_network, initargs=(first.pid,)) as network:
            yield Machine(first.pid, network)
    finally:
        process.kill()  # and with its first process every other of the machine
        process.communicate()


def _unshare() -> list[str]:
    return [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]


def _enter_network(pid: int) -> None:
    with Path(f"/proc/{pid}/ns/net").open() as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "the machine's network cannot be entered")
