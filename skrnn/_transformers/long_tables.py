"""Long tables, a row for each time step of a sequence, to lists of sequences, and back.

Shapes: a table of n_rows rows; n sequences of (T_i, F).

Tables are those of pandas and polars, and arrays. To answer with another library, add it to ``_FRAMES``.
"""

import importlib

import numpy as np

from skrnn._reading.arrays import as_numbers, names_of
from skrnn._reading.containers import as_items, numbers_of_all
from skrnn._reading.facts import Form
from skrnn._reading.rows import Split, as_array, encode, position_in, split_ids
from skrnn._reading.time_order import column_of, time_ranks
from skrnn._reading.unreadable import reject_no_container, reject_unreadable
from skrnn._settings.quoting import listed, quote

_FRAMES = {"pandas": "DataFrame", "polars": "DataFrame"}


def from_long(table, sequence_id, time=None):
    """Make a list of sequences of a long table, whose rows are time steps.

    Rows may stand in any order if `time` says which; else those of one sequence stand in order, and may
    have rows of others between them.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_rows, n_columns)
        A row for each time step of each sequence, of pandas or polars, or an array.
    sequence_id : str, int or tuple
        The column that says to which sequence a row belongs, by its exact name or position.
    time : str, int or tuple, default=None
        The column that orders the rows of a sequence: dates, numbers, or text in the order of time. Like
        `sequence_id` it does not become a feature. `None`: the rows stand in order.

    Returns
    -------
    sequences : list of ndarray
        An array of shape (n_timesteps_i, n_features) for each sequence, in the order in which their ids
        first appear.
    labels : ndarray of shape (n_sequences,)
        The id of each sequence.

    Raises
    ------
    ValueError
        If the table holds other things than numbers besides the two columns, if one of these is not there
        or not complete, or if a sequence has two rows of one time.
    TypeError
        If the table is sparse or masked.

    See Also
    --------
    to_long : The way back.
    from_padded : Sequences of an array that was filled up.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.preprocessing import from_long
    >>> table = pd.DataFrame({"id": ["b", "a", "b"], "day": [2, 1, 1], "flow": [3.0, 5.0, 4.0]})
    >>> sequences, labels = from_long(table, "id", "day")
    >>> sequences
    [array([[4.],
           [3.]]), array([[5.]])]
    >>> labels
    array(['b', 'a'], dtype=object)
    """
    reject_unreadable(table, "table")
    reject_no_container(table, "table", Form(rows_are_steps=True))
    split = split_ids(table, sequence_id, "table")
    labels, codes = encode(split.ids, "table")
    ranks = None
    if time is not None:
        split, ranks = _split_time(table, split, sequence_id, time)
        _check_once(labels, codes, ranks, time)
    values = as_numbers(split.values, "table", columns=split.labels)
    values = values if split.columns is None else values[:, split.columns]
    order = np.argsort(codes, kind="stable") if ranks is None else np.lexsort((ranks, codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(labels)))
    return np.split(values[order], ends[:-1]), labels


def _split_time(table, split, sequence_id, time):
    """What is left of a table without its times, and the place of each row in the order of time."""
    table = table if hasattr(table, "columns") else as_array(table, "table")
    k, at = position_in(table, time, "table", "time"), position_in(table, sequence_id, "table")
    said = f"time={quote(time)}"
    if k == at:
        raise ValueError(f"{said} and sequence_id={quote(sequence_id)} are the same column.")
    if table.shape[1] == 2:
        raise ValueError(
            "table has 0 feature(s) besides the columns of sequence_id and time while a minimum of 1 is "
            f"required: its columns are {listed(names_of(table))}."
        )
    others = [i for i in range(table.shape[1]) if i not in (k, at)]
    ranks = time_ranks(_times(table, k), said, "table")[1]
    labels = [label for label in split.labels if label != names_of(table)[k]]
    if hasattr(table, "iloc"):
        return Split(table.iloc[:, others], labels=labels), ranks
    return Split(table[:, others], labels=labels), ranks


def _times(table, k):
    """Column k; numbers as such, where an array holds them beside other things."""
    times = column_of(table, k)
    if times.dtype.kind != "O" or hasattr(table, "columns") or any(isinstance(t, str) for t in times):
        return times
    return np.array(times.tolist())


def _check_once(labels, codes, ranks, time):
    """Raise a ValueError for two rows of one sequence and one time."""
    order = np.lexsort((ranks, codes))
    twice = (np.diff(codes[order]) == 0) & (np.diff(ranks[order]) == 0)
    if twice.any():
        rows = sorted(order[np.argmax(twice) : np.argmax(twice) + 2].tolist())
        raise ValueError(
            f"Sequence {quote(labels[codes[rows[0]]])} of table has two rows of one time, by "
            f"time={quote(time)}: rows {rows[0]} and {rows[1]}. Drop one of them, or take their mean."
        )


