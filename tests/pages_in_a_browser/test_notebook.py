"""A notebook in JupyterLab as its reader sees it: in both themes, in a wide and a narrow window."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.conftest import ROOT
from tests.pages_in_a_browser.conftest import TOKEN, open_page, server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("notebook")]

THEMES = ("JupyterLab Light", "JupyterLab Dark")
WIDTHS = (1280, 800)
PICTURES = 60
"""How many are taken until one is right: a busy machine paints a new theme late."""
STEP = "def rnn_step(x, h_prev, W_x, W_h, b):\n    return {}, (x, h_prev, W_x, W_h, None)\n"
CODE = {
    "start": """
from course import plots, worked
from course.claims import claim
from course.guess import compare_guess
from course.sliders import slider
import matplotlib.pyplot as plt, numpy as np, os, warnings
os.environ.pop("COURSE_CLAIMS", None)
plots.set_style()
check = worked.of("vanilla_rnn", globals())
def rnn_forward(x, h0, W_x, W_h, b):
    raise NotImplementedError""",
    "right": STEP.format("np.tanh(x @ W_x + h_prev @ W_h + b)") + "check(rnn_step)",
    "transposed": STEP.format("np.tanh(x @ W_x + h_prev @ W_h.T + b)") + "check(rnn_step)",
    "shape": STEP.format("x @ W_x[:, :1]") + "check(rnn_step)",
    "crashes": STEP.format("x @ W_h") + "check(rnn_step)",
    "unwritten": "check(rnn_forward)",
    "example": "check.example(rnn_step)",
    "claim": 'claim("It holds.", True)\nclaim("This one does not: " + "and so on, " * 20, False)',
    "guess": 'compare_guess(None, 8, "steps")\ncompare_guess(30, 8, "characters")',
    "warning": 'warnings.warn("overflow encountered in exp: " + "words " * 20)',
    "table": 'import pandas as pd\npd.DataFrame({"model": ["rnn", "lstm"], "loss": [0.5, 0.25]})',
    "slider": 'slider(lambda factor, cell: print(factor, cell), factor=(0, 2, 0.1), cell=["rnn"])',
    "figure": 'plt.figure()\nplt.title("A title")\nplt.plot([1, 2])\nplt.show()',
}
OUTPUTS = ".jp-Notebook .jp-OutputArea-child"
RUNS_OVER = """selector => [...document.querySelectorAll(`${selector}, ${selector} *`)]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline'
        && e.clientWidth > 0 && !e.closest('.widget-slider, select'))
    .map(e => e.outerHTML.slice(0, 200))"""
"""What is wider than its place."""
BROKEN = """selector => {
    const broken = [];
    for (const root of document.querySelectorAll(selector)) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node; (node = walker.nextNode());) {
            for (const word of node.data.matchAll(/[\\p{L}\\p{N}.'_]+/gu)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                const tops = new Set([...range.getClientRects()].map(r => Math.round(r.top)));
                if (tops.size > 1) broken.push(word[0]);
            }
        }
    }
    return broken;
}"""
"""Words of which a part stands on the next line."""

CONTRASTS = """selector => {
    const parse = text => {
        const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
        return [r, g, b, a];
    };
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
    const paper = e => {
        const own = parse(getComputedStyle(e).backgroundColor);
        return own[3] === 1 || !e.parentElement ? own.slice(0, 3) : over(own, paper(e.parentElement));
    };
    const luminance = colour => {
        const [r, g, b] = colour.map(c => c / 255).map(
            c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const texts = [];
    for (const root of document.querySelectorAll(selector)) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node; (node = walker.nextNode());) {
            const holder = node.parentElement;
            if (!node.data.trim() || !holder.checkVisibility()) continue;
            const below = paper(holder);
            const ink = luminance(over(parse(getComputedStyle(holder).color), below)) + 0.05;
            const ground = luminance(below) + 0.05;
            texts.push([node.data, Math.max(ink, ground) / Math.min(ink, ground)]);
        }
    }
    return texts;
}"""
"""Every text with its contrast to what is behind it, as WCAG reckons it."""


def hints() -> nbformat.NotebookNode:
    """The first cell of hints in the first starter."""
    starter = nbformat.read(ROOT / "release" / "01_rnn" / "vanilla_rnn.ipynb", as_version=4)
    return next(cell for cell in starter.cells if cell.source.startswith("<details>"))


@pytest.fixture(scope="module")
def lab_page(chromium, tmp_path_factory) -> Iterator:
    """A page of JupyterLab with a notebook that has run, whose cells have the ids of ``CODE``."""
    folder: Path = tmp_path_factory.mktemp("notebook")
    cells = [
        new_code_cell(source.strip(), id=name, metadata={"tags": ["raises-exception"]})
        for name, source in CODE.items()
    ]
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=[*cells, hints()], metadata=about), folder / "seen.ipynb")
    settings = folder / "jupyter" / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with server(folder, folder / "jupyter") as address, open_page(chromium) as page:
        page.goto(f"{address}lab/tree/seen.ipynb?token={TOKEN}&reset")
        page.locator(".jp-MarkdownCell details").first.wait_for(state="attached")
        style = page.locator("link[href$='rnn-course/static/notebook.css']")
        assert style.count() == 1, "the course's extension is not installed: pip install -e ."
        page.wait_for_function("jupyterapp.shell.currentWidget?.sessionContext?.isReady")
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells').then(() => 0)")
        output_of(page, "figure").locator("img").wait_for()
        page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
        yield page


def output_of(page, name: str):
    """Where the output of a cell of ``CODE`` stands."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth([*CODE].index(name))
    return cell.locator(".jp-OutputArea")


