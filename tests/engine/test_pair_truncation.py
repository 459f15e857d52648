"""k2="auto" of encoder-decoders: each lag against a change of the weights at that step alone, and use."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Gradient
from skrnn._engine.pair_network import PairNetwork
from skrnn._engine.pair_truncation import AutoTruncationOfPairs, measure_pairs, way_back
from skrnn._engine.pairs import Pairs, previous_steps
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS
from skrnn.losses import LOSSES

SQUARED = LOSSES["squared_error"]()
RNG = np.random.RandomState(0)
SOURCES = [RNG.normal(size=(n, 2)) for n in (7, 1, 4, 9, 3)]
TARGETS = [RNG.normal(size=(n, 1)) for n in (3, 5, 1, 4, 6)]
SMALL = {
    "hidden_size": 3, "k1": 2, "k2": "auto", "max_iter": 4, "random_state": 0, "batch_size": 3, "tol": 0,
    "learning_rate": "constant",
}  # fmt: skip


def sequences(items):
    return Sequences(np.concatenate(items), np.array([len(one) for one in items]))


def pairs(**weights):
    said = sequences(TARGETS)
    return Pairs(sequences(SOURCES), Dataset(previous_steps(said), said, **weights))


def network(cell, hidden_sizes=(3, 2)):
    net = PairNetwork(CELLS[cell], 2, 1, None, hidden_sizes, n_outputs=1, dtype="float64")
    theta = net.initial_weights(np.random.RandomState(1))
    return net, theta + 0.3 * np.random.RandomState(2).normal(size=theta.size)


def truncation(data, k1=2):
    return AutoTruncationOfPairs(data, k1, 0.5, np.random.RandomState(0))


def loss_of(net, thetas, x, y):
    """The loss of the last step of a pair (S, 2), (s, 1), by the weights of each of its S + s steps."""
    read, layers = np.concatenate([np.zeros((1, 1)), y[:-1]]), net.initial_state(1).layers
    for theta, (part, row) in zip(thetas, [(0, v) for v in x] + [(1, v) for v in read], strict=True):
        views = net.views(theta)
        hs, row = [], row[None]
        for cell, (layer,), (state,) in zip(net.cells, views[part].layers, layers, strict=True):
            new, _ = cell.forward(row @ layer.W_x + layer.b_x, state[0] @ layer.W_h + layer.b_h, state)
            hs.append([new])
            row = new[0]
        layers = hs
    raw = row @ views.decoder.W + views.decoder.b
    return SQUARED.value_and_gradient(y[-1:], raw)[0].sum()


def items_of(group):
    """The pairs of a group, in the decoder's order: source, target up to the loss."""
    data = [group.batch.encoder.data.X, group.batch.decoder.data.y]
    for row in group.batch.decoder.rows:
        yield [one.values[one.starts[row] :][: one.lengths[row]] for one in data]


@pytest.mark.parametrize("cell", CELLS)
def test_a_lag_is_a_change_of_the_weights_of_one_step(cell):
    """What a turn of the way back adds is the derivative of the losses by the weights of its step."""
    net, theta = network(cell)
    group = truncation(pairs())._probe(net, 1)[0]
    gradient, direction = Gradient(net, theta, FAST), np.random.RandomState(3).normal(size=theta.size)
    for name in ("decoder.readout.W", "decoder.readout.b"):  # of the step of the loss, whatever the lag
        direction[net.layout.places[name][0]] = 0
    for k, _ in enumerate(way_back(gradient, group, SQUARED, 60)):
        expected = 0.0
        for (x, y), (c,) in zip(items_of(group), group.weight, strict=True):
            changed = len(x) + len(y) - 1 - k
            if changed >= 0:
                ends = []
                for e in (1e-6, -1e-6):
                    thetas = [theta] * (len(x) + len(y))
                    thetas[changed] = theta + e * direction
                    ends.append(loss_of(net, thetas, x, y))
                expected += c * (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradient.g @ direction, expected, rtol=1e-6, atol=1e-9)
        gradient.g[:] = 0
    assert k + 1 == group.batch.T


