"""Answers of an encoder-decoder: greedy and beam search; and its loss at frozen weights.

The decoder says one token after the other, each fed back to it; token ``STOP`` ends an answer (and, as
the first that is read, begins it). Beam search keeps the k most probable beginnings of every answer,
the best first. An answer's score is the sum of the log probabilities of its tokens, stop included, not
divided by its length. With k = 1 it is greedy: the most probable token at every step. Equal scores go
to the better beginning, then to the lower token.

A score can only fall as an answer goes on, so a source is done as soon as the best of its beginnings
has ended. Rows are computed by products that do not depend on what stands beside them (``EXACT``).

Shapes: B sources side by side, k beams each, V target tokens; states of B k rows, those of a source
one after the other.
"""

import numpy as np

from skrnn import _kernels
from skrnn._engine.arithmetic import EXACT
from skrnn._engine.inference import BLOCK, WINDOW
from skrnn._engine.packing import Steps
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
    by_length = np.argsort(-data.lengths, kind="stable")
    size = max(1, BLOCK // beam_size)
    blocks = [by_length[i : i + size] for i in range(0, len(data), size)]
    found = [None] * len(data)

    def answer_block(rows):
        batch = data.batch(rows, network.dtype)
        layers = encode(network.encoder, views.encoder, batch)
        beams = Beams(network.decoder, views.decoder, layers, batch.B, beam_size, log_probability)
        for i, tokens in enumerate(beams.run(max_length)):
            found[batch.rows[i]] = tokens

    for _ in map_blocks(answer_block, blocks):
        pass
    return found


def encode(encoder, views, batch):
    """The encoder's states after the last step, window by window."""
    state = encoder.initial_state(batch.B)
    for start in range(0, batch.T, WINDOW):
        steps = batch.steps(start, min(start + WINDOW, batch.T))
        _, _, layers, _ = encoder.hidden(views, batch.X(steps, start), steps, state, EXACT)
        state = state._replace(layers=layers)
    return state.layers


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
        What has been said; ``STOP`` after the end.
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

    def run(self, max_length):
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
        said = self.tokens[:, :, -1].ravel() if self.tokens.shape[2] else np.full(n, STOP)
        raw, self.state, _ = self.decoder.forward(
            self.views, said, Steps([n], n), 0, self.state, EXACT, record=False
        )
        return self.log_probability(raw.astype(np.float64)).reshape(*self.score.shape, -1)

    def _choose(self, log_p):
        """The best k of all beginnings, one token longer; what has ended goes on with ``STOP`` alone."""
        n, k, V = log_p.shape
        log_p[self.ended] = -np.inf
        log_p[self.ended, STOP] = 0
        score = (self.score[:, :, None] + log_p).reshape(n, k * V)
        best = (
            np.argsort(-score, axis=1, kind="stable")[:, :k] if k > 1 else score.argmax(axis=1)[:, None]
        )
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
    views, total, W = network.views(theta), 0.0, 0.0
    for i in range(0, len(data), BLOCK):
        batch = data.batch(np.arange(i, min(i + BLOCK, len(data))), network.dtype)
        state = batch.initial_state(network)
        for start in range(0, batch.T, WINDOW):
            end = min(start + WINDOW, batch.T)
            steps, first = batch.steps(start, end), max(start, min(batch.boundary, end - 1))
            raw, state, _ = network.forward(
                views, batch.X(steps, start), steps, first - start, state, EXACT, record=False
            )
            if raw is not None:
                read = steps.tail(first - start)
                y, u = batch.targets(read, first)
                value, _ = loss.value_and_gradient(y, raw)
                total += float((u * read.spread(batch.weight) * value).sum())
        W += batch.W
    return total / W
