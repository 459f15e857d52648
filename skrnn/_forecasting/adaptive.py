"""Intervals that adapt: what comes says whether they held, and they become wider or narrower.

Adaptive conformal inference (Gibbs and Candes 2021). Of a level a the miss rate alpha begins at 1 - a;
the half width of the next interval is the (1 - alpha)-quantile of the last W errors, and then

    alpha' = alpha + gamma ((1 - a) - miss),   miss = 1 if the value was outside, else 0.

Below 0 an interval is infinite, from 1 on it has no width. So whatever the errors are, the share of T
intervals that missed differs from 1 - a by no more than (1 + gamma) / (gamma T).

Every series and every step of the horizon has an alpha and a window of errors of its own, in units of the
series; windows begin with the errors that fit has measured on all series, which those of the rows that
come push out. A forecast of h steps is compared when its step comes, whether or not somebody asked for
it; if the network reads what is known of the whole horizon at once, when all of that has come.

Shapes: n series, W errors of a window, H steps of the horizon, L levels; R forecasts, M rows that came.

Reference: I. Gibbs and E. J. Candes, "Adaptive conformal inference under distribution shift", NeurIPS
2021.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._forecasting.calibration import ROUNDING
from skrnn._forecasting.strategies import forecasts

# On errors whose deviation becomes three times as large, intervals of 90 % held 77 % of the next 50
# values with a window of 100 and 74 % with one of 200; where it falls to a third, windows of 200 need
# twice as long. Where nothing changes the shorter one is as good.
WINDOW = 100
# gamma, as a share of 1 - a. At twice as much intervals become infinite now and then after a change, at
# five times as much without one; at half as much the 77 % are 70 %.
PACE = 0.1


@dataclass(frozen=True, eq=False)
class SeriesState:
    """What is known of the series.

    Attributes
    ----------
    errors : (n, W, H) array
        The last errors, the latest one last.
    alpha : (n, H, L) array
        The miss rates.
    """

    errors: np.ndarray
    alpha: np.ndarray

    @classmethod
    def new(cls, n, pooled, start):
        """Of n series that nothing is known of."""
        alpha = np.broadcast_to(start, (n, pooled.shape[1], len(start)))
        return cls(np.repeat(pooled[None], n, axis=0), alpha.copy())

    def longer(self, n, pooled, start):
        """Of n series, the last of which may be new."""
        new = SeriesState.new(max(n - len(self.alpha), 0), pooled, start)
        return SeriesState(
            np.concatenate([self.errors, new.errors]), np.concatenate([self.alpha, new.alpha])
        )

    def take(self, codes):
        """Of some series."""
        return SeriesState(self.errors[codes], self.alpha[codes])

    def half_widths(self):
        """(n, H, L): of the next intervals."""
        W = self.errors.shape[1]
        rank = np.ceil((1 - self.alpha) * W - ROUNDING).astype(np.intp)
        ordered = np.sort(self.errors, axis=1).transpose(0, 2, 1)  # (n, H, W)
        half = np.take_along_axis(ordered, np.clip(rank, 1, W) - 1, axis=2)
        half = np.where(rank < 1, 0.0, half)
        return np.where(self.alpha < -ROUNDING, np.inf, half)

    def after(self, errors, goal):
        """After errors (n, H) came, NaN where none did; ``goal`` (L,) are the miss rates to be kept."""
        came = ~np.isnan(errors)
        missed = errors[..., None] > self.half_widths()
        alpha = self.alpha + PACE * goal * (goal - missed)
        window = np.concatenate([self.errors[:, 1:], errors[:, None]], axis=1)
        return SeriesState(
            np.where(came[:, None], window, self.errors), np.where(came[..., None], alpha, self.alpha)
        )


def typical(errors):
    """(W, H): errors (R, H) as a window, in an order that tells nothing."""
    shares = (np.arange(WINDOW) + 0.5) / WINDOW
    window = np.quantile(errors, shares, axis=0, method="inverted_cdf")
    return window[np.random.RandomState(0).permutation(WINDOW)]


def nested(half, levels):
    """Half widths (n, H, L) of which those of a higher level are no smaller."""
    order = np.argsort(levels)
    answer = np.empty_like(half)
    answer[..., order] = np.maximum.accumulate(half[..., order], axis=-1)
    return answer


# --- what came ------------------------------------------------------------------------------------------


def late_errors(learned, before):
    """(n, M, H): the errors of the forecasts whose steps have come, in the order in which they did.

    NaN where there are fewer than M, and of origins with too few rows before them. Of many rows the last
    ones count, as many as a window holds.

    Parameters
    ----------
    learned : Learned
        After rows have come.
    before : (n_before,) int
        The lengths of the series without these rows.
    """
    history, H = learned.history, learned.task.strategy.horizon
    lengths = history.lengths
    first = np.maximum(np.append(before, np.zeros(len(lengths) - len(before), int)), lengths - WINDOW)
    M = int((lengths - first).max())
    at_once = not learned.task.strategy.feeds_back and learned.covariates.n_known > 0
    # the number of rows before a forecast is `due` less h; (n, M, H), row m comes at length - M + m + 1
    rows = (lengths - M)[:, None] + np.arange(M) + 1
    origins = rows[..., None] - (np.full(H, H) if at_once else np.arange(1, H + 1))
    asked = (origins > learned.target.lost) & (rows > first[:, None])[..., None]
    errors = np.full(origins.shape, np.nan)
    if asked.any():
        series = np.broadcast_to(np.arange(len(lengths))[:, None, None], origins.shape)
        step = np.broadcast_to(np.arange(H), origins.shape)
        where = series[asked], origins[asked], step[asked]
        errors[asked] = _errors_at(learned, *where)
    return errors


def _errors_at(learned, codes, origins, step):
    """(R,): the errors of forecasts of series after so many rows, of the step with this number from 0."""
    history, task = learned.history, learned.task
    pairs, which = np.unique(np.stack([codes, origins]), axis=1, return_inverse=True)
    target = learned.target.take(pairs[0])
    ahead = history.ahead(*pairs, task.strategy.horizon)
    values = forecasts(task.strategy, learned.estimator, history.until(*pairs), target, ahead)
    y = np.array([history.y[i][n + h] for i, n, h in zip(codes, origins, step, strict=True)])
    which = which.ravel()
    return np.abs(y - values[which, step]) / target.unit[which]
