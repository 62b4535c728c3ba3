"""The report on a lesson: scores, exercises, who is missing, what is alike, every student."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from course.grader.ground.text import one_line
from course.grader.judging.outcome import Outcome
from course.grader.pages import class_figures as figures
from course.grader.pages import similarity
from course.grader.pages.class_numbers import (
    FEWEST,
    exercise_frame,
    student_frame,
    verdict_frame,
)
from course.grader.pages.frame import (
    Page,
    change_rows,
    count,
    decimal,
    how_late,
    people,
    percent,
    points,
    render,
    written,
)
from course.grader.pages.kinds import KINDS, UNWRITTEN, kind_of, mistakes
from course.grader.pages.report import by_exercise, by_student
from course.grader.pages.roll import Roll
from course.grader.pages.since_last import Before, changes
from course.grader.pages.states import (
    LATE,
    NOT_THERE,
    ON_TIME,
    SIGNS,
    UNGRADED,
    WAITS,
    Work,
    choices,
    states_of,
)


@dataclass(frozen=True)
class Graded:
    """All that is known of a graded lesson.

    Attributes
    ----------
    assignment : str
    outcomes : sequence of Outcome
        One for each student and notebook.
    roll : Roll
    starters : mapping of str to str
        The code of the starters' solution cells, by notebook.
    failed : mapping of str to str
        What could not be graded, by ``student/notebook``, and why.
    isolation : str
        What was in force.
    """

    assignment: str
    outcomes: Sequence[Outcome]
    roll: Roll = field(default_factory=Roll)
    starters: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    isolation: str = ""


@dataclass(frozen=True)
class Summary:
    """What the course's report needs of a lesson; it holds no student's code."""

    assignment: str
    roll: Roll
    students: pd.DataFrame
    exercises: pd.DataFrame


def summary_of(graded: Graded) -> Summary:
    """Work out a lesson's numbers."""
    verdicts = verdict_frame(graded.outcomes)
    students = student_frame(verdicts, graded.roll)
    return Summary(graded.assignment, graded.roll, students, exercise_frame(verdicts))


def points_of(summary: Summary) -> dict[str, float]:
    """Points of everybody who handed in, by student."""
    return {str(k): float(v) for k, v in summary.students["points"].dropna().items()}


def lesson_page(
    graded: Graded,
    summary: Summary,
    now: str,
    before: Before | None = None,
    folder: str = ".",
    course: str = "",
) -> Page:
    """Write the report on a lesson.

    Parameters
    ----------
    graded : Graded
    summary : Summary
        From :func:`summary_of`.
    now : str
        When it is written.
    before : Before, optional
        The points of an earlier report.
    folder : str
        Where its tables will lie, relative to the page.
    course : str
        Address of the course's report; empty where there is none.

    Returns
    -------
    Page
    """
    students, exercises = summary.students, summary.exercises
    failed = dict(graded.failed)
    who = people(graded.roll.names, [*students.index, *(k.rpartition("/")[0] for k in failed)])
    alike, rows = _alike(graded), _student_rows(graded, students, who)
    html = render(
        "lesson.html",
        title=f"Class report: {graded.assignment}",
        lesson=graded.assignment,
        now=now,
        isolation=one_line(graded.isolation, 400),
        course=course,
        folder=folder,
        summary=_tiles(students, exercises),
        failed=[
            {
                "who": who[key.rpartition("/")[0]],
                "notebook": one_line(key.rpartition("/")[2], 80),
                "why": one_line(why, 400),
            }
            for key, why in failed.items()
        ],
        changes=change_rows(changes(before, points_of(summary)), who),
        before=written(before),
        due=f"{graded.roll.due:%Y-%m-%d %H:%M} UTC" if graded.roll.due else "",
        missing=[who[s] for s in students.index[students["status"] == NOT_THERE]],
        ungraded=[who[s] for s in students.index[students["status"] == UNGRADED]],
        late=[
            (who[str(student)], how_late(row["seconds_late"]))
            for student, row in students[students["status"] == LATE].iterrows()
        ],
        scores=(scores := _drawn(figures.score_picture(students))),
        about_exercises=(
            about := _drawn(
                figures.outcome_picture(exercises), figures.discrimination_picture(exercises)
            )
        ),
        exercises=_exercise_rows(graded.outcomes, exercises),
        fewest=FEWEST,
        alike=[
            {
                "notebook": notebook,
                "sentence": _sentence(found),
                "groups": [
                    {"people": [who[s] for s in group.students], "text": _range(group)}
                    for group in found.groups
                ],
                "picture": picture,
            }
            for notebook, (found, picture) in alike.items()
        ],
        run=similarity.RUN,
        alike_from=similarity.ALIKE,
        least=similarity.LEAST,
        legend=[(sign, kind) for kind, sign in KINDS.items()],
        waits=WAITS,
        states=choices(row["states"] for row in rows),
        notebooks=list(dict.fromkeys(o.notebook for o in graded.outcomes)),
        students=rows,
    )
    pictures = [*scores, *about, *(picture for _, picture in alike.values() if picture)]
    tables = {f"{picture.name}.csv": picture.table for picture in pictures}
    tables["exercise-table.csv"] = figures.csv_of(exercises)
    tables["students.csv"] = figures.csv_of(students.reset_index())
    return Page(html, tables)


def solution_code(notebook: str) -> str:
    """The code of a notebook's solution cells.

    Parameters
    ----------
    notebook : str
        A notebook as JSON, a graded one or a starter.
    """
    if not notebook:
        return ""
    found = []
    for cell in json.loads(notebook)["cells"]:
        about = cell["metadata"].get("nbgrader") or {}
        if cell["cell_type"] == "code" and about.get("solution"):
            source = cell["source"]
            found.append(source if isinstance(source, str) else "".join(source))
    return "\n".join(found)


