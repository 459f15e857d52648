"""The forms that X may have: every container is one class, and all become ``Sequences`` inside.

The container decides what X is, nothing is guessed from the values:

=========================================  ================  =====================================
X                                          class             becomes
=========================================  ================  =====================================
2-D array, DataFrame, list of equal rows   ``Table``         n sequences of n_columns / step_features
3-D array (n, T, F)                        ``Array``         n sequences of T steps, a view
list or 1-D object array of (T_i, F)       ``SequenceList``  n sequences, one copy
list or object array of unequal 1-D rows   ``RowList``       n sequences of length / step_features
2-D array or DataFrame, rows="steps"       ``StepTable``     series, a row is a step (``rows.py``)
tokens                                     ``tokens.py``     sequences of tokens
=========================================  ================  =====================================

A container also gives answers its form: ``shape_answer``. All errors are raised before any weight
changes, and name the sequence (and the step) that is wrong.

To add a form, write a class below ``Container`` with ``reads`` and ``read``, and enter it in
``CONTAINERS`` of ``reader.py``.
"""

import numpy as np

from skrnn._engine.storage import Sequences
from skrnn._reading.arrays import as_numbers, in_words, names_of, object_array, reject_ids, reject_times
from skrnn._reading.row_order import advise_on_order_of_each
from skrnn._reading.unreadable import (
    reject_no_container,
    reject_one_dimension,
    reject_text,
    reject_unreadable,
)
from skrnn._reading.windows import Windows
from skrnn._settings.quoting import listed, quote, shorten


class Passed:
    """X as it was passed, and what containers decide by.

    Parameters
    ----------
    X : object
    name, estimator : str
        What X and the estimator are called in messages.

    Attributes
    ----------
    items : list of arrays or None
        The sequences of a list; None for what is no list of sequences, and before ``look``.
    ndims : set of int
        The numbers of dimensions of the items; of no items none.
    """

    def __init__(self, X, name="X", estimator=None):
        self.X, self.name, self.estimator = X, name, estimator
        self.items, self.ndims, self._values = None, set(), None

    def look(self, form):
        """Find the sequences of a list; a TypeError or ValueError for what holds none at all.

        That is a scalar, text, one series, an empty list, or what NumPy cannot read.
        """
        reject_unreadable(self.X, self.name)
        reject_no_container(self.X, self.name, form)
        if form.rows_are_steps:
            return
        reject_text(self.X, self.name, form)
        self.items = as_items(self.X, self.name)
        if self.items is None:
            if getattr(self.X, "ndim", 1) == 1:
                reject_one_dimension(self.X, self.name, form)
        elif not len(self.items):
            raise ValueError(
                f"Found {self.name} with 0 sample(s): it is empty, while a minimum of 1 is required."
            )
        else:
            self.ndims = {item.ndim for item in self.items}

    @property
    def values(self):
        """X as one array of numbers, 2-D or 3-D; of a list whose items are rows of equal length, too."""
        if self._values is None:
            self._values = self._as_values()
        return self._values

    def _as_values(self):
        if len(self.ndims) > 1 or max(self.ndims, default=0) > 2:
            what = f"{self.name} is a list of {max(self.ndims)}-D arrays"
            if len(self.ndims) > 1:
                what = (
                    f"The sequences of {self.name} have different numbers of dimensions: "
                    f"{sorted(self.ndims)}"
                )
            raise ValueError(
                f"{what}. Expected a list of 2-D arrays (n_timesteps, n_features), one per sequence, or "
                "one 3-D array (n_sequences, n_timesteps, n_features)."
            )
        X = self.X if self.items is None else np.stack(self.items)
        X = as_numbers(X, self.name, allow_nd=True, estimator=self.estimator)
        if X.ndim not in (2, 3):
            raise ValueError(
                f"Found array {self.name} with dim {X.ndim}. Expected 2-D (n_sequences, n_columns) or "
                "3-D (n_sequences, n_timesteps, n_features); see numpy.reshape."
            )
        return X


class Rows:
    """The rows of a table of steps, where targets and weights are read as if for ``Sequences``."""

    rows_are_steps = True
    is_dense = False

    def __init__(self, n, n_series=1):
        self.n, self.n_series = n, n_series

    def __len__(self):
        return self.n


