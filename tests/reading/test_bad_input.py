"""Bad and unusual data: errors that name the parameter, the sequence and the step, and say what to do.

The number in a test's name is that of the row in the catalogue of bad inputs: 1 to 26 are here, with
what is wrong in X, y and sample_weight; 27 to 38, with parameters and numerics, in
``settings/``. Every test of an error looks at every call that takes the bad data, and at
the fitted estimator, which must stay as it was, bit for bit.
"""

import re
import tracemalloc
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from support.arrays import backwards, object_array, read_only, unaligned
from support.estimators import all_six, assert_finite, first_classes, outputs
from support.misuse import (
    EVERYWHERE,
    FORMS,
    LISTS,
    PREDICTING,
    SMALL,
    TRAINING,
    VALIDATING,
    F,
    N,
    T,
    assert_fit_raises,
    assert_raises_in,
    both_targets,
    forms,
    good_data,
    good_X,
    good_y,
    lists,
    rows,
    table,
    with_item,
)

import skrnn
from skrnn import _kernels
from skrnn._engine.packing import Steps
from skrnn._engine.recurrence import Layer
from skrnn._reading.facts import Form
from skrnn._reading.reader import read_X

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- the catalogue -----------------------------------------------------------------------------------

# Rows that cannot be tested yet, and why: none of these waits for a feature.
LATER = {}


def test_every_row_has_a_test():
    files = Path(__file__).parents[1].rglob("test_*.py")
    source = "".join(path.read_text(encoding="utf8") for path in files)
    numbers = re.findall(r"^def test((?:_\d\d)+)_[a-zA-Z]", source, re.MULTILINE)
    tested = {int(n) for group in numbers for n in group.split("_")[1:]}
    assert sorted([*tested, *LATER]) == list(range(1, 42))


# --- values: rows 1 to 4 -----------------------------------------------------------------------------


@forms
@both_targets
def test_01_nan_in_X(cls, form, per_step):
    X = good_X()
    X[2, 1, 1] = np.nan
    X = FORMS[form][0](X)
    match = r"Input X contains NaN: sequence 2, step 1\b.*[Ii]mpute.*list of arrays"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step)


@pytest.mark.parametrize("missing", [None, pd.NA, pd.NaT], ids=str)
def test_01_missing_values_of_other_kinds(cls, missing):
    for form in ("3-D", "2-D", "list", "object array"):
        X = good_X().astype(object)
        X[2, 1, 1] = missing
        X = FORMS[form][0](X)
        assert_fit_raises(cls, X, error=(ValueError, TypeError), **FORMS[form][1])
    frame = pd.DataFrame(table(good_X()) > 0).astype("Int64")
    frame.iloc[3, 4] = pd.NA
    match = "Input X contains NaN: sequence 3, step 2"
    assert_raises_in(EVERYWHERE, cls, match, X=frame, form="frame")


@forms
@both_targets
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_02_infinity_in_X(cls, form, value, per_step):
    X = good_X()
    X[3, 2, 0] = value
    X = FORMS[form][0](X)
    match = r"Input X contains infinity.*: sequence 3, step 2\b.*Scale or clean"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("K", [None, 2])
def test_03_not_finite_y(regressor, value, K):
    y = good_y(regressor, N if K is None else (N, K))
    y[5, ...] = value
    match = r"Input y contains (NaN|infinity).*: sequence 5\..*weight of zero"
    if K is None:
        assert_raises_in([*TRAINING, "X_val"], regressor, match, y=y)
    else:
        assert_fit_raises(regressor, y=y, match=match)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", ["3-D", "list", "ragged list"])
def test_03_not_finite_y_per_step(regressor, value, form):
    _, y = good_data(regressor, form, per_step=True)
    y[2][3] = value
    match = r"Input y contains (NaN|infinity).*: sequence 2, step 3\b.*weight of zero"
    assert_raises_in([*TRAINING, "X_val"], regressor, match, y=y, form=form, per_step=True)
    assert_raises_in(["score"], regressor, "(NaN|infinity)", y=y, form=form, per_step=True)


@both_targets
@pytest.mark.parametrize(
    "labels",
    [[0.0, 1.0, np.nan], [0.0, 1.0, np.inf], ["a", "b", np.nan], ["a", "b", None]],
    ids=str,
)
def test_03_label_that_is_missing(classifier, per_step, labels):
    y = np.array(labels, dtype=object if "a" in labels else float)[np.arange(N * T) % 3].reshape(N, T)
    y = y if per_step else y[:, 0]
    match = "Input y contains (NaN|infinity): sequence "
    match += r"0, step 2\b" if per_step else r"1\b"
    assert_raises_in([*TRAINING, "X_val"], classifier, match, y=y, per_step=per_step)


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_03_not_finite_sample_weight(cls, value):
    weight = np.ones(N, dtype=object if value is None else float)
    weight[5] = value
    match = "Input sample_weight contains (NaN|infinity).*: sequence 5. Weights must be finite"
    assert_raises_in(EVERYWHERE, cls, match, sample_weight=weight)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("form", [np.array, list])
def test_03_not_finite_sample_weight_per_step(cls, value, form):
    weight = np.ones((N, T))
    weight[2, 3] = value
    match = r"Input sample_weight contains (NaN|infinity).*: sequence 2, step 3\b"
    assert_raises_in(EVERYWHERE, cls, match, sample_weight=form(weight), per_step=True)


