"""Cross-validation that cuts several series by the position of rows is warned at, and no other."""

import numpy as np
import pandas as pd
import polars
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
)
from sklearn.pipeline import make_pipeline

from skrnn import ConformalRegressor, GRUClassifier, GRURegressor, SlidingWindow
from skrnn.model_selection import RollingOrigin

N, SAID = 30, "Cross-validation cuts X by the position of rows"
QUICK = {"hidden_size": 2, "max_iter": 1, "tol": None, "random_state": 0}
x = np.random.RandomState(0).normal(size=3 * N)
SHOP = np.repeat([7.0, 5.0, 9.0], N)
X = np.column_stack([SHOP, x])
FRAME = pd.DataFrame({"shop": SHOP, "x": x})
BY_TIME = np.argsort(np.tile(np.arange(N), 3), kind="stable")


def steps(cls=GRURegressor, sequence_id=0, **options):
    return cls(rows="steps", sequence_id=sequence_id, **QUICK, **options)


# --- wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_splits", [2, 3, 5, 7])
@pytest.mark.parametrize("options", [{}, {"gap": 2}, {"max_train_size": 20}], ids=str)
def test_every_time_series_split_is_warned_at(n_splits, options):
    with pytest.warns(UserWarning, match=SAID) as record:
        cross_val_score(steps(), X, x, cv=TimeSeriesSplit(n_splits, **options))
    assert all(len(str(one.message)) <= 600 for one in record)
    assert "series 5.0" in str(record[0].message)


TABLES = {
    "array": (X, 0),
    "the id last": (X[:, ::-1].copy(), -1),
    "frame": (FRAME, "shop"),
    "text": (FRAME.astype({"shop": str}), "shop"),
    "polars": (polars.DataFrame({"shop": SHOP, "x": x}), "shop"),
    "dates that begin anew": (FRAME.assign(day=pd.to_datetime(np.tile(np.arange(N), 3))), "shop"),
    "index of dates": (FRAME.set_index(pd.to_datetime(np.tile(np.arange(N), 3))), "shop"),
}


@pytest.mark.parametrize("name", TABLES)
def test_in_every_kind_of_table(name):
    table, sequence_id = TABLES[name]
    model = steps(sequence_id=sequence_id)
    if "day" in getattr(table, "columns", ()):
        keeps = make_column_transformer(
            ("passthrough", ["x", "shop"]), verbose_feature_names_out=False
        ).set_output(transform="pandas")
        model = make_pipeline(keeps, model)
    with pytest.warns(UserWarning, match=SAID):
        cross_val_score(model, table, x, cv=TimeSeriesSplit(3))


def test_ids_that_a_transformer_has_moved_and_renamed():
    front = make_column_transformer(("passthrough", ["x", "shop"]))
    with pytest.warns(UserWarning, match=SAID):
        cross_val_score(make_pipeline(front, steps(sequence_id=1)), FRAME, x, cv=TimeSeriesSplit(3))


def search(model, cv, **options):
    GridSearchCV(model, {"alpha": [1e-4, 1e-3]}, cv=cv, **options).fit(X, x)


TOOLS = {
    "search": lambda cv: search(steps(), cv),
    "permutations": lambda cv: permutation_test_score(steps(), X, x, cv=cv, n_permutations=1),
    "classifier": lambda cv: cross_val_score(steps(GRUClassifier), X, x > 0, cv=cv),
    "last": lambda cv: cross_val_score(steps(initial_state="last"), X, x, cv=cv),
    "windows": lambda cv: cross_val_score(
        make_pipeline(SlidingWindow(3, sequence_id=0), GRURegressor(**QUICK)), X, x, cv=cv
    ),
    "ConformalRegressor": lambda cv: ConformalRegressor(steps(), levels=0.5, cv=cv).fit(X, x),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_in_every_tool(tool):
    with pytest.warns(UserWarning, match=SAID):
        TOOLS[tool](TimeSeriesSplit(3))


def test_once_in_a_search():
    with pytest.warns(UserWarning, match=SAID) as record:
        search(steps(), [(np.arange(30), np.arange(30, 60)), (np.arange(25), np.arange(25, 60))])
    assert len(record) == 1


def test_masks_and_cuts_within_a_series():
    train, test = np.arange(90) < 40, np.arange(90) >= 40  # to the end, but series 5 is cut
    with pytest.warns(UserWarning, match=r"it tests on series 9\.0"):
        cross_val_score(steps(), X, x, cv=[(train, test)])


# --- right: warnings are errors ---------------------------------------------------------------------

OF_SERIES = [
    GroupKFold(3),
    GroupKFold(2),
    LeaveOneGroupOut(),
    GroupShuffleSplit(5, random_state=0),
]


@pytest.mark.parametrize("cv", OF_SERIES, ids=str)
@pytest.mark.parametrize("state", ["zeros", "last"])
def test_series_that_were_not_seen(cv, state):
    cross_val_score(steps(initial_state=state), X, x, cv=cv, groups=SHOP)


@pytest.mark.parametrize("tool", TOOLS)
def test_splits_by_time(tool):
    TOOLS[tool](RollingOrigin(3, horizon=4, sequence_id=0))


def test_a_new_series_in_the_test_part():
    table = np.column_stack([np.repeat([0, 1], [30, 4]), np.r_[np.arange(30), np.arange(26, 30)]])
    y = np.arange(34.0)
    cross_val_score(steps(), table, y, cv=RollingOrigin(1, horizon=4, time=1))


def test_rows_in_the_order_of_time():
    cross_val_score(steps(), X[BY_TIME], x[BY_TIME], cv=TimeSeriesSplit(5))


@pytest.mark.parametrize("where", ["index", "column"])
def test_series_that_follow_each_other(where):
    days = pd.date_range("2024-01-01", periods=3 * N)
    model = steps(sequence_id="shop")
    if where == "index":
        cross_val_score(model, FRAME.set_index(days), x, cv=TimeSeriesSplit(5))
        return
    front = make_column_transformer(("passthrough", ["x", "shop"]), verbose_feature_names_out=False)
    model = make_pipeline(front.set_output(transform="pandas"), model)
    cross_val_score(model, FRAME.assign(day=days), x, cv=TimeSeriesSplit(5))


def test_one_series_and_other_tools():
    cross_val_score(GRURegressor(rows="steps", **QUICK), X[:, 1:], x, cv=TimeSeriesSplit(3))
    cross_val_score(steps(), X[:N], x[:N], cv=TimeSeriesSplit(3))
    sizes = {"train_sizes": [0.5, 0.7], "error_score": "raise"}
    learning_curve(steps(), X, x, cv=LeaveOneGroupOut(), groups=SHOP, **sizes)
    cross_val_predict(steps(), X, x, cv=GroupKFold(3), groups=SHOP)


def test_a_loop_of_ones_own_is_not_seen():
    for train, test in TimeSeriesSplit(3).split(X):
        clone(steps()).fit(X[train], x[train]).score(X[test], x[test])
