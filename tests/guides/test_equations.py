"""The equations of the guides, in both notations, are PyTorch's cells; their code runs as it is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from course import data
from tests.guides.support import GUIDES, cells

SIZES = [(3, 4, 5), (1, 2, 6), (4, 5, 1)]  # N, D, H


@cache
def code_of(page: str) -> dict:
    """What all fenced cells of a guide define, run from the top."""
    namespace: dict = {}
    for _, cell in cells(GUIDES / f"{page}.md"):
        exec(cell, namespace)
    return namespace


def setting(cell: nn.Module, N: int) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Large random weights in a cell, inputs and states of ``N`` rows, weights as rows see them."""
    generator = torch.Generator().manual_seed(N)
    for parameter in cell.parameters():
        with torch.no_grad():
            parameter.normal_(generator=generator)
    rows = [
        torch.randn(N, size, generator=generator, dtype=torch.float64).numpy()
        for size in (cell.input_size, cell.hidden_size, cell.hidden_size)
    ]
    weights = {name: p.detach().numpy() for name, p in cell.named_parameters()}
    return rows, weights


def columns_of(weights: dict, letters: str, D: int, H: int) -> tuple[dict, dict]:
    """One matrix per gate over ``[h, x]``, and its bias, from PyTorch's blocks."""
    W, b = {}, {}
    for k, letter in enumerate(letters):
        block = slice(k * H, (k + 1) * H)
        W[letter] = np.hstack([weights["weight_hh"][block], weights["weight_ih"][block]])
        b[letter] = (weights["bias_ih"] + weights["bias_hh"])[block, None]
        assert W[letter].shape == (H, H + D)
    return W, b


@pytest.mark.parametrize(("N", "D", "H"), SIZES)
def test_both_notations_of_the_lstm_are_torch_s(N, D, H):
    guide, cell = code_of("lstm_and_gru"), nn.LSTMCell(D, H).double()
    (x, h, c), weights = setting(cell, N)
    expected = [
        s.detach().numpy() for s in cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    ]
    bias = weights["bias_ih"] + weights["bias_hh"]
    rows = guide["lstm_step_rows"](x, h, c, weights["weight_ih"].T, weights["weight_hh"].T, bias)
    W, b = columns_of(weights, "ifco", D, H)
    for n in range(N):
        columns = guide["lstm_step_columns"](x[n, :, None], h[n, :, None], c[n, :, None], W, b)
        for found, right in zip(columns, expected, strict=True):
            np.testing.assert_allclose(found[:, 0], right[n], atol=1e-12)
    for found, right in zip(rows, expected, strict=True):
        np.testing.assert_allclose(found, right, atol=1e-12)


@pytest.mark.parametrize(("N", "D", "H"), SIZES)
def test_pytorch_s_gru_resets_after_the_matrix_and_keeps_with_z(N, D, H):
    guide, cell = code_of("lstm_and_gru"), nn.GRUCell(D, H).double()
    (x, h, _), w = setting(cell, N)
    expected = cell(torch.tensor(x), torch.tensor(h)).detach().numpy()
    args = (w["weight_ih"].T, w["weight_hh"].T, w["bias_ih"], w["bias_hh"])
    np.testing.assert_allclose(guide["gru_step_torch"](x, h, *args), expected, atol=1e-12)
    papers = guide["gru_step_rows"](x, h, args[0], args[1], args[2] + args[3])
    assert np.abs(papers - expected).max() > 1e-2  # another function


@pytest.mark.parametrize(("N", "D", "H"), SIZES)
def test_both_notations_of_the_papers_gru_agree_and_torch_s_can_be_reached_from_them(N, D, H):
    guide, cell = code_of("lstm_and_gru"), nn.GRUCell(D, H).double()
    (x, h, _), w = setting(cell, N)
    W_x, W_h, bias = w["weight_ih"].T, w["weight_hh"].T, w["bias_ih"] + w["bias_hh"]
    rows = guide["gru_step_rows"](x, h, W_x, W_h, bias)
    W, b = columns_of(w, "rzh", D, H)
    for n in range(N):
        columns = guide["gru_step_columns"](x[n, :, None], h[n, :, None], W, b)
        np.testing.assert_allclose(columns[:, 0], rows[n], atol=1e-12)
    # Where the place of the reset gate does not matter (r = 1, no b_hn), the other bridges suffice.
    with torch.no_grad():
        cell.bias_ih[:H] = 60.0
        cell.bias_hh[2 * H :] = 0.0
    expected = cell(torch.tensor(x), torch.tensor(h)).detach().numpy()
    bias = (cell.bias_ih + cell.bias_hh).detach().numpy().copy()
    W_x, W_h = W_x.copy(), W_h.copy()
    for array in (W_x, W_h, bias):  # the share that is kept becomes the share that is rewritten
        array[..., H : 2 * H] *= -1
    np.testing.assert_allclose(guide["gru_step_rows"](x, h, W_x, W_h, bias), expected, atol=1e-9)


