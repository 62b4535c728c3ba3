"""Starters read like a book: short cells, visible tests of one line, and code to write."""

from __future__ import annotations

import pytest
from nbformat import v4, write

from tests.conftest import SOURCES
from tests.support.prose import text_problems
from tests.support.shown import code_lines, shown


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_starter_meets_the_bars(path):
    assert shown(path).problems() == []
    assert text_problems(path) == []


def test_wide_drawings_and_lonely_headings_are_found(tmp_path):
    cells = [
        v4.new_markdown_cell("Look:\n\n```text\n" + "-" * 64 + "\n```", id="wide"),
        v4.new_markdown_cell("Look:\n\n```\n" + "-" * 63 + "\n```\n\n## Next", id="alone"),
        v4.new_code_cell("1"),
        v4.new_markdown_cell("## With text\n\nHere.", id="good"),
        v4.new_code_cell("2"),
    ]
    write(v4.new_notebook(cells=cells), tmp_path / "some.ipynb")
    assert text_problems(tmp_path / "some.ipynb") == [
        "cell wide: a block is 64 characters wide, at most 63",
        "cell alone: no text between its last heading and the code",
    ]


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
