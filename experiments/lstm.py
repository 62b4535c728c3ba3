"""The stored five-seed runs of ``02_lstm/lstm.ipynb``, made with its own solutions.

What one training cannot say: whether two biases let an LSTM bridge 100 steps, what each kind of
dropout on the recurrent line costs, and what the gates of a unit do that holds a temperature for a
day. Rows of plain numbers go into ``course/data/stored/lstm.json``. It takes about a minute of one
core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from course.figures import lstm as figures
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "02_lstm" / "lstm.ipynb"
Lesson = dict[str, Any]
STEPS = {"latch": 300, "dropout": 200, "weather": 1500}
"""Training steps of each run, the same for all that are compared."""


def latch(lesson: Lesson, seed: int) -> Iterator[Row]:
    """The latch task of length 100 from two starts: how many of each batch's 64 are right."""
    for name, start in lesson["far"].items():
        layer = lesson["fresh"](seed=seed, **start)
        curve = figures.train_latch(layer, 100, seed, STEPS["latch"], lr=0.01)
        right = [round(figures.BATCH * share) for share in curve]
        yield {"start": name, "seed": seed, "right": right}


def dropout(
    lesson: Lesson,
    seed: int,
    cells: Iterable[str] = ("rnn", "lstm"),
    kinds: Iterable[str] = ("none", "ordinary", "variational"),
) -> Iterator[Row]:
    """Two cells with three kinds of mask on the way of h from step to step."""
    masks = {
        "none": None,
        "ordinary": figures.ordinary_dropout,
        "variational": lesson["variational_dropout"],
    }
    for cell in cells:
        for mask in kinds:
            found = figures.train_with_dropped_h(cell, masks[mask], seed, STEPS["dropout"])
            yield {"cell": cell, "mask": mask, "seed": seed, "accuracy": found}


def weather(lesson: Lesson, seed: int) -> Iterator[Row]:
    """The network that holds the midnight temperature: its error, and one unit's gates."""
    task = figures.warmer_than_at_midnight()
    torch.manual_seed(seed)
    memory, readout = nn.LSTM(2, 4, batch_first=True), nn.Linear(4, 1)
    figures.train_on_weather(memory, readout, task, updates=STEPS["weather"], seed=seed)
    bias = memory.bias_ih_l0 + memory.bias_hh_l0
    weights = [p.detach().numpy().T for p in (memory.weight_ih_l0, memory.weight_hh_l0, bias)]
    x = task.windows(task.held_out)[0].numpy()
    zeros = np.zeros((len(x), 4), dtype=np.float32)
    gates = lesson["lstm_gates"](x, zeros, zeros, *weights)
    cells = lesson["lstm_forward"](x, zeros, zeros, *weights)[1]
    error = task.errors_on_held_out_days(memory, readout)[0]
    yield {"seed": seed, "error": error, **figures.memory_unit(gates, cells, task)}


STUDIES: Studies = {
    "lstm": {"latch": latch, "dropout": dropout, "weather": weather},
}
