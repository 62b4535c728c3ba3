"""Run a notebook's wrong answers and print what they emit (``python -m`` this module).

They are the course's own code, so they run in forks of one process, without a kernel.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.grader.ground.wire import BadPayload
from course.grader.judging.diagnosis import Wrong, differences, packed
from course.grader.judging.grade import steps_of
from course.grader.judging.payload import Payload, read
from course.grader.judging.references import References
from course.grader.kernel.steps import Settings, Step
from course.grader.kernel.trusted import ChildDied, forked, fresh_namespace, run_step
from course.grader.notebooks.answers import Answers, changed, read_answers
from course.grader.notebooks.lesson import Lesson, read_lesson
from course.grader.notebooks.rebuild import solution_submission

log = logging.getLogger(__name__)

SLOW = 1.0
"""Seconds: a cell that takes longer trains; what needs it is not told apart."""
BUDGET = 180.0
"""Processor seconds for the wrong answers of one notebook; those that come later are not known."""


def emissions_of_wrong_answers(
    lesson: Lesson, answers: Answers, references: References, seed: int
) -> dict[str, dict[str, Wrong]]:
    """Run every wrong answer that needs no training; give where each differs from the solution.

    Returns
    -------
    dict
        By exercise and sentence.
    """
    all_steps = steps_of(lesson, solution_submission(lesson), blind=True)
    _warm_up(optimisers=any("optim" in step.source for step in all_steps))
    gc.freeze()  # else each fork's first collection would copy every page
    namespace, found = fresh_namespace(), {}
    settings = Settings(seed)
    deadline = _processor_seconds() + BUDGET
    roles = {cell.id: cell.role for cell in lesson.cells}
    since: list[Step] = []
    for step in all_steps:
        if roles[step.key] == "visible":
            continue
        if step.hidden:
            id_, reference = step.exercise, references.payloads[step.exercise]
            solved = _emission([step], namespace, settings, reference)
            known = solved is not None and not differences(solved, reference)
            for name, change in answers.wrong.get(id_, {}).items() if known else ():
                cells = {c.key: c.source for c in changed(lesson, {id_: change}).cells}
                steps = [*(replace(s, source=cells[s.key]) for s in since), step]
                if _processor_seconds() > deadline:
                    log.warning("%s: no time for %r", id_, name)
                elif emitted := _emission(steps, namespace, settings, reference):
                    found.setdefault(id_, {})[name] = differences(emitted, reference)
            continue
        if references.seconds.get(step.key, 0.0) > SLOW and step is not all_steps[0]:
            continue  # imports are never left out, however long they took
        if roles[step.key] == "solution":
            since = []
        since.append(step)
        run_step(step, namespace, settings)
    return found


def _emission(
    steps: Sequence[Step], namespace: dict[str, Any], settings: Settings, reference: Payload
) -> Payload | None:
    """What the last of some steps emits in a fork of this process; ``None`` when nothing."""
    names = [name for _, name in reference.answers]  # as for a student: errors are told alike
    with contextlib.suppress(ChildDied, BadPayload):
        emitted = forked(_last_emission, steps, namespace, settings)
        return read(emitted, names=names) if emitted else None
    return None


def _warm_up(optimisers: bool) -> None:
    """Do once what every fork would begin with: imports of two seconds, a kernel made in 45 ms."""
    if optimisers:
        importlib.import_module("torch._dynamo")
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)  # threads that have worked do not live on in a fork
    torch.nn.LSTM(2, 2)(torch.zeros(2, 2, 2))


def _processor_seconds() -> float:
    """What this process and its forks have used: the same on a machine that does more."""
    return sum(os.times()[:4])


def _last_emission(steps: Sequence[Step], namespace: dict[str, Any], settings: Settings) -> bytes:
    results = [run_step(step, namespace, settings) for step in steps]
    return results[-1].emissions[0] if results[-1].emissions else b""


def main(arguments: Sequence[str]) -> None:
    """Print what the wrong answers of one notebook emit; the references come on standard input."""
    lesson = read_lesson(Path(arguments[0]))
    references = References.from_bytes(sys.stdin.buffer.read())
    out = sys.stdout.buffer
    with contextlib.redirect_stdout(io.StringIO()):
        bank = read_answers(Path(arguments[1]))
        found = emissions_of_wrong_answers(lesson, bank, references, int(arguments[2]))
    out.write(packed(found))


if __name__ == "__main__":  # answers take the place of this module: it is imported once more
    importlib.import_module("course.grader.judging.wrong_answers").main(sys.argv[1:])
