"""Forecasts without a network: the last value, the last season, or a straight line.

Shapes: N rows, n series; the past of each series (T_i,). A strategy is a function of ``STRATEGIES`` that
makes of a past and the steps that are asked for, (M,), 1 the first one after it, the forecasts (M,). To
add one, enter it there.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.series import keys_of, staying
from skrnn._estimators.versions import Stamped
from skrnn._forecasting.panel import read_panel
from skrnn._forecasting.plain import state_from_plain, state_to_plain
from skrnn._reading.arrays import as_numbers
from skrnn._reading.facts import check_names
from skrnn._settings.quoting import listed
from skrnn._settings.settings import check_values


class NaiveForecaster(Stamped, RegressorMixin, BaseEstimator):
    """Forecast the series of a long table without learning anything, to compare with.

    X is a table with a row for each series and time, in any order; only its columns of ids and times are
    read. y is the target of the same rows. `predict` answers for rows that follow those of `fit`, and
    `score` is R2, as of scikit-learn's regressors.

    Parameters
    ----------
    strategy : {"last", "seasonal", "drift"}, default="last"
        "last": the last value goes on. "seasonal": the last season goes on, the values of `season` rows
        before; of a series shorter than a season the last value. "drift": the straight line from the
        first to the last value goes on.
    season : int, default=None
        How many steps make a season, such as 24 for hours of a day; needed for "seasonal".
    sequence_id : str, int or tuple, default=None
        The column of X that says to which series a row belongs, by its exact name (data frames) or
        position. `None`: all rows are one series.
    time : str, int or tuple, default=None
        The column of X that holds the times: dates, with a time zone or without, or numbers, equally
        spaced. `None`: the rows of a series stand in the order of time, and the rows of `predict` follow
        those of `fit` without a gap.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame whose names are all strings.
    sequence_ids_ : ndarray of shape (n_series,)
        The series that are known, in the order of their ids.

    See Also
    --------
    skrnn.model_selection.backtest : The errors of forecasts, beside those of such baselines.
    skrnn.forecast : Forecasts of a fitted regressor, fed back.

    References
    ----------
    .. [1] Hyndman, R. J., and Athanasopoulos, G. (2021). Forecasting: principles and practice, 3rd
       edition, section 5.2. OTexts.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import NaiveForecaster
    >>> past = pd.DataFrame({"shop": list("aaabbb"), "day": [1, 2, 3, 1, 2, 3]})
    >>> sales = [1.0, 2.0, 4.0, 30.0, 20.0, 10.0]
    >>> model = NaiveForecaster("drift", sequence_id="shop", time="day").fit(past, sales)
    >>> model.predict(pd.DataFrame({"shop": ["b", "a", "a"], "day": [4, 4, 5]}))
    array([0. , 5.5, 7. ])
    """

    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "strategy": [StrOptions({"last", "seasonal", "drift"})],
        "season": [Interval(Integral, 1, None, closed="left"), None],
        "sequence_id": [str, Integral, tuple, None],
        "time": [str, Integral, tuple, None],
    }

    def __init__(self, strategy="last", season=None, *, sequence_id=None, time=None):
        self.strategy = strategy
        self.season = season
        self.sequence_id = sequence_id
        self.time = time

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Remember the series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The table.
        y : array-like of shape (n_rows,)
            The target of each row.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range or names no column, if times come twice, are missing or not
            equally spaced, or if y is not a number for each row.
        TypeError
            If X is sparse or masked.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        _check_shape(X)
        panel = read_panel(X, self.sequence_id, self.time).check_regular()
        pasts = _by_series(y, panel)
        self._check_season()
        check_names(self, panel.table, reset=True, ensure_2d=True)
        self._panel, self._pasts, self._last = panel.without_rows(), pasts, panel.last_steps
        self.sequence_ids_ = panel.ids
        return self

    def predict(self, X):
        """Forecast the target of rows that follow those of `fit` and `update`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Rows of series that are known, after their last ones, in any order and as far ahead as one
            likes.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            The forecasts.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If X is no such table, or has rows that do not follow or belong to no series that is known; or
            if a parameter is out of its range.
        TypeError
            If X is sparse or masked.
        """
        panel = self._read(X)
        if (panel.codes >= len(self._pasts)).any():
            new = panel.ids[np.unique(panel.codes[panel.codes >= len(self._pasts)])]
            raise ValueError(
                f"X has rows of series that were not there in fit: {listed(new)}. There is nothing to go "
                "on from: leave them out, or pass their first rows to update."
            )
        steps = self._ahead(panel)
        answer, forecast = np.empty(len(steps)), STRATEGIES[self.strategy]
        for past, rows in zip(self._pasts, panel.rows, strict=True):
            answer[rows] = forecast(past, steps[rows], self.season)
        return answer

    def update(self, X, y):
        """Take in rows that follow, or rows of new series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            A table like that of `fit`. The rows of series that are known begin right after their last
            one.
        y : array-like of shape (n_rows,)
            The target of each row.

        Returns
        -------
        self : object
            The estimator: forecasts start after these rows.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            As `fit`, and if rows do not follow.
        TypeError
            If X is sparse or masked.
        """
        panel = self._read(X).check_regular()
        new, n = _by_series(y, panel), len(self._pasts)
        first = self._ahead(panel)[panel.order[np.cumsum(panel.lengths) - panel.lengths]]
        known = (panel.lengths > 0) & (np.arange(panel.n_series) < n)
        if (first[known] != 1).any():
            code = int(np.flatnonzero(known & (first != 1))[0])
            raise ValueError(
                f"The rows of X{panel.series(code)} do not begin right after the last one that is known, "
                f"but {first[code]} steps after it: pass the rows between them, too."
            )
        pasts = [*self._pasts, *[np.zeros(0)] * (panel.n_series - n)]
        last = np.append(self._last, np.full(panel.n_series - n, -1))
        has_rows = panel.lengths > 0
        last[has_rows] = (last + panel.lengths if panel.times is None else _last_steps(panel))[has_rows]
        self._pasts = [np.append(a, b) for a, b in zip(pasts, new, strict=True)]
        self._panel, self._last, self.sequence_ids_ = panel.without_rows(), last, panel.ids
        return self

    def forget_series(self, ids):
        """Drop series of which no more rows will come.

        Every series that `fit` and `update` have seen is kept with its past, so that it can go on.

        Parameters
        ----------
        ids : array-like of shape (n_ids,)
            The series, as they are called in `sequence_ids_`; also a set of them, or one alone.

        Returns
        -------
        self : object
            The estimator. Forecasts of the other series are as they were; a series that was dropped is a
            new one if rows of it come to `update` again.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If one of the ids is none of `sequence_ids_`.
        """
        check_is_fitted(self)
        stay = staying(keys_of(ids, self.sequence_ids_), self.sequence_ids_)
        self._pasts = [self._pasts[code] for code in np.flatnonzero(stay)]
        self._panel, self._last = self._panel.of_series(stay), self._last[stay]
        self.sequence_ids_ = self._panel.ids
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = True  # of columns that are not read
        tags.regressor_tags.poor_score = True
        return tags

    # --- private ---

    def _validate_params(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)

    def _to_plain(self, state):
        return state_to_plain(state)

    def _from_plain(self, state):
        return state_from_plain(state, type(self).__name__)

    def _check_season(self):
        if self.strategy == "seasonal" and self.season is None:
            raise ValueError(
                'strategy="seasonal" needs season, the number of steps of a season: 24 for hours of a '
                "day, 7 for days of a week, 12 for months of a year."
            )

    def _read(self, X):
        """A table like that of fit."""
        check_is_fitted(self)
        self._validate_params()
        self._check_season()
        _check_shape(X)
        panel = read_panel(X, self.sequence_id, self.time, like=self._panel)
        check_names(self, panel.table, reset=False, ensure_2d=True)
        return panel

    def _ahead(self, panel):
        """How many steps after the last known one of its series a row is, (N,); 1 or more."""
        if panel.times is None:
            return panel.steps + 1
        n = len(self._last)
        steps = panel.steps - np.append(self._last, np.full(panel.n_series - n, -1))[panel.codes]
        late = (panel.codes < n) & (steps < 1)
        if late.any():
            row = int(np.argmax(late))
            raise ValueError(
                f"Row {row} of X{panel.series(panel.codes[row])} does not follow the rows of fit: "
                f"its {panel.time(panel.steps[row])} is not after the last one that is known. Pass later "
                "rows."
            )
        return steps


def _check_shape(X):
    """Raise scikit-learn's error for an X of one dimension, or without columns."""
    if hasattr(X, "columns") or sparse.issparse(X) or not hasattr(X, "shape"):
        return
    if len(X.shape) == 1:
        raise ValueError(
            f"X is a single series of {X.shape[0]} values (Expected 2D array, got 1D array instead). "
            "Reshape your data: it is a table with a row for each time, X.reshape(-1, 1)."
        )
    if len(X.shape) == 2 and not X.shape[1]:
        raise ValueError(f"Found X with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")


