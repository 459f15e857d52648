"""The engine of encoder-decoders: windows over both parts, gradients, and the search for answers."""

from itertools import pairwise

import numpy as np
import pytest
from support.pairs import (
    EQUAL,
    KINDS,
    NUMBER_LOSSES,
    RAGGED,
    loss_of,
    n_columns,
    pair_network,
    pairs,
)
from support.reference import assert_is_gradient, assert_same_gradient, loss_and_gradient, loss_only, make

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.learner import Gradient
from skrnn._engine.search import loss_of_pairs
from skrnn._engine.tbptt import MAX_ADVANCE, plan, tbptt, windows
from skrnn.cells import CELLS

pytestmark = pytest.mark.usefixtures("engine")

lengths = pytest.mark.parametrize("lengths", [EQUAL, RAGGED], ids=["equal", "ragged"])
layers = pytest.mark.parametrize("hidden_sizes", [(3,), (2, 2)], ids=["1 layer", "2 layers"])
cells = pytest.mark.parametrize("cell", CELLS)
kinds = pytest.mark.parametrize("kind", KINDS)
# the boundary is in the middle of the first min(k1, k2) steps
WINDOWS = [
    (None, None), (None, 1), (None, 2), (None, 5), (1, 1), (1, 4), (2, 2), (2, 5), (3, 2), (5, 3), (3, 7),
    (20, 20), (1, 10**9), (None, 10**9),
]  # fmt: skip
k1_k2 = pytest.mark.parametrize(("k1", "k2"), WINDOWS)
FEW = [(None, None), (None, 5), (1, 4), (2, 5), (3, 2), (5, 3), (3, 7)]
few_k1_k2 = pytest.mark.parametrize(("k1", "k2"), FEW)


# --- windows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k1", "k2", "expected"),
    [
        (None, None, [[(0, 0, 12)]]),
        (4, 4, [[(3, 3, 7)], [(7, 7, 11)], [(11, 11, 12)]]),
        (4, 8, [[(0, 3, 7)], [(3, 7, 11)], [(7, 11, 12)]]),
        (4, 2, [[(4, 4, 6), (6, 6, 8)], [(8, 8, 10), (10, 10, 12)]]),
        (1, 3, [[(3, 5, 6)], [(4, 6, 7)], [(5, 7, 8)], [(6, 8, 9)], [(7, 9, 10)], [(8, 10, 11)],
                [(9, 11, 12)]]),
        (None, 6, [[(2, 2, 8), (8, 8, 12)]]),
        (24, 24, [[(0, 0, 12)]]),
    ],
    ids=str,
)  # fmt: skip
def test_windows_around_the_boundary(k1, k2, expected):
    assert list(windows(12, k1, k2, False, boundary=5)) == expected


@k1_k2
@pytest.mark.parametrize(("S", "T"), [(1, 2), (5, 12), (12, 13), (30, 36), (3, 40)])
def test_every_loss_is_used_exactly_once_and_one_state_suffices(k1, k2, S, T):
    flat = [w for update in windows(T, k1, k2, False, S) for w in update]
    used = [s for _, first, end in flat for s in range(max(first, S) + 1, end + 1)]
    assert used == list(range(S + 1, T + 1))
    for start, first, end in flat:
        assert 0 <= start <= first < end <= T
        assert end > S
        assert end - start <= (k2 or k1 or T)
    for (start, _, end), (next_start, _, _) in pairwise(flat):
        assert start <= next_start <= end


@k1_k2
@pytest.mark.parametrize("more", [(0, 7), (7, 0), (3, 9), (100, 100)])
def test_windows_do_not_depend_on_batch_mates(k1, k2, more):
    """Counted from the boundary, the windows of a pair are its own."""
    S, T = 5, 12

    def own(S_batch, T_batch):
        return [
            (max(start - S_batch, -S), min(end - S_batch, T - S))
            for update in windows(T_batch, k1, k2, False, S_batch) for start, first, end in update
            if first - S_batch < T - S
        ]  # fmt: skip

    assert own(S + more[0], T + sum(more)) == own(S, T)


