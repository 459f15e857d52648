"""Tables of time steps (``rows="steps"``): ids, answers in row order, states that go on, tools, errors.

A table is compared, bit for bit, with the list of arrays that it holds (``return_sequences=True``).
"""

import copy
import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from support.arrays import memmap
from support.data import noise, noise_step_targets
from support.estimators import ONE_OF_EACH, one_of_each, outputs
from support.inside import change_facts, targets_of, views_of
from support.misuse import assert_fails, assert_fit_raises, assert_same_attributes, public, state
from support.versions import is_sklearn

import skrnn
from skrnn._estimators import series

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

SMALL = {
    "hidden_size": 3, "max_iter": 2, "learning_rate": "constant", "learning_rate_init": 0.05,
    "random_state": 0,
}  # fmt: skip
STEPS = {**SMALL, "rows": "steps"}
STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0}  # no update changes any weight

LENGTHS = (5, 8, 3, 8)
NUMBERS = np.array([7.0, -2.0, 3.5, 0.0])  # ids in the order of first appearance: not sorted
GROUPED = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
# each series in its order, the first rows of the series in the order 0, 1, 2, 3
INTERLEAVED = np.array([0, 1, 0, 2, 3, 1, 1, 3, 0, 1, 2, 3, 3, 0, 1, 3, 1, 0, 3, 2, 1, 3, 1, 3])
orders = pytest.mark.parametrize("codes", [GROUPED, INTERLEAVED], ids=["grouped", "interleaved"])


def long(items, codes):
    """Arrays of the series -> one array whose rows stand in the order of ``codes``."""
    flat = np.concatenate(items)
    rows = np.empty_like(flat)
    rows[np.argsort(codes, kind="stable")] = flat
    return rows


def split(rows, codes):
    """The opposite of ``long``."""
    return [rows[codes == k] for k in range(codes.max() + 1)]


def with_ids(X, codes, numbers=NUMBERS):
    """Rows of numbers; the ids stand in the first column."""
    return np.column_stack([numbers[codes], X])


def table(cls, codes=INTERLEAVED, F=2):
    """X with ids in column 0, and y."""
    return with_ids(long(noise(LENGTHS, F), codes), codes), long(noise_step_targets(cls, LENGTHS), codes)


def one_series(cls, n=40, F=2, seed=0):
    return noise((n,), F, seed)[0], noise_step_targets(cls, (n,), seed + 1)[0]


def assert_same_answers(model, X, other, other_X, codes=None):
    """Answers to rows as those to a list, in the order of the rows."""
    if codes is None:
        codes = np.zeros(len(X), dtype=int)
    for method in ("predict", "predict_proba", "predict_log_proba", "hidden_states"):
        if hasattr(model, method):
            rows = getattr(model, method)(X)
            assert isinstance(rows, np.ndarray)
            assert rows.dtype != object or method == "predict"
            assert len(rows) == len(X)
            expected = getattr(other, method)(other_X)
            for part, of_list in zip(split(rows, codes), expected, strict=True):
                np.testing.assert_array_equal(part, of_list, err_msg=method)


def assert_same_curves(a, b):
    for name in ("loss_curve_", "grad_norm_curve_", "clipped_fraction_curve_", "n_updates_", "n_iter_"):
        assert getattr(a, name) == getattr(b, name), name


# --- a table of steps is a list of arrays ------------------------------------------------------------

SETTINGS = {
    "default": {},
    "k1": {"k1": 2},
    "k1 below k2": {"k1": 2, "k2": 3},
    "k2 below k1": {"k1": 4, "k2": 3},
    "delay": {"target_delay": 2, "k1": 3},
    "layers": {"hidden_size": (3, 2), "dropout": 0.3},
    "bidirectional": {"bidirectional": True},
    "lbfgs": {"solver": "lbfgs"},
    "small batches": {"batch_size": 3},
    "float32": {"dtype": "float32"},
}
settings = pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)


@settings
def test_one_series_equals_a_list_of_one(cls, params, assert_same_weights):
    params = {**params, "batch_size": "auto"}
    X, y = one_series(cls)
    rows = cls(**{**STEPS, **params}).fit(X, y)
    one = cls(**{**SMALL, **params}, return_sequences=True).fit([X], [y])
    assert_same_weights(rows, one)
    assert_same_curves(rows, one)
    assert_same_answers(rows, X, one, [X])
    assert rows.score(X, y) == one.score([X], [y])
    assert rows.n_features_in_ == rows.n_step_features_ == 2


@settings
@orders
def test_ids_equal_a_list_of_arrays(cls, codes, params, assert_same_weights):
    X, y = noise(LENGTHS), noise_step_targets(cls, LENGTHS)
    of_list = cls(**{**SMALL, **params}, return_sequences=True).fit(X, y)
    X_rows, y_rows = with_ids(long(X, codes), codes), long(y, codes)
    rows = cls(**{**STEPS, **params}, sequence_id=0).fit(X_rows, y_rows)
    assert_same_weights(rows, of_list)
    assert_same_curves(rows, of_list)
    assert_same_answers(rows, X_rows, of_list, X, codes)
    assert (rows.n_features_in_, rows.n_step_features_) == (3, 2)
    assert rows.score(X_rows, y_rows) == pytest.approx(of_list.score(X, y), rel=1e-12)


@pytest.mark.usefixtures("engine")
@one_of_each
@orders
def test_with_either_engine(cls, codes, assert_same_weights):
    X, y = noise(LENGTHS), noise_step_targets(cls, LENGTHS)
    of_list = cls(**SMALL, return_sequences=True).fit(X, y)
    X_rows, y_rows = with_ids(long(X, codes), codes), long(y, codes)
    rows = cls(**STEPS, sequence_id=0).fit(X_rows, y_rows)
    assert_same_weights(rows, of_list)
    assert_same_answers(rows, X_rows, of_list, X, codes)


@one_of_each
def test_return_sequences_changes_nothing(cls, assert_same_weights):
    """rows="steps" has a target for every row, whatever it says."""
    X, y = table(cls)
    assert_same_weights(*(
        cls(**STEPS, sequence_id=0, return_sequences=r).fit(X, y) for r in (False, True)
    ))  # fmt: skip


# --- containers, ids ---------------------------------------------------------------------------------


def frame(ids, X):
    return pd.DataFrame({"x0": X[:, 0], "id": ids, "x1": X[:, 1]})


def polars_frame(ids, X):
    return pl.DataFrame({"x0": X[:, 0], "id": list(ids), "x1": X[:, 1]})


def objects(ids, X):
    """An object array whose middle column holds the ids."""
    array = np.empty((len(X), 3), dtype=object)
    for i, (one, x) in enumerate(zip(ids, X, strict=True)):
        array[i, 0], array[i, 1], array[i, 2] = x[0], one, x[1]
    return array


class Table(NamedTuple):
    make: Callable  # ids (n_rows,), X (n_rows, 2) -> X with ids
    sequence_id: object
    numbers_only: bool = False


TABLES = {
    "array, first": Table(lambda ids, X: np.column_stack([ids, X]), 0, True),
    "array, middle": Table(lambda ids, X: np.column_stack([X[:, 0], ids, X[:, 1]]), np.int64(1), True),
    "array, last": Table(lambda ids, X: np.column_stack([X, ids]), -1, True),
    "fortran": Table(lambda ids, X: np.asfortranarray(np.column_stack([X, ids])), 2, True),
    "memmap": Table(lambda ids, X: memmap(np.column_stack([X, ids])), -1, True),
    "read only": Table(lambda ids, X: np.broadcast_to(np.column_stack([X, ids]), (len(X), 3)), 2, True),
    "object array": Table(objects, 1),
    "list of lists": Table(lambda ids, X: [list(row) for row in objects(ids, X)], -2),
    "tuple of tuples": Table(lambda ids, X: tuple(map(tuple, objects(ids, X))), 1),
    "list of arrays": Table(lambda ids, X: list(objects(ids, X)), 1),
    "pandas, name": Table(frame, "id"),
    "pandas, position": Table(frame, 1),
    "pandas, negative": Table(frame, -2),
    "polars, name": Table(polars_frame, "id"),
    "polars, position": Table(polars_frame, 1),
    "polars, negative": Table(polars_frame, -2),
}


@one_of_each
@pytest.mark.parametrize("name", TABLES)
def test_containers(cls, name, assert_same_weights):
    X, y = noise(LENGTHS), noise_step_targets(cls, LENGTHS)
    make, sequence_id, _ = TABLES[name]
    of_list = cls(**SMALL, return_sequences=True).fit(X, y)
    X_rows = make(NUMBERS[INTERLEAVED], long(X, INTERLEAVED))
    rows = cls(**STEPS, sequence_id=sequence_id).fit(X_rows, long(y, INTERLEAVED))
    assert_same_weights(rows, of_list)
    assert_same_answers(rows, X_rows, of_list, X, INTERLEAVED)
    assert rows.sequence_ids_.tolist() == NUMBERS.tolist()
    assert (rows.n_features_in_, rows.n_step_features_) == (3, 2)


