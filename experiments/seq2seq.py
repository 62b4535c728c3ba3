"""The stored five-seed runs of ``05_attention/seq2seq.ipynb``, made with its own solutions.

What does dividing the scores by the root of their size do, behind either encoder, and knowing the
places of the letters (``seq2seq.json``)? What does attention buy, and training on; how does the
published attention fare; what does a wider beam find, and a division that leaks do
(``seq2seq_seeds.json``)? Each from five seeds. Rows of plain numbers go into
``course/data/stored``. It takes eight minutes of one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

SOURCE = runs.SOURCES / "05_attention" / "seq2seq.ipynb"
STEPS, SIZES = 300, (64, 96)
"""Batches of 64 words, and the sizes of embeddings and states, as in the notebook."""
ON = {"size": 128, "steps": 400, "peak": 0.004}
"""How the pair with attention is trained on, as in the notebook."""
WIDTHS, FEW = (1, 2, 3), 1000
"""Widths of the beams, and the number of validation words that they say."""
NOT_DIVIDED = "not divided"
"""The notebook's decoder with the division of its scores undone."""

Lesson = dict[str, Any]
Pair = tuple[nn.Module, nn.Module]


def encoders(lesson: Lesson) -> dict[str, tuple[Callable[..., nn.Module], float]]:
    """By name: how to make each encoder of the notebook, and the highest learning rate for it."""
    attention = partial(figures.AttentionEncoder, lesson["self_attention"])
    return {
        "GRU": (lesson["Encoder"], 0.006),
        "self-attention": (partial(attention, places=True), 0.003),
        "self-attention, no places": (partial(attention, places=False), 0.003),
    }


def decoder_maker(lesson: Lesson, name: str) -> Callable[..., nn.Module]:
    """One of the notebook's decoders; those of its demonstrations are defined when asked for."""
    if name == NOT_DIVIDED:
        return partial(figures.unscaled, lesson["Decoder"])
    if name not in lesson:
        cells = nbformat.read(SOURCE, as_version=4).cells
        (source,) = (c.source for c in cells if c.source.startswith(f"class {name}("))
        exec(compile(source, f"<{name}>", "exec"), lesson)
    return lesson[name]


def trained(
    lesson: Lesson,
    seed: int,
    decoder: str,
    encoder: str = "GRU",
    parts: Parts | None = None,
    steps: int = STEPS,
) -> Pair:
    """An encoder and a decoder after ``steps`` batches of 64 words, as in the notebook.

    Parameters
    ----------
    lesson : dict
        The notebook's names.
    seed : int
    decoder : str
        A class of the notebook's, or :data:`NOT_DIVIDED`.
    encoder : str
        A key of :func:`encoders`.
    parts : Parts, optional
        The words to learn from, the notebook's by default.
    steps : int
    """
    make_encoder, peak = encoders(lesson)[encoder]
    training.set_up(seed)
    pair = (
        make_encoder(figures.N_LETTERS, *SIZES),
        decoder_maker(lesson, decoder)(figures.N_SOUNDS, *SIZES),
    )
    train = (parts or lesson["words"]).train
    batches = figures.endless_batches(train, size=64, seed=seed)
    lesson["train_speller"](*pair, batches, steps=steps, peak=peak)
    return pair


def saturation(lesson: Lesson, pair: Pair) -> Row:
    """Both error rates of the validation words, and the share of saturated steps.

    In those, one letter has more than 0.99 of the weight.
    """
    part = lesson["words"].valid
    wrong, per_sound = lesson["error_rates"](lesson["transcribe"](*pair, part.inputs), part.targets)
    return {
        "words wrong": wrong,
        "sounds wrong": per_sound,
        "saturated": float((figures.largest_weights(*pair, part) > 0.99).mean()),
    }


def scores(lesson: Lesson, seed: int) -> Iterator[Row]:
    """Scaled and unscaled scores behind both encoders that know the places of the letters."""
    for encoder in ("GRU", "self-attention"):
        for scaled in (True, False):
            pair = trained(lesson, seed, "Decoder" if scaled else NOT_DIVIDED, encoder)
            about = {"encoder": encoder, "scaled": scaled, "seed": seed}
            yield about | saturation(lesson, pair)


def places(lesson: Lesson, seed: int) -> Iterator[Row]:
    """Self-attention that does not know the places of the letters."""
    encoder = "self-attention, no places"
    pair = trained(lesson, seed, "Decoder", encoder)
    yield {"encoder": encoder, "scaled": True, "seed": seed, **saturation(lesson, pair)}


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
        "words dealt one by one": (naive, by_heart, trained(lesson, seed, "Decoder", parts=naive)),
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
    "seq2seq": {"scores": scores, "places": places},
    "seq2seq_seeds": {"spellers": spellers, "beams": beams, "divisions": divisions},
}
