"""Gradient flow: total derivatives by lag against PyTorch's autograd, finite differences, and by hand."""

import numpy as np
import pytest
from support.reference import (
    EQUAL,
    POOLING_VARIANTS,
    RAGGED,
    VARIANT_IDS,
    VARIANTS,
    assert_same_gradient,
    dataset,
    finite_differences,
    loss_and_gradient,
    network,
    torch_loss,
    torch_pooled,
)

from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.flow import add_gradient, norm_of_rows, norms_by_lag, up_to, way_back
from skrnn._engine.learner import Gradient
from skrnn._engine.packing import Steps
from skrnn._engine.storage import Sequences
from skrnn.losses import LOSSES

SQUARED = LOSSES["squared_error"]()
variants = pytest.mark.parametrize(("cell", "options"), VARIANTS, ids=VARIANT_IDS)
pytestmark = pytest.mark.usefixtures("engine")


def flow(net, theta, data, rows, ends, y, n_lags, loss=SQUARED):
    """Norms by layer and state, and those of the read-out, in the order of ``rows``."""
    batch = up_to(data, rows, ends).batch(np.arange(len(rows)), net.dtype)
    norms, direct = norms_by_lag(Gradient(net, theta, FAST), batch, loss, y[batch.rows], n_lags)
    back = np.argsort(batch.rows)
    return [[norm[back] for norm in layer] for layer in norms], direct[back]


# --- a network unrolled by hand, in PyTorch ----------------------------------------------------------


def torch_step(torch, cell, activation, a_x, a_h, state):
    H = state[0].shape[0]
    if cell == "rnn":
        f = {"relu": torch.relu, "logistic": torch.sigmoid, "identity": lambda a: a, "tanh": torch.tanh}
        f["softmax"] = lambda a: torch.softmax(a, dim=0)
        return (f[activation](a_x + a_h),)
    if cell == "lstm":
        i, f, g, o = (a_x + a_h).split(H)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
        c.retain_grad()  # before h is made of it
        return torch.sigmoid(o) * torch.tanh(c), c
    (r_x, z_x, n_x), (r_h, z_h, n_h) = a_x.split(H), a_h.split(H)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    return ((1 - z) * torch.tanh(n_x + r * n_h) + z * state[0],)


def torch_norms(net, theta, cell, activation, x, y, pooling, loss):
    """One sequence x (T, F): for each layer and state the norms of the gradients, from the last step."""
    import torch

    W = {n: torch.tensor(v) for n, v in net.layout.views(theta).items()}
    X, states = [torch.tensor(row, requires_grad=True) for row in x], []
    for k, H in enumerate(net.hidden_sizes):
        state = tuple(torch.zeros(H, dtype=torch.float64) for _ in range(net.cells[k].n_states))
        states.append([])
        for t, inputs in enumerate(X):
            a_x = inputs @ W[f"layer{k}.W_x"] + W[f"layer{k}.b_x"]
            a_h = state[0] @ W[f"layer{k}.W_h"] + W[f"layer{k}.b_h"]
            state = torch_step(torch, cell, activation, a_x, a_h, state)
            for s in state:
                s.retain_grad()
            states[-1].append(state)
            X[t] = state[0]
    H = torch.stack(X)
    pooled = torch_pooled(H, H[-1], pooling)
    torch_loss(loss, (pooled @ W["readout.W"] + W["readout.b"])[None], y).backward()
    return [
        [np.array([float(s[j].grad.norm()) for s in layer[::-1]]) for j in range(len(layer[0]))]
        for layer in states
    ]


def check_against_torch(net, theta, cell, activation, data, rows, ends, y, *, pooling="last", loss):
    n_lags = max(ends)
    norms, _ = flow(net, theta, data, rows, ends, y, n_lags, LOSSES[loss]())
    for i, (row, end) in enumerate(zip(rows, ends, strict=True)):
        T = min(end, data.X.lengths[row])
        x = data.X.take(np.full(T, row), np.arange(T))
        x = np.concatenate([x, np.zeros((end - T, x.shape[1]))])
        expected = torch_norms(net, theta, cell, activation, x, y[i : i + 1], pooling, loss)
        for layer, layer_expected in zip(norms, expected, strict=True):
            for norm, e in zip(layer, layer_expected, strict=True):
                np.testing.assert_allclose(norm[i, :end], e, rtol=1e-9, atol=1e-14)
                assert np.isnan(norm[i, end:]).all()


@variants
@pytest.mark.parametrize("hidden_sizes", [(3,), (4, 3)], ids=["one-layer", "two-layers"])
def test_equal_to_torch(cell, options, hidden_sizes):
    pytest.importorskip("torch")
    net, theta = network(cell, hidden_sizes, cell_options=options)
    data = dataset(RAGGED)
    check_against_torch(
        net, theta, cell, options.get("activation"), data, np.arange(5), np.array(RAGGED), data.y,
        loss="squared_error",
    )  # fmt: skip


@pytest.mark.parametrize("pooling", POOLING_VARIANTS[1:])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_pooling_equal_to_torch(cell, pooling):
    pytest.importorskip("torch")
    net, theta = network(cell, (4, 3), pooling=pooling)
    data = dataset(RAGGED, loss="multinomial_log_loss")
    check_against_torch(
        net, theta, cell, None, data, np.arange(5), np.array(RAGGED), data.y, pooling=pooling,
        loss="multinomial_log_loss",
    )  # fmt: skip


