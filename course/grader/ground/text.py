"""Text from a kernel or a student, made safe to show."""

from __future__ import annotations

import unicodedata

FORMULA = "=+-@\t\r"
"""What a spreadsheet takes for the beginning of a formula, once it is in plain width."""


def one_line(text: object, limit: int) -> str:
    """Return text from a kernel as one line that a terminal, a file and a page can show."""
    text = "".join(c if c.isprintable() else " " for c in str(text)[:limit])
    return " ".join(text.split())


def for_spreadsheet(text: str) -> str:
    """Return one line that no spreadsheet takes for a formula, in full width neither."""
    text = one_line(text, 200)
    first = unicodedata.normalize("NFKC", text[:1])
    number = text.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{text}" if first and first[0] in FORMULA and not number else text
