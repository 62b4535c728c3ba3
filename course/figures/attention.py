"""Figures and measurements of ``05_attention/attention``; each figure returns what it drew.

Nothing here attends: scores, weights, contexts and models come from the notebook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional

from course import data, plots, training
from course.intervals import interval_over_seeds

NAMES, VALUES, UNITS = 16, 8, 32
"""The facts task: how many names and values there are, and the units of the GRU."""
QUERIES, KEYS = 200, 20
"""How many random queries are measured, and how many random keys each of them meets."""
GOOD, PLAIN, GREY, OTHER = (plots.COLORS[i] for i in (2, 3, 7, 1))
PADDING, UNKNOWN = 0, 1
CLASSES = ("negative", "positive")
Array = np.ndarray
Model = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""``model(ids, lengths)`` gives logits ``(N, C)`` and weights ``(N, T)``."""
Attribute = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""``attribute(model, ids, lengths)`` gives attributions ``(N, T)``."""


# Facts, a question, an answer


class FactsReader(nn.Module):
    """A GRU over facts, a layer for the question, and a read-out of what ``look`` returns.

    Parameters
    ----------
    look : callable
        ``look(states, query)`` gets ``(N, T, features)`` and ``(N, query_size)`` and returns
        ``(N, features)``.
    features, query_size : int
        The states are brought to ``features`` numbers, if that is not what they have.
    """

    def __init__(
        self, look: Callable[[Tensor, Tensor], Tensor], features: int, query_size: int
    ) -> None:
        super().__init__()
        self.look = look
        self.encoder = nn.GRU(NAMES + VALUES, UNITS, batch_first=True)
        self.ask = nn.Linear(NAMES, query_size)
        self.mix = nn.Identity() if features == UNITS else nn.Linear(UNITS, features)
        self.output = nn.Linear(features, VALUES)

    def forward(self, x: Tensor, question: Tensor) -> Tensor:
        """Return a score for each value, ``(N, VALUES)``."""
        return self.output(self.look(self.mix(self.encoder(x)[0]), self.ask(question)))


def facts(n: int, steps: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw n lists of facts (n, steps, 24), one question each (n, 16), and its answer (n,)."""
    names = torch.rand(n, NAMES, generator=generator).argsort(1)[:, :steps]
    values = torch.randint(VALUES, (n, steps), generator=generator)
    asked = torch.randint(steps, (n, 1), generator=generator)
    x = torch.cat(
        [functional.one_hot(names, NAMES), functional.one_hot(values, VALUES)], dim=2
    ).float()
    question = functional.one_hot(names.gather(1, asked)[:, 0], NAMES).float()
    return x, question, values.gather(1, asked)[:, 0]


