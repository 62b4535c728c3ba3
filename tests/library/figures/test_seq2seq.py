"""Titles of `seq2seq`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from course import data
from course.figures import (
    seq2seq,
)
from tests.library.figures.support import Case, draws_both_ways, titles

WORDS = data.Part(["cat", "cake"] * 5, [["K", "AE", "T"], ["K", "EY", "K"]] * 5)


def rates(said: list, right: list) -> tuple[float, float]:
    wrong = np.mean([one != other for one, other in zip(said, right, strict=True)]) if said else 0
    return float(wrong), float(wrong) / 2


def by_length(blind: int) -> None:
    """Of the model without attention, every ``blind``-th answer is wrong; else every fifth."""

    def model(wrong: int) -> list:
        return [[] if k % 10 < 10 // wrong else row for k, row in enumerate(WORDS.targets)]

    part = data.Part(["abcdefg"[: 3 + k // 10] for k in range(50)], WORDS.targets * 5)
    said = {"no attention": model(blind) * 5, "attention": model(5) * 5}
    seq2seq.errors_by_length(rates, part, said)


def gaze(weights: np.ndarray) -> None:
    sounds = [*"ABCDEFG"[: len(weights) - 1], "END"]
    seq2seq.where_it_looks({"word": (weights, sounds)}, data.Part([], []))


def seeds_of_scores(not_divided: float) -> None:
    rows = [
        {
            "encoder": encoder,
            "scaled": scaled,
            "seed": seed,
            "words wrong": 0.5 if scaled else not_divided,
            "sounds wrong": 0.1 if scaled else 0.2 * not_divided,
            "saturated": 0.4 if scaled else 0.9,
        }
        for encoder in ("GRU", "self-attention")
        for scaled in (True, False)
        for seed in range(2)
    ]
    weights = np.linspace(0, 1, 10)
    seq2seq.scaled_and_not({"divided": weights, "not": weights}, pd.DataFrame(rows), (0.5, 0.1))


class Speller(nn.Module):
    """A decoder whose weights follow the memory, or stand at the first letters, padding too."""

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.looks = looks

    def forward(self, said: Any, state: Any, memory: torch.Tensor, mask: torch.Tensor) -> tuple:
        scores = memory[..., 0] if self.looks else 0.0 * memory[..., 0]
        scores = scores.masked_fill(~mask, -1e9) if self.looks else scores
        steps = said.shape[1]
        weights = (scores - (0 if self.looks else torch.arange(memory.shape[1]))).softmax(1)
        return None, None, weights[:, None].expand(-1, steps, -1)


def symptoms(looks: bool) -> None:
    def encode(source: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
        return source[..., None].float(), None

    def transcribe(encoder: Callable, decoder: nn.Module, words: list[str]) -> list[str]:
        longest = max(map(len, words))
        return [word if decoder.looks else f"{word}{longest}" for word in words]

    pairs = {"yours": (encode, Speller(True)), "published": (encode, Speller(looks))}
    seq2seq.symptoms_of_not_looking(pairs, transcribe, WORDS)


def training_of_a_speller(last: float) -> None:
    seq2seq.learning_curves({"attention": [3.5] * 20 + [last] * 200}, {})


def every_rate(attentive: float) -> None:
    results = {
        "attention, 300 steps": (attentive, 0.1),
        "no attention, 300 steps": (0.8, 0.3),
        "self-attention, places": (0.6, 0.2),
        "self-attention, no places": (0.9, 0.6),
    }
    seq2seq.all_error_rates(results, 100)


CASES = [
    Case(
        "Attention makes fewer mistakes at every length",
        lambda: by_length(2),
        lambda: by_length(10),
    ),
    Case(
        "After a hundred steps, ",
        lambda: training_of_a_speller(1.0),
        lambda: training_of_a_speller(4.0),
    ),
    Case(
        "The gaze walks along the word",
        lambda: gaze(np.eye(5, 4)),
        lambda: gaze(np.full((5, 4), 0.25)),
    ),
    Case(
        "Scores that are not divided saturate the softmax, and cost words and sounds",
        lambda: seeds_of_scores(0.7),
        lambda: seeds_of_scores(0.4),
    ),
    Case(
        "Three symptoms of not looking", lambda: symptoms(looks=False), lambda: symptoms(looks=True)
    ),
    Case(
        "Looking back helps, and so does knowing the order",
        lambda: every_rate(0.4),
        lambda: every_rate(0.9),
    ),
]


@pytest.mark.parametrize("width", [1, 2])
def test_a_beam_is_compared_with_a_narrower_one_only(width):
    table = np.log(np.full(seq2seq.N_SOUNDS, 1e-3))
    table[seq2seq.END] = np.log(0.9)

    def search(step: Callable, start: int, end: int, width: int, most: int) -> tuple:
        step([start])
        return [], 0.0

    seq2seq.beam_tree(search, lambda word: lambda prefix: table, "a", width)
    assert titles().count("a beam of 1 says") == 1
    assert titles().count("says") == width


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
