"""Running a trained network over sequences: outputs, hidden states, where they end; no way back.

Shapes: n sequences of T_i steps, K outputs; flat arrays hold all steps, sequence after sequence.

Sequences are taken in blocks of similar length and every block in windows of bounded length
(``forward.py``), so that memory beyond the answer does not depend on the number or the length of the
sequences. Every row is computed by itself (``blocked_product``), so that its answer does not depend on
its block.
"""

import numpy as np

from skrnn import _kernels
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.forward import WINDOW, blocks_by_length, in_windows, outputs_of, states_of, to_the_end


@_kernels.keep_memory()
def outputs(network, theta, X, dtype, *, per_step, delay=0, hidden=False, start=None, map_blocks=map):
    """Outputs of the read-out, or hidden states, for all sequences.

    Parameters
    ----------
    X : Sequences
    per_step : bool
        One output per step or one per sequence. Hidden states are always per step.
    delay : int
        The output for step t is read after step t + delay.
    hidden : bool
        Whether the states of the top layer are asked for.
    start : list per layer of tuples of (n, H), optional
        The states that sequences start from.
    map_blocks : callable
        ``map``, or a parallel one.

    Returns
    -------
    (n, K) for one output per sequence; else flat (sum of T_i, K), sequence after sequence. Not finite
    where units without bounds overflow; that is no warning.
    """
    per_step |= hidden
    data = Dataset(X, delay=delay, per_step=per_step, start=start)
    views = network.views(theta)
    run = states_of(network, views) if hidden else outputs_of(network, views)
    width = network.widths[-1] if hidden else network.n_outputs
    answer = np.empty((int(X.lengths.sum()) if per_step else X.n, width), dtype=dtype)

    def run_block(rows):
        batch = Batch(data, rows, dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # here: it holds for one thread
            if per_step:
                _run_per_step(network, run, batch, answer)
            else:
                answer[batch.rows], _ = _run_to_the_end(network, run, batch)

    for _ in map_blocks(run_block, blocks_by_length(X.lengths)):
        pass
    return answer


@_kernels.keep_memory()
def ends(network, theta, X, dtype, *, start=None):
    """Output and states after the last step of every sequence.

    For one direction, and no delay; the parameters are those of ``outputs``.

    Returns
    -------
    raw : (n, K)
    states : list per layer of tuples of (n, H)
    """
    data, run = Dataset(X, per_step=False, start=start), outputs_of(network, network.views(theta))
    raw = np.empty((X.n, network.n_outputs), dtype=dtype)
    states = [directions[0] for directions in network.initial_state(X.n).layers]
    for rows in blocks_by_length(X.lengths):
        batch = Batch(data, rows, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            raw[batch.rows], final = _run_to_the_end(network, run, batch)
        for layer, (last,) in zip(states, final.layers, strict=True):
            for s, s_last in zip(layer, last, strict=True):
                s[batch.rows] = s_last
    return raw, states


def _run_to_the_end(network, run, batch):
    """Output after the last step of every sequence, and the state there."""
    length = batch.T if network.bidirectional else WINDOW  # both directions need whole sequences
    # the sequences are aligned at the end: all are alive at the last step
    return to_the_end(run, batch, batch.initial_state(network), (0, batch.T), length)


def _run_per_step(network, run, batch, answer):
    """The rows of ``answer`` (sum of T_i, .) that belong to the batch."""
    length = batch.T if network.bidirectional else WINDOW
    state = batch.initial_state(network)
    for start, window, output, _ in in_windows(run, batch, state, (0, batch.T), length):
        where, has_place = batch.flat_positions(window.steps, start)
        answer[where] = output[has_place]


def evaluate(loss, data, raw):
    """The mean loss of ``outputs`` raw for ``data``, one for each target.

    Neither the penalty nor target replication is in it.
    """
    y, _, c = data.flat_targets()
    return _mean_loss(loss, y, c, raw)


def _mean_loss(loss, y, c, raw):
    value, _ = loss.value_and_gradient(y.astype(raw.dtype, copy=False), raw)
    return float((c * value)[c > 0].sum() / c.sum())


def loss_of_a_constant(loss, data, n_outputs):
    """The mean loss of the best answer that does not look at X; of very many targets, for a sample."""
    y, _, c = data.sample_of_targets()
    raw = loss.best_constant(y, c, n_outputs)
    return _mean_loss(loss, y, c, np.broadcast_to(raw, (len(y), n_outputs)))
