"""RollingOrigin: by time over all series, in any order of rows, and in scikit-learn's tools."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    check_cv,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

import skrnn
from skrnn.model_selection import RollingOrigin

TIMES = {
    "dates": pd.date_range("2024-02-25", periods=12),
    "time zone": pd.date_range("2024-10-27", periods=12, freq="h", tz="Europe/Berlin"),
    "months": pd.period_range("2023-11", periods=12, freq="M"),
    "numbers": np.arange(12) * 0.5,
    "irregular": np.arange(12) ** 2,
}
PLANS = [
    {"n_splits": 3, "horizon": 2}, {"n_splits": 3, "horizon": 2, "step": 1},
    {"n_splits": 2, "horizon": 3, "gap": 2}, {"n_splits": 3, "horizon": 1, "window": 4},
    {"n_splits": 1, "horizon": 4, "step": 9},
    {"n_splits": 2, "horizon": 1, "step": 3, "gap": 1, "window": 2},
]  # fmt: skip


def table(times, seed=None):
    """Three series that begin at other times."""
    parts = [
        pd.DataFrame({"shop": shop, "t": times[start:], "x": np.arange(start, 12.0)})
        for shop, start in zip("bca", (0, 3, 1), strict=True)
    ]
    X = pd.concat(parts, ignore_index=True)
    return X if seed is None else X.iloc[np.random.RandomState(seed).permutation(len(X))]


def by_hand(plan, X):
    """The times of training and test, from the end on; x is the number of the time."""
    step, horizon, gap = plan.get("step", plan["horizon"]), plan["horizon"], plan.get("gap", 0)
    splits = []
    for k in range(plan["n_splits"]):
        start = 12 - horizon - k * step
        first = start - gap - plan.get("window", 99)
        x = X["x"]
        splits.append(((x >= first) & (x < start - gap), (x >= start) & (x < start + horizon)))
    return splits[::-1]


@pytest.mark.parametrize("plan", PLANS, ids=str)
@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("seed", [None, 0])
def test_splits_are_those_by_hand(plan, kind, seed):
    X = table(TIMES[kind], seed)
    cv = RollingOrigin(**plan, time="t")
    found = list(cv.split(X))
    assert len(found) == cv.get_n_splits(X) == plan["n_splits"]
    for (train, test), (is_train, is_test) in zip(found, by_hand(plan, X), strict=True):
        for rows, expected in ((train, is_train), (test, is_test)):
            assert sorted(rows) == np.flatnonzero(expected).tolist()
            assert X["x"].iloc[rows].is_monotonic_increasing


def test_other_tables():
    X = table(TIMES["numbers"], 0)
    expected = list(RollingOrigin(2, horizon=2, time="t").split(X))
    array = X.assign(shop=X["shop"].map(ord)).to_numpy()
    frame = pytest.importorskip("polars").from_pandas(X)
    for other, time in ((array, 1), (frame, "t"), (X, 1)):
        for a, b in zip(RollingOrigin(2, horizon=2, time=time).split(other), expected, strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


def test_without_times_series_end_together():
    X = table(TIMES["dates"]).drop(columns="t")
    cv = RollingOrigin(2, horizon=2, sequence_id="shop")
    for (train, test), (is_train, is_test) in zip(
        cv.split(X), by_hand({"n_splits": 2, "horizon": 2}, X), strict=True
    ):
        assert sorted(train) == np.flatnonzero(is_train).tolist()
        assert sorted(test) == np.flatnonzero(is_test).tolist()
    one = np.zeros((9, 1))
    expected = list(TimeSeriesSplit(3, test_size=2).split(one))
    for a, b in zip(RollingOrigin(3, horizon=2).split(one), expected, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


def test_what_is_refused():
    X = table(TIMES["dates"])
    message = "X has 12 different times, but n_splits=5, horizon=3, step=3 and gap=0 need 16"
    with pytest.raises(ValueError, match=message):
        next(RollingOrigin(horizon=3, time="t").split(X))
    with pytest.raises(ValueError, match="or set time, the column"):
        next(RollingOrigin(horizon=3, sequence_id="shop").split(X))
    assert len(list(RollingOrigin(4, horizon=2, gap=3, time="t").split(X))) == 4
    with pytest.raises(ValueError, match="time='day' is not a column of X"):
        next(RollingOrigin(horizon=1, time="day").split(X))
    with pytest.raises(ValueError, match="missing in row 1"):
        next(RollingOrigin(horizon=1, time="t").split(X.assign(t=X["t"].where(X.index != 1))))
    for parameter in ("n_splits", "horizon", "step", "window"):
        for value in (0, 1.5, "x"):
            with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of RollingOrigin"):
                RollingOrigin(**{"horizon": 1, parameter: value})
    with pytest.raises(InvalidParameterError, match="'gap' parameter"):
        RollingOrigin(horizon=1, gap=-1)


@pytest.mark.parametrize("times", [True, False])
def test_series_that_begin_in_the_test_part_are_left_out(times):
    X = pd.DataFrame({"shop": list("aaaabbbbc"), "t": [1, 2, 3, 4, 1, 2, 3, 4, 4]})
    cv = {"horizon": 1, "time": "t" if times else None}
    splits = list(RollingOrigin(2, sequence_id="shop", **cv).split(X))
    assert [test.tolist() for _, test in splits] == [[2, 6], [3, 7]]
    if times:  # without ids nothing tells of series
        assert next(RollingOrigin(1, **cv).split(X))[1].tolist() == [3, 7, 8]
    late = X.assign(shop=list("aaabbbcdd"), t=[1, 2, 3, 1, 2, 3, 4, 5, 6])
    with pytest.raises(ValueError, match="no test rows of series that have training rows"):
        list(RollingOrigin(1, horizon=3, time="t", sequence_id="shop").split(late))


def test_it_says_what_it_is():
    cv = RollingOrigin(3, horizon=2, time="t")
    assert repr(cv) == "RollingOrigin(n_splits=3, horizon=2, gap=0, time='t')"
    assert check_cv(cv) is cv
    assert vars(clone(cv, safe=False)) == vars(cv)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("routing", [False, True])
def test_in_a_search_over_a_table_of_steps(routing):
    X = table(TIMES["dates"]).drop(columns="t").assign(n=lambda X: X["x"])
    y = X["x"].to_numpy() ** 0.5
    small = {"hidden_size": 2, "max_iter": 2, "rows": "steps", "initial_state": "last"}
    model = skrnn.GRURegressor(sequence_id="shop", random_state=0, **small)
    cv = RollingOrigin(2, horizon=2, time="n", sequence_id="shop")
    with config_context(enable_metadata_routing=routing):
        search = GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=cv, error_score="raise").fit(X, y)
    by_hand = [
        clone(model).set_params(alpha=1.0).fit(X.iloc[train], y[train]).score(X.iloc[test], y[test])
        for train, test in cv.split(X)
    ]
    found = [search.cv_results_[f"split{k}_test_score"][1] for k in range(2)]
    np.testing.assert_allclose(found, by_hand)


def test_rows_in_any_order_score_the_same():
    columns = ["t", "x"]
    cv = RollingOrigin(3, horizon=2, time="t")
    scores = []
    for seed in (None, 0, 1):
        X = table(TIMES["numbers"], seed)
        scores.append(cross_val_score(make_pipeline(Ridge()), X[columns], X["x"] ** 2, cv=cv))
    np.testing.assert_allclose(scores[1:], scores[:1] * 2, rtol=1e-9)
    with pytest.raises(ValueError, match="only works for partitions"):
        cross_val_predict(Ridge(), X[columns], X["x"], cv=cv)
