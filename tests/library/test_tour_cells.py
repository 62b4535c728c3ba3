"""What the tour measures is what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course.figures import tour_cells


def test_the_hand_set_unit_follows_the_equations_of_an_lstm():
    rng = np.random.default_rng(0)
    values, marks = rng.uniform(-0.8, 0.8, 12), (rng.random(12) < 0.3).astype(float)
    traces = tour_cells.latch(values, marks, bias=2.0)
    cell = 0.0
    for t in range(12):
        cell = traces["forget gate"][t] * cell + traces["input gate"][t] * values[t]
        assert traces["cell"][t] == pytest.approx(cell, abs=1e-6)


def test_gates_set_to_hold_keep_what_the_bias_says():
    cell = tour_cells.make_cell("gru", 3, 5, seed=0, hold=40.0)
    h0 = torch.randn(1, 2, 5)
    assert torch.allclose(cell(torch.randn(2, 9, 3), h0)[1], h0, atol=1e-5)


@pytest.mark.parametrize("kind", tour_cells.CELLS)
def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone(kind):
    before = torch.get_rng_state()
    first, second = (tour_cells.make_cell(kind, 3, 4, seed=1) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_rnn_is_set_up_orthogonal():
    W = tour_cells.make_cell("rnn", 3, 6, seed=0).weight_hh_l0
    assert torch.allclose(W @ W.T, torch.eye(6), atol=1e-5)
    scaled = tour_cells.rnn_of_radius(1.5, 3, 6, seed=0).weight_hh_l0
    assert torch.allclose(scaled, 1.5 * W)


def test_influence_of_a_nearly_linear_rnn_is_a_power_of_its_radius():
    cell = tour_cells.rnn_of_radius(0.8, 4, 16, seed=0)
    with torch.no_grad():
        cell.bias_ih_l0.zero_()
        cell.bias_hh_l0.zero_()
    left = tour_cells.influence(cell, 20, loudness=1e-4, seed=0, N=200)
    assert left[0] == 1
    assert np.allclose(left, 0.8 ** np.arange(20), rtol=0.15)


def test_the_first_symbol_is_the_answer_and_never_comes_again():
    x, targets = tour_cells.recall_batch(7, 9, 4, torch.Generator().manual_seed(0))
    ids = x.argmax(dim=2)
    assert torch.equal(ids[:, 0], targets)
    assert (ids[:, 1:] >= 4).all()


def test_surprise_counts_what_followed():
    bits = tour_cells.surprise("ababababab", "abab", [0, 1])
    assert bits["new"][0] == pytest.approx(1.0, abs=0.01)
    assert bits["new"][1] < 0.1
