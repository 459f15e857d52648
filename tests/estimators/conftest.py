"""How an estimator is trained depends on its kind and on its cell, not on how they meet: all of both."""

import pytest
from support.estimators import name_of

import skrnn


@pytest.fixture(params=[skrnn.RNNRegressor, skrnn.LSTMClassifier, skrnn.GRURegressor], ids=name_of)
def cls(request):
    return request.param
