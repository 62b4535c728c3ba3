"""A student's page: what it says, what it never shows, and how large it may grow."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course.grader.judging.grade import Graded
from course.grader.judging.verdict import BORROWED, NOT_WRITTEN, Part, Verdict
from course.grader.kernel.steps import StepResult
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import Cell, rebuild, solution_submission
from course.grader.pages.feedback_page import MAX_PAGE, Mark, Marks, line_to_look_at, page
from course.grader.pages.render import CUT, graded_notebook
from course.grader.pages.safe_markdown import formula_html, markdown_html
from tests.conftest import small_notebook
from tests.grader.pages.test_render import HOSTILE, LINK, SECRET, active_parts

RIGHT = Verdict("double", 2.0, 2.0, (Part("y", True),))
WRONG = Verdict("double", 0.0, 2.0, (Part("y", False, "3 of 6 values are not right"),))
FULL = Verdict("quadruple", 2.0, 2.0, (Part("y", True),))
HALF = Verdict("quadruple", 1.0, 2.0, (Part("y", True), Part("x", False, "it was changed")))
OPEN = Verdict("quadruple", 0.0, 2.0, cause=NOT_WRITTEN)
EXERCISE = """Some text before.

### Exercise · `double`: twice as much
**2 points**

Return $2x$."""
HINTS = "<details><summary>Hint 1 · a question</summary>\n\nWhat is $x + x$?\n</details>"
ANSWERS = {
    "double": "def double(x):\n    return 3 * x",
    "quadruple": "def quadruple(x):\n    return 4 * x",
    "why": "Because of $x^2$.",
}


@pytest.fixture
def lesson():
    """The small lesson with a statement and a hint for its first exercise."""
    notebook = small_notebook()
    notebook.cells.insert(2, new_markdown_cell(EXERCISE, id="statement"))
    notebook.cells.insert(4, new_markdown_cell(HINTS, id="hints"))
    return parse_lesson(notebook, "00_small", "small")


def written(**changes: str) -> bytes:
    """A submission: answers by id, and a student's own cells under any other name."""
    cells = []
    for key, source in (ANSWERS | changes).items():
        kind = "markdown" if key == "why" or key.startswith("text") else "code"
        id_ = {"id": key} if key in ANSWERS else {}
        cells.append({"cell_type": kind, "source": source, "metadata": {}, **id_})
    return json.dumps({"cells": cells}).encode()


def notebook_of(lesson, first=RIGHT, second=FULL, results=None, text=None):
    """A graded notebook with these verdicts."""
    submission = rebuild(lesson, None, text or written())
    ran = {cell.id: StepResult("ok") for cell in lesson.cells} | (results or {})
    return graded_notebook(lesson, submission, Graded({"double": first, "quadruple": second}, ran))


def shown(lesson, first=RIGHT, second=FULL, marks=None, **about) -> BeautifulSoup:
    """The page of a student with these verdicts."""
    html = page(notebook_of(lesson, first, second, **about), marks or Marks())
    return BeautifulSoup(html, "html.parser")


def section(soup: BeautifulSoup, id_: str) -> BeautifulSoup:
    """What stands under a heading."""
    return soup.find(id=id_).find_parent(["article", "section"])


def words(soup: BeautifulSoup) -> str:
    return " ".join(soup.get_text(" ").split())


