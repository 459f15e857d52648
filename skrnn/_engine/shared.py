"""One model trained by several processes side by side, each on the sequences that it has: data-parallel.

Every rank runs the whole loop on the same weights, knows lengths, targets and weights of all n sequences,
but X only of its own. So batches, windows, weights of losses, held-out data and stops are those of one
process by construction; what talks is the sum of the gradients, once for every update, and the outputs
for validation data. The sum is taken in the order of the ranks: all of them stay equal to the last bit.

A communicator has ``rank``, ``size`` and one method, ``sum(values)``: the sum of an array over the ranks,
in their order, a new array, the same on all of them.

Shapes: n sequences of all ranks, N rows of the storage of one; P weights; B sequences of a batch.
"""

import pickle

import numpy as np

from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.inference import outputs
from skrnn._engine.learner import Learner
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import advance, learn_window, plan
from skrnn._engine.training import Evaluation


class Alone:
    """The communicator of a process that trains alone."""

    rank, size = 0, 1

    def sum(self, values):
        """The values themselves."""
        return values.copy()


def exchange(communicator, value):
    """What every rank has passed, in the order of the ranks; anything that can be pickled."""
    if communicator.size == 1:
        return [value]
    packed = np.frombuffer(pickle.dumps(value, protocol=5), dtype=np.uint8)
    rank = communicator.rank
    lengths = np.zeros(communicator.size, dtype=np.int64)
    lengths[rank] = len(packed)
    total = _checked_sum(communicator, lengths)
    if total[rank] != len(packed) or (total <= 0).any():
        raise ValueError(
            f"communicator.sum does not add up what the {communicator.size} ranks pass: of an array in "
            f"which each rank sets its own entry, it gave rank {rank} back {total.tolist()}."
        )
    ends = np.cumsum(total)
    everything = np.zeros(int(ends[-1]), dtype=np.uint8)
    everything[ends[rank] - len(packed) : ends[rank]] = packed
    parts = np.split(_checked_sum(communicator, everything), ends[:-1])
    return [pickle.loads(part.tobytes()) for part in parts]


def _checked_sum(communicator, values):
    """The sum over the ranks; a TypeError if it is no array like the values."""
    total = communicator.sum(values)
    if not isinstance(total, np.ndarray) or (total.shape, total.dtype) != (values.shape, values.dtype):
        raise TypeError(
            "communicator.sum must return an array of the shape and type of what it is passed, "
            f"{values.shape} of {values.dtype}, got {type(total).__name__}"
            + (f" {total.shape} of {total.dtype}." if isinstance(total, np.ndarray) else ".")
        )
    return total


class SharedSequences(Sequences):
    """Sequences of which only some are here; of the others the lengths are known.

    Parameters
    ----------
    own : Sequences
        Those that are here.
    rows : (len(own),) int
        Their numbers among all.
    lengths : (n,) int
        Of all.

    Attributes
    ----------
    here : (n,) bool
        Which of them are here.
    """

    def __init__(self, own, rows, lengths):
        vars(self).update(vars(own))
        self.own = own
        self.here = np.zeros(len(lengths), dtype=bool)
        self.here[rows] = True
        starts = np.zeros(len(lengths), dtype=np.intp)
        starts[rows] = own.starts
        if own.block is not None:
            self.block = np.zeros(len(lengths), dtype=np.intp)
            self.block[rows] = own.block
        self._set(starts, np.asarray(lengths, dtype=np.intp))
        self.rows_are_steps = self.is_whole = False  # targets are those of sequence after sequence

    def cut(self, rows, starts, lengths):
        """Steps ``starts`` .. of the sequences ``rows`` as a new object; the storage is shared."""
        piece = super().cut(rows, starts, lengths)
        piece.here = self.here[rows]
        return piece

    def same_steps(self, values):
        """Sequences of the same lengths, of values of all steps, sequence after sequence."""
        return Sequences(values, self.lengths)


class SharedBatch(Batch):
    """A batch of all ranks, of which some sequences are here.

    Attributes
    ----------
    mine : Batch or None
        Of the sequences that are here.
    """

    def __init__(self, data, rows, dtype):
        super().__init__(data, rows, dtype)
        at = np.flatnonzero(data.X.here[rows])  # places of those that are here in the batch as drawn
        self.mine = Batch(data, np.asarray(rows)[at], dtype) if len(at) else None
        if self.mine is not None:
            self.order = at[self.mine.order]  # masks are drawn for all, and sorted as those here are

    def here(self, start, first, end):
        """A window of the batch as one of ``mine``; None where nothing of it is here."""
        if self.mine is None:
            return None
        if self.at_end:
            late = self.T - self.mine.T
            return None if end <= late else (max(start - late, 0), max(first - late, 0), end - late)
        end = min(end, self.mine.T)
        return None if first >= end else (start, first, end)


