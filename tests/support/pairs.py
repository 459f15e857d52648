"""Small networks of two parts, encoder and decoder, and pairs of token sequences for them."""

import numpy as np

from skrnn._engine.dataset import Dataset
from skrnn._engine.pair_network import PairNetwork
from skrnn._engine.pairs import Pairs
from skrnn._engine.search import STOP
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS

LOSS = "multinomial_log_loss"
V_SOURCE, V_TARGET, E = 3, 4, 2
EQUAL = [4, 4, 4], [3, 3, 3]  # lengths of the sources, of the targets (without stop)
RAGGED = [2, 5, 1, 3, 5], [3, 0, 4, 1, 4]


def pair_network(cell, hidden_sizes=(3, 2), *, seed=0, **kw):
    """A network and a theta whose biases are not zero either."""
    rng = np.random.RandomState(seed)
    net = PairNetwork(CELLS[cell], V_SOURCE, V_TARGET, E, hidden_sizes, dtype=np.float64, **kw)
    theta = net.initial_weights(rng)
    return net, theta + 0.1 * rng.normal(size=theta.size)


def tokens(texts):
    return Sequences(np.concatenate(texts)[:, None], list(map(len, texts)), dtype=np.intp)


def pairs(lengths, *, weights=True, seed=0):
    """Random pairs; sources have tokens that are unknown, too."""
    rng = np.random.RandomState(seed)
    sources = [rng.randint(-1, V_SOURCE, size=S) for S in lengths[0]]
    targets = [rng.randint(1, V_TARGET, size=T) for T in lengths[1]]
    read = tokens([np.concatenate([[STOP], t]) for t in targets])
    said = tokens([np.concatenate([t, [STOP]]) for t in targets])
    weight = rng.uniform(0.5, 2.0, size=len(sources)) if weights else None
    return Pairs(tokens(sources), Dataset(read, Sequences(said.values, said.lengths), weight))
