"""Find the bug: tests of tests, and suspected lines."""

from __future__ import annotations

import functools
import json

import pytest

from course import bug_hunt
from course.bug_hunt import compare_suspicion, emit_noticed, fails, mark, require_red_and_green
from course.checks import CheckFailed
from course.emission import Case, Emission


def double(x):
    # doubles, says its author
    x = x + 0
    return x * 3  # a slip


def right(x):
    return 2 * x


def test_double(function):
    assert function(2) == 4, "twice two"


test_double.__test__ = False  # it is on trial here, and no test of pytest's


def always_red(_):
    raise ValueError("something\nelse  entirely")


def returns_false(_):
    return False


def unwritten(_):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("test", "candidate", "red"),
    [
        (test_double, double, True),
        (test_double, right, False),
        (always_red, right, True),
        (returns_false, double, False),
        (test_double, None, True),  # whatever is raised in it counts
    ],
)
def test_a_test_fails_by_raising(test, candidate, red):
    assert fails(test, candidate) is red


def times(x, slip=""):
    factor = {"none": 0, "half": 1, "square": x}.get(slip, 2)
    return factor * x if slip != "sum" else x + x


def tried(test, **changed):
    candidates = {
        "red": {double: "what triples", "none": "what forgets", "half": "what keeps"},
        "green": {right: "what doubles"},
    }
    return require_red_and_green(test, times, **(candidates | changed))


class TestRedAndGreen:
    def test_a_good_test_is_told_what_it_was_tried_on(self):
        sentence = "test_double: red on what triples and two others, green on a right one"
        assert tried(test_double) == sentence

    def test_candidates_are_counted(self):
        many = {double: "what triples", **dict.fromkeys(["none", "half"], "a slip")}
        two = {right: "what doubles", "sum": "what adds"}
        assert tried(test_double, red=many, green=two).endswith(
            "two others, green on two right ones"
        )
        assert bug_hunt._in_words(14) == "14"

    @pytest.mark.parametrize(
        ("test", "said"),
        [
            (returns_false, "returns_false passes on what triples: it must raise"),
            (always_red, r"fails on what doubles, .* \(ValueError: something else entirely\)"),
        ],
    )
    def test_what_a_bad_test_did(self, test, said):
        with pytest.raises(CheckFailed, match=said):
            tried(test)

    def test_a_slip_that_goes_unnoticed_is_named(self):
        with pytest.raises(CheckFailed, match="test_double passes on what squares"):
            tried(test_double, red={double: "what triples", "square": "what squares"})

    def test_a_test_may_name_what_it_is_given(self):
        def names(function):
            assert function(2) == 4, function.__name__

        assert "green on two" in tried(names, green={"": "what doubles", "sum": "what adds"})

    @pytest.mark.parametrize("look", [tried, lambda test: fails(test, double)])
    def test_a_stub_is_no_test(self, look):
        with pytest.raises(NotImplementedError):
            look(unwritten)


def candidate(*slips):
    return functools.partial(times, slip=slips[0] if slips else "")


def emitted(test, **changed):
    """What is emitted of a test: values and rules by part, and the errors."""
    slips = {"bug": ["none", "half"], "right": ["sum", right], "others": ["square"], "weight": 4}
    emission = Emission("test_double", seed=changed.pop("seed", 7), reference=True)
    emit_noticed(Case(emission, 0, {}), test, candidate, **(slips | changed))
    values, rules = {}, {}
    for record in emission.records:
        array = emission.arrays[record["member"]]
        text = record["kind"] == "list"
        values[record["name"]] = json.loads(array.tobytes()) if text else bool(array)
        rules[record["name"]] = record["rule"]
    return values, rules, emission.errors


def four(function):
    """Notices nothing of what gives 4 for 2: a square does."""
    assert function(2) == 4


class TestWhatIsEmitted:
    def test_a_part_for_each_mistake(self):
        values, _, _ = emitted(four)
        assert values == {
            bug_hunt.TELLS: [True, False],
            "passes other right code": [False, False],
            "notices one of the mistakes alone: none": True,
            "notices one of the mistakes alone: half": True,
            "notices another mistake: square": False,
        }

    def test_nothing_counts_where_the_bug_goes_unnoticed(self):
        _, rules, _ = emitted(four, weight_alone=2)
        assert rules.pop(bug_hunt.TELLS)["weight"] == 4
        assert all(rule["needs"] == bug_hunt.TELLS for rule in rules.values())
        alone = {name: rule["weight"] for name, rule in rules.items() if "alone" in name}
        assert list(alone.values()) == [2, 2]

    @pytest.mark.parametrize(("alone", "parts"), [(None, 0), (["half"], 1)])
    def test_one_mistake_has_none_alone_unless_its_halves_are_named(self, alone, parts):
        values, _, _ = emitted(four, bug=["none"], alone=alone)
        assert sum("alone" in name for name in values) == parts

    def test_counting_the_calls_tells_nothing(self):
        """Whichever call a test lets pass, it is not the one with the right code in every draw."""
        others = [f"slip {n}" for n in range(10)]
        for passing in range(14):
            told = []
            for seed in range(8):
                calls = []

                def counts(_, calls=calls, passing=passing):
                    calls.append(0)
                    assert len(calls) == passing + 1

                values, _, _ = emitted(counts, seed=seed, right=["sum"], others=others)
                told.append(values[bug_hunt.TELLS] == [True, False])
            assert sum(told) < 5

    def test_a_stub_costs_every_part(self):
        values, _, errors = emitted(unwritten)
        assert not values
        assert {error["type"] for error in errors} == {"NotImplementedError"}
        assert len(errors) == 5


@pytest.mark.parametrize(
    ("suspected", "said"),
    [
        (4, "4. That is 1 of 1."),
        ([2, 4], "2, 4. That is 1 of 1."),
        (3, "3. That is 0 of 1."),
        (None, "none yet"),
    ],
)
def test_a_suspected_line_beside_the_wrong_one(capsys, suspected, said):
    compare_suspicion(suspected, double, mark("return x * 3")[:4])
    shown = capsys.readouterr().out
    assert "line 4: return x * 3" in shown
    assert said in shown


def test_a_mark_is_of_one_line_alone():
    with pytest.raises(ValueError, match="0 lines"):
        compare_suspicion(None, double, mark("return x * 4"))
    with pytest.raises(ValueError, match="4 lines"):
        compare_suspicion(None, double, "")


def test_a_mark_does_not_depend_on_blanks_or_comments():
    assert mark("    return x * 3  # a slip\n") == mark("return x * 3")
    assert mark("return x * 3") != mark("return x * 2")


@functools.cache
def decorated(x):
    return x


def test_decorators_are_not_counted():
    assert bug_hunt._lines(decorated)[0].startswith("def decorated")
