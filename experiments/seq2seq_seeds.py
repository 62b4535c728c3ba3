"""More stored five-seed runs of ``05_attention/seq2seq.ipynb``, made with its own solutions.

What attention buys, what training on buys, how the published attention fares, what a wider beam
finds, and what a division that leaks does: each from five seeds. Rows of plain numbers go into
``course/data/stored/seq2seq_seeds.json``. It takes several minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import nbformat
import numpy as np
from matplotlib import pyplot as plt
from torch import nn

from course import data, training
from course.data import Parts
from course.figures import seq2seq as figures
from experiments import runs
from experiments.runs import Row, Studies
from experiments.seq2seq import SIZES, STEPS

SOURCE = runs.SOURCES / "05_attention" / "seq2seq.ipynb"
ON = {"size": 128, "steps": 400, "peak": 0.004}
"""How the pair with attention is trained on, as in the notebook."""
WIDTHS, FEW = (1, 2, 3), 1000
"""Widths of the beams, and the number of validation words that they say."""

Lesson = dict[str, Any]
Pair = tuple[nn.Module, nn.Module]


def decoder_class(lesson: Lesson, name: str) -> type[nn.Module]:
    """One of the notebook's decoders; those of its demonstrations are defined when asked for."""
    if name not in lesson:
        cells = nbformat.read(SOURCE, as_version=4).cells
        (source,) = (c.source for c in cells if c.source.startswith(f"class {name}("))
        exec(compile(source, f"<{name}>", "exec"), lesson)
    return lesson[name]


def trained(
    lesson: Lesson, seed: int, decoder: str, parts: Parts | None = None, steps: int = STEPS
) -> Pair:
    """A GRU encoder and one of the decoders after 300 batches of 64, as in the notebook."""
    training.set_up(seed)
    pair = (
        lesson["Encoder"](figures.N_LETTERS, *SIZES),
        decoder_class(lesson, decoder)(figures.N_SOUNDS, *SIZES),
    )
    train = (parts or lesson["words"]).train
    batches = figures.endless_batches(train, size=64, seed=seed)
    lesson["train_speller"](*pair, batches, steps=steps, peak=0.006)
    return pair


def measured(lesson: Lesson, pair: Pair) -> Row:
    """Both error rates of the validation words, of all and by the number of letters."""
    part = lesson["words"].valid
    said, rates = lesson["transcribe"](*pair, part.inputs), lesson["error_rates"]
    by_length = figures.errors_by_length(rates, part, {"this": said})
    wrong, per_sound = rates(said, part.targets)
    return {
        "words wrong": wrong,
        "sounds wrong": per_sound,
        "words by length": by_length["words wrong", "this"].tolist(),
        "sounds by length": by_length["sounds wrong", "this"].tolist(),
    }


def symptoms(lesson: Lesson, pair: Pair) -> Row:
    """The three symptoms of attention that does not look."""
    part = lesson["words"].valid
    table = figures.symptoms_of_not_looking({"this": pair}, lesson["transcribe"], part)
    return {name: float(share) for name, share in table.loc["this"].items()}


def trained_on(lesson: Lesson, seed: int) -> Pair:
    """The pair with attention, trained on; remembered, since two studies measure it."""
    kept = lesson.setdefault("trained on", {})
    if seed not in kept:
        pair = trained(lesson, seed, "Decoder")
        kept[seed, "300 steps"] = measured(lesson, pair)
        batches = figures.endless_batches(lesson["words"].train, ON["size"], seed=seed + 1)
        lesson["train_speller"](*pair, batches, steps=ON["steps"], peak=ON["peak"])
        kept[seed] = pair
    return kept[seed]


def spellers(lesson: Lesson, seed: int) -> Iterator[Row]:
    """With attention, without, and with the published one, after 300 steps; and trained on."""
    pair = trained_on(lesson, seed)
    early = lesson["trained on"][seed, "300 steps"]
    yield {"speller": "attention, 300 steps", "seed": seed, **early}
    yield {
        "speller": "attention, trained on",
        "seed": seed,
        **measured(lesson, pair),
        **symptoms(lesson, pair),
    }
    blind = trained(lesson, seed, "BottleneckDecoder")
    yield {"speller": "no attention, 300 steps", "seed": seed, **measured(lesson, blind)}
    published = trained(lesson, seed, "PublishedDecoder")
    yield {
        "speller": "published, 300 steps",
        "seed": seed,
        **measured(lesson, published),
        **symptoms(lesson, published),
    }
    plt.close("all")


def beams(lesson: Lesson, seed: int) -> Iterator[Row]:
    """What the pair that was trained on says with beams of several widths."""
    pair, part = trained_on(lesson, seed), lesson["words"].valid
    few, right = part.inputs[:FEW], part.targets[:FEW]
    step, search = partial(figures.speller_step, *pair), lesson["beam_search"]
    for width in WIDTHS:
        found = [
            search(step(word), figures.START, figures.END, width, figures.MAX_SAID) for word in few
        ]
        wrong, per_sound = lesson["error_rates"](figures.sound_names([b for b, _ in found]), right)
        yield {
            "width": width,
            "seed": seed,
            "words wrong": wrong,
            "sounds wrong": per_sound,
            "score": float(np.mean([score for _, score in found])),
        }


@cache
def naive_division() -> tuple[Parts, list[list[str]]]:
    """The dictionary dealt out word by word, and what its look-up says to its validation words."""
    parts = data.pronunciations(by="word")
    by_heart = figures.learn_by_heart(parts.train)
    return parts, [figures.look_up(by_heart, word) for word in parts.valid.inputs]


@cache
def looked_up() -> list[list[str]]:
    """What the look-up says to the validation words of the notebook's own division."""
    parts = data.pronunciations()
    by_heart = figures.learn_by_heart(parts.train)
    return [figures.look_up(by_heart, word) for word in parts.valid.inputs]


def divisions(lesson: Lesson, seed: int) -> Iterator[Row]:
    """Network and look-up on both divisions, over words with relatives and without."""
    naive, by_heart = naive_division()
    here = {
        "words dealt one by one": (naive, by_heart, trained(lesson, seed, "Decoder", naive)),
        "families kept together": (
            lesson["words"],
            looked_up(),
            trained(lesson, seed, "Decoder"),
        ),
    }
    said = {
        name: (parts, table, lesson["transcribe"](*pair, parts.valid.inputs))
        for name, (parts, table, pair) in here.items()
    }
    found = figures.what_a_relative_is_worth(said, lesson["error_rates"])
    plt.close("all")
    for (division, reader), rates in found.iterrows():
        for group in ("with relatives", "without", "all"):
            yield {
                "division": division,
                "reader": reader,
                "group": group,
                "seed": seed,
                "words wrong": float(rates["words wrong", group]),
                "sounds wrong": float(rates["sounds wrong", group]),
            }


STUDIES: Studies = {
    "spellers": spellers,
    "beams": beams,
    "divisions": divisions,
}
