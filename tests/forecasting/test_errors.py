"""What forecasts are measured by, against other implementations and by hand."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

from skrnn._forecasting.errors import METRICS, Forecasts, scales

RNG = np.random.RandomState(0)
Y, ANSWER = RNG.normal(size=30), RNG.normal(size=30)
WIDTHS = np.array([0.5, 1.5])
BOUNDS = np.stack([ANSWER[:, None] - WIDTHS, ANSWER[:, None] + 2 * WIDTHS], axis=1)
FORECASTS = Forecasts(Y, ANSWER, np.full(30, 2.0), BOUNDS, (0.5, 0.95))


def test_against_scikit_learn():
    assert METRICS["mae"](FORECASTS)["mae"] == pytest.approx(mean_absolute_error(Y, ANSWER))
    assert METRICS["rmse"](FORECASTS)["rmse"] == pytest.approx(root_mean_squared_error(Y, ANSWER))
    losses = [
        mean_pinball_loss(Y, BOUNDS[:, i, k], alpha=(1 + (level if i else -level)) / 2)
        for k, level in enumerate((0.5, 0.95))
        for i in range(2)
    ]
    assert METRICS["pinball"](FORECASTS)["pinball"] == pytest.approx(np.mean(losses))


def test_by_hand():
    assert METRICS["mase"](FORECASTS)["mase"] == pytest.approx(np.abs(Y - ANSWER).mean() / 2)
    two = Forecasts(np.array([1.0, 0.0]), np.array([3.0, 0.0]), np.array([4.0, np.nan]))
    assert METRICS["smape"](two) == {"smape": 50.0}
    assert METRICS["mase"](two) == {"mase": 0.5}
    held = METRICS["coverage"](FORECASTS)
    assert list(held) == ["coverage_50", "coverage_95"]
    for k, name in enumerate(held):
        below, above = BOUNDS[:, 0, k], BOUNDS[:, 1, k]
        assert held[name] == np.mean((below <= Y) & (above >= Y))


def test_without_what_is_needed():
    bare = Forecasts(Y, ANSWER, np.full(30, np.nan))
    assert METRICS["pinball"](bare) == METRICS["coverage"](bare) == {}
    assert np.isnan(METRICS["mase"](bare)["mase"])


def test_some_of_them():
    some = FORECASTS.of(slice(5))
    assert METRICS["mae"](some)["mae"] == pytest.approx(np.abs(Y - ANSWER)[:5].mean())
    assert some.bounds.shape == (5, 2, 2)


def test_scales():
    y = np.array([1.0, 2, 4, 8, 5, 5, 5, 3, 1, 9])
    codes = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
    found = scales(y, codes, 2)
    # of the third series, as long as a season, from step to step; none of a constant and a single value
    np.testing.assert_array_equal(found, [np.mean([3, 6]), np.nan, 2, np.nan])
    np.testing.assert_array_equal(scales(y, codes, 1), [np.mean([1, 2, 4]), np.nan, 2, np.nan])
