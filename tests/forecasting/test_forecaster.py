"""Forecaster: what it learns of a table, answers, and says of what is wrong."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import Forecaster, GRURegressor, LSTMRegressor, RNNRegressor, SlidingWindow, forecast
from skrnn.model_selection import RollingOrigin

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

SMALL = {"hidden_size": 4, "max_iter": 3, "tol": None, "random_state": 0}
N, TRAIN, H = 130, 120, 10


def shops(ids=("a", "b", "c"), n=N, seed=0):
    """Shops of very different size with a week, and promotions that are known ahead: X, y."""
    rng, parts = np.random.RandomState(seed), []
    for k, shop in enumerate(ids):
        promotion = rng.rand(n) < 0.2
        y = 10 + 2 * np.sin(np.arange(n) * 2 * np.pi / 7 + k) + 3 * promotion + 0.1 * rng.normal(size=n)
        day = pandas.date_range("2024-01-01", periods=n)
        parts.append(
            pandas.DataFrame({"shop": shop, "day": day, "promotion": promotion, "y": y * 100**k})
        )
    X = pandas.concat(parts, ignore_index=True)
    return X.drop(columns="y"), X["y"]


def split(X, y):
    """Training rows and the H that follow."""
    is_train = (X["day"] < X["day"].min() + pandas.Timedelta(days=TRAIN)).to_numpy()
    return X[is_train], y[is_train], X[~is_train], y[~is_train]


def small(horizon=H, estimator=None, **options):
    options = {"sequence_id": "shop", "time": "day", "known": "promotion", **options}
    return Forecaster(estimator or GRURegressor(**SMALL), horizon=horizon, **options)


@pytest.fixture(scope="module")
def table():
    return split(*shops())


@pytest.fixture(scope="module")
def fitted(table):
    return small(levels=[0.8, 0.9]).fit(*table[:2])


# --- what is learned --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("cls", [RNNRegressor, LSTMRegressor, GRURegressor])
def test_series_of_any_size_are_forecast(table, strategy, cls):
    X, y, X_next, y_next = table
    model = small(estimator=cls(random_state=0), strategy=strategy).fit(X, y)
    answer = model.predict(X_next)
    assert answer.shape == (3 * H,)
    for shop in "abc":
        rows = (X_next["shop"] == shop).to_numpy()
        error = ((answer[rows] - y_next[rows]) ** 2).sum() / (
            (y_next[rows] - y_next[rows].mean()) ** 2
        ).sum()
        assert error < 0.35, shop
    assert model.score(X_next, y_next) > 0.9


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("difference", [None, 7])
def test_order_of_rows_and_columns_does_not_matter(table, strategy, difference):
    X, y, X_next, _ = table
    options = {"strategy": strategy, "difference": difference, "static": ["size"]}
    X, X_next = (one.assign(size=one["shop"].map({"a": 1.0, "b": 5.0, "c": 2.0})) for one in (X, X_next))
    expected = small(**options).fit(X, y).predict(X_next)
    rng = np.random.RandomState(0)
    order, other = rng.permutation(len(X)), rng.permutation(len(X_next))
    shuffled = X.iloc[order, ::-1].reset_index(drop=True)
    model = small(**options).fit(shuffled, y.to_numpy()[order])
    assert (model.predict(X_next.iloc[other]) == expected[other]).all()
    if strategy == "recursive":  # which reads no later step
        assert (model.predict(X_next.iloc[:4]) == expected[:4]).all()


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_kinds_of_tables_are_the_same(table, strategy):
    X, y, X_next, _ = table
    expected = small(strategy=strategy).fit(X, y)
    polars_model = small(strategy=strategy).fit(polars.from_pandas(X), polars.from_pandas(y))
    assert (polars_model.predict(polars.from_pandas(X_next)) == expected.predict(X_next)).all()
    places = {"sequence_id": 0, "time": 1, "known": 2}
    arrays = small(strategy=strategy, **places).fit(X.to_numpy(dtype=object), y.to_numpy())
    assert (arrays.predict(X_next.to_numpy(dtype=object)) == expected.predict(X_next)).all()
    answer = polars_model.forecast(X_future=polars.from_pandas(X_next))
    assert isinstance(answer, polars.DataFrame)
    assert answer.equals(polars.from_pandas(expected.forecast(X_future=X_next)))
    assert arrays.forecast(X_future=X_next.to_numpy(dtype=object)).shape == (3 * H, 3)


def test_recursion_is_that_by_hand():
    y = np.sin(np.arange(80) / 3)
    X = np.arange(80)[:, None]
    model = Forecaster(GRURegressor(**SMALL), horizon=5, time=0, scale=None).fit(X, y)
    by_hand = GRURegressor(**SMALL, return_sequences=True, k1=50).fit([y[:-1, None]], [y[1:]])
    expected = by_hand.forecast([y[:, None]], 5)
    assert (model.predict(np.arange(80, 85)[:, None]) == expected).all()
    assert (model.predict(np.array([[84], [81]])) == expected[[4, 1]]).all()
    assert (forecast(model.estimator_, [y[:, None]], 5) == expected).all()
    assert (model.forecast()[:, 1] == expected).all()
    assert model.forecast(7).shape == (7, 2)


def test_direct_is_that_by_hand():
    y = np.sin(np.arange(80) / 3)
    X = np.arange(80)[:, None]
    model = Forecaster(GRURegressor(**SMALL), horizon=3, time=0, scale=None, strategy="direct").fit(X, y)
    targets = np.stack([y[1:-2], y[2:-1], y[3:]], axis=1)
    by_hand = GRURegressor(**SMALL, return_sequences=True, k1=50).fit([y[:-3, None]], [targets])
    expected = by_hand.predict([y[:, None]])[0][-1]
    assert (model.predict(np.arange(80, 83)[:, None]) == expected).all()


def test_known_columns_are_read_at_their_own_step():
    """y is the known column of its own row: nothing else tells it."""
    rng = np.random.RandomState(0)
    X = np.stack([np.arange(300), rng.normal(size=300)], axis=1)
    for strategy in ("recursive", "direct"):
        model = Forecaster(
            GRURegressor(random_state=0), horizon=3, time=0, known=1, strategy=strategy
        ).fit(X[:290], X[:290, 1])
        assert np.abs(model.predict(X[290:293]) - X[290:293, 1]).max() < 0.3


def test_other_columns_are_read_up_to_the_last_row():
    """y is the other column of the row before."""
    rng = np.random.RandomState(0)
    X = np.stack([np.arange(300), rng.normal(size=300)], axis=1)
    y = np.append(0, X[:-1, 1])
    for strategy, horizon in (("recursive", 1), ("direct", 2)):
        model = Forecaster(GRURegressor(random_state=0), horizon=horizon, time=0, strategy=strategy)
        if strategy == "recursive":
            with pytest.raises(ValueError, match=r"The columns \[1\] of X are neither known nor static"):
                clone(model).set_params(horizon=2).fit(X, y)
        model = model.fit(X[:290], y[:290])
        X_next = X[290 : 290 + horizon].copy()
        X_next[:, 1] = np.nan  # not read
        assert abs(model.predict(X_next)[0] - y[290]) < 0.3


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("difference", [1, 7])
def test_differences_are_undone(strategy, difference):
    """Where all differences are the same, forecasts go on with them."""
    y = 3.0 * np.arange(60) if difference == 1 else np.tile([1.0, 5, 2, 8, 3, 9, 4], 9)[:60]
    X = np.arange(60)[:, None]
    model = Forecaster(
        GRURegressor(hidden_size=2, max_iter=500, random_state=0), horizon=9, time=0,
        difference=difference, strategy=strategy,
    ).fit(X, y)  # fmt: skip
    expected = 3.0 * np.arange(60, 69) if difference == 1 else np.tile([1.0, 5, 2, 8, 3, 9, 4], 10)[60:69]
    np.testing.assert_allclose(model.predict(np.arange(60, 69)[:, None]), expected, rtol=1e-2, atol=0.2)


def test_calendar_on_the_wall_clock():
    """y is 1 at nine o'clock in Berlin, in summer and winter."""
    hour = pandas.date_range("2024-03-20", periods=24 * 20, freq="h", tz="Europe/Berlin")
    X, y = pandas.DataFrame({"hour": hour}), (hour.hour == 9).astype(float)
    model = Forecaster(GRURegressor(random_state=0), horizon=48, time="hour", calendar="hour")
    answer = model.fit(X[:-48], y[:-48]).forecast()
    assert answer["hour"].tolist() == hour[-48:].tolist()
    assert (answer["forecast"].round() == y[-48:]).all()


