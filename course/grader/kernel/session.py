"""One kernel from its start to its kill, and what it says meanwhile.

The kernel may hang, die, flood or lie: time, memory and output are bounded from outside, and what
it sends is read as data.
"""

from __future__ import annotations

import contextlib
import signal
import time
from typing import Any

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode

from course.emission import MAX_BYTES, MIME_TYPE
from course.grader.ground.wire import BadPayload, decode
from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.steps import Files, Settings, Step, StepResult

MAX_MESSAGE = 2 * MAX_BYTES
"""Largest message taken from a kernel; ZeroMQ drops the connection of a larger one."""
MAX_OUTPUT = 32 * 2**20
"""Bytes a cell may print before it is stopped."""
MAX_KEPT = 200_000
"""Characters of a cell's output that are kept."""
MAX_MESSAGES = 20_000
READY_SECONDS = 60
POLL_SECONDS = 0.1
MEMORY_EVERY = 0.5

SIGNALS = {
    -4: "an illegal instruction",
    -6: "an abort",
    -7: "a bus error",
    -8: "a floating-point trap",
    -9: "a kill",
    -11: "a segmentation fault",
    -15: "a termination signal",
    -24: "too much processor time",
    -25: "a file that is too large",
}


class KernelStartError(RuntimeError):
    """No kernel can be started on this machine; the message says why."""


class KernelLost(Exception):
    """The kernel is of no more use; the message says what the cell did, in words."""


class KernelDied(KernelLost):
    """The kernel ended by itself: what it said last may not have arrived."""


class Session:
    """One kernel, from its start to its kill.

    The constructor starts the kernel and returns; :meth:`connect` waits until it answers.
    """

    def __init__(self, limits: Limits, answers: bool = False, files: Files = ()) -> None:
        self.limits = limits
        self._context = zmq.Context()
        self._context.setsockopt(zmq.LINGER, 0)
        self._context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        self._context.setsockopt(zmq.RECONNECT_IVL, 5)  # its sockets appear a little later
        self._last_memory = 0.0
        self.manager = None
        try:
            self.manager = _manager(self._context, limits, answers, files)
            self.manager.start_kernel() if not _is_warm(self.manager) else self.manager.start()
            self.client: BlockingKernelClient = self.manager.blocking_client()
            self.client.start_channels(stdin=False, hb=False, control=False)
        except Exception as error:
            self.close()
            raise KernelStartError(f"a kernel cannot be started here ({error})") from error

    def connect(self) -> None:
        """Wait until the kernel answers and its outputs are heard.

        Raises
        ------
        KernelStartError
            When it dies or stays silent.
        """
        deadline = time.monotonic() + READY_SECONDS
        try:
            while not self._answers():
                self._check_alive()
                if time.monotonic() > deadline:
                    raise KernelLost(f"it is silent after {READY_SECONDS} s")
        except Exception as error:
            self.close()
            raise KernelStartError(f"a kernel cannot be started here ({error})") from error

    def _answers(self) -> bool:
        """Ask once; true when both the reply and the end of the broadcast come back."""
        request = self.client.kernel_info()
        heard = {"kernel_info_reply": 1.0, "idle": 0.05}  # a broadcast may find no listener yet
        for channel, (kind, seconds) in zip(self._sockets(), heard.items(), strict=True):
            while True:
                message = self._receive(channel, seconds)
                if message is None:
                    return False
                state = message["content"].get("execution_state", message["msg_type"])
                if message["parent_header"].get("msg_id") == request and state == kind:
                    break
        return True

    def _sockets(self) -> tuple[zmq.Socket, zmq.Socket]:
        """The sockets themselves: the client's own methods start an event loop for each message."""
        return self.client.shell_channel.socket, self.client.iopub_channel.socket

    def _receive(self, socket: zmq.Socket, seconds: float) -> dict[str, Any] | None:
        if not socket.poll(round(1000 * seconds)):
            return None
        return self.client.session.recv(socket, mode=zmq.NOBLOCK)[1]

    def responds(self) -> bool:
        """Connect if possible; false when the kernel is gone."""
        try:
            self.connect()
        except KernelStartError:
            return False
        return True

    def close(self) -> None:
        """Kill the kernel without asking and let go of the sockets."""
        with contextlib.suppress(Exception):
            self.client.stop_channels()
        if self.manager is None:
            pass
        elif _is_warm(self.manager):
            self.manager.destroy()
        else:
            with contextlib.suppress(Exception):
                self.manager.shutdown_kernel(now=True)
        with contextlib.suppress(zmq.ZMQError):
            self._context.destroy(linger=0)

    def run(self, step: Step, settings: Settings) -> StepResult:
        """Run one step; see :meth:`ask` and :meth:`hear`."""
        return self.hear(step, self.ask(step, settings))

    def ask(self, step: Step, settings: Settings) -> str:
        """Send a step, which runs once those before it have, and return the request's id."""
        return self.client.execute(
            code_of(step, settings),
            store_history=not step.hidden,
            allow_stdin=False,
            stop_on_error=False,
        )

    def hear(self, step: Step, request: str) -> StepResult:
        """Collect what comes of a step that was sent, until the kernel is done with it.

        What names another request counts for nothing: a step cannot speak for a later one.

        Raises
        ------
        KernelLost
            When the step hangs, kills the kernel, or goes over a limit.
        """
        started = time.monotonic()
        result = StepResult("ok")
        received = messages = 0
        while True:
            message = self._next_message(started + step.seconds, step.seconds)
            if message is None:
                continue
            messages += 1
            content, kind = message["content"], message["msg_type"]
            if message["parent_header"].get("msg_id") != request:
                if messages > MAX_MESSAGES:
                    raise KernelLost("stopped: it printed without end")
                continue
            if kind == "status" and content.get("execution_state") == "idle":
                break
            received += _size(content)
            if received > MAX_OUTPUT or messages > MAX_MESSAGES:
                raise KernelLost(f"stopped: it printed more than {MAX_OUTPUT // 2**20} MB")
            _collect(result, message, kind, content)
        result.seconds = time.monotonic() - started
        self._drop_replies()
        return result

    def _next_message(self, deadline: float, seconds: float) -> dict[str, Any] | None:
        """Wait a moment for a message, and see that the kernel is alive and within its limits."""
        now = time.monotonic()
        if now > deadline:
            raise KernelLost(f"stopped after {seconds:.0f} s")
        try:
            message = self._receive(self._sockets()[1], POLL_SECONDS)
        except Exception as error:  # whatever bytes a kernel sends in place of a message
            raise KernelLost("stopped: its kernel sent what is not a message") from error
        if message is None:
            self._check_alive()
        if now - self._last_memory > MEMORY_EVERY:
            self._last_memory = now
            self._check_memory()
        if message is not None and not _well_formed(message):
            raise KernelLost("stopped: its kernel sent what is not a message")
        return message

    def _check_alive(self) -> None:
        process = getattr(self.manager.provisioner, "process", None)
        code = process.poll() if process is not None else None
        if code is not None:
            if code == -signal.SIGKILL and self._too_much_memory():
                raise KernelDied(self._memory_cause())
            why = SIGNALS.get(code, f"signal {-code}" if code < 0 else f"exit code {code}")
            raise KernelDied(f"its kernel died ({why})")

    def _check_memory(self) -> None:
        """Ask the control group; measure where there is none."""
        if not _is_warm(self.manager):
            return
        from course.grader.kernel.warm import memory_of

        pid = self.manager.provisioner.process.pid
        if self._too_much_memory() or (
            self.manager.group is None and memory_of(pid) > self.limits.memory
        ):
            raise KernelLost(self._memory_cause())

    def _too_much_memory(self) -> bool:
        group = self.manager.group if _is_warm(self.manager) else None
        return group is not None and group.exceeded()

    def _memory_cause(self) -> str:
        return f"stopped: it used more than {self.limits.memory / 2**30:g} GiB of memory"

    def _drop_replies(self) -> None:
        with contextlib.suppress(zmq.ZMQError):
            while True:
                self._sockets()[0].recv_multipart(zmq.NOBLOCK)


