"""Data and figures of ``05_attention/seq2seq``: each figure draws one message and returns its data.

What the learner writes (decoder, decoding, search, error rates, attention) is always passed in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from torch import nn

from course import data, plots
from course.data import Part, Parts
from course.figures import encoder_decoder
from course.figures.parts import STYLE

PAD, START, END = 0, 1, 2
_ALL_SOUNDS = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)
SOUNDS = _ALL_SOUNDS.split()
LETTER_ID = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz", start=1)}
SOUND_ID = {sound: i for i, sound in enumerate(SOUNDS, start=3)}
SOUND_NAME = {i: sound for sound, i in SOUND_ID.items()} | {END: "END"}
N_LETTERS, N_SOUNDS = 1 + len(LETTER_ID), 3 + len(SOUNDS)
"""How many ids there are, those with a job included."""
LONGEST, MAX_SAID = 7, 12
"""Letters of the longest word; sounds after which a speaker is cut off."""

Rows = Sequence[Sequence[str]]
ErrorRates = Callable[[Rows, Rows], tuple[float, float]]
Transcribe = Callable[[nn.Module, nn.Module, list[str]], list[list[str]]]
StepFunction = Callable[[list[int]], np.ndarray]
GreedyDecode = Callable[[nn.Module, nn.Module, torch.Tensor, torch.Tensor, int], list[list[int]]]
BeamSearch = Callable[[StepFunction, int, int, int, int], tuple[list[int], float]]
Counts = list[dict[str, Counter]]

_REPORTED = ("words wrong", "sounds wrong")


# --- words and sounds as numbers ----------------------------------------------------------------


def _pad(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def letter_ids(words: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids (N, T) of the letters of N words, PAD on the right, and the words' lengths (N,)."""
    ids = _pad([[LETTER_ID[letter] for letter in word] for word in words])
    return ids, torch.tensor([len(word) for word in words])


def sound_ids(pronunciations: Rows) -> torch.Tensor:
    """Ids (N, T) of N lists of sounds, END after each and PAD on the right."""
    return _pad([[*(SOUND_ID[sound] for sound in sounds), END] for sounds in pronunciations])


def sound_names(rows: Sequence[Sequence[int]]) -> list[list[str]]:
    """Names of the sounds in lists of ids; "?" for what is no sound."""
    return [[SOUND_NAME.get(i, "?") for i in row] for row in rows]


