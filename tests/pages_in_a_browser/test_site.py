"""The course's own page in a real browser: nothing runs over, mathematics is set, search finds."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]

PAGES = (
    *("index.html", "tour.html", "guides/syllabus.html", "guides/lstm_and_gru.html"),
    *("lessons/01_rnn/vanilla_rnn.html", "lessons/05_attention/seq2seq.html"),
    *("guides/attention.html", "guides/debugging.html", "guides/contributors.html"),
)
SCREENS = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 390, "height": 844}}
SET = "() => window.MathJax === undefined || document.querySelector('mjx-container') !== null"
"""Mathematics is there, or the page has none."""
RUNS_OVER = """() => {
    const clips = e => e.tagName !== 'ARTICLE' && (
        /auto|scroll|hidden/.test(getComputedStyle(e).overflowX) || clips(e.parentElement));
    return [...document.querySelectorAll('article *')].filter(e => e.checkVisibility()
        && e.getBoundingClientRect().right > innerWidth + 1 && !clips(e.parentElement)
        && !e.closest('mjx-assistive-mml')).map(e => e.outerHTML.slice(0, 80));
}"""
"""What stands out of the screen on its right, and in nothing that scrolls."""


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that remembers what was not there."""

    missing: list[str] = []

    def log_message(self, *_arguments):
        pass

    def send_error(self, code, *arguments):
        self.missing.append(self.path)
        super().send_error(code, *arguments)


@pytest.fixture
def address(course_site) -> Iterator[str]:
    Quiet.missing.clear()
    handler = functools.partial(Quiet, directory=course_site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
    assert Quiet.missing == []


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_loads_all_it_needs_from_beside_it(page, address, name, screen):
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_viewport_size(SCREENS[screen])
    page.goto(address + name, wait_until="networkidle")
    page.wait_for_function(SET)
    assert not [url for url in asked if not url.startswith((address, "data:"))]
    assert errors == []
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1], f"{name} is {wide[0]} pixels wide"
    assert page.evaluate(RUNS_OVER) == []
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("mjx-container").count() == page.locator("article .math").count()


def test_what_runs_over_is_found(page, address):
    page.set_viewport_size(SCREENS["narrow"])
    page.goto(f"{address}guides/contributors.html")
    wide = "<p style='width: 2000px'>wide</p>"
    page.evaluate(
        "html => document.querySelector('article').insertAdjacentHTML('beforeend', html)", wide
    )
    page.evaluate(
        "html => document.querySelector('article pre').insertAdjacentHTML('beforeend', html)", wide
    )
    assert [html[:2] for html in page.evaluate(RUNS_OVER)] == ["<p"]


@pytest.mark.parametrize("screen", SCREENS)
def test_figures_are_seen(page, address, screen):
    page.set_viewport_size(SCREENS[screen])
    page.goto(f"{address}lessons/01_rnn/vanilla_rnn.html", wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        "[...document.querySelectorAll('article img')].map(i => [i.naturalWidth, i.clientWidth])"
    )
    assert len(sizes) > 10
    assert all(own > 0 and shown > 250 for own, shown in sizes)


@pytest.mark.parametrize(("scheme", "brightness"), [("light", "none"), ("dark", "brightness(0.8)")])
def test_figures_do_not_glare_in_the_dark(page, address, scheme, brightness):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}lessons/01_rnn/vanilla_rnn.html", wait_until="networkidle")
    filters = page.evaluate("[...document.images].map(i => getComputedStyle(i).filter)")
    assert len(filters) > 10 and set(filters) == {brightness}


def test_search_finds_the_forget_gate(page, address):
    page.goto(f"{address}search.html?q=forget+gate", wait_until="networkidle")
    first = page.locator("#search-results li a")
    first.first.wait_for()
    found = first.all_inner_texts()
    assert any("LSTM" in title for title in found), found
    page.locator("#search-results li a", has_text=re.compile("LSTM")).first.click()
    page.wait_for_load_state()
    assert "forget gate" in page.locator("article").inner_text().lower()


def test_a_starter_can_be_downloaded(page, address):
    page.goto(f"{address}lessons/01_rnn/vanilla_rnn.html")
    with page.expect_download() as started:
        page.get_by_role("link", name="download the notebook").click()
    assert started.value.suggested_filename == "vanilla_rnn.ipynb"