@one_of_each
@pytest.mark.parametrize(
    "make",
    [np.asfortranarray, memmap, np.ndarray.tolist, pd.DataFrame, lambda X: pl.DataFrame(X, orient="row"),
     list],
    ids=["fortran", "memmap", "list of lists", "pandas", "polars", "list of arrays"],
)  # fmt: skip
def test_containers_without_ids(cls, make, assert_same_weights):
    X, y = one_series(cls)
    expected = cls(**STEPS).fit(X, y)
    model = cls(**STEPS).fit(make(X), y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, make(X)), outputs(expected, X))


def test_a_float32_table_is_computed_in_float32():
    X, y = table(skrnn.GRURegressor)
    model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X.astype(np.float32), y)
    assert {w.dtype for w in model.weights_.values()} == {np.dtype(np.float32)}
    assert model.predict(X).dtype == model.final_state_[0].dtype == np.float32


def test_a_table_is_not_changed():
    X, y = table(skrnn.GRURegressor)
    before = X.copy()
    skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, y).predict(X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("array", [memmap, np.asarray], ids=["memmap", "array"])
def test_a_table_is_not_copied(array):
    """The column of ids is skipped, interleaved rows are followed by an index."""
    from skrnn._reading.facts import Form
    from skrnn._reading.reader import read_X

    X, _ = table(skrnn.GRURegressor)
    X = array(X)
    assert np.shares_memory(read_X(X, Form(rows_are_steps=True, sequence_id=0)).sequences.values, X)


def stamps():
    return [pd.Timestamp("2020-03-01") - pd.Timedelta(days=7 * k) for k in (3, 0, 5, 1)]


IDS = {
    "str": ["b", "a", "d", "c"],
    "int": [3, -1, 10**15, 0],
    "float": [0.5, -1.5, np.inf, 0.0],
    "bool and int": [True, 0, 2, 3],
    "tuple": [("x", 2), ("x", 1), ("a", 3), ()],
    "Timestamp": stamps(),
    "Timestamp with zone": [t.tz_localize("UTC") for t in stamps()],
    "mixed": ["a", 1, 2.5, ("b",)],
    "long and short": ["a", "b" * 50, "", "ab"],
}


KINDS = [
    (kind, form)
    for kind in IDS
    for form in ("object array", "list of lists", "pandas, name", "polars, name")
    if form != "polars, name" or kind not in ("tuple", "mixed", "bool and int")  # no column of it
]


@pytest.mark.parametrize(("kind", "form"), KINDS)
def test_ids_of_any_kind(kind, form, assert_same_weights):
    cls, ids = skrnn.GRUClassifier, IDS[kind]
    X, y = noise(LENGTHS), noise_step_targets(cls, LENGTHS)
    make, sequence_id, _ = TABLES[form]
    of_rows = [ids[k] for k in INTERLEAVED]
    column = pd.Series(of_rows, dtype=object if kind in ("tuple", "mixed") else None)
    X_rows = make(column if form == "pandas, name" else of_rows, long(X, INTERLEAVED))
    rows = cls(**STEPS, sequence_id=sequence_id).fit(X_rows, long(y, INTERLEAVED))
    of_list = cls(**SMALL, return_sequences=True).fit(X, y)
    assert_same_weights(rows, of_list)
    assert_same_answers(rows, X_rows, of_list, X, INTERLEAVED)
    known = [getattr(one, "tz_localize", lambda _, one=one: one)(None) for one in ids]
    found = [
        pd.Timestamp(one).tz_localize(None) if kind.startswith("Timestamp") else one
        for one in rows.sequence_ids_
    ]
    assert found == known


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_categorical_ids(library, assert_same_weights):
    """In order of appearance, not of the categories; those that do not occur are no series."""
    cls, names = skrnn.GRUClassifier, np.array(IDS["str"])
    X, y = long(noise(LENGTHS), INTERLEAVED), long(noise_step_targets(cls, LENGTHS), INTERLEAVED)
    if library == "pandas":
        categorical = frame(pd.Categorical(names[INTERLEAVED], categories=["z", *"abcd"]), X)
    else:
        categorical = polars_frame(names[INTERLEAVED], X).with_columns(pl.col("id").cast(pl.Categorical))
    model = cls(**STEPS, sequence_id="id").fit(categorical, y)
    assert_same_weights(model, cls(**STEPS, sequence_id="id").fit(frame(names[INTERLEAVED], X), y))
    assert model.sequence_ids_.tolist() == names.tolist()


def test_frames_keep_their_names():
    X, y = (
        long(noise(LENGTHS), INTERLEAVED),
        long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED),
    )
    for make in (frame, polars_frame):
        X_frame = make(NUMBERS[INTERLEAVED], X)
        model = skrnn.GRURegressor(**STEPS, sequence_id="id").fit(X_frame, y)
        assert model.feature_names_in_.tolist() == ["x0", "id", "x1"]
    model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(with_ids(X, INTERLEAVED), y)
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X: X.rename(columns={"x0": "u"}), "feature names should match.*\n(.*\n)*.*- u"),
        (lambda X: X[["id", "x0", "x1"]], "must be in the same order"),
        (lambda X: X.drop(columns="x1"), "Feature names seen at fit time, yet now missing:\n- x1"),
        (lambda X: X.drop(columns="id"), "Feature names seen at fit time, yet now missing:\n- id"),
        (lambda X: X.assign(x2=1.0), "Feature names unseen at fit time:\n- x2"),
    ],
    ids=["renamed", "reordered", "dropped", "without ids", "one more"],
)
def test_other_columns_at_predict(change, match):
    X = frame(NUMBERS[INTERLEAVED], long(noise(LENGTHS), INTERLEAVED))
    y = long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED)
    model = skrnn.GRURegressor(**STEPS, sequence_id="id").fit(X, y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        assert_fails(lambda call=call: call(change(X)), model, match, ValueError)


def test_another_number_of_columns_at_predict():
    X, y = table(skrnn.GRURegressor)
    model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, y)
    match = "X has 2 features, but GRURegressor is expecting 3 features as input"
    assert_fails(lambda: model.predict(X[:, :2]), model, match, ValueError)
    assert_fails(lambda: model.partial_fit(X[:, :2], y), model, match, ValueError)


# --- targets and answers -----------------------------------------------------------------------------


def test_several_outputs():
    rng = np.random.RandomState(0)
    X, y = noise(LENGTHS), [rng.normal(size=(T, 3)) for T in LENGTHS]
    model = skrnn.LSTMRegressor(**STEPS, sequence_id=0).fit(
        X_rows := with_ids(long(X, INTERLEAVED), INTERLEAVED), long(y, INTERLEAVED)
    )
    assert model.n_outputs_ == 3
    assert model.predict(X_rows).shape == (sum(LENGTHS), 3)
    of_list = skrnn.LSTMRegressor(**SMALL, return_sequences=True).fit(X, y)
    assert_same_answers(model, X_rows, of_list, X, INTERLEAVED)


def test_multilabel():
    rng = np.random.RandomState(0)
    X, y = noise(LENGTHS), [rng.randint(2, size=(T, 3)) for T in LENGTHS]
    X_rows = with_ids(long(X, INTERLEAVED), INTERLEAVED)
    model = skrnn.GRUClassifier(**STEPS, sequence_id=0).fit(X_rows, long(y, INTERLEAVED))
    assert model.predict(X_rows).shape == model.predict_proba(X_rows).shape == (sum(LENGTHS), 3)
    of_list = skrnn.GRUClassifier(**SMALL, return_sequences=True).fit(X, y)
    assert_same_answers(model, X_rows, of_list, X, INTERLEAVED)
    assert model.score(X_rows, long(y, INTERLEAVED)) == of_list.score(X, y)


def test_two_classes_of_strings():
    X, y = table(skrnn.GRUClassifier)
    labels = np.array(["no", "yes"])[y % 2]
    model = skrnn.GRUClassifier(**STEPS, sequence_id=0).fit(X, labels)
    assert model.predict_proba(X).shape == (len(X), 2)
    assert set(model.predict(X)) <= {"no", "yes"}
    assert model.score(X, labels) == accuracy_score(labels, model.predict(X))


def test_a_column_of_targets_is_ravelled():
    X, y = table(skrnn.GRURegressor)
    with pytest.warns(DataConversionWarning):
        model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, y[:, None])
    assert model.predict(X).shape == (len(X),)


@one_of_each
def test_hidden_states(cls):
    X, y = table(cls)
    model = cls(**{**STEPS, "hidden_size": (4, 3)}, sequence_id=0).fit(X, y)
    assert model.hidden_states(X).shape == (len(X), 3)
    model.set_params(bidirectional=True).fit(X, y)
    assert model.hidden_states(X).shape == (len(X), 6)


@one_of_each
def test_the_order_of_series_among_each_other_does_not_matter_for_answers(cls):
    X, y = table(cls)
    model = cls(**STEPS, sequence_id=0).fit(X, y)
    grouped = np.argsort(INTERLEAVED, kind="stable")
    np.testing.assert_array_equal(outputs(model, X[grouped]), outputs(model, X)[grouped])


def test_polars_and_pandas_targets():
    X, y = table(skrnn.GRURegressor)
    expected = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, y).predict(X)
    for column in (pd.Series(y), pl.Series(y), y.tolist()):
        model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, column)
        np.testing.assert_array_equal(model.predict(X), expected)


# --- weights -----------------------------------------------------------------------------------------


def whole_weights(lengths=LENGTHS, seed=3):
    """Weights of the steps, some of them zero; one series has none."""
    rng = np.random.RandomState(seed)
    weight = [rng.randint(0, 4, size=T).astype(float) for T in lengths]
    weight[0][:] = [0, 0, 2, 1, 0]
    return weight


