"""Series in time: weather, share prices, blood glucose. Chronological, with their gaps stated.

These loaders do not divide the series: cutting in time order is part of the lesson.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .fetch import read

if TYPE_CHECKING:
    import pandas as pd

AIRPORTS = ("EWR", "JFK", "LGA")
EXAM_START = "2013-11-05"
EXAM_HISTORY, EXAM_HORIZON = 48, 24
EXAM_STRIDE = 7 * 24 + 5
"""Hours from one question to the next. The hour of the cut wanders, and more than four days lie
between a day that is asked about and the next readings: a line from one to the other gains nothing.
"""

# Readings that cannot be true. Before and after the first it is 57 degrees F; the second is a
# wind of 1,048 miles an hour. (airport, hour, columns)
FAULTS = (
    ("JFK", "2013-05-09T02:00:00Z", ("temp", "dewp", "humid")),
    ("EWR", "2013-02-12T08:00:00Z", ("wind_speed",)),
)


def weather(
    origin: str = "JFK", gaps: str = "nan", repair: bool = True, whole_year: bool = False
) -> pd.DataFrame:
    """Hourly weather at one airport on a regular grid in UTC, 2013-01-01 06:00 onwards.

    Columns: ``temp`` and ``dewp`` (degrees F), ``humid`` (%), ``wind_dir`` (degrees),
    ``wind_speed`` and ``wind_gust`` (mph), ``precip`` (inches), ``pressure`` (hPa; a tenth of it
    is missing), ``visib`` (miles). 8,703 (EWR) or 8,706 of the year's 8,730 hours have a reading;
    the longest gap is five hours, on 26 October and 3 November. Most hours have no gust.

    Parameters
    ----------
    origin : {"EWR", "JFK", "LGA"}
    gaps : {"nan", "forward"}
        A missing reading stays ``NaN``, or repeats the last one. Repeating uses the past alone;
        interpolation would look ahead.
    repair : bool
        Treat the impossible readings in ``FAULTS`` as missing.
    whole_year : bool
        Without it the series ends on 2013-11-04, before the weeks that :func:`weather_exam` asks
        about. Forecasts of those weeks are graded, so lessons train without them.
    """
    import pandas as pd

    if origin not in AIRPORTS:
        raise ValueError(f"origin is one of {', '.join(AIRPORTS)}, not {origin!r}")
    table = pd.read_csv(io.BytesIO(read("weather")))
    table = table[table["origin"] == origin]
    table = table.set_index(pd.to_datetime(table["time_hour"]).rename("time"))
    table = table.drop(columns=["origin", "year", "month", "day", "hour", "time_hour"])
    table = table.astype(float).sort_index()
    if repair:
        for airport, time, columns in FAULTS:
            if airport == origin:
                table.loc[pd.Timestamp(time), list(columns)] = np.nan
    table = table.asfreq("h")
    if gaps == "forward":
        table = table.ffill()
    elif gaps != "nan":
        raise ValueError(f'gaps is "nan" or "forward", not {gaps!r}')
    return table if whole_year else table[: pd.Timestamp(EXAM_START, tz="UTC")].iloc[:-1]


def _exam() -> tuple[np.ndarray, np.ndarray]:
    histories, futures = [], []
    temperatures = {o: weather(o, whole_year=True)["temp"] for o in AIRPORTS}
    for origin, _, cut in _exam_cuts():
        series = temperatures[origin]
        future = series.iloc[cut : cut + EXAM_HORIZON]
        if not future.isna().any():
            histories.append(series.ffill().iloc[cut - EXAM_HISTORY : cut].to_numpy())
            futures.append(future.to_numpy())
    return np.stack(histories), np.stack(futures)


def _exam_cuts() -> Iterator[tuple[str, pd.DatetimeIndex, int]]:
    """Airport, its hours, and the position of the first hour to forecast, for each question."""
    import pandas as pd

    for origin in AIRPORTS:
        index = weather(origin, whole_year=True).index
        start = index.get_loc(pd.Timestamp(EXAM_START, tz="UTC"))
        stop = len(index) - EXAM_HISTORY - EXAM_HORIZON
        for begin in range(start, stop + 1, EXAM_STRIDE):
            yield origin, index, begin + EXAM_HISTORY


def weather_exam() -> np.ndarray:
    """Temperatures ``(N, 48)`` in degrees F from November and December 2013, all three airports.

    The hours that follow each row are held out: forecast the next 1 to 24. The three airports are
    cut at the same hours, because they share their weather, and no row begins within four days
    after a day that another row asks about.
    """
    return _exam()[0]


def weather_answers() -> np.ndarray:
    return _exam()[1]


def exam_histories() -> set[str]:
    """The hours that :func:`weather_exam` shows, as the file writes them."""
    hours = set()
    for _, index, cut in _exam_cuts():
        times = index[cut - EXAM_HISTORY : cut]
        hours |= {time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times}
    return hours


def prices(ticker: str = "MSFT") -> pd.DataFrame:
    """Daily prices in time order, indexed by trading day (no weekends, no holidays).

    Columns ``open, high, low, close, volume, adj_close``. AAPL, IBM and MSFT have 3,270 days from
    2000-03-01 to 2013-03-01, GOOG 2,148 (from 2004-08-19), FB 196 (from 2012-05-18). ``close`` is
    as traded, so it jumps where shares were split; ``adj_close`` is adjusted for splits and
    dividends, also for later ones.
    """
    import pandas as pd

    table = pd.read_csv(io.BytesIO(gzip.decompress(read("prices"))), parse_dates=["Date"])
    if ticker not in set(table["Ticker"]):
        raise ValueError(f"ticker is one of {', '.join(sorted(set(table['Ticker'])))}")
    table = table[table["Ticker"] == ticker].drop(columns="Ticker").set_index("Date").sort_index()
    table.columns = [column.lower().replace(" ", "_") for column in table.columns]
    table.index.name = "date"
    return table


def glucose(gaps: str = "nan") -> pd.Series:
    """Blood glucose of one person in mg/dL on a regular five-minute grid, March to October 2010.

    52,083 of the 57,770 grid times have a reading; the longest unbroken run is 862 (three days).

    The sensor's clock drifts by a minute now and then: each reading is moved to the nearest grid
    time; of two at the same time the first is kept. A grid time without a reading is ``NaN``, or
    repeats the last reading with ``gaps="forward"``. Use :func:`contiguous` for the unbroken runs.
    """
    import pandas as pd

    table = pd.read_csv(io.BytesIO(gzip.decompress(read("glucose"))), parse_dates=["datetime"])
    series = table.set_index("datetime")["glucose"].astype(float).sort_index(kind="stable")
    series.index = series.index.round("5min").rename("time")
    series = series[~series.index.duplicated()].asfreq("5min")
    if gaps == "forward":
        return series.ffill()
    if gaps != "nan":
        raise ValueError(f'gaps is "nan" or "forward", not {gaps!r}')
    return series


def contiguous(series: pd.Series, minimum: int = 1) -> list[pd.Series]:
    """The unbroken runs (no ``NaN``) of a series on a regular grid, at least ``minimum`` long."""
    missing = series.isna()
    runs = [run for _, run in series[~missing].groupby(missing.cumsum()[~missing])]
    return [run for run in runs if len(run) >= minimum]
