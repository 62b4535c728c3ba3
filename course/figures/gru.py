"""Figures and measurements of the lesson on the GRU: its drawings, its rain task, its costs."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from course import measuring, plots, training
from course.figures import gru_cell, gru_gates, parts, reset_gate

ROADS = {  # title; strands against the arrows; gates and operators on the way
    "A  straight along the state: × (1 − z)": (
        [[(12.45, 6.9), (0.15, 6.9)]],
        (),
        ("sum", "keep"),
    ),
    "B  through the proposal, × r on the way": (
        [[(10.4, 6.9), (10.4, 5.65), (5.6, 5.65), (5.6, 4.7), (1.5, 4.7), (1.5, 6.9), (0.15, 6.9)]],
        ("proposal",),
        ("sum", "write", "reset"),
    ),
    "C  through the reset gate": (
        [
            [
                *[(10.4, 6.9), (10.4, 5.65), (5.6, 5.65), (5.6, 4.7), (3.05, 4.7), (3.05, 2.7)],
                *[(3.35, 2.7), (3.35, 1.5), (1.5, 1.5), (1.5, 6.9), (0.15, 6.9)],
            ]
        ],
        ("proposal", "reset"),
        ("sum", "write", "reset"),
    ),
    "D  through the update gate, on two strands": (
        [
            [(10.4, 6.9), (10.4, 3.6), (7.85, 3.6)],
            [
                *[(10.4, 6.9), (7.85, 6.9), (7.85, 2.7), (8.15, 2.7), (8.15, 1.5), (1.5, 1.5)],
                *[(1.5, 6.9), (0.15, 6.9)],
            ],
        ],
        ("update",),
        ("sum", "keep", "write", "one minus"),
    ),
}
GATES = {"reset": (3.05, 2.7, "σ"), "update": (7.85, 2.7, "σ"), "proposal": (5.6, 4.7, "tanh")}
OPERATORS = {
    "sum": (10.4, 6.9, "+"),
    "keep": (7.85, 6.9, "×"),
    "write": (10.4, 5.65, "×"),
    "reset": (3.05, 4.7, "×"),
    "one minus": (7.85, 4.42, "1−"),
}


def _days(ax: Axes, interval: int = 3) -> None:
    ax.xaxis.set_major_locator(mdates.DayLocator(interval=interval))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))


def leaky_averages(hours: pd.Series, leaks: Iterable[float]) -> dict[float, pd.Series]:
    """Draw a fortnight of temperatures and its leaky averages, one for each leak."""
    averages = {z: hours.ewm(alpha=z, adjust=False).mean() for z in leaks}
    swings = [averages[z].std() for z in sorted(averages)]
    _, ax = plots.new_figure(height=3.4)
    ax.plot(hours.index, hours, color="0.65", lw=1, label="temperature")
    for (leak, average), color in zip(averages.items(), plots.COLORS, strict=False):
        ax.plot(hours.index, average, color=color, lw=2, label=f"z = {leak}")
    ax.set(
        title=plots.true_title(
            "One number, three leaks: a small z remembers longer",
            len(swings) == 3 and (np.diff(swings) > 0).all(),
            "A fortnight of temperatures, and what a leaky average makes of it",
        ),
        xlabel="day (2013)",
        ylabel="temperature (°F)",
        ylim=(40, 90),
    )
    _days(ax, 2)
    ax.legend(ncols=4, loc="lower left")
    return averages


def one_panel_an_equation() -> dict[str, list[str]]:
    """Draw the cell four times, each time with the paths of one equation lit; return those."""
    with plt.rc_context(parts.STYLE):
        return gru_gates.draw()[1]["lit"]


def where_the_reset_gate_stands() -> list[tuple[str, str]]:
    """Draw the way into the proposal in both conventions; return the orders of its parts."""
    with plt.rc_context(parts.STYLE):
        return reset_gate.draw()[1]["orders"]


def four_roads_back() -> dict[str, tuple[str, ...]]:
    """Draw the gradient's four roads from ``h`` to ``h_prev``; return the gates each passes."""
    with plt.rc_context(parts.STYLE):
        size = gru_cell.WIDTH, gru_cell.HEIGHT
        _, axes = parts.canvas(*size, 2, 2, 0.42, title_height=0.9)
        for axis, (title, (strands, gates, operators)) in zip(axes, ROADS.items(), strict=True):
            gru_cell.paint(axis, "none of them", size=9)
            parts.path(axis, [(12.45, 6.9), (10.7, 6.9)], "lit", width=2.8, head=False)
            for strand in strands:
                parts.path(axis, strand, "lit", width=2.8, head=strand is strands[-1])
            for gate in gates:
                x, y, function = GATES[gate]
                parts.gate(axis, x, y, gate, function, True, 1.8, 8)
            for operator in operators:
                x, y, sign = OPERATORS[operator]
                parts.operator(axis, x, y, sign, True, 9 if sign == "1−" else 10)
            parts.label(axis, 12.48, 6.3, "$dh_t$", "lit", ha="right", size=11)
            parts.label(axis, 0.1, 6.3, "$dh_{t-1}$", "lit", ha="left", size=11)
            axis.set_title(title, x=0.02, fontsize=10)
    return {title[0]: gates for title, (_, gates, _) in ROADS.items()}


