"""Running text: the works of Shakespeare, divided by work."""

from __future__ import annotations

import json
import re

from .fetch import read
from .parts import part_of

NAME = "shakespeare"


def works() -> dict[str, str]:
    """Title (as in the file's name) to text: 42 plays and poems in plain ASCII.

    Trailing blanks are dropped and more than one empty line becomes one.
    """
    read_works = json.loads(read(NAME))
    return {
        title: re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text.replace("\r", ""))).strip()
        + "\n"
        for title, text in sorted(read_works.items())
    }


def shakespeare() -> dict[str, str]:
    """``{"train": ..., "valid": ..., "test": ...}``: running text, whole works in each part.

    The works in the three parts differ, so a language model is tested on plays it has not seen.
    (Cutting one text at a position would test on the second half of a play whose first half, with
    its names, was trained on.)
    """
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for title, text in works().items():
        parts[part_of(NAME, title, valid=0.05, test=0.1)].append(text)
    return {part: "\n\n".join(texts) for part, texts in parts.items()}


def shakespeare_titles() -> dict[str, list[str]]:
    """Which works are in which part."""
    titles: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for title in works():
        titles[part_of(NAME, title, valid=0.05, test=0.1)].append(title)
    return titles