class TestTheBeginning:
    def test_it_opens_with_points_and_what_to_do_next(self, lesson):
        first = words(section(shown(lesson, WRONG, HALF), "in-short"))
        assert "1 of 4 points" in first
        assert "double is the first to mend; look at “y”: 3 of 6 values are not right." in first
        assert "run its visible test and open its hints" in first
        assert "1 more exercise has points to earn" in first

    def test_what_is_written_comes_before_what_is_not(self, lesson):
        first = Verdict("double", 0.0, 2.0, cause=NOT_WRITTEN)
        assert "quadruple is the first to mend" in words(shown(lesson, first, HALF))

    def test_where_all_that_is_written_is_right_the_next_one_is_named(self, lesson):
        assert "quadruple is not written yet" in words(shown(lesson, RIGHT, OPEN))

    def test_what_is_borrowed_says_so_and_is_no_mistake(self, lesson):
        loan = Verdict("double", 0.0, 2.0, cause=BORROWED)
        soup = shown(lesson, loan)
        assert "double is borrowed. Write it yourself, and its points are yours." in words(soup)
        exercise = words(section(soup, "exercise-double"))
        assert BORROWED in exercise and "no other exercise loses any by it" in exercise
        assert "quadruple is the first to mend" in words(shown(lesson, loan, HALF))
        both = Verdict("quadruple", 0.0, 2.0, cause=BORROWED)
        assert "What you have written" not in words(shown(lesson, loan, both))

    def test_an_untouched_notebook_begins_at_the_first(self, lesson):
        first = Verdict("double", 0.0, 2.0, cause=NOT_WRITTEN)
        assert "double comes first. Nothing is written yet" in words(shown(lesson, first, OPEN))

    def test_what_cannot_be_read_is_said_once(self, lesson):
        verdicts = [Verdict(id_, 0.0, 2.0, cause="no notebook") for id_ in ("double", "quadruple")]
        soup = shown(lesson, *verdicts)
        assert "Nothing could be graded: no notebook." in words(section(soup, "in-short"))

    def test_a_right_notebook_leaves_nothing_to_do(self, lesson):
        marks = Marks(cells={"why": Mark(1.0, 1.0)})
        assert "nothing to mend" in words(shown(lesson, marks=marks))
        marks = Marks(cells={"why": Mark(0.5, 1.0)})
        assert "about your written answers" in words(shown(lesson, marks=marks))

    def test_the_mistake_is_named_before_the_numbers(self, lesson):
        soup = shown(lesson, replace(WRONG, misconception="It triples."))
        assert "double is the first to mend. It triples." in words(section(soup, "in-short"))
        assert "What happened: It triples." in words(section(soup, "exercise-double"))


class TestMarks:
    def test_what_nobody_has_graded_is_no_zero(self, lesson):
        soup = shown(lesson, marks=Marks(cells={"why": Mark(0.0, 1.0, waiting=True)}))
        assert "4 of 4 points so far" in words(section(soup, "in-short"))
        assert "1 more point is not graded yet (1 answer waits" in words(soup)
        assert "not graded yet" in words(section(soup, "question-why"))
        assert "0 of 1" not in words(soup)

    def test_the_gradebook_has_the_last_word(self, lesson):
        cells = {"double_hidden": Mark(1.5, 2.0, by_hand=True), "why": Mark(1.0, 1.0)}
        soup = shown(lesson, WRONG, marks=Marks(cells=cells, late_penalty=1.0))
        assert "3.5 of 5 points" in words(section(soup, "in-short"))
        assert "1 point is taken off" in words(soup)
        exercise = words(section(soup, "exercise-double"))
        assert "1.5 of 2 points" in exercise and "Your instructor gave these points" in exercise

    def test_a_score_of_an_earlier_answer_says_so(self, lesson):
        soup = shown(lesson, marks=Marks(cells={"why": Mark(1.0, 1.0, again=True)}))
        assert "from an earlier version" in words(section(soup, "question-why"))

    def test_the_whole_lesson_is_counted_where_it_has_more_notebooks(self, lesson):
        marks = Marks("ada", "00_small", "small", whole_lesson=Mark(7.0, 9.0))
        assert "All notebooks of 00_small: 7 of 9 points." in words(shown(lesson, marks=marks))

    def test_comments_stand_where_they_belong(self, lesson):
        marks = Marks(comments={"double": "See **me**.", "why": "Nearly $x$. <script>x</script>"})
        soup = shown(lesson, marks=marks)
        assert section(soup, "exercise-double").select_one(".comment strong").string == "me"
        comment = section(soup, "question-why").select_one(".comment")
        assert comment.find("math") and not soup.find("script")


