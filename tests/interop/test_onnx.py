"""to_onnx: the answers of the estimators, in onnxruntime (float32) and in onnx's reference (float64)."""

import json
import re
import sys
import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.fixes import parse_version

import skrnn
from skrnn import (
    GRUClassifier,
    GRUEncoderDecoder,
    GRUEncoderDecoderRegressor,
    GRURegressor,
    LSTMClassifier,
    LSTMEncoderDecoder,
    LSTMEncoderDecoderRegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNEncoderDecoder,
    RNNEncoderDecoderRegressor,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenEncoder,
)
from skrnn.cells import LSTM
from skrnn.interop import to_onnx
from skrnn.losses import SquaredError
from skrnn.preprocessing import Differencer, FillForward, SeriesScaler, SwapTimeAxis

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx.reference import ReferenceEvaluator  # noqa: E402

onnxruntime.set_default_logger_severity(4)  # it warns of operators newer than itself

N, T, F = 12, 7, 3
SMALL = {"hidden_size": 4, "max_iter": 3, "tol": None, "learning_rate_init": 0.02, "random_state": 0}
REGRESSORS, CLASSIFIERS, PAIRS, NUMBER_PAIRS = (
    (RNNRegressor, LSTMRegressor, GRURegressor),
    (RNNClassifier, LSTMClassifier, GRUClassifier),
    (RNNEncoderDecoder, LSTMEncoderDecoder, GRUEncoderDecoder),
    (RNNEncoderDecoderRegressor, LSTMEncoderDecoderRegressor, GRUEncoderDecoderRegressor),
)


# --- running a graph --------------------------------------------------------------------------------


def loads(opset):
    """Whether the runtime takes graphs of this version; it may be older than onnx."""
    one = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    other = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Abs", ["x"], ["y"])], "g", [one], [other])
    opsets = [onnx.helper.make_opsetid("", opset)]
    version = onnx.helper.find_min_ir_version_for(opsets)
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=version)
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception:  # of a class that is not public
        return False
    return True


OPSETS = [k for k in range(17, onnx.defs.onnx_opset_version() + 1) if loads(k)]


def test_opsets_that_the_runtime_takes():
    assert len(OPSETS) >= 5


def by_runtime(model, feed):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def by_reference(model, feed):
    """In onnx's own evaluator; before 1.22 it takes the inputs of a loop for its states."""
    if parse_version(onnx.__version__) < parse_version("1.22"):
        return by_runtime(model, feed)
    evaluator = ReferenceEvaluator(model)
    return dict(zip(evaluator.output_names, evaluator.run(None, feed), strict=True))


def in_dtype(feed, dtype):
    """Numbers in a dtype; whole ones and text stay."""
    return {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in feed.items()}


def assert_close(ours, theirs, lengths=None, tolerance=1e-5):
    """Of padded answers per step those of the steps that are there."""
    if lengths is not None and np.ndim(theirs[0]):
        theirs = [row[:n] for row, n in zip(theirs, lengths, strict=True)]
    for a, b in zip(ours, theirs, strict=True):
        if np.asarray(a).dtype.kind == "f":
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(b, a)


def assert_same(estimator, X, feed, *, opset=None, reference=True, **options):
    """Both precisions against the estimator."""
    per_step = estimator[-1] if hasattr(estimator, "steps") else estimator
    lengths = feed.get("lengths") if per_step._model.facts.per_step else None
    for float64, dtype, tolerance in ((False, "float32", 1e-5), (True, "float64", 1e-11)):
        model = to_onnx(estimator, float64=float64, opset=opset, **options)
        run = by_reference if float64 and reference else by_runtime
        said = run(model, in_dtype(feed, dtype))
        if hasattr(estimator, "classes_"):
            assert said["probabilities"].dtype == dtype
            assert_close(estimator.predict(X), said["label"], lengths)
            assert_close(estimator.predict_proba(X), said["probabilities"], lengths, tolerance)
        else:
            assert said["variable"].dtype == dtype
            assert_close(estimator.predict(X), said["variable"], lengths, tolerance)


# --- data -------------------------------------------------------------------------------------------


def ragged(dtype="float64"):
    rng = np.random.RandomState(0)
    return [rng.normal(size=(n, F)).astype(dtype) for n in [T, 1, *rng.randint(1, T, size=N - 2)]]


def tokens():
    rng = np.random.RandomState(0)
    return [rng.randint(0, 9, size=n) for n in [T, 1, *rng.randint(1, T, size=N - 2)]]


def with_codes():
    """Numbers, and in columns 1 and 2 codes of categories; one of them is not known."""
    rng = np.random.RandomState(1)
    X = [np.column_stack([x, rng.randint(0, 4, size=len(x))])[:, [0, 3, 3, 1]] for x in ragged()]
    X[3][0, 1] = -1
    return X


def padded(X, padding=np.nan):
    """The inputs of a graph: sequences filled up with something, and their lengths."""
    lengths = np.array([len(x) for x in X])
    P = np.full((len(X), lengths.max() + 1, *X[0].shape[1:]), padding, dtype=X[0].dtype)
    for p, x in zip(P, X, strict=True):
        p[: len(x)] = x
    return {"X": P, "lengths": lengths}


def numbers(X):
    return [1 + 0.5 * x[-1, 0] for x in X]


def fitted(cls, X, y, **parameters):
    return cls(**{**SMALL, **parameters}).fit(X, y)


