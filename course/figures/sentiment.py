"""Figures and plain work of ``04_bidirectional/sentiment``: each figure returns what it drew."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from course import data, plots
from course.data import Part, Parts, ReviewPart
from course.figures import parts

BLUE, ORANGE, GREEN, RED, PURPLE = plots.COLORS[:5]
GREY = "0.55"
CLASSES = ("negative", "positive")
LOOK = {
    "LSTM, forwards": (BLUE, "-", "o"),
    "LSTM, backwards": (ORANGE, "--", "s"),
    "BiLSTM": (GREEN, "-", "D"),
    "BiGRU": (RED, ":", "^"),
    "vote: two forwards": (GREY, "-", "o"),
    "vote: both ways": (PURPLE, "-", "o"),
}
"""Colour, line and mark of each kind of network or vote; anything else is black."""

NEGATIONS = {"not", "no", "never", "nothing", "neither", "nor", "without", "hardly", "cannot"}
TURNS = {"but", "although", "though", "however", "despite", "yet"}
SENTENCES = (
    "A warm, funny and beautifully acted film.",
    "A waste of time and talent.",
    "It is not a good film.",
    "It is not a bad film.",
    "Good, it is not.",
    "The actors are wonderful, but the story is dull.",
    "The story is dull, but the actors are wonderful.",
    "I have seen the weather forecast for Tuesday.",
)
"""Sentences on which to try a classifier of reviews."""

Batch = tuple[torch.Tensor, ...]
"""``ids`` (N, T), ``lengths`` (N,) and targets (N,)."""


# --- reviews and bags -----------------------------------------------------------------------------
def reviews_to_read() -> tuple[Parts, int]:
    """Return the reviews, and how many words of each are read: IMDB's where IMDB_FOLDER is set."""
    folder = os.environ.get("IMDB_FOLDER", "")
    return (data.imdb(folder), 250) if folder else (data.reviews(), 60)


def size_of_each_part(corpus: Parts) -> str:
    """Say in one line for each part how many reviews it has, how long, and how many positive."""
    lines = []
    for name in ("train", "valid", "test"):
        part = getattr(corpus, name)
        length = np.mean([len(words) for words in part.inputs])
        label = f"{np.mean(part.targets):.1%} positive" if part.targets else "labels held out"
        lines.append(f"{name:6s}{len(part):6d} reviews, {length:.1f} words on average, {label}")
    return "\n".join(lines)


