"""``forecast`` is what predicting, appending the predictions and predicting again gives.

With kernels the bits are the same; on NumPy numbers differ in the last ones, because its functions treat
the last numbers of an array otherwise than the others.
"""

import copy
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from support.arrays import object_array
from support.inside import theta_of
from support.versions import polars_for_columns

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 4, "max_iter": 3, "learning_rate_init": 0.05, "random_state": 0}
STEPS = {**SMALL, "rows": "steps"}
SEQUENCES = {**SMALL, "return_sequences": True}
LENGTHS = (7, 150, 3)  # predict reads long sequences in windows
HORIZON = 5
NAMES = ["a", "b", "c"]


def assert_same(a, b, engine="kernels"):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if engine == "numpy":
        eps = np.finfo(a.dtype).eps
        np.testing.assert_allclose(a, b, rtol=1000 * eps, atol=1000 * eps)
        return
    np.testing.assert_array_equal(a, b)


def series(n_columns, lengths=LENGTHS, dtype=np.float64, seed=0):
    """Series that are no noise: a list of (T_i, n_columns)."""
    rng = np.random.RandomState(seed)
    phases = rng.uniform(6, size=(len(lengths), n_columns))
    items = [np.sin(np.arange(T)[:, None] / 2 + p) for T, p in zip(lengths, phases, strict=True)]
    return [(3 + 2 * x + 0.1 * rng.normal(size=x.shape)).astype(dtype) for x in items]


def future_of(n_columns, n=3, horizon=HORIZON, dtype=np.float64, seed=9):
    return np.random.RandomState(seed).normal(size=(n, horizon, n_columns)).astype(dtype)


# --- containers: from a list of (T_i, C) ---------------------------------------------------------------


def codes_of(lengths):
    """The series of every row of a table, interleaved at random, the first rows in order."""
    codes = np.repeat(np.arange(len(lengths)), np.array(lengths) - 1)
    return np.concatenate([np.arange(len(lengths)), np.random.RandomState(0).permutation(codes)])


def long(items, codes):
    flat = np.concatenate(items)
    rows = np.empty_like(flat)
    rows[np.argsort(codes, kind="stable")] = flat
    return rows


IDS = np.array([7, 2, 5])  # not sorted
ID_NAMES = np.array(["u", "t", "w"])


def table(items):
    codes = codes_of([len(x) for x in items])
    return np.insert(long(items, codes), 1, IDS[codes], axis=1)


def frame(items):
    codes = codes_of([len(x) for x in items])
    X = pd.DataFrame(long(items, codes), columns=NAMES[: items[0].shape[1]])
    return X.assign(id=ID_NAMES[codes])


def polars_frame(X):
    """Without pyarrow."""
    columns = {name: X[name].to_numpy() for name in X.columns}
    return pl.DataFrame({n: x.tolist() if x.dtype == object else x for n, x in columns.items()})


def frames(items):
    return [pd.DataFrame(x, columns=NAMES[: x.shape[1]]) for x in items]


class Container(NamedTuple):
    make: Callable
    parameters: dict
    lengths: tuple = LENGTHS
    has_ids: bool = False
    ids_at: int | None = None  # where the column of ids stands

    def split(self, flat_or_items, lengths):
        """Answers of predict -> a list of those of every series."""
        if not self.has_ids:
            is_flat = self.parameters.get("rows") == "steps"
            return [flat_or_items] if is_flat else list(flat_or_items)
        codes = codes_of(lengths)
        return [flat_or_items[codes == k] for k in range(len(lengths))]


CONTAINERS = {
    "one series": Container(lambda items: items[0], STEPS, (40,)),
    "one series, frame": Container(lambda items: frames(items)[0], STEPS, (40,)),
    "rows with ids": Container(table, {**STEPS, "sequence_id": 1}, has_ids=True, ids_at=1),
    "frame with ids": Container(frame, {**STEPS, "sequence_id": "id"}, has_ids=True),
    "polars with ids": Container(
        lambda items: polars_frame(frame(items)), {**STEPS, "sequence_id": "id"}, has_ids=True
    ),
    "rows of a list": Container(
        lambda items: table(items).tolist(), {**STEPS, "sequence_id": 1}, has_ids=True, ids_at=1
    ),
    "3-D": Container(np.stack, SEQUENCES, (6, 6)),
    "3-D of one": Container(np.stack, SEQUENCES, (6,)),
    "list": Container(list, SEQUENCES),
    "object array": Container(object_array, SEQUENCES),
    "list of frames": Container(frames, SEQUENCES),
}
each_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


def as_y(values, n_outputs):
    return values[:, 0] if n_outputs == 1 else values


def training_data(container, n_columns, feedback, dtype):
    """X, and y: the next values of the columns ``feedback``."""
    items = series(n_columns, [T + 1 for T in container.lengths], dtype, seed=5)
    X = [x[:-1] for x in items]
    y = [as_y(x[1:, feedback], len(feedback)) for x in items]
    if container.parameters.get("rows") == "steps":
        y = long(y, codes_of(container.lengths))
    elif len(set(container.lengths)) == 1:
        y = np.stack(y)
    else:
        y = object_array(y)
    return container.make(X), y


