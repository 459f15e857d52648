"""``Forecaster``: a regressor of skrnn, and a long table as people have it.

``fit`` reads the table (``panel.py``), learns its columns (``covariates.py``) and trains
(``learned.py``); here parameters are checked and answers are shaped. To add a way of forecasting, see
``strategies.py``; one of intervals, ``intervals.py``.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.restoring import restoring
from skrnn._estimators.versions import Stamped
from skrnn._forecasting.calendar_features import calendar_of
from skrnn._forecasting.covariates import Covariates, named, roles_of
from skrnn._forecasting.embedding import embed_of, parameters
from skrnn._forecasting.inner import last_of
from skrnn._forecasting.intervals import INTERVALS
from skrnn._forecasting.learned import Task, asked, learn
from skrnn._forecasting.panel import read_panel
from skrnn._forecasting.plain import state_from_plain, state_to_plain
from skrnn._forecasting.strategies import STRATEGIES
from skrnn._reading.arrays import as_numbers
from skrnn._reading.facts import feature_names
from skrnn._reading.reader import Names
from skrnn._reading.row_order import advise_on_same_index
from skrnn._settings.arguments import check_int
from skrnn._settings.quoting import listed, quote
from skrnn._settings.settings import check_values

LARGEST = 1e150  # of y
COLUMN = [str, Integral, tuple, None]
COLUMNS = [str, Integral, tuple, list]


class Forecaster(Stamped, RegressorMixin, BaseEstimator):
    """Forecast the series of a long table, with any regressor of skrnn.

    X has a row for each series and time, in any order: a data frame of pandas or polars, or an array. y
    is the target of the same rows. Nothing has to be sorted, shifted, scaled or encoded: the past values
    of y are the first of the inputs, the columns that are `known` ahead are read at their own step, and
    `predict` answers for rows that follow those of `fit`.

    Parameters
    ----------
    estimator : estimator instance
        A regressor of skrnn, or a `Pipeline` that ends in one. It is cloned, and reads the series as
        sequences with a target per step: what it says of `rows`, `step_features`, `sequence_id`,
        `return_sequences` and `initial_state` does not matter. Where it leaves `k1` and `k2` open,
        `k1` is 50, or 7 times `difference` if that is more, and `learning_rate_init="auto"` no higher
        than for sequences with one target. Transformers of the pipeline see the numbers that are read at
        each step.
    horizon : int
        How many steps after the last row are forecast.
    sequence_id : str, int or tuple, default=None
        The column of X that says to which series a row belongs, by name or position. None: one series.
    time : str, int or tuple, default=None
        The column of X with the times: dates, with or without time zone, periods, or numbers. They must
        be equally spaced in each series (days, months and the like are). None: the rows of each series
        stand in the order of time.
    known : str, int, tuple or list of them, default=()
        The columns that are known ahead, such as promotions or holidays. All columns that are neither
        `known` nor `static` are known up to the last row of fit only: with `strategy="direct"` they are
        read as they were up to then; "recursive" raises for them if `horizon` > 1.
    static : str, int, tuple or list of them, default=()
        The columns that have one value for each series; they are read at every step.
    calendar : str or list of str, default=()
        What of the calendar is read, on the wall clock of the time zone: "minute", "hour", "day",
        "week", "dayofyear" and "month" as sine and cosine, "weekday" and "quarter" as a column for each,
        "weekend" as 0 or 1.
    embed : dict or None, default=None
        Columns that the network reads as vectors of its own, which it learns, and their lengths:
        {"shop": 4, "weekday": 2}. Keys are columns of X, also that of the ids, or names in `calendar`.
        Values that fit did not see, and new series, have a vector of zeros. Other text, categories and,
        up to 30 series, ids become a column for each value. Not with a Pipeline as `estimator`.
    scale : {"series"} or None, default="series"
        "series": the target of each series is scaled by its own deviation (with `difference`, by the
        deviation of its differences) around the mean of its rows so far, other numbers are standardised
        by those of all rows of fit.
        None: numbers are left as they are.
    difference : int or None, default=None
        Learn how far y is from its value so many rows before: 1, or the length of the season (24 for
        hours of a day, 12 for months of a year). Predictions are undone.
    strategy : {"recursive", "direct"}, default="recursive"
        "recursive": one step after the other, predictions being read as values. "direct": all steps at
        once, from one network.
    levels : float, list of float or None, default=None
        The levels of the intervals, between 0 and 1, such as `[0.8, 0.95]`. With levels `fit` trains
        twice: first without the last rows of the series, on which it then measures the errors of
        forecasts. Forecasts do not depend on them.
    interval : {"conformal", "sampled", "adaptive"}, default="conformal"
        How intervals are made. "conformal": by split conformal prediction [1]_ for each step of the
        horizon. "sampled", for "recursive" only: errors one step ahead are drawn, added to predictions
        and read with them; intervals hold the middle part of 400 such paths. "adaptive": they begin as
        "conformal", and `update` makes those of a series wider or narrower, step by step of the horizon,
        as the rows that come lie outside or inside [2]_; where none was wide enough for long, infinite.

    Attributes
    ----------
    estimator_ : object
        The estimator that was fitted.
    sequence_ids_ : ndarray of shape (n_series,)
        The ids of the series, sorted.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X is a data frame whose names are all strings.

    See Also
    --------
    skrnn.forecast : Forecasts of a regressor that was fitted to series by hand.
    skrnn.GRURegressor : A regressor to pass.

    Notes
    -----
    See :doc:`/guide/forecasting` for what is read and learned, how the defaults were chosen, and what was
    measured.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113, 2018.
    .. [2] I. Gibbs and E. J. Candes, "Adaptive conformal inference under distribution shift", Advances in
       Neural Information Processing Systems 34, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skrnn import Forecaster, GRURegressor
    >>> day = pd.date_range("2024-01-01", periods=200, freq="D")
    >>> X = pd.DataFrame({"day": day, "promotion": np.arange(200) % 5 == 0})
    >>> y = 20 + 5 * np.sin(np.arange(200) * 2 * np.pi / 7) + 4 * X["promotion"]
    >>> model = Forecaster(GRURegressor(random_state=0), horizon=14, time="day", known="promotion")
    >>> model = model.fit(X[:180], y[:180])
    >>> bool(model.score(X[180:194], y[180:194]) > 0.9)
    True
    >>> model.forecast(3, X[180:]).columns.tolist()
    ['day', 'forecast']
    """

    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"
    _parameter_constraints = {  # noqa: RUF012
        "estimator": [HasMethods(["fit", "predict"])],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "sequence_id": COLUMN,
        "time": COLUMN,
        "known": COLUMNS,
        "static": COLUMNS,
        "calendar": [str, tuple, list],
        "embed": [dict, None],
        "scale": [StrOptions({"series"}), None],
        "difference": [Interval(Integral, 1, None, closed="left"), None],
        "strategy": [StrOptions(set(STRATEGIES))],
        "levels": [Interval(Real, 0, 1, closed="neither"), "array-like", None],
        "interval": [StrOptions(set(INTERVALS))],
    }

    def __init__(
        self, estimator, *, horizon, sequence_id=None, time=None, known=(), static=(), calendar=(),
        embed=None, scale="series", difference=None, strategy="recursive", levels=None,
        interval="conformal",
    ):  # fmt: skip
        self.estimator = estimator
        self.horizon = horizon
        self.sequence_id = sequence_id
        self.time = time
        self.known = known
        self.static = static
        self.calendar = calendar
        self.embed = embed
        self.scale = scale
        self.difference = difference
        self.strategy = strategy
        self.levels = levels
        self.interval = interval

    @restoring
    def fit(self, X, y):
        """Learn from a long table.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The table: a data frame, or an array whose columns are named by their positions.
        y : array-like of shape (n_rows,)
            The target of each row.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If the estimator is no regressor of skrnn and no pipeline that ends in one, or X is sparse or
            masked.
        ValueError
            If a parameter is out of its range or names no column; if times come twice, are missing or not
            equally spaced; if values are missing; or if the series are too short.
        """
        self._check_parameters()
        panel = read_panel(X, self.sequence_id, self.time).check_regular()
        y = _read_y(y, panel)
        roles = roles_of(panel, self.known, self.static)
        self._check_past([panel.labels[k] for k in roles.past])
        embed = embed_of(self.embed, panel, self.calendar)
        calendar = calendar_of(self.calendar, panel, embed.calendar)
        covariates = Covariates.learn(panel, roles, embed, standardise=self.scale is not None)
        task = self._task(embed, covariates, calendar)
        self._publish(learn(panel, y, covariates, calendar, task), panel)
        return self

    @restoring
    def predict(self, X):
        """Predict the target of rows that follow those of `fit` and `update`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Rows of known series, up to `horizon` steps after the last ones, in any order. Only ids, times
            and `known` columns are read. With `known` columns, "recursive" needs every step up to the
            last one that is asked for, and "direct" all of the horizon.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            The predictions.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If X is sparse or masked.
        ValueError
            If rows do not follow, are too far ahead, or of series without a past; if a step is missing
            whose `known` columns are read; or if a prediction is not finite.
        """
        values, wanted, _ = self._forecast_rows(X)
        return values[wanted.rows, wanted.h - 1]

    @restoring
    def predict_interval(self, X):
        """Predict intervals for rows that follow those of `fit` and `update`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            As for `predict`.

        Returns
        -------
        bounds : ndarray of shape (n_rows, 2, n_levels)
            Lower and upper bounds, for each of `levels`, as they stood in `fit`.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If X is sparse or masked.
        ValueError
            As `predict`, and if it was fitted without levels.
        """
        check_is_fitted(self)
        if self._learned.interval is None:
            raise ValueError("predict_interval needs levels: fit with levels=[0.8, 0.95], for example.")
        values, wanted, learned = self._forecast_rows(X)
        return learned.bounds(wanted.codes, wanted.ahead, values)[wanted.rows, wanted.h - 1]

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R^2 of the predictions, over all rows together.

        Series of very different size make it that of the largest: score these one by one, or choose a
        scorer that takes them in units of their own.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            As for `predict`.
        y : array-like of shape (n_rows,)
            The target of each row.
        sample_weight : array-like of shape (n_rows,), default=None
            The weight of each row.

        Returns
        -------
        score : float
            1 is perfect, 0 is what the mean of y would reach.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If X is sparse or masked.
        ValueError
            As `predict`.
        """
        return super().score(X, y, sample_weight)

    @restoring
    def forecast(self, horizon=None, X_future=None):
        """Forecast all series, as a table with the times that follow.

        Parameters
        ----------
        horizon : int, default=None
            How many steps; at most `horizon` of the estimator, the default. "recursive" goes further,
            if it was fitted without levels.
        X_future : array-like of shape (n_rows, n_columns), default=None
            Ids, times and the `known` columns of the steps to come; other rows and columns are left
            aside. Needed if there are `known` columns.

        Returns
        -------
        table : object
            A table of the kind that was fitted: the columns of ids and times ("step", without times),
            "forecast", and for each level "lower_95", "upper_95" and so on. Series after series.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If X_future is sparse or masked.
        ValueError
            If horizon is too large, X_future is missing or lacks a row, a forecast is not finite, or all
            series were forgotten.
        """
        check_is_fitted(self)
        learned = self._learned
        horizon = self._check_horizon(horizon)
        direct = not learned.task.strategy.feeds_back
        n_steps = learned.task.strategy.horizon if direct else horizon
        codes = np.arange(len(learned.history))
        if not len(codes):
            raise ValueError(
                "There is no series to forecast: all were forgotten. Pass the past of some to update(X, "
                "y)."
            )
        ahead = self._read_future(X_future, n_steps)
        values = learned.forecast(codes, ahead)[:, :horizon]
        answers = {"forecast": values.ravel()}
        if learned.interval is not None:
            bounds = learned.bounds(codes, ahead, values).reshape(-1, 2, len(learned.task.levels))
            for k, level in enumerate(learned.task.levels):
                name = f"{100 * level:g}"
                answers[f"lower_{name}"], answers[f"upper_{name}"] = bounds[:, 0, k], bounds[:, 1, k]
        steps = learned.history.last[:, None] + 1 + np.arange(horizon)
        return learned.panel.table_of(np.repeat(codes, horizon), steps.ravel(), answers)

    @restoring
    def update(self, X, y):
        """Take in rows that follow, or rows of new series, without training.

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
            The estimator: forecasts start after these rows. New series are scaled by their own rows here.
            With `interval="adaptive"` they also say whether the intervals for them held: forecasts from
            the rows before them are made for that, which takes longer.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        TypeError
            If X is sparse or masked.
        ValueError
            If rows do not follow, or are not as `fit` wants them.
        """
        check_is_fitted(self)
        panel = self._read(X).check_regular()
        self._publish(self._learned.longer(panel, _read_y(y, panel)))
        return self

    def forget_series(self, ids):
        """Drop series of which no more rows will come.

        Every series that `fit` and `update` have seen is kept with its past, so that it can go on, and
        `forecast` answers for each of them.

        Parameters
        ----------
        ids : array-like of shape (n_ids,)
            The series, as they are called in `sequence_ids_`; also a set of them, or one alone.

        Returns
        -------
        self : object
            The estimator. What was learned, and forecasts of the other series are as they were; a series
            that was dropped is a new one if rows of it come to `update` again.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        ValueError
            If one of the ids is none of `sequence_ids_`.
        """
        check_is_fitted(self)
        self._publish(self._learned.without(ids))
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags

    # --- private ---

    def _check_parameters(self):
        check_values(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)
        last_of(self.estimator)
        if self.interval == "sampled" and self.strategy != "recursive":
            raise ValueError(
                f'interval="sampled" and strategy={quote(self.strategy)} do not go together: paths are '
                'those of recursive forecasts. Set interval="conformal", or strategy="recursive".'
            )
        levels = np.ravel([] if self.levels is None else self.levels)
        if levels.dtype.kind not in "if" or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(f"levels must be numbers between 0 and 1, got {quote(self.levels)}.")

    def _check_past(self, past):
        if past and self.strategy == "recursive" and self.horizon > 1:
            raise ValueError(
                f"The columns [{listed(past)}] of X are neither known nor static: their values in the "
                'steps to come are not known, and strategy="recursive" would have to read them. Name '
                "them in known if they are known ahead, in static if they never change in a series; set "
                'strategy="direct", which reads their past; or drop them.'
            )

    def _task(self, embed, covariates, calendar):
        levels = () if self.levels is None else tuple(np.ravel(self.levels).tolist())
        strategy = STRATEGIES[self.strategy](self.horizon)
        return Task(
            self.estimator, strategy, self.difference, self.scale is not None, levels, self.interval,
            parameters(embed, strategy, covariates, calendar, self.difference),
        )  # fmt: skip

    def _to_plain(self, state):
        return state_to_plain(state)

    def _from_plain(self, state):
        return state_from_plain(state, type(self).__name__)

    def _publish(self, learned, panel=None):
        """Write what was learned; the columns only after fit."""
        if panel is not None:
            self.n_features_in_ = panel.table.shape[1]
            vars(self).pop("feature_names_in_", None)
            names = feature_names(panel.table) if hasattr(panel.table, "columns") else None
            if names is not None:
                self.feature_names_in_ = names
        self._learned = learned
        self.estimator_, self.sequence_ids_ = learned.estimator, learned.panel.ids

    def _read(self, X, name="X"):
        """A table like that of fit."""
        before = self._learned.panel
        self._check_width(X, name)
        labels = before.labels
        ids, times = (None if k is None else labels[k] for k in before.columns)
        return read_panel(X, ids, times, name=name, like=before)

    def _check_width(self, X, name):
        """Raise a ValueError for an array of another width; frames are read by name."""
        try:
            shape = () if hasattr(X, "columns") else np.asarray(X).shape
        except ValueError:  # no array: reading it says so
            return
        if len(shape) == 2 and shape[1] != self.n_features_in_:
            raise ValueError(
                f"{name} has {shape[1]} columns, but in fit X had {self.n_features_in_}: pass the same "
                f"columns, in the same order. ({name} has {shape[1]} features, but "
                f"{type(self).__name__} is expecting {self.n_features_in_} features as input.)"
            )

    def _forecast_rows(self, X):
        """Forecasts (n, H) of the series of X, its rows as ``Asked``, and what was learned."""
        check_is_fitted(self)
        learned = self._learned
        panel = self._read(X)
        wanted = asked(learned, panel, learned.task.strategy.horizon)
        return learned.forecast(wanted.codes, wanted.ahead), wanted, learned

    def _check_horizon(self, horizon):
        most = self._learned.task.strategy.horizon
        if horizon is None:
            return most
        horizon = check_int(horizon, "horizon")
        goes_on = self._learned.task.strategy.feeds_back and self._learned.interval is None
        goes_on &= not self._learned.covariates.past
        if horizon > most and not goes_on:
            raise ValueError(
                f"horizon={horizon} is more than the {most} steps of fit: fit with a larger horizon."
            )
        return horizon

    def _read_future(self, X_future, horizon):
        """(n, H, K): what is known of the steps to come."""
        learned, n = self._learned, len(self._learned.history)
        if not learned.covariates.n_known:
            return np.zeros((n, horizon, 0))
        if X_future is None:
            raise ValueError(
                f"X_future is needed: the columns [{named(learned.covariates.known)}] are known ahead, "
                "and their values in the steps to come must be given, beside ids and times."
            )
        panel = self._read(X_future, "X_future")
        wanted = asked(learned, panel, horizon, in_full=True)
        missing = np.setdiff1d(np.arange(n), wanted.codes)
        if len(missing):
            raise ValueError(
                f"X_future has no rows{learned.panel.series(missing[0])}: give the {horizon} steps to "
                "come of every series, or ask predict for some."
            )
        return wanted.ahead


