"""The files that install the course agree with one another and with the guides."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

from course.grader.authoring.catalogue import BEGIN, END, lesson_table
from course.grader.classroom.course_folder import CourseFolder
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"]
    return PROJECT["dependencies"] + extras["grader"] + extras["test"]


def test_every_requirement_is_pinned():
    for requirement in requirements():
        assert re.match(r"^[\w.-]+==[\w.]+(; .+)?$", requirement), requirement


def test_constraints_hold_every_requirement():
    lines = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").split()
    for requirement in requirements():
        pin = requirement.split(";")[0].strip().lower().replace("_", "-")
        assert pin in lines, requirement


def test_conda_users_get_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert [line for line in pip if not line.startswith("--")] == requirements()
    assert "python=3.11" in environment["dependencies"]


def test_make_alone_prints_help():
    result = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in (
        "demo",
        "test",
        "lab",
        "release",
        "solution",
        "autograde",
        "feedback",
        "lint",
        "clean",
    ):
        assert re.search(rf"^  {target} ", result.stdout, re.MULTILINE), target


def test_make_names_a_missing_lesson():
    result = subprocess.run(
        ["make", "-o", ".venv/.ready", "autograde"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode != 0
    assert "LESSON=" in result.stderr


def test_clean_deletes_no_work():
    recipe = (ROOT / "Makefile").read_text().split("\nclean:")[1].split("\n\n")[0]
    commands = [line for line in recipe.splitlines() if "rm " in line]
    for word in ("submitted", "autograded", "feedback", "gradebook", ".grader"):
        assert not any(word in line for line in commands)


def test_readme_lists_the_lessons_as_they_are():
    text = (ROOT / "README.md").read_text()
    table = text.split(BEGIN)[1].split(END)[0].strip()

    # CPU seconds differ from one execution to the next; everything else must not.
    def without_last(t: str) -> list[str]:
        return [line.rsplit("|", 2)[0] for line in t.splitlines()]

    assert without_last(table) == without_last(lesson_table(CourseFolder(ROOT)))


def test_guides_link_to_files_that_exist():
    for page in [ROOT / "README.md", *(ROOT / "course" / "guides").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
