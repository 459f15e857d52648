"""What all transformers have in common, and scikit-learn's checks."""

import inspect
import pickle

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    StandardScaler,
)
from sklearn.utils import estimator_checks as checks
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.utils.validation import check_array
from support.data import near_whole_numbers

from skrnn import SlidingWindow, TimeDistributed, TokenEncoder
from skrnn.preprocessing import Differencer, SeriesScaler, SwapTimeAxis

VERSION = ".".join(sklearn.__version__.split(".")[:2])


def table(n=10, F=2, dtype=np.float64):
    return np.random.RandomState(0).normal(size=(n, F)).astype(dtype)


TEXTS = ["to be", "or not", "To"]


ALL = {
    "TimeDistributed": (TimeDistributed(StandardScaler()), near_whole_numbers()),
    "SlidingWindow": (SlidingWindow(3), table()),
    "TokenEncoder": (TokenEncoder(), TEXTS),
    "SwapTimeAxis": (SwapTimeAxis(), near_whole_numbers()),
    "SeriesScaler": (SeriesScaler(), table()),
    "Differencer": (Differencer(), table()),
}
AT_THE_TOP = {"TimeDistributed", "SlidingWindow", "TokenEncoder"}  # of the package, too
every = pytest.mark.parametrize("name", ALL)


@every
def test_clone_pickle_and_repr(name):
    model, X = ALL[name]
    fitted = clone(model).fit(X)
    loaded = pickle.loads(pickle.dumps(fitted))
    for a, b in zip(fitted.transform(X), loaded.transform(X), strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(clone(fitted)) == repr(model)
    assert model.get_params().keys() == clone(model).get_params().keys()
    page = f"generated/skrnn.{'' if name in AT_THE_TOP else 'preprocessing.'}{name}.html"
    for shown in (model, fitted, make_pipeline(fitted)):
        assert name in shown._repr_html_()
        assert page in shown._repr_html_()


@every
def test_what_is_not_fitted_says_so(name):
    model, X = ALL[name]
    for method in ("transform", "inverse_transform"):
        if hasattr(model, method):
            with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted yet"):
                getattr(clone(model), method)(X)


WRONG = [
    ("SlidingWindow", "length", "x"), ("SlidingWindow", "length", 0), ("SlidingWindow", "length", 1.5),
    ("SlidingWindow", "sequence_id", 1.5), ("SlidingWindow", "sequence_id", [0]),
    ("TokenEncoder", "analyzer", "x"), ("TokenEncoder", "analyzer", None),
    ("TokenEncoder", "lowercase", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameter", "value"), WRONG)
def test_a_parameter_that_is_wrong_after_fit_is_named(name, parameter, value):
    model, X = ALL[name]
    fitted = clone(model).fit(X)
    with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of {name}"):
        fitted.set_params(**{parameter: value}).transform(X)


@every
def test_documented_parameters_are_those_of_the_signature(name):
    cls = type(ALL[name][0])
    _, _, section = inspect.getdoc(cls).partition("Parameters\n----------\n")
    section = section.split("\n\n")[0]
    documented = [line.partition(" : ")[0] for line in section.splitlines() if line[0] != " "]
    assert documented == list(inspect.signature(cls).parameters)
    listed = inspect.getdoc(cls).split("Attributes\n----------\n")[1].split("\n\n")[0]
    documented = {line.partition(" : ")[0] for line in listed.splitlines() if line[0] != " "}
    fitted = clone(ALL[name][0]).fit(ALL[name][1])
    assert {n for n in vars(fitted) if n.endswith("_")} == documented - {"feature_names_in_"}


class OfRows(TimeDistributed):
    """Rows of a table as sequences of one step, so that the checks, which feed tables, run."""

    def _as_steps(self, X):
        if sparse.issparse(X):
            return X
        return check_array(X, ensure_all_finite=False, estimator=self)[:, None]

    def fit(self, X, y=None, sample_weight=None):
        params = {} if sample_weight is None else {"sample_weight": sample_weight}
        return super().fit(self._as_steps(X), y, **params)

    def fit_transform(self, X, y=None, sample_weight=None):
        return self.fit(X, y, sample_weight).transform(X)

    def partial_fit(self, X, y=None):
        return super().partial_fit(self._as_steps(X), y)

    def transform(self, X):
        sklearn.utils.validation.check_is_fitted(self)
        return super().transform(self._as_steps(X))[:, 0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


ORDER = "a window holds the rows before its own"
EXPECTED_FAILURES = {
    SlidingWindow: {
        "check_methods_sample_order_invariance": ORDER,
        "check_methods_subset_invariance": ORDER,
    }
}
CHECKED = [SlidingWindow(3), OfRows(StandardScaler())]
# what check_estimator would run of the others if it did not stop at input that is no table
WITHOUT_DATA = [
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_estimator_tags_renamed,
    checks.check_valid_tag_types,
    checks.check_no_attributes_set_in_init,
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_parameters_default_constructible,
    checks.check_mixin_order,
    checks.check_get_params_invariance,
    checks.check_set_params,
]


def expected_failures(estimator):
    return EXPECTED_FAILURES.get(type(estimator), {})


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks(CHECKED, expected_failed_checks=expected_failures)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@every
@pytest.mark.parametrize("check", WITHOUT_DATA, ids=lambda check: check.__name__)
def test_checks_that_need_no_data(name, check):
    check(name, clone(ALL[name][0]))


NUMBERS = {"1.6": [45, 52], "1.9": [46, 53]}  # by version of scikit-learn


@pytest.mark.skipif(VERSION not in NUMBERS, reason="the checks differ from version to version")
def test_number_of_checks():
    assert [len(list(estimator_checks_generator(e))) for e in CHECKED] == NUMBERS[VERSION]
