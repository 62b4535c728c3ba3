"""Stored measurements: complete, and a short part of them made again agrees."""

from __future__ import annotations

import json
import re
from types import ModuleType

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook

from course import data
from experiments import (
    attention,
    comparison,
    forecasting,
    gru,
    language_model,
    lstm,
    runs,
    sentiment,
    seq2seq,
    tagging,
)
from experiments.runs import SEEDS, make_again, names_of_the_lesson
from tests.conftest import ROOT

ACCURACY, STEPS = 0.05, 0.35
"""Tolerances: an accuracy may differ by 0.05 and steps by 35 %, as other processors round otherwise."""


def printed(lesson: str, cell_id: str, row: str) -> list[float]:
    """Numbers that a cell of a solution prints in the line that begins with a name.

    Notebooks train what is stored of seed 0 too, and nbval trains it again: here what they print
    is compared with what is stored.
    """
    cells = nbformat.read(ROOT / "solution" / f"{lesson}.ipynb", as_version=4).cells
    (outputs,) = (cell.outputs for cell in cells if cell.id == cell_id)
    texts = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)
    lines = [line for text in texts for line in text.splitlines() if line.startswith(row)]
    return [float(number) for number in re.findall(r"\d+\.\d+", lines[0].removeprefix(row))]


@pytest.fixture(scope="module")
def stored():
    return data.measured("comparison")


def test_every_run_has_five_seeds(stored):
    assert stored["made"]["seeds"] == list(SEEDS)
    keys = {
        "copy_first": ["cell", "T"],
        "biases": ["start"],
        "shapes": ["shape", "cell"],
        "adding": ["cell"],
        "surnames": ["study", "variant"],
    }
    for study, by in keys.items():
        assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study


def test_what_made_them_is_named(stored):
    assert {"python", "numpy", "torch", "machine", "cpu_seconds"} <= set(stored["made"])


@pytest.mark.slow
def test_a_short_part_made_again_agrees(stored):
    torch.set_num_threads(1)
    lesson = names_of_the_lesson(comparison.SOURCE)
    table = stored["copy_first"].set_index(["cell", "T", "seed"])
    for run in comparison.copy_first(lesson, seed=1, lengths=(10, 25)):
        row = table.loc[run["cell"], run["T"], run["seed"]]
        if run["cell"] == "rnn":
            assert run["accuracy"] == pytest.approx(row["accuracy"], abs=0.2)
            continue
        assert run["solved"] and row["solved"]
        assert run["accuracy"] == pytest.approx(row["accuracy"], abs=ACCURACY)
        assert run["steps"] == pytest.approx(row["steps"], rel=STEPS)


@pytest.mark.slow
def test_a_surname_run_made_again_agrees(stored):
    torch.set_num_threads(1)
    lesson = names_of_the_lesson(comparison.SOURCE)
    rows = stored["surnames"].query("study == 'stacking' and variant == 'one layer'")
    run = comparison.learn_surnames(lesson, 0, **comparison.SURNAMES["stacking"]["one layer"])
    assert run["valid"] == pytest.approx(rows["valid"].median(), abs=0.06)
    assert np.isfinite(run["train"])


def test_every_way_to_forecast_has_five_seeds():
    runs = data.measured("forecasting")["ways"]
    assert (runs.groupby("way")["seed"].nunique() == len(SEEDS)).all()
    assert set(runs["way"]) == {"GRU", "GRU, recursive", "GRU, state carried"}


@pytest.mark.slow
def test_a_forecast_made_again_agrees():
    torch.set_num_threads(1)
    lesson = names_of_the_lesson(forecasting.SOURCE)
    stored = data.measured("forecasting")["ways"].query("seed == 0").set_index("way")
    model = {"GRU": forecasting.direct_forecaster(lesson, seed=0)}
    (run,) = forecasting.measured(lesson, model, seed=0)
    assert run["skill"] == pytest.approx(stored.loc["GRU", "skill"], abs=0.05)


