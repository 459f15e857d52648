"""The column of times of a table, as numbers in the order of time.

Shapes: n rows; values (n,), ranks (n,).

Dates of pandas and polars, with a time zone or without, periods, durations, numbers, and text that
sorts as its dates do are times. To read another kind, add it to ``times_in`` (``index_times.py``).
"""

import numpy as np

from skrnn._reading.arrays import is_missing
from skrnn._reading.index_times import times_in
from skrnn._settings.quoting import quote


def column_of(table, k):
    """Column k of a frame or an array, as an array (n,); dates with a time zone are objects."""
    if hasattr(table, "iloc"):
        return table.iloc[:, k].to_numpy()
    if hasattr(table, "columns"):
        return table.to_series(k).to_numpy()
    return np.asarray(table)[:, k]


def time_ranks(values, said, name="X"):
    """Times (n,) -> the different ones in order, (m,), and which of them each row has, (n,).

    Parameters
    ----------
    values : (n,) array
    said : str
        What the parameter that names the column says, for messages: "time='day'".
    name : str
        What the table is called in messages.
    """
    missing = _missing(values)
    if missing.any():
        raise ValueError(
            f"The time in row {int(np.argmax(missing))} of {name} is missing, in the column of {said}. "
            "Every row needs its time: drop rows without, from y, too."
        )
    if values.dtype.kind in "mMiuf":
        return np.unique(values, return_inverse=True)
    keys = _sortable(values, said, name)
    order, first, ranks = np.unique(keys, return_index=True, return_inverse=True)
    return values[first] if len(order) else values, ranks


def _missing(values):
    kind = values.dtype.kind
    if kind in "mM":
        return np.isnat(values)
    if kind == "f":
        return np.isnan(values)
    return np.array([is_missing(one) for one in values], dtype=bool)


def _sortable(values, said, name):
    """The values, or numbers in their order where they are text; ValueError for what has no order."""
    objects = values.tolist()
    if not any(isinstance(one, str) for one in objects):
        try:
            sorted(objects)
        except TypeError:
            raise ValueError(_no_order(values, said, name)) from None
        return values
    times = times_in(np.asarray(values, dtype=object))
    if times is None or times.kind != "dates":
        raise ValueError(_no_order(values, said, name))
    return times.values


def _no_order(values, said, name):
    return (
        f"{said} of {name} holds what has no order in time ({quote(values[0])} in row 0). Make dates "
        "of text by pandas.to_datetime or polars' str.to_datetime, or pass numbers."
    )
