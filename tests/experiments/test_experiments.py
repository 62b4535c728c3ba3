"""What experiments store: complete, a short part made again agrees, and so do the notebooks.

A new study is a row of :data:`COMPLETE` and one of :data:`PARTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
import torch

from course import data
from experiments import (
    attention,
    comparison,
    forecasting,
    gru,
    language_model,
    lstm,
    sentiment,
    seq2seq,
    tagging,
)
from experiments.__main__ import EXPERIMENTS
from experiments.runs import SEEDS, Row, names_of_the_lesson
from tests.conftest import ROOT

Lesson = dict[str, Any]

COMPLETE = {
    ("comparison", "copy_first"): (["cell", "T"], 15),
    ("comparison", "biases"): (["start"], 4),
    ("comparison", "shapes"): (["shape", "cell"], 9),
    ("comparison", "adding"): (["cell"], 3),
    ("comparison", "surnames"): (["study", "variant"], 13),
    ("forecasting", "ways"): (["way"], 3),
    ("attention", "readouts"): (["readout"], 3),
    ("attention", "scores"): (["score", "updates"], 9),
    ("attention_seeds", "facts"): (["reader", "facts"], 9),
    ("attention_seeds", "opinions"): ([], 1),
    ("language_model", "dropout"): (["dropout"], 3),
    ("language_model", "cells"): (["network"], 3),
    ("sentiment", "kinds"): (["kind"], 4),
    ("sentiment", "knobs"): (["knob", "value"], 13),
    ("sentiment", "starts"): (["start"], 3),
    ("seq2seq", "scores"): (["encoder", "scaled"], 4),
    ("seq2seq", "places"): (["encoder"], 1),
    ("seq2seq_seeds", "spellers"): (["speller"], 4),
    ("seq2seq_seeds", "beams"): (["width"], 3),
    ("seq2seq_seeds", "divisions"): (["division", "reader", "group"], 12),
    ("tagging", "names"): (["network"], 1),
    ("tagging", "transfer"): (["addresses", "start"], 2),
    ("tagging", "addresses"): (["network", "decoding"], 3),
    ("lstm", "latch"): (["start"], 2),
    ("lstm", "dropout"): (["cell", "mask"], 6),
    ("lstm", "weather"): ([], 1),
    ("gru", "networks"): (["network"], 3),
    ("gru", "gates"): ([], 1),
    ("gru", "ways"): (["way"], 6),
}
"""By file and study: what tells the runs of one seed apart, and how many there are."""


def test_every_study_is_in_the_table():
    studies = {(file, s) for file, e in EXPERIMENTS.items() for s in e.STUDIES[file]}
    assert studies == COMPLETE.keys()


@pytest.mark.parametrize("file", EXPERIMENTS)
def test_what_made_a_file_is_named(file):
    made = data.measured(file)["made"]
    assert {"python", "numpy", "torch", "machine", "cpu_seconds"} <= set(made)
    assert made["seeds"] == list(SEEDS)


@pytest.mark.parametrize(("file", "study"), COMPLETE, ids="-".join)
def test_every_run_has_five_seeds(file, study):
    keys, count = COMPLETE[file, study]
    found = data.measured(file)[study].assign(all="")
    seeds = found.groupby(keys or ["all"])["seed"].apply(list)
    assert [sorted(each) for each in seeds] == count * [list(SEEDS)]


@pytest.mark.parametrize(
    ("file", "study", "key", "named"),
    [
        ("forecasting", "ways", "way", {"GRU", "GRU, recursive", "GRU, state carried"}),
        ("language_model", "cells", "network", set(language_model.CELLS)),
        ("sentiment", "starts", "start", {"from scratch", "frozen", "trained on"}),
        ("tagging", "transfer", "start", {"fresh", "from names"}),
        ("gru", "networks", "network", set(gru.seeds.CELLS)),
        ("seq2seq_seeds", "beams", "width", set(seq2seq.WIDTHS)),
    ],
)
def test_runs_are_stored_under_the_names_that_are_read(file, study, key, named):
    assert set(data.measured(file)[study][key]) == named


@dataclass(frozen=True)
class Part:
    """A short part of a study, to be made again.

    Attributes
    ----------
    file, study : str
        Where its rows are stored.
    make : callable
        Gives rows from the lesson's names.
    near : dict
        How far a value of a row may be from the stored one, or a function that compares the two.
    """

    file: str
    study: str
    make: Callable[[Lesson], Iterable[Row]]
    near: Mapping[str, float | Callable[[Any, Any], bool]] = field(default_factory=dict)

    def row_like(self, run: Row) -> Row:
        """The stored row of the same run."""
        rows = data.measured(self.file)[self.study]
        for key in (*COMPLETE[self.file, self.study][0], "seed"):
            rows = rows[rows[key] == run[key]]
        (row,) = rows.to_dict("records")
        return row


def within(share: float, of: Callable[[Any], float] = float) -> Callable[[Any, Any], bool]:
    """Compare two numbers, or what ``of`` makes of two values, by their ratio."""
    return lambda found, stored: of(found) == pytest.approx(of(stored), rel=share)


def begins_within(gap: float) -> Callable[[list[float], list[float]], bool]:
    """Compare a short curve with the beginning of the stored one."""
    return lambda found, stored: found == pytest.approx(stored[: len(found)], abs=gap)


def points_within(gap: float) -> Callable[[Any, Any], bool]:
    """Compare tables of numbers."""
    return lambda found, stored: np.array(found) == pytest.approx(np.array(stored), abs=gap)


def alike_for_most(found: list[int], stored: list[int]) -> bool:
    """Four in five of what a classifier says (in thousandths) is within 0.2."""
    return np.mean(np.abs(np.subtract(found, stored)) < 200) > 0.8


def only(name: str, *keys: str) -> Callable[[Lesson], Lesson]:
    """The lesson's names with a few entries of one of its dictionaries."""
    return lambda lesson: lesson | {name: {key: lesson[name][key] for key in keys}}


