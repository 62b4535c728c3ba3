"""Who may look at whom: padding, the causal mask, and both, with the weights that are left."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

STEPS, REAL = 6, 4


def draw() -> tuple[Figure, dict]:
    """Draw attention weights under three masks, from the same random scores.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``padding``, ``causal`` and ``both``: weights ``(T, T)``, query by key.
    """
    scores = np.random.default_rng(0).normal(size=(STEPS, STEPS))
    real = np.arange(STEPS) < REAL
    causal = np.tril(np.ones((STEPS, STEPS), dtype=bool))
    masks = {
        "padding": np.broadcast_to(real, causal.shape),
        "causal": causal,
        "both": causal & real,
    }
    titles = ("padding mask: an encoder", "causal mask: a decoder", "both")
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), layout="constrained")
    weights = {}
    for axis, title, (name, mask) in zip(axes, titles, masks.items(), strict=True):
        shares = np.exp(np.where(mask, scores, -np.inf))
        weights[name] = shares / shares.sum(axis=1, keepdims=True)
        picture = axis.imshow(
            np.ma.masked_array(weights[name], ~mask), vmin=0, vmax=1, cmap="cividis"
        )
        axis.set_facecolor("0.9")
        for query, key in np.argwhere(~mask):
            axis.text(key, query, "−∞", ha="center", va="center", color="0.5", fontsize=9)
        steps = [str(t + 1) if t < REAL or name == "causal" else "pad" for t in range(STEPS)]
        axis.set_xticks(range(STEPS), steps)
        axis.set_yticks(range(STEPS), [str(t + 1) for t in range(STEPS)])
        axis.set(title=title, xlabel="key: what is read")
    axes[0].set_ylabel("query: who asks")
    figure.colorbar(picture, ax=axes, label="weight", shrink=0.8)
    return figure, weights
