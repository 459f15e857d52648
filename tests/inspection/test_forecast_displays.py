"""BacktestDisplay and ForecastDisplay: the numbers of forecasts, step by step and series by series."""

import numpy as np
import pandas as pd
import pytest

from skrnn import NaiveForecaster
from skrnn.inspection import BacktestDisplay, ForecastDisplay
from skrnn.model_selection import RollingOrigin, backtest

plt = pytest.importorskip("matplotlib.pyplot")
DAYS = pd.date_range("2024-03-01", periods=40, tz="Europe/Berlin")
NAMED = {"sequence_id": "shop", "time": "day"}


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


class WithIntervals(NaiveForecaster):
    """Of a constant width."""

    def __init__(self, strategy="last", season=None, *, sequence_id=None, time=None, levels=(0.5, 0.9)):
        super().__init__(strategy, season, sequence_id=sequence_id, time=time)
        self.levels = levels

    def predict_interval(self, X):
        answer, width = self.predict(X)[:, None], np.array([1.0, 2.0])
        return np.stack([answer - width, answer + width], axis=1)


def table(shops="cab", seed=0):
    """A shuffled table, and its targets."""
    X = pd.DataFrame({"shop": np.repeat(list(shops), 40), "day": np.tile(DAYS, len(shops))})
    order = np.random.RandomState(seed).permutation(len(X))
    y = np.random.RandomState(1).normal(size=len(X))
    return X.iloc[order].reset_index(drop=True), y[order]


# --- backtests --------------------------------------------------------------------------------------


def test_errors_are_means_over_splits():
    X, y = table()
    cv = RollingOrigin(3, horizon=4)
    errors = backtest(NaiveForecaster("drift", **NAMED), X, y, cv=cv)
    for metric in ("mae", "mase"):
        display = BacktestDisplay.from_backtest(errors, metric=metric)
        expected = errors.groupby(["model", "step"])[metric].mean()
        assert display.steps.tolist() == [1, 2, 3, 4]
        assert set(display.errors) == {"NaiveForecaster", "last", "drift", "seasonal"}
        for name, values in display.errors.items():
            np.testing.assert_allclose(values, expected[name])
            np.testing.assert_allclose(display.lines_[name].get_ydata(), values)
        again = BacktestDisplay.from_estimator(NaiveForecaster("drift", **NAMED), X, y, cv, metric=metric)
        np.testing.assert_allclose(again.errors["last"], display.errors["last"])
    display = BacktestDisplay.from_backtest(errors, metric="rmse")
    expected = (errors["rmse"] ** 2).groupby([errors["model"], errors["step"]]).mean() ** 0.5
    np.testing.assert_allclose(display.errors["last"], expected["last"])
    assert display.ax_.get_xlabel() == "step of the horizon"
    assert display.ax_.get_ylabel() == "root mean squared error"


def test_splits_count_by_their_rows():
    errors = pd.DataFrame(
        {
            "model": "one",
            "split": [0, 1],
            "cutoff": [1, 2],
            "step": 1,
            "n_rows": [1, 3],
            "mae": [4.0, 8.0],
        }
    )
    assert BacktestDisplay.from_backtest(errors).errors["one"].tolist() == [7.0]


def test_baselines_are_drawn_otherwise():
    errors = {"mine": np.ones(3), "last": np.ones(3), "other": np.ones(3)}
    lines = BacktestDisplay(steps=np.arange(3), errors=errors).plot().lines_
    styles = {name: line.get_linestyle() for name, line in lines.items()}
    assert styles == {"mine": "-", "last": ":", "other": "-"}
    lines = BacktestDisplay(steps=np.arange(3), errors=errors, baselines=["other"]).plot().lines_
    assert lines["other"].get_linestyle() == ":"
    assert lines["last"].get_linestyle() == "-"


def test_coverage_has_its_level():
    X, y = table()
    cv = RollingOrigin(2, horizon=3)
    model = WithIntervals(**NAMED)
    display = BacktestDisplay.from_estimator({"fan": model}, X, y, cv, metric="coverage_90")
    assert list(display.errors) == ["fan"]
    assert [line.get_ydata()[0] for line in display.ax_.lines][-1] == 0.9
    assert display.ax_.get_ylabel() == "share within the 90 % intervals"


