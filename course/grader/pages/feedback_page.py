"""A student's page: points, what to do next, and for each exercise what was right and what not.

It is made from a graded notebook and the marks that the gradebook has for it. Of the notebook it
shows a student's own text, the course's statements and hints, and verdicts; never a test's source.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from nbformat import NotebookNode

from course.grader.judging.verdict import BORROWED, NOT_WRITTEN, Part, Verdict, counted
from course.grader.notebooks.lesson import HIDDEN_SUFFIX, is_optional
from course.grader.notebooks.rebuild import EXTRA, STUBS
from course.grader.pages.render import AFTER_TEST, CUT, MISTAKE, verdict_in
from course.grader.pages.safe_markdown import markdown_html

MAX_PAGE = 100_000
"""Bytes of a page."""
ROOM_FOR_CODE, ROOM_FOR_TEXT, ROOM_FOR_HELP = 36_000, 18_000, 34_000
"""Bytes of a page for a student's code, for written answers, for statements and hints."""
LONGEST_ANSWER = 6_000
"""Characters of Markdown that are rendered; the time for it grows with their square."""
LONGEST_MESSAGE = 500
LONGEST_OUTPUT = 1_500
MOST_PARTS = 20
MOST_OWN_CELLS = 20
LINES_BEFORE = 8
"""Lines that are shown before the one to look at, where the code is too long to show all."""


@dataclass(frozen=True)
class Mark:
    """What the gradebook has for one graded cell.

    Attributes
    ----------
    points, maximum : float
    waiting : bool
        Nobody has graded it yet.
    again : bool
        It was graded by hand, and the answer has changed since.
    by_hand : bool
        Somebody gave the points, not the grader.
    """

    points: float
    maximum: float
    waiting: bool = False
    again: bool = False
    by_hand: bool = False


@dataclass(frozen=True)
class Marks:
    """What the gradebook has for one notebook of a student's.

    Attributes
    ----------
    student, lesson, notebook : str
    cells : mapping of str to Mark
        By ``grade_id`` of the graded cell.
    comments : mapping of str to str
        An instructor's (or, on a written answer, the grader's) words, by ``grade_id``.
    late_penalty : float
    whole_lesson : Mark or None
        All notebooks of the lesson together; ``None`` where there is one.
    """

    student: str = ""
    lesson: str = ""
    notebook: str = ""
    cells: Mapping[str, Mark] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    late_penalty: float = 0.0
    whole_lesson: Mark | None = None


@dataclass
class Exercise:
    """An exercise of the notebook, or a written question (without a verdict)."""

    id: str
    title: str
    statement: str
    source: str
    mark: Mark
    verdict: Verdict | None = None
    hints: str = ""
    mistake: str = ""
    comment: str = ""
    output: str = ""

    @property
    def full(self) -> bool:
        """True when there is nothing to mend."""
        return not self.mark.waiting and self.mark.points >= self.mark.maximum

    @property
    def unwritten(self) -> bool:
        """True when the cell is as the starter has it."""
        if self.verdict is None:
            return not self.source.strip() or self.source.strip() == STUBS[1]
        return self.verdict.cause == NOT_WRITTEN

    @property
    def borrowed(self) -> bool:
        """True when the lesson's version was borrowed."""
        return self.verdict is not None and self.verdict.cause == BORROWED

    @property
    def status(self) -> str:
        """The verdict in one or two words."""
        if self.mark.waiting:
            return "not graded yet"
        if self.full:
            return "right" if self.verdict else "full points"
        if self.unwritten or self.borrowed:
            return BORROWED if self.borrowed else NOT_WRITTEN
        if self.verdict is None:
            return ""
        return "partly right" if self.mark.points else "not right"

    @property
    def look(self) -> str:
        """The status's symbol and colour, for the style."""
        if self.mark.waiting:
            return "open"
        if self.borrowed and not self.mark.points:
            return "open borrowed"
        return "right" if self.full else "part" if self.mark.points else "wrong"

    @property
    def reason(self) -> str:
        """What went wrong first, as the end of a sentence; empty when the verdict does not tell."""
        if self.mistake:
            return f". {self.mistake}"
        if self.verdict and self.verdict.cause:
            return f": {self.verdict.cause}"
        return f"; look at “{self.wrong[0].label}”: {self.wrong[0].message}" if self.wrong else ""

    @property
    def wrong(self) -> list[Part]:
        """The parts of the verdict that are not right."""
        return [p for p in self.verdict.parts if not p.right][:MOST_PARTS] if self.verdict else []

    @property
    def right(self) -> list[str]:
        """The names of the parts that are right and count."""
        parts = self.verdict.parts if self.verdict else ()
        return [part.label for part in counted(parts)][:MOST_PARTS]

    @property
    def beside(self) -> list[str]:
        """The names of the parts that are right, but count beside others that are not."""
        parts = self.verdict.parts if self.verdict else ()
        labels = {part.label for part in counted(parts)}
        return [p.label for p in parts if p.right and p.label not in labels][:MOST_PARTS]


