"""Units and differences of targets, and back."""

import numpy as np
import pytest

from skrnn._forecasting.target import Target, Undo


@pytest.mark.parametrize("difference", [None, 1, 4])
@pytest.mark.parametrize("scale", [True, False])
def test_what_is_predicted_is_undone(difference, scale):
    """z of the values to come, undone, gives these values; step by step and all at once."""
    rng = np.random.RandomState(0)
    whole = [rng.normal(size=30) * 100 + 7, rng.normal(size=25)]
    past = [one[:-6] for one in whole]
    target = Target.learn(past, difference, scale=scale)
    z = np.stack([target.z(one, i)[-6:] for i, one in enumerate(whole)])
    undo = Undo(target, past)
    expected = np.stack([one[-6:] for one in whole])
    read = np.stack([target.read(one, i)[-6:] for i, one in enumerate(whole)])
    for h in range(6):
        y, reads = undo.step(z[:, h])
        np.testing.assert_allclose(y, expected[:, h])
        np.testing.assert_allclose(reads, read[:, h])


def test_base_is_the_seasonal_naive_forecast():
    y = np.arange(12.0) ** 2
    target = Target.learn([y], 3, scale=True)
    base = target.base(y, 0, 5)
    assert base.shape == (9, 5)
    assert base[-1].tolist() == [81, 100, 121, 81, 100]
    assert base[0].tolist() == [1, 4, 9, 1, 4]
    assert (Target.learn([y], None, scale=True).base(y, 0, 2) == y.mean()).all()


def test_units():
    y = [np.array([1.0, 3, 1, 3]), np.array([5.0, 5, 5]), np.array([1.0])]
    target = Target.learn(y, None, scale=True)
    assert target.mean.tolist() == [2, 5, 1]
    assert target.unit.tolist() == [1, 1, 1]
    assert Target.learn(y, 1, scale=True).unit.tolist() == [pytest.approx(np.std([2, -2, 2])), 1, 1]
    joined = target.joined([np.array([0.0, 20])], scale=True)
    assert joined.unit.tolist() == [1, 1, 1, 10]
    assert joined.take([3]).mean.tolist() == [10]
