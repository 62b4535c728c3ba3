"""The class report in a real browser: it sorts, filters and hides names, and runs nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import Verdict
from course.grader.pages.course_page import course_page
from course.grader.pages.lesson_page import lesson_page, summary_of
from tests.support.made_up_class import made_up, notebook

pytestmark = pytest.mark.slow
EVIL = '"><script>document.title = "run"</script><img src=x onerror="document.title = \'run\'">'
SCREENS = {"wide": 1280, "narrow": 390}


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    """A class of thirty, one of them hostile: a report on a lesson, and one on the course."""
    graded = made_up(30)
    verdict = Verdict("rnn_step", 0.0, 3.0, cause=EVIL, flags=(EVIL,), misconception=EVIL)
    bad = Outcome(EVIL, "01_rnn", "vanilla_rnn", "f", notebook({"a": EVIL}), [verdict], [EVIL])
    graded = replace(graded, outcomes=[*graded.outcomes, bad], failed={f"{EVIL}/x": EVIL})
    summary = summary_of(graded)
    folder = tmp_path_factory.mktemp("reports")
    page = lesson_page(graded, summary, "today", None, "report-01_rnn")
    (folder / "lesson.html").write_text(page.html, encoding="utf-8")
    page = course_page([summary], "today", None, "report-course")
    (folder / "course.html").write_text(page.html, encoding="utf-8")
    return folder


@pytest.fixture(params=SCREENS)
def screen(request, page):
    """A browser's page that is wide, or as narrow as a telephone; what goes wrong is kept."""
    page.set_viewport_size({"width": SCREENS[request.param], "height": 800})
    page.set_default_timeout(60_000)  # nothing is waited for: the page is all there
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    return page


def shown(page, column: int = 1) -> list[str]:
    """One column of the students that can be seen."""
    cells = page.locator(f"#student-table tbody tr:visible > :nth-child({column})")
    return [text.strip() for text in cells.all_inner_texts()]


def press(page, name: str) -> None:
    page.locator("#student-table th").get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("name", ["lesson", "course"])
def test_it_fits_the_screen_and_runs_nothing_of_a_students(screen, reports, name):
    screen.goto((reports / f"{name}.html").as_uri())
    assert screen.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert screen.title().startswith("Class report")
    assert screen.locator("script").count() == 1
    assert screen.locator("img:not([alt])").count() == 0
    assert not screen.problems


def test_students_are_sorted_by_a_press_or_a_key(screen, reports):
    screen.goto((reports / "lesson.html").as_uri())
    press(screen, "points")
    points = [float(text) for text in shown(screen, 3) if text != "–"]
    assert points == sorted(points, reverse=True)
    assert shown(screen, 3)[-3:] == ["–"] * 3, "who has no points comes last"
    head = screen.locator("#student-table th[aria-sort]")
    assert head.count() == 1
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").focus()
    screen.keyboard.press("Enter")
    assert [float(text) for text in shown(screen, 3) if text != "–"] == sorted(points)
    assert head.get_attribute("aria-sort") == "ascending"
    assert screen.locator("#said").inner_text() == "Sorted by points, ascending."


def test_students_are_filtered_by_words_and_by_state(screen, reports):
    screen.goto((reports / "lesson.html").as_uri())
    everybody = shown(screen)
    screen.get_by_label("Filter").fill("student02")
    assert shown(screen) == [name for name in everybody if name.startswith("student02")]
    screen.get_by_label("Show").select_option("missing")
    assert shown(screen) == ["student027", "student028", "student029"]
    assert screen.locator(".filters output").inner_text() == f"3 of {len(everybody)} shown"
    screen.get_by_label("Filter").fill("")
    screen.get_by_label("Show").select_option("")
    assert shown(screen) == everybody


@pytest.mark.parametrize("name", ["lesson", "course"])
def test_names_can_be_hidden_and_come_back(screen, reports, name):
    screen.goto((reports / f"{name}.html").as_uri())
    before = shown(screen)
    screen.get_by_label("Hide names").check()
    hidden = shown(screen)
    assert hidden == [f"student {i}" for i in range(1, len(before) + 1)]
    seen = screen.locator("body").inner_text()
    assert not re.search(r"student0\d\d", seen)
    screen.get_by_label("Filter").fill("student00")
    assert shown(screen) == [], "a hidden name cannot be looked for"
    screen.get_by_label("Filter").fill("")
    screen.get_by_label("Hide names").uncheck()
    assert sorted(shown(screen)) == sorted(before)


def test_without_scripts_it_is_a_plain_page_that_hides_names_too(chromium, reports):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((reports / "lesson.html").as_uri())
    assert page.locator("#student-table tbody tr").count() == 31
    assert page.locator(".filters:visible").count() == 0
    assert page.locator("th button").count() == 0
    page.get_by_label("Hide names").check()
    assert not re.search(r"student0\d\d", page.locator("#student-table").inner_text())
    context.close()
