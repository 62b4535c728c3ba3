"""``python -m experiments [name ...]``: make stored measurements again, all without a name.

A name is that of a file in ``course/data/stored``, without its ending.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from experiments import (
    attention,
    comparison,
    forecasting,
    gru,
    language_model,
    lstm,
    runs,
    sentiment,
    seq2seq,
    tagging,
)

ALL = (
    comparison,
    forecasting,
    attention,
    language_model,
    sentiment,
    seq2seq,
    tagging,
    lstm,
    gru,
)
EXPERIMENTS = {file: experiment for experiment in ALL for file in experiment.STUDIES}


def main(names: Sequence[str]) -> None:
    """Make the named files again, all without a name."""
    if unknown := sorted(set(names) - EXPERIMENTS.keys()):
        known = ", ".join(EXPERIMENTS)
        sys.exit(f"error: no experiment stores {', '.join(unknown)}; there are {known}")
    for name in names or EXPERIMENTS:
        runs.run(EXPERIMENTS[name], name)


if __name__ == "__main__":
    main(sys.argv[1:])
