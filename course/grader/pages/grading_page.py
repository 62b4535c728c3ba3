"""Markdown on formgrader's grading page: formulas as MathML, which browsers draw by themselves.

nbgrader's own page loads MathJax from another machine. What stands in its place lies in
``templates/formgrade``; ``nbgrader_config.py`` names both.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import MarkdownWithMath

from course.grader.pages.safe_markdown import FormulaRenderer

TEMPLATES = Path(__file__).parent / "templates"


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Render a cell of a graded notebook, whose student's text was cleaned when it was graded.

    Parameters
    ----------
    context : jinja2.runtime.Context
        Holds the cell, for its attached pictures.
    source : str
        Markdown with TeX between dollars.
    """
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = FormulaRenderer(escape=False, attachments=attachments)
    return MarkdownWithMath(renderer=renderer).render(source)
