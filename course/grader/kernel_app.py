"""A Jupyter kernel in one thread, for grading.

ipykernel hands every message through four threads, so that a user may interrupt, debug and ask for
completions while a cell runs. Nobody does that while a class is graded, and each hand-over costs
more than a graded cell does. Here the same kernel, with the same shell, answers the same messages
from its main thread: it takes one, runs it, sends what came of it, and takes the next.

What differs from ipykernel: there is no heartbeat, no standard input, no debugger and no subshell;
what a child process or compiled code prints appears at the end of the cell.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import functools
import hashlib
import inspect
import os
import signal
import sys
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import zmq
from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.inputtransformer2 import TransformerManager
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets import Instance, Type

MAX_PRINTED = 64 * 2**20
"""Bytes of what compiled code and child processes printed that are read after a cell."""
MAX_FRAMES = 20
"""Frames that are shown at each end of a long traceback."""
MAX_UNSENT = 2**18
"""Characters that a stream keeps before it sends them."""
MAX_WAITING = 200
"""Messages that wait for the grader before the kernel does."""
IDLE_MILLISECONDS = 50
"""How long a student's own asyncio tasks may wait for their turn while no cell runs."""


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


class PlainFirst(TransformerManager):
    """IPython's changes to a cell, without reading plain Python token by token.

    Magics, ``!`` and ``?`` are never valid Python, so what compiles has none of them.
    """

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Change what is not plain Python."""
        return lines if _is_python("".join(lines)) else super().do_token_transforms(lines)


@functools.lru_cache(maxsize=2)
def _is_python(code: str) -> bool:
    return _compiled(code, ast.PyCF_ONLY_AST) is not None


@functools.lru_cache(maxsize=2)
def _awaits(code: str) -> bool:
    """Tell whether code awaits at its top level."""
    if "await" not in code and "async" not in code:
        return False
    compiled = _compiled(code, 0)
    return compiled is not None and bool(compiled.co_flags & inspect.CO_COROUTINE)


def _compiled(code: str, flags: int) -> Any:
    """Compile code that may await at its top level; ``None`` when it is not valid Python."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(code, "<cell>", "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None


class QuickNames(XCachingCompiler):
    """Names of cells from a digest; ipykernel computes its own hash in Python, byte by byte."""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the file name that a cell's tracebacks carry."""
        digest = hashlib.sha256(raw_code.encode(errors="replace")).hexdigest()
        return f"{get_tmp_directory()}/{digest[:12]}.py"


class OneThreadShell(ZMQInteractiveShell):
    """IPython's shell; what it learns about a cell's text it learns once."""

    input_transformer_manager = Instance(PlainFirst, ())
    _transformed = ("", "")

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as Python; the kernel asks twice in a row."""
        if self._transformed[0] != raw_cell:
            self._transformed = (raw_cell, super().transform_cell(raw_cell))
        return self._transformed[1]

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """Show an error; of a recursion without end, where it begins and where it ends."""
        with contextlib.suppress(ValueError):  # there is no error to show
            kind, error, trace = self._get_exc_info(exc_tuple)
            exc_tuple = kind, error, _shortened(trace)
        super().showtraceback(exc_tuple, *args, **kwargs)

    def _format_exception_for_storage(self, exception: BaseException, *args: Any) -> dict[str, Any]:
        """Note an error in the history that nobody reads, without looking up its lines again."""
        return {"ename": type(exception).__name__, "evalue": "", "traceback": []}

    def should_run_async(
        self, raw_cell: str, *, transformed_cell: Any = None, preprocessing_exc_tuple: Any = None
    ) -> bool:
        """Tell whether a cell awaits at its top level."""
        if not self.autoawait or preprocessing_exc_tuple is not None:
            return False
        return _awaits(transformed_cell)


def _shortened(trace: TracebackType | None) -> TracebackType | None:
    """Keep the outer and the inner frames: to look up the source of each takes milliseconds."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if len(frames) > 2 * MAX_FRAMES:
        frames[MAX_FRAMES:-MAX_FRAMES] = []
    for frame in reversed(frames):
        trace = TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return trace


class OneThreadKernel(IPythonKernel):
    """IPython's kernel, without threads of its own."""

    shell_class = Type(OneThreadShell)
    compiler_class = Type(QuickNames)
    shell_stream = AnyTrait()
    control_stream = AnyTrait()

    _supports_kernel_subshells = False

    def _publish_status(self, status: str, channel: str, parent: Any = None) -> None:
        """Say when a request is done; nobody asks when it begins."""
        if status != "busy":
            super()._publish_status(status, channel, parent)

    def _publish_execute_input(self, code: str, parent: Any, execution_count: int) -> None:
        """The grader knows what it asked for."""

    async def execute_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Run a cell; what it printed past Python comes last."""
        await super().execute_request(stream, ident, parent)
        for printed in self.iopub_thread.streams:
            printed.take_in()

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Go on after an error: whoever grades decides what runs next."""