@settings
def test_sample_weight_per_row_equals_weights_of_steps(cls, params, assert_same_weights):
    X, y, weight = noise(LENGTHS), noise_step_targets(cls, LENGTHS), whole_weights()
    of_list = cls(**{**SMALL, **params}, return_sequences=True).fit(X, y, weight)
    X_rows, y_rows, weight_rows = (
        with_ids(long(X, INTERLEAVED), INTERLEAVED), long(y, INTERLEAVED), long(weight, INTERLEAVED)
    )  # fmt: skip
    rows = cls(**{**STEPS, **params}, sequence_id=0).fit(X_rows, y_rows, sample_weight=weight_rows)
    assert_same_weights(rows, of_list)
    assert_same_curves(rows, of_list)
    assert rows.score(X_rows, y_rows, weight_rows) == pytest.approx(of_list.score(X, y, weight))
    assert rows.score(X_rows, y_rows, weight_rows) != pytest.approx(rows.score(X_rows, y_rows))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 0.0}], ids=["balanced", "dict"])
def test_class_weight(class_weight, assert_same_weights):
    cls = skrnn.GRUClassifier
    X, y = noise(LENGTHS), noise_step_targets(cls, LENGTHS)
    rows = cls(**STEPS, sequence_id=0, class_weight=class_weight).fit(*table(cls))
    assert_same_weights(rows, cls(**SMALL, return_sequences=True, class_weight=class_weight).fit(X, y))


@one_of_each
def test_a_row_of_weight_zero_has_no_loss_but_moves_the_state(cls, assert_same_weights):
    X, y = table(cls)
    weight = np.ones(len(X))
    row = np.flatnonzero(INTERLEAVED == 1)[2]  # not the last of its series
    weight[row] = 0
    params = {**STEPS, "sequence_id": 0, **({} if is_classifier(cls()) else {"max_iter": 3})}
    model = cls(**params).fit(X, y, weight)

    other_y = y.copy()
    other_y[row] = (y[row] + 1) % 3 if is_classifier(cls()) else 100.0
    assert_same_weights(cls(**params).fit(X, other_y, weight), model)

    other_X = X.copy()
    other_X[row, 1:] += 1
    assert cls(**params).fit(other_X, y, weight).loss_curve_ != model.loss_curve_
    changed = (outputs(model, X) != outputs(model, other_X)).reshape(len(X), -1).any(axis=1)
    np.testing.assert_array_equal(
        np.flatnonzero(changed), np.flatnonzero((INTERLEAVED == 1) & (np.arange(len(X)) >= row))
    )


@one_of_each
def test_a_series_of_weight_zero_is_left_out(cls, assert_same_weights):
    X, y = table(cls)
    weight = (INTERLEAVED != 2).astype(float)
    model = cls(**STEPS, sequence_id=0).fit(X, y, weight)
    kept = INTERLEAVED != 2
    without = cls(**STEPS, sequence_id=0).fit(X[kept], y[kept])
    assert_same_weights(model, without)
    # its state is known nevertheless
    assert model.sequence_ids_.tolist() == NUMBERS.tolist()
    assert_final_states_are_last(model, X, INTERLEAVED)


# --- errors ------------------------------------------------------------------------------------------

SCALED = r'set_output\(transform="pandas"\), and verbose_feature_names_out=False in a ColumnTransformer'


def ids_frame(ids=None):
    n = sum(LENGTHS)
    return frame([0.0] * n if ids is None else ids, np.zeros((n, 2)))


def bad_id(kind, missing):
    """A column of ids of which that in row 3 is missing."""
    ids = [IDS[kind][k] for k in INTERLEAVED]
    ids[3] = missing
    return ids


BAD_TABLES = {
    "renamed": (
        ids_frame().rename(columns={"id": "remainder__id"}), "id",
        r"sequence_id='id' is not a column of X. Its columns are 'x0', 'remainder__id', 'x1'. " +
        f".*{SCALED}",
    ),
    "polars, renamed": (
        pl.DataFrame({"x": [1.0], "num__id": [2]}), "id",
        rf"is not a column of X. Its columns are 'x', 'num__id'\..*{SCALED}",
    ),
    "names are lost": (
        ids_frame().to_numpy(), "id",
        rf"'id' is the name of a column, but X is an array, whose columns have none.*{SCALED}.*position",
    ),
    "a list has no names": ([[1.0, 2.0]], "id", "but X is an array, whose columns have none"),
    "duplicate": (
        ids_frame().set_axis(["id", "id", "x"], axis=1), "id", "is the name of several columns of X"
    ),
    "position": (ids_frame(), 3, "sequence_id=3 is not a column of X, which has 3 columns"),
    "negative": (ids_frame(), -4, "sequence_id=-4 is not a column of X, which has 3 columns"),
    "array, position": (np.zeros((24, 3)), 3, "sequence_id=3 is not a column of X, which has 3 columns"),
    "array, negative": (np.zeros((24, 3)), -4, "sequence_id=-4 is not a column of X"),
    "list, position": ([[0.0, 1.0]] * 24, 2, "sequence_id=2 is not a column of X, which has 2 columns"),
    "NaN": (ids_frame(bad_id("float", np.nan)), "id", "sequence_id in row 3 of X is missing"),
    "None": (ids_frame(bad_id("str", None)), "id", "sequence_id in row 3 of X is missing"),
    "NaT": (ids_frame(bad_id("Timestamp", pd.NaT)), "id", "sequence_id in row 3 of X is missing"),
    "NA": (
        ids_frame(pd.array(bad_id("int", None), dtype="Int64")), "id", "row 3 of X is missing.*Every row"
    ),
    "NA string": (
        ids_frame(pd.array(bad_id("str", None), dtype="string")), "id", "row 3 of X is missing"
    ),
    "NA category": (ids_frame(pd.Categorical(bad_id("str", None))), "id", "row 3 of X is missing"),
    "polars null": (
        pl.DataFrame({"id": bad_id("str", None), "x": 1.0}), "id", "row 3 of X is missing"
    ),
    "polars null number": (
        pl.DataFrame({"id": bad_id("int", None), "x": 1.0}), "id", "row 3 of X is missing"
    ),
    "array NaN": (
        np.column_stack([bad_id("float", np.nan), np.zeros(24)]), 0, "row 3 of X is missing"
    ),
    "list None": (
        [[one, 1.0] for one in bad_id("str", None)], 0, "sequence_id in row 3 of X is missing"
    ),
    "not hashable": (
        objects([[0]] * 24, np.zeros((24, 2))), 1,
        r"sequence_id in row 0 of X is \[0\], which cannot be hashed",
    ),
    "polars struct": (
        pl.DataFrame({"id": [{"p": 1, "q": 2}] * 24, "x": 1.0}), "id",
        "sequence_id in row 0 of X is {'p': 1, 'q': 2}, which cannot be hashed",
    ),
    "no features": (np.zeros((24, 1)), 0, r"X has 0 feature\(s\) besides its sequence_id"),
    "empty list": ([], 0, r"0 sample\(s\)"),
    "empty array": (np.empty((0, 3)), 0, r"0 sample\(s\)"),
    "unequal rows": ([[0.0, 1.0], [0.0]], 0, "Row 1 of X has 1 columns, but row 0 has 2"),
    "other strings": (
        pd.DataFrame({"id": ["a"] * 24, "x": ["u"] * 24}), "id", "X.* cannot be read as numbers"
    ),
    "NaN in X": (
        with_ids(np.where(np.arange(48).reshape(24, 2) == 9, np.nan, 0.0), INTERLEAVED), 0,
        "Input X contains NaN: row 4, position 2",
    ),
    "inf in X": (
        ids_frame().assign(x0=np.where(np.arange(24) == 7, np.inf, 0)), "id",
        "Input X contains infinity or a value too large.*row 7",
    ),
}  # fmt: skip


@one_of_each
@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables(cls, name):
    X, sequence_id, match = BAD_TABLES[name]
    y = np.arange(len(X)) % 3 if len(X) else [0]
    new = cls(**STEPS, sequence_id=sequence_id)
    assert_fails(lambda: new.fit(X, y), new, match, ValueError)
    with pytest.raises(NotFittedError):
        new.predict(X)


