"""Long tables: a row for each series and time, in any order.

A ``Panel`` knows of every row its series and its step, which is the number of its time on a clock
(``clock.py``); of two rows of a series, one after the other in time, the steps are one apart. Tables are
frames of pandas and polars, and 2-D arrays. Shapes: N rows, n series, C columns.

``read_panel`` reads a first table, and with ``like`` one that goes on from it. ``Panel.table_of`` answers
with a table of the same kind. What columns of times may hold is in ``times.py``.
"""

import sys
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.clock import infer_clock, is_on
from skrnn._forecasting.times import Times, read_times
from skrnn._reading.arrays import names_of
from skrnn._reading.facts import Form
from skrnn._reading.rows import as_array, encode, position_in
from skrnn._reading.unreadable import reject_no_container, reject_unreadable
from skrnn._settings.quoting import quote


class Columns(NamedTuple):
    """Where ids and times are: positions in a table, None where there are none."""

    ids: int | None
    times: int | None


@dataclass(frozen=True, eq=False)
class Panel:
    """A long table, read.

    Attributes
    ----------
    table : frame or (N, C) array
        As it was passed.
    name : str
        What it is called in messages.
    columns : Columns
        The positions of ids and times.
    ids : (n,) array
        The series, in the order of their ids.
    codes : (N,) int
        The number of the series of every row.
    steps : (N,) int
        The number of the time of every row on the clock; without times, of the row in its series.
    order : (N,) int
        The rows series after series, each in the order of time.
    clock : object or None
        Of ``clock.py``; None without times, and where one time of each series does not tell.
    times : Times or None
        Of the rows.
    """

    table: object
    name: str
    columns: Columns
    ids: np.ndarray
    codes: np.ndarray
    steps: np.ndarray
    order: np.ndarray
    clock: object = None
    times: Times | None = None

    @property
    def n_series(self):
        """How many series there are."""
        return len(self.ids)

    @property
    def lengths(self):
        """(n,): the number of rows of each series."""
        return np.bincount(self.codes, minlength=len(self.ids))

    @property
    def rows(self):
        """A list of the rows of each series, in the order of time."""
        return np.split(self.order, np.cumsum(self.lengths)[:-1])

    @property
    def first_steps(self):
        """(n,): the first step of each series."""
        return self.steps[self.order[np.cumsum(self.lengths) - self.lengths]]

    @property
    def last_steps(self):
        """(n,): the last step of each series."""
        return self.steps[self.order[np.cumsum(self.lengths) - 1]]

    def first_steps_of(self, codes):
        """(M,): the first step of some series that have rows."""
        return self.steps[self.first_rows_of(codes)]

    def first_rows_of(self, codes):
        """(M,): the row of the first step of some series that have rows."""
        lengths = self.lengths
        return self.order[(np.cumsum(lengths) - lengths)[codes]]

    @property
    def features(self):
        """The positions of all columns but those of ids and times."""
        return [k for k in range(self.table.shape[1]) if k not in self.columns]

    @property
    def labels(self):
        """Names of the columns; of an array their positions."""
        return names_of(self.table)

    def column(self, k):
        """Column k (N,): a series of a frame, or an array."""
        return _column(self.table, k)

    def series(self, code):
        """A series in messages."""
        return "" if self.columns.ids is None else f" of series {quote(self.ids[code])}"

    def time(self, step):
        """A step in messages."""
        if self.clock is None:
            return f"step {step}"
        times = np.asarray(self.clock.at(np.array([step])))
        return f"time {Times(times, self.times.zone).shown(0)}"

    def check_regular(self):
        """Raise a ValueError for rows of the same time, and for times that are not equally spaced."""
        _check_grid(self.check_distinct())
        _check_gaps(self)
        return self

    def check_distinct(self):
        """Raise a ValueError for rows of a series that have the same time."""
        _check_distinct(self)
        return self

    def table_of(self, codes, steps, answers):
        """A table of the kind of this one with the ids, the times, and columns of answers.

        Parameters
        ----------
        codes, steps : (M,) int
        answers : dict of str to (M,) array
        """
        columns = {}
        labels = self.labels
        if self.columns.ids is not None:
            ids = _like(self.ids[codes], self.column(self.columns.ids))
            columns[labels[self.columns.ids]] = ids
        if self.times is None:
            columns["step"] = steps
        else:
            times = np.asarray(self.clock.at(steps)).astype(self.times.values.dtype)
            columns[labels[self.columns.times]] = self.times.column_of(times)
        return _table_of(columns | answers, self.table)

    def of_series(self, stay):
        """The same, without rows, of the series that ``stay`` (n,) says."""
        return replace(self.without_rows(), ids=self.ids[stay])

    def without_rows(self):
        """The same of no row: what later tables are compared with, and answers made like."""
        nothing = np.zeros(0, dtype=np.intp)
        table = self.table.iloc[:0] if hasattr(self.table, "iloc") else self.table[:0]
        times = self.times
        if times is not None:
            times = Times(times.values[:0], times.zone, times.kind, times.dtype)
        return Panel(
            table, self.name, self.columns, self.ids, nothing, nothing, nothing, self.clock, times
        )


