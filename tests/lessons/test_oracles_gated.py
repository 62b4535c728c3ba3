"""The solutions of the LSTM and the GRU against PyTorch, autograd and the papers' equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course.weights import load_torch_weights
from tests.support.oracles import as_tensors, assert_close, draw, gradients, load, solution_of

SIZES = [(3, 4, 5, 6), (1, 1, 2, 3), (2, 7, 3, 1)]


@pytest.fixture(scope="module")
def lstm():
    return solution_of("02_lstm/lstm")


@pytest.fixture(scope="module")
def gru():
    return solution_of("03_gru/gru")


def weights(D, H, gates):
    return draw(20, (D, gates * H), (H, gates * H), (gates * H,))


def lstm_by_hand(x, h, c, W_x, W_h, b):
    """The LSTM in autograd, gates in the order i, f, g, o."""
    states, cells = [], []
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ W_x + h @ W_h + b).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
        cells.append(c)
    return torch.stack(states, 1), torch.stack(cells, 1)


def gru_by_hand(x, h, W_x, W_h, b):
    """The papers' GRU in autograd: reset before the product, z opens to the new."""
    H, states = h.shape[1], []
    for t in range(x.shape[1]):
        a = x[:, t] @ W_x + b
        r = torch.sigmoid(a[:, :H] + h @ W_h[:, :H])
        z = torch.sigmoid(a[:, H : 2 * H] + h @ W_h[:, H : 2 * H])
        n = torch.tanh(a[:, 2 * H :] + (r * h) @ W_h[:, 2 * H :])
        h = (1 - z) * h + z * n
        states.append(h)
    return torch.stack(states, 1)


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_lstm_forward_is_nn_lstm(lstm, N, T, D, H):
    x, h0, c0 = draw(21, (N, T, D), (N, H), (N, H))
    W = weights(D, H, 4)
    layer = torch.nn.LSTM(D, H, batch_first=True).double()
    load(layer, *W)
    expected, (_, c_n) = layer(torch.tensor(x), (torch.tensor(h0)[None], torch.tensor(c0)[None]))
    h, c, _ = lstm["lstm_forward"](x, h0, c0, *W)
    assert_close(h, expected)
    assert_close(c[:, -1], c_n[0])


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_lstm_backward_is_autograd(lstm, N, T, D, H):
    x, h0, c0, dh, dc = draw(22, (N, T, D), (N, H), (N, H), (N, T, H), (N, T, H))
    W = weights(D, H, 4)
    _, _, cache = lstm["lstm_forward"](x, h0, c0, *W)
    inputs = as_tensors(x, h0, c0, *W)
    h, c = lstm_by_hand(*inputs)
    total = (h * torch.tensor(dh)).sum() + (c * torch.tensor(dc)).sum()
    expected = torch.autograd.grad(total, inputs)
    for got, want in zip(lstm["lstm_backward"](dh, dc, cache), expected, strict=True):
        assert_close(got, want)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("layers", [1, 2])
def test_lstm_module_is_nn_lstm(lstm, layers, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    layer = torch.nn.LSTM(3, 5, num_layers=layers, batch_first=True).double().to(device)
    module = lstm["LSTM"](3, 5, num_layers=layers).double().to(device)
    load_torch_weights(module, layer)
    x, h0, c0 = (
        torch.tensor(a, device=device) for a in draw(23, (2, 4, 3), (layers, 2, 5), (layers, 2, 5))
    )
    for state in (None, (h0, c0)):
        expected, (h_n, c_n) = layer(x, state)
        output, (h, c) = module(x, state)
        for got, want in ((output, expected), (h, h_n), (c, c_n)):
            assert_close(got.cpu(), want.cpu())


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_gru_forward_and_backward_are_the_papers(gru, N, T, D, H):
    x, h0, dh = draw(24, (N, T, D), (N, H), (N, T, H))
    W = weights(D, H, 3)
    inputs = as_tensors(x, h0, *W)
    expected = gru_by_hand(*inputs)
    h, cache = gru["gru_forward"](x, h0, *W)
    assert_close(h, expected)
    for got, want in zip(
        gru["gru_backward"](dh, cache), gradients(expected, dh, inputs), strict=True
    ):
        assert_close(got, want)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_gru_module_is_nn_gru(gru, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    layer = torch.nn.GRU(3, 5, batch_first=True).double().to(device)
    module = gru["GRU"](3, 5).double().to(device)
    load_torch_weights(module, layer)
    x, h0 = (torch.tensor(a, device=device) for a in draw(25, (2, 4, 3), (1, 2, 5)))
    for state in (None, h0):
        expected, h_n = layer(x, state)
        output, h = module(x, state)
        assert_close(output.cpu(), expected.cpu())
        assert_close(h.cpu(), h_n.cpu())


@pytest.mark.parametrize(("cell", "layer"), [("rnn", "RNN"), ("gru", "GRU"), ("lstm", "LSTM")])
def test_parameter_counts(gru, cell, layer):
    module = getattr(torch.nn, layer)(7, 5)
    total = sum(p.numel() for p in module.parameters()) - module.bias_hh_l0.numel()
    assert gru["count_parameters"](cell, 7, 5) == total


def test_forget_bias_and_glorot_scale(lstm):
    W_x, W_h, b = lstm["init_lstm"](400, 300, np.random.default_rng(0), forget_bias=1.5)
    assert_close(b.reshape(4, 300)[1], np.full(300, 1.5))
    assert np.abs(b.reshape(4, 300)[[0, 2, 3]]).max() == 0
    assert W_x[:, :300].std() == pytest.approx(np.sqrt(2 / 700), rel=0.02)
    assert W_h[:, 300:600].std() == pytest.approx(np.sqrt(2 / 600), rel=0.02)
