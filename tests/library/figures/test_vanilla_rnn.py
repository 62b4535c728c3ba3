"""Titles of `vanilla_rnn`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course.figures import (
    vanilla_rnn,
)
from tests.library.figures.support import Case, draws_both_ways


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
CASES = [
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
        "The colleague's network learns, but more slowly and less steadily",
        lambda: vanilla_rnn.losses_of_both(losses(0.25), losses(0.26, 0.05, 2.0), FLOORS),
        lambda: vanilla_rnn.losses_of_both(losses(0.25), losses(0.25), FLOORS),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
