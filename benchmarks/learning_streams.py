"""What learning from a stream costs: ``stream().learn(x, y)`` and ``step`` of a stream that may learn.

A regressor with F features and the default solver, one stream, float32, a new row for every call, all
costs of the call included. The calls of ``step`` of a plain stream, of ``step`` and ``learn`` of streams
that may learn, and of ``learn`` on NumPy alternate, each stream with weights of its own. Every figure is
the median of ``--repeats`` medians over some tenths of a second, in microseconds. Ratios: ``step`` and
``learn`` to a plain step; ``numpy``: learning on NumPy to learning with kernels. One thread.

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


def alternating(calls, rows):
    """Median microseconds of each function of (x, y), the calls alternating."""
    clock, times = time.perf_counter_ns, [[] for _ in calls]
    end, k = clock() + 100_000_000 * len(calls), 0
    while clock() < end:
        x, y = rows[k % len(rows)]
        for call, t in zip(calls, times, strict=True):
            before = clock()
            call(x, y)
            t.append(clock() - before)
        k += 1
    return [1e-3 * float(np.median(t)) for t in times]


def compare(cell, kind, H, F, repeats):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1000, F)).astype("f")
    y = X[:, 0] - 0.5 * np.roll(X[:, 0], 1)
    model = fitted(cell, H, X, y)
    plain, online = model.stream(), model.set_params(gradient=kind)
    reads, learns = online.stream(), online.stream()
    with _kernels.using("numpy"):  # a stream keeps what it was made with
        by_numpy = online.stream()
    calls = [
        lambda x, y: plain.step(x), lambda x, y: reads.step(x), learns.learn, by_numpy.learn,
    ]  # fmt: skip
    rows = list(zip(X, y.tolist(), strict=True))
    return np.median([alternating(calls, rows) for _ in range(repeats)], axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
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
