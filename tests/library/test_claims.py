"""Claims are printed when they hold, and stop a build when they do not."""

from __future__ import annotations

import numpy as np
import pytest

from course.claims import STRICT, ClaimFailed, claim


@pytest.mark.parametrize("holds", [True, np.bool_(True), 1, np.array([True])])
def test_what_holds_is_printed(holds, capsys):
    claim("The LSTM wins.", holds)
    assert capsys.readouterr().out == "✓ The LSTM wins.\n"


@pytest.mark.parametrize("holds", [False, np.bool_(False), 0])
def test_what_does_not_hold_stops_a_build(holds, monkeypatch):
    monkeypatch.setenv(STRICT, "strict")
    with pytest.raises(ClaimFailed, match="The LSTM wins"):
        claim("The LSTM wins.", holds)


def test_a_learner_goes_on(monkeypatch, capsys):
    monkeypatch.delenv(STRICT, raising=False)
    claim("The LSTM wins.", False)
    assert capsys.readouterr().out == "✗ Not in your run: The LSTM wins.\n"


def test_the_tests_of_the_solutions_are_strict():
    import os

    assert os.environ[STRICT] == "strict"