def test_forecasts_of_the_notebook_agree():
    stored = data.measured("forecasting")["ways"].query("seed == 0").set_index("way")
    for way, row in stored.iterrows():
        near = 0.05 if way == "GRU" else 0.25  # a recursive one goes where rounding leads
        *_, skill = printed("03_gru/forecasting", "e9518013", f"{way} ")
        assert skill == pytest.approx(row["skill"], abs=near)


class TestAttention:
    """What attention adds to a recurrent classifier, and what its score decides."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("attention")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {"readouts": ["readout"], "scores": ["score", "updates"]}.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        rows = data.measured("attention")["scores"].set_index(["score", "updates", "seed"])
        for name, look in {"dot": attention.dot, "scaled dot": attention.scaled_dot}.items():
            found = attention.figures.recall(look, attention.FACTS, updates=100, seed=0)
            assert found == pytest.approx(rows.loc[(name, 100, 0), "accuracy"], abs=0.1)

    def test_without_attention_padding_and_neighbours_change_nothing(self):
        ids, lengths = torch.tensor([[2, 3, 0, 0], [4, 5, 6, 7]]), torch.tensor([2, 4])
        for pool in ("mean", "final"):
            model = attention.PooledClassifier(9, 5, 3, 2, pool)
            together, alone = model(ids, lengths)[0][:1], model(ids[:1, :2], lengths[:1])[0]
            torch.testing.assert_close(together, alone)


class TestSeq2Seq:
    """What dividing the scores by the root of their size does."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("seq2seq")
        assert stored["made"]["seeds"] == list(SEEDS)
        assert len(stored["scores"].groupby(["encoder", "scaled"])) == 4
        assert sorted(stored["places"]["seed"]) == list(SEEDS)
        assert (stored["scores"].groupby(["encoder", "scaled"])["seed"].nunique() == 5).all()

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(seq2seq.SOURCE)
        rows = data.measured("seq2seq")["scores"].set_index(["encoder", "scaled", "seed"])
        run = seq2seq.trained(lesson, "GRU", False, seed=0, steps=seq2seq.STEPS)
        row = rows.loc["GRU", False, 0]
        assert run["words wrong"] == pytest.approx(row["words wrong"], abs=0.03)
        assert run["sounds wrong"] == pytest.approx(row["sounds wrong"], abs=0.02)
        assert run["saturated"] == pytest.approx(row["saturated"], abs=0.1)

    @pytest.mark.parametrize(
        ("encoder", "scaled", "cell", "name"),
        [
            ("GRU", True, "32da68dd", "attention, 300 steps"),
            ("GRU", False, "37e351b2", "not divided, 300 steps"),
            ("self-attention", True, "bafd9e58", "self-attention, places"),
        ],
    )
    def test_runs_of_the_notebook_agree(self, encoder, scaled, cell, name):
        rows = data.measured("seq2seq")["scores"].set_index(["encoder", "scaled", "seed"])
        row = rows.loc[encoder, scaled, 0]
        words, sounds = printed("05_attention/seq2seq", cell, name)
        assert words == pytest.approx(row["words wrong"], abs=0.03)
        assert sounds == pytest.approx(row["sounds wrong"], abs=0.02)

    @pytest.mark.slow
    def test_unscaled_undoes_the_division(self):
        Decoder = names_of_the_lesson(seq2seq.SOURCE)["Decoder"]
        made = [Decoder(7, 3, 4), seq2seq.figures.unscaled(Decoder, 7, 3, 4)]
        made[1].load_state_dict(made[0].state_dict())
        ids, mask = torch.tensor([[1, 4, 5]]), torch.ones(1, 6, dtype=torch.bool)
        memory, state = torch.randn(1, 6, 8), torch.zeros(1, 4)
        weights = [m(ids, state, memory, mask)[2].log() for m in made]
        gaps = [w - w[:, :, :1] for w in weights]  # differences of scores
        torch.testing.assert_close(gaps[0] * 8**0.5, gaps[1])


