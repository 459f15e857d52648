"""NaiveForecaster: by hand, in any order of rows, after more rows, and scikit-learn's checks."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import NaiveForecaster
from skrnn.model_selection import RollingOrigin

STRATEGIES = ["last", "seasonal", "drift"]
every = pytest.mark.parametrize("strategy", STRATEGIES)
TIMES = {
    "hours": pd.date_range("2024-10-26 20:00", periods=20, freq="h", tz="Europe/Berlin"),
    "months": pd.date_range("2024-01-31", periods=20, freq=pd.offsets.MonthEnd()),
    "numbers": np.arange(20) * 2 - 7,
}


def table(times, seed=0):
    """Two series, one of which begins later, in any order; and their values."""
    X = pd.concat(
        [pd.DataFrame({"shop": "b", "t": times}), pd.DataFrame({"shop": "a", "t": times[5:]})],
        ignore_index=True,
    )
    X["n"] = np.append(np.arange(20), np.arange(5, 20))
    X = X.iloc[np.random.RandomState(seed).permutation(len(X))].reset_index(drop=True)
    return X, np.random.RandomState(1).normal(size=len(X)) + 10 * (X["shop"] == "a")


def by_hand(strategy, past, h, season=4):
    if strategy == "last":
        return past[-1]
    if strategy == "drift":
        return past[-1] + h * (past[-1] - past[0]) / (len(past) - 1)
    while h > 0:
        h -= season
    return past[h - 1]


def forecasts(strategy, X, y, cutoff, rows):
    answer = []
    for row in rows:
        own = X[(X["shop"] == X["shop"][row]) & (X["n"] <= cutoff)].sort_values("n").index
        answer.append(by_hand(strategy, y[own].to_numpy(), X["n"][row] - cutoff))
    return answer


def as_kind(X, kind):
    return pytest.importorskip("polars").from_pandas(X) if kind == "polars" else X


@every
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_forecasts_are_those_by_hand(strategy, times, kind):
    X, y = table(TIMES[times])
    model = NaiveForecaster(strategy, 4, sequence_id="shop", time="t")
    past, later = np.flatnonzero(X["n"] <= 11), np.flatnonzero(X["n"] > 11)
    model.fit(as_kind(X.iloc[past], kind), y.iloc[past])
    found = model.predict(as_kind(X.iloc[later], kind))
    np.testing.assert_allclose(found, forecasts(strategy, X, y, 11, later))
    some = later[::3]
    np.testing.assert_array_equal(model.predict(as_kind(X.iloc[some], kind)), found[::3])


@every
def test_update(strategy):
    X, y = table(TIMES["hours"])
    model = NaiveForecaster(strategy, 4, sequence_id="shop", time="t")
    first, more = np.flatnonzero(X["n"] <= 7), np.flatnonzero((X["n"] > 7) & (X["n"] <= 12))
    later = np.flatnonzero(X["n"] > 12)
    model.fit(X.iloc[first], y.iloc[first]).update(X.iloc[more], y.iloc[more])
    np.testing.assert_allclose(model.predict(X.iloc[later]), forecasts(strategy, X, y, 12, later))
    one = clone(model).fit(X[(X["shop"] == "b") & (X["n"] <= 7)], y[(X["shop"] == "b") & (X["n"] <= 7)])
    with pytest.raises(ValueError, match="rows of series that were not there in fit: 'a'"):
        one.predict(X.iloc[later])
    late = X["n"].between(8, 12) | ((X["shop"] == "a") & (X["n"] <= 7))
    one.update(X[late], y[late])  # a series that is new
    np.testing.assert_allclose(one.predict(X.iloc[later]), forecasts(strategy, X, y, 12, later))
    assert one.sequence_ids_.tolist() == ["b", "a"]
    with pytest.raises(ValueError, match=r"of series 'b' do not begin right after.*but 2 steps after"):
        one.update(X[X["n"] == 14], y[X["n"] == 14])


@every
def test_without_times(strategy):
    y = np.random.RandomState(0).normal(size=20)
    model = NaiveForecaster(strategy, 4).fit(np.zeros((12, 1)), y[:12])
    expected = [by_hand(strategy, y[:12], h) for h in range(1, 9)]
    np.testing.assert_allclose(model.predict(np.zeros((8, 1))), expected)
    model.fit(np.zeros((7, 1)), y[:7]).update(np.zeros((5, 1)), y[7:12])
    np.testing.assert_allclose(model.predict(np.zeros((8, 1))), expected)
    array = np.column_stack([np.tile([1, 0], 6), np.zeros(12)])
    model = NaiveForecaster(strategy, 2, sequence_id=0).fit(array, y[:12])
    expected = [by_hand(strategy, y[0:12:2], 1, 2), by_hand(strategy, y[1:12:2], 1, 2)]
    np.testing.assert_allclose(model.predict(array[:2]), expected)


def test_series_that_are_forgotten():
    """The others go on; one that comes again begins anew."""
    X = pd.DataFrame({"who": list("aaabbb"), "t": [1, 2, 3, 1, 2, 3]})
    model = NaiveForecaster("drift", sequence_id="who", time="t").fit(X, [1.0, 2, 4, 30, 20, 10])
    assert model.forget_series(["a"]) is model
    assert model.sequence_ids_.tolist() == ["b"]
    model = pickle.loads(pickle.dumps(model)).update(X[:2], [5.0, 7.0])
    assert model.sequence_ids_.tolist() == ["b", "a"]
    asked = pd.DataFrame({"who": list("ba"), "t": [4, 3]})
    assert model.predict(asked).tolist() == [0, 9]
    with pytest.raises(ValueError, match="There is no series 'c'"):
        model.forget_series("c")
    assert model.forget_series(["a", "b"]).sequence_ids_.tolist() == []
    with pytest.raises(ValueError, match="not there in fit"):
        model.predict(asked)
    assert model.update(X[:2], [5.0, 7.0]).predict(asked[1:]).tolist() == [9]


def test_short_series():
    model = NaiveForecaster("seasonal", 5).fit(np.zeros((3, 1)), [1.0, 2, 3])
    assert model.predict(np.zeros((2, 1))).tolist() == [3, 3]
    assert NaiveForecaster("drift").fit(np.zeros((1, 1)), [2.0]).predict(np.zeros((2, 1))).tolist() == [
        2,
        2,
    ]


def test_in_a_search():
    X, y = table(TIMES["hours"])
    model = NaiveForecaster(season=4, sequence_id="shop", time="t")
    cv = RollingOrigin(2, horizon=3, time="t")
    search = GridSearchCV(model, {"strategy": STRATEGIES}, cv=cv, error_score="raise").fit(X, y)
    train, test = next(cv.split(X))
    score = clone(model).fit(X.iloc[train], y.iloc[train]).score(X.iloc[test], y.iloc[test])
    assert search.cv_results_["split0_test_score"][0] == score


def test_what_is_refused():
    X, y = table(TIMES["hours"])
    model = NaiveForecaster(sequence_id="shop", time="t")
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(ValueError, match="needs season, the number"):
        clone(model).set_params(strategy="seasonal").fit(X, y)
    with pytest.raises(ValueError, match=r"y has the shape \(3,\), but X has 35 rows"):
        model.fit(X, y[:3])
    with pytest.raises(ValueError, match="Input y contains NaN: row 2"):
        model.fit(X, y.where(y.index != 2))
    with pytest.raises(ValueError, match="has a gap of series"):
        model.fit(X[X["n"] != 9], y[X["n"] != 9])
    fitted = clone(model).fit(X, y)
    with pytest.raises(ValueError, match=r"Row 0 of X of series .* does not follow the rows of fit"):
        fitted.predict(X)
    for parameter in ("strategy", "season"):
        with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of NaiveForecaster"):
            NaiveForecaster(**{parameter: 0}).fit(X, y)


def test_pickles_and_page():
    X, y = table(TIMES["months"])
    model = NaiveForecaster(sequence_id="shop", time="t").fit(X[X["n"] < 15], y[X["n"] < 15])
    later = X[X["n"] >= 15]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(later), model.predict(later))
    assert "generated/skrnn.NaiveForecaster.html" in model._repr_html_()


ORDER = "the first row of a table is the first step that follows"
FAILURES = {
    "drift": {
        "check_methods_sample_order_invariance": ORDER,
        "check_methods_subset_invariance": ORDER,
    }
}


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks(
    [NaiveForecaster(), NaiveForecaster("drift"), NaiveForecaster("seasonal", 1)],
    expected_failed_checks=lambda e: FAILURES.get(e.strategy, {}),
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)
