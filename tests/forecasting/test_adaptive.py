"""Intervals that adapt: the rule by hand, its guarantee, which forecasts are compared, and drift."""

import pickle

import numpy as np
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn._forecasting.adaptive import PACE, WINDOW, SeriesState, nested, typical
from skrnn.model_selection import RollingOrigin, backtest

SMALL = {"hidden_size": 4, "max_iter": 5, "tol": None, "random_state": 0}


def series(n, T, seed=0, change=None, factor=1.0):
    """Autoregressions, whose noise is ``factor`` times as large from ``change`` on: X, y (n, T)."""
    rng, y = np.random.RandomState(seed), np.zeros((n, T))
    noise = rng.normal(size=(n, T))
    noise[:, change:] *= factor
    for t in range(1, T):
        y[:, t] = 0.7 * y[:, t - 1] + noise[:, t]
    return np.stack([np.repeat(np.arange(n), T), np.tile(np.arange(T), n)], axis=1), y


def model(horizon=3, interval="adaptive", **options):
    options = {"sequence_id": 0, "time": 1, "levels": [0.9, 0.5], **options}
    return Forecaster(GRURegressor(**SMALL), horizon=horizon, interval=interval, **options)


def rows(X, y, start, stop):
    some = (X[:, 1] >= start) & (X[:, 1] < stop)
    return X[some], y.ravel()[some]


# --- the rule ---------------------------------------------------------------------------------------


def test_the_rule_by_hand():
    state = SeriesState.new(1, np.arange(1.0, 11)[:, None], np.array([0.2, 0.5]))
    goal = np.array([0.2, 0.5])
    assert state.half_widths().tolist() == [[[8, 5]]]
    state = state.after(np.array([[6.0]]), goal)  # inside of the first, outside of the second
    np.testing.assert_allclose(state.alpha[0, 0], [0.2 + 0.02 * 0.2, 0.5 - 0.05 * 0.5])
    assert state.errors.ravel().tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 6]
    again = state.after(np.array([[np.nan]]), goal)  # nothing came
    assert (again.errors == state.errors).all()
    assert (again.alpha == state.alpha).all()
    for alpha, half in ((-0.01, np.inf), (0.0, 10), (0.99, 2), (1.0, 0), (1.2, 0)):
        assert SeriesState(state.errors, np.full((1, 1, 1), alpha)).half_widths().item() == half


