"""The memory tasks of skrnn.datasets: what Elman networks, LSTM and GRU learn, with k2 long or short.

Every task is learned with full backpropagation, or where the series is long with a k2 that is enough,
and with shorter ones. "Naive" is what is reached without memory; "needs" is how many steps back, its own
included, the gradient of an error must flow to reach what is to be remembered. 32 units, float32, Adam
with a cosine schedule (rate 0.01, Elman networks 0.003), medians over the seeds. Figures on new data:

adding          squared error
temporal order  accuracy
parity          accuracy; with one target per sequence, and of the time steps
copy memory     accuracy at the steps that ask for the copy
copy stream     perplexity
embedded Reber  share of the strings in which the second symbol is known where it comes again
a^n b^n         share of the strings of n = 11 to 20 that are right at all steps, after n = 1 to 10
echo            R2

With ``--forget-bias`` every task is learned by LSTM and GRU from that start, too ("chrono", or a number).

With ``--defaults`` the tasks in ``AT_DEFAULTS`` only, by LSTM and GRU at the defaults of the class
(float32), seed by seed: with chrono initialisation, which is the default with one target per sequence,
and with the forget gates as the cells have them by themselves, the default with targets per step.

Run: python benchmarks/memory_tasks.py [--seeds 3] [--forget-bias chrono] [part of a task's name ...]
or: python benchmarks/memory_tasks.py --defaults [--seeds 3] [part of a task's name ...]
"""

import argparse
import itertools
import time
import warnings
from typing import NamedTuple

import numpy as np
import threadpoolctl

import skrnn
from skrnn import datasets

CELLS = ["RNN", "LSTM", "GRU"]
FULL = (None, None)
DELAY, N_COPIED, N_SYMBOLS = 20, 5, 4  # copy memory


class Task(NamedTuple):
    name: str
    make: object  # seed, number of sequences or steps -> X, y
    sizes: tuple  # of training and test data
    figure: object  # model, X, y -> float
    naive: float
    needs: object
    settings: dict
    truncations: list  # of (k1, k2)
    kind: str = "Classifier"


def squared_error(model, X, y):
    return float(np.mean((model.predict(X) - y) ** 2))


def accuracy(model, X, y):
    """Of regressors R2."""
    return model.score(X, y)


def accuracy_of_copy(model, X, y):
    return float(np.mean((model.predict(X) == y)[:, -N_COPIED:]))


def perplexity(model, X, y):
    p = np.take_along_axis(model.predict_proba(X), y[..., None], axis=-1)
    return float(np.exp(-np.log(p).mean()))


def share_of_copies(model, X, y):
    """T or P, whatever else is thought likely: the target of the second-last step."""
    T, P = 1, 2
    pairs = zip(model.predict_proba(X), y, strict=True)
    return float(np.mean([(p[-2, T] > p[-2, P]) == (target[-2] == T) for p, target in pairs]))


def share_of_strings(model, X, y):
    return float(np.mean([(a == b).all() for a, b in zip(model.predict(X), y, strict=True)]))


def generated(name, **arguments):
    """A function of seed and size that makes the data."""
    make = getattr(datasets, f"make_{name}")
    return lambda seed, n: make(n, **arguments, random_state=seed)


def anbn(seed, n):
    longer = {"min_n": 11, "max_n": 20} if seed >= NEW else {}
    return datasets.make_anbn(n, **longer, random_state=seed)


NEW = 1000  # from this seed on: test data
PER_STEP = {"return_sequences": True}
BATCHES = {"batch_size": 50, "max_iter": 30}
COPY = {"delay": DELAY, "n_copied": N_COPIED, "n_symbols": N_SYMBOLS}
TASKS = [
    Task(
        "adding, T=50", generated("adding", n_timesteps=50), (3000, 1000), squared_error, 1 / 6,
        "26 to 50", BATCHES, [FULL, (None, 5)], "Regressor",
    ),
    Task(
        "adding, T=150", generated("adding", n_timesteps=150), (3000, 1000), squared_error, 1 / 6,
        "76 to 150", {**BATCHES, "max_iter": 20}, [FULL], "Regressor",
    ),
    Task(
        "adding, T=400", generated("adding", n_timesteps=400), (3000, 1000), squared_error, 1 / 6,
        "201 to 400", {**BATCHES, "max_iter": 20}, [FULL], "Regressor",
    ),
    Task(
        "temporal order, T=50", generated("temporal_order", n_timesteps=50), (1000, 1000), accuracy,
        1 / 4, "40 to 45", BATCHES, [FULL, (None, 30), (None, 15)],
    ),
    Task(
        "temporal order, T=100", generated("temporal_order", n_timesteps=100), (3000, 1000), accuracy,
        1 / 4, "80 to 90", {**BATCHES, "max_iter": 20}, [FULL],
    ),
    Task(
        "parity, T=12", generated("parity", n_timesteps=12), (3000, 1000), accuracy, 1 / 2,
        12, BATCHES, [FULL],
    ),
    Task(
        "parity of the steps", generated("parity", n_timesteps=12, **PER_STEP), (1000, 1000), accuracy,
        1 / 2, 2, {**BATCHES, **PER_STEP}, [FULL, (2, 4)],
    ),
    Task(
        "copy memory", generated("copy_memory", **COPY), (3000, 500), accuracy_of_copy, 1 / N_SYMBOLS,
        DELAY + N_COPIED + 1, {**BATCHES, **PER_STEP}, [FULL, (5, 30), (5, 15)],
    ),
    Task(
        "copy stream", generated("copy_stream", n_timesteps=500), (64, 16), perplexity, 4 ** (9 / 20),
        11, {**BATCHES, **PER_STEP, "batch_size": 64}, [(5, 20), (5, 10), (5, 5)],
    ),
    Task(
        "embedded Reber", generated("embedded_reber"), (1000, 1000), share_of_copies, 1 / 2,
        "7 or more", {**PER_STEP, "batch_size": 20, "max_iter": 15}, [FULL, (1, 5), (1, 2)],
    ),
    Task(
        "a^n b^n", anbn, (500, 300), share_of_strings, 0,
        "up to 20", {**BATCHES, **PER_STEP}, [FULL],
    ),
    Task(
        "echo", generated("echo", delay=10), (20000, 5000), accuracy, 0,
        11, {**BATCHES, "rows": "steps", "batch_size": 40}, [(5, 20), (5, 10)], "Regressor",
    ),
]  # fmt: skip