def random_gru(b_r: float, b_z: float, T: int = 100, seed: int = 5) -> tuple[np.ndarray, ...]:
    """Draw a random GRU and a gradient of length 1; only the gates' biases are given.

    Parameters
    ----------
    b_r, b_z : float
        Biases of all reset and of all update gates.
    T : int
        Steps of the input.
    seed : int

    Returns
    -------
    x, h0, W_x, W_h, b, dh : numpy.ndarray
        Shapes (8, T, 4), (8, 32), (4, 96), (32, 96), (96,), (8, 32).
    """
    N, D, H = 8, 4, 32
    rng = np.random.default_rng(seed)
    W_x, W_h = rng.normal(size=(D, 3 * H)) / D**0.5, rng.normal(size=(H, 3 * H)) * 0.9 / H**0.5
    x, dh = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
    b = np.repeat([b_r, b_z, 0.0], H)
    return x, np.zeros((N, H)), W_x, W_h, b, dh / np.linalg.norm(dh)


def gradient_by_update_bias(
    lengths: Mapping[float, Sequence[float]], vanilla: Sequence[float]
) -> pd.Series:
    """Draw the gradient's length against the distance in steps, one line a bias.

    Parameters
    ----------
    lengths : mapping
        By the bias of the update gate: the gradient's length 1, 2, ... steps back.
    vanilla : sequence of float
        The same with both gates fully open.

    Returns
    -------
    pandas.Series
        What is left at the largest distance, by name.
    """
    _, ax = plots.new_figure(height=3.4)
    left = {}
    colors = [plots.COLORS[i] for i in (0, 1, 2, 4)]
    for (b_z, line), color in zip(lengths.items(), colors, strict=False):
        leak = 1 / (1 + np.exp(-b_z))
        name = f"$b_z$ = {b_z}: z ≈ {leak:.3f}"
        ax.semilogy(range(1, len(line) + 1), line, color=color, label=name)
        left[f"b_z = {b_z:2}"] = line[-1]
    steps = range(1, len(vanilla) + 1)
    rnn = plots.CELL_COLORS["rnn"]
    by_bias = [lengths[b_z][-1] for b_z in sorted(lengths)]
    ax.semilogy(steps, vanilla, "--", color=rnn, label="z = r = 1: vanilla RNN")
    ax.set(
        title=plots.true_title(
            "A small z lets the gradient walk home",
            by_bias[0] > 0.1 and (np.diff(by_bias) < 0).all() and vanilla[-1] < by_bias[0],
            "The gradient against the distance, by the update gate's bias",
        ),
        xlabel="steps back in time",
        ylabel="gradient length (1 at the last step)",
        ylim=(1e-12, 3),
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return pd.Series({**left, "vanilla RNN": vanilla[-1]})


def scaled_gru(scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Run PyTorch's GRU with its initial weights times ``scale``.

    Returns
    -------
    x, h : numpy.ndarray
        Inputs (32, 20, 4) and the states (32, 20, 16) that `nn.GRU` makes of them.
    weights : list of numpy.ndarray
        As `nn.GRU` stores them: two matrices, two biases.
    """
    torch.manual_seed(seed)
    layer = nn.GRU(4, 16, batch_first=True).double()
    with torch.no_grad():
        for weight in layer.parameters():
            weight *= scale
        x = np.random.default_rng(seed + 1).normal(size=(32, 20, 4))
        h = layer(torch.tensor(x))[0].numpy()
    return x, h, [weight.detach().numpy() for weight in layer.parameters()]


def fresh_gru_step(seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Run one step of a fresh `nn.GRUCell` of 64 units from the zero state.

    Returns
    -------
    x, h : numpy.ndarray, shapes (100, 2), (100, 64)
    weights : list of numpy.ndarray
        As PyTorch stores them: two matrices, two biases.
    """
    torch.manual_seed(seed)
    cell, x = nn.GRUCell(2, 64), torch.randn(100, 2)
    weights = [weight.detach().numpy() for weight in cell.parameters()]
    return x.numpy(), cell(x).detach().numpy(), weights


@dataclass(frozen=True)
class RainTask:
    """The task "how many hours ago did it last rain?", hour by hour.

    Attributes
    ----------
    times : pandas.DatetimeIndex
        The T hours of the record.
    amount, rain, since : numpy.ndarray, shape (T,)
        Rain in inches per hour, whether it rains, and hours since rain, up to ``most``.
    inputs : numpy.ndarray, shape (T, 2), float32
        Whether it rains; the humidity, standardised on the hours before ``cut``.
    cut : int
        The first hour that is held out.
    most : int
    """

    times: pd.DatetimeIndex
    amount: np.ndarray
    rain: np.ndarray
    since: np.ndarray
    inputs: np.ndarray
    cut: int
    most: int

    def __str__(self) -> str:
        """Say how often it rains in training and in the held-out hours."""
        parts_of_it = {"training": self.rain[: self.cut], "held out": self.rain[self.cut :]}
        return "\n".join(
            f"{name}: rain in {rain.sum()} of {len(rain)} hours, one in {1 / rain.mean():.0f}"
            for name, rain in parts_of_it.items()
        )


def hours_since_rain(weather: pd.DataFrame, most: int = 72, share: float = 0.75) -> RainTask:
    """Make the task from a record; the last hours, after ``share`` of them, are held out."""
    amount, humid = weather["precip"].to_numpy(), weather["humid"].to_numpy()
    rain, cut = amount > 0, int(share * len(weather))
    since = np.zeros(len(rain))
    for t in range(len(rain)):
        since[t] = 0 if rain[t] else min(since[t - 1] + 1, most)
    scaled = (humid - humid[:cut].mean()) / humid[:cut].std()
    inputs = np.stack([rain, scaled], axis=1).astype(np.float32)
    return RainTask(weather.index, amount, rain, since, inputs, cut, most)


def baselines(task: RainTask) -> pd.Series:
    """Mean absolute error in hours, on the held-out hours, of answers that need no memory."""
    cut, since = task.cut, task.since
    design = np.concatenate([task.inputs, np.ones((len(task.inputs), 1))], axis=1)
    weights = np.linalg.lstsq(design[:cut], since[:cut], rcond=None)[0]
    answers = {
        "best constant in training": np.full(len(since), np.median(since[:cut])),
        f"always {task.most} h": np.full(len(since), float(task.most)),
        "linear, this hour only": design @ weights,
    }
    return pd.Series({name: np.abs(a - since)[cut:].mean() for name, a in answers.items()})


def train(
    layer: nn.Module,
    task: RainTask,
    steps: int = 250,
    hours: int = 120,
    rows: int = 32,
    seed: int = 0,
) -> tuple[nn.Linear, np.ndarray]:
    """Train a layer with a linear read-out on windows of the record.

    Parameters
    ----------
    layer : torch.nn.Module
        Called as PyTorch's recurrent layers are, batch first.
    task : RainTask
    steps, hours, rows : int
        Training steps, length of a window, windows a step.
    seed : int
        Draws the windows.

    Returns
    -------
    readout : torch.nn.Linear
        From a state to hours since rain, divided by 24.
    states : numpy.ndarray, shape (T, H)
        Of the whole record after training.
    """
    readout = nn.Linear(layer.hidden_size, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=0.02)
    rng = np.random.default_rng(seed)
    x, y = torch.tensor(task.inputs), torch.tensor(task.since / 24, dtype=torch.float32)
    for _ in training.progress(range(steps), "training"):
        starts = rng.integers(0, task.cut - hours, size=rows)
        picked = torch.tensor(starts[:, None] + np.arange(hours))
        output = readout(layer(x[picked])[0])[..., 0]
        loss = ((output - y[picked])[:, 24:] ** 2).mean()  # the first day is for warming up
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        return readout, layer(x[None])[0][0].numpy()


def _answers(states: np.ndarray, readout: nn.Linear) -> np.ndarray:
    """Hours since rain that a read-out finds in states (..., H)."""
    with torch.no_grad():
        return 24 * readout(torch.as_tensor(states, dtype=torch.float32))[..., 0].numpy()


def hours_off(task: RainTask, states: np.ndarray, readout: nn.Linear) -> float:
    """Mean absolute error in hours on the held-out hours, from all states (T, H)."""
    return float(np.abs(_answers(states, readout) - task.since)[task.cut :].mean())


def more_in_the_rain(task: RainTask, rewritten: np.ndarray) -> np.ndarray:
    """Sort the units of a gate (T, H) by how much higher it is in wet than in dry hours."""
    return np.argsort(rewritten[~task.rain].mean(axis=0) - rewritten[task.rain].mean(axis=0))


def run_with(
    model: nn.Module,
    net: nn.Module,
    task: RainTask,
    change: Callable[[str, torch.Tensor], torch.Tensor],
) -> np.ndarray:
    """Load ``change(name, tensor)`` of each of ``net``'s weights into a model; run the record.

    Returns
    -------
    numpy.ndarray, shape (T, H)
    """
    model.load_state_dict({name: change(name, w) for name, w in net.state_dict().items()})
    with torch.no_grad():
        return model(torch.tensor(task.inputs)[None])[0][0].numpy()


def run_port(
    step: Callable[..., np.ndarray],
    task: RainTask,
    states: np.ndarray,
    weights: Sequence[np.ndarray],
) -> np.ndarray:
    """Run a step in NumPy over the held-out quarter, from the state just before it.

    Parameters
    ----------
    step : callable
        Takes an input (1, 2), a state (1, H) and the weights; returns the new state.
    task : RainTask
    states : numpy.ndarray, shape (T, H)
        Of the undisturbed run.
    weights : sequence of numpy.ndarray

    Returns
    -------
    numpy.ndarray, shape (T - cut, H)
    """
    h, rows = states[task.cut - 1 : task.cut], []
    for x in task.inputs[task.cut :]:
        h = step(x[None], h, *weights)
        rows.append(h[0])
    return np.array(rows)


def _heatmap(ax: Axes, days: pd.DatetimeIndex, gate: np.ndarray, label: str) -> None:
    grid = ax.pcolormesh(days, np.arange(gate.shape[1]), gate.T, cmap="cividis", vmin=0, vmax=1)
    ax.set(ylabel="unit", yticks=range(gate.shape[1]))
    ax.invert_yaxis()
    ax.grid(False)
    ax.figure.colorbar(grid, ax=ax, label=label, aspect=10)


def when_the_gates_open(
    task: RainTask,
    states: np.ndarray,
    readout: nn.Linear,
    rewritten: np.ndarray,
    reset: np.ndarray,
    days: tuple[str, str] = ("2013-08-20", "2013-09-14"),
) -> pd.DataFrame:
    """Draw rain, the network's answer and both gates over some days of the held-out quarter.

    Parameters
    ----------
    task : RainTask
    states : numpy.ndarray, shape (T, H)
    readout : torch.nn.Linear
    rewritten, reset : numpy.ndarray, shape (T, H)
        The update gate as the share that is rewritten, and the reset gate; a column a unit.
    days : tuple of str
        First and last day.

    Returns
    -------
    pandas.DataFrame
        Mean of both gates (``z`` as the share rewritten) in wet and in dry hours of the whole
        record, a row a unit.
    """
    shown = slice(*task.times.get_indexer(pd.to_datetime(days, utc=True)))
    at = task.times[shown]
    ratios = {"height_ratios": [1, 2, 2, 2]}
    _, axes = plots.new_figure(rows=4, width=8.5, height=7, sharex=True, gridspec_kw=ratios)
    axes[0].vlines(at, 0, task.amount[shown], color=plots.COLORS[0], lw=1.5)
    axes[0].set(ylabel="rain\n(inch/h)", ylim=(0, None))
    axes[1].plot(at, task.since[shown], color="0.6", lw=3, label="true")
    answer = _answers(states[shown], readout)
    axes[1].plot(at, answer, color=plots.CELL_COLORS["gru"], label="GRU")
    axes[1].set(ylabel="hours since rain", ylim=(-8, 105))
    axes[1].legend(loc="upper left", ncols=2)
    _heatmap(axes[2], at, rewritten[shown], "share rewritten")
    _heatmap(axes[3], at, reset[shown], "reset gate r")
    axes[3].set_xlabel("day (held-out quarter)")
    _days(axes[3])
    means = {
        f"{name}, {weather}": gate[hours].mean(axis=0)
        for name, gate in (("z", rewritten), ("r", reset))
        for weather, hours in (("rain", task.rain), ("dry", ~task.rain))
    }
    table = pd.DataFrame(means).rename_axis("unit")
    counts = _answers(states[task.cut :], readout)
    rain = task.rain[task.cut :]
    title = plots.true_title(
        "When it rains, some update gates open and the count starts anew",
        (table["z, rain"] > table["z, dry"] + 0.1).any()
        and counts[rain].mean() < 0.5 * counts[~rain].mean(),
        "Rain, the network's answer, and both gates",
    )
    axes[0].set_title(title)
    return table


def freeze_one_unit(
    task: RainTask,
    net: nn.Module,
    readout: nn.Linear,
    states: np.ndarray,
    order: Sequence[int],
) -> pd.Series:
    """Run the held-out quarter with one unit held at its mean, and draw what that costs.

    Parameters
    ----------
    task : RainTask
    net : torch.nn.Module
        A recurrent layer, batch first, with one state.
    readout : torch.nn.Linear
    states : numpy.ndarray, shape (T, H)
        Of the undisturbed run.
    order : sequence of int
        The units, in the order in which they are shown.

    Returns
    -------
    pandas.Series
        Mean absolute error in hours, by the shown number of the frozen unit, and for "none".
    """
    H, cut = states.shape[1], task.cut
    mean = torch.tensor(states[:cut].mean(axis=0))
    frozen = torch.eye(H + 1, H, dtype=torch.bool)  # row i freezes unit i, the last row none
    h = torch.tensor(states[cut - 1]).repeat(H + 1, 1)
    rows = []
    with torch.no_grad():
        for x in torch.tensor(task.inputs[cut:]):
            h = torch.where(frozen, mean, h)
            h = net(x.repeat(H + 1, 1, 1), h[None])[1][0]
            rows.append(torch.where(frozen, mean, h))
    answers = _answers(torch.stack(rows), readout)
    off = np.abs(answers - task.since[cut:, None]).mean(axis=0)
    found = pd.Series({str(i): off[unit] for i, unit in enumerate(order)} | {"none": off[H]})
    _, ax = plots.new_figure(width=6.5, height=2.8)
    colors = [plots.COLORS[1]] * H + [plots.CELL_COLORS["gru"]]
    bars = ax.bar(found.index, found, color=colors, width=0.6)
    ax.bar_label(bars, fmt="%.1f")
    ax.set(
        title="What freezing one unit costs",
        xlabel="unit held at its mean value",
        ylabel="mean absolute\nerror (hours)",
        ylim=(0, 1.15 * found.max()),
    )
    ax.grid(False, axis="x")
    return found


def what_is_left_of_a_nudge(
    task: RainTask,
    net: nn.Module,
    states: np.ndarray,
    rewritten: np.ndarray,
    order: Sequence[int],
    ahead: int = 48,
) -> pd.Series:
    """Nudge each unit in dry weather; draw what is left of it beside what its gate promises.

    Parameters
    ----------
    task : RainTask
    net : torch.nn.Module
        A recurrent layer, batch first, with one state.
    states : numpy.ndarray, shape (T, H)
    rewritten : numpy.ndarray, shape (T, H)
        The share of each unit that the recorded update gate rewrites.
    order : sequence of int
        The units, in the order in which they are shown.
    ahead : int
        Hours to wait after the nudge.

    Returns
    -------
    pandas.Series
        Mean distance of the measured from the promised curve, by the shown number of the unit.
    """
    last = len(task.rain) - ahead - 1
    dry = [t for t in range(task.cut, last) if not task.rain[t : t + ahead + 1].any()][::15]
    following = torch.tensor(np.array(dry)[:, None] + 1 + np.arange(ahead))
    x, start = torch.tensor(task.inputs)[following], torch.tensor(states[dry])
    style = {"sharex": True, "sharey": True}
    figure, axes = plots.new_figure(columns=3, rows=2, width=8.5, height=4.4, **style)
    apart = {}
    for row, (unit, ax) in enumerate(zip(order, axes.flat, strict=True)):
        with torch.no_grad():
            nudge = 0.01 * torch.eye(states.shape[1])[unit]
            moved, plain = net(x, (start + nudge)[None])[0], net(x, start[None])[0]
        left = ((moved - plain)[..., unit] / 0.01).mean(dim=0).numpy()
        promised = np.cumprod(1 - rewritten[following, unit], axis=1).mean(axis=0)
        apart[row] = float(np.abs(left - promised).mean())
        steps = range(1, ahead + 1)
        ax.plot(steps, left, color=plots.CELL_COLORS["gru"], lw=2.5, label="measured")
        ax.plot(steps, promised, "--", color="0.2", label="promised by z")
        leak = rewritten[~task.rain, unit].mean()
        ax.set_title(f"unit {row}: 1/z = {1 / leak:.0f} h", fontsize=10)
    axes[0, 0].legend(fontsize=9)
    figure.supxlabel("hours after the nudge", fontsize=10)
    figure.supylabel("share of the nudge left", fontsize=10)
    title = plots.true_title(
        "The recorded gate predicts how long most units remember",
        2 * sum(distance < 0.1 for distance in apart.values()) > len(apart),
        "What is left of a nudge, beside what the recorded gate promises",
    )
    plots.heading(figure, title)
    return pd.Series(apart)


def ways_to_read_the_weights(
    task: RainTask,
    ways: Mapping[str, np.ndarray],
    readout: nn.Linear,
    baselines: pd.Series,
    stored: pd.DataFrame,
) -> pd.Series:
    """Draw the error of each way to read the same weights, the smallest first.

    Parameters
    ----------
    task : RainTask
    ways : mapping
        By name: states (T, H) of the whole record; the first way is the right one.
    readout : torch.nn.Linear
    baselines : pandas.Series
        Errors in hours to draw as dotted lines, by name.
    stored : pandas.DataFrame
        Of networks from other seeds: a row a run, with its ``way`` and how many ``hours off`` it
        is, drawn as dots.

    Returns
    -------
    pandas.Series
        Mean absolute error in hours on the held-out quarter, sorted.
    """
    right = next(iter(ways))
    costs = pd.Series({name: hours_off(task, h, readout) for name, h in ways.items()})
    costs = costs.sort_values()
    _, ax = plots.new_figure(width=7.5, height=3)
    colors = [plots.COLORS[2] if name == right else plots.COLORS[1] for name in costs.index]
    ax.barh([f"{name}: {off:.1f} h" for name, off in costs.items()], costs, color=colors)
    for row, name in enumerate(costs.index):
        dots = stored.loc[stored["way"] == name, "hours off"]
        ax.plot(dots, [row] * len(dots), "o", color="0.15", alpha=0.6, markersize=5)
    for name, value in baselines.items():
        ax.axvline(value, color="0.4", ls=":", zorder=0)
        ax.text(value, -0.62, f" {name}", color="0.4", va="bottom", fontsize=9)
    ax.set(
        xlabel="mean absolute error (hours; bars: your GRU, dots: five others)",
        title=f"The same weights, {len(costs)} ways to read them\n",
        xlim=(0, 1.08 * max(*baselines, *stored["hours off"])),
    )
    ax.set_ylim(len(costs) - 0.5, -0.5)
    ax.grid(False, axis="y")
    return costs


SWEPT = {"T": "steps T (H = 64)", "H": "hidden units H (T = 50)"}
LAYERS = {  # cell, whether PyTorch may use a fused kernel, style of the line
    "RNN": ("rnn", True, "-"),
    "GRU": ("gru", True, "-"),
    "LSTM": ("lstm", True, "-"),
    "LSTM, fused kernel off": ("lstm", False, "--"),
}


def _training_step(name: str, T: int, H: int) -> Callable[[], None]:
    """Return one forward and backward pass on the CPU, of 16 sequences with 32 inputs."""
    cell, fused, _ = LAYERS[name]
    layer, x = measuring.LAYERS[cell](32, H, batch_first=True), torch.randn(16, T, 32)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch remarks on another maker's processors
            with torch.backends.mkldnn.flags(enabled=fused):
                layer(x)[0].sum().backward()

    return run


def _jobs(lengths: Iterable[int], widths: Iterable[int]) -> dict[tuple, Callable[[], None]]:
    """Return a training step by what is swept, its size and the layer."""
    sizes = [("T", T, T, 64) for T in lengths] + [("H", H, 50, H) for H in widths]
    return {
        (swept, at, name): _training_step(name, T, H)
        for name in LAYERS
        for swept, at, T, H in sizes
    }


def _table(found: Mapping[tuple, object], columns: Sequence[str]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(found, names=["swept", "size", "layer"])
    return pd.DataFrame(list(found.values()), index, columns)


def time_training_steps(
    lengths: Iterable[int], widths: Iterable[int], rounds: int = 7
) -> pd.DataFrame:
    """Measure milliseconds of processor time of one training step of PyTorch's layers.

    Parameters
    ----------
    lengths, widths : iterable of int
        Steps T at 64 units, and units H at 50 steps.
    rounds : int
        Runs of each; one before them warms up.

    Returns
    -------
    pandas.DataFrame
        Quartiles ``low``, ``median`` and ``high`` by ``swept``, ``size`` and ``layer``.
    """
    jobs = _jobs(lengths, widths)
    taken: dict[tuple, list[float]] = {key: [] for key in jobs}
    for _ in range(rounds + 1):  # in turns, so that a busy moment of the machine hits all alike
        for key, run in jobs.items():
            begin = time.process_time()
            run()
            taken[key].append(1000 * (time.process_time() - begin))
    quartiles = {key: np.percentile(runs[1:], [25, 50, 75]) for key, runs in taken.items()}
    return _table(quartiles, ["low", "median", "high"])


def memory_of_training_steps(lengths: Iterable[int], widths: Iterable[int]) -> pd.DataFrame:
    """Measure peak memory of one training step, in MiB, of the same layers and sizes."""
    jobs = _jobs(lengths, widths)
    return _table({key: measuring.peak_mebibytes(run) for key, run in jobs.items()}, ["peak"])


def _cost_against_size(table: pd.DataFrame, value: str, unit: str, title: str) -> pd.DataFrame:
    figure, axes = plots.new_figure(columns=2, width=9.5, height=3.4)
    for ax, (swept, label) in zip(axes, SWEPT.items(), strict=True):
        for name, (cell, _, line) in LAYERS.items():
            rows, color = table.loc[swept].xs(name, level="layer"), plots.CELL_COLORS[cell]
            ax.plot(rows.index, rows[value], line, marker="o", ms=4, color=color, label=name)
            if "low" in rows:
                ax.fill_between(rows.index, rows["low"], rows["high"], color=color, alpha=0.2, lw=0)
        ax.set(xlabel=label, ylabel=unit)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    plots.heading(figure, title)
    return table[value].unstack("layer")[list(LAYERS)]


def time_per_training_step(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the medians of `time_training_steps`, with bands of quartiles; return the medians."""
    wide = table["median"].unstack("layer")
    title = plots.true_title(
        "Time per training step: kernels count for more than arithmetic",
        (wide["GRU"] / wide["LSTM"]).median() > 1,  # a GRU has three quarters of the arithmetic
        "Time per training step",
    )
    medians = _cost_against_size(table, "median", "ms per training step", title)
    for ax, swept in zip(plt.gcf().axes, SWEPT, strict=True):
        sizes, ticks = list(medians.loc[swept].index), [1, 3, 10, 30, 100]
        ax.set(xscale="log", yscale="log")
        ax.set_xticks(sizes, sizes)
        ax.set_yticks(ticks, ticks)
        ax.minorticks_off()
    return medians


def memory_per_training_step(table: pd.DataFrame) -> pd.DataFrame:
    """Draw what `memory_of_training_steps` has measured, and return it, a column a layer."""
    wide = table["peak"].unstack("layer").loc["T"]
    title = plots.true_title(
        "Memory grows with T: every step leaves its cache behind",
        (wide.iloc[-1] > 2 * wide.iloc[0]).all() and (wide.diff().iloc[1:] > 0).all(axis=None),
        "Peak memory of a training step",
    )
    peaks = _cost_against_size(table, "peak", "peak memory (MiB)", title)
    for ax in plt.gcf().axes:
        ax.set_ylim(0, None)
    return peaks


class _Operations(TorchDispatchMode):
    """Count the operations that PyTorch calls inside a ``with``."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter = Counter()

    def __torch_dispatch__(
        self, function: object, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        self.calls[str(function)] += 1
        return function(*args, **(kwargs or {}))


def _calls_per_step(name: str) -> int:
    """Count PyTorch's operations, forwards and backwards, that one more step of a layer takes."""
    totals = []
    for T in (10, 20):
        with _Operations() as counted:
            _training_step(name, T, 64)()
        totals.append(counted.calls.total())
    return round((totals[1] - totals[0]) / 10)


def times_and_calls(milliseconds: pd.Series) -> pd.DataFrame:
    """Set each layer's time beside the GRU's and beside the operations that one step calls.

    Parameters
    ----------
    milliseconds : pandas.Series
        By layer, as in a row of what `time_per_training_step` returns.

    Returns
    -------
    pandas.DataFrame
        A row a layer.
    """
    return pd.DataFrame(
        {
            "ms": milliseconds,
            "of the GRU's time": milliseconds / milliseconds["GRU"],
            "calls per step": [_calls_per_step(name) for name in milliseconds.index],
        }
    )


def same_weights_same_rain(
    task: RainTask, readout: nn.Linear, ports: Mapping[str, np.ndarray], hours: int = 600
) -> pd.Series:
    """Draw the answers of several implementations over the first held-out hours.

    Parameters
    ----------
    task : RainTask
    readout : torch.nn.Linear
    ports : mapping
        By name: states (T - cut, H) over the held-out quarter.
    hours : int
        How many to draw.

    Returns
    -------
    pandas.Series
        Mean absolute error in hours over the whole held-out quarter.
    """
    times, since = task.times[task.cut :], task.since[task.cut :]
    _, ax = plots.new_figure(height=3.2)
    ax.plot(times[:hours], since[:hours], color="0.7", lw=4, label="true")
    off = {}
    for (name, states), color in zip(
        ports.items(), (plots.CELL_COLORS["gru"], plots.COLORS[1]), strict=True
    ):
        answer = _answers(states, readout)
        ax.plot(times[:hours], answer[:hours], color=color, label=name)
        off[name] = float(np.abs(answer - since).mean())
    right, *others = off.values()
    ax.set(
        title="Same weights, same rain"
        + plots.true_title(
            ": the port loses count", min(others, default=0.0) > max(2 * right, 1.0), ""
        ),
        xlabel="day (held-out quarter)",
        ylabel="hours since rain",
        ylim=(-8, 95),
    )
    _days(ax, 4)
    ax.legend(fontsize=9, loc="upper left", ncols=3)
    return pd.Series(off)