@forms
@both_targets
def test_04_too_large_for_float32(cls, form, per_step):
    X = good_X()
    X[1, 3, 1] = 1e39
    X = FORMS[form][0](X)
    match = r"Input X contains infinity or a value too large for .*float32.*: sequence 1, step 3\b.*Scale"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step, dtype="float32")
    _, y = good_data(cls, form, per_step)
    model = cls(**SMALL, **FORMS[form][1], return_sequences=per_step).fit(X, y)
    assert_finite(model)  # in float64 it is a number like any other


def test_04_too_large_for_a_model_that_was_fitted_in_float32(cls):
    X = good_X()
    model = cls(**SMALL).fit(X.astype(np.float32), good_y(cls))
    X[1, 4, 1] = -1e39
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, good_y(cls))):
        with pytest.raises(ValueError, match=r"X contains .*too large for .*float32.* 1, step 4"):
            call(X)


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_04_integers_beyond_floats(regressor, name):
    data = {"X": good_X(), "y": good_y(regressor), "sample_weight": np.ones(N)}
    data[name] = data[name].astype(object)
    data[name][1, ...] = 10**400
    assert_raises_in(TRAINING, regressor, f"{name}.*(too large|numbers)", **{name: data[name]})


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 1e39), ("float64", 1e300), ("float64", 1e200)])
def test_04_too_large_y(regressor, dtype, unit):
    """An error that names y, or predictions that are finite; never a silent infinity."""
    X, y = good_X().astype(dtype), unit * good_y(regressor)
    try:
        model = regressor(**SMALL).fit(X, y)
    except ValueError as error:
        assert re.search(r"\by has values too large.*Scale", str(error))  # noqa: PT017
    else:
        assert np.isfinite(model.predict(X)).all()
        assert_finite(model)


@pytest.mark.filterwarnings("ignore:y is far from the targets of the first call")
@pytest.mark.parametrize("bad", ["y", "large weights", "small weights"])
def test_04_numbers_at_the_end_of_the_range(regressor, bad):
    X, y, weight = good_X(), good_y(regressor), np.ones(N)
    y = 1e307 * y if bad == "y" else y
    weight *= {"y": 1, "large weights": 1e308, "small weights": 1e-320}[bad]
    model = regressor(**SMALL).fit(X, good_y(regressor))
    with pytest.raises(ValueError, match=r"\by\b" if bad == "y" else "sample_weight"):
        model.partial_fit(X, y, weight)


# --- shapes: rows 5 to 14 ----------------------------------------------------------------------------


@both_targets
@pytest.mark.parametrize("form", ["ragged list", "unequal rows"])
def test_05_ragged_list(cls, form, per_step):
    X, y = good_data(cls, form, per_step)
    model = cls(**SMALL, **FORMS[form][1], return_sequences=per_step).fit(X, y)
    model.partial_fit(X, y)
    assert_finite(model)
    answer = model.predict(X)
    assert [np.shape(a) for a in answer] == [np.shape(a) for a in y]
    assert [len(h) for h in model.hidden_states(X)] == [T] * (N - 1) + [T - 1]
    assert np.isfinite(model.score(X, y))
    assert np.isfinite(np.concatenate([np.ravel(a) for a in outputs(model, X)])).all()


@pytest.mark.parametrize("form", LISTS[:-1])
@pytest.mark.parametrize(("i", "per_step"), [(1, False), (N - 1, True)])
def test_06_unequal_features(cls, form, per_step, i):
    X = FORMS[form][0](good_X())
    X = with_item(X, i, np.asarray(X[i])[:, :1])
    match = f"Sequence {i} of X has 1 features, but sequence 0 has 2. Every sequence must"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step)


@lists
@pytest.mark.parametrize(("i", "per_step"), [(0, False), (4, True), (N - 1, False)])
def test_07_sequence_without_steps(cls, form, per_step, i):
    X = FORMS[form][0](good_X())
    X = with_item(X, i, np.asarray(X[i])[:0])
    match = f"Sequence {i} of X has no time steps"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step)


def test_07_what_to_do_about_a_sequence_without_steps(cls):
    X = with_item(list(good_X()), 4, np.empty((0, F)))
    assert_fit_raises(cls, X, match="Sequence 4 of X has no time steps.*([Rr]emove|[Ll]eave|[Dd]rop)")


@both_targets
def test_08_array_without_steps(cls, per_step):
    match = r"The sequences of X have no time steps \(shape=\(8, 0, 2\)\).*n_timesteps"
    assert_raises_in(EVERYWHERE, cls, match, X=np.empty((N, 0, F)), per_step=per_step)


def test_08_array_without_features(cls):
    match = r"X has 0 feature\(s\).* a minimum of 1 is required"
    for X in (np.empty((N, T, 0)), [np.empty((T, 0))] * N):
        assert_raises_in(EVERYWHERE, cls, match, X=X)
    for X in (np.empty((N, 0)), [[]] * N):
        assert_fit_raises(cls, X, match=r"0 feature\(s\).* a minimum of 1 is required")


@pytest.mark.parametrize("form", ["3-D", "2-D"])
def test_09_no_sequences(cls, form):
    X = np.empty((0, T, F) if form == "3-D" else (0, T * F))
    match = r"X.*0 sample\(s\).* a minimum of 1 is required"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)
    assert_fit_raises(cls, X, good_y(cls)[:0], match)


