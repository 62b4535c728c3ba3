"""Figures of ``04_bidirectional/tagging``, the words' ids and the taggers without a network.

Each figure has one message and returns the data that it drew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
import pandas as pd
import pycrfsuite
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC
from torch import nn

from course import plots
from course.data import Part, Parts
from course.figures import bilstm, parts
from course.figures.parts import STYLE

PADDING, UNKNOWN = 0, 1
"""The two ids that stand for no fact."""
LINEAR, CRF = "linear, 3 words on either side", "CRF, 1 word on either side"
"""Names of the two best taggers without a network."""

Sentences = Sequence[Sequence[str]]
Spans = list[tuple[int, int, str]]
Encode = Callable[[Sentences], tuple[torch.Tensor, torch.Tensor]]

FAMILIES = {  # words of one family share a colour; the label itself is always written below
    "NAME": 2,
    "AddressNumber": 0,
    "StreetName": 2,
    "Occupancy": 4,
    "Subaddress": 4,
    "PlaceName": 1,
    "StateName": 8,
    "Zip": 9,
    "USPSBox": 3,
    "Recipient": 6,
    "BuildingName": 5,
    "LandmarkName": 5,
}
SHORT = {
    "AddressNumber": "Number",
    "BuildingName": "Building",
    "LandmarkName": "Landmark",
    "OccupancyIdentifier": "OccupancyId",
    "PlaceName": "Place",
    "StateName": "State",
    "StreetNamePostDirectional": "PostDirection",
    "StreetNamePostType": "StreetType",
    "StreetNamePreDirectional": "PreDirection",
    "StreetNamePreType": "PreType",
    "SubaddressIdentifier": "SubaddressId",
    "USPSBoxGroupID": "BoxGroupId",
    "USPSBoxGroupType": "BoxGroupType",
    "USPSBoxID": "BoxId",
    "USPSBoxType": "BoxType",
    "ZipCode": "Zip",
}
BEGIN_ALIKE = [
    ["84 Main [St] Chicago IL 60601", "84 Main Ave [St] Louis MO 63101"],
    ["1 [West] St", "1 [West] End Ave"],
    ["84 Oak [Park] Ave", "84 Oak [Park] IL 60302"],
    ["100 Broadway [New] York", "100 Broadway [New] York NY 10005"],
]
"""Eight addresses with a word in brackets; all pairs but the first begin alike."""
KINDS = {
    "B-StreetNamePostType": 0,
    "B-StreetNamePreDirectional": 4,
    "B-StreetName": 8,
    "I-StreetName": 2,
    "B-PlaceName": 1,
    "I-PlaceName": 3,
    "B-StateName": 5,
}
"""Tags whose probabilities are drawn apart, each with the number of its colour."""


def _plain(word: str) -> str:
    return word.lower().strip(",.")


def describe(word: str) -> list[str]:
    """Six things to know about a word: itself, its shape, its beginning and its end.

    >>> describe("Grand,")
    ['word grand', 'shape Xxx,', 'begins gr', 'ends nd', 'ends and', 'last ,']
    """
    plain = _plain(word)
    shape = re.sub("[A-Z]", "X", re.sub("[a-z]", "x", re.sub("[0-9]", "9", word)))
    shape = re.sub(r"([Xx])\1+", r"\1\1", shape)[:8]  # Xxxxxx and Xxx are both Xxx
    return [
        f"word {plain}",
        f"shape {shape}",
        f"begins {plain[:2]}",
        f"ends {plain[-2:]}",
        f"ends {plain[-3:]}",
        f"last {word[-1]}",
    ]


class Vocabulary:
    """Numbers for the facts about words that occur at least twice, and for all tags.

    Parameters
    ----------
    sentences, all_tags : lists of N lists of str
        Words and tags of the training part; nothing else is counted.

    Attributes
    ----------
    tags : list of str
        ``tags[k]`` is the tag with number ``k``.
    """

    def __init__(self, sentences: Sentences, all_tags: Sentences) -> None:
        counts = Counter(fact for words in sentences for word in words for fact in describe(word))
        frequent = [fact for fact, n in counts.items() if n > 1]
        self.ids = {fact: number for number, fact in enumerate(frequent, start=UNKNOWN + 1)}
        self.tags = sorted({tag for tags in all_tags for tag in tags})

    def __len__(self) -> int:
        """Count the ids, with those of padding and of the unknown."""
        return len(self.ids) + 2

    def unseen(self, sentences: Sentences) -> tuple[float, float]:
        """Say which share of the words has no id, and of *their* other five facts which share has.

        The second is a share of the facts about the words without an id, no others.
        """
        facts = [describe(word) for words in sentences for word in words]
        new = [others for word, *others in facts if word not in self.ids]
        known = [fact in self.ids for others in new for fact in others]
        return len(new) / len(facts), float(np.mean(known))

    def encode(self, sentences: Sentences) -> tuple[torch.Tensor, torch.Tensor]:
        """Words to ``ids (N, T, 6)``, padded with 0 at the end, and ``lengths (N,)``."""
        lengths = torch.tensor([len(words) for words in sentences])
        ids = torch.full((len(sentences), int(lengths.max()), 6), PADDING)
        for row, words in enumerate(sentences):
            numbers = [[self.ids.get(fact, UNKNOWN) for fact in describe(word)] for word in words]
            ids[row, : len(words)] = torch.tensor(numbers)
        return ids, lengths

    def batch(self, part: Part) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All that a training needs of a part: ids, lengths and targets."""
        return *self.encode(part.inputs), self.encode_tags(part.targets)

    def best_tags(self, model: nn.Module, sentences: Sentences) -> list[list[str]]:
        """What a network that reads these ids says about some sentences."""
        return best_tags(model, *self.encode(sentences), self.tags)

    def encode_tags(self, all_tags: Sentences) -> torch.Tensor:
        """Tags to ``targets (N, T)``; 0 at padding, which is also the number of a real tag.

        Tags that the training part lacks get the number 0 as well.
        """
        number = {tag: k for k, tag in enumerate(self.tags)}
        targets = torch.zeros(len(all_tags), max(map(len, all_tags)), dtype=torch.int64)
        for row, tags in enumerate(all_tags):
            targets[row, : len(tags)] = torch.tensor([number.get(tag, 0) for tag in tags])
        return targets


