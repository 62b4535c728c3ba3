"""The contributors' guide names every module where a reader looks for it."""

from __future__ import annotations

import re

import pytest

from tests.grader.test_rooms import MODULES, ROOMS
from tests.guides.support import GUIDES, ROOT

TEXT = (GUIDES / "contributors.md").read_text()
PARAGRAPHS = dict(re.findall(r"^- \*\*([\w: ]+?):?\*\*(.*?)(?=\n- \*\*|\n\n)", TEXT, re.M | re.S))
LIBRARY = " ".join(PARAGRAPHS[name] for name in ("To learn from", "Visible tests", "Hidden tests"))


def named(text: str, folders: str = "") -> set[str]:
    """What stands in backquotes as one word; with ``folders="/?"``, one that ends in a stroke too."""
    return set(re.findall(rf"`(\w+){folders}`", text))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_s_paragraph_names_its_modules(room):
    inside = {name.partition(".")[2] for name in MODULES if name.startswith(f"{room}.")}
    assert inside - named(PARAGRAPHS[room]) == set()


def test_a_room_s_paragraph_names_nothing_that_is_gone():
    modules = {name.partition(".")[2] for name in MODULES}
    for room in ROOMS:
        assert named(PARAGRAPHS[room]) - modules == set(), room


def test_the_library_s_paragraphs_name_its_modules_and_nothing_that_is_gone():
    course = ROOT / "course"
    modules = {path.stem for path in course.glob("[!_]*.py")}
    modules |= {path.parent.name for path in course.glob("*/__init__.py")} - {"grader"}
    found = named(LIBRARY, folders="/?")
    assert modules - found == set()
    assert found - modules == {"rescue", "stored"}