# --- reading --------------------------------------------------------------------------------------------


def read_panel(X, sequence_id=None, time=None, *, name="X", like=None):
    """A long table as a ``Panel``; whether its times are regular ``check_regular`` says.

    Parameters
    ----------
    X : frame or array (N, C)
    sequence_id, time : str, int or tuple, optional
        The columns of ids and times: names or positions. None: one series; rows in the order of time.
    name : str
        What X is called in messages.
    like : Panel, optional
        One that was read before, whose clock counts on. Series that it does not hold come after its own.

    Raises
    ------
    TypeError, ValueError
        If X is no table, has no such columns, or ids or times are missing; or if times are not on the
        clock of ``like``.
    """
    X = _as_table(X, name)
    columns = Columns(
        *(
            None if one is None else position_in(X, one, name, parameter)
            for parameter, one in (("sequence_id", sequence_id), ("time", time))
        )
    )
    ids, codes = _read_ids(X, columns.ids, name, like)
    if columns.times is None:
        return _in_order_of_rows(X, name, columns, ids, codes)
    label = f"Column {quote(names_of(X)[columns.times])} of {name}"
    times = read_times(_column(X, columns.times), label)
    _check_kind(times, like, label)
    order = np.lexsort((times.values, codes))
    clock = None if like is None else like.clock
    if clock is None:
        in_order = times.values[order]
        is_next = np.diff(codes[order]) == 0
        is_next &= np.diff(in_order) > np.zeros(1, np.diff(in_order[:1]).dtype)  # or they come twice
        clock = infer_clock(in_order, is_next, times.zone)
    steps = np.zeros(len(codes), dtype=np.int64) if clock is None else clock.number(times.values)
    panel = Panel(X, name, columns, ids, codes, steps, order, clock, times)
    if like is not None:
        _check_grid(panel)
    return panel


def _as_table(X, name):
    reject_unreadable(X, name)
    reject_no_container(X, name, Form(rows_are_steps=True))
    if not hasattr(X, "columns"):
        X = as_array(X, name)
    if len(X.shape) != 2:
        raise ValueError(
            f"{name} must be a long table, with a row for each series and time and columns of ids, times "
            f"and covariates, but is {len(X.shape)}-D."
            + (f" Reshape your data: {name}.reshape(-1, 1)." if len(X.shape) == 1 else "")
        )
    if not len(X):
        raise ValueError(f"Found {name} with 0 sample(s): it is empty, while a minimum of 1 is required.")
    return X


def _read_ids(X, k, name, like):
    """The ids of the series, and the number of the series of every row."""
    if k is None:
        return np.zeros(1, dtype=np.intp), np.zeros(len(X), dtype=np.intp)
    column = _column(X, k)
    ids, codes = encode(column.to_numpy() if hasattr(column, "to_numpy") else column, name)
    known = [] if like is None else like.ids.tolist()
    new = [one for one in ids.tolist() if one not in set(known)]
    everything = known + _sorted(new)
    number = {one: i for i, one in enumerate(everything)}
    renumber = np.array([number[one] for one in ids.tolist()], dtype=np.intp)
    values = np.empty(len(everything), dtype=object)
    values[:] = everything
    if ids.dtype != object and (like is None or like.ids.dtype != object):
        values = np.array(everything)
    return values, renumber[codes]


def _sorted(ids):
    """Ids in an order that does not depend on that of the rows."""
    try:
        return sorted(ids)
    except TypeError:  # of several kinds
        return sorted(ids, key=lambda one: (type(one).__name__, str(one)))


def _in_order_of_rows(X, name, columns, ids, codes):
    order = np.argsort(codes, kind="stable")
    lengths = np.bincount(codes, minlength=len(ids))
    steps = np.empty(len(codes), dtype=np.int64)
    steps[order] = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return Panel(X, name, columns, ids, codes, steps, order)


