"""Small networks of two parts, encoder and decoder, and pairs of sequences for them.

Both are of a kind: of tokens, or of numbers with one of the losses of regressors (``KINDS``).
"""

import numpy as np

from skrnn._engine.dataset import Dataset
from skrnn._engine.pair_network import PairNetwork
from skrnn._engine.pairs import Pairs, previous_steps
from skrnn._engine.search import STOP
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS
from support.reference import targets

LOSS = "multinomial_log_loss"
V_SOURCE, V_TARGET, E = 3, 4, 2
EQUAL = [4, 4, 4], [3, 3, 3]  # lengths of the sources, of the targets (without stop)
RAGGED = [2, 5, 1, 3, 5], [3, 0, 4, 1, 4]


# What pairs are made of, by name; of numbers with the loss that they are trained on.
KINDS = ["tokens", "numbers"]
NUMBER_LOSSES = ["absolute_error", "huber", "poisson", "quantile", "quantiles"]
F, K = 3, 2  # numbers of a step of a source, outputs of a step


def loss_of(kind):
    """The name of the loss that goes with a kind of pairs, as ``reference.make`` takes it."""
    return {"tokens": LOSS, "numbers": "squared_error"}.get(kind, kind)


def n_columns(kind):
    """Numbers of a step of y: of several quantiles fewer than outputs."""
    return 1 if kind == "quantiles" else K


def pair_network(cell, hidden_sizes=(3, 2), *, kind="tokens", seed=0, **kw):
    """A network and a theta whose biases are not zero either."""
    rng = np.random.RandomState(seed)
    sizes = (V_SOURCE, V_TARGET, E) if kind == "tokens" else (F, n_columns(kind), None)
    n_outputs = None if kind == "tokens" else K
    net = PairNetwork(CELLS[cell], *sizes, hidden_sizes, n_outputs=n_outputs, dtype=np.float64, **kw)
    theta = net.initial_weights(rng)
    return net, theta + 0.1 * rng.normal(size=theta.size)


def tokens(texts):
    return Sequences(np.concatenate(texts)[:, None], list(map(len, texts)), dtype=np.intp)


def pairs(lengths, *, kind="tokens", weights=True, seed=0):
    """Random pairs; sources of tokens have some that are unknown, too."""
    rng = np.random.RandomState(seed)
    weight = rng.uniform(0.5, 2.0, size=len(lengths[0])) if weights else None
    if kind != "tokens":
        return number_pairs(lengths, kind, weight, rng)
    sources = [rng.randint(-1, V_SOURCE, size=S) for S in lengths[0]]
    texts = [rng.randint(1, V_TARGET, size=T) for T in lengths[1]]
    read = tokens([np.concatenate([[STOP], t]) for t in texts])
    said = tokens([np.concatenate([t, [STOP]]) for t in texts])
    return Pairs(tokens(sources), Dataset(read, Sequences(said.values, said.lengths), weight))


def number_pairs(lengths, kind, weight, rng):
    """Pairs of numbers; targets are one step longer than said, as those of tokens are by a stop."""
    S, T = np.array(lengths[0]), np.array(lengths[1]) + 1
    X = Sequences(rng.normal(size=(S.sum(), F)), S)
    y = Sequences(targets(loss_of(kind), T.sum(), K, rng), T)
    return Pairs(X, Dataset(previous_steps(y), y, weight))