def endless_batches(
    part: Part, size: int, seed: int = 0
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield batches round after round, words of one length together, in an order that changes.

    Yields
    ------
    source : torch.Tensor of int64, shape (size, Tx)
    lengths : torch.Tensor of int64, shape (size,)
    target : torch.Tensor of int64, shape (size, Ty)
        Sounds, END, PAD.
    """
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(part))
        order = sorted(order, key=lambda i: (len(part.inputs[i]), len(part.targets[i])))
        chunks = [order[i : i + size] for i in range(0, len(order), size)]
        for k in rng.permutation(len(chunks)):
            source, lengths = letter_ids([part.inputs[i] for i in chunks[k]])
            yield source, lengths, sound_ids([part.targets[i] for i in chunks[k]])


def said_and_right(part: Part, said: Rows) -> pd.DataFrame:
    """Table of words, what was said, and what should have been said where that differs."""
    rows = [
        (word, " ".join(mine), "" if mine == right else " ".join(right))
        for (word, right), mine in zip(part, said, strict=True)
    ]
    return pd.DataFrame(rows, columns=["word", "said", "should be"]).set_index("word")


# --- the look-up table --------------------------------------------------------------------------

_MOST_SOUNDS = 9
_KINDS = 1 + len(SOUNDS) + len(SOUNDS) ** 2
"""What a letter can stand for: no sound, one sound, or a pair of them."""


def _divide(source: np.ndarray, target: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Divide the sounds of each word among its letters, as the table finds most probable.

    ``source`` (n, 7) holds letters, 0 after the last; ``target`` (n, 10) sounds, -1 after the last;
    ``table`` log-probabilities (letters, kinds). Returns each letter's kind (n, 7), -1 without.
    """
    n, (sounds, letters) = len(source), ((target >= 0).sum(1), (source > 0).sum(1))
    one = 1 + target
    two = 1 + len(SOUNDS) + len(SOUNDS) * target[:, :-1] + target[:, 1:]
    best = np.full((LONGEST + 1, n, _MOST_SOUNDS + 1), -np.inf)
    best[0, :, 0], back = 0, np.zeros(best.shape, dtype=int)
    for i in range(1, LONGEST + 1):
        letter = source[:, i - 1]
        for j in range(_MOST_SOUNDS + 1):
            ways = [best[i - 1, :, j] + table[letter, 0]]
            if j >= 1:
                ways.append(best[i - 1, :, j - 1] + table[letter, one[:, j - 1]])
            if j >= 2:
                ways.append(best[i - 1, :, j - 2] + table[letter, two[:, j - 2]])
            back[i, :, j], best[i, :, j] = np.argmax(ways, 0), np.max(ways, 0)
    kinds, j, every = np.full((n, LONGEST), -1), sounds.copy(), np.arange(n)
    for i in range(LONGEST, 0, -1):
        on = i <= letters
        k = back[i, every, j]
        kind = np.where(k == 0, 0, np.where(k == 1, one[every, j - 1], two[every, j - 2]))
        kinds[on, i - 1] = kind[on]
        j = np.where(on, j - k, j)
    kinds[~np.isfinite(best[letters, every, sounds])] = -1  # more than two sounds a letter
    return kinds


def learn_by_heart(part: Part) -> Counts:
    """Count which sounds a letter makes, between 0, 1, 2 and 3 neighbours on either side.

    Which sounds belong to which letter is found by turns: divide the sounds among the letters with
    the table so far, then count the table anew.

    Returns
    -------
    list of 4 dicts
        By the letter with its neighbours: a Counter of kinds (no sound, one, or a pair).
    """
    fits = [i for i, sounds in enumerate(part.targets) if len(sounds) <= _MOST_SOUNDS]
    source = np.zeros((len(fits), LONGEST), dtype=int)
    target = np.full((len(fits), _MOST_SOUNDS + 1), -1)
    for row, i in enumerate(fits):
        source[row, : len(part.inputs[i])] = [LETTER_ID[c] for c in part.inputs[i]]
        target[row, : len(part.targets[i])] = [SOUND_ID[s] - 3 for s in part.targets[i]]
    guess = [0.1, *[0.8 / len(SOUNDS)] * len(SOUNDS), *[0.1 / len(SOUNDS) ** 2] * len(SOUNDS) ** 2]
    table = np.log(np.repeat([guess], N_LETTERS, axis=0))
    some = source[:8_000]
    for _ in range(3):
        kinds = _divide(some, target[:8_000], table)
        table = np.full((N_LETTERS, _KINDS), 0.01)
        np.add.at(table, (some[kinds >= 0], kinds[kinds >= 0]), 1)
        table = np.log(table / table.sum(1, keepdims=True))
    kinds = _divide(source, target, table).tolist()
    seen = [defaultdict(Counter) for _ in range(4)]
    for row, i in enumerate(fits):
        text = f"___{part.inputs[i]}___"
        for k in range(len(text) - 6):
            if kinds[row][k] >= 0:
                for reach in range(4):
                    seen[reach][text[k + 3 - reach : k + 4 + reach]][kinds[row][k]] += 1
    return seen


def look_up(seen: Counts, word: str, widest: int = 3) -> list[str]:
    """Say each letter as it was said most often between the same neighbours.

    The window has ``widest`` neighbours on either side if it was seen twice or more, else fewer.
    """
    text, sounds = f"___{word}___", []
    for k in range(3, len(text) - 3):
        for reach in range(widest, -1, -1):
            counts = seen[reach].get(text[k - reach : k + reach + 1])
            if counts and (counts.total() >= 2 or reach == 0):
                kind = counts.most_common(1)[0][0]
                break
        if 1 <= kind <= len(SOUNDS):
            sounds.append(SOUNDS[kind - 1])
        elif kind > len(SOUNDS):
            first, second = divmod(kind - 1 - len(SOUNDS), len(SOUNDS))
            sounds += [SOUNDS[first], SOUNDS[second]]
    return sounds


# --- a reader without recurrence ----------------------------------------------------------------


class AttentionEncoder(nn.Module):
    """Two blocks of the self-attention that is passed in, instead of a GRU.

    A block is ``x + self_attention(norm(x))``, and then ``x + feed(x)`` with a layer of ReLUs for
    each letter on its own. The vectors have 2H features, as the memory of a bidirectional GRU.

    Parameters
    ----------
    self_attention : callable
        ``self_attention(x, W_q, W_k, W_v, mask)``.
    vocab_size, embedding_size, hidden_size : int
        As for the recurrent encoder; ``embedding_size`` is not used.
    places : bool
        Whether a learned vector for its place is added to each letter.
    """

    def __init__(
        self,
        self_attention: Callable[..., torch.Tensor],
        vocab_size: int,
        embedding_size: int,
        hidden_size: int,
        places: bool,
    ) -> None:
        super().__init__()
        size = 2 * hidden_size
        self.self_attention = self_attention
        self.embedding = nn.Embedding(vocab_size, size)
        start = torch.randn(LONGEST, size) if places else torch.zeros(LONGEST, size)
        self.places = nn.Parameter(start, requires_grad=places)
        self.W = nn.ParameterList(
            nn.Parameter(torch.randn(size, size) / size**0.5) for _ in range(6)
        )
        self.feed = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(size), nn.Linear(size, size), nn.ReLU(), nn.Linear(size, size)
            )
            for _ in range(2)
        )
        self.norm = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))
        self.bridge = nn.Linear(size, hidden_size)

    def forward(
        self, ids: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return memory (N, T, 2H) and state (N, H) for ids (N, T) and lengths (N,)."""
        mask = torch.arange(ids.shape[1]) < lengths[:, None]
        x = self.embedding(ids) + self.places[: ids.shape[1]]
        for layer, (norm, feed) in enumerate(zip(self.norm, self.feed, strict=True)):
            x = x + self.self_attention(norm(x), *self.W[3 * layer : 3 * layer + 3], mask)
            x = x + feed(x)
        mean = (x * mask[:, :, None]).sum(1) / lengths[:, None]
        return x, torch.tanh(self.bridge(mean))


# --- how certain a decoder is -------------------------------------------------------------------


def unscaled(decoder_class: Callable[..., nn.Module], *sizes: int) -> nn.Module:
    """Make a decoder whose scores are not divided by the root of their size.

    Its queries are multiplied by that root, so that the division has no effect.

    Parameters
    ----------
    decoder_class : callable
        Makes a decoder with scaled scores and a layer ``query``.
    *sizes : int
        What it is made with.
    """
    decoder = decoder_class(*sizes)
    decoder.query.register_forward_hook(lambda layer, given, query: query * query.shape[-1] ** 0.5)
    return decoder


@torch.no_grad()
def largest_weights(encoder: nn.Module, decoder: nn.Module, part: Part) -> np.ndarray:
    """Largest weight (steps,) of every real step, fed what should be said, over all words."""
    source, lengths = letter_ids(part.inputs)
    said = _pad([[START, *(SOUND_ID[sound] for sound in sounds)] for sounds in part.targets])
    memory, state = encoder(source, lengths)
    weights = decoder(said, state, memory, source != PAD)[2]
    return weights.amax(dim=2)[said != PAD].numpy()


# --- figures ------------------------------------------------------------------------------------


def encoder_and_decoder() -> dict:
    """Draw the two networks, with one vector in between and with attention."""
    with plt.rc_context(STYLE):
        return encoder_decoder.draw()[1]


def _color(label: str) -> tuple[float, float, float]:
    """One colour a family of models: look-ups, self-attention, blind, published, attention."""
    for start, color in (
        ("letter", 7),
        ("each letter", 7),
        ("self", 1),
        ("no attention", 3),
        ("publ", 0),
    ):
        if label.startswith(start):
            return plots.COLORS[color]
    return plots.COLORS[2]


def _standard_error(rate: float | np.ndarray, count: int | np.ndarray) -> float | np.ndarray:
    return np.sqrt(rate * (1 - rate) / count)


def errors_by_length(
    error_rates: ErrorRates,
    part: Part,
    said: Mapping[str, Rows],
    stored: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Draw both error rates of each model against the number of letters.

    Parameters
    ----------
    error_rates : callable
        ``error_rates(said, right)`` gives the share of words wrong, and mistakes per sound.
    part : Part
        Words and what should be said.
    said : dict of lists of lists of str
        By model: what it said to each word.
    stored : dict of pandas.DataFrame, optional
        By rate and model, as :func:`course.figures.seq2seq_seeds.by_length` gives it: a thin line
        for each stored seed.

    Returns
    -------
    pandas.DataFrame
        Both rates by letters and model.
    """
    table = []
    for label, answers in said.items():
        for n in range(3, LONGEST + 1):
            rows = [i for i, word in enumerate(part.inputs) if len(word) == n]
            rates = error_rates([answers[i] for i in rows], [part.targets[i] for i in rows])
            table.append((label, n, len(rows), *rates))
    table = pd.DataFrame(table, columns=["model", "letters", "words", *_REPORTED])
    figure, axes = plots.new_figure(columns=2, width=9, height=3.5)
    for (label, rows), marker in zip(table.groupby("model", sort=False), "sov", strict=False):
        style = {"marker": marker, "color": _color(label), "label": label}
        wrong, per_sound = (rows[name] for name in _REPORTED)
        error = _standard_error(wrong, rows["words"])
        axes[0].errorbar(rows["letters"], wrong, error, capsize=3, **style)
        axes[1].plot(rows["letters"], per_sound, **style)
        for ax, rate in zip(axes, _REPORTED, strict=True) if stored else ():
            thin = {"color": _color(label), "lw": 0.8, "alpha": 0.5}
            ax.plot(rows["letters"], stored[rate][label].T, **thin)
    for ax in axes:
        ax.set(xticks=range(3, LONGEST + 1), xlabel="letters in the word")
    axes[0].set(ylim=(0, 1), ylabel="words wrong (share ± SE)")
    axes[1].set(ylim=(0, None), ylabel="mistakes per sound")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(said))
    wide = table.pivot(index="letters", columns="model", values=list(_REPORTED))
    title = plots.true_title(
        "Attention makes fewer mistakes at every length",
        {"attention", "no attention"} <= set(said)
        and all((wide[rate, "attention"] < wide[rate, "no attention"]).all() for rate in _REPORTED),
        "Mistakes by the length of the word",
    )
    plots.heading(figure, title)
    return wide