def by_hand(estimator, container, items, horizon, feedback, future):
    """The definition: predict, append, predict again; (n, horizon[, n_outputs])."""
    answers = []
    others = [k for k in range(items[0].shape[1]) if k not in feedback]
    for t in range(horizon):
        lengths = [len(x) for x in items]
        y = container.split(estimator.predict(container.make(items)), lengths)
        answers.append(np.stack([one[-1] for one in y]))
        rows = np.empty((len(items), items[0].shape[1]), dtype=items[0].dtype)
        rows[:, feedback] = answers[-1].reshape(len(items), -1)
        rows[:, others] = future[:, t]
        items = [np.vstack([x, row]) for x, row in zip(items, rows, strict=True)]
    return np.stack(answers, axis=1)


def positions(container, feedback):
    """Columns of a series as columns of X."""
    at = container.ids_at
    return [k + (at is not None and k >= at) for k in feedback]


def X_future_of(container, future):
    """(n, horizon, columns) as users give it, the series of a table interleaved step by step."""
    n, horizon, _ = future.shape
    if not container.has_ids:
        return future[0] if container.parameters.get("rows") == "steps" else future
    ids = np.tile([2, 0, 1], horizon)
    rows = future[ids, np.repeat(np.arange(horizon), n)]
    if container.ids_at is None:
        return pd.DataFrame(rows, columns=NAMES[-rows.shape[1] :]).assign(id=ID_NAMES[ids])
    # only the first column of X stands before the ids
    return np.insert(rows, min(container.ids_at, 0), IDS[ids], axis=1)


@cache
def fitted(name, cell="GRU", n_columns=2, feedback=(0, 1), dtype=np.float64, **parameters):
    container = CONTAINERS[name]
    model = getattr(skrnn, f"{cell}Regressor")(**{**container.parameters, **parameters})
    return model.fit(*training_data(container, n_columns, list(feedback), dtype))