def test_without_ids_and_times():
    y = np.sin(np.arange(60) / 3)
    X = pandas.DataFrame({"x": np.cos(np.arange(60) / 3)})
    model = Forecaster(GRURegressor(**SMALL), horizon=4, known="x").fit(X, y)
    answer = model.forecast(X_future=X[:4])
    assert answer.columns.tolist() == ["step", "forecast"]
    assert answer["step"].tolist() == [60, 61, 62, 63]
    assert (model.predict(X[:4]) == answer["forecast"]).all()


@pytest.mark.parametrize(
    "more", [{"k2": "auto"}, {"solver": "lbfgs"}, {"k1": 7, "k2": 9}, {"dtype": "float32"}]
)
def test_settings_of_the_regressor(more):
    X, y = np.arange(40)[:, None], np.sin(np.arange(40))
    model = Forecaster(
        GRURegressor(**{**SMALL, **more}), horizon=1, time=0, strategy="direct", levels=0.5
    )
    assert np.isfinite(model.fit(X, y).forecast()).all()


def test_pipelines_inside(table):
    X, y, X_next, _ = table
    model = small(estimator=make_pipeline(StandardScaler(), GRURegressor(**SMALL))).fit(X, y)
    assert isinstance(model.estimator_, Pipeline)
    assert np.isfinite(model.predict(X_next)).all()
    same = small(estimator=make_pipeline("passthrough", GRURegressor(**SMALL))).fit(X, y)
    assert (same.predict(X_next) == small().fit(X, y).predict(X_next)).all()


