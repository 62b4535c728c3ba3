"""What a hidden test emits: exact types, copies, errors that cost one case, nothing secret."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest
import torch

from course import emission
from course.emission import collect, exact_type, to_array
from course.grader.ground.wire import BadPayload
from course.grader.judging.payload import Payload, read
from course.grader.kernel.faults import UNKNOWN

CALL = """
from course.emission import cases

@cases({"N": 2, "D": 3}, {"N": 1, "D": 4})
def hidden(case):
    case.call(f, case.normal("N D"), returns="y")
"""
EMIT = """
from course.emission import cases

@cases({})
def hidden(case):
    case.emit("y", f())
"""
Pair = namedtuple("Pair", "a b")


def emitted(source: str, f, exercise: str = "f", names=(), **settings) -> Payload:
    return read(collect(source, {"f": f}, exercise=exercise, seed=3, **settings), names=names)


def value_of(value):
    """The answer that comes out when a function returns ``value``."""
    payload = emitted(EMIT, lambda: value)
    assert not payload.errors
    return payload.answers[0, "y"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.zeros(2), "ndarray"),
        (np.asfortranarray(np.zeros((2, 3))), "ndarray"),
        (np.zeros((4, 6))[::2, ::3], "ndarray"),
        (torch.zeros(2), "tensor"),
        (torch.nn.Parameter(torch.zeros(2)), "tensor"),
        (torch.zeros(3, 2).T, "tensor"),
        (1.5, "float"),
        (True, "bool"),
        (7, "int"),
        (np.float32(2), "numpy.float32"),
        (np.int64(2), "numpy.int64"),
        (np.array(2.0), "ndarray"),
        ("text", "str"),
        ([1, 2.5, None, [True]], "list"),
        ((1, "a"), "tuple"),
        ([np.float64(1), np.array(2.0), torch.tensor(3.0)], "list"),
    ],
)
def test_plain_values_travel_with_their_exact_type(value, kind):
    answer = value_of(value)
    assert answer.kind == kind
    assert answer.array is not None


@pytest.mark.parametrize(
    "value",
    [
        np.ma.masked_array([1.0, 2.0], [0, 1]),
        np.ones((1, 1)).view(np.matrix),
        type("Tensor", (np.ndarray,), {})((2,)),
        type("Int", (int,), {"__eq__": lambda self, other: True})(1),
    ],
)
def test_a_subclass_never_passes_for_what_it_imitates(value):
    assert value_of(value).kind not in {"ndarray", "tensor", "int"}


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.array(["a"]),
        np.array(["2024-01-01"], dtype="datetime64[D]"),
        torch.zeros(2, dtype=torch.bfloat16),
        torch.eye(2).to_sparse(),
        torch.zeros(2, device="meta"),
        (x for x in range(3)),
        {1, 2},
        object(),
        None,
        [object()],
        [1j],
    ],
)
def test_what_has_no_plain_form_is_named_and_left_out(value):
    answer = value_of(value)
    assert answer.array is None
    json.dumps(answer.detail)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Pair(np.zeros(1), np.ones(1)), "sequence"),
        (torch.max(torch.eye(2), dim=1), "sequence"),
        (Pair(1, 2), "tuple"),
        (defaultdict(float, a=1.0), "dict"),
        (OrderedDict(a=np.zeros(2)), "dict"),
    ],
)
def test_subclasses_of_containers_count_as_the_container(value, kind):
    assert value_of(value).kind == kind


def test_containers_are_flattened_by_name():
    payload = emitted(EMIT, lambda: {"b": [np.zeros(1), np.ones(2)], "a": 1.0})
    names = [name for _, name in payload.answers]
    assert names == ["y", "y['a']", "y['b']", "y['b'][0]", "y['b'][1]"]
    assert payload.answers[0, "y"].detail["keys"] == ["a", "b"]
    assert payload.answers[0, "y['b']"].detail["length"] == 2


@pytest.mark.parametrize("kind", ["gradient", "conjugate", "negative", "strides"])
def test_odd_tensors_become_plain_arrays(kind):
    x = torch.arange(4.0) if kind == "gradient" else torch.complex(torch.ones(4), torch.zeros(4))
    odd = {
        "gradient": lambda: x.requires_grad_() * 2,
        "conjugate": lambda: x.conj(),
        "negative": lambda: x.conj().imag,
        "strides": lambda: x.real[::2],
    }[kind]()
    assert to_array(odd, exact_type(odd))[0] is not None


def test_the_same_seed_draws_the_same_inputs_and_another_does_not():
    def run(seed, exercise="f"):
        data = collect(CALL, {"f": lambda x: x}, exercise=exercise, seed=seed)
        return read(data).answers[0, "y"].array

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))
    g = CALL.replace("call(f", "call(g")
    other = read(collect(g, {"g": lambda x: x}, exercise="g", seed=1)).answers[0, "y"].array
    assert not np.array_equal(run(1), other)


def test_a_float32_case_is_computed_in_float64_for_the_reference_alone():
    source = CALL.replace('"D": 4}', '"D": 4, "dtype": "float32"}')
    mine = emitted(source, lambda x: x)
    reference = emitted(source, lambda x: x, reference=True)
    assert mine.answers[1, "y"].array.dtype == np.float32
    assert reference.answers[1, "y"].array.dtype == np.float64
    assert reference.answers[1, "y"].detail["rule"]["dtype"] == "float32"
    assert "rule" not in mine.answers[1, "y"].detail


def raising(error):
    def f(x):
        raise error

    return f


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "error",
    [ValueError("a\nb"), SystemExit(0), KeyboardInterrupt(), GeneratorExit(), UnprintableError()],
)
def test_whatever_a_function_raises_costs_its_case_alone(error):
    def f(x):
        if len(x) == 1:
            raise error
        return x

    payload = emitted(CALL, f)
    assert (0, "y") in payload.answers
    own = isinstance(error, UnprintableError)
    assert payload.errors[1].startswith(UNKNOWN if own else type(error).__name__)
    assert not payload.errors[1].endswith(":")
    assert 0 not in payload.errors


def test_a_test_that_cannot_run_is_an_error_of_every_case():
    payload = read(collect("raise SystemExit", {}, exercise="f", seed=1))
    assert set(payload.errors) == {-1}
    payload = read(collect("def (", {}, exercise="f", seed=1))
    assert payload.errors[-1].startswith("SyntaxError")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (1, "must return 2 values (a, b), not one"),
        ((1, 2, 3), "must return 2 values (a, b), not 3"),
        (None, "not one"),
    ],
)
def test_the_number_of_returned_values_is_told(returned, says):
    payload = emitted(CALL.replace('"y"', '"a, b"'), lambda x: returned, names="ab")
    assert says in payload.errors[0]


@pytest.mark.parametrize("returned", [(1.0, 2.0), [1.0, 2.0], Pair(1.0, 2.0)])
def test_several_values_may_come_in_any_tuple_or_list(returned):
    payload = emitted(CALL.replace('"y"', '"a, cache"'), lambda x: returned)
    assert (0, "a") in payload.answers
    assert (0, "cache") not in payload.answers


def test_arguments_are_emitted_as_they_are_after_the_call():
    def f(x):
        x *= 0
        return x + 1

    payload = emitted(CALL, f)
    assert not payload.answers[0, "argument 0"].array.any()
    quiet = emitted(CALL.replace('"y")', '"y", unchanged=False)'), f)
    assert (0, "argument 0") not in quiet.answers


def test_a_buffer_used_twice_is_noticed():
    source = EMIT.replace('case.emit("y", f())', 'case.emit("y", f()); case.emit("z", f())')
    buffer = np.zeros(3)

    def f():
        buffer[:] += 1
        return buffer

    payload = emitted(source, f)
    assert payload.answers[0, "y"].detail["changed_later"] is True
    assert payload.answers[0, "z"].detail["changed_later"] is False


def test_a_buffer_that_is_not_emitted_itself_is_noticed_too():
    source = CALL.replace('"y"', '"_"').replace(
        "case.call", "case.call(f, [1.0], returns='_'); case.call"
    )
    buffer = np.zeros(3)

    def keeps(x):
        buffer[:] += 1
        return {"mask": buffer}

    def kept(f):
        answers = emitted(source, f).answers.items()
        return [bool(a.array) for (_, name), a in answers if name.startswith("result kept")]

    assert kept(keeps) == [False, False, False, True]
    assert kept(lambda x: {"mask": np.ones(2)}) == [True] * 4


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.update(new=1),
        lambda table: table["words"].append("c"),
        lambda table: table["words"].reverse(),
        lambda table: table.pop("size"),
    ],
)
def test_a_change_of_a_list_or_a_dict_among_the_arguments_is_emitted(change):
    source = CALL.replace("case.call(f, ", "case.call(f, {'words': ['a', 'b'], 'size': 2}, ")

    def last(payload):
        held = [a for (_, name), a in payload.answers.items() if name.startswith("argument")]
        return [answer.array.tobytes() for answer in held]

    def f(table, *rest):
        change(table)
        return 1.0

    assert last(emitted(source, f)) != last(emitted(source, lambda *rest: 1.0))


def test_the_student_names_survive_the_test_and_odd_ones_do_not_disturb_it():
    names = {"f": lambda x: x, "sum": 0, "range": None, "print": 3, "hidden": "mine"}
    source = CALL.replace("case.call", "sum(range(2)); case.call")
    payload = read(collect(source, names, exercise="f", seed=1))
    assert len([k for k in payload.answers if k[1] == "y"]) == 2
    assert names["hidden"] == "mine"
    assert names["sum"] == 0


def test_warnings_and_numpy_errors_of_the_student_do_not_count():
    def f(x):
        warnings.warn("careful", stacklevel=1)
        return np.exp(1000 * np.abs(x) + 1000)

    before = np.seterr(all="raise")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            payload = emitted(CALL, f)
    finally:
        np.seterr(**before)
    assert not payload.errors


def test_an_answer_too_large_is_refused_in_the_kernel(monkeypatch):
    monkeypatch.setattr(emission, "MAX_BYTES", 4000)
    payload = emitted(EMIT, lambda: np.zeros(2000))
    assert not payload.answers
    assert "too large" in payload.errors[-1]


def test_a_list_that_holds_itself_is_an_error():
    loop = [np.zeros(1)]
    loop.append(loop)
    with contextlib.suppress(BadPayload):
        assert emitted(EMIT, lambda: loop).errors


def test_truth_is_asked_for_the_reference_alone():
    source = EMIT.replace(
        'case.emit("y", f())', 'case.predict("y", f(), truth=lambda: 1 / 0 if not f.ref else 5)'
    )

    def f():
        return 4

    f.ref = True
    assert emitted(source, f).answers[0, "y"].array == 4
    assert emitted(source, f, reference=True).answers[0, "y"].array == 5


def test_outside_of_grading_the_author_sees_the_error():
    with pytest.raises(ZeroDivisionError):

        @emission.cases({})
        def hidden(case):
            raise ZeroDivisionError


def test_case_draws_shapes_scales_and_modules():
    seen = {}

    def body(case):
        seen["two"] = case.normal("N D", "")
        seen["tensor"] = case.tensor("N 7", scale=0.0)
        layer = case.fill(torch.nn.Linear(2, 3))
        seen["module"] = case.module(layer)
        seen["missing"] = getattr(case, "Q", "none")

    emission.cases({"N": 2, "D": 3, "dtype": "float32"})(body)
    assert [np.shape(a) for a in seen["two"]] == [(2, 3), ()]
    assert seen["tensor"].shape == (2, 7) and not seen["tensor"].any()
    assert seen["module"].weight.dtype == torch.float32
    assert seen["missing"] == "none"
