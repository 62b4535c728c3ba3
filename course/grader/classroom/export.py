"""Scores from the gradebook, as a learning management system or a spreadsheet reads them.

What counts is what the gradebook says: points of the grader, points given by hand, extra credit,
late penalties. Who handed in nothing has zero.
"""

from __future__ import annotations

import contextlib
import csv
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment

from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.gradebook import open_gradebook
from course.grader.classroom.roster import Member, members_of
from course.grader.ground.text import for_spreadsheet
from course.grader.notebooks.lesson import HIDDEN_SUFFIX
from course.grader.notebooks.rebuild import rebuild

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One student's scores in one lesson.

    Attributes
    ----------
    member : Member
    assignment : str
    parts, maxima : dict of str to float
        Points, earned and possible, by ``notebook/exercise``, written answers among them.
    raw, penalty, score, maximum : float
        ``score`` is ``raw`` less the late penalty, and never below zero.
    status : str
        ``graded``, ``missing`` (nothing was handed in), ``by hand`` (a written answer waits for
        a hand) or ``stale`` (what was handed in is not what was graded).
    """

    member: Member
    assignment: str
    parts: dict[str, float] = field(default_factory=dict)
    maxima: dict[str, float] = field(default_factory=dict)
    raw: float = 0.0
    penalty: float = 0.0
    score: float = 0.0
    maximum: float = 0.0
    status: str = "missing"


def export(
    folder: CourseFolder,
    assignments: Sequence[str],
    layout: str = "plain",
    each: bool = False,
    stale: bool = False,
) -> str:
    """Write the scores of a class as CSV.

    Parameters
    ----------
    folder : CourseFolder
    assignments : sequence of str
        Lessons; they must be in the gradebook.
    layout : str
        A key of :data:`LAYOUTS`.
    each : bool
        A column for each exercise beside the total.
    stale : bool
        Export what the gradebook has even where something else was handed in since.

    Returns
    -------
    str

    Raises
    ------
    LessonError, FolderError
        When there is no such lesson, it is not graded, or something is stale.
    """
    lines: list[Line] = []
    with contextlib.closing(open_gradebook(folder)) as gradebook:
        for assignment in assignments:
            lines += lines_of(folder, gradebook, assignment)
    old = [f"{line.member.id} ({line.assignment})" for line in lines if line.status == "stale"]
    if old and not stale:
        lessons = " ".join(dict.fromkeys(x.assignment for x in lines if x.status == "stale"))
        raise FolderError(
            f"what was handed in is not what was graded: {', '.join(old)}; run `make autograde "
            f"LESSON={lessons}`, or export what is there with --stale"
        )
    if waiting := [line for line in lines if line.status == "by hand"]:
        log.warning(
            "%d of %d submissions have a written answer that waits for a hand, which counts as 0: "
            "mark them in formgrader, then export again",
            len(waiting),
            sum(line.status != "missing" for line in lines),
        )
    return LAYOUTS[layout](lines, each)


def lines_of(folder: CourseFolder, gradebook: Gradebook, assignment: str) -> list[Line]:
    """One lesson's scores: everybody in the gradebook, and everybody who handed in, by id."""
    try:
        known = gradebook.find_assignment(assignment)
    except MissingEntry as error:
        raise FolderError(_nothing(assignment)) from error
    maxima = {
        f"{notebook.name}/{_exercise(cell.name)}": float(cell.max_score)
        for notebook in known.notebooks
        for cell in notebook.grade_cells
    }
    submissions = {s.student_id: s for s in known.submissions}
    members = {member.id: member for member in members_of(gradebook)}
    changed = _changed_since(folder, assignment)
    lines = []
    for id_ in sorted(members.keys() | set(folder.students(assignment))):
        member = members.get(id_, Member(id_))
        if id_ in submissions:
            line = _graded(member, submissions[id_], maxima)
        else:
            parts = dict.fromkeys(maxima, 0.0)
            line = Line(member, assignment, parts, maxima, maximum=sum(maxima.values()))
        lines.append(replace(line, status="stale") if id_ in changed else line)
    if not submissions:
        raise FolderError(_nothing(assignment))
    return lines


def _nothing(assignment: str) -> str:
    return f"nothing is graded yet: run `make autograde LESSON={assignment}`"


