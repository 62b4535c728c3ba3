"""Train, validation and test parts whose membership depends on the item, not on its position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .sources import Source


@dataclass(frozen=True)
class Part:
    """Some examples. ``targets`` is ``None`` where the answers are held out."""

    inputs: list[Any]
    targets: list[Any] | None

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self.targets is None:
            raise ValueError("the answers of this part are held out; use .inputs")
        return iter(zip(self.inputs, self.targets, strict=True))


@dataclass(frozen=True)
class Parts:
    """A data set: ``train`` and ``valid`` with targets, ``test`` without, and its source."""

    train: Part
    valid: Part
    test: Part
    source: Source


def fraction(salt: str, key: str) -> float:
    """A number in [0, 1) that depends on nothing but the two strings."""
    digest = hashlib.sha256(f"{salt}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def part_of(salt: str, key: str, valid: float, test: float) -> str:
    """``"train"``, ``"valid"`` or ``"test"`` for the item with this key."""
    place = fraction(salt, key)
    if place < test:
        return "test"
    return "valid" if place < test + valid else "train"


def hash_order(salt: str, keys: list[str]) -> list[int]:
    """Indices in an order that looks random and is always the same: any prefix is a sample."""
    return sorted(range(len(keys)), key=lambda i: (fraction(f"{salt}-order", keys[i]), keys[i], i))
