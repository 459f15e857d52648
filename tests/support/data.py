"""Small data for the estimators. The name says what is made; what one file needs only is there."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier

from support.arrays import object_array


def noise(lengths, F=2, seed=0):
    """Sequences of random numbers: a list of (T_i, F)."""
    rng = np.random.RandomState(seed)
    return [rng.normal(size=(T, F)) for T in lengths]


def noise_targets(cls, shape, seed=1):
    """Random numbers, or labels 0, 1, 2, of that shape."""
    rng = np.random.RandomState(seed)
    return rng.randint(3, size=shape) if is_classifier(cls()) else rng.normal(size=shape)


def noise_step_targets(cls, lengths, seed=1):
    """The same for every step of sequences: a list of (T_i,)."""
    rng = np.random.RandomState(seed)
    draw = rng.randint if is_classifier(cls()) else rng.normal
    first = (3,) if is_classifier(cls()) else ()
    return [draw(*first, size=T) for T in lengths]


def noise_and_signs(n, T, F):
    """(n, T, F) of noise, and whether its last step begins with a positive number."""
    X = np.random.RandomState(0).normal(size=(n, T, F))
    return X, (X[:, -1, 0] > 0).astype(int)


def walks(n=30, T=50, F=3, seed=0):
    """Random walks (n, T, F): smooth in time, not from feature to feature."""
    return np.cumsum(np.random.RandomState(seed).normal(size=(n, T, F)), axis=1)


def walk_target(cls, X):
    """Where the first feature ends, or whether above the median."""
    y = X[:, -1, 0]
    return y > np.median(y) if is_classifier(cls()) else y


def walk_step_targets(cls, X):
    y = X[:, :, 0]
    return (y > 0).astype(int) if is_classifier(cls()) else y


def near_whole_numbers(n=12, T=5, F=3, dtype=np.float64):
    """(n, T, F), feature k between k and k + 1: positive, and no feature like another."""
    return (np.arange(F) + np.random.RandomState(0).uniform(size=(n, T, F))).astype(dtype)


# --- what can be learned, in the containers that scikit-learn's tools are given ------------------------


def last_steps(X):
    """Sequences of unequal lengths: the last 2, 3 or 4 steps."""
    return [x[-2 - i % 3 :] for i, x in enumerate(X)]


def polars_table(X):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(X, schema=[f"c{i}" for i in range(X.shape[1])])


def flat(X):
    return X.reshape(len(X), -1)


F = 2
# a 3-D array -> the container, and what an estimator needs to read it
CONTAINERS = {
    "2-D": (flat, {"step_features": F}),
    "pandas": (lambda X: pd.DataFrame(flat(X)).add_prefix("c"), {"step_features": F}),
    "polars": (lambda X: polars_table(flat(X)), {"step_features": F}),
    "3-D": (lambda X: X, {}),
    "list": (last_steps, {}),
    "object array": (lambda X: object_array(last_steps(X)), {}),
    "list of equal lengths": (list, {}),
}


def learnable(cls, container="3-D", n=18, T=4):
    """X in its container, y, which the last step tells, and the parameters to read X."""
    make, params = CONTAINERS[container]
    X = np.random.RandomState(0).normal(size=(n, T, F))
    X[:, -1, 0] += 2 * (np.arange(n) % 3)
    return make(X), learnable_targets(cls, n), params


def learnable_targets(cls, n=18):
    deviation = 0 if is_classifier(cls()) else 0.3 * np.random.RandomState(1).normal(size=n)
    return np.arange(n) % 3 + deviation


def uneven_weights(n):
    return np.random.RandomState(3).uniform(0.1, 2, size=n)


def take(X, rows):
    """Those items of a list, rows of a frame or of an array."""
    if isinstance(X, list):
        return [X[i] for i in rows]
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def not_bad():
    """Reviews in which "not" turns the verdict, and their labels."""
    subjects = ["the film was", "the plot was", "it was", "this book is", "the play is"]
    words = {
        "praise": ["good", "great", "fine", "lovely", "superb"],
        "blame": ["bad", "awful", "poor", "dull", "weak"],
    }
    turned = {"praise": "blame", "blame": "praise"}
    reviews, labels = [], []
    for subject in subjects:
        for label, verdicts in words.items():
            for verdict in verdicts:
                reviews += [f"{subject} {verdict}", f"{subject} not {verdict}"]
                labels += [label, turned[label]]
    return reviews, labels
