"""Links of the README and the guides lead somewhere; those that leave are well formed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.guides.support import GUIDES, ROOT, anchors, targets, without_fences

PAGES = [ROOT / "README.md", *sorted(GUIDES.glob("*.md"))]
LEARNERS = ("recurrent_networks", "lstm_and_gru", "attention", "debugging", "students")
ARXIV = re.compile(r"https://arxiv\.org/abs/(\d{4}\.\d{4,5})")
DOI = re.compile(r"https://doi\.org/(10\.\d{4,5}/[\w.()/-]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_internal_links_lead_to_a_file_and_a_heading(page):
    for target in targets(page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        assert path.is_relative_to(ROOT), f"{page.name} links out of the repository: {target}"
        if anchor:
            assert anchor in anchors(path.read_text()), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_external_links_are_well_formed(page):
    for target in targets(page.read_text()):
        if "://" not in target:
            continue
        parts = urlsplit(target)
        assert parts.scheme == "https" and "." in parts.netloc, target
        assert not re.search(r"[\s<>\"]", target), target
        if "arxiv.org" in parts.netloc:
            assert ARXIV.fullmatch(target), target
        if "doi.org" in parts.netloc:
            assert DOI.fullmatch(target), target


def test_guides_lead_to_one_another_and_to_the_bibliography():
    for name in LEARNERS:
        found = {
            target.partition("#")[0] for target in targets((GUIDES / f"{name}.md").read_text())
        }
        others = {f"{other}.md" for other in (*LEARNERS, "bibliography") if other != name}
        assert others <= found, name
    readme = set(targets((ROOT / "README.md").read_text()))
    assert {f"course/guides/{name}.md" for name in (*LEARNERS, "bibliography")} <= readme


def test_every_entry_of_the_bibliography_says_where_it_is():
    text = (GUIDES / "bibliography.md").read_text()
    entries = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    titles, places = [], []
    for entry in entries:
        title, body = entry.split("\n", 1)
        titles.append(title)
        assert re.fullmatch(r"[A-Z]\w+ (19|20)\d\d[a-z]?", title), title
        assert re.search(r"\*[^*]+\*\. .+", body), title
        found = targets(body)
        assert found, title
        places += found
        for shown, target in re.findall(r"\[(arXiv|doi):[^\]]+\]\(([^)]+)\)", body):
            assert (ARXIV if shown == "arXiv" else DOI).fullmatch(target), title
            identifier = re.search(rf"\[{shown}:([^\]]+)\]", body)[1]
            assert target.endswith(identifier), title
    assert len(set(titles)) == len(titles)
    assert len(set(places)) == len(places)


def test_what_is_cited_has_an_entry_and_every_author_is_spelled_as_there():
    entries = anchors((GUIDES / "bibliography.md").read_text())
    for page in PAGES:
        for shown, anchor in re.findall(
            r"\[([^\]]+)\]\(bibliography\.md#([\w-]+)\)", page.read_text()
        ):
            assert anchor in entries, f"{page.name}: {anchor}"
            year = re.search(r"\d{4}", anchor)[0]
            assert not re.search(r"\d{4}", shown) or year in shown, f"{page.name}: {shown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mathematics_renders_on_github(page):
    text = page.read_text()
    assert "\\operatorname" not in text  # a macro that GitHub does not allow
    for formula in re.findall(r"\$[^$\n]+\$", without_fences(text)):
        assert not re.search(r"\\[^A-Za-z]", formula), formula  # Markdown takes the backslash away
    for line in text.splitlines():
        assert line.startswith("```") or line.count("$") % 2 == 0, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_rows_of_a_table_have_as_many_cells_as_its_head(page):
    width = None
    for line in without_fences(page.read_text()).splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = re.sub(r"`[^`]*`", "", line).count("|")
        width = width or cells
        assert cells == width, line


def test_anchors_are_github_s():
    text = "# One\n## `two_words`: and, more\n```\n# no heading\n```\n## One\n### [A](b.md) c-d\n"
    assert anchors(text) == ["one", "two_words-and-more", "one-1", "a-c-d"]
