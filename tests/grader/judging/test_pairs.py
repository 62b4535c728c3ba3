"""A backward is judged on its own merits, whatever its forward puts into the cache."""

from __future__ import annotations

import itertools

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course import pairs
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.judging.verdict import ARGUMENTS, CACHE
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.lesson import LessonError, parse_lesson
from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import exercise_cells

SIZES = """
@cases({"N": 3, "D": 4, "H": 5}, {"N": 1, "D": 2, "H": 3}, {"N": 4, "D": 3, "H": 1},
       {"N": 2, "D": 5, "H": 4, "dtype": "float32"})
"""
FORWARD_TEST = f"""
from course.emission import cases
{SIZES}
def hidden(case):
    args = case.normal("N D", "N H", "D H", "H H", "H", scale=0.6)
    case.call(step, *args, returns="h, cache")
"""
BACKWARD_TEST = f"""
from course.emission import cases
{SIZES}
def hidden(case):
    args = case.normal("N D", "N H", "D H", "H H", "H", scale=0.6)
    names = "dx, dh_prev, dW_x, dW_h, db"
    case.backward(step, step_backward, args, [case.normal("N H")], returns=names)
"""
STEP = "def step(x, h_prev, W_x, W_h, b):\n    h = np.tanh(x @ W_x + h_prev @ W_h + b)\n"
STEP += "    return h, (x, h_prev, W_x, W_h, h)"
BACK = """def step_backward(dh, cache):
    x, h_prev, W_x, W_h, h = cache
    da = dh * (1 - h**2)
    return da @ W_x.T, da @ W_h.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)"""

LAYOUTS = {
    "the solution's": (STEP, BACK),
    "a dict": (
        STEP.replace("(x, h_prev, W_x, W_h, h)", "dict(x=x, p=h_prev, U=W_x, V=W_h, h=h)"),
        BACK.replace("= cache", "= (cache[k] for k in ('x', 'p', 'U', 'V', 'h'))"),
    ),
    "nested, another order": (
        STEP.replace("(x, h_prev, W_x, W_h, h)", "[(h, h_prev), {'x': x}, (W_x, W_h)]"),
        BACK.replace(
            "x, h_prev, W_x, W_h, h = cache",
            "(h, h_prev), rest, (W_x, W_h) = cache\n    x = rest['x']",
        ),
    ),
    "an object": (
        STEP.replace(
            "(x, h_prev, W_x, W_h, h)",
            "__import__('types').SimpleNamespace(x=x, p=h_prev, U=W_x, V=W_h, h=h)",
        ),
        BACK.replace(
            "x, h_prev, W_x, W_h, h = cache",
            "c = cache\n    x, h_prev, W_x, W_h, h = c.x, c.p, c.U, c.V, c.h",
        ),
    ),
    "arrays stacked": (
        STEP.replace("(x, h_prev, W_x, W_h, h)", "(np.hstack([x, h_prev]), W_x, W_h, h)"),
        BACK.replace(
            "x, h_prev, W_x, W_h, h = cache",
            "both, W_x, W_h, h = cache\n    x, h_prev = both[:, :len(W_x)], both[:, len(W_x):]",
        ),
    ),
}
WRONG_FORWARD = {
    "no bias": ("+ b)", ")"),
    "W_h transposed": ("h_prev @ W_h", "h_prev @ W_h.T"),
    "state forgotten": ("h_prev @ W_h + b", "b"),
    "sigmoid": (
        "np.tanh(x @ W_x + h_prev @ W_h + b)",
        "1 / (1 + np.exp(-x @ W_x - h_prev @ W_h - b))",
    ),
    "bias twice": ("+ b)", "+ 2 * b)"),
    "no tanh": ("np.tanh", "1 * "),
    "does not run": ("h = ", "h = undefined + "),
}
WRONG_CACHE = {
    "h_prev where h belongs": ("W_h, h)", "W_h, h_prev)"),
    "nothing": ("return h, (x, h_prev, W_x, W_h, h)", "return h, None"),
    "h before tanh": ("W_h, h)", "W_h, x @ W_x + h_prev @ W_h + b)"),
    "too short": ("W_x, W_h, h)", "W_x, W_h)"),
}
WRONG_BACKWARD = {
    "no derivative of tanh": ("dh * (1 - h**2)", "dh"),
    "h not squared": ("1 - h**2", "1 - h"),
    "weights not transposed": ("da @ W_h.T", "da @ W_h"),
}


