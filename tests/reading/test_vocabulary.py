"""Numbers that are measured are no tokens: an encoder-decoder says so, and what it is for."""

import enum
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from support.arrays import object_array

import skrnn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = [skrnn.RNNEncoderDecoder, skrnn.LSTMEncoderDecoder, skrnn.GRUEncoderDecoder]
SMALL = {"hidden_size": 2, "max_iter": 1, "random_state": 0}
X = [[1, 2, 3, 3], [4, 1, 1, 2], [2, 2, 2, 4]]
NOISE = np.random.RandomState(0).normal(size=(3, 4))

FORMS = {
    "array": lambda a: a,
    "float32": lambda a: a.astype(np.float32),
    "list of arrays": list,
    "ragged": lambda a: [row[: k + 1] for k, row in enumerate(a)],
    "lists": lambda a: a.tolist(),
    "lists of NumPy's numbers": lambda a: [list(row) for row in a],
    "tuples": lambda a: [tuple(row) for row in a],
    "object array": lambda a: object_array(list(a)),
    "object array of lists": lambda a: object_array(a.tolist()),
    "arrays of objects": lambda a: a.astype(object),
    "Series": lambda a: pd.Series(a.tolist()),
    "Series of arrays": lambda a: pd.Series(list(a)),
    "object Series of polars": lambda a: pl.Series(a.tolist(), dtype=pl.Object),
    "vectors": lambda a: [[tuple(row), tuple(row)] for row in a],
    "lists of vectors": lambda a: [[row.tolist(), row.tolist()] for row in a],
    "3-D": lambda a: np.stack([a, a], axis=2),
    "a single fraction": lambda a: [[1, 2, 0.5, 2], *X[1:]],
    "decimals": lambda a: [[Decimal("1.5"), Decimal(2)], *X[1:]],
    "fractions": lambda a: [[Fraction(1, 3)], *X[1:]],
    "missing": lambda a: np.where(np.eye(3, 4), np.nan, 1.0),
    "infinite": lambda a: [[np.inf, 1.0], *X[1:]],
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))


def raises(name):
    for_numbers = ".*LSTMEncoderDecoderRegressor.*GRUEncoderDecoderRegressor.*RNNEncoderDecoderRegressor"
    return pytest.raises(
        ValueError, match=rf"^{name} holds numbers that are not whole \({for_numbers}.*GRURegressor"
    )


@forms
@pytest.mark.parametrize("name", ["X", "y", "X_val", "y_val"])
def test_in_fit(form, name):
    data = {"X": X, "y": X, "X_val": X, "y_val": X, name: form(NOISE)}
    model = skrnn.GRUEncoderDecoder(**SMALL, early_stopping="val" in name)
    if "val" not in name:
        del data["X_val"], data["y_val"]
    with raises(name) as error:
        model.fit(data.pop("X"), data.pop("y"), **data)
    assert len(str(error.value)) <= 600
    assert not hasattr(model, "n_iter_")


@forms
def test_in_what_comes_after_fit(form):
    model = skrnn.LSTMEncoderDecoder(**SMALL).fit(X, X)
    before = pickle.dumps(vars(model))
    with raises("X"):
        model.predict(form(NOISE))
    with raises("X"):
        model.score(form(NOISE), X)
    with raises("y"):
        model.score(X, form(NOISE))
    with raises("X"):
        model.set_params(warm_start=True).fit(form(NOISE), X)
    model.set_params(warm_start=False)
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("cls", CLASSES)
def test_every_cell(cls):
    with raises("X"):
        cls(**SMALL).fit(NOISE, X)


RIGHT = {
    "whole floats": np.array(X, dtype=float),
    "among other tokens": [["a", 0.5], ["b", 1.5], [0.25]],
    "bool": [[True, False], [True], [False]],
    "unsigned": np.array(X, dtype=np.uint8),
    "strings of numbers": [[str(v) for v in row] for row in NOISE],
    "pairs of ints": [[(1, 2), (3, 4)], [(1, 2)], [(3, 4)]],
    "dates": [list(pd.date_range("2020", periods=3)), ["a"], ["b"]],
    "complex": [[1j, 2.0 + 1j], [1j], [2j]],
}


