"""Fits on the workers of a Dask cluster of two processes."""

import copy
import itertools
import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from support.inside import theta_of

pytest.importorskip("distributed")

from dask import delayed
from distributed import Client, LocalCluster
from distributed.comm.tcp import TCP
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold

from skrnn import GRUClassifier, GRURegressor, LSTMRegressor
from skrnn.distributed import fit

SMALL = {
    "hidden_size": 4, "random_state": 0, "max_iter": 3, "tol": None, "batch_size": 6,
    "learning_rate": "constant",
}  # fmt: skip

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Dask's own
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.xdist_group("dask"),
]


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield client


def data():
    X = np.random.RandomState(0).normal(size=(24, 7, 2))
    return X, X[:, -1, 0]


def halves(*values):
    return [tuple(value[rows] for value in values) for rows in (slice(0, 10), slice(10, None))]


def test_equal_to_one_process(client):
    X, y = data()
    w = np.random.RandomState(1).uniform(size=24)
    one = LSTMRegressor(**SMALL).fit(X, y, w)
    model = LSTMRegressor(**SMALL)
    assert fit(model, halves(X, y, w), client=client) is model
    np.testing.assert_allclose(theta_of(model), theta_of(one), rtol=0, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), one.predict(X), atol=1e-10)
    assert model.n_iter_ == one.n_iter_


def test_futures_delayed_and_several_parts_on_a_worker(client):
    X, y = data()
    one = GRUClassifier(**SMALL).fit(X, y > 0)
    workers = list(client.scheduler_info()["workers"])
    parts = [(X[a:b], (y > 0)[a:b]) for a, b in ((0, 6), (6, 12), (12, 24))]
    futures = [
        client.scatter([part], workers=[where], hash=False)[0]
        for part, where in zip(parts, [workers[0], workers[0], workers[1]], strict=True)
    ]
    model = fit(GRUClassifier(**SMALL), futures, client=client)
    np.testing.assert_allclose(theta_of(model), theta_of(one), rtol=0, atol=1e-12)
    lazily = [delayed(tuple)(part) for part in halves(X, y > 0)]  # workers cannot import this file
    model = fit(GRUClassifier(**SMALL), lazily, client=client)
    assert model.classes_.tolist() == [False, True]
    mixed = [(client.scatter(X[:10]), y[:10]), (delayed(np.copy)(X[10:]), y[10:])]
    assert fit(GRURegressor(**SMALL), mixed, client=client).n_iter_ == 3


def test_warnings_reach_the_caller(client):
    X, y = data()
    with pytest.warns(UserWarning, match="batch_size=60 is larger than the 24 sequences"):
        fit(GRURegressor(**{**SMALL, "batch_size": 60}), halves(X, y), client=client)


def test_errors_name_what_is_wrong_and_change_nothing(client):
    X, y = data()
    model = GRURegressor(**SMALL).fit(X, y)
    before = theta_of(model).copy()
    for parts, error, match in (
        ([(X[:10], y[:10]), (X[10:] * np.nan, y[10:])], ValueError, "Input X contains NaN"),
        ([(X[:10], y[:10]), (X[10:, :, :1], y[10:])], ValueError, "The parts of X differ in features"),
        ([(X[:10], y[:10]), delayed(lambda: 1 / 0)()], ZeroDivisionError, "division"),
        ([(X, y, y, y)], TypeError, "Part 0 must be a tuple"),
        ([client.submit(int, 3)], TypeError, "A part must be a tuple"),
        ([], TypeError, "parts must be a list"),
        (X, TypeError, "parts must be a list"),
    ):
        with pytest.raises(error, match=match):
            fit(model, parts, client=client)
    np.testing.assert_array_equal(theta_of(model), before)
    fit(model, halves(X, y), client=client)  # the workers are as they were


def test_a_rank_that_does_not_begin_is_named(client):
    X, y = data()
    futures = client.scatter(halves(X, y), hash=False)
    worker = client.who_has(futures)[futures[1].key][0]
    busy = client.submit(time.sleep, 4, workers=[worker], pure=False)
    with pytest.raises(ConnectionError, match=r"The ranks \[1\] have not begun within 1 s"):
        fit(GRURegressor(**SMALL), futures, client=client, timeout=1)
    busy.result()


