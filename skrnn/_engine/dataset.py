"""Sequences with targets and weights: what is trained on, as a whole, in pieces, or split in two.

A ``Dataset`` is ``Sequences`` (``storage.py``) with targets and weights; batches are cut from it.
Shapes: n sequences of T_i steps, F inputs per step, K targets. Data of another kind, as ``pairs.py``,
have what training asks for: ``n``, ``select``, ``batch``, ``weighting``, ``without_zero_weights``
and ``flat_targets``.

Every loss has a weight c(i, s) = w_i u(i, s), fixed by the whole sequence: w_i is the sample weight,
u holds the rest (weights of steps and classes, target replication).
"""

import numpy as np

from skrnn._engine.batch import Batch
from skrnn._engine.lazy import lazy_property
from skrnn._engine.learner import Weighting
from skrnn._engine.storage import Sequences


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
        Whether there is one target per step; only needed without targets.
    start : list per layer of tuples of (n, H) arrays, optional
        The states that the sequences start from; default zeros. For one direction.
    share : (n,) float, optional
        Of sequences that are pieces: their shares of the whole ones, which the penalty counts.

    Attributes
    ----------
    n : int
        Sequences.
    lengths : (n,) int
        Steps of each that are read, the delay included.
    """

    def __init__(
        self, X, y=None, weight=None, *, step_weight=None, class_weight=None, delay=0, replication=0.0,
        per_step=None, start=None, share=None,
    ):  # fmt: skip
        self.X, self.y = X, y
        self.weight = np.ones(X.n) if weight is None else weight
        self.step_weight, self.class_weight = step_weight, class_weight
        self.inner_weight = product_of_weights(step_weight, class_weight)
        self.delay, self.replication = delay, replication
        self.per_step = isinstance(y, Sequences) if per_step is None else per_step
        self.start, self.share = start, share
        self.first_target = None  # (n,) the steps of the first targets, where X begins before them
        # X may have more steps than y: outputs with a delay read them
        self.lengths = (y if isinstance(y, Sequences) else X).lengths + delay
        self.n = len(self.lengths)
        # all equally long: a batch needs no sorting, and no index for every row
        self.is_rectangular = not delay and bool((self.lengths == self.lengths[:1]).all())

    def __len__(self):
        return self.n

    def _derive(self, take, **changes):
        """A new data set: ``take`` makes its X, y, weights and states of those of this one."""
        names = ("X", "y", "weight", "step_weight", "class_weight", "share")
        parts = {name: getattr(self, name) for name in names}
        parts = {name: None if part is None else take(part) for name, part in parts.items()}
        start = self.start and [tuple(take(s) for s in layer) for layer in self.start]
        data = type(self)(
            **(parts | changes), start=start, delay=self.delay, replication=self.replication,
            per_step=self.per_step,
        )  # fmt: skip
        data.first_target = None if self.first_target is None else take(self.first_target)
        return data

    def select(self, rows):
        """The sequences ``rows`` as a new data set."""
        return self._derive(lambda part: part.select(rows) if isinstance(part, Sequences) else part[rows])

    def pieces(self, n_pieces, shortest):
        """Every sequence cut into ``n_pieces`` contiguous ones, each no shorter than ``shortest`` steps.

        Of one sequence the lengths differ by one at most. For targets per step. The first piece starts
        from the state of its sequence, the others from zeros.
        """
        T = self.y.lengths
        n = np.maximum(1, np.minimum(n_pieces, T // shortest))
        rows = np.repeat(np.arange(len(T)), n)
        k = np.arange(len(rows)) - np.repeat(np.cumsum(n) - n, n)  # which piece of its sequence
        starts = k * T[rows] // n[rows]
        lengths = (k + 1) * T[rows] // n[rows] - starts
        known = np.minimum(lengths + self.delay, self.X.lengths[rows] - starts)

        def take(part):
            if part is self.X:
                return part.cut(rows, starts, known)
            if isinstance(part, Sequences):
                return part.cut(rows, starts, lengths)
            return part[rows]

        pieces = self._derive(take, share=lengths / T[rows])
        for layer in pieces.start or ():
            for state in layer:
                state[k > 0] = 0
        return pieces

    def batch(self, rows, dtype):
        """The sequences ``rows`` as a batch."""
        return Batch(self, rows, dtype)

    @property
    def has_equal_steps(self):
        """Whether all losses within a sequence weigh the same, but those that weigh nothing."""
        return not self.per_step or self.inner_weight is None or self._are_equal_steps

    @lazy_property
    def _are_equal_steps(self):
        inner = self.inner_weight.flat()[:, 0]
        return bool(((inner == np.repeat(self._largest, self.y.lengths)) | (inner == 0)).all())

    @lazy_property
    def _largest(self):
        """(n,) the largest weight of a step in each sequence; 1 where steps have none of their own."""
        if not self.per_step or self.inner_weight is None:
            return np.ones(self.n)
        return np.maximum.reduceat(self.inner_weight.flat()[:, 0], self.inner_weight.offsets)

    def weighting(self, batch_size, k1=None):
        """The ``Weighting`` of training in batches of so many sequences, updates every k1 steps.

        None where all losses weigh the same: then batches that differ in size, as the last one of an
        epoch often does, count the same. Sequences of one batch stand for copies of them.
        """
        n_batches, w = -(-self.n // batch_size), self.weight
        W = self._weight_of_sequences()
        if not self.has_equal_steps:  # what is drawn are steps
            c = np.repeat(w, self.y.lengths) * self.inner_weight.flat()[:, 0]
            steps = min(k1 or np.inf, self.lengths.mean())
            return Weighting(float(W.sum()) / n_batches, _spread(c), min(batch_size, self.n) * steps)
        c = w * self._largest if self.per_step else W
        if n_batches == 1 or _are_equal(c):
            return None
        return Weighting(float(W.sum()) / n_batches, _spread(c), batch_size)

    def _weight_of_sequences(self):
        """(n,) the weights of all losses of each."""
        w, inner = self.weight, self.inner_weight
        if not self.per_step:
            return w if inner is None else w * inner
        if inner is None:
            return w * self.y.lengths
        return w * np.add.reduceat(inner.flat()[:, 0], inner.offsets)

    def has_weight(self):
        """(n,) whether the sequences have any weight: one of zero means left out."""
        has_weight, inner = self.weight > 0, self.inner_weight
        if inner is None:
            return has_weight
        if self.per_step:
            return has_weight & np.logical_or.reduceat(inner.flat()[:, 0] > 0, inner.offsets)
        return has_weight & (inner > 0)

    def without_zero_weights(self):
        """The sequences that have any weight."""
        has_weight = self.has_weight()
        return self if has_weight.all() else self.select(np.flatnonzero(has_weight))

    def sample_of_targets(self, most=10**6):
        """``flat_targets``; of more than ``most`` only so many, evenly spread."""
        n = self.y.lengths.sum() if self.per_step else self.n
        if n <= most:
            return self.flat_targets()
        where = np.linspace(0, n - 1, most).astype(np.intp)
        if not self.per_step:
            return self.select(where).flat_targets()
        rows = np.searchsorted(self.y.offsets, where, side="right") - 1
        times = where - self.y.offsets[rows]
        step, inner = (
            1.0 if values is None else values.take(rows, times)[:, 0]
            for values in (self.step_weight, self.inner_weight)
        )
        return self.y.take(rows, times), self.weight[rows] * step, self.weight[rows] * inner

    def flat_targets(self):
        """Targets (rows, K), sample weights and loss weights (rows,) of all sequences, or all steps.

        Sample weights are what a score counts with; a loss also counts with the class weights.
        """
        if not self.per_step:
            factor = 1.0 if self.class_weight is None else self.class_weight
            return self.y, self.weight, self.weight * factor
        weight = np.repeat(self.weight, self.y.lengths)
        step, inner = (
            1.0 if values is None else values.flat()[:, 0]
            for values in (self.step_weight, self.inner_weight)
        )
        return self.y.flat(), weight * step, weight * inner

    def split_tail(self, fraction):
        """With targets per step: two data sets, one of the heads of all sequences, one of their tails.

        The tail is entered with the state carried through the head: its X is the whole of it. The head's
        X goes on for as many steps as its delayed targets need.
        """
        T = self.X.lengths
        least = 2 if len(T) == 1 else 1  # R^2 needs two
        head = T - np.minimum(np.maximum(least, np.rint(fraction * T).astype(np.intp)), T - 1)
        parts = [self._steps(0, head, np.minimum(head + self.delay, T)), self._steps(head, T - head, T)]
        if (T - head).sum() < 2 or not all(map(len, parts)):
            raise ValueError(
                f"{len(T)} sequence(s) of {T.sum()} steps are too short to hold out "
                f"validation_fraction={fraction} of them, or all weights lie on one side."
            )
        return parts

    def _steps(self, first, n, n_X):
        """The targets of ``n`` steps from ``first`` on, if there are any, with ``n_X`` steps of X."""
        rows = np.flatnonzero(n)
        first, n, n_X = (np.broadcast_to(v, self.n)[rows] for v in (first, n, n_X))

        def take(part):
            if part is self.X:
                return part.cut(rows, 0, n_X)
            return part.cut(rows, first, n) if isinstance(part, Sequences) else part[rows]

        data = self._derive(take)
        data.first_target = first if first.any() else None
        return data.without_zero_weights()

    def read_outputs(self, raw):
        """Of outputs (rows, K) for all steps of X those of the steps that have targets."""
        if self.first_target is None:
            return raw
        lengths = self.y.lengths
        offsets = np.cumsum(lengths) - lengths
        first = self.X.offsets + self.first_target
        return raw[np.repeat(first - offsets, lengths) + np.arange(lengths.sum())]


def _are_equal(weights):
    """Whether all weights are the same, but zeros, which leave something out."""
    top = weights.max(initial=0.0)
    return bool(((weights == top) | (weights == 0)).all())


def _spread(weights):
    """Squared coefficient of variation of those that are not zero."""
    weights = weights[weights > 0]
    return float(weights.var() / weights.mean() ** 2)


def product_of_weights(step_weight, class_weight):
    """What u(i, s) holds besides target replication; None for ones."""
    if step_weight is None or class_weight is None:
        return class_weight if step_weight is None else step_weight
    return Sequences(step_weight.flat() * class_weight.flat(), class_weight.lengths)