class SharedData(Dataset):
    """A data set whose X are ``SharedSequences``: lengths, targets and weights of all, X of some."""

    def batch(self, rows, dtype):
        """The sequences ``rows`` as a batch."""
        return SharedBatch(self, rows, dtype)


def shared_tbptt(network, loss, batch, learner, k1=None, k2=None):
    """``tbptt`` of a ``SharedBatch``: its windows, each with what is here, and all its updates."""
    windows = list(plan(batch, k1, k2))
    here = [batch.here(*window[:3]) for window in windows]
    J, mine, since = sum(update for *_, update in windows), batch.mine, None
    learner.begin(batch)
    state, at = mine and mine.initial_state(network), 0
    for k, (_, first, end, update) in enumerate(windows):
        since = first if since is None else since
        if here[k] is not None:
            start = here[k][0]
            if at < start:
                state = advance(network, mine, learner, state, at, start)
            following = next((one for one in here[k + 1 :] if one is not None), None)
            at = min(following[0], here[k][2]) if following else here[k][2]
            state = learn_window(network, loss, mine, learner, state, (*here[k], at))
        if update:
            learner.update(J / batch.W, batch.S, batch.relative_weight(since, end))
            since = None
    learner.end(batch, None)


def sum_up(communicator, g, loss):
    """Make of g (P,) its sum over the ranks; returns the sum of the losses."""
    everything = np.empty(len(g) + 2, dtype=g.dtype)
    # the loss as two numbers, so that it is not rounded to the type of the weights
    high = g.dtype.type(loss)
    everything[:-2], everything[-2], everything[-1] = g, high, loss - float(high)
    total = _checked_sum(communicator, everything)
    g[:] = total[:-2]
    return float(total[-2]) + float(total[-1])


class SharedLearner(Learner):
    """A ``Learner`` whose updates are those of the gradients of all ranks.

    Parameters
    ----------
    communicator : object
    arguments, options
        As for ``Learner``.
    """

    def __init__(self, communicator, *arguments, **options):
        self.communicator, self._known = communicator, 0.0
        super().__init__(*arguments, **options)

    def start_epoch(self):
        super().start_epoch()
        self._known = 0.0  # of the loss, that of all ranks

    def update(self, scale, S, relative_weight=1.0):
        """One update of theta from the gradients gathered by all ranks."""
        self._sum_up(self)
        super().update(scale, S, relative_weight)
        self._known = self.loss

    def _sum_up(self, gradient):
        known = self._known if gradient is self else 0.0
        gradient.loss = known + sum_up(self.communicator, gradient.g, gradient.loss - known)

    def check_last(self, evaluate):
        """As ``Learner``, with the gradient of the last batch on all ranks."""

        def evaluate_all():
            gradient = evaluate()
            self._sum_up(gradient)
            return gradient

        super().check_last(evaluate_all)


class SharedEvaluation(Evaluation):
    """The loss of the data of all ranks and its gradient, for solvers that drive their evaluation."""

    def __init__(self, communicator, *arguments):
        self.communicator = communicator
        super().__init__(*arguments)

    def gather(self, gradient):
        """Add the losses of all ranks, and their gradients."""
        for block in self.blocks:
            shared_tbptt(self.network, self.loss, block, gradient)
        gradient.loss = sum_up(self.communicator, gradient.g, gradient.loss)


def shared_outputs(communicator, network, theta, data):
    """Raw outputs for all sequences of ``SharedData``, on every rank.

    Returns
    -------
    (n, K) for one target per sequence; else flat (sum of T_i, K), sequence after sequence.
    """
    X, rows = data.X, np.flatnonzero(data.X.here)
    n = int(X.lengths.sum()) if data.per_step else X.n
    everything = np.zeros((n, network.n_outputs), dtype=network.dtype)
    if len(rows):
        own = X.select(rows)
        raw = outputs(network, theta, own, network.dtype, per_step=data.per_step, delay=data.delay)
        everything[_places(X, rows) if data.per_step else rows] = raw
    return communicator.sum(everything)


def _places(X, rows):
    """Where the steps of some sequences stand if all stand one after the other."""
    lengths = X.lengths[rows]
    before = np.cumsum(lengths) - lengths
    return np.repeat(X.offsets[rows] - before, lengths) + np.arange(int(lengths.sum()))
