"""The stored five-seed runs of ``05_attention/attention.ipynb``, made with its own solutions.

Questions that one training cannot answer. What does attention add to a recurrent classifier, and
the choice of a score function to attention (``attention.json``)? Does the reader of the last state
ever answer, and the one that looks back always; and do the tests of attention as an explanation
come out alike for five trained models (``attention_seeds.json``)? Rows of plain numbers go into
``course/data/stored``. It takes several minutes of one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn

from course.figures import attention as figures
from course.figures import attention_seeds as seeds
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "05_attention" / "attention.ipynb"
FACTS, UPDATES = 8, (50, 100, 200)
"""Facts of a sequence, and budgets of training, with which the scores are compared."""
LENGTHS = (1, 2, 4, 8)
PUBLISHED = 4
"""Numbers of facts that both readers get, and the number that the published step gets."""


class PooledClassifier(nn.Module):
    """The lesson's classifier without attention: the mean of its states, or its final states.

    Parameters
    ----------
    vocab_size, embedding_size, hidden_size, classes : int
        As the lesson's ``AttentionClassifier`` takes them.
    pool : str
        ``"mean"`` or ``"final"``.
    """

    def __init__(
        self, vocab_size: int, embedding_size: int, hidden_size: int, classes: int, pool: str
    ) -> None:
        super().__init__()
        self.pool = pool
        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        self.encoder = nn.GRU(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden_size, classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, None]:
        """Return logits (N, classes) and no weights."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        if self.pool == "final":
            return self.output(torch.cat([last[0], last[1]], dim=1)), None
        padded, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        return self.output(padded.sum(dim=1) / lengths[:, None]), None


def dot(states: Tensor, query: Tensor) -> Tensor:
    """Look back with the plain dot product."""
    return _read((states @ query[:, :, None])[:, :, 0], states)


def scaled_dot(states: Tensor, query: Tensor) -> Tensor:
    """Look back with the dot product divided by the root of the number of features."""
    return _read((states @ query[:, :, None])[:, :, 0] / query.shape[1] ** 0.5, states)


class Additive(nn.Module):
    """Look back with Bahdanau's small network; the query has been through its own layer."""

    def __init__(self, size: int = figures.UNITS) -> None:
        super().__init__()
        self.keys = nn.Linear(size, size, bias=False)
        self.v = nn.Linear(size, 1, bias=False)

    def forward(self, states: Tensor, query: Tensor) -> Tensor:
        """Return the context (N, size)."""
        scores = self.v(torch.tanh(self.keys(states) + query[:, None]))[:, :, 0]
        return _read(scores, states)


def _read(scores: Tensor, states: Tensor) -> Tensor:
    return (scores.softmax(dim=1)[:, None] @ states)[:, 0]


def readouts(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """The same bidirectional GRU read out in three ways, with equal budgets."""
    train, test, words = figures.film_reviews()
    ways: dict[str, Callable[[], nn.Module]] = {
        "attention": lambda: lesson["AttentionClassifier"](words, 64, 32, 2),
        "mean of the states": lambda: PooledClassifier(words, 64, 32, 2, "mean"),
        "final states": lambda: PooledClassifier(words, 64, 32, 2, "final"),
    }
    for name, make in ways.items():
        torch.manual_seed(seed)
        model = figures.fit(make(), train, epochs=4, lr=3e-3)
        yield {"readout": name, "seed": seed, "accuracy": figures.accuracy_of(model, test)}


def scores(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Three score functions on the facts task, after three budgets of training."""
    for updates in UPDATES:
        torch.manual_seed(seed)
        for name, look in {"dot": dot, "scaled dot": scaled_dot, "additive": Additive()}.items():
            found = figures.recall(look, FACTS, updates=updates, seed=seed)
            yield {"score": name, "updates": updates, "seed": seed, "accuracy": found}


def facts(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Both readers against the number of facts, and the published step of the bug hunt."""
    for length in LENGTHS:
        for name, (look, features) in seeds.READERS.items():
            found = figures.recall(look, length, features=features, seed=seed)
            yield {"reader": name, "facts": length, "seed": seed, "accuracy": found}
    found = figures.recall(figures.published, PUBLISHED, query_size=PUBLISHED, seed=seed)
    yield {"reader": seeds.SLOTS, "facts": PUBLISHED, "seed": seed, "accuracy": found}


def classifiers(lesson: dict[str, Any], seed: int) -> tuple[nn.Module, nn.Module]:
    """The mean of word vectors and the lesson's classifier, trained as in the notebook."""
    train, _, words = figures.film_reviews()
    torch.manual_seed(seed)
    mean = figures.fit(figures.MeanClassifier(words, 64, 2), train, epochs=2, lr=5e-3)
    torch.manual_seed(seed)
    model = lesson["AttentionClassifier"](words, 64, 32, 2)
    return mean, figures.fit(model, train, epochs=4, lr=3e-3)


def opinions(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """What the tests of the weights as an explanation give for one trained model."""
    _, test, _ = figures.film_reviews()
    mean, model = classifiers(lesson, seed)
    yield {
        "seed": seed,
        "mean of word vectors": figures.accuracy_of(mean, test),
        "BiGRU + attention": figures.accuracy_of(model, test),
        **seeds.opinions_of(model, test, lesson["word_attributions"], seed),
    }
    plt.close("all")


STUDIES: Studies = {
    "attention": {"readouts": readouts, "scores": scores},
    "attention_seeds": {"facts": facts, "opinions": opinions},
}