class Container:
    """X as read: the sequences, the form they came in, and what the estimator publishes of it.

    Parameters
    ----------
    sequences : Sequences
    n_features_in : int
    columns : list, optional
        Of a list of frames.
    ids : (n,) array, optional
        Of the sequences of a table of steps.
    n_columns : int, optional
        Of a list of tokens that are all of one length: that length.
    labels : list, optional
        Names, or positions in X, of its columns in messages; of a table of steps those of the features.

    Attributes
    ----------
    samples : Sequences or Rows
        What there is one target and one weight for, if they are not given step by step.
    n_tokens : int or None
        1 + the largest token.
    windows : Places or None
        Of the sequences, if `SlidingWindow` has made them.
    categories : tuple of Category
        Of features that hold codes.
    """

    is_table = False  # whether the rows of a table are the sequences
    has_axes = False  # whether time and features are axes of their own, that may have been swapped
    rows_are_steps = False
    n_tokens = None
    windows = None
    categories = ()

    def __init__(self, sequences, n_features_in, *, columns=None, ids=None, n_columns=None, labels=None):
        self.sequences, self.samples, self.n_features_in = sequences, sequences, n_features_in
        self.columns, self.ids, self.n_columns, self.labels = columns, ids, n_columns, labels

    @staticmethod
    def reads(passed, form):
        """Whether this is the form of what was passed; asked where rows are steps in both, or in none."""
        return True

    @classmethod
    def read(cls, passed, form):
        """What was passed as a container; TypeError or ValueError if it cannot be read."""
        raise NotImplementedError

    def check(self, form, name):
        """Raise a ValueError for values that cannot be computed with."""
        dtype = form.dtype or choose_dtype(self.sequences.values.dtype)
        check_finite(self.sequences, dtype, name, place=self.place_of)

    def place_of(self, step, k):
        """Feature k of a step in the words of X: the name of its column, if it has one."""
        k += step * self.sequences.n_features if self.is_table else 0
        label = k if self.labels is None else self.labels[k]
        return in_words(label) if isinstance(label, (str, tuple)) else f"position {label}"

    def shape_answer(self, flat):
        """Flat answers per step (sum of T_i[, ...]) in the form of X: (n, T[, ...])."""
        return flat.reshape(len(self.sequences), -1, *flat.shape[1:])

    def shape_as(self, X, flat):
        """What stands step after step, (sum of T_i, F), in the form and the shape of X itself."""
        return flat.reshape(len(self.sequences), -1, flat.shape[1])


class Table(Container):
    """A 2-D array, a DataFrame, or a list of equally long rows: each row a sequence."""

    is_table = True

    @staticmethod
    def reads(passed, form):
        return passed.values.ndim == 2

    @classmethod
    def read(cls, passed, form):
        n, n_columns = passed.values.shape
        if n_columns % form.step_features:
            raise ValueError(
                f"{passed.name} has {n_columns} columns, which is not a multiple of "
                f"step_features={form.step_features}."
            )
        sequences = Sequences(passed.values.reshape(n, -1, form.step_features))
        return cls(sequences, n_columns, labels=names_of_frame(passed.X))

    def place_of(self, step, k):
        name = super().place_of(step, k)
        return name if self.labels else f"position {k}"

    def shape_as(self, X, flat):
        return flat.reshape(len(self.sequences), -1)


class Array(Container):
    """A 3-D array (n, T, F)."""

    has_axes = True

    @staticmethod
    def reads(passed, form):
        return passed.values.ndim == 3

    @classmethod
    def read(cls, passed, form):
        name, (_, T, F) = passed.name, passed.values.shape
        if not T:
            raise ValueError(
                f"The sequences of {name} have no time steps (shape={passed.values.shape}). Expected "
                "(n_sequences, n_timesteps, n_features) with one time step or more."
            )
        if not F:
            raise ValueError(
                f"{name} has 0 feature(s) (shape={passed.values.shape}) while a minimum of 1 is required."
            )
        _check_step_features(form, name)
        container = cls(Sequences(passed.values), F)
        container.windows = passed.X.places if isinstance(passed.X, Windows) else None
        return container


class SequenceList(Container):
    """A list, tuple, Series or 1-D object array of arrays or frames (T_i, F)."""

    has_axes = True

    @staticmethod
    def reads(passed, form):
        return passed.ndims == {2}

    @classmethod
    def read(cls, passed, form):
        columns = _columns(passed.X)
        has_frames = any(hasattr(item, "columns") for item in passed.X)
        sequences = _join(passed.items, passed.name, passed.X if has_frames else None)
        if columns:
            advise_on_order_of_each(passed.X, passed.name)
        _check_step_features(form, passed.name)
        return cls(sequences, sequences.n_features, columns=columns, labels=columns)

    def shape_answer(self, flat):
        """A 1-D object array of (T_i[, ...])."""
        return object_array(np.split(flat, np.cumsum(self.sequences.lengths)[:-1]))

    def shape_as(self, X, flat):
        items = self.shape_answer(flat)
        if np.ndim(next(iter(X))) == 2:
            return items
        return object_array([item.reshape(-1) for item in items])


