"""A class as large as wished that nobody graded: outcomes with likely scores, remarks and code."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np

from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import MISSING, NOT_WRITTEN, Part, Verdict
from course.grader.pages.lesson_page import Graded
from course.grader.pages.roll import Roll

EXERCISES = {
    "vanilla_rnn": {
        "rnn_step": 3,
        "rnn_forward": 3,
        "count_rnn_parameters": 1,
        "softmax_cross_entropy": 4,
        "rnn_step_backward": 5,
        "rnn_backward": 5,
        "VanillaRNN": 4,
        "character_rnn_gradients": 5,
        "sample": 4,
    },
    "vanishing_gradients": {
        "gradient_norms": 4,
        "spectral_radius": 2,
        "clip_by_norm": 3,
        "orthogonal_matrix": 5,
        "truncated_bptt": 6,
    },
}
"""Points of each exercise, by notebook."""
MISTAKES = (
    "The bias is missing: add b, one row for all examples.",
    "Every step starts from h0: carry the state on.",
    "W_h is transposed: it fits, but it must be h_prev @ W_h.",
    "The gradient of the last step is not passed back: add dh_next.",
)
LINES = (
    "{a} = np.tanh({b} @ W_x + {c} @ W_h + b)",
    "{a} = np.zeros(({n}, {b}.shape[{k}]))",
    "for {a} in range({b}.shape[{k}]): {c}.append({a} * {n})",
    "{a} = {b}.sum(axis={k}) / max({n}, len({c}))",
    "if {a} is None: {a} = {b}.copy()",
    "{a}, {b} = {c}[:, {n}], {c}[{n}:]",
    "{a} = [{b} + {c} for {b}, {c} in zip({a}, grads)]",
    "{a} = 1 / (1 + np.exp(-{b})) - {n} * {c}",
    "{a} = np.stack({b}[::-1], axis={k})",
    "{a} *= min(1, {n} / np.linalg.norm({b}))",
    "{a} = np.where({b} > {n}, {b}, {c})",
    "while {a}: {b} += {a}.pop({k})",
)
NAMES = ("h", "state", "out", "total", "grads_so_far", "current", "step", "rows", "tmp", "x_t")


def code(rng: np.random.Generator, exercise: str) -> str:
    """An answer of some lines that no other student writes."""
    lines = [f"def {exercise}(x, W_x, W_h, b):"]
    for template in rng.choice(LINES, size=rng.integers(5, 9)):
        a, b, c = rng.choice(NAMES, 3)
        lines.append(
            "    " + template.format(a=a, b=b, c=c, n=rng.integers(2, 40), k=rng.integers(3))
        )
    return "\n".join(lines)


def starter(exercise: str) -> str:
    """What an exercise begins with."""
    return f"def {exercise}(x, W_x, W_h, b):\n    raise NotImplementedError"


def notebook(sources: dict[str, str]) -> str:
    """A notebook of solution cells, as JSON."""
    cells = [
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"solution": True, "grade": False, "grade_id": name}},
            "source": source,
        }
        for name, source in sources.items()
    ]
    return json.dumps({"cells": cells})


def verdict(rng: np.random.Generator, name: str, most: float, skill: float) -> Verdict:
    """What an exercise earns a student of some skill (0 to 1)."""
    luck = rng.random()
    if luck < skill:
        return Verdict(name, most, most, (Part("y", True),))
    if luck < skill + 0.08:
        return Verdict(name, 0.0, most, cause=NOT_WRITTEN)
    if luck < skill + 0.1:
        return Verdict(name, 0.0, most, cause=f"stopped after 10 s in the cell {name}")
    if luck < skill + 0.115:
        return Verdict(name, 0.0, most, cause="its kernel died (exit code 1)")
    if luck < skill + 0.15:
        return Verdict(name, 0.0, most, cause="the cell does not run: SyntaxError: invalid syntax")
    parts = (Part("h", False, f"{rng.integers(1, 16)} of 15 values are not right"), Part("y", True))
    mistake = MISTAKES[min(int(rng.exponential(1.0)), 3)] if rng.random() < 0.7 else ""
    return Verdict(name, round(most * rng.random() * 0.8, 2), most, parts, misconception=mistake)


def made_up(students: int = 120, seed: int = 0, assignment: str = "01_rnn") -> Graded:
    """Grade a made-up class: some are late, the last three missing, two notebooks copied.

    ``student001`` and ``student002`` hand in the same ``vanilla_rnn`` but for the names in it.
    """
    rng = np.random.default_rng(seed)
    ids = [f"student{i:03d}" for i in range(students)]
    outcomes, copied = [], {}
    for student in ids[:-3]:
        skill = rng.beta(4, 2)
        for name, exercises in EXERCISES.items():
            difficulty = np.linspace(0.15, -0.3, len(exercises))
            lost = name == "vanishing_gradients" and rng.random() < 0.05
            verdicts = [
                Verdict(e, 0.0, p, cause=MISSING)
                if lost
                else verdict(rng, e, p, float(np.clip(skill + d, 0.02, 0.85)))
                for (e, p), d in zip(exercises.items(), difficulty, strict=True)
            ]
            sources = {
                v.exercise: starter(v.exercise)
                if v.cause in {MISSING, NOT_WRITTEN}
                else code(rng, v.exercise)
                for v in verdicts
            }
            if student == "student002" and name == "vanilla_rnn":
                sources = {e: renamed(s) for e, s in copied.items()}
            copied = sources if name == "vanilla_rnn" else copied
            notes = ["taken from the archive work.zip"] if rng.random() < 0.1 else []
            outcomes.append(
                Outcome(student, assignment, name, "f", notebook(sources), verdicts, notes)
            )
    late = {i: float(rng.integers(600, 300_000)) for i in rng.choice(ids[:-3], students // 20)}
    waiting = frozenset(ids[5:9])
    roll = Roll(dict(zip(ids, ids, strict=True)), datetime(2026, 12, 1, 17), late, waiting)
    starters = {n: "\n".join(map(starter, es)) for n, es in EXERCISES.items()}
    return Graded(assignment, outcomes, roll, starters, isolation="isolated: everything")


def renamed(source: str) -> str:
    """The same code under other names, with a comment."""
    for name in NAMES:
        source = source.replace(f" {name} ", f" my_{name} ")
    return f"# all mine\n{source}"
