"""Whole `fit` against skorch: 1300 handwritten digits as 8 steps of 8 features, float32, one thread.

Hidden 32, batch 32, 20 epochs, Adam, clipping by norm on both sides; interleaved, medians.

Run: python benchmarks/overhead.py [repeats]
"""

import statistics
import sys
import time
import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNetClassifier
from skorch.callbacks import GradientNormClipping

import skrnn

OURS = {"RNN": skrnn.RNNClassifier, "LSTM": skrnn.LSTMClassifier, "GRU": skrnn.GRUClassifier}
BATCH, EPOCHS, HIDDEN = 32, 20, 32


class Module(torch.nn.Module):
    """One recurrent layer and a linear read-out of its last state."""

    def __init__(self, kind):
        super().__init__()
        self.layer = getattr(torch.nn, kind)(8, HIDDEN, batch_first=True)
        self.readout = torch.nn.Linear(HIDDEN, 10)

    def forward(self, X):
        H, _ = self.layer(X)
        return self.readout(H[:, -1])


def skorch_net(kind):
    return NeuralNetClassifier(
        Module, module__kind=kind, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
        lr=0.01, batch_size=BATCH, max_epochs=EPOCHS, train_split=None, iterator_train__shuffle=True,
        callbacks=[GradientNormClipping(1.0)], verbose=0,
    )  # fmt: skip


def our_net(kind):
    return OURS[kind](
        HIDDEN,
        batch_size=BATCH,
        max_iter=EPOCHS,
        learning_rate_init=0.01,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    )


def seconds(model, X, y):
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def main(repeats=5):
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    X = (X / 16).reshape(-1, 8, 8).astype(np.float32)
    X, X_test, y, y_test = X[:1300], X[1300:], y[:1300], y[1300:]
    print(f"skrnn {skrnn.__version__}, torch {torch.__version__}, {repeats} repeats, medians")
    print(f"{'cell':<6}{'skrnn s':>9}{'skorch s':>10}{'ratio':>8}{'skrnn acc':>11}{'skorch acc':>12}")
    for kind in OURS:
        ours, theirs = [], []
        for _ in range(repeats):
            mine, peer = our_net(kind), skorch_net(kind)
            ours.append(seconds(mine, X, y))
            theirs.append(seconds(peer, X, y.astype(np.int64)))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(
            f"{kind:<6}{a:>9.2f}{b:>10.2f}{b / a:>8.1f}{mine.score(X_test, y_test):>11.3f}"
            f"{np.mean(peer.predict(X_test) == y_test):>12.3f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
