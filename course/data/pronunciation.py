"""Letters to sounds: English words and their phonemes, divided so that relatives stay together."""

from __future__ import annotations

import re
from functools import lru_cache

from .fetch import read
from .parts import Part, Parts, hash_order, part_of
from .sources import source

NAME = "pronunciations"
VALID, TEST = 0.06, 0.06
ENDINGS = frozenset(
    (
        *("s", "es", "d", "ed", "r", "er", "ers", "rs", "ing", "ings", "ly", "y", "est", "ness"),
        *("ist", "ists", "ful", "able", "ion", "ions", "ish", "ment", "ments", "less"),
    )
)
LONGEST = max(map(len, ENDINGS))
DOUBLES = re.compile("[^aeiou][aeiou][^aeiouwxy]$")
"""Words whose last letter is doubled before a vowel: ``run``, ``running``."""


def pronouncing_dictionary() -> dict[str, list[str]]:
    """All words of three to seven letters a-z with their first pronunciation, stress dropped."""
    return {word: list(phonemes) for word, phonemes in _parsed(read(NAME)).items()}


@lru_cache(maxsize=2)
def _parsed(data: bytes) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    fits = re.compile(r"([a-z]{3,7}) ([^#]*)").match
    for line in data.decode("utf-8").splitlines():
        if found := fits(line):
            word, phonemes = found.groups()
            words.setdefault(word, [phoneme.rstrip("012") for phoneme in phonemes.split()])
    return dict(sorted(words.items()))


def word_families(words: list[str]) -> dict[str, str]:
    """The head of each word's family: words joined by common endings, directly or in steps.

    ``bake``, ``baked``, ``baker``, ``bakers`` and ``baking`` share one family. Spelling changes
    are followed (dropped e, doubled consonant, y to i). Words that only look related, as ``car``
    and ``care``, are joined too: for a test that must not leak this is the safe side.
    """
    return dict(_families(tuple(sorted(words))))


@lru_cache(maxsize=4)
def _families(words: tuple[str, ...]) -> dict[str, str]:
    head = {word: word for word in words}

    def find(word: str) -> str:
        while head[word] != word:
            head[word] = head[head[word]]
            word = head[word]
        return word

    for relative in words:
        for size in range(1, min(LONGEST, len(relative)) + 1):
            if relative[-size:] not in ENDINGS:
                continue
            for word in _without(relative[-size:], relative[:-size]):
                if word in head:
                    pair = find(word), find(relative)
                    if pair[0] != pair[1]:
                        low, high = sorted(pair, key=lambda w: (len(w), w))
                        head[high] = low
    return {word: find(word) for word in words}


def _without(ending: str, stem: str) -> list[str]:
    """What a word may have been before it got an ending; not all of it need be a word."""
    found = [stem]
    if stem.endswith("i"):
        found.append(stem[:-1] + "y")
    if ending[0] in "aeiy":
        found.append(stem + "e")
        if stem[-1:] == stem[-2:-1] and DOUBLES.search(stem[:-1]):
            found.append(stem[:-1])
    return found


@lru_cache(maxsize=4)
def _divided(by: str, data: bytes) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The words of each part, and the dictionary; whoever hands them on copies them."""
    dictionary = _parsed(data)
    words = list(dictionary)
    family = word_families(words)
    part_of_head = {head: part_of(NAME, head, VALID, TEST) for head in set(family.values())}
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for index in hash_order(NAME, words):
        word = words[index]
        part = part_of_head[family[word]]
        if by == "word" and part != "test":
            part = part_of(f"{NAME}-word", word, VALID / (1 - TEST), 0.0)
        parts[part].append(word)
    return parts, dictionary


def pronunciations(by: str = "family") -> Parts:
    """Words (``inputs``, strings) and phoneme lists (``targets``; held out in the test part).

    Parameters
    ----------
    by : {"family", "word"}
        ``"family"`` puts a word and its relatives (``bake``, ``baker``, ``baked``) into the same
        part. ``"word"`` is the naive division: train and validation words are the same words
        dealt anew one by one, so that most validation words with relatives have one in training,
        and validation errors look too good. The test words do not change.
    """
    if by not in ("family", "word"):
        raise ValueError(f'by is "family" or "word", not {by!r}')
    parts, dictionary = _divided(by, read(NAME))
    return Parts(
        train=Part(list(parts["train"]), [list(dictionary[word]) for word in parts["train"]]),
        valid=Part(list(parts["valid"]), [list(dictionary[word]) for word in parts["valid"]]),
        test=Part(list(parts["test"]), None),
        source=source(NAME),
    )


def answers() -> list[list[str]]:
    parts, dictionary = _divided("family", read(NAME))
    return [list(dictionary[word]) for word in parts["test"]]