def _by_series(y, panel):
    """The targets of every series in the order of time, a list of (T_i,)."""
    values = as_numbers(y, "y", ensure_2d=False, dtype=np.float64)
    if values.ndim == 2 and values.shape[1] == 1:
        values = column_or_1d(values, warn=True)
    if values.shape != panel.codes.shape:
        raise ValueError(
            f"y has the shape {values.shape}, but X has {len(panel.codes)} rows (inconsistent numbers of "
            "samples): pass one number for each row."
        )
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        what = "NaN" if np.isnan(values[row]) else "infinity"
        raise ValueError(f"Input y contains {what}: row {row}. Fill it in, or drop the rows before it.")
    return [values[rows] for rows in panel.rows]


def _last_steps(panel):
    """The last step of every series that has rows; of others anything."""
    last = np.full(panel.n_series, -1)
    np.maximum.at(last, panel.codes, panel.steps)
    return last


# --- strategies ---------------------------------------------------------------------------------------


def last(past, steps, season):
    """The last value."""
    return np.full(len(steps), past[-1])


def seasonal(past, steps, season):
    """The values of the last season, over and over; of a shorter past the last value."""
    return (
        past[len(past) - season + (steps - 1) % season] if len(past) >= season else last(past, steps, 1)
    )


def drift(past, steps, season):
    """The line from the first to the last value."""
    return past[-1] + steps * (past[-1] - past[0]) / max(len(past) - 1, 1)


STRATEGIES = {"last": last, "seasonal": seasonal, "drift": drift}
