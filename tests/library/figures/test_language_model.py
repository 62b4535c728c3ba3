"""Titles of `language_model`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import nn

from course.figures import (
    language_model,
)
from tests.library.figures.support import Case, draws_both_ways

ALPHABET = language_model.Alphabet(" qu")


def pairs(after_q: float) -> None:
    table = torch.full((3, 3), 1 / 3)
    table[1] = torch.tensor([(1 - after_q) / 2, (1 - after_q) / 2, after_q])
    language_model.bets_of_pairs(table, ALPHABET, letters=" qu")


def text_read(lead: float) -> None:
    rng = np.random.default_rng(0)
    train, text = rng.integers(3, size=4000), rng.integers(3, size=300)
    counted = [2.0, 2.0]

    def bits(p: np.ndarray) -> float:
        return counted[0]

    language_model.bits_against_text(
        [("LSTM", 4000, [2.0 - lead, 2.0 - lead])], train, text, 3, bits, amounts=(2000, 4000)
    )


def networks(big: float) -> None:
    rows = [
        {"network": name, "weights": weights, "seed": seed, "bits": bits + 0.01 * seed}
        for name, weights, bits in (
            ("LSTM, 4 units", 90, 2.8),
            ("RNN, 4 units", 30, 2.95),
            ("RNN, 8 units", 91, big),
        )
        for seed in range(3)
    ]
    language_model.cells_over_seeds(pd.DataFrame(rows))


def passage(inside: bool) -> None:
    text = "abc abc abc abc "
    dear = np.array([0, 10, 0, 0] if inside else [10, 0, 0, 0], dtype=float)
    language_model.prices_in_a_passage(text, {"LSTM": np.tile(dear, 4)}, begin=0, length=8)


def forgotten(after: float) -> None:
    carried = torch.full((32,), 2.8)
    carried[:after] = 4.5
    language_model.bits_since_zero_state(carried, carried)


class Echo(nn.Module):
    """Logits that depend on characters far back with a fading weight."""

    def __init__(self, fade: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.fade = nn.Embedding(3, 3), fade

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, None]:
        weights = self.fade ** torch.arange(ids.shape[1]).flip(0)
        return (self.table(ids) * weights[:, None]).cumsum(dim=1), None


def reaches(rnn: float) -> None:
    rows = torch.randint(3, (2, 40), generator=torch.Generator().manual_seed(0))
    language_model.reach_of_a_bet({"RNN": Echo(rnn), "LSTM": Echo(0.9)}, rows)


def by_heart(rise: float) -> None:
    curve = [4.0, 3.5, 3.5 + rise]
    rows = [
        {"dropout": kind, "seed": 0, "curve": c, "training text": seen}
        for kind, c, seen in (
            ("none", curve, 2.0),
            ("ordinary", [4.0, 3.6, 3.5], 3.0),
            ("variational", [4.0, 3.6, 3.5], 3.0),
        )
    ]
    language_model.learned_by_heart(pd.DataFrame(rows), {})


def temperatures(cold: list[float], hot: list[float]) -> None:
    bets = {0.4: torch.tensor(cold), 2.0: torch.tensor(hot)}
    language_model.bets_by_temperature(bets, ALPHABET, after="My lord", most=3)


CASES = [
    Case("Hardly anything but u follows q", lambda: pairs(0.98), lambda: pairs(0.5)),
    Case(
        "Longer contexts help until they have never been seen",
        lambda: language_model.bits_by_order([4, 3, 2, 2.5], [4, 3, 1, 0.5]),
        lambda: language_model.bits_by_order([4, 3, 2, 1.5], [4, 3, 1, 0.5]),
    ),
    Case(
        "At equal text neither the LSTM nor the 5-gram is far ahead",
        lambda: text_read(0.1),
        lambda: text_read(1.0),
    ),
    Case(
        "With as many weights the RNN comes closer, and the LSTM leads",
        lambda: networks(2.9),
        lambda: networks(2.7),
    ),
    Case(
        "The dearest characters lie inside words more often than at their beginning",
        lambda: passage(inside=True),
        lambda: passage(inside=False),
    ),
    Case(
        "After about ten characters a lost state is forgotten",
        lambda: forgotten(5),
        lambda: forgotten(14),
    ),
    Case(
        "Far back nothing is left of the RNN's share, and a little of the LSTM's",
        lambda: reaches(0.5),
        lambda: reaches(0.9),
    ),
    Case(
        "Without dropout the scenes are learned by heart",
        lambda: by_heart(0.4),
        lambda: by_heart(0.0),
    ),
    Case(
        "cold is sure of itself, hot tries more",
        lambda: temperatures([0.9, 0.05, 0.05], [0.4, 0.3, 0.3]),
        lambda: temperatures([0.4, 0.3, 0.3], [0.9, 0.05, 0.05]),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
