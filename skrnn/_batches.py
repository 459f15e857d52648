"""Sequences in memory, and the batches that training cuts from them.

Inside the package there is one representation of data: ``Sequences`` holds n sequences of lengths
T_i as they came (a dense array is a view, nothing is converted), and hands out the packed rows
(``_packing.py``) of one window at a time, cast to the dtype that is computed in. A ``Dataset`` adds
targets and weights, a ``Batch`` is some of its sequences sorted by falling length.

Alignment: with one target per sequence a batch is aligned at the end (all sequences end together,
so k1 and k2 count back from each sequence's own end), with one target per step at the start.

Every loss has a weight c(i, s) = w_i u(i, s), fixed by the whole sequence: w_i is the sample weight,
u holds the rest (weights of steps and classes, target replication).
"""

from functools import cached_property

import numpy as np

from skrnn._packing import Steps
from skrnn._sums import exact_sum


class Sequences:
    """n sequences of (T_i, F) values.

    Parameters
    ----------
    values : (n, T, F) array, or (sum of T_i, F) array with ``lengths``
    lengths : (n,) int, optional
    """

    def __init__(self, values, lengths=None):
        self.values = values
        self.is_dense = lengths is None
        if self.is_dense:
            lengths = np.full(len(values), values.shape[1])
        self.lengths = np.asarray(lengths, dtype=np.intp)
        self.starts = np.cumsum(self.lengths) - self.lengths

    def __len__(self):
        return len(self.lengths)

    @property
    def n_features(self):
        return self.values.shape[-1]

    def take(self, rows, times):
        """(N, F) values of step ``times[k]`` of sequence ``rows[k]``."""
        if self.is_dense:
            return self.values[rows, times]
        return self.values[self.starts[rows] + times]

    def select(self, rows):
        """The sequences ``rows`` as a new object."""
        if self.is_dense:
            return Sequences(self.values[rows])
        return Sequences(self.values[self.flat_index(rows)], self.lengths[rows])

    def where(self, position):
        """Sequence and step of a position in flat storage."""
        sequence = int(np.searchsorted(self.starts, position, side="right")) - 1
        return sequence, int(position - self.starts[sequence])

    def flat_index(self, rows):
        """Positions, in flat storage, of all steps of ``rows``."""
        lengths = self.lengths[rows]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(self.starts[rows], lengths) + within

    def flat(self):
        """(sum of T_i, F): all steps, sequence after sequence."""
        return self.values.reshape(-1, self.n_features) if self.is_dense else self.values


class Dataset:
    """Sequences with targets and weights.

    Parameters
    ----------
    X : Sequences of (T_i, F)
    y : (n, K) array for one target per sequence, or Sequences of (T_i, K); None without targets
    weight : (n,) float, optional
        w_i; default ones.
    step_weight : Sequences of (T_i, 1), optional
        With targets per step, their own weights. Default ones.
    class_weight : (n,) array or Sequences of (T_i, 1), optional
        Weights of the targets' classes, shaped as the targets. Default ones.
    delay : int
        The output for step t is read after step t + delay; X goes on with zeros.
    replication : float
        Share of the loss of a sequence's only target given to its intermediate steps.
    per_step : bool, optional
        Needed without targets: whether there would be one per step.
    """

    def __init__(
        self, X, y=None, weight=None, *, step_weight=None, class_weight=None, delay=0, replication=0.0,
        per_step=None,
    ):  # fmt: skip
        self.X, self.y = X, y
        self.weight = np.ones(len(X)) if weight is None else weight
        self.step_weight, self.class_weight = step_weight, class_weight
        self.inner_weight = product_of_weights(step_weight, class_weight)
        self.delay, self.replication = delay, replication
        self.per_step = isinstance(y, Sequences) if per_step is None else per_step
        self.lengths = X.lengths + delay
        # all equally long: a batch needs no sorting, and no index for every row
        self.is_rectangular = X.is_dense and not delay

    def __len__(self):
        return len(self.X)

    def select(self, rows):
        """The sequences ``rows`` as a new data set."""

        def of(values):
            return values.select(rows) if isinstance(values, Sequences) else values[rows]

        return Dataset(
            self.X.select(rows), of(self.y), self.weight[rows],
            step_weight=None if self.step_weight is None else of(self.step_weight),
            class_weight=None if self.class_weight is None else of(self.class_weight),
            delay=self.delay, replication=self.replication,
        )  # fmt: skip

    def without_zero_weights(self):
        """The sequences that have any weight: a weight of zero means left out."""
        has_weight = self.weight > 0
        if self.inner_weight is not None:
            inner = self.inner_weight
            if self.per_step:
                inner = np.add.reduceat(inner.flat()[:, 0], inner.starts)
            has_weight &= inner > 0
        return self if has_weight.all() else self.select(np.flatnonzero(has_weight))

    def flat_targets(self):
        """Targets (rows, K), sample weights and loss weights (rows,) of all sequences, or all steps.

        Sample weights are what a score counts with; a loss also counts with the class weights.
        """
        if not self.per_step:
            factor = 1.0 if self.class_weight is None else self.class_weight
            return self.y, self.weight, self.weight * factor
        weight = np.repeat(self.weight, self.X.lengths)
        step, inner = (
            1.0 if values is None else values.flat()[:, 0]
            for values in (self.step_weight, self.inner_weight)
        )
        return self.y.flat(), weight * step, weight * inner

    def split_tail(self, fraction):
        """Of a single sequence with targets per step: two data sets, weight on its head and on its tail.

        The tail is entered with the state carried through the head; the head goes on for as many steps
        as its delayed targets need.
        """
        T = int(self.X.lengths[0])
        head = T - max(2, round(fraction * T))  # R^2 needs two
        own = np.ones((T, 1)) if self.step_weight is None else self.step_weight.flat()
        if head < 1 or not (own[:head].any() and own[head:].any()):
            raise ValueError(
                f"A sequence of {T} steps is too short to hold out validation_fraction={fraction} of it, "
                "or all its weights lie on one side."
            )
        in_head = np.arange(T)[:, None] < head
        return (
            self._first_steps(min(head + self.delay, T), np.where(in_head, own, 0.0)),
            self._first_steps(T, np.where(in_head, 0.0, own)),
        )

    def _first_steps(self, T, step_weight):
        """The first T steps of a single sequence, with other weights."""

        def first(values):
            return None if values is None else Sequences(values.flat()[:T], [T])

        return Dataset(
            first(self.X), first(self.y), self.weight, step_weight=Sequences(step_weight[:T], [T]),
            class_weight=first(self.class_weight), delay=self.delay,
        )  # fmt: skip


