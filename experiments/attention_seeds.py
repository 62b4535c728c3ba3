"""More stored five-seed runs of ``05_attention/attention.ipynb``, made with its own solutions.

Does the reader of the last state ever answer, and the one that looks back always? And do the tests
of attention as an explanation come out alike for five trained models? Rows of plain numbers go into
``course/data/stored/attention_seeds.json``. It takes a few minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from matplotlib import pyplot as plt
from torch import nn

from course.figures import attention as figures
from course.figures import attention_seeds as seeds
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "05_attention" / "attention.ipynb"
LENGTHS = (1, 2, 4, 8)
PUBLISHED = 4
"""Numbers of facts that both readers get, and the number that the published step gets."""


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
    "facts": facts,
    "opinions": opinions,
}