def few_epochs(lesson: Lesson) -> Lesson:
    return lesson | {"by_heart": partial(lesson["by_heart"], epochs=6)}


def attention_scores(lesson: Lesson) -> Iterable[Row]:
    for name, look in {"dot": attention.dot, "scaled dot": attention.scaled_dot}.items():
        found = attention.figures.recall(look, attention.FACTS, updates=100, seed=0)
        yield {"score": name, "updates": 100, "seed": 0, "accuracy": found}


def last_state_reader(lesson: Lesson) -> Iterable[Row]:
    name = "last state only"
    look, features = attention.seeds.READERS[name]
    found = attention.figures.recall(look, 2, features=features, seed=1)
    return [{"reader": name, "facts": 2, "seed": 1, "accuracy": found}]


def surname_run(lesson: Lesson) -> Iterable[Row]:
    options = comparison.SURNAMES["stacking"]["one layer"]
    row = comparison.learn_surnames(lesson, 0, **options)
    return [{"study": "stacking", "variant": "one layer", **row}]


def direct_forecast(lesson: Lesson) -> Iterable[Row]:
    return forecasting.measured(lesson, {"GRU": forecasting.direct_forecaster(lesson, 0)}, 0)


def speller(lesson: Lesson, measure: Callable[[Lesson, seq2seq.Pair], Row]) -> Iterable[Row]:
    """The pair with attention from seed 1, of which both files of ``seq2seq`` have a row."""
    if "pair" not in lesson:
        lesson["pair"] = seq2seq.trained(lesson, 1, "Decoder")
    about = {"encoder": "GRU", "scaled": True, "speller": "attention, 300 steps", "seed": 1}
    return [about | measure(lesson, lesson["pair"])]


def fresh_start(lesson: Lesson) -> Iterable[Row]:
    found = tagging.started(lesson, 1, tagging.FEW, from_names=False)
    row = {"addresses": tagging.FEW, "start": "fresh", "seed": 1}
    return [row | tagging.scored(lesson["valid_tags"], found, lesson)]


