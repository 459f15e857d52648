"""Streams of pipelines: the answers of ``predict``, bit for bit, step by step."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenEncoder,
    stream,
)
from skrnn._transformers.pipeline_stream import PipelineStream
from skrnn.preprocessing import Differencer, FillForward

SMALL = {"hidden_size": 4, "max_iter": 2, "tol": None, "learning_rate": "constant", "random_state": 0}

SCALERS = {
    "standard": StandardScaler(),
    "no mean": StandardScaler(with_mean=False),
    "no deviation": StandardScaler(with_std=False),
    "minmax": MinMaxScaler((-1, 2)),
    "clipping": MinMaxScaler(clip=True),
    "maxabs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "no centre": RobustScaler(with_centering=False, unit_variance=True),
    "log": FunctionTransformer(np.abs),
    "checked log": FunctionTransformer(np.abs, validate=True),
    "nothing": FunctionTransformer(),
    "quantiles": QuantileTransformer(n_quantiles=20),  # has no twin
    "pca": PCA(2, random_state=0),
    "two": make_pipeline(StandardScaler(), "passthrough", MinMaxScaler()),
    "columns": make_column_transformer((StandardScaler(), [2, 0]), (MinMaxScaler(), slice(1, 2))),
    "passing": make_column_transformer((RobustScaler(), [-1]), remainder="passthrough"),
    "dropping": make_column_transformer((StandardScaler(), [True, False, True])),
    "in columns": make_column_transformer((make_pipeline(StandardScaler(), PCA(1)), [0, 1])),
}


def sequences(dtype=np.float64):
    rng = np.random.RandomState(0)
    X = (rng.normal(size=(30, 5, 3)) * [1, 10, 100] + 5).astype(dtype)
    return X, X[:, -1, 0].astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("scaler", SCALERS.values(), ids=SCALERS)
def test_answers_of_predict(scaler, dtype):
    X, y = sequences(dtype)
    model = make_pipeline(TimeDistributed(scaler), GRURegressor(**SMALL)).fit(X, y)
    several, alone = stream(model, 4), stream(model)
    assert isinstance(alone, PipelineStream)
    for t in range(5):
        answers, answer = several.step(X[:4, t]), alone.step(X[7, t])
    np.testing.assert_array_equal(answers, model.predict(X[:4]))
    assert answer == model.predict(X[7:8])[0]


def table(n=40):
    rng = np.random.RandomState(0)
    X = pd.DataFrame({
        "shop": np.repeat(["a", "b"], n // 2), "sales": rng.normal(size=n) * 100 + 20,
        "kind": np.tile(["x", "y"], n // 2), "n": np.arange(n) % 4,
        "single": np.float32(rng.normal(size=n)),
    })  # fmt: skip
    return X, X["sales"].to_numpy()


def columns(**options):
    return make_column_transformer(
        (StandardScaler(), ["sales", "single"]),
        (OneHotEncoder(sparse_output=False, **options), ["kind"]),
        (OrdinalEncoder(), ["n"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


@pytest.mark.parametrize(
    "options", [{}, {"handle_unknown": "ignore"}, {"drop": "first"}, {"min_frequency": 2}], ids=str
)
def test_a_table_with_ids_text_and_categories(options):
    X, y = table()
    params = {"rows": "steps", "sequence_id": "shop", "k1": 10}
    model = make_pipeline(columns(**options), GRURegressor(**params, **SMALL)).fit(X, y)
    expected = model.predict(X)
    one, two = stream(model), stream(model, 2)
    for i in range(20):
        assert one.step(X.iloc[[i]]) == expected[i]  # a frame
        pair = X.iloc[[i, 20 + i]]
        np.testing.assert_array_equal(two.step(pair), expected[[i, 20 + i]])
    one.reset()
    doubles = X.astype({"single": np.float64})
    again = [one.step(doubles.iloc[i].tolist()) for i in range(20)]  # a list
    np.testing.assert_array_equal(again, model.predict(doubles)[:20])
    one.reset()
    assert one.step(doubles.iloc[0]) == again[0]  # a row of a frame


def test_unknown_categories_are_what_transform_makes_of_them():
    X, y = table()
    params = {"rows": "steps", "sequence_id": "shop", "k1": 10}
    for options in ({"handle_unknown": "ignore"}, {}):
        model = make_pipeline(columns(**options), GRURegressor(**params, **SMALL)).fit(X, y)
        other = X.assign(kind="z")
        if options:
            assert stream(model).step(other.iloc[[0]]) == model.predict(other)[0]
            continue
        one = stream(model)
        before = one.step(X.iloc[[0]]), copy.deepcopy(one.state)
        with pytest.raises(ValueError, match="unknown categories"):
            one.step(other.iloc[[0]])
        np.testing.assert_array_equal(one.state[0], before[1][0])


def test_a_search_and_other_answers():
    X, y = sequences()
    pipe = make_pipeline(TimeDistributed(StandardScaler()), GRUClassifier(**SMALL))
    search = GridSearchCV(pipe, {"gruclassifier__hidden_size": [3, 4]}, cv=2).fit(X, y > 5)
    one = stream(search)
    for x in X[0]:
        p = one.step(x, "predict_proba")
    np.testing.assert_array_equal(p, search.predict_proba(X[:1])[0])
    assert one.step(X[0, 0], "hidden_states").shape == (
        search.best_params_["gruclassifier__hidden_size"],
    )


def test_an_estimator_alone_has_its_own_stream():
    X, y = sequences()
    model = LSTMRegressor(**SMALL).fit(X / 100, y)
    assert type(stream(model, 2)) is type(model.stream(2))


def test_states_and_pickles_and_snapshots():
    X, y = sequences()
    model = make_pipeline(TimeDistributed(StandardScaler()), LSTMRegressor(**SMALL)).fit(X, y)
    expected = model.predict(X[:1])[0]
    one = stream(model)
    for x in X[0, :3]:
        one.step(x)
    other = stream(model)
    other.state = one.state
    pickled, copied = pickle.loads(pickle.dumps(one)), copy.deepcopy(one)
    model.fit(X * 2 + 1, y)
    for again in (one, other, pickled, copied):
        for x in X[0, 3:]:
            answer = again.step(x)
        assert answer == expected


def test_learning_through_a_pipeline():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 2)) * [1, 50]
    y = X[:, 0]
    params = {"rows": "steps", "initial_state": "last", "gradient": "rtrl", **SMALL}
    model = make_pipeline(StandardScaler(), GRURegressor(**params)).fit(X, y)
    own = model[-1].stream()
    one = stream(model)
    for x, target in zip(X[:20], y[:20], strict=True):
        assert one.learn(x, target) == own.learn(model[0].transform(x[None])[0], target)
    with pytest.raises(ValueError, match="learn needs gradient"):
        stream(make_pipeline(StandardScaler(), GRURegressor(rows="steps", **SMALL)).fit(X, y)).learn(
            X[0], y[0]
        )


@pytest.mark.parametrize(
    ("x", "error", "match"),
    [
        (np.ones(2), ValueError, r"x has shape \(2,\), but \(3,\) or \(1, 3\) is expected"),
        (np.ones((2, 3)), ValueError, r"x has shape \(2, 3\)"),
        (1.0, ValueError, r"x has shape \(\)"),
        ([1.0, np.nan, 2.0], ValueError, "NaN"),
        ([1.0, "x", 2.0], ValueError, "could not convert"),
        ({"a": 1}, TypeError, "x is a dict"),
    ],
)
def test_what_cannot_be_read_changes_nothing(x, error, match):
    X, y = sequences()
    model = make_pipeline(TimeDistributed(StandardScaler()), GRURegressor(**SMALL)).fit(X, y)
    one = stream(model)
    one.step(X[0, 0])
    before = copy.deepcopy(one.state)
    with pytest.raises(error, match=match):
        one.step(x)
    np.testing.assert_array_equal(one.state[0], before[0])


def test_names_are_those_of_fit():
    X, y = table()
    params = {"rows": "steps", "sequence_id": "shop", "k1": 10}
    model = make_pipeline(columns(), GRURegressor(**params, **SMALL)).fit(X, y)
    with pytest.raises(ValueError, match="in another order"):
        stream(model).step(X.iloc[0][::-1])


def test_what_has_no_stream():
    X, y = sequences()
    series = X[0, :, :1].repeat(8, axis=0)
    for before in (SlidingWindow(2), Differencer(), FillForward()):
        model = make_pipeline(before, GRURegressor(**SMALL))
        has_windows = isinstance(before, SlidingWindow)
        model.fit(*((series, np.arange(40.0) / 40) if has_windows else (X / 100, y)))
        with pytest.raises(ValueError, match=f"stream and {type(before).__name__} do not go together"):
            stream(model)
    texts = ["ab", "ba"] * 5
    model = make_pipeline(TokenEncoder("char"), GRUClassifier(embedding_size=2, **SMALL))
    with pytest.raises(ValueError, match="TokenEncoder do not go together"):
        stream(model.fit(texts, [0, 1] * 5))
    rows = make_pipeline(StandardScaler(), GRURegressor(**SMALL)).fit(X[:, :, 0], y)
    with pytest.raises(ValueError, match="rows that are sequences"):
        stream(rows)
    with pytest.raises(TypeError, match="stream needs a fitted estimator of skrnn"):
        stream(make_pipeline(StandardScaler(), Ridge()).fit(X[:, 0], y))
    with pytest.raises(NotFittedError):
        stream(make_pipeline(StandardScaler(), GRURegressor(**SMALL)))


def test_columns_that_are_chosen_by_a_function():
    X, y = table()
    X = X.drop(columns=["shop", "kind"])
    chosen = make_column_transformer((StandardScaler(), make_column_selector(dtype_include=np.floating)))
    model = make_pipeline(chosen, GRURegressor(rows="steps", k1=10, **SMALL)).fit(X, y)
    one = stream(model)
    assert one.step(X.iloc[[0]]) == model.predict(X)[0]
