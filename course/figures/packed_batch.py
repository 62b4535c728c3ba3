"""A padded batch beside the same batch packed: what the network is spared."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch.nn.utils.rnn import pack_padded_sequence

from course.figures import parts

SENTENCES = ("dull", "not a dull minute here", "it is slow")


def draw() -> tuple[Figure, dict]:
    """Draw three sentences padded and packed; the packing is PyTorch's own.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``lengths``, ``batch_sizes`` and ``order`` (the sorted batch's rows), as lists.
    """
    words = [sentence.split() for sentence in SENTENCES]
    lengths = torch.tensor([len(row) for row in words])
    ids = torch.zeros(len(words), int(lengths.max()), dtype=torch.long)
    for row, sentence in enumerate(words):
        ids[row, : len(sentence)] = torch.arange(len(sentence)) + 100 * (row + 1)
    packed = pack_padded_sequence(ids, lengths, batch_first=True, enforce_sorted=False)
    figure, (axis,) = parts.canvas(17.6, 6.9, unit=0.56)
    _padded(axis, words, int(lengths.max()))
    _packed(axis, words, packed.data.tolist(), packed.batch_sizes.tolist())
    return figure, {
        "lengths": lengths.tolist(),
        "batch_sizes": packed.batch_sizes.tolist(),
        "order": packed.sorted_indices.tolist(),
    }


def _padded(axis: parts.Axes, words: list[list[str]], longest: int) -> None:
    steps = len(words) * longest
    parts.label(axis, 0.3, 6.5, f"padded: a rectangle, {steps} steps", ha="left", size=12)
    for row, sentence in enumerate(words):
        y = 5.1 - 1.3 * row
        for t in range(longest):
            real = t < len(sentence)
            parts.box(
                axis,
                1.0 + 1.55 * t,
                y,
                sentence[t] if real else "pad",
                "hidden",
                1.4,
                0.9,
                None if real else False,
                10,
            )
        parts.label(axis, 8.15, y, f"{len(sentence)}", ha="left", size=12)
    parts.label(axis, 8.15, 6.0, "length", ha="left", size=10)


def _packed(axis: parts.Axes, words: list[list[str]], data: list[int], sizes: list[int]) -> None:
    text = f"packed: the {len(data)} real steps alone"
    parts.label(axis, 9.8, 6.5, text, ha="left", size=12)
    rest = iter(data)
    for t, size in enumerate(sizes):
        for place in range(size):
            row, word = divmod(next(rest), 100)
            parts.box(
                axis,
                10.5 + 1.55 * t,
                5.1 - 1.3 * place,
                words[row - 1][word],
                "hidden",
                1.4,
                0.9,
                size=10,
            )
        parts.label(axis, 10.5 + 1.55 * t, 1.45, str(size), "lit", size=13)
        parts.path(axis, [(10.5 + 1.55 * t, 0.85), (10.5 + 1.55 * t, 1.15)], "lit", width=1.2)
    parts.label(axis, 13.6, 0.45, "batch sizes: how many sentences still run", "lit", size=11)
