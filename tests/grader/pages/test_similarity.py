"""Copies stand out, renamed ones too; what everybody writes raises no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from course.grader.pages.similarity import FEWEST, MOST_TOKENS, likeness, tokens
from tests.support.made_up_class import EXERCISES, code, renamed, starter

STARTER = "\n".join(starter(name) for name in EXERCISES["vanilla_rnn"])


def texts(count: int, seed: int = 0) -> dict[str, str]:
    rng = np.random.default_rng(seed)
    return {
        f"s{i:03d}": "\n".join(code(rng, name) for name in EXERCISES["vanilla_rnn"])
        for i in range(count)
    }


def names(found) -> list[tuple[str, ...]]:
    return [group.students for group in found.groups]


class TestTokens:
    """What is left of code."""

    def test_comments_layout_and_own_names_are_dropped(self):
        one = tokens("def f(x):\n    # hm\n    y = x  +  1\n    return y", frozenset({"f", "x"}))
        other = tokens("def f(x):\n  result = (x+1)\n  return result".replace("(x+1)", "x+1"),
                       frozenset({"f", "x"}))  # fmt: skip
        assert one == other
        assert "name" in one

    def test_names_of_the_starter_python_and_attributes_stay(self):
        assert tokens("len(np.tanh(W)) + q", frozenset({"np", "W"})) == [
            *("len", "(", "np", ".", "tanh", "(", "W", ")", ")", "+", "name"),
        ]

    @pytest.mark.parametrize(
        "text", ["def f(:\n  '''", "\x00\x01", "   x\n y", "(" * 5000, "é = 'ü"]
    )
    def test_what_is_no_python_has_tokens_too(self, text):
        assert isinstance(tokens(text), list)

    def test_endless_code_is_cut(self):
        assert len(tokens("a + " * MOST_TOKENS + "1")) == MOST_TOKENS


class TestLikeness:
    """Which submissions are named."""

    def test_independent_work_is_not_named(self):
        found = likeness(texts(60), STARTER)
        assert len(found.pairs) == 60 * 59 // 2
        assert not found.groups

    def test_a_copy_is_named_with_other_names_and_comments(self):
        class_ = texts(40)
        class_["copy"] = renamed(class_["s007"])
        found = likeness(class_, STARTER)
        assert names(found) == [("s007", "copy")]
        assert found.groups[0].most > 0.9 > found.typical

    def test_three_who_shared_are_one_group(self):
        class_ = texts(40)
        class_ |= {"x": class_["s001"], "y": class_["s001"] + "\nextra = [1, 2]"}
        assert names(likeness(class_, STARTER)) == [("s001", "x", "y")]

    def test_the_starter_alone_is_no_copy(self):
        class_ = texts(20) | {f"idle{i}": STARTER for i in range(10)}
        found = likeness(class_, STARTER)
        assert len(found.pairs) == 20 * 19 // 2
        assert not found.groups

    def test_one_line_answers_raise_no_alarm(self):
        line = "def rnn_step(x, W_x, W_h, b):\n    return np.tanh(x @ W_x + h @ W_h + b)"
        assert not likeness({f"s{i}": line for i in range(50)}, STARTER).groups

    def test_lines_that_the_whole_class_writes_make_nobody_alike(self):
        shared = "\n".join(texts(1, seed=9)["s000"].splitlines()[:40])
        class_ = {name: shared + "\n" + text for name, text in texts(40).items()}
        assert not likeness(class_, STARTER).groups

    def test_a_class_that_wrote_the_same_names_nobody(self):
        (text,) = texts(1).values()
        found = likeness({f"s{i}": text for i in range(30)}, STARTER)
        assert found.typical == pytest.approx(1.0)
        assert np.isnan(found.bar)
        assert not found.groups

    def test_too_few_have_nothing_that_is_typical(self):
        assert not len(likeness(texts(FEWEST - 1), STARTER).pairs)
        assert not len(likeness({}, "").pairs)
