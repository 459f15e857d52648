"""Weights and validation data on their way through searches, pipelines and nested cross-validation.

The same for every tool: the table in test_tools.py.
"""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from support.data import F, learnable, noise_step_targets, take, uneven_weights
from support.estimators import outputs
from support.versions import needs_sklearn

routed_score_of_a_pipeline = needs_sklearn("1.8", "a search scores a pipeline without weights")

N = 24
# converged by decree: no warnings
SMALL = {
    "hidden_size": 3, "max_iter": 20, "learning_rate": "constant", "tol": 1e6, "n_iter_no_change": 3,
    "random_state": 0,
}  # fmt: skip
RATES = [1e-6, 0.1]
CONTAINERS = ["2-D", "3-D", "list"]
INNER, OUTER = KFold(2), KFold(3)


def make_pipeline(model):
    """With a scaler where scikit-learn has one for X; with routing on the model wants weights."""
    scaler = StandardScaler() if model.step_features == F else FunctionTransformer()
    if sklearn.get_config()["enable_metadata_routing"]:
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        if isinstance(scaler, StandardScaler):
            scaler.set_fit_request(sample_weight=False)
    return Pipeline([("scale", scaler), ("rnn", model)])


class ByHand:
    """The pipeline above for one learning rate, without scikit-learn's tools."""

    def __init__(self, model, rate):
        self.model = clone(model).set_params(learning_rate_init=rate)

    def fit(self, X, y, w):
        table = self.model.step_features == F
        self.mean, self.std = (np.mean(X, axis=0), np.std(X, axis=0)) if table else (0, 1)
        self.model.fit(self.scale(X), y, w)
        return self

    def scale(self, X):
        return (X - self.mean) / self.std if isinstance(X, np.ndarray) else X

    def score(self, X, y, w):
        return self.model.score(self.scale(X), y, w)

    def outputs(self, X):
        return outputs(self.model, self.scale(X))


def score_by_hand(model, rate, X, y, w, cv):
    """The mean score of one candidate over the folds."""
    scores = []
    for training, test in cv.split(np.arange(len(y))):
        fold = ByHand(model, rate).fit(take(X, training), y[training], w[training])
        scores.append(fold.score(take(X, test), y[test], w[test]))
    return np.mean(scores)


def search_by_hand(model, X, y, w, cv):
    """The scores of the candidates, and the best one fitted to everything."""
    scores = [score_by_hand(model, rate, X, y, w, cv) for rate in RATES]
    return scores, ByHand(model, RATES[np.argmax(scores)]).fit(X, y, w)


def search_of(model, **options):
    return GridSearchCV(
        make_pipeline(model), {"rnn__learning_rate_init": RATES}, error_score="raise", **options
    )


# --- nested cross-validation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "weighted", "n_jobs"),
    [
        ("2-D", False, None),
        pytest.param("3-D", False, 2, marks=pytest.mark.slow),
        pytest.param("2-D", True, 2, marks=[routed_score_of_a_pipeline, pytest.mark.slow]),
        pytest.param("list", True, None, marks=routed_score_of_a_pipeline),
    ],
)
def test_nested_cross_validation(cls, container, weighted, n_jobs):
    """A search of a pipeline within each fold; with routing, the weights reach every fit and score."""
    X, y, params = learnable(cls, container, n=N)
    w = uneven_weights(N)
    with sklearn.config_context(enable_metadata_routing=weighted):
        search = search_of(cls(**SMALL, **params), cv=INNER)
        scores = cross_val_score(
            search, X, y, cv=OUTER, n_jobs=n_jobs, error_score="raise",
            params={"sample_weight": w} if weighted else None,
        )  # fmt: skip
    if not weighted:
        w = np.ones(N)
    right = []
    for training, test in OUTER.split(np.arange(N)):
        X_train, y_train, w_train = take(X, training), y[training], w[training]
        _, best = search_by_hand(cls(**SMALL, **params), X_train, y_train, w_train, INNER)
        right.append(best.score(take(X, test), y[test], w[test]))
    np.testing.assert_allclose(scores, right, rtol=1e-9)
    assert np.ptp(right) > 0.01


# --- sample_weight -----------------------------------------------------------------------------------


@routed_score_of_a_pipeline
@pytest.mark.parametrize("container", CONTAINERS)
def test_weights_through_a_search_of_a_pipeline(cls, container, routing):
    X, y, params = learnable(cls, container, n=N)
    search = search_of(cls(**SMALL, **params), cv=INNER).fit(X, y, sample_weight=uneven_weights(N))
    scores, best = search_by_hand(cls(**SMALL, **params), X, y, uneven_weights(N), INNER)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], scores, rtol=1e-9)
    np.testing.assert_allclose(outputs(search, X), best.outputs(X), rtol=1e-9)
    score = search.score(X, y, sample_weight=uneven_weights(N))
    assert score == pytest.approx(best.score(X, y, uneven_weights(N)), rel=1e-9)
    ones, unweighted = search_by_hand(cls(**SMALL, **params), X, y, np.ones(N), INNER)
    assert np.abs(np.subtract(ones, scores)).max() > 0.001
    assert np.abs(unweighted.outputs(X) - best.outputs(X)).max() > 0.01