# name -> kind of estimator, X, y of X, parameters
CASES = {
    "plain": ("regressor", ragged, numbers, {}),
    "bidirectional": ("regressor", ragged, numbers, {"bidirectional": True}),
    "stacked": ("regressor", ragged, numbers, {"hidden_size": (4, 4)}),
    "unequal widths": ("regressor", ragged, numbers, {"hidden_size": (4, 6, 3), "bidirectional": True}),
    "mean": ("regressor", ragged, numbers, {"pooling": "mean"}),
    "max": ("regressor", ragged, numbers, {"pooling": "max", "bidirectional": True}),
    "last_max": ("regressor", ragged, numbers, {"pooling": "last_max", "bidirectional": True}),
    "three": ("regressor", ragged, numbers, {"pooling": ("max", "last", "mean"), "hidden_size": (5, 4)}),
    "outputs": ("regressor", ragged, lambda X: [x[-1, :2] for x in X], {}),
    "per step": ("regressor", ragged, lambda X: [x[:, 0] for x in X], {"return_sequences": True}),
    "outputs per step": (
        "regressor", ragged, lambda X: [x[:, :2] for x in X],
        {"return_sequences": True, "bidirectional": True},
    ),
    "delay": (
        "regressor", ragged, lambda X: [x[:, 0] for x in X],
        {"return_sequences": True, "target_delay": 2},
    ),
    "poisson": ("regressor", ragged, lambda X: [np.exp(x[-1, 0]) for x in X], {"loss": "poisson"}),
    "quantile": ("regressor", ragged, numbers, {"loss": "quantile", "quantile": 0.8}),
    "quantiles": ("regressor", ragged, numbers, {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}),
    "quantiles of two": (
        "regressor", ragged, lambda X: [3 * x[-1, :2] + 1 for x in X],
        {"loss": "quantile", "quantile": [0.2, 0.5, 0.9]},
    ),
    "quantiles per step": (
        "regressor", ragged, lambda X: [x[:, 0] for x in X],
        {"loss": "quantile", "quantile": [0.2, 0.7], "return_sequences": True},
    ),
    "two classes": ("classifier", ragged, lambda X: [x[-1, 0] > 0 for x in X], {}),
    "three classes": ("classifier", ragged, lambda X: np.arange(N) % 3, {"pooling": "max"}),
    "text": ("classifier", ragged, lambda X: np.array(["no", "yes", "maybe"])[np.arange(N) % 3], {}),
    "floats": ("classifier", ragged, lambda X: np.array([-1.0, 2.0])[np.arange(N) % 2], {}),
    "classes per step": (
        "classifier", ragged, lambda X: [np.digitize(x[:, 0], [-0.5, 0.5]) for x in X],
        {"return_sequences": True},
    ),
    "labels": ("classifier", ragged, lambda X: np.array([x[-1] > 0 for x in X]).astype(int), {}),
    "labels per step": (
        "classifier", ragged, lambda X: [(x > 0).astype(int) for x in X], {"return_sequences": True},
    ),
    "tokens": ("classifier", tokens, lambda X: [x[-1] % 3 for x in X], {"embedding_size": 5}),
    "tokens, delay": (
        "classifier", tokens, lambda X: [x % 3 for x in X],
        {"embedding_size": 5, "return_sequences": True, "target_delay": 1},
    ),
    "categories": ("regressor", with_codes, numbers, {"embedding_size": {(1, 2): 3}}),
    "categories, delay": (
        "classifier", with_codes, lambda X: [x[:, 0] > 0 for x in X],
        {"embedding_size": {1: 2, 2: 3}, "return_sequences": True, "target_delay": 1},
    ),
    "tokens, mean": (
        "regressor", tokens, lambda X: [x.mean() for x in X], {"embedding_size": 3, "pooling": "mean"},
    ),
}  # fmt: skip


def case(name, cell):
    """A fitted estimator, its X, and the inputs of its graph."""
    kind, make, target, parameters = CASES[name]
    X = make()
    cls = {"regressor": REGRESSORS, "classifier": CLASSIFIERS}[kind][cell]
    model = fitted(cls, X, target(X), **parameters)
    return model, X, padded(X, np.nan if X[0].dtype.kind == "f" else 10**6)


# --- estimators and options -------------------------------------------------------------------------


@pytest.mark.parametrize("cell", range(3), ids=["rnn", "lstm", "gru"])
@pytest.mark.parametrize("name", CASES)
def test_options(name, cell):
    assert_same(*case(name, cell))


@pytest.mark.slow
@pytest.mark.parametrize("opset", OPSETS[1:])
@pytest.mark.parametrize("cell", range(3), ids=["rnn", "lstm", "gru"])
@pytest.mark.parametrize("name", CASES)
def test_options_in_every_opset(name, cell, opset):
    of_case = case(name, cell)
    assert_same(*of_case, opset=opset)
    assert_same(*of_case, opset=opset, reference=False)


@pytest.mark.parametrize("opset", OPSETS)
def test_opsets(opset):
    """With all operators that one or the other version writes in another way."""
    for name in ("max", "delay", "quantiles", "text", "tokens, mean"):
        assert_same(*case(name, 2), opset=opset)
    model = to_onnx(case("max", 2)[0], opset=opset)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", opset)]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "identity", "softmax"])
def test_activations(activation, bidirectional):
    X = ragged()
    model = fitted(RNNRegressor, X, numbers(X), activation=activation, bidirectional=bidirectional)
    assert_same(model, X, padded(X))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_float64_in_onnxruntime(bidirectional):
    X = ragged()
    for cls in REGRESSORS:
        model = fitted(cls, X, numbers(X), bidirectional=bidirectional, pooling=("mean", "max"))
        assert_same(model, X, padded(X), reference=False)


