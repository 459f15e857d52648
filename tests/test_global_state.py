"""What skrnn must leave alone: global state at import, BLAS threads after fit, models used by threads."""

import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.utils.parallel import ThreadpoolController
from support.processes import FORKS, in_a_child, run_python
from threadpoolctl import threadpool_info, threadpool_limits

import skrnn
from skrnn._estimators import threads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IMPORT = """
    import os, signal, warnings
    import numpy as np
    import sklearn.metrics, sklearn.model_selection, sklearn.neural_network  # what they change is theirs
    from threadpoolctl import threadpool_info

    def state():
        return (
            np.geterr(), list(warnings.filters), signal.getsignal(signal.SIGINT), dict(os.environ),
            (np.full(37, 1e-310) * 1.0).all(), (np.full(37, 1e-40, np.float32) * np.float32(1)).all(),
            np.random.get_state()[1].tolist(), np.get_printoptions(),
            [(p["filepath"], p["num_threads"]) for p in threadpool_info()],
        )

    before = state()
    assert before[4:6] == (True, True)  # denormal numbers are not flushed
    import skrnn
    assert state() == before
    skrnn.RNNRegressor(2, max_iter=2, random_state=0).fit(np.eye(4), np.arange(4)).predict(np.eye(4))
    assert state()[:-1] == before[:-1]
"""


def test_import_and_fit_change_no_global_state():
    code = "import warnings; warnings.simplefilter('ignore')\n" + textwrap.dedent(IMPORT)
    run_python(code)


IMPORTED = """
    import sys
    import sklearn.metrics, sklearn.model_selection, sklearn.neural_network  # what they import is theirs
    before = set(sys.modules)
    import skrnn
    print(*sorted(set(sys.modules) - before))
    assert skrnn.forecast and skrnn.LSTMEncoderDecoder  # there without more imports
"""
NOT_NEEDED = {"sklearn.compose", "sklearn.linear_model", "matplotlib", "pandas", "torch"}


def test_import_brings_no_more_than_it_needs():
    imported = run_python(textwrap.dedent(IMPORTED)).split()
    assert "skrnn.regressors" in imported
    assert not NOT_NEEDED & {name for one in imported for name in parents(one)}


def parents(name):
    """A module and the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts) + 1)]


def blas_threads():
    return [p["num_threads"] for p in ThreadpoolController().info() if p["user_api"] == "blas"]


def noise_and_numbers(n=40):
    rng = np.random.RandomState(0)
    return rng.normal(size=(n, 6, 2)), rng.normal(size=n)


def test_overlapping_fits_restore_the_number_of_blas_threads():
    X, y = noise_and_numbers()
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        expected = skrnn.GRURegressor(8, max_iter=15, random_state=0).fit(X, y)
        models = [skrnn.GRURegressor(8, max_iter=15 + k, random_state=0) for k in range(4)]
        threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blas_threads() == before
        with pytest.raises(ValueError, match="NaN"):
            models[0].fit(X * np.nan, y)
        assert blas_threads() == before
    np.testing.assert_array_equal(models[0].predict(X), expected.predict(X))


def calls_of_training(k, X, y):
    """Fits, parts, answers and errors of one thread."""
    for j in range(10):
        model = skrnn.GRURegressor(3, max_iter=2 + (j + k) % 3, random_state=0).fit(X, y)
        model.partial_fit(X, y).predict(X)
        with pytest.raises(ValueError, match="NaN"):
            model.fit(X * np.nan, y)


def test_threads_that_train_ten_times_each_restore_the_number_of_blas_threads():
    X, y = noise_and_numbers(8)
    before = threadpool_info()
    with ThreadPoolExecutor(3) as workers:
        for work in [workers.submit(calls_of_training, k, X, y) for k in range(3)]:
            work.result()
        assert threadpool_info() == before  # and the threads still live
    assert threadpool_info() == before


@pytest.mark.slow
class TestFork:
    pytestmark = FORKS

    @pytest.mark.parametrize("random_state", [0, None])
    def test_children_forked_while_others_train_do_not_hang(self, random_state):
        X, y = noise_and_numbers(8)
        X = [x[: 2 + k % 4] for k, x in enumerate(X)]
        stop, models = threading.Event(), [skrnn.GRURegressor(3, max_iter=2) for _ in range(4)]
        for model in models:
            model.set_params(random_state=random_state)

        def others(model):
            while not stop.is_set():
                model.fit(X, y).predict(X)

        def work():
            return models[3].fit(X, y).predict(X).tobytes()

        with ThreadPoolExecutor(3) as workers:
            busy = [workers.submit(others, model) for model in models[:3]]
            try:
                for _ in range(200):
                    assert len(in_a_child(work, seconds=30)) == 8 * len(X)
            finally:
                stop.set()
            for other in busy:
                other.result()


def test_predict_by_several_threads_at_once():
    X, y = noise_and_numbers(600)
    model = skrnn.LSTMRegressor(8, max_iter=2, random_state=0).fit(X, y)
    expected, state, answers = model.predict(X), model.__getstate__(), []

    def work():
        answers.extend(np.array_equal(model.predict(X[k:]), expected[k:]) for k in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 20
    assert model.__getstate__().keys() == state.keys()


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_n_jobs_gives_the_same_bits(n_jobs):
    X, y = noise_and_numbers(600)
    model = skrnn.GRURegressor(8, max_iter=2, random_state=0).fit(X, y)
    expected = model.predict(X)
    np.testing.assert_array_equal(model.set_params(n_jobs=n_jobs).predict(X), expected)


@pytest.mark.parametrize(
    ("n_jobs", "limit", "expected"),
    [
        *[(None, None, 1), (2, None, 2), (-1, None, 4), (64, None, 4)],
        *[(4, "3", 3), (4, "1", 1), (None, "3", 1), (2, "0", 1), (2, "many", 2)],
    ],
)
def test_number_of_threads(monkeypatch, n_jobs, limit, expected):
    """n_jobs, but neither more than processors nor more than OMP_NUM_THREADS."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if limit is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    monkeypatch.setattr(threads, "cpu_count", lambda: 4)
    monkeypatch.setattr(threads, "_wanted", lambda n: {None: 1, -1: 4}.get(n, n))
    assert threads.n_threads(n_jobs) == expected


def test_a_search_that_takes_all_processors_leaves_one_thread_to_each_fit(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    n = joblib.cpu_count()
    each = joblib.Parallel(n)(joblib.delayed(threads.n_threads)(-1) for _ in range(n))
    assert each == [1] * n
