"""Backtests: as by hand, for any table, whatever runs in parallel, and going on without a new fit."""

import builtins

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import KFold, TimeSeriesSplit

import skrnn
from skrnn import NaiveForecaster
from skrnn.model_selection import RollingOrigin, backtest

HOURS = pd.date_range("2024-10-26 12:00", periods=60, freq="h", tz="Europe/Berlin")
NAMED = {"sequence_id": "shop", "time": "t"}
LEARNED = ["split", "cutoff", "step", "n_rows", "mae", "rmse", "mase", "smape"]


def table(seed=0):
    """Two series in any order, one of which begins later; the target of each row."""
    parts = [pd.DataFrame({"shop": shop, "t": HOURS[start:]}) for shop, start in (("b", 0), ("a", 10))]
    X = pd.concat(parts, ignore_index=True)
    X["n"] = np.concatenate([np.arange(60), np.arange(10, 60)])
    X = X.iloc[np.random.RandomState(seed).permutation(len(X))].reset_index(drop=True)
    noise = np.random.RandomState(1).normal(size=70)
    return X, noise[X["n"]] + np.sin(X["n"] * np.pi / 12) * np.where(X["shop"] == "a", 100, 1)


class Halves(NaiveForecaster):
    """Intervals of a constant width around the last value, and a count of what is fitted."""

    def __init__(self, strategy="last", season=None, *, sequence_id=None, time=None, levels=(0.5, 0.9)):
        super().__init__(strategy, season, sequence_id=sequence_id, time=time)
        self.levels = levels

    def predict_interval(self, X):
        width = np.array([1.0, 50.0])
        answer = self.predict(X)[:, None]
        return np.stack([answer - width, answer + width], axis=1)


def by_hand(model, X, y, cv, season):
    """The errors of every split and step."""
    rows = []
    for k, (train, test) in enumerate(cv.split(X)):
        fitted = clone(model).fit(X.iloc[train], y[train])
        found = pd.DataFrame({"n": X["n"].iloc[test], "shop": X["shop"].iloc[test]})
        found["error"] = (y[test] - fitted.predict(X.iloc[test])).abs()
        past = X.iloc[train].assign(y=y[train]).sort_values("n")
        scale = past.groupby("shop")["y"].apply(lambda one: one.diff(season).abs().mean())
        found["scaled"] = found["error"] / found["shop"].map(scale)
        cutoff = past["n"].max()
        for n, part in found.groupby("n"):
            rows.append(
                (k, HOURS[cutoff], n - cutoff, len(part), part["error"].mean(), part["scaled"].mean())
            )
    return pd.DataFrame(rows, columns=["split", "cutoff", "step", "n_rows", "mae", "mase"])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "cv", [RollingOrigin(2, horizon=4, time="t"), RollingOrigin(3, horizon=3, gap=2, window=30, time="t")]
)
def test_errors_are_those_by_hand(seed, cv):
    X, y = table(seed)
    found = backtest(NaiveForecaster("drift", **NAMED), X, y, cv=cv)
    assert list(found["model"].unique()) == ["NaiveForecaster", "last", "drift", "seasonal"]
    assert list(found.columns) == ["model", *LEARNED]
    models = {"NaiveForecaster": "drift", "last": "last", "drift": "drift", "seasonal": "seasonal"}
    for name, strategy in models.items():
        part = found[found["model"] == name].reset_index(drop=True)
        expected = by_hand(NaiveForecaster(strategy, 24, **NAMED), X, y, cv, 24)
        pd.testing.assert_frame_equal(part[expected.columns], expected, check_dtype=False)


def test_columns_come_from_the_forecaster_or_from_the_splitter():
    X, y = table()
    expected = backtest(NaiveForecaster(**NAMED), X, y, cv=RollingOrigin(2, horizon=3, **NAMED))
    for model, cv in (
        (NaiveForecaster(**NAMED), RollingOrigin(2, horizon=3)),
        (NaiveForecaster(**NAMED), RollingOrigin(2, horizon=3, time="t")),
    ):
        pd.testing.assert_frame_equal(backtest(model, X, y, cv=cv), expected)
        assert cv.sequence_id is None


