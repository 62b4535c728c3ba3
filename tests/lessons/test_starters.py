"""Starters read like a book: short cells, visible tests of one line, and code to write."""

from __future__ import annotations

import pytest

from tests.conftest import SOURCES
from tests.support.shown import code_lines, shown


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_starter_meets_the_bars(path):
    assert shown(path).problems() == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ("# a comment\n\n", 0),
        ("x = 1  # a comment", 1),
        ("x = [\n    1,\n]", 3),
        ('def f():\n    """One line."""', 1),
        ('def f():\n    """Many\n\n    lines.\n    """\n    return 1', 2),
        ('class A:\n    """Doc."""\n\n    def f(self):\n        """Doc."""\n        ...', 3),
        ('text = """two\nlines"""', 2),
        ("%matplotlib inline\nx = 1", 2),
    ],
)
def test_lines_of_code_are_counted_without_docstrings(source, lines):
    assert code_lines(source) == lines
