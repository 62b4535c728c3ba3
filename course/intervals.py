"""How far a mean over few runs may be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def interval_over_seeds(differences: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Student's interval for the mean of paired differences, one from each seed.

    It covers what the seed decides. What another choice of test examples would change comes on
    top of it.

    Parameters
    ----------
    differences : sequence of float
        At least two, in any unit.
    level : float
        Share of such intervals that hold the true mean.

    Returns
    -------
    low, high : float
        In the unit of the differences.

    Raises
    ------
    ValueError
        If there are fewer than two differences.
    """
    found = np.asarray(differences, dtype=float)
    if found.size < 2:
        raise ValueError("interval_over_seeds: one difference shows no spread; give at least two")
    reach = stats.t.ppf((1 + level) / 2, found.size - 1) * found.std(ddof=1) / found.size**0.5
    return float(found.mean() - reach), float(found.mean() + reach)
