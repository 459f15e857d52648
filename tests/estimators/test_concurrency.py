"""One estimator in several threads: whatever they do, none of them fails, and the last fit counts."""

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn.preprocessing import SlidingWindow, TimeDistributed, TokenEncoder

X = np.random.RandomState(0).normal(size=(12, 4, 2))
y = X[:, 0, 0]


@pytest.fixture
def eager():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(autouse=True)
def _quiet():
    # the filters of pytest.mark hold for all threads, but are changed by what threads catch
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Callback:
    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass


def in_threads(work, n=4):
    with ThreadPoolExecutor(n) as workers:
        for result in [workers.submit(work) for _ in range(n)]:
            result.result()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("callbacks", [[], [Callback()]], ids=["alone", "with callbacks"])
@pytest.mark.parametrize("params", [{}, {"warm_start": True}, {"early_stopping": True}])
def test_fits_of_one_estimator_at_a_time(callbacks, params):
    model = skrnn.GRURegressor(2, max_iter=3, random_state=0, **params).set_callbacks(*callbacks)
    model.fit(X, y)
    attributes = set(vars(model))

    def work():
        for _ in range(10):
            model.fit(X, y)
            if not params:
                model.partial_fit(X, y)
            assert np.isfinite(model.predict(X)).all()
            with pytest.raises(ValueError, match="NaN"):
                model.fit(X * np.nan, y)

    in_threads(work)
    assert set(vars(model)) == attributes
    assert model.n_iter_ >= 3
    if "warm_start" not in params:
        alone = skrnn.GRURegressor(2, max_iter=3, random_state=0, **params).fit(X, y)
        np.testing.assert_array_equal(model.fit(X, y).predict(X), alone.predict(X))


@pytest.mark.usefixtures("eager")
def test_the_last_to_finish_is_published():
    slow, other = threading.Event(), skrnn.GRURegressor(2, max_iter=5, random_state=0)

    class Wait(Callback):
        def on_fit_task_end(self, estimator, context):
            if threading.current_thread() is not threading.main_thread():
                assert slow.wait(60)

    other.set_callbacks(Wait())
    with ThreadPoolExecutor(1) as worker:
        result = worker.submit(other.fit, X, -y)
        other.fit(X, y)
        slow.set()
        result.result()
    alone = skrnn.GRURegressor(2, max_iter=5, random_state=0).fit(X, -y)
    np.testing.assert_array_equal(other.predict(X), alone.predict(X))


def test_a_fit_that_fails_does_not_take_back_what_another_has_published():
    model, go_on, begun = skrnn.GRURegressor(2, max_iter=5), threading.Event(), threading.Event()

    class Fail(Callback):
        def on_fit_task_begin(self, estimator, context):
            if threading.current_thread() is not threading.main_thread():
                begun.set()
                assert go_on.wait(60)
                raise RuntimeError("enough")

    model.set_callbacks(Fail())
    with ThreadPoolExecutor(1) as worker:
        result = worker.submit(model.fit, X, y)
        assert begun.wait(60)
        model.fit(X, y)
        expected = model.predict(X)
        go_on.set()
        with pytest.raises(RuntimeError, match="enough"):
            result.result()
    np.testing.assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_while_callbacks_are_shown_a_fit(method):
    """From what was there before: what is shown is still being trained."""
    params = {"max_iter": 3, "random_state": 0, "warm_start": True}
    model, begun, go_on = skrnn.GRURegressor(2, **params).fit(X, y), threading.Event(), threading.Event()
    expected = skrnn.GRURegressor(2, **params).fit(X, y)

    class Wait(Callback):
        def on_fit_task_end(self, estimator, context):
            if threading.current_thread() is not threading.main_thread():
                begun.set()
                assert go_on.wait(60)

    model.set_callbacks(Wait())
    with ThreadPoolExecutor(1) as worker:
        result = worker.submit(model.fit, X, -y)
        assert begun.wait(60)
        try:
            assert model.loss_curve_[:3] == expected.loss_curve_
            assert len(model.loss_curve_) == 4
            getattr(model, method)(X, y)
            found = model.predict(X)
        finally:
            go_on.set()
        result.result()
    np.testing.assert_array_equal(found, getattr(expected, method)(X, y).predict(X))


TRANSFORMERS = {
    "tokens": (TokenEncoder(), ["abc", "a", "cab"]),
    "steps": (TimeDistributed(StandardScaler()), X),
    "windows": (SlidingWindow(2), X[:, :, 0]),
}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name):
    transformer, data = TRANSFORMERS[name]

    def work():
        for _ in range(30):
            transformer.fit(data)

    in_threads(work)
    assert len(transformer.transform(data))


def test_answers_while_it_is_fitted_anew():
    model, stop = skrnn.GRUClassifier(2, max_iter=1, random_state=0).fit(X, y > 0), threading.Event()
    expected = model.predict_proba(X)

    def ask():
        while not stop.is_set():
            np.testing.assert_array_equal(model.predict_proba(X), expected)

    with ThreadPoolExecutor(1) as worker:
        asking = worker.submit(ask)
        for _ in range(30):
            model.fit(X, y > 0)
        stop.set()
        asking.result()


class Watched(dict):
    """The attributes of an estimator; ``gone`` are those that were taken away."""

    gone = ()

    def pop(self, name, *default):
        self.gone = (*self.gone, name.partition(" ")[0])
        return super().pop(name, *default)


def test_there_is_no_moment_without_a_model():
    frame = pytest.importorskip("pandas").DataFrame(X[:, :, 0], columns=list("abcd"))
    model = skrnn.GRURegressor(2, max_iter=1).fit(frame, y)
    model.__dict__ = attributes = Watched(vars(model))
    model.fit(X[:, :, 0], y)
    assert "_tasks" in attributes.gone
    assert {name for name in attributes.gone if name.endswith("_")} == {"feature_names_in_"}
    assert "_fitted" not in attributes.gone


def test_an_estimator_that_is_not_fitted_says_so():
    model = skrnn.GRURegressor(2)
    with pytest.raises(AttributeError, match="only there in fit"):
        _ = model._tasks
    with pytest.raises(AttributeError, match="only there in fit"):
        del model._tasks
    with pytest.raises(NotFittedError):
        model.predict(X)
