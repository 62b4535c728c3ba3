"""A Jupyter kernel in one thread, for grading.

ipykernel hands every message through four threads, so that a user may interrupt, debug and ask for
completions while a cell runs. Nobody does that while a class is graded, and each hand-over costs
more than a graded cell does. Here the same kernel, with the same shell, answers the same messages
from its main thread: it takes one, runs it, sends what came of it, and takes the next.

What differs from ipykernel: there is no heartbeat, no standard input, no debugger and no subshell;
what a child process or compiled code prints appears at the end of the cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import zmq
from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets import Type

from course.grader.kernel.shell import OneThreadShell, QuickNames
from course.grader.kernel.streams import DirectPublisher, DirectStream

MAX_WAITING = 200
"""Messages that wait for the grader before the kernel does."""
IDLE_MILLISECONDS = 50
"""How long a student's own asyncio tasks may wait for their turn while no cell runs."""


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

    def serve(self, connection_file: str, listeners: Mapping[int, int] | None = None) -> None:
        """Open the sockets that the grader named and answer until the process is killed.

        Parameters
        ----------
        connection_file : str
            Names the sockets.
        listeners : mapping of int to int, optional
            Descriptors of sockets that listen already, by port.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # while no cell runs
        self.connection_file, self._listeners = connection_file, dict(listeners or {})
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
        if port in self._listeners:
            socket.setsockopt(zmq.USE_FD, self._listeners[port])
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
