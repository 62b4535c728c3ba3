"""Start kernels from a warm parent: a Jupyter kernel provisioner and the process behind it.

The provisioner is registered as ``course-warm`` in the group ``jupyter_client.kernel_provisioners``
and asked for by the kernel spec ``course-grader`` that this module gives a kernel manager. Where
a parent cannot be forked (Windows, macOS), the same manager starts an ordinary kernel.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import LocalProvisioner

from course.data.fetch import BLIND_VARIABLE, cache_folder
from course.emission import ANSWERS_VARIABLE
from course.grader.kernel.blind import stand_ins
from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import (
    PRIVATE,
    Isolation,
    bubblewrap_command,
    isolation_in_force,
    private_folders,
)
from course.grader.kernel.memory import memory_group
from course.grader.kernel.spool import Spool
from course.grader.kernel.steps import Files

log = logging.getLogger(__name__)

START_SECONDS = 120

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


PRELOAD_VARIABLE = "COURSE_PRELOAD"
"""Modules that the warm parent imports instead of its own list, for lessons that use few."""


class NurseryError(RuntimeError):
    """The warm parent could not start a kernel; the message says why."""


class Nursery:
    """A warm parent process and the folder that holds its kernels' sockets.

    With ``answers`` its kernels run the solution and may read the held-out answers; without, they
    see copies of the data that have none.
    """

    def __init__(self, isolation: Isolation, answers: bool = False) -> None:
        self.isolation = isolation
        self.answers = answers
        self._spool = Spool()
        self.spool = self._spool.path
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self._lock = threading.Lock()
        self._count = 0
        self._environment = {ANSWERS_VARIABLE: "1"} if answers else {}
        command = [sys.executable, "-B", "-m", "course.grader.kernel.nursery", str(theirs.fileno())]
        command += os.environ.get(PRELOAD_VARIABLE, "").split()
        if isolation.bubblewrap:
            hidden = {} if answers else stand_ins()
            self._environment |= {BLIND_VARIABLE: "1"} if hidden else {}
            command = bubblewrap_command(command, self.spool, hidden)
        # The parent must die with this process. Linux ties that to the *thread* that starts it,
        # so one thread that lives as long as the process starts every parent.
        self._process = _spawner.submit(
            subprocess.Popen,
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        ).result()
        theirs.close()
        self._await_ready()

    def _await_ready(self) -> None:
        self._socket.settimeout(START_SECONDS)
        try:
            answer = self._socket.recv(1 << 16)
        except TimeoutError:
            answer = b""
        if not answer:
            self._process.kill()
            error = self._process.communicate()[1].decode(errors="replace").strip()
            self.close()
            raise NurseryError(error.splitlines()[-1] if error else "the warm parent died")
        for name in json.loads(answer)["failed"]:
            log.warning("the warm parent could not import %s", name)

    def alive(self) -> bool:
        """Tell whether the warm parent still runs."""
        return self._process.poll() is None

    def folder(self) -> Path:
        """Make a fresh folder for one kernel's sockets."""
        with self._lock:
            self._count += 1
            folder = self.spool / f"k{self._count}"
        (folder / "s").mkdir(parents=True)
        (folder / "files").mkdir()
        (folder / "s").chmod(0o777)
        return folder

    def fork(self, folder: Path, connection_file: str, limits: Limits) -> ForkedProcess:
        """Fork one kernel.

        Raises
        ------
        NurseryError
            When the parent is gone or refuses.
        """
        isolation = self.isolation
        work = f"{PRIVATE}/work" if isolation.namespaces else str(folder / "tmp" / "work")
        request = {
            "connection_file": connection_file,
            "work": work,
            "files": str(folder / "files"),
            "spool": str(self.spool),
            "folder": str(folder),
            "env": _environment() | {"NBGRADER_EXECUTION": "autograde"} | self._environment,
            "limits": asdict(limits),
            "namespaces": isolation.namespaces,
            "private": private_folders() if isolation.namespaces else [str(folder / "tmp")],
            "landlock": isolation.landlock,
            "limited": isolation.limits,
        }
        with self._lock:
            try:
                self._socket.send(json.dumps(request).encode())
                data, descriptors = _receive(self._socket)
            except (OSError, TimeoutError) as error:
                raise NurseryError(f"the warm parent does not answer ({error})") from error
        answer = json.loads(data or b'{"error": "the warm parent is gone"}')
        if "error" in answer:
            raise NurseryError(answer["error"])
        return ForkedProcess(*descriptors)

    def close(self) -> None:
        """End the parent and every kernel it has, and remove the folder."""
        with contextlib.suppress(OSError):
            self._socket.close()
        with contextlib.suppress(OSError, ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._process.stderr:
            self._process.stderr.close()
        self._spool.remove()


class ForkedProcess:
    """A kernel's process, held by pidfd; it looks enough like ``subprocess.Popen`` to Jupyter."""

    stdin = stdout = stderr = None

    def __init__(self, handle: int, status: int) -> None:
        self._handle, self._status = handle, status
        self.returncode: int | None = None
        self.pid = _pid_of(handle)

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` while the process runs."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            ready = select.select([self._status], [], [], 1.0)[0]
            text = os.read(self._status, 32) if ready else b""
            self.returncode = int(text or -signal.SIGKILL)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end and return the exit code."""
        if self.returncode is None:
            select.select([self._handle], [], [], timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal; a process that is gone is no error."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError, OSError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Kill the process, and with it everything in its process namespace."""
        self.send_signal(signal.SIGKILL)

    terminate = kill

    def close(self) -> None:
        """Kill what still runs and let go of the descriptors."""
        self.kill()
        self.wait(5)
        for descriptor in (self._handle, self._status):
            with contextlib.suppress(OSError):
                os.close(descriptor)


_spawner = ThreadPoolExecutor(1, thread_name_prefix="nursery-spawner")
_nurseries: dict[tuple[bool, str], Nursery] = {}
_nursery_lock = threading.Lock()


def nursery(answers: bool = False) -> Nursery:
    """Return this process's warm parent, starting it (again) when there is none."""
    with _nursery_lock:
        key = answers, os.environ.get(PRELOAD_VARIABLE, "")
        known = _nurseries.get(key)
        if known is None or not known.alive():
            if known is not None:
                known.close()
            known = _nurseries[key] = Nursery(isolation_in_force(), answers)
        return known


@atexit.register
def close_nurseries() -> None:
    """End this process's warm parents."""
    while _nurseries:
        _nurseries.popitem()[1].close()


class WarmProvisioner(LocalProvisioner):
    """Provision a kernel by a fork of the warm parent instead of a new interpreter."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel; ``cmd`` is not used, for there is no program to start."""
        manager = self.parent
        self.process = nursery(manager.answers).fork(
            Path(manager.connection_file).parent, manager.connection_file, manager.limits
        )
        self.pid, self.pgid = self.process.pid, None
        if manager.group is not None:
            with contextlib.suppress(OSError):  # a kernel that died at once is found dead later
                manager.group.add(self.pid)
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel alone: it has no process group here."""
        if self.process:
            self.process.send_signal(signum)

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is cached that would have to be given back."""


class WarmKernelManager(KernelManager):
    """A kernel manager whose kernel is forked from the warm parent and talks over IPC sockets."""

    def __init__(self, limits: Limits, answers: bool = False, **kwargs: Any) -> None:
        self.limits, self.answers = limits, answers
        self.folder = nursery(answers).folder()
        self.group = memory_group(limits.memory)
        super().__init__(**kwargs)
        self.transport = "ipc"
        self.ip = str(self.folder / "s" / "z")
        self.connection_file = str(self.folder / "connection.json")
        for i, name in enumerate(("shell", "iopub", "stdin", "control", "hb"), start=1):
            setattr(self, f"{name}_port", i)
        self.cache_ports = False
        self._kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Course grader",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "course-warm"}},
        )

    def bring(self, files: Files) -> None:
        """Put files where the kernel, when it starts, takes them into its own folder."""
        for name, data in files:
            path = self.folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def start(self) -> None:
        """Start the kernel and let it read its connection file."""
        self.start_kernel(env=_environment())

    def _connect_control_socket(self) -> None:
        """Have no channel that nobody reads: a kernel could fill this process's memory by it."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write the connection file where the confined kernel may read it."""
        super().write_connection_file(**kwargs)
        os.chmod(self.connection_file, 0o644)

    def destroy(self) -> None:
        """Kill the kernel without asking and remove everything it left."""
        process = getattr(self.provisioner, "process", None)
        if isinstance(process, ForkedProcess):
            process.close()
        with contextlib.suppress(Exception):
            self.cleanup_resources()
        if self.group is not None:
            self.group.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_of(pid: int) -> int:
    """Return the bytes that a process and its descendants use alone, files in memory included."""
    import psutil

    total, files = 0, {}
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError):
                total += process.memory_full_info().uss
                files |= _files_in_memory(process.pid)
    except (psutil.Error, OSError):
        pass
    return total + sum(files.values())


def _files_in_memory(pid: int) -> dict[int, int]:
    """Bytes of the files that a process holds in memory alone, by inode; they need no mapping."""
    found = {}
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).startswith("/memfd:"):
                about = descriptor.stat()
                found[about.st_ino] = 512 * about.st_blocks
    return found


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    size = socket.CMSG_LEN(2 * descriptors.itemsize)
    deadline = time.monotonic() + START_SECONDS
    connection.settimeout(max(0.1, deadline - time.monotonic()))
    data, ancillary, _, _ = connection.recvmsg(1 << 16, size)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return data, list(descriptors)


def _pid_of(handle: int) -> int:
    """The process id of a pidfd as this process sees it (the kernel sees itself as 1)."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    return -1


def _environment() -> dict[str, str]:
    """The few variables a kernel gets: nothing of the instructor's shell but paths and locale."""
    keep = (
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "LD_LIBRARY_PATH",
        "CUDA_VISIBLE_DEVICES",
    )
    env = {name: os.environ[name] for name in keep if name in os.environ}
    return (
        env
        | {"COURSE_DATA": str(cache_folder())}  # a kernel's home is another
        | ONE_THREAD
        | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "COURSE_QUIET": "1"}
    )
