"""Intervals around forecasts, from how wrong forecasts of the last part of the training rows were.

"conformal": split conformal prediction (Lei et al. 2018). A model that has not seen the last rows
forecasts them from several origins; for each step of the horizon half of the width of an interval is the
quantile of the absolute errors, corrected for their number n: the ceil((n + 1) level)-th smallest.

"sampled": errors of that model one step ahead are drawn, added to the predictions and read with them,
path after path; bounds are quantiles of the paths at each step.

"adaptive": the same, and every row that ``update`` brings says whether the intervals for it held
(``adaptive.py``).

Errors are measured in the unit of each series (``target.py``), so that series of any size share them.
To add a kind, write a class with ``measure``, ``bounds``, ``updated`` and ``take`` and add it to
``INTERVALS``.

Reference: J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free predictive
inference for regression", JASA 113, 2018. Shapes: n series, H steps of the horizon, L levels, R
forecasts, P paths.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skrnn._forecasting.adaptive import SeriesState, late_errors, nested, typical
from skrnn._forecasting.calibration import ROUNDING
from skrnn._forecasting.strategies import forecasts
from skrnn._settings.quoting import quote

# Forecasts that errors are taken of, if the rows are enough. The origins of a series lie so close that
# they tell less than as many series would.
MANY, FEW_ORIGINS = 200, 10
LARGEST_PART = 1 / 3  # of a series that is held out
PATHS = 400


class Part(NamedTuple):
    """The last rows of series, which are forecast to measure errors.

    Attributes
    ----------
    codes : (R,) int
        The series of every forecast.
    lengths : (R,) int
        The number of rows before it.
    held_out : int
        How many rows of each series the model must not learn from.
    """

    codes: np.ndarray
    lengths: np.ndarray
    held_out: int


class Measured(NamedTuple):
    """A history with its last rows, and a model that has not learned from them.

    Attributes
    ----------
    history : History
    part : Part
    strategy, estimator : object
    target : Target
        Of the series of the R forecasts.
    """

    history: object
    part: Part
    strategy: object
    estimator: object
    target: object


def errors_of(measured):
    """(R, H): the absolute errors of forecasts of the last rows, in units of their series."""
    history, part, target = measured.history, measured.part, measured.target
    H = measured.strategy.horizon
    past, ahead = history.until(part.codes, part.lengths), history.ahead(part.codes, part.lengths, H)
    values = forecasts(measured.strategy, measured.estimator, past, target, ahead)
    y = [history.y[i][n : n + H] for i, n in zip(part.codes, part.lengths, strict=True)]
    return np.abs(np.stack(y) - values) / target.unit[:, None]


def around(values, half):
    """(n, H, 2, L): lower and upper bounds around forecasts (n, H), of half widths (n, H, L)."""
    return np.stack([values[..., None] - half, values[..., None] + half], axis=2)


@dataclass(frozen=True, eq=False)
class Conformal:
    """Half of the widths (L, H), in units of the series."""

    half_widths: np.ndarray

    @classmethod
    def measure(cls, measured, levels):
        """From the errors of forecasts."""
        return cls(half_widths(errors_of(measured), levels))

    def bounds(self, paths, codes, target, values):
        """(n, H, 2, L): lower and upper bounds around forecasts (n, H)."""
        half = target.unit[:, None, None] * self.half_widths.T[: values.shape[1]]
        return around(values, half)

    def updated(self, learned, before):
        """The same after more rows."""
        return self

    def take(self, codes):
        """The same of some series."""
        return self


@dataclass(frozen=True, eq=False)
class Adaptive:
    """The latest errors of every series, and the levels that hold for them; see ``adaptive.py``.

    Attributes
    ----------
    levels : tuple of float
    pooled : (W, H) array
        The errors that a new series begins with.
    start : (L,) array
        The miss rates that it begins with.
    series : SeriesState
        Of the series that rows have come of since fit.
    """

    levels: tuple
    pooled: np.ndarray
    start: np.ndarray
    series: SeriesState

    @classmethod
    def measure(cls, measured, levels):
        """From the errors of forecasts."""
        errors = errors_of(measured)
        half_widths(errors, levels)  # there are enough of them
        R = len(errors)
        start = 1 - np.ceil((R + 1) * np.array(levels) - ROUNDING) / R
        pooled = typical(errors)
        return cls(levels, pooled, start, SeriesState.new(0, pooled, start))

    def bounds(self, paths, codes, target, values):
        """(n, H, 2, L): lower and upper bounds around forecasts (n, H)."""
        state = self.series.longer(int(codes.max(initial=-1)) + 1, self.pooled, self.start).take(codes)
        half = nested(state.half_widths()[:, : values.shape[1]], self.levels)
        return around(values, target.unit[:, None, None] * half)

    def updated(self, learned, before):
        """The same after more rows, which say what held; ``before`` (n,) are the lengths without them."""
        state = self.series.longer(len(learned.history), self.pooled, self.start)
        for errors in np.moveaxis(late_errors(learned, before), 1, 0):
            state = state.after(errors, 1 - np.array(self.levels))
        return replace(self, series=state)

    def take(self, codes):
        """Of some series, whose numbers rise."""
        return replace(self, series=self.series.take(codes[codes < len(self.series.alpha)]))


@dataclass(frozen=True, eq=False)
class Sampled:
    """Errors (P, H) that are added to predictions, the same for every series, and quantiles (2, L)."""

    noise: np.ndarray
    quantiles: np.ndarray

    @classmethod
    def measure(cls, measured, levels):
        """From the errors one step ahead in the last rows."""
        history, part = measured.history, measured.part
        codes, first = np.unique(part.codes, return_index=True)
        target, H = measured.target.take(first), measured.strategy.horizon
        pairs = [measured.strategy.example(history.take(codes), target, i) for i in range(len(codes))]
        answers = measured.estimator.predict([X for X, _ in pairs])
        errors = np.concatenate(
            [(z - answer)[-part.held_out :] for (_, z), answer in zip(pairs, answers, strict=True)]
        )
        levels = np.array(levels)
        noise = np.random.RandomState(0).choice(errors, size=(PATHS, H))
        return cls(noise, np.stack([(1 - levels) / 2, (1 + levels) / 2]))

    def bounds(self, paths, codes, target, values):
        """(n, H, 2, L): quantiles of ``paths(noise)`` (n, P, H)."""
        found = np.quantile(
            paths(self.noise[:, : values.shape[1]]), self.quantiles, axis=1
        )  # (2, L, n, H)
        return found.transpose(2, 3, 0, 1)

    def updated(self, learned, before):
        """The same after more rows."""
        return self

    def take(self, codes):
        """The same of some series."""
        return self


INTERVALS = {"conformal": Conformal, "sampled": Sampled, "adaptive": Adaptive}


def last_part(lengths, horizon, least, season):
    """The forecasts of which errors are taken.

    Parameters
    ----------
    lengths : (n,) int
        Of the series.
    least : int
        How many rows the model needs of a series.
    season : int
        Origins stand over so many steps at least, as errors may depend on the season.
    """
    long = np.flatnonzero(lengths >= least + horizon)
    if not len(long):
        raise ValueError(
            f"levels needs a series of {least + horizon} rows or more, {horizon} of them to measure the "
            f"errors of forecasts, but the longest has {lengths.max()}. Set levels=None, a smaller "
            "horizon or a smaller difference."
        )
    n_origins = max(FEW_ORIGINS, -(-MANY // len(long)))
    typical = int(np.median(lengths[long]))
    room = max(1, min(int(typical * LARGEST_PART), typical - least) - horizon + 1)
    span = min(room, max(n_origins, season))
    offsets = np.unique(np.linspace(0, span - 1, min(n_origins, span)).round().astype(int))
    held_out = horizon + int(offsets.max())
    long = long[lengths[long] - held_out >= least]
    codes = np.repeat(long, len(offsets))
    return Part(codes, lengths[codes] - horizon - np.tile(offsets, len(long)), held_out)


def half_widths(errors, levels):
    """Errors (R, H) in units of their series -> (L, H): half of the widths of intervals."""
    ordered, n = np.sort(np.abs(errors), axis=0), len(errors)
    widths = []
    for level in levels:
        k = int(np.ceil((n + 1) * level - ROUNDING))
        if k > n:
            raise ValueError(
                f"levels={quote(levels)} and {n} forecasts of the last rows do not go together: {level} "
                f"needs {int(np.ceil(level / (1 - level)))} of them at least. Fit on longer series or on "
                "more of them, or ask for a lower level."
            )
        widths.append(ordered[k - 1])
    return np.array(widths)
