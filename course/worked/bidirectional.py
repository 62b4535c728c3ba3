"""Worked examples of the exercises of ``04_bidirectional/bidirectional.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks
from course.figures.bidirectional import padding_changes
from course.weights import load_torch_weights

TENFOLD = np.array([1.0, 10.0])
"""Makes two features of a number: itself, and ten times itself."""
STAY = "Stay in PyTorch: no NumPy, no detach."


def length_mask(t, length_mask):
    t.check(length_mask, {"lengths": np.array([2, 4, 1]), "T": 5}, "mask")
    for lengths, T in (([5, 1, 3], 5), ([1], 1)):
        t.check(length_mask, {"lengths": np.array(lengths), "T": T}, "mask", quiet=True)


def reverse_padded(t, reverse_padded):
    rows = [[1, 2, 3, -8, -9], [4, 5, 6, 7, -5], [9, -8, -7, -6, -4]]
    x, lengths = np.array(rows, dtype=float)[:, :, None] * TENFOLD, np.array([3, 4, 1])
    t.check(reverse_padded, {"x": x, "lengths": lengths}, "reversed")
    one = {"x": x[:1, :4, :1], "lengths": np.array([2])}
    for args in ({"x": x[::-1], "lengths": np.array([2, 5, 4])}, one):
        t.check(reverse_padded, args, "reversed", quiet=True)
    x, lengths = np.random.default_rng(5).normal(size=(4, 6, 3)), np.array([2, 6, 1, 4])
    checks.require(
        np.array_equal(reverse_padded(reverse_padded(x, lengths), lengths), x),
        "Turning around twice must give the array back; with lengths 2, 6, 1, 4 yours does not.",
    )
    checks.require(
        not np.shares_memory(reverse_padded(x, np.full(4, 6)), x),
        "Where nothing is padded the result shares its memory with x: return a new array there, "
        "too.",
    )


def bidirectional(t, bidirectional):
    x = np.array([[1, 10, 100, -9], [2, 20, -9, -90], [5, -9, -90, -900]], dtype=float)
    args = {
        "forward_fn": _sums_of_x_plus_1,
        "backward_fn": _minus_sums_of_x_plus_1,
        "x": x[:, :, None],
        "lengths": np.array([3, 2, 1]),
    }
    t.check(bidirectional, args, "h")
    for rows, lengths in ((slice(None, None, -1), [4, 1, 2]), (slice(1), [1])):
        args |= {"x": x[rows, :, None], "lengths": np.array(lengths)}
        t.check(bidirectional, args, "h", quiet=True)


def _sums_of_x_plus_1(x):
    """A chain that adds up what it reads, with a bias of 1: (N, T, 1) to (N, T, 2)."""
    total = np.cumsum(x + 1, axis=1)
    return np.concatenate([total, 3 * total], axis=2)


def _minus_sums_of_x_plus_1(x):
    return -_sums_of_x_plus_1(x)


def final_states(t, final_states):
    h_fwd = np.arange(1.0, 25.0).reshape(3, 4, 2) ** 2
    args = {"h_fwd": h_fwd, "h_bwd": -10 * h_fwd, "lengths": np.array([2, 3, 1])}
    t.check(final_states, args, "final")
    for rows, lengths in ((slice(None, None, -1), [4, 1, 2]), (slice(1), [3])):
        states = {"h_fwd": h_fwd[rows], "h_bwd": -10 * h_fwd[rows]}
        t.check(final_states, states | {"lengths": np.array(lengths)}, "final", quiet=True)


def BiLSTM(t, BiLSTM):
    _two_way(t, BiLSTM, nn.LSTM)


def BiGRU(t, BiGRU):
    _two_way(t, BiGRU, nn.GRU)


def _two_way(t, kind, layer_kind):
    """Compare a module with the model answer, then look at the properties of every right one."""
    name = t.exercise
    torch.manual_seed(0)
    layer = layer_kind(2, 3, bidirectional=True).double()
    with torch.no_grad():
        for k, p in enumerate(layer.parameters()):
            p.copy_(torch.sin(1.0 + k + 2.0 * torch.arange(p.numel()).double()).reshape(p.shape))
    model = kind(2, 3).double()
    try:
        load_torch_weights(model, layer)
    except ValueError as error:
        chains = f"two {layer_kind.__name__} chains, each with its own"
        raise checks.CheckFailed(f"{name} needs the parameters of {chains}: {error}.") from None
    x = torch.cos(torch.arange(24.0, dtype=torch.float64) ** 2).reshape(3, 4, 2)
    args = {"x": x, "lengths": torch.tensor([2, 3, 1])}
    first = t.check(model, args, "output, h_n", float32=False, quiet=True)
    second = model(x.clone(), args["lengths"].clone())
    checks.require(
        torch.allclose(first["output"], second[0]),
        f"{name}: a second call with the same batch gives other outputs. Each call starts from "
        "zero states.",
    )
    one = {"x": x[2:, :1], "lengths": torch.tensor([1])}
    t.check(model, one, "output, h_n", float32=False, quiet=True)
    data, lengths = torch.randn(4, 9, 5, dtype=torch.float64), torch.tensor([3, 8, 1, 6])
    for change, size in padding_changes(kind(5, 3).double(), data, lengths).items():
        checks.require(size < 1e-9, f"{name}: {change} moves the real outputs by up to {size:.2g}.")
    _keeps_form_and_gradient(name, kind(5, 3), data.float().requires_grad_(), lengths)
    t.say(f"{name}: output, h_n, and none of the four changes matters")


def _keeps_form_and_gradient(name, model, x, lengths):
    output, h_n = model(x, lengths)
    for label, value, shape in (("output", output, (4, 9, 6)), ("h_n", h_n, (4, 6))):
        checks.form(f"{name}: {label}", value, shape, "float32")
        checks.require(value.requires_grad, f"{name}: no gradient flows to {label}. {STAY}")
    for half, states in (("forward", output[..., :3]), ("backward", output[..., 3:])):
        (grad,) = torch.autograd.grad(states.sum(), x, retain_graph=True, allow_unused=True)
        reached = grad is not None and bool(grad[0, 0].any())
        checks.require(
            reached, f"{name}: no gradient comes from the {half} half to the input. {STAY}"
        )
    (output.sum() + h_n.sum()).backward()
    still = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    checks.require(not still, f"{name}: no gradient reaches {', '.join(still)}.")


def test_encoder(t, test_encoder, rewritten):
    red = {
        rewritten: "the colleague's encoder",
        "h0": "an encoder that starts from zeros, whatever h0 is",
        "short": "an encoder that leaves out the last word of every sentence",
        "first": "an encoder that gives every sentence the length of the first",
        "shown": "an encoder whose outputs go on with the last state behind a sentence",
        "last": "an encoder that returns the last column of outputs as h_last",
        "zeros": "an encoder that takes every step for real whose input is not zero",
        "tenth": "an encoder whose steps go only nine tenths of the way",
        "exchanged": "an encoder that gives the first two sentences each other's states",
    }
    green = {
        "": "a right encoder, one that takes the sentences one at a time",
        "change": "a right encoder, one that adds up the changes of the state",
    }
    t.say(bug_hunt.require_red_and_green(test_encoder, _one_at_a_time, red=red, green=green))


def _one_at_a_time(step_fn, x, h0, lengths, slip=""):
    """States of a padded batch, sentence by sentence; or with one slip."""
    x, ends, T = np.asarray(x), [int(length) for length in lengths], x.shape[1]
    rows, finals = [], []
    for n, end in enumerate(ends):
        h = 0 * h0[n : n + 1] if slip == "h0" else h0[n : n + 1]
        real = {
            "short": [t + 1 < end for t in range(T)],
            "first": [t < ends[0] for t in range(T)],
            "zeros": [bool(word.any()) for word in x[n]],
        }.get(slip, [t < end for t in range(T)])
        row = []
        for t, reads in enumerate(real):
            if reads:
                new = step_fn(x[n : n + 1, t], h)
                new = 0.1 * h + 0.9 * new if slip == "tenth" else new
                h = h + (new - h) if slip == "change" else new
            row.append(h if reads or slip == "shown" else 0 * h)
        rows.append(np.concatenate(row))
        finals.append(row[-1] if slip == "last" else h)
    if slip == "exchanged":
        rows[:2], finals[:2] = rows[:2][::-1], finals[:2][::-1]
    return np.stack(rows), np.concatenate(finals)


def encode_batch(t, encode_batch):
    x = np.array([[0, 10, -9, 5], [2, 30, 400, -5], [3, -9, -90, 0]], dtype=float)
    args = {
        "step_fn": _add_and_subtract,
        "x": x[:, :, None],
        "h0": np.array([[5.0, -5.0], [7.0, -8.0], [60.0, 90.0]]),
        "lengths": np.array([2, 3, 1]),
    }
    t.check(encode_batch, args, "outputs, h_last")
    for rows, lengths in ((slice(None, None, -1), [3, 1, 2]), (slice(1), [1])):
        again = {"x": x[rows, :, None], "h0": args["h0"][rows], "lengths": np.array(lengths)}
        t.check(encode_batch, args | again, "outputs, h_last", quiet=True)


def _add_and_subtract(x, h):
    """A step with a bias of 1: (N, 1), (N, 2) to (N, 2)."""
    return np.concatenate([h[:, :1] + x + 1, h[:, 1:] - x - 1], axis=1)
