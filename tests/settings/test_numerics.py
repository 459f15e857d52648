"""Training at the limits of numbers: rows 30 to 35 of the catalogue of bad inputs."""

import itertools
import re
import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from support.estimators import ESTIMATORS, all_six, assert_finite, first_classes, outputs
from support.misuse import (
    PER_STEP,
    SMALL,
    F,
    N,
    T,
    assert_fit_raises,
    assert_same_attributes,
    both_targets,
    good_X,
    good_y,
    public,
)

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def diverging(cls):
    params = {"hidden_size": 3, "random_state": 0, "clip_norm": None, "tol": 0, "shuffle": False}
    return cls(**params, batch_size=N // 2, learning_rate="constant")


@all_six
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("rate", [1e6, 1e30, 1e300])
def test_30_31_huge_learning_rate(cls, dtype, solver, rate):
    """Whenever it ends, the weights are finite; if it ended early, a warning says why."""
    X, y = good_X(T=3).astype(dtype), good_y(cls)
    model = diverging(cls).set_params(solver=solver, learning_rate_init=rate)
    for batch_size, max_iter in itertools.product((N // 2, N), (1, 2, 3)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.set_params(batch_size=batch_size, max_iter=max_iter).fit(X, y)
        assert_finite(model)
        assert {w.category for w in caught} == {ConvergenceWarning}
        if model.n_iter_ < max_iter:
            assert "non-finite" in str(caught[0].message)


@all_six
@pytest.mark.parametrize(
    "params",
    [{"max_iter": 1}, {"max_iter": 1, "batch_size": N}, {"max_iter": 5}, {"k1": 1, **PER_STEP}],
    ids=str,
)
def test_30_divergence_warns_and_keeps_finite_weights(cls, params):
    X, y = good_X().astype(np.float32), good_y(cls, (N, T) if "k1" in params else N)
    model = diverging(cls).set_params(solver="adam", learning_rate_init=1e39, **params)
    with pytest.warns(ConvergenceWarning, match="non-finite.*learning_rate_init") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    assert_finite(model)
    assert np.isfinite(outputs(model, X)).all()


@all_six
def test_30_early_stopping_keeps_the_best_weights_when_training_diverges(cls):
    X, y = good_X(), good_y(cls)
    model = diverging(cls).set_params(learning_rate_init=1e200, solver="sgd", early_stopping=True)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y, X_val=X, y_val=y)
    assert_finite(model)
    assert np.isfinite(outputs(model, X)).all()


HUGE = np.full((N, T, F), 1.7e308)


@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_30_not_finite_at_the_start(cls, solver):
    match = "not finite at the initial weights.*standardise X"
    assert_fit_raises(cls, HUGE, match=match, activation="relu", solver=solver)


@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
def test_30_not_finite_at_the_start_of_a_warm_start(cls, assert_same_weights):
    X, y = good_X(), good_y(cls)
    params = {**SMALL, "activation": "relu", "warm_start": True, "shuffle": False}
    model, expected = (cls(**params).fit(X, y) for _ in range(2))
    attributes = public(model)
    with pytest.raises(ValueError, match="not finite"):
        model.fit(HUGE, y)
    assert_same_attributes(public(model), attributes)
    assert_same_weights(model.fit(X, y), expected.fit(X, y))


@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
def test_30_not_finite_at_the_start_of_partial_fit(cls, assert_same_weights):
    X, y = good_X(), good_y(cls)
    classes = first_classes(cls)
    new = cls(**SMALL, activation="relu")
    with pytest.raises(ValueError, match="not finite"):
        new.partial_fit(HUGE, y, **classes)
    with pytest.raises(NotFittedError):
        new.predict(X)
    model, expected = (cls(**SMALL, activation="relu").partial_fit(X, y, **classes) for _ in range(2))
    attributes = public(model)
    with pytest.raises(ValueError, match="not finite"):
        model.partial_fit(HUGE, y)
    assert_same_attributes(public(model), attributes)
    assert_same_weights(model.partial_fit(X, y), expected.partial_fit(X, y))


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", [skrnn.RNNRegressor, skrnn.RNNClassifier])
def test_31_huge_input(cls, activation, dtype):
    X, y = (1e30 * good_X()).astype(dtype), good_y(cls)
    model = cls(**SMALL, activation=activation)
    try:
        model.fit(X, y)
    except ValueError as error:
        assert "not finite" in str(error)  # noqa: PT017
    else:
        assert_finite(model)
        assert np.isfinite(outputs(model, X)).all()


@all_six
def test_31_huge_input_of_gates(cls):
    X, y = 1e30 * good_X(), good_y(cls)
    model = cls(**SMALL).fit(X, y)
    assert_finite(model)
    assert np.isfinite(outputs(model, X)).all()


def denormals_are_there():
    for dtype, tiny in ((np.float32, 1e-40), (np.float64, 1e-310)):
        x = np.full(37, tiny, dtype=dtype)
        if not ((x * dtype(1)).all() and (x + x).all() and (x[:1] * dtype(0.5)).all()):
            return False
    return np.float64(2.0**-1074) * np.float64(1) == 2.0**-1074


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_34_denormal_numbers_are_not_flushed(cls, engine, n_jobs, dtype):
    """Not after any call, nor after one that failed; nor after the import (test_global_state.py)."""
    X, y = good_X(300).astype(dtype), good_y(cls, 300)
    model = cls(**{**SMALL, "max_iter": 1}, n_jobs=n_jobs).fit(X, y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        call(X)
        assert denormals_are_there()
        with pytest.raises(ValueError, match="NaN"):
            call(X * np.nan)
        assert denormals_are_there()


@all_six
def test_35_constant_feature_and_constant_X(cls):
    X, y = good_X(), good_y(cls)
    X[:, :, 0] = 3.0
    assert_finite(cls(**SMALL).fit(X, y))
    assert_finite(cls(**SMALL).fit(np.zeros_like(X), y))


@pytest.mark.parametrize("constant", [0.0, 3.0, -1e6, 1e-12, 1e12])
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_35_constant_y(regressor, constant, per_step, solver):
    y = np.full((N, T) if per_step else N, constant)
    model = regressor(hidden_size=3, random_state=0, solver=solver, return_sequences=per_step, tol=1e-9)
    model.fit(good_X(), y)
    np.testing.assert_allclose(model.predict(good_X()), y, rtol=1e-9, atol=0.3)
    assert np.isfinite(model.loss_)
    assert np.isfinite(model.loss_curve_).all()


def test_35_one_constant_output(regressor):
    y = np.c_[good_y(regressor), np.full(N, 5.0)]
    model = regressor(hidden_size=3, random_state=0, solver="lbfgs", tol=1e-9).fit(good_X(), y)
    np.testing.assert_allclose(model.predict(good_X())[:, 1], 5, atol=0.1)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_30_penalty_that_overflows(cls, solver):
    """A huge alpha: finite weights and losses, or an error that names it."""
    model, message = cls(**SMALL, alpha=1e308, solver=solver), ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            model.fit(good_X(), good_y(cls))
        except ValueError as error:
            message = str(error)
    if message:
        assert re.search("not finite at the initial weights.*lower alpha .now 1e.308.", message)
        return
    assert_finite(model)
    assert np.isfinite(model.loss_curve_).all()


@all_six
def test_35_lbfgs_that_has_nothing_to_do(cls):
    model = cls(**SMALL, solver="lbfgs", tol=1e9).fit(good_X(), good_y(cls))
    assert np.isfinite(model.loss_)
    assert_finite(model)


@pytest.mark.parametrize("cls", [cls for cls in ESTIMATORS if is_classifier(cls())])
@both_targets
@pytest.mark.parametrize("label", [3, "only"])
def test_35_single_class(cls, per_step, label):
    y = np.full((N, T) if per_step else N, label)
    for solver in ("adam", "lbfgs"):
        model = cls(**SMALL, solver=solver, return_sequences=per_step).fit(good_X(), y)
        assert_finite(model)
        np.testing.assert_array_equal(model.predict(good_X()), y)
        np.testing.assert_array_equal(model.predict_proba(good_X()), np.ones((*y.shape, 1)))
