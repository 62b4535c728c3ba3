"""A learner's guess is put beside what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from course.guess import compare_guess


@pytest.mark.parametrize(
    ("guess", "measured", "said"),
    [
        (None, 23, "your guess: none yet. Write one above, run that cell and this one again."),
        (23, 23, "your guess: 23 steps, exactly"),
        (25, 23, "your guess: 25 steps, close"),
        (30, 23, "your guess: 30 steps, a little too high"),
        (100, 25, "your guess: 100 steps, 4 times too high"),
        (np.float64(5.0), 25, "your guess: 5 steps, 5 times too low"),
        (-1, 2, "your guess: -1 steps, 3 off"),
        (0, 2.0, "your guess: 0 steps, 2 off"),
        (4000, 2000.0, "your guess: 4,000 steps, 2 times too high"),
        ("many", 2.0, "your guess: many, but a number was asked for"),
        ("The LSTM ", "the lstm", "your guess: The LSTM, and so it came out"),
        ("GRU", "LSTM", "your guess: GRU, and it came out otherwise"),
        (True, False, "your guess: True, and it came out otherwise"),
    ],
)
def test_a_guess_is_compared(guess, measured, said, capsys):
    compare_guess(guess, measured, "steps")
    assert capsys.readouterr().out.splitlines()[1] == said


def test_what_was_measured_is_printed_first(capsys):
    compare_guess(None, 0.123456, "nats")
    assert capsys.readouterr().out.startswith("measured: 0.123 nats\n")