def bags_of_words(train: Part, valid: Part) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Fit logistic regressions on bags of words, their penalties chosen within ``train``.

    Returns
    -------
    says : dict
        By the name of a bag: probability of *positive* for each review of ``valid``, (N,).
    weights : dict
        The weight of each word in the bag ``"TF-IDF"``.
    """
    as_it_is = {"tokenizer": list, "preprocessor": list, "token_pattern": None}
    tfidf = {**as_it_is, "sublinear_tf": True}
    strong, weak = [0.1, 0.3, 1.0], [3.0, 10.0, 30.0]
    bags = {
        "word counts": (CountVectorizer(**as_it_is, binary=True), strong),
        "TF-IDF": (TfidfVectorizer(**tfidf), weak),
        "TF-IDF and pairs": (TfidfVectorizer(**tfidf, ngram_range=(1, 2), min_df=2), weak),
    }
    says, weights = {"majority": np.full(len(valid), float(np.mean(train.targets) > 0.5))}, {}
    with threadpool_limits(1):  # on small problems many threads wait for each other
        for name, (bag, strengths) in bags.items():
            features = bag.fit_transform(train.inputs)
            search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": strengths}, cv=3)
            chosen = search.fit(features, train.targets).best_estimator_
            says[name] = chosen.predict_proba(bag.transform(valid.inputs))[:, 1]
            if name == "TF-IDF":
                weights = dict(zip(bag.get_feature_names_out(), chosen.coef_[0], strict=True))
    return says, weights


def accuracy_of_each(says: Mapping[str, np.ndarray], labels: np.ndarray) -> str:
    """List the accuracy of each answer ``says > 0.5``."""
    lines = [
        f"{name:18s} accuracy on the validation part {((p > 0.5) == labels).mean():.2f}"
        for name, p in says.items()
    ]
    return "\n".join(lines)


def say(figure: Figure, message: str) -> None:
    """Give a figure of several panels one title."""
    plots.heading(figure, message)
    for ax in figure.axes:
        ax.set_title(ax.get_title(loc="left"), fontweight="normal", fontsize=10)


def lengths_of_reviews(reviews: Sequence[Sequence[str]]) -> np.ndarray:
    """Draw how many words the reviews have."""
    lengths = np.array([len(words) for words in reviews])
    _, ax = plots.new_figure(width=7, height=2.6)
    ax.hist(lengths, bins=np.arange(0.5, lengths.max() + 1, 1 if lengths.max() < 100 else 25))
    ax.set(
        title=f"Reviews have {lengths.min()} to {lengths.max()} words, "
        f"half of them at most {np.median(lengths):.0f}",
        xlabel="words in a review",
        ylabel="reviews",
    )
    return lengths


def strongest_words(weights: Mapping[str, float], count: int = 12) -> list[str]:
    """Draw the words with the lowest and the highest weights of a bag."""
    ranked = sorted(weights, key=weights.get)
    figure, axes = plots.new_figure(columns=2, width=7.5, height=3.3)
    ends = (ranked[:count], RED), (ranked[: -count - 1 : -1], BLUE)
    for ax, (words, color) in zip(axes, ends, strict=True):
        ax.barh(words, [weights[word] for word in words], color=color)
        ax.invert_yaxis()
        ax.set_xlabel("weight")
        ax.grid(axis="y", visible=False)
    say(figure, f"The {count} words that speak most against a film, and most for it")
    return ends[0][0] + ends[1][0]


def words_known(vocab: Mapping[str, int], corpus: Parts) -> pd.DataFrame:
    """Draw which share of all words the first entries of a table know, in training and validation.

    Returns
    -------
    pandas.DataFrame
        Percent, one row for each number of entries.
    """
    sizes = [s for s in (10, 30, 100, 300, 1000, 3000) if s < len(vocab)] + [len(vocab)]
    looks = {"train": ("training", BLUE, "o-"), "valid": ("validation", ORANGE, "s--")}
    _, ax = plots.new_figure(width=7, height=2.8)
    known = {}
    for name, (label, color, look) in looks.items():
        words = pd.Series([word for words in getattr(corpus, name).inputs for word in words])
        shares = words.value_counts(normalize=True).reindex(sorted(vocab, key=vocab.get)).fillna(0)
        known[name] = 100 * shares.cumsum().to_numpy()[np.array(sizes) - 1]
        unknown = f"{100 - known[name][-1]:.1f} % unknown with the full table"
        ax.plot(sizes, known[name], look, color=color, label=f"{label} part: {unknown}")
    few = known["train"][np.searchsorted(sizes, 300)] if sizes[-1] >= 300 else 0
    ax.set(
        title=plots.true_title(
            "A few hundred words cover most of a text; the rest is a long tail",
            few > 50 and sizes[-1] > 3000,
            "How much of a text the first entries of the table know",
        ),
        xscale="log",
        xlabel="entries in the table",
        ylabel="words known [%]",
        ylim=(0, 102),
    )
    ax.legend(loc="lower right")
    return pd.DataFrame(known, index=sizes)


# --- batches --------------------------------------------------------------------------------------
def padded_batch(sequences: Sequence[Sequence[int]], longest_of_all: int) -> dict[str, int]:
    """Draw a batch padded to its own longest sequence, and to one of ``longest_of_all`` words.

    Returns
    -------
    dict
        How many cells are padding in each of the two.
    """
    widths = {"this batch's longest": max(map(len, sequences))}
    widths["the corpus's longest"] = longest_of_all
    left, empty = 0.2, {}
    with plt.rc_context(parts.STYLE):
        top = len(sequences) + 1.5
        figure, (axis,) = parts.canvas(sum(widths.values()) + 1.6, top + 0.4, unit=0.44)
        title = "Cells of padding take room and teach nothing"
        axis.text(left, top, title, va="center", fontweight="bold")
        for name, width in widths.items():
            parts.label(axis, left, top - 0.85, f"padded to {name}", ha="left", size=10)
            for row, sequence in enumerate(sequences):
                for t in range(width):
                    real = t < len(sequence)
                    at = (left + 0.5 + t, top - 1.8 - row)
                    text = str(sequence[t]) if real else "0"
                    parts.box(axis, *at, text, "hidden", 0.86, 0.8, None if real else False, 10)
            empty[name] = len(sequences) * width - sum(map(len, sequences))
            left += width + 1.2
        figure.set_layout_engine(PlaceHolderLayoutEngine(True, True))  # as it is, when shown
    return empty


def rows_of_similar_length(
    sequences: Sequence[Sequence[int]], batch_size: int, shuffle: bool = False
) -> list[list[int]]:
    """Divide reviews into batches of similar length, as lists of their numbers.

    With ``shuffle``, reviews of equal length are mixed (Python's sort keeps the shuffled order
    among equals), and so are the batches.
    """
    order = torch.randperm(len(sequences)).tolist() if shuffle else range(len(sequences))
    order = sorted(order, key=lambda i: len(sequences[i]))
    starts = torch.arange(0, len(order), batch_size)
    starts = starts[torch.randperm(len(starts))] if shuffle else starts
    return [order[start : start + batch_size] for start in starts.tolist()]


def share_of_padding(
    sequences: Sequence[Sequence[int]],
    targets: Sequence[int],
    collate: Callable[..., Batch],
    length_batches: Callable[..., Sequence[Batch]],
    batch_size: int,
) -> dict[str, float]:
    """Draw which share of all cells is padding, in percent, for three ways to make batches."""
    rows = torch.randperm(len(sequences)).tolist()
    mixed = [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]
    ways = {
        "padded to the\ncorpus's longest": [collate(sequences, targets)],
        "padded per batch,\nrandom batches": [
            collate([sequences[i] for i in some], [targets[i] for i in some]) for some in mixed
        ],
        "padded per batch,\nsimilar lengths": length_batches(sequences, targets, batch_size),
    }
    waste = {}
    for name, batches in ways.items():
        cells = sum(ids.numel() for ids, *_ in batches)
        words = sum(int(lengths.sum()) for _, lengths, *_ in batches)
        waste[name] = 100 * (1 - words / cells)
    _, ax = plots.new_figure(width=6.5, height=2.6)
    bars = ax.barh(list(waste), list(waste.values()), color=[RED, ORANGE, GREEN])
    ax.bar_label(bars, fmt="%.0f %%", padding=3)
    _, mixed_waste, sorted_waste = waste.values()
    ax.set(
        title=plots.true_title(
            "Sorting by length removes nearly all of the padding",
            sorted_waste < 0.2 * mixed_waste,
            "How much of a batch is padding",
        ),
        xlabel="cells that are padding [%]",
        xlim=(0, 1.15 * max(waste.values())),
    )
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    return waste


# --- one network against the bag ------------------------------------------------------------------
def differences_over_draws(one: np.ndarray, other: np.ndarray, draws: int = 1000) -> np.ndarray:
    """Bootstrap the difference of two accuracies, in points: both models on the same reviews.

    Parameters
    ----------
    one, other : numpy.ndarray, shape (N,)
        Which reviews each model gets right.
    draws : int
        How often N reviews are drawn with replacement.

    Returns
    -------
    numpy.ndarray, shape (draws,)
    """
    rows = np.random.default_rng(0).integers(0, len(one), size=(draws, len(one)))
    return 100 * (one[rows].mean(axis=1) - other[rows].mean(axis=1))


def errors_and_draws(
    probabilities: Mapping[str, np.ndarray], labels: np.ndarray, draws: int = 1000
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Draw the errors of the ``network``, and how far it is ahead of the ``bag`` in each draw.

    Parameters
    ----------
    probabilities : dict
        Of ``"network"`` and ``"bag"``: arrays (N,).
    labels : numpy.ndarray, shape (N,)
    draws : int

    Returns
    -------
    confusion : pandas.DataFrame
        Counts: a row for each label, a column for each answer.
    interval : tuple of float
        Between which 95 % of the differences lie, in points.
    """
    says = {name: p > 0.5 for name, p in probabilities.items()}
    difference = differences_over_draws(says["network"] == labels, says["bag"] == labels, draws)
    low, high = np.percentile(difference, [2.5, 97.5])
    table = np.array([[(says["network"][labels == t] == p).sum() for p in (0, 1)] for t in (0, 1)])
    figure, (left, right) = plots.new_figure(columns=2, width=8, height=3)
    left.imshow(table, cmap="Blues", vmin=0, vmax=table.max() * 1.3)
    for (t, p), count in np.ndenumerate(table):
        text = f"{count}\n{count / table[t].sum():.0%}"
        ink = "white" if count > 0.6 * table.max() else "0.1"
        left.text(p, t, text, ha="center", va="center", color=ink, fontsize=10)
    left.set(
        xticks=[0, 1],
        yticks=[0, 1],
        xticklabels=CLASSES,
        xlabel="the network says",
        ylabel="raters say",
        title="reviews, and % of the row",
    )
    left.set_yticklabels(CLASSES, rotation=90, va="center")
    left.grid(False)
    step = 3 * 100 / len(labels)
    right.hist(difference, bins=step * (np.arange(-16, 17) + 0.5), color=PURPLE)
    right.axvline(0, color="0.2", linestyle="--")
    right.set(
        xlabel="network − bag of words [points]",
        ylabel="draws",
        title=f"{len(difference):,} draws: 95 % between {low:+.1f} and {high:+.1f}",
    )
    side = "inside" if low < 0 < high else "outside"
    wrong = [table[0, 1] / table[0].sum(), table[1, 0] / table[1].sum()]
    frequent = plots.true_title(
        "Errors of both kinds are frequent, and", min(wrong) > 0.1, "The network's errors;"
    )
    say(figure, f"{frequent} zero is {side} the interval")
    return pd.DataFrame(table, index=CLASSES, columns=CLASSES), (float(low), float(high))


