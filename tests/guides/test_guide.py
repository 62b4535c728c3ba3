"""The example of the page on adding an exercise works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
from nbformat.v4 import new_code_cell

from course.grader.judging.grade import grade, steps_of
from course.grader.judging.payload import read
from course.grader.kernel.steps import Settings
from course.grader.kernel.trusted import run_inprocess
from course.grader.notebooks.answers import changed
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import solution_submission
from course.worked.trial import Recording, Trial
from tests.conftest import ROOT
from tests.support.mutation import TYPICAL_KINDS

GUIDE = (ROOT / "course" / "guides" / "adding_an_exercise.md").read_text()
EXAMPLE = re.search(
    r"<!-- example:begin -->\n```python\n(.*?)```\n<!-- example:end -->", GUIDE, re.DOTALL
)[1]
VARIANTS: dict = {}
exec(re.search(r"```python\n(WRONG = .*?)```", GUIDE, re.DOTALL)[1], VARIANTS)  # the page's own
WRONG = VARIANTS["WRONG"]["leaky_step"]
WORKED: dict = {}
exec(
    re.search(r"```python\n(import numpy as np\n+def leaky_step\(t, .*?)```", GUIDE, re.DOTALL)[1],
    WORKED,
)


@pytest.fixture(scope="module")
def lesson():
    notebook = jupytext.reads(EXAMPLE, fmt="py:percent")
    first = "import numpy as np\ncheck = lambda answer: None"
    notebook.cells.insert(0, new_code_cell(first))
    return parse_lesson(notebook, "00_guide", "guide")


def graded(lesson, change=()):
    steps = steps_of(lesson, solution_submission(lesson))
    made = run_inprocess(steps, Settings(3, reference=True))
    references = {s.exercise: read(made[s.key].emissions[0]) for s in steps if s.hidden}
    submission = solution_submission(lesson)
    cell = next(c for c in submission.cells if c.role == "solution")
    for old, new in change:
        assert old in cell.source
        cell.source = cell.source.replace(old, new)
    return grade(lesson, submission, references, run_inprocess, Settings(3))


def test_its_metadata_is_complete(lesson):
    exercise = lesson.exercises["leaky_step"]
    assert (exercise.points, exercise.difficulty, exercise.minutes) == (2, 1, 5)
    assert "**2 points · difficulty 1/5 · 5 minutes**" in EXAMPLE


def test_its_solution_earns_everything(lesson):
    assert graded(lesson).points == 2


@pytest.mark.parametrize("name", WRONG)
def test_its_wrong_variants_lose_points(lesson, name):
    assert graded(lesson, WRONG[name]).points < 2


@pytest.mark.parametrize("kind", sorted(TYPICAL_KINDS))
def test_its_typical_answers_earn_their_shares(lesson, kind):
    change, least, most = VARIANTS["TYPICAL"]["leaky_step"][kind]
    assert least <= graded(lesson, change).points / 2 <= most


def returned(lesson, change=()) -> np.ndarray:
    """What an answer returns on the page's worked example."""
    cells = changed(lesson, {"leaky_step": list(change)}).cells
    names = {"np": np}
    exec(next(cell.source for cell in cells if cell.role == "solution"), names)
    trial = Recording("leaky_step")
    WORKED["leaky_step"](trial, names["leaky_step"])
    return trial.returned["1 h"]


def test_its_worked_example_tells_wrong_answers_apart(lesson):
    values = [returned(lesson), *(returned(lesson, c) for c in WRONG.values())]
    for i, one in enumerate(values):
        assert not any(np.allclose(one, other) for other in values[i + 1 :])


@pytest.mark.parametrize("name", VARIANTS["RIGHT"]["leaky_step"])
def test_its_right_variants_keep_them(lesson, name):
    assert graded(lesson, VARIANTS["RIGHT"]["leaky_step"][name]).points == 2


def test_every_call_it_lists_exists():
    from course import checks, emission
    from course.grader.judging.compare import COMPARISONS

    for name in re.findall(r"`case\.(\w+)\(", GUIDE):
        assert hasattr(emission.Case, name), name
    for name in re.findall(r"`t\.(\w+)\(", GUIDE):
        assert hasattr(Trial, name), name
    for name in re.findall(r"checks\.(\w+)\(", GUIDE):
        assert hasattr(checks, name), name
    listed = re.search(r"`compare` \((.*?)\)", GUIDE, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", listed)) <= set(COMPARISONS)


def test_files_it_names_exist():
    for name in re.findall(r"`((?:source|tests|course|answers)/[\w/.]+\.(?:py|ipynb|md))`", GUIDE):
        assert "<" in name or Path(ROOT / name).exists(), name
