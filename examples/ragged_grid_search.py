"""Sequences of unequal length: grid search and labels per time step
=================================================================

Sequences of unequal length in a grid search: lists of arrays, no padding, no mask.

First, one label per sequence. A handwritten digit of scikit-learn's is given as its ink: the pixels that
are dark, row by row, each with three features (row, column, darkness); 16 to 34 of them, as many as there
are. A Pipeline of TimeDistributed(StandardScaler()) and a GRU is searched over the read-out (`pooling`),
`hidden_size`, and the depth of the gradient (`k2`). The best pipeline is saved with joblib and loaded
again.

Then, one label per time step. Noisy recordings of unequal length switch between "rest", "walk" and "run",
which differ in their rhythm and not in any single value; "run" is rare. The search is scored by the F1 of
the classes over all steps: sequence_scorer("f1_macro"). `target_delay` lets the answer for a step wait
for 8 steps after it.

It prints both tables. The baselines, which are asserted to be beaten, are random forests: for the digits
on mean, deviation and extremes of the same features, for the recordings on each step with the 16 before
and the 8 after it.

Run: python ragged_grid_search.py
"""

import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRUClassifier, SlidingWindow, TimeDistributed
from skrnn.metrics import sequence_scorer

SETTINGS = {"learning_rate": "cosine", "max_iter": 20, "dtype": "float32", "random_state": 0}


def pipeline(**params):
    return make_pipeline(TimeDistributed(StandardScaler()), GRUClassifier(**SETTINGS, **params))


def print_table(results):
    names = [name for name in results if name.startswith("param_")]
    print(*(f"{name.split('__')[1]:>12}" for name in names), f"{'score':>9}{'+-':>8}{'fit s':>8}")
    for i in np.argsort(results["rank_test_score"]):
        print(
            *(f"{results[name][i]!s:>12}" for name in names),
            f"{results['mean_test_score'][i]:>9.3f}{results['std_test_score'][i]:>8.3f}"
            f"{results['mean_fit_time'][i]:>8.2f}",
        )


# --- one label per sequence -------------------------------------------------------------------------


def ink(image):
    """The dark pixels of an image, row by row: (n_pixels, 3) of row, column, darkness."""
    rows, columns = np.nonzero(image > 4)
    return np.column_stack([rows, columns, image[rows, columns]])


def summaries(X):
    """One row per sequence, for a model that knows no time."""
    parts = [np.r_[x.mean(0), x.std(0), x.min(0), x.max(0), len(x)] for x in X]
    return np.array(parts)


def classify_digits():
    images, y = load_digits(return_X_y=True)
    X = [ink(image.reshape(8, 8)) for image in images]
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, test_size=0.3, random_state=0)
    lengths = [len(x) for x in X]
    print(f"{len(X)} digits of {min(lengths)} to {max(lengths)} dark pixels")
    grid = {
        "gruclassifier__pooling": ["last", "max"],
        "gruclassifier__hidden_size": [16, 32],
        "gruclassifier__k2": [8, None],
    }
    search = GridSearchCV(pipeline(batch_size=32), grid, cv=2, n_jobs=2).fit(X, y)
    print_table(search.cv_results_)
    baseline = RandomForestClassifier(random_state=0).fit(summaries(X), y)
    score, of_baseline = search.score(X_test, y_test), baseline.score(summaries(X_test), y_test)
    print(f"test accuracy: {score:.3f}; random forest on summaries: {of_baseline:.3f}")
    assert score > of_baseline + 0.03
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.joblib"
        joblib.dump(search.best_estimator_, path)
        same = np.array_equal(joblib.load(path).predict_proba(X_test), search.predict_proba(X_test))
    print("saved, loaded, and the same bit for bit:", same)
    assert same


# --- one label per time step ------------------------------------------------------------------------

RHYTHMS = {"rest": 0.0, "walk": 0.35, "run": 0.8}  # radians per step


def make_recording(rng):
    """X (n_timesteps, 2) and the activity of every step, of 4 to 8 stretches."""
    activities = rng.choice(list(RHYTHMS), p=[0.45, 0.4, 0.15], size=rng.randint(4, 9))
    labels = np.repeat(activities, rng.randint(15, 50, size=len(activities)))
    rhythm = np.array([RHYTHMS[label] for label in labels])
    phase = rng.uniform(0, 6) + np.cumsum(rhythm)
    wave = np.column_stack([np.sin(phase), np.cos(phase)])
    return wave + rng.normal(size=wave.shape), labels


def label_steps():
    rng = np.random.RandomState(0)
    X, y = zip(*(make_recording(rng) for _ in range(160)), strict=True)
    X, X_test, y, y_test = train_test_split(list(X), list(y), test_size=0.5, random_state=0)
    lengths = [len(x) for x in X]
    print(f"\n{len(X)} recordings of {min(lengths)} to {max(lengths)} steps")
    model = pipeline(return_sequences=True, class_weight="balanced", hidden_size=16, batch_size=16)
    grid = {
        "gruclassifier__k1": [10, 40],
        "gruclassifier__k2": [4, 40],
        "gruclassifier__target_delay": [0, 8],
    }
    scorer = sequence_scorer("f1_macro")
    search = GridSearchCV(model, grid, scoring=scorer, cv=2, n_jobs=2).fit(X, y)
    print_table(search.cv_results_)
    score = scorer(search, X_test, y_test)
    draw(X_test[0], y_test[0], search.predict(X_test[:1])[0])
    baseline = RandomForestClassifier(class_weight="balanced", random_state=0)
    baseline.fit(windows(X), np.concatenate(y))
    answers = baseline.predict(windows(X_test))
    of_baseline = f1_score(np.concatenate(y_test), answers, average="macro")
    print(f"test F1: {score:.3f}; random forest on 25 steps: {of_baseline:.3f}")
    assert score > of_baseline + 0.01


def draw(x, labels, answers):
    """One recording: what was measured, and below it what it was and what is said."""
    _, (top, low) = plt.subplots(
        2, 1, figsize=(9, 3), sharex=True, height_ratios=(2, 1), layout="constrained"
    )
    top.plot(x[:, 0], color="black", linewidth=0.8)
    top.set_ylabel("first reading")
    for row, (name, values) in enumerate((("answer", answers), ("truth", labels))):
        for label, colour in zip(RHYTHMS, ("#9cf", "#06c", "#d60"), strict=True):
            low.fill_between(
                np.arange(len(x)), row + 0.1, row + 0.9, where=values == label, step="mid",
                color=colour, linewidth=0, label=label if name == "truth" else None,
            )  # fmt: skip
    low.set_yticks([0.5, 1.5], ["answer", "truth"])
    low.set_xlabel("time step")
    low.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def windows(X):
    """One row per step: its features, those of the 16 steps before, and those of the 8 after."""
    longer = [np.vstack([x, np.repeat(x[-1:], 8, axis=0)]) for x in X]
    return np.concatenate([SlidingWindow(25).fit_transform(x)[8:].reshape(-1, 50) for x in longer])


def main():
    start = time.perf_counter()
    classify_digits()
    label_steps()
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
