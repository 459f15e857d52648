"""Forecasts of some series as fans, beside the past that they go on from.

Shapes: of each series a past (T,), forecasts (H,), bounds of L intervals (H, 2, L).
"""

import numpy as np

from skrnn._forecasting.clock import to_local
from skrnn._forecasting.panel import read_panel
from skrnn._reading.arrays import as_numbers
from skrnn._settings.quoting import listed
from skrnn.inspection._plotting import BLACK, BLUE, ORANGE, panels, pyplot

# Panels that are drawn of themselves, and in a row; how much more of the past than of the future.
SOME, ACROSS, PAST = 6, 3, 4
FAINT, STRONG = 0.15, 0.35  # of the widest interval and of the narrowest


class ForecastDisplay:
    """Forecasts of series, with their intervals and what came before.

    A panel for each series: its past, the forecasts, and a band for every level of the intervals. Make it
    by `from_estimator`.

    Parameters
    ----------
    series : list of dict
        Of each series a dict of "name"; "past_times" and "past", ndarrays of shape (n_past,); "times" and
        "forecast", ndarrays of shape (n_steps,); "bounds", an ndarray of shape (n_steps, 2, n_levels) or
        None; and "actual", an ndarray of shape (n_steps,) or None.
    levels : tuple of float, default=()
        The levels of the intervals.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first of the axes.
    axes_ : ndarray of shape (n_series,)
        The axes of each series.
    figure_ : matplotlib Figure
        The figure that they are in.

    See Also
    --------
    BacktestDisplay : How far off forecasts were.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import NaiveForecaster
    >>> from skrnn.inspection import ForecastDisplay
    >>> X, y = np.zeros((60, 1)), np.sin(np.arange(60) / 4)
    >>> model = NaiveForecaster("seasonal", 25).fit(X, y)
    >>> display = ForecastDisplay.from_estimator(model, X, y, X[:25])
    >>> display.series[0]["forecast"].shape
    (25,)
    """

    def __init__(self, *, series, levels=()):
        self.series = series
        self.levels = levels

    @classmethod
    def from_estimator(
        cls, estimator, X, y, X_future, *, y_future=None, series=None, n_past=None, ax=None
    ):  # fmt: skip
        """Draw the forecasts of a fitted forecaster.

        Parameters
        ----------
        estimator : object
            A fitted forecaster with `sequence_id`, `time` and `predict`; of one with `levels` and
            `predict_interval` the intervals are drawn, too.
        X : array-like of shape (n_rows, n_columns)
            The table of the past.
        y : array-like of shape (n_rows,)
            Its targets.
        X_future : array-like of shape (n_rows_future, n_columns)
            The rows to forecast, which follow those of X.
        y_future : array-like of shape (n_rows_future,), default=None
            What came, if it is known.
        series : list of object, default=None
            The ids of the series to draw. `None`: the first ones, six at most.
        n_past : int, default=None
            How many steps of the past to draw. `None`: four times as many as are forecast.
        ax : matplotlib Axes or array-like of Axes, default=None
            As in `plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If a table cannot be read, a series is not there, or `ax` does not fit the panels.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        ids, times = getattr(estimator, "sequence_id", None), getattr(estimator, "time", None)
        past = read_panel(X, ids, times)
        future = read_panel(X_future, ids, times, name="X_future", like=past)
        values = {"past": _numbers(y, past, "y"), "forecast": np.asarray(estimator.predict(X_future))}
        values["actual"] = None if y_future is None else _numbers(y_future, future, "y_future")
        values["bounds"], levels = _bounds(estimator, X_future)
        codes = _chosen(series, past, future)
        drawn = [_one(code, past, future, values, n_past) for code in codes]
        return cls(series=drawn, levels=levels).plot(ax)

    def plot(self, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw: as many axes as there are series, or one, whose place is divided among them;
            `None`: a new figure.

        Returns
        -------
        display : ForecastDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If `ax` does not fit the panels.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        n = len(self.series)
        across = 2 if n == 4 else min(n, ACROSS)
        shape = -(-n // across), across
        size = 1.5 + 3.6 * shape[1], 0.6 + 2.4 * shape[0]
        self.axes_ = panels(plt, ax, shape, size=size, n=n)
        for one, axes in zip(self.series, self.axes_, strict=True):
            _draw(axes, one, self.levels)
        self.axes_[0].legend(fontsize="small")
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        is_dated = isinstance(self.series[0]["times"][0], np.datetime64)
        for k, axes in enumerate(self.axes_):  # times below the lowest of each column
            axes.tick_params(axis="x", rotation=30 * is_dated, labelbottom=k + across >= n)
        return self


def _draw(ax, one, levels):
    """One series."""
    ax.plot(one["past_times"], one["past"], color=BLACK, linewidth=1, label="past")
    for k in np.argsort(levels)[::-1]:  # the widest first
        alpha = FAINT + (STRONG - FAINT) * (1 - levels[k])
        low, high = one["bounds"][:, 0, k], one["bounds"][:, 1, k]
        label = f"{100 * levels[k]:g} %"
        ax.fill_between(one["times"], low, high, color=BLUE, alpha=alpha, linewidth=0, label=label)
    ax.plot(one["times"], one["forecast"], color=BLUE, linewidth=1.5, label="forecast")
    if one["actual"] is not None:
        ax.plot(one["times"], one["actual"], color=ORANGE, linewidth=1, label="actual")
    if one["name"] is not None:
        ax.set_title(one["name"], fontsize="medium")


# --- what is drawn ------------------------------------------------------------------------------------


def _numbers(y, panel, name):
    values = as_numbers(y, name, ensure_2d=False, dtype=np.float64).reshape(-1)
    if len(values) != len(panel.codes):
        raise ValueError(f"{name} has {len(values)} values, but its table has {len(panel.codes)} rows.")
    return values


def _bounds(estimator, X):
    """Bounds of the intervals, or None, and their levels."""
    levels = getattr(estimator, "levels", None)
    if levels is None or not hasattr(estimator, "predict_interval"):
        return None, ()
    levels = tuple(np.ravel(levels).tolist())
    return np.asarray(estimator.predict_interval(X)).reshape(-1, 2, len(levels)), levels


def _chosen(series, past, future):
    """The numbers of the series to draw."""
    if series is None:
        return np.unique(future.codes)[:SOME]
    numbers = {one: i for i, one in enumerate(past.ids.tolist())}
    there = set(future.codes.tolist())
    absent = [one for one in series if numbers.get(one) not in there]
    if absent or not len(series):
        raise ValueError(f"series must be some that X and X_future hold, but has {listed(absent)}.")
    return [numbers[one] for one in series]


def _one(code, past, future, values, n_past):
    """What there is to draw of a series."""
    before, after = (panel.order[panel.codes[panel.order] == code] for panel in (past, future))
    before = before[-(PAST * len(after) if n_past is None else n_past) :]
    later = 0 if past.times is not None else past.last_steps[code] + 1
    bounds, actual = values["bounds"], values["actual"]
    return {
        "name": None if past.columns.ids is None else str(past.ids[code]),
        "past_times": _times(past, before),
        "past": values["past"][before],
        "times": _times(future, after) + later if past.times is None else _times(future, after),
        "forecast": values["forecast"][after],
        "bounds": None if bounds is None else bounds[after],
        "actual": None if actual is None else actual[after],
    }


def _times(panel, rows):
    """The times of rows, on the wall clock; without times their numbers."""
    if panel.times is None:
        return panel.steps[rows]
    return to_local(panel.times.values[rows], panel.times.zone)