def recall(
    look: Callable[[Tensor, Tensor], Tensor],
    steps: int,
    features: int = UNITS,
    query_size: int | None = None,
    updates: int = 400,
    seed: int = 0,
) -> float:
    """Train a reader that looks back with ``look``; return its accuracy on 1,000 fresh questions.

    Parameters
    ----------
    look : callable
        ``look(states, query)``, as :class:`FactsReader` takes it.
    steps : int
        Facts in each sequence.
    features, query_size : int
        Numbers of each state and of the query that ``look`` gets; ``query_size`` is ``features``
        unless it is given.
    updates : int
        Steps of training, each on 64 fresh sequences.
    seed : int
        Of the weights and of the facts.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    model = FactsReader(look, features, query_size or features)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in training.progress(
        range(updates), f"{getattr(look, '__name__', type(look).__name__)}, {steps} facts"
    ):
        x, question, answer = facts(64, steps, generator)
        optimizer.zero_grad()
        functional.cross_entropy(model(x, question), answer).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        x, question, answer = facts(1000, steps, generator)
        return (model(x, question).argmax(1) == answer).float().mean().item()


def published(states: Tensor, query: Tensor) -> Tensor:
    """Read the states as the published step of the notebook's last part does.

    Parameters
    ----------
    states : Tensor, shape (N, T, D)
    query : Tensor, shape (N, T)
        A number for each place.

    Returns
    -------
    Tensor, shape (N, D)
    """
    return (query.softmax(dim=1)[:, None] @ states)[:, 0]


def best_guess(steps: int) -> float:
    """Accuracy of the best reader that ignores the question: it says the most frequent value."""

    def none_more_often_than(most: int) -> float:
        once = np.polynomial.Polynomial([1 / factorial(n) for n in range(most + 1)])
        ways = (once**VALUES).coef
        return factorial(steps) / VALUES**steps * ways[steps] if len(ways) > steps else 0.0

    return sum(1 - none_more_often_than(most) for most in range(steps)) / steps


def accuracy_against_facts(
    lengths: Sequence[int],
    looking: Sequence[float],
    remembering: Sequence[float],
    stored: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Accuracy of both readers and of the best guess, against the number of facts.

    Parameters
    ----------
    lengths : sequence of int
        Numbers of facts.
    looking, remembering : sequence of float
        Accuracies of the reader with attention and of the one that keeps the last state.
    stored : pandas.DataFrame, optional
        Columns ``reader``, ``facts``, ``seed`` and ``accuracy``: a dot for each run.
    """
    table = pd.DataFrame(
        {
            "all states, attention": looking,
            "last state only": remembering,
            "most frequent value (no question)": [best_guess(steps) for steps in lengths],
        },
        index=pd.Index(lengths, name="facts"),
    )
    several = table[table.index > 1]  # one fact needs no question
    _, axes = plots.new_figure(width=6.5)
    styles = ({"color": GOOD, "marker": "o"}, {"color": PLAIN, "marker": "s"})
    for label, style in zip(table, (*styles, {"color": "0.4", "ls": "--"}), strict=True):
        axes.plot(table[label], label=label, **style)
        rows = stored[stored["reader"] == label] if stored is not None else several[:0]
        if len(rows):
            dots = {"marker": "o", "ls": "", "ms": 5, "alpha": 0.4, "color": style["color"]}
            axes.plot(rows["facts"] * 1.07, rows["accuracy"], **dots)
    axes.set(
        ylim=(0, 1.05),
        xlabel="facts in the sequence, T" + ("" if stored is None else " (dots: stored seeds)"),
        ylabel="accuracy on 1,000 questions",
        title=plots.true_title(
            "From two facts on, only the reader that looks back answers",
            several["all states, attention"].min() > 0.9
            and (several["last state only"] < several.iloc[:, 2] + 0.1).all(),
            "Accuracy against the number of facts",
        ),
    )
    _sizes(axes, lengths)
    return table


def _sizes(axes: Axes, sizes: Sequence[int]) -> None:
    """Mark the measured sizes on a logarithmic axis, and show the legend."""
    axes.set(xscale="log", xticks=sizes, xticklabels=sizes)
    axes.minorticks_off()
    axes.legend(loc="lower left")


