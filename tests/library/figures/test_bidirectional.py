"""Titles of `bidirectional`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from course.figures import (
    bidirectional,
)
from tests.library.figures.support import Case, draws_both_ways, titles


def layer(both: bool) -> nn.RNN:
    torch.manual_seed(0)
    made = nn.RNN(2, 3, batch_first=True, bidirectional=True)
    if not both:
        with torch.no_grad():
            made.weight_ih_l0.zero_()
    return made


def leaky(x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
    return x.sum(dim=1, keepdim=True) + x, None


def tight(x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
    real = (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]
    return leaky(x * real, lengths)[0] * real, None


SENTENCES = ["not a dull minute", "dreadful"]


def within(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.stack([np.r_[row[:n][::-1], row[n:]] for row, n in zip(x, lengths, strict=True)])


def running(x: np.ndarray) -> np.ndarray:
    """A chain that forgets half of its state at each step, and counts the steps a little."""
    states, h = [], np.zeros((len(x), x.shape[2]))
    for t in range(x.shape[1]):
        h = 0.5 * h + x[:, t] + 0.1
        states.append(h)
    return np.stack(states, axis=1)


def flipped(forwards: Callable, backwards: Callable, x: np.ndarray, lengths: np.ndarray) -> Any:
    return np.concatenate([forwards(x), backwards(x[:, ::-1])[:, ::-1]], axis=2)


def careful(forwards: Callable, backwards: Callable, x: np.ndarray, lengths: np.ndarray) -> Any:
    turned = within(backwards(within(x, lengths)), lengths)
    return np.concatenate([forwards(x), turned], axis=2)


CHAINS = (running, running)


def last_of_five(pads_read: bool) -> Callable:
    def encode(step: Callable, x: np.ndarray, h: np.ndarray, lengths: np.ndarray) -> tuple:
        for t in range(x.shape[1] if pads_read else 5):
            h = step(x[:, t], h)
        return None, h

    return encode


def paddings(pads_read: bool) -> None:
    encoders = {"one": last_of_five(pads_read), "another": last_of_five(pads_read=False)}
    bidirectional.distance_by_pads(encoders, lambda x, h: 0.5 * h + x.sum(1, keepdims=True), H=2)


CASES = [
    Case(
        "One direction sees the past, the other the future, both see everything",
        lambda: bidirectional.reaction_by_direction(layer(both=True), T=4),
        lambda: bidirectional.reaction_by_direction(layer(both=False), T=4),
    ),
    Case(
        "With lengths, nothing goes into the padding and nothing comes out of it",
        lambda: bidirectional.reaction_with_padding(leaky, tight),
        lambda: bidirectional.reaction_with_padding(leaky, leaky),
    ),
    Case(
        "every sentence begins with its last word",
        lambda: bidirectional.where_the_words_go(SENTENCES, within),
        lambda: bidirectional.where_the_words_go(SENTENCES, lambda x, lengths: x[:, ::-1]),
    ),
    Case(
        "short sentences begin with padding",
        lambda: bidirectional.where_the_words_go(SENTENCES, within),
        lambda: bidirectional.where_the_words_go(["a film", "a joy"], within),
    ),
    Case(
        "zeros behind it change its states",
        lambda: bidirectional.states_with_padding(flipped, careful, CHAINS, SENTENCES[0]),
        lambda: bidirectional.states_with_padding(careful, careful, CHAINS, SENTENCES[0]),
    ),
    Case(
        "A few zeros shift every state; reversed within the length, none",
        lambda: bidirectional.change_by_pads(flipped, careful, CHAINS, SENTENCES[0]),
        lambda: bidirectional.change_by_pads(flipped, flipped, CHAINS, SENTENCES[0]),
    ),
    Case(
        "Padding that is read makes all sentences alike",
        lambda: paddings(pads_read=True),
        lambda: paddings(pads_read=False),
    ),
]


EACH_CHAIN = "Each chain is good only where it has read enough"
PADDING = "Padding that is read costs accuracy, and more away from its batch"
OTHERS = (EACH_CHAIN, PADDING)


class TestTrainingsOfTwoDirections:
    """What is trained within a figure is not trained at all here."""

    @pytest.mark.parametrize("trained", [True, False])
    def test_each_chain_is_good_only_where_it_has_read_enough(self, trained, monkeypatch):
        def made(way: str, units: int, steps: int) -> Callable:
            def answer(x: torch.Tensor) -> torch.Tensor:
                so_far = x.cumsum(1) / torch.arange(1, x.shape[1] + 1)[:, None]
                behind = x.flip(1).cumsum(1).flip(1) / torch.arange(x.shape[1], 0, -1)[:, None]
                means = {"forward": so_far, "backward": behind, "both": x.mean(1, keepdim=True)}
                return x - means[way] if trained else x

            return answer

        monkeypatch.setattr(bidirectional, "_trained", made)
        bidirectional.accuracy_by_position({"forward": 2, "backward": 2, "both": 2})
        assert (EACH_CHAIN in titles()) == trained

    @pytest.mark.parametrize("told_is_better", [True, False])
    def test_padding_that_is_read_costs_accuracy(self, told_is_better, monkeypatch):
        def made(seed: int, steps: int, told: bool) -> Callable:
            def answer(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
                right = x[:, :, 0]
                if not told_is_better:
                    return right
                return right if told else right - (0.5 if lengths is None else 1.0)

            return answer

        monkeypatch.setattr(bidirectional, "_trained_on_padding", made)
        bidirectional.price_of_padding(seeds=1)
        assert (PADDING in titles()) == told_is_better


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
