"""Slow, plain references that the fast code is tested against, and small data for them."""

import numpy as np

from skrnn._engine.arithmetic import FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Gradient
from skrnn._engine.network import Network
from skrnn._engine.packing import Window
from skrnn._engine.pooling import POOLINGS, SIDE_BY_SIDE, names_of
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import tbptt
from skrnn.cells import ACTIVATIONS, CELLS
from skrnn.losses import LOSSES

# Every cell in every variant: the Elman network once per activation.
VARIANTS = [("rnn", {"activation": a}) for a in ACTIVATIONS] + [
    (name, {}) for name in CELLS if name != "rnn"
]
VARIANT_IDS = ["-".join([name, *options.values()]) for name, options in VARIANTS]

# Every pooling, those that have a name together, and all of them in another order.
POOLING_VARIANTS = [*POOLINGS, *SIDE_BY_SIDE, tuple(reversed(POOLINGS))]

# Every loss in every variant, by a name of its own.
LOSS_VARIANTS = [*LOSSES, "huber-0.3", "quantile-0.9", "quantiles"]


def make(variant, K=2):
    """The loss of a variant; "quantiles" are as many as the network has outputs."""
    name, _, level = variant.partition("-")
    if name == "quantiles":
        return LOSSES["quantile"]([(k + 1) / (K + 2) for k in range(K)])
    return LOSSES[name](float(level)) if level else LOSSES[name]()


RAGGED = [4, 6, 2, 6, 1]
EQUAL = [5, 5, 5]


def targets(loss, n, K, rng):
    """Targets (n, K or 1) that fit a loss."""
    if loss == "multinomial_log_loss":
        return rng.randint(K, size=(n, 1)).astype(float)
    if loss == "binomial_log_loss":
        return rng.randint(2, size=(n, K)).astype(float)
    if loss == "poisson":
        return rng.poisson(2, size=(n, K)).astype(float)
    if loss == "quantiles":
        return rng.normal(size=(n, 1))
    return rng.normal(size=(n, K))


def dataset(lengths, *, loss="squared_error", per_step=False, K=2, F=3, weights=True, seed=0, **kw):
    """Random sequences with targets and, by default, unequal weights."""
    rng = np.random.RandomState(seed)
    total, n = sum(lengths), len(lengths)
    X = Sequences(rng.normal(size=(total, F)), lengths)
    y = targets(loss, total if per_step else n, K, rng)
    weight = rng.uniform(0.5, 2.0, size=n) if weights else None
    return Dataset(X, Sequences(y, lengths) if per_step else y, weight, **kw)


def network(cell, hidden_sizes=(4,), *, K=2, F=3, seed=0, cell_options=None, **kw):
    """A network and a theta whose biases are not zero either."""
    rng = np.random.RandomState(seed)
    net = Network(CELLS[cell], F, hidden_sizes, K, dtype=np.float64, cell_options=cell_options, **kw)
    theta = net.initial_weights(rng)
    return net, theta + 0.1 * rng.normal(size=theta.size)


def loss_and_gradient(net, theta, data, loss, k1=None, k2=None, arithmetic=FAST):
    """Sum of c l over the whole data at frozen weights, and the sum of the updates' gradients."""
    gradient = Gradient(net, theta, arithmetic)
    batch = data.batch(np.arange(len(data)), net.dtype)
    tbptt(net, make(loss, net.n_outputs), batch, gradient, k1, k2)
    return gradient.loss, gradient.g


def loss_only(net, *args, **kw):
    """The value of ``loss_and_gradient``, by the same way forward and none back: for differences."""
    return loss_and_gradient(ForwardOnly(net), *args, **kw)[0]


class ForwardOnly:
    def __init__(self, net):
        self.net = net

    def __getattr__(self, name):
        return getattr(self.net, name)

    def backward(self, *args, **kw):
        pass


def finite_differences(function, theta, eps=1e-6):
    """Central differences of a scalar function."""
    g = np.empty_like(theta)
    for k in range(theta.size):
        e = np.zeros_like(theta)
        e[k] = eps
        g[k] = (function(theta + e) - function(theta - e)) / (2 * eps)
    return g


def assert_is_gradient(g, function, theta, rtol=1e-6, eps=1e-6):
    """Eight directions of central differences move every entry once, by half to the whole of eps.

    So an entry that is wrong shows as it does alone, at two values of the function instead of two for
    each entry; that errors of a direction cancel is as good as impossible.
    """
    rng = np.random.RandomState(1)
    steps = rng.choice([-1.0, 1.0], size=theta.size) * rng.uniform(0.5, 1, size=theta.size)
    parts = rng.permutation(theta.size) % 8
    for k in range(8):
        direction = np.where(parts == k, steps, 0.0)
        move = eps * direction
        slope = (function(theta + move) - function(theta - move)) / (2 * eps)
        np.testing.assert_allclose(g @ direction, slope, rtol=0, atol=rtol * np.abs(g).max())