def precision_recall_f1(says: np.ndarray, labels: np.ndarray) -> str:
    """Give scikit-learn's report on the answers ``says > 0.5``: a line for each class."""
    return classification_report(labels, says > 0.5, target_names=CLASSES, digits=2)


def where_the_line_is(says: np.ndarray, labels: np.ndarray, lines: Sequence[float]) -> pd.DataFrame:
    """Draw what is called positive when the line is not at 0.5: a panel for each line.

    Parameters
    ----------
    says : numpy.ndarray, shape (N,)
        Probability of *positive*.
    labels : numpy.ndarray, shape (N,)
    lines : sequence of float
        Probabilities from which a review is called positive.

    Returns
    -------
    pandas.DataFrame
        A row for each line: ``accuracy``, and ``precision`` and ``recall`` of *positive*.
    """
    figure, axes = plots.new_figure(
        columns=len(lines), width=2.4 + 2.2 * len(lines), height=2.9, sharey=True, squeeze=False
    )
    rows = {}
    for ax, line in zip(axes[0], lines, strict=True):
        called = says > line
        found = {
            "accuracy": (called == labels).mean(),
            "precision": labels[called].mean() if called.any() else np.nan,
            "recall": called[labels == 1].mean(),
        }
        for label, color in enumerate((RED, BLUE)):
            look = {"color": color, "alpha": 0.55, "label": f"raters: {CLASSES[label]}"}
            ax.hist(says[labels == label], bins=20, range=(0, 1), **look)
        ax.axvline(line, color="0.1", lw=2, ls="--")
        ax.set(
            title=f"line at {line:.2f}: accuracy {found['accuracy']:.2f}\n"
            f"precision {found['precision']:.2f}, recall {found['recall']:.2f}",
            xlabel="P(positive)",
        )
        rows[line] = found
    axes[0, 0].set_ylabel("reviews")
    axes[0, 0].legend(fontsize=8, loc="upper center")
    say(figure, "One network: where the line stands is a choice")
    return pd.DataFrame.from_dict(rows, orient="index")


