"""Equally spaced times, numbered: a clock says which step a time is, and at what time a step is.

Times are arrays of integers, floats or moments (``datetime64``, in UTC where they have a time zone);
steps are integers, one apart from a row of a series to the next. Days, weeks, months and years of a time
zone are counted on its wall clock, hours and what is shorter by the time that passes.

To count in another way, write a class with ``number``, ``at`` and ``text`` and add it to ``_CLOCKS``.
"""

import datetime
from dataclasses import dataclass

import numpy as np

DAY, HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")
MONTH = np.timedelta64(28, "D")  # no month is shorter
CLOSE = 1e-3  # of a step: how far floats may be from where they should be
UNITS = {"day": DAY, "hour": HOUR, "minute": np.timedelta64(1, "m"), "second": np.timedelta64(1, "s")}


@dataclass(frozen=True)
class Fixed:
    """Steps of the same length: whole numbers, floats, or a time that passes.

    Attributes
    ----------
    origin : scalar
        The time of step 0.
    step : scalar
        From a step to the next one.
    zone : tzinfo or None
        The zone on whose wall clock steps are counted.
    """

    origin: object
    step: object
    zone: object = None

    def number(self, times):
        """The step (n,) of times (n,), or the nearest one."""
        return np.rint((to_local(times, self.zone) - self.origin) / self.step).astype(np.int64)

    def at(self, steps):
        """The times (n,) of steps (n,)."""
        return to_utc(self.origin + np.asarray(steps) * self.step, self.zone)

    @property
    def text(self):
        """The length of a step in words."""
        if not isinstance(self.step, np.timedelta64):
            return f"{self.step:g}" if isinstance(self.step, float) else str(self.step)
        for name, unit in UNITS.items():
            if self.step % unit == 0 * unit:
                n = int(self.step // unit)
                return f"{n} {name}" + "s" * (n != 1)
        return str(self.step)


@dataclass(frozen=True)
class Months:
    """Steps of months, quarters or years: on one day of the month, or the last one if it has fewer.

    Attributes
    ----------
    origin : int
        The month of step 0, counted from January 1970.
    months : int
        From a step to the next one.
    day : int
        Of the month; 31 is the last one of each.
    clock : timedelta64
        The time of the day.
    zone : tzinfo or None
        Whose wall clock that is.
    """

    origin: int
    months: int
    day: int
    clock: object
    zone: object = None

    def number(self, times):
        """The step (n,) of times (n,), or the nearest one."""
        month = to_local(times, self.zone).astype("M8[M]").astype(np.int64)
        return np.rint((month - self.origin) / self.months).astype(np.int64)

    def at(self, steps):
        """The times (n,) of steps (n,)."""
        month = (self.origin + np.asarray(steps) * self.months).astype("M8[M]")
        local = month.astype("M8[D]") + (np.minimum(self.day, days_in(month)) - 1).astype("m8[D]")
        unit = np.datetime_data(self.clock)[0]
        return to_utc(local.astype(f"M8[{unit}]") + self.clock, self.zone)

    @property
    def text(self):
        """The length of a step in words."""
        n, unit = (self.months // 12, "year") if self.months % 12 == 0 else (self.months, "month")
        return f"{n} {unit}" + "s" * (n != 1)


@dataclass(frozen=True)
class BusinessDays:
    """Steps from Monday to Friday; holidays are rows like others."""

    clock: object  # the time of the day
    zone: object = None

    text = "1 business day"
    _origin = np.datetime64("1970-01-01")  # a Thursday

    def number(self, times):
        """The step (n,) of times (n,), or the nearest one."""
        return np.busday_count(self._origin, to_local(times, self.zone).astype("M8[D]")).astype(np.int64)

    def at(self, steps):
        """The times (n,) of steps (n,)."""
        day = np.busday_offset(self._origin, np.asarray(steps), roll="forward")
        unit = np.datetime_data(self.clock)[0]
        return to_utc(day.astype(f"M8[{unit}]") + self.clock, self.zone)


# --- which clock --------------------------------------------------------------------------------------


def infer_clock(times, is_next, zone=None):
    """The clock by which times go, or the one by which most of them do.

    Parameters
    ----------
    times : (n,) array
        Series after series, rising in each.
    is_next : (n - 1,) bool
        Whether a time is of the series of the one before it.
    zone : tzinfo, optional

    Returns
    -------
    clock : Fixed, Months, BusinessDays or None
        None if no series has two times, and they are not whole numbers.
    """
    if not is_next.any():
        return Fixed(times[0], times.dtype.type(1)) if times.dtype.kind == "i" else None
    if times.dtype.kind == "f":
        return Fixed(times[0], _step_of_floats(np.diff(times)[is_next]))
    usual = _usual(np.diff(times)[is_next])
    if times.dtype.kind == "i" or usual < DAY - 2 * HOUR:  # a day may have 23 hours
        return Fixed(times[0], usual)
    clocks = [make(times, is_next, zone) for make in _CLOCKS]
    clocks = [clock for clock in clocks if clock is not None]
    return next((one for one in clocks if _fits(one, times, is_next)), clocks[0])


def _step_of_floats(differences):
    """The length of a step of floats, whose differences have round-off, which adds up over many steps."""
    usual = float(np.median(differences))
    if not usual:
        return usual
    counts = np.rint(differences / usual)
    are_whole = (counts > 0) & (np.abs(differences - counts * usual) <= CLOSE * usual)
    return float(differences[are_whole].sum() / counts[are_whole].sum())


def _months(times, is_next, zone):
    local = to_local(times, zone)
    month, day = local.astype("M8[M]"), local.astype("M8[D]")
    clock, of_month = local - day, (day - month.astype("M8[D]")).astype(np.int64) + 1
    n = int(_usual(np.diff(month)[is_next]).astype(np.int64))
    last = 31 if (of_month == days_in(month)).all() else int(of_month.max())
    if n < 1 or (clock != clock[0]).any() or (of_month != np.minimum(last, days_in(month))).any():
        return None
    return Months(int(month[0].astype(np.int64)), n, last, clock[0], zone)


def _days(times, is_next, zone):
    local = to_local(times, zone)
    return Fixed(local[0], _usual(np.diff(local)[is_next]), zone)


def _business_days(times, is_next, zone):
    local = to_local(times, zone)
    clock = local - local.astype("M8[D]")
    if (clock != clock[0]).any() or not np.is_busday(local.astype("M8[D]")).all():
        return None
    return BusinessDays(clock[0], zone)


_CLOCKS = [_months, _days, _business_days]


def _usual(differences):
    """The commonest difference; of several the smallest."""
    values, counts = np.unique(differences, return_counts=True)
    return values[np.argmax(counts)]


def _fits(clock, times, is_next):
    steps = clock.number(times)
    return bool((np.diff(steps)[is_next] == 1).all() and is_on(clock, times, steps).all())


def is_on(clock, times, steps):
    """Whether times (n,) are those of steps (n,) of a clock."""
    there = clock.at(steps)
    if there.dtype.kind == "f":
        return np.abs(there - times) <= CLOSE * abs(clock.step)
    zone = getattr(clock, "zone", None)
    return to_local(there, zone) == to_local(times, zone)  # an hour that comes twice is one of the day


# --- wall clocks --------------------------------------------------------------------------------------


def days_in(month):
    """The number of days of months (n,), datetime64[M]."""
    return ((month + np.timedelta64(1, "M")).astype("M8[D]") - month.astype("M8[D]")).astype(np.int64)


def to_local(times, zone):
    """The wall clock of a zone at moments (n,) of UTC; without zone the times as they are."""
    return times if zone is None else _shift(times, lambda one: one.astimezone(zone).utcoffset())


def to_utc(local, zone):
    """The moments (n,) of UTC at which the wall clock of a zone shows times.

    Of an hour that comes twice the first one; one that is left out is the hour after it.
    """
    if zone is None:
        return local
    return _shift(local, lambda one: -one.replace(tzinfo=zone).utcoffset())


def _shift(times, offset):
    """Times plus what ``offset`` says of each, a datetime of UTC."""
    moments, where = np.unique(np.asarray(times), return_inverse=True)
    seconds = moments.astype("M8[s]").astype(object)
    shifts = [offset(one.replace(tzinfo=datetime.UTC)) for one in seconds]
    shifts = np.array(shifts, dtype="m8[s]")
    unit = np.datetime_data(moments.dtype)[0]
    unit = unit if unit in ("ms", "us", "ns") else "s"
    return (moments.astype(f"M8[{unit}]") + shifts)[where.ravel()].reshape(np.shape(times))