def scores_by_budget(measured: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on the facts task against training, for each score: a dot for each stored seed.

    Parameters
    ----------
    measured : pandas.DataFrame
        Columns ``score``, ``updates``, ``seed`` and ``accuracy``.

    Returns
    -------
    pandas.DataFrame
        Median accuracies: a row for each budget, a column for each score.
    """
    medians = measured.pivot_table("accuracy", "updates", "score", "median")
    budgets = list(medians.index)
    _, axes = plots.new_figure(width=6.5, height=2.8)
    looks = {"dot": (PLAIN, "s"), "scaled dot": (GOOD, "o"), "additive": (plots.COLORS[0], "^")}
    for shift, (name, (color, marker)) in zip((-0.07, 0, 0.07), looks.items(), strict=True):
        rows = measured[measured["score"] == name]
        at = rows["updates"].map(budgets.index) + shift
        axes.plot(at, rows["accuracy"], marker, color=color, alpha=0.6)
        axes.plot(np.arange(len(budgets)) + shift, medians[name], color=color, label=name)
    axes.set_xticks(range(len(budgets)), budgets)
    axes.set(
        ylim=(0, 1.05),
        xlabel="updates of training",
        ylabel="accuracy on 1,000 questions",
        title="Eight facts, three scores: a dot for each of five seeds",
    )
    axes.legend(loc="upper left")
    return medians


# Scores, weights and context

Score = Callable[[Array, Array], Array]
LOOKS = {
    "scaled_dot_scores": ("scaled by 1/√D", {"color": GOOD, "marker": "o"}),
    "dot_scores": ("plain dot product", {"color": PLAIN, "marker": "s"}),
}


def _random_rows(size: int) -> tuple[Array, Array, Array, Array]:
    """Random queries (200, 1, size), keys (200, 20, size), gradients and masks (200, 1, 20)."""
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(QUERIES, 1, size)), rng.normal(size=(QUERIES, KEYS, size))
    g = rng.normal(size=(QUERIES, 1, KEYS))
    return q, k, g, np.ones(g.shape, dtype=bool)


def entropy_against_size(
    scores: Sequence[Score], softmax: Callable[[Array, Array], Array], sizes: Sequence[int]
) -> pd.DataFrame:
    """Mean entropy of the weights of random queries over random keys, for each score function.

    Parameters
    ----------
    scores : sequence of callable
        ``score(q, k)`` gives ``(N, Tq, Tk)``.
    softmax : callable
        ``softmax(scores, mask)`` gives weights.
    sizes : sequence of int
        Features per vector.
    """
    names = [score.__name__ for score in scores]
    table = pd.DataFrame(index=pd.Index(sizes, name="D"), columns=names, dtype=float)
    for size in sizes:
        q, k, _, everything = _random_rows(size)
        for score in scores:
            w = softmax(score(q, k), everything)
            entropy = -(w * np.log(w + 1e-300)).sum(axis=-1).mean()
            table.loc[size, score.__name__] = entropy
    _, axes = plots.new_figure(width=6.5)
    axes.axhline(np.log(KEYS), ls="--", color="0.4", label=f"all keys alike: log {KEYS}")
    for name in sorted(table, reverse=True):
        label, style = LOOKS[name]
        axes.plot(table[name], label=label, **style)
    axes.set(
        ylim=(0, 3.2),
        xlabel="features per vector, D",
        ylabel="mean entropy of the weights (nats)",
        title=plots.true_title(
            "Without scaling, softmax picks one key at random",
            "dot_scores" in table
            and table["dot_scores"].iloc[-1] < 0.25
            and table.drop(columns="dot_scores").iloc[-1].gt(1).all(),
            "How widely softmax spreads its weights",
        ),
    )
    _sizes(axes, sizes)
    return table


def weights_at_size(
    scores: Sequence[Score], softmax: Callable[[Array, Array], Array], sizes: Sequence[int]
) -> dict[tuple[str, int], Array]:
    """Draw one random query's weights over 20 random keys, a column for each size.

    Parameters
    ----------
    scores, softmax
        As in :func:`entropy_against_size`.
    sizes : sequence of int
        Features per vector.

    Returns
    -------
    dict
        ``{(score, size): weights (20,)}``, the largest first.
    """
    figure, axes = plots.new_figure(
        rows=len(scores),
        columns=len(sizes),
        width=2.2 + 2.3 * len(sizes),
        height=3.4,
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    found = {}
    for column, size in enumerate(sizes):
        q, k, _, everything = _random_rows(size)
        for row, score in enumerate(scores):
            label, style = LOOKS[score.__name__]
            weights = np.sort(softmax(score(q, k), everything)[0, 0])[::-1]
            axes[row, column].bar(range(1, KEYS + 1), weights, color=style["color"])
            axes[row, column].set_title(f"D = {size}, {label}", fontsize=10)
            found[score.__name__, size] = weights
    for axis in axes[-1]:
        axis.set(xlabel="key, by weight", ylim=(0, 1.02))
    figure.supylabel("weight", fontsize=10)
    return found


def gradient_against_size(
    scores: Sequence[Score],
    softmax: Callable[[Array, Array], Array],
    backward: Callable[[Array, Array], Array],
    sizes: Sequence[int],
) -> pd.DataFrame:
    """Length of the gradient that random rows of weights send back to scores and to the query.

    Parameters
    ----------
    scores, softmax, sizes
        As for :func:`entropy_against_size`; a score must be linear in the query.
    backward : callable
        ``backward(dweights, weights)`` gives the gradient with respect to the scores.

    Returns
    -------
    pandas.DataFrame
        Mean and median over 200 queries, for each size, place and score function.
    """
    rows = []
    for size in sizes:
        q, k, dweights, everything = _random_rows(size)
        one = np.ones((1, 1, size))
        for score in scores:
            dscores = backward(dweights, softmax(score(q, k), everything))
            dquery = dscores @ k * score(one, one).item() / size  # plain: 1, scaled: 1/sqrt(D)
            for place, gradient in (("scores", dscores), ("query", dquery)):
                length = np.linalg.norm(gradient, axis=-1)
                found = {"mean": length.mean(), "median": np.median(length)}
                rows.append({"at": place, "score": score.__name__, "D": size, **found})
    table = pd.DataFrame(rows).set_index(["at", "score", "D"]).sort_index()
    _, panels = plots.new_figure(2, width=10, height=3.6, sharey=True)
    at_scores, at_query = (table.loc[place, "dot_scores"] for place in ("scores", "query"))
    titles = (
        plots.true_title(
            "At the scores, unscaled: it fades",
            (at_scores.iloc[-1] < 0.2 * at_scores.iloc[0]).all(),
            "At the scores",
        ),
        plots.true_title(
            "At the query, unscaled: mean up, median down",
            at_query["mean"].iloc[-1] > at_query["mean"].iloc[0]
            and at_query["median"].iloc[-1] < at_query["median"].iloc[0],
            "At the query",
        ),
    )
    for axes, place, title in zip(panels, ("scores", "query"), titles, strict=True):
        for name, (label, style) in LOOKS.items():
            lines = table.loc[place, name]
            axes.plot(lines["mean"], label=f"{label}, mean", **style)
            axes.plot(lines["median"], "--", label=f"{label}, median", **style, mfc="white")
        axes.set(yscale="log", ylim=(1e-5, 6), xlabel="features per vector, D", title=title)
        _sizes(axes, sizes)
    panels[0].set_ylabel("length of the gradient")
    panels[1].get_legend().remove()
    return table


def numbers_and_their_average(
    scores: Array, weights: Array, values: Array, context: Array
) -> dict[str, Array]:
    """Scores and weights of one query over four keys, and its context among the values.

    Parameters
    ----------
    scores, weights : numpy.ndarray, shape (1, 1, 4)
        The last key is padding.
    values : numpy.ndarray, shape (1, 4, 2)
    context : numpy.ndarray, shape (1, 1, 2)
    """
    s, w, v, c = scores[0, 0], weights[0, 0], values[0], context[0, 0]
    _, (left, right) = plots.new_figure(2, width=9.5, height=3.4, width_ratios=[1.5, 1])
    ground = np.vstack([np.full(len(w), np.nan), w])
    left.imshow(ground, cmap="Greens", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(np.vstack([s, w])):
        ink = "white" if row and value > 0.7 else "0.45" if column == len(w) - 1 else "black"
        left.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=12, color=ink)
    names = [f"$v_{j + 1}$ = ({x:g}, {y:g})" for j, (x, y) in enumerate(v)]
    left.set_xticks(range(len(w)), names, fontsize=9)
    left.set_yticks([0, 1], ["scores $q·k/\\sqrt{2}$", "weights"])
    left.set_title("Scores, then weights (word 4 is padding)")
    left.grid(False)
    right.scatter(*v.T, s=1800 * w + 8, color=plots.COLORS[0], alpha=0.55)
    for j, (x, y) in enumerate(v):
        right.plot([x, c[0]], [y, c[1]], color="0.6", lw=0.4 + 6 * w[j], zorder=1)
        shift = 7 + 16 * w[j] ** 0.5
        right.annotate(f"$v_{j + 1}$", (x, y), xytext=(shift, 5), textcoords="offset points")
    right.plot(*c, "*", ms=17, color=PLAIN)
    text = f"context\n({c[0]:.2f}, {c[1]:.2f})"
    place = {"xytext": (-12, 4), "textcoords": "offset points", "ha": "right"}
    right.annotate(text, c, color=PLAIN, **place)
    right.set(
        xlim=(-0.8, 5.6),
        ylim=(-0.5, 5.2),
        xlabel="feature 1",
        ylabel="feature 2",
        title="Their weighted average",
    )
    return {"scores": s, "weights": w, "values": v, "context": c}


def measured_gradient(loss: Callable[[Array], float], at: Array, nudge: float = 1e-5) -> Array:
    """Gradient of ``loss`` at a point by nudging each number up and down, in the point's shape."""
    measured = np.zeros_like(at)
    for place in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[place] = nudge
        measured[place] = (loss(at + step) - loss(at - step)) / (2 * nudge)
    return measured


# Film reviews


@dataclass(frozen=True)
class Reviews:
    """The words of each review, the same as ids, and the labels ``y`` (1 is positive)."""

    words: list[list[str]]
    ids: list[Tensor]
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


def film_reviews() -> tuple[Reviews, Reviews, int]:
    """Reviews to train on, reviews held out, and the number of ids.

    A word that the training part does not have twice has the id 1, padding the id 0.
    """
    parts = data.reviews()
    counts = Counter(word for review in parts.train.inputs for word in review)
    frequent = sorted(word for word in counts if counts[word] > 1)
    vocabulary = {word: n for n, word in enumerate(frequent, start=2)}
    train, test = (
        Reviews(
            part.inputs,
            [torch.tensor([vocabulary.get(word, UNKNOWN) for word in r]) for r in part.inputs],
            torch.tensor(part.targets),
        )
        for part in (parts.train, parts.valid)
    )
    return train, test, len(vocabulary) + 2


def counts_of(**parts: Reviews) -> pd.DataFrame:
    """For each part: reviews, share of positive ones, median and largest number of words."""
    rows = {}
    for name, part in parts.items():
        lengths = [len(ids) for ids in part.ids]
        rows[name] = {
            "reviews": len(part),
            "positive": round(part.y.double().mean().item(), 3),
            "median words": int(np.median(lengths)),
            "most words": max(lengths),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def tfidf_accuracy(train: Reviews, test: Reviews) -> float:
    """Accuracy of logistic regression on the TF-IDF of words and of pairs of neighbours."""
    tfidf = TfidfVectorizer(
        analyzer=lambda r: r + [f"{a} {b}" for a, b in pairwise(r)],
        sublinear_tf=True,
        min_df=2,
    )
    linear = LogisticRegression(C=4, max_iter=500)
    linear.fit(tfidf.fit_transform(train.words), train.y.numpy())
    return linear.score(tfidf.transform(test.words), test.y.numpy())


class MeanClassifier(nn.Module):
    """The mean of a review's word vectors, and a linear layer."""

    def __init__(self, vocab_size: int, embedding_size: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.output = nn.Linear(embedding_size, classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, None]:
        """Return logits (N, classes) and no weights."""
        real = (ids != PADDING)[:, :, None]
        return self.output((self.embedding(ids) * real).sum(1) / lengths[:, None]), None


def batches(
    reviews: Reviews, size: int, rng: np.random.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield ids (n, T), lengths (n,) and labels (n,) of reviews of similar length, padded."""
    lengths = np.array([len(ids) for ids in reviews.ids])
    order = np.argsort(lengths + (4 * rng.random(len(lengths)) if rng else 0), kind="stable")
    starts = np.arange(0, len(lengths), size)
    for start in rng.permutation(starts) if rng else starts:
        chosen = order[start : start + size]
        padded = nn.utils.rnn.pad_sequence([reviews.ids[i] for i in chosen], batch_first=True)
        yield padded, torch.as_tensor(lengths[chosen]), reviews.y[chosen]


def fit(model: nn.Module, reviews: Reviews, epochs: int, lr: float) -> nn.Module:
    """Train ``model(ids, lengths)`` on reviews with Adam, and return it ready for use."""
    rng = np.random.default_rng(0)
    nn.init.normal_(model.embedding.weight, std=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in training.progress(range(epochs), type(model).__name__):
        model.train()
        for ids, lengths, y in batches(reviews, 64, rng):
            optimizer.zero_grad()
            functional.cross_entropy(model(ids, lengths)[0], y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return model.eval()


def accuracy_of(model: nn.Module, reviews: Reviews) -> float:
    """Share of reviews that a trained model classifies rightly."""
    with torch.no_grad():
        hits = [(model(i, n)[0].argmax(1) == y).sum() for i, n, y in batches(reviews, 128)]
    return float(sum(hits)) / len(reviews)


def accuracy_with_errors(
    accuracy: Mapping[str, float], test: Reviews, stored: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Accuracy of each classifier (the last one is the lesson's) with its standard error.

    Parameters
    ----------
    accuracy : dict of float
        By classifier.
    test : Reviews
    stored : pandas.DataFrame, optional
        A row for each stored seed, a column for some of the classifiers: drawn as dots.
    """
    table = pd.DataFrame({"accuracy": accuracy})
    table["error"] = (table["accuracy"] * (1 - table["accuracy"]) / len(test)) ** 0.5
    bags, ours = table["accuracy"].iloc[:-1], table.iloc[-1]
    _, axes = plots.new_figure(width=6.5, height=2.3 if stored is None else 3)
    for label, (value, error) in table.iterrows():
        color, marker = (GOOD, "o") if label == table.index[-1] else (GREY, "s")
        axes.errorbar(value, label, xerr=error, color=color, marker=marker, ms=9, capsize=4)
        place = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center"}
        axes.annotate(f"{value:.3f}", (value, label), **place)
        if stored is not None and label in stored:
            dots = {"marker": "o", "ls": "", "ms": 5, "alpha": 0.5, "color": color}
            axes.plot(stored[label], [table.index.get_loc(label) + 0.3] * len(stored), **dots)
    axes.axvline(test.y.double().mean().item(), ls="--", color="0.3")
    axes.invert_yaxis()
    axes.margins(y=0.35)
    axes.set(
        xlim=(0.45, 0.9),
        xlabel="accuracy on held-out reviews (dashed: always say positive"
        + (")" if stored is None else "; dots: stored seeds)"),
        title=plots.true_title(
            "Short reviews: a bag of words is hard to beat",
            ours["accuracy"] <= bags.max() + ours["error"],
            "Short reviews: the accuracy of each classifier",
        ),
    )
    return table


def readouts_by_seed(measured: pd.DataFrame) -> pd.DataFrame:
    """Draw the same network read out in several ways, and how far attention leads each other way.

    Parameters
    ----------
    measured : pandas.DataFrame
        Columns ``readout``, ``seed`` and ``accuracy``.

    Returns
    -------
    pandas.DataFrame
        Attention's lead over each other readout, in points: ``mean`` of the seeds, ``low`` and
        ``high`` of its 95 % interval, and ``ahead``, the number of seeds in which it leads.
    """
    table = 100 * measured.pivot(index="seed", columns="readout", values="accuracy")
    table = table[list(dict.fromkeys(measured["readout"]))]
    others = [name for name in table if name != "attention"]
    figure, (left, right) = plots.new_figure(columns=2, width=9.4, height=2.4, sharey=True)
    for place, name in enumerate(table):
        color = GOOD if name == "attention" else GREY
        left.plot(table[name], [place] * len(table), "o", ms=8, alpha=0.7, color=color)
        left.plot([table[name].mean()], [place], "|", ms=22, mew=2.5, color="0.2")
    rows = {}
    for name in others:
        lead, place = table["attention"] - table[name], list(table).index(name)
        low, high = interval_over_seeds(lead)
        rows[name] = {"mean": lead.mean(), "low": low, "high": high, "ahead": (lead > 0).sum()}
        right.plot(lead, [place] * len(lead), "o", ms=8, alpha=0.6, color=GREY)
        reach = [[lead.mean() - low], [high - lead.mean()]]
        right.errorbar(lead.mean(), place, xerr=reach, fmt="|", ms=18, color="0.1", capsize=5)
    leads = pd.DataFrame(rows).T
    left.set_yticks(range(table.shape[1]), table.columns)
    left.set(xlabel="accuracy [%]; dots: seeds, bar: mean", ylim=(len(others) + 0.5, -0.5))
    right.axvline(0, color="0.2", ls="--")
    right.set(xlabel="lead of attention [points]; bar: 95 % interval")
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
    message = plots.true_title(
        "One network read out in three ways: five seeds show no sure lead",
        (leads["low"] < 0).all() and (leads["high"] > 0).all(),
        "One network read out in three ways, and how far attention leads",
    )
    plots.heading(figure, message)
    return leads


# Attention as an explanation


def short_reviews(reviews: Reviews, least: int, most: int, each: int) -> list[int]:
    """Places of the first ``each`` negative and positive reviews of ``least`` to ``most`` words."""
    short = [i for i, ids in enumerate(reviews.ids) if least <= len(ids) <= most]
    return [i for label in (0, 1) for i in [j for j in short if reviews.y[j] == label][:each]]


def two_opinions(
    reviews: Reviews, places: Sequence[int], model: Model, attribute: Attribute
) -> list[pd.DataFrame]:
    """Words coloured by the model's attention and by their attributions, for a few reviews."""
    _, axes = plots.new_figure(width=9.5, height=1.1 * len(places))
    tables = []
    for n, place in enumerate(places):
        ids, lengths = reviews.ids[place][None], torch.tensor([len(reviews.ids[place])])
        with torch.no_grad():
            logits, weights = model(ids, lengths)
        given = attribute(model, ids, lengths)[0].numpy()
        words, weights = reviews.words[place], weights[0].numpy()
        tables.append(pd.DataFrame({"word": words, "attention": weights, "attribution": given}))
        share, said = logits.softmax(1)[0].max(0)
        truth = CLASSES[reviews.y[place]]
        y = -2.9 * n
        text = f"model: {CLASSES[said]}, {share:.2f}; raters: {truth}"
        axes.text(0, y + 0.95, text, fontsize=9, color="0.35")
        _draw_words(axes, y, words, np.minimum(weights * len(words) / 2, 1), "Greens", 0.0)
        _draw_words(axes, y - 0.9, words, given / np.abs(given).max(), "PuOr", -1.0)
        for row, name in ((0.38, "attention"), (-0.52, "gradient x emb.")):
            axes.text(-0.3, y + row, name, ha="right", va="center", fontsize=8.5)
    key = "purple: for the decision · orange: against · green: attention (darkest: 2 x equal share)"
    bottom = -2.9 * len(places) + 1
    axes.text(0, bottom, key, fontsize=9)
    axes.set(
        xlim=(-6.0, 34),
        ylim=(bottom - 0.4, 1.7),
        title="Two opinions on the same words: attention, and gradient x embedding",
    )
    axes.axis("off")
    return tables


def _draw_words(
    axes: Axes, y: float, words: Sequence[str], shares: Array, cmap: str, low: float
) -> None:
    """Write words in a line, each on a patch coloured by its share (low to 1)."""
    x = 0.0
    for word, share in zip(words, shares, strict=True):
        width = 0.55 + 0.42 * len(word)
        color = plt.get_cmap(cmap)((share - low) / (1 - low))
        axes.add_patch(plt.Rectangle((x, y), width - 0.1, 0.8, color=color, lw=0))
        ink = "white" if np.dot(color[:3], [0.3, 0.59, 0.11]) < 0.5 else "black"
        place = {"ha": "center", "va": "center", "fontsize": 9.5}
        axes.text(x + width / 2 - 0.05, y + 0.38, word, color=ink, **place)
        x += width


def agreement_of_opinions(
    reviews: Reviews, model: Model, attribute: Attribute, least: int = 5
) -> pd.DataFrame:
    """Rank correlation, in each review, of attention and the size of the attributions.

    Returns
    -------
    pandas.DataFrame
        For each review ``correlation``, ``same top word``, the ``chance`` of the latter, and the
        ``largest`` weight, in equal shares.
    """
    rows = []
    for ids, lengths, _ in batches(reviews, 128):
        with torch.no_grad():
            weights = model(ids, lengths)[1].numpy()
        sizes = attribute(model, ids, lengths).abs().numpy()
        for w, a, n in zip(weights, sizes, lengths.tolist(), strict=True):
            if n >= least:
                same = w[:n].argmax() == a[:n].argmax()
                rows.append((spearmanr(w[:n], a[:n]).statistic, same, 1 / n, n * w[:n].max()))
    table = pd.DataFrame(rows, columns=["correlation", "same top word", "chance", "largest"])
    _, axes = plots.new_figure(width=6.5, height=2.8)
    axes.hist(table["correlation"], bins=np.linspace(-1, 1, 41), color=plots.COLORS[0])
    median = table["correlation"].median()
    axes.axvline(median, color=PLAIN, lw=2, label=f"median {median:.2f}")
    same, chance = table["same top word"].mean(), table["chance"].mean()
    text = f"same top word in\n{same:.0%} of the reviews\n(by chance in {chance:.0%})"
    axes.text(0.02, 0.78, text, transform=axes.transAxes, va="top", fontsize=9)
    axes.set(
        xlim=(-1, 1),
        xlabel="rank correlation of attention and |gradient x embedding| in a review",
        ylabel="reviews",
        title=plots.true_title(
            "The two opinions agree, loosely",
            0.1 < median < 0.7 and same > chance,
            "How far the two opinions agree",
        ),
    )
    axes.legend(loc="upper left")
    return table


def _by_length(reviews: Reviews, least: int = 1) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield ids (n, T), lengths (n,) and labels (n,) of all reviews of each length: no padding."""
    for length in sorted({len(ids) for ids in reviews.ids if len(ids) >= least}):
        same = [i for i, ids in enumerate(reviews.ids) if len(ids) == length]
        ids = torch.stack([reviews.ids[i] for i in same])
        yield ids, torch.full((len(same),), length), reviews.y[same]


def decisions_under_other_weights(
    reviews: Reviews,
    model: Model,
    decide: Callable[[Tensor, Tensor], Tensor],
    change: Mapping[str, Callable[[Tensor], Tensor]],
) -> pd.DataFrame:
    """How many decisions change when the weights are replaced and the states are kept.

    Parameters
    ----------
    reviews : Reviews
    model : torch.nn.Module
        With the parts ``embedding`` and ``encoder``.
    decide : callable
        ``decide(states, weights)`` gives classes ``(N,)`` for ``(N, T, D)`` and ``(N, T)``.
    change : mapping of str to callable
        Each gives other weights ``(N, T)`` for the model's.

    Returns
    -------
    pandas.DataFrame
        ``changed`` and ``lost``: shares of decisions and of accuracy; and the standard ``error``
        of what is lost, over the reviews.
    """
    changed = {name: [] for name in change}
    lost = {name: [] for name in change}
    for ids, lengths, y in _by_length(reviews):
        with torch.no_grad():
            logits, weights = model(ids, lengths)
            states = model.encoder(model.embedding(ids))[0]
            kept = logits.argmax(1)
            for name, new in change.items():
                decided = decide(states, new(weights))
                changed[name].append(decided != kept)
                lost[name].append((kept == y).float() - (decided == y).float())
    table = pd.DataFrame(
        {
            "changed": {name: torch.cat(v).float().mean().item() for name, v in changed.items()},
            "lost": {name: torch.cat(v).mean().item() for name, v in lost.items()},
            "error": {name: torch.cat(v).std().item() for name, v in lost.items()},
        }
    )
    table["error"] /= len(reviews) ** 0.5
    _, axes = plots.new_figure(width=6.5, height=2.0)
    axes.barh(table.index, 100 * table["changed"], color=GOOD)
    for place, (share, points, error) in enumerate(100 * table.to_numpy()):
        text = f"{share:.1f} % changed; {points:.1f} ± {error:.1f} points of accuracy lost"
        axes.text(share + 0.2, place, text, va="center", fontsize=9)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(
        xlim=(0, max(22, 200 * table["changed"].max())),  # room for the text beside a bar
        xlabel="decisions that change (per cent of the held-out reviews)",
        title=plots.true_title(
            "Other weights, mostly the same decisions",
            table["changed"].max() < 0.25,
            "Decisions under other weights",
        ),
    )
    return table


def fall_without_a_word(
    reviews: Reviews,
    model: Model,
    attribute: Attribute,
    choose: Mapping[str, Callable[[Tensor, Tensor], Tensor]],
    least: int = 5,
) -> pd.DataFrame:
    """Fall of the predicted class's probability when one word of each review is taken away.

    Parameters
    ----------
    reviews : Reviews
    model, attribute : callable
        ``model(ids, lengths)`` and ``attribute(model, ids, lengths)``.
    choose : mapping of str to callable
        Each gives the places ``(N,)`` of the words to remove for weights and attributions
        ``(N, T)``. A random word is measured beside them.
    least : int
        Words of the shortest review that is used.

    Returns
    -------
    pandas.DataFrame
        The fall: a row for each review, a column for each way to choose the word.
    """
    draw = torch.Generator().manual_seed(0)
    ways = {
        "a random word": lambda w, a: torch.randint(w.shape[1], (len(w),), generator=draw),
        **choose,
    }
    falls = {name: [] for name in ways}
    for ids, lengths, _ in _by_length(reviews, least):
        given = attribute(model, ids, lengths)
        with torch.no_grad():
            logits, weights = model(ids, lengths)
            decided = logits.argmax(1, keepdim=True)
            before = logits.softmax(1).gather(1, decided)
            for name, way in ways.items():
                keep = torch.arange(ids.shape[1]) != way(weights, given)[:, None]
                rest = ids[keep].reshape(len(ids), -1)
                after = model(rest, lengths - 1)[0].softmax(1).gather(1, decided)
                falls[name].append((before - after)[:, 0])
    table = pd.DataFrame({name: torch.cat(values).numpy() for name, values in falls.items()})
    _, axes = plots.new_figure(width=7, height=2.4)
    colors = [GREY if "random" in n else GOOD if "attention" in n else OTHER for n in table]
    axes.barh(table.columns, table.mean(), xerr=table.sem(), color=colors, capsize=4)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(
        xlabel="mean fall of the predicted class's probability (± standard error)",
        title="Which word does the decision hang on?",
    )
    return table
