"""scikit-learn's tools do not see the cell."""

import pytest
import sklearn
from support.one_of_each import classifier, cls, regressor  # noqa: F401


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield
