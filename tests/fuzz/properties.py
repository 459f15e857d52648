"""What must hold for every case: ``check(case)`` raises an AssertionError where it does not.

fit, or what the case says in its place, either raises an error that a user can read (``readable``), and
leaves the estimator as it was; or the model is finite, and its answers are of the right shape and type
and do not depend on what must not matter (``AFTER_FIT``, one function for each).
"""

import copy
import pickle
import tempfile
import threading
import traceback
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import clone, is_classifier

import skrnn
from fuzz.builders import build
from skrnn import _kernels

LONGEST = 700  # characters of a message
ROOT = Path(skrnn.__file__).parent
# whose own messages are for users
SPEAK = (str(ROOT), "sklearn", "pandas", "polars", "joblib")


def check(case):
    """The digest of what came out; an AssertionError if a property does not hold."""
    case = copy.deepcopy(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in (RuntimeWarning, DeprecationWarning, FutureWarning):
            warnings.simplefilter("error", kind)
        data = build(case)
        if case["kind"] == "transformer":
            return check_transformer(case, data)
        return check_estimator(case, data)


def readable(error):
    """Raise unless the error is one that was written for users: of the right kind, short, and ours."""
    frames = traceback.extract_tb(error.__traceback__)
    outside_numpy = [frame.filename for frame in frames if "numpy" not in frame.filename]
    if isinstance(error, RuntimeWarning) and "sklearn" in outside_numpy[-1]:
        return  # of a transformer that was passed
    said = f"{type(error).__name__}: {error}\n" + "".join(traceback.format_tb(error.__traceback__)[-6:])
    assert isinstance(error, (ValueError, TypeError, MemoryError, ImportError)), said
    assert 0 < len(str(error)) <= LONGEST, said
    assert any(name in frames[-1].filename for name in SPEAK), f"raised from inside: {said}"


def attempt(call):
    """What a call returns, and the error that it raised in its place."""
    try:
        return call(), None
    except Exception as error:
        readable(error)
        return None, error


# --- estimators -------------------------------------------------------------------------------------


def check_estimator(case, data):
    estimator = data.estimator
    before = fitted_earlier(case, estimator)
    kept = bytes_of(data) if "unchanged" in case["then"] else None
    _, error = attempt(lambda: train(case, data, estimator))
    assert kept is None or bytes_of(data) == kept, "the data were changed"
    if error is not None:
        assert pickle.dumps(estimator) == before, f"changed by a call that raised {error!r}"
        return f"{type(error).__name__}"
    for name, W in exact_weights(estimator).items():
        assert np.isfinite(W).all(), f"{name} is not finite"
    answer, error = attempt(lambda: answers(data, estimator))
    if error is not None:
        assert case["kind"] == "forecaster" or "finite" in str(error) or "fewer" in str(error), repr(
            error
        )
        return f"{type(error).__name__}"
    expected_form(case, data, answer[0])
    for name in case["then"]:
        AFTER_FIT[name](case, data, answer)
    return digest(answer)


def exact_weights(estimator):
    """Those in units of y may be beyond the dtype."""
    in_units_of_y = getattr(estimator, "weights_", {})  # without a warning
    return getattr(estimator, "exact_weights_", in_units_of_y)


def bytes_of(data):
    """The data as bytes, to be compared with what they are after a call; nothing of a generator."""
    try:
        return pickle.dumps((data.X, data.y, data.weight))
    except TypeError:
        return b""


def fitted_earlier(case, estimator):
    """The state before the call: perhaps after a fit to good data, of which nothing may be lost."""
    if case["earlier"] and case["kind"] == "sequences":
        X = np.random.RandomState(0).normal(size=(4, 3, 2))
        y = np.arange(4) % 2
        wanted = estimator.get_params(deep=False)
        estimator.set_params(**type(estimator)(hidden_size=2, max_iter=1, tol=None).get_params())
        estimator.fit(X, y)
        estimator.set_params(**wanted)
    return pickle.dumps(estimator)


def train(case, data, estimator):
    """The call of the case: fit, a part, or parts from a stream."""
    arguments = data.arguments()
    if case["kind"] in ("forecaster", "conformal"):
        arguments.pop("X_val", None)
        arguments.pop("y_val", None)
    if case["kind"] == "forecaster":
        return estimator.fit(data.X, data.y)
    if case["method"] == "fit" or not hasattr(estimator, "partial_fit"):
        return estimator.fit(data.X, data.y, **arguments)
    if case["method"] == "fit_stream" and case["kind"] == "sequences":
        part = (data.X, data.y, *([] if data.weight is None else [data.weight]))
        return skrnn.fit_stream(estimator, [lambda: part, lambda: part], epochs=2)
    if is_classifier(estimator) and not (case["earlier"] and case["kind"] == "sequences"):
        arguments["classes"] = classes_of(data.y)
    return estimator.partial_fit(data.X, data.y, **arguments)


def classes_of(y):
    try:
        flat = np.concatenate([np.ravel(v) for v in y]) if isinstance(y, list) else np.ravel(y)
        y = np.asarray(y) if not isinstance(y, list) else None
        return (
            np.arange(y.shape[1])
            if y is not None and y.ndim == 2 and y.shape[1] == 2
            else np.unique(flat)
        )
    except (ValueError, TypeError):
        return [0, 1]


def answers(data, estimator, X=None):
    """What the estimator says of X: predictions first."""
    X = (data.X_val if is_forecaster(estimator) else data.X) if X is None else X
    names = ["predict", "predict_proba", "predict_interval"]
    if is_forecaster(estimator) and estimator.levels is None:
        names = names[:1]
    return [getattr(estimator, name)(X) for name in names if hasattr(estimator, name)]


def is_forecaster(estimator):
    return isinstance(estimator, skrnn.Forecaster)


def expected_form(case, data, answer):
    """As many answers as sequences, each as long as its targets, of their type."""
    if is_forecaster(data.estimator):
        assert len(answer) == len(data.X_val)
        return
    assert len(answer) == len(data.y)
    if case["kind"] == "pairs":
        return
    for one in answer if isinstance(answer, (list, np.ndarray)) else []:
        one = np.asarray(one)
        if one.dtype.kind == "f":
            assert np.isfinite(one).all() or tells_overflow(data), "an answer is not finite"
    is_number = case["kind"] != "sequences" or not is_classifier(data.estimator)
    if is_number and isinstance(answer, np.ndarray) and answer.dtype != object:
        float32 = case["params"].get("dtype") == "float32"
        expected = "float32" if float32 else None
        assert answer.dtype.kind == "f"
        assert expected is None or answer.dtype == expected or is_conformal(data.estimator)


def tells_overflow(data):
    """Whether predict warns of answers beyond the dtype."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data.estimator.predict(data.X)
    return any("is not finite" in str(one.message) for one in said)


def is_conformal(estimator):
    return isinstance(estimator, skrnn.ConformalRegressor)


def pieces(answer):
    """An answer as a list of arrays, or of tokens."""
    return [np.asarray(one) if not isinstance(one, (list, str)) else one for one in answer]


def same(a, b, what, *, exactly=True):
    """The same answers, bit for bit, or to rounding error."""
    for one, other in zip(a, b, strict=True):
        assert len(one) == len(other), what
        for x, y in zip(pieces(one), pieces(other), strict=True):
            if exactly or np.asarray(x).dtype.kind not in "fc":
                assert np.array_equal(x, y, equal_nan=np.asarray(x).dtype.kind == "f"), f"{what}: {x} {y}"
            else:
                np.testing.assert_allclose(
                    x, y, rtol=1e-4, atol=1e-4 * (1 + np.abs(x).max()), err_msg=what
                )


def digest(answer):
    """A short text of the bits of answers, to be compared between processes."""
    parts = [np.asarray(x).tobytes() if np.asarray(x).dtype.kind in "fiub" else repr(x).encode()
             for one in answer for x in pieces(one)]  # fmt: skip
    import hashlib

    return hashlib.sha256(b"|".join(parts)).hexdigest()[:16]


def kernels():
    return _kernels.build is not None


# --- after fit --------------------------------------------------------------------------------------


def alone(case, data, answer):
    """A sequence by itself, and all of them in another order."""
    if data.items is None or case["form"] == "table":
        return
    i = case["seed"] % len(data.items)
    X = data.X[i : i + 1]
    of_one = [one[i : i + 1] for one in answer]
    same(answers(data, data.estimator, X), of_one, "alone", exactly=kernels())


def in_reverse(case, data, answer):
    if data.items is None:
        return
    of_all = [one[::-1] for one in answer]
    same(answers(data, data.estimator, data.X[::-1]), of_all, "in reverse", exactly=kernels())


def refit(case, data, answer):
    """A clone that is fitted alike is the same model, and so is the estimator fitted again."""
    if case["earlier"] and case["kind"] == "sequences":
        return
    again = clone(data.estimator)
    train(case, data, again)
    same(answers(data, again), answer, "a clone")


def fit_again(case, data, answer):
    """fit begins anew, whatever was before."""
    if case["method"] != "fit" or data.estimator.get_params().get("warm_start"):
        return
    if data.estimator.get_params().get("estimator__warm_start"):
        return
    again = pickle.loads(pickle.dumps(data.estimator))
    train(case, data, again)
    same(answers(data, again), answer, "fitted again")


def pickled(case, data, answer):
    again = pickle.loads(pickle.dumps(data.estimator))
    same(answers(data, again), answer, "pickled")
    same(answers(data, copy.deepcopy(data.estimator)), answer, "copied")


def in_threads(case, data, answer):
    """Several threads ask one estimator at a time."""
    found = [None] * 3

    def ask(i):
        found[i] = answers(data, data.estimator)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in found:
        same(one, answer, "in a thread")


def with_jobs(case, data, answer):
    if "n_jobs" not in data.estimator.get_params() or case["earlier"]:
        return
    n_jobs = 1 if data.estimator.n_jobs == 2 else 2
    again = clone(data.estimator).set_params(n_jobs=n_jobs)
    train(case, data, again)
    same(answers(data, again), answer, "n_jobs")


def in_another_container(case, data, answer):
    if data.same is None:
        return
    of_list = answers(data, data.estimator, data.same)
    same(of_list, answer, "another container", exactly=kernels())


def saved(case, data, answer):
    if case["kind"] not in ("sequences", "pairs", "number pairs"):
        return
    with tempfile.TemporaryDirectory() as folder:
        _, error = attempt(lambda: skrnn.interop.save(data.estimator, Path(folder) / "file"))
        if error is not None:  # tokens that are dates, for example
            return
        again = skrnn.interop.load(Path(folder) / "file")
    same(answers(data, again), answer, "saved")


def from_weights(case, data, answer):
    """The same weights in a new estimator; what it needs beside them may be more than parameters say."""
    if not hasattr(data.estimator, "exact_weights_") or case["kind"] == "number pairs":
        return
    again, error = attempt(
        lambda: type(data.estimator).from_weights(
            data.estimator.exact_weights_, **data.estimator.get_params(deep=False)
        )
    )
    if error is None:
        for name, W in data.estimator.exact_weights_.items():
            assert np.array_equal(W, again.exact_weights_[name]), name


def streamed(case, data, answer):
    """Step by step, what predict says of a whole sequence."""
    estimator = data.estimator
    if case["kind"] != "sequences" or data.items is None or not hasattr(estimator, "stream"):
        return
    stream, error = attempt(lambda: estimator.stream())
    if error is not None or estimator.target_delay:
        return
    for x in data.items[0]:
        said = stream.step(np.asarray(x)[None])
    last = np.asarray(answer[0][0])
    last = np.ravel(last[-1] if estimator.return_sequences else last)
    if last.dtype.kind == "f":
        wide = {"rtol": 1e-4, "atol": 1e-4 * (1 + np.abs(last).max())}
        np.testing.assert_allclose(np.ravel(said), last, **wide, err_msg="streamed")


def as_onnx(case, data, answer):
    """The graph, run by onnxruntime, in float32."""
    try:
        import onnxruntime
    except ImportError:
        return
    if case["kind"] != "sequences" or data.items is None or case["form"] == "table":
        return
    graph, error = attempt(lambda: skrnn.interop.to_onnx(data.estimator))
    if error is None:
        onnxruntime.set_default_logger_severity(3)
        onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def as_torch(case, data, answer):
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        return
    attempt(lambda: skrnn.interop.to_torch(data.estimator))


def another_part(case, data, answer):
    """A part more: finite weights, or an error and the model as it was."""
    if not hasattr(data.estimator, "partial_fit") or is_conformal(data.estimator):
        return
    again = pickle.loads(pickle.dumps(data.estimator))
    before = pickle.dumps(again)
    _, error = attempt(lambda: again.partial_fit(data.X, data.y, sample_weight=data.weight))
    if error is not None:
        assert pickle.dumps(again) == before, "changed by a part that raised"
    else:
        assert all(np.isfinite(W).all() for W in again.weights_.values())


def spoiled_later(case, data, answer):
    """Bad data in predict raise, and do not change the estimator."""
    before = pickle.dumps(data.estimator)
    for X in (None, 3.0, [], "text", np.ones((2, 2, 2, 2)), np.full((2, 2, 7), np.nan)):
        _, error = attempt(lambda X=X: data.estimator.predict(X))
        allowed = error is not None or case["kind"] == "pairs"
        assert allowed or (isinstance(X, (list, str)) and case["kind"] != "sequences"), f"predict of {X}"
    assert pickle.dumps(data.estimator) == before, "predict changed the estimator"


AFTER_FIT = {
    "alone": alone, "refit": refit, "pickle": pickled, "thread": in_threads, "n_jobs": with_jobs,
    "container": in_another_container, "saved": saved, "weights": from_weights, "stream": streamed,
    "onnx": as_onnx, "torch": as_torch, "partial": another_part, "reversed": in_reverse,
    "spoiled": spoiled_later, "unchanged": lambda *_: None, "again": fit_again,
}  # fmt: skip


# --- transformers -----------------------------------------------------------------------------------


def check_transformer(case, data):
    if data.estimator is None:
        return check_function(case, data)
    kept = bytes_of(data)
    before = pickle.dumps(data.estimator)
    found, error = attempt(lambda: data.estimator.fit(data.X).transform(data.X))
    assert bytes_of(data) == kept, "the data were changed"
    if error is not None:
        if not hasattr(data.estimator, "n_features_in_"):
            assert pickle.dumps(data.estimator) == before, f"changed by a call that raised {error!r}"
        return type(error).__name__
    again = pickle.loads(pickle.dumps(data.estimator))
    assert pickle.dumps(again.transform(data.X)) == pickle.dumps(data.estimator.transform(data.X))
    other = clone(data.estimator)
    other.fit_transform(data.X)
    if case["transformer"] != "TimeDistributed":  # whose transformer may round in its own way
        assert bits(other.transform(data.X)) == bits(found), "fitted by fit_transform"
    if hasattr(data.estimator, "inverse_transform"):
        attempt(lambda: data.estimator.inverse_transform(found))
    return bits(found)


def bits(found):
    if hasattr(found, "to_numpy"):
        found = found.to_numpy()
    return digest([[np.asarray(x) for x in found]])


def check_function(case, data):
    from skrnn.preprocessing import from_long, from_padded, to_long, to_padded

    if case["transformer"] == "padded":
        call = [
            lambda: to_padded(data.X),
            lambda: from_padded(data.X),
            lambda: from_padded(to_padded(data.X)),
        ]
    else:
        call = [lambda: to_long(data.X), lambda: from_long(data.X, "shop"), lambda: from_long(data.X, 0)]
    _, error = attempt(call[case["option"] % 3])
    return type(error).__name__ if error else "done"
