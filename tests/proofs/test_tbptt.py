"""TBPTT(k1, k2) means what docs/guide/tbptt.rst says: counting, exactness, windows, weights, memory."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from support.combinations import together
from support.processes import run_python
from support.reference import (
    LOSS_VARIANTS,
    POOLING_VARIANTS,
    assert_is_gradient,
    assert_same_gradient,
    dataset,
    loss_and_gradient,
    loss_from_state,
    loss_only,
    network,
    states_along,
)

from skrnn._engine.arithmetic import EXACT, FAST
from skrnn._engine.batch import Batch
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Gradient, Learner
from skrnn._engine.network import Network
from skrnn._engine.packing import Window
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import plan, tbptt, windows
from skrnn.cells import CELLS
from skrnn.losses import LOSSES
from skrnn.solvers import SGD, Adam

pytestmark = pytest.mark.usefixtures("engine")

# (T, k1, k2): k1 < k2, =, >, None, T not divisible, T < k1, k2 beyond T, all at their edges
PLANS = [
    (16, None, None), (16, 4, 4), (16, 4, 8), (16, 1, 4), (16, 4, 2), (16, 4, 3), (16, None, 5),
    (16, 5, 7), (10, 4, 8), (10, 4, 3), (3, 4, 1), (3, 4, 4), (3, 4, 9), (7, 3, 10**9), (7, 7, 7),
    (7, 8, 2), (1, 1, 1), (5, 1, 1), (9, 2, 5), (9, 5, 2),
]  # fmt: skip
table = pytest.mark.parametrize(("T", "k1", "k2"), PLANS)
at_end = pytest.mark.parametrize("at_end", [False, True], ids=["from the start", "from the end"])
cells = pytest.mark.parametrize("cell", CELLS)


# --- the window plan ---------------------------------------------------------------------------


@table
@at_end
def test_every_loss_is_used_exactly_once_and_in_order(T, k1, k2, at_end):
    used = [s for update in windows(T, k1, k2, at_end) for _, first, end in update
            for s in range(first + 1, end + 1)]  # fmt: skip
    assert used == list(range(1, T + 1))


@table
@at_end
def test_number_of_updates_and_length_of_windows(T, k1, k2, at_end):
    updates = list(windows(T, k1, k2, at_end))
    assert len(updates) == -(-T // (k1 or T))
    for update in updates:
        for start, first, end in update:
            assert 0 <= start <= first < end <= T
            assert end - start <= (k2 or k1 or T)


@table
@at_end
def test_the_start_of_every_window_lies_in_the_one_before(T, k1, k2, at_end):
    """One stored state suffices."""
    flat = [w for update in windows(T, k1, k2, at_end) for w in update]
    for (start, _, end), (next_start, _, _) in pairwise(flat):
        assert start <= next_start <= end


@pytest.mark.parametrize(
    ("k1", "k2", "updates", "depth", "forward_steps"),
    [
        (None, None, 1, (1, 8.5, 16), 16),
        (4, 4, 4, (1, 2.5, 4), 16),
        (4, 8, 4, (1, 5.5, 8), 28),
        (1, 4, 16, (1, 3.625, 4), 58),
        (4, 2, 4, (1, 1.5, 2), 16),
        (4, 3, 4, (1, 1.75, 3), 16),
        (None, 5, 1, (1, 2.875, 5), 16),
    ],
)
def test_counting_table(k1, k2, updates, depth, forward_steps):
    check_counts(windows(16, k1, k2, False), updates, depth, forward_steps)


def test_counting_table_continued():
    check_counts(windows(10, 4, 8, False), 3, (1, 4.7, 8), 10 + 8)
    check_counts(windows(10, 4, 3, False), 3, (1, 1.7, 3), 10)
    check_counts(windows(16, 4, 3, True), 4, (1, 2.125, 3), 22)


def check_counts(plan, updates, depth, forward_steps):
    plan = list(plan)
    flat = [w for update in plan for w in update]
    depths = [s - start for start, first, end in flat for s in range(first + 1, end + 1)]
    assert len(plan) == updates
    assert (min(depths), np.mean(depths), max(depths)) == depth
    assert sum(end - start for start, _, end in flat) == forward_steps


def test_losses_that_enter_each_update():
    """The counting table once more, by instrumenting the loop itself."""
    net, theta = network("rnn")
    data = dataset([10], per_step=True)
    seen = []

    class Spy(LOSSES["squared_error"]):
        def value_and_gradient(self, y, raw):
            seen.append(y.copy())
            return super().value_and_gradient(y, raw)

    tbptt(net, Spy(), Batch(data, np.arange(1), net.dtype), Gradient(net, theta, FAST), 4, 8)
    assert [len(y) for y in seen] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(seen), data.y.flat())


@table
@at_end
@pytest.mark.parametrize("mate", [1, 2, 5, 11])
def test_windows_do_not_depend_on_batch_mates(T, k1, k2, at_end, mate):
    """Beside a longer sequence, a sequence's windows are its own, in its own time."""
    k1_, k2_ = k1 or 10**6, k2 or k1 or 10**6  # None counts from the batch; fix it to compare
    shift = mate if at_end else 0

    def own(T_batch, shift):
        return [
            (max(start - shift, 0), max(first - shift, 0), min(end - shift, T))
            for update in windows(T_batch, k1_, k2_, at_end) for start, first, end in update
            if end > shift and first - shift < T
        ]  # fmt: skip

    assert own(T + mate, shift) == own(T, 0)


