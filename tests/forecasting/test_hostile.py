"""Tables as people have them, given to Forecaster, backtest and the displays."""

import numpy as np
import pytest

from skrnn import Forecaster, GRURegressor
from skrnn.model_selection import RollingOrigin, backtest

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
H = 4


def table(time=None, n=40, shops=("b", "a", "c")):
    """Shops, of very different size, with text and a number that are known ahead: X, y."""
    time = pandas.date_range("2024-01-30", periods=n) if time is None else time
    rng, parts = np.random.RandomState(0), []
    for k, shop in enumerate(shops):
        part = pandas.DataFrame({"shop": shop, "time": time, "kind": list("xyz" * n)[:n], "price": 1.5})
        part["price"] = part["price"].add(np.arange(n) % 3)
        parts.append(part.assign(y=(10 + rng.normal(size=n)) * 100.0**k))
    X = pandas.concat(parts, ignore_index=True)
    return X.drop(columns="y"), X["y"]


def model(**options):
    options = {"sequence_id": "shop", "time": "time", "known": ["kind", "price"], **options}
    return Forecaster(GRURegressor(**SMALL), horizon=H, **options)


def split(X, n=36):
    """Rows of fit, and of the H that follow, as masks."""
    number = X.groupby("shop").cumcount().to_numpy()
    return number < n, (number >= n) & (number < n + H)


EXPECTED = {}


def expected(strategy):
    if strategy not in EXPECTED:
        X, y = table()
        past, later = split(X)
        EXPECTED[strategy] = model(strategy=strategy, levels=0.5).fit(X[past], y[past]), X[later]
    return EXPECTED[strategy]


def categories(X):
    return X.assign(shop=X["shop"].astype("category"), kind=X["kind"].astype("category"))


def nullable(X):
    dtypes = {"shop": "string", "kind": "string", "price": "Float64"}
    return X.astype(dtypes)


def objects(X):
    return X.astype(object)


def arrow(X):
    pytest.importorskip("pyarrow")
    return X.convert_dtypes(dtype_backend="pyarrow").assign(time=X["time"])


def indexed(X):
    return X.set_index(pandas.Index(np.arange(len(X)) * 3 + 7, name="row"))


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("kind", [categories, nullable, objects, arrow, indexed, polars.from_pandas])
def test_dtypes_change_nothing(kind, strategy):
    fitted, X_next = expected(strategy)
    X, y = table()
    past, _ = split(X)
    past, y = X[past].reset_index(drop=True), y[past].reset_index(drop=True)
    X_past = kind(past)
    if kind is indexed:
        y = y.set_axis(X_past.index)
    found = model(strategy=strategy, levels=0.5).fit(X_past, y)
    X_found = kind(X_next.reset_index(drop=True))
    assert (found.predict(X_found) == fitted.predict(X_next)).all()
    assert (found.predict_interval(X_found) == fitted.predict_interval(X_next)).all()
    answer, wanted = found.forecast(X_future=X_found), fitted.forecast(X_future=X_next)
    assert isinstance(answer, polars.DataFrame if kind is polars.from_pandas else pandas.DataFrame)
    assert list(answer.columns) == list(wanted.columns)
    assert answer["forecast"].to_list() == wanted["forecast"].to_list()
    assert [str(one) for one in answer["shop"].to_list()] == wanted["shop"].to_list()


@pytest.mark.parametrize("interval", ["conformal", "sampled", "adaptive"])
def test_permutations_change_nothing(interval):
    """Of rows, columns, and the order in which series come, bit for bit; so in a backtest."""
    X, y = table()
    past, later = split(X)
    rng = np.random.RandomState(0)
    found = []
    for permuted in (False, True):
        order = rng.permutation(past.sum()) if permuted else np.arange(past.sum())
        columns = X.columns[::-1] if permuted else X.columns
        X_past = X.loc[past, columns].iloc[order].reset_index(drop=True)
        y_past = y[past].to_numpy()[order]
        one = model(levels=0.5, interval=interval).fit(X_past, y_past)
        cv = RollingOrigin(2, horizon=H, time="time")
        errors = backtest(model(), X_past, y_past, cv=cv, refit=False)
        found.append((one.predict_interval(X.loc[later, columns]), errors.drop(columns="cutoff")))
    assert (found[0][0] == found[1][0]).all()
    of_forecaster = [one[one["model"] == "Forecaster"].to_numpy()[:, 1:] for _, one in found]
    np.testing.assert_allclose(*(one.astype(float) for one in of_forecaster), rtol=1e-12)


