"""Data-parallel training: the cost of a sum over Dask's connections, and when several workers pay.

    python benchmarks/data_parallel.py [--seconds 4]

Two workers, processes of one thread each on this machine. For several networks: the milliseconds of an
update of one process that is compiled as a whole, of one that trains batch by batch as the workers do,
and of two workers; medians of three fits. Then calculated, from the time per update t of one process,
with W workers at 1 and 10 Gbit/s: t / (t / W + s), where a sum s takes 2 log2(W) times a latency of
0.1 ms, and its 4 P bytes travel twice.
"""

import argparse
import time
import warnings
from functools import partial
from operator import methodcaller

import numpy as np
from distributed import Client, LocalCluster

import skrnn
import skrnn._engine.compiled
from skrnn import distributed

#         H, B, T
SHAPES = [(16, 16, 20), (64, 32, 50), (128, 64, 100), (256, 128, 100)]
F, LATENCY = 8, 1e-4


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


def calculated(t, P, W, bits):
    """The speed-up of W workers."""
    sum_of_gradients = 2 * np.log2(W) * LATENCY + 2 * 32 * P / bits
    return t / (t / W + sum_of_gradients)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    seconds = parser.parse_args().seconds
    warnings.simplefilter("ignore")
    whole = skrnn._engine.compiled.new_training
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        print(
            f"{'H':>4}{'B':>5}{'T':>5}{'P':>9}{'compiled':>10}{'one':>9}{'two':>9}{'one/two':>9}"
            + "".join(f"{f'{W} at {g}G':>11}" for g in (1, 10) for W in (4, 16, 64))
        )
        for H, B, T in SHAPES:
            X, y = data(B, T, 4)
            halves = [(X[k::2], y[k::2]) for k in range(2)]
            together = partial(distributed.fit, parts=halves, client=client)
            alone = methodcaller("fit", X, y)
            fits = {"compiled": alone, "one": alone, "two": together}
            found, P = {}, 4 * H * (F + H + 2) + H + 1
            for name, fit in fits.items():
                skrnn._engine.compiled.new_training = whole if name == "compiled" else lambda *a: None
                n_epochs = max(2, int(seconds / 4 / max(per_update(fit, H, B, 1) * 4e-3, 1e-3)))
                found[name] = np.median([per_update(fit, H, B, n_epochs) for _ in range(3)])
            skrnn._engine.compiled.new_training = whole
            one, two = found["one"], found["two"]
            print(
                f"{H:4}{B:5}{T:5}{P:9}{found['compiled']:10.2f}{one:9.2f}{two:9.2f}{one / two:9.2f}"
                + "".join(
                    f"{calculated(one / 1e3, P, W, g * 1e9):11.1f}" for g in (1, 10) for W in (4, 16, 64)
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
