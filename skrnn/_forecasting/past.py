"""X as users pass it, and how it goes on: the past, and the future that forecasts append.

A ``Past`` keeps X in its container, so that transformers see what they were fitted on. n series,
C columns (that of the ids is one of them); a step of all series is a table of n rows.

=========  =============================================  =====================
``form``   X                                              one step as X
=========  =============================================  =====================
"table"    2-D array or frame, whose rows are steps       (n, C)
"array"    (n, T, C)                                      (n, 1, C)
"list"     list or object array of (T_i, C)               list of n (1, C)
=========  =============================================  =====================

``Future`` holds the values of columns that are known ahead. Tables are arrays, and frames of pandas and
polars; what they differ in is in the functions at the end.
"""

import sys

import numpy as np

from skrnn._reading.arrays import as_numbers, is_missing, object_array
from skrnn._reading.containers import as_items
from skrnn._reading.rows import as_array, encode
from skrnn._reading.step_names import check_order_of_rows
from skrnn._reading.unreadable import reject_unreadable
from skrnn._settings.quoting import listed, quote, shorten


class Past:
    """X, and the row after its last ones.

    Parameters
    ----------
    X : container of the module's table
    form : str
    codes : (n_rows,) int, optional
        Of a table: the number of the series of every row; default: there is one series.
    id_column : int, optional
        Of a table: the position of the column of ids.

    Attributes
    ----------
    last : table of n rows
        The last step of every series.
    last_rows : (n,) int
        Of a table: where these are.
    names : list or None
        The columns of a frame.
    """

    def __init__(self, X, form, codes=None, id_column=None):
        self.X, self.form, self.id_column = X, form, id_column
        if form == "table":
            codes = np.zeros(len(X), dtype=np.intp) if codes is None else codes
            rows = np.empty(codes.max() + 1, dtype=np.intp)
            rows[codes] = np.arange(len(codes))  # the last one stays
            self.last, self.last_rows = take(X, rows), rows
        else:
            self.last = X[:, -1] if form == "array" else stack([x[-1:] for x in X])
        self.n, self.n_columns = self.last.shape
        self.names = list(self.last.columns) if hasattr(self.last, "columns") else None
        ids = np.arange(self.n) if id_column is None else column(self.last, id_column)
        self.ids = np.asarray(ids).tolist()

    @property
    def features(self):
        """The positions of all columns but that of the ids."""
        return [k for k in range(self.n_columns) if k != self.id_column]

    def name(self, k):
        """A column in messages."""
        return quote(self.names[k]) if self.names else str(k)

    def listed(self, columns):
        """Columns in messages."""
        return listed([self.names[k] for k in columns] if self.names else columns)

    def as_X(self, step):
        """A step, a table, in the form of X."""
        if self.form == "table":
            return step
        if self.form == "array":
            return step[:, None]
        rows = [step[i : i + 1] for i in range(self.n)]
        return rows if isinstance(self.X, list) else object_array(rows)

    def longer(self, steps):
        """X with steps appended."""
        if not steps:
            return self.X
        if self.form == "table":
            return stack([self.X, *steps])
        if self.form == "array":
            return np.concatenate([self.X, np.stack(steps, axis=1)], axis=1)
        items = [stack([x, *(step[i : i + 1] for step in steps)]) for i, x in enumerate(self.X)]
        return items if isinstance(self.X, list) else object_array(items)


def past_of_sequences(X, n_features):
    """The Past of an X that holds sequences, of which ``n_features`` per step were read."""
    items = as_items(X, "X")
    if items is None:
        X = np.asarray(X)
        if X.ndim != 3:
            raise ValueError(
                f"forecast cannot continue a {X.ndim}-D X of which transformers make sequences with one "
                "target per step: pass them as a 3-D array or a list."
            )
        return Past(X, "array")
    if items[0].ndim == 1:  # rows of step_features columns each
        items = [item.reshape(-1, n_features) for item in items]
    elif all(hasattr(x, "columns") for x in X):
        items = list(X)
    return Past(items if isinstance(X, (list, tuple)) else object_array(items), "list")


