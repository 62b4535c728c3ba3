"""Grade one class with stock nbgrader and with this grader, in one run, and print the ratios.

``make bench`` or ``python -m benchmarks --submissions 40 --repeats 3``. Times are medians of the
repeats. The class is copies of the solution with a comment of their own, so that every cell runs.
``--lesson 02_lstm`` measures all notebooks of a lesson, and ``--hostile 100`` a class in which a
hundred submissions are hostile. ``--record`` measures a lesson for the instructors' guide, see
:mod:`benchmarks.times`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from benchmarks.floor import floor_seconds
from benchmarks.hostile import grade_hostile
from benchmarks.memory import WATCH, watched_memory
from course.grader.authoring.generate import generate_release
from course.grader.classroom.command import path_with_environment
from course.grader.classroom.course_folder import CourseFolder, find_course
from course.grader.classroom.run import Options, grade_class, kits_of
from course.grader.kernel.isolation import isolation_in_force
from course.grader.notebooks.lesson import read_lesson

FLOORS = 5
"""Times the floor is measured after each run."""
STOCK_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\n'


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--notebook", default="01_rnn/vanilla_rnn")
    parser.add_argument("--lesson", help="all notebooks of a lesson, in place of one")
    parser.add_argument("--hostile", type=int, default=0, help="so many of them attack the grader")
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--stock", type=int, default=0, help="submissions for stock (default: all)")
    parser.add_argument("--skip-stock", action="store_true")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--record", action="store_true", help="write the guide's table of times")
    options = parser.parse_args()
    course = find_course()
    if options.record:
        from benchmarks.times import record

        record(course, options.lesson or options.notebook.partition("/")[0])
        return
    where = Path(tempfile.mkdtemp(prefix="rnn-bench-"))
    assignment, _, notebook = (options.lesson or options.notebook).partition("/")
    names = [notebook] if notebook else [o.notebook for o in course.lessons(assignment)]
    n, m = options.submissions, options.stock or options.submissions
    print(
        f"{n} submissions of {assignment} ({', '.join(names)}), {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(isolation_in_force().describe(), flush=True)
    ours = make_class(course, where / "ours", assignment, names, n)
    kits_of(ours, assignment)  # references are made once for a class and not timed
    if options.hostile:
        grade_hostile(ours, assignment, options.hostile, options.workers[-1])
        shutil.rmtree(where, ignore_errors=True)
        return
    rows: list[tuple[str, float]] = []
    lessons = [read_lesson(ours.source / assignment / f"{name}.ipynb") for name in names]
    floors: list[float] = []
    for workers in options.workers:
        WATCH.samples.clear()
        took = []
        for _ in range(options.repeats):  # in turn, so that a slow minute slows both
            took.append(grade_all(ours, assignment, workers))
            floors += [sum(map(floor_seconds, lessons)) for _ in range(FLOORS)]
        name = f"this grader, {workers} worker{'s' * (workers > 1)}"
        rows.append((name, statistics.median(took) / n))
    last = quarters(ours, assignment)
    floor = statistics.median(floors)
    rows.append(("floor: a forked warm process executes the same cells", floor))
    if not options.skip_stock:
        stock = make_class(course, where / "stock", assignment, names, m, STOCK_CONFIG)
        seconds = median(lambda: grade_stock(stock, assignment), options.repeats)
        rows.append(("stock nbgrader autograde (runs demos too)", seconds / m))
        bare = make_class(course, where / "bare", assignment, names, m, STOCK_CONFIG, demos=False)
        seconds = median(lambda: grade_stock(bare, assignment), options.repeats)
        rows.append(("stock nbgrader autograde, demo cells removed", seconds / m))
    best = rows[len(options.workers) - 1][1]
    print(f"\n{'':55} s/submission   ratio to ours")
    for name, seconds in rows:
        print(f"{name:55} {seconds:12.2f} {seconds / best:14.1f}")
    if options.workers[0] == 1:
        print(f"\none worker takes {rows[0][1] / floor:.1f} times the floor")
    print("\nwhere one submission's time goes (s, one worker, one part after the other):")
    for name, seconds in where_time_goes(ours, assignment).items():
        print(f"  {name:40} {seconds:6.2f}")
    print(f"\npeak memory of a worker, its warm parent and kernels: {WATCH.peak / 2**30:.2f} GiB")
    print("the last run in quarters (s, GiB of all workers):", end=" ")
    print(", ".join(f"{took:.1f} s {used:.2f}" for took, used in last))
    shutil.rmtree(where, ignore_errors=True)


def make_class(
    course: CourseFolder,
    root: Path,
    assignment: str,
    notebooks: Sequence[str],
    students: int,
    config: str = "",
    demos: bool = True,
) -> CourseFolder:
    """Make a course folder with notebooks of one lesson and a class of copies of its solution."""
    folder = CourseFolder(root)
    (folder.source / assignment).mkdir(parents=True)
    own = config or (course.root / "nbgrader_config.py").read_text()
    (root / "nbgrader_config.py").write_text(own)
    sources = {}
    for name in notebooks:
        path = Path(assignment) / f"{name}.ipynb"
        source = sources[name] = nbformat.read(course.source / path, as_version=4)
        if not demos:
            source.cells = [c for c in source.cells if "demo" not in c.metadata.get("tags", [])]
        nbformat.write(source, folder.source / path)
    generate_release(folder, assignment)
    for i in range(students):
        here = folder.submitted / f"student{i:04}" / assignment
        here.mkdir(parents=True)
        for name, source in sources.items():
            handed_in = nbformat.from_dict(source)
            for cell in handed_in.cells:
                if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                    cell.source = f"{source_of(cell)}\n# student {i}"
            nbformat.write(handed_in, here / f"{name}.ipynb")
    return folder


def source_of(cell: nbformat.NotebookNode) -> str:
    """A cell's source without the mark of an earlier student."""
    return cell.source.split("\n# student ")[0]