def test_counts_are_forecast_by_a_poisson_loss():
    y = np.random.RandomState(0).poisson(np.where(np.arange(120) % 5 == 0, 20, 2))
    model = Forecaster(GRURegressor(loss="poisson", random_state=0), horizon=10, time=0, scale=None)
    answer = model.fit(np.arange(120)[:, None], y).forecast()[:, 1]
    assert (answer > 0).all()
    assert (answer[::5] > 8).all()


# --- series of other kinds --------------------------------------------------------------------------


def test_series_end_at_different_times():
    X, y, X_next, _ = split(*shops())
    short = (X["shop"] == "b") & (X["day"] >= "2024-04-01")
    model = small().fit(X[~short], y[~short])
    X_all = pandas.concat([X[short], X_next])
    answer = model.forecast(X_future=X_all)
    first = answer.groupby("shop")["day"].min().astype(str).tolist()
    assert first == ["2024-04-30", "2024-04-01", "2024-04-30"]
    b = X_all[X_all["shop"] == "b"][:H]
    assert (model.predict(b) == answer["forecast"][answer["shop"] == "b"]).all()


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_series_shorter_than_the_horizon(table, strategy):
    X, y, X_next, _ = table
    keep = (X["shop"] != "c") | (X["day"] >= X["day"].max() - pandas.Timedelta(days=4))
    model = small(strategy=strategy, levels=0.8).fit(X[keep], y[keep])
    assert np.isfinite(model.predict_interval(X_next)).all()


def test_new_series_are_taken_in_by_update(table, fitted):
    X, y, X_next, _ = table
    model = pickle.loads(pickle.dumps(fitted))
    new = X[X["shop"] == "b"].assign(shop="new")
    with pytest.raises(
        ValueError, match=r"Row 0 of X is of series 'new', of which there are no rows yet"
    ):
        model.predict(new[:2])
    model.update(new, y[X["shop"] == "b"])
    assert model.sequence_ids_.tolist() == ["a", "b", "c", "new"]
    answer = model.predict(X_next[X_next["shop"] == "b"].assign(shop="new"))
    assert np.isfinite(answer).all()
    assert (model.predict(X_next) == fitted.predict(X_next)).all()


def test_update_is_a_longer_past():
    y = np.sin(np.arange(80) / 3)
    X = np.arange(80)[:, None]
    model = Forecaster(GRURegressor(**SMALL), horizon=5, time=0, scale=None).fit(X[:60], y[:60])
    theta = model.estimator_.weights_["readout.W"].copy()
    assert model.update(X[60:70], y[60:70]).update(X[70:][::-1], y[70:][::-1]) is model
    assert (model.estimator_.weights_["readout.W"] == theta).all()
    expected = model.estimator_.forecast([y[:, None]], 5)
    assert (model.predict(np.arange(80, 85)[:, None]) == expected).all()
    for wrong in (X[70:75], np.arange(81, 83)[:, None]):
        with pytest.raises(
            ValueError, match=r"rows of X begin at time .*, but must follow.*from time 80 on"
        ):
            model.update(wrong, y[: len(wrong)])


