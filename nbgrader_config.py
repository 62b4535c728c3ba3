"""nbgrader's configuration: what makes `nbgrader autograde` and formgrader grade safely.

nbgrader reads this file more than once per command, so it only sets values.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets.config.loader import DeferredConfig

import course
from course.validation import TIMEOUT, before_each_cell, seconds_for

TEMPLATES = str(Path(course.__file__).parent / "grader" / "pages" / "templates")


class FindEverySubmission(DeferredConfig):
    """The hook before a submission is converted; it is asked for before nbgrader looks for any."""

    def get_value(self, trait: Any) -> Callable[..., None]:
        """Show nbgrader the submissions that it would not find, and return the hook."""
        from course.grader.classroom.preprocessors import recognise_names, show_every_submission

        show_every_submission(Path(__file__).resolve().parent)
        return recognise_names


class MendLists(DeferredConfig):
    """A switch of formgrader's, left as it is: formgrader alone asks for it, when it starts."""

    def get_value(self, trait: Any) -> bool:
        """Let formgrader's lists say which written answers wait, and return the switch."""
        from course.grader.classroom.waiting import mend_lists

        mend_lists()
        return trait.default_value


c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "rnn-course"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".grader", "*.set-aside"]

# Starters: a stub that says what to do and cannot pass for an answer.
c.ClearSolutions.code_stub = {
    "python": "# TODO: write your code here, then delete the line below\nraise NotImplementedError"
}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"

# Starters show what their cells draw without the learner's code; the rest is nbgrader's own list.
# The first lends the lesson's versions to who is stuck, for no points (course/lending.py).
c.LendSolutions.lend = True  # False: rescue(...) says that it is switched off
c.GenerateAssignment.preprocessors = [
    "course.grader.authoring.rescue.LendSolutions",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "course.grader.authoring.given_outputs.ShowGivenOutputs",
]

# Solutions: executed by `make solution`, without hidden tests and markers.
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.ClearHiddenTests",
    "course.grader.authoring.generate.ClearMarkers",
    "course.grader.authoring.generate.ExecuteSolution",
]

# Grading: rebuild from the source, run in a confined kernel, judge outside, write verdicts.
c.Autograde.pre_convert_hook = FindEverySubmission()
c.Autograde.post_convert_hook = "course.grader.classroom.preprocessors.keep_results"
c.Autograde.exporter_class = "course.grader.classroom.preprocessors.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["course.grader.classroom.preprocessors.RebuildSubmission"]
c.Autograde.autograde_preprocessors = [
    "course.grader.classroom.preprocessors.GradeSubmission",
    "course.grader.classroom.by_hand.SaveScores",
    "nbgrader.preprocessors.AssignLatePenalties",
]

# The exchange: a submission counts for the account that it belongs to, and links are not followed.
c.ExchangeFactory.collect = "course.grader.classroom.exchange.CollectOwnWork"
c.ExchangeFactory.release_assignment = "course.grader.classroom.exchange.ReleaseToAll"

# Formgrader: the marking scheme above each written answer, formulas that need no network, lists
# that say "not graded yet" where an answer waits.
c.FormgradeExtension.debug = MendLists()
c.HTMLExporter.preprocessors = ["course.grader.classroom.schemes.ShowMarkingSchemes"]
c.HTMLExporter.filters = {"markdown2html": "course.grader.pages.grading_page.markdown2html"}
c.HTMLExporter.extra_template_basedirs.prepend([TEMPLATES])

# Feedback: the pages of `make feedback`, without hidden tests and without anything that runs.
c.GenerateFeedback.exporter_class = "course.grader.classroom.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = []

# Validate, button and command: the visible tests decide; cells that only draw are left out.
c.Execute.timeout_func = seconds_for
c.Execute.error_on_timeout = TIMEOUT
c.Execute.skip_cells_with_tag = "demo"
c.Execute.on_cell_start = before_each_cell
