"""What is drawn of stored seeds in the lessons on attention, and what is worked out from them."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from course import data
from course.figures import attention, attention_seeds, seq2seq, seq2seq_seeds


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


def dots(ax: plt.Axes) -> int:
    """How many dots and crosses there are, besides lines."""
    loose = (line for line in ax.lines if line.get_linestyle() == "None")
    return sum(len(line.get_xdata()) for line in loose if line.get_marker() in ("o", "x"))


def test_stored_readers_are_dots_beside_ones_own():
    lengths, facts = [1, 2, 4, 8], data.measured("attention_seeds")["facts"]
    attention.accuracy_against_facts(lengths, [1.0] * 4, [1.0] * 4, stored=facts)
    assert dots(plt.gca()) == 2 * 4 * 5


def test_stored_opinions_are_dots_and_ones_own_crosses():
    rows = data.measured("attention_seeds")["opinions"]
    own = (
        pd.DataFrame({"correlation": [0.3, 0.4], "same top word": [True, False]}),
        pd.DataFrame({"changed": dict.fromkeys(attention_seeds.CHANGES, 0.05)}),
        pd.DataFrame({name: [0.1] for name in ["a random word", *attention_seeds.CHOICES]}),
    )
    least, most = attention_seeds.opinions_by_seed(rows, own)
    assert [dots(ax) for ax in plt.gcf().axes] == [2 * 6, 3 * 6, 4 * 6]
    assert least["correlation"] == rows["correlation"].min() < most["correlation"]
    assert 0.02 < least["gap"] < most["gap"]


def test_every_model_of_the_notebook_has_five_stored_runs():
    runs = seq2seq_seeds.every_run()
    assert (runs.groupby("model")["seed"].nunique() == 5).all()
    assert runs["model"].nunique() == 7
    five = seq2seq_seeds.by_model()
    assert {table.shape for table in five.values()} == {(5, 2)} and len(five) == 7


def test_runs_by_length_have_a_row_for_each_seed():
    found = seq2seq_seeds.by_length(data.measured("seq2seq_seeds")["spellers"])
    assert set(found) == {"words wrong", "sounds wrong"}
    for models in found.values():
        assert set(models) == {"attention", "no attention", "published"}
        assert {table.shape for table in models.values()} == {(5, 5)}
    assert seq2seq_seeds.least_gap(found, "no attention", "attention") > 0
    assert seq2seq_seeds.least_gap(found, "attention", "no attention") < 0


def test_a_beam_gains_what_it_gets_right_more_than_a_beam_of_one():
    rows = [
        {
            "width": w,
            "seed": s,
            "words wrong": 0.4 - gain,
            "sounds wrong": 0.1,
            "score": -0.2 + gain,
        }
        for s in range(3)
        for w, gain in ((1, 0.0), (2, 0.01 * s), (3, 0.02))
    ]
    gains = seq2seq_seeds.beams_by_seed(pd.DataFrame(rows))
    words = gains.loc["words wrong"]
    assert words.loc[2, "mean"] == pytest.approx(1.0) and words.loc[2, "low"] < 0
    assert words.loc[3, ["low", "high"]].tolist() == pytest.approx([2.0, 2.0])
    assert gains.loc[("score", 3), "mean"] == pytest.approx(0.02)
    assert gains.loc[("sounds wrong", 3), "most"] == 0


def test_a_leak_is_worth_what_it_saves_and_moves_the_lead():
    rows = [
        {
            "division": division,
            "reader": reader,
            "group": group,
            "seed": seed,
            "words wrong": 0.5 - 0.1 * (division[0] == "w") * (reader == "look-up"),
            "sounds wrong": 0.2,
        }
        for division in ("words dealt one by one", "families kept together")
        for reader in ("look-up", "network")
        for group in ("with relatives", "without", "all")
        for seed in range(2)
    ]
    saved, leads = seq2seq_seeds.what_a_leak_is_worth(pd.DataFrame(rows))
    words = saved["words wrong"]
    assert words["look-up", "all"].tolist() == pytest.approx([0.1, 0.1])
    assert words["network", "with relatives"].tolist() == pytest.approx([0, 0])
    lead = leads["words wrong"]
    assert lead["families kept together"].tolist() == pytest.approx([0, 0])
    assert lead["words dealt one by one"].tolist() == pytest.approx([-0.1, -0.1])


def test_stored_runs_are_dots_below_each_model():
    results = {"attention, 300 steps": (0.48, 0.15), "each letter alone": (0.9, 0.4)}
    seq2seq.all_error_rates(results, 100, seq2seq_seeds.every_run())
    assert [dots(ax) - 2 for ax in plt.gcf().axes] == [5, 5]  # and one of each model's own
