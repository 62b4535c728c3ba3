"""The stored five-seed runs of ``03_gru/gru.ipynb``, made with its own solutions.

What one training cannot say: which of three cells counts the hours since rain, whether a GRU's
gates open in the rain whatever the seed, and what each way to misread its weights costs. Rows of
plain numbers go into ``course/data/stored/gru.json``. It takes about a minute of one core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn

from course import data
from course.figures import gru as figures
from course.figures import gru_seeds as seeds
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "03_gru" / "gru.ipynb"
Lesson = dict[str, Any]
Trained = tuple[nn.Module, nn.Linear, np.ndarray]


def task_of(lesson: Lesson) -> figures.RainTask:
    """The notebook's task; made once, then remembered."""
    if "rain task" not in lesson:
        weather = data.weather("JFK", gaps="forward")
        lesson["rain task"] = figures.hours_since_rain(weather, most=72, share=0.75)
    return lesson["rain task"]


def trained(lesson: Lesson, cell: str, seed: int) -> Trained:
    """A network of the notebook from one seed; trained once, then remembered."""
    if (cell, seed) not in lesson:
        torch.manual_seed(seed)
        net = getattr(nn, cell)(2, 6, batch_first=True)
        found = figures.train(net, task_of(lesson), steps=250, hours=120, seed=seed)
        lesson[cell, seed] = net, *found
    return lesson[cell, seed]


def networks(lesson: Lesson, seed: int, cells: Iterable[str] = seeds.CELLS) -> Iterator[Row]:
    """The three cells, trained alike."""
    for cell in cells:
        _, readout, states = trained(lesson, cell, seed)
        off = figures.hours_off(task_of(lesson), states, readout)
        yield {"network": cell, "seed": seed, "hours off": off}


def gates(lesson: Lesson, seed: int) -> Iterator[Row]:
    """What the gates of a GRU do in the rain, and what they say of its memory."""
    task, (net, readout, states) = task_of(lesson), trained(lesson, "GRU", seed)
    W_i, W_h, b_i, b_h = weights_of(net)
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    both = lesson["sigmoid"]((task.inputs @ W_i.T + b_i + before @ W_h.T + b_h)[:, :12])
    reset, rewritten = both[:, :6], lesson["convert_gru_convention"](both[:, 6:])
    order = figures.more_in_the_rain(task, rewritten)
    table = figures.when_the_gates_open(task, states, readout, rewritten[:, order], reset[:, order])
    cost = figures.freeze_one_unit(task, net, readout, states, order)[:6]
    apart = figures.what_is_left_of_a_nudge(task, net, states, rewritten, order, ahead=48)
    plt.close("all")
    dry = table["z, dry"]
    yield {
        "seed": seed,
        "opens": float((table["z, rain"] - dry).max()),
        "least rewritten": float(dry.min()),
        "reset lower": int((table["r, rain"] < table["r, dry"]).sum()),
        "cost more than the dark unit": int((cost > cost.iloc[dry.argmin()]).sum()),
        "apart": sorted(apart.tolist()),
    }


def ways(lesson: Lesson, seed: int) -> Iterator[Row]:
    """The same weights, read in every way of the notebook, and by the port that was shipped."""
    task, (net, readout, states) = task_of(lesson), trained(lesson, "GRU", seed)
    weights = weights_of(net)
    read = {
        name: figures.run_with(lesson["GRU"](2, 6), net, task, change)
        for name, change in lesson["changes"].items()
    }
    papers, h0 = lesson["from_torch_weights"](*weights), np.zeros((1, 6), np.float32)
    read["reset before the product"] = lesson["gru_forward"](task.inputs[None], h0, *papers)[0][0]
    port = figures.run_port(lesson["shipped_gru_step"], task, states, weights)
    read["the shipped port"] = np.concatenate([states[: task.cut], port])
    for way, found in read.items():
        yield {"way": way, "seed": seed, "hours off": figures.hours_off(task, found, readout)}


def weights_of(net: nn.Module) -> list[np.ndarray]:
    """PyTorch's four arrays of a layer."""
    return [weight.detach().numpy() for weight in net.parameters()]


STUDIES: Studies = {
    "gru": {"networks": networks, "gates": gates, "ways": ways},
}
