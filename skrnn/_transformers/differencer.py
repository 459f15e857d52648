"""Differences of series, from step to step or from season to season, and back.

Shapes: N rows of all series, F features: values (N, F), codes (N,) the number of the series of each row;
a history holds the last S rows of each series, S the sum of the lags.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import as_task
from skrnn._reading.facts import check_names
from skrnn._reading.row_order import advise_on_order
from skrnn._settings.quoting import quote
from skrnn._settings.settings import check_values
from skrnn._transformers.base import SequenceTransformer
from skrnn._transformers.step_rows import check_finite, read_steps


class Differencer(SequenceTransformer):
    """Replace every value by its difference to an earlier one of the same series.

    The difference to the step before takes out a level that wanders, that to the same hour of the day
    before (`lag=24`) takes out the season. The number of rows stays: the first ones, which have no
    earlier value, become `fill_value`. `inverse_transform` adds the differences up again, and goes on
    from the end of the rows of `fit`, or from a history that is passed.

    Parameters
    ----------
    lag : int or tuple of int, default=1
        How many steps back the earlier value is. Several: one after the other; (1, 24) are the changes
        from step to step of the differences from day to day.
    sequence_id : str, int or tuple, default=None
        Tables only: the column of X that says to which series a row belongs, by its exact name (data
        frames; a tuple names a column of several levels) or position. It stays where it is. Rows of one
        series stand in order, and may have rows of others between them. `None`: all rows are one series.
    fill_value : float, default=0.0
        What the first rows of every series become, as many as the lags add up to; may be NaN, which the
        estimators refuse, but :class:`FillForward` fills in.

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a time step; of a table the number of columns, that of `sequence_id`
        included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is or holds data frames whose names are all strings.
    sequence_ids_ : ndarray of shape (n_series,)
        The series of `fit`, in the order of their first rows; of sequences their numbers.
    history_ : list of ndarray
        The last rows of each series of `fit`, as many as the lags add up to, or all if there are fewer.

    See Also
    --------
    skrnn.preprocessing.SeriesScaler : Every series scaled by its own statistics.

    Notes
    -----
    Nothing is carried from one call of `transform` to the next: the first rows of every call become
    `fill_value`. Missing values (NaN) make missing differences. Infinity is an error.

    All checks of scikit-learn's `check_estimator` run on tables. Two fail, because they contradict what a
    difference is: `check_methods_sample_order_invariance` and `check_methods_subset_invariance` ask that
    a row is transformed without regard to the rows before it.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import Differencer
    >>> X = np.array([[1.0], [3.0], [6.0], [10.0]])
    >>> differencer = Differencer().fit(X)
    >>> differencer.transform(X).ravel()
    array([0., 2., 3., 4.])
    >>> differencer.inverse_transform([[5.0], [6.0]]).ravel()  # after the 10
    array([15., 21.])
    """

    _doc_link_template = DOCUMENTATION + "generated/skrnn.preprocessing.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "lag": [Interval(Integral, 1, None, closed="left"), tuple],
        "sequence_id": [str, Integral, tuple, None],
        "fill_value": [Real],
    }

    def __init__(self, lag=1, *, sequence_id=None, fill_value=0.0):
        self.lag = lag
        self.sequence_id = sequence_id
        self.fill_value = fill_value

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Check X, remember its columns, and the last rows of every series.

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
            If X holds no numbers, or infinity; if `sequence_id` is not one of its columns; or if `lag` is
            neither a positive integer nor a tuple of them.
        TypeError
            If X is sparse or masked.
        """
        depth, read = sum(self._lags()), self._read(X)
        check_names(self, read.table, reset=True, ensure_2d=True)
        self.sequence_ids_ = np.arange(int(read.codes.max()) + 1) if read.series is None else read.series
        self.history_ = [part[-depth:].copy() for part in _parts(read)]
        return self

    def transform(self, X):
        """The differences.

        Parameters
        ----------
        X : array-like
            Sequences or a table, as in `fit`.

        Returns
        -------
        X_new : array-like
            The differences, in the container and the `dtype` of X; whole numbers become floats.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `fit`, and if X has other columns than in `fit`.
        TypeError
            If X is sparse or masked.
        """
        read = self._read_again(X)
        values, codes, _ = read.in_order()
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        place = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
        answer = np.empty_like(values)
        answer[read.order] = _differences(values, place, self._lags(), self.fill_value)
        return read.answer(answer, [])

    def inverse_transform(self, X, history=None):
        """Add differences up, from the end of a history on.

        Parameters
        ----------
        X : array-like
            The differences of the rows after the history, in the form of the X of `fit`.
        history : array-like, default=None
            The rows before those of X, as they are: for every series at least as many as the lags add up
            to, in the form of X. `None`: the rows of `fit`.

        Returns
        -------
        X_original : array-like
            The values, in the container of X.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            As `transform`, and if the history of a series is missing or too short.
        TypeError
            If X is sparse or masked.
        """
        read, lags = self._read_again(X), self._lags()
        if history is None:
            known = dict(zip(self.sequence_ids_.tolist(), self.history_, strict=True))
        else:
            before = self._read_again(history)
            known = dict(zip(_names(before), _parts(before), strict=True))
        answer = np.empty_like(read.values)
        rows = np.split(read.order, np.cumsum(np.bincount(read.codes))[:-1])
        for one, which in zip(_names(read), rows, strict=True):
            start = self._start(one, known, sum(lags), read)
            answer[which] = _sums(read.values[which], start.astype(read.values.dtype), lags)
        return read.answer(answer, [])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # --- private ---

    def _validate_params(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)

    def _lags(self):
        """The lags, one after the other; a ValueError if they are none."""
        lags = self.lag if isinstance(self.lag, tuple) else (self.lag,)
        if not lags or not all(isinstance(one, Integral) and one >= 1 for one in lags):
            raise ValueError(
                f"lag={quote(self.lag)}: pass a positive integer, or a tuple of them, as (1, 24)."
            )
        return lags

    def _read(self, X):
        read = read_steps(X, self, self.sequence_id)
        check_finite(read)
        return read if read.values.dtype.kind == "f" else read._replace(values=read.values.astype(float))

    def _read_again(self, X):
        """X as ``StepRows``, of the columns of fit."""
        check_is_fitted(self)
        self._validate_params()
        read = self._read(X)
        check_names(self, read.table, reset=False, ensure_2d=True)
        if read.lengths is None:
            advise_on_order(X, None if read.ids is None else read.codes, "X")
        return read

    def _start(self, one, known, depth, read):
        """The last rows of the history of a series; a ValueError if there are too few."""
        what = (
            f"series {quote(one)}"
            if read.series is not None or read.lengths is not None
            else "the series"
        )
        if one not in known:
            raise ValueError(
                f"There is no history of {what}, which was not there in fit: pass the rows before those "
                "of X, inverse_transform(X, history)."
            )
        if len(known[one]) < depth:
            raise ValueError(
                f"The history of {what} has {len(known[one])} rows, but lag={quote(self.lag)} needs "
                f"{depth}: pass a longer one, inverse_transform(X, history)."
            )
        return known[one][-depth:]


