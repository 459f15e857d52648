"""k2="auto" on the copy task of Aicher, Foti and Fox (2019): what it chooses, what it learns and costs.

64 streams of 4000 steps, 6 symbols, said again after 10 steps, so that an error must flow back through
11; GRU, 50 units, rate 0.003, 8 epochs, float32, one thread. 1.69 is the perplexity that needs no
memory. "probe" is the share of the time of fit that goes into choosing k2. Then other tasks of the same
kind, generated: a longer memory, small data, noise that has nothing to be found.

Run: python benchmarks/auto_truncation.py [FOLDER] [--seeds 3]   (FOLDER holds the data sets and load.py;
without it the copy task is generated)
"""

import argparse
import time
import warnings

import numpy as np
from data_sets import loader
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn._engine.truncation import AutoTruncation

LAG = 10
PAIRS = [(5, 5), (5, 9), (5, 20), (5, "auto"), (10, 10), (10, 19), (10, "auto")]
GRU = {
    "hidden_size": 50, "learning_rate": "constant", "learning_rate_init": 3e-3, "k1": 5, "k2": "auto",
    "max_iter": 8,
}  # fmt: skip


def copy_streams(n, T, lag, rng):
    """A marker and symbols, then as many blanks, and so on; all to be said again ``lag`` steps later."""
    blocks = np.zeros((n, T // (2 * lag) + 3, 2 * lag), dtype=int)
    blocks[..., 0] = 1
    blocks[..., 1:lag] = rng.randint(2, 6, size=blocks[..., 1:lag].shape)
    at = lag + rng.randint(2 * lag, size=n)[:, None] + np.arange(T)
    return [np.take_along_axis(blocks.reshape(n, -1), i, axis=1) for i in (at, at - lag)]


def one_hot(x):
    return np.eye(6, dtype=np.float32)[x]


def generated(n, T, lag, seed=0):
    """Training and test streams."""
    rng = np.random.RandomState(seed)
    parts = [*copy_streams(n, T, lag, rng), *copy_streams(n, 1000, lag, rng)]
    return one_hot(parts[0]), parts[1], one_hot(parts[2]), parts[3]


def published(folder):
    data = loader(folder).load_copy()
    x, y, x_test, y_test = (data[f"{part}_{v}"].T for part in ("train", "test") for v in "XY")
    return one_hot(x), y, one_hot(x_test), y_test


def perplexity(model, X, y):
    p = np.take_along_axis(model.predict_proba(X), y[..., None], axis=-1).astype(float)
    return float(np.exp(-np.mean(np.log(np.clip(p, 1e-12, 1)))))


class Clock:
    """The time that goes into choosing k2."""

    def __init__(self):
        self.seconds, self.choose = 0.0, AutoTruncation.k2
        AutoTruncation.k2 = lambda *args: self._timed(*args)

    def _timed(self, *args):
        start = time.perf_counter()
        k2 = self.choose(*args)
        self.seconds += time.perf_counter() - start
        return k2


def run(clock, name, data, cls=skrnn.GRUClassifier, seed=0, **params):
    """One fit: a line of the table, and its perplexity."""
    X, y, X_test, y_test = data
    settings = {"return_sequences": True, "batch_size": len(X), "alpha": 0, "tol": 0, **GRU, **params}
    clock.seconds, start = 0.0, time.perf_counter()
    model = cls(random_state=seed, **settings).fit(X, y)
    seconds = time.perf_counter() - start
    curve = " ".join(map(str, model.k2_curve_)) if settings["k2"] == "auto" else ""
    figure = perplexity(model, X_test, y_test)
    print(
        f"{name:<24}{settings['k1']:>3}{settings['k2']:>6}{seed:>5}{figure:>8.3f}{seconds:>7.1f}"
        f"{100 * clock.seconds / seconds:>7.1f} %  {curve}".rstrip(),
        flush=True,
    )
    return figure


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    clock = Clock()
    data = published(args.folder) if args.folder else generated(64, 4000, LAG)
    print(f"{'task':<24}{'k1':>3}{'k2':>6}{'seed':>5}{'perpl.':>8}{'s':>7}{'probe':>9}  k2 of each epoch")
    for k1, k2 in PAIRS:
        figures = [run(clock, "copy", data, k1=k1, k2=k2, seed=seed) for seed in range(args.seeds)]
        print(f"{'':<24}{k1:>3}{k2:>6}{'mean':>5}{np.mean(figures):>8.3f}")
    run(clock, "copy, tolerance 0.1", data, truncation_tolerance=0.1)
    run(clock, "copy, tolerance 1", data, truncation_tolerance=1.0)
    run(clock, "copy, RNN", data, skrnn.RNNClassifier)
    run(clock, "copy, LSTM", data, skrnn.LSTMClassifier)
    run(clock, "after 20 steps", generated(64, 2000, 20), k1=10)
    run(
        clock,
        "after 4, small",
        generated(16, 400, 4),
        k1=3,
        hidden_size=24,
        learning_rate_init=1e-2,
        max_iter=30,
    )
    X, y, *test = data
    run(
        clock,
        "noise",
        (X[:, :1000], np.random.RandomState(0).permutation(y.ravel())[:64000].reshape(64, -1), *test),
    )


if __name__ == "__main__":
    main()