def sizes(addresses: Parts) -> pd.DataFrame:
    """Count the addresses and the words of each part."""
    parts = {name: getattr(addresses, name) for name in ("train", "valid", "test")}
    return pd.DataFrame(
        {
            "addresses": {name: len(part) for name, part in parts.items()},
            "words": {name: sum(map(len, part.inputs)) for name, part in parts.items()},
            "labels": {
                name: "held out" if part.targets is None else "given"
                for name, part in parts.items()
            },
        }
    )


def taggers_without_a_network(
    words: Sentences, tags: Sentences, new_words: Sentences, vocabulary: Vocabulary
) -> dict[str, list[list[str]]]:
    """Learn from ``words`` and ``tags`` and tag ``new_words``, in five ways from cheap to good.

    Returns
    -------
    dict
        ``{tagger: tags of the new words}``.
    """
    usual: dict[str, Counter] = {}
    for word, tag in _pairs(words, tags):
        usual.setdefault(_plain(word), Counter())[tag] += 1
    top = Counter(tag for row in tags for tag in row).most_common(1)[0][0]
    usually = {word: counts.most_common(1)[0][0] for word, counts in usual.items()}
    return {
        "most frequent tag": [[top] * len(row) for row in new_words],
        "most frequent tag of the word": [
            [usually.get(_plain(word), top) for word in row] for row in new_words
        ],
        "linear, the word alone": linear_tagger(words, tags, new_words, vocabulary, 0),
        LINEAR: linear_tagger(words, tags, new_words, vocabulary, 3),
        CRF: crf_tagger(words, tags, new_words, vocabulary, 1),
    }


def linear_tagger(
    words: Sentences, tags: Sentences, new_words: Sentences, vocabulary: Vocabulary, reach: int
) -> list[list[str]]:
    """Train a linear classifier on windows of ``reach`` words on either side; tag new words."""
    model = LinearSVC(C=0.1, random_state=0)
    model.fit(_windows(words, vocabulary, reach), [tag for row in tags for tag in row])
    answers = iter(model.predict(_windows(new_words, vocabulary, reach)).tolist())
    return [[next(answers) for _ in row] for row in new_words]


def crf_tagger(
    words: Sentences,
    tags: Sentences,
    new_words: Sentences,
    vocabulary: Vocabulary,
    reach: int,
    iterations: int = 60,
) -> list[list[str]]:
    """Train a linear-chain CRF (Lafferty et al., 2001) on the facts that the classifier sees.

    It also scores every move from one tag to the next, and decides about a sentence as a whole.
    """
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": iterations})
    for facts, row in zip(_facts_around(words, vocabulary, reach), tags, strict=True):
        trainer.append(_as_text(facts), row)
    new = [_as_text(facts) for facts in _facts_around(new_words, vocabulary, reach)]
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        with pycrfsuite.Tagger().open(path) as tagger:
            return [tagger.tag(facts) for facts in new]


