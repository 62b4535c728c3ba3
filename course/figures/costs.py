"""What one layer costs as sequences grow: work to do, and steps that must wait for each other."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from course.plots import CELL_COLORS, COLORS

FEATURES = 256


def multiplications(T: np.ndarray, D: int) -> dict[str, np.ndarray]:
    """Count the multiplications of one layer with ``D`` features in and out, for one sequence.

    Matrix products only: a gate has two of ``D`` by ``D`` a step; self-attention has four
    projections, the scores and the weighted sum.
    """
    counts = {
        name: 2.0 * blocks * T * D**2 for name, blocks in (("rnn", 1), ("gru", 3), ("lstm", 4))
    }
    return counts | {"self-attention": 4.0 * T * D**2 + 2.0 * T**2 * D}


def draw() -> tuple[Figure, dict]:
    """Draw both costs; return the counts and where self-attention overtakes the LSTM."""
    T = np.geomspace(8, 8192, 101)
    counts = multiplications(T, FEATURES)
    colors = CELL_COLORS | {"self-attention": COLORS[4]}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for name, values in counts.items():
        label = name if name == "self-attention" else name.upper()
        left.loglog(T, values, color=colors[name], lw=2.2, label=label)
    left.set(title=f"Multiplications of a layer, D = {FEATURES}", xlabel="sequence length T")
    left.legend()
    right.loglog(T, T, color=colors["lstm"], lw=2.2, label="any recurrence: T")
    right.loglog(
        T, np.ones_like(T), color=colors["self-attention"], lw=2.2, label="self-attention: 1"
    )
    right.set(title="Steps that wait for one another", xlabel="sequence length T", ylim=(0.5, 3e4))
    right.legend(loc="upper left")
    overtakes = float(T[np.argmax(counts["self-attention"] > counts["lstm"])])
    return figure, {"T": T, "counts": counts, "overtakes": overtakes}
