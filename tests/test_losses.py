"""Losses: gradients by differences, values against scikit-learn and mpmath-grade forms, stability."""

import numpy as np
import pytest
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)
from support.reference import LOSS_VARIANTS, finite_differences, make, targets

from skrnn.losses import LOSSES, HuberLoss, PinballLoss, SquaredError, _weighted_quantiles, make_loss

losses = pytest.mark.parametrize("name", LOSS_VARIANTS)
N, K = 6, 3


@losses
@pytest.mark.parametrize("K", [1, 3])
def test_gradient_by_differences(name, K):
    rng = np.random.RandomState(0)
    loss, y, raw = make(name, K), targets(name, N, K, rng), 2 * rng.normal(size=(N, K))
    _, draw = loss.value_and_gradient(y, raw)
    expected = finite_differences(
        lambda v: float(loss.value_and_gradient(y, v.reshape(N, K))[0].sum()), raw.ravel()
    )
    np.testing.assert_allclose(draw.ravel(), expected, atol=1e-8)


@losses
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_independent_and_the_dtype_is_kept(name, dtype):
    rng = np.random.RandomState(0)
    loss = make(name, K)
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
    loss, y = make(name, K), targets(name, 4, K, rng).astype(dtype)
    top = {"squared_error": 1e15, "poisson": 80}.get(name, 1e30)  # beyond them values overflow
    raw = np.array([[1, -1, 0], [-1, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=dtype) * dtype(top)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, draw = loss.value_and_gradient(y, raw)
        link = loss.inverse_link(raw)
    assert all(np.isfinite(a).all() for a in (value, draw, link))
    assert (value >= 0).all()


@losses
@pytest.mark.parametrize("K", [1, 3])
def test_no_constant_fits_better_than_the_best(name, K):
    """No step away from it helps, and where there is no kink its weighted gradient vanishes.

    A class or label that never comes leaves it finite.
    """
    rng = np.random.RandomState(0)
    loss, y, weight = make(name, K), targets(name, 50, K, rng), rng.uniform(0, 2, size=50)
    raw = loss.best_constant(y, weight, K)
    assert raw.shape == (K,)

    def total(raw):
        return weight @ loss.value_and_gradient(y, np.tile(raw, (50, 1)))[0]

    for _ in range(20):
        assert total(raw + 0.02 * rng.normal(size=K)) >= total(raw)
    if not has_kinks(name):
        _, draw = loss.value_and_gradient(y, np.tile(raw, (50, 1)))
        np.testing.assert_allclose(weight @ draw, 0, atol=1e-9)
    assert np.isfinite(loss.best_constant(np.zeros_like(y), weight, K)).all()


def has_kinks(name):
    return name.startswith(("absolute", "quantile"))


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


@pytest.mark.parametrize("weight", [None, "drawn"], ids=str)
def test_values_of_regression_are_those_of_the_metrics(weight):
    rng = np.random.RandomState(0)
    y, raw, rates = rng.normal(size=N), rng.normal(size=(N, 1)), rng.poisson(3, size=N).astype(float)
    w = np.ones(N) if weight is None else rng.uniform(1, 2, size=N)

    def mean(name, y, raw, **options):
        return np.average(LOSSES[name](**options).value_and_gradient(y[:, None], raw)[0], weights=w)

    absolute = mean("absolute_error", y, raw)
    assert absolute == pytest.approx(mean_absolute_error(y, raw, sample_weight=w))
    deviance = mean_poisson_deviance(rates, np.exp(raw), sample_weight=w)
    assert mean("poisson", rates, raw) == pytest.approx(0.5 * deviance)
    for q in (0.1, 0.5, 0.9):
        expected = mean_pinball_loss(y, raw, alpha=q, sample_weight=w)
        assert mean("quantile", y, raw, quantile=q) == pytest.approx(expected)
    several = PinballLoss([0.1, 0.5, 0.9])
    raw = rng.normal(size=(N, 3))
    columns = zip(several.inverse_link(raw).T, several.quantiles, strict=True)
    expected = sum(mean_pinball_loss(y, q, alpha=alpha, sample_weight=w) for q, alpha in columns)
    assert mean("quantile", y, raw, quantile=[0.1, 0.5, 0.9]) == pytest.approx(expected)


def test_quantiles_of_several_targets_are_those_of_each():
    """Bit for bit, and the gradient against finite differences."""
    rng = np.random.RandomState(0)
    loss, y, raw = PinballLoss([0.1, 0.5, 0.9]), rng.normal(size=(N, 2)), rng.normal(size=(N, 6))
    value, draw = loss.value_and_gradient(y, raw)
    parts = [loss.value_and_gradient(y[:, [k]], raw[:, 3 * k : 3 * k + 3]) for k in range(2)]
    np.testing.assert_allclose(value, parts[0][0] + parts[1][0], rtol=1e-14)
    assert (draw == np.concatenate([part[1] for part in parts], axis=1)).all()
    q = np.concatenate([loss.inverse_link(raw[:, :3]), loss.inverse_link(raw[:, 3:])], axis=1)
    assert (loss.inverse_link(raw) == q).all()
    best = loss.best_constant(y, np.ones(N), 6)
    assert (
        best == np.concatenate([loss.best_constant(y[:, [k]], np.ones(N), 3) for k in range(2)])
    ).all()
    for k in range(6):
        e = 1e-6 * np.eye(6)[k]
        up, down = (loss.value_and_gradient(y, raw + sign * e)[0] for sign in (1, -1))
        np.testing.assert_allclose((up - down) / 2e-6, draw[:, k], atol=1e-6)
    assert loss.n_outputs(2) == 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("delta", [1e3, 1e300, np.inf])
def test_huber_of_a_large_delta_is_the_squared_error(dtype, delta):
    """Bit for bit."""
    rng = np.random.RandomState(0)
    y, raw = (rng.normal(size=(N, K)).astype(dtype) for _ in range(2))
    for mine, squared in zip(
        HuberLoss(delta).value_and_gradient(y, raw),
        SquaredError().value_and_gradient(y, raw),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, squared)
        assert mine.dtype == dtype


@pytest.mark.parametrize("name", ["absolute_error", "quantile", "quantile-0.9", "quantiles"])
def test_at_a_kink_the_subgradient_is_zero(name):
    loss = make(name, 1)
    y = np.array([[0.0], [2.5]])
    _, draw = loss.value_and_gradient(y, y.copy())
    np.testing.assert_array_equal(draw, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e4, 1e30])
def test_quantiles_never_cross(dtype, size):
    """Also not by rounding, and not after scaling back."""
    rng = np.random.RandomState(0)
    raw = (size * rng.normal(size=(2000, 7))).astype(dtype)
    q = PinballLoss([0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.9]).inverse_link(raw)
    assert q.dtype == dtype
    assert (np.diff(q, axis=1) >= 0).all()
    assert (np.diff(q * dtype(0.1) + dtype(1e6), axis=1) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_poisson_is_accurate_for_large_counts(dtype):
    """The textbook form would have the round-off of y log(y): 1 in float32 here."""
    y = np.array([[1e6]])
    d = np.array([[0.003]])
    value, draw = LOSSES["poisson"]().value_and_gradient(y.astype(dtype), (np.log(y) + d).astype(dtype))
    error = (np.log(y) + d).astype(dtype) - np.log(y)
    np.testing.assert_allclose(value, (y * (np.expm1(error) - error))[0], rtol=1e-3)
    np.testing.assert_allclose(draw, y * np.expm1(error), rtol=1e-3)


def test_poisson_beyond_all_numbers_is_infinite_and_not_nan():
    """So that a loss that overflows is seen as such."""
    raw = np.array([[1000.0], [-1000.0]])
    with np.errstate(over="ignore"):
        value, draw = LOSSES["poisson"]().value_and_gradient(np.array([[3.0], [0.0]]), raw)
    np.testing.assert_array_equal(value, [np.inf, 0.0])
    np.testing.assert_array_equal(draw, [[np.inf], [0.0]])


def test_weighted_quantiles_are_those_of_copies():
    rng = np.random.RandomState(0)
    y, weight = rng.normal(size=(30, 2)), rng.randint(4, size=30)
    copies = np.repeat(y, weight, axis=0)
    levels = [0.05, 0.3, 0.5, 0.95]
    expected = np.quantile(copies, levels, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(_weighted_quantiles(y, weight.astype(float), levels), expected)
    ones = np.ones(len(copies))
    np.testing.assert_array_equal(_weighted_quantiles(copies, ones, levels), expected)


@pytest.mark.parametrize(
    "levels", [[0.5], [0.05, 0.5, 0.95], np.linspace(0.01, 0.99, 99)], ids=["one", "three", "many"]
)
def test_training_of_quantiles_starts_at_those_of_y(levels):
    """Ties included: steps stay large enough to learn."""
    rng = np.random.RandomState(0)
    loss, y = PinballLoss(levels), rng.normal(size=(500, 1))
    q = loss.inverse_link(loss.start(y, np.ones(500), np.zeros(1))[None])[0]
    np.testing.assert_allclose(q, np.quantile(y, levels, method="inverted_cdf"), atol=0.05)
    tied = loss.inverse_link(loss.start(np.zeros((500, 1)), np.ones(500), np.zeros(1))[None])[0]
    assert (np.diff(tied) > 0.005).all()


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


def test_a_loss_by_its_name_or_as_a_class():
    class Own(HuberLoss):
        """Not in the registry."""

    for loss, cls in (("huber", HuberLoss), (HuberLoss, HuberLoss), (Own, Own)):
        made = make_loss({"loss": loss, "loss_options": {"huber_delta": 0.5}})
        assert type(made) is cls
        assert made.delta == 0.5
    assert type(make_loss({"loss": "squared_error"})) is SquaredError
