"""The grader's rooms: imports run downwards only, and through the doors that each room names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

GRADER = ROOT / "course" / "grader"
PACKAGE = "course.grader"
ROOMS = (
    *("ground", "notebooks", "kernel", "judging", "pages"),
    *("classroom", "authoring", "demo"),
)
"""From the ground floor upwards."""


def modules() -> dict[str, Path]:
    """Every module of the rooms by its dotted name within the grader."""
    found = {}
    for room in ROOMS:
        for path in sorted((GRADER / room).rglob("*.py")):
            parts = path.relative_to(GRADER).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = modules()


def imports_of(path: Path) -> Iterator[str]:
    """Modules of the grader that a file imports anywhere, functions included, by dotted name."""
    here = (PACKAGE, *path.relative_to(GRADER).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(f"{PACKAGE}."):
                yield known(name.removeprefix(f"{PACKAGE}."))


def known(name: str) -> str:
    """The longest beginning of a dotted name that is a module."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in MODULES:
            return ".".join(parts[:end])
    return name


IMPORTS = {name: set(imports_of(path)) - {name} for name, path in MODULES.items()}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def doors_of(room: str) -> set[str]:
    """Modules that a room's docstring names as open to others, in double backquotes.

    A sentence that says ``private`` opens nothing.
    """
    docstring = ast.get_docstring(ast.parse((GRADER / room / "__init__.py").read_text())) or ""
    sentences = [s for s in re.split(r"[.;:]\s", docstring) if "private" not in s]
    return {f"{room}.{name}" for s in sentences for name in re.findall(r"``(\w+)``", s)}


def test_every_folder_of_the_grader_is_a_room():
    folders = {p.name for p in GRADER.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert folders == set(ROOMS)


def test_nothing_but_the_command_lies_outside_of_the_rooms():
    assert {path.name for path in GRADER.glob("*.py")} == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_lives_there_and_which_modules_are_open(room):
    docstring = ast.get_docstring(ast.parse((GRADER / room / "__init__.py").read_text())) or ""
    assert len(docstring.split()) >= 10, f"course/grader/{room}/__init__.py has no docstring"
    assert doors_of(room), f"{room} names no module that others may import"
    unknown = doors_of(room) - MODULES.keys()
    assert not unknown, f"{room} names modules that are not there: {sorted(unknown)}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards_only(module):
    floor = ROOMS.index(room_of(module))
    above = {name for name in IMPORTS[module] if ROOMS.index(room_of(name)) > floor}
    assert not above, f"{module} is on floor {room_of(module)} and imports {sorted(above)}"


@pytest.mark.parametrize("module", MODULES)
def test_other_rooms_are_entered_through_their_doors(module):
    others = {name for name in IMPORTS[module] if room_of(name) != room_of(module)}
    inner = {name for name in others if name not in doors_of(room_of(name))}
    assert not inner, f"{module} imports what is private to another room: {sorted(inner)}"


def test_the_command_enters_through_doors():
    inner = {n for n in imports_of(GRADER / "__main__.py") if n not in doors_of(room_of(n))}
    assert not inner, f"the command imports what is private to a room: {sorted(inner)}"


def test_the_configuration_of_nbgrader_enters_through_doors():
    text = (ROOT / "nbgrader_config.py").read_text()
    names = {known(name) for name in re.findall(r"\bcourse\.grader\.([\w.]+)", text)}
    inner = {name for name in names if name not in doors_of(room_of(name))}
    assert names and not inner, f"it names what is private to a room: {sorted(inner)}"


def test_no_module_imports_itself_through_others():
    done: set[str] = set()

    def follow(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for name in sorted(IMPORTS.get(module, ())):
                follow(name, (*trail, module))
            done.add(module)

    for module in MODULES:
        follow(module, ())


def test_imports_are_seen_wherever_they_stand(tmp_path, monkeypatch):
    """The reader of imports finds each form, in functions and under conditions too."""
    path = GRADER / "pages" / "written_for_this_test.py"
    text = (
        "import course.grader.judging.grade as g\n"
        "from course.grader.kernel import steps, warm\n"
        "from ..judging import verdict\n"
        "from .report import x\n"
        "def f():\n    if True:\n        from course.grader.demo.show import y\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda self: text)
    assert set(imports_of(path)) == {
        *("judging.grade", "kernel.steps", "kernel.warm", "judging.verdict"),
        *("pages.report", "demo.show"),
    }
