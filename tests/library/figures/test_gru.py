"""Titles of `gru`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from course.figures import (
    gru,
    gru_seeds,
)
from tests.library.figures.support import Case, draws_both_ways


def averages(leaks: tuple[float, ...]) -> None:
    at = pd.date_range("2013-09-07", periods=96, freq="h")
    hours = pd.Series(65 + 10 * np.sin(np.arange(96) / 4), index=at)
    gru.leaky_averages(hours, leaks)


def update_bias(walks: bool) -> None:
    lines = {b: np.full(100, left) for b, left in ((0, 1e-12), (-2, 1e-4), (-6, 0.8))}
    gru.gradient_by_update_bias(
        lines if walks else {b: 1e-6 * line for b, line in lines.items()}, [1e-12] * 100
    )


def rain_task() -> SimpleNamespace:
    times = pd.date_range("2013-08-20", "2013-09-14", freq="h", tz="UTC")
    rain = np.arange(len(times)) % 100 == 50
    return SimpleNamespace(
        times=times, rain=rain, amount=0.1 * rain, since=np.arange(len(times)) % 100.0, cut=0
    )


READOUT = nn.Linear(1, 1)
with torch.no_grad():
    READOUT.weight.fill_(1.0)
    READOUT.bias.zero_()


def gates_in_rain(opens: float) -> None:
    task = rain_task()
    z = np.where(task.rain, opens, 0.1)[:, None]
    states = np.where(task.rain, 0.1, 2.0)[:, None]
    gru.when_the_gates_open(task, states, READOUT, z, z)


def ported(offset: float) -> None:
    task = rain_task()
    right = (task.since / 24)[:, None]
    ports = {"PyTorch": right, "port": right + offset / 24}
    gru.same_weights_same_rain(task, READOUT, ports, hours=100)


class Leaky(nn.Module):
    """Six units that keep a share of their state at each step."""

    def __init__(self, kept: float) -> None:
        super().__init__()
        self.kept = kept

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, None]:
        powers = self.kept ** torch.arange(1, x.shape[1] + 1)
        return h[0][:, None] * powers[:, None], None


def nudged(kept: float) -> None:
    T = 200
    task = SimpleNamespace(rain=np.arange(T) == 0, cut=1, inputs=np.zeros((T, 2), np.float32))
    states = np.ones((T, 6), np.float32)
    gru.what_is_left_of_a_nudge(task, Leaky(kept), states, np.full((T, 6), 0.1), range(6), 48)


def training_costs(column: str, **by_layer: float) -> pd.DataFrame:
    """A cost that grows with size, times a number for each layer."""
    values = {"RNN": 1.0, "GRU": 3.0, "LSTM": 2.0, "LSTM, fused kernel off": 3.0}
    values |= by_layer
    rows = {
        (swept, size, layer): cost * size
        for swept, sizes in (("T", (25, 100)), ("H", (16, 64)))
        for size in sizes
        for layer, cost in values.items()
    }
    index = pd.MultiIndex.from_tuples(rows, names=["swept", "size", "layer"])
    table = pd.DataFrame({column: list(rows.values())}, index)
    return table.assign(low=table[column], high=table[column]) if column == "median" else table


def networks(gru: float) -> pd.DataFrame:
    hours = {"RNN": 10.0, "GRU": gru, "LSTM": 2.0}
    rows = [
        {"network": cell, "seed": seed, "hours off": off + 0.1 * seed}
        for cell, off in hours.items()
        for seed in range(5)
    ]
    baselines = {"always 72 h": 17.0}
    return gru_seeds.error_by_network(pd.DataFrame(rows), {"GRU": 1.0}, baselines)


CASES = [
    Case(
        "One number, three leaks: a small z remembers longer",
        lambda: averages((0.5, 0.1, 0.02)),
        lambda: averages((0.1,)),
    ),
    Case(
        "A small z lets the gradient walk home",
        lambda: update_bias(True),
        lambda: update_bias(False),
    ),
    Case(
        "When it rains, some update gates open and the count starts anew",
        lambda: gates_in_rain(0.8),
        lambda: gates_in_rain(0.1),
    ),
    Case(
        "The recorded gate predicts how long most units remember",
        lambda: nudged(0.9),
        lambda: nudged(0.5),
    ),
    Case(
        "kernels count for more than arithmetic",
        lambda: gru.time_per_training_step(training_costs("median")),
        lambda: gru.time_per_training_step(training_costs("median", LSTM=4.0)),
    ),
    Case(
        "Memory grows with T: every step leaves its cache behind",
        lambda: gru.memory_per_training_step(training_costs("peak")),
        lambda: gru.memory_per_training_step(training_costs("peak", GRU=0.0)),
    ),
    Case("the port loses count", lambda: ported(20.0), lambda: ported(0.0)),
    Case(
        "With every seed the gated cells count better than any vanilla RNN",
        lambda: networks(1.0),
        lambda: networks(11.0),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()


def test_errors_of_networks_come_back_by_seed():
    table = networks(1.0)
    assert list(table) == list(gru_seeds.CELLS)
    assert table.loc[3, "LSTM"] == 2.3


def test_one_more_gru_stands_below_the_stored_ones():
    rows = [
        {"way": way, "seed": seed, "hours off": off + seed}
        for way, off in {"right": 1.0, "wrong": 5.0, "not yours": 9.0}.items()
        for seed in range(2)
    ]
    table = gru_seeds.errors_by_way(pd.DataFrame(rows), pd.Series({"right": 0.5, "wrong": 7.0}))
    assert table["wrong"].tolist() == [5.0, 6.0, 7.0] and list(table) == ["right", "wrong"]
    stored = pd.DataFrame({"opens": [0.5], "least rewritten": [0.1], "reset lower": [6], "seed": 0})
    units = {"z, rain": [0.9, 0.2], "z, dry": [0.2, 0.3], "r, rain": [0.1, 0.9], "r, dry": 0.5}
    both = gru_seeds.with_yours(stored, pd.DataFrame(units))
    assert both["opens"].tolist() == [0.5, pytest.approx(0.7)]
    assert both["reset lower"].tolist() == [6, 1] and both["least rewritten"].min() == 0.1