@pytest.mark.parametrize("empty", [list, tuple, lambda: np.empty(0, dtype=object)])
def test_09_list_without_sequences(cls, empty):
    match = r"X.*0 sample\(s\)"
    assert_raises_in(EVERYWHERE, cls, match, X=empty(), form="list")
    assert_fit_raises(cls, empty(), good_y(cls)[:0], match)


@pytest.mark.filterwarnings("ignore:k1 makes no updates")
@pytest.mark.parametrize(("n", "T", "F"), [(1, 1, 1), (1, 5, 2), (3, 1, 2), (3, 5, 1)])
@pytest.mark.parametrize("params", [{}, {"k1": 1}, {"batch_size": 1}, {"bidirectional": True}], ids=str)
@both_targets
@pytest.mark.filterwarnings("ignore:Every sequence of X has one time step")  # and several features
def test_10_one_of_something(cls, n, T, F, per_step, params):
    X, y = good_X(n, T, F), good_y(cls, (n, T) if per_step else n)
    for data in (X, list(X)):
        model = cls(**SMALL, return_sequences=per_step, **params).fit(data, y)
        model.partial_fit(data, y)
        assert_finite(model)
        assert np.shape(list(model.predict(data))) == y.shape
        assert np.shape(list(model.hidden_states(data)))[:2] == (n, T)


def test_10_one_column(cls):
    X, y = table(good_X())[:, :1], good_y(cls)
    assert cls(**SMALL).fit(X, y).predict(X[:1]).shape == (1,)


@forms
@both_targets
def test_11_other_number_of_features_at_predict(cls, form, per_step):
    wide = good_X(F=2 * F)
    if form == "unequal rows":
        wide = [x[: T - (i == N - 1)] for i, x in enumerate(wide)]
    else:
        wide = FORMS[form][0](wide)
    n = 2 * T * F if form in ("2-D", "frame") else 2 * F
    match = rf"X has {n} features, but {cls.__name__} is expecting {n // 2} features as input"
    where = [*PREDICTING, "warm start", "partial_fit", "X_val"]
    if form in ("2-D", "frame") and per_step:
        where.remove("partial_fit"), where.remove("warm start"), where.remove("X_val")
    assert_raises_in(where, cls, match, X=wide, form=form, per_step=per_step)


def test_11_other_names_at_predict(cls):
    frame = pd.DataFrame(table(good_X()), columns=list("abcdefghij"))
    model = cls(**SMALL).fit(frame, good_y(cls))
    for other in (frame[list("jihgfedcba")], frame.rename(columns={"a": "z"}), frame.drop(columns="a")):
        for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, good_y(cls))):
            with pytest.raises(ValueError, match="feature names should match"):
                call(other)


@forms
@both_targets
def test_12_other_number_of_targets(cls, form, per_step):
    _, y = good_data(cls, form, per_step)
    for other in (y[:-1], [*y, y[0]], []):
        match = f"inconsistent numbers of samples: X has 8 sequences, y has {len(other)}"
        assert_raises_in([*TRAINING, "score"], cls, match, y=other, form=form, per_step=per_step)


@both_targets
def test_12_other_number_of_targets_for_validation(cls, per_step):
    y = good_data(cls, per_step=per_step)[1][:-1]
    match = "inconsistent numbers of samples: X has 8 sequences, y has 7"
    assert_raises_in(VALIDATING, cls, match, y=y, per_step=per_step)


@pytest.mark.parametrize("form", [np.array, list, lambda y: object_array(list(y))])
def test_12_other_number_of_steps(cls, form):
    match = r"y needs one entry per time step: sequence 0 has 5 steps in X, but y\[0\] has shape \(4,\)"
    where = [*TRAINING, "score"]
    assert_raises_in(where, cls, match, y=form(good_y(cls, (N, T - 1))), per_step=True)
    match = r"y needs one entry per time step: sequence 3 has 5 steps in X, but y\[3\] has shape \({},\)"
    for length in (0, 2, T + 1):
        y = with_item(form(good_y(cls, (N, T))), 3, good_y(cls, length))
        assert_raises_in(where, cls, match.format(length), y=y, per_step=True)


def test_12_other_number_of_steps_for_validation(cls):
    match = r"y needs one entry per time step: sequence 0 has 5 steps in X, but y\[0\] has shape \(4,\)"
    assert_raises_in(VALIDATING, cls, match, y=good_y(cls, (N, T - 1)), per_step=True)


def test_12_targets_of_the_other_kind(cls):
    where = [*TRAINING, "score", "X_val"]
    match = r"y has shape \(8,\).*one target per time step.*return_sequences=False"
    assert_raises_in(where, cls, match, y=good_y(cls), per_step=True)
    ragged = [good_y(cls, length) for length in range(1, N + 1)]
    match = "y has arrays of different lengths.*return_sequences=True"
    assert_raises_in([*TRAINING, "X_val"], cls, match, y=ragged)
    match = "y has 3 dimensions.*return_sequences=True"
    assert_raises_in([*TRAINING, "X_val"], cls, match, y=good_y(cls, (N, T, 2)))


def test_12_unequal_numbers_of_outputs_per_step(regressor):
    y = [good_y(regressor, (T, 2)) for _ in range(N)]
    y[2] = y[2][:, :1]
    match = "sequences of y have different numbers of outputs per step"
    assert_raises_in([*TRAINING, "score", "X_val"], regressor, match, y=y, per_step=True)


@both_targets
def test_12_no_y(cls, per_step):
    for name in ("fit", "partial_fit"):
        model = cls(**SMALL, return_sequences=per_step)
        with pytest.raises(ValueError, match="requires y to be passed"):
            getattr(model, name)(good_X(), None, **(first_classes(cls) if name != "fit" else {}))


