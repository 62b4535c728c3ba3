"""Titles of `vanishing_gradients`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from course.figures import (
    vanishing_gradients,
)
from tests.library.figures.support import STORED, Case, draws_both_ways


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


CASES = [
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


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