class Future:
    """Values of columns of X in the steps to come.

    Parameters
    ----------
    X_future : array-like
        As users pass it.
    past : Past
    feedback : list of int
        The columns that are not taken from it.
    horizon : int

    Raises
    ------
    TypeError, ValueError
        If it has not the rows, the columns or the series that it needs, or values are missing.
    """

    def __init__(self, X_future, past, feedback, horizon):
        self._others = [k for k in past.features if k not in feedback]
        if X_future is None or not self._others:
            self._check_is_needed(X_future, past)
            return
        reject_unreadable(X_future, "X_future")
        if past.names:
            for columns in (range(len(past.names)), past.features, self._others):
                check_order_of_rows(X_future, [past.names[k] for k in columns], "X_future")
        if past.form == "table":
            table, rows = _as_table(X_future, past), None
        else:
            table, rows = _one_below_the_other(X_future, past, horizon)
        where = _positions(table, past, feedback)
        if rows is None:
            rows = _rows_of_series(table, where.pop(past.id_column, None), past, horizon)
        self._columns = {k: self._read(column(table, where[k]), k, past) for k in self._others}
        self._rows = rows  # (horizon, n)
        self._check_values(past)

    def _check_is_needed(self, X_future, past):
        if X_future is not None:
            raise ValueError(
                "X_future was passed, but feedback fills all columns of X: leave it out, or name in "
                "feedback only the columns that the predictions go into."
            )
        if self._others:
            raise ValueError(
                f"X_future is needed: the columns {past.listed(self._others)} of X are not in feedback, "
                "and their values in the steps to come must be given."
            )

    def _read(self, values, k, past):
        """The values of a column; numbers, where X holds numbers."""
        array = np.asarray(values)
        if np.asarray(column(past.last, k)).dtype.kind not in "biuf":
            return values
        if past.names and array.dtype.kind in "biuf":  # in the form of the frame
            return values
        name = f"Column {past.name(k)} of X_future"
        return as_numbers(array, name, "In X it holds numbers.", ensure_2d=False, ensure_min_samples=0)

    def at(self, t):
        """position of a column -> its (n,) values in step t."""
        return {k: self._columns[k][self._rows[t]] for k in self._others}

    def _check_values(self, past):
        for k, values in self._columns.items():
            array = np.asarray(values)
            if array.dtype.kind == "f":
                bad = ~np.isfinite(array)
            else:
                bad = np.array([is_missing(one) for one in array.tolist()], dtype=bool)
            bad = bad[self._rows]
            if bad.any():
                t, i = np.argwhere(bad)[0]
                value = array[self._rows[t, i]]
                what = "infinity" if array.dtype.kind == "f" and np.isinf(value) else "NaN"
                raise ValueError(
                    f"X_future contains {what} (column {past.name(k)}, series {quote(past.ids[i])}, "
                    f"step {t}): give a value for every step to come."
                )


def _as_table(X_future, past):
    """``X_future`` of a table of steps as a table."""
    if not hasattr(X_future, "columns"):
        is_list = isinstance(X_future, (list, tuple)) and _array(X_future).ndim == 2
        has_ids = past.id_column is not None
        X_future = as_array(X_future, "X_future") if is_list and has_ids else _array(X_future)
        if X_future.ndim != 2:
            raise ValueError(
                f"X_future must be a table of the steps to come, like X, but is {X_future.ndim}-D."
            )
    return X_future


def _array(values):
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"X_future is no array: {shorten(error, 200)}") from error


def _one_below_the_other(X_future, past, horizon):
    """Sequences of steps to come -> a table, and the rows in it of every step and series."""
    n, items = past.n, None
    if not hasattr(X_future, "columns"):
        items = as_items(X_future, "X_future")
        if items is not None and all(hasattr(x, "columns") for x in X_future):
            items = list(X_future)
        if items is None or not len(items) or len(items[0].shape) == 1:
            X_future, items = _array(X_future), None
            items = list(X_future) if X_future.ndim == 3 else None
    if items is None:  # of a single series, without the list around it
        items = [X_future]
    if len(items) != n or len(items[0].shape) != 2:
        raise ValueError(
            f"X_future must hold {horizon} steps for each of the {n} series of X: an array ({n}, "
            f"{horizon}, n_columns) or a list of {n} arrays ({horizon}, n_columns)."
        )
    for i, item in enumerate(items):
        if len(item) != horizon or item.shape[1:] != items[0].shape[1:]:
            raise ValueError(
                f"X_future has the shape {item.shape} for series {i}, but {horizon} rows are needed, the "
                f"horizon, and {items[0].shape[1]} columns as for series 0."
            )
    rows = np.arange(n)[None, :] * horizon + np.arange(horizon)[:, None]
    return stack(items), rows


