"""Measurements that several figures and no lesson need: gradients against lag, by cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def gradient_by_lag(cell: nn.Module, x: Tensor) -> Tensor:
    """Send a random gradient of length 1 into the last state; note its length at every lag.

    Parameters
    ----------
    cell : torch.nn.RNNCell, torch.nn.GRUCell or torch.nn.LSTMCell
    x : torch.Tensor, shape (N, T, D)

    Returns
    -------
    torch.Tensor, shape (T,)
        Mean length over the batch; entry ``k`` is ``k`` steps back, entry 0 the last state.
        An LSTM's state is the pair of both.
    """
    batch, steps = x.shape[:2]
    zeros = torch.zeros(batch, cell.hidden_size, dtype=x.dtype, requires_grad=True)
    state = (zeros, zeros.clone()) if isinstance(cell, nn.LSTMCell) else (zeros,)
    states = []
    for t in range(steps):
        state = cell(x[:, t], state if len(state) == 2 else state[0])
        state = state if isinstance(state, tuple) else (state,)
        for part in state:
            part.retain_grad()
        states.append(state)
    start = torch.randn(zeros.shape, dtype=x.dtype)
    start = start / start.norm(dim=1, keepdim=True)
    (states[-1][0] * start).sum().backward()
    lengths = []
    for state in reversed(states):
        grads = [torch.zeros_like(part) if part.grad is None else part.grad for part in state]
        lengths.append(torch.cat(grads, dim=1).norm(dim=1).mean())
    return torch.stack(lengths).detach()


def set_radius(weight: Tensor, radius: float) -> None:
    """Scale a square matrix in place to a spectral radius."""
    with torch.no_grad():
        weight *= radius / torch.linalg.eigvals(weight).abs().max()


def set_forget_bias(cell: nn.Module, bias: float) -> None:
    """Set the forget gate's bias of a PyTorch LSTM (layer or cell) in place."""
    with torch.no_grad():
        for name, values in cell.named_parameters():
            if "bias" in name:
                size = cell.hidden_size
                values[size : 2 * size] = bias if "ih" in name else 0.0