def iterator():
    return iter([0, 1] * (N // 2))


NOT_TARGETS = {
    "number": 3,
    "iterator": iterator,
    "sparse": scipy.sparse.csr_array(np.eye(N)[:1].T),
    "dict": dict.fromkeys(range(N), 0),
}


@pytest.mark.parametrize("what", NOT_TARGETS)
@both_targets
def test_12_no_targets_at_all(cls, what, per_step):
    match = r"\by\b(?! has shape \(\))"
    y = NOT_TARGETS[what]
    for call in ("fit", "partial_fit"):
        model = cls(**SMALL, return_sequences=per_step)
        target = y() if callable(y) else y
        with pytest.raises((ValueError, TypeError), match=match):
            getattr(model, call)(good_X(), target, **(first_classes(cls) if call != "fit" else {}))
        assert not hasattr(model, "n_features_in_")


BAD_LENGTHS = {  # rows alive at each of 3 steps, of 4 sequences
    "negative": [4, -1, 6],
    "negative at the end": [4, 4, 2, -1],
    "more than there are sequences": [5, 2, 2],
    "sum too large": [4, 4, 2],
    "sum too small": [4, 2, 2],
    "beyond int64": [2**62, 2**62, 9],
    "float": [4.0, 3.0, 2.0],
    "bool": [True, True, True],
    "int32": np.array([4, 3, 2], np.int32),
    "2-D": [[4, 3, 2]],
    "number": 9,
    "None": None,
    "empty": np.array([], dtype=np.int64),
}


@pytest.mark.skipif(not _kernels.builds, reason="The kernels are not compiled.")
@pytest.mark.parametrize("bad", BAD_LENGTHS)
def test_13_lengths_at_the_kernels(bad):
    """Rejected in Python, never seen by C++; test_kernels.py has all other arguments."""
    binding, build = _kernels._binding, next(iter(_kernels.builds.values()))
    D, H, B = 2, 3, 4
    layer = Layer(np.ones((D, 3 * H)), np.ones((H, 3 * H)), np.ones(3 * H), np.ones(3 * H))
    X, start = np.ones((9, D)), (np.zeros((B, H)),)

    def unroll(n):
        return binding.unroll(build, binding.CELLS["gru"], layer, X, n, B, start)

    assert unroll(Steps([4, 3, 2], B).counts)[0].shape == (9, H)
    bad = BAD_LENGTHS[bad]
    with pytest.raises((TypeError, ValueError)):
        unroll(np.array(bad) if isinstance(bad, list) else bad)


class Liar:
    """A sequence whose length and shape are not those of its values."""

    def __init__(self, values):
        self.values, self.shape, self.ndim = values, (10**9, F), 2

    def __len__(self):
        return 10**9

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


def test_13_lengths_are_counted_not_believed(cls, assert_same_weights):
    X, y = list(good_X()), good_y(cls)
    expected = cls(**SMALL).fit(X, y)
    liars = [Liar(x) for x in X]
    assert_same_weights(cls(**SMALL).fit(liars, y), expected)
    np.testing.assert_array_equal(outputs(expected, liars), outputs(expected, X))


def test_14_one_dimension(cls):
    for X in (np.ones(N), [1.0] * N, pd.Series(np.ones(N))):
        match = r"X is a single series of 8 numbers.*Expected 2D array, got 1D array.*Reshape your data"
        for form in ("3-D", "2-D"):
            assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


def test_14_strings(cls):
    match = "X.* holds strings.*TokenEncoder.*embedding_size"
    for X in (["a"] * N, np.array(["ab"] * N), np.array(["ab"] * N, dtype=object), pd.Series(["a"] * N)):
        for form in ("3-D", "2-D"):
            assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


@both_targets
def test_14_four_dimensions(cls, per_step):
    match = r"Found array X with dim 4.*\(n_sequences, n_timesteps, n_features\).*reshape"
    assert_raises_in(EVERYWHERE, cls, match, X=good_X()[None], per_step=per_step)
    for X in ([good_X()] * N, [good_X().tolist()] * N):
        match = r"X is a list of 3-D arrays. Expected a list of 2-D arrays \(n_timesteps, n_features\)"
        assert_raises_in(EVERYWHERE, cls, match, X=X, per_step=per_step)


@lists
def test_14_mixed_dimensions(cls, form):
    X = FORMS[form][0](good_X())
    item = np.asarray(X[3])
    X = with_item(X, 3, item[0] if item.ndim == 2 else item[:, None])
    match = r"The sequences of X have different numbers of dimensions.*\(n_timesteps, n_features\)"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


def test_14_one_sequence_is_not_a_list_of_one(cls):
    """The classic: predict(X[0]) after a fit on sequences."""
    model = cls(**SMALL).fit(good_X(), good_y(cls))
    for call in (model.predict, model.hidden_states):
        with pytest.raises(ValueError, match=r"fitted on sequences, but X is now 2-D.*3-D array"):
            call(good_X()[0])


@pytest.mark.parametrize(
    "X", [None, "text", 3.0, {1: 2}, {1, 2}, object()], ids=lambda X: type(X).__name__
)
def test_14_no_container_at_all(cls, X):
    says = "is a dict with the keys" if isinstance(X, dict) else "holds no sequences. Pass an array"
    for make, match in ((lambda: X, f"X.*{says}"), (lambda: iter([X]), "X.*read only once: pass list")):
        where = EVERYWHERE if X is not None else [*TRAINING, *PREDICTING]
        assert_raises_in(where if X is not None else [], cls, match, X=make())
        assert_fit_raises(cls, np.array(None) if make() is None else make(), match=match)


@lists
def test_14_an_item_that_is_no_sequence(cls, form):
    for item in (None, 3.0, "text", {}):
        X = with_item(FORMS[form][0](good_X()), 4, item)
        assert_raises_in(EVERYWHERE, cls, "Sequence 4 of X is not an array but", X=X, form=form)


@lists
def test_14_an_item_of_unequal_rows(cls, form):
    X = with_item(FORMS[form][0](good_X()), 4, [[1.0, 2.0], [3.0]])
    match = "Sequence 4 of X is not an array.*inhomogeneous"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


# --- dtypes: rows 15 to 19 ---------------------------------------------------------------------------


def assert_computed_in(cls, form, dtype, same, values, assert_same_weights):
    """Data of ``dtype`` train and predict as those of ``same``, bit for bit."""
    make, params = FORMS[form]
    X, X_same, y = make(values.astype(dtype)), make(values.astype(dtype).astype(same)), good_y(cls)
    model, expected = cls(**SMALL, **params).fit(X, y), cls(**SMALL, **params).fit(X_same, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, X), outputs(expected, X_same))
    np.testing.assert_array_equal(outputs(expected, X), outputs(expected, X_same))
    assert outputs(model, X).dtype == same
    assert model.hidden_states(X)[0].dtype == same
    assert {w.dtype for w in model.weights_.values()} == {np.dtype(same)}


typed_forms = pytest.mark.parametrize("form", [form for form in FORMS if form != "list of lists"])


@pytest.mark.every_combination  # some are skipped
@typed_forms
@pytest.mark.parametrize("dtype", ["float16", "float32", ">f2", ">f4"])
def test_15_half_precision_rises_to_float32(cls, form, dtype, assert_same_weights):
    if form in ("frame", "list of frames") and dtype.startswith(">"):
        pytest.skip("pandas has native byte order only")
    assert_computed_in(cls, form, dtype, "float32", good_X(), assert_same_weights)


def test_15_values_beyond_half_precision(cls, assert_same_weights):
    """Sums over float16 are made in float32: what is checked to be finite is what is computed in."""
    X = np.full((N, T, F), 6e4, dtype=np.float16) * np.sign(good_X()).astype(np.float16)
    y = good_y(cls)
    assert_same_weights(cls(**SMALL).fit(X, y), cls(**SMALL).fit(X.astype(np.float32), y))
    model = cls(**SMALL).fit(good_X().astype(np.float16), y)
    with pytest.raises(ValueError, match=r"X contains infinity.*sequence 0, step 0"):
        model.predict(np.full((1, 2, F), np.inf, dtype=np.float16))


@pytest.mark.every_combination  # some are skipped
@typed_forms
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "bool", ">i4"])
def test_16_integers_and_booleans(cls, form, dtype, assert_same_weights):
    if form in ("frame", "list of frames") and dtype.startswith(">"):
        pytest.skip("pandas has native byte order only")
    values = np.random.RandomState(0).randint(2 if dtype == "bool" else 9, size=(N, T, F))
    assert_computed_in(cls, form, dtype, "float64", values, assert_same_weights)


