"""Dates as people write them and the ISO form, sampled with Babel's locale data."""

from __future__ import annotations

import random
from datetime import date, timedelta

from .fetch import package_folder
from .parts import Part, Parts, part_of
from .sources import source

LOCALES = ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_PT", "sv_SE")
PATTERNS = ("full", "long", "medium")


def dates(n: int = 20_000, seed: int = 0) -> Parts:
    """Written dates (``inputs``) and ``YYYY-MM-DD`` (``targets``), 1950 to 2049, eight languages.

    Each calendar day falls into one part, whatever the language it is written in. The ambiguous
    short forms (3/4/21) are left out.
    """
    package_folder(source("dates"))
    from babel.dates import format_date

    rng = random.Random(seed)
    parts: dict[str, tuple[list[str], list[str]]] = {
        p: ([], []) for p in ("train", "valid", "test")
    }
    first = date(1950, 1, 1)
    days = (date(2050, 1, 1) - first).days
    for _ in range(n):
        day = first + timedelta(days=rng.randrange(days))
        written = format_date(day, format=rng.choice(PATTERNS), locale=rng.choice(LOCALES))
        part = parts[part_of("dates", day.isoformat(), valid=0.1, test=0.1)]
        part[0].append(" ".join(written.lower().split()))
        part[1].append(day.isoformat())
    return Parts(
        train=Part(*parts["train"]),
        valid=Part(*parts["valid"]),
        test=Part(*parts["test"]),
        source=source("dates"),
    )