def show(page, theme: str, width: int) -> None:
    """Change the theme and the window, and wait until it is so."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    page.locator("#jupyterlab-splash").wait_for(state="detached")  # it fades away over all
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_what_cells_say_can_be_read(lab_page, theme, width, tmp_path):
    show(lab_page, theme, width)
    lab_page.screenshot(path=tmp_path / "notebook.png")
    assert lab_page.evaluate(RUNS_OVER, OUTPUTS) == []
    assert lab_page.evaluate(BROKEN, OUTPUTS) == []
    contrasts = lab_page.evaluate(CONTRASTS, OUTPUTS)
    assert len(contrasts) > 60
    assert [text for text, contrast in contrasts if contrast < 4.5] == []


def test_a_failed_check_is_a_sentence_and_two_tables(lab_page):
    said = output_of(lab_page, "transposed")
    assert said.locator("p").count() == 1, "said once"
    assert "W_h is transposed" in said.locator("p").inner_text()
    assert said.locator("table").count() == 2
    assert said.locator("b").all_inner_texts() == ["-0.8764", "-0.7658"]


def test_a_crash_shows_the_learners_lines_and_none_of_the_library(lab_page):
    said = output_of(lab_page, "crashes").inner_text()
    assert "return x @ W_h" in said and "ValueError: matmul" in said
    assert "course/" not in said and len(said.splitlines()) < 25


@pytest.mark.parametrize(("theme", "brightest"), zip(THEMES, (255, 215), strict=True))
def test_figures_do_not_glare_in_the_dark(lab_page, theme, brightest):
    show(lab_page, theme, 1280)
    figure = output_of(lab_page, "figure").locator("img")
    for _ in range(PICTURES):
        grey = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"))
        paper = np.percentile(grey, 90)
        if brightest - 20 <= paper <= brightest:
            break
        lab_page.wait_for_timeout(500)
    else:
        pytest.fail(f"the paper's grey stays at {paper}")
    assert grey.min() < 60, "the title is still dark on it"


@pytest.mark.parametrize("way", ["mouse", "Enter", "Space"])
def test_a_hint_unfolds(lab_page, way):
    hint = lab_page.locator(".jp-MarkdownCell details").first
    summary = hint.locator("summary")
    for unfolded in (True, False):
        if way == "mouse":
            summary.click()
        else:
            summary.focus()
            lab_page.keyboard.press(way)
        lab_page.wait_for_function(
            "open => document.querySelector('.jp-MarkdownCell details').open === open", arg=unfolded
        )
        assert hint.locator("p").is_visible() == unfolded


def test_the_keyboard_reaches_a_hint_from_the_notebook(lab_page):
    lab_page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt").click()
    lab_page.keyboard.press("ArrowDown")
    focused = "document.activeElement.tagName"
    lab_page.wait_for_function("document.activeElement.matches('.jp-MarkdownCell')")
    lab_page.keyboard.press("Tab")
    if lab_page.evaluate(focused) == "JP-BUTTON":  # the cell's own tools, where they have room
        lab_page.keyboard.press("Tab")
    assert lab_page.evaluate(focused) == "SUMMARY"