@one_of_each
@pytest.mark.parametrize("kind", ["NaN", "None", "NA"])
def test_missing_ids_at_predict(cls, kind):
    X, _, match = BAD_TABLES[kind]
    y = np.arange(24) % 3
    model = cls(**STEPS, sequence_id="id").fit(ids_frame(), y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        assert_fails(lambda call=call: call(X), model, match, ValueError)


NOT_TABLES = {
    "3-D": (np.zeros((3, 4, 2)), "X is 3-D"),
    "list of 2-D": ([np.zeros((4, 2))] * 3, "X is a list of arrays"),
    "list of lists of lists": ([[[0.0], [1.0]]] * 3, "X is a list of arrays"),
    "1-D": (np.zeros(3), "X is 1-D"),
    "list of numbers": ([0.0, 1.0, 2.0], "X is 1-D"),
    "Series": (pd.Series([0.0, 1.0, 2.0]), "X is 1-D"),
    "object array": (np.array([np.zeros((2, 1)), np.zeros((3, 1)), None], dtype=object)[:2], "X is 1-D"),
}


@pytest.mark.parametrize("name", NOT_TABLES)
@pytest.mark.parametrize("sequence_id", [None, 0], ids=["one series", "ids"])
def test_what_is_not_a_table(name, sequence_id):
    X, what = NOT_TABLES[name]
    match = rf'rows="steps" reads a 2-D X.*{what}.*rows="sequences".*Reshape your data'
    for cls in ONE_OF_EACH:
        new = cls(**STEPS, sequence_id=sequence_id)
        assert_fails(lambda new=new: new.fit(X, np.arange(len(X))), new, match, ValueError)


def test_3d_at_predict():
    X, y = one_series(skrnn.GRURegressor)
    model = skrnn.GRURegressor(**STEPS).fit(X, y)
    for bad in (X[None], [X], X[:, 0]):
        assert_fails(lambda bad=bad: model.predict(bad), model, 'rows="steps" reads a 2-D X', ValueError)


def test_targets_of_another_number_or_form():
    X, y = table(skrnn.GRURegressor)
    params = {"X": X, "rows": "steps", "sequence_id": 0}
    match = "inconsistent numbers of samples: X has 24 rows, y has 23"
    assert_fit_raises(skrnn.GRURegressor, y=y[1:], match=match, **params)
    match = 'rows="steps" expects one target per row'
    assert_fit_raises(skrnn.GRURegressor, y=[y[:9], y[9:]] * 12, match=match, **params)
    assert_fit_raises(skrnn.GRURegressor, y=y.reshape(24, 1, 1), match=match, **params)
    y = y.copy()
    y[5] = np.nan
    assert_fit_raises(skrnn.GRURegressor, y=y, match="Input y contains NaN: row 5", **params)


@pytest.mark.parametrize(
    ("weight", "match"),
    [
        (np.ones(23), r"sample_weight.shape == \(23,\), expected \(24,\)!"),
        (-np.ones(24), "negative value at position 0"),
        (np.zeros(24), "at least one non-zero weight"),
        (np.ones((24, 1)), "Sample weights must be 1D array or scalar"),
        (np.full(24, np.nan), "Input sample_weight contains NaN: row 0"),
    ],
    ids=["number", "negative", "zero", "2-D", "NaN"],
)
def test_bad_weights(weight, match):
    X, y = table(skrnn.GRURegressor)
    assert_fit_raises(skrnn.GRURegressor, X, y, match, sample_weight=weight, rows="steps", sequence_id=0)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"sequence_id": 0}, "sequence_id=0 needs rows='steps', got rows='sequences'"),
        ({"sequence_id": "id"}, "sequence_id='id' needs rows='steps'"),
        ({"initial_state": "last"}, "initial_state='last' needs rows='steps'"),
        (
            {"rows": "steps", "initial_state": "last", "bidirectional": True},
            "initial_state='last' and bidirectional=True do not go together",
        ),
        ({"rows": "steps", "bidirectional": True, "k1": 2}, "k1=2 and bidirectional=True do not go"),
        ({"rows": "steps", "bidirectional": True, "k2": 2}, "k2=2 and bidirectional=True do not go"),
        ({"rows": "steps", "solver": "lbfgs", "k1": 2}, "k1=2 and solver='lbfgs' do not go together"),
        ({"rows": "steps", "step_features": 2}, "step_features=2 and rows='steps' do not go together"),
        ({"rows": "steps", "pooling": "mean"}, "pooling='mean' and rows='steps' do not go together"),
        ({"rows": "steps", "pooling": ("max", "last")}, r"pooling=\('max', 'last'\) and rows='steps' do"),
        (
            {"rows": "steps", "target_replication": 0.5},
            "target_replication=0.5 and rows='steps' do not go together",
        ),
        (
            {"rows": "steps", "target_delay": 1, "bidirectional": True},
            "target_delay=1 and bidirectional=True do not go together",
        ),
        ({"rows": "steps", "sequence_id": True}, "sequence_id must be a column's name or position"),
        ({"rows": "steps", "sequence_id": 0.0}, "The 'sequence_id' parameter of .* must be"),
        ({"rows": "steps", "initial_state": "first"}, "The 'initial_state' parameter of .* must be"),
        ({"rows": "columns"}, "The 'rows' parameter of .* must be"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
@one_of_each
def test_parameters_that_contradict_each_other(cls, params, match):
    X, y = one_series(cls)
    assert_fit_raises(cls, X, y, match, **params)


@one_of_each
def test_training_goes_on_in_the_same_form(cls):
    X, y = table(cls)
    model = cls(**STEPS, sequence_id=0).fit(X, y)
    for changed in (
        {"rows": "sequences", "sequence_id": None},
        {"sequence_id": 1},
        {"sequence_id": None},
    ):
        other = copy.deepcopy(model).set_params(**changed)
        with pytest.raises(ValueError, match=r"(rows|sequence_id) was .* when the weights were"):
            other.partial_fit(X, y)


@one_of_each
def test_prediction_follows_the_fit_not_the_parameters(cls):
    X, y = table(cls)
    model = cls(**STEPS, sequence_id=0).fit(X, y)
    expected = outputs(model, X)
    model.set_params(rows="sequences", sequence_id=None)
    np.testing.assert_array_equal(outputs(model, X), expected)


# --- the states in which series end ------------------------------------------------------------------


def tops(model):
    """h of the top layer (n_series, H)."""
    last = model.final_state_[-1]
    return last[0] if isinstance(last, tuple) else last


def assert_final_states_are_last(model, X, codes):
    """In the order of the ids: the last row of the hidden states of each series, from zeros."""
    from_zeros = copy.deepcopy(model).set_params(initial_state="zeros")
    H = split(from_zeros.hidden_states(X), codes)
    np.testing.assert_array_equal(tops(model), np.stack([h[-1] for h in H]))


@pytest.mark.parametrize("hidden_size", [3, (4, 3)], ids=["1 layer", "2 layers"])
@orders
def test_final_state(cls, codes, hidden_size):
    X, y = table(cls, codes)
    model = cls(**{**STEPS, "hidden_size": hidden_size, "k1": 3}, sequence_id=0).fit(X, y)
    assert_final_states_are_last(model, X, codes)
    sizes = np.atleast_1d(hidden_size)
    assert isinstance(model.final_state_, list)
    assert len(model.final_state_) == len(sizes)
    for layer, H in zip(model.final_state_, sizes, strict=True):
        if "LSTM" in cls.__name__:
            assert isinstance(layer, tuple)
            h, c = layer
            assert h.shape == c.shape == (4, H)
            assert (np.abs(h) <= np.tanh(np.abs(c))).all()  # h = o tanh(c)
        else:
            assert layer.shape == (4, H)
    np.testing.assert_array_equal(model.sequence_ids_, NUMBERS)


def test_final_state_of_one_series():
    X, y = one_series(skrnn.GRURegressor, n=300)  # more than one window of a run
    model = skrnn.GRURegressor(**STEPS, k1=50).fit(X, y)
    assert_final_states_are_last(model, X, np.zeros(300, dtype=int))
    assert model.final_state_[0].shape == (1, 3)


@one_of_each
def test_final_state_does_not_see_the_steps_added_by_a_delay(cls):
    X, y = table(cls)
    model = cls(**STEPS, sequence_id=0, target_delay=2).fit(X, y)
    without = copy.deepcopy(model)
    change_facts(without, delay=0)
    assert_final_states_are_last(without, X, INTERLEAVED)
    # while the states that outputs are read from have moved on
    last = np.stack([h[-1] for h in split(model.hidden_states(X), INTERLEAVED)])
    assert (last != tops(model)).all()


def test_final_state_is_not_there_for_both_directions_nor_for_sequences():
    X, y = table(skrnn.GRURegressor)
    model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(X, y)
    assert hasattr(model, "final_state_")
    model.set_params(bidirectional=True).fit(X, y)
    assert not hasattr(model, "final_state_")
    model.set_params(bidirectional=False, rows="sequences", sequence_id=None).fit(X, y)
    assert not hasattr(model, "final_state_")


@one_of_each
@pytest.mark.parametrize("params", [{"early_stopping": True}, {"solver": "lbfgs"}, {"batch_size": 2}],
                         ids=["early stopping", "lbfgs", "batches"])  # fmt: skip
def test_final_state_is_that_of_the_final_weights_over_all_rows(cls, params):
    X, y = table(cls)
    model = cls(**{**STEPS, **params, "max_iter": 4}, sequence_id=0).fit(X, y)
    assert_final_states_are_last(model, X, INTERLEAVED)


# --- initial_state="last" ----------------------------------------------------------------------------


def head_and_tail(codes, n):
    """The first n rows of every series, and the others."""
    number = np.zeros(len(codes), dtype=int)
    for k in range(codes.max() + 1):
        number[codes == k] = np.arange((codes == k).sum())
    return np.flatnonzero(number < n), np.flatnonzero(number >= n)


LAST = {**STEPS, "initial_state": "last"}


@pytest.mark.parametrize(
    "params", [{}, {"target_delay": 2}, {"hidden_size": (3, 2)}, {"dtype": "float32"}],
    ids=["default", "delay", "layers", "float32"],
)  # fmt: skip
def test_predict_goes_on_where_training_ended(cls, params):
    codes = np.tile(np.arange(3), 10)
    lengths = (10, 10, 10)
    X = with_ids(long(noise(lengths), codes), codes)
    y = long(noise_step_targets(cls, lengths), codes)
    train, test = head_and_tail(codes, 6)
    model = cls(**{**LAST, **params}, sequence_id=0).fit(X[train], y[train])
    whole = copy.deepcopy(model).set_params(initial_state="zeros")
    np.testing.assert_array_equal(outputs(model, X[test]), outputs(whole, X)[test])
    np.testing.assert_array_equal(model.hidden_states(X[test]), whole.hidden_states(X)[test])
    assert not np.array_equal(outputs(model, X[test]), outputs(whole, X[test]))


@pytest.mark.usefixtures("engine")
@one_of_each
@pytest.mark.parametrize("n_train", [130, 256, 301])
def test_predict_goes_on_over_many_windows(cls, n_train):
    X, y = one_series(cls, n=400)
    model = cls(**LAST, k1=60).fit(X[:n_train], y[:n_train])
    whole = copy.deepcopy(model).set_params(initial_state="zeros")
    np.testing.assert_array_equal(outputs(model, X[n_train:]), outputs(whole, X)[n_train:])


@one_of_each
def test_an_unknown_series_starts_from_zeros(cls):
    X, y = table(cls)
    train = INTERLEAVED < 2
    model = cls(**LAST, sequence_id=0).fit(X[train], y[train])
    from_zeros = outputs(copy.deepcopy(model).set_params(initial_state="zeros"), X)
    differs = (outputs(model, X) != from_zeros).reshape(len(X), -1).any(axis=1)
    np.testing.assert_array_equal(differs, train)
    assert model.sequence_ids_.tolist() == NUMBERS[:2].tolist()


@one_of_each
def test_answers_change_nothing(cls):
    X, y = table(cls)
    model = cls(**LAST, sequence_id=0).fit(X, y)
    before, first = state(model), outputs(model, X)
    np.testing.assert_array_equal(outputs(model, X), first)
    model.hidden_states(X)
    model.score(X, y)
    assert state(model) == before


@one_of_each
def test_fit_starts_from_zeros(cls, assert_same_weights):
    X, y = table(cls)
    last = cls(**LAST, sequence_id=0).fit(X, y)
    zeros = cls(**STEPS, sequence_id=0).fit(X, y)
    assert_same_weights(last, zeros)
    np.testing.assert_equal(last.final_state_, zeros.final_state_)
    for _ in range(2):  # the second time from the weights that it has
        assert_same_weights(last.fit(X, y), zeros.fit(X, y))
        np.testing.assert_equal(last.final_state_, zeros.final_state_)
        last.set_params(warm_start=True), zeros.set_params(warm_start=True)


@one_of_each
def test_initial_state_may_be_changed_after_fit(cls):
    X, y = table(cls)
    model = cls(**STEPS, sequence_id=0).fit(X, y)
    last = cls(**LAST, sequence_id=0).fit(X, y)
    expected = outputs(last, X)
    np.testing.assert_array_equal(outputs(model.set_params(initial_state="last"), X), expected)


@one_of_each
def test_ids_of_another_type_that_are_equal_are_known(cls):
    """1 in an array of floats, 1 in a frame of integers."""
    codes = INTERLEAVED
    X, y = long(noise(LENGTHS), codes), long(noise_step_targets(cls, LENGTHS), codes)
    numbers = np.array([3.0, 1.0, 0.0, 2.0])
    model = cls(**LAST, sequence_id=0).fit(with_ids(X, codes, numbers), y)
    expected = outputs(model, with_ids(X, codes, numbers))
    integers = [[int(numbers[k]), *x] for k, x in zip(codes, X, strict=True)]
    np.testing.assert_array_equal(outputs(model, integers), expected)


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_moments_in_another_unit_are_known(unit):
    X, y = (
        long(noise(LENGTHS), INTERLEAVED),
        long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED),
    )
    days = np.array(["2020-02-01", "2020-01-01", "1969-05-05", "2020-01-03"], dtype="M8[D]")[INTERLEAVED]

    def polars_days(moments):
        return pl.DataFrame({"x0": X[:, 0], "id": pl.Series(moments), "x1": X[:, 1]})

    model = skrnn.GRURegressor(**LAST, sequence_id="id").fit(polars_days(days), y)
    expected = model.predict(polars_days(days))
    same = polars_days(days) if unit == "D" else frame(pd.Series(days).astype(f"M8[{unit}]"), X)
    np.testing.assert_array_equal(model.predict(same), expected)
    if unit == "ns":
        later = model.predict(frame(pd.Series(days).astype("M8[ns]") + pd.Timedelta(1, "ns"), X))
        np.testing.assert_array_equal(
            later, copy.deepcopy(model).set_params(initial_state="zeros").predict(same)
        )
    model.partial_fit(same, y)
    assert len(model.sequence_ids_) == 4


