"""``Forecaster`` on two public series, beside naive forecasts and gradient boosting on lags.

By `statsmodels`: carbon dioxide in the air of Mauna Loa by months (1958 to 2001), and sunspots by years
(1700 to 2008). From each of ten origins, one horizon apart, the last of them a horizon before the end,
the next values, a season of them; every model is fitted anew at each origin. Settings were not searched:
the season is that which is known of the series, 12 months and 11 years, and everything else a default;
"difference" is the parameter of `Forecaster`, and for boosting the same differences, made before.

Gradient boosting is scikit-learn's HistGradientBoostingRegressor at its defaults on the last two seasons
of values, fed back step by step.

Printed: MASE (in units of the mean change from season to season in the training rows), the mean and range
of the seeds where there are several, and the share of values in intervals of 80 and 95 %.

Run: python benchmarks/public_series.py [--seeds 5]
(needs pip install pandas statsmodels)
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor

from skrnn import Forecaster, GRURegressor, LSTMRegressor
from skrnn.model_selection import RollingOrigin, backtest

N_ORIGINS = 10


class Boosting(RegressorMixin, BaseEstimator):
    """Gradient boosting of the next value from the last ones, fed back."""

    def __init__(self, n_lags, difference=None):
        self.n_lags = n_lags
        self.difference = difference

    def fit(self, X, y):
        self.past_, d = np.asarray(y, dtype=float), self.difference or 0
        z = self.past_[d:] - self.past_[:-d] if d else self.past_
        windows = np.lib.stride_tricks.sliding_window_view(z, self.n_lags + 1)
        self.model_ = HistGradientBoostingRegressor(random_state=0).fit(windows[:, :-1], windows[:, -1])
        return self

    def predict(self, X):
        y, d = list(self.past_), self.difference or 0
        for _ in range(len(X)):
            z = np.array(y[d:]) - np.array(y[:-d]) if d else np.array(y)
            step = self.model_.predict(z[None, -self.n_lags :])[0]
            y.append(step + (y[-d] if d else 0.0))
        return np.array(y[len(self.past_) :])


def series():
    """Name -> table of times, values, season, horizon."""
    from statsmodels.datasets import co2, sunspots

    months = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    years = sunspots.load_pandas().data
    return {
        "co2": (pd.DataFrame({"time": months.index}), months.to_numpy(), 12, 12),
        "sunspots": (
            pd.DataFrame({"time": years["YEAR"].astype(int)}),
            years["SUNACTIVITY"].to_numpy(),
            11,
            11,
        ),
    }


def models(season, horizon, seeds):
    """Name -> forecasters that differ by their seed."""
    found = {}
    for cls in (GRURegressor, LSTMRegressor):
        for strategy in ("recursive", "direct"):
            for difference in (None, season):
                name = f"{cls.__name__[:-9]}, {strategy}, difference={difference}"
                found[name] = [
                    Forecaster(
                        cls(random_state=seed), horizon=horizon, time="time", strategy=strategy,
                        difference=difference, levels=[0.8, 0.95],
                    )
                    for seed in range(seeds)
                ]  # fmt: skip
    for difference in (None, season):
        found[f"boosting, difference={difference}"] = [Boosting(2 * season, difference)]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore")
    for name, (X, y, season, horizon) in series().items():
        print(f"{name}, {len(y)} values, horizon {horizon}, season {season}")
        cv = RollingOrigin(N_ORIGINS, horizon=horizon, time="time")
        for model, of_seeds in models(season, horizon, seeds).items():
            forecasters = {str(seed): one for seed, one in enumerate(of_seeds)}
            of_naive = model.startswith("boosting, difference=None")  # once is enough
            errors = backtest(forecasters, X, y, cv=cv, season=season, baselines=of_naive)
            means = errors.groupby("model").mean(numeric_only=True)
            show(model, means.loc[list(forecasters)])
            for one in means.index.difference(list(forecasters)):
                show(f"{one} (naive)", means.loc[[one]])


def show(name, means):
    mase, cells = means["mase"], ""
    if "coverage_80" in means:
        cells = f"{100 * means['coverage_80'].mean():7.0f}{100 * means['coverage_95'].mean():6.0f}"
    print(f"  {name:40}{mase.mean():7.3f}  {mase.min():.3f}-{mase.max():.3f}{cells}", flush=True)


if __name__ == "__main__":
    main()