# --- gradients at frozen weights ---------------------------------------------------------------


@cells
@table
def test_sum_of_updates_equals_per_error_truncation(cell, T, k1, k2):
    """Brute force: every error by itself, cut where its window starts."""
    net, theta = network(cell, (3, 2), F=2)
    data = dataset([T], per_step=True, F=2, weights=False)
    _, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    assert_same_gradient(g, brute_force(net, theta, data, windows(T, k1, k2, False)), rtol=1e-13)


def brute_force(net, theta, data, plan):
    """Each loss's gradient through its own window, each by full BPTT from the stored state."""
    x, y = data.X.flat(), data.y.flat()
    states = states_along(net, theta, x)
    views, total = net.views(theta), np.zeros_like(theta)
    for update in plan:
        for start, first, end in update:
            for s in range(first + 1, end + 1):
                one = Dataset(Sequences(x[start:s], [s - start]), y[s - 1 : s])
                batch = Batch(one, np.arange(1), net.dtype)
                steps = batch.steps(0, s - start)
                raw, _, tape = net.forward(
                    views, Window(batch.X(steps, 0), steps, s - start - 1), states[start], FAST
                )
                net.backward(raw - y[s - 1 : s], tape, net.views(total), FAST)
    return total


@cells
@pytest.mark.parametrize(("k1", "k2"), [(4, 8), (1, 4), (4, 2), (4, 3), (5, 7), (None, 5)])
def test_finite_differences_of_the_stated_function(cell, k1, k2):
    """F_j with the states at the starts of the windows held constant."""
    T = 11
    net, theta = network(cell, (3,), F=2)
    data = dataset([T], per_step=True, F=2, weights=False)
    _, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    assert_is_gradient_of_F(g, net, theta, data, list(windows(T, k1, k2, False)))


def assert_is_gradient_of_F(g, net, theta, data, plan, states=None):
    x, y = data.X.flat(), data.y.flat()
    states = states_along(net, theta, x) if states is None else states

    def F(moved):
        return sum(
            loss_from_state(
                net, moved, "squared_error", x, states[start], start, first, end, y[first:end]
            ).sum()
            for update in plan for start, first, end in update
        )  # fmt: skip

    assert_is_gradient(g, F, theta)


