"""SwapTimeAxis: time before features, in every container, and back."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn.preprocessing import SwapTimeAxis


def test_arrays_and_lists():
    X = np.arange(24.0).reshape(2, 3, 4)
    model = SwapTimeAxis()
    found = model.fit_transform(X)
    np.testing.assert_array_equal(found, X.transpose(0, 2, 1))
    assert np.shares_memory(found, X)
    assert model.n_features_in_ == 3
    np.testing.assert_array_equal(model.inverse_transform(found), X)
    ragged = [X[0], X[1][:, :2]]
    objects = np.empty(2, dtype=object)
    objects[:] = ragged
    for passed in (ragged, objects):
        found = model.transform(passed)
        assert type(found) is type(passed)
        for a, b in zip(found, ragged, strict=True):
            np.testing.assert_array_equal(a, b.T)
        for a, b in zip(model.inverse_transform(found), ragged, strict=True):
            np.testing.assert_array_equal(a, b)


def test_missing_values_pass_and_the_type_stays():
    X = np.full((2, 3, 4), np.nan, dtype=np.float32)
    found = SwapTimeAxis().fit_transform(X)
    assert found.dtype == np.float32
    assert np.isnan(found).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_before_an_estimator():
    X = np.random.RandomState(0).normal(size=(12, 2, 6))
    y = np.arange(12) % 2
    small = {"hidden_size": 2, "max_iter": 2, "random_state": 0}
    model = make_pipeline(SwapTimeAxis(), skrnn.GRUClassifier(**small)).fit(X, y)
    by_hand = skrnn.GRUClassifier(**small).fit(X.transpose(0, 2, 1), y)
    np.testing.assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X.transpose(0, 2, 1)))


def test_what_is_refused():
    model = SwapTimeAxis().fit(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"X has 4 features.*SwapTimeAxis is expecting 3"):
        model.transform(np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match="X has 4 features"):
        model.inverse_transform(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"different numbers of features: 2, 3\. .*first axis"):
        model.transform([np.zeros((3, 4)), np.zeros((2, 4))])
    for X in (np.zeros((2, 3)), [], [np.zeros(3)]):
        with pytest.raises(ValueError, match="X holds no sequences"):
            SwapTimeAxis().fit(X)
    with pytest.raises(TypeError, match="Sparse X"):
        SwapTimeAxis().fit(sparse.csr_array(np.ones((2, 2))))
