"""The estimator inside pipelines, searches and the like."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

import skrnn
from skrnn._estimators.unwrap import WRAPPERS, answers_per_step, unwrap, unwrap_fitted

X, Y = np.random.RandomState(0).normal(size=(30, 2)), np.arange(30.0)
MODEL = skrnn.GRURegressor(2, rows="steps", max_iter=1, tol=1e9, learning_rate="cosine")


def test_pipelines_in_searches_in_pipelines():
    inner = make_pipeline(StandardScaler(), "passthrough", MODEL)
    search = GridSearchCV(inner, {"gruregressor__hidden_size": [2]}, cv=2)
    outer = make_pipeline(FunctionTransformer(), None, search).fit(X, Y)
    inside = unwrap_fitted(outer, "this")
    assert type(inside.estimator) is skrnn.GRURegressor
    assert [type(one) for one in inside.transformers] == [FunctionTransformer, StandardScaler]
    np.testing.assert_allclose(inside.transform(X), StandardScaler().fit_transform(X))
    np.testing.assert_array_equal(inside.transform(X, 1), X)
    assert [type(one) for one in inside.wrappers] == [GridSearchCV]
    assert inside.model.facts.name == "GRURegressor"


def test_what_is_followed_is_asked_for():
    around = TransformedTargetRegressor(MODEL).fit(X, Y)
    assert unwrap(around).estimator is around
    assert type(unwrap(around, through=WRAPPERS).estimator) is skrnn.GRURegressor
    with pytest.raises(TypeError, match=r"this needs a fitted estimator of skrnn.*TransformedTargetReg"):
        unwrap_fitted(around, "this")


@pytest.mark.parametrize("unfitted", [MODEL, make_pipeline(MODEL), GridSearchCV(MODEL, {}, cv=2)])
def test_what_is_not_fitted(unfitted):
    with pytest.raises(NotFittedError):
        unwrap_fitted(unfitted, "this")


def test_answers_are_per_step_as_fitted():
    assert answers_per_step(MODEL) is None
    assert answers_per_step(StandardScaler()) is None
    sequences = np.zeros((4, 3, 1)), np.arange(12.0).reshape(4, 3)
    model = skrnn.GRURegressor(2, return_sequences=True, max_iter=1, learning_rate="cosine").fit(
        *sequences
    )
    assert answers_per_step(model.set_params(return_sequences=False))


@pytest.mark.parametrize(("name", "value"), [("n_jobs", "x"), ("n_jobs", 0.5), ("initial_state", "x")])
def test_a_parameter_inside_that_is_wrong_after_fit_is_named(name, value):
    table = X[:, :1]
    outer = make_pipeline(StandardScaler(), clone(MODEL)).fit(table, table[:, 0])
    assert len(skrnn.forecast(outer, table, 2)) == 2
    outer.set_params(**{f"gruregressor__{name}": value})
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of GRURegressor"):
        skrnn.forecast(outer, table, 2)
