"""Say what the visible test of every exercise says about every wrong answer.

Run ``python -m tests.support.said source/01_rnn/vanilla_rnn.ipynb`` after the examples were stored.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from course.grader.authoring.worked import record
from course.grader.kernel.trusted import ChildDied, forked
from course.grader.notebooks.answers import answers_path, read_answers
from course.grader.notebooks.lesson import read_lesson
from course.worked import try_out
from course.worked.trial import Trial, load

ROOT = Path(__file__).resolve().parent.parent.parent


def heard(
    examples: Mapping[str, Callable[..., None]],
    exercise: str,
    sources: Sequence[str],
    namespace: dict[str, Any],
    stored: Mapping[str, Any],
) -> str:
    """In a child: the message that the author of an answer sees; empty when there is none."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            for source in sources:
                exec(compile(source, "<answer>", "exec", dont_inherit=True), namespace)
            try_out(examples, exercise, namespace[exercise], Trial(exercise, stored), namespace)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


def main(path: Path) -> None:
    """Print the table of one notebook."""
    lesson = read_lesson(path)
    stored = load(lesson.notebook)
    out = sys.stdout

    def look(examples, exercise, wrong, namespace):
        known = stored.get(exercise, {})
        right = heard(examples, exercise, [], namespace, known)
        print(f"\n## {exercise}: {right or 'the model answer passes'}", file=out)
        for name, sources in wrong.items():
            try:
                said = forked(heard, examples, exercise, sources, namespace, known)
            except ChildDied:
                said = "(it kills the kernel)"
            mark = "✓" if name in said else "·" if said else "–"
            print(f"{mark} {name}\n      {said or 'nothing'}", file=out)

    with contextlib.redirect_stdout(io.StringIO()):
        record(lesson, read_answers(answers_path(ROOT, lesson)), look)


if __name__ == "__main__":
    importlib.import_module("tests.support.said").main(Path(sys.argv[1]))
