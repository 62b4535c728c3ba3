"""Figures of ``02_lstm/language_model``, the n-grams, and a model that fits on a page.

Each figure has one message and returns the data that it drew. The network, its training and its
score are the learner's: figures get what they measured.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from torch import nn

from course import plots

BLUE, ORANGE, GREEN = plots.COLORS[:3]
DEAR = 9
"""Bits: who pays so much for a character had expected others."""
PLACES = ("no letter", "first", "second", "third", "4th", "5th", "6th", "later")
"""Where in its word a character stands."""
CELLS = {"RNN": plots.CELL_COLORS["rnn"], "LSTM": plots.CELL_COLORS["lstm"]}
DROPOUT = {"none": ("0.4", ":"), "ordinary": (ORANGE, "--"), "variational": (GREEN, "-")}
Drop = Callable[[torch.Tensor, str], torch.Tensor]
Write = Callable[[str, int, float, torch.Generator], str]


# Text and ids


class Alphabet:
    """The characters of a text, each with a number.

    Parameters
    ----------
    text : str
        ASCII; its characters in order get the ids from 0 on.
    """

    def __init__(self, text: str) -> None:
        self.characters = "".join(sorted(set(text)))
        self._id_of_byte = np.zeros(128, dtype=np.int64)
        self._id_of_byte[[ord(c) for c in self.characters]] = np.arange(len(self.characters))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> torch.Tensor:
        """Characters to ids, shape (L,)."""
        return torch.from_numpy(
            self._id_of_byte[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
        )

    def decode(self, ids: torch.Tensor) -> str:
        """Ids to characters."""
        return "".join(self.characters[i] for i in ids.tolist())


def words(text: str) -> list[str]:
    """List the words of a text in small letters, with the apostrophes inside them."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower())


def _seen(text: str) -> list[str]:
    """Characters as they can be seen in a figure."""
    return ["␣" if c == " " else "⏎" if c == "\n" else c for c in text]


def _places(text: str) -> np.ndarray:
    """For each character its place in :data:`PLACES`."""
    found, place = [], 0
    for character in text:
        place = place + 1 if character.isalpha() else 0
        found.append(min(place, len(PLACES) - 1))
    return np.array(found)


# Counting


def bets_of_pairs(
    bigram: torch.Tensor, alphabet: Alphabet, letters: str = " etaoinshrdlumcfwygpbvkqxjz"
) -> pd.DataFrame:
    """Draw the probabilities ``bigram`` (V, V) of the next character (columns), for some letters.

    Returns
    -------
    pandas.DataFrame
        Their logarithms to base 2.
    """
    ids = alphabet.encode(letters)
    names = _seen(letters)
    table = pd.DataFrame(bigram[ids][:, ids].log2().numpy(), index=names, columns=names)
    figure, ax = plots.new_figure(width=6.6, height=5.2)
    image = ax.imshow(table, cmap="viridis", vmin=-12, vmax=0)
    ax.set_xticks(range(len(names)), names, fontsize=9)
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set(
        title=plots.true_title(
            "Hardly anything but u follows q",
            {"q", "u"} <= set(names) and table.loc["q", "u"] > np.log2(0.9),
            "Which character follows which",
        ),
        xlabel="next character",
        ylabel="this character",
    )
    ax.grid(visible=False)
    figure.colorbar(image, label="log₂ of the probability")
    return table


