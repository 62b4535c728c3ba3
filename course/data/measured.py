"""Measurements of long runs, stored beside the course and made again by ``make experiments``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STORED = Path(__file__).parent / "stored"


def measured(name: str) -> dict[str, Any]:
    """Load stored measurements of a lesson.

    Parameters
    ----------
    name : str
        The stored file's, which begins with the notebook's: ``"seq2seq"``, ``"seq2seq_seeds"``.

    Returns
    -------
    dict
        A table (:class:`pandas.DataFrame`, one row a run) for each study, and under ``"made"``
        the seeds, the versions and the processor seconds that made them.
    """
    import pandas as pd  # here: every kernel's parent imports this package, and few need a table

    found = json.loads((STORED / f"{name}.json").read_text())
    made = found.pop("made")
    return {"made": made, **{study: pd.DataFrame(rows) for study, rows in found.items()}}
