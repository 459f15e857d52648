"""The estimators that the tests go through, and what is asked of all of them alike."""

import numpy as np
import pytest
from sklearn.base import is_classifier

import skrnn
from skrnn import _kernels

REGRESSORS = [skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor]
CLASSIFIERS = [skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier]
ESTIMATORS = REGRESSORS + CLASSIFIERS
# Where the cell does not matter: reading X and y, settings, scikit-learn's tools.
ONE_OF_EACH = [skrnn.GRURegressor, skrnn.LSTMClassifier]
ENGINES = ["numpy", *list(_kernels.builds)[:1]]  # what the fixture "engine" goes through


def name_of(cls):
    return cls.__name__


all_six = pytest.mark.parametrize("cls", ESTIMATORS, ids=name_of)
one_of_each = pytest.mark.parametrize("cls", ONE_OF_EACH, ids=name_of)


def outputs(model, X):
    """Probabilities, or the predictions of a regressor."""
    return getattr(model, "predict_proba", model.predict)(X)


def first_classes(cls):
    """What the first partial_fit is given beside X and y."""
    return {"classes": [0, 1, 2]} if is_classifier(cls()) else {}


def assert_finite(model):
    for name, array in model.weights_.items():
        assert np.isfinite(array).all(), name