def _alike(graded: Graded) -> dict[str, tuple[similarity.Likeness, figures.Picture | None]]:
    """How alike the submissions of each notebook are."""
    texts: dict[str, dict[str, str]] = {}
    for outcome in graded.outcomes:
        texts.setdefault(outcome.notebook, {})[outcome.student] = solution_code(outcome.graded)
    found = {}
    for notebook, by_name in texts.items():
        likeness = similarity.likeness(by_name, graded.starters.get(notebook, ""))
        found[notebook] = likeness, figures.likeness_picture(notebook, likeness)
    return found


def _sentence(found: similarity.Likeness) -> str:
    if not len(found.pairs):
        return "Too few wrote enough of their own to be compared."
    typical = f"The typical pair has a similarity of {found.typical:.2f} (0 to 1)"
    if np.isnan(found.bar):
        return f"{typical}: the whole class wrote much the same, so likeness says nothing here."
    if not found.groups:
        return f"{typical}. No pair reaches {found.bar:.2f}, where it would stand out."
    return f"{typical}. These reach {found.bar:.2f} or more:"


def _range(group: similarity.Group) -> str:
    low, high = f"{group.least:.2f}", f"{group.most:.2f}"
    return high if low == high else f"{low} to {high}"


def _drawn(*pictures: figures.Picture | None) -> list[figures.Picture]:
    return [picture for picture in pictures if picture is not None]


def _tiles(students: pd.DataFrame, exercises: pd.DataFrame) -> list[tuple[str, str]]:
    """The numbers on top, with words."""
    status = students["status"].value_counts()
    there = students["points"].dropna()
    most = float(students["maximum"].max()) if len(students) else 0.0
    middle = f"{there.median():g}" if len(there) else "–"
    tiles = [
        (str(len(students)), "students in the class"),
        (str(len(there)), "handed in"),
        (f"{SIGNS[NOT_THERE]} {status.get(NOT_THERE, 0)}", "missing"),
        (f"{SIGNS[LATE]} {status.get(LATE, 0)}", "late"),
        (middle, f"points in the median, of {most:g}"),
        (str(int(exercises["too slow"].sum())), "time-outs"),
        (str(int(exercises["crashed"].sum())), "crashes"),
    ]
    untouched = int((~students["wrote"] & students["points"].notna()).sum())
    if untouched:
        tiles.append((str(untouched), "handed in, wrote nothing"))
    if status.get(UNGRADED, 0):
        tiles.append((f"{SIGNS[UNGRADED]} {status[UNGRADED]}", "handed in, not graded"))
    if waiting := int(students["waiting"].sum()):
        tiles.append((f"✎ {waiting}", "have a written answer that is not graded yet"))
    return tiles


def _exercise_rows(outcomes: Sequence[Outcome], exercises: pd.DataFrame) -> list[dict]:
    grouped = by_exercise(list(outcomes))
    return [
        {
            "exercise": row["exercise"],
            "notebook": row["notebook"],
            "written": row["written"],
            "numbers": [
                count(row["written"]),
                percent(row["success"]),
                percent(row["mean"]),
                decimal(row["discrimination"]),
                *(
                    count(row[k])
                    for k in ("too slow", "crashed", "borrowed", "not written", "not handed in")
                ),
            ],
            "mistakes": mistakes(grouped[row["notebook"], row["exercise"]]),
        }
        for _, row in exercises.iterrows()
    ]


def _student_rows(graded: Graded, students: pd.DataFrame, who: Mapping[str, dict]) -> list[dict]:
    outcomes = graded.outcomes
    notebooks = list(dict.fromkeys(o.notebook for o in outcomes))
    grouped = by_student(list(outcomes))
    rows = []
    for student, row in students.iterrows():
        own = {o.notebook: o for o in grouped.get(str(student), [])}
        kinds = {n: [kind_of(v) for v in o.verdicts] for n, o in own.items()}
        wrong = [
            f"{v.exercise}: {one_line(v.summary, 400)}"
            for o in own.values()
            for v in o.verdicts
            if kind_of(v) not in {"right", *UNWRITTEN}  # signs and notes say those
        ]
        notes = [one_line(note, 400) for o in own.values() for note in o.notes]
        notes += [
            f"{v.exercise}: {one_line(flag, 400)}"
            for o in own.values()
            for v in o.verdicts
            for flag in v.flags
        ]
        value, text = points(row["points"])
        work = Work(
            (row["status"],),
            [kind for found in kinds.values() for kind in found],
            row["waiting"],
            row["wrote"],
            bool(notes),
        )
        rows.append(
            {
                "who": who[str(student)],
                "status": _status(row, graded.roll),
                "waiting": row["waiting"],
                "value": value,
                "points": text,
                "marks": [_marks(notebook, kinds.get(notebook, [])) for notebook in notebooks],
                "wrong": wrong,
                "notes": notes,
                "states": states_of(work),
            }
        )
    return rows


def _marks(notebook: str, kinds: Sequence[str]) -> tuple[str, str]:
    """Signs of a notebook's exercises, and the same in words."""
    found = {kind: kinds.count(kind) for kind in KINDS if kind in kinds}
    words = ", ".join(f"{number} {kind}" for kind, number in found.items()) or "nothing"
    return "".join(KINDS[kind] for kind in kinds), f"{notebook}: {words}"


def _status(row: pd.Series, roll: Roll) -> str:
    """Sign and words for handing in; without a due date, nobody is on time or late."""
    words = {LATE: how_late(row["seconds_late"])}
    if not roll.due:
        words[ON_TIME] = "handed in"
    return f"{SIGNS[row['status']]} {words.get(row['status'], row['status'])}"
