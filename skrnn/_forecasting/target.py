"""What the network learns of a target: each series in a unit of its own, and its differences.

Without differences z_t = (y_t - m_{t-1}) / unit, and the network reads (y_t - m_t) / unit, the unit being
the deviation of y. With a season d, z_t = (y_t - y_{t-d}) / unit, that of the differences, and the
network also reads the level (y_t - m_t) / s_t. m_t and s_t are mean and deviation of the values up to t,
s_t no less than a tenth of the unit: those of all values would tell the network of a training series what
is to come, as it would lie around zero in the end, and within two deviations; it learns that, and
forecasts the worse the further it goes beyond.

Shapes: n series, y of series i (T_i,), H steps of the horizon.
"""

from dataclasses import dataclass

import numpy as np

# Of the unit of differences, which is twice the deviation of the values at most. Without it, what was
# predicted of a series that had not changed before was read as a level of ten deviations.
LEAST = 0.1


@dataclass(frozen=True)
class Target:
    """The units of n series.

    Attributes
    ----------
    difference : int or None
        The season d.
    scaled : bool
        Whether mean and deviation are taken off.
    unit : (n,) array
        Of what the network predicts. Of a series that does not change it is the size of its values, of
        one of zeros the middle of those of the others.
    """

    difference: int | None
    scaled: bool
    unit: np.ndarray

    @classmethod
    def learn(cls, y, difference, *, scale):
        """The units of series y; without ``scale`` these are 1."""
        if not scale:
            return cls(difference, False, np.ones(len(y)))
        changes = [one[difference:] - one[:-difference] for one in y] if difference else y
        pairs = zip(changes, y, strict=True)
        return cls(difference, True, _filled([_deviation(z) or _size(one) for z, one in pairs]))

    def joined(self, y, *, scale):
        """The same, and more series y after these."""
        new = Target.learn(y, self.difference, scale=scale).unit
        return Target(self.difference, self.scaled, np.concatenate([self.unit, new]))

    def take(self, codes):
        """Of some series."""
        return Target(self.difference, self.scaled, self.unit[codes])

    @property
    def lost(self):
        """How many values at the start of a series have no difference."""
        return self.difference or 0

    def means(self, y):
        """m (T,): the mean of the values up to each."""
        return np.cumsum(y) / np.arange(1, len(y) + 1) if self.scaled else np.zeros(len(y))

    def variances(self, y):
        """s^2 (T,): the variance of the values up to each."""
        if not self.scaled:
            return np.ones(len(y))
        c, n = y - y[0], np.arange(1, len(y) + 1)  # from the first: squares of large values round
        return np.maximum(np.cumsum(c**2) / n - (np.cumsum(c) / n) ** 2, 0)

    def z(self, y, i):
        """What the network predicts of series i: (T - d,)."""
        if self.difference:
            return (y[self.difference :] - y[: -self.difference]) / self.unit[i]
        means = self.means(y)
        return (y - np.append(means[:1], means[:-1])) / self.unit[i]

    def read(self, y, i):
        """What the network reads of series i: (T - d, 1), with differences (T - d, 2)."""
        level = y - self.means(y)
        if not self.difference:
            return level[:, None] / self.unit[i]
        level = level / _spread(self.variances(y), self.unit[i])
        return np.stack([self.z(y, i), level[self.difference :]], axis=1)

    def base(self, y, i, horizon):
        """What is added to predictions after each value of series i: (T - d, H).

        With differences the last values of the same season: what is predicted of all steps at once is
        how far they are from the seasonal naive forecast.
        """
        if not self.difference:
            return np.repeat(self.means(y)[:, None], horizon, axis=1)
        d, h = self.difference, np.arange(1, horizon + 1)
        t = np.arange(d, len(y))
        return y[t[:, None] + h - d * -(-h // d)]


class Undo:
    """Predictions z of n series, step after step, as values of y, and what the network reads of these.

    Parameters
    ----------
    target : Target
        Of the n series.
    y : list of (T_i,) arrays
        Their past.
    """

    def __init__(self, target, y):
        self._target = target
        self._last = [np.array([one[k - target.lost] for one in y]) for k in range(target.lost)]
        self._n = np.array([len(one) for one in y])
        self._mean = np.array([target.means(one)[-1] for one in y])
        self._squares = self._n * np.array([target.variances(one)[-1] for one in y])

    def step(self, z):
        """z (n,) of the next step -> y (n,), and what is read of it (n, 1 or 2)."""
        target = self._target
        base = self._last.pop(0) if target.difference else self._mean
        y = base + target.unit * z
        if target.scaled:
            self._take_in(y)
        level = y - self._mean
        if not target.difference:
            return y, level[:, None] / target.unit[:, None]
        self._last.append(y)
        deviation = _spread(self._squares / self._n, target.unit) if target.scaled else 1.0
        return y, np.stack([z, level / deviation], axis=1)

    def _take_in(self, y):
        """Move mean and squares on (Welford)."""
        self._n = self._n + 1
        before = y - self._mean
        self._mean = self._mean + before / self._n
        self._squares = self._squares + before * (y - self._mean)


def _spread(variance, unit):
    """The deviation, or a share of the unit if that is more: the first change is no huge one."""
    return np.maximum(np.sqrt(variance), LEAST * unit)


def _deviation(values):
    """The standard deviation; 0 of a constant, or of nothing."""
    if len(values) < 2:
        return 0.0
    deviation = values.std()
    return deviation if deviation > 1e-12 * np.abs(values).max() else 0.0


def _size(y):
    """The largest of the values, which is the unit of a series that does not change."""
    return np.abs(y).max()


def _filled(units):
    """Units (n,), with the middle one in the place of those that are 0; 1 if all are."""
    units = np.array(units, dtype=np.float64)
    there = units > 0
    units[~there] = np.median(units[there]) if there.any() else 1.0
    return units
