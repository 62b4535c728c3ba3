"""Run steps in Jupyter kernels that may hang, die, flood or lie; keep what the rest earned.

A step that hangs or kills its kernel is stopped from outside by a kill. A fresh kernel then runs
everything but the offending cell (and the other cells of its exercise), so that it costs its own
exercise and nothing else.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import queue
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

from course.emission import MAX_BYTES, MIME_TYPE
from course.grader.confine import Limits
from course.grader.isolation import isolation_in_force
from course.grader.payload import BadPayload, decode
from course.grader.steps import Files, Settings, Step, StepResult

log = logging.getLogger(__name__)

MAX_MESSAGE = 2 * MAX_BYTES
"""Largest message taken from a kernel; ZeroMQ drops the connection of a larger one."""
MAX_OUTPUT = 32 * 2**20
"""Bytes a cell may print before it is stopped."""
MAX_KEPT = 200_000
"""Characters of a cell's output that are kept."""
MAX_MESSAGES = 20_000
MAX_RESTARTS = 8
MAX_LOST_EXTRAS = 3
"""Once so many of a student's own cells had to be stopped, the others are left out."""
EXTRA_SECONDS = 120.0
"""Seconds for all of a student's own cells together."""
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
            self.client.start_channels(hb=False)
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
        message_id = self.client.kernel_info()
        try:
            while self.client.get_shell_msg(timeout=1)["parent_header"].get("msg_id") != message_id:
                pass
            while True:  # a broadcast from before the subscription is lost: then ask again
                message = self.client.get_iopub_msg(timeout=0.05)
                mine = message["parent_header"].get("msg_id") == message_id
                if mine and message["content"].get("execution_state") == "idle":
                    return True
        except queue.Empty:
            return False

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
        """Run one step.

        Raises
        ------
        KernelLost
            When the step hangs, kills the kernel, or goes over a limit.
        """
        started = time.monotonic()
        message_id = self.client.execute(
            code_of(step, settings),
            store_history=not step.hidden,
            allow_stdin=False,
            stop_on_error=False,
        )
        result = StepResult("ok")
        received = messages = 0
        while True:
            message = self._next_message(started + step.seconds, step.seconds)
            if message is None:
                continue
            messages += 1
            content, kind = message["content"], message["msg_type"]
            if message["parent_header"].get("msg_id") != message_id:
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
        self._drain_replies()
        return result

    def _next_message(self, deadline: float, seconds: float) -> dict[str, Any] | None:
        """Wait a moment for a message, and see that the kernel is alive and within its limits."""
        now = time.monotonic()
        if now > deadline:
            raise KernelLost(f"stopped after {seconds:.0f} s")
        message = None
        try:
            message = self.client.get_iopub_msg(timeout=POLL_SECONDS)
        except queue.Empty:
            self._check_alive()
        except Exception as error:  # whatever bytes a kernel sends in place of a message
            raise KernelLost("stopped: its kernel sent what is not a message") from error
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
                raise KernelLost(self._memory_cause())
            why = SIGNALS.get(code, f"signal {-code}" if code < 0 else f"exit code {code}")
            raise KernelLost(f"its kernel died ({why})")

    def _check_memory(self) -> None:
        """Ask the control group; measure where there is none."""
        if not _is_warm(self.manager):
            return
        from course.grader.warm import memory_of

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

    def _drain_replies(self) -> None:
        with contextlib.suppress(Exception):
            while True:
                self.client.get_shell_msg(timeout=0)


def run_in_kernels(
    steps: Sequence[Step],
    settings: Settings,
    limits: Limits | None = None,
    files: Files = (),
) -> dict[str, StepResult]:
    """Run steps in order, restarting after a lost kernel without the cell that lost it.

    Parameters
    ----------
    steps : sequence of Step
    settings : Settings
        Seed, device, and whether the reference is being made.
    limits : Limits, optional
        What each kernel may use.
    files : sequence of (str, bytes), optional
        What lies beside the notebook in the kernel's folder.

    Returns
    -------
    dict of str to StepResult
        A result for every step.
    """
    progress = _Progress()
    results = progress.results
    for _ in range(MAX_RESTARTS):
        lost = _run_once(steps, settings, limits or Limits(), files, progress)
        if lost is None:
            break
        step, cause = lost
        results[step.key] = StepResult("stopped", cause=f"{cause} in {_name(step)}")
        if step.exercise:
            progress.lost_exercises.setdefault(step.exercise, results[step.key].cause)
        progress.extras_lost += step.extra
    for step in steps:
        results.setdefault(step.key, StepResult(cause="not run: too many cells had to be stopped"))
    return results