# --- word vectors ---------------------------------------------------------------------------------
def word_vectors(
    sequences: Sequence[Sequence[int]], entries: int, size: int, window: int = 4, std: float = 0.3
) -> np.ndarray:
    """Make vectors of words from their neighbours: counts, positive PMI, truncated SVD.

    Parameters
    ----------
    sequences : list of list of int
        Numbers of words; 0 and 1 are no words.
    entries, size : int
        Words in the table, and numbers in a vector.
    window : int
        How far apart neighbours stand at most.
    std : float
        Standard deviation of the vectors' entries.

    Returns
    -------
    numpy.ndarray, shape (entries, size), float32
    """
    text = np.concatenate([[*sequence, *[0] * window] for sequence in sequences]).astype(int)
    counts = sparse.csr_matrix((entries, entries))
    for apart in range(1, window + 1):
        pairs = np.stack([text[:-apart], text[apart:]])
        pairs = pairs[:, pairs.min(axis=0) > 1]
        counts += sparse.coo_matrix((np.ones(pairs.shape[1]), pairs), counts.shape).tocsr()
    counts = (counts + counts.T).tocoo()
    seen = np.asarray(counts.sum(axis=1))[:, 0]
    even = seen**0.75  # or rare words would seem to belong to whatever they stand beside
    pmi = np.log(counts.data * even.sum() / (seen[counts.row] * even[counts.col]))
    weights = sparse.csr_matrix((pmi.clip(min=0), (counts.row, counts.col)), counts.shape)
    with threadpool_limits(1):
        svd = TruncatedSVD(size, random_state=0).fit(weights)
    vectors = weights @ svd.components_.T / np.sqrt(svd.singular_values_)
    return (vectors * std / vectors[2:].std()).astype(np.float32)