@pytest.mark.parametrize("data", RIGHT.values(), ids=list(RIGHT))
def test_symbols_stay_what_they_are(data):
    model = skrnn.GRUEncoderDecoder(**SMALL).fit(data, data)
    assert len(model.predict(data)) == 3
    assert 0 <= model.score(data, data) <= 1
    model.set_params(warm_start=True).fit(data, data)


def test_a_known_fraction_may_stand_alone():
    data = RIGHT["among other tokens"]
    model = skrnn.GRUEncoderDecoder(**SMALL).fit(data, data)
    model.predict([[0.25]])
    assert model.score([["a"]], [[0.5]]) in (0, 1)
    with raises("X"):
        model.predict([[0.25], [0.26]])
    with raises("y"):
        model.score([["a"]], [[0.51]])
    model.set_params(warm_start=True).fit([[0.25], [0.5]], [[0.5], [0.25]])


def test_whole_floats_are_the_same_tokens_as_ints():
    a, b = (skrnn.GRUEncoderDecoder(**SMALL).fit(data, X) for data in (X, np.array(X, dtype=float)))
    assert a.source_vocabulary_ == b.source_vocabulary_
    assert a.predict(X) == b.predict(X)


# --- TokenEncoder ---------------------------------------------------------------------------------

NO_LISTS = "array", "float32", "3-D", "arrays of objects", "lists of vectors", "missing"
LISTS = {name: form for name, form in FORMS.items() if name not in NO_LISTS}
ENCODER = r"^X holds numbers that are not whole \(.*TokenEncoder would take each"


@pytest.mark.parametrize("form", LISTS.values(), ids=list(LISTS))
@pytest.mark.parametrize("analyzer", ["char", "word"])
def test_an_encoder_of_tokens_says_the_same(form, analyzer):
    with pytest.raises(ValueError, match=ENCODER) as error:
        skrnn.TokenEncoder(analyzer).fit(form(NOISE))
    assert len(str(error.value)) <= 600
    encoder = skrnn.TokenEncoder(analyzer).fit(X)
    with pytest.raises(ValueError, match=ENCODER):
        encoder.transform(form(NOISE))


@pytest.mark.parametrize("data", RIGHT.values(), ids=list(RIGHT))
def test_an_encoder_of_symbols_goes_on(data):
    data = list(data)
    encoder = skrnn.TokenEncoder().fit(data)
    assert len(encoder.transform(data)) == 3
    skrnn.TokenEncoder(list).fit(list(NOISE))  # one's own analyzer knows what it does


def test_an_encoder_with_fractions_among_its_tokens_has_unknown_ones():
    encoder = skrnn.TokenEncoder().fit(RIGHT["among other tokens"])
    assert encoder.transform([[0.26]])[0].tolist() == [0]


class Bare:
    """Equal to nothing but itself."""


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("token", [object(), Bare()], ids=["object", "of one's own"])
def test_a_token_that_no_copy_is_equal_to(token):
    """A model with such a token answered otherwise once it had been pickled."""
    model = skrnn.GRUEncoderDecoder(random_state=0)
    for X, y, name in (
        ([["a", token], ["b"]], ["x", "y"], "X"),
        (["x", "y"], [["a", token], ["b"]], "y"),
    ):
        with pytest.raises(TypeError, match=f"{name} has .* as a token, equal to nothing but itself"):
            model.fit(X, y)
    with pytest.raises(TypeError, match=r"X has .* as a token, equal to nothing but itself"):
        skrnn.TokenEncoder().fit([["a", token], ["b"]])


@pytest.mark.parametrize("token", [None, Colour.RED, int, len, ..., ("a", 1), frozenset("b")], ids=str)
def test_tokens_that_copies_are_equal_to(token):
    encoder = skrnn.TokenEncoder().fit([[token, "a"], ["a"]])
    again = pickle.loads(pickle.dumps(encoder))
    assert again.transform([[token]])[0].tolist() == encoder.transform([[token]])[0].tolist() == [2]
