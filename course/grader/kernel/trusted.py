"""The course's own code in a forked child, without a Jupyter kernel: the bank, examples, tests."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot  # imported here once, not anew in every fork
import torch  # noqa: F401

from course import emission
from course.grader.kernel.steps import Settings, Step, StepResult


class ChildDied(RuntimeError):
    """A forked child ended without a result: use the kernel runner for submissions that kill."""


def fork(function: Callable[[Connection], None]) -> tuple[int, Connection]:
    """Run ``function`` in a forked child; return the child's id and a connection to it."""
    ours, theirs = Pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ours.close()
            function(theirs)
            status = 0
        finally:
            if status:
                sys.excepthook(*sys.exc_info())
            os._exit(status)
    theirs.close()
    return child, ours


def forked(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``function`` in a forked child and return what it returned."""
    child, connection = fork(lambda connection: connection.send(function(*arguments)))
    try:
        return connection.recv()
    except EOFError:
        raise ChildDied("the child died without a result") from None
    finally:
        connection.close()
        os.waitpid(child, 0)


def run_inprocess(steps: Sequence[Step], settings: Settings) -> dict[str, StepResult]:
    """Run steps in order in one namespace of a forked child, and return their results."""
    return forked(lambda: run_steps(steps, fresh_namespace(), settings))


def fresh_namespace() -> dict[str, Any]:
    """Empty the module ``__main__`` of this process and return its names."""
    mpl.use("agg")
    namespace = sys.modules["__main__"].__dict__
    namespace.clear()
    namespace["__name__"] = "__main__"
    return namespace


def run_steps(
    steps: Sequence[Step], namespace: dict[str, Any], settings: Settings
) -> dict[str, StepResult]:
    """Run steps in order in a namespace of this process."""
    return {step.key: run_step(step, namespace, settings) for step in steps}


def run_step(step: Step, namespace: dict[str, Any], settings: Settings) -> StepResult:
    """Run one step in a namespace of this process."""
    result = StepResult("ok")
    stdout = io.StringIO()
    begin = time.perf_counter()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(io.StringIO()):
        try:
            if step.hidden:
                result.emissions = [
                    emission.collect(
                        step.source,
                        namespace,
                        exercise=step.exercise,
                        seed=settings.seed,
                        reference=settings.reference,
                        device=settings.device,
                    )
                ]
            else:
                code = compile(step.source, f"<{step.key}>", "exec", dont_inherit=True)
                exec(code, namespace)
        except BaseException as error:  # a student may raise anything
            result.status, result.cause = "error", f"{type(error).__name__}: {error}"
    result.seconds = time.perf_counter() - begin
    result.outputs = [stdout.getvalue()]
    return result
