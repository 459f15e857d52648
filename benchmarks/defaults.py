"""How the defaults were chosen: one changed at a time, on every set, for every cell; X scaled.

For every change and set the mean test figure of three seeds (accuracy; RMSE for the sets of
regression), for LSTM, GRU and RNN; then, over the sets of classification, how many points it loses
against the tuned setting (hidden 64, batches of 16, rate 0.003, ``EPOCHS`` without stopping earlier):
mean and worst; and the seconds of all fits together.

Run: python benchmarks/defaults.py FOLDER [change ...]   (FOLDER holds the data sets and load.py;
without a change: all of ``CHANGES``; "tuned", "defaults" and the names of ``CHANGES`` are known)
"""

import contextlib
import sys
import time
import warnings
from unittest import mock

import numpy as np
from data_sets import all_tasks
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn import cells
from skrnn._engine import network
from skrnn._engine.weights import glorot_uniform

SEEDS = [0, 1, 2]
CELLS = ["LSTM", "GRU", "RNN"]
EPOCHS = {"BasicMotions": 80, "ItalyPowerDemand": 150, "FloodModeling1": 30, "digits by rows": 40}


def tuned(task):
    """The settings of the reference networks, ``data/README.md`` of the folder."""
    return {
        "hidden_size": 64, "batch_size": 16, "learning_rate_init": 3e-3, "tol": 0,
        "n_iter_no_change": np.inf, "max_iter": EPOCHS.get(task.name, 60),
        "pooling": "mean" if task.name == "FloodModeling1" else "last",
    }  # fmt: skip


def batches(size):
    """The whole data up to 200 sequences, as "auto" has it, and batches of another size beyond."""
    return lambda task: {"batch_size": len(task.X) if len(task.X) <= 200 else size}


def always(**settings):
    return lambda task: settings


def glorot_recurrent(random_state, n, n_blocks=1):
    return glorot_uniform(random_state, n, n, n_blocks)


def as_torch(self, random_state):
    """All weights uniform in 1/sqrt(H)."""
    bound = self.hidden_sizes[0] ** -0.5
    return random_state.uniform(-bound, bound, size=self.layout.size).astype(self.dtype)


INITIALISATIONS = {
    "recurrent weights Glorot": lambda: mock.patch.object(network, "orthogonal", glorot_recurrent),
    "forget gate bias 0": lambda: mock.patch.object(cells.LSTM, "bias_init", (0.0,) * 4),
    "all uniform in 1/sqrt(H)": lambda: mock.patch.object(network.Network, "initial_weights", as_torch),
}

CHANGES = {
    "tuned": tuned,
    "defaults": always(),
    **{f"learning_rate_init={r}": always(learning_rate_init=r) for r in (1e-3, 3e-3, 3e-2)},
    **{f"batches of {b} beyond 200": batches(b) for b in (64, 200)},
    **{f"max_iter={n}": always(max_iter=n) for n in (100, 400)},
    "tol=0.001": always(tol=1e-3),
    **{f"n_iter_no_change={n}": always(n_iter_no_change=n) for n in (10, 30, 100)},
    **{f"clip_norm={c}": always(clip_norm=c) for c in (0.25, 5.0, None)},
    "alpha=0.01": always(alpha=1e-2),
    **{f"pooling={p}": always(pooling=p) for p in ("mean", "max", "last_max")},
    **{f"weight_dropout={p}": always(weight_dropout=p) for p in (0.2, 0.5)},
    "learning_rate=cosine": always(learning_rate="cosine"),
    **{name: always() for name in INITIALISATIONS},
}


def figure(cell, task, settings, seed):
    """The test figure of one fit."""
    cls = getattr(skrnn, cell + ("Regressor" if task.is_regression else "Classifier"))
    model = cls(random_state=seed, **settings).fit(task.X, task.y)
    if task.is_regression:
        return float(np.sqrt(np.mean((model.predict(task.X_test) - task.y_test) ** 2)))
    return model.score(task.X_test, task.y_test)


def run(change, tasks):
    """(cells, sets) of mean figures, and seconds of all fits."""
    initialise = INITIALISATIONS.get(change, contextlib.nullcontext)
    start = time.perf_counter()
    with initialise():
        figures = [
            [
                np.mean([figure(cell, task, CHANGES[change](task), seed) for seed in SEEDS])
                for task in tasks
            ]
            for cell in CELLS
        ]
    return np.array(figures), time.perf_counter() - start


def report(change, tasks, figures, best, seconds):
    print(f"\n{change}  ({seconds:.0f} s)")
    classification = [not task.is_regression for task in tasks]
    for cell, row, top in zip(CELLS, figures, best, strict=True):
        lost = 100 * (top - row)[classification]
        cells_ = "".join(
            f"{x:>10.4f}" if task.name != "diabetes" else f"{x:>10.1f}"
            for x, task in zip(row, tasks, strict=True)
        )
        print(f"  {cell:<5}{cells_}{lost.mean():>9.1f}{lost.max():>7.1f}", flush=True)


def main(folder, *changes):
    warnings.simplefilter("ignore", ConvergenceWarning)
    tasks = list(all_tasks(folder))
    best, seconds = run("tuned", tasks)
    print(f"skrnn {skrnn.__version__}; means of {len(SEEDS)} seeds")
    print(
        " " * 7 + "".join(f"{task.name.replace(' by ', '-')[:9]:>10}" for task in tasks), "mean and worst"
    )
    report("tuned", tasks, best, best, seconds)
    for change in changes or [name for name in CHANGES if name != "tuned"]:
        figures, seconds = run(change, tasks)
        report(change, tasks, figures, best, seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
