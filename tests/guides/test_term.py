"""Every command of the instructors' term works, in the order of the guide."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT, small_notebook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lean")]
GUIDE = (ROOT / "course" / "guides" / "instructors.md").read_text()
TERM = GUIDE.split("## A term, in order")[1].split("\n## ")[0]
LINES = [
    line.split("#")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", TERM, re.DOTALL)
    for line in block.splitlines()
]

FILES = (
    "nbgrader_config.py",
    "LICENSE",
    "constraints.txt",
    "pyproject.toml",
    "setup.py",
    "Makefile",
)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with one small lesson under the guide's name, a roster, and Canvas' download."""
    (tmp_path / "source" / "01_rnn").mkdir(parents=True)
    nbformat.write(small_notebook(), tmp_path / "source" / "01_rnn" / "small.ipynb")
    for name in FILES:
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "course").symlink_to(ROOT / "course")
    (tmp_path / "students.csv").write_text("id,first_name,last_name,lms_user_id\nada,Ada,L,11\n")
    solved = nbformat.writes(small_notebook())
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr("lada_11_900_small.ipynb", solved)
    return tmp_path


def test_the_term_has_all_its_steps():
    commands = [shlex.split(line)[1] for line in LINES]
    steps = ["roster", "due", "release", "student", "collect", "autograde", "feedback", "export"]
    assert commands == steps


def test_every_line_works_in_order(course):
    environment = Path(sys.prefix)
    printed = {}
    for line in LINES:
        command = [*shlex.split(line), f"VENV={environment}", "-o", f"{environment}/.ready"]
        result = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
        assert result.returncode == 0, (line, result.stdout, result.stderr)
        printed[shlex.split(line)[1]] = result.stdout
    assert "1 added" in printed["roster"]
    assert "2026-12-01 17:00 UTC" in printed["due"]
    assert (course / "student" / "01_rnn" / "small.ipynb").is_file()
    assert "1 files taken" in printed["collect"]
    assert list((course / "feedback" / "ada" / "01_rnn").glob("*.html"))
    assert "01_rnn,ada,L,Ada,,4," in printed["export"]
