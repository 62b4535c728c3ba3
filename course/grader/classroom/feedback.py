"""Write feedback pages for what was graded."""

from __future__ import annotations

from pathlib import Path

from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder, FolderError


def generate_feedback(folder: CourseFolder, assignment: str) -> list[Path]:
    """Write feedback pages for every graded submission of a lesson.

    Returns
    -------
    list of pathlib.Path
        The pages.

    Raises
    ------
    LessonError, FolderError, GenerationError
        When there is no such lesson, nothing is graded, or nbgrader refuses.
    """
    folder.lessons(assignment)
    if not any(folder.autograded.glob(f"*/{assignment}/*.ipynb")):
        raise FolderError(
            f"no submission of {assignment} is graded yet: run `make autograde LESSON={assignment}`"
        )
    nbgrader(folder, "generate_feedback", assignment, "--force")
    return sorted(folder.feedback.glob(f"*/{assignment}/*.html"))
