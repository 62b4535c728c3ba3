"""A claim about a result is made by code: true in every build, and never typed."""

from __future__ import annotations

import os
from typing import Any

STRICT = "COURSE_CLAIMS"
"""Set to ``strict`` where solutions are built and tested: a false claim is an error there."""


class ClaimFailed(AssertionError):
    """A sentence that the course prints is not true in this run."""


def claim(sentence: str, holds: Any) -> None:
    """Print a sentence about what was measured, if it is true.

    A learner's run may come out otherwise, with other code or on another machine: then the
    sentence is printed as one that does not hold, and nothing stops.

    Parameters
    ----------
    sentence : str
        A whole sentence.
    holds
        Anything with a truth value.

    Raises
    ------
    ClaimFailed
        Where ``COURSE_CLAIMS`` is ``strict`` and the claim is false.
    """
    if bool(holds):
        print(f"✓ {sentence}")
        return
    if os.environ.get(STRICT) == "strict":
        raise ClaimFailed(sentence)
    print(f"✗ Not in your run: {sentence}")
