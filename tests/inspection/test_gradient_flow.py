"""gradient_flow on estimators: what it reads and samples, means, bounds, reaches, and errors."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.inside import network_of, theta_of

import skrnn
from skrnn.cells import ACTIVATIONS
from skrnn.inspection import gradient_flow

RNG = np.random.RandomState(0)
X = RNG.normal(size=(12, 9, 2))
y = X[:, -3, 0]
STEPS = X[..., 0]
RAGGED = [x[:T] for x, T in zip(X, [9, 4, 1, 7, 9, 2, 9, 5, 9, 3, 8, 6], strict=True)]


def fitted(name, X=X, y=y, **params):
    model = getattr(skrnn, name)(4, max_iter=2, random_state=0, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def assert_same(a, b, rtol=1e-10):
    np.testing.assert_array_equal(a.lags, b.lags)
    for name in ("h", "c", "h_samples", "c_samples", "bound"):
        assert (a[name] is None) == (b[name] is None)
        for values, expected in zip(a[name] or (), b[name] or (), strict=True):
            np.testing.assert_allclose(values, expected, rtol=rtol)
    assert a.reach == b.reach


# --- the numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RNNRegressor", "LSTMClassifier", "GRURegressor"])
def test_lag_zero_is_the_gradient_of_the_read_out(name):
    """By hand, from predictions in the units of training."""
    targets = (y > 0).astype(int) if name.endswith("Classifier") else y
    model = fitted(name, y=targets)
    flow = gradient_flow(model, X, targets)
    W = network_of(model).views(theta_of(model)).W[:, 0]
    if name.endswith("Classifier"):
        draw = model.predict_proba(X)[:, 1] - targets
    else:
        draw = (model.predict(X) - targets) / targets.std()
    np.testing.assert_allclose(flow.h_samples[0][:, 0], np.abs(draw) * np.linalg.norm(W), rtol=1e-10)
    np.testing.assert_allclose(flow.h[0], flow.h_samples[0].mean(axis=0))
    assert list(flow.lags) == list(range(9))
    assert list(flow.sequences) == list(range(12))
    assert set(flow.steps) == {8}
    assert (flow.c is None) == (name != "LSTMClassifier")
    assert (flow.bound is None) == (name[0] != "R")


@pytest.mark.parametrize(
    ("params", "gradient"),
    [
        ({"loss": "huber", "huber_delta": 0.2}, lambda error: np.clip(np.abs(error), 0, 0.2)),
        ({"loss": "quantile", "quantile": 0.9}, lambda error: np.where(error < 0, 0.9, 0.1)),
    ],
)
def test_the_loss_has_the_settings_that_it_was_trained_with(params, gradient):
    model = fitted("RNNRegressor", **params)
    W = network_of(model).views(theta_of(model)).W[:, 0]
    expected = gradient((model.predict(X) - y) / y.std()) * np.linalg.norm(W)
    np.testing.assert_allclose(gradient_flow(model, X, y).h_samples[0][:, 0], expected, rtol=1e-10)


def test_every_layer_of_an_lstm_has_h_and_c():
    flow = gradient_flow(fitted("LSTMRegressor").set_params(n_jobs=2), X, y)
    deep = skrnn.LSTMRegressor((4, 3), max_iter=200, tol=1, random_state=0).fit(X, y)
    assert [len(flow.h), len(flow.c)] == [1, 1]
    flow = gradient_flow(deep, X, y)
    assert [len(flow[name]) for name in ("h", "c", "h_samples", "c_samples", "reach")] == [2] * 5


def test_weighted_means_over_the_losses_that_have_the_lag():
    y = np.arange(12.0)
    weight = np.linspace(0, 3, 12)
    model = fitted("GRURegressor", RAGGED, y)
    flow = gradient_flow(model, RAGGED, y, sample_weight=weight)
    lengths = np.array([len(x) for x in RAGGED])[1:]  # the first has no weight
    assert list(flow.sequences) == list(range(1, 12))
    np.testing.assert_array_equal(flow.weights, weight[1:])
    np.testing.assert_array_equal(flow.n_losses, [(lengths > k).sum() for k in range(9)])
    for k in range(9):
        has = lengths > k
        expected = np.average(flow.h_samples[0][has, k], weights=weight[1:][has])
        np.testing.assert_allclose(flow.h[0][k], expected)
        assert np.isnan(flow.h_samples[0][~has, k]).all()


def test_a_sample_is_drawn_from_the_seed():
    model = fitted("GRURegressor", y=STEPS, return_sequences=True)
    a, b, other = (gradient_flow(model, X, STEPS, n_samples=20, random_state=s) for s in (0, 0, 1))
    assert_same(a, b, rtol=0)
    assert len(a.sequences) == 20
    assert len(set(zip(a.sequences, a.steps, strict=True))) == 20
    assert list(zip(a.sequences, a.steps, strict=True)) != list(
        zip(other.sequences, other.steps, strict=True)
    )
    np.testing.assert_array_equal((~np.isnan(a.h_samples[0])).sum(axis=1), a.steps + 1)
    # each of them is one of all
    whole = gradient_flow(model, X, STEPS, n_samples=1000)
    assert len(whole.sequences) == STEPS.size
    at = a.sequences * 9 + a.steps
    np.testing.assert_allclose(a.h_samples[0], whole.h_samples[0][at, : len(a.lags)], rtol=1e-10)


def test_blocks_do_not_show(monkeypatch):
    model = fitted("LSTMRegressor", RAGGED)
    whole = gradient_flow(model, RAGGED, y)
    monkeypatch.setattr("skrnn.inspection._gradient_flow.BLOCK", 5 * 9 * 4)
    assert_same(gradient_flow(model, RAGGED, y), whole)


@pytest.mark.parametrize("max_lag", [0, 3, 100])
def test_max_lag(max_lag):
    model = fitted("RNNRegressor")
    flow, whole = gradient_flow(model, X, y, max_lag=max_lag), gradient_flow(model, X, y)
    n = min(max_lag, 8) + 1
    assert list(flow.lags) == list(range(n))
    np.testing.assert_allclose(flow.h[0], whole.h[0][:n], rtol=1e-12)


def test_the_default_lags_are_bounded():
    series = RNG.normal(size=(1, 300, 1))
    model = fitted("RNNRegressor", series, [1.0])
    assert len(gradient_flow(model, series, [1.0]).lags) == 201


# --- bounds and reaches --------------------------------------------------------------------------------


def test_a_linear_unit_meets_its_bound():
    model = skrnn.RNNRegressor(1, activation="identity", max_iter=1, n_iter_no_change=1, tol=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    w = abs(model.weights_["layer0.W_h"][0, 0])
    flow = gradient_flow(model, X, y)
    np.testing.assert_allclose(flow.h[0], flow.h[0][0] * w ** np.arange(9), rtol=1e-12)
    np.testing.assert_allclose(flow.bound[0], flow.h[0], rtol=1e-12)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "last_max"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_norm_exceeds_its_bound(activation, pooling):
    """In all layers, also far from the initial weights."""
    model = skrnn.RNNRegressor(
        (4, 3, 2), activation=activation, pooling=pooling, max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(RAGGED, y)
    theta_of(model)[:] *= 2
    flow = gradient_flow(model, RAGGED, y)
    for h, bound in zip(flow.h, flow.bound, strict=True):
        assert (h <= bound * (1 + 1e-12)).all()
        assert np.isfinite(bound).all()
        assert bound[0] == pytest.approx(h[0])
    if pooling == "last":
        slope = {"logistic": 0.25, "softmax": 0.5}.get(activation, 1.0)
        W_h = model.weights_["layer2.W_h"]
        samples = flow.h_samples[-1]
        has = ~np.isnan(samples[:, 4])
        expected = samples[has, 0].mean() * (slope * np.linalg.norm(W_h, 2)) ** 4
        np.testing.assert_allclose(flow.bound[-1][4], expected)


@pytest.mark.parametrize(
    ("w", "share", "reach"),
    [(0.5, 0.2, 3), (0.5, 0.01, 7), (1.0, 0.5, np.inf), (1e60, 0.5, np.inf), (0, 0.5, 1)],
)
def test_reach(w, share, reach):
    model = fitted("RNNRegressor", activation="identity")
    views = network_of(model).views(theta_of(model))
    views.layers[0][0].W_h[:] = w * np.eye(4)
    assert gradient_flow(model, X, y, share=share).reach == [reach]
    assert gradient_flow(model, X, y, share=share).share == share


def test_the_reach_of_an_lstm_is_that_of_its_memory():
    """An open forget gate: c is kept for ever, whatever h does."""
    model = fitted("LSTMRegressor")
    layer = network_of(model).views(theta_of(model)).layers[0][0]
    layer.W_h[:] = 0
    layer.b_x[4:8] = 100
    assert gradient_flow(model, X, y, share=0.5).reach == [np.inf]
    layer.b_x[4:8] = -100
    assert gradient_flow(model, X, y, share=0.5).reach == [1]


def test_nothing_flows_from_a_read_out_of_zeros():
    model = fitted("GRURegressor")
    network_of(model).views(theta_of(model)).W[:] = 0
    flow = gradient_flow(model, X, y)
    assert flow.reach == [0]
    assert not flow.h[0].any()


def test_exploding_gradients_are_inf():
    model = fitted("RNNRegressor", activation="identity")
    layer = network_of(model).views(theta_of(model)).layers[0][0]
    layer.W_h[:] = 1e100 * np.eye(4)
    layer.b_x[:] = layer.b_h[:] = 0
    flow = gradient_flow(model, 0 * X, y)
    assert np.isinf(flow.h[0][-1])
    assert np.isfinite(flow.h[0][0])
    assert not np.isnan(flow.bound[0]).any()


# --- what it reads -------------------------------------------------------------------------------------


def test_containers_are_read_alike():
    model = fitted("LSTMRegressor", list(X))
    whole = gradient_flow(model, X, y)
    assert_same(gradient_flow(model, list(X), y), whole)
    flat = fitted("LSTMRegressor", X.reshape(12, -1), step_features=2)
    assert_same(gradient_flow(flat, X.reshape(12, -1), y), whole, rtol=1e-8)


def test_rows_of_a_table_and_where_they_go_on():
    table = np.column_stack([np.repeat([3, 7], 6), RNG.normal(size=12)])
    target = np.roll(table[:, 1], 1)
    model = fitted("GRURegressor", table, target, rows="steps", sequence_id=0)
    flow = gradient_flow(model, table, target)
    assert list(flow.sequences) == [0] * 6 + [1] * 6
    assert list(flow.steps) == 2 * list(range(6))
    # from the final states: other gradients, those of predictions
    model.set_params(initial_state="last")
    on = gradient_flow(model, table, target)
    draw = np.abs(model.predict(table) - target) / target.std()
    W = np.linalg.norm(network_of(model).views(theta_of(model)).W)
    np.testing.assert_allclose(on.h_samples[0][:, 0], draw * W, rtol=1e-10)
    assert not np.allclose(on.h_samples[0][:, 0], flow.h_samples[0][:, 0])


def test_tokens_and_a_pipeline():
    texts = ["abba", "ba", "aab", "b", "babab", "aa"]
    label = [0, 1, 0, 1, 1, 0]
    pipe = make_pipeline(
        skrnn.TokenEncoder(), skrnn.GRUClassifier(4, embedding_size=3, tol=1, random_state=0)
    )
    pipe.fit(texts, label)
    flow = gradient_flow(pipe, texts, label)
    assert_same(gradient_flow(pipe[-1], pipe[0].transform(texts), label), flow)
    assert list(flow.n_losses) == [6, 5, 3, 2, 1]


@pytest.mark.parametrize("delay", [0, 3])
def test_target_delay(delay):
    """Lag 0 is the step after which the output is read: there are more lags for early targets."""
    model = fitted("RNNRegressor", y=STEPS, return_sequences=True, target_delay=delay)
    flow = gradient_flow(model, X, STEPS, n_samples=1000)
    assert len(flow.lags) == 9 + delay
    np.testing.assert_array_equal((~np.isnan(flow.h_samples[0])).sum(axis=1), flow.steps + 1 + delay)


def test_class_weights_count():
    label = (y > 0).astype(int)
    model = fitted("GRUClassifier", y=label, class_weight={0: 1, 1: 5})
    np.testing.assert_array_equal(gradient_flow(model, X, label).weights, 1 + 4 * label)


def test_dropout_is_off_and_nothing_changes():
    model = fitted("GRURegressor", dropout=0.5)
    before, state = theta_of(model).copy(), dict(vars(model))
    assert_same(gradient_flow(model, X, y), gradient_flow(model, X, y), rtol=0)
    np.testing.assert_array_equal(theta_of(model), before)
    assert dict(vars(model)) == state


def test_float32_models_are_measured_in_float64():
    model = fitted("RNNRegressor", X.astype(np.float32), activation="identity")
    network_of(model).views(theta_of(model)).layers[0][0].W_h[:] = 1e-20 * np.eye(4)
    flow = gradient_flow(model, X.astype(np.float32), y)
    np.testing.assert_allclose(flow.h[0][8] / flow.h[0][0], 1e-160, rtol=1e-5)


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"max_lag": -1}, "max_lag"), ({"n_samples": 0}, "n_samples"), ({"share": 0.0}, "share"),
        ({"share": 1.0}, "share"), ({"sample_weight": np.zeros(12)}, "zero"),
    ],
)  # fmt: skip
def test_values_out_of_range(params, match):
    with pytest.raises(ValueError, match=match):
        gradient_flow(fitted("RNNRegressor"), X, y, **params)


def test_wrong_types():
    model = fitted("RNNRegressor")
    for params in ({"max_lag": 2.5}, {"n_samples": "all"}, {"share": "little"}):
        with pytest.raises(TypeError, match=next(iter(params))):
            gradient_flow(model, X, y, **params)
    scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:, 0], y > 0)
    with pytest.raises(TypeError, match="fitted estimator of skrnn"):
        gradient_flow(scaled, X, y)


def test_needs_a_fitted_network_in_one_direction():
    with pytest.raises(NotFittedError):
        gradient_flow(skrnn.RNNRegressor(), X, y)
    with pytest.raises(ValueError, match="bidirectional"):
        gradient_flow(fitted("RNNRegressor", bidirectional=True), X, y)


def test_not_for_encoder_decoders():
    model = skrnn.GRUEncoderDecoder(4, tol=10, n_iter_no_change=1).fit(["ab", "ba"], ["a", "b"])
    with pytest.raises(TypeError, match="encoder-decoders"):
        gradient_flow(model, ["ab"], ["a"])


def test_y_is_read_as_in_fit():
    model = fitted("RNNRegressor")
    with pytest.raises(ValueError, match="inconsistent numbers"):
        gradient_flow(model, X, y[1:])
    with pytest.raises(ValueError, match="hidden_size was"):
        gradient_flow(model.set_params(hidden_size=3), X, y)