class TestLanguageModel:
    """What dropout gains on a text read again and again, and the LSTM over RNNs."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("language_model")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {"dropout": "dropout", "cells": "network"}.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
        assert set(stored["cells"]["network"]) == set(language_model.CELLS)

    def test_a_network_of_equal_size_is_of_equal_size(self):
        weights = data.measured("language_model")["cells"].groupby("network")["weights"].first()
        assert weights["RNN, 253 units"] == pytest.approx(weights["LSTM, 128 units"], rel=0.01)

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(language_model.SOURCE)
        stored = data.measured("language_model")
        run = next(language_model.dropout(lesson, 0, kinds=["none"]))
        row = stored["dropout"].query("dropout == 'none' and seed == 0").iloc[0]
        assert run["curve"] == pytest.approx(row["curve"], abs=0.1)
        assert run["training text"] == pytest.approx(row["training text"], abs=0.15)
        run = next(language_model.cells(lesson, 0, names=["RNN, 128 units"]))
        row = stored["cells"].query("network == 'RNN, 128 units' and seed == 0").iloc[0]
        assert run["bits"] == pytest.approx(row["bits"], abs=0.05)


class TestSentiment:
    """One direction or two, which knobs matter, and what word vectors are worth."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("sentiment")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {
            "kinds": ["kind"],
            "knobs": ["knob", "value"],
            "starts": ["start"],
        }.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
        assert set(stored["starts"]["start"]) == {"from scratch", "frozen", "trained on"}

    def test_the_middle_of_the_study_is_stored_once_for_each_knob_and_start(self):
        stored = data.measured("sentiment")
        middle = stored["starts"].query("start == 'from scratch'").set_index("seed")["accuracy"]
        for knob, value in {"rate": 0.02, "first": 0.1}.items():
            knobs = stored["knobs"].set_index(["knob", "value"]).loc[(knob, value)]
            rows = knobs.set_index("seed")
            assert rows["accuracy"].tolist() == middle.tolist(), knob

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(sentiment.SOURCE)
        stored = data.measured("sentiment")
        (kind,) = sentiment.kinds(lesson | {"kinds": {"BiGRU": lesson["kinds"]["BiGRU"]}}, seed=0)
        row = stored["kinds"].query("kind == 'BiGRU' and seed == 0").iloc[0]
        curve = np.array(kind["curve"])
        assert curve == pytest.approx(np.array(row["curve"]), abs=ACCURACY)
        assert np.mean(np.abs(np.subtract(kind["says"], row["says"])) < 200) > 0.8
        lesson["knobs"] = {"rate": [0.002]}
        (slow,) = sentiment.knobs(lesson, seed=0)
        row = stored["knobs"].query("knob == 'rate' and value == 0.002 and seed == 0").iloc[0]
        assert slow["accuracy"] == pytest.approx(row["accuracy"], abs=100 * ACCURACY)


class TestTagging:
    """Taggers of names and of addresses, and a start from one for the other."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("tagging")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {
            "names": ["network"],
            "transfer": ["addresses", "start"],
            "addresses": ["network", "decoding"],
        }.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
        assert set(stored["transfer"]["start"]) == {"fresh", "from names"}

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(tagging.SOURCE)
        rows = data.measured("tagging")["transfer"].set_index(["start", "seed"])
        found = tagging.started(lesson, 1, tagging.FEW, from_names=False)
        run = tagging.scored(lesson["valid_tags"], found, lesson)
        assert run["span F1"] == pytest.approx(rows.loc[("fresh", 1), "span F1"], abs=0.03)

    def test_runs_of_the_notebook_agree(self):
        rows = data.measured("tagging")["addresses"].query("seed == 0").set_index("decoding")
        rows.loc["BiLSTM"] = data.measured("tagging")["names"].query("seed == 0").iloc[0]
        for name, row in rows.iterrows():
            cell = "names-bilstm" if name == "BiLSTM" else "b85f1d2c"
            words, f1, whole = printed("04_bidirectional/tagging", cell, f"{name} ")
            assert words == pytest.approx(row["words"], abs=0.02)
            assert f1 == pytest.approx(row["span F1"], abs=0.02)
            assert whole == pytest.approx(row["whole"], abs=0.04)


class TestLSTM:
    """Two biases over 100 steps, dropout on the recurrent line, and a unit that holds for a day."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("lstm")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {"latch": ["start"], "dropout": ["cell", "mask"]}.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
        assert stored["weather"]["seed"].tolist() == list(SEEDS)

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(lstm.SOURCE)
        rows = data.measured("lstm")["dropout"].set_index(["cell", "mask", "seed"])
        (run,) = lstm.dropout(lesson, 2, cells=["rnn"], kinds=["none"])
        row = rows.loc["rnn", "none", 2]
        assert run["accuracy"] == pytest.approx(row["accuracy"], abs=ACCURACY)
        lesson["far"] = {name: start for name, start in lesson["far"].items() if "both" in name}
        (run,) = lstm.latch(lesson, 0)
        row = data.measured("lstm")["latch"].query("start.str.contains('both') and seed == 0")
        assert run["start"] == row["start"].item()
        assert len(run["right"]) == pytest.approx(len(row["right"].item()), rel=STEPS)
        (run,) = lstm.weather(lesson, 0)
        row = data.measured("lstm")["weather"].set_index("seed").loc[0]
        assert run["error"] == pytest.approx(row["error"], abs=0.1)
        assert run["f by day"] == pytest.approx(row["f by day"], abs=0.1)


