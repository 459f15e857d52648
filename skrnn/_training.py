"""From epochs down to batches: the loop around TBPTT, for solvers that step and for L-BFGS.

Neither loop knows which cell, loss or solver it runs, nor scikit-learn.
"""

import numpy as np

from skrnn import _kernels
from skrnn._learner import DivergenceError, Gradient
from skrnn._tbptt import tbptt

# Rows of one block when a full-batch solver adds up its gradient: fixed, so that the sum is too.
FULL_BATCH_BLOCK = 256


def minibatches(data, batch_size, dtype, shuffle, random_state):
    """An endless supply of epochs, each an iterator of batches in a new order."""
    n = len(data)
    if batch_size >= n:
        whole = data.batch(np.arange(n), dtype)
        while True:
            yield [whole]
    while True:
        rows = random_state.permutation(n) if shuffle else np.arange(n)
        yield (data.batch(rows[k : k + batch_size], dtype) for k in range(0, n, batch_size))


@_kernels.keep_memory()
def train(
    network, loss, epochs, learner, schedule, monitor, history, report, *, k1, k2, max_iter,
    validate=None, truncation=None,
):  # fmt: skip
    """Train for at most ``max_iter`` epochs.

    Parameters
    ----------
    epochs : iterator of iterables of Batch
    schedule : one of ``SCHEDULES``
    monitor : Monitor
        Watches the validation loss if there is one, else the training loss.
    validate : callable, optional
        theta -> validation loss, validation score; called after every epoch.
    truncation : AutoTruncation, optional
        Chooses k2 before every epoch.

    Returns
    -------
    converged : bool
        Whether training ended as it should: by the monitor, or at the end of a schedule that is made
        for ``max_iter`` epochs.

    Raises
    ------
    DivergenceError
        Theta is then as it was when loss and gradient were last finite.
    KeyboardInterrupt
        Theta is then as it was after the last whole update.
    """
    for epoch, batches in zip(range(max_iter), epochs, strict=False):
        learner.start_epoch()
        depth = truncation.k2(network, learner.theta, loss, len(history.loss)) if truncation else k2
        learner.solver.learning_rate = schedule.rate(epoch)
        try:
            for batch in batches:
                tbptt(network, loss, batch, learner, k1, depth)
            learner.check_theta()
        except BaseException as error:
            learner.abandon(error)
            history.n_updates += learner.n_updates
            raise
        validation = validate(learner.theta) if validate else None
        n = max(learner.n_updates, 1)
        history.record(
            learner.loss / learner.weight + learner.penalty / n, learner.norm_sum / n,
            learner.n_clipped / n, learner.n_updates, validation, depth or k1,
        )  # fmt: skip
        report.epoch(history, epoch + 1)
        watched = validation[0] if validate else history.loss[-1]
        if monitor.record(watched, learner.theta):
            if not schedule.go_on_after_plateau():
                return True
            monitor.restart()
    return schedule.ends_with_max_iter


@_kernels.keep_memory()
def train_full_batch(network, loss, data, theta, solver, arithmetic, history, report, *, alpha):
    """Minimise the loss of the whole data by full BPTT with a solver that drives the evaluation.

    ``theta`` is changed in place after every iteration. Returns scipy's result object.
    """
    n = len(data)
    blocks = [
        data.batch(np.arange(k, min(k + FULL_BATCH_BLOCK, n)), network.dtype)
        for k in range(0, n, FULL_BATCH_BLOCK)
    ]
    W, S = sum(b.W for b in blocks), sum(b.S for b in blocks)
    latest = {}

    def function(x):
        gradient = Gradient(network, x.astype(theta.dtype), arithmetic, alpha=alpha)
        for block in blocks:
            tbptt(network, loss, block, gradient)
        penalty, g_norm = gradient.finish(1 / W, S)
        g = gradient.g.astype(np.float64)
        latest.update(value=gradient.loss / W + penalty, norm=g_norm)
        if "n_iter" not in latest:
            if not np.isfinite(latest["value"] + latest["norm"]):
                raise DivergenceError(at_start=True)
            latest.update(n_iter=0, start=(latest["value"], latest["norm"]))
        return latest["value"], g

    def callback(x):
        # the accepted point is the one evaluated last
        if not np.isfinite(latest["value"] + latest["norm"]):
            raise DivergenceError(at_start=False)
        theta[:] = x
        history.record(latest["value"], latest["norm"], 0.0, 1)
        latest["n_iter"] += 1
        report.epoch(history, latest["n_iter"])

    result = solver.minimize(function, theta, callback)
    if not latest["n_iter"]:  # nothing to improve, or no step that does
        history.record(*latest["start"], 0.0, 0)
    return result
