"""How far trained answers are from the bars of their exams, over many seeds of the training.

Run ``python -m tests.support.margins source/04_bidirectional/sentiment.ipynb --seeds 20``, or
without paths for every notebook. The solution and every right variant of an exam are trained under
each seed; a wrong one is trained too when it is named: ``--wrong "It has hardly learned: the learning rate is too small for three rounds."``.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from course.emission import ANSWERS_VARIABLE
from course.grader.judging.compare import compare
from course.grader.judging.payload import Payload, read
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import forked, fresh_namespace, run_step
from tests.support.mutation import ROOT, SEED, Notebook, changed

SCORE = re.compile(r"it scores (-?[\d.]+)")
TRAINING_SEED = re.compile(r"set_up\(seed=\d+\)")


class Margins(Notebook):
    """A notebook whose exams are taken again and again."""

    def measure(self, seeds: int, wrong: Sequence[str]) -> None:
        """Print, for each exam, variant and bar, the scores over the seeds."""
        holding = {}
        self.namespace = fresh_namespace()
        last = max(i for exercise, i in self.hidden.items() if self._scores(exercise))
        for i, step in enumerate(self.steps[:last]):
            exercise = step.exercise
            if self.first.get(exercise) == i and self._scores(exercise):
                holding[exercise] = forked(self._over_seeds, exercise, seeds, wrong)
            result = run_step(step, self.namespace, Settings(SEED))
            if result.status != "ok":
                raise AssertionError(f"{self.lesson.notebook} / {step.key}: {result.cause}")
        for exercise, found in holding.items():
            if not found:
                raise AssertionError(f"{self.lesson.notebook} / {exercise}: no bar was scored")
            for (variant, name, bar), scores in found.items():
                spread = f"{min(scores):.3f} to {max(scores):.3f}"
                print(
                    f"{self.lesson.notebook}/{exercise} · {variant} · {name} · bar {bar:g}: ",
                    end="",
                )
                print(f"{spread} over {len(scores)} seeds: {' '.join(f'{s:.3f}' for s in scores)}")
        sys.stdout.flush()

    def _scores(self, exercise: str) -> bool:
        return "case.predict(" in self.steps[self.hidden[exercise]].source

    def _over_seeds(
        self, exercise: str, seeds: int, wrong: Sequence[str]
    ) -> dict[tuple[str, str, float], list[float]]:
        variants = {"solution": []} | self.right.get(exercise, {})
        variants |= {k: v for k, v in self.wrong.get(exercise, {}).items() if k in wrong}
        found = defaultdict(list)
        for name, change in variants.items():
            steps = self._changed_steps(
                changed(self.lesson, {exercise: change}), self._own(exercise)
            )
            for k in range(seeds):
                for key, score in forked(self._taken, steps, k).items():
                    found[name, *key].append(score)
        return dict(found)

    def _taken(self, steps: list, k: int) -> dict[tuple[str, float], float]:
        """Train under a seed and take the exam; return the score for each bar."""
        again = f"set_up(seed={k})"
        reference = None
        for step in steps:
            if step.key in self.visible:
                continue
            step = replace(step, source=TRAINING_SEED.sub(again, step.source))
            if step.hidden:
                asking = replace(step, source=self.asking[step.key].source)
                made = run_step(asking, self.namespace, Settings(SEED + k, reference=True))
                reference = read(made.emissions[0], trusted=True)
            result = run_step(step, self.namespace, Settings(SEED + k))
        return _scored(read(result.emissions[0], trusted=True), reference)


def _scored(payload: Payload, reference: Payload) -> dict[tuple[str, float], float]:
    scores = {}
    for key, want in reference.answers.items():
        rule = want.detail.get("rule") or {}
        if "bar" not in rule:
            continue
        answer = payload.answers.get(key)
        for unreachable in (math.inf, -math.inf):
            strict = replace(want, detail=want.detail | {"rule": rule | {"bar": unreachable}})
            if found := SCORE.search(compare(answer, strict) or ""):
                scores[key[1], rule["bar"]] = float(found[1])
    return scores


def main() -> None:
    """Measure the margins of some notebooks."""
    parser = argparse.ArgumentParser(description="Measure the margins of exams.")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wrong", nargs="*", default=())
    options = parser.parse_args()
    os.environ |= {
        "NBGRADER_EXECUTION": "autograde",  # trained for as long as graded work is
        ANSWERS_VARIABLE: "1",  # for references
    }
    for path in options.paths or sorted((ROOT / "source").glob("*/*.ipynb")):
        if "case.predict" not in path.read_text():
            continue
        notebook = Margins(path, [SEED])
        gc.freeze()
        forked(notebook.measure, options.seeds, options.wrong)


if __name__ == "__main__":
    from tests.support import margins  # the notebook's cells empty the module ``__main__``

    margins.main()
