"""Every container that X and y may come in: read alike, answered in the form that belongs to it.

Memory layouts and dtypes of X are in ``test_bad_input.py``, rows 15, 16 and 20 to 22.
"""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import DataConversionWarning
from support.arrays import backwards, object_array, read_only
from support.estimators import outputs
from support.reference import POOLING_VARIANTS

import skrnn
from skrnn._engine.pooling import names_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, T, F = 6, 4, 3
SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}


def series(items):
    """A pandas Series whose index is not 0, 1, 2."""
    return pd.Series(list(items), index=range(len(items), 0, -1))


def columns(X):
    return [f"c{k}" for k in range(X.shape[1])]


# (n, T, F) array -> the same sequences in another container
CUBES = {"3-D array": lambda X: X}
LISTS = {
    "list": list,
    "tuple": tuple,
    "object array": lambda X: object_array(list(X)),
    "Series": lambda X: series(list(X)),
    "list of lists of lists": lambda X: X.tolist(),
    "list of DataFrames": lambda X: [pd.DataFrame(x) for x in X],
}
# (n, T F) array -> the same table in another container
TABLES = {
    "2-D array": lambda X: X,
    "list of lists": lambda X: X.tolist(),
    "list of 1-D arrays": list,
    "pandas": lambda X: pd.DataFrame(X, columns=columns(X), index=range(len(X), 0, -1)),
    "polars": lambda X: pl.DataFrame(X, schema=columns(X)),
}
SEQUENCES = CUBES | LISTS

LENGTHS = [3, 1, 5, 2, 4, 3]


def cube(seed=0, n=N, T=T, F=F):
    return np.random.RandomState(seed).normal(size=(n, T, F))


def ragged(seed=0, F=F):
    rng = np.random.RandomState(seed)
    return [rng.normal(size=(T, F)) for T in LENGTHS]


def one_target(cls, n=N):
    rng = np.random.RandomState(1)
    return np.arange(n) % 3 if is_classifier(cls()) else rng.normal(size=n)


def target_per_step(cls, lengths, K=None):
    """A list of (T_i,) or (T_i, K)."""
    rng = np.random.RandomState(2)
    shapes = [T if K is None else (T, K) for T in lengths]
    if is_classifier(cls()):
        return [rng.randint(3 if K is None else 2, size=shape) for shape in shapes]
    return [rng.normal(size=shape) for shape in shapes]


