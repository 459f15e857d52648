"""``predict`` of a few rows, against scikit-learn's MLP: what a call costs besides its arithmetic.

    python benchmarks/few_rows.py

Milliseconds of processor time of one call, the least of 25 blocks of 20 calls, for 1 and 60 sequences of
ten steps of three features, 32 hidden units, float64.
"""

import time
import timeit
import warnings

import numpy as np
from sklearn.neural_network import MLPRegressor

import skrnn

PER_BLOCK, BLOCKS = 20, 25


def milliseconds(function):
    times = timeit.repeat(function, number=PER_BLOCK, repeat=BLOCKS, timer=time.process_time)
    return min(times) / PER_BLOCK * 1e3


def main():
    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).normal(size=(60, 10, 3))
    table, y = X.reshape(60, -1), X[:, 0, 0]
    mlp = MLPRegressor(hidden_layer_sizes=(32,), max_iter=2).fit(table, y)
    print(f"{'':15} {'1 row':>9} {'60 rows':>9}")
    for name in ("RNN", "LSTM", "GRU"):
        cls = getattr(skrnn, f"{name}Regressor")
        of_array, of_table = cls(max_iter=2).fit(X, y), cls(max_iter=2, step_features=3).fit(table, y)
        for form, model, data in (("array", of_array, X), ("table", of_table, table)):
            show(f"{name}, {form}", model, data)
    show("MLP, table", mlp, table)


def show(name, model, data):
    times = [milliseconds(lambda rows=data[:n]: model.predict(rows)) for n in (1, 60)]
    print(f"{name:15} {times[0]:9.3f} {times[1]:9.3f}")


if __name__ == "__main__":
    main()
