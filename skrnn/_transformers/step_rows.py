"""What the transformers read that go by time: sequences or a table of steps, as one table, and back.

Shapes: N time steps of all sequences, one sequence after the other or interleaved, F features: values
(N, F), codes (N,) the number of the sequence of each step. Answers are (N, K): of the features, and of
new columns if K is larger.

To take another container, give ``read_steps`` a function that reads it.
"""

from collections.abc import Callable
from numbers import Integral
from typing import NamedTuple

import numpy as np

from skrnn._reading.arrays import as_numbers, in_words, names_of, object_array
from skrnn._reading.facts import Form
from skrnn._reading.rows import Split, as_array, encode, position_in, split_ids
from skrnn._reading.unreadable import reject_no_container, reject_unreadable
from skrnn._settings.quoting import quote
from skrnn._transformers.time_distributed import _read_steps


class StepRows(NamedTuple):
    """X as one table of all steps, and the way back."""

    values: np.ndarray  # (N, F), without the column of ids
    codes: np.ndarray  # (N,)
    labels: list  # names or positions of the features in X
    time: int | None  # which feature is the time
    table: object  # what has the columns: X, or the steps of all its sequences
    answer: Callable  # (N, K) values, names of the new columns -> the container of X
    ids: np.ndarray | None = None  # (N,)
    series: np.ndarray | None = None  # the different ones, in the order of their codes
    lengths: np.ndarray | None = None  # of sequences; None: X is a table

    @property
    def order(self):
        """The rows sequence by sequence."""
        return np.argsort(self.codes, kind="stable")

    def in_order(self):
        """Values, codes and times, sequence by sequence."""
        order = self.order
        times = np.arange(len(order)) if self.time is None else self.values[order, self.time]
        return self.values[order], self.codes[order], times

    def place(self, row, k):
        """Where a value stands, in words."""
        where = f"row {row}"
        if self.lengths is not None:
            i = int(self.codes[row])
            where = f"sequence {i}, step {row - int(self.lengths[:i].sum())}"
        return f"{where}, {in_words(self.labels[k], self.lengths is None)}"


def read_steps(X, estimator, sequence_id=None, time=None):
    """X as ``StepRows``: a table whose rows are steps, or sequences, which have no ids.

    Parameters
    ----------
    X : object
        As it was passed.
    estimator : object
        For messages.
    sequence_id, time : str, int, tuple or None
        The columns of ids and of times.
    """
    reject_unreadable(X, "X")
    reject_no_container(X, "X", Form(rows_are_steps=True))
    if not _holds_sequences(X):
        return _read_table(X, sequence_id, time, estimator)
    if sequence_id is None:
        return _read_sequences(X, time, estimator)
    raise ValueError(
        f"sequence_id={quote(sequence_id)} is a column of a table, but X holds sequences, "
        "which are told apart already: leave sequence_id=None."
    )


def _holds_sequences(X):
    """Whether X is a 3-D array, or a list or object array of sequences, and no table."""
    if hasattr(X, "columns"):
        return False
    if isinstance(X, (list, tuple)):
        return not len(X) or _ndim(X[0]) > 1
    array = np.asarray(X)
    return array.ndim > 2 or (array.ndim == 1 and array.dtype == object)


def _ndim(item):
    """Dimensions; a row may hold an id that is a tuple, or rows of a sequence be of unequal length."""
    if not hasattr(item, "ndim"):
        item = np.asarray(item, dtype=object)
    return item.ndim


def _read_sequences(X, time, estimator):
    """A 3-D array or a list of (T_i, F) as ``StepRows``."""
    steps = _read_steps(X, type(estimator).__name__)
    table, labels = steps.rows, names_of(steps.rows)
    values = as_numbers(_without_na(table), "X", columns=labels, estimator=estimator)
    k = None if time is None else position_in(table, time, parameter="time")
    codes = np.repeat(np.arange(len(steps.lengths)), steps.lengths)

    def answer(rows, names):
        items = steps.split(rows)
        if not hasattr(table, "columns"):
            return items
        frames = [_as_frame(x, item, names) for x, item in zip(X, items, strict=True)]
        return frames if steps.kind == "list" else object_array(frames)

    return StepRows(_no_bool(values), codes, labels, k, table, answer, lengths=steps.lengths)


