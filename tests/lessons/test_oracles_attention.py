"""The solutions of lessons 04 and 05 against packed layers, PyTorch's attention and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course.weights import load_torch_weights
from tests.support.oracles import as_tensors, assert_close, draw, gradients, solution_of

LENGTHS = [(4, 1, 6), (1, 1), (5,), (2, 7, 7, 3)]


@pytest.fixture(scope="module")
def bidirectional():
    return solution_of("04_bidirectional/bidirectional")


@pytest.fixture(scope="module")
def attention():
    return solution_of("05_attention/attention")


def packed(layer, x, lengths):
    """What PyTorch gives for a packed batch, padded again with zeros."""
    batch = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, state = layer(batch)
    return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], state


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_two_directions_are_the_packed_layer(bidirectional, kind, lengths, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    layer = getattr(torch.nn, kind)(3, 5, batch_first=True, bidirectional=True).double()
    module = bidirectional[f"Bi{kind}"](3, 5).double().to(device)
    load_torch_weights(module, layer)
    x = torch.tensor(draw(30, (len(lengths), 8, 3))[0])
    expected, state = packed(layer, x, torch.tensor(lengths))
    output, h_n = module(x.to(device), torch.tensor(lengths, device=device))
    state = state[0] if kind == "LSTM" else state
    assert_close(output.cpu(), expected)
    assert_close(h_n.cpu().reshape(-1), state.transpose(0, 1).reshape(-1))


@pytest.mark.parametrize("lengths", LENGTHS)
def test_reversal_mask_and_final_states_by_counting(bidirectional, lengths):
    T = 8
    x, h_fwd, h_bwd = draw(31, *[(len(lengths), T, 3)] * 3)
    mask = bidirectional["length_mask"](np.array(lengths), T)
    turned = bidirectional["reverse_padded"](x, np.array(lengths))
    last = bidirectional["final_states"](h_fwd, h_bwd, np.array(lengths))
    for n, length in enumerate(lengths):
        assert mask[n].tolist() == [t < length for t in range(T)]
        assert_close(turned[n, :length], x[n, :length][::-1])
        assert_close(turned[n, length:], x[n, length:])
        assert_close(last[n], np.concatenate([h_fwd[n, length - 1], h_bwd[n, 0]]))


def test_attention_is_pytorchs(attention):
    q, k, v = draw(32, (2, 3, 5), (2, 4, 5), (2, 4, 6))
    mask = np.array([[True, True, False, True], [True, False, False, False]])[:, None, :]
    mask = np.broadcast_to(mask, (2, 3, 4)).copy()
    weights = attention["masked_softmax"](attention["scaled_dot_scores"](q, k), mask)
    expected = scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), torch.tensor(mask))
    assert_close(attention["attend"](weights, v), expected)
    assert_close(attention["dot_scores"](q, k) / np.sqrt(5), attention["scaled_dot_scores"](q, k))


def test_additive_scores_by_loops(attention):
    q, k, W_q, W_k, v = draw(33, (2, 3, 4), (2, 5, 6), (4, 7), (6, 7), (7,))
    scores = attention["additive_scores"](q, k, W_q, W_k, v)
    for n, i, j in np.ndindex(2, 3, 5):
        assert_close(scores[n, i, j], v @ np.tanh(q[n, i] @ W_q + k[n, j] @ W_k))


def test_softmax_backward_is_autograd(attention):
    scores, upstream = draw(34, (2, 3, 4), (2, 3, 4))
    inputs = as_tensors(scores)
    weights = torch.softmax(inputs[0], -1)
    got = attention["masked_softmax_backward"](upstream, weights.detach().numpy())
    assert_close(got, gradients(weights, upstream, inputs)[0])


@pytest.fixture(scope="module")
def seq2seq():
    return solution_of("05_attention/seq2seq")


def test_edit_distance_by_recursion(seq2seq):
    def slow(a, b):
        if not a or not b:
            return len(a) + len(b)
        same = slow(a[1:], b[1:])
        return same if a[0] == b[0] else 1 + min(same, slow(a[1:], b), slow(a, b[1:]))

    rng = np.random.default_rng(35)
    for _ in range(30):
        a, b = (rng.integers(0, 3, rng.integers(0, 6)).tolist() for _ in range(2))
        assert seq2seq["edit_distance"](a, b) == slow(a, b)


def test_a_wide_beam_finds_what_trying_everything_finds(seq2seq):
    rng = np.random.default_rng(36)
    V, longest, start, end = 3, 4, 0, 2
    table: dict[tuple[int, ...], np.ndarray] = {}

    def step(prefix):
        key = tuple(int(i) for i in prefix)
        if key not in table:
            table[key] = np.log(rng.dirichlet(np.ones(V)))
        return table[key]

    finished = []
    live = [([start], 0.0)]
    for _ in range(longest):
        grown = [([*p, i], total + step(p)[i]) for p, total in live for i in range(V)]
        finished += [(t / (len(p) - 1), p[1:-1]) for p, t in grown if p[-1] == end]
        live = [(p, t) for p, t in grown if p[-1] != end]
    score, best = max(finished)
    found, value = seq2seq["beam_search"](step, start, end, 3**longest, longest)
    assert [int(i) for i in found] == best
    assert value == pytest.approx(score)


def test_self_attention_is_pytorchs(seq2seq):
    x, W_q, W_k, W_v = map(torch.tensor, draw(37, (2, 4, 5), (5, 3), (5, 3), (5, 6)))
    mask = torch.tensor([[True, True, True, False], [True, False, False, False]])
    expected = scaled_dot_product_attention(x @ W_q, x @ W_k, x @ W_v, mask[:, None, :])
    assert_close(seq2seq["self_attention"](x, W_q, W_k, W_v, mask), expected)
