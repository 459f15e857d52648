"""Sample weights and class weights through fit: what they ask for comes out, however the data are cut."""

import numpy as np
import pytest

import skrnn

# that nothing has been learned from a constant X is right
without_advice = pytest.mark.filterwarnings("ignore:The model has hardly")


def rare_and_heavy(n, n_heavy, weight):
    y = np.zeros(n)
    y[:n_heavy] = 1
    y = np.random.RandomState(0).permutation(y)
    return y, np.where(y == 1, weight, 1.0)


@without_advice
@pytest.mark.parametrize("clip_norm", [1.0, None])
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 1}, {"batch_size": 32}, {"batch_size": 200, "max_iter": 200},
        {"rows": "steps", "k1": 1, "k2": 1}, {"rows": "steps", "k1": 20, "k2": 1},
    ],
    ids=["one by one", "batches", "whole", "steps", "steps by 20"],
)  # fmt: skip
@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_prediction_is_the_weighted_mean(settings, clip_norm, solver):
    """X is constant, and 10 rows of 200 weigh as much as all the others."""
    y, weight = rare_and_heavy(200, 10, 19.0)
    assert np.average(y, weights=weight) == 0.5
    X = np.ones((200, 1))
    X = X if "rows" in settings else X[:, :, None]
    rate = {"adam": 0.01, "sgd": 0.02, "rmsprop": 0.003}[solver]
    model = skrnn.RNNRegressor(
        2, learning_rate="cosine", learning_rate_init=rate, tol=None, clip_norm=clip_norm, solver=solver,
        random_state=0, **({"max_iter": 25} | settings),
    )  # fmt: skip
    model.fit(X, y, weight)
    assert np.mean(model.predict(X)) == pytest.approx(0.5, abs=0.03)


@without_advice
def test_a_rare_class_that_is_balanced_is_found_in_small_batches():
    """As well as in full ones: 2 % of noisy sequences, whose mean is raised."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(1000, 6, 1)), (np.arange(1000) % 50 == 0).astype(int)
    X += 0.7 * y[:, None, None]
    recall = {}
    for batch_size, max_iter in ((16, 6), (1000, 100)):
        model = skrnn.RNNClassifier(
            2, class_weight="balanced", batch_size=batch_size, max_iter=max_iter, pooling="mean",
            learning_rate_init=0.01, learning_rate="cosine", random_state=0, tol=None,
        )  # fmt: skip
        answers = model.fit(X, y).predict(X)
        recall[batch_size] = np.mean([np.mean(answers[y == k] == k) for k in (0, 1)])
    assert recall[1000] > 0.7
    assert recall[16] == pytest.approx(recall[1000], abs=0.05)