def learning_curves(
    losses: Mapping[str, Sequence[float]],
    results: Mapping[str, tuple[float, float]],
    graded: int = 300,
    width: int = 25,
) -> dict[str, np.ndarray]:
    """Draw the loss of each batch, smoothed, and the error rates where a training ended.

    Parameters
    ----------
    losses : dict of lists of float
        By model.
    results : dict of pairs of float
        Both error rates by "MODEL, 300 steps" and "MODEL, trained on".
    graded : int
        Steps of the graded training.
    width : int
        Batches that the moving mean covers.
    """
    _, ax = plots.new_figure(width=8, height=3.6)
    curves = {}
    for label, values in losses.items():
        curve = curves[label] = np.convolve(values, np.ones(width) / width, mode="valid")
        ax.plot(np.arange(len(curve)) + width // 2 + 1, curve, color=_color(label), label=label)
        for name, rates in results.items():
            if name.startswith(f"{label}, "):
                end = graded if f"{graded} steps" in name else len(values)
                text = "after {} steps: {:.1%} of the words, {:.1%} of the sounds wrong"
                style = {"marker": "o" if end == graded else "D", "color": _color(label), "ls": ""}
                ax.plot(end, curve[end - width], label=text.format(end, *rates), **style)
    gone = 1 - curve[100 - width // 2] / values[0]
    ax.axvline(graded, ls="--", color="0.4", lw=1)
    ax.set(
        ylim=(0, 3.8),
        xlabel="step (dashed: the graded training ends)",
        ylabel="loss per sound (nats)",
        title=plots.true_title(
            f"After a hundred steps, {gone:.0%} of the loss is gone ({label})",
            gone > 0,
            "The loss of each batch, smoothed",
        ),
    )
    ax.legend(loc="upper right")
    return curves


@torch.no_grad()
def alignment(
    encoder: nn.Module, decoder: nn.Module, greedy_decode: GreedyDecode, word: str
) -> tuple[np.ndarray, list[str]]:
    """Weights (sounds + END, letters) of what a model says to a word, and the sounds.

    The decoder is fed what it has said, all steps at once.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
    greedy_decode : callable
        ``greedy_decode(encoder, decoder, source, lengths, max_len)`` gives lists of ids.
    word : str
    """
    source, lengths = letter_ids([word])
    row = list(greedy_decode(encoder, decoder, source, lengths, MAX_SAID)[0])
    memory, state = encoder(source, lengths)
    weights = decoder(torch.tensor([[START, *row]]), state, memory, source != PAD)[2]
    return weights[0].numpy(), sound_names([[*row, END]])[0]


def where_it_looks(
    looks: Mapping[str, tuple[np.ndarray, list[str]]], part: Part
) -> dict[str, np.ndarray]:
    """Draw the weights of each sound on each letter, one panel a word.

    Parameters
    ----------
    looks : dict
        By word: weights (sounds, letters) and the names of the sounds that were said, END last.
    part : Part
        Where to find how the words should be said.
    """
    rows = -(-len(looks) // 3)
    figure, axes = plots.new_figure(columns=3, rows=rows, width=9, height=3 * rows, squeeze=False)
    for ax in axes.flat[len(looks) :]:
        ax.axis("off")
    for ax, (word, (weights, sounds)) in zip(axes.flat, looks.items(), strict=False):
        ax.imshow(weights, cmap="Greens", vmin=0, vmax=1, aspect="auto")
        for i, j in zip(*np.nonzero(weights >= 0.15), strict=True):
            ink = "white" if weights[i, j] > 0.6 else "black"
            percent = f"{100 * weights[i, j]:.0f}"
            ax.text(j, i, percent, ha="center", va="center", fontsize=8, color=ink)
        ax.set_xticks(range(len(word)), list(word), fontsize=12)
        ax.set_yticks(range(len(sounds)), sounds)
        ax.xaxis.tick_top()
        ax.grid(visible=False)
        right = part.targets[part.inputs.index(word)] if word in part.inputs else sounds[:-1]
        remark = "" if sounds[:-1] == right else f"\nshould be {' '.join(right)}"
        ax.set_title(word + remark, fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("sound that is said")
    title = plots.true_title(
        "The gaze walks along the word",
        all(_walks_along(weights) for weights, _ in looks.values()),
        "Where the network looks while it speaks",
    )
    plots.heading(figure, title)
    figure.supxlabel("weight on each letter (per cent; written from 15 on)", fontsize=10)
    return {word: weights for word, (weights, _) in looks.items()}


def _walks_along(weights: np.ndarray) -> bool:
    """Whether weights (sounds + END, letters) move on from left to right, END left aside."""
    gaze = weights[:-1] @ np.arange(weights.shape[1])
    back = np.maximum(-np.diff(gaze), 0)
    return gaze[-1] - gaze[0] > 0.5 * (weights.shape[1] - 1) and back.max(initial=0) < 1


def scaled_and_not(
    largest: Mapping[str, np.ndarray], runs: pd.DataFrame, looked_up: tuple[float, float]
) -> pd.DataFrame:
    """Draw how certain two decoders are, and what scaling the scores does over seeds.

    Parameters
    ----------
    largest : dict of numpy.ndarray, shape (steps,)
        Largest weight of every step, of the decoder with divided scores and of that without.
    runs : pandas.DataFrame
        Stored runs: ``encoder``, ``scaled``, ``seed``, ``words wrong``, ``sounds wrong``,
        ``saturated``.
    looked_up : (float, float)
        Both error rates of the look-up.

    Returns
    -------
    pandas.DataFrame
        By encoder and seed: the share of saturated steps ``divided`` and ``not divided``, and the
        shares of ``words`` and ``sounds`` that dividing the scores saves.
    """
    figure, axes = plots.new_figure(columns=3, width=10, height=3.4, width_ratios=(1.2, 1, 1))
    colors = dict(zip((True, False), (plots.COLORS[2], plots.COLORS[3]), strict=True))
    for (label, weights), color in zip(largest.items(), colors.values(), strict=True):
        shares = np.histogram(weights, np.linspace(0, 1, 21))[0] / len(weights)
        axes[0].stairs(shares, np.linspace(0, 1, 21), color=color, lw=2, label=label)
    axes[0].set(
        ylim=(0, 1),
        xlabel="largest weight of a step",
        ylabel="share of steps",
        title="How certain is a look?",
    )
    axes[0].legend(loc="upper left")
    rows = list(runs.groupby(["encoder", "scaled"], sort=False))
    for ax, rate, line in zip(axes[1:], _REPORTED, looked_up, strict=True):
        for place, ((_, scaled), found) in enumerate(rows):
            ax.plot(found[rate], np.full(len(found), place), "o", color=colors[scaled], alpha=0.7)
        ax.axvline(line, color="0.4", ls="--", lw=1)
        ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel=f"{rate} (dashed: look-up)")
        ax.set_yticks(range(len(rows)), [])
    names = [f"{encoder},\n{'' if scaled else 'not '}divided" for (encoder, scaled), _ in rows]
    axes[1].set_yticklabels(names)
    wide = runs.pivot(index=["encoder", "seed"], columns="scaled")
    saved = {rate.split()[0]: wide[rate, False] - wide[rate, True] for rate in _REPORTED}
    saturated = {"divided": wide["saturated", True], "not divided": wide["saturated", False]}
    found = pd.DataFrame(saturated | saved)
    means = found.groupby("encoder").mean()
    title = plots.true_title(
        "Scores that are not divided saturate the softmax, and cost words and sounds",
        (means["not divided"] > means["divided"]).all()
        and (means[["words", "sounds"]] > 0).all(axis=None),
        "Scores that are divided and scores that are not, over seeds",
    )
    plots.heading(figure, title)
    return found


def speller_step(encoder: nn.Module, decoder: nn.Module, word: str) -> StepFunction:
    """Make a step function for a beam search: log-probabilities of the sound after a prefix.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
    word : str
    """
    source, lengths = letter_ids([word])
    with torch.no_grad():
        memory, state = encoder(source, lengths)

    @torch.no_grad()
    def step(prefix: list[int]) -> np.ndarray:
        logits = decoder(torch.tensor([prefix]), state, memory, source != PAD)[0]
        return torch.log_softmax(logits[0, -1], dim=0).numpy()

    return step


def words_put_right(words: Sequence[str], right: Rows, before: Rows, after: Rows) -> list[str]:
    """Return the words that were said wrong before and right after, the shortest first."""
    rows = zip(words, right, before, after, strict=True)
    return sorted((word for word, r, b, a in rows if b != r == a), key=lambda w: (len(w), w))


def beam_tree(
    beam_search: BeamSearch, make_step: Callable[[str], StepFunction], word: str, width: int = 3
) -> pd.DataFrame:
    """Draw what a beam search considered: kept extensions dark, others pale, the winner thick.

    Parameters
    ----------
    beam_search : callable
        ``beam_search(step_fn, start, end, width, max_len)``.
    make_step : callable
        ``make_step(word)`` gives the word's step function.

    Returns
    -------
    pandas.DataFrame
        One row a node: what was said so far, its total log-probability, and whether it was kept.
    """
    step, asked = make_step(word), {}

    def asking(prefix: list[int]) -> np.ndarray:
        asked[tuple(prefix)] = step(prefix)
        return asked[tuple(prefix)]

    best, _ = beam_search(asking, START, END, width, MAX_SAID)
    said = f"a beam of {width} says {_joined(best)}"
    if width > 1:
        single, _ = beam_search(step, START, END, 1, MAX_SAID)
        said += f"; a beam of 1 says {_joined(single)}"
    total, kept = {(START,): 0.0}, {(START,)}
    for depth in sorted({len(prefix) for prefix in asked}):
        grown = {
            (*prefix, i): total[prefix] + float(p)
            for prefix, log_probs in asked.items()
            if len(prefix) == depth
            for i, p in enumerate(log_probs)
        }
        total |= grown
        kept |= set(sorted(grown, key=lambda node: -grown[node])[:width])
    likely = {h for h in total if len(h) > 1 and total[h] - total[h[:-1]] > np.log(0.08)}
    shown = {node for node in kept | likely if len(node) <= len(best) + 3}
    place, leaves = _places(shown, total)
    winner = (START, *best, END)
    depth = max(map(len, shown))
    _, ax = plots.new_figure(width=9, height=min(0.8 + 0.22 * leaves, 7.5))
    for node in sorted(shown, key=len):
        _draw_node(ax, node, place, total, node in kept, winner[: len(node)] == node)
    ax.set(
        xlim=(0.6, depth + 0.6),
        ylim=(leaves, -1),
        yticks=[],
        xlabel="symbols emitted (extensions much longer than the winner are left out)",
        title=f"{word}: {said}",
    )
    ax.set_xticks(range(1, depth + 1), range(depth))
    ax.grid(visible=False)
    rows = [(_joined(node[1:]), total[node], node in kept) for node in sorted(shown, key=len)]
    return pd.DataFrame(rows, columns=["said so far", "log-probability", "kept"])


def _joined(ids: Sequence[int]) -> str:
    return " ".join(sound_names([ids])[0])


def _places(
    shown: set[tuple[int, ...]], total: Mapping[tuple[int, ...], float]
) -> tuple[dict[tuple[int, ...], float], float]:
    """Height of each node: leaves below one another, parents half-way between their children."""
    place, below = {}, 0.0

    def put(node: tuple[int, ...]) -> float:
        nonlocal below
        children = sorted((h for h in shown if h[:-1] == node), key=lambda h: -total[h])
        if children:
            place[node] = float(np.mean([put(child) for child in children]))
        else:
            room = 2.0 if node[-1] == END else 1.0  # END has a second line
            place[node] = below + (room - 1) / 2
            below += room
        return place[node]

    put((START,))
    return place, below


def _draw_node(
    ax: Axes,
    node: tuple[int, ...],
    place: Mapping[tuple[int, ...], float],
    total: Mapping[tuple[int, ...], float],
    kept: bool,
    winner: bool,
) -> None:
    x, y, parent = len(node), place[node], node[:-1]
    color = plots.COLORS[2] if winner else "0.25" if kept else "0.75"
    text = "START"
    if parent:
        width = 3 if winner else 1.2 if kept else 0.8
        ax.plot([x - 1, x], [place[parent], y], color=color, lw=width, zorder=1)
        share = f"{np.exp(total[node] - total[parent]):.2f}"
        text = f"{SOUND_NAME.get(node[-1], '?')} {share.removeprefix('0')}"
    if node[-1] == END:
        text += f"\nmean {total[node] / (x - 1):.2f}".replace("-", "−")
    ax.text(
        x,
        y,
        text,
        color=color if kept or winner else "0.45",
        fontsize=8,
        ha="center",
        va="center",
        weight="bold" if winner else "normal",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def what_a_relative_is_worth(
    divisions: Mapping[str, tuple[Parts, Rows, Rows]],
    error_rates: ErrorRates,
    stored: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Draw both error rates over words with relatives in the dictionary, and without.

    Parameters
    ----------
    divisions : dict
        By name: a division of the dictionary, and what the look-up and the network said to its
        validation words.
    error_rates : callable
        ``error_rates(said, right)`` gives the share of words wrong, and mistakes per sound.
    stored : pandas.DataFrame, optional
        Columns ``division``, ``reader``, ``group``, ``seed`` and both rates: a dot for each seed.

    Returns
    -------
    pandas.DataFrame
        Both rates by division and reader, over words with relatives, without, and all.
    """
    parts = next(iter(divisions.values()))[0]
    dictionary = (parts.train, parts.valid, parts.test)
    family = data.word_families([word for part in dictionary for word in part.inputs])
    members = Counter(family.values())
    found, texts = [], {}
    for label, (parts, *readers) in divisions.items():
        related = np.array([members[family[word]] > 1 for word in parts.valid.inputs])
        taught = {family[word] for word in parts.train.inputs}
        have = [family[w] in taught for w, r in zip(parts.valid.inputs, related, strict=True) if r]
        texts[label] = (
            f"{label}: {np.mean(have):.0%} of the words\nwith relatives have one in training"
        )
        groups = {"with relatives": related, "without": ~related, "all": related | True}
        for reader, answers in zip(("look-up", "network"), readers, strict=True):
            for group, chosen in groups.items():
                rows = np.flatnonzero(chosen)
                rates = error_rates(
                    [answers[i] for i in rows], [parts.valid.targets[i] for i in rows]
                )
                found.append((label, reader, group, len(rows), *rates))
    columns = ["division", "reader", "words", "count", *_REPORTED]
    table = pd.DataFrame(found, columns=columns)
    _draw_relatives(table, texts, stored)
    wide = table.pivot(index=["division", "reader"], columns="words", values=list(_REPORTED))
    order = [(rate, group) for rate in _REPORTED for group in ("with relatives", "without", "all")]
    return wide[order].round(3)


def _draw_relatives(
    table: pd.DataFrame, texts: Mapping[str, str], stored: pd.DataFrame | None
) -> None:
    figure, axes = plots.new_figure(columns=2, width=9, height=4, sharey=True)
    rows = table[table["words"] != "all"]
    names = list(dict.fromkeys(zip(rows["reader"], rows["words"], strict=True)))
    for ax, rate in zip(axes, _REPORTED, strict=True):
        for (label, text), color, marker, shift in zip(
            texts.items(), (3, 2), "so", (-0.12, 0.12), strict=False
        ):
            line = rows[rows["division"] == label]
            error = _standard_error(line[rate], line["count"]) if rate == _REPORTED[0] else None
            style = {"fmt": marker, "color": plots.COLORS[color], "capsize": 3, "label": text}
            ax.errorbar(line[rate], np.arange(len(names)) + shift, xerr=error, **style)
            for place, (reader, group) in enumerate(names if stored is not None else ()):
                if reader == "network":  # the look-up knows no seed
                    of = (stored["division"] == label) & (stored["group"] == group)
                    found = stored.loc[of & (stored["reader"] == reader), rate]
                    dots = {"color": plots.COLORS[color], "alpha": 0.5, "ms": 4, "ls": ""}
                    ax.plot(found, [place + 2 * shift] * len(found), marker, **dots)
    axes[0].set_yticks(range(len(names)), [f"{reader},\n{group}" for reader, group in names])
    axes[0].set(ylim=(len(names) - 0.5, -0.5), xlabel="words wrong (share, ± standard error)")
    axes[1].set(xlabel="mistakes per sound")
    plots.heading(figure, "What a relative in the training part is worth")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def symptoms_of_not_looking(
    pairs: Mapping[str, Sequence[nn.Module]], transcribe: Transcribe, part: Part, count: int = 400
) -> pd.DataFrame:
    """Measure and draw what shows that attention does not look at the memory.

    Parameters
    ----------
    pairs : dict of (encoder, decoder)
        By name.
    transcribe : callable
        ``transcribe(encoder, decoder, words)`` gives what is said to each word.
    part : Part
    count : int
        Words of the part that are used.

    Returns
    -------
    pandas.DataFrame
        By pair: the share of weight that stays behind when the memory is turned round, the weight
        on padding, and the share of words that are said differently alone and in a batch.
    """
    words = part.inputs[:count]
    table = pd.DataFrame(
        {
            name: {
                **_weights_off(encoder, decoder, words, part.targets[:count]),
                "words that change in a batch": np.mean(
                    [
                        together != transcribe(encoder, decoder, [word])[0]
                        for word, together in zip(
                            words, transcribe(encoder, decoder, words), strict=True
                        )
                    ]
                ),
            }
            for name, (encoder, decoder) in pairs.items()
        }
    )
    _, ax = plots.new_figure(width=7, height=2.8)
    shifts = np.linspace(-0.2, 0.2, len(pairs))
    for shift, color, (name, shares) in zip(shifts, (2, 0), table.items(), strict=False):
        bars = ax.barh(np.arange(3) + shift, shares, 0.38, color=plots.COLORS[color], label=name)
        ax.bar_label(bars, fmt="%.3f", padding=3, fontsize=9)
    ax.set_yticks(range(3), table.index)
    title = plots.true_title(
        "Three symptoms of not looking",
        (table > 0.01).all().any(),  # one of the pairs has all three
        "Does attention look? Three measures",
    )
    ax.set(xlim=(0, 1.1), ylim=(2.6, -0.6), xlabel="share", title=title)
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right")
    return table.T


@torch.no_grad()
def _weights_off(
    encoder: nn.Module, decoder: nn.Module, words: list[str], right: Rows
) -> dict[str, float]:
    source, lengths = letter_ids(words)
    memory, state = encoder(source, lengths)
    mask = source != PAD
    said = _pad([[START, *(SOUND_ID[sound] for sound in sounds)] for sounds in right])
    plain = decoder(said, state, memory, mask)[2]
    turned = decoder(said, state, memory.flip(1), mask.flip(1))[2].flip(2)
    real = said != PAD
    return {
        "weights that stay behind": float((plain - turned).abs().sum(2)[real].mean() / 2),
        "weight on padding": float((plain * ~mask[:, None]).sum(2)[real].mean()),
    }


def all_error_rates(
    results: Mapping[str, tuple[float, float]], count: int, stored: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Draw both error rates of every model, the best word error rate on top.

    Parameters
    ----------
    results : dict of (float, float)
        By model: share of words wrong, mistakes per sound.
    count : int
        Number of words.
    stored : pandas.DataFrame, optional
        Columns ``model`` and both rates: a dot for each stored run.
    """
    table = pd.DataFrame(results, index=_REPORTED).T.sort_values("words wrong")
    figure, axes = plots.new_figure(columns=2, width=9, height=3.8, sharey=True)
    for place, (label, rates) in enumerate(table.iterrows()):
        runs = stored[stored["model"] == label] if stored is not None else table[:0]
        for ax, (name, rate) in zip(axes, rates.items(), strict=True):
            dots = {"marker": "o", "ls": "", "ms": 5, "alpha": 0.45, "color": _color(label)}
            ax.plot(runs[name], [place + 0.25] * len(runs), **dots)
            error = _standard_error(rate, count) if ax is axes[0] else None
            ax.errorbar(rate, place, xerr=error, fmt="o", ms=7, capsize=4, color=_color(label))
            ax.annotate(
                f"{rate:.3f}",
                (rate, place),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
    axes[0].set_yticks(range(len(table)), table.index)
    axes[0].set(
        xlim=(0.3, 1.05),
        ylim=(len(table) - 0.5, -0.8),
        xlabel=f"words wrong (share of {count:,}, ± standard error)",
    )
    dotted = "" if stored is None else "; pale dots: stored seeds"
    axes[1].set(xlabel=f"mistakes per sound{dotted}")
    axes[1].margins(x=0.12)
    pairs = [
        ("attention, 300 steps", "no attention, 300 steps"),
        ("self-attention, places", "self-attention, no places"),
    ]
    wrong = table["words wrong"]
    title = plots.true_title(
        "Looking back helps, and so does knowing the order",
        all(wrong.get(better, 1) < wrong.get(worse, 0) for better, worse in pairs),
        "Both error rates of every model",
    )
    plots.heading(figure, title)
    return table