class TestAnExercise:
    def test_it_shows_every_part_in_words(self, lesson):
        exercise = section(shown(lesson, second=HALF), "exercise-quadruple")
        lines = [words(line) for line in exercise.select(".parts li")]
        assert lines == ["✗ x is not right: it was changed", "✓ Right: y"]
        assert "partly right" in words(exercise) and "1 of 2 points" in words(exercise)

    def test_what_is_right_and_does_not_count_says_so(self, lesson):
        found = (
            Part("y", False, "3 of 6 values are not right"),
            Part("slope", True, needs=("y",)),
            Part("arguments unchanged", True),
        )
        nothing = section(shown(lesson, Verdict("double", 0.0, 2.0, found)), "exercise-double")
        assert "✓" not in words(nothing.select_one(".parts"))
        assert words(nothing.select(".parts li")[-1]) == (
            "– Right, but it counts only together with what is not: slope , arguments unchanged"
        )
        some = Verdict("double", 0.5, 2.0, (*found, Part("z", True)))
        lines = section(shown(lesson, some), "exercise-double").select(".parts li")
        assert words(lines[1]) == "✓ Right: arguments unchanged , z"
        assert words(lines[2]).endswith("with what is not: slope")

    def test_code_of_what_lost_points_is_open_and_of_what_is_right_folded(self, lesson):
        soup = shown(lesson, WRONG)
        wrong, right = (section(soup, f"exercise-{id_}") for id_ in ("double", "quadruple"))
        assert "return 3 * x" in words(wrong.select_one("details[open]"))
        assert right.select_one("details[open]") is None
        assert "return 4 * x" in words(right.select_one("details"))

    def test_the_line_that_a_verdict_names_is_marked_in_words(self, lesson):
        message = "the call failed with ValueError (line 2: return 3 * x) (in 2 of 2 checks)"
        soup = shown(lesson, Verdict("double", 0.0, 2.0, (Part("y", False, message),)))
        (line,) = soup.select(".code .look")
        assert words(line) == "return 3 * x ← look at this line"

    @pytest.mark.parametrize(
        ("cause", "line"),
        [
            ("the cell does not run: SyntaxError: invalid syntax, line 2: b = = 1", 2),
            ("KeyError (line 3: return b)", 3),
            ("KeyError (line 3: something of another cell)", 0),
            ("KeyError (line 99: return b)", 0),
            ("stopped after 10 s", 0),
        ],
    )
    def test_a_line_is_marked_only_where_it_is_the_one_quoted(self, cause, line):
        source = "def f():\n    b = = 1\n    return   b"
        assert line_to_look_at(source, Verdict("f", 0, 1, cause=cause)) == line

    def test_a_marked_line_is_shown_however_long_the_code_is(self, lesson):
        lines = [f"    x = x + {i}  # {'word ' * 8}" for i in range(500)]
        cause = f"KeyError (line 490: {lines[488].strip()})"
        text = written(double="\n".join(["def double(x):", *lines]))
        soup = shown(lesson, Verdict("double", 0, 2, cause=cause), text=text)
        assert "x + 488" in words(soup.select_one(".code .look"))
        assert CUT in words(section(soup, "exercise-double"))
        assert "line 481" in soup.select_one(".code")["style"], "lines keep their numbers"

    def test_statement_and_hints_come_with_what_lost_points(self, lesson):
        wrong = section(shown(lesson, WRONG), "exercise-double").select_one(".help")
        assert "Return" in words(wrong) and "Hint 1 · a question" in words(wrong)
        assert "Some text before" not in words(wrong)
        assert wrong.find("math") and "$" not in wrong.get_text()
        assert section(shown(lesson), "exercise-double").select_one(".help") is None

    def test_every_statement_of_the_course_is_found(self, repository):
        for assignment in repository.lesson_names:
            for each in repository.lessons(assignment):
                submission = solution_submission(each)
                verdicts = {i: Verdict(i, 0.0, e.points) for i, e in each.exercises.items()}
                html = page(graded_notebook(each, submission, Graded(verdicts, {})), Marks())
                assert html.count("<summary>The exercise<") == len(each.exercises), each.notebook
                assert html.count("<summary>The question<") == len(each.answers), each.notebook
                assert len(html.encode()) <= MAX_PAGE

    def test_the_title_is_the_statements(self, lesson):
        assert words(shown(lesson).find(id="exercise-double")) == "double twice as much"

    def test_what_is_not_written_shows_no_code(self, lesson):
        exercise = section(shown(lesson, second=OPEN), "exercise-quadruple")
        assert "not written yet" in words(exercise) and not exercise.find("pre")

    def test_what_a_cell_printed_is_shown_in_plain_text(self, lesson):
        outputs = [new_output("stream", name="stdout", text="\x1b[31mred<b>\n")]
        soup = shown(lesson, results={"double": StepResult("ok", outputs=outputs)})
        assert section(soup, "exercise-double").select("pre")[-1].get_text() == "red<b>"

    def test_an_earlier_graders_notebook_shows_points_without_reasons(self, lesson):
        notebook = notebook_of(lesson, WRONG)
        for cell in notebook.cells:
            cell.metadata.pop("course_verdict", None)
        html = page(notebook, Marks(cells={"double_hidden": Mark(1.0, 2.0)}))
        exercise = words(section(BeautifulSoup(html, "html.parser"), "exercise-double"))
        assert "1 of 2 points" in exercise and "values are not right" not in exercise


