"""What the Validate button says: which exercises are done, wrong and open, in one list.

nbgrader's own validation looks at graded cells, and in a starter these are a comment. The function
:func:`before_each_cell` is a hook of nbgrader's execution, set in ``nbgrader_config.py``: while a
notebook runs, it reads what the visible tests say and writes the list where nbgrader looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from glob import glob
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_output
from nbgrader.apps import ValidateApp
from nbgrader.preprocessors import Execute
from nbgrader.utils import compute_checksum
from traitlets.config import Application

from course.lending import MARK

ANSWER_STUB = "YOUR ANSWER HERE"
CODE_STUB = "raise NotImplementedError"
VISIBLE = "_visible"
DONE, WRONG, OPEN, BORROWED = "done", "wrong", "open", "borrowed"
MARKS = {DONE: "✓", WRONG: "✗", OPEN: "○", BORROWED: MARK}
OPTIONAL = "optional, worth no points:"
"""The line above what is optional in the list."""
LONGEST = 300
"""Characters of a sentence in the list."""

SECONDS, SECONDS_OF_AN_EXERCISE, SECONDS_AFTER_A_HANG = 300, 60, 20
"""How long a cell may run: any, an exercise's own, and any after one that did not end."""
MOST_HANGS = 2
"""After so many cells that did not end, the rest is not run."""
TIMEOUT = {"ename": "CellTimeoutError", "evalue": "did not end", "traceback": ["did not end"]}
"""The error of a cell that did not end."""
ENDLESS = "it did not end in time: is there an endless loop?"
KILLED = "its kernel died (exit, or out of memory)"
NOT_TRIED = "not tried, because the run stopped before it"

STARTED = Path.cwd()
"""Where ``nbgrader validate`` was called; it goes into a notebook's folder to run it."""
NOT_GRADED = {"grade": False, "solution": False, "locked": False, "task": False}
LIST = {"grade": True, "points": 0, "grade_id": "validation", "cell_type": "code"}


@dataclass(frozen=True)
class State:
    """How far an exercise or a written answer is: its id, a key of :data:`MARKS`, and why.

    An ``optional`` one is listed apart and keeps nothing from being done.
    """

    id: str
    state: str
    sentence: str = ""
    optional: bool = False

    @property
    def line(self) -> str:
        """The state as a line of the list."""
        return f"{MARKS[self.state]} {self.id}" + (f": {self.sentence}" if self.sentence else "")


@dataclass
class Progress:
    """A notebook that is being validated.

    Attributes
    ----------
    states : list of State
        One for each visible test and each written answer that was reached, in order.
    sources : dict of str to str
        What the student wrote, by exercise; empty for a cell that is as the starter gave it.
    optional : set of str
        Exercises that are worth no points.
    faults : dict of str to str
        What stopped a cell of the student's, by exercise; empty for one that ended.
    place : nbformat.NotebookNode or None
        The cell that shows the list: the first of Markdown.
    last : nbformat.NotebookNode or None
        The cell that has run last.
    hangs : int
        How many cells did not end.
    end : nbformat.NotebookNode or None
        The cell in which the kernel died or stopped answering; nothing runs after it.
    """

    states: list[State] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    place: NotebookNode | None = None
    last: NotebookNode | None = None
    hangs: int = 0
    end: NotebookNode | None = None

    @property
    def stopped(self) -> bool:
        """True when the rest of the notebook is not run."""
        return self.end is not None or self.hangs >= MOST_HANGS

    @property
    def all_done(self) -> bool:
        """True when nothing so far is wrong, open or borrowed; what is optional has no say."""
        return all(state.state == DONE for state in self.states if not state.optional)

    @property
    def lines(self) -> list[str]:
        """The list, under a line that counts; last what is optional, which does not count."""
        graded = [state for state in self.states if not state.optional]
        optional = [state for state in self.states if state.optional]
        counts = {state: sum(s.state == state for s in graded) for state in MARKS}
        told = (f"{n} {state}" for state, n in counts.items() if n or state != BORROWED)
        lines = [", ".join(told), *(state.line for state in graded)]
        return [*lines, OPTIONAL, *(state.line for state in optional)] if optional else lines

    def take(self, cell: NotebookNode) -> None:
        """Read a cell that has run; nbgrader itself need not look at it any more."""
        fault = ENDLESS if _hung(cell) else KILLED if cell is self.end else ""
        self.hangs += fault == ENDLESS
        about = cell.metadata.get("nbgrader")
        if about is None:
            if fault:
                first = cell.source.strip().split("\n")[0]
                self.states.append(State(f"the cell {first!r}", WRONG, fault))
            return
        id_ = str(about.get("grade_id", ""))
        if about.get("solution") and about.get("grade"):
            self.states.append(
                State(id_, OPEN, "not written yet")
                if _untouched(cell)
                else State(id_, DONE, "written, for your instructor to read")
            )
        elif about.get("solution"):
            self.sources[id_] = "" if _untouched(cell) else cell.source
            if (cell.metadata.get("exercise") or {}).get("optional"):
                self.optional.add(id_)
            self.faults[id_] = fault
        elif id_.endswith(VISIBLE):
            exercise = id_.removesuffix(VISIBLE)
            source, fault = self.sources.get(exercise, ""), fault or self.faults.get(exercise)
            if fault:
                state = State(exercise, WRONG, fault)
            elif source.strip() and self.stopped:
                state = State(exercise, OPEN, NOT_TRIED)
            else:
                state = _tested(cell, exercise, source)
            self.states.append(replace(state, optional=exercise in self.optional))
        cell.metadata.nbgrader = from_dict({**about, **NOT_GRADED, "checksum": None})
        cell.metadata.nbgrader.pop("checksum")

    def show(self) -> None:
        """Write the list where nbgrader looks."""
        if self.place is None:
            return
        self.place.update(new_code_cell(f"# {self.lines[0]}", id=self.place.id))
        self.place.metadata = from_dict({"nbgrader": {**NOT_GRADED, **LIST, "schema_version": 3}})
        if not self.all_done:
            self.place.outputs = [
                new_output("error", ename="Open", evalue=self.lines[0], traceback=self.lines)
            ]


