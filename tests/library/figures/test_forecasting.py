"""Titles of `forecasting`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn

from course.figures import (
    forecasting,
)
from tests.library.figures.support import Case, draws_both_ways

YEAR = pd.date_range("2013-01-01", periods=300 * 24, freq="h", tz="UTC")
WAVE = 60 + 10 * np.sin(2 * np.pi * np.arange(len(YEAR)) / 24)


def off_by(errors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.tile(errors, (len(x), 1))


def errors_of(draw: Callable, **errors: np.ndarray) -> None:
    forecasters = {name.replace("_", ", "): off_by(line) for name, line in errors.items()}
    x, y = np.zeros((4, 48)), np.zeros((4, 24))
    draw(forecasters, x, y, 1.0, lambda *_: 0.0)


HOURS = np.arange(1, 25)
HILL = 8 * np.sin(np.pi * HOURS / 25)
FLAT = np.full(24, 4.0)


def step_by_step(cost: float) -> None:
    errors_of(
        forecasting.direct_and_recursive,
        ridge=FLAT,
        ridge_recursive=FLAT + cost,
        GRU=FLAT,
        GRU_recursive=FLAT + cost,
        **{"GRU, state carried": FLAT},
    )


def parts_of_a_year(later: float) -> None:
    cut = [len(YEAR) * 7 // 10, len(YEAR) * 85 // 100]
    series = WAVE + later * (np.arange(len(YEAR)) >= cut[0])
    forecasting.three_parts(YEAR, *np.split(series, cut))


def from_afar(error: float, wave: float) -> None:
    def forecaster(x: np.ndarray, k: int) -> np.ndarray:
        hour = (np.arange(len(x))) % 24  # the windows begin at one hour after another
        truth = 10 * np.sin(2 * np.pi * (hour + 4) / 24)
        line = truth if k == 1 else wave * truth + error
        return np.repeat((line + 0.5)[:, None], k, axis=1)

    forecasting.the_same_week_from_afar(forecaster, YEAR, WAVE - 60, 0.0, 1.0, steps=(1, 16))


def windows(series: np.ndarray, input_steps: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    every = np.lib.stride_tricks.sliding_window_view(series, input_steps + horizon)
    return every[:, :input_steps].copy(), every[:, input_steps:]


def by_month(sign: float) -> None:
    def skill(y: np.ndarray, forecast: np.ndarray, baseline: np.ndarray) -> float:
        return sign * (y.mean() - 60)

    summer = 10 * np.where((YEAR.month > 5) & (YEAR.month < 9), 1, -1)
    forecasting.skill_by_month(
        YEAR, 60.0 + summer, {"seasonal-naive": lambda x: x[:, -24:]}, windows, skill
    )


def by_week(weather: float, model: float) -> None:
    def skill(y: np.ndarray, forecast: np.ndarray, baseline: np.ndarray) -> float:
        return weather * y[0, 0] + model * forecast[0, 0]

    parts = [np.zeros(1000), np.sin(np.arange(1000) / 100), np.zeros(1000)]
    forecasters = {"ridge": lambda x: 0 * x[:, -24:], "GRU": lambda x: 0 * x[:, -24:] + 1}
    forecasting.skill_by_week(forecasters, YEAR, parts, windows, skill)


def prices(skill: float) -> None:
    def split(series: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return series[:2200], series[2200:2700], series[2700:]

    def train(x: np.ndarray, y: np.ndarray) -> nn.Module:
        flat = nn.Sequential(nn.Flatten(), nn.Linear(20, 1, bias=False))
        with torch.no_grad():
            flat[1].weight.copy_(torch.eye(20)[-1:])  # tomorrow is as today
        return flat

    forecasting.prices_from_prices("MSFT", split, windows, train, lambda *_: skill)


def colleague(leaks: bool) -> None:
    rng = np.random.default_rng(0)
    series = np.cumsum(rng.normal(size=900))

    def prepare(series: np.ndarray, cut: int, input_steps: int, horizon: int) -> tuple:
        x, y = windows(series, input_steps + leaks, horizon)
        if leaks:  # the last value that is seen is the first one that is asked for
            x, y = x[:, 1:], np.concatenate([x[:, -1:], y[:, :-1]], axis=1)
        return 0.0, 1.0, x[:600], y[:600], x[600:], y[600:]

    x, y = windows(series, 48, 24)
    ridge = forecasting.Ridge(alpha=1e-3).fit(x[:600], y[:600])
    forecasting.an_error_of_zero(ridge, (x[600:], y[600:]), 1.0, prepare, series, 600)


CASES = [
    Case(
        "One hour ahead, the forecast follows every turn",
        lambda: forecasting.a_finished_model(YEAR, WAVE, "2013-02-01"),
        lambda: forecasting.a_finished_model(
            YEAR, np.random.default_rng(0).normal(size=len(YEAR)), "2013-02-01"
        ),
    ),
    Case(
        "the mean of the past is not the mean of the future",
        lambda: parts_of_a_year(10.0),
        lambda: parts_of_a_year(0.0),
    ),
    Case(
        "Persistence has a hill at twelve hours: day and night",
        lambda: errors_of(forecasting.hill_of_persistence, persistence=HILL),
        lambda: errors_of(forecasting.hill_of_persistence, persistence=HOURS / 3),
    ),
    Case(
        "The GRU is far below persistence, and close to ridge",
        lambda: errors_of(
            forecasting.network_beside_baselines, persistence=HILL + 2, ridge=FLAT, GRU=FLAT
        ),
        lambda: errors_of(
            forecasting.network_beside_baselines, persistence=HILL + 2, ridge=FLAT, GRU=FLAT + 3
        ),
    ),
    Case(
        "Going step by step costs the GRU up to",
        lambda: step_by_step(0.3),
        lambda: step_by_step(-0.3),
    ),
    Case(
        "A week in September",
        lambda: forecasting.a_forecast_every_midnight({}, YEAR, WAVE, 0.0, 1.0),
        lambda: forecasting.a_forecast_every_midnight({}, YEAR, WAVE, 0.0, 1.0, "2013-03-04"),
    ),
    Case(
        "Far ahead the daily wave stays, but the weather is lost",
        lambda: from_afar(error=3.0, wave=0.9),
        lambda: from_afar(error=3.0, wave=0.1),
    ),
    Case(
        "'As yesterday' beats 'as now' in summer and loses in winter",
        lambda: by_month(1.0),
        lambda: by_month(-1.0),
    ),
    Case(
        "the weather decides more than the model",
        lambda: by_week(weather=1.0, model=0.01),
        lambda: by_week(weather=0.01, model=1.0),
    ),
    Case("the figure that sells courses", lambda: prices(-0.1), lambda: prices(0.4)),
    Case(
        "An error of zero, and then about our own curve one hour later",
        lambda: colleague(leaks=True),
        lambda: colleague(leaks=False),
    ),
]


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()
