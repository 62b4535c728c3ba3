"""The stored five-seed runs of ``04_bidirectional/sentiment.ipynb``, made with its own solutions.

Three questions that one training cannot answer: whether a second direction or another cell helps,
which knobs matter, and what word vectors that were made without labels are worth. Rows of plain
numbers go into ``course/data/stored/sentiment.json``. It takes a few minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from course.figures import sentiment as figures
from course.figures import sentiment_seeds as seeds
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "04_bidirectional" / "sentiment.ipynb"
Lesson = dict[str, Any]


def kinds(lesson: Lesson, seed: int) -> Iterator[Row]:
    """One direction, the other, and both; what each run says of every validation review."""
    yield from seeds.rows_of(seeds.over_seeds(lesson["fit"], lesson["kinds"], [seed]), seed)


def knobs(lesson: Lesson, seed: int) -> Iterator[Row]:
    """One knob at a time, around a common middle."""
    found = seeds.one_knob_at_a_time(
        lesson["fit"], lesson["middle"], lesson["knobs"], [seed], **lesson["few"]
    )
    yield from found.to_dict("records")


def starts(lesson: Lesson, seed: int) -> Iterator[Row]:
    """Embeddings from scratch, and word vectors: frozen, and trained on."""
    vectors = vectors_of(lesson)
    ways = {"from scratch": 0.1, "frozen": seeds.Frozen(vectors), "trained on": vectors}
    common = lesson["middle"] | lesson["few"]
    yield from seeds.starts_over_seeds(lesson["fit"], ways, [seed], **common).to_dict("records")


def vectors_of(lesson: Lesson) -> np.ndarray:
    """The notebook's word vectors; made once, then remembered."""
    if "vectors" not in lesson:
        entries = len(lesson["vocab"])
        lesson["vectors"] = figures.word_vectors(lesson["train_ids"], entries, size=32)
    return lesson["vectors"]


STUDIES: Studies = {
    "sentiment": {"kinds": kinds, "knobs": knobs, "starts": starts},
}