def _check_kind(times, like, label):
    """Raise a ValueError for times that cannot be compared with those before."""
    if like is None:
        return
    before = like.times
    if (times.values.dtype.kind in "if") != (before.values.dtype.kind in "if"):
        raise ValueError(
            f"{label} holds {times.values.dtype}, but in fit it held {before.values.dtype}: pass times "
            "of the same kind."
        )
    if (times.zone is None) != (before.zone is None):
        has, had = ("no time zone", "one") if times.zone is None else ("a time zone", "none")
        raise ValueError(f"{label} has {has}, but in fit it had {had}: pass times of the same kind.")


# --- what is wrong with times ---------------------------------------------------------------------------


def _check_distinct(panel):
    if panel.times is None:
        return
    order, values = panel.order, panel.times.values
    same = (np.diff(panel.codes[order]) == 0) & (values[order][1:] == values[order][:-1])
    if same.any():
        i = int(np.argmax(same))
        one, other = sorted(order[i : i + 2].tolist())
        raise ValueError(
            f"Rows {one} and {other} of {panel.name} have the same time, {panel.times.shown(order[i])}"
            f"{panel.series(panel.codes[order[i]])}: a series has one row for each time. Drop one of "
            "them, or take their mean (groupby); if they are of different series, name the column that "
            f"tells these apart as sequence_id.{_of_daylight(panel)}"
        )


def _check_grid(panel):
    if panel.clock is None:
        return
    values = panel.times.values
    wrong = ~is_on(panel.clock, values, panel.steps)
    if wrong.any():
        row = int(np.argmax(wrong))
        where = f"row {row}{panel.series(panel.codes[row])}, {panel.times.shown(row)}"
        raise ValueError(
            f"The times of {panel.name} are not equally spaced: most are {panel.clock.text} apart, but "
            f"{where}, is not on that grid. Bring the series to one spacing (resample), or pass "
            f"time=None if the rows are equally spaced steps in their order.{_of_daylight(panel)}"
        )


def _check_gaps(panel):
    if panel.clock is None:
        return
    steps, order = panel.steps[panel.order], panel.order
    jump = np.where(np.diff(panel.codes[order]) == 0, np.diff(steps), 1)
    if (jump != 1).any():
        i = int(np.argmax(jump != 1))
        missing, shown = int(jump[i]) - 1, panel.times.shown
        what = f"{missing} row{'s are' if missing != 1 else ' is'} missing"
        raise ValueError(
            f"{panel.name} has a gap{panel.series(panel.codes[order[i]])}: after {shown(order[i])} comes "
            f"{shown(order[i + 1])}, but times are {panel.clock.text} apart, so that {what}. Add them "
            "(resample, or asfreq of pandas), with their values filled in, as by interpolate, or drop "
            f"the rows before the gap.{_of_daylight(panel)}"
        )


def _of_daylight(panel):
    """Advice for local times without their zone."""
    values = panel.times.values
    if values.dtype.kind != "M" or panel.times.zone is not None or values.dtype == np.dtype("M8[D]"):
        return ""
    if getattr(panel.clock, "step", np.timedelta64(1, "D")) >= np.timedelta64(1, "D"):
        return ""
    return " If that is daylight saving time, give the column its time zone."


# --- tables ---------------------------------------------------------------------------------------------


def _column(table, k):
    """Column k: a series of a frame, or an array."""
    if hasattr(table, "iloc"):
        return table.iloc[:, k]
    if hasattr(table, "columns"):
        return table[:, k]
    return table[:, k]


def values_of(column):
    """The values of a column as an array; strings and categories as objects."""
    if hasattr(column, "cat") and hasattr(column, "astype"):
        column = column.astype(object)
    return column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)


def _like(values, column):
    """Values (M,) as a column of the dtype of another one."""
    if hasattr(column, "iloc"):
        return sys.modules["pandas"].Series(values).astype(column.dtype)
    if hasattr(column, "dtype") and not isinstance(column, np.ndarray):
        return sys.modules["polars"].Series(values.tolist(), dtype=column.dtype)
    return values


def _table_of(columns, table):
    """Columns as a table of the kind of another one."""
    if hasattr(table, "iloc"):
        return sys.modules["pandas"].DataFrame(columns)
    if hasattr(table, "columns"):
        return sys.modules["polars"].DataFrame(columns)
    arrays = [np.asarray(one) for one in columns.values()]
    if any(one.dtype.kind not in "biuf" for one in arrays):
        arrays = [one.astype(object) for one in arrays]
    return np.stack(arrays, axis=1)
