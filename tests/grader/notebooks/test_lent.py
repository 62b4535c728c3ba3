"""What is lent is right and marked, and the mark is found in what students hand in."""

from __future__ import annotations

import ast

import pytest

from course.grader.notebooks.lent import borrows, holds_loans, lent_statements, lent_version
from course.grader.notebooks.lesson import read_lesson
from course.lending import seal
from tests.conftest import SOURCES

NAMES = [path.stem for path in SOURCES]
SOURCE = '''
def split(x, *rest):
    """A docstring."""
    ### BEGIN SOLUTION
    first, *others = x, *rest  # a comment
    y: int = 3
    def inner(z):
        return
    return first, *others, y
    ### END SOLUTION
'''


def test_the_lent_version_computes_the_same_and_keeps_no_words():
    lent = lent_version(SOURCE)
    assert "docstring" not in lent and "comment" not in lent and "SOLUTION" not in lent
    names: dict = {}
    exec(lent, names)
    assert names["split"](1, 2, 4) == (1, 2, 4, 3)
    assert lent.count(",)[0]") == 3


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_lent_version_is_recognised_and_no_solution_is(path):
    lesson = read_lesson(path)
    for cell in lesson.cells:
        if cell.role == "solution":
            assert lent_statements(lesson, lent_version(cell.node.source)), cell.id
            assert not lent_statements(lesson, cell.node.source), cell.id


class Renamer(ast.NodeTransformer):
    """Give every name another, as somebody would who does not want to be found."""

    def visit_Name(self, node):
        node.id = f"{node.id}_too"
        return node


def test_other_names_comments_and_lines_hide_nothing(small_lesson):
    solution = next(cell for cell in small_lesson.cells if cell.role == "solution")
    lent = lent_version(solution.node.source)
    renamed = ast.unparse(Renamer().visit(ast.parse(lent)))
    assert renamed != lent
    told = renamed.replace(",)[0]", ", # mine\n        ) [ 0 ]") + "\n    # my own work"
    assert lent_statements(small_lesson, told) == 1
    assert not lent_statements(small_lesson, told.replace("2", "3"))


@pytest.mark.parametrize(
    "source",
    [
        "def f(:",
        "x = (" * 300 + "1" + ",)[0]" * 300,
        "x = " + "-" * 5000 + "(1,)[0]",
        "x = (" + "+".join("1" * 20_000) + ",)[0]",
        "\0 = (1,)[0]",
    ],
)
def test_hostile_code_is_no_trouble(small_lesson, source):
    assert lent_statements(small_lesson, source) == 0


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('double = rescue("double")', {"double"}),
        ('from course import rescue\n%time 1\ndouble = rescue("double")  # for now', {"double"}),
        ("import course\ndouble = course.rescue(double)", {"double"}),
        ('a, b = rescue("a"), rescue("b")', {"a", "b"}),
        ('a: object = rescue("a")', {"a"}),
        ('mine = rescue("double")', set()),
        ('rescue("double")', set()),
        ('def double(x):\n    return rescue("double")(x)', set()),
        ('double = rescue("double")\ndef double(x):\n    return 2 * x', set()),
        ('double = rescue("double")\ndouble = lambda x: 2 * x', set()),
        ("double = rescue(", set()),
        ("double = 2", set()),
    ],
)
def test_a_cell_that_borrows_is_read(source, names):
    assert borrows(source) == names


def test_a_file_of_loans_is_known_under_any_name_and_inside_of_others():
    data = seal({"exercises": {}})
    assert holds_loans(data) and holds_loans(b"data = '''" + data + b"'''")
    assert holds_loans(data.replace(b"\n", b"\r\n"))
    assert not holds_loans(b"x = rescue('rnn_step')")
