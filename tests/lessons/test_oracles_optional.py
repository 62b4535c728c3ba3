"""The model answers of optional exercises against PyTorch, brute force and the plain loop."""

from __future__ import annotations

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