def _positions(table, past, feedback):
    """Where the columns of X that are not fed back stand in a table: position in X -> position there."""
    others = [k for k in range(past.n_columns) if k not in feedback]
    if past.names and hasattr(table, "columns"):
        there = list(table.columns)
        missing = [k for k in others if past.names[k] not in there]
        if past.id_column in missing and past.n == 1:
            missing.remove(past.id_column)
        if missing:
            raise ValueError(
                f"X_future has no column {past.name(missing[0])}. Its columns are {listed(there)}; it "
                "needs all columns of X that are not in feedback."
            )
        return {k: there.index(past.names[k]) for k in others if past.names[k] in there}
    width = table.shape[1]
    if width == past.n_columns:
        return {k: k for k in others}
    without_ids = [k for k in others if k != past.id_column]
    if width == len(others):
        return {k: j for j, k in enumerate(others)}
    if past.n == 1 and width == len(without_ids):
        return {k: j for j, k in enumerate(without_ids)}
    raise ValueError(
        f"X_future has {width} columns, but {len(others)} are needed, those of X that are not in "
        f"feedback ({past.listed(others)}), or all {past.n_columns} of X."
    )


def _rows_of_series(table, id_column, past, horizon):
    """(horizon, n): the row of every step and series in a table of all, in any order of the series."""
    codes = np.zeros(len(table), dtype=np.intp)
    if id_column is not None:
        number = {one: i for i, one in enumerate(past.ids)}
        ids = np.asarray(column(table, id_column)).tolist()
        for row, one in enumerate(ids):
            if one not in number:
                raise ValueError(
                    f"Row {row} of X_future belongs to series {quote(one)}, which X does not hold: give "
                    "the future of the series of X only."
                )
            codes[row] = number[one]
    for i, count in enumerate(np.bincount(codes, minlength=past.n)):
        if count != horizon:
            series = "" if past.id_column is None else f" for series {quote(past.ids[i])}"
            raise ValueError(f"X_future has {count} rows{series}, but {horizon} are needed, the horizon.")
    return np.argsort(codes, kind="stable").reshape(past.n, horizon).T


# --- where the ids are -----------------------------------------------------------------------------


def find_ids(X, codes, sequence_id):
    """The column of X with the ids, which transformers may have moved or renamed.

    Parameters
    ----------
    X : array or frame
        As users pass it.
    codes : (n_rows,) int
        The number of the series of every row, as read behind the transformers.
    sequence_id : str, int or tuple
        Name or position of the column behind the transformers.
    """
    n_columns = X.shape[1]
    names = list(X.columns) if hasattr(X, "columns") else []
    if isinstance(sequence_id, (str, tuple)):
        first = [k for k, name in enumerate(names) if name == sequence_id]
    else:
        first = [sequence_id] if -n_columns <= sequence_id < n_columns else []
    for k in (*first, *range(n_columns)):
        try:
            same = np.array_equal(encode(np.asarray(column(X, k)))[1], codes)
        except ValueError:  # missing values: no ids
            same = False
        if same:
            return k % n_columns
    raise ValueError(
        f"sequence_id={quote(sequence_id)} is found behind the transformers, but no column of X tells "
        "the series apart in the same way: a forecast needs the ids in X itself."
    )


# --- tables: arrays and frames --------------------------------------------------------------------


def take(table, rows):
    """The rows of a table, as a new one."""
    if hasattr(table, "iloc"):
        return table.iloc[rows].reset_index(drop=True)
    return table[rows]


def column(table, k):
    """Column k: an array, or of a frame what it keeps its values in."""
    if hasattr(table, "iloc"):
        return table.iloc[:, k].array
    return table[:, k]


def stack(tables):
    """Tables one below the other."""
    first = tables[0]
    if hasattr(first, "iloc"):
        return sys.modules["pandas"].concat(tables, ignore_index=True)
    if hasattr(first, "columns"):
        return sys.modules["polars"].concat(tables, how="vertical_relaxed")
    return np.concatenate(tables)


def put(table, values):
    """A copy of a table with other values, ``values[k]`` (n,), in columns k; no number is rounded."""
    if hasattr(table, "iloc"):
        table = table.copy()
        for k, new in values.items():
            series = type(table.iloc[:, k])(np.asarray(new) if _is_polars(new) else new)
            dtype = table.dtypes.iloc[k]
            table.isetitem(k, series if dtype.kind in "iubf" else series.astype(dtype))
        return table
    if hasattr(table, "columns"):
        return table.with_columns([_polars_series(table, k, new) for k, new in values.items()])
    values = {k: np.asarray(new) for k, new in values.items()}
    table = table.astype(np.result_type(table, *values.values()))
    for k, new in values.items():
        table[:, k] = new
    return table


def _is_polars(values):
    return type(values).__module__.startswith("polars")


def _polars_series(table, k, values):
    polars, dtype = sys.modules["polars"], table.dtypes[k]
    if not _is_polars(values):
        values = np.asarray(values)
        values = polars.Series(values.tolist() if values.dtype == object else values)
    values = values.alias(table.columns[k])
    is_number = dtype.is_numeric() or dtype == polars.Boolean
    return values if is_number else values.cast(dtype)
