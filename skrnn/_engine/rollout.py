"""Answers of an encoder-decoder of numbers: the decoder reads its own answers, step after step.

It begins from the states in which the encoder has ended, reads ``START`` first (``pairs.py``), and then
what ``feed`` makes of the outputs of the step before. So in training it reads what should have come
("teacher forcing"), and here what it has said.

Shapes: B sources side by side, sorted by falling number of steps to answer, so that the first n_t of them
are alive at step t; K numbers that the decoder reads, outputs (., n_outputs) of the read-out. Rows are
computed by products that do not depend on what stands beside them (``EXACT``).

Answers that are fed back in another way, as sampled ones, are another ``feed``.
"""

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import EXACT
from skrnn._engine.forward import blocks_by_length
from skrnn._engine.packing import Steps, Window
from skrnn._engine.pair_network import permute
from skrnn._engine.pairs import START
from skrnn._engine.search import encode


@_kernels.keep_memory()
def rollout(network, theta, data, lengths, feed, map_blocks=map):
    """The outputs of the decoder for every source.

    Parameters
    ----------
    data : Dataset of the sources, one target per sequence
    lengths : (n,) int
        Steps to answer.
    feed : callable
        Outputs (N, n_outputs) -> what the decoder reads at the next step (N, K).
    map_blocks : callable
        ``map``, or a parallel one.

    Returns
    -------
    (sum of lengths, n_outputs), sequence after sequence. Not finite where units without bounds overflow;
    that is no warning.
    """
    views, offsets = network.views(theta), np.cumsum(lengths) - lengths
    answer = np.empty((int(lengths.sum()), network.n_outputs), dtype=network.dtype)

    def answer_block(rows):
        batch = data.batch(rows, network.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # here: it holds for one thread
            layers = encode(network.encoder, views.encoder, batch)
            order = np.argsort(-lengths[batch.rows], kind="stable")
            rows, layers = batch.rows[order], permute(layers, order)
            for t, raw in enumerate(decode(network.decoder, views.decoder, layers, lengths[rows], feed)):
                answer[offsets[rows[: len(raw)]] + t] = raw

    for _ in map_blocks(answer_block, blocks_by_length(data.lengths)):
        pass
    return answer


def decode(decoder, views, layers, lengths, feed):
    """Answer step after step, from the states ``layers`` of B sources of falling ``lengths``.

    Yields the outputs (n_t, n_outputs) of the sources that are alive.
    """
    B = len(lengths)
    state = decoder.initial_state(B)._replace(layers=layers)
    x = np.full((B, decoder.n_features), START, dtype=decoder.dtype)
    for t in range(lengths[0]):
        n = B - int(np.searchsorted(lengths[::-1], t, side="right"))
        window = Window(x[:n], Steps([n], B))
        raw, state, _ = decoder.forward(views, window, state, EXACT, record=False)
        yield raw
        x = feed(raw)