class TestGRU:
    """Three cells that count, what a GRU's gates do, and what misread weights cost."""

    def test_every_run_has_five_seeds(self):
        stored = data.measured("gru")
        assert stored["made"]["seeds"] == list(SEEDS)
        for study, by in {"networks": "network", "ways": "way"}.items():
            assert (stored[study].groupby(by)["seed"].nunique() == 5).all(), study
        assert stored["gates"]["seed"].tolist() == list(SEEDS)

    @pytest.mark.slow
    def test_a_short_part_made_again_agrees(self):
        torch.set_num_threads(1)
        lesson = names_of_the_lesson(gru.SOURCE)
        stored = data.measured("gru")
        (run,) = gru.networks(lesson, 1, cells=["GRU"])
        row = stored["networks"].set_index(["network", "seed"]).loc["GRU", 1]
        assert run["hours off"] == pytest.approx(row["hours off"], abs=0.5)
        (run,) = gru.gates(lesson, 1)
        row = stored["gates"].set_index("seed").loc[1]
        assert run["opens"] == pytest.approx(row["opens"], abs=0.15)
        ways = stored["ways"].query("seed == 1").set_index("way")["hours off"]
        for run in gru.ways(lesson, 1):
            assert run["hours off"] == pytest.approx(ways[run["way"]], abs=2.5), run["way"]


def test_an_experiment_is_stored_by_its_name_after_it_has_warmed_up(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "STORED", tmp_path)
    nbformat.write(new_notebook(cells=[new_code_cell("scale = 2.0")]), tmp_path / "small.ipynb")
    experiment = ModuleType("experiments.small_seeds")
    experiment.SOURCE = tmp_path / "small.ipynb"
    experiment.STUDIES = {"doubled": lambda lesson, seed: [{"score": lesson["scale"] * seed}]}
    experiment.warm_up = lambda lesson: lesson.update(scale=3.0)
    runs.run(experiment)
    stored = json.loads((tmp_path / "small_seeds.json").read_text())
    assert stored["doubled"] == [{"score": 3.0 * k} for k in SEEDS]


def test_rows_are_made_from_every_seed_and_stored_with_what_made_them(tmp_path):
    def study(lesson, seed):
        yield {"seed": seed, "score": lesson["scale"] * seed / 3, "model": object()}

    make_again({"scale": 1.0}, {"small": study}, tmp_path / "new" / "rows.json")
    stored = json.loads((tmp_path / "new" / "rows.json").read_text())
    assert stored["small"] == [{"seed": k, "score": round(k / 3, 4)} for k in SEEDS]
    assert stored["made"]["seeds"] == list(SEEDS)


def test_nothing_that_trains_is_run_to_get_the_names_of_a_lesson(tmp_path):
    cells = [
        new_code_cell("kept = 1"),
        new_code_cell("trained = 1", metadata={"tags": ["trains"]}),
        new_code_cell("tested = 1", metadata={"nbgrader": {"locked": True}}),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "small.ipynb")
    names = names_of_the_lesson(tmp_path / "small.ipynb")
    assert names["kept"] == 1 and not {"trained", "tested"} & names.keys()
