"""What an index of a pandas frame, or a column of ids, tells of time.

``times_of(index)`` and ``times_in(values)`` give numbers in the order of time, and their kind: "dates",
of which each is one moment; "clock", the times of a day, which come again; "numbers", which may be
either. None stands for what has no order in time. To understand another kind of index, add it there.
"""

import datetime
import re
from typing import NamedTuple

import numpy as np

# Names of levels that are parts of a date, not series.
CALENDAR = {
    "year", "quarter", "month", "week", "weekday", "day", "dayofyear", "dayofweek", "date", "datetime",
    "hour", "minute", "second", "time", "timestamp",
}  # fmt: skip
DATES = (datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)
# 2024-12-31, as text in the order of time; 31.12.2024 or 12/31/2024; 9:30
ISO = re.compile(r"\d{4}([-/.])\d\d(\1\d\d)?([T ].*)?")
YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ](.*))?")
CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?")

SUNDAY, MONTHS = 3, np.timedelta64(150, "D")  # of days since a Thursday; clocks are set back once a year


class Times(NamedTuple):
    """Numbers (n,) in the order of time; integers, where their differences have a meaning."""

    values: np.ndarray
    kind: str  # "dates", "clock", "numbers"


def times_of(index):
    """The ``Times`` of an index of one level, or of what levels of several tell; None without order."""
    if hasattr(index, "levels"):
        return _times_of_levels(index)
    if hasattr(index, "left") and hasattr(index, "right"):  # of intervals
        index = index.left
    if (hasattr(index, "asi8") and index.dtype.kind != "M") or getattr(index, "tz", None):
        return _dates(index.asi8, index.isna())  # periods, differences, dates with a time zone
    return times_in(index.to_numpy())


def times_in(values):
    """The ``Times`` of an array (n,); None without order."""
    kind = values.dtype.kind
    if kind in "mM":
        times = _dates(values.astype(np.int64), np.isnat(values))
        return times if kind == "m" else times._replace(values=_set_forward(values, times.values))
    if kind in "iuf":
        return Times(values.astype(np.int64) if kind == "u" else values, "numbers")
    if kind not in "OUT" or not len(values):
        return None
    return _times_of_objects(values.tolist())


def is_of_dates(index):
    """Whether an index, or one of its levels, is of dates or times of any kind."""
    levels = index.levels if hasattr(index, "levels") else [index]
    return any(len(level) and (times := times_of(level)) and times.kind != "numbers" for level in levels)


def levels_of_time(index):
    """The positions of the levels that tell time: dates, parts of them, the last one if of numbers."""
    last = index.nlevels - 1
    found = []
    for k in range(index.nlevels):
        level = index.levels[k]
        times = times_of(level) if len(level) else None
        kind = None if times is None else times.kind
        if kind in ("dates", "clock") or is_of_calendar(index.names[k]) or (k == last and kind):
            found.append(k)
    return found


def is_of_calendar(name):
    """Whether a level is called as a part of a date is."""
    return isinstance(name, str) and name.lower() in CALENDAR


def _times_of_levels(index):
    """The levels of time taken together, the first of them counting most."""
    parts = [times_of(index.get_level_values(k)) for k in levels_of_time(index)]
    if not parts or None in parts:
        return None
    if len(parts) == 1:
        return parts[0]
    together = np.zeros(len(index))
    for part in parts:
        ranks = np.unique(part.values, return_inverse=True)[1]
        together = together * (ranks.max(initial=0) + 1) + ranks
    return Times(together, parts[0].kind)


def _times_of_objects(values):
    """The same of a list of objects that are all dates, periods, intervals, times, text, or numbers."""
    kinds = set(map(type, values))
    try:
        if kinds == {str}:
            return _times_of_text(values) or _numbers(values)
        if any(value != value for value in values):
            return None
        if {kind.__name__ for kind in kinds} == {"Interval"}:
            return _times_of_objects([value.left for value in values])
        if all(issubclass(kind, datetime.date) for kind in kinds):
            return _times_of_moments(values)
        if all(issubclass(kind, DATES) or kind.__name__ == "Period" for kind in kinds):
            return Times(_ranks(values), "dates")
        if kinds == {datetime.time}:
            return Times(_ranks(values), "clock")
        return _numbers(values)
    except (TypeError, ValueError, OverflowError):  # of kinds that do not compare, or of none of these
        return None


def _dates(numbers, missing):
    return Times(np.where(missing, np.nan, numbers.astype(float)) if missing.any() else numbers, "dates")


def _set_forward(dates, numbers):
    """Numbers of local times, on by an hour from where clocks were set back, on a Sunday before four."""
    step, hour = np.diff(dates), np.timedelta64(1, "h")
    days = dates[1:].astype("datetime64[D]")
    back = (
        (step < np.timedelta64(0, "h"))
        & (days.astype(np.int64) % 7 == SUNDAY)
        & (dates[1:] - days < 4 * hour)
    )
    if not back.any() or np.diff(days[back]).min(initial=MONTHS) < MONTHS:
        return numbers
    unit = np.timedelta64(1, np.datetime_data(dates.dtype)[0])
    return numbers + np.cumsum(np.append(False, back)) * (hour // unit)


def _numbers(values):
    return Times(np.array(values, dtype=object).astype(np.float64), "numbers")


def _times_of_text(values):
    if all(map(ISO.fullmatch, values)):
        return _times_of_iso_text(values)
    if all(map(CLOCK.fullmatch, values)):
        return Times(_ranks([(text.index(":"), text) for text in values]), "clock")
    found = [YEAR_LAST.fullmatch(text) for text in values]
    if not all(found):
        return None
    parts = [(int(a), int(b), int(year), rest or "") for a, b, year, rest in (f.groups() for f in found)]
    ways = []  # the day first, or the month
    if all(part[1] <= 12 for part in parts):
        ways.append(_ranks([(year, b, a, rest) for a, b, year, rest in parts]))
    if all(part[0] <= 12 for part in parts):
        ways.append(_ranks([(year, a, b, rest) for a, b, year, rest in parts]))
    if not ways:
        return None
    return Times(min(ways, key=lambda ranks: (np.diff(ranks) < 0).sum()), "dates")


def _times_of_iso_text(values):
    try:
        return _times_of_moments([datetime.datetime.fromisoformat(text) for text in values])
    except (TypeError, ValueError):  # of months, or some with a time zone: as text in order, too
        return Times(_ranks(values), "dates")


def _times_of_moments(values):
    """Of dates, or of dates and times, that have a time zone or have none."""
    if any(getattr(value, "tzinfo", None) for value in values):
        return Times(_ranks(values), "dates")
    return times_in(np.array(values, dtype="datetime64[us]"))


def _ranks(values):
    """How values stand to each other, as floats: their differences say nothing."""
    numbers = {value: i for i, value in enumerate(sorted(set(values)))}
    return np.array([numbers[value] for value in values], dtype=np.float64)