def test_16_sequences_of_different_dtypes(cls, assert_same_weights):
    values, y = np.random.RandomState(0).randint(9, size=(N, T, F)), good_y(cls)
    dtypes = ["i1", "f4", "f8", "u8", "f2", ">i4", "O", "?"]
    mixed = [x.astype(dtype) for x, dtype in zip(values, dtypes, strict=True)]
    expected = cls(**SMALL).fit([np.asarray(x, dtype=float) for x in mixed], y)
    assert_same_weights(cls(**SMALL).fit(mixed, y), expected)


def test_17_object_array(cls, assert_same_weights):
    X, y = good_X(), good_y(cls)
    expected = cls(**SMALL).fit(X, y)
    for same in (X.astype(object), [x.astype(object) for x in X], object_array(list(X.astype(object)))):
        model = cls(**SMALL).fit(same, y)
        assert_same_weights(model, expected)
        np.testing.assert_array_equal(outputs(expected, same), outputs(expected, X))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "list of lists"])
def test_17_object_array_of_rubbish(cls, form):
    for rubbish in ({}, object(), [1], "text", b"text"):
        X = good_X().astype(object)
        X[1, 2, 0] = rubbish
        error = (TypeError, ValueError)
        assert_raises_in(EVERYWHERE, cls, "X", X=FORMS[form][0](X), form=form, error=error)


@pytest.mark.every_combination  # some are skipped
@forms
@pytest.mark.parametrize("dtype", ["str", "bytes"])
def test_18_text(cls, form, dtype):
    if "frame" in form and dtype == "str":
        pytest.skip("strings of digits in columns are read as numbers, as by scikit-learn")
    X = FORMS[form][0](good_X().astype(int).astype(dtype))
    match = "X.* holds text.*cannot be read as numbers. Encode it"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


@forms
@pytest.mark.parametrize("dtype", ["datetime64[s]", "timedelta64[s]"])
def test_18_times(cls, form, dtype):
    X = FORMS[form][0](good_X().astype(int).astype(dtype))
    match = "X.* holds dates or times.*, which cannot be read as numbers. Make numbers"
    assert_raises_in(EVERYWHERE, cls, match, X=X, form=form)


