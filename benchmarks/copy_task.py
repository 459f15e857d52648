"""Why k2 exists: the copy task of Aicher, Foti, Fox (2019), symbols to be said again after 10 steps.

64 streams of 4000 steps, GRU 50, rate 3e-3, 8 epochs, float32; perplexity on the test streams (1000
steps). 1.69 is what one can know without remembering. The answer lies 10 steps back, so the gradient
must travel 11.

Run: python benchmarks/copy_task.py FOLDER [epochs]   (FOLDER holds aicher_copy_fixed.npz)

References
----------
C. Aicher, N. J. Foti, E. B. Fox, "Adaptively truncating backpropagation through time to control
gradient bias", UAI 2019.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skrnn import GRUClassifier

SETTINGS = [(5, 5), (5, 9), (10, 10), (5, 20), (10, 19)]


def streams(data, part):
    """One-hot inputs (64, T, 6) and targets (64, T)."""
    X, y = data[f"{part}_X"].T, data[f"{part}_Y"].T
    return np.eye(6, dtype=np.float32)[X], y


def perplexity(model, X, y):
    log_p = model.predict_log_proba(X)
    return float(np.exp(-np.take_along_axis(log_p, y[..., None], axis=2).mean()))


def main(folder, epochs=8):
    warnings.simplefilter("ignore", ConvergenceWarning)
    data = np.load(Path(folder) / "aicher_copy_fixed.npz")
    (X, y), (X_test, y_test) = streams(data, "train"), streams(data, "test")
    print(f"{'k1':>4}{'k2':>4}{'train loss':>12}{'test perplexity':>17}{'fit s':>8}")
    for k1, k2 in SETTINGS:
        start = time.perf_counter()
        model = GRUClassifier(
            50, k1=k1, k2=k2, return_sequences=True, learning_rate_init=3e-3, batch_size=64,
            max_iter=epochs, tol=0, n_iter_no_change=np.inf, alpha=0, random_state=0,
        ).fit(X, y)  # fmt: skip
        took = time.perf_counter() - start
        print(f"{k1:>4}{k2:>4}{model.loss_:>12.4f}{perplexity(model, X_test, y_test):>17.3f}{took:>8.1f}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
