"""Titles that hold, and pictures that are small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from course import plots


class TestTrueTitle:
    def test_it_claims_what_holds(self):
        assert plots.true_title("A wins", np.bool_(True), "A and B") == "A wins"

    @pytest.mark.parametrize("holds", [False, 0, np.nan > 1, None])
    def test_it_names_what_is_drawn_otherwise(self, holds):
        assert plots.true_title("A wins", holds, "A and B") == "A and B"


class TestSmallPictures:
    @pytest.fixture
    def figure(self):
        plots.set_style()
        figure, (left, right) = plots.new_figure(columns=2)
        left.imshow(np.random.default_rng(0).normal(size=(8, 8)), cmap="vlag")
        right.plot(np.arange(9) ** 2, color=plots.COLORS[3])
        right.set_title("A small title", color=plots.CELL_COLORS["gru"])
        yield figure
        plt.close(figure)

    def test_they_look_the_same_in_half_the_bytes(self, figure):
        whole = io.BytesIO()
        figure.savefig(whole, format="png", dpi=130)
        small = plots.small_png(figure, dpi=130)
        assert len(small) < 0.5 * len(whole.getvalue())
        pictures = [Image.open(file).convert("RGB") for file in (whole, io.BytesIO(small))]
        first, second = (np.asarray(picture, dtype=int) for picture in pictures)
        assert first.shape == second.shape
        assert np.abs(first - second).max() <= 12
