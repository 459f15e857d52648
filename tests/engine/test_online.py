"""Gradients forwards in time: equal to backpropagation over the whole past, and to finite differences."""

import numpy as np
import pytest
from support.reference import (
    RAGGED,
    VARIANT_IDS,
    VARIANTS,
    assert_same_gradient,
    dataset,
    finite_differences,
    loss_and_gradient,
    loss_only,
    make,
    network,
)

from skrnn import cells
from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Gradient, Learner
from skrnn._engine.network import Network
from skrnn._engine.online import INFLUENCES, Path, is_elementwise, online
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import tbptt
from skrnn.solvers import SGD

CELLS = [one for one in VARIANTS if one[1].get("activation") != "softmax"]
all_cells = pytest.mark.parametrize(
    ("cell", "options"),
    CELLS,
    ids=[i for one, i in zip(VARIANTS, VARIANT_IDS, strict=True) if one in CELLS],
)
kinds = pytest.mark.parametrize("kind", INFLUENCES)


class Leaky(cells.Cell):
    """h' = (3 h + f) / 4 with f = tanh(a_x + s a_h), and a slow trace s' = (s + h) / 2: two states."""

    n_states = 2

    def forward(self, a_x, a_h, state):
        h, s = state
        f = np.tanh(a_x + s * a_h)
        return (0.75 * h + 0.25 * f, 0.5 * s + 0.5 * h), (f, s, a_h)

    def backward(self, dstate, tape):
        (dh, ds), (f, s, a_h) = dstate, tape
        da = 0.25 * dh * (1 - f * f)
        return da, da * s, (0.75 * dh + 0.5 * ds, 0.5 * ds + da * a_h)


def own_network(cell=Leaky, H=3, K=2, D=3, dtype=np.float64):
    net = Network(cell, D, (H,), K, dtype=dtype)
    rng = np.random.RandomState(0)
    theta = net.initial_weights(rng)
    return net, (theta + 0.3 * rng.normal(size=theta.size)).astype(dtype)


def gathered(net, theta, data, kind="rtrl", k1=1, loss="squared_error"):
    """Loss and gradient of the whole data at frozen weights, gathered forwards in time."""
    gradient = Gradient(net, theta, FAST)
    batch = data.batch(np.arange(len(data)), net.dtype)
    online(net, make(loss, net.n_outputs), batch, gradient, kind, k1)
    return gradient.loss, gradient.g


def data_with_weights(**options):
    data = dataset(RAGGED, per_step=True, **options)
    u = np.random.RandomState(1).uniform(size=(sum(RAGGED), 1))
    u[::3] = 0
    return dataset(RAGGED, per_step=True, step_weight=Sequences(u, RAGGED), **options), data


@all_cells
@pytest.mark.parametrize("loss", ["squared_error", "multinomial_log_loss"])
def test_equal_to_bptt_over_the_whole_past(cell, options, loss):
    net, theta = network(cell, cell_options=options)
    for data in data_with_weights(loss=loss):
        expected_loss, expected = loss_and_gradient(net, theta, data, loss)
        for k1 in (1, 3, None):
            value, g = gathered(net, theta, data, k1=k1, loss=loss)
            np.testing.assert_allclose(value, expected_loss, rtol=1e-13)
            assert_same_gradient(g, expected, 1e-12)


def test_equal_to_bptt_for_a_cell_of_a_user():
    net, theta = own_network()
    data = dataset(RAGGED, per_step=True)
    assert_same_gradient(
        gathered(net, theta, data)[1], loss_and_gradient(net, theta, data, "squared_error")[1], 1e-12
    )


@all_cells
def test_finite_differences(cell, options):
    net, theta = network(cell, (2,), cell_options=options)
    data = dataset([6, 4], per_step=True)
    numeric = finite_differences(lambda theta: loss_only(net, theta, data, "squared_error"), theta)
    assert_same_gradient(gathered(net, theta, data)[1], numeric, 1e-8)


@all_cells
def test_the_influence_is_the_derivative_of_the_state(cell, options):
    """J itself, state by state, against differences of the states at the end."""
    net, theta = network(cell, (3,), cell_options=options)
    X = np.random.RandomState(2).normal(size=(5, 1, 3))

    def run(theta):
        path = Path(net, net.views(theta), "rtrl", net.initial_state(1).layers)
        for x in X:
            path.step(x)
        return path

    J = run(theta).influence.J.reshape(net.cells[0].n_states, 3, -1)  # M = x, 1, h, 1; G H
    names = ("W_x", "b_x", "W_h", "b_h")
    for s, of_state in enumerate(J):
        for i, row in enumerate(of_state):
            numeric = finite_differences(lambda theta, s=s, i=i: run(theta).state[s][0, i], theta)
            views = net.layout.views(numeric)
            expected = np.concatenate([views[f"layer0.{name}"].ravel() for name in names])
            np.testing.assert_allclose(row, expected, atol=1e-8)


