"""Every series scaled by its own statistics, and targets with it.

Shapes: N rows of all series, F features: values (N, F), codes (N,) the number of the series of each row;
n series: center and scale (n, F).

A method is a function of ``METHODS`` that makes center and scale of values and codes; to add one, enter
it there.
"""

from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import as_task
from skrnn._reading.arrays import as_numbers, object_array
from skrnn._reading.facts import check_names
from skrnn._reading.rows import position_in
from skrnn._settings.quoting import listed, quote
from skrnn._settings.settings import check_values
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.step_rows import check_finite, read_steps


class SeriesScaler(SequenceTransformer):
    """Scale every series by its own mean and deviation.

    One `StandardScaler` before series of different scales leaves small ones at a constant. Here each is
    scaled by itself, and the targets can be scaled and scaled back with it.

    In a table whose rows are time steps, the statistics of each id are learned in `fit`. Sequences (a 3-D
    array or a list) are each scaled by what they are themselves, in `fit` and later.

    Parameters
    ----------
    sequence_id : str, int or tuple, default=None
        Tables only: the column of X that says to which series a row belongs, by its exact name (data
        frames; a tuple names a column of several levels) or position. It stays where it is, and is not
        scaled. `None`: all rows are one series.
    method : {"standard", "robust", "mean"}, default="standard"
        By what: "standard", mean and standard deviation; "robust", median and the distance of the
        quartiles; "mean", the mean of the absolute values, without a shift, so that zero stays zero.
    target : str, int or tuple, default=None
        The column of X, or the feature of the sequences, of which the targets are values: they are scaled
        by its statistics. `None`: by their own, learned in `fit(X, y)` of a table; or by those of the
        only feature.
    unseen : {"error", "own"}, default="error"
        Tables only: what `transform` does with series that were not there in `fit`: an error, or scale
        them by the statistics of the rows passed.

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a time step; of a table the number of columns, that of `sequence_id`
        included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is or holds data frames whose names are all strings.
    sequence_ids_ : ndarray of shape (n_series,)
        The series of `fit`, in the order of their first rows; of sequences their numbers.
    center_ : ndarray of shape (n_series, n_features)
        What is subtracted in each series, without the column of `sequence_id`.
    scale_ : ndarray of shape (n_series, n_features)
        What it is then divided by; 1 where all values are equal.
    target_center_ : ndarray of shape (n_series, n_outputs) or None
        What is subtracted from targets that have statistics of their own.
    target_scale_ : ndarray of shape (n_series, n_outputs) or None
        What they are then divided by.

    See Also
    --------
    skrnn.TimeDistributed : A StandardScaler, or another transformer, over all time steps together.
    skrnn.preprocessing.Differencer : Differences from step to step, or from season to season.

    Notes
    -----
    Missing values (NaN) stay, and do not count. Infinity is an error. A pipeline cannot scale the targets
    by series, because it passes y around its transformers: do it before `fit` and after `predict`, by
    `transform_targets` and `inverse_targets`.

    All checks of scikit-learn's `check_estimator` run on tables.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.preprocessing import SeriesScaler
    >>> table = pd.DataFrame({"shop": ["a", "b", "a", "b"], "sales": [1.0, 1000.0, 3.0, 5000.0]})
    >>> scaler = SeriesScaler(sequence_id="shop", target="sales").fit(table)
    >>> scaler.transform(table)
      shop  sales
    0    a   -1.0
    1    b   -1.0
    2    a    1.0
    3    b    1.0
    >>> scaler.inverse_targets([0.0, 0.0, 2.0, 2.0], table).tolist()
    [2.0, 3000.0, 4.0, 7000.0]
    """

    _doc_link_template = DOCUMENTATION + "generated/skrnn.preprocessing.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "sequence_id": [str, Integral, tuple, None],
        "method": [StrOptions({"standard", "robust", "mean"})],
        "target": [str, Integral, tuple, None],
        "unseen": [StrOptions({"error", "own"})],
    }

    def __init__(self, *, sequence_id=None, method="standard", target=None, unseen="error"):
        self.sequence_id = sequence_id
        self.method = method
        self.target = target
        self.unseen = unseen

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Learn the statistics of every series.

        Parameters
        ----------
        X : array-like
            Array of shape (n_sequences, n_timesteps, n_features), list or object array of arrays or data
            frames of shape (n_timesteps_i, n_features), or a table of shape (n_rows, n_columns) whose
            rows are time steps.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), default=None
            The targets of a table, if `transform_targets` shall scale them by statistics of their own.
            Other targets are ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X holds no numbers, or infinity; or if `sequence_id` or `target` is not one of its columns.
        TypeError
            If X is sparse or masked.
        """
        read = self._read(X)
        self._target_of(read)
        check_names(self, read.table, reset=True, ensure_2d=True)
        self.center_, self.scale_ = self._statistics(read.values, read.codes)
        self.sequence_ids_ = np.arange(len(self.center_)) if read.series is None else read.series
        self.target_center_, self.target_scale_ = self._statistics_of_targets(y, read)
        self._of_sequences = read.lengths is not None
        return self

    def transform(self, X):
        """Scale every series.

        Parameters
        ----------
        X : array-like
            Sequences or a table, as in `fit`.

        Returns
        -------
        X_new : array-like
            The scaled values, in the container and the `dtype` of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `fit`, and if X has other columns than in `fit`, or series that were not there; or if a
            parameter is out of its range.
        TypeError
            If X is sparse or masked.
        """
        read = self._read_again(X)
        center, scale = self._of_rows(read)
        return read.answer(_cast((read.values - center) / scale, read.values), [])

    def inverse_transform(self, X, original=None):
        """Undo the scaling.

        Parameters
        ----------
        X : array-like
            Scaled values, of a table as in `fit`, or sequences.
        original : array-like, default=None
            The sequences before they were scaled, or other steps of them: sequence i of X is scaled back
            by the statistics of sequence i of these. Needed for sequences, and for series of a table that
            were not there in `fit`.

        Returns
        -------
        X_original : array-like
            The values as they were, in the container of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `transform`, and if `original` is missing, or holds other sequences than X.
        TypeError
            If X is sparse or masked.
        """
        read = self._read_again(X)
        if original is None and self._of_sequences:
            raise ValueError(
                "Sequences are scaled by their own statistics, which the scaled values do not tell: pass "
                "the sequences as they were, inverse_transform(X, original)."
            )
        center, scale = self._of_rows(read, None if original is None else self._read_again(original))
        return read.answer(_cast(read.values * scale + center, read.values), [])

    def transform_targets(self, y, X):
        """Scale targets as the series that they belong to.

        Parameters
        ----------
        y : array-like
            Targets, or answers: of a table of shape (n_rows,) or (n_rows, n_outputs); of sequences one
            number or array for each of them.
        X : array-like
            The table or the sequences that they belong to, not scaled.

        Returns
        -------
        y_new : array-like
            The scaled targets, an array, or a list or an object array if y is one.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `transform`, and if y has not an entry for each row or sequence of X, or it is not known by
            which statistics to scale it.
        TypeError
            If X is sparse or masked.
        """
        return self._with_targets(y, X, lambda v, center, scale: (v - center) / scale)

    def inverse_targets(self, y, X):
        """Undo the scaling of targets, or of a model's answers.

        Parameters
        ----------
        y : array-like
            Scaled targets, or answers, as in `transform_targets`.
        X : array-like
            The table or the sequences that they belong to, not scaled.

        Returns
        -------
        y_original : array-like
            The targets in their own units, an array, or a list or an object array if y is one.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `transform_targets`.
        TypeError
            If X is sparse or masked.
        """
        return self._with_targets(y, X, lambda v, center, scale: v * scale + center)

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
        read = read_steps(X, self, self.sequence_id)
        check_finite(read)
        return read

    def _read_again(self, X):
        """X as ``StepRows``, of the columns of fit."""
        check_is_fitted(self)
        self._validate_params()
        read = self._read(X)
        check_names(self, read.table, reset=False, ensure_2d=True)
        if (read.lengths is not None) != self._of_sequences:
            now, then = ("a table", "sequences") if self._of_sequences else ("sequences", "a table")
            raise ValueError(
                f"X is {now}, but {type(self).__name__} was fitted on {then}: pass the same."
            )
        return read

    def _statistics(self, values, codes):
        """Center and scale of every series: (n, F) each."""
        unit = _units(values, codes)
        center, scale = METHODS[self.method](values / unit[codes], codes)
        with np.errstate(over="ignore"):  # a distance of quartiles at both ends of all numbers
            center, scale = center * unit, np.minimum(scale * unit, np.finfo(float).max)
        constant = scale <= 10 * np.finfo(float).eps * np.abs(center)
        return center, np.where(constant | (scale == 0), 1.0, scale)

    def _statistics_of_targets(self, y, read):
        """The same of y, where it is one number or several for each row of a table; else None."""
        if y is None or read.lengths is not None or self.target is not None:
            return None, None
        try:
            y = np.asarray(y)
        except ValueError:  # of unequal lengths
            return None, None
        if y.dtype.kind not in "iuf" or y.ndim not in (1, 2) or len(y) != len(read.codes):
            return None, None
        y = y.reshape(len(y), -1).astype(float)
        return (None, None) if np.isinf(y).any() else self._statistics(y, read.codes)

    def _of_rows(self, read, original=None):
        """Center and scale for every row: (N, F) each; also of series that were not in fit."""
        own = read if original is None else original
        if self._of_sequences:
            _check_same(read, own)
            center, scale = self._statistics(own.values, own.codes)
            return center[read.codes], scale[read.codes]
        known = self._known(read)
        center, scale = self.center_[known], self.scale_[known]
        if (known < 0).any():
            codes = _codes_in(read, own)
            of_own = self._statistics(own.values, own.codes)
            new = (known < 0)[:, None]
            center, scale = (
                np.where(new, of_own[0][codes], center),
                np.where(new, of_own[1][codes], scale),
            )
        return center, scale

    def _known(self, read):
        """The number in fit of the series of every row; -1 for one that was not there, if it may be."""
        if read.series is None:
            return read.codes
        numbers = {one: i for i, one in enumerate(self.sequence_ids_.tolist())}
        known = np.array([numbers.get(one, -1) for one in read.series.tolist()], dtype=np.intp)
        if self.unseen == "error" and (known < 0).any():
            new = read.series[known < 0]
            raise ValueError(
                f"X has {len(new)} series that were not there in fit: {listed(new)}. Fit on all series; "
                f'or set unseen="own", to scale new ones by the rows passed.'
            )
        return known[read.codes]

    def _target_of(self, read):
        """Which feature the targets are values of; None if none."""
        if self.target is None:
            return None
        k = position_in(read.table, self.target, parameter="target")
        at = None if read.ids is None else position_in(read.table, self.sequence_id)
        if k == at:
            raise ValueError(
                f"target={quote(self.target)} and sequence_id={quote(self.sequence_id)} are the same "
                "column."
            )
        return k if at is None or k < at else k - 1

    def _with_targets(self, y, X, compute):
        read = self._read_again(X)
        center, scale = self._of_targets(read)
        if not self._of_sequences:
            v = as_numbers(y, "y", ensure_2d=False)
            if v.ndim not in (1, 2) or len(v) != len(read.codes):
                raise ValueError(f"y has the shape {v.shape}, but X has {len(read.codes)} rows.")
            return _cast(compute(v.reshape(len(v), -1), center, scale).reshape(v.shape), v)
        n = len(read.lengths)
        if len(y) != n:
            raise ValueError(f"y has {len(y)} entries, but X has {n} sequences.")
        first = (np.cumsum(read.lengths) - read.lengths).tolist()
        items = [compute(np.asarray(v), center[t, 0], scale[t, 0]) for v, t in zip(y, first, strict=True)]
        if isinstance(y, np.ndarray):
            return object_array(items) if y.dtype == object else np.array(items)
        return items

    def _of_targets(self, read):
        """Center and scale of the targets of every row: (N, K) or (N, 1) each."""
        k = self._target_of(read)
        if k is None and self.target_center_ is not None:
            known = self._known(read)
            if (known < 0).any():
                raise ValueError(
                    "Targets of series that were not there in fit have no statistics: set target."
                )
            return self.target_center_[known], self.target_scale_[known]
        if k is None and read.values.shape[1] > 1:
            raise ValueError(
                f"X has {read.values.shape[1]} features, and it is not known which of them the targets "
                "are values of: set target, the name or position of that column"
                + ("." if self._of_sequences else ", or fit with y to learn their own statistics.")
            )
        center, scale = self._of_rows(read)
        k = k or 0
        return center[:, k : k + 1], scale[:, k : k + 1]


# --- statistics: values (N, F) and codes (N,) -> center and scale (n, F) ------------------------------


LARGEST = 1e150  # whose square is far from the end of all numbers


def _units(values, codes):
    """What to count the values of every series in, so that squares neither overflow nor vanish: (n, F).

    Powers of two, by which nothing is rounded; mostly 1.
    """
    units = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.maximum.at(units, codes, np.where(np.isnan(values), 0, np.abs(values.astype(float))))
    beyond = (units > LARGEST) | ((units < 1 / LARGEST) & (units > 0))
    return np.where(beyond, np.exp2(np.floor(np.log2(np.where(beyond, units, 1)))), 1)


def _means(values, codes, n):
    """The mean of what is there of every series, 0 if nothing is: (n, F)."""
    seen = ~np.isnan(values)
    counts, sums = np.zeros((n, values.shape[1])), np.zeros((n, values.shape[1]))
    np.add.at(counts, codes, seen)
    np.add.at(sums, codes, np.where(seen, values, 0))
    return sums / np.maximum(counts, 1)


def standard(values, codes):
    """Mean and standard deviation."""
    n = int(codes.max()) + 1
    center = _means(values, codes, n)
    return center, np.sqrt(_means((values - center[codes]) ** 2, codes, n))


def robust(values, codes):
    """Median and the distance of the quartiles."""
    n = int(codes.max()) + 1
    quartiles = np.zeros((3, n, values.shape[1]))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n))
    for i, rows in enumerate(np.split(order, ends[:-1])):
        for k, column in enumerate(values[rows].T):
            seen = column[~np.isnan(column)]
            if len(seen):
                quartiles[:, i, k] = np.percentile(seen, [25, 50, 75])
    return quartiles[1], quartiles[2] - quartiles[0]


def mean(values, codes):
    """Zero and the mean of the absolute values."""
    scale = _means(np.abs(values), codes, int(codes.max()) + 1)
    return np.zeros_like(scale), scale


METHODS = {"standard": standard, "robust": robust, "mean": mean}


# --- what belongs to what -----------------------------------------------------------------------------


def _cast(values, like):
    """Computed in double precision, answered in that of what came in."""
    return values.astype(like.dtype if like.dtype.kind == "f" else float)


def _check_same(read, own):
    if len(read.lengths) != len(own.lengths):
        raise ValueError(
            f"original holds {len(own.lengths)} sequences, but X holds {len(read.lengths)}: pass the "
            "same."
        )


def _codes_in(read, own):
    """The number that the series of every row of ``read`` has in ``own``."""
    numbers = {one: i for i, one in enumerate(own.series.tolist())}
    absent = [one for one in read.series.tolist() if one not in numbers]
    if absent:
        raise ValueError(f"original has no rows of the series {listed(absent)} of X.")
    return np.array([numbers[one] for one in read.series.tolist()], dtype=np.intp)[read.codes]
