"""The sentiment notebook on whole reviews: it runs on a small archive that is laid out as IMDB's."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import nbformat
import pytest
from matplotlib import pyplot as plt

from tests.conftest import ROOT

SOURCE = ROOT / "source" / "04_bidirectional" / "sentiment.ipynb"
LAST = "b6086fb5"
"""The cell that scores the test part; what comes after it reads no reviews of its own."""
GOOD, BAD, PLAIN = (
    ["good", "fine", "moving", "warm", "great", "fun"],
    ["bad", "dull", "boring", "slow", "cold", "waste"],
    [
        "the",
        "film",
        "a",
        "story",
        "of",
        "and",
        "is",
        "it",
        "but",
        "not",
        "with",
        "some",
        "actors",
        "comedy",
        "plot",
        "time",
    ],
)
RATINGS = {"pos": (7, 8, 8, 9, 10, 10, 10), "neg": (4, 3, 3, 2, 1, 1, 1)}
"""Extreme ones are the most frequent, as on IMDB."""


def small_imdb(archive: Path) -> None:
    """Write 140 reviews for training and 42 for testing, of 5 to 25 words."""
    draw = random.Random(0)
    with tarfile.open(archive, "w:gz") as files:
        for half, count in (("train", 70), ("test", 21)):
            for side, telling in (("pos", GOOD), ("neg", BAD)):
                for number in range(count):
                    words = [
                        draw.choice(telling if draw.random() < 0.3 else PLAIN)
                        for _ in range(draw.randint(5, 25))
                    ]
                    text = f"{' '.join(words)}.<br /><br />Number {number}.".encode()
                    rating = RATINGS[side][number % 7]
                    item = tarfile.TarInfo(f"aclImdb/{half}/{side}/{number}_{rating}.txt")
                    item.size = len(text)
                    files.addfile(item, io.BytesIO(text))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Precision is ill-defined")  # eleven reviews for validation
def test_every_cell_runs_and_the_test_part_is_scored(tmp_path, monkeypatch, capsys):
    small_imdb(tmp_path / "aclImdb_v1.tar.gz")
    monkeypatch.setenv("IMDB_FOLDER", str(tmp_path))
    monkeypatch.setenv("COURSE_QUIET", "1")
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    names: dict = {"__name__": "notebook"}
    for cell in nbformat.read(SOURCE, as_version=4).cells:
        locked = cell.metadata.get("nbgrader", {}).get("locked", False)
        if cell.cell_type == "code" and not locked:
            exec(compile(cell.source, f"<{cell.id}>", "exec"), names)
            plt.close("all")
        if cell.id == LAST:
            break
    assert names["LONGEST"] == 250
    assert len(names["corpus"].train) + len(names["corpus"].valid) == 140
    said = capsys.readouterr().out
    assert "25,000 + 25,000 film reviews" in said
    assert said.rstrip().splitlines()[-1].startswith("accuracy on 42 test reviews: ")
