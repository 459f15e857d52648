"""From the past of series to what a network reads and learns, and from its answers to forecasts.

==========  ==============================================  ======================
strategy    y of a row                                      columns known ahead
==========  ==============================================  ======================
recursive   the next value; predictions are read as values  of the next step
direct      the next H values at once                       of the next H steps
==========  ==============================================  ======================

Row t of a series holds what its target y_t was, so that no later value is ever read, the calendar of the
step after it, static columns, the other columns as they were at t, and what is known ahead.
Shapes: n series, H steps of the horizon, F features; K as in ``history.py``.

To add a strategy, write a class with the methods of ``Direct`` and add it to ``STRATEGIES``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skrnn._forecasting.inner import Stepper
from skrnn._forecasting.target import Undo

MOST_ROWS = 2000  # of a series that are read to forecast what follows
MOST_NUMBERS = 1 << 23  # read at a time


def _shared(history, target, i):
    """What every strategy reads in the rows t = d .. T - 1 of series i."""
    y, d = history.y[i], target.lost
    after = history.first[i] + np.arange(d + 1, len(y) + 1)
    static = np.repeat(history.static[i : i + 1], len(y) - d, axis=0)
    return [target.read(y, i), history.calendar(after), static]


def _places(widths, n_read, n_steps):
    """``places`` where ``n_steps`` steps of known columns are read."""
    places, start = {}, n_read
    for part, span in (("calendar", 1), ("static", 1), ("past", 1), ("known", n_steps)):
        places[part] = [
            list(range(start + k * span, start + (k + 1) * span)) for k in range(widths[part])
        ]
        start += widths[part] * span
    return places


@dataclass(frozen=True)
class Direct:
    """All steps of the horizon at once, from one network."""

    horizon: int

    feeds_back = False

    @property
    def rows_needed(self):
        """Rows of a series from which something can be learned, beside those that differences lose."""
        return self.horizon + 1

    def places(self, widths, n_read):
        """Where the columns stand in what is read: part -> for each column a list of positions.

        ``widths`` are the numbers of columns of each part, ``n_read`` of those of the target.
        """
        return _places(widths, n_read, self.horizon)

    def inputs(self, history, target, i, ahead):
        """(T - d, F): what is read of series i; ``ahead`` (H, K)."""
        known, d = np.concatenate([history.known[i], ahead]), target.lost
        windows = sliding_window_view(known, self.horizon, axis=0)[d + 1 :]  # (T - d, K, H)
        windows = windows.reshape(len(history.y[i]) - d, -1)
        return np.concatenate([*_shared(history, target, i), history.past[i][d:], windows], axis=1)

    def example(self, history, target, i):
        """What is read and learned of series i: (rows, F), (rows, H) or, of one step, (rows,)."""
        y, d, H = history.y[i], target.lost, self.horizon
        nothing = np.zeros((H, history.known[i].shape[1]))
        X = self.inputs(history, target, i, nothing)[:-H]
        values = sliding_window_view(y, H)[d + 1 :]
        z = (values - target.base(y, i, H)[:-H]) / target.unit[i]
        return X, z[:, 0] if H == 1 else z

    def forecast(self, estimator, history, target, ahead):
        """(n, H): the values after the past of n series."""
        X = [self.inputs(history, target, i, ahead[i]) for i in range(len(history))]
        z = Stepper(estimator, X).answer.reshape(len(X), self.horizon)
        base = [target.base(y, i, self.horizon)[-1] for i, y in enumerate(history.y)]
        return np.stack(base) + target.unit[:, None] * z


@dataclass(frozen=True)
class Recursive:
    """One step after the other: predictions are read as the values of the steps before."""

    horizon: int

    rows_needed, feeds_back = 2, True

    def places(self, widths, n_read):
        """As of ``Direct``."""
        return _places(widths, n_read, 1)

    def inputs(self, history, target, i, ahead):
        """(T - d, F): what is read of series i; ``ahead`` (at least 1, K).

        Columns that are known up to the last row are there for a horizon of 1 only.
        """
        d = target.lost
        known = np.concatenate([history.known[i], ahead[:1]])[d + 1 :]
        return np.concatenate([*_shared(history, target, i), history.past[i][d:], known], axis=1)

    def example(self, history, target, i):
        """What is read and learned of series i: (rows, F), (rows,)."""
        y = history.y[i]
        nothing = np.zeros((1, history.known[i].shape[1]))
        return self.inputs(history, target, i, nothing)[:-1], target.z(y, i)[1:]

    def forecast(self, estimator, history, target, ahead):
        """(n, H): the values after the past of n series, H as in ``ahead``."""
        return self.paths(estimator, history, target, ahead, np.zeros((1, ahead.shape[1])))[:, 0]

    def paths(self, estimator, history, target, ahead, noise):
        """(n, P, H): the same in P copies, with ``noise`` (P, H) added in units of the series."""
        X = [self.inputs(history, target, i, ahead[i]) for i in range(len(history))]
        copies = np.repeat(np.arange(len(X)), len(noise))
        noise = np.tile(noise, (len(X), 1))
        stepper = Stepper(estimator, X, len(noise) // len(X))
        undo = Undo(target.take(copies), [history.y[i] for i in copies])
        y, read = undo.step(stepper.answer + noise[:, 0])
        values = [y]
        for h in range(1, ahead.shape[1]):
            calendar = history.calendar(history.last + h + 1)
            row = np.concatenate([calendar, history.static, ahead[:, h]], axis=1)
            z = stepper.step(np.concatenate([read, row[copies]], axis=1))
            y, read = undo.step(z + noise[:, h])
            values.append(y)
        return np.stack(values, axis=1).reshape(len(X), -1, len(values))


STRATEGIES = {"recursive": Recursive, "direct": Direct}


def examples(strategy, history, target):
    """Lists of what is read and learned of all series that are long enough."""
    enough = np.flatnonzero(history.lengths >= strategy.rows_needed + target.lost)
    pairs = [strategy.example(history, target, i) for i in enough]
    return [X for X, _ in pairs], [y for _, y in pairs]


def forecasts(strategy, estimator, history, target, ahead, noise=None):
    """(n, H), with noise (n, P, H): ``forecast`` or ``paths`` of many series, some of them at a time."""
    lengths = np.minimum(history.lengths, MOST_ROWS + target.lost)
    history = history.since(history.lengths - lengths)
    width = 1 + history.static.shape[1] + ahead.shape[2] * ahead.shape[1]
    block, answers = np.cumsum(lengths * width) // MOST_NUMBERS, []
    for one in np.unique(block):
        codes = np.flatnonzero(block == one)
        part = history.take(codes), target.take(codes), ahead[codes]
        if noise is None:
            answers.append(strategy.forecast(estimator, *part))
        else:
            answers.append(strategy.paths(estimator, *part, noise))
    return np.concatenate(answers)
