"""Forward over much data with bounded memory: sequences in blocks, their steps in windows.

Shapes: a packed window of N rows (``packing.py``), T steps of B sequences; H (N, Q) the states of the top
layer, raw (., K) the outputs that are read.

What runs over a window is a function of window and state, made by ``outputs_of`` a network or
``states_of`` it. Another thing to be asked of a network is one more function like these.
"""

from functools import partial

import numpy as np

from skrnn._engine.arithmetic import EXACT

BLOCK = 256  # sequences side by side
WINDOW = 128  # steps of a window: enough to make the overhead of a window vanish


def blocks_by_length(lengths, size=BLOCK, most_steps=None):
    """The numbers of sequences of similar length, the longest first, ``size`` of them side by side.

    Fewer, where these would have more than ``most_steps`` with padding.
    """
    rest, blocks = np.argsort(-lengths, kind="stable"), []
    while len(rest):
        n = size if most_steps is None else max(1, min(size, most_steps // int(lengths[rest[0]])))
        blocks.append(rest[:n])
        rest = rest[n:]
    return blocks


def in_windows(run, batch, state, span, length, *, read=True):
    """Run a batch forward, one window after the other, and carry the state.

    Parameters
    ----------
    run : callable
        window, state -> output, state after the window, anything
    batch : Batch or PairBatch
    state : State at the start of the span
    span : tuple of int
        The steps (start, end].
    length : int
        Steps of a window; the last may have fewer.
    read : bool
        Whether outputs are read where the batch has any; otherwise nowhere, and only the state moves on.

    Yields
    ------
    start : int, the step after which the window begins
    window, output, state
    """
    start, end = span
    while start < end:
        stop = min(start + length, end)
        window = batch.window(start, start if read else stop, stop)
        output, state, _ = run(window, state)
        yield start, window, output, state
        start = stop


def to_the_end(run, batch, state, span, length, *, read=True):
    """``in_windows``, where only the last output and the state after it are wanted."""
    output, final = None, state
    for _, _, output, final in in_windows(run, batch, state, span, length, read=read):  # noqa: B007
        pass
    return output, final


def outputs_of(network, views, arithmetic=EXACT, masks=None):
    """Forward over a window: the outputs that are read, and the state after it."""
    return partial(network.forward, views, arithmetic=arithmetic, masks=masks, record=False)


def states_of(network, views):
    """The same without read-out and pooling: the states H of the top layer, and the final states."""

    def run(window, state):
        H, _, layers, _ = network.hidden(views, window, state, EXACT)
        return H, state._replace(layers=layers), None

    return run
