"""from_keras: the answers of Keras's layers, by their equations written down here, and by Keras."""

import importlib.util
import os

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)
from skrnn.cells import LSTM
from skrnn.interop import from_keras

N, T, F, H = 7, 6, 3, 4
FRAME = {"hidden_size": H, "max_iter": 1, "tol": None, "random_state": 0}


# --- Keras's equations, as its documentation has them: arrays as get_weights gives them --------------


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def simple_rnn(x, states, kernel, recurrent, bias):
    (h,) = states
    return (np.tanh(x @ kernel + bias + h @ recurrent),)


def lstm(x, states, kernel, recurrent, bias):
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, states, kernel, recurrent, bias):
    """reset_after=True."""
    (h,) = states
    x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=-1)
    h_z, h_r, h_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (z * h + (1 - z) * np.tanh(x_h + r * h_h),)


def layer(step, X, weights, *, backwards=False):
    """All states h (n, T, H), of a layer that reads X; backwards they are where their steps are."""
    n, units = len(X), weights[1].shape[0]
    states, hs = (np.zeros((n, units)),) * (2 if step is lstm else 1), []
    for t in reversed(range(X.shape[1])) if backwards else range(X.shape[1]):
        states = step(X[:, t], states, *weights)
        hs.append(states[0])
    return np.stack(hs[::-1] if backwards else hs, axis=1)


KINDS = {
    simple_rnn: (RNNRegressor, RNNClassifier, 1),
    lstm: (LSTMRegressor, LSTMClassifier, 4),
    gru: (GRURegressor, GRUClassifier, 3),
}


def arrays_of(step, sizes, *, n_inputs=F, bidirectional=False, n_outputs=1):
    """The weights of a model of random numbers, layer after layer, and those of a Dense layer."""
    rng, layers = np.random.RandomState(0), []
    for units in sizes:
        G = KINDS[step][2] * units
        bias = (2, G) if step is gru else (G,)
        for _ in range(1 + bidirectional):
            layers.append([rng.normal(size=shape) for shape in ((n_inputs, G), (units, G), bias)])
        n_inputs = units * (1 + bidirectional)
    return layers, [rng.normal(size=(n_inputs, n_outputs)), rng.normal(size=n_outputs)]


def flat(layers, dense=()):
    return [W for layer in layers for W in layer] + list(dense)


@pytest.fixture
def X():
    return np.random.RandomState(1).normal(size=(N, T, F))


# --- the same answers -------------------------------------------------------------------------------

everywhere = pytest.mark.parametrize("step", KINDS, ids=lambda step: step.__name__)


@everywhere
def test_the_last_state(step, X):
    layers, (W, b) = arrays_of(step, [H])
    frame = KINDS[step][0](**FRAME).fit(X, 100 + 5 * X[:, 0, 0])
    expected = layer(step, X, layers[0])[:, -1] @ W + b
    np.testing.assert_allclose(from_keras(flat(layers, [W, b]), frame).predict(X), expected[:, 0])


@everywhere
def test_both_directions(step, X):
    """Each has read all of the sequence at its own end."""
    layers, (W, b) = arrays_of(step, [H], bidirectional=True)
    frame = KINDS[step][0](bidirectional=True, **FRAME).fit(X, X[:, 0, 0])
    forward, reverse = layer(step, X, layers[0]), layer(step, X, layers[1], backwards=True)
    expected = np.concatenate([forward[:, -1], reverse[:, 0]], axis=1) @ W + b
    np.testing.assert_allclose(from_keras(flat(layers, [W, b]), frame).predict(X), expected[:, 0])
    frame = KINDS[step][0](bidirectional=True, return_sequences=True, **FRAME).fit(X, X[..., 0])
    expected = np.concatenate([forward, reverse], axis=2) @ W + b
    np.testing.assert_allclose(from_keras(flat(layers, [W, b]), frame).predict(X), expected[..., 0])


@everywhere
def test_stacked_layers_and_pooling(step, X):
    layers, (W, b) = arrays_of(step, [H, 5], n_outputs=2)
    frame = KINDS[step][0](**{**FRAME, "hidden_size": (H, 5), "pooling": "mean"}).fit(X, X[:, 0, :2])
    hidden = layer(step, layer(step, X, layers[0]), layers[1])
    again = from_keras(flat(layers, [W, b]), frame)
    np.testing.assert_allclose(again.predict(X), hidden.mean(axis=1) @ W + b)


