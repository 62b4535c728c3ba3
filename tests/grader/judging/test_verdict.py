"""Points in proportion to the parts that are right, and sentences that say what is not."""

from __future__ import annotations

import numpy as np
import pytest

from course.emission import Emission, collect
from course.grader.judging.payload import Answer, Payload, read
from course.grader.judging.verdict import ARGUMENTS, Part, Verdict, judge, scored
from course.grader.kernel.steps import StepResult

TEST = """
from course.emission import cases

@cases({"N": 2}, {"N": 3}, {"N": 4, "dtype": "float32"})
def hidden(case):
    x = case.normal("N")
    case.call(f, x, returns="double, triple")
"""


def right(x):
    return 2 * x, 3 * x


def emission(f, exercise: str = "f", **settings) -> bytes:
    return collect(TEST, {"f": f}, exercise=exercise, seed=5, **settings)


REFERENCE = read(emission(right, reference=True))


def verdict(f, maximum: float = 4.0) -> Verdict:
    return judge("f", maximum, StepResult("ok", emissions=[emission(f)]), REFERENCE)


def parts(result: Verdict) -> dict[str, bool]:
    return {part.label: part.right for part in result.parts}


def test_full_marks():
    result = verdict(right)
    assert result.full and result.points == 4
    assert result.summary == "right"
    assert list(parts(result)) == ["double", "triple", ARGUMENTS, "kept float32"]


def double_wrong(x):
    return x, 3 * x


def float64_forced(x):
    return tuple(a.astype(float) for a in right(x))


def float32_forced(x):
    return tuple(a.astype("float32") for a in right(x))


def through_a_buffer_of_float32(x):
    double, triple = float32_forced(x)
    return double, (triple * np.float32(1.00001)).astype(x.dtype)


def through_such_a_buffer_and_wrong(x):
    double, _ = float32_forced(x)
    return double, 2 * x


def coarse(x):
    return tuple(a * (1 + 1e-5) for a in right(x))


def changed(x):
    result = right(x.copy())
    x += 1
    return result


def one_case_fails(x):
    if len(x) == 3:
        raise ValueError("three")
    return right(x)


@pytest.mark.parametrize(
    ("f", "points", "wrong", "says"),
    [
        (double_wrong, 3.0, {"double"}, "double: 2 of 2 values"),
        (float64_forced, 3.0, {"kept float32"}, "its dtype is float64"),
        (float32_forced, 3.2, {"kept float64"}, "its dtype is float32"),
        (through_a_buffer_of_float32, 3.2, {"kept float64"}, "its dtype is float32"),
        (through_such_a_buffer_and_wrong, 2.4, {"kept float64", "triple"}, "kept float64: "),
        (coarse, 0.0, {"double", "triple"}, "values are not right"),
        (changed, 3.0, {ARGUMENTS}, "in place"),
        (one_case_fails, 2.0, {"double", "triple"}, "failed with ValueError"),
    ],
)
def test_parts(f, points, wrong, says):
    result = verdict(f)
    assert {label for label, good in parts(result).items() if not good} == wrong
    assert says in result.summary
    if f is not one_case_fails:
        assert result.points == points
    assert not result.full


def test_an_unchanged_argument_alone_earns_nothing():
    result = verdict(lambda x: (0 * x, 0 * x))
    assert result.points == 0
    assert parts(result)[ARGUMENTS]


def test_a_part_that_is_wrong_never_rounds_up_to_full_marks():
    answers = {(0, f"a{i}"): Answer("float", np.array(1.0), "cpu", {}) for i in range(400)}
    mine = read(emission(right))
    reference = Payload("f", answers)
    answers = dict(answers) | {(0, "a7"): Answer("float", np.array(2.0), "cpu", {})}
    from course.grader.judging import verdict as module

    original, module.read = module.read, lambda *_: Payload("f", answers)
    try:
        result = judge("f", 1.0, StepResult("ok", emissions=[b""]), reference)
    finally:
        module.read = original
    assert mine and 0.9 < result.points < 1
    assert not result.full


def not_written(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (StepResult("stopped", cause="stopped after 30 s"), "stopped after 30 s"),
        (StepResult("skipped"), "not run"),
        (StepResult("error", cause="x"), "the test gave no answer"),
        (StepResult("ok", emissions=[emission(right)] * 2), "more than one answer"),
        (StepResult("ok", emissions=[b""]), "not an .npz file"),
        (StepResult("ok", emissions=[b"PK\x03\x04junk"]), "not an .npz file"),
        (StepResult("ok", emissions=[emission(right, "g")]), "another exercise"),
        (StepResult("ok", emissions=[emission(not_written)]), "NotImplementedError"),
        (StepResult("ok", emissions=[emission(lambda x: 1 / 0)]), "ZeroDivisionError"),
        (StepResult("ok", emissions=[emission(None)]), "TypeError"),
    ],
)
def test_what_cannot_be_judged_earns_nothing_and_says_why(result, cause):
    given = judge("f", 4.0, result, REFERENCE)
    assert given.points == 0
    assert cause in given.summary


