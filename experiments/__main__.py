"""``python -m experiments [name ...]``: make what is stored again, without a name all measurements.

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
    names_in_text,
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
TAKEN = {"names_in_text": names_in_text.store}
"""What is stored and no measurement: it needs a corpus that few have."""


def main(names: Sequence[str]) -> None:
    """Make the named files again."""
    known = [*EXPERIMENTS, *TAKEN]
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"error: nothing stores {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or EXPERIMENTS:
        if name in TAKEN:
            TAKEN[name]()
        else:
            runs.run(EXPERIMENTS[name], name)


if __name__ == "__main__":
    main(sys.argv[1:])
