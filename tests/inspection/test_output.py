"""Arguments that name an output, a step or a part: whatever is passed, a short error names them."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import skrnn
from skrnn.inspection import (
    GateDisplay,
    SaliencyDisplay,
    TruncationDisplay,
    integrated_gradients,
    occlusion,
    permutation_importance,
    saliency,
)

X = np.random.RandomState(0).normal(size=(6, 4, 2))
TOKENS = np.arange(24).reshape(6, 4) % 3
OPTIONS = {"hidden_size": 2, "max_iter": 1, "tol": None, "random_state": 0}


@cache
def made(kind):
    if kind == "classes":
        return skrnn.GRUClassifier(**OPTIONS).fit(X, [0, 1, 2] * 2)
    if kind == "long classes":
        return skrnn.GRUClassifier(**OPTIONS).fit(X, [letter * 1000 for letter in "abcdef"])
    if kind == "labels":
        return skrnn.GRUClassifier(**OPTIONS).fit(X, np.eye(6, 3, dtype=int))
    if kind == "tokens":
        return skrnn.GRURegressor(**OPTIONS, embedding_size=2).fit(TOKENS, X[:, 0, 0])
    return skrnn.GRURegressor(**OPTIONS, return_sequences=kind == "steps").fit(
        X, X if kind == "steps" else X[:, 0, 0]
    )


def searched(metric):
    results = {"params": [{"k1": 1}, {"k1": 2}], "mean_test_r2": [0, 1], "mean_test_mse": [0, 1]}
    return TruncationDisplay.from_cv_results(results, metric=metric)


CALLS = {
    "by": lambda value: occlusion(made("numbers"), X, by=value),
    "baseline": lambda value: occlusion(made("tokens"), TOKENS, baseline=value),
    "n_steps": lambda value: integrated_gradients(made("numbers"), X, n_steps=value),
    "n_repeats": lambda value: permutation_importance(made("numbers"), X, X[:, 0, 0], n_repeats=value),
    "by ": lambda value: permutation_importance(made("numbers"), X, X[:, 0, 0], by=value),
    "kind": lambda value: SaliencyDisplay.from_estimator(made("numbers"), X, kind=value),
    "layer": lambda value: GateDisplay.from_estimator(made("numbers"), X[0], layer=value),
    "metric": searched,
    "step": lambda value: saliency(made("steps"), X, output=0, step=value),
    "step ": lambda value: saliency(made("numbers"), X, step=value),
    "output": lambda value: saliency(made("classes"), X, output=value),
    "output ": lambda value: saliency(made("long classes"), X, output=value),
    "output  ": lambda value: saliency(made("labels"), X, output=value),
    "output   ": lambda value: saliency(made("numbers"), X, output=value),
}
VALUES = {
    "long list": list(range(5000)),
    "array": np.array([0, 1]),
    "array of strings": np.array(["step", "feature"]),
    "empty array": np.array([]),
    "long string": "x" * 10_000,
    "NA": pd.NA,
    "frame": pd.DataFrame({"a": [0, 1]}),
    "dict": {},
    "far away": -(10**30),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
@pytest.mark.parametrize("name", CALLS)
def test_an_error_is_short_and_names_the_argument(name, value):
    if name in ("kind", "layer", "metric"):
        pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match=name.strip()) as error:
        CALLS[name](value)
    assert len(str(error.value)) <= 600


def test_labels_that_are_bools_are_found():
    model = skrnn.GRUClassifier(**OPTIONS).fit(X, [True, False] * 3)
    np.testing.assert_array_equal(saliency(model, X, output=True), -saliency(model, X, output=False))