def page(notebook: NotebookNode, marks: Marks) -> str:
    """Build a student's page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        A graded notebook.
    marks : Marks
        What the gradebook has for it; a cell that it lacks has the verdict's points.

    Returns
    -------
    str
        HTML of at most 100 KB: text that is too long is cut, and says so.
    """
    exercises, questions, own = _read(notebook, marks)
    for scale in (1.0, 0.5, 0.2, 0.0):
        html = _rendered(notebook, marks, exercises, questions, own, scale)
        if len(html.encode()) <= MAX_PAGE:
            break
    return html


def what_next(exercises: list[Exercise], questions: list[Exercise]) -> list[tuple[str, str]]:
    """Say what to do next.

    Returns
    -------
    list of (str, str)
        Sentences, each with the id of the exercise that it begins with, or nothing.
    """
    lost = [exercise for exercise in exercises if not exercise.full and not exercise.mark.waiting]
    causes = {exercise.verdict.cause for exercise in exercises if exercise.verdict}
    if len(exercises) > 1 and len(causes) == 1 and (causes - {"", NOT_WRITTEN, BORROWED}):
        told = f"Nothing could be graded: {causes.pop()}."
        return [("", f"{told} Hand the file in again, as your instructor asks.")]
    begun = [e for e in lost if not e.unwritten and not e.borrowed]
    if lost and not begun and len(lost) == len(exercises) and not any(e.borrowed for e in lost):
        return [
            (lost[0].id, "comes first. Nothing is written yet: every exercise has three hints.")
        ]
    if begun:
        first = begun[0]
        help_ = "run its visible test"
        if first.hints:
            help_ += " and open its hints"
        more = len(lost) - 1
        others = "1 more exercise has" if more == 1 else f"{more} more exercises have"
        then = f" After it, {others} points to earn." if more else ""
        return [
            (first.id, _sentence(f"is the first to mend{first.reason}")),
            ("", f"In your notebook, {help_}.{then}"),
        ]
    if lost and lost[0].borrowed:
        rest = [e for e in exercises if not e.unwritten and not e.borrowed]
        right = " What you have written is all right." if rest else ""
        return [(lost[0].id, f"is borrowed. Write it yourself, and its points are yours.{right}")]
    if lost:
        hints = ": its first hint is a question" if lost[0].hints else ""
        return [(lost[0].id, f"is not written yet{hints}. What you have written is all right.")]
    if any(not question.full and not question.mark.waiting for question in questions):
        return [("", "Every exercise is right. Read what is said about your written answers.")]
    return [("", "Every exercise is right: there is nothing to mend.")]


def line_to_look_at(source: str, verdict: Verdict | None) -> int:
    """Find the line of a student's cell that a verdict names and quotes.

    Returns
    -------
    int
        Counted from 1; 0 when the verdict names none, or one of another cell.
    """
    lines = source.splitlines()
    messages = (
        [verdict.cause, *(p.message for p in verdict.parts if not p.right)] if verdict else []
    )
    for message in messages:
        for found in re.finditer(r"\bline (\d{1,5}): (.{3,})", message):
            number = int(found[1])
            line = " ".join(lines[number - 1].split()) if 0 < number <= len(lines) else ""
            if line and " ".join(found[2].split()).startswith(line[:40]):
                return number
    return 0


