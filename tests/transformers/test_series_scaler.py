"""SeriesScaler: every series as a StandardScaler of its own, and targets with it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

import skrnn
from skrnn.preprocessing import SeriesScaler

LENGTHS = (6, 4, 9)
IDS = np.array(["u", "v", "w"])
METHODS = {
    "standard": StandardScaler(), "robust": RobustScaler(), "mean": None,
}  # fmt: skip
methods = pytest.mark.parametrize("method", METHODS)


def sequences(dtype=np.float64, F=2):
    """Of scales that lie far apart."""
    rng = np.random.RandomState(0)
    scales = [1, 1e4, 1e-3]
    return [
        (s * rng.normal(3, 1, size=(T, F))).astype(dtype) for s, T in zip(scales, LENGTHS, strict=True)
    ]


def interleaved(X, seed=0):
    """A frame with a column of ids in the middle, and the number of the series of each row."""
    codes = np.random.RandomState(seed).permutation(np.repeat(np.arange(len(X)), list(map(len, X))))
    rows = np.empty((len(codes), X[0].shape[1]), dtype=X[0].dtype)
    for i, x in enumerate(X):
        rows[codes == i] = x
    frame = pd.DataFrame(rows, columns=list("ab"))
    frame.insert(1, "id", IDS[codes])
    return frame, codes


def by_hand(x, method):
    if method == "mean":
        return x / np.abs(x).mean(axis=0)
    return clone(METHODS[method]).fit_transform(x)


@methods
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sequences_are_scaled_one_by_one(method, dtype):
    X = sequences(dtype)
    model = SeriesScaler(method=method).fit(X[:1])
    found = model.transform(X)  # by their own statistics, those that fit has not seen too
    tol = 1e-12 if dtype == np.float64 else 1e-4
    for x, z, back in zip(X, found, model.inverse_transform(found, X), strict=True):
        np.testing.assert_allclose(z, by_hand(x.astype(float), method), rtol=tol, atol=tol)
        assert z.dtype == dtype
        np.testing.assert_allclose(back, x, rtol=tol)


@methods
@pytest.mark.parametrize("kind", ["pandas", "pandas by position", "polars", "objects", "numbers", "rows"])
def test_tables_are_scaled_by_id(method, kind):
    X = sequences()
    frame, codes = interleaved(X)
    table = {
        "pandas": lambda: frame, "pandas by position": lambda: frame, "objects": frame.to_numpy,
        "numbers": lambda: frame.assign(id=codes).to_numpy(dtype=float),
        "rows": lambda: frame.to_numpy().tolist(),
        "polars": lambda: pytest.importorskip("polars").DataFrame(frame.to_dict("list")),
    }[kind]()  # fmt: skip
    column = "id" if kind in ("pandas", "polars") else 1
    model = SeriesScaler(sequence_id=column, method=method)
    found = model.fit_transform(table)
    back = model.inverse_transform(found)
    if hasattr(table, "columns"):
        assert type(found) is type(table)
        assert list(found.columns) == ["a", "id", "b"]
        assert list(found["id"]) == list(frame["id"])
    for answer, expected in ((found, [by_hand(x, method) for x in X]), (back, X)):
        values = np.asarray(answer, dtype=object)[:, [0, 2]].astype(float)
        for i, x in enumerate(expected):
            np.testing.assert_allclose(values[codes == i], x, rtol=1e-9, atol=1e-9)


def test_later_rows_are_scaled_by_the_statistics_of_fit():
    frame, codes = interleaved(sequences())
    model = SeriesScaler(sequence_id="id").fit(frame)
    one = model.transform(frame)[codes == 1]
    pd.testing.assert_frame_equal(model.transform(frame[codes == 1]), one)
    pd.testing.assert_frame_equal(model.transform(frame[codes == 1].iloc[:2]), one.iloc[:2])
    assert sorted(model.sequence_ids_) == list(IDS)
    assert model.center_.shape == model.scale_.shape == (3, 2)


def test_new_series():
    frame, codes = interleaved(sequences())
    model = SeriesScaler(sequence_id="id").fit(frame[codes != 1])
    with pytest.raises(ValueError, match=r"X has 1 series that were not there in fit: 'v'.*unseen"):
        model.transform(frame)
    model = SeriesScaler(sequence_id="id", unseen="own", target="b").fit(frame[codes != 1])
    whole = SeriesScaler(sequence_id="id", target="b").fit(frame)
    found = model.transform(frame)
    pd.testing.assert_frame_equal(found, whole.transform(frame))
    pd.testing.assert_frame_equal(
        model.inverse_transform(found, frame.iloc[::-1]), whole.inverse_transform(found)
    )
    y = np.arange(len(frame))
    np.testing.assert_allclose(model.inverse_targets(y, frame), whole.inverse_targets(y, frame))
    with pytest.raises(ValueError, match="original has no rows of the series 'v'"):
        model.inverse_transform(found, frame[codes != 1])


def test_targets_of_tables():
    X = sequences()
    frame, _codes = interleaved(X)
    y = frame["b"].to_numpy() * 2 + 1
    of_column = SeriesScaler(sequence_id="id", target="b").fit(frame, y)
    own = SeriesScaler(sequence_id="id").fit(frame, y)
    assert of_column.target_center_ is None
    assert own.target_center_.shape == (3, 1)
    scaled = own.transform_targets(y, frame)
    np.testing.assert_allclose(scaled, of_column.transform(frame)["b"])  # a line has no say
    for model in (own, of_column):
        for shape in ((-1,), (-1, 1)):
            again = model.inverse_targets(model.transform_targets(y.reshape(shape), frame), frame)
            np.testing.assert_allclose(again, y.reshape(shape))
    several = SeriesScaler(sequence_id="id").fit(frame, np.column_stack([y, -y]))
    np.testing.assert_allclose(
        several.transform_targets(np.column_stack([y, -y]), frame), np.column_stack([scaled, -scaled])
    )
    with pytest.raises(ValueError, match=r"X has 2 features.* not known.*set target.*or fit with y"):
        SeriesScaler(sequence_id="id").fit(frame).inverse_targets(y, frame)
    with pytest.raises(ValueError, match=r"y has the shape \(3,\), but X has 19 rows"):
        own.inverse_targets(y[:3], frame)
    alone = SeriesScaler(sequence_id="id").fit(frame[["a", "id"]])
    assert alone.inverse_targets(y, frame[["a", "id"]]).shape == y.shape


def test_targets_of_sequences():
    X = sequences()
    model = SeriesScaler(target=1).fit(X)
    centers = np.array([x[:, 1].mean() for x in X])
    scales = np.array([x[:, 1].std() for x in X])
    found = model.transform_targets(np.ones(3), X)
    np.testing.assert_allclose(found, (1 - centers) / scales)
    np.testing.assert_allclose(model.inverse_targets(found, X), np.ones(3))
    np.testing.assert_allclose(
        model.inverse_targets(np.ones((3, 2)), X), np.repeat((scales + centers)[:, None], 2, axis=1)
    )
    steps = [x[:, 1] for x in X]
    of_list = model.transform_targets(steps, X)
    assert isinstance(of_list, list)
    for z, x in zip(of_list, model.transform(X), strict=True):
        np.testing.assert_allclose(z, x[:, 1])
    objects = np.empty(3, dtype=object)
    objects[:] = of_list
    again = model.inverse_targets(objects, X)
    assert again.dtype == object
    for z, x in zip(again, steps, strict=True):
        np.testing.assert_allclose(z, x)
    with pytest.raises(ValueError, match="y has 2 entries, but X has 3 sequences"):
        model.inverse_targets(np.ones(2), X)
    with pytest.raises(ValueError, match=r"set target, the name or position of that column\.$"):
        SeriesScaler().fit(X).inverse_targets(np.ones(3), X)


@methods
def test_missing_values_do_not_count_and_constants_stay(method):
    X = sequences()
    X[0][1] = np.nan
    found = SeriesScaler(method=method).fit_transform(X)
    seen = ~np.isnan(X[0][:, 0])
    assert np.isnan(found[0][1]).all()
    np.testing.assert_allclose(found[0][seen], by_hand(X[0][seen], method))
    constant = SeriesScaler(method=method).fit_transform([np.full((4, 1), 0.1), np.full((3, 1), np.nan)])
    expected = 1.0 if method == "mean" else 0.0
    np.testing.assert_allclose(constant[0], expected, atol=1e-15)
    assert np.isnan(constant[1]).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_in_a_pipeline_with_labels():
    X = sequences()
    model = make_pipeline(SeriesScaler(), skrnn.GRUClassifier(hidden_size=2, max_iter=2, random_state=0))
    assert model.fit(X, ["a", "b", "a"]).predict(X).shape == (3,)
    frame, _ = interleaved(X)
    regressor = skrnn.GRURegressor(
        hidden_size=2, max_iter=2, rows="steps", sequence_id="id", random_state=0
    )
    model = make_pipeline(SeriesScaler(sequence_id="id"), regressor).set_output(transform="pandas")
    assert model.fit(frame, frame["a"]).predict(frame).shape == (19,)


def test_what_is_refused():
    X = sequences()
    frame, _ = interleaved(X)
    with pytest.raises(ValueError, match="pass the sequences as they were"):
        SeriesScaler().fit(X).inverse_transform(X)
    with pytest.raises(ValueError, match="original holds 2 sequences, but X holds 3"):
        SeriesScaler().fit(X).inverse_transform(X, X[:2])
    with pytest.raises(ValueError, match="X is sequences, but SeriesScaler was fitted on a table"):
        SeriesScaler().fit(X[0]).transform(X)
    with pytest.raises(ValueError, match="X is a table, but SeriesScaler was fitted on sequences"):
        SeriesScaler().fit(X).transform(X[0])
    with pytest.raises(ValueError, match="told apart already: leave sequence_id=None"):
        SeriesScaler(sequence_id=0).fit(X)
    with pytest.raises(ValueError, match="target='id' and sequence_id='id' are the same column"):
        SeriesScaler(sequence_id="id", target="id").fit(frame)
    with pytest.raises(ValueError, match="target='z' is not a column of X"):
        SeriesScaler(sequence_id="id", target="z").fit(frame)
    X[1][2, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity: sequence 1, step 2, feature 1"):
        SeriesScaler().fit(X)
    for parameter in ("method", "unseen"):
        with pytest.raises(InvalidParameterError, match=f"'{parameter}' parameter of SeriesScaler"):
            SeriesScaler(**{parameter: "x"}).fit(X)
    for method in ("transform", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(SeriesScaler(), method)(X)


def test_pickles():
    frame, _ = interleaved(sequences())
    model = SeriesScaler(sequence_id="id").fit(frame, frame["a"])
    loaded = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(loaded.transform(frame), model.transform(frame))


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks([SeriesScaler(), SeriesScaler(method="robust"), SeriesScaler(method="mean")])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("method", ["standard", "robust", "mean"])
@pytest.mark.parametrize("size", [1e-310, 1e-300, 1e-160, 1e160, 1e300])
def test_values_whose_squares_are_no_numbers(method, size):
    """Neither overflow nor taken for a constant: what is near 1, in another unit."""
    x = np.array([[1.0], [2.0], [5.0], [3.0]])
    unit = 2.0 ** np.round(np.log2(size))
    expected = SeriesScaler(method=method).fit_transform([x])[0]
    scaled = SeriesScaler(method=method).fit_transform([x * unit])[0]
    np.testing.assert_allclose(scaled, expected, rtol=1e-6 if size < 1e-307 else 1e-15)
