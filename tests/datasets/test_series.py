"""Series: solutions of their equations, written another way."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss

from skrnn import datasets
from skrnn.datasets._series import _integrate


def reference_mackey_glass(start, tau, n_pieces):
    """x(t) as a function: each piece of tau is an ordinary equation, as its delayed values are known."""
    pieces = [lambda t: np.full_like(np.asarray(t, dtype=float), start)]
    value = start
    for k in range(n_pieces):
        before = pieces[-1]

        def slope(t, x, before=before):
            delayed = before(t - tau)
            return 0.2 * delayed / (1 + delayed**10) - 0.1 * x

        span = (k * tau, (k + 1) * tau)
        exact = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, "dense_output": True}
        piece = solve_ivp(slope, span, [value], **exact)
        value = piece.y[0, -1]
        pieces.append(lambda t, sol=piece.sol: sol(t)[0])
    return pieces[1:]


@pytest.mark.parametrize(("tau", "start"), [(17, 0.7), (30, 1.3)])
def test_mackey_glass_is_the_solution_of_its_equation(tau, start):
    pieces = reference_mackey_glass(start, tau, 8)
    errors = []
    for steps in (1, 2):  # per unit of time
        t = np.arange(8 * tau * steps) / steps
        exact = np.concatenate([piece(part) for piece, part in zip(pieces, np.split(t, 8), strict=True)])
        errors.append(np.abs(_integrate(start, tau * steps, 1 / steps, len(t)) - exact).max())
    assert 12 < errors[0] / errors[1] < 24  # of fourth order
    t = np.arange(80 * tau) / 10
    exact = np.concatenate([piece(part) for piece, part in zip(pieces, np.split(t, 8), strict=True)])
    np.testing.assert_allclose(_integrate(start, 10 * tau, 0.1, len(t)), exact, rtol=0, atol=2e-7)


def test_mackey_glass():
    X, y = datasets.make_mackey_glass(20000, horizon=84, random_state=0)
    np.testing.assert_array_equal(X[84:, 0], y[:-84])
    assert 0.2 < X.min() < 0.5 < 1.2 < X.max() < 1.4  # the known attractor
    finer, _ = datasets.make_mackey_glass(40, interval=0.5, step=0.05, random_state=0)
    np.testing.assert_allclose(finer[::2], X[:20], rtol=0, atol=1e-4)
    for horizon, error in [(1, 0.15), (6, 0.82), (84, 1.65)]:
        change = X[horizon:, 0] - X[:-horizon, 0]
        assert np.sqrt(np.mean(change**2) / X.var()) == pytest.approx(error, abs=0.02)


NARMA = {10: (0.3, 0.05, 1.5, 0.1), 20: (0.3, 0.05, 1.5, 0.01), 30: (0.2, 0.04, 1.5, 0.001)}


@pytest.mark.parametrize("order", NARMA)
def test_narma(order):
    """Also where the input was drawn again, which this seed has to do for the order 10."""
    a, b, c, d = NARMA[order]
    X, y = datasets.make_narma(50_000, order=order, random_state=7)
    u = X[:, 0]
    # y[t] is y(t + 1): the one before, the sum of the last ones, now and order - 1 steps before
    before = y[order - 1 : -1]
    sums = np.lib.stride_tricks.sliding_window_view(y[:-1], order).sum(axis=1)
    value = a * before + b * before * sums + c * u[order:] * u[1 : 1 - order] + d
    np.testing.assert_allclose(y[order:], np.tanh(value) if order == 20 else value, rtol=1e-12)
    assert y.max() <= 1
    assert 0 <= u.min() < 0.001 < 0.499 < u.max() <= 0.5
    inputs = np.c_[np.lib.stride_tricks.sliding_window_view(u, 50), np.ones(len(u) - 49)]
    rest = y[49:] - inputs @ np.linalg.lstsq(inputs, y[49:], rcond=None)[0]
    assert rest.var() / y.var() == pytest.approx(0.14, abs=0.012)


def test_narma_without_redrawing_diverges():
    """The first inputs of the same seed, as they are: that is why some are drawn again."""
    u, y = np.random.RandomState(7).uniform(0, 0.5, size=50_200).tolist(), [0.0] * 10
    for t in range(9, 50_200):
        y.append(0.3 * y[-1] + 0.05 * y[-1] * sum(y[-10:]) + 1.5 * u[t] * u[t - 9] + 0.1)
        if y[-1] > 100:
            return
    pytest.fail("choose a seed whose series diverges")


def test_garch():
    alpha, beta = 0.2, 0.7
    X, y, scale = datasets.make_garch(200_000, return_scale=True, random_state=0)
    r = X[:, 0]
    np.testing.assert_array_equal(r[1:], y[:-1])
    variance = 1 - alpha - beta + alpha * r[1:] ** 2 + beta * scale[:-1] ** 2
    np.testing.assert_allclose(scale[1:] ** 2, variance, rtol=1e-10)
    np.testing.assert_array_equal(datasets.make_garch(200_000, random_state=0)[1], y)
    assert y.var() == pytest.approx(1, abs=0.05)
    wild = scale > np.median(scale)
    constant = np.quantile(y, 0.05)
    for some in (wild, ~wild):  # the true quantile covers everywhere, the constant one does not
        assert np.mean(y[some] < norm.ppf(0.05) * scale[some]) == pytest.approx(0.05, abs=0.005)
        assert abs(np.mean(y[some] < constant) - 0.05) > 0.02
    for share, gain in [(0.05, 0.09), (0.01, 0.19)]:
        true = mean_pinball_loss(y, norm.ppf(share) * scale, alpha=share)
        best = mean_pinball_loss(y, np.full(len(y), np.quantile(y, share)), alpha=share)
        assert 1 - true / best == pytest.approx(gain, abs=0.015)
