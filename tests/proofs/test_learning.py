"""Slow proofs that training learns what it should, and that a k2 too short cannot: why k2 exists."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import skrnn
from skrnn.datasets import make_adding, make_temporal_order

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def single_precision(X, y):
    """What these tests compute in: float32."""
    return X.astype(np.float32), y


@pytest.mark.parametrize("cls", [skrnn.LSTMRegressor, skrnn.GRURegressor])
def test_adding_problem(cls):
    X, y = single_precision(*make_adding(3000, n_timesteps=50, random_state=0))
    X_test, y_test = single_precision(*make_adding(1000, n_timesteps=50, random_state=1))
    model = cls(
        batch_size=50, max_iter=30, learning_rate="cosine", learning_rate_init=1e-2, random_state=0
    ).fit(X, y)
    assert y_test.var() > 0.15  # what the mean would reach
    assert np.mean((model.predict(X_test) - y_test) ** 2) < 0.01


@pytest.mark.parametrize("cls", [skrnn.LSTMClassifier, skrnn.GRUClassifier])
def test_temporal_order(cls):
    X, y = single_precision(*make_temporal_order(1000, n_timesteps=50, random_state=0))
    X_test, y_test = single_precision(*make_temporal_order(500, n_timesteps=50, random_state=1))
    model = cls(
        16, batch_size=50, max_iter=25, learning_rate="cosine", learning_rate_init=1e-2, random_state=0
    ).fit(X, y)
    assert model.score(X_test, y_test) > 0.98


LAG = 8


def recall(n, T, rng):
    """Say, at every step, the bit of 8 steps ago: the error must travel 9 steps to reach it."""
    bits = rng.randint(2, size=(n, T))
    y = np.zeros((n, T), dtype=int)
    y[:, LAG:] = bits[:, :-LAG]
    weight = np.ones((n, T))
    weight[:, :LAG] = 0
    return (2 * bits - 1)[:, :, None].astype(np.float32), y, weight


@pytest.mark.parametrize("cls", [skrnn.LSTMClassifier, skrnn.GRUClassifier])
@pytest.mark.parametrize(
    ("k1", "k2", "learns"),
    [(4, 4, False), (4, 8, False), (4, 12, True), (4, 16, True), (16, 4, False)],
)
def test_k2_must_reach_back_to_what_matters(cls, k1, k2, learns):
    rng = np.random.RandomState(0)
    X, y, weight = recall(40, 400, rng)
    X_test, y_test, weight_test = recall(20, 400, rng)
    model = cls(
        16,
        k1=k1,
        k2=k2,
        return_sequences=True,
        batch_size=40,
        max_iter=15,
        tol=0,
        alpha=0,
        learning_rate_init=1e-2,
        random_state=0,
    ).fit(X, y, weight)
    accuracy = model.score(X_test, y_test, weight_test)
    assert accuracy > 0.95 if learns else accuracy < 0.75


@pytest.mark.parametrize("cls", [skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier])
def test_parity_of_the_whole_past(cls):
    """Running parity, per step: no single input says anything; lengths unequal and longer in the test."""
    rng = np.random.RandomState(0)

    def parity(n, longest):
        X = [rng.randint(2, size=(T, 1)).astype(np.float32) for T in rng.randint(2, longest, size=n)]
        return X, [np.cumsum(x[:, 0]).astype(int) % 2 for x in X]

    X, y = parity(500, 12)
    model = cls(
        24,
        return_sequences=True,
        batch_size=25,
        max_iter=60,
        learning_rate="cosine",
        learning_rate_init=1e-2,
        random_state=0,
    ).fit(X, y)
    assert model.score(*parity(200, 25)) > 0.95


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", ["reverse_strings", "read_numbers"])
def test_encoder_decoder(task, seed):
    """The two tasks of the example, on new inputs."""
    path = Path(__file__).parents[2] / "examples" / "encoder_decoder.py"
    example = runpy.run_path(str(path))
    assert example["run"](example[task], seed) >= 0.99


@pytest.mark.parametrize(
    ("k1", "k2", "learns"), [(4, 4, False), (4, 12, False), (4, 40, True), (None, None, True)]
)
def test_k2_must_reach_back_into_the_source(k1, k2, learns):
    """What stands at the start of a source is not learned from if no window gets there."""
    rng = np.random.RandomState(0)
    X = ["".join(rng.choice(list("abcd"), size=2)) + 32 * "." for _ in range(400)]
    y = [x[:2] for x in X]
    model = skrnn.LSTMEncoderDecoder(
        24, k1=k1, k2=k2, embedding_size=8, max_iter=60, learning_rate_init=0.01, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.95 if learns else model.score(X, y) < 0.3  # by chance: 1 / 16