def test_the_lstm_s_backward_equations():
    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (3, 20), "c_prev": (3, 5), "dh": (3, 5), "dc": (3, 5)}
    made = {k: torch.randn(s, generator=generator, dtype=torch.float64) for k, s in shapes.items()}
    a, c_prev = made["a"].requires_grad_(), made["c_prev"].requires_grad_()
    i, f, g, o = a.chunk(4, dim=1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c_prev + i * g
    h = o * c.tanh()
    da, dc_prev = torch.autograd.grad((h * made["dh"]).sum() + (c * made["dc"]).sum(), [a, c_prev])
    delta = made["dc"] + made["dh"] * o * (1 - c.tanh() ** 2)
    blocks = [
        delta * g * i * (1 - i),
        delta * c_prev * f * (1 - f),
        delta * i * (1 - g**2),
        made["dh"] * c.tanh() * o * (1 - o),
    ]
    torch.testing.assert_close(torch.cat(blocks, dim=1), da)
    torch.testing.assert_close(delta * f, dc_prev)


def test_the_gru_s_backward_equations():
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    h, dh = normal(3, 5).requires_grad_(), normal(3, 5)
    W_r, W_z, W_n = (normal(5, 5) for _ in range(3))
    from_x = [normal(3, 5).requires_grad_() for _ in range(3)]
    r, z = (from_x[0] + h @ W_r).sigmoid(), (from_x[1] + h @ W_z).sigmoid()
    n = (from_x[2] + (r * h) @ W_n).tanh()
    new = (1 - z) * h + z * n
    *right, dh_prev = torch.autograd.grad((new * dh).sum(), [*from_x, h])
    da_n = dh * z * (1 - n**2)
    da_z = dh * (n - h) * z * (1 - z)
    da_r = (da_n @ W_n.T) * h * r * (1 - r)
    for found, expected in zip((da_r, da_z, da_n), right, strict=True):
        torch.testing.assert_close(found, expected)
    roads = dh * (1 - z) + (da_n @ W_n.T) * r + da_z @ W_z.T + da_r @ W_r.T
    torch.testing.assert_close(roads, dh_prev)


def test_the_vanilla_rnn_and_its_way_back_are_torch_s():
    guide = code_of("recurrent_networks")
    layer = nn.RNN(3, 5, batch_first=True).double()
    x = torch.randn(2, 7, 3, dtype=torch.float64, requires_grad=True)
    h0 = torch.randn(1, 2, 5, dtype=torch.float64, requires_grad=True)
    dh = torch.randn(2, 7, 5, dtype=torch.float64)
    h = layer(x, h0)[0]
    (h * dh).sum().backward()
    weights = [p.detach().numpy() for p in layer.parameters()]  # ih, hh, and the two biases
    W_x, W_h, b = weights[0].T, weights[1].T, weights[2] + weights[3]
    arrays = [t.detach().numpy() for t in (x, h0[0])]
    found = guide["run"](*arrays, W_x, W_h, b)
    np.testing.assert_allclose(found, h.detach().numpy(), atol=1e-12)
    grads = guide["run_backward"](dh.numpy(), *arrays, found, W_x, W_h)
    right = [x.grad, h0.grad[0], layer.weight_ih_l0.grad.T, layer.weight_hh_l0.grad.T]
    for mine, theirs in zip(grads, [*right, layer.bias_ih_l0.grad], strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize(("kind", "blocks"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_the_table_of_parameters(kind, blocks):
    D, H = 10, 20
    layer = kind(D, H)
    count = sum(p.numel() for p in layer.parameters())
    one_bias = blocks * H * (D + H + 1)
    assert count == one_bias + blocks * H
    row = next(
        line
        for line in (GUIDES / "lstm_and_gru.md").read_text().splitlines()
        if line.startswith("| parameters for `D = 10, H = 20`")
    )
    assert f"{one_bias:,}" in row


def test_the_tables_of_worked_numbers():
    one, half, no = np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros((1, 1))
    x = np.array([[[1.0], [0.0], [0.0]]])
    states = code_of("recurrent_networks")["run"](x, no, one, half, no[0])
    assert states.round(3).ravel().tolist() == [0.762, 0.363, 0.18]
    assert round(0.9 * 2 + 0.5 * -1, 9) == 1.3 and round(float(0.5 * np.tanh(1.3)), 3) == 0.431


def test_masked_softmax_and_the_gradient_of_its_scores():
    guide = code_of("attention")
    scores = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])[:, None]
    right = torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1)
    found = guide["masked_softmax"](scores.detach().numpy(), mask.numpy())
    np.testing.assert_allclose(found, right.detach().numpy(), atol=1e-12)
    assert not guide["masked_softmax"](scores.detach().numpy(), np.zeros((2, 1, 4), bool)).any()
    dw = torch.randn(2, 3, 4, dtype=torch.float64)
    (right * dw).sum().backward()
    ds = found * (dw.numpy() - (found * dw.numpy()).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(ds, scores.grad.numpy(), atol=1e-12)


def test_score_functions():
    guide, rng = code_of("attention"), np.random.default_rng(0)
    q, k = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    k_other, W = rng.normal(size=(2, 5, 6)), rng.normal(size=(4, 6))
    W_q, W_k, v = rng.normal(size=(4, 7)), rng.normal(size=(6, 7)), rng.normal(size=7)
    for n, i, j in np.ndindex(2, 3, 5):
        query, key, other = q[n, i], k[n, j], k_other[n, j]
        additive = np.tanh(query @ W_q + other @ W_k) @ v
        expected = {
            "dot_scores": (query @ key, (q, k)),
            "scaled_dot_scores": (query @ key / 2, (q, k)),
            "general_scores": (query @ W @ other, (q, k_other, W)),
            "additive_scores": (additive, (q, k_other, W_q, W_k, v)),
            "concat_scores": (
                np.tanh(np.concatenate([query, other]) @ np.vstack([W_q, W_k])) @ v,
                (q, k_other, np.vstack([W_q, W_k]), v),
            ),
            "cosine_scores": (
                3 * query @ key / np.linalg.norm(query) / np.linalg.norm(key),
                (q, k, 3),
            ),
        }
        for name, (value, args) in expected.items():
            assert np.isclose(guide[name](*args)[n, i, j], value), name
    W_a = rng.normal(size=(4, 9))
    assert guide["location_scores"](q, W_a, 5).shape == (2, 3, 5)
    pooled = guide["pooling_scores"](k_other, W_k, v)
    assert pooled.shape == (2, 1, 5)
    assert np.isclose(pooled[1, 0, 2], np.tanh(k_other[1, 2] @ W_k) @ v)


def test_self_attention_is_torch_s_causal_or_not():
    guide, rng = code_of("attention"), np.random.default_rng(0)
    x = rng.normal(size=(2, 5, 4))
    W_q, W_k, W_v = (rng.normal(size=(4, width)) for width in (3, 3, 6))
    for mask in (np.ones((1, 5, 5), bool), np.tril(np.ones((1, 5, 5), bool))):
        found = guide["self_attention"](x, W_q, W_k, W_v, mask)
        right = nn.functional.scaled_dot_product_attention(
            *(torch.tensor(x @ W) for W in (W_q, W_k, W_v)), attn_mask=torch.tensor(mask)
        )
        np.testing.assert_allclose(found, right.numpy(), atol=1e-12)


def test_early_stopping_keeps_a_copy_of_the_best_weights():
    stopper = code_of("lstm_and_gru")["EarlyStopping"](patience=2)
    model = nn.Linear(1, 1, bias=False)
    stops = []
    for epoch, loss in enumerate([3.0, 2.0, 1.0, 2.0, 2.0]):
        nn.init.constant_(model.weight, epoch)
        stops.append(stopper.update(loss, model))
    assert stops == [False, False, False, False, True]
    assert stopper.weights["weight"].item() == 2


@pytest.mark.parametrize("layers", [1, 3])
def test_what_a_stack_costs(layers):
    text = (GUIDES / "lstm_and_gru.md").read_text()
    kinds = (nn.RNN, nn.GRU, nn.LSTM)
    counts = [sum(p.numel() for p in k(32, 64, num_layers=layers).parameters()) for k in kinds]
    assert f"| {layers} | {' | '.join(f'{count:,}' for count in counts)} |" in text


def test_two_biases_decide():
    accuracy = data.measured("comparison")["biases"].groupby("start")["accuracy"].median()
    assert round(100 * accuracy["both"]) == 99
    assert accuracy.drop("both").max() < 0.15
