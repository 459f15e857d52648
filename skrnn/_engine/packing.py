"""The packed layout of a window: no padding, no mask.

``Steps`` says which rows belong to which step; a ``Window`` is what a network is run over at a time.

The B sequences of a batch are sorted by falling length. At step t of a window the first
``n[t]`` of them are alive: aligned at the start n falls (rows leave), aligned at the end n
rises (rows join), and run backwards in time each becomes the other. A window's arrays hold
only what is alive, step after step: N = sum of n rows, of which step t owns

    rows ``offsets[t] : offsets[t + 1]``,   row ``offsets[t] + i`` being sequence i.

With equal lengths this is the plain time-major array (T, B, .) read as (T B, .).
"""

from itertools import accumulate, pairwise

import numpy as np

from skrnn._engine.lazy import lazy_property


class Steps:
    """The steps of one window: how many sequences are alive at each, and where its rows lie.

    Parameters
    ----------
    n : sequence of int
        Sequences alive at each step of the window.
    B : int
        Sequences of the whole batch, which is what states are sized by.

    Attributes
    ----------
    T, N : int
        Steps and packed rows.
    n : list of int
        Sequences alive at each step; ``counts`` is the same as an array.
    offsets : list of int
        The first packed row of each step, and N.
    full : bool
        Whether all sequences are alive at all steps.
    """

    def __init__(self, n, B):
        self.counts = np.asarray(n, dtype=np.int64)
        self.n, self.B, self.T = self.counts.tolist(), B, len(self.counts)
        self.offsets = [0, *accumulate(self.n)]
        self.N = self.offsets[-1]
        self.full = self.T * B == self.N

    def __len__(self):
        return self.T

    @lazy_property
    def slices(self):
        """The packed rows of each step."""
        return [slice(a, b) for a, b in pairwise(self.offsets)]

    @lazy_property
    def sequence(self):
        """(N,) the sequence that each packed row belongs to."""
        if self.full:
            return np.tile(np.arange(self.B), self.T)
        return np.concatenate([np.arange(n_t) for n_t in self.n] or [np.empty(0, dtype=np.intp)])

    @lazy_property
    def time(self):
        """(N,) the step that each packed row belongs to."""
        return np.repeat(np.arange(self.T), self.counts)

    @lazy_property
    def groups(self):
        """Sequences with the same number of steps in the window, side by side.

        A list of their range (first, last + 1) and the packed rows (T_i, m) of their steps. Padding would
        cost work and memory by the longest sequence for every one.
        """
        offsets, groups, first = np.asarray(self.offsets[:-1], dtype=np.intp), [], 0
        for last in np.unique(self.counts).tolist():  # first..last - 1 are alive in the same steps
            alive = self.counts > first
            groups.append(((first, last), offsets[alive][:, None] + np.arange(first, last)))
            first = last
        return groups

    def spread(self, v):
        """(B, K), one row per sequence -> (N, K), repeated at all of its steps."""
        if self.T == 1:
            return v[: self.N]
        return v[self.sequence]

    def tail(self, first):
        """The steps from ``first`` on, as those of a window of their own."""
        return Steps(self.counts[first:], self.B) if first else self


class Window:
    """Inputs at the steps of a window, and what is wanted of them.

    Parameters
    ----------
    X : (N, F) inputs, or (N,) tokens
    steps : Steps
    first : int
        Outputs are read at the steps from this one on: none, if it is the number of steps.
    keep : int or None
        The state before this step is what a window is to leave behind; None: that after the last.

    Attributes
    ----------
    read : Steps
        Those whose outputs are read, as the steps of a window of their own.
    """

    __slots__ = ("X", "first", "keep", "read", "steps")

    def __init__(self, X, steps, first=0, keep=None):
        self.X, self.steps, self.first, self.keep = X, steps, first, keep
        self.read = steps.tail(first)


# A state (tuple of (B, .)) in two parts: the rows alive at a step, and the rest, which has left with
# its last state or not joined yet. Rows are moved only where their number changes.


def split(state, n):
    """State -> alive (n, .) and rest (B - n, .)."""
    return tuple(s[:n] for s in state), tuple(s[n:] for s in state)


def resize(alive, rest, n):
    """The same state with n rows alive."""
    m = len(alive[0]) if alive else n
    if n < m:
        rest = tuple(np.concatenate((a[n:], r)) for a, r in zip(alive, rest, strict=True))
        alive = tuple(a[:n] for a in alive)
    elif n > m:
        alive = tuple(np.concatenate((a, r[: n - m])) for a, r in zip(alive, rest, strict=True))
        rest = tuple(r[n - m :] for r in rest)
    return alive, rest


def join(alive, rest):
    """Alive and rest -> state."""
    if not rest or not len(rest[0]):
        return alive
    return tuple(np.concatenate(pair) for pair in zip(alive, rest, strict=True))
