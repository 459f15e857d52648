"""Rows of a series to windows of the latest rows.

Shapes: a table of n rows, F features; windows (n, length, F), or fewer of them with a stride.
"""

from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.callbacks import as_task
from skrnn._reading.arrays import as_numbers
from skrnn._reading.facts import Form, check_names
from skrnn._reading.row_order import advise_on_order
from skrnn._reading.rows import Split, encode, split_ids
from skrnn._reading.single_steps import advise_on_ids
from skrnn._reading.split_order import advise_on_split
from skrnn._reading.unreadable import reject_no_container, reject_unreadable
from skrnn._reading.windows import Places, Windows
from skrnn._settings.settings import check_values
from skrnn._transformers.base import SequenceTransformer


class SlidingWindow(SequenceTransformer):
    """Turn the rows of a series into windows: each row with the rows before it.

    Row t becomes the sequence of the rows t - length + 1 to t, so that an estimator that reads sequences
    has the recent past of every row. The number of samples stays, as `TimeSeriesSplit` and pipelines
    need, unless `stride` is more than 1. Windows that would begin before the first row are filled up with
    copies of the first row: in every call, the first `length` - 1 rows of a series are short of history.

    Parameters
    ----------
    length : int
        Number of rows of a window.
    sequence_id : str, int or tuple, default=None
        The column of X that says to which series a row belongs, by its exact name (data frames; a tuple
        names a column of several levels) or position. An int is always a position; it is an error if the
        column at another position has it as its name. Its values may be of any hashable kind. It is not a
        feature: windows are without it. Rows of one series stand in order, and may have rows
        of others between them. `None`: all rows are one series.
    stride : int, default=1
        A window ends at every `stride`-th row of a series, counted back from its last one. With more than
        1 there are fewer windows than rows, so that y must be picked, too: `y[window.window_rows(X)]`.
    sampling_step : int, default=1
        How many rows apart the rows of a window are: with 24 a window of hourly rows holds the same hour
        of `length` days.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X, that of `sequence_id` included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame whose names are all strings.

    See Also
    --------
    TimeDistributed : A transformer for every time step of sequences.
    TokenEncoder : Strings to sequences of integers.

    Notes
    -----
    The windows of one series are a read-only view of one copy of X, which takes the memory of X whatever
    `length` is. The windows of several series start at no regular distance, which no view can express:
    they are an array of their own, `length` times as large as X, and read-only, too. Scale before the
    windows, not after them: fewer rows and the same numbers.

    Windows know where they stand: an estimator with `early_stopping=True` in the same pipeline holds out
    the last ones of every series, and leaves out those before them that have rows in common with them.
    Selected windows, as `windows[rows]`, know it, too; what a transformer makes of windows does not.

    Values are passed on as they are, missing and infinite ones included.

    All checks of scikit-learn's `check_estimator` run. Two fail, because they contradict what a window
    is: `check_methods_sample_order_invariance` and `check_methods_subset_invariance` ask that a row is
    transformed without regard to the rows around it.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SlidingWindow
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> windows = SlidingWindow(3).fit_transform(X)
    >>> windows.shape
    (4, 3, 1)
    >>> windows[:, :, 0]
    array([[1., 1., 1.],
           [1., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])
    """

    _parameter_constraints = {  # noqa: RUF012
        "length": [Interval(Integral, 1, None, closed="left")],
        "sequence_id": [str, Integral, tuple, None],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "sampling_step": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, length, *, sequence_id=None, stride=1, sampling_step=1):
        self.length = length
        self.sequence_id = sequence_id
        self.stride = stride
        self.sampling_step = sampling_step

    @_fit_context(prefer_skip_nested_validation=True)
    @as_task
    def fit(self, X, y=None):
        """Check the parameters and X, and remember its columns.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series, a row for each time step.
        y : array-like, default=None
            Ignored, but for its length.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is no table of numbers, or `sequence_id` is not one of its columns; or if y has a target
            for each row, but there are fewer windows.
        TypeError
            If X is sparse or masked.
        """
        values, _, series = self._read(X)
        self._check_targets(y, values, series)
        check_names(self, X, reset=True, ensure_2d=True)  # the names
        if series is not None:
            advise_on_split(series, self.sequence_id)
        return self

    def transform(self, X):
        """The window that ends at each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series, a row for each time step.

        Returns
        -------
        windows : ndarray of shape (n_windows, length, n_features)
            A window for each row; with `stride` for some. Read-only; of the `dtype` of X. Without the
            column of `sequence_id`.

        Raises
        ------
        NotFittedError
            If the transformer has not been fitted.
        ValueError
            If X is no table of numbers, or has other columns than in `fit`; or if a parameter is out of
            its range.
        TypeError
            If X is sparse or masked.
        """
        check_is_fitted(self)
        self._validate_params()
        values, ids, series = self._read(X)
        check_names(self, X, reset=False, ensure_2d=True)
        advise_on_order(X, series, "X")  # not in fit, which is followed by it
        if series is not None:
            advise_on_ids(ids, series, self.sequence_id)
        span = (self.length - 1) * self.sampling_step + 1
        windows = _windows(values, span, series)[:, :: self.sampling_step]
        windows = Windows.of(windows, _places(len(values), span, series))
        if self.stride > 1:
            windows = windows[_every(self.stride, len(values), series)]
            windows.flags.writeable = False
        return windows

    def window_rows(self, X):
        """The rows of X that windows end at: all of them, but for `stride`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series, as in `transform`.

        Returns
        -------
        rows : ndarray of shape (n_windows,)
            Their positions, rising, in the order of the windows that `transform` gives.

        Raises
        ------
        ValueError
            If X is no table of numbers, or `sequence_id` is not one of its columns; or if a parameter is
            out of its range.
        TypeError
            If X is sparse or masked.
        """
        self._validate_params()
        values, _, series = self._read(X)
        return _every(self.stride, len(values), series)

    def _validate_params(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)

    def _check_targets(self, y, values, series):
        """Raise a ValueError for targets of all rows, if with a stride there are fewer windows."""
        if self.stride == 1 or not hasattr(y, "__len__") or len(y) != len(values):
            return
        n = len(_every(self.stride, len(values), series))
        if n != len(values):
            raise ValueError(
                f"y has a target for each of the {len(values)} rows of X, but with stride={self.stride} "
                f"there are {n} windows: pass those of the rows that windows end at, "
                "y[window.window_rows(X)]."
            )

    def _read(self, X):
        """The features of X as numbers, the ids of series, and the number of the series of each row."""
        reject_unreadable(X, "X")
        reject_no_container(X, "X", Form(rows_are_steps=True))
        split = Split(X) if self.sequence_id is None else split_ids(X, self.sequence_id)
        values = as_numbers(split.values, "X", columns=split.labels, estimator=self)
        ids, series = (None, None) if split.ids is None else encode(split.ids)
        return values if split.columns is None else values[:, split.columns], ids, series

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def check_every_row(window, what):
    """Raise a ValueError if windows are not those of every row, which ``what`` needs."""
    if window.stride > 1:
        raise ValueError(
            f"{what} needs a window for every row of X, but SlidingWindow has stride={window.stride}: "
            "set stride=1, also after fit."
        )