def test_update_without_times():
    y = np.sin(np.arange(80) / 3)
    X = np.zeros((80, 1))
    model = Forecaster(GRURegressor(**SMALL), horizon=5, known=0).fit(X[:60], y[:60])
    model.update(X[:20], y[60:])
    assert model.forecast(X_future=X[:5])[:, 0].tolist() == [80, 81, 82, 83, 84]


@pytest.mark.parametrize("interval", ["conformal", "adaptive"])
def test_series_that_are_forgotten(table, interval):
    """The others go on as before, bit by bit; one that comes again is a new series."""
    X, y, X_next, y_next = table
    model = small(levels=0.8, interval=interval).fit(X, y).update(X_next[:H], y_next[:H])
    kept, gone = model, pickle.loads(pickle.dumps(model))
    assert gone.forget_series("a") is gone
    gone = pickle.loads(pickle.dumps(gone))
    assert gone.sequence_ids_.tolist() == ["b", "c"]
    for one in (kept, gone):
        one.update(X_next[H:], y_next[H:])
    later = X_next.assign(day=X_next["day"] + pandas.Timedelta(days=H))
    others = later[later["shop"] != "a"]
    assert (gone.predict_interval(others) == kept.predict_interval(others)).all()
    assert gone.forecast(X_future=others)["shop"].unique().tolist() == ["b", "c"]
    with pytest.raises(ValueError, match="of series 'a', of which there are no rows yet"):
        gone.predict(later)
    past = X["shop"] == "a"
    gone.update(X[past], y[past])
    assert gone.sequence_ids_.tolist() == ["b", "c", "a"]
    assert (gone.predict(X_next[:H]) == small().fit(X, y).predict(X_next[:H])).all()


def test_all_series_may_be_forgotten(table):
    X, y, X_next, _ = table
    model = small(levels=0.8, interval="adaptive").fit(X, y)
    for wrong in ("q", ["a", "q"]):
        with pytest.raises(ValueError, match="There is no series 'q': those that are known are in seq"):
            model.forget_series(wrong)
    assert model.forget_series([]).sequence_ids_.tolist() == ["a", "b", "c"]
    assert model.forget_series(set("abc")).sequence_ids_.tolist() == []
    model = pickle.loads(pickle.dumps(model))
    with pytest.raises(ValueError, match="There is no series to forecast: all were forgotten"):
        model.forecast(X_future=X_next)
    again = small(levels=0.8).fit(X, y)
    assert (model.update(X, y).predict(X_next) == again.predict(X_next)).all()
    steps = np.arange(20)[:, None]
    alone = Forecaster(GRURegressor(**SMALL), horizon=2, time=0).fit(steps, np.arange(20.0))
    answer = alone.forecast()
    alone.forget_series(alone.sequence_ids_).update(steps, np.arange(20.0))
    assert (alone.forecast() == answer).all()


def test_a_series_that_begins_in_a_test_part(table):
    X, y, X_next, y_next = table
    late = X_next[X_next["shop"] == "a"].assign(shop="late")
    X, y = pandas.concat([X, X_next, late]), pandas.concat([y, y_next, y_next[: len(late)]])
    cv = RollingOrigin(1, horizon=H, time="day", sequence_id="shop")
    assert np.isfinite(cross_val_score(small(), X, y, cv=cv, error_score="raise")).all()


# --- intervals --------------------------------------------------------------------------------------


def test_intervals(table, fitted):
    X, y, X_next, _ = table
    bounds, answer = fitted.predict_interval(X_next), fitted.predict(X_next)
    assert bounds.shape == (3 * H, 2, 2)
    assert (bounds[:, 0, 1] < bounds[:, 0, 0]).all()
    assert (bounds[:, 0] < answer[:, None]).all()
    assert (bounds[:, 1] > answer[:, None]).all()
    assert (bounds[:, 1, 0] < bounds[:, 1, 1]).all()
    of_table = fitted.forecast(X_future=X_next)
    assert of_table.columns.tolist() == [
        "shop", "day", "forecast", "lower_80", "upper_80", "lower_90", "upper_90"
    ]  # fmt: skip
    assert (of_table["upper_90"] == bounds[:, 1, 1]).all()
    plain = small().fit(X, y)
    assert (plain.predict(X_next) == answer).all()
    with pytest.raises(ValueError, match="predict_interval needs levels: fit with levels"):
        plain.predict_interval(X_next)
    with pytest.raises(ValueError, match="horizon=11 is more than the 10 steps of fit"):
        fitted.forecast(11, X_next)


