"""The stored five-seed runs of ``04_bidirectional/tagging.ipynb``, made with its own solutions.

Names in running text, addresses, and from one to the other: what a BiLSTM reaches on each, what
its relatives reach, what decoding adds, and what an address tagger gains that starts from the
vectors and the LSTM of one that has learned names. Rows of plain numbers go into
``course/data/stored/tagging.json``. It takes a few minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from torch import nn

from course import data, training
from course.figures import tagging as figures
from course.figures import tagging_networks as networks
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "04_bidirectional" / "tagging.ipynb"
SIZES, EPOCHS = (64, 80), 6
"""Of the embedding and of each direction, and how often the names are read, as in the notebook."""
FEW, FEW_EPOCHS = 100, 54
"""A start from names could matter most where addresses are few; they are read more often then."""
Lesson = dict[str, Any]


@cache
def vocabulary_of_names() -> figures.Vocabulary:
    """The ids of the facts about the words of the sentences with names."""
    text = data.names_in_text().train
    return figures.Vocabulary(text.inputs, text.targets)


def names_tagger(lesson: Lesson, seed: int) -> nn.Module:
    """The notebook's tagger of names from one seed; trained once, then remembered."""
    kept = lesson.setdefault("names taggers", {})
    if seed not in kept:
        text, known = data.names_in_text().train, vocabulary_of_names()
        training.set_up(seed)
        model = lesson["Tagger"](len(known), len(known.tags), *SIZES, dropout=0.4)
        targets = known.encode_tags(text.targets)
        kept[seed] = lesson["train_tagger"](model, *known.encode(text.inputs), targets, EPOCHS)
    return kept[seed]


def scored(true: list[list[str]], found: list[list[str]], lesson: Lesson) -> Row:
    """The three scores of one network's answers."""
    table = figures.scores(true, {"": found}, lesson["span_f1"], whole="whole")
    return {name: float(value) for name, value in table.iloc[0].items()}


def names(lesson: Lesson, seed: int) -> Iterator[Row]:
    """What a BiLSTM reaches on names in running text."""
    valid, known = data.names_in_text().valid, vocabulary_of_names()
    ids, lengths = known.encode(valid.inputs)
    found = figures.best_tags(names_tagger(lesson, seed), ids, lengths, known.tags)
    yield {"network": "BiLSTM", "seed": seed, **scored(valid.targets, found, lesson)}


def address_tagger(lesson: Lesson, seed: int) -> nn.Module:
    """The notebook's tagger of addresses from one seed; trained once, then remembered."""
    kept = lesson.setdefault("address taggers", {})
    if seed not in kept:
        training.set_up(seed)
        model = lesson["Tagger"](lesson["VOCAB_SIZE"], len(lesson["TAGS"]), *SIZES, dropout=0.4)
        batch = (lesson[f"train_{name}"] for name in ("ids", "lengths", "targets"))
        kept[seed] = lesson["train_tagger"](model, *batch)
    return kept[seed]


def addresses(lesson: Lesson, seed: int) -> Iterator[Row]:
    """What a BiLSTM reaches on addresses, decoded in three ways."""
    allowed = networks.allowed_moves(lesson["TAGS"])
    usual = allowed + figures.log_lift(lesson["train_tags"], lesson["TAGS"])
    model, batch = address_tagger(lesson, seed), (lesson["valid_ids"], lesson["valid_lengths"])
    viterbi, tags = lesson["viterbi_decode"], lesson["TAGS"]
    answers = {
        "each word alone": figures.best_tags(model, *batch, tags),
        "best allowed path": networks.decode(viterbi, model, *batch, tags, allowed),
        "moves scored": networks.decode(viterbi, model, *batch, tags, usual),
    }
    for decoding, found in answers.items():
        row = {"network": "BiLSTM", "decoding": decoding, "seed": seed}
        yield row | scored(lesson["valid_tags"], found, lesson)


def started(lesson: Lesson, seed: int, count: int, from_names: bool) -> list[list[str]]:
    """Train on the first ``count`` addresses from one of two starts; tag the validation part."""
    words, tags = lesson["train_words"][:count], lesson["train_tags"][:count]
    known = figures.Vocabulary(words, tags)
    if from_names:
        known = networks.joined(known, vocabulary_of_names())
    earlier = names_tagger(lesson, seed) if from_names else None
    training.set_up(seed)
    model = lesson["Tagger"](len(known), len(known.tags), *SIZES, dropout=0.4)
    if from_names:
        networks.start_from(model, known, earlier, vocabulary_of_names())
    lesson["train_tagger"](model, *known.encode(words), known.encode_tags(tags), FEW_EPOCHS)
    return figures.best_tags(model, *known.encode(lesson["valid_words"]), known.tags)


def transfer(lesson: Lesson, seed: int) -> Iterator[Row]:
    """Few addresses to learn from, with a fresh start and with one from names."""
    for start in ("fresh", "from names"):
        found = started(lesson, seed, FEW, start == "from names")
        row = {"addresses": FEW, "start": start, "seed": seed}
        yield row | scored(lesson["valid_tags"], found, lesson)


STUDIES: Studies = {
    "tagging": {"names": names, "transfer": transfer, "addresses": addresses},
}