def test_an_emission_is_worth_nothing_without_the_right_values():
    forged = {key: Answer("ndarray", np.zeros(9), "cpu", {}) for key in REFERENCE.answers}
    rule = {"rule": {"compare": "value", "bar": -1}}
    forged_rules = {k: Answer("ndarray", np.ones(2), "cpu", rule) for k in REFERENCE.answers}
    from course.grader.judging import verdict as module

    original = module.read
    try:
        for answers in (forged, forged_rules):
            module.read = lambda *_, answers=answers: Payload("f", answers)
            result = judge("f", 4.0, StepResult("ok", emissions=[b""]), REFERENCE)
            assert result.points == 0
    finally:
        module.read = original


def test_answers_that_nobody_asked_for_change_nothing():
    more = TEST + '    case.emit("extra", 1.0)\n'
    data = collect(more, {"f": right}, exercise="f", seed=5)
    assert judge("f", 4.0, StepResult("ok", emissions=[data]), REFERENCE).full


def test_a_reference_without_answers_gives_no_points():
    result = judge("f", 4.0, StepResult("ok", emissions=[emission(right)]), Payload("f"))
    assert result.points == 0


@pytest.mark.parametrize("both", [True, False])
def test_a_buffer_used_twice_counts_unless_the_solution_does_it_too(both):
    source = TEST.replace("case.call", "y = case.call").rstrip() + "['double'].__imul__(K)\n"
    mine = collect(source, {"f": right, "K": 5.0}, exercise="f", seed=5)
    settings = {"exercise": "f", "seed": 5, "reference": True}
    reference = read(collect(source, {"f": right, "K": 5.0 if both else 1.0}, **settings))
    result = judge("f", 4.0, StepResult("ok", emissions=[mine]), reference)
    assert result.full == both
    assert both or "after it was returned" in result.summary


def test_summary_counts_the_rest():
    wrong = (Part("a", False, "bad"), Part("b", False, "worse"), Part("c", True))
    assert Verdict("f", 1, 3, wrong).summary == "a: bad (and 1 more)"


def weighted(f) -> Verdict:
    """Judge with weights, needs, and a part for each array."""
    test = """
from course.emission import cases

@cases({"N": 2}, {"N": 3, "dtype": "float32"})
def hidden(case):
    x = case.normal("N")
    got = f(x.copy())
    case.emit("both", got, each=True)
    case.emit("point", got["b"] * 1, weight=4)
    case.emit("nothing to do", got["a"] * 0, needs="point")
    case.attempt("extra", lambda: 1 / 0 if "c" in got else x)
"""
    emit = [
        collect(test, {"f": g}, exercise="f", seed=5, reference=r) for g, r in ((f, 0), (abc, 1))
    ]
    return judge("f", 8.0, StepResult("ok", emissions=emit[:1]), read(emit[1]))


def abc(x):
    return {"a": x, "b": 2 * x}


def test_each_array_is_a_part_and_weights_count():
    result = weighted(abc)
    assert {p.label: p.weight for p in result.parts} == {
        "both['a']": 1,
        "both['b']": 1,
        "point": 4,
        "nothing to do": 1,
        "extra": 1,
        "kept float32": 1,
    }
    assert result.full
    assert weighted(lambda x: {"a": x + 1, "b": 2 * x}).points == pytest.approx(8 * 8 / 9, abs=0.01)


def test_a_part_that_needs_another_counts_with_it_alone():
    result = weighted(lambda x: {"a": x, "b": x})
    assert parts(result)["nothing to do"]
    assert result.points == pytest.approx(8 * 3 / 9, abs=0.01)  # a, extra, float32


@pytest.mark.parametrize("seed", range(20))
def test_points_are_the_share_of_the_weight_that_counts(seed):
    """The students' guide: in proportion, but for what counts beside others alone."""
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "arguments unchanged", "kept float32"]
    needs = {"b": ("a",), "c": tuple(rng.choice(["a", "b"], 1, replace=False))}
    found = [
        Part(name, bool(rng.random() < 0.6), "", float(rng.integers(1, 5)), needs.get(name, ()))
        for name in names
    ]
    right = {part.label for part in found if part.right}
    counts = [p for p in found if p.right and set(p.needs) <= right]
    answers = [part for part in counts if part.label in {"a", "b", "c"}]
    share = sum(p.weight for p in counts) / sum(p.weight for p in found) if answers else 0.0
    assert scored("f", 6.0, found).points == pytest.approx(6 * share, abs=0.0051)
    assert (scored("f", 6.0, found).points == 6) == (len(right) == len(found))


def test_an_attempt_that_fails_costs_its_name_alone():
    result = weighted(lambda x: {**abc(x), "c": x + 1})
    assert [label for label, right in parts(result).items() if not right] == ["both['a']", "extra"]


def test_few_errors_of_an_exercise_are_told_in_full():
    """A kernel that chooses what fails, and how, writes no letter in its errors."""
    numbers = range(8)
    answers = {(n, f"part {n}"): Answer("float", np.array(1.0), "cpu", {}) for n in numbers}
    failing = Emission("f")
    for n in numbers:
        failing.fail(n, IndexError(f"index {n} is out of bounds for axis 0 with size {min(n, 6)}"))
    failing.add(9, "another", 1.0)
    result = judge(
        "f", 4.0, StepResult("ok", emissions=[failing.to_bytes()]), Payload("f", answers)
    )
    messages = [part.message for part in result.parts]
    assert [": index" in message for message in messages] == [True] * 3 + [False] * 5
    assert messages[-1] == "the call failed with IndexError"
