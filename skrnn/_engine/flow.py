"""The way back of single losses, one time step after the other: gradient flow by lag.

The loss of every sequence of a batch is the one after its last step s. ``way_back`` yields, for
k = 0, 1, ..., the derivatives dl_s / dh_{s-k} (and dc_{s-k}) of all layers, as backpropagation holds
them: what comes from the step after, from the layer above at the same step, and from the read-out
(of the pooled states). The way of c through h of the same step is not yet in them: ``total`` adds it.
Windows of a single step run through the same functions as training (``recurrence.py``), compiled or not;
nothing here depends on the cell, but that one may have a ``total``.

Shapes: B sequences, aligned at the end (``batch.py``); at lag k the first n of them have so many
steps. For networks in one direction, without dropout.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.network import State
from skrnn._engine.packing import Steps, Window
from skrnn._engine.recurrence import layer_gradient, unroll_backward
from skrnn._engine.tbptt import advance

# n: sequences that have this step. dstates: per layer, a tuple of (n, H), h first. direct: (n, Q), what
# of the top layer's dh comes from the read-out, or None.
Lag = namedtuple("Lag", "n dstates direct step")

# What is kept of a step on the way there: inputs, the states of all layers before and after, tapes.
_Step = namedtuple("_Step", "X before after tapes steps")


def way_back(gradient, batch, loss, y, n_lags, weight=1.0):
    """Go back from the losses after the last steps of a batch.

    Parameters
    ----------
    gradient : Gradient
        Network, theta, and where ``add_gradient`` adds to.
    batch : Batch, aligned at the end
    loss : one of ``LOSSES``
    y : (B, K) or (B, 1) targets, in the order of the batch
    n_lags : int
        How many steps to go back, the last one included.
    weight : (B, 1) array or float
        Factors of the losses.

    Yields
    ------
    Lag
    """
    network, views = gradient.network, gradient.views
    start = max(0, batch.T - n_lags)
    state = advance(network, batch, gradient, batch.initial_state(network), 0, start)
    steps = batch.steps(start, batch.T)
    path, H = _way_there(network, views, batch.X(steps, start), steps, state.layers)
    # the read-out of the last step, and its gradient with respect to all h that pooling has seen
    P, _, tape = network.pooling.forward(H, steps, steps.T - 1, state.pool, None)
    _, draw = loss.value_and_gradient(y, P @ views.W + views.b)
    dP = ((draw * weight) @ views.W.T).astype(network.dtype)
    dH, first, _ = network.pooling.backward(dP, steps, steps.T - 1, tape)
    skip = steps.offsets[first]
    dstates = [_zeros(layer) for layer in state.layers]
    for t in range(steps.T - 1, -1, -1):
        rows = steps.slices[t]
        dh = np.ascontiguousarray(dH[rows.start - skip : rows.stop - skip]) if t >= first else None
        held, dstates = _one_step_back(path[t], dh, dstates)
        yield Lag(steps.n[t], held, dh, path[t])
        path[t] = None


def _zeros(directions):
    return tuple(np.zeros_like(s) for s in directions[0])


def _way_there(network, views, X, steps, layers):
    """Forward, step by step; returns the path and the top layer's H of all steps."""
    path, H = [], []
    for n, rows in zip(steps.n, steps.slices, strict=True):
        one = Steps([n], steps.B)
        window = Window(X[rows], one)
        h, _, after, tapes = network.hidden(views, window, State(layers, ()), FAST, record=True)
        path.append(_Step(window.X, layers, after, tapes, one))
        H.append(h)
        layers = after
    return path, np.concatenate(H)


def _one_step_back(step, dh, dstates):
    """Through all layers at one step, from the top.

    dh (n, Q) or None is the gradient from the read-out, ``dstates`` are those from the step after.
    Returns the derivatives at this step, and what goes on to the step before.
    """
    n = step.steps.n[0]
    held, before = [None] * len(dstates), [None] * len(dstates)
    for k in range(len(dstates) - 1, -1, -1):
        held[k] = tuple(d[:n] for d in dstates[k])
        if dh is not None:
            held[k] = (held[k][0] + dh, *held[k][1:])
        (tape,) = step.tapes[k]
        dh, before[k] = unroll_backward(tape, dh, 0, dstates[k], FAST, need_dX=k > 0)
    return held, before


def total(network, views, lag, k):
    """The total derivatives of layer k: of the states of one step one may depend on the other."""
    cell, layer, n, step, dstate = network.cells[k], views.layers[k][0], lag.n, lag.step, lag.dstates[k]
    if not hasattr(cell, "total"):
        return dstate
    X = step.after[k - 1][0][0][:n] if k else network.inputs(views, step.X)
    state = tuple(s[:n] for s in step.before[k][0])
    _, tape = cell.forward(X @ layer.W_x + layer.b_x, state[0] @ layer.W_h + layer.b_h, state)
    return cell.total(dstate, tape)


def add_gradient(gradient, lag):
    """Add what the step of this lag contributes to the gradients of the layers' weights."""
    for views, tapes in zip(gradient.gradient_views.layers, lag.step.tapes, strict=True):
        layer_gradient(views[0], tapes[0], lag.step.steps, FAST)


def up_to(data, rows, ends, longest=None):
    """The sequences ``rows`` of a data set, each up to the step ``ends`` (its delay included).

    They are aligned at the end. Only the last ``longest`` steps, entered from a state of zeros, if given.
    """
    start = np.zeros_like(ends) if longest is None else np.maximum(0, ends - longest)
    known = np.maximum(np.minimum(ends, data.X.lengths[rows]) - start, 0)
    states = data.start if longest is None else None
    cut = Dataset(
        data.X.cut(rows, start, known), delay=data.delay, per_step=False,
        start=states and [tuple(s[rows] for s in layer) for layer in states],
    )  # fmt: skip
    cut.lengths = ends - start  # zeros follow where X ends earlier
    return cut


def norms_by_lag(gradient, batch, loss, y, n_lags):
    """Norms of the total derivatives.

    Returns
    -------
    norms : list per layer, of lists per state (h first), of (B, n_lags) arrays
        In the order of the batch; NaN where a sequence has not so many steps.
    direct : (B, n_lags) array
        Norms of what comes to the top layer's h from the read-out.
    """
    network, B = gradient.network, batch.B
    norms = [[np.full((B, n_lags), np.nan) for _ in range(c.n_states)] for c in network.cells]
    direct = np.zeros((B, n_lags))
    with np.errstate(all="ignore"):
        for k, lag in enumerate(way_back(gradient, batch, loss, y, n_lags)):
            for layer, outs in enumerate(norms):
                dstate = total(network, gradient.views, lag, layer)
                for out, d in zip(outs, dstate, strict=True):
                    out[: lag.n, k] = norm_of_rows(d)
            if lag.direct is not None:
                direct[: lag.n, k] = norm_of_rows(lag.direct)
    return norms, direct


def norm_of_rows(A):
    """Euclidean norms of the rows; no overflow on the way, inf beyond all numbers."""
    top = np.abs(A).max(axis=1, keepdims=True)
    scale = np.where((top > 0) & np.isfinite(top), top, 1)
    norms = np.sqrt(((A / scale) ** 2).sum(axis=1)) * scale[:, 0]
    return np.where(np.isfinite(norms), norms, np.inf)
