"""Tables whose rows are time steps (``rows="steps"``): one series, or several told apart by an id.

The column that says to which series a row belongs stands in X itself, because scikit-learn slices X and
nothing else on the way to ``predict``. It may hold anything that can be hashed. It is taken out before
numbers are checked; rows of one series are in the order of time, and series may be interleaved.

An array (also a memory-mapped one) is not copied: ``Sequences`` skips the column and follows an index.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.arrays import as_numbers, is_missing, names_of, object_array
from skrnn._reading.containers import Container, Rows, names_of_frame
from skrnn._reading.row_order import advise_on_order
from skrnn._reading.unreadable import as_array_of, reject_unreadable
from skrnn._settings.quoting import listed, quote

_RENAMED = (
    "A transformer before it may have dropped or renamed the column: use set_output(transform="
    '"pandas"), and verbose_feature_names_out=False in a ColumnTransformer.'
)


class StepTable(Container):
    """A table whose rows are time steps, of one series or of several."""

    rows_are_steps = True
    sequence_id = None  # the parameter: the name or position of the column of ids

    @classmethod
    def read(cls, passed, form):
        X, name = passed.X, passed.name
        _check_2d(X, name)
        split = Split(X)
        if form.sequence_id is not None:
            split = split_ids(X, form.sequence_id, name)
        values, ids, columns = split[:3]
        values = as_numbers(
            values, name, _advice(split), columns=split.labels, estimator=passed.estimator
        )
        if values.ndim != 2:
            raise ValueError(_not_2d(X, name, f"{values.ndim}-D"))
        names, lengths, order, codes = _by_series(ids, len(values), name)
        advise_on_order(X, codes, name)
        sequences = Sequences(values, lengths, order=order, columns=columns, rows_are_steps=True)
        n_columns, labels = sequences.n_features + (ids is not None), split.labels or names_of_frame(X)
        container = cls(sequences, n_columns, ids=names, labels=labels)
        container.sequence_id, container.samples = form.sequence_id, Rows(len(values), len(sequences))
        return container

    def shape_answer(self, flat):
        """(n_rows[, ...]) in the order of the rows."""
        return self.sequences.in_rows(flat)

    def shape_as(self, X, flat):
        """(n_rows, n_columns); zeros in the column of ids, which is no feature."""
        flat, column = self.sequences.in_rows(flat), self.sequence_id
        if column is None:
            return flat
        if hasattr(X, "columns"):
            column = position_in(X, column)
        return np.insert(flat, column % (flat.shape[1] + 1), 0, axis=1)


def _advice(split):
    """What to do about text beside ids, which may have made text of numbers."""
    if split.ids is None or not (
        isinstance(split.values, np.ndarray) and split.values.dtype.kind in "US"
    ):
        return ""
    return "An array of numbers beside ids that are strings needs dtype=object, or a DataFrame."


def _by_series(ids, n, name):
    """Ids (n,), or None for one series -> the different ones, lengths, and order and codes of the rows.

    The rows ``order`` stand series after series; None: they do so as they are.
    """
    if ids is None:
        return np.zeros(1, dtype=np.intp), [n], None, None
    names, codes = encode(ids, name)
    order = np.argsort(codes, kind="stable") if (np.diff(codes) < 0).any() else None
    return names, np.bincount(codes, minlength=len(names)), order, codes


def _check_2d(X, name):
    ndim = getattr(X, "ndim", None)
    if ndim is None and isinstance(X, (list, tuple)) and len(X):
        reject_unreadable(X[0], f"{name}[0]")
        row = np.asarray(X[0], dtype=object)  # an id may be a tuple
        if row.ndim != 1:
            raise ValueError(_not_2d(X, name, "a list of arrays" if row.ndim else "1-D"))
    if ndim is not None and ndim != 2:
        raise ValueError(_not_2d(X, name, f"{ndim}-D"))


def _not_2d(X, name, what):
    array = as_array_of(X, name)
    return (
        f'rows="steps" reads a 2-D {name} (n_rows, n_columns) whose rows are time steps, but {name} is '
        f'{what}. For sequences set rows="sequences". Reshape your data if it is one series of one '
        f"feature, {array}.reshape(-1, 1), or a single step, {array}.reshape(1, -1)."
    )


def as_array(X, name):
    """An array; of a list of rows one of objects, so that an id stays what it is."""
    if not isinstance(X, (list, tuple)):
        return np.asarray(X)
    rows = [_as_row(i, row, name) for i, row in enumerate(X)]
    if not rows:
        raise ValueError(f"Found {name} with 0 sample(s): it is empty, while a minimum of 1 is required.")
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"Row {i} of {name} has {len(row)} columns, but row 0 has {len(rows[0])}: "
                'rows="steps" reads a table.'
            )
        for k, value in enumerate(row):  # array[i] = row would look into a tuple
            array[i, k] = value
    return array


def _as_row(i, row, name):
    if not hasattr(row, "__len__") or isinstance(row, (str, bytes, dict, set)):
        raise ValueError(
            f"Row {i} of {name} is {quote(row)}, and no row of a table: pass a list of rows of columns."
        )
    return row.tolist() if hasattr(row, "tolist") else list(row)


class Split(NamedTuple):
    """What is left of a table without its ids."""

    values: object  # X itself, or its columns of features
    ids: np.ndarray | None = None  # (n_rows,)
    columns: np.ndarray | None = None  # of ``values``, that are features, where the ids are still in it
    labels: list | None = None  # names, or positions in X, of the features; None: as they stand in X


def split_ids(X, sequence_id, name="X"):
    """The features and the ids of a frame or array, as a ``Split``."""
    if not hasattr(X, "columns"):
        X = as_array(X, name)
        if X.ndim != 2:
            raise ValueError(
                f"{name} is {X.ndim}-D (Expected 2D array, got {X.ndim}D array instead): "
                f"sequence_id={quote(sequence_id)} is a column of a table."
            )
    k = position_in(X, sequence_id, name)
    if X.shape[1] == 1:
        raise ValueError(
            f"{name} has 0 feature(s) besides its sequence_id while a minimum of 1 is required: its only "
            f"column is {quote(names_of(X)[0])}."
        )
    labels = names_of(X)
    del labels[k]
    return (_split_frame if hasattr(X, "columns") else _split_array)(X, k)._replace(labels=labels)


def _split_frame(X, k):
    """The columns of a frame besides k, and column k."""
    others = [i for i in range(X.shape[1]) if i != k]
    if hasattr(X, "iloc"):
        return Split(X.iloc[:, others], X.iloc[:, k].to_numpy())
    ids = X[:, k].to_numpy()
    if ids.ndim > 1:  # of polars.Struct and polars.Array
        ids = object_array(X[:, k].to_list())
    return Split(X[:, others], ids)


def _split_array(X, k):
    """The same of an array."""
    columns = np.delete(np.arange(X.shape[1]), k)
    if X.dtype.kind in "biuf":
        return Split(X, _column(X, k), columns)
    return Split(X[:, columns], X[:, k])


def _column(X, k):
    """A copy of column k, part by part: to read it from a file brings in all of the file."""
    column, table = np.empty(len(X), dtype=X.dtype), Sequences(X, [len(X)], columns=np.array([k]))
    for start, part in table.chunks():
        column[start : start + len(part)] = part[:, 0]
    return column


def position_in(X, column, name="X", parameter="sequence_id"):
    """The position of a column of a table: of its name, which may be a tuple, or of a position."""
    said, names = f"{parameter}={quote(column)}", list(X.columns) if hasattr(X, "columns") else None
    if isinstance(column, Integral):
        return position_of(column, X.shape[1], names, parameter, name)
    if names is None:
        raise ValueError(
            f"{said} is the name of a column, but {name} is an array, whose columns have none. "
            f"{_RENAMED} Or pass the position of the column."
        )
    found = [k for k, one in enumerate(names) if isinstance(one, (str, tuple)) and one == column]
    if len(found) != 1:
        what = "not a column" if not found else "the name of several columns"
        raise ValueError(
            f"{said} is {what} of {name}. Its columns are {listed(names)}. "
            + (_of_index(X, column, name) or _in_full(column, names) or _RENAMED)
        )
    return found[0]


def _of_index(X, column, name):
    """Advice where the name is that of a level of pandas' index."""
    if column not in getattr(getattr(X, "index", None), "names", ()):
        return ""
    return f"It is a level of the index, which is not read: pass {name}.reset_index({quote(column)})."


