"""What the read-out sees of the top layer: its last state, the mean or the maximum so far.

A pooling is a state like the cells': it is carried from window to window, and at step s it stands
for steps 1..s. So it needs no look at the whole sequence and its value does not depend on where
the windows are cut.

Shapes: a packed window of N rows (``packing.py``), Q the width of the top layer; ``P`` holds the
pooled rows of the steps from ``first`` on.

To add one, write a class with ``initial_state``, ``forward`` and ``backward``, and enter it in
``POOLINGS``.
"""

import numpy as np

from skrnn._engine.packing import join, resize, split


class Last:
    """The state at the step itself."""

    def initial_state(self, B, Q, dtype):
        return ()

    def forward(self, H, steps, first, state, keep):
        return H[steps.offsets[first] :], (), None

    def backward(self, dP, steps, first, tape):
        """Gradient for the steps from ``first`` on; the earlier ones have none."""
        return dP, first


class Mean:
    """The mean over steps 1..s: a sum and a count."""

    def initial_state(self, B, Q, dtype):
        return np.zeros((B, Q), dtype=dtype), np.zeros((B, 1), dtype=dtype)

    def forward(self, H, steps, first, state, keep):
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
        return dH, 0


class Max:
    """The maximum over steps 1..s; on ties the earliest step has the gradient."""

    def initial_state(self, B, Q, dtype):
        return (np.full((B, Q), -np.inf, dtype=dtype),)

    def forward(self, H, steps, first, state, keep):
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
        return dH, 0


POOLINGS = {"last": Last, "mean": Mean, "max": Max}