def _as_text(facts: list[list[int]]) -> list[list[str]]:
    return [list(map(str, row)) for row in facts]


def _facts_around(
    sentences: Sentences, vocabulary: Vocabulary, reach: int
) -> Iterator[list[list[int]]]:
    """For each sentence and word, a number for each (offset, id) within ``reach`` words."""
    ids, lengths = vocabulary.encode(sentences)
    for sentence, length in zip(ids.tolist(), lengths.tolist(), strict=True):
        around = [{PADDING}] * reach + [set(facts) for facts in sentence[:length]]
        around += [{PADDING}] * reach
        yield [
            [
                offset * len(vocabulary) + fact
                for offset, facts in enumerate(around[step : step + 2 * reach + 1])
                for fact in sorted(facts)
            ]
            for step in range(length)
        ]


def _windows(sentences: Sentences, vocabulary: Vocabulary, reach: int) -> csr_matrix:
    """One row for each word, one column for each (offset, id) within ``reach`` words."""
    found = [row for rows in _facts_around(sentences, vocabulary, reach) for row in rows]
    columns = np.concatenate(found)
    begins = np.cumsum([0, *map(len, found)])
    shape = (len(found), (2 * reach + 1) * len(vocabulary))
    return csr_matrix((np.ones(len(columns)), columns, begins), shape=shape)


def _pairs(left: Sentences, right: Sentences) -> Iterator[tuple[str, str]]:
    """Entries of two lists of lists, step by step."""
    for one, other in zip(left, right, strict=True):
        yield from zip(one, other, strict=True)


def scores(
    true_tags: Sentences,
    answers: Mapping[str, Sentences],
    span_f1: Callable[[Sentences, Sentences], float],
    whole: str = "whole addresses",
) -> pd.DataFrame:
    """Three scores of each tagger's answers: words right, span F1, sentences without an error.

    ``whole`` names the column of the last.
    """
    return pd.DataFrame.from_dict(
        {
            name: {
                "words": np.mean([a == b for a, b in _pairs(true_tags, answer)]),
                "span F1": span_f1(true_tags, answer),
                whole: np.mean(
                    [list(a) == list(b) for a, b in zip(true_tags, answer, strict=True)]
                ),
            }
            for name, answer in answers.items()
        },
        orient="index",
    )


def report_by_type(
    true_tags: Sentences,
    found_tags: Sentences,
    find_spans: Callable[[list[str]], Spans],
    rows: int = 12,
) -> pd.DataFrame:
    """Precision, recall and F1 of the most frequent types of span, and of all spans together.

    Parameters
    ----------
    true_tags, found_tags : lists of lists of str
        BIO tags of the same sentences.
    find_spans : callable
        Tags of one sentence to spans ``(begin, end, type)``.
    rows : int
        How many types to show.
    """
    true, found = (
        {(row, *span) for row, tags in enumerate(sentences) for span in find_spans(list(tags))}
        for sentences in (true_tags, found_tags)
    )
    counts = pd.DataFrame(
        {
            name: pd.Series(Counter(kind for *_, kind in spans), dtype=int)
            for name, spans in (("right", true & found), ("found", found), ("spans", true))
        }
    ).fillna(0)
    counts = counts.sort_values("spans", ascending=False)
    shown = pd.concat([counts.head(rows), counts.sum().to_frame("all types").T]).astype(int)
    table = pd.DataFrame(
        {
            "precision": shown["right"] / shown["found"],
            "recall": shown["right"] / shown["spans"],
            "F1": 2 * shown["right"] / (shown["found"] + shown["spans"]),
            "spans": shown["spans"],
        }
    )
    return table.rename(SHORT)


def _short(tag: str) -> str:
    """A tag that fits under its word."""
    return tag[:2] + SHORT.get(tag[2:], tag[2:])


def _color_of(tag: str) -> tuple[float, float, float]:
    """The colour of a tag's family."""
    found = [color for family, color in FAMILIES.items() if tag[2:].startswith(family)]
    return plots.COLORS[found[0]] if found else (0.75, 0.75, 0.75)


