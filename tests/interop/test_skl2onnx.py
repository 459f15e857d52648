"""skl2onnx knows our estimators once skrnn.interop is imported."""

import textwrap

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler
from support.processes import run_python

import skrnn.interop
from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
)
from skrnn.preprocessing import Differencer, SeriesScaler

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
onnxruntime.set_default_logger_severity(4)
from skl2onnx.common import data_types  # noqa: E402

assert skrnn.interop
N, T, F = 12, 5, 3
SMALL = {"hidden_size": 4, "max_iter": 3, "tol": None, "learning_rate_init": 0.02, "random_state": 0}
NEWEST = skl2onnx.__max_supported_opset__


def numbers():
    return 1 + np.random.RandomState(0).normal(size=(N, T, F)).astype("float32")


def run(model, X):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X})


def assert_close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(theirs, ours, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("opset", [17, NEWEST])
@pytest.mark.parametrize("cls", [RNNRegressor, LSTMRegressor, GRURegressor])
def test_regressors(cls, opset):
    X = numbers()
    model = cls(bidirectional=True, pooling="max", **SMALL).fit(X, X[:, -1, 0])
    graph = skl2onnx.to_onnx(model, X[:1], target_opset=opset)
    assert_close(model.predict(X), run(graph, X)[0])
    model = cls(return_sequences=True, **SMALL).fit(X, X[..., :2])
    graph = skl2onnx.to_onnx(model, X[:1], target_opset=opset)
    assert_close(model.predict(X), run(graph, X)[0])
    assert len(graph.graph.output[0].type.tensor_type.shape.dim) == 3


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 1, 2], [False, True]], ids=str)
@pytest.mark.parametrize("cls", [RNNClassifier, LSTMClassifier, GRUClassifier])
def test_classifiers(cls, labels):
    X = numbers()
    model = cls(**SMALL).fit(X, np.resize(labels, N))
    expected = model.predict(X).tolist(), model.predict_proba(X)
    label, dicts = run(skl2onnx.to_onnx(model, X[:1], target_opset=17), X)
    assert label.tolist() == expected[0]
    assert_close(expected[1], [[one[key] for key in model.classes_.tolist()] for one in dicts])
    graph = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
    label, probabilities = run(graph, X)
    assert label.tolist() == expected[0]
    assert_close(expected[1], probabilities)


def test_probabilities_in_columns():
    X = numbers()
    model = GRUClassifier(**SMALL).fit(X, np.resize(["a", "b", "c"], N))
    graph = skl2onnx.to_onnx(model, X[:1], options={"zipmap": "columns"})
    label, *columns = run(graph, X)
    assert label.tolist() == model.predict(X).tolist()
    assert_close(model.predict_proba(X), np.column_stack(columns))


def test_labels_without_names_are_not_written():
    X = numbers()
    model = GRUClassifier(**SMALL).fit(X, np.resize(["a", "b", "c"], N))
    with pytest.raises(ValueError, match="nocl"):
        skl2onnx.to_onnx(model, X[:1], options={"nocl": True})


def test_several_labels_and_quantiles():
    X = numbers()
    model = GRUClassifier(**SMALL).fit(X, (X[:, -1] > 1).astype(int))
    label, probabilities = run(skl2onnx.to_onnx(model, X[:1], options={"zipmap": False}), X)
    assert label.tolist() == model.predict(X).tolist()
    assert_close(model.predict_proba(X), probabilities)
    model = GRURegressor(loss="quantile", quantile=[0.2, 0.7], **SMALL).fit(X, X[:, -1, :2])
    assert_close(model.predict(X), run(skl2onnx.to_onnx(model, X[:1]), X)[0])


@pytest.mark.parametrize("scaler", [StandardScaler(), PolynomialFeatures()], ids=str)
def test_pipelines_of_sequences(scaler):
    X = numbers()
    pipe = make_pipeline(TimeDistributed(scaler), LSTMClassifier(**SMALL)).fit(X, X[:, -1, 0] > 1)
    label, probabilities = run(skl2onnx.to_onnx(pipe, X[:1], options={"zipmap": False}), X)
    assert label.tolist() == pipe.predict(X).tolist()
    assert_close(pipe.predict_proba(X), probabilities)


