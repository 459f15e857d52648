"""Encoder-decoders of numbers: their schedule and batches, and beside them a regressor of many outputs.

    python benchmarks/sequences_of_numbers.py [--seeds N] [--sizes N N ...]

Two generated tasks, with test data of their own. "oscillations": how damped oscillations with noise go on
(``examples/oscillations.py``). "sums": the running sums of what was read, from its beginning, with noise.
R2 of 500 new sequences, mean and standard error over the seeds; 32 units, float32, all else by default.

"constant": a constant rate, and batches of 200 or 32, as the encoder-decoders of tokens. "cycle": one
cycle with these batches. "default": one cycle with batches of 16. "direct" is the regressor of the same
cell with an output for each step of the longest answer. It needs targets of one length: its y are longer
than those of the others, all as long as the longest. "same data": the encoder-decoder, trained on them.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

import skrnn

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from oscillations import oscillations

CELLS = ("RNN", "LSTM", "GRU")
AS_TOKENS = {"learning_rate": "constant", "batch_size": None}
SETTINGS = {"constant": AS_TOKENS, "cycle": {"batch_size": None}, "default": {}}


def sums(n, rng):
    X, y = [], []
    for _ in range(n):
        x = rng.normal(size=(rng.randint(5, 10), 2))
        X.append(x)
        y.append(np.cumsum(x[: rng.randint(2, 6), 0]))
        y[-1] += 0.1 * rng.normal(size=len(y[-1]))
    return X, y


TASKS = {"oscillations": (oscillations, 29), "sums": (sums, 5)}


def of_one_length(task, longest, n, rng):
    """The first n pairs with the longest answers; y as an array."""
    X, y = [], []
    while len(X) < n:
        for x, v in zip(*task(n, rng), strict=True):
            if len(v) == longest:
                X.append(x)
                y.append(v)
    return X[:n], np.array(y[:n])


def fit(cls, X, y, seed, options):
    options = dict(options)
    if "batch_size" in options:
        options["batch_size"] = len(X) if len(X) <= 200 else 32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(dtype="float32", random_state=seed, **options).fit(X, y)


def scores(cell, name, n, seed):
    """Name of a way -> R2."""
    task, longest = TASKS[name]
    rng = np.random.RandomState(seed)
    (X, y), (X_new, y_new) = task(n, rng), task(500, np.random.RandomState(1000 + seed))
    pairs, direct = (getattr(skrnn, f"{cell}{kind}Regressor") for kind in ("EncoderDecoder", ""))
    found = {how: fit(pairs, X, y, seed, o).score(X_new, y_new) for how, o in SETTINGS.items()}
    X, y = of_one_length(task, longest, n, rng)
    answers = fit(direct, X, y, seed, {}).predict(X_new)
    answers = np.concatenate([a[: len(v)] for a, v in zip(answers, y_new, strict=True)])
    true = np.concatenate(y_new)
    found["direct"] = 1 - ((true - answers) ** 2).sum() / ((true - true.mean()) ** 2).sum()
    found["same data"] = fit(pairs, X, y, seed, {}).score(X_new, y_new)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[60, 200, 1000])
    options = parser.parse_args()
    print(f"{'task':<14}{'pairs':>6}{'cell':>6}" + "".join(
        f"{how:>15}" for how in [*SETTINGS, "direct", "same data"]
    ))  # fmt: skip
    for name in TASKS:
        for n in options.sizes:
            for cell in CELLS:
                rows = [list(scores(cell, name, n, seed).values()) for seed in range(options.seeds)]
                mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / len(rows) ** 0.5
                told = "".join(f"{m:>8.3f} ({e:.3f})" for m, e in zip(mean, error, strict=True))
                print(f"{name:<14}{n:>6}{cell:>6}{told}", flush=True)


if __name__ == "__main__":
    main()