def test_other_tables():
    X, y = table()
    cv = RollingOrigin(2, horizon=3)
    expected = backtest(NaiveForecaster(**NAMED), X, y, cv=cv)
    pl = pytest.importorskip("polars")
    found = backtest(NaiveForecaster(**NAMED), pl.from_pandas(X), pl.Series(y), cv=cv)
    assert isinstance(found, pl.DataFrame)
    assert found["cutoff"].dtype == pl.from_pandas(X)["t"].dtype
    pd.testing.assert_frame_equal(found.to_pandas(), expected, check_dtype=False)
    array = np.column_stack([X["shop"].map(ord), X["n"]])
    model = NaiveForecaster(sequence_id=0, time=1)
    found = backtest(model, array, y.to_numpy(), cv=cv, season=24)
    columns = ["model", "split", "step", "n_rows", "mae", "rmse", "mase", "smape"]
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    assert sorted(found["cutoff"].unique()) == [53, 56]


def test_without_times():
    y = np.random.RandomState(0).normal(size=20)
    found = backtest(NaiveForecaster(), np.zeros((20, 1)), y, cv=RollingOrigin(2, horizon=2))
    assert list(found["model"].unique()) == ["NaiveForecaster", "last", "drift"]
    assert found["cutoff"].unique().tolist() == [15, 17]
    assert found["step"].tolist() == [1, 2] * 6
    expected = backtest(NaiveForecaster(), np.zeros((20, 1)), y, cv=TimeSeriesSplit(2, test_size=2))
    pd.testing.assert_frame_equal(found, expected)


def test_intervals():
    X, y = table()
    models = {"wide": Halves(**NAMED), "none": Halves(**NAMED, levels=None)}
    found = backtest(models, X, y, cv=RollingOrigin(3, horizon=3), baselines=False)
    assert list(found["model"].unique()) == ["wide", "none"]
    wide, none = (found[found["model"] == name] for name in models)
    assert (wide["coverage_90"] >= wide["coverage_50"]).all()
    assert wide["coverage_90"].mean() > 0.5
    assert (wide["pinball"] > 0).all()
    assert none[["pinball", "coverage_50", "coverage_90"]].isna().all(axis=None)


@pytest.mark.parametrize("strategy", ["last", "seasonal", "drift"])
@pytest.mark.parametrize("step", [2, 3, 5])
def test_going_on_is_as_good_as_a_new_fit(strategy, step):
    X, y = table()
    model = NaiveForecaster(strategy, 6, **NAMED)
    cv = RollingOrigin(3, horizon=3, step=step, gap=1)
    expected = backtest(model, X, y, cv=cv, season=6)
    pd.testing.assert_frame_equal(backtest(model, X, y, cv=cv, refit=False, season=6), expected)


