"""Worked examples of the exercises of ``03_gru/forecasting.ipynb``."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks, data


def chronological_split(t, chronological_split):
    series = np.array([5.0, 1.0, 4.0, 2.0, 9.0, 7.0, 3.0, 8.0, 6.0, 0.0])

    def lengths(series, train, validation):
        return np.array([len(part) for part in chronological_split(series, train, validation)])

    t.check(
        lengths,
        {"series": series, "train": 0.5, "validation": 0.25},
        "lengths of the three parts",
        float32=False,
        quiet=True,
    )
    t.check(
        chronological_split,
        {"series": series, "train": 0.5, "validation": 0.25},
        "train, validation, test",
    )
    found = lengths(np.arange(15.0), 0.25, 0.375)
    checks.require(
        list(found) == [3, 6, 6],
        f"chronological_split: of 15 hours, with train=0.25 and validation=0.375, the parts have "
        f"{', '.join(map(str, found))} hours. The cuts are at 3.75, so at 3, and at "
        "0.625 * 15 = 9.375, so at 9: round down, and round the sum of the shares, not each share.",
    )
    rows = {"series": np.stack([series, -series], axis=1), "train": 0.5, "validation": 0.25}
    t.check(chronological_split, rows, "train, validation, test", float32=False, quiet=True)


def make_windows(t, make_windows):
    whole = np.array([3.0, 5.0, 4.0, 1.0, 6.0, 9.0, 7.0])
    broken = np.array([3.0, 5.0, 4.0, 1.0, np.nan, 6.0, 9.0, 7.0, 8.0, 2.0])

    def count(series, input_steps, horizon):
        return len(make_windows(series, input_steps, horizon)[0])

    count.__name__ = "make_windows"
    t.check(
        count,
        {"series": whole, "input_steps": 3, "horizon": 2},
        "number of windows",
        float32=False,
        quiet=True,
    )
    t.check(make_windows, {"series": whole, "input_steps": 3, "horizon": 2}, "x, y", quiet=True)
    t.check(
        count,
        {"series": broken, "input_steps": 2, "horizon": 2},
        "number of windows",
        float32=False,
        quiet=True,
    )
    t.check(make_windows, {"series": broken, "input_steps": 2, "horizon": 2}, "x, y")
    short = [part.shape for part in make_windows(whole, 1, 1)]
    checks.require(
        short == [(6, 1), (6, 1)],
        f"make_windows: with one hour in and one ahead the shapes are {short[0]} and {short[1]}; "
        "both must be (6, 1). Keep the axis of length 1.",
    )


def skill_score(t, skill_score):
    y = np.array([[3.0, 5.0], [4.0, 8.0]])
    t.check(
        skill_score,
        {
            "y": y,
            "forecast": np.array([[2.0, 5.5], [4.0, 6.0]]),
            "baseline": np.array([[1.0, 2.0], [3.0, 7.0]]),
        },
        "skill",
    )
    worse = skill_score(y, y + 3.0, y + 1.0)
    checks.require(
        np.isclose(worse, -8.0),
        "skill_score: a forecast that is worse than the baseline has a negative skill; "
        f"here -8, yours is {worse}.",
    )
    checks.require(
        skill_score(y, y, y + 1) == 1, "skill_score: a perfect forecast has the skill 1."
    )


def Forecaster(t, Forecaster):
    def forecast_with_fixed_weights(x):
        model = Forecaster(2, 3, 4).to(x.dtype)
        sizes = sorted(tuple(p.shape) for p in model.parameters())
        checks.require(
            sizes == [(4,), (4, 3), (9,), (9,), (9, 2), (9, 3)],
            "Forecaster: with input_size 2, hidden_size 3 and horizon 4 the parameters must be "
            "those of one nn.GRU (9 x 2, 9 x 3, 9, 9) and one nn.Linear (4 x 3, 4); "
            f"yours are {sizes}.",
        )
        with torch.no_grad():
            for p in model.parameters():
                values = torch.arange(p.numel(), dtype=x.dtype).reshape(p.shape)
                p.copy_(torch.sin(values + p.numel()))
        return model(x)

    forecast_with_fixed_weights.__name__ = "Forecaster"
    x = torch.tensor(
        [[[1.0, 0.5], [-0.4, 0.2], [0.9, -1.0]], [[0.3, -0.6], [0.8, 0.1], [-0.7, 0.4]]],
        dtype=torch.float64,
    )
    t.check(forecast_with_fixed_weights, {"x": x}, "forecast")
    for other in (x.flip(0, 1), x[:1, :1]):
        t.check(forecast_with_fixed_weights, {"x": other}, "forecast", float32=False, quiet=True)
    one_hour = Forecaster(2, 3, 1).double()(x)
    checks.require(
        one_hour.shape == (2, 1),
        f"Forecaster: with a horizon of 1 the forecasts have shape {tuple(one_hour.shape)}; it "
        "must be (2, 1).",
    )
    model, x = Forecaster(2, 3, 4).double(), x.clone().requires_grad_()
    once, twice = model(x), model(x)
    checks.require(
        torch.equal(once, twice),
        "Forecaster: a second call with the same windows gives other forecasts: every window "
        "starts from a zero state.",
    )
    once.square().sum().backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    still += [] if x.grad is not None and x.grad[:, 0].any() else ["the first hour of x"]
    checks.require(not still, f"Forecaster: no gradient reaches {', '.join(still)}.")


def _takes_sizes_from_arguments(train_forecaster, Forecaster, predict):
    """Require that a training fits other windows than the notebook's, and leaves them alone."""
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(200, 6, 2)), "changes": rng.normal(size=(200, 3))}
    passed = checks.copy_of(given)
    tried = "train_forecaster, for x of shape (200, 6, 2) and changes of shape (200, 3):"
    try:
        model = train_forecaster(**passed)
    except RuntimeError as error:
        raise checks.CheckFailed(
            f"{tried} {error}. Take the sizes of the model from x and changes."
        ) from None
    checks.require(
        isinstance(model, Forecaster),
        f"{tried} it must return the trained Forecaster; yours returns {checks.type_name(model)}.",
    )
    checks.unchanged("train_forecaster", given, passed)
    shape = predict(model, given["x"]).shape
    checks.require(
        shape == (200, 3),
        f"{tried} forecasts have shape {shape}; they must be (200, 3): one per hour of the "
        "horizon.",
    )


def train_forecaster(
    t,
    train_forecaster,
    Forecaster,
    predict,
    direct,
    x_validation,
    y_validation,
    skill_score,
    persistence,
    forecast_weather,
    HORIZON,
):
    _takes_sizes_from_arguments(train_forecaster, Forecaster, predict)
    forecast = predict(direct, x_validation)
    checks.require(
        forecast.shape == y_validation.shape,
        f"train_forecaster: forecasts have shape {forecast.shape}; they must be "
        f"{y_validation.shape}: one per hour of the horizon.",
    )
    checks.require(
        np.isfinite(forecast).all(),
        "train_forecaster: the forecasts are not finite. The training has diverged: lower the "
        "learning rate, clip the gradients.",
    )
    skill = skill_score(y_validation, forecast, persistence(x_validation))
    checks.require(
        skill > 0.02,
        f"train_forecaster: the skill on the validation part is {skill:.2f}, no better than "
        "persistence. Has the model learned at all? optimizer.step() after "
        "loss.backward(), inputs and targets of the same rows, changes as targets.",
    )
    checks.require(
        skill > 0.5,
        f"train_forecaster: the skill on the validation part is {skill:.2f}. It learns, but too "
        "little: more rounds, or a larger learning rate?",
    )
    sealed = forecast_weather(direct, data.weather_exam())
    checks.require(
        sealed.shape == (24, HORIZON) and np.abs(sealed).max() < 130,
        "train_forecaster: on 24 histories of November and December the forecasts are not "
        "temperatures.",
    )
    t.say("train_forecaster: skill on the validation part above 0.5")


def forecast_recursively(t, forecast_recursively):
    class _TwiceLastMinusFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            checks.require(
                x.ndim == 3 and x.shape[1:] == (3, 1),
                f"forecast_recursively: the model was given a window of shape {tuple(x.shape)}; "
                "every window must be (N, T, 1) with the T of the history, here 3: one value "
                "leaves when one enters.",
            )
            return self.weight.to(x.dtype) * x[:, -1] - x[:, 0]

    def with_this_model(history, steps):
        model = _TwiceLastMinusFirst()
        forecasts = forecast_recursively(model, history, steps)
        learns = model.weight.requires_grad and torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        checks.require(
            learns,
            "forecast_recursively: afterwards the model cannot learn any more. Use `with "
            "torch.no_grad():`, and neither requires_grad_(False) nor set_grad_enabled(False).",
        )
        return forecasts

    with_this_model.__name__ = "forecast_recursively"
    t.check(
        with_this_model,
        {
            "history": torch.tensor(
                [[[1.0], [2.0], [4.0]], [[0.0], [1.0], [3.0]]], dtype=torch.float64
            ),
            "steps": 4,
        },
        "forecasts",
    )
    alone = with_this_model(torch.ones(1, 3, 1), 4)
    checks.form("forecast_recursively: forecasts for one history", alone, (1, 4), "float32")


