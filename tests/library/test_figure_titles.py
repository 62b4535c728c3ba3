"""A figure's title claims only what its data show.

Every title that states a result is drawn twice from small data: where the statement holds, and
where it does not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from course import data, measuring, plots
from course.figures import (
    attention,
    bidirectional,
    comparison,
    forecasting,
    gru,
    language_model,
    lstm,
    sentiment,
    seq2seq,
    tagging,
    tour,
    vanilla_rnn,
    vanishing_gradients,
)
from tests.conftest import ROOT

STORED = data.measured("comparison")


class Case(NamedTuple):
    """A claim, and two ways to draw its figure: one in which it holds, one in which it does not."""

    claim: str
    holds: Callable[[], Any]
    fails: Callable[[], Any]


def titles() -> str:
    """Everything that the figure drawn last has for a title, and what the tour says instead of it."""
    figure = plt.gcf()
    parts = [figure.get_suptitle()]
    parts += [ax.get_title(loc) for ax in figure.axes for loc in ("left", "center")]
    return "\n".join([*parts, getattr(figure, "alt", "")])


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The course's style; figures of the tour stay open, and all are closed in the end."""
    plots.set_style()
    monkeypatch.setattr(tour, "show", lambda figure, alt: setattr(figure, "alt", alt))
    yield
    plt.close("all")


# --- the vanilla RNN ------------------------------------------------------------------------------


def turn(x: np.ndarray, h: np.ndarray, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray) -> tuple:
    return x @ W_x + h @ W_h + b, None


def squash(*arrays: np.ndarray) -> tuple:
    return np.tanh(turn(*arrays)[0]), None