def test_in_parallel():
    X, y = table()
    cv = RollingOrigin(3, horizon=3)
    expected = backtest(NaiveForecaster(**NAMED), X, y, cv=cv)
    pd.testing.assert_frame_equal(backtest(NaiveForecaster(**NAMED), X, y, cv=cv, n_jobs=2), expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_of_steps():
    """One that reads tables of steps, and its rows in the order of time."""
    X, y = table()
    X = X.assign(hour=np.sin(X["n"] * np.pi / 12))[["shop", "n", "hour"]]
    small = {"hidden_size": 2, "max_iter": 2, "rows": "steps", "initial_state": "last"}
    model = skrnn.GRURegressor(sequence_id="shop", random_state=0, **small)
    cv = RollingOrigin(2, horizon=3, time="n")
    found = backtest(model, X, y, cv=cv, baselines=False)
    train, test = list(cv.split(X))[1]
    part = [one.iloc[train].reset_index(drop=True) for one in (X, y)]
    answer = clone(model).fit(*part).predict(X.iloc[test].reset_index(drop=True))
    by_step = pd.Series(np.abs(y[test].to_numpy() - answer)).groupby(X["n"].to_numpy()[test]).mean()
    np.testing.assert_allclose(found.loc[found["split"] == 1, "mae"], by_step)


SEASONS = {
    "h": 24, "30min": 48, "D": 7, "B": 5, "W": 52, "MS": 12, "QS": 4, "YS": 1, "2D": 1,
}  # fmt: skip


@pytest.mark.parametrize("freq", SEASONS)
def test_usual_seasons(freq):
    X = pd.DataFrame({"t": pd.date_range("2020-01-01", periods=110, freq=freq)})
    cv = RollingOrigin(1, horizon=2)
    y = np.tile(np.random.RandomState(0).normal(size=SEASONS[freq]), 110)[:110]
    found = backtest(NaiveForecaster(time="t"), X, y, cv=cv)
    assert ("seasonal" in set(found["model"])) == (SEASONS[freq] > 1)
    if SEASONS[freq] > 1:
        assert found.loc[found["model"] == "seasonal", "mae"].max() == 0


class WithDifference(NaiveForecaster):
    difference = 5


def test_baselines_and_seasons():
    X, y = table()
    cv = RollingOrigin(2, horizon=3)
    own = {"mine": NaiveForecaster("seasonal", 5, **NAMED)}
    found = backtest(WithDifference(**NAMED), X, y, cv=cv, baselines=own)
    assert list(found["model"].unique()) == ["WithDifference", "mine"]
    usual = backtest(WithDifference(**NAMED), X, y, cv=cv)
    columns = ["split", "step", *LEARNED[4:]]
    seasonal, mine = usual[usual["model"] == "seasonal"], found[found["model"] == "mine"]
    np.testing.assert_array_equal(seasonal[columns], mine[columns])
    found = backtest(NaiveForecaster(**NAMED), X, y, cv=cv, season=1, metrics=("mae",), baselines=False)
    assert list(found.columns) == ["model", "split", "cutoff", "step", "n_rows", "mae"]


def test_series_without_a_past_are_left_out():
    X, y = table()
    late = X["n"].where(X["shop"] == "b", 99) > 56
    X, y = X[(X["shop"] == "b") | (X["n"] > 55)], y[(X["shop"] == "b") | (X["n"] > 55)]
    found = backtest(NaiveForecaster(**NAMED), X, y, cv=RollingOrigin(2, horizon=3), baselines=False)
    assert found["n_rows"].tolist() == [1, 1, 1, 2, 2, 2]
    assert late.any()


class Forgetful(RegressorMixin, BaseEstimator):
    """Cannot go on, and fails."""

    def fit(self, X, y):
        raise ZeroDivisionError("on purpose")

    def predict(self, X):
        """Nothing."""


class OneShop:
    """Trains on one shop, and tests on the other."""

    def split(self, X, y):
        yield np.flatnonzero(X["shop"] == "a"), np.flatnonzero(X["shop"] == "b")


def test_what_is_refused():
    X, y = table()
    model, cv = NaiveForecaster(**NAMED), RollingOrigin(2, horizon=3)
    for metrics in (("mae", "r2"), "mae", ()):
        with pytest.raises(ValueError, match=r"metrics=.*: pass a tuple of some of 'mae', 'rmse'"):
            backtest(model, X, y, cv=cv, metrics=metrics)
    for season in (0, 1.5, "day"):
        with pytest.raises(ValueError, match=r"season=.*: pass the number of steps"):
            backtest(model, X, y, cv=cv, season=season)
    with pytest.raises(
        ValueError, match=r"Split 0 of cv tests on rows that are not after.*RollingOrigin"
    ):
        backtest(model, X, y, cv=KFold(2))
    with pytest.raises(ValueError, match=r"Split 0 of cv has no test rows of series that have training"):
        backtest(model, X, y, cv=OneShop())
    with pytest.raises(TypeError, match="cv=2 is no splitter: pass RollingOrigin"):
        backtest(model, X, y, cv=2)
    with pytest.raises(ValueError, match=r"forecaster=\{\} names none"):
        backtest({}, X, y, cv=cv)
    with pytest.raises(ValueError, match="refit must be True or False, got 'no'"):
        backtest(model, X, y, cv=cv, refit="no")
    with pytest.raises(ValueError, match="baselines must be True or False, or a dict"):
        backtest(model, X, y, cv=cv, baselines=["last"])
    with pytest.raises(ValueError, match=r"y must hold a finite number for each of the 110 rows"):
        backtest(model, X, y[:5], cv=cv)
    with pytest.raises(ValueError, match="and NaN or infinity"):
        backtest(model, X, y.where(y.index > 0), cv=cv)
    with pytest.raises(ValueError, match="Forgetful has no update, and must be fitted again"):
        backtest(Forgetful(), X, y, cv=RollingOrigin(2, horizon=3, **NAMED), refit=False)
    with pytest.raises(ZeroDivisionError) as error:
        backtest({"one": Forgetful()}, X, y, cv=RollingOrigin(2, horizon=3, **NAMED))
    assert "split 0 of the backtest, of one" in error.value.__notes__[0]


def test_without_pandas(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"needs pandas for an X that is an array"):
        backtest(NaiveForecaster(), np.zeros((9, 1)), np.zeros(9), cv=RollingOrigin(1, horizon=1))