def test_preparation(t, test_preparation, colleagues_series):
    mended = "the colleague's function with two of its three mistakes mended (look at all six)"
    red = {
        colleagues_series: "the colleague's function",
        "all": mended,
        "copied": mended,
        "crossing": mended,
        "spread": "a right mean with a wrong std",
        "centre": "a right std with a wrong mean",
        "raw": "inputs that are not scaled",
        "two scalers": "test windows that are scaled by numbers of their own",
        "lines": "gaps that are filled along a straight line",
        "early lines": "gaps that are filled in the training part alone",
        "late lines": "gaps that are filled in the test part alone",
        "no gaps": "windows that close ranks over a gap",
        "short": "training windows of which the last is missing",
        "shared": "test windows that begin before the cut",
    }
    green = {
        "": "a right function",
        "scaled in another order": "a right function that computes otherwise",
    }
    t.say(bug_hunt.require_red_and_green(test_preparation, _hour_by_hour, red=red, green=green))


def _hour_by_hour(series, cut, input_steps, horizon, slip=""):
    """Prepare a series in plain Python, or with one slip."""
    series = [float(value) for value in series]
    length, hours = input_steps + horizon, range(len(series))
    mean, std = _mean_and_std(series if slip == "all" else series[:cut])
    if slip == "spread":
        std = _mean_and_std(series)[1]
    if slip == "centre":
        mean = _mean_and_std(series)[0]
    there = [hour for hour in hours if not math.isnan(series[hour])]
    if slip in ("lines", "early lines", "late lines"):
        filled = np.interp(hours, there, [series[hour] for hour in there]).tolist()
        begin, end = {"early lines": (0, cut), "late lines": (cut, None)}.get(slip, (0, None))
        series[begin:end] = filled[begin:end]
    kept = there if slip == "no gaps" else list(hours)
    results: list = [mean, std]
    for part in ("train", "test"):
        numbers = mean, std
        if slip == "two scalers" and part == "test":
            numbers = _mean_and_std(series[cut:])
        xs, ys = [], []
        for window in (kept[i : i + length] for i in range(len(kept) - length + 1)):
            last_input, last = window[input_steps - 1], window[-1]
            past = (last_input if slip == "crossing" else last) < cut
            future = window[0] >= cut
            if slip in ("crossing", "shared"):
                future = last_input >= cut
            if not (past if part == "train" else future):
                continue
            values = [_scaled(series[hour], *numbers, slip) for hour in window]
            if not any(map(math.isnan, values)):
                inputs = [series[hour] for hour in window] if slip == "raw" else values
                xs.append(inputs[:input_steps])
                early = slip == "copied"
                ys.append(values[input_steps - early : length - early])
        if slip == "short" and part == "train":
            xs, ys = xs[:-1], ys[:-1]
        results += [np.reshape(xs, (-1, input_steps)), np.reshape(ys, (-1, horizon))]
    return tuple(results)


def _mean_and_std(values):
    known = [value for value in values if not math.isnan(value)]
    mean = math.fsum(known) / len(known)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known))


def _scaled(value, mean, std, slip):
    if slip == "scaled in another order":
        return value / std - mean / std
    return (value - mean) / std


def prepare_series(t, prepare_series):
    series = np.array([2.0, 4.0, np.nan, 5.0, 9.0, 7.0, 1.0, 7.0, 12.0, 18.0, 16.0, 11.0, 14.0])

    def scaler(series, cut, input_steps, horizon):
        return prepare_series(series, cut, input_steps, horizon)[:2]

    def windows(series, cut, input_steps, horizon):
        result = prepare_series(series, cut, input_steps, horizon)
        mean, std = result[:2]
        return [np.round(mean + std * part, 6) for part in result[2:]]

    def counts(series, cut, input_steps, horizon):
        result = prepare_series(series, cut, input_steps, horizon)
        return len(result[2]), len(result[4])

    scaler.__name__ = windows.__name__ = counts.__name__ = "prepare_series"
    args = {"series": series, "cut": 8, "input_steps": 3, "horizon": 1}
    t.check(scaler, args, "mean, std", float32=False, quiet=True)
    t.check(
        counts,
        args,
        "number of training windows, number of test windows",
        float32=False,
        quiet=True,
    )
    t.check(windows, args, "x_train, y_train, x_test, y_test", float32=False, quiet=True)
    t.say("prepare_series: scaler, training windows, test windows")