def lags_of(differencer):
    """The lags, a tuple."""
    return differencer._lags()


def _names(read):
    """The names of the series; of sequences their numbers."""
    return list(range(int(read.codes.max()) + 1)) if read.series is None else read.series.tolist()


def _parts(read):
    """The rows of each series, a list of (T_i, F)."""
    values, codes, _ = read.in_order()
    return np.split(values, np.cumsum(np.bincount(codes))[:-1])


def _differences(values, place, lags, fill):
    """Values (N, F), series after series, row ``place`` of each -> their differences."""
    depth = 0
    for lag in lags:
        depth += lag
        rows = np.flatnonzero(place >= depth)
        found = np.full_like(values, fill)
        found[rows] = values[rows] - values[rows - lag]
        values = found
    return values


def _sums(differences, history, lags):
    """Differences (T, F) after a history (S, F) -> values (T, F)."""
    before = [history]  # of the lags so far
    for lag in lags[:-1]:
        before.append(before[-1][lag:] - before[-1][:-lag])
    for lag, start in zip(reversed(lags), reversed(before), strict=True):
        whole = np.concatenate([start[-lag:], differences])
        for k in range(lag):
            whole[k::lag] = np.cumsum(whole[k::lag], axis=0)
        differences = whole[lag:]
    return differences
