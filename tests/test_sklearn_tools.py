"""The estimators inside scikit-learn's tools: pipelines, searches, cross-validation, routing."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 18, 4, 2
SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}


def object_array(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def ragged(X):
    return [x[: 2 + i % 3] for i, x in enumerate(X)]


# a 3-D array -> the container, and what an estimator needs to read it
CONTAINERS = {
    "2-D": (lambda X: X.reshape(len(X), -1), {"step_features": F}),
    "DataFrame": (lambda X: pd.DataFrame(X.reshape(len(X), -1)).add_prefix("c"), {"step_features": F}),
    "3-D": (lambda X: X, {}),
    "list": (ragged, {}),
    "object array": (lambda X: object_array(ragged(X)), {}),
    "list of equal lengths": (list, {}),
}
containers = pytest.mark.parametrize("container", CONTAINERS)
SEQUENCES = [name for name in CONTAINERS if name not in ("2-D", "DataFrame")]
sequences = pytest.mark.parametrize("container", SEQUENCES)


@pytest.fixture(params=[skrnn.GRURegressor, skrnn.LSTMClassifier], ids=lambda cls: cls.__name__)
def cls(request):
    """The tools do not see the cell: one regressor and one classifier are enough."""
    return request.param


@pytest.fixture
def regressor():
    return skrnn.GRURegressor


@pytest.fixture
def classifier():
    return skrnn.LSTMClassifier


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def data(cls, container="3-D", n=N):
    """X in its container, y, and the parameters to read X."""
    make, params = CONTAINERS[container]
    X = np.random.RandomState(0).normal(size=(n, T, F))
    return make(X), targets(cls, n), params


def targets(cls, n=N):
    return np.arange(n) % 3 if is_classifier(cls()) else np.random.RandomState(1).normal(size=n)


def per_step(cls, X):
    """Targets for every step of sequences: a list of (T_i,) arrays."""
    rng = np.random.RandomState(2)
    return [rng.randint(3, size=len(x)) if is_classifier(cls()) else rng.normal(size=len(x)) for x in X]


def take(X, rows):
    if isinstance(X, list):
        return [X[i] for i in rows]
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def outputs(model, X):
    return getattr(model, "predict_proba", model.predict)(X)


# --- cross-validation --------------------------------------------------------------------------------


@containers
def test_cross_val_predict(cls, container):
    X, y, params = data(cls, container)
    model = cls(**SMALL, **params)
    answer = cross_val_predict(model, X, y, cv=KFold(3))
    assert answer.shape == (N,)
    training, test = next(KFold(3).split(np.arange(N)))
    fold = clone(model).fit(take(X, training), y[training])
    np.testing.assert_array_equal(answer[test], fold.predict(take(X, test)))


@containers
def test_cross_val_predict_of_probabilities(classifier, container):
    X, y, params = data(classifier, container)
    model = classifier(**SMALL, **params)
    answer = cross_val_predict(model, X, y, cv=3, method="predict_proba")
    assert answer.shape == (N, 3)
    training, test = next(StratifiedKFold(3).split(np.zeros(N), y))
    fold = clone(model).fit(take(X, training), y[training])
    np.testing.assert_array_equal(answer[test], fold.predict_proba(take(X, test)))


@pytest.mark.parametrize("container", ["2-D", "3-D"])
def test_cross_val_predict_per_step(cls, container):
    X, _, params = data(cls, container)
    y = np.array(per_step(cls, np.zeros((N, T))))
    model = cls(**SMALL, **params, return_sequences=True)
    answer = cross_val_predict(model, X, y, cv=KFold(3))
    assert answer.shape == (N, T)
    fold = clone(model).fit(X[6:], y[6:])
    np.testing.assert_array_equal(answer[:6], fold.predict(X[:6]))


@pytest.mark.parametrize("container", ["list", "object array", "list of equal lengths"])
@pytest.mark.parametrize("as_object", [False, True])
def test_cross_val_predict_per_step_of_lists(cls, container, as_object):
    X, _, _ = data(cls, container)
    y = per_step(cls, X)
    model = cls(**SMALL, return_sequences=True)
    answer = cross_val_predict(model, X, object_array(y) if as_object else y, cv=KFold(3))
    assert answer.shape == (N,)
    assert answer.dtype == object
    assert [a.shape for a in answer] == [labels.shape for labels in y]
    fold = clone(model).fit(X[6:], y[6:])
    for a, b in zip(answer[:6], fold.predict(X[:6]), strict=True):
        np.testing.assert_array_equal(a, b)


@containers
def test_cross_val_score(cls, container):
    X, y, params = data(cls, container)
    model = cls(**SMALL, **params)
    scores = cross_val_score(model, X, y, cv=KFold(3))
    training, test = next(KFold(3).split(np.arange(N)))
    fold = clone(model).fit(take(X, training), y[training])
    metric = accuracy_score if is_classifier(model) else r2_score
    assert scores.shape == (3,)
    assert scores[0] == metric(y[test], fold.predict(take(X, test)))


@sequences
def test_cross_validate_per_step(cls, container):
    """The score counts steps."""
    X, _, _ = data(cls, container)
    y = per_step(cls, X)
    model = cls(**SMALL, return_sequences=True)
    result = cross_validate(model, X, y, cv=KFold(3), return_train_score=True, return_estimator=True)
    metric = accuracy_score if is_classifier(model) else r2_score
    predicted = np.concatenate(list(result["estimator"][0].predict(X[:6])))
    assert result["test_score"][0] == pytest.approx(metric(np.concatenate(y[:6]), predicted))
    assert np.isfinite(result["train_score"]).all()


@containers
def test_train_test_split(cls, container):
    X, y, params = data(cls, container)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    rows, test_rows = train_test_split(np.arange(N), random_state=0)
    model = cls(**SMALL, **params).fit(X_train, y_train)
    expected = cls(**SMALL, **params).fit(take(X, rows), y[rows])
    np.testing.assert_array_equal(outputs(model, X_test), outputs(expected, take(X, test_rows)))
    assert np.isfinite(model.score(X_test, y_test))


@sequences
def test_group_k_fold_and_learning_curve(cls, container):
    X, y, _ = data(cls, container)
    groups = np.arange(N) // 3
    assert len(cross_val_score(cls(**SMALL), X, y, groups=groups, cv=GroupKFold(3))) == 3
    sizes, _, scores = learning_curve(cls(**SMALL), X, y, cv=KFold(3), train_sizes=[0.5, 1.0])
    assert list(sizes) == [6, 12]
    assert np.isfinite(scores).all()


# --- searches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["3-D", "list"])
def test_grid_search_over_k1_k2_and_hidden_size(container):
    X, y, params = data(skrnn.GRUClassifier, container)
    grid = {"k1": [None, 1, 10**6], "k2": [None, 2, 10**6], "hidden_size": [2, (2, 3)]}
    search = GridSearchCV(skrnn.GRUClassifier(**SMALL, **params), grid, cv=2, error_score="raise")
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.k1 == search.best_params_["k1"]
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.predict(X))
    assert search.n_features_in_ == F


def test_grid_search_in_processes():
    """The same result as in this process; k1 and k2 matter, the targets being per step."""
    X, _, _ = data(skrnn.LSTMRegressor, "list")
    y = per_step(skrnn.LSTMRegressor, X)
    grid = {"k1": [None, 1], "k2": [None, 2], "hidden_size": [2, (2, 3)]}
    model = skrnn.LSTMRegressor(**SMALL, return_sequences=True)
    one, two = (
        GridSearchCV(model, grid, cv=KFold(2), n_jobs=n_jobs, error_score="raise").fit(X, y)
        for n_jobs in (None, 2)
    )
    scores = two.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, one.cv_results_["mean_test_score"])
    assert len(np.unique(scores)) > 4
    for a, b in zip(one.predict(X), two.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_search_of_a_pipeline(classifier, method):
    X, y, params = data(classifier, "2-D")
    pipeline = Pipeline([("scale", StandardScaler()), ("rnn", classifier(**SMALL, **params))])
    grid = {"rnn__k2": [None, 2], "rnn__hidden_size": [2, 3], "scale__with_mean": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    np.testing.assert_array_equal(getattr(search, method)(X), getattr(search.best_estimator_, method)(X))


def test_randomized_search_with_a_scorer(regressor):
    X, y, _ = data(regressor)
    space = {"hidden_size": range(2, 9), "solver": ["adam", "sgd"], "pooling": ["last", "mean", "max"]}
    search = RandomizedSearchCV(
        regressor(**SMALL), space, n_iter=3, cv=2, random_state=0, error_score="raise",
        scoring=["neg_mean_squared_error", "r2"], refit="r2",
    ).fit(X, y)  # fmt: skip
    assert np.isfinite(search.cv_results_["mean_test_r2"]).all()
    assert np.isfinite(search.cv_results_["mean_test_neg_mean_squared_error"]).all()


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_search_shows_invalid_points_as_failed(cls):
    X, y, _ = data(cls)
    search = GridSearchCV(cls(**SMALL, bidirectional=True), {"k1": [None, 2]}, cv=2)
    with pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*k1=2 and bidirectional=True"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"k1": None}


# --- pipelines and meta-estimators -------------------------------------------------------------------


def test_pipeline_with_a_scaler(cls, assert_same_weights):
    X, y, params = data(cls, "2-D")
    pipeline = make_pipeline(StandardScaler(), cls(**SMALL, **params)).fit(100 * X + 7, y)
    scaled = StandardScaler().fit_transform(100 * X + 7)
    expected = cls(**SMALL, **params).fit(scaled, y)
    assert_same_weights(pipeline[-1], expected)
    np.testing.assert_array_equal(pipeline.predict(100 * X + 7), expected.predict(scaled))
    assert pipeline.score(100 * X + 7, y) == expected.score(scaled, y)
    assert pipeline.n_features_in_ == T * F


def test_pipeline_in_pandas(cls):
    X, y, params = data(cls, "DataFrame")
    pipeline = make_pipeline(StandardScaler(), cls(**SMALL, **params)).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == list(X.columns)
    assert pipeline.predict(X).shape == (N,)


@sequences
def test_pipeline_of_sequences(cls, container, assert_same_weights):
    def halve(X):
        return X / 2 if isinstance(X, np.ndarray) and X.ndim == 3 else [x / 2 for x in X]

    X, y, _ = data(cls, container)
    pipeline = make_pipeline(FunctionTransformer(halve), cls(**SMALL)).fit(X, y)
    assert_same_weights(pipeline[-1], cls(**SMALL).fit(halve(X), y))
    assert len(cross_val_score(pipeline, X, y, cv=KFold(2), error_score="raise")) == 2


def test_pipeline_partial_parameters(cls):
    pipeline = make_pipeline(StandardScaler(), cls(3, k1=2))
    name = cls.__name__.lower()
    pipeline.set_params(**{f"{name}__k2": 5})
    assert clone(pipeline)[-1].get_params() == {**cls().get_params(), "hidden_size": 3, "k1": 2, "k2": 5}


@containers
@pytest.mark.parametrize("per_step_targets", [False, True])
def test_transformed_target(regressor, container, per_step_targets):
    X, y, params = data(regressor, container)
    y = np.exp(y)
    if per_step_targets:
        if container not in ("2-D", "DataFrame", "3-D"):
            X, params = np.array(list(data(regressor)[0])), {}
        y = np.exp(np.array(per_step(regressor, np.zeros((N, T)))))
    model = regressor(**SMALL, **params, return_sequences=per_step_targets)
    outer = TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp).fit(X, y)
    np.testing.assert_allclose(outer.predict(X), np.exp(model.fit(X, np.log(y)).predict(X)), rtol=1e-10)


@containers
def test_voting_and_stacking_of_classifiers(classifier, container):
    X, y, params = data(classifier, container)
    one, two = (classifier(**{**SMALL, "random_state": seed}, **params) for seed in (0, 1))
    soft = VotingClassifier([("one", one), ("two", two)], voting="soft").fit(X, y)
    expected = (one.fit(X, y).predict_proba(X) + two.fit(X, y).predict_proba(X)) / 2
    np.testing.assert_allclose(soft.predict_proba(X), expected, rtol=1e-12)
    assert VotingClassifier([("one", one), ("two", two)]).fit(X, y).predict(X).shape == (N,)
    stack = StackingClassifier([("one", one), ("two", two)], cv=2).fit(X, y)
    assert stack.predict_proba(X).shape == (N, 3)


@containers
def test_voting_and_stacking_of_regressors(regressor, container):
    X, y, params = data(regressor, container)
    one, two = (regressor(**{**SMALL, "random_state": seed}, **params) for seed in (0, 1))
    mean = VotingRegressor([("one", one), ("two", two)]).fit(X, y)
    expected = (one.fit(X, y).predict(X) + two.fit(X, y).predict(X)) / 2
    np.testing.assert_allclose(mean.predict(X), expected, rtol=1e-12)
    assert StackingRegressor([("one", one), ("two", two)], cv=2).fit(X, y).predict(X).shape == (N,)


@pytest.mark.parametrize("container", ["3-D", "list"])
def test_calibration_and_one_against_the_rest(classifier, container):
    X, y, _ = data(classifier, container, n=30)
    for outer in (
        CalibratedClassifierCV(classifier(**SMALL), cv=2),
        OneVsRestClassifier(classifier(**SMALL)),
    ):
        p = outer.fit(X, y).predict_proba(X)
        assert p.shape == (30, 3)
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_html_and_repr(cls):
    model = cls(4, k1=2)
    for fitted in (model, model.set_params(max_iter=1).fit(*data(cls)[:2])):
        assert "k1" in fitted._repr_html_()
        assert cls.__name__ in repr(fitted)


# --- files and processes -----------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib(cls, compress, tmp_path):
    X, y, _ = data(cls, "list")
    model = cls(**SMALL).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib", compress=compress)
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    assert loaded.get_params() == model.get_params()


def test_joblib_with_a_memory_map(cls, tmp_path):
    """As workers receive models: arrays that cannot be written to."""
    X, y, _ = data(cls)
    model = cls(**SMALL, warm_start=True).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(outputs(loaded, X), outputs(model, X))
    np.testing.assert_array_equal(outputs(loaded.fit(X, y), X), outputs(model.fit(X, y), X))
    np.testing.assert_array_equal(
        outputs(loaded.partial_fit(X, y), X), outputs(model.partial_fit(X, y), X)
    )


def test_another_process_predicts_the_same_bits(tmp_path):
    """Six models, loaded and fitted anew by a fresh interpreter."""
    X, models = data(skrnn.GRURegressor)[0], []
    for cls in (getattr(skrnn, name) for name in skrnn.__all__ if name.endswith(("or", "er"))):
        models.append(cls(**SMALL).fit(X, targets(cls)))
    expected = [outputs(model, X) for model in models]
    joblib.dump((models, X, [targets(type(model)) for model in models]), tmp_path / "models")
    code = f"""
        import joblib, warnings
        warnings.simplefilter("ignore")
        models, X, y = joblib.load({str(tmp_path / "models")!r})
        answer = lambda m: getattr(m, "predict_proba", m.predict)(X)
        answers = [answer(m) for m in models], [answer(m.fit(X, t)) for m, t in zip(models, y)]
        joblib.dump(answers, {str(tmp_path / "answers")!r})
    """
    path = os.pathsep.join([str(Path(skrnn.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, env={**os.environ, "PYTHONPATH": path}
    )
    loaded, fitted = joblib.load(tmp_path / "answers")
    for a, b, c in zip(expected, loaded, fitted, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


# --- metadata routing --------------------------------------------------------------------------------


@containers
def test_sample_weight_through_a_pipeline(cls, container, routing, assert_same_weights):
    X, y, params = data(cls, container)
    weight = np.random.RandomState(0).uniform(size=N)
    model = cls(**SMALL, **params)
    expected = clone(model).fit(X, y, weight)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = make_pipeline(FunctionTransformer(), model).fit(X, y, sample_weight=weight)
    assert_same_weights(pipeline[-1], expected)
    assert pipeline.score(X, y, sample_weight=weight) == expected.score(X, y, weight)


@pytest.mark.parametrize("container", ["2-D", "list"])
def test_sample_weight_through_a_search(cls, container, routing):
    X, y, params = data(cls, container)
    weight = np.random.RandomState(0).uniform(0.1, 1, size=N)
    model = cls(**SMALL, **params)
    scores = []
    for training, test in KFold(2).split(np.arange(N)):
        fold = clone(model).fit(take(X, training), y[training], weight[training])
        scores.append(fold.score(take(X, test), y[test], weight[test]))
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), model), {f"{cls.__name__.lower()}__alpha": [1e-4]},
        cv=KFold(2), error_score="raise",
    )  # fmt: skip
    search.fit(X, y, sample_weight=weight)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(scores), rel=1e-12)


def test_weights_of_steps_through_a_search(cls, routing):
    X, _, _ = data(cls, "list")
    y = per_step(cls, X)
    weight = [np.linspace(0.1, 1, len(x)) for x in X]
    model = cls(**SMALL, return_sequences=True)
    expected = clone(model).fit(X, y, weight)
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"alpha": [1e-4]}, cv=KFold(2), error_score="raise")
    search.fit(X, y, sample_weight=weight)
    for a, b in zip(search.predict(X), expected.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_X_val_through_a_pipeline(cls, routing, assert_same_weights):
    """transform_input sends X_val through the scaler; without, it arrives as it is."""
    X, y, params = data(cls, "2-D")
    X_val = np.random.RandomState(5).normal(size=(7, T * F))
    y_val = targets(cls, 7)
    scaler = StandardScaler().fit(100 * X)
    model = cls(**SMALL, **params, early_stopping=True)
    expected = clone(model).fit(
        scaler.transform(100 * X), y, X_val=scaler.transform(100 * X_val), y_val=y_val
    )
    model.set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("rnn", model)], transform_input=["X_val"])
    pipeline.fit(100 * X, y, X_val=100 * X_val, y_val=y_val)
    assert_same_weights(pipeline[-1], expected)
    assert pipeline[-1].validation_loss_curve_ == expected.validation_loss_curve_
    search = GridSearchCV(pipeline, {"rnn__hidden_size": [3]}, cv=KFold(2), error_score="raise")
    search.fit(100 * X, y, X_val=100 * X_val, y_val=y_val)
    assert_same_weights(search.best_estimator_[-1], expected)


@pytest.mark.parametrize("container", ["2-D", "3-D", "list"])
def test_sample_weight_without_routing(cls, container, assert_same_weights):
    """The old way: step__sample_weight in a pipeline, plain keywords in a search."""
    X, y, params = data(cls, container)
    weight = np.random.RandomState(0).uniform(0.1, 1, size=N)
    expected = cls(**SMALL, **params).fit(X, y, weight)
    pipeline = Pipeline([("same", FunctionTransformer()), ("rnn", cls(**SMALL, **params))])
    assert_same_weights(pipeline.fit(X, y, rnn__sample_weight=weight)[-1], expected)
    search = GridSearchCV(cls(**SMALL, **params), {"alpha": [1e-4]}, cv=KFold(2), error_score="raise")
    assert_same_weights(search.fit(X, y, sample_weight=weight).best_estimator_, expected)