def code_of(step: Step, settings: Settings) -> str:
    """Code that a kernel executes for a step; a hidden test is run and its emission published."""
    if not step.hidden:
        return step.source
    return (
        f"__import__('course.emission').emission.publish({step.source!r}, "
        f"exercise={step.exercise!r}, seed={settings.seed!r}, "
        f"reference={settings.reference!r}, device={settings.device!r})"
    )


def _manager(context: zmq.Context, limits: Limits, answers: bool, files: Files) -> KernelManager:
    if isolation_in_force().fork:
        from course.grader.kernel.warm import WarmKernelManager

        manager = WarmKernelManager(limits, answers, context=context)
        manager.bring(files)
        return manager
    return KernelManager(context=context, kernel_name="python3")


def _is_warm(manager: KernelManager) -> bool:
    return hasattr(manager, "destroy")


def _well_formed(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and isinstance(message.get("content"), dict)
        and isinstance(message.get("parent_header"), dict)
        and isinstance(message.get("msg_type"), str)
    )


def _size(content: dict[str, Any]) -> int:
    if "text" in content:
        return len(str(content["text"]))
    data = content.get("data")
    return sum(len(str(value)) for value in data.values()) if isinstance(data, dict) else 0


def _collect(
    result: StepResult, message: dict[str, Any], kind: str, content: dict[str, Any]
) -> None:
    """Put a message where it belongs: an emission, an output, or an error of the cell."""
    if kind == "error":
        result.status = "error"
        name, value = str(content.get("ename", "")), str(content.get("evalue", ""))
        result.cause = f"{name}: {value}"[:400]
    data = content.get("data")
    if kind in {"display_data", "execute_result"} and isinstance(data, dict) and MIME_TYPE in data:
        if kind == "display_data":
            try:
                result.emissions.append(decode(data[MIME_TYPE]))
            except BadPayload:
                result.emissions.append(b"")
        return
    if kind not in {"stream", "display_data", "execute_result", "error"}:
        return
    output = _output(kind, content)
    kept = sum(_size(o) for o in result.outputs)
    if kept > MAX_KEPT:
        return
    last = result.outputs[-1] if result.outputs else None
    if kind == "stream":
        text = output.text[: MAX_KEPT - kept]
        if last is not None and last.output_type == "stream" and last.name == output.name:
            last.text += text
            return
        output.text = text
    result.outputs.append(output)


def _output(kind: str, content: dict[str, Any]) -> NotebookNode:
    """A message's content as an output of a notebook; whoever shows it cleans it first."""
    if kind == "stream":
        name = "stderr" if content.get("name") == "stderr" else "stdout"
        return NotebookNode(output_type=kind, name=name, text=str(content.get("text", "")))
    if kind == "error":
        lines = content.get("traceback")
        return NotebookNode(
            output_type=kind,
            ename=str(content.get("ename", "")),
            evalue=str(content.get("evalue", "")),
            traceback=[str(line) for line in lines] if isinstance(lines, list) else [],
        )
    data = content.get("data")
    known = data if isinstance(data, dict) else {}
    return NotebookNode(output_type="display_data", data=known, metadata={})
