"""Copies of the data without the answers of the test parts, for kernels that run students' work.

The data sets are public, so the answers lie in the files that the loaders read. The grader lets a
kernel see these copies in place of the files. From a blind copy the loaders read the same inputs in
the same order; where an answer stood there is a constant. A file's own order, numbers and further
lines can give answers away (positive reviews first, a word's plural): a copy has none of them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from . import movie_reviews, pronunciation, series, tagging, text
from .fetch import cache_folder, package_folder, read
from .parts import hash_order
from .sources import source


def file_of(name: str) -> Path:
    """The file that a data set is read from; it need not be there."""
    record = source(name)
    folder = package_folder(record) if record.kind == "installed" else cache_folder()
    return folder / record.file


def blinded(name: str) -> bytes:
    """The data set's file with the answers of its test part taken out.

    Raises
    ------
    DataMissing
        When the file is not here.
    KeyError
        When the data set holds no answers back.
    """
    return BLIND[name]()


def _shuffled(lines: dict[str, list[str]]) -> bytes:
    """Lines by what they are about, in an order that depends on nothing else."""
    keys = list(lines)
    return "".join(
        f"{line}\n" for i in hash_order("blind", keys) for line in lines[keys[i]]
    ).encode()


def _reviews() -> bytes:
    held_out = {number for number, _, _ in movie_reviews.test_rows()}
    lines: dict[str, list[str]] = {}
    for number, rating, review in movie_reviews.all_rows():
        shown = 4.0 if number in held_out else rating
        lines.setdefault(movie_reviews.key_of(review), []).append(f"{shown}\t{review}")
    shuffled = _shuffled(lines).decode().splitlines()
    return "".join(f"{number}\t{line}\n" for number, line in enumerate(shuffled, 1)).encode()


def _shakespeare() -> bytes:
    held_out = set(text.shakespeare_titles()["test"])
    works = text.works()
    return json.dumps(
        {title: "" if title in held_out else works[title] for title in works}
    ).encode()


def _addresses() -> bytes:
    rows = tagging.labelled_addresses()
    keys = list(rows)
    root = ElementTree.Element("AddressCollection")
    for index in hash_order("blind", keys):
        held_out = tagging.part_of_address(keys[index]) == "test"
        address = ElementTree.SubElement(root, "AddressString")
        for word, label in zip(*rows[keys[index]], strict=True):
            ElementTree.SubElement(address, "AddressNumber" if held_out else label).text = word
    return ElementTree.tostring(root, encoding="utf-8")


def _brown() -> bytes:
    lines: dict[str, list[str]] = {}
    for line in read("brown").decode().splitlines():
        title, category, sentence = line.split("\t")
        words = [token.rpartition("/")[0] for token in sentence.split()]
        if tagging.part_of_text(title) == "test":
            sentence = " ".join(f"{word}/xx" for word in words)
        key = tagging.key_of_sentence(title, words)
        lines.setdefault(key, []).append(f"{title}\t{category}\t{sentence}")
    return _shuffled(lines)


def _pronunciations() -> bytes:
    held_out = set(pronunciation.pronunciations().test.inputs)
    dictionary = pronunciation.pronouncing_dictionary()  # without plurals and other forms
    return _shuffled(
        {
            word: [f"{word} {'AH' if word in held_out else ' '.join(phonemes)}"]
            for word, phonemes in dictionary.items()
        }
    )


def _weather() -> bytes:
    """The weeks of the exam hold the temperatures that its questions show, and nothing else."""
    shown = series.exam_histories()
    others = {name: "NA" for name in series.weather().columns if name != "temp"}
    table = csv.DictReader(io.StringIO(read("weather").decode()))
    out = io.StringIO()
    writer = csv.DictWriter(out, table.fieldnames, lineterminator="\n")
    writer.writeheader()
    for row in table:
        if row["time_hour"] >= series.EXAM_START:
            held_out = row["time_hour"] not in shown and row["temp"] != "NA"
            row |= others | ({"temp": "50.0"} if held_out else {})
        writer.writerow(row)
    return out.getvalue().encode()


BLIND: dict[str, Callable[[], bytes]] = {
    "reviews": _reviews,
    "shakespeare": _shakespeare,
    "addresses": _addresses,
    "brown": _brown,
    "pronunciations": _pronunciations,
    "weather": _weather,
}
"""Data sets that hold answers back, and what takes them out."""
