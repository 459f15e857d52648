"""An interruption from the keyboard in any line of what is set for a call: all is given back.

``tests/fuzz/interrupts.py`` interrupts whole calls at random moments.
"""

import inspect
import linecache
import pickle
import sys
import warnings

import numpy as np
import pytest
from sklearn.utils.parallel import ThreadpoolController
from threadpoolctl import threadpool_limits

import skrnn
from skrnn._estimators import blas
from skrnn._estimators.blas import one_thread

X = np.random.RandomState(0).normal(size=(6, 4, 2))
SMALL = {"hidden_size": 2, "max_iter": 1, "tol": None, "random_state": 0}


class Interruption:
    """A KeyboardInterrupt at line number ``k`` of those that are run in a file."""

    def __init__(self, file, k):
        self.file, self.k, self.happened = file, k, False

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.endswith(self.file):
            return None
        # a real one comes where a function begins, or a call in it has ended: never between the lines
        # of a generator that only enter and leave, to whose handlers one from here would not come, and
        # never where a block of "with" ends and the lock has still to be given back
        if event in ("call", "line") and not (is_generator(frame) or is_with(frame)):
            self.k -= 1
            if self.k < 0:
                self.happened = True
                sys.settrace(None)
                raise KeyboardInterrupt
        return self

    def during(self, call):
        """Run ``call``; whether it was interrupted."""
        before = sys.gettrace()
        try:
            sys.settrace(self)
            call()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        return self.happened


def is_generator(frame):
    return bool(frame.f_code.co_flags & inspect.CO_GENERATOR)


def is_with(frame):
    """Whether a frame is at a line that begins, and ends, a block of "with"."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return line.lstrip().startswith("with ")


def moments(file, call):
    """One call after the other, each interrupted a line later, until one is not."""
    k = 0
    while Interruption(file, k).during(call):
        yield k
        k += 1
    assert k > 10


def blas_threads():
    return [p["num_threads"] for p in ThreadpoolController().info() if p["user_api"] == "blas"]


def test_threads_of_blas_are_given_back():
    def work():
        with one_thread(), one_thread():
            assert set(blas_threads()) == {1}

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        for k in moments("_estimators/blas.py", work):
            assert blas_threads() == before, k
            assert not blas._limits.calls
            assert not blas._limits.lock._is_owned(), k
        work()
        assert blas_threads() == before


def test_leaving_twice_is_leaving_once():
    limits, calls = blas.Limits(), [object(), object()]
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        for call in calls:
            limits.enter(call)
        limits.leave(calls[1])
        limits.leave(calls[1])
        assert set(blas_threads()) == {1}
        limits.leave(calls[0])
        assert blas_threads() == before


def predict(model):
    model.predict(X)


def fit(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, X[:, 0, 0])


def step(model):
    model.stream().step(X[0, 0])


def forecast(model):
    table = np.empty((12, 0))
    skrnn.Forecaster(model, horizon=2).fit(table, np.arange(12.0) % 3).forecast()


@pytest.mark.filterwarnings("ignore:Training interrupted")
@pytest.mark.parametrize("call", [predict, fit, step, forecast])
def test_numpy_tells_errors_as_before(call):
    """``np.errstate`` itself is cut off: where it begins, where it ends, and everywhere between."""
    model = skrnn.GRURegressor(**SMALL).fit(X, X[:, 0, 0])
    before = np.geterr()
    for k in moments("numpy/_core/_ufunc_config.py", lambda: call(model)):
        now, _ = np.geterr(), np.seterr(**before)
        assert now == before, k


class Failing:
    """A callback that fails in one of its hooks, the k-th time."""

    def __init__(self, hook, k):
        self.hook, self.left = hook, k

    def _called(self, hook):
        if hook == self.hook:
            self.left -= 1
            if self.left < 0:
                raise ZeroDivisionError(hook)

    def setup(self, estimator, context):
        self._called("setup")

    def on_fit_task_begin(self, estimator, context):
        self._called("begin")

    def on_fit_task_end(self, estimator, context):
        self._called("end")

    def teardown(self, estimator, context):
        self._called("teardown")


OF_ALL_KINDS = {
    skrnn.GRURegressor: (X, X[:, 0, 0]),
    skrnn.LSTMEncoderDecoder: (["ab", "b"], ["b", "a"]),
    skrnn.RNNEncoderDecoderRegressor: (X, X[:, :2]),
}
MOMENTS = [("setup", 0), ("begin", 0), ("begin", 2), ("end", 0), ("end", 1), ("end", 2), ("teardown", 0)]


@pytest.mark.parametrize(("hook", "k"), MOMENTS)
@pytest.mark.parametrize("cls", OF_ALL_KINDS)
@pytest.mark.parametrize("fitted", [False, True])
def test_an_error_in_any_hook_comes_out_and_leaves_a_whole_model(cls, hook, k, fitted):
    data, model = OF_ALL_KINDS[cls], cls(**{**SMALL, "max_iter": 3})
    model = model.fit(*data) if fitted else model
    before, errors = pickle.dumps(model), np.geterr()
    with pytest.raises(ZeroDivisionError, match=hook):
        model.set_callbacks(Failing(hook, k)).fit(*data)
    model.set_callbacks()
    assert np.geterr() == errors
    assert not blas._limits.calls
    if hook == "setup" or (hook, k) == ("begin", 0):
        assert pickle.dumps(model) == before
    if hasattr(model, "weights_"):
        again = pickle.loads(pickle.dumps(model))
        assert all(np.isfinite(W).all() for W in again.weights_.values())
        assert len(again.loss_curve_) == again.n_iter_ <= 3
        again.predict(data[0])
    model.fit(*data)
