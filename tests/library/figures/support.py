"""What tests of figures' titles share: a claim drawn both ways, and what a figure says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from matplotlib import pyplot as plt

from course import data

STORED = data.measured("comparison")


class Case(NamedTuple):
    """A claim, and two ways to draw its figure: one in which it holds, one in which it does not."""

    claim: str
    holds: Callable[[], Any]
    fails: Callable[[], Any]

    def check(self) -> None:
        """Draw it both ways; without the claim a title still names what is drawn."""
        self.holds()
        assert self.claim in titles()
        plt.close("all")
        self.fails()
        assert self.claim not in titles()
        assert titles().strip()


def titles() -> str:
    """Everything that the figure drawn last has for a title, and what the tour says instead of it."""
    figure = plt.gcf()
    parts = [figure.get_suptitle()]
    parts += [ax.get_title(loc) for ax in figure.axes for loc in ("left", "center")]
    return "\n".join([*parts, getattr(figure, "alt", "")])


def draws_both_ways(cases: list[Case]) -> pytest.MarkDecorator:
    """Parametrise a test with the check of each case."""
    ids = [case.claim[:45] for case in cases]
    return pytest.mark.parametrize("check", [case.check for case in cases], ids=ids)
