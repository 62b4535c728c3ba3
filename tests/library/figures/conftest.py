"""Figures are drawn in the course's style, and closed again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from matplotlib import pyplot as plt

from course import plots
from course.figures import tour


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Figures of the tour stay open until the test is over, and keep what is said instead of them."""
    plots.set_style()
    monkeypatch.setattr(tour, "show", lambda figure, alt: setattr(figure, "alt", alt))
    yield
    plt.close("all")
