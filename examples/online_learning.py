"""Online learning: predict, then learn, row by row
================================================

Learning from a stream, row by row: predict, look at the target, learn, go on.

Two columns come in: a value, and now and then a switch. The target is the value at the last switch,
held until the next one, and a part of the value before; noise is added. So what a row needs to know lies
behind it by a number of rows that is not known. In the middle of the stream the target changes its sign.

Every model is asked first and taught then (test then train), with the same rows in the same order:

- partial_fit: a GRU whose gradient ends at the row (gradient="bptt"), one row per call;
- learn: the same GRU with its exact gradient through all rows so far (gradient="rtrl");
- snap1: the same, with the approximation of each unit's own influence;
- river, the library for online learning: a linear model, a Hoeffding tree and an adaptive random forest,
  each on the columns and on those of the last 20 rows (left out if it is not installed).

It prints the mean squared error of every tenth of the stream and the time per row. At the end the
error of `learn` is lower than those of `partial_fit` and of river.

Run: python online_learning.py
"""

import time
from itertools import chain

import matplotlib.pyplot as plt
import numpy as np

from skrnn import GRURegressor

try:
    import river
except ImportError:
    river = None

N_ROWS, N_START, LAGS = 8_000, 100, 20


def make_stream(n=N_ROWS, seed=0):
    """X (n, 2), y (n,)."""
    rng = np.random.RandomState(seed)
    value, switch = rng.uniform(-1, 1, size=n), rng.uniform(size=n) < 0.1
    switch[0] = True
    held = value[np.maximum.accumulate(np.where(switch, np.arange(n), 0))]
    before = np.concatenate([[0.0], value[:-1]])
    sign = np.where(np.arange(n) < n // 2, 1, -1)
    y = sign * (held + 0.5 * before) + 0.05 * rng.normal(size=n)
    return np.column_stack([value, switch]), y


def new_model(gradient):
    """A GRU for rows that come in one by one."""
    return GRURegressor(
        16, rows="steps", initial_state="last", gradient=gradient, learning_rate_init=0.01, random_state=0
    )


def run_stream(X, y, gradient):
    """Predictions of a stream that learns, made before each target was seen."""
    # the first rows make the weights, and fix the unit of y
    stream = new_model(gradient).partial_fit(X[:N_START], y[:N_START]).stream()
    return [stream.learn(x, target) for x, target in zip(X[N_START:], y[N_START:], strict=True)]


def run_partial_fit(X, y):
    """The same by predict and partial_fit, with the gradient of the row alone."""
    model, predicted = new_model("bptt").partial_fit(X[:N_START], y[:N_START]), []
    for k in range(N_START, len(X)):
        predicted.append(model.predict(X[k : k + 1])[0])
        model.partial_fit(X[k : k + 1], y[k : k + 1])
    return predicted


def run_river(X, y, regressor):
    """The same by a model of river on the last rows, side by side."""
    from river import preprocessing

    model, predicted = preprocessing.StandardScaler() | regressor, []
    padded = np.concatenate([np.zeros((LAGS, 2)), X])
    for k, target in enumerate(y.tolist()):
        row = dict(enumerate(padded[k : k + LAGS + 1].ravel().tolist()))
        predicted.append(model.predict_one(row))
        model.learn_one(row, target)
    return predicted[N_START:]


def of_river():
    """Name -> function of X and y; none without the library."""
    if river is None:
        print("river is not installed: its models are left out (pip install river).\n")
        return {}
    from river import forest, linear_model, tree

    models = {
        "river, linear": linear_model.LinearRegression(),
        "river, Hoeffding tree": tree.HoeffdingAdaptiveTreeRegressor(seed=0),
        "river, random forest": forest.ARFRegressor(n_models=3, seed=0),
    }
    return {name: lambda X, y, m=model: run_river(X, y, m) for name, model in models.items()}


def main(n=N_ROWS):
    """Run all, print errors and times; returns name -> errors of the tenths."""
    X, y = make_stream(n)
    ways = {
        "GRU, partial_fit": run_partial_fit,
        "GRU, learn": lambda X, y: run_stream(X, y, "rtrl"),
        "GRU, learn (snap1)": lambda X, y: run_stream(X, y, "snap1"),
    }
    errors = {}
    print(f"{'mean squared error of the tenths of the stream':>75s}  us per row")
    for name, run in chain(ways.items(), of_river().items()):
        start = time.perf_counter()
        predicted = np.array(run(X, y))
        seconds = time.perf_counter() - start
        parts = np.array_split((predicted - y[N_START:]) ** 2, 10)
        errors[name] = [part.mean() for part in parts]
        numbers = " ".join(f"{error:.3f}" for error in errors[name])
        print(f"{name:22s} {numbers}  {seconds / n * 1e6:8.0f}", flush=True)
    return errors


def draw(errors):
    """Every way to learn, tenth by tenth of the stream; in the middle the target turns round."""
    _, ax = plt.subplots(figsize=(8, 4), layout="constrained")
    for name, of_tenths in errors.items():
        ax.plot(np.arange(1, 11), of_tenths, marker="o", label=name)
    ax.set_yscale("log")
    ax.set_xlabel("tenth of the stream")
    ax.set_ylabel("mean squared error")
    ax.legend()


if __name__ == "__main__":
    errors = main()
    draw(errors)
    best = errors["GRU, learn"]
    others = [errors[name] for name in errors if not name.startswith("GRU, learn")]
    assert all(best[-1] < other[-1] for other in others)