def ngram_probabilities(
    train: torch.Tensor, text: torch.Tensor, highest: int, V: int
) -> list[np.ndarray]:
    """Count n-grams and mix their orders (Witten & Bell, 1991).

    Parameters
    ----------
    train, text : torch.Tensor or numpy.ndarray of int64, shapes (M,) and (L,)
        Ids to count and ids to predict.
    highest : int
        The highest order.
    V : int
        Number of characters.

    Returns
    -------
    list of numpy.ndarray
        Probabilities of ``text[highest - 1:]``, one array for each order from 1 to ``highest``.
    """
    train, text = np.asarray(train), np.asarray(text)
    p, found = np.full(len(text) - highest + 1, 1 / V), []
    grams, asked = np.zeros_like(train), np.zeros_like(text)
    for order in range(1, highest + 1):
        grams = grams[: len(train) - order + 1] * V + train[order - 1 :]  # each n-gram, a number
        asked = asked[: len(text) - order + 1] * V + text[order - 1 :]
        here = asked[highest - order :]
        seen, counts = np.unique(grams, return_counts=True)
        contexts, first = np.unique(seen // V, return_index=True)
        totals = np.add.reduceat(counts, first)  # count(c)
        different = np.diff(np.append(first, len(seen)))  # D(c)
        at = np.minimum(np.searchsorted(seen, here), len(seen) - 1)
        count = np.where(seen[at] == here, counts[at], 0)
        at = np.minimum(np.searchsorted(contexts, here // V), len(contexts) - 1)
        known = contexts[at] == here // V
        mixed = (count + different[at] * p) / (totals[at] + different[at])
        p = np.where(known, mixed, p)
        found.append(p)
    return found


def bits_by_order(new: Sequence[float], counted: Sequence[float]) -> pd.DataFrame:
    """Draw bits per character of the n-grams from order 1 on, on new and on counted text."""
    orders = range(1, len(new) + 1)
    table = pd.DataFrame({"three new plays": new, "text it has counted": counted}, index=orders)
    _, ax = plots.new_figure(width=7, height=3.2)
    for (name, scores), style in zip(
        table.items(), ({"color": ORANGE}, {"color": "0.6", "ls": "--"}), strict=True
    ):
        ax.plot(scores, marker="o", label=name, **style)
    best = int(np.argmin(new))
    ax.set(
        title=plots.true_title(
            "Longer contexts help until they have never been seen",
            0 < best < len(new) - 1 and counted[-1] < counted[best],
            "The price of a character, by the order of the n-gram",
        ),
        xlabel="order n of the n-gram",
        ylabel="bits per character",
        xticks=orders,
        ylim=(0, None),
    )
    ax.legend()
    return table


# Batches


def two_streams(line: str, steps: int = 6, batches: int = 3) -> list[str]:
    """Draw two rows of a text, cut into batches; arrows are the state. Return the rows."""
    length = steps * batches
    rows = [line[:length], line[length : 2 * length]]
    _, ax = plots.new_figure(width=8.5, height=2.4)
    for row, text in enumerate(rows):
        bottom = -1.4 * row
        for column, character in enumerate(_seen(text)):
            color = plots.COLORS[column // steps]
            ax.add_patch(plt.Rectangle((column, bottom), 0.94, 1, color=color, alpha=0.35))
            middle = (column + 0.47, bottom + 0.5)
            ax.text(*middle, character, ha="center", va="center", family="monospace")
        for cut in range(steps, length, steps):
            style = {"arrowstyle": "-|>", "color": "0.2", "lw": 1.6}
            ends = (cut + 0.35, bottom - 0.17), (cut - 0.45, bottom - 0.17)
            ax.annotate("", *ends, arrowprops=style)
        ax.text(-0.3, bottom + 0.5, f"row {row}", ha="right", va="center")
    for k, color in enumerate(plots.COLORS[:batches]):
        ax.text(steps * (k + 0.5), 1.35, f"batch {k}", ha="center", color=color, weight="bold")
    ax.set(
        title="Two streams in three batches: each row goes on where it stopped (arrows: the state)",
        xlim=(-2, length + 0.3),
        ylim=(-1.9, 1.9),
    )
    ax.axis("off")
    return rows


# A model that fits on a page


class TwoBack(nn.Module):
    """Bets 1/2, 1/4, 1/8, 1/8 on letters 0 to 3; which is which depends on the last two letters.

    The older of the two is its state, letter 0 at the beginning. In training mode it bets 1/4 on
    everything.
    """

    def __init__(self) -> None:
        super().__init__()
        older, last, rank = torch.meshgrid(*[torch.arange(4)] * 3, indexing="ij")
        bets = 0.5 ** torch.minimum(rank + 1, torch.tensor(3)).float()
        table = torch.empty(4, 4, 4).scatter_(2, (older + 3 * last + rank) % 4, bets)
        self.table = nn.Parameter(table.log())

    def forward(
        self, ids: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map ids (N, T) and the letters before them (N, 1) to logits (N, T, 4) and the last."""
        older = ids.new_zeros(len(ids), 1) if state is None else state
        older = torch.cat([older, ids[:, :-1]], dim=1)
        logits = self.table[older, ids]
        return (0 * logits if self.training else logits), ids[:, -1:]


# Who wins


def bits_against_text(
    networks: Sequence[tuple[str, int, Sequence[float]]],
    train: torch.Tensor,
    text: torch.Tensor,
    V: int,
    bits: Callable[[np.ndarray], float],
    amounts: Sequence[int] = (40_000, 150_000, 300_000, 600_000, 2_000_000),
) -> dict[str, tuple[list[int], list[float]]]:
    """Draw bits per character of ``text`` against the text that was read or counted.

    Parameters
    ----------
    networks : sequence of (cell, characters, bits)
        ``"RNN"`` or ``"LSTM"``, how many characters were read in the end, and the bits after each
        equal part of them.
    train, text : torch.Tensor of int64, shapes (M,) and (L,)
        Ids that the n-grams count, and that they predict.
    V : int
        Number of characters.
    bits : callable
        Maps the n-grams' probabilities to bits per character.
    amounts : sequence of int
        How many characters the n-grams count.

    Returns
    -------
    dict
        By n-gram: characters and bits of its line.
    """
    _, ax = plots.new_figure(width=7.5, height=3.8)
    lines = {}
    counted = [ngram_probabilities(train[:n], text, 5, V) for n in amounts]
    for order, grey in ((2, "0.65"), (3, "0.45"), (5, "0.1")):
        name, scores = f"{order}-gram", [bits(found[order - 1]) for found in counted]
        lines[name] = list(amounts), scores
        ax.plot(amounts, scores, "s--", color=grey, markersize=4)
        ax.text(1.1 * amounts[-1], scores[-1], name, color=grey, va="center")
    read_by_lstm = []
    for cell, total, scores in networks:
        read = np.linspace(0, total, len(scores) + 1)[1:]
        label, marker = (cell, "o") if len(scores) > 1 else (f"{cell}, {total:,} characters", "D")
        ax.plot(read, scores, color=CELLS[cell], marker=marker, label=label)
        if cell == "LSTM":
            read_by_lstm.append((read, np.asarray(scores)))
    leads = [
        scores - np.interp(np.log(read), np.log(amounts), lines["5-gram"][1])
        for read, scores in read_by_lstm
    ]
    ax.set(
        title=plots.true_title(
            "At equal text neither the LSTM nor the 5-gram is far ahead",
            leads and np.abs(np.concatenate(leads)).max() < 0.3,
            "The price of a character against the text read or counted",
        ),
        xlabel="characters read or counted",
        ylabel="bits per character, new plays",
        xscale="log",
        xlim=(0.85 * amounts[0], 2.75 * amounts[-1]),
    )
    ax.legend(loc="lower left")
    return lines


def cells_over_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Draw the bits of each network after the same text, a dot for each seed.

    Parameters
    ----------
    runs : pandas.DataFrame
        Stored runs: ``network``, ``weights``, ``seed``, ``bits``.

    Returns
    -------
    pandas.DataFrame
        Bits by seed and network.
    """
    _, ax = plots.new_figure(width=7, height=2.2)
    names = []
    for place, ((name, weights), found) in enumerate(
        runs.groupby(["network", "weights"], sort=False)
    ):
        color = CELLS[name.split(",")[0]]
        ax.plot(found["bits"], np.full(len(found), place), "o", color=color, alpha=0.7)
        names.append(f"{name}\n{weights:,} weights")
    ax.set_yticks(range(len(names)), names)
    means = runs.groupby(["network", "weights"])["bits"].mean().reset_index()
    lstm = means[means["network"].str.startswith("LSTM")]
    rnn = means[means["network"].str.startswith("RNN")].sort_values("weights")
    ax.set(
        title=plots.true_title(
            "With as many weights the RNN comes closer, and the LSTM leads",
            len(lstm) == 1
            and len(rnn) == 2
            and lstm["bits"].item() < rnn["bits"].iloc[1] < rnn["bits"].iloc[0],
            "The price of a character after the same text, by network",
        ),
        xlabel="bits per character, new plays (a dot: one of five seeds)",
        ylim=(len(names) - 0.5, -0.5),
    )
    return runs.pivot(index="seed", columns="network", values="bits")


def bits_by_place(text: str, prices: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Average prices (bits, for the last characters of ``text``) by the place in the word."""
    columns = {}
    for name, bits in prices.items():
        places = _places(text)[-len(bits) :]
        means = [float(bits[places == k].mean()) for k in range(len(PLACES))]
        columns[name] = [*means, float(bits.mean())]
    return pd.DataFrame(columns, index=[*PLACES, "all"])


def dearest_places(lead: pd.Series) -> str:
    """Say where a lead in bits by place is largest: between words, at first letters or inside."""
    parts = {
        "between words": lead["no letter"],
        "first letters": lead["first"],
        "inside words": lead["second":"later"].mean(),
    }
    return max(parts, key=parts.get)


def prices_in_a_passage(
    text: str, prices: Mapping[str, np.ndarray], begin: int, length: int = 62
) -> pd.DataFrame:
    """Draw what each character of a passage cost.

    Parameters
    ----------
    text : str
    prices : mapping
        By name: bits for the last characters of ``text``.
    begin, length : int
        The passage.

    Returns
    -------
    pandas.DataFrame
        In all of the text, which share of the characters that cost 9 bits or more stands where.
    """
    _, ax = plots.new_figure(width=9, height=2.1)
    shares = {}
    for row, (name, bits) in enumerate(prices.items()):
        _strip(ax, -1.4 * row, name, text[begin : begin + length], bits[begin - len(text) :])
        dear = _places(text)[-len(bits) :][bits >= DEAR]
        shares[name] = {
            "no letter": np.mean(dear == 0),
            "first letter": np.mean(dear == 1),
            "inside a word": np.mean(dear > 1),
        }
    table = pd.DataFrame(shares).T
    said = ", ".join(f"{share:.0%} ({name})" for name, share in table["inside a word"].items())
    bottom = -1.4 * len(prices) + 0.9
    ax.text(0, bottom, f"Darkest: {DEAR} bits and more. Of these, inside words: {said}", va="top")
    ax.set(
        title=plots.true_title(
            "The dearest characters lie inside words more often than at their beginning",
            (table["inside a word"] > table["first letter"]).all(),
            "What each character of a passage cost",
        ),
        xlim=(-6, length + 0.5),
        ylim=(bottom - 0.8, 1.2),
    )
    ax.axis("off")
    return table


def _strip(ax: Axes, bottom: float, name: str, text: str, bits: np.ndarray) -> None:
    """One row of characters on fields as dark as they were dear."""
    ax.text(-0.8, bottom + 0.5, name, ha="right", va="center")
    for column, (character, price) in enumerate(zip(_seen(text), bits, strict=False)):
        color = plt.cm.YlOrBr(min(float(price) / DEAR, 1.0))
        ax.add_patch(plt.Rectangle((column, bottom), 1, 1, color=color))
        ink = "white" if price > 5.5 else "black"
        style = {"ha": "center", "va": "center", "fontsize": 9}
        ax.text(column + 0.5, bottom + 0.5, character, color=ink, **style)


def bits_since_zero_state(carried: torch.Tensor, reset: torch.Tensor) -> pd.DataFrame:
    """Draw mean bits (T,) at each character since the state was zero, after both trainings."""
    lines = {"trained with carried state": carried, "trained with resets": reset}
    table = pd.DataFrame({name: np.asarray(bits) for name, bits in lines.items()})
    table.index = range(1, len(table) + 1)
    _, ax = plots.new_figure(width=7, height=3.2)
    for (name, bits), color, style in zip(table.items(), (BLUE, ORANGE), "-:", strict=True):
        ax.plot(bits, style, color=color, lw=2, label=name)
    ticks = [2**k for k in range(20) if 2**k <= len(table)]
    ax.set(
        title=plots.true_title(
            "After about ten characters a lost state is forgotten",
            len(table) > 16
            and table.iloc[0].min() > table.iloc[16:].mean().max() + 0.3
            and (table.iloc[9:16].mean() - table.iloc[16:].mean()).abs().max() < 0.1,
            "The price of each character since the state was zero",
        ),
        xlabel="characters since the state was zero",
        ylabel="bits per character",
        xscale="log",
    )
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.legend()
    return table


# What a bet hangs on


def connectivity(model: nn.Module, rows: torch.Tensor) -> np.ndarray:
    """How much the bet after each row hangs on each of its characters.

    Parameters
    ----------
    model : torch.nn.Module
        With an ``nn.Embedding``; ``model(rows)`` returns logits (N, T, V) and a state.
    rows : torch.Tensor of int64, shape (N, T)

    Returns
    -------
    numpy.ndarray, shape (N, T)
        Length of the gradient of the likeliest next character's log-probability with respect to
        the embedding of each character, as a share of the row's sum.
    """
    read = []
    table = next(layer for layer in model.modules() if isinstance(layer, nn.Embedding))
    hook = table.register_forward_hook(lambda layer, ids, vectors: read.append(vectors))
    logits = model.eval()(rows)[0][:, -1]
    hook.remove()
    likeliest = logits.log_softmax(dim=1).amax(dim=1).sum()
    lengths = torch.autograd.grad(likeliest, read[0])[0].norm(dim=2)
    return (lengths / lengths.sum(dim=1, keepdim=True)).numpy()


def reach_of_a_bet(models: Mapping[str, nn.Module], rows: torch.Tensor) -> pd.DataFrame:
    """Draw which share of a bet hangs on the character so many places back.

    Returns
    -------
    pandas.DataFrame
        Mean shares over the rows (N, T), by how many characters back (1 is the last one read).
    """
    table = pd.DataFrame({name: connectivity(m, rows).mean(0)[::-1] for name, m in models.items()})
    table.index = range(1, len(table) + 1)
    _, ax = plots.new_figure(width=7, height=3.0)
    for (name, shares), style in zip(table.items(), ("--", "-", ":"), strict=False):
        ax.plot(shares, style, color=CELLS[name.split(",")[0]], lw=2, label=name)
    last = table.iloc[-1]
    rnn = last[[name for name in last.index if name.startswith("RNN")]]
    lstm = last.drop(rnn.index)
    ax.set(
        title=plots.true_title(
            "Far back nothing is left of the RNN's share, and a little of the LSTM's",
            len(rnn) and len(lstm) and rnn.max() < 1e-6 and lstm.min() > 1e-5,
            "How far back a bet reaches",
        ),
        xlabel="characters back",
        ylabel="share of the gradient (mean)",
        yscale="log",
        xticks=[1, *range(10, len(table) + 1, 10)],
    )
    ax.legend()
    return table


def what_a_bet_hangs_on(
    models: Mapping[str, nn.Module], alphabet: Alphabet, text: str, ends: Sequence[int]
) -> pd.DataFrame:
    """Draw passages of a text, each character as dark as the bet after the passage hangs on it.

    Parameters
    ----------
    models : mapping
        By name, as :func:`connectivity` takes them.
    alphabet : Alphabet
    text : str
    ends : sequence of int
        Where passages of 44 characters end.

    Returns
    -------
    pandas.DataFrame
        By passage and model: the likeliest next character, and the share of the last ten.
    """
    length, rows = 44, {}
    figure, axes = plots.new_figure(
        rows=len(ends), width=9, height=0.35 + 1.05 * len(ends), squeeze=False
    )
    for ax, end in zip(axes.flat, ends, strict=True):
        passage = text[end - length : end]
        ids = alphabet.encode(passage)[None]
        for row, (name, model) in enumerate(models.items()):
            shares = connectivity(model, ids)[0]
            with torch.no_grad():
                bet = model.eval()(ids)[0][0, -1].softmax(dim=0)
            likeliest = _seen(alphabet.decode(bet.argmax()[None]))[0]
            _shaded(ax, -1.3 * row, name, passage, shares)
            ax.text(
                length + 0.6, 0.5 - 1.3 * row, f"→ {likeliest}  {float(bet.max()):.2f}", va="center"
            )
            rows[end, name] = (likeliest, float(shares[-10:].sum()))
        ax.set(xlim=(-12, length + 6), ylim=(-1.3 * len(models) + 1.1, 1.2))
        ax.axis("off")
    title = "The bet after a passage, and the characters on which it hangs"
    plots.heading(figure, title)
    index = pd.MultiIndex.from_tuples(rows, names=["end", "model"])
    return pd.DataFrame(rows.values(), index, ["likeliest", "share of the last ten"])


def _shaded(ax: Axes, bottom: float, name: str, text: str, shares: np.ndarray) -> None:
    """One row of characters on fields as dark as their share."""
    ax.text(-0.8, bottom + 0.5, name, ha="right", va="center")
    for column, (character, share) in enumerate(zip(_seen(text), shares, strict=True)):
        depth = min(float(share) / 0.3, 1.0)
        ax.add_patch(plt.Rectangle((column, bottom), 1, 1, color=plt.cm.Blues(depth)))
        ink = "white" if depth > 0.6 else "black"
        style = {"ha": "center", "va": "center", "fontsize": 9}
        ax.text(column + 0.5, bottom + 0.5, character, color=ink, **style)


# Dropout


def with_dropout(model: nn.Module, drop: Drop, kind: str) -> nn.Module:
    """Let ``drop`` change a model's embeddings and the output of its LSTM while it is trained.

    Parameters
    ----------
    model : torch.nn.Module
        With an ``nn.Embedding`` and an ``nn.LSTM``.
    drop : callable
        Maps values (N, T, H) and the kind to values.
    kind : str
        ``"none"`` leaves the model as it is.

    Returns
    -------
    torch.nn.Module
        The model itself.
    """

    def after(layer: nn.Module, _: object, output: object) -> object:
        if not layer.training:
            return None
        if isinstance(layer, nn.Embedding):
            return drop(output, kind)
        return drop(output[0], kind), output[1]

    for layer in model.modules() if kind != "none" else ():
        if isinstance(layer, nn.Embedding | nn.LSTM):
            layer.register_forward_hook(after)
    return model


def learned_by_heart(
    runs: pd.DataFrame, live: Mapping[str, tuple[Sequence[float], float]]
) -> pd.DataFrame:
    """Draw bits on new plays after every epoch over the same text, with and without dropout.

    Parameters
    ----------
    runs : pandas.DataFrame
        Stored runs: ``dropout`` (its kind), ``seed``, ``curve`` (the bits after every epoch), and
        ``training text`` (bits on it at the end).
    live : mapping
        Runs of this notebook: by kind, the bits after every epoch and those on the training text.

    Returns
    -------
    pandas.DataFrame
        By seed: the best epoch, the bits there (``best``), those ``at the end`` and on the
        ``training text``, each by kind of dropout.
    """
    _, ax = plots.new_figure(width=7, height=3.4)
    rows = {}
    for run in runs.itertuples(index=False):
        (kind, seed, curve, seen), (color, style) = run, DROPOUT[run.dropout]
        label = {"none": "no dropout"}.get(kind, kind) if seed == runs["seed"].min() else None
        epochs = range(1, len(curve) + 1)
        ax.plot(epochs, curve, style, color=color, lw=1.2, alpha=0.8, label=label)
        rows[kind, seed] = (int(np.argmin(curve)) + 1, min(curve), curve[-1], seen)
    for kind, (curve, _) in live.items():
        style = {"marker": "o", "ms": 3, "lw": 2.4, "label": f"{kind}, in this notebook"}
        ax.plot(range(1, len(curve) + 1), curve, color=DROPOUT[kind][0], **style)
    index = pd.MultiIndex.from_tuples(rows, names=["dropout", "seed"])
    columns = ["best epoch", "best", "at the end", "training text"]
    table = pd.DataFrame(rows.values(), index, columns)
    means = table.groupby("dropout").mean()
    risen = means["at the end"] - means["best"]
    ax.set(
        title=plots.true_title(
            "Without dropout the scenes are learned by heart",
            risen.get("none", 0) > 0.1
            and risen.drop("none").max() < 0.5 * risen["none"]
            and means.loc["none", "training text"] < means["training text"].drop("none").min(),
            "The same text again and again, with and without dropout",
        ),
        xlabel="epoch over the same 12,000 characters (a thin line: one of five seeds)",
        ylabel="bits per character, new plays",
        xticks=epochs[1::2],
    )
    ax.legend()
    return table.unstack("dropout")


# Writing


def bets_by_temperature(
    bets: Mapping[float, torch.Tensor], alphabet: Alphabet, after: str, most: int = 8
) -> pd.DataFrame:
    """Draw probabilities (V,) of the character after a text, a panel for each temperature.

    Returns
    -------
    pandas.DataFrame
        The likeliest characters by temperature, and the share of all others.
    """
    shown = next(iter(bets.values())).topk(most).indices
    names = _seen(alphabet.decode(shown))
    figure, grid = plots.new_figure(columns=len(bets), width=8.5, height=2.6, sharey=True)
    rows, axes = {}, np.atleast_1d(grid)
    for ax, (temperature, p) in zip(axes, bets.items(), strict=True):
        rest = 1 - float(p[shown].sum())
        rows[temperature] = [*p[shown].tolist(), rest]
        ax.bar(names, p[shown], color=BLUE)
        ax.set(title=f"τ = {temperature:g}", xlabel="next character")
        ax.text(0.97, 0.9, f"all others: {rest:.2f}", transform=ax.transAxes, ha="right", va="top")
    axes[0].set(ylabel="probability")
    surest = [float(bets[temperature].max()) for temperature in sorted(bets)]
    title = f"After '{after}': " + plots.true_title(
        "cold is sure of itself, hot tries more",
        len(surest) > 1 and surest[0] > 0.5 and (np.diff(surest) < 0).all(),
        "the next character, by temperature",
    )
    plots.heading(figure, title)
    return pd.DataFrame(rows, index=[*names, "others"]).T


def written_at(
    write: Write, read: str, temperatures: Sequence[float] = (0.0, 0.4, 0.8, 1.0, 1.6)
) -> tuple[pd.Series, str]:
    """Let a model write at several temperatures.

    Parameters
    ----------
    write : callable
        Of a prompt, how many characters, a temperature and a ``torch.Generator``; returns text.
    read : str
        What the model has learned from: a word counts as real when it stands there.

    Returns
    -------
    pandas.Series, str
        By temperature, how many per cent of the words are real; the beginnings of all texts.
    """
    vocabulary, real, pages = set(words(read)), {}, []
    for temperature in temperatures:
        text = write("ROMEO.\n", 1000, temperature, torch.Generator().manual_seed(4))
        real[temperature] = 100 * np.mean([word in vocabulary for word in words(text)])
        said = f"--- temperature {temperature:g}: {real[temperature]:.0f} % of its words are real"
        pages.append(f"{said}\n{text[:220]}\n")
    return pd.Series(real), "\n".join(pages)


def bets_and_text(
    logits: torch.Tensor, alphabet: Alphabet, write: Write, temperature: float, most: int = 12
) -> str:
    """Draw the bets after one prompt beside what such bets write; return what they write.

    Parameters
    ----------
    logits : torch.Tensor, shape (V,)
        After the prompt.
    write : callable
        As in :func:`written_at`.
    """
    likely = (logits / temperature).softmax(dim=-1).topk(most)
    text = write("ROMEO.\nMy lord, I w", 200, temperature, torch.Generator().manual_seed(4))
    figure, (ax, page) = plots.new_figure(columns=2, width=9, height=3.2, width_ratios=(1, 1.3))
    ax.bar(_seen(alphabet.decode(likely.indices)), likely.values, color=BLUE)
    ax.set(xlabel="next character", ylabel="probability", ylim=(0, 1))
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, 48) or [""]]
    page.text(0, 1, "\n".join(lines[:14]), va="top", family="monospace", fontsize=9)
    page.axis("off")
    plots.heading(figure, f"τ = {temperature:.1f}: the bets, and what they write")
    return text
