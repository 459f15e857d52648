"""scikit-learn's own checks, all of them, with nothing excused and their number asserted."""

import pytest
import sklearn
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.fixes import parse_version

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns

REGRESSORS = [skrnn.RNNRegressor, skrnn.LSTMRegressor, skrnn.GRURegressor]
CLASSIFIERS = [skrnn.RNNClassifier, skrnn.LSTMClassifier, skrnn.GRUClassifier]
SETTINGS = [{}, {"hidden_size": (8, 4)}, {"bidirectional": True}, {"k1": 2, "k2": 3}]

# Checks that scikit-learn runs, those that cannot apply included (no decision_function; the array API
# needs an environment variable); by version, for classifiers and regressors. Other versions: no fewer.
NUMBER = {(1, 9): (67, 60)}
CANNOT_APPLY = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}


def checks():
    for settings in SETTINGS:
        for cls in REGRESSORS + CLASSIFIERS:
            marks = [pytest.mark.slow] if settings else []
            for estimator, check in estimator_checks_generator(cls(**settings)):
                name = check.func.__name__ if hasattr(check, "func") else check.__name__
                yield pytest.param(estimator, check, id=f"{cls.__name__}-{settings}-{name}", marks=marks)


@pytest.mark.parametrize(("estimator", "check"), checks())
def test_check(estimator, check):
    try:
        check(estimator)
    except pytest.skip.Exception as skipped:  # a SkipTest that pytest knows
        pytest.fail(f"skipped: {skipped}")


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("cls", REGRESSORS + CLASSIFIERS)
def test_number_of_checks(cls, settings):
    """A tag that turned checks off would show here: with two_d_array=False there is one check left."""
    number = len(list(estimator_checks_generator(cls(**settings))))
    version = parse_version(sklearn.__version__)
    expected = NUMBER.get((version.major, version.minor))
    floor = 50 if expected is None else expected[cls in REGRESSORS]
    assert number == floor if expected else number >= floor
