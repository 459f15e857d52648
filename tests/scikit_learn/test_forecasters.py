"""scikit-learn's checks on ``Forecaster``, which predicts rows that follow those of fit.

The checks feed tables of numbers without times. A row of such a table is a step after the one before it,
and its columns are known ahead: an adapter says so, as the number of columns differs from check to check.
``NaiveForecaster``, which reads no columns, needs none (tests/forecasting/test_naive.py).
"""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skrnn import Forecaster, GRURegressor

STEPS = "rows without times are steps in their order: what is predicted depends on the rows before"
FAILURES = {
    "check_methods_sample_order_invariance": STEPS,
    "check_methods_subset_invariance": STEPS,
    "check_estimators_empty_data_messages": "a series without times and covariates has no columns",
    "check_regressors_train": "the rows of fit are not predicted, but those that follow",
}


class Tables(Forecaster):
    """All columns of X are known ahead."""

    def fit(self, X, y):
        before, shape = self.known, np.asarray(X).shape
        self.known = list(range(shape[1])) if len(shape) == 2 else ()
        try:
            return super().fit(X, y)
        finally:
            self.known = before


MODEL = Tables(GRURegressor(2, max_iter=2, tol=None, random_state=0), horizon=400)


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks([MODEL], expected_failed_checks=lambda estimator: FAILURES)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_number_of_checks():
    """A tag that turned checks off would show here."""
    assert len(list(estimator_checks_generator(MODEL))) >= 50
