"""The watch over a training: it sees what was moved and which gradients were kept."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from course.watch_training import Watch


def train(model: nn.Module, forget: bool, rate: float = 0.1, batches: int = 3) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(batches):
        if forget:
            optimizer.zero_grad()
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def test_a_training_is_seen_and_the_backward_pass_given_back(model):
    before = torch.autograd.backward, torch.autograd.grad
    with Watch() as watch:
        train(model, forget=True)
    assert (torch.autograd.backward, torch.autograd.grad) == before
    assert watch.passes == 3 and watch.stale == 0
    assert watch.moved(model) and watch.moved(copy.deepcopy(model))


def test_gradients_that_pile_up_are_seen(model):
    with Watch() as watch:
        train(model, forget=False)
    assert watch.stale > 0 and watch.moved(model)


def test_sums_over_several_batches_are_no_old_gradients(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Watch() as watch:
        for _ in range(3):
            optimizer.zero_grad()
            for _ in range(2):
                model(torch.randn(4, 3)).square().sum().backward()
            optimizer.step()
    assert watch.passes == 6 and watch.stale == 0


def test_gradients_asked_for_by_grad_are_seen(model):
    with Watch() as watch:
        for _ in range(2):
            loss = model(torch.randn(4, 3)).square().sum()
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for p, grad in zip(model.parameters(), grads, strict=True):
                    p -= 0.1 * grad
    assert watch.passes == 2 and watch.stale == 0 and watch.moved(model)


@pytest.mark.parametrize("way", ["no training", "no step", "another model", "frozen"])
def test_what_was_not_trained_has_not_moved(model, way):
    other = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    if way == "frozen":
        model[0].bias.requires_grad_(False)
    with Watch() as watch:
        if way == "another model":
            train(nn.Linear(3, 2), forget=True)
        elif way != "no training":
            train(model, forget=True, rate=0.0 if way == "no step" else 0.1)
    assert not watch.moved(other if way == "another model" else model)
