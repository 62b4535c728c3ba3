"""The warm parent of kernels: imports done once, then one fork for each kernel.

It runs as a process of its own (in bubblewrap where there is one), reads requests from an
inherited socket pair and answers each with a file descriptor for the new kernel. It is single
threaded and runs no computation before a fork: a parallel operation in the parent would leave its
children with locks that nobody releases, and a CUDA context does not survive a fork.

:mod:`course.grader.kernel.warm` starts ``python -m course.grader.kernel.nursery FD``.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course.grader.kernel import confine
from course.grader.kernel.app import OneThreadApp
from course.grader.kernel.calls import refuse_calls
from course.grader.kernel.isolation import PRIVATE

PRELOAD = (
    "numpy",
    "scipy.special",
    "pandas",
    "torch",
    "torch._dynamo",  # the first optimiser imports it: two seconds
    "torch.nn.utils.rnn",
    "torch.utils.data",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib_inline.backend_inline",
    "seaborn",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.feature_extraction.text",
    "tqdm.auto",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "tornado.platform.asyncio",
    "tornado.queues",
    "zmq.utils.garbage",
    "course.bug_hunt",
    "course.checks",
    "course.claims",
    "course.data",
    "course.emission",
    "course.figures.parts",
    "course.guess",
    "course.plots",
    "course.sliders",
    "course.training",
    "course.weights",
    "course.worked",
    "landlock",
)
"""What lessons use; everything else a kernel imports for itself."""

MAX_MESSAGE = 1 << 16


def main(descriptor: int, preload: Sequence[str] = PRELOAD) -> None:
    """Import, say what is ready, then fork a kernel for every request until the socket closes."""
    connection = socket.socket(fileno=descriptor)
    sys.modules["debugpy"] = None  # nobody debugs here; its import takes a third of a start
    failed = [name for name in preload if not _preload(name)]
    if os.access(PRIVATE, os.W_OK):  # each kernel finds a fresh folder in the same place
        OneThreadApp.instance().prepare(PRIVATE)
    gc.collect()
    gc.freeze()  # else each fork's first collection would copy every page of the parent
    connection.send(json.dumps({"ready": True, "failed": failed}).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        data = connection.recv(MAX_MESSAGE)
        if not data:
            return
        _fork_kernel(connection, json.loads(data))
        _reap()


def _preload(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # an optional library that is broken must not stop the class
        return False
    return True


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_kernel(connection: socket.socket, request: dict[str, Any]) -> None:
    """Fork a keeper, which confines itself, forks the kernel and reports how it ended."""
    status_read, status_write = os.pipe()
    keeper = os.fork()
    if keeper:
        os.close(status_read)
        os.close(status_write)
        return
    try:
        _keep(connection, request, status_read, status_write)
    except BaseException as error:
        with contextlib.suppress(OSError):
            connection.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(1)


def _keep(
    connection: socket.socket, request: dict[str, Any], status_read: int, status_write: int
) -> None:
    os.setsid()
    if request["namespaces"]:
        confine.drop_root()
        confine.enter_namespaces()
    confine.fresh_keyring()
    kernel = os.fork()
    if kernel == 0:
        os.close(status_read)
        os.close(status_write)
        connection.close()
        try:
            _become_kernel(request)
        finally:
            os._exit(1)
    handle = os.pidfd_open(kernel)
    message = json.dumps({"pid": kernel}).encode()
    descriptors = array.array("i", [handle, status_read])
    connection.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    os.close(status_read)
    os.close(handle)
    connection.close()
    _, status = os.waitpid(kernel, 0)
    with contextlib.suppress(OSError):
        os.write(status_write, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become_kernel(request: dict[str, Any]) -> None:
    """Confine this process, give it a fresh random state, and serve as a Jupyter kernel."""
    limits = confine.Limits(**request["limits"])
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    if request["namespaces"]:
        confine.private_folders(2 * limits.file, request["private"])
        confine.hide_siblings(request["spool"], request["folder"])
    work = Path(request["work"])
    work.mkdir(parents=True, exist_ok=True)
    _copy_files(Path(request["files"]), work)
    _set_environment(request["env"], work)
    os.chdir(work)
    # Before what follows, which lets nobody make sockets: each is a file on the grader's disk.
    listeners = _listen(request["connection_file"])
    if request["landlock"]:
        devices = [f"/dev/{name}" for name in ("null", "zero", "full", "tty", "ptmx", "pts")]
        confine.landlock_rules([str(work), *request["private"], *devices])
    if request["limited"]:
        confine.set_limits(limits)
    if request["namespaces"]:
        refuse_calls()
        confine.drop_capabilities()
    _reseed()
    # A module of the student's may be imported, but never in place of an installed one.
    sys.path[:] = [path for path in sys.path if path not in ("", str(work))] + [str(work)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _serve(request["connection_file"], listeners)


def _listen(connection_file: str) -> dict[int, int]:
    """Open the sockets that the grader named; return their descriptors by port."""
    about = json.loads(Path(connection_file).read_text())
    found = {}
    for name in ("shell_port", "iopub_port", "control_port"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{about['ip']}-{about[name]}")
        listener.listen()
        found[about[name]] = listener.detach()
    return found


def _copy_files(files: Path, work: Path) -> None:
    if files.is_dir():
        for path in sorted(files.rglob("*")):
            if path.is_file() and not path.is_symlink():
                target = work / path.relative_to(files)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())


def _set_environment(env: dict[str, str], work: Path) -> None:
    tempfile.tempdir = None  # the warm parent may have settled for another folder
    os.environ.clear()
    os.environ.update(env)
    temporary = str(work.parent)
    os.environ.update(
        HOME=temporary,
        TMPDIR=temporary,
        IPYTHONDIR=f"{temporary}/ipython",
        MPLCONFIGDIR=f"{temporary}/matplotlib",
        JUPYTER_RUNTIME_DIR=f"{temporary}/runtime",
    )


def _reseed() -> None:
    """Give the fork a random state of its own: a fork inherits its parent's."""
    seed = int.from_bytes(os.urandom(4), "little")
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
        sys.modules["torch"].set_num_threads(1)


def _serve(connection_file: str, listeners: dict[int, int]) -> None:
    if not OneThreadApp.initialized():
        OneThreadApp.instance().prepare(os.environ["HOME"])
    OneThreadApp.instance().serve(connection_file, listeners)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] or PRELOAD)
