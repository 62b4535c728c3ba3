"""Right and wrong are decided by exact type, shape, dtype and values, whatever was emitted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course.grader.judging.compare import COMPARISONS, compare
from course.grader.judging.payload import Answer

RNG = np.random.default_rng(0)
WANT = RNG.normal(size=(3, 4))


def answer(value, kind: str = "", **detail) -> Answer:
    if kind in {"list", "tuple"}:
        value = np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)
    elif isinstance(value, str):
        value, kind = np.frombuffer(value.encode(), dtype=np.uint8), "str"
    array = None if value is None else np.asarray(value)
    return Answer(kind or "ndarray", array, detail.pop("device", "cpu"), detail)


def want(value, kind: str = "", **rule) -> Answer:
    return answer(value, kind, rule={"compare": "close", "dtype": "float64"} | rule)


@pytest.mark.parametrize(
    "got",
    [WANT, WANT * (1 + 1e-9), np.asfortranarray(WANT), WANT + 1e-10],
)
def test_right_values(got):
    assert compare(answer(got), want(WANT)) is None


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (answer(WANT * (1 + 1e-4)), "12 of 12 values are not right, first at [0, 0] (off by less"),
        (answer(-WANT), "off by 200%"),
        (answer(WANT * 1.2e300), "off by more than 10000% of the largest value"),
        (answer(np.where(WANT > 1, np.nan, WANT)), "not finite"),
        (answer(WANT.T), "its shape is (4, 3); it must be (3, 4)"),
        (answer(np.zeros((0, 3, 4))), "its shape"),
        (answer(WANT.astype(np.float32)), "its dtype is float32"),
        (answer(WANT.astype(int)), "its dtype is int64"),
        (answer(WANT.astype(complex)), "its dtype is complex128"),
        (answer(WANT.astype(">f8")), "its dtype"),
        (answer(WANT, "tensor"), "it is a PyTorch tensor; it must be a NumPy array"),
        (answer(WANT, "numpy.matrix"), "of type numpy.matrix"),
        (answer(WANT.tolist(), "list"), "of type list"),
        (answer(None, "NoneType"), "it is None"),
        (answer(None, "ndarray", holds="object"), "its dtype is object; it must be float64"),
        (answer(None, "ndarray"), "plain numbers"),
        (None, "nothing came back"),
    ],
)
def test_wrong_answers_are_told_apart(got, says):
    message = compare(got, want(WANT))
    assert says in message


def test_no_message_holds_a_value_of_the_reference():
    for got in (WANT + 1, WANT[:2], np.full_like(WANT, np.nan)):
        message = compare(answer(got), want(WANT))
        assert not any(f"{abs(v):.3g}" in message for v in WANT.flat)


@pytest.mark.parametrize(
    ("got", "kind", "right"),
    [
        (1.5, "float", True),
        (np.float64(1.5), "numpy.float64", True),
        (np.array(1.5), "ndarray", True),
        (np.array(1.5), "tensor", True),
        (np.array([1.5]), "ndarray", False),
        (np.float32(1.501), "numpy.float32", False),
        (2, "int", False),
        (True, "bool", False),
        (1.5, "evil.Float", True),  # a plain number under any name is still that number
    ],
)
def test_scalars_of_one_family_are_the_same_answer(got, kind, right):
    assert (compare(answer(got, kind), want(1.5, "float")) is None) == right


def test_a_whole_number_may_stand_for_a_real_one_but_not_the_other_way():
    assert compare(answer(0, "int"), want(0.0, "float")) is None
    assert "of type float" in compare(answer(0.0, "float"), want(0, "int"))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_tolerance_and_dtype_follow_the_case(dtype):
    rule = want(WANT, dtype=dtype)
    assert compare(answer(WANT.astype(dtype)), rule) is None
    assert "dtype is float64" in compare(answer(WANT), rule)
    assert compare(answer((1.1 * WANT).astype(dtype)), rule)


def test_one_huge_value_does_not_excuse_the_small_ones():
    reference = np.array([-1e9, 0.3, 0.7])
    for dtype in ("float64", "float32"):
        wrong = np.array([-1e9, 0.6, 0.1]).astype(dtype)
        assert compare(answer(wrong), want(reference, dtype=dtype))


def test_infinities_and_nan_must_be_where_they_are_in_the_reference():
    reference = np.array([np.inf, -np.inf, np.nan, 1.0])
    assert compare(answer(reference), want(reference)) is None
    for wrong in ([np.inf, np.inf, np.nan, 1.0], [1e308, -np.inf, np.nan, 1.0], [np.nan] * 4):
        assert compare(answer(np.array(wrong)), want(reference))


@pytest.mark.parametrize(
    ("got", "right"),
    [
        ([1, 2, 3], True),
        (np.array([1, 2, 3], dtype=np.int32), True),
        (np.array([1, 2, 3], dtype=np.uint8), True),
        ([1, 2, 4], False),
        ([1.0, 2.0, 3.0], False),
        ([True, True, True], False),
    ],
)
def test_integers_are_exact_and_of_any_width(got, right):
    assert (compare(answer(got), want(np.array([1, 2, 3]))) is None) == right


def test_booleans_are_not_integers():
    reference = want(np.array([True, False]))
    assert compare(answer([True, False]), reference) is None
    assert compare(answer([1, 0]), reference)
    assert compare(answer([True, True]), reference)


def test_a_tensor_must_lie_where_its_input_lay():
    reference = want(WANT, "tensor")
    assert compare(answer(WANT, "tensor", device="cuda"), reference, "cuda") is None
    assert "lies on cpu" in compare(answer(WANT, "tensor"), reference, "cuda")


@pytest.mark.parametrize(
    ("got", "right"),
    [
        ([0.1 + 0.2, 1], True),
        ([0.3 * (1 + 1e-9), 1], True),
        ([0.31, 1], False),
        ([0.3], False),
        ([0.3, 1, 2], False),
        ([[0.3], 1], False),
        ([0.3, True], False),
        (["0.3", 1], False),
        ([None, 1], False),
        ([float("nan"), 1], False),
        ([0.3, 1.0], True),
    ],
)
@pytest.mark.parametrize("kind", ["list", "tuple"])
def test_lists_of_numbers_have_a_tolerance(got, kind, right):
    assert (compare(answer(got, kind), want([0.3, 1], "list")) is None) == right


def test_text_and_nested_lists_are_exact():
    assert compare(answer("gate"), want("gate")) is None
    assert compare(answer("Gate"), want("gate")) == "its content is not right"
    assert compare(answer([["a"], []], "tuple"), want([["a"], []], "list")) is None
    assert compare(answer([["a"]], "list"), want([["a"], []], "list"))
    float32 = want([1 / 3], "list", dtype="float32")
    assert compare(answer([float(np.float32(1 / 3))], "list"), float32) is None


def test_containers():
    reference = want(None, "dict")
    reference.detail["keys"] = ["a", "b"]
    assert compare(answer(None, "dict", keys=["a", "b"]), reference) is None
    assert "keys" in compare(answer(None, "dict", keys=["a"]), reference)
    assert "keys" in compare(answer(None, "dict", keys={"a": 1}), reference)
    sequence = want(None, "sequence")
    sequence.detail["length"] = 2
    assert compare(answer(None, "sequence", length=2), sequence) is None
    assert "length" in compare(answer(None, "sequence", length=3), sequence)
    assert "without arrays" in compare(answer([], "list"), sequence)


def test_arguments_must_be_unchanged():
    rule = {"compare": "unchanged"}
    assert compare(answer(WANT), answer(WANT, rule=rule)) is None
    assert compare(answer(WANT.astype(np.float32)), answer(WANT, rule=rule)) is None
    for changed in (WANT + 1e-12, WANT[:2], None):
        assert "in place" in compare(answer(changed), answer(WANT, rule=rule))


@pytest.mark.parametrize(
    ("draw", "right"),
    [
        (lambda rng: rng.normal(size=4000), True),
        (lambda rng: rng.normal(0.5, size=4000), False),
        (lambda rng: rng.normal(scale=2, size=4000), False),
        (lambda rng: rng.normal(size=3999), False),
        (lambda rng: np.full(4000, np.nan), False),
    ],
)
def test_random_results_are_compared_by_their_moments(draw, right):
    reference = want(np.random.default_rng(1).normal(size=4000), compare="moments")
    assert (compare(answer(draw(np.random.default_rng(2))), reference) is None) == right


TRUTH = np.array([0, 1, 1, 2])


@pytest.mark.parametrize(
    ("how", "bar", "got", "right"),
    [
        ("accuracy", 0.75, [0, 1, 1, 0], True),
        ("accuracy", 0.76, [0, 1, 1, 0], False),
        ("macro_f1", 1.0, [0, 1, 1, 2], True),
        ("macro_f1", 0.9, [0, 0, 0, 0], False),
        ("macro_f1", 0.3, [0.1, 0.2, 1.5, 2.0], False),
        ("mean_squared_error", 0.25, [0, 1, 1, 1], True),
        ("mean_absolute_error", 0.2, [0, 1, 1, 1], False),
        ("accuracy", 0.0, [np.nan] * 4, False),
        ("accuracy", 0.0, [[0, 1, 1, 2]], False),
        ("accuracy", 0.0, [], False),
        ("value", 0.5, [0.5], True),
        ("value", 0.5, [], False),
        ("value_at_most", 0.5, [0.6], False),
        ("value_at_most", 0.5, [], False),
    ],
)
@pytest.mark.parametrize("kind", ["ndarray", "list"])
def test_predictions_are_scored_against_a_bar(how, bar, got, right, kind):
    value = got if kind == "list" else np.array(got)
    message = compare(answer(value, kind), want(TRUTH, compare=how, bar=bar))
    assert (message is None) == right


ROWS = np.log([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.25, 0.25, 0.5], [0.25, 0.5, 0.25]])
"""Log-probabilities of three symbols; those of TRUTH cost 1, 3, 2 and 2 bits."""


@pytest.mark.parametrize(
    ("bar", "got", "says"),
    [
        (2.0, ROWS, ""),
        (1.99, ROWS, "scores 2.000 bits; the bar is at most 1.99"),
        (2.001, ROWS.astype(np.float32), ""),
        (2.0, ROWS + 0.01, "sum to 1"),  # more than there is to give
        (2.0, np.zeros((4, 3)), "sum to 1"),
        (2.0, np.exp(ROWS), "sum to 1"),
        (2.0, np.where(np.eye(4, 3) > 0, np.nan, ROWS), "sum to 1"),
        (2.0, np.log(np.eye(3)[[0, 1, 1, 2]] + 1e-300), ""),  # sure, and right
        (9.0, np.log(np.eye(3)[[0, 1, 2, 2]] + 1e-300), "scores"),  # sure, and wrong once
        (2.0, ROWS[:3], "its shape"),
        (2.0, ROWS[:, :2], "its shape"),
        (2.0, ROWS.T, "its shape"),
        (2.0, ROWS[:, :, None], "its shape"),
        (2.0, np.array(1.0), "its shape"),
    ],
)
def test_log_probabilities_are_scored_in_bits(bar, got, says):
    message = compare(answer(got), want(TRUTH, compare="bits_per_symbol", bar=bar))
    assert says in message if says else message is None
    with np.errstate(all="ignore"):
        never = np.log(np.eye(3)[[0, 1, 2, 2]])  # minus infinity is a probability of 0
    infinite = compare(answer(never), want(TRUTH, compare="bits_per_symbol", bar=bar))
    assert "scores inf" in infinite


TAGS = [["B-A", "I-A", "O", "B-B"], ["B-A"], ["O", "O"]]
"""Three spans in three sentences."""


@pytest.mark.parametrize(
    ("bar", "got", "says"),
    [
        (1.0, TAGS, ""),
        (1.0, [["I-A", "I-A", "O", "I-B"], ["I-A"], ["O", "O"]], ""),  # an I- may begin a span
        (0.66, [["B-A", "I-A", "O", "O"], ["B-A"], ["B-A", "O"]], ""),
        (0.67, [["B-A", "I-A", "O", "O"], ["B-A"], ["B-A", "O"]], "scores 0.667; the bar is 0.67"),
        (0.1, [["B-A", "B-A", "O", "B-A"], ["B-B"], ["O", "O"]], "scores 0.000"),  # end, type
        (0.1, [["B-A", "I-B", "O", "I-A"], ["O"], ["O", "O"]], "scores 0.000"),
        (0.1, [["B-A", "I-A", "I-A", "I-B"], ["B-A"], ["O", "O"]], ""),
        (0.1, [["O"] * 4, ["O"], ["O", "O"]], "scores 0.000"),
        (0.1, TAGS[:2], "as many tags"),
        (0.1, [TAGS[0], TAGS[1], ["O"]], "as many tags"),
        (0.1, [TAGS[0], TAGS[1], "OO"], "a list of strings"),
        (0.1, [TAGS[0], TAGS[1], [0, 1]], "a list of strings"),
        (0.1, ["O"], "a list of strings"),
        (0.1, [], "as many tags"),
    ],
)
def test_tags_are_scored_by_spans(bar, got, says):
    message = compare(answer(got, "list"), want(TAGS, "list", compare="span_f1", bar=bar))
    assert says in message if says else message is None
    nothing = want([["O", "O"]], "list", compare="span_f1", bar=0.1)
    assert "scores 0.000" in compare(answer([["O", "O"]], "list"), nothing)
    assert "not a NumPy array" in compare(answer(TRUTH), nothing)


ODD = [
    answer(None, "list"),
    Answer("list", np.zeros(3), "cpu", {}),
    Answer("list", np.frombuffer(b"[" * 9000, dtype=np.uint8), "cpu", {}),
    Answer("str", np.frombuffer(b"\xff\xfe", dtype=np.uint8), "cpu", {}),
    answer([[1], [2, 3]], "list"),
    answer(["a", "b"], "list"),
    answer([10**400], "list"),
    answer({"a": 1}, "list"),
    Answer("float", np.array(1j), "cpu", {}),
    Answer("float", np.zeros((2, 2)), "cpu", {}),
    Answer("ndarray", np.array([True]), "cpu", {"holds": 5, "keys": 5, "length": "x"}),
    Answer("ndarray", None, "cpu", {"holds": {"a": 1}}),
    Answer("sequence", None, "", {}),
    Answer("dict", None, "", {"keys": None}),
    Answer("", None, "", {}),
    Answer("ndarray", np.zeros((0,)), "", {}),
    Answer("tensor", np.array(["x"]), "", {}),
]
REFERENCES = [want(WANT), want(1.5, "float"), want([0.5, 1], "list"), want("a"), want(TRUTH)]


@pytest.mark.parametrize("how", sorted(COMPARISONS))
def test_no_answer_makes_a_comparison_raise(how):
    for reference in REFERENCES:
        reference = Answer(
            reference.kind, reference.array, "cpu", {"rule": {"compare": how, "bar": 0.99}}
        )
        for got in ODD:
            message = compare(got, reference)
            assert message is None or isinstance(message, str)
            assert message or how in {"value", "value_at_most"}


@pytest.mark.parametrize("how", ["mean_squared_error", "value_at_most"])
def test_a_score_that_explodes_is_told_in_a_few_digits(how):
    message = compare(answer(WANT * 1.2345e120), want(WANT, compare=how, bar=1.0))
    assert message.startswith("it scores ")
    assert len(message) < 60
