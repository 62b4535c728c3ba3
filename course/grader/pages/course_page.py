"""The report on the whole course: every lesson graded so far, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from course.grader.pages import class_figures as figures
from course.grader.pages.frame import (
    Page,
    change_rows,
    count,
    decimal,
    people,
    percent,
    points,
    render,
    written,
)
from course.grader.pages.lesson_page import Summary
from course.grader.pages.since_last import Before, changes
from course.grader.pages.states import (
    LATE,
    NOT_THERE,
    ON_TIME,
    SIGNS,
    UNGRADED,
    Work,
    choices,
    states_of,
)


def totals(lessons: Sequence[Summary]) -> dict[str, float]:
    """Points of every student over all lessons; what is missing counts as zero."""
    frame = _points(lessons).fillna(0.0).sum(axis=1).round(2)
    return {str(student): float(value) for student, value in frame.items()}


def course_page(
    lessons: Sequence[Summary],
    now: str,
    before: Before | None = None,
    folder: str = ".",
    addresses: Mapping[str, str] | None = None,
) -> Page:
    """Write the report on the course.

    Parameters
    ----------
    lessons : sequence of Summary
        Of every lesson graded so far, in the course's order.
    now : str
        When it is written.
    before : Before, optional
        The totals of an earlier report.
    folder : str
        Where its tables will lie, relative to the page.
    addresses : mapping of str to str, optional
        Where each lesson's own report lies, relative to the page.

    Returns
    -------
    Page
    """
    names = {id_: name for lesson in lessons for id_, name in lesson.roll.names.items()}
    frame, status = _points(lessons), _status(lessons)
    who = people(names, list(frame.index))
    sums = totals(lessons)
    most = float(sum(_possible(lesson) for lesson in lessons))
    counts = _counts(lessons)
    exercises = pd.concat([x.exercises.assign(lesson=x.assignment) for x in lessons])
    pictures = [
        picture
        for picture in (
            figures.lesson_picture(_shares(lessons)),
            figures.handed_in_picture(counts),
        )
        if picture is not None
    ]
    states = _states(lessons, status)
    middle = pd.Series(sums, dtype=float).median() if sums else 0.0
    html = render(
        "course.html",
        title="Class report: the course",
        now=now,
        folder=folder,
        summary=[
            (str(len(frame)), "students in the class"),
            (str(len(lessons)), "lessons graded"),
            (f"{middle:g}", f"points in the median, of {most:g}"),
            (
                f"{SIGNS[NOT_THERE]} {int(counts[NOT_THERE].sum())}",
                "lessons not handed in, over all students",
            ),
            (f"{SIGNS[LATE]} {int(counts[LATE].sum())}", "handed in late"),
        ],
        changes=change_rows(changes(before, sums), who),
        before=written(before),
        pictures=pictures,
        lessons=[_lesson_row(x, (addresses or {}).get(x.assignment, "#lessons")) for x in lessons],
        exercises=[
            {
                "exercise": row["exercise"],
                "lesson": row["lesson"],
                "numbers": [
                    count(row["written"]),
                    percent(row["success"]),
                    percent(row["mean"]),
                    decimal(row["discrimination"]),
                ],
            }
            for _, row in exercises.iterrows()
        ],
        states=choices(states.values()),
        students=[
            {
                "who": who[str(student)],
                "states": states[str(student)],
                "numbers": [
                    *(
                        (points(frame.loc[student, name])[0], _cell(frame, status, student, name))
                        for name in frame.columns
                    ),
                    points(sums[str(student)]),
                    count((status.loc[student] == NOT_THERE).sum()),
                    count((status.loc[student] == LATE).sum()),
                ],
            }
            for student in frame.index
        ],
    )
    tables = {f"{picture.name}.csv": picture.table for picture in pictures}
    tables["exercise-table.csv"] = figures.csv_of(exercises)
    wide = frame.assign(total=pd.Series(sums)).rename_axis("student").reset_index()
    tables["students.csv"] = figures.csv_of(wide)
    return Page(html, tables)


def _points(lessons: Sequence[Summary]) -> pd.DataFrame:
    return pd.DataFrame({x.assignment: x.students["points"] for x in lessons}).sort_index()


def _status(lessons: Sequence[Summary]) -> pd.DataFrame:
    frame = pd.DataFrame({x.assignment: x.students["status"] for x in lessons})
    return frame.sort_index().fillna(NOT_THERE)


def _possible(lesson: Summary) -> float:
    return float(lesson.students["maximum"].max()) if len(lesson.students) else 0.0


def _shares(lessons: Sequence[Summary]) -> pd.DataFrame:
    rows = [
        (lesson.assignment, value / _possible(lesson))
        for lesson in lessons
        for value in lesson.students["points"].dropna()
        if _possible(lesson)
    ]
    return pd.DataFrame(rows, columns=["lesson", "share"])


def _counts(lessons: Sequence[Summary]) -> pd.DataFrame:
    rows = [
        {"lesson": x.assignment, **{s: int((x.students["status"] == s).sum()) for s in SIGNS}}
        for x in lessons
    ]
    return pd.DataFrame(rows, columns=["lesson", *SIGNS])


def _lesson_row(lesson: Summary, href: str) -> dict:
    status = lesson.students["status"]
    success = lesson.exercises.dropna(subset=["success"])
    hardest = ""
    if len(success):
        row = success.loc[success["success"].idxmin()]
        hardest = f"{row['exercise']} ({row['success']:.0%})"
    possible = _possible(lesson)
    middle = lesson.students["points"].median() / possible if possible else None
    return {
        "lesson": lesson.assignment,
        "href": href,
        "due": f"{lesson.roll.due:%Y-%m-%d %H:%M} UTC" if lesson.roll.due else "–",
        "numbers": [
            *(count((status == s).sum()) for s in (ON_TIME, LATE, NOT_THERE)),
            percent(middle),
        ],
        "hardest": hardest,
    }


def _cell(frame: pd.DataFrame, status: pd.DataFrame, student: str, lesson: str) -> str:
    state = status.loc[student, lesson]
    if state in {NOT_THERE, UNGRADED}:
        return SIGNS[state]
    text = points(frame.loc[student, lesson])[1]
    return f"{text} {SIGNS[LATE]}" if state == LATE else text


def _states(lessons: Sequence[Summary], status: pd.DataFrame) -> dict[str, str]:
    """The states that hold for each student in any lesson."""
    waiting = {str(s) for x in lessons for s in x.students.index[x.students["waiting"]]}
    return {
        str(student): states_of(Work(list(row), waiting=str(student) in waiting))
        for student, row in status.iterrows()
    }