def grade_all(folder: CourseFolder, assignment: str, workers: int) -> float:
    """Grade the class with this grader and return the seconds it took."""
    started = time.monotonic()
    with watched_memory():
        run = grade_class(folder, assignment, Options(workers=workers, force=True, quiet=True))
    if run.failed or any(o.points != o.maximum for o in run.outcomes):
        sys.exit("error: the benchmark's class must earn full marks")
    return time.monotonic() - started


def grade_stock(folder: CourseFolder, assignment: str) -> float:
    """Grade the class with stock nbgrader and return the seconds it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment, "--force"]
    environment = os.environ | {"PATH": path_with_environment()}
    subprocess.run(command, cwd=folder.root, env=environment, check=True, capture_output=True)
    return time.monotonic() - started


def median(measure: Callable[[], float], repeats: int) -> float:
    """Median of several measurements."""
    return statistics.median(measure() for _ in range(repeats))


def where_time_goes(folder: CourseFolder, assignment: str) -> dict[str, float]:
    """Seconds of one submission, by part, measured on the path that workers take."""
    from course.grader.classroom.work import Task, do
    from course.grader.judging.grade import steps_of
    from course.grader.judging.references import References
    from course.grader.kernel.confine import Limits
    from course.grader.kernel.kernels import open_session
    from course.grader.kernel.steps import Settings
    from course.grader.notebooks.rebuild import rebuild
    from course.grader.pages.render import graded_notebook

    kit = kits_of(folder, assignment)[0]
    student = folder.students(assignment)[0]
    text = (folder.submitted / student / assignment / f"{kit.notebook}.ipynb").read_bytes()
    do(Task(student, kit, text))  # the warm parent is up
    parts: dict[str, float] = {}

    def lap(name: str, since: float) -> float:
        parts[name] = time.monotonic() - since
        return time.monotonic()

    lesson = folder.lesson(assignment, kit.notebook)
    clock = time.monotonic()
    submission = rebuild(lesson, folder.starter(lesson), text)
    clock = lap("rebuild from the source", clock)
    session = open_session(Limits())
    clock = lap("fork, confine and connect a kernel", clock)
    settings = Settings(kit.seed)
    asked = [(s, session.ask(s, settings)) for s in steps_of(lesson, submission, True)]
    results = {step.key: session.hear(step, request) for step, request in asked}
    clock = lap("run the cells", clock)
    session.close()
    clock = lap("kill the kernel", clock)
    from course.grader.judging.grade import grade

    references = References.from_bytes(kit.references).payloads
    graded = grade(lesson, submission, references, lambda *_: results, Settings(kit.seed))
    clock = lap("judge", clock)
    graded_notebook(lesson, submission, graded)
    lap("write the notebook", clock)
    return parts


def quarters(folder: CourseFolder, assignment: str) -> list[tuple[float, float]]:
    """Seconds and mean memory (GiB) of each quarter of the last run's submissions."""
    results = (folder.private / "results" / assignment).glob("*/*.json")
    done = sorted(path.stat().st_mtime for path in results)
    edges = [done[round(i * (len(done) - 1) / 4)] for i in range(5)]
    found = []
    for start, end in itertools.pairwise(edges):
        used = [bytes_ for when, bytes_ in WATCH.samples if start <= when <= end]
        found.append((end - start, statistics.mean(used or [0]) / 2**30))
    return found


if __name__ == "__main__":
    main()
