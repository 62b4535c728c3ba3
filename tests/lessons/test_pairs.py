"""Every backward of the course is judged on its own pair: any cache will do, and each pays alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.judging.verdict import CACHE
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.lesson import Lesson, read_lesson
from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import SOURCES

pytestmark = pytest.mark.slow
PAIRS = [
    pytest.param(path, exercise.pair, exercise.id, id=f"{path.stem}/{exercise.id}")
    for path in SOURCES
    for exercise in read_lesson(path).exercises.values()
    if exercise.pair
]
SETTINGS = Settings(11)

WRAPPED = """

_solved_{0} = {0}

def {0}(*args):
    *outputs, cache = _solved_{0}(*args)
    return (*outputs, {{"mine": [cache]}})
"""
UNWRAPPED = """

_solved_{0} = {0}

def {0}(*args):
    *upstream, cache = args
    return _solved_{0}(*upstream, cache["mine"][0])
"""
SPOILT = """

_right_{0} = {0}

def {0}(*args):
    *outputs, cache = _right_{0}(*args)
    return ({1} * outputs[0], *outputs[1:], cache)
"""
NO_CACHE = """

_right_{0} = {0}

def {0}(*args):
    return (*_right_{0}(*args)[:-1], None)
"""
WRONG = """

_right_{0} = {0}

def {0}(*args):
    first, *rest = _right_{0}(*args)
    return (0.5 * first, *rest)
"""


def shortened(lesson: Lesson, last: str) -> Lesson:
    """A lesson that ends with the hidden test of one exercise."""
    end = next(i for i, c in enumerate(lesson.cells) if c.role == "hidden" and c.exercise == last)
    cells = lesson.cells[: end + 1]
    ids = {cell.exercise for cell in cells if cell.role == "hidden"}
    kept = {id_: exercise for id_, exercise in lesson.exercises.items() if id_ in ids}
    return replace(lesson, cells=cells, exercises=kept)


@pytest.fixture(scope="module")
def references():
    """References of a pair's notebook, up to the backward, made once."""
    known: dict = {}

    def of(path, backward):
        if (path, backward) not in known:
            lesson = shortened(read_lesson(path), backward)
            steps = steps_of(lesson, solution_submission(lesson))
            made = run_inprocess(steps, Settings(SETTINGS.seed, reference=True))
            emitted = {s.exercise: read(made[s.key].emissions[0]) for s in steps if s.hidden}
            known[path, backward] = lesson, emitted
        return known[path, backward]

    return of


def graded(references, path, forward, backward, **appended):
    lesson, emitted = references(path, backward)
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role == "solution":
            cell.source += appended.get(cell.exercise, "")
    result = grade(lesson, submission, emitted, run_inprocess, SETTINGS)
    others = [v for id_, v in result.verdicts.items() if id_ not in {forward, backward}]
    assert all(verdict.full for verdict in others), [v.summary for v in others if not v.full]
    return result.verdicts[forward], result.verdicts[backward]


def own_layout(forward: str, backward: str) -> dict[str, str]:
    return {forward: WRAPPED.format(forward), backward: UNWRAPPED.format(backward)}


def test_every_backward_has_a_pair():
    named = {param.id for param in PAIRS}
    for path in SOURCES:
        for id_ in read_lesson(path).exercises:
            if id_.endswith("_backward") and "cache" in solution_of(path, id_):
                assert f"{path.stem}/{id_}" in named


def solution_of(path, id_) -> str:
    cells = read_lesson(path).cells
    return next(c.node.source for c in cells if c.role == "solution" and c.exercise == id_)


@pytest.mark.parametrize(("path", "forward", "backward"), PAIRS)
class TestPair:
    def test_a_cache_of_ones_own_earns_everything(self, references, path, forward, backward):
        layout = own_layout(forward, backward)
        mine, back = graded(references, path, forward, backward, **layout)
        assert mine.full and back.full

    @pytest.mark.parametrize("factor", [0.9, -1.0])
    def test_a_wrong_forward_costs_the_backward_nothing(
        self, references, path, forward, backward, factor
    ):
        spoilt = SPOILT.format(forward, factor)
        mine, back = graded(references, path, forward, backward, **{forward: spoilt})
        assert not mine.full and back.full
        layout = own_layout(forward, backward)
        layout[forward] += spoilt
        mine, back = graded(references, path, forward, backward, **layout)
        assert not mine.full and back.full, back.summary

    def test_a_cache_without_content_costs_the_forward_alone(
        self, references, path, forward, backward
    ):
        empty = NO_CACHE.format(forward)
        mine, back = graded(references, path, forward, backward, **{forward: empty})
        assert [part.label for part in mine.parts if not part.right] == [CACHE]
        assert 0.5 * mine.maximum <= mine.points < mine.maximum
        assert back.full

    def test_a_wrong_backward_costs_itself_alone(self, references, path, forward, backward):
        layout = own_layout(forward, backward)
        layout[backward] += WRONG.format(backward)
        mine, back = graded(references, path, forward, backward, **layout)
        assert mine.full
        assert 0.5 * back.maximum <= back.points < back.maximum
