"""``python -m experiments [name ...]``: make stored measurements again, all without a name."""

from __future__ import annotations

import importlib
import sys

from experiments import runs

ALL = (
    "comparison",
    "forecasting",
    "attention",
    "attention_seeds",
    "language_model",
    "sentiment",
    "seq2seq",
    "seq2seq_seeds",
    "tagging",
    "lstm",
    "gru",
)

for name in sys.argv[1:] or ALL:
    runs.run(importlib.import_module(f"experiments.{name}"))
