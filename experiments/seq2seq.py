"""The stored five-seed runs of ``05_attention/seq2seq.ipynb``, made with its own solutions.

What does dividing the scores by the root of their size do? The notebook's decoder is trained with
and without it, behind its two encoders, from five seeds; and once more from each behind the
encoder that does not know the places of the letters. Rows of plain numbers go into
``course/data/stored/seq2seq.json``. It takes a few minutes of one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import nn

from course import training
from course.figures import seq2seq as figures
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "05_attention" / "seq2seq.ipynb"
STEPS, SIZES = 300, (64, 96)
"""Batches of 64 words, and the sizes of embeddings and states, as in the notebook."""


def encoders(lesson: dict[str, Any]) -> dict[str, tuple[Callable[..., nn.Module], float]]:
    """By name: how to make each encoder of the notebook, and the highest learning rate for it."""
    attention = partial(figures.AttentionEncoder, lesson["self_attention"])
    return {
        "GRU": (lesson["Encoder"], 0.006),
        "self-attention": (partial(attention, places=True), 0.003),
        "self-attention, no places": (partial(attention, places=False), 0.003),
    }


def trained(lesson: dict[str, Any], encoder: str, scaled: bool, seed: int, steps: int) -> Row:
    """Train one pair and measure it on the validation words.

    Parameters
    ----------
    lesson : dict
        The notebook's names.
    encoder : str
        "GRU", "self-attention" or "self-attention, no places".
    scaled : bool
        Whether the scores are divided by the root of their size.
    seed, steps : int

    Returns
    -------
    dict
        Both error rates, and the share of saturated steps: those in which one letter has more
        than 0.99 of the weight.
    """
    make_encoder, peak = encoders(lesson)[encoder]
    make_decoder = lesson["Decoder"] if scaled else partial(figures.unscaled, lesson["Decoder"])
    training.set_up(seed)
    pair = make_encoder(figures.N_LETTERS, *SIZES), make_decoder(figures.N_SOUNDS, *SIZES)
    batches = figures.endless_batches(lesson["words"].train, size=64, seed=seed)
    lesson["train_speller"](*pair, batches, steps=steps, peak=peak)
    part = lesson["words"].valid
    wrong, per_sound = lesson["error_rates"](lesson["transcribe"](*pair, part.inputs), part.targets)
    return {
        "encoder": encoder,
        "scaled": scaled,
        "seed": seed,
        "words wrong": wrong,
        "sounds wrong": per_sound,
        "saturated": float((figures.largest_weights(*pair, part) > 0.99).mean()),
    }


def scores(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Scaled and unscaled scores behind both encoders that know the places of the letters."""
    for encoder in ("GRU", "self-attention"):
        for scaled in (True, False):
            yield trained(lesson, encoder, scaled, seed, STEPS)


def places(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Self-attention that does not know the places of the letters."""
    yield trained(lesson, "self-attention, no places", True, seed, STEPS)


STUDIES: Studies = {
    "scores": scores,
    "places": places,
}
