"""Count the code that a learner scrolls through in a starter, and how much of it is theirs.

A line of code is one that holds code: no blank line, no comment, no docstring.

Run ``python -m tests.support.shown [source/01_rnn/vanilla_rnn.ipynb ...]`` to see the table, with
``--cells`` for the cells that are too long.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course.grader.authoring.given_outputs import GUESS

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST_CELL, LONGEST_VISIBLE_TEST, MOST_LINES, SHARE = 20, 6, 400, 0.25
SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS$", re.MULTILINE | re.DOTALL)
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Shown:
    """Lines of code of one notebook.

    Attributes
    ----------
    cells : dict
        By the id of a cell: lines of code that it shows in the model answer, the learner's apart.
    learner : dict
        By the id of a cell: lines that the model answer writes there.
    visible : frozenset of str
        Ids of the cells that are visible tests.
    """

    cells: dict[str, int]
    learner: dict[str, int]
    visible: frozenset[str]

    @property
    def given(self) -> int:
        """Lines of code in the starter."""
        return sum(self.cells.values())

    @property
    def written(self) -> int:
        """Lines of code that the learner writes, in the model answer."""
        return sum(self.learner.values())

    @property
    def share(self) -> float:
        """What share of all the code shown the learner writes."""
        return self.written / max(self.given + self.written, 1)

    def problems(self) -> list[str]:
        """Say in one line each which bar the notebook does not meet."""
        found = [
            f"cell {name}: {lines} lines of code, at most {LONGEST_CELL}"
            for name, lines in self.cells.items()
            if lines > LONGEST_CELL
        ]
        found += [
            f"visible test {name}: {self.cells[name]} lines, at most {LONGEST_VISIBLE_TEST}"
            for name in sorted(self.visible)
            if self.cells[name] > LONGEST_VISIBLE_TEST
        ]
        if self.given > MOST_LINES:
            found.append(f"{self.given} lines of code shown, at most {MOST_LINES}")
        if self.share < SHARE:
            found.append(f"the learner writes {self.share:.0%} of the code, at least {SHARE:.0%}")
        return found


def code_lines(source: str) -> int:
    """Count the lines of a cell that hold code."""
    source = re.sub(r"^[%!].*$", "pass", source, flags=re.MULTILINE)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a stub without its body
        tree = ast.parse("")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines: set[int] = set()
    for token in tokens:
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None:
                lines -= set(range(first.lineno, first.end_lineno + 1))
    return len(lines)


def shown(path: Path) -> Shown:
    """Count the code of a source notebook as its starter shows it."""
    cells, learner, visible = {}, {}, set()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        name = grade_id or cell.id
        source = HIDDEN.sub("", cell.source)
        whole = code_lines(source)
        solution = SOLUTION.search(source)
        stub = code_lines(SOLUTION.sub("    ...", source)) - 1 if solution else whole
        if GUESS in cell.metadata.get("tags", ()):
            stub = 0
        cells[name], learner[name] = stub, whole - stub
        if grade_id.endswith("_visible"):
            visible.add(name)
    return Shown(cells, learner, frozenset(visible))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--cells", action="store_true", help="name what is too long")
    options = parser.parse_args()
    for path in options.paths or sorted((ROOT / "source").glob("*/*.ipynb")):
        found = shown(path)
        print(
            f"{path.stem:22} given {found.given:5}  learner {found.written:4}  "
            f"share {found.share:4.0%}  visible tests "
            f"{sum(found.cells[name] for name in found.visible):4}"
        )
        for problem in found.problems() if options.cells else ():
            print("   ", problem)


if __name__ == "__main__":
    main()
