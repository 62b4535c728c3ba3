"""Worked examples of the exercises of ``01_rnn/vanishing_gradients.ipynb``."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks


def _numbers(start: float, *shape: int) -> np.ndarray:
    """Numbers from -1 to 1 with one digit and no pattern; another start gives others."""
    order = np.arange(np.prod(shape))
    return np.sin(start + 0.9 * order**2).round(1).reshape(shape) + 0.0


_TASK = {
    "x": _numbers(1, 2, 9, 3),
    "targets": 2 * _numbers(2, 2, 9, 5),
    "h0": _numbers(3, 2, 4),
    "params": {
        "W_x": _numbers(4, 3, 4),
        "W_h": _numbers(5, 4, 4),
        "b": _numbers(6, 4),
        "W_y": _numbers(7, 4, 5),
        "b_y": _numbers(8, 5),
    },
}
"""A sequence with N = 2, T = 9, D = 3, H = 4, C = 5."""


def _float32(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _float32(item) for name, item in value.items()}
    return value.astype(np.float32)


def gradient_norms(t, gradient_norms):
    W_h, h = 1.2 * _numbers(1, 3, 3), 0.9 * _numbers(5, 2, 4, 3)
    t.check(gradient_norms, {"W_h": W_h, "h": h}, "norms")
    t.check(gradient_norms, {"W_h": W_h[::-1], "h": h[:, ::-1]}, "norms", quiet=True)
    by_hand = {"W_h": np.array([[2.0]]), "h": np.array([[[0.3], [0.5], [0.8]]])}
    t.check(gradient_norms, by_hand, "norms", quiet=True)
    t.check(gradient_norms, {"W_h": W_h, "h": h[:, :1]}, "norms", quiet=True)
    t.say("also the example by hand, and a single step")


def scale_spectral_radius(t, scale_spectral_radius):
    W = np.array(
        [[-0.6, 0.1, 0.0, 0.2], [0.0, 0.3, -2.0, 0.1], [0.0, 1.5, 0.2, -0.3], [0.0, 0.5, 0.4, -1.2]]
    )
    t.check(scale_spectral_radius, {"W": W, "radius": 0.9}, "scaled")
    by_hand = {"W": np.array([[0.0, -2.0], [2.0, 0.0]]), "radius": 0.5}
    t.check(scale_spectral_radius, by_hand, "scaled", quiet=True)
    t.check(scale_spectral_radius, {"W": W, "radius": 2.5}, "scaled", quiet=True)
    t.check(scale_spectral_radius, {"W": W, "radius": 0.0}, "scaled", quiet=True)
    t.say("also the example by hand, a larger radius, and radius 0")


def clip_grad_norm(t, clip_grad_norm):
    names = "clipped, total_norm"
    arrays = {
        "grads": [
            np.array([3.0, -1.0]),
            np.array([[4.0, 0.5], [-2.0, 1.5]]),
            np.array([[-1.6, 1.2]]),
        ],
        "max_norm": 1.5,
    }
    t.check(clip_grad_norm, arrays, names)
    t.check(clip_grad_norm, arrays | {"max_norm": 100.0}, names, quiet=True)
    _new_arrays(clip_grad_norm, arrays["grads"], 100.0)
    zeros = {"grads": [np.zeros(3), np.zeros((2, 1))], "max_norm": 1.0}
    with np.errstate(all="ignore"):
        try:
            t.check(clip_grad_norm, zeros, names, quiet=True)
        except ZeroDivisionError:
            raise checks.CheckFailed(
                "clip_grad_norm divides by zero when all gradients are zero: they must stay zero, "
                "with norm 0. That is what the small constant is for."
            ) from None
    for dtype in (np.float64, np.float32):
        clipped, _ = clip_grad_norm([np.ones(2, dtype), np.ones((3, 1), dtype)], 0.5)
        found = {array.dtype.name for array in clipped}
        checks.require(
            found == {np.dtype(dtype).name},
            f"clip_grad_norm made {', '.join(sorted(found))} of {np.dtype(dtype).name}: keep the "
            "dtype. Multiply by a Python float, not by a NumPy number.",
        )
    t.say("also for gradients that are short, zero, or float32")


def _new_arrays(clip_grad_norm: Callable[..., Any], grads: list[np.ndarray], limit: float) -> None:
    grads = [array.copy() for array in grads]
    clipped, _ = clip_grad_norm(grads, limit)
    checks.require(
        not any(np.shares_memory(a, b) for a, b in zip(clipped, grads, strict=True)),
        "clip_grad_norm must return new arrays, even when nothing is clipped.",
    )


def truncated_bptt(t, truncated_bptt, loss_and_gradients):
    t.check(truncated_bptt, {**_TASK, "k": 4}, "loss, grads")
    t.check(truncated_bptt, {**_TASK, "k": 1}, "loss, grads", quiet=True)
    loss, full, _ = loss_and_gradients(*checks.copy_of(_TASK).values())
    for k in (1, 2, 9, 11):
        cut_loss, grads = truncated_bptt(**checks.copy_of(_TASK), k=k)
        checks.require(
            np.isclose(cut_loss, loss),
            f"truncated_bptt: the loss must not depend on k; with k = {k} it is {cut_loss:.6f}, "
            f"without a cut {loss:.6f}.",
        )
        checks.require(
            k < 9 or all(np.allclose(grads[name], full[name]) for name in full),
            f"truncated_bptt: with k = {k} nothing is cut, so grads must be those of full BPTT.",
        )
    _, grads = truncated_bptt(**_float32(_TASK), k=4)
    checks.require(
        all(gradient.dtype == np.float32 for gradient in grads.values()),
        "truncated_bptt: gradients of float32 parameters must be float32 (np.zeros_like keeps it).",
    )
    t.say("the loss does not depend on k, and with k >= T the gradients are those of full BPTT")


def test_training_loop(t, test_training_loop, train_on_stream_buggy):
    red = {
        train_on_stream_buggy: "the colleague's loop",
        "forgets": "a loop that shows symptom 1 alone",
        "each": "a loop that shows symptom 2 alone",
        "zeros": "a loop that starts from zeros, whatever h0 is",
        "short": "a loop that leaves out a last part of fewer than k steps",
        "free": "a loop that never clips",
        "normed": "a loop that makes short gradients longer",
        "climbs": "a loop that adds what it should subtract",
        "stale": "a loop whose gradients all belong to the first parameters",
        "b_y": "a loop that never changes b_y",
    }
    green = {"": "a right loop, in PyTorch"}
    t.say(
        bug_hunt.require_red_and_green(test_training_loop, _train_with_torch, red=red, green=green)
    )


def _train_with_torch(x, targets, h0, params, k, learning_rate, max_norm, slip=""):
    """Train on a stream with PyTorch's own clipping, or with one slip."""
    p = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    read = {name: value.detach().clone().requires_grad_() for name, value in p.items()}
    x, targets, h0 = (torch.tensor(np.asarray(array)) for array in (x, targets, h0))
    h, losses = torch.zeros_like(h0) if slip == "zeros" else h0, []
    for part, target in zip(x.split(k, dim=1), targets.split(k, dim=1), strict=True):
        if slip == "short" and part.shape[1] < k:
            continue
        source, states = read if slip == "stale" else p, []
        for step in part.unbind(dim=1):
            h = torch.tanh(step @ source["W_x"] + h @ source["W_h"] + source["b"])
            states.append(h)
        y = torch.stack(states, dim=1) @ source["W_y"] + source["b_y"]
        loss = nn.functional.mse_loss(y, target)
        for name, grad in zip(p, torch.autograd.grad(loss, list(source.values())), strict=True):
            p[name].grad = grad
        for group in [[q] for q in p.values()] if slip == "each" else [list(p.values())]:
            if slip != "free":
                norm = nn.utils.clip_grad_norm_(group, max_norm)
            if slip == "normed":
                for q in group:
                    q.grad *= max(1.0, max_norm / norm)
        with torch.no_grad():
            for name, q in p.items():
                rate = 0.0 if name == slip else learning_rate
                q += (1 if slip == "climbs" else -1) * rate * q.grad
        losses.append(loss.item())
        h = h0 if slip == "forgets" else h.detach()
    return {name: q.detach().numpy() for name, q in p.items()}, np.array(losses)


