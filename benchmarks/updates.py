"""One update of a small network: the whole of it in `fit`, its kernels alone, and a loop in PyTorch.

    python benchmarks/updates.py [--seconds S]

One layer, a linear read-out of the last state, ten classes, 8 features, Adam, clipping by norm, float32,
one thread; 40 batches of B sequences of T steps. Microseconds for each update, medians of interleaved
epochs:

``fit``      an epoch of training divided by its updates: rows, windows, loss, update, bookkeeping
``kernels``  the layer forward, backward and its weight gradients, and the solver's step, each called from
             Python on arrays in memory (`benchmarks/kernels.py`); these calls cost some 10 of them
``torch``    `nn.LSTM`, `nn.Linear`, cross-entropy, `clip_grad_norm_` and Adam in a loop, as its users
             write it, on tensors in memory that are shuffled by index

Each level of vector instructions has a process of its own; the peers are held to it.
"""

import argparse
import os
import subprocess
import sys

from kernels import LEVELS, Ours, interleaved

SHAPES = [(8, 16, 32), (8, 32, 32), (10, 16, 16), (50, 32, 32), (100, 32, 64), (100, 32, 128)]
WHOLE_FITS = [(20, 7, 50), (30, 20, 96), (40, 50, 100), (25, 100, 200)]
CELLS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
N_BATCHES, F, K = 40, 8, 10


def data(T, B):
    import numpy as np

    rng = np.random.RandomState(0)
    X = rng.normal(size=(N_BATCHES * B, T, F)).astype(np.float32)
    return X, rng.randint(K, size=len(X))


def our_epoch(cell, X, y, B, H):
    """A function that trains one epoch more, of what an estimator trains with."""
    import numpy as np

    from skrnn._engine.arithmetic import FAST
    from skrnn._engine.dataset import Dataset
    from skrnn._engine.learner import Learner
    from skrnn._engine.network import Network
    from skrnn._engine.run import History, Monitor, Run
    from skrnn._engine.storage import Sequences
    from skrnn._engine.training import Epochs, train
    from skrnn.cells import CELLS as REGISTRY
    from skrnn.losses import LOSSES
    from skrnn.solvers import SCHEDULES, SOLVERS

    net = Network(REGISTRY[cell], X.shape[2], (H,), K, dtype=np.float32)
    theta = net.initial_weights(np.random.RandomState(0))
    dataset = Dataset(Sequences(X), y[:, None].astype(np.float32))
    learner = Learner(net, theta, FAST, SOLVERS["adam"](theta, 0.001), clip_norm=1.0)
    epochs = Epochs(dataset, B, net.dtype, True, np.random.RandomState(0))
    loss, history = LOSSES["multinomial_log_loss"](), History()

    def epoch():
        run = Run(1, Monitor(None, 1), SCHEDULES["constant"](0.001, 1))
        train(loss, epochs, learner, run, history, [], k1=None, k2=None)

    return epoch


def kernels_alone(cell, X, y, B, H):
    import numpy as np
    import torch

    from skrnn import _kernels
    from skrnn.solvers import SOLVERS

    T = X.shape[1]
    theirs = getattr(torch.nn, CELLS[cell])(F, H)
    ours = Ours(cell, theirs, [B] * T, B)
    P = sum(w.size for w in ours.layer) + H * K + K
    theta, g, before = (np.ones(P, dtype=np.float32) for _ in range(3))
    solver = SOLVERS["adam"](theta, 0.001)
    memory = np.empty_like(solver.memory)
    flat, dh = np.ascontiguousarray(X[:B].swapaxes(0, 1)).reshape(T * B, F), np.ones((B, H), np.float32)

    def update():
        ours.train(flat, dh, T - 1)
        _kernels.gather(theta, g, P, 1.0, 0.0)
        _kernels.step(solver, theta, g, 1.0, before, memory)

    return lambda: [update() for _ in range(N_BATCHES)]


def torch_epoch(cell, X, y, B, H):
    import torch
    from torch import nn

    torch.manual_seed(0)
    layer, readout = getattr(nn, CELLS[cell])(F, H, batch_first=True), nn.Linear(H, K)
    parameters = [*layer.parameters(), *readout.parameters()]
    optimizer, loss = torch.optim.Adam(parameters, lr=0.001), nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def epoch():
        for rows in torch.randperm(len(X)).split(B):
            optimizer.zero_grad()
            value = loss(readout(layer(X[rows])[0][:, -1]), y[rows])
            value.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    return epoch


def worker(level, seconds):
    import torch

    import skrnn

    torch.set_num_threads(1)
    print(f"\nskrnn {skrnn.__version__}, {level}, torch {torch.__version__}; microseconds for an update")
    print(
        f"{'T':>4}{'B':>5}{'H':>5}{'cell':>6}{'fit':>9}{'kernels':>9}{'ratio':>7}{'torch':>9}{'ratio':>7}"
    )
    for shapes in (SHAPES, WHOLE_FITS):
        for T, B, H in shapes:
            X, y = data(T, B)
            for cell in CELLS:
                epochs = [make(cell, X, y, B, H) for make in (our_epoch, kernels_alone, torch_epoch)]
                fit, own, peer = (1e6 * t / N_BATCHES for t in interleaved(epochs, seconds))
                times = f"{fit:>9.1f}{own:>9.1f}{fit / own:>7.2f}{peer:>9.1f}{peer / fit:>7.2f}"
                print(f"{T:>4}{B:>5}{H:>5}{cell:>6}{times}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--levels", nargs="+", default=["avx512", "avx2"])
    parser.add_argument("--worker")
    options = parser.parse_args()
    if options.worker:
        worker(options.worker, options.seconds)
        return
    pools = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    for level in options.levels:
        environment = os.environ | LEVELS[level] | {"SKRNN_KERNELS": level} | pools
        command = [sys.executable, __file__, "--worker", level, "--seconds", str(options.seconds)]
        subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
