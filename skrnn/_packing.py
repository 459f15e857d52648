"""The packed layout of a window: no padding, no mask.

The B sequences of a batch are sorted by falling length. At step t of a window the first
``n[t]`` of them are alive: aligned at the start n falls (rows leave), aligned at the end n
rises (rows join), and run backwards in time each becomes the other. A window's arrays hold
only what is alive, step after step: N = sum of n rows, of which step t owns

    rows ``offsets[t] : offsets[t + 1]``,   row ``offsets[t] + i`` being sequence i.

With equal lengths this is the plain time-major array (T, B, .) read as (T B, .).
"""

from itertools import pairwise

import numpy as np


class Steps:
    """The steps of one window: who is alive, and where its rows lie.

    Parameters
    ----------
    n : sequence of int
        Sequences alive at each step of the window.
    B : int
        Sequences of the whole batch, which is what states are sized by.
    """

    def __init__(self, n, B):
        self.n = n if isinstance(n, list) else list(map(int, n))
        self.B = B
        offsets = [0]
        for n_t in self.n:
            offsets.append(offsets[-1] + n_t)
        self.offsets = offsets
        self.N = offsets[-1]
        self.slices = [slice(a, b) for a, b in pairwise(offsets)]
        self.full = len(self.n) * B == self.N

    def __len__(self):
        return len(self.n)

    @property
    def sequence(self):
        """(N,) the sequence that each packed row belongs to."""
        if self.full:
            return np.tile(np.arange(self.B), len(self))
        return np.concatenate([np.arange(n_t) for n_t in self.n] or [np.empty(0, dtype=np.intp)])

    @property
    def time(self):
        """(N,) the step that each packed row belongs to."""
        return np.repeat(np.arange(len(self)), self.n)

    def pad(self, A):
        """(N, K) packed -> (T, B, K), zeros where a sequence is not alive."""
        if self.full:
            return A.reshape(len(self), self.B, A.shape[1])
        padded = np.zeros((len(self), self.B, A.shape[1]), dtype=A.dtype)
        padded[self.time, self.sequence] = A
        return padded

    def spread(self, v):
        """(B, K), one row per sequence -> (N, K), repeated at all of its steps."""
        return v[self.sequence]

    def tail(self, first):
        """The steps from ``first`` on, as a window of its own."""
        return Steps(self.n[first:], self.B) if first else self


def put(new, old):
    """``old`` (B, .) with its first rows replaced by ``new`` (n, .); copies nothing when n = B."""
    if len(new) == len(old):
        return new
    return np.concatenate((new, old[len(new) :]))
