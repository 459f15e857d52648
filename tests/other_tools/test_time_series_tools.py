"""Packages of time series that people come from: aeon, sktime, river, dask-ml; run by ``.ci/interop``.

As in ``test_other_tools.py`` what does not work is asserted, too.
"""

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline

from skrnn import GRUClassifier, GRURegressor
from skrnn.preprocessing import SwapTimeAxis, from_long

pytestmark = pytest.mark.filterwarnings("default")  # those of the tools are theirs

FEW = {"max_iter": 20, "tol": None, "random_state": 0}


def time_last():
    """X (n, F, T), as aeon and sktime have it, and labels."""
    X = np.random.RandomState(0).normal(size=(80, 3, 12))
    return X, np.where(X[:, 0, -1] > X[:, 1, -2], "a", "b")


def turned():
    return make_pipeline(SwapTimeAxis(), GRUClassifier(**FEW))


# --- aeon -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ragged", [False, True])
def test_transformers_of_aeon_before_the_network(ragged):
    collection = pytest.importorskip("aeon.transformations.collection")
    X, y = time_last()
    X = [x[:, : 6 + i % 7] for i, x in enumerate(X)] if ragged else X
    model = make_pipeline(collection.Normalizer(), *[step for _, step in turned().steps])
    assert model.fit(X, y).score(X, y) > 0.8


def test_a_vote_with_a_classifier_of_aeon():
    convolution = pytest.importorskip("aeon.classification.convolution_based")
    X, y = time_last()
    rocket = convolution.MiniRocketClassifier(n_kernels=168, random_state=0)
    vote = VotingClassifier([("gru", turned()), ("rocket", rocket)], voting="soft").fit(X, y)
    assert vote.predict(X).shape == y.shape


def test_pipelines_of_aeon_take_one_channel_only():
    compose = pytest.importorskip("aeon.classification.compose")
    from aeon.transformations.collection import Normalizer

    X, y = time_last()
    pipe = compose.ClassifierPipeline([Normalizer()], turned())
    assert pipe.fit(X[:, :1], y).score(X[:, :1], y) > 0.6
    with pytest.raises(ValueError, match="cannot handle these characteristics"):
        pipe.fit(X, y)


# --- sktime ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tabular-regressor", "time-series-regressor", "axes not turned"])
def test_forecasts_by_reduction(kind):
    """Tabular: rows are sequences. The other hands over (n, 1, T): a warning unless it is turned."""
    compose = pytest.importorskip("sktime.forecasting.compose")
    series = pd.Series(np.sin(np.arange(200) / 5))
    gru = GRURegressor(random_state=0)
    model = make_pipeline(SwapTimeAxis(), gru) if kind == "time-series-regressor" else gru
    scitype = "tabular-regressor" if kind == "tabular-regressor" else "time-series-regressor"
    forecaster = compose.make_reduction(model, window_length=16, scitype=scitype)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        answer = forecaster.fit(series[:180], fh=range(1, 21)).predict()
    assert abs(answer.to_numpy().ravel() - series[180:].to_numpy()).mean() < 0.2
    is_told = any("one time step only" in str(warning.message) for warning in said)
    assert is_told == (kind == "axes not turned")


def test_tables_of_sktime():
    """A panel with two levels in its index goes through from_long; nested cells are an error."""
    convert = pytest.importorskip("sktime.datatypes").convert
    X, y = time_last()
    long = convert(X, "numpy3D", "pd-multiindex").reset_index()
    sequences, _ = from_long(long, sequence_id=long.columns[0], time=long.columns[1])
    np.testing.assert_array_equal(np.stack(list(sequences)), X.transpose(0, 2, 1))
    with pytest.raises(ValueError, match="nested table, as in sktime"):
        GRUClassifier(**FEW).fit(convert(X, "numpy3D", "nested_univ"), y)


def test_pipelines_of_sktime_want_their_own():
    compose = pytest.importorskip("sktime.classification.compose")
    from sktime.transformations.series.exponent import ExponentTransformer

    with pytest.raises(AttributeError, match="no attribute 'clone'"):
        compose.ClassifierPipeline(turned(), [ExponentTransformer()]).fit(*time_last())


def test_its_table_of_a_panel_has_channel_after_channel():
    """So that with several channels step_features reads it wrong: turn the axes in place of it."""
    reduce = pytest.importorskip("sktime.transformations.panel.reduce")
    X, _ = time_last()
    rows = np.asarray(reduce.Tabularizer().fit_transform(X))
    np.testing.assert_array_equal(rows, X.reshape(len(X), -1))


# --- river ----------------------------------------------------------------------------------------------


def test_in_a_loop_of_river():
    """Its wrapper calls partial_fit and predict; rows="steps" and "last" make time steps of the rows."""
    compat = pytest.importorskip("river.compat")
    metrics = pytest.importorskip("river.metrics")
    gru = GRURegressor(
        4, rows="steps", initial_state="last", k1=1, learning_rate="constant", random_state=0
    )
    model, early, late = compat.SKL2RiverRegressor(gru), metrics.MAE(), metrics.MAE()
    series = np.sin(np.arange(400) / 5)
    for step, (now, following) in enumerate(pairwise(series)):
        error = early if step < 100 else late
        error.update(following, model.predict_one({"level": now}))
        model.learn_one({"level": now}, following)
    assert late.get() < early.get()
    assert model.estimator.final_state_[0].shape == (1, 4)


# --- dask-ml --------------------------------------------------------------------------------------------


def rows():
    X, y = time_last()
    return X.transpose(0, 2, 1).reshape(80, -1), y


def test_predictions_of_an_array_of_dask():
    wrappers = pytest.importorskip("dask_ml.wrappers")
    da = pytest.importorskip("dask.array")
    X, y = rows()
    model = wrappers.ParallelPostFit(GRUClassifier(step_features=3, **FEW)).fit(X, y)
    answers = model.predict(da.from_array(X, chunks=(20, -1))).compute()
    np.testing.assert_array_equal(answers, model.estimator.predict(X))
    sequences = X.reshape(80, 12, 3)
    model = wrappers.ParallelPostFit(GRUClassifier(**FEW)).fit(sequences, y)
    with pytest.raises(ValueError, match="X is now 2-D"):  # it asks with two axes what comes back
        model.predict(da.from_array(sequences, chunks=(20, -1, -1)))


def test_training_on_the_blocks_of_an_array_of_dask():
    wrappers = pytest.importorskip("dask_ml.wrappers")
    da = pytest.importorskip("dask.array")
    X, y = rows()
    gru = GRUClassifier(step_features=3, learning_rate="constant", random_state=0)
    model = wrappers.Incremental(gru)
    model.fit(da.from_array(X, chunks=(20, -1)), da.from_array(y, chunks=20), classes=["a", "b"])
    assert model.estimator_.n_updates_ == 4


def test_its_grid_search():
    search = pytest.importorskip("dask_ml.model_selection").GridSearchCV
    X, y = rows()
    found = search(GRUClassifier(**FEW), {"hidden_size": [4, 8]}, cv=3, scheduler="threads")
    assert found.fit(X.reshape(80, 12, 3), y).best_params_["hidden_size"] in (4, 8)