@cells
@pytest.mark.parametrize(("k1", "k2"), [(2, 4), (2, 2), (3, 2), (1, 3)])
def test_exact_gradient_at_weights_changed_by_real_updates(cell, k1, k2):
    """No stale activations: update j is the gradient of F_j at the weights of that moment."""
    T = 8
    net, theta = network(cell, (3,), F=2)
    data = dataset([T], per_step=True, F=2, weights=False)
    J, log = -(-T // k1), []

    class SpyBatch(Batch):
        def X(self, steps, start):
            self.latest = start
            return super().X(steps, start)

    batch = SpyBatch(data, np.arange(1), net.dtype)

    class Recorder(Learner):
        def update(self, scale, S, relative_weight=1.0):
            log.append((self.theta.copy(), self.g * scale))
            super().update(scale, S)

    learner = Recorder(net, theta.copy(), FAST, SGD(theta, 0.5, momentum=0.0))
    starts, forward = {}, net.forward

    def spy(views, window, state, *args, **kw):
        starts[learner.n_updates, batch.latest] = state
        return forward(views, window, state, *args, **kw)

    net.forward = spy
    tbptt(net, LOSSES["squared_error"](), batch, learner, k1, k2)
    net.forward = forward
    assert len(log) == J
    assert not np.allclose(log[0][0], log[-1][0])
    for j, (update, (theta_j, g_j)) in enumerate(zip(windows(T, k1, k2, False), log, strict=True)):
        states = {start: starts[j, start] for start, _, _ in update}
        assert_is_gradient_of_F(g_j * T / J, net, theta_j, data, [update], states)


def test_scalar_linear_case():
    """h_t = w h_{t-1}, w = 0.2, h_0 = 0.9, loss h_t, k1 = 1, k2 = 3: not 0.288 at the third step."""

    class Sum:
        def value_and_gradient(self, y, raw):
            return raw.sum(axis=1), np.ones_like(raw)

    net = Network(CELLS["rnn"], 1, (1,), 1, dtype=np.float64, cell_options={"activation": "identity"})
    theta = np.zeros(net.layout.size)
    views = net.layout.views(theta)
    views["layer0.W_x"][:], views["layer0.W_h"][:], views["readout.W"][:] = 1.0, 0.2, 1.0
    # a step before the first makes the state 0.9 and has no loss
    x = np.array([0.9, 0, 0, 0, 0])[:, None]
    inner = np.array([0.0, 1, 1, 1, 1])[:, None]
    data = Dataset(Sequences(x, [5]), Sequences(np.zeros((5, 1)), [5]), step_weight=Sequences(inner, [5]))
    gradients = []

    class Recorder(Gradient):
        def update(self, scale, S, relative_weight=1.0):
            gradients.append(float(net.layout.views(self.g)["layer0.W_h"][0, 0]))
            self.g[:] = 0

    for k2, expected in ((3, [0.9, 0.36, 0.108, 0.0216]), (5, [0.9, 0.36, 0.108, 0.0288])):
        gradients.clear()
        tbptt(net, Sum(), Batch(data, np.arange(1), net.dtype), Recorder(net, theta, FAST), 1, k2)
        np.testing.assert_allclose(gradients, expected, rtol=1e-12)


# --- what must not depend on the windows -------------------------------------------------------

WINDOWS = [(1, 1), (1, 3), (2, 2), (3, 5), (3, 2), (7, 7), (100, 100), (None, 4), (5, 10**9)]


READ_OUTS = [
    ("last", {"per_step": True}),
    ("last", {"per_step": True, "delay": 2}),
    *((pooling, options) for options in ({}, {"replication": 0.5}) for pooling in POOLING_VARIANTS),
]


@pytest.mark.parametrize(
    ("cell", "arithmetic", "lengths", "read_out"),
    together(list(CELLS), [FAST, EXACT], [[7, 7, 7], [4, 7, 2, 7, 1]], READ_OUTS),
)
def test_loss_does_not_depend_on_where_the_windows_are_cut(cell, arithmetic, lengths, read_out):
    pooling, data_options = read_out
    net, theta = network(cell, (3, 2), pooling=pooling)
    data = dataset(lengths, **data_options)
    expected, full = loss_and_gradient(net, theta, data, "squared_error")
    for k1, k2 in WINDOWS:
        value, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2, arithmetic)
        assert value == pytest.approx(expected, rel=1e-12), (k1, k2)
        if (k2 or k1 or 9) >= 9:  # as deep as the longest sequence
            assert_same_gradient(g, full, rtol=1e-12)


@pytest.mark.parametrize("arithmetic", [FAST, EXACT], ids=["fast", "exact"])
@pytest.mark.parametrize("loss", [v for v in LOSS_VARIANTS if v != "squared_error"])
def test_nor_does_any_other_loss(loss, arithmetic):
    net, theta = network("gru", (3, 2))
    data = dataset([4, 7, 2, 7, 1], loss=loss, per_step=True)
    expected, full = loss_and_gradient(net, theta, data, loss)
    for k1, k2 in WINDOWS:
        value, g = loss_and_gradient(net, theta, data, loss, k1, k2, arithmetic)
        assert value == pytest.approx(expected, rel=1e-12), (k1, k2)
        if (k2 or k1 or 9) >= 9:
            assert_same_gradient(g, full, rtol=1e-12)


