"""What the network learns of a target: each series in a unit of its own, and its differences.

With a season d, z_t = (y_t - y_{t-d}) / unit, and the network also reads the level (y_t - mean) / scale;
without differences z_t = (y_t - mean) / unit, with unit = scale. Shapes: n series, y of series i (T_i,),
H steps of the horizon.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Target:
    """The units of n series.

    Attributes
    ----------
    difference : int or None
        The season d.
    mean, scale : (n,) arrays
        Of the values of each series.
    unit : (n,) array
        Of what the network predicts.
    """

    difference: int | None
    mean: np.ndarray
    scale: np.ndarray
    unit: np.ndarray

    @classmethod
    def learn(cls, y, difference, *, scale):
        """The units of series y; without ``scale`` these are 1."""
        ones = np.ones(len(y))
        if not scale:
            return cls(difference, 0 * ones, ones, ones)
        mean, deviation = np.array([one.mean() for one in y]), np.array([_deviation(one) for one in y])
        unit = deviation
        if difference:
            unit = np.array([_deviation(one[difference:] - one[:-difference]) for one in y])
        return cls(difference, mean, deviation, unit)

    def joined(self, y, *, scale):
        """The same, and more series y after these."""
        new = Target.learn(y, self.difference, scale=scale)
        pairs = [(self.mean, new.mean), (self.scale, new.scale), (self.unit, new.unit)]
        return Target(self.difference, *map(np.concatenate, pairs))

    def take(self, codes):
        """Of some series."""
        return Target(self.difference, self.mean[codes], self.scale[codes], self.unit[codes])

    @property
    def lost(self):
        """How many values at the start of a series have no difference."""
        return self.difference or 0

    def z(self, y, i):
        """What the network predicts of series i: (T - d,)."""
        if self.difference:
            return (y[self.difference :] - y[: -self.difference]) / self.unit[i]
        return (y - self.mean[i]) / self.unit[i]

    def read(self, y, i):
        """What the network reads of series i: (T - d, 1), with differences (T - d, 2)."""
        z = self.z(y, i)
        if not self.difference:
            return z[:, None]
        return np.stack([z, (y[self.difference :] - self.mean[i]) / self.scale[i]], axis=1)

    def base(self, y, i, horizon):
        """What is added to predictions after each value of series i: (T - d, H).

        With differences the last values of the same season: what is predicted of all steps at once is
        how far they are from the seasonal naive forecast.
        """
        if not self.difference:
            return np.full((len(y), horizon), self.mean[i])
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

    def step(self, z):
        """z (n,) of the next step -> y (n,), and what is read of it (n, 1 or 2)."""
        target = self._target
        if not target.difference:
            return target.mean + target.unit * z, z[:, None]
        y = self._last.pop(0) + target.unit * z
        self._last.append(y)
        return y, np.stack([z, (y - target.mean) / target.scale], axis=1)


def _deviation(values):
    """The standard deviation; 1 of a constant, or of nothing."""
    if len(values) < 2:
        return 1.0
    deviation = values.std()
    return deviation if deviation > 1e-12 * np.abs(values).max() else 1.0
