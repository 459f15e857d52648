"""What two threads save where the gradient is exact: fits of 200 sequences in one batch, in float64.

There every sequence has a gradient of its own, and these are added without rounding
(skrnn/_engine/arithmetic.py); the compiled kernels share the sequences out to the threads of ``n_jobs``.
One thread and two take turns; medians, milliseconds per update, and the quotient of both. The weights
must be the same, bit for bit.

Run: python benchmarks/exact_threads.py [repeats]      on two idle cores, without OMP_NUM_THREADS
"""

import statistics
import sys
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import skrnn

N = 200  # the most sequences that batch_size="auto" takes as one batch
SHAPES = [(30, 6, 32), (50, 4, 64)]  # steps, features, units
UPDATES = 15


def fit(cls, X, y, H, n_jobs):
    """Milliseconds per update, and the weights."""
    model = cls(H, max_iter=UPDATES, tol=0, random_state=0, n_jobs=n_jobs)
    start = time.perf_counter()
    model.fit(X, y)
    return 1e3 * (time.perf_counter() - start) / UPDATES, model.weights_


def compare(cls, X, y, H, repeats):
    """Median milliseconds per update of one thread and of two."""
    times, weights = {1: [], 2: []}, {}
    for _ in range(repeats):
        for n_jobs in times:
            milliseconds, weights[n_jobs] = fit(cls, X, y, H, n_jobs)
            times[n_jobs].append(milliseconds)
    for name, array in weights[1].items():
        np.testing.assert_array_equal(array, weights[2][name], err_msg=name)
    return map(statistics.median, times.values())


def main(repeats=9):
    warnings.simplefilter("ignore", ConvergenceWarning)
    rng = np.random.RandomState(0)
    print(f"{'':<16}{'T':>4}{'F':>3}{'H':>4}{'1 thread ms':>13}{'2 threads ms':>14}{'gain':>7}")
    for cls in (skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier):
        for T, F, H in SHAPES:
            X, y = rng.normal(size=(N, T, F)), rng.randint(3, size=N)
            one, two = compare(cls, X, y, H, repeats)
            print(f"{cls.__name__:<16}{T:>4}{F:>3}{H:>4}{one:>13.2f}{two:>14.2f}{one / two:>7.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
