"""What stands in a figure's place for those who cannot see it, taken from the text around it.

A notebook has its figures as pictures. What they show is said in the cells around them: mostly by
the sentence that follows, else by the one that leads to them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence

from nbformat import NotebookNode

MOST = 200
"""Characters of the sentences, the part's name not counted."""
FEW = 60
"""Characters of a text that says too little by itself."""
PICTURE = "image/png"

FENCE = re.compile(r"^ *(```+|~~~+).*?^ *\1", re.DOTALL | re.M)
"""A block of code in Markdown."""
CUE = re.compile(r"^\s*\*+(What to see|How to read it)[.:]\*+\s*")
ELSEWHERE = re.compile(r"(Second|Third|Next|Now)\b")
"""How a sentence begins that leads to something else."""
BLOCK = re.compile(r"^\s*([#|>]|[-*+] |\d+\. |\$\$|```|~~~|:::|<)")
"""How a paragraph begins that is none: a heading, a table, a list, a formula, code."""
SENTENCE = re.compile(r"(?:(?<=[.?!])|(?<=[.?!][)\"”]))\s+(?=[^a-z\s])")
MARKUP = (
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),  # links
    (re.compile(r"\\(?:mathrm|text|mathbf|left|right)\b"), ""),
    (re.compile(r"\\var(?=[a-z])"), ""),
    (re.compile(r"\\,|\\;|\\ "), " "),
    (re.compile(r"[$`{}\\]"), ""),
    (re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)"), ""),  # emphasis
    (re.compile(r"\s+"), " "),
)


def heading_of(source: str) -> str | None:
    """Return the last heading of a Markdown cell without its markup, or ``None``."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", source), re.MULTILINE)
    return plain(headings[-1]) if headings else None


def plain(text: str) -> str:
    """Return Markdown as it is read aloud: without links, emphasis, and the marks of formulas."""
    for pattern, instead in MARKUP:
        text = pattern.sub(instead, text)
    return text.strip()


def first_words(source: str, most: int = MOST) -> str:
    """Return the first sentences of a Markdown cell, as many as are not too long.

    Returns
    -------
    str
        Empty where the cell does not begin with a paragraph, or leads on at once; one sentence that
        is too long is cut.
    """
    paragraph = re.split(r"\n\s*\n", CUE.sub("", source.strip()))[0]
    if BLOCK.match(paragraph):
        return ""
    found, best = "", ""
    for sentence in SENTENCE.split(plain(paragraph)):
        if sentence.endswith(":") or ELSEWHERE.match(sentence):
            break
        found = f"{found} {sentence}".strip()
        if len(found) <= most and found.count("(") == found.count(")"):
            best = found
    return best or _cut(found, most)


def last_words(source: str, most: int = MOST) -> str:
    """Return the end of a Markdown cell, a sentence or a little more, if that is a paragraph's."""
    paragraph = re.split(r"\n\s*\n", source.strip())[-1]
    if BLOCK.match(paragraph):
        return ""
    *before, last = SENTENCE.split(plain(paragraph))
    if before and len(last) < FEW:
        last = f"{before[-1]} {last}"
    return _cut(f"{last[:-1]}." if last.endswith(":") else last, most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0].rstrip(',;:')} …"


def add_alternative_texts(
    cells: Sequence[NotebookNode], title: str, readable: Iterable[str]
) -> None:
    """Give every picture among the outputs of a notebook its text, in the output's metadata.

    Parameters
    ----------
    cells : sequence of nbformat.NotebookNode
        Those of a starter, with outputs; they are changed.
    title : str
        Of the notebook: the part's name as long as there is no heading.
    readable : iterable of str
        Ids of the Markdown cells that may be quoted.
    """
    readable, part, taken = set(readable), plain(title), set()
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            part = heading_of(cell.source) or part
            continue
        pictures = [o for o in cell.outputs if PICTURE in o.get("data", {})]
        words = _said_about(cells, place, readable) if pictures else ""
        about = f"Figure of the part “{part}”" + (f": {words}" if words else "")
        for number, picture in enumerate(pictures, start=1):
            text = f"{about} (picture {number} of {len(pictures)})" if len(pictures) > 1 else about
            again = 2
            while text in taken:
                text, again = f"{about} ({again})", again + 1
            taken.add(text)
            picture.metadata.setdefault(PICTURE, NotebookNode())["alt"] = text


def texts_by_picture(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """Return the alternative text of each picture of a notebook, by the SHA-256 of its bytes."""
    outputs = (o for cell in cells for o in cell.get("outputs", []))
    pictures = [o for o in outputs if PICTURE in o.get("data", {})]
    return {
        hashlib.sha256(base64.b64decode(o.data[PICTURE])).hexdigest(): o.metadata[PICTURE]["alt"]
        for o in pictures
        if "alt" in o.get("metadata", {}).get(PICTURE, {})
    }


def _said_about(cells: Sequence[NotebookNode], place: int, readable: set[str]) -> str:
    """Find the sentences behind a cell with a picture, and those before it where they say more."""
    behind, direct = _next_text(cells[place + 1 :])
    after = first_words(behind.source) if behind and behind.id in readable else ""
    if len(after) >= FEW and (direct or CUE.match(behind.source)):
        return after
    earlier = (c for c in reversed(cells[:place]) if c.cell_type != "code" and c.id in readable)
    led = last_words(next(earlier, NotebookNode(source="")).source)
    if direct:
        return _cut(f"{led} {after}".strip(), MOST)
    return led if place and cells[place - 1].cell_type != "code" else after or led


def _next_text(cells: Iterable[NotebookNode]) -> tuple[NotebookNode | None, bool]:
    """Return the next Markdown cell before any other picture, and whether no code is between."""
    direct = True
    for cell in cells:
        if cell.cell_type != "code":
            return cell, direct
        if any(PICTURE in o.get("data", {}) for o in cell.outputs):
            break
        direct = False  # a guess is compared there, a slider moved, a claim checked
    return None, False