def test_a_lost_worker_ends_in_an_error(client):
    X, y = data()
    model = GRURegressor(**{**SMALL, "max_iter": 10**6})
    pids = list(client.run(os.getpid).values())

    def kill():
        time.sleep(1)
        os.kill(pids[1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    started = time.monotonic()
    with pytest.raises(ConnectionError, match="lost"):
        fit(model, halves(X, y), client=client)
    killer.join()
    assert time.monotonic() - started < 60
    assert not hasattr(model, "weights_")
    client.wait_for_workers(2, timeout=60)
    fit(GRURegressor(**SMALL), halves(X, y), client=client)


@pytest.mark.parametrize("lies", ["scattered", "can be computed again"])
def test_all_workers_lost_end_in_an_error(client, lies):
    """Nobody is left to say so: the tasks would wait for their workers for ever."""
    X, y = data()
    model = GRURegressor(**{**SMALL, "max_iter": 10**6})
    parts = halves(X, y)
    if lies != "scattered":
        parts = [delayed(tuple)(part) for part in parts]
    pids = list(client.run(os.getpid).values())

    def kill():
        time.sleep(2)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ConnectionError, match="lost"):
        fit(model, parts, client=client, timeout=20)
    killer.join()
    assert not hasattr(model, "weights_")
    client.wait_for_workers(2, timeout=60)


def test_parts_that_no_worker_can_compute():
    """No worker comes to a cluster that has none: the call does not wait for ever."""
    options = {"n_workers": 0, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as alone:
        parts = [delayed(tuple)(part) for part in halves(*data())]
        with pytest.raises(ConnectionError, match="none has come back for 1 s"):
            fit(GRURegressor(**SMALL), parts, client=alone, timeout=1)


# --- searches -------------------------------------------------------------------------------------------


def ragged():
    X, y = data()
    return [x[: 3 + i % 5] for i, x in enumerate(X)], y > 0


def check_searches(alone, together):
    scores = [search.cv_results_["mean_test_score"] for search in (together, alone)]
    np.testing.assert_array_equal(*scores)
    assert together.cv_results_["params"] == alone.cv_results_["params"]
    if alone.refit:
        np.testing.assert_array_equal(theta_of(together.best_estimator_), theta_of(alone.best_estimator_))


GRID = {"k2": [None, 2], "hidden_size": [2, 3]}
SEARCHES = {
    "grid": GridSearchCV(GRUClassifier(**SMALL), GRID, cv=2),
    "halving": HalvingGridSearchCV(
        GRUClassifier(**SMALL), GRID, cv=2, resource="max_iter", min_resources=1, max_resources=4,
        factor=2, random_state=0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_search_on_the_cluster_is_that_of_one_machine(client, kind):
    lists, y = ragged()
    for X in (data()[0], lists) if kind == "grid" else (lists,):
        alone = clone(SEARCHES[kind]).fit(X, y)
        with joblib.parallel_config("dask", scatter=[X]):
            together = clone(SEARCHES[kind]).fit(X, y)
        check_searches(alone, together)


def test_a_list_is_sent_once_to_every_worker(client, monkeypatch):
    """With ``scatter``; without it, it travels with all twelve tasks."""
    write, sent = TCP.write, [0]

    async def counted(self, *arguments, **options):
        n = await write(self, *arguments, **options)
        sent[0] += n
        return n

    monkeypatch.setattr(TCP, "write", counted)
    X = list(np.random.RandomState(0).normal(size=(300, 200, 8)))
    search = GridSearchCV(DummyClassifier(), {"random_state": range(6)}, cv=2, refit=False)
    times = []
    for scatter in (None, [X]):
        sent[0] = 0
        with joblib.parallel_config("dask", scatter=scatter):
            clone(search).fit(X, np.arange(300) % 2)
        times.append(sent[0] / sum(x.nbytes for x in X))
    assert times[0] > 10
    assert times[1] < 3  # to each of the two workers


@pytest.mark.slow
def test_a_worker_killed_in_a_search(client):
    """Its tasks are done by the other one, which has all the data, too."""
    X, y = list(np.random.RandomState(0).normal(size=(600, 12, 2))), np.arange(600) % 2
    splits = list(KFold(3).split(X, y))
    model = GRUClassifier(hidden_size=8, max_iter=50, tol=None, random_state=0)
    search = GridSearchCV(model, {"hidden_size": [8, 12, 16, 20]}, cv=splits, refit=False)
    alone = copy.copy(search).fit(X, y)  # not a clone, which copies the splits, too
    pid, when = next(iter(client.run(os.getpid).values())), []

    def kill():
        os.kill(pid, signal.SIGKILL)
        when.append(time.monotonic())

    client.wait_for_workers(2, timeout=60)
    client.amm.stop()  # it would throw away the second copy of what is not needed at once
    killer = threading.Timer(1, kill)
    with joblib.parallel_config("dask", scatter=[X, y, *itertools.chain(*splits)]):
        killer.start()
        together = copy.copy(search).fit(X, y)
    killer.join()
    assert when[0] < time.monotonic()
    client.amm.start()
    check_searches(alone, together)
    client.wait_for_workers(2, timeout=60)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_fit_on_a_worker_uses_its_own_threads(client, n_jobs):
    """Not as many as the cluster has, also where the worker's environment does not limit them."""
    X = np.random.RandomState(0).normal(size=(256, 30, 4))
    params = {"hidden_size": 32, "batch_size": 256, "max_iter": 25, "tol": None, "random_state": 0}

    def share_of_other_threads(params):
        os.environ.pop("OMP_NUM_THREADS", None)
        model = GRURegressor(**params)
        model.partial_fit(X, X[:, -1, 0])  # what is imported is there
        before = time.process_time(), time.thread_time()
        model.fit(X, X[:, -1, 0])
        all_threads, this = time.process_time() - before[0], time.thread_time() - before[1]
        return 1 - this / all_threads

    with joblib.parallel_config("dask"):
        (share,) = joblib.Parallel()(
            [joblib.delayed(share_of_other_threads)({**params, "n_jobs": n_jobs})]
        )
    assert (share > 0.35) == (n_jobs == 2), share