class TestWrittenAnswers:
    def test_the_answer_is_shown_with_its_formula(self, lesson):
        question = section(shown(lesson), "question-why")
        assert "Because of" in words(question) and question.find("math")

    def test_an_answer_that_is_as_the_starter_has_it_is_none(self, lesson):
        marks = Marks(cells={"why": Mark(0.0, 1.0)})
        soup = shown(lesson, text=written(why="YOUR ANSWER HERE"), marks=marks)
        question = words(section(soup, "question-why"))
        assert "not written yet" in question and "YOUR ANSWER" not in question

    def test_a_students_own_cells_are_at_the_end(self, lesson):
        text = written(own="helper = 1", text_more="More of my *answer*.")
        own = section(shown(lesson, text=text), "own")
        assert "2 cells that you added" in words(own)
        assert "helper = 1" in words(own) and own.find("em").string == "answer"


class TestSafety:
    def test_no_hidden_test_is_on_a_page(self, lesson):
        notebook = notebook_of(lesson, WRONG, HALF)
        assert "case.call" in "".join(cell.source for cell in notebook.cells)
        html = page(notebook, Marks())
        assert "HIDDEN TESTS" not in html and "case.call" not in html and "emission" not in html

    def test_messages_that_quote_a_hidden_test_are_withheld(self, lesson):
        message = f"the call failed with ValueError: {SECRET}"
        first = Verdict("double", 0, 2, (Part("y", False, message),))
        html = str(shown(lesson, first, Verdict("quadruple", 0, 2, cause=f"E: {SECRET}")))
        assert "case.normal" not in html and html.count("withheld") >= 2

    def test_what_a_knowing_kernel_shows_is_for_the_instructor_alone(self, lesson):
        outputs = [new_output("stream", name="stdout", text="c2VjcmV0")]
        knowing = {"quadruple": StepResult("ok", outputs=outputs, knowing=True)}
        soup = shown(lesson, results=knowing | {"double": StepResult("ok", outputs=outputs)})
        assert "c2VjcmV0" in str(section(soup, "exercise-double"))
        assert "c2VjcmV0" not in str(section(soup, "exercise-quadruple"))
        failed = StepResult("error", outputs=outputs, knowing=True, cause="KeyError")
        soup = shown(lesson, results={"double": failed})
        assert "KeyError" in words(section(soup, "exercise-double")) and "c2VjcmV0" not in str(soup)

    def test_flags_and_notes_are_the_instructors(self, lesson):
        notebook = notebook_of(lesson, replace(WRONG, flags=("uses torch.nn.RNN",)))
        notebook.metadata["course_notes"] = ["found elsewhere"]
        html = page(notebook, Marks())
        assert "torch.nn.RNN" not in html and "found elsewhere" not in html

    def test_nothing_of_a_students_runs_or_is_fetched(self, lesson):
        hostile = f"{HOSTILE}\n\n{LINK} [y](//evil) ![z](https://evil/p.png) <style>*{{}}</style>"
        text = written(
            double=f"def double(x):\n    '''{HOSTILE}'''</code></pre>",
            quadruple=f"# {HOSTILE}",
            why=f"{hostile} $\\text{{<img src=x>}}$ $\\href{{javascript:evil()}}{{x}}$",
            own=f"# {HOSTILE}",
            text_own=hostile,
        )
        outputs = [new_output("stream", name="stdout", text=HOSTILE)]
        outputs += [new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[HOSTILE])]
        first = Verdict("double", 0, 2, (Part(HOSTILE, False, HOSTILE),), misconception=HOSTILE)
        marks = Marks(HOSTILE, HOSTILE, HOSTILE, comments={"why": hostile, "double": hostile})
        results = {"double": StepResult("ok", outputs=outputs)}
        second = Verdict("quadruple", 0, 2, cause=HOSTILE)
        soup = shown(lesson, first, second, marks, text=text, results=results)
        assert "evil()" in soup.get_text()
        assert active_parts(soup) == []
        assert len(soup.find_all("style")) == 1
        policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
        assert policy.startswith("default-src 'none'")

    @pytest.mark.parametrize(
        "source",
        [
            "<a title='x' onclick=evil() href='javascript:evil()'>x</a>",
            "[x](JaVaScRiPt:evil()) <https://a.b/><javascript:evil()>",
            "<math><mtext><style><img src=x onerror=evil()></style></mtext></math>",
            "<details open ontoggle=evil()>x</details>",
            "<p style='background: url(//evil)' class=evil id=evil>x</p>",
            r"$\color{url(//evil)}x$ $\begin{array}{<b>}x\end{array}$",
            r"$\href{javascript:evil()}{x}$ $\class{evil}{x}$ $\text{<script>evil()</script>}$",
        ],
    )
    def test_markdown_of_anybody_runs_nothing(self, source):
        soup = BeautifulSoup(markdown_html(source), "html.parser")
        assert active_parts(soup) == []
        assert {tag.name for tag in soup.find_all(True)}.isdisjoint({"style", "script", "img"})
        assert "evil" not in str([tag.attrs for tag in soup.find_all(True)])


