"""One kernel from its start to its kill, and what it says meanwhile.

The kernel may hang, die, flood or lie: time, memory and output are bounded from outside, and what
it sends is counted before it is read, and read as data.
"""

from __future__ import annotations

import contextlib
import signal
import time
from typing import Any

from jupyter_client.manager import KernelManager
from nbformat import NotebookNode

from course.emission import MAX_BYTES, MIME_TYPE
from course.grader.ground.wire import BadPayload, decode
from course.grader.kernel.channel import Channel, Gone, TooMuch, address_of
from course.grader.kernel.confine import Limits
from course.grader.kernel.faults import told
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.messages import Message, NotAMessage, parse, request
from course.grader.kernel.steps import Files, Settings, Step, StepResult

MAX_MESSAGE = 2 * MAX_BYTES
"""Largest message taken from a kernel, all its frames together."""
MAX_OUTPUT = 32 * 2**20
"""Bytes that a cell may send before it is stopped."""
MAX_MESSAGES = 20_000
MAX_KEPT = 200_000
"""Bytes of a cell's output after which no more is kept."""
MAX_SHOWN = 4 * 2**20
"""Bytes of the largest single output that is kept: a picture."""
MAX_KEPT_IN_ALL = 16 * 2**20
"""Bytes of all outputs of one kernel that are kept."""
READY_SECONDS = 60
POLL_SECONDS = 0.1
MEMORY_EVERY = 0.5
LAST_WORDS_SECONDS = 2.0
"""How long a process may take to end after its connection has."""

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
        self.knows = False
        """True once it was sent what a student must not see: a hidden test, or a solution."""
        self._last_memory = 0.0
        self._kept = 0
        self.manager, self._shell, self._broadcast = None, None, None
        try:
            self.manager = _manager(limits, answers, files)
            self.manager.start_kernel() if not _is_warm(self.manager) else self.manager.start()
            self._shell = self._channel("DEALER", self.manager.shell_port)
            self._broadcast = self._channel("SUB", self.manager.iopub_port)
        except Exception as error:
            self.close()
            raise KernelStartError(f"a kernel cannot be started here ({error})") from error

    def _channel(self, kind: str, port: int) -> Channel:
        address = address_of(self.manager.transport, self.manager.ip, port)
        return Channel(address, kind, MAX_MESSAGE)

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
        if not (self._shell.connect() and self._broadcast.connect()):
            time.sleep(0.002)  # its sockets appear a little later
            return False
        asked, frames = request(self.manager.session, "kernel_info_request", {})
        self._shell.send(frames)
        reply = self._await(self._shell, asked, "kernel_info_reply", 1.0)
        # A broadcast may find no listener yet.
        return reply and self._await(self._broadcast, asked, "status", 0.05)

    def _await(self, channel: Channel, asked: str, kind: str, seconds: float) -> bool:
        while (frames := channel.receive(seconds, [self._shell])) is not None:
            message = parse(self.manager.session, frames)
            ended = message.content.get("execution_state", "idle") == "idle"
            if message.request == asked and message.kind == kind and ended:
                return True
        return False

    def responds(self) -> bool:
        """Connect if possible; false when the kernel is gone."""
        try:
            self.connect()
        except KernelStartError:
            return False
        return True

    def close(self) -> None:
        """Kill the kernel without asking and let go of the connections."""
        for channel in (self._shell, self._broadcast):
            if channel is not None:
                channel.close()
        if self.manager is None:
            pass
        elif _is_warm(self.manager):
            self.manager.destroy()
        else:
            with contextlib.suppress(Exception):
                self.manager.shutdown_kernel(now=True)

    def run(self, step: Step, settings: Settings) -> StepResult:
        """Run one step; see :meth:`ask` and :meth:`hear`."""
        return self.hear(step, self.ask(step, settings))

    def ask(self, step: Step, settings: Settings) -> str:
        """Send a step, which runs once those before it have, and return the request's id.

        The replies on this channel say nothing that the broadcast does not, and are left unread.
        """
        content = {
            "code": code_of(step, settings),
            "silent": False,
            "store_history": not step.hidden,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        asked, frames = request(self.manager.session, "execute_request", content)
        with contextlib.suppress(Gone):  # whoever listens for the answer finds out
            self._shell.send(frames)
        self.knows |= step.withheld and not settings.reference
        return asked

    def hear(self, step: Step, asked: str, seconds: float | None = None) -> StepResult:
        """Collect what comes of a step that was sent, until the kernel is done with it.

        What names another request counts for nothing: a step cannot speak for a later one. Of a
        hidden test nothing but its emission is kept.

        Parameters
        ----------
        step : Step
        asked : str
            Id of its request.
        seconds : float, optional
            Time limit, when it is not the step's own.

        Raises
        ------
        KernelLost
            When the step hangs, kills the kernel, or goes over a limit.
        """
        started = time.monotonic()
        limit = step.seconds if seconds is None else seconds
        result = StepResult("ok", knowing=self.knows)
        received = messages = kept = 0
        while True:
            message = self._next_message(started + limit, limit)
            if message is None:
                continue
            messages += 1
            received += message.size
            if received > MAX_OUTPUT or messages > MAX_MESSAGES:
                raise KernelLost(f"stopped: it printed more than {MAX_OUTPUT // 2**20} MB")
            if message.request != asked or message.content is None:
                continue
            if message.kind == "status" and message.content.get("execution_state") == "idle":
                break
            if _is_emission(message):
                result.emissions += _emission_of(message)
            elif message.kind == "error":
                result.status = "error"
                result.cause = _cause_of(message.content, self.knows)
            if kept < MAX_KEPT and self._kept < MAX_KEPT_IN_ALL and not step.hidden:
                kept += _keep(result, message, MAX_KEPT - kept)
        self._kept += kept
        result.seconds = time.monotonic() - started
        return result

    def _next_message(self, deadline: float, seconds: float) -> Message | None:
        """Wait a moment for a message, and see that the kernel is alive and within its limits."""
        now = time.monotonic()
        if now > deadline:
            raise KernelLost(f"stopped after {seconds:.0f} s")
        wait = min(POLL_SECONDS, deadline - now)
        message = None
        try:
            frames = self._broadcast.receive(wait, [self._shell])
            if frames is not None:
                message = parse(self.manager.session, frames)
        except TooMuch:
            limit = MAX_MESSAGE // 2**20
            raise KernelLost(f"stopped: it sent more than {limit} MB in one message") from None
        except NotAMessage as error:
            raise KernelLost("stopped: its kernel sent what is not a message") from error
        except Gone:
            self._await_end()
            raise KernelLost("stopped: its kernel closed its connection") from None
        if message is None:
            self._check_alive()
        if now - self._last_memory > MEMORY_EVERY:
            self._last_memory = now
            self._check_memory()
        return message

    def _await_end(self) -> None:
        """Give a kernel that is silent for good the time to die, and say of what it died."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while time.monotonic() < deadline:
            self._check_alive()
            time.sleep(0.01)

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


def code_of(step: Step, settings: Settings) -> str:
    """Code that a kernel executes for a step; a hidden test is run and its emission published."""
    if not step.hidden:
        return step.source
    return (
        f"__import__('course.emission').emission.publish({step.source!r}, "
        f"exercise={step.exercise!r}, seed={settings.seed!r}, "
        f"reference={settings.reference!r}, device={settings.device!r})"
    )


def _manager(limits: Limits, answers: bool, files: Files) -> KernelManager:
    if isolation_in_force().fork:
        from course.grader.kernel.warm import WarmKernelManager

        manager = WarmKernelManager(limits, answers)
        manager.bring(files)
        return manager
    return KernelManager(kernel_name="python3")


def _is_warm(manager: KernelManager) -> bool:
    return hasattr(manager, "destroy")


def _is_emission(message: Message) -> bool:
    data = message.content.get("data")
    shown = message.kind in {"display_data", "execute_result"}
    return shown and isinstance(data, dict) and MIME_TYPE in data


def _emission_of(message: Message) -> list[bytes]:
    """The emission in a display; a cell's value is none."""
    if message.kind != "display_data":
        return []
    try:
        return [decode(message.content["data"][MIME_TYPE])]
    except BadPayload:
        return [b""]


def _cause_of(content: dict[str, Any], knows: bool) -> str:
    """What a cell raised; where the kernel knows more than the student, the kind of error alone."""
    name, value = str(content.get("ename", "")), str(content.get("evalue", ""))
    return told(name, value) if knows else f"{name}: {value}"[:400]


def _keep(result: StepResult, message: Message, left: int) -> int:
    """Put a message among a cell's outputs; return the bytes that it takes."""
    kinds = {"stream", "display_data", "execute_result", "error"}
    if message.kind not in kinds or _is_emission(message) or message.size > MAX_SHOWN:
        return 0
    output = _output(message.kind, message.content)
    if message.kind == "stream":
        text = output.text[:left]
        last = result.outputs[-1] if result.outputs else None
        if last is not None and last.output_type == "stream" and last.name == output.name:
            last.text += text
            return len(text)
        output.text = text
    result.outputs.append(output)
    return message.size


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
