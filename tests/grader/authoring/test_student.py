"""What students get holds everything they need, and nothing that they must not have."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from course.grader.__main__ import main
from course.grader.authoring import student
from course.grader.authoring.student import GUIDES, make_student_edition, zip_edition
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.notebooks.lesson import read_lesson
from course.grader.pages.render import secret_lines
from tests.conftest import ROOT, SOURCES
from tests.guides.support import anchors, targets

ADDRESS = "https://github.com/someone/some-course"


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    target = tmp_path_factory.mktemp("student") / "edition"
    make_student_edition(CourseFolder(ROOT), target, ADDRESS)
    return target


def test_it_holds_a_starter_of_every_notebook(edition):
    for path in SOURCES:
        name = f"{path.parent.name}/{path.name}"
        cells = nbformat.read(edition / name, as_version=4).cells
        release = nbformat.read(ROOT / "release" / name, as_version=4).cells
        given = [c.source.replace("](../../course/", "](../course/") for c in release[1:]]
        assert [c.source for c in cells[3:]] == given
        assert name.removesuffix(".ipynb") in (edition / "README.md").read_text()


def test_nothing_leaks(edition):
    text = "\n".join(
        p.read_text() for p in edition.rglob("*") if p.suffix in {".py", ".ipynb", ".md"}
    )
    assert not list(edition.rglob("grader"))
    for mark in (
        "BEGIN SOLUTION",
        "BEGIN HIDDEN",
        "course.grader",
        "tests/",
        "answers/",
        "gradebook",
    ):
        assert mark not in text.replace("course.grader.judging.compare", ""), mark
    for path in SOURCES:
        starter = nbformat.read(edition / path.parent.name / path.name, as_version=4)
        sources = "\n".join(cell.source for cell in starter.cells)
        assert not [line for line in secret_lines(read_lesson(path)) if line in sources]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a link of a page leads to a file and an anchor that are there, or to the web."""
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    return "://" in name or (path.exists() and (not anchor or anchor in anchors(path.read_text())))


def test_it_holds_the_learners_guides_and_every_link_of_theirs_leads_somewhere(edition):
    pages = [edition / "README.md", *(edition / "course" / "guides").glob("*.md")]
    assert {page.stem for page in pages} == {"README", *GUIDES}
    assert len(list((edition / "course" / "guides" / "figures").glob("*.png"))) > 15
    for page in pages:
        for target in targets(page.read_text()):
            assert leads_somewhere(page, target), f"{page.name} links to {target}"


def test_every_link_of_a_notebook_leads_somewhere(edition):
    for source in SOURCES:
        page = edition / source.parent.name / source.name
        cells = nbformat.read(page, as_version=4).cells
        for target in targets("\n".join(c.source for c in cells if c.cell_type == "markdown")):
            assert leads_somewhere(page, target), f"{page.name} links to {target}"


def test_no_guide_answers_an_exercise(edition):
    lessons = [read_lesson(path) for path in SOURCES]
    graded = "|".join(id_ for lesson in lessons for id_ in lesson.exercises)
    answers = {line.strip() for lesson in lessons for line in secret_lines(lesson)}
    for page in (edition / "course" / "guides").glob("*.md"):
        text = page.read_text()
        assert "a lesson asks for this" not in text
        assert not re.search(rf"^(def|class) ({graded})\b", text, re.MULTILINE), page.name
        found = answers & {line.strip() for line in text.splitlines()}
        assert not found, (page.name, found)


def test_the_library_works_without_the_grader(edition):
    code = (
        "import course, sys\n"
        "from course import checks, data, emission, plots, training, validation, weights\n"
        "assert course.__file__.startswith(sys.path[0]), course.__file__\n"
        "assert not [name for name in sys.modules if name.startswith('course.grader')]\n"
        "print('alone')"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(edition)!r})\n{code}"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=edition, check=False)
    assert result.stdout == "alone\n", result.stderr


def test_a_starter_runs_alone(edition):
    cells = nbformat.read(edition / "01_rnn" / "vanilla_rnn.ipynb", as_version=4).cells
    badge, alone = cells[1], cells[2]
    assert "colab.research.google.com/github/someone/some-course/blob/main/01_rnn" in badge.source
    installs = [line for line in alone.source.splitlines() if "pip install" in line]
    assert installs == [f'    %pip install -q "rnn-course @ git+{ADDRESS}"']
    from IPython.core.interactiveshell import InteractiveShell

    assert InteractiveShell.instance().run_cell(alone.source).success  # all is there: does nothing


def test_a_second_run_changes_what_changed_alone(edition, tmp_path):
    target = tmp_path / "edition"
    first = make_student_edition(CourseFolder(ROOT), target)
    assert not first.unchanged
    again = make_student_edition(CourseFolder(ROOT), target)
    assert not again.written and sorted(again.unchanged) == sorted(first.written)
    changed = make_student_edition(CourseFolder(ROOT), target, ADDRESS)
    assert all(name.endswith(".ipynb") for name in changed.written)


def test_what_somebody_wrote_is_not_overwritten(tmp_path):
    make_student_edition(CourseFolder(ROOT), tmp_path)
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(FolderError, match=r"README\.md was not written by this command"):
        make_student_edition(CourseFolder(ROOT), tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_damaged_record_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(student, "_contents", lambda *_: {"README.md": b"x"})
    (tmp_path / student.RECORD).write_text("{")
    with pytest.raises(FolderError, match="is damaged; move"):
        make_student_edition(CourseFolder(ROOT), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [student.RECORD]


def test_an_archive_that_is_interrupted_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    (tmp_path / student.RECORD).write_text('{"README.md": ""}')
    monkeypatch.setattr(student.zipfile.ZipFile, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        zip_edition(tmp_path, tmp_path / "student.zip")
    assert not (tmp_path / "student.zip").exists()


def test_the_archive_holds_the_edition_and_replaces_nothing(edition, tmp_path):
    archive = tmp_path / "student.zip"
    zip_edition(edition, archive)
    names = zipfile.ZipFile(archive).namelist()
    assert "rnn-course/01_rnn/vanilla_rnn.ipynb" in names and "rnn-course/course/checks.py" in names
    with pytest.raises(FolderError, match="exists already"):
        zip_edition(edition, archive)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--address", "github.com/x"], "is no address like"),
        (["--address", "https://github.com/x y"], "is no address like"),
    ],
)
def test_a_bad_address_is_one_line(tmp_path, capsys, monkeypatch, arguments, says):
    monkeypatch.chdir(ROOT)
    assert main(["student", "--output", str(tmp_path / "s"), *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_a_missing_starter_is_named(small_course, tmp_path):
    with pytest.raises(FolderError, match="make release LESSON=00_small"):
        make_student_edition(small_course, tmp_path / "s")


def test_readme_and_guides_send_students_to_starters():
    for path in [ROOT / "README.md", *(ROOT / "course" / "guides").glob("students*.md")]:
        assert "](source/" not in path.read_text() and "](../../source" not in path.read_text()
