"""From epochs down to batches: the loop around TBPTT, for solvers that step and for L-BFGS.

``train`` and ``train_full_batch`` change theta, a flat vector of P weights, in place; batches and
windows are those of ``tbptt.py``. Neither loop knows which cell, loss or solver it runs, nor
scikit-learn. A solver of either kind is added in ``solvers.py``.
"""

from collections import deque
from functools import partial

import numpy as np

from skrnn import _kernels
from skrnn._engine.compiled import CompiledEpochs
from skrnn._engine.learner import N_NORMS, DivergenceError, Gradient
from skrnn._engine.tbptt import tbptt

# Sequences of one block when a full-batch solver adds up its gradient: fixed, so that the sum is too.
FULL_BATCH_BLOCK = 256


class Epoch:
    """The batches of one pass over a data set, made when they are asked for.

    Attributes
    ----------
    data : Dataset or Pairs
    rows : (n,) int
        The order of the sequences.
    batch_size : int
    """

    def __init__(self, data, dtype, rows, batch_size):
        self.data, self.dtype, self.rows, self.batch_size = data, dtype, rows, batch_size
        # the only batch, which is the same in all epochs, prepares its windows once
        self._whole = None

    def __iter__(self):
        if self.batch_size < len(self.rows):
            return (self.batch(k) for k in range(0, len(self.rows), self.batch_size))
        if self._whole is None:
            self._whole = self.batch(0)
        return iter([self._whole])

    def batch(self, first):
        """The batch whose first sequence has that place in the order."""
        return self.data.batch(self.rows[first : first + self.batch_size], self.dtype)

    def last(self):
        """Its last batch."""
        return self.batch((len(self.rows) - 1) // self.batch_size * self.batch_size)


class Epochs:
    """An endless supply of epochs, each with batches in a new order; of one batch if that holds all."""

    def __init__(self, data, batch_size, dtype, shuffle, random_state):
        self.data, self.batch_size, self.dtype = data, batch_size, dtype
        self.shuffle, self.random_state = shuffle and batch_size < data.n, random_state
        self._in_order = Epoch(data, dtype, np.arange(data.n), batch_size)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.shuffle:
            return self._in_order
        return Epoch(self.data, self.dtype, self.random_state.permutation(self.data.n), self.batch_size)


def tell(observers, what, *arguments):
    """Call that method of all observers; whether one of them ends training."""
    answers = [getattr(observer, what)(*arguments) for observer in observers]  # every one is told
    return any(answers)


@_kernels.keep_memory()
def train(
    loss, epochs, learner, run, history, observers, *, k1, k2, validate=None, truncation=None, gather=None
):  # fmt: skip
    """Train until ``run`` has taken all its epochs, or is done.

    Parameters
    ----------
    epochs : Epochs
    run : Run
        Its monitor watches the validation loss if it keeps the best weights, else the training loss.
    observers : list of Observer
        Every one is told, also if another has ended training.
    validate : callable, optional
        theta -> validation loss, validation score; called after every epoch.
    truncation : AutoTruncation, optional
        Chooses k2 before every epoch.
    gather : callable, optional
        network, loss, batch, learner: makes the updates of a batch in place of TBPTT(k1, k2).

    Returns
    -------
    converged : bool
        Whether training ended as it should: by the monitor or an observer, or at the end of a schedule
        that is made for ``max_iter`` epochs.

    Raises
    ------
    DivergenceError
        Theta is then as it was when loss and gradient were last finite.
    KeyboardInterrupt
        Theta is then as it was after the last whole update.
    """
    if run.memories is not None:
        learner.remember(run.memories)
    one_pass = None if gather else CompiledEpochs.new(loss, epochs.data, learner, observers)
    one_pass = one_pass or BatchByBatch(loss, learner, observers, gather)
    for number, epoch in zip(range(run.epoch, run.max_iter), epochs, strict=False):
        if run.done or tell(observers, "begin_epoch", number):
            return True
        learner.solver.learning_rate = run.schedule.rate(number)
        depth = k2
        if truncation:
            depth = truncation.k2(learner.network, learner.theta, loss, len(history.loss))
        try:
            one_epoch(loss, epoch, learner, one_pass, k1, depth)
        except BaseException as error:
            learner.abandon(error)
            history.n_updates += learner.n_updates
            raise
        validation = validate(learner.theta) if validate else None
        means, run.memories = learner.means(), learner.memories()
        history.record(*means, learner.n_updates, validation, k2=depth or k1)
        watched = history.validation_loss if run.monitor.keep_best else history.loss
        run.record(watched[-1], learner.theta)
        if tell(observers, "end_epoch", history, number):
            return True
    return run.done or run.schedule.ends_with_max_iter


def one_epoch(loss, epoch, learner, one_pass, k1, k2):
    """Train on every batch once; the weights are finite afterwards, or a DivergenceError is raised."""
    learner.start_epoch()
    one_pass(epoch, k1, k2)

    def evaluate():
        gradient = Gradient(learner.network, learner.theta, learner.arithmetic)
        gather = one_pass.gather or partial(tbptt, k1=k1, k2=k2)
        gather(learner.network, loss, epoch.last(), gradient)
        return gradient

    learner.check_last(evaluate)


class BatchByBatch:
    """Epochs in Python: ``gather``, by default ``tbptt``, with one batch after the other."""

    def __init__(self, loss, learner, observers, gather=None):
        self.loss, self.learner, self.observers, self.gather = loss, learner, observers, gather

    def __call__(self, epoch, k1, k2):
        """Train on every batch of an ``Epoch`` once."""
        gather = self.gather or partial(tbptt, k1=k1, k2=k2)
        for batch in epoch:
            gather(self.learner.network, self.loss, batch, self.learner)
            tell(self.observers, "progress", batch.B)


@_kernels.keep_memory()
def train_full_batch(evaluation, theta, solver, run, history, observers, *, validate=None):
    """Minimise the loss of the whole data by full BPTT with a solver that drives the ``Evaluation``.

    ``theta`` is changed in place after every iteration, which is what observers take for an epoch.
    ``validate`` is called after each, as by ``train``; nothing is stopped or kept by what it says.
    Returns scipy's result object, or None if an observer has ended training.
    """
    iterations, before = Iterations(evaluation, theta, run, history, observers, validate), run.epoch
    try:
        result = solver.minimize(iterations.evaluate, theta[evaluation.trained], iterations.accept)
    except Stopped:
        return None
    if run.epoch == before:  # nothing to improve, or no step that does
        iterations.record(*evaluation.at_start, 0)
    return result


class Iterations:
    """What a solver that drives the evaluation calls: each of its iterations is an epoch."""

    def __init__(self, evaluation, theta, run, history, observers, validate=None):
        self.evaluation, self.theta, self.validate = evaluation, theta, validate
        self.run, self.history, self.observers = run, history, observers
        self.under_way = False  # whether an observed epoch has begun and not ended

    def evaluate(self, x):
        """Loss and gradient at x, the weights that are trained."""
        if not self.under_way and tell(self.observers, "begin_epoch", self.run.epoch):
            raise Stopped
        self.under_way = True
        theta = self.theta.copy()
        theta[self.evaluation.trained] = x
        value, g = self.evaluation(theta)
        tell(self.observers, "progress", self.evaluation.n)
        return value, g[self.evaluation.trained]

    def accept(self, x):
        """An iteration has come to x, the point evaluated last."""
        self.evaluation.check()
        self.theta[self.evaluation.trained] = x
        self.record(self.evaluation.value, self.evaluation.norm, 1)
        self.run.epoch += 1
        self.under_way = False
        if tell(self.observers, "end_epoch", self.history, self.run.epoch - 1):
            raise Stopped

    def record(self, value, norm, n_updates):
        """Write down an epoch that has ended at theta."""
        validation = self.validate(self.theta) if self.validate else None
        self.history.record(value, norm, 0.0, n_updates, validation)


class Stopped(Exception):  # noqa: N818 - a message to the loop around, not an error
    """An observer has ended training."""


class Evaluation:
    """The loss of the whole data and its gradient, block by block.

    Attributes
    ----------
    n : int
        Sequences of the data.
    value, norm : float
        Of the latest evaluation: the loss with its penalty, and the norm of the gradient.
    at_start : tuple
        Both, of the first evaluation.
    trained : index
        Of the weights that are not frozen.
    """

    def __init__(self, network, loss, data, arithmetic, alpha, frozen=None):
        self.network, self.loss, self.n = network, loss, data.n
        self.arithmetic, self.alpha, self.frozen = arithmetic, alpha, frozen
        self.trained = slice(None) if frozen is None else ~frozen
        self.blocks = [
            data.batch(np.arange(k, min(k + FULL_BATCH_BLOCK, self.n)), network.dtype)
            for k in range(0, self.n, FULL_BATCH_BLOCK)
        ]
        self.W, self.S = sum(b.W for b in self.blocks), sum(b.S for b in self.blocks)
        self.at_start, self.norms = None, deque(maxlen=N_NORMS)

    def gather(self, gradient):
        """Add the losses of all blocks, and their gradients."""
        for block in self.blocks:
            tbptt(self.network, self.loss, block, gradient)

    def __call__(self, theta):
        gradient = Gradient(self.network, theta, self.arithmetic, alpha=self.alpha, frozen=self.frozen)
        self.gather(gradient)
        penalty, self.norm = gradient.finish(1 / self.W, self.S)
        self.value = gradient.loss / self.W + penalty
        if self.at_start is None:
            self.at_start = self.value, self.norm
            self.check(at_start=True)
        return self.value, gradient.g.astype(np.float64)

    def check(self, at_start=False):
        """Raise a DivergenceError if the latest loss or gradient is not finite."""
        if not np.isfinite(self.value + self.norm):
            what = "gradient" if np.isfinite(self.value) else "loss"
            raise DivergenceError(what, at_start, self.norms)
        self.norms.append(self.norm)
