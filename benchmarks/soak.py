"""Long runs: resident memory, threads and open files while the same calls are made again and again.

``python benchmarks/soak.py`` makes 10^5 calls of partial_fit with random lengths, 10^6 steps of a stream
and as many of one that learns, and 10^4 fits, some with two threads, checkpoints, pipelines that are left
half-way, and errors. ``--share 0.01`` makes a hundredth of them. After a first tenth, in which memory is
kept for reuse, resident memory may grow by 5 MB, and threads and files not at all: else it ends with 1.

One line per run: calls, seconds, growth in MB, threads and open files at the beginning and at the end.
"""

import argparse
import gc
import itertools
import os
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

import skrnn
from skrnn.callbacks import Checkpoint

ALLOWED = 5.0  # MB
SMALL = {"hidden_size": 4, "max_iter": 1, "tol": None, "random_state": 0}
STEPS = {"rows": "steps", "initial_state": "last"}
RNG = np.random.RandomState(0)


def resident():
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def handles():
    """Threads of the process, and files that it has open."""
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


def data(n=8, T=9):
    return RNG.normal(size=(n, T, 2)), RNG.normal(size=n)


def parts():
    """Calls of partial_fit, each with sequences of lengths of their own."""
    model = skrnn.GRURegressor(**SMALL).partial_fit(*data(), y_mean=0, y_scale=1)
    while True:
        X = [RNG.normal(size=(T, 2)) for T in RNG.randint(1, 60, size=RNG.randint(1, 9))]
        yield model.partial_fit(X, RNG.normal(size=len(X)))


def stream():
    """Steps of a stream; another one is begun, and left half-way, now and then."""
    model = skrnn.LSTMRegressor(**SMALL).fit(*data())
    rows, k = RNG.normal(size=(1000, 2)), 0
    while True:
        if k % 5000 == 0:
            running = model.stream()
        yield running.step(rows[k % 1000])
        k += 1


def learning():
    """Steps of a stream that learns."""
    rows = RNG.normal(size=(1000, 2))
    model = skrnn.GRURegressor(**SMALL, **STEPS, gradient="rtrl").fit(rows[:50], rows[:50, 0])
    running, k = model.stream(), 0
    while True:
        yield running.learn(rows[k % 1000], rows[k % 1000, 1])
        k += 1


def half_of(values):
    """A generator that is left half-way."""
    for i, value in enumerate(values):
        yield value
        if i == len(values) // 2:
            return


def failing(model, X, y):
    """Errors leave nothing behind."""
    try:
        model.fit(np.where(X > 1, np.nan, X) * np.nan, y)
    except ValueError:
        return
    raise AssertionError("it was fitted to what is not a number")


SERIES = [x for x, _ in half_of(list(zip(*data(20), strict=True)))]
OF_SERIES = np.arange(len(SERIES)) % 3
FITS = [
    lambda X, y, path: skrnn.GRURegressor(**SMALL).fit(X, y).predict(X),
    lambda X, y, path: skrnn.LSTMClassifier(**SMALL, n_jobs=2).fit(X, y > 0).predict_proba(X),
    lambda X, y, path: skrnn.RNNRegressor(**SMALL, solver="lbfgs").fit(
        SERIES, np.arange(len(SERIES)) % 3
    ),
    lambda X, y, path: failing(skrnn.GRURegressor(**SMALL), X, y),
    lambda X, y, path: skrnn.GRUEncoderDecoder(**SMALL).fit(["ab", "b"], ["b", "a"]).predict(["a"]),
    lambda X, y, path: skrnn.RNNRegressor(**SMALL).set_callbacks(Checkpoint(path)).fit(X, y),
]


def fits():
    """Fits of all kinds, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for k in itertools.count():
            X, y = data(T=RNG.randint(1, 40))
            yield FITS[k % len(FITS)](X, y, Path(folder) / "file")


RUNS = {"partial_fit": (parts, 10**5), "stream": (stream, 10**6), "learn": (learning, 10**6)}
RUNS["fit"] = (fits, 10**4)


def run(name, n):
    """Whether memory, threads and files stay as they are after the first tenth of n calls."""
    calls, start = RUNS[name][0](), time.perf_counter()
    for k, _ in zip(range(n), calls, strict=False):
        if k == n // 10:
            gc.collect()
            before, memory = handles(), resident()
    gc.collect()
    after, growth = handles(), resident() - memory
    seconds = time.perf_counter() - start
    ok = growth <= ALLOWED and before == after
    threads, files = zip(before, after, strict=True)
    figures = f"{name:12s} {n:8d} calls {seconds:8.1f} s  {growth:+6.2f} MB"
    print(figures, f" threads {threads}  files {files}  {'' if ok else 'NOT CONSTANT'}", flush=True)
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--only", choices=list(RUNS))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    names = [options.only] if options.only else list(RUNS)
    ok = [run(name, max(100, int(RUNS[name][1] * options.share))) for name in names]
    assert threading.active_count() <= 3, threading.enumerate()
    return not all(ok)


if __name__ == "__main__":
    sys.exit(main())