@kinds
def test_the_encoder_is_only_advanced_before_the_first_window(kind):
    """Memory is that of one window, however long the source."""
    net, theta = pair_network("lstm", (4,), kind=kind)
    data = pairs(([500, 3], [6, 2]), kind=kind)
    taped, hidden = [], net.encoder.hidden

    def spy(views, window, *args, record=False, **kw):
        taped.append(len(window.steps) if record else 0)
        assert len(window.steps) <= MAX_ADVANCE
        return hidden(views, window, *args, record=record, **kw)

    net.encoder.hidden = spy
    tbptt(net, make(loss_of(kind)), data.batch(np.arange(2), net.dtype), Gradient(net, theta, FAST), 4, 8)
    assert sum(taped) == (4 // 2 + 4) + 2  # of the first window, and of the second
    assert len(taped) > 500 // MAX_ADVANCE


# --- gradients ----------------------------------------------------------------------------------------


@cells
@lengths
@layers
@kinds
def test_finite_differences(cell, hidden_sizes, lengths, kind):
    net, theta = pair_network(cell, hidden_sizes, kind=kind)
    check_by_differences(net, theta, pairs(lengths, kind=kind), kind)


@pytest.mark.parametrize("kind", NUMBER_LOSSES)
def test_finite_differences_of_every_loss_of_numbers(kind):
    net, theta = pair_network("gru", kind=kind)
    assert (net.decoder.n_features, net.n_outputs) == (n_columns(kind), 2)
    check_by_differences(net, theta, pairs(RAGGED, kind=kind), kind)


def check_by_differences(net, theta, data, kind):
    loss = loss_of(kind)
    _, g = loss_and_gradient(net, theta, data, loss)
    assert_is_gradient(g, lambda x: loss_only(net, x, data, loss), theta)
    assert all(array.any() for array in net.layout.views(g).values())


@cells
@lengths
@kinds
def test_exact_arithmetic_has_the_same_gradient(cell, lengths, kind):
    net, theta = pair_network(cell, kind=kind)
    data, loss = pairs(lengths, kind=kind), loss_of(kind)
    value, g = loss_and_gradient(net, theta, data, loss)
    exact_value, exact_g = loss_and_gradient(net, theta, data, loss, arithmetic=EXACT)
    assert exact_value == pytest.approx(value, rel=1e-13)
    assert_same_gradient(exact_g, g, rtol=1e-13)


@cells
@few_k1_k2
@kinds
def test_finite_differences_of_the_stated_function(cell, k1, k2, kind):
    """F_j, pair by pair, with the states at the starts of the windows held constant."""
    net, theta = pair_network(cell, kind=kind)
    data, loss = pairs(RAGGED, kind=kind), make(loss_of(kind))
    _, g = loss_and_gradient(net, theta, data, loss_of(kind), k1, k2)
    alone = [data.select(np.array([i])).batch(np.arange(1), net.dtype) for i in range(len(data))]
    states = [states_along(net, theta, batch) for batch in alone]

    def F(moved):
        return sum(
            loss_from_state(net, moved, loss, batch, state[start], (start, first, end))
            for batch, state in zip(alone, states, strict=True)
            for start, first, end, _ in plan(batch, k1, k2)
        )

    step = np.random.RandomState(1).normal(size=theta.size)  # along one direction: theta is long
    eps = 1e-6
    expected = (F(theta + eps * step) - F(theta - eps * step)) / (2 * eps)
    assert g @ step == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.linalg.norm(g))


def states_along(net, theta, batch):
    """The states before step 0, 1, ... of a batch of one pair, in windows of one step."""
    states = [net.initial_state(1)]
    for t in range(batch.T):
        states.append(run(net, theta, batch, states[-1], t, t + 1, 0)[1])
    return states


def loss_from_state(net, theta, loss, batch, state, window):
    start, first, end = window
    first = max(first, batch.boundary)
    raw, _, _ = run(net, theta, batch, state, start, end, first - start)
    y, _ = batch.targets(batch.window(first, first, end).read, first)
    return float(batch.weight[0] * loss.value_and_gradient(y, raw)[0].sum())


def run(net, theta, batch, state, start, end, first):
    window = batch.window(start, start + first, end)
    return net.forward(net.views(theta), window, state, FAST, record=False)


