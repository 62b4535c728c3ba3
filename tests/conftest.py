"""Shared fixtures: the repository as a course folder, and small lessons made for a test."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader import api
from nbgrader.api import Gradebook

os.environ.setdefault("COURSE_QUIET", "1")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from course.grader.classroom.command import path_with_environment
from course.grader.classroom.course_folder import CourseFolder
from course.grader.kernel.warm import PRELOAD_VARIABLE
from course.grader.notebooks.lesson import Lesson, parse_lesson
from tests.support.forks import forked_commands

os.environ["PATH"] = path_with_environment()

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "source").glob("*/*.ipynb"))


def grader_metadata(id_: str, **changes: object) -> dict:
    """nbgrader metadata of a cell."""
    base = {"grade": False, "grade_id": id_, "locked": True, "schema_version": 3}
    return {"nbgrader": base | {"solution": False, "task": False} | changes}


def exercise_cells(id_: str, solution: str, hidden: str, points: float = 2.0) -> list:
    """The solution, visible and hidden cells of one exercise."""
    stub = new_code_cell(solution, id=id_)
    stub.metadata = nbformat.from_dict(grader_metadata(id_, solution=True, locked=False))
    visible = new_code_cell(f"assert callable({id_})", id=f"{id_}_visible")
    visible.metadata = nbformat.from_dict(grader_metadata(f"{id_}_visible"))
    test = new_code_cell(
        f"# hidden\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS", id=f"{id_}_hidden"
    )
    test.metadata = nbformat.from_dict(
        grader_metadata(f"{id_}_hidden", grade=True, points=points)
        | {"exercise": {"difficulty": 1, "minutes": 5}}
    )
    return [stub, visible, test]


HIDDEN_DOUBLE = """
from course.emission import cases

@cases({"N": 3, "D": 2}, {"N": 1, "D": 4})
def hidden(case):
    case.call(double, case.normal("N D"), returns="y")
"""
HIDDEN_QUADRUPLE = HIDDEN_DOUBLE.replace("double", "quadruple")
SOLVE_DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
SOLVE_QUADRUPLE = (
    "def quadruple(x):\n    ### BEGIN SOLUTION\n    return double(double(x))\n    ### END SOLUTION"
)


def small_notebook() -> nbformat.NotebookNode:
    """A lesson of two exercises, the second built on the first, and a written question."""
    answer = new_markdown_cell("### BEGIN SOLUTION\nBecause.\n### END SOLUTION", id="why")
    answer.metadata = nbformat.from_dict(
        grader_metadata("why", grade=True, solution=True, locked=False, points=1)
    )
    return new_notebook(
        cells=[
            new_markdown_cell("# Small", id="title"),
            new_code_cell("import numpy as np", id="imports"),
            *exercise_cells("double", SOLVE_DOUBLE, HIDDEN_DOUBLE),
            *exercise_cells("quadruple", SOLVE_QUADRUPLE, HIDDEN_QUADRUPLE),
            answer,
        ],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
    )


SOLVE_TRIPLE = "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION"


def notebook_with_an_option() -> nbformat.NotebookNode:
    """The small notebook, and after it an optional exercise with a cell that uses it."""
    notebook = small_notebook()
    notebook.cells[0].source += "\n\n*Optional*, near the end: `triple`."
    stub, visible, _ = exercise_cells("triple", SOLVE_TRIPLE, "")
    stub.metadata.exercise = {"difficulty": 5, "minutes": 40, "optional": True}
    notebook.cells += [
        new_markdown_cell("## Optional · thrice\n\nMuch to read.", id="optional"),
        stub,
        visible,
        new_code_cell("print(triple(2))", id="use", metadata={"tags": ["demo"]}),
        new_markdown_cell("## The end", id="end"),
    ]
    return notebook


@pytest.fixture
def small_lesson() -> Lesson:
    """The small lesson, parsed."""
    return parse_lesson(small_notebook(), "00_small", "small")


@pytest.fixture
def small_course(tmp_path: Path) -> CourseFolder:
    """A course folder with the small lesson, not yet released."""
    root = tmp_path / "course"
    (root / "source" / "00_small").mkdir(parents=True)
    nbformat.write(small_notebook(), root / "source" / "00_small" / "small.ipynb")
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    return CourseFolder(root)


@pytest.fixture
def small_gradebook(small_course: CourseFolder) -> Iterator[Gradebook]:
    """The small course's gradebook, which knows its lesson and no student."""
    with Gradebook(f"sqlite:///{small_course.root}/gradebook.db", "rnn-course") as gradebook:
        gradebook.add_assignment("00_small")
        gradebook.add_notebook("small", "00_small")
        for cell in small_notebook().cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("grade"):
                gradebook.add_grade_cell(
                    cell.id,
                    "small",
                    "00_small",
                    max_score=about["points"],
                    cell_type=cell.cell_type,
                )
            if about.get("solution"):
                gradebook.add_solution_cell(cell.id, "small", "00_small")
        yield gradebook


@pytest.fixture(scope="session", autouse=True)
def one_answer_of_alembic() -> Iterator[None]:
    """Ask alembic once what version a new gradebook has: nbgrader starts it anew for each, for 2 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", functools.cache(api.get_alembic_version))
        yield


@pytest.fixture(scope="session", autouse=True)
def commands_in_forks(one_answer_of_alembic) -> Iterator[None]:
    """Spare nbgrader's commands the start of an interpreter; what starts kernels starts its own."""
    with forked_commands():
        yield


@pytest.fixture(scope="module")
def lean() -> Iterator[None]:
    """Warm parents that import what the small lesson uses, and start five times as fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PRELOAD_VARIABLE, "numpy course.emission")
        yield


@pytest.fixture(scope="session")
def repository() -> CourseFolder:
    """This repository as a course folder."""
    return CourseFolder(ROOT)


@pytest.fixture(scope="session")
def course_site(tmp_path_factory: pytest.TempPathFactory, repository: CourseFolder) -> Path:
    """The course's own page, built once; tests of it share a worker (the group ``site``)."""
    from course.grader.authoring.site import build_site

    target = tmp_path_factory.mktemp("site") / "_site"
    build_site(repository, target)
    return target
