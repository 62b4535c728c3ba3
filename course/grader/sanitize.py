"""Make what a student's notebook shows harmless: no script, style, frame or foreign address runs.

HTML is cleaned by nh3 (the ammonia sanitizer). Output types that a browser could execute are
dropped; pictures must be what they say.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import nh3
from nbformat import NotebookNode

from course.emission import MIME_TYPE

PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
TEXTS = ("text/plain",)
MAX_TEXT = 20_000
MAX_PICTURE = 4 * 2**20

TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}


def clean_html(html: str) -> str:
    """Return HTML with an allow-list of tags and attributes; scripts and pictures are gone."""
    return nh3.clean(html, tags=TAGS, url_schemes={"http", "https", "mailto"})


def clean_markdown(source: str) -> str:
    """Return Markdown whose raw HTML shows as text and whose links lead to web addresses only."""
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", source)
    text = re.sub(r"(?i)(javascript|vbscript|data|file)\s*(?=:)", r"\1 ", text)
    # An image would be fetched by the reader's browser and so tell a third party who reads.
    return text.replace("![", "\\![").replace("attachment:", "attachment ")


def clean_outputs(outputs: list[Any]) -> list[NotebookNode]:
    """Return a cell's outputs reduced to text, clean HTML and pictures."""
    kept = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            text = _short(str(output.get("text", "")))
            kept.append(NotebookNode(output_type="stream", name=name, text=text))
        elif kind == "error":
            kept.append(
                NotebookNode(
                    output_type="error",
                    ename=_short(str(output.get("ename", "")), 200),
                    evalue=_short(str(output.get("evalue", "")), 2000),
                    traceback=[_short(str(line), 2000) for line in output.get("traceback", [])[:60]],
                )
            )
        elif kind in {"display_data", "execute_result"}:
            data = _clean_data(output.get("data") or {})
            if data:
                # A student's result never counts as a grade: only display_data is kept.
                kept.append(NotebookNode(output_type="display_data", data=data, metadata={}))
    return kept


def hide_lines(outputs: list[Any], secret: set[str]) -> list[Any]:
    """Remove from outputs every text that quotes a line of a hidden test."""
    if not secret:
        return outputs
    return [output for output in outputs if not any(line in _all_text(output) for line in secret)]


def _clean_data(data: dict[str, Any]) -> NotebookNode:
    clean = NotebookNode()
    for kind, content in data.items():
        text = "".join(content) if isinstance(content, list) else content
        if not isinstance(text, str) or kind == MIME_TYPE:
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


def _short(text: str, limit: int = MAX_TEXT) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[:limit] + "\n[... cut]"


def _all_text(output: Any) -> str:
    data = output.get("data") or {}
    traceback = output.get("traceback") or []
    plain = [str(value) for kind, value in data.items() if not kind.startswith("image/")]
    colours = re.compile(r"\x1b\[[0-9;]*m")
    text = "\n".join([str(output.get("text", "")), str(output.get("evalue", "")), *plain, *traceback])
    return colours.sub("", text)
