"""Where things lie in a course folder, and the seed of its grading runs."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.grader.ground.files import write_atomically
from course.grader.notebooks.lesson import Lesson, LessonError, lessons_of


class FolderError(RuntimeError):
    """The course folder is not as it must be; the message says what, where and how to mend it."""


@dataclass(frozen=True)
class CourseFolder:
    """A course folder: the one with ``nbgrader_config.py``.

    Attributes
    ----------
    root : pathlib.Path
    """

    root: Path

    @property
    def source(self) -> Path:
        """The source notebooks."""
        return self.root / "source"

    @property
    def release(self) -> Path:
        """The starters."""
        return self.root / "release"

    @property
    def submitted(self) -> Path:
        """What students handed in: ``submitted/<student>/<lesson>/``."""
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        """What the grader wrote."""
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        """Pages for the students."""
        return self.root / "feedback"

    @property
    def private(self) -> Path:
        """The grader's own files: references, seeds, the state of runs."""
        return self.root / ".grader"

    @property
    def references(self) -> Path:
        """Stored references."""
        return self.private / "references"

    @cached_property
    def lesson_names(self) -> list[str]:
        """Lessons that have a source."""
        return sorted({path.parent.name for path in self.source.glob("*/*.ipynb")})

    def lessons(self, assignment: str) -> list[Lesson]:
        """Parse a lesson's notebooks.

        Raises
        ------
        LessonError
            When there is no such lesson or a notebook breaks the rules.
        """
        return lessons_of(self.source, assignment)

    def lesson(self, assignment: str, notebook: str) -> Lesson:
        """Parse one notebook of a lesson."""
        for lesson in self.lessons(assignment):
            if lesson.notebook == notebook:
                return lesson
        raise LessonError(f"{assignment} has no notebook named {notebook!r}")

    def starter(self, lesson: Lesson) -> NotebookNode | None:
        """Return the released starter of a lesson, or ``None`` when it is not generated."""
        path = self.release / lesson.assignment / f"{lesson.notebook}.ipynb"
        return nbformat.read(path, as_version=4) if path.is_file() else None

    def students(self, assignment: str) -> list[str]:
        """Students who handed in something for a lesson, sorted."""
        if not self.submitted.is_dir():
            return []
        return sorted(p.name for p in self.submitted.iterdir() if (p / assignment).is_dir())

    def seed(self, assignment: str) -> int:
        """Seed of a lesson's grading runs: drawn once, the same for the whole class, recorded.

        Raises
        ------
        FolderError
            When it cannot be recorded.
        """
        path = self.private / f"{assignment}.json"
        with contextlib.suppress(FileNotFoundError):
            try:
                return int(json.loads(path.read_text())["seed"])
            except (ValueError, KeyError, TypeError) as error:
                raise FolderError(f"{path} is damaged; delete it to draw a new seed") from error
        return self.new_seed(assignment)

    def new_seed(self, assignment: str) -> int:
        """Draw and record a new seed, so that the next run uses inputs nobody has seen."""
        seed = secrets.randbelow(2**31)
        path = self.private / f"{assignment}.json"
        try:
            write_atomically(path, json.dumps({"seed": seed}).encode())
        except OSError as error:
            raise FolderError(
                f"cannot write to {self.private} ({error.strerror}); make the folder writable"
            ) from error
        return seed


def find_course(start: Path | None = None) -> CourseFolder:
    """Find the course folder at or above a path.

    Raises
    ------
    FolderError
        When there is none.
    """
    start = (start or Path(os.environ.get("COURSE_ROOT") or Path.cwd())).resolve()
    for folder in (start, *start.parents):
        if (folder / "nbgrader_config.py").is_file():
            return CourseFolder(folder)
    raise FolderError(f"no nbgrader_config.py at or above {start}; run this in the course folder")
