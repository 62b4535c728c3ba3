"""Write the class reports: gather what is kept on disk, draw the pages, put the tables beside."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbgrader.api import Gradebook, MissingEntry

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.results import applied_results
from course.grader.classroom.roster import members_of
from course.grader.ground.files import write_atomically
from course.grader.ground.text import one_line
from course.grader.judging.outcome import Outcome, Run
from course.grader.pages import report
from course.grader.pages.roll import Roll
from course.grader.pages.since_last import Before, remember

if TYPE_CHECKING:
    from course.grader.pages.frame import Page
    from course.grader.pages.lesson_page import Graded, Summary

log = logging.getLogger(__name__)

COURSE = "course"
"""Name of the whole course's report, in place of a lesson's."""
BEFORE = "before.json"


def report_path(folder: CourseFolder, name: str) -> Path:
    """Where the report on a lesson (or :data:`COURSE`) lies; its tables lie in a folder beside."""
    return folder.private / f"report-{name}.html"


def write_lesson_report(folder: CourseFolder, run: Run) -> Path:
    """Write the report on a lesson after a run, whatever happens: it never stops a grading run.

    Students whom the run left out are in it as they were graded before. If the report cannot be
    drawn, that is one line of the log, and plain tables of the run take its place.

    Returns
    -------
    pathlib.Path
        The page.
    """
    path = report_path(folder, run.assignment)
    try:
        _write_lesson(folder, run)
    except Exception as error:  # a library, a disk, a notebook that nobody foresaw
        why = one_line(f"{type(error).__name__}: {error}", 300)
        log.warning("the class report cannot be drawn (%s); %s has plain tables", why, path)
        try:
            write_atomically(path, report.page(run).encode())
        except OSError as error:
            log.warning("%s cannot be written (%s)", path, error.strerror)
    return path


def write_course_report(folder: CourseFolder) -> tuple[Path, list[Path]]:
    """Write the report on the course, and that on each lesson, from what is kept on disk.

    Returns
    -------
    page : pathlib.Path
    lessons : list of pathlib.Path

    Raises
    ------
    FolderError
        When nothing is graded yet, or a report cannot be written.
    """
    from course.grader.pages.course_page import course_page, totals

    graded = [name for name in folder.lesson_names if any(applied_results(folder, name))]
    if not graded:
        raise FolderError("nothing is graded yet: run `make autograde LESSON=...` first")
    path = report_path(folder, COURSE)
    try:
        summaries = [_write_lesson(folder, Run(name, ""), path) for name in graded]
        now = _now()
        before = _remember(folder, COURSE, totals(summaries), now)
        addresses = {name: report_path(folder, name).name for name in graded}
        page = course_page(summaries, now, before, _tables(path).name, addresses)
        _write(path, page)
    except OSError as error:
        if error.filename and folder.private not in Path(error.filename).parents:
            raise  # what it is made from cannot be read
        raise FolderError(
            f"cannot write the report into {folder.private} ({error.strerror}); "
            "make the folder writable"
        ) from error
    return path, [report_path(folder, name) for name in graded]


def _write_lesson(folder: CourseFolder, run: Run, course: Path | None = None) -> Summary:
    """Write one lesson's report, which leads to the course's where there is one, and sum it up."""
    # Drawing needs pandas and seaborn: who only lists commands does not wait for them.
    from course.grader.pages.lesson_page import lesson_page, points_of, summary_of

    graded = gathered(folder, run)
    summary = summary_of(graded)
    now = _now()
    before = _remember(folder, run.assignment, points_of(summary), now)
    path = report_path(folder, run.assignment)
    if course is None and report_path(folder, COURSE).is_file():
        course = report_path(folder, COURSE)
    link = course.name if course else ""
    _write(path, lesson_page(graded, summary, now, before, _tables(path).name, link))
    return summary


def gathered(folder: CourseFolder, run: Run) -> Graded:
    """All that is known of a lesson: the run's outcomes, stored ones beside, the gradebook's."""
    from course.grader.pages.lesson_page import Graded, solution_code

    now = {outcome.student for outcome in run.outcomes}
    stored = [o for o in stored_outcomes(folder, run.assignment) if o.student not in now]
    outcomes = sorted([*run.outcomes, *stored], key=lambda o: (o.student, o.notebook))
    starters = {}
    for lesson in folder.lessons(run.assignment):
        starter = folder.starter(lesson)
        text = "" if starter is None else nbformat.writes(starter)
        starters[lesson.notebook] = solution_code(text)
    isolation = run.isolation or next((o.isolation for o in outcomes), "")
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        roll = roll_of(gradebook, run.assignment, folder.students(run.assignment))
    return Graded(run.assignment, outcomes, roll, starters, run.failed, isolation)


def stored_outcomes(folder: CourseFolder, assignment: str) -> list[Outcome]:
    """Read what is kept of a lesson's submissions; what cannot be read is left out, and named."""
    found = []
    for path in applied_results(folder, assignment):
        try:
            found.append(Outcome.from_bytes(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            log.warning("%s cannot be read: `make autograde` grades it again", path)
    return found


def roll_of(gradebook: Gradebook, assignment: str, handed_in: Sequence[str] = ()) -> Roll:
    """Who is in the class, and who was late, as the gradebook has it."""
    there = frozenset(handed_in)
    names = {
        member.id: " ".join(filter(None, (member.first_name, member.last_name))) or member.id
        for member in members_of(gradebook)
    }
    try:
        lesson = gradebook.find_assignment(assignment)
    except MissingEntry:
        return Roll(names, handed_in=there)
    late = {
        submission.student_id: float(submission.total_seconds_late)
        for submission in lesson.submissions
        if submission.total_seconds_late > 0
    }
    waiting = frozenset(
        row["student"]
        for row in gradebook.submission_dicts(assignment)
        if row["needs_manual_grade"]
    )
    return Roll(names, lesson.duedate, late, waiting, there)


def _remember(folder: CourseFolder, name: str, points: dict[str, float], now: str) -> Before | None:
    return remember(_tables(report_path(folder, name)) / BEFORE, points, now)


def _tables(page: Path) -> Path:
    return page.with_suffix("")


def _write(path: Path, page: Page) -> None:
    """Write the tables, then the page that leads to them; tables of an earlier page go."""
    tables = _tables(path)
    for name, text in page.tables.items():
        write_atomically(tables / name, text.encode())
    for old in tables.glob("*.csv"):
        if old.name not in page.tables:
            old.unlink(missing_ok=True)
    write_atomically(path, page.html.encode())


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