@everywhere
def test_classes(step, X):
    frame = KINDS[step][1](**FRAME).fit(X, np.arange(N) % 3)
    layers, (W, b) = arrays_of(step, [H], n_outputs=3)
    e = np.exp(layer(step, X, layers[0])[:, -1] @ W + b)
    again = from_keras(flat(layers, [W, b]), frame)
    np.testing.assert_allclose(again.predict_proba(X), e / e.sum(axis=1, keepdims=True))


def test_two_classes(X):
    """By one output and a sigmoid, or by two and a softmax."""
    frame = LSTMClassifier(**FRAME).fit(X, np.arange(N) % 2)
    layers, (W, b) = arrays_of(lstm, [H], n_outputs=2)
    h = layer(lstm, X, layers[0])[:, -1]
    e = np.exp(h @ W + b)
    again = from_keras(flat(layers, [W, b]), frame)
    np.testing.assert_allclose(again.predict_proba(X), e / e.sum(axis=1, keepdims=True))
    again = from_keras(flat(layers, [W[:, :1], b[:1]]), frame)
    np.testing.assert_allclose(again.predict_proba(X)[:, 1], sigmoid(h @ W[:, 0] + b[0]))


def test_tokens():
    ids = np.random.RandomState(0).randint(0, 9, size=(N, T))
    frame = GRURegressor(embedding_size=F, n_tokens=9, **FRAME).fit(list(ids), ids[:, 0])
    layers, dense = arrays_of(gru, [H])
    table = np.random.RandomState(2).normal(size=(9, F))
    expected = layer(gru, table[ids], layers[0])[:, -1] @ dense[0] + dense[1]
    again = from_keras([table, *flat(layers, dense)], frame)
    np.testing.assert_allclose(again.predict(list(ids)), expected[:, 0])


def test_without_a_dense_layer(X):
    """The read-out is still that of the estimator, with the units of its y."""
    layers, _ = arrays_of(lstm, [H])
    frame = LSTMRegressor(**FRAME).fit(X, 100 + 5 * X[:, 0, 0])
    again = from_keras(flat(layers), frame)
    np.testing.assert_allclose(again.hidden_states(X), layer(lstm, X, layers[0]))
    weights = frame.weights_
    expected = layer(lstm, X, layers[0])[:, -1] @ weights["readout.W"] + weights["readout.b"]
    np.testing.assert_allclose(again.predict(X), expected[:, 0])


def test_what_comes_back_is_a_fitted_estimator(X):
    layers, dense = arrays_of(gru, [H])
    frame = GRURegressor(**FRAME).fit(X, X[:, 0, 0])
    before = frame._model.theta.copy()
    again = from_keras([W.astype("float32") for W in flat(layers, dense)], frame)
    assert np.array_equal(frame._model.theta, before)
    assert again.loss_curve_ == []
    assert again.n_iter_ == 0
    assert again.partial_fit(X, X[:, 0, 0]).n_updates_ > 0


# --- by Keras itself, where it is -------------------------------------------------------------------


@pytest.fixture
def keras(monkeypatch):
    if "KERAS_BACKEND" not in os.environ and importlib.util.find_spec("torch"):
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


