"""The data of the benchmarks on real sequences: what a folder holds, and scikit-learn's own.

``FOLDER`` holds ``load.py`` and the files that it reads. Everything is float32; features are
standardised over all training steps, as a user would do it. A ``Task`` has one target per sequence.
"""

import sys
from typing import NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

# what networks of other libraries have, as far as they have it
OF_THE_CELL = {"LSTM": {"forget_bias": 1.0}, "GRU": {"forget_bias": 0.0}, "RNN": {}}
CLASSIFICATION = ["JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "SyntheticControl"]
REGRESSION = ["FloodModeling1", "Covid3Month"]


class Task(NamedTuple):
    """X: lists of (T_i, F), or arrays (n, T, F); y: one target per sequence."""

    name: str
    X: list
    y: np.ndarray
    X_test: list
    y_test: np.ndarray
    is_regression: bool = False


def loader(folder):
    """The module ``load`` of the folder."""
    sys.path.insert(0, str(folder))
    import load

    return load


def standardised(X, *others):
    """Lists of (T_i, F) with mean 0 and deviation 1 over all steps of the first."""
    steps = np.concatenate(list(X))
    mean, scale = steps.mean(axis=0), steps.std(axis=0)
    scale[scale == 0] = 1
    return [[((x - mean) / scale).astype(np.float32) for x in part] for part in (X, *others)]


def archived(load, name):
    """A set of the folder as a Task."""
    X, y, X_test, y_test = load.load(name)
    X, X_test = standardised(X, X_test)
    if name in REGRESSION:
        y, y_test = y.astype(float), y_test.astype(float)
    return Task(name, X, y, X_test, y_test, name in REGRESSION)


def bundled(name, load_set, shape, *, is_regression=False):
    """A set of scikit-learn, each row read as a sequence of ``shape`` (T, F)."""
    X, y = load_set(return_X_y=True)
    stratify = None if is_regression else y
    X, X_test, y, y_test = train_test_split(X, y, stratify=stratify, random_state=0)
    if name.startswith("digits"):
        X, X_test = ((part / 16).astype(np.float32) for part in (X, X_test))
    else:
        mean, scale = X.mean(axis=0), X.std(axis=0)
        X, X_test = (((part - mean) / scale).astype(np.float32) for part in (X, X_test))
    X, X_test = (part.reshape(-1, *shape) for part in (X, X_test))
    return Task(name, X, y, X_test, y_test, is_regression)


def digits_by_rows():
    """Handwritten digits, 8 steps of 8 pixels."""
    return bundled("digits by rows", datasets.load_digits, (8, 8))


def bundled_tasks():
    """Sets of scikit-learn, as many as can be read as sequences at all."""
    yield digits_by_rows()
    yield bundled("digits by pixels", datasets.load_digits, (64, 1))
    yield bundled("breast cancer", datasets.load_breast_cancer, (3, 10))  # mean, error, worst
    yield bundled("diabetes", datasets.load_diabetes, (10, 1), is_regression=True)


def all_tasks(folder):
    """Every set with one target per sequence."""
    load = loader(folder)
    for name in CLASSIFICATION + REGRESSION:
        yield archived(load, name)
    yield from bundled_tasks()
