"""In float64 with the whole data in one batch: rows in any order, weights as copies, bit for bit."""

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from support.estimators import ESTIMATORS, ONE_OF_EACH, all_six, one_of_each

import skrnn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.usefixtures("engine"),
]


def weighted_rows(seed, n=13, T=12):
    """As scikit-learn's check: rows, labels, weights with zeros; with their copies they are one batch."""
    rng = np.random.RandomState(seed)
    X, y = rng.uniform(size=(n, T)), rng.randint(0, 3, size=n)
    weight = rng.randint(0, 4, size=n)
    return X, y, weight, rng.permutation(n)


def both(cls, X, y, weight, order, **params):
    weighted = cls(random_state=0, **params).fit(X[order], y[order], sample_weight=weight[order])
    rows = np.repeat(np.arange(len(X)), weight)
    return weighted, cls(random_state=0, **params).fit(X[rows], y[rows])


def assert_same_bits(a, b):
    assert a.loss_curve_ == b.loss_curve_
    for name, array in a.weights_.items():
        np.testing.assert_array_equal(array, b.weights_[name], err_msg=name)


@pytest.mark.parametrize(
    ("cls", "seed"), [*zip(ESTIMATORS, range(6), strict=True), *((cls, 7) for cls in ONE_OF_EACH)]
)
def test_a_weight_is_so_many_copies(cls, seed):
    assert_same_bits(*both(cls, *weighted_rows(seed), hidden_size=8, max_iter=20))


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@one_of_each
@pytest.mark.parametrize(
    "params",
    [
        {"hidden_size": (6, 3)},
        {"bidirectional": True},
        {"pooling": "mean"},
        {"pooling": "max", "bidirectional": True},
        {"pooling": "last_max"},
        {"pooling": ("mean", "last"), "bidirectional": True},
        {"weight_dropout": 0.4},
        {"k1": 2, "k2": 3},
        {"k1": 3, "k2": 2, "target_replication": 0.5},
        {"solver": "lbfgs"},
        {"solver": "sgd"},
        {"solver": "rmsprop"},
        {"step_features": 4},
    ],
    ids=str,
)
def test_in_every_setting(cls, params):
    assert_same_bits(*both(cls, *weighted_rows(3), **{"hidden_size": 7, "max_iter": 15, **params}))


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "absolute_error"},
        {"loss": "huber", "huber_delta": 0.3},
        {"loss": "poisson"},
        {"loss": "quantile", "quantile": 0.2},
        {"loss": "quantile", "quantile": [0.1, 0.5, 0.6]},
    ],
    ids=str,
)
def test_with_every_loss(params):
    """Also where training starts at a mean or quantile of y."""
    X, y, weight, order = weighted_rows(2)
    assert_same_bits(
        *both(skrnn.GRURegressor, X, y / 3.0, weight, order, hidden_size=7, max_iter=40, **params)
    )


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.3, 1: 1.7, 2: 0.1}])
def test_with_class_weights(class_weight):
    assert_same_bits(
        *both(
            skrnn.GRUClassifier, *weighted_rows(1), hidden_size=7, max_iter=40, class_weight=class_weight
        )
    )


@one_of_each
def test_unequal_lengths_and_targets_per_step(cls):
    rng = np.random.RandomState(0)
    lengths, weight = rng.randint(1, 9, size=10), rng.randint(0, 4, size=10)
    X = [rng.normal(size=(T, 2)) for T in lengths]
    for per_step in (False, True):
        if issubclass(cls, ClassifierMixin):
            y = [rng.randint(3, size=T) for T in lengths] if per_step else rng.randint(3, size=10)
        else:
            y = [rng.normal(size=T) for T in lengths] if per_step else rng.normal(size=10)
        settings = {"hidden_size": 5, "max_iter": 30, "return_sequences": per_step, "random_state": 0}
        weighted = cls(**settings).fit(X, y, sample_weight=weight)
        rows = np.repeat(np.arange(10), weight)
        repeated = cls(**settings).fit([X[i] for i in rows], [y[i] for i in rows])
        assert_same_bits(weighted, repeated)


def test_the_unit_of_y_is_not_taken_from_rows_of_weight_zero():
    X, y, weight, order = weighted_rows(0)
    y = y / 3.0
    y[weight == 0] = 1e5
    assert_same_bits(*both(skrnn.RNNRegressor, X, y, weight, order, hidden_size=4, max_iter=20))


@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.GRUClassifier])
def test_bits_do_not_depend_on_the_number_of_blas_threads(cls):
    """Nor do the initial weights: LAPACK's QR of 300 x 300 does."""
    from threadpoolctl import threadpool_limits

    rng = np.random.RandomState(0)
    X, weight = rng.normal(size=(40, 3, 2)), rng.uniform(size=40)
    y = rng.randint(2, size=40)
    models = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            models.append(cls(300, max_iter=2, random_state=0).fit(X, y, weight))
    assert_same_bits(*models)


def test_skewed_lengths_cost_no_padding():
    """One long sequence among short ones: no memory for the product of their numbers."""
    import tracemalloc

    rng = np.random.RandomState(0)
    X = [rng.normal(size=(T, 1)) for T in [2000] + [3] * 150]
    model = skrnn.GRUClassifier(32, max_iter=1, random_state=0)
    tracemalloc.start()
    model.fit(X, np.arange(151) % 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # padded, the gradient of the activations alone is 151 x 2000 x 96 x 8 = 232 MB
    assert peak < 60e6


@one_of_each
@pytest.mark.parametrize("n", [7, 15, 32])
def test_order_of_the_rows(cls, n):
    X, y, _, order = weighted_rows(0, n=n, T=5)
    one = cls(hidden_size=33, max_iter=10, random_state=0).fit(X, y)
    other = cls(hidden_size=33, max_iter=10, random_state=0).fit(X[order], y[order])
    assert_same_bits(one, other)


@all_six
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_is_predicted_the_same_alone_and_in_any_batch(cls, dtype):
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(T, 2)) for T in rng.randint(1, 30, size=50)]
    y = rng.randint(3, size=50)
    model = cls(hidden_size=9, max_iter=3, random_state=0, dtype=dtype).fit(X, y)
    method = getattr(model, "predict_proba", model.predict)
    together = method(X)
    np.testing.assert_array_equal(np.concatenate([method([x]) for x in X]), together)
    order = rng.permutation(50)
    np.testing.assert_array_equal(method([X[i] for i in order]), together[order])
