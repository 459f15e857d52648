"""y of lengths of its own, weights of its steps, and how many steps are asked for."""

import numpy as np
import pandas as pd
import pytest

from skrnn._engine.storage import Sequences
from skrnn._reading.reader import TRAINING
from skrnn._reading.target_sequences import (
    read_horizon,
    read_pair_weights,
    read_target_sequences,
    text_in,
)

NAMES = TRAINING._replace(model="GRUEncoderDecoderRegressor")
X = Sequences(np.zeros((3, 4, 2)))
FLAT = np.arange(12.0).reshape(6, 2)
ITEMS = np.split(FLAT, [1, 4])


def read(y):
    return read_target_sequences(y, X, NAMES)


FORMS = {
    "list": (ITEMS, [1, 3, 2], FLAT, False),
    "object array": (pd.Series(ITEMS).to_numpy(), [1, 3, 2], FLAT, False),
    "lists": ([one.tolist() for one in ITEMS], [1, 3, 2], FLAT, False),
    "one output": ([one[:, :1] for one in ITEMS], [1, 3, 2], FLAT[:, :1], False),
    "numbers": ([one[:, 0] for one in ITEMS], [1, 3, 2], FLAT[:, :1], True),
    "3-D": (FLAT.reshape(3, 2, 2), [2, 2, 2], FLAT, False),
    "2-D": (FLAT.reshape(3, 4), [4, 4, 4], FLAT.reshape(12, 1), True),
    "frame": (pd.DataFrame(FLAT.reshape(3, 4)), [4, 4, 4], FLAT.reshape(12, 1), True),
    "ints": (FLAT.reshape(3, 4).astype(int), [4, 4, 4], FLAT.reshape(12, 1), True),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form):
    y, lengths, flat, is_1d = FORMS[form]
    found, found_1d = read(y)
    assert found.lengths.tolist() == lengths
    np.testing.assert_array_equal(found.flat(), flat)
    assert found_1d == is_1d


def with_(i, item):
    return [item if k == i else one for k, one in enumerate(ITEMS)]


BAD = {
    "1-D": (np.arange(3.0), r"y has shape \(3,\), but GRUEncoderDecoderRegressor .* use GRURegressor"),
    "numbers": ([1.0, 2.0, 3.0], r"y has shape \(3,\)"),
    "4-D": (np.zeros((3, 2, 2, 1)), r"y has shape \(3, 2, 2, 1\).* list of arrays"),
    "deep": (with_(1, np.zeros((2, 2, 2))), r"y\[1\] has shape \(2, 2, 2\)"),
    "no steps": (with_(2, np.empty((0, 2))), r"Sequence 2 of y has no time steps"),
    "no outputs": (np.empty((3, 2, 0)), r"Sequence 0 of y has no time steps \(shape=\(2, 0\)\)"),
    "strings": (["ab", "b", "c"], r"y holds strings \('ab'\).* use GRUEncoderDecoder\."),
    "tokens": ([["ab"], ["b"], ["c"]], r"y holds strings \('ab'\).* use GRUEncoderDecoder\."),
    "text": (np.array([["a"], ["b"], ["c"]]), "y holds text in column 0"),
    "fewer": (ITEMS[:2], "X has 3 sequences, y has 2"),
    "outputs": (with_(1, np.zeros((3, 1))), "different numbers of outputs"),
    "NaN": (with_(1, np.full((3, 2), np.nan)), r"y contains NaN: sequence 1, step 0"),
    "infinity": (np.where(np.eye(3, 4), np.inf, 0.0), r"y contains infinity.*: sequence 0, step 0"),
    "dates": (np.full((3, 2), "2020-01-01", dtype="M8[D]"), "y holds dates or times"),
    "nothing": (None, "y must be array-like"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read(case):
    y, message = BAD[case]
    with pytest.raises(ValueError, match=message) as error:
        read(y)
    assert len(str(error.value)) <= 600


Y = Sequences(FLAT, [1, 3, 2])


@pytest.mark.parametrize("form", [list, lambda w: pd.Series(w).to_numpy()], ids=["list", "object array"])
def test_weights_of_steps(form):
    steps = [np.ones(1), np.arange(3.0), np.full(2, 4.0)]
    weight, of_steps = read_pair_weights(form(steps), Y, NAMES)
    assert weight.tolist() == [1, 1, 1]
    assert of_steps.tolist() == [1, 0, 1, 2, 4, 4]
    rectangle = Sequences(FLAT, [2, 2, 2])
    _, of_steps = read_pair_weights(np.arange(6.0).reshape(3, 2), rectangle, NAMES)
    assert of_steps.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("given", [None, [1, 2, 3], np.array([1, 2, 3]), 2.0], ids=str)
def test_weights_of_pairs(given):
    weight, of_steps = read_pair_weights(given, Y, NAMES)
    assert of_steps is None
    np.testing.assert_array_equal(weight, np.broadcast_to(1 if given is None else given, 3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([np.ones(1), np.ones(2), np.ones(2)], r"y\[1\] has 3 time steps, sample_weight\[1\] has shape"),
        (np.ones((3, 2)), r"y\[0\] has 1 time steps, sample_weight\[0\] has shape \(2,\)"),
        (np.ones((3, 1)), r"y\[1\] has 3 time steps, sample_weight\[1\] has shape \(1,\)"),
        ([1, 2], "sample_weight.shape"),
        ([1, -2, 1], "sample_weight has a negative value"),
        ([np.ones(1), np.ones(3), -np.ones(2)], "negative value at sequence 2, step 0"),
        (np.zeros(3), "all are zero"),
    ],
)
def test_bad_weights(given, message):
    with pytest.raises(ValueError, match=message) as error:
        read_pair_weights(given, Y, NAMES)
    assert "return_sequences" not in str(error.value)


def test_horizon():
    assert read_horizon(None, 3, 7).tolist() == [7, 7, 7]
    assert read_horizon(np.int64(2), 3, 7).tolist() == [2, 2, 2]
    assert read_horizon([1, 2, 3], 3, 7).tolist() == [1, 2, 3]
    assert read_horizon(pd.Series([1, 2]), 2, 7).tolist() == [1, 2]


@pytest.mark.parametrize(
    "horizon", [0, -1, 2.0, "2", True, [1, 2], [1, 0, 2], [1.0, 2.0, 3.0], np.ones((3, 1), int)], ids=str
)
def test_bad_horizons(horizon):
    with pytest.raises(ValueError, match="horizon must be an int >= 1"):
        read_horizon(horizon, 3, 7)


def test_text_in():
    assert text_in(["ab", 3]) == text_in([["ab"], 3]) == text_in(np.array(["ab"])) == "ab"
    for X in ([1.0], [[1.0]], [], [[]], {"a": 1}, pd.DataFrame({"a": ["b"]}), np.zeros((2, 2)), 3, None):
        assert text_in(X) is None