def _windows(values, length, series=None):
    """Windows of (n, F) values, each series filled up at its start with its first row: (n, length, F)."""
    n_series = 1 if series is None else int(series.max()) + 1
    if n_series == 1:
        first = np.broadcast_to(values[:1], (length - 1, values.shape[1]))
        return _view(np.concatenate([first, values]), length)
    order = np.argsort(series, kind="stable")  # the rows series by series
    counts = np.bincount(series)
    repeats = np.ones(len(values), dtype=np.intp)
    repeats[np.cumsum(counts) - counts] = length  # the first rows
    ends = np.cumsum(repeats) - 1  # where each row stands in the padded series
    starts = np.empty_like(ends)
    starts[order] = ends - (length - 1)
    windows = _view(values[np.repeat(order, repeats)], length)[starts]
    windows.flags.writeable = False  # as for one series
    return windows


def _places(n, span, series):
    """Where the windows of every row stand."""
    codes = np.zeros(n, dtype=np.intp) if series is None else series
    order, counts = np.argsort(codes, kind="stable"), np.bincount(codes)
    last = np.empty(n, dtype=np.intp)
    last[order] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    return Places(codes, last, span)


def _every(stride, n, series):
    """The rows of which a series has a multiple of ``stride`` after them."""
    codes = np.zeros(n, dtype=np.intp) if series is None else series
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))  # behind the last row of each series, as they are ordered
    after = np.empty(n, dtype=np.intp)
    after[order] = ends[codes[order]] - 1 - np.arange(n)
    return np.flatnonzero(after % stride == 0)


def _view(padded, length):
    return np.lib.stride_tricks.sliding_window_view(padded, length, axis=0).transpose(0, 2, 1)
