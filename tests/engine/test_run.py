"""When training stops, and what is kept of the best epoch."""

import numpy as np
import pytest

from skrnn._engine.run import Monitor

theta = np.zeros(1)


def stops_at(values, tol, patience):
    """The number of the value at which a monitor stops; None if at none."""
    monitor = Monitor(tol, patience)
    return next((k for k, value in enumerate(values) if monitor.record(value, theta)), None)


@pytest.mark.parametrize("tol", [0.5, 0.0])
def test_a_fall_by_tol_is_an_improvement(tol):
    """By exactly so much, too: with tol=0 a loss that stays is none that has risen."""
    values = [8.0 - tol * k for k in range(10)]
    assert stops_at(values, tol, 1) is None
    assert stops_at(values, tol + 0.01, 1) == 2


def test_patience():
    assert stops_at([3.0, 2.0, 2.5, 2.5, 2.5], 0.1, 2) == 4
    assert stops_at([3.0, 2.0, 2.5, 2.5, 1.0, 2.0, 2.0], 0.1, 2) is None
    assert stops_at([3.0] * 99, 0.1, np.inf) is None


def test_without_tol_it_never_stops():
    assert stops_at([1.0, 2.0, np.nan] * 20, None, 1) is None


def test_the_best_weights_are_those_of_the_lowest_value_whatever_tol():
    for tol in (0.5, None):
        monitor = Monitor(tol, 1, keep_best=True)
        for k, value in enumerate([3.0, 2.9, 2.95]):
            monitor.record(value, np.full(1, k))
        assert monitor.best == 2.9
        np.testing.assert_array_equal(monitor.best_theta, [1])
