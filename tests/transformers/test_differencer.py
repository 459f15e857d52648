"""Differencer: against differences by hand, and back, also from the end of the rows of fit."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn.preprocessing import Differencer

LENGTHS = (12, 7, 9)
LAGS = [1, 3, (1,), (1, 3), (3, 1), (2, 2), (1, 1, 1)]
lags = pytest.mark.parametrize("lag", LAGS, ids=str)


def sequences(dtype=np.float64):
    rng = np.random.RandomState(0)
    return [rng.normal(size=(T, 2)).cumsum(axis=0).astype(dtype) for T in LENGTHS]


def depth(lag):
    return sum(lag) if isinstance(lag, tuple) else lag


def by_hand(x, lag, fill=0.0):
    found = pd.DataFrame(x)
    for one in lag if isinstance(lag, tuple) else (lag,):
        found = found.diff(one)
    return found.fillna(fill).to_numpy()


@lags
@pytest.mark.parametrize("fill", [0.0, -1.5, np.nan])
def test_lists_and_back(lag, fill):
    X = sequences()
    model = Differencer(lag, fill_value=fill)
    found = model.fit_transform(X)
    S = depth(lag)
    for x, d in zip(X, found, strict=True):
        np.testing.assert_allclose(d, by_hand(x, lag, fill), atol=1e-12)
    back = model.inverse_transform([d[S:] for d in found], [x[:S] for x in X])
    for x, one in zip(X, back, strict=True):
        np.testing.assert_allclose(one, x[S:], atol=1e-9)


@lags
@pytest.mark.parametrize("kind", ["pandas", "polars", "numbers"])
def test_tables_go_on_from_the_rows_of_fit(lag, kind):
    X, ids = sequences(), np.array(["u", "v", "w"])
    rng = np.random.RandomState(0)
    codes = rng.permutation(np.repeat(np.arange(3), LENGTHS))
    rows = np.empty((len(codes), 2))
    for i, x in enumerate(X):
        rows[codes == i] = x
    place = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    later = place >= 5 + (codes == 0)

    def table(which):
        frame = pd.DataFrame(rows, columns=["a", "b"])
        frame.insert(0, "id", ids[codes] if kind != "numbers" else codes)
        frame = frame[which]
        if kind == "polars":
            return pytest.importorskip("polars").DataFrame(frame.to_dict("list"))
        return frame if kind == "pandas" else frame.to_numpy(dtype=float)

    whole, column = table(slice(None)), 0 if kind == "numbers" else "id"
    model = Differencer(lag, sequence_id=column).fit(table(~later))
    found = np.asarray(model.transform(whole), dtype=object)
    for i, x in enumerate(X):
        np.testing.assert_allclose(found[codes == i, 1:].astype(float), by_hand(x, lag), atol=1e-12)
    differences = Differencer(lag, sequence_id=column).fit_transform(whole)
    if kind == "polars":
        differences = differences.filter(later.tolist())
    else:
        differences = differences[later]
    back = model.inverse_transform(differences)
    assert type(back) is type(whole)
    np.testing.assert_allclose(
        np.asarray(back, dtype=object)[:, 1:].astype(float), rows[later], atol=1e-9
    )


def test_one_table_and_its_types():
    X = sequences(np.float32)[0]
    assert Differencer().fit_transform(X).dtype == np.float32
    whole = np.arange(6)[:, None] ** 2
    model = Differencer(fill_value=np.nan).fit(whole)
    found = model.transform(whole)
    assert found.dtype == np.float64
    assert np.isnan(found[0]).all()
    assert model.inverse_transform(found[1:] * 0).ravel().tolist() == [25.0] * 5
    assert [part.tolist() for part in model.history_] == [[[25.0]]]
    three = np.stack([whole, whole + 1]).astype(float)
    assert Differencer().fit_transform(three).shape == (2, 6, 1)


def test_missing_values_make_missing_differences():
    X = sequences()
    X[0][4, 0] = np.nan
    found = Differencer(2).fit_transform(X)
    assert np.argwhere(np.isnan(found[0])).tolist() == [[4, 0], [6, 0]]


def test_what_is_refused():
    X = sequences()
    model = Differencer((1, 3)).fit(X)
    with pytest.raises(ValueError, match=r"history of series 1 has 2 rows, but lag=\(1, 3\) needs 4"):
        model.inverse_transform(X, [X[0], X[1][:2], X[2]])
    with pytest.raises(ValueError, match="no history of series 2, which was not there in fit"):
        Differencer().fit(X[:2]).inverse_transform(X)
    frame = pd.DataFrame({"id": ["u", "v", "u"], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="no history of series 'v'"):
        Differencer(sequence_id="id").fit(frame.iloc[[0, 2]]).inverse_transform(frame)
    with pytest.raises(ValueError, match="The history of the series has 2 rows, but lag=3 needs 3"):
        Differencer(3).fit(X[0][:2]).inverse_transform(X[0])
    X[1][2, 1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity: sequence 1, step 2, feature 1"):
        Differencer().fit(X)
    for lag in ((), (1, 0), (1.5,), ("a",)):
        with pytest.raises(ValueError, match=r"lag=.*pass a positive integer, or a tuple"):
            Differencer(lag).fit(sequences())
    for lag in (0, 1.5, "x", None):
        with pytest.raises(InvalidParameterError, match="'lag' parameter of Differencer"):
            Differencer(lag).fit(sequences())
    with pytest.raises(NotFittedError):
        Differencer().transform(X)


def test_pickles():
    X = sequences()
    model = Differencer((1, 3)).fit(X)
    loaded = pickle.loads(pickle.dumps(model))
    for a, b in zip(model.inverse_transform(X), loaded.inverse_transform(X), strict=True):
        np.testing.assert_array_equal(a, b)


ORDER = "a difference is to a row before"
FAILURES = {
    "check_methods_sample_order_invariance": ORDER,
    "check_methods_subset_invariance": ORDER,
}


@pytest.mark.filterwarnings("ignore")  # the checks fit on purpose what warns
@parametrize_with_checks([Differencer(), Differencer(2)], expected_failed_checks=lambda e: FAILURES)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)
