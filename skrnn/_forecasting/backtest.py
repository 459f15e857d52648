"""Backtests: forecasts from several origins of the past, and how far off they were.

Shapes: N rows of the table; a split has M test rows. The answer has a row for every model, split and step
of the horizon.

What errors are measured by stands in ``errors.py``, what the baselines are in ``naive.py``.
"""

import copy
import importlib
import sys
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed

from skrnn._forecasting.clock import DAY, BusinessDays, Fixed, Months
from skrnn._forecasting.errors import METRICS, Forecasts, scales
from skrnn._forecasting.naive import NaiveForecaster
from skrnn._forecasting.panel import Panel, read_panel
from skrnn._forecasting.rolling_origin import RollingOrigin, ranks_of_time
from skrnn._reading.arrays import as_numbers
from skrnn._settings.quoting import listed, quote


class Split(NamedTuple):
    """A split of the table: rows, and the steps of the horizon."""

    number: int
    train: np.ndarray
    test: np.ndarray  # of series that have training rows
    steps: np.ndarray  # (M,), 1 the first time after the cutoff
    cutoff: int  # a row of the last time of training


class Data(NamedTuple):
    """The table, as passed and as read."""

    X: object
    y: object
    panel: Panel
    values: np.ndarray  # (N,), y as numbers
    ranks: np.ndarray  # (N,), the number of the time
    splits: list


def backtest(
    forecaster, X, y, *, cv, refit=True, baselines=True, n_jobs=None, metrics=tuple(METRICS), season=None,
    verbose=0,
):  # fmt: skip
    """Measure the errors of forecasts from several origins, step by step of the horizon.

    For every split of `cv` a copy of the forecaster is fitted on the training rows and asked for the test
    rows; beside it stand the errors of forecasts that learn nothing.

    Parameters
    ----------
    forecaster : object
        What has `fit(X, y)` and `predict(X)`, which answers for rows that follow, as a
        :class:`~skrnn.NaiveForecaster`. A dict of name to forecaster compares several. Intervals are
        measured of those that have `levels` and `predict_interval(X)`.
    X : array-like of shape (n_rows, n_columns)
        The table, with a row for each series and time, in any order.
    y : array-like of shape (n_rows,)
        The target of each row.
    cv : object
        A splitter by time, as :class:`RollingOrigin`. If it names no columns `time` and `sequence_id`,
        those of the forecaster are taken.
    refit : bool, default=True
        Whether to fit anew for every split. `False`: fit on the first training rows only, and take in
        the later ones by `update(X, y)`, which the forecaster must have.
    baselines : bool or dict, default=True
        Whether to measure naive forecasts, too: "last", "drift" and, if there is a season, "seasonal"
        (:class:`~skrnn.NaiveForecaster`). A dict of name to forecaster is that of others.
    n_jobs : int, default=None
        How many splits and models run at the same time, as joblib has it. `None`: one.
    metrics : tuple of str, default=("mae", "rmse", "mase", "smape", "pinball", "coverage")
        What to measure: mean absolute error, root of the mean squared error, absolute error in units of
        the mean change from season to season in the training rows, symmetric error in percent, quantile
        loss of the bounds of intervals, and the share of values that they hold. The last two are of
        forecasters with intervals only.
    season : int, default=None
        How many steps make a season, for "mase" and the seasonal baseline; 1 is none. `None`:
        `difference` of the forecaster if it is above 1, else what is usual for the spacing of the times:
        a day of hours, a week of days, a year of weeks, months or quarters.
    verbose : int, default=0
        Progress, as joblib reports it.

    Returns
    -------
    errors : DataFrame
        A row for every model, split and step, with the columns "model", "split", "cutoff" (the last time
        that was trained on; without `time` its number), "step" (1 is the first time after it), "n_rows",
        and the metrics, "coverage" as "coverage_90" for the level 0.9. Of polars if X is, else of pandas.

    Raises
    ------
    ValueError
        If a parameter is out of its range, if X or y cannot be read, if `cv` does not split by time, or
        if a forecaster without `update` is not to be fitted again.
    TypeError
        If X is sparse or masked.
    ImportError
        If X is an array, and pandas is not installed.

    Notes
    -----
    Test rows of series that have no training row are left out, for all models.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import NaiveForecaster
    >>> from skrnn.model_selection import RollingOrigin, backtest
    >>> table = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=35)})
    >>> sales = 10.0 * table["day"].dt.day_of_week
    >>> cv = RollingOrigin(2, horizon=7, time="day")
    >>> errors = backtest(NaiveForecaster("seasonal", 7, time="day"), table, sales, cv=cv)
    >>> errors.groupby("model")["mae"].mean().round(1)
    model
    NaiveForecaster     0.0
    drift              40.4
    last               30.0
    seasonal            0.0
    Name: mae, dtype: float64
    """
    models = forecaster if isinstance(forecaster, dict) else {type(forecaster).__name__: forecaster}
    _check_metrics(metrics)
    _check_options(models, cv, refit, baselines)
    make_frame = _frames_like(X)
    cv, columns = _columns(cv, models.values())
    data = _read(X, y, cv, columns)
    season = _season(season, models.values(), data.panel)
    jobs = [(name, model, part) for name, model in models.items() for part in _parts(data.splits, refit)]
    for name, model in _baselines(baselines, season, columns).items():
        jobs += [(name, model, [split]) for split in data.splits]
    done = Parallel(n_jobs=n_jobs, verbose=verbose)(delayed(_run)(*job, data) for job in jobs)
    return make_frame(_rows([one for part in done for one in part], data, season, metrics), data.panel)