def lesson_of(pair="step", step=None, test=FORWARD_TEST, back=None, test_back=BACKWARD_TEST):
    forward = exercise_cells("step", step or mark(STEP), test)
    backward = exercise_cells("step_backward", back or mark(BACK), test_back, points=5.0)
    backward[-1].metadata["exercise"]["pair"] = pair
    cells = [new_code_cell("import numpy as np", id="imports"), *forward, *backward]
    return parse_lesson(new_notebook(cells=cells, metadata=nbformat.from_dict({})), "00", "pair")


def mark(source: str) -> str:
    head, _, body = source.partition("\n")
    return f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"


@pytest.fixture(scope="module")
def lesson():
    return lesson_of()


@pytest.fixture(scope="module")
def references(lesson):
    steps = steps_of(lesson, solution_submission(lesson))
    made = run_inprocess(steps, Settings(3, reference=True))
    return {s.exercise: read(made[s.key].emissions[0]) for s in steps if s.hidden}


def graded(lesson, references, forward, backward):
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.role == "solution":
            cell.source = forward if cell.exercise == "step" else backward
    result = grade(lesson, submission, references, run_inprocess, Settings(3))
    return result.verdicts["step"], result.verdicts["step_backward"]


def wrong_parts(verdict) -> list[str]:
    return [part.label for part in verdict.parts if not part.right]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_earns_everything(lesson, references, layout):
    forward, backward = graded(lesson, references, *LAYOUTS[layout])
    assert forward.full and backward.full


@pytest.mark.parametrize(("layout", "mistake"), itertools.product(LAYOUTS, WRONG_FORWARD))
def test_a_wrong_forward_costs_the_backward_nothing(lesson, references, layout, mistake):
    step, back = LAYOUTS[layout]
    forward, backward = graded(lesson, references, step.replace(*WRONG_FORWARD[mistake]), back)
    assert not forward.full
    if layout == "the solution's" or mistake != "does not run":  # else there is no cache to read
        assert backward.full, backward.summary
    assert CACHE not in wrong_parts(forward)


@pytest.mark.parametrize("mistake", WRONG_CACHE)
def test_a_wrong_cache_costs_the_forward_alone(lesson, references, mistake):
    forward, backward = graded(lesson, references, STEP.replace(*WRONG_CACHE[mistake]), BACK)
    assert wrong_parts(forward) == [CACHE]
    assert 0 < forward.points < forward.maximum
    assert backward.full


@pytest.mark.parametrize(("layout", "mistake"), itertools.product(LAYOUTS, WRONG_BACKWARD))
def test_a_wrong_backward_costs_itself_alone(lesson, references, layout, mistake):
    step, back = LAYOUTS[layout]
    forward, backward = graded(lesson, references, step, back.replace(*WRONG_BACKWARD[mistake]))
    assert forward.full
    assert not backward.full


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (
            "def step(x, p, U, V, b):\n    return np.zeros((len(x), len(b))), (x, p, U, V, b)",
            "def step_backward(dh, cache):\n    return [np.zeros_like(a) for a in cache]",
        ),
        (
            "def step(x, p, U, V, b):\n    return 0 * p + x.sum() + p + U.sum() + V.sum() + b,"
            " (x, p, U, V, b)",
            "def step_backward(dh, cache):\n    x, p, U, V, b = cache\n    s = dh.sum()\n"
            "    return s + 0 * x, dh, s + 0 * U, s + 0 * V, dh.sum(axis=0)",
        ),
    ],
)
def test_an_easy_pair_of_ones_own_earns_little(lesson, references, forward, backward):
    mine, back = graded(lesson, references, forward, backward)
    assert mine.points == 0
    assert back.points == 0


def test_a_cache_that_is_used_up_costs_one_part(lesson, references):
    eaten = LAYOUTS["a dict"][1].replace("cache[k]", "cache.pop(k)")
    forward, backward = graded(lesson, references, LAYOUTS["a dict"][0], eaten)
    assert forward.full
    assert wrong_parts(backward) == [ARGUMENTS]


def test_an_argument_changed_in_place_costs_one_part(lesson, references):
    changed = BACK.replace("da = dh * (1 - h**2)", "dh *= 1 - h**2\n    da = dh")
    _, backward = graded(lesson, references, STEP, changed)
    assert wrong_parts(backward) == [ARGUMENTS]


def test_a_float64_buffer_costs_one_part(lesson, references):
    widened = BACK.replace("(1 - h**2)", "(1 - h**2).astype(np.float64)")
    _, backward = graded(lesson, references, STEP, widened)
    assert wrong_parts(backward) == ["kept float32"]