@cells
@lengths
@kinds
@pytest.mark.parametrize("arithmetic", [FAST, EXACT], ids=["fast", "exact"])
def test_loss_does_not_depend_on_where_the_windows_are_cut(cell, lengths, arithmetic, kind):
    net, theta = pair_network(cell, kind=kind)
    data, loss = pairs(lengths, kind=kind), loss_of(kind)
    expected, full = loss_and_gradient(net, theta, data, loss)
    for k1, k2 in WINDOWS:
        value, g = loss_and_gradient(net, theta, data, loss, k1, k2, arithmetic)
        assert value == pytest.approx(expected, rel=1e-12), (k1, k2)
        if (k2 or 20) >= 20:
            assert_same_gradient(g, full, rtol=1e-12)
        else:
            assert not np.allclose(g, full)
    views, W = net.views(theta), data.target.weight @ data.target.lengths
    assert views.encoder.W is None
    assert loss_of_pairs(net, theta, make(loss), data) == pytest.approx(expected / W, rel=1e-12)


@kinds
def test_long_sources_in_pieces(kind):
    net, theta = pair_network("gru", kind=kind)
    data, loss = pairs(([3, 300, 150], [200, 2, 140]), kind=kind), loss_of(kind)
    expected, _ = loss_and_gradient(net, theta, data, loss)
    value, _ = loss_and_gradient(net, theta, data, loss, 7, 12)
    assert value == pytest.approx(expected, rel=1e-12)
    W = data.target.weight @ data.target.lengths
    assert loss_of_pairs(net, theta, make(loss), data) == pytest.approx(expected / W, rel=1e-12)


@cells
@few_k1_k2
@kinds
def test_ragged_batch_equals_one_by_one(cell, k1, k2, kind):
    net, theta = pair_network(cell, kind=kind)
    data, loss = pairs(RAGGED, kind=kind), loss_of(kind)
    value, g = loss_and_gradient(net, theta, data, loss, k1, k2)
    alone = [
        loss_and_gradient(net, theta, data.select(np.array([i])), loss, k1, k2) for i in range(len(data))
    ]
    assert value == pytest.approx(sum(v for v, _ in alone), rel=1e-12)
    assert_same_gradient(g, sum(g for _, g in alone), rtol=1e-12)


@cells
@kinds
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (2, 5)])
def test_dropout_masks_belong_to_pairs(cell, k1, k2, kind):
    """However the rows of either part are sorted."""
    net, theta = pair_network(cell, (3, 2), kind=kind, dropout=0.4)
    data, loss = pairs(RAGGED, kind=kind), loss_of(kind)
    masks = net.draw_masks(len(data), np.random.RandomState(0))
    assert len(masks) == 4

    def gradient(rows):
        part = data.select(rows)
        learner = Gradient(net, theta, FAST)
        batch = part.batch(np.arange(len(rows)), net.dtype)
        learner.masks = [m[rows][batch.order] for m in masks]
        tbptt(net, make(loss), batch, learner, k1, k2)
        return learner.g

    together = gradient(np.arange(len(data)))
    assert_same_gradient(together, sum(gradient(np.array([i])) for i in range(len(data))), rtol=1e-12)
    assert not np.allclose(together, loss_and_gradient(net, theta, data, loss, k1, k2)[1])


@cells
@lengths
@layers
@kinds
def test_equal_to_torch(cell, hidden_sizes, lengths, kind):
    torch = pytest.importorskip("torch")
    net, theta = pair_network(cell, hidden_sizes, kind=kind)
    data = pairs(lengths, kind=kind)
    twin = {name: torch_part(torch, net, theta, name, cell) for name in ("encoder", "decoder")}
    total = 0.0
    for i, weight in enumerate(data.target.weight):
        source, read, said = (
            torch.from_numpy(part.select([i]).flat().copy())
            for part in (data.source.X, data.target.X, data.target.y)
        )
        _, states = torch_run(twin["encoder"], source, [None] * len(hidden_sizes))
        raw, _ = torch_run(twin["decoder"], read, states)
        total = total + weight * TORCH_LOSSES[kind](torch, raw, said)
    total.backward()
    value, g = loss_and_gradient(net, theta, data, loss_of(kind))
    assert value == pytest.approx(total.item(), rel=1e-12)
    expected = {
        f"{part}.{n}": p.grad for part, (_, _, _, named) in twin.items() for n, p in named.items()
    }
    views = net.layout.views(g)
    assert list(expected) == list(views)
    for name, theirs in expected.items():
        theirs = theirs.numpy() if name.endswith("embedding.W") else theirs.numpy().T
        np.testing.assert_allclose(views[name], theirs, rtol=0, atol=1e-10, err_msg=name)