_BY_NAME = {task.name: task for task in TASKS} | {
    "copy memory, T=50": Task(
        "copy memory, T=50", generated("copy_memory", delay=40, n_copied=N_COPIED, n_symbols=N_SYMBOLS),
        (3000, 500), accuracy_of_copy, 1 / N_SYMBOLS, 46, PER_STEP, [FULL],
    ),
}  # fmt: skip
AT_DEFAULTS = [_BY_NAME[name] for name in ("adding, T=400", "temporal order, T=100", "copy memory, T=50")]
OWN_BIAS = {"LSTM": 1.0, "GRU": 0.0}  # of the cells


def at_defaults(seeds, only):
    print(f"skrnn {skrnn.__version__}; defaults; {seeds} seeds")
    print(f"{'task':<22}{'naive':>6}{'needs':>11}  {'cell':<5}{'forget_bias':<12}{'seconds':>8}  figures")
    for task in AT_DEFAULTS:
        if only and not any(part in task.name for part in only):
            continue
        for cell, bias in itertools.product(CELLS[1:], ("chrono", None)):
            bias = bias or OWN_BIAS[cell]
            settings = {k: v for k, v in task.settings.items() if k in PER_STEP}
            start, figures = time.process_time(), []
            for seed in range(seeds):
                X, y = task.make(seed, task.sizes[0])
                model = getattr(skrnn, cell + task.kind)(
                    forget_bias=bias, dtype="float32", random_state=seed, **settings
                )
                figures.append(task.figure(model.fit(X, y), *task.make(NEW + seed, task.sizes[1])))
            seconds = (time.process_time() - start) / seeds
            text = "".join(f"{x:>9.4f}" for x in figures)
            row = f"{task.name:<22}{task.naive:>6.3f}{task.needs!s:>11}  {cell:<5}{bias!s:<12}"
            print(f"{row}{seconds:>8.1f}{text}", flush=True)


def run(task, cell, k1, k2, seed, start):
    X, y = task.make(seed, task.sizes[0])
    X_test, y_test = task.make(NEW + seed, task.sizes[1])
    bias = {} if start is None or cell == "RNN" else {"forget_bias": start}
    model = getattr(skrnn, cell + task.kind)(
        32,
        k1=k1,
        k2=k2,
        dtype="float32",
        alpha=0,
        tol=0,
        learning_rate_init=0.01 if cell != "RNN" else 0.003,
        learning_rate="cosine",
        random_state=seed,
        **task.settings,
        **bias,
    )
    return task.figure(model.fit(X, y), X_test, y_test)


def main(seeds, only, forget_bias):
    warnings.simplefilter("ignore")
    print(f"skrnn {skrnn.__version__}; {seeds} seeds")
    starts = [None] if forget_bias is None else [None, forget_bias]
    print(f"{'task':<22}{'naive':>6}{'needs':>11}{'k1':>6}{'k2':>6}", *(f"{cell:>8}" for cell in CELLS))
    start = time.perf_counter()
    for task in TASKS:
        if only and not any(part in task.name for part in only):
            continue
        for (k1, k2), bias in itertools.product(task.truncations, starts):
            print(f"{task.name:<22}{task.naive:>6.3f}{task.needs!s:>11}{k1!s:>6}{k2!s:>6}", end="")
            for cell in CELLS if bias is None else CELLS[1:]:
                figures = [run(task, cell, k1, k2, seed, bias) for seed in range(seeds)]
                print(f" {np.median(figures):>8.3f}", end="", flush=True)
            print("" if bias is None else f" {bias} (LSTM, GRU)")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--forget-bias", type=lambda text: text if text == "chrono" else float(text))
    parser.add_argument("--defaults", action="store_true")
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_intermixed_args()
    with threadpoolctl.threadpool_limits(1):
        if arguments.defaults:
            at_defaults(arguments.seeds, arguments.only)
        else:
            main(arguments.seeds, arguments.only, arguments.forget_bias)
