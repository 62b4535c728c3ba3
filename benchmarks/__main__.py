"""Grade one class with stock nbgrader and with this grader, in one run, and print the ratios.

``make bench`` or ``python -m benchmarks --submissions 40 --repeats 3``. Times are medians of the
repeats. The class is copies of the solution with a comment of their own, so that every cell runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil

from benchmarks.floor import floor_seconds
from course.grader.course_folder import CourseFolder, find_course
from course.grader.generate import generate_release, path_with_environment, temporary_folder
from course.grader.isolation import isolation_in_force
from course.grader.lesson import read_lesson
from course.grader.run import Options, grade_class, kits_of

STOCK_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\n'


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--notebook", default="01_rnn/vanilla_rnn")
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--stock", type=int, default=0, help="submissions for stock (default: all)")
    parser.add_argument("--skip-stock", action="store_true")
    options = parser.parse_args()
    course = find_course()
    where = temporary_folder("rnn-bench-")
    assignment, notebook = options.notebook.split("/")
    n, m = options.submissions, options.stock or options.submissions
    print(
        f"{n} submissions of {options.notebook}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(isolation_in_force().describe(), flush=True)
    ours = make_class(course, where / "ours", assignment, notebook, n)
    kits_of(ours, assignment)  # references are made once for a class and not timed
    rows: list[tuple[str, float]] = []
    for workers in (1, os.cpu_count() or 1):
        seconds = median(lambda w=workers: grade_all(ours, assignment, w), options.repeats)
        rows.append((f"this grader, {workers} worker{'s' * (workers > 1)}", seconds / n))
    lesson = read_lesson(ours.source / assignment / f"{notebook}.ipynb")
    floor = median(lambda: floor_seconds(lesson), options.repeats)
    rows.append(("floor: a forked warm process executes the same cells", floor))
    if not options.skip_stock:
        stock = make_class(course, where / "stock", assignment, notebook, m, STOCK_CONFIG)
        seconds = median(lambda: grade_stock(stock, assignment), options.repeats)
        rows.append(("stock nbgrader autograde (runs demos too)", seconds / m))
        bare = make_class(
            course, where / "bare", assignment, notebook, m, STOCK_CONFIG, demos=False
        )
        seconds = median(lambda: grade_stock(bare, assignment), options.repeats)
        rows.append(("stock nbgrader autograde, demo cells removed", seconds / m))
    best = rows[1][1]
    print(f"\n{'':55} s/submission   ratio to ours")
    for name, seconds in rows:
        print(f"{name:55} {seconds:12.2f} {seconds / best:14.1f}")
    print("\nwhere one submission's time goes (s, one worker):")
    for name, seconds in where_time_goes(ours, assignment).items():
        print(f"  {name:40} {seconds:6.2f}")
    print(f"peak memory of the workers' processes: {PEAK['bytes'] / 2**30:.2f} GiB in all")
    shutil.rmtree(where, ignore_errors=True)


def make_class(
    course: CourseFolder,
    root: Path,
    assignment: str,
    notebook: str,
    students: int,
    config: str = "",
    demos: bool = True,
) -> CourseFolder:
    """Make a course folder with one notebook and a class of copies of its solution."""
    folder = CourseFolder(root)
    (folder.source / assignment).mkdir(parents=True)
    source = nbformat.read(course.source / assignment / f"{notebook}.ipynb", as_version=4)
    if not demos:
        source.cells = [c for c in source.cells if "demo" not in c.metadata.get("tags", [])]
    nbformat.write(source, folder.source / assignment / f"{notebook}.ipynb")
    own = config or (course.root / "nbgrader_config.py").read_text()
    (root / "nbgrader_config.py").write_text(own)
    generate_release(folder, assignment)
    for i in range(students):
        handed_in = nbformat.from_dict(source)
        for cell in handed_in.cells:
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = f"{source_of(cell)}\n# student {i}"
        here = folder.submitted / f"student{i:04}" / assignment
        here.mkdir(parents=True)
        nbformat.write(handed_in, here / f"{notebook}.ipynb")
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
    from course.grader.confine import Limits
    from course.grader.grade import steps_of
    from course.grader.kernels import open_session
    from course.grader.rebuild import rebuild
    from course.grader.references import References
    from course.grader.render import graded_notebook
    from course.grader.steps import Settings
    from course.grader.work import Task, do

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
    results = {
        step.key: session.run(step, Settings(kit.seed)) for step in steps_of(lesson, submission)
    }
    clock = lap("run the cells", clock)
    session.close()
    clock = lap("kill the kernel", clock)
    from course.grader.grade import grade

    references = References.from_bytes(kit.references).payloads
    graded = grade(lesson, submission, references, lambda *_: results, Settings(kit.seed))
    clock = lap("judge", clock)
    graded_notebook(lesson, submission, graded)
    lap("write the notebook", clock)
    return parts


PEAK = {"bytes": 0}


class watched_memory:  # noqa: N801  (used like a function)
    """Record the largest memory that this process's descendants use together."""

    def __enter__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().uss
                except (psutil.Error, OSError):
                    continue
            PEAK["bytes"] = max(PEAK["bytes"], total)


if __name__ == "__main__":
    main()
