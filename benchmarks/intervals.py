"""Whether intervals of ``Forecaster`` hold, at every step of the horizon, on rows after those of fit.

Generated series of three kinds, 1000 of each and two seeds: one forecast each of the HORIZON rows after
those of fit, so that the figures are of independent series, and their standard error, sqrt(a (1 - a) / N)
for a level a, is below one point. "changed": the deviation of the noise is doubled after fit, and two
hundred rows have come by update before the first forecast (400 series, from six origins a horizon apart);
how they come makes no difference.

Two public series, by `statsmodels`: atmospheric carbon dioxide by weeks, and sunspots by years; forecasts
of one fit from many origins, on the later part, each taken in by update, of five seeds, whose shares are
averaged. They overlap, so that the standard error that is given, of as many independent forecasts as
there are origins, is too small.

Printed in percent: the share of values inside over all steps, the lowest and highest share of a step, the
standard error of a step's share, and the median width in deviations of what is forecast; of public series
also how far the share of a step was off with the seed where it was so most.

Run: python benchmarks/intervals.py [part of a row's name ...]
(needs pip install pandas statsmodels)
"""

import argparse
import time
import warnings

import numpy as np

from skrnn import Forecaster, GRURegressor

HORIZON, LEVELS = 12, (0.8, 0.95)
N_SERIES, N_ROWS, SEEDS, PUBLIC_SEEDS = 1000, 200, 2, 5
KINDS = [("recursive", "conformal"), ("recursive", "sampled"), ("direct", "conformal")]
DRIFTING = [("recursive", "conformal"), ("recursive", "adaptive"), ("direct", "adaptive")]
LATE, ORIGINS = 200, 6  # rows that come by update, forecasts after them


# --- series -------------------------------------------------------------------------------------------


def autoregressions(rng, n, T, deviation=1.0):
    """Of order 2, with a cycle that dies out, in units from 0.01 to 100."""
    y, noise = np.zeros((n, T + 50)), deviation * rng.normal(size=(n, T + 50))
    for t in range(2, T + 50):
        y[:, t] = 1.2 * y[:, t - 1] - 0.5 * y[:, t - 2] + noise[:, t]
    return y[:, 50:] * 10.0 ** rng.uniform(-2, 2, size=(n, 1))