def _graded(member: Member, submission: SubmittedAssignment, maxima: dict[str, float]) -> Line:
    parts, by_hand = dict.fromkeys(maxima, 0.0), False
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            parts[f"{notebook.name}/{_exercise(grade.name)}"] = float(grade.score)
            by_hand |= bool(grade.needs_manual_grade)
    raw = float(submission.score)
    penalty = float(submission.late_submission_penalty or 0.0)
    status = "by hand" if by_hand else "graded"
    score, maximum = max(0.0, raw - penalty), float(submission.max_score)
    return Line(member, submission.name, parts, maxima, raw, penalty, score, maximum, status)


def _exercise(cell: str) -> str:
    return cell.removesuffix(HIDDEN_SUFFIX)


def _changed_since(folder: CourseFolder, assignment: str) -> set[str]:
    """Students whose cells, put into today's lesson, are not those that were graded."""
    lessons = folder.lessons(assignment)
    starters = {lesson.notebook: folder.starter(lesson) for lesson in lessons}
    changed = set()
    for student in folder.students(assignment):
        handed_in = folder.handed_in(student, lessons, starters)
        for lesson in lessons:
            text = handed_in[lesson.notebook].text
            if text is None:
                continue
            now = rebuild(lesson, starters[lesson.notebook], text)
            path = folder.autograded / student / assignment / f"{lesson.notebook}.ipynb"
            if _sources_of(path) != [cell.source for cell in now.cells]:
                changed.add(student)
    return changed


def _sources_of(path: Path) -> list[str] | None:
    try:
        return [cell.source for cell in nbformat.read(path, as_version=4).cells]
    except (OSError, ValueError):
        return None


def _plain(lines: list[Line], each: bool) -> str:
    parts = list(dict.fromkeys(name for line in lines for name in line.parts)) if each else []
    head = ["lesson", "student", "last name", "first name", "email", *parts]
    rows = [[*head, "raw", "penalty", "score", "maximum", "status"]]
    for line in lines:
        about = line.member
        rows.append(
            [line.assignment, about.id, about.last_name, about.first_name, about.email]
            + [_number(line.parts[name]) if name in line.parts else "" for name in parts]
            + [_number(x) for x in (line.raw, line.penalty, line.score, line.maximum)]
            + [line.status]
        )
    return _csv(rows)


def _canvas(lines: list[Line], each: bool) -> str:
    """Canvas' gradebook import: names, three ids and a section, then a column an assignment."""
    columns = _columns(lines, each)
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *columns]]
    rows.append(["Points Possible", "", "", "", "", *map(_number, _possible(lines, each))])
    for member, scores in _by_member(lines, each).items():
        name = ", ".join(filter(None, (member.last_name, member.first_name))) or member.id
        values = [_number(scores[column]) for column in columns]
        rows.append([name, member.lms_user_id, "", member.id, "", *values])
    return _csv(rows)


def _moodle(lines: list[Line], each: bool) -> str:
    """Moodle's import of grades: an id and an address to find students by, then a column each."""
    columns = _columns(lines, each)
    rows = [["ID number", "Email address", *columns]]
    for member, scores in _by_member(lines, each).items():
        rows.append([member.id, member.email, *(_number(scores[c]) for c in columns)])
    return _csv(rows)


LAYOUTS: dict[str, Callable[[list[Line], bool], str]] = {
    "plain": _plain,
    "canvas": _canvas,
    "moodle": _moodle,
}
"""Ways to write the scores; each takes them and whether exercises have columns of their own."""


def _columns(lines: list[Line], each: bool) -> list[str]:
    found = [line.assignment for line in lines]
    if each:
        found = [n for line in lines for n in (line.assignment, *_named(line, line.parts))]
    return list(dict.fromkeys(found))


def _possible(lines: list[Line], each: bool) -> list[float]:
    """The points that each column can have."""
    possible = {line.assignment: sum(line.maxima.values()) for line in lines}
    for line in lines:
        possible |= _named(line, line.maxima)
    return [possible[column] for column in _columns(lines, each)]


def _named(line: Line, points: dict[str, float]) -> dict[str, float]:
    return {f"{line.assignment}/{name}": value for name, value in points.items()}


def _by_member(lines: list[Line], each: bool) -> dict[Member, dict[str, float]]:
    found: dict[Member, dict[str, float]] = {}
    for line in lines:
        scores = found.setdefault(line.member, {})
        scores[line.assignment] = line.score
        if each:
            scores |= _named(line, line.parts)
    columns = _columns(lines, each)
    return {member: dict.fromkeys(columns, 0.0) | scores for member, scores in found.items()}


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


def _csv(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    safe = [[for_spreadsheet(cell) for cell in row] for row in rows]
    csv.writer(buffer, lineterminator="\n").writerows(safe)
    return buffer.getvalue()