def nearest_words(
    vectors: np.ndarray, vocab: Mapping[str, int], words: Sequence[str], count: int = 8
) -> str:
    """List for each word those whose vectors have the largest cosine with its own."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(length > 0, length, 1)
    names, lines = sorted(vocab, key=vocab.get), []
    for word in words:
        order = np.argsort(-(directions @ directions[vocab[word]]), kind="stable")
        near = [names[i] for i in order if names[i] != word][:count]
        lines.append(f"{word:8} {', '.join(near)}")
    return "\n".join(lines)


# --- errors ---------------------------------------------------------------------------------------
def _has(words: Sequence[str], some: set[str]) -> bool:
    return not some.isdisjoint(words)


def _negated(words: Sequence[str]) -> bool:
    return _has(words, NEGATIONS) or any(word.endswith("n't") for word in words)


def _by_edges(lengths: np.ndarray) -> dict[str, np.ndarray]:
    """Four groups of lengths, by their quartiles."""
    edges = np.floor(np.percentile(lengths, [25, 50, 75]))
    bounds = zip([lengths.min(), *(edges + 1)], [*edges, lengths.max()], strict=True)
    return {f"{a:.0f}–{b:.0f}": (lengths >= a) & (lengths <= b) for a, b in bounds}


def groups_of_reviews(part: ReviewPart) -> dict[str, dict[str, np.ndarray]]:
    """Divide reviews by length, by words that turn, and by how clear their raters were.

    A review with a turn and a negation counts as one with a turn; ``n't`` is a negation, too.

    Returns
    -------
    dict
        By question and group: which reviews belong to it, (N,) of bool.
    """
    turn = np.array([_has(words, TURNS) for words in part.inputs])
    negation = np.array([_negated(words) for words in part.inputs]) & ~turn
    ratings = np.array(part.ratings)
    strength = np.abs(ratings - (0.0 if ratings.min() < 0 else 5.5))  # IMDB's go from 1 to 10
    quarter = np.digitize(strength, np.percentile(strength, [25, 50, 75]))
    groups = {
        "length in words": _by_edges(np.array([len(words) for words in part.inputs])),
        "words that turn": {"neither": ~turn & ~negation, "negation": negation, "turn": turn},
        "how clear the raters were": {
            name: quarter == k for k, name in enumerate(["least", "2", "3", "most"])
        },
    }
    return {
        question: {name: members for name, members in some.items() if members.any()}
        for question, some in groups.items()
    }


def accuracy_by_group(
    groups: Mapping[str, Mapping[str, np.ndarray]], right: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Draw the accuracy of two models in each group, with one standard error.

    Returns
    -------
    pandas.DataFrame
        Accuracy in percent: a row for each model, a column for each group.
    """
    figure, axes = plots.new_figure(columns=len(groups), width=9.4, height=3.2, sharey=True)
    table = {}
    for ax, (question, members) in zip(axes, groups.items(), strict=True):
        counts = np.array([chosen.sum() for chosen in members.values()])
        shares = {n: np.array([h[m].mean() for m in members.values()]) for n, h in right.items()}
        looks = (-0.1, BLUE, "o"), (0.1, ORANGE, "s")
        for (name, share), (shift, color, mark) in zip(shares.items(), looks, strict=True):
            error = 100 * np.sqrt(share * (1 - share) / counts)
            bars = {"fmt": mark, "color": color, "label": name, "capsize": 3}
            ax.errorbar(np.arange(len(members)) + shift, 100 * share, error, **bars)
        for k, group in enumerate(members):
            table[group] = {name: 100 * share[k] for name, share in shares.items()}
        names = [f"{name}\n({count})" for name, count in zip(members, counts, strict=True)]
        ax.set(
            xticks=range(len(members)),
            xticklabels=names,
            xlabel=f"{question} (reviews)",
            xlim=(-0.5, len(members) - 0.5),
        )
    axes[0].set_ylabel("validation accuracy [%]")
    axes[0].legend(fontsize=9, loc="lower left")
    accuracy = pd.DataFrame(table)
    clear = accuracy.reindex(columns=["least", "most"])
    message = plots.true_title(
        "What is hard for the raters is hard for both models",
        (clear["least"] < clear["most"] - 3).all(),
        "The accuracy of two models by group",
    )
    say(figure, message)
    return accuracy


