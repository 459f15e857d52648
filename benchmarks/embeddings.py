"""Updates of a network that reads tokens, by the size of their table.

    python benchmarks/embeddings.py [--seconds S] [--width E]

A GRU of 32 units over vectors of E = 32 numbers, 16 sequences of 50 tokens in a batch, Adam, clipping by
norm, float32, one thread. Tokens are drawn evenly, which is the worst case: every row is read now and
then. Milliseconds for each update, medians of interleaved epochs of 40 updates:

``fit``    as an estimator trains: updates of rows that are not read are put off (large tables)
``whole``  the same with updates of the whole table each time; the weights are the same bits
``torch``  `nn.Embedding`, `nn.GRU`, clipping and Adam in a loop, as its users write it
``lazy``   that with `sparse=True` and SparseAdam for the table, which moves only rows that are read:
           other weights than those of Adam; and its gradients are not clipped
"""

import argparse

import numpy as np
import torch
from kernels import interleaved
from torch import nn

import skrnn
from skrnn import _kernels
from skrnn._engine.arithmetic import FAST
from skrnn._engine.dataset import Dataset
from skrnn._engine.learner import Learner
from skrnn._engine.network import Network
from skrnn._engine.run import History, Monitor, Run
from skrnn._engine.storage import Sequences
from skrnn._engine.training import Epochs, train
from skrnn.cells import GRU
from skrnn.losses import LOSSES
from skrnn.solvers import SCHEDULES, SOLVERS

N_UPDATES, B, T, H, K = 40, 16, 50, 32, 10
SIZES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000]


def our_epoch(tokens, y, n_tokens, width, late_from):
    net = Network(GRU, width, (H,), K, dtype=np.float32, n_tokens=n_tokens)
    theta = net.initial_weights(np.random.RandomState(0))
    flat = Sequences(tokens.reshape(-1, 1), [T] * len(tokens), dtype=np.intp)
    data = Dataset(flat, y[:, None].astype(np.float32))
    learner = Learner(net, theta, FAST, SOLVERS["adam"](theta, 0.001), clip_norm=1.0)
    epochs = Epochs(data, B, net.dtype, True, np.random.RandomState(0))
    loss, history = LOSSES["multinomial_log_loss"](), History()

    def epoch():
        _kernels.LATE_FROM = late_from
        run = Run(1, Monitor(None, 1), SCHEDULES["constant"](0.001, 1))
        train(loss, epochs, learner, run, history, [], k1=None, k2=None)

    return epoch


def torch_epoch(tokens, y, n_tokens, width, *, sparse):
    torch.manual_seed(0)
    table = nn.Embedding(n_tokens, width, sparse=sparse)
    layer, readout = nn.GRU(width, H, batch_first=True), nn.Linear(H, K)
    dense = [*layer.parameters(), *readout.parameters()]
    if sparse:
        optimizers = [torch.optim.SparseAdam(table.parameters()), torch.optim.Adam(dense)]
    else:
        dense += table.parameters()
        optimizers = [torch.optim.Adam(dense)]
    loss, X, y = nn.CrossEntropyLoss(), torch.from_numpy(tokens), torch.from_numpy(y)

    def epoch():
        for rows in torch.randperm(len(X)).split(B):
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss(readout(layer(table(X[rows]))[0][:, -1]), y[rows]).backward()
            nn.utils.clip_grad_norm_(dense, 1.0)
            for optimizer in optimizers:
                optimizer.step()

    return epoch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--width", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"skrnn {skrnn.__version__}, torch {torch.__version__}; milliseconds for an update")
    print(
        f"{'tokens':>8}{'fit':>9}{'whole':>9}{'ratio':>7}{'torch':>9}{'ratio':>7}{'lazy':>9}{'ratio':>7}"
    )
    for n_tokens in SIZES:
        rng = np.random.RandomState(0)
        tokens = rng.randint(n_tokens, size=(N_UPDATES * B, T))
        task = tokens, rng.randint(K, size=len(tokens)), n_tokens, options.width
        late, off = _kernels.LATE_FROM, 1 << 60
        epochs = [
            *(our_epoch(*task, late_from) for late_from in (late, off)),
            *(torch_epoch(*task, sparse=sparse) for sparse in (False, True)),
        ]
        fit, *others = (1e3 * t / N_UPDATES for t in interleaved(epochs, options.seconds))
        line = "".join(f"{other:>9.2f}{other / fit:>7.2f}" for other in others)
        print(f"{n_tokens:>8}{fit:>9.2f}{line}", flush=True)
        _kernels.LATE_FROM = late


if __name__ == "__main__":
    main()
