"""k2="auto" for encoder-decoders: as ``truncation.py``, but the way back leads from target to source.

A probe holds losses of the decoder, some of them at one step of it, others at another. Those of a
``Group`` have read equally many steps of their targets, so that all of them enter their sources together,
and lag k is the same step for all. What the groups contribute to a lag is added up before the
norm is taken.

Shapes: B pairs of a group, R lags.
"""

from collections import namedtuple

import numpy as np

from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Gradient, norm
from skrnn._engine.network import State, Tape
from skrnn._engine.packing import Steps, Window
from skrnn._engine.pair_network import permute
from skrnn._engine.pairs import Pairs
from skrnn._engine.truncation import LEAST, MOST, SHARE, AutoTruncation, reach, smallest_depth

GROUPS = 8  # steps of the decoder that the losses of a probe stand at

# A batch of pairs cut after the decoder's step of the loss, and in the decoder's order the targets (B, K)
# and weights (B, 1) of the losses.
Group = namedtuple("Group", "batch y weight")


class AutoTruncationOfPairs(AutoTruncation):
    """k2 of every epoch; ``data`` are ``Pairs``, and ``k1`` is given."""

    def __init__(self, data, k1, tolerance, random_state):
        self.data, self.tolerance, self.random_state = data, tolerance, random_state
        self.k1, self.many = k1, True
        self.R = int(min(reach(k1), data.lengths.max()))

    def k2(self, network, theta, loss, epoch):
        """k2 for this epoch, counted from 0 since the weights were drawn."""
        if epoch == 0:
            return 2 * self.k1 - 1
        phi, g_norm = measure_pairs(network, theta, loss, self._probe(network, epoch), self.R)
        whole = self.R == self.data.lengths.max()
        return smallest_depth(phi, g_norm, self.tolerance, whole=whole) + self.k1 - 1

    def _probe(self, network, epoch):
        """A list of ``Group``, whose weights sum to one."""
        target, groups = self.data.target, []
        for s, rows in self._draw(epoch):
            times = np.full(len(rows), s)
            c = target.weight[rows]
            if target.inner_weight is not None:
                c = c * target.inner_weight.take(rows, times)[:, 0]
            groups.append((self._cut(rows, s + 1), target.y.take(rows, times), c))
        total, probe = sum(c.sum() for *_, c in groups), []
        for pairs, y, c in groups:
            batch = pairs.batch(np.arange(len(pairs)), network.dtype)
            y, c = y[batch.decoder.rows], c[batch.decoder.rows, None] / total
            probe.append(Group(batch, y.astype(network.dtype), c.astype(network.dtype)))
        return probe

    def _draw(self, epoch):
        """Steps of the decoder, and for each the pairs whose losses there are drawn."""
        random_state = self.twin(epoch)
        lengths, inner = self.data.target.y.lengths, self.data.target.inner_weight
        pairs = np.repeat(np.arange(len(lengths)), lengths)
        steps = np.arange(len(pairs)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        if inner is not None:  # a step without weight is no loss
            counts = inner.flat()[:, 0] > 0
            pairs, steps = pairs[counts], steps[counts]
        m = int(np.clip(self.data.lengths.sum() // (SHARE * self.R), LEAST, MOST)) // GROUPS
        for s in steps[random_state.randint(len(steps), size=GROUPS)]:
            those = pairs[steps == s]
            yield s, those[random_state.permutation(len(those))[:m]]

    def _cut(self, rows, n_steps):
        """Pairs with the first steps of their targets, and the last 2 R steps of their sources."""
        source, target = self.data.source.X, self.data.target
        n, first = source.lengths[rows], np.zeros(len(rows), dtype=np.intp)
        start = np.maximum(0, n - 2 * self.R)
        cut = [one.cut(rows, first, first + n_steps) for one in (target.X, target.y)]
        return Pairs(source.cut(rows, start, n - start), Dataset(*cut))


def measure_pairs(network, theta, loss, probe, R):
    """phi (R,) and |g_R| of a probe."""
    gradient = Gradient(network, theta, FAST)
    g_R, phi = np.zeros_like(theta), np.zeros(R)
    with np.errstate(all="ignore"):
        ways = [way_back(gradient, group, loss, R) for group in probe]
        for k in range(R):
            gradient.g[:] = 0
            for way in ways:
                next(way, None)
            g_R += gradient.g
            phi[k] = norm(gradient.g)
        return phi, norm(g_R)


def way_back(gradient, group, loss, n_lags):
    """Go back from the losses of a group; each turn adds what the step of one lag contributes."""
    network, views, into, batch = gradient.network, gradient.views, gradient.gradient_views, group.batch
    encoder, decoder = batch.encoder, batch.decoder
    kept = max(0, encoder.T - max(0, n_lags - decoder.T))
    layers = encoder.initial_state(network.encoder).layers
    _, _, layers = _way_there(network.encoder, views.encoder, encoder, (0, kept), layers)
    path, _, layers = _way_there(network.encoder, views.encoder, encoder, (kept, encoder.T), layers)
    layers = permute(layers, batch.to_decoder)
    said, H, layers = _way_there(network.decoder, views.decoder, decoder, (0, decoder.T), layers)
    _, draw = loss.value_and_gradient(group.y, H @ views.decoder.W + views.decoder.b)
    dH = ((draw * group.weight) @ views.decoder.W.T).astype(network.dtype)
    dstates = [[tuple(np.zeros_like(s) for s in states) for states in layer] for layer in layers]
    for tape in reversed(said):
        _, dstates = network.decoder.hidden_backward(dH, 0, dstates, tape, into.decoder, FAST)
        dH = None
        yield
    dstates = permute(dstates, batch.to_encoder)
    for tape in reversed(path):
        _, dstates = network.encoder.hidden_backward(None, 0, dstates, tape, into.encoder, FAST)
        yield


def _way_there(network, views, batch, between, layers):
    """Forward through the steps between two, one by one: tapes, the top layer's last H, the states."""
    steps, path, H = batch.steps(*between), [], None
    X = batch.X(steps, between[0]) if steps.T else None
    for n, rows in zip(steps.n, steps.slices, strict=True):
        window = Window(X[rows], Steps([n], steps.B))
        H, _, layers, tapes = network.hidden(views, window, State(layers, ()), FAST, record=True)
        path.append(Tape(views, window, tapes, None, None, None))
    return path, H, layers
