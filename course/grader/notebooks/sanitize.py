"""Make what a student's notebook shows harmless: no script, style, frame or foreign address runs.

HTML is cleaned by nh3 (the ammonia sanitizer). Output types that a browser could execute are
dropped; pictures must be what they say.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Set
from functools import lru_cache
from typing import Any

import nh3
from nbformat import NotebookNode

from course.emission import MIME_TYPE

PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
TEXTS = ("text/plain",)
MAX_TEXT = 20_000
MAX_PICTURE = 4 * 2**20
MAX_OUTPUTS = 500
"""Outputs of one cell that are shown."""
SHORTEST_SECRET = 12
"""Characters, without blanks and quotes, by which a line of a hidden test is recognised."""

TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
MAX_NESTED = 2_000
"""Tags that can nest; the time to clean them grows with the square of their depth."""
NESTING = re.compile(r"<(?!(?:td|th|tr|li|br|hr|col)\b)[A-Za-z]", re.IGNORECASE)

ACTIVE_TEX = re.compile(
    r"\\(?=(?:href|url|require|html\w*|cssId|class|style|unicode|mmlToken)(?![a-z]))"
)
"""Commands by which MathJax makes links, styles and attributes."""
BLANK = r"\\ "
"""TeX for a space: removing the backslash instead would turn ``\\\\href`` into ``\\href``."""


def clean_html(
    text: str, tags: Set[str] = TAGS, attributes: dict[str, set[str]] | None = None
) -> str:
    """Return HTML with an allow-list of tags and attributes; scripts and pictures are gone.

    Parameters
    ----------
    text : str
    tags : set of str
        Tags that stay.
    attributes : dict of str to set of str, optional
        Attributes that stay, by tag; nh3's own list when not given.
    """
    if len(NESTING.findall(text)) > MAX_NESTED:
        return f"<pre>{html.escape(_short(text))}</pre>"
    cleaned = nh3.clean(
        text, tags=set(tags), attributes=attributes, url_schemes={"http", "https", "mailto"}
    )
    return ACTIVE_TEX.sub(BLANK, cleaned)


def clean_markdown(source: str) -> str:
    """Return Markdown whose raw HTML shows as text and whose links lead to web addresses only.

    Character references are resolved first, for ``java&#115;cript&colon;`` is a scheme to a
    browser; then a blank takes apart whatever makes a tag, or a link not to ``http(s)``.
    """
    text = source
    for _ in range(4):
        text = html.unescape(text)
    if html.unescape(text) != text:
        text = text.replace("&", "&amp;")
    # An image would be fetched by the reader's browser and so tell a third party who reads.
    text = text.replace("![", "! [")
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)
    text = re.sub(r"\](?=\((?!https?://)|\s*:(?!\s*https?://))", "] ", text)
    return ACTIVE_TEX.sub(BLANK, text)


def clean_outputs(outputs: list[Any]) -> list[NotebookNode]:
    """Return a cell's outputs reduced to text, clean HTML and pictures."""
    kept = []
    for output in outputs[:MAX_OUTPUTS]:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            text = _short(_joined(output.get("text", "")))
            kept.append(NotebookNode(output_type="stream", name=name, text=text))
        elif kind == "error":
            lines = output.get("traceback")
            lines = lines[:60] if isinstance(lines, list) else []
            kept.append(
                NotebookNode(
                    output_type="error",
                    ename=_short(str(output.get("ename", "")), 200),
                    evalue=_short(str(output.get("evalue", "")), 2000),
                    traceback=[_short(str(line), 2000) for line in lines],
                )
            )
        elif kind in ("display_data", "execute_result"):
            data = _clean_data(output.get("data"))
            if data:
                # A student's result never counts as a grade: only display_data is kept.
                kept.append(NotebookNode(output_type="display_data", data=data, metadata={}))
    return kept


def hide_lines(outputs: list[Any], secret: set[str]) -> list[Any]:
    """Remove from outputs every text that quotes a line of a hidden test."""
    return [output for output in outputs if not quotes(_all_text(output), secret)]


def quotes(text: str, secret: set[str]) -> bool:
    """Tell whether a text quotes a line, however it is spaced, escaped or marked up."""
    squeezed = _squeezed(text)
    lines = map(_squeezed_line, secret)
    return any(line in squeezed for line in lines if len(line) >= SHORTEST_SECRET)


@lru_cache(maxsize=4096)
def _squeezed_line(line: str) -> str:
    return _squeezed(line)


def _squeezed(text: str) -> str:
    """Text without colours, tags, blanks, quotes and backslashes."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return re.sub(r"[\s\\'\"]+", "", html.unescape(re.sub(r"</?[a-z][^<>]*>", "", text)))


def _clean_data(data: Any) -> NotebookNode:
    clean = NotebookNode()
    for kind, content in data.items() if isinstance(data, dict) else ():
        text = _joined(content)
        if not isinstance(content, str | list) or kind == MIME_TYPE:
            continue
        if kind in TEXTS:
            clean[kind] = _short(text)
        elif kind == "text/html":
            clean[kind] = clean_html(_short(text, 10 * MAX_TEXT))
        elif kind in PICTURES and _is_picture(text, PICTURES[kind]):
            clean[kind] = text.strip()
    return clean


def _is_picture(text: str, magic: bytes) -> bool:
    if len(text) > MAX_PICTURE:
        return False
    try:
        return base64.b64decode("".join(text.split()), validate=True).startswith(magic)
    except (binascii.Error, ValueError):
        return False


def _joined(text: Any) -> str:
    """A notebook's text, which may be a list of lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def _short(text: str, limit: int = MAX_TEXT) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[:limit] + "\n[... cut]"


def _all_text(output: Any) -> str:
    data = output.get("data") or {}
    traceback = output.get("traceback") or []
    plain = [str(value) for kind, value in data.items() if not kind.startswith("image/")]
    return "\n".join(
        [str(output.get("text", "")), str(output.get("evalue", "")), *plain, *traceback]
    )