@one_of_each
def test_pickled_and_cloned(cls, assert_same_weights):
    X, y = table(cls)
    model = cls(**LAST, sequence_id=0).partial_fit(X, y, **classes(cls)).partial_fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(outputs(twin, X), outputs(model, X))
    np.testing.assert_equal(twin.final_state_, model.final_state_)
    assert_same_weights(twin.partial_fit(X, y), model.partial_fit(X, y))
    np.testing.assert_equal(twin.final_state_, model.final_state_)

    new = clone(model)
    assert not hasattr(new, "final_state_")
    assert not hasattr(new, "_fitted")
    assert new.initial_state == "last"
    with pytest.raises(NotFittedError):
        new.predict(X)


def classes(cls):
    return {"classes": [0, 1, 2]} if is_classifier(cls()) else {}


# --- partial_fit goes on -----------------------------------------------------------------------------

GO_ON = {
    **SMALL, "alpha": 1e-4, "rows": "steps", "initial_state": "last", "max_iter": 1, "shuffle": False,
    "k1": 4, "k2": 4,
}  # fmt: skip


def steady_targets(cls, n, seed=1):
    """Targets that have, in every 4 rows, the same mean and deviation: 0 and 1."""
    rng = np.random.RandomState(seed)
    if is_classifier(cls()):
        return rng.randint(3, size=n)
    return np.concatenate([rng.permutation([1.0, -1.0, 1.0, -1.0]) for _ in range(n // 4)])


@pytest.mark.parametrize("params", [{}, {"k2": 3}, {"hidden_size": (3, 2)}, {"solver": "sgd"}],
                         ids=["k2 = k1", "k2 < k1", "layers", "sgd"])  # fmt: skip
@pytest.mark.parametrize("size", [4, 12])
def test_parts_of_a_series_train_like_the_whole(cls, size, params, assert_same_weights):
    X, y = noise((48,))[0], steady_targets(cls, 48)
    parts = cls(**{**GO_ON, **params})
    for k in range(0, 48, size):
        parts.partial_fit(X[k : k + size], y[k : k + size], **classes(cls))
    whole = cls(**{**GO_ON, **params}).fit(X, y)
    assert parts.n_updates_ == whole.n_updates_ == 12
    assert_same_weights(parts, whole)


def parts_of(cls, n, T, cuts):
    """The rows between some steps of n series of T steps; interleaved or not."""
    items = noise((T,) * n)
    y_items = [steady_targets(cls, T, seed) for seed in range(n)]
    for k, (start, end) in enumerate(pairwise(cuts)):
        codes = np.repeat(np.arange(n), end - start)
        codes = np.random.RandomState(k).permutation(codes) if k else codes
        X = long([x[start:end] for x in items], codes)
        yield with_ids(X, codes), long([y[start:end] for y in y_items], codes)


def test_parts_of_several_series_train_like_the_whole(cls, assert_same_weights):
    """All series in every part, in any order; parts need not be of one size."""
    params = {**GO_ON, "sequence_id": 0}
    (whole_X, whole_y), *_ = parts_of(cls, 4, 24, (0, 24))
    whole, parts = cls(**params).fit(whole_X, whole_y), cls(**params)
    for X, y in parts_of(cls, 4, 24, (0, 4, 16, 24)):
        parts.partial_fit(X, y, **classes(cls))
    assert_same_weights(parts, whole)
    assert parts.sequence_ids_.tolist() == whole.sequence_ids_.tolist() == NUMBERS.tolist()


@one_of_each
def test_parts_train_like_the_whole_beside_a_series_of_weight_zero(cls, assert_same_weights):
    """One that has no targets yet, say."""
    params = {**GO_ON, "sequence_id": 0}
    (whole_X, whole_y), *_ = parts_of(cls, 3, 16, (0, 16))
    whole = cls(**params).fit(whole_X, whole_y, whole_X[:, 0] != NUMBERS[1])
    parts = cls(**params)
    for X, y in parts_of(cls, 3, 16, (0, 8, 16)):
        parts.partial_fit(X, y, sample_weight=X[:, 0] != NUMBERS[1], **classes(cls))
    assert_same_weights(parts, whole)


@pytest.mark.parametrize("k1", [None, 3])
def test_a_batch_without_weight_moves_on_its_states(cls, k1):
    """At weights that stand still: those after two parts are those after the whole."""
    params = {**GO_ON, **STILL, "sequence_id": 0, "batch_size": 1, "k1": k1, "k2": k1}
    (whole_X, whole_y), *_ = parts_of(cls, 3, 16, (0, 16))
    whole, parts = cls(**params).fit(whole_X, whole_y), cls(**params)
    for X, y in parts_of(cls, 3, 16, (0, 8, 16)):
        parts.partial_fit(X, y, sample_weight=X[:, 0] != NUMBERS[1], **classes(cls))
    # training and inference differ by round-off on NumPy
    np.testing.assert_allclose(parts._fitted.series.carried[1][0][0], tops(parts), rtol=1e-10)
    order = [whole.sequence_ids_.tolist().index(one) for one in parts.sequence_ids_]
    np.testing.assert_allclose(tops(parts), tops(whole)[order], rtol=1e-10)


@one_of_each
@pytest.mark.parametrize("shuffle", [False, True], ids=["in order", "shuffled"])
def test_parts_in_batches(cls, shuffle):
    """At weights that stand still: every series goes on from its own state, in whatever batch it was."""
    params = {**GO_ON, **STILL, "sequence_id": 0, "batch_size": 2, "shuffle": shuffle}
    (whole_X, whole_y), *_ = parts_of(cls, 4, 24, (0, 24))
    model = cls(**params)
    for X, y in parts_of(cls, 4, 24, (0, 8, 24)):
        model.partial_fit(X, y, **classes(cls))
    whole = cls(**params).fit(whole_X, whole_y)
    order = [whole.sequence_ids_.tolist().index(one) for one in model.sequence_ids_]
    np.testing.assert_array_equal(tops(model), tops(whole)[order])
    assert np.average(model.loss_curve_, weights=[1, 2]) == pytest.approx(whole.loss_, rel=1e-12)


def test_parts_without_last_start_from_zeros(cls):
    X, y = one_series(cls, n=16)
    params = {**GO_ON, **STILL, "initial_state": "zeros"}
    model = cls(**params).partial_fit(X[:8], y[:8], **classes(cls)).partial_fit(X[8:], y[8:])
    last = cls(**{**params, "initial_state": "last"})
    last.partial_fit(X[:8], y[:8], **classes(cls)).partial_fit(X[8:], y[8:])
    assert model.loss_curve_[0] == last.loss_curve_[0]
    assert model.loss_curve_[1] != last.loss_curve_[1]
    np.testing.assert_array_equal(tops(model)[0], model.hidden_states(X[8:])[-1])


@one_of_each
def test_states_are_updated_and_merged(cls):
    """At weights that stand still: the states after parts are those after the whole."""
    X, y = table(cls)
    parts = [np.arange(0, 7), np.arange(7, 12), np.arange(12, 24)]
    model = cls(**{**GO_ON, **STILL}, sequence_id=0)
    seen = []
    for rows in parts:
        model.partial_fit(X[rows], y[rows], **classes(cls))
        seen = list(dict.fromkeys([*seen, *X[rows, 0]]))
        assert model.sequence_ids_.tolist() == seen
        so_far = np.arange(rows[-1] + 1)
        assert_final_states_are_last(model, X[so_far], INTERLEAVED[so_far])
    assert len(seen) == 4


@one_of_each
def test_a_series_that_was_away_goes_on_and_new_ones_start_from_zeros(cls):
    """Part by part A B, B, A C, A: the loss of each part is that of the rows in the whole series."""
    codes = np.concatenate([np.repeat(part, 4) for part in ([0, 1], [1], [0, 2], [0])])
    lengths = np.bincount(codes)
    X = with_ids(long(noise(lengths), codes), codes)
    y = long(noise_step_targets(cls, lengths), codes)
    model = cls(**{**GO_ON, **STILL}, sequence_id=0)
    parts = np.split(np.arange(len(X)), [8, 12, 20])
    for rows in parts:
        model.partial_fit(X[rows], y[rows], **classes(cls))
    assert model.sequence_ids_.tolist() == NUMBERS[:3].tolist()
    whole = copy.deepcopy(model).set_params(initial_state="zeros")
    expected = [loss(whole, X, y, rows) for rows in parts]
    np.testing.assert_allclose(model.loss_curve_, expected, rtol=1e-12)


def loss(model, X, y, rows):
    """The mean loss of the answers to some rows of a table."""
    if is_classifier(model):
        p = model.predict_proba(X)[rows]
        return -np.log(p[np.arange(len(rows)), y[rows]]).mean()
    targets = targets_of(model)
    return 0.5 * (((y - model.predict(X))[rows] / targets.scale[0]) ** 2).mean()


@one_of_each
@pytest.mark.parametrize("between", [[], [1]], ids=["next part", "after a part of another series"])
def test_training_goes_on_from_the_state_that_training_left(cls, between):
    """Which was computed before the last update: as within one pass over the whole."""
    codes = np.repeat([0, *between, 0], 4)
    X = with_ids(long(noise(np.bincount(codes)), codes), codes)
    y = steady_targets(cls, len(X))
    *earlier, last = np.split(np.arange(len(X)), np.arange(4, len(X), 4))
    model = cls(**GO_ON, sequence_id=0)
    for rows in earlier:
        model.partial_fit(X[rows], y[rows], **classes(cls))
    by_hand = copy.deepcopy(model)
    model.partial_fit(X[last], y[last])

    initial = cls(**{**GO_ON, **STILL}, sequence_id=0).partial_fit(X[:4], y[:4], **classes(cls))
    assert not np.array_equal(tops(initial)[0], tops(by_hand)[0])
    by_hand.final_state_, by_hand.sequence_ids_ = initial.final_state_, initial.sequence_ids_
    expected = loss(by_hand, X[last], y[last], np.arange(4)) + penalty(by_hand)
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-12)


def penalty(model):
    """alpha / 2 |W|^2 for one series of weight 1."""
    matrices = [w for name, w in model.weights_.items() if ".W" in name and name != "readout.W"]
    matrices.append(views_of(model)["readout.W"])
    return model.alpha / 2 * sum(np.square(w).sum() for w in matrices)


@one_of_each
def test_partial_fit_after_fit_goes_on_from_the_final_state(cls):
    X, y = one_series(cls, n=24)
    model = cls(**{**GO_ON, **STILL}).fit(X[:12], y[:12])
    model.partial_fit(X[12:], y[12:])
    whole = copy.deepcopy(model).set_params(initial_state="zeros")
    assert model.loss_curve_[-1] == pytest.approx(loss(whole, X, y, np.arange(12, 24)), rel=1e-12)
    assert_final_states_are_last(model, X, np.zeros(24, dtype=int))


@one_of_each
def test_partial_fit_that_fails_leaves_the_states(cls):
    X, y = table(cls)
    model = cls(**GO_ON, sequence_id=0).partial_fit(X, y, **classes(cls))
    before = public(model)
    bad = X.copy()
    bad[3, 1] = np.nan
    assert_fails(lambda: model.partial_fit(bad, y), model, "contains NaN: row 3", ValueError)
    assert_same_attributes(public(model), before)


# --- early stopping ----------------------------------------------------------------------------------

EARLY = {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 4, "n_iter_no_change": 3}


def tails(codes, fraction=0.25):
    """The rows at the end of every series."""
    held_out = np.zeros(len(codes), dtype=bool)
    for k in range(codes.max() + 1):
        rows = np.flatnonzero(codes == k)
        n = min(max(1, round(fraction * len(rows))), len(rows) - 1)
        held_out[rows[len(rows) - n :]] = True
    return held_out


@pytest.mark.parametrize("delay", [0, 2])
def test_one_series_is_held_out_as_from_a_list_of_one(cls, delay, assert_same_weights):
    X, y = one_series(cls)
    params = {**EARLY, "target_delay": delay, "k1": 7}
    rows = cls(**{**STEPS, **params}).fit(X, y)
    one = cls(**{**SMALL, **params}, return_sequences=True).fit([X], [y])
    assert_same_weights(rows, one)
    assert rows.validation_loss_curve_ == one.validation_loss_curve_
    assert rows.validation_scores_ == one.validation_scores_


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize("weighted", [False, True], ids=["no weights", "weights"])
@one_of_each
def test_the_tail_of_every_series_is_held_out(cls, weighted, delay):
    """At weights that stand still, by hand: losses and score of rows entered with the carried state."""
    X, y = table(cls)
    held_out = tails(INTERLEAVED)
    weight = long(whole_weights(), INTERLEAVED) if weighted else np.ones(len(X))
    weight[held_out] += weighted
    model = cls(**{**STEPS, **EARLY, **STILL, "max_iter": 1}, sequence_id=0, target_delay=delay)
    model.fit(X, y, weight if weighted else None)
    for rows, found in (
        (~held_out, model.loss_curve_[0]), (held_out, model.validation_loss_curve_[0])
    ):  # fmt: skip
        losses = [loss(model, X, y, np.array([row])) for row in np.flatnonzero(rows)]
        assert found == pytest.approx(np.average(losses, weights=weight[rows]), rel=1e-12)
    score = accuracy_score if is_classifier(cls()) else r2_score
    expected = score(y[held_out], model.predict(X)[held_out], sample_weight=weight[held_out])
    assert model.validation_scores_ == [pytest.approx(expected, rel=1e-9)]


@one_of_each
def test_no_loss_of_the_tail_trains(cls, assert_same_weights):
    X, y = table(cls)
    held_out = tails(INTERLEAVED)
    params = {**STEPS, **EARLY, "max_iter": 1}
    y[INTERLEAVED == 2] = y[INTERLEAVED == 0][:3]
    other = y.copy()
    rows = np.flatnonzero(held_out)
    other[rows] = np.roll(y[rows], 1)  # the mean and the deviation of y stay
    assert not np.array_equal(other, y)
    model, changed = cls(**params, sequence_id=0).fit(X, y), cls(**params, sequence_id=0).fit(X, other)
    assert_same_weights(model, changed)
    assert model.validation_loss_curve_ != changed.validation_loss_curve_


@one_of_each
def test_shuffle_and_seed_hold_out_the_same(cls):
    X, y = table(cls)
    params = {**STEPS, **EARLY, **STILL, "max_iter": 1}
    curves = []
    for shuffle in (False, True):
        model = cls(**params, sequence_id=0, shuffle=shuffle).fit(X, y)
        curves.append(model.validation_loss_curve_)
    assert curves[0] == curves[1]


@one_of_each
def test_validation_data(cls, assert_same_weights):
    X, y = table(cls)
    train, test = head_and_tail(INTERLEAVED, 2)
    params = {**STEPS, **EARLY, "sequence_id": 0}
    model = cls(**params).fit(X[train], y[train], X_val=X[test], y_val=y[test])
    assert len(model.validation_scores_) == model.n_iter_
    assert model.sequence_ids_.tolist() == NUMBERS.tolist()
    assert_final_states_are_last(model, X[train], INTERLEAVED[train])
    one = cls(**{**params, **STILL, "max_iter": 1})
    one.fit(X[train], y[train], X_val=X[test], y_val=y[test])
    expected = loss(one, X[test], y[test], np.arange(len(test)))
    assert one.validation_loss_curve_ == [pytest.approx(expected, rel=1e-12)]


@one_of_each
def test_bad_validation_data(cls):
    X = frame(NUMBERS[INTERLEAVED], long(noise(LENGTHS), INTERLEAVED))
    y = long(noise_step_targets(cls, LENGTHS), INTERLEAVED)
    params = {"rows": "steps", "sequence_id": "id", "early_stopping": True}

    def check(X_val, match):
        assert_fit_raises(cls, X, y, match, fit={"X_val": X_val, "y_val": y}, **params)

    check(X.rename(columns={"id": "remainder__id"}), "feature names should match")
    check(X.drop(columns="x1"), "feature names should match")
    check(ids_frame(bad_id("float", np.nan)), "sequence_id in row 3 of X_val is missing")
    check(X.assign(x0=np.nan), "Input X_val contains NaN")


@pytest.mark.filterwarnings("ignore:sequence_id=0 gives every row")
@one_of_each
def test_series_too_short_to_hold_out_from(cls):
    """A series of one row has no tail; that nothing is held out at all is an error."""
    codes = np.arange(4)
    X = with_ids(long(noise((1,) * 4), codes), codes)
    assert_fit_raises(
        cls, X, np.arange(4) % 3, "too short to hold out validation_fraction", rows="steps",
        sequence_id=0, early_stopping=True,
    )  # fmt: skip


def test_ids_beside_numbers_in_an_array_of_strings():
    X = np.array([["a", 1.0], ["a", 2.0], ["b", 3.0]])
    with pytest.raises(ValueError, match="needs dtype=object, or a DataFrame"):
        skrnn.RNNRegressor(**STEPS, sequence_id=0).fit(X, [1.0, 2, 3])
    skrnn.RNNRegressor(**STEPS, sequence_id=0).fit(X.astype(object), [1.0, 2, 3])


# --- rows that were shuffled -------------------------------------------------------------------------

MISTAKEN = '.*rows="steps" reads each row as the time step after.*TimeSeriesSplit.*GroupKFold'
SHUFFLED = "index of X does not rise" + MISTAKEN


def indexed(index, codes=GROUPED):
    X = frame(NUMBERS[codes], long(noise(LENGTHS), codes))
    return X.set_axis(index, axis=0)


def fit_frame(X):
    return skrnn.GRURegressor(**STEPS, sequence_id="id").fit(X, np.arange(len(X)) / 10)


INDICES = {
    "range": range(24),
    "floats": np.linspace(0, 1, 24),
    "dates": pd.date_range("2020-01-01", periods=24),
    "restarts with every series": np.concatenate([np.arange(T) for T in LENGTHS]),
    "repeats": [3] * 24,
    "seconds of hours": np.arange(24) * 3600,
    "every third row": range(5, 77, 3),
    "one row twice": [0, 0, *range(1, 23)],
    "names": list("zyxwvutsrqponmlkjihgfedc"),
    "two levels": pd.MultiIndex.from_arrays([GROUPED, np.arange(24)]),
}
FALLING = {
    "range": np.arange(24)[::-1],
    "dates": pd.date_range("2020-01-01", periods=24)[::-1],
    "one pair": [0, 1, 3, 2, *range(4, 24)],
    "floats": np.linspace(0, 1, 24)[::-1],
    "two levels": pd.MultiIndex.from_arrays([GROUPED, np.arange(24)[::-1]]),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_that_rises_within_series(name):
    fit_frame(indexed(INDICES[name])).predict(indexed(INDICES[name]))


@pytest.mark.parametrize(
    "name", ["range", "repeats", "seconds of hours", "every third row", "one row twice"]
)
def test_an_index_that_rises_in_a_single_series(name):
    X = pd.DataFrame({"x0": np.arange(24.0)}, index=INDICES[name])
    skrnn.GRURegressor(**STEPS).fit(X, np.arange(24.0)).predict(X)


@pytest.mark.parametrize("name", FALLING)
def test_an_index_that_falls(name):
    X = indexed(FALLING[name])
    with pytest.warns(UserWarning, match=SHUFFLED) as caught:
        model = fit_frame(X)
    assert len([w for w in caught if "does not rise" in str(w.message)]) == 1
    with pytest.warns(UserWarning, match=SHUFFLED):
        model.predict(X)
    fit_frame(X.reset_index(drop=True))


def test_interleaved_frames_rise_within_series():
    X = indexed(range(24), INTERLEAVED)
    fit_frame(X)
    fit_frame(X.sort_values("id", kind="stable"))
    with pytest.warns(UserWarning, match=SHUFFLED):
        skrnn.GRURegressor(**STEPS).fit(X.sort_values("id", kind="stable")[["x0"]], np.arange(24.0))


def one_frame(n=60):
    X, y = one_series(skrnn.GRURegressor, n)
    return pd.DataFrame(X, columns=["a", "b"]), pd.Series(y)


def test_shuffled_split_of_a_frame():
    X, y = one_frame()
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    with pytest.warns(UserWarning, match=SHUFFLED):
        model = skrnn.GRURegressor(**STEPS).fit(X_train, y_train)
    with pytest.warns(UserWarning, match=SHUFFLED):
        model.predict(X_test)
    X_train, X_test, y_train, _ = train_test_split(X, y, shuffle=False)
    skrnn.GRURegressor(**STEPS).fit(X_train, y_train).predict(X_test)


def test_a_shuffled_k_fold_leaves_gaps():
    """It sorts the rows that it leaves."""
    X, y = one_frame()
    model, cv = skrnn.GRURegressor(**STEPS), KFold(5, shuffle=True, random_state=0)
    with pytest.warns(UserWarning, match="index of X jumps after .*% of the rows" + MISTAKEN):
        cross_val_score(model, X, y, cv=cv, error_score="raise")
    train = next(cv.split(X))[0]
    model.fit(X.iloc[train].reset_index(drop=True), y.iloc[train])
    model.fit(X.drop(index=[20, 40]), y.drop([20, 40]))  # a gap here and there
    model.fit(X.set_index(pd.bdate_range("2020-01-01", periods=60)), y)  # no weekends


@pytest.mark.parametrize(("n_gaps", "warns"), [(1, False), (2, False), (4, True), (6, True)])
def test_how_many_gaps_are_too_many(n_gaps, warns):
    """More than one in twenty, at distances that vary."""
    X, y = one_frame()
    gaps = [21, 5, 24, 45, 8, 56][:n_gaps]
    X, y = X.drop(index=gaps), y.drop(gaps)
    expects = pytest.warns(UserWarning, match="index of X jumps after") if warns else nullcontext()
    with expects:
        skrnn.GRURegressor(**STEPS).fit(X, y)


def test_series_that_are_left_out_leave_gaps():
    X = indexed(range(24), INTERLEAVED)
    fit_frame(X[X["id"] != X["id"].iloc[0]])


@pytest.mark.parametrize(
    "cv", [TimeSeriesSplit(3), KFold(3)], ids=["TimeSeriesSplit", "KFold without shuffling"]
)
def test_splits_in_order_of_time_say_nothing(cv):
    X, y = one_frame()
    scores = cross_val_score(skrnn.GRURegressor(**STEPS), X, y, cv=cv, error_score="raise")
    assert np.isfinite(scores).all()


# --- scikit-learn's tools ----------------------------------------------------------------------------


@one_of_each
@pytest.mark.parametrize("initial_state", ["zeros", "last"])
def test_time_series_split(cls, initial_state):
    X, y = one_series(cls, n=60)
    model = cls(**{**STEPS, "initial_state": initial_state})
    cv = TimeSeriesSplit(4)
    scores = cross_val_score(model, X, y, cv=cv, error_score="raise")
    score = accuracy_score if is_classifier(model) else r2_score
    for found, (train, test) in zip(scores, cv.split(X), strict=True):
        fitted = clone(model).fit(X[train], y[train])
        if initial_state == "last":  # the test block follows the training block
            answer = fitted.set_params(initial_state="zeros").predict(X[: test[-1] + 1])[test]
        else:
            answer = fitted.predict(X[test])
        assert found == score(y[test], answer)


def test_the_carried_state_is_what_the_next_block_needs():
    """y is a running sum that the state holds; it was not zero at the end of the training block."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 1))
    y = np.zeros(400)
    for t in range(1, 400):
        y[t] = 0.95 * y[t - 1] + X[t, 0]
    scores = {}
    for initial_state in ("zeros", "last"):
        model = skrnn.GRURegressor(
            8, rows="steps", initial_state=initial_state, k1=25, batch_size=1, max_iter=60,
            learning_rate_init=0.02, random_state=0,
        ).fit(X[:300], y[:300])  # fmt: skip
        scores[initial_state] = np.square(model.predict(X[300:])[:10] - y[300:310]).mean()
    assert scores["last"] < 0.5 * scores["zeros"]


@one_of_each
def test_group_k_fold(cls):
    X, y = table(cls)
    model, cv = cls(**STEPS, sequence_id=0), GroupKFold(4)
    scores = cross_val_score(model, X, y, groups=X[:, 0], cv=cv, error_score="raise")
    score = accuracy_score if is_classifier(model) else r2_score
    for found, (train, test) in zip(scores, cv.split(X, groups=X[:, 0]), strict=True):
        assert len(np.unique(X[test, 0])) == 1
        assert found == score(y[test], clone(model).fit(X[train], y[train]).predict(X[test]))


@one_of_each
@pytest.mark.parametrize("make", [np.asarray, frame], ids=["array", "frame"])
def test_cross_val_predict(cls, make):
    X, y = table(cls)
    if make is frame:
        X, sequence_id = frame(X[:, 0], X[:, 1:]), "id"
    else:
        sequence_id = 0
    groups = NUMBERS[INTERLEAVED]
    model = cls(**STEPS, sequence_id=sequence_id)
    answer = cross_val_predict(model, X, y, groups=groups, cv=GroupKFold(4))
    assert answer.shape == (len(y),)
    model.fit(X[groups != 7], y[groups != 7])
    np.testing.assert_array_equal(answer[groups == 7], model.predict(X[groups == 7]))


@one_of_each
def test_grid_search(cls):
    X, y = one_series(cls, n=60)
    grid = {"k1": [None, 5], "k2": [None, 10], "hidden_size": [2, (3, 2)]}
    search = GridSearchCV(
        cls(**{**STEPS, "initial_state": "last"}), grid, cv=TimeSeriesSplit(2), error_score="raise"
    ).fit(X, y)
    assert search.predict(X).shape == (60,)
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_grid_search_in_processes():
    X, y = table(skrnn.GRUClassifier)
    search = GridSearchCV(
        skrnn.GRUClassifier(**STEPS, sequence_id=0), {"k1": [2, 3]}, cv=GroupKFold(2), n_jobs=2,
        error_score="raise",
    )  # fmt: skip
    with joblib.parallel_config("threading"):
        parallel = clone(search).fit(X, y, groups=X[:, 0])
    alone = search.set_params(n_jobs=1).fit(X, y, groups=X[:, 0])
    np.testing.assert_array_equal(
        parallel.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_scaled_in_a_pipeline(assert_same_weights):
    X, y = one_series(skrnn.GRURegressor)
    X = X * 100 + 7
    pipe = make_pipeline(StandardScaler(), skrnn.GRURegressor(**STEPS)).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    expected = skrnn.GRURegressor(**STEPS).fit(scaled, y)
    assert_same_weights(pipe[-1], expected)
    np.testing.assert_array_equal(pipe.predict(X), expected.predict(scaled))


@pytest.mark.parametrize("kind", ["str", "Timestamp"])
def test_column_transformer_keeps_the_ids(kind, assert_same_weights):
    """Of strings too: only the other columns are scaled."""
    ids = np.array(IDS[kind], dtype=object)[INTERLEAVED]
    X, y = (
        long(noise(LENGTHS), INTERLEAVED),
        long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED),
    )
    columns = ColumnTransformer(
        [("scale", StandardScaler(), ["x0", "x1"])], remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")  # fmt: skip
    pipe = make_pipeline(columns, skrnn.GRURegressor(**STEPS, sequence_id="id"))
    pipe.fit(frame(ids, X), y)
    scaled = columns.transform(frame(ids, X))[["x0", "x1"]].to_numpy()
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(X))
    of_list = skrnn.GRURegressor(**SMALL, return_sequences=True).fit(
        split(scaled, INTERLEAVED), split(y, INTERLEAVED)
    )
    assert_same_weights(pipe[-1], of_list)
    scores = cross_val_score(
        pipe, frame(ids, X), y, groups=INTERLEAVED, cv=GroupKFold(4), error_score="raise"
    )
    assert np.isfinite(scores).all()


def test_a_column_transformer_that_renames_or_drops_the_ids():
    ids = np.array(IDS["str"], dtype=object)[INTERLEAVED]
    X, y = (
        frame(ids, long(noise(LENGTHS), INTERLEAVED)),
        long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED),
    )
    scale = [("scale", StandardScaler(), ["x0", "x1"])]
    model = skrnn.GRURegressor(**STEPS, sequence_id="id")
    renames = ColumnTransformer(scale, remainder="passthrough").set_output(transform="pandas")
    with pytest.raises(ValueError, match=rf"columns are .*'remainder__id'\..*{SCALED}"):
        make_pipeline(renames, model).fit(X, y)
    with pytest.raises(ValueError, match=rf"whose columns have none.*{SCALED}"):
        make_pipeline(ColumnTransformer(scale, remainder="passthrough"), model).fit(X, y)
    drops = ColumnTransformer(scale, verbose_feature_names_out=False).set_output(transform="pandas")
    with pytest.raises(ValueError, match=rf"columns are 'x0', 'x1'\..*{SCALED}"):
        make_pipeline(drops, model).fit(X, y)


def test_a_scaler_that_loses_the_names():
    """And it would have scaled the ids."""
    X = frame(NUMBERS[INTERLEAVED], long(noise(LENGTHS), INTERLEAVED))
    y = long(noise_step_targets(skrnn.GRURegressor, LENGTHS), INTERLEAVED)
    with pytest.raises(ValueError, match=rf"but X is an array, whose columns have none.*{SCALED}"):
        make_pipeline(StandardScaler(), skrnn.GRURegressor(**STEPS, sequence_id="id")).fit(X, y)


def test_selected_features_in_a_pipeline(assert_same_weights):
    X, y = one_series(skrnn.GRURegressor, F=6)
    X[:, [1, 4]] += y[:, None]
    pipe = make_pipeline(SelectKBest(f_regression, k=2), skrnn.GRURegressor(**STEPS))
    pipe.fit(X, y)
    assert_same_weights(pipe[-1], skrnn.GRURegressor(**STEPS).fit(X[:, [1, 4]], y))
    scores = cross_val_score(pipe, X, y, cv=TimeSeriesSplit(3), error_score="raise")
    assert np.isfinite(scores).all()


# --- scikit-learn's checks ---------------------------------------------------------------------------

CHECKED = [
    cls(rows="steps", hidden_size=8, max_iter=30, learning_rate_init=0.05)
    for cls in ONE_OF_EACH
]  # fmt: skip
WHY = "a row is a time step: what stands before it, and whether it is there, changes its answer"
EXPECTED = {
    "check_methods_sample_order_invariance": WHY,
    "check_methods_subset_invariance": WHY,
    "check_sample_weight_equivalence_on_dense_data": WHY,
}
STRICT = {"xfail_strict": True} if is_sklearn("1.8") else {}


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks(CHECKED, expected_failed_checks=lambda estimator: EXPECTED, **STRICT)
def test_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=lambda estimator: type(estimator).__name__)
def test_the_checks_that_are_expected_to_fail_are_run(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [check.func.__name__ for _, check in estimator_checks_generator(estimator)]
    assert set(EXPECTED) <= set(names)
    assert len(names) >= 50


def test_39_an_interruption_after_training_loses_nothing(monkeypatch):
    """The states in which series end are computed once more; whoever insists loses the fit."""
    X = np.random.RandomState(0).normal(size=(40, 2))
    params = {
        "rows": "steps",
        "hidden_size": 3,
        "max_iter": 2,
        "random_state": 0,
        "learning_rate": "constant",
    }
    model, expected = (skrnn.GRURegressor(**params) for _ in range(2))
    real, calls = series.ends, []

    def ends(*args, **kwargs):
        calls.append(args)
        if len(calls) <= n_interruptions:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(series, "ends", ends)
    n_interruptions = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, X[:, 0])
    with pytest.warns(ConvergenceWarning):
        expected.fit(X, X[:, 0])
    np.testing.assert_array_equal(model.final_state_, expected.final_state_)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    calls.clear()
    n_interruptions = 2
    with pytest.raises(KeyboardInterrupt), pytest.warns(ConvergenceWarning):
        model.set_params(max_iter=1).fit(X, X[:, 0])
    assert model.n_iter_ == 2