@pytest.mark.parametrize("refit", [True, False])
def test_a_backtest_is_fitting_by_hand(refit):
    X, y = table()
    cv = RollingOrigin(3, horizon=H, time="time")
    errors = backtest(model(), X, y, cv=cv, refit=refit, baselines=False)
    by_hand = known = None
    for number, (train, test) in enumerate(cv.split(X)):
        X_train, X_test = X.iloc[train].reset_index(drop=True), X.iloc[test].reset_index(drop=True)
        if by_hand is None or refit:
            by_hand = model().fit(X_train, y.to_numpy()[train])
        else:
            new = ~np.isin(train, known)
            by_hand.update(X_train[new].reset_index(drop=True), y.to_numpy()[train[new]])
        known = train
        error = np.abs(by_hand.predict(X_test) - y.to_numpy()[test])
        step = X_test.groupby("shop")["time"].rank().astype(int)
        mae = pandas.Series(error).groupby(step).mean()
        np.testing.assert_allclose(errors.loc[errors["split"] == number, "mae"], mae, rtol=1e-12)


def gone(X, y, rows):
    keep = ~X.index.isin(rows)
    return X[keep].reset_index(drop=True), y[keep].reset_index(drop=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X, y: gone(X, y, [50]), r"has a gap of series 'a': after 2024-02-08.* so that 1 row is"),
        (
            lambda X, y: (pandas.concat([X, X[5:6]]), np.append(y, 1.0)),
            r"Rows 5 and 120 of X have the same time, 2024-02-04.* of series 'b'",
        ),
        (lambda X, y: (X.assign(time=X["time"].astype(str)), y), "is no time: make dates of the column"),
        (lambda X, y: (X.assign(time=X["time"].where(X.index != 3)), y), "'time' of X is missing in row"),
        (lambda X, y: (X.assign(shop=X["shop"].where(X.index != 3)), y), "row 3|missing"),
        (lambda X, y: (X.assign(kind=X["kind"].where(X.index != 3, None)), y), "'kind' of X is .* row 3"),
        (lambda X, y: (X.assign(price=X["price"].where(X.index != 3)), y), "'price' of X .*contains NaN"),
        (lambda X, y: (X.assign(price=np.inf), y), "'price' of X is inf in row 0: .* infinity"),
        (lambda X, y: (X.assign(kind=X["time"]), y), "'kind' of X holds .*: make"),
        (lambda X, y: (X, None), "requires y to be passed, but the target y is None"),
        (lambda X, y: (X[["shop", "time"]], y), "known or static='kind' is not a column|known='kind' is"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_what_is_wrong_is_said(change, said, kind):
    X, y = change(*table())
    if kind == "polars" and hasattr(X, "columns"):
        try:
            X = polars.from_pandas(X)
        except Exception:
            pytest.skip("polars has no such column")
    with pytest.raises(ValueError, match=said) as error:
        model().fit(X, y)
    assert len(str(error.value)) <= 600


@pytest.mark.parametrize(
    "time",
    [
        pandas.date_range("2024-03-30 20:00", periods=40, freq="h", tz="Europe/Berlin"),
        pandas.date_range("2024-10-26 20:00", periods=40, freq="h", tz="Europe/Berlin"),
        pandas.date_range("2024-03-20", periods=40, freq="D", tz="America/New_York"),
        pandas.date_range("2021-01-31", periods=40, freq=pandas.offsets.MonthEnd()),
        pandas.date_range("2021-01-01", periods=40, freq=pandas.offsets.BusinessDay()),
        pandas.period_range("2021-01", periods=40, freq="M"),
        np.arange(40) * 5 - 60,
        np.arange(40) * 0.25,
    ],
    ids=["summer", "winter", "days", "months", "business", "periods", "whole", "floats"],
)
def test_forecasts_have_the_times_that_follow(time):
    X, y = table(time)
    past, later = split(X)
    answer = model().fit(X[past].reset_index(drop=True), y[past].to_numpy()).forecast(X_future=X[later])
    wanted = X[later].sort_values(["shop", "time"])
    assert answer["time"].tolist() == wanted["time"].tolist()
    assert answer["time"].dtype == X["time"].dtype


@pytest.mark.parametrize(
    "time",
    [np.arange(40, dtype=np.float32) * 0.1, 1.7e9 + np.arange(9000) * 0.1],
    ids=["float32", "of the clock of a computer"],
)
def test_round_off_of_times_does_not_add_up(time):
    X, small = pandas.DataFrame({"time": time}), {**SMALL, "max_iter": 1, "k1": 2000}
    fitted = Forecaster(GRURegressor(**small), horizon=H, time="time")
    fitted.fit(X[:-H], np.sin(np.arange(len(X) - H)))
    np.testing.assert_allclose(fitted.forecast()["time"], X["time"][-H:], rtol=3e-7)
    assert len(fitted.predict(X[-H:])) == H


@pytest.mark.parametrize(
    ("estimator", "got"), [(GRURegressor, r"the class GRURegressor: pass GRURegressor\(\)"), (Forecaster(
        GRURegressor(), horizon=2), "got Forecaster")],
)  # fmt: skip
def test_the_estimator_is_looked_at_first(estimator, got):
    """Before columns, of which there would be much to say."""
    X, y = table()
    with pytest.raises(TypeError, match=got):
        Forecaster(estimator, horizon=H).fit(X, y)


def test_what_cross_validation_does_wrong_is_said():
    X, y = table()
    past, later = split(X)
    fitted = model().fit(X[past], y[past])
    with pytest.raises(ValueError, match=r"\(2024-01-30\) does not follow .* cv=RollingOrigin"):
        fitted.predict(X[past])
    with pytest.raises(ValueError, match=r"of series 1, of which .* In a cross-validation split by time"):
        fitted.predict(X[later].assign(shop=1))


def test_unequal_ends_new_series_and_short_ones():
    X, y = table()
    number = X.groupby("shop").cumcount()
    drop = ((X["shop"] == "a") & (number >= 20)) | ((X["shop"] == "c") & (number < 33))
    past, _ = split(X)
    keep = past & ~drop.to_numpy()
    fitted = model(known=(), strategy="direct").fit(X.loc[keep, ["shop", "time"]], y[keep])
    answer = fitted.forecast()
    assert answer.groupby("shop")["time"].min().dt.day.tolist() == [19, 6, 6]
    with pytest.raises(ValueError, match="of series 'new', of which there are no rows yet"):
        fitted.predict(pandas.DataFrame({"shop": ["new"], "time": [X["time"].max()]}))
    cv = RollingOrigin(2, horizon=H, time="time")
    late = X.assign(shop=X["shop"].where(number < 38, "d"))[["shop", "time"]]
    errors = backtest(
        model(known=()), late.drop_duplicates(ignore_index=True), y[: len(late.drop_duplicates())], cv=cv
    )
    assert (errors["n_rows"] <= 3).all()  # those without a past are left out


def test_displays_take_such_tables():
    pytest.importorskip("matplotlib")
    from skrnn.inspection import BacktestDisplay, ForecastDisplay

    X, y = table()
    past, later = split(X)
    fitted = model(levels=0.5).fit(X[past].reset_index(drop=True), y[past].to_numpy())
    order = np.random.RandomState(0).permutation(later.sum())
    for kind in (categories, polars.from_pandas):
        X_past, X_next = (
            kind(X[past].reset_index(drop=True)),
            kind(X[later].iloc[order].reset_index(drop=True)),
        )
        display = ForecastDisplay.from_estimator(fitted, X_past, y[past].to_numpy(), X_next)
        assert [ax.get_title() for ax in display.axes_] == ["a", "b", "c"]
    errors = backtest(model(), X, y, cv=RollingOrigin(2, horizon=H, time="time"), refit=False)
    assert "Forecaster" in BacktestDisplay.from_backtest(errors, metric="mae").lines_
