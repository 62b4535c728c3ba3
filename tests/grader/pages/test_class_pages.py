"""The class report: complete, escaped, readable without a script, and quick."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from PIL import Image

from course.grader.judging.outcome import Outcome
from course.grader.judging.verdict import NOT_WRITTEN, Verdict
from course.grader.pages.class_figures import csv_of
from course.grader.pages.course_page import course_page, totals
from course.grader.pages.frame import TEMPLATES, Page, digest, how_late, people
from course.grader.pages.lesson_page import (
    Graded,
    lesson_page,
    points_of,
    solution_code,
    summary_of,
)
from course.grader.pages.roll import Roll
from course.grader.pages.since_last import Before
from course.grader.pages.states import LATE, NOT_THERE, ON_TIME, UNGRADED, Work, states_of
from tests.support.made_up_class import made_up, notebook

EVIL = (
    "</td></script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\x1b[31m\u202e'\""
)
FORMULA = "=cmd|' /C calc'!A1"


class Reader(HTMLParser):
    """Tags with their attributes, text by table cell, and what scripts and styles hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag):
        self._in = ""

    def handle_data(self, data):
        if self._in in self.raw:
            self.raw[self._in].append(data)

    def all(self, tag: str) -> list[dict]:
        return [about for name, about in self.tags if name == tag]


def page_of(graded: Graded, before: Before | None = None) -> Page:
    return lesson_page(
        graded, summary_of(graded), "today", before, "report-x", "report-course.html"
    )


@pytest.fixture(scope="module")
def graded() -> Graded:
    return made_up(30)


@pytest.fixture(scope="module")
def before(graded) -> Before:
    points = points_of(summary_of(graded))
    return Before("yesterday", points | {"student004": points["student004"] - 2.5})


@pytest.fixture(scope="module")
def lesson(graded, before) -> Page:
    return page_of(graded, before)


@pytest.fixture(scope="module")
def course(graded) -> Page:
    others = [made_up(30, seed, name) for seed, name in ((1, "02_lstm"), (2, "03_gru"))]
    summaries = [summary_of(x) for x in (graded, *others)]
    before = Before("yesterday", totals(summaries) | {"student003": 1.0})
    return course_page(summaries, "today", before, "report-course", {"02_lstm": "report-02.html"})


@pytest.fixture(scope="module", params=["lesson", "course"])
def either(request, lesson, course) -> Page:
    return {"lesson": lesson, "course": course}[request.param]


@pytest.fixture(scope="module")
def hostile() -> Graded:
    """A class of which every word is an attack."""
    verdict = Verdict(EVIL, 0.0, 2.0, cause=EVIL, flags=(EVIL,), misconception=EVIL)
    outcomes = [
        Outcome(f"{EVIL}{i}", EVIL, EVIL, "f", notebook({"a": EVIL}), [verdict], [EVIL, EVIL])
        for i in range(4)
    ]
    formulas = Outcome(FORMULA, "x", EVIL, "f", "", [Verdict(EVIL, 2.0, 2.0)])
    roll = Roll({f"{EVIL}0": EVIL, "gone": EVIL, FORMULA: FORMULA}, late={f"{EVIL}1": 60.0})
    return Graded(EVIL, [*outcomes, formulas], roll, {EVIL: EVIL}, {f"{EVIL}/{EVIL}": EVIL}, EVIL)