def test_far_from_zero():
    """Mean and deviation of y are in the graph."""
    X = ragged()
    model = fitted(GRURegressor, X, [1e4 + 100 * x[-1, 0] for x in X])
    said = by_runtime(to_onnx(model), in_dtype(padded(X), "float32"))["variable"]
    np.testing.assert_allclose(said, model.predict(X), rtol=1e-6)


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:.*single class:UserWarning")
@pytest.mark.parametrize("dtype", ["int64", "int8", "uint16", "bool", "float32", "U3", object])
def test_labels_of_any_dtype(dtype, n_classes):
    X = ragged("float32")
    classes = np.array(["b", "Ä", "z"]) if dtype in ("U3", object) else np.arange(3)
    classes = np.unique(classes[:n_classes].astype(dtype))
    model = LSTMClassifier(**SMALL).partial_fit(X, np.resize(classes, N), classes=classes)
    said = by_runtime(to_onnx(model), padded(X))
    assert said["label"].tolist() == model.predict(X).tolist()
    assert said["label"].dtype == (object if dtype == "U3" else dtype)
    assert_close(model.predict_proba(X), said["probabilities"])


# --- forms of X -------------------------------------------------------------------------------------


def test_without_lengths():
    X = np.stack([x[:1].repeat(T, 0) for x in ragged()])
    for parameters in ({"bidirectional": True, "pooling": ("mean", "max")}, {"activation": "softmax"}):
        model = fitted(RNNRegressor, X, X[:, 0, 0], **parameters)
        assert_same(model, X, {"X": X}, lengths=False)
    model = fitted(GRURegressor, X, X[..., 0], return_sequences=True, target_delay=2)
    assert_same(model, X, {"X": X}, lengths=False)


def test_steps_without_a_token():
    """Any negative number is no token, as for an encoder-decoder."""
    ids = np.random.RandomState(0).randint(0, 5, size=(N, T))
    model = fitted(GRURegressor, list(ids), ids[:, 0], embedding_size=3)
    graph = to_onnx(model, lengths=False)
    ids[:, -1] = -1
    said = by_runtime(graph, {"X": ids})["variable"]
    ids[:, -1] = -100
    np.testing.assert_array_equal(by_runtime(graph, {"X": ids})["variable"], said)
    weights = model.weights_
    last = GRURegressor.from_weights(
        {**weights, "embedding.W": np.vstack([weights["embedding.W"], np.zeros(3)])}
    )
    ids[:, -1] = 5
    assert_close(last.predict(list(ids)), said)


@pytest.mark.parametrize("opset", [17, OPSETS[-1]])
def test_tables_of_sequences(opset):
    X = np.random.RandomState(0).normal(size=(N, 2 * F))
    model = fitted(LSTMRegressor, X, X[:, 0], step_features=F, pooling="max")
    assert_same(model, X, {"X": X}, opset=opset)
    model = fitted(LSTMClassifier, X, X[:, ::F] > 0, step_features=F, return_sequences=True)
    assert_same(model, X, {"X": X}, opset=opset)
    codes = np.tile([1.0, 0.0, 2.0], (N, 2)) * (X > 0)
    model = fitted(LSTMRegressor, codes, X[:, 0], step_features=F, embedding_size={1: 2, 2: 4})
    assert_same(model, codes, {"X": codes}, opset=opset)
    ids = np.random.RandomState(0).randint(0, 5, size=(N, T))
    assert_same(fitted(GRUClassifier, ids, ids[:, 0], embedding_size=3), ids, {"X": ids}, opset=opset)


@pytest.mark.parametrize("opset", [17, OPSETS[-1]])
def test_rows_that_are_steps(opset):
    X = np.random.RandomState(0).normal(size=(30, F))
    assert_same(fitted(LSTMRegressor, X, X[:, 0], rows="steps"), X, {"X": X}, opset=opset)
    assert_same(fitted(GRURegressor, X, X[:, :2], rows="steps", target_delay=2), X, {"X": X}, opset=opset)
    assert_same(fitted(RNNClassifier, X, X[:, 0] > 0, rows="steps"), X, {"X": X}, opset=opset)
    ids = np.random.RandomState(0).randint(0, 5, size=(30, 1))
    model = fitted(GRUClassifier, ids, ids[:, 0] % 3, rows="steps", embedding_size=3)
    assert_same(model, ids, {"X": ids}, opset=opset)


def test_a_series_of_a_table_of_several():
    """Without the column that says which series it is."""
    X = np.random.RandomState(0).normal(size=(30, F))
    table = np.column_stack([np.arange(30) % 2, X])
    model = fitted(LSTMRegressor, table, X[:, 0], rows="steps", sequence_id=0)
    said = by_runtime(to_onnx(model), {"X": X[::2].astype("float32")})["variable"]
    assert_close(model.predict(table[::2]), said)


# --- states in and out ------------------------------------------------------------------------------


def states_of(model, said=None, n=N):
    """The states to go on with, or to begin with."""
    if said is not None:
        after = {name: value for name, value in said.items() if name.endswith("_next")}
        return {name.removesuffix("_next"): value for name, value in after.items()}
    shapes = {
        one.name: [n if size.dim_param else size.dim_value for size in one.type.tensor_type.shape.dim]
        for one in model.graph.input if one.name not in ("X", "lengths")
    }  # fmt: skip
    return {
        name: np.full(shape, -np.inf if name == "maximum" else 0.0, dtype="float32")
        for name, shape in shapes.items()
    }


def in_parts(model, parts, n=N):
    """The answers to parts that follow each other."""
    answers, states = [], states_of(model, n=n)
    for part in parts:
        said = by_runtime(model, {**part, **states})
        states = states_of(model, said)
        answers.append(said["variable"])
    return answers


