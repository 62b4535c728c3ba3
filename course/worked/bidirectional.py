"""Worked examples of the exercises of ``04_bidirectional/bidirectional.ipynb``."""

from __future__ import annotations

import numpy as np
from torch import nn

from course import checks


def length_mask(t, length_mask):
    _T, _F = True, False
    t.check(length_mask, {"lengths": np.array([2, 4, 1]), "T": 5}, "mask")


def reverse_padded(t, reverse_padded):
    def _tens(*rows):
        """Two features a step: the number and ten times the number."""
        return np.array(rows, dtype=float)[:, :, None] * np.array([1.0, 10.0])

    t.check(
        reverse_padded,
        {
            "x": _tens([1, 2, 3, -8], [4, 5, 6, 7], [9, -8, -7, -6]),
            "lengths": np.array([3, 4, 1]),
        },
        "reversed",
    )
    _x = np.random.default_rng(5).normal(size=(4, 6, 3))
    _lengths = np.array([2, 6, 1, 4])
    checks.require(
        np.array_equal(reverse_padded(reverse_padded(_x, _lengths), _lengths), _x),
        "Turning around twice must give the array back; with lengths 2, 6, 1, 4 yours does not.",
    )


def bidirectional(t, bidirectional):
    def _rows(*rows):
        return np.array(rows, dtype=float)

    t.check(
        bidirectional,
        {
            "forward_fn": lambda x: np.cumsum(x, axis=1),
            "backward_fn": lambda x: -np.cumsum(x, axis=1),
            "x": _rows([[1], [10], [100]], [[2], [20], [-9]]),
            "lengths": np.array([3, 2]),
        },
        "h",
    )


def final_states(t, final_states):
    t.check(
        final_states,
        {
            "h_fwd": np.array(
                [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]]
            ),
            "h_bwd": -np.array(
                [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]]
            ),
            "lengths": np.array([2, 3]),
        },
        "final",
    )


def BiLSTM(t, BiLSTM, check_two_way):
    check_two_way(
        BiLSTM,
        nn.LSTM,
        output=[
            [[0.1951, -0.5824], [0.0974, -0.6896], [-0.1139, -0.0923]],
            [[0.0938, -0.3672], [0.1182, -0.5975], [0, 0]],
        ],
        h_n=[[-0.1139, -0.5824], [0.1182, -0.3672]],
        mistakes={
            "output": {
                "The backward chain has read the padding: reverse within the length.": [
                    [[0.1951, -0.5824], [0.0974, -0.6896], [-0.1139, -0.0923]],
                    [[0.0938, -0.3712], [0.1182, -0.6093], [0, 0]],
                ],
                "The backward states were not turned back to their positions.": [
                    [[0.1951, -0.0923], [0.0974, -0.6896], [-0.1139, -0.5824]],
                    [[0.0938, -0.5975], [0.1182, -0.3672], [0, 0]],
                ],
                "The lengths are not used: both chains have read the padding.": [
                    [[0.1951, -0.5824], [0.0974, -0.6896], [-0.1139, -0.0923]],
                    [[0.0938, -0.3712], [0.1182, -0.6093], [-0.5103, -0.0112]],
                ],
                "The padding steps must be 0.": [
                    [[0.1951, -0.5824], [0.0974, -0.6896], [-0.1139, -0.0923]],
                    [[0.0938, -0.3672], [0.1182, -0.5975], [-0.5103, -0.1162]],
                ],
                "The halves are swapped: forward comes first.": [
                    [[-0.5824, 0.1951], [-0.6896, 0.0974], [-0.0923, -0.1139]],
                    [[-0.3672, 0.0938], [-0.5975, 0.1182], [0, 0]],
                ],
            },
            "h_n": {
                "The forward half is the last column; for a short sentence that is padding.": [
                    [-0.1139, -0.5824],
                    [-0.5103, -0.3672],
                ],
                "The backward half is taken where that chain begins: it ends at the first step.": [
                    [-0.1139, -0.0923],
                    [0.1182, -0.5975],
                ],
                "The halves are swapped: forward comes first.": [
                    [-0.5824, -0.1139],
                    [-0.3672, 0.1182],
                ],
            },
        },
    )


def BiGRU(t, BiGRU, check_two_way):
    check_two_way(
        BiGRU,
        nn.GRU,
        output=[
            [[0.4226, -0.7155], [0.869, -0.7002], [-0.3124, -0.0907]],
            [[-0.0967, -0.5301], [0.6618, -0.5724], [0, 0]],
        ],
        h_n=[[-0.3124, -0.7155], [0.6618, -0.5301]],
        mistakes={
            "output": {
                "The backward chain has read the padding: pack, or reverse within the length.": [
                    [[0.4226, -0.7155], [0.869, -0.7002], [-0.3124, -0.0907]],
                    [[-0.0967, -0.5261], [0.6618, -0.5634], [0, 0]],
                ],
                "The backward states were not turned back to their positions.": [
                    [[0.4226, -0.0907], [0.869, -0.7002], [-0.3124, -0.7155]],
                    [[-0.0967, -0.5724], [0.6618, -0.5301], [0, 0]],
                ],
                "The lengths are not used: both chains have read the padding.": [
                    [[0.4226, -0.7155], [0.869, -0.7002], [-0.3124, -0.0907]],
                    [[-0.0967, -0.5261], [0.6618, -0.5634], [-0.5702, 0.0157]],
                ],
                "The padding steps must be 0.": [
                    [[0.4226, -0.7155], [0.869, -0.7002], [-0.3124, -0.0907]],
                    [[-0.0967, -0.5301], [0.6618, -0.5724], [-0.5702, -0.3815]],
                ],
                "The halves are swapped: forward comes first.": [
                    [[-0.7155, 0.4226], [-0.7002, 0.869], [-0.0907, -0.3124]],
                    [[-0.5301, -0.0967], [-0.5724, 0.6618], [0, 0]],
                ],
            },
            "h_n": {
                "The rows are mixed up: (2, N, H) was reshaped. Concatenate the directions.": [
                    [-0.3124, 0.6618],
                    [-0.7155, -0.5301],
                ],
                "The forward half is the last column; for a short sentence that is padding.": [
                    [-0.3124, -0.7155],
                    [-0.5702, -0.5301],
                ],
                "The backward half is taken where that chain begins: it ends at the first step.": [
                    [-0.3124, -0.0907],
                    [0.6618, -0.5724],
                ],
                "The halves are swapped: forward comes first.": [
                    [-0.7155, -0.3124],
                    [-0.5301, 0.6618],
                ],
            },
        },
    )


def encode_batch(t, encode_batch):
    def _column(*rows):
        return np.array(rows, dtype=float)[:, :, None]

    t.check(
        encode_batch,
        {
            "step_fn": lambda x, h: h + x,
            "x": _column([1, 10, 100], [2, 30, 400]),
            "h0": np.array([[5.0], [7.0]]),
            "lengths": np.array([3, 1]),
        },
        "outputs, h_last",
    )
