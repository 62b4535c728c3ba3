"""Grading on a CUDA device: the same references, the same points. Skipped where there is none."""

from __future__ import annotations

import pytest
import torch

from course.grader.classroom.work import grade_submission
from course.grader.judging.payload import read
from course.grader.judging.references import references_for
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.steps import Settings, Step
from course.grader.notebooks.lesson import read_lesson
from course.grader.notebooks.rebuild import solution_submission
from tests.conftest import SOURCES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_the_solution_earns_full_marks_on_cuda(path, repository):
    lesson = read_lesson(path)
    references = references_for(lesson, 1, repository.references, run_in_kernels)
    settings = Settings(seed=1, device="cuda")
    graded = grade_submission(lesson, solution_submission(lesson), references, settings)
    assert graded.points == graded.maximum, {
        id_: verdict.summary for id_, verdict in graded.verdicts.items() if not verdict.full
    }


def test_no_reduced_precision_while_graded():
    source = (
        "from course.emission import cases\nimport torch\n\n@cases({'N': 2})\ndef hidden(case):\n"
        "    case.emit('tf32', bool(torch.backends.cuda.matmul.allow_tf32))\n"
        "    case.emit('where', case.tensor('N'))\n"
    )
    results = run_in_kernels(
        [Step("test", source, "f", hidden=True)], Settings(seed=1, device="cuda")
    )
    answers = read(results["test"].emissions[0]).answers
    assert not answers[0, "tf32"].array
    assert answers[0, "where"].device == "cuda"
