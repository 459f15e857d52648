"""Missing values of sequences: the last value goes on, and what was missing is told beside it.

Shapes: N time steps of all sequences, one sequence after the other, F features: values (N, F), codes (N,)
the number of the sequence of each step. Features come out as (N, F), and up to 2 F columns beside them.

To tell the network something else about what is missing, add a block of columns to ``_blocks`` and its
name to ``_PREFIXES``.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import as_task
from skrnn._reading.arrays import as_numbers, in_words, names_of, object_array
from skrnn._reading.facts import Form, check_names
from skrnn._reading.row_order import advise_on_order
from skrnn._reading.rows import Split, as_array, encode, position_in, split_ids
from skrnn._reading.single_steps import advise_on_ids
from skrnn._reading.unreadable import reject_no_container, reject_unreadable
from skrnn._settings.quoting import quote
from skrnn._settings.settings import check_values
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.time_distributed import _read_steps

_PREFIXES = {"add_indicator": "missingindicator_", "time_since": "timesince_"}


class _Read(NamedTuple):
    """X as one table of all steps, and the way back."""

    values: np.ndarray  # (N, F), without the column of ids
    codes: np.ndarray  # (N,)
    labels: list  # names or positions of the features in X
    time: int | None  # which feature is the time
    table: object  # what has the columns: X, or the steps of all its sequences
    answer: Callable  # (N, K) values, names of the new columns -> the container of X
    ids: np.ndarray | None = None  # (N,)
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


class FillForward(SequenceTransformer):
    """Fill in missing values with the last one seen in the same sequence, and tell what was missing.

    A missing value of a sequence becomes the last value of that feature which was seen before it; never
    one of another sequence, and never a later one. Beside the features stand, in this order, for each of
    them an indicator (1 where it was missing) and the time since it was seen (0 where it is there): a
    network learns from them how much a value is still worth.

    Parameters
    ----------
    sequence_id : str, int or tuple, default=None
        Tables only: the column of X that says to which sequence a row belongs, by its exact name (data
        frames; a tuple names a column of several levels) or position, as in the estimators. It stays
        where it is, and is not filled in. Rows of one sequence stand in order, and may have rows of
        others between them. `None`: all rows are one sequence.
    time : str, int or tuple, default=None
        The column of X, or the feature of the sequences, that holds the time of each step, as a number in
        any unit: the time since a value was seen is then in that unit. It stays a feature, must be
        complete, and must not fall within a sequence. `None`: one step after the other, the unit is a
        step.
    fill_value : "mean" or float, default="mean"
        What a value becomes before the first one seen in its sequence: the mean of the feature over
        all the values seen in `fit` (0 if there are none), or this number. Of standardised features the
        mean is 0.
    add_indicator : bool, default=True
        Whether to add the indicators.
    time_since : bool or "bounded", default=True
        Whether to add the time since each value was seen; before the first one, since the first step of
        the sequence. `True` gives the time s itself, the number of steps or what `time` measures;
        "bounded" gives s / (s + `time_scales_`), between 0 and 1: set it to train a network on what comes
        out (see Notes).

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a time step; of a table the number of columns, that of `sequence_id`
        included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is or holds data frames whose names are all strings.
    fill_values_ : ndarray of shape (n_features,)
        What each feature becomes before its first value, without the column of `sequence_id`.
    time_scales_ : ndarray of shape (n_features,)
        The mean time since the last value, over the missing values of `fit` (1 if it is 0).

    See Also
    --------
    skrnn.TimeDistributed : A transformer for every time step of sequences, such as a StandardScaler.
    sklearn.impute.SimpleImputer : Means or medians for missing values, whatever was there before.

    Notes
    -----
    Missing are NaN, None and pandas' NA. Infinity is an error.

    Indicators and times are there for every feature (but `time`), missing values or not: then X_new is
    as wide in every fold of a search, whatever is missing in it. A feature without missing values has
    zeros there. Data frames come out as data frames, also with `set_output`, which changes nothing: the
    new columns are called `missingindicator_` and `timesince_` with the name of the feature. Where the
    names of columns are integers, the new ones go on counting. New columns stand at the end: positions
    from the start stay valid, also that of `sequence_id`, negative ones do not.

    A network learns badly from numbers that grow to tens. On JapaneseVowels the accuracy of an LSTM on
    the test part was 0.942 with `time_since="bounded"` and 0.915 with the plain number of steps where
    half of the values were removed, 0.836 and 0.730 where four in five were; without the time it was
    0.934 and 0.826 (docs/benchmark_missing_values.txt). So set "bounded" for training. To standardise the
    number of steps, 0.908 and 0.786, does not make up for it.

    Nothing is carried from one call of `transform` to the next: every call begins anew, as sequences do.
    What a step becomes does not depend on later steps of X.

    A 2-D X is a table whose rows are time steps, as for `rows="steps"`. If its rows are sequences, pass
    `X.reshape(n_sequences, n_timesteps, n_features)`.

    All checks of scikit-learn's `check_estimator` run on tables.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import FillForward
    >>> nan = np.nan
    >>> X = [np.array([[nan], [1.0], [nan], [nan]]), np.array([[nan], [3.0]])]
    >>> filled = FillForward().fit_transform(X)
    >>> filled[0]  # the value, whether it was missing, the steps since it was seen
    array([[2., 1., 0.],
           [1., 0., 0.],
           [1., 1., 1.],
           [1., 1., 2.]])
    >>> filled[1]
    array([[2., 1., 0.],
           [3., 0., 0.]])

    To train a network on it, the time is better bounded:

    >>> bounded = FillForward(time_since="bounded").fit(X)
    >>> bounded.time_scales_
    array([0.75])
    >>> bounded.transform(X)[0][:, 2].round(2)
    array([0.  , 0.  , 0.57, 0.73])
    """

    _doc_link_template = DOCUMENTATION + "generated/skrnn.preprocessing.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "sequence_id": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
        "fill_value": [StrOptions({"mean"}), Interval(Real, None, None, closed="neither")],
        "add_indicator": ["boolean"],
        "time_since": ["boolean", StrOptions({"bounded"})],
    }

    def __init__(
        self, *, sequence_id=None, time=None, fill_value="mean", add_indicator=True, time_since=True
    ):
        self.sequence_id = sequence_id
        self.time = time
        self.fill_value = fill_value
        self.add_indicator = add_indicator
        self.time_since = time_since

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Check X, remember its columns, and learn what stands before the first values.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_timesteps, n_features), list or object array of arrays or data
            frames of shape (n_timesteps_i, n_features), or a table of shape (n_rows, n_columns) whose
            rows are time steps.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X holds no numbers, or infinity; or if `sequence_id` or `time` is not one of its columns,
            or time is missing or falls.
        TypeError
            If X is sparse or masked.
        """
        read = self._read(X)
        check_names(self, read.table, reset=True, ensure_2d=True)
        n_features = read.values.shape[1]
        fill = _means(read.values) if self.fill_value == "mean" else np.full(n_features, self.fill_value)
        self.fill_values_ = fill.astype(float)
        self.time_scales_ = _time_scales(*_blocks(*read.in_order(), fill)[1:])
        return self

    def transform(self, X):
        """Fill in missing values.

        Parameters
        ----------
        X : array-like
            Sequences or a table, as in `fit`.

        Returns
        -------
        X_new : array-like
            The features, indicators and times since, in the container and the `dtype` of X. An array that
            holds ids which are no numbers is one of objects.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `fit`, and if X has other columns than in `fit`, or a parameter is out of its range.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        self._validate_params()
        read = self._read(X)
        check_names(self, read.table, reset=False, ensure_2d=True)
        if read.lengths is None:
            advise_on_order(X, None if read.ids is None else read.codes, "X")
        if read.ids is not None:
            advise_on_ids(read.ids, read.codes, self.sequence_id)
        return self._fill(read)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # --- private ---

    def _validate_params(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)

    def _read(self, X):
        """X as ``_Read``."""
        reject_unreadable(X, "X")
        reject_no_container(X, "X", Form(rows_are_steps=True))
        if not _holds_sequences(X):
            read = _read_table(X, self.sequence_id, self.time, self)
        elif self.sequence_id is None:
            read = _read_sequences(X, self.time, self)
        else:
            raise ValueError(
                f"sequence_id={quote(self.sequence_id)} is a column of a table, but X holds sequences, "
                "which are told apart already: leave sequence_id=None."
            )
        _check_finite(read)
        if read.time is not None:
            _check_time(read)
        return read

    def _fill(self, read):
        """The filled table, in the container of X."""
        filled, missing, since = _blocks(*read.in_order(), self.fill_values_)
        if self.time_since == "bounded":
            since = since / (since + self.time_scales_)
        told = [k for k in range(filled.shape[1]) if k != read.time]
        labels = [read.labels[k] for k in told]
        blocks, names = [filled], []
        for parameter, block in (("add_indicator", missing), ("time_since", since)):
            if getattr(self, parameter):
                blocks.append(block[:, told].astype(filled.dtype))
                names += [_renamed(label, _PREFIXES[parameter]) for label in labels]
        rows = np.concatenate(blocks, axis=1)
        answer = np.empty_like(rows)
        answer[read.order] = rows
        return read.answer(answer, names)


# --- the maths ----------------------------------------------------------------------------------------


def _means(values):
    """The mean of the values seen of each feature, 0 if there are none: (F,)."""
    seen = ~np.isnan(values)
    share = np.where(seen, values, 0).astype(float) / np.maximum(seen.sum(axis=0), 1)
    return share.sum(axis=0)  # a mean of huge values, whose sum would overflow


def _time_scales(missing, since):
    """The mean time since a value was seen, where it is missing, and 1 if that is 0: (F,)."""
    scales = (missing * since.astype(float)).sum(axis=0) / np.maximum(missing.sum(axis=0), 1)
    return np.where(scales > 0, scales, 1.0)


def _blocks(values, codes, times, fill):
    """Values (N, F) filled in, where they were missing, and the time since they were seen."""
    row, starts = np.arange(len(values)), np.flatnonzero(np.diff(codes, prepend=-1))
    first = np.repeat(starts, np.diff(starts, append=len(values)))[:, None]  # of the own sequence
    missing = np.isnan(values)
    last = np.maximum.accumulate(np.where(missing, -1, row[:, None]), axis=0)  # row that was seen
    known = last >= first  # in the own sequence, and not in one before it
    seen = np.where(known, last, first)
    filled = np.where(known, np.take_along_axis(values, seen, axis=0), fill).astype(values.dtype)
    return filled, missing, times[:, None] - times[seen]


# --- X and back ---------------------------------------------------------------------------------------


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
    """A 3-D array or a list of (T_i, F) as ``_Read``."""
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

    return _Read(_no_bool(values), codes, labels, k, table, answer, lengths=steps.lengths)


def _read_table(X, sequence_id, time, estimator):
    """A table whose rows are steps as ``_Read``."""
    if isinstance(X, (list, tuple)):
        as_array(X, "X")  # an error for rows that are none, or of unequal length
    split = Split(X) if sequence_id is None else split_ids(X, sequence_id)
    labels = names_of(X) if split.labels is None else split.labels
    values = as_numbers(_without_na(split.values), "X", columns=labels, estimator=estimator)
    values = _no_bool(values if split.columns is None else values[:, split.columns])
    table = X if hasattr(X, "columns") else np.empty((len(values), len(labels) + (split.ids is not None)))
    at = None if split.ids is None else position_in(table, sequence_id)
    codes = np.zeros(len(values), dtype=np.intp) if split.ids is None else encode(split.ids)[1]
    k = None if time is None else position_in(table, time, parameter="time")
    if k is not None and k == at:
        raise ValueError(f"time={quote(time)} and sequence_id={quote(sequence_id)} are the same column.")
    k = k if k is None or at is None or k < at else k - 1

    def answer(rows, names):
        if hasattr(X, "columns"):
            return _as_frame(X, rows, names, at)
        return rows if at is None else _with_ids(rows, split.ids, at, in_objects=split.columns is None)

    return _Read(values, codes, labels, k, table, answer, split.ids)


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


def _renamed(label, prefix):
    """The name of a new column about a feature."""
    return (prefix + str(label[0]), *label[1:]) if isinstance(label, tuple) else f"{prefix}{label}"


# --- what is wrong ------------------------------------------------------------------------------------


def _check_finite(read):
    """Raise a ValueError for infinity."""
    if np.isinf(read.values).any():
        row, k = (int(one) for one in np.argwhere(np.isinf(read.values))[0])
        raise ValueError(
            f"Input X contains infinity: {read.place(row, k)}. Only NaN, None and pandas' NA are missing "
            "values, and are filled in: put NaN where infinity stands for one, else clean the data."
        )


def _check_time(read):
    """Raise a ValueError for times that are missing or fall within a sequence."""
    times = read.values[:, read.time]
    if np.isnan(times).any():
        place = read.place(int(np.argmax(np.isnan(times))), read.time)
        raise ValueError(f"The time is missing: {place}. Every step needs its time: drop steps without.")
    _, codes, times = read.in_order()
    falls = (times[1:] < times[:-1]) & (np.diff(codes) == 0)
    if falls.any():
        place = read.place(int(read.order[1:][np.argmax(falls)]), read.time)
        raise ValueError(
            f"The time falls within a sequence: {place}. Sort the steps of every sequence by their time."
        )