def assert_equal_answers(a, b):
    """Equal bit for bit; object arrays of arrays too."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y, strict=True)


# --- the containers say the same ---------------------------------------------------------------------


@pytest.mark.parametrize("container", LISTS)
def test_list_of_equal_lengths_is_the_3d_array(cls, container, assert_same_weights):
    X, y = cube(), one_target(cls)
    expected = cls(**SMALL).fit(X, y)
    model = cls(**SMALL).fit(LISTS[container](X), y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, LISTS[container](X)), outputs(expected, X))


@pytest.mark.parametrize("container", TABLES)
def test_step_features_is_a_reshape(cls, container, assert_same_weights):
    X, y = cube(), one_target(cls)
    expected = cls(**SMALL).fit(X, y)
    table = TABLES[container](X.reshape(N, T * F))
    model = cls(**SMALL, step_features=F).fit(table, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, table), outputs(expected, X))


def test_by_default_every_column_is_a_step(cls, assert_same_weights):
    X, y = cube(F=1), one_target(cls)
    assert_same_weights(cls(**SMALL).fit(X[:, :, 0], y), cls(**SMALL).fit(X, y))


@pytest.mark.parametrize("container", ["list", "object array", "Series", "list of lists"])
def test_unequal_1d_rows_are_sequences(cls, container, assert_same_weights):
    X, y = ragged(), one_target(cls)
    rows = [x.ravel() for x in X]
    if container == "list of lists":
        rows = [row.tolist() for row in rows]
    rows = {"object array": object_array, "Series": series}.get(container, list)(rows)
    model = cls(**SMALL, step_features=F).fit(rows, y)
    expected = cls(**SMALL).fit(X, y)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(outputs(model, rows), outputs(expected, X))


@pytest.mark.parametrize("params", [{}, {"bidirectional": True}, {"pooling": "mean"}], ids=str)
def test_unequal_lengths_do_not_disturb_each_other(cls, params):
    X = ragged()
    model = cls(**SMALL, **params).fit(X, one_target(cls))
    together = outputs(model, X)
    for i, x in enumerate(X):
        np.testing.assert_array_equal(outputs(model, [x])[0], together[i])
        np.testing.assert_array_equal(outputs(model, x[None])[0], together[i])


@pytest.mark.parametrize("params", [{}, {"bidirectional": True}, {"target_delay": 2}], ids=str)
def test_unequal_lengths_do_not_disturb_each_other_per_step(cls, params):
    X = ragged()
    model = cls(**SMALL, return_sequences=True, **params).fit(X, target_per_step(cls, LENGTHS))
    together = outputs(model, X)
    for i, x in enumerate(X):
        np.testing.assert_array_equal(outputs(model, [x])[0], together[i])
        np.testing.assert_array_equal(outputs(model, x[None])[0], together[i])


@pytest.mark.parametrize("params", [{}, {"target_delay": 3}, {"bidirectional": True}], ids=str)
def test_sequences_that_are_predicted_in_pieces(cls, params):
    """Long ones are; the answer does not show where they are cut, nor how many there are."""
    lengths = [1, 5, 127, 128, 129, 256, 257, 300]
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(length, F)) for length in lengths]
    model = cls(**SMALL, **params, return_sequences=True).fit(X, target_per_step(cls, lengths))
    together = outputs(model, X * 33)
    for i, x in enumerate(X):
        np.testing.assert_array_equal(together[i], together[i - len(X)])
        np.testing.assert_array_equal(together[i], outputs(model, [x])[0])
    if not params:  # the past does not know the future
        for a in (1, 127, 128, 129, 257):
            np.testing.assert_array_equal(outputs(model, [X[-1][:a]])[0], together[-1][:a])


@pytest.mark.parametrize("pooling", POOLING_VARIANTS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_pooling_of_sequences_that_are_predicted_in_pieces(regressor, pooling, bidirectional):
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(length, F)) for length in (1, 5, 127, 128, 129, 256, 257, 300)]
    model = regressor(**SMALL, pooling=pooling, bidirectional=bidirectional).fit(
        X, rng.normal(size=len(X))
    )
    final = {
        "last": lambda h: np.r_[h[-1, :3], h[0, 3:]],
        "mean": lambda h: h.mean(axis=0),
        "max": lambda h: h.max(axis=0),
    }
    pooled = np.array([
        np.concatenate([final[name](h) for name in names_of(pooling)]) for h in model.hidden_states(X)
    ])  # fmt: skip
    expected = pooled @ model.weights_["readout.W"] + model.weights_["readout.b"]
    np.testing.assert_allclose(model.predict(X), expected[:, 0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("fitted", "asked"), list(itertools.permutations(SEQUENCES, 2)))
def test_sequences_are_interchangeable_at_predict(fitted, asked):
    X = cube()
    y = np.array(target_per_step(skrnn.GRURegressor, [T] * N))
    model = skrnn.GRURegressor(**SMALL, return_sequences=True).fit(SEQUENCES[fitted](X), y)
    answer = model.predict(SEQUENCES[asked](X))
    expected = model.predict(X)
    assert_equal_answers(answer, expected if asked in CUBES else object_array(list(expected)))


@pytest.mark.parametrize(("fitted", "asked"), list(itertools.product(TABLES, repeat=2)))
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
def test_tables_are_interchangeable_at_predict(fitted, asked):
    X = cube().reshape(N, -1)
    model = skrnn.GRURegressor(**SMALL, step_features=F)
    model.fit(TABLES[fitted](X), one_target(skrnn.GRURegressor))
    np.testing.assert_array_equal(model.predict(TABLES[asked](X)), model.predict(TABLES[fitted](X)))


# --- dtype, and what is left alone -------------------------------------------------------------------


FORMS = {
    "3-D": (lambda X, change: change(X), {}),
    "2-D": (lambda X, change: change(X.reshape(len(X), -1)), {"step_features": F}),
    "list": (lambda X, change: [change(x) for x in X], {}),
}


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "float64", np.float64])
def test_dtype_is_what_is_asked_for_and_stays(cls, dtype):
    X, y = cube(), one_target(cls)
    for X_fit, X_predict in itertools.product((X, X.astype(np.float32)), repeat=2):
        model = cls(**SMALL, dtype=dtype).fit(X_fit, y)
        assert outputs(model, X_predict).dtype == np.dtype(dtype)
        assert outputs(model.partial_fit(X_predict, y), X_predict).dtype == np.dtype(dtype)


def test_dtype_is_fixed_by_the_first_fit(cls, assert_same_weights):
    X, y = cube().astype(np.float32), one_target(cls)
    classes = {"classes": [0, 1, 2]} if is_classifier(cls()) else {}
    model = cls(**SMALL).partial_fit(X, y, **classes).partial_fit(X.astype(float), y)
    assert model.weights_["readout.W"].dtype == np.float32
    assert_same_weights(model, cls(**SMALL).partial_fit(X, y, **classes).partial_fit(X, y))
    assert_equal_answers(outputs(model, X.astype(float)), outputs(model, X))


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_inputs_are_not_modified(cls, form, per_step):
    make, params = FORMS[form]
    X = make(cube(), read_only)  # writing to it would raise
    y, weight = one_target(cls), np.linspace(0, 1, N)
    if per_step:
        y, weight = np.array(target_per_step(cls, [T] * N)), np.linspace(0, 1, N * T).reshape(N, T)
    y, weight = read_only(y), read_only(weight)
    writeable = [np.array(a) for a in (X, y, weight)]
    model = cls(**SMALL, **params, return_sequences=per_step)
    model.fit(X, y, weight).partial_fit(X, y, sample_weight=weight)
    model.predict(X), model.hidden_states(X), model.score(X, y, weight)
    if form != "list":
        model.fit(*writeable).predict(writeable[0])
        for a, b in zip(writeable, (X, y, weight), strict=True):
            np.testing.assert_array_equal(a, b)


# --- what is learned of X ----------------------------------------------------------------------------


def test_n_features_in(cls):
    X, y = cube(), one_target(cls)
    table = X.reshape(N, -1)
    for data, params, columns, inputs in [
        (X, {}, F, F),
        (list(X), {}, F, F),
        (object_array(ragged()), {}, F, F),
        (table, {}, T * F, 1),
        (table, {"step_features": F}, T * F, F),
        (table.tolist(), {"step_features": 2}, T * F, 2),
        (pd.DataFrame(table), {"step_features": F}, T * F, F),
        ([x.ravel() for x in ragged()], {"step_features": F}, F, F),
        ([x.ravel() for x in ragged()], {}, 1, 1),
    ]:
        model = cls(**SMALL, **params).fit(data, y)
        assert (model.n_features_in_, model.n_step_features_) == (columns, inputs)


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_feature_names(cls, frame):
    X, y = cube().reshape(N, -1), one_target(cls)
    table = TABLES[frame](X)
    model = cls(**SMALL).fit(table, y)
    assert list(model.feature_names_in_) == columns(X)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table[columns(X)[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(table[columns(X)[::-1]], y)
    assert not hasattr(model.fit(X, y), "feature_names_in_")


@pytest.mark.parametrize("container", SEQUENCES)
def test_no_feature_names_of_sequences(container):
    model = skrnn.GRURegressor(**SMALL).fit(SEQUENCES[container](cube()), np.arange(N))
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("per_step", [False, True])
def test_T_may_differ_at_predict(cls, per_step):
    y = target_per_step(cls, [T] * N) if per_step else one_target(cls)
    model = cls(**SMALL, return_sequences=per_step).fit(cube(), y)
    for longer in (1, 2, 3 * T):
        X = cube(T=longer)
        for make in SEQUENCES.values():
            assert len(model.predict(make(X))) == N
            assert model.hidden_states(make(X))[0].shape == (longer, 3)
        if per_step:
            assert model.predict(X).shape == (N, longer)


def test_T_may_not_differ_at_predict_after_2d(cls):
    X = cube().reshape(N, -1)
    model = cls(**SMALL, step_features=F).fit(X, one_target(cls))
    with pytest.raises(ValueError, match=f"X has {T * F - F} features, but .* {T * F} features"):
        model.predict(X[:, F:])


WRONG_AFTER_2D = {
    "3-D array": cube(),
    "list": list(cube()),
    "object array": object_array(ragged()),
    "unequal rows": [x.ravel() for x in ragged()],
}
WRONG_AFTER_SEQUENCES = {
    "2-D array": cube().reshape(N, -1),
    "2-D array as wide as a step": np.zeros((N, F)),
    "DataFrame": pd.DataFrame(cube().reshape(N, -1)),
    "list of rows": cube().reshape(N, -1).tolist(),
}


@pytest.mark.parametrize("wrong", WRONG_AFTER_2D)
def test_sequences_after_2d_raise(cls, wrong):
    X, y = cube().reshape(N, -1), one_target(cls)
    model = cls(**SMALL, step_features=F).fit(X, y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        with pytest.raises(ValueError, match=r"fitted on 2-D X.*2-D array"):
            call(WRONG_AFTER_2D[wrong])


@pytest.mark.parametrize("wrong", WRONG_AFTER_SEQUENCES)
@pytest.mark.parametrize("fitted", ["3-D array", "list"])
def test_2d_after_sequences_raises(cls, fitted, wrong):
    y = one_target(cls)
    model = cls(**SMALL).fit(SEQUENCES[fitted](cube()), y)
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, y)):
        with pytest.raises(ValueError, match=r"fitted on sequences|features"):
            call(WRONG_AFTER_SEQUENCES[wrong])


def test_rows_of_equal_length_after_unequal_ones(cls):
    """1-D rows are sequences then, also when by chance their lengths agree."""
    X = ragged()
    model = cls(**SMALL, step_features=F).fit([x.ravel() for x in X], one_target(cls))
    equal = [X[0].ravel(), X[5].ravel()]
    assert len(equal[0]) == len(equal[1])
    np.testing.assert_array_equal(outputs(model, equal), outputs(model, X)[[0, 5]])
    with pytest.raises(ValueError, match="fitted on sequences"):
        model.predict(np.array(equal))


def test_step_features_after_the_fit_is_not_asked_again(cls):
    X, y = cube().reshape(N, -1), one_target(cls)
    model = cls(**SMALL, step_features=F).fit(X, y)
    expected = outputs(model, X)
    np.testing.assert_array_equal(outputs(model.set_params(step_features=1), X), expected)


# --- the shapes of answers ---------------------------------------------------------------------------

H = 3
ANSWERS = SEQUENCES | {name: (lambda X, m=make: m(X.reshape(N, -1))) for name, make in TABLES.items()}


def fit_small(cls, container, y, **params):
    if container in TABLES:
        params["step_features"] = F
    X = ANSWERS[container](cube())
    return cls(**{**SMALL, "hidden_size": H, **params}).fit(X, y), X


def assert_shape(answer, shape, container):
    """``shape`` (n, T, ...) of per-step answers; as a 1-D object array for lists."""
    if container in LISTS:
        assert answer.dtype == object
        assert answer.shape == shape[:1]
        assert [a.shape for a in answer] == [shape[1:]] * shape[0]
    else:
        assert answer.dtype != object
        assert answer.shape == shape


@pytest.mark.parametrize("container", ANSWERS)
@pytest.mark.parametrize("K", [None, 1, 2], ids=["y (n,)", "y (n, 1)", "y (n, 2)"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_shapes_of_a_regressor(container, K):
    y = cube()[:, 0, 0] if K is None else cube()[:, 0, :K]
    model, X = fit_small(skrnn.LSTMRegressor, container, y)
    assert model.predict(X).shape == ((N,) if K in (None, 1) else (N, K))
    assert model.n_outputs_ == (K or 1)
    assert_shape(model.hidden_states(X), (N, T, H), container)
    assert np.isscalar(model.score(X, y))


@pytest.mark.parametrize("container", ANSWERS)
@pytest.mark.parametrize("K", [None, 2], ids=["y (n, T)", "y (n, T, 2)"])
def test_shapes_of_a_regressor_per_step(container, K):
    y = cube()[:, :, 0] if K is None else cube()[:, :, :K]
    model, X = fit_small(skrnn.LSTMRegressor, container, y, return_sequences=True)
    assert_shape(model.predict(X), (N, T) if K is None else (N, T, K), container)
    assert model.n_outputs_ == (K or 1)
    assert_shape(model.hidden_states(X), (N, T, H), container)
    assert np.isscalar(model.score(X, y))


LABELS = {
    "binary": (lambda shape: np.arange(np.prod(shape)).reshape(shape) % 2, 1, 2),
    "multiclass": (lambda shape: np.arange(np.prod(shape)).reshape(shape) % 3, 3, 3),
    "single class": (lambda shape: np.zeros(shape, dtype=int), 1, 1),
    "multilabel": (lambda shape: np.arange(4 * np.prod(shape)).reshape(*shape, 4) // 3 % 2, 4, 4),
}


@pytest.mark.filterwarnings("ignore:y has 4 columns, and the sequences have 4 time steps")
@pytest.mark.parametrize("container", ANSWERS)
@pytest.mark.parametrize("labels", LABELS)
def test_shapes_of_a_classifier(container, labels):
    make, n_outputs, n_columns = LABELS[labels]
    y = make((N,))
    model, X = fit_small(skrnn.LSTMClassifier, container, y)
    assert model.predict(X).shape == y.shape
    assert model.predict_proba(X).shape == (N, n_columns)
    assert model.predict_log_proba(X).shape == (N, n_columns)
    assert model.n_outputs_ == n_outputs
    assert len(model.classes_) == n_columns
    assert_shape(model.hidden_states(X), (N, T, H), container)
    assert np.isscalar(model.score(X, y))


@pytest.mark.parametrize("container", ANSWERS)
@pytest.mark.parametrize("labels", LABELS)
def test_shapes_of_a_classifier_per_step(container, labels):
    make, n_outputs, n_columns = LABELS[labels]
    y = make((N, T))
    model, X = fit_small(skrnn.LSTMClassifier, container, y, return_sequences=True)
    assert_shape(model.predict(X), y.shape, container)
    assert_shape(model.predict_proba(X), (N, T, n_columns), container)
    assert_shape(model.predict_log_proba(X), (N, T, n_columns), container)
    assert model.n_outputs_ == n_outputs
    assert_shape(model.hidden_states(X), (N, T, H), container)
    assert np.isscalar(model.score(X, y))


def test_shapes_for_unequal_lengths(cls):
    X = ragged()
    per_step = cls(**SMALL, return_sequences=True)
    for K in (None, 2):
        per_step.fit(X, target_per_step(cls, LENGTHS, K))
        answer = per_step.predict(X)
        assert answer.dtype == object
        assert [a.shape for a in answer] == [(T,) if K is None else (T, K) for T in LENGTHS]
    assert cls(**SMALL).fit(X, one_target(cls)).predict(X).shape == (N,)


def test_shape_of_hidden_states(cls):
    X, y = cube(), one_target(cls)
    for params, width in [
        ({"hidden_size": (4, 2)}, 2),
        ({"hidden_size": 4, "bidirectional": True}, 8),
        ({"hidden_size": (2, 3), "bidirectional": True}, 6),
    ]:
        model = cls(**{**SMALL, **params}).fit(X, y)
        assert model.hidden_states(X).shape == (N, T, width)
        assert [h.shape for h in model.hidden_states(ragged())] == [(T, width) for T in LENGTHS]


def test_per_step_predictions_are_the_readout_of_hidden_states(cls):
    X = ragged()
    model = cls(**SMALL, return_sequences=True).fit(X, target_per_step(cls, LENGTHS))
    W, b = model.weights_["readout.W"], model.weights_["readout.b"]
    for h, answer in zip(model.hidden_states(X), outputs(model, X), strict=True):
        raw = h @ W + b
        if is_classifier(model):
            p = np.exp(raw)
            np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), answer, rtol=1e-10)
        else:
            np.testing.assert_allclose(raw[:, 0], answer, rtol=1e-10, atol=1e-12)


def test_the_last_hidden_state_is_what_one_target_is_read_from(regressor):
    X = ragged()
    model = regressor(**SMALL).fit(X, one_target(regressor))
    W, b = model.weights_["readout.W"], model.weights_["readout.b"]
    last = np.array([h[-1] for h in model.hidden_states(X)])
    np.testing.assert_allclose((last @ W + b)[:, 0], model.predict(X), rtol=1e-10, atol=1e-12)


def test_bidirectional_reads_the_final_state_of_each_direction(regressor):
    """The reverse one has read the first step last; its row at the last step has read one step only."""
    X = ragged()
    model = regressor(**SMALL, bidirectional=True).fit(X, one_target(regressor))
    W, b = model.weights_["readout.W"], model.weights_["readout.b"]
    final = np.array([np.r_[h[-1, :3], h[0, 3:]] for h in model.hidden_states(X)])
    np.testing.assert_allclose((final @ W + b)[:, 0], model.predict(X), rtol=1e-10, atol=1e-12)


# --- y ---------------------------------------------------------------------------------------------

PER_STEP = {
    "list of arrays": list,
    "tuple of arrays": tuple,
    "object array": lambda y: object_array(list(y)),
    "Series": lambda y: series(list(y)),
    "nested lists": lambda y: y.tolist(),
    "Fortran": np.asfortranarray,
    "read-only": read_only,
    "negative strides": backwards,
}


@pytest.mark.parametrize("form", PER_STEP)
@pytest.mark.parametrize("K", [None, 2])
def test_forms_of_y_per_step(cls, form, K, assert_same_weights):
    X, y = cube(), np.array(target_per_step(cls, [T] * N, K))
    params = {**SMALL, "return_sequences": True}
    model, expected = cls(**params).fit(X, PER_STEP[form](y)), cls(**params).fit(X, y)
    assert_same_weights(model, expected)
    assert model.predict(X).shape == y.shape
    assert model.score(X, PER_STEP[form](y)) == pytest.approx(expected.score(X, y), rel=1e-12)


def test_frame_as_y_per_step(cls, assert_same_weights):
    X, y = cube(), np.array(target_per_step(cls, [T] * N))
    params = {**SMALL, "return_sequences": True}
    expected = cls(**params).fit(X, y)
    for frame in (pd.DataFrame(y, index=range(N, 0, -1)), pl.DataFrame(y)):
        assert_same_weights(cls(**params).fit(X, frame), expected)


@pytest.mark.parametrize("container", LISTS)
def test_y_and_X_may_come_in_different_containers(container, assert_same_weights):
    X, y = cube(), np.array(target_per_step(skrnn.GRURegressor, [T] * N))
    params = {**SMALL, "return_sequences": True}
    expected = skrnn.GRURegressor(**params).fit(X, y)
    assert_same_weights(skrnn.GRURegressor(**params).fit(LISTS[container](X), y), expected)
    assert_same_weights(skrnn.GRURegressor(**params).fit(X, list(y)), expected)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", ">f8", "object"])
@pytest.mark.parametrize("per_step", [False, True])
def test_dtype_of_a_regressors_y(regressor, per_step, dtype, assert_same_weights):
    high, unit = {"bool": (2, 1), "float16": (200, 256)}.get(dtype, (200, 1))
    values = np.random.RandomState(0).randint(high, size=(N, T)) * unit
    values = values if per_step else values[:, 0]
    params = {**SMALL, "return_sequences": per_step}
    model = regressor(**params).fit(cube(), values.astype(dtype))
    assert_same_weights(model, regressor(**params).fit(cube(), values.astype(float)))
    assert model.predict(cube()).dtype == np.float64


def test_forms_of_one_target(cls, assert_same_weights):
    X, y = cube(), one_target(cls)
    expected = cls(**SMALL).fit(X, y)
    for form in (list, tuple, series, pl.Series, backwards, read_only):
        assert_same_weights(cls(**SMALL).fit(X, form(y)), expected)


def test_forms_of_several_targets(cls, assert_same_weights):
    X, y = cube(), np.array(target_per_step(cls, [2] * N))
    y = (y > 0).astype(int) if is_classifier(cls()) else y
    expected = cls(**SMALL).fit(X, y)
    for form in (np.ndarray.tolist, pd.DataFrame, pl.DataFrame, np.asfortranarray, backwards):
        assert_same_weights(cls(**SMALL).fit(X, form(y)), expected)


def test_column_vector_y_warns(cls, assert_same_weights):
    X, y = cube(), one_target(cls)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model = cls(**SMALL).fit(X, y[:, None])
    assert model.predict(X).shape == (N,)
    assert_same_weights(model, cls(**SMALL).fit(X, y))


def test_column_vector_y_per_step_warns(cls, assert_same_weights):
    X, y = cube(), np.array(target_per_step(cls, [T] * N))
    params = {**SMALL, "return_sequences": True}
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model = cls(**params).fit(X, y[:, :, None])
    assert model.predict(X).shape == (N, T)
    assert_same_weights(model, cls(**params).fit(X, y))


NAMES = {
    "str": np.array(["low", "middle", "very high"]),
    "str of two": np.array(["no", "yes"]),
    "object": np.array(["low", "middle", "very high"], dtype=object),
    "bool": np.array([False, True]),
    "negative": np.array([-7, -1, 40]),
    "float": np.array([1.0, 2.0]),
}


@pytest.mark.parametrize("labels", NAMES)
@pytest.mark.parametrize("per_step", [False, True])
def test_labels(classifier, labels, per_step, assert_same_weights):
    names = NAMES[labels]
    numbers = (np.arange(N * T).reshape(N, T) if per_step else np.arange(N)) % len(names)
    params = {**SMALL, "return_sequences": per_step}
    y = names[numbers]
    model = classifier(**params).fit(cube(), y)
    np.testing.assert_array_equal(model.classes_, names)
    expected = classifier(**params).fit(cube(), numbers)
    assert_same_weights(model, expected)
    predicted = model.predict(cube())
    np.testing.assert_array_equal(predicted, names[expected.predict(cube())])
    assert predicted.dtype == model.classes_.dtype
    assert model.score(cube(), y) == np.mean(predicted == y)


def test_labels_per_step_for_unequal_lengths(classifier):
    X = ragged()
    y = [np.where(label, "up", "no move") for label in target_per_step(classifier, LENGTHS)]
    model = classifier(**SMALL, return_sequences=True).fit(X, y)
    assert list(model.classes_) == ["no move", "up"]
    answer = model.predict(X)
    assert set(np.concatenate(list(answer))) <= {"no move", "up"}
    right = [a == b for a, b in zip(answer, y, strict=True)]
    assert model.score(X, y) == pytest.approx(np.concatenate(right).mean())


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("label", [3, "only", True])
def test_single_class(classifier, per_step, label):
    y = np.full((N, T) if per_step else N, label)
    model = classifier(**SMALL, return_sequences=per_step).fit(cube(), y)
    np.testing.assert_array_equal(model.classes_, [label])
    np.testing.assert_array_equal(model.predict(cube()), y)
    np.testing.assert_array_equal(model.predict_proba(cube()), np.ones((*y.shape, 1)))
    assert model.score(cube(), y) == 1


@pytest.mark.parametrize("dtype", [int, bool, float, np.uint8])
@pytest.mark.parametrize("per_step", [False, True])
def test_multilabel(classifier, per_step, dtype, assert_same_weights):
    y = np.random.RandomState(0).randint(2, size=(N, T, 3) if per_step else (N, 3))
    params = {**SMALL, "return_sequences": per_step}
    model = classifier(**params).fit(cube(), y.astype(dtype))
    assert_same_weights(model, classifier(**params).fit(cube(), y))
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    p = model.predict_proba(cube())
    np.testing.assert_array_equal(model.predict(cube()), p > 0.5)
    right = (model.predict(cube()) == y).all(axis=-1)
    assert model.score(cube(), y) == pytest.approx(right.mean())


def test_probabilities(classifier):
    for y in (np.arange(N) % 2, np.arange(N) % 3):
        model = classifier(**SMALL).fit(cube(), y)
        p = model.predict_proba(cube())
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(model.predict(cube()), model.classes_[p.argmax(axis=1)])
        np.testing.assert_allclose(np.exp(model.predict_log_proba(cube())), p, rtol=1e-12)
