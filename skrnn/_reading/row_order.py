"""The order of the rows of a table of time steps, as the index of a pandas frame tells it.

``rows="steps"`` takes every row for the time step after the one before it. An index of numbers or dates
says whether rows were shuffled, or left out at random; an array, and a polars frame, say nothing. To
understand another kind of index, add it to ``times_of``.
"""

import datetime
import re

import numpy as np

from skrnn._reading.advice import warn

# The share of the rows after which the index of a table jumps, if rows were left out at random: a
# shuffled KFold sorts what it leaves, and leaves half of the rows or more. One without shuffling leaves
# one gap. A jump is a step above the smallest: the seconds of hours rise by 3600. Where rows are missing
# at random, the commonest jump is twice as large; business days and opening hours jump by other steps.
MANY_JUMPS, MOST_JUMPS = 0.05, 0.55

ISO_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?([T ].*)?")


def advise_on_order(X, codes, name):
    """Warn if the index of a frame tells that rows were shuffled, left out at random, or of many series.

    Parameters
    ----------
    X : object
        The table as it was passed.
    codes : (n_rows,) int or None
        The number of the series of each row; None for a single one.
    name : str
        What X is called in messages.
    """
    index = getattr(X, "index", None)
    if not hasattr(X, "iloc") or len(index) < 2:
        return
    if getattr(index, "nlevels", 1) > 1:
        if codes is None and _tells_series_apart(index):
            _warn_of_levels(index, name)
            return
        index = index.get_level_values(-1)
    times = times_of(index)
    if times is None:
        return
    if codes is None:
        same, step = True, np.diff(times)
    else:  # from one row of a series to its next
        order = np.argsort(codes, kind="stable")
        same, step = np.diff(codes[order]) == 0, np.diff(times[order])
    if (same & (step < 0)).any():
        _warn_of_order(f"The index of {name} does not rise from row to row")
    elif codes is None and times.dtype.kind == "i" and _jumps_at_random(step):
        share = np.mean(step > step[step > 0].min())
        _warn_of_order(f"The index of {name} jumps after {share:.0%} of the rows")


def times_of(index):
    """(n,) numbers in the order of the index: of integers int64; None if it has no order in time."""
    if hasattr(index, "left") and hasattr(index, "right"):  # of intervals
        index = index.left
    if hasattr(index, "asi8"):  # dates with and without a time zone, periods, differences
        return index.asi8
    values = index.to_numpy()
    if values.dtype.kind == "O":
        values = _dates_among(values)
    if values is None or values.dtype.kind not in "iuf":
        return None
    return values.astype(np.int64) if values.dtype.kind == "u" else values


def _dates_among(values):
    """Objects that are all numbers, or dates, or text that is a date, as numbers; else None."""
    try:
        if all(isinstance(v, datetime.date | datetime.datetime) for v in values):
            return np.unique(values, return_inverse=True)[1] * 1.0  # how they stand to each other
        if all(isinstance(v, str) and ISO_DATE.fullmatch(v) for v in values):
            return np.unique(values.astype(str), return_inverse=True)[1] * 1.0
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _jumps_at_random(step):
    rises = step[step > 0]
    if not len(rises):
        return False
    usual, jumps = rises.min(), rises[rises > rises.min()]
    if not MANY_JUMPS < len(jumps) / len(step) < MOST_JUMPS:
        return False
    sizes, counts = np.unique(jumps, return_counts=True)
    return bool(sizes[np.argmax(counts)] == 2 * usual)


def _tells_series_apart(index):
    """Whether a level of the index besides the last takes several values."""
    return any(index.get_level_values(k).nunique() > 1 for k in range(index.nlevels - 1))


def _warn_of_levels(index, name):
    levels = list(index.names)
    first = levels[0] if levels[0] is not None else 0
    warn(
        f'The rows of {name} are indexed by the levels {levels}, but rows="steps" reads columns only: '
        f"all rows are one series. If {first!r} tells series apart, make it a column, "
        f"{name}.reset_index({first!r}), and name the column as sequence_id. If there is one series, "
        f"pass {name}.reset_index(drop=True)."
    )


def _warn_of_order(what):
    warn(
        f'{what}, but rows="steps" reads each row as the time step after the one before it. Sort the '
        "rows, and leave none out (a weight of zero takes a row out of the loss). Split with "
        "TimeSeriesSplit, or whole series with GroupKFold, not with a shuffled KFold or "
        "train_test_split. If the rows are as meant, reset the index."
    )
