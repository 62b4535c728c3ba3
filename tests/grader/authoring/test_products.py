"""The generated folders equal what the sources give, and leak nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest

from course.grader.authoring.generate import generate_release, tidy
from course.grader.classroom.course_folder import CourseFolder
from course.grader.demo.show import copy_of_course
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import Payload, read
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.steps import Settings
from course.grader.notebooks.lesson import WRITTEN, Lesson, hidden_source, read_lesson
from course.grader.notebooks.rebuild import rebuild, solution_submission
from course.grader.pages.render import secret_lines
from tests.conftest import ROOT, SOURCES

NAMES = [f"{path.parent.name}/{path.stem}" for path in SOURCES]
SOLUTION_MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN")


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> CourseFolder:
    folder = copy_of_course(CourseFolder(ROOT), tmp_path_factory.mktemp("again") / "course")
    shutil.copytree(ROOT / "solution", folder.root / "solution")  # starters show some outputs
    for lesson in folder.lesson_names:
        generate_release(folder, lesson)
    return folder


def code_of(path: Path) -> list[tuple[str, str, str]]:
    """Id, kind and source of every cell."""
    cells = nbformat.read(path, as_version=4).cells
    return [(cell.id, cell.cell_type, cell.source) for cell in cells]


@pytest.mark.slow
def test_release_is_what_the_sources_give(regenerated):
    ours = {p.relative_to(ROOT): p for p in sorted((ROOT / "release").glob("*/*.ipynb"))}
    fresh = {p.relative_to(regenerated.root): p for p in regenerated.release.glob("*/*.ipynb")}
    assert set(ours) == set(fresh), "run `make release`"
    for name, path in fresh.items():
        assert ours[name].read_text() == path.read_text(), f"{name} has drifted: run `make release`"


@pytest.mark.parametrize("name", NAMES)
def test_solution_is_what_the_source_gives(name):
    source = nbformat.read(ROOT / "source" / f"{name}.ipynb", as_version=4)
    expected = []
    for cell in source.cells:
        text = re.sub(
            r"^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS[^\n]*\n?",
            "",
            cell.source,
            flags=re.DOTALL | re.MULTILINE,
        )
        lines = [x for x in text.split("\n") if not any(mark in x for mark in SOLUTION_MARKS)]
        expected.append((cell.id, cell.cell_type, "\n".join(lines).strip("\n")))
    found = [(i, k, s.strip("\n")) for i, k, s in code_of(ROOT / "solution" / f"{name}.ipynb")]
    assert found == expected, f"solution/{name}.ipynb has drifted: run `make solution`"


@pytest.mark.parametrize("name", NAMES)
def test_solution_is_executed_without_an_error(name):
    notebook = nbformat.read(ROOT / "solution" / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in code)
    for cell in code:
        assert not [o for o in cell.outputs if o.output_type == "error"], cell.id
        stderr = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
        assert not stderr, (cell.id, stderr)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_small(name):
    notebook = nbformat.read(ROOT / "solution" / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get("image/png", "")
            assert len(picture) * 3 / 4 < 150_000, (cell.id, len(picture))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("product", ["release", "solution"])
def test_nothing_leaks(product, name):
    lesson = read_lesson(ROOT / "source" / f"{name}.ipynb")
    text = (ROOT / product / f"{name}.ipynb").read_text()
    for mark in SOLUTION_MARKS:
        assert mark not in text
    sources = "\n".join(source for _, _, source in code_of(ROOT / product / f"{name}.ipynb"))
    for line in secret_lines(lesson):
        assert line not in sources
    if product == "release":
        starter = {i: source for i, _, source in code_of(ROOT / product / f"{name}.ipynb")}
        for cell in lesson.cells:
            if cell.role in {*WRITTEN, "answer"}:
                stub = "YOUR ANSWER HERE" if cell.role == "answer" else "raise NotImplementedError"
                assert stub in starter[cell.node.id], cell.id
                kept = {line.strip() for line in starter[cell.node.id].splitlines()}
                assert not kept & {line.strip() for line in solution_lines(cell.node.source)}


def solution_lines(source: str) -> list[str]:
    """Lines of a solution long enough to be recognised, none of which may be in a starter."""
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL)
    lines = [line.strip() for region in regions for line in region.splitlines()]
    return [line for line in lines if len(line) > 12]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_sources_are_tidy(path, tmp_path):
    copy = tmp_path / path.parent.name / path.name
    copy.parent.mkdir()
    copy.write_text(path.read_text())
    assert not tidy(copy), "run `make tidy`"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_headers_agree_with_metadata(path):
    lesson = read_lesson(path)
    text = "\n".join(cell.node.source for cell in lesson.cells if cell.node.cell_type == "markdown")
    for exercise in lesson.exercises.values():
        points = f"{exercise.points:g} point" + ("" if exercise.points == 1 else "s")
        header = f"**{points} · difficulty {exercise.difficulty}/5 · {exercise.minutes} minutes**"
        assert header in text, f"{exercise.id}: no header {header!r}"
        assert f"`{exercise.id}`" in text
    for exercise in lesson.optional.values():
        effort = f"difficulty {exercise.difficulty}/5 · about {exercise.minutes} minutes"
        assert f"**no points · {effort} · nothing later builds on it**" in text
        assert f"`{exercise.id}`" in text


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_exercise_has_its_parts(path):
    lesson = read_lesson(path)
    roles = {(cell.exercise, cell.role) for cell in lesson.cells}
    text = "\n".join(c.node.source for c in lesson.cells if c.node.cell_type == "markdown")
    assert text.count("<details>") >= 3 * len(lesson.exercises | lesson.optional)
    assert lesson.answers, "no written question"
    for exercise in lesson.exercises:
        assert (exercise, "visible") in roles, exercise


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_the_repository_speaks_of_the_course_alone(path):
    text = path.read_text()
    for word in ("../shared", "LESSONS.md", "DESIGN.md", "FIELD.md"):
        assert word not in text


def test_lessons_never_import_the_grader():
    for path in SOURCES:
        assert "course.grader" not in path.read_text(), path.name


def test_the_library_never_imports_the_grader():
    for path in (ROOT / "course").rglob("*.py"):
        if "grader" not in path.parts:
            imports = re.findall(r"^\s*(?:from|import) +course\.grader", path.read_text(), re.M)
            assert not imports, path


def references_of(lesson: Lesson, exercises: set[str]) -> dict[str, Payload]:
    """What the solution emits in the tests of some exercises; nothing is trained before them."""
    trains = {c.id for c in lesson.cells if "trains" in c.node.metadata.get("tags", [])}
    steps = [
        step
        for step in steps_of(lesson, solution_submission(lesson))
        if step.key not in trains and (not step.hidden or step.exercise in exercises)
    ]
    results = run_in_kernels(steps, Settings(1, reference=True))
    emitted = {step.exercise: results[step.key].emissions for step in steps if step.hidden}
    return {id_: read(one, trusted=True) for id_, (one,) in emitted.items()}


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_untouched_starter_earns_nothing(path, repository):
    """A test that gives no answer earns nothing, whatever the solution's gave: few are compared."""
    lesson = read_lesson(path)
    starter = repository.starter(lesson)
    submission = rebuild(lesson, starter, nbformat.writes(starter))
    references = {id_: Payload(id_) for id_ in lesson.exercises}
    graded = grade(lesson, submission, references, run_in_kernels, Settings(1))
    tests = {cell.exercise: cell.id for cell in lesson.cells if cell.role == "hidden"}
    emitted = {id_: read(graded.results[key].emissions[0]) for id_, key in tests.items()}
    answering = {id_ for id_, payload in emitted.items() if payload.answers}
    if answering:
        references |= references_of(lesson, answering)
        graded = grade(lesson, submission, references, lambda *_: graded.results, Settings(1))
    assert graded.points == 0, {k: v.points for k, v in graded.verdicts.items() if v.points}
    assert not any(part.right for verdict in graded.verdicts.values() for part in verdict.parts)
    assert any(v.cause == "not written yet" for v in graded.verdicts.values())


def test_the_hidden_source_is_what_lies_between_the_markers():
    text = "# a\n### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS\nb"
    assert hidden_source(text) == "x = 1\n"
