"""Say what spoils the look of a notebook's text in JupyterLab.

A block of preformatted text is broken into two lines where it is wider than its cell, and a drawing
that is broken cannot be read: at 800 pixels, without the file browser, 63 characters fit.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import nbformat

WIDEST_BLOCK = 63
"""Characters of a line in a block of preformatted text."""
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_problems(path: Path) -> list[str]:
    """Say in one line each which block of a notebook is too wide, and which heading stands alone.

    Parameters
    ----------
    path : pathlib.Path
        A source notebook.

    Returns
    -------
    list of str
    """
    cells = nbformat.read(path, as_version=4).cells
    found = [
        f"cell {cell.id}: a block is {width} characters wide, at most {WIDEST_BLOCK}"
        for cell in cells
        if cell.cell_type == "markdown"
        for width in map(_width, BLOCK.findall(cell.source))
        if width > WIDEST_BLOCK
    ]
    found += [
        f"cell {cell.id}: no text between its last heading and the code"
        for cell, after in pairwise(cells)
        if cell.cell_type == "markdown" and after.cell_type == "code"
        if cell.source.strip().rpartition("\n")[2].startswith("#")
    ]
    return found


def _width(block: str) -> int:
    return max(map(len, block.splitlines()), default=0)
