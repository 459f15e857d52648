"""Searches on Ray and Spark, by their backends of joblib, are those of one machine."""

import os
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from support.documentation import python_block
from support.inside import theta_of

from skrnn import GRUClassifier

SMALL = {
    "hidden_size": 4, "random_state": 0, "max_iter": 3, "tol": None, "batch_size": 6,
    "learning_rate": "constant",
}  # fmt: skip

pytestmark = [
    pytest.mark.filterwarnings("default"),  # theirs
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture
def ray_backend():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield "ray"
    ray.shutdown()


@pytest.fixture
def spark_backend(monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    register_spark = pytest.importorskip("joblibspark").register_spark
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    session = (
        sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    )
    register_spark()
    yield "spark"
    session.stop()


@pytest.mark.parametrize("backend", ["ray", "spark"])
def test_a_search_is_that_of_one_machine(backend, request):
    name = request.getfixturevalue(f"{backend}_backend")
    X = np.random.RandomState(0).normal(size=(24, 7, 2))
    lists, y = [x[: 3 + i % 5] for i, x in enumerate(X)], X[:, -1, 0] > 0
    search = GridSearchCV(GRUClassifier(**SMALL), {"k2": [None, 2], "hidden_size": [2, 3]}, cv=2)
    for X_passed in (X, lists):
        alone = clone(search).fit(X_passed, y)
        with joblib.parallel_config(name, n_jobs=2):
            together = clone(search).fit(X_passed, y)
        scores = [one.cv_results_["mean_test_score"] for one in (together, alone)]
        np.testing.assert_array_equal(*scores)
        np.testing.assert_array_equal(*[theta_of(one.best_estimator_) for one in (together, alone)])


@pytest.mark.parametrize("backend", ["ray", "spark"])
def test_fits_use_one_thread(backend, request):
    name = request.getfixturevalue(f"{backend}_backend")

    def threads():
        os.environ.pop("OMP_NUM_THREADS", None)
        return GRUClassifier()._n_threads()

    with joblib.parallel_config(name, n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(threads)() for _ in range(4)) == [1] * 4


def test_the_block_of_the_guide_runs(spark_backend):
    X = np.random.RandomState(0).normal(size=(24, 7, 2))
    search = GridSearchCV(GRUClassifier(**SMALL), {"hidden_size": [2, 3]}, cv=2)
    names = {"joblib": joblib, "search": search, "X": X, "y": X[:, -1, 0] > 0}
    exec(python_block("register_spark()"), names)
    assert search.best_params_["hidden_size"] in (2, 3)
