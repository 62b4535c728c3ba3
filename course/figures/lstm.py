"""Figures of ``02_lstm/lstm``, and the plain work behind them.

What is measured with a learner's function takes that function, or what it returned. Nothing here
is an answer to an exercise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor, nn

from course import data, plots, training
from course.figures import comparison, lstm_gates, parts

BATCH, WINDOW, SOLVED = 64, 25, 0.99
"""Sequences a batch, batches that a mean is taken over, and the mean that counts as solved."""
GREY, GUESS = "0.4", ":"
START_COLORS = {
    "vanilla RNN": plots.CELL_COLORS["rnn"],
    "LSTM, PyTorch default": plots.COLORS[7],
    "LSTM, forget bias 0": plots.COLORS[9],
    "LSTM, forget bias 1": plots.COLORS[1],
    "LSTM, forget bias 3": plots.CELL_COLORS["lstm"],
}
"""Colours of the starts that the lesson compares."""


def rnn_against_lstm(measured: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Draw how often a vanilla RNN and an LSTM still name the first symbol after ``T`` steps.

    Parameters
    ----------
    measured : mapping
        What ``06_comparison`` has stored; its LSTM starts with both biases set for the length.

    Returns
    -------
    pandas.DataFrame
        One row a run, with its ``cell``, its length ``T`` and its ``accuracy``.
    """
    table = measured["copy_first"].query("cell != 'gru'")
    lengths = sorted(table["T"].unique())
    _, axis = plots.new_figure(width=7, height=3)
    for shift, cell in ((-0.08, "rnn"), (0.08, "lstm")):
        rows, color = table[table["cell"] == cell], plots.CELL_COLORS[cell]
        axis.scatter(rows["T"].map(lengths.index) + shift, rows["accuracy"], color=color, s=24)
        medians = rows.groupby("T")["accuracy"].median()
        places = np.arange(len(lengths)) + shift
        axis.plot(places, medians, color=color, label=comparison.CELL_NAMES[cell])
    axis.axhline(1 / 8, color=GREY, ls=GUESS, label="guessing: 1/8")
    axis.set_xticks(range(len(lengths)), lengths)
    axis.set(
        title="The first symbol, asked for after T steps of noise",
        xlabel="length T (steps)",
        ylabel="accuracy",
        ylim=(0, 1.04),
    )
    _legend_beside(axis)
    return table


def one_equation_at_a_time() -> dict[str, list[str]]:
    """Draw the cell six times, one equation lit in each; return the paths that each lights."""
    with plt.rc_context(parts.STYLE):
        _, drawn = lstm_gates.draw()
    return drawn["lit"]


def _legend_beside(axis: Axes, **options: object) -> None:
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), **options)


def share_left(shares: Mapping[float, np.ndarray], mark: int) -> dict[float, np.ndarray]:
    """Draw the share of the cell that each forget bias leaves, ``(T + 1,)`` each, from step 0 on.

    A dotted line marks the step ``mark``.
    """
    _, axis = plots.new_figure(width=7.5, height=3.2)
    for color, (bias, share) in zip(plots.COLORS, shares.items(), strict=False):
        label = f"b = {bias:g}" if float(bias).is_integer() else f"b = {bias:.2f} = ln(T − 1)"
        axis.semilogy(share, color=color, lw=2, label=label)
    axis.axvline(mark, color="0.5", ls=":")
    halved = [np.count_nonzero(shares[bias] > 0.5) for bias in sorted(shares)]
    axis.set(
        ylim=(1e-8, 2),
        xlabel="steps T",
        ylabel="share left, $σ(b)^T$",
        title=plots.true_title(
            "The forget gate's bias sets the half-life",
            len(halved) > 1 and (np.diff(halved) > 0).all(),
            "What each bias of the forget gate leaves",
        ),
    )
    axis.legend(loc="lower right")
    return dict(shares)


