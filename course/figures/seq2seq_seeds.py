"""Figures of ``05_attention/seq2seq`` over several seeds.

``experiments/seq2seq.py`` makes what is stored.
"""

from __future__ import annotations

import pandas as pd

from course import data, plots
from course.intervals import interval_over_seeds

RATES = ["words wrong", "sounds wrong"]


def every_run() -> pd.DataFrame:
    """Both error rates of every stored model on the validation words: a row for each run.

    Returns
    -------
    pandas.DataFrame
        ``model``, named as in the notebook's results, ``seed``, ``words wrong``, ``sounds wrong``.
    """
    stored = data.measured("seq2seq")
    spellers = data.measured("seq2seq_seeds")["spellers"].rename(columns={"speller": "model"})
    scores, places = stored["scores"], stored["places"]
    behind_gru = scores["encoder"] == "GRU"
    parts = [
        spellers,
        scores[behind_gru & ~scores["scaled"]].assign(model="not divided, 300 steps"),
        scores[~behind_gru & scores["scaled"]].assign(model="self-attention, places"),
        places.assign(model="self-attention, no places"),
    ]
    return pd.concat([part[["model", "seed", *RATES]] for part in parts], ignore_index=True)


def by_model() -> dict[str, pd.DataFrame]:
    """Both error rates of each model's stored runs, a row for each seed."""
    return {model: rows.set_index("seed")[RATES] for model, rows in every_run().groupby("model")}


def by_length(spellers: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Both rates of the runs of 300 steps by the number of letters.

    Returns
    -------
    dict
        By rate and model ("attention", "no attention", "published"): a row for each seed, a column
        for each number of letters.
    """
    columns = dict(zip(RATES, ("words by length", "sounds by length"), strict=True))
    short = spellers[spellers["speller"].str.endswith(", 300 steps")]
    return {
        rate: {
            model.split(", ")[0]: pd.DataFrame(rows[column].tolist(), index=rows["seed"])
            for model, rows in short.groupby("speller")
        }
        for rate, column in columns.items()
    }


def least_gap(lengths: dict[str, dict[str, pd.DataFrame]], worse: str, better: str) -> float:
    """By how much a model is worse than another at least: over seeds, lengths and both rates."""
    return min((models[worse] - models[better]).min(axis=None) for models in lengths.values())


def beams_by_seed(rows: pd.DataFrame) -> pd.DataFrame:
    """Draw what a wider beam gains over a beam of 1, for each of five trained models.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``width``, ``seed``, ``words wrong``, ``sounds wrong`` and ``score``.

    Returns
    -------
    pandas.DataFrame
        By measure and width: ``mean``, ``low`` and ``high`` of the 95 % interval, ``least`` and
        ``most`` of what is gained over a beam of 1: words and sounds in a hundred, and the score.
    """
    signs = {"score": 1, "words wrong": -100, "sounds wrong": -100}
    labels = {
        "score": "mean log-probability gained",
        "words wrong": "words gained, in 100",
        "sounds wrong": "sounds gained, in 100",
    }
    figure, axes = plots.new_figure(columns=3, width=9.4, height=2.2, sharey=True)
    found = {}
    for ax, (measure, sign) in zip(axes, signs.items(), strict=True):
        wide = rows.pivot(index="seed", columns="width", values=measure)
        gains = sign * wide.sub(wide[1], axis=0).drop(columns=1)
        for place, width in enumerate(gains):
            gain = gains[width]
            low, high = interval_over_seeds(gain)
            reach = [[gain.mean() - low], [high - gain.mean()]]
            ax.plot(gain, [place] * len(gain), "o", color=plots.COLORS[2], alpha=0.6)
            ax.errorbar(gain.mean(), place, xerr=reach, fmt="|", ms=18, color="0.1", capsize=5)
            spread = {"low": low, "high": high, "least": gain.min(), "most": gain.max()}
            found[measure, width] = {"mean": gain.mean(), **spread}
        ax.axvline(0, color="0.2", ls="--", lw=1)
        ax.set(xlabel=labels[measure], ylim=(gains.shape[1] - 0.5, -0.5))
        ax.grid(axis="y", visible=False)
    axes[0].set_yticks(range(gains.shape[1]), [f"width {width}" for width in gains])
    plots.heading(figure, "What a wider beam gains over a beam of 1 (bar: 95 % interval)")
    return pd.DataFrame(found).T


def what_a_leak_is_worth(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell, seed by seed, what dealing words one by one saves, and who leads on each division.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``division``, ``reader``, ``group``, ``seed`` and both rates.

    Returns
    -------
    saved : pandas.DataFrame
        By rate, reader and group of words: the rate where families are kept together, minus that
        where words are dealt one by one.
    leads : pandas.DataFrame
        By rate and division: the network's lead over the look-up on all words.
    """
    wide = rows.pivot(index="seed", columns=["division", "reader", "group"], values=RATES)
    wide = wide.swaplevel(0, 1, axis=1)
    saved = wide["families kept together"] - wide["words dealt one by one"]
    every = wide.xs("all", axis=1, level=3)
    leads = every.xs("look-up", axis=1, level=2) - every.xs("network", axis=1, level=2)
    return saved.sort_index(axis=1), leads.swaplevel(0, 1, axis=1).sort_index(axis=1)
