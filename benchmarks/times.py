"""How long a class's autograding takes, lesson by lesson: measured, stored, and told in the guide.

``make bench LESSON=01_rnn OPTIONS=--record`` measures one lesson and writes the guide's table. What
counts is processor time of the grader with all its kernels, so other programs on the machine
change little. A control group adds it up, for a kernel's time is not its parent's: that needs root.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from course.grader.authoring.generate import generate_release
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.run import Options, grade_class, kits_of
from course.grader.ground.files import write_atomically
from course.grader.kernel.isolation import isolation_in_force
from course.grader.notebooks.answers import answers_path, changed, read_answers
from course.grader.notebooks.lesson import Lesson

STORED = Path(__file__).resolve().parent / "times.json"
GUIDE = Path("course") / "guides" / "instructors.md"
TABLE = re.compile(r"(<!-- times:begin -->\n).*?(<!-- times:end -->)", re.DOTALL)
CLASS = {"right": 60, "slips": 45, "unfinished": 15}
"""Students of a class of 120 by what they hand in."""
MEASURED = {"right": 3, "slips": 3, "unfinished": 3}
"""Submissions of each kind that are graded one by one; their median counts."""
CORES = 2


def record(course: CourseFolder, assignment: str) -> None:
    """Measure a lesson, store what came of it, and write the guide's table.

    Parameters
    ----------
    course : CourseFolder
    assignment : str
        A lesson's name.
    """
    found = measured(course, assignment)
    known = json.loads(STORED.read_text()) if STORED.is_file() else {}
    known[assignment] = found
    write_atomically(STORED, (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())
    guide = course.root / GUIDE
    text = guide.read_text()
    write_atomically(guide, TABLE.sub(lambda m: m[1] + table(known) + m[2], text).encode())
    print(table(known))


def measured(course: CourseFolder, assignment: str) -> dict:
    """Processor seconds: once for a class, and for a submission of each kind."""
    usage = own_usage()
    folder = CourseFolder(Path(tempfile.mkdtemp(prefix="rnn-times-")))
    lessons = course.lessons(assignment)
    students = make_class(course, folder, lessons)
    start = usage()
    kits_of(folder, assignment)
    result: dict = {"once": round(usage() - start, 1)}
    for kind, names in students.items():
        took = []
        for name in names:
            kits_of(folder, assignment)  # made again, and not counted, where the course has changed
            start = usage()
            run = grade_class(folder, assignment, Options(workers=1, quiet=True, students=(name,)))
            took.append(usage() - start)
            if run.failed:
                sys.exit(f"error: {next(iter(run.failed.values()))}")
        result[kind] = round(statistics.median(took), 2)
    shutil.rmtree(folder.root, ignore_errors=True)
    return result | {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {processor()}",
        "isolated": isolation_in_force().complete,
    }


def make_class(
    course: CourseFolder, folder: CourseFolder, lessons: Sequence[Lesson]
) -> dict[str, list[str]]:
    """Hand in work of each kind; the students' names by kind."""
    assignment = lessons[0].assignment
    shutil.copytree(course.source / assignment, folder.source / assignment)
    if (course.root / "answers" / assignment).is_dir():
        shutil.copytree(course.root / "answers" / assignment, folder.root / "answers" / assignment)
    shutil.copy(course.root / "nbgrader_config.py", folder.root)
    generate_release(folder, assignment)
    students = {kind: [f"{kind}{i}" for i in range(count)] for kind, count in MEASURED.items()}
    for kind, names in students.items():
        for i, student in enumerate(names):
            for lesson in lessons:
                text = work_of(course, folder, lesson, kind, i)
                path = folder.submitted / student / assignment / f"{lesson.notebook}.ipynb"
                write_atomically(path, text.encode())
    return students


def work_of(
    course: CourseFolder, folder: CourseFolder, lesson: Lesson, kind: str, number: int
) -> str:
    """One student's notebook: right, with a slip in every third exercise, or the first half."""
    starter = folder.starter(lesson)
    exercises = list(lesson.exercises)
    typical = read_answers(answers_path(course.root, lesson)).typical
    slips = {
        id_: typical[id_]["one slip"][0]
        for i, id_ in enumerate(exercises)
        if kind == "slips" and i % 3 == number % 3 and "one slip" in typical.get(id_, {})
    }
    written = set(exercises[: len(exercises) // 2] if kind == "unfinished" else exercises)
    sources = {cell.key: cell.source for cell in changed(lesson, slips).cells}
    for cell in starter.cells:
        if cell.cell_type == "code" and cell.id in written and cell.id in sources:
            cell.source = f"{sources[cell.id]}\n# {kind} {number}"
    return nbformat.writes(starter)


def own_usage() -> Callable[[], float]:
    """Move this process into a control group of its own; a function of its seconds so far."""
    for root, name, scale in (
        (Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage", 1e9),
        (Path("/sys/fs/cgroup"), "cpu.stat", 1e6),
    ):
        group = root / f"rnn-times-{os.getpid()}"
        try:
            group.mkdir()
            (group / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:
            continue
        return lambda file=group / name, scale=scale: _number(file.read_text()) / scale
    sys.exit("error: processor time of kernels is measured by a control group: run this as root")


def _number(text: str) -> int:
    """The usage in ``cpuacct.usage`` (a number) or ``cpu.stat`` (its first line)."""
    return int(text.splitlines()[0].split()[-1])


def processor() -> str:
    """The processor's name, as far as the system tells."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()


def table(known: dict) -> str:
    """The guide's table, in Markdown."""
    total = sum(CLASS.values())
    head = (
        f"| lesson | before the first | a right submission | one with slips | an unfinished one "
        f"| {total} on two cores | measured |\n|---|---|---|---|---|---|---|\n"
    )
    rows = []
    for lesson, found in sorted(known.items()):
        seconds = found["once"] + sum(found[kind] * count for kind, count in CLASS.items())
        one = " | ".join(f"{found[kind]:.1f} s" for kind in CLASS)
        rows.append(
            f"| {lesson} | {found['once']:.0f} s | {one} | {minutes(seconds / CORES)} "
            f"| {found['date']}, {found['machine']} |\n"
        )
    return head + "".join(rows)


def minutes(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