def _tagged_line(
    ax: Axes, words: Sequence[str], rows: Mapping[str, Sequence[str]], y: float
) -> float:
    """Write words and, below, a row of coloured tags for each entry; return how wide they are.

    A tag that differs from the first row's is crossed.
    """
    x = 0.0
    for step, word in enumerate(words):
        tags = [row[step] for row in rows.values()]
        wrong = [tag != tags[0] for tag in tags]
        texts = ["✗ " * bad + _short(tag) for tag, bad in zip(tags, wrong, strict=True)]
        width = max(len(word) * 1.25, *map(len, texts)) + 1.6
        ax.text(x + width / 2, y, word, ha="center", va="center", fontsize=11, weight="bold")
        for row, (text, tag) in enumerate(zip(texts, tags, strict=True), start=1):
            box = plt.Rectangle((x, y - row * 0.9 - 0.38), width, 0.76, alpha=0.35)
            box.set(color=_color_of(tag), linewidth=0)
            ax.add_patch(box)
            weight = "bold" if wrong[row - 1] else "normal"
            style = {"ha": "center", "va": "center", "fontsize": 8.5, "weight": weight}
            ax.text(x + width / 2, y - row * 0.9, text, **style)
        x += width + 0.25
    for row, name in enumerate(rows, start=1):
        ax.text(-0.8, y - row * 0.9, name, ha="right", va="center", fontsize=9, color="0.35")
    return x


def tagged_sentences(
    words: Sentences, tags: Sentences, which: Sequence[int]
) -> list[list[tuple[str, str]]]:
    """Some sentences or addresses, each word above its tag; one colour for a family of labels."""
    _, ax = plots.new_figure(width=10.5, height=4.2)
    widths = [_tagged_line(ax, words[i], {"": tags[i]}, -2.4 * row) for row, i in enumerate(which)]
    ax.set(
        xlim=(-1, max(widths)),
        ylim=(-2.4 * len(which) + 0.6, 0.9),
        title="Every word has a tag: B- begins a span, I- goes on with it",
    )
    ax.axis("off")
    return [list(zip(words[i], tags[i], strict=True)) for i in which]


