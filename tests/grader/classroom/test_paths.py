"""One class, graded in every way there is: the same scores, comments and verdicts."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from course.grader.authoring.generate import generate_release
from course.grader.classroom import gradebook as book
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.run import Options, grade_class
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]
LESSON = "00_small"

WORK = {
    "right": {},
    "loops": {"double": "def double(x):\n    return x + x"},
    "wrong-step": {"double": "def double(x):\n    return 3 * x"},
    "wrong-both": {
        "double": "def double(x):\n    return 3 * x",
        "quadruple": "def quadruple(x):\n    return double(x)",
    },
    "mutates": {"double": "def double(x):\n    x *= 2\n    return x"},
    # It waits: a loop that counts would take a core from the other tests, on every path.
    "loops-for-ever": {
        "quadruple": "import time\ndef quadruple(x):\n    while True:\n        time.sleep(1)"
    },
    "dies": {"double": "import os\nos._exit(1)"},
    "kills-later": {
        "double": "import os, threading\nthreading.Timer(1.0, os._exit, [1]).start()\n"
        "def double(x):\n    return 2 * x",
        "quadruple": "import time\ntime.sleep(2)\ndef quadruple(x):\n    return 4 * x",
    },
    "prints": {
        "double": "import sys\ndef double(x):\n    print('x', file=sys.stderr)\n    return 2 * x"
    },
    "html": {"why": "<script>alert(1)</script> because $a<b$"},
}


def odd_work(folder: CourseFolder) -> dict[str, dict[str, bytes]]:
    """Work that is not where it should be, under other names, or not begun: files by student."""
    right = (folder.submitted / "right" / LESSON / "small.ipynb").read_bytes()
    starter = (folder.release / LESSON / "small.ipynb").read_bytes()
    below = nbformat.reads(starter.decode(), as_version=4)
    for cell in below.cells:
        if cell.id == "double":
            cell.source = ""
    below.cells.append(new_code_cell("half = 1"))
    below.cells.append(new_code_cell("def double(x):\n    return 2 * half * x"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("work/small.ipynb", right)
    large = nbformat.reads(right.decode(), as_version=4)
    large.cells[1].outputs = [new_output("stream", text="x" * 3_000_000)]
    return {
        "misnamed": {"Small (1).ipynb": right},
        "copies": {"small.ipynb": starter, "small (1).ipynb": right},
        "nested": {"my work/small.ipynb": right},
        "zipped": {"work.zip": buffer.getvalue()},
        "zipped-lesson": {f"../{LESSON}.zip": buffer.getvalue()},
        "mailed": {"small.ipynb.txt": right},
        "numbered": {"small.ipynb (1)": right},
        "large": {"small.ipynb": nbformat.writes(large).encode()},
        "untouched": {"small.ipynb": starter},
        "below": {"small.ipynb": nbformat.writes(below).encode()},
        "other": {"report.pdf": b"%PDF"},
        "broken": {"small.ipynb": b"\x00{"},
    }


ODD = ("misnamed", "copies", "nested", "zipped", "mailed", "numbered", "large", "untouched")
ODD += ("zipped-lesson", "below", "other", "broken", "linked", "linked-lesson")


def make_course(root: Path, source: CourseFolder) -> CourseFolder:
    """A copy of the small course with everybody's work handed in."""
    shutil.copytree(source.root, root)
    folder = CourseFolder(root)
    notebook = nbformat.read(folder.source / LESSON / "small.ipynb", as_version=4)
    for student, changes in WORK.items():
        handed_in = nbformat.from_dict(notebook)
        cells = {cell.id: cell.source for cell in notebook.cells}
        for cell in handed_in.cells:
            cell.source = changes.get(cell.id, cells[cell.id])
        here = folder.submitted / student / LESSON
        here.mkdir(parents=True)
        nbformat.write(handed_in, here / "small.ipynb")
    for student, files in odd_work(folder).items():
        for name, data in files.items():
            path = Path(os.path.normpath(folder.submitted / student / LESSON / name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (folder.submitted / "linked").symlink_to(folder.submitted / "right")
    (folder.submitted / "linked-lesson").mkdir()
    (folder.submitted / "linked-lesson" / LESSON).symlink_to(f"../right/{LESSON}")
    beside = folder.submitted / "right" / LESSON
    (beside / "secret.txt").symlink_to(folder.root / "nbgrader_config.py")
    (beside / "broken.txt").symlink_to("/nowhere")
    os.mkfifo(beside / "pipe")
    (beside / "numpy.py").write_text("raise SystemExit")
    (beside / "timestamp.txt").write_text("the day before yesterday")
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> CourseFolder:
    """A course that is released, with a seed and references that every way of grading shares."""
    from tests.conftest import small_notebook

    root = tmp_path_factory.mktemp("paths") / "start"
    (root / "source" / LESSON).mkdir(parents=True)
    notebook = small_notebook()
    for cell in notebook.cells:
        if cell.id == "quadruple_hidden":  # an endless loop shall not cost every path ten seconds
            cell.metadata["exercise"]["seconds"] = 4
    nbformat.write(notebook, root / "source" / LESSON / "small.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    folder = CourseFolder(root)
    nbgrader(folder, "generate_assignment", LESSON)
    folder.seed(LESSON)
    return folder


@pytest.fixture(scope="module")
def expected(start, tmp_path_factory) -> dict:
    folder = make_course(tmp_path_factory.mktemp("paths") / "one", start)
    run = grade_class(folder, LESSON, Options(workers=1, quiet=True))
    assert not run.failed
    return everything(folder)


def everything(folder: CourseFolder) -> dict:
    """Scores and comments of the gradebook, and the verdicts in the graded notebooks."""
    found: dict = {}
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        for submission in gradebook.assignment_submissions(LESSON):
            student = submission.student.id
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    found[student, grade.name] = (grade.auto_score, grade.needs_manual_grade)
                for comment in notebook.comments:
                    found[student, comment.name, "comment"] = comment.auto_comment
    copied = {path.name for path in folder.autograded.rglob("*") if path.is_file()}
    assert not copied & {"secret.txt", "timestamp.txt"}, "a link brought in what it points to"
    for path in folder.autograded.glob(f"*/{LESSON}/*.ipynb"):
        student = path.parts[-3]
        for cell in nbformat.read(path, as_version=4).cells:
            found[student, cell.id, "cell"] = (cell.source, str(cell.get("outputs", "")))
    return found


def test_the_scores_are_the_deserved_ones(expected):
    def total(student):
        return [expected[student, f"{name}_hidden"][0] for name in ("double", "quadruple")]

    assert total("right") == total("loops") == total("prints") == total("html") == [2, 2]
    for student in ("misnamed", "copies", "nested", "zipped", "mailed", "numbered", "large"):
        assert total(student) == [2, 2], student
    assert total("zipped-lesson") == [2, 2]
    assert total("below") == [2, 0]
    for student in ("untouched", "other", "linked", "linked-lesson"):
        assert total(student) == [0, 0], student
        assert expected[student, "why"] == (0, False)
    assert expected["copies", "why"] == (None, True)
    assert total("wrong-step") == [0, 2]
    assert total("wrong-both") == [0, 0]
    assert total("mutates")[0] < 2 == total("mutates")[1]
    assert total("loops-for-ever") == [2, 0]
    assert total("dies") == [0, 2]
    assert total("broken") == [0, 0]
    # One exercise's timer costs no other exercise.
    assert total("kills-later") == [2, 2]


def test_two_workers(start, expected, tmp_path):
    folder = make_course(tmp_path / "two", start)
    grade_class(folder, LESSON, Options(workers=2, quiet=True))
    assert everything(folder) == expected


def test_nbgrader_autograde(start, expected, tmp_path):
    folder = make_course(tmp_path / "stock", start)
    nbgrader(folder, "autograde", LESSON)
    assert everything(folder) == expected
    assert_nothing_is_left_to_grade(folder, expected)


def assert_nothing_is_left_to_grade(folder: CourseFolder, expected: dict) -> None:
    """The command knows what nbgrader graded, and takes it as it is."""
    stored = list((folder.private / "results").rglob("*.json"))
    assert len(stored) == len(WORK) + len(ODD)
    assert all(path.with_suffix(".applied").is_file() for path in stored)
    run = grade_class(folder, LESSON, Options(workers=1, quiet=True))
    assert not run.graded
    assert {outcome.student for outcome in run.kept} == {*WORK, *ODD}
    assert everything(folder) == expected


def test_formgraders_api(start, expected, tmp_path):
    """What formgrader's autograde button calls, for one student at a time, wherever it started."""
    folder = make_course(tmp_path / "api", start)
    code = (
        "from nbgrader.apps import NbGraderAPI\n"
        "from traitlets.config.loader import PyFileConfigLoader\n"
        f"loader = PyFileConfigLoader('nbgrader_config.py', path={str(folder.root)!r})\n"
        "api = NbGraderAPI(config=loader.load_config())\n"
        f"for student in {sorted([*WORK, *ODD])!r}:\n"
        f"    result = api.autograde({LESSON!r}, student)\n"
        "    assert result['success'], result\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    assert everything(folder) == expected
    assert_nothing_is_left_to_grade(folder, expected)


def test_a_run_of_nbgraders_that_was_killed_loses_nothing_and_is_not_repeated(
    start, expected, tmp_path
):
    """It ends between the verdict and the gradebook: the command applies what was kept."""
    folder = make_course(tmp_path / "half", start)
    code = (
        "import os, course.grader.classroom.by_hand as by_hand\n"
        "by_hand.SaveScores.preprocess = lambda *about: os._exit(9)\n"
        "from nbgrader.apps import NbGraderAPI\n"
        "from traitlets.config.loader import PyFileConfigLoader\n"
        "api = NbGraderAPI(config=PyFileConfigLoader('nbgrader_config.py', path='.').load_config())\n"
        f"api.autograde({LESSON!r}, 'wrong-step')\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=folder.root, capture_output=True)
    assert killed.returncode == 9
    only = Options(workers=1, quiet=True, students=("wrong-step",))
    run = grade_class(folder, LESSON, only)
    assert [len(run.graded), len(run.kept)] == [0, 1]
    assert everything(folder) == {k: v for k, v in expected.items() if k[0] == "wrong-step"}


def test_another_version_is_graded_after_nbgrader_graded_the_first(start, tmp_path):
    folder = make_course(tmp_path / "next", start)
    nbgrader(folder, "autograde", LESSON, "--student=wrong-step")
    path = folder.submitted / "wrong-step" / LESSON / "small.ipynb"
    path.write_bytes((folder.submitted / "right" / LESSON / "small.ipynb").read_bytes())
    only = Options(workers=1, quiet=True, students=("wrong-step",))
    run = grade_class(folder, LESSON, only)
    assert [outcome.points for outcome in run.graded] == [4]
    assert len(list((folder.private / "results").rglob("*.json"))) == 1


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int):
    """A real scheduler and workers, started as separate processes in a folder of their own."""
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_ROOT"}
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    command += ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    processes = [subprocess.Popen(command, env=environment, **quiet)]
    try:
        while not file.exists():
            time.sleep(0.1)
        for _ in range(workers):
            command = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1"]
            command += ["--no-nanny", "--no-dashboard", "--scheduler-file", str(file)]
            processes.append(subprocess.Popen(command, env=environment, **quiet))
        import json

        yield json.loads(file.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_dask_scheduler_with_one_worker_killed_half_way(start, expected, tmp_path):
    folder = make_course(tmp_path / "dask", start)
    with dask_cluster(tmp_path / "elsewhere", 2) as (address, workers):
        command = [sys.executable, "-m", "course.grader", "autograde", LESSON, "--quiet"]
        grader = subprocess.Popen([*command, "--scheduler", address], cwd=folder.root)
        results = folder.private / "results"
        while not list(results.glob("**/*.applied")) and grader.poll() is None:
            time.sleep(0.05)
        workers[0].kill()
        assert grader.wait(300) == 0
    assert everything(folder) == expected


KILLS = 50
COPIES = 120

DRIVER = """
import contextlib, os, pathlib, signal, subprocess, sys, time
import course.grader.__main__ as cli, course.grader.authoring.generate
import course.grader.classroom.class_report, course.grader.classroom.run, course.grader.kernel.warm

def stored():
    return len(list(pathlib.Path(".grader/results").glob("**/*.json")))

for i, delay in enumerate(map(float, sys.argv[1:])):
    before = stored()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(cli.main(["autograde", "00_small", "--quiet", "--workers", "1"]))
    ended, results = False, i % 3  # a third is killed by the clock, a third as it stores a result
    end = time.monotonic() + (60 if results else delay)
    while time.monotonic() < end and not ended and (not results or stored() < before + results):
        time.sleep(0.005)
        ended = os.waitpid(child, os.WNOHANG)[0]
    if results:
        time.sleep(delay / 10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    print("killed", flush=True)
    sys.stdin.readline()
"""
"""Start the grader and kill it, once for each delay; its imports are done once, before.

By turns it is killed after the delay, and a tenth of the delay after its first or second result:
so the kills fall into the grading on every machine, and never grade the whole class.
"""


def test_a_grader_killed_fifty_times_loses_nothing_and_grades_nothing_twice(
    start, expected, tmp_path
):
    folder = make_course(tmp_path / "killed", start)
    for i in range(COPIES):  # enough work for every start to be killed in the middle of some
        (folder.submitted / f"right{i}" / LESSON).mkdir(parents=True)
        name = Path(LESSON) / "small.ipynb"
        shutil.copy(folder.submitted / "right" / name, folder.submitted / f"right{i}" / name)
    rng = random.Random(0)
    delays = [f"{rng.uniform(0.01, 1.0):.2f}" for _ in range(KILLS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    seen: dict[str, float] = {}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, *delays], cwd=folder.root, **pipes
    ) as driver:
        for _ in delays:
            assert driver.stdout.readline() == "killed\n"
            for path in (folder.private / "results").glob("**/*.json"):
                # What is stored is never graded a second time.
                stamp = path.stat().st_mtime_ns
                assert seen.setdefault(str(path), stamp) == stamp
            driver.stdin.write("\n")
            driver.stdin.flush()
    assert KILLS * 2 // 3 <= len(seen) < COPIES + len(WORK), "the kills must fall into the grading"
    command = [sys.executable, "-m", "course.grader", "autograde", LESSON, "--quiet"]
    assert subprocess.run(command, cwd=folder.root, stdout=subprocess.DEVNULL).returncode == 0
    found = everything(folder)
    copies = {key for key in found if key[0].startswith("right") and key[0] != "right"}
    assert {key: found[key] for key in found.keys() - copies} == expected
    assert len(copies) == COPIES * sum(key[0] == "right" for key in expected)
    assert all(found[key] == expected["right", *key[1:]] for key in copies)


def test_only_what_changed_is_graded_again(start, tmp_path):
    folder = make_course(tmp_path / "changed", start)
    some = {"right", "wrong-step", "dies", "zipped", "broken"}
    for other in {path.name for path in folder.submitted.iterdir()} - some:
        path = folder.submitted / other
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    first = grade_class(folder, LESSON, Options(workers=1, quiet=True))
    assert {outcome.student for outcome in first.graded} == some
    path = folder.submitted / "wrong-step" / LESSON / "small.ipynb"
    path.write_bytes((folder.submitted / "right" / LESSON / "small.ipynb").read_bytes())
    second = grade_class(folder, LESSON, Options(workers=1, quiet=True))
    assert [o.student for o in second.graded] == ["wrong-step"]
    assert second.graded[0].points == 4
    folder.new_seed(LESSON)
    third = grade_class(folder, LESSON, Options(workers=1, quiet=True, students=("right", "dies")))
    assert {o.student for o in third.graded} == {"right", "dies"}


def test_a_score_by_hand_survives_and_asks_again_only_for_what_changed(start, tmp_path):
    """Whichever way graded last, and whichever grades now."""
    folder = make_course(tmp_path / "manual", start)
    options = Options(workers=1, quiet=True, force=True, students=("html",))
    scores = {"double_hidden": 1.5, "why": 0.5}

    def rows() -> dict[str, tuple]:
        with contextlib.closing(book.open_gradebook(folder)) as gradebook:
            found = {id_: gradebook.find_grade(id_, "small", LESSON, "html") for id_ in scores}
            return {id_: (g.manual_score, g.needs_manual_grade) for id_, g in found.items()}

    grade_class(folder, LESSON, options)
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        for id_, score in scores.items():
            grade = gradebook.find_grade(id_, "small", LESSON, "html")
            grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()
    looked_at = {"double_hidden": (1.5, False), "why": (0.5, False)}
    grade_class(folder, LESSON, options)
    assert rows() == looked_at
    nbgrader(folder, "autograde", LESSON, "--student=html", "--force")
    assert rows() == looked_at
    path = folder.submitted / "html" / LESSON / "small.ipynb"
    path.write_text(path.read_text().replace("because", "since"))
    nbgrader(folder, "autograde", LESSON, "--student=html", "--force")
    assert rows() == looked_at | {"why": (0.5, True)}
    grade_class(folder, LESSON, options)
    assert rows() == looked_at | {"why": (0.5, True)}, "nobody has looked yet"


POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture
def postgres(tmp_path_factory):
    """A real PostgreSQL server on loopback, run as an ordinary user."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL server here (Debian's package postgresql)")
    import socket
    import tempfile

    programs = POSTGRES[-1].parent
    root = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
    if user:
        shutil.chown(root, "nobody", "nogroup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/tmp"}
    data = str(root / "data")
    command = [programs / "initdb", "-D", data, "-U", "grader", "--auth=trust"]
    subprocess.run(command, check=True, **quiet, **user)
    options = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(root)]
    server = subprocess.Popen([programs / "postgres", *options], **quiet, **user)
    try:
        ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, **quiet, check=False).returncode:
            assert server.poll() is None
            time.sleep(0.1)
        yield f"postgresql://grader@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(root, ignore_errors=True)


def test_a_gradebook_on_postgresql(start, expected, postgres, tmp_path):
    folder = make_course(tmp_path / "postgres", start)
    with (folder.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {postgres!r}\n")
    (folder.root / "gradebook.db").unlink(missing_ok=True)
    grade_class(folder, LESSON, Options(workers=1, quiet=True), generate_release)
    assert everything(folder) == expected
    assert not (folder.root / "gradebook.db").exists()


def test_lateness_takes_effect_without_grading_again(start, tmp_path):
    """The policy of the configuration; a due date, a time stamp or a score by hand that is new."""
    folder = make_course(tmp_path / "late", start)
    with (folder.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    students = ("right", "loops")
    (folder.submitted / "right" / LESSON / "timestamp.txt").unlink()
    runs = []

    def penalties() -> dict[str, float | None]:
        runs.append(grade_class(folder, LESSON, Options(workers=1, quiet=True, students=students)))
        with contextlib.closing(book.open_gradebook(folder)) as gradebook:
            found = {
                student: gradebook.find_submission_notebook("small", LESSON, student)
                for student in students
            }
            return {student: row.late_submission_penalty for student, row in found.items()}

    def due(date: str) -> None:
        with contextlib.closing(book.open_gradebook(folder)) as gradebook:
            gradebook.update_or_create_assignment(LESSON, duedate=f"{date} 12:00:00 UTC")

    due("2026-03-01")
    assert penalties() == {"right": None, "loops": None}
    stamp = folder.submitted / "right" / LESSON / "timestamp.txt"
    stamp.write_text("2026-03-02 12:00:00 UTC")
    assert penalties() == {"right": 4.0, "loops": None}
    due("2026-03-03")
    assert penalties() == {"right": None, "loops": None}
    stamp.write_text("2026-03-04 12:00:00 UTC")
    assert penalties() == {"right": 4.0, "loops": None}
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        gradebook.find_grade("why", "small", LESSON, "right").manual_score = 1.0
        gradebook.db.commit()
    assert penalties() == {"right": 5.0, "loops": None}
    assert [len(run.graded) for run in runs] == [2, 0, 0, 0, 0]


def test_an_untouched_answer_is_zero_until_an_instructor_says_otherwise(start, tmp_path):
    folder = make_course(tmp_path / "answers", start)
    options = Options(workers=1, quiet=True, force=True, students=("untouched", "html"))

    def answers() -> dict[str, tuple]:
        grade_class(folder, LESSON, options)
        with contextlib.closing(book.open_gradebook(folder)) as gradebook:
            found = {s: gradebook.find_grade("why", "small", LESSON, s) for s in options.students}
            return {s: (g.score, g.manual_score, g.needs_manual_grade) for s, g in found.items()}

    assert answers() == {"untouched": (0, None, False), "html": (0, None, True)}
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        gradebook.find_grade("why", "small", LESSON, "untouched").manual_score = 0.5
        gradebook.db.commit()
    assert answers()["untouched"][:2] == (0.5, 0.5)
