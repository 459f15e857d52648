"""How the default of learning_rate_init was chosen: all other settings default, X standardised.

Prints, for every cell and rate, the test accuracy (RMSE for the last two sets) and in brackets the
epochs until training stopped, both the mean of two seeds.

Run: python benchmarks/default_rate.py FOLDER [cell ...]   (FOLDER holds the data sets and load.py)
"""

import sys
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

import skrnn

SETS = ["JapaneseVowels", "BasicMotions", "ItalyPowerDemand", "SyntheticControl"]
REGRESSION = ["FloodModeling1", "Covid3Month"]
RATES = [1e-3, 3e-3, 1e-2, 3e-2]
SEEDS = [0, 1]


def standardised(X, X_test):
    """Lists of (T_i, F) with mean 0 and deviation 1 over all training steps."""
    steps = np.concatenate(X)
    mean, scale = steps.mean(axis=0), steps.std(axis=0) + 1e-12
    return [[((x - mean) / scale).astype(np.float32) for x in part] for part in (X, X_test)]


def data_sets(folder):
    sys.path.insert(0, folder)
    from load import load

    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32).reshape(-1, 8, 8)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    yield "digits", X, y, X_test, y_test
    for name in SETS + REGRESSION:
        X, y, X_test, y_test = load(name)
        yield (
            name,
            *(part for pair in zip(standardised(X, X_test), (y, y_test), strict=True) for part in pair),
        )


def run(cell, name, rate, X, y, X_test, y_test):
    cls = getattr(skrnn, cell + ("Regressor" if name in REGRESSION else "Classifier"))
    figures, epochs = [], []
    for seed in SEEDS:
        model = cls(learning_rate_init=rate, random_state=seed).fit(X, y)
        epochs.append(model.n_iter_)
        if name in REGRESSION:
            figures.append(np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2)))
        else:
            figures.append(model.score(X_test, y_test))
    return f"{np.mean(figures):.4f} ({np.mean(epochs):.0f})"


def main(folder, *cells):
    warnings.simplefilter("ignore", ConvergenceWarning)
    sets = list(data_sets(folder))
    print(f"{'':<11}", *(f"{name:<18}" for name, *_ in sets))
    for cell in cells or ("RNN", "LSTM", "GRU"):
        for rate in RATES:
            row = [f"{run(cell, name, rate, *data):<18}" for name, *data in sets]
            print(f"{cell:<5}{rate:<6}", *row, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