def test_pipelines_of_tables():
    X = numbers().reshape(N, -1)
    pipe = make_pipeline(MinMaxScaler(), GRURegressor(step_features=F, **SMALL)).fit(X, X[:, 0])
    assert_close(pipe.predict(X), run(skl2onnx.to_onnx(pipe, X[:1]), X)[0])
    rows = numbers().reshape(-1, F)
    pipe = make_pipeline(MinMaxScaler(), GRURegressor(rows="steps", **SMALL)).fit(rows, rows[:, 0])
    assert_close(pipe.predict(rows), run(skl2onnx.to_onnx(pipe, rows[:1]), rows)[0])


@pytest.mark.parametrize(
    "steps", [[SeriesScaler()], [Differencer(2), TimeDistributed(StandardScaler())]], ids=str
)
def test_series(steps):
    X = numbers()
    pipe = make_pipeline(*steps, GRURegressor(**SMALL)).fit(X, X[:, -1, 0])
    assert_close(pipe.predict(X), run(skl2onnx.to_onnx(pipe, X[:1]), X)[0])


def test_windows():
    X = numbers().reshape(-1, F)
    pipe = make_pipeline(SeriesScaler(), SlidingWindow(4), GRURegressor(**SMALL)).fit(X, X[:, 0])
    assert_close(pipe.predict(X), run(skl2onnx.to_onnx(pipe, X[:1]), X)[0])


def test_float64():
    X = numbers().astype("float64")
    pipe = make_pipeline(TimeDistributed(StandardScaler()), LSTMRegressor(**SMALL)).fit(X, X[:, -1, 0])
    said = run(skl2onnx.to_onnx(pipe, X[:1]), X)[0]
    assert said.dtype == "float64"
    assert_close(pipe.predict(X), said, 1e-11)


def test_tokens():
    X = np.random.RandomState(0).randint(0, 6, size=(N, T))
    model = GRUClassifier(embedding_size=3, **SMALL).fit(list(X), X[:, 0])
    types = [("X", data_types.Int64TensorType([None, None]))]
    graph = skl2onnx.convert_sklearn(model, initial_types=types, options={"zipmap": False})
    assert_close(model.predict_proba(list(X)), run(graph, X)[1])


def test_inside_what_skl2onnx_knows():
    """Two networks in one graph."""
    X = numbers().reshape(N, -1)
    y = np.arange(N) % 2
    model = CalibratedClassifierCV(GRUClassifier(step_features=F, **SMALL), cv=2).fit(X, y)
    graph = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
    assert_close(model.predict_proba(X), run(graph, X)[1])


def test_errors_are_ours():
    X = numbers()[0]
    model = LSTMRegressor(rows="steps", initial_state="last", **SMALL).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="initial_state='last'"):
        skl2onnx.to_onnx(model, X[:1])


LATE = """
    import sys
    if {first!r}:
        import skl2onnx
    import skrnn.interop
    assert ("skl2onnx" in sys.modules) == {first!r}
    import importlib, json, skl2onnx  # others are found as ever
    from sklearn.linear_model import Ridge
    from skl2onnx._supported_operators import sklearn_operator_name_map as known
    assert skrnn.GRURegressor in known and skrnn.GRUClassifier in known and Ridge in known
    assert type(skl2onnx.__loader__).__module__.startswith(("importlib", "_frozen_importlib"))
    assert skl2onnx.__spec__.loader is skl2onnx.__loader__
    importlib.reload(skrnn.interop)
    assert sum(type(one).__module__.startswith("skrnn") for one in sys.meta_path) == (not {first!r})
"""


@pytest.mark.parametrize("first", [True, False])
def test_registered_whichever_is_imported_first(first):
    """And skrnn.interop does not import it."""
    ignored = "import warnings; warnings.simplefilter('ignore')\n"
    run_python(ignored + textwrap.dedent(LATE.format(first=first)))


WITHOUT = """
    import sys
    sys.modules["skl2onnx"] = None
    import skrnn
    assert "skrnn.interop" not in sys.modules
    import skrnn.interop
    assert skrnn.interop.to_onnx
    del sys.modules["skl2onnx"]
    sys.path[:], sys.path_importer_cache = [], {}
    try:
        import skl2onnx
    except ModuleNotFoundError:
        print("not found")
"""


def test_without_skl2onnx():
    assert "not found" in run_python(textwrap.dedent(WITHOUT))
