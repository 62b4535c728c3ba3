"""Early stopping, measured: a GRU that learns a small noisy task, then learns it by heart."""

from __future__ import annotations

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.parts import ROLES

EPOCHS, PATIENCE = 36, 8
STEPS, TRAINED, HELD_OUT, NOISE = 8, 48, 400, 0.2


def draw() -> tuple[Figure, dict]:
    """Train, draw both losses, and mark where one would stop and what one would keep.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``train`` and ``validation``, losses by epoch; ``best`` and ``stop``, epochs from 0.
    """
    torch.manual_seed(0)
    x, y = _sequences(TRAINED)
    x_held, y_held = _sequences(HELD_OUT)
    layer, read = nn.GRU(1, 48, batch_first=True).double(), nn.Linear(48, 1).double()
    parameters = [*layer.parameters(), *read.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    train, validation = [], []
    for _ in range(EPOCHS):
        for batch in torch.randperm(TRAINED).split(16):
            loss = _loss(layer, read, x[batch], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            train.append(_loss(layer, read, x, y).item())
            validation.append(_loss(layer, read, x_held, y_held).item())
    best, stop = watch(validation, PATIENCE)
    figure, axis = plt.subplots(figsize=(8.5, 3.6), layout="constrained")
    axis.plot(train, color=ROLES["hidden"], lw=2.2, label="training loss")
    axis.plot(validation, color=ROLES["lit"], lw=2.2, label="validation loss")
    axis.axvline(best, color="0.4", lw=1.2, ls="--")
    axis.axvline(stop, color="0.4", lw=1.2)
    axis.plot(best, validation[best], "o", color=ROLES["lit"], ms=8)
    top = max(train[0], validation[-1]) * 1.15
    axis.text(best, top, " keep these weights", va="top", color="0.3")
    axis.text(stop, top * 0.9, " stop here", va="top", color="0.3")
    axis.set(xlabel="epoch", ylabel="loss", ylim=(0, top * 1.02))
    axis.set_title(f"Stop after {PATIENCE} epochs without a new best; go back to the best")
    axis.legend(loc="center right")
    return figure, {"train": train, "validation": validation, "best": best, "stop": stop}


def watch(losses: list[float], patience: int) -> tuple[int, int]:
    """Return the epoch of the best loss seen, and the one at which patience ends, from 0."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses) - 1


def _sequences(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers whose sum is positive or not; a share of the labels is wrong."""
    x = torch.randn(count, STEPS, 1, dtype=torch.float64)
    wrong = torch.rand(count) < NOISE
    return x, ((x.sum(dim=(1, 2)) > 0) ^ wrong).double()


def _loss(layer: nn.GRU, read: nn.Linear, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return nn.functional.binary_cross_entropy_with_logits(read(layer(x)[0][:, -1])[:, 0], y)
