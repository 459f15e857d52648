"""Grid search over k1, k2 and the hidden size, and a saved model
==============================================================

Main job: handwritten digits read row by row, a grid search, and a model that outlives its process.

The 8 x 8 images of scikit-learn's digits are sequences of 8 steps (the rows) of 8 features. A Pipeline
of a scaler and a GRU is searched over the truncation of BPTT (k1: steps per update; k2: depth of the
gradient) and the hidden size. With one target per sequence there is one loss, at its end: k1 would do
nothing, and fit would say so. It matters here because target_replication gives every step a share of the
loss. The best pipeline is saved with joblib, and a second, fresh Python
process loads it and reproduces the predictions bit for bit.

Run: python grid_search_digits.py
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRUClassifier

GRID = {
    "gruclassifier__k1": [2, 4, None],
    "gruclassifier__k2": [2, 8],
    "gruclassifier__hidden_size": [16, 32],
}

FRESH_PROCESS = """
import sys, joblib, numpy as np
model, X, expected = (joblib.load(path) for path in sys.argv[1:])
same = np.array_equal(model.predict_proba(X), expected)
print("a fresh process reproduces the predictions bitwise:", same)
sys.exit(not same)
"""


def search(X, y):
    """Grid search over k1, k2 and hidden_size with two processes."""
    model = make_pipeline(
        MinMaxScaler(),
        GRUClassifier(
            step_features=8, target_replication=0.2, batch_size=64, max_iter=40,
            learning_rate="cosine", learning_rate_init=0.01, dtype="float32", random_state=0,
        ),
    )  # fmt: skip
    grid = GridSearchCV(model, GRID, cv=3, n_jobs=2)
    return grid.fit(X, y)


def print_table(results):
    names = [name for name in results if name.startswith("param_")]
    print(*(f"{name.split('__')[1]:>12}" for name in names), f"{'accuracy':>10}{'+-':>8}{'fit s':>8}")
    for i in np.argsort(results["rank_test_score"]):
        print(
            *(f"{results[name][i]!s:>12}" for name in names),
            f"{results['mean_test_score'][i]:>10.4f}{results['std_test_score'][i]:>8.4f}"
            f"{results['mean_fit_time'][i]:>8.2f}",
        )


def draw(results):
    """Accuracy by k2, a line for each k1 and hidden size; nothing where there is no matplotlib."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        return
    _, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    for k1, colour in zip(GRID["gruclassifier__k1"], ("#d60", "#889", "#06c"), strict=True):
        for size, style in zip(GRID["gruclassifier__hidden_size"], ("--", "-"), strict=True):
            here = {"gruclassifier__k1": k1, "gruclassifier__hidden_size": size}
            rows = [i for i, params in enumerate(results["params"]) if here.items() <= params.items()]
            k2 = [results["params"][i]["gruclassifier__k2"] for i in rows]
            label = f"k1={k1}, {size} units"
            ax.plot(k2, results["mean_test_score"][rows], "o", linestyle=style, color=colour, label=label)
    ax.set(xlabel="k2: rows that the gradient flows back", ylabel="accuracy", xticks=k2)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def reproduce_in_a_fresh_process(model, X):
    """Save with joblib, load in another Python, compare the probabilities bit for bit."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.joblib" for name in ("model", "X", "expected")]
        for value, path in zip((model, X, model.predict_proba(X)), paths, strict=True):
            joblib.dump(value, path)
        print(f"saved the best pipeline: {paths[0].stat().st_size / 1024:.0f} KiB")
        # -P: the skrnn that is installed, not a checkout in the working directory
        subprocess.run([sys.executable, "-P", "-c", FRESH_PROCESS, *map(str, paths)], check=True)


def main():
    start = time.perf_counter()
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    grid = search(X, y)
    print_table(grid.cv_results_)
    draw(grid.cv_results_)
    print("best:", {name.split("__")[1]: value for name, value in grid.best_params_.items()})
    print(f"test accuracy: {grid.score(X_test, y_test):.4f}")
    reproduce_in_a_fresh_process(grid.best_estimator_, X_test)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
