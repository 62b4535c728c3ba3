"""What is left of a gradient after so many steps, at fresh weights: RNN, LSTM and GRU."""

from __future__ import annotations

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course.figures.measure import gradient_by_lag, set_forget_bias
from course.plots import CELL_COLORS

STEPS, UNITS, INPUTS, SEEDS = 60, 64, 8, 3
CURVES = {  # name: cell, forget bias of an LSTM or keep bias of a GRU, colour, line
    "RNN": (nn.RNNCell, None, "rnn", "-"),
    "LSTM, PyTorch's default": (nn.LSTMCell, None, "lstm", ":"),
    "LSTM, forget bias 1": (nn.LSTMCell, 1.0, "lstm", "--"),
    "LSTM, forget bias 3": (nn.LSTMCell, 3.0, "lstm", "-"),
    "GRU, PyTorch's default": (nn.GRUCell, None, "gru", ":"),
    "GRU, keep bias 3": (nn.GRUCell, 3.0, "gru", "-"),
}


def draw() -> tuple[Figure, dict]:
    """Measure and draw; return the mean over seeds at every lag, curve by curve, ``(T,)``."""
    figure, axis = plt.subplots(figsize=(9, 4), layout="constrained")
    data = {}
    for name, (kind, bias, color, line) in CURVES.items():
        runs = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            cell = kind(INPUTS, UNITS).double()
            if bias is not None and kind is nn.LSTMCell:
                set_forget_bias(cell, bias)
            elif bias is not None:  # PyTorch's z is the share that is kept
                with torch.no_grad():
                    cell.bias_ih[UNITS : 2 * UNITS] = bias
            x = torch.randn(4, STEPS, INPUTS, dtype=torch.float64)
            runs.append(gradient_by_lag(cell, x))
        data[name] = torch.stack(runs).log().mean(0).exp().numpy()
        axis.semilogy(data[name], color=CELL_COLORS[color], ls=line, lw=2.2, label=name)
    axis.set(
        xlabel="steps back", ylabel="length of the gradient", xlim=(0, STEPS - 1), ylim=(1e-17, 3)
    )
    axis.set_title("Fresh weights: the gates' biases decide how far a gradient gets")
    axis.legend(loc="lower left", ncols=2)
    return figure, data
