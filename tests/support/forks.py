"""nbgrader's commands without a new interpreter for each: its imports take two seconds.

A forked child of the tests has done them. It is a process of its own, as the command is: what it
changes, and how it ends, stays with it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator

import pytest
from nbgrader import api
from nbgrader.apps.nbgraderapp import NbGraderApp

from course.grader.classroom import command
from course.grader.classroom.command import path_with_environment
from course.grader.classroom.course_folder import CourseFolder

STARTS_KERNELS = {"autograde", "generate_solution", "validate"}
"""They run as everywhere: the warm parents of kernels belong to one process."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@contextlib.contextmanager
def forked_commands() -> Iterator[None]:
    """Run nbgrader's commands that start no kernel in forked children."""
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(os, "fork"):
            patch.setattr(command, "_finished", _in_a_fork(command._finished))
        yield


def _in_a_fork(otherwise: Run) -> Run:
    def finished(
        folder: CourseFolder, name: str, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        if name in STARTS_KERNELS:
            return otherwise(folder, name, *arguments)
        api.get_alembic_version()  # asked once for all children (tests/conftest.py)
        with tempfile.TemporaryFile() as printed:
            sys.stdout.flush()
            sys.stderr.flush()
            child = os.fork()
            if child == 0:
                os._exit(_status_of(folder, [name, *arguments], printed.fileno()))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            printed.seek(0)
            text = printed.read().decode()
        return subprocess.CompletedProcess([name, *arguments], status, text, "")

    return finished


def _status_of(folder: CourseFolder, arguments: list[str], printed: int) -> int:
    """Run nbgrader in this child, which prints into a file; its exit status."""
    try:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        os.chdir(folder.root)
        os.environ |= {"PATH": path_with_environment(), "COURSE_QUIET": "1"}
        NbGraderApp.clear_instance()
        NbGraderApp.launch_instance(arguments)
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
