"""What the read-out sees of the top layer: its last state, the mean or the maximum so far, or several.

A pooling is a state like the cells': it is carried from window to window, and at step s it stands
for steps 1..s. So it needs no look at the whole sequence and its value does not depend on where
the windows are cut.

Shapes: a packed window of N rows (``packing.py``), B sequences, Q the width of the top layer; ``P`` holds
the pooled rows of the steps from ``first`` on. Several poolings stand side by side, each Q wide.
``final`` (B, Q) is given where a network in both directions is read after the last step: each direction's
own final state, which the last row of H does not hold. The way back gives dH of the steps from one on
(None for zeros), that step, and the gradient of ``final``, or None.

To add one, write a class with ``holds``, the names of what its state is made of, ``initial_state``,
``forward`` and ``backward``, and enter it in ``POOLINGS``; to name some of them together, enter them in
``SIDE_BY_SIDE``.
"""

from itertools import chain, islice

import numpy as np

from skrnn._engine.packing import join, resize, split


class Last:
    """The state at the step itself."""

    holds = ()

    def initial_state(self, B, Q, dtype):
        return ()

    def forward(self, H, steps, first, state, keep, final=None):
        if final is not None:
            return final, (), True
        return H[steps.offsets[first] :], (), False

    def backward(self, dP, steps, first, tape):
        """Gradient for the steps from ``first`` on; the earlier ones have none."""
        return (None, first, dP) if tape else (dP, first, None)


class Mean:
    """The mean over steps 1..s: a sum and a count."""

    holds = ("sum", "count")

    def initial_state(self, B, Q, dtype):
        return np.zeros((B, Q), dtype=dtype), np.zeros((B, 1), dtype=dtype)

    def forward(self, H, steps, first, state, keep, final=None):
        skip = steps.offsets[first]
        alive, rest = split(state, steps.n[0])
        P = np.empty((steps.N - skip, H.shape[1]), dtype=H.dtype)
        counts, kept = np.empty((len(P), 1), dtype=H.dtype), None
        for t in range(steps.T):
            if t == keep:
                kept = join(alive, rest)
            (total, count), rest = resize(alive, rest, steps.n[t])
            rows = steps.slices[t]
            alive = total + H[rows], count + 1
            if t >= first:
                read = slice(rows.start - skip, rows.stop - skip)
                counts[read] = alive[1]
                np.divide(*alive, out=P[read])
        return P, join(alive, rest) if kept is None else kept, counts

    def backward(self, dP, steps, first, tape):
        dP = dP / tape
        skip = steps.offsets[first]
        dH = np.empty((steps.N, dP.shape[1]), dtype=dP.dtype)
        dtotal = np.zeros((steps.B, dP.shape[1]), dtype=dP.dtype)
        for t in range(steps.T - 1, -1, -1):
            n, rows = steps.n[t], steps.slices[t]
            if t >= first:
                dtotal[:n] += dP[rows.start - skip : rows.stop - skip]
            dH[rows] = dtotal[:n]  # total_t = total_{t-1} + h_t
        return dH, 0, None


class Max:
    """The maximum over steps 1..s; on ties the earliest step has the gradient."""

    holds = ("maximum",)

    def initial_state(self, B, Q, dtype):
        return (np.full((B, Q), -np.inf, dtype=dtype),)

    def forward(self, H, steps, first, state, keep, final=None):
        skip = steps.offsets[first]
        alive, rest = split(state, steps.n[0])
        P = np.empty((steps.N - skip, H.shape[1]), dtype=H.dtype)
        higher, kept = np.empty(H.shape, dtype=bool), None
        for t in range(steps.T):
            if t == keep:
                kept = join(alive, rest)
            (top,), rest = resize(alive, rest, steps.n[t])
            rows = steps.slices[t]
            np.greater(H[rows], top, out=higher[rows])
            alive = (np.maximum(top, H[rows]),)
            if t >= first:
                P[rows.start - skip : rows.stop - skip] = alive[0]
        return P, join(alive, rest) if kept is None else kept, higher

    def backward(self, dP, steps, first, tape):
        skip = steps.offsets[first]
        dH = np.empty(tape.shape, dtype=dP.dtype)
        dtop = np.zeros((steps.B, dP.shape[1]), dtype=dP.dtype)
        for t in range(steps.T - 1, -1, -1):
            n, rows = steps.n[t], steps.slices[t]
            if t >= first:
                dtop[:n] += dP[rows.start - skip : rows.stop - skip]
            np.multiply(dtop[:n], tape[rows], out=dH[rows])  # top_t = max(top_{t-1}, h_t)
            dtop[:n] -= dH[rows]
        return dH, 0, None


class SideBySide:
    """Several poolings of the same states: P is (., number of them times Q), in their order.

    Parameters
    ----------
    parts : list of poolings
    """

    def __init__(self, parts):
        self.parts = parts
        self.holds = tuple(name for part in parts for name in part.holds)

    def initial_state(self, B, Q, dtype):
        return tuple(array for part in self.parts for array in part.initial_state(B, Q, dtype))

    def forward(self, H, steps, first, state, keep, final=None):
        state = iter(state)
        own = [tuple(islice(state, len(part.holds))) for part in self.parts]
        outs = [p.forward(H, steps, first, s, keep, final) for p, s in zip(self.parts, own, strict=True)]
        Ps, states, tapes = zip(*outs, strict=True)
        return np.hstack(Ps), tuple(chain.from_iterable(states)), tapes

    def backward(self, dP, steps, first, tape):
        parts = np.hsplit(dP, len(self.parts))
        dH, dfinal = np.zeros((steps.N, parts[0].shape[1]), dtype=dP.dtype), None
        for pooling, d, one in zip(self.parts, parts, tape, strict=True):
            dH_part, start, dlast = pooling.backward(d, steps, first, one)
            if dH_part is not None:
                dH[steps.offsets[start] :] += dH_part
            dfinal = dlast if dfinal is None else dfinal
        return dH, 0, dfinal


POOLINGS = {"last": Last, "mean": Mean, "max": Max}
SIDE_BY_SIDE = {"last_max": ("last", "max")}  # what has a name of its own


def names_of(pooling):
    """The keys of ``POOLINGS`` that a name, or a tuple of them, stands for."""
    if isinstance(pooling, str):
        return SIDE_BY_SIDE.get(pooling, (pooling,))
    return tuple(pooling)


def new_pooling(pooling):
    """The pooling of a name or of a tuple of keys of ``POOLINGS``."""
    parts = [POOLINGS[name]() for name in names_of(pooling)]
    return SideBySide(parts) if len(parts) > 1 else parts[0]
