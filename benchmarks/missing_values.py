"""Missing values of JapaneseVowels: zeros, a mask, and what FillForward tells besides.

Values are removed at random, 50 % and 80 % of them, from the training and the test part; then features
are standardised over the values of the training part that are left, so that a zero is the mean. Every way
of filling in is a transformer before the same LSTMClassifier at its defaults. "chosen": accuracy on
training sequences held out, in 3 folds. "test": after
fit on the whole training part. Means and standard errors over the seeds, which remove other values and
start from other weights.

FOLDER is that of ``real_data.py``. Run: python benchmarks/missing_values.py FOLDER [--seeds 5]
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from data_sets import archived, loader
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skrnn
from skrnn import LSTMClassifier, TimeDistributed
from skrnn.preprocessing import FillForward

SHARES = [0.5, 0.8]


def zeros(X):
    return [np.nan_to_num(x) for x in X]


def zeros_and_mask(X):
    return [np.hstack([np.nan_to_num(x), np.isnan(x).astype(x.dtype)]) for x in X]


def ways():
    """Name -> the steps between scaler and estimator."""
    yield "zeros", [FunctionTransformer(zeros)]
    yield "zeros and mask", [FunctionTransformer(zeros_and_mask)]
    yield "values only", [FillForward(add_indicator=False, time_since=False)]
    yield "and indicator", [FillForward(time_since=False)]
    yield "and time, bounded", [FillForward(add_indicator=False, time_since="bounded")]
    yield "both, time bounded", [FillForward(time_since="bounded")]
    yield "both: FillForward()", [FillForward()]
    yield "the same, standardised", [FillForward(), TimeDistributed(StandardScaler())]


def removed(X, share, seed):
    rng = np.random.RandomState(seed)
    return [np.where(rng.uniform(size=x.shape) < share, np.nan, x).astype(np.float32) for x in X]


def accuracies(steps, task, share, seed):
    """Held out of the training part, and on the test part."""
    X, X_test = removed(task.X, share, 2 * seed), removed(task.X_test, share, 2 * seed + 1)
    scaler = TimeDistributed(StandardScaler())
    model = make_pipeline(scaler, *steps, LSTMClassifier(random_state=seed))
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    held_out = cross_val_score(model, X, task.y, cv=folds, error_score="raise").mean()
    return held_out, model.fit(X, task.y).score(X_test, task.y_test)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    task, start = archived(loader(given.folder), "JapaneseVowels"), time.process_time()
    print("$ python benchmarks/missing_values.py FOLDER --seeds", given.seeds)
    print(f"skrnn {skrnn.__version__}; JapaneseVowels, LSTMClassifier(); {given.seeds} seeds\n")
    print("missing  way                      chosen            test")
    for share in SHARES:
        for name, steps in ways():
            found = np.array([accuracies(steps, task, share, seed) for seed in range(given.seeds)])
            error = found.std(axis=0, ddof=1) / len(found) ** 0.5 if len(found) > 1 else np.zeros(2)
            shown = "   ".join(
                f"{m:.3f} +- {e:.3f}" for m, e in zip(found.mean(axis=0), error, strict=True)
            )
            print(f"{share:>5.0%}    {name:22}  {shown}", flush=True)
    print(f"\n{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