@pytest.mark.filterwarnings("ignore")  # its own
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_models(keras, kind, X):
    cls = dict(zip(["SimpleRNN", "LSTM", "GRU"], [one[0] for one in KINDS.values()], strict=True))[kind]
    layers, X = keras.layers, X.astype("float32")
    one = getattr(layers, kind)
    for parts, parameters in (
        ([one(H, bias_initializer="normal")], {}),
        ([layers.Bidirectional(one(H, bias_initializer="normal"))], {"bidirectional": True}),
        (
            [one(5, return_sequences=True), layers.Dropout(0.5), one(H, return_sequences=True),
             layers.GlobalMaxPooling1D()],
            {"hidden_size": (5, H), "pooling": "max"},
        ),
    ):  # fmt: skip
        model = keras.Sequential([keras.Input((None, F)), *parts, layers.Dense(1)])
        frame = cls(**{**FRAME, **parameters}).fit(X, 50 + X[:, 0, 0])
        expected = model.predict(X, verbose=0)[:, 0]
        again = from_keras(model, frame)
        np.testing.assert_allclose(again.predict(X), expected, rtol=1e-5, atol=1e-6)
        again = from_keras(model.get_weights(), frame)
        np.testing.assert_allclose(again.predict(X), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_classifier_per_step_of_keras(keras, X):
    layers, ids = keras.layers, np.random.RandomState(0).randint(0, 9, size=(N, T))
    model = keras.Sequential([
        keras.Input((None,)), layers.Embedding(9, 3), layers.GRU(H, return_sequences=True),
        layers.TimeDistributed(layers.Dense(4, activation="softmax")),
    ])  # fmt: skip
    frame = GRUClassifier(embedding_size=3, n_tokens=9, return_sequences=True, **FRAME)
    frame.fit(list(ids), list(ids % 4))
    again = from_keras(model, frame)
    said = np.stack(again.predict_proba(list(ids)))
    np.testing.assert_allclose(said, model.predict(ids, verbose=0), rtol=1e-5, atol=1e-6)


# --- layers that compute something else, as Keras describes them ------------------------------------


class Layer:
    """A layer as far as from_keras looks at it."""

    def __init__(self, name, **config):
        self.__class__ = type(name, (Layer,), {})
        self.config = config

    def get_config(self):
        return self.config


class Model:
    def __init__(self, *layers, weights=()):
        self.layers, self._weights = layers, list(weights)

    def get_weights(self):
        return self._weights


DENSE = Layer("Dense", activation="linear", use_bias=True)
PLAIN = Layer("LSTM", activation="tanh", recurrent_activation="sigmoid", return_sequences=False)


def of_lstm(**config):
    return Layer("LSTM", **{**PLAIN.config, **config})


def in_both(layer, **config):
    inner = {"class_name": type(layer).__name__, "config": layer.config}
    return Layer("Bidirectional", **{"layer": inner, "merge_mode": "concat", **config})


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([of_lstm(activation="relu")], "LSTM with activation='relu'"),
        ([of_lstm(activation={"class_name": "mine"})], "LSTM with activation="),
        ([of_lstm(recurrent_activation="hard_sigmoid")], "recurrent_activation='hard_sigmoid'"),
        ([of_lstm(go_backwards=True)], "go_backwards=True"),
        ([of_lstm(use_bias=False)], "use_bias=False"),
        ([Layer("GRU", reset_after=True)], "source has a layer GRU, but LSTMRegressor has LSTM"),
        ([in_both(PLAIN)], "Bidirectional"),
        ([PLAIN, Layer("Attention")], "'Attention', which is no part of a network of skrnn"),
        ([PLAIN, Layer("GlobalAveragePooling1D"), DENSE], "source reads mean of the top layer"),
        ([of_lstm(return_sequences=True), DENSE], "source reads all steps of the top layer"),
        ([PLAIN, Layer("Dense", activation="relu")], "activation='relu', but the answers"),
        ([PLAIN, Layer("Dense", activation="linear", use_bias=False)], "Dense with use_bias=False"),
    ],
)
def test_layers_that_compute_something_else(layers, says, X):
    frame = LSTMRegressor(**FRAME).fit(X, X[:, 0, 0])
    weights = flat(*arrays_of(lstm, [H]))
    from_keras(Model(PLAIN, Layer("Dropout"), DENSE, weights=weights), frame)
    with pytest.raises(ValueError, match=says) as error:
        from_keras(Model(Layer("InputLayer"), *layers, weights=weights), frame)
    assert len(str(error.value)) <= 600


def test_directions_that_compute_something_else(X):
    frame = LSTMRegressor(bidirectional=True, **FRAME).fit(X, X[:, 0, 0])
    backward = {"class_name": "LSTM", "config": {**PLAIN.config, "go_backwards": True}}
    weights = flat(*arrays_of(lstm, [H], bidirectional=True))
    from_keras(Model(in_both(PLAIN, backward_layer=backward), DENSE, weights=weights), frame)
    wrong = {"class_name": "LSTM", "config": {**PLAIN.config, "activation": "relu"}}
    for layer_, says in (
        (PLAIN, "source has a layer LSTM with Bidirectional=None"),
        (in_both(PLAIN, merge_mode="sum"), "merge_mode='sum'"),
        (in_both(PLAIN, backward_layer=wrong), "activation='relu'"),
        (in_both(PLAIN, backward_layer={"class_name": "GRU", "config": {}}), "backward_layer='GRU'"),
    ):
        with pytest.raises(ValueError, match=says):
            from_keras(Model(layer_, DENSE, weights=weights), frame)


