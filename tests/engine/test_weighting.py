"""Weights act as copies do: shares of updates, clipping and mean squares, whatever batches and k1."""

import numpy as np
import pytest
from support.combinations import together
from support.reference import assert_is_gradient, dataset, loss_only, network

from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Learner, Weighting
from skrnn._engine.storage import Sequences
from skrnn._engine.tbptt import tbptt
from skrnn.losses import LOSSES
from skrnn.solvers import SGD, SOLVERS

pytestmark = pytest.mark.usefixtures("engine")
LENGTHS = [6] * 6


def weights_of_steps(seed=3):
    """One for each of the steps, some of them zero."""
    rng = np.random.RandomState(seed)
    values = rng.uniform(0.1, 9, size=sum(LENGTHS)) * (rng.uniform(size=sum(LENGTHS)) > 0.2)
    return Sequences(values[:, None], LENGTHS)


KINDS = {
    "one target": {},
    "class weights": {"class_weight": np.array([1.0, 9, 1, 1, 9, 2])},
    "replication": {"replication": 0.4},
    "per step": {"per_step": True},
    "weights of steps": {"per_step": True, "step_weight": weights_of_steps()},
    "classes of steps": {"per_step": True, "class_weight": weights_of_steps(4)},
}


class Frozen(Learner):
    """Keeps, in ``seen``, what every update would subtract from theta at a rate of 1."""

    def _step(self, shrink):
        self.seen.append(self.g * shrink)
        self.g[:] = 0


def frozen(net, theta, weighting, **options):
    learner = Frozen(
        net, theta.copy(), FAST, SGD(theta, 1.0, momentum=0.0, nesterovs_momentum=False),
        weighting=weighting, **options,
    )  # fmt: skip
    learner.seen = []
    return learner


def frozen_updates(learner, data, batch_size, k1):
    """For every batch of a shuffled epoch its updates (J, P)."""
    rows, updates = np.random.RandomState(0).permutation(data.n), []
    for k in range(0, data.n, batch_size):
        batch = data.batch(rows[k : k + batch_size], learner.network.dtype)
        tbptt(learner.network, LOSSES["squared_error"](), batch, learner, k1, 10**6)
        updates.append(np.array(learner.seen))
        learner.seen.clear()
    return updates


@pytest.mark.parametrize(
    ("kind", "batch_size", "k1"), together(list(KINDS), [1, 2, 3, 6], [1, 2, 6, None])
)
def test_mean_of_the_updates_is_the_gradient_of_the_weighted_loss(kind, batch_size, k1):
    net, theta = network("gru")
    data = dataset(LENGTHS, **KINDS[kind])
    data.weight = np.array([5.0, 1, 0.2, 1, 1, 3])
    learner = frozen(net, theta, data.weighting(batch_size, k1))
    updates = frozen_updates(learner, data, batch_size, k1)
    W = data.flat_targets()[2].sum()

    def reported(x):
        return loss_only(net, x, data, "squared_error") / W

    # updates without any weight are not made: so the mean of every batch first
    mean = np.mean([batch.mean(axis=0) for batch in updates], axis=0)
    assert_is_gradient(mean, reported, theta)
    assert learner.loss / learner.W == pytest.approx(reported(theta))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [1, 4, 6])
def test_equal_weights_count_alike(kind, batch_size):
    """So do losses that weigh the same, or nothing at all."""
    options = {name: value for name, value in KINDS[kind].items() if "weight" not in name}
    data = dataset(LENGTHS, **options)
    data.weight = np.full(6, 3.0)
    assert data.weighting(batch_size, 2) is None
    if data.per_step:
        mask = (weights_of_steps().flat() > 0) * 2.0
        data = dataset(LENGTHS, **options)
        data.weight = np.full(6, 3.0)
        data.inner_weight = Sequences(mask, LENGTHS)
        assert data.weighting(batch_size, 2) is None
        batch = data.batch(np.arange(6), np.float64)
        assert {batch.relative_weight(k, k + 2) for k in range(0, 6, 2)} == {1.0}


def test_sequences_in_one_batch_stand_for_copies():
    """Then nothing is to be weighed, and three copies give, bitwise, what a weight of 3 does."""
    data = dataset(LENGTHS)
    data.weight = np.array([5.0, 1, 0.2, 1, 1, 3])
    assert data.weighting(6) is None
    assert data.weighting(3) is not None


def test_steps_of_equal_weights_are_sequences_of_that_weight():
    data, weight = dataset(LENGTHS, per_step=True), np.array([5.0, 1, 0.2, 1, 1, 3])
    data.weight = np.ones(6)
    data.inner_weight = Sequences(np.repeat(weight, LENGTHS)[:, None], LENGTHS)
    same = dataset(LENGTHS, per_step=True)
    same.weight = weight
    assert data.has_equal_steps
    assert data.weighting(2, 3) == same.weighting(2, 3)
    assert data.weighting(6, 3) is None


def test_weighting_of_heavy_rows():
    X = Sequences(np.zeros((6, 1)), [1] * 6)
    data = Dataset(X, np.zeros((6, 1)), np.array([4.0, 1, 1, 4, 1, 1]))
    weighting = data.weighting(2)
    assert weighting.mean == 4  # three batches of 12 in all
    assert weighting.spread == pytest.approx(0.5)  # mean 2, variance 2
    assert weighting.n == 2
    assert weighting.noise == pytest.approx(1.5**0.5)
    assert weighting.root_mean_square == pytest.approx(1.25**0.5)


def test_a_heavy_step_is_clipped_no_shorter_than_a_light_one():
    """Of two losses of the same gradient per unit of weight, both too long, the same share is left."""
    net, theta = network("gru")
    lengths = [4]
    X = Sequences(np.ones((4, 3)), lengths)
    y = Sequences(np.full((4, net.n_outputs), 1e3), lengths)
    factors = {}
    for weights in ([1.0, 1, 1, 1], [9.0, 1, 1, 9]):
        data = Dataset(X, y, step_weight=Sequences(np.array(weights)[:, None], lengths))
        clipped = frozen(net, theta, data.weighting(1, 1), clip_norm=1.0)
        whole = frozen(net, theta, data.weighting(1, 1))
        ((a, b),) = zip(*(frozen_updates(x, data, 1, 1) for x in (clipped, whole)), strict=True)
        assert clipped.n_clipped == 4
        factors[weights[0]] = np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    # the same but for the allowance for noise, the same for every step
    ratio = factors[9.0] / factors[1.0]
    assert ratio == pytest.approx(np.full(4, Weighting(5, 16 / 25, 1).noise), rel=1e-5)


@pytest.mark.parametrize("solver", [name for name, cls in SOLVERS.items() if not cls.full_batch])
def test_share_of_a_step(solver):
    """Where steps are divided by a mean square, the weight of the update is not in it."""
    net, theta = network("gru")
    g = np.random.RandomState(0).normal(size=theta.size)

    def after(share):
        made = SOLVERS[solver](theta, 0.1)
        learner = Learner(net, theta.copy(), FAST, made, weighting=Weighting(1.0, 0.0, 1))
        learner.share, learner.g[:] = share, g
        learner.update(1.0, 1.0)
        return theta - learner.theta, made.memory.copy()

    one, memory = after(1.0)
    three, memory_of_three = after(3.0)
    np.testing.assert_allclose(three, 3 * one, rtol=1e-9, atol=1e-15)
    if SOLVERS[solver].divides:
        np.testing.assert_array_equal(memory[-1], memory_of_three[-1])