@pytest.mark.parametrize(
    "parameters",
    [{}, {"hidden_size": (4, 3)}, {"pooling": "mean"}, {"pooling": ("max", "mean", "last")}],
    ids=str,
)
@pytest.mark.parametrize("cls", REGRESSORS)
def test_parts_of_sequences(cls, parameters):
    """What is said after each part is said of the sequence so far."""
    X = np.random.RandomState(0).normal(size=(N, T, F)).astype("float32")
    model = fitted(cls, X, X[:, 0, 0], **parameters)
    graph = to_onnx(model, stateful=True)
    lengths = 1 + np.arange(N) % 3
    parts = [{"X": X[:, :4], "lengths": np.full(N, 4)}, {"X": X[:, 4:], "lengths": lengths}]
    first, second = in_parts(graph, parts)
    assert_close(model.predict(X[:, :4]), first)
    assert_close(model.predict([x[: 4 + n] for x, n in zip(X, lengths, strict=True)]), second)


@pytest.mark.parametrize("delay", [0, 2])
def test_one_step_at_a_time(delay):
    """As the stream of an estimator; the first answers of delayed ones are of no step."""
    X = np.random.RandomState(0).normal(size=(20, F)).astype("float32")
    model = fitted(LSTMRegressor, X, X[:, 0], rows="steps", target_delay=delay)
    said = np.concatenate(in_parts(to_onnx(model, stateful=True), [{"X": x[None]} for x in X], n=1))
    assert_close(model.predict(X)[: len(X) - delay], said[delay:])


def test_on_from_the_end_of_the_series_of_fit():
    X = np.random.RandomState(0).normal(size=(30, F))
    model = fitted(LSTMRegressor, X[:20], X[:20, 0], rows="steps", initial_state="last")
    with pytest.raises(ValueError, match="Pass stateful=True, and feed it the rows of final_state_"):
        to_onnx(model)
    (h, c), graph = model.final_state_[0], to_onnx(model, stateful=True)
    said = by_runtime(graph, in_dtype({"X": X[20:], "h0": h, "c0": c}, "float32"))
    assert_close(model.predict(X[20:]), said["variable"])
    model.set_params(initial_state="zeros")
    assert_same(model, X, {"X": X})


def test_states_in_float64():
    X = np.random.RandomState(0).normal(size=(20, F))
    model = fitted(GRURegressor, X, X[:, 0], rows="steps", hidden_size=(4, 3))
    graph = to_onnx(model, stateful=True, float64=True)
    first = by_reference(graph, {"X": X[:9], "h0": np.zeros((1, 4)), "h1": np.zeros((1, 3))})
    second = by_reference(graph, {"X": X[9:], **states_of(graph, first)})
    said = np.concatenate([first["variable"], second["variable"]])
    assert_close(model.predict(X), said, tolerance=1e-11)


# --- pipelines --------------------------------------------------------------------------------------

SCALERS = [
    StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False), RobustScaler(),
    RobustScaler(with_scaling=False), MinMaxScaler((-1, 2)), MinMaxScaler(clip=True), MaxAbsScaler(),
    FunctionTransformer(), SimpleImputer(),
    make_pipeline(StandardScaler(), "passthrough", MinMaxScaler()),
]  # fmt: skip


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_scalers(scaler):
    X = [3 + 2 * x for x in ragged()]
    pipe = make_pipeline(TimeDistributed(scaler), GRURegressor(**SMALL)).fit(X[2:], numbers(X)[2:])
    assert_same(pipe, X, padded(X))
    table = np.concatenate(X)
    pipe = make_pipeline(scaler, GRURegressor(rows="steps", **SMALL)).fit(table[5:], table[5:, 0])
    assert_same(pipe, table, {"X": table})


def test_tables_behind_a_scaler():
    X = 5 + np.random.RandomState(0).normal(size=(N, 2 * F))
    pipe = make_pipeline(StandardScaler(), LSTMClassifier(step_features=F, **SMALL)).fit(X, X[:, 0] > 5)
    assert_same(pipe, X, {"X": X})


def test_features_before_time():
    X = np.random.RandomState(0).normal(size=(N, F, T))
    pipe = make_pipeline(SwapTimeAxis(), TimeDistributed(StandardScaler()), GRURegressor(**SMALL))
    pipe.fit(X, X[:, 0, 0])
    assert_same(pipe, X, {"X": X}, lengths=False)


def with_missing_values():
    """Some are NaN, one series is constant, one is of one step."""
    X = [1e3 + 10 * x for x in ragged()]
    X[4][:] = 1234.56
    X[5][0, 1] = X[6][:, 2] = np.nan
    return X


@pytest.mark.parametrize("method", ["standard", "mean"])
def test_series_by_their_own_scale(method):
    X = [np.nan_to_num(x, nan=990.0) for x in with_missing_values()]
    pipe = make_pipeline(SeriesScaler(method=method), GRURegressor(**SMALL)).fit(X, numbers(X))
    assert_same(pipe, X, padded(X))
    square = np.stack([np.resize(x, (T, F)) for x in X])
    assert_same(pipe, square, {"X": square}, lengths=False)
    rows = np.concatenate(X)
    pipe = make_pipeline(SeriesScaler(method=method), LSTMRegressor(rows="steps", **SMALL))
    assert_same(pipe.fit(rows, rows[:, 0] / 1e3), rows, {"X": rows})


def test_missing_values_of_series_do_not_count():
    X = with_missing_values()
    steps = SeriesScaler(), TimeDistributed(SimpleImputer())
    pipe = make_pipeline(*steps, GRURegressor(**SMALL)).fit(X, numbers(ragged()))
    assert_same(pipe, X, padded(X))


