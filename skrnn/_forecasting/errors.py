"""What forecasts are measured by.

Shapes: N forecasts; bounds (N, 2, L) of the intervals of L levels.

A measure is a function of ``METRICS`` that makes of ``Forecasts`` its columns, name to number. To add
one, enter it there.
"""

from typing import NamedTuple

import numpy as np


class Forecasts(NamedTuple):
    """Forecasts, and what came."""

    y: np.ndarray  # (N,)
    answer: np.ndarray  # (N,)
    scale: np.ndarray  # (N,), what errors of the series are divided by
    bounds: np.ndarray | None = None  # (N, 2, L)
    levels: tuple = ()

    @property
    def errors(self):
        """(N,), how far off each is."""
        return np.abs(self.y - self.answer)

    def of(self, which):
        """Some of them."""
        bounds = None if self.bounds is None else self.bounds[which]
        return Forecasts(self.y[which], self.answer[which], self.scale[which], bounds, self.levels)


def scales(y, codes, season):
    """The mean difference of a value to the one a season before, of each series: (n,).

    ``y`` and ``codes`` stand series after series, each in the order of time. Of a series no longer than a
    season it is the difference to the value before; NaN if there is none, or all are 0.
    """
    scale = np.full(int(codes.max(initial=-1)) + 1, np.nan)
    for lag in dict.fromkeys((1, season)):
        same = codes[lag:] == codes[:-lag]
        difference, of = np.abs(y[lag:] - y[:-lag])[same], codes[lag:][same]
        n, total = np.bincount(of, minlength=len(scale)), np.bincount(of, difference, len(scale))
        scale[n > 0] = total[n > 0] / n[n > 0]
    return np.where(scale > 0, scale, np.nan)


def mae(forecasts):
    """Mean absolute error."""
    return {"mae": forecasts.errors.mean()}


def rmse(forecasts):
    """Root of the mean squared error."""
    return {"rmse": np.sqrt((forecasts.errors**2).mean())}


def mase(forecasts):
    """Absolute error in units of the mean difference from season to season, of series that have one."""
    known = ~np.isnan(forecasts.scale)
    return {"mase": (forecasts.errors / forecasts.scale)[known].mean() if known.any() else np.nan}


def smape(forecasts):
    """Absolute error in percent of the mean of both sizes; 0 where both are 0."""
    size = np.abs(forecasts.y) + np.abs(forecasts.answer)
    return {"smape": (200 * forecasts.errors / np.where(size > 0, size, 1)).mean()}


def pinball(forecasts):
    """The mean quantile loss of the bounds of all intervals."""
    if forecasts.bounds is None:
        return {}
    levels = np.array(forecasts.levels)
    q = np.stack([(1 - levels) / 2, (1 + levels) / 2])  # (2, L)
    below = forecasts.y[:, None, None] - forecasts.bounds
    return {"pinball": np.maximum(q * below, (q - 1) * below).mean()}


def coverage(forecasts):
    """The share that each interval holds: a column for every level."""
    if forecasts.bounds is None:
        return {}
    y = forecasts.y[:, None]
    held = (forecasts.bounds[:, 0] <= y) & (y <= forecasts.bounds[:, 1])
    names = [f"coverage_{100 * level:g}" for level in forecasts.levels]
    return dict(zip(names, held.mean(axis=0), strict=True))


METRICS = {
    "mae": mae, "rmse": rmse, "mase": mase, "smape": smape, "pinball": pinball, "coverage": coverage,
}  # fmt: skip
