"""L-BFGS ends by ``tol``: no entry of the gradient exceeds it, or a warning says why it did not."""

import warnings

import numpy as np
import pytest
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

import skrnn
from skrnn.losses import SquaredError
from skrnn.solvers import LBFGS


def long_plain(theta):
    """The loss falls ever more slowly while the gradient is still well above a small tol."""
    return float((theta**4).sum()), 4 * theta**3


@pytest.mark.parametrize("tol", [1e-4, 1e-7, 1e-9])
def test_ends_by_the_gradient(tol):
    result = LBFGS(tol=tol).minimize(long_plain, np.array([1.0, -2.0, 0.5]), lambda theta: None)
    assert result.status == 0
    assert np.abs(result.jac).max() <= tol


def test_stuck_above_tol():
    """Beside a constant of 1 nothing of the fall is left, while the gradient still exceeds tol."""

    def above_one(theta):
        value, slope = long_plain(theta)
        return 1 + value, slope

    result = LBFGS(tol=1e-14).minimize(above_one, np.array([1.0, -2.0, 0.5]), lambda theta: None)
    assert np.abs(result.jac).max() > 1e-14
    assert (result.status, result.success) == (2, False)
    assert "exceeds tol=1e-14" in result.message


def fitted(dtype, tol=1e-7):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 10, 2)).astype(dtype)
    y = X[:, -3, 0] + 0.1 * rng.normal(size=60)
    model = skrnn.RNNRegressor(
        hidden_size=8, solver="lbfgs", alpha=0.1, tol=tol, max_iter=5000, max_fun=10**5, random_state=0
    )
    return model.fit(X, y)


@pytest.mark.parametrize("tol", [1e-4, 1e-7])
def test_estimator_ends_by_tol(monkeypatch, tol):
    """By SciPy's own bound on the fall of the loss it ended with 2e-5, without a word, for tol=1e-7."""
    results, minimize = [], scipy.optimize.minimize

    def spy(*args, **kw):
        results.append(minimize(*args, **kw))
        return results[-1]

    monkeypatch.setattr(scipy.optimize, "minimize", spy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted("float64", tol)
    assert np.abs(results[0].jac).max() <= tol
    assert model.n_iter_ < 5000


class Breaks(SquaredError):
    """A loss that is not a number any more after some calls."""

    left = 0

    def value_and_gradient(self, y, raw):
        Breaks.left -= 1
        value, d_raw = super().value_and_gradient(y, raw)
        return (value if self.left > 0 else np.nan * value), d_raw


def test_what_breaks_after_the_start_keeps_the_finite_weights(monkeypatch):
    monkeypatch.setattr(Breaks, "left", 8)
    X = np.random.RandomState(0).normal(size=(20, 4, 2))
    model = skrnn.GRURegressor(3, solver="lbfgs", loss=Breaks, max_iter=30, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, X[:, -1, 0])
    assert all(np.isfinite(W).all() for W in model.weights_.values())
    assert 0 < model.n_iter_ < 9


def test_estimator_warns_where_single_precision_ends_it():
    with pytest.warns(ConvergenceWarning, match="lbfgs stopped early: .*exceeds tol=1e-07"):
        fitted("float32")