@pytest.mark.parametrize("delay", [0, 2])
def test_any_step_of_any_sequence(delay):
    """Ends within the sequences, the same sequence twice, and in the steps after the last of X."""
    pytest.importorskip("torch")
    net, theta = network("lstm", (3, 3))
    data = dataset(RAGGED, per_step=True, delay=delay)
    rows, times = np.array([1, 1, 0, 3, 4]), np.array([2, 5, 3, 0, 0])
    y = data.y.take(rows, times)
    check_against_torch(net, theta, "lstm", None, data, rows, times + 1 + delay, y, loss="squared_error")


# --- without PyTorch -----------------------------------------------------------------------------------


@variants
def test_finite_differences(cell, options):
    """The states after a step are moved a little, and the rest of the sequence run from there."""
    net, theta = network(cell, (2, 3), cell_options=options)
    views, data, T = net.views(theta), dataset([5]), 5
    norms, _ = flow(net, theta, data, np.array([0]), np.array([T]), data.y, T)
    X = data.X.take(np.zeros(T, dtype=int), np.arange(T))

    def loss_of(t, k, moved):
        """The loss with h of layer k at step t (from 0) moved; what is above sees it at once."""
        layers = net.initial_state(1).layers
        for step in range(T):
            x = X[step : step + 1]
            for j in range(len(net.cells)):
                layer = views.layers[j][0]
                a = x @ layer.W_x + layer.b_x, layers[j][0][0] @ layer.W_h + layer.b_h
                new, _ = net.cells[j].forward(*a, layers[j][0])
                if step == t and j == k:
                    new = new[0] + moved, *new[1:]
                layers[j] = [new]
                x = new[0]
        return SQUARED.value_and_gradient(data.y, x @ views.W + views.b)[0][0]

    for k, H in enumerate(net.hidden_sizes):
        for lag in range(T):
            d = finite_differences(lambda h, k=k, t=T - 1 - lag: loss_of(t, k, h), np.zeros(H))
            np.testing.assert_allclose(norms[k][0][0, lag], np.linalg.norm(d), rtol=1e-6, atol=1e-9)


def scalar(w, T, dtype=np.float64):
    """h' = x + w h and the loss (h_T)^2 / 2 with h_T = 1."""
    net, theta = network("rnn", (1,), K=1, F=1, cell_options={"activation": "identity"})
    views = net.layout.views(theta)
    theta[:] = 0
    views["layer0.W_x"][:], views["layer0.W_h"][:], views["readout.W"][:] = 1, w, 1
    x = np.zeros((T, 1))
    x[-1] = 1
    return net, theta, Dataset(Sequences(x, [T]), np.zeros((1, 1)))


@pytest.mark.parametrize("w", [0.5, -0.25, 1.0, 2.0])
def test_a_linear_unit_is_multiplied_by_its_weight(w):
    net, theta, data = scalar(w, 8)
    norms, direct = flow(net, theta, data, np.array([0]), np.array([8]), data.y, 8)
    np.testing.assert_array_equal(norms[0][0][0], np.abs(w) ** np.arange(8.0))
    np.testing.assert_array_equal(direct[0], [1] + 7 * [0])


def test_exploding_gradients_are_inf_not_nan():
    net, theta, data = scalar(1e30, 20)
    norms, _ = flow(net, theta, data, np.array([0]), np.array([20]), data.y, 20)
    assert np.isinf(norms[0][0][0, 15:]).all()
    np.testing.assert_allclose(norms[0][0][0, 10], 1e300)
    np.testing.assert_array_equal(norm_of_rows(np.array([[3e300, 4e300], [np.nan, 1]])), [5e300, np.inf])


@pytest.mark.parametrize("n_lags", [1, 3, 6])
def test_fewer_lags_are_the_first_ones(n_lags):
    net, theta = network("gru", (3, 2), pooling="mean")
    data = dataset(RAGGED)
    args = net, theta, data, np.arange(5), np.array(RAGGED), data.y
    (whole, direct), (norms, some) = flow(*args, 6), flow(*args, n_lags)
    np.testing.assert_allclose(norms[0][0], whole[0][0][:, :n_lags], rtol=1e-12)
    np.testing.assert_allclose(some, direct[:, :n_lags], rtol=1e-12)


@pytest.mark.parametrize("lengths", [RAGGED, EQUAL], ids=["ragged", "equal"])
@variants
def test_the_lags_add_up_to_the_gradient(cell, options, lengths):
    net, theta = network(cell, (3, 2), cell_options=options)
    data = dataset(lengths)
    _, expected = loss_and_gradient(net, theta, data, "squared_error")
    batch, gradient = data.batch(np.arange(len(lengths)), net.dtype), Gradient(net, theta, FAST)
    for lag in way_back(gradient, batch, SQUARED, data.y[batch.rows], 6, batch.weight[:, None]):
        add_gradient(gradient, lag)
    for name, view in net.layout.views(gradient.g).items():
        if name.startswith("layer"):
            assert_same_gradient(view, net.layout.views(expected)[name], rtol=1e-12)
        else:
            assert not view.any()


def test_only_the_last_steps_from_zeros():
    """``longest`` cuts what came before: as if the sequence began there."""
    net, _ = network("lstm")
    data = dataset([9])
    cut = up_to(data, np.array([0]), np.array([8]), 5)
    assert list(cut.lengths) == [5]
    batch = cut.batch(np.arange(1), net.dtype)
    np.testing.assert_array_equal(
        batch.X(Steps([1] * 5, 1), 0), data.X.take(np.zeros(5, dtype=int), np.arange(3, 8))
    )