def words_per_label(tags: Sentences) -> pd.Series:
    """How many words have each label, on a logarithmic axis."""
    counts = Counter(tag[2:] or tag for row in tags for tag in row)
    table = pd.Series(dict(counts.most_common()), name="words")
    _, ax = plots.new_figure(width=8.5, height=6)
    ax.barh(range(len(table)), table, color=plots.COLORS[0])
    ax.set_yticks(range(len(table)), table.index, fontsize=9)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set(
        xscale="log",
        xlim=(0.7, 1.5 * table.max()),
        xlabel="words in the training part (logarithmic)",
        title=plots.true_title(
            "A few labels have most of the words",
            len(table) >= 5 and table.iloc[: len(table) // 5].sum() > table.sum() / 2,
            "How many words each label has",
        ),
    )
    for row, count in enumerate(table):
        ax.text(count * 1.05, row, count, va="center", fontsize=8.5)
    ax.grid(False)
    return table


def padded_batch(words: Sentences, tags: Sentences, which: Sequence[int]) -> np.ndarray:
    """Some addresses as one padded batch; return its mask (N, T), true on real steps."""
    lengths = np.array([len(words[i]) for i in which])
    mask = np.arange(lengths.max()) < lengths[:, None]
    _, ax = plots.new_figure(width=8.5, height=2.4)
    for row, step in np.ndindex(mask.shape):
        real, i = mask[row, step], which[row]
        box = plt.Rectangle((step, -row), 0.94, 0.86, alpha=0.4 if real else 1.0)
        box.set(facecolor=_color_of(tags[i][step]) if real else "white", edgecolor="0.6")
        box.set_hatch("" if real else "///")
        ax.add_patch(box)
        text = words[i][step] if real else ""
        ax.text(step + 0.47, 0.43 - row, text, ha="center", va="center", fontsize=9)
    ax.set(
        xlim=(-0.1, mask.shape[1]),
        ylim=(-len(which) + 0.9, 1.0),
        title=f"A batch of five: {mask.sum()} real steps, {(~mask).sum()} of padding (hatched)",
    )
    ax.axis("off")
    return mask


def two_chains() -> dict:
    """A BiLSTM over one sentence, as in the guide; return where its two final states are."""
    with mpl.rc_context(STYLE):
        figure, data = bilstm.draw()
    figure.set_layout_engine(PlaceHolderLayoutEngine(False, False))  # the notebook has another
    return data


LATTICE = pd.DataFrame(
    {"Main": [3, 1, 0], "St": [3, 2, 1], "New": [4, 3, 1], "York": [2, 1, 5]},
    index=["O", "B-Place", "I-Place"],
)
"""Scores of three tags for four words."""
ALONE, BEST = "each word alone", "the best path"
PATHS = {
    ALONE: (["O", "O", "O", "I-Place"], 0.11, "hidden"),
    BEST: (["O", "O", "B-Place", "I-Place"], -0.11, "lit"),
}
"""Two paths through the lattice, how far above the middle each is drawn, and its role."""


def lattice() -> pd.DataFrame:
    """Four words, three tags: the tags that are best alone make a move that is not allowed.

    Returns
    -------
    DataFrame
        A row for each of the two paths: its tags, its total, whether all moves are allowed.
    """
    words, tags = list(LATTICE), list(LATTICE.index)
    x = {word: 3.4 + 3.2 * step for step, word in enumerate(words)}
    y = {tag: 5.3 - 1.6 * row for row, tag in enumerate(tags)}
    found = {}
    with mpl.rc_context(STYLE):
        figure, (axis,) = parts.canvas(14.4, 6.9, unit=0.58)
        for one, other in product(tags, tags):
            for word, after in pairwise(words if _may_follow(one, other) else ()):
                if word == words[0] and not _may_follow("O", one):
                    continue  # no sentence begins there
                ends = [(x[word] + 0.48, y[one]), (x[after] - 0.48, y[other])]
                parts.path(axis, ends, head=False, color=(0.75, 0.75, 0.75), width=1.0)
        for name, (path, shift, role) in PATHS.items():
            moves = list(pairwise(zip(words, path, strict=True)))
            for (word, one), (after, other) in moves:
                ends = [(x[word] + 0.48, y[one] + shift), (x[after] - 0.48, y[other] + shift)]
                parts.path(axis, ends, role, width=2.6, dashed=name == ALONE)
            total = sum(LATTICE.at[tag, word] for word, tag in zip(words, path, strict=True))
            allowed = all(_may_follow(one, other) for (_, one), (_, other) in moves)
            found[name] = {"tags": path, "total": total, "allowed": allowed}
            note = "" if allowed else ", with a move that is not allowed"
            text = f"{name}: {total} in all{note}"
            parts.label(axis, 2.9, 0.6 + 3 * shift, text, role, ha="left", size=12)
        for word, tag in product(words, tags):
            possible = None if word != words[0] or _may_follow("O", tag) else False
            score = str(LATTICE.at[tag, word])
            parts.box(axis, x[word], y[tag], score, "gate", 0.95, 0.8, possible, size=13)
        for tag in tags:
            parts.label(axis, x[words[0]] - 0.8, y[tag], tag, ha="right", size=12)
        for word in words:
            parts.label(axis, x[word], 6.4, word, "input", size=13)
    figure.set_layout_engine(PlaceHolderLayoutEngine(False, False))  # the notebook has another
    return pd.DataFrame.from_dict(found, orient="index")


def paths_by_price(prices: Sequence[float]) -> pd.DataFrame:
    """Draw the best path through the lattice when the move to a stray I- costs a price.

    Parameters
    ----------
    prices : sequence of float
        What such a move costs, in points: a panel for each.

    Returns
    -------
    pandas.DataFrame
        A row for each price: the best path's ``tags``, and its ``total``, the price paid.
    """
    words, tags = list(LATTICE), list(LATTICE.index)
    figure, axes = plots.new_figure(
        columns=len(prices), width=1.6 + 2.4 * len(prices), height=2.6, sharey=True, squeeze=False
    )
    rows = {}
    for ax, price in zip(axes[0], prices, strict=True):

        def points(path: tuple[str, ...], price: float = price) -> float:
            scored = sum(LATTICE.at[tag, word] for word, tag in zip(words, path, strict=True))
            moves = pairwise(("O", *path))
            return scored - price * sum(not _may_follow(one, other) for one, other in moves)

        best = max(product(tags, repeat=len(words)), key=points)
        rows[price] = {"tags": list(best), "total": points(best)}
        height = [-tags.index(tag) for tag in best]
        ax.plot(range(len(words)), height, color=plots.COLORS[1], lw=9, alpha=0.45)
        for (row, tag), (step, word) in product(enumerate(tags), enumerate(words)):
            ax.text(step, -row, LATTICE.at[tag, word], ha="center", va="center")
        ax.set(
            title=f"price {price:g}: {points(best):g} points",
            xlim=(-0.5, len(words) - 0.5),
            ylim=(0.6 - len(tags), 0.5),
        )
        ax.set_xticks(range(len(words)), words)
        ax.set_yticks([-row for row in range(len(tags))], tags)
        ax.grid(False)
    title = plots.true_title(
        "The same scores: the price of one move decides about another word",
        len({tuple(row["tags"]) for row in rows.values()}) > 1,
        "The best path, by the price of a move that is not allowed",
    )
    plots.heading(figure, title)
    return pd.DataFrame.from_dict(rows, orient="index")


def _may_follow(before: str, tag: str) -> bool:
    """Tell whether a tag may stand behind another: an I- only in a span of its own type."""
    return tag[0] != "I" or before[2:] == tag[2:]


def f1_by_tagger(f1: Mapping[str, float | Sequence[float]]) -> pd.Series:
    """Mean span F1 of each tagger, a dot for each seed where there are several."""
    f1 = {name: np.atleast_1d(values) for name, values in f1.items()}
    means = pd.Series({name: values.mean() for name, values in f1.items()}).sort_values()
    figure, ax = plots.new_figure(width=8, height=3.3)
    for row, (name, mean) in enumerate(means.items()):
        color = plots.COLORS[0] if "LSTM" in name else plots.COLORS[1] if name == CRF else "0.7"
        ax.barh(row, mean, color=color, alpha=0.75)
        if len(f1[name]) > 1:
            ax.plot(f1[name], [row] * len(f1[name]), "o", color="black", markersize=4)
        ax.text(max(f1[name]) + 0.012, row, f"{mean:.3f}", va="center", fontsize=9)
    ax.set_yticks(range(len(means)), means.index)
    ax.set(xlabel="span F1 on the validation part", xlim=(0, 1.02))
    ax.grid(False, axis="y")
    several = max(f1, key=lambda name: (len(f1[name]) > 1, name == "BiLSTM"))
    ahead = [sum(value > max(f1[other]) for value in f1[several]) for other in (LINEAR, CRF)]
    plots.heading(
        figure,
        f"Of {len(f1[several])} {several}s (dots), {ahead[0]} are ahead of the linear tagger, "
        f"{ahead[1]} of the CRF",
    )
    return means


def tag_of_the_marked_word(
    pairs: Sequence[Sequence[str]],
    forwards: nn.Module,
    both_ways: nn.Module,
    encode: Encode,
    tags: Sequence[str],
) -> dict[str, pd.DataFrame]:
    """Probabilities that each network gives to the tags of the word in brackets.

    Parameters
    ----------
    pairs : list of lists of str
        Addresses with one word in brackets each; those of one list are drawn close together.
    forwards, both_ways : torch.nn.Module
        Each maps ids and lengths to logits (N, T, K).
    encode : callable
        Word lists to ids and lengths.
    tags : list of K str

    Returns
    -------
    dict of DataFrame
        By network: a row for each address, a column for each tag.
    """
    texts = [text for pair in pairs for text in pair]
    marked = [[word[0] for word in text.split()].index("[") for text in texts]
    ids, lengths = encode([re.sub(r"[\[\]]", "", text).split() for text in texts])
    models = {"LSTM, forwards only": forwards, "BiLSTM": both_ways}
    rows = [k + 0.5 * p for p, pair in enumerate(pairs) for k in range(2 * p, 2 * p + len(pair))]
    figure, axes = plots.new_figure(columns=2, width=10.5, height=4.2, sharey=True)
    found = {}
    for ax, (name, model) in zip(axes, models.items(), strict=True):
        logits = _logits(model, ids, lengths)[torch.arange(len(texts)), marked]
        found[name] = pd.DataFrame(logits.softmax(dim=-1).numpy(), index=texts, columns=list(tags))
        left = np.zeros(len(texts))
        for kind, color in KINDS.items():
            width = found[name][kind].to_numpy()
            ax.barh(rows, width, left=left, color=plots.COLORS[color], label=_short(kind))
            left += width
        ax.barh(rows, 1 - left, left=left, color="0.88", label="other")
        ax.set(xlim=(0, 1), xlabel="probability of the tag of the word in brackets", title=name)
        ax.grid(False)
    axes[0].set_yticks(rows, texts)
    axes[0].invert_yaxis()
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, ncols=8, loc="outside lower center", fontsize=8.5)
    return found


