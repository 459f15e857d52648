"""Answers of numbers that are fed back: by hand, one by one, side by side, and in blocks."""

import numpy as np
import pytest
from support.pairs import EQUAL, RAGGED, F, K, number_pairs, pair_network

from skrnn._engine.arithmetic import EXACT
from skrnn._engine.dataset import Dataset
from skrnn._engine.pairs import START, previous_steps
from skrnn._engine.rollout import rollout
from skrnn._engine.search import encode, loss_of_pairs
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS
from skrnn.losses import SquaredError

pytestmark = pytest.mark.usefixtures("engine")

cells = pytest.mark.parametrize("cell", CELLS)


def halved(raw):
    """What is read next need not be what was said."""
    return 0.5 * raw


def sources(lengths, seed=0):
    rng = np.random.RandomState(seed)
    return Sequences(rng.normal(size=(sum(lengths), F)), lengths)


def by_hand(net, theta, source, n, feed):
    """The answer to one source, by windows of training: what is read is written down in full."""
    said = np.zeros((0, K))
    for t in range(n):
        read = np.concatenate([np.full((1, K), START), feed(said)])
        pairs = number_pairs(([1], [0]), "numbers", None, np.random.RandomState(0))
        pairs.source = Dataset(source, per_step=False)
        y = Sequences(np.zeros((t + 1, K)), [t + 1])
        pairs.target, pairs.lengths = Dataset(Sequences(read, [t + 1]), y), source.lengths + t + 1
        batch = pairs.batch(np.arange(1), net.dtype)
        window = batch.window(0, 0, batch.T)
        raw, _, _ = net.forward(net.views(theta), window, batch.initial_state(net), EXACT, record=False)
        said = raw
    return said


@cells
@pytest.mark.parametrize("hidden_sizes", [(3,), (3, 2)], ids=["1 layer", "2 layers"])
def test_rollout_by_hand(cell, hidden_sizes):
    net, theta = pair_network(cell, hidden_sizes, kind="numbers")
    X, lengths = sources([4, 1, 6]), np.array([3, 5, 1])
    found = rollout(net, theta, Dataset(X, per_step=False), lengths, halved)
    expected = [by_hand(net, theta, X.select([i]), n, halved) for i, n in enumerate(lengths)]
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-12)


@cells
def test_an_answer_does_not_depend_on_its_batch(cell):
    net, theta = pair_network(cell, kind="numbers")
    rng = np.random.RandomState(0)
    X = sources(rng.randint(1, 20, size=300))
    lengths = rng.randint(1, 9, size=300)
    together = rollout(net, theta, Dataset(X, per_step=False), lengths, halved)
    offsets = np.cumsum(lengths) - lengths
    for i in (0, 7, 150, 299):
        alone = rollout(net, theta, Dataset(X.select([i]), per_step=False), lengths[[i]], halved)
        np.testing.assert_array_equal(together[offsets[i] : offsets[i] + lengths[i]], alone)


@cells
def test_a_shorter_answer_is_the_beginning_of_a_longer_one(cell):
    net, theta = pair_network(cell, kind="numbers")
    data = Dataset(sources([4, 2]), per_step=False)
    long = rollout(net, theta, data, np.array([8, 8]), halved).reshape(2, 8, K)
    short = rollout(net, theta, data, np.array([3, 3]), halved).reshape(2, 3, K)
    np.testing.assert_array_equal(short, long[:, :3])


@cells
@pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
def test_where_answers_are_right_the_decoder_reads_what_it_does_in_training(cell, lengths):
    """Targets that are the network's own answers have no loss."""
    net, theta = pair_network(cell, kind="numbers")
    pairs = number_pairs(lengths, "numbers", None, np.random.RandomState(0))
    T = pairs.target.lengths
    y = Sequences(rollout(net, theta, pairs.source, T, lambda raw: raw), T)
    pairs.target = Dataset(previous_steps(y), y)
    assert loss_of_pairs(net, theta, SquaredError(), pairs) == pytest.approx(0, abs=1e-25)


def test_a_decoder_begins_where_the_encoder_has_ended():
    net, theta = pair_network("lstm", (3,), kind="numbers")
    data = Dataset(sources([5]), per_step=False)
    views = net.views(theta)
    ((h, c),) = encode(net.encoder, views.encoder, data.batch(np.arange(1), net.dtype))[0]
    layer, x = views.decoder.layers[0][0], np.full((1, K), START)
    i, f, g, o = np.split(x @ layer.W_x + layer.b_x + h @ layer.W_h + layer.b_h, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    h = o * np.tanh(f * c + i * np.tanh(g))
    expected = h @ views.decoder.W + views.decoder.b
    np.testing.assert_allclose(rollout(net, theta, data, np.array([1]), halved), expected, rtol=1e-12)


def test_previous_steps():
    y = Sequences(np.arange(1.0, 7.0)[:, None], [1, 3, 2])
    assert previous_steps(y).flat()[:, 0].tolist() == [START, START, 2, 3, START, 5]
    assert y.flat()[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