@dataclass
class _Progress:
    """What one submission's kernels have come to so far."""

    results: dict[str, StepResult] = field(default_factory=dict)
    lost_exercises: dict[str, str] = field(default_factory=dict)
    extras_lost: int = 0
    extra_seconds: float = field(default_factory=lambda: EXTRA_SECONDS)

    def refuses(self, step: Step) -> str:
        """Say why a student's own cell is left out, if it is."""
        if not step.extra:
            return ""
        if self.extras_lost >= MAX_LOST_EXTRAS:
            return f"not run: {MAX_LOST_EXTRAS} cells of the student's own had to be stopped"
        if self.extra_seconds <= 0:
            return f"not run: the student's own cells took more than {EXTRA_SECONDS:.0f} s together"
        return ""


_standby: Session | None = None
_standby_lock = threading.Lock()


def open_session(limits: Limits, answers: bool = False, files: Files = ()) -> Session:
    """Connect to a kernel that was started ahead, or to a new one, and start the next ahead.

    A kernel that waits is as fresh as a new one: it has run nothing, and nobody else can reach it.
    """
    global _standby
    with _standby_lock:
        session, _standby = _standby, None
    if session is None or answers or files or session.limits != limits or not session.responds():
        if session is not None:
            session.close()
        session = Session(limits, answers, files)
        session.connect()
    if not answers and not files and _is_warm(session.manager):
        with _standby_lock, contextlib.suppress(KernelStartError):
            _standby = Session(limits)
    return session


@atexit.register
def close_standby() -> None:
    """Kill the kernel that waits, if there is one."""
    global _standby
    with _standby_lock:
        session, _standby = _standby, None
    if session is not None:
        session.close()


def code_of(step: Step, settings: Settings) -> str:
    """Code that a kernel executes for a step; a hidden test is run and its emission published."""
    if not step.hidden:
        return step.source
    return (
        f"__import__('course.emission').emission.publish({step.source!r}, "
        f"exercise={step.exercise!r}, seed={settings.seed!r}, "
        f"reference={settings.reference!r}, device={settings.device!r})"
    )


def _run_once(
    steps: Sequence[Step], settings: Settings, limits: Limits, files: Files, progress: _Progress
) -> tuple[Step, str] | None:
    """Run in one kernel what is left to run; return the step that lost it, or ``None``."""
    session = open_session(limits, settings.reference, files)
    tests, results = _test_keys(steps), progress.results
    try:
        for step in steps:
            known = results.get(step.key)
            if known is not None and (known.status == "stopped" or step.key in tests):
                continue  # stopped for good, or a test whose result is in
            if step.exercise in progress.lost_exercises:
                cause = progress.lost_exercises[step.exercise]
                results[step.key] = StepResult("skipped", cause=cause)
                continue
            if cause := progress.refuses(step):
                results[step.key] = StepResult("skipped", cause=cause)
                continue
            started = time.monotonic()
            try:
                result = session.run(step, settings)
            except KernelLost as lost:
                return step, str(lost)
            finally:
                if step.extra:
                    progress.extra_seconds -= time.monotonic() - started
            results.setdefault(step.key, result)
    finally:
        session.close()
    return None


def _test_keys(steps: Sequence[Step]) -> set[str]:
    from course.grader.lesson import VISIBLE_SUFFIX

    return {s.key for s in steps if s.hidden or (s.exercise and s.key.endswith(VISIBLE_SUFFIX))}


def _name(step: Step) -> str:
    if step.hidden:
        return f"the hidden test of {step.exercise}"
    return f"the cell {step.key}"


def _manager(context: zmq.Context, limits: Limits, answers: bool, files: Files) -> KernelManager:
    if isolation_in_force().fork:
        from course.grader.warm import WarmKernelManager

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
    try:
        output: NotebookNode = output_from_msg(message)
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    kept = sum(_size(o) for o in result.outputs)
    if kept > MAX_KEPT:
        return
    last = result.outputs[-1] if result.outputs else None
    if kind == "stream":
        text = str(output.get("text", ""))[: MAX_KEPT - kept]
        if last is not None and last.output_type == "stream" and last.name == output.name:
            last.text += text
            return
        output.text = text
    result.outputs.append(output)
