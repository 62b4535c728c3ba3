"""The numbers of a class report: what became of every exercise, and of every student."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from course.grader.judging.outcome import Outcome
from course.grader.pages.kinds import KINDS, UNWRITTEN, kind_of
from course.grader.pages.roll import Roll
from course.grader.pages.states import LATE, NOT_THERE, ON_TIME, UNGRADED

FEWEST = 3
"""Students that a correlation needs."""


def verdict_frame(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """A row for each student and exercise.

    Returns
    -------
    pandas.DataFrame
        Columns ``student``, ``notebook``, ``exercise`` (in the lesson's order), ``points``,
        ``maximum``, ``kind``.
    """
    rows = [
        (o.student, o.notebook, v.exercise, v.points, v.maximum, kind_of(v))
        for o in outcomes
        for v in o.verdicts
    ]
    columns = ["student", "notebook", "exercise", "points", "maximum", "kind"]
    return pd.DataFrame(rows, columns=columns)


def exercise_frame(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How the class did on each exercise, in the lesson's order.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From :func:`verdict_frame`.

    Returns
    -------
    pandas.DataFrame
        Columns ``notebook``, ``exercise``, ``maximum``; a count of students for each of
        :data:`KINDS`; ``written`` (students who wrote it), ``success`` (the share of those who
        earned every point) and ``mean`` (the share of its points that they earned on average),
        both ``NaN`` when nobody wrote it; ``discrimination`` (:func:`discrimination`).
    """
    rows = []
    correlations = discrimination(verdicts)
    for (notebook, exercise), group in verdicts.groupby(["notebook", "exercise"], sort=False):
        counts = group["kind"].value_counts()
        written = group[~group["kind"].isin(UNWRITTEN)]
        share = written["points"] / written["maximum"].where(written["maximum"] > 0)
        rows.append(
            {
                "notebook": notebook,
                "exercise": exercise,
                "maximum": group["maximum"].max(),
                **{kind: int(counts.get(kind, 0)) for kind in KINDS},
                "written": len(written),
                "success": (written["kind"] == "right").mean() if len(written) else np.nan,
                "mean": share.mean(),
                "discrimination": correlations[notebook, exercise],
            }
        )
    columns = ["notebook", "exercise", "maximum", *KINDS, "written"]
    return pd.DataFrame(rows, columns=[*columns, "success", "mean", "discrimination"])


def discrimination(verdicts: pd.DataFrame) -> dict[tuple[str, str], float | None]:
    """Item-rest correlation of each exercise.

    Pearson's correlation, over all students who wrote at least one exercise of the lesson,
    between the points for this exercise and the sum of the points for all others. What a student
    did not write counts as zero. ``None`` where fewer than :data:`FEWEST` wrote anything, or where
    one of the two is the same for everybody.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        From :func:`verdict_frame`.
    """
    wide = verdicts.pivot_table(
        index="student", columns=["notebook", "exercise"], values="points", sort=False
    ).fillna(0.0)
    wrote = set(verdicts.loc[~verdicts["kind"].isin(UNWRITTEN), "student"])
    points = wide[wide.index.isin(wrote)]
    total = points.sum(axis=1)
    return {key: _correlation(points[key], total - points[key]) for key in wide.columns}


def _correlation(a: pd.Series, b: pd.Series) -> float | None:
    if len(a) < FEWEST or np.ptp(a) < 1e-9 or np.ptp(b) < 1e-9:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def student_frame(verdicts: pd.DataFrame, roll: Roll) -> pd.DataFrame:
    """Every student of the class and everybody who handed in, by id.

    Returns
    -------
    pandas.DataFrame
        Index ``student``; columns ``name``, ``points``, ``maximum``, ``status`` (``on time``,
        ``late``, ``missing``, ``not graded``: handed in, but the grader has no result; without a
        due date, who handed in is on time), ``seconds_late``, ``wrote`` (wrote at least one
        exercise), ``waiting``. Points are ``NaN`` where nothing is graded.
    """
    sums = verdicts.groupby("student")[["points", "maximum"]].sum()
    there = set(verdicts.loc[verdicts["kind"] != "not handed in", "student"])
    wrote = set(verdicts.loc[~verdicts["kind"].isin(UNWRITTEN), "student"])
    possible = float(sums["maximum"].max()) if len(sums) else 0.0
    rows = []
    for student in sorted({*roll.names, *roll.handed_in, *sums.index}):
        late = float(roll.late.get(student, 0.0))
        here = student in there
        absent = NOT_THERE
        if student in roll.handed_in and student not in sums.index:
            absent = UNGRADED
        rows.append(
            {
                "student": student,
                "name": roll.names.get(student) or student,
                "points": round(float(sums["points"][student]), 2) if here else np.nan,
                "maximum": possible,
                "status": (LATE if late else ON_TIME) if here else absent,
                "seconds_late": late if here else 0.0,
                "wrote": student in wrote,
                "waiting": student in roll.waiting,
            }
        )
    columns = ["student", "name", "points", "maximum", "status", "seconds_late", "wrote", "waiting"]
    return pd.DataFrame(rows, columns=columns).set_index("student")
