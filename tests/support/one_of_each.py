"""Fixtures for folders whose tests do not depend on the cell: one regressor and one classifier."""

import pytest

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
