"""Running a trained network over sequences: outputs, hidden states, where they end; no tape.

Sequences are taken in blocks of similar length and every block in windows of bounded length, so
that memory beyond the answer does not depend on the number or the length of the sequences. Every
row is computed by itself (``blocked_product``), so that its answer does not depend on its block.
"""

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import EXACT
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset

BLOCK = 256  # sequences side by side
WINDOW = 128  # steps of one piece


@_kernels.keep_memory()
def run(network, theta, X, dtype, *, per_step, delay=0, hidden=False, start=None, map_blocks=map):
    """Outputs of the read-out, or hidden states, for all sequences.

    Parameters
    ----------
    X : Sequences
    per_step : bool
        One output per step or one per sequence. Hidden states are always per step.
    delay : int
        The output for step t is read after step t + delay.
    start : list per layer of tuples of (n, H), optional
        The states that sequences start from.
    map_blocks : callable
        ``map``, or a parallel one.

    Returns
    -------
    (n, K) for one output per sequence; else flat (sum of T_i, K), sequence after sequence.
    """
    per_step |= hidden
    data = Dataset(X, delay=delay, per_step=per_step, start=start)
    views = network.views(theta)
    width = network.widths[-1] if hidden else network.n_outputs
    answer = np.empty((int(X.lengths.sum()) if per_step else len(X), width), dtype=dtype)

    def run_block(rows):
        batch = Batch(data, rows, dtype)
        if per_step:
            _run_per_step(network, views, batch, answer, hidden)
        else:
            answer[batch.rows], _ = _run_to_the_end(network, views, batch)

    for _ in map_blocks(run_block, _blocks(X)):
        pass
    return answer


def _blocks(X):
    """The numbers of sequences of similar length, some side by side."""
    by_length = np.argsort(-X.lengths, kind="stable")
    return [by_length[k : k + BLOCK] for k in range(0, len(X), BLOCK)]


@_kernels.keep_memory()
def ends(network, theta, X, dtype, *, start=None):
    """Output and states after the last step of every sequence.

    For one direction, and no delay; the parameters are those of ``run``.

    Returns
    -------
    raw : (n, K)
    states : list per layer of tuples of (n, H)
    """
    data, views = Dataset(X, per_step=False, start=start), network.views(theta)
    raw = np.empty((len(X), network.n_outputs), dtype=dtype)
    states = [directions[0] for directions in network.initial_state(len(X)).layers]
    for rows in _blocks(X):
        batch = Batch(data, rows, dtype)
        raw[batch.rows], final = _run_to_the_end(network, views, batch)
        for layer, (last,) in zip(states, final.layers, strict=True):
            for s, s_last in zip(layer, last, strict=True):
                s[batch.rows] = s_last
    return raw, states


def _pieces(network, T):
    """Windows (start, end] of a run; a bidirectional layer needs the whole sequence."""
    length = T if network.bidirectional else WINDOW
    return [(a, min(a + length, T)) for a in range(0, T, length)]


def _run_to_the_end(network, views, batch):
    """Output after the last step of every sequence, and the state there."""
    state = batch.initial_state(network)
    for start, end in _pieces(network, batch.T):
        steps = batch.steps(start, end)
        raw, state, _ = network.forward(
            views, batch.X(steps, start), steps, len(steps) - 1, state, EXACT, record=False
        )
    return raw, state  # the sequences are aligned at the end: all are alive at the last step


def _run_per_step(network, views, batch, answer, hidden):
    state = batch.initial_state(network)
    for start, end in _pieces(network, batch.T):
        steps = batch.steps(start, end)
        X = batch.X(steps, start)
        if hidden:
            out, _, layers, _ = network.hidden(views, X, steps, state, EXACT)
            state = state._replace(layers=layers)
        else:
            out, state, _ = network.forward(views, X, steps, 0, state, EXACT, record=False)
        where, valid = batch.flat_positions(steps, start)
        answer[where] = out[valid]


def evaluate(loss, data, raw):
    """The mean loss of outputs ``raw`` as ``run`` returns them for ``data``; one per target.

    Neither the penalty nor target replication is in it.
    """
    y, _, c = data.flat_targets()
    return _mean_loss(loss, y, c, raw)


def _mean_loss(loss, y, c, raw):
    value, _ = loss.value_and_gradient(y.astype(raw.dtype, copy=False), raw)
    return float((c * value)[c > 0].sum() / c.sum())


def loss_of_a_constant(loss, data, n_outputs):
    """The mean loss of the best answer that does not look at X; of very many targets, for some."""
    y, _, c = data.some_targets()
    raw = loss.best_constant(y, c, n_outputs)
    return _mean_loss(loss, y, c, np.broadcast_to(raw, (len(y), n_outputs)))
