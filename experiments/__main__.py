"""``python -m experiments``: make every stored measurement again."""

from __future__ import annotations

from experiments import (
    attention,
    comparison,
    forecasting,
    language_model,
    sentiment,
    seq2seq,
    tagging,
)

comparison.main()
forecasting.main()
attention.main()
language_model.main()
sentiment.main()
seq2seq.main()
tagging.main()