@pytest.mark.parametrize("errors", ["growing", "falling", "alternating", "against it"])
def test_the_share_that_misses_is_bounded_whatever_comes(errors):
    """Gibbs and Candes, proposition 4.1."""
    goal, T = np.array([0.1, 0.5]), 2000
    state = SeriesState.new(1, np.abs(np.random.RandomState(0).normal(size=(WINDOW, 1))), goal)
    missed = np.zeros(2)
    for t in range(T):
        half = state.half_widths()[0, 0]
        one = {"growing": 1.01**t, "falling": 0.99**t, "alternating": 1 + 9 * (t // 50 % 2)}.get(errors)
        if one is None:
            finite = half[np.isfinite(half)]
            one = 1.1 * finite.max() if len(finite) else 1.0
        missed += one > half
        state = state.after(np.array([[one]]), goal)
    pace = PACE * goal
    assert (np.abs(missed / T - goal) <= (np.maximum(goal, 1 - goal) + pace) / (pace * T)).all()


def test_windows_begin_with_all_errors():
    errors = np.abs(np.random.RandomState(0).normal(size=(1000, 2)))
    window = typical(errors)
    assert window.shape == (WINDOW, 2)
    np.testing.assert_allclose(np.quantile(window, [0.5, 0.9]), np.quantile(errors, [0.5, 0.9]), rtol=0.1)
    half = np.array([[[3.0, 5.0, 4.0]]])
    assert nested(half, (0.5, 0.9, 0.8)).tolist() == [[[3, 5, 4]]]
    assert nested(half, (0.9, 0.5, 0.8)).tolist() == [[[5, 5, 5]]]


# --- what is compared -------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_forecasts_are_compared_when_their_step_comes(strategy, known):
    """They are those that predict would have given before these rows; with columns known ahead that
    "direct" reads all at once, only when all are there.
    """
    X, y = series(2, 80)
    if known:
        X = np.column_stack([X, np.sin(X[:, 1])])
    fitted = model(strategy=strategy, difference=2, known=2 if known else ()).fit(*rows(X, y, 0, 60))
    one, errors = pickle.loads(pickle.dumps(fitted)), np.full((2, 20, 3), np.nan)
    unit = fitted._learned.target.unit
    for t in range(60, 77):  # forecasts of three steps, from every origin
        answer = one.predict(rows(X, y, t, t + 3)[0]).reshape(2, 3)
        for h in range(3):
            come = t - 60 + (2 if known and strategy == "direct" else h)
            errors[:, come, h] = np.abs(y[:, t + h] - answer[:, h]) / unit
        one.update(*rows(X, y, t, t + 1))
    for parts in ([61, 65, 76], [76]):
        found, start = pickle.loads(pickle.dumps(fitted)), 60
        for stop in parts:
            found.update(*rows(X, y, start, stop))
            start = stop
        window = found._learned.interval.series.errors
        for h in range(3):
            expected = errors[:, : 76 - 60, h]
            came = ~np.isnan(expected[0])
            # forecasts from before the last row of fit are compared, too
            n = came.sum()
            np.testing.assert_allclose(window[:, -n:, h], expected[:, came], rtol=1e-9)


def test_how_rows_come_makes_no_difference():
    X, y = series(3, 90)
    fitted = model().fit(*rows(X, y, 0, 60))
    at_once, by_one = (pickle.loads(pickle.dumps(fitted)) for _ in range(2))
    at_once.update(*rows(X, y, 60, 80))
    for t in range(60, 80):
        order = np.random.RandomState(t).permutation(3)
        X_new, y_new = rows(X, y, t, t + 1)
        by_one.update(X_new[order], y_new[order])
    following = rows(X, y, 80, 83)[0]
    np.testing.assert_allclose(by_one.predict_interval(following), at_once.predict_interval(following))
    assert (by_one.predict(following) == at_once.predict(following)).all()


def test_before_rows_come_they_are_as_wide_as_others():
    X, y = series(30, 60)
    later = rows(X, y, 50, 53)[0]
    found, expected = (
        model(interval=kind).fit(*rows(X, y, 0, 50)).predict_interval(later)
        for kind in ("adaptive", "conformal")
    )
    width, expected = np.ptp(found, axis=1), np.ptp(expected, axis=1)
    assert (np.abs(width / expected - 1) < 0.1).all()


def test_series_adapt_by_themselves():
    X, y = series(4, 200)
    y[1, 100:] *= 5
    fitted = model().fit(*rows(X, y, 0, 100))
    before = np.ptp(fitted.predict_interval(rows(X, y, 100, 101)[0]), axis=1)[:, 0]
    fitted.update(*rows(X, y, 100, 180))
    after = np.ptp(fitted.predict_interval(rows(X, y, 180, 181)[0]), axis=1)[:, 0]
    assert after[1] > 3 * before[1]
    assert (after[[0, 2, 3]] < 2 * before[[0, 2, 3]]).all()
    new = np.column_stack([np.full(60, 9), np.arange(120, 180)])
    fitted.update(new, y[0, 120:180])
    bounds = fitted.predict_interval(np.array([[9, 180], [9, 181], [0, 180]]))
    assert np.isfinite(bounds).all()
    table = fitted.forecast()
    assert table.shape == (15, 7)


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_intervals_hold_where_the_noise_changes(strategy):
    """Noise grows to three times: split conformal intervals of 90 % hold half, and adaptive ones hold."""
    change, end = 150, 330
    X, y = series(10, end, change=change, factor=3)
    cv = RollingOrigin(30, horizon=3, step=6, time=1, sequence_id=0)
    share = {}
    for interval in ("conformal", "adaptive"):
        forecaster = model(interval=interval, strategy=strategy, levels=0.9)
        errors = backtest(forecaster, X, y.ravel(), cv=cv, refit=False, baselines=False)
        later = errors[errors["split"] >= 15]  # half of the steps after the change
        share[interval] = later.groupby("step")["coverage_90"].mean()
    assert (share["conformal"] < 0.65).all()
    assert (abs(share["adaptive"] - 0.9) < 0.07).all()