# --- what is run --------------------------------------------------------------------------------------


def _check_metrics(metrics):
    unknown = [one for one in metrics if one not in METRICS]
    if isinstance(metrics, str) or unknown or not len(metrics):
        raise ValueError(f"metrics={quote(metrics)}: pass a tuple of some of {listed(METRICS, 10)}.")


def _check_options(models, cv, refit, baselines):
    """Raise an error for arguments that are none."""
    if not models:
        raise ValueError("forecaster={} names none: pass a forecaster, or a dict of name to forecaster.")
    if not hasattr(cv, "split"):
        raise TypeError(
            f"cv={quote(cv)} is no splitter: pass RollingOrigin(n_splits, horizon=...), which splits by "
            "time over all series."
        )
    for name, value, more in (
        ("refit", refit, ""),
        ("baselines", baselines, ", or a dict of forecasters"),
    ):
        if not isinstance(value, (bool, np.bool_)) and not (more and isinstance(value, dict)):
            raise ValueError(f"{name} must be True or False{more}, got {quote(value)}.")


def _columns(cv, models):
    """cv and a dict of the columns of times and ids; what cv does not name, the models do."""
    columns = {}
    for name in ("time", "sequence_id"):
        named = [getattr(one, name, None) for one in (cv, *models)]
        columns[name] = next((one for one in named if one is not None), None)
    if isinstance(cv, RollingOrigin):
        cv = copy.copy(cv)
        vars(cv).update(columns)
    return cv, columns


def _read(X, y, cv, columns):
    """``Data``, with the splits of cv."""
    panel = read_panel(X, columns["sequence_id"], columns["time"])
    values = as_numbers(y, "y", ensure_2d=False, dtype=np.float64)
    if values.shape != panel.codes.shape or not np.isfinite(values).all():
        raise ValueError(
            f"y must hold a finite number for each of the {len(panel.codes)} rows of X, but has the "
            f"shape {values.shape}"
            + ("." if values.shape != panel.codes.shape else ", and NaN or infinity.")
        )
    ranks = ranks_of_time(panel)
    splits = [_split(k, *rows, panel, ranks) for k, rows in enumerate(cv.split(X, y))]
    return Data(X, y, panel, values, ranks, splits)


def _split(number, train, test, panel, ranks):
    """A ``Split`` of the rows that cv gave."""
    train, test = (np.asarray(one) for one in (train, test))
    train, test = (np.flatnonzero(one) if one.dtype.kind == "b" else one for one in (train, test))
    test = test[np.isin(panel.codes[test], panel.codes[train])]
    if not len(test):
        raise ValueError(
            f"Split {number} of cv has no test rows of series that have training rows, and there is "
            "nothing to go on from: use RollingOrigin, which splits by time over all series."
        )
    cutoff = int(train[np.argmax(ranks[train])])
    steps = ranks[test] - ranks[cutoff]
    if (steps < 1).any():
        raise ValueError(
            f"Split {number} of cv tests on rows that are not after all of its training rows: use "
            "RollingOrigin, which splits by time over all series"
            + (", with time." if panel.times is None else ".")
        )
    return Split(number, train, test, steps, cutoff)


def _parts(splits, refit):
    """The splits that one job runs: one, or all where training is not repeated."""
    return [[split] for split in splits] if refit else [splits]


def _baselines(baselines, season, columns):
    """Name -> forecaster."""
    if isinstance(baselines, dict):
        return baselines
    strategies = ["last", "drift", *(["seasonal"] if season > 1 else [])] if baselines else []
    return {one: NaiveForecaster(one, season, **columns) for one in strategies}


