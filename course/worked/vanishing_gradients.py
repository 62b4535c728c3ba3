"""Worked examples of the exercises of ``01_rnn/vanishing_gradients.ipynb``."""

from __future__ import annotations

import numpy as np

from course import checks


def gradient_norms(t, gradient_norms):
    t.check(
        gradient_norms,
        {
            "W_h": np.array([[0.9, -1.2], [0.4, 0.7]]),
            "h": np.array(
                [
                    [[0.3, -0.6], [0.5, 0.1], [-0.2, 0.7], [0.4, -0.8]],
                    [[-0.1, 0.8], [0.6, -0.4], [0.1, 0.2], [-0.5, 0.3]],
                ]
            ),
        },
        "norms",
    )
    h = np.array([[[0.3], [0.5], [0.8]]])
    checks.require(
        np.allclose(gradient_norms(np.array([[2.0]]), h), [1.08, 0.72, 1.0]),
        "gradient_norms does not give the example by hand, 1.08, 0.72, 1.",
    )
    checks.require(
        np.allclose(gradient_norms(np.array([[2.0]]), h[:, :1]), [1.0]),
        "gradient_norms must also work for a single step, T = 1: the answer is [1.].",
    )


def scale_spectral_radius(t, scale_spectral_radius):
    t.check(
        scale_spectral_radius,
        {"W": np.array([[0.3, -2.0, 0.4], [1.5, 0.2, 0.0], [0.7, 0.1, -0.1]]), "radius": 0.9},
        "scaled",
    )
    checks.require(
        np.allclose(
            scale_spectral_radius(np.array([[0.0, -2.0], [2.0, 0.0]]), 0.5),
            [[0.0, -0.5], [0.5, 0.0]],
        ),
        "scale_spectral_radius does not give the example by hand: take |2i| = 2, not its real part.",
    )


def clip_grad_norm(t, clip_grad_norm):
    t.check(
        clip_grad_norm,
        {
            "grads": [
                np.array([3.0, -1.0]),
                np.array([[4.0, 0.5], [-2.0, 1.5]]),
                np.array([[-1.6, 1.2]]),
            ],
            "max_norm": 1.5,
        },
        "clipped, total_norm",
    )
    grads = [np.array([3.0, -1.0]), np.array([[4.0, 0.5]])]
    clipped, norm = clip_grad_norm(grads, 100.0)
    checks.require(
        all(np.array_equal(a, b) for a, b in zip(clipped, grads, strict=True)),
        "clip_grad_norm must not lengthen a gradient that is shorter than max_norm.",
    )
    checks.require(
        not any(np.shares_memory(a, b) for a, b in zip(clipped, grads, strict=True)),
        "clip_grad_norm must return new arrays, also when nothing is clipped.",
    )
    clipped, norm = clip_grad_norm([np.zeros(3), np.zeros((2, 1))], 1.0)
    checks.require(
        norm == 0 and all(np.all(a == 0) for a in clipped),
        "clip_grad_norm: gradients that are all zero must stay zero, with norm 0 (no division by 0).",
    )
    clipped, norm = clip_grad_norm([np.ones(2, np.float32), np.ones((3, 1), np.float32)], 0.5)
    checks.require(
        all(a.dtype == np.float32 for a in clipped),
        "clip_grad_norm must keep float32: the scale must be a Python float, not a NumPy float64.",
    )


def truncated_bptt(t, truncated_bptt, loss_and_gradients):
    args = {
        "x": np.array([[[0.5], [-1.0], [0.8], [0.3], [-0.6]]]),
        "targets": np.array([[[0.2], [0.5], [-1.0], [0.8], [0.3]]]),
        "h0": np.array([[0.4, -0.7]]),
        "params": {
            "W_h": np.array([[0.9, -0.8], [0.5, 0.6]]),
            "W_x": np.array([[0.7, -0.3]]),
            "b": np.array([0.1, -0.2]),
            "W_y": np.array([[1.2], [-0.5]]),
            "b_y": np.array([0.05]),
        },
        "k": 2,
    }
    t.check(truncated_bptt, args, "loss, grads")
    loss, full, _ = loss_and_gradients(*list(args.values())[:4])
    for k in (1, 3, 5, 9):
        cut_loss, g = truncated_bptt(**(args | {"k": k}))
        checks.require(
            np.isclose(cut_loss, loss),
            f"truncated_bptt: the loss must not depend on k; with k = {k} it is {cut_loss:.6f}, "
            f"without a cut {loss:.6f}.",
        )
        checks.require(
            k < 5 or all(np.allclose(g[name], full[name]) for name in full),
            f"truncated_bptt: with k = {k} nothing is cut, so grads must be those of full BPTT.",
        )
    single = {name: value.astype(np.float32) for name, value in args["params"].items()}
    _, g = truncated_bptt(
        *(args[name].astype(np.float32) for name in ("x", "targets", "h0")), single, 2
    )
    checks.require(
        all(g.dtype == np.float32 for g in g.values()),
        "truncated_bptt: gradients of float32 parameters must be float32 (np.zeros_like keeps it).",
    )


def train_on_stream(t, train_on_stream, loss_and_gradients):
    args = {
        "x": np.array([[[0.5], [-1.0], [0.8], [0.3], [-0.6]]]),
        "targets": np.array([[[0.2], [0.5], [-1.0], [0.8], [0.3]]]),
        "h0": np.array([[0.4, -0.7]]),
        "params": {
            "W_h": np.array([[0.9, -0.8], [0.5, 0.6]]),
            "W_x": np.array([[0.7, -0.3]]),
            "b": np.array([0.1, -0.2]),
            "W_y": np.array([[1.2], [-0.5]]),
            "b_y": np.array([0.05]),
        },
        "k": 2,
        "learning_rate": 0.5,
        "max_norm": 0.3,
    }
    t.check(train_on_stream, args, "new_params, losses", float32=False)
    _, losses = train_on_stream(**(args | {"learning_rate": 0.0}))
    loss, _, _ = loss_and_gradients(*list(args.values())[:4])
    checks.require(
        np.isclose((2 * losses[0] + 2 * losses[1] + losses[2]) / 5, loss),
        "train_on_stream: with learning_rate 0 the losses must be those of the uncut sequence.",
    )