@cells
@pytest.mark.parametrize(
    "data_options", [{"per_step": True}, {"per_step": True, "delay": 1}, {}, {"replication": 0.3}],
    ids=["per step", "delayed", "one target", "replicated"],
)  # fmt: skip
@pytest.mark.parametrize(("k1", "k2"), [(None, None), (2, 2), (2, 5), (5, 2), (3, 4)])
def test_ragged_batch_equals_one_by_one(cell, data_options, k1, k2):
    net, theta = network(cell, (3, 2))
    lengths = [4, 7, 2, 7, 1]
    data = dataset(lengths, **data_options)
    value, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    alone = [
        # a sequence of its own, its "whole" as long as the batch's where k1 is None
        loss_and_gradient(net, theta, data.select(np.array([i])), "squared_error", k1, k2)
        for i in range(len(lengths))
    ]
    assert value == pytest.approx(sum(v for v, _ in alone), rel=1e-12)
    assert_same_gradient(g, sum(g for _, g in alone), rtol=1e-12)


@cells
def test_the_first_step_starts_from_zeros_like_any_other(cell):
    """A first step is a step from a state of zeros: both biases act, nothing is special-cased."""
    net, theta = network(cell)
    data = dataset([5], per_step=True)
    batch = Batch(data, np.arange(1), net.dtype)
    steps = batch.steps(0, 5)
    zeros = net.initial_state(1)
    assert all(isinstance(s, np.ndarray) and not s.any() for s in zeros.layers[0][0])
    H, _, _, _ = net.hidden(net.views(theta), Window(batch.X(steps, 0), steps), zeros, FAST)
    W_x, W_h, b_x, b_h = net.views(theta)[0][0][0]
    state = tuple(np.zeros((1, 4)) for _ in zeros.layers[0][0])
    for t, x in enumerate(data.X.flat()):  # the recurrence written out
        state, _ = net.cells[0].forward(x[None] @ W_x + b_x, state[0] @ W_h + b_h, state)
        np.testing.assert_allclose(H[t], state[0][0], rtol=0, atol=1e-14)


# --- updates -----------------------------------------------------------------------------------


def run_updates(net, theta, data, k1, k2, **kw):
    learner = Learner(net, theta.copy(), FAST, Adam(theta, 1e-2), **kw)
    tbptt(net, LOSSES["squared_error"](), Batch(data, np.arange(len(data)), net.dtype), learner, k1, k2)
    return learner


