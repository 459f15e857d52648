"""Padded arrays to sequences and back: either end, any value, and what is refused."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from skrnn.preprocessing import from_padded, to_padded

LENGTHS = (4, 1, 3)
ends = pytest.mark.parametrize("padding", ["post", "pre"])


def sequences(F=2):
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(T, F)) for T in LENGTHS]
    X[0][1, :] = 0  # a step of zeros inside is none of padding
    return X


def assert_same(found, expected):
    assert isinstance(found, list)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@ends
@pytest.mark.parametrize("value", [0.0, -1, np.nan, np.inf])
@pytest.mark.parametrize("flat", [False, True], ids=["3-D", "2-D"])
def test_there_and_back(padding, value, flat):
    X = [x[:, 0] + 1 for x in sequences()] if flat else sequences()
    padded, lengths = to_padded(X, value, padding=padding)
    assert padded.shape == ((3, 4) if flat else (3, 4, 2))
    assert lengths.tolist() == list(LENGTHS)
    assert_same(from_padded(padded, lengths, padding=padding), X)
    assert_same(from_padded(padded, padding_value=value, padding=padding), X)
    assert np.shares_memory(from_padded(padded, lengths)[0], padded)


def test_dtypes():
    ints = [[1, 2], [3]]
    assert to_padded(ints)[0].dtype == np.int64
    assert to_padded(ints, np.nan)[0].dtype == np.float64
    assert to_padded([np.ones((2, 1), np.float32), np.ones((1, 1), np.float32)])[0].dtype == np.float32
    assert_same(from_padded([[1, 2], [3, 0]], padding_value=0), [[1, 2], [3]])


def test_a_step_is_padding_only_if_all_its_features_are():
    X = np.array([[[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]]])
    assert_same(from_padded(X, padding_value=0), [X[0, :2]])


def test_padding_at_the_other_end_is_told():
    X, _ = to_padded(sequences(), padding="pre")
    with pytest.warns(UserWarning, match="No sequence of X ends with padding_value=0.*padding='pre'"):
        from_padded(X, padding_value=0)
    X, _ = to_padded(sequences())
    with pytest.warns(UserWarning, match="No sequence of X begins with.*padding='post'"):
        from_padded(X, padding_value=0, padding="pre")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_padded(np.ones((2, 3, 1)), padding_value=0)


BAD = {
    "neither": ({}, "Pass one of lengths and padding_value"),
    "both": ({"lengths": [1, 1, 1], "padding_value": 0}, "Pass one of lengths and padding_value"),
    "too long": ({"lengths": [1, 5, 1]}, r"lengths\[1\] is 5, but X has 4 time steps"),
    "empty": ({"lengths": [1, 2, 0]}, r"lengths\[2\] is 0"),
    "no integers": ({"lengths": [1.5, 2, 2]}, r"lengths\[0\] is 1.5"),
    "as in hmmlearn": ({"lengths": [2, 1]}, "add up to the 3 rows.*hmmlearn.*numpy.split"),
    "other number": ({"lengths": [2, 2]}, r"lengths has the shape \(2,\), but X holds 3 sequences"),
    "padding": ({"lengths": [1, 1, 1], "padding": "left"}, "padding='left': pass"),
}


@pytest.mark.parametrize("case", BAD)
def test_parameters_that_are_refused(case):
    parameters, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        from_padded(np.ones((3, 4, 2)), **parameters)


def test_what_is_no_array_of_sequences():
    with pytest.raises(ValueError, match="Sequence 1 of X is all padding"):
        from_padded([[1.0, 0.0], [0.0, 0.0]], padding_value=0)
    for X in (np.ones(3), np.ones((2, 2, 2, 2))):
        with pytest.raises(ValueError, match=r"-D\. Expected an array"):
            from_padded(X, padding_value=0)
    for call in (lambda X: from_padded(X, padding_value=0), to_padded):
        with pytest.raises(TypeError, match="Sparse X"):
            call(sparse.csr_array(np.ones((2, 2))))
    for X in ([np.ones((2, 2)), np.ones((2, 1))], [np.ones((2, 2, 2))], [1.0, 2.0], []):
        with pytest.raises(ValueError, match="X holds no sequences of the same features"):
            to_padded(X)
    with pytest.raises(ValueError, match="padding='left'"):
        to_padded(sequences(), padding="left")
