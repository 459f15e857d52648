"""Every kind of model through every format, and back: the same answers, bit for bit."""

import io
import tempfile
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from support.combinations import few

import skrnn
from skrnn.interop import TRUSTED_TYPES, from_torch, load, save, to_torch

N, T = 10, 5
X = np.random.RandomState(0).normal(size=(N, T, 2))
RAGGED = [x[: 2 + k % 4] for k, x in enumerate(X)]
TOKENS = [np.abs(4 * x[:, 0]).astype(int) for x in RAGGED]
FRAME = pd.DataFrame({"id": np.repeat(["a", "b"], N // 2), "x": X[:, 0, 0], "code": np.arange(N) % 3})
CODED = np.concatenate([X, np.arange(N * T).reshape(N, T, 1) % 3], axis=2)
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
WORDS = np.array(["no", "yes", "perhaps"], dtype=object)[np.arange(N) % 3]
INDICATOR = (X[:, -1] > 0).astype(int)
CLASSIFIERS = (skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier)
REGRESSORS = (skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor)
QUANTILES = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
STEPS = {"rows": "steps", "sequence_id": "id"}

# name -> X, y of classifiers and of regressors (None: they have no such thing), parameters
KINDS = {
    "plain": (X, WORDS, X[:, -1, 0], {}),
    "float32": (X.astype("f4"), WORDS == "no", X[:, -1, 0], {"batch_size": 4, "alpha": np.float32(0.1)}),
    "bidirectional": (X, WORDS, X[:, -1, 0], {"bidirectional": True}),
    "stacked": (X, WORDS, X[:, -1, 0], {"hidden_size": (3, 2)}),
    "per step": (X, INDICATOR[:, :1] * np.ones(T, int), X[..., 0], {"return_sequences": True}),
    "ragged": (RAGGED, WORDS, X[:, -1, 0], {}),
    "ragged per step": (
        RAGGED, [t % 2 for t in TOKENS], [x[:, 0] for x in RAGGED], {"return_sequences": True},
    ),
    "embedding": (TOKENS, WORDS, X[:, -1, 0], {"embedding_size": 2}),
    "categories": (CODED, WORDS, X[:, -1, 0], {"embedding_size": {2: 2}}),
    "multilabel": (X, INDICATOR, None, {}),
    "multi-output": (X, None, X[:, -1], {}),
    "quantiles": (X, None, X[:, -1, 0], QUANTILES),
    "quantiles of several": (X, None, X[:, -1], QUANTILES),
    "poisson": (X, None, X[:, -1, 0] ** 2, {"loss": "poisson"}),
    "delay": (X, None, X[..., 0], {"return_sequences": True, "target_delay": 1}),
    "rows as steps": (FRAME[["id", "x"]], FRAME["code"], FRAME["x"], STEPS),
    "rows as sequences": (X.reshape(N, -1), WORDS, X[:, -1, 0], {"step_features": 2}),
    "mean": (X, WORDS, X[:, -1, 0], {"pooling": "mean"}),
    "max": (X, WORDS, X[:, -1, 0], {"pooling": "max"}),
    "last_max": (X, WORDS, X[:, -1, 0], {"pooling": "last_max"}),
    "three poolings": (X, WORDS, X[:, -1, 0], {"pooling": ("mean", "last", "max")}),
}  # fmt: skip
CASES = [
    (cls, kind) for kind, (_, labels, numbers, _) in KINDS.items() for cls in CLASSIFIERS + REGRESSORS
    if (labels if cls in CLASSIFIERS else numbers) is not None
]  # fmt: skip
PAIRS = (skrnn.RNNEncoderDecoder, skrnn.LSTMEncoderDecoder, skrnn.GRUEncoderDecoder)
NUMBER_PAIRS = (
    skrnn.RNNEncoderDecoderRegressor,
    skrnn.LSTMEncoderDecoderRegressor,
    skrnn.GRUEncoderDecoderRegressor,
)
LOSSES = {
    "squared_error": {}, "poisson": {"loss": "poisson", "dtype": "float32"},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
}  # fmt: skip
TEXTS = ["one", "two", "three"]


@cache
def fitted(cls, kind):
    if cls in PAIRS:
        return cls(**SMALL).fit(TEXTS, ["1", "2", "3"])
    if cls in NUMBER_PAIRS:
        y = [x[: 1 + k % 4] ** 2 for k, x in enumerate(RAGGED)]
        return cls(**SMALL, **LOSSES[kind]).fit(RAGGED, y)
    X, labels, numbers, parameters = KINDS[kind]
    return cls(**{**SMALL, **parameters}).fit(X, labels if cls in CLASSIFIERS else numbers)


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return joblib.load(io.BytesIO(file.getvalue()))


def by_skops(model):
    skops = pytest.importorskip("skops.io")
    data = skops.dumps(model)
    assert set(skops.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    return skops.loads(data, trusted=TRUSTED_TYPES)


def by_safetensors(model):
    pytest.importorskip("safetensors")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(model, path)
        return load(path)


def by_torch(model):
    pytest.importorskip("torch")
    return from_torch(to_torch(model), model)


def by_weights(model):
    facts, more = model._model.facts, {}
    if isinstance(model, CLASSIFIERS):
        more = {"classes": model.classes_, "multilabel": not facts.targets.is_1d}
    if facts.form.is_table or facts.form.rows_are_steps:
        names = getattr(model, "feature_names_in_", None)
        more["columns"] = model.n_features_in_ if names is None else list(names)
    said = ("hidden_size", "bidirectional", "n_tokens")
    parameters = {name: value for name, value in model.get_params().items() if name not in said}
    return type(model).from_weights(model.exact_weights_, **parameters, **more)


FORMATS = {"joblib": by_joblib, "skops": by_skops, "safetensors": by_safetensors}
OF_NETWORKS = {"torch": by_torch, "weights": by_weights}


def assert_same(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("cls", "kind", "through"),
    few([
        (*case, through) for case in CASES for through in (*FORMATS, *OF_NETWORKS)
    ]),
    ids=lambda one: getattr(one, "__name__", one),
)  # fmt: skip
def test_round_trips(cls, kind, through):
    model, (X, *_) = fitted(cls, kind), KINDS[kind]
    again = {**FORMATS, **OF_NETWORKS}[through](model)
    assert type(again) is cls
    assert again._model.theta.tobytes() == model._model.theta.tobytes()
    assert_same(again.predict(X), model.predict(X))
    if cls in CLASSIFIERS:
        assert_same(again.predict_proba(X), model.predict_proba(X))
        assert again.classes_.dtype == model.classes_.dtype
    if through in FORMATS:
        assert_all_is_there(again, model)


def assert_all_is_there(again, model):
    """Parameters, curves and other attributes."""
    assert vars(again).keys() == vars(model).keys()
    for name, value in vars(model).items():
        if name != "_fitted":
            assert repr(getattr(again, name)) == repr(value), name


@pytest.mark.parametrize("through", {**FORMATS, "torch": by_torch})
@pytest.mark.parametrize("cls", PAIRS, ids=lambda cls: cls.__name__)
def test_encoder_decoders(cls, through):
    model = fitted(cls, None)
    again = {**FORMATS, "torch": by_torch}[through](model)
    assert again.predict(TEXTS) == model.predict(TEXTS)
    assert again._model.theta.tobytes() == model._model.theta.tobytes()
    if through in FORMATS:
        assert_all_is_there(again, model)


@pytest.mark.parametrize("through", {**FORMATS, "torch": by_torch})
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("cls", NUMBER_PAIRS, ids=lambda cls: cls.__name__)
def test_encoder_decoders_of_numbers(cls, loss, through):
    model = fitted(cls, loss)
    again = {**FORMATS, "torch": by_torch}[through](model)
    assert_same(again.predict(RAGGED), model.predict(RAGGED))
    assert again._model.theta.tobytes() == model._model.theta.tobytes()
    if through in FORMATS:
        assert_all_is_there(again, model)


@pytest.mark.parametrize("through", FORMATS)
def test_what_training_goes_on_with(through):
    """All but safetensors keep the memory of the solver."""
    model = skrnn.GRUClassifier(**SMALL, warm_start=True).fit(X, WORDS)
    again = FORMATS[through](model)
    assert (again._fitted.solver is None) == (through == "safetensors")
    again.fit(X, WORDS)
    model.fit(X, WORDS)
    if through != "safetensors":
        assert again._model.theta.tobytes() == model._model.theta.tobytes()