class RowList(SequenceList):
    """A list of 1-D rows of unequal length, each a sequence of ``step_features`` columns per step.

    After a fit on sequences a list of rows is one of sequences also if by chance they are equally long.
    """

    @staticmethod
    def reads(passed, form):
        of_sequences = form.container is not None and not form.is_table
        return passed.ndims == {1} and (of_sequences or len(set(map(len, passed.items))) > 1)

    @classmethod
    def read(cls, passed, form):
        rows = [_reshape_row(i, x, form.step_features, passed.name) for i, x in enumerate(passed.items)]
        sequences = _join(rows, passed.name)
        return SequenceList(sequences, sequences.n_features)


def _check_step_features(form, name):
    """Raise a ValueError if the steps of X are there already, before the first fit."""
    if form.container is None and form.step_features != 1:
        raise ValueError(
            f"step_features={form.step_features} is for 2-D X and lists of 1-D rows. {name} is a 3-D "
            "array or a list of 2-D arrays, whose features are its last axis: leave step_features=1."
        )


def _reshape_row(i, row, step_features, name):
    if len(row) % step_features:
        raise ValueError(
            f"Sequence {i} of {name} has {len(row)} values, which is not a multiple of "
            f"step_features={step_features}."
        )
    return row.reshape(-1, step_features)


def names_of_frame(X):
    """The names of the columns of a frame; None of others."""
    return names_of(X) if hasattr(X, "columns") else None


def _join(items, name, frames=None):
    """List of (T_i, F) -> Sequences; ``frames``: what they were made of."""
    n_features = items[0].shape[1]
    for i, item in enumerate(items):
        if item.shape[1] != n_features:
            raise ValueError(
                f"Sequence {i} of {name} has {item.shape[1]} features, but sequence 0 has {n_features}. "
                "Every sequence must be an array (n_timesteps, n_features) with the same n_features."
                + _if_transposed(items, name)
            )
        if not len(item):
            raise ValueError(
                f"Sequence {i} of {name} has no time steps (shape={item.shape}): remove it (in fit, from "
                "y, too)."
            )
    if not n_features:
        raise ValueError(f"{name} has 0 feature(s) per time step while a minimum of 1 is required.")
    return Sequences(numbers_of_all(items, name, frames=frames), list(map(len, items)))


def numbers_of_all(items, name, advice="", frames=None):
    """The arrays one below the other as numbers; what is none is named with its sequence.

    ``frames`` are what they were made of, where NumPy may have taken dates for numbers.
    """
    try:
        for i, frame in enumerate(frames if frames is not None else ()):
            reject_times(frame, f"Sequence {i} of {name}")
        return as_numbers(np.concatenate(items), name, advice)
    except (TypeError, ValueError):
        reject_ids(() if frames is None else frames, name)
        for i, item in enumerate(items if frames is None else frames):
            as_numbers(item, f"Sequence {i} of {name}", advice, ensure_2d=False)
        raise


# --- what containers are read with ------------------------------------------------------------------


def as_items(X, name):
    """The sequences of a list, a tuple, a Series or a 1-D object array as arrays; else None."""
    if not isinstance(X, (list, tuple)):
        if hasattr(X, "columns") or len(getattr(X, "shape", ())) != 1:
            return None
        X = np.asarray(X)
        if X.dtype != object:
            return None
    items, columns = [], None
    for i, item in enumerate(X):
        reject_unreadable(item, f"{name}[{i}]")
        _check_columns(i, item, columns, name)
        columns = getattr(item, "columns", None) if columns is None else columns
        items.append(_as_item(i, item, name))
    scalars = [i for i, item in enumerate(items) if not item.ndim]
    if scalars and len(scalars) == len(items):
        return None  # a list of numbers or labels
    if scalars:
        i = scalars[0]
        raise ValueError(
            f"Sequence {i} of {name} is not an array but {quote(list(X)[i])} "
            f"({type(list(X)[i]).__name__}), while others are. Expected one array for every sequence."
        )
    return items