@lists
def test_17_18_19_one_sequence_that_is_not_of_numbers(cls, form):
    for dtype in ("str", "bytes", "datetime64[s]", "complex", "rubbish"):
        X = FORMS[form][0](good_X())
        item = np.asarray(X[4])
        item = np.full(item.shape, {}) if dtype == "rubbish" else item.astype(int).astype(dtype)
        X, match = with_item(X, 4, item), "Sequence 4 of X"
        assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, error=(ValueError, TypeError))


def test_18_frame_with_a_column_that_is_not_a_number(cls):
    for column in (pd.date_range("2020-01-01", periods=N), ["a"] * N, [True, "x"] * (N // 2)):
        frame = pd.DataFrame({"a": np.ones(N), "b": column})
        assert_fit_raises(cls, frame, error=(TypeError, ValueError))
    for column in (["a"] * N, [b"a"] * N):  # dates become numbers in Polars, before anyone sees them
        frame = pl.DataFrame({"a": np.ones(N), "b": column})
        assert_fit_raises(cls, frame, error=(TypeError, ValueError))


@pytest.mark.parametrize("dtype", ["datetime64[s]", "timedelta64[s]"])
@pytest.mark.parametrize(
    ("name", "per_step"),
    [
        ("y", False),
        ("y", True),
        ("sample_weight", False),
        ("sample_weight", True),
    ],
)
def test_18_times_as_targets_and_weights(regressor, dtype, name, per_step):
    values = np.arange(1, N * T + 1).reshape(N, T).astype(dtype)
    values = values if per_step else values[:, 0]
    match = f"{name} holds dates or times"
    assert_raises_in(TRAINING, regressor, match, per_step=per_step, **{name: values})


@pytest.mark.parametrize("name", ["y", "sample_weight"])
@both_targets
def test_18_text_as_targets_and_weights(regressor, per_step, name):
    match = name
    values = np.full((N, T) if per_step else N, "a")
    where = [*TRAINING, "X_val"]
    assert_raises_in(where, regressor, match, per_step=per_step, **{name: values})


@forms
def test_19_complex(cls, form):
    X = FORMS[form][0](good_X() * 1j)
    match = "X.*Complex data not supported"
    for per_step in (False, True):
        assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, per_step=per_step)


def test_19_complex_targets_and_weights(cls):
    for per_step in (False, True):
        y = good_data(cls, per_step=per_step)[1]
        for bad in ({"y": y * 1j}, {"sample_weight": np.ones(y.shape) * 1j}):
            match = "Complex data not supported"
            assert_raises_in([*TRAINING, "X_val"], cls, match, per_step=per_step, **bad)


# --- memory layout: rows 20 to 22 --------------------------------------------------------------------


def spread(X):
    """X as a slice of a larger array whose other values are not finite."""
    large = np.full([2 * n + 1 for n in X.shape], np.nan)
    inside = tuple(slice(1, None, 2) for _ in X.shape)
    large[inside] = X
    return large[inside]


def swapped_axes(X):
    return X.T.copy().T


LAID_OUT = {
    "3-D": (lambda X, change: change(X), {}),
    "2-D": (lambda X, change: change(table(X)), {"step_features": F}),
    "list": (lambda X, change: [change(x) for x in X], {}),
    "unequal rows": (lambda X, change: [*map(change, rows(X))][:-1] + [change(X[-1, 1:].ravel())],
                     {"step_features": F}),
}  # fmt: skip


def assert_layout_is_nothing(cls, form, layout, batch_size, assert_same_weights):
    make, params = LAID_OUT[form]
    params = {**SMALL, "batch_size": batch_size, **params}
    y = good_y(cls)
    X, plain = make(good_X(), layout), make(good_X(), np.array)
    model, expected = cls(**params).fit(X, y), cls(**params).fit(plain, y)
    assert_same_weights(model, expected)
    for answer, same in zip(outputs(model, X), outputs(expected, plain), strict=True):
        np.testing.assert_array_equal(answer, same, strict=True)
    for h, same in zip(model.hidden_states(X), expected.hidden_states(plain), strict=True):
        np.testing.assert_array_equal(h, same, strict=True)


BYTES_AND_STRIDES = {
    "big-endian": lambda X: X.astype(">f8"),
    "unaligned": unaligned,
    "negative strides": backwards,
    "object": lambda X: X.astype(object),
    "longdouble": lambda X: X.astype(np.longdouble),
}


@pytest.mark.parametrize("form", LAID_OUT)
@pytest.mark.parametrize("batch_size", ["auto", 3])
@pytest.mark.parametrize("layout", BYTES_AND_STRIDES)
def test_20_bytes_and_strides(cls, form, layout, batch_size, assert_same_weights):
    layout = BYTES_AND_STRIDES[layout]
    assert_layout_is_nothing(cls, form, layout, batch_size, assert_same_weights)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_20_repeated_by_a_stride_of_zero(cls, axis, assert_same_weights):
    one, y = np.take(good_X(), [0], axis=axis), good_y(cls)
    X = np.broadcast_to(one, (N, T, F))
    assert 0 in X.strides
    expected = cls(**SMALL).fit(X.copy(), y)
    assert_same_weights(cls(**SMALL).fit(X, y), expected)
    assert_same_weights(cls(**SMALL).fit(list(X), y), expected)
    np.testing.assert_array_equal(outputs(expected, X), outputs(expected, X.copy()))


@pytest.mark.parametrize("form", LAID_OUT)
@pytest.mark.parametrize("batch_size", ["auto", 3])
@pytest.mark.parametrize("layout", [np.asfortranarray, swapped_axes, spread])
def test_21_fortran_and_sliced(cls, form, layout, batch_size, assert_same_weights):
    assert_layout_is_nothing(cls, form, layout, batch_size, assert_same_weights)


@pytest.mark.parametrize("layout", [np.asfortranarray, spread, backwards, unaligned, read_only])
@pytest.mark.parametrize("dtype", [float, np.float32, np.float16, np.int16, ">f8"])
def test_21_dense_arrays_are_not_copied(layout, dtype):
    X = layout(good_X().astype(dtype))
    assert np.shares_memory(read_X(X, Form()).sequences.values, X)
    X = layout(table(good_X()).astype(dtype))
    assert np.shares_memory(read_X(X, Form(step_features=F)).sequences.values, X)


def test_21_predicting_a_slice_takes_little_memory():
    model = skrnn.RNNRegressor(3, max_iter=1, random_state=0).fit(good_X(F=4), np.arange(N))
    large = np.zeros((16, 8000, 4))
    tracemalloc.start()
    try:
        model.predict(large[:, ::2])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < large[:, ::2].nbytes / 2


@pytest.mark.parametrize("form", ["3-D", "2-D", "list"])
@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_22_memmap(cls, form, mode, order, tmp_path, assert_same_weights):
    make, params = LAID_OUT[form]
    plain, y = make(good_X(), np.array), good_y(cls)
    maps = []

    def mapped(X):
        path = tmp_path / str(len(maps))
        np.memmap(path, X.dtype, "w+", shape=X.shape, order=order)[...] = X
        maps.append(path)
        return np.memmap(path, X.dtype, mode, shape=X.shape, order=order)

    X = make(good_X(), mapped)
    model, expected = (cls(**SMALL, **params).fit(data, y) for data in (X, plain))
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, X), outputs(expected, plain))
    parts = plain if form == "list" else [plain]
    for path, part in zip(maps, parts, strict=True):  # as they were written
        np.testing.assert_array_equal(np.fromfile(path).reshape(part.shape, order=order), part)


