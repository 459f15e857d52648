"""scikit-learn's checks in settings in which not all of them can hold: what fails, and why.

``FAILS`` is the whole of it; ``docs/guide/mistakes.rst`` tells it. A check that is in it and passes fails
the test, as does one that is not in it and fails; and nothing is in it that scikit-learn's own
perceptron, MLP, passes in the same setting, but for what ``MLP_PASSES`` tells.

To try another setting: a line of ``SETTINGS``, and what fails in ``FAILS``.
"""

from typing import NamedTuple
from unittest import SkipTest

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import check_regressors_train, estimator_checks_generator

import skrnn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # the checks fit on purpose what warns
]


class InSinglePrecision:
    """An MLP computes in the type of X: this one in float32."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(np.asarray(X, np.float32), y, sample_weight)

    def predict(self, X):
        return super().predict(np.asarray(X, np.float32))


class SingleClassifier(InSinglePrecision, MLPClassifier):
    def predict_proba(self, X):
        return super().predict_proba(np.asarray(X, np.float32))


class SingleRegressor(InSinglePrecision, MLPRegressor):
    pass


class Setting(NamedTuple):
    """What is set, in whom, and the MLPs in the same setting; none, if they have no such thing."""

    ours: tuple
    mlps: tuple = ()


def both(cls, **params):
    return [getattr(skrnn, f"{cls}{kind}")(**params) for kind in ("Classifier", "Regressor")]


def mlps(**params):
    return [MLPClassifier(**params), MLPRegressor(**params)]


def regressor(cls, **params):
    return [getattr(skrnn, f"{cls}Regressor")(**params)]


SETTINGS = {
    # of fewer epochs, since it takes minutes: MLP alike
    "batch_size=1": Setting(both("RNN", batch_size=1, max_iter=40), mlps(batch_size=1, max_iter=40)),
    'solver="sgd"': Setting(both("GRU", solver="sgd"), mlps(solver="sgd")),
    'solver="rmsprop"': Setting(both("RNN", solver="rmsprop")),
    "early_stopping=True": Setting(both("LSTM", early_stopping=True), mlps(early_stopping=True)),
    'dtype="float32"': Setting(both("GRU", dtype="float32"), [SingleClassifier(), SingleRegressor()]),
    "hidden_size=1": Setting(both("RNN", hidden_size=1), mlps(hidden_layer_sizes=(1,))),
    "warm_start=True": Setting(both("RNN", warm_start=True), mlps(warm_start=True)),
    'pooling="mean"': Setting(both("LSTM", pooling="mean")),
    'pooling="max"': Setting(both("RNN", pooling="max")),
    'loss="absolute_error"': Setting(regressor("RNN", loss="absolute_error")),
    'loss="huber"': Setting(regressor("GRU", loss="huber")),
    'loss="poisson"': Setting(regressor("GRU", loss="poisson"), [MLPRegressor(loss="poisson")]),
    'loss="quantile"': Setting(regressor("LSTM", loss="quantile")),
}  # fmt: skip

ONE_UPDATE_EACH = (
    "a sequence of weight 3 makes one update and three copies make three, in an order of their own; of "
    "MLP too, which divides by zero where a batch has no weight"
)
IN_PARTS = "partial_fit has nothing to hold out from"
TWO_HELD_OUT = "0.1 of ten sequences is one, and a score needs two"
# setting -> check -> why it cannot hold
FAILS = {
    "batch_size=1": {"check_sample_weight_equivalence_on_dense_data": ONE_UPDATE_EACH},
    "early_stopping=True": {
        "check_fit_score_takes_y": IN_PARTS,
        "check_n_features_in_after_fitting": IN_PARTS,
        "check_estimators_partial_fit_n_features": IN_PARTS,
        "check_estimators_nan_inf": TWO_HELD_OUT,
        "check_fit2d_1feature": TWO_HELD_OUT,
        "check_regressors_no_decision_function": TWO_HELD_OUT,
        "check_sample_weight_equivalence_on_dense_data": "of nine with weight one is held out, too few; "
        "and of copies it would be others",
    },
    'dtype="float32"': {
        "check_sample_weight_equivalence_on_dense_data": "asked to seven digits, which float32 has not",
        "check_regressor_multioutput": "asks for predictions in float64",
    },
    "hidden_size=1": {
        "check_classifiers_train": "a single unit cannot tell three classes apart",
        "check_regressors_train": "a single unit saturates: it learns less than half of the variance",
    },
    "warm_start=True": {
        "check_supervised_y_2d": "a second fit goes on from the first, so that it predicts otherwise",
        "check_classifiers_multilabel_representation_invariance": "so does one of y in another form",
    },
    'loss="poisson"': {
        "check_regressors_train": "counts are asked for, and y is a straight line",
        "check_regressor_multioutput": "its y is negative, of which there is no Poisson loss",
    },
}
# What MLP passes all the same: it takes such a y, and its loss is NaN from the first epoch on.
MLP_PASSES = {('loss="poisson"', "check_regressor_multioutput")}


def cases():
    for name, setting in SETTINGS.items():
        for estimator in setting.ours:
            for one, check in estimator_checks_generator(estimator):
                called = check.func.__name__
                why = FAILS.get(name, {}).get(called)
                marks = [] if why is None else [pytest.mark.xfail(reason=why, strict=True)]
                which = f"{type(estimator).__name__}-{name}-{called}"
                yield pytest.param(one, check, marks=marks, id=which)


@pytest.mark.parametrize(("estimator", "check"), list(cases()))
def test_what_fails_is_told(estimator, check):
    try:
        check(estimator)
    except SkipTest as skipped:
        pytest.skip(str(skipped))


def test_small_batches_learn_a_line_with_the_epochs_that_are_found():
    """The simple network above does in 40 epochs; cells with gates want lower rates, and longer."""
    check_regressors_train("LSTMRegressor", skrnn.LSTMRegressor(batch_size=1))


def of_mlps():
    for name, fails in FAILS.items():
        for called in fails:
            for ours, mlp in zip(SETTINGS[name].ours, SETTINGS[name].mlps, strict=True):
                found = [one.func for _, one in estimator_checks_generator(ours)]
                for check in found:
                    if check.__name__ == called:
                        yield pytest.param(mlp, check, name, id=f"{type(mlp).__name__}-{name}-{called}")


@pytest.mark.parametrize(("mlp", "check", "name"), list(of_mlps()))
def test_nothing_fails_that_an_mlp_passes(mlp, check, name):
    """Called by itself: for one check scikit-learn gives MLP the solver "lbfgs", which hides it."""
    if (name, check.__name__) in MLP_PASSES:
        check(type(mlp).__name__, clone(mlp))
        return
    with pytest.raises((AssertionError, ValueError, ZeroDivisionError)):  # SkipTest is none of them
        check(type(mlp).__name__, clone(mlp))


def test_an_mlp_takes_negative_y_for_counts_and_is_lost():
    X = np.random.RandomState(0).normal(size=(20, 3))
    y = X[:, 0]
    assert np.isnan(MLPRegressor(loss="poisson", random_state=0).fit(X, y).loss_)
    with pytest.raises(ValueError, match="negative"):
        skrnn.GRURegressor(loss="poisson", random_state=0).fit(X, y)


def test_every_failure_has_its_setting_and_an_mlp():
    """Of what no MLP has, nothing fails."""
    assert set(FAILS) <= set(SETTINGS)
    assert all(SETTINGS[name].mlps for name in FAILS)
