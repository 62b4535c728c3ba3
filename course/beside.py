"""Two arrays beside each other around their first difference: as text, and for a browser.

Text cannot know how wide the window is in which it will be read. In a notebook a failed check is
therefore HTML: sentences break between words, and of two tables that do not fit beside each other
one stands below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

ROWS, COLUMNS = 4, 5
"""Largest piece of an array that is shown."""
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
YOURS, RIGHT = "yours", "it must be"

# Every colour is that of the text around it, so that both are read in a light and a dark theme.
# What a browser refuses of this (an untrusted notebook) leaves plain paragraphs and tables.
BOX = (
    "border-left:4px solid #d65f5f;padding:.2em .8em;max-width:52em;"
    "word-break:normal;overflow-wrap:break-word"
)
PAIR = "display:flex;flex-wrap:wrap;gap:.7em 2em;overflow-x:auto"
TABLE = "margin:0;border:0;border-collapse:collapse;table-layout:auto;font-family:monospace"
CAPTION = "text-align:left;white-space:nowrap;padding:0 0 .2em;opacity:1;color:inherit"
CELL = (
    "padding:.1em .15em;border:0;background:none;white-space:nowrap;text-align:right;"
    "font-size:13px;max-width:none"
)


@dataclass(frozen=True)
class Piece:
    """What is shown of two arrays: a rectangle of each, with the first difference in it.

    Attributes
    ----------
    where : str
        Where the rectangle begins, ``"[0.., 0..]"``.
    tables : tuple of list of list of str
        Rows of numbers: the student's, and the right ones.
    mark : tuple of int
        Row and column of the first difference, within the rectangle.
    """

    where: str
    tables: tuple[list[list[str]], list[list[str]]]
    mark: tuple[int, int]


def piece(got: np.ndarray, want: np.ndarray, bad: np.ndarray) -> Piece:
    """Cut out of two arrays of one shape a rectangle around the first place where ``bad`` holds."""
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    row, column = (first[-2] if want.ndim > 1 else 0), first[-1]
    top, left = max(0, row - ROWS + 1), max(0, column - COLUMNS + 1)
    before = "".join(f"{i}, " for i in first[:-2])
    where = f"[{before}{top}.., {left}..]" if want.ndim > 1 else f"[{left}..]"
    tables = []
    for array in (got, want):
        part = np.atleast_2d(array[first[:-2]])[top : top + ROWS, left : left + COLUMNS]
        tables.append([[short(value, 4) for value in values] for values in part])
    return Piece(where, (tables[0], tables[1]), (row - top, column - left))


def as_text(shown: Piece | None) -> list[str]:
    """Lines with both rectangles; the number at the mark is bold, between arrows."""
    if shown is None:
        return []
    lines = [_lines(table, shown.mark) for table in shown.tables]
    head = f"{YOURS} {shown.where}"
    width = max(len(head), *map(_visible_length, lines[0]))
    return [f"  {head:<{width}}   {RIGHT}"] + [
        f"  {yours}{' ' * (width - _visible_length(yours))}   {right}"
        for yours, right in zip(*lines, strict=True)
    ]


def as_html(sentence: str, shown: Piece | None) -> str:
    """A box with a sentence and, below it, both rectangles."""
    html = f'<p style="margin:0 0 .4em">{escape(sentence)}</p>'
    if shown is not None:
        heads = f"{YOURS} {shown.where}", RIGHT
        tables = [
            f'<table style="{TABLE}"><caption style="{CAPTION}">{head}</caption>'
            f"{''.join(_html_rows(table, shown.mark))}</table>"
            for head, table in zip(heads, shown.tables, strict=True)
        ]
        html += f'<div style="{PAIR}">{"".join(tables)}</div>'
    return f'<div style="{BOX}">{html}</div>'


def short(value: Any, digits: int = 6) -> str:
    """A number in a few digits."""
    value = np.asarray(value)
    return str(value.item()) if value.dtype.kind in "biu" else f"{value.item():.{digits}g}"


def _lines(table: Sequence[Sequence[str]], mark: tuple[int, int]) -> list[str]:
    width = max(len(text) for row in table for text in row)
    return [
        "".join(
            f"▸{BOLD}{text:>{width}}{PLAIN}◂" if (i, j) == mark else f" {text:>{width}} "
            for j, text in enumerate(row)
        )
        for i, row in enumerate(table)
    ]


def _html_rows(table: Sequence[Sequence[str]], mark: tuple[int, int]) -> list[str]:
    rows = []
    for i, row in enumerate(table):
        texts = (
            f"▸<b>{t}</b>◂" if (i, j) == mark else f"&nbsp;{t}&nbsp;" for j, t in enumerate(row)
        )
        cells = "".join(f'<td style="{CELL}">{text}</td>' for text in texts)
        rows.append(f'<tr style="background:none">{cells}</tr>')
    return rows


def _visible_length(text: str) -> int:
    return len(text.replace(BOLD, "").replace(PLAIN, ""))
