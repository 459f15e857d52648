"""One layer through time, in one direction: the time loop and every matrix product.

Shapes: a packed window of T steps, N rows (``packing.py``); D inputs, H units, G = n_gates H.

``X`` (N, D) -> ``H`` (N, H); states are tuples of (B, H), h first. ``reverse`` runs time
backwards: nothing moves in memory, rows that left now join, and each sequence is reversed within
its own length.

The recurrence never asks which cell it runs. Weight gradients are made by ``layer_gradient`` only, in
the arithmetic (``arithmetic.py``) it is given. Where the cell has a compiled twin (``_kernels``), the
twin does the work, and what is written here is its reference.
"""

from collections import namedtuple

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import FAST, units, with_ones
from skrnn._engine.packing import join, resize, split

Layer = namedtuple("Layer", "W_x W_h b_x b_h")

# What backward needs of forward: inputs, h before every step (packed), the cell's tape per step. The way
# back leaves dA_x, dA_h, the gradients of the two activations, for the weight gradients.
LayerTape = namedtuple("LayerTape", "X h_before cell steps order dA")


def unroll(
    cell, layer, X, steps, state, arithmetic, *, reverse=False, keep=None, record=True, n_threads=1
):
    """Run one layer over a window.

    a_x = x W_x + b_x for all steps at once;  a_h = h W_h + b_h and h = cell(a_x, a_h) step by step.

    Returns
    -------
    H : (N, H) h after every step
    kept : the state before step ``keep``; the final one if not asked
    final : the state after the last step; a sequence that ended earlier keeps its last
    tape : what the way back needs, or None without ``record``
    """
    compiled = _kernels.unroll(
        cell, layer, X, steps, state, reverse=reverse, keep=keep, record=record, n_threads=n_threads
    )
    if compiled is not None:
        return compiled
    W_x, W_h, b_x, b_h = layer
    A_x = arithmetic.product(X, W_x)
    A_x += b_x
    H = np.empty((steps.N, W_h.shape[0]), dtype=A_x.dtype)
    T = len(steps)
    order = range(T - 1, -1, -1) if reverse else range(T)
    h_before, tapes, kept = [None] * T, [None] * T, None
    alive, rest = split(state, steps.n[order[0]])
    for t in order:
        if t == keep:
            kept = join(alive, rest)
        alive, rest = resize(alive, rest, steps.n[t])
        rows = steps.slices[t]
        a_h = arithmetic.product(alive[0], W_h)
        a_h += b_h
        new, tape = cell.forward(A_x[rows], a_h, alive)
        H[rows] = new[0]
        if record:
            h_before[t], tapes[t] = alive[0], tape
        alive = new
    final = join(alive, rest)
    kept = final if kept is None else kept
    return H, kept, final, LayerTape(X, h_before, tapes, steps, order, []) if record else None


def unroll_backward(cell, layer, dH, first, dstate, tape, arithmetic, *, need_dX):
    """Backward through one layer, once for every tape.

    Parameters
    ----------
    dH : (rows of the steps from ``first`` on, H), or None
        Gradient of the loss with respect to the outputs of these steps; the others have none.
    dstate : tuple of (B, H), or None for zeros
        Gradient with respect to the final state.

    Returns
    -------
    dX : (N, D), or None if not needed
    dstate : gradient with respect to the initial state
    """
    if not isinstance(tape, LayerTape):
        return tape.backward(dH, first, dstate, need_dX)
    steps, W_h = tape.steps, layer.W_h
    zeros = np.zeros((steps.B, W_h.shape[0]), dtype=W_h.dtype)
    dstate = tuple(zeros if d is None else d for d in dstate)
    W_hT = np.ascontiguousarray(W_h.T)  # once per window; BLAS is slower on a transposed operand
    dA_x = np.empty((steps.N, W_h.shape[1]), dtype=W_h.dtype)
    dA_h = None
    skip = 0 if dH is None else steps.offsets[first]
    alive, rest = split(dstate, steps.n[tape.order[-1]])
    for t in reversed(tape.order):
        alive, rest = resize(alive, rest, steps.n[t])
        rows = steps.slices[t]
        if dH is not None and t >= first:
            alive = (alive[0] + dH[rows.start - skip : rows.stop - skip], *alive[1:])
        da_x, da_h, (dh, *others) = cell.backward(alive, tape.cell[t])
        dA_x[rows] = da_x
        if da_h is not da_x:
            if dA_h is None:
                dA_h = np.empty_like(dA_x)
            dA_h[rows] = da_h
        dh_previous = arithmetic.product(da_h, W_hT)  # a_h = h W_h + b_h
        if dh is not None:
            dh_previous += dh
        alive = (dh_previous, *others)
    dX = arithmetic.product(dA_x, np.ascontiguousarray(layer.W_x.T)) if need_dX else None
    tape.dA[:] = dA_x, dA_x if dA_h is None else dA_h
    return dX, join(alive, rest)


def layer_gradient(gradient, tape, steps, arithmetic, weight):
    """Add the gradients of one layer's four arrays to the views ``gradient`` (a Layer).

    Biases are the weights of a column of ones. Where a_x and a_h have the same gradient, input
    weights, recurrent weights and biases come from one product.
    """
    if not isinstance(tape, LayerTape):
        if arithmetic is FAST:
            return tape.gradient(gradient)
        return tape.gradient(gradient, weight, units(len(steps), weight.sum()))
    h_before = np.concatenate(tape.h_before)
    X, (dA_x, dA_h), D = tape.X, tape.dA, tape.X.shape[1]
    if dA_h is dA_x:
        dW = arithmetic.weight_gradient(with_ones(X, h_before), dA_x, steps, weight)
        dW_x, dW_h, db_x = dW[:D], dW[D:-1], dW[-1]
        db_h = db_x
    else:
        dW = arithmetic.weight_gradient(with_ones(X), dA_x, steps, weight)
        dW_x, db_x = dW[:-1], dW[-1]
        dW = arithmetic.weight_gradient(with_ones(h_before), dA_h, steps, weight)
        dW_h, db_h = dW[:-1], dW[-1]
    for view, d in zip(gradient, (dW_x, dW_h, db_x, db_h), strict=True):
        view += d
