"""The table of points can be written a notebook at a time."""

from __future__ import annotations

from tests.conftest import SOURCES
from tests.support import points


def test_a_table_that_is_written_again_leaves_the_others_as_they_are():
    guide = points.GUIDE.read_text()
    assert points.page({}) == guide
    path = SOURCES[1]
    again = points.stored(path).replace("| 2 |", "| 3 |")
    assert points.page({path: again}) == guide.replace(points.stored(path), again) != guide
