"""Gates and states over time: those of the cells' equations, of PyTorch, and of ``hidden_states``."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from support.inside import cell_of, network_of, theta_of
from support.reference import torch_twin

import skrnn
from skrnn.cells import CELLS
from skrnn.inspection import state_trajectory

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": (4, 3), "max_iter": 2, "random_state": 0}
RNG = np.random.RandomState(0)
RAGGED = [RNG.normal(size=(T, 2)) for T in (4, 7, 1, 5)]
NUMBER = RNG.normal(size=4)
NAMES = {"rnn": {"h"}, "lstm": {"h", "c", "i", "f", "g", "o"}, "gru": {"h", "r", "z", "n"}}


def sigma(a):
    return 1 / (1 + np.exp(-a))


def before(S, reverse):
    """The state before each step."""
    zero = np.zeros((1, S.shape[1]))
    return np.concatenate([S[1:], zero]) if reverse else np.concatenate([zero, S[:-1]])


def assert_equations(cell, one, weights, name, X):
    W_x, W_h, b_x, b_h = (weights[f"{name}.{k}"] for k in ("W_x", "W_h", "b_x", "b_h"))
    reverse, h = name.endswith("reverse"), one.h
    a_x, a_h = X @ W_x + b_x, before(h, reverse) @ W_h + b_h
    close = np.testing.assert_allclose
    if cell == "rnn":
        close(h, np.tanh(a_x + a_h), atol=1e-12)
    elif cell == "lstm":
        i, f, g, o = np.split(a_x + a_h, 4, axis=1)
        for gate, a in zip("ifo", (i, f, o), strict=True):
            close(one[gate], sigma(a), atol=1e-12)
        close(one.g, np.tanh(g), atol=1e-12)
        close(one.c, one.f * before(one.c, reverse) + one.i * one.g, atol=1e-12)
        close(h, one.o * np.tanh(one.c), atol=1e-12)
    else:
        (xr, xz, xn), (hr, hz, hn) = np.split(a_x, 3, axis=1), np.split(a_h, 3, axis=1)
        close(one.r, sigma(xr + hr), atol=1e-12)
        close(one.z, sigma(xz + hz), atol=1e-12)
        close(one.n, np.tanh(xn + one.r * hn), atol=1e-12)
        close(h, (1 - one.z) * one.n + one.z * before(h, reverse), atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
def test_gates_and_states_are_those_of_the_equations(regressor, bidirectional, engine):
    model = regressor(**SMALL, bidirectional=bidirectional).fit(RAGGED, NUMBER)
    for x, H in zip(RAGGED, model.hidden_states(RAGGED), strict=True):
        trajectory, below = state_trajectory(model, x), x
        ways = ["", ".reverse"][: 1 + bidirectional]
        assert list(trajectory) == [f"layer{k}{way}" for k in (0, 1) for way in ways]
        for k in (0, 1):
            for way in ways:
                one = trajectory[f"layer{k}{way}"]
                assert set(one) == NAMES[cell_of(model)]
                assert {a.shape for a in one.values()} == {(len(x), SMALL["hidden_size"][k])}
                assert_equations(cell_of(model), one, model.weights_, f"layer{k}{way}", below)
            below = np.hstack([trajectory[f"layer{k}{way}"].h for way in ways])
        np.testing.assert_allclose(below, H, rtol=0, atol=1e-12)


def test_states_are_those_of_torch(regressor):
    torch = pytest.importorskip("torch")
    model = regressor(**SMALL | {"hidden_size": 4}).fit(RAGGED, NUMBER)
    (layer,), _, _ = torch_twin(network_of(model), theta_of(model), cell_of(model))
    one, state = state_trajectory(model, RAGGED[1]).layer0, None
    for t, x in enumerate(RAGGED[1]):
        _, state = layer(torch.from_numpy(x[None, None]), state)
        for name, s in zip(("h", "c"), state if isinstance(state, tuple) else (state,), strict=False):
            np.testing.assert_allclose(one[name][t], s[0, 0].detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "logistic", "softmax"])
def test_activations(activation):
    model = skrnn.RNNRegressor(**SMALL, activation=activation).fit(RAGGED, NUMBER)
    H = state_trajectory(model, RAGGED[0]).layer1.h
    np.testing.assert_allclose(H, model.hidden_states(RAGGED)[0], rtol=0, atol=1e-12)


def test_a_delay_adds_steps():
    model = skrnn.LSTMRegressor(**SMALL, return_sequences=True, target_delay=2)
    model.fit(RAGGED, [x[:, 0] for x in RAGGED])
    H = state_trajectory(model, RAGGED[1]).layer1.h
    assert len(H) == len(RAGGED[1]) + 2
    np.testing.assert_allclose(H[2:], model.hidden_states(RAGGED)[1], rtol=0, atol=1e-12)


def test_series_go_on_where_fit_left_them():
    table = RNG.normal(size=(12, 2))
    model = skrnn.LSTMRegressor(**SMALL, rows="steps", initial_state="last").fit(table, table[:, 0])
    H = state_trajectory(model, table[:3]).layer1.h
    np.testing.assert_allclose(H, model.hidden_states(table[:3]), rtol=0, atol=1e-12)


# --- forms of X -----------------------------------------------------------------------------------

CUBE = np.stack([RAGGED[1]] * 3)
FLAT = CUBE.reshape(3, -1)
ROWS = [x.ravel() for x in RAGGED]
TOKENS = [np.array([1, 2, 0, 2]), np.array([2, 1]), np.array([0])]
FORMS = {  # X of fit, its options, the forms in which its first sequence may be passed
    "3-D": (CUBE, {}, [CUBE[0], CUBE[:1], [CUBE[0]]]),
    "list": (RAGGED, {}, [RAGGED[0], [RAGGED[0]], RAGGED[0][None]]),
    "frames": (
        [pd.DataFrame(x, columns=["u", "v"]) for x in RAGGED],
        {},
        [pd.DataFrame(RAGGED[0], columns=["u", "v"]), [RAGGED[0]], RAGGED[0]],
    ),
    "table": (FLAT, {"step_features": 2}, [FLAT[0], FLAT[:1], FLAT[0].tolist(), pd.Series(FLAT[0])]),
    "rows": (ROWS, {"step_features": 2}, [ROWS[0], [ROWS[0]], ROWS[0].tolist()]),
    "tokens": (TOKENS, {"embedding_size": 2}, [TOKENS[0], [TOKENS[0]], [1, 2, 0, 2], TOKENS[0][None]]),
    "token table": (
        np.array([[1, 2], [0, 1]]),
        {"embedding_size": 2},
        [np.array([1, 2]), np.array([[1, 2]]), [1, 2]],
    ),
}


@pytest.mark.parametrize(("X", "options", "forms"), FORMS.values(), ids=list(FORMS))
def test_one_sequence_may_stand_alone(X, options, forms):
    model = skrnn.GRURegressor(**SMALL, **options).fit(X, NUMBER[: len(X)])
    expected = model.hidden_states(X)[0]
    for form in forms:
        H = state_trajectory(model, form).layer1.h
        np.testing.assert_allclose(H, expected, rtol=0, atol=1e-12)


def test_a_string_through_a_pipeline():
    texts = ["abc", "c", "ba", "cab"]
    pipe = make_pipeline(skrnn.TokenEncoder(), skrnn.GRURegressor(**SMALL, embedding_size=2))
    pipe.fit(texts, NUMBER)
    for form in ("cab", ["cab"], np.array(["cab"])):
        assert state_trajectory(pipe, form).layer0.z.shape == (3, 4)


@pytest.mark.parametrize("X", [CUBE, RAGGED], ids=["3-D", "list"])
def test_several_sequences_are_too_many(X):
    model = skrnn.GRURegressor(**SMALL).fit(X, NUMBER[: len(X)])
    with pytest.raises(ValueError, match=rf"X holds {len(X)} sequences.*X\[0\]"):
        state_trajectory(model, X)


def test_several_series_are_too_many():
    table = np.column_stack([np.arange(6) % 2, RNG.normal(size=6)])
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id=0).fit(table, table[:, 1])
    with pytest.raises(ValueError, match=r"X holds 2 sequences.*the rows of one series"):
        state_trajectory(model, table)


def test_not_for_encoder_decoders():
    with pytest.raises(TypeError, match=r"state_trajectory .* LSTMEncoderDecoder has two"):
        state_trajectory(skrnn.LSTMEncoderDecoder(), "ab")


def test_a_cell_without_gates_has_states(monkeypatch):
    monkeypatch.delattr(CELLS["gru"], "gates")
    model = skrnn.GRURegressor(**SMALL).fit(RAGGED, NUMBER)
    assert set(state_trajectory(model, RAGGED[0]).layer0) == {"h"}
