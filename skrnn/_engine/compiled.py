"""Whole epochs in one compiled call, where everything that trains has a compiled twin.

``CompiledEpochs`` does what ``training.py`` does with ``tbptt`` batch by batch, by ``_kernels``
(``training.hpp``): it gathers the rows of each batch where the data lie, runs its windows, and makes
the updates. That fits networks whose cell, poolings, loss and solver have twins, in FAST arithmetic,
without dropout of weights, without frozen ones and without categories beside numbers; else ``new``
returns None, and the loop of NumPy runs, which is the reference.

What is to fit, too, must be in ``training.cpp``, and no longer be excluded by ``fits``.
"""

from skrnn import _kernels
from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import DivergenceError, Learner
from skrnn._engine.network import Network
from skrnn._engine.observers import Observer
from skrnn._engine.pooling import POOLINGS, Last, Max, Mean

POOLING_TWINS = {Last: "last", Mean: "mean", Max: "max"}

# what ``Training.epoch`` returns of an update that was not made
NOT_FINITE = {-1: "loss", -2: "gradient"}


def fits(network, data, gradient):
    """Whether ``training.cpp`` does what these do together; the parts may still lack twins."""
    return (
        type(network) is Network
        and network.n_outputs > 0
        and not network.categories
        and gradient.weight_mask is None
        and gradient.frozen is None
        and gradient.arithmetic is FAST
        and type(data) is Dataset
    )


def new_training(network, loss, data, gradient):
    """The compiled ``Training`` on batches of ``data`` with a ``Gradient``, or None."""
    if not fits(network, data, gradient):
        return None
    poolings = [POOLING_TWINS.get(POOLINGS[name]) for name in network.poolings]
    return _kernels.training(network, poolings, loss, data, gradient)


class CompiledEpochs:
    """Epochs of TBPTT(k1, k2), each in one compiled call; in place of ``BatchByBatch``.

    Parameters
    ----------
    training : Training of ``_kernels``
    learner : Learner
    options : callable
        Of the solver: what its compiled twin takes.
    observers : list of Observer
    """

    gather = None  # batches are not gathered one by one

    def __init__(self, training, learner, options, observers):
        self.training, self.learner, self.options = training, learner, options
        self.ends = None if learner.ends is None else training.keep_ends()
        watching = [o.progress for o in observers if type(o).progress is not Observer.progress]
        self.progress = (lambda n: [watch(n) for watch in watching]) if watching else None

    @classmethod
    def new(cls, loss, data, learner, observers):
        """None, if something has no twin."""
        if type(learner) is not Learner:
            return None
        training = new_training(learner.network, loss, data, learner)
        options = training and _kernels.teach_training(training, learner)
        return options and cls(training, learner, options, observers)

    def __call__(self, epoch, k1, k2):
        """Train on every batch of an ``Epoch`` once."""
        learner, training = self.learner, self.training
        solver = learner.solver
        try:
            outcome = training.epoch(
                epoch.rows, epoch.batch_size, k1, k2, self.options(solver), solver.t, self.progress
            )
        finally:
            learner.take_over(training.sums, training.norms, training.t)
        if outcome:
            raise DivergenceError(NOT_FINITE[outcome], learner.is_at_start, learner.norms)
        if self.ends is not None:
            layers = [tuple(state[epoch.rows] for state in states) for states in self.ends]
            learner.ends.append((epoch.rows, layers))