def pulse(traces: Mapping[float, np.ndarray]) -> dict[float, np.ndarray]:
    """Draw the cell after one pulse, ``(T,)`` for each forget bias."""
    _, axis = plots.new_figure(width=7.5, height=3)
    for color, (bias, trace) in zip(plots.COLORS, traces.items(), strict=False):
        axis.plot(trace, color=color, lw=2, label=f"b = {bias:g}")
    if len(traces) == 1:
        axis.fill_between(np.arange(len(trace)), trace, color=color, alpha=0.3)
    axis.set(xlabel="steps after the pulse", ylabel="cell state c", ylim=(0, 1.05))
    axis.set_title("One pulse, and what the cell still holds of it")
    _legend_beside(axis)
    return dict(traces)


def _update(
    logits: Tensor, target: Tensor, weights: list[nn.Parameter], optimiser: torch.optim.Optimizer
) -> float:
    """Take one step of Adam, clipped at norm 1; return the batch's accuracy."""
    optimiser.zero_grad()
    nn.functional.cross_entropy(logits, target).backward()
    nn.utils.clip_grad_norm_(weights, 1.0)
    optimiser.step()
    return float((logits.argmax(1) == target).float().mean())


def train_latch(layer: nn.RNNBase, T: int, seed: int, most: int, lr: float = 0.005) -> list[float]:
    """Train a layer and a fresh readout to name the symbol of the first of ``T`` steps.

    The other steps are blank. Training ends after ``most`` batches, or when 25 of them in a row
    have a mean accuracy of 99%.

    Returns
    -------
    list of float
        The accuracy of every batch.
    """
    symbols = layer.input_size
    readout = nn.Linear(layer.hidden_size, symbols)
    weights = [*layer.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(weights, lr=lr)
    generator = torch.Generator().manual_seed(seed)
    accuracy: list[float] = []
    while len(accuracy) < most and not solved(accuracy):
        first = torch.randint(symbols, (BATCH,), generator=generator)
        x = torch.zeros(BATCH, T, symbols)
        x[torch.arange(BATCH), 0, first] = 1
        logits = readout(layer(x)[0][:, -1])
        accuracy.append(_update(logits, first, weights, optimiser))
    return accuracy


def solved(accuracy: Sequence[float]) -> bool:
    """Whether the last 25 batches have a mean accuracy of 99%."""
    return len(accuracy) >= WINDOW and bool(np.mean(accuracy[-WINDOW:]) >= SOLVED)


def latch_curves(
    runs: Mapping[str, Sequence[Sequence[float]]],
    title: str,
    symbols: int = 8,
    own: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, list[float]]:
    """Draw smoothed accuracies, one line a seed; return the mean of each run's last 25 batches.

    Parameters
    ----------
    runs : mapping of str to sequence
        By name of the start: for every seed, the accuracy of every batch.
    title : str
        What stands behind a colon is left out if the last start does not solve the task with
        every seed.
    symbols : int
        One of so many is right by chance.
    own : mapping, optional
        By name of the start, the accuracy of every batch of one more run: drawn with a strong
        line over the others.
    """
    *_, last = runs.values()
    _, axis = plots.new_figure(width=8.5, height=3.4)
    others = iter(plots.COLORS[2:9:2])
    for name, curves in runs.items():
        color = START_COLORS.get(name) or next(others)
        pale = {"lw": 1.2, "alpha": 0.55} if own else {"lw": 2}
        lines = [(curve, pale) for curve in curves]
        lines += [(own[name], {"lw": 2.6})] if own else []
        for k, (curve, look) in enumerate(lines, 1):
            smooth = np.convolve(curve, np.ones(WINDOW) / WINDOW, mode="valid")
            at, label = np.arange(WINDOW, len(curve) + 1), name if k == len(lines) else None
            axis.plot(at, smooth, color=color, label=label, **look)
    axis.axhline(1 / symbols, color=GREY, ls=GUESS, label=f"guessing: 1/{symbols}")
    axis.set(
        xlabel="training steps",
        ylabel="accuracy (mean of 25 batches)",
        ylim=(0, 1.02),
        title=plots.true_title(title, all(map(solved, last)), title.partition(":")[0]),
    )
    _legend_beside(axis)
    return {n: [float(np.mean(curve[-WINDOW:])) for curve in runs[n]] for n in runs}


def four_starts_at_length_100() -> pd.DataFrame:
    """Draw what ``06_comparison`` has stored: the copy task with either bias, none, or both."""
    return comparison.what_each_bias_contributes(data.measured("comparison"))


def rnn_gradient_walk(x: np.ndarray, units: int = 32) -> np.ndarray:
    """Walk a gradient back through a fresh vanilla RNN.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, T, D)
    units : int

    Returns
    -------
    numpy.ndarray, shape (T - 1,)
        Norm of the gradient that arrives at h, from the last step but one back to the first; the
        first of them is 1.
    """
    cell = nn.RNNCell(x.shape[2], units, dtype=torch.float64)
    for name, weight in cell.named_parameters():
        nn.init.xavier_normal_(weight) if "weight" in name else nn.init.zeros_(weight)
    h, states = torch.zeros(len(x), units, dtype=torch.float64, requires_grad=True), []
    for t in range(x.shape[1]):
        h = cell(torch.tensor(x[:, t]), h)
        h.retain_grad()
        states.append(h)
    h.backward(torch.tensor(np.random.default_rng(6).normal(size=h.shape)))
    sizes = np.array([s.grad.norm().item() for s in states[-2::-1]])
    return sizes / sizes[0]


def two_roads(
    cell_road: Mapping[float, np.ndarray],
    both_roads: Mapping[float, np.ndarray],
    rnn: np.ndarray,
    steps: int = 80,
) -> pd.DataFrame:
    """Draw what is left of a gradient along the cell's road alone, and along both roads together.

    Parameters
    ----------
    cell_road, both_roads : mapping of float to numpy.ndarray
        By forget bias: norms ``(T,)`` from the last step back; the first of them is 1.
    rnn : numpy.ndarray
        The same of a vanilla RNN, drawn beside both roads.
    steps : int

    Returns
    -------
    pandas.DataFrame
        What is left after ``steps`` steps: of each LSTM and of the vanilla RNN, by road.
    """
    figure, axes = plots.new_figure(columns=2, width=10, height=3.6, sharey=True)
    titles = ("The cell's road alone", "All that arrives: both roads")
    for axis, roads, title in zip(axes, (cell_road, both_roads), titles, strict=True):
        for k, (bias, sizes) in zip((0, 1, 2, 4), roads.items(), strict=True):
            line = "--" if k == 4 else "-"
            label = f"LSTM, forget bias {bias:g}"
            axis.semilogy(sizes, color=plots.COLORS[k], ls=line, lw=2, label=label)
        axis.set(xlabel="steps back from the end", ylim=(1e-20, 1e4))
        axis.set_title(title, fontsize=11)
    axes[1].semilogy(rnn, color=plots.CELL_COLORS["rnn"], ls=":", lw=2.4, label="vanilla RNN")
    axes[0].set_ylabel("gradient norm\n(first step back = 1)")
    _legend_beside(axes[1], fontsize=9)
    cell, whole = (
        np.array([road[bias][steps] for bias in sorted(cell_road)])
        for road in (cell_road, both_roads)
    )
    title = plots.true_title(
        "The forget gate rules the cell's road, not the whole gradient",
        (np.diff(cell) > 0).all() and (np.abs(np.log10(whole / cell)) > 0.7).all(),
        "What is left of a gradient, on the cell's road and on both",
    )
    plots.heading(figure, title)
    left = {
        f"LSTM, forget bias {bias:g}": {
            f"σ(b)^{steps}": (1 + np.exp(-bias)) ** -float(steps),
            "cell's road": cell_road[bias][steps],
            "both roads": both_roads[bias][steps],
        }
        for bias in cell_road
    }
    return pd.DataFrame.from_dict(
        left | {"vanilla RNN": {"both roads": rnn[steps]}}, orient="index"
    )


@dataclass(frozen=True)
class Weather:
    """Hourly temperatures; the question at every hour is how much warmer it is than at midnight.

    Attributes
    ----------
    celsius, at_midnight : numpy.ndarray, shape (hours,)
        The temperature, and that of the midnight before.
    features : numpy.ndarray, shape (hours, 2)
        Temperature in tens of degrees about its mean in training, and a mark that is 1 at midnight.
    answer : numpy.ndarray, shape (hours,)
        Tens of degrees above the midnight before.
    """

    celsius: np.ndarray
    at_midnight: np.ndarray
    features: np.ndarray
    answer: np.ndarray
    training_days: int = 250
    hours: int = 72

    @property
    def held_out(self) -> np.ndarray:
        """First hours ``(17,)`` of the windows that no training sees."""
        return 24 * np.arange(252, 303, 3)

    def rows(self, starts: np.ndarray) -> np.ndarray:
        """Hours of windows of three days: ``(N, 72)`` from ``starts`` ``(N,)``."""
        return starts[:, None] + np.arange(self.hours)

    def windows(self, starts: np.ndarray) -> tuple[Tensor, Tensor]:
        """Features ``(N, 72, 2)`` and answers ``(N, 72)`` of windows of three days."""
        rows = self.rows(starts)
        return torch.tensor(self.features[rows]), torch.tensor(self.answer[rows])

    def errors_on_held_out_days(self, layer: nn.RNNBase, readout: nn.Module) -> tuple[float, float]:
        """Root mean squared errors in degrees: of a network, and of the average training day."""
        x, y = self.windows(self.held_out)
        with torch.no_grad():
            error = readout(layer(x)[0])[..., 0] - y
        days = self.answer[: 24 * self.training_days].reshape(-1, 24)
        average = torch.tensor(np.tile(days.mean(axis=0), self.hours // 24)) - y
        return tuple(10 * float(e.square().mean().sqrt()) for e in (error, average))


def warmer_than_at_midnight() -> Weather:
    """Load the temperatures at New York's JFK airport, in degrees Celsius, 306 days of 2013."""
    # From the first midnight of New York's winter time (5:00 UTC); a gap repeats the last reading.
    fahrenheit = data.weather("JFK", gaps="forward")["temp"].iloc[23:]
    celsius = ((fahrenheit - 32) / 1.8).to_numpy()[: 306 * 24]
    mean = celsius[: Weather.training_days * 24].mean()
    midnight = (np.arange(len(celsius)) % 24 == 0).astype(float)
    at_midnight = np.repeat(celsius[::24], 24)
    features = np.stack([(celsius - mean) / 10, midnight], axis=1).astype(np.float32)
    answer = ((celsius - at_midnight) / 10).astype(np.float32)
    return Weather(celsius, at_midnight, features, answer)


def train_on_weather(
    layer: nn.RNNBase, readout: nn.Module, weather: Weather, updates: int = 1500, seed: int = 0
) -> None:
    """Train a layer and its readout on windows of three days, with a progress bar."""
    rng = np.random.default_rng(seed)
    weights = [*layer.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(weights, lr=0.02)
    for _ in training.progress(range(updates), "training"):
        x, y = weather.windows(rng.integers(0, weather.training_days - 3, size=32) * 24)
        loss = nn.functional.mse_loss(readout(layer(x)[0])[..., 0], y)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()


def memory_unit(
    gates: Mapping[str, np.ndarray], cells: np.ndarray, weather: Weather
) -> dict[str, float]:
    """Find the unit whose cell follows the midnight temperature; say what its gates do.

    Parameters
    ----------
    gates : mapping of str to numpy.ndarray, shapes (N, 72, H)
        On the windows that were held out.
    cells : numpy.ndarray, shape (N, 72, H)
    weather : Weather

    Returns
    -------
    dict
        ``unit``; ``correlation`` with the midnight temperature; for the gates f and i their mean
        ``at midnight`` and ``by day``; ``left at 23:00``, the median of f multiplied over 23 hours.
    """
    stored = weather.at_midnight[weather.rows(weather.held_out)]
    links = [
        np.corrcoef(cells[:, 24:, u].ravel(), stored[:, 24:].ravel())[0, 1]
        for u in range(cells.shape[2])
    ]
    unit = int(np.argmax(np.abs(links)))
    found = {"unit": unit, "correlation": float(np.abs(links[unit]))}
    for gate in "fi":
        days = gates[gate][:, 24:, unit].reshape(-1, 24)
        found[f"{gate} at midnight"] = float(days[:, 0].mean())
        found[f"{gate} by day"] = float(days[:, 1:].mean())
    kept = gates["f"][:, 24:, unit].reshape(-1, 24)[:, 1:].prod(axis=1)
    return found | {"left at 23:00": float(np.median(kept))}


def leak_and_replace(
    gates: Mapping[str, np.ndarray], cells: np.ndarray, weather: Weather, unit: int, window: int = 5
) -> np.ndarray:
    """Draw three days that were held out: temperature, one unit's gates, and its cell.

    Returns
    -------
    numpy.ndarray, shape (72,)
        What the forget gate has left of each midnight's value: f multiplied since then.
    """
    rows, hour = weather.rows(weather.held_out)[window], np.arange(weather.hours)
    forget = gates["f"][window, :, unit].reshape(-1, 24)
    kept = np.concatenate([np.ones((3, 1)), np.cumprod(forget[:, 1:], axis=1)], axis=1).ravel()
    _, axes = plots.new_figure(rows=3, width=9, height=6.2, sharex=True)
    axes[0].plot(hour, weather.celsius[rows], color="0.3", label="temperature")
    style = {"where": "post", "color": plots.COLORS[1], "lw": 2}
    axes[0].step(hour, weather.at_midnight[rows], **style, label="at midnight")
    first = pd.Timestamp(2013, 1, 1) + pd.Timedelta(hours=int(rows[0]))
    third = ("early ", "mid-", "late ")[min((first.day - 1) // 10, 2)]
    title = f"Three days in {third}{first:%B}, not seen in training"
    axes[0].set(ylabel="°C", title=title)
    for name, gate, color in (("forget", "f", 0), ("input", "i", 3)):
        values, label = gates[gate][window, :, unit], f"{name} gate {gate}"
        axes[1].plot(hour, values, color=plots.COLORS[color], lw=2, label=label)
    for day in np.split(np.arange(72), 3):
        label = "f multiplied\nsince midnight" if day[0] == 0 else None
        axes[1].plot(day, kept[day], color=plots.COLORS[0], ls="--", lw=1.6, label=label)
        axes[1].annotate(f"{kept[day[-1]]:.0%}", (day[-1] - 0.6, kept[day[-1]] + 0.08), ha="right")
    axes[1].set(ylabel="share", ylim=(0, 1.08))
    midnight, write = hour % 24 == 0, gates["i"][window, :, unit]
    replaces = plots.true_title(
        "The memory unit replaces at midnight; by day it leaks and refills",
        forget[1:, 0].max() < 0.5 < write[midnight][1:].min()
        and kept[23::24].max() < 0.5
        and write[~midnight].min() > 0.01
        and write[~midnight].max() < 0.5,
        "The unit's gates",
    )
    axes[1].set_title(replaces)
    cell = cells[window, :, unit]
    axes[2].plot(hour, cell, color=plots.COLORS[2], lw=2, label="cell c")
    axes[2].set(ylabel="cell c", xlabel="hours (dotted: midnight)")
    steps = np.abs(np.diff(cell))
    jumps, others = steps[[23, 47]], np.delete(steps, [23, 47])
    level = plots.true_title(
        "Its cell: a new level each midnight", jumps.min() > others.max(), "Its cell"
    )
    axes[2].set_title(level)
    for axis in axes:
        _legend_beside(axis, fontsize=9)
        for start in (0, 24, 48):
            axis.axvline(start, color="0.5", ls=":")
    return kept


def opening_times(
    stopwatch: Callable[[int, float], tuple[np.ndarray, np.ndarray]],
    peepholes: Sequence[float],
    steps: Sequence[int] = (10, 25, 40),
) -> dict[float, dict[int, np.ndarray]]:
    """Draw the output of a unit that should open at a step, without and with a peephole.

    Parameters
    ----------
    stopwatch : callable
        ``stopwatch(k, peephole)`` returns the cell and the output, ``(T,)`` each.
    peepholes : sequence of float
        A panel for each.
    steps : sequence of int

    Returns
    -------
    dict
        Outputs by peephole and by step.
    """
    _, axes = plots.new_figure(columns=len(peepholes), width=9.5, height=3, sharey=True)
    shown: dict[float, dict[int, np.ndarray]] = {}
    for axis, peephole in zip(axes, peepholes, strict=True):
        shown[peephole] = {k: stopwatch(k, peephole)[1] for k in steps}
        for color, (k, output) in zip(plots.COLORS, shown[peephole].items(), strict=False):
            axis.plot(output, color=color, lw=2, label=f"asked for step {k}")
            axis.axvline(k, color=color, ls=":")
        axis.set(xlabel="step", title="With peephole" if peephole else "Without peephole")
    axes[0].set_ylabel("output h")
    _legend_beside(axes[-1], fontsize=9)
    return shown


def train_with_dropped_h(
    kind: str,
    masks_for: Callable[[np.ndarray, float, np.random.Generator], np.ndarray | Tensor] | None,
    seed: int,
    most: int,
    rate: float = 0.25,
    T: int = 20,
) -> float:
    """Train the latch task with a part of h dropped on the way from step to step.

    Parameters
    ----------
    kind : {"rnn", "lstm"}
    masks_for : callable, optional
        From ones ``(N, T, H)``, a rate and a generator: the masks that meet h, of the same shape.
        Without it, nothing is dropped.
    seed, most : int
        Seed of the run, and its number of batches.
    rate : float
    T : int

    Returns
    -------
    float
        Mean training accuracy over the last 25 batches.
    """
    symbols, units = 8, 64
    torch.manual_seed(seed)
    cell = nn.RNNCell(symbols, units) if kind == "rnn" else nn.LSTMCell(symbols, units)
    if kind == "lstm":
        nn.init.constant_(cell.bias_ih[units : 2 * units], 3.0)
    readout = nn.Linear(units, symbols)
    weights = [*cell.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(weights, lr=0.005)
    rng, accuracy = np.random.default_rng(seed), []
    ones = np.ones((BATCH, T, units), dtype=np.float32)
    for _ in range(most):
        mask = torch.as_tensor(masks_for(ones, rate, rng) if masks_for else ones)
        first = torch.tensor(rng.integers(symbols, size=BATCH))
        x = nn.functional.one_hot(first, symbols).float()
        h = c = torch.zeros(BATCH, units)
        for t in range(T):
            if kind == "rnn":
                h = cell(x, h * mask[:, t])
            else:
                h, c = cell(x, (h * mask[:, t], c))
            x = torch.zeros_like(x)
        accuracy.append(_update(readout(h), first, weights, optimiser))
    return float(np.mean(accuracy[-WINDOW:]))


def ordinary_dropout(x: np.ndarray, rate: float, rng: np.random.Generator) -> Tensor:
    """Drop entries of an array with PyTorch's own dropout; ``rng`` stands here for its place."""
    return nn.functional.dropout(torch.as_tensor(x), rate)


def two_masks_and_what_they_cost(
    masks: Mapping[str, Callable | None],
    scores: Mapping[str, np.ndarray],
    own: Mapping[str, Mapping[str, float]],
) -> dict[str, np.ndarray]:
    """Draw two kinds of mask, and the accuracy of every seed trained with each.

    Parameters
    ----------
    masks : mapping of str to callable
        As in :func:`train_with_dropped_h`; each that drops is drawn.
    scores : mapping
        By kind of cell: accuracies ``(seeds, masks)``.
    own : mapping
        By kind of cell, then by name of the mask: the accuracy of one more run, drawn as a cross.

    Returns
    -------
    dict
        The masks that were drawn, ``(T, H)`` each.
    """
    _, axes = plots.new_figure(columns=3, width=10.5, height=3)
    rng, drawn = np.random.default_rng(1), {}
    for axis, name in zip(axes, [name for name in masks if masks[name]], strict=False):
        drawn[name] = np.asarray(masks[name](np.ones((1, 20, 24)), 0.25, rng))[0]
        axis.imshow(drawn[name].T, cmap="cividis", aspect="auto")
        axis.set(xlabel="step", ylabel="feature", title=f"{name.capitalize()} mask (dark: dropped)")
        axis.grid(False)
    for shift, (kind, of_kind) in zip((-0.12, 0.12), scores.items(), strict=True):
        for k, name in enumerate(masks):
            look = {"color": plots.CELL_COLORS[kind], "alpha": 0.65}
            label = kind.upper() if k == 0 else None
            axes[2].plot([k + shift] * len(of_kind), of_kind[:, k], "o", label=label, **look)
            axes[2].plot(k + shift, own[kind][name], "x", color="0.1", mew=1.8, zorder=3)
    axes[2].set_xticks(range(len(masks)), masks)
    axes[2].axhline(1 / 8, color=GREY, ls=GUESS, label="guessing")
    axes[2].set(ylim=(0, 1.05), xlabel="mask (crosses: yours)", ylabel="training accuracy")
    axes[2].set_title("Latch with dropped h")
    axes[2].legend(fontsize=9, loc="center left", bbox_to_anchor=(0, 0.56))
    return drawn


def milliseconds_in_turn(
    layers: Mapping[str, nn.Module], batch: Tensor, repeats: int = 20
) -> dict[str, np.ndarray]:
    """Time forward and backward passes of several layers, in turn; draw a box for each.

    In turn, so that a busy moment hits all of them. Three rounds to warm up are not counted.

    Returns
    -------
    dict of str to numpy.ndarray
        Milliseconds, ``(repeats,)`` for each layer.
    """
    times: dict[str, list[float]] = {name: [] for name in layers}
    for repeat in range(repeats + 3):
        for name, layer in layers.items():
            begin = time.perf_counter()
            layer(batch)[0].sum().backward()
            if repeat >= 3:
                times[name].append(1000 * (time.perf_counter() - begin))
    _, axis = plots.new_figure(width=7, height=2.8)
    labels = [name.upper() for name in times]
    axis.boxplot(
        list(times.values()), orientation="horizontal", showfliers=False, tick_labels=labels
    )
    axis.set(xlim=(0, None), xlabel="milliseconds per batch, forward and backward")
    axis.set_title(f"Measured time (box: middle half of {repeats} runs)")
    for k, values in enumerate(times.values()):
        axis.annotate(f"{np.median(values):.1f} ms", (np.median(values), k + 1.32), ha="center")
    axis.set_ylim(0.5, len(times) + 0.75)
    return {name: np.array(values) for name, values in times.items()}


def gradients_both_ways(
    forward: Callable, backward: Callable, numerical_gradient: Callable, T: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Compute every gate's gradients by a backward pass and by nudging, on one random example.

    Parameters
    ----------
    forward : callable
        ``forward(x, W, b)`` returns ``h`` and a record; ``W`` and ``b`` are dicts by gate.
    backward : callable
        ``backward(dh, record, W)`` returns the dicts ``dW`` and ``db``.
    numerical_gradient : callable
        ``numerical_gradient(f, x)`` returns df/dx.
    T : int
        Steps.

    Returns
    -------
    dict
        By block, such as ``"W_i"``: the backward pass's gradient, and the numerical one.
    """
    rng = np.random.default_rng(8)
    x, up = rng.normal(size=(3, T, 2)), rng.normal(size=(3, T, 2))
    weights = {"W": {gate: rng.normal(size=(4, 2)) for gate in "ifgo"}}
    weights["b"] = {gate: rng.normal(size=2) for gate in "ifgo"}
    grads = backward(up, forward(x, **weights)[1], weights["W"])
    both = {}
    for (name, params), grad in zip(weights.items(), grads, strict=True):
        for gate in "ifgo":

            def loss(
                value: np.ndarray, name: str = name, params: dict = params, gate: str = gate
            ) -> float:
                changed = weights | {name: params | {gate: value}}
                return float(np.sum(up * forward(x, **changed)[0]))

            both[f"{name}_{gate}"] = grad[gate], numerical_gradient(loss, params[gate])
    return both
