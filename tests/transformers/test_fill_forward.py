"""FillForward: against pandas and by hand; causal, and never from one sequence to another."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

import skrnn
from skrnn import SlidingWindow, TimeDistributed
from skrnn.preprocessing import FillForward

SMALL = {"hidden_size": 3, "max_iter": 3, "random_state": 0}
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
nan = np.nan
LENGTHS = (5, 1, 8, 3)
OPTIONS = [(True, True), (True, False), (False, True), (False, False)]
options = pytest.mark.parametrize(("indicator", "since"), OPTIONS)


def sequences(dtype=np.float64, share=0.5, lengths=LENGTHS, F=3, seed=0):
    rng = np.random.RandomState(seed)
    X = [rng.normal(size=(T, F)).astype(dtype) for T in lengths]
    for x in X:
        x[rng.uniform(size=x.shape) < share] = nan
    return X


def by_hand(x, fill, times=None, *, indicator=True, since=True):
    """One sequence (T, F), step by step."""
    times = np.arange(len(x)) if times is None else times
    values, passed, last, seen_at = (
        np.empty(x.shape),
        np.empty(x.shape),
        list(fill),
        [times[0]] * x.shape[1],
    )
    for t, row in enumerate(x):
        for k, value in enumerate(row):
            if not np.isnan(value):
                last[k], seen_at[k] = value, times[t]
            values[t, k], passed[t, k] = last[k], times[t] - seen_at[k]
    return np.hstack([values, *([np.isnan(x)] if indicator else []), *([passed] if since else [])])


def interleaved(X, seed=0):
    """A frame with a column of ids in the middle, the rows of each sequence in their order."""
    codes = np.random.RandomState(seed).permutation(np.repeat(np.arange(len(X)), list(map(len, X))))
    rows = np.empty((len(codes), X[0].shape[1]), dtype=X[0].dtype)
    for i, x in enumerate(X):
        rows[codes == i] = x
    frame = pd.DataFrame(rows, columns=list("abc"))
    frame.insert(1, "id", np.array(["u", "v", "w", "x"])[codes])
    return frame, codes


# --- what comes out ---------------------------------------------------------------------------------


@options
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_list_is_filled_as_by_hand(indicator, since, dtype):
    X = sequences(dtype)
    before = [x.copy() for x in X]
    model = FillForward(add_indicator=indicator, time_since=since).fit(X)
    np.testing.assert_allclose(model.fill_values_, np.nanmean(np.concatenate(X), axis=0), rtol=1e-6)
    answer = model.transform(X)
    assert isinstance(answer, list)
    for x, filled, old in zip(X, answer, before, strict=True):
        expected = by_hand(x, model.fill_values_, indicator=indicator, since=since)
        np.testing.assert_array_equal(filled, expected.astype(dtype))
        assert filled.dtype == dtype
        np.testing.assert_array_equal(x, old)


def test_by_default_the_time_since_is_in_steps():
    """Whether it was missing, and the number of steps since it was seen."""
    X = sequences()
    model = FillForward().fit(X)
    assert (model.add_indicator, model.time_since) == (True, True)
    for x, filled in zip(X, model.transform(X), strict=True):
        np.testing.assert_array_equal(filled, by_hand(x, model.fill_values_))
    assert max(filled[:, 6:].max() for filled in model.transform(X)) > 1


def test_every_container_gives_the_same():
    X = sequences(lengths=(4, 4, 4))
    expected = FillForward(time_since=True).fit_transform(X)
    array = FillForward(time_since=True).fit_transform(np.stack(X))
    assert array.shape == (3, 4, 9)
    np.testing.assert_array_equal(array, np.stack(expected))
    objects = np.empty(3, dtype=object)
    objects[:] = X
    answer = FillForward(time_since=True).fit_transform(objects)
    assert answer.dtype == object
    assert answer.shape == (3,)
    frames = [pd.DataFrame(x, columns=list("abc"), index=np.arange(10, 14)) for x in X]
    framed = FillForward(time_since=True).fit(frames)
    assert list(framed.feature_names_in_) == list("abc")
    for one, items in (("frames", framed.transform(frames)), ("objects", answer)):
        for x, item in zip(expected, items, strict=True):
            np.testing.assert_array_equal(item, x, err_msg=one)
    assert list(framed.transform(frames)[0].index) == [10, 11, 12, 13]
    nested = FillForward(time_since=True).fit_transform([x.tolist() for x in X])
    np.testing.assert_array_equal(nested, expected)
    one = FillForward(time_since=True).fit(X[0])  # a table: one sequence
    np.testing.assert_array_equal(one.transform(X[0]), one.transform([X[0]])[0])
    np.testing.assert_array_equal(one.transform(X[0].tolist()), one.transform(X[0]))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["pandas", "pandas by position", "polars", "objects", "numbers", "rows"])
def test_tables_with_ids_interleaved(seed, kind):
    X = sequences(seed=seed)
    frame, codes = interleaved(X, seed)
    model = FillForward(time_since=True, sequence_id="id" if kind in ("pandas", "polars") else 1)
    table = {
        "pandas": lambda: frame, "pandas by position": lambda: frame, "objects": frame.to_numpy,
        "numbers": lambda: frame.assign(id=codes).to_numpy(dtype=float),
        "rows": lambda: frame.to_numpy().tolist(),
        "polars": lambda: pytest.importorskip("polars").DataFrame(frame.to_dict("list")),
    }[kind]()  # fmt: skip
    answer = model.fit_transform(table)
    assert model.n_features_in_ == 4
    assert model.fill_values_.shape == (3,)
    if hasattr(answer, "columns"):
        told = [f"{what}_{name}" for what in ("missingindicator", "timesince") for name in "abc"]
        assert list(answer.columns) == ["a", "id", "b", "c", *told]
        assert list(answer["id"]) == list(frame["id"])
        assert type(answer) is type(table)
    values = np.asarray(answer)
    assert values.dtype == (np.float64 if kind == "numbers" else object)
    np.testing.assert_array_equal(values[:, 1], codes if kind == "numbers" else frame["id"])
    values = np.delete(values, 1, axis=1).astype(float)
    for i, filled in enumerate(FillForward(time_since=True).fit(X).transform(X)):
        np.testing.assert_allclose(values[codes == i], filled, rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_values_are_those_of_pandas(seed):
    frame, _ = interleaved(sequences(seed=seed), seed)
    filled = FillForward(sequence_id="id", fill_value=7.0).fit_transform(frame)
    features = list("abc")
    expected = frame.groupby("id")[features].ffill().fillna(7.0)
    pd.testing.assert_frame_equal(filled[features], expected)
    missing = filled[[f"missingindicator_{name}" for name in features]]
    np.testing.assert_array_equal(missing, frame[features].isna())


@options
def test_later_steps_change_nothing(indicator, since):
    X = sequences(lengths=(12,))[0]
    model = FillForward(add_indicator=indicator, time_since=since).fit(X)
    whole = model.transform(X)
    for t in range(1, 12):
        np.testing.assert_array_equal(model.transform(X[:t]), whole[:t])
        other = X.copy()
        other[t:] = np.random.RandomState(t).normal(size=other[t:].shape)
        np.testing.assert_array_equal(model.transform(other)[:t], whole[:t])


def test_other_sequences_change_nothing():
    X = sequences()
    model = FillForward(time_since=True).fit(X)
    whole = model.transform(X)
    other = [X[0], np.full_like(X[1], 1e6), X[2], np.full_like(X[3], -1e6)]
    for i in (0, 2):
        np.testing.assert_array_equal(model.transform(other)[i], whole[i])
        np.testing.assert_array_equal(model.transform([X[i]])[0], whole[i])
    frame, codes = interleaved(X)
    model = FillForward(sequence_id="id", time_since=True).fit(frame)
    alone = model.transform(frame[codes == 2])
    pd.testing.assert_frame_equal(model.transform(frame)[codes == 2], alone)


def test_nothing_is_carried_from_call_to_call():
    model = FillForward(time_since=True).fit([[1.0], [3.0]])
    model.transform([[100.0]])
    np.testing.assert_array_equal(model.transform([[nan]]), [[2, 1, 0]])


@pytest.mark.parametrize(
    ("given", "first"), [("mean", [2.0, 0.0]), (-1, [-1.0, -1.0]), (0.5, [0.5, 0.5])], ids=str
)
def test_what_stands_before_the_first_value(given, first):
    X = np.array([[[nan, nan], [1.0, nan], [3.0, nan]]])
    model = FillForward(fill_value=given, time_since=True).fit(X)
    np.testing.assert_array_equal(model.fill_values_, first)
    np.testing.assert_array_equal(model.transform(X)[0, :, 0], [first[0], 1, 3])
    np.testing.assert_array_equal(model.transform(X)[0, :, 1], [first[1]] * 3)
    np.testing.assert_array_equal(model.transform(X)[0, :, 5], [0, 1, 2])  # since the start


@pytest.mark.parametrize("unit", [1.0, 3600.0])
def test_a_time_that_is_bounded(unit):
    """Between 0 and 1, whatever the unit; one half at the mean time since, as it was in fit."""
    X = sequences(lengths=(20, 15))
    timed = [np.insert(x, 0, unit * np.arange(len(x)), axis=1) for x in X]
    plain = FillForward(time=0, time_since=True, add_indicator=False).fit(timed)
    model = FillForward(time=0, add_indicator=False, time_since="bounded").fit(timed)
    since = [x[:, 4:] for x in plain.transform(timed)]
    missing = np.isnan(np.concatenate(X))
    scales = np.concatenate(since).sum(axis=0) / missing.sum(axis=0)
    np.testing.assert_allclose(model.time_scales_, [1, *scales])
    for x, s in zip(model.transform(timed), since, strict=True):
        np.testing.assert_allclose(x[:, 4:], s / (s + scales))
    in_steps = FillForward(add_indicator=False, time_since="bounded").fit_transform(X)
    np.testing.assert_allclose(in_steps[0][:, 3:], model.transform(timed)[0][:, 4:])
    complete = FillForward(time_since="bounded").fit([[1.0], [2.0]])
    np.testing.assert_array_equal(complete.time_scales_, [1])
    np.testing.assert_array_equal(complete.transform([[nan], [nan]])[:, 2], [0, 0.5])


def test_a_mean_of_huge_values_is_finite():
    assert FillForward(time_since=True).fit([[1e308], [1e308], [nan]]).fill_values_ == pytest.approx(
        1e308
    )


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float16, bool])
def test_other_dtypes(dtype):
    X = np.array([[1, 0], [0, 1], [1, 1]]).astype(dtype)
    answer = FillForward(time_since=True).fit_transform(X)
    assert answer.dtype == (np.float64 if dtype is bool else dtype)
    np.testing.assert_array_equal(answer, np.hstack([X, np.zeros((3, 4))]))


MISSING = {
    "None in objects": lambda: np.array([[1, 2], [None, 3]], dtype=object),
    "None in rows": lambda: [[1, 2], [None, 3]],
    "NA in objects": lambda: np.array([[1, 2], [pd.NA, 3]], dtype=object),
    "NA in a frame": lambda: pd.DataFrame({"a": [1, pd.NA], "b": [2, 3]}),
    "None in a frame": lambda: pd.DataFrame({"a": pd.Series([1, None], dtype=object), "b": [2, 3]}),
    "Int64": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [2, 3]}),
    "Float32": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="Float32"), "b": [2, 3]}),
    "polars": lambda: pytest.importorskip("polars").DataFrame({"a": [1, None], "b": [2, 3]}),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing(case):
    X = MISSING[case]()
    expected = [[1, 2, 0, 0, 0, 0], [1, 3, 1, 0, 1, 0]]
    np.testing.assert_array_equal(
        np.asarray(FillForward(time_since=True).fit_transform(X), dtype=float), expected
    )
    if not isinstance(X, list):
        answer = FillForward(time_since=True).fit_transform([X])[0]
        np.testing.assert_array_equal(np.asarray(answer, dtype=float), expected)


def test_names_that_are_no_strings():
    numbers = FillForward(sequence_id=0).fit_transform(pd.DataFrame([[5, 1.0], [5, nan]]))
    assert list(numbers.columns) == [0, 1, 2, 3]
    tuples = pd.DataFrame([[1.0], [nan]], columns=pd.MultiIndex.from_tuples([("a", "x")]))
    answer = FillForward(time_since=True).fit_transform(tuples)
    assert list(answer.columns) == [("a", "x"), ("missingindicator_a", "x"), ("timesince_a", "x")]


# --- the time ---------------------------------------------------------------------------------------


def test_time_in_a_unit():
    X = sequences()
    times = [np.cumsum(np.random.RandomState(i).uniform(size=len(x))) for i, x in enumerate(X)]
    timed = [np.insert(x, 1, t, axis=1) for x, t in zip(X, times, strict=True)]
    model = FillForward(time=1, time_since=True).fit(timed)
    frame, codes = interleaved(X)
    frame["t"] = 0.0
    for i, t in enumerate(times):
        frame.loc[codes == i, "t"] = t
    table = FillForward(sequence_id="id", time="t", time_since=True).fit_transform(frame)
    assert list(table.columns[5:]) == [
        f"{what}_{name}" for what in ("missingindicator", "timesince") for name in "abc"
    ]
    by_position = FillForward(sequence_id=1, time=4, time_since=True).fit_transform(frame.to_numpy())
    np.testing.assert_array_equal(by_position, table.to_numpy())
    fill = np.delete(model.fill_values_, 1)
    for i, (x, t, filled) in enumerate(zip(X, times, model.transform(timed), strict=True)):
        np.testing.assert_array_equal(filled[:, 1], t)
        np.testing.assert_allclose(np.delete(filled, 1, axis=1), by_hand(x, fill, t))
        rows = table[codes == i].drop(columns=["id", "t"]).to_numpy()
        np.testing.assert_allclose(rows, by_hand(x, fill, t))


# --- what is refused --------------------------------------------------------------------------------

FRAME = pd.DataFrame({"a": [1.0, nan], "id": ["u", "v"], "t": [0.0, 1.0]})
REFUSED = {
    "infinity": ({}, [[1.0], [np.inf]], "contains infinity: row 1, column 0"),
    "infinity in a sequence": (
        {}, [np.ones((2, 1)), np.array([[1.0], [-np.inf]])],
        "contains infinity: sequence 1, step 1, feature 0",
    ),
    "infinity in a frame": (
        {"sequence_id": "id"}, FRAME.assign(t=[np.inf, 0]), "infinity: row 0, column 't'",
    ),
    "text": ({}, FRAME, "text in column 'id'"),
    "dates": ({}, FRAME.assign(id=pd.to_datetime(["2020", "2021"])), "dates or times in column 'id'"),
    "no such id": ({"sequence_id": "sid"}, FRAME, "sequence_id='sid' is not a column of X"),
    "no such time": (
        {"sequence_id": "id", "time": "x"}, FRAME, "time='x' is not a column of X",
    ),
    "no id": ({"sequence_id": "id"}, FRAME.assign(id=["u", None]), "sequence_id in row 1 of X is"),
    "id is time": ({"sequence_id": "id", "time": 1}, FRAME, "are the same column"),
    "id of sequences": ({"sequence_id": 0}, [np.ones((2, 2))], "which are told apart already"),
    "id of an array": ({"sequence_id": 0}, np.ones((2, 2, 2)), "which are told apart already"),
    "no time": ({"time": 1}, [[1.0, 1.0], [1.0, nan]], "time is missing: row 1, column 1"),
    "time falls": (
        {"time": 0}, [np.array([[1.0, 1.0], [0.5, 1.0]])], "falls within a sequence: sequence 0, step 1",
    ),
    "a series": ({}, np.ones(3), r"^X is 1-D \(Expected 2D array"),
    "strings": ({}, ["ab", "c"], "Row 0 of X is 'ab', and no row of a table"),
    "unequal rows": ({}, [np.ones(3), np.ones(2)], "Row 1 of X has 2 columns, but row 0 has 3"),
    "4-D": ({}, np.ones((2, 2, 2, 2)), "X is 4-D"),
    "empty": ({}, [], r"0 sample\(s\)"),
    "an empty sequence": ({}, [np.ones((2, 1)), np.ones((0, 1))], "Sequence 1 of X has no time steps"),
    "other features": ({}, [np.ones((2, 1)), np.ones((2, 2))], "Sequence 1 of X has 2 features"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    params, X, match = REFUSED[case]
    model = FillForward(**params)
    with pytest.raises(ValueError, match=match) as caught:
        model.fit(X)
    assert len(str(caught.value)) <= 600
    assert not hasattr(model, "fill_values_")


@pytest.mark.parametrize(
    ("name", "value"),
    [("fill_value", "median"), ("fill_value", nan), ("fill_value", np.inf), ("add_indicator", "x"),
     ("time_since", None), ("sequence_id", 1.5), ("time", [0])],
)  # fmt: skip
def test_parameters_out_of_range(name, value):
    fitted = FillForward(time_since=True).fit([[1.0]])
    for call in (
        clone(fitted).set_params(**{name: value}).fit,
        fitted.set_params(**{name: value}).transform,
    ):
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of FillForward"):
            call([[1.0]])


def test_other_columns_than_in_fit():
    model = FillForward(time_since=True).fit([np.ones((2, 3))])
    with pytest.raises(ValueError, match="X has 2 features, but FillForward is expecting 3"):
        model.transform([np.ones((2, 2))])
    named = FillForward(sequence_id="id", time_since=True).fit(FRAME)
    with pytest.raises(ValueError, match="feature names should match"):
        named.transform(FRAME.rename(columns={"a": "b"}))


# --- in scikit-learn's tools ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks([FillForward(), FillForward(add_indicator=False, time_since=False)])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_clone_pickle_tags_and_pages():
    X = sequences()
    model = FillForward(fill_value=1.0)
    with pytest.raises(NotFittedError, match="This FillForward instance is not fitted yet"):
        model.transform(X)
    fitted = clone(model).fit(X)
    loaded = pickle.loads(pickle.dumps(fitted))
    for a, b in zip(fitted.transform(X), loaded.transform(X), strict=True):
        np.testing.assert_array_equal(a, b)
    assert repr(clone(fitted)) == repr(model) == "FillForward(fill_value=1.0)"
    assert "generated/skrnn.preprocessing.FillForward.html" in fitted._repr_html_()
    tags = get_tags(model).input_tags
    assert tags.allow_nan
    assert tags.two_d_array
    assert tags.three_d_array


def test_output_is_what_x_is():
    X = sequences()
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(FillForward(time_since=True).fit_transform(X)[0], np.ndarray)
    pipeline = make_pipeline(FillForward(), TimeDistributed(StandardScaler())).set_output(
        transform="pandas"
    )
    assert isinstance(pipeline.fit_transform(X)[0], np.ndarray)


def labelled(n=12, seed=0):
    X = sequences(lengths=np.random.RandomState(seed).randint(3, 9, size=n), seed=seed)
    return X, np.arange(n) % 2


@unconverged
@pytest.mark.parametrize("container", ["list", "array", "frames"])
def test_a_pipeline_with_missing_values(container):
    X, y = labelled()
    if container == "array":
        X = np.stack([x[:3] for x in X])
    if container == "frames":
        X = [pd.DataFrame(x, columns=list("abc")) for x in X]
    scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    assert any(np.isnan(x).any() for x in scaled)
    model = make_pipeline(
        TimeDistributed(StandardScaler()), FillForward(time_since=True), skrnn.LSTMClassifier(**SMALL)
    ).fit(X, y)
    assert model.predict(X).shape == (12,)
    by_hand_ = [by_hand(np.asarray(x), np.zeros(3)) for x in scaled]
    alone = skrnn.LSTMClassifier(**SMALL).fit(by_hand_, y)
    np.testing.assert_allclose(model.predict_proba(X), alone.predict_proba(by_hand_), rtol=1e-6)
    grid = {"fillforward__time_since": [True, False, "bounded"], "fillforward__fill_value": ["mean", 0.0]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@unconverged
@pytest.mark.parametrize("time_since", [True, False, "bounded"])
def test_sequences_that_begin_without_values_are_not_padded(time_since):
    X = np.random.RandomState(0).normal(size=(60, 20, 1))
    X[np.random.RandomState(1).uniform(size=X.shape) < 0.8] = nan
    filled = FillForward(time_since=time_since).fit_transform(X)
    skrnn.GRUClassifier(**SMALL).fit(filled, np.arange(60) % 2)  # warnings are errors
    padded = np.random.RandomState(0).normal(size=(60, 20, 1))
    for i, x in enumerate(padded):
        x[: i % 7] = nan  # only there
    with pytest.warns(UserWarning, match="X looks padded"):
        skrnn.GRUClassifier(**SMALL).fit(
            FillForward(time_since=time_since).fit_transform(padded), np.arange(60) % 2
        )


@unconverged
def test_a_pipeline_of_a_table():
    frame, _ = interleaved(sequences(lengths=(9, 9, 9, 9)))
    target = np.random.RandomState(1).normal(size=len(frame))
    scaler = ColumnTransformer(
        [("scale", StandardScaler(), ["a", "b", "c"])], remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")  # fmt: skip
    fill = FillForward(sequence_id="id", time_since=True)
    rnn = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id")
    model = Pipeline([("scale", scaler), ("fill", fill), ("rnn", rnn)]).fit(frame, target)
    assert model[-1].n_features_in_ == 10
    assert np.isfinite(model.predict(frame)).all()
    windows = make_pipeline(scaler, fill, SlidingWindow(2, sequence_id="id"), skrnn.GRURegressor(**SMALL))
    scores = cross_val_score(windows, frame, target, cv=TimeSeriesSplit(2), error_score="raise")
    assert scores.shape == (2,)


def test_the_estimators_name_it():
    X, y = labelled()
    with pytest.raises(ValueError, match=r"contains NaN: .*skrnn\.preprocessing\.FillForward"):
        skrnn.LSTMClassifier(**SMALL).fit(X, y)
    frames = [pd.DataFrame({"a": pd.Series([pd.NA, 1.0], dtype=object)})] * 4
    with pytest.raises(ValueError, match=r"missing values .*skrnn\.preprocessing\.FillForward"):
        skrnn.LSTMClassifier(**SMALL).fit(frames, y[:4])
