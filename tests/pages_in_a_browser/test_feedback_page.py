"""A student's page as a browser shows it: for everybody, on any screen, on paper, without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from course.grader.judging.verdict import NOT_WRITTEN, Part, Verdict
from course.grader.kernel.steps import StepResult
from course.grader.pages.feedback_page import Mark, Marks
from course.grader.pages.feedback_page import page as feedback_page
from tests.grader.pages.test_feedback_page import (
    FULL,
    HALF,
    lesson,  # noqa: F401  (a fixture)
    notebook_of,
    written,
)

SCREENS = {"wide": (1400, 900), "narrow": (360, 700)}
LONG = (
    "$$a_t = x_t W_x + h_{t-1} W_h + b \\qquad\\qquad h_t = \\tanh(a_t) \\qquad h_0 = 0 \\in R^H$$"
)
ANSWER = f"# Mine\n\n{LONG}\n\n| a | |\n|---|---|\n| $x$ | {'long' * 40} |\n\n- [ ] one\n\n> two"
COMMENT = "Look at [the paper](https://example.org) and at `np.tanh`."


@pytest.fixture
def pages(lesson, tmp_path: Path) -> dict[str, str]:  # noqa: F811
    """Addresses of pages that together have everything a page can have."""
    code = "\n".join(["def double(x):", *(f"    y{i} = x  # {'word ' * 30}" for i in range(40))])
    message = f"the call failed with KeyError (line 7: {code.splitlines()[6].strip()})"
    named = "It triples, and says so at some length. " * 3
    wrong = Verdict("double", 0.0, 2.0, (Part("y", False, message),), misconception=named)
    outputs = [new_output("stream", name="stdout", text="printed " * 80)]
    notebook = notebook_of(
        lesson,
        wrong,
        replace(HALF, follow_through=True),
        {"double": StepResult("ok", outputs=outputs)},
        written(double=code, why=ANSWER, own="z = 1", text_own="Text of *mine*."),
    )
    cells = {"why": Mark(0.0, 1.0, waiting=True), "quadruple_hidden": Mark(1.5, 2.0, by_hand=True)}
    marks = Marks("ada", "00_small", "small", cells, {"double": COMMENT, "why": COMMENT}, 0.5)
    open_ = [Verdict(id_, 0.0, 2.0, cause=NOT_WRITTEN) for id_ in ("double", "quadruple")]
    made = {
        "full": feedback_page(notebook, replace(marks, whole_lesson=Mark(3.0, 9.0))),
        "open": feedback_page(notebook_of(lesson, *open_), Marks(cells={"why": Mark(0.0, 1.0)})),
        "right": feedback_page(notebook_of(lesson, second=FULL), Marks(cells={"why": Mark(1, 1)})),
    }
    for name, html in made.items():
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (tmp_path / f"{name}.html").as_uri() for name in made}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SCREENS.values(), ids=SCREENS)
def test_everybody_can_read_and_use_it(page, pages, size, theme, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    for name, address in pages.items():
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.screenshot(path=tmp_path / f"{name}-{theme}-{size[0]}.png", full_page=True)
        found = axe.run(page)
        assert found.response["passes"], "axe has looked at nothing"
        assert not found.violations_count, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert asked == list(pages.values()), "a page fetches nothing"


def test_a_formula_is_drawn_and_not_written_in_dollars(page, pages):
    page.goto(pages["full"])
    formula = page.locator("#question-why ~ * math, #question-why ~ math").first
    box = formula.bounding_box()
    assert box["width"] > 100 and box["height"] > 10
    assert "$" not in page.locator("main").inner_text()


def test_the_keyboard_reaches_links_and_folds(page, pages):
    page.goto(pages["full"])
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))
    for text in ("double", "quadruple", "Your code", "Hint 1 · a question", "the paper"):
        assert text in reached, reached
    page.locator("summary", has_text="Hint 1").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("What is").is_visible()


def test_paper_shows_the_code_that_the_screen_folds(page, pages):
    page.goto(pages["right"])
    code = page.get_by_text("return 3 * x")
    assert not code.is_visible()
    page.emulate_media(media="print")
    assert code.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