class OneThreadApp(IPKernelApp):
    """The application around :class:`OneThreadKernel`.

    :meth:`prepare` does what takes time, once, before a fork; :meth:`serve` the rest, after it.
    """

    kernel_class = Type(OneThreadKernel, klass=IPythonKernel)

    def prepare(self, folder: str) -> None:
        """Make the kernel and its shell, without sockets, threads or an event loop.

        Parameters
        ----------
        folder : str
            Where the kernel, once forked, may keep what IPython stores.
        """
        options = {
            "BaseIPythonApplication.ipython_dir": f"{folder}/ipython",
            "HistoryManager.enabled": "False",
            "IPKernelApp.log_level": "50",
            "IPythonKernel._execute_sleep": "0",  # a pause for the sake of other clients
        }
        Path(folder, "ipython").mkdir(parents=True, exist_ok=True)
        self.initialize([f"--{name}={value}" for name, value in options.items()])
        try:  # the first error takes a while to show: it looks at the file of every module
            exec(compile("1 / 0", "<cell>", "exec"), {})
        except ZeroDivisionError:
            self.shell.InteractiveTB.structured_traceback(*sys.exc_info())

    def init_connection_file(self) -> None:
        """There is none yet."""

    def init_sockets(self) -> None:
        """Make what the shell sends to; it has no socket yet."""
        self.iopub_thread = DirectPublisher(self.session)
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """Nobody listens to a heartbeat: the grader watches the process."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """The grader writes it."""

    def log_connection_info(self) -> None:
        """Nobody reads it."""

    def init_io(self) -> None:
        """Make what shows a cell's value; the streams are replaced after the fork."""
        self.displayhook = ZMQDisplayHook(self.session, self.iopub_socket)
        self.patch_io()

    def init_signal(self) -> None:
        """The warm parent may be interrupted, its kernels not: see :meth:`serve`."""

    def init_kernel(self) -> None:
        """Make the kernel and its shell."""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count

    def serve(self, connection_file: str) -> None:
        """Open the sockets that the grader named and answer until the process is killed."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # while no cell runs
        self.connection_file = connection_file
        self.load_connection_file()
        self.session.pid, self.session.session = os.getpid(), uuid.uuid4().hex
        self.kernel.ident = uuid.uuid4().hex
        self.shell.init_environment()
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        self.context = zmq.Context()
        self.kernel.shell_stream = self._open(zmq.ROUTER, self.shell_port)
        self.kernel.control_stream = self._open(zmq.ROUTER, self.control_port)
        self.iopub_thread.open(self._open(zmq.XPUB, self.iopub_port))
        self._replace_streams()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        serving = loop.create_task(self._answer())
        while not serving.done():
            # A cell or task that stops the loop, or means to leave, stops no kernel.
            with contextlib.suppress(RuntimeError, SystemExit, KeyboardInterrupt):
                loop.run_until_complete(serving)

    def _open(self, kind: int, port: int) -> zmq.Socket:
        socket = self.context.socket(kind)
        socket.linger = 1000
        if kind == zmq.XPUB:  # a kernel that prints faster than the grader reads waits
            socket.sndhwm = MAX_WAITING
            socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._bind_socket(socket, port)
        return socket

    def _replace_streams(self) -> None:
        """Send what Python prints; keep what others print into descriptors 1 and 2 for later."""
        sys.displayhook = self.displayhook
        sys.breakpointhook = lambda *args, **kwargs: None  # nobody is there to debug
        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.memfd_create(name), descriptor)
            DirectStream(self.session, self.iopub_thread, name)
        self._set_streams()

    def _set_streams(self) -> None:
        sys.stdout, sys.stderr = self.iopub_thread.streams

    async def _answer(self) -> None:
        kernel, process = self.kernel, os.getpid()
        kernel.io_loop = IOLoop.current()
        kernel._control_lock = asyncio.Lock()
        poller = zmq.Poller()
        poller.register(kernel.control_stream, zmq.POLLIN)
        poller.register(kernel.shell_stream, zmq.POLLIN)
        kernel._publish_status("starting", "shell")
        while not kernel.shell_stream.closed:
            try:
                await asyncio.sleep(0)
                ready = dict(poller.poll(IDLE_MILLISECONDS))
                if kernel.control_stream in ready:
                    await kernel.dispatch_control(kernel.control_stream.recv_multipart(copy=False))
                elif kernel.shell_stream in ready:
                    await kernel.dispatch_shell(kernel.shell_stream.recv_multipart(copy=False))
            except zmq.ZMQError:
                raise  # the sockets are gone, and the kernel with them
            except (Exception, asyncio.CancelledError):
                # A cell left a stream that cannot be flushed, or cancelled this: it is done.
                self._set_streams()
                kernel._publish_status("idle", "shell")
            if os.getpid() != process:
                os._exit(0)  # a child that a cell forked, and that came back from the cell