def test_groups_add_up():
    net, theta = network("gru")
    auto = truncation(pairs())
    probe = auto._probe(net, 5)
    assert auto.R == 13
    np.testing.assert_allclose(sum(group.weight.sum() for group in probe), 1)
    phi, g_norm = measure_pairs(net, theta, SQUARED, probe, auto.R)
    gradient, parts = Gradient(net, theta, FAST), np.zeros((auto.R, theta.size))
    for group in probe:
        before = gradient.g.copy()
        for k, _ in enumerate(way_back(gradient, group, SQUARED, auto.R)):
            parts[k] += gradient.g - before
            before = gradient.g.copy()
    np.testing.assert_allclose(phi, np.linalg.norm(parts, axis=1), atol=1e-14)
    np.testing.assert_allclose(g_norm, np.linalg.norm(parts.sum(axis=0)))


def test_far_sources_are_cut():
    """A long source is entered so many steps before the first lag that it makes no difference."""
    rng = np.random.RandomState(0)
    x, y = [rng.normal(size=(400, 2))] * 3, [rng.normal(size=(2, 1))] * 3
    data = Pairs(sequences(x), Dataset(previous_steps(sequences(y)), sequences(y)))
    auto = truncation(data)
    assert auto.R == 60
    assert {group.batch.encoder.T for group in auto._probe(network("gru")[0], 1)} == {120}


def test_long_targets_are_not_left():
    """Lags of losses far from the source are all steps of the decoder."""
    rng = np.random.RandomState(0)
    y = sequences([rng.normal(size=(90, 1))])
    auto = truncation(Pairs(sequences([rng.normal(size=(3, 2))]), Dataset(previous_steps(y), y)))
    (net, theta), probe = network("gru"), auto._probe(network("gru")[0], 1)
    far = max(probe, key=lambda group: group.batch.decoder.T)
    assert far.batch.decoder.T > auto.R == 60
    gradient = Gradient(net, theta, FAST)
    turns = zip(range(60), way_back(gradient, far, SQUARED, 60), strict=False)
    assert len(list(turns)) == 60
    of_encoder = [where for name, (where, _) in net.layout.places.items() if name.startswith("encoder")]
    assert not any(gradient.g[where].any() for where in of_encoder)
    assert gradient.g.any()


def test_steps_without_weight_are_no_losses():
    weights = sequences([np.arange(len(one))[:, None] % 2.0 for one in TARGETS])
    for epoch in range(20):
        for s, rows in truncation(pairs(step_weight=weights))._draw(epoch):
            assert s % 2 == 1
            assert all(len(TARGETS[i]) > s for i in rows)


# --- in use -------------------------------------------------------------------------------------------


def fit(model, X=SOURCES, y=TARGETS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_training_is_that_of_the_recorded_values(loss, assert_same_weights):
    options = {"loss": loss, **({"quantile": [0.1, 0.9]} if loss == "quantile" else {})}
    model = fit(skrnn.GRUEncoderDecoderRegressor(**{**SMALL, "truncation_tolerance": 0.05}, **options))
    assert model.k2_curve_[0] == 3
    assert max(model.k2_curve_) <= 13 + 1
    assert len(set(model.k2_curve_)) > 1
    by_hand = skrnn.GRUEncoderDecoderRegressor(**{**SMALL, "max_iter": 1, "warm_start": True}, **options)
    for k2 in model.k2_curve_:
        fit(by_hand.set_params(k2=k2))
    assert_same_weights(by_hand, model)
    assert by_hand.k2_curve_ == model.k2_curve_


def test_what_goes_with_it():
    model = skrnn.LSTMEncoderDecoderRegressor(**SMALL)
    with pytest.raises(ValueError, match="k2='auto' and k1=None do not go together: set k1"):
        fit(clone(model).set_params(k1=None))
    with pytest.raises(ValueError, match="The 'k2' parameter of GRUEncoderDecoder must be"):
        skrnn.GRUEncoderDecoder(k2="auto", k1=3).fit(["a"], ["b"])


def test_a_memory_far_back_is_found():
    """The answer repeats the first steps of the source: the more of it is seen, the longer the source."""
    rng, found = np.random.RandomState(0), {}
    for T in (3, 12):
        X = rng.normal(size=(200, T, 1))
        options = {**SMALL, "hidden_size": 12, "k1": 1, "batch_size": 20, "max_iter": 15}
        model = skrnn.GRUEncoderDecoderRegressor(**options, learning_rate_init=0.02)
        found[T] = np.median(fit(model, X, X[:, :2]).k2_curve_[5:])
    assert found[3] <= 5
    assert found[12] > found[3]
