"""What the lessons on attention have stored besides: complete, and a short part made again agrees."""

from __future__ import annotations

import pytest
import torch

from course import data
from course.figures import attention as figures
from experiments import attention_seeds, seq2seq_seeds
from experiments.runs import SEEDS, names_of_the_lesson


def test_every_run_has_five_seeds():
    for name, studies in {
        "attention_seeds": {"facts": ["reader", "facts"]},
        "seq2seq_seeds": {
            "spellers": ["speller"],
            "beams": ["width"],
            "divisions": ["division", "reader", "group"],
        },
    }.items():
        stored = data.measured(name)
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in studies.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
    assert sorted(data.measured("attention_seeds")["opinions"]["seed"]) == list(SEEDS)


def test_what_two_experiments_train_agrees():
    models = data.measured("seq2seq_seeds")["spellers"].set_index(["speller", "seed"])
    rows = data.measured("seq2seq")["scores"].set_index(["encoder", "scaled", "seed"])
    for seed in SEEDS:
        one, other = models.loc["attention, 300 steps", seed], rows.loc["GRU", True, seed]
        assert one["words wrong"] == pytest.approx(other["words wrong"], abs=0.03)
        assert one["sounds wrong"] == pytest.approx(other["sounds wrong"], abs=0.02)


@pytest.mark.slow
def test_readers_of_facts_made_again_agree():
    torch.set_num_threads(1)
    rows = data.measured("attention_seeds")["facts"].set_index(["reader", "facts", "seed"])
    look, features = attention_seeds.seeds.READERS["last state only"]
    found = figures.recall(look, 2, features=features, seed=1)
    assert found == pytest.approx(rows.loc[("last state only", 2, 1), "accuracy"], abs=0.06)


@pytest.mark.slow
def test_opinions_made_again_agree():
    torch.set_num_threads(1)
    lesson = names_of_the_lesson(attention_seeds.SOURCE)
    (run,) = attention_seeds.opinions(lesson, seed=0)
    row = data.measured("attention_seeds")["opinions"].query("seed == 0").iloc[0]
    for name, tolerance in {
        "BiGRU + attention": 0.03,
        "correlation": 0.1,
        "changed, shuffled": 0.03,
        "fall, highest gradient x embedding": 0.04,
    }.items():
        assert run[name] == pytest.approx(row[name], abs=tolerance), name


@pytest.mark.slow
def test_a_speller_without_attention_made_again_agrees():
    torch.set_num_threads(1)
    lesson = names_of_the_lesson(seq2seq_seeds.SOURCE)
    pair = seq2seq_seeds.trained(lesson, 1, "BottleneckDecoder")
    run = seq2seq_seeds.measured(lesson, pair)
    models = data.measured("seq2seq_seeds")["spellers"].set_index(["speller", "seed"])
    row = models.loc["no attention, 300 steps", 1]
    assert run["words wrong"] == pytest.approx(row["words wrong"], abs=0.04)
    assert run["words by length"] == pytest.approx(row["words by length"], abs=0.1)
