"""What the versions of the dependencies differ in, for the tests that need one of them."""

import numpy
import pytest
import sklearn
from sklearn.utils.fixes import parse_version

SKLEARN = parse_version(sklearn.__version__)


def is_sklearn(version):
    """Whether scikit-learn is of this version, "1.7" for example, or later."""
    return parse_version(version) <= SKLEARN


def is_numpy(version):
    """Whether NumPy is of this version, "2.0" for example, or later."""
    return parse_version(version) <= parse_version(numpy.__version__)


def needs_sklearn(version, before):
    """A mark that skips the test on older versions; ``before`` says what they do."""
    return pytest.mark.skipif(not is_sklearn(version), reason=f"scikit-learn before {version}: {before}")


def polars_for_columns():
    """Polars, if ColumnTransformer takes its frames, or the test is skipped."""
    polars = pytest.importorskip("polars")
    if not is_sklearn("1.9") and not hasattr(polars.DataFrame, "__dataframe__"):
        pytest.skip(
            "scikit-learn before 1.9: asks frames for the interchange protocol; polars 2 has none"
        )
    return polars
