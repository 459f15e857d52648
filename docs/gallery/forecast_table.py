"""Hourly demand: cross-validation in order of time, and day-ahead forecasts
=========================================================================

A long table whose rows are time steps: hourly demand, cross-validated in order of time, and forecast.

Three years of hourly demand for electricity are generated. It follows the hour, the working day, and the
temperature of the walls, which lags days behind that of the air; heating and cooling start at thresholds
and cost more while people work; on top of that comes noise with a memory. The table has a row per hour:

    demand, temperature, sine and cosine of the hour, working day       -> demand of the next hour

A Pipeline of StandardScaler and a GRU with rows="steps" is cross-validated by TimeSeriesSplit. With
initial_state="last" it enters every test block in the state in which it left the training block. The
baselines see the same rows: the last value, the value of a week before, and ridge regression on the last
48 rows and the value of a week before. Then ``skrnn.forecast`` forecasts each day of two weeks, with its
temperature given, against the same ridge regression fed with its own predictions.

It prints mean absolute errors: of every fold, of the first hours after the training rows with and without
the state, and of the days ahead. The GRU's are asserted to be the lowest.

Run: python forecast_table.py
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, SlidingWindow, forecast

DEMAND, DAY, WEEK = 0, 24, 168  # a column; hours


def make_table(n_days=3 * 365, seed=0):
    """Demand and what it depends on: an array (n_hours, 5)."""
    rng = np.random.RandomState(seed)
    hours = np.arange(DAY * n_days)
    hour, day = hours % DAY, hours // DAY
    working = (day % 7 < 5).astype(float)
    weather = autoregressive(0.98, 0.8 * rng.normal(size=len(hours)))
    of_year, of_day = 2 * np.pi * (day - 20) / 365, 2 * np.pi * hour / DAY
    temperature = 12 - 10 * np.cos(of_year) - 4 * np.cos(of_day - 0.8) + weather
    wall = autoregressive(1 - 1 / 36, temperature / 36)
    busy = np.where((hour >= 7) & (hour < 19), working, 0) + 0.4 * ((hour >= 17) & (hour < 23))
    heating = np.maximum(0, 15 - wall) * (1.2 + 2 * busy)
    cooling = np.maximum(0, wall - 20) * 3 * busy
    noise = autoregressive(0.85, rng.normal(size=len(hours)))
    demand = 50 + 20 * busy + heating + cooling + noise
    return np.column_stack([demand, temperature, np.sin(of_day), np.cos(of_day), working])


def autoregressive(a, shocks):
    """x_t = a x_{t-1} + shock_t."""
    x = np.zeros(len(shocks))
    for t in range(1, len(x)):
        x[t] = a * x[t - 1] + shocks[t]
    return x


def lags(table):
    """For every row: the last 48 rows, and the demand a week before the next hour."""
    windows = SlidingWindow(48).fit_transform(table).reshape(len(table), -1)
    return np.column_stack([windows, week_before(table)])


def week_before(table):
    return SlidingWindow(WEEK).fit_transform(table[:, [DEMAND]])[:, 0, 0]


def make_gru():
    """An update every 24 hours, gradients of 48; 16 pieces of the series run side by side."""
    gru = GRURegressor(
        rows="steps", initial_state="last", k1=24, k2=48, batch_size=16, max_iter=80,
        learning_rate="cosine", dtype="float32", random_state=0,
    )  # fmt: skip
    return make_pipeline(StandardScaler(), gru)


def make_ridge():
    return make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-2, 4, 7)))


def cross_validate(X, y):
    """The errors of the next hour, (n_models, n_folds), on the same folds."""
    cv = TimeSeriesSplit(4)
    folds = [test for _, test in cv.split(X)]
    options = {"cv": cv, "scoring": "neg_mean_absolute_error"}
    errors = {
        "last value": [mean_absolute_error(y[test], X[test, DEMAND]) for test in folds],
        "a week before": [mean_absolute_error(y[test], week_before(X)[test]) for test in folds],
        "ridge on lags": -cross_val_score(make_ridge(), lags(X), y, **options),
        "GRU": -cross_val_score(make_gru(), X, y, **options),
    }
    print(f"{'next hour, mean absolute error':<34}{'fold 1':>8}{'2':>8}{'3':>8}{'4':>8}{'mean':>8}")
    for name, of_folds in errors.items():
        print(f"{name:<34}", *(f"{error:7.2f}" for error in [*of_folds, np.mean(of_folds)]))
    best = np.min([errors[name] for name in errors if name != "GRU"], axis=0)
    assert (errors["GRU"] < 0.9 * best).all(), "in every fold by a tenth at least"


def go_on(model, X, y):
    """The first half day after the training rows, from the state they end in and from zeros."""
    X, y = X[:12], y[:12]
    last = mean_absolute_error(y, model.predict(X))
    model.set_params(gruregressor__initial_state="zeros")
    zeros = mean_absolute_error(y, model.predict(X))
    model.set_params(gruregressor__initial_state="last")
    print(f'\nfirst 12 hours: {last:.2f} from initial_state="last", {zeros:.2f} from "zeros"')
    assert last < zeros


def days_ahead(model, table, n_train):
    """Forecast day after day; the table grows by a day each time, the models stay."""
    ridge = make_ridge().fit(lags(table[: n_train - 1]), table[1:n_train, DEMAND])
    errors = {"a week before": [], "ridge on lags, fed back": [], "GRU, forecast": []}
    _, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
    ax.plot(table[n_train:, DEMAND], color="black", linewidth=0.9, label="demand")
    ax.set_xlabel("hour")
    for now in range(n_train + DAY, len(table) - DAY + 1, DAY):
        day = slice(now, now + DAY)
        answers = (
            table[now - WEEK : now - WEEK + DAY, DEMAND],
            ridge_forecast(ridge, table[: day.stop]),
            # X are the rows that follow those of fit: the state goes on from there
            forecast(model, table[n_train - 1 : now], DAY, X_future=table[day, 1:], feedback=DEMAND),
        )
        for of_days, answer in zip(errors.values(), answers, strict=True):
            of_days.append(mean_absolute_error(table[day, DEMAND], answer))
        hours = np.arange(day.start, day.stop) - n_train
        ax.plot(hours, answers[-1], color="#06c", label="GRU, a day ahead" if hours[0] == DAY else None)
    ax.legend(frameon=False)
    print(f"\n{'next day, mean absolute error':<34}{'mean':>8}{'worst day':>12}")
    for name, of_days in errors.items():
        print(f"{name:<34}{np.mean(of_days):8.2f}{np.max(of_days):12.2f}")
    weekly, linear, gru = (np.mean(of_days) for of_days in errors.values())
    assert gru < 0.9 * min(weekly, linear)


def ridge_forecast(ridge, table):
    """The last day of the table, hour by hour; each answer is written where the next hour reads it."""
    table = table[-WEEK - DAY :].copy()
    for t in range(WEEK, WEEK + DAY):
        table[t, DEMAND] = ridge.predict(lags(table[t - WEEK : t])[-1:])[0]
    return table[WEEK:, DEMAND]


def main():
    start = time.perf_counter()
    table = make_table()
    X, y = table[:-1], table[1:, DEMAND]
    cross_validate(X, y)
    n_train = len(table) - 15 * DAY
    model = make_gru().fit(X[: n_train - 1], y[: n_train - 1])
    go_on(model, X[n_train - 1 :], y[n_train - 1 :])
    days_ahead(model, table, n_train)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