@both_targets
def test_22_everything_read_only(cls, per_step, tmp_path, assert_same_weights):
    """What workers of a parallel search get: X, y and weights as read-only maps of one file."""
    X, y = good_data(cls, per_step=per_step)
    data = {"X": X, "y": y, "weight": np.linspace(0.5, 1, y.size).reshape(y.shape)}
    joblib.dump(data, tmp_path / "data")
    maps = joblib.load(tmp_path / "data", mmap_mode="r")
    assert not any(a.flags.writeable for a in maps.values())
    params = {**SMALL, "return_sequences": per_step}
    model, expected = (cls(**params).fit(*d.values()) for d in (maps, data))
    for m, (X, y, weight) in ((model, maps.values()), (expected, data.values())):
        m.partial_fit(X, y, sample_weight=weight)
    assert_same_weights(model, expected)
    assert model.score(*maps.values()) == expected.score(*data.values())
    stopped = cls(**params, early_stopping=True)
    stopped.fit(maps["X"], maps["y"], X_val=maps["X"], y_val=maps["y"], sample_weight_val=maps["weight"])


# --- containers: rows 23 to 26 -----------------------------------------------------------------------


class ArrayLike:
    """Nothing but __array__."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


@pytest.mark.parametrize("make", [ArrayLike, np.ndarray.tolist, lambda X: memoryview(X)])
@pytest.mark.parametrize("form", ["3-D", "2-D"])
def test_23_array_likes(cls, form, make, assert_same_weights):
    plain, y = FORMS[form][0](good_X()), good_y(cls)
    X, params = make(plain), {**SMALL, **FORMS[form][1]}
    expected = cls(**params).fit(plain, y)
    assert_same_weights(cls(**params).fit(X, y), expected)
    assert_same_weights(cls(**params).fit(plain, ArrayLike(y)), expected)
    assert_same_weights(cls(**params).fit(plain, y, ArrayLike(np.ones(N))), expected)
    np.testing.assert_array_equal(outputs(expected, X), outputs(expected, plain))


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_23_frames_have_names(cls, frame, assert_same_weights):
    """All containers of X and y are compared in test_containers.py."""
    plain, y = table(good_X()), good_y(cls)
    X = frame(dict(zip("abcdefghij", plain.T, strict=True)))
    model, expected = cls(**SMALL).fit(X, y), cls(**SMALL).fit(plain, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, X), outputs(expected, plain))
    assert list(model.feature_names_in_) == list("abcdefghij")
    assert not hasattr(expected, "feature_names_in_")
    assert not hasattr(cls(**SMALL).fit(X.to_numpy(), y), "feature_names_in_")
    assert not hasattr(cls(**SMALL).fit([X] * N, y), "feature_names_in_")


def test_23_frames_with_columns_in_another_order(cls):
    X = [pd.DataFrame(x, columns=["a", "b"]) for x in good_X()]
    X[4] = X[4][["b", "a"]]
    assert_fit_raises(cls, X, match="Sequence 4 of X.*columns")


SPARSE = [scipy.sparse.csr_array, scipy.sparse.csr_matrix, scipy.sparse.coo_array]


@pytest.mark.parametrize("make", SPARSE)
def test_24_sparse(cls, make):
    X = make(table(good_X()))
    match = r"Sparse X.* was passed, but dense data is required.*toarray"
    for form in ("2-D", "3-D", "list"):
        assert_raises_in(EVERYWHERE, cls, match, X=X, form=form, error=TypeError)
    X = with_item(list(good_X()), 4, make(good_X()[4]))
    assert_raises_in(EVERYWHERE, cls, match, X=X, form="list", error=TypeError)


def test_24_sparse_frame(cls):
    X = pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csr_array(np.eye(N)))
    assert_fit_raises(cls, X, match="Sparse data was passed for X.*dense", error=TypeError)


@both_targets
@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_24_sparse_targets_and_weights(cls, per_step, name):
    match = f"Sparse {name}"
    bad = {name: scipy.sparse.csr_array(np.ones((N, T) if per_step else (N, 1)))}
    error = (TypeError, ValueError)
    assert_raises_in([*TRAINING, "X_val"], cls, match, per_step=per_step, error=error, **bad)


@both_targets
def test_25_masked_array(cls, per_step):
    match = r"X.* is a masked array.*list of arrays.*without padding"
    X = np.ma.masked_array(good_X(), mask=good_X() > 1)
    for form in ("3-D", "2-D", "list", "object array", "unequal rows"):
        make = {"list": list, "object array": lambda X: object_array(list(X))}.get(form, FORMS[form][0])
        masked = [*X[:, 0, :-1], X[0, 0]] if form == "unequal rows" else make(X)
        options = {"form": form, "per_step": per_step, "error": TypeError}
        assert_raises_in(EVERYWHERE, cls, match, X=masked, **options)
    X = with_item(list(good_X()), 4, X[4])  # one of them
    assert_raises_in(EVERYWHERE, cls, match, X=X, form="list", per_step=per_step, error=TypeError)


@both_targets
@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_25_masked_targets_and_weights(cls, per_step, name):
    values = good_data(cls, per_step=per_step)[1] if name == "y" else np.ones((N, T) if per_step else N)
    masked = np.ma.masked_array(values, mask=np.arange(values.size).reshape(values.shape) % 3 == 0)
    bad = {name: masked}
    match = f"{name} is a masked array"
    assert_raises_in([*TRAINING, "X_val"], cls, match, per_step=per_step, error=TypeError, **bad)


@both_targets
def test_25_padding_with_nan(cls, per_step):
    X = good_X()
    X[5, 3:] = np.nan
    match = "X contains NaN: sequence 5, step 3.*list of arrays.*instead of padding"
    for form in ("3-D", "2-D", "list"):
        data = FORMS[form][0](X)
        assert_raises_in(EVERYWHERE, cls, match, X=data, form=form, per_step=per_step)


@both_targets
def test_26_what_lies_beyond_a_sequence(cls, engine, per_step, assert_same_weights):
    """Sequences as views of an array padded with what is not finite, and as arrays of their own."""
    lengths = [5, 1, 3, 5, 2, 4, 1, 5]
    padded = np.full((N, T + 3, F + 1), np.nan)
    padded[:, T:] = np.inf
    padded[:, :T, :F] = good_X()
    views = [x[:length, :F] for x, length in zip(padded, lengths, strict=True)]
    y = [good_y(cls, length) for length in lengths] if per_step else good_y(cls)
    for params in ({}, {"bidirectional": True}, {"target_delay": 2} if per_step else {"pooling": "max"}):
        params = {**SMALL, "return_sequences": per_step, **params}
        model, expected = cls(**params).fit(views, y), cls(**params).fit([v.copy() for v in views], y)
        assert_same_weights(model, expected)
        assert_finite(model)
        for a, b in zip(outputs(model, views), outputs(expected, [v.copy() for v in views]), strict=True):
            np.testing.assert_array_equal(a, b)
            assert np.isfinite(a).all()


@all_six
@both_targets
def test_26_overflow_stays_in_its_sequence(cls, engine, per_step):
    """A state that is infinite or no number is seen by no other sequence, nor by the next call."""
    relu = {"activation": "relu"} if "activation" in cls().get_params() else {}
    X = [x[: 2 + i % 4] for i, x in enumerate(good_X())]
    y = [good_y(cls, len(x)) for x in X] if per_step else good_y(cls)
    model = cls(**SMALL, **relu, return_sequences=per_step).fit(X, y)
    expected = outputs(model, X)
    bad = [*X[:3], np.full((40, F), 1.7e308), *X[3:]]
    with np.errstate(all="ignore"):
        answer = outputs(model, bad)
        if relu:  # gates saturate instead
            assert not np.isfinite(model.hidden_states(bad)[3]).all()
    for a, b in zip([*answer[:3], *answer[4:]], expected, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(outputs(model, X), expected, strict=True):
        np.testing.assert_array_equal(a, b)


# --- step_features -----------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["3-D", "list"])
@pytest.mark.parametrize("step_features", [2, 5])
def test_step_features_is_for_2d(cls, container, step_features):
    X = FORMS[container][0](good_X())
    match = "step_features=.*X is a 3-D array or a list.*leave step_features=1"
    assert_fit_raises(cls, X, match=match, step_features=step_features)


def test_step_features_must_divide(cls):
    X = table(good_X())
    assert_fit_raises(cls, X, match="X has 10 columns.*step_features=3", step_features=3)
    unequal = [np.ones(length) for length in (4, 6, 5, 2, 2, 2, 2, 2)]
    match = "Sequence 2 of X has 5 values.*step_features=2"
    assert_fit_raises(cls, unequal, match=match, step_features=2)
