"""Splits of a long table by time: train up to a cutoff, test on the steps that follow, and go on.

Shapes: N rows; ranks (N,), the number of the time of each row among the M different ones. Without a
column of times, rows of a series are counted back from its last one, so that all series end together.
"""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from skrnn._forecasting.panel import read_panel
from skrnn._settings.settings import check_values


def ranks_of_time(panel):
    """The number of the time of every row among the different ones, (N,)."""
    times = panel.steps - panel.last_steps[panel.codes] if panel.times is None else panel.times.values
    return np.unique(times, return_inverse=True)[1].reshape(-1)


class RollingOrigin:
    """Split a table of one or several series by time, with an origin of the forecasts that moves on.

    Every split trains on the rows up to a cutoff, of all series, and tests on those of the `horizon`
    times that follow it. The last split tests on the last `horizon` times of the table; the cutoff of
    the one before it lies `step` times earlier, and so on. Rows may stand in any order, and so may
    series.

    `TimeSeriesSplit` of scikit-learn cuts by the position of a row: of a table that is sorted by series
    it trains on some series and tests on others. Estimators with `rows="steps"` and a `sequence_id`, and
    `SlidingWindow`, warn of that where scikit-learn's `cross_validate`, searches and the like call them;
    a loop of one's own over its splits is not seen.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits.
    horizon : int
        Number of times that each split tests on.
    step : int, default=None
        How many times later the next cutoff is. `None`: `horizon` times, so that no row is tested twice.
    gap : int, default=0
        Number of times between training and test rows that belong to neither.
    window : int, default=None
        Train on that many times before the cutoff only: a window that slides. `None`: on all of them.
    time : str, int or tuple, default=None
        The column of X that holds the times, by its exact name (data frames) or position: dates, with a
        time zone or without, or numbers. Times that are in no row do not count. `None`: the rows of a
        series stand in the order of time, and all series end together.
    sequence_id : str, int or tuple, default=None
        The column of X that says to which series a row belongs. If it is given, test rows of series of
        which no row is trained on are left out: a forecaster has nothing to go on from.

    See Also
    --------
    skrnn.model_selection.backtest : The errors of forecasts over such splits, step by step.
    sklearn.model_selection.TimeSeriesSplit : The same for a single series whose rows stand in order.
    sklearn.model_selection.GroupKFold : For the question how well a model does on series it has not seen.

    Notes
    -----
    The rows of a split come in the order of time, whatever their order in X, as estimators with
    `rows="steps"` read them. They say so where the index of a pandas frame then falls; and a search fits
    its best candidate on X as it is. So for these estimators sort the table first, and reset its index; a
    forecaster sorts it by itself.

    With `initial_state="last"` an estimator goes on from the last training row of each series.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.model_selection import RollingOrigin
    >>> table = pd.DataFrame({"shop": list("aaabbb"), "day": [1, 2, 3, 1, 2, 3], "promotion": 0.0})
    >>> for train, test in RollingOrigin(2, horizon=1, time="day").split(table):
    ...     print(train, test)
    [0 3] [1 4]
    [0 3 1 4] [2 5]
    """

    _parameter_constraints = {  # noqa: RUF012
        "n_splits": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left"), None],
        "gap": [Interval(Integral, 0, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left"), None],
        "time": [str, Integral, tuple, None],
        "sequence_id": [str, Integral, tuple, None],
    }

    def __init__(
        self, n_splits=5, *, horizon, step=None, gap=0, window=None, time=None, sequence_id=None
    ):
        self.n_splits = n_splits
        self.horizon = horizon
        self.step = step
        self.gap = gap
        self.window = window
        self.time = time
        self.sequence_id = sequence_id
        check_values(self._parameter_constraints, vars(self), type(self).__name__)

    def split(self, X, y=None, groups=None):
        """Give the rows of every split.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            The table, with a row for each series and time.
        y : object
            Ignored.
        groups : object
            Ignored.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Positions of the training rows, in the order of time.
        test : ndarray of shape (n_test,)
            Positions of the test rows, in the order of time.

        Raises
        ------
        ValueError
            If X is no table, has no such columns, or too few times for that many splits; or if a split
            has test rows of new series only.
        TypeError
            If X is sparse or masked.
        """
        panel = read_panel(X, self.sequence_id, self.time)
        ranks = ranks_of_time(panel)
        starts = self._starts(int(ranks.max()) + 1)
        for train, test in self._splits(np.argsort(ranks, kind="stable"), np.sort(ranks), starts):
            known = test[np.isin(panel.codes[test], panel.codes[train])]
            if not len(known):
                raise ValueError(
                    "A split has no test rows of series that have training rows, and there is nothing to "
                    "go on from. Set fewer n_splits or a shorter horizon, or leave out series that begin "
                    "late."
                )
            yield train, known

    def get_n_splits(self, X=None, y=None, groups=None):
        """The number of splits.

        Parameters
        ----------
        X : object
            Ignored.
        y : object
            Ignored.
        groups : object
            Ignored.

        Returns
        -------
        n_splits : int
            The parameter.
        """
        return self.n_splits

    def __repr__(self):
        said = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"{type(self).__name__}({said})"

    # --- private ---

    def _starts(self, n_times):
        """The first time of the test of every split; a ValueError if some would have no rows to train."""
        step = self.horizon if self.step is None else self.step
        needed = 1 + self.gap + self.horizon + (self.n_splits - 1) * step
        if n_times < needed:
            raise ValueError(
                f"X has {n_times} different times, but n_splits={self.n_splits}, horizon={self.horizon}, "
                f"step={step} and gap={self.gap} need {needed} or more. Lower one of them"
                + ("." if self.time is not None else "; or set time, the column that holds the times.")
            )
        return [n_times - self.horizon - k * step for k in reversed(range(self.n_splits))]

    def _splits(self, order, ranks, starts):
        """The rows of every split; ``ranks`` are those of the rows in their order."""
        for start in starts:
            end = start - self.gap
            begin = 0 if self.window is None else max(end - self.window, 0)
            bounds = np.searchsorted(ranks, [begin, end, start, start + self.horizon])
            yield order[bounds[0] : bounds[1]], order[bounds[2] : bounds[3]]
