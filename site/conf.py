"""Sphinx's configuration of the course's page; `make site` builds it (authoring/site.py).

Everything that a page loads lies beside it: no address of another machine is in here.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

project = "Recurrent networks, by hand and in PyTorch"
author = "the authors of the course"
html_title = "Recurrent networks"

extensions = ["myst_nb"]
exclude_patterns = ["starters"]

# Notebooks show the outputs that they come with; nothing runs here.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_code_prompt_show = "Your guess first; then look"
nb_code_prompt_hide = "Hide what came out"

# The guides are written for GitHub: its anchors, its mathematics in fences.
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
myst_fence_as_directive = ["math"]
myst_dmath_double_inline = True
suppress_warnings = ["myst.header"]

mathjax_path = "mathjax/tex-chtml.js"

html_theme = "furo"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5394", "color-brand-content": "#0b5394"},
    "dark_css_variables": {"color-brand-primary": "#8ab8e6", "color-brand-content": "#8ab8e6"},
}
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False


def add_alternative_texts(app: Sphinx, doctree: nodes.document) -> None:
    """Give a notebook's pictures what stands for them; MyST-NB names their files by their bytes."""
    texts = Path(app.srcdir) / "alternative_texts.json"
    known = json.loads(texts.read_text()) if texts.is_file() else {}
    of_this_page = known.get(app.env.docname, {})
    for image in doctree.findall(nodes.image):
        image["alt"] = of_this_page.get(Path(image["uri"]).stem, image.get("alt", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect what this configuration adds; nothing of it is kept from build to build."""
    app.connect("doctree-read", add_alternative_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