def position_of(k, n_columns, names, parameter, name="X"):
    """A position as one from the start; an error if a column of another position has it as its name."""
    said = f"{parameter}={quote(k)} is"
    if not -n_columns <= k < n_columns:
        raise ValueError(f"{said} not a column of {name}, which has {n_columns} columns.")
    k, named = int(k), [i for i, one in enumerate(names or ()) if is_position(one) and one == k]
    if named not in ([], [k]):
        raise ValueError(
            f"{said} a position, but the column of {name} named {k} stands at position "
            f"{listed(named)}. Give the columns names that are strings, "
            f"{name}.columns = {name}.columns.astype(str), and pass the name of the one that is meant."
        )
    return k % n_columns


def is_position(one):
    """Whether a value is an int, and no bool."""
    return isinstance(one, Integral) and not isinstance(one, (bool, np.bool_))


def _in_full(column, names):
    """Advice where names are tuples, of which only a part was given."""
    tuples = [one for one in names if isinstance(one, tuple) and column in one]
    return f"Columns of several levels are named by a tuple, as {quote(tuples[0])}." if tuples else ""


def encode(ids, name="X"):
    """Ids (n_rows,) -> the different ones in order of first appearance, and their numbers (n_rows,)."""
    if ids.dtype.kind in "biufUSmM":
        _check_ids(np.isnat(ids) if ids.dtype.kind in "mM" else ids != ids, ids, name)
        is_start = np.append(True, ids[1:] != ids[:-1])[: len(ids)]  # none, of no rows
        starts = np.flatnonzero(is_start)  # of runs of one id: mostly few
        unique, first, codes = np.unique(ids[starts], return_index=True, return_inverse=True)
        by_first = np.argsort(first)
        number = np.empty_like(by_first)
        number[by_first] = np.arange(len(by_first))
        return unique[by_first], np.repeat(number[codes.ravel()], np.diff(starts, append=len(ids)))
    numbers, codes = {}, np.empty(len(ids), dtype=np.intp)
    for row, one in enumerate(ids):
        try:
            codes[row] = numbers.setdefault(one, len(numbers))
        except TypeError:
            raise ValueError(
                f"The sequence_id in row {row} of {name} is {quote(one)}, which cannot be hashed."
            ) from None
    missing = np.array([is_missing(one) for one in numbers])
    _check_ids(missing[codes], ids, name)
    unique = np.empty(len(numbers), dtype=object)
    unique[:] = list(numbers)
    return unique, codes


def _check_ids(missing, ids, name):
    if np.any(missing):
        row = int(np.argmax(missing))
        raise ValueError(
            f"The sequence_id in row {row} of {name} is missing ({quote(ids[row])}). Every row needs the "
            "id of its sequence: drop these rows, from y, too, or give them one."
        )
