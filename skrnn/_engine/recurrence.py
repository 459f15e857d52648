"""One layer through time, in one direction: the time loop and every matrix product.

Shapes: a packed window of T steps, N rows (``packing.py``); D inputs, H units, G = n_gates H.

``X`` (N, D) -> ``H`` (N, H); states are tuples of (B, H), h first. With ``reverse`` time runs
backwards: nothing moves in memory, rows that left now join, and each sequence is reversed within
its own length.

The recurrence never asks which cell it runs. Weight gradients are made by ``layer_gradient`` only, in
the arithmetic (``arithmetic.py``) it is given. Where the cell has a compiled twin (``_kernels``), the
twin does the work, and what is written here is its reference.
"""

from collections import namedtuple

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import FAST, gradient_sigmas, with_ones
from skrnn._engine.packing import join, resize, split

# What runs, without weights; no result depends on the number of threads of the compiled twin.
Recurrence = namedtuple("Recurrence", "cell reverse n_threads", defaults=(False, 1))
Layer = namedtuple("Layer", "W_x W_h b_x b_h")  # its weights, or their gradients

# What backward needs of forward: the weights, inputs, and in ``order`` of the steps h before each
# (packed) and the tape of the cell. The way back leaves dA_x, dA_h, the gradients of the two
# activations, for the weight gradients. Tapes of the compiled twin are objects of its own.
LayerTape = namedtuple("LayerTape", "cell layer X steps order h_before cell_tapes dA")


def unroll(recurrence, layer, window, state, arithmetic, *, record=True):
    """Run one layer over a window.

    a_x = x W_x + b_x for all steps at once;  a_h = h W_h + b_h and h = cell(a_x, a_h) step by step.

    Parameters
    ----------
    recurrence : Recurrence
    layer : Layer
    window : Window
        X are the inputs of the layer.
    state : tuple of (B, H)
    arithmetic : FAST or EXACT of ``arithmetic.py``
    record : bool
        Whether there will be a way back.

    Returns
    -------
    H : (N, H) h after every step
    kept : the state before the step ``window.keep``; the final one if that is None
    final : the state after the last step; a sequence that ended earlier keeps its last
    tape : what the way back needs; of no use without ``record``
    """
    cell, reverse, n_threads = recurrence
    X, steps, keep = window.X, window.steps, window.keep
    compiled = _kernels.unroll(
        cell, layer, X, steps, state, reverse=reverse, keep=keep, record=record, n_threads=n_threads
    )
    if compiled is not None:
        return compiled
    return _unroll(recurrence, layer, window, state, arithmetic, record)


def _unroll(recurrence, layer, window, state, arithmetic, record):
    (cell, reverse, _), (W_x, W_h, b_x, b_h) = recurrence, layer
    X, steps, keep = window.X, window.steps, window.keep
    A_x = arithmetic.product(X, W_x)
    A_x += b_x
    H, T = np.empty((steps.N, W_h.shape[0]), dtype=A_x.dtype), steps.T
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
    tape = LayerTape(cell, layer, X, steps, order, h_before, tapes, []) if record else None
    return H, final if kept is None else kept, final, tape


def unroll_backward(tape, dH, first, dstate, arithmetic, *, need_dX):
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
    dstate = _unroll_backward(tape, dH, first, dstate, arithmetic)
    if not need_dX:
        return None, dstate
    return arithmetic.product(tape.dA[0], np.ascontiguousarray(tape.layer.W_x.T)), dstate


def _unroll_backward(tape, dH, first, dstate, arithmetic):
    cell, (_, W_h, _, _), _, steps, order, _, tapes, dA = tape
    zeros = np.zeros((steps.B, W_h.shape[0]), dtype=W_h.dtype)
    W_hT = np.ascontiguousarray(W_h.T)  # once per window; BLAS is slower on a transposed operand
    dA_x, dA_h = np.empty((steps.N, W_h.shape[1]), dtype=W_h.dtype), None
    skip = 0 if dH is None else steps.offsets[first]
    alive, rest = split([zeros if d is None else d for d in dstate], steps.n[order[-1]])
    for t in reversed(order):
        alive, rest = resize(alive, rest, steps.n[t])
        rows = steps.slices[t]
        if dH is not None and t >= first:
            alive = (alive[0] + dH[rows.start - skip : rows.stop - skip], *alive[1:])
        da_x, da_h, (dh, *others) = cell.backward(alive, tapes[t])
        dA_x[rows] = da_x
        if da_h is not da_x:
            if dA_h is None:
                dA_h = np.empty_like(dA_x)
            dA_h[rows] = da_h
        dh_previous = arithmetic.product(da_h, W_hT)  # a_h = h W_h + b_h
        if dh is not None:
            dh_previous += dh
        alive = (dh_previous, *others)
    dA[:] = dA_x, dA_x if dA_h is None else dA_h
    return join(alive, rest)


def layer_gradient(gradient, tape, steps, arithmetic):
    """Add the gradients of one layer's four arrays to the views ``gradient`` (a Layer).

    Biases are the weights of a column of ones. Where a_x and a_h have the same gradient, input
    weights, recurrent weights and biases come from one product.
    """
    if not isinstance(tape, LayerTape):
        if arithmetic is FAST:
            return tape.gradient(gradient)
        weight = arithmetic.weight
        return tape.gradient(gradient, weight, gradient_sigmas(steps.T, weight.sum()))
    h_before = np.concatenate(tape.h_before)
    X, (dA_x, dA_h), D = tape.X, tape.dA, tape.X.shape[1]
    if dA_h is dA_x:
        dW = arithmetic.weight_gradient(with_ones(X, h_before), dA_x, steps)
        dW_x, dW_h, db_x = dW[:D], dW[D:-1], dW[-1]
        db_h = db_x
    else:
        dW = arithmetic.weight_gradient(with_ones(X), dA_x, steps)
        dW_x, db_x = dW[:-1], dW[-1]
        dW = arithmetic.weight_gradient(with_ones(h_before), dA_h, steps)
        dW_h, db_h = dW[:-1], dW[-1]
    for view, d in zip(gradient, (dW_x, dW_h, db_x, db_h), strict=True):
        view += d
