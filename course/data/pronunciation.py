"""Letters to sounds: English words and their phonemes, divided so that relatives stay together."""

from __future__ import annotations

import re
from functools import lru_cache

from .fetch import read
from .parts import Part, Parts, hash_order, part_of
from .sources import source

NAME = "pronunciations"
VALID, TEST = 0.06, 0.06
ENDINGS = (
    *("s", "es", "d", "ed", "r", "er", "ers", "rs", "ing", "ings", "ly", "y", "est", "ness"),
    *("ist", "ists", "ful", "able", "ion", "ions", "ish", "ment", "ments", "less"),
)


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

    for word in words:
        stems = [word]
        if word.endswith("y"):
            stems.append(word[:-1] + "i")
        before_vowel = [word[:-1]] if word.endswith("e") else []
        if re.search("[^aeiou][aeiou][^aeiouwxy]$", word):
            before_vowel.append(word + word[-1])
        for ending in ENDINGS:
            for stem in stems + before_vowel if ending[0] in "aeiy" else stems:
                if stem + ending in head:
                    pair = find(word), find(stem + ending)
                    if pair[0] != pair[1]:
                        low, high = sorted(pair, key=lambda w: (len(w), w))
                        head[high] = low
    return {word: find(word) for word in words}


@lru_cache(maxsize=4)
def _divided(by: str, data: bytes) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The words of each part, and the dictionary; whoever hands them on copies them."""
    dictionary = _parsed(data)
    words = list(dictionary)
    family = word_families(words)
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for index in hash_order(NAME, words):
        word = words[index]
        part = part_of(NAME, family[word], VALID, TEST)
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
