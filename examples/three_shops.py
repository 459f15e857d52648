"""Prediction intervals for many series: three shops
=================================================

Three shops, forecast for four weeks with intervals: a table from end to end, of pandas or polars.

Sales of three shops are generated for three years, with the week, the year, promotions that are known
ahead, and noise. One shop sells a hundred times what another does, the rows are shuffled, and nothing is
prepared by hand: `Forecaster` sorts, shifts and scales. What a user writes stands in `forecast_shops`:
a forecast with intervals, its errors beside those of naive forecasts, from origins in the past, and a
picture.

It prints the forecast, and the errors in units of the mean change from week to week; those of the network
are asserted to be less than half of the seasonal naive ones, and with polars all must be the same. The
picture, three_shops.png, needs matplotlib and is left out without it.

Run: python three_shops.py
"""

import importlib.util
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from skrnn import Forecaster, GRURegressor
from skrnn.inspection import ForecastDisplay
from skrnn.model_selection import RollingOrigin, backtest

HORIZON = 28


def make_shops(n_days=3 * 365, seed=0):
    """A table of shop, day, promotion and sales."""
    rng, parts = np.random.RandomState(seed), []
    day = pd.date_range("2022-01-01", periods=n_days)
    for shop, size in [("Bonn", 10), ("Kiel", 100), ("Ulm", 1000)]:
        promotion = rng.uniform(size=n_days) < 0.15
        sales = 10 + 4 * (day.day_of_week == 5) - 3 * (day.day_of_week == 6)
        sales = sales + 2 * np.sin(2 * np.pi * day.day_of_year / 365) + 3 * promotion
        sales = size * (sales + 0.5 * rng.normal(size=n_days))
        parts.append(pd.DataFrame({"shop": shop, "day": day, "promotion": promotion, "sales": sales}))
    return pd.concat(parts).sample(frac=1, random_state=seed).reset_index(drop=True)


def forecast_shops(X, y, X_future, picture=None):
    """What a user writes: the forecast, the errors of a backtest, and a picture."""
    model = Forecaster(
        GRURegressor(random_state=0),
        horizon=HORIZON,
        sequence_id="shop",
        time="day",
        known="promotion",
        calendar=["weekday", "dayofyear"],
        levels=[0.8, 0.95],
    )
    cv = RollingOrigin(3, horizon=HORIZON, time="day")
    errors = backtest(model, X, y, cv=cv, refit=False)
    model.fit(X, y)
    forecast = model.forecast(X_future=X_future)
    if picture is not None:
        display = ForecastDisplay.from_estimator(model, X, y, X_future)
        display.figure_.savefig(picture)
    return forecast, errors


def main():
    table = make_shops()
    start = table["day"].max() - pd.Timedelta(days=HORIZON - 1)
    past = table["day"] < start
    X, y, X_future = table[past].drop(columns="sales"), table["sales"][past], table[~past]
    picture = Path(tempfile.gettempdir()) / "three_shops.png"
    if importlib.util.find_spec("matplotlib") is None:
        picture = None
    forecast, errors = forecast_shops(X, y, X_future.drop(columns="sales"), picture)
    print(forecast.head(3).to_string(index=False, float_format="{:.1f}".format))
    rows = forecast.merge(table)
    for shop, of_shop in rows.groupby("shop"):
        inside = [
            of_shop["sales"].between(of_shop[f"lower_{k}"], of_shop[f"upper_{k}"]).mean()
            for k in (80, 95)
        ]
        error = (of_shop["sales"] - of_shop["forecast"]).abs().sum() / of_shop["sales"].sum()
        print(f"{shop}: error {error:.1%}; inside of 80 % {inside[0]:.0%}, of 95 % {inside[1]:.0%}")
    means = errors.groupby("model")[["mase", "coverage_80", "coverage_95"]].mean()
    print(means.to_string(float_format="{:.2f}".format, na_rep=""))
    assert means["mase"]["Forecaster"] < 0.5 * means["mase"]["seasonal"]
    if importlib.util.find_spec("polars") is not None:
        import polars as pl

        frames = [pl.from_pandas(one.reset_index(drop=True)) for one in (X, y, X_future)]
        same, _ = forecast_shops(frames[0], frames[1], frames[2].drop("sales"))
        assert np.array_equal(same["upper_95"].to_numpy(), forecast["upper_95"].to_numpy())
        print(f"polars: the same {type(same).__module__.split('.')[0]} table of {same.height} rows")
    print("no picture: there is no matplotlib" if picture is None else f"picture: {picture}")


if __name__ == "__main__":
    main()
