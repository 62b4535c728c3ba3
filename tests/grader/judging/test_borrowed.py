"""What is borrowed earns nothing, says so, and takes nothing from any other exercise."""

from __future__ import annotations

import functools

import pytest

from course.grader.judging.causes import borrowed
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.judging.verdict import BORROWED, NOT_WRITTEN
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.lent import LENT, lent_version
from course.grader.notebooks.lesson import parse_lesson, read_lesson
from course.grader.notebooks.rebuild import rebuild, solution_submission
from tests.conftest import ROOT, small_notebook

SETTINGS = Settings(11)
LOAN = 'from course import rescue\n{0} = rescue("{0}")'


@pytest.fixture(autouse=True)
def in_grading(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")


def references_of(lesson):
    steps = steps_of(lesson, solution_submission(lesson))
    results = run_inprocess(steps, Settings(11, reference=True))
    return {s.exercise: read(results[s.key].emissions[0]) for s in steps if s.hidden}


@functools.cache
def small():
    lesson = parse_lesson(small_notebook(), "00_small", "small")
    return lesson, references_of(lesson)


@functools.cache
def vanilla():
    lesson = read_lesson(ROOT / "source" / "01_rnn" / "vanilla_rnn.ipynb")
    return lesson, references_of(lesson)


def verdicts(of, **sources: str):
    """Grade the solution of a notebook in which some cells are others."""
    lesson, references = of()
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role == "solution" and cell.exercise in sources:
            cell.source = cell.node.source = sources[cell.exercise]
    return grade(lesson, submission, references, run_inprocess, SETTINGS).verdicts


def lost(found) -> dict[str, str]:
    return {id_: verdict.cause for id_, verdict in found.items() if not verdict.full}


class TestALoan:
    def test_it_costs_its_own_exercise_alone(self):
        found = verdicts(small, double=LOAN.format("double"))
        assert lost(found) == {"double": BORROWED}
        assert not found["double"].points and not found["double"].parts
        assert found["quadruple"].follow_through

    def test_a_stub_above_it_is_no_matter(self):
        stub = "def double(x):\n    raise NotImplementedError\n"
        found = verdicts(small, double=stub + LOAN.format("double"))
        assert lost(found) == {"double": BORROWED}

    def test_a_function_that_hands_on_to_it_earns_nothing(self):
        source = "from course import rescue\ndef double(x):\n    return rescue('double')(x)"
        found = verdicts(small, double=source)
        assert found["double"].points == 0
        assert "NotImplementedError: double is borrowed" in found["double"].cause

    def test_everything_borrowed_is_all_borrowed(self):
        found = verdicts(small, **{n: LOAN.format(n) for n in ("double", "quadruple")})
        assert lost(found) == {"double": BORROWED, "quadruple": BORROWED}

    def test_a_mistake_beside_it_is_named_and_not_the_loan(self):
        wrong = "def quadruple(x):\n    return double(x) + 1"
        found = verdicts(small, double=LOAN.format("double"), quadruple=wrong)
        assert found["quadruple"].points == 0
        assert "borrowed" not in found["quadruple"].summary
        assert found["quadruple"].follow_through

    def test_code_that_looks_for_more_finds_a_refusal(self):
        hunt = (
            "import os\nos.environ.pop('NBGRADER_EXECUTION')\n"
            "from course import rescue\ndouble = rescue('double')"
        )
        assert verdicts(small, double=hunt)["double"].points == 0


class TestWhereItStands:
    """A loan counts where the hidden test would meet it."""

    @pytest.mark.parametrize(
        ("cells", "cause"),
        [
            ([("double", LOAN.format("double"))], BORROWED),
            ([("double", None), ("extra", LOAN.format("double"))], BORROWED),
            ([("double", "def double(x):\n    return 2 * x"), ("late", LOAN.format("double"))], ""),
            ([("double", LOAN.format("double") + "\ndef double(x):\n    return 2 * x")], ""),
            ([("double", None)], NOT_WRITTEN),
        ],
    )
    def test_in_a_handed_in_notebook(self, small_lesson, cells, cause):
        import json

        stub = "def double(x):\n    raise NotImplementedError"
        written = []
        for id_, source in cells:
            if id_ == "late":
                written += [("double_visible", "assert callable(double)"), ("double_hidden", "#")]
            written.append((id_, stub if source is None else source))
        text = json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "id": id_,
                        "source": source,
                        "metadata": {},
                        "outputs": [],
                    }
                    for id_, source in written
                ],
            }
        )
        submission = rebuild(small_lesson, None, text)
        assert borrowed(small_lesson, submission) == ({"double"} if cause == BORROWED else set())
        found = grade(small_lesson, submission, small()[1], run_inprocess, SETTINGS).verdicts
        assert found["double"].cause == cause
        assert found["double"].full == (not cause)


class TestPastedLoans:
    def test_they_earn_points_and_a_remark_for_the_instructor(self):
        lesson, _ = small()
        solution = next(c.node.source for c in lesson.cells if c.id == "double")
        found = verdicts(small, double=lent_version(solution))
        assert found["double"].full and found["double"].flags == (LENT,)
        assert not found["quadruple"].flags


@pytest.mark.slow
class TestARealNotebook:
    def test_one_loan_costs_one_exercise(self):
        found = verdicts(vanilla, rnn_step=LOAN.format("rnn_step"))
        assert lost(found) == {"rnn_step": BORROWED}

    def test_a_pair_costs_a_pair(self):
        pair = ("rnn_step", "rnn_step_backward")
        found = verdicts(vanilla, **{name: LOAN.format(name) for name in pair})
        assert lost(found) == dict.fromkeys(pair, BORROWED)

    def test_a_class_costs_itself_and_an_evening_of_loans_everything(self):
        lesson, _ = vanilla()
        assert lost(verdicts(vanilla, VanillaRNN=LOAN.format("VanillaRNN"))) == {
            "VanillaRNN": BORROWED
        }
        found = verdicts(vanilla, **{name: LOAN.format(name) for name in lesson.exercises})
        assert lost(found) == dict.fromkeys(lesson.exercises, BORROWED)
        assert not sum(verdict.points for verdict in found.values())
