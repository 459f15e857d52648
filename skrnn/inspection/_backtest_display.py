"""The errors of a backtest by step of the horizon, beside those of the baselines."""

import numpy as np

from skrnn._forecasting.backtest import backtest
from skrnn._forecasting.errors import METRICS
from skrnn._forecasting.naive import STRATEGIES
from skrnn._settings.quoting import listed, quote
from skrnn.inspection._plotting import CYCLE, pyplot

# A mean over splits; of a root of means the root is taken last.
ROOTS = {"rmse"}
LABELS = {
    "mae": "mean absolute error", "rmse": "root mean squared error", "mase": "mean absolute scaled error",
    "smape": "symmetric error in %", "pinball": "quantile loss of the intervals",
}  # fmt: skip
OF_BASELINES = ("dotted", "dashed", "dashdot")


class BacktestDisplay:
    """Errors of forecasts by step of the horizon, against naive forecasts.

    A line for each forecaster, the mean over the splits and series of a backtest, and thinner ones for
    the baselines. Make it by `from_estimator` or `from_backtest`.

    Parameters
    ----------
    steps : ndarray of shape (n_steps,)
        The steps of the horizon.
    errors : dict of str to ndarray
        Name of a forecaster -> its error at each step.
    metric : str, default="mae"
        What the errors are.
    baselines : list of str, default=None
        Which of the forecasters are drawn as baselines. `None`: "last", "seasonal" and "drift".

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the lines.
    figure_ : matplotlib Figure
        The figure that it is in.
    lines_ : dict of str to matplotlib Line2D
        Name of a forecaster -> its line.

    See Also
    --------
    skrnn.model_selection.backtest : The numbers.
    ForecastDisplay : Forecasts beside the series that they go on from.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import NaiveForecaster
    >>> from skrnn.inspection import BacktestDisplay
    >>> from skrnn.model_selection import RollingOrigin
    >>> X, y = np.zeros((60, 1)), np.random.RandomState(0).normal(size=60)
    >>> cv = RollingOrigin(3, horizon=5)
    >>> display = BacktestDisplay.from_estimator(NaiveForecaster("seasonal", 7), X, y, cv)
    >>> sorted(display.errors)
    ['NaiveForecaster', 'drift', 'last']
    """

    def __init__(self, *, steps, errors, metric="mae", baselines=None):
        self.steps = steps
        self.errors = errors
        self.metric = metric
        self.baselines = baselines

    @classmethod
    def from_estimator(
        cls, estimator, X, y, cv, *, metric="mae", refit=True, n_jobs=None, season=None, ax=None
    ):  # fmt: skip
        """Run a backtest and draw its errors.

        Parameters
        ----------
        estimator : object
            The forecaster, or a dict of name to forecaster.
        X : array-like of shape (n_rows, n_columns)
            The table, with a row for each series and time.
        y : array-like of shape (n_rows,)
            The target of each row.
        cv : object
            A splitter by time, as :class:`~skrnn.model_selection.RollingOrigin`.
        metric : str, default="mae"
            One of the metrics of :func:`~skrnn.model_selection.backtest`; of coverage one level, as in
            "coverage_90".
        refit : bool, default=True
            As in `backtest`.
        n_jobs : int, default=None
            As in `backtest`.
        season : int, default=None
            As in `backtest`.
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.

        Returns
        -------
        display : BacktestDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            As `backtest`, and if there is no such metric.
        TypeError
            If X is sparse or masked.
        """
        pyplot(f"{cls.__name__}.from_estimator")
        kind = str(metric).partition("_")[0]
        if kind not in METRICS:
            raise ValueError(f"metric={quote(metric)}: pass one of {listed(METRICS, 10)}.")
        options = {"refit": refit, "n_jobs": n_jobs, "season": season, "metrics": (kind,)}
        return cls.from_backtest(backtest(estimator, X, y, cv=cv, **options), metric=metric, ax=ax)

    @classmethod
    def from_backtest(cls, errors, *, metric="mae", ax=None):
        """Draw the errors of a backtest.

        Parameters
        ----------
        errors : DataFrame
            What :func:`~skrnn.model_selection.backtest` answers with.
        metric : str, default="mae"
            Which of its columns.
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.

        Returns
        -------
        display : BacktestDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        ValueError
            If there is no such column.
        """
        pyplot(f"{cls.__name__}.from_backtest")
        columns = list(getattr(errors, "columns", ()))
        if not set(_KEYS) <= set(columns) or not len(errors):
            raise ValueError(
                f"errors must be what backtest answers with, and has the columns [{listed(columns, 10)}]."
            )
        metrics = [one for one in columns if one not in _KEYS]
        if metric not in metrics:
            raise ValueError(f"metric={quote(metric)}: the errors have {listed(metrics, 10)}.")
        model, step, n, values = (np.asarray(errors[one]) for one in ("model", "step", "n_rows", metric))
        steps = np.unique(step)
        found = {}
        for name in dict.fromkeys(model.tolist()):
            means = [_mean(values, n, (model == name) & (step == one), metric) for one in steps]
            if not np.isnan(means).all():  # a forecaster without intervals has no coverage
                found[name] = np.array(means)
        return cls(steps=steps, errors=found, metric=metric).plot(ax)

    def plot(self, ax=None):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; `None`: a new figure.

        Returns
        -------
        display : BacktestDisplay
            The display itself.

        Raises
        ------
        ImportError
            If there is no matplotlib.
        """
        plt = pyplot(f"{type(self).__name__}.plot")
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
        baselines = tuple(STRATEGIES) if self.baselines is None else self.baselines
        styles, colors = iter(OF_BASELINES * len(self.errors)), iter(CYCLE * len(self.errors))
        self.lines_ = {}
        for name, values in self.errors.items():
            how = {"color": next(colors), "linewidth": 2, "marker": "o", "markersize": 3}
            if name in baselines:
                how = {"color": "gray", "linewidth": 1.2, "linestyle": next(styles)}
            (self.lines_[name],) = ax.plot(self.steps, values, label=name, **how)
        ax.set_xlabel("step of the horizon")
        ax.set_ylabel(_label(self.metric))
        if self.metric.startswith("coverage_"):
            ax.axhline(float(self.metric.partition("_")[2]) / 100, color="black", linewidth=0.8)
        else:
            ax.set_ylim(bottom=0)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


_KEYS = ("model", "split", "cutoff", "step", "n_rows")


def _mean(values, n, which, metric):
    """The mean over splits, each of so many rows; NaN if there is none."""
    which = which & ~np.isnan(values.astype(float))
    if not which.any():
        return np.nan
    values = values[which].astype(float)
    if metric in ROOTS:
        return np.sqrt(np.average(values**2, weights=n[which]))
    return np.average(values, weights=n[which])


def _label(metric):
    if metric.startswith("coverage_"):
        return f"share within the {metric.partition('_')[2]} % intervals"
    return LABELS.get(metric, metric)
