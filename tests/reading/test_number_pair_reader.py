"""Pairs of numbers: what is read, what is not, and what is warned of."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import skrnn

CELLS = ["RNN", "LSTM", "GRU"]
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
N = 8


def model(cell="GRU", **params):
    return getattr(skrnn, f"{cell}EncoderDecoderRegressor")(**SMALL | params)


def data():
    rng = np.random.RandomState(0)
    X = [rng.normal(size=(T, 2)) for T in (3, 2, 4, 1, 5, 3, 2, 2)]
    return X, [rng.normal(size=T) for T in (2, 4, 1, 2, 3, 2, 1, 3)]


def ids_of_tokens():
    return skrnn.TokenEncoder().fit_transform(["abba", "b"] * 4)


BAD = {
    "strings": (lambda X, y: (["ab"] * N, y), ValueError, "X holds strings.* use GRUEncoderDecoder."),
    "tokens": (lambda X, y: ([["ab"]] * N, y), ValueError, "X holds strings.* use GRUEncoderDecoder."),
    "ids": (lambda X, y: (ids_of_tokens(), y), ValueError, "ids of a TokenEncoder"),
    "one series": (lambda X, y: (np.arange(8.0), y), ValueError, "X is a single series of 8 numbers"),
    "one list": (lambda X, y: ([1.0, 2.0], y), ValueError, "X is a single series of 2 numbers"),
    "no y": (lambda X, y: (X, None), ValueError, "requires y to be passed"),
    "one y each": (lambda X, y: (X, np.arange(8.0)), ValueError, "use GRURegressor"),
    "texts as y": (lambda X, y: (X, ["ab"] * N), ValueError, "y holds strings"),
    "fewer": (lambda X, y: (X, y[1:]), ValueError, "X has 8 sequences, y has 7"),
    "features": (lambda X, y: ([X[0][:, :1], *X[1:]], y), ValueError, "Sequence 1 of X has 2 features"),
    "no steps": (lambda X, y: ([X[0][:0], *X[1:]], y), ValueError, "Sequence 0 of X has no time steps"),
    "NaN": (lambda X, y: ([X[0] * np.nan, *X[1:]], y), ValueError, "X contains NaN: sequence 0, step 0"),
    "NaN in y": (lambda X, y: (X, [*y[:2], y[2] * np.nan, *y[3:]]), ValueError, "y contains NaN: seq"),
    "nothing": (lambda X, y: ([], []), ValueError, "0 sample"),
    "sparse": (lambda X, y: (sparse.csr_array(np.ones((8, 2))), y), TypeError, "Sparse X"),
    "sparse y": (lambda X, y: (X, sparse.csr_array(np.ones((8, 2)))), TypeError, "Sparse y"),
    "masked": (lambda X, y: (np.ma.masked_array(np.ones((8, 2, 2))), y), TypeError, "masked array"),
    "a generator": (lambda X, y: (iter(X), y), ValueError, "can be read only once"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_raises_and_changes_nothing(case):
    make, error, message = BAD[case]
    fitted = model(warm_start=True).fit(*data())
    before = pickle.dumps(vars(fitted))
    for call in (fitted.fit, fitted.partial_fit):
        with pytest.raises(error, match=message) as said:
            call(*make(*data()))
        assert len(str(said.value)) <= 600
    assert pickle.dumps(vars(fitted)) == before
    new = model()
    with pytest.raises(error, match=message):
        new.fit(*make(*data()))
    assert not [name for name in vars(new) if name.startswith("_") or name.endswith("_")]


@pytest.mark.parametrize("case", [case for case in BAD if BAD[case][2] != "requires y to be passed"])
def test_bad_validation_data_are_named(case):
    make, error, message = BAD[case]
    X_val, y_val = make(*data())
    with pytest.raises(error, match=re.sub(r"\b([Xy])\b", r"\1_val", message)):
        model(early_stopping=True).fit(*data(), X_val=X_val, y_val=y_val)


@pytest.mark.parametrize("cell", CELLS)
def test_errors_name_the_class_of_the_same_cell(cell):
    X, y = data()
    with pytest.raises(ValueError, match=f"{cell}EncoderDecoderRegressor .* use {cell}EncoderDecoder."):
        model(cell).fit(["ab"] * N, y)
    with pytest.raises(ValueError, match=f"{cell}EncoderDecoderRegressor .* use {cell}Regressor."):
        model(cell).fit(X, np.arange(8.0))


def test_what_does_not_go_with_the_first_fit():
    X, y = data()
    fitted = model(warm_start=True).fit(X, y)
    with pytest.raises(
        ValueError, match="y has 2 outputs, but GRUEncoderDecoderRegressor was fitted on 1"
    ):
        fitted.fit(X, [np.stack([v, v], axis=1) for v in y])
    with pytest.raises(ValueError, match="X has 1 features"):
        fitted.fit([x[:, :1] for x in X], y)
    with pytest.raises(ValueError, match="fitted on sequences, but X is now 2-D"):
        fitted.predict(np.zeros((4, 2)))
    table = model().fit(np.zeros((8, 5)), y)
    with pytest.raises(ValueError, match="X has 4 features"):
        table.predict(np.zeros((8, 4)))


def test_negative_targets_of_poisson():
    X, y = data()
    with pytest.raises(ValueError, match=r"y has a negative value.*sequence \d, step \d"):
        model(loss="poisson").fit(X, y)
    y = [np.abs(v) for v in y]
    with pytest.raises(ValueError, match=r"y_val has a negative value.*sequence 0, step 0"):
        model(loss="poisson").fit(X, y, X_val=X, y_val=[-v for v in y])


def warned(call):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        call()
    return [str(one.message) for one in said]


def test_right_uses_are_quiet():
    X, y = data()
    assert not warned(lambda: model().fit(X, y, X_val=X, y_val=y))
    assert not warned(lambda: model().partial_fit(X, y).partial_fit(X[:1], y[:1]))
    column = [v[:, None] for v in y]
    assert not warned(lambda: model().fit(X, column))
    frames = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    assert not warned(lambda: model().fit(frames, y).predict(frames))


def test_what_is_warned_of():
    X, y = data()
    assert "batch_size=50" in warned(lambda: model(batch_size=50).fit(X, y))[0]
    fitted = model(warm_start=True).fit(X, y)
    assert "y is far from" in warned(lambda: fitted.fit(X, [v + 1e4 for v in y]))[0]
    long = np.zeros((1, 10_001, 1))
    one_pair = model(max_iter=1)
    assert any("10002 steps" in said for said in warned(lambda: one_pair.fit(long, np.zeros((1, 1)))))


def test_ids_that_nothing_is_learned_from():
    rng = np.random.RandomState(0)
    X, y = rng.randint(9, size=(60, 8, 1)), rng.normal(size=(60, 3))
    slow = model(max_iter=25, learning_rate_init=1e-9)
    (said,) = warned(lambda: slow.fit(X, y))
    assert "hardly learned anything" in said
    assert "take the encoder-decoder of tokens" in said
    assert "embedding_size" not in said


def test_padding_is_warned_of():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 12, 1)), rng.normal(size=(60, 12))
    for i in range(60):
        y[i, 3 + i % 8 :] = 0
    assert "y looks padded" in warned(lambda: model().fit(X, y))[0]
    weight = np.ones_like(y)
    for i in range(60):
        weight[i, 3 + i % 8 :] = 0
    assert not warned(lambda: model().fit(X, y, sample_weight=weight))
    assert "X looks padded" in warned(lambda: model().fit(y[:, :, None], X[:, :, 0]))[0]
    slow = np.cumsum(rng.normal(size=(60, 30, 1)), axis=1)
    other = np.ascontiguousarray(slow.transpose(0, 2, 1).repeat(4, axis=1))
    other += 0.1 * rng.normal(size=other.shape) + 10 * rng.normal(size=(60, 4, 1))
    assert "Time is the middle axis" in warned(lambda: model().fit(other, X[:, :, 0]))[0]
