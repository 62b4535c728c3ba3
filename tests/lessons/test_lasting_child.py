"""The child in which the bar judges one wrong answer after another."""

from __future__ import annotations

import os

import pytest

from course.grader.kernel.trusted import ChildDied
from tests.support.lasting_child import LastingChild


def act(what: str) -> tuple[int, bool]:
    """Say who does it, and whether the child may be used again."""
    if what == "die":
        os._exit(3)
    return os.getpid(), what != "change something"


@pytest.fixture
def child():
    child = LastingChild(act)
    yield child
    child.close()


def test_a_call_that_changes_nothing_leaves_the_child_for_the_next(child):
    first, second = child.ask("nothing"), child.ask("nothing")
    assert first == second != os.getpid()


def test_a_call_that_changes_something_is_its_childs_last(child):
    changed = child.ask("change something")
    assert child.ask("nothing") != changed


def test_a_child_that_dies_says_so_and_the_next_call_has_another(child):
    alive = child.ask("nothing")
    with pytest.raises(ChildDied):
        child.ask("die")
    assert child.ask("nothing") != alive


def test_a_closed_child_is_gone(child):
    pid = child.ask("nothing")
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
