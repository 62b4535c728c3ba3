"""The grader's command line: ``python -m course.grader COMMAND``; the Makefile calls it."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
from pathlib import Path

from course.grader.ground.checkout import wrong_checkout


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a problem is one line on stderr and a non-zero exit.

    Parameters
    ----------
    arguments : list of str, optional
        The command line, without the program's name.

    Returns
    -------
    int
        Exit status.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # nbgrader logs every failed write with its traceback here; our own line says it.
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    if cause := wrong_checkout():
        print(f"error: {cause}", file=sys.stderr)
        return 2
    try:
        return _run(options)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("course"):
            raise
        advice = "install the grader with `pip install -c constraints.txt -e '.[grader]'`"
        print(f"error: the package {error.name} is missing; {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; start the same command again to go on", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    """Run the chosen command; what users can mend becomes one line."""
    from course.grader.classroom.command import GenerationError, path_with_environment
    from course.grader.classroom.course_folder import FolderError
    from course.grader.judging.references import SolutionError
    from course.grader.kernel.kernels import KernelStartError
    from course.grader.notebooks.lesson import LessonError

    os.environ["PATH"] = path_with_environment()
    try:
        return options.run(options) or 0
    except (LessonError, FolderError, GenerationError, SolutionError, KernelStartError) as error:
        why = str(error)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        why = _what_failed(error)
    except Exception as error:
        from course.grader.classroom.gradebook import trouble

        if not (why := trouble(error)):
            raise
    print(f"error: {why}", file=sys.stderr)
    return 2


def _what_failed(error: OSError) -> str:
    """One line on a file that cannot be used, and what mends it."""
    where = f"{error.filename}: " if error.filename else ""
    mend = "make it and its folder readable and writable"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        mend = "free some space"
    elif error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
        mend = "mend that"
    return f"{where}{error.strerror or error}; {mend}, then start the same command again"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m course.grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str, lesson: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        if lesson:
            sub.add_argument("lesson", type=_lesson, help="a folder of source/, for example 01_rnn")
        return sub

    for name, run, about in (
        ("release", _release, "generate starters into release/"),
        ("solution", _solution, "generate executed solutions, which must earn full marks"),
        ("worked", _worked, "store what answers return on the worked examples"),
    ):
        sub = command(name, run, about, lesson=False)
        sub.add_argument(
            "lessons", nargs="*", type=_lesson, metavar="LESSON", help="default: every lesson"
        )
    sub = command(
        "tidy", _tidy, "clear outputs of the sources and fix their cell ids", lesson=False
    )
    sub.add_argument("paths", nargs="*", type=Path, help="default: every source notebook")
    command("catalogue", _catalogue, "write the README's table of lessons", lesson=False)
    command("syllabus", _syllabus, "write the syllabus from its data", lesson=False)
    command("tour", _tour, "execute the tour and take the README's picture", lesson=False)
    sub = command("autograde", _autograde, "grade a lesson's submissions")
    sub.add_argument(
        "--workers", type=_count, default=0, help="local workers (default: one per core)"
    )
    sub.add_argument("--scheduler", default="", help="address of a running Dask scheduler")
    sub.add_argument("--force", action="store_true", help="grade again what has not changed")
    sub.add_argument(
        "--new-seed", action="store_true", help="draw fresh inputs: grades everyone again"
    )
    sub.add_argument("--dry-run", action="store_true", help="say what would be graded, and stop")
    sub.add_argument("--require-isolation", action="store_true", help="refuse to run without it")
    sub.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    sub.add_argument("--student", action="append", default=[], help="only this one (repeatable)")
    sub.add_argument("--quiet", action="store_true", help="no progress bar")
    sub = command("feedback", _feedback, "write feedback pages from what was graded")
    sub.add_argument("--student", action="append", default=[], help="only this one (repeatable)")
    command("report", _report, "write the class report on the whole course", lesson=False)
    sub = command("export", _export, "write scores from the gradebook as CSV", lesson=False)
    sub.add_argument(
        "lessons", nargs="*", type=_lesson, metavar="LESSON", help="default: the whole course"
    )
    sub.add_argument(
        "--layout", choices=("plain", "canvas", "moodle"), default="plain", help="who reads it"
    )
    sub.add_argument("--each", action="store_true", help="a column for each exercise")
    sub.add_argument("--stale", action="store_true", help="also what changed since it was graded")
    sub.add_argument("--output", type=Path, help="file (default: standard output)")
    sub = command("roster", _roster, "put the class into the gradebook", lesson=False)
    sub.add_argument(
        "file", type=Path, help="CSV with a column id; Canvas' and Moodle's exports too"
    )
    sub = command("due", _due, "set when a lesson is due")
    sub.add_argument("date", help="for example '2026-12-01 18:00 Europe/Berlin'")
    sub = command("collect", _collect, "take in Canvas' or Moodle's download of all submissions")
    sub.add_argument("download", type=Path, help="the archive, or the folder unpacked from it")
    sub.add_argument("--worksheet", type=Path, help="Moodle's grading worksheet (CSV)")
    sub = command("student", _student, "write what students get into a folder", lesson=False)
    sub.add_argument("--output", type=Path, default=Path("student"), help="default: student/")
    sub.add_argument("--address", default="", help="where it will be published, https://...")
    sub.add_argument("--zip", action="store_true", help="pack it as well, beside the folder")
    sub = command("site", _site, "build the course's own page, a static site", lesson=False)
    sub.add_argument("--output", type=Path, default=Path("_site"), help="default: _site/")
    sub = command("demo", _demo, "grade a small class of made-up students", lesson=False)
    sub.add_argument(
        "--keep", type=Path, help="empty folder for the class (default: a temporary one)"
    )
    return parser


def _lesson(text: str) -> str:
    """A lesson's name, without the slash that a shell puts behind a folder's."""
    return text.rstrip("/")


def _count(text: str) -> int:
    """A number of workers: Dask would wait for ever for fewer than none."""
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError("it must be 0 (one per core) or more")
    return number


def _folder():
    from course.grader.classroom.course_folder import find_course

    return find_course()


def _release(options: argparse.Namespace) -> None:
    from course.grader.authoring.generate import generate_release

    folder = _folder()
    for lesson in options.lessons or folder.lesson_names:
        for path in generate_release(folder, lesson):
            print(f"released {path.relative_to(folder.root)}")


def _solution(options: argparse.Namespace) -> None:
    from course.grader.authoring.generate import generate_solution

    folder = _folder()
    for lesson in options.lessons or folder.lesson_names:
        for graded in generate_solution(folder, lesson):
            print(f"{lesson}: solution executed, {graded.points:g} of {graded.maximum:g} points")


def _worked(options: argparse.Namespace) -> None:
    from course.grader.authoring.worked import store_examples

    folder = _folder()
    for lesson in options.lessons or folder.lesson_names:
        for path, alike in store_examples(folder, lesson):
            print(f"{path.relative_to(folder.root)}: {len(alike)} groups cannot be told apart")
            for sentence in alike:
                print(f"  {sentence}")


def _tidy(options: argparse.Namespace) -> None:
    from course.grader.authoring.generate import tidy

    folder = _folder()
    for path in options.paths or sorted(folder.source.glob("*/*.ipynb")):
        print(f"{'tidied' if tidy(path) else 'already tidy:'} {path}")


def _catalogue(options: argparse.Namespace) -> None:
    from course.grader.authoring.catalogue import write_table

    print("README.md updated" if write_table(_folder()) else "README.md is up to date")


def _syllabus(options: argparse.Namespace) -> None:
    from course.grader.authoring.syllabus import write_syllabus

    path, changed = write_syllabus(_folder())
    print(f"{path.name} {'updated' if changed else 'is up to date'}")


def _tour(options: argparse.Namespace) -> None:
    from course.grader.authoring.tour import execute_tour

    folder = _folder()
    for path in execute_tour(folder):
        print(f"written {path.relative_to(folder.root)}")


def _autograde(options: argparse.Namespace) -> int:
    from course.grader.authoring.generate import generate_release
    from course.grader.classroom.class_report import write_lesson_report
    from course.grader.classroom.results import load_result
    from course.grader.classroom.run import Options, grade_class, kits_of, tasks_of
    from course.grader.pages import report

    folder = _folder()
    if options.new_seed:
        folder.lessons(options.lesson)
        folder.new_seed(options.lesson)
    if options.dry_run:
        kits = kits_of(folder, options.lesson, options.device)
        for task in tasks_of(folder, kits, options.student):
            known = load_result(folder, task) is not None and not options.force
            state = task.unread or ("unchanged" if known else "to grade ")
            print(f"{state}  {task.student}/{task.kit.notebook}")
        return 0
    run = grade_class(
        folder,
        options.lesson,
        Options(
            workers=options.workers,
            scheduler=options.scheduler,
            force=options.force,
            require_isolation=options.require_isolation,
            device=options.device,
            quiet=options.quiet,
            students=tuple(options.student),
        ),
        release=generate_release,
    )
    print(run.isolation)
    print(report.table(run))
    path = write_lesson_report(folder, run)
    print(f"{len(run.graded)} graded, {len(run.kept)} unchanged; report: {path}")
    for name, (before, after) in run.changed.items():
        print(f"changed: {name}: {before:g} -> {after:g} ({after - before:+g})")
    for name, reason in run.failed.items():
        print(f"error: {name}: {reason}", file=sys.stderr)
    return 1 if run.failed else 0


def _feedback(options: argparse.Namespace) -> int:
    from course.grader.classroom.feedback import generate_feedback

    folder = _folder()
    pages = generate_feedback(folder, options.lesson, options.student)
    written, unchanged = len(pages.written), len(pages.unchanged)
    print(
        f"{written} feedback pages written, {unchanged} unchanged, in "
        f"{folder.feedback}/<student>/{options.lesson}/"
    )
    for problem in pages.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if pages.problems else 0


def _report(options: argparse.Namespace) -> None:
    from course.grader.classroom.class_report import write_course_report

    page, lessons = write_course_report(_folder())
    for path in [*lessons, page]:
        print(f"report: {path}")


def _export(options: argparse.Namespace) -> None:
    from course.grader.classroom.course_folder import FolderError
    from course.grader.classroom.export import export
    from course.grader.ground.files import write_atomically

    folder = _folder()
    lessons = options.lessons or [n for n in folder.lesson_names if folder.students(n)]
    for lesson in lessons:
        folder.lessons(lesson)
    if not lessons:
        raise FolderError(f"nothing was handed in for any lesson: {folder.submitted} is empty")
    if options.output and options.output.exists():
        raise FolderError(f"{options.output} exists already; choose another name")
    text = export(folder, lessons, options.layout, options.each, options.stale)
    if options.output:
        write_atomically(options.output, text.encode())
    else:
        print(text, end="")


def _roster(options: argparse.Namespace) -> None:
    from course.grader.classroom.roster import import_roster

    added, changed = import_roster(_folder(), options.file)
    print(f"roster: {added} added, {changed} changed")


def _due(options: argparse.Namespace) -> None:
    from course.grader.classroom.roster import set_due_date

    due = set_due_date(_folder(), options.lesson, options.date)
    print(f"{options.lesson} is due {due:%Y-%m-%d %H:%M} UTC")


def _collect(options: argparse.Namespace) -> int:
    from course.grader.classroom.bulk_download import collect_download

    run = collect_download(_folder(), options.lesson, options.download, options.worksheet)
    print(f"{run.layout}: {len(run.taken)} files taken, {len(run.unchanged)} there already")
    for name in run.older:
        print(f"older than what is there, not taken: {name}")
    for problem in run.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if run.problems else 0


def _student(options: argparse.Namespace) -> None:
    from course.grader.authoring.student import make_student_edition, zip_edition

    edition = make_student_edition(_folder(), options.output, options.address)
    written, kept = len(edition.written), len(edition.unchanged)
    print(f"{options.output}: {written} files written, {kept} as before")
    if options.zip:
        archive = options.output.with_suffix(".zip")
        zip_edition(options.output, archive)
        print(f"packed into {archive}")


def _site(options: argparse.Namespace) -> None:
    from course.grader.authoring.site import build_site

    pages = build_site(_folder(), options.output)
    print(f"{len(pages)} pages; open {options.output / 'index.html'}")


def _demo(options: argparse.Namespace) -> int:
    from course.grader.demo.show import run_demo

    return run_demo(_folder(), options.keep)


if __name__ == "__main__":
    sys.exit(main())
