"""Answers of an encoder-decoder: greedy and beam search; and its loss at frozen weights.

The decoder gives one token after the other, each fed back to it; token ``STOP`` ends an answer (and, as
the first that is read, begins it). Beam search keeps the k most probable beginnings of every answer,
the best first. An answer's score is the sum of the log probabilities of its tokens, stop included, not
divided by its length. With k = 1 it is greedy: the most probable token at every step. Equal scores go
to the better beginning, then to the lower token.

A score can only fall as an answer goes on, so a source is done as soon as the best of its beginnings
has ended. Rows are computed by products that do not depend on what stands beside them (``EXACT``).

Shapes: B sources side by side, k beams each, V target tokens; states of B k rows, those of a source
one after the other. A beam search of another kind is a class like ``Beams``.
"""

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import EXACT
from skrnn._engine.forward import (
    BLOCK,
    WINDOW,
    blocks_by_length,
    in_windows,
    outputs_of,
    states_of,
    to_the_end,
)  # fmt: skip
from skrnn._engine.packing import Steps, Window
from skrnn._engine.pair_network import permute

STOP = 0


@_kernels.keep_memory()
def answers(network, theta, data, *, beam_size, max_length, log_probability, map_blocks=map):
    """The most probable answer found to every source.

    Parameters
    ----------
    data : Dataset of the sources, one target per sequence
    beam_size : int
    max_length : int
        Tokens after which an answer has to end.
    log_probability : callable
        The inverse link of the read-out: raw outputs (N, V) -> log probabilities.
    map_blocks : callable
        ``map``, or a parallel one.

    Returns
    -------
    list of lists of int
    """
    views = network.views(theta)
    found = [None] * data.n

    def answer_block(rows):
        batch = data.batch(rows, network.dtype)
        layers = encode(network.encoder, views.encoder, batch)
        beams = Beams(network.decoder, views.decoder, layers, batch.B, beam_size, log_probability)
        for i, tokens in enumerate(beams.search(max_length)):
            found[batch.rows[i]] = tokens

    for _ in map_blocks(answer_block, blocks_by_length(data.lengths, max(1, BLOCK // beam_size))):
        pass
    return found


def encode(encoder, views, batch):
    """The encoder's states after the last step."""
    run, state = states_of(encoder, views), encoder.initial_state(batch.B)
    return to_the_end(run, batch, state, (0, batch.T), WINDOW)[1].layers


class Beams:
    """The search for the answers to B sources side by side.

    Attributes
    ----------
    source : (n,) int
        Those of the B sources that are not done.
    score : (n, k) float64
        Of each beginning; -inf where there is none. The best come first.
    ended : (n, k) bool
    tokens : (n, k, t) int
        The tokens so far; ``STOP`` after the end.
    state : State of n k rows
    """

    def __init__(self, decoder, views, layers, B, k, log_probability):
        self.decoder, self.views, self.log_probability, self.k = decoder, views, log_probability, k
        self.state = decoder.initial_state(B)._replace(layers=permute(layers, np.repeat(np.arange(B), k)))
        self.source = np.arange(B)
        self.score = np.full((B, k), -np.inf)
        self.score[:, 0] = 0
        self.ended = np.zeros((B, k), dtype=bool)
        self.tokens = np.empty((B, k, 0), dtype=np.intp)
        self.found = [None] * B

    def search(self, max_length):
        """The best answer to every source, a list of lists of int."""
        for _ in range(max_length):
            if not len(self.source):
                return self.found
            self._choose(self._log_probabilities())
            self._take_out(self.ended[:, 0])
        if len(self.source):
            if self.k > 1:  # those that have not ended must end now
                log_p = self._log_probabilities()
                log_p[:, :, np.arange(log_p.shape[2]) != STOP] = -np.inf
                self._choose(log_p)
            self._take_out(np.ones(len(self.source), dtype=bool))
        return self.found

    def _log_probabilities(self):
        """(n, k, V) of the next token of every beginning."""
        n = self.score.size
        latest = self.tokens[:, :, -1].ravel() if self.tokens.shape[2] else np.full(n, STOP)
        window = Window(latest, Steps([n], n))
        raw, self.state, _ = self.decoder.forward(self.views, window, self.state, EXACT, record=False)
        return self.log_probability(raw.astype(np.float64)).reshape(*self.score.shape, -1)

    def _choose(self, log_p):
        """The best k of all beginnings, one token longer; what has ended goes on with ``STOP`` alone."""
        n, k, V = log_p.shape
        log_p[self.ended] = -np.inf
        log_p[self.ended, STOP] = 0
        score = (self.score[:, :, None] + log_p).reshape(n, k * V)
        if k > 1:
            best = np.argsort(-score, axis=1, kind="stable")[:, :k]
        else:
            best = score.argmax(axis=1)[:, None]
        beam, token = np.divmod(best, V)
        rows = np.arange(n)[:, None]
        self.score = score[rows, best]
        self.ended = token == STOP
        self.tokens = np.concatenate([self.tokens[rows, beam], token[:, :, None]], axis=2)
        if k > 1:
            self._keep_rows((rows * k + beam).ravel())

    def _take_out(self, done):
        """The sources that are ``done`` have their answers; the others go on."""
        if not done.any():
            return
        for i in np.flatnonzero(done):
            tokens = self.tokens[i, 0]
            end = np.flatnonzero(tokens == STOP)
            self.found[self.source[i]] = tokens[: end[0] if len(end) else None].tolist()
        go_on = ~done
        self.source, self.score, self.ended, self.tokens = (
            values[go_on] for values in (self.source, self.score, self.ended, self.tokens)
        )
        self._keep_rows(np.flatnonzero(np.repeat(go_on, self.k)))

    def _keep_rows(self, rows):
        self.state = self.state._replace(layers=permute(self.state.layers, rows))


@_kernels.keep_memory()
def loss_of_pairs(network, theta, loss, data):
    """The mean loss of pairs, each token predicted from those before it as they should be."""
    run, total, W = outputs_of(network, network.views(theta)), 0.0, 0.0
    for i in range(0, data.n, BLOCK):
        batch = data.batch(np.arange(i, min(i + BLOCK, data.n)), network.dtype)
        state = batch.initial_state(network)
        for start, window, raw, _ in in_windows(run, batch, state, (0, batch.T), WINDOW):
            if raw is not None:
                read = window.read
                y, u = batch.targets(read, start + window.first)
                value, _ = loss.value_and_gradient(y, raw)
                total += float((u * read.spread(batch.weight) * value).sum())
        W += batch.W
    return total / W
