"""The past of n series, as the network may read it.

Shapes: T_i rows of series i; K, P, S, C numbers that are known ahead, known up to the last row, static,
and of the calendar; ``ahead`` (n, H, K) holds what is known of H steps to come.
"""

from dataclasses import dataclass, replace

import numpy as np

from skrnn._forecasting.calendar_features import Calendar


@dataclass(frozen=True, eq=False)
class History:
    """The past of series.

    Attributes
    ----------
    first : (n,) int
        The step of the first row of each series.
    y : list of (T_i,) arrays
    known, past : lists of (T_i, K) and (T_i, P) arrays
    static : (n, S) array
    calendar : Calendar
    """

    first: np.ndarray
    y: list
    known: list
    past: list
    static: np.ndarray
    calendar: Calendar

    @classmethod
    def read(cls, panel, y, covariates, calendar, codes):
        """The rows of the series ``codes`` of a table."""
        rows_of_all = panel.rows
        rows = [rows_of_all[code] for code in codes]
        known, past = covariates.known_of(panel), covariates.past_of(panel)
        return cls(
            panel.first_steps_of(codes), [y[one] for one in rows], [known[one] for one in rows],
            [past[one] for one in rows], covariates.static_of(panel, codes), calendar,
        )  # fmt: skip

    @property
    def lengths(self):
        """(n,): the number of rows of each series."""
        return np.array([len(one) for one in self.y], dtype=np.intp)

    @property
    def last(self):
        """(n,): the step of the last row of each series."""
        return self.first + self.lengths - 1

    def __len__(self):
        return len(self.y)

    def take(self, codes):
        """Some series."""
        return self.until(codes, self.lengths[codes])

    def until(self, codes, lengths):
        """The first rows of some series, of which one may be taken several times."""
        parts = {
            name: [getattr(self, name)[i][:n] for i, n in zip(codes, lengths, strict=True)]
            for name in ("y", "known", "past")
        }
        return replace(self, first=self.first[codes], static=self.static[codes], **parts)

    def since(self, starts):
        """All series without their first rows."""
        parts = {
            name: [one[start:] for one, start in zip(getattr(self, name), starts, strict=True)]
            for name in ("y", "known", "past")
        }
        return replace(self, first=self.first + starts, **parts)

    def ahead(self, codes, lengths, horizon):
        """(n, H, K): what was known of the steps after the first rows of some series.

        Zeros of steps after the last row.
        """
        ahead = np.zeros((len(codes), horizon, self.known[0].shape[1]))
        for one, i, n in zip(ahead, codes, lengths, strict=True):
            there = self.known[i][n : n + horizon]
            one[: len(there)] = there
        return ahead

    def longer(self, other, codes):
        """With the rows of ``other`` after those of the series ``codes``, or as new series."""
        parts = {name: list(getattr(self, name)) for name in ("y", "known", "past")}
        first, static = list(self.first), list(self.static)
        for i, code in enumerate(codes):
            if code == len(first):
                first.append(other.first[i])
                static.append(other.static[i])
                for name, part in parts.items():
                    part.append(getattr(other, name)[i])
                continue
            for name, part in parts.items():
                part[code] = np.concatenate([part[code], getattr(other, name)[i]])
        return replace(self, first=np.array(first), static=np.array(static), **parts)
