"""One series of a million steps, trained by TBPTT with k1 = k2 = 100: ours beside PyTorch.

``rows="steps"`` with ``batch_size=50`` cuts the series into 50 pieces that run side by side, states
carried from window to window; PyTorch does the same by hand (pieces as a batch, ``detach`` between
windows), with the same layer, Adam, clipping by norm 1, one thread, float32. The first figure is one
epoch: medians of interleaved repeats. "fit" has in addition what reading X and the pass that leaves
``final_state_`` cost, each once a fit. Without pieces there is one stream, and a step at a time.

Run: python benchmarks/long_series.py [--repeats 3] [--steps 1000000]
"""

import argparse
import statistics
import time
import warnings

import numpy as np
import torch
from peer_torch import LOSSES, Fit, Net, detached
from sklearn.exceptions import ConvergenceWarning

import skrnn

F, H, K, STREAMS = 8, 32, 100, 50


def series(n):
    """What is to be said of step t is a mean of the inputs of the last steps."""
    X = np.random.RandomState(0).normal(size=(n, F)).astype(np.float32)
    y = np.convolve(X[:, 0] * X[:, 1], np.ones(5) / 5)[:n].astype(np.float32)
    return X, y


def ours(cell, X, y, batch_size):
    """Seconds of an epoch and of a fit with a single one."""
    cls = getattr(skrnn, f"{cell}Regressor")

    def fit(epochs):
        model = cls(H, rows="steps", k1=K, batch_size=batch_size, max_iter=epochs, tol=0, random_state=0)
        start = time.perf_counter()
        model.fit(X, y)
        return time.perf_counter() - start

    once = fit(1)
    return fit(2) - once, once


def theirs(cell, X, y):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = Net(cell, F, H, 1, None)
    training, T = Fit(net, LOSSES["numbers"], 0.01), len(X) // STREAMS
    parts = torch.as_tensor(X[: T * STREAMS].reshape(STREAMS, T, F))
    targets = torch.as_tensor(((y - y.mean()) / y.std())[: T * STREAMS].reshape(STREAMS, T))
    start, state = time.perf_counter(), None
    for t in range(0, T, K):
        H_, state = net.layer(parts[:, t : t + K], state)
        state = detached(state)
        raw = net.readout(H_)
        training.update(training.loss(raw.flatten(0, 1), targets[:, t : t + K].flatten()))
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_000_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = series(options.steps)
    print(f"skrnn {skrnn.__version__}; {options.steps} steps, F={F}, H={H}, k1=k2={K}")
    print(f"{'cell':<6}{'an epoch, s':>12}{'torch':>8}{'ratio':>7}{'fit, s':>8}{'steps per s':>13}")
    for cell in ("RNN", "GRU", "LSTM"):
        mine, peer = [], []
        for _ in range(options.repeats):
            mine.append(ours(cell, X, y, STREAMS))
            peer.append(theirs(cell, X, y))
        epoch, fit = (statistics.median(times) for times in zip(*mine, strict=True))
        a = statistics.median(peer)
        print(
            f"{cell:<6}{epoch:>12.2f}{a:>8.2f}{a / epoch:>7.1f}{fit:>8.2f}{len(X) / epoch:>13.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
