"""Text from a kernel or a student, made safe to show."""

from __future__ import annotations


def one_line(text: object, limit: int) -> str:
    """Return text from a kernel as one line that a terminal, a file and a page can show."""
    text = "".join(c if c.isprintable() else " " for c in str(text)[:limit])
    return " ".join(text.split())
