"""``python -m experiments``: make every stored measurement again."""

from __future__ import annotations

from experiments import attention, comparison, forecasting

comparison.main()
forecasting.main()
attention.main()
