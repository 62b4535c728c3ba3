"""Grade a class: collect what changed, let workers grade it, write what comes back, once.

A result is stored the moment it arrives, and applied to the gradebook afterwards (``results``). A
run that is killed is started again with the same command: what is stored is not graded again, what
is applied is not applied again. That holds for what ``nbgrader autograde`` and formgrader graded
too, for they leave the same results.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course.grader.classroom import gradebook as book
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.classroom.results import apply, is_applied, load_result, points_before, store
from course.grader.classroom.work import Kit, Task, do
from course.grader.ground.text import one_line
from course.grader.judging.misconceptions import with_misconceptions
from course.grader.judging.outcome import Outcome, Run
from course.grader.judging.references import References, references_for
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.memory import give_memory_back
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.submitted import Found

log = logging.getLogger(__name__)

MOST_NAMED = 8
IN_FLIGHT = 3
"""Tasks per worker that are handed out ahead: memory stays flat however large the class."""


@dataclass
class Options:
    """How to grade.

    Attributes
    ----------
    workers : int
        Local workers; 0 takes one per core.
    scheduler : str
        Address of a running Dask scheduler; empty for a local cluster.
    force : bool
        Grade again what has not changed.
    require_isolation : bool
        Refuse to run where anything is not isolated.
    device : str
        ``"cpu"`` or ``"cuda"``.
    quiet : bool
        No progress bar.
    students : tuple of str
        Grade these alone; empty for all.
    """

    workers: int = 0
    scheduler: str = ""
    force: bool = False
    require_isolation: bool = False
    device: str = "cpu"
    quiet: bool = False
    students: tuple[str, ...] = ()


class NothingToGrade(FolderError):
    """There is no submission; the message says where they belong."""


def kits_of(
    folder: CourseFolder, assignment: str, device: str = "cpu", notebook: str = ""
) -> list[Kit]:
    """Prepare what workers need for a lesson: sources, starters, references under one seed.

    With ``notebook``, for that one alone.
    """
    seed = folder.seed(assignment)
    lessons = [folder.lesson(assignment, notebook)] if notebook else folder.lessons(assignment)
    references = [
        references_for(lesson, seed, folder.references, run_in_kernels) for lesson in lessons
    ]
    # Each notebook's wrong answers run in a process of their own, all at once: two cores share
    # three of them better than one after the other.
    with ThreadPoolExecutor(max(len(lessons), 1)) as pool:
        known = pool.map(
            lambda lesson, made: with_misconceptions(
                made, lesson, folder.root, seed, folder.references
            ),
            lessons,
            references,
        )
        return [_kit(folder, *each, seed, device) for each in zip(lessons, known, strict=True)]


def _kit(
    folder: CourseFolder, lesson: Lesson, references: References, seed: int, device: str
) -> Kit:
    starter = folder.starter(lesson)
    return Kit(
        lesson.assignment,
        lesson.notebook,
        nbformat.writes(lesson.source),
        nbformat.writes(starter) if starter is not None else "",
        references.to_bytes(),
        seed,
        device,
    )


def students_of(folder: CourseFolder, assignment: str, wanted: Sequence[str] = ()) -> Sequence[str]:
    """Whom to grade: everybody who handed in, or those of them who are named.

    Raises
    ------
    NothingToGrade
        When nobody handed in, or one that is named did not: a name with a slip would be graded as
        a student without work.
    """
    there = folder.students(assignment)
    if not there:
        raise NothingToGrade(
            f"no submissions of {assignment}: put them in "
            f"{folder.submitted}/<student>/{assignment}/"
        )
    if strangers := [student for student in wanted if student not in there]:
        raise NothingToGrade(
            f"nothing of {', '.join(map(repr, strangers))} is handed in for {assignment}: names "
            f"are those of the folders in {folder.submitted}"
        )
    return wanted or there


def tasks_of(
    folder: CourseFolder, kits: Sequence[Kit], students: Sequence[str] = ()
) -> Iterator[Task]:
    """Read a class's submissions, one task for each student and notebook."""
    assignment = kits[0].assignment
    lessons = folder.lessons(assignment)
    starters = {lesson.notebook: folder.starter(lesson) for lesson in lessons}
    for student in students_of(folder, assignment, students):
        try:
            handed_in, unread = folder.handed_in(student, lessons, starters), ""
        except OSError as error:
            handed_in = {}
            unread = f"{error.filename} cannot be read ({error.strerror}); make it readable"
        for kit in kits:
            found = handed_in.get(kit.notebook, Found())
            yield Task(student, kit, found.text, found.notes, found.files, unread)


