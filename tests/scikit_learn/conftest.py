"""The tools do not see the cell: one regressor and one classifier are enough."""

import pytest
import sklearn
from support.estimators import ONE_OF_EACH, name_of


@pytest.fixture(params=ONE_OF_EACH, ids=name_of)
def cls(request):
    return request.param


@pytest.fixture
def regressor():
    return ONE_OF_EACH[0]


@pytest.fixture
def classifier():
    return ONE_OF_EACH[1]


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield
