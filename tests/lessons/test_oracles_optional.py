"""The model answers of optional exercises against PyTorch, brute force and the plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from tests.support.optional import names_for
from tests.support.oracles import as_tensors, assert_close, draw


def answer_to(notebook: str, exercise: str):
    """The model answer of one optional exercise."""
    return names_for(ROOT / "source" / f"{notebook}.ipynb", exercise)[exercise]


class TestGradientsWithoutLookingBack:
    @pytest.fixture(scope="class")
    def rtrl_gradients(self):
        return answer_to("01_rnn/vanishing_gradients", "rtrl_gradients")

    @pytest.mark.parametrize(
        ("N", "T", "D", "H", "C"), [(3, 4, 2, 5, 1), (1, 1, 1, 1, 2), (2, 12, 3, 1, 4)]
    )
    def test_they_are_those_of_autograd(self, rtrl_gradients, N, T, D, H, C):
        x, targets, h0, *values = draw(
            1, (N, T, D), (N, T, C), (N, H), (D, H), (H, H), (H,), (H, C), (C,)
        )
        params = dict(zip(("W_x", "W_h", "b", "W_y", "b_y"), values, strict=True))
        steps = zip(x.swapaxes(0, 1), targets.swapaxes(0, 1), strict=True)
        found = rtrl_gradients(steps, h0, params)
        W_x, W_h, b = inputs = as_tensors(*values[:3])
        h, loss = torch.tensor(h0), 0.0
        for t in range(T):
            h = torch.tanh(torch.tensor(x[:, t]) @ W_x + h @ W_h + b)
            y = h @ torch.tensor(params["W_y"]) + torch.tensor(params["b_y"])
            loss = loss + ((y - torch.tensor(targets[:, t])) ** 2).mean()
        for name, want in zip(("W_x", "W_h", "b"), torch.autograd.grad(loss, inputs), strict=True):
            assert_close(found[name], want)


class TestGrowthOfANudge:
    @pytest.fixture(scope="class")
    def lyapunov_exponents(self):
        return answer_to("06_comparison/comparison", "lyapunov_exponents")

    @pytest.mark.parametrize(("T", "D", "H", "skip"), [(6, 2, 4, 0), (5, 1, 1, 0), (8, 3, 3, 3)])
    def test_the_first_k_add_up_to_the_growth_of_a_volume(self, lyapunov_exponents, T, D, H, skip):
        h0, xs, W_x, W_h, b = draw(2, (H,), (T, D), (D, H), (H, H), (H,))
        found = lyapunov_exponents(h0, xs, W_x, W_h, b, H, skip)
        for k in range(1, H + 1):
            volumes = {
                steps: self.log_volume(h0, xs[:steps], W_x, W_h, b, k) for steps in (skip, T)
            }
            assert_close(found[:k].sum() * (T - skip), volumes[T] - volumes[skip], 1e-8)

    def log_volume(self, h0, xs, W_x, W_h, b, k):
        """Logarithm of the volume that the first k directions span after some steps."""

        def after(h):
            for x in xs:
                h = torch.tanh(torch.tensor(x @ W_x + b) + h @ torch.tensor(W_h))
            return h

        spanned = torch.autograd.functional.jacobian(after, torch.tensor(h0))[:, :k]
        return torch.linalg.svdvals(spanned).log().sum()

    def test_two_states_drift_apart_as_it_says(self, lyapunov_exponents):
        h0, nudge, W_h = draw(4, (40,), (40,), (40, 40))
        nothing = np.zeros((400, 1)), np.zeros((1, 40)), np.zeros(40)
        W_h *= 0.9 / np.abs(np.linalg.eigvals(W_h)).max()
        rate = lyapunov_exponents(h0, nothing[0], nothing[1], W_h, nothing[2], 1, 100)[0]
        near, far, apart = h0, h0 + 1e-4 * nudge, []
        for _ in range(400):
            near, far = np.tanh(near @ W_h), np.tanh(far @ W_h)
            apart.append(np.log(np.linalg.norm(near - far)))
        assert (apart[150] - apart[50]) / 100 == pytest.approx(rate, abs=0.03)


class TestTheCellWithoutWaiting:
    @pytest.fixture(scope="class")
    def scan_cell(self):
        return answer_to("02_lstm/lstm", "scan_cell")

    @pytest.mark.parametrize("T", [1, 2, 3, 8, 9, 100])
    def test_it_is_the_loop(self, scan_cell, T):
        u, c0 = draw(5, (2, T, 3), (2, 3))
        f = np.random.default_rng(6).random((2, T, 3)).round(1)  # some gates are shut
        c, states = c0, []
        for t in range(T):
            c = f[:, t] * c + u[:, t]
            states.append(c)
        assert_close(scan_cell(f, u, c0), np.stack(states, axis=1))

    def test_it_is_the_cell_of_pytorchs_lstm(self, scan_cell):
        layer = torch.nn.LSTM(3, 4, batch_first=True).double()
        torch.nn.init.zeros_(layer.weight_hh_l0)
        torch.nn.init.zeros_(layer.bias_hh_l0)
        (x,) = as_tensors(*draw(7, (2, 30, 3)))
        i, f, g, _ = (x @ layer.weight_ih_l0.T + layer.bias_ih_l0).detach().chunk(4, dim=2)
        written = torch.sigmoid(i) * torch.tanh(g)
        c = scan_cell(torch.sigmoid(f).numpy(), written.numpy(), np.zeros((2, 4)))
        assert_close(c[:, -1], layer(x)[1][1][0])


class TestAttentionWithACache:
    @pytest.fixture(scope="class")
    def attend_with_cache(self):
        return answer_to("05_attention/seq2seq", "attend_with_cache")

    @pytest.mark.parametrize(("N", "T", "D", "heads"), [(3, 7, 6, 2), (1, 1, 4, 4), (2, 9, 5, 1)])
    def test_it_is_pytorchs_attention_of_several_heads(self, attend_with_cache, N, T, D, heads):
        x, *weights = (torch.tensor(a) for a in draw(8, (N, T, D), *[(D, D)] * 4))
        layer = torch.nn.MultiheadAttention(D, heads, bias=False, batch_first=True).double()
        with torch.no_grad():
            layer.in_proj_weight.copy_(torch.cat([W.T for W in weights[:3]]))
            layer.out_proj.weight.copy_(weights[3].T)
        later = torch.ones(T, T, dtype=torch.bool).triu(1)
        expected, _ = layer(x, x, x, attn_mask=later, need_weights=False)
        W = dict(zip(("W_q", "W_k", "W_v", "W_o"), weights, strict=True))
        found, cache = [], None
        for part in x.tensor_split((T // 3, T // 2), dim=1):
            if part.shape[1]:
                y, cache = attend_with_cache(part, W, heads, cache)
                found.append(y)
        assert_close(torch.cat(found, dim=1), expected)


class TestTheLikelihoodOfAPath:
    @pytest.fixture(scope="class")
    def crf_log_likelihood(self):
        return answer_to("04_bidirectional/tagging", "crf_log_likelihood")

    @pytest.mark.parametrize(("T", "C"), [(1, 3), (2, 2), (5, 3)])
    def test_it_is_the_softmax_over_all_paths(self, crf_log_likelihood, T, C):
        scores, transitions = as_tensors(*draw(9, (1, T, C), (C, C)))
        paths = torch.cartesian_prod(*[torch.arange(C)] * T).reshape(-1, T)
        moves = transitions[paths[:, :-1], paths[:, 1:]].sum(dim=1)
        of_paths = scores[0, torch.arange(T), paths].sum(dim=1) + moves
        everything = torch.ones(len(paths), T, dtype=torch.bool)
        found = crf_log_likelihood(scores.expand(len(paths), T, C), paths, transitions, everything)
        assert_close(found, torch.log_softmax(of_paths, dim=0))

    def test_padding_changes_nothing(self, crf_log_likelihood):
        scores, transitions = as_tensors(*draw(10, (3, 6, 4), (4, 4)))
        lengths = torch.tensor([6, 1, 4])
        mask = torch.arange(6) < lengths[:, None]
        tags = torch.randint(4, (3, 6), generator=torch.Generator().manual_seed(0)) * mask
        found = crf_log_likelihood(scores, tags, transitions, mask)
        for n, T in enumerate(lengths):
            cut = scores[n : n + 1, :T], tags[n : n + 1, :T], transitions, mask[n : n + 1, :T]
            assert_close(found[n : n + 1], crf_log_likelihood(*cut))


class TestGradientsComputedTwice:
    @pytest.fixture(scope="class")
    def checkpointed_backward(self):
        return answer_to("03_gru/gru", "checkpointed_backward")

    @pytest.mark.parametrize("every", [1, 2, 3, 7, 9])
    def test_they_are_those_of_autograd(self, checkpointed_backward, every):
        N, T, D, H = 2, 7, 3, 4
        dh, *arrays = draw(11, (N, T, H), (N, T, D), (N, H), (D, 3 * H), (H, 3 * H), (3 * H,))
        x, h, W_x, W_h, b = inputs = as_tensors(*arrays)
        states = []
        for t in range(T):  # the papers' form: the reset gate acts before the product
            a = x[:, t] @ W_x + b
            r, z = torch.sigmoid(a[:, : 2 * H] + h @ W_h[:, : 2 * H]).chunk(2, dim=1)
            n = torch.tanh(a[:, 2 * H :] + (r * h) @ W_h[:, 2 * H :])
            h = (1 - z) * h + z * n
            states.append(h)
        wanted = torch.autograd.grad(torch.stack(states, 1), inputs, torch.tensor(dh))
        for got, want in zip(checkpointed_backward(dh, *arrays, every), wanted, strict=True):
            assert_close(got, want)
