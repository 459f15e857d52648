"""``embed``: columns, ids and the calendar as vectors that the network learns."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.inside import model_of

from skrnn import Forecaster, GRURegressor

N, H = 90, 7
KINDS = ["none", "tv", "web", "mail"]
EMBED = {"shop": 2, "promo": 3, "weekday": 2}
SMALL = {"hidden_size": 4, "max_iter": 2, "learning_rate": "constant", "tol": None, "random_state": 0}


def shops(seed=0, shops=("a", "b", "c")):
    """Three shops; the promotion is known ahead."""
    rng = np.random.RandomState(seed)
    days = pd.date_range("2024-01-01", periods=N)
    kinds = rng.randint(4, size=(len(shops), N))
    X = pd.concat(
        [
            pd.DataFrame({"shop": shop, "day": days, "promo": np.array(KINDS)[kind], "size": k})
            for k, (shop, kind) in enumerate(zip(shops, kinds, strict=True))
        ],
        ignore_index=True,
    )
    weekday = np.tile(np.arange(N) % 7, len(shops))
    y = 10 + np.sin(weekday) * 3 + kinds.ravel() ** 2 + rng.normal(size=len(X)) * 0.1
    return X, y, (X["day"] < days[N - H]).to_numpy()


def forecaster(**params):
    given = {
        "horizon": H, "sequence_id": "shop", "time": "day", "known": "promo", "static": "size",
        "calendar": ("weekday", "hour"), "embed": EMBED,
    }  # fmt: skip
    return Forecaster(GRURegressor(**SMALL), **{**given, **params})


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_tables_of_the_network(strategy):
    """Each column has a table with a row for each value; steps of one column share it."""
    X, y, train = shops()
    weights = forecaster(strategy=strategy).fit(X[train], y[train]).estimator_.weights_
    tables = {name: W.shape for name, W in weights.items() if name.startswith("embedding")}
    assert sorted(tables.values()) == [(3, 2), (4, 3), (7, 2)]
    # target, hour (2), size, and the vectors
    n_known = H if strategy == "direct" else 1
    assert weights["layer0.W_x"].shape[0] == 1 + 2 + 1 + 2 + 2 + 3 * n_known


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("difference", [None, 7])
def test_vectors_of_width_enough_are_one_hot(strategy, difference):
    """With tables that are the identity, a network reads what it reads without ``embed``."""
    X, y, train = shops()
    params = {"strategy": strategy, "difference": difference, "calendar": "weekday"}
    plain = forecaster(**params, embed=None).fit(X[train], y[train])
    embed = {"shop": 3, "promo": 4, "weekday": 7}
    model = forecaster(**params, embed=embed).fit(X[train], y[train])
    inner = model_of(model.estimator_)
    network = inner.network()
    history, target = model._learned.history, model._learned.target
    read = model._learned.task.strategy.inputs(history, target, 1, np.zeros((H, 1)))
    views = network.views(inner.theta.copy())
    for table in views.table:
        table[...] = np.eye(*table.shape)
    vectors = network.lookup.vectors(views.table, read)
    ahead = np.zeros((H, 4))
    ahead[:, 0] = 1  # the first of the kinds, whose code is 0
    history = plain._learned.history
    expected = plain._learned.task.strategy.inputs(history, target, 1, ahead)
    # the order of the columns is another one: every column is there as often
    assert sorted(map(tuple, vectors.T)) == sorted(map(tuple, expected.T))


def test_learns_what_columns_learn():
    X, y, train = shops()
    model = forecaster().set_params(estimator=GRURegressor(random_state=0))
    model.fit(X[train], y[train])
    assert model.score(X[~train], y[~train]) > 0.9


def test_order_and_kind_of_table_change_nothing():
    X, y, train = shops()
    model = forecaster().fit(X[train], y[train])
    expected = model.predict(X[~train])
    rows = np.random.RandomState(0).permutation(train.sum())
    mixed = X[train].iloc[rows][["promo", "size", "shop", "day"]]
    other = forecaster().fit(mixed, y[train][rows])
    np.testing.assert_array_equal(other.predict(X[~train][mixed.columns]), expected)
    frame = pl.from_pandas(X)
    polars = forecaster().fit(frame.filter(train), y[train])
    np.testing.assert_array_equal(polars.predict(frame.filter(~train)), expected)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X[~train]), expected)


def test_unknown_values_and_new_series():
    X, y, train = shops()
    model = forecaster(levels=[0.5]).fit(X[train], y[train])
    future = X[~train].assign(promo="sky writing")
    assert np.isfinite(model.predict(future)).all()
    more, z, before = shops(seed=1, shops=("z",))
    model.update(more[before], z[before])
    assert np.isfinite(model.predict(more[~before])).all()


def test_numbers_may_be_categories_and_many_ids():
    X, y, train = shops()
    X["code"] = np.arange(len(X)) % 5 * 100
    model = forecaster(known=["promo", "code"], embed={"code": 2}).fit(X[train], y[train])
    assert model.estimator_.weights_["layer0.W_x"].shape[0] == 1 + 7 + 2 + 1 + 3 + 4 + 2
    X = X.drop(columns="code")
    many = pd.concat([X.assign(shop=f"{k}-" + X["shop"]) for k in range(14)], ignore_index=True)
    ids = forecaster(embed={"shop": 2}).fit(many, np.tile(y, 14))
    assert (42, 2) in {W.shape for W in ids.estimator_.weights_.values()}


def test_refit_backtest_and_clone():
    X, y, train = shops()
    model = forecaster()
    assert clone(model).get_params()["embed"] == EMBED
    first, second = (clone(model).fit(X[train], y[train]).predict(X[~train]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"embed": {"shop": 0}}, "the width of its vectors must be an int >= 1"),
        ({"embed": {"shop": True}}, "the width of its vectors"),
        ({"embed": {"nowhere": 2}}, "nowhere"),
        ({"embed": {"month": 2}}, "'month', which is no column of X: if the calendar's is meant"),
        ({"embed": {"day": 2}}, "'day', the column of times"),
        ({"embed": {"weekday": 2}, "calendar": "hour"}, "name it in calendar"),
        (
            {"estimator": make_pipeline(StandardScaler(), GRURegressor(**SMALL))},
            "embed and a Pipeline do not go together",
        ),
        ({"estimator": GRURegressor(embedding_size=2)}, "are named in embed of the Forecaster"),
    ],
)
def test_what_is_wrong_is_named(params, match):
    X, y, train = shops()
    with pytest.raises(ValueError, match=match) as error:
        forecaster().set_params(**params).fit(X[train], y[train])
    assert len(str(error.value)) <= 600
