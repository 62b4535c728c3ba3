"""Where things lie in a course folder, and the seed of its grading runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from course.grader.ground.files import write_atomically
from course.grader.ground.text import one_line
from course.grader.notebooks.lesson import Lesson, LessonError, lessons_of
from course.grader.notebooks.submitted import NOTEBOOK_NAME, Found, collect, packed_lesson


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
        """Return the released starter of a lesson, or ``None`` when it is not generated.

        Raises
        ------
        FolderError
            When it is damaged.
        """
        path = self.release / lesson.assignment / f"{lesson.notebook}.ipynb"
        try:
            return nbformat.read(path, as_version=4) if path.is_file() else None
        except ValueError as error:
            raise FolderError(
                f"{path} is damaged: run `make release LESSON={lesson.assignment}`"
            ) from error

    def students(self, assignment: str) -> list[str]:
        """Students who handed in something for a lesson, sorted.

        Raises
        ------
        FolderError
            When a folder's name is no student's: neither a gradebook nor a page could hold it.
        """
        if not self.submitted.is_dir():
            return []
        students = sorted(
            path.name
            for path in self.submitted.iterdir()
            if not path.name.startswith(".")
            and (_may_exist(path / assignment) or packed_lesson(path / assignment))
        )
        if odd := next((name for name in students if not name.isprintable()), ""):
            raise FolderError(
                f"{self.submitted} has a folder {odd!a}, whose name is not plain text in "
                "UTF-8: give it the student's id as its name"
            )
        return students

    def astray(self, assignment: str) -> list[str]:
        """Name what looks like work but lies in no lesson's folder, where nobody grades it."""
        wanted, lessons = _plain(assignment), set(self.lesson_names)
        found = []
        for path in sorted([*self.submitted.glob("[!.]*"), *self.submitted.glob("[!.]*/[!.]*")]):
            if path.name in lessons and path.parent != self.submitted:
                continue
            alike = _plain(path.name).startswith(wanted) and path.suffix.lower() != ".zip"
            if alike if path.is_dir() else NOTEBOOK_NAME.search(path.name):
                found.append(one_line(path.relative_to(self.submitted), 120))
        return found

    def handed_in(
        self,
        student: str,
        lessons: Sequence[Lesson],
        starters: Mapping[str, NotebookNode | None] | None = None,
    ) -> dict[str, Found]:
        """Find what a student handed in for the notebooks of one lesson.

        Parameters
        ----------
        student : str
        lessons : sequence of Lesson
            All notebooks of the lesson.
        starters : mapping of str to nbformat.NotebookNode or None, optional
            What students got, by notebook, where it was read already.

        Returns
        -------
        dict of str to Found
            By notebook, for every one of the lesson's.
        """
        here = self.submitted / student / lessons[0].assignment
        if starters is None:
            starters = {lesson.notebook: self.starter(lesson) for lesson in lessons}
        return collect(here, lessons, starters, self._holder_of)

    def _holder_of(self, ids: frozenset[str]) -> tuple[str, int]:
        """The course's notebook that has most of some graded cells, and how many."""
        counts = {where: len(ids & known) for where, known in self._cells_of_all.items()}
        where = max(counts, key=counts.__getitem__, default="")
        return where, counts.get(where, 0)

    @cached_property
    def _cells_of_all(self) -> dict[str, set[str]]:
        """Ids of the graded cells of every notebook of the course, by ``lesson/notebook``."""
        return {
            f"{path.parent.name}/{path.stem}": set(
                re.findall(r'"grade_id"\s*:\s*"([^"\\]+)"', path.read_text(encoding="utf-8"))
            )
            for path in sorted(self.source.glob("*/*.ipynb"))
        }

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


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _may_exist(path: Path) -> bool:
    """Tell whether something is there; where we may not look, something may be."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


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


def course_of(config: Config) -> CourseFolder:
    """Find the course folder that an nbgrader program works in, wherever it was started.

    Parameters
    ----------
    config : traitlets.config.Config
        The program's; ``nbgrader_config.py`` names the folder. ``COURSE_ROOT`` comes first, and
        without either it is the folder at or above this one.

    Raises
    ------
    FolderError
        When there is none.
    """
    root = config.CourseDirectory.get("root")
    named = isinstance(root, str) and root and not os.environ.get("COURSE_ROOT")
    return find_course(Path(root) if named else None)
