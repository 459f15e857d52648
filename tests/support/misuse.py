"""What the tests of bad input and bad parameters share: small data, and how every call must fail."""

import contextlib
import copy
import functools
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError

from skrnn._settings.table import PARAMETERS
from support.arrays import object_array
from support.estimators import first_classes, outputs

N, T, F = 8, 5, 2
LONGEST = 600  # characters of a message
# so few epochs at a constant rate end in a warning
SMALL = {"hidden_size": 3, "max_iter": 2, "learning_rate": "constant", "random_state": 0}
PER_STEP = {"return_sequences": True}

both_targets = pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])


def good_X(n=N, T=T, F=F):
    return np.random.RandomState(0).normal(size=(n, T, F))


def good_y(cls, shape=N):
    rng = np.random.RandomState(1)
    return rng.randint(3, size=shape) if is_classifier(cls()) else rng.normal(size=shape)


def table(X):
    return X.reshape(len(X), -1)


def rows(X):
    return [x.ravel() for x in X]


# (n, T, F) array -> the same sequences in another container; the ragged ones lose the last step
FORMS = {
    "3-D": (lambda X: X, {}),
    "2-D": (table, {"step_features": F}),
    "frame": (lambda X: pd.DataFrame(table(X)), {"step_features": F}),
    "list": (list, {}),
    "ragged list": (lambda X: [*X[:-1], X[-1, :-1]], {}),
    "object array": (lambda X: object_array(list(X)), {}),
    "list of frames": (lambda X: [pd.DataFrame(x) for x in X], {}),
    "list of lists": (lambda X: X.tolist(), {}),
    "unequal rows": (lambda X: [*rows(X[:-1]), X[-1, :-1].ravel()], {"step_features": F}),
}
LISTS = ["list", "ragged list", "object array", "list of frames", "list of lists", "unequal rows"]
forms = pytest.mark.parametrize("form", FORMS)
lists = pytest.mark.parametrize("form", LISTS)


def good_data(cls, form="3-D", per_step=False):
    """X in that form and y."""
    X = FORMS[form][0](good_X())
    if not per_step:
        return X, good_y(cls)
    shorter = form in ("ragged list", "unequal rows")
    y = [good_y(cls, T - (shorter and i == N - 1)) for i in range(N)]
    return X, y if shorter else np.array(y)


def with_item(X, i, item):
    """A list or object array with another sequence i."""
    items = list(X)
    items[i] = item
    return object_array(items) if isinstance(X, np.ndarray) else items


# --- what is the same ---------------------------------------------------------------------------------


def state(model):
    """All that a model holds, bit for bit."""
    return pickle.dumps(vars(model))


def public(model):
    return copy.deepcopy({name: getattr(model, name) for name in dir(model) if is_public(name)})


def is_public(name):
    return name.endswith("_") and not name.startswith("_") and name != "feature_names_in_"


def assert_same_attributes(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_equal(a[name], b[name], err_msg=name)


@contextlib.contextmanager
def about(what):
    """A failure in it says what it was about."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as failure:
        failure.add_note(f"about {what}")
        raise


# --- calls that fail ---------------------------------------------------------------------------------


def assert_fails(call, model, match, error):
    """The call raises, and the model is what it was; a new one stays unfitted."""
    before = state(model)
    with pytest.raises(error, match=match or None) as raised:
        call()
    assert len(str(raised.value)) <= LONGEST, "too long"
    assert state(model) == before


@functools.cache
def fitted_to_a_table(cls):
    """A pickle: every test spoils a copy."""
    return pickle.dumps(cls(**SMALL).fit(table(good_X()), good_y(cls)))


FITTED = {}  # class, form, per step, parameters -> the same for assert_raises_in


def assert_fit_raises(
    cls, X=None, y=None, match=None, *, error=ValueError, sample_weight=None, fit=None, **params
):
    """``fit`` raises; a new estimator stays unfitted and a fitted one stays as it was, bit for bit."""
    X = good_X() if X is None else X
    per_step = params.get("return_sequences", False)
    y = good_y(cls, (N, T) if per_step else N) if y is None else y
    fit = fit or {}
    new = cls(**{**SMALL, **params})
    assert_fails(lambda: new.fit(X, y, sample_weight, **fit), new, match, error)
    with pytest.raises(NotFittedError):
        new.predict(good_X())
    assert not [name for name in vars(new) if name.endswith("_")]

    old = pickle.loads(fitted_to_a_table(cls))
    answer, attributes = outputs(old, table(good_X())), public(old)
    old.set_params(**{**SMALL, **params})
    assert_fails(lambda: old.fit(X, y, sample_weight, **fit), old, match, error)
    old.set_params(**{name: p.default for name, p in PARAMETERS.items() if name in params})
    np.testing.assert_array_equal(outputs(old, table(good_X())), answer)
    assert_same_attributes(public(old), attributes)


TRAINING = ["fit", "first partial_fit", "fit again", "warm start", "partial_fit"]
PREDICTING = ["predict", "predict_proba", "predict_log_proba", "hidden_states", "score"]
VALIDATING = ["X_val"]
EVERYWHERE = [*TRAINING, *PREDICTING, *VALIDATING]


def assert_raises_in(
    where, cls, match, *, X=None, y=None, sample_weight=None, form="3-D", per_step=False,
    error=ValueError, **params,
):  # fmt: skip
    """Every call of ``where`` that takes what is bad raises, and leaves a fitted estimator as it was.

    For X, y or sample_weight in ``match`` the messages about validation data must have X_val, y_val or
    sample_weight_val.
    """
    good, good_target = good_data(cls, form, per_step)
    bad_X = X is not None
    X, y = good if X is None else X, good_target if y is None else y
    params = {**SMALL, **FORMS[form][1], "return_sequences": per_step, **params}
    names = r"(?<!\\)\b(X|y|sample_weight)\b"

    def new(**more):
        return cls(**params, **more)

    def fitted(**more):
        key = cls, form, per_step, repr(params)
        if key not in FITTED:
            FITTED[key] = pickle.dumps(new().fit(good, good_target))
        return pickle.loads(FITTED[key]).set_params(**more)

    calls = {
        "fit": (new, lambda m: m.fit(X, y, sample_weight)),
        "first partial_fit": (
            new, lambda m: m.partial_fit(X, y, sample_weight=sample_weight, **first_classes(cls))
        ),
        "fit again": (fitted, lambda m: m.fit(X, y, sample_weight)),
        "warm start": (lambda: fitted(warm_start=True), lambda m: m.fit(X, y, sample_weight)),
        "partial_fit": (fitted, lambda m: m.partial_fit(X, y, sample_weight=sample_weight)),
        "X_val": (
            lambda: new(early_stopping=True),
            lambda m: m.fit(good, good_target, X_val=X, y_val=y, sample_weight_val=sample_weight),
        ),
    }  # fmt: skip
    if bad_X:
        methods = [name for name in PREDICTING[:-1] if hasattr(cls, name)]
        calls |= {name: (fitted, lambda m, name=name: getattr(m, name)(X)) for name in methods}
    if bad_X or per_step:  # else y and its weights are scikit-learn's to check
        calls["score"] = fitted, lambda m: m.score(X, y, sample_weight)
    for name in where:
        if name in calls:
            make, call = calls[name]
            model = make()
            expected = re.sub(names, r"\1_val", match) if name == "X_val" else match
            with about(name):
                assert_fails(lambda m=model, call=call: call(m), model, expected, error)
            assert name in ("fit again", "warm start", "partial_fit", *PREDICTING) or not hasattr(
                model, "n_features_in_"
            )