@pytest.mark.parametrize("lag", [1, 3, (1, 2), 50])
def test_differences(lag):
    X = ragged()
    pipe = make_pipeline(Differencer(lag, fill_value=0.5), GRURegressor(**SMALL)).fit(X, numbers(X))
    assert_same(pipe, X, padded(X))
    rows = np.concatenate(X)
    pipe = make_pipeline(Differencer(lag), GRURegressor(rows="steps", **SMALL)).fit(rows, rows[:, 0])
    assert_same(pipe, rows, {"X": rows})


@pytest.mark.parametrize("n", [1, 4, 20])
@pytest.mark.parametrize(
    "window", [SlidingWindow(3), SlidingWindow(4, stride=3), SlidingWindow(2, sampling_step=5)], ids=str
)
def test_windows(window, n):
    X = np.random.RandomState(0).normal(size=(20, F))
    y = X[window.window_rows(X), 0]
    pipe = make_pipeline(MinMaxScaler(), window, LSTMRegressor(bidirectional=True, **SMALL)).fit(X, y)
    assert_same(pipe, X[:n], {"X": X[:n]})


def test_series_that_are_not_written():
    table = np.column_stack([np.arange(30) % 2, np.random.RandomState(0).normal(size=(30, F))])
    for step in (SlidingWindow(3, sequence_id=0), SeriesScaler(sequence_id=0)):
        pipe = make_pipeline(step, GRURegressor(**SMALL))
        pipe.set_params(gruregressor__rows="sequences" if isinstance(step, SlidingWindow) else "steps")
        with pytest.raises(ValueError, match=r"does not write .* with sequence_id=0"):
            to_onnx(pipe.fit(table, table[:, 1]))
    X = ragged()
    pipe = make_pipeline(SeriesScaler(method="robust"), GRURegressor(**SMALL)).fit(X, numbers(X))
    with pytest.raises(ValueError, match="does not write SeriesScaler with method='robust'"):
        to_onnx(pipe)
    filled = FillForward(sequence_id=0)
    pipe = make_pipeline(filled, GRURegressor(rows="steps", sequence_id=0, **SMALL))
    with pytest.raises(ValueError, match="sequence_id=0 and a pipeline"):
        to_onnx(pipe.fit(table, table[:, 1]))


def test_the_best_of_a_search():
    X = ragged()
    pipe = make_pipeline(TimeDistributed(StandardScaler()), GRURegressor(**SMALL))
    search = GridSearchCV(pipe, {"gruregressor__hidden_size": [2, 3]}, cv=2).fit(X, numbers(X))
    said = by_runtime(to_onnx(search), in_dtype(padded(X), "float32"))["variable"]
    assert_close(search.predict(X), said)


@pytest.mark.parametrize("transformer", [PCA(2), Normalizer()], ids=str)
def test_transformers_of_skl2onnx(transformer):
    skl2onnx = pytest.importorskip("skl2onnx")
    newest = min(OPSETS[-1], skl2onnx.__max_supported_opset__)
    X = ragged()
    pipe = make_pipeline(TimeDistributed(transformer), GRURegressor(**SMALL)).fit(X, numbers(X))
    for opset in (17, newest):
        assert_same(pipe, X, padded(X), opset=opset, reference=False)
    table = np.concatenate(X)
    pipe = make_pipeline(transformer, GRURegressor(rows="steps", **SMALL)).fit(table, table[:, 0])
    assert_same(pipe, table, {"X": table}, reference=False)


def test_what_else_stands_for_missing():
    """skl2onnx knows it; the formula for NaN would leave it as it is."""
    pytest.importorskip("skl2onnx")
    X = ragged("float32")
    X[0][0] = X[2][0, 1] = -1
    imputer = TimeDistributed(SimpleImputer(missing_values=-1.0))
    pipe = make_pipeline(imputer, GRURegressor(**SMALL)).fit(X, numbers(X))
    assert_close(pipe.predict(X), by_runtime(to_onnx(pipe), padded(X))["variable"])
    imputer.transformer.set_params(add_indicator=True)
    with pytest.raises(ValueError, match="does not write SimpleImputer with add_indicator=True"):
        to_onnx(pipe.fit(X, numbers(X)))


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_a_column_without_values_is_left_out_as_the_imputer_does():
    pytest.importorskip("skl2onnx")
    X = np.random.RandomState(0).normal(size=(20, 4, 3)).astype("float32")
    X[:, :, 1], X[0, 0, 0] = np.nan, np.nan
    imputer = TimeDistributed(SimpleImputer())
    pipe = make_pipeline(imputer, GRURegressor(**SMALL)).fit(X, X[:, -1, 2])
    assert_close(pipe.predict(X), by_runtime(to_onnx(pipe), padded(X))["variable"])
    knn = make_pipeline(TimeDistributed(KNNImputer()), GRURegressor(**SMALL)).fit(X, X[:, -1, 2])
    with pytest.raises(ValueError, match="does not write KNNImputer that leaves out columns"):
        to_onnx(knn)


@pytest.mark.parametrize("step", [Differencer(), FillForward(), SlidingWindow(3)])
def test_transformers_that_would_need_a_memory_of_their_own(step):
    X, y = np.concatenate(ragged()), np.arange(float(sum(map(len, ragged()))))
    rows = "sequences" if isinstance(step, SlidingWindow) else "steps"
    pipe = make_pipeline(step, GRURegressor(rows=rows, **SMALL)).fit(X, y)
    with pytest.raises(ValueError, match=f"stateful=True does not go with {type(step).__name__}, which"):
        to_onnx(pipe, stateful=True)


