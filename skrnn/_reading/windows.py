"""Windows of the rows of series, which know where they stand, so that the last ones can be held out.

`SlidingWindow` makes a ``Windows``: an array, with the ``Places`` of its windows. Rows of it, as
cross-validation takes them, have theirs, and so have copies by pickle; whatever else is made of it is as
of a plain array. Shapes: n windows (n, length, F).
"""

from typing import NamedTuple

import numpy as np


class Places(NamedTuple):
    """Where windows stand.

    Attributes
    ----------
    series : (n,) int
        The number of the series of each.
    last : (n,) int
        The number of its last row among the rows of its series.
    span : int
        How many rows there are from its first to its last one.
    """

    series: np.ndarray
    last: np.ndarray
    span: int

    def take(self, rows):
        """Of some windows, by what selects rows of an array."""
        return Places(self.series[rows], self.last[rows], self.span)

    def hold_out(self, fraction):
        """The numbers of the windows to train on, and of the last ones of every series.

        Windows that have rows in common with those that are held out are in neither; series of which none
        would be left are trained on as they are.

        Parameters
        ----------
        fraction : float
            Of the windows of each series.
        """
        order = np.lexsort((self.last, self.series))
        counts = np.unique(self.series, return_counts=True)[1]
        starts = np.cumsum(counts) - counts
        held = np.maximum(1, np.rint(fraction * counts)).astype(np.intp)
        last = self.last[order]
        begins = np.maximum(last[starts + counts - held] - self.span + 1, 0)  # the first row held out
        code = np.repeat(np.arange(len(counts)), counts)
        before = last < begins[code]
        long = np.bincount(code, weights=before)[code] > 0
        if not long.any():
            raise ValueError(
                f"early_stopping=True holds out the last {held.max()} windows of a series, and leaves "
                f"out those that share rows with them, as each spans {self.span}: of {counts.max()} "
                "windows, those of the longest series, none is left to train on. Pass longer series, set "
                "a lower validation_fraction or shorter windows, pass X_val and y_val, or set "
                "early_stopping=False."
            )
        is_held = long & (np.arange(len(last)) >= (starts + counts - held)[code])
        return np.sort(order[before | ~long]), np.sort(order[is_held])


class Windows(np.ndarray):
    """An array (n, length, F) of windows.

    Attributes
    ----------
    places : Places or None
        None of what is no selection of windows.
    """

    places = None

    @classmethod
    def of(cls, values, places):
        """An array with the places of its windows; the memory is that of the array."""
        windows = values.view(cls)
        windows.places = places
        return windows

    def __getitem__(self, key):
        part = super().__getitem__(key)
        if not isinstance(part, np.ndarray):
            return part
        rows = _rows_of(key)
        if self.places is None or rows is None:
            return part.view(np.ndarray)
        part.places = self.places.take(rows)
        return part

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)

    def __repr__(self):
        return repr(np.asarray(self))

    def __reduce_ex__(self, protocol):
        return _restored, (np.asarray(self), self.places)


def _restored(values, places):
    """What pickle makes anew."""
    return Windows.of(values, places)


def _rows_of(key):
    """What an index selects, if it selects windows as they are; else None."""
    if isinstance(key, tuple) and len(key) > 1 and all(one is Ellipsis for one in key[1:]):
        key = key[0]  # as scikit-learn takes rows
    if isinstance(key, (slice, list)):
        return key
    return key if isinstance(key, np.ndarray) and key.ndim == 1 else None
