"""Whether weights count for what they say, whatever batches and k1.

First part: X is constant, so that nothing can be memorised, y is 1 on 20 of 2000 rows, which weigh 99,
and 0 on the others, which weigh 1. The prediction should be the weighted mean, .5, however the data are
cut. One sequence for each row, and rows as the steps of one series; with and without clipping. The
prediction still moves with the latest batches: told is the mean over seeds, and the deviation of one.

Second part: 4000 sequences of 12 steps, of which 1 % belong to the rare class (one value is raised a
little, under noise), ``class_weight="balanced"``: balanced accuracy on 4000 others, for batches of "auto"
and for full batches; beside it without weights, and a logistic regression on all values.

Run: python benchmarks/weights.py
"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skrnn

SEEDS = range(3)
N, N_HEAVY, HEAVY = 2000, 20, 99.0


def constant_input():
    """X, y and weights of the first part, in an order that mixes the heavy rows among the others."""
    y = np.zeros(N)
    y[:N_HEAVY] = 1
    y = np.random.RandomState(0).permutation(y)
    return np.ones((N, 1)), y, np.where(y == 1, HEAVY, 1.0)


def weighted_mean(seed, **settings):
    """The mean prediction of a small network after ``max_iter`` epochs, the rate falling to zero."""
    X, y, weight = constant_input()
    steps = settings.get("rows") == "steps"
    model = skrnn.GRURegressor(
        4, learning_rate="cosine", tol=None, alpha=0, random_state=seed,
        **({"max_iter": 15, "learning_rate_init": 0.003} | settings),
    )  # fmt: skip
    model.fit(X if steps else X[:, :, None], y, weight)
    return float(np.mean(model.predict(X if steps else X[:, :, None])))


def first_part():
    cases = {f"batches of {b}": {"batch_size": b} for b in (1, 32, N)}
    cases |= {f"rows are steps, k1={k1}": {"rows": "steps", "k1": k1, "k2": 1} for k1 in (1, 20)}
    cases["rows are steps, k1=None"] = {"rows": "steps"}
    for name, settings in cases.items():
        if settings.get("batch_size") == N or name.endswith("None"):
            settings |= {"max_iter": 300, "learning_rate_init": 0.03}
        figures = []
        for clip_norm in (1.0, None):
            values = [weighted_mean(seed, clip_norm=clip_norm, **settings) for seed in SEEDS]
            figures.append(f"{np.mean(values):6.3f} +- {np.std(values):.3f}")
        print(f"{name:26} clip_norm=1: {figures[0]}   clip_norm=None: {figures[1]}", flush=True)


def rare_class(seed, n=4000, T=12, share=0.01):
    """Sequences (n, T, 2) of noise; one value of those of the rare class is raised a little."""
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(n, T, 2)), (rng.uniform(size=n) < share).astype(int)
    X[:, :, 0] += 0.35 * y[:, None]
    return X, y


def balanced_accuracies(make):
    """Of ``make(seed)`` trained on one draw, on another."""
    scores = []
    for seed in range(3):
        (X, y), (X_test, y_test) = rare_class(seed), rare_class(seed + 100)
        scores.append(balanced_accuracy_score(y_test, make(seed).fit(X, y).predict(X_test)))
    return f"balanced accuracy {np.mean(scores):.3f}  {np.round(scores, 3)}"


def second_part():
    in_batches = {"max_iter": 5, "learning_rate_init": 0.003}
    whole = {"batch_size": 4000, "max_iter": 200, "learning_rate_init": 0.01}
    for name, settings in {
        "default batches": in_batches, "full batches": whole,
        "default batches, no weights": in_batches | {"class_weight": None},
    }.items():  # fmt: skip

        def make(seed, settings=settings):
            common = {
                "class_weight": "balanced",
                "tol": None,
                "learning_rate": "cosine",
                "pooling": "mean",
            }
            return skrnn.GRUClassifier(4, **(common | settings), random_state=seed)

        print(f"{name:30} {balanced_accuracies(make)}", flush=True)
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    regression = LogisticRegression(class_weight="balanced")
    print(
        f"{'logistic regression':30} {balanced_accuracies(lambda seed: make_pipeline(flat, regression))}"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    first_part()
    second_part()
