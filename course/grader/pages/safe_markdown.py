"""Markdown with formulas as HTML that runs nothing, fetches nothing and needs no network.

Formulas become MathML, which browsers draw by themselves. The Markdown is nbconvert's, so that a
page shows what the notebook showed.
"""

from __future__ import annotations

import re
import secrets
from html import escape
from typing import Any

import math_core
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course.grader.notebooks.sanitize import clean_html

TAGS = frozenset(
    [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "details",
        "dl",
        "dt",
        "em",
        "hr",
        "i",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""No headings: those are the page's own, and a student's would break its outline."""
LONGEST_FORMULA = 1_500
WIDE_FORMULA = 60
"""Characters of a displayed formula from which on it may be wider than a telephone."""
ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
SAFE_MATH = re.compile(
    r"(?:[^<>&]|&#?\w{1,30};|</m[a-z]+>"
    r"|<m[a-z]+(?: (?:display|displaystyle|scriptlevel|stretchy|fence|form|separator|symmetric"
    r"|largeop|movablelimits|minsize|maxsize|lspace|rspace|width|height|depth|voffset|linethickness"
    r"|accent|accentunder|mathvariant|intent|arg|style|columnalign|rowspan|columnspan)"
    r'="[\w .,:;#%+-]*")*/?>)*'
)
"""All that the converter writes for the course's formulas; an address fits into none of it."""


def markdown_html(source: str) -> str:
    """Render Markdown, whoever wrote it.

    Parameters
    ----------
    source : str
        Markdown with TeX between dollars.

    Returns
    -------
    str
        Paragraphs, lists, tables, code and MathML. A formula that cannot be converted shows as the
        TeX that it is; a link that leads nowhere on the reader's machine shows as its text.
    """
    renderer = _Renderer()
    html = clean_html(MarkdownWithMath(renderer=renderer).render(source), TAGS, {"a": {"href"}})
    return renderer.with_formulas(html)


def formula_html(tex: str, display: bool) -> str:
    """Convert a formula to MathML; what cannot be converted is shown as code."""
    plain = f"<code>{escape(tex.strip())}</code>"
    if len(tex) > LONGEST_FORMULA:
        return plain
    try:
        math = _CONVERTER.convert_with_local_state(tex, displaystyle=display)
    except math_core.LatexError:
        return plain
    if not SAFE_MATH.fullmatch(math):
        return plain
    if display and len(tex) > WIDE_FORMULA:  # scrolls where the page is narrow; the keyboard too
        return f'<span class="wide" tabindex="0" role="group" aria-label="formula">{math}</span>'
    return math


_CONVERTER = math_core.LatexToMathML(fancy_error=False, max_expansions=0)


class FormulaRenderer(IPythonRenderer):
    """nbconvert's rendering of Markdown, with MathML in the place of the formulas."""

    def _kept(self, html: str) -> str:
        return html

    def inline_math(self, body: str) -> str:
        return self._kept(formula_html(body, display=False))

    def block_math(self, body: str) -> str:
        return self._kept(formula_html(body, display=True))

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class _Renderer(FormulaRenderer):
    """Render Markdown with a token in the place of each formula, until the HTML is clean.

    The token is drawn anew for each text: nobody can write one to place a formula in an attribute.
    """

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self._token = secrets.token_hex(8)
        self._formulas: list[str] = []

    def with_formulas(self, html: str) -> str:
        """Put the formulas where their tokens are."""
        return re.sub(rf"{self._token}-(\d+);", lambda m: self._formulas[int(m[1])], html)

    def _kept(self, html: str) -> str:
        self._formulas.append(html)
        return f"{self._token}-{len(self._formulas) - 1};"

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f"<p><strong>{text}</strong></p>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, url) if ADDRESS.match(url) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def task_list_item(self, text: str, checked: bool = False) -> str:
        return f"<li>{'☑' if checked else '☐'} {text}</li>\n"

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        tag = "th" if head and text.strip() else "td"
        return f"<{tag}>{text}</{tag}>\n"
