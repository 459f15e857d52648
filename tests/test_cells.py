"""Cells, elementwise: forward against the equations written plainly, backward against differences."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from support.reference import VARIANT_IDS, VARIANTS, finite_differences

from skrnn.cells import CELLS

B, H = 3, 4
variants = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=VARIANT_IDS)


def make(name, options, dtype=np.float64, scale=1.0):
    cell = CELLS[name](H, dtype, **options)
    rng = np.random.RandomState(0)
    G = cell.n_gates * H
    a_x, a_h = (scale * rng.normal(size=(B, G)).astype(dtype) for _ in range(2))
    state = tuple(rng.normal(size=(B, H)).astype(dtype) for _ in range(cell.n_states))
    return cell, a_x, a_h, state


def elman(a_x, a_h, state, activation):
    f = {
        "tanh": np.tanh,
        "relu": lambda a: np.maximum(a, 0),
        "logistic": expit,
        "identity": lambda a: a,
        "softmax": lambda a: softmax(a, axis=1),
    }[activation]
    return (f(a_x + a_h),)


def lstm(a_x, a_h, state):
    i, f, g, o = np.split(a_x + a_h, 4, axis=1)
    c = expit(f) * state[1] + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def gru(a_x, a_h, state):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(a_x, 3, axis=1), np.split(a_h, 3, axis=1)
    z = expit(x_z + h_z)
    n = np.tanh(x_n + expit(x_r + h_r) * h_n)
    return ((1 - z) * n + z * state[0],)


EQUATIONS = {"rnn": elman, "lstm": lstm, "gru": gru}


@variants
def test_forward_is_the_equations(name, options):
    cell, a_x, a_h, state = make(name, options)
    expected = EQUATIONS[name](a_x, a_h, state, *options.values())
    new, _ = cell.forward(a_x, a_h.copy(), state)
    assert len(new) == cell.n_states
    for actual, wanted in zip(new, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-14)


@variants
def test_forward_leaves_inputs_and_state_alone(name, options):
    cell, a_x, a_h, state = make(name, options)
    kept = [a_x.copy(), *(s.copy() for s in state)]
    cell.forward(a_x, a_h, state)
    for array, copy in zip([a_x, *state], kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@variants
def test_backward_by_differences(name, options):
    """Of a random combination of all new states, with respect to a_x, a_h and every old state."""
    cell, a_x, a_h, state = make(name, options)
    probe = [np.random.RandomState(1 + k).normal(size=(B, H)) for k in range(cell.n_states)]

    def value(a_x, a_h, state):
        new, _ = cell.forward(a_x, a_h.copy(), state)
        return sum(float((p * s).sum()) for p, s in zip(probe, new, strict=True))

    _, tape = cell.forward(a_x, a_h.copy(), state)
    da_x, da_h, dstate = cell.backward(tuple(p.copy() for p in probe), tape)
    G = a_x.shape
    expected = finite_differences(lambda v: value(v.reshape(G), a_h, state), a_x.ravel())
    np.testing.assert_allclose(da_x.ravel(), expected, atol=1e-8)
    expected = finite_differences(lambda v: value(a_x, v.reshape(G), state), a_h.ravel())
    np.testing.assert_allclose(da_h.ravel(), expected, atol=1e-8)
    for k, ds in enumerate(dstate):

        def moved(v, k=k):
            return value(a_x, a_h, (*state[:k], v.reshape(B, H), *state[k + 1 :]))

        expected = finite_differences(moved, state[k].ravel())
        actual = np.zeros(B * H) if ds is None else ds.ravel()
        np.testing.assert_allclose(actual, expected, atol=1e-8)


@variants
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturated_activations_stay_finite_and_keep_the_dtype(name, options, dtype):
    cell, a_x, a_h, state = make(name, options, dtype, scale=1e4)
    new, tape = cell.forward(a_x, a_h, state)
    da_x, da_h, _ = cell.backward(tuple(np.ones_like(s) for s in new), tape)
    for array in (*new, da_x, da_h):
        assert array.dtype == dtype
        assert np.isfinite(array).all()


def test_forget_gate_opens_at_the_start():
    assert CELLS["lstm"].bias_init == (0, 1, 0, 0)
