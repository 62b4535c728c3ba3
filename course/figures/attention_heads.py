"""Two heads of self-attention on one word: two questions, asked at the same time."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

WORD = "banana"
SHARPNESS = 6.0


def draw() -> tuple[Figure, dict]:
    """Draw two heads with matrices made by hand: the same letter, and the letter before.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``same letter`` and ``letter before``: weights ``(T, T)``, query by key.
    """
    steps, alphabet = len(WORD), sorted(set(WORD))
    letters = np.eye(len(alphabet))[[alphabet.index(letter) for letter in WORD]]
    places = np.eye(steps)
    x = np.concatenate([letters, places], axis=1)  # what the letter is, and where it stands
    features = x.shape[1]
    by_letter, by_place, before = (np.zeros((features, features)) for _ in range(3))
    by_letter[: len(alphabet), : len(alphabet)] = np.eye(len(alphabet))
    by_place[len(alphabet) :, len(alphabet) :] = np.eye(steps)
    before[len(alphabet) :, len(alphabet) :] = np.eye(steps, k=-1)  # a step asks one place back
    heads = {"same letter": (by_letter, by_letter), "letter before": (before, by_place)}
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.9), layout="constrained")
    weights = {}
    for axis, (name, (W_q, W_k)) in zip(axes, heads.items(), strict=True):
        scores = SHARPNESS * (x @ W_q) @ (x @ W_k).T
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights[name] = shares / shares.sum(axis=1, keepdims=True)
        picture = axis.imshow(weights[name], vmin=0, vmax=1, cmap="cividis")
        axis.set_xticks(range(steps), WORD)
        axis.set_yticks(range(steps), WORD)
        axis.set(title=f"a head that asks for the {name}", xlabel="key: what is read")
    axes[0].set_ylabel("query: who asks")
    figure.colorbar(picture, ax=axes, label="weight", shrink=0.8)
    return figure, weights
