"""The gradient of the whole network, proved: finite differences, PyTorch, and the exact arithmetic.

For cell x direction x depth x raggedness x loss, and pooling, delay, replication. What does not depend
on where the windows are cut is in test_tbptt.py.
"""

import numpy as np
import pytest
from support.combinations import together
from support.reference import (
    EQUAL,
    LOSS_VARIANTS,
    POOLING_VARIANTS,
    RAGGED,
    VARIANTS,
    assert_is_gradient,
    assert_same_gradient,
    dataset,
    loss_and_gradient,
    loss_only,
    network,
    torch_loss_and_gradient,
)

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.inference import outputs
from skrnn._engine.learner import Gradient
from skrnn._engine.packing import Window
from skrnn._engine.tbptt import tbptt
from skrnn.cells import CELLS
from skrnn.losses import LOSSES

pytestmark = pytest.mark.usefixtures("engine")

lengths = pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
layers = pytest.mark.parametrize("hidden_sizes", [(4,), (3, 2)], ids=["1 layer", "2 layers"])
directions = pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
targets = pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])


# A loss meets the network at the raw outputs only: one of each kind of target in all networks, the
# others in one.
IN_ALL_NETWORKS = ["squared_error", "binomial_log_loss", "multinomial_log_loss"]
other_losses = pytest.mark.parametrize("loss", [v for v in LOSS_VARIANTS if v not in IN_ALL_NETWORKS])


def check_by_differences(net, theta, data, loss, **kw):
    _, g = loss_and_gradient(net, theta, data, loss, **kw)
    assert_is_gradient(g, lambda x: loss_only(net, x, data, loss, **kw), theta)


# Any three of these stand together in every combination.
NETWORKS = [(False, True), [(4,), (3, 2)], [EQUAL, RAGGED], (False, True), IN_ALL_NETWORKS]
NAMES = ("cell", "bidirectional", "hidden_sizes", "lengths", "per_step", "loss")


@pytest.mark.parametrize(NAMES, together(VARIANTS, *NETWORKS, n=3))
def test_finite_differences(cell, bidirectional, hidden_sizes, lengths, per_step, loss):
    cell, options = cell
    net, theta = network(cell, hidden_sizes, bidirectional=bidirectional, cell_options=options)
    check_by_differences(net, theta, dataset(lengths, loss=loss, per_step=per_step), loss)


@other_losses
@targets
def test_finite_differences_of_every_loss(loss, per_step):
    net, theta = network("gru", (3,))
    check_by_differences(net, theta, dataset(RAGGED, loss=loss, per_step=per_step), loss)


@pytest.mark.parametrize(
    ("cell", "pooling", "lengths", "bidirectional"),
    together(list(CELLS), POOLING_VARIANTS[1:], [EQUAL, RAGGED], [False, True]),
)
def test_finite_differences_of_pooling(cell, bidirectional, lengths, pooling):
    net, theta = network(cell, bidirectional=bidirectional, pooling=pooling)
    check_by_differences(net, theta, dataset(lengths), "squared_error")


@pytest.mark.parametrize(
    ("cell", "pooling", "lengths"), together(list(CELLS), POOLING_VARIANTS, [EQUAL, RAGGED])
)
def test_finite_differences_of_target_replication(cell, lengths, pooling):
    net, theta = network(cell, pooling=pooling)
    check_by_differences(net, theta, dataset(lengths, replication=0.4), "squared_error")


@pytest.mark.parametrize("cell", CELLS)
@lengths
@layers
def test_finite_differences_of_target_delay(cell, hidden_sizes, lengths):
    net, theta = network(cell, hidden_sizes)
    check_by_differences(net, theta, dataset(lengths, per_step=True, delay=2), "squared_error")


