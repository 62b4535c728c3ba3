"""Figures and measurements of ``03_gru/forecasting``: each returns the data that it shows.

Whatever an exercise asks for comes in as an argument. A *forecaster* is anything that maps windows
``(N, T)`` or ``(N, T, D)`` to forecasts ``(N, horizon)``: a function, a module of PyTorch, or a
fitted model of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from torch import nn

from course import data, plots, training

BLUE, ORANGE, GREEN, RED, PURPLE = (plots.COLORS[i] for i in range(5))
TRUTH, GREY = "0.25", "0.6"
STYLE = {
    "persistence": {"color": GREY, "linestyle": "--"},
    "seasonal-naive": {"color": ORANGE, "linestyle": ":"},
    "ridge": {"color": BLUE, "linestyle": "-."},
    "ridge, recursive": {"color": plots.COLORS[9], "linestyle": "-"},
    "GRU": {"color": plots.CELL_COLORS["gru"], "linestyle": "-"},
    "GRU, recursive": {"color": PURPLE, "linestyle": "-"},
    "GRU, state carried": {"color": RED, "linestyle": ":"},
}
"""One colour and one line per forecaster, the same in every figure."""
NAMES = {
    "GRU": "direct",
    "GRU, recursive": "recursive",
    "GRU, state carried": "state carried",
}
"""Ways to forecast with a GRU, by the names of their forecasters."""
HOURS = {"1 h": 0, "6 h": 5, "12 h": 11, "24 h": 23}
"""Columns of the tables: hours ahead, and where they stand in a forecast."""
INPUT_STEPS, HORIZON = 48, 24

Forecaster = Callable[[np.ndarray], np.ndarray] | nn.Module | Any
Windows = tuple[np.ndarray, np.ndarray]
MakeWindows = Callable[[np.ndarray, int, int], Windows]
Split = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
Train = Callable[[np.ndarray, np.ndarray], nn.Module]
Prepare = Callable[[np.ndarray, int, int, int], Sequence[Any]]


def predict(model: nn.Module, x: np.ndarray) -> np.ndarray:
    """Forecast with a module of PyTorch, from arrays to arrays.

    Parameters
    ----------
    model : torch.nn.Module
        Maps ``(N, T, D)`` to ``(N, horizon)``.
    x : numpy.ndarray, shape (N, T) or (N, T, D)
        Scaled windows; without a last axis, D is 1.

    Returns
    -------
    numpy.ndarray, shape (N, horizon)
    """
    some = next(model.parameters())
    windows = torch.as_tensor(x.reshape(*x.shape[:2], -1), dtype=some.dtype, device=some.device)
    with torch.no_grad():
        return model(windows).cpu().numpy()


def _forecast(model: Forecaster, x: np.ndarray) -> np.ndarray:
    if isinstance(model, nn.Module):
        return predict(model, x)
    if hasattr(model, "predict"):
        return model.predict(x.reshape(len(x), -1)).reshape(len(x), -1)
    return model(x)


def _stays(x: np.ndarray, horizon: int) -> np.ndarray:
    """What the first column of windows (N, T) or (N, T, D) says if it stays as it is."""
    return np.repeat(x.reshape(*x.shape[:2], -1)[:, -1, :1], horizon, axis=1)


def step_by_step(
    recursion: Callable[[nn.Module, torch.Tensor, int], torch.Tensor], model: nn.Module | Ridge
) -> Callable[..., np.ndarray]:
    """Make a forecaster of arrays from a recursion over tensors and a model of one step.

    Parameters
    ----------
    recursion : callable
        ``recursion(model, history, steps)`` maps tensors ``(N, T, 1)`` to ``(N, steps)``.
    model : torch.nn.Module or sklearn.linear_model.Ridge
        The value that follows each window. A ridge regression is wrapped into a module.

    Returns
    -------
    callable
        ``f(x, steps=24)`` maps windows ``(N, T)`` to forecasts ``(N, steps)``.
    """
    module = model if isinstance(model, nn.Module) else _as_module(model)

    def forecaster(x: np.ndarray, steps: int = HORIZON) -> np.ndarray:
        return recursion(module, torch.tensor(x[:, :, None], dtype=torch.float32), steps).numpy()

    return forecaster


def carry_the_state(model: nn.Module, history: torch.Tensor, steps: int) -> torch.Tensor:
    """Forecast many steps by feeding the state on: the window is read once, and never again.

    Parameters
    ----------
    model : torch.nn.Module
        Holds one ``nn.GRU`` and one ``nn.Linear``, and forecasts the change since the last value.
    history : torch.Tensor, shape (N, T, 1)
    steps : int

    Returns
    -------
    torch.Tensor, shape (N, steps)
    """
    parts = list(model.modules())
    gru = next(part for part in parts if isinstance(part, nn.GRU))
    readout = next(part for part in parts if isinstance(part, nn.Linear))
    forecasts = []
    with torch.no_grad():
        (states, carried), following = gru(history), history[:, -1]
        for _ in range(steps):
            following = following + readout(states[:, -1])
            forecasts.append(following)
            states, carried = gru(following[:, None], carried)
    return torch.cat(forecasts, dim=1)


def _as_module(ridge: Ridge) -> nn.Module:
    """Wrap a linear regression, so that it reads windows (N, T, 1) as a network does."""
    weights = torch.tensor(np.atleast_2d(ridge.coef_), dtype=torch.float32)
    linear = nn.Linear(*weights.T.shape)
    with torch.no_grad():
        linear.weight.copy_(weights)
        linear.bias.copy_(torch.tensor(np.atleast_1d(ridge.intercept_), dtype=torch.float32))
    return nn.Sequential(nn.Flatten(), linear)


def rmse_by_hour(y: np.ndarray, forecast: np.ndarray, unit: float) -> np.ndarray:
    """Root mean squared error of each column of ``(N, horizon)``, times ``unit``."""
    return unit * np.sqrt(((y - forecast) ** 2).mean(axis=0))


def scores(
    forecasters: Mapping[str, Forecaster],
    x: np.ndarray,
    y: np.ndarray,
    unit: float,
    skill_score: Score,
    at: Mapping[str, int] = HOURS,
) -> pd.DataFrame:
    """Errors and skill of several forecasters on the same windows, rounded to two decimals.

    Parameters
    ----------
    forecasters : mapping of str to forecaster
    x : numpy.ndarray, shape (N, T) or (N, T, D)
        Scaled windows; what is forecast is their first column.
    y : numpy.ndarray, shape (N, horizon)
        What followed.
    unit : float
        What an error of 1 is worth: the standard deviation that scaled the series.
    skill_score : callable
        ``skill_score(y, forecast, baseline)``; the baseline is persistence.
    at : mapping of str to int
        Columns of ``y`` whose root mean squared error the table shows, by name.

    Returns
    -------
    pandas.DataFrame
        A row per forecaster; the errors in the unit of the series, and the skill.
    """
    rows = {}
    for name, model in forecasters.items():
        forecast = _forecast(model, x)
        errors = rmse_by_hour(y, forecast, unit)
        row = {hour: errors[k] for hour, k in at.items()}
        rows[name] = row | {"skill": skill_score(y, forecast, _stays(x, y.shape[1]))}
    return pd.DataFrame(rows).T.round(2)


def _draw_errors(errors: Mapping[str, np.ndarray], title: str) -> None:
    _, ax = plots.new_figure(width=7.5, height=3.3)
    for name, line in errors.items():
        ax.plot(range(1, len(line) + 1), line, label=name, linewidth=2, **STYLE.get(name, {}))
    ax.set(
        title=title,
        xlabel="hours ahead",
        ylabel="RMSE (°F)",
        xticks=range(0, 25, 3),
        ylim=(0, None),
    )
    ax.legend(ncols=2, fontsize=9)


def _errors_by_hour(
    title_of: Callable[[Mapping[str, np.ndarray]], str],
    forecasters: Mapping[str, Forecaster],
    x: np.ndarray,
    y: np.ndarray,
    unit: float,
    skill_score: Score,
) -> pd.DataFrame:
    lines = {name: rmse_by_hour(y, _forecast(f, x), unit) for name, f in forecasters.items()}
    _draw_errors(lines, title_of(lines))
    return scores(forecasters, x, y, unit, skill_score)


def hill_of_persistence(*examples: Any) -> pd.DataFrame:
    """Error against the hour ahead, before any network; takes and returns what `scores` does."""

    def title_of(lines: Mapping[str, np.ndarray]) -> str:
        line = lines["persistence"]
        return plots.true_title(
            "Persistence has a hill at twelve hours: day and night",
            abs(line.argmax() + 1 - 12) <= 2 and line[-1] < 0.8 * line.max(),
            "The error by the hour ahead, before any network",
        )

    return _errors_by_hour(title_of, *examples)


def network_beside_baselines(*examples: Any) -> pd.DataFrame:
    """Error against the hour ahead, with the network; takes and returns what `scores` does."""

    def title_of(lines: Mapping[str, np.ndarray]) -> str:
        gru, ridge, persistence = (lines[name].mean() for name in ("GRU", "ridge", "persistence"))
        return plots.true_title(
            "The GRU is far below persistence, and close to ridge",
            gru < 0.75 * persistence and abs(gru - ridge) < 0.1 * ridge,
            "The error by the hour ahead: the GRU beside its baselines",
        )

    return _errors_by_hour(title_of, *examples)


def direct_and_recursive(
    forecasters: Mapping[str, Forecaster], x: np.ndarray, y: np.ndarray, *others: Any
) -> pd.DataFrame:
    """Error against the hour ahead, all at once and step by step; takes and returns as `scores`."""
    unit, skill_score = others
    lines = {
        name: rmse_by_hour(y, _forecast(forecasters[name], x), unit)
        for name in ("ridge", "ridge, recursive", "GRU", "GRU, recursive", "GRU, state carried")
    }
    gru, linear = ((lines[f"{name}, recursive"] - lines[name]).max() for name in ("GRU", "ridge"))
    title = plots.true_title(
        f"Going step by step costs the GRU up to {gru:.1f} °F, ridge up to {linear:.1f} °F",
        min(gru, linear) >= 0.05,
        "All hours at once, or step by step",
    )
    _draw_errors(lines, title)
    return scores(forecasters, x, y, unit, skill_score)


def five_seeds(runs: pd.DataFrame, measured: float | None = None) -> pd.DataFrame:
    """Draw the stored runs of five seeds: skill, and how far forecasts swing 24 hours ahead.

    Parameters
    ----------
    runs : pandas.DataFrame
        A row a run: its ``way`` to forecast, ``seed``, ``skill`` and ``swing`` (degrees F).
    measured : float, optional
        Swing of what came.

    Returns
    -------
    pandas.DataFrame
        A row a seed; columns: ``skill`` or ``swing``, and the way.
    """
    table = runs.pivot_table(index="seed", columns="way", values=["skill", "swing"])
    _, axes = plots.new_figure(columns=2, width=9, height=3)
    for ax, value in zip(axes, ("skill", "swing"), strict=True):
        for place, name in enumerate(NAMES):
            dots = table[value][name]
            ax.plot([place] * len(dots), dots, "o", color=STYLE[name]["color"], alpha=0.7)
        ax.set_xticks(range(len(NAMES)), NAMES.values())
        ax.set_xlim(-0.5, len(NAMES) - 0.5)
    axes[0].set(title="Five seeds of each", ylabel="skill against persistence")
    axes[1].set(title="How far they swing", ylabel="swing, 24 h ahead (°F)")
    if measured is not None:
        axes[1].axhline(measured, color=TRUTH, linestyle="--", label="measured")
        axes[1].legend(fontsize=9)
    return table


def _days_on(ax: Axes, interval: int = 1) -> None:
    ax.xaxis.set_major_locator(mdates.DayLocator(interval=interval))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))


def _where(hours: pd.DatetimeIndex, time: str) -> int:
    return hours.get_loc(pd.Timestamp(time, tz="UTC"))


def _last_reading(temperature: np.ndarray) -> np.ndarray:
    return np.concatenate([[np.nan], temperature[:-1]])


def a_finished_model(
    hours: pd.DatetimeIndex, temperature: np.ndarray, first: str = "2013-10-06", days: int = 12
) -> float:
    """Some days of measurements (L,), and on them forecasts of one hour ahead.

    Returns
    -------
    float
        R squared: the share of the variance that the forecasts explain, over all hours.
    """
    forecast = _last_reading(temperature)
    begin = _where(hours, first)
    shown = slice(begin, begin + 24 * days)
    both = ~np.isnan(forecast) & ~np.isnan(temperature)
    error = (temperature - forecast)[both]
    explained = float(1 - error.var() / temperature[both].var())
    _, ax = plots.new_figure(width=8.5, height=3)
    ax.plot(hours[shown], temperature[shown], color=TRUTH, lw=3.5, alpha=0.35, label="measured")
    ax.plot(hours[shown], forecast[shown], color=RED, lw=1.2, label="forecast 1 hour ahead")
    ax.set(
        title=plots.true_title(
            "One hour ahead, the forecast follows every turn",
            explained > 0.9,
            f"{days} days, and their forecast one hour ahead",
        ),
        ylabel="temperature (°F)",
        xlabel="2013",
    )
    ax.legend(loc="lower left")
    _days_on(ax)
    return explained


def the_same_close_up(
    hours: pd.DatetimeIndex, temperature: np.ndarray, first: str = "2013-10-13", length: int = 36
) -> pd.DataFrame:
    """The same forecasts for ``length`` hours from midnight UTC of the day ``first``."""
    begin = _where(hours, first)
    shown = slice(begin, begin + length)
    lines = {"measured": temperature, "forecast 1 hour ahead": _last_reading(temperature)}
    table = pd.DataFrame(lines, index=hours)[shown]
    _, ax = plots.new_figure(width=7, height=2.6)
    for (name, line), style in zip(table.items(), ("o-", ".-"), strict=True):
        color, alpha = (TRUTH, 0.4) if style == "o-" else (RED, 1)
        ax.plot(table.index, line, style, color=color, alpha=alpha, label=name)
    ax.set(
        title="Close up: the forecast is the truth, one hour late",
        ylabel="temperature (°F)",
        xlabel="hour (UTC)",
    )
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    ax.legend()
    return table


def most_similar_window(temperature: np.ndarray, length: int = 48) -> pd.DataFrame:
    """Forecast a day as the most similar stretch of the training part went on.

    The stretches of ``length + 24`` hours without a gap are split 70 : 30, once shuffled and once
    in order, where as many hours are left out between the parts as a stretch has.

    Returns
    -------
    pandas.DataFrame
        Root mean squared errors in degrees F of the copy, and of the same hour yesterday.
    """
    hourly = pd.Series(temperature)
    ahead = {k: hourly.shift(-k) for k in range(length + HORIZON)}
    every = pd.DataFrame(ahead).dropna().to_numpy()
    cut = int(0.7 * len(every))
    shuffled = np.random.default_rng(0).permutation(every)
    splits = {
        "shuffled": (shuffled[:cut], shuffled[cut:]),
        "in order": (every[:cut], every[cut + length + HORIZON :]),
    }
    rows = {}
    for name, (past, later) in splits.items():
        (x, y), (x_later, y_later) = (np.split(part, [length], axis=1) for part in (past, later))
        copy = KNeighborsRegressor(n_neighbors=1).fit(x, y).predict(x_later)
        tries = {"most similar window": copy, "same hour yesterday": x_later[:, -HORIZON:]}
        rows[name] = {
            way: np.sqrt(((y_later - forecast) ** 2).mean()) for way, forecast in tries.items()
        }
    return pd.DataFrame(rows).T.round(1)


def three_parts(
    hours: pd.DatetimeIndex, train: np.ndarray, validation: np.ndarray, test: np.ndarray
) -> pd.DataFrame:
    """The three parts (L1,), (L2,), (L3,) of a series of temperatures, and the mean of each.

    Returns
    -------
    pandas.DataFrame
        Hours, hours without a reading, mean and standard deviation of each part.
    """
    _, ax = plots.new_figure(width=8.5, height=3)
    rows, start = {}, 0
    named = {"train": train, "validation": validation, "test": test}
    for (name, part), color in zip(named.items(), (BLUE, ORANGE, RED), strict=True):
        span = hours[start : start + len(part)]
        start += len(part)
        ax.plot(span, part, color=color, linewidth=0.7)
        ax.hlines(np.nanmean(part), span[0], span[-1], color="0.1", linewidth=1.6)
        ax.text(span[0], 101, f" {name}", color=color, weight="bold")
        rows[name] = _described(part)
    past, *later = (rows[name]["mean (°F)"] for name in named)
    ax.set(
        title=plots.true_title(
            "The parts differ: the mean of the past is not the mean of the future",
            min(abs(mean - past) for mean in later) > 2,
            "Three parts of one series, and the mean of each",
        ),
        ylabel="temperature (°F)",
        xlabel="2013",
        ylim=(8, 108),
    )
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%b"))
    rows["all of it"] = _described(np.concatenate([train, validation, test]))
    return pd.DataFrame(rows).T.astype({"hours": int, "missing": int})


def _described(part: np.ndarray) -> dict[str, float]:
    return {
        "hours": len(part),
        "missing": int(np.isnan(part).sum()),
        "mean (°F)": round(float(np.nanmean(part)), 2),
        "std (°F)": round(float(np.nanstd(part)), 2),
    }


def windows_and_a_gap(
    series: Sequence[float | None], input_steps: int = 4, horizon: int = 2
) -> list[bool]:
    """A short series with gaps (``None``), and below it every window: which ones are kept?"""
    _, ax = plots.new_figure(width=8.5, height=3.3)
    for t, value in enumerate(series):
        gap = value is None
        ax.add_patch(plt.Rectangle((t, 9.2), 0.94, 0.9, color="white" if gap else "0.85", ec="0.5"))
        ax.text(t + 0.47, 9.65, "NaN" if gap else value, ha="center", va="center", fontsize=10)
        ax.text(t + 0.47, 10.45, t, ha="center", fontsize=8, color="0.5")
    kept, y = [], 8.2
    for begin in range(len(series) - input_steps - horizon + 1):
        y = 8.2 - begin * 0.95
        kept.append(None not in series[begin : begin + input_steps + horizon])
        for k in range(input_steps + horizon):
            color = "0.9" if not kept[-1] else BLUE if k < input_steps else ORANGE
            ax.add_patch(plt.Rectangle((begin + k, y), 0.94, 0.7, color=color, alpha=0.8))
        word = "kept" if kept[-1] else "dropped"
        ax.text(-0.3, y + 0.35, word, ha="right", va="center", fontsize=9)
    ax.text(-0.3, 9.65, "series", ha="right", va="center", fontsize=9)
    ax.set(
        title="Inputs (blue) and targets (orange): a window that touches a gap is dropped",
        xlim=(-1.6, len(series) + 0.1),
        ylim=(y - 0.3, 10.9),
    )
    ax.axis("off")
    return kept


def cost_of_gaps(parts: Sequence[np.ndarray], windows: Sequence[Windows]) -> pd.DataFrame:
    """Count what missing hours cost.

    Parameters
    ----------
    parts : sequence of numpy.ndarray, shapes (L1,), (L2,), (L3,)
    windows : sequence of (x, y)
        The windows of each part, shapes ``(N, input_steps)`` and ``(N, horizon)``.
    """
    rows = {}
    for name, part, (x, y) in zip(("train", "validation", "test"), parts, windows, strict=True):
        possible = len(part) - x.shape[1] - y.shape[1] + 1
        rows[name] = {
            "x": x.shape,
            "y": y.shape,
            "missing hours": int(np.isnan(part).sum()),
            "windows lost": f"{1 - len(x) / possible:.0%}",
        }
    return pd.DataFrame(rows).T


def broken_by_one_gap(make_windows: MakeWindows, length: int = 500) -> int:
    """Count the windows that one missing hour in the middle of a long series costs."""
    series = np.zeros(length)
    whole = len(make_windows(series, INPUT_STEPS, HORIZON)[0])
    series[length // 2] = np.nan
    return whole - len(make_windows(series, INPUT_STEPS, HORIZON)[0])


def a_forecast_every_midnight(
    forecasters: Mapping[str, Forecaster],
    hours: pd.DatetimeIndex,
    temperature: np.ndarray,
    mean: float,
    std: float,
    first: str = "2013-09-09",
    days: int = 7,
) -> dict[str, np.ndarray]:
    """Measured temperatures (L,), and a day's forecast from every midnight in New York.

    Returns
    -------
    dict of str to numpy.ndarray, shape (days, horizon)
        In degrees F.
    """
    monday = _where(hours, f"{first} 04:00")  # midnight in New York
    starts = monday + 24 * np.arange(days)
    histories = np.stack([temperature[now - INPUT_STEPS : now] for now in starts])
    drawn = {
        name: mean + std * _forecast(f, (histories - mean) / std) for name, f in forecasters.items()
    }
    _, ax = plots.new_figure(width=8.5, height=3.4)
    week = slice(monday - 24, starts[-1] + 24)
    ax.plot(hours[week], temperature[week], color=TRUTH, lw=4, alpha=0.3, label="measured")
    for day, now in enumerate(starts):
        last = histories[day, -1:]
        for name, forecast in drawn.items():
            line = np.concatenate([last, forecast[day]])
            label = name if day == 0 else None
            ax.plot(hours[now - 1 : now + HORIZON], line, lw=1.6, label=label, **STYLE[name])
        ax.plot(hours[now - 1], last, "o", color="black", markersize=5)
    ax.set(
        title=f"{'A week' if days == 7 else f'{days} days'} in {hours[monday]:%B}: "
        "every midnight, a forecast for the day that begins",
        ylabel="temperature (°F)",
        xlabel="2013",
    )
    ax.legend(ncols=5, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    _days_on(ax)
    return drawn


def the_same_week_from_afar(
    forecaster: Callable[[np.ndarray, int], np.ndarray],
    hours: pd.DatetimeIndex,
    temperature: np.ndarray,
    mean: float,
    std: float,
    steps: Sequence[int] = (1, 4, 16),
    first: str = "2013-09-09",
    days: int = 7,
) -> pd.DataFrame:
    """Every hour of some days, forecast from several steps before.

    Parameters
    ----------
    forecaster : callable
        ``forecaster(x, k)`` maps scaled windows ``(N, 48)`` to ``k`` steps ahead ``(N, k)``.
    temperature : numpy.ndarray, shape (L,)
    """
    monday = _where(hours, f"{first} 04:00")
    span = np.arange(monday, monday + 24 * days)
    height = 1.2 + 1.35 * len(steps)
    _, grid = plots.new_figure(rows=len(steps), width=8.5, height=height, sharex=True, sharey=True)
    axes, lines = np.atleast_1d(grid), {}
    for ax, k in zip(axes, steps, strict=True):
        windows = np.stack([temperature[t - k - INPUT_STEPS + 1 : t - k + 1] for t in span])
        lines[k] = mean + std * forecaster((windows - mean) / std, k)[:, -1]
        ax.plot(hours[span], temperature[span], color=TRUTH, linewidth=4, alpha=0.3)
        ax.plot(hours[span], lines[k], color=PURPLE, linewidth=1.6)
        ax.set(ylabel="°F")
        ax.text(
            1.01,
            0.5,
            f"{k} step{'s' * (k > 1)}\nahead",
            transform=ax.transAxes,
            color=PURPLE,
            va="center",
        )
    axes[0].set(title=_title_from_afar(temperature[span], lines))
    axes[-1].set(xlabel="2013")
    _days_on(axes[-1])
    return pd.DataFrame(lines, index=hours[span])


def _title_from_afar(measured: np.ndarray, lines: Mapping[int, np.ndarray]) -> str:
    """Look for the swing of the days (24 hours each) and for the error, far ahead and near."""
    near, far = (lines[k] for k in (min(lines), max(lines)))
    wave, true_wave = (np.ptp(line.reshape(-1, 24), axis=1).mean() for line in (far, measured))
    errors = [np.sqrt(((line - measured) ** 2).mean()) for line in (near, far)]
    return plots.true_title(
        "Far ahead the daily wave stays, but the weather is lost",
        wave > 0.5 * true_wave and errors[1] > 2 * errors[0],
        "The same days, each hour forecast from some hours before",
    )


def swing_and_correlation(
    forecasters: Mapping[str, Forecaster],
    x: np.ndarray,
    y: np.ndarray,
    std: float,
    at: Sequence[int] = (1, 4, 16, 24),
) -> pd.DataFrame:
    """Standard deviation of forecasts (in degrees F) and their correlation with what came.

    Parameters
    ----------
    x, y : numpy.ndarray, shapes (N, T) and (N, horizon)
        Scaled windows and what followed.
    at : sequence of int
        Hours ahead.
    """
    columns = [k - 1 for k in at]
    table = {("swing (°F)", "measured"): std * y.std(axis=0)[columns]}
    correlations = {}
    for name, model in forecasters.items():
        if name in ("persistence", "seasonal-naive"):
            continue
        forecast = _forecast(model, x)
        table["swing (°F)", name] = std * forecast.std(axis=0)[columns]
        pairs = ((y[:, k], forecast[:, k]) for k in columns)
        correlations["correlation", name] = [np.corrcoef(*pair)[0, 1] for pair in pairs]
    rows = [f"{k} h ahead" for k in at]
    swings, alike = pd.DataFrame(table, rows).round(1), pd.DataFrame(correlations, rows).round(2)
    return pd.concat([swings, alike], axis=1).T


def skill_by_month(
    hours: pd.DatetimeIndex,
    temperature: np.ndarray,
    forecasters: Mapping[str, Forecaster],
    make_windows: MakeWindows,
    skill_score: Score,
) -> dict[str, float]:
    """Skill of the seasonal rule, which has nothing to train, month by month.

    Parameters
    ----------
    hours : pandas.DatetimeIndex
        Of the series; more of them are ignored.
    temperature : numpy.ndarray, shape (L,)

    Returns
    -------
    dict of str to float
    """
    month_of = hours[: len(temperature)].month
    skills = {}
    for month in np.unique(month_of):
        x, y = make_windows(temperature[month_of == month], INPUT_STEPS, HORIZON)
        skill = skill_score(y, _forecast(forecasters["seasonal-naive"], x), _stays(x, HORIZON))
        skills[pd.Timestamp(2013, month, 1).strftime("%b")] = round(float(skill), 2)
    _, ax = plots.new_figure(width=7.5, height=2.8)
    ax.bar(
        list(skills), skills.values(), color=[BLUE if v < 0 else ORANGE for v in skills.values()]
    )
    ax.axhline(0, color="0.3", linewidth=1)
    ax.set(
        title=plots.true_title(
            "'As yesterday' beats 'as now' in summer and loses in winter",
            min(skills.get(month, 0) for month in ("Jun", "Jul", "Aug")) > 0
            and max(skills.get(month, 0) for month in ("Jan", "Feb")) < 0,
            "'As yesterday' against 'as now', month by month",
        ),
        ylabel="skill against persistence",
        xlabel="month of 2013",
    )
    return skills


def all_instruments(
    chronological_split: Split, make_windows: MakeWindows, airport: str = "JFK"
) -> list[Windows]:
    """Windows of seven columns: thermometer, dew point, wind (two), pressure, clock (two).

    A gap of another instrument repeats its last value, which uses the past alone. Hours without a
    temperature stay missing: the windows are those of the thermometer by itself.

    Parameters
    ----------
    chronological_split, make_windows : callable
        The learner's functions.

    Returns
    -------
    list of (x, y)
        Of each part, scaled by the training part: shapes ``(N, 48, 7)`` and ``(N, 24)``, the
        temperature first.
    """
    table = _instruments(airport)
    parts = chronological_split(table.to_numpy())
    center, spread = np.nanmean(parts[0], axis=0), np.nanstd(parts[0], axis=0)
    windows = []
    for part in parts:
        columns = [
            make_windows(column, INPUT_STEPS, HORIZON) for column in ((part - center) / spread).T
        ]
        windows.append((np.stack([x for x, _ in columns], axis=2), columns[0][1]))
    return windows


def _instruments(airport: str) -> pd.DataFrame:
    known = data.weather(airport, gaps="forward")
    wind = np.deg2rad(known["wind_dir"].fillna(0))
    clock = 2 * np.pi * known.index.hour / 24
    columns = {
        "temperature": known["temp"],
        "dew point": known["dewp"],
        "wind from east": known["wind_speed"] * np.sin(wind),
        "wind from north": known["wind_speed"] * np.cos(wind),
        "pressure": known["pressure"],
        "hour, sine": np.sin(clock),
        "hour, cosine": np.cos(clock),
    }
    table = pd.DataFrame(columns)
    table[data.weather(airport)["temp"].isna()] = np.nan
    return table


def skill_by_week(
    forecasters: Mapping[str, Forecaster],
    hours: pd.DatetimeIndex,
    scaled: Sequence[np.ndarray],
    make_windows: MakeWindows,
    skill_score: Score,
) -> pd.DataFrame:
    """Skill of ridge and GRU in each week after the training part, in validation and test.

    Parameters
    ----------
    hours : pandas.DatetimeIndex
    scaled : sequence of numpy.ndarray, shapes (L1,), (L2,), (L3,)
        The three parts of the series, scaled.

    Returns
    -------
    pandas.DataFrame
        A row per week, by its first day, and a column per forecaster.
    """
    begin = len(scaled[0])
    origin, found = hours[begin + INPUT_STEPS], []
    for part in scaled[1:]:
        x, y = make_windows(part, INPUT_STEPS, HORIZON)
        places = np.where(np.isnan(part), np.nan, begin + np.arange(len(part)))
        first = make_windows(places, INPUT_STEPS, HORIZON)[1][:, 0].astype(int)
        found.append((x, y, (hours[first] - origin).days.to_numpy() // 7))
        begin += len(part)
    x, y, week_of = (np.concatenate(pieces) for pieces in zip(*found, strict=True))
    weeks = np.unique(week_of)
    table = pd.DataFrame(index=[origin + pd.Timedelta(weeks=int(week)) for week in weeks])
    _, ax = plots.new_figure(width=8.5, height=3)
    for name in ("ridge", "GRU"):
        chosen = [(y[at], x[at]) for at in (week_of == week for week in weeks)]
        table[name] = [
            skill_score(later, _forecast(forecasters[name], past), _stays(past, HORIZON))
            for later, past in chosen
        ]
        ax.plot(table.index, table[name], "o-", lw=1.5, label=name, color=STYLE[name]["color"])
    ax.axhline(0, color=GREY, linestyle="--", label="persistence")
    ax.axvline(hours[len(scaled[0]) + len(scaled[1])], color="0.3", linewidth=1)
    ax.text(
        hours[len(scaled[0]) + len(scaled[1])], 0.08, " test part", color="0.3", ha="left", size=9
    )
    ax.set(
        title=plots.true_title(
            "Skill, week by week: the weather decides more than the model",
            table.std().min() > 1.5 * table.diff(axis=1)["GRU"].abs().mean(),
            "The skill of ridge and GRU, week by week",
        ),
        ylabel="skill",
        xlabel="week that begins on",
    )
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    _days_on(ax, 14)
    return table


def _next_day(
    past: np.ndarray,
    new: np.ndarray,
    make_windows: MakeWindows,
    train_forecaster: Train,
    days: int = 20,
) -> tuple[Windows, Windows, nn.Module]:
    """Windows of scaled days (N, 20), the days that follow, and a GRU trained on the past."""
    x, y = make_windows(past, days, 1)
    training.set_up(seed=0)
    return (x, y), make_windows(new, days, 1), train_forecaster(x[:, :, None], y)


def prices_from_prices(
    ticker: str,
    chronological_split: Split,
    make_windows: MakeWindows,
    train_forecaster: Train,
    skill_score: Score,
) -> dict[str, float]:
    """Train a GRU on share prices the usual way, levels from levels, and draw the test part.

    Parameters
    ----------
    ticker : str
        Of a share in the course's data.
    chronological_split, make_windows, train_forecaster, skill_score : callable
        The learner's functions.
    """
    price = data.prices(ticker)["adj_close"]
    past, _, new = chronological_split(price.to_numpy())
    scale = past.mean(), past.std()
    past, new = ((part - scale[0]) / scale[1] for part in (past, new))
    _, (x, y), gru = _next_day(past, new, make_windows, train_forecaster)
    forecast = predict(gru, x)
    r2 = float(1 - ((y - forecast) ** 2).mean() / y.var())
    skill = float(skill_score(y, forecast, x[:, -1:]))
    on = price.index[-len(y) :]
    _, ax = plots.new_figure(width=8.5, height=3)
    ax.plot(on, scale[0] + scale[1] * y[:, 0], color=TRUTH, lw=4, alpha=0.3, label="price")
    curve = scale[0] + scale[1] * forecast[:, 0]
    ax.plot(on, curve, color=GREEN, linewidth=1.4, label="GRU, one day ahead")
    ax.set(
        title=f"R² of {r2:.3f}, skill of {skill:.2f}"
        + plots.true_title(": the figure that sells courses", r2 > 0.9 and skill < 0.05, ""),
        ylabel="adjusted close (USD)",
        xlabel="test part",
    )
    ax.xaxis.set_major_locator(mdates.MonthLocator(interval=4))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
    ax.legend()
    return {"R²": r2, "skill": skill}


def daily_moves(
    ticker: str,
    chronological_split: Split,
    make_windows: MakeWindows,
    train_forecaster: Train,
    skill_score: Score,
) -> pd.DataFrame:
    """Learn the daily changes of a share's price, with ridge and with a GRU.

    Parameters are those of :func:`prices_from_prices`; the baseline of the skill is no change.

    Returns
    -------
    pandas.DataFrame
        Skill on the past and on new days; on how many new days the direction was right, in per
        cent; and the band in which a coin lies 19 times in 20.
    """
    daily = np.diff(np.log(data.prices(ticker)["adj_close"].to_numpy()))
    past, _, new = chronological_split(daily)
    past, new = past / past.std(), new / past.std()
    seen, unseen, gru = _next_day(past, new, make_windows, train_forecaster)
    band = 100 / np.sqrt(len(unseen[1]))
    rows = {}
    for name, model in {"ridge": Ridge(alpha=10.0).fit(*seen), "GRU": gru}.items():
        on_past, on_new = (skill_score(y, _forecast(model, x), 0 * y) for x, y in (seen, unseen))
        up_or_down = np.sign(_forecast(model, unseen[0]))
        rows[name] = {
            "skill, past": f"{on_past:.3f}",
            "skill, new days": f"{on_new:.3f}",
            "direction right": f"{(up_or_down == np.sign(unseen[1])).mean():.0%}",
            "a coin": f"50 ± {band:.0f} %",
        }
    return pd.DataFrame(rows).T


def traded_and_adjusted(*tickers: str) -> pd.DataFrame:
    """Closing prices as traded and as adjusted, on the first and the last day of the table."""
    days = {ticker: data.prices(ticker)[["close", "adj_close"]].iloc[[0, -1]] for ticker in tickers}
    return pd.concat(days, names=["share"]).round(2)


def an_error_of_zero(
    ridge: Ridge, ours: Windows, std: float, prepare: Prepare, series: np.ndarray, cut: int
) -> pd.DataFrame:
    """Error of our ridge regression, and of one on windows that somebody else has prepared.

    Parameters
    ----------
    ridge : sklearn.linear_model.Ridge
        Fitted to our windows.
    ours : (x, y)
        Windows (N, T) that it has not seen, and what followed (N, horizon).
    std : float
        Standard deviation that scaled them.
    prepare : callable
        ``prepare(series, cut, input_steps, horizon)`` returns mean, std, x_train, y_train, x_test,
        y_test; a ridge regression with hardly any penalty is fitted to its training windows.

    Returns
    -------
    pandas.DataFrame
        Root mean squared errors in degrees F, for the first hours.
    """
    _, their_std, *theirs = prepare(series, cut, INPUT_STEPS, HORIZON)
    (x, y), their_ridge = ours, Ridge(alpha=1e-3).fit(theirs[0], theirs[1])
    lines = {
        "our windows": rmse_by_hour(y, ridge.predict(x), std),
        "colleague's windows": rmse_by_hour(theirs[3], their_ridge.predict(theirs[2]), their_std),
    }
    _, ax = plots.new_figure(width=7.5, height=3)
    for (name, line), color in zip(lines.items(), (BLUE, RED), strict=True):
        ax.plot(range(1, len(line) + 1), line, color=color, linewidth=2, label=name)
    ours_sooner, theirs_later = lines["our windows"][:-1], lines["colleague's windows"][1:]
    ax.set(
        title=plots.true_title(
            "An error of zero, and then about our own curve one hour later",
            lines["colleague's windows"][0] < 0.05
            and np.abs(theirs_later - ours_sooner).max() < 0.15 * ours_sooner.max(),
            "The error by the hour ahead, on our windows and on a colleague's",
        ),
        xlabel="hours ahead",
        ylabel="RMSE (°F), ridge",
        xticks=range(0, 25, 3),
        ylim=(-0.2, None),
    )
    ax.legend()
    table = pd.DataFrame(lines, index=[f"{k + 1} h" for k in range(len(lines["our windows"]))])
    return table[:3].T.round(2)


def what_moves(
    prepare: Prepare, series: np.ndarray, cut: int, degrees: float = 30.0
) -> dict[str, str]:
    """Which outputs of the training side change when only the future changes?

    Parameters
    ----------
    prepare : callable
        ``prepare(series, cut, input_steps, horizon)`` returns mean, std, x_train, y_train, ...
    series : numpy.ndarray, shape (L,)
    cut : int
        From here on the other future is warmer.
    degrees : float
        By how much.

    Returns
    -------
    dict of str to str
        How many rows of each output have moved.
    """
    other = series.copy()
    other[cut:] += degrees
    pair = (prepare(one, cut, INPUT_STEPS, HORIZON) for one in (series, other))
    report = {}
    for name, a, b in zip(("mean", "std", "x_train", "y_train"), *pair, strict=False):
        rows = np.abs(np.atleast_2d(a) - np.atleast_2d(b)).max(axis=1) > 1e-9
        report[name] = f"{rows.sum()} of {rows.size} moved"
    return report
