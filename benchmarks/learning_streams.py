"""What learning from a stream costs: ``stream().learn(x, y)`` and ``step`` of a stream that may learn.

A regressor with F features and the default solver, one stream, float32, a new row for every call, all
costs of the call included: ``step`` of a plain stream, ``step`` and ``learn`` of streams that may learn,
and ``learn`` on NumPy, each stream with weights of its own. They take turns of 30 ms; within a turn each
finds in the caches what it has left there. Every figure is the median of ``--repeats`` medians, in
microseconds. Ratios: ``step`` and ``learn`` to a plain step; ``numpy``: learning on NumPy to learning
with kernels. One thread.

Run: python benchmarks/learning_streams.py [--repeats R] [--features F]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn import _kernels

MODELS = {"RNN": skrnn.RNNRegressor, "GRU": skrnn.GRURegressor, "LSTM": skrnn.LSTMRegressor}
ONLINE = {"rows": "steps", "initial_state": "last", "max_iter": 1, "tol": None, "random_state": 0}


def fitted(cell, H, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MODELS[cell](H, **ONLINE).fit(X[:50], y[:50])


def turn(call, rows):
    """Median microseconds of a function of (x, y)."""
    clock, times = time.perf_counter_ns, []
    end = clock() + 30_000_000
    while clock() < end:
        for x, y in rows:
            before = clock()
            call(x, y)
            times.append(clock() - before)
    return 1e-3 * float(np.median(times))


def compare(cell, kind, H, F, repeats):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, F)).astype("f")
    y = X[:, 0] - 0.5 * np.roll(X[:, 0], 1)
    model = fitted(cell, H, X, y)
    plain, online = model.stream(), model.set_params(gradient=kind)
    reads, learns = online.stream(), online.stream()
    with _kernels.using("numpy"):  # a stream keeps what it was made with
        by_numpy = online.stream()
    calls = [
        lambda x, y: plain.step(x), lambda x, y: reads.step(x), learns.learn, by_numpy.learn,
    ]  # fmt: skip
    rows = list(zip(X[:100], y[:100].tolist(), strict=True))
    return np.median([[turn(call, rows) for call in calls] for _ in range(repeats)], axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--features", type=int, default=8)
    options = parser.parse_args()
    config = skrnn.show_config("dicts")
    print(f"skrnn {skrnn.__version__} ({config['kernels']}), numpy {np.__version__}", end="; ")
    print(f"F = {options.features}, one stream, float32, adam; us per row")
    print(f"\n{'cell':<6}{'gradient':>9}{'H':>5}{'plain step':>12}{'step':>9}{'learn':>9}", end="")
    print(f"{'step':>10}{'learn':>8}{'numpy':>8}")
    for kind in ("rtrl", "snap1"):
        for cell in MODELS:
            for H in (8, 16, 32, 64):
                plain, step, learn, numpy = compare(cell, kind, H, options.features, options.repeats)
                print(
                    f"{cell:<6}{kind:>9}{H:>5}{plain:>12.1f}{step:>9.1f}{learn:>9.1f}"
                    f"{step / plain:>10.2f}{learn / plain:>8.2f}{numpy / learn:>8.2f}", flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
