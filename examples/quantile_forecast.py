"""Quantile regression: how sure is a forecast
===========================================

How sure is a forecast? Quantiles of the next value of a series whose noise comes and goes.

The series is generated: a daily rhythm, inertia, and noise that is larger by day than by night and
three times as large in storms, which begin and end at random. Nobody tells the model about storms; it
sees the last value and the hour, and must infer from how much the values jumped.

One GRU with ``loss="quantile"`` and a list of five quantiles answers with five numbers per step, none
lower than the one before it. The rows of the table are time steps (rows="steps"). Of 60 000 hours it is
trained on the first 40 000, and then tested on the last 20 000, continuing from where training ended
(initial_state="last").

Printed: the share of the test values below each quantile, beside the nominal one; the same for the
quantiles of the hour of day in the training data, the baseline; how often the central intervals hold,
also in storms and in calm alone; and the pinball loss of both. Asserted: every share of the GRU within
2 points of nominal (with 20 000 values the standard error is 0.35 points or less), and a pinball loss
far below that of the baseline. That the baseline is right on the average too is no merit: it is too sure
in storms and too careful in calm.

Run: python quantile_forecast.py
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import mean_pinball_loss

from skrnn import GRURegressor

LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
N_TRAIN, N_TEST = 40_000, 20_000


def make_series(n, seed):
    """The values (n + 1,) and whether there is a storm in each hour."""
    rng = np.random.RandomState(seed)
    hour = np.arange(n + 1) % 24
    rhythm = 5 * np.sin(2 * np.pi * hour / 24)
    storm = np.cumsum(rng.uniform(size=n + 1) < 0.02) % 2 == 1  # they last 50 hours on the average
    noise = np.where((hour >= 8) & (hour < 20), 1.0, 0.5) * np.where(storm, 3.0, 1.0)
    deviation = np.zeros(n + 1)
    for t in range(n):
        deviation[t + 1] = 0.7 * deviation[t] + noise[t + 1] * rng.normal()
    return 20 + rhythm + deviation, storm


def inputs_and_targets(values):
    """Of every hour but the last: its value and the time of day of the next one; and the next value."""
    angle = 2 * np.pi * np.arange(1, len(values)) / 24
    X = np.column_stack([(values[:-1] - 20) / 5, np.sin(angle), np.cos(angle)])
    return X, values[1:]


def quantiles_by_hour(y, n_test):
    """The baseline: of the training targets, those of the same hour of day."""
    hours = np.arange(1, len(y) + n_test + 1) % 24
    table = np.array([np.quantile(y[hours[: len(y)] == hour], LEVELS) for hour in range(24)])
    return table[hours[len(y) :]]


def train(X, y, seed=0):
    """Cut into 40 pieces that run side by side, with windows of 30 hours."""
    gru = GRURegressor(
        hidden_size=16, loss="quantile", quantile=LEVELS, rows="steps", k1=30, batch_size=40,
        learning_rate="cosine", learning_rate_init=0.01, max_iter=120, random_state=seed,
    )  # fmt: skip
    return gru.fit(X, y)


def pinball(y, q):
    """The pinball loss of the quantiles q (n, 5), in the mean."""
    return np.mean([mean_pinball_loss(y, q[:, k], alpha=a) for k, a in enumerate(LEVELS)])


def shares_below(y, q):
    """The share of y (n,) at or below each of the quantiles q (n, 5)."""
    return (y[:, None] <= q).mean(axis=0)


def inside(y, q, k):
    """Whether y lies between the k-th quantile from below and the k-th from above."""
    return (q[:, k] < y) & (y <= q[:, -1 - k])


def draw(y, q, stormy):
    """Ten days in which a storm begins: the values, and what was said of them the hour before."""
    start = 48 + np.flatnonzero(np.diff(stormy[48:-240].astype(int)) == 1)[0] - 100
    hours = slice(max(start, 0), max(start, 0) + 240)
    _, ax = plt.subplots(figsize=(9, 3.5), layout="constrained")
    t = np.arange(240)
    ax.fill_between(t, q[hours, 0], q[hours, -1], color="#cde", label="interval of 90 %")
    ax.fill_between(t, q[hours, 1], q[hours, -2], color="#8bd", label="interval of 50 %")
    ax.plot(t, y[hours], color="black", linewidth=0.9, label="value")
    in_storm = stormy[hours]
    ax.plot(t[in_storm], np.full(in_storm.sum(), y[hours].min()), ".", color="#c60", label="storm")
    ax.set_xlabel("hour")
    ax.legend(loc="upper left", ncols=4, frameon=False)


def main():
    start = time.perf_counter()
    values, storm = make_series(N_TRAIN + N_TEST, seed=0)
    X, y = inputs_and_targets(values)
    gru = train(X[:N_TRAIN], y[:N_TRAIN])
    y_test, stormy = y[N_TRAIN:], storm[1 + N_TRAIN :]
    answers = {
        "GRU": gru.set_params(initial_state="last").predict(X[N_TRAIN:]),
        "by hour": quantiles_by_hour(y[:N_TRAIN], N_TEST),
    }
    print(f"{N_TRAIN} hours of training ({gru.n_iter_} epochs), {N_TEST} of test\n")
    print(f"{'share of values below':<28}" + "".join(f"{a:>8.0%}" for a in LEVELS))
    for name, q in answers.items():
        print(f"    {name:<24}" + "".join(f"{share:>8.1%}" for share in shares_below(y_test, q)))
    for k, nominal in ((0, "90 %"), (1, "50 %")):
        print(f"\n{nominal + ' interval holds':<28}{'all':>8}{'storm':>8}{'calm':>8}{'width':>8}")
        for name, q in answers.items():
            holds, width = inside(y_test, q, k), (q[:, -1 - k] - q[:, k]).mean()
            shares = holds.mean(), holds[stormy].mean(), holds[~stormy].mean()
            print(f"    {name:<24}" + "".join(f"{s:>8.1%}" for s in shares) + f"{width:>8.2f}")
    draw(y_test, answers["GRU"], stormy)
    losses = {name: pinball(y_test, q) for name, q in answers.items()}
    print("\npinball loss   " + "   ".join(f"{name} {value:.3f}" for name, value in losses.items()))

    assert (np.diff(answers["GRU"], axis=1) >= 0).all()
    assert np.abs(shares_below(y_test, answers["GRU"]) - LEVELS).max() < 0.02
    assert losses["GRU"] < 0.8 * losses["by hour"]
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