@pytest.mark.parametrize(
    "options",
    [{}, {"time": 1}, {"time_since": "bounded", "fill_value": 7.0}, {"time_since": False, "time": 1 - F},
     {"add_indicator": False}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("steps", [False, True])
def test_missing_values(options, steps):
    X = ragged()
    for x in X:
        x[:, 1] = np.cumsum(np.abs(x[:, 1]))  # times
        x[np.random.RandomState(0).uniform(size=len(x)) < 0.6, 0] = np.nan
    if "time" not in options:
        X[1][:2, 1] = np.nan
    if steps:
        X, y = np.concatenate(X), np.arange(float(sum(map(len, X))))
        options = {k: v for k, v in options.items() if k != "time"}  # they fall from one to the next
        X[:, 1] = np.arange(len(X))
    else:
        y = numbers(ragged())
    network = GRURegressor(rows="steps" if steps else "sequences", **SMALL)
    pipe = make_pipeline(FillForward(**options), network).fit(X, y)
    feed = {"X": X} if steps else padded(X, np.nan)
    for float64, run, tolerance in ((False, by_runtime, 1e-5), (True, by_reference, 1e-12)):
        read = {**feed, "X": feed["X"].astype(np.float64 if float64 else np.float32)}
        said = run(to_onnx(pipe, float64=float64), read)["variable"]
        np.testing.assert_allclose(said, pipe.predict(X), rtol=tolerance, atol=tolerance)


def test_a_transformer_that_nobody_knows(monkeypatch):
    X = ragged()
    square = TimeDistributed(FunctionTransformer(np.square))
    pipe = make_pipeline(square, GRURegressor(**SMALL)).fit(X, numbers(X))
    says = r"does not write FunctionTransformer.*estimator\[-1\]"
    with pytest.raises(ValueError, match=says) as error:
        to_onnx(pipe)
    assert len(str(error.value)) <= 600
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ValueError, match="skl2onnx is not installed"):
        to_onnx(pipe)


# --- texts ------------------------------------------------------------------------------------------

TEXTS = ["the cat sat", "a dog ran , it ran", "", "the bird", "  two   spaces ", "unknown words here"]


@pytest.mark.parametrize("opset", [None, *range(20, OPSETS[-1] + 1)])
def test_words(opset):
    y = [1, 0, 0, 1, 0, 1]
    pipe = make_pipeline(TokenEncoder("word", max_tokens=8), LSTMClassifier(embedding_size=3, **SMALL))
    pipe.fit(TEXTS, y)
    assert_same(pipe, TEXTS, {"X": np.array(TEXTS, dtype=object)}, opset=opset)
    model = to_onnx(pipe, opset=opset)
    assert by_runtime(model, {"X": np.array(["", " "], dtype=object)})["label"].shape == (2,)
    vocabulary = {token: k for k, token in enumerate(metadata(model)["vocabulary"])}
    assert vocabulary == {None: 0, **pipe[0].vocabulary_}


NATURAL = [
    "It ran.  Don\u2019t stop!",
    "a-b\tand (c)",
    "",
    "no\u00a0break,\nbut lines",
    "\u65e5\u672c \u8a9e",
    "a.b",
]


def test_natural_texts():
    """onnxruntime's own operator takes any text apart as TokenEncoder does."""
    random = np.random.RandomState(0)
    letters = [chr(c) for c in range(1, 0x3000)]
    texts = NATURAL + ["".join(random.choice(letters, 15)) for _ in range(60)]
    for analyzer in ("word", "char"):
        pipe = make_pipeline(TokenEncoder(analyzer), GRURegressor(embedding_size=3, **SMALL))
        pipe.fit(texts, random.normal(size=len(texts)))
        model = to_onnx(pipe, runtime="onnxruntime")
        for X in (texts, NATURAL[2:3], ["\t", "new \u2019words\u2019."]):
            said = by_runtime(model, {"X": np.array(X, dtype=object)})["variable"]
            assert_close(pipe.predict(X), said)


def test_texts_that_spaces_do_not_part():
    """The standard's operator would take them apart otherwise: that is said, and only then."""
    for texts, is_right in (
        (["it ran .", "a  cat"], True),
        (["it ran.", "a cat"], False),
        (["a\tb"], False),
    ):
        pipe = make_pipeline(TokenEncoder("word"), GRURegressor(embedding_size=3, **SMALL))
        pipe.fit(texts, np.arange(float(len(texts))))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            to_onnx(pipe)
        assert [one.filename == __file__ for one in caught] == ([] if is_right else [True])
        assert is_right or re.match("The graph takes texts apart at spaces only", str(caught[0].message))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            to_onnx(pipe, runtime="onnxruntime")
            to_onnx(pipe, ids=True)


def test_an_answer_per_word():
    pipe = make_pipeline(
        TokenEncoder("word"), LSTMRegressor(embedding_size=3, return_sequences=True, **SMALL)
    )
    texts = [text for text in TEXTS if text]
    pipe.fit(texts, [np.arange(float(len(text.split()))) for text in texts])
    said = by_runtime(to_onnx(pipe), {"X": np.array(texts, dtype=object)})
    assert said["lengths"].tolist() == [len(text.split()) for text in texts]
    assert_close(pipe.predict(texts), said["variable"], said["lengths"])


def test_lists_of_tokens():
    for make, dtype, padding in ((list, object, ""), (lambda text: [ord(c) for c in text], int, -5)):
        X = [make(text) for text in ["abba", "cab", "b"]]
        pipe = make_pipeline(TokenEncoder(), GRURegressor(embedding_size=3, **SMALL)).fit(X, [1.0, 2, 3])
        assert_same(pipe, X, padded([np.array(x, dtype=dtype) for x in X], padding))


def test_ids_in_place_of_texts():
    X = ["abba", "cab", "b"]
    pipe = make_pipeline(TokenEncoder(), GRURegressor(embedding_size=3, **SMALL)).fit(X, [1.0, 2, 3])
    with pytest.raises(ValueError, match=r"no operator that takes texts apart into characters.*ids=True"):
        to_onnx(pipe)
    with pytest.raises(ValueError, match="runtime must be None or 'onnxruntime', got 'onnx'"):
        to_onnx(pipe, runtime="onnx")
    assert_same(pipe, X, padded([*pipe[0].transform(X)], -1), ids=True)
    assert metadata(to_onnx(pipe, ids=True))["vocabulary"] == [None, "b", "a", "c"]
    for encoder, says in ((TokenEncoder("word", lowercase=True), "lower"), (TokenEncoder(list), "own")):
        pipe = make_pipeline(encoder, GRURegressor(embedding_size=3, **SMALL)).fit(X, [1.0, 2, 3])
        with pytest.raises(ValueError, match=f"ONNX has no operator that .*{says}.*ids=True"):
            to_onnx(pipe)
    pipe = make_pipeline(TokenEncoder("word"), GRURegressor(embedding_size=3, **SMALL))
    pipe.fit(X, [1.0, 2, 3])
    with pytest.raises(ValueError, match="pass opset=20"):
        to_onnx(pipe, opset=19)
    X = [[1.5, "a"], ["a"], [1.5]]
    pipe = make_pipeline(TokenEncoder(), GRURegressor(embedding_size=3, **SMALL)).fit(X, [1.0, 2, 3])
    with pytest.raises(ValueError, match="must be all text, or all whole numbers"):
        to_onnx(pipe)


# --- encoder-decoders -------------------------------------------------------------------------------


def greedy(pair, X, lengths, run, max_length=20):
    """The numbers of the tokens of the answers; the whole loop, as users have to write it."""
    states, token, said = run(pair.encoder, {"X": X, "lengths": lengths}), np.zeros(len(X), int), []
    while len(said) < max_length:
        out = run(pair.decoder, {"token": token, **states})
        states, token = states_of(pair.decoder, out), out["token_next"]
        states.pop("token", None)
        said.append(token)
    return np.array(said).T


def as_tokens(said, vocabulary):
    """The answers without what follows their ends."""
    return [[vocabulary[k] for k in row[: list(row).index(0) if 0 in row else None]] for row in said]


@pytest.mark.parametrize("opset", [17, OPSETS[-1]])
@pytest.mark.parametrize("hidden_size", [8, (8, 5)], ids=str)
@pytest.mark.parametrize("cls", PAIRS)
def test_pairs(cls, hidden_size, opset):
    X = ["one", "two", "three", "four", "five", "six"]
    y = ["1", "22", "333", "4", "", "66"]
    model = cls(**{**SMALL, "hidden_size": hidden_size, "max_iter": 40}, max_length=20).fit(X, y)
    X = [*X, "oXe", "zero?"]  # with tokens that fit has not seen
    for float64, run in ((False, by_runtime), (True, by_reference)):
        pair = to_onnx(model, float64=float64, opset=opset)
        source = {token: k for k, token in enumerate(metadata(pair.encoder)["vocabulary"])}
        feed = padded([np.array([source.get(token, -1) for token in x]) for x in X], 10**6)
        said = greedy(pair, feed["X"], feed["lengths"], run)
        assert as_tokens(said, metadata(pair.decoder)["vocabulary"]) == model.predict(X)


def test_log_probabilities_of_a_pair():
    model = fitted(GRUEncoderDecoder, ["ab", "ba"] * 4, ["b", "a"] * 4)
    pair = to_onnx(model)
    states = by_runtime(pair.encoder, {"X": np.array([[0, 1]]), "lengths": np.array([2])})
    said = by_runtime(pair.decoder, {"token": np.zeros(1, int), **states})
    assert said["log_probabilities"].shape == (1, 3)
    np.testing.assert_allclose(np.exp(said["log_probabilities"]).sum(), 1, rtol=1e-6)


def rolled_out(pair, feed, horizon, run):
    """The answers of an encoder-decoder of numbers; the whole loop, as users have to write it."""
    states, said = run(pair.encoder, feed), []
    (shape,) = [one.type.tensor_type.shape.dim for one in pair.decoder.graph.input if one.name == "step"]
    step = np.zeros((len(feed["X"]), shape[1].dim_value), feed["X"].dtype)
    while len(said) < horizon:
        out = run(pair.decoder, {"step": step, **states})
        step, states = out["step_next"], states_of(pair.decoder, out)
        states.pop("step", None)
        said.append(out["variable"])
    return np.stack(said, axis=1)


@pytest.mark.parametrize("options", [
    {}, {"hidden_size": (3, 4)}, {"loss": "quantile", "quantile": [0.1, 0.4, 0.9]}, {"loss": "poisson"},
    {"loss": "huber", "several": True}, {"loss": "quantile", "quantile": [0.4, 0.9], "several": True},
    {"loss": "poisson", "several": True},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("cls", NUMBER_PAIRS)
def test_pairs_of_numbers(cls, options):
    """Answers of other lengths than those of fit, of sources that are padded with NaN."""
    X, options = ragged(), dict(options)
    several = options.pop("several", False)
    y = [9 + 3 * np.abs(x if several else x[:, 0])[: 1 + k % 3] for k, x in enumerate(X)]
    model = cls(**{**SMALL, **options}, dtype="float64").fit(X, y)
    for float64, run, tolerance in ((False, by_runtime, 1e-5), (True, by_reference, 1e-12)):
        pair = to_onnx(model, float64=float64)
        assert metadata(pair.decoder)["horizon"] == "3"
        feed = padded(X, np.nan)
        feed["X"] = feed["X"].astype(np.float64 if float64 else np.float32)
        said = rolled_out(pair, feed, 5, run)
        np.testing.assert_allclose(said, model.predict(X, horizon=5), rtol=tolerance)


# --- the file ---------------------------------------------------------------------------------------


def metadata(model):
    values = {one.key: one.value for one in model.metadata_props}
    return {k: json.loads(v) if k in ("classes", "vocabulary") else v for k, v in values.items()}


def test_metadata():
    X = ragged()
    model = fitted(LSTMClassifier, X, np.array(["a", "b", "Ä"])[np.arange(N) % 3])
    assert metadata(to_onnx(model)) == {
        "skrnn_version": skrnn.__version__, "class": "LSTMClassifier", "classes": ["a", "b", "Ä"],
    }  # fmt: skip
    assert to_onnx(model).producer_name == "skrnn"


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 1, 2], [False, True]], ids=str)
def test_zipmap(labels):
    X = ragged("float32")
    model = fitted(GRUClassifier, X, np.resize(labels, N))
    said = by_runtime(to_onnx(model, zipmap=True), padded(X))["probabilities"]
    assert [list(one) for one in said] == [model.classes_.tolist()] * N
    assert_close(model.predict_proba(X), np.array([list(one.values()) for one in said]))