# --- the definition -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_all_columns_are_fed_back(name, n_outputs, engine):
    container, feedback = CONTAINERS[name], list(range(n_outputs))
    model = fitted(name, n_columns=n_outputs, feedback=tuple(feedback))
    items = series(n_outputs, container.lengths)
    expected = by_hand(model, container, items, HORIZON, feedback, future_of(0, len(items)))
    expected = expected if len(items) > 1 else expected[0]
    assert_same(model.forecast(container.make(items), HORIZON), expected, engine)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, "float64") for name in CONTAINERS]
    + [(name, "float32") for name in CONTAINERS if name != "rows of a list"],  # of Python's floats
)
@pytest.mark.parametrize("feedback", [(0, 1), (1, 0)], ids=["in order", "swapped"])
def test_other_columns_are_given(name, dtype, feedback, engine):
    container, feedback = CONTAINERS[name], list(feedback)
    model = fitted(name, "LSTM", 3, tuple(feedback), dtype)
    items = series(3, container.lengths, dtype)
    future = future_of(1, len(items), dtype=dtype)
    expected = by_hand(model, container, items, HORIZON, feedback, future)
    y = model.forecast(
        container.make(items), HORIZON, X_future=X_future_of(container, future),
        feedback=positions(container, feedback),
    )  # fmt: skip
    assert_same(y, expected if len(items) > 1 else expected[0], engine)


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("hidden", [3, (4, 17)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("horizon", [1, 2, 200])
def test_cells(cell, hidden, horizon, engine):
    container = CONTAINERS["one series"]
    model = fitted("one series", cell, hidden_size=hidden)
    items = series(2, (20,))
    expected = by_hand(model, container, items, min(horizon, 20), [0, 1], future_of(0, 1, 20))[0]
    y = model.forecast(items[0], horizon)
    assert y.shape == (horizon, 2)
    if cell == "GRU" or engine == "kernels":  # errors of round-off grow from step to step
        assert_same(y[:20], expected, engine)


def test_many_series(engine):
    """More than a block of predictions holds."""
    lengths = tuple(1 + i % 4 for i in range(300))
    model, items = fitted("list"), series(2, lengths)
    y = model.forecast(items, 3)
    assert y.shape == (300, 3, 2)
    for i in (0, 2, 255, 299):
        assert_same(y[i], model.forecast([items[i]], 3), engine)


def test_whole_numbers():
    """A prediction is none."""
    X = np.random.RandomState(0).poisson(3, size=(60, 1))
    model = skrnn.GRURegressor(**STEPS).fit(X[:-1], X[1:, 0])
    y = model.forecast(X, 3)
    longer = np.concatenate([X, y[:2, None]])
    assert_same(y, [model.predict(X)[-1], *model.predict(longer)[-2:]])


def test_float32_model_of_float64_data():
    X = series(1, (40,))[0]
    model = skrnn.GRURegressor(**STEPS, dtype="float32").fit(X[:-1], X[1:, 0])
    y = model.forecast(X, 3)
    assert y.dtype == np.float32
    assert_same(y, [model.predict(X)[-1], *model.predict(np.concatenate([X, y[:2, None]]))[-2:]])


@pytest.mark.parametrize("step_features", [1, 2])
def test_tables_of_sequences(step_features, engine):
    """The columns of 2-D X are time steps: the longer X is one of a model fitted on 3-D X."""
    X = np.stack(series(step_features, (6,) * 5))
    y = X + 1 if step_features == 2 else X[..., 0] + 1
    of_table = skrnn.GRURegressor(**SEQUENCES, step_features=step_features).fit(X.reshape(5, -1), y)
    of_array = skrnn.GRURegressor(**SEQUENCES).fit(X, y)
    expected = of_array.forecast(X, 4)
    assert_same(of_table.forecast(X.reshape(5, -1), 4), expected, engine)
    assert_same(of_table.forecast(pd.DataFrame(X.reshape(5, -1)), 4), expected, engine)
    with pytest.raises(ValueError, match="through transformers"):
        skrnn.forecast(make_pipeline(FunctionTransformer(), of_table), X.reshape(5, -1), 4)


def test_rows_of_unequal_length(engine):
    items = series(2, (4, 6, 3))
    model = skrnn.GRURegressor(**SEQUENCES, step_features=2)
    model.fit([x.ravel() for x in items], object_array(items))
    expected = skrnn.GRURegressor(**SEQUENCES).fit(items, object_array(items)).forecast(items, 4)
    assert_same(model.forecast([x.ravel() for x in items], 4), expected, engine)


# --- where predictions start --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["one series", "rows with ids", "frame with ids", "polars with ids"])
@pytest.mark.parametrize("scaled", [False, True], ids=["model", "pipeline"])
def test_from_the_states_in_which_the_series_ended(name, scaled, engine):
    container = CONTAINERS[name]
    model = copy.deepcopy(fitted(name)).set_params(initial_state="last")
    items = series(2, container.lengths, seed=3)
    estimator = make_pipeline(FunctionTransformer(), model) if scaled else model
    expected = by_hand(estimator, container, items, HORIZON, [0, 1], future_of(0, len(items)))
    y = skrnn.forecast(estimator, container.make(items), HORIZON)
    assert_same(y, expected if len(items) > 1 else expected[0], engine)
    zeros = model.set_params(initial_state="zeros").forecast(container.make(items), HORIZON)
    assert not np.array_equal(y, zeros)


def test_nothing_changes():
    model = copy.deepcopy(fitted("frame with ids", n_columns=3)).set_params(initial_state="last")
    container = CONTAINERS["frame with ids"]
    X, future = container.make(series(3)), X_future_of(container, future_of(1))
    before, X_before, future_before = copy.deepcopy(vars(model)), X.copy(), future.copy()
    first = model.forecast(X, 3, X_future=future_of_3(future), feedback=["a", "b"])
    np.testing.assert_equal(vars(model).keys(), before.keys())
    for key, value in vars(model).items():
        if key != "_fitted":
            np.testing.assert_equal(value, before[key])
    np.testing.assert_array_equal(theta_of(model), before["_fitted"].model.theta)
    pd.testing.assert_frame_equal(X, X_before)
    pd.testing.assert_frame_equal(future, future_before)
    again = model.forecast(X, 3, X_future=future_of_3(future), feedback=["a", "b"])
    assert_same(first, again)


def future_of_3(future):
    return future.iloc[: 3 * len(IDS)]


def test_read_only_arrays(engine):
    model, X = fitted("3-D"), np.stack(series(2, (6, 6)))
    expected = model.forecast(X, 3)
    X.flags.writeable = False
    assert_same(model.forecast(X, 3), expected)


# --- pipelines ----------------------------------------------------------------------------------------


class Scale(TransformerMixin, BaseEstimator):
    """Counts the rows that it transforms."""

    def fit(self, X, y=None):
        self.n_rows_ = 0
        self.fitted_ = True
        return self

    def transform(self, X):
        self.n_rows_ += len(X)
        return X * 0.5


class Lag(TransformerMixin, BaseEstimator):
    """The row before beside each row."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.hstack([X, np.vstack([X[:1], X[:-1]])])


class MinusMean(Lag):
    """Minus the mean of all rows: it changes with every row to come."""

    def transform(self, X):
        return X - X.mean(axis=0)


class NeedsTwo(Lag):
    """Does not take a row alone."""

    def transform(self, X):
        if len(X) < 2:
            raise RuntimeError("too few rows")
        return super().transform(X)


class Raises(Lag):
    def transform(self, X):
        if X.max() > 100:
            raise RuntimeError("too large")
        return X


ON_ROWS = {
    "scaler": StandardScaler,
    "rows": Scale,
    "lag": Lag,
    "mean": MinusMean,
    "two": NeedsTwo,
    "nothing": lambda: "passthrough",
    "window": lambda: skrnn.SlidingWindow(4),
}


@pytest.mark.parametrize("which", ON_ROWS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_transformers_of_one_series(which, n_outputs, engine):
    items, feedback = series(3, (60,)), list(range(n_outputs))
    X, container = items[0], CONTAINERS["one series"]
    model = skrnn.GRURegressor(**(SMALL if which == "window" else STEPS))
    pipeline = Pipeline([("scale", StandardScaler()), ("step", ON_ROWS[which]()), ("model", model)])
    pipeline.fit(X[:-1], as_y(X[1:, feedback], n_outputs))
    future = future_of(3 - n_outputs, 1)
    expected = by_hand(pipeline, container, items, HORIZON, feedback, future)[0]
    y = skrnn.forecast(pipeline, X, HORIZON, X_future=future[0], feedback=feedback)
    assert_same(y, expected, engine)


def test_a_constant_series_does_not_hide_what_transformers_read():
    """All rows are alike, so that a lag cannot be told before the forecast moves."""
    X = series(1, (60,))[0]
    pipeline = make_pipeline(Lag(), skrnn.GRURegressor(**STEPS)).fit(X[:-1], X[1:, 0])
    still = np.full((10, 1), 3.0)
    expected = by_hand(pipeline, CONTAINERS["one series"], [still], 4, [0], future_of(0, 1))[0]
    assert_same(skrnn.forecast(pipeline, still, 4), expected)


class Lead(Lag):
    """The row after each row; the last one itself."""

    def transform(self, X):
        return np.vstack([X[1:], X[-1:]])


def test_a_new_row_changes_the_one_before():
    X = series(1, (60,))[0]
    pipeline = make_pipeline(Lead(), skrnn.GRURegressor(**STEPS)).fit(X[:-1], X[1:, 0])
    expected = by_hand(pipeline, CONTAINERS["one series"], [X], 2, [0], future_of(0, 1))[0]
    assert_same(skrnn.forecast(pipeline, X, 2), expected)


def test_rows_are_transformed_once_more_only():
    X = series(2, (400,))[0]
    pipeline = make_pipeline(Scale(), skrnn.GRURegressor(**STEPS)).fit(X[:-1], X[1:])
    pipeline[0].n_rows_ = 0
    skrnn.forecast(pipeline, X, 50)
    assert pipeline[0].n_rows_ == 400 + 49 + 449


def test_errors_of_transformers_are_raised():
    X = series(1, (60,))[0]
    pipeline = make_pipeline(Raises(), skrnn.GRURegressor(**STEPS)).fit(X[:-1], 1000 + X[1:, 0])
    with pytest.raises(RuntimeError, match="too large"):
        skrnn.forecast(pipeline, X, 3)


OF_SEQUENCES = ["3-D", "3-D of one", "list", "object array", "list of frames"]


@pytest.mark.parametrize(
    ("name", "transformer"),
    [(name, StandardScaler) for name in OF_SEQUENCES] + [(name, MinusMean) for name in OF_SEQUENCES[:4]],
)
def test_transformers_of_every_step(name, transformer, engine):
    container = CONTAINERS[name]
    pipeline = make_pipeline(skrnn.TimeDistributed(transformer()), skrnn.LSTMRegressor(**SEQUENCES))
    pipeline.fit(*training_data(container, 3, [0, 1], np.float64))
    items, future = series(3, container.lengths), future_of(1, len(container.lengths))
    expected = by_hand(pipeline, container, items, HORIZON, [0, 1], future)
    y = skrnn.forecast(pipeline, container.make(items), HORIZON, X_future=future, feedback=[0, 1])
    assert_same(y, expected if len(items) > 1 else expected[0], engine)


def scaled_columns(output):
    """Scales the features; the ids, from the last column, come first."""
    return ColumnTransformer(
        [("id", "passthrough", ["id"]), ("scale", StandardScaler(), ["b", "a", "c"])],
        verbose_feature_names_out=output == "renamed",
    ).set_output(transform="polars" if output == "polars" else "pandas")


@pytest.mark.parametrize(
    ("output", "sequence_id"),
    [("pandas", "id"), ("pandas", 0), ("polars", "id"), ("renamed", "id__id"), ("renamed", -4)],
)
@pytest.mark.parametrize("window", [False, True], ids=["steps", "windows"])
def test_ids_pass_through_transformers(output, sequence_id, window, engine):
    if output == "polars":
        polars_for_columns()
    name = "polars with ids" if output == "polars" else "frame with ids"
    container = CONTAINERS[name]
    last = [skrnn.GRURegressor(**STEPS, sequence_id=sequence_id)]
    if window:
        last = [skrnn.SlidingWindow(3, sequence_id=sequence_id), skrnn.GRURegressor(**SMALL)]
    pipeline = make_pipeline(scaled_columns(output), *last)
    pipeline.fit(*training_data(container, 3, [0], np.float64))
    items, future = series(3), future_of(2)
    expected = by_hand(pipeline, container, items, HORIZON, [0], future)
    y = skrnn.forecast(
        pipeline, container.make(items), HORIZON, X_future=X_future_of(container, future),
        feedback="a",
    )  # fmt: skip
    assert_same(y, expected, engine)


def test_the_last_column_may_be_called_minus_one():
    """Ids are no feature, from wherever their column is counted."""
    items = series(2)
    codes = codes_of([len(x) for x in items])
    X = np.column_stack([long(items, codes), IDS[codes]])
    first, last = (
        skrnn.forecast(skrnn.GRURegressor(**STEPS, sequence_id=k).fit(X, X[:, :2]), X, HORIZON)
        for k in (2, -1)
    )
    assert_same(first, last)


def test_ids_that_no_column_of_X_holds():
    container = CONTAINERS["frame with ids"]
    halves = FunctionTransformer(lambda X: X.assign(id=np.arange(len(X)) % 2))
    pipeline = make_pipeline(halves, skrnn.GRURegressor(**STEPS, sequence_id="id"))
    pipeline.fit(*training_data(container, 2, [0, 1], np.float64))
    with pytest.raises(ValueError, match="no column of X tells the series apart"):
        skrnn.forecast(pipeline, container.make(series(2)), 3)


@pytest.mark.parametrize("kind", ["pandas", "categories", "polars"])
def test_columns_that_are_no_numbers(kind, engine):
    """Days of the week for the future."""
    if kind == "polars":
        polars_for_columns()
    x, days = series(1, (70,))[0][:, 0], np.array(["mon", "tue", "wed", "thu", "fri"])

    def make(x, first=0):
        X = pd.DataFrame({"day": days[(first + np.arange(len(x))) % 5], "sales": x})
        if kind == "categories":
            return X.astype({"day": pd.CategoricalDtype(days)})
        return polars_frame(X) if kind == "polars" else X

    encode = ColumnTransformer(
        [("day", OneHotEncoder(sparse_output=False), ["day"])], remainder=StandardScaler()
    )
    pipeline = make_pipeline(encode, skrnn.GRURegressor(**STEPS)).fit(make(x[:-1]), x[1:])
    future = make(np.zeros(4), first=70)
    future = future.drop("sales") if kind == "polars" else future.drop(columns="sales")
    y = skrnn.forecast(pipeline, make(x), 4, X_future=future, feedback="sales")
    expected = []
    for _ in range(4):
        expected.append(pipeline.predict(make(x))[-1])
        x = np.append(x, expected[-1])
    assert_same(y, expected, engine)


def test_categories_given_as_text():
    days = np.array(["mon", "tue", "wed"])
    X = pd.DataFrame({"day": pd.Categorical(days[np.arange(61) % 3]), "a": series(1, (61,))[0][:, 0]})
    codes = FunctionTransformer(lambda X: X.assign(day=X["day"].cat.codes.astype(float)))
    pipeline = make_pipeline(codes, skrnn.GRURegressor(**STEPS)).fit(X[:-1], X["a"].to_numpy()[1:])
    future = pd.DataFrame({"day": days[[1, 2, 0, 1]]}, dtype=object)
    plain = codes.transform(X).to_numpy(), np.array([[1.0], [2.0], [0.0], [1.0]])
    y = skrnn.forecast(pipeline, X, 4, X_future=future, feedback="a")
    model = skrnn.GRURegressor(**STEPS).fit(plain[0][:-1], plain[0][1:, 1])
    assert_same(y, model.forecast(plain[0], 4, X_future=plain[1], feedback=1))


def test_frames_with_dates_as_index():
    X = pd.DataFrame(series(1, (60,))[0], columns=["a"], index=pd.date_range("2020", periods=60))
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), skrnn.GRURegressor(**STEPS))
    pipeline.fit(X[:-1], X["a"].to_numpy()[1:])
    plain = skrnn.forecast(pipeline, X.reset_index(drop=True), 4)
    assert_same(skrnn.forecast(pipeline, X, 4), plain)


def test_integer_columns_of_frames():
    """A prediction is no whole number, the column of X was."""
    x = np.random.RandomState(0).randint(5, size=40)
    for X in (pd.DataFrame({"a": x}), pl.DataFrame({"a": x}), pd.DataFrame({"a": x}, dtype="Int64")):
        model = skrnn.GRURegressor(**STEPS).fit(X, x)
        pipeline = make_pipeline(FunctionTransformer(), model)
        expected = model.forecast(x[:, None], 3) if isinstance(X, np.ndarray) else None
        y = skrnn.forecast(pipeline, X, 3)
        assert_same(y, model.forecast(X, 3))
        expected = skrnn.GRURegressor(**STEPS).fit(x[:, None], x).forecast(x[:, None], 3)
        assert_same(y, expected)


def test_around_the_model(engine):
    """Searches, targets in other units, pipelines in pipelines."""
    items = series(1, (80,))
    X, y = items[0][:-1], items[0][1:, 0]
    model = skrnn.GRURegressor(**STEPS)
    pipeline = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipeline, {"gruregressor__alpha": [0, 1]}, cv=TimeSeriesSplit(2))
    target = TransformedTargetRegressor(pipeline, func=np.log, inverse_func=np.exp)
    scaled = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    twice = TransformedTargetRegressor(scaled, func=np.log, inverse_func=np.exp)
    inside = make_pipeline(
        StandardScaler(), TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)
    )
    nested = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), model))
    for estimator in (search, target, inside, nested, scaled, twice):
        estimator.fit(X, y)
        expected = by_hand(estimator, CONTAINERS["one series"], items, 4, [0], future_of(0, 1))[0]
        assert_same(skrnn.forecast(estimator, items[0], 4), expected, engine)


def test_the_function_and_the_method_are_the_same(regressor):
    X = series(1, (30,))[0]
    model = regressor(**STEPS).fit(X[:-1], X[1:, 0])
    assert_same(skrnn.forecast(model, X, 3), model.forecast(X, 3))


def test_windows_of_a_bidirectional_network():
    """Each has one target, so that nothing is read ahead."""
    items = series(1, (50,))
    pipeline = make_pipeline(
        skrnn.SlidingWindow(4), skrnn.GRURegressor(**SMALL, bidirectional=True, pooling="mean")
    ).fit(items[0][:-1], items[0][1:, 0])
    expected = by_hand(pipeline, CONTAINERS["one series"], items, 4, [0], future_of(0, 1))[0]
    assert_same(skrnn.forecast(pipeline, items[0], 4), expected)


# --- what is learned ----------------------------------------------------------------------------------


def test_a_sine_goes_on():
    x = 20 + 5 * np.sin(np.arange(330) / 4)
    model = skrnn.GRURegressor(rows="steps", k1=30, max_iter=300, tol=1e-3, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(x[:299, None], x[1:300])
    y = skrnn.forecast(pipeline, x[:300, None], 30)
    assert np.abs(y - x[300:]).max() < 1


# --- forms of X_future and feedback -------------------------------------------------------------------


def forms_of_one(future):
    names = NAMES[1:]
    everything = np.insert(future, 0, np.nan, axis=1)
    return {
        "others": future,
        "list": future.tolist(),
        "all": everything,
        "frame": pd.DataFrame(future, columns=names),
        "frame, other order": pd.DataFrame(future, columns=names)[names[::-1]],
        "frame, more": pd.DataFrame(everything, columns=NAMES).assign(z="text"),
        "polars": pl.DataFrame(future, schema=names),
        "objects": future.astype(object),
    }


BY_NAME = ["frame, other order", "frame, more"]  # if X has names, too


@pytest.mark.parametrize("name", ["one series", "one series, frame", "3-D of one", "list of frames"])
@pytest.mark.parametrize("form", forms_of_one(np.zeros((1, 2))))
def test_forms_of_the_future_of_one_series(form, name):
    if form in BY_NAME and "frame" not in name:
        form = "frame"
    model = fitted(name, n_columns=3, feedback=(0,))
    container, future = CONTAINERS[name], future_of(2, 1)[0]
    X = container.make(series(3, (12,)))
    expected = model.forecast(X, HORIZON, X_future=future, feedback=0)
    given = forms_of_one(future)[form]
    assert_same(model.forecast(X, HORIZON, X_future=given, feedback=[-3]), expected)
    if name in ("3-D of one", "list of frames"):
        assert_same(model.forecast(X, HORIZON, X_future=[given], feedback=0), expected)


SEVERAL = {
    "array": lambda future: future,
    "list": list,
    "object array": lambda future: object_array(list(future)),
    "list of frames": lambda future: [pd.DataFrame(x, columns=NAMES[1:]) for x in future],
    "nested lists": lambda future: future.tolist(),
    "all": lambda future: np.insert(future, 0, np.nan, axis=2),
}


@pytest.mark.parametrize("form", SEVERAL)
@pytest.mark.parametrize("name", ["list", "list of frames"])
def test_forms_of_the_future_of_several_sequences(form, name):
    model, X = fitted(name, n_columns=3, feedback=(0,)), CONTAINERS[name].make(series(3))
    future = future_of(2)
    y = model.forecast(X, HORIZON, X_future=SEVERAL[form](future), feedback=[0])
    for i, one in enumerate(X):
        assert_same(y[i], model.forecast([one], HORIZON, X_future=future[i], feedback=0))


def test_forms_of_the_future_of_a_table():
    model, X = fitted("rows with ids", n_columns=3, feedback=(0,)), table(series(3))
    future = future_of(2)
    rows = future.transpose(1, 0, 2).reshape(-1, 2)
    others = np.insert(rows, 0, np.tile(IDS, HORIZON), axis=1)
    expected = model.forecast(X, HORIZON, X_future=others, feedback=0)
    by_series = others[np.argsort(others[:, 0], kind="stable")]
    everything = np.insert(others, 0, np.nan, axis=1)
    for given in (by_series, everything, others.tolist(), others.astype(object)):
        assert_same(model.forecast(X, HORIZON, X_future=given, feedback=0), expected)
    for i, one in enumerate(IDS):
        part = X[X[:, 1] == one]
        y = model.forecast(part, HORIZON, X_future=others[others[:, 0] == one], feedback=0)
        assert_same(y, expected[i])
        assert_same(model.forecast(part, HORIZON, X_future=future[i], feedback=0), y)


def test_the_future_of_one_series_of_a_frame_needs_no_ids():
    model, X = fitted("frame with ids", n_columns=3, feedback=(0,)), frame(series(3))
    X, future = X[X["id"] == "t"], X_future_of(CONTAINERS["frame with ids"], future_of(2))
    future = future[future["id"] == "t"]
    expected = model.forecast(X, HORIZON, X_future=future, feedback="a")
    y = model.forecast(X, HORIZON, X_future=future.drop(columns="id"), feedback="a")
    assert_same(y, expected)
    future = future.assign(id="u")
    with pytest.raises(ValueError, match="series 'u', which X does not hold"):
        model.forecast(X, HORIZON, X_future=future, feedback="a")


def test_memory_mapped(tmp_path):
    X = series(2, (50,))[0]
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same(fitted("one series").forecast(mapped, 3), fitted("one series").forecast(X, 3))


def test_numbers_given_as_objects():
    model, X = fitted("one series", n_columns=3, feedback=(0,)), series(3, (12,))[0]
    future = np.array([[1, 2.5], ["x", 2]], dtype=object)
    with pytest.raises(ValueError, match="Column 1 of X_future"):
        model.forecast(X, 2, X_future=future, feedback=0)


def test_strings_in_a_frame_where_numbers_are():
    model, X = fitted("one series", n_columns=3, feedback=(0,)), series(3, (12,))[0]
    X = pd.DataFrame(X, columns=NAMES)
    future = pd.DataFrame({"b": [1.0, 2.0], "c": ["x", "1"]})
    model.fit(X, X["a"])
    match = r"Column 'c' of X_future holds text \('x' in row 0\), which cannot be read as numbers. In"
    with pytest.raises(ValueError, match=match):
        model.forecast(X, 2, X_future=future, feedback="a")


def test_ids_of_any_kind():
    """In a list of rows an id may be a tuple."""
    rows = [[("u", 1), 0.5], [("t", 2), 1.5], [("u", 1), 1.0], [("t", 2), 2.0]]
    model = skrnn.GRURegressor(**STEPS, sequence_id=0).fit(rows, [1.0, 2.0, 1.5, 2.5])
    y = model.forecast(rows, 3)
    plain = [[i, x] for (_, i), x in rows]
    assert_same(y, model.forecast(plain, 3))


def test_names_and_positions_of_feedback():
    model, X = fitted("frame with ids", n_columns=2), frame(series(2))
    expected = model.forecast(X, 3)
    for feedback in (["a", "b"], [0, 1], [-3, 1], ("a", 1), np.array([0, 1]), pd.Index(["a", "b"])):
        assert_same(model.forecast(X, 3, feedback=feedback), expected)
    assert not np.array_equal(model.forecast(X, 3, feedback=["b", "a"]), expected)


# --- errors -------------------------------------------------------------------------------------------

BAD_CALLS = {
    "horizon 0": ({"horizon": 0}, "horizon must be an int >= 1, got 0"),
    "horizon float": ({"horizon": 2.0}, "horizon must be an int >= 1, got 2.0"),
    "horizon bool": ({"horizon": True}, "horizon must be an int >= 1, got True"),
    "no feedback": ({"feedback": None}, r"feedback is needed: the model predicts 1 .* 3 columns"),
    "unknown name": ({"feedback": "z"}, r"feedback: X has no column 'z'. Its columns are 'a'"),
    "unknown position": ({"feedback": 4}, "feedback: X has no column 4, only 4"),
    "bool": ({"feedback": [True]}, "feedback: X has no column True"),
    "float": ({"feedback": 1.5}, "feedback: X has no column 1.5"),
    "too many": ({"feedback": ["a", "b"]}, r"names 2 column\(s\), but the model predicts 1"),
    "none": ({"feedback": []}, r"names 0 column\(s\), but the model predicts 1"),
    "twice": ({"feedback": ["a", 0]}, "names a column twice"),
    "ids": ({"feedback": "id"}, "column 'id' of X holds the ids"),
    "no future": ({"X_future": None}, "X_future is needed: the columns 'b', 'c' of X"),
}


@pytest.mark.parametrize("bad", BAD_CALLS)
def test_calls_that_are_wrong(bad):
    model, X = fitted("frame with ids", n_columns=3, feedback=(0,)), frame(series(3))
    call = {"horizon": HORIZON, "feedback": "a"}
    call["X_future"] = X_future_of(CONTAINERS["frame with ids"], future_of(2))
    changes, message = BAD_CALLS[bad]
    with pytest.raises(ValueError, match=message):
        model.forecast(X, **{**call, **changes})


BAD_FUTURES = {
    "column": (lambda f: f.drop(columns="b"), "X_future has no column 'b'"),
    "ids": (lambda f: f.drop(columns="id"), "X_future has no column 'id'"),
    "unknown id": (lambda f: f.replace({"id": {"t": "z"}}), "series 'z', which X does not hold"),
    "missing id": (lambda f: f[f["id"] != "t"], "X_future has 0 rows for series 't'"),
    "rows": (lambda f: f[1:], "X_future has 4 rows for series 'w', but 5 are needed"),
    "more": (lambda f: pd.concat([f, f[:1]]), "X_future has 6 rows for series 'w', but 5 are"),
    "NaN": (
        lambda f: f.assign(c=np.where(np.arange(15) == 4, np.nan, f["c"])),
        r"X_future contains NaN \(column 'c', series 'u', step 1\)",
    ),
    "None": (
        lambda f: f.assign(c=[None if k == 4 else 1.0 for k in range(15)]).astype({"c": object}),
        r"X_future contains NaN \(column 'c', series 'u', step 1\)",
    ),
    "infinity": (lambda f: f.assign(b=np.inf), r"X_future contains infinity \(column 'b', series 'u'"),
    "width": (lambda f: f[["b", "c"]].to_numpy(), "X_future has 2 columns, but 3 are needed"),
    "3-D": (lambda f: np.zeros((3, 5, 2)), "X_future must be a table .* but is 3-D"),
    "masked": (lambda f: np.ma.masked_array(np.zeros((5, 2))), "masked"),
    "sparse": (lambda f: sparse.csr_array(np.zeros((5, 2))), "(?i)sparse"),
}


@pytest.mark.parametrize("bad", BAD_FUTURES)
def test_futures_of_tables_that_are_wrong(bad):
    model, X = fitted("frame with ids", n_columns=3, feedback=(0,)), frame(series(3))
    spoil, message = BAD_FUTURES[bad]
    X_future = spoil(X_future_of(CONTAINERS["frame with ids"], future_of(2)))
    with pytest.raises(TypeError if bad in ("masked", "sparse") else ValueError, match=message):
        model.forecast(X, HORIZON, X_future=X_future, feedback="a")


BAD_SEQUENCES = {
    "series": (lambda f: f[:2], "each of the 3 series"),
    "one": (lambda f: f[0], "each of the 3 series"),
    "rows": (lambda f: [f[0], f[1][1:], f[2]], r"shape \(4, 2\) for series 1, but 5 rows"),
    "columns": (lambda f: [f[0], f[1][:, 1:], f[2]], r"shape \(5, 1\) for series 1"),
    "width": (lambda f: f[..., :1], "X_future has 1 columns, but 2 are needed"),
    "NaN": (
        lambda f: np.where(f == f[1, 2, 1], np.nan, f),
        r"X_future contains NaN \(column 2, series 1, step 2\)",
    ),
    "1-D": (lambda f: f[0, 0], "each of the 3 series"),
}


@pytest.mark.parametrize("bad", BAD_SEQUENCES)
def test_futures_of_sequences_that_are_wrong(bad):
    model, (spoil, message) = fitted("list", n_columns=3, feedback=(0,)), BAD_SEQUENCES[bad]
    with pytest.raises(ValueError, match=message):
        model.forecast(series(3), HORIZON, X_future=spoil(future_of(2)), feedback=0)


def test_a_future_that_is_not_needed():
    with pytest.raises(ValueError, match="X_future was passed, but feedback fills all columns"):
        fitted("one series").forecast(series(2, (9,))[0], 3, X_future=np.zeros((3, 2)))


BAD_MODELS = {
    "one target": ({}, "one target per time step"),
    "bidirectional": ({"return_sequences": True, "bidirectional": True}, "bidirectional"),
    "delay": ({"return_sequences": True, "target_delay": 1}, "target_delay=1"),
}


@pytest.mark.parametrize("bad", BAD_MODELS)
def test_models_that_cannot_forecast(bad):
    parameters, message = BAD_MODELS[bad]
    X = np.stack(series(1, (6, 6)))
    y = X[:, :, 0] if parameters else X[:, 0, 0]
    model = skrnn.GRURegressor(**SMALL, **parameters).fit(X, y)
    for estimator in (model, make_pipeline(FunctionTransformer(), model)):
        with pytest.raises(ValueError, match=message):
            skrnn.forecast(estimator, X, 3)


def test_tokens_cannot_be_forecast():
    X = np.random.RandomState(0).randint(4, size=(5, 6))
    model = skrnn.GRURegressor(**SEQUENCES, embedding_size=2).fit(X, X.astype(float))
    with pytest.raises(ValueError, match="embedding_size"):
        model.forecast(X, 3)


def test_windows_with_a_target_for_each_of_their_steps():
    windows = np.zeros((20, 3, 1)) + np.arange(20)[:, None, None] / 20
    model = skrnn.GRURegressor(**SEQUENCES).fit(windows, windows[..., 0])
    pipeline = make_pipeline(skrnn.SlidingWindow(3).fit(np.zeros((20, 1))), model)
    with pytest.raises(ValueError, match="cannot continue a 2-D X"):
        skrnn.forecast(pipeline, np.zeros((20, 1)), 3)


@pytest.mark.parametrize(
    "estimator",
    [Ridge().fit([[0.0], [1.0]], [0, 1]), make_pipeline(Ridge()).fit([[0.0], [1.0]], [0, 1]), 3, None],
    ids=["Ridge", "Pipeline", "int", "None"],
)
def test_estimators_that_are_none_of_ours(estimator):
    with pytest.raises(TypeError, match="forecast needs a fitted regressor of skrnn"):
        skrnn.forecast(estimator, [[1.0]], 3)


def test_classifiers_do_not_forecast(classifier):
    assert not hasattr(classifier(), "forecast")
    with pytest.raises(TypeError, match="forecast needs a fitted regressor of skrnn"):
        skrnn.forecast(classifier(), [[1.0]], 3)


def test_not_fitted():
    model = skrnn.GRURegressor(**STEPS)
    search = GridSearchCV(make_pipeline(model), {})
    for estimator in (
        model,
        make_pipeline(StandardScaler(), model),
        search,
        TransformedTargetRegressor(model),
    ):
        with pytest.raises(NotFittedError):
            skrnn.forecast(estimator, [[1.0]], 3)


def test_X_that_is_wrong():
    model, X = fitted("one series"), series(2, (9,))[0]
    for bad, message in (
        (np.where(X == X[3, 1], np.nan, X), "NaN: row 3"),
        (X[:, :1], "1 features"),
        (X[None], "2-D X"),
        (X[:0], "0 sample"),
    ):
        with pytest.raises(ValueError, match=message):
            model.forecast(bad, 3)
    with pytest.raises(TypeError, match=r"(?i)sparse"):
        model.forecast(sparse.csr_array(X), 3)


def test_other_columns_than_in_fit():
    model, X = fitted("one series, frame"), frames(series(2, (9,)))[0]
    with pytest.raises(ValueError, match="feature names"):
        model.forecast(X.rename(columns={"a": "z"}), 3)


def test_predictions_that_grow_without_bound(engine):
    x = np.arange(40.0)[:, None]
    model = skrnn.RNNRegressor(1, rows="steps", activation="relu", max_iter=1, random_state=0)
    model.fit(x, x[:, 0])
    theta_of(model)[:] = 1e4
    with pytest.raises(ValueError, match=r"forecast of series 0 is not finite in step \d+") as caught:
        model.forecast(x, 400)
    step = int(re.search(r"step (\d+)", str(caught.value))[1])
    assert np.isfinite(model.forecast(x, step)).all()
    with pytest.raises(ValueError, match=f"not finite in step {step}"):  # that nothing reads any more
        model.forecast(x, step + 1)
