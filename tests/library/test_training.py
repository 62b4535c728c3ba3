"""What every training loop needs."""

from __future__ import annotations

import pytest

from course import training


@pytest.mark.parametrize(
    ("execution", "chosen"), [("autograde", 200), ("validate", 300), ("", 300)]
)
def test_graded_work_is_trained_for_less_time(monkeypatch, execution, chosen):
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    assert training.when_graded(200, otherwise=300) == chosen
