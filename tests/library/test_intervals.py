"""The interval for a mean over few seeds: hand-made numbers, and how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from course.intervals import interval_over_seeds


def test_an_interval_that_can_be_worked_out_by_hand():
    # Mean 2, standard deviation 1, standard error 1 / sqrt(3); Student's factor for 2 degrees: 4.303
    low, high = interval_over_seeds([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3)


def test_it_holds_the_truth_as_often_as_it_says():
    drawn = np.random.default_rng(0).normal(1.0, 2.0, size=(2000, 5))
    held = [low < 1.0 < high for low, high in map(interval_over_seeds, drawn)]
    assert 0.93 < np.mean(held) < 0.97


def test_a_lower_level_makes_it_narrower():
    low, high = interval_over_seeds([1.0, 2.0, 3.0], level=0.5)
    wide_low, wide_high = interval_over_seeds([1.0, 2.0, 3.0])
    assert wide_low < low < high < wide_high


def test_one_run_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        interval_over_seeds([1.0])