def _season(season, models, panel):
    """How many steps make a season."""
    if season is not None:
        if not isinstance(season, (int, np.integer)) or season < 1:
            raise ValueError(f"season={quote(season)}: pass the number of steps of a season, 1 for none.")
        return int(season)
    differences = [getattr(model, "difference", None) for model in models]
    found = [one for one in differences if isinstance(one, (int, np.integer)) and one > 1]
    return int(found[0]) if found else _usual_season(panel.clock)


def _usual_season(clock):
    """What is usual for the spacing of times; 1 for none."""
    if isinstance(clock, BusinessDays):
        return 5
    if isinstance(clock, Months):
        return 12 // clock.months if clock.months < 12 else 1
    if not isinstance(clock, Fixed) or not isinstance(clock.step, np.timedelta64):
        return 1
    if clock.step < DAY:
        return int(DAY // clock.step)
    return {1: 7, 7: 52}.get(int(clock.step // DAY), 1)


def _run(name, model, splits, data):
    """Forecasts for the test rows of splits: fitted on the first one, and going on from there.

    Returns
    -------
    list of (name, split, answer, bounds, levels)
    """
    model, known, answers = clone(model), None, []
    if len(splits) > 1 and not hasattr(model, "update"):
        raise ValueError(
            f"{type(model).__name__} has no update, and must be fitted again: set refit=True."
        )
    for split in splits:
        try:
            rows = split.train if known is None else _since(known, split, data)
            step = model.fit if known is None else model.update
            if len(rows):
                step(_take(data.X, rows), _take(data.y, rows))
            known = split
            answers.append((name, split, *_ask(model, _take(data.X, split.test))))
        except Exception as error:
            error.add_note(f"This happened in split {split.number} of the backtest, of {name}.")
            raise
    return answers


def _take(table, rows):
    """Some rows, in that order, which an index of pandas would tell of as the wrong one."""
    part = _safe_indexing(table, rows)
    return part.reset_index(drop=True) if hasattr(part, "iloc") else part


def _since(known, split, data):
    """The rows after the last cutoff up to that of a split, in the order of time."""
    last, ranks = data.ranks[known.cutoff], data.ranks
    rows = np.flatnonzero((ranks > last) & (ranks <= ranks[split.cutoff]))
    return rows[np.argsort(ranks[rows], kind="stable")]


def _ask(model, X):
    """Answers (M,), bounds (M, 2, L) or None, and their levels."""
    answer = np.asarray(model.predict(X), dtype=np.float64).reshape(-1)
    levels = getattr(model, "levels", None)
    if levels is None or not hasattr(model, "predict_interval"):
        return answer, None, ()
    levels = tuple(np.ravel(levels).tolist())
    bounds = np.asarray(model.predict_interval(X), dtype=np.float64)
    return answer, bounds.reshape(len(answer), 2, len(levels)), levels


# --- what comes out -----------------------------------------------------------------------------------


def _rows(answers, data, season, metrics):
    """A dict for every model, split and step."""
    found, scale = [], {}
    for name, split, answer, bounds, levels in answers:
        if split.number not in scale:
            order = split.train[np.lexsort((data.ranks[split.train], data.panel.codes[split.train]))]
            scale[split.number] = scales(data.values[order], data.panel.codes[order], season)
        of_rows = scale[split.number][data.panel.codes[split.test]]
        forecasts = Forecasts(data.values[split.test], answer, of_rows, bounds, levels)
        for step in np.unique(split.steps):
            which = split.steps == step
            row = {"model": name, "split": split.number, "cutoff": split.cutoff, "step": int(step)}
            row["n_rows"] = int(which.sum())
            for metric in metrics:
                row |= METRICS[metric](forecasts.of(which))
            found.append(row)
    return found


def _frames_like(X):
    """A function that makes a frame of rows, of the library of X."""
    if hasattr(X, "columns") and not hasattr(X, "iloc"):
        library = sys.modules[type(X).__module__.partition(".")[0]]
    else:
        try:
            library = importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "backtest answers with a data frame, and needs pandas for an X that is an array: install "
                "pandas, or pass a frame of polars."
            ) from error

    def make(rows, panel):
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: [row.get(name, float("nan")) for row in rows] for name in names}
        columns["cutoff"] = _times_of(columns["cutoff"], panel)
        return library.DataFrame(columns)

    return make


def _times_of(rows, panel):
    """The times of rows, as the table has them; without times their numbers."""
    if panel.times is None:
        return ranks_of_time(panel)[rows]
    column = panel.column(panel.columns.times)
    return column.iloc[rows].array if hasattr(column, "iloc") else column[rows]