def test_a_reset_gate_before_the_product(X):
    frame = GRURegressor(**FRAME).fit(X, X[:, 0, 0])
    layers, dense = arrays_of(gru, [H])
    config = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": False}
    with pytest.raises(ValueError, match=r"reset_after=False.* before the recurrent product"):
        from_keras(Model(Layer("GRU", **config), weights=flat(layers, dense)), frame)
    layers[0][2] = layers[0][2][0]
    with pytest.raises(ValueError, match=r"reset_after=False.*array 2 of source, the bias") as error:
        from_keras(flat(layers, dense), frame)
    assert len(str(error.value)) <= 600


# --- other errors -----------------------------------------------------------------------------------


class Own(LSTM):
    pass


class OwnLSTMRegressor(LSTMRegressor, cell=Own):
    pass


def test_what_from_keras_does_not_take(X):
    weights = flat(*arrays_of(lstm, [H]))
    with pytest.raises(NotFittedError):
        from_keras(weights, LSTMRegressor())
    with pytest.raises(TypeError, match="as estimator"):
        from_keras(weights, "LSTM")
    frame = LSTMRegressor(**FRAME).fit(X, X[:, 0, 0])
    for source in (3, [], {"a": 1}, "weights.h5"):
        with pytest.raises(TypeError, match="source must be a model or layer of Keras"):
            from_keras(source, frame)
    with pytest.raises(TypeError, match="array 1 of source must be an array of numbers"):
        from_keras([weights[0], "a"], frame)
    with pytest.raises(ValueError, match="no layer for the cell Own"):
        from_keras(weights, OwnLSTMRegressor(**FRAME).fit(X, X[:, 0, 0]))
    quantiles = LSTMRegressor(loss="quantile", quantile=[0.1, 0.9], **FRAME).fit(X, X[:, 0, 0])
    with pytest.raises(ValueError, match="several quantiles"):
        from_keras(flat(*arrays_of(lstm, [H], n_outputs=2)), quantiles)
    codes = X.copy()
    codes[..., 1] = 1
    with pytest.raises(ValueError, match="names columns of categories"):
        from_keras(weights, LSTMRegressor(embedding_size={1: 2}, **FRAME).fit(codes, X[:, 0, 0]))


def test_wrong_weights(X):
    frame = LSTMRegressor(**FRAME).fit(X, X[:, 0, 0])
    theta, weights = frame._model.theta.copy(), flat(*arrays_of(lstm, [H]))
    nan, wide = weights[1].copy(), weights[0].repeat(2, axis=0)
    nan[0, 0] = np.nan
    for wrong, says in (
        (weights[:2], "source has 2 arrays, but LSTMRegressor takes 5: 'layer0.W_x'"),
        ([*weights, weights[0]], "source has 6 arrays"),
        (
            [wide, *weights[1:]],
            r"array 0 of source, for layer0.W_x, has shape \(6, 16\), but .* \(3, 16\)",
        ),
        ([weights[0], nan, *weights[2:]], "array 1 of source, for layer0.W_h, has NaN"),
        ([*weights[:2], weights[2][None], *weights[3:]], "array 2 of source, for layer0.b_x, has shape"),
    ):
        with pytest.raises(ValueError, match=says) as error:
            from_keras(wrong, frame)
        assert len(str(error.value)) <= 600
    assert np.array_equal(frame._model.theta, theta)
    frame = GRURegressor(**FRAME).fit(X, X[:, 0, 0])
    weights = flat(*arrays_of(gru, [H]))
    with pytest.raises(ValueError, match=r"array 2 of source has shape \(1, 12\)"):
        from_keras([*weights[:2], weights[2][:1], *weights[3:]], frame)


def test_numbers_too_large_for_the_estimator(X):
    frame = LSTMRegressor(dtype="float32", **FRAME).fit(X, X[:, 0, 0])
    weights = flat(*arrays_of(lstm, [H]))
    weights[-1] = np.full(1, 1e300)
    with pytest.raises(ValueError, match="the dtype of the estimator does not hold"):
        from_keras(weights, frame)
