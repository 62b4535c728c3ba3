"""A runner for tests: the grader's steps in a forked child of pytest, without a Jupyter kernel."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
from collections.abc import Sequence

import matplotlib.pyplot  # noqa: F401  (imported here once, not anew in every fork)
import torch  # noqa: F401

from course import emission
from course.grader.kernel.steps import Settings, Step, StepResult


def run_inprocess(steps: Sequence[Step], settings: Settings) -> dict[str, StepResult]:
    """Run steps in order in one namespace of a forked child, and return their results."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        status = 1
        try:
            with os.fdopen(write_end, "wb") as pipe:
                pickle.dump(_run(steps, settings), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        raise RuntimeError("the child died: use the kernel runner for submissions that kill")
    return pickle.loads(data)


def _run(steps: Sequence[Step], settings: Settings) -> dict[str, StepResult]:
    import matplotlib as mpl

    mpl.use("agg")
    sys.modules["__main__"].__dict__.clear()
    namespace = sys.modules["__main__"].__dict__
    namespace["__name__"] = "__main__"
    results = {}
    for step in steps:
        result = results[step.key] = StepResult("ok")
        stdout = io.StringIO()
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
        result.outputs = [stdout.getvalue()]
    return results
