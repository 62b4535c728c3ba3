"""Figures of ``04_bidirectional/bidirectional``, its sentences as arrays and its measurements.

Each figure has one message and returns the data that it drew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from torch import nn

from course import plots, training
from course.figures import bilstm, packed_batch, parts

STEPS = 12
"""Length of the sequences of the task with a level."""
FAINTEST = -3.0
"""Reactions are drawn down to ten to the power of this."""

Chain = Callable[[np.ndarray], np.ndarray]
BothWays = Callable[[Chain, Chain, np.ndarray, np.ndarray], np.ndarray]
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]
Encode = Callable[[Step, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


# -- What one direction cannot know --------------------------------------------------------------


def above_its_mean(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw sequences with a level of their own, and say which numbers lie above their mean.

    Returns
    -------
    x, y : torch.Tensor, shape (count, 12, 1)
    """
    level = 1.5 * torch.randn(count, 1, 1, generator=generator)
    x = level + torch.randn(count, STEPS, 1, generator=generator)
    return x, (x > x.mean(dim=1, keepdim=True)).float()


class _Labeller(nn.Module):
    """A small GRU and a read-out for every step; all sequences are equally long."""

    def __init__(self, way: str, units: int) -> None:
        super().__init__()
        self.turned, both = way == "backward", way == "both"
        self.rnn = nn.GRU(1, units, batch_first=True, bidirectional=both)
        self.out = nn.Linear(2 * units if both else units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.turned:
            return self.out(self.rnn(x.flip(1))[0].flip(1))
        return self.out(self.rnn(x)[0])


def accuracy_by_position(units: Mapping[str, int], steps: int = 200) -> pd.DataFrame:
    """Train a GRU for each way of reading, and draw its accuracy at each position.

    It says of each number whether that lies above the mean of its whole sequence.

    Parameters
    ----------
    units : mapping
        Units of each chain, by way of reading: ``"forward"``, ``"backward"``, ``"both"``.
    steps : int
        Batches of 128 fresh sequences.

    Returns
    -------
    pandas.DataFrame
        Accuracy on 4000 new sequences: a row for each of 12 positions, a column for each way of
        reading; first that without context, of the answer "positive".
    """
    test_x, test_y = above_its_mean(4000, torch.Generator().manual_seed(1))
    says = {"no context": test_x > 0}
    for way, width in units.items():
        model = _trained(way, width, steps)
        with torch.no_grad():
            says[way] = model(test_x) > 0
    right = {way: (answer == (test_y > 0)).float() for way, answer in says.items()}
    accuracy = pd.DataFrame(
        {way: answer.mean(dim=(0, 2)).numpy() for way, answer in right.items()},
        index=pd.RangeIndex(1, STEPS + 1, name="position"),
    )
    _, axes = plots.new_figure()
    looks = {
        "no context": ("0.5", "--", ""),
        "forward": (plots.COLORS[0], "-", ">"),
        "backward": (plots.COLORS[2], "-", "<"),
        "both": (plots.COLORS[3], "-", "D"),
    }
    for way in accuracy:
        color, line, mark = looks[way]
        axes.plot(accuracy.index, accuracy[way], line, color=color, marker=mark, label=way)
    ends = accuracy.iloc[[0, -1]].diff().iloc[-1]  # from the first position to the last
    axes.set(
        title=plots.true_title(
            "Each chain is good only where it has read enough",
            ends.get("forward", 0) > 0.1 and ends.get("backward", 0) < -0.1,
            "Accuracy at each position, by the way of reading",
        ),
        xlabel="position t in the sequence",
        ylabel="accuracy at t",
        ylim=(0.6, 1.01),
        xticks=accuracy.index,
    )
    axes.legend(ncols=2)
    return accuracy


def _trained(way: str, units: int, steps: int) -> _Labeller:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(2)
    model = _Labeller(way, units)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in training.progress(range(steps), way):
        x, y = above_its_mean(128, generator)
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


def reaction(run: Callable[[torch.Tensor], torch.Tensor], T: int, D: int) -> np.ndarray:
    """Norm of the derivative of the state at t by the input at s, as a (T, T) array.

    Parameters
    ----------
    run : callable
        From an input (1, T, D) in float64 to its states (1, T, H).
    """
    x = torch.randn(1, T, D, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: run(x)[0], x)  # (T, H, 1, T, D)
    return jacobian[:, :, 0].pow(2).sum(dim=(1, 3)).sqrt().numpy()


def reaction_by_direction(layer: nn.RNNBase, T: int = 9) -> dict[str, np.ndarray]:
    """Draw how strongly each half of a two-way layer's state at t reacts to the input at s.

    Returns
    -------
    dict
        ``{half: array (T, T)}``, exactly zero where nothing arrives.
    """
    layer, H = layer.double(), layer.hidden_size
    halves = {"forward half": slice(0, H), "backward half": slice(H, None), "both": slice(None)}
    found = {
        name: reaction(lambda x, half=half: layer(x)[0][..., half], T, layer.input_size)
        for name, half in halves.items()
    }
    figure, axes = plots.new_figure(columns=3, width=8.4, height=3.3, sharey=True)
    _reactions(figure, axes, found)
    for axis in axes:
        axis.set(xlabel="input position s", xticks=range(0, T, 2), yticks=range(0, T, 2))
    past = np.tri(T, dtype=bool)
    seen = [strength > 0 for strength in found.values()]
    message = plots.true_title(
        "One direction sees the past, the other the future, both see everything",
        all((see == what).all() for see, what in zip(seen, (past, past.T, True), strict=True)),
        "How strongly the state at t reacts to the input at s",
    )
    _say(figure, message)
    return found


def reaction_with_padding(
    leaky: Callable, yours: Callable, length: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the reactions of two modules to one sentence with padding behind it, in a row of 9.

    Parameters
    ----------
    leaky, yours : callable
        From x (1, 9, 5) in float64 and lengths (1,) to a tuple that begins with the states.
    length : int
        Words of the sentence.

    Returns
    -------
    leaky, yours : numpy.ndarray, shape (9, 9)
    """
    found = {}
    named = {"lengths not given": leaky, "your BiLSTM, the same weights": yours}
    for name, model in named.items():
        torch.manual_seed(0)
        found[name] = reaction(lambda x, m=model: m(x, torch.tensor([length]))[0], 9, 5)
    figure, axes = plots.new_figure(columns=2, width=7.4, height=4.0, sharey=True)
    _reactions(figure, axes, found)
    for axis in axes:
        for line in (axis.axvline, axis.axhline):
            line(length - 0.5, color=plots.COLORS[1], lw=2, ls="--")
        axis.set_xlabel(f"input position s ({length} to 8: padding)")
        axis.set(xticks=range(9), yticks=range(9))
    leaks, own = found.values()
    message = plots.true_title(
        "With lengths, nothing goes into the padding and nothing comes out of it",
        own[:length, :length].all() and not own[length:].any() and not own[:, length:].any(),
        "How two modules react to a sentence with padding behind it",
    )
    _say(figure, message)
    return leaks, own


def _reactions(figure: Figure, axes: Sequence[Axes], found: Mapping[str, np.ndarray]) -> None:
    """Draw a (T, T) array on each of the axes; exactly zero is white."""
    for axis, (name, strength) in zip(axes, found.items(), strict=True):
        seen = np.log10(np.where(strength == 0, np.nan, strength))
        picture = axis.imshow(seen, cmap="viridis", vmin=FAINTEST, vmax=0)
        axis.set_title(name)
        axis.grid(False)
    axes[0].set_ylabel("state position t")
    figure.colorbar(picture, ax=axes, label="log10 reaction", shrink=0.8)


def _say(figure: Figure, message: str) -> None:
    """Give a figure of several panels one title."""
    plots.heading(figure, message)
    for axis in figure.axes:
        axis.set_title(axis.get_title(loc="left"), fontweight="normal", fontsize=10)


# -- A padded batch ------------------------------------------------------------------------------


def embed(sentences: Sequence[str], pads: int = 0, D: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Give each word a fixed random vector; pad with zeros to the longest sentence plus `pads`.

    Returns
    -------
    x : numpy.ndarray, shape (N, T, D)
    lengths : numpy.ndarray of int, shape (N,)
    """
    words = [sentence.split() for sentence in sentences]
    lengths = np.array([len(row) for row in words])
    vocabulary = sorted({word for row in words for word in row})
    table = np.random.default_rng(0).normal(size=(len(vocabulary), D))
    x = np.zeros((len(words), lengths.max() + pads, D))
    for row, target in zip(words, x, strict=True):
        target[: len(row)] = table[[vocabulary.index(word) for word in row]]
    return x, lengths


def as_chain(layer: nn.RNNBase) -> Chain:
    """Turn a one-way PyTorch layer into a NumPy function (N, T, D) -> (N, T, H)."""

    def run(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return layer.double()(torch.from_numpy(np.ascontiguousarray(x)))[0].numpy()

    return run


def as_step(cell: nn.RNNCellBase) -> Step:
    """Turn a PyTorch cell with one state into a NumPy function (N, D), (N, H) -> (N, H)."""

    def step(x: np.ndarray, h: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return cell.double()(torch.from_numpy(x), torch.from_numpy(h)).numpy()

    return step


def two_chains() -> dict:
    """Draw the whole network over one sentence; return where the two final states are."""
    return _as_in_the_guides(bilstm.draw)


def packing() -> dict:
    """Draw a padded batch beside the same batch packed; return its lengths and batch sizes."""
    return _as_in_the_guides(packed_batch.draw)


def _as_in_the_guides(draw: Callable[[], tuple[Figure, dict]]) -> dict:
    with plt.rc_context(parts.STYLE):
        figure, data = draw()
    figure.set_layout_engine(PlaceHolderLayoutEngine(False, False))  # the notebook has another
    return data


def chains_over_a_batch(sentences: Sequence[str]) -> dict[str, list[int]]:
    """Draw both chains over a padded batch; return the columns of the final states."""
    words = [sentence.split() for sentence in sentences]
    T = max(map(len, words))
    figure, (axis,) = parts.canvas(3.0 + 1.75 * T, 3.5 * len(words) + 1.2, unit=0.6)
    ends: dict[str, list[int]] = {"forward": [], "backward": []}
    for n, row in enumerate(words):
        y = 3.5 * (len(words) - n) - 1.0
        for way, role, up in (("forward", "hidden", 1.0), ("backward", "cell", -1.0)):
            order = range(len(row)) if up > 0 else range(len(row) - 1, -1, -1)
            _chain(axis, order, y, up, role)
            ends[way].append(order[-1])
            if n == 0:
                parts.label(axis, 1.9, y + up, way, role, ha="right", size=12)
        for t in range(T):
            real = t < len(row)
            text = row[t] if real else "pad"
            parts.box(axis, _x(t), y, text, "gate", 1.35, 0.75, None if real else False, 11)
    for t in range(T):
        parts.label(axis, _x(t), 0.75, str(t), size=11)
    parts.label(axis, _x((T - 1) / 2), 0.25, "position t (columns of the padded batch)", size=11)
    title = "Both chains live on the real words only; rings mark their final states"
    axis.text(0.2, 3.5 * len(words) + 0.9, title, fontweight="bold", va="center")
    figure.set_layout_engine(PlaceHolderLayoutEngine(False, False))
    return ends


def _x(t: float) -> float:
    return 2.95 + 1.75 * t


def _chain(axis: Axes, order: Sequence[int], y: float, up: float, role: str) -> None:
    """Draw one chain's states, in the order in which it reads, ``up`` above its words."""
    color = parts.color_of(role)
    for before, t in zip([None, *order[:-1]], order, strict=True):
        axis.plot(_x(t), y + up, "o", ms=13, color=color, zorder=4)
        parts.path(axis, [(_x(t), y + 0.4 * up), (_x(t), y + 0.75 * up)], "gate", head=False)
        if before is not None:
            side = np.sign(t - before)
            ends = [(_x(before) + 0.3 * side, y + up), (_x(t) - 0.4 * side, y + up)]
            parts.path(axis, ends, role)
    axis.plot(_x(order[-1]), y + up, "o", ms=22, mfc="none", mec=color, mew=2, zorder=4)


def where_the_words_go(
    sentences: Sequence[str], reverse: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, np.ndarray]:
    """Draw a batch as it is, with its rows flipped, and turned around by a function.

    Parameters
    ----------
    sentences : sequence of N str
    reverse : callable
        From an array (N, T, 1) and lengths (N,) to an array (N, T, 1).

    Returns
    -------
    dict
        ``{title: array (N, T)}``, the numbers of the words at each step.
    """
    words = [sentence.split() for sentence in sentences]
    lengths = np.array([len(row) for row in words])
    numbers = np.tile(np.arange(lengths.max()), (len(words), 1))
    turned = reverse(numbers[:, :, None], lengths)[:, :, 0]
    yours = plots.true_title(
        "Your reverse_padded: every sentence begins with its last word",
        np.array_equal(turned[:, 0], lengths - 1),
        "Your reverse_padded",
    )
    flipped = plots.true_title(
        "Whole rows flipped: short sentences begin with padding",
        lengths.min() < lengths.max(),
        "Whole rows flipped",
    )
    orders = {"The batch": numbers, flipped: numbers[:, ::-1], yours: turned}
    _, axes = plots.new_figure(rows=3, width=6.6, height=6.2)
    for axis, (title, order) in zip(axes, orders.items(), strict=True):
        _words(axis, words, order)
        axis.set_title(title)
    axes[-1].set_xlabel("step at which the backward chain reads")
    return orders


def _words(axis: Axes, words: Sequence[Sequence[str]], order: np.ndarray) -> None:
    """Draw which word stands where; a number beyond a sentence's words is padding."""
    N, T = order.shape
    for n, t in np.ndindex(N, T):
        real = order[n, t] < len(words[n])
        color = plt.cm.viridis(0.5 + 0.55 * order[n, t] / T) if real else "0.93"
        axis.add_patch(plt.Rectangle((t, -n), 0.96, -0.9, color=color))
        axis.text(
            t + 0.48,
            -n - 0.45,
            words[n][order[n, t]] if real else "pad",
            ha="center",
            va="center",
            fontsize=9,
            color="black" if real else "0.55",
        )
    axis.set(xlim=(0, T), ylim=(-N, 0.05), xticks=np.arange(T) + 0.48, yticks=[])
    axis.set_xticklabels(range(T))
    axis.grid(False)
    for side in axis.spines.values():
        side.set_visible(False)


# -- The leak ------------------------------------------------------------------------------------


def backward_states(
    run: BothWays, chains: tuple[Chain, Chain], sentence: str, pads: int = 0
) -> np.ndarray:
    """Run both chains over one sentence with padding; return its backward states.

    Returns
    -------
    numpy.ndarray, shape (length, H)
    """
    x, lengths = embed([sentence], pads=pads)
    both = run(*chains, x, lengths)[0, : lengths[0]]
    return both[:, both.shape[1] // 2 :]


def states_with_padding(
    leaky: BothWays,
    yours: BothWays,
    chains: tuple[Chain, Chain],
    sentence: str,
    pads: Sequence[int] = (1, 5, 20),
) -> dict[str, np.ndarray]:
    """Draw the backward states of one sentence, without padding and with more and more of it.

    Parameters
    ----------
    leaky, yours : callable
        Functions like ``bidirectional``; the second one is drawn with the most pads.
    chains : tuple of callable
    sentence : str
    pads : sequence of int
        How many pads stand behind the sentence, a panel for each.

    Returns
    -------
    dict
        ``{panel: array (length, H)}``.
    """
    panels = {"no padding": backward_states(yours, chains, sentence)}
    for count in pads:
        name = f"{count} pad{'s' if count != 1 else ''},\nrow flipped"
        panels[name] = backward_states(leaky, chains, sentence, count)
    panels[f"{pads[-1]} pads,\nyour function"] = backward_states(yours, chains, sentence, pads[-1])
    words = sentence.split()
    figure, axes = plots.new_figure(
        columns=len(panels), width=1.6 + 1.6 * len(panels), height=4.0, sharey=True
    )
    for axis, (name, states) in zip(axes, panels.items(), strict=True):
        picture = axis.imshow(states.T, cmap="RdBu_r", vmin=-0.6, vmax=0.6, aspect="auto")
        axis.set(title=name, xticks=range(len(words)))
        axis.set_xticklabels(words, rotation=60)
        axis.grid(False)
    axes[0].set_ylabel("backward unit")
    figure.colorbar(picture, ax=axes, label="state")
    alone, *leaks, _ = panels.values()
    message = plots.true_title(
        "The same sentence, the same weights: zeros behind it change its states",
        all(np.abs(states - alone).max() > 0.01 for states in leaks),
        "The backward states of one sentence, without and with zeros behind it",
    )
    _say(figure, message)
    return panels


def change_by_pads(
    leaky: BothWays,
    yours: BothWays,
    chains: tuple[Chain, Chain],
    sentence: str,
    counts: Iterable[int] = range(21),
) -> tuple[np.ndarray, np.ndarray]:
    """Draw by how much the backward state at each word changes with the number of pads.

    Returns
    -------
    leaky, yours : numpy.ndarray, shape (len(counts), length)
        Change in percent of the state without padding.
    """
    alone = backward_states(yours, chains, sentence)

    def change(run: BothWays) -> np.ndarray:
        moved = [backward_states(run, chains, sentence, pads) - alone for pads in counts]
        return 100 * np.linalg.norm(moved, axis=2) / np.linalg.norm(alone, axis=1)

    leak, own = change(leaky), change(yours)
    _, axes = plots.new_figure(width=7.6)
    for t, word in enumerate(sentence.split()):
        look = {"marker": "os^D"[t % 4], "ms": 4, "color": plots.COLORS[t]}
        axes.plot(counts, leak[:, t], label=f"row flipped, at '{word}'", **look)
    axes.plot(counts, own.max(axis=1), "k--", label="yours, any word")
    axes.set(
        title=plots.true_title(
            "A few zeros shift every state; reversed within the length, none",
            leak[-1].min() > 1 and own.max() < 1e-6,
            "By how much zeros behind a sentence change its states",
        ),
        xlabel="pads behind the sentence",
        ylabel="change of the backward state [%]",
        xticks=range(0, max(counts) + 1, 4),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return leak, own


def above_the_mean_of_what_is_real(
    count: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw sequences of 1 to 12 numbers, zeros behind them, and say which lie above their mean.

    Returns
    -------
    x : torch.Tensor, shape (count, 12, 1)
    y : torch.Tensor, shape (count, 12)
    lengths : torch.Tensor of int, shape (count,)
    """
    x, _ = above_its_mean(count, generator)
    lengths = torch.randint(1, STEPS + 1, (count,), generator=generator)
    x = torch.where((torch.arange(STEPS) < lengths[:, None])[:, :, None], x, 0.0)
    mean = x.sum(dim=1, keepdim=True) / lengths[:, None, None]
    return x, (x > mean).float()[:, :, 0], lengths


class _PaddedLabeller(nn.Module):
    """A two-way GRU that is given the lengths or reads the padding; an answer for every step."""

    def __init__(self, units: int = 8) -> None:
        super().__init__()
        self.rnn = nn.GRU(1, units, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * units, 1)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        if lengths is None:
            return self.out(self.rnn(x)[0])[:, :, 0]
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.rnn(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return self.out(states)[:, :, 0]


def price_of_padding(seeds: int = 5, steps: int = 150) -> pd.DataFrame:
    """Train the same two-way GRU with and without lengths, and draw what its answers are worth.

    Parameters
    ----------
    seeds : int
    steps : int
        Batches of 64 fresh sequences of 1 to 12 numbers, padded to 12.

    Returns
    -------
    pandas.DataFrame
        Accuracy on the real steps of 4000 new sequences, a row for each seed: trained on padding
        and used on padded batches, the same network used on one sequence at a time, and trained
        with lengths.
    """
    test_x, test_y, test_lengths = above_the_mean_of_what_is_real(
        4000, torch.Generator().manual_seed(1)
    )
    test_real = torch.arange(STEPS) < test_lengths[:, None]

    def accuracy(model: _PaddedLabeller, lengths: torch.Tensor | None) -> float:
        with torch.no_grad():
            right = (model(test_x, lengths) > 0) == (test_y > 0)
        return right[test_real].double().mean().item()

    rows = []
    for seed in training.progress(range(seeds), "with and without lengths"):
        reading, told = (_trained_on_padding(seed, steps, told) for told in (False, True))
        rows.append(
            {
                "reads padding,\nin batches": accuracy(reading, None),
                "the same network,\none at a time": accuracy(reading, test_lengths),
                "is told the lengths": accuracy(told, test_lengths),
            }
        )
    table = pd.DataFrame(rows)
    batched, alone, told = table.mean()
    _, axes = plots.new_figure(height=2.8)
    for place, (name, color) in enumerate(zip(table, plots.COLORS[3::-1], strict=False)):
        axes.plot(100 * table[name], [place] * seeds, "o", ms=8, color=color, alpha=0.7)
    axes.set_yticks(range(table.shape[1]), table.columns)
    axes.set(
        title=plots.true_title(
            "Padding that is read costs accuracy, and more away from its batch",
            told > batched > alone,
            "What answers are worth, with and without lengths",
        ),
        xlabel="real steps that are labelled correctly [%], a dot for each seed",
        ylim=(table.shape[1] - 0.5, -0.5),
    )
    return table


def _trained_on_padding(seed: int, steps: int, told: bool) -> _PaddedLabeller:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 10)
    model = _PaddedLabeller()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        x, y, lengths = above_the_mean_of_what_is_real(64, generator)
        real = torch.arange(STEPS) < lengths[:, None]
        logits = model(x, lengths if told else None)
        loss = nn.functional.binary_cross_entropy_with_logits(logits[real], y[real])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


# -- Final states --------------------------------------------------------------------------------


def words_read(
    run: BothWays, chains: tuple[Chain, Chain], sentences: Sequence[str]
) -> dict[str, np.ndarray]:
    """Count how many words each state reacts to, and draw the counts.

    Rings mark the states that react to all the words of their sentence.

    Returns
    -------
    dict
        ``{half: array (N, T)}`` of counts.
    """
    x, lengths = embed(sentences)
    base, T = run(*chains, x, lengths), x.shape[1]
    H = base.shape[2] // 2
    found = {name: np.zeros(x.shape[:2], dtype=int) for name in ("forward half", "backward half")}
    for s in range(T):
        moved = x.copy()
        moved[:, s] += 1.0
        changed = run(*chains, moved, lengths) != base
        found["forward half"] += changed[..., :H].any(axis=2)
        found["backward half"] += changed[..., H:].any(axis=2)
    figure, axes = plots.new_figure(columns=2, width=8.4, height=3.1)
    for axis, (name, counts), color in zip(axes, found.items(), plots.COLORS[0:3:2], strict=True):
        axis.imshow(counts / lengths[:, None], cmap="Greys", vmin=0, vmax=1.8, aspect="auto")
        for n, t in np.ndindex(*counts.shape):
            axis.text(t, n, counts[n, t], ha="center", va="center")
        rows, columns = np.nonzero(counts == lengths[:, None])
        axis.plot(columns, rows, "o", ms=22, mfc="none", mec=color, mew=2.5)
        last = plt.Rectangle(
            (T - 1.46, -0.46), 0.92, len(x) - 0.08, fill=False, ls=":", lw=2, ec=plots.COLORS[3]
        )
        axis.add_patch(last)
        axis.set(title=name, xlabel="position t", xticks=range(T), yticks=range(len(x)))
        axis.set_yticklabels([f"length {k}" for k in lengths])
        axis.grid(False)
    _say(figure, "How many words each state has read: rings, all of them; dotted, output[:, -1]")
    return found


# -- Changes that must not matter ----------------------------------------------------------------


def real_steps(output: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Lay the real steps of all sentences one below the other: (sum of lengths, 2H)."""
    return torch.cat([row[:length] for row, length in zip(output, lengths, strict=True)])


@torch.no_grad()
def padding_changes(model: Callable, x: torch.Tensor, lengths: torch.Tensor) -> dict[str, float]:
    """Measure by how much the real outputs move under four changes that must not matter.

    Parameters
    ----------
    model : callable
        From x (N, T, D) and lengths (N,) to a tuple that begins with the outputs (N, T, H).

    Returns
    -------
    dict
        ``{change: largest absolute difference}``.
    """
    order = torch.arange(len(x) - 1, -1, -1)
    wider = torch.cat([x, torch.zeros(len(x), 7, x.shape[2], dtype=x.dtype)], dim=1)
    garbage = x.clone()
    for row, length in zip(garbage, lengths, strict=True):
        row[length:] = 1e6
    alone = [
        model(row[None, :length], length[None])[0][0]
        for row, length in zip(x, lengths, strict=True)
    ]
    base = real_steps(model(x, lengths)[0], lengths)
    outputs = {
        "7 more pads": real_steps(model(wider, lengths)[0], lengths),
        "another order": real_steps(model(x[order], lengths[order])[0][order], lengths),
        "each one alone": torch.cat(alone),
        "garbage in the padding": real_steps(model(garbage, lengths)[0], lengths),
    }
    return {name: (new - base).abs().max().item() for name, new in outputs.items()}


def compare_padding_changes(
    models: Mapping[str, Callable], x: torch.Tensor, lengths: torch.Tensor
) -> pd.DataFrame:
    """Tabulate :func:`padding_changes`: a row for each change, a column for each module."""
    return pd.DataFrame(
        {name: padding_changes(model, x, lengths) for name, model in models.items()}
    )


# -- An encoder that is a loop -------------------------------------------------------------------


def distance_by_pads(
    encoders: Mapping[str, Encode], step: Step, H: int, counts: Sequence[int] = range(0, 21, 2)
) -> pd.DataFrame:
    """Draw the mean distance between the last states of five sentences, by padding.

    Parameters
    ----------
    encoders : mapping
        By name, functions like ``encode_batch``.
    step : callable
        One step of a chain: (N, 5), (N, H) -> (N, H).
    H : int
        Size of a state.
    counts : sequence of int
        Pads behind each of the five sentences of five words; begins with 0.

    Returns
    -------
    pandas.DataFrame
        In percent of the distance without padding: a row for each encoder, a column for each
        number of pads.
    """
    words = np.random.default_rng(3).normal(size=(5, 5, 5))
    apart = {name: [] for name in encoders}
    for (name, encode), pads in product(encoders.items(), counts):
        x = np.concatenate([words, np.zeros((5, pads, 5))], axis=1)
        last = encode(step, x, np.zeros((5, H)), np.full(5, 5))[1]
        apart[name].append(np.mean([np.linalg.norm(a - b) for a, b in combinations(last, 2)]))
    percent = pd.DataFrame.from_dict(apart, orient="index", columns=pd.Index(counts, name="pads"))
    percent = 100 * percent.div(percent[0], axis=0)
    _, axes = plots.new_figure()
    for name, color, mark in zip(percent.index, (plots.COLORS[3], "black"), "os", strict=False):
        axes.plot(percent.columns, percent.loc[name], f"{mark}-", color=color, label=name)
    axes.set(
        title=plots.true_title(
            "Padding that is read makes all sentences alike",
            len(percent) > 1 and percent.iloc[0, -1] < 10,  # alone, a riddle's symptom
            "How far apart the last states of five sentences are",
        ),
        xlabel="pads behind each sentence",
        ylabel="distance between sentences [%]",
        ylim=(0, 105),
        xticks=percent.columns,
    )
    if len(percent) > 1:
        axes.legend()
    return percent
