"""Vanishing and exploding gradients: why k2 matters
=================================================

Why k2 matters: gradients that vanish, gradients that explode, and what helps, all on the same data.

The data are echoes: a series of random numbers is read, and at every step the network is to say what it
read ten steps before. The error of a step says something about that input only if it flows back ten
steps. Three pictures show when it does:

- flow.png: how the gradient of the loss changes on its way back (`GradientFlowDisplay`). In a simple
  recurrent network with logistic units it vanishes: after five steps a hundredth is left, after ten a
  hundred-thousandth. In a linear one, trained without clipping, it explodes. In LSTM and GRU it arrives
  at the echo as large as it set out: no gate forces it through a flat slope.
- clipping.png: the course of training of that linear network, twice, and nothing differs but `clip_norm`
  (`TrainingCurveDisplay`). Without it one long step throws the weights away; with it, it learns.
- truncation.png: the validation score of a grid search over k1 and k2 (`TruncationDisplay`). Up to
  k2=10 the gradient is cut before it reaches the step that mattered, and what is learned is only what
  the untrained recurrence happens to hold; from k2=12 on the echo is learned, whatever k1.

It prints the scores and asserts what is said here. In the grid search is a simple network with tanh
units, which starts from an orthogonal matrix and learns such echoes fast; it has hardly more units than
there are numbers to remember.

Run: python why_k2_matters.py [FOLDER]     (with FOLDER the pictures are written there)
"""

import sys
import time
import warnings
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.inspection import GradientFlowDisplay, TrainingCurveDisplay, TruncationDisplay, gradient_flow

DELAY = 10
SETTINGS = {
    "hidden_size": 24, "return_sequences": True, "batch_size": 20, "learning_rate_init": 0.03,
    "max_iter": 80, "random_state": 0,
}  # fmt: skip
NETWORKS = {
    "Elman, logistic units": RNNRegressor(activation="logistic", learning_rate="constant"),
    "Elman, linear, not clipped": RNNRegressor(
        activation="identity", clip_norm=None, learning_rate="constant"
    ),
    "Elman, linear, clipped": RNNRegressor(activation="identity", learning_rate="constant"),
    "LSTM": LSTMRegressor(learning_rate="cosine"),
    "GRU": GRURegressor(learning_rate="cosine"),
}


def make_echoes(n=100, T=100, seed=0):
    """Series of random numbers, their echoes, and weights that leave out the steps without echo."""
    X = np.random.default_rng(seed).uniform(-1, 1, size=(n, T, 1))
    y, weight = np.zeros((n, T)), np.ones((n, T))
    y[:, DELAY:], weight[:, :DELAY] = X[:, :-DELAY, 0], 0
    return X, y, weight


@cache
def fitted(name, max_iter=SETTINGS["max_iter"]):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs; one diverges
        model = clone(NETWORKS[name]).set_params(**SETTINGS | {"max_iter": max_iter})
        return model.fit(*make_echoes())


def exploded():
    """The network without clipping, after the epoch in which its gradient was largest."""
    norms = fitted("Elman, linear, not clipped").grad_norm_curve_
    return fitted("Elman, linear, not clipped", max_iter=1 + int(np.argmax(norms)))


def draw_flow():
    """Norm of the gradient by lag, four networks in one picture."""
    X, y, weight = make_echoes(seed=1)
    _, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
    for name in ("Elman, logistic units", "Elman, linear, not clipped", "LSTM", "GRU"):
        model = exploded() if "not clipped" in name else fitted(name)
        GradientFlowDisplay.from_estimator(
            model, X, y, sample_weight=weight, max_lag=60, random_state=0, name=name, ax=ax,
            show_bound="logistic" in name,
        )  # fmt: skip
    ax.axvline(DELAY, color="gray", linewidth=0.8)
    ax.text(DELAY + 0.5, 0.94, "the echo", transform=ax.get_xaxis_transform())
    return ax.figure


def draw_clipping():
    """The course of training, without clipping and with it."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 5.5), layout="constrained")
    for ax, name in zip(axes, ("Elman, linear, not clipped", "Elman, linear, clipped"), strict=True):
        display = TrainingCurveDisplay.from_estimator(fitted(name), ax=ax)
        display.ax_.set_title(name)
    return figure


@cache
def search():
    own = {"hidden_size": 12, "learning_rate_init": 0.01, "learning_rate": "cosine", "max_iter": 30}
    network = RNNRegressor(**SETTINGS | own)
    X, y, _ = make_echoes(60)
    grid = {"k1": [5, 10, 20], "k2": [5, 10, 12, 20]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GridSearchCV(network, grid, cv=2, n_jobs=2).fit(X, y)


def draw_truncation():
    """The scores of a grid search over k1 and k2."""
    return TruncationDisplay.from_estimator(search()).figure_


def main(folder=None):
    start = time.perf_counter()
    X, y, weight = make_echoes(seed=1)
    scores = {}
    print(f"{'network':<30}{'test R2':>10}{'largest gradient norm':>24}")
    for name in NETWORKS:
        model = fitted(name)
        scores[name] = model.score(X, y, weight)
        print(f"{name:<30}{scores[name]:>10.3f}{max(model.grad_norm_curve_):>24.3g}")
    for name, draw in (("flow", draw_flow), ("clipping", draw_clipping), ("truncation", draw_truncation)):
        figure = draw()
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            figure.savefig(Path(folder) / f"{name}.png")

    assert scores["Elman, logistic units"] < 0.1
    assert scores["Elman, linear, not clipped"] < 0.1
    assert min(scores[name] for name in ("Elman, linear, clipped", "LSTM", "GRU")) > 0.8
    norms = {
        name: gradient_flow(model, X, y, sample_weight=weight, max_lag=60, random_state=0).h[0]
        for name, model in (
            ("vanishing", fitted("Elman, logistic units")),
            ("exploding", exploded()),
            ("LSTM", fitted("LSTM")),
            ("GRU", fitted("GRU")),
        )
    }
    assert norms["vanishing"][DELAY] < 1e-4 * norms["vanishing"][0]
    assert norms["exploding"][60] > 10 * norms["exploding"][0]
    for name in ("LSTM", "GRU"):
        assert 0.1 < norms[name][DELAY] / norms[name][0] < 10
    results = search().cv_results_
    for params, score in zip(results["params"], results["mean_test_score"], strict=True):
        print("k1={k1:<4}k2={k2:<4}".format(**params), f"validation R2 {score:.3f}")
        assert score > 0.85 if params["k2"] > DELAY else score < 0.6
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
