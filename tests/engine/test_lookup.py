"""Categories beside numbers: what the first layer reads, and the gradients of the tables."""

import numpy as np
import pytest
from support.reference import (
    EQUAL,
    RAGGED,
    assert_is_gradient,
    assert_same_gradient,
    loss_and_gradient,
    loss_only,
    network,
)

from skrnn._engine.arithmetic import EXACT
from skrnn._engine.dataset import Dataset
from skrnn._engine.lookup import Category, new_lookup, width_of
from skrnn._engine.storage import Sequences
from skrnn.cells import CELLS

pytestmark = pytest.mark.usefixtures("engine")

F = 5
# features 0 and 3 share a table, 1 has its own; 2 and 4 are numbers
CATEGORIES = (Category("pair", (0, 3), 4, 3), Category("day", (1,), 3, 2))
D = width_of(F, CATEGORIES)


def data_set(lengths, *, per_step=False, K=2, seed=0, **options):
    rng = np.random.RandomState(seed)
    n = int(sum(lengths))
    X = rng.normal(size=(n, F))
    for one in CATEGORIES:
        for k in one.positions:
            X[:, k] = rng.randint(-1, one.n_values, size=n)
    X = Sequences(X, lengths)
    X.codes = (0, 1, 3)
    y = rng.normal(size=(n if per_step else len(lengths), K))
    y = X.same_steps(y) if per_step else y
    return Dataset(X, y, rng.uniform(0.5, 2, size=len(lengths)), **options)


def net_of(cell="lstm", hidden_sizes=(4,), **options):
    return network(cell, hidden_sizes, F=D, categories=CATEGORIES, **options)


def test_widths_and_shapes():
    net, _ = net_of()
    assert (D, net.n_features) == (2 + 3 + 3 + 2, F)
    shapes = net.layout.shapes
    assert shapes["embedding.pair.W"] == (4, 3)
    assert shapes["embedding.day.W"] == (3, 2)
    assert shapes["layer0.W_x"][0] == D
    # tables are not penalised
    assert net.layout.n_penalised == sum(
        np.prod(shape) for name, shape in shapes.items() if len(shape) == 2 and "embedding" not in name
    )


def test_what_the_layer_reads():
    net, theta = net_of()
    pair, day = net.views(theta).table
    X = np.array([[1.0, 2, 0.5, 3, -0.25], [-1, 0, 1.5, 0, 2.0]])
    expected = [
        np.concatenate([[0.5, -0.25], pair[1], day[2], pair[3]]),
        np.concatenate([[1.5, 2.0], np.zeros(3), day[0], pair[0]]),
    ]
    # in the order of the tables: both columns of the first, then the other
    order = [0, 1, 2, 3, 4, 7, 8, 9, 5, 6]
    np.testing.assert_array_equal(net.inputs(net.views(theta), X), np.array(expected)[:, order])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
@pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
def test_finite_differences(cell, lengths, per_step, bidirectional):
    net, theta = net_of(cell, (3, 2), bidirectional=bidirectional)
    data = data_set(lengths, per_step=per_step)
    _, g = loss_and_gradient(net, theta, data, "squared_error")
    assert_is_gradient(g, lambda x: loss_only(net, x, data, "squared_error"), theta)
    assert all(np.any(table) for table in net.views(g).table)


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize(("k1", "k2"), [(1, 50), (3, 50), (None, 50)])
def test_the_loss_does_not_depend_on_the_cuts(k1, k2, delay):
    net, theta = net_of("gru")
    data = data_set(RAGGED, per_step=True, delay=delay)
    value, g = loss_and_gradient(net, theta, data, "squared_error")
    cut, cut_g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    assert cut == pytest.approx(value, rel=1e-12)
    assert_same_gradient(cut_g, g, rtol=1e-10)


def test_a_delay_reads_steps_without_input():
    """Not the first category: its vector must not be seen after the end."""
    net, theta = net_of("gru")
    data = data_set(EQUAL, per_step=True, delay=2)
    moved = theta.copy()
    used = {int(c) for k in (0, 3) for c in data.X.flat()[:, k]}
    data.X.values[:, [0, 3]] = np.where(data.X.values[:, [0, 3]] == 0, 1, data.X.values[:, [0, 3]])
    assert 0 in used
    net.views(moved).table[0][0] += 1.0
    value, other = (loss_only(net, x, data, "squared_error") for x in (theta, moved))
    assert value == other


def test_exact_arithmetic_has_the_same_gradient():
    net, theta = net_of("lstm", (3, 2))
    data = data_set(RAGGED)
    value, g = loss_and_gradient(net, theta, data, "squared_error")
    exact, exact_g = loss_and_gradient(net, theta, data, "squared_error", arithmetic=EXACT)
    assert exact == pytest.approx(value, rel=1e-13)
    assert_same_gradient(exact_g, g, rtol=1e-13)


def test_equal_to_torch():
    torch = pytest.importorskip("torch")
    net, theta = net_of("lstm")
    data = data_set(EQUAL)
    value, g = loss_and_gradient(net, theta, data, "squared_error")
    T, n = EQUAL[0], len(EQUAL)
    weights = {
        name: torch.tensor(W, requires_grad=True) for name, W in net.layout.views(theta.copy()).items()
    }
    X = torch.tensor(data.X.flat().reshape(n, T, F))

    def look_up(table, k):
        codes = X[..., k].long()
        return torch.where((codes < 0)[..., None], 0.0, table[codes.clamp(min=0)])

    pair, day = weights["embedding.pair.W"], weights["embedding.day.W"]
    inputs = torch.cat([X[..., [2, 4]], look_up(pair, 0), look_up(pair, 3), look_up(day, 1)], dim=-1)
    h = c = torch.zeros(n, 4, dtype=torch.float64)
    for t in range(T):
        z = inputs[:, t] @ weights["layer0.W_x"] + weights["layer0.b_x"]
        z = z + h @ weights["layer0.W_h"] + weights["layer0.b_h"]
        i, f, new, o = z.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * new.tanh()
        h = o.sigmoid() * c.tanh()
    raw = h @ weights["readout.W"] + weights["readout.b"]
    loss = (torch.tensor(data.weight)[:, None] * (raw - torch.tensor(data.y)) ** 2 / 2).sum()
    loss.backward()
    assert value == pytest.approx(loss.item(), rel=1e-12)
    of_torch = np.zeros_like(theta)
    for name, view in net.layout.views(of_torch).items():
        view[...] = weights[name].grad.numpy()
    assert_same_gradient(g, of_torch, rtol=1e-10)


def test_parts_and_factors():
    lookup = new_lookup(D, None, CATEGORIES)
    net, theta = net_of()
    tables = net.views(theta).table
    X = data_set(EQUAL).X.flat()
    dX = np.random.RandomState(3).normal(size=(len(X), D))
    parts = lookup.per_feature(dX)
    np.testing.assert_array_equal(parts[:, 2], dX[:, 0])
    np.testing.assert_allclose(parts[:, 0], dX[:, 2:5].sum(axis=1))
    factors = lookup.factors_gradient(tables, X, dX)
    np.testing.assert_array_equal(factors[:, 4], dX[:, 1])
    read = lookup.vectors(tables, X)
    np.testing.assert_allclose(factors[:, 1], (read[:, 8:] * dX[:, 8:]).sum(axis=1))
    unknown = X[:, 1] < 0
    assert unknown.any()
    assert not factors[unknown, 1].any()
