"""Whatever was submitted is rebuilt into the course's notebook, or left out with a note."""

from __future__ import annotations

import copy
import json
import random

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import (
    MAX_CODE,
    MAX_SOURCE,
    Submission,
    rebuild,
    solution_submission,
)
from course.grader.pages.render import rebuilt_notebook
from tests.conftest import small_notebook

STUBS = {
    "double": "def double(x):\n    # TODO\n    raise NotImplementedError",
    "quadruple": "def quadruple(x):\n    # TODO\n    raise NotImplementedError",
    "double_hidden": "# hidden",
    "quadruple_hidden": "# hidden",
    "why": "YOUR ANSWER HERE",
}
MINE = "def double(x):\n    return x + x"
ANSWER = "Because of *this*."


def lesson_with_demo():
    notebook = small_notebook()
    demo = new_code_cell("size = 3\nprint(size)", id="demo")
    demo.metadata["tags"] = ["demo"]
    notebook.cells.insert(2, demo)
    return notebook


@pytest.fixture(scope="module")
def lesson():
    return parse_lesson(lesson_with_demo(), "00_small", "small")


@pytest.fixture(scope="module")
def starter():
    notebook = lesson_with_demo()
    for cell in notebook.cells:
        cell.source = STUBS.get(cell.id, cell.source)
    return notebook


@pytest.fixture
def theirs(starter):
    """A good submission, ready to be damaged."""
    notebook = copy.deepcopy(starter)
    at(notebook, "double").source = MINE
    at(notebook, "why").source = ANSWER
    return notebook


def at(notebook, id_):
    return next(cell for cell in notebook.cells if cell.get("id") == id_)


def index(notebook, id_) -> int:
    return notebook.cells.index(at(notebook, id_))


def built(lesson, starter, notebook) -> Submission:
    text = notebook if isinstance(notebook, str | bytes | None) else json.dumps(notebook)
    submission = rebuild(lesson, starter, text)
    keys = [cell.key for cell in submission.cells]
    assert [k for k in keys if not k.startswith("extra-")] == [cell.id for cell in lesson.cells]
    assert len(set(keys)) == len(keys)
    nbformat.writes(rebuilt_notebook(lesson, submission)).encode()
    return submission


def source(submission: Submission, key: str) -> str:
    return next(cell.source for cell in submission.cells if cell.key == key)


def extras(submission: Submission) -> list[str]:
    return [cell.source for cell in submission.cells if cell.role == "extra"]


def assert_good(submission: Submission):
    assert source(submission, "double") == MINE
    assert source(submission, "why") == ANSWER


def test_a_good_submission(lesson, starter, theirs):
    submission = built(lesson, starter, theirs)
    assert_good(submission)
    assert submission.notes == []
    assert source(submission, "quadruple") == STUBS["quadruple"]
    assert "case.call" in source(submission, "double_hidden")


def test_the_solution_is_a_submission(lesson):
    submission = solution_submission(lesson)
    assert [cell.source for cell in submission.cells] == [c.node.source for c in lesson.cells]


def strip_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = {}


def strip_all(notebook):
    notebook.metadata = {}
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop("id", None)


def colab(notebook):
    strip_all(notebook)
    for i, cell in enumerate(notebook.cells):
        cell.metadata = {"id": f"a{i}", "colab": {}}
        cell.source = cell.source.splitlines(True)


def reversed_cells(notebook):
    notebook.cells.reverse()


def without_tests(notebook):
    notebook.cells = [c for c in notebook.cells if not c.id.endswith(("_hidden", "_visible"))]


def hostile_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "demo"]
        cell.metadata["exercise"] = {"seconds": 1e9}
        cell.metadata.get("nbgrader", {}).update(points=1000, grade=True, locked=False)