def assert_same_gradient(actual, expected, rtol):
    """Equal relative to the largest entry."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max())


# --- brute force: one sequence, one loss, step by step ------------------------------------------------


def states_along(net, theta, x):
    """The states of all layers before step 0, 1, ... T of one sequence x (T, F), windows of 1."""
    views = net.views(theta)
    data = Dataset(Sequences(x, [len(x)]), np.zeros((1, net.n_outputs)))
    batch = Batch(data, np.arange(1), net.dtype)
    states = [net.initial_state(1)]
    for t in range(len(x)):
        steps = batch.steps(t, t + 1)
        states.append(
            net.forward(views, Window(batch.X(steps, t), steps), states[-1], FAST, record=False)[1]
        )
    return states


def loss_from_state(net, theta, loss, x, state, start, first, end, y):
    """The losses of the outputs after steps first + 1..end of x, run from ``state`` at ``start``."""
    data = Dataset(Sequences(x, [len(x)]), np.zeros((1, net.n_outputs)))
    batch = Batch(data, np.arange(1), net.dtype)
    steps = batch.steps(start, end)
    raw, _, _ = net.forward(
        net.views(theta), Window(batch.X(steps, start), steps, first - start), state, FAST, record=False
    )
    return make(loss, net.n_outputs).value_and_gradient(y, raw)[0]


# --- PyTorch ----------------------------------------------------------------------------------------


def torch_twin(net, theta, cell, pooling="last", activation="tanh"):
    """A PyTorch module with the same weights. Returns it and its parameters by our names."""
    import torch

    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    options = {"nonlinearity": activation} if cell == "rnn" else {}
    views = net.layout.views(theta)
    layers = torch.nn.ModuleList()
    named = {}
    D = views["layer0.W_x"].shape[0]
    for k, H in enumerate(net.hidden_sizes):
        layer = kinds[cell](
            D, H, batch_first=True, bidirectional=net.bidirectional, dtype=torch.float64, **options
        )
        for direction, suffix in (("", "_l0"), (".reverse", "_l0_reverse"))[: net.n_directions]:
            for ours, theirs in (
                ("W_x", "weight_ih"), ("W_h", "weight_hh"), ("b_x", "bias_ih"), ("b_h", "bias_hh")
            ):  # fmt: skip
                named[f"layer{k}{direction}.{ours}"] = getattr(layer, theirs + suffix)
        layers.append(layer)
        D = net.widths[k]
    readout = torch.nn.Linear(net.read_width, net.n_outputs, dtype=torch.float64)
    named["readout.W"], named["readout.b"] = readout.weight, readout.bias
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(torch.from_numpy(views[name].T.copy()))
    return layers, readout, named


def torch_outputs(layers, readout, data, pooling="last"):
    """Outputs for every sequence by itself: a list of (T_i, K), or (n, K) for one target."""
    import torch

    out = []
    for i, T in enumerate(data.X.lengths):
        H = torch.from_numpy(data.X.take(np.full(T, i), np.arange(T)))[None]
        for layer in layers:
            H, final = layer(H)
        if data.per_step:
            out.append(readout(H[0]))
            continue
        h_n = final[0] if isinstance(final, tuple) else final
        out.append(readout(torch_pooled(H[0], torch.cat(list(h_n[:, 0])), pooling))[None])
    return out


def torch_pooled(H, final, pooling):
    """What the read-out sees of the top layer's H (T, Q) and of its directions' final states (Q,)."""
    import torch

    each = {"last": final, "mean": H.mean(dim=0), "max": H.max(dim=0).values}
    return torch.cat([each[name] for name in names_of(pooling)])


def torch_loss(loss, raw, y):
    """Sum of the losses of the rows of raw (N, K)."""
    import torch

    y = torch.from_numpy(y)
    F = torch.nn.functional
    if loss == "squared_error":
        return 0.5 * F.mse_loss(raw, y, reduction="sum")
    if loss == "binomial_log_loss":
        return F.binary_cross_entropy_with_logits(raw, y, reduction="sum")
    if loss == "multinomial_log_loss":
        return F.cross_entropy(raw, y[:, 0].long(), reduction="sum")
    if loss == "absolute_error":
        return F.l1_loss(raw, y, reduction="sum")
    name, _, level = loss.partition("-")
    if name == "huber":
        return F.huber_loss(raw, y, reduction="sum", delta=float(level or 1))
    if name == "poisson":  # ours is zero where the rate is y
        return F.poisson_nll_loss(raw, y, reduction="sum") + (torch.xlogy(y, y) - y).sum()
    tau, q = float(level or 0.5), raw
    if name == "quantiles":
        K = raw.shape[1]
        tau = torch.tensor([(k + 1) / (K + 2) for k in range(K)], dtype=raw.dtype)
        q = torch.cumsum(torch.cat([raw[:, :1], F.softplus(raw[:, 1:])], dim=1), dim=1)
    return torch.where(y > q, tau * (y - q), (1 - tau) * (q - y)).sum()


def torch_loss_and_gradient(net, theta, cell, data, loss, pooling="last", activation="tanh"):
    """As ``loss_and_gradient`` by full BPTT, and the outputs, computed by PyTorch."""

    layers, readout, named = torch_twin(net, theta, cell, pooling, activation)
    outputs = torch_outputs(layers, readout, data, pooling)
    total = 0.0
    for i, raw in enumerate(outputs):
        T = data.X.lengths[i]
        y = data.y.take(np.full(T, i), np.arange(T)) if data.per_step else data.y[i : i + 1]
        total = total + data.weight[i] * torch_loss(loss, raw, y)
    total.backward()
    g = np.zeros_like(theta)
    views = net.layout.views(g)
    for name, parameter in named.items():
        views[name][...] = parameter.grad.numpy().T
    return total.item(), g, [raw.detach().numpy() for raw in outputs]