class TestSafety:
    """Nothing of a student's runs, whatever it holds; nothing comes from outside."""

    def test_one_script_and_one_style_are_ours_and_named_by_the_policy(self, either):
        read = Reader(either.html)
        (policy,) = (
            m["content"]
            for m in read.all("meta")
            if m.get("http-equiv") == "Content-Security-Policy"
        )
        for tag, name in (("script", "class.js"), ("style", "class.css")):
            (text,) = read.raw[tag]
            assert text == (TEMPLATES / name).read_text()
            assert f"{tag}-src '{digest(text)}'" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        first = [tag for tag, _ in read.tags].index
        assert first("meta") < first("style")

    def test_no_attribute_runs_or_styles(self, either):
        for tag, about in Reader(either.html).tags:
            assert not [name for name in about if name.startswith("on") or name == "style"], tag

    def test_everything_is_in_the_file_but_its_tables_and_reports(self, either):
        read = Reader(either.html)
        assert all(i["src"].startswith("data:image/png;base64,") for i in read.all("img"))
        assert not [t for t, _ in read.tags if t in {"link", "iframe", "object", "base", "embed"}]
        for link in read.all("a"):
            assert re.fullmatch(
                r"#[\w-]+|report-[\w-]+\.html|report-[\w-]+/[\w-]+\.csv", link["href"]
            )

    def test_hostile_text_is_text(self, hostile):
        summary = summary_of(hostile)
        pages = [page_of(hostile, Before(EVIL, {EVIL: 1.0})), course_page([summary], "now")]
        for page in pages:
            read = Reader(page.html)
            assert len(read.all("script")) == 1
            assert "onerror=alert(2)&gt;" in page.html
            assert all(i["src"].startswith("data:") and "onerror" not in i for i in read.all("img"))
            assert "\x1b" not in page.html
            assert "\u202e" not in page.html
            assert "{{ 7*7 }}" in page.html
            assert len(read.all("html")) == len(read.all("main")) == 1

    def test_no_cell_of_any_table_is_a_formula(self, hostile):
        page = page_of(hostile)
        cells = [
            cell for text in page.tables.values() for row in csv.reader(io.StringIO(text))
            for cell in row
        ]  # fmt: skip
        assert f"'{FORMULA}" in cells
        for cell in cells:
            assert cell[:1] not in set("=+-@\t\r") or re.fullmatch(r"-[\d.e-]+", cell), cell

    def test_a_table_keeps_its_numbers(self):
        frame = pd.DataFrame({"=x": ["@a", "b\nc"], "n": [-0.123456, 2]})
        assert csv_of(frame) == "'=x,n\n'@a,-0.1235\nb c,2\n"


class TestReading:
    """What can be read, by eye, by keyboard and by a screen reader."""

    def test_tables_have_captions_and_headings_that_say_what_they_head(self, either):
        read = Reader(either.html)
        assert len(read.all("caption")) == len(read.all("table")) > 3
        assert all(about.get("scope") in {"col", "row"} for about in read.all("th"))
        assert [t for t, _ in read.tags].count("h1") == 1

    def test_figures_have_words_and_their_numbers(self, either):
        read = Reader(either.html)
        images = read.all("img")
        assert len(images) == len(read.all("figcaption")) >= 2
        assert all(len(image["alt"]) > 40 for image in images)
        linked = {a["href"].partition("/")[2] for a in read.all("a") if a["href"].endswith(".csv")}
        assert linked == set(either.tables)

    def test_figures_are_sharp_and_no_wider_than_a_page(self, either):
        for about in Reader(either.html).all("img"):
            data = base64.b64decode(about["src"].partition(",")[2])
            width, height = Image.open(io.BytesIO(data)).size
            assert width >= 1.9 * int(about["width"])
            assert int(about["width"]) <= 600
            assert height / width == pytest.approx(
                int(about["height"]) / int(about["width"]), rel=0.02
            )

    def test_every_label_names_its_field(self, either):
        read = Reader(either.html)
        fields = {about.get("id") for about in read.all("input")}
        assert {about["for"] for about in read.all("label") if "for" in about} <= fields

    def test_a_name_has_a_number_to_stand_in_its_place(self, either):
        names = re.findall(
            r'<span class="name">(.*?)</span><span class="alias">(.*?)</span>', either.html
        )
        assert len(dict(names)) == len({alias for _, alias in names}) >= 30
        outside = re.sub(r'<span class="name">.*?</span>', "", either.html)
        assert "student004" not in outside, "a name stands where it cannot be hidden"

    def test_numbers_do_not_follow_the_alphabet_and_stay(self):
        who = people(dict.fromkeys(map(str, range(9)), ""), [])
        order = [int(who[str(i)]["alias"].split()[1]) for i in range(9)]
        assert sorted(order) == list(range(1, 10)) != order
        assert people({}, list(map(str, range(9)))) == who