def _logits(model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return model(ids, lengths)


def best_tags(
    model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor, tags: Sequence[str]
) -> list[list[str]]:
    """The best tag of every word by a network's scores, sentence by sentence."""
    best = _logits(model, ids, lengths).argmax(dim=-1).tolist()
    return [[tags[k] for k in row[:n]] for row, n in zip(best, lengths.tolist(), strict=True)]


def occlusion(
    model: nn.Module, words: Sequence[str], encode: Encode
) -> tuple[np.ndarray, list[int]]:
    """``lost[i, j]``: what the best tag of word i loses in probability when word j is hidden.

    A hidden word is one whose ids are all ``UNKNOWN``.

    Returns
    -------
    lost : numpy.ndarray, shape (T, T)
    best : list of int
        Number of each word's best tag when nothing is hidden.
    """
    ids, lengths = encode([words])
    steps = torch.arange(len(words))
    hidden = ids.repeat(len(words), 1, 1)
    hidden[steps, steps] = UNKNOWN
    before = _logits(model, ids, lengths).softmax(dim=-1)[0]  # (step, tag)
    after = _logits(model, hidden, lengths.repeat(len(words))).softmax(dim=-1)
    best = before.argmax(dim=-1)
    lost = before[steps, best][:, None] - after[:, steps, best].T
    return lost.numpy(), best.tolist()


def what_hiding_a_word_costs(
    model: nn.Module, texts: Sequence[str], encode: Encode, tags: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """A map for each address: what the tag of each word loses when each word is hidden."""
    figure, axes = plots.new_figure(columns=len(texts), width=10.5, height=4.2)
    found = {}
    for ax, text in zip(axes, texts, strict=True):
        words = text.split()
        lost, best = occlusion(model, words, encode)
        named = [f"{word}  {_short(tags[k])}" for word, k in zip(words, best, strict=True)]
        found[text] = pd.DataFrame(lost, index=named, columns=words)
        image = ax.imshow(lost, cmap="PuOr", vmin=-1, vmax=1)
        ax.set_xticks(range(len(words)), words, rotation=40, ha="right")
        ax.set_yticks(range(len(words)), named)
        ax.set(xlabel="hidden word", ylabel="word and its tag" if ax is axes[0] else "")
        shown = np.where(np.abs(lost) >= 0.1, np.round(lost, 1), np.nan)
        _numbers(ax, image, shown, "{:.1f}", dark=np.abs(lost) > 0.5)
    axes[0].set_title("What each tag loses when a word is hidden")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("loss of probability", labelpad=10)
    return found


def _numbers(ax: Axes, image: AxesImage, values: np.ndarray, form: str, dark: np.ndarray) -> None:
    """Write the values that are not NaN on a map, in white where it is dark; no grid."""
    ax.grid(False)
    for i, j in np.argwhere(~np.isnan(values)):
        ink = "white" if dark[i, j] else "black"
        text = form.format(values[i, j])
        ax.text(j, i, text, ha="center", va="center", fontsize=8, color=ink)


def loss_by_distance(model: nn.Module, sentences: Sentences, encode: Encode) -> pd.Series:
    """Mean loss of probability of a tag by where the hidden word stands, seen from its own."""
    far: dict[int, list[float]] = {}
    for words in sentences:
        lost, _ = occlusion(model, words, encode)
        for (i, j), value in np.ndenumerate(lost):
            far.setdefault(j - i, []).append(value)
    near = [d for d in range(-6, 7) if len(far[d]) > 100]
    means = pd.Series({d: float(np.mean(far[d])) for d in near}, name="mean loss")
    _, ax = plots.new_figure(width=7, height=2.8)
    colors = [plots.COLORS[0] if d < 0 else plots.COLORS[1] if d else "0.5" for d in near]
    ax.bar(near, means, color=colors)
    others = means.drop(0)
    ax.set(
        title=plots.true_title(
            "Neighbours decide: the word before most, the word after too",
            list(others.nlargest(2).index) == [-1, 1],
            "What a tag loses, by where the hidden word stands",
        ),
        xlabel="position of the hidden word, relative to the tagged one (words)",
        ylabel="mean loss of probability",
        xticks=near,
    )
    ax.grid(False, axis="x")
    return means


def confusions(true_tags: Sentences, found: Sentences, labels: int = 13) -> pd.DataFrame:
    """Which labels are taken for which, among the most frequent ones, as a map.

    Returns
    -------
    DataFrame
        Columns ``true``, ``found``, ``words``: every pair of labels that occurs, frequent ones
        first.
    """
    pairs = Counter((a[2:] or a, b[2:] or b) for a, b in _pairs(true_tags, found))
    total = Counter(tag[2:] or tag for row in true_tags for tag in row)
    common = [name for name, _ in total.most_common(labels)]
    table = np.array([[pairs[a, b] for b in common] for a in common], dtype=float)
    shares = table / np.array([total[name] for name in common])[:, None]
    figure, ax = plots.new_figure(width=8, height=6)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [SHORT.get(name, name) for name in common]
    ax.set_xticks(range(labels), names, rotation=45, ha="right", fontsize=9)
    ax.set_yticks(range(labels), names, fontsize=9)
    _numbers(ax, image, np.where(table > 0, table, np.nan), "{:.0f}", dark=shares > 0.6)
    weakest = int(shares.diagonal().argmin())
    ax.set(xlabel="label found", ylabel="true label")
    title = f"Weakest of the {labels}: {names[weakest]}, {shares[weakest, weakest]:.0%} of it found"
    plots.heading(figure, title)
    figure.colorbar(image).set_label("share of the true label's words", labelpad=10)
    rows = [(a, b, n) for (a, b), n in pairs.most_common()]
    return pd.DataFrame(rows, columns=["true", "found", "words"])


def wrongly_tagged(
    words: Sentences,
    true_tags: Sentences,
    found: Sentences,
    which: slice,
    what: str = "addresses",
) -> list[int]:
    """Some wrongly tagged addresses of four to eight words: true tags, and those found.

    ``what`` names them in the title.
    """
    wrong = [i for i, row in enumerate(words) if found[i] != true_tags[i] and 4 <= len(row) <= 8]
    chosen = wrong[which]
    _, ax = plots.new_figure(width=10.5, height=5.8)
    widths = [
        _tagged_line(ax, words[i], {"true": true_tags[i], "found": found[i]}, -3.4 * row)
        for row, i in enumerate(chosen)
    ]
    ax.set(xlim=(-6, max(widths)), ylim=(-3.4 * len(chosen) + 0.8, 0.9))
    ax.set_title(f"{len(chosen)} {what} with errors (✗)")
    ax.axis("off")
    return chosen


def log_lift(tags: Sentences, names: Sequence[str], smoothing: float = 0.1) -> np.ndarray:
    """Logarithm of how much more often tags follow each other than by chance.

    Returns
    -------
    numpy.ndarray, shape (K, K)
        A row for each tag, a column for each tag behind it.
    """
    number = {name: k for k, name in enumerate(names)}
    pairs, alone = np.full((len(names), len(names)), smoothing), np.full(len(names), smoothing)
    for row in tags:
        numbers = [number[tag] for tag in row]
        np.add.at(alone, numbers, 1)
        np.add.at(pairs, (numbers[:-1], numbers[1:]), 1)
    return np.log(pairs / pairs.sum(axis=1, keepdims=True)) - np.log(alone / alone.sum())


def means_of_scores(
    true_tags: Sentences,
    answers: Mapping[str, Sequence[Sentences]],
    span_f1: Callable[[Sentences, Sentences], float],
) -> pd.DataFrame:
    """The three scores of :func:`scores`, means over the answers of several networks each."""
    each = [
        scores(true_tags, dict(zip(answers, one, strict=True)), span_f1)
        for one in zip(*answers.values(), strict=True)
    ]
    return sum(each) / len(each)


def what_changes(
    words: Sentences, true_tags: Sentences, alone: Sentences, together: Sentences
) -> list[int]:
    """Three of the addresses that another decoding changes, two that it repairs first."""
    changed = [i for i, row in enumerate(words) if alone[i] != together[i]]
    right = [i for i in changed if together[i] == true_tags[i]]
    short = sorted((i for i in changed if len(words[i]) < 9), key=lambda i: i not in right)
    chosen = [*short[:2], *short[-1:]]
    _, ax = plots.new_figure(width=10.5, height=4.6)
    widths = [
        _tagged_line(
            ax,
            words[i],
            {"true": true_tags[i], "alone": alone[i], "together": together[i]},
            -4.3 * row,
        )
        for row, i in enumerate(chosen)
    ]
    ax.set(xlim=(-7, max(widths, default=1)), ylim=(-4.3 * len(chosen) + 0.8, 0.9))
    ax.set_title(f"{len(changed)} addresses change, {len(right)} of them are right now: examples")
    ax.axis("off")
    return changed
