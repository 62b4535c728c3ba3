"""The stored five-seed runs of ``02_lstm/language_model.ipynb``, made with its own solutions.

Two questions that one training cannot answer: what each kind of dropout gains on a text that is
read again and again, and what the LSTM gains over vanilla RNNs with as many units or as many
weights. Rows of plain numbers go into ``course/data/stored/language_model.json``. It takes a few
minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from course import training
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "02_lstm" / "language_model.ipynb"
KINDS = ("none", "ordinary", "variational")
CELLS = {
    "LSTM, 128 units": ("lstm", 128, 1.0),
    "RNN, 128 units": ("rnn", 128, 0.5),
    "RNN, 253 units": ("rnn", 253, 0.5),
}
"""Cell, units, and the factor of the notebook's learning rates that suits it."""


def dropout(lesson: dict[str, Any], seed: int, kinds: Iterable[str] = KINDS) -> Iterator[Row]:
    """Three scenes read eighteen times, without dropout and with two kinds of it."""
    for kind in kinds:
        curve, seen = lesson["by_heart"](kind, seed)
        yield {"dropout": kind, "seed": seed, "curve": curve, "training text": seen}


def cells(
    lesson: dict[str, Any],
    seed: int,
    characters: int = 300_000,
    names: Iterable[str] = tuple(CELLS),
) -> Iterator[Row]:
    """The LSTM and two RNNs on the same text, one with as many units, one with as many weights."""
    batches = lesson["make_batches"](lesson["train_ids"][:characters], 16, 32)
    for name in names:
        cell, units, pace = CELLS[name]
        training.set_up(seed)
        model = lesson["CharLM"](lesson["V"], 32, units, cell)
        lesson["fit"](model, batches, [pace * rate for rate in lesson["RATES"]])
        bits = lesson["bits_per_character"](model, lesson["valid_ids"])
        weights = training.parameter_count(model)
        yield {"network": name, "weights": weights, "seed": seed, "bits": bits}


STUDIES: Studies = {
    "language_model": {"dropout": dropout, "cells": cells},
}
