"""Dropout on recurrent weights: one mask per update, drawn after those of units; theta keeps its own."""

import numpy as np
import pytest
from support.pairs import pair_network, pairs
from support.reference import dataset, network

from skrnn._engine.arithmetic import FAST
from skrnn._engine.learner import Gradient, Learner
from skrnn._engine.tbptt import tbptt
from skrnn._engine.weight_dropout import WeightDropout
from skrnn.losses import LOSSES
from skrnn.solvers import SGD

SQUARED = LOSSES["squared_error"]()


def recurrent(net):
    """(P,) which of the weights are recurrent."""
    where = np.zeros(net.layout.size, dtype=bool)
    for name, view in net.layout.views(where).items():
        view[...] = name.endswith(".W_h")
    return where


class Recorder(Learner):
    """What every update has used, and the random numbers that were drawn."""

    def __init__(self, net, theta, data, seed=0, **options):
        self.seen, self.thetas = [], []
        draws = np.random.RandomState(seed)
        super().__init__(net, theta.copy(), FAST, SGD(theta, 0.1), random_state=draws, **options)
        tbptt(net, SQUARED, data.batch(np.arange(len(data)), net.dtype), self, 2, 3)
        self.next_draw = draws.uniform()

    def update(self, scale, S, relative_weight=1.0):
        self.seen.append(self.weight_mask.used.copy() if self.weight_mask else None)
        self.thetas.append(self.theta.copy())
        super().update(scale, S, relative_weight)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mask_is_of_all_recurrent_matrices_and_keeps_their_size(bidirectional, dtype):
    net, theta = network("lstm", (16, 12), bidirectional=bidirectional)
    theta = theta.astype(dtype)
    mask = WeightDropout(net, theta, 0.25)
    np.testing.assert_array_equal(mask.used, theta)
    mask.draw(np.random.RandomState(0))
    assert mask.used.dtype == dtype
    W_h = recurrent(net)
    np.testing.assert_array_equal(mask.used[~W_h], theta[~W_h])
    ratio = mask.used[W_h] / theta[W_h]
    assert set(np.round(ratio, 5)) == {0, np.round(dtype(4 / 3), 5)}
    assert np.mean(ratio == 0) == pytest.approx(0.25, abs=0.02)
    g = np.ones_like(theta)
    mask.apply(g)
    np.testing.assert_allclose(g * theta, mask.used, rtol=1e-6)


def test_a_new_mask_for_every_update_on_the_weights_of_that_moment():
    net, theta = network("gru", (4, 3))
    learner = Recorder(net, theta, dataset([6, 6], per_step=True), weight_dropout=0.5)
    assert learner.n_updates == 3
    draws, twin = np.random.RandomState(0), network("gru", (4, 3))[0]
    for used, theta_then in zip(learner.seen, learner.thetas, strict=True):
        mask = WeightDropout(twin, theta_then, 0.5)
        mask.draw(draws)
        np.testing.assert_array_equal(used, mask.used)
    assert not np.array_equal(learner.seen[0] == 0, learner.seen[1] == 0)


def test_masks_of_units_are_drawn_first():
    net, theta = network("gru", (4, 3), dropout=0.5)
    data = dataset([2, 2], per_step=True)
    learner = Recorder(net, theta, data, weight_dropout=0.5)
    draws = np.random.RandomState(0)
    net.draw_masks(2, draws)
    mask = WeightDropout(net, learner.thetas[0], 0.5)
    mask.draw(draws)
    np.testing.assert_array_equal(learner.seen[0], mask.used)


def test_without_it_nothing_is_drawn_and_no_bit_changes():
    net, theta = network("lstm", (4, 3), dropout=0.5)
    data = dataset([6, 4], per_step=True)
    learner, plain = Recorder(net, theta, data, weight_dropout=0.0), Recorder(net, theta, data)
    assert learner.weight_mask is None
    np.testing.assert_array_equal(learner.theta, plain.theta)
    draws = np.random.RandomState(0)
    for _ in range(learner.n_updates + 1):
        net.draw_masks(2, draws)
    assert draws.uniform() == learner.next_draw


def test_penalty_and_clipping_see_the_masked_gradient_and_theta_itself():
    net, theta = network("rnn")
    learner = Gradient(net, theta, FAST, alpha=2.0, weight_dropout=0.5)
    learner.weight_mask.draw(np.random.RandomState(0))
    learner.g[:] = 1.0
    penalty, norm = learner.finish(3.0, 4.0)
    expected = np.full_like(theta, 3.0)
    W_h, matrices = recurrent(net), learner.matrices
    expected[W_h] *= learner.weight_mask.used[W_h] / theta[W_h]
    expected[matrices] += 0.5 * theta[matrices]
    np.testing.assert_allclose(learner.g, expected)
    assert norm == pytest.approx(np.linalg.norm(expected))
    assert penalty == pytest.approx(0.25 * theta[matrices] @ theta[matrices])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_encoder_and_decoder_have_a_mask_each(cell):
    net, theta = pair_network(cell, (3, 2))
    gradient = Gradient(net, theta, FAST, weight_dropout=0.5)
    gradient.weight_mask.draw(np.random.RandomState(0))
    data = pairs([(3, 2), (4, 1)])
    tbptt(net, LOSSES["multinomial_log_loss"](), data.batch(np.arange(2), net.dtype), gradient)
    gradient.finish(1.0, 1.0)
    dropped = recurrent(net) & (gradient.weight_mask.used == 0)
    for part in ("encoder", "decoder"):
        names = [name for name in net.layout.shapes if name.startswith(part) and name.endswith(".W_h")]
        views = net.layout.views(dropped)
        assert len(names) == 2
        assert all(views[name].any() and not views[name].all() for name in names)
    assert (gradient.g[dropped] == 0).all()