def seasons(rng, n, T):
    """A season of 12 of each series' own shape and size, a level, and noise with heavy tails."""
    shape = np.tile(rng.normal(size=(n, 12)), (1, T // 12 + 1))[:, :T]
    return 10 + rng.uniform(0.5, 3, size=(n, 1)) * shape + rng.standard_t(4, size=(n, T))


def walks(rng, n, T):
    """Random walks, the variance of whose steps changes with time (GARCH(1, 1))."""
    variance, y = np.ones((n, T)), np.zeros((n, T))
    for t in range(1, T):
        step = np.sqrt(variance[:, t - 1]) * rng.normal(size=n)
        variance[:, t] = 0.1 + 0.2 * step**2 + 0.7 * variance[:, t - 1]
        y[:, t] = y[:, t - 1] + step
    return y


GENERATED = {"autoregressions": (autoregressions, None), "seasons": (seasons, 12), "walks": (walks, 1)}


def public_series():
    """Name -> values, season, horizon, rows of fit."""
    from statsmodels.datasets import co2, sunspots

    weeks = co2.load_pandas().data["co2"].interpolate().to_numpy()
    years = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    return {"co2, by weeks": (weeks, 52, 12, 1200), "sunspots, by years": (years, None, 6, 180)}


# --- forecasts ----------------------------------------------------------------------------------------


def forecaster(horizon, difference, strategy, interval, seed):
    return Forecaster(
        GRURegressor(random_state=seed, n_jobs=2), horizon=horizon, sequence_id=0, time=1, levels=LEVELS,
        difference=difference, strategy=strategy, interval=interval,
    )  # fmt: skip


def table(y, start=0):
    """Series (n, T) as rows (id, time) and targets."""
    n, T = y.shape
    X = np.stack([np.repeat(np.arange(n), T), np.tile(np.arange(start, start + T), n)], axis=1)
    return X, y.ravel()


def of_generated(make, difference, strategy, interval):
    """Whether values lie inside (N, H, L), and widths (N, H, L)."""
    found = []
    for seed in range(SEEDS):
        y = make(np.random.RandomState(seed), N_SERIES, N_ROWS + HORIZON)
        model = forecaster(HORIZON, difference, strategy, interval, seed)
        model.fit(*table(y[:, :N_ROWS]))
        found.append(inside(model, y[:, N_ROWS:], N_ROWS, y.std(axis=1)))
    return [np.concatenate(one) for one in zip(*found, strict=True)]


def of_changed(strategy, interval):
    """The same, where the noise has changed and rows have come."""
    rng, n = np.random.RandomState(0), 400
    before = autoregressions(rng, n, N_ROWS)
    unit = before.std(axis=1, keepdims=True)
    later = autoregressions(rng, n, LATE + ORIGINS * HORIZON, 2.0)
    later *= 2 * unit / later.std(axis=1, keepdims=True)
    model = forecaster(HORIZON, None, strategy, interval, 0).fit(*table(before))
    for t in range(0, LATE, 50):
        model.update(*table(later[:, t : t + 50], N_ROWS + t))
    found = []
    for t in range(LATE, later.shape[1], HORIZON):
        rows = later[:, t : t + HORIZON]
        found.append(inside(model, rows, N_ROWS + t, unit[:, 0]))
        model.update(*table(rows, N_ROWS + t))
    return [np.concatenate(one) for one in zip(*found, strict=True)]


def of_public(y, difference, horizon, n_fit, strategy, interval):
    """The same for every seed, (S, N, H, L), from every origin after fit, on one series."""
    of_seeds = []
    for seed in range(PUBLIC_SEEDS):
        model, found = forecaster(horizon, difference, strategy, interval, seed), []
        model.fit(*table(y[None, :n_fit]))
        for origin in range(n_fit, len(y) - horizon + 1):
            found.append(inside(model, y[None, origin : origin + horizon], origin, np.array([y.std()])))
            model.update(*table(y[None, origin : origin + 1], origin))
        of_seeds.append([np.concatenate(one) for one in zip(*found, strict=True)])
    return [np.stack(one) for one in zip(*of_seeds, strict=True)]


def inside(model, y, start, unit):
    X, _ = table(y, start)
    bounds = model.predict_interval(X).reshape(*y.shape, 2, len(LEVELS))
    lower, upper = bounds[..., 0, :], bounds[..., 1, :]
    return (lower <= y[..., None]) & (y[..., None] <= upper), (upper - lower) / unit[:, None, None]


# --- output -------------------------------------------------------------------------------------------


def show(name, found, seconds):
    held, width = [one if one.ndim == 4 else one[None] for one in found]
    cells = []
    for k, level in enumerate(LEVELS):
        of_seeds = 100 * held[..., k].mean(axis=1)  # (S, H)
        share, off = of_seeds.mean(axis=0), np.abs(of_seeds - 100 * level).max()
        error = 100 * np.sqrt(level * (1 - level) / held.shape[1])
        worst = f" {off:4.1f}" if len(held) > 1 else 5 * " "
        cells.append(
            f"{share.mean():6.1f} {share.min():5.1f}-{share.max():5.1f} +-{error:.1f} "
            f"{np.median(width[..., k]):6.2f}{worst}"
        )
    print(f"{name:46}{'  '.join(cells)}  {seconds:6.0f}", flush=True)


def rows():
    """Name -> function that measures it."""
    found = {}
    for kind, (make, difference) in GENERATED.items():
        for strategy, interval in KINDS:
            run = (of_generated, make, difference, strategy, interval)
            found[f"{kind}, {strategy}, {interval}"] = run
    for strategy, interval in DRIFTING:
        found[f"changed, {strategy}, {interval}"] = (of_changed, strategy, interval)
    for kind, options in public_series().items():
        for strategy, interval in [*KINDS, *DRIFTING[1:]]:
            found[f"{kind}, {strategy}, {interval}"] = (of_public, *options, strategy, interval)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    warnings.simplefilter("ignore")
    head = "  ".join(f"{100 * level:4.0f} %   by step        width  off" for level in LEVELS)
    print(f"{'':46}{head}  seconds")
    for name, (measure, *options) in rows().items():
        if not names or any(part in name for part in names):
            start = time.perf_counter()
            found = measure(*options)
            show(name, found, time.perf_counter() - start)


if __name__ == "__main__":
    main()
