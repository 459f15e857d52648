"""``Forecaster`` on the hourly series of M4: 207 series, the next 48 hours, one call.

MASE (errors in units of the mean seasonal error of the training rows, season 24), sMAPE in percent, share
of the values inside of 95 % intervals, and MSIS; means over the series. "naive" is the value a day
before. Without --test the last 48 hours of the training part are held out, and nothing of the test part
is read: by that the defaults were chosen. Times are those of fit, with and without the levels.

With --shops instead: the seconds that 1000 generated shops of 200 days take, on two threads, with
promotions that are known ahead, weekdays and a horizon of 14 days: fit without and with levels, forecast.

Run: python benchmarks/forecaster.py FOLDER [part of a row's name ...] [--seeds 3] [--test]
     python benchmarks/forecaster.py --shops
(FOLDER holds the data sets and load.py)
"""

import argparse
import time
import warnings

import numpy as np
from data_sets import loader

from skrnn import Forecaster, GRURegressor, LSTMRegressor

SEASON, HORIZON, LEVEL = 24, 48, 0.95

# name -> class, settings of the regressor, settings of the forecaster
PLAIN = {"strategy": "direct", "difference": SEASON}
ROWS = {
    "GRU, direct, difference 24": (GRURegressor, {}, PLAIN),
    "GRU, direct, difference 24, absolute error": (GRURegressor, {"loss": "absolute_error"}, PLAIN),
    "LSTM, direct, difference 24, absolute error": (LSTMRegressor, {"loss": "absolute_error"}, PLAIN),
    "GRU, recursive, difference 24": (GRURegressor, {}, {"difference": SEASON}),
    "GRU, recursive, difference 24, absolute error": (
        GRURegressor,
        {"loss": "absolute_error"},
        {"difference": SEASON},
    ),
    "GRU, recursive, no difference": (GRURegressor, {}, {}),
    "GRU, direct, no difference": (GRURegressor, {}, {"strategy": "direct"}),
    "GRU, direct, difference 24, no scale": (GRURegressor, {}, {**PLAIN, "scale": None}),
}


def table_of(series):
    """Series of unequal length as a long table (id, hour) and targets."""
    ids = np.repeat(np.arange(len(series)), [len(one) for one in series])
    hours = np.concatenate([np.arange(len(one)) for one in series])
    return np.stack([ids, hours], axis=1), np.concatenate(series)


def naive(series):
    day = [one[-SEASON:] for one in series]
    return np.array([np.tile(one, HORIZON // SEASON) for one in day])


def figures(series, future, forecast, bounds=None):
    """MASE, sMAPE, and of bounds (n, H, 2) coverage and MSIS."""
    unit = np.array([np.abs(one[SEASON:] - one[:-SEASON]).mean() for one in series])[:, None]
    error = np.abs(future - forecast)
    mase = (error / unit).mean()
    smape = 200 * (error / (np.abs(future) + np.abs(forecast))).mean()
    if bounds is None:
        return mase, smape
    lower, upper = bounds[..., 0], bounds[..., 1]
    outside = np.maximum(lower - future, 0) + np.maximum(future - upper, 0)
    msis = ((upper - lower + 2 / (1 - LEVEL) * outside) / unit).mean()
    return mase, smape, 100 * (outside == 0).mean(), msis, 100 * (outside == 0).mean(axis=0)


def run(row, seed, series, future):
    """Figures and seconds of one row of ``ROWS``."""
    cls, settings, options = ROWS[row]
    X, y = table_of(series)
    seconds, regressor = [], cls(random_state=seed, n_jobs=2, **settings)
    for levels in (None, LEVEL):
        model = Forecaster(regressor, horizon=HORIZON, sequence_id=0, time=1, levels=levels, **options)
        start = time.perf_counter()
        model.fit(X, y)
        seconds.append(time.perf_counter() - start)
    table = model.forecast().reshape(len(series), HORIZON, -1)
    return figures(series, future, table[..., 2], table[..., 3:5]), seconds


def show(name, found, seconds):
    *means, by_step = (np.mean([one[k] for one in found], axis=0) for k in range(5))
    cells = [f"{value:8.3f}" if k in (0, 3) else f"{value:8.2f}" for k, value in enumerate(means)]
    times = " ".join(f"{value:7.1f}" for value in np.median(seconds, axis=0))
    spread = f"{min(one[0] for one in found):.3f}-{max(one[0] for one in found):.3f}"
    print(
        f"{name:46}{''.join(cells)}  {by_step.min():5.1f}-{by_step.max():4.1f} {times}  {spread}",
        flush=True,
    )


def shops(n=1000, n_days=200, horizon=14):
    """Seconds of fit without levels, with levels, and of forecast."""
    rng, day = np.random.RandomState(0), np.arange(n_days + horizon)
    promotion = (rng.uniform(size=(n, len(day))) < 0.15).astype(float)
    sales = 10 + 3 * (day % 7 == 5) + 2 * promotion + rng.normal(size=promotion.shape)
    sales *= 10.0 ** rng.uniform(0, 4, size=(n, 1))
    dates = np.tile(np.datetime64("2023-01-01") + day, n)
    ids = np.repeat(np.arange(n), len(day))
    columns = [ids.astype(object), dates.astype(object), promotion.ravel().astype(object)]
    X, past = np.stack(columns, axis=1), np.tile(day < n_days, n)
    seconds = []
    for levels in (None, LEVEL):
        model = Forecaster(
            GRURegressor(random_state=0, n_jobs=2), horizon=horizon, sequence_id=0, time=1, known=2,
            calendar="weekday", levels=levels,
        )  # fmt: skip
        start = time.perf_counter()
        model.fit(X[past], sales.ravel()[past])
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    model.forecast(X_future=X[~past])
    return *seconds, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--shops", action="store_true")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.shops:
        print("1000 shops: fit {:.1f} s, with levels {:.1f} s, forecast {:.1f} s".format(*shops()))
        return
    pairs = list(loader(asked.folder).load_m4_hourly().values())
    series, future = (
        [one.astype(float) for one, _ in pairs],
        np.array([two for _, two in pairs], dtype=float),
    )
    if not asked.test:
        series, future = [one[:-HORIZON] for one in series], np.array([one[-HORIZON:] for one in series])
    print(f"{'':46}    MASE   sMAPE   95 %    MSIS  by step   seconds, levels  MASE of seeds")
    mase, smape = figures(series, future, naive(series))
    print(f"{'naive':46}{mase:8.3f}{smape:8.2f}")
    for name in ROWS:
        if not asked.names or any(part in name for part in asked.names):
            pairs = [run(name, seed, series, future) for seed in range(asked.seeds)]
            show(name, *zip(*pairs, strict=True))


if __name__ == "__main__":
    main()