@table
def test_a_sequence_shorter_than_k1_trains_and_so_does_the_last_chunk(T, k1, k2):
    net, theta = network("gru")
    learner = run_updates(net, theta, dataset([T], per_step=True), k1, k2)
    assert learner.n_updates == -(-T // (k1 or T))
    assert not np.array_equal(learner.theta, theta)
    # the last chunk alone: only its losses have weight
    inner = np.zeros((T, 1))
    inner[-1] = 1
    alone = dataset([T], per_step=True, step_weight=Sequences(inner, [T]))
    learner = run_updates(net, theta, alone, k1, k2)
    assert learner.n_updates == 1
    assert not np.array_equal(learner.theta, theta)


@table
def test_one_target_makes_one_update(T, k1, k2):
    net, theta = network("lstm")
    assert run_updates(net, theta, dataset([T, max(1, T - 2)]), k1, k2).n_updates == 1
    replicated = run_updates(net, theta, dataset([T], replication=0.5), k1, k2)
    assert replicated.n_updates == -(-T // (k1 or T))


@pytest.mark.parametrize("T", [1, 3, 10, 16])
@pytest.mark.parametrize(("k1", "k2"), [(4, 4), (4, 3), (4, 8), (1, 5), (None, 6), (7, None)])
def test_the_only_error_reaches_exactly_k2_steps(T, k1, k2):
    """The input weights' gradient sees the steps T - k2 + 1..T and no other."""
    net, theta = network("rnn", F=T)  # one input per step: W_x has one row per step
    data = Dataset(Sequences(np.eye(T), [T]), np.ones((1, 2)))
    _, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    reached = np.abs(net.layout.views(g)["layer0.W_x"]).sum(axis=1) > 0
    depth = min(k2 or k1 or T, T)
    np.testing.assert_array_equal(reached, np.arange(T) >= T - depth)


def test_k2_beyond_T_is_T_and_allocates_nothing():
    net, theta = network("lstm")
    data = dataset([8, 5], per_step=True)
    for k1 in (2, None):
        value, g = loss_and_gradient(net, theta, data, "squared_error", k1, 10**9)
        expected_value, expected = loss_and_gradient(net, theta, data, "squared_error", k1, 8)
        assert value == expected_value
        np.testing.assert_array_equal(g, expected)


TARGETS = [{"per_step": True}, {"per_step": True, "delay": 3}, {"replication": 0.6}, {}]


@pytest.mark.parametrize(
    ("lengths", "data_options", "k1"), together([[12, 12], [12, 5, 1]], TARGETS, [1, 2, 5, 12, None])
)
def test_mean_of_the_updates_is_the_gradient_of_the_reported_loss(lengths, data_options, k1):
    """At frozen weights and k2 >= T, whatever k1; and the penalty does not depend on k1."""
    net, theta = network("gru")
    data = dataset(lengths, **data_options)
    batch = Batch(data, np.arange(len(data)), net.dtype)
    alpha, seen = 0.7, []

    class Frozen(Gradient):
        def update(self, scale, S, relative_weight=1.0):
            penalty, _ = self.finish(scale, S)
            seen.append((self.g.copy(), penalty))
            self.g[:] = 0

    frozen = Frozen(net, theta, FAST, alpha=alpha)
    tbptt(net, LOSSES["squared_error"](), batch, frozen, k1, 10**6)

    def reported(x):
        value = loss_only(net, x, data, "squared_error")
        W = x[: net.layout.n_penalised]
        return value / batch.W + alpha / 2 * (W @ W) / data.weight.sum()

    assert pytest.approx(data.weight.sum()) == batch.S
    assert frozen.loss / frozen.W + np.mean([p for _, p in seen]) == pytest.approx(reported(theta))
    assert_is_gradient(np.mean([g for g, _ in seen], axis=0), reported, theta)


def test_optimum_does_not_depend_on_k1():
    """Targets that are 1 only after step 80, lengths 20 to 100: the best constant is their mean."""
    rng = np.random.RandomState(0)
    lengths = rng.randint(20, 101, size=32)
    flat = np.concatenate([np.arange(T) >= 80 for T in lengths])[:, None].astype(float)
    data = Dataset(Sequences(np.zeros((len(flat), 1)), lengths), Sequences(flat, lengths))
    net = Network(CELLS["rnn"], 1, (1,), 1, dtype=np.float64)
    theta = np.zeros(net.layout.size)
    bias = net.layout.views(theta)["readout.b"]
    batch = Batch(data, np.arange(32), net.dtype)
    for k1 in (None, 10, 3):
        theta[:] = 0
        bias[:] = flat.mean()
        steps = []

        class Frozen(Gradient):
            def update(self, scale, S, relative_weight=1.0, steps=steps):
                steps.append(scale * net.layout.views(self.g)["readout.b"][0])
                self.g[:] = 0

        tbptt(net, LOSSES["squared_error"](), batch, Frozen(net, theta, FAST), k1)
        assert abs(np.mean(steps)) < 1e-12


def test_a_chunk_without_weight_only_moves_the_state():
    net, theta = network("gru")
    inner = np.repeat([1.0, 0, 0, 1], 3)[:, None]
    data = dataset([12], per_step=True, step_weight=Sequences(inner, [12]))
    batch = Batch(data, np.arange(1), net.dtype)
    assert [w[:3] for w in plan(batch, 3, 4)] == [(0, 0, 3), (8, 9, 12)]
    learner = run_updates(net, theta, data, 3, 4)
    assert learner.n_updates == 2
    value, _ = loss_and_gradient(net, theta, data, "squared_error", 3, 4)
    assert value == pytest.approx(loss_and_gradient(net, theta, data, "squared_error")[0], rel=1e-12)


@cells
def test_dropout_mask_is_one_per_sequence_and_update(cell):
    """With its masks held, the gradient with dropout is that of a function too."""
    net, theta = network(cell, (4, 3), dropout=0.5)
    data = dataset([6, 6, 3], per_step=True)
    batch = Batch(data, np.arange(3), net.dtype)
    masks = net.draw_masks(3, np.random.RandomState(0))
    assert {0.0, 2.0} == set(np.concatenate([m.ravel() for m in masks]))

    def value_and_gradient(x, k1=None, k2=None):
        gradient = Gradient(net, x, FAST)
        gradient.masks = masks
        tbptt(net, LOSSES["squared_error"](), batch, gradient, k1, k2)
        return gradient.loss, gradient.g

    value, g = value_and_gradient(theta)
    assert_is_gradient(g, lambda x: value_and_gradient(x)[0], theta)
    for k1, k2 in WINDOWS:
        assert value_and_gradient(theta, k1, k2)[0] == pytest.approx(value, rel=1e-12)


def test_new_masks_for_every_update_in_the_order_of_the_rows():
    """Drawn in the rows' original order, also where the batch is sorted by length."""
    net, theta = network("rnn", dropout=0.5)
    data = dataset([2, 6, 4], per_step=True)
    batch = Batch(data, np.arange(3), net.dtype)
    seen = []

    class Recorder(Learner):
        def update(self, scale, S, relative_weight=1.0):
            seen.append(self.masks[0].copy())
            super().update(scale, S)

    learner = Recorder(net, theta, FAST, SGD(theta, 1e-3), random_state=np.random.RandomState(0))
    tbptt(net, LOSSES["squared_error"](), batch, learner, 2, 4)
    draws = np.random.RandomState(0)
    expected = [net.draw_masks(3, draws)[0][[1, 2, 0]] for _ in seen]
    assert len(seen) == 3
    np.testing.assert_array_equal(seen, expected)


def test_the_state_that_only_moves_on_is_dropped_out_too():
    """One target, k2 < T: the steps before the window run with the masks of the update."""
    net, theta = network("gru", (4, 3), dropout=0.5)
    data = dataset([9, 9])
    batch = Batch(data, np.arange(2), net.dtype)
    gradient = Gradient(net, theta, FAST)
    gradient.masks = net.draw_masks(2, np.random.RandomState(1))
    tbptt(net, LOSSES["squared_error"](), batch, gradient, None, 3)
    full = Gradient(net, theta, FAST)
    full.masks = gradient.masks
    tbptt(net, LOSSES["squared_error"](), batch, full)
    assert gradient.loss == pytest.approx(full.loss, rel=1e-12)


REPLICATED = [(4, 8), (1, 4), (4, 2), (4, 3), (5, 7), (None, 5)]


@pytest.mark.parametrize(
    ("cell", "pooling", "window"), together(list(CELLS), POOLING_VARIANTS, REPLICATED)
)
def test_replicated_targets_by_differences_of_the_stated_function(cell, pooling, window):
    """Windows counted from the end, pooling carried: F with the states at their starts constant."""
    k1, k2 = window
    T, a = 11, 0.4
    net, theta = network(cell, (3,), F=2, pooling=pooling)
    data = dataset([T], F=2, weights=False, replication=a)
    _, g = loss_and_gradient(net, theta, data, "squared_error", k1, k2)
    x, y = data.X.flat(), data.y
    states = states_along(net, theta, x)

    c = np.full(T, a / T)
    c[-1] += 1 - a
    plan = [window for update in windows(T, k1, k2, True) for window in update]
    one_by_one = [(start, s - 1, s) for start, first, end in plan for s in range(first + 1, end + 1)]

    def F(moved, plan=plan):
        return sum(
            c[first:end]
            @ loss_from_state(net, moved, "squared_error", x, states[start], start, first, end, y)
            for start, first, end in plan
        )

    assert F(theta, one_by_one) == pytest.approx(F(theta), rel=1e-13)
    assert_is_gradient(g, F, theta)


# --- memory ------------------------------------------------------------------------------------

MEMORY = """
import resource, sys
import numpy as np
from skrnn import LSTMRegressor
T = int(sys.argv[1])
X, y = np.zeros((4, 1, 2)), np.zeros((4, 1))
X = np.lib.stride_tricks.as_strided(X, (4, T, 2), (16, 0, 8))  # T steps in the memory of one
y = np.lib.stride_tricks.as_strided(y, (4, T), (8, 0))
model = LSTMRegressor(hidden_size=64, k1=10, k2=20, return_sequences=True, max_iter=1, dtype="float32")
model.partial_fit(X[:, :100], y[:, :100])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.partial_fit(X, y)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def extra_memory(T, engine):
    """KiB by which the peak grows while training on sequences of T steps."""
    return int(run_python(MEMORY, T, SKRNN_KERNELS=engine))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX")
def test_peak_memory_does_not_grow_with_T(engine):
    """The tape of a whole sequence of 4000 steps would be 4 x 4000 x 6 x 64 x 4 = 25 MB."""
    assert extra_memory(4000, engine) < 10 * 1024