@pytest.mark.parametrize("cell", [*cells.CELLS, "own"])
@pytest.mark.parametrize("H", [1, 4])
def test_snap1_is_exact_for_units_that_do_not_meet(cell, H):
    """With a diagonal W_h nothing is left out, and so it is with a single unit."""
    net, theta = own_network(cells.CELLS.get(cell, Leaky), H)
    W_h = net.views(theta).layers[0][0].W_h
    W_h *= np.tile(np.eye(H), net.cells[0].n_gates)
    data = dataset(RAGGED, per_step=True)
    expected = loss_and_gradient(net, theta, data, "squared_error")[1]
    assert_same_gradient(gathered(net, theta, data, "snap1")[1], expected, 1e-12)


@pytest.mark.parametrize("cell", [*cells.CELLS, "own"])
def test_snap1_is_rtrl_that_forgets_the_influence_on_other_units(cell):
    net, theta = own_network(cells.CELLS.get(cell, Leaky), 4)
    X, draw = np.random.RandomState(2).normal(size=(2, 6, 2, 3))
    full, diagonal = (
        Path(net, net.views(theta), kind, net.initial_state(2).layers) for kind in INFLUENCES
    )
    shape = (2, net.cells[0].n_states, 4, 9, -1, 4)
    for x, d in zip(X, draw[:, :, :2], strict=True):
        gradients = [np.zeros_like(theta) for _ in range(2)]
        for path, g in zip((full, diagonal), gradients, strict=True):
            path.add_gradient(path.step(x), d, net.views(g))
        J = full.influence.J.reshape(shape)
        J *= np.eye(4)[:, None, None]
        # the influence on other units that arose in this very step is in the gradient of rtrl
        gradients[0][:] = 0
        full.add_gradient(full.state[0], d, net.views(gradients[0]))
        assert_same_gradient(gradients[1], gradients[0], 1e-12)


@kinds
def test_single_precision(kind):
    data = dataset(RAGGED, per_step=True)
    (net, theta), (net32, _) = own_network(cells.GRU), own_network(cells.GRU, dtype=np.float32)
    expected = gathered(net, theta, data, kind)[1]
    g = gathered(net32, theta.astype(np.float32), data, kind)[1]
    assert g.dtype == np.float32
    assert_same_gradient(g, expected, 1e-5)


@kinds
def test_a_batch_in_two_parts_is_that_batch(kind):
    """State and influence at the end of the first part are all that the second needs; weights move on."""
    net, theta = own_network(cells.LSTM)
    rng = np.random.RandomState(3)
    X, Y = rng.normal(size=(3, 6, 3)), rng.normal(size=(3, 6, 2))

    def learned(*parts):
        learner = Learner(net, theta.copy(), FAST, SGD(theta, 0.1), clip_norm=1.0, ends=[])
        start = None
        for steps in parts:
            x, y = (
                Sequences(a[:, steps].reshape(-1, a.shape[2]), [a[0, steps].shape[0]] * 3) for a in (X, Y)
            )
            batch = Dataset(x, y, start=start).batch(np.arange(3), net.dtype)
            online(net, make("squared_error", 2), batch, learner, kind)
            start = learner.ends[-1][1]
        return [learner.theta, *(s for layer in start for s in layer)]

    whole, in_parts = learned(slice(None)), learned(slice(0, 2), slice(2, None))
    for a, b in zip(whole, in_parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_updates_every_k1_steps_are_those_of_tbptt_where_nothing_is_cut():
    """One update per batch, and the scale, penalty and clipping around it, are the same."""
    net, theta = own_network(cells.GRU)
    data = dataset(RAGGED, per_step=True)
    batch = data.batch(np.arange(len(data)), net.dtype)
    learners = [
        Learner(net, theta.copy(), FAST, SGD(theta, 0.1), alpha=0.1, clip_norm=1.0) for _ in range(2)
    ]
    tbptt(net, make("squared_error", 2), batch, learners[0])
    online(net, make("squared_error", 2), batch, learners[1], "rtrl", k1=None)
    np.testing.assert_allclose(learners[1].theta, learners[0].theta, rtol=1e-12)
    assert [one.n_updates for one in learners] == [1, 1]


def test_an_influence_that_is_not_finite_begins_anew():
    net, theta = own_network(cells.GRU)
    path = Path(net, net.views(theta), "rtrl", net.initial_state(2).layers)
    path.step(np.ones((2, 3)))
    path.influence.J[1, 5] = np.inf
    _, ((J,),) = path.layers()
    assert J[0].any()
    assert not J[1].any()


def test_which_cells_are_elementwise():
    for cell, options in VARIANTS:
        one = cells.CELLS[cell](3, np.float64, **options)
        assert is_elementwise(one) is (options.get("activation") != "softmax")
    assert is_elementwise(Leaky(3, np.float64))