ACCURACY, STEPS = 0.05, 0.35
"""Tolerances: an accuracy may differ by 0.05 and steps by 35 %, as other processors round otherwise."""
PARTS = [
    Part(
        *("comparison", "copy_first"),
        lambda lesson: comparison.copy_first(lesson | {"CELLS": ["rnn"]}, 1, lengths=(10,)),
        {"accuracy": 0.2},
    ),
    Part(
        *("comparison", "copy_first"),
        lambda lesson: comparison.copy_first(
            lesson | {"CELLS": [c for c in lesson["CELLS"] if c != "rnn"]}, 1, lengths=(10, 25)
        ),
        {
            "solved": lambda found, stored: bool(found and stored),
            "accuracy": ACCURACY,
            "steps": within(STEPS),
        },
    ),
    Part("comparison", "surnames", surname_run, {"valid": 0.06, "train": 0.06}),
    Part("forecasting", "ways", direct_forecast, {"skill": 0.05}),
    Part("attention", "scores", attention_scores, {"accuracy": 0.1}),
    Part("attention_seeds", "facts", last_state_reader, {"accuracy": 0.06}),
    Part(
        *("attention_seeds", "opinions"),
        lambda lesson: attention.opinions(lesson, 0),
        {
            "BiGRU + attention": 0.03,
            "correlation": 0.1,
            "changed, shuffled": 0.03,
            "fall, highest gradient x embedding": 0.04,
        },
    ),
    Part(
        *("language_model", "dropout"),
        lambda lesson: language_model.dropout(few_epochs(lesson), 0, kinds=["none"]),
        {"curve": begins_within(0.1)},
    ),
    Part(
        *("language_model", "cells"),
        lambda lesson: language_model.cells(lesson, 0, names=["RNN, 128 units"]),
        {"bits": 0.05},
    ),
    Part(
        *("sentiment", "kinds"),
        lambda lesson: sentiment.kinds(only("kinds", "BiGRU")(lesson), 0),
        {"curve": points_within(ACCURACY), "says": alike_for_most},
    ),
    Part(
        *("sentiment", "knobs"),
        lambda lesson: sentiment.knobs(lesson | {"knobs": {"rate": [0.002]}}, 0),
        {"accuracy": 100 * ACCURACY},
    ),
    Part(
        *("seq2seq", "scores"),
        lambda lesson: speller(lesson, seq2seq.saturation),
        {"words wrong": 0.03, "sounds wrong": 0.02, "saturated": 0.1},
    ),
    Part(
        *("seq2seq_seeds", "spellers"),
        lambda lesson: speller(lesson, seq2seq.measured),
        {"words wrong": 0.04, "words by length": 0.1},
    ),
    Part("tagging", "transfer", fresh_start, {"span F1": 0.03}),
    Part(
        *("lstm", "dropout"),
        lambda lesson: lstm.dropout(lesson, 2, cells=["rnn"], kinds=["none"]),
        {"accuracy": ACCURACY},
    ),
    Part(
        *("lstm", "latch"),
        lambda lesson: lstm.latch(only("far", "both biases: ±ln(T − 1)")(lesson), 0),
        {"right": within(STEPS, of=len)},
    ),
    Part(
        *("lstm", "weather"),
        lambda lesson: lstm.weather(lesson, 0),
        {"error": 0.1, "f by day": 0.1},
    ),
    Part(
        *("gru", "networks"),
        lambda lesson: gru.networks(lesson, 1, cells=["GRU"]),
        {"hours off": 0.5},
    ),
    Part("gru", "gates", lambda lesson: gru.gates(lesson, 1), {"opens": 0.15}),
    Part("gru", "ways", lambda lesson: gru.ways(lesson, 1), {"hours off": 2.5}),
]


@pytest.fixture(scope="module")
def names() -> Callable[[ModuleType], Lesson]:
    """The names of an experiment's lesson, which is run once; what it remembers is kept."""
    kept: dict[str, Lesson] = {}

    def of(experiment: ModuleType) -> Lesson:
        if experiment.__name__ not in kept:
            kept[experiment.__name__] = names_of_the_lesson(experiment.SOURCE)
        return kept[experiment.__name__]

    return of


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.file}-{part.study}")
def test_a_short_part_made_again_agrees(part, names):
    torch.set_num_threads(1)
    runs = list(part.make(names(EXPERIMENTS[part.file])))
    assert runs
    for run in runs:
        row = part.row_like(run)
        for name, near in part.near.items():
            found, stored = run[name], row[name]
            if callable(near):
                assert near(found, stored), (name, found, stored)
            else:
                assert found == pytest.approx(stored, abs=near), name


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


