"""Watching training: history, tolerance and patience, best weights, how far a run has come.

``History`` records what is published as curves; ``Monitor`` decides when to stop; ``Run`` is what, beside
weights and solver, an interrupted run needs in order to go on as if nothing had happened. To stop on
something else, pass another value to ``Monitor.record``.
"""

import math

import numpy as np


class History:
    """The curves of a training run: one entry per finished epoch, kept over calls of fit.

    Attributes
    ----------
    loss, grad_norm, clipped_fraction : list of float
    validation_loss, validation_score : list of float
        Empty without validation data; NaN for the epochs of calls that had none before one that has.
    k2 : list of int or None
        Steps that the gradient flowed back through; None: the whole sequences.
    n_updates : int
    """

    def __init__(self):
        self.loss, self.grad_norm, self.clipped_fraction = [], [], []
        self.validation_loss, self.validation_score = [], []
        self.k2 = []
        self.n_updates = 0

    def record(self, loss, grad_norm, clipped_fraction, n_updates, validation=None, k2=None):
        self.loss.append(loss)
        self.grad_norm.append(grad_norm)
        self.clipped_fraction.append(clipped_fraction)
        self.n_updates += n_updates
        self.k2.append(None if k2 is None else int(k2))
        if validation is not None:
            self._record_validation(*validation)

    def _record_validation(self, loss, score):
        for curve, value in ((self.validation_loss, loss), (self.validation_score, score)):
            curve += [math.nan] * (len(self.loss) - 1 - len(curve)) + [value]

    @property
    def is_validated(self):
        """Whether the latest epoch has a validation loss."""
        return bool(self.loss) and len(self.validation_loss) == len(self.loss)

    def copy(self):
        """Another history with the same curves, to go on from."""
        history = History()
        for name, value in vars(self).items():
            setattr(history, name, value if isinstance(value, int) else list(value))
        return history


class Monitor:
    """Stops when a value that should fall has not fallen by ``tol`` for too long.

    Parameters
    ----------
    tol : float or None
        None: it never stops.
    n_iter_no_change : int or inf
        Epochs in a row without improvement that are tolerated.
    keep_best : bool
        Whether to remember the weights at the lowest value, that of the validation loss.

    Attributes
    ----------
    best : float
        Lowest value so far.
    best_theta : (P,) array or None
        With ``keep_best``: the weights at that value.
    """

    def __init__(self, tol, n_iter_no_change, *, keep_best=False):
        self.tol, self.n_iter_no_change, self.keep_best = tol, n_iter_no_change, keep_best
        self.best, self.best_theta, self.count = float("inf"), None, 0

    def record(self, value, theta):
        """Take the value of an epoch; whether to stop."""
        unchanged = self.tol is not None and value > self.best - self.tol
        self.count = self.count + 1 if unchanged else 0
        if value < self.best:
            self.best = value
            if self.keep_best:
                self.best_theta = theta.copy()
        return self.count > self.n_iter_no_change

    def restart(self):
        """Begin to count anew."""
        self.count = 0


class Run:
    """One call of fit on its way.

    Parameters
    ----------
    max_iter : int
        Epochs that it may take.
    monitor : Monitor
    schedule : one of ``SCHEDULES``
    settings : dict
        What must be as it was if another call is to finish this one.
    drawn : object
        State of the random numbers at the start, from which held-out data are drawn; None if there are
        none to draw.
    is_part : bool
        Whether it is one pass over a part of the data: ``partial_fit``.

    Attributes
    ----------
    epoch : int
        Epochs that are done.
    done : bool
        Whether the monitor has ended the run.
    interrupted : bool
        Whether the user has ended it, maybe in the middle of an epoch.
    memories : object
        What the learner has to say of the latest update.
    theta : (P,) array or None
        In a copy of the run: the weights it has come to, where an estimator keeps better ones.
    """

    def __init__(self, max_iter, monitor, schedule, *, settings=None, drawn=None, is_part=False):
        self.max_iter, self.monitor, self.schedule = max_iter, monitor, schedule
        self.settings, self.drawn, self.is_part = settings, drawn, is_part
        self.epoch, self.done, self.interrupted = 0, False, False
        self.memories = self.theta = None

    def drawn_from(self, random_state):
        """Random numbers as they were, in ``random_state``, when the run began.

        At the start of a run these are its own, which it then uses up.
        """
        if not self.epoch or self.drawn is None:
            return random_state
        before = np.random.RandomState()
        before.set_state(self.drawn)
        return before

    def record(self, value, theta):
        """Take the watched value of one more epoch."""
        self.epoch += 1
        self.done = self.monitor.record(value, theta) and not self.schedule.is_whole
        if self.done and self.schedule.go_on_after_plateau():
            self.done = False
            self.monitor.restart()
