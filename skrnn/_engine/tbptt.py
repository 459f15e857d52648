"""Truncated backpropagation through time, TBPTT(k1, k2): one batch, window by window.

Every k1 steps the weights are updated from the losses of the newest k1 steps; each loss is used
exactly once; its gradient flows back through the newest k2 steps. The window of k2 steps is run
forward again with the current weights from the state stored at its start, so an update follows the
exact gradient of a function that can be written down,

    F_j(theta) = (J / W) sum over the windows (start, first, end] of update j,
                         sum over first < s <= end of c(i, s) l(y_s, f(z_start, x_start+1..s; theta))

with z_start, the state of every layer and of the pooling, held constant. J is the number of updates
of the batch, W the sum of its loss weights c: at frozen weights and k2 >= T the mean of the F_j is
the loss that fit reports, whatever k1.

Memory is that of one window, whatever T is: states are carried by value and inputs are fetched
window by window.

References
----------
.. [1] R. J. Williams, J. Peng, "An efficient gradient-based algorithm for on-line training of
   recurrent network trajectories", Neural Computation 2(4), 1990.
.. [2] I. Sutskever, "Training recurrent neural networks", PhD thesis, University of Toronto, 2013.
"""

from itertools import chain, pairwise

import numpy as np

from skrnn._engine.forward import outputs_of, to_the_end


def windows(T, k1, k2, at_end, boundary=None):
    """The windows of a batch of T steps, counted from the side on which it is aligned.

    Yields one list per update: windows (start, first, end), run over the steps start + 1..end, with
    the losses of the steps first + 1..end. With k2 < k1 an update has several.

    A time axis of two parts, encoder and decoder, is aligned at the ``boundary`` between them. It lies
    in the middle of the first min(k1, k2) steps.
    """
    k1 = k1 or (T if boundary is None else 2 * T)
    k2 = k2 or k1
    m = min(k1, k2)
    if at_end:
        for hi in range((T - 1) % k1 + 1, T + 1, k1):
            lo = max(hi - k1, 0)
            ends = range(hi, lo, -m)
            yield [(max(0, e - k2), max(e - m, lo), e) for e in reversed(ends)]
    else:
        for lo in range(0 if boundary is None else boundary - m // 2, T, k1):
            hi = min(lo + k1, T)
            yield [(max(0, g + m - k2), max(0, g), min(g + m, hi)) for g in range(lo, hi, m)]


def plan(batch, k1, k2):
    """The windows of the batch that have weight, in order, and whether an update follows.

    Yields (start, first, end, update). A window without weight teaches nothing: it is left out, and
    the state moves past it when the next window needs it.
    """
    if not batch.W:  # no loss at all: only the states move on
        return
    T = batch.T if batch.boundary is None else np.inf
    if not (k1 and k1 < T) and not (k2 and k2 < T):  # the whole batch is one window
        yield 0, 0, batch.T, True
        return
    has_weight = np.concatenate([[0], np.cumsum(batch.loss_weight_of_steps > 0)])
    for chunk in windows(batch.T, k1, k2, batch.at_end, batch.boundary):
        weighted = [w for w in chunk if has_weight[w[2]] > has_weight[w[1]]]
        for window in weighted:
            yield (*window, window is weighted[-1])


def tbptt(network, loss, batch, learner, k1=None, k2=None):
    """Train on one batch: TBPTT(k1, k2).

    ``learner`` (``learner.py``) holds theta and the gradient, and makes the updates.
    """
    J = sum(update for *_, update in plan(batch, k1, k2))
    state, at, since = batch.initial_state(network), 0, None
    learner.begin(batch)
    for (start, first, end, update), following in pairwise(chain(plan(batch, k1, k2), [None])):
        since = first if since is None else since
        # 1) carry the state to the start of the window
        if at < start:
            state = advance(network, batch, learner, state, at, start)
        # 2) and 3) what is kept is the state at the start of the next one
        at = min(following[0], end) if following else end
        state = learn_window(network, loss, batch, learner, state, (start, first, end, at))
        # 4) one update from the losses of the newest k1 steps
        if update:
            learner.update(J / batch.W, batch.S, batch.relative_weight(since, end))
            since = None
    learner.end(batch, lambda: advance(network, batch, learner, state, at, batch.T))


def learn_window(network, loss, batch, learner, state, window):
    """Add the losses of a window, and their gradient; returns the state after one of its steps.

    ``window`` is (start, first, end, keep): run over the steps start + 1..end, with the losses of those
    after ``first``; the state is wanted that stands after the step ``keep``.
    """
    views, gradient, arithmetic = learner.views, learner.gradient_views, learner.arithmetic
    start, first, end, keep = window
    # forward over the window
    window = batch.window(start, first, end, keep=keep)
    raw, state, tape = network.forward(views, window, state, arithmetic, masks=learner.masks)
    # the losses of the steps after ``first``, and backward to the start of the window
    read = window.read
    y, u = batch.targets(read, start + window.first)
    value, draw = loss.value_and_gradient(y, raw)
    c, weighing = arithmetic.loss_weights(u, batch.weight, read)
    learner.loss += weighing.loss(c * value, read)
    draw *= c[:, None]
    network.backward(draw, tape, gradient, weighing)
    return state


def advance(network, batch, learner, state, at, to):
    """Carry the state from step ``at`` to step ``to``, forward only, in windows of bounded memory."""
    run = outputs_of(network, learner.views, learner.arithmetic, learner.masks)
    return to_the_end(run, batch, state, (at, to), MAX_ADVANCE, read=False)[1]


# Steps of a window when the state only moves on: enough to make the loop's overhead vanish.
MAX_ADVANCE = 64
