"""Runs from five seeds: the names of a lesson to run with, and where their rows are stored."""

from __future__ import annotations

import contextlib
import io
import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
SOURCES, STORED = ROOT / "source", ROOT / "course" / "data" / "stored"
SEEDS = range(5)
Row = dict[str, Any]
Study = Callable[[dict[str, Any], int], Iterator[Row]]
"""What gives the rows of one study, from the names of a lesson and a seed."""
Studies = dict[str, dict[str, Study]]
"""By the name of the stored file, then by its own: the studies of a lesson."""


def names_of_the_lesson(source: Path) -> dict[str, Any]:
    """Run a notebook's solutions and definitions, nothing that trains, and return its names."""
    names: dict[str, Any] = {"__name__": "experiment"}
    for cell in nbformat.read(source, as_version=4).cells:
        passed = {"demo", "trains"} & set(cell.metadata.get("tags", []))
        test = cell.metadata.get("nbgrader", {}).get("locked", False)
        if cell.cell_type == "code" and not passed and not test:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, f"<{cell.id}>", "exec"), names)
    return names


def plain(row: Row) -> Row:
    """What is stored of a run: numbers and names, rounded to what a figure shows."""

    def short(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 4)
        return [short(item) for item in value] if isinstance(value, list) else value

    return {key: short(value) for key, value in row.items() if key != "model"}


def store(rows: dict[str, list[Row]], cpu_seconds: float, path: Path) -> None:
    """Write the studies' rows, one a line, and what they were made by."""
    made = {
        "seeds": list(SEEDS),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "cpu_seconds": round(cpu_seconds),
    }
    parts = [f' "made": {json.dumps(made)}']
    for study, found in rows.items():
        lines = (f"  {json.dumps(row, separators=(',', ':'))}" for row in found)
        parts.append(f" {json.dumps(study)}: [\n" + ",\n".join(lines) + "\n ]")
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def make_again(lesson: dict[str, Any], studies: dict[str, Study], path: Path) -> None:
    """Make every row of some studies again, from all seeds, and store them."""
    torch.set_num_threads(1)
    begin = time.process_time()
    rows = {
        name: [plain(row) for seed in SEEDS for row in study(lesson, seed)]
        for name, study in studies.items()
    }
    store(rows, time.process_time() - begin, path)


def run(experiment: ModuleType, file: str) -> None:
    """Make one stored file of an experiment again, with the solutions of its ``SOURCE``.

    Its ``STUDIES`` say which files it stores. Its ``warm_up``, if it has one, takes the lesson's
    names before the time is taken.
    """
    lesson = names_of_the_lesson(experiment.SOURCE)
    if warm_up := getattr(experiment, "warm_up", None):
        warm_up(lesson)
    make_again(lesson, experiment.STUDIES[file], STORED / f"{file}.json")
