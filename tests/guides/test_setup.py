"""The files that install the course agree with one another and with the guides."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from course.grader.authoring.catalogue import BEGIN, END, lesson_table
from course.grader.classroom.course_folder import CourseFolder
from tests.conftest import ROOT, SOURCES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


EXTRAS = PROJECT["optional-dependencies"]


def pins() -> dict[str, Version]:
    """Every version that the constraints file names."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = (Requirement(line) for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(r.name): Version(str(r.specifier)[2:]) for r in found}


@pytest.mark.parametrize(
    "text", [*PROJECT["dependencies"], *EXTRAS["lab"], *EXTRAS["grader"], *EXTRAS["test"]]
)
def test_every_requirement_holds_for_the_version_that_was_tested(text):
    requirement = Requirement(text)
    if requirement.name == PROJECT["name"]:  # an extra that builds on another
        assert requirement.extras <= set(EXTRAS)
        return
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin, prereleases=True), text


@pytest.mark.parametrize("name", ["numpy", "torch", "pandas", "matplotlib", "scikit-learn"])
def test_the_library_leaves_a_hosted_notebook_its_versions(name):
    (text,) = [t for t in PROJECT["dependencies"] if Requirement(t).name == name]
    assert "==" not in text


def test_conda_users_get_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["--constraint constraints.txt", "--editable .[grader,test]"]
    assert "python=3.11" in environment["dependencies"]


def test_reading_a_notebook_builds_no_grammar():
    """It would take every command, every kernel's start and every worker two seconds and a half."""
    code = "import sys, nbformat; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_students_install_the_version_of_torch_that_was_tested():
    text = (ROOT / "course" / "guides" / "students.md").read_text()
    assert re.findall(r"torch==([\d.]+)", text) == [str(pins()["torch"])]


def test_make_alone_prints_help():
    result = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in (
        "demo",
        "test",
        "lab",
        "figures",
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


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_notebook_says_its_time_as_the_readme_does(path):
    """To a quarter of an hour; the time of a processor to a third."""
    row = next(
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if f"/{path.parent.name}/{path.name})" in line
    )
    minutes, seconds = (int(cell) for cell in row.strip(" |").split("|")[-2:])
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells[:12] if cell.cell_type == "markdown")
    said = re.search(r"Time\b[^\n]{0,8}?about (?:(\d+) h\b)? ?(?:(\d+) min)?", text)
    assert said, "no time in the header"
    assert abs(60 * int(said[1] or 0) + int(said[2] or 0) - minutes) <= 15
    computing = re.search(r"about (\d+) s of CPU time|CPU time\*\* about (\d+) s", text)
    assert computing, "no CPU time in the header"
    assert 2 / 3 <= int(computing[1] or computing[2]) / seconds <= 1.5
