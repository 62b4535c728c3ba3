"""Seconds and bytes are measured rightly."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from course import measuring
from course.figures import comparison as figures


def test_peak_memory_is_the_largest_sum_of_live_tensors():
    def two_then_one():
        a = torch.ones(2**18)  # 1 MiB
        b = a + 1
        del a
        return b + 1

    assert measuring.peak_mebibytes(two_then_one) == pytest.approx(2, abs=0.01)


def test_peak_bytes_are_those_of_live_arrays():
    kept = np.ones(2**17)  # 1 MiB that was there before

    def two_then_one():
        a = np.ones(2**17)
        b = a + kept
        del a
        return b + 1

    assert measuring.peak_bytes(two_then_one) == pytest.approx(2 * 2**20, rel=0.01)


def test_a_clock_sees_work():
    with measuring.clock() as clock:
        sum(range(200_000))
    assert 0 < clock.seconds < 5


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_way_runs_and_checkpointing_saves_memory(cell):
    ways = measuring.ways_to_run(cell, T=36, H=8, N=2, D=3)
    peaks = {way: measuring.peak_mebibytes(run) for way, run in ways.items()}
    assert set(peaks) == {
        measuring.BY_HAND,
        measuring.FUSED,
        measuring.FUSED_OFF,
        measuring.TWICE,
    }
    assert peaks[measuring.TWICE] < peaks[measuring.BY_HAND]


def test_a_figure_returns_the_data_that_it_drew():
    values = {cell: 0.9 * np.exp(1j * np.arange(4)) for cell in ("rnn", "gru", "lstm")}
    table = figures.eigenvalues_on_the_circle(values)
    assert isinstance(table, pd.DataFrame)
    assert table["time constant"].to_list() == pytest.approx([-1 / np.log(0.9)] * 3)
    plt.close("all")
