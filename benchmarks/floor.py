"""The floor: what the cells themselves cost in a process that is forked warm, without a kernel."""

from __future__ import annotations

import importlib
import os
import sys
import time

from course.emission import collect
from course.grader.judging.grade import steps_of
from course.grader.kernel.nursery import PRELOAD
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import solution_submission


def floor_seconds(lesson: Lesson) -> float:
    """Seconds from the fork to the end of the child that executes a lesson's graded cells."""
    sys.modules.setdefault("debugpy", None)
    for name in PRELOAD:
        importlib.import_module(name)
    steps = steps_of(lesson, solution_submission(lesson))
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            namespace: dict[str, object] = {"__name__": "__main__"}
            for step in steps:
                if step.hidden:
                    collect(step.source, namespace, exercise=step.exercise, seed=1)
                else:
                    exec(compile(step.source, step.key, "exec"), namespace)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("the solution fails in a forked process")
    return time.monotonic() - started