def _sentence(text: str) -> str:
    text = _short(text.strip(), LONGEST_MESSAGE)
    return text if not text or text[-1] in ".!?…" else f"{text}."


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _read(
    notebook: NotebookNode, marks: Marks
) -> tuple[list[Exercise], list[Exercise], list[NotebookNode]]:
    """Find the exercises, the written questions and a student's own cells.

    What is optional is left out: it is not judged, and there are no points to be lost.
    """
    exercises: dict[str, Exercise] = {}
    questions, own = [], []
    course_text, last = "", None
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader") or {}
        id_ = str(grader.get("grade_id", ""))
        if str(cell.get("id", "")).startswith(EXTRA):
            own += [cell] if cell.source.strip() else []
        elif is_optional(cell):
            course_text, last = "", None
        elif grader.get("solution"):
            title, statement = _statement(course_text, id_)
            course_text = ""
            points = float(grader.get("points") or 0)
            mark = marks.cells.get(id_, Mark(0.0, points, waiting=True))
            last = Exercise(id_, title, statement, cell.source, mark)
            last.comment = marks.comments.get(id_, "")
            if grader.get("grade"):
                questions.append(last)
                continue
            last.mistake = str(cell.metadata.get(MISTAKE, ""))
            last.output = _output(cell)
            exercises[id_] = last
        elif grader.get("grade") and id_.removesuffix(HIDDEN_SUFFIX) in exercises:
            exercise = exercises[id_.removesuffix(HIDDEN_SUFFIX)]
            exercise.verdict = verdict_in(cell)
            earned = exercise.verdict.points if exercise.verdict else 0.0
            mark = Mark(earned, float(grader.get("points") or 0))
            exercise.mark = marks.cells.get(id_, mark)
            last = None
        elif cell.cell_type == "markdown":
            course_text = f"{course_text}\n\n{cell.source}"
            if last is not None and last.id in exercises and "<details>" in cell.source:
                last.hints = cell.source
    return list(exercises.values()), questions, own


def _statement(text: str, id_: str) -> tuple[str, str]:
    """The title and the statement of an exercise or a question, from the course's text above it.

    The heading names the exercise; a question's may say no more than that it is one.
    """
    named = rf"^#+ [^\n]*`{re.escape(id_)}`:?[ \t]*([^\n]*)\n(.*)"
    question = r".*^#+ [^\n]*\b[Qq]uestion\b[ \t·:]*([^\n]*)\n(.*)"
    for pattern in (named, question):
        if found := re.search(pattern, text, re.MULTILINE | re.DOTALL):
            return found[1].strip(), found[2].strip()
    return "", ""


def _output(cell: NotebookNode) -> str:
    """What a student's cell printed; what it did after a hidden test is the instructor's to see."""
    if AFTER_TEST in cell.metadata:
        return str(cell.metadata[AFTER_TEST])
    texts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            texts.append(output.text)
        elif output.output_type == "error":
            texts.append(f"{output.ename}: {output.evalue}\n")
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", "".join(texts)).strip()
    return text if len(text) <= LONGEST_OUTPUT else f"{text[:LONGEST_OUTPUT]}\n{CUT}"