def product_of_weights(step_weight, class_weight):
    """What u(i, s) holds besides target replication; None for ones."""
    if step_weight is None or class_weight is None:
        return class_weight if step_weight is None else step_weight
    return Sequences(step_weight.flat() * class_weight.flat(), class_weight.lengths)


class Batch:
    """Some sequences of a data set, sorted by falling length (stable), ready to be windowed.

    Attributes
    ----------
    B, T : int
        Sequences, and steps of the longest.
    order : (B,) int
        ``rows[order]`` are the sequences as sorted.
    step_weight : (T,) float
        Sum over sequences of c(i, s) at every step of the batch.
    W : float
        Sum of ``step_weight``.
    S : float
        Sum of the weights of the sequences, which the penalty is divided by: per-step weights count
        with their mean.
    """

    def __init__(self, data, rows, dtype):
        self.data, self.dtype = data, dtype
        self.at_end = not data.per_step
        self.B = len(rows)
        if data.is_rectangular:
            self.rows, self.lengths = np.asarray(rows), data.lengths[: self.B]
            self.order = np.arange(self.B)
            self.T = int(self.lengths[0])
            self.alive = np.full(self.T, self.B)
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
        at = np.arange(self.T)
        if self.at_end:
            self.alive = np.searchsorted(self.joins, at, side="right")
        else:
            self.alive = self.B - np.searchsorted(self.lengths[::-1], at, side="right")

    @cached_property
    def joins(self):
        """(B,) the first step of the batch at which each sequence is alive."""
        return self.T - self.lengths if self.at_end else np.zeros_like(self.lengths)

    def steps(self, start, end):
        """The window (start, end] as ``Steps``."""
        return Steps(self.alive[start:end], self.B)

    def _index(self, steps, start):
        """Sequence of the data set and its own step, for every packed row of a window."""
        sequence = steps.sequence
        return self.rows[sequence], start + steps.time - self.joins[sequence]

    def X(self, steps, start):
        """(N, F) inputs of the window that begins after step ``start``; zeros past the end."""
        if self.data.is_rectangular:
            values = self.data.X.values.swapaxes(0, 1)[start : start + len(steps), self.rows]
            return values.astype(self.dtype, order="C", copy=False).reshape(steps.N, -1)
        rows, times = self._index(steps, start)
        if not self.data.delay:
            return self._cast(self.data.X.take(rows, times))
        inside = times < self.data.X.lengths[rows]
        X = np.zeros((steps.N, self.data.X.n_features), dtype=self.dtype)
        X[inside] = self.data.X.take(rows[inside], times[inside])
        return X

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
        return (self.data.X.starts[rows] + times)[valid], valid

    def _cast(self, values):
        return values.astype(self.dtype, copy=False)

    def first_read(self, first, end):
        """The first step after ``first`` at which an output is read; ``end`` if there is none.

        One target without replication is read once, at the end of the batch.
        """
        if self.at_end and not self.data.replication:
            return max(first, min(self.T - 1, end))
        return first

    def _add_up_weights(self):
        data = self.data
        if data.per_step:
            self._add_up_weights_of_steps()
            return
        self.step_weight = np.zeros(self.T)
        inner = data.inner_weight
        if inner is None:
            c = self.weight
            self.W = self.S = float(c.sum())
        else:
            c = self.weight * inner[self.rows]
            self.W = self.S = float(exact_sum(inner[self.rows, None], self.weight)[0])
        if data.replication:
            self.step_weight[:] = np.cumsum(c * data.replication / self.lengths)[self.alive - 1]
        self.step_weight[-1] += self.W * (1 - data.replication)

    def _add_up_weights_of_steps(self):
        data = self.data
        n_targets = self.lengths - data.delay
        if data.inner_weight is None:
            self.step_weight = np.cumsum(self.weight)[self.alive - 1]
            self.step_weight[: data.delay] = 0
            self.W = float((self.weight * n_targets).sum())
            self.S = float(self.weight.sum())
            return
        u = data.inner_weight.flat()[:, 0][data.inner_weight.flat_index(self.rows)]
        sequence = np.repeat(np.arange(self.B), n_targets)
        step = data.delay + np.arange(len(u)) - np.repeat(np.cumsum(n_targets) - n_targets, n_targets)
        self.step_weight = np.bincount(step, u * self.weight[sequence], minlength=self.T)
        per_sequence = np.bincount(sequence, u, minlength=self.B)
        self.W = float(exact_sum(per_sequence[:, None], self.weight)[0])
        self.S = float(exact_sum((per_sequence / n_targets)[:, None], self.weight)[0])