WAY = ("forecasting", "ways", "03_gru/forecasting", "e9518013")
SCORE = ("seq2seq", "scores", "05_attention/seq2seq")
SPELLER = ("seq2seq_seeds", "spellers", "05_attention/seq2seq")
RATES = {"words wrong": 0.03, "sounds wrong": 0.02}
NAMES = ("tagging", "names", "04_bidirectional/tagging", "names-bilstm")
ADDRESSES = ("tagging", "addresses", "04_bidirectional/tagging", "b85f1d2c")
TAGS = {"words": 0.02, "span F1": 0.02, "whole": 0.04}
RECURSIVE = 0.25
"""A recursive forecast goes where rounding leads."""
PRINTED = [
    (*WAY, {"way": "GRU"}, "GRU ", {"skill": 0.05}),
    (*WAY, {"way": "GRU, recursive"}, "GRU, recursive ", {"skill": RECURSIVE}),
    (*WAY, {"way": "GRU, state carried"}, "GRU, state carried ", {"skill": RECURSIVE}),
    (*SCORE, "32da68dd", {"encoder": "GRU", "scaled": True}, "attention, 300 steps", RATES),
    (*SCORE, "37e351b2", {"encoder": "GRU", "scaled": False}, "not divided, 300 steps", RATES),
    (
        *(*SCORE, "bafd9e58", {"encoder": "self-attention", "scaled": True}),
        *("self-attention, places", RATES),
    ),
    *(
        (*SPELLER, cell, {"speller": name}, f"{name} ", RATES)
        for cell, name in {
            "seq2seq-trained-pair": "no attention, 300 steps",
            "ea90905e": "attention, trained on",
            "407fb3bc": "published, 300 steps",
        }.items()
    ),
    (*NAMES, {"network": "BiLSTM"}, "BiLSTM ", TAGS),
    (*ADDRESSES, {"decoding": "each word alone"}, "each word alone ", TAGS),
    (*ADDRESSES, {"decoding": "best allowed path"}, "best allowed path ", TAGS),
    (*ADDRESSES, {"decoding": "moves scored"}, "moves scored ", TAGS),
]
"""File, study, notebook, cell, the run of seed 0 that it prints, its line, and tolerances of the
last numbers there."""


@pytest.mark.parametrize(
    ("file", "study", "lesson", "cell", "which", "line", "near"),
    PRINTED,
    ids=[f"{row[0]}-{row[5].strip()}" for row in PRINTED],
)
def test_a_run_of_the_notebook_agrees(file, study, lesson, cell, which, line, near):
    rows = data.measured(file)[study].query("seed == 0")
    for key, value in which.items():
        rows = rows[rows[key] == value]
    (row,) = rows.to_dict("records")
    found = printed(lesson, cell, line)[-len(near) :]
    for number, (name, gap) in zip(found, near.items(), strict=True):
        assert number == pytest.approx(row[name], abs=gap), name


def test_two_files_agree_on_the_same_speller():
    models = data.measured("seq2seq_seeds")["spellers"].set_index(["speller", "seed"])
    rows = data.measured("seq2seq")["scores"].set_index(["encoder", "scaled", "seed"])
    for seed in SEEDS:
        one, other = models.loc["attention, 300 steps", seed], rows.loc["GRU", True, seed]
        for name, gap in RATES.items():
            assert one[name] == pytest.approx(other[name], abs=gap)


def test_the_middle_of_the_sentiment_study_is_stored_once_for_each_knob_and_start():
    stored = data.measured("sentiment")
    middle = stored["starts"].query("start == 'from scratch'").set_index("seed")["accuracy"]
    for knob, value in {"rate": 0.02, "first": 0.1}.items():
        knobs = stored["knobs"].set_index(["knob", "value"]).loc[(knob, value)]
        rows = knobs.set_index("seed")
        assert rows["accuracy"].tolist() == middle.tolist(), knob


def test_a_language_model_of_equal_size_is_of_equal_size():
    weights = data.measured("language_model")["cells"].groupby("network")["weights"].first()
    assert weights["RNN, 253 units"] == pytest.approx(weights["LSTM, 128 units"], rel=0.01)


def test_without_attention_padding_and_neighbours_change_nothing():
    ids, lengths = torch.tensor([[2, 3, 0, 0], [4, 5, 6, 7]]), torch.tensor([2, 4])
    for pool in ("mean", "final"):
        model = attention.PooledClassifier(9, 5, 3, 2, pool)
        together, alone = model(ids, lengths)[0][:1], model(ids[:1, :2], lengths[:1])[0]
        torch.testing.assert_close(together, alone)


@pytest.mark.slow
def test_a_decoder_that_is_not_divided_undoes_the_division(names):
    lesson = names(seq2seq)
    made = [
        seq2seq.decoder_maker(lesson, name)(7, 3, 4) for name in ("Decoder", seq2seq.NOT_DIVIDED)
    ]
    made[1].load_state_dict(made[0].state_dict())
    ids, mask = torch.tensor([[1, 4, 5]]), torch.ones(1, 6, dtype=torch.bool)
    memory, state = torch.randn(1, 6, 8), torch.zeros(1, 4)
    weights = [m(ids, state, memory, mask)[2].log() for m in made]
    gaps = [w - w[:, :, :1] for w in weights]  # differences of scores
    torch.testing.assert_close(gaps[0] * 8**0.5, gaps[1])
