"""scikit-learn's own checks, all of them, with nothing excused and their number asserted."""

from unittest import SkipTest

import pytest
import sklearn
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from support.estimators import CLASSIFIERS, ESTIMATORS, ONE_OF_EACH, REGRESSORS

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns

SETTINGS = [
    {"hidden_size": (8, 4)}, {"bidirectional": True}, {"k1": 2, "k2": 3}, {"pooling": "last_max"},
    {"weight_dropout": 0.2},
]  # fmt: skip
DEFAULT = [cls() for cls in ESTIMATORS]
# a regressor and a classifier in each setting, every cell in its turn
IN_OTHER_SETTINGS = [
    classes[(k + shift) % len(classes)](**settings)
    for k, settings in enumerate(SETTINGS)
    for shift, classes in enumerate((REGRESSORS, CLASSIFIERS))
]

PAIRS = [
    skrnn.RNNEncoderDecoderRegressor(),
    skrnn.LSTMEncoderDecoderRegressor(),
    skrnn.GRUEncoderDecoderRegressor(),
]

# What skips itself: there is no decision_function, and the array API wants an environment variable.
CANNOT_APPLY = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
# Checks of a classifier and of a regressor by version of scikit-learn, those above included.
NUMBER = {"1.6": (66, 59), "1.9": (67, 60)}
NUMBER_OF_PAIRS = {"1.9": 59}  # a y of one dimension is no sequences: none is checked with one


@pytest.mark.slow  # those of tables and of tokens are fast
@parametrize_with_checks([cls() for cls in ONE_OF_EACH])
def test_default_settings(estimator, check):
    run(estimator, check)


@pytest.mark.slow
@parametrize_with_checks([cls() for cls in ESTIMATORS if cls not in ONE_OF_EACH] + IN_OTHER_SETTINGS)
def test_other_settings(estimator, check):
    run(estimator, check)


@pytest.mark.slow
@parametrize_with_checks(PAIRS)
def test_pairs_of_numbers(estimator, check):
    """Each row of X is a sequence, which y, a column, answers with a sequence of one step."""
    run(estimator, check)


def run(estimator, check):
    try:
        check(estimator)
    except SkipTest as skipped:
        if check.func.__name__ not in CANNOT_APPLY:
            pytest.fail(f"{check.func.__name__} was skipped: {skipped}")
        raise


@pytest.mark.parametrize("estimator", DEFAULT + IN_OTHER_SETTINGS + PAIRS, ids=repr)
def test_number_of_checks(estimator):
    """A tag that turned checks off would show here: with two_d_array=False one check is left."""
    number = len(list(estimator_checks_generator(estimator)))
    version = ".".join(sklearn.__version__.split(".")[:2])
    if estimator in PAIRS:
        assert number == NUMBER_OF_PAIRS.get(version, number) >= 50
    elif version in NUMBER:
        assert number == NUMBER[version][type(estimator) in REGRESSORS]
    else:
        assert number >= 50