def wrong_types(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = 5
        cell["outputs"] = "none"
        cell["attachments"] = [1]
        cell["execution_count"] = {"a": []}
    notebook.metadata = []
    notebook.nbformat_minor = "five"


def as_markdown(notebook):
    at(notebook, "double").cell_type = "markdown"


def as_raw(notebook):
    at(notebook, "double").cell_type = "raw"


def answer_as_code(notebook):
    at(notebook, "why").cell_type = "code"


def odd_lines(notebook):
    at(notebook, "double").source = [*MINE.splitlines(True), 5, None, ["x"]]


def strange_cells(notebook):
    notebook.cells += [None, 5, "cell", [], {}, {"source": 5}, {"cell_type": []}, {"metadata": []}]


def strange_ids(notebook):
    notebook.cells += [{"id": {"a": 1}, "source": ""}, {"metadata": {"nbgrader": {"grade_id": []}}}]


def renamed_ids(notebook):
    for cell in notebook.cells:
        cell.metadata = {}
    for i, cell in enumerate(notebook.cells):
        cell.id = f"x{i}"


def old_format(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["input"] = cell.pop("source")
    notebook["worksheets"] = [{"cells": notebook.pop("cells")}]
    notebook.nbformat = 3


def future_format(notebook):
    notebook.nbformat = 5


def no_format(notebook):
    del notebook["nbformat"], notebook["nbformat_minor"], notebook["metadata"]


def cleared_copy_below(notebook):
    cell = copy.deepcopy(at(notebook, "double"))
    cell.source = STUBS["double"]
    notebook.cells.append(cell)


@pytest.mark.parametrize(
    "damage",
    [
        strip_metadata, strip_all, colab, reversed_cells, without_tests, hostile_metadata,
        wrong_types, as_markdown, as_raw, answer_as_code, odd_lines, strange_cells, strange_ids,
        renamed_ids, old_format, future_format, no_format, cleared_copy_below,
    ],
)  # fmt: skip
def test_damage_costs_nothing(lesson, starter, theirs, damage):
    damage(theirs)
    assert_good(built(lesson, starter, theirs))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(lesson, starter, theirs, encoding):
    at(theirs, "why").source = "Schön ∂h/∂x"
    text = json.dumps(theirs, ensure_ascii=False).encode(encoding)
    assert source(built(lesson, starter, text), "why") == "Schön ∂h/∂x"


def test_latin_1_is_read_as_such(lesson, starter, theirs):
    at(theirs, "why").source = "Schön"
    submission = built(lesson, starter, json.dumps(theirs, ensure_ascii=False).encode("latin-1"))
    assert source(submission, "why") == "Schön"
    assert any("Latin-1" in note for note in submission.notes)


UNREADABLE = {
    "none": None,
    "empty": b"",
    "binary": bytes(range(256)),
    "not json": "{",
    "a list": "[]",
    "a number": "1" * 9999,
    "deep": "[" * 100_000,
    "no cells": "{}",
    "cells a dict": '{"cells": {"a": 1}}',
    "cells text": '{"cells": "abc"}',
    "worksheets odd": '{"worksheets": [1], "nbformat": 3}',
    "half": json.dumps(small_notebook())[:300],
    "utf-16 cut": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_note(lesson, starter, name):
    submission = built(lesson, starter, UNREADABLE[name])
    assert not submission.readable
    assert "cannot be read" in submission.notes[-1]
    assert all(note.isprintable() for note in submission.notes)
    assert source(submission, "double") == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\ufeff\n<!DOCTYPE html>", "hand in the .ipynb file itself"),
        ("%PDF-1.4 \x00", "hand in the .ipynb file itself"),
        ('{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> mine\n]}', "git left two versions"),
        (" \n", "nothing of it was read"),
    ],
)
def test_what_a_file_is_instead_of_a_notebook_is_said(lesson, starter, text, says):
    assert says in built(lesson, starter, text).notes[-1]


def test_random_damage_never_raises(lesson, starter, theirs):
    rng = random.Random(1)
    text = json.dumps(theirs).encode()
    for _ in range(150):
        data = bytearray(text)
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 3)] = bytes([rng.randrange(256)])
        rebuilt_notebook(lesson, rebuild(lesson, starter, bytes(data)))


def test_random_values_anywhere_never_raise(lesson, starter, theirs):
    rng = random.Random(2)
    odd = [None, 5, -1.5, True, "x", [], {}, [[]], {"nbgrader": 3}, float("inf"), "\ud800"]

    def mangle(value):
        if rng.random() < 0.03:
            return rng.choice(odd)
        if isinstance(value, dict):
            return {key: mangle(item) for key, item in value.items()}
        return [mangle(item) for item in value] if isinstance(value, list) else value

    plain = json.loads(json.dumps(theirs))
    for _ in range(150):
        built_text = json.dumps(mangle(plain))
        notebook = rebuilt_notebook(lesson, rebuild(lesson, starter, built_text))
        nbformat.writes(notebook).encode()


@pytest.mark.parametrize("bad", ["\ud800", "a\udfffb"])
def test_lone_surrogates_are_replaced(lesson, starter, theirs, bad):
    at(theirs, "why").source = bad
    source(built(lesson, starter, theirs), "why").encode()


def test_too_much_is_cut(lesson, starter, theirs):
    at(theirs, "double").source = "#" * (MAX_SOURCE + 1)
    at(theirs, "why").source = ANSWER + " " + "x" * MAX_SOURCE
    theirs.cells += [{"cell_type": "code", "source": "1"}] * 3000
    submission = built(lesson, starter, theirs)
    assert source(submission, "double") == ""
    assert source(submission, "why").startswith(ANSWER)
    assert len(submission.cells) < 2100


