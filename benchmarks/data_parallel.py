"""Data-parallel training: the cost of a sum between workers of Dask, and when several workers pay.

    python benchmarks/data_parallel.py [--seconds 4] [--write docs/benchmark_data_parallel.txt]

Two workers, processes of one thread each on this machine. For several networks: the milliseconds of an
update of one process that is compiled as a whole, of one that trains batch by batch as the workers do,
and of two workers; medians of three fits. A model is fitted to these, by least squares: an update of W
workers takes t / W + s, with t that of one process, and a sum s that takes a latency and a time per
weight. Then it is calculated for W machines at 1 and 10 Gbit/s, with this latency: rank 0 takes in W - 1
gradients of 4 P bytes, one after the other over its one line, and sends as many sums.
"""

import argparse
import time
import warnings
from functools import partial
from operator import methodcaller
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster
from scipy.optimize import nnls

import skrnn
import skrnn._engine.compiled
from skrnn import distributed

#         H, B, T
SHAPES = [(16, 16, 20), (64, 32, 50), (128, 64, 100), (256, 128, 100)]
F = 8
HEAD = f"{'H':>4}{'B':>5}{'T':>5}{'P':>9}{'compiled':>10}{'one':>9}{'two':>9}{'one/two':>9}{'model':>9}"


def data(B, T, n_batches):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_batches * B, T, F)).astype(np.float32)
    return X, X[:, -3, 0]


def per_update(fit, H, B, n_epochs):
    """Milliseconds; what is there besides updates is taken out by a fit of one epoch."""
    times = []
    for epochs in (1, 1 + n_epochs):
        model = skrnn.LSTMRegressor(
            hidden_size=H, batch_size=B, max_iter=epochs, tol=None, learning_rate="constant",
            random_state=0,
        )  # fmt: skip
        start = time.perf_counter()
        fit(model)
        times.append((time.perf_counter() - start, model.n_updates_))
    (short, few), (long, many) = times
    return 1e3 * (long - short) / (many - few)


def sums(one, two, P):
    """Seconds of a sum: the latency, and what a weight takes; least squares of relative errors."""
    A = np.c_[np.ones(len(P)), P] / two[:, None]
    return nnls(A, (two - one / 2) / two)[0]


def calculated(t, P, W, bits, latency):
    """The speed-up of W workers."""
    return t / (t / W + latency + 2 * (W - 1) * 32 * P / bits)


def measured(client, seconds):
    """(n, 3) seconds of an update: compiled, of one process batch by batch, of two; (n,) weights."""
    whole, times, weights = skrnn._engine.compiled.new_training, [], []
    for H, B, T in SHAPES:
        X, y = data(B, T, 4)
        halves = [(X[k::2], y[k::2]) for k in range(2)]
        together = partial(distributed.fit, parts=halves, client=client)
        alone = methodcaller("fit", X, y)
        found = []
        for name, fit in (("compiled", alone), ("one", alone), ("two", together)):
            skrnn._engine.compiled.new_training = whole if name == "compiled" else lambda *a: None
            n_epochs = max(2, int(seconds / 4 / max(per_update(fit, H, B, 1) * 4e-3, 1e-3)))
            found.append(1e-3 * np.median([per_update(fit, H, B, n_epochs) for _ in range(3)]))
        skrnn._engine.compiled.new_training = whole
        times.append(found)
        weights.append(4 * H * (F + H + 2) + H + 1)
    return np.array(times), np.array(weights)


def table(times, weights):
    """The lines of the table, and of the model."""
    (compiled, one, two), many = times.T, [(W, g) for g in (1, 10) for W in (4, 16, 64)]
    latency, per_weight = sums(one, two, weights)
    lines = [HEAD + "".join(f"{f'{W} at {g}G':>11}" for W, g in many)]
    for k, (H, B, T) in enumerate(SHAPES):
        t, P = one[k], weights[k]
        model = t / (t / 2 + latency + per_weight * P)
        lines.append(
            f"{H:4}{B:5}{T:5}{P:9}{1e3 * compiled[k]:10.2f}{1e3 * t:9.2f}{1e3 * two[k]:9.2f}"
            f"{t / two[k]:9.2f}{model:9.2f}"
            + "".join(f"{calculated(t, P, W, g * 1e9, latency):11.1f}" for W, g in many)
        )
    return [*lines, f"a sum of two: {1e3 * latency:.2f} ms and {1e9 * per_weight:.1f} ns per weight"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        text = "\n".join(table(*measured(client, given.seconds))) + "\n"
    print(text, end="")
    if given.write:
        given.write.write_text(text)


if __name__ == "__main__":
    main()
