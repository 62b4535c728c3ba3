"""Every objective of the syllabus has a home that exists, or is listed as not yet taught."""

from __future__ import annotations

import re

import pytest

from course.grader.authoring.catalogue import (
    MINUTES_A_QUESTION,
    RULE,
    WORDS_A_MINUTE,
    Time,
    lesson_table,
    time_for,
)
from course.grader.authoring.student import make_student_edition
from course.grader.authoring.syllabus import (
    OPEN,
    PAGE,
    Home,
    Row,
    homes,
    problems,
    read_topics,
    syllabus_page,
)
from course.grader.classroom.course_folder import CourseFolder
from course.grader.notebooks.lesson import parse_lesson
from tests.conftest import ROOT, notebook_with_an_option

FOLDER = CourseFolder(ROOT)
TOPICS = read_topics(FOLDER)
ROWS = [row for topic in TOPICS.values() for row in topic]
MAX_OPEN = 2
"""How many objectives may be without a home; it only ever goes down."""


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / PAGE).read_text()


def test_every_home_is_where_the_syllabus_says():
    assert list(problems(ROWS, homes(FOLDER))) == []


def test_few_objectives_are_without_a_home_and_all_of_them_are_listed(page):
    missing = [row for row in ROWS if row.home == OPEN]
    assert len(missing) <= MAX_OPEN
    listed = page.split("\n## Not yet taught\n")[1]
    assert [line.split(":* ")[1] for line in listed.splitlines() if line] == [
        row.teach for row in missing
    ]


def test_the_page_is_written_from_its_data(page):
    assert page == syllabus_page(FOLDER), "run `make syllabus`"


def test_no_objective_stands_twice():
    objectives = [row.teach for row in ROWS]
    assert len(set(objectives)) == len(objectives) > 200


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row("x", "01_a/gone", "Here"), "there is no '01_a/gone'"),
        (Row("x", "01_a/b", "There"), "no heading 'There'"),
        (Row("x", "01_a/b", check="other"), "no graded cell 'other'"),
        (Row("x", "01_a/b"), "neither a heading nor a graded cell"),
        (Row("x", "01_a/b", "Here", says="Olah"), "does not say 'Olah'"),
        (Row("x", OPEN, "Here"), "is open and yet names a place"),
    ],
)
def test_a_row_without_its_home_is_named(row, said):
    known = {"01_a/b": Home("01_a/b", "b.ipynb", "# Here", ("Here",), {"step": "Here"})}
    assert not list(problems([Row("x", "01_a/b", "Here"), Row("x", "01_a/b", check="step")], known))
    (problem,) = problems([row], known)
    assert said in problem


def test_time_is_exercises_and_questions_and_words(small_lesson, small_course):
    time = time_for(small_course, small_lesson)
    assert time.exercises == 5 + 5 + MINUTES_A_QUESTION
    assert time.reading == pytest.approx(1 / WORDS_A_MINUTE)  # its title
    assert Time(20, 2.6).minutes == 25


def test_what_is_optional_takes_none_of_the_time(small_course):
    lesson = parse_lesson(notebook_with_an_option(), "00_small", "small")
    time = time_for(small_course, lesson)
    assert time.exercises == 5 + 5 + MINUTES_A_QUESTION
    assert time.reading == pytest.approx(3 / WORDS_A_MINUTE)  # "Small" and "The end"


def test_one_rule_states_the_time_everywhere(page, tmp_path):
    """The README, the syllabus and the students' list agree, and two of them say the rule."""
    make_student_edition(FOLDER, tmp_path)
    students = (tmp_path / "README.md").read_text()
    in_readme = re.findall(r"^\| \[([\w/]+)\].*\| (\d+) \| [\d–]+ \|$", lesson_table(FOLDER), re.M)
    in_page = re.findall(r"^\| \[([\w/]+)\].*\| (\d+) min \|$", page, re.M)
    in_students = re.findall(r"^\| \[([\w/]+)\].*\| (\d+) \|$", students, re.M)
    assert in_readme == in_page == in_students
    assert len(in_readme) == len(list((ROOT / "source").glob("*/*.ipynb")))
    assert RULE in page
    assert RULE in students
