"""The stored five-seed runs of ``06_comparison/comparison.ipynb``, made with its own solutions.

The functions that train stand in the notebook: this script runs its solutions, calls them with
five seeds, and stores rows of plain numbers in ``course/data/stored/comparison.json``. It takes a
few minutes of one core. A test makes some of the rows again and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
from torch import nn

from course import data, training
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "06_comparison" / "comparison.ipynb"
LENGTHS = (10, 25, 50, 100, 200)


SHAPES: dict[str, dict[str, Any]] = {
    "forwards": {"hidden_size": 32},
    "stacked": {"hidden_size": 19, "num_layers": 2},
    "both ways": {"hidden_size": 21, "bidirectional": True},
}
"""Shapes of a network with about 1,350 weights in each block (and gate) alike."""

SURNAMES: dict[str, dict[str, dict[str, Any]]] = {
    "stacking": {
        "one layer": {"hidden_size": 48},
        "two layers": {"hidden_size": 32, "num_layers": 2},
    },
    "dropout": {
        f"{count} names, dropout {rate}": {
            "hidden_size": 32,
            "num_layers": 2,
            "dropout": rate,
            "count": count,
            "steps": 200,
        }
        for count in (300, 4000)
        for rate in (0.0, 0.5)
    },
    "layer norm": {
        f"{'normalised' if norm else 'plain'}, weights × {scale}": {
            "cell": "rnn",
            "hidden_size": 48,
            "norm": norm,
            "scale": scale,
            "steps": 100,
        }
        for scale in (1, 5)
        for norm in (False, True)
    },
    "overfitting": {
        cell: {"cell": cell, "hidden_size": H, "count": 300}
        for cell, H in (("rnn", 83), ("gru", 39), ("lstm", 32))
    },
}
"""Studies on surnames; in each, all variants have about as many weights."""

LETTERS = 12
"""Letters of a surname that a network reads."""


def copy_first(lesson: dict[str, Any], seed: int, lengths: tuple[int, ...] = LENGTHS) -> Iterator:
    """The three cells at every length, each with its best start."""
    for T in lengths:
        for cell in lesson["CELLS"]:
            yield lesson["run_copy"](cell, T, seed)


def biases(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """An LSTM at length 100 with each bias alone, with both and with neither; nobody polished."""
    both = lesson["memory_for"](100)
    starts = {
        "neither": {"keep": None},
        "keep alone": {"keep": both["keep"]},
        "write alone": {"write": both["write"]},
        "both": both,
    }
    for name, start in starts.items():
        yield {"start": name, **lesson["run_copy"]("lstm", 100, seed, polish=0, **start)}


def shapes(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Forwards, stacked and both ways, with about as many weights each."""
    for shape, options in SHAPES.items():
        for cell in lesson["CELLS"]:
            yield {"shape": shape, **lesson["run_copy"](cell, 25, seed, options=options)}


def adding(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """The adding problem."""
    for cell in lesson["CELLS"]:
        yield lesson["run_adding"](cell, seed)


@cache
def spelled(part: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Surnames, one-hot, blank steps in front: x (count, LETTERS, V), languages (count,)."""
    names = data.surnames()
    alphabet = sorted({letter for name in names.train.inputs for letter in name.lower()})
    languages = sorted(set(names.train.targets))
    found = getattr(names, part)
    x = torch.zeros(count, LETTERS, len(alphabet))
    for n, name in enumerate(found.inputs[:count]):
        ids = [alphabet.index(k) for k in name.lower()[:LETTERS] if k in alphabet]
        x[n, torch.arange(LETTERS - len(ids), LETTERS), ids] = 1
    return x, torch.tensor([languages.index(language) for language in found.targets[:count]])


class NormedRNN(nn.Module):
    """A vanilla RNN that steps with the lesson's ``layer_norm_step``, and a readout."""

    def __init__(self, like: nn.Module, step: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.step, H = step, like.rnn.hidden_size
        self.W_x = nn.Parameter(like.rnn.weight_ih_l0.detach().T.clone())
        self.W_h = nn.Parameter(like.rnn.weight_hh_l0.detach().T.clone())
        self.gain, self.b = nn.Parameter(torch.ones(H)), nn.Parameter(torch.zeros(H))
        self.readout = like.readout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), len(self.b))
        for t in range(x.shape[1]):
            h = self.step(x[:, t], h, self.W_x, self.W_h, self.gain, self.b)
        return self.readout(h)


def learn_surnames(
    lesson: dict[str, Any],
    seed: int,
    cell: str = "lstm",
    scale: float = 1.0,
    norm: bool = False,
    count: int = 4000,
    steps: int = 150,
    **size: Any,
) -> Row:
    """Train on ``count`` surnames; accuracy there and on 1,000 held-out ones."""
    torch.manual_seed(seed)
    (x, targets), held_out = spelled("train", count), spelled("valid", 1000)
    languages = int(targets.max()) + 1
    model = lesson["SequenceClassifier"](cell, x.shape[2], output_size=languages, **size)
    with torch.no_grad():
        for name, parameter in model.rnn.named_parameters():
            parameter *= scale if "weight" in name else 1.0
    if norm:
        model = NormedRNN(model, lesson["layer_norm_step"])
    generator = torch.Generator().manual_seed(seed)

    def task() -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.randint(count, (lesson["BATCH"],), generator=generator)
        return x[rows], targets[rows]

    lesson["train_until"](model, task, 2.0, steps, lr=0.01)
    model.eval()
    with torch.no_grad():
        train, valid = (
            float((model(a).argmax(dim=1) == b).double().mean())
            for a, b in ((x[:1000], targets[:1000]), held_out)
        )
    weights = training.parameter_count(model)
    return {"seed": seed, "train": train, "valid": valid, "weights": weights}


def surnames(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Stacking, dropout, layer normalisation and overfitting on real surnames."""
    for study, variants in SURNAMES.items():
        for name, options in variants.items():
            yield {"study": study, "variant": name, **learn_surnames(lesson, seed, **options)}


STUDIES: Studies = {
    "comparison": {
        "copy_first": copy_first,
        "biases": biases,
        "shapes": shapes,
        "adding": adding,
        "surnames": surnames,
    },
}


def warm_up(lesson: dict[str, Any]) -> None:
    """Train each cell for a moment: the first call of each kernel is slow, whoever makes it."""
    for cell in lesson["CELLS"]:
        lesson["run_copy"](cell, 10, 0)
