"""The figures that advice rests on: what they are for data of which the answer is known."""

import numpy as np
import pytest
from support.arrays import object_array

from skrnn._engine.storage import Sequences
from skrnn._reading.statistics import (
    block,
    disorder,
    follows_step_by_step,
    padding,
    rows_follow,
    spread,
)


def noise(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def smooth(rho, n, F=1, seed=0):
    """A series (n, F) whose rows keep ``rho`` of the row before."""
    x = noise(n, F, seed=seed)
    for t in range(1, n):
        x[t] = rho * x[t - 1] + (1 - rho**2) ** 0.5 * x[t]
    return x


@pytest.mark.parametrize("most", [1, 5, 16, 100])
def test_numbers_are_evenly_spread(most):
    """All of them if there are no more; else as many as there may be, from the first to the last."""
    for n in [*range(1, 250), 10**6]:
        expected = np.unique(np.linspace(0, n - 1, most).astype(np.intp)) if most > 1 or n == 1 else [0]
        np.testing.assert_array_equal(spread(n, most), expected)


# --- order along an axis -----------------------------------------------------------------------------


def test_an_axis_without_order():
    assert disorder(noise(200, 30, 6), 1) == pytest.approx(1, abs=0.03)
    assert disorder(noise(200, 30, 6), 2) == pytest.approx(1, abs=0.1)
    assert disorder(noise(5, 2, 3), 1) == disorder(np.ones((5, 9, 3)), 1) == 1


@pytest.mark.parametrize(("rho", "order"), [(0.5, 0.72), (0.7, 0.58), (0.9, 0.42)])
def test_the_axis_of_time_is_in_order(rho, order):
    """The change of one step is sqrt(1 - rho) of that of steps far apart."""
    x = np.stack([smooth(rho, 30, 6, seed) for seed in range(100)])
    assert disorder(x, 1) == pytest.approx(order, abs=0.05)
    assert disorder(x, 2) > 0.9
    assert disorder(x.transpose(0, 2, 1), 2) == pytest.approx(order, abs=0.05)


def test_offsets_and_scales_of_places_do_not_count():
    X = noise(50, 8, 3)
    changed = X * np.geomspace(1, 1e6, 8)[:, None] + np.arange(8)[:, None] * 1e5
    np.testing.assert_allclose(block(Sequences(changed)), block(Sequences(X)), atol=1e-9)
    np.testing.assert_array_equal(block(Sequences(changed), standard=False), changed)
    np.testing.assert_array_equal(block(Sequences(X[:3])), X[:3])  # too few for a deviation
    assert (block(Sequences(np.ones((9, 4, 2)))) == 0).all()


def test_a_block_is_bounded():
    many = Sequences(np.broadcast_to(0.0, (10**6, 5000, 300)))
    assert block(many).shape == (5, 1000, 300)
    ragged = object_array([noise(T, 2, seed=T) for T in (9, 4, 6)])
    flat = Sequences(np.concatenate(ragged), [9, 4, 6])
    np.testing.assert_array_equal(block(flat), np.stack([x[:4] for x in ragged]))


# --- padding -----------------------------------------------------------------------------------------


def padded(share=1.0, value=0.0, n=40, T=12):
    X, rng = noise(n, T, 2), np.random.RandomState(1)
    for x in X[: int(share * n)]:
        x[T - rng.randint(1, 6) :] = value
    return X


@pytest.mark.parametrize("value", [0.0, -1.0, 1e9])
def test_padding_at_either_end(value):
    for X, where in ((padded(value=value), "end"), (padded(value=value)[:, ::-1], "begin")):
        found = padding(Sequences(np.ascontiguousarray(X)))
        assert (found.where, found.share) == (where, 1.0)
        np.testing.assert_array_equal(found.step, [value, value])


@pytest.mark.parametrize(("share", "is_padded"), [(0.5, True), (0.35, True), (0.25, False), (0, False)])
def test_how_many_must_be_padded(share, is_padded):
    found = padding(Sequences(padded(share)))
    assert (found is not None) == is_padded
    assert found is None or found.share == pytest.approx(share, abs=0.03)


def test_what_is_no_padding():
    X = padded()
    inside = X.copy()
    inside[::2, 3] = 0
    both = X.copy()
    both[::2, :2] = 0
    alike = noise(40, 12, 2)
    alike[:, 8:] = 0
    rest = X.copy()
    rest[:, -1] = noise(40, 2)  # the padding is not at the end
    for natural in (inside, both, alike, rest, X[:9], X[:, -2:], noise(40, 12, 2), np.ones((40, 12, 2))):
        assert padding(Sequences(np.ascontiguousarray(natural))) is None
    lengths = np.arange(3, 43) % 9 + 3
    assert padding(Sequences(np.zeros((lengths.sum(), 2)), lengths)) is None


# --- rows that follow from those before them -----------------------------------------------------------


@pytest.mark.parametrize(("rho", "follow"), [(0.9, True), (0.7, True), (0.4, False), (0, False)])
@pytest.mark.parametrize("F", [1, 5])
def test_rows_that_go_with_those_before(rho, follow, F):
    x, independent = smooth(rho, 400, F), noise(400, 1, seed=1)
    assert rows_follow(x, independent) == follow
    assert rows_follow(noise(400, F), smooth(rho, 400, seed=1)) == follow
    order = np.random.RandomState(0).permutation(400)
    assert not rows_follow(x[order], independent)


@pytest.mark.parametrize("lags", [1, 4, 9])
def test_targets_that_rows_before_explain(lags):
    x = noise(300, 3)
    y = sum(np.roll(x[:, :1], lag, axis=0) for lag in range(1, lags + 1))
    assert rows_follow(x, y)
    assert rows_follow(x, (y > 0) * 1)
    assert not rows_follow(x, x[:, :1] ** 3 + x[:, 1:2])  # the row itself explains them
    assert not rows_follow(x[:25], y[:25])  # too few to tell


def test_rows_sorted_by_their_targets():
    """Classes one after the other, or rising targets: an order that says nothing of time."""
    classes = np.repeat([0, 1, 2], 60)[:, None]
    x = noise(180, 4) + 3 * classes
    assert not rows_follow(x, classes)
    assert not rows_follow(x[np.argsort(x[:, 0])], np.sort(x[:, :1], axis=0))
    assert rows_follow(smooth(0.9, 180, 4) + 3 * classes, classes)  # order within the classes


def test_false_alarms_of_independent_rows():
    said = [
        rows_follow(noise(n, F, seed=seed), noise(n, 1, seed=seed + 1000))
        for n in (30, 100, 400) for F in (1, 16) for seed in range(40)
    ]  # fmt: skip
    assert sum(said) == 0


# --- targets that belong to steps -----------------------------------------------------------------------


@pytest.mark.parametrize("apart", [-1, 0, 1, 4])
def test_targets_of_steps(apart):
    x = noise(80, 12, 2)
    assert follows_step_by_step(Sequences(x), np.roll(x[:, :, 1], apart, axis=1))
    assert not follows_step_by_step(Sequences(x), noise(80, 12, seed=1))
    few, noisy = Sequences(x[:5]), np.roll(x[:, :, 1], apart, axis=1) + noise(80, 12, seed=2) / 3
    assert follows_step_by_step(few, np.roll(x[:5, :, 1], apart, axis=1))  # the values themselves
    assert follows_step_by_step(Sequences(x), noisy)
    assert not follows_step_by_step(few, noisy[:5])  # too few to tell


def test_a_forecast_of_as_many_steps():
    series = np.cumsum(noise(60, 24, seed=2), axis=1)[:, :, None] + np.sin(np.arange(24))[:, None]
    walk = np.cumsum(noise(60 * 24))
    X, y = walk[:-24].reshape(-1, 24, 1), walk[24:].reshape(-1, 24)
    assert not follows_step_by_step(Sequences(X), y)
    assert follows_step_by_step(Sequences(series), series[:, :, 0])
