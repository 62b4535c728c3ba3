"""A bidirectional LSTM: two chains, a read-out for every word, and one for the sentence."""

from __future__ import annotations

from matplotlib.figure import Figure

from course.figures import parts

WORDS = ("not", "a", "dull", "minute")


def draw() -> tuple[Figure, dict]:
    """Draw both chains over one sentence; return where the two final states are (0-based)."""
    figure, (axis,) = parts.canvas(17.4, 8.2, unit=0.58)
    xs = [2.9 + 2.8 * t for t in range(len(WORDS))]
    forward, backward, top = 2.5, 4.3, 6.2
    for t, (x, word) in enumerate(zip(xs, WORDS, strict=True)):
        last, first = t == len(WORDS) - 1, t == 0
        parts.label(axis, x, 0.35, word, "input", size=13)
        parts.path(axis, [(x - 0.25, 0.7), (x - 0.25, forward - 0.45)], "input")
        parts.path(axis, [(x + 0.85, 0.7), (x + 0.85, backward), (x + 0.6, backward)], "input")
        parts.box(axis, x, forward, rf"$\overrightarrow{{h}}_{t + 1}$", lit=last or None, size=13)
        parts.box(
            axis, x, backward, rf"$\overleftarrow{{h}}_{t + 1}$", "cell", lit=first or None, size=13
        )
        parts.path(
            axis,
            [(x - 0.4, forward + 0.45), (x - 0.85, forward + 0.9), (x - 0.85, top - 0.5)],
            "hidden",
            head=False,
        )
        parts.path(axis, [(x - 0.85, top - 0.6), (x - 0.85, top - 0.45)], "hidden")
        parts.path(axis, [(x, backward + 0.45), (x, top - 0.45)], "cell")
        parts.box(
            axis,
            x - 0.35,
            top,
            rf"$[\overrightarrow{{h}}_{t + 1}, \overleftarrow{{h}}_{t + 1}]$",
            "gate",
            1.8,
            size=11,
        )
        parts.path(axis, [(x - 0.35, top + 0.45), (x - 0.35, top + 1.1)], "output")
        parts.label(axis, x - 0.35, top + 1.45, f"$y_{t + 1}$", "output", size=13)
        if not last:
            parts.path(
                axis, [(x + 0.6, forward), (x + 2.2, forward)], "hidden", width=2.6, halo=True
            )
            parts.path(
                axis,
                [(x + 2.2, backward - 0.15), (x + 0.6, backward - 0.15)],
                "cell",
                width=2.6,
                halo=True,
            )
    parts.label(axis, 0.15, forward, "reads\nforwards", "hidden", ha="left", size=10)
    parts.label(axis, 0.15, backward, "reads\nbackwards", "cell", ha="left", size=10)
    parts.path(axis, [(xs[-1] + 0.6, forward), (14.6, forward), (14.6, 2.95)], "", True)
    parts.path(
        axis,
        [(xs[0] + 0.3, backward + 0.45), (xs[0] + 0.3, 5.15), (14.6, 5.15), (14.6, 3.85)],
        "",
        True,
        halo=True,
    )
    parts.box(axis, 14.6, 3.4, "final state\n(2H)", "lit", 2.2, 0.95, size=11)
    parts.path(axis, [(15.75, 3.4), (16.5, 3.4)], "output")
    parts.label(axis, 16.65, 3.4, "$y$", "output", ha="left", size=14)
    parts.label(axis, 14.2, 7.65, "one answer a word", "output", size=11)
    parts.label(axis, 15.9, 2.2, "one answer\na sentence", "output", size=11)
    return figure, {"final forward": len(WORDS) - 1, "final backward": 0}