@pytest.mark.parametrize("cell", CELLS)
@lengths
@directions
@pytest.mark.parametrize("pooling", ["last", "last_max"])
def test_finite_differences_with_respect_to_the_inputs(cell, bidirectional, lengths, pooling):
    """dX, which streaming, embeddings and saliency need."""
    from skrnn._engine.batch import Batch
    from skrnn._engine.dataset import Dataset
    from skrnn._engine.storage import Sequences

    net, theta = network(cell, (3, 2), bidirectional=bidirectional, pooling=pooling)
    data = dataset(lengths)
    views = net.views(theta)

    def outputs(flat, record=False):
        moved = Dataset(Sequences(flat.reshape(-1, 3), lengths), data.y)
        batch = Batch(moved, np.arange(len(lengths)), np.float64)
        steps = batch.steps(0, batch.T)
        out = net.forward(
            views,
            Window(batch.X(steps, 0), steps, batch.T - 1),
            net.initial_state(batch.B),
            FAST,
            record=record,
        )
        return (*out, batch, steps)

    flat = data.X.flat().ravel()
    raw, _, tape, batch, steps = outputs(flat, record=True)
    probe = np.random.RandomState(1).normal(size=raw.shape)
    dX, _ = net.backward(probe, tape, None, FAST)
    g = np.zeros((len(flat) // 3, 3))
    rows, times = batch._index(steps, 0)
    g[data.X.starts[rows] + times] = dX
    assert_is_gradient(g.ravel(), lambda x: float((outputs(x)[0] * probe).sum()), flat)


@pytest.mark.parametrize(NAMES[:-1], together(list(CELLS), *NETWORKS[:-1]))
def test_exact_arithmetic_has_the_same_gradient(cell, bidirectional, hidden_sizes, lengths, per_step):
    net, theta = network(cell, hidden_sizes, bidirectional=bidirectional)
    data = dataset(lengths, per_step=per_step)
    value, g = loss_and_gradient(net, theta, data, "squared_error")
    exact_value, exact_g = loss_and_gradient(net, theta, data, "squared_error", arithmetic=EXACT)
    assert exact_value == pytest.approx(value, rel=1e-13)
    assert_same_gradient(exact_g, g, rtol=1e-13)


TORCH_VARIANTS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]


@pytest.mark.parametrize(NAMES, together(TORCH_VARIANTS, *NETWORKS, n=3))
def test_equal_to_torch(cell, bidirectional, hidden_sizes, lengths, per_step, loss):
    pytest.importorskip("torch")
    cell, activation = cell
    options = {"activation": activation} if cell == "rnn" else {}
    net, theta = network(cell, hidden_sizes, bidirectional=bidirectional, cell_options=options)
    check_against_torch(
        net, theta, cell, dataset(lengths, loss=loss, per_step=per_step), loss, activation
    )


@other_losses
@targets
@pytest.mark.parametrize("K", [1, 3])
def test_every_loss_equal_to_torch(loss, per_step, K):
    pytest.importorskip("torch")
    net, theta = network("lstm", (3, 2), K=K)
    data = dataset(RAGGED, loss=loss, per_step=per_step, K=K)
    check_against_torch(net, theta, "lstm", data, loss, "tanh")


@pytest.mark.parametrize(
    ("pooling", "cell", "bidirectional", "lengths"),
    together(POOLING_VARIANTS[1:], TORCH_VARIANTS, [False, True], [EQUAL, RAGGED], n=3),
)
def test_pooling_equal_to_torch(cell, bidirectional, lengths, pooling):
    pytest.importorskip("torch")
    cell, activation = cell
    options = {"activation": activation} if cell == "rnn" else {}
    net, theta = network(cell, bidirectional=bidirectional, pooling=pooling, cell_options=options)
    check_against_torch(net, theta, cell, dataset(lengths), "squared_error", activation, pooling)


def check_against_torch(net, theta, cell, data, loss, activation, pooling="last"):
    value, g = loss_and_gradient(net, theta, data, loss)
    t_value, t_g, t_raw = torch_loss_and_gradient(net, theta, cell, data, loss, pooling, activation)
    raw = outputs(net, theta, data.X, net.dtype, per_step=data.per_step)
    np.testing.assert_allclose(raw, np.concatenate(t_raw), rtol=0, atol=1e-12)
    assert value == pytest.approx(t_value, rel=1e-12)
    assert_same_gradient(g, t_g, rtol=1e-10)


# --- with a mask of the recurrent weights ------------------------------------------------------------


def with_mask(net, theta, data, *, seed=0, p=0.4, arithmetic=FAST, k1=None, k2=None):
    """Sum of the losses at the weights that a mask leaves of theta, its gradient, and those weights."""
    gradient = Gradient(net, theta, arithmetic, weight_dropout=p)
    gradient.weight_mask.draw(np.random.RandomState(seed))
    batch = data.batch(np.arange(len(data)), net.dtype)
    tbptt(net, LOSSES["squared_error"](), batch, gradient, k1, k2)
    gradient.finish(1.0, 1.0)
    return gradient.loss, gradient.g, gradient.weight_mask.used


@pytest.mark.parametrize(
    ("cell", "bidirectional", "hidden_sizes", "lengths", "per_step", "arithmetic"),
    together(VARIANTS, *NETWORKS[:-1], [FAST, EXACT]),
)
def test_finite_differences_with_a_weight_mask(
    cell, bidirectional, hidden_sizes, lengths, per_step, arithmetic
):
    cell, options = cell
    net, theta = network(cell, hidden_sizes, bidirectional=bidirectional, cell_options=options)
    data = dataset(lengths, per_step=per_step)
    _, g, _ = with_mask(net, theta, data, arithmetic=arithmetic)
    assert_is_gradient(g, lambda x: with_mask(net, x, data)[0], theta)
    for name, d in net.layout.views(g).items():
        assert (d == 0).any() == name.endswith(".W_h") or options, name  # units of relu may be dead


@pytest.mark.parametrize(NAMES[:-1], together(TORCH_VARIANTS, *NETWORKS[:-1]))
def test_weight_mask_equal_to_torch(cell, bidirectional, hidden_sizes, lengths, per_step):
    """By the chain rule: mask times the gradient that PyTorch has at the weights that are used."""
    pytest.importorskip("torch")
    cell, activation = cell
    options = {"activation": activation} if cell == "rnn" else {}
    net, theta = network(cell, hidden_sizes, bidirectional=bidirectional, cell_options=options)
    data = dataset(lengths, per_step=per_step)
    value, g, used = with_mask(net, theta, data)
    t_value, t_g, _ = torch_loss_and_gradient(
        net, used, cell, data, "squared_error", activation=activation
    )
    assert value == pytest.approx(t_value, rel=1e-12)
    assert_same_gradient(g, t_g * (used / theta), rtol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("k1", "k2"), [(1, 3), (2, 2), (3, 5), (3, 2), (100, 100), (None, 4), (5, 10**9)]
)
def test_with_a_weight_mask_the_windows_do_not_show(cell, k1, k2):
    net, theta = network(cell, (3, 2))
    data = dataset(RAGGED, per_step=True)
    expected, full, _ = with_mask(net, theta, data)
    value, g, _ = with_mask(net, theta, data, k1=k1, k2=k2)
    assert value == pytest.approx(expected, rel=1e-12)
    if (k2 or k1) >= max(RAGGED):
        assert_same_gradient(g, full, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@lengths
def test_float32_gradient_is_the_float64_one_to_round_off(cell, lengths):
    from skrnn._engine.batch import Batch
    from skrnn._engine.network import Network

    net, theta = network(cell, (3, 2))
    data = dataset(lengths)
    _, expected = loss_and_gradient(net, theta, data, "squared_error")
    single = Network(CELLS[cell], 3, (3, 2), 2, dtype=np.float32)
    gradient = Gradient(single, theta.astype(np.float32), FAST)
    tbptt(single, LOSSES["squared_error"](), Batch(data, np.arange(len(lengths)), np.float32), gradient)
    assert gradient.g.dtype == np.float32
    assert_same_gradient(gradient.g, expected, rtol=2e-6)
