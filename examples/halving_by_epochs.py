"""Successive halving: many candidates, few epochs
===============================================

Successive halving by epochs: many candidates train for a few, the best third for three times as many.

`HalvingGridSearchCV(resource="max_iter")` of scikit-learn searches k1, k2, the hidden size and the rate
of a GRU that reads handwritten digits row by row. First as it is: every rung trains anew, and the rate
runs through a whole cycle in each, so that a candidate of 3 epochs is a finished model, and not the
beginning of one of 27. `tol=None` makes fit run as many epochs as the rung has, without a warning.

scikit-learn clones every candidate in every rung, so the epochs of the rungs before are lost. `GoingOn`,
below, keeps them by public means only: an estimator around the network that saves what it has fitted in
a folder, where parameters and data tell one from another, and goes on from there by `warm_start`. That
needs a rate that does not depend on `max_iter`, learning_rate="constant". What comes out is, bit for bit,
what a single fit of all epochs gives, as is asserted.

Which of them pays? Going on saves a third of the epochs of the later rungs; but at a constant rate so
many epochs teach the network less than a cycle does. Both are printed, beside a logistic regression of
the pixels, which a search with cycles must beat. `benchmarks/searches.py` has the whole grid beside them.

Run: python halving_by_epochs.py
"""

import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import HalvingGridSearchCV, StratifiedKFold, train_test_split

from skrnn import GRUClassifier

GRID = {"k1": [2, None], "k2": [2, 8], "hidden_size": [16, 32], "learning_rate_init": [0.003, 0.01, 0.03]}
SETTINGS = {
    "step_features": 8, "target_replication": 0.2, "batch_size": 64, "dtype": "float32", "tol": None,
    "random_state": 0,
}  # fmt: skip
HALVING = {
    "factor": 3, "min_resources": 3, "max_resources": 27, "cv": StratifiedKFold(3),
    "return_train_score": False, "error_score": "raise", "random_state": 0, "n_jobs": 2,
}  # fmt: skip


class GoingOn(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A network whose fit goes on from one of fewer epochs with its parameters and data, if there is one.

    Parameters
    ----------
    estimator : classifier of skrnn
        With `tol=None`, an int as `max_iter` and random_state, and learning_rate="constant".
    folder : path
        Where fitted networks are kept, by parameters and data, then by epochs.
    """

    def __init__(self, estimator, folder):
        self.estimator, self.folder = estimator, folder

    def fit(self, X, y):
        model, epochs = clone(self.estimator).set_params(warm_start=True), self.estimator.max_iter
        same = {name: value for name, value in model.get_params().items() if name != "max_iter"}
        folder = Path(self.folder) / joblib.hash((same, X, y))
        folder.mkdir(exist_ok=True)
        done = max((int(path.name) for path in folder.iterdir() if int(path.name) <= epochs), default=0)
        if done:
            model = joblib.load(folder / str(done))
        if done < epochs:
            model.set_params(max_iter=epochs - done).fit(X, y)
            joblib.dump(model, folder / str(epochs))
        self.estimator_, self.classes_ = model, model.classes_
        return self

    def predict(self, X):
        return self.estimator_.predict(X)


def print_rungs(search):
    results = search.cv_results_
    for rung in range(search.n_iterations_):
        here = results["iter"] == rung
        seconds = 3 * results["mean_fit_time"][here].sum()
        print(
            f"  {np.count_nonzero(here):3} candidates, {search.n_resources_[rung]:2} epochs: best "
            f"accuracy {results['mean_test_score'][here].max():.3f}, {seconds:4.1f} s of fits"
        )


def searched(name, search, X, y):
    start = time.perf_counter()
    search.fit(X, y)
    print(f"{name}: {time.perf_counter() - start:.1f} s")
    print_rungs(search)
    print("  best:", {n.removeprefix("estimator__"): v for n, v in search.best_params_.items()})
    return search


def halve(X, y):
    """Every rung trains anew, in a cycle of rates as long as it is."""
    model = GRUClassifier(**SETTINGS)
    search = HalvingGridSearchCV(model, GRID, resource="max_iter", **HALVING)
    return searched("every rung anew", search, X, y)


def halve_and_go_on(X, y, folder):
    """Every rung goes on from the one before, at a constant rate."""
    model = GoingOn(GRUClassifier(**SETTINGS, learning_rate="constant"), folder)
    grid = {f"estimator__{name}": values for name, values in GRID.items()}
    search = HalvingGridSearchCV(model, grid, resource="estimator__max_iter", **HALVING)
    return searched("every rung goes on", search, X, y)


def check_that_it_went_on(search, X, y, folder):
    """The winner's network of the first fold is the one that a single fit gives."""
    best, (train, _) = search.best_estimator_, next(StratifiedKFold(3).split(X, y))
    went_on = clone(best).fit(X[train], y[train])
    with tempfile.TemporaryDirectory() as empty:
        at_once = clone(best).set_params(folder=empty).fit(X[train], y[train])
    print("  epochs of its last fit:", went_on.estimator_.n_iter_)
    pairs = zip(went_on.estimator_.weights_.values(), at_once.estimator_.weights_.values(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    print("  and the weights are those of a single fit, bit for bit")


def draw(searches):
    """The accuracy of every candidate, by the epochs of its rung; the line is the best one."""
    _, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
    for ax, (title, search) in zip(axes, searches.items(), strict=True):
        results, epochs = search.cv_results_, np.array(search.n_resources_)
        scores = [results["mean_test_score"][results["iter"] == rung] for rung in range(len(epochs))]
        for n, each in zip(epochs, scores, strict=True):
            ax.plot(np.full(len(each), n), each, ".", color="#889")
        ax.plot(epochs, [max(each) for each in scores], color="#06c", linewidth=1.5)
        ax.set(title=title, xscale="log", xlabel="epochs")
        ax.set_xticks(epochs, epochs)
        ax.minorticks_off()
    axes[0].set_ylabel("accuracy, cross-validated")


def main():
    start = time.perf_counter()
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    anew = halve(X, y)
    with tempfile.TemporaryDirectory() as folder:
        going_on = halve_and_go_on(X, y, folder)
        check_that_it_went_on(going_on, X, y, folder)
    draw({"every rung anew": anew, "every rung goes on": going_on})
    plain = LogisticRegression(max_iter=1000).fit(X, y).score(X_test, y_test)
    scores = anew.score(X_test, y_test), going_on.score(X_test, y_test)
    print(
        f"test accuracy: {scores[0]:.3f} anew, {scores[1]:.3f} going on, logistic regression {plain:.3f}"
    )
    assert scores[0] > plain
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