class TestLesson:
    """What stands in the report on a lesson."""

    def test_the_missing_and_the_late_are_named(self, lesson, graded):
        text = re.sub(r"<[^>]+>", "", lesson.html)
        assert "✕ Missing: 3" in text
        assert f"◷ Late: {len(graded.roll.late)}" in text
        assert "Due 2026-12-01 17:00 UTC." in text

    def test_without_a_due_date_it_says_how_to_set_one(self, graded):
        html = page_of(replace(graded, roll=replace(graded.roll, due=None))).html
        assert "make due" in html
        assert "✓ handed in" in html
        assert "✓ on time" not in html

    def test_what_changed_is_listed(self, lesson, graded, before):
        assert "What changed since yesterday" in lesson.html
        assert ">+2.5</td>" in lesson.html
        assert "What changed" not in page_of(graded, None).html
        assert (
            "What changed"
            not in page_of(graded, Before("then", points_of(summary_of(graded)))).html
        )

    def test_copies_are_named_as_a_hint(self, lesson):
        assert "A hint, not a verdict." in lesson.html
        part = lesson.html[lesson.html.index('id="alike"') : lesson.html.index('id="students"')]
        assert re.findall(r'class="name">(\w+)', part) == ["student001", "student002"]

    def test_what_was_not_graded_is_named(self, hostile):
        assert "Not graded" in page_of(hostile).html

    def test_a_class_that_wrote_nothing_has_a_page(self):
        idle = [
            Outcome(s, "x", "n", "f", "", [Verdict("a", 0.0, 2.0, cause=NOT_WRITTEN)])
            for s in "uvw"
        ]
        html = page_of(Graded("x", idle)).html
        assert "handed in, wrote nothing" in html
        assert "Nothing." in html

    @pytest.mark.parametrize("names", [{}, {"ana": "Ana"}])
    def test_a_lesson_without_outcomes_has_a_page(self, names):
        assert "students in the class" in page_of(Graded("x", [], Roll(names))).html

    def test_the_same_class_gives_the_same_page(self, graded, lesson, before):
        assert page_of(graded, before) == lesson

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(1, "late by 1 min"), (3600, "late by 1 h 0 min"), (90_000, "late by 1 d 1 h")],
    )
    def test_lateness_is_said_in_words(self, seconds, words):
        assert how_late(seconds) == words

    def test_the_code_that_is_compared_is_of_solution_cells_alone(self):
        text = notebook({"a": "x = 1"})
        assert solution_code(text) == "x = 1"
        assert solution_code(text.replace('"solution": true', '"solution": false')) == ""
        assert solution_code("") == ""


class TestCourse:
    """What stands in the report on the course."""

    def test_every_lesson_leads_to_its_report(self, course):
        assert '<a href="report-02.html">02_lstm</a>' in course.html

    def test_a_missing_lesson_counts_as_zero(self, graded):
        other = summary_of(Graded("y", [Outcome("only", "y", "n", "f", "", [Verdict("a", 2, 2)])]))
        both = totals([summary_of(graded), other])
        assert both["only"] == 2
        assert both["student000"] == points_of(summary_of(graded))["student000"]

    def test_who_misses_two_lessons_can_be_found(self, course):
        rows = re.findall(r'<tr data-states="([^"]*)">.*?class="name">(\w+)', course.html)
        assert sorted(name for states, name in rows if "twice" in states.split()) == [
            *("student027", "student028", "student029")
        ]

    def test_who_has_a_written_answer_that_waits_can_be_found(self, graded):
        there = graded.outcomes[0].student
        waits = replace(graded, roll=replace(graded.roll, waiting=frozenset({there})))
        html = course_page([summary_of(waits)], "now").html
        rows = re.findall(r'<tr data-states="([^"]*)">.*?class="name">(\w+)', html)
        assert [name for states, name in rows if "waiting" in states.split()] == [there]
        assert "✎ a written answer is not graded yet" in html


class TestStates:
    """What the table of students can be narrowed to."""

    @pytest.mark.parametrize("page", ["lesson", "course"])
    def test_every_choice_finds_somebody(self, page, request):
        html = request.getfixturevalue(page).html
        offered = set(re.findall(r'<option value="(\w+)">', html))
        shown = {key for keys in re.findall(r'data-states="([^"]*)"', html) for key in keys.split()}
        assert offered == shown
        assert {"missing", "late"} <= offered

    def test_states_of_one_student(self):
        assert states_of(Work([ON_TIME])) == ""
        assert states_of(Work([NOT_THERE, UNGRADED, NOT_THERE])) == "missing twice ungraded"
        work = Work([LATE], kinds=["crashed", "too slow"], waiting=True, wrote=False, noted=True)
        assert states_of(work) == "late waiting slow crashed noted untouched"
        assert states_of(Work([NOT_THERE], wrote=False)) == "missing", "nothing was handed in"
