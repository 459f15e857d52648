"""Ours at defaults against what people use on sequences today: the sequences, padded and flattened.

Logistic regression (ridge regression for numbers), scikit-learn's MLP and HistGradientBoosting get every
sequence as one long row, shorter ones filled with zeros at the end; where there is one target per step,
the last ``LAGS`` steps of every step. All have default settings (max_iter=1000 for logistic regression),
X standardised. Test figures (accuracy; RMSE; for the last two sets the error of their literature)
are means of three seeds, times in seconds of CPU medians of one fit and of one predict, on one thread.

Run: python benchmarks/plain_models.py FOLDER [part of a set's name ...]
(FOLDER holds the data sets and load.py)
"""

import statistics
import sys
import time
import warnings

import numpy as np
import threadpoolctl
from data_sets import all_tasks, loader
from real_data import accuracy, chorales, laser, nll_per_frame, rmse
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

import skrnn

SEEDS = [0, 1, 2]
LAGS = 16
PLAIN = {
    False: {
        "logistic": lambda seed: LogisticRegression(max_iter=1000),
        "MLP": lambda seed: MLPClassifier(random_state=seed),
        "boosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    },
    True: {
        "ridge": lambda seed: Ridge(),
        "MLP": lambda seed: MLPRegressor(random_state=seed),
        "boosting": lambda seed: HistGradientBoostingRegressor(random_state=seed),
    },
}


def flattened(X, T):
    """(n, T F): zeros after the end of what is shorter, and nothing after step T."""
    flat = np.zeros((len(X), T, X[0].shape[1]), dtype=np.float32)
    for row, x in zip(flat, X, strict=True):
        row[: len(x)] = x[:T]
    return flat.reshape(len(X), -1)


def lagged(X):
    """(sum of T_i, LAGS F): every step with those before it, zeros before the start."""
    parts = []
    for x in X:
        padded = np.concatenate([np.zeros((LAGS - 1, x.shape[1]), x.dtype), x])
        windows = np.lib.stride_tricks.sliding_window_view(padded, LAGS, axis=0)
        parts.append(windows.reshape(len(x), -1))
    return np.concatenate(parts)


def measure(make, data, figure, ask="predict"):
    """Mean figure, and median seconds of fit and predict."""
    X, y, X_test, y_test = data
    figures, fits, predicts = [], [], []
    for seed in SEEDS:
        model = make(seed)
        start = time.process_time()
        model.fit(X, y)
        middle = time.process_time()
        answer = getattr(model, ask)(X_test)
        predicts.append(time.process_time() - middle)
        fits.append(middle - start)
        figures.append(figure(y_test, answer))
    return np.mean(figures), statistics.median(fits), statistics.median(predicts)


def show(name, label, result):
    value, fit, predict = result
    print(f"{name:<18}{label:<10}{value:>10.4g}{fit:>9.2f}{predict:>9.3f}", flush=True)


def compare(task):
    """One target per sequence."""
    figure = rmse if task.is_regression else accuracy
    kind = "Regressor" if task.is_regression else "Classifier"
    for cell in ("RNN", "LSTM", "GRU"):
        cls = getattr(skrnn, cell + kind)
        data = task.X, task.y, task.X_test, task.y_test
        show(task.name, cell, measure(lambda seed, cls=cls: cls(random_state=seed), data, figure))
    T = max(map(len, task.X))
    data = flattened(task.X, T), task.y, flattened(task.X_test, T), task.y_test
    for label, make in PLAIN[task.is_regression].items():
        show(task.name, label, measure(make, data, figure))


def nmse(y, answer):
    return float(np.mean((y - answer) ** 2) / np.var(y))


def compare_per_step(name, read, figure, load):
    """One target per step: the laser (numbers) and the chorales (88 labels)."""
    (X, y, X_test, y_test), *_ = read(load, name)
    is_regression = figure is nmse
    ask = "predict" if is_regression else "predict_proba"

    def of_steps(_, answer):
        return figure(np.concatenate(y_test), np.concatenate(list(answer)))

    for cell in ("RNN", "LSTM", "GRU"):
        cls = getattr(skrnn, cell + ("Regressor" if is_regression else "Classifier"))
        make = lambda seed, cls=cls: cls(return_sequences=True, random_state=seed)  # noqa: E731
        show(name, cell, measure(make, (X, y, X_test, y_test), of_steps, ask))
    data = lagged(X), np.concatenate(y), lagged(X_test), np.concatenate(y_test)
    for label, make in PLAIN[is_regression].items():
        if label != "MLP" and not is_regression:
            continue  # 88 models, minutes for each fit
        show(name, label, measure(make, data, figure, ask))


def main(folder, *only):
    warnings.simplefilter("ignore")
    print(f"skrnn {skrnn.__version__}; {len(SEEDS)} seeds")
    print(f"{'set':<18}{'model':<10}{'figure':>10}{'fit s':>9}{'pred. s':>9}")

    def wanted(name):
        return not only or any(part in name for part in only)

    with threadpoolctl.threadpool_limits(1):
        for task in all_tasks(folder):
            if wanted(task.name):
                compare(task)
        for name, read, figure in [("laser", laser, nmse), ("JSB chorales", chorales, nll)]:
            if wanted(name):
                compare_per_step(name, read, figure, loader(folder))


def nll(y, p):
    return nll_per_frame([y], [p])


if __name__ == "__main__":
    main(*sys.argv[1:])
