"""The frame of a report: one file that holds all it needs, and runs our own few lines alone.

Templates escape whatever they are given. The page's policy names our style and our script by
their digests and nothing else, so that text of a student's could not run if it ever got out.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from course.grader.ground.text import one_line
from course.grader.pages.since_last import Before, Change

TEMPLATES = Path(__file__).parent / "templates"
NONE = "–"


@dataclass(frozen=True)
class Page:
    """A page, and the tables to put into the folder of its name.

    Attributes
    ----------
    html : str
    tables : dict of str to str
        CSV by file name.
    """

    html: str
    tables: Mapping[str, str]


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plain(value: Any) -> Any:
    """Take from a text what turns a page's letters round or steers a terminal."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return "".join(c if c.isprintable() else " " for c in value)
    return value


def render(template: str, **about: Any) -> str:
    """Fill a template into the frame; everything in ``about`` is escaped."""
    css, js = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("class.css", "class.js"))
    policy = "; ".join(
        [
            *("default-src 'none'", "img-src data:", "base-uri 'none'", "form-action 'none'"),
            *(f"style-src '{digest(css)}'", f"script-src '{digest(js)}'"),
        ]
    )
    page = _templates().get_template(template)
    return page.render(css=Markup(css), js=Markup(js), policy=Markup(policy), **about)


def digest(text: str) -> str:
    """A text's digest, as a content security policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def people(names: Mapping[str, str], ids: Collection[str]) -> dict[str, dict[str, str]]:
    """What to show of every student: a name, and a number in its place when names are hidden.

    Numbers follow a digest of the id: not the alphabet, and the same on every page of a class.
    """
    everybody = sorted({*names, *ids}, key=lambda id_: hashlib.sha256(id_.encode()).digest())
    return {
        id_: {
            "name": one_line(names.get(id_) or id_, 80) or "(no name)",
            "alias": f"student {i}",
        }
        for i, id_ in enumerate(everybody, start=1)
    }


def percent(value: float | None) -> tuple[str, str]:
    """A share to sort by and to read, or nothing and a dash."""
    if value is None or math.isnan(value):
        return "", NONE
    return f"{value:.4f}", f"{value:.0%}"


def decimal(value: float | None, digits: int = 2) -> tuple[str, str]:
    """A number to sort by and to read, or nothing and a dash."""
    if value is None or math.isnan(value):
        return "", NONE
    return f"{value:.4f}", f"{value:.{digits}f}"


def points(value: float | None) -> tuple[str, str]:
    """Points to sort by and to read, or nothing and a dash."""
    if value is None or math.isnan(value):
        return "", NONE
    return f"{value:.4f}", f"{round(value, 2):g}"


def count(value: int) -> tuple[str, str]:
    """A count to sort by and to read."""
    return str(int(value)), str(int(value))


def how_late(seconds: float) -> str:
    """Say how late something was: ``late by 2 d 3 h``."""
    minutes = max(1, round(seconds / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"late by {days} d {hours} h"
    return f"late by {hours} h {minutes} min" if hours else f"late by {minutes} min"


def change_rows(changes: Collection[Change], who: Mapping[str, dict]) -> list[dict[str, Any]]:
    """Rows of the table of changes."""
    rows = []
    for change in changes:
        (before, before_text), (after, after_text) = points(change.before), points(change.after)
        difference = (change.after or 0.0) - (change.before or 0.0)
        rows.append(
            {
                "who": who.get(change.student) or people({}, [change.student])[change.student],
                **{"before": before, "before_text": before_text},
                **{"after": after, "after_text": after_text},
                "difference": f"{difference:.4f}",
                "difference_text": f"{round(difference, 2):+g}",
            }
        )
    return rows


def written(before: Before | None) -> str:
    """When the earlier report was written, or nothing."""
    return "" if before is None else one_line(before.written, 40)
