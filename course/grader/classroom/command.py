"""Run nbgrader's own commands in a course folder."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from course.grader.classroom.course_folder import CourseFolder

PR_SET_PDEATHSIG = 1


class GenerationError(RuntimeError):
    """nbgrader could not generate a folder; the message names the notebook and the reason."""


def nbgrader(folder: CourseFolder, command: str, *arguments: str) -> str:
    """Run an nbgrader command in the course folder and return what it printed.

    Raises
    ------
    GenerationError
        When it fails, with the one line of its output that says why.
    """
    result = _finished(folder, command, *arguments)
    if result.returncode:
        reason = _reason(result.stdout + result.stderr, f"nbgrader {command} failed")
        if "(sqlite3." in reason:
            from course.grader.classroom.gradebook import unusable

            reason = unusable(reason)
        raise GenerationError(reason)
    return result.stdout + result.stderr


def _finished(
    folder: CourseFolder, command: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", command, *arguments],
        cwd=folder.root,
        # No progress bars in what is committed: they differ from one execution to the next.
        env={**os.environ, "PATH": path_with_environment(), "COURSE_QUIET": "1"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=die_with_parent(),
    )


def die_with_parent() -> Callable[[], None] | None:
    """Make what a child runs before its program, so that it never outlives this process.

    Linux ties that to the thread that starts the child, which must therefore wait for it.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died meanwhile
            os._exit(1)

    return ask


def path_with_environment() -> str:
    """PATH with this interpreter's folder first: nbgrader calls ``alembic`` by name."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _reason(text: str, otherwise: str) -> str:
    """The one line among nbgrader's errors that says what is wrong."""
    for pattern in (r"GenerationError: (.+)", r"(?:Error|Exception): (.+)", r"ERROR\] (.+)"):
        if found := re.findall(pattern, text):
            return found[-1]
    return otherwise
