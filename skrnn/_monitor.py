"""Watching training: history, tolerance and patience, best weights, one line per epoch.

``History`` records what is published as curves; ``Monitor`` decides when to stop. To stop on
something else, pass another value to ``Monitor.record``.
"""

import time


class History:
    """The curves of a training run: one entry per finished epoch, kept over calls of fit.

    Attributes
    ----------
    loss, grad_norm, clipped_fraction : list of float
    validation_loss, validation_score : list of float
        Empty without validation data.
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
        self.k2.append(k2)
        if validation is not None:
            self.validation_loss.append(validation[0])
            self.validation_score.append(validation[1])

    def mark(self):
        """Where the history stands, for ``go_back``."""
        return {k: v if isinstance(v, int) else len(v) for k, v in vars(self).items()}

    def go_back(self, mark):
        """Forget what came after ``mark``."""
        self.n_updates = mark.pop("n_updates")
        for curve, length in mark.items():
            del getattr(self, curve)[length:]


class Monitor:
    """Stops when a value that should fall has not fallen by ``tol`` for too long.

    Parameters
    ----------
    tol : float
    n_iter_no_change : int or inf
        Epochs in a row without improvement that are tolerated.
    keep_best : bool
        Whether to remember the weights at the lowest value.

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
        self.count = self.count + 1 if value > self.best - self.tol else 0
        if value < self.best:
            self.best = value
            if self.keep_best:
                self.best_theta = theta.copy()
        return self.count > self.n_iter_no_change

    def restart(self):
        """Begin to count anew."""
        self.count = 0


class Report:
    """One line per epoch on standard output."""

    def __init__(self, verbose, max_iter):
        self.verbose, self.max_iter, self.start = verbose, max_iter, time.perf_counter()

    def epoch(self, history, n_iter):
        if not self.verbose:
            return
        line = f"Epoch {n_iter}/{self.max_iter}, loss {history.loss[-1]:.6g}"
        if history.validation_loss:
            line += f", validation loss {history.validation_loss[-1]:.6g}"
            line += f", validation score {history.validation_score[-1]:.4f}"
        line += f", gradient norm {history.grad_norm[-1]:.3g}"
        line += f", clipped {history.clipped_fraction[-1]:.0%}"
        print(f"{line}, {time.perf_counter() - self.start:.1f} s")
