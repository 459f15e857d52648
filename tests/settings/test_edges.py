"""Shapes and scales at the edge: every loss and every solver, and no RuntimeWarning from inside."""

import warnings

import numpy as np
import pytest
from support.combinations import together
from support.estimators import assert_finite

import skrnn
from skrnn._settings.table import REGRESSION_LOSSES
from skrnn.solvers import SOLVERS


def normal(n, T, F):
    return np.random.RandomState(0).normal(size=(n, T, F))


def constant(n, T, F):
    return np.zeros((n, T, F)) + 3


def one_long():
    """One sequence a thousand times longer than the others."""
    return [normal(1, T, 2)[0] for T in (1, 2, 2000, 1, 2)]


# X, and options of the estimator
EDGES = {
    "one of everything": (normal(1, 1, 1), {"hidden_size": 1}),
    "one step": (normal(6, 1, 2), {}),
    "one sequence": (normal(1, 7, 2), {}),
    "one unit": (normal(6, 7, 2), {"hidden_size": 1}),
    "constant features": (constant(6, 5, 2), {}),
    "many features": (normal(3, 2, 10_000), {"hidden_size": 2}),
    "one long": (one_long(), {}),
    "tiny": (normal(6, 5, 2) * 1e-300, {}),
    "huge": (normal(6, 5, 2) * 1e300, {}),
    "huge and tiny": (normal(6, 5, 2) * [1e300, 1e-300], {}),
}
CLASSES = [skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor, skrnn.LSTMClassifier]
CASES = together(list(EDGES), list(REGRESSION_LOSSES), list(SOLVERS), CLASSES, [False, True])


def quiet(call):
    """The error of a call, or None; warnings of NumPy are failures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            call()
        except ValueError as error:
            return error
    return None


def targets(model, X, per_step):
    n = len(X)
    y = [np.arange(len(x)) % 3.0 for x in X] if per_step else np.arange(n) % 3.0
    if "Classifier" in type(model).__name__:
        return [v.astype(int) for v in y] if per_step else y.astype(int)
    return y


@pytest.mark.parametrize(("edge", "loss", "solver", "cls", "per_step"), CASES)
def test_every_loss_and_solver_at_the_edge(edge, loss, solver, cls, per_step):
    X, options = EDGES[edge]
    model = cls(**{"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0} | options)
    more = {"loss": loss} if hasattr(model, "loss") else {}
    model.set_params(solver=solver, return_sequences=per_step, **more)
    y = targets(model, X, per_step)
    error = quiet(lambda: model.fit(X, y))
    if error is not None:  # Poisson of rates that are all zero, for example
        assert edge.startswith(("one", "huge")), error
        assert 20 < len(str(error)) < 600
        return
    assert_finite(model)
    assert quiet(lambda: model.predict(X)) is None
    assert len(model.predict(X)) == len(X)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_a_million_steps(scale):
    rows = normal(1, 1_000_000, 1)[0] * scale
    model = skrnn.RNNRegressor(2, rows="steps", k1=1000, max_iter=1, tol=None, random_state=0)
    assert quiet(lambda: model.fit(rows, np.arange(len(rows)) % 2)) is None
    assert_finite(model)
    assert quiet(lambda: model.predict(rows)) is None