@pytest.mark.parametrize(
    ("strategy", "interval"),
    [("recursive", "conformal"), ("recursive", "sampled"), ("direct", "conformal")],
)
def test_intervals_hold(strategy, interval):
    """On autoregressions, at every step of the horizon and over all."""
    rng, n, T = np.random.RandomState(0), 400, 90
    y = np.zeros((n, T + 6))
    for t in range(1, T + 6):
        y[:, t] = 0.7 * y[:, t - 1] + rng.normal(size=n)
    y *= 10.0 ** rng.randint(-2, 3, size=(n, 1))
    ids, times = np.repeat(np.arange(n), T + 6), np.tile(np.arange(T + 6), n)
    X, is_next = np.stack([ids, times], axis=1), times >= T
    model = Forecaster(
        GRURegressor(hidden_size=8, random_state=0), horizon=6, sequence_id=0, time=1, levels=[0.8],
        strategy=strategy, interval=interval,
    ).fit(X[~is_next], y.ravel()[~is_next])  # fmt: skip
    bounds = model.predict_interval(X[is_next])[:, :, 0].reshape(n, 6, 2)
    inside = (bounds[..., 0] <= y[:, T:]) & (y[:, T:] <= bounds[..., 1])
    assert abs(inside.mean() - 0.8) < 0.04
    assert (np.abs(inside.mean(axis=0) - 0.8) < 0.1).all()


# --- scikit-learn -----------------------------------------------------------------------------------


def test_in_scikit_learns_tools(table):
    X, y = shops(n=60)
    day = X["day"].rank(method="dense").to_numpy() - 1
    splits = [(np.flatnonzero(day < n), np.flatnonzero((day >= n) & (day < n + 5))) for n in (45, 50)]
    model = small(5)
    scores = cross_val_score(model, X, y, cv=splits)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    grid = {"difference": [None, 7], "estimator__hidden_size": [2, 3]}
    search = GridSearchCV(model, grid, cv=splits, scoring="neg_mean_absolute_error").fit(X, y)
    assert set(search.best_params_) == set(grid)
    pipe = Pipeline([("as it is", FunctionTransformer()), ("model", model)]).fit(X, y)
    assert pipe.named_steps["model"].forecast(X_future=shops(n=65)[0]).shape == (15, 3)


def test_clones_and_pickles(table, fitted):
    X_next = table[2]
    params = fitted.get_params(deep=False)
    again = clone(fitted)
    assert {k: v for k, v in again.get_params(deep=False).items() if k != "estimator"} == {
        k: v for k, v in params.items() if k != "estimator"
    }
    with pytest.raises(NotFittedError):
        again.predict(X_next)
    with pytest.raises(NotFittedError):
        again.forecast()
    loaded = pickle.loads(pickle.dumps(fitted))
    assert (loaded.predict(X_next) == fitted.predict(X_next)).all()
    assert loaded.forecast(X_future=X_next).equals(fitted.forecast(X_future=X_next))
    assert fitted.estimator.get_params() == GRURegressor(**SMALL).get_params()
    assert fitted.n_features_in_ == 3
    assert fitted.feature_names_in_.tolist() == ["shop", "day", "promotion"]


# --- what is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"horizon": 0}, "'horizon' parameter"),
        ({"strategy": "both"}, "'strategy' parameter"),
        ({"interval": "wide"}, "'interval' parameter"),
        ({"interval": "sampled", "strategy": "direct"}, "interval=\"sampled\" and strategy='direct' do"),
        ({"scale": "all"}, "'scale' parameter"),
        ({"difference": 0}, "'difference' parameter"),
        ({"levels": [0.9, 1.2]}, "levels must be numbers between 0 and 1"),
        ({"levels": 0.999}, r"levels=.* and \d+ forecasts of the last rows .*needs 999"),
        ({"known": "promo"}, "known='promo' is not a column of X. Its columns are"),
        ({"known": ["promotion", "day"]}, "names column 'day', which is time already"),
        ({"static": "promotion"}, "Column 'promotion' stands in known and in static"),
        (
            {"known": (), "static": "promotion"},
            "'promotion' of X is named in static, but is not the same",
        ),
        ({"known": ()}, r"The columns \['promotion'\] of X are neither known nor static"),
        ({"calendar": "moon"}, "names 'moon', which is none of"),
        ({"time": None, "known": ["promotion", "day"]}, "'day' of X holds datetime.* make numbers"),
        ({"difference": 119}, "X has no series of 121 rows or more"),
        ({"difference": 115, "levels": 0.8}, "levels needs a series of 127 rows or more"),
        ({"estimator": GRURegressor(bidirectional=True)}, "bidirectional=True of GRURegressor and Forec"),
        ({"estimator": GRURegressor(gradient="rtrl")}, "gradient='rtrl' of GRURegressor and Forecaster"),
        ({"estimator": GRURegressor(target_delay=1)}, "target_delay=1 of GRURegressor"),
        (
            {"estimator": GRURegressor(loss="quantile", quantile=[0.1, 0.9])},
            r"quantile=\[0.1, 0.9\] of GRU",
        ),
        ({"estimator": GRURegressor(loss="poisson")}, 'loss="poisson" of GRURegressor needs y as it is'),
        ({"estimator": make_pipeline(SlidingWindow(3), GRURegressor())}, "is a SlidingWindow"),
    ],
)
def test_parameters_that_do_not_go(table, options, said):
    with pytest.raises(ValueError, match=said) as error:
        small(**options).fit(*table[:2])
    assert len(str(error.value)) <= 600


