"""What calls on few rows cost besides their arithmetic: ``fit`` of 100, ``predict`` of 1 to 1000.

    OMP_NUM_THREADS=1 python benchmarks/few_rows.py

Sequences of ten steps of three features, 32 hidden units, float64; ``fit`` is one epoch at the defaults,
seven updates. Milliseconds of processor time of one call, the median (and the least) of 25 blocks, in
which calls and their arithmetic take turns.

The arithmetic of a call is what the network does in it, on data that lie ready: the layers (compiled, if
they are), the read-out, and in ``fit`` the way back, the steps of the solver and the drawing of the
weights. ``more`` is what the call takes beyond twice that: 0.2 ms or less is what we aim at.
scikit-learn's MLP on the same numbers, whose matrix work is not told apart, is there for comparison.
"""

import statistics
import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

import skrnn
from skrnn import _kernels
from skrnn._engine.arithmetic import FAST
from skrnn._engine.packing import Steps, Window
from skrnn._engine.recurrence import layer_gradient, unroll, unroll_backward

T, F, N_FIT, ROWS, BLOCKS = 10, 3, 100, (1, 32, 1000), 25
BLOCK = 256  # sequences side by side in predict
CLASSES = [f"{cell}{kind}" for kind in ("Regressor", "Classifier") for cell in ("RNN", "GRU", "LSTM")]


def milliseconds(*functions, seconds=0.01):
    """The times of one call of each function, (median, least) over blocks that take turns."""
    calls = [max(1, round(seconds / once(function, 3))) for function in functions]
    blocks = [[once(f, n) for f, n in zip(functions, calls, strict=True)] for _ in range(BLOCKS)]
    return [(statistics.median(times) * 1e3, min(times) * 1e3) for times in zip(*blocks, strict=True)]


def once(function, n):
    """Seconds of processor time of one of n calls."""
    start = time.process_time()
    for _ in range(n):
        function()
    return (time.process_time() - start) / n


class Arithmetic:
    """What a fitted estimator of one layer computes, and nothing else."""

    def __init__(self, estimator):
        model, self.n_updates = estimator._model, estimator.n_updates_
        self.network, self.theta, self.g = model.network(), model.theta.copy(), np.zeros_like(model.theta)
        self.views, self.gradient = self.network.views(self.theta), self.network.views(self.g)
        (self.layer,), (self.recurrence,) = self.views.layers[0], self.network.recurrences[0]
        self.solver = estimator._settings_now().new_solver(self.theta)
        self.memory = np.empty_like(self.solver.memory), np.empty_like(self.theta)

    def blocks(self, n):
        """Windows of n sequences, no more than ``predict`` takes at a time."""
        return [self.window(min(BLOCK, n - i)) for i in range(0, n, BLOCK)]

    def window(self, n):
        """A window of n sequences, and the states they start from."""
        X = np.random.RandomState(0).normal(size=(n * T, F))
        return Window(X, Steps([n] * T, n), T - 1), self.network.initial_state(n).layers[0][0]

    def forward(self, windows, *, record=False):
        tapes = []
        for window, state in windows:
            H, _, _, tape = unroll(self.recurrence, self.layer, window, state, FAST, record=record)
            top = H[-window.steps.B :]
            tapes.append((top, top @ self.views.W + self.views.b, tape))
        return tapes

    @_kernels.keep_memory()
    def of_predict(self, windows):
        self.forward(windows)

    @_kernels.keep_memory()
    def of_fit(self, windows):
        self.network.initial_weights(np.random)
        for window, state in windows:
            ((top, draw, tape),) = self.forward([(window, state)], record=True)
            self.gradient.W[...] += top.T @ draw
            self.gradient.b[...] += draw.sum(axis=0)
            unroll_backward(tape, draw @ self.views.W.T, T - 1, (None,) * len(state), FAST, need_dX=False)
            layer_gradient(self.gradient.layers[0][0], tape, window.steps, FAST)
            self.step()

    def step(self):
        memory, theta = self.memory
        _kernels.gather(self.theta, self.g, len(self.theta), 1e-9, 0.0)
        if not _kernels.step(self.solver, self.theta, self.g, 1.0, theta, memory):
            self.solver.step(self.theta, self.g)
            self.g[:] = 0


def show(name, what, call, arithmetic):
    (ms, least), (work, least_work) = milliseconds(call, arithmetic)
    print(
        f"{name:16} {what:12} {ms:7.3f} ({least:6.3f}) {work:7.3f} ({least_work:6.3f}) {ms / work:7.1f}"
        f" {ms - 2 * work:7.3f}"
    )


def show_ours(name, X, y):
    estimator = getattr(skrnn, name)(max_iter=1, random_state=0).fit(X[:N_FIT], y[:N_FIT])
    arithmetic = Arithmetic(estimator)
    size, rest = -(-N_FIT // arithmetic.n_updates), N_FIT
    batches = [arithmetic.window(min(size, rest - i)) for i in range(0, rest, size)]
    fit = getattr(skrnn, name)(max_iter=1, random_state=0).fit
    show(name, f"fit {N_FIT}", lambda: fit(X[:N_FIT], y[:N_FIT]), lambda: arithmetic.of_fit(batches))
    for n in ROWS:
        rows, windows = X[:n], arithmetic.blocks(n)
        show(
            name, f"predict {n}", lambda rows=rows: estimator.predict(rows),
            lambda windows=windows: arithmetic.of_predict(windows),
        )  # fmt: skip


def show_mlp(cls, X, y):
    X, mlp = X.reshape(len(X), -1), cls(hidden_layer_sizes=(32,), batch_size=16, max_iter=1)
    calls = [lambda: mlp.fit(X[:N_FIT], y[:N_FIT])]
    calls += [lambda n=n: mlp.predict(X[:n]) for n in ROWS]
    for what, call in zip(["fit 100", *(f"predict {n}" for n in ROWS)], calls, strict=True):
        ((ms, least),) = milliseconds(call)
        print(f"{cls.__name__:16} {what:12} {ms:7.3f} ({least:6.3f})")


def main():
    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).normal(size=(max(ROWS), T, F))
    y = X[:, 0, 0]
    print(f"{'':29} {'call':>7} {'':8} {'work':>7} {'':8} {'ratio':>7} {'more':>7}")
    for name in CLASSES:
        show_ours(name, X, y > 0 if name.endswith("Classifier") else y)
    show_mlp(MLPRegressor, X, y)
    show_mlp(MLPClassifier, X, y > 0)


if __name__ == "__main__":
    main()