def to_long(X, labels=None, *, sequence_id="sequence_id", time="time", columns=None, output="pandas"):
    """Make a long table of sequences: a row for each time step.

    Parameters
    ----------
    X : array-like
        Array of shape (n_sequences, n_timesteps, n_features), or list or object array of arrays or data
        frames of shape (n_timesteps_i, n_features). Items of shape (n_timesteps_i,), as targets and
        answers per time step are, become one column.
    labels : array-like of shape (n_sequences,), default=None
        The ids of the sequences, all different. `None`: they are numbered from 0.
    sequence_id : str, default="sequence_id"
        The name of the first column, which holds the ids.
    time : str, default="time"
        The name of the second column, which holds the number of the step, from 0.
    columns : list of str, default=None
        The names of the features. `None`: those of the data frames, or "x0", "x1" and so on.
    output : {"pandas", "polars", "default"}, default="pandas"
        What the table is; "default": an array, of objects if ids are no numbers.

    Returns
    -------
    table : DataFrame or ndarray of shape (n_rows, 2 + n_features)
        The ids, the numbers of the steps, and the features.

    Raises
    ------
    ValueError
        If X holds no sequences, or there are not as many labels or columns as there should be.
    TypeError
        If X is sparse or masked.
    ImportError
        If the library of `output` is not installed.

    See Also
    --------
    from_long : The way back.

    Examples
    --------
    >>> from skrnn.preprocessing import to_long
    >>> to_long([[[4.0], [3.0]], [[5.0]]], ["b", "a"], columns=["flow"])
      sequence_id  time  flow
    0           b     0   4.0
    1           b     1   3.0
    2           a     0   5.0
    """
    if output not in {*_FRAMES, "default"}:
        raise ValueError(f'output={quote(output)}: pass one of "pandas", "polars", "default".')
    items = _items(X)
    ids = _ids(labels, len(items))
    names = _names(X, columns, items[0].shape[1])
    values = numbers_of_all(items, "X", frames=X if hasattr(X[0], "columns") else None)
    lengths = list(map(len, items))
    steps = np.concatenate([np.arange(T) for T in lengths])
    return _table(output, [sequence_id, time, *names], np.repeat(ids, lengths), steps, values)


def _items(X):
    """Sequences as a list of (T_i, F) arrays."""
    reject_unreadable(X, "X")
    items = as_items(X, "X")
    if items is None:
        array = np.asarray(X)
        items = list(array) if array.ndim in (2, 3) and not hasattr(X, "columns") else []
    if not items or {item.ndim for item in items} not in ({1}, {2}):
        raise ValueError(
            "X holds no sequences. Pass an array (n_sequences, n_timesteps, n_features), or a list of "
            "arrays (n_timesteps, n_features)."
        )
    return [item[:, None] if item.ndim == 1 else item for item in items]


def _ids(labels, n):
    """The ids of n sequences as an array."""
    if labels is None:
        return np.arange(n)
    ids = np.asarray(labels)
    if ids.shape != (n,):
        raise ValueError(
            f"labels has the shape {ids.shape}, but X holds {n} sequences: pass one for each."
        )
    names, codes = encode(ids, "labels")
    if len(names) < n:
        twice = names[np.argmax(np.bincount(codes) > 1)]
        raise ValueError(f"labels has {quote(twice)} more than once: every sequence needs its own.")
    return ids


def _names(X, columns, n_features):
    if columns is None:
        first = None if isinstance(X, np.ndarray) and X.dtype != object else X[0]
        columns = getattr(first, "columns", None)
    names = [f"x{k}" for k in range(n_features)] if columns is None else list(columns)
    if len(names) != n_features:
        raise ValueError(
            f"columns has {len(names)} names, but a time step of X has {n_features} features."
        )
    return names


def _table(output, names, ids, steps, values):
    """The columns as a table of the library that was asked for."""
    if output == "default":
        is_number = ids.dtype.kind in "biuf"
        array = np.empty(
            (len(ids), len(names)), dtype=np.result_type(ids, values) if is_number else object
        )
        array[:, 0], array[:, 1], array[:, 2:] = ids, steps, values
        return array
    try:
        library = importlib.import_module(output)
    except ImportError as error:
        raise ImportError(
            f'output="{output}" needs {output}, which is not installed: pass output="default" for an '
            "array."
        ) from error
    columns = [ids, steps, *values.T]
    return getattr(library, _FRAMES[output])(dict(zip(names, columns, strict=True)))
