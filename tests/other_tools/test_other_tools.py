"""Tools beside scikit-learn that people use with its estimators; run by ``.ci/interop``.

Each test is skipped where its tool is not installed. What does not work is asserted, too, so that the
page of the documentation says what is so.
"""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import ConformalRegressor, GRUClassifier, GRURegressor, TimeDistributed

pytestmark = pytest.mark.filterwarnings("default")  # those of the tools are theirs

SMALL = {"hidden_size": 8, "max_iter": 5, "tol": None, "random_state": 0}


def data(n=120):
    X = np.random.RandomState(0).normal(size=(n, 6, 2))
    return X, X[:, -1, 0] + X[:, 2, 1]


def test_optuna_searches_truncation_and_size():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    X, y = data()

    def objective(trial):
        params = {
            "k2": trial.suggest_int("k2", 1, 6),
            "hidden_size": trial.suggest_categorical("hidden_size", [2, 8]),
        }
        return cross_val_score(GRURegressor(**{**SMALL, **params}), X, y, cv=2).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=4)
    assert len(study.trials) == 4
    assert set(study.best_params) == {"k2", "hidden_size"}


def test_mlflow_logs_and_loads(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("mlflow.sklearn")
    X, y = data()
    model = make_pipeline(TimeDistributed(StandardScaler()), GRURegressor(**SMALL)).fit(X, y)
    path = tmp_path / "model"
    # skrnn is no package that mlflow knows: cloudpickle, its default, takes any estimator
    mlflow.sklearn.save_model(model, path, serialization_format="cloudpickle")
    again = mlflow.sklearn.load_model(path.as_uri())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_mapie_with_rows_that_are_sequences():
    """Its split classes probe ``predict`` with a 2-D array: rows go through, 3-D X does not."""
    regression = pytest.importorskip("mapie.regression")
    X, y = data(500)
    rows = X.reshape(500, -1)
    model = GRURegressor(step_features=2, **SMALL).fit(rows[:100], y[:100])
    split = regression.SplitConformalRegressor(model, confidence_level=0.8, prefit=True)
    _, intervals = split.conformalize(rows[100:300], y[100:300]).predict_interval(rows[300:])
    inside = (intervals[:, 0, 0] <= y[300:]) & (y[300:] <= intervals[:, 1, 0])
    assert 0.7 <= inside.mean() <= 0.9
    whole = GRURegressor(**SMALL).fit(X[:100], y[:100])
    with pytest.raises((ValueError, UserWarning), match="X is now 2-D"):
        regression.SplitConformalRegressor(whole, confidence_level=0.8, prefit=True).conformalize(
            X[100:300], y[100:300]
        ).predict_interval(X[300:])
    ours = ConformalRegressor(GRURegressor(**SMALL), levels=(0.8,)).fit(X[:300], y[:300])
    assert ours.predict_interval(X[300:]).shape == (200, 2, 1)


def test_imbalanced_learn_resamples_sequences():
    over = pytest.importorskip("imblearn.over_sampling")
    X, y = data()
    labels = (y > 1.5).astype(int)
    rows = X.reshape(len(X), -1)
    many, balanced = over.RandomOverSampler(random_state=0).fit_resample(rows, labels)
    model = GRUClassifier(step_features=2, **SMALL).fit(many, balanced)
    assert np.bincount(balanced)[0] == np.bincount(balanced)[1]
    assert model.predict(rows).shape == labels.shape


def test_shap_explains_rows():
    shap = pytest.importorskip("shap")
    X, y = data(60)
    rows = X.reshape(60, -1)
    model = GRURegressor(step_features=2, **SMALL).fit(rows, y)
    explainer = shap.explainers.Permutation(model.predict, rows[:20], seed=0)
    values = explainer(rows[:3], silent=True)
    np.testing.assert_allclose(
        values.values.sum(axis=1) + values.base_values, model.predict(rows[:3]), atol=1e-6
    )


def test_skore_reports():
    skore = pytest.importorskip("skore")
    X, y = data()
    rows = X.reshape(len(X), -1)
    model = GRURegressor(step_features=2, **SMALL)
    report = skore.EstimatorReport(
        model, X_train=rows[:80], y_train=y[:80], X_test=rows[80:], y_test=y[80:]
    )
    assert np.isfinite(report.metrics.r2())