def _read_y(y, panel):
    """The targets (N,) of a panel."""
    if y is None:
        raise ValueError("Forecaster requires y to be passed, but the target y is None.")
    advise_on_same_index(panel.table, Names(), y=y)
    values = as_numbers(y, "y", ensure_2d=False, dtype=np.float64)
    if values.ndim == 2 and values.shape[1] == 1:
        values = column_or_1d(values, warn=True)
    if values.ndim != 1:
        raise ValueError(
            f"y must hold one number for each row of X, but has the shape {values.shape}: make series of "
            "several targets, one below the other, told apart by sequence_id."
        )
    if len(values) != len(panel.codes):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {len(panel.codes)} rows, "
            f"y {len(values)}."
        )
    _check_finite(values, panel)
    return values


def _check_finite(values, panel):
    """Raise a ValueError for targets (N,) that are missing or too large."""
    if np.abs(values[np.isfinite(values)]).max(initial=0) > LARGEST:
        raise ValueError(f"y has values above {LARGEST:.0e}, whose squares overflow. Scale it first.")
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"Input y contains {'NaN' if np.isnan(values[row]) else 'infinity'}: row {row}"
            f"{panel.series(panel.codes[row])}. Fill it in (interpolate of pandas), or drop the rows "
            "before it."
        )
