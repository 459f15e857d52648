"""Weights from elsewhere: from_weights answers with the same bits, trains on, and says what is wrong."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from support.estimators import name_of

from skrnn import (
    GRUClassifier,
    GRUEncoderDecoder,
    GRURegressor,
    LSTMClassifier,
    LSTMEncoderDecoder,
    LSTMRegressor,
    RNNClassifier,
    RNNEncoderDecoder,
    RNNRegressor,
)
from skrnn.cells import LSTM
from skrnn.regressors import SequenceRegressor

N, T, F = 20, 6, 2
SMALL = {"hidden_size": 4, "max_iter": 3, "tol": None, "random_state": 0}
X = np.random.RandomState(0).normal(size=(N, T, F))
RAGGED = [x[: 2 + i % 4] for i, x in enumerate(X)]
TOKENS = [np.abs(x[:, 0] * 3).astype(int) for x in RAGGED]
Y = 100 + 10 * X[:, -1, 0]
every_cell = pytest.mark.parametrize(
    ("regressor", "classifier"),
    [(RNNRegressor, RNNClassifier), (LSTMRegressor, LSTMClassifier), (GRURegressor, GRUClassifier)],
)


class Own(SequenceRegressor, cell=LSTM):
    """A class of a user."""


def fitted(cls, X, y, **parameters):
    return cls(**{**SMALL, **parameters}).fit(X, y)


def again(model, **more):
    """Made of its exact weights with the parameters that these do not say."""
    parameters = {
        name: value for name, value in model.get_params().items()
        if name not in ("hidden_size", "bidirectional", "embedding_size", "dtype")
    }  # fmt: skip
    return type(model).from_weights(model.exact_weights_, **{**parameters, **more})


def assert_same(a, b):
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
        assert np.asarray(one).dtype == np.asarray(other).dtype


NETWORKS = [
    {},
    {"bidirectional": True, "hidden_size": (4, 3)},
    {"pooling": ("max", "last")},
    {"loss": "poisson"},
    {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    {"dtype": "float32"},
]


@pytest.mark.parametrize("parameters", NETWORKS, ids=str)
@every_cell
def test_the_same_bits(regressor, classifier, parameters):
    model = fitted(regressor, X, Y, **parameters)
    back = again(model)
    assert_same(back.predict(X), model.predict(X))
    assert_same(back.predict(RAGGED), model.predict(RAGGED))
    for name, W in model.exact_weights_.items():
        assert back.exact_weights_[name].tobytes() == W.tobytes()
    assert back.get_params()["hidden_size"] == model.hidden_size
    if "loss" in parameters:
        return
    model = fitted(classifier, X, np.array(["a", "b", "c"])[np.arange(N) % 3], **parameters)
    assert_same(again(model, classes=["a", "b", "c"]).predict_proba(X), model.predict_proba(X))


def test_weights_in_units_of_y():
    model = fitted(LSTMRegressor, X, Y)
    back = LSTMRegressor.from_weights(model.weights_)
    np.testing.assert_allclose(back.predict(X), model.predict(X), rtol=1e-12)
    exact = back.exact_weights_
    assert exact["y.mean"].tolist() == [0]
    assert exact["y.scale"].tolist() == [1]
    assert exact.keys() - {"y.mean", "y.scale"} == model.weights_.keys()


def test_several_outputs():
    model = fitted(GRURegressor, X, X[:, -1])
    assert_same(again(model).predict(X), model.predict(X))
    both = {"loss": "quantile", "quantile": [0.2, 0.8]}
    model = fitted(GRURegressor, X, X[:, -1], **both)
    assert again(model).predict(X).shape == (N, 2, 2)
    assert_same(again(model).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("y", "more"),
    [
        (np.arange(N) % 2 == 0, {"classes": [False, True]}),
        (np.arange(N) % 2, {}),
        (np.arange(N) % 4, {}),
        (np.where(np.arange(N) % 2, "no", "yes"), {"classes": np.array(["no", "yes"])}),
        ((X[:, -1] > 0).astype(int), {"multilabel": True}),
    ],
    ids=["bool", "two", "four", "text", "multilabel"],
)
def test_labels(y, more):
    model = fitted(GRUClassifier, X, y)
    back = again(model, **more)
    assert_same(back.predict(X), model.predict(X))
    assert_same(back.predict_proba(X), model.predict_proba(X))
    assert back.classes_.tolist() == model.classes_.tolist()
    assert back.score(X, y) == model.score(X, y)


def test_targets_per_step():
    y = [x[:, 0] for x in RAGGED]
    model = fitted(RNNRegressor, RAGGED, y, return_sequences=True, target_delay=1, activation="relu")
    assert_same(again(model).predict(RAGGED), model.predict(RAGGED))


def test_tokens():
    y = [t[-1] % 3 for t in TOKENS]
    model = fitted(LSTMClassifier, TOKENS, y, embedding_size=5)
    back = again(model)
    assert back.embedding_size == 5
    assert_same(back.predict_proba(TOKENS), model.predict_proba(TOKENS))
    with pytest.raises(ValueError, match=f"not below n_tokens={1 + max(map(max, TOKENS))}"):
        back.predict([np.array([10**6])])


def test_rows_that_are_sequences():
    table = X.reshape(N, -1)
    model = fitted(GRURegressor, table, Y, step_features=F)
    back = again(model, columns=T * F)
    assert_same(back.predict(table), model.predict(table))
    assert back.n_features_in_ == T * F
    frame = pd.DataFrame(table, columns=[f"x{k}" for k in range(T * F)])
    model = fitted(GRURegressor, frame, Y, step_features=F)
    back = again(model, columns=list(frame.columns))
    assert_same(back.predict(frame), model.predict(frame))


def test_rows_that_are_steps():
    frame = pd.DataFrame({"id": np.repeat(["a", "b"], T), "x": X[:2, :, 0].ravel()})
    y = X[:2, :, 1].ravel()
    of_rows = {"rows": "steps", "sequence_id": "id", "initial_state": "last"}
    model = fitted(LSTMRegressor, frame, y, **of_rows)
    back = again(model, columns=["id", "x"])
    assert not hasattr(back, "final_state_")
    assert_same(back.predict(frame), model.set_params(initial_state="zeros").predict(frame))
    back.partial_fit(frame, y)
    assert hasattr(back, "final_state_")
    plain = fitted(LSTMRegressor, X[0], X[0, :, 0], rows="steps")
    assert_same(again(plain).predict(X[0]), plain.predict(X[0]))


def test_it_trains_on():
    model = fitted(GRURegressor, X, Y)
    back = again(model)
    assert back.loss_curve_ == []
    assert back.n_iter_ == back.n_updates_ == 0
    back.partial_fit(X, Y)
    before = back.weights_
    back.set_params(warm_start=True, max_iter=2).fit(X, Y)
    assert back.n_iter_ == 2
    assert any((before[name] != W).any() for name, W in back.weights_.items())
    assert back.exact_weights_["y.mean"] == model.exact_weights_["y.mean"]


def test_training_goes_on_as_from_the_model_itself():
    """The solver has no memory yet; but for that both go on alike."""
    model = fitted(GRURegressor, X, Y, solver="sgd", momentum=0.0, shuffle=False, max_iter=2)
    back = again(model).set_params(warm_start=True).fit(X, Y)
    assert_same(
        list(model.set_params(warm_start=True).fit(X, Y).weights_.values()), list(back.weights_.values())
    )


def test_the_weights_are_copies():
    model = fitted(GRURegressor, X, Y)
    weights = model.exact_weights_
    back = GRURegressor.from_weights(weights)
    before = back.predict(X)
    weights["layer0.W_x"][:] = 0
    weights["y.mean"][:] = 0
    assert_same(back.predict(X), before)
    assert_same(model.predict(X), before)


def test_parameters_are_kept_and_the_estimator_can_be_cloned():
    back = again(fitted(LSTMRegressor, X, Y), alpha=0.5, learning_rate="constant")
    assert back.alpha == 0.5
    assert clone(back).get_params() == back.get_params()


def test_a_class_of_a_user():
    model = fitted(Own, X, Y)
    back = again(model)
    assert type(back) is Own
    assert_same(back.predict(X), model.predict(X))


def test_what_is_drawn():
    trunk = fitted(GRUClassifier, X, np.arange(N) % 2).exact_weights_
    made = GRUClassifier.from_weights(trunk, classes=list("xyz"), draw="readout", random_state=3)
    same = GRUClassifier.from_weights(trunk, classes=list("xyz"), draw=("readout",), random_state=3)
    assert made.exact_weights_["readout.W"].shape == (4, 3)
    assert made.exact_weights_["readout.W"].any()
    for name, W in made.exact_weights_.items():
        assert W.tobytes() == same.exact_weights_[name].tobytes()
        if name.startswith("layer0"):
            assert W.tobytes() == trunk[name].tobytes()


def test_a_table_of_vectors_and_all_else_drawn():
    table = np.random.RandomState(1).normal(size=(12, 5))
    weights = {"embedding.W": table}
    made = LSTMClassifier.from_weights(
        weights, draw=("layer0", "readout"), classes=[0, 1], hidden_size=6, random_state=0
    )
    assert_same([made.exact_weights_["embedding.W"]], [table])
    forget_gate = made.exact_weights_["layer0.b_x"].reshape(4, 6)[1]
    assert forget_gate.tolist() == [1] * 6
    assert made.predict_proba(TOKENS).shape == (N, 2)


CODED = np.concatenate([X, np.arange(N * T).reshape(N, T, 1) % 5], axis=2)


def test_categories_beside_numbers():
    model = fitted(GRURegressor, CODED, Y, embedding_size={2: 3})
    again = GRURegressor.from_weights(model.exact_weights_, embedding_size={2: 3})
    assert_same(again.predict(CODED), model.predict(CODED))
    with pytest.raises(ValueError, match="5 in X is not below 5, the number of categories"):
        again.predict(CODED[:1] + [0, 0, 1])
    weights = {name: W for name, W in model.exact_weights_.items() if "embedding" not in name}
    with pytest.raises(ValueError, match=r"no 'embedding.2.W' of shape \(number of categories, 3\)"):
        GRURegressor.from_weights(weights, embedding_size={2: 3})
    drawn = GRURegressor.from_weights(
        weights, embedding_size={2: 3}, n_tokens={2: 7}, draw="embedding", random_state=0
    )
    assert drawn.weights_["embedding.2.W"].shape == (7, 3)


def test_categories_of_a_table_of_steps():
    columns = ["code", "id", "x", "z"]
    frame = pd.DataFrame(
        dict(zip(columns, [CODED[0, :, 2], [7] * T, X[0, :, 0], X[0, :, 1]], strict=True))
    )
    frame["w"] = frame["code"][::-1].to_numpy() % 3
    more = {"rows": "steps", "sequence_id": "id", "embedding_size": {"code": 2, "w": 1}}
    model = fitted(GRURegressor, frame, frame["z"], **more)
    again = GRURegressor.from_weights(model.exact_weights_, columns=list(frame.columns), **more)
    assert_same(again.predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="embedding_size names column 'code'"):
        GRURegressor.from_weights(model.exact_weights_, **{**more, "sequence_id": 1})


def test_the_other_way_round():
    y = [t[-1] % 2 for t in TOKENS]
    weights = fitted(LSTMClassifier, TOKENS, y, embedding_size=5).exact_weights_
    made = LSTMClassifier.from_weights(weights, draw="embedding", embedding_size=5, n_tokens=50)
    assert made.weights_["embedding.W"].shape == (50, 5)


# --- encoder-decoders --------------------------------------------------------------------------------

PAIRS = ["one", "two", "three"], ["1", "2", "3"]


def of_pairs(model, **more):
    return {
        "source_vocabulary": model.source_vocabulary_, "target_vocabulary": model.target_vocabulary_,
        "max_length": 2, **more,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", None])
@pytest.mark.parametrize("cls", [RNNEncoderDecoder, LSTMEncoderDecoder, GRUEncoderDecoder], ids=name_of)
def test_encoder_decoders(cls, dtype):
    small = {**SMALL, "hidden_size": (4, 3), "max_iter": 9, "embedding_size": 5, "dtype": dtype}
    model = cls(**small).fit(*PAIRS)
    back = cls.from_weights(model.weights_, **of_pairs(model, warm_start=True, max_iter=2, tol=None))
    assert back.predict(PAIRS[0]) == model.predict(PAIRS[0])
    assert back.get_params()["hidden_size"] == (4, 3)
    for name, W in model.weights_.items():
        assert back.weights_[name].tobytes() == W.tobytes()
    assert back.fit(*PAIRS).n_updates_ > 0


def test_what_is_drawn_of_encoder_decoders():
    model = GRUEncoderDecoder(**SMALL).fit(*PAIRS)
    more = of_pairs(model, target_vocabulary={"x": 1, "y": 2}, random_state=0)
    made = GRUEncoderDecoder.from_weights(model.weights_, draw="decoder", **more)
    assert made.weights_["decoder.readout.b"].shape == (3,)
    assert_same([made.weights_["encoder.layer0.W_h"]], [model.weights_["encoder.layer0.W_h"]])


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"max_length": None}, ValueError, "pass max_length"),
        ({"source_vocabulary": ["a"]}, TypeError, "source_vocabulary must be a dict.*got list"),
        ({"source_vocabulary": {}}, ValueError, "source_vocabulary must give its tokens"),
        ({"target_vocabulary": {"1": 0, "2": 1}}, ValueError, "numbers from 1 on, without gaps"),
        ({"target_vocabulary": {"1": 1, "2": 3}}, ValueError, "numbers from 1 on, without gaps"),
        ({"source_vocabulary": {"a": 0}}, ValueError, r"'encoder.embedding.W'\] has shape"),
        ({"draw": "readout"}, ValueError, "draw names 'readout'"),
    ],
    ids=str,
)
def test_what_is_wrong_with_vocabularies(more, error, message):
    model = GRUEncoderDecoder(**SMALL).fit(*PAIRS)
    with pytest.raises(error, match=message) as caught:
        GRUEncoderDecoder.from_weights(model.weights_, **of_pairs(model, **more))
    assert len(str(caught.value)) <= 600


# --- errors -----------------------------------------------------------------------------------------

WEIGHTS = fitted(LSTMRegressor, X, Y).exact_weights_
LABELLED = fitted(LSTMClassifier, X, np.arange(N) % 3).exact_weights_
TWO = fitted(LSTMClassifier, X, (X[:, -1] > 0).astype(int)).exact_weights_


def changed(**others):
    """The weights, with others in their place; None: without it."""
    weights = {**WEIGHTS, **{name.replace("__", "."): W for name, W in others.items()}}
    return {name: W for name, W in weights.items() if W is not None}


def with_nan():
    W = WEIGHTS["layer0.W_h"].copy()
    W[1, 2] = np.nan
    return W


WRONG = {
    "no dict": (list(WEIGHTS), {}, TypeError, "weights must be a dict of name to array.*got list"),
    "nothing": ({}, {}, ValueError, "no 'layer0.W_x' of shape"),
    "missing": (changed(readout__b=None), {}, ValueError, "missing are 'readout.b', and unknown"),
    "unknown": (changed(layer1__W=X), {}, ValueError, "unknown are 'layer1.W'"),
    "no name": ({**WEIGHTS, 3: X}, {}, ValueError, "unknown are 3"),
    "shape": (
        changed(layer0__b_x=np.zeros(15)), {}, ValueError,
        r"weights\['layer0.b_x'\] has shape \(15,\), but LSTMRegressor.*needs \(16,\)",
    ),
    "of another cell": (
        fitted(GRURegressor, X, Y).exact_weights_, {}, ValueError, r"\(2, 12\), but.*needs \(2, 16\)"
    ),
    "pooling": (WEIGHTS, {"pooling": "last_max"}, ValueError, r"'readout.W'\] has.*\(4, 1\).*\(8, 1\)"),
    "hidden_size": (WEIGHTS, {"hidden_size": 5}, ValueError, r"'layer0.W_x'\] has shape.*\(2, 20\)"),
    "NaN": (changed(layer0__W_h=with_nan()), {}, ValueError, r"W_h'\] has NaN.*first at \(1, 2\)"),
    "infinite mean": (changed(y__mean=[np.inf]), {}, ValueError, r"'y.mean'\] has NaN or infinity"),
    "complex": (changed(layer0__W_h=np.ones((4, 16), complex)), {}, TypeError, "W_h'.*complex128"),
    "text": (changed(readout__b=["a"]), {}, TypeError, "'readout.b'.*dtype <U1"),
    "a ragged list": (changed(readout__W=[[1], [1, 2]]), {}, TypeError, "'readout.W'.*cannot be made"),
    "too large": (
        changed(readout__b=[1e300]), {"dtype": "float32"}, ValueError, "b'.*float32 does not hold"
    ),
    "means": (changed(y__mean=[1.0, 2.0]), {}, ValueError, r"'y.mean'\] has shape \(2,\).*\(1,\)"),
    "scale": (changed(y__scale=[0.0]), {}, ValueError, r"'y.scale'\] must be > 0"),
    "unit": (WEIGHTS, {"loss": "poisson"}, ValueError, "loss='poisson' takes y as it is"),
    "draw": (WEIGHTS, {"draw": ("output",)}, ValueError, "draw names 'output'.*it has 'layer0.W_x'"),
    "draw what": (WEIGHTS, {"draw": (0,)}, TypeError, "draw must hold names"),
    "quantiles": (
        changed(readout__W=np.ones((4, 3)), readout__b=np.ones(3)),
        {"loss": "quantile", "quantile": [0.1, 0.9]}, ValueError, "3 outputs.*no multiple of the 2",
    ),
    "sequence_id": (
        WEIGHTS, {"rows": "steps", "sequence_id": "id"}, ValueError, "sequence_id='id' is the name"
    ),
    "columns": (WEIGHTS, {"columns": 7, "step_features": 2}, ValueError, "columns=7 must be a multiple"),
    "step_features": (WEIGHTS, {"columns": 6}, ValueError, "reads 2 inputs.*set step_features=2"),
    "no columns": (WEIGHTS, {"step_features": 2}, ValueError, "step_features=2 is for tables"),
    "a parameter": (WEIGHTS, {"alpha": -1}, ValueError, "'alpha' parameter"),
    "no parameter": (WEIGHTS, {"beta": -1}, TypeError, "beta"),
}  # fmt: skip
WRONG_LABELS = {
    "too few": (LABELLED, {"classes": [0, 1]}, r"classes=\[0, 1\] do not go with the 3 outputs"),
    "order": (LABELLED, {"classes": list("cab")}, "must be sorted and all different: 'a', 'b', 'c'"),
    "twice": (LABELLED, {"classes": list("aab")}, "do not go with the 3 outputs"),
    "of indicators": (LABELLED, {"classes": [1, 2, 3], "multilabel": True}, r"pass range\(3\)"),
    "two": (TWO, {}, "2 outputs: two classes have one here"),
    "units": ({**LABELLED, "y.mean": np.zeros(3)}, {}, "weights has 'y.mean', but the outputs of"),
}


@pytest.mark.parametrize(("weights", "more", "error", "message"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong(weights, more, error, message):
    with pytest.raises(error, match=message) as caught:
        LSTMRegressor.from_weights(weights, **more)
    assert len(str(caught.value)) <= 600


@pytest.mark.parametrize(("weights", "more", "message"), WRONG_LABELS.values(), ids=list(WRONG_LABELS))
def test_what_is_wrong_with_labels(weights, more, message):
    with pytest.raises(ValueError, match=message) as caught:
        LSTMClassifier.from_weights(weights, **more)
    assert len(str(caught.value)) <= 600


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier], ids=name_of)
def test_before_fit_there_are_none(cls):
    with pytest.raises(NotFittedError):
        _ = cls().exact_weights_
