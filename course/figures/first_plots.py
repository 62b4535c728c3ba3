"""The four plots to make first, on a network that learns: loss, gradient, reach, units."""

from __future__ import annotations

import math

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.parts import ROLES

STEPS, SYMBOLS, UNITS, UPDATES, LIMIT = 15, 8, 32, 130, 1.0


def draw() -> tuple[Figure, dict]:
    """Train a GRU to name the first symbol of a sequence, and plot what to look at.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``loss`` and ``norm`` by update; ``reach``, before and after, ``(T,)`` each.
    """
    torch.manual_seed(0)
    layer = nn.GRU(SYMBOLS + 1, UNITS, batch_first=True).double()
    read = nn.Linear(UNITS, SYMBOLS).double()
    parameters = [*layer.parameters(), *read.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    before, losses, norms = _reach(layer, read), [], []
    for _ in range(UPDATES):
        x, y = _sequences(32)
        loss = nn.functional.cross_entropy(read(layer(x)[0][:, -1]), y)
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(parameters, LIMIT).item())
        optimizer.step()
        losses.append(loss.item())
    after = _reach(layer, read)
    with torch.no_grad():
        states = layer(_sequences(64)[0])[0].abs().numpy().ravel()
    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained")
    axis = axes[0, 0]
    axis.plot(losses, color=ROLES["hidden"])
    axis.axhline(math.log(SYMBOLS), color="0.5", ls="--", lw=1.2)
    axis.text(UPDATES, math.log(SYMBOLS), "guessing: ln 8 ", ha="right", va="bottom", color="0.4")
    axis.set(
        title="1. The loss, beside its baseline", xlabel="update", ylabel="loss", ylim=(0, 2.6)
    )
    axis = axes[0, 1]
    axis.semilogy(norms, color=ROLES["hidden"])
    axis.axhline(LIMIT, color="0.5", ls="--", lw=1.2)
    axis.text(UPDATES, LIMIT, "clipped above ", ha="right", va="bottom", color="0.4")
    axis.set(
        title="2. The gradient's norm, before clipping",
        xlabel="update",
        ylabel="norm",
        ylim=(5e-3, 3),
    )
    axis = axes[1, 0]
    axis.semilogy(range(STEPS), before, color=ROLES["gate"], ls="--", label="fresh")
    axis.semilogy(range(STEPS), after, color=ROLES["lit"], lw=2.2, label="trained")
    axis.set(
        title="3. How far the gradient reaches", xlabel="steps back", ylabel="length at the input"
    )
    axis.legend(loc="upper center")
    axis = axes[1, 1]
    axis.hist(states, 25, range=(0, 1), color=ROLES["cell"])
    axis.set(title="4. The units: in use, or stuck at 1?", xlabel="|h|", ylabel="count")
    return figure, {"loss": losses, "norm": norms, "before": before, "after": after}


def _sequences(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A symbol at the first step, blanks after it; the symbol is the answer."""
    y = torch.randint(SYMBOLS, (count,))
    x = torch.zeros(count, STEPS, SYMBOLS + 1, dtype=torch.float64)
    x[:, 1:, SYMBOLS] = 1
    x[torch.arange(count), 0, y] = 1
    return x, y


def _reach(layer: nn.GRU, read: nn.Linear) -> list[float]:
    """Length of the loss's gradient at every input, from the last step back."""
    generator_state = torch.get_rng_state()
    torch.manual_seed(1)
    x, y = _sequences(64)
    torch.set_rng_state(generator_state)
    x.requires_grad_()
    logits = read(layer(x)[0][:, -1])
    (grad,) = torch.autograd.grad((logits * nn.functional.one_hot(y, SYMBOLS)).sum(), x)
    return grad.norm(dim=2).mean(dim=0).flip(0).tolist()