class TestFormulas:
    def test_every_formula_of_the_course_becomes_mathml(self, repository):
        seen = 0
        for path in sorted(repository.source.glob("*/*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                text = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
                if cell.cell_type != "markdown":
                    continue
                for tex in re.findall(r"(?<![$\\])\$\$?([^$]+?)\$\$?", text):
                    seen += 1
                    assert "<math" in formula_html(tex, display=False), (path.name, tex)
        assert seen > 300

    @pytest.mark.parametrize("tex", [r"\frac{a", r"\nosuchthing{x}", "{" * 500, "x" * 5_000])
    def test_what_is_no_formula_is_shown_as_it_is_written(self, tex):
        assert formula_html(tex, display=True) == f"<code>{tex}</code>"

    def test_macros_cannot_make_a_page_grow(self):
        tex = r"\newcommand{\a}{" + "x" * 99 + "}" + r"\a" * 400
        assert len(formula_html(tex, display=True)) < 2_000

    def test_headings_links_and_pictures_do_not_disturb_a_page(self):
        html = markdown_html("# Big\n\n[here](other.ipynb) [web](https://a.b) ![cat](c.png)")
        soup = BeautifulSoup(html, "html.parser")
        assert not soup.find(["h1", "h2", "img"])
        assert [a["href"] for a in soup.find_all("a")] == ["https://a.b"]
        assert words(soup) == "Big here web cat"


BULK = {
    "one source": lambda: [("code", "x = 1\n" * 2_500_000, [])],
    "many sources": lambda: [("code", f"# {'word ' * 30_000}", []) for _ in range(100)],
    "many small cells": lambda: [("code", "1", []) for _ in range(3_000)],
    "Markdown": lambda: [("markdown", "|a" * 90_000 + "\n" + "|-" * 90_000, []) for _ in range(80)],
    "brackets": lambda: [("markdown", "[" * 190_000, []) for _ in range(80)],
    "text": lambda: [
        ("code", "1", [new_output("stream", name="stdout", text="\x1b[31mx\n" * 40_000)])
        for _ in range(80)
    ],
    "many outputs": lambda: [
        ("code", "1", [new_output("display_data", {"text/html": "<b>x</b>"})] * 3_000)
        for _ in range(20)
    ],
    "tracebacks": lambda: [
        ("code", "1", [new_output("error", ename="E", evalue="", traceback=["y" * 3_000] * 60)])
        for _ in range(80)
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("bulk", BULK.values(), ids=BULK)
def test_a_page_is_bounded_in_size(small_lesson, bulk):
    submission = solution_submission(small_lesson)
    graded = Graded({"double": RIGHT, "quadruple": FULL}, {})
    for i, (kind, source, outputs) in enumerate(bulk()):
        node = new_code_cell("") if kind == "code" else new_markdown_cell("")
        node.id = f"extra-{i}"
        submission.cells.append(Cell(node.id, "extra", None, source, node, True))
        graded.results[node.id] = StepResult("ok", outputs=outputs)
    notebook = graded_notebook(small_lesson, submission, graded)
    assert len(nbformat.writes(notebook)) < 5 * 2**20
    assert len(page(notebook, Marks()).encode()) <= MAX_PAGE


FILL = {
    "quotes": "'" * 30_000,
    "lines": "x\n" * 15_000,
    "wide letters": "字" * 30_000,
    "formulas": "$x$ " * 2_000,
    "tables": "|a" * 2_000 + "\n" + "|-" * 2_000,
}


@pytest.mark.parametrize("text", FILL.values(), ids=FILL)
def test_what_is_too_long_is_cut_and_says_so(lesson, text):
    filled = written(double=text, quadruple=text, why=text)
    outputs = [new_output("stream", name="stdout", text=text)]
    first = Verdict("double", 0, 2, tuple(Part(f"p{i}", False, text) for i in range(99)))
    marks = Marks(comments={"why": text, "double": text})
    results = {"double": StepResult("ok", outputs=outputs)}
    html = page(notebook_of(lesson, first, HALF, results, filled), marks)
    assert len(html.encode()) <= MAX_PAGE
    assert CUT in html
