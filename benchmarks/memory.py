"""Peak memory of training on a file larger than it: 2 GB of float32, memory-mapped.

Each line is a process of its own: how much its largest resident size (``ru_maxrss``, which counts the
pages of the file that are mapped in) rises above that after the imports, while fit makes one pass. The
file is sparse, so it needs no disk; it is read like any other. y and what belongs to it are counted, too.

Run: python benchmarks/memory.py [--gigabytes 2]
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import skrnn

F, T = 32, 128
SMALL = {"hidden_size": 16, "max_iter": 1, "random_state": 0}
STREAMS = {"rows": "steps", "k1": 100, "batch_size": 64}


def labels(n, k, dtype):
    """0 to k - 1 again and again; large temporary arrays would count."""
    y = np.empty(n, dtype=dtype)
    for value in range(k):
        y[value::k] = value
    return y


def array(path, n):
    X = np.memmap(path, np.float32, "r", shape=(n // T, T, F))
    return skrnn.GRUClassifier(**SMALL, batch_size=256), X, np.arange(len(X)) % 3


def array_held_out(path, n):
    model, X, y = array(path, n)
    return model.set_params(early_stopping=True), X, y


def array_per_step(path, n):
    model, X, y = array(path, n)
    return model.set_params(return_sequences=True), X, np.repeat(y.astype(np.int8)[:, None], T, axis=1)


def table_of_steps(path, n):
    X = np.memmap(path, np.float32, "r", shape=(n, F))
    return skrnn.GRUClassifier(**SMALL, **STREAMS), X, labels(n, 3, np.int8)


def regression_on_steps(path, n):
    X = np.memmap(path, np.float32, "r", shape=(n, F))
    return skrnn.GRURegressor(**SMALL, **STREAMS), X, labels(n, 7, np.float32)


def steps_held_out(path, n):
    model, X, y = table_of_steps(path, n)
    return model.set_params(early_stopping=True), X, y


CASES = {
    "3-D, one target per sequence": array,
    "the same, early stopping": array_held_out,
    "3-D, a label per step": array_per_step,
    'rows="steps", a label per row': table_of_steps,
    "the same, its tail held out": steps_held_out,
    'rows="steps", a number per row': regression_on_steps,
}


def peak():
    """The largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(case, path, n, answer):
    """In a process of its own: peak above the imports, and seconds of fit."""
    warnings.simplefilter("ignore")
    base, start = peak(), time.perf_counter()
    model, X, y = CASES[case](path, n)
    model.fit(X, y)
    answer.put((peak() - base, time.perf_counter() - start))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2)
    n = int(parser.parse_args().gigabytes * 2**30) // (4 * F * T) * T
    context = multiprocessing.get_context("spawn")
    print(f"skrnn {skrnn.__version__}; {n} time steps of {F} features, {n * F * 4 / 1e9:.2f} GB")
    print(f"{'':<34}{'MB above the imports':>21}{'s':>7}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X"
        with path.open("wb") as file:
            file.truncate(n * F * 4)
        for case in CASES:
            answer = context.Queue()
            process = context.Process(target=measure, args=(case, path, n, answer))
            process.start()
            megabytes, seconds = answer.get()
            process.join()
            print(f"{case:<34}{megabytes:>21.0f}{seconds:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
