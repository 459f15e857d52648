"""A column of times as numbers or moments, and numbers as such a column.

Whole numbers, floats, dates, moments with and without time zone, and periods are read; shapes: n rows.
A column is a series of pandas or polars, or an array. To read another kind, add it to ``_moments``.
"""

import datetime
import sys
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from skrnn._forecasting.clock import to_local
from skrnn._reading.arrays import is_missing
from skrnn._settings.quoting import quote


@dataclass(frozen=True)
class Times:
    """Times of rows.

    Attributes
    ----------
    values : (n,) array
        Integers, floats, or datetime64 (in UTC, if there is a zone).
    zone : tzinfo or None
        The time zone.
    kind : str
        "pandas", "polars", "array" or "objects": what ``column_of`` makes.
    dtype : object
        Of the column, where it has more to say than ``values``.
    """

    values: np.ndarray
    zone: object = None
    kind: str = "array"
    dtype: object = None

    def shown(self, row):
        """The time of a row in messages: on the wall clock of the zone."""
        text = _without_zeros(to_local(self.values[row : row + 1], self.zone)[0])
        return f"{text} ({self.zone})" if self.zone is not None else text

    def column_of(self, values):
        """Values like those of ``values`` as a column like the one that was read."""
        return _WRITERS[self.kind](values, self)


def _without_zeros(one):
    """A time as text, a moment without fractions and midnight that say nothing."""
    text = str(one)
    if not isinstance(one, np.datetime64):
        return text
    whole, _, fraction = text.partition(".")
    return (text if fraction.strip("0") else whole).removesuffix("T00:00:00")


def read_times(column, name):
    """A column of times as ``Times``.

    Parameters
    ----------
    column : series or (n,) array
    name : str
        What it is called in messages.

    Raises
    ------
    ValueError
        If times are missing, or are none.
    """
    if hasattr(column, "iloc"):
        times = _of_pandas(column)
    elif type(column).__module__.startswith("polars"):
        times = _of_polars(column)
    else:
        times = Times(np.asarray(column))
    if times.values.dtype.kind in "OUSb":
        times = _of_objects(times, name)
    _check_is_there(times.values, name)
    values = times.values
    if values.dtype.kind in "ui":
        values = values.astype(np.int64)
    elif values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in ("Y", "M", "W"):
        values = values.astype("M8[D]")
    elif values.dtype.kind == "f":
        values = values.astype(np.float64)
    return Times(values, times.zone, times.kind, times.dtype)


# --- reading ------------------------------------------------------------------------------------------


def _of_pandas(column):
    dtype = column.dtype
    if type(dtype).__name__ == "PeriodDtype":
        return Times(column.dt.to_timestamp().to_numpy(), None, "pandas", dtype)
    if type(dtype).__name__ == "ArrowDtype" and dtype.kind == "M":
        zone = dtype.pyarrow_dtype.tz
        column = column.astype("datetime64[us]" if zone is None else f"datetime64[us, {zone}]")
        dtype = column.dtype
    zone = getattr(dtype, "tz", None)
    if zone is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    kind = "objects" if dtype.kind == "O" else "pandas"
    return Times(column.to_numpy(), _zone(zone), kind, dtype)


def _of_polars(column):
    zone = getattr(column.dtype, "time_zone", None)
    if zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return Times(column.to_numpy(), ZoneInfo(zone), "polars", zone)
    return Times(column.to_numpy(), None, "polars", column.dtype)


def _zone(zone):
    """A zone of the standard library, whose rules one can ask for any local time."""
    if zone is None or isinstance(zone, (ZoneInfo, datetime.timezone)):
        return zone
    try:
        return ZoneInfo(str(zone))
    except (KeyError, ValueError, OSError):  # a constant offset
        return datetime.timezone(zone.utcoffset(datetime.datetime(2000, 1, 1)))


def _of_objects(times, name):
    """Objects that are all of one kind: dates, moments, periods, whole numbers."""
    values = times.values.tolist()
    for row, one in enumerate(values):
        if is_missing(one):
            _raise_missing(row, one, name)
    one = values[0] if values else None
    if values and all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values):
        return Times(np.array(values, dtype=np.int64), None, times.kind, times.dtype)
    if values and all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in values):
        return Times(np.array(values, dtype=np.float64), None, times.kind, times.dtype)
    if values and all(isinstance(v, (datetime.date, np.datetime64)) for v in values):
        return _of_moments(values)
    bad = next((v for v in values if not isinstance(v, (datetime.date, int, float))), one)
    raise ValueError(
        f"{name} holds {quote(bad)}, a {type(bad).__name__}, which is no time: make dates of the column "
        "(pandas.to_datetime, or str.to_datetime of polars), or numbers."
    )


def _of_moments(values):
    """Objects that are dates or moments."""
    zone = getattr(values[0], "tzinfo", None)
    if zone is not None:
        utc = [v.astimezone(datetime.UTC).replace(tzinfo=None) for v in values]
        return Times(np.array(utc, dtype="M8[us]"), _zone(zone), "objects")
    is_date = all(type(v) is datetime.date for v in values)
    unit = "D" if is_date else "us"
    return Times(np.array(values, dtype=f"M8[{unit}]"), None, "objects")


def _check_is_there(values, name):
    if values.dtype.kind not in "iufM":
        raise ValueError(
            f"{name} has dtype {values.dtype}, and holds no times: pass dates, periods or numbers."
        )
    missing = np.isnat(values) if values.dtype.kind == "M" else ~np.isfinite(values)
    if missing.any():
        row = int(np.argmax(missing))
        _raise_missing(row, values[row], name)


def _raise_missing(row, value, name):
    raise ValueError(
        f"{name} is missing in row {row} ({quote(value)}): every row needs its time. Drop the row, from "
        "y, too, or give it one."
    )


# --- writing ------------------------------------------------------------------------------------------


def _to_pandas(values, times):
    pandas = sys.modules["pandas"]
    series = pandas.Series(values)
    if type(times.dtype).__name__ == "PeriodDtype":
        return series.dt.to_period(times.dtype.freq)
    if times.zone is not None:
        return series.dt.tz_localize("UTC").dt.tz_convert(times.dtype.tz)
    return series if values.dtype.kind == "M" and times.dtype.kind == "M" else series.astype(times.dtype)


def _to_polars(values, times):
    series = sys.modules["polars"].Series(values)
    if times.zone is not None:
        return series.dt.replace_time_zone("UTC").dt.convert_time_zone(times.dtype)
    return series.cast(times.dtype)


def _to_objects(values, times):
    objects = np.empty(len(values), dtype=object)
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] == "ns":
        values = values.astype("M8[us]")
    objects[:] = values.tolist()
    if times.zone is not None:
        objects[:] = [one.replace(tzinfo=datetime.UTC).astimezone(times.zone) for one in objects]
    return objects


_WRITERS = {
    "pandas": _to_pandas,
    "polars": _to_polars,
    "objects": _to_objects,
    "array": lambda values, times: values,
}