def test_other_frames_and_metrics_that_are_not_there():
    X, y = table()
    cv = RollingOrigin(2, horizon=3)
    pl = pytest.importorskip("polars")
    errors = backtest(NaiveForecaster(**NAMED), X, y, cv=cv)
    of_polars = BacktestDisplay.from_backtest(pl.from_pandas(errors))
    np.testing.assert_array_equal(
        of_polars.errors["drift"], BacktestDisplay.from_backtest(errors).errors["drift"]
    )
    with pytest.raises(ValueError, match="metric='r2': the errors have 'mae', 'rmse'"):
        BacktestDisplay.from_backtest(errors, metric="r2")
    with pytest.raises(ValueError, match=r"errors must be what backtest answers with, .* \['a'\]"):
        BacktestDisplay.from_backtest(pl.DataFrame({"a": [1.0]}))
    with pytest.raises(ValueError, match="metric='r2': pass one of 'mae', 'rmse'"):
        BacktestDisplay.from_estimator(NaiveForecaster(**NAMED), X, y, cv, metric="r2")


# --- forecasts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_forecasts_beside_the_past(kind):
    X, y = table()
    is_past = (X["day"] < DAYS[35]).to_numpy()
    past, future = X[is_past], X[~is_past]
    if kind == "polars":
        past, future = (pytest.importorskip("polars").from_pandas(one) for one in (past, future))
    model = WithIntervals(**NAMED).fit(past, y[is_past])
    display = ForecastDisplay.from_estimator(model, past, y[is_past], future, y_future=y[~is_past])
    assert [one["name"] for one in display.series] == ["a", "b", "c"]
    assert [ax.get_title() for ax in display.axes_] == ["a", "b", "c"]
    assert display.levels == (0.5, 0.9)
    for one in display.series:
        of_series = (X["shop"] == one["name"]).to_numpy()
        order = np.argsort(X["day"].to_numpy()[of_series])
        whole = y[of_series][order]
        np.testing.assert_array_equal(one["past"], whole[15:35])
        np.testing.assert_array_equal(one["actual"], whole[35:])
        np.testing.assert_array_equal(one["forecast"], np.full(5, whole[34]))
        np.testing.assert_array_equal(one["bounds"][:, 1, 1], np.full(5, whole[34] + 2))
        local = DAYS.tz_localize(None).to_numpy()
        np.testing.assert_array_equal(one["past_times"], local[15:35])
        np.testing.assert_array_equal(one["times"], local[35:])
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["past", "90 %", "50 %", "forecast", "actual"]


def test_some_series_and_all_of_the_past():
    X, y = table("abcdefgh")
    is_past = X["day"] < DAYS[35]
    model = NaiveForecaster(**NAMED).fit(X[is_past], y[is_past])
    data = X[is_past], y[is_past], X[~is_past]
    assert [one["name"] for one in ForecastDisplay.from_estimator(model, *data).series] == list("abcdef")
    figure, (left, right) = plt.subplots(1, 2)
    display = ForecastDisplay.from_estimator(model, *data, series=["h", "a"], n_past=99, ax=[left, right])
    assert display.figure_ is figure
    assert [ax.get_title() for ax in (left, right)] == ["h", "a"]
    assert len(display.series[0]["past"]) == 35
    assert display.series[0]["bounds"] is None
    with pytest.raises(ValueError, match="series must be some that X and X_future hold, but has 'z'"):
        ForecastDisplay.from_estimator(model, *data, series=["a", "z"])


def test_without_times():
    X, y = np.zeros((20, 1)), np.arange(20.0)
    model = NaiveForecaster("drift").fit(X, y)
    (one,) = ForecastDisplay.from_estimator(model, X, y, X[:3]).series
    assert one["past_times"].tolist() == list(range(8, 20))
    assert one["times"].tolist() == [20, 21, 22]
    assert one["forecast"].tolist() == [20, 21, 22]
    assert one["name"] is None
    with pytest.raises(ValueError, match="y has 3 values, but its table has 20 rows"):
        ForecastDisplay.from_estimator(model, X, y[:3], X[:3])
