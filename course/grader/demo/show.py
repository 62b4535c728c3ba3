"""``make demo``: build a lesson, grade a class of made-up students, show the table."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from course.grader.authoring.generate import generate_release, generate_solution
from course.grader.classroom.class_report import write_lesson_report
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.feedback import generate_feedback
from course.grader.classroom.run import Options, grade_class
from course.grader.demo.demo_class import CLASS, Student, hand_in
from course.grader.judging.outcome import Run
from course.grader.pages import report

LESSON = "01_rnn"


def run_demo(folder: CourseFolder, keep: Path | None = None, workers: int = 0) -> int:
    """Run the whole path on a temporary copy of the course and print what an instructor sees.

    Parameters
    ----------
    folder : CourseFolder
        The course; nothing in it is changed.
    keep : pathlib.Path, optional
        Empty or missing folder for the class; a temporary one by default.
    workers : int
        Local workers; 0 takes one per core.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    FolderError
        When ``keep`` holds something already.
    """
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise FolderError(f"{keep} is not empty; name an empty folder")
    started = time.monotonic()
    demo = build_demo(folder, keep or Path(tempfile.mkdtemp(prefix="rnn-course-demo-")) / "course")
    print(f"2/4  {len(CLASS)} students hand in {LESSON}")
    print("3/4  grading", flush=True)
    run = grade_class(demo, LESSON, Options(workers=workers, quiet=not sys.stderr.isatty()))
    print(f"     {run.isolation}")
    print("4/4  writing feedback", flush=True)
    pages = generate_feedback(demo, LESSON).paths
    path = write_lesson_report(demo, run)
    print_class(run)
    print(f"\n{len(run.graded)} notebooks graded, {time.monotonic() - started:.0f} s in all")
    print(f"feedback   {len(pages)} pages, for example {pages[0] if pages else demo.feedback}")
    print(f"report     {path}")
    for name, reason in run.failed.items():
        print(f"error: {name}: {reason}", file=sys.stderr)
    return 1 if run.failed else 0


def build_demo(folder: CourseFolder, target: Path) -> CourseFolder:
    """Copy the course, generate both versions of the lesson, and let the class hand in."""
    demo = copy_of_course(folder, target)
    if (folder.root / "answers" / LESSON).is_dir():  # they name mistakes; a copy may lack them
        shutil.copytree(folder.root / "answers" / LESSON, demo.root / "answers" / LESSON)
    print(f"1/4  building starters and solutions of {LESSON} in {demo.root}", flush=True)
    starters = generate_release(demo, LESSON)
    for graded in generate_solution(demo, LESSON):
        print(f"     the solution earns {graded.points:g} of {graded.maximum:g} points")
    for starter in starters:
        solution = nbformat.read(demo.root / "solution" / LESSON / starter.name, as_version=4)
        untouched = nbformat.read(starter, as_version=4)
        for student in CLASS:
            here = demo.submitted / student.name / LESSON
            here.mkdir(parents=True, exist_ok=True)
            (here / starter.name).write_text(hand_in(student, starter.stem, solution, untouched))
    return demo


def copy_of_course(folder: CourseFolder, target: Path) -> CourseFolder:
    """Copy what generation needs (configuration and sources) into an empty folder."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(folder.root / "nbgrader_config.py", target)
    shutil.copytree(folder.source, target / "source", ignore=shutil.ignore_patterns(".*"))
    for name in ("release", "submitted", "autograded", "feedback"):
        (target / name).mkdir(exist_ok=True)
    return CourseFolder(target)


def print_class(run: Run) -> None:
    """Print the table, with what each made-up student did."""
    about: dict[str, Student] = {student.name: student for student in CLASS}
    names = {o.notebook: [v.exercise for v in o.verdicts] for o in run.outcomes}
    for notebook, exercises in names.items():
        print(f"\n{notebook}: {', '.join(exercises)}", end="")
    print("\n\nPoints for each exercise in this order, the total, what went wrong first:\n")
    print(report.table(run))
    print()
    for student in about.values():
        print(f"{student.name:5} {student.about}")