def test_what_zipmap_does_not_take():
    X = ragged()
    flags = np.array([x[-1] > 0 for x in X]).astype(int)
    floats = np.resize([0.0, 2.0], N)
    for y, options in ((flags, {}), (floats, {}), (flags[:, 0], {"float64": True})):
        with pytest.raises(ValueError, match="zipmap=True is for classifiers"):
            to_onnx(fitted(GRUClassifier, X, y), zipmap=True, **options)
    with pytest.raises(ValueError, match="zipmap=True is for classifiers"):
        to_onnx(fitted(GRURegressor, X, numbers(X)), zipmap=True)
    X, per_step = np.ones((N, 3, 2), "float32"), np.resize([[0, 1, 1], [1, 0, 1]], (N, 3))
    with pytest.raises(ValueError, match="zipmap=True is for classifiers"):
        to_onnx(fitted(GRUClassifier, X, per_step, return_sequences=True), zipmap=True)


def test_the_model_is_as_it_was():
    X = ragged()
    model = fitted(LSTMRegressor, X, numbers(X))
    before, weights = model._model.theta.copy(), model.weights_
    to_onnx(model)
    assert np.array_equal(model._model.theta, before)
    assert all(np.array_equal(W, model.weights_[name]) for name, W in weights.items())


# --- errors -----------------------------------------------------------------------------------------