def train_on_stream(t, train_on_stream, loss_and_gradients):
    options = {"k": 4, "learning_rate": 0.5, "max_norm": 0.6}
    t.check(train_on_stream, {**_TASK, **options}, "new_params, losses", float32=False)
    _, losses = train_on_stream(**checks.copy_of(_TASK), **options | {"learning_rate": 0.0})
    loss, _, _ = loss_and_gradients(*checks.copy_of(_TASK).values())
    checks.require(
        np.isclose(np.dot(losses, [4, 4, 1]) / 9, loss),
        "train_on_stream: with learning_rate 0 the losses must be those of the uncut sequence.",
    )
    try:
        new_params, _ = train_on_stream(**_float32(_TASK), **options)
        dtypes = {value.dtype for value in new_params.values()}
    except RuntimeError as error:  # the second part gets what the first update has made
        if "dtype" not in str(error):
            raise
        dtypes = {np.dtype(np.float64)}
    checks.require(
        dtypes == {np.dtype(np.float32)},
        "train_on_stream: float32 parameters must stay float32: multiply by the learning rate as "
        "the Python float that it is.",
    )
    whole = {"k": 9, "learning_rate": 0.5, "max_norm": 1e6}
    new_params, _ = train_on_stream(**checks.copy_of(_TASK), **whole)
    _, grads, _ = loss_and_gradients(*checks.copy_of(_TASK).values())
    checks.require(
        all(np.allclose(new_params[n], _TASK["params"][n] - 0.5 * g) for n, g in grads.items()),
        "train_on_stream: gradients that are shorter than max_norm must be left as they are.",
    )
    t.say("with learning rate 0 the losses are those of the uncut sequence")


