"""What a ``Forecaster`` has learned, and how: training, errors of the last part, rows that are asked for.

``learn`` makes a ``Learned`` of a table; it is not changed afterwards (``longer`` makes another one).
Shapes: N rows of a table, n series, H steps of the horizon, K numbers known ahead, L levels.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skrnn._estimators.series import keys_of, staying
from skrnn._forecasting.covariates import Covariates, named
from skrnn._forecasting.history import History
from skrnn._forecasting.inner import prepared, trained
from skrnn._forecasting.intervals import INTERVALS, Measured, last_part
from skrnn._forecasting.panel import Panel
from skrnn._forecasting.strategies import examples, forecasts
from skrnn._forecasting.target import Target
from skrnn._settings.quoting import quote

CROSS_VALIDATION = " In a cross-validation split by time: cv=RollingOrigin(...) of skrnn.model_selection."


class Task(NamedTuple):
    """What is to be learned, as the parameters say it."""

    estimator: object
    strategy: object
    difference: int | None
    scale: bool
    levels: tuple
    interval: str
    embedding: dict  # parameters of the estimator


@dataclass(frozen=True, eq=False)
class Learned:
    """What has been learned.

    Attributes
    ----------
    panel : Panel
        Of the table of fit, without its rows.
    covariates : Covariates
    task : Task
    estimator : object
        Fitted.
    history : History
    target : Target
    interval : object or None
        Of ``intervals.py``.
    """

    panel: Panel
    covariates: Covariates
    task: Task
    estimator: object
    history: History
    target: Target
    interval: object

    def forecast(self, codes, ahead):
        """(n, H): the values that follow some series; ``ahead`` (n, H, K)."""
        history, target = self.history.take(codes), self.target.take(codes)
        self._check_lengths(codes)
        values = forecasts(self.task.strategy, self.estimator, history, target, ahead)
        wrong = ~np.isfinite(values).all(axis=1)
        if wrong.any():
            raise ValueError(
                f"The forecast{self.panel.series(codes[int(np.argmax(wrong))])} is not finite: "
                "predictions grow without bound when they are read again. Forecast fewer steps, or set "
                "difference."
            )
        return values

    def bounds(self, codes, ahead, values):
        """(n, H, 2, L): lower and upper bounds around the forecasts (n, H) of some series."""
        history, target = self.history.take(codes), self.target.take(codes)

        def paths(noise):
            return forecasts(self.task.strategy, self.estimator, history, target, ahead, noise)

        return self.interval.bounds(paths, codes, target, values)

    def longer(self, panel, y):
        """The same after more rows: of series that it knows those that follow, or new series."""
        codes = np.unique(panel.codes)
        history = History.read(panel, y, self.covariates, self.history.calendar, codes)
        n, first = len(self.history), history.first.copy()
        known = codes < n
        follows = self.history.last[codes[known]] + 1
        if panel.times is None:
            first[known] = follows
        elif (first[known] != follows).any():
            self._raise_does_not_follow(panel, codes[known], first[known], follows)
        history = replace(history, first=first)
        target = self.target.joined(
            [one for one, code in zip(history.y, codes, strict=True) if code >= n], scale=self.task.scale
        )
        learned = replace(
            self, panel=panel.without_rows(), history=self.history.longer(history, codes), target=target
        )
        if self.interval is None:
            return learned
        return replace(learned, interval=self.interval.updated(learned, self.history.lengths))

    def without(self, ids):
        """The same without some series; a ValueError if one of them is not there."""
        stay = staying(keys_of(ids, self.panel.ids), self.panel.ids)
        codes = np.flatnonzero(stay)
        return replace(
            self, panel=self.panel.of_series(stay), history=self.history.take(codes),
            target=self.target.take(codes), interval=self.interval and self.interval.take(codes),
        )  # fmt: skip

    def _raise_does_not_follow(self, panel, codes, first, follows):
        i = int(np.argmax(first != follows))
        raise ValueError(
            f"The rows of {panel.name}{panel.series(codes[i])} begin at {panel.time(first[i])}, but must "
            f"follow the rows before them, from {panel.time(follows[i])} on: pass all new rows, and none "
            "that were passed before."
        )

    def _check_lengths(self, codes):
        short = self.history.lengths[codes] <= self.target.lost
        if short.any():
            code = codes[int(np.argmax(short))]
            raise ValueError(
                f"There are {self.history.lengths[code]} rows{self.panel.series(code)}, but with "
                f"difference={self.target.lost} a forecast needs {self.target.lost + 1}: leave the "
                "series out, or set a smaller difference."
            )


# --- learning -------------------------------------------------------------------------------------------


def learn(panel, y, covariates, calendar, task):
    """Learn from a table with its targets y (N,)."""
    history = History.read(panel, y, covariates, calendar, np.arange(panel.n_series))
    interval = None
    if task.levels:
        interval = INTERVALS[task.interval].measure(_measured(history, task), task.levels)
    estimator, target = _trained(history, task)
    return Learned(panel.without_rows(), covariates, task, estimator, history, target, interval)


def _trained(history, task):
    """The estimator, trained on a history, and its target."""
    target = Target.learn(history.y, task.difference, scale=task.scale)
    X, y = examples(task.strategy, history, target)
    if not X:
        needed = task.strategy.rows_needed + target.lost
        raise ValueError(
            f"X has no series of {needed} rows or more, which horizon={task.strategy.horizon} and "
            f"difference={task.difference} need: the longest has {history.lengths.max()} "
            f"(n_samples={history.lengths.sum()} in all). Pass longer series, or set a smaller horizon "
            "or difference."
        )
    changes_y = task.scale or task.difference is not None
    estimator = prepared(task.estimator, changes_y=changes_y, embedding=task.embedding)
    return trained(estimator, X, y, task.difference), target


def _measured(history, task):
    """The last rows of a history, and a model that has not learned from them."""
    lost = task.difference or 0
    least = task.strategy.rows_needed + lost
    part = last_part(history.lengths, task.strategy.horizon, least, lost)
    kept, where = np.unique(part.codes, return_inverse=True)
    short = history.until(kept, history.lengths[kept] - part.held_out)
    estimator, target = _trained(short, task)
    return Measured(history, part, task.strategy, estimator, target.take(where))


# --- rows that are asked for ----------------------------------------------------------------------------


class Asked(NamedTuple):
    """Which steps of which series are asked for.

    Attributes
    ----------
    codes : (n,) int
        The series.
    ahead : (n, H, K) array
        What is known of the steps to come.
    rows : (N,) int
        Which of the n series a row is of.
    h : (N,) int
        How many steps after the end of its series it is.
    """

    codes: np.ndarray
    ahead: np.ndarray
    rows: np.ndarray
    h: np.ndarray


def asked(learned, panel, horizon, *, in_full=False):
    """The rows of a table as ``Asked``.

    Parameters
    ----------
    learned : Learned
    panel : Panel
        Of the table, like that of fit.
    horizon : int
        The most steps ahead.
    in_full : bool
        All steps are asked for, and rows of others are left aside.
    """
    new = panel.codes >= len(learned.history)
    if new.any():
        row = int(np.argmax(new))
        raise ValueError(
            f"Row {row} of {panel.name} is{panel.series(panel.codes[row])}, of which there are no rows "
            "yet: pass its past to update(X, y) first, or leave it out. In a cross-validation split by "
            "time: RollingOrigin(..., time=..., sequence_id=...) of skrnn.model_selection leaves it out."
        )
    panel.check_distinct()
    h = panel.steps + 1 if panel.times is None else panel.steps - learned.history.last[panel.codes]
    if not in_full:
        _check_steps(learned, panel, h, horizon)
    codes, rows = np.unique(panel.codes, return_inverse=True)
    last = np.full(len(codes), horizon)
    if learned.task.strategy.feeds_back and not in_full:  # no later step is read
        last[...] = 0
        np.maximum.at(last, rows, h)
    return Asked(codes, _known_ahead(learned, panel, rows, h, last), rows, h)


def _known_ahead(learned, panel, rows, h, last):
    """(n, H, K): what a table says of steps 1 to ``last`` (n,) of series; an error if one is missing."""
    H, K = int(last.max()), learned.covariates.n_known
    ahead, there = np.zeros((len(last), H, K)), np.zeros((len(last), H), dtype=bool)
    if K:
        here = (h >= 1) & (h <= H)
        there[rows[here], h[here] - 1] = True
        ahead[rows[here], h[here] - 1] = learned.covariates.known_of(panel)[here]
        missing = ~there & (np.arange(H) < last[:, None])
        _check_known(learned, panel, np.unique(panel.codes), missing)
    return ahead


def _check_steps(learned, panel, h, horizon):
    """Raise a ValueError for rows that do not follow, or are too far ahead."""
    early, late = h < 1, h > horizon
    if early.any():
        row = int(np.argmax(early))
        code = panel.codes[row]
        raise ValueError(
            f"Row {row} of {panel.name}{panel.series(code)} ({panel.times.shown(row)}) does not follow "
            f"the rows of fit and update, which end at {panel.time(learned.history.last[code])}: pass "
            f"only rows after that.{CROSS_VALIDATION}"
        )
    if late.any():
        row = int(np.argmax(late))
        raise ValueError(
            f"Row {row} of {panel.name}{panel.series(panel.codes[row])} is {h[row]} steps after the last "
            f"row of its series, but horizon={horizon}: pass fewer rows, pass those between to update(X, "
            "y), or fit with a larger horizon."
        )


def _check_known(learned, panel, codes, missing):
    """Raise a ValueError where a step is not there whose known columns are read."""
    if missing.any():
        i, step = np.argwhere(missing)[0]
        code = codes[i]
        time = panel.time(learned.history.last[code] + 1 + step)
        upto = "of the horizon" if not learned.task.strategy.feeds_back else "up to the last one"
        raise ValueError(
            f"{panel.name} has no row at {time}{panel.series(code)}, step {step + 1} of the forecast: "
            f"the known columns [{named(learned.covariates.known)}] are read at every step {upto}. Add "
            f"the row, or take them out of known (known={quote(())})."
        )