class Own(LSTM):
    pass


class OwnLSTMRegressor(LSTMRegressor, cell=Own):
    pass


class SquareRoots(SquaredError):
    identity_link = False

    def inverse_link(self, raw):
        return raw**2


class Inherits(SquaredError):
    pass


def test_what_onnx_has_not():
    X = ragged()
    with pytest.raises(ValueError, match="no operator for the cell Own"):
        to_onnx(fitted(OwnLSTMRegressor, X, numbers(X)))
    with pytest.raises(ValueError, match=r"SquareRoots\.inverse_link"):
        to_onnx(fitted(LSTMRegressor, X, numbers(X), loss=SquareRoots))
    assert_same(fitted(LSTMRegressor, X, numbers(X), loss=Inherits), X, padded(X))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"opset": 16}, "opset must be None or an int from 17"),
        ({"opset": 10**3}, "opset must be None or an int from 17"),
        ({"opset": "17"}, "opset must be None or an int from 17"),
        ({"opset": True}, "opset must be None or an int from 17"),
        ({"ids": True}, "ids=True is for pipelines that begin with a TokenEncoder"),
        ({"float64": 1}, "float64 must be True or False"),
        ({"stateful": None}, "stateful must be True or False"),
    ],
)
def test_wrong_options(options, says):
    X = ragged()
    with pytest.raises(ValueError, match=says):
        to_onnx(fitted(GRURegressor, X, numbers(X)), **options)


def test_numbers_too_large_for_float32():
    X = ragged()
    model = fitted(GRURegressor, X, [1e300 * value for value in numbers(X)])
    with pytest.raises(ValueError, match=r"float64=False does not go with .*pass float64=True"):
        to_onnx(model)
    said = by_runtime(to_onnx(model, float64=True), padded(X))["variable"]
    np.testing.assert_allclose(said, model.predict(X), rtol=1e-9)


def test_what_to_onnx_does_not_take(monkeypatch):
    X = ragged()
    with pytest.raises(NotFittedError):
        to_onnx(LSTMRegressor())
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(TimeDistributed(StandardScaler()), LSTMRegressor()))
    with pytest.raises(TypeError, match="to_onnx needs a fitted estimator of skrnn"):
        to_onnx(StandardScaler().fit(np.eye(2)))
    with pytest.raises(ValueError, match="stateful=True and bidirectional=True do not go together"):
        to_onnx(fitted(GRURegressor, X, numbers(X), bidirectional=True), stateful=True)
    pair = fitted(GRUEncoderDecoder, ["ab", "ba"] * 4, ["b", "a"] * 4)
    for name, value in (("stateful", True), ("ids", True), ("zipmap", True), ("lengths", False)):
        with pytest.raises(ValueError, match=f"{name}={value} does not go with GRUEncoderDecoder"):
            to_onnx(pair, **{name: value})
    table = np.column_stack([np.arange(30) % 2, np.random.RandomState(0).normal(size=(30, F))])
    pipe = make_pipeline(FunctionTransformer(), GRURegressor(rows="steps", sequence_id=0, **SMALL))
    with pytest.raises(ValueError, match="sequence_id=0 and a pipeline"):
        to_onnx(pipe.fit(table, table[:, 1]))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"skrnn\[onnx\]"):
        to_onnx(pair)
