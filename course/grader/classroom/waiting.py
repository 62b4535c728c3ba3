"""Formgrader's lists: "not graded yet" where a written answer waits for a hand, and not 0.

nbgrader counts an answer that waits as 0 of its points. Its list pages have no hook, so what they
show is mended by a script at their end (``pages/templates/formgrade/waiting.js``).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.server_extensions.formgrader.base import BaseHandler

from course.grader.pages import grading_page

SCRIPT = grading_page.TEMPLATES / "formgrade" / "waiting.js"
LISTS = frozenset(
    f"{name}.tpl"
    for name in (
        "gradebook_assignments",
        "gradebook_notebook_submissions",
        "gradebook_notebooks",
        "manage_students",
        "manage_students_assignments",
        "manage_students_notebook_submissions",
        "manage_submissions",
    )
)
"""nbgrader's templates of pages that list scores."""


def mend_lists() -> None:
    """Let formgrader's lists say what waits, in this process; a second call changes nothing."""
    plain = BaseHandler.render
    if hasattr(plain, "__wrapped__"):
        return

    @functools.wraps(plain)
    def render(handler: BaseHandler, name: str, **names: Any) -> str:
        html = plain(handler, name, **names)
        if name not in LISTS:
            return html
        with handler.api.gradebook as gradebook:
            return with_script(html, who_waits(gradebook))

    BaseHandler.render = render


def who_waits(gradebook: Gradebook) -> dict[str, list[str]]:
    """Name the assignments and the students with an answer that waits.

    Parameters
    ----------
    gradebook : nbgrader.api.Gradebook

    Returns
    -------
    dict of str to list of str
        ``assignments`` and ``students``, each sorted.
    """
    pairs = (
        gradebook.db.query(Assignment.name, SubmittedAssignment.student_id)
        .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .filter(Grade.needs_manual_grade)
        .distinct()
        .all()
    )
    assignments, students = ({pair[i] for pair in pairs} for i in (0, 1))
    return {"assignments": sorted(assignments), "students": sorted(students)}


def with_script(html: str, waiting: dict[str, list[str]], script: Path = SCRIPT) -> str:
    """Put the script at the end of a list page.

    Parameters
    ----------
    html : str
    waiting : dict of str to list of str
        From :func:`who_waits`.
    script : pathlib.Path
    """
    data = json.dumps(waiting).replace("<", "\\u003c")  # a name ends no script
    end = f'<script type="application/json" id="waiting">{data}</script>\n'
    end += f"<script>\n{script.read_text(encoding='utf-8')}</script>\n"
    head, mark, tail = html.rpartition("</body>")
    return f"{head}{end}{mark}{tail}" if mark else html + end
