"""The bank of answers: sentences for students, and examples that are stored as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course.worked import examples_of
from course.worked.trial import RIGHT, WRONG, load
from tests.conftest import ROOT, SOURCES
from tests.support.mutation import answers_for, lesson_at

IDS = [path.stem for path in SOURCES]
LONGEST = 170
"""Characters of a sentence on a misconception."""
LEAST_NAMED = 0.35
"""Share of a notebook's wrong answers that its visible tests can name."""


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_a_wrong_answer_is_named_by_a_sentence(path: Path):
    for exercise, answers in answers_for(path).wrong.items():
        for name in answers:
            where = f"{exercise}: {name!r}"
            assert re.match(r"[A-Z0-9`(_a-z]", name) and name.endswith((".", "?", "!")), where
            assert len(name.split()) >= 3 and len(name) <= LONGEST, where


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_no_two_sentences_of_an_exercise_have_the_same_words(path: Path):
    for exercise, answers in answers_for(path).wrong.items():
        plain = [re.sub(r"\W+", " ", name).strip().lower() for name in answers]
        assert len(set(plain)) == len(plain), exercise


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_every_exercise_has_a_worked_example(path: Path):
    lesson = lesson_at(path)
    exercises = [*lesson.exercises, *lesson.optional]
    assert list(examples_of(path.stem)) == exercises
    assert set(load(path.stem)) == set(exercises)


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_what_is_stored_is_of_answers_that_the_bank_has(path: Path):
    bank = answers_for(path)
    for exercise, stored in load(path.stem).items():
        unknown = set(stored[WRONG]) - set(bank.wrong[exercise])
        assert not unknown, f"{exercise}: run make worked LESSON={path.parent.name}"
        for name, differs in stored[WRONG].items():
            assert differs and set(differs) <= set(stored[RIGHT]), name


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_what_is_said_otherwise_is_of_answers_that_the_bank_has(path: Path):
    bank = answers_for(path)
    for exercise, words in bank.says.items():
        assert set(words) <= set(bank.wrong[exercise])


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_most_misconceptions_are_named_by_the_visible_tests(path: Path):
    stored = load(path.stem)
    named = sum(len(found[WRONG]) for found in stored.values())
    known = sum(map(len, answers_for(path).wrong.values()))
    assert named >= LEAST_NAMED * known, f"{named} of {known}"


def test_there_is_a_bank_for_every_notebook_and_for_nothing_else():
    banks = {path.relative_to(ROOT / "answers") for path in (ROOT / "answers").glob("*/*.py")}
    assert banks == {p.relative_to(ROOT / "source").with_suffix(".py") for p in SOURCES}
