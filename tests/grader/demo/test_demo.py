"""The made-up class gets the scores it deserves, whichever way it is graded."""

from __future__ import annotations

import contextlib
import shutil

import nbformat
import pytest

from course.grader.classroom import gradebook as book
from course.grader.classroom.command import nbgrader
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.feedback import generate_feedback
from course.grader.classroom.run import Options, grade_class
from course.grader.classroom.schemes import ShowMarkingSchemes, model_answers
from course.grader.demo import show
from course.grader.demo.demo_class import CLASS
from course.grader.demo.show import LESSON, build_demo
from course.grader.demo.written import ANSWERS
from course.grader.judging.outcome import Run
from course.grader.notebooks.lesson import read_lesson
from course.grader.pages import report
from course.grader.pages.feedback_page import MAX_PAGE
from course.grader.pages.render import secret_lines
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def committed_solution(folder: CourseFolder, lesson: str) -> list:
    """Stand for generating the solution; another test holds that it is the committed one."""
    shutil.copytree(ROOT / "solution" / lesson, folder.root / "solution" / lesson)
    return []


FEW = "\nWRONG = {exercise: dict([*found.items()][:2]) for exercise, found in WRONG.items()}\n"
"""End of a bank of answers: two wrong ones of each exercise, whose run takes a second, not a minute."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> CourseFolder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(show, "generate_solution", committed_solution)
        # Her endless loop waits here: one that counts takes a core from the other tests.
        edits = next(student for student in CLASS if student.name == "nia").edits
        (place,) = edits
        waits = edits[place].replace("pass", "__import__('time').sleep(1)")
        patch.setitem(edits, place, waits)
        folder = build_demo(CourseFolder(ROOT), tmp_path_factory.mktemp("demo") / "course")
    for bank in (folder.root / "answers" / LESSON).glob("*.py"):
        bank.write_text(bank.read_text() + FEW)
    return folder


@pytest.fixture(scope="module")
def graded(demo: CourseFolder) -> Run:
    """The class, graded without Dask, whose workers would start two more warm parents."""
    return grade_class(demo, LESSON, Options(workers=1, quiet=True))


def scores_of(folder: CourseFolder) -> dict[tuple[str, str, str], float | None]:
    """Automatic score of every cell in the gradebook."""
    with contextlib.closing(book.open_gradebook(folder)) as gradebook:
        return {
            (
                grade.notebook.assignment.student.id,
                grade.notebook.name,
                grade.name,
            ): grade.auto_score
            for submission in gradebook.assignment_submissions(LESSON)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def test_nobody_is_left_out(graded):
    assert not graded.failed
    assert {o.student for o in graded.outcomes} == {student.name for student in CLASS}


@pytest.mark.parametrize("student", CLASS, ids=[student.name for student in CLASS])
def test_every_student_gets_what_the_work_deserves(graded, student):
    lost = set()
    for outcome in report.by_student(graded.outcomes)[student.name]:
        for verdict in outcome.verdicts:
            if not verdict.full:
                lost.add(verdict.exercise)
                if "*" in student.loses:
                    assert verdict.points == 0
    if "*" in student.loses:
        expected = {v.exercise for o in graded.outcomes for v in o.verdicts}
    elif student.loses and student.loses[0] in {o.notebook for o in graded.outcomes}:
        expected = {
            v.exercise
            for o in graded.outcomes
            if o.notebook == student.loses[0]
            for v in o.verdicts
        }
    else:
        expected = set(student.loses)
    assert lost == expected


def test_the_report_names_the_causes(graded):
    text = report.table(graded, width=200)
    for words in ("stopped after 10 s", "its kernel died (exit code 1)", "cannot be read"):
        assert words in text
    page = report.page(graded)
    assert "<script" not in page
    assert all(student.name in page for student in CLASS)


def test_a_second_run_grades_nothing(demo, graded):
    again = grade_class(demo, LESSON, Options(quiet=True))
    assert not again.graded
    assert len(again.kept) == len(graded.outcomes)


def test_feedback_shows_verdicts_and_no_hidden_test(demo, graded):
    pages = generate_feedback(demo, LESSON).paths
    assert len(pages) == len(graded.outcomes)
    lessons = [read_lesson(path) for path in (demo.source / LESSON).glob("*.ipynb")]
    cells = [cell for lesson in lessons for cell in lesson.cells if cell.role != "hidden"]
    public = "\n".join(cell.node.source for cell in cells)
    secrets = set().union(*map(secret_lines, lessons))
    secrets = {line for line in secrets if line not in public}
    assert len(secrets) > 100
    for page in pages:
        text = page.read_text()
        assert "What to do next" in text, page
        assert len(text.encode()) <= MAX_PAGE, page
        plain = text.replace("&quot;", '"').replace("&#39;", "'").replace("&lt;", "<")
        assert "cases(" not in plain
        for line in secrets:
            assert line not in plain, (page, line)
    finn = next(p for p in pages if "finn" in p.parts and p.stem == "vanilla_rnn").read_text()
    assert "15 of 15 values are not right" in finn


def lines_for_instructors(folder: CourseFolder) -> set[str]:
    """Lines of the model answers and marking schemes, but those with formulas, which pages draw."""
    texts = [
        text
        for lesson in folder.lessons(LESSON)
        for text in model_answers(lesson).values()
    ]  # fmt: skip
    lines = {line.strip(" *-") for text in texts for line in text.splitlines()}
    return {line for line in lines if len(line) > 30 and not set("$`*<>&'\"") & set(line)}


def test_nobody_hands_in_the_model_answer(demo):
    secrets = lines_for_instructors(demo)
    assert len(secrets) > 10
    for path in demo.submitted.glob(f"*/{LESSON}/*.ipynb"):
        text = path.read_text()
        assert "Marking scheme" not in text, path
        assert not [line for line in secrets if line in text], path


def test_the_scheme_stands_above_a_students_own_answer_and_in_no_feedback(
    demo, graded, monkeypatch
):
    monkeypatch.setenv("COURSE_ROOT", str(demo.root))
    seen = {}
    for outcome in graded.outcomes:
        about = {"assignment_id": LESSON, "notebook_id": outcome.notebook, "submission_id": "1"}
        notebook, _ = ShowMarkingSchemes().preprocess(nbformat.reads(outcome.graded, 4), about)
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
        for question in ANSWERS.keys() & set(ids):
            here = ids.index(question)
            assert "**Marking scheme" in notebook.cells[here - 1].source
            seen[question, outcome.student] = notebook.cells[here].source
    for question, answers in ANSWERS.items():
        for student, answer in answers.items():
            first = answer.strip().partition("\n")[0]
            assert first.partition("->")[0] in seen[question, student], (question, student)
    secrets = lines_for_instructors(demo)
    for page in generate_feedback(demo, LESSON).paths:
        text = page.read_text()
        assert "Marking scheme" not in text and "Model answer" not in text, page
        assert not [line for line in secrets if line in text], page


def test_an_answer_waits_and_an_empty_one_does_not(demo, graded):
    """Nobody has read an answer yet: it has no score, and 0 points only where nothing stands."""
    scores = scores_of(demo)
    for question, answers in ANSWERS.items():
        for (student, _, name), score in scores.items():
            if name == question:
                assert score == (None if answers.get(student) else 0), (question, student)
    page = demo.feedback / "ada" / LESSON / "vanilla_rnn.html"
    generate_feedback(demo, LESSON)
    assert "4 more points are not graded yet (1 answer waits" in page.read_text()
    assert "0 of 4" not in page.read_text()


IN_KIND = ("ada", "dan", "finn", "kai", "max", "oli", "pia", "rob", "sam")
"""A student of each kind: right, half done, wrong, wrong in both notebooks, broken off, a dead kernel,
a cheat, rearranged, loud. The others differ from these in the mistake that they make, and another
class, of a small lesson, has an endless loop (``tests/grader/classroom/test_paths.py``)."""


def test_nbgrader_autograde_gives_the_same_scores(demo, graded, tmp_path):
    ours = {key: score for key, score in scores_of(demo).items() if key[0] in IN_KIND}
    stock = CourseFolder(tmp_path / "course")
    shutil.copytree(demo.root, stock.root, ignore=shutil.ignore_patterns("autograded", "feedback"))
    # A gradebook in which nothing is graded yet; the seed and the references stay.
    (stock.root / "gradebook.db").unlink()
    for student in CLASS:
        if student.name not in IN_KIND:
            shutil.rmtree(stock.submitted / student.name)
    nbgrader(stock, "generate_assignment", LESSON, "--force")
    nbgrader(stock, "autograde", LESSON)
    theirs = scores_of(stock)
    assert ours == theirs and {student for student, _, _ in ours} == {*IN_KIND}
    for path in stock.autograded.glob(f"*/{LESSON}/*.ipynb"):
        same = demo.autograded / path.relative_to(stock.autograded)
        assert verdicts_in(path) == verdicts_in(same), path


def verdicts_in(path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [
        output["data"]["text/plain"]
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
        for output in cell.outputs
    ]
