"""The top of one cycle for windows of k1 steps: how it goes with the targets that an update learns from.

    python benchmarks/windows.py FOLDER [--seeds N] [--default]

Series cut into S streams side by side, one update every k1 steps, 32 units, everything else by default.
Figures are errors, in deviations squared, of the last fifth of what there is to train on: the first 5000
steps of the laser, and 5000 of a sum of three sines with noise. Medians of the seeds. With ``--default``
only what `learning_rate_init="auto"` comes to.
"""

import argparse
import warnings

import numpy as np
from data_sets import loader

import skrnn

RATES = (0.003, 0.0075, 0.015, 0.03)
K1S, STREAMS = (5, 10, 30, 100), (1, 16)
CELLS = {"LSTM": skrnn.LSTMRegressor, "GRU": skrnn.GRURegressor}


def sines(n, seed=0):
    rng, t = np.random.RandomState(seed), np.arange(n)
    clean = np.sin(t / 3) + np.sin(t / 7.3) + np.sin(t / 19.1)
    return clean + 0.1 * rng.normal(size=n)


def parts(series, S):
    """S streams of the first four fifths, and the rest as one sequence: X and y of both."""
    series = ((series - series.mean()) / series.std()).astype(np.float32)
    cut = len(series) * 4 // 5
    T = (cut - 1) // S
    X, y = (series[k : k + S * T].reshape(S, T) for k in (0, 1))
    return X[..., None], y, series[cut:-1][None, :, None], series[cut + 1 :][None]


def error(cls, data, k1, rate, seed):
    X, y, X_valid, y_valid = data
    model = cls(
        32, return_sequences=True, k1=k1, k2=min(2 * k1, 100), learning_rate_init=rate, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = model.fit(X, y).predict(X_valid)
    return float(np.mean((np.asarray(answer)[0, 50:] - y_valid[0, 50:]) ** 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--default", action="store_true")
    options = parser.parse_args()
    rates = ("auto",) if options.default else RATES
    sets = {"laser": loader(options.folder).load_laser()[:5000], "sines": sines(5000)}
    print(f"{'set':<7}{'cell':>5}{'S':>4}{'k1':>5}" + "".join(f"{rate:>10}" for rate in rates))
    for name, series in sets.items():
        for cell, cls in CELLS.items():
            for S in STREAMS:
                data = parts(series, S)
                for k1 in K1S:
                    told = ""
                    for rate in rates:
                        errors = [error(cls, data, k1, rate, seed) for seed in range(options.seeds)]
                        told += f"{np.median(errors):>10.4f}"
                    print(f"{name:<7}{cell:>5}{S:>4}{k1:>5}{told}", flush=True)


if __name__ == "__main__":
    main()