def rtrl_gradients(t, rtrl_gradients, loss_and_gradients):
    T = 4
    task = _TASK | {"x": _TASK["x"][:, :T], "targets": _TASK["targets"][:, :T]}

    def on_a_stream(x, targets, h0, params):
        return rtrl_gradients(_read_once(x, targets), h0, params)

    on_a_stream.__name__ = "rtrl_gradients"  # what messages call it
    t.check(on_a_stream, task, "grads")
    t.check(on_a_stream, {**task, "h0": task["h0"][::-1]}, "grads", quiet=True)
    single = {name: _TASK[name][:1, :1] for name in ("x", "targets")} | {"h0": _TASK["h0"][:1]}
    t.check(on_a_stream, single | {"params": _TASK["params"]}, "grads", quiet=True)
    grads = on_a_stream(**checks.copy_of(_TASK))
    _, backwards, _ = loss_and_gradients(*checks.copy_of(_TASK).values())
    checks.require(
        all(np.allclose(grads[name], 9 * backwards[name]) for name in grads),
        "rtrl_gradients: after nine steps grads are no longer those of BPTT, times the number of "
        "steps.",
    )
    dtypes = {gradient.dtype.name for gradient in on_a_stream(**_float32(_TASK)).values()}
    checks.require(
        dtypes == {"float32"},
        "rtrl_gradients: gradients must have the dtype of h0; make M with dtype=h0.dtype.",
    )
    t.say("after nine steps the gradients are those of BPTT, and no step was kept")


def _read_once(x: np.ndarray, targets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The steps of sequences, each for the time that it is read: who keeps one is told."""
    given: list[weakref.ref] = []
    for step in range(x.shape[1]):
        checks.require(
            all(ref() is None for ref in given[:-1]),
            "rtrl_gradients keeps steps that are over: go through the stream once, with M alone "
            "for its past.",
        )
        yield _lent(x[:, step], given), targets[:, step].copy()


def _lent(values: np.ndarray, given: list[weakref.ref]) -> np.ndarray:
    copy = values.copy()
    given.append(weakref.ref(copy))
    return copy