_progress: list[Progress] = []
"""The notebooks of this process, one for each validation; the last is being validated."""


def before_each_cell(cell: NotebookNode, cell_index: int) -> None:
    """Keep the list up to date: a hook before each cell of a notebook that is validated.

    On the command line, ``nbgrader validate`` prints the list itself before the last cell of the
    last notebook, and ends with exit code 1, unless everything is done.

    Parameters
    ----------
    cell : nbformat.NotebookNode
        The cell that is about to run.
    cell_index : int
        Its position; a notebook begins with 0.
    """
    if cell_index == 0:
        _outlive_the_kernel()
        _progress[:-100] = []
        _progress.append(Progress())
    progress = _progress[-1]
    if progress.last is not None:
        progress.take(progress.last)
    if cell.cell_type != "code":
        progress.take(cell)
    progress.show()
    if progress.place is None and cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
        progress.place = cell
    progress.last = cell
    if _is_end_of_the_command(cell_index) and not all(p.all_done for p in _progress):
        print("\n".join(progress.lines))  # noqa: T201  (the command's own output)
        raise SystemExit(1)


def seconds_for(cell: NotebookNode) -> int:
    """Tell how long a cell may run: a button that says nothing for long seems broken.

    Parameters
    ----------
    cell : nbformat.NotebookNode

    Returns
    -------
    int
        Seconds.
    """
    if _progress and _progress[-1].hangs:
        return SECONDS_AFTER_A_HANG
    return SECONDS_OF_AN_EXERCISE if "nbgrader" in cell.metadata else SECONDS


def _outlive_the_kernel() -> None:
    """Let nbgrader's execution end without an error when a cell kills its kernel or none ends.

    It has no hook for this: the error would end the validation, and its traceback be shown.
    """
    run = Execute.preprocess_cell
    if getattr(run, "outlives", False):
        return

    def preprocess_cell(
        self: Execute, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        if self.on_cell_start is not before_each_cell:  # no validation of this course
            return run(self, cell, resources, index)
        if index and _progress[-1].stopped:
            before_each_cell(cell, index)
            return cell, resources
        try:
            return run(self, cell, resources, index)
        except DeadKernelError:
            _progress[-1].end = cell
        except CellTimeoutError:  # no interrupt reaches it either
            cell.outputs = [new_output("error", **TIMEOUT)]
            _progress[-1].end = cell
        return cell, resources

    preprocess_cell.outlives = True
    Execute.preprocess_cell = preprocess_cell


def _is_end_of_the_command(cell_index: int) -> bool:
    """Tell whether this is the last cell of the last notebook of ``nbgrader validate``."""
    # Within a server, which is the one program of its process, nobody gave a command.
    program = Application.instance() if Application.initialized() else None
    if not isinstance(program, ValidateApp):
        return False
    # As nbgrader finds them, patterns included.
    names = program.extra_args
    files = [STARTED / path for n in names for path in glob(n, root_dir=STARTED)]  # noqa: PTH207
    if len(_progress) < len(files):
        return False
    return cell_index == len(nbformat.read(files[-1], as_version=4).cells) - 1


def _tested(cell: NotebookNode, exercise: str, source: str) -> State:
    printed = "".join(output.get("text", "") for output in cell.outputs)
    if f"{MARK} {exercise} " in printed:
        return State(exercise, BORROWED, "worth no points; write it yourself to earn them")
    if not source.strip():
        return State(exercise, OPEN, "not written yet")
    if _about(cell).get("checksum", "") not in {"", compute_checksum(cell)}:
        return State(exercise, WRONG, "its test was changed: get a fresh copy of that cell")
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if not errors:
        return State(exercise, DONE)
    name, text = errors[-1].ename, " ".join(errors[-1].evalue.split())
    text = text.removeprefix(f"{exercise}: ")  # the line begins with it
    if name == "NotImplementedError" or "not written yet" in text:
        own = CODE_STUB in source
        why = f"the line {CODE_STUB!r} is still there" if own else "it uses one that is not written"
        return State(exercise, OPEN, why)
    sentence = text if name in {"CheckFailed", "AssertionError"} else f"{name}: {text}"
    return State(exercise, WRONG, sentence[:LONGEST])


def _hung(cell: NotebookNode) -> bool:
    outputs = cell.get("outputs", ())
    return any(output.get("ename") == TIMEOUT["ename"] for output in outputs)


def _about(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader") or {}


def _untouched(cell: NotebookNode) -> bool:
    """Tell whether a cell is as the starter gave it, or empty."""
    stripped = cell.source.strip()
    return stripped in {"", ANSWER_STUB} or _about(cell).get("checksum") == compute_checksum(cell)
