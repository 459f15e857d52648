"""Units and differences of targets, and back."""

import numpy as np
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn._forecasting.target import Target, Undo


@pytest.mark.parametrize("difference", [None, 1, 4])
@pytest.mark.parametrize("scale", [True, False])
def test_what_is_predicted_is_undone(difference, scale):
    """z of the values to come, undone, gives these values; step by step and all at once."""
    rng = np.random.RandomState(0)
    whole = [
        rng.normal(size=30) * 100 + 7,
        rng.normal(size=25),
        np.append(np.full(24, 0.1), np.arange(6)),
    ]
    past = [one[:-6] for one in whole]
    target = Target.learn(past, difference, scale=scale)
    z = np.stack([target.z(one, i)[-6:] for i, one in enumerate(whole)])
    undo = Undo(target, past)
    expected = np.stack([one[-6:] for one in whole])
    read = np.stack([target.read(one, i)[-6:] for i, one in enumerate(whole)])
    for h in range(6):
        y, reads = undo.step(z[:, h])
        np.testing.assert_allclose(y, expected[:, h], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(reads, read[:, h], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("difference", [None, 1, 4])
def test_nothing_that_is_read_or_learned_tells_of_later_values(difference):
    """Means and deviations of a whole series would; its unit is the same for all steps."""
    y = np.random.RandomState(0).normal(size=40).cumsum() + 1e6
    other = np.append(y[:30], y[30:] + 1e3)
    target = Target.learn([y], difference, scale=True)
    for what in (target.z, target.read, lambda y, i: target.base(y, i, 3)):
        n = 30 - target.lost
        assert (what(y, 0)[:n] == what(other, 0)[:n]).all()
        assert not (what(y, 0)[n:] == what(other, 0)[n:]).all()


def test_a_level_is_read_in_units_of_the_past():
    y = np.array([1e9 + 3, 1e9 + 5, 1e9 + 1, 1e9 + 3])
    level = Target.learn([y], 1, scale=True).read(y, 0)[:, 1]
    past = [y[:n] for n in (2, 3, 4)]
    np.testing.assert_allclose(level, [(one[-1] - one.mean()) / one.std() for one in past], rtol=1e-6)
    constant = np.full(5, 0.1)
    assert (np.abs(Target.learn([constant], 1, scale=True).read(constant, 0)) < 1e-12).all()


def test_base_is_the_seasonal_naive_forecast():
    y = np.arange(12.0) ** 2
    target = Target.learn([y], 3, scale=True)
    base = target.base(y, 0, 5)
    assert base.shape == (9, 5)
    assert base[-1].tolist() == [81, 100, 121, 81, 100]
    assert base[0].tolist() == [1, 4, 9, 1, 4]
    base = Target.learn([y], None, scale=True).base(y, 0, 2)
    np.testing.assert_allclose(base, [[y[: t + 1].mean()] * 2 for t in range(12)])


def test_units():
    y = [np.array([1.0, 3, 1, 3]), np.array([5.0, 5, 5]), np.array([1.0])]
    target = Target.learn(y, None, scale=True)
    assert target.unit.tolist() == [1, 5, 1]
    assert Target.learn(y, 1, scale=True).unit.tolist() == [pytest.approx(np.std([2, -2, 2])), 5, 1]
    joined = target.joined([np.array([0.0, 20])], scale=True)
    assert joined.unit.tolist() == [1, 5, 1, 10]
    assert joined.take([3]).unit.tolist() == [10]


@pytest.mark.parametrize("size", [0.0, 3e-6, 3e6])
def test_the_first_change_of_a_series_is_no_huge_one(size):
    """What is predicted of a constant is never quite that."""
    y = [np.full(100, size), np.sin(np.arange(100.0))]
    undo = Undo(Target.learn(y, 7, scale=True), y)
    for _ in range(5):
        _, read = undo.step(np.full(2, 1e-3))
        assert np.abs(read[0]).max() < 0.05


def test_units_of_series_that_do_not_change():
    """All series in another unit are the same series."""
    y = [
        np.array([1.0, 3, 1, 3]),
        np.full(4, -5.0),
        np.array([1.0]),
        np.zeros(4),
        np.array([0.0, 6, 0, 6]),
    ]
    for difference in (None, 1, 2):
        unit = Target.learn(y, difference, scale=True).unit
        other = Target.learn([1e-6 * one for one in y], difference, scale=True).unit
        np.testing.assert_allclose(other, 1e-6 * unit)
    assert unit[3] == np.median(unit[[0, 1, 2, 4]])
    assert Target.learn([np.zeros(4)], None, scale=True).unit.tolist() == [1]


@pytest.mark.parametrize("difference", [None, 1])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_forecasts_go_on_beyond_the_rows_of_fit(strategy, difference):
    """Random walks: nothing is better than the last value, where training ended and 40 rows later.

    With means and deviations of whole series errors were twice as large.
    """
    rng, n, T, H = np.random.RandomState(0), 60, 60, 3
    y = rng.normal(size=(n, T + 40 + H)).cumsum(axis=1)

    def table(start, stop):
        X = np.stack([np.repeat(np.arange(n), stop - start), np.tile(np.arange(start, stop), n)], axis=1)
        return X, y[:, start:stop].ravel()

    model = Forecaster(
        GRURegressor(8, random_state=0), horizon=H, sequence_id=0, time=1, strategy=strategy,
        difference=difference,
    ).fit(*table(0, T))  # fmt: skip
    model.update(*table(T, T + 40))
    X, later = table(T + 40, T + 40 + H)
    error = np.abs(model.predict(X) - later).mean()
    naive = np.abs(np.repeat(y[:, T + 39], H) - later).mean()
    assert error < (1.2 if difference else 1.5) * naive
