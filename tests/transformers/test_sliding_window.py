"""SlidingWindow: against the same by hand, and in scikit-learn's tools."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    StandardScaler,
)

import skrnn
from skrnn import GRURegressor, SlidingWindow, TokenEncoder
from skrnn.inspection import permutation_importance

SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def windows_by_hand(X, length, ids=None):
    ids = np.zeros(len(X)) if ids is None else np.asarray(ids)
    answer = []
    for t in range(len(X)):
        rows = [s for s in range(t + 1) if ids[s] == ids[t]][-length:]
        rows = [rows[0]] * (length - len(rows)) + rows
        answer.append(X[rows])
    return np.array(answer)


def table(n=10, F=2, dtype=np.float64):
    return np.random.RandomState(0).normal(size=(n, F)).astype(dtype)


IDS = {
    "grouped": list("aaaabbbccc"),
    "interleaved": list("abcabcabca"),
    "one": list("aaaaaaaaaa"),
    "all different": list("abcdefghij"),
    "numbers": [5, 5, 1, 1, 5, 2, 2, 1, 5, 2],
    "tuples": [(1, 2), (3, 4)] * 5,
}


@pytest.mark.parametrize("length", [1, 2, 3, 10, 25])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64], ids=["float32", "float64", "int64"])
def test_windows_are_those_by_hand(length, dtype):
    X = table(dtype=dtype)
    windows = SlidingWindow(length).fit(X).transform(X)
    np.testing.assert_array_equal(windows, windows_by_hand(X, length))
    assert windows.dtype == dtype
    np.testing.assert_array_equal(SlidingWindow(length).fit_transform(X.tolist()), windows)


@pytest.mark.every_combination  # some are skipped
@pytest.mark.filterwarnings("ignore:sequence_id=.* gives every row of X a series of its own")
@pytest.mark.parametrize("length", [1, 2, 4, 25])
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("container", ["pandas", "polars", "pandas by position", "list"])
def test_windows_do_not_cross_series(length, kind, container):
    X, ids = table(), IDS[kind]
    expected = windows_by_hand(X, length, [sorted(set(ids)).index(i) for i in ids])
    if container == "polars":
        if kind == "tuples":
            pytest.skip("polars makes lists of tuples")
        frame, column = (
            pytest.importorskip("polars").DataFrame({"a": X[:, 0], "id": ids, "b": X[:, 1]}),
            "id",
        )
    elif container == "list":
        frame, column = [[i, *row] for i, row in zip(ids, X.tolist(), strict=True)], -3
    else:
        frame = pd.DataFrame({"a": X[:, 0], "id": ids, "b": X[:, 1]}, index=np.arange(5, 15))
        column = 1 if "position" in container else "id"
    model = SlidingWindow(length, sequence_id=column).fit(frame)
    windows = model.transform(frame)
    np.testing.assert_array_equal(windows, expected)
    assert windows.dtype == np.float64
    assert not windows.flags.writeable
    assert model.n_features_in_ == 3


@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=["float32", "int64"])
def test_ids_in_an_array(dtype):
    X = np.column_stack([IDS["numbers"], np.arange(10), np.arange(10) * 2]).astype(dtype)
    windows = SlidingWindow(3, sequence_id=0).fit_transform(X)
    np.testing.assert_array_equal(windows, windows_by_hand(X[:, 1:], 3, IDS["numbers"]))
    assert windows.dtype == dtype


def test_windows_are_a_view_of_one_copy():
    X = table()
    before = X.copy()
    windows = SlidingWindow(4).fit_transform(X)
    assert windows.base is not None
    assert not windows.flags.writeable
    assert not np.shares_memory(windows, X)
    extent = (np.array(windows.shape) - 1) @ np.abs(windows.strides) + windows.itemsize
    assert extent == (len(X) + 3) * X.shape[1] * X.itemsize  # the padded copy, not 4 times X
    with pytest.raises(ValueError, match="read-only"):
        windows[0] = 0
    np.testing.assert_array_equal(X, before)


@unconverged
@pytest.mark.parametrize("ids", [False, True], ids=["one series", "several"])
def test_windows_in_a_search_over_time(ids):
    """The windows of a test fold see nothing of the training fold."""
    X, y = pd.DataFrame(table(30)).add_prefix("x"), np.arange(30.0)
    if ids:
        X["id"] = ["a", "b", "c"] * 10
    scaler = ColumnTransformer(
        [("scale", StandardScaler(), ["x0", "x1"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    scaler.set_output(transform="pandas")
    windows = SlidingWindow(2, sequence_id="id" if ids else None)
    pipeline = Pipeline([("scale", scaler), ("windows", windows), ("rnn", skrnn.GRURegressor(**SMALL))])
    split = TimeSeriesSplit(3)
    search = GridSearchCV(pipeline, {"windows__length": [2, 3]}, cv=split, error_score="raise").fit(X, y)
    scores = []
    for train, test in split.split(X):
        fold = clone(scaler).fit(X.iloc[train])
        by_hand = skrnn.GRURegressor(**SMALL)
        for rows in (train, test):
            scaled = fold.transform(X.iloc[rows])
            codes = None if not ids else ["abc".index(i) for i in scaled.pop("id")]
            sequences = windows_by_hand(scaled.to_numpy(), 3, codes)
            if rows is train:
                by_hand.fit(sequences, y[rows])
        scores.append(by_hand.score(sequences, y[rows]))
    np.testing.assert_allclose([search.cv_results_[f"split{k}_test_score"][1] for k in range(3)], scores)


def test_windows_after_time_series_split_keep_the_number_of_rows():
    X = table()
    assert len(cross_val_score(make_pipeline(SlidingWindow(3), Flat()), X, np.arange(10) % 2, cv=2)) == 2


class Flat(ClassifierMixin, BaseEstimator):
    """A plain model of windows."""

    def fit(self, X, y):
        self.model_ = LogisticRegression().fit(X.reshape(len(X), -1), y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X.reshape(len(X), -1))


FRAME = pd.DataFrame({"a": [1.0, 2.0], "sid": ["u", "v"]})
BAD_TABLES = {
    "no such name": (
        FRAME,
        "id",
        ValueError,
        r"sequence_id='id' is not a column of X. Its columns are 'a', 'sid'\..*pandas",
    ),
    "part of a name": (FRAME, "si", ValueError, "sequence_id='si' is not a column"),
    "no names": (
        np.ones((2, 2)),
        "sid",
        ValueError,
        "the name of a column, but X is an array, whose columns have none",
    ),
    "two": (
        pd.DataFrame([[1, 2], [3, 4]], columns=["s", "s"]),
        "s",
        ValueError,
        "the name of several columns",
    ),
    "position": (FRAME, 2, ValueError, "sequence_id=2 is not a column of X, which has 2 columns"),
    "negative position": (FRAME, -3, ValueError, "sequence_id=-3 is not a column"),
    "nothing else": (FRAME[["sid"]], "sid", ValueError, r"0 feature\(s\) besides its sequence_id"),
    "NaN": (
        FRAME.assign(sid=["u", np.nan]),
        "sid",
        ValueError,
        r"sequence_id in row 1 of X is missing \(nan\)",
    ),
    "None": (
        FRAME.assign(sid=pd.Series([None, "u"], dtype=object)),
        "sid",
        ValueError,
        r"sequence_id in row 0 of X is missing \(None\)",
    ),
    "NA": (
        FRAME.assign(sid=pd.array([1, None], dtype="Int64")),
        "sid",
        ValueError,
        "sequence_id in row 1 of X is missing",
    ),
    "NaT": (
        FRAME.assign(sid=pd.to_datetime(["2020-01-01", None])),
        "sid",
        ValueError,
        "sequence_id in row 1 of X is missing",
    ),
    "no hash": (FRAME.assign(sid=[[1], [2]]), "sid", ValueError, "which cannot be hashed"),
    "strings": (FRAME, None, ValueError, "could not convert|cannot be read"),
    "1-D": (np.ones(3), 0, ValueError, r"^X is 1-D \(Expected 2D array, got 1D"),
    "3-D": (np.ones((3, 2, 2)), None, ValueError, "dim 3"),
    "sparse": (sparse.csr_array(np.ones((3, 2))), None, TypeError, "Sparse X"),
    "masked": (np.ma.masked_array(np.ones((3, 2))), None, TypeError, "masked"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_that_are_refused(case):
    X, column, error, message = BAD_TABLES[case]
    model = SlidingWindow(2, sequence_id=column)
    with pytest.raises(error, match=message):
        model.fit(X)
    assert not hasattr(model, "n_features_in_")


def test_nan_is_no_token():
    with pytest.raises(ValueError, match="NaN as a token"):
        TokenEncoder().fit([np.array([1.0, np.nan, np.nan])])


def test_an_id_lost_before_transform():
    model = SlidingWindow(2, sequence_id="sid").fit(FRAME)
    with pytest.raises(ValueError, match="sequence_id='sid' is not a column"):
        model.transform(FRAME.rename(columns={"sid": "remainder__sid"}))
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        model.transform(FRAME.assign(b=[1, 2]))
    with pytest.raises(ValueError, match="X has 3 features, but SlidingWindow is expecting 2 features"):
        SlidingWindow(2, sequence_id=0).fit(np.ones((4, 2))).transform(np.ones((4, 3)))


@pytest.mark.parametrize("length", [0, -1, 2.0, "3", None])
def test_length_is_a_positive_integer(length):
    with pytest.raises(ValueError, match="'length' parameter of SlidingWindow"):
        SlidingWindow(length).fit(table())


def test_missing_values_pass_windows():
    X = table()
    X[3, 0] = np.nan
    X[4, 0] = np.inf
    np.testing.assert_array_equal(SlidingWindow(2).fit_transform(X), windows_by_hand(X, 2))


# --- stride and sampling step -----------------------------------------------------------------------


@pytest.mark.parametrize("ids", [None, "grouped", "interleaved", "numbers"])
@pytest.mark.parametrize(("stride", "sampling_step"), [(1, 2), (2, 1), (3, 2), (20, 3)])
def test_stride_and_sampling_step(ids, stride, sampling_step):
    X, series = table(), np.zeros(10) if ids is None else np.array(IDS[ids])
    frame = pd.DataFrame(X)
    frame.columns = ["a", "b"]
    if ids is not None:
        frame["id"] = series
    window = SlidingWindow(
        3, sequence_id=None if ids is None else "id", stride=stride, sampling_step=sampling_step
    )
    found = window.fit_transform(frame)
    every = windows_by_hand(X, 2 * sampling_step + 1, series)[:, ::sampling_step]
    rows = [t for t in range(10) if (series[t + 1 :] == series[t]).sum() % stride == 0]
    assert window.window_rows(frame).tolist() == rows
    np.testing.assert_array_equal(found, every[rows])
    assert not found.flags.writeable


@pytest.mark.parametrize("parameter", ["stride", "sampling_step"])
def test_steps_are_positive_integers(parameter):
    for value in (0, 1.5, "2", None):
        with pytest.raises(ValueError, match=f"'{parameter}' parameter of SlidingWindow"):
            SlidingWindow(2, **{parameter: value}).fit(table())
        with pytest.raises(ValueError, match=f"'{parameter}' parameter of SlidingWindow"):
            SlidingWindow(2).set_params(**{parameter: value}).window_rows(table())


@unconverged
def test_forecasts_with_a_sampling_step():
    X = np.sin(np.arange(40.0))[:, None]
    window = SlidingWindow(3, sampling_step=2)
    model = make_pipeline(window, skrnn.GRURegressor(**SMALL)).fit(X[:-1], X[1:, 0])
    found = skrnn.forecast(model, X, 3)
    for what, call in (
        ("forecast", lambda: skrnn.forecast(model, X, 3)),
        ("permutation_importance", lambda: permutation_importance(model, X, X[:, 0], random_state=0)),
    ):
        model.set_params(slidingwindow__stride=2)
        with pytest.raises(
            ValueError, match=f"{what} needs a window for every row.*stride=2: set stride=1"
        ):
            call()
    model.set_params(slidingwindow__stride=1)
    for k in range(3):
        expected = model.predict(X)[-1]
        np.testing.assert_allclose(found[k], expected, rtol=1e-12)
        X = np.append(X, [[expected]], axis=0)


def test_targets_of_all_rows_where_there_are_fewer_windows():
    X, y = np.arange(10.0)[:, None], np.arange(10.0)
    window, model = SlidingWindow(3, stride=2), GRURegressor(2, max_iter=1, tol=None, random_state=0)
    with pytest.raises(
        ValueError, match=r"each of the 10 rows of X, but with stride=2 there are 5 windows"
    ):
        make_pipeline(window, model).fit(X, y)
    make_pipeline(window, model).fit(X, y[window.window_rows(X)])
    assert SlidingWindow(3, stride=2).fit(X[:1], y[:1]).transform(X[:1]).shape == (1, 3, 1)
