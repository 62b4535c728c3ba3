"""How an experiment is run and stored, tried on a notebook of one cell."""

from __future__ import annotations

import json
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from experiments import runs
from experiments.__main__ import EXPERIMENTS, TAKEN, main
from experiments.runs import SEEDS, make_again, names_of_the_lesson


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """An experiment that stores two files, and has no work to do."""
    monkeypatch.setattr(runs, "STORED", tmp_path)
    nbformat.write(new_notebook(cells=[new_code_cell("scale = 2.0")]), tmp_path / "small.ipynb")
    made = ModuleType("experiments.small")
    made.SOURCE = tmp_path / "small.ipynb"
    made.STUDIES = {
        "small": {"doubled": lambda lesson, seed: [{"score": lesson["scale"] * seed}]},
        "small_seeds": {"halved": lambda lesson, seed: [{"score": seed / lesson["scale"]}]},
    }
    return made


def test_one_file_of_an_experiment_is_stored_after_it_has_warmed_up(experiment, tmp_path):
    experiment.warm_up = lambda lesson: lesson.update(scale=4.0)
    runs.run(experiment, "small_seeds")
    stored = json.loads((tmp_path / "small_seeds.json").read_text())
    assert stored["halved"] == [{"score": k / 4} for k in SEEDS]
    assert not (tmp_path / "small.json").exists()


@pytest.mark.parametrize("names", [["lstm"], ["seq2seq_seeds", "gru"], []])
def test_the_command_makes_the_files_that_it_is_told(names, monkeypatch):
    done = []
    monkeypatch.setattr(runs, "run", lambda experiment, file: done.append((experiment, file)))
    main(names)
    assert done == [(EXPERIMENTS[file], file) for file in names or EXPERIMENTS]


def test_the_command_knows_every_file_that_is_stored():
    assert {path.stem for path in runs.STORED.glob("*.json")} == EXPERIMENTS.keys() | TAKEN.keys()


def test_the_command_names_an_experiment_that_is_not_there():
    with pytest.raises(SystemExit, match=r"nothing stores lsmt; there are .*lstm"):
        main(["lsmt", "lstm"])


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