def central(f: Callable, at: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        nudge = np.zeros_like(at)
        nudge[place] = eps
        found[place] = (f(at + nudge) - f(at - nudge)) / (2 * eps)
    return found


def sizes_of(step: Callable) -> None:
    rng = np.random.default_rng(0)
    x, W_x, W_h = rng.normal(size=(5, 2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 4))
    vanilla_rnn.size_of_the_state(step, turn, x, W_x, W_h)


def valleys(**wrong: np.ndarray) -> None:
    def loss(w: np.ndarray) -> float:
        return float(np.tanh(w).sum())

    point = np.array([0.3, -0.7])
    exact = {"w": 1 - np.tanh(point) ** 2}
    vanilla_rnn.valleys_of_the_check(exact, loss, {"w": point}, central, **wrong)


def right_where(**errors: float) -> None:
    vanilla_rnn.right_and_wrong(dict.fromkeys(("W_x", "W_h", "b", "W_y", "b_y"), 1e-9) | errors)


def losses(last: float, noise: float = 0.0, slow: float = 1.0) -> np.ndarray:
    line = last + 3 * np.exp(-np.arange(40) / (4 * slow))
    line += noise * (-1) ** np.arange(40)
    return np.stack([line, line])


FLOORS = [3.0, 0.9, 0.3, 0.24]
VANILLA = [
    Case(
        "Characters remembered make the next one easier to guess",
        lambda: vanilla_rnn.best_loss_by_memory(["may 31", "june 30", "july 31"]),
        lambda: vanilla_rnn.best_loss_by_memory(["a", "b"]),
    ),
    Case("With tanh the state stays in (-1, 1)", lambda: sizes_of(squash), lambda: sizes_of(turn)),
    Case(
        "Stepping to both sides gets closer to the tangent",
        lambda: vanilla_rnn.chords_and_tangent(0.8),
        lambda: vanilla_rnn.chords_and_tangent(1.4, at=1.5),
    ),
    Case(
        "The best eps lies in the middle",
        lambda: vanilla_rnn.error_against_eps(central),
        lambda: vanilla_rnn.error_against_eps(lambda f, at, eps: 1 - np.tanh(at) ** 2 + 1 / eps),
    ),
    Case(
        "Right gradients draw a valley; a wrong one draws a flat line",
        lambda: valleys(w=np.array([5.0, 5.0])),
        lambda: valleys(w=1 - np.tanh([0.3, -0.7]) ** 2),
    ),
    Case(
        "The read-out's gradients are right, the recurrent ones are not",
        lambda: right_where(W_x=0.7, W_h=0.9, b=1.0),
        lambda: right_where(),
    ),
    Case(
        "The loss falls far below the best without memory",
        lambda: vanilla_rnn.losses_of_your_network(losses(0.25), FLOORS),
        lambda: vanilla_rnn.losses_of_your_network(losses(0.8), FLOORS),
    ),
    Case(
        "The colleague's network learns, only slower and less steadily",
        lambda: vanilla_rnn.losses_of_both(losses(0.25), losses(0.26, 0.05, 2.0), FLOORS),
        lambda: vanilla_rnn.losses_of_both(losses(0.25), losses(0.25), FLOORS),
    ),
]


# --- vanishing gradients --------------------------------------------------------------------------


def scale(W: np.ndarray, radius: float) -> np.ndarray:
    return radius * W / np.abs(np.linalg.eigvals(W)).max()


def states_of(x: Any, h0: Any, params: Mapping[str, Any], xp: Any = np) -> Any:
    h, found = h0, []
    for t in range(x.shape[1]):
        h = xp.tanh(x[:, t] @ params["W_x"] + h @ params["W_h"] + params["b"])
        found.append(h)
    return torch.stack(found, dim=1) if xp is torch else np.stack(found, axis=1)


def without_memory(x: Any, h0: Any, params: Mapping[str, Any], xp: Any = np) -> Any:
    return xp.tanh(x @ params["W_x"] + params["b"])


def left_behind(power: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Norms that change by the radius to some power at each step; the states are zero."""

    def measure(W_h: np.ndarray, *scales: float) -> tuple[np.ndarray, np.ndarray]:
        radius = np.abs(np.linalg.eigvals(W_h)).max()
        return radius ** (power * np.arange(60)[::-1]), np.zeros((2, 60, 4))

    return measure


def matrices(*radii: float) -> dict[float, np.ndarray]:
    return {radius: scale(vanishing_gradients.gaussian_matrix(8), radius) for radius in radii}


def predicted(slope: float) -> None:
    def measure(W_h: np.ndarray, *scales: float) -> tuple[np.ndarray, np.ndarray]:
        radius = np.abs(np.linalg.eigvals(W_h)).max()
        return (0.5 * radius) ** np.arange(60.0)[::-1], np.zeros((2, 60, 4))

    vanishing_gradients.what_predicts_the_factor(
        measure, lambda h: slope, matrices(0.9, 1.1), (0.1, 1.0)
    )


def two_gradients(forward: Callable) -> None:
    vanishing_gradients.gradients_of_weights_and_input(forward, scale)


def recall_of_an_rnn(accuracy: float) -> None:
    table = STORED["copy_first"]
    far = (table["T"] >= 50) & (table["cell"] == "rnn")
    changed = table.assign(accuracy=table["accuracy"].where(~far, accuracy))
    vanishing_gradients.success_against_length({"copy_first": changed})


def clipping(unclipped: float) -> None:
    def run(loss: float, updates: int) -> np.ndarray:
        return np.column_stack([np.full(updates, loss), np.ones(updates)])

    long = 60 if unclipped < 1 else 10
    runs = {(1.5, 1e9): [run(unclipped, long)], (1.5, 1.0): [run(0.3, 60)]}
    vanishing_gradients.with_and_without_clipping(runs)


def arrows(turned: bool) -> None:
    g = [np.array([3.0, 0.0]), np.array([0.0, 4.0])]
    other = [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    kept = [0.2 * array for array in g]
    vanishing_gradients.clipped_as_arrows(g, other if turned else kept, other, other)


def triangles(forward: Callable | None) -> None:
    params, x = vanishing_gradients.network_and_noise(scale)
    x = x[:2, :12]

    def cut(k: int) -> np.ndarray:
        if forward is None:  # somebody who does not cut at all
            k = 12
        return vanishing_gradients.reach(states_of, params, x, k)

    vanishing_gradients.triangles_of_the_band(cut, k=4, T=12)


def cuts(short: float) -> None:
    runs = {k: [({}, np.full((30, 2), short if k < 8 else 0.1))] for k in (2, 4, 8, 15)}
    vanishing_gradients.what_a_cut_costs(runs, np.eye(5))


def pieces(forward: Callable) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 40, 1))
    # Nine units that hand a number on: the last is the input eight steps ago.
    W_x, W_h = np.zeros((1, 9)), np.diag(np.ones(8), 1)
    W_x[0, 0] = 1e-3
    params = {"W_x": W_x, "W_h": W_h, "b": np.zeros(9), "b_y": np.zeros(1)}
    params["W_y"] = np.eye(9)[:, 8:] * 1e3
    targets = np.zeros_like(x)
    targets[:, 8:] = x[:, :-8]
    vanishing_gradients.error_at_every_step(
        forward, params, (x, targets + 0.1, np.zeros((8, 9))), k=20
    )


def all_at_once(x: np.ndarray, h0: np.ndarray, params: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.zeros((*x.shape[:2], 9))


VANISHING = [
    Case(
        "A state rests where the curve meets the diagonal",
        lambda: vanishing_gradients.states_of_one_unit(),
        lambda: vanishing_gradients.states_of_one_unit(weights=(-2.0, -3.0)),
    ),
    Case(
        "With distance a gradient grows or shrinks exponentially",
        lambda: vanishing_gradients.gradient_against_distance(left_behind(1), matrices(0.5, 1.5)),
        lambda: vanishing_gradients.gradient_against_distance(left_behind(0), matrices(0.5, 1.5)),
    ),
    Case(
        "Weights and slopes together predict the factor",
        lambda: predicted(0.5),
        lambda: predicted(1.0),
    ),
    Case(
        "The gradient of the weights hides what vanishes",
        lambda: two_gradients(states_of),
        lambda: two_gradients(
            lambda x, h0, params, xp: xp.tanh(x.mean(1, keepdim=True) @ params["W_x"] + h0 @ params["W_h"])[:, None][:, :, 0]
        ),
    ),
    Case(
        "From 50 steps on the median vanilla RNN hardly beats guessing",
        lambda: recall_of_an_rnn(0.13),
        lambda: recall_of_an_rnn(0.6),
    ),
    Case(
        "Same learning rate: at radius 1.5 clipping decides",
        lambda: clipping(1e9),
        lambda: clipping(0.2),
    ),
    Case(
        "Only the global norm keeps the direction", lambda: arrows(False), lambda: arrows(True)
    ),
    Case(
        "A cut keeps triangles of the band", lambda: triangles(states_of), lambda: triangles(None)
    ),
    Case("Cuts shorter than the delay cost dearly", lambda: cuts(0.4), lambda: cuts(0.12)),
    Case(
        "After every cut the error jumps, for eight steps",
        lambda: pieces(states_of),
        lambda: pieces(all_at_once),
    ),
]  # fmt: skip


# --- the LSTM -------------------------------------------------------------------------------------


def shares(*biases: float) -> None:
    lines = {b: (1 / (1 + np.exp(-b))) ** np.arange(200) for b in biases}
    lstm.share_left(lines, 20)


def latch(accuracy: float) -> None:
    lstm.latch_curves({"both": [[accuracy] * 30]}, "Latch, length 100: both biases solve it")


def roads(whole: float) -> None:
    cell = {b: (1 / (1 + np.exp(-b))) ** np.arange(101.0) for b in (0, 1, 3, 5)}
    both = {b: sizes * whole for b, sizes in cell.items()}
    lstm.two_roads(cell, both, np.ones(101))


def three_days(f: float, i: float, jump: float) -> None:
    """Gates that stand at f and i at midnight, and a cell that jumps then."""
    hour = np.arange(72)
    weather = SimpleNamespace(
        celsius=np.zeros(9000),
        at_midnight=np.zeros(9000),
        hours=72,
        held_out=np.array([0]),
        rows=lambda starts: starts[:, None] + hour,
    )
    gates = {
        "f": np.where(hour % 24 == 0, f, 0.9)[None, :, None],
        "i": np.where(hour % 24 == 0, i, 0.1)[None, :, None],
    }
    cell = (hour // 24 * jump + 0.001 * hour)[None, :, None]
    lstm.leak_and_replace(gates, cell, weather, 0, window=0)


LSTM = [
    Case(
        "The forget gate's bias sets the half-life", lambda: shares(0, 1, 3), lambda: shares(1, 1.0)
    ),
    Case(": both biases solve it", lambda: latch(1.0), lambda: latch(0.5)),
    Case(
        "The forget gate rules the cell's road, not the whole gradient",
        lambda: roads(50.0),
        lambda: roads(1.0),
    ),
    Case(
        "The memory unit replaces at midnight; by day it leaks and refills",
        lambda: three_days(0.1, 0.9, 0.3),
        lambda: three_days(0.9, 0.9, 0.3),
    ),
    Case(
        "Its cell: a new level each midnight",
        lambda: three_days(0.1, 0.9, 0.3),
        lambda: three_days(0.1, 0.9, 0.0),
    ),
]


# --- the language model ---------------------------------------------------------------------------

ALPHABET = language_model.Alphabet(" qu")


def pairs(after_q: float) -> None:
    table = torch.full((3, 3), 1 / 3)
    table[1] = torch.tensor([(1 - after_q) / 2, (1 - after_q) / 2, after_q])
    language_model.bets_of_pairs(table, ALPHABET, letters=" qu")


def text_read(lead: float) -> None:
    rng = np.random.default_rng(0)
    train, text = rng.integers(3, size=4000), rng.integers(3, size=300)
    counted = [2.0, 2.0]

    def bits(p: np.ndarray) -> float:
        return counted[0]

    language_model.bits_against_text(
        [("LSTM", 4000, [2.0 - lead, 2.0 - lead])], train, text, 3, bits, amounts=(2000, 4000)
    )


def networks(big: float) -> None:
    rows = [
        {"network": name, "weights": weights, "seed": seed, "bits": bits + 0.01 * seed}
        for name, weights, bits in (
            ("LSTM, 4 units", 90, 2.8),
            ("RNN, 4 units", 30, 2.95),
            ("RNN, 8 units", 91, big),
        )
        for seed in range(3)
    ]
    language_model.cells_over_seeds(pd.DataFrame(rows))


def passage(inside: bool) -> None:
    text = "abc abc abc abc "
    dear = np.array([0, 10, 0, 0] if inside else [10, 0, 0, 0], dtype=float)
    language_model.prices_in_a_passage(text, {"LSTM": np.tile(dear, 4)}, begin=0, length=8)


def forgotten(after: float) -> None:
    carried = torch.full((32,), 2.8)
    carried[:after] = 4.5
    language_model.bits_since_zero_state(carried, carried)


class Echo(nn.Module):
    """Logits that depend on characters far back with a fading weight."""

    def __init__(self, fade: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.fade = nn.Embedding(3, 3), fade

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, None]:
        weights = self.fade ** torch.arange(ids.shape[1]).flip(0)
        return (self.table(ids) * weights[:, None]).cumsum(dim=1), None


def reaches(rnn: float) -> None:
    rows = torch.randint(3, (2, 40), generator=torch.Generator().manual_seed(0))
    language_model.reach_of_a_bet({"RNN": Echo(rnn), "LSTM": Echo(0.9)}, rows)


def by_heart(rise: float) -> None:
    curve = [4.0, 3.5, 3.5 + rise]
    rows = [
        {"dropout": kind, "seed": 0, "curve": c, "training text": seen}
        for kind, c, seen in (
            ("none", curve, 2.0),
            ("ordinary", [4.0, 3.6, 3.5], 3.0),
            ("variational", [4.0, 3.6, 3.5], 3.0),
        )
    ]
    language_model.learned_by_heart(pd.DataFrame(rows), {})


def temperatures(cold: list[float], hot: list[float]) -> None:
    bets = {0.4: torch.tensor(cold), 2.0: torch.tensor(hot)}
    language_model.bets_by_temperature(bets, ALPHABET, after="My lord", most=3)


LANGUAGE = [
    Case("Hardly anything but u follows q", lambda: pairs(0.98), lambda: pairs(0.5)),
    Case(
        "Longer contexts help until they have never been seen",
        lambda: language_model.bits_by_order([4, 3, 2, 2.5], [4, 3, 1, 0.5]),
        lambda: language_model.bits_by_order([4, 3, 2, 1.5], [4, 3, 1, 0.5]),
    ),
    Case(
        "At equal text neither the LSTM nor the 5-gram is far ahead",
        lambda: text_read(0.1),
        lambda: text_read(1.0),
    ),
    Case(
        "With as many weights the RNN comes closer, and the LSTM leads",
        lambda: networks(2.9),
        lambda: networks(2.7),
    ),
    Case(
        "The dearest characters lie inside words more often than at their beginning",
        lambda: passage(inside=True),
        lambda: passage(inside=False),
    ),
    Case(
        "After about ten characters a lost state is forgotten",
        lambda: forgotten(5),
        lambda: forgotten(14),
    ),
    Case(
        "Far back nothing is left of the RNN's share, and a little of the LSTM's",
        lambda: reaches(0.5),
        lambda: reaches(0.9),
    ),
    Case(
        "Without dropout the scenes are learned by heart",
        lambda: by_heart(0.4),
        lambda: by_heart(0.0),
    ),
    Case(
        "cold is sure of itself, hot tries more",
        lambda: temperatures([0.9, 0.05, 0.05], [0.4, 0.3, 0.3]),
        lambda: temperatures([0.4, 0.3, 0.3], [0.9, 0.05, 0.05]),
    ),
]


# --- the GRU --------------------------------------------------------------------------------------


def averages(leaks: tuple[float, ...]) -> None:
    at = pd.date_range("2013-09-07", periods=96, freq="h")
    hours = pd.Series(65 + 10 * np.sin(np.arange(96) / 4), index=at)
    gru.leaky_averages(hours, leaks)


def update_bias(walks: bool) -> None:
    lines = {b: np.full(100, left) for b, left in ((0, 1e-12), (-2, 1e-4), (-6, 0.8))}
    gru.gradient_by_update_bias(
        lines if walks else {b: 1e-6 * line for b, line in lines.items()}, [1e-12] * 100
    )


def rain_task() -> SimpleNamespace:
    times = pd.date_range("2013-08-20", "2013-09-14", freq="h", tz="UTC")
    rain = np.arange(len(times)) % 100 == 50
    return SimpleNamespace(
        times=times, rain=rain, amount=0.1 * rain, since=np.arange(len(times)) % 100.0, cut=0
    )


READOUT = nn.Linear(1, 1)
with torch.no_grad():
    READOUT.weight.fill_(1.0)
    READOUT.bias.zero_()


def gates_in_rain(opens: float) -> None:
    task = rain_task()
    z = np.where(task.rain, opens, 0.1)[:, None]
    states = np.where(task.rain, 0.1, 2.0)[:, None]
    gru.when_the_gates_open(task, states, READOUT, z, z)


def ported(offset: float) -> None:
    task = rain_task()
    right = (task.since / 24)[:, None]
    ports = {"PyTorch": right, "port": right + offset / 24}
    gru.same_weights_same_rain(task, READOUT, ports, hours=100)


class Leaky(nn.Module):
    """Six units that keep a share of their state at each step."""

    def __init__(self, kept: float) -> None:
        super().__init__()
        self.kept = kept

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, None]:
        powers = self.kept ** torch.arange(1, x.shape[1] + 1)
        return h[0][:, None] * powers[:, None], None


def nudged(kept: float) -> None:
    T = 200
    task = SimpleNamespace(rain=np.arange(T) == 0, cut=1, inputs=np.zeros((T, 2), np.float32))
    states = np.ones((T, 6), np.float32)
    gru.what_is_left_of_a_nudge(task, Leaky(kept), states, np.full((T, 6), 0.1), range(6), 48)


def training_costs(column: str, **by_layer: float) -> pd.DataFrame:
    """A cost that grows with size, times a number for each layer."""
    values = {"RNN": 1.0, "GRU": 3.0, "LSTM": 2.0, "LSTM, fused kernel off": 3.0}
    values |= by_layer
    rows = {
        (swept, size, layer): cost * size
        for swept, sizes in (("T", (25, 100)), ("H", (16, 64)))
        for size in sizes
        for layer, cost in values.items()
    }
    index = pd.MultiIndex.from_tuples(rows, names=["swept", "size", "layer"])
    table = pd.DataFrame({column: list(rows.values())}, index)
    return table.assign(low=table[column], high=table[column]) if column == "median" else table


GRU = [
    Case(
        "One number, three leaks: a small z remembers longer",
        lambda: averages((0.5, 0.1, 0.02)),
        lambda: averages((0.1,)),
    ),
    Case(
        "A small z lets the gradient walk home",
        lambda: update_bias(True),
        lambda: update_bias(False),
    ),
    Case(
        "When it rains, some update gates open and the count starts anew",
        lambda: gates_in_rain(0.8),
        lambda: gates_in_rain(0.1),
    ),
    Case(
        "The recorded gate foretells how long most units remember",
        lambda: nudged(0.9),
        lambda: nudged(0.5),
    ),
    Case(
        "kernels count for more than arithmetic",
        lambda: gru.time_per_training_step(training_costs("median")),
        lambda: gru.time_per_training_step(training_costs("median", LSTM=4.0)),
    ),
    Case(
        "Memory grows with T: every step leaves its cache behind",
        lambda: gru.memory_per_training_step(training_costs("peak")),
        lambda: gru.memory_per_training_step(training_costs("peak", GRU=0.0)),
    ),
    Case("the port loses count", lambda: ported(20.0), lambda: ported(0.0)),
]


# --- forecasting ----------------------------------------------------------------------------------

YEAR = pd.date_range("2013-01-01", periods=300 * 24, freq="h", tz="UTC")
WAVE = 60 + 10 * np.sin(2 * np.pi * np.arange(len(YEAR)) / 24)


def off_by(errors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.tile(errors, (len(x), 1))


def errors_of(draw: Callable, **errors: np.ndarray) -> None:
    forecasters = {name.replace("_", ", "): off_by(line) for name, line in errors.items()}
    x, y = np.zeros((4, 48)), np.zeros((4, 24))
    draw(forecasters, x, y, 1.0, lambda *_: 0.0)


HOURS = np.arange(1, 25)
HILL = 8 * np.sin(np.pi * HOURS / 25)
FLAT = np.full(24, 4.0)


def step_by_step(cost: float) -> None:
    errors_of(
        forecasting.direct_and_recursive,
        ridge=FLAT,
        ridge_recursive=FLAT + cost,
        GRU=FLAT,
        GRU_recursive=FLAT + cost,
        **{"GRU, state carried": FLAT},
    )


def parts_of_a_year(later: float) -> None:
    cut = [len(YEAR) * 7 // 10, len(YEAR) * 85 // 100]
    series = WAVE + later * (np.arange(len(YEAR)) >= cut[0])
    forecasting.three_parts(YEAR, *np.split(series, cut))


def from_afar(error: float, wave: float) -> None:
    def forecaster(x: np.ndarray, k: int) -> np.ndarray:
        hour = (np.arange(len(x))) % 24  # the windows begin at one hour after another
        truth = 10 * np.sin(2 * np.pi * (hour + 4) / 24)
        line = truth if k == 1 else wave * truth + error
        return np.repeat((line + 0.5)[:, None], k, axis=1)

    forecasting.the_same_week_from_afar(forecaster, YEAR, WAVE - 60, 0.0, 1.0, steps=(1, 16))


def windows(series: np.ndarray, input_steps: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    every = np.lib.stride_tricks.sliding_window_view(series, input_steps + horizon)
    return every[:, :input_steps].copy(), every[:, input_steps:]


def by_month(sign: float) -> None:
    def skill(y: np.ndarray, forecast: np.ndarray, baseline: np.ndarray) -> float:
        return sign * (y.mean() - 60)

    summer = 10 * np.where((YEAR.month > 5) & (YEAR.month < 9), 1, -1)
    forecasting.skill_by_month(
        YEAR, 60.0 + summer, {"seasonal-naive": lambda x: x[:, -24:]}, windows, skill
    )


def by_week(weather: float, model: float) -> None:
    def skill(y: np.ndarray, forecast: np.ndarray, baseline: np.ndarray) -> float:
        return weather * y[0, 0] + model * forecast[0, 0]

    parts = [np.zeros(1000), np.sin(np.arange(1000) / 100), np.zeros(1000)]
    forecasters = {"ridge": lambda x: 0 * x[:, -24:], "GRU": lambda x: 0 * x[:, -24:] + 1}
    forecasting.skill_by_week(forecasters, YEAR, parts, windows, skill)


def prices(skill: float) -> None:
    def split(series: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return series[:2200], series[2200:2700], series[2700:]

    def train(x: np.ndarray, y: np.ndarray) -> nn.Module:
        flat = nn.Sequential(nn.Flatten(), nn.Linear(20, 1, bias=False))
        with torch.no_grad():
            flat[1].weight.copy_(torch.eye(20)[-1:])  # tomorrow is as today
        return flat

    forecasting.prices_from_prices("MSFT", split, windows, train, lambda *_: skill)


def colleague(leaks: bool) -> None:
    rng = np.random.default_rng(0)
    series = np.cumsum(rng.normal(size=900))

    def prepare(series: np.ndarray, cut: int, input_steps: int, horizon: int) -> tuple:
        x, y = windows(series, input_steps + leaks, horizon)
        if leaks:  # the last value that is seen is the first one that is asked for
            x, y = x[:, 1:], np.concatenate([x[:, -1:], y[:, :-1]], axis=1)
        return 0.0, 1.0, x[:600], y[:600], x[600:], y[600:]

    x, y = windows(series, 48, 24)
    ridge = forecasting.Ridge(alpha=1e-3).fit(x[:600], y[:600])
    forecasting.an_error_of_zero(ridge, (x[600:], y[600:]), 1.0, prepare, series, 600)


FORECASTING = [
    Case(
        "One hour ahead, the forecast follows every turn",
        lambda: forecasting.a_finished_model(YEAR, WAVE, "2013-02-01"),
        lambda: forecasting.a_finished_model(
            YEAR, np.random.default_rng(0).normal(size=len(YEAR)), "2013-02-01"
        ),
    ),
    Case(
        "the mean of the past is not the mean of the future",
        lambda: parts_of_a_year(10.0),
        lambda: parts_of_a_year(0.0),
    ),
    Case(
        "Persistence has a hill at twelve hours: day and night",
        lambda: errors_of(forecasting.hill_of_persistence, persistence=HILL),
        lambda: errors_of(forecasting.hill_of_persistence, persistence=HOURS / 3),
    ),
    Case(
        "The GRU is far below persistence, and near to ridge",
        lambda: errors_of(
            forecasting.network_beside_baselines, persistence=HILL + 2, ridge=FLAT, GRU=FLAT
        ),
        lambda: errors_of(
            forecasting.network_beside_baselines, persistence=HILL + 2, ridge=FLAT, GRU=FLAT + 3
        ),
    ),
    Case(
        "Going step by step costs the GRU up to",
        lambda: step_by_step(0.3),
        lambda: step_by_step(-0.3),
    ),
    Case(
        "A week in September",
        lambda: forecasting.a_forecast_every_midnight({}, YEAR, WAVE, 0.0, 1.0),
        lambda: forecasting.a_forecast_every_midnight({}, YEAR, WAVE, 0.0, 1.0, "2013-03-04"),
    ),
    Case(
        "Far ahead the wave of the day stays, the weather is lost",
        lambda: from_afar(error=3.0, wave=0.9),
        lambda: from_afar(error=3.0, wave=0.1),
    ),
    Case(
        "'As yesterday' beats 'as now' in summer and loses in winter",
        lambda: by_month(1.0),
        lambda: by_month(-1.0),
    ),
    Case(
        "the weather decides more than the model",
        lambda: by_week(weather=1.0, model=0.01),
        lambda: by_week(weather=0.01, model=1.0),
    ),
    Case("the figure that sells courses", lambda: prices(-0.1), lambda: prices(0.4)),
    Case(
        "An error of zero, and then about our own curve one hour later",
        lambda: colleague(leaks=True),
        lambda: colleague(leaks=False),
    ),
]


# --- attention ------------------------------------------------------------------------------------


def spread(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def dot_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return q @ k.transpose(0, 2, 1)


def scaled_dot_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return dot_scores(q, k) / q.shape[-1] ** 0.5


def through_softmax(dweights: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))


def alike(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.full(scores.shape, 1 / scores.shape[-1])


def entropies(softmax: Callable) -> None:
    attention.entropy_against_size([dot_scores, scaled_dot_scores], softmax, (4, 1024))


def gradients(backward: Callable) -> None:
    attention.gradient_against_size(
        [dot_scores, scaled_dot_scores], spread, backward, (1, 64, 1024, 4096)
    )


GENERATOR = torch.Generator().manual_seed(0)
REVIEWS = attention.Reviews(
    [["word"] * 8] * 30, list(torch.randint(2, 9, (30, 8), generator=GENERATOR)), torch.zeros(30)
)


class Looks(nn.Module):
    """Scores of words that are also their attention; a class for each sign of the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.encoder = nn.Embedding(9, 1), lambda x: (x, None)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.linspace(0.1, 4, 9)[:, None])

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> tuple:
        words = self.embedding(ids)[..., 0]
        weights = words.softmax(dim=1)
        return decide_by(words[..., None], weights), weights


def decide_by(states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    total = (states[..., 0] * weights).sum(1)
    return torch.stack([2 - total, total - 2], dim=1)


def opinions(agree: float) -> None:
    def attribute(model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        draw = torch.randn(ids.shape, generator=torch.Generator().manual_seed(3))
        return 1 + agree * model(ids, lengths)[1].detach() / 0.3 + 0.05 * draw

    attention.agreement_of_opinions(REVIEWS, Looks(), attribute)


def other_weights(change: Callable) -> None:
    attention.decisions_under_other_weights(
        REVIEWS, Looks(), lambda h, w: decide_by(h, w).argmax(1), {"changed": change}
    )


def readers(looking: float, remembering: float) -> None:
    attention.accuracy_against_facts([1, 4], [1.0, looking], [1.0, remembering])


ATTENTION = [
    Case(
        "only the reader that looks back can answer",
        lambda: readers(0.99, attention.best_guess(4)),
        lambda: readers(0.99, 0.9),
    ),
    Case(
        "Without scaling, softmax picks one key at random",
        lambda: entropies(spread),
        lambda: entropies(alike),
    ),
    Case(
        "At the scores, unscaled: it fades",
        lambda: gradients(through_softmax),
        lambda: gradients(lambda dweights, weights: dweights),
    ),
    Case(
        "At the query, unscaled: mean up, median down",
        lambda: gradients(through_softmax),
        lambda: gradients(lambda dweights, weights: dweights),
    ),
    Case(
        "Short reviews: a bag of words is hard to beat",
        lambda: attention.accuracy_with_errors({"a bag": 0.8, "ours": 0.805}, REVIEWS),
        lambda: attention.accuracy_with_errors({"a bag": 0.6, "ours": 0.95}, REVIEWS),
    ),
    Case("The two opinions agree, loosely", lambda: opinions(0.1), lambda: opinions(-10.0)),
    Case(
        "Other weights, mostly the same decisions",
        lambda: other_weights(lambda w: w),
        lambda: other_weights(lambda w: (-10 * w).softmax(1)),
    ),
]


# --- two directions -------------------------------------------------------------------------------


def layer(both: bool) -> nn.RNN:
    torch.manual_seed(0)
    made = nn.RNN(2, 3, batch_first=True, bidirectional=True)
    if not both:
        with torch.no_grad():
            made.weight_ih_l0.zero_()
    return made


def leaky(x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
    return x.sum(dim=1, keepdim=True) + x, None


def tight(x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
    real = (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]
    return leaky(x * real, lengths)[0] * real, None


SENTENCES = ["not a dull minute", "dreadful"]


def within(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.stack([np.r_[row[:n][::-1], row[n:]] for row, n in zip(x, lengths, strict=True)])


def running(x: np.ndarray) -> np.ndarray:
    """A chain that forgets half of its state at each step, and counts the steps a little."""
    states, h = [], np.zeros((len(x), x.shape[2]))
    for t in range(x.shape[1]):
        h = 0.5 * h + x[:, t] + 0.1
        states.append(h)
    return np.stack(states, axis=1)


def flipped(forwards: Callable, backwards: Callable, x: np.ndarray, lengths: np.ndarray) -> Any:
    return np.concatenate([forwards(x), backwards(x[:, ::-1])[:, ::-1]], axis=2)


def careful(forwards: Callable, backwards: Callable, x: np.ndarray, lengths: np.ndarray) -> Any:
    turned = within(backwards(within(x, lengths)), lengths)
    return np.concatenate([forwards(x), turned], axis=2)


CHAINS = (running, running)


def last_of_five(pads_read: bool) -> Callable:
    def encode(step: Callable, x: np.ndarray, h: np.ndarray, lengths: np.ndarray) -> tuple:
        for t in range(x.shape[1] if pads_read else 5):
            h = step(x[:, t], h)
        return None, h

    return encode


def paddings(pads_read: bool) -> None:
    encoders = {"one": last_of_five(pads_read), "another": last_of_five(pads_read=False)}
    bidirectional.distance_by_pads(encoders, lambda x, h: 0.5 * h + x.sum(1, keepdims=True), H=2)


BIDIRECTIONAL = [
    Case(
        "One direction sees the past, the other the future, both see everything",
        lambda: bidirectional.reaction_by_direction(layer(both=True), T=4),
        lambda: bidirectional.reaction_by_direction(layer(both=False), T=4),
    ),
    Case(
        "With lengths, nothing goes into the padding and nothing comes out of it",
        lambda: bidirectional.reaction_with_padding(leaky, tight),
        lambda: bidirectional.reaction_with_padding(leaky, leaky),
    ),
    Case(
        "every sentence begins with its last word",
        lambda: bidirectional.where_the_words_go(SENTENCES, within),
        lambda: bidirectional.where_the_words_go(SENTENCES, lambda x, lengths: x[:, ::-1]),
    ),
    Case(
        "short sentences begin with padding",
        lambda: bidirectional.where_the_words_go(SENTENCES, within),
        lambda: bidirectional.where_the_words_go(["a film", "a joy"], within),
    ),
    Case(
        "zeros behind it change its states",
        lambda: bidirectional.states_with_padding(flipped, careful, CHAINS, SENTENCES[0]),
        lambda: bidirectional.states_with_padding(careful, careful, CHAINS, SENTENCES[0]),
    ),
    Case(
        "A few zeros shift every state; reversed within the length, none",
        lambda: bidirectional.change_by_pads(flipped, careful, CHAINS, SENTENCES[0]),
        lambda: bidirectional.change_by_pads(flipped, flipped, CHAINS, SENTENCES[0]),
    ),
    Case(
        "Padding that is read makes all sentences alike",
        lambda: paddings(pads_read=True),
        lambda: paddings(pads_read=False),
    ),
]


EACH_CHAIN = "Each chain is good only where it has read enough"
PADDING = "Padding that is read costs accuracy, and more away from its batch"


class TestTrainingsOfTwoDirections:
    """What is trained within a figure is not trained at all here."""

    @pytest.mark.parametrize("trained", [True, False])
    def test_each_chain_is_good_only_where_it_has_read_enough(self, trained, monkeypatch):
        def made(way: str, units: int, steps: int) -> Callable:
            def answer(x: torch.Tensor) -> torch.Tensor:
                so_far = x.cumsum(1) / torch.arange(1, x.shape[1] + 1)[:, None]
                behind = x.flip(1).cumsum(1).flip(1) / torch.arange(x.shape[1], 0, -1)[:, None]
                means = {"forward": so_far, "backward": behind, "both": x.mean(1, keepdim=True)}
                return x - means[way] if trained else x

            return answer

        monkeypatch.setattr(bidirectional, "_trained", made)
        bidirectional.accuracy_by_position({"forward": 2, "backward": 2, "both": 2})
        assert (EACH_CHAIN in titles()) == trained

    @pytest.mark.parametrize("told_is_better", [True, False])
    def test_padding_that_is_read_costs_accuracy(self, told_is_better, monkeypatch):
        def made(seed: int, steps: int, told: bool) -> Callable:
            def answer(x: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
                right = x[:, :, 0]
                if not told_is_better:
                    return right
                return right if told else right - (0.5 if lengths is None else 1.0)

            return answer

        monkeypatch.setattr(bidirectional, "_trained_on_padding", made)
        bidirectional.price_of_padding(seeds=1)
        assert (PADDING in titles()) == told_is_better


# --- sentiment ------------------------------------------------------------------------------------


def vocabulary(few: float) -> None:
    """5,000 entries; the first hundred have a share ``few`` of the text."""
    common = int(few * 10_000 / 100)
    text = [f"w{k}" for k in range(100) for _ in range(common)] + [
        f"w{k}" for k in range(100, 5000)
    ]
    part = SimpleNamespace(inputs=[text])
    corpus = SimpleNamespace(train=part, valid=part)
    sentiment.words_known({f"w{k}": k for k in range(5000)}, corpus)


def padding(similar: bool) -> None:
    sequences = [[1] * (1 + k % 20) for k in range(80)]

    def collate(some: list, targets: list) -> tuple:
        lengths = torch.tensor([len(row) for row in some])
        return torch.zeros(len(some), int(lengths.max())), lengths

    def batches(some: list, targets: list, size: int) -> list[tuple]:
        order = sorted(some, key=len) if similar else some
        return [collate(order[k : k + size], []) for k in range(0, len(order), size)]

    sentiment.share_of_padding(sequences, [0] * 80, collate, batches, 8)


LABELS = np.arange(200) % 2


def answers(wrong: int) -> np.ndarray:
    """Probabilities that are right but for every ``wrong``-th review of either label."""
    right = np.where(LABELS == 1, 0.9, 0.1)
    return np.where(np.arange(200) // 2 % wrong == 0, 1 - right, right)


def curves(validation: float) -> None:
    rows = np.array([[0.7, 0.6, 0.6], [0.5, 0.5, 0.7], [0.3, 0.5 - validation, 0.7]])
    runs = {name: [(rows, None)] * 2 for name in ("LSTM, forwards", "BiLSTM")}
    sentiment.curves_by_seed(runs)


def votes(both: int, draw: Callable[..., Any]) -> None:
    voters = {
        "LSTM, forwards": [answers(4)],
        "vote: two forwards": [answers(7)],
        "vote: both ways": [answers(both)],
    }
    draw(voters)


def gains(voters: dict) -> None:
    sentiment.accuracy_and_gain(voters, LABELS, over="LSTM, forwards")


def by_group(voters: dict) -> None:
    groups = {
        "length in words": {"short": LABELS >= 0},
        "words that turn": {"neither": np.arange(200) < 100},
    }
    sentiment.voters_by_group(groups, voters, LABELS)


def hard_reviews(least: float) -> None:
    groups = {
        "length in words": {"short": LABELS >= 0},
        "how clear the raters were": {"least": LABELS == 0, "most": LABELS == 1},
    }
    right = np.where(LABELS == 0, np.arange(200) < 200 * least, True)
    sentiment.accuracy_by_group(groups, {"network": right, "bag": right})


SENTIMENT = [
    Case(
        "A few hundred words cover most of a text",
        lambda: vocabulary(1.0),
        lambda: vocabulary(0.01),
    ),
    Case(
        "Sorting by length removes nearly all of the padding",
        lambda: padding(similar=True),
        lambda: padding(similar=False),
    ),
    Case(
        "Errors of both kinds are frequent",
        lambda: sentiment.errors_and_draws({"network": answers(5), "bag": answers(6)}, LABELS, 50),
        lambda: sentiment.errors_and_draws({"network": answers(50), "bag": answers(6)}, LABELS, 50),
    ),
    Case(
        "The training loss keeps falling, the validation loss does not follow",
        lambda: curves(-0.02),
        lambda: curves(0.2),
    ),
    Case(
        "A vote of both ways gains about what a vote of two forward networks gains",
        lambda: votes(7, gains),
        lambda: votes(90, gains),
    ),
    Case(
        "a vote of both ways is close to one of two forwards",
        lambda: votes(7, by_group),
        lambda: votes(90, by_group),
    ),
    Case(
        "What is hard for the raters is hard for both models",
        lambda: hard_reviews(0.6),
        lambda: hard_reviews(1.0),
    ),
    Case(
        "Much the same verdicts, handed to the wrong reviews",
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(2)}, LABELS),
        lambda: sentiment.verdicts_by_label({"ours": answers(9), "other": answers(9)}, LABELS),
    ),
]


# --- sequence to sequence -------------------------------------------------------------------------

WORDS = data.Part(["cat", "cake"] * 5, [["K", "AE", "T"], ["K", "EY", "K"]] * 5)


def rates(said: list, right: list) -> tuple[float, float]:
    wrong = np.mean([one != other for one, other in zip(said, right, strict=True)]) if said else 0
    return float(wrong), float(wrong) / 2


def by_length(blind: int) -> None:
    """Of the model without attention, every ``blind``-th answer is wrong; else every fifth."""

    def model(wrong: int) -> list:
        return [[] if k % 10 < 10 // wrong else row for k, row in enumerate(WORDS.targets)]

    part = data.Part(["abcdefg"[: 3 + k // 10] for k in range(50)], WORDS.targets * 5)
    said = {"no attention": model(blind) * 5, "attention": model(5) * 5}
    seq2seq.errors_by_length(rates, part, said)


def gaze(weights: np.ndarray) -> None:
    sounds = [*"ABCDEFG"[: len(weights) - 1], "END"]
    seq2seq.where_it_looks({"word": (weights, sounds)}, data.Part([], []))


def seeds_of_scores(not_divided: float) -> None:
    rows = [
        {
            "encoder": encoder,
            "scaled": scaled,
            "seed": seed,
            "words wrong": 0.5 if scaled else not_divided,
            "sounds wrong": 0.1 if scaled else 0.2 * not_divided,
            "saturated": 0.4 if scaled else 0.9,
        }
        for encoder in ("GRU", "self-attention")
        for scaled in (True, False)
        for seed in range(2)
    ]
    weights = np.linspace(0, 1, 10)
    seq2seq.scaled_and_not({"divided": weights, "not": weights}, pd.DataFrame(rows), (0.5, 0.1))


class Speller(nn.Module):
    """A decoder whose weights follow the memory, or stand at the first letters, padding too."""

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.looks = looks

    def forward(self, said: Any, state: Any, memory: torch.Tensor, mask: torch.Tensor) -> tuple:
        scores = memory[..., 0] if self.looks else 0.0 * memory[..., 0]
        scores = scores.masked_fill(~mask, -1e9) if self.looks else scores
        steps = said.shape[1]
        weights = (scores - (0 if self.looks else torch.arange(memory.shape[1]))).softmax(1)
        return None, None, weights[:, None].expand(-1, steps, -1)


def symptoms(looks: bool) -> None:
    def encode(source: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, None]:
        return source[..., None].float(), None

    def transcribe(encoder: Callable, decoder: nn.Module, words: list[str]) -> list[str]:
        longest = max(map(len, words))
        return [word if decoder.looks else f"{word}{longest}" for word in words]

    pairs = {"yours": (encode, Speller(True)), "published": (encode, Speller(looks))}
    seq2seq.symptoms_of_not_looking(pairs, transcribe, WORDS)


def training_of_a_speller(last: float) -> None:
    seq2seq.learning_curves({"attention": [3.5] * 20 + [last] * 200}, {})


def every_rate(attentive: float) -> None:
    results = {
        "attention, 300 steps": (attentive, 0.1),
        "no attention, 300 steps": (0.8, 0.3),
        "self-attention, places": (0.6, 0.2),
        "self-attention, no places": (0.9, 0.6),
    }
    seq2seq.all_error_rates(results, 100)


SEQ2SEQ = [
    Case(
        "Attention makes fewer mistakes at every length",
        lambda: by_length(2),
        lambda: by_length(10),
    ),
    Case(
        "After a hundred steps, ",
        lambda: training_of_a_speller(1.0),
        lambda: training_of_a_speller(4.0),
    ),
    Case(
        "The gaze walks along the word",
        lambda: gaze(np.eye(5, 4)),
        lambda: gaze(np.full((5, 4), 0.25)),
    ),
    Case(
        "Scores that are not divided saturate the softmax, and cost words and sounds",
        lambda: seeds_of_scores(0.7),
        lambda: seeds_of_scores(0.4),
    ),
    Case(
        "Three symptoms of not looking", lambda: symptoms(looks=False), lambda: symptoms(looks=True)
    ),
    Case(
        "Looking back helps, and so does knowing the order",
        lambda: every_rate(0.4),
        lambda: every_rate(0.9),
    ),
]


@pytest.mark.parametrize("width", [1, 2])
def test_a_beam_is_compared_with_a_narrower_one_only(width):
    table = np.log(np.full(seq2seq.N_SOUNDS, 1e-3))
    table[seq2seq.END] = np.log(0.9)

    def search(step: Callable, start: int, end: int, width: int, most: int) -> tuple:
        step([start])
        return [], 0.0

    seq2seq.beam_tree(search, lambda word: lambda prefix: table, "a", width)
    assert titles().count("a beam of 1 says") == 1
    assert titles().count("says") == width


# --- tagging --------------------------------------------------------------------------------------


def labels(most: int) -> None:
    tags = [["B-A"] * most, *[[f"B-{name}"] for name in "BCDEFGHIJ"]]
    tagging.words_per_label(tags)


def neighbours(monkeypatch: pytest.MonkeyPatch, before: float) -> None:
    lost = np.zeros((12, 12))
    for distance, value in ((-1, before), (0, 0.3), (1, 0.1), (2, 0.05)):
        lost += value * np.eye(12, k=distance)
    monkeypatch.setattr(tagging, "occlusion", lambda *_: (lost, None))
    tagging.loss_by_distance(None, [["word"] * 12] * 20, None)


TAGGING = [
    Case("A few labels have most of the words", lambda: labels(90), lambda: labels(1)),
    Case(
        "The same scores: the price of one move decides about another word",
        lambda: tagging.paths_by_price((0, 3)),
        lambda: tagging.paths_by_price((0, 0.5)),
    ),
]


NEIGHBOURS = "Neighbours decide: the word before most, the word after too"


@pytest.mark.parametrize(("before", "holds"), [(0.2, True), (0.01, False)])
def test_neighbours_decide(before, holds, monkeypatch):
    neighbours(monkeypatch, before)
    assert (NEIGHBOURS in titles()) == holds
    assert titles().strip()


# --- the comparison -------------------------------------------------------------------------------


def stored(study: str, **columns: object) -> dict[str, pd.DataFrame]:
    return {study: STORED[study].assign(**columns)}


def adding(error: float) -> dict[str, pd.DataFrame]:
    table = STORED["adding"]
    ends = [
        [error] * len(row["errors"]) if row["cell"] == "rnn" else row["errors"]
        for _, row in table.iterrows()
    ]
    return {"adding": table.assign(errors=ends)}


def seconds_as_steps() -> dict[str, pd.DataFrame]:
    studies = ("copy_first", "adding")
    return {study: STORED[study].assign(seconds=STORED[study]["steps"]) for study in studies}


def costs_of(milliseconds: Callable, mebibytes: Callable) -> pd.DataFrame:
    ways = (measuring.BY_HAND, measuring.FUSED, measuring.FUSED_OFF, measuring.TWICE)
    sizes = [("T", T, 64) for T in (25, 50, 100)] + [("H", 50, H) for H in (16, 64, 256)]
    return pd.DataFrame(
        {
            "swept": swept,
            "way": way,
            "T": T,
            "H": H,
            "milliseconds": milliseconds(k, H),
            "mebibytes": mebibytes(way, T),
        }
        for k, way in enumerate(ways)
        for swept, T, H in sizes
    )


def memory_of(way: str, T: int) -> float:
    return 1.0 if way == measuring.TWICE else float(T)


def three_cells(milliseconds: list[float], weights: list[float]) -> None:
    table = {"cell": ["rnn", "gru", "lstm"], "mebibytes": 1.0}
    comparison.cells_run_alike(
        pd.DataFrame(table | {"milliseconds": milliseconds, "weights": weights})
    )


COMPARISON = [
    Case(
        "biases decide before training does",
        lambda: comparison.what_each_bias_contributes(STORED),
        lambda: comparison.what_each_bias_contributes(stored("biases", accuracy=0.5)),
    ),
    Case(
        "Gates carry the first symbol past 100 steps of noise",
        lambda: comparison.accuracy_against_length(STORED),
        lambda: comparison.accuracy_against_length(stored("copy_first", accuracy=0.5)),
    ),
    Case(
        "the vanilla RNN stays where guessing is",
        lambda: comparison.adding_learning_curves(STORED),
        lambda: comparison.adding_learning_curves(adding(0.01)),
    ),
    Case(
        "Few steps ...",
        lambda: comparison.steps_and_seconds(STORED),
        lambda: comparison.steps_and_seconds(seconds_as_steps()),
    ),
    Case(
        "... are not few seconds",
        lambda: comparison.steps_and_seconds(STORED),
        lambda: comparison.steps_and_seconds(seconds_as_steps()),
    ),
    Case(
        "who runs the loop decides, width hardly does",
        lambda: comparison.seconds_of_one_lstm(costs_of(lambda k, H: 4**k, memory_of)),
        lambda: comparison.seconds_of_one_lstm(costs_of(lambda k, H: H, memory_of)),
    ),
    Case(
        "Memory grows with every step, unless states are computed twice",
        lambda: comparison.memory_of_one_lstm(costs_of(lambda k, H: H, memory_of)),
        lambda: comparison.memory_of_one_lstm(costs_of(lambda k, H: H, lambda way, T: T)),
    ),
    Case(
        "no 1 : 3 : 4",
        lambda: three_cells([6, 20, 17], [1, 3, 4]),
        lambda: three_cells([6, 18, 24], [1, 3, 4]),
    ),
    Case(
        "By counting: 1 : 3 : 4",
        lambda: three_cells([6, 20, 17], [1, 3, 4]),
        lambda: three_cells([6, 20, 17], [1, 2, 4]),
    ),
    Case(
        "Reading backwards makes the first symbol the last",
        lambda: comparison.forwards_stacked_both_ways(STORED),
        lambda: comparison.forwards_stacked_both_ways(stored("shapes", accuracy=0.5)),
    ),
    Case(
        "300 names by heart, and not much more",
        lambda: comparison.overfitting_by_cell(STORED),
        lambda: comparison.overfitting_by_cell(stored("surnames", valid=0.95)),
    ),
]


# --- the tour -------------------------------------------------------------------------------------

TOUR = [
    Case(
        "The gates move at the marks; in between, the cell holds what it was given",
        lambda: tour.gates_at_work(),
        lambda: tour.gates_at_work(bias=0.0),
    ),
    Case(
        " number and holds it",
        lambda: tour.gates_at_work(),
        lambda: tour.gates_at_work(bias=0.0),
    ),
    Case(
        "The wider the forget gate stands open, the longer the cell holds",
        lambda: tour.hold_for((0.0, 4.0)),
        lambda: tour.hold_for((4.0, 4.0)),
    ),
    Case(
        "Without gates, one number decides whether the gradient fades or grows",
        lambda: tour.fade_for((0.7, 1.8)),
        lambda: tour.fade_for((0.7, 0.8)),
    ),
]


def measured_tour(monkeypatch: pytest.MonkeyPatch, holds: bool) -> None:
    """What the tour measures for minutes, made up."""
    steps = np.arange(60)

    def surprise(counted: str, new: str, seen: np.ndarray) -> dict[str, np.ndarray]:
        falls = 4.0 - 0.4 * np.arange(7)
        return {"counted": falls, "new": np.abs(np.arange(7) - 3) + 2.0 if holds else falls}

    def states(kind: str, text: str, units: int) -> np.ndarray:
        wild = (-1.0) ** np.arange(len(text))
        calm = np.linspace(0, 1, len(text))
        return np.tile((wild if kind == "rnn" or not holds else calm)[:, None], units)

    def influence(kind: str, T: int, units: int, seed: int, hold: float | None) -> np.ndarray:
        return {"rnn": 0.8}.get(kind, 0.99) ** steps if hold and holds else 0.6**steps

    def recall(kind: str, seed: int, T: int) -> np.ndarray:
        return np.full(7, 0.25 if kind == "rnn" or not holds else 1.0)

    monkeypatch.setattr(tour.tour_cells, "surprise", surprise)
    monkeypatch.setattr(tour.tour_cells, "states_over_text", states)
    monkeypatch.setattr(tour, "_influence", influence)
    monkeypatch.setattr(tour.tour_cells, "learn_recall", recall)


MEASURED = [
    (tour.surprise_by_memory, "More memory helps, until a table of memories runs out of text"),
    (tour.one_line_three_cells, "the gated cells carry theirs along"),
    (tour.gradients_fading, "Gates that hold carry the gradient fifty steps back"),
    (tour.learning_to_recall, "gated cells learn it, the RNN goes on guessing"),
    (tour.surprise_by_memory, "stays low, on unread plays it falls"),
    (tour.one_line_three_cells, "those of the GRU and the LSTM change smoothly"),
    (tour.gradients_fading, "half-open gates with less than a millionth"),
    (tour.learning_to_recall, "every GRU and every LSTM reaches"),
]


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize(("draw", "claim"), MEASURED)
def test_the_tour_claims_what_it_measures(draw, claim, holds, monkeypatch):
    measured_tour(monkeypatch, holds)
    draw()
    assert (claim in titles()) == holds
    assert titles().strip()


CASES = [
    *VANILLA,
    *VANISHING,
    *LSTM,
    *LANGUAGE,
    *GRU,
    *FORECASTING,
    *ATTENTION,
    *BIDIRECTIONAL,
    *SENTIMENT,
    *SEQ2SEQ,
    *TAGGING,
    *COMPARISON,
    *TOUR,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.claim[:45])
def test_a_title_claims_what_its_data_show_and_nothing_else(case):
    case.holds()
    assert case.claim in titles()
    plt.close("all")
    case.fails()
    assert case.claim not in titles()
    assert titles().strip(), "a figure has a title that names what is drawn"


def claims_in_the_code() -> list[str]:
    """The longest piece of text in each claim that a figure may make for a title."""
    found = []
    for path in sorted((ROOT / "course" / "figures").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "true_title":
                texts = [n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)]
                found += [max(texts, key=len)] if texts else []
    return found


def test_every_claim_is_drawn_both_ways():
    drawn = [case.claim for case in CASES] + [EACH_CHAIN, PADDING, NEIGHBOURS]
    drawn += [claim for _, claim in MEASURED]
    missing = [text for text in claims_in_the_code() if not any(c in text for c in drawn)]
    assert missing == []