def grade_class(
    folder: CourseFolder,
    assignment: str,
    options: Options,
    release: Callable[[CourseFolder, str], object] | None = None,
) -> Run:
    """Grade every submission of a lesson that is new or changed.

    Parameters
    ----------
    folder : CourseFolder
    assignment : str
    options : Options
    release : callable, optional
        Releases a lesson that the gradebook does not know; without it, that is an error.

    Returns
    -------
    Run

    Raises
    ------
    LessonError, FolderError, SolutionError, GenerationError
        With one line that says what is wrong, before anything is written.
    """
    isolation = isolation_in_force()
    if options.require_isolation and not isolation.complete:
        raise FolderError(f"{isolation.describe()}; --require-isolation refuses to run here")
    lessons = folder.lessons(assignment)
    students = students_of(folder, assignment, options.students)
    if astray := folder.astray(assignment):
        log.warning(
            "not graded, for it lies in no lesson's folder: %s; put it into %s/<student>/%s/",
            ", ".join(map(repr, astray[:MOST_NAMED])) + (" …" if astray[MOST_NAMED:] else ""),
            folder.submitted,
            assignment,
        )
    require_writable(folder.autograded, folder.private)
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        _require_registered(folder, gradebook, lessons, release)
        run = Run(assignment, isolation.describe())
        kits = kits_of(folder, assignment, options.device)
        todo, lost, scores = [], 0, book.scores_of(gradebook, assignment)
        for task in tasks_of(folder, kits, students):
            if task.unread:  # whoever runs the grader mends that: it costs the student nothing
                run.failed[f"{task.student}/{task.kit.notebook}"] = task.unread
                continue
            stored = None if options.force else load_result(folder, task)
            if stored is None:
                todo.append(task)
                continue
            known = is_applied(folder, stored)
            if not known or not book.holds(scores, stored):
                apply(folder, gradebook, stored)
                lost += known
            run.kept.append(stored)
        if lost:
            log.warning(
                "the gradebook lacked the scores of %d graded notebooks, as a new one or an older "
                "copy does; it has them again, but scores by hand were in the lost one alone",
                lost,
            )
        try:
            _grade_all(folder, gradebook, todo, options, run)
        except BaseException:  # it may have come in the middle of writing a student's scores
            gradebook.db.rollback()
            raise
        finally:  # a due date or a time stamp may have changed since a result was stored
            book.settle_lateness(folder, gradebook, assignment, students)
    return run


def require_writable(*folders: Path) -> None:
    """Make sure that folders exist and can be written.

    Raises
    ------
    FolderError
        Naming the first that cannot.
    """
    for path in folders:
        try:
            path.mkdir(parents=True, exist_ok=True)
            probe = path / ".write-test"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise FolderError(
                f"cannot write to {path} ({error.strerror}); make the folder writable"
            ) from error


def _grade_all(
    folder: CourseFolder, gradebook: Any, todo: list[Task], options: Options, run: Run
) -> None:
    """Let workers grade, and store and apply each result as it arrives."""
    from tqdm import tqdm

    bar = tqdm(
        total=len(todo), unit="notebook", disable=options.quiet or not todo, dynamic_ncols=True
    )
    with bar, contextlib.closing(_outcomes(todo, options)) as outcomes:
        for task, data, error in outcomes:
            bar.update()
            if error:
                run.failed[f"{task.student}/{task.kit.notebook}"] = error
                continue
            outcome = Outcome.from_bytes(data)
            before = points_before(folder, outcome)
            store(folder, outcome)
            apply(folder, gradebook, outcome)
            run.graded.append(outcome)
            give_memory_back()
            if before not in {None, outcome.points}:
                run.changed[f"{outcome.student}/{outcome.notebook}"] = before, outcome.points


