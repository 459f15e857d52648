"""ConformalRegressor: its bounds, in every form of X and y, and what it says of what is wrong."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skrnn import (
    ConformalRegressor,
    Forecaster,
    GRUClassifier,
    GRUEncoderDecoder,
    GRUEncoderDecoderRegressor,
    GRURegressor,
    NaiveForecaster,
    SlidingWindow,
    TimeDistributed,
)  # fmt: skip

SMALL = {"hidden_size": 3, "max_iter": 3, "tol": None, "random_state": 0}
N, T, TRAIN = 40, 6, 30
rng = np.random.RandomState(0)
X = rng.normal(size=(N, T, 2))
Y = X[:, :, 0] + 0.3 * rng.normal(size=(N, T))
LENGTHS = rng.randint(2, T + 1, size=N)


def small(**more):
    return GRURegressor(**SMALL, **more)


def ragged(values, items=slice(None)):
    return [one[:m] for one, m in zip(values[items], LENGTHS[items], strict=True)]


def table(items=range(N), seed=0):
    """The ragged sequences as rows of steps in any order of the sequences: X (id, features), y."""
    ids = np.repeat(items, LENGTHS[items])
    rows = np.concatenate(
        [np.column_stack([X[i][:m], Y[i][:m]]) for i, m in zip(items, LENGTHS[items], strict=True)]
    )
    steps = np.concatenate([np.arange(LENGTHS[i]) for i in items])
    order = np.lexsort((np.random.RandomState(seed).permutation(N)[ids], steps))
    return np.column_stack([ids, rows[:, :2]])[order], rows[order, 2], order


# --- what the bounds are ----------------------------------------------------------------------------


def plus_by_hand(estimator, X, y, X_new, level, folds=5):
    """CV+ word for word, for one target of each sample."""
    lower, upper = [], []
    for train, test in KFold(folds).split(X):
        model = clone(estimator).fit(X[train], y[train])
        error, answer = np.abs(y[test] - model.predict(X[test])), model.predict(X_new)
        lower.append(answer[:, None] - error)
        upper.append(answer[:, None] + error)
    n = len(y)
    rank = int(np.ceil(level * (n + 1) - 1e-9))
    lower, upper = (np.sort(np.concatenate(one, axis=1), axis=1) for one in (lower, upper))
    return np.stack([lower[:, n - rank], upper[:, rank - 1]], axis=1)


@pytest.mark.parametrize("level", [0.5, 0.9])
@pytest.mark.parametrize("folds", [None, 3])
def test_folds_are_cv_plus(level, folds):
    y = Y[:, -1]
    model = ConformalRegressor(small(), level, cv=folds).fit(X[:TRAIN], y[:TRAIN])
    expected = plus_by_hand(small(), X[:TRAIN], y[:TRAIN], X[TRAIN:], level, folds or 5)
    np.testing.assert_allclose(model.predict_interval(X[TRAIN:])[..., 0], expected, rtol=1e-12)
    assert len(model.estimators_) == (folds or 5)
    plain = small().fit(X[:TRAIN], y[:TRAIN])
    assert (model.predict(X[TRAIN:]) == plain.predict(X[TRAIN:])).all()
    assert model.score(X[TRAIN:], y[TRAIN:]) == plain.score(X[TRAIN:], y[TRAIN:])


def test_a_split_and_a_frozen_estimator_are_split_conformal():
    y, train, test = Y[:, -1], np.arange(0, 20), np.arange(20, 30)
    split = ConformalRegressor(small(), [0.5, 0.8], cv=[(train, test)]).fit(X, y)
    fitted = small().fit(X[train], y[train])
    frozen = ConformalRegressor(FrozenEstimator(fitted), [0.5, 0.8]).fit(X[test], y[test])
    bounds = frozen.predict_interval(X)
    assert (split.predict_interval(X) == bounds).all()
    errors = np.sort(np.abs(fitted.predict(X[test]) - y[test]))
    half = errors[[5, 8]]  # ceil(11 * 0.5) = 6, ceil(11 * 0.8) = 9
    np.testing.assert_allclose(bounds[:, 1] - bounds[:, 0], np.tile(2 * half, (N, 1)), rtol=1e-12)
    assert (frozen.predict(X) == fitted.predict(X)).all()
    assert (split.predict(X) == small().fit(X, y).predict(X)).all()


@pytest.mark.parametrize("kind", ["pandas", "polars", "array"])
def test_steps_as_lists_and_as_rows_are_the_same(kind):
    """Whole sequences are held out, of a table by its ids."""
    folds = [np.arange(k, TRAIN, 3) for k in range(3)]
    of_lists = [(np.setdiff1d(np.arange(TRAIN), one), one) for one in folds]
    lists = ConformalRegressor(small(return_sequences=True), 0.8, cv=of_lists)
    lists.fit(ragged(X, slice(TRAIN)), ragged(Y, slice(TRAIN)))
    expected = lists.predict_interval(ragged(X, slice(TRAIN, N)))
    assert expected.dtype == object
    assert [one.shape for one in expected] == [(m, 2, 1) for m in LENGTHS[TRAIN:]]
    tables, y, _ = table(np.arange(TRAIN))
    new, _, new_order = table(np.arange(TRAIN, N))
    of_rows = [tuple(np.flatnonzero(np.isin(tables[:, 0], one)) for one in split) for split in of_lists]
    if kind != "array":
        frames = pytest.importorskip(kind)
        tables, new = (
            frames.DataFrame({"id": t[:, 0].astype(int).astype(str), "a": t[:, 1], "b": t[:, 2]})
            for t in (tables, new)
        )
    rows = ConformalRegressor(
        small(rows="steps", sequence_id=0 if kind == "array" else "id"), 0.8, cv=of_rows
    )
    bounds = rows.fit(tables, y).predict_interval(new)
    np.testing.assert_allclose(bounds, np.concatenate(list(expected))[new_order], rtol=1e-6)


def test_folds_of_a_table_are_whole_series():
    rows, y, _ = table()
    model = ConformalRegressor(small(rows="steps", sequence_id=0), 0.8, cv=4).fit(rows, y)
    cv = [*GroupKFold(4).split(rows, groups=np.unique(rows[:, 0], return_inverse=True)[1])]
    same = ConformalRegressor(small(rows="steps", sequence_id=0), 0.8, cv=cv).fit(rows, y)
    assert model.predict_interval(rows).shape == (len(rows), 2, 1)
    assert (model.predict_interval(rows) == same.predict_interval(rows)).all()
    for part in model.estimators_:
        assert len(part.sequence_ids_) == 30


@pytest.mark.parametrize("form", ["one", "list", "objects", "several"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_shapes(form, n_outputs):
    per_step = form != "one"
    y = Y if n_outputs == 1 else np.stack([Y, -Y], axis=2)
    X_, y = (X, y if per_step else y[:, -1]) if form in ("one", "several") else (ragged(X), ragged(y))
    if form == "objects":
        X_, wrapped = np.empty(N, dtype=object), X_
        X_[:] = wrapped
    model = ConformalRegressor(small(return_sequences=per_step), [0.5, 0.8, 0.9]).fit(X_, y)
    bounds, answer = model.predict_interval(X_), model.predict(X_)
    if form in ("list", "objects"):
        assert [one.shape for one in bounds] == [(*one.shape, 2, 3) for one in answer]
        bounds, answer = np.concatenate(list(bounds)), np.concatenate(list(answer))
    assert bounds.shape == (*answer.shape, 2, 3)
    assert (np.diff(bounds[..., 1, :]) >= 0).all()
    middle = bounds.mean(axis=-2)
    assert (np.abs(middle - answer[..., None]) < np.ptp(bounds, axis=-2)).mean() > 0.95


def test_outputs_have_widths_of_their_own():
    y = np.stack([Y, 1000 * Y], axis=2)
    model = ConformalRegressor(small(return_sequences=True)).fit(X, y)
    width = np.ptp(model.predict_interval(X), axis=-2)[..., 0]
    assert (width[..., 1] > 300 * width[..., 0]).all()


def test_intervals_hold_for_steps_of_unequal_sequences():
    """200 new sequences of which long ones count as short ones do; the standard error is 0.01."""
    rng = np.random.RandomState(1)
    x = [rng.normal(size=(m, 1)) for m in rng.randint(1, 12, size=400)]
    y = [one[:, 0] + 0.3 * rng.normal(size=len(one)) for one in x]
    model = ConformalRegressor(
        GRURegressor(4, max_iter=20, tol=None, return_sequences=True, random_state=0), [0.7]
    ).fit(x[:200], y[:200])
    bounds = model.predict_interval(x[200:])
    shares = [
        ((b[:, 0, 0] <= v) & (v <= b[:, 1, 0])).mean() for b, v in zip(bounds, y[200:], strict=True)
    ]
    assert abs(np.mean(shares) - 0.7) < 0.05


# --- parameters of fit ------------------------------------------------------------------------------


def test_steps_of_answers_have_widths_of_their_own():
    """Of encoder-decoders; noise grows from step to step. One output is as one axis less."""
    rng, n = np.random.RandomState(0), 120
    X, y = rng.normal(size=(n, 4, 1)), rng.normal(size=(n, 3, 2)) * np.array([0.1, 1, 10])[:, None]
    pairs = GRUEncoderDecoderRegressor(**SMALL)
    model = ConformalRegressor(pairs, [0.5, 0.8], cv=2).fit(X, y)
    bounds = model.predict_interval(X[:7])
    assert bounds.shape == (7, 3, 2, 2, 2)
    widths = np.diff(bounds, axis=-2).mean(axis=(0, 2, 3, 4))
    assert (widths[1:] > 1.5 * widths[:-1]).all()
    one = ConformalRegressor(FrozenEstimator(pairs.fit(X, y[..., 0])), 0.8)
    weight = np.repeat(np.arange(n)[:, None] % 2, 3, axis=1)  # of a pair, if any step has one
    halved = one.fit(X[1::2], list(y[1::2, :, 0])).predict_interval(X[:7])
    assert halved.shape == (7, 3, 2, 1)
    assert (one.fit(X, y[..., 0], sample_weight=weight).predict_interval(X[:7]) == halved).all()
    with pytest.raises(ValueError, match="y holds sequences of 1 to 3 steps, but intervals"):
        model.fit(X, [row[: 1 + k % 3] for k, row in enumerate(y)])
    with pytest.raises(ValueError, match=r"sequences of 2 steps, but the frozen .* answers with 3"):
        one.fit(X, y[:, :2, 0])


def test_weights_train_and_zeros_measure_nothing():
    y = Y[:, -1].copy()
    weight = np.ones(N)
    weight[::4] = 0
    model = ConformalRegressor(small(), 0.8, cv=[(np.arange(20), np.arange(20, N))])
    expected = model.fit(X, y, sample_weight=weight).predict_interval(X)
    y[20::4] = 1e3  # not measured; those before are not trained on
    y[:20:4] = -1e3
    assert (clone(model).fit(X, y, sample_weight=weight).predict_interval(X) == expected).all()
    assert not (clone(model).fit(X, y).predict_interval(X) == expected).all()


@pytest.mark.parametrize("is_ragged", [False, True])
def test_weights_of_steps(is_ragged):
    """Padding of weight zero is not measured."""
    X_, y, weight = X.copy(), Y.copy(), np.ones((N, T))
    weight[:, 4:] = 0
    if is_ragged:
        X_, y, weight = ragged(X_), ragged(y), ragged(weight)
    model = ConformalRegressor(small(return_sequences=True), 0.8)
    expected = model.fit(X_, y, sample_weight=weight).predict_interval(X_)
    for one in y:
        one[4:] = 1e3
    found = model.fit(X_, y, sample_weight=weight).predict_interval(X_)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_fold_without_weights_is_left_out():
    weight = np.ones(N)
    weight[:8] = 0
    model = ConformalRegressor(small(), 0.8).fit(X, Y[:, -1], sample_weight=weight)
    assert len(model.estimators_) == 4
    with pytest.raises(ValueError, match="needs 49 of them"):
        ConformalRegressor(small(), 0.98).fit(X, Y[:, -1])


def test_weights_of_a_pipeline_and_groups():
    estimator = make_pipeline(TimeDistributed(StandardScaler()), small())
    weight, groups = np.where(np.arange(N) < 30, 1.0, 0.0), np.arange(N) % 7
    model = ConformalRegressor(estimator, 0.8, cv=GroupKFold(3))
    model.fit(X, Y[:, -1], gruregressor__sample_weight=weight, groups=groups)
    assert len(model.estimators_) == 3
    plain = clone(estimator).fit(X, Y[:, -1], gruregressor__sample_weight=weight)
    assert (model.predict(X) == plain.predict(X)).all()


def test_metadata_routing():
    weight, groups = np.linspace(0.5, 2, N), np.arange(N) % 7
    with config_context(enable_metadata_routing=True):
        inner = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        model = ConformalRegressor(inner, 0.8, cv=GroupKFold(3))
        model.fit(X, Y[:, -1], sample_weight=weight, groups=groups)
        expected = small().fit(X, Y[:, -1], sample_weight=weight)
        assert (model.predict(X) == expected.predict(X)).all()
        score = model.score(X, Y[:, -1], sample_weight=weight)
        assert score == expected.score(X, Y[:, -1], sample_weight=weight)
        search = GridSearchCV(ConformalRegressor(inner, 0.5), {"cv": [2, 3]}, cv=2)
        search.fit(X, Y[:, -1], sample_weight=weight)
        with pytest.raises(TypeError, match="sample_weight"):
            ConformalRegressor(Ridge().set_fit_request(sample_weight=False), 0.8).fit(
                X[:, 0], Y[:, 0], sample_weight=weight
            )


# --- with others ------------------------------------------------------------------------------------


def test_clones_pickles_and_searches():
    model = ConformalRegressor(small(), [0.5, 0.8]).fit(X, Y[:, -1])
    loaded = pickle.loads(pickle.dumps(model))
    assert (loaded.predict_interval(X) == model.predict_interval(X)).all()
    assert clone(model).get_params(deep=False)["levels"] == [0.5, 0.8]
    search = GridSearchCV(ConformalRegressor(small()), {"estimator__hidden_size": [2, 3]}, cv=2)
    assert search.fit(X, Y[:, -1]).best_estimator_.predict_interval(X).shape == (N, 2, 1)
    around = ConformalRegressor(GridSearchCV(small(), {"hidden_size": [2, 3]}, cv=2), cv=2).fit(
        X, Y[:, -1]
    )
    assert around.predict_interval(X).shape == (N, 2, 1)
    assert model.n_features_in_ == 2
    assert "generated/skrnn.ConformalRegressor.html" in model._repr_html_()


def test_windows_of_a_table():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": X[:, 0, 0], "b": X[:, 0, 1]}, index=range(100, 100 + N))
    model = ConformalRegressor(make_pipeline(SlidingWindow(3), small()), 0.8, cv=TimeSeriesSplit(3))
    model.fit(frame, pandas.Series(Y[:, 0], index=frame.index))
    assert model.predict_interval(frame).shape == (N, 2, 1)
    assert model.feature_names_in_.tolist() == ["a", "b"]


def test_other_regressors():
    flat = X[:, :, 0]
    model = ConformalRegressor(LinearRegression(), 0.5).fit(flat, Y[:, -1])
    expected = plus_by_hand(LinearRegression(), flat, Y[:, -1], flat, 0.5)
    np.testing.assert_allclose(model.predict_interval(flat)[..., 0], expected, rtol=1e-9)


def test_as_mapie_has_it():
    """An implementation of others, with the same folds, and the classes of it that the docs name."""
    mapie = pytest.importorskip("mapie.regression")
    if not hasattr(mapie, "CrossConformalRegressor"):
        pytest.skip("MAPIE is older than 1.0")
    y = Y[:, -1]
    other = mapie.CrossConformalRegressor(small(), confidence_level=0.8, cv=KFold(5), method="plus")
    _, expected = other.fit_conformalize(X[:TRAIN], y[:TRAIN]).predict_interval(X[TRAIN:])
    model = ConformalRegressor(small(), 0.8).fit(X[:TRAIN], y[:TRAIN])
    np.testing.assert_allclose(model.predict_interval(X[TRAIN:]), expected, rtol=1e-6)


SLOW = pytest.param(
    ConformalRegressor(GRURegressor(4, random_state=0), 0.3, cv=2), marks=pytest.mark.slow
)
CANNOT_APPLY = {"check_array_api_input"}  # wants an environment variable


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks([ConformalRegressor(Ridge(), 0.3, cv=2)])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([ConformalRegressor(GRURegressor(4, random_state=0), 0.3, cv=2)])
def test_checks_of_scikit_learn_around_a_network(estimator, check):
    check(estimator)


def test_number_of_checks():
    model = ConformalRegressor(GRURegressor(4, random_state=0), 0.3, cv=2)
    assert len(list(estimator_checks_generator(model))) >= 50


# --- what is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"levels": 1.0}, ValueError, "'levels' parameter|levels must be numbers between"),
        ({"levels": []}, ValueError, r"levels must be numbers between 0 and 1, got \[\]"),
        ({"levels": "most"}, ValueError, "levels"),
        ({"levels": [0.9, 0.99]}, ValueError, r"40 sequences to measure .* 0.99 needs 99 of them"),
        ({"cv": "prefit"}, ValueError, r"cv='prefit' is no splitter: .*FrozenEstimator\(estimator\)"),
        ({"cv": 1}, ValueError, "'cv' parameter"),
        ({"cv": 41}, ValueError, "n_splits=41 greater than the number of samples"),
        ({"estimator": 3}, ValueError, "'estimator' parameter"),
        ({"estimator": Forecaster(GRURegressor(), horizon=2)}, TypeError, "is a Forecaster, .* set"),
        ({"estimator": NaiveForecaster()}, TypeError, "is a NaiveForecaster"),
        ({"estimator": GRUClassifier()}, TypeError, "must be a regressor .*, got GRUClassifier"),
        ({"estimator": LogisticRegression()}, TypeError, "must be a regressor .*, got LogisticRegr"),
        ({"estimator": GRUEncoderDecoder()}, TypeError, "must be a regressor .*, got GRUEncoderDecoder"),
        (
            {"estimator": small(loss="quantile", quantile=[0.1, 0.9])}, ValueError,
            r"quantile=\[0.1, 0.9\] of GRURegressor predicts several numbers",
        ),
    ],
)  # fmt: skip
def test_parameters_that_do_not_go(options, error, said):
    model = ConformalRegressor(**{"estimator": small(), **options})
    with pytest.raises(error, match=said) as raised:
        model.fit(X, Y[:, -1])
    assert len(str(raised.value)) <= 600
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_tables_without_whole_series_to_hold_out():
    rows, y, _ = table()
    with pytest.raises(ValueError, match=r"X is a single series .* Forecaster has levels"):
        ConformalRegressor(small(rows="steps")).fit(rows, y)
    goes_on = small(rows="steps", sequence_id=0, initial_state="last")
    with pytest.raises(ValueError, match=r'initial_state="last" goes on .* pass cv=RollingOrigin'):
        ConformalRegressor(goes_on).fit(rows, y)
    by_time = ConformalRegressor(small(rows="steps"), 0.8, cv=TimeSeriesSplit(2)).fit(rows, y)
    assert by_time.predict_interval(rows).shape == (len(rows), 2, 1)  # each step by itself
    with pytest.raises(ValueError, match=r"levels=.* and 1 sequences"):
        ConformalRegressor(FrozenEstimator(small(rows="steps").fit(rows, y))).fit(rows, y)


def test_a_fit_that_fails_changes_nothing():
    model = ConformalRegressor(small(), 0.8).fit(X, Y[:, -1])
    expected = model.predict_interval(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X > 1, np.nan, X), Y[:, -1])
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, Y[:5, -1])
    assert (model.predict_interval(X) == expected).all()
    with pytest.raises(ValueError, match="feature"):
        model.predict_interval(X[:, :, :1])
    with pytest.raises(NotFittedError):
        ConformalRegressor(small()).predict_interval(X)


def test_jobs_make_no_difference():
    from joblib import parallel_config

    model = ConformalRegressor(small(), 0.8, cv=ShuffleSplit(3, random_state=0))
    expected = model.fit(X, Y[:, -1]).predict_interval(X)
    with parallel_config("threading", n_jobs=2):
        assert (model.fit(X, Y[:, -1]).predict_interval(X) == expected).all()
