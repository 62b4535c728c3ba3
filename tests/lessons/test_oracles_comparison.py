"""The comparison's solutions against PyTorch's layers, scikit-learn and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyRegressor
from sklearn.preprocessing import StandardScaler

from experiments.comparison import SOURCE
from experiments.runs import names_of_the_lesson
from tests.support.oracles import assert_close, draw


@pytest.fixture(scope="module")
def lesson():
    """The notebook's solutions and definitions; nothing that trains."""
    return names_of_the_lesson(SOURCE)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize(("cell", "kind"), [("rnn", "RNN"), ("gru", "GRU"), ("lstm", "LSTM")])
def test_the_classifier_reads_the_final_states(lesson, cell, kind, layers, both):
    torch.manual_seed(0)
    layer = getattr(torch.nn, kind)(3, 5, layers, bidirectional=both, batch_first=True).double()
    model = lesson["SequenceClassifier"](cell, 3, 5, 4, layers, both).double()
    model.rnn.load_state_dict(layer.state_dict())
    x = torch.tensor(draw(1, (2, 6, 3))[0])
    state = layer(x)[1]
    h_n = state[0] if kind == "LSTM" else state
    final = torch.cat(list(h_n[-(1 + both) :]), dim=1)
    assert_close(model(x), model.readout(final))


def test_normalised_sums_are_sklearns_and_torchs(lesson):
    x, h, W_x, W_h, gain, b = map(torch.tensor, draw(2, (4, 3), (4, 6), (3, 6), (6, 6), (6,), (6,)))
    a = x @ W_x + h @ W_h
    expected = torch.tanh(torch.nn.functional.layer_norm(a, (6,), gain, b))
    assert_close(lesson["layer_norm_step"](x, h, W_x, W_h, gain, b), expected)
    scaled = StandardScaler().fit_transform(a.T.numpy()).T  # scikit-learn scales columns
    found = lesson["layer_norm_step"](x, h, W_x, W_h, gain, b, eps=0.0)
    assert_close(found, np.tanh(gain.numpy() * scaled + b.numpy()))


def test_the_repaired_jacobian_is_the_numerical_one(lesson):
    h, x, W_x, W_h, b = draw(3, (5,), (3,), (3, 5), (5, 5), (5,))

    def step(state):
        return np.tanh(x @ W_x + state @ W_h + b)

    nudge = 1e-6 * np.eye(5)
    columns = [(step(h + e) - step(h - e)) / 2e-6 for e in nudge]
    found = lesson["repaired_jacobian"](h, x, W_x, W_h, b)
    np.testing.assert_allclose(found, np.stack(columns, axis=1), atol=1e-8)


def test_guessing_in_the_adding_problem_earns_a_sixth(lesson):
    x, targets = lesson["adding_batch"](50_000, 6, torch.Generator().manual_seed(0))
    guess = DummyRegressor().fit(x[:, 0], targets).predict(x[:, 0])
    assert guess.mean() == pytest.approx(1, abs=0.01)
    assert np.mean((guess - targets.numpy()) ** 2) == pytest.approx(1 / 6, abs=0.003)
    assert torch.equal(x[:, :, 1].sum(dim=1), torch.full((50_000,), 2.0))


def test_the_copy_task_shows_every_symbol_as_often(lesson):
    x, targets = lesson["copy_first_batch"](40_000, 3, 8, torch.Generator().manual_seed(0))
    assert torch.bincount(targets) / 40_000 == pytest.approx(np.full(8, 1 / 8), abs=0.01)
    assert torch.equal(x[:, 0, :8].argmax(dim=1), targets)
    assert_close(x[:, 1:, :8].std(), 1.0, 0.01)


def test_training_is_adam_with_clipped_gradients(lesson):
    torch.manual_seed(1)
    ours, theirs = (torch.nn.Linear(3, 2).double() for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    x, targets = torch.tensor(draw(4, (12, 3))[0]) * 50, torch.arange(12) % 2
    wrapped = torch.nn.Sequential(torch.nn.Flatten(), ours)
    solved, scores = lesson["train_until"](wrapped, lambda: (x, targets), 2.0, 7, lr=0.1)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.1)
    for score in scores:
        output = theirs(x)
        assert score == pytest.approx((output.argmax(1) == targets).double().mean().item())
        optimizer.zero_grad()
        torch.nn.CrossEntropyLoss()(output, targets).backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        optimizer.step()
    assert not solved and len(scores) == 7
    assert_close(ours.weight, theirs.weight)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_trajectory_is_the_state_step_by_step(lesson, cell):
    torch.manual_seed(2)
    model, x = lesson["SequenceClassifier"](cell, 3, 4, 2), torch.randn(2, 5, 3)
    steps = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}
    step, state = steps[cell](3, 4), None
    weights = {key.removesuffix("_l0"): value for key, value in model.rnn.state_dict().items()}
    step.load_state_dict(weights)
    found = lesson["hidden_trajectory"](model, x)
    for t in range(5):
        state = step(x[:, t], state)
        h = state[0] if cell == "lstm" else state
        np.testing.assert_allclose(found[:, t], h.detach().numpy(), atol=1e-6)