def _outcomes(todo: list[Task], options: Options) -> Iterator[tuple[Task, bytes, str]]:
    """Yield ``(task, result, error)`` as workers finish; few tasks are in flight at a time."""
    if not todo:
        return
    if not options.scheduler and 1 in (len(todo), options.workers):
        yield from _one_after_the_other(todo)
        return
    import dask

    # Dask reads this once, when `distributed` is imported: its own log is not for instructors. And
    # its connections would keep the last thousand messages, each with a submission and its kit.
    dask.config.set(
        {"logging.distributed": "critical", "distributed.admin.low-level-log-length": 0}
    )
    from distributed import Client, wait

    with _cluster(options, len(todo)) as address, _client(Client, address) as client:
        ahead = IN_FLIGHT * max(1, len(client.scheduler_info()["workers"]))
        resources = {"GPU": 1} if options.device == "cuda" else None
        todo.reverse()
        waiting, flying, tries = todo, {}, itertools.count()  # what is handed out is let go
        while waiting or flying:
            while waiting and len(flying) < ahead:
                task = waiting.pop()
                key = f"grade-{task.student}-{task.kit.notebook}-{task.fingerprint}-{next(tries)}"
                future = client.submit(
                    do, task, key=key, pure=False, retries=2, resources=resources
                )
                flying[future] = task
            for future in wait(list(flying), return_when=FIRST_COMPLETED).done:
                task = flying.pop(future)
                if future.status == "finished":
                    yield task, future.result(), ""
                elif future.status == "error":
                    yield task, b"", f"the grader failed: {future.exception()}"
                else:  # the worker died with the result: grade it again
                    waiting.append(task)
                future.release()


def _client(connect: Callable[[str], Any], address: str) -> Any:
    """Connect to a scheduler, or say in one line that none answers."""
    try:
        return connect(address)
    except (OSError, ValueError) as error:
        why = one_line(error, 120)
        raise FolderError(
            f"no Dask scheduler answers at {address!r} ({why}); write it as tcp://host:8786"
        ) from error


def _one_after_the_other(todo: list[Task]) -> Iterator[tuple[Task, bytes, str]]:
    """Grade in this process: run one submission, judge the one before, write the one before that.

    One kernel runs cells at a time, so that this is one worker.
    """
    pool, turn = ThreadPoolExecutor(2), threading.Lock()
    try:
        waiting, flying = iter(todo), deque()
        for task in itertools.islice(waiting, IN_FLIGHT):
            flying.append((task, pool.submit(do, task, turn)))
        while flying:
            task, future = flying.popleft()
            error = future.exception()
            for following in itertools.islice(waiting, 1):
                flying.append((following, pool.submit(do, following, turn)))
            if error is None:
                yield task, future.result(), ""
            else:
                yield task, b"", f"the grader failed: {error}"
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts waits for two tasks at most


@contextlib.contextmanager
def _cluster(options: Options, tasks: int) -> Iterator[str]:
    """Give the address of the scheduler that was named, or of a local cluster."""
    if options.scheduler:
        yield options.scheduler
        return
    import dask
    from distributed import LocalCluster

    workers = options.workers or max(1, min(os.cpu_count() or 1, tasks))
    settings = {
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.target": False,
        "distributed.admin.tick.limit": "1h",
        "distributed.worker.profile.enabled": False,  # a worker would keep a profile per second
    }
    resources = {"GPU": 1} if options.device == "cuda" else None
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            resources=resources,
        ) as cluster,
    ):
        yield cluster.scheduler_address


def _require_registered(
    folder: CourseFolder,
    gradebook: Any,
    lessons: Sequence[Lesson],
    release: Callable[[CourseFolder, str], object] | None,
) -> None:
    """Make sure that the gradebook knows the lesson, which its release puts there."""
    assignment = lessons[0].assignment
    if book.is_registered(gradebook, assignment, [lesson.notebook for lesson in lessons]):
        return
    if release is None:
        raise FolderError(
            f"the gradebook does not know {assignment} yet: run `make release LESSON={assignment}`"
        )
    release(folder, assignment)
