"""How many threads a call uses."""

import joblib
import pytest
from joblib.parallel import BACKENDS, ParallelBackendBase, register_parallel_backend

from skrnn._estimators.threads import n_threads


class Cluster(ParallelBackendBase):
    """A backend of other machines, which count as many cores as they have whatever is asked for."""

    default_n_jobs = -1

    def effective_n_jobs(self, n_jobs):
        return 64

    def submit(self, func, callback=None):
        raise AssertionError("threads run here")


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setattr("skrnn._estimators.threads.cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    register_parallel_backend("cluster", Cluster)
    yield "cluster"
    del BACKENDS["cluster"]


def test_cores_of_a_cluster_are_not_those_of_this_process(cluster, monkeypatch):
    assert n_threads(None) == 1
    with joblib.parallel_config(cluster):
        assert [n_threads(n) for n in (None, 1, 3, 100)] == [1, 1, 3, 8]
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert [n_threads(n) for n in (None, 3)] == [1, 2]
    monkeypatch.delenv("OMP_NUM_THREADS")
    with joblib.parallel_config("threading", n_jobs=3):
        assert [n_threads(n) for n in (None, 1, 2)] == [3, 1, 2]