def _read_table(X, sequence_id, time, estimator):
    """A table whose rows are steps as ``StepRows``."""
    if isinstance(X, (list, tuple)):
        as_array(X, "X")  # an error for rows that are none, or of unequal length
    split = Split(X) if sequence_id is None else split_ids(X, sequence_id)
    labels = names_of(X) if split.labels is None else split.labels
    values = as_numbers(_without_na(split.values), "X", columns=labels, estimator=estimator)
    values = _no_bool(values if split.columns is None else values[:, split.columns])
    table = X if hasattr(X, "columns") else np.empty((len(values), len(labels) + (split.ids is not None)))
    at = None if split.ids is None else position_in(table, sequence_id)
    series, codes = None, np.zeros(len(values), dtype=np.intp)
    if split.ids is not None:
        series, codes = encode(split.ids)
    k = None if time is None else position_in(table, time, parameter="time")
    if k is not None and k == at:
        raise ValueError(f"time={quote(time)} and sequence_id={quote(sequence_id)} are the same column.")
    k = k if k is None or at is None or k < at else k - 1

    def answer(rows, names):
        if hasattr(X, "columns"):
            return _as_frame(X, rows, names, at)
        return rows if at is None else _with_ids(rows, split.ids, at, in_objects=split.columns is None)

    return StepRows(values, codes, labels, k, table, answer, split.ids, series)


def _no_bool(values):
    return values.astype(float) if values.dtype.kind == "b" else values


def _without_na(values):
    """Objects with NaN where None or pandas' NA stands, which NumPy does not read as a number."""
    is_frame = hasattr(values, "iloc")
    if is_frame and not any(dtype.kind == "O" for dtype in values.dtypes):
        return values
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if not is_frame and (hasattr(values, "columns") or kind != "O"):
        return values
    try:
        objects = values.to_numpy(dtype=object) if is_frame else np.array(values, dtype=object)
    except ValueError:  # rows of unequal length: no table, as as_numbers will say
        return values
    for place, one in np.ndenumerate(objects):
        if one is None or type(one).__name__ == "NAType":
            objects[place] = np.nan
    return objects


def _with_ids(rows, ids, at, *, in_objects):
    """An array of the rows with the column of ids in its place."""
    table = np.empty((len(rows), rows.shape[1] + 1), dtype=object if in_objects else rows.dtype)
    table[:, at] = ids
    table[:, np.arange(table.shape[1]) != at] = rows
    return table


def _as_frame(X, rows, new, at=None):
    """A frame of the library of X: its columns, and the new ones; column ``at`` is that of ids."""
    names = names_of(X)
    features = [name for k, name in enumerate(names) if k != at]
    if not all(isinstance(name, (str, tuple)) for name in names):
        numbers = [name for name in names if isinstance(name, Integral)]
        start = max([len(names) - 1, *numbers]) + 1
        new = list(range(start, start + len(new)))
    if hasattr(X, "iloc"):
        frame = type(X)(rows, index=X.index, columns=[*features, *new])
        if at is not None:
            frame.insert(at, names[at], X.iloc[:, at].array)
        return frame
    frame = type(X)(rows, schema=[*features, *new])
    return frame if at is None else frame.insert_column(at, X.to_series(at))


def renamed(label, prefix):
    """The name of a new column about a feature."""
    return (prefix + str(label[0]), *label[1:]) if isinstance(label, tuple) else f"{prefix}{label}"


def check_finite(read, advice="Scale or clean the data first."):
    """Raise a ValueError for infinity."""
    if np.isinf(read.values).any():
        row, k = (int(one) for one in np.argwhere(np.isinf(read.values))[0])
        raise ValueError(f"Input X contains infinity: {read.place(row, k)}. {advice}")
