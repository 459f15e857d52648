"""Sequence to sequence of numbers: how oscillations go on
=======================================================

Sequences of numbers answered by sequences of other lengths: how damped oscillations go on.

Each oscillation has a frequency, a damping, an amplitude and a phase of its own, and noise on every step.
It is read for 20 to 39 steps, and 10 to 29 more are asked for: no two pairs need have the same lengths,
and one network answers them all. It never sees the parameters; it has to find them in what it reads.

Beside it stand the last value, one autoregression of 20 steps for all, fitted to all training data by
ridge regression, and one of two steps for each oscillation, fitted to what is read of it: without noise
that would be its true equation. What the network leaves unexplained of oscillations that it has not seen
must be less than half of what the best of these leaves.

Run: python oscillations.py
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from skrnn import GRUEncoderDecoderRegressor

NOISE = 0.05


def oscillations(n, rng):
    """Lists of n arrays: what is read (n_timesteps, 1), and what comes then (n_target_timesteps,)."""
    X, y = [], []
    for _ in range(n):
        frequency, damping = rng.uniform(0.25, 0.8), rng.uniform(0, 0.04)
        amplitude, phase = rng.uniform(0.5, 2), rng.uniform(0, 2 * np.pi)
        n_read, n_asked = rng.randint(20, 40), rng.randint(10, 30)
        t = np.arange(n_read + n_asked)
        values = amplitude * np.exp(-damping * t) * np.cos(frequency * t + phase)
        values += NOISE * rng.normal(size=len(t))
        X.append(values[:n_read, None])
        y.append(values[n_read:])
    return X, y


# --- what it is compared with -------------------------------------------------------------------------


def lagged(values, p):
    """Rows of p values, and the value after each."""
    windows = np.lib.stride_tricks.sliding_window_view(values, p + 1)
    return windows[:, :-1], windows[:, -1]


def fed_back(values, n, step, p):
    """The n values that follow, each ``step`` of the p before it."""
    values = list(values)
    for _ in range(n):
        values.append(float(step(np.array(values[-p:]))))
    return np.array(values[-n:])


def last_value(X, y, X_new, lengths):
    return [np.full(n, x[-1, 0]) for x, n in zip(X_new, lengths, strict=True)]


def one_equation(X, y, X_new, lengths, p=20):
    parts = [lagged(np.concatenate([x[:, 0], v]), p) for x, v in zip(X, y, strict=True)]
    model = RidgeCV(np.logspace(-4, 4, 9)).fit(*map(np.concatenate, zip(*parts, strict=True)))
    step = lambda window: window @ model.coef_ + model.intercept_  # noqa: E731
    return [fed_back(x[:, 0], n, step, p) for x, n in zip(X_new, lengths, strict=True)]


def own_equations(X, y, X_new, lengths, p=2):
    answers = []
    for x, n in zip(X_new, lengths, strict=True):
        windows, following = lagged(x[:, 0], p)
        w, *_ = np.linalg.lstsq(windows, following, rcond=None)
        answers.append(fed_back(x[:, 0], n, lambda window, w=w: window @ w, p))
    return answers


def draw(X, y, answers):
    """Four oscillations: what was read, what came, and what the network said would come."""
    _, axes = plt.subplots(2, 2, figsize=(9, 4.5), layout="constrained")
    for ax, x, true, answer in zip(axes.flat, X, y, answers, strict=False):
        t = len(x) + np.arange(len(true))
        ax.plot(np.arange(len(x)), x[:, 0], color="black", linewidth=1, label="read")
        ax.plot(t, true, ".", color="#889", label="what came")
        ax.plot(t, answer[: len(t)], color="#06c", linewidth=1.8, label="answer")
    axes[0, 0].legend(frameon=False, ncols=3)


def main():
    rng = np.random.RandomState(0)
    (X, y), (X_new, y_new) = oscillations(1000, rng), oscillations(500, rng)
    lengths, true = [len(v) for v in y_new], np.concatenate(y_new)
    scores = {}
    for baseline in (last_value, one_equation, own_equations):
        scores[baseline] = r2_score(true, np.concatenate(baseline(X, y, X_new, lengths)))
        print(f"{baseline.__name__}: R2 {scores[baseline]:.3f}")
    start = time.perf_counter()
    model = GRUEncoderDecoderRegressor(random_state=0).fit(X, y)
    print(f"{len(X)} pairs, {model.n_iter_} epochs, {time.perf_counter() - start:.0f} s")
    score = model.score(X_new, y_new)
    print(f"GRUEncoderDecoderRegressor: R2 {score:.3f}")
    draw(X_new, y_new, model.predict(X_new[:4]))
    assert 1 - score < 0.5 * (1 - max(scores.values()))


if __name__ == "__main__":
    main()
