"""Figures of the names in ``04_bidirectional/tagging``: how few there are, what they teach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from course import plots
from course.figures.tagging import Sentences, Spans

STARTS = ("fresh", "from names")


def few_names(tags: Sentences) -> pd.Series:
    """Draw which share of the words is in a name, and how long the names are.

    Parameters
    ----------
    tags : lists of str
        BIO tags; an ``I-`` continues the name before it.

    Returns
    -------
    pandas.Series
        ``words outside``, ``names of one word`` and ``sentences with a name``, as shares, and
        ``names behind a name``, a count: how many begin right behind another.
    """
    words = Counter(tag[0] for row in tags for tag in row)
    text = ["".join(tag[0] for tag in row) for row in tags]
    lengths = Counter(len(run.lstrip("B")) + 1 for row in text for run in _runs(row))
    total = sum(words.values())
    found = pd.Series(
        {
            "words outside": words["O"] / total,
            "names of one word": lengths[1] / max(words["B"], 1),
            "sentences with a name": float(np.mean(["B" in row for row in text])),
            "names behind a name": sum(row.count("BB") + row.count("IB") for row in text),
        }
    )
    figure, (left, right) = plots.new_figure(
        columns=2, width=9.5, height=2.6, gridspec_kw={"width_ratios": [3, 2]}
    )
    bars = {"in no name, O": "O", "begin a name, B-": "B", "go on with one, I-": "I"}
    for row, mark in enumerate(bars.values()):
        share = words[mark] / total
        left.barh(row, share, color="0.7" if mark == "O" else plots.COLORS[2])
        left.text(share + 0.01, row, f"{share:.1%}", va="center", fontsize=9)
    left.set_yticks(range(len(bars)), bars)
    left.invert_yaxis()
    left.set(xlabel="share of the words", xlim=(0, 1.12))
    names = [lengths[1], lengths[2], lengths[3], sum(n for k, n in lengths.items() if k > 3)]
    right.bar(range(4), names, color=plots.COLORS[2])
    right.set_xticks(range(4), ["1", "2", "3", "more"])
    right.set(xlabel="words in the name", ylabel="names")
    left.grid(False, axis="y")
    right.grid(False, axis="x")
    plots.heading(
        figure,
        plots.true_title(
            "More than nine words in ten are in no name",
            found["words outside"] > 0.9,
            "How many words are in a name, and how many words a name has",
        ),
    )
    return found


def _runs(marks: str) -> list[str]:
    """Cut ``OBIIOB`` into the names: ``BII`` and ``B``."""
    return [f"B{rest.split('O')[0]}" for rest in marks.split("B")[1:]]


def two_starts(runs: pd.DataFrame) -> pd.DataFrame:
    """Draw the span F1 of address taggers with a fresh start and with one from names, by seed.

    Parameters
    ----------
    runs : DataFrame
        Columns ``addresses`` (how many were learned from), ``start``, ``seed``, ``span F1``.

    Returns
    -------
    DataFrame
        A row for each number of addresses: the mean of each start, and in how many seeds the
        start from names is ahead.
    """
    counts = sorted(runs["addresses"].unique())
    _, ax = plots.new_figure(width=7.5, height=2.2 + 0.5 * len(counts))
    rows = {}
    for row, count in enumerate(counts):
        table = runs[runs["addresses"] == count].pivot(
            index="seed", columns="start", values="span F1"
        )[[*STARTS]]
        ahead = int((table["from names"] > table["fresh"]).sum())
        rows[count] = {**table.mean(), "names ahead": ahead, "seeds": len(table)}
        for shift, (_, pair) in zip(
            np.linspace(-0.24, 0.24, len(table)), table.iterrows(), strict=True
        ):
            ax.plot(pair, [row + shift] * 2, color="0.75", zorder=1)
            for color, start in enumerate(STARTS):
                label = start if row == 0 and shift < -0.2 else None
                ax.plot(pair[start], row + shift, "o", color=plots.COLORS[color], label=label)
    found = pd.DataFrame.from_dict(rows, orient="index")
    ax.set_yticks(range(len(counts)), [f"{count} addresses" for count in counts])
    ax.set_ylim(len(counts) - 0.5, -0.5)
    ax.set(xlabel="span F1 on the validation part (a line joins the two starts of a seed)")
    ax.set_title(
        plots.true_title(
            "What names have taught is no help with addresses",
            bool((found["from names"] <= found["fresh"]).all()),
            "Two starts of an address tagger: fresh, and from one that has learned names",
        )
    )
    ax.legend(title="start", loc="center left", bbox_to_anchor=(1.01, 0.5))
    ax.grid(False, axis="y")
    return found


def found_by_place(
    true_tags: Sentences,
    found_tags: Sentences,
    find_spans: Callable[[list[str]], Spans],
) -> pd.DataFrame:
    """Count the names found, those that begin a sentence and those further on.

    Returns
    -------
    pandas.DataFrame
        Rows ``first word`` and ``further on``; columns ``names``, ``found`` and ``recall``.
    """
    rows = {"first word": [0, 0], "further on": [0, 0]}
    for true, found in zip(true_tags, found_tags, strict=True):
        right = set(find_spans(list(found)))
        for span in find_spans(list(true)):
            row = rows["further on" if span[0] else "first word"]
            row[0] += 1
            row[1] += span in right
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["names", "found"])
    return table.assign(recall=table["found"] / table["names"].clip(lower=1))