@pytest.mark.parametrize("container", CONTAINERS)
def test_weights_through_a_search_of_a_pipeline_without_routing(cls, container):
    """Addressed to the step; scores are not weighted, and choose between candidates far apart."""
    X, y, params = learnable(cls, container, n=N)
    search = search_of(cls(**SMALL, **params), cv=INNER).fit(X, y, rnn__sample_weight=uneven_weights(N))
    best, unweighted = (
        ByHand(cls(**SMALL, **params), 0.1).fit(X, y, w) for w in (uneven_weights(N), np.ones(N))
    )
    np.testing.assert_allclose(outputs(search, X), best.outputs(X), rtol=1e-9)
    assert np.abs(unweighted.outputs(X) - best.outputs(X)).max() > 0.01


@routed_score_of_a_pipeline
def test_weights_of_zero_leave_sequences_out(cls, routing, assert_same_weights):
    """Through a search and a pipeline as in the model itself."""
    X, y, _ = learnable(cls, "list", n=N)
    w = (np.arange(N) % 4 > 0).astype(float)
    search = search_of(cls(**SMALL), cv=INNER).fit(X, y, sample_weight=w)
    rows = np.flatnonzero(w)
    right = clone(search.best_estimator_[-1]).fit(take(X, rows), y[rows])
    assert_same_weights(search.best_estimator_[-1], right)


@pytest.mark.parametrize("asks", [True, False])
def test_requests_decide_who_gets_the_weights(cls, asks, routing, assert_same_weights):
    """Without a request scikit-learn stops, rather than lose the weights."""
    X, y, _ = learnable(cls, "3-D", n=N)
    pipeline = Pipeline([("same", FunctionTransformer()), ("rnn", cls(**SMALL))])
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="set_fit_request"):
        pipeline.fit(X, y, sample_weight=uneven_weights(N))
    pipeline[-1].set_fit_request(sample_weight=asks)
    if asks:
        pipeline.fit(X, y, sample_weight=uneven_weights(N))
        assert_same_weights(pipeline[-1], cls(**SMALL).fit(X, y, uneven_weights(N)))
        return
    with pytest.raises(TypeError, match="unexpected argument"):
        pipeline.fit(X, y, sample_weight=uneven_weights(N))


def test_weights_of_steps_through_a_search(cls, routing):
    X, _, _ = learnable(cls, "list", n=N)
    y = noise_step_targets(cls, [len(x) for x in X], 2)
    w = [np.linspace(0.1, 1, len(x)) for x in X]
    model = cls(**SMALL, return_sequences=True)
    right = clone(model).fit(X, y, w)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"alpha": [model.alpha]}, cv=INNER, error_score="raise")
    search.fit(X, y, sample_weight=w)
    for a, b in zip(search.predict(X), right.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    scores = cross_validate(model, X, y, cv=INNER, params={"sample_weight": w})["test_score"]
    assert np.mean(scores) == search.cv_results_["mean_test_score"][0]
    first, second = next(INNER.split(X))
    fold = clone(model).fit(*(take(part, first) for part in (X, y, w)))
    assert scores[0] == fold.score(*(take(part, second) for part in (X, y, w)))


# --- validation data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
def test_X_val_through_a_pipeline(cls, early_stopping, routing, assert_same_weights):
    """transform_input sends X_val through the scaler; without, it arrives as it is."""
    X, y, params = learnable(cls, "2-D", n=N)
    X, X_val, y, y_val = 100 * X[:17], 100 * X[17:], y[:17], y[17:]
    scaler = StandardScaler().fit(X)
    model = cls(**SMALL, **params, early_stopping=early_stopping)
    right = clone(model).fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    model.set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("rnn", model)], transform_input=["X_val"])
    pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_weights(pipeline[-1], right)
    assert pipeline[-1].validation_loss_curve_ == right.validation_loss_curve_
    assert len(right.validation_loss_curve_) == right.n_iter_
    if not early_stopping:  # recorded, and nothing else
        assert_same_weights(right, clone(model).fit(scaler.transform(X), y))
    search = GridSearchCV(pipeline, {"rnn__hidden_size": [3]}, cv=INNER, error_score="raise")
    search.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_weights(search.best_estimator_[-1], right)