def hits_of(
    voters: Mapping[str, Sequence[np.ndarray]], labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Which reviews each run of each voter gets right: (runs, N)."""
    return {name: (np.array(p) > 0.5) == labels for name, p in voters.items()}


def voters_by_group(
    groups: Mapping[str, Mapping[str, np.ndarray]],
    voters: Mapping[str, Sequence[np.ndarray]],
    labels: np.ndarray,
    questions: Sequence[str] = ("length in words", "words that turn"),
) -> pd.DataFrame:
    """Draw the mean accuracy of each voter's runs in each group, in percent."""
    columns = {name: m for question in questions for name, m in groups[question].items()}
    shares = pd.DataFrame(
        {
            name: {column: 100 * h[:, m].mean() for column, m in columns.items()}
            for name, h in hits_of(voters, labels).items()
        }
    ).T
    both, forwards = shares.reindex(["vote: both ways", "vote: two forwards"]).to_numpy()
    _, ax = plots.new_figure(width=8.4, height=0.9 + 0.32 * len(shares))
    ax.imshow(shares, cmap="Blues", vmin=60, vmax=95, aspect="auto")
    for (row, column), share in np.ndenumerate(shares.to_numpy()):
        ink = "white" if share > 84 else "0.1"
        ax.text(column, row, f"{share:.1f}", ha="center", va="center", color=ink, fontsize=10)
    first = 0
    for question in questions:
        count = len(groups[question])
        ax.annotate(
            question,
            (first + (count - 1) / 2, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -22),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=10,
        )
        first += count
        if first < shares.shape[1]:
            ax.axvline(first - 0.5, color="white", linewidth=4)
    ax.set(
        xticks=range(shares.shape[1]),
        xticklabels=shares.columns,
        yticks=range(len(shares)),
        yticklabels=shares.index,
        title="Accuracy by group [%]"
        + plots.true_title(
            ": a vote of both ways is close to one of two forwards",
            np.abs(both - forwards).mean() < 2,
            "",
        ),
    )
    ax.grid(False)
    return shares


def most_confident_mistakes(
    probabilities: np.ndarray, part: ReviewPart, count: int = 8
) -> pd.DataFrame:
    """The wrong answers given with the greatest confidence, by the number of the review."""
    wrong = (probabilities > 0.5) != np.array(part.targets)
    sure = np.where(wrong, np.abs(probabilities - 0.5), -1.0)
    worst = np.argsort(-sure, kind="stable")[: min(count, wrong.sum())]
    rows = {
        "P(positive)": probabilities[worst].round(2),
        "raters": [round(part.ratings[i], 1) for i in worst],
        "words": [len(part.inputs[i]) for i in worst],
    }
    return pd.DataFrame(rows, index=pd.Index(worst, name="review"))


# --- sentences ------------------------------------------------------------------------------------
def where_negations_stand(
    reviews: Sequence[Sequence[str]],
    adjectives: Sequence[str],
    within: int = 3,
) -> pd.Series:
    """Count the reviews with any negation, and those with ``not`` shortly before an adjective."""
    counts = {
        "all reviews": len(reviews),
        "with a negation": sum(_negated(words) for words in reviews),
    }
    for adjective in adjectives:
        counts[f"with 'not' up to {within} words before {adjective!r}"] = sum(
            any(
                w == "not" and adjective in words[k + 1 : k + within + 1]
                for k, w in enumerate(words)
            )
            for words in reviews
        )
    return pd.Series(counts)


def words_for_and_against(
    explained: Sequence[tuple[Sequence[str], np.ndarray]],
) -> list[pd.Series]:
    """Draw by how much each word of a sentence raises the log-odds of *positive*.

    Parameters
    ----------
    explained : list of (words, probabilities)
        The words of a sentence, and P(positive), (1 + words,): of the sentence as it is, then with
        one word after the other hidden.

    Returns
    -------
    list of pandas.Series
        The effect of each word, for each sentence.
    """
    odds = [np.log(p / (1 - p)) for p in (p.astype(float) for _, p in explained)]
    found = [
        pd.Series(o[0] - o[1:], index=words) for o, (words, _) in zip(odds, explained, strict=True)
    ]
    reach = 1.15 * max(effects.abs().max() for effects in found)
    figure, axes = plots.new_figure(
        rows=len(found), width=8.4, height=0.6 + 1.35 * len(found), squeeze=False
    )
    for ax, effects, (_, p) in zip(axes[:, 0], found, explained, strict=True):
        colors = [BLUE if effect > 0 else RED for effect in effects]
        ax.bar(range(len(effects)), effects, color=colors)
        ax.axhline(0, color="0.3", linewidth=0.8)
        ax.set(
            xticks=range(len(effects)),
            xticklabels=effects.index,
            title=f"P(positive) = {p[0]:.2f}",
            ylim=(-reach, reach),
        )
        ax.grid(axis="x", visible=False)
    figure.supylabel("effect on the log-odds", fontsize=10)
    say(figure, "What each word does to the verdict: blue speaks for the film, red against it")
    return found


def accuracy_on_the_test_part(probabilities: np.ndarray, labels: Sequence[int] | None) -> str:
    """Say the accuracy on the test part, or where its labels are."""
    if labels is None:
        return (
            "The test part has no labels here: its accuracy is what the exam of part 7 tells you."
        )
    accuracy = ((probabilities > 0.5) == np.array(labels)).mean()
    return f"accuracy on {len(labels)} test reviews: {accuracy:.3f}"


def verdicts_by_label(
    says: Mapping[str, np.ndarray], labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the probabilities of several predictors apart for each label.

    Returns
    -------
    right, mean : numpy.ndarray
        Share of right answers, and mean probability, of each predictor.
    """
    figure, axes = plots.new_figure(
        columns=len(says), width=7.6, height=3, sharex=True, sharey=True
    )
    rows = {}
    for ax, (name, p) in zip(axes, says.items(), strict=True):
        rows[name] = {"right": ((p > 0.5) == labels).mean(), "mean": p.mean()}
        for label, color in enumerate((RED, BLUE)):
            some = p[labels == label]
            look = {"color": color, "alpha": 0.55, "label": f"raters: {CLASSES[label]}"}
            ax.hist(some, bins=20, range=(0, 1), **look)
        title = f"{name}: {rows[name]['right']:.0%} right, mean {rows[name]['mean']:.2f}"
        ax.set(title=title, xlabel="P(positive)")
    axes[0].set_ylabel("reviews")
    axes[0].legend(fontsize=8, loc="upper center")
    right, mean = (np.array([row[name] for row in rows.values()]) for name in ("right", "mean"))
    message = plots.true_title(
        "Much the same mean, and no better than a coin",
        np.ptp(mean) < 0.05 and right[0] > 0.7 and right[-1] < 0.6,
        "The verdicts of each, by what the raters say",
    )
    say(figure, message)
    return right, mean


def largest_move(before: np.ndarray, after: np.ndarray, ordered: bool = False) -> float:
    """By how much a probability moves at most; with ``ordered``, compare sorted ones."""
    if ordered:
        before, after = np.sort(before), np.sort(after)
    return float(np.abs(before - after).max())