def test_code_beyond_a_bound_is_left_out_and_what_comes_before_it_counts(lesson, starter, theirs):
    theirs.cells += [new_code_cell("#" * MAX_SOURCE) for _ in range(1 + MAX_CODE // MAX_SOURCE)]
    theirs.cells.append(new_code_cell("late = 1"))
    submission = built(lesson, starter, theirs)
    assert source(submission, "double") == MINE
    assert not any(cell.source == "late = 1" for cell in submission.cells)
    assert any("after the first 1,000 KB was left out" in note for note in submission.notes)


class TestPlaces:
    """Where a student's cells end up among the course's."""

    def order(self, submission: Submission) -> list[str]:
        return [cell.key for cell in submission.cells if cell.role != "text"]

    def test_helpers_stay_where_they_are(self, lesson, starter, theirs):
        place = index(theirs, "double")
        theirs.cells.insert(place + 1, new_code_cell("after = 1"))
        theirs.cells.insert(place, new_code_cell("before = 1"))
        theirs.cells.insert(0, new_code_cell("import math"))
        submission = built(lesson, starter, theirs)
        order = [c.source for c in submission.cells if c.role in {"extra", "solution", "visible"}]
        assert order[:4] == ["import math", "before = 1", MINE, "after = 1"]

    def test_a_split_cell_runs_in_order(self, lesson, starter, theirs):
        first, second = "def helper(x):\n    return x", "def double(x):\n    return 2 * helper(x)"
        at(theirs, "double").source = second
        half = copy.deepcopy(at(theirs, "double"))
        half.source = first
        theirs.cells.insert(index(theirs, "double"), half)
        order = [c.source for c in built(lesson, starter, theirs).cells]
        assert order.index(first) < order.index(second) == order.index(first) + 1

    def test_merged_cells_keep_both_definitions(self, lesson, starter, theirs):
        merged = MINE + "\n\ndef quadruple(x):\n    return 4 * x"
        at(theirs, "double").source = merged
        theirs.cells.remove(at(theirs, "quadruple"))
        submission = built(lesson, starter, theirs)
        assert source(submission, "double") == merged
        assert any("'quadruple' is missing" in note for note in submission.notes)

    def test_a_solution_written_in_a_cell_of_its_own(self, lesson, starter, theirs):
        at(theirs, "double").source = STUBS["double"]
        theirs.cells.insert(index(theirs, "double"), new_code_cell(MINE))
        submission = built(lesson, starter, theirs)
        assert source(submission, "double") == ""
        assert extras(submission) == [MINE]

    @pytest.mark.parametrize("where", ["before", "after"])
    def test_of_two_versions_the_one_that_its_test_saw_counts(self, lesson, starter, theirs, where):
        other = copy.deepcopy(at(theirs, "double"))
        other.source = "def double(x):\n    return 'an experiment'"
        place = index(theirs, "double") if where == "before" else len(theirs.cells)
        theirs.cells.insert(place, other)
        submission = built(lesson, starter, theirs)
        keys = self.order(submission)
        extra = next(key for key in keys if key.startswith("extra"))
        assert source(submission, "double") == MINE
        assert (keys.index(extra) < keys.index("double")) == (where == "before")
        if where == "after":
            assert keys.index(extra) > keys.index("double_hidden")

    def test_copied_tests_are_left_out_and_edited_ones_restored(self, lesson, starter, theirs):
        theirs.cells.append(copy.deepcopy(at(theirs, "double_hidden")))
        theirs.cells.append(copy.deepcopy(at(theirs, "double_visible")))
        at(theirs, "quadruple_visible").source = "pass"
        at(theirs, "quadruple_hidden").source = "print('points please')"
        submission = built(lesson, starter, theirs)
        assert extras(submission) == []
        assert "callable" in source(submission, "quadruple_visible")
        assert "case.call" in source(submission, "quadruple_hidden")

    @pytest.mark.parametrize("id_", ["double_visible", "double_hidden", "demo"])
    def test_a_function_written_in_a_cell_of_the_course_still_exists(
        self, lesson, starter, theirs, id_
    ):
        at(theirs, id_).source = "def helper(x):\n    return x"
        submission = built(lesson, starter, theirs)
        assert extras(submission) == ["def helper(x):\n    return x"]
        assert source(submission, id_) == next(c for c in lesson.cells if c.id == id_).node.source

    def test_edited_imports_run_after_the_original(self, lesson, starter, theirs):
        at(theirs, "imports").source = "import numpy as np\nimport math"
        keys = self.order(built(lesson, starter, theirs))
        assert keys[keys.index("imports") + 1].startswith("extra")

    def test_a_demo_that_was_played_with_is_not_run(self, lesson, starter, theirs):
        at(theirs, "demo").source = "size = 10**9\nprint(size)"
        submission = built(lesson, starter, theirs)
        assert extras(submission) == []
        assert "size = 3" in source(submission, "demo")

    def test_text_of_the_student_is_kept_as_text(self, lesson, starter, theirs):
        theirs.cells.append(new_markdown_cell("My notes"))
        cell = built(lesson, starter, theirs).cells[-1]
        assert (cell.role, cell.source) == ("text", "My notes")

    @pytest.mark.parametrize("own", ["stub", "empty", "missing", "something else"])
    @pytest.mark.parametrize("after", ["double_hidden", "quadruple_hidden", "why"])
    def test_a_definition_below_its_test_is_brought_up(self, lesson, starter, theirs, own, after):
        cell = at(theirs, "double")
        cell.source = {"stub": STUBS["double"], "something else": "print('see below')"}.get(own, "")
        if own == "missing":
            theirs.cells.remove(cell)
        below = ["import math\nhalf = math.sqrt(1 / 4)", "def scaled(x):\n    return half * x"]
        below.append("def double(x):\n    return 4 * scaled(x)")
        place = index(theirs, after) + 1
        theirs.cells[place:place] = [new_code_cell(source) for source in below]
        theirs.cells.append(new_code_cell("unrelated = 1"))
        submission = built(lesson, starter, theirs)
        assert any("it was moved up" in note for note in submission.notes)
        keys, sources = self.order(submission), [c.source for c in submission.cells]
        places = [sources.index(source) for source in below]
        test = next(i for i, c in enumerate(submission.cells) if c.key == "double_hidden")
        assert places == sorted(places)
        assert places[-1] < test < sources.index("unrelated = 1")
        assert STUBS["double"] not in sources
        assert len(keys) == len(set(keys))

    @pytest.mark.parametrize("last", ["def double(x):\n    return x", "double = lambda x: x"])
    def test_of_several_definitions_below_the_last_counts(self, lesson, starter, theirs, last):
        at(theirs, "double").source = STUBS["double"]
        theirs.cells += [new_code_cell(MINE), new_code_cell(last)]
        assert source(built(lesson, starter, theirs), "double") == last

    def test_a_definition_below_its_test_does_not_replace_an_answer(self, lesson, starter, theirs):
        theirs.cells.append(new_code_cell("def double(x):\n    return 'an experiment'"))
        assert_good(built(lesson, starter, theirs))

    def test_one_cell_below_may_hold_every_answer(self, lesson, starter, theirs):
        both = MINE + "\n\ndef quadruple(x):\n    return 4 * x"
        at(theirs, "double").source = STUBS["double"]
        theirs.cells.append(new_code_cell(both))
        submission = built(lesson, starter, theirs)
        assert source(submission, "double") == both
        assert source(submission, "quadruple") == ""

    def test_rebuilding_twice_changes_nothing(self, lesson, starter, theirs):
        at(theirs, "double").source = STUBS["double"]
        theirs.cells += [new_code_cell(MINE), new_markdown_cell("a note"), new_code_cell("x = 1")]
        once = built(lesson, starter, theirs)
        twice = built(lesson, starter, rebuilt_notebook(lesson, once))
        assert [(c.key, c.source) for c in twice.cells] == [(c.key, c.source) for c in once.cells]
        assert [c.untouched for c in twice.cells] == [c.untouched for c in once.cells]

    @pytest.mark.parametrize(
        ("text", "untouched"),
        [
            (STUBS["why"], True), ("", True), ("  \n", True), (STUBS["why"] + "\n\n", True),
            (STUBS["why"] + "\nYes.", False), ("Yes.", False), ("# Yes", False), ("?", False),
        ],
    )  # fmt: skip
    def test_an_untouched_written_answer_is_known(self, lesson, starter, theirs, text, untouched):
        at(theirs, "why").source = text
        answer = next(c for c in built(lesson, starter, theirs).cells if c.key == "why")
        assert answer.untouched == untouched

    def test_an_answer_in_a_cell_beside_it_waits_for_a_hand(self, lesson, starter, theirs):
        at(theirs, "why").source = STUBS["why"]
        theirs.cells.append(new_markdown_cell("My answer is here."))
        answer = next(c for c in built(lesson, starter, theirs).cells if c.key == "why")
        assert not answer.untouched

    def test_an_answer_without_metadata_is_found_by_its_place(self, lesson, starter, theirs):
        strip_all(theirs)
        theirs.cells.insert(
            1, new_markdown_cell("A much longer remark of the student's own, on top.")
        )
        assert source(built(lesson, starter, theirs), "why") == ANSWER
