"""Losses: gradients by differences, values against scikit-learn and mpmath-grade forms, stability."""

import numpy as np
import pytest
from reference import finite_differences, targets
from sklearn.metrics import log_loss, mean_squared_error

from skrnn.losses import LOSSES

losses = pytest.mark.parametrize("name", LOSSES)
N, K = 6, 3


@losses
@pytest.mark.parametrize("K", [1, 3])
def test_gradient_by_differences(name, K):
    rng = np.random.RandomState(0)
    loss, y, raw = LOSSES[name](), targets(name, N, K, rng), 2 * rng.normal(size=(N, K))
    _, draw = loss.value_and_gradient(y, raw)
    expected = finite_differences(
        lambda v: float(loss.value_and_gradient(y, v.reshape(N, K))[0].sum()), raw.ravel()
    )
    np.testing.assert_allclose(draw.ravel(), expected, atol=1e-8)


@losses
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_independent_and_the_dtype_is_kept(name, dtype):
    rng = np.random.RandomState(0)
    loss = LOSSES[name]()
    y, raw = targets(name, N, K, rng).astype(dtype), rng.normal(size=(N, K)).astype(dtype)
    value, draw = loss.value_and_gradient(y, raw)
    assert value.shape == (N,)
    assert draw.dtype == raw.dtype == loss.inverse_link(raw).dtype
    for i in range(N):
        v, d = loss.value_and_gradient(y[i : i + 1], raw[i : i + 1])
        np.testing.assert_array_equal(v, value[i : i + 1])
        np.testing.assert_array_equal(d, draw[i : i + 1])


@losses
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stable_far_out(name, dtype):
    rng = np.random.RandomState(0)
    loss, y = LOSSES[name](), targets(name, 4, K, rng).astype(dtype)
    top = 1e15 if name == "squared_error" else 1e30
    raw = np.array([[1, -1, 0], [-1, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=dtype) * dtype(top)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, draw = loss.value_and_gradient(y, raw)
        link = loss.inverse_link(raw)
    assert all(np.isfinite(a).all() for a in (value, draw, link))
    assert (value >= 0).all()


@losses
@pytest.mark.parametrize("K", [1, 3])
def test_no_constant_fits_better_than_the_best(name, K):
    """Its weighted gradient vanishes; a class or label that never comes leaves it finite."""
    rng = np.random.RandomState(0)
    loss, y, weight = LOSSES[name](), targets(name, 50, K, rng), rng.uniform(0, 2, size=50)
    raw = loss.best_constant(y, weight, K)
    assert raw.shape == (K,)
    _, draw = loss.value_and_gradient(y, np.tile(raw, (50, 1)))
    np.testing.assert_allclose(weight @ draw, 0, atol=1e-9)
    assert np.isfinite(loss.best_constant(np.zeros_like(y), weight, K)).all()


def test_values_are_the_textbook_ones():
    rng = np.random.RandomState(0)
    raw = rng.normal(size=(N, K))
    y = targets("squared_error", N, K, rng)
    value, _ = LOSSES["squared_error"]().value_and_gradient(y, raw)
    assert value.mean() == pytest.approx(0.5 * K * mean_squared_error(y, raw))

    loss, y = LOSSES["multinomial_log_loss"](), targets("multinomial_log_loss", N, K, rng)
    value, _ = loss.value_and_gradient(y, raw)
    p = loss.inverse_link(raw)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert value.mean() == pytest.approx(log_loss(y[:, 0], p, labels=range(K)))

    loss, y = LOSSES["binomial_log_loss"](), targets("binomial_log_loss", N, K, rng)
    value, _ = loss.value_and_gradient(y, raw)
    p = loss.inverse_link(raw)
    expected = sum(log_loss(y[:, k], p[:, k], labels=[0, 1]) for k in range(K))
    assert value.mean() == pytest.approx(expected)


def test_sigmoid_keeps_its_tails():
    """0.5 + 0.5 tanh(x / 2) would be exactly 0 at -40: useless for a log loss."""
    loss = LOSSES["binomial_log_loss"]()
    raw = np.array([[-40.0], [40.0]])
    np.testing.assert_allclose(loss.inverse_link(raw), [[np.exp(-40)], [1.0]], rtol=1e-15)
    value, _ = loss.value_and_gradient(np.array([[0.0], [1.0]]), raw)
    np.testing.assert_allclose(value, np.exp(-40), rtol=1e-14)


@pytest.mark.parametrize("name", [n for n, cls in LOSSES.items() if hasattr(cls, "log_inverse_link")])
def test_log_inverse_link_is_the_log_and_keeps_what_the_log_loses(name):
    loss, raw = LOSSES[name](), np.random.RandomState(0).normal(size=(N, K))
    np.testing.assert_allclose(loss.log_inverse_link(raw), np.log(loss.inverse_link(raw)), rtol=1e-12)
    far = np.array([[900.0, -900.0, 0.0]])
    log_p = loss.log_inverse_link(far)
    assert np.isfinite(log_p).all()
    assert log_p[0, 1] == pytest.approx(-1800 if "multi" in name else -900)
