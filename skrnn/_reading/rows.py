"""Tables whose rows are time steps (``rows="steps"``): one series, or several told apart by an id.

The column that says to which series a row belongs stands in X itself, because scikit-learn slices X and
nothing else on the way to ``predict``. It may hold anything that can be hashed. It is taken out before
numbers are checked; rows of one series are in the order of time, and series may be interleaved.

An array (also a memory-mapped one) is not copied: ``Sequences`` skips the column and follows an index.
"""

from numbers import Integral

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.containers import (
    Container,
    Rows,
    as_numbers,
    is_missing,
    object_array,
)
from skrnn._reading.row_order import advise_on_order

_RENAMED = (
    "A transformer before it may have dropped or renamed the column: use set_output(transform="
    '"pandas"), and verbose_feature_names_out=False in a ColumnTransformer.'
)


class StepTable(Container):
    """A table whose rows are time steps, of one series or of several."""

    rows_are_steps = True
    sequence_id = None  # the parameter: the name or position of the column of ids

    @staticmethod
    def reads(passed, form):
        return form.rows_are_steps

    @classmethod
    def read(cls, passed, form):
        X, name = passed.X, passed.name
        _check_2d(X, name)
        values, ids, columns = X, None, None
        if form.sequence_id is not None:
            values, ids, columns = split_ids(X, form.sequence_id, name)
        advice = ""
        if getattr(getattr(values, "dtype", None), "kind", "") in "US":
            advice = "An array of numbers beside ids that are strings needs dtype=object, or a DataFrame."
        values = as_numbers(values, name, advice, estimator=passed.estimator)
        if values.ndim != 2:
            raise ValueError(_not_2d(name, f"{values.ndim}-D"))
        names, lengths, order, codes = _by_series(ids, len(values), name)
        advise_on_order(X, codes, name)
        sequences = Sequences(values, lengths, order=order, columns=columns, rows_are_steps=True)
        container = cls(sequences, sequences.n_features + (ids is not None), ids=names)
        container.sequence_id = form.sequence_id
        return container

    @property
    def samples(self):
        return Rows(len(self.sequences.values))

    def shape_answer(self, flat):
        """(n_rows[, ...]) in the order of the rows."""
        return self.sequences.in_rows(flat)

    def shape_as(self, X, flat):
        """(n_rows, n_columns); zeros in the column of ids, which is no feature."""
        flat, column = self.sequences.in_rows(flat), self.sequence_id
        if column is None:
            return flat
        if hasattr(X, "columns"):
            column = position_in(list(X.columns), column, "X")
        return np.insert(flat, column % (flat.shape[1] + 1), 0, axis=1)


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
        row = np.asarray(X[0], dtype=object)  # an id may be a tuple
        if row.ndim != 1:
            raise ValueError(_not_2d(name, "a list of arrays" if row.ndim else "1-D"))
    if ndim is not None and ndim != 2:
        raise ValueError(_not_2d(name, f"{ndim}-D"))


def _not_2d(name, what):
    return (
        f'rows="steps" reads a 2-D {name} (n_rows, n_columns) whose rows are time steps, but {name} is '
        f'{what}. For sequences set rows="sequences". Reshape your data if it is one series of one '
        f"feature, {name}.reshape(-1, 1), or a single step, {name}.reshape(1, -1)."
    )


def as_array(X, name):
    """An array; of a list of rows one of objects, so that an id stays what it is."""
    if not isinstance(X, (list, tuple)):
        return np.asarray(X)
    rows = [row.tolist() if hasattr(row, "tolist") else list(row) for row in X]
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


def split_ids(X, sequence_id, name="X"):
    """The values and the ids of a frame or array.

    Returns
    -------
    values : X itself, or what is left of it without the ids
    ids : (n_rows,) array
    columns : (n_columns - 1,) int or None
        The columns of ``values`` that are not the ids, where they are still in it.
    """
    if not hasattr(X, "columns"):
        X = as_array(X, name)
        if X.ndim != 2:
            raise ValueError(
                f"Expected 2D array, got {X.ndim}D array instead: sequence_id={sequence_id!r} is a "
                f"column of {name}."
            )
    if X.shape[1] == 1:
        raise ValueError(
            f"{name} has 0 feature(s) besides its sequence_id while a minimum of 1 is required."
        )
    if hasattr(X, "columns"):
        return (*_split_frame(X, sequence_id, name), None)
    return _split_array(X, sequence_id, name)


def _split_frame(X, sequence_id, name):
    """The other columns of a frame, and the ids."""
    names = list(X.columns)
    k = position_in(names, sequence_id, name)
    others = [i for i in range(len(names)) if i != k]
    if hasattr(X, "iloc"):
        return X.iloc[:, others], X.iloc[:, k].to_numpy()
    ids = X[:, k].to_numpy()
    if ids.ndim > 1:  # of polars.Struct and polars.Array
        ids = object_array(X[:, k].to_list())
    return X[:, others], ids


def _split_array(X, sequence_id, name):
    """``split_ids`` of an array."""
    if isinstance(sequence_id, str):
        raise ValueError(
            f"sequence_id={sequence_id!r} is the name of a column, but {name} is an array, whose columns "
            f"have none. {_RENAMED} Or pass the position of the column."
        )
    k, n_columns = int(sequence_id), X.shape[1]
    if not -n_columns <= k < n_columns:
        raise ValueError(
            f"sequence_id={sequence_id} is not a column of {name}, which has {n_columns} columns."
        )
    columns = np.delete(np.arange(n_columns), k)
    if X.dtype.kind in "biuf":
        return X, _column(X, k), columns
    return X[:, columns], X[:, k], None


def _column(X, k):
    """A copy of column k, part by part: to read it from a file brings in all of the file."""
    column, table = np.empty(len(X), dtype=X.dtype), Sequences(X, [len(X)], columns=np.array([k]))
    for start, part in table.chunks():
        column[start : start + len(part)] = part[:, 0]
    return column


def position_in(names, sequence_id, name):
    """The position of the column ``sequence_id`` among the names of a frame's columns."""
    if isinstance(sequence_id, Integral):
        if not -len(names) <= sequence_id < len(names):
            raise ValueError(
                f"sequence_id={sequence_id} is not a column of {name}, which has {len(names)} columns."
            )
        return int(sequence_id) % len(names)
    found = [k for k, column in enumerate(names) if isinstance(column, str) and column == sequence_id]
    if len(found) != 1:
        what = "not a column" if not found else "the name of several columns"
        raise ValueError(
            f"sequence_id={sequence_id!r} is {what} of {name}. Its columns are {names}. {_RENAMED}"
        )
    return found[0]


def encode(ids, name="X"):
    """Ids (n_rows,) -> the different ones in order of first appearance, and their numbers (n_rows,)."""
    if ids.dtype.kind in "biufUSmM":
        _check_ids(np.isnat(ids) if ids.dtype.kind in "mM" else ids != ids, ids, name)
        starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1]))  # of runs of one id: mostly few
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
                f"The sequence_id in row {row} of {name} is {one!r}, which cannot be hashed."
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
            f"The sequence_id in row {row} of {name} is missing ({ids[row]!r}). Every row needs the id "
            "of its sequence: drop these rows, from y, too, or give them one."
        )
