"""What the tests of the guides share: fenced cells, headings, links."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "course" / "guides"
LINK = re.compile(r"\[[^\]]*(?:\[[^\]]*\][^\]]*)*\]\(([^)\s]+)\)")


def cells(page: Path) -> list[tuple[str, str]]:
    """Every fenced Python cell of a page, after the heading under which it stands."""
    found, heading, lines = [], "", None
    for line in page.read_text().splitlines():
        if lines is None and line.startswith("#"):
            heading = line.lstrip("# ")
        elif line == "```python":
            lines = []
        elif lines is not None and line == "```":
            found.append((heading, "\n".join(lines)))
            lines = None
        elif lines is not None:
            lines.append(line)
    return found


def without_fences(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def targets(text: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    return LINK.findall(re.sub(r"`[^`]*`", "", without_fences(text)))


def anchors(text: str) -> list[str]:
    """The anchors that GitHub gives to the headings of a page, in order."""
    made: list[str] = []
    for title in re.findall(r"^#+ +(.+?) *$", without_fences(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        copies = sum(1 for anchor in made if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", anchor))
        made.append(f"{slug}-{copies}" if copies else slug)
    return made
