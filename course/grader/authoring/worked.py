"""What the model answer and known wrong answers return on the worked examples, stored as data."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from course.checks import CheckFailed, compare
from course.grader.classroom.command import GenerationError
from course.grader.classroom.course_folder import CourseFolder
from course.grader.ground.files import write_atomically
from course.grader.judging.grade import steps_of
from course.grader.kernel.steps import Settings, Step
from course.grader.kernel.trusted import ChildDied, forked, fresh_namespace, run_step
from course.grader.notebooks.answers import Answers, Change, answers_path, changed, read_answers
from course.grader.notebooks.lesson import TRIED, WRITTEN, Lesson, read_lesson
from course.grader.notebooks.rebuild import solution_submission
from course.worked import examples_of, try_out
from course.worked.trial import RIGHT, STORED, WRONG, Recording, decoded, encoded, load

SLOW = 1.0
"""Seconds: what takes longer between an exercise and its visible test trains, and is not repeated
for wrong answers."""
TOO_LARGE = 4000
"""Characters of a stored value, in JSON; a wrong answer that returns more is left out."""


def store_examples(folder: CourseFolder, name: str) -> list[tuple[Path, list[str]]]:
    """Make the stored data of a lesson's worked examples again.

    Parameters
    ----------
    folder : CourseFolder
    name : str
        A lesson, ``"01_rnn"``, or one of its notebooks, ``"01_rnn/vanilla_rnn"``.

    Returns
    -------
    list of (pathlib.Path, list of str)
        For each notebook that has examples: its file, and sentences on misconceptions that its
        examples cannot tell apart.

    Raises
    ------
    GenerationError
        When the solution or an example fails.
    """
    made = []
    assignment, _, notebook = name.partition("/")
    for lesson in folder.lessons(assignment):
        if notebook not in {"", lesson.notebook}:
            continue
        path = STORED / f"{lesson.notebook}.json"
        command = [sys.executable, "-m", __name__, str(folder.root), assignment, lesson.notebook]
        run = subprocess.run(command, capture_output=True, text=True, cwd=folder.root)
        if run.returncode:
            last = (run.stderr.strip().splitlines() or ["it died"])[-1]
            raise GenerationError(f"{assignment}/{lesson.notebook}: {last}")
        found = json.loads(run.stdout)
        if not alike(decoded(found), load(lesson.notebook)):
            write_atomically(path, (json.dumps(found, ensure_ascii=False) + "\n").encode())
            path.chmod(0o644)
        made.append((path, collisions(found)))
    return made


def collisions(found: dict[str, Any]) -> list[str]:
    """Say which misconceptions return the same on an example."""
    said = []
    for exercise, stored in found.items():
        groups: dict[str, list[str]] = {}
        for name, differs in stored[WRONG].items():
            groups.setdefault(json.dumps(differs, sort_keys=True), []).append(name)
        for names in groups.values():
            if len(names) > 1:
                said.append(f"{exercise}: the same for {' | '.join(names)}")
    return said


def record(
    lesson: Lesson, answers: Answers, look: Callable[..., Any] | None = None
) -> dict[str, Any]:
    """Run a notebook's solution, and every wrong answer on its worked example.

    Parameters
    ----------
    lesson : Lesson
    answers : Answers
    look : callable, optional
        What to do with an exercise, ``look(examples, exercise, wrong, namespace)``, where ``wrong``
        holds the sources to run for each wrong answer. The default gives what is stored.

    Returns
    -------
    dict
        By exercise: what is stored, in the form of :func:`course.worked.trial.encoded`.

    Raises
    ------
    GenerationError
        When a cell of the solution fails.
    """
    examples = examples_of(lesson.notebook)
    roles = {cell.id: cell.role for cell in lesson.cells}
    namespace, found = fresh_namespace(), {}
    since: list[Step] = []  # the exercise's cell and what ran after it
    seconds = 0.0  # of what ran after it
    for step in steps_of(lesson, solution_submission(lesson), optional=True):
        if step.hidden:
            continue
        if roles[step.key] in TRIED:
            if step.exercise in examples:
                wrong = answers.wrong.get(step.exercise, {}) if seconds <= SLOW else {}
                sources = {n: _sources(lesson, since, {step.exercise: c}) for n, c in wrong.items()}
                found[step.exercise] = (look or _stored)(
                    examples, step.exercise, sources, namespace
                )
            continue
        result = run_step(step, namespace, Settings(0))
        if result.status != "ok":
            raise GenerationError(f"the solution's cell {step.key!r} fails: {result.cause}")
        if roles[step.key] in WRITTEN:
            since, seconds = [], -result.seconds
        since.append(step)
        seconds += result.seconds
    return found


def _sources(lesson: Lesson, steps: Sequence[Step], changes: dict[str, Change]) -> list[str]:
    """What a wrong answer runs instead of some of the solution's cells."""
    cells = {cell.key: cell.source for cell in changed(lesson, changes).cells}
    return [cells[step.key] for step in steps]


def _stored(
    examples: Mapping[str, Callable[..., None]],
    exercise: str,
    wrong: Mapping[str, Sequence[str]],
    namespace: dict[str, Any],
) -> dict[str, Any]:
    """What the solution returns on an example, and where wrong answers differ from it."""
    trial = Recording(exercise)
    try_out(examples, exercise, namespace[exercise], trial, namespace)
    right = {place: encoded(value) for place, value in trial.returned.items()}
    found = {}
    for name, sources in wrong.items() if right else ():
        returned: dict[str, Any] = {}
        with contextlib.suppress(ChildDied):
            one, two = (
                forked(_returned, examples, exercise, sources, namespace, seed) for seed in (0, 1)
            )
            if alike(decoded(one), decoded(two)):  # what is random is recognised by chance only
                returned = one
        differs = {p: v for p, v in returned.items() if not alike(decoded(v), decoded(right[p]))}
        if differs and all(len(json.dumps(value)) <= TOO_LARGE for value in differs.values()):
            found[name] = differs
    return {RIGHT: right, WRONG: found}


def _returned(
    examples: Mapping[str, Callable[..., None]],
    exercise: str,
    sources: Sequence[str],
    namespace: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    """In a child: what a wrong answer returns on the example, as far as it gets."""
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    trial = Recording(exercise)
    silent = contextlib.redirect_stdout(io.StringIO())
    with silent, contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception):
        for source in sources:
            exec(compile(source, "<answer>", "exec", dont_inherit=True), namespace)
        try_out(examples, exercise, namespace[exercise], trial, namespace)
    kept = {}
    for place, value in trial.returned.items():
        with contextlib.suppress(TypeError):
            kept[place] = encoded(value)
    return kept


def alike(found: Any, stored: Any) -> bool:
    """Tell whether two sets of stored values agree but for rounding."""
    if isinstance(found, dict) and isinstance(stored, dict):
        return list(found) == list(stored) and all(alike(found[k], stored[k]) for k in found)
    try:
        compare("", found, stored, atol=1e-7, rtol=1e-6)
    except CheckFailed:
        return False
    return True


def main(arguments: Sequence[str]) -> None:
    """Print what one notebook stores; runs in a process of its own, whose names it clears."""
    root, assignment, notebook = Path(arguments[0]), arguments[1], arguments[2]
    lesson = read_lesson(root / "source" / assignment / f"{notebook}.ipynb")
    out = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):
        found = record(lesson, read_answers(answers_path(root, lesson)))
    json.dump(found, out, ensure_ascii=False)


if __name__ == "__main__":  # answers take the place of this module: it is imported once more
    importlib.import_module("course.grader.authoring.worked").main(sys.argv[1:])
