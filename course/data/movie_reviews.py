"""Movie review snippets: one sentence each, rated by 20 people."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .fetch import read
from .parts import Part, Parts, hash_order, part_of
from .sources import source

NAME = "reviews"
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|\.\.\.|[.,!?;:()\"$%&]")


def tokenize(text: str) -> list[str]:
    """Lower-case words and punctuation marks; ``isn't`` stays one token, ``''`` becomes ``"``."""
    text = unicodedata.normalize("NFC", text).lower()
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("''", '"').replace("``", '"')
    return WORD.findall(text)


@dataclass(frozen=True)
class ReviewPart(Part):
    """``inputs`` holds token lists, ``targets`` 0 (negative) or 1 (positive)."""

    texts: list[str]
    ratings: list[float] | None


def all_rows() -> list[tuple[str, float, str]]:
    """Number, rating and text of each review, the unclear cases among them."""
    rows = []
    for line in read(NAME).decode("utf-8").splitlines():
        if line.strip():
            number, rating, text = line.split("\t", 2)
            rows.append((number, float(rating), text.strip()))
    return rows


def key_of(text: str) -> str:
    """What decides a review's part and place: its words without case and punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _divided(minimum: float) -> dict[str, list[tuple[str, float, str]]]:
    rows = [row for row in all_rows() if abs(row[1]) > minimum]
    keys = [key_of(text) for _, _, text in rows]
    parts: dict[str, list] = {"train": [], "valid": [], "test": []}
    for index in hash_order(NAME, keys):
        parts[part_of(NAME, keys[index], valid=0.1, test=0.15)].append(rows[index])
    return parts


def _part(rows: list[tuple[str, float, str]], answers: bool) -> ReviewPart:
    return ReviewPart(
        inputs=[tokenize(text) for _, _, text in rows],
        targets=[int(rating > 0) for _, rating, _ in rows] if answers else None,
        texts=[text for _, _, text in rows],
        ratings=[rating for _, rating, _ in rows] if answers else None,
    )


def reviews() -> Parts:
    """Clear cases (mean rating beyond +-1): tokens and labels, the test part without labels.

    Sentences that are equal up to case and punctuation fall into the same part. Sentences about one
    film may fall into different parts: the file does not say which film a sentence is about.
    """
    parts = _divided(minimum=1.0)
    return Parts(
        train=_part(parts["train"], answers=True),
        valid=_part(parts["valid"], answers=True),
        test=_part(parts["test"], answers=False),
        source=source(NAME),
    )


def test_rows() -> list[tuple[str, float, str]]:
    """Number, rating and text of each review of the test part."""
    return _divided(minimum=1.0)["test"]


def answers() -> list[int]:
    return [int(rating > 0) for _, rating, _ in test_rows()]
