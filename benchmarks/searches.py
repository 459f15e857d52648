"""Searches: what a grid search spends outside training, and what successive halving by epochs saves.

    OMP_NUM_THREADS=1 python benchmarks/searches.py [--shares | --halving] [repeats]

The task is handwritten digits row by row, 8 steps of 8 features, with target_replication, so that k1
counts; the grid is over k1, k2, hidden_size and learning_rate_init. All in one process, float32.

First, shares of the processor time of ``GridSearchCV.fit``, the median of 5 runs: "training" is the run
of the epochs, "fit" the rest of the calls of fit (settings, reading, checks, advice, initial weights),
"scoring" the calls of score, "sklearn" what is left (clones, splits, tables of results).

Then, seconds until a search has found its best candidate, with its score by cross-validation and on
test data: the whole grid at once; ``HalvingGridSearchCV(resource="max_iter")``, where each rung trains
anew, with a cycle of rates as long as the rung (the default) or at a constant rate; and the latter with
``GoingOn`` of ``examples/halving_by_epochs.py``, where each rung goes on from the one before.
"""

import argparse
import runpy
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, StratifiedKFold, train_test_split

from skrnn import GRUClassifier
from skrnn._estimators.trainer import Trainer

GRID = {
    "k1": [2, 4, None],
    "k2": [2, 8],
    "hidden_size": [8, 32],
    "learning_rate_init": [0.003, 0.01, 0.03],
}
SETTINGS = {
    "target_replication": 0.2, "batch_size": 64, "dtype": "float32", "tol": None, "random_state": 0,
}  # fmt: skip
EXAMPLE = Path(__file__).parents[1] / "examples" / "halving_by_epochs.py"
MOST, FACTOR = 27, 3  # epochs, and how many times more in the next rung
CV = StratifiedKFold(3)


def digits():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).reshape(-1, 8, 8).astype(np.float32)
    return train_test_split(X, y, stratify=y, random_state=0)


# --- shares -----------------------------------------------------------------------------------------


class Timed:
    """A method of a class, whose calls are timed while this context lasts."""

    def __init__(self, cls, name):
        self.cls, self.name, self.method, self.seconds = cls, name, getattr(cls, name), 0.0

    def __enter__(self):
        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return self.method(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - start

        setattr(self.cls, self.name, timed)
        return self

    def __exit__(self, *_):
        setattr(self.cls, self.name, self.method)


def shares(n, max_iter):
    """Seconds of training, of the rest of fit, of scores, and of the rest, in one search."""
    X, _, y, _ = digits()
    model = GRUClassifier(**SETTINGS, max_iter=max_iter)
    search = GridSearchCV(model, GRID, cv=CV, refit=False, error_score="raise")
    fit, score = Timed(GRUClassifier, "fit"), Timed(GRUClassifier, "score")
    with Timed(Trainer, "train") as training, fit, score:
        start = time.process_time()
        search.fit(X[:n], y[:n])
        total = time.process_time() - start
    rest = total - fit.seconds - score.seconds
    return training.seconds, fit.seconds - training.seconds, score.seconds, rest


def show_shares(repeats):
    columns = ("training", "fit", "scoring", "sklearn", "ms outside training, of a fit")
    print(f"{'sequences':>9} {'epochs':>6}", *(f"{column:>8}" for column in columns))
    n_fits = 3 * np.prod([len(values) for values in GRID.values()])
    for n, max_iter in ((150, 3), (150, 27), (1347, 3), (1347, 27)):
        parts = [shares(n, max_iter) for _ in range(repeats)]
        of_all = [[part / sum(one) for part in one] for one in parts]
        training, fit, scoring, rest = (statistics.median(values) for values in zip(*of_all, strict=True))
        outside = statistics.median(sum(one[1:]) for one in parts) / n_fits * 1e3
        print(f"{n:9} {max_iter:6} {training:8.1%} {fit:8.1%} {scoring:8.1%} {rest:8.1%} {outside:8.2f}")


# --- halving ----------------------------------------------------------------------------------------


def searches(folder):
    """Name -> search, that has seen nothing yet."""
    going_on = runpy.run_path(str(EXAMPLE))["GoingOn"]
    plain = GRUClassifier(**SETTINGS, max_iter=MOST)
    constant = GRUClassifier(**SETTINGS, max_iter=MOST, learning_rate="constant")
    halving = {
        "factor": FACTOR, "min_resources": MOST // FACTOR**2, "max_resources": MOST, "cv": CV,
        "return_train_score": False, "error_score": "raise", "random_state": 0,
    }  # fmt: skip
    of_model = {f"estimator__{name}": values for name, values in GRID.items()}
    resource = "estimator__max_iter"
    return {
        "grid": GridSearchCV(plain, GRID, cv=CV, error_score="raise"),
        "halving": HalvingGridSearchCV(plain, GRID, resource="max_iter", **halving),
        "grid, constant": GridSearchCV(constant, GRID, cv=CV, error_score="raise"),
        "halving, constant": HalvingGridSearchCV(constant, GRID, resource="max_iter", **halving),
        "halving, going on": HalvingGridSearchCV(
            going_on(constant, folder), of_model, resource=resource, **halving
        ),
    }


def show_halving():
    X, X_test, y, y_test = digits()
    print(f"\n{'':18} {'seconds':>8} {'epochs':>7} {'cv score':>9} {'test':>7}  best")
    with tempfile.TemporaryDirectory() as folder:
        for name, search in searches(folder).items():
            with EpochsOf(Trainer) as epochs:
                start = time.process_time()
                search.fit(X, y)
                seconds = time.process_time() - start - search.refit_time_
            best = {name.removeprefix("estimator__"): v for name, v in search.best_params_.items()}
            best.pop("max_iter", None)
            print(
                f"{name:18} {seconds:8.1f} {epochs.n:7} {search.best_score_:9.4f}"
                f" {search.score(X_test, y_test):7.4f}  {best}"
            )


class EpochsOf:
    """Counts the epochs that trainers run while this context lasts."""

    def __init__(self, trainer):
        self.trainer, self.train, self.n = trainer, trainer.train, 0

    def __enter__(self):
        def train(trainer, *args, **kwargs):
            before = trainer.n_epochs
            self.train(trainer, *args, **kwargs)
            self.n += trainer.n_epochs - before

        self.trainer.train = train
        return self

    def __exit__(self, *_):
        self.trainer.train = self.train


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repeats", nargs="?", type=int, default=5)
    parser.add_argument("--shares", action="store_true", help="only these")
    parser.add_argument("--halving", action="store_true", help="only this")
    args = parser.parse_args()
    if not args.halving:
        show_shares(args.repeats)
    if not args.shares:
        show_halving()


if __name__ == "__main__":
    main()