@cells
@few_k1_k2
@kinds
def test_windows_equal_to_torch(cell, k1, k2, kind):
    """Pair by pair and window by window, each from the detached states in which it begins."""
    torch = pytest.importorskip("torch")
    net, theta = pair_network(cell, kind=kind)
    data = pairs(RAGGED, kind=kind)
    twin = {name: torch_part(torch, net, theta, name, cell) for name in ("encoder", "decoder")}
    total = 0.0
    for i, weight in enumerate(data.target.weight):
        alone = data.select(np.array([i]))
        batch = alone.batch(np.arange(1), net.dtype)
        states, S = states_along(net, theta, batch), batch.boundary
        source, read, said = (
            torch.from_numpy(part.flat().copy())
            for part in (alone.source.X, alone.target.X, alone.target.y)
        )
        for start, first, end, _ in plan(batch, k1, k2):
            state = [torch_state(torch, *directions) for directions in states[start].layers]
            if start < S:
                _, state = torch_run(twin["encoder"], source[start : min(end, S)], state)
            steps = slice(max(start - S, 0), end - S)
            raw, _ = torch_run(twin["decoder"], read[steps], state)
            n = end - max(first, S)  # those that have losses
            total = total + weight * TORCH_LOSSES[kind](torch, raw[-n:], said[steps][-n:])
    total.backward()
    _, g = loss_and_gradient(net, theta, data, loss_of(kind), k1, k2)
    views = net.layout.views(g)
    for part, (_, _, _, named) in twin.items():
        for name, parameter in named.items():
            theirs = np.zeros(1) if parameter.grad is None else parameter.grad.numpy()
            theirs = theirs if name.endswith("embedding.W") else theirs.T
            np.testing.assert_allclose(views[f"{part}.{name}"], theirs, rtol=0, atol=1e-10, err_msg=name)


def torch_state(torch, state):
    """The states (1, H) of a layer in the form that PyTorch takes them."""
    tensors = tuple(torch.from_numpy(s.copy()) for s in state)
    return tensors if len(tensors) > 1 else tensors[0]


TORCH_LOSSES = {
    "tokens": lambda torch, raw, said: torch.nn.functional.cross_entropy(
        raw, said[:, 0], reduction="sum"
    ),
    "numbers": lambda torch, raw, said: 0.5 * ((raw - said) ** 2).sum(),
}


def torch_part(torch, net, theta, part, cell):
    """Table, layers, read-out and all parameters by our names, with the same weights."""
    ours = {
        name.removeprefix(f"{part}."): torch.from_numpy(array.copy())
        for name, array in net.layout.views(theta).items() if name.startswith(part)
    }  # fmt: skip
    table, named = None, {}
    if "embedding.W" in ours:
        table = torch.nn.Embedding(*ours["embedding.W"].shape, dtype=torch.float64)
        named["embedding.W"] = table.weight
    stack, D = [], getattr(net, part).n_features
    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    for k, H in enumerate(net.hidden_sizes):
        layer = kinds[cell](D, H, dtype=torch.float64)
        theirs = {"W_x": "weight_ih", "W_h": "weight_hh", "b_x": "bias_ih", "b_h": "bias_hh"}
        named |= {f"layer{k}.{n}": getattr(layer, f"{t}_l0") for n, t in theirs.items()}
        stack.append(layer)
        D = H
    readout = None
    if part == "decoder":
        readout = torch.nn.Linear(D, net.n_outputs, dtype=torch.float64)
        named |= {"readout.W": readout.weight, "readout.b": readout.bias}
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(ours[name] if name == "embedding.W" else ours[name].t())
    return table, stack, readout, named


def torch_run(part, x, states):
    table, stack, readout, _ = part
    if table is not None:
        ids = x[:, 0]
        x = table(ids.clamp(min=0)) * (ids >= 0)[:, None]  # an unknown token is a step without input
    finals = []
    for layer, state in zip(stack, states, strict=True):
        x, final = layer(x, state)
        finals.append(final)
    return (x if readout is None else readout(x)), finals