def _as_item(i, item, name):
    """A sequence of a list as an array."""
    try:
        return np.asarray(item)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(item, tuple) and len(item) == 2 and hasattr(item[1], "columns"):
            raise ValueError(
                f"Sequence {i} of {name} is a tuple of an id and a table, as of groupby: pass the tables "
                f"only, [table for _, table in {name}], without the column of ids."
            ) from None
        raise ValueError(
            f"Sequence {i} of {name} is not an array (n_timesteps, n_features): {shorten(error, 200)} "
            "Every time step needs the same features."
        ) from error


def _columns(X):
    """The names of the columns of the first frame among the sequences, if there is one."""
    return next((list(item.columns) for item in X if hasattr(item, "columns")), None)


def _check_columns(i, item, columns, name):
    """Raise if a frame has the columns of the first frame in another order."""
    if columns is None or not hasattr(item, "columns") or item.columns is columns:
        return
    these, first = list(item.columns), list(columns)
    if these != first and len(these) == len(first):
        raise ValueError(
            f"Sequence {i} of {name} has other columns than an earlier one, or in another order: "
            f"{listed(these)}, not {listed(first)}. Give all the same columns in the same order."
        )


def _if_transposed(items, name):
    """Advice if all sequences have as many rows, but not as many columns."""
    n_rows = {len(item) for item in items}
    if len(n_rows) > 1:
        return ""
    return (
        f" All have {n_rows.pop()} rows: if these are the features, and time runs along the columns, "
        f"pass [x.T for x in {name}]."
    )


def check_finite(sequences, dtype, name, advice=None, place=None):
    """Raise a ValueError that names the first sequence and step that is not finite in ``dtype``.

    Sequence after sequence, so that no array of the size of X is made. ``advice`` says what to do; by
    default what to do about X. ``place``: (step, feature) -> the feature in words.
    """
    values = sequences.values
    if values.dtype.kind not in "fc":
        return
    limit = np.finfo(dtype).max
    for start, chunk in sequences.chunks():
        # a sum is finite if all its terms are; otherwise look again
        with np.errstate(over="ignore", invalid="ignore"):
            fits = np.isfinite(chunk.sum(dtype=dtype)) or bool((np.abs(chunk) <= limit).all())
        if not fits:
            where = np.argwhere(~(np.abs(chunk) <= limit))[0]
            row, step, k = (int(n) for n in (where[0], where[1], where[-1]))
            feature = f"position {k}" if place is None else place(step if chunk.ndim == 3 else 0, k)
            what, help_ = _what_is_wrong(chunk[tuple(where)], dtype, advice)
            raise ValueError(
                f"Input {name} contains {what}: {sequences.describe(start + row, step)}, {feature}. "
                f"{help_}"
            )


def _what_is_wrong(value, dtype, advice):
    """What a value that is not finite is, in words, and what to do about it."""
    if np.isnan(value):
        what = "NaN"
        advice = advice or (
            'Impute missing values first, by skrnn.preprocessing.FillForward(time_since="bounded"), '
            "which carries on the last value of the sequence, or by SimpleImputer. For sequences of "
            "unequal length pass a list of arrays instead of padding."
        )
    else:
        what = f"infinity or a value too large for {dtype!r}"
        advice = advice or "Scale or clean the data first."
    return what, advice


def axes_advice(X, name="X", *, n_sequences=None, n_timesteps=None, n_features=None):
    """What to add to an error about a 3-D X of which one axis should have had another length.

    Parameters
    ----------
    X : Sequences
    n_sequences, n_timesteps, n_features : int, optional
        The one that was expected.

    Returns
    -------
    advice : str
        Empty, unless another axis of X has the expected length.
    """
    if not X.is_dense or X.values.ndim != 3:
        return ""
    _, T, F = X.values.shape
    time_is = None
    if n_sequences is not None and T == n_sequences:
        time_is, order = "first", (1, 0, 2)
    elif (n_timesteps is not None and F == n_timesteps) or (n_features is not None and T == n_features):
        time_is, order = "last", (0, 2, 1)
    if time_is is None:
        return ""
    return (
        f" {name} has the axes (n_sequences, n_timesteps, n_features), here {X.values.shape}: if time is "
        f"the {time_is} axis of {name}, pass {name}.transpose{order}."
    )


def choose_dtype(dtype):
    """What is computed in for data of ``dtype``: float32 stays, float16 rises to it."""
    dtype = np.dtype(dtype)
    return np.dtype(np.float32 if dtype.kind == "f" and dtype.itemsize <= 4 else np.float64)
