"""One look back, number by number: scores, weights, and the weighted average that is read."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from course.figures import parts

QUERY = np.array([1.0, 2.0])
KEYS = np.array([[1.0, 0.0], [0.0, 2.0], [2.0, 1.0], [-1.0, 0.0]])
VALUES = np.array([[4.0, 0.0], [0.0, 4.0], [2.0, 2.0], [-4.0, 0.0]])
MASK = np.array([True, True, True, False])


def draw() -> tuple[Figure, dict]:
    """Draw one query against four keys, the last of them padding.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``scores (4,)``, ``weights (4,)`` and ``context (2,)``, the numbers in the drawing.
    """
    scores = KEYS @ QUERY / np.sqrt(QUERY.size)
    shifted = np.where(MASK, np.exp(scores - scores[MASK].max()), 0.0)
    weights = shifted / shifted.sum()
    context = weights @ VALUES
    figure, (axis,) = parts.canvas(17.4, 8.3, unit=0.58)
    rows = {"key": 1.0, "score": 2.9, "weight": 4.8, "value": 6.7}
    says = {
        "key": "keys: what each\nstep offers",
        "score": "scores:\n" + r"$q \cdot k_t / \sqrt{D}$",
        "weight": "weights: softmax\nover the real steps",
        "value": "values: what\nis read",
    }
    for name, y in rows.items():
        parts.label(axis, 0.2, y, says[name], ha="left", size=11)
    for t in range(4):
        x, real = 4.9 + 2.25 * t, bool(MASK[t])
        quiet = None if real else False
        parts.box(axis, x, rows["key"], _pair(KEYS[t]), "hidden", 1.7, 0.8, quiet, 11)
        text = f"{scores[t]:.2f}" if real else "−∞"
        parts.box(axis, x, rows["score"], text, "gate", 1.4, 0.8, quiet, 12)
        parts.box(axis, x, rows["weight"], f"{weights[t]:.2f}", "lit", 1.4, 0.8, quiet, 12)
        parts.box(axis, x, rows["value"], _pair(VALUES[t]), "cell", 1.7, 0.8, quiet, 11)
        parts.path(axis, [(x, 1.45), (x, 2.45)], "", quiet)
        parts.path(axis, [(x, 3.35), (x, 4.35)], "", quiet)
        width = 0.6 + 6 * weights[t]
        parts.path(axis, [(x, 5.25), (x, 6.25)], "lit", quiet, width)
        parts.path(axis, [(x - 0.5, 1.95), (x - 0.5, 2.45)], "output", quiet)
        if real:
            parts.path(axis, [(x, 7.15), (x, 7.75)], "lit", None, width, head=False)
        parts.label(axis, x, 0.25, f"$k_{t + 1}$" if real else "pad", "", quiet, size=11)
    parts.box(axis, 15.4, rows["score"], f"query $q$\n{_pair(QUERY)}", "output", 2.3, 1.1, size=11)
    parts.path(axis, [(15.4, 2.3), (15.4, 1.95), (4.4, 1.95)], "output", head=False)
    parts.path(axis, [(4.9, 7.75), (15.5, 7.75), (15.5, 7.3)], "lit", width=2.6)
    numbers = f"({context[0]:.2f}, {context[1]:.2f})"
    parts.box(axis, 15.5, rows["value"], f"context\n{numbers}", "lit", 2.6, 1.1, size=11)
    parts.label(axis, 15.5, 5.5, r"context $= \sum_t w_t v_t$", "lit", size=13)
    return figure, {"scores": scores, "weights": weights, "context": context}


def _pair(vector: np.ndarray) -> str:
    return f"({vector[0]:g}, {vector[1]:g})".replace("-", "−")