def test_a_pair_must_be_an_earlier_exercise():
    with pytest.raises(LessonError, match="no earlier exercise"):
        lesson_of("nobody")


GATED = """def step(x, h_prev, W_x, W_h, b):
    a, g = np.split(x @ W_x + h_prev @ W_h + b, 2, axis=1)
    a, g = np.tanh(a), 1 / (1 + np.exp(-g))
    return g * a, dict(x=x, p=h_prev, U=W_x, V=W_h, a=a, g=g)"""
GATED_BACK = """def step_backward(dh, cache):
    x, p, U, V, a, g = cache.values()
    da = np.hstack([dh * g * (1 - a**2), dh * a * g * (1 - g)])
    return da @ U.T, da @ V.T, x.T @ da, p.T @ da, da.sum(axis=0)"""


@pytest.fixture(scope="module")
def gated():
    """A cell of two gates, whose weights are judged in blocks, and its references."""
    wide = [("D H", "D G"), ("H H", "H G"), ('"H", scale', '"G", scale')]
    wide += [(f'"H": {h}', f'"H": {h}, "G": {2 * h}') for h in (5, 3, 1, 4)]
    forward, backward = (
        FORWARD_TEST,
        BACKWARD_TEST.replace(
            'case.backward(step, step_backward, args, [case.normal("N H")], returns=names)',
            "pair = in_blocks(step, step_backward, args, names, 'ag')\n"
            "    case.backward(**pair, upstream=[case.normal('N H')])",
        ),
    )
    for old, new in wide:
        forward, backward = forward.replace(old, new), backward.replace(old, new)
    backward = "from course.pairs import in_blocks\n" + backward
    lesson = lesson_of("step", mark(GATED), forward, mark(GATED_BACK), backward)
    steps = steps_of(lesson, solution_submission(lesson))
    made = run_inprocess(steps, Settings(3, reference=True))
    return lesson, {s.exercise: read(made[s.key].emissions[0]) for s in steps if s.hidden}


def test_a_slip_in_one_gate_costs_that_gate(gated):
    _, back = graded(*gated, GATED, GATED_BACK.replace("dh * a * g * (1 - g)", "dh * a * g"))
    of_g = [f"{name} of g" for name in ("dW_x", "dW_h", "db")]
    assert wrong_parts(back) == ["dx", "dh_prev", *of_g]


def test_a_gate_without_its_bias_costs_the_backward_nothing(gated):
    no_bias = GATED.replace("2, axis=1)\n", "2, axis=1)\n    g = g - b[len(b) // 2 :]\n")
    forward, back = graded(*gated, no_bias, GATED_BACK)
    assert not forward.full and back.full


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("da.sum(axis=0)", "da.sum()", ["db of a", "db of g"]),
        ("x.T @ da,", "list(x.T @ da),", ["dW_x of a", "dW_x of g"]),
        (", da.sum(axis=0)", "", []),
    ],
)
def test_weights_that_cannot_be_cut_are_wrong_in_every_block(gated, old, new, wrong):
    _, back = graded(*gated, GATED, GATED_BACK.replace(old, new))
    assert wrong_parts(back) == wrong and not back.full
    assert wrong or "must return 5 values (dx, dh_prev, dW_x, dW_h, db), not 4" in back.cause


def test_slopes_are_the_gradients_along_their_directions():
    rng = np.random.default_rng(0)
    args = [rng.normal(size=(3, 2)), rng.normal(size=(2, 4))]
    upstream = [rng.normal(size=(3, 4))]
    found = pairs.slopes(lambda x, W: (x @ W, None), args, upstream, seed=1)
    gradients = [upstream[0] @ args[1].T, args[0].T @ upstream[0]]
    assert np.allclose(found, pairs.projections(gradients, args, seed=1), rtol=1e-6)


def test_mending_reaches_every_container():
    wrong, right = np.ones((2, 3, 4)), np.arange(24.0).reshape(2, 3, 4)
    wrong += np.arange(3)[:, None]
    cache = {"all": wrong, "steps": [(wrong[:, t].copy(), "text") for t in range(3)], "n": 5}
    mended = pairs.mended(cache, [wrong], [right])
    assert np.array_equal(mended["all"], right)
    for t in range(3):
        assert np.array_equal(mended["steps"][t][0], right[:, t])
    assert mended["steps"][0][1] == "text" and mended["n"] == 5