def test_estimators_that_do_not_go(table):
    for other in (Ridge(), make_pipeline(StandardScaler(), Ridge())):
        with pytest.raises(TypeError, match=r"must be a regressor of skrnn, .* got Ridge"):
            small(estimator=other).fit(*table[:2])


def test_rows_that_do_not_follow(table, fitted):
    X, _, X_next, _ = table
    late = X_next.assign(day=X_next["day"] + pandas.Timedelta(days=1))
    holes = X_next[X_next["day"] != "2024-05-03"]
    for wrong, said in (
        (X[:5], r"Row 0 of X of series 'a' \(2024-01-01.*\) does not follow .* end at time 2024-04-29"),
        (late, "Row 9 of X of series 'a' is 11 steps after the last row of its series, but horizon=10"),
        (
            holes,
            r"X has no row at time 2024-05-03.* of series 'a', step 4 .*known columns \['promotion'\]",
        ),
        (X_next.drop(columns="promotion"), "known or static='promotion' is not a column of X"),
        (X_next.assign(promotion=np.nan), "Column 'promotion' of X is nan in row 0"),
        (X_next.assign(promotion="yes"), "holds 'yes', but in fit it held numbers"),
        (pandas.concat([X_next, X_next[:1]]), "have the same time"),
        (X_next[:0], "empty"),
        (X_next["promotion"].to_numpy(), "X must be a long table"),
    ):
        with pytest.raises(ValueError, match=re.compile(said)) as error:
            fitted.predict(wrong)
        assert len(str(error.value)) <= 600
    with pytest.raises(ValueError, match=r"X_future is needed: the columns \['promotion'\]"):
        fitted.forecast()
    with pytest.raises(ValueError, match="X_future has no rows of series 'c'"):
        fitted.forecast(X_future=X_next[X_next["shop"] != "c"])
    with pytest.raises(ValueError, match="X_future has no row at time 2024-05-03"):
        fitted.forecast(X_future=holes)
    assert len(fitted.forecast(3, holes)) == 9  # only rows that are read are asked for


def test_targets_that_do_not_go(table):
    X, y, _, _ = table
    for wrong, said in (
        (y.where(y.index != 7), "Input y contains NaN: row 7 of series 'a'"),
        (y[:-1], "inconsistent numbers of samples: X has 360 rows, y 359"),
        (np.stack([y, y], axis=1), r"y must hold one number for each row of X, but has the shape"),
        (np.full(len(y), "many"), "y holds text"),
        (1e200 * y, r"y has values above 1e\+150"),
    ):
        with pytest.raises(ValueError, match=said):
            small().fit(X, wrong)


def test_an_array_of_other_columns():
    X = np.stack([np.arange(60), np.ones(60)], axis=1)
    model = Forecaster(GRURegressor(**SMALL), horizon=2, time=0, known=1).fit(X, np.arange(60.0))
    with pytest.raises(ValueError, match="X has 3 columns, but in fit X had 2"):
        model.predict(np.ones((2, 3)))


def test_a_fit_that_fails_changes_nothing(table, fitted):
    model, X_next = pickle.loads(pickle.dumps(fitted)), table[2]
    expected = model.predict(X_next)
    with pytest.raises(ValueError, match="known"):
        model.set_params(known="no").fit(*table[:2])
    assert (model.predict(X_next) == expected).all()
