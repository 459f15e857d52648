"""Inputs that stay the same in a sequence: repeated at every step, or setting the state before the first.

    python benchmarks/static_inputs.py

A step before the sequence that holds the static inputs alone, and an indicator, sets the state by what
the cell learns to make of them. Two generated tasks, sequences of T steps of one feature x and two static
inputs s: "modulates", y = sum of s_0 x_t / sqrt(T); "adds", y = sin(2 s_0) + s_1 x_T. Coefficient of
determination on 300 sequences that were not trained on, mean over the seeds (lowest), defaults of the
classes, 300 sequences in training.
"""

import warnings

import numpy as np

from skrnn import GRURegressor, LSTMRegressor

SEEDS = range(3)


def data(task, T, seed, n=600):
    rng = np.random.RandomState(seed)
    x, s = rng.normal(size=(n, T, 1)), rng.uniform(-1, 1, size=(n, 2))
    if task == "modulates":
        y = s[:, 0] * x[:, :, 0].sum(axis=1) / np.sqrt(T)
    else:
        y = np.sin(2 * s[:, 0]) + s[:, 1] * x[:, -1, 0]
    return x, s, y


def repeated(x, s):
    return np.concatenate([x, np.repeat(s[:, None], x.shape[1], axis=1)], axis=2)


def in_a_step_before(x, s):
    n, T, F = x.shape
    X = np.zeros((n, T + 1, F + s.shape[1] + 1))
    X[:, 1:, :F] = x
    X[:, 0, F:-1], X[:, 0, -1] = s, 1
    return X


def both(x, s):
    X = in_a_step_before(x, s)
    X[:, :, 1:-1] = s[:, None]
    return X


def main():
    warnings.simplefilter("ignore")
    ways = [repeated, in_a_step_before, both]
    print(f"{'':>26}" + "".join(f"{way.__name__:>22}" for way in ways))
    for task in ("modulates", "adds"):
        for T in (10, 50, 150):
            for cls in (LSTMRegressor, GRURegressor):
                cells = []
                for way in ways:
                    scores = []
                    for seed in SEEDS:
                        x, s, y = data(task, T, seed)
                        X = way(x, s)
                        model = cls(random_state=seed).fit(X[:300], y[:300])
                        scores.append(model.score(X[300:], y[300:]))
                    cells.append(f"{np.mean(scores):14.3f} ({min(scores):.3f})")
                print(f"{task:>10} T={T:<4}{cls.__name__[:4]:>8}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
