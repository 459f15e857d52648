"""What the calendar says of a time, as numbers: sine and cosine of a cycle, or a column for each day.

Steps are those of a clock (``clock.py``) whose times are moments; on the wall clock of their zone, if
they have one. Shapes: N steps, C columns. To add a feature, add a function of the moments (N,) to
``FEATURES``.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._forecasting.clock import to_local
from skrnn._settings.quoting import listed, quote


def _part(moments, unit, of):
    """How many units have passed since the last change of a larger unit, with their fraction."""
    rest = moments - moments.astype(f"M8[{of}]").astype("M8[s]")
    return rest / np.timedelta64(1, unit)


def _weekday(moments):
    return (moments.astype("M8[D]").astype(np.int64) + 3) % 7  # 0 is Monday


def _month(moments):
    return moments.astype("M8[M]").astype(np.int64) % 12


def _cycle(values, period):
    angle = 2 * np.pi * values / period
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _one_of(values, n):
    return (values[:, None] == np.arange(n)).astype(float)


FEATURES = {
    "minute": lambda moments: _cycle(_part(moments, "m", "h"), 60),
    "hour": lambda moments: _cycle(_part(moments, "h", "D"), 24),
    "weekday": lambda moments: _one_of(_weekday(moments), 7),
    "weekend": lambda moments: (_weekday(moments) > 4)[:, None].astype(float),
    "day": lambda moments: _cycle(_part(moments, "D", "M"), 31),
    "week": lambda moments: _cycle(_part(moments, "D", "Y") // 7, 53),
    "dayofyear": lambda moments: _cycle(_part(moments, "D", "Y"), 366),
    "month": lambda moments: _cycle(_month(moments), 12),
    "quarter": lambda moments: _one_of(_month(moments) // 3, 4),
}

# The same as codes, and how many there are: what is embedded.
CODES = {
    "minute": (lambda moments: _part(moments, "m", "h"), 60),
    "hour": (lambda moments: _part(moments, "h", "D"), 24),
    "weekday": (_weekday, 7),
    "weekend": (lambda moments: _weekday(moments) > 4, 2),
    "day": (lambda moments: _part(moments, "D", "M"), 31),
    "week": (lambda moments: _part(moments, "D", "Y") // 7, 53),
    "dayofyear": (lambda moments: _part(moments, "D", "Y"), 366),
    "month": (_month, 12),
    "quarter": (lambda moments: _month(moments) // 3, 4),
}


@dataclass(frozen=True)
class Calendar:
    """Features of the calendar for steps of a clock; some of them as codes."""

    names: tuple
    clock: object
    zone: object = None
    embedded: tuple = ()

    def __call__(self, steps):
        """Steps (N,) -> (N, C)."""
        if not self.names:
            return np.zeros((len(steps), 0))
        moments = to_local(self.clock.at(steps), self.zone).astype("M8[s]")
        return np.concatenate([self._read(name, moments) for name in self.names], axis=1)

    def kinds(self, widths):
        """For each column None, or the width of its vectors and the number of its codes."""
        kinds = []
        for name in self.names:
            if name in self.embedded:
                kinds.append((widths[name], CODES[name][1]))
            else:
                example = FEATURES[name](np.zeros(1, dtype="M8[s]"))
                kinds += [None] * example.shape[1]
        return kinds

    def _read(self, name, moments):
        if name not in self.embedded:
            return FEATURES[name](moments)
        return np.floor(CODES[name][0](moments)).astype(float)[:, None]


def calendar_of(names, panel, embedded=()):
    """The ``Calendar`` of a panel; a ValueError if it has no dates, or a name is none of ``FEATURES``."""
    names = (names,) if isinstance(names, str) else tuple(names)
    for name in names:
        if name not in FEATURES:
            raise ValueError(
                f"calendar={quote(names)} names {quote(name)}, which is none of {listed(FEATURES, 20)}."
            )
    if names and (panel.times is None or panel.times.values.dtype.kind != "M"):
        what = "has no column of times" if panel.times is None else "counts time in numbers"
        raise ValueError(
            f"calendar={quote(names)} needs dates, but {panel.name} {what}: name a column of dates as "
            "time, or leave calendar=()."
        )
    if names and panel.clock is None:
        raise ValueError(f"calendar={quote(names)} needs two rows of a series at least.")
    zone = None if panel.times is None else panel.times.zone
    return Calendar(names, panel.clock, zone, tuple(embedded))
