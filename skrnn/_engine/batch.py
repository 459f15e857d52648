"""Some sequences of a data set, sorted by falling length, ready to be cut into windows.

A ``Batch`` hands out one window at a time: packed rows (``packing.py``), cast to the dtype that is
computed in. Shapes: B sequences, T steps of the longest; N packed rows of a window, F inputs, K targets.

Alignment: with one target per sequence a batch is aligned at the end (all sequences end together, so k1
and k2 count back from each sequence's own end), with one target per step at the start.
"""

import numpy as np

from skrnn._engine.arithmetic import exact_sum
from skrnn._engine.lazy import lazy_property
from skrnn._engine.packing import Steps, Window


class Batch:
    """Some sequences of a data set, sorted by falling length (stable).

    Attributes
    ----------
    B, T : int
        Sequences, and steps of the longest.
    order : (B,) int
        ``rows[order]`` are the sequences as sorted.
    loss_weight_of_steps : (T,) float
        Sum over sequences of c(i, s), the weights of the losses, at every step of the batch.
    W : float
        Its sum.
    S : float
        Sum of the weights of the sequences, which the penalty is divided by: per-step weights count
        with their mean.
    """

    boundary = None  # the time axis has one part
    _n_of_steps = (
        None  # (T,) what W of the steps were if no step had a weight of its own; None: as they are
    )

    def __init__(self, data, rows, dtype):
        self.data, self.dtype = data, dtype
        self.at_end = not data.per_step
        self.B = len(rows)
        if data.is_rectangular:
            self.rows, self.lengths = np.asarray(rows), data.lengths[: self.B]
            self.order = np.arange(self.B)
            self.T = int(self.lengths[0])
        else:
            self._sort(rows)
        self.weight = data.weight[self.rows]
        if data.y is not None:
            self._add_up_weights()

    def _sort(self, rows):
        lengths = self.data.lengths[rows]
        self.order = np.argsort(-lengths, kind="stable")
        self.rows, self.lengths = np.asarray(rows)[self.order], lengths[self.order]
        self.T = int(self.lengths[0])

    def n_alive(self, start, end):
        """How many sequences are alive at the steps start + 1..end."""
        if self.data.is_rectangular:
            return np.broadcast_to(self.B, (end - start,))
        at = np.arange(start, end)
        if self.at_end:
            return np.searchsorted(self.joins, at, side="right")
        return self.B - np.searchsorted(self.lengths[::-1], at, side="right")

    @lazy_property
    def joins(self):
        """(B,) the first step of the batch at which each sequence is alive."""
        return self.T - self.lengths if self.at_end else np.zeros_like(self.lengths)

    def initial_state(self, network):
        """The state before the first step."""
        state = network.initial_state(self.B)
        if self.data.start is None:
            return state
        layers = [[tuple(s[self.rows] for s in layer)] for layer in self.data.start]
        return state._replace(layers=layers)

    def steps(self, start, end):
        """The steps start + 1..end as ``Steps``."""
        return Steps(self.n_alive(start, end), self.B)

    def window(self, start, first, end, keep=None):
        """The steps start + 1..end as a ``Window``.

        Outputs are read after the step ``first``, where there is a use for any; the state is kept that
        stands after the step ``keep``, by default the last.
        """
        if self.at_end and not self.data.replication:  # one target, read at the end of the batch
            first = max(first, min(self.T - 1, end))
        steps = Steps(self.n_alive(start, end), self.B)
        return Window(self.X(steps, start), steps, first - start, None if keep is None else keep - start)

    def _index(self, steps, start):
        """Sequence of the data set and its own step, for every packed row of a window."""
        sequence = steps.sequence
        return self.rows[sequence], start + steps.time - self.joins[sequence]

    def X(self, steps, start):
        """(N, F) inputs of the window that begins after step ``start``; ``no_input`` past the end."""
        data, dtype = self.data.X, self.data.X.dtype or self.dtype
        if self.data.is_rectangular:
            values = data.take_window(self.rows, start, steps.T)
            X = values.astype(dtype, order="C", copy=False).reshape(steps.N, -1)
        else:
            rows, times = self._index(steps, start)
            if self.data.delay:
                known = times < data.lengths[rows]
                X = np.full((steps.N, data.n_features), data.no_input, dtype=dtype)
                X[known] = data.take(rows[known], times[known])
            else:
                X = data.take(rows, times).astype(dtype, copy=False)
        return X[:, 0] if data.dtype else X

    def targets(self, steps, start):
        """(N, K) targets of the window's rows, and (N,) their weights u(i, s)."""
        data = self.data
        if start == self.T - 1 and not (data.per_step or data.replication):
            u = np.ones(self.B) if data.inner_weight is None else data.inner_weight[self.rows]
            return self._cast(data.y[self.rows]), u
        rows, times = self._index(steps, start)
        if data.per_step:
            times = times - data.delay
            y = self._cast(data.y.take(rows, np.maximum(times, 0)))
            if data.inner_weight is None:
                u = np.ones(steps.N)
            else:
                u = data.inner_weight.take(rows, np.maximum(times, 0))[:, 0]
            return y, np.where(times >= 0, u, 0.0)
        a, T = data.replication, data.lengths[rows]
        u = a / T + (1 - a) * (times == T - 1)
        if data.inner_weight is not None:
            u = u * data.inner_weight[rows]
        return self._cast(data.y[rows]), u

    def flat_positions(self, steps, start):
        """Where, in flat storage of per-step targets, the outputs of a window's rows belong.

        Returns the positions and the mask of the rows that have one (none before the delay).
        """
        rows, times = self._index(steps, start)
        times = times - self.data.delay
        valid = times >= 0
        return (self.data.X.offsets[rows] + times)[valid], valid

    def positions_in_X(self):
        """``flat_positions`` of the steps of X that the rows of the whole batch read.

        Returns the positions and the mask of the rows that read one: a delay adds steps that are none of
        X.
        """
        X, (rows, times) = self.data.X, self._index(self.steps(0, self.T), 0)
        is_of_X = times < X.lengths[rows]
        return (X.offsets[rows] + times)[is_of_X], is_of_X

    def relative_weight(self, first, end):
        """How heavy the steps first + 1..end are, those of the whole batch are 1 on average.

        Only the steps' own weights count: whole sequences of a larger weight stand for copies of them.
        """
        if self._n_of_steps is None:
            return 1.0
        w, n = self.loss_weight_of_steps[first:end].sum(), self._n_of_steps[first:end].sum()
        return w / n * (self._n_of_steps.sum() / self.W)

    def _cast(self, values):
        return values.astype(self.dtype, copy=False)

    def _add_up_weights(self):
        data = self.data
        if data.per_step:
            self._add_up_weights_of_steps()
            return
        self.loss_weight_of_steps = np.zeros(self.T)
        inner = data.inner_weight
        if inner is None:
            c = self.weight
            self.W = self.S = float(c.sum())
        else:
            c = self.weight * inner[self.rows]
            self.W = self.S = float(exact_sum(inner[self.rows, None], self.weight)[0])
        if data.replication:
            c_so_far = np.cumsum(c * data.replication / self.lengths)  # of the first so many sequences
            self.loss_weight_of_steps[:] = c_so_far[self.n_alive(0, self.T) - 1]
        self.loss_weight_of_steps[-1] += self.W * (1 - data.replication)

    def _add_up_weights_of_steps(self):
        data = self.data
        n_targets = self.lengths - data.delay
        share = 1.0 if data.share is None else data.share[self.rows]
        if data.inner_weight is None:
            self.loss_weight_of_steps = np.cumsum(self.weight)[self.n_alive(0, self.T) - 1]
            self.loss_weight_of_steps[: data.delay] = 0
            self.W = float((self.weight * n_targets).sum())
            self.S = float((self.weight * share).sum())
            return
        u = data.inner_weight.gather(self.rows)[:, 0]
        sequence = np.repeat(np.arange(self.B), n_targets)
        step = data.delay + np.arange(len(u)) - np.repeat(np.cumsum(n_targets) - n_targets, n_targets)
        c = u * self.weight[sequence]
        self.loss_weight_of_steps = np.bincount(step, c, minlength=self.T)
        if not data.has_equal_steps:
            self._n_of_steps = np.bincount(step, (u > 0) * self.weight[sequence], minlength=self.T)
        per_sequence = np.bincount(sequence, u, minlength=self.B)
        self.W = float(exact_sum(per_sequence[:, None], self.weight)[0])
        self.S = float(exact_sum((per_sequence / n_targets * share)[:, None], self.weight)[0])
