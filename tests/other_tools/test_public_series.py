"""`Forecaster` on two public series that come with statsmodels; ``benchmarks/`` measures them in full."""

import numpy as np
import pandas as pd
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn.model_selection import RollingOrigin, backtest

datasets = pytest.importorskip("statsmodels.datasets")


def test_carbon_dioxide_beside_naive_forecasts():
    y = datasets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    X = pd.DataFrame({"month": y.index})
    model = Forecaster(GRURegressor(random_state=0), horizon=12, time="month", difference=12)
    errors = backtest(model, X, y.to_numpy(), cv=RollingOrigin(4, horizon=12, time="month"))
    mase = errors.groupby("model")["mase"].mean()
    assert mase["Forecaster"] < 0.6 * mase["seasonal"]


def test_intervals_of_sunspots_hold_at_every_step():
    """From 124 origins: the binomial errors of a share are 3.6 and 2.0 points."""
    y, n, H = datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), 180, 6
    X, levels = np.arange(len(y))[:, None], np.array([0.8, 0.95])
    options = {"strategy": "direct", "levels": levels.tolist(), "interval": "adaptive"}
    model = Forecaster(GRURegressor(random_state=0), horizon=H, time=0, **options).fit(X[:n], y[:n])
    inside = []
    for origin in range(n, len(y) - H + 1):
        bounds, later = model.predict_interval(X[origin : origin + H]), y[origin : origin + H, None]
        inside.append((bounds[:, 0] <= later) & (later <= bounds[:, 1]))
        model.update(X[origin : origin + 1], y[origin : origin + 1])
    share = np.mean(inside, axis=0)
    assert (np.abs(share - levels) < [0.036, 0.02]).all(), share
