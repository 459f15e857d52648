"""A grid search of fits of seconds: on one core, in two processes of joblib, on two workers of Dask.

    python benchmarks/search_on_cluster.py [--seconds 1.2] [--repeats 2]

The task is a classification of 800 sequences of 60 steps; the grid is over k1, k2 and hidden_size, 8
candidates and 2 folds, epochs such that a fit takes ``--seconds`` on average. Processes are warm: each
has run a small search before. For each way the seconds of ``GridSearchCV.fit`` without refit (the least
of the repeats), the speed-up, and where the time of the workers went: the seconds that fits took by their
own clocks, all together, as a share of two cores ("fits"), how much longer a fit was than alone
("slower"), the seconds from the end of the first worker's last fit to the end of the second's ("tail"),
and all that is left ("rest": sending, scheduling, scoring). Needs two idle cores and
``pip install "skrnn[dask]"``.
"""

import argparse
import os
import time
import warnings

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skrnn import LSTMClassifier

GRID = {"k1": [20, None], "k2": [20, 60], "hidden_size": [16, 32]}
N, T, F = 800, 60, 4
HEAD = "search", "times", "fits", "slower", "tail", "rest"


class Timed(LSTMClassifier):
    """Notes when its fit began and ended, and where."""

    def fit(self, X, y):
        began = time.time()
        super().fit(X, y)
        self.clock_ = began, time.time(), os.getpid()
        return self


def clock(model, X, y):
    """A scorer that passes on what was noted."""
    began, ended, pid = model.clock_
    return {"score": model.score(X, y), "began": began, "ended": ended, "pid": pid}


def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, T, F)).astype(np.float32)
    return X, (X[:, -8, 0] + X[:, -3, 1] > 0).astype(int)


def search_of(max_iter, n_jobs=None):
    model = Timed(batch_size=64, max_iter=max_iter, tol=None, random_state=0, n_jobs=1)
    return GridSearchCV(
        model, GRID, cv=StratifiedKFold(2), scoring=clock, refit=False, n_jobs=n_jobs, error_score="raise"
    )


def epochs_of(seconds):
    """Epochs by which a fit takes so many seconds, of the candidates on average."""
    times = []
    for epochs in (2, 6):
        start = time.perf_counter()
        search_of(epochs).fit(*data())
        times.append((time.perf_counter() - start) / 16)
    return max(2, round(seconds / max((times[1] - times[0]) / 4, 1e-4)))


def clocks(search):
    """(n_fits, 3): when each fit began and ended, and its process."""
    names = ["began", "ended", "pid"]
    found = [[search.cv_results_[f"split{k}_test_{name}"] for name in names] for k in range(2)]
    return np.concatenate([np.array(one).T for one in found])


def report(name, seconds, search, alone):
    began, ended, pid = clocks(search).T
    fits, speed_up = (ended - began).sum(), alone[0] / seconds
    n = len(set(pid))
    last = [ended[pid == one].max() for one in set(pid)]
    tail = max(last) - min(last)
    rest = seconds - (fits + tail) / n
    print(
        f"{name:24}{seconds:8.2f} s{speed_up:8.2f}{fits / n / seconds:8.0%}{fits / alone[1]:8.2f}"
        f"{tail:8.2f} s{rest:8.2f} s",
        flush=True,
    )
    return seconds, fits


def fastest(repeats, run):
    """Seconds and the search of the fastest of several runs."""
    results = []
    for _ in range(repeats):
        start = time.perf_counter()
        search = run()
        results.append((time.perf_counter() - start, search))
    return min(results, key=lambda one: one[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.2)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y = data()
    epochs = epochs_of(options.seconds)
    head = "".join(f"{one:>{n}}" for one, n in zip(HEAD, (10, 8, 8, 8, 10, 10), strict=True))
    print(f"16 fits of {epochs} epochs\n{'':24}{head}")
    seconds, search = fastest(options.repeats, lambda: search_of(epochs).fit(X, y))
    began, ended, _ = clocks(search).T
    alone = seconds, (ended - began).sum()
    report("one process", seconds, search, alone)
    scores = search.cv_results_["mean_test_score"]
    search_of(1, 2).fit(X, y)  # processes start
    seconds, search = fastest(options.repeats, lambda: search_of(epochs, 2).fit(X, y))
    report("n_jobs=2", seconds, search, alone)
    assert (search.cv_results_["mean_test_score"] == scores).all()
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**cluster) as workers, Client(workers):
        for name, scatter in (("Dask", None), ("Dask, X scattered", [X, y])):
            with joblib.parallel_config("dask", scatter=scatter):
                search_of(1).fit(X, y)  # workers import
                seconds, search = fastest(options.repeats, lambda: search_of(epochs).fit(X, y))
            report(name, seconds, search, alone)
            assert (search.cv_results_["mean_test_score"] == scores).all()


if __name__ == "__main__":
    main()
