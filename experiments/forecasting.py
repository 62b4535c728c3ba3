"""The stored five-seed runs of ``03_gru/forecasting.ipynb``, made with its own solutions.

One run in the notebook cannot say what a seed decides. This script trains its direct and its
one-step forecaster from five seeds, and stores their scores on the validation part in
``course/data/stored/forecasting.json``. It takes about a minute of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from course import training
from course.figures import forecasting as figures
from experiments import runs
from experiments.runs import Row, Studies

SOURCE = runs.SOURCES / "03_gru" / "forecasting.ipynb"


def direct_forecaster(lesson: dict[str, Any], seed: int) -> Any:
    """Train as the notebook does, all hours at once."""
    training.set_up(seed)
    x, y = lesson["x_train"][::4], lesson["y_train"][::4]
    return lesson["FromLast"](lesson["train_forecaster"](x[:, :, None], y - x[:, -1:]))


def forecasters_of(lesson: dict[str, Any], seed: int) -> dict[str, Any]:
    """Train as the notebook does: all hours at once, and one step, used in two ways."""
    direct = direct_forecaster(lesson, seed)
    training.set_up(seed)
    x, y = lesson["make_windows"](lesson["scaled"][0], figures.INPUT_STEPS, 1)
    x, y = x[::2], y[::2]
    one_step = lesson["FromLast"](lesson["train_forecaster"](x[:, :, None], y - x[:, -1:]))
    return {
        "GRU": direct,
        "GRU, recursive": figures.step_by_step(lesson["forecast_recursively"], one_step),
        "GRU, state carried": figures.step_by_step(figures.carry_the_state, one_step),
    }


def ways(lesson: dict[str, Any], seed: int) -> Iterator[Row]:
    """Train every forecaster from one seed, and measure it."""
    return measured(lesson, forecasters_of(lesson, seed), seed)


def measured(lesson: dict[str, Any], forecasters: dict[str, Any], seed: int) -> Iterator[Row]:
    """Skill on the validation part, and how far the forecasts swing 24 hours ahead (in deg F)."""
    x, y, std = (lesson[name] for name in ("x_validation", "y_validation", "std"))
    skills = figures.scores(forecasters, x, y, std, lesson["skill_score"])["skill"]
    swings = figures.swing_and_correlation(forecasters, x, y, std).loc["swing (°F)", "24 h ahead"]
    for name in forecasters:
        yield {"way": name, "seed": seed, "skill": skills[name], "swing": swings[name]}


STUDIES: Studies = {
    "forecasting": {"ways": ways},
}
