"""The course's own page: whole, without a network, and without anything that is a student's to find."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output

from course.grader.__main__ import main
from course.grader.authoring import site
from course.grader.authoring.leaks import leaks, plain, secrets_of, solution_of
from course.grader.authoring.site import RECORD, build_site
from course.grader.authoring.site_pages import GUIDES, relinked, with_outputs
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.notebooks.lesson import parse_lesson, read_lesson
from tests.conftest import ROOT, SOURCES, small_notebook

ELSEWHERE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that load what they name, and where they name it; other links wait for a reader."""


class Page(HTMLParser):
    """Where a page leads, what it loads, which anchors it has, and its pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors, self.links, self.loaded, self.pictures = set(), [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.anchors.add(found["id"])
        for name in ("href", "src"):
            if found.get(name):
                self.links.append(found[name])
        if LOADED.get(tag) in found:
            self.loaded.append(found[LOADED[tag]])
        if tag == "img":
            self.pictures.append(found)


def pages_of(built: Path) -> dict[str, Page]:
    return {p.relative_to(built).as_posix(): Page(p) for p in sorted(built.rglob("*.html"))}


def dead_links(built: Path) -> list[str]:
    """Links within a folder that lead to no file, or to no place in it."""
    pages, dead = pages_of(built), []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = (built / name).parent / unquote(parts.path) if parts.path else built / name
            there = pages.get(path.resolve().relative_to(built.resolve()).as_posix())
            if not path.is_file() or (
                there and parts.fragment and unquote(parts.fragment) not in there.anchors
            ):
                dead.append(f"{name}: {link}")
    return dead


@pytest.fixture(scope="module")
def lessons():
    return [read_lesson(path) for path in SOURCES]


@pytest.mark.slow
@pytest.mark.xdist_group("site")
class TestTheWholeSite:
    def test_it_has_every_lesson_every_guide_and_the_tour(self, course_site, lessons):
        names = {f"lessons/{lesson.assignment}/{lesson.notebook}.html" for lesson in lessons}
        names |= {f"guides/{name}.html" for name in GUIDES} | {"index.html", "tour.html"}
        assert names | {"search.html", "genindex.html"} == set(pages_of(course_site))
        for lesson in lessons:
            page = course_site / "lessons" / lesson.assignment / f"{lesson.notebook}.html"
            assert plain(lesson.title) in plain(page.read_text())

    def test_nothing_of_solutions_hidden_tests_and_model_answers_is_in_it(
        self, course_site, lessons
    ):
        secrets = secrets_of(CourseFolder(ROOT), lessons)
        assert len(secrets) > 2000
        kinds = {where.partition(": ")[2] for where in secrets.values()}
        assert {"hidden test", *lessons[0].exercises, *lessons[0].answers} <= kinds
        assert list(leaks(course_site, secrets)) == []

    def test_how_hidden_tests_score_is_not_in_it(self, course_site):
        text = "\n".join(plain(path.read_text()) for path in course_site.rglob("*.html"))
        assert not [p for p in course_site.rglob("*") if p.stem in {"points", "threat_model"}]
        for name in ("points", "threat_model"):
            paragraphs = (ROOT / "course" / "guides" / f"{name}.md").read_text().split("\n\n")
            assert paragraphs[1].splitlines()[0] not in text, name

    def test_no_source_of_a_page_is_in_it_but_the_starters(self, course_site, lessons):
        assert not list(course_site.rglob("_sources"))
        loads = {path.name: path for path in course_site.rglob("*.ipynb")}
        assert loads.keys() == {f"{lesson.notebook}.ipynb" for lesson in lessons}
        for lesson in lessons:
            starter = ROOT / "release" / lesson.assignment / f"{lesson.notebook}.ipynb"
            assert loads[starter.name].read_bytes() == starter.read_bytes()

    def test_every_link_within_it_leads_somewhere(self, course_site):
        assert dead_links(course_site) == []

    def test_pages_load_nothing_from_elsewhere(self, course_site):
        for name, page in pages_of(course_site).items():
            assert len(page.loaded) > 3
            assert not [where for where in page.loaded if ELSEWHERE.match(where)], name
        for path in course_site.rglob("*.css"):
            named = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)", path.read_text())
            assert not [where for where in named if ELSEWHERE.match(where)], path.name

    def test_mathematics_is_for_the_library_that_lies_beside_it(self, course_site):
        page = pages_of(course_site)["lessons/01_rnn/vanilla_rnn.html"]
        (script,) = [where for where in page.loaded if "mathjax" in where]
        assert script.startswith("../../_static/mathjax/")
        fonts = list((course_site / "_static" / "mathjax").rglob("*.woff"))
        assert len(fonts) > 10

    def test_figures_are_those_of_the_executed_solutions_and_described(self, course_site, lessons):
        pages, some = pages_of(course_site), 0
        for lesson in lessons:
            shown = {c.node.id for c in lesson.cells if c.role in {"reading", "demo"}}
            pictures = sum(
                "image/png" in output.get("data", {})
                for cell in solution_of(CourseFolder(ROOT), lesson).cells
                for output in cell.get("outputs", [])
                if cell.id in shown
            )
            found = pages[f"lessons/{lesson.assignment}/{lesson.notebook}.html"].pictures
            assert len(found) == pictures, lesson.notebook
            assert all(picture.get("alt", "").startswith("Figure of") for picture in found)
            some += pictures
        assert some > 100

    def test_no_picture_is_without_a_text_and_no_page_has_one_text_twice(self, course_site):
        for name, page in pages_of(course_site).items():
            texts = [picture.get("alt", "") for picture in page.pictures]
            assert all(len(text) >= 20 for text in texts), name
            assert len(texts) == len(set(texts)), name

    def test_texts_say_what_the_notebooks_say_of_their_pictures(self, course_site):
        pages = pages_of(course_site)
        texts = [p["alt"] for p in pages["lessons/01_rnn/vanilla_rnn.html"].pictures]
        assert any("The dashed line marks 10^-6" in text for text in texts)
        assert any("Gradient norm" in p["alt"] for p in pages["tour.html"].pictures)

    def test_the_landing_page_says_what_for_whom_and_how_to_begin(self, course_site, lessons):
        page = course_site / "index.html"
        text = plain(page.read_text())
        for words in ("For whom.", "make demo", "make test", "Start here:"):
            assert words in text
        for lesson in lessons:
            assert f"lessons/{lesson.assignment}/{lesson.notebook}.html" in Page(page).links


class TestLeaks:
    def test_a_solution_is_found_in_pages_and_notebooks_and_scripts(self, tmp_path, lessons):
        secrets = secrets_of(CourseFolder(ROOT), lessons[:1])
        line = next(line for line, where in secrets.items() if where.endswith("rnn_step"))
        escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace("@", "<span>@</span>")
        (tmp_path / "page.html").write_text(f"<pre>{escaped}</pre>")
        (tmp_path / "index.js").write_text(f"x = '{line}'")
        whole = solution_of(CourseFolder(ROOT), lessons[0])
        nbformat.write(whole, tmp_path / "solution.ipynb")
        said = list(leaks(tmp_path, secrets))
        for name in ("page.html", "index.js", "solution.ipynb"):
            assert f"{name} shows a line of 01_rnn/vanilla_rnn: rnn_step" in said

    def test_what_a_starter_shows_is_no_secret(self, lessons):
        secrets = secrets_of(CourseFolder(ROOT), lessons)
        for lesson in lessons:
            text = "\n".join(cell.source for cell in CourseFolder(ROOT).starter(lesson).cells)
            assert not [line for line in secrets if line in text]

    def test_a_missing_solution_is_named(self, small_course):
        with pytest.raises(FolderError, match="make solution LESSON=00_small"):
            secrets_of(small_course, small_course.lessons("00_small"))


class TestOutputs:
    @pytest.fixture
    def trio(self):
        source = small_notebook()
        source.cells[1].source = "print(1)"
        source.cells += [
            new_code_cell("mine = None", id="guess", metadata={"tags": ["demo", "guess"]}),
            new_code_cell("print(3)", id="answer"),
            new_code_cell("compare_guess(mine, 3)", id="compare"),
            new_code_cell("print(4)", id="after"),
        ]
        starter = nbformat.from_dict(source)
        solution = nbformat.from_dict(nbformat.reads(nbformat.writes(source), as_version=4))
        for cell in solution.cells:
            if cell.cell_type == "code":
                cell.outputs = [new_output("stream", text=f"of {cell.id}\n")]
        return parse_lesson(source, "00_small", "small"), starter, solution

    @staticmethod
    def outputs(notebook):
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return {cell.id: [output.text for output in cell.outputs] for cell in cells}

    def test_only_cells_for_reading_show_theirs(self, trio):
        shown = self.outputs(with_outputs(*trio))
        reading = {"imports", "guess", "answer", "compare", "after"}
        assert {id_ for id_, texts in shown.items() if texts} == reading
        assert shown["imports"] == ["of imports\n"]

    def test_a_cell_that_the_solution_fills_in_shows_nothing(self, trio):
        trio[2].cells[1].source = "print(1)  # and more"
        assert self.outputs(with_outputs(*trio))["imports"] == []

    def test_what_is_to_be_guessed_first_is_folded_away(self, trio):
        folded = {c.id for c in with_outputs(*trio).cells if "tags" in c.metadata}
        assert folded == {"guess", "answer", "compare"}

    def test_sliders_of_a_kernel_that_is_gone_are_left_out(self, trio):
        view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
        trio[2].cells[1].outputs.append(new_output("display_data", data=view))
        assert len(with_outputs(*trio).cells[1].outputs) == 1

    def test_products_of_another_source_are_refused(self, trio):
        del trio[2].cells[-1]
        with pytest.raises(FolderError, match="make release solution LESSON=00_small"):
            with_outputs(*trio)


class TestLinks:
    PLACES = {
        "README.md": "index.md",
        "course/guides/attention.md": "guides/attention.md",
        "release/01_rnn/vanilla_rnn.ipynb": "lessons/01_rnn/vanilla_rnn.ipynb",
        "course/guides/tour.png": "guides/tour.png",
        "course/demo.ipynb": "tour.ipynb",
    }

    @pytest.mark.parametrize(
        ("place", "text", "led"),
        [
            ("README.md", "[a](release/01_rnn/vanilla_rnn.ipynb)", "[a](lessons/01_rnn/vanilla_rnn.ipynb)"),
            ("README.md", "[![p](course/guides/tour.png)](course/demo.ipynb)", "[![p](guides/tour.png)](tour.ipynb)"),
            ("README.md", "[a](course/guides/attention.md#x-y)", "[a](guides/attention.md#x-y)"),
            ("course/guides/attention.md", "[a](../../release/01_rnn/vanilla_rnn.ipynb)", "[a](../lessons/01_rnn/vanilla_rnn.ipynb)"),
            ("course/guides/attention.md", "[a `b`](../demo.ipynb)", "[a `b`](../tour.ipynb)"),
            ("course/guides/attention.md", "[a](#here) [b](https://x.org/y)", "[a](#here) [b](https://x.org/y)"),
            ("course/guides/attention.md", "the [model `t`](threat_model.md).", "the model `t`."),
            ("course/guides/attention.md", "[a](no_such_file.md)", "[a](no_such_file.md)"),
            ("course/guides/attention.md", "`[a](../demo.ipynb)`", "`[a](../demo.ipynb)`"),
            ("course/guides/attention.md", "```\n[a](../demo.ipynb)\n```", "```\n[a](../demo.ipynb)\n```"),
        ],
    )  # fmt: skip
    def test_they_lead_to_where_things_lie_on_the_site(self, place, text, led):
        assert relinked(text, place, self.PLACES, ROOT) == led

    def test_a_link_that_leads_nowhere_is_found(self, tmp_path):
        (tmp_path / "a.html").write_text('<a href="b.html#x">1</a><a href="c.html">2</a>')
        (tmp_path / "b.html").write_text('<p id="y"><a href="a.html">3</a><img src="p.png">')
        assert dead_links(tmp_path) == ["a.html: b.html#x", "a.html: c.html", "b.html: p.png"]


class TestTheFolder:
    """A site takes the place of an earlier one, and of nothing else."""

    @pytest.fixture
    def build(self, monkeypatch):
        """A build whose Sphinx writes one page, with the text that is asked for."""

        def build(target: Path, text: str = "a page") -> None:
            def pretend(_sources: Path, built: Path) -> None:
                built.mkdir()
                (built / "index.html").write_text(text)

            monkeypatch.setattr(site, "run_sphinx", pretend)
            build_site(CourseFolder(ROOT), target)

        return build

    def test_a_second_build_takes_the_place_of_the_first(self, build, tmp_path):
        target = tmp_path / "_site"
        build(target)
        assert sorted(p.name for p in target.iterdir()) == [RECORD, "index.html"]
        build(target, "another page")
        assert (target / "index.html").read_text() == "another page"
        assert [p.name for p in tmp_path.iterdir()] == ["_site"]

    @pytest.mark.parametrize("name", ["index.html", "deep/notes.txt"])
    def test_what_somebody_wrote_is_not_overwritten(self, build, tmp_path, name):
        target = tmp_path / "_site"
        build(target)
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text("mine")
        with pytest.raises(FolderError, match=rf"{name} was not written by this command"):
            build(target)
        assert (target / name).read_text() == "mine"

    def test_a_file_in_its_place_is_not_overwritten(self, build, tmp_path):
        (tmp_path / "_site").write_text("mine")
        with pytest.raises(FolderError, match="is a file; move it out of the way"):
            build(tmp_path / "_site")

    def test_a_page_that_shows_a_solution_is_not_published(self, build, tmp_path, lessons):
        secrets = secrets_of(CourseFolder(ROOT), lessons)
        with pytest.raises(FolderError, match=r"not published: index\.html shows a line of"):
            build(tmp_path / "_site", next(iter(secrets)))
        assert not (tmp_path / "_site").exists()

    def test_a_missing_tool_is_one_line(self, monkeypatch, capsys, tmp_path):
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(site, "PACKAGES", ("no_such_package",))
        assert main(["site", "--output", str(tmp_path / "_site")]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "'.[site]'" in error and not list(tmp_path.iterdir())

    @pytest.mark.slow
    def test_what_sphinx_complains_about_is_one_line(self, tmp_path):
        shutil.copytree(ROOT / "site", tmp_path / "sources")
        (tmp_path / "sources" / "index.md").write_text("# A page\n\n[broken](nowhere.md)\n")
        with pytest.raises(FolderError, match=r"not built: index\.md:3: .*nowhere") as raised:
            site.run_sphinx(tmp_path / "sources", tmp_path / "built")
        assert "\n" not in str(raised.value)


class TestTheWorkflow:
    WORKFLOW = ROOT / ".github" / "workflows" / "site.yml"

    def test_it_tests_before_it_publishes(self):
        jobs = yaml.safe_load(self.WORKFLOW.read_text())["jobs"]
        runs = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
        assert runs.index("make lint test") < runs.index("make site")
        assert jobs["publish"]["needs"] == "build"
        (upload,) = [s for s in jobs["build"]["steps"] if "upload" in s.get("uses", "")]
        assert upload["with"]["path"] == "_site"

    def test_every_action_is_pinned(self):
        used = re.findall(r"uses: (\S+)", self.WORKFLOW.read_text())
        assert used and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name) for name in used)