def _rendered(
    notebook: NotebookNode,
    marks: Marks,
    exercises: list[Exercise],
    questions: list[Exercise],
    own: list[NotebookNode],
    scale: float,
) -> str:
    """Render the page with so much of the room for a student's text and the course's help."""
    own_code = [cell.source for cell in own[:MOST_OWN_CELLS] if cell.cell_type == "code"]
    own_text = [cell.source for cell in own[:MOST_OWN_CELLS] if cell.cell_type == "markdown"]
    code_room = int(scale * ROOM_FOR_CODE)
    if sum(map(_size, sources := [e.source for e in exercises] + own_code)) > code_room:
        code_room //= max(1, len(sources))
    text_room = int(scale * ROOM_FOR_TEXT / max(1, len(questions) + len(own_text)))
    waiting = [item.mark.maximum for item in (*exercises, *questions) if item.mark.waiting]
    counted = [item.mark for item in (*exercises, *questions) if not item.mark.waiting]
    help_ = _help([e for e in exercises if not e.full], questions, int(scale * ROOM_FOR_HELP))
    return _template().render(
        title=_title(notebook) or marks.notebook,
        longest=int(LONGEST_MESSAGE * max(scale, 0.2)),
        marks=marks,
        earned=max(0.0, sum(mark.points for mark in counted) - marks.late_penalty),
        possible=sum(mark.maximum for mark in counted),
        waiting=waiting,
        next=what_next(exercises, questions),
        exercises=exercises,
        questions=questions,
        code={
            e.id: _code(e.source, code_room, line_to_look_at(e.source, e.verdict))
            for e in exercises
        },
        text={q.id: _fitted(q.source, text_room) for q in questions if not q.unwritten},
        comments={
            item.id: _fitted(item.comment, max(2_000, text_room))
            for item in (*exercises, *questions)
            if item.comment
        },
        help=help_,
        own_code=[_code(source, code_room) for source in own_code],
        own_text=[_fitted(source, text_room) for source in own_text],
        own_more=max(0, len(own) - MOST_OWN_CELLS),
    )


def _help(lost: list[Exercise], questions: list[Exercise], room: int) -> dict[str, dict[str, str]]:
    """Statements of questions and of what lost points, then hints, while there is room."""
    wanted: list[tuple[str, str, str]] = [
        *(("statement", item.id, item.statement) for item in (*questions, *lost)),
        *(("hints", exercise.id, exercise.hints) for exercise in lost),
    ]
    found: dict[str, dict[str, str]] = {"statement": {}, "hints": {}}
    for kind, id_, source in wanted:
        html = _course_html(source) if source else ""
        if html and len(html.encode()) <= room:
            room -= len(html.encode())
            found[kind][id_] = Markup(html)
    return found


@functools.lru_cache(maxsize=256)
def _course_html(source: str) -> str:
    """Render a text of the course's, which is the same for the whole class."""
    return markdown_html(source)


def _title(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or str(cell.get("id", "")).startswith(EXTRA):
            continue
        if found := re.search(r"^# (.+)$", cell.source, re.MULTILINE):
            return found[1].strip()
    return ""


def _fitted(source: str, room: int) -> Markup:
    """Render Markdown, or as much of its beginning as there is room for."""
    shown = source[: min(room, LONGEST_ANSWER)]
    html = markdown_html(shown)
    while len(html.encode()) > room and shown:
        shown = shown[: len(shown) // 2]
        html = markdown_html(shown)
    mark = "" if shown == source else f"<p><em>{escape(CUT)}</em></p>"
    return Markup(html + mark)


def _code(source: str, room: int, look: int = 0) -> dict[str, Any]:
    """Lines of code that there is room for, around the one to look at where not all of them fit.

    Returns
    -------
    dict
        ``lines`` (text and whether to look at it), ``first`` (their number), ``cut``.
    """
    lines = source.splitlines()
    first = 0 if _size(source) <= room else max(0, look - 1 - LINES_BEFORE)
    shown: list[tuple[str, bool]] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        room -= _size(line)
        if room < 0:
            break
        shown.append((line, number == look))
    return {"lines": shown, "first": first + 1, "cut": len(shown) < len(lines)}


def _size(source: str) -> int:
    """Bytes of some lines of code on the page."""
    return len(str(escape(source)).encode()) + 24 * (1 + source.count("\n"))


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["points"] = lambda value: f"{round(value, 2):g}"
    environment.filters["short"] = _short
    environment.globals["CUT"] = CUT
    return environment.get_template("feedback.html")
